//! Rows that change together: given up, or in doubt.

use rusqlite::{ToSql, params};

use super::OutboxState;
use crate::{
    score::{calendar::Millis, facts::ConnectionId},
    store::{StoreError, Tx, tally::Group},
};

/// A request that was cut off is in doubt. A start that may be repeated is: a set, or a call, which bears its key.
const DOUBT: &str = "update outbox set changed_at = ?1,
    state = iif(lane = 'start' and write in ('start by tag', 'start by field', 'remove tag', 'call'), 'retry', 'ambiguous')
    where state = 'attempting'";

impl Tx {
    /// Gives up sets that wait for their turn and are not part of this plan (`None`: whatever waits), so that nothing
    /// is sent that the plan does not show. With `doubts`, also what is in doubt.
    pub fn abandon_unplanned(
        &self,
        connection: ConnectionId,
        plan: Option<i64>,
        doubts: bool,
        now: Millis,
    ) -> Result<usize, StoreError> {
        const UNPLANNED: &str = "where connection_id = ?2 and lane = 'set'
            and state in ('planned', 'retry', 'ambiguous') and iif(state = 'ambiguous', ?4, plan_id is not ?3)";
        let params = params![now, connection.0, plan, doubts];
        self.abandon(connection, UNPLANNED, params)
    }

    /// Gives up rows of a connection; the first parameter is the present.
    pub(in crate::store) fn abandon(
        &self,
        connection: ConnectionId,
        which: &'static str,
        params: &[&dyn ToSql],
    ) -> Result<usize, StoreError> {
        let sizes = ["select state, count(*) from outbox ", which, " group by 1"].concat();
        let mut sizes = self.sql.prepare_cached(&sizes)?;
        let mut rows = sizes.query(params)?;
        while let Some(row) = rows.next()? {
            let state = OutboxState::parse(&row.get::<_, String>(0)?)?;
            let number: i64 = row.get(1)?;
            self.count(Group::Outbox(connection, state), -number);
            self.count(Group::Outbox(connection, OutboxState::Abandoned), number);
        }
        let update = [
            "update outbox set state = 'abandoned', detail = 'no longer wanted', changed_at = ?1 ",
            which,
        ];
        Ok(self.sql.prepare_cached(&update.concat())?.execute(params)?)
    }

    /// Requests of a connection that were under way and about which nothing more will be heard are in doubt.
    pub fn doubt_attempts_on(
        &self,
        connection: ConnectionId,
        now: Millis,
    ) -> Result<usize, StoreError> {
        self.doubt(" and connection_id = ?2", params![now, connection.0], now)
    }

    /// On start: requests that were under way when the process ended are in doubt. Returns how many.
    pub fn doubt_attempts(&self, now: Millis) -> Result<usize, StoreError> {
        self.doubt("", params![now], now)
    }

    fn doubt(
        &self,
        which: &'static str,
        params: &[&dyn ToSql],
        now: Millis,
    ) -> Result<usize, StoreError> {
        let update = [DOUBT, which, " returning connection_id, state"].concat();
        let mut update = self.sql.prepare_cached(&update)?;
        let mut rows = update.query(params)?;
        let mut doubted = 0;
        while let Some(row) = rows.next()? {
            let becomes = OutboxState::parse(&row.get::<_, String>(1)?)?;
            let connection = ConnectionId(row.get(0)?);
            self.count_write(connection, OutboxState::Attempting, becomes);
            doubted += 1;
        }
        drop(rows);
        self.doubt_entries(now)?;
        Ok(doubted)
    }
}
