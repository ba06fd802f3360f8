//! What is left over of writes that are done: kept for a while, so that people can look them up.

use rusqlite::params;

use super::{Tx, error::StoreError, outbox::OutboxState, tally::Group};
use crate::score::{calendar::Millis, facts::ConnectionId};

/// Rows of the outbox that were looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SettledWrites {
    /// The last that was deleted; `None` if there is none after it.
    pub until: Option<i64>,
    /// How many were.
    pub deleted: u64,
}

impl Tx {
    /// Deletes so many fields and tags that were settled before an instant, after one row. What a platform was last told stands
    /// in `acknowledged`; starts and removals stay, since they show that nobody is started or taken off twice, and so does a
    /// doubt that nothing has settled, with what settled it before it goes.
    pub fn drop_settled_writes(
        &self,
        after: i64,
        before: Millis,
        most: u32,
    ) -> Result<SettledWrites, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select id, connection_id, state from outbox
             where id > ?1 and lane = 'set' and changed_at < ?2
               and (state in ('rejected', 'abandoned')
                 or state = 'reconciled' and exists (
                   select 1 from outbox later indexed by outbox_by_target
                   where later.connection_id = outbox.connection_id and later.platform_id = outbox.platform_id
                     and later.target = outbox.target and later.id > outbox.id and later.state = 'applied')
                 or state = 'applied' and not exists (
                   select 1 from outbox earlier indexed by outbox_by_target
                   where earlier.connection_id = outbox.connection_id and earlier.platform_id = outbox.platform_id
                     and earlier.target = outbox.target and earlier.id < outbox.id and earlier.state = 'reconciled'))
             order by id limit ?3",
        )?;
        let rows = select.query_map(params![after, before, most], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
        let rows: Vec<(i64, u16, String)> = rows.collect::<Result<_, _>>()?;
        let mut delete = self
            .sql
            .prepare_cached("delete from outbox where id = ?1")?;
        let mut settled = SettledWrites::default();
        for (id, connection, state) in rows {
            delete.execute([id])?;
            let state = OutboxState::parse(&state)?;
            self.count(Group::Outbox(ConnectionId(connection), state), -1);
            settled.until = Some(id);
            settled.deleted += 1;
        }
        Ok(settled)
    }
}
