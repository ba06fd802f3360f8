//! Alerts: how far each has come, and what is told of them.
//!
//! A notice is a row before it is a call, and a row that is being sent may be
//! sent again: its key tells the receiver. What is an alert, and when it is
//! told, is decided in `alert`.

use rusqlite::{OptionalExtension, Row, params};

use super::{Conn, Tx, error::StoreError};
use crate::{
    alert::{Kind, Memory, State},
    score::{calendar::Millis, facts::ConnectionId},
};

/// An alert, and what is remembered of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertRow {
    /// What it is about, unique.
    pub key: String,
    /// What sort of thing that is.
    pub kind: Kind,
    /// The connection, by name.
    pub connection: Option<String>,
    /// What was seen last while the condition held, JSON.
    pub fact: String,
    /// How its looks went.
    pub memory: Memory,
}

/// How far a notice has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// To be sent.
    Planned,
    /// Committed before its call goes out.
    Sending,
    /// The receiver has it.
    Sent,
    /// To be sent again later.
    Retry,
    /// Refused, or too old.
    GivenUp,
}

impl Delivery {
    const ALL: [Self; 5] = [
        Self::Planned,
        Self::Sending,
        Self::Sent,
        Self::Retry,
        Self::GivenUp,
    ];

    /// The name in the table and in lists.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Retry => "retry",
            Self::GivenUp => "given up",
        }
    }

    fn parse(name: &str) -> Result<Self, StoreError> {
        Self::ALL
            .into_iter()
            .find(|delivery| delivery.as_str() == name)
            .ok_or_else(|| StoreError::damaged(format!("notice {name}")))
    }
}

/// A notice to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNotice {
    /// Names the call, also when it is repeated.
    pub key: String,
    /// The alert that it is of.
    pub alert: String,
    /// `firing`, `resolved` or `test`.
    pub state: String,
    /// What is sent, JSON.
    pub body: String,
}

/// A notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its number.
    pub id: i64,
    /// What is told.
    pub notice: NewNotice,
    /// How far it has come.
    pub delivery: Delivery,
    /// How many calls were made.
    pub tries: i64,
    /// The receiver's last word.
    pub detail: Option<String>,
    /// When it was made.
    pub known_at: Millis,
    /// When it came so far.
    pub changed_at: Millis,
}

const COLUMNS: &str = "id, key, alert, state, body, delivery, tries, detail, known_at, changed_at";

impl Conn {
    /// Every alert that is or was, by key.
    pub fn alerts(&self) -> Result<Vec<AlertRow>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select key, kind, connection, fact, state, looks, good_since_at, since_at, changed_at, told_at,
               resolved_at, returns from alert order by key",
        )?;
        let mut rows = select.query(())?;
        let mut alerts = Vec::new();
        while let Some(row) = rows.next()? {
            alerts.push(alert_row(row)?);
        }
        Ok(alerts)
    }

    /// The last notices, the newest first.
    pub fn notices(&self, limit: u32) -> Result<Vec<Notice>, StoreError> {
        let select = ["select ", COLUMNS, " from notice order by id desc limit ?1"].concat();
        let mut select = self.sql.prepare_cached(&select)?;
        let mut rows = select.query([limit])?;
        let mut notices = Vec::new();
        while let Some(row) = rows.next()? {
            notices.push(notice_row(row)?);
        }
        Ok(notices)
    }

    /// How many notices have come how far.
    pub fn notice_sizes(&self) -> Result<Vec<(Delivery, i64)>, StoreError> {
        let mut select = self
            .sql
            .prepare_cached("select delivery, count(*) from notice group by 1 order by 1")?;
        let mut rows = select.query(())?;
        let mut sizes = Vec::new();
        while let Some(row) = rows.next()? {
            sizes.push((Delivery::parse(&row.get::<_, String>(0)?)?, row.get(1)?));
        }
        Ok(sizes)
    }

    /// Whether a notice is on its way.
    pub fn has_open_notices(&self) -> Result<bool, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "select exists (select 1 from notice where delivery in ('planned', 'sending', 'retry'))",
            )?
            .query_row((), |row| row.get(0))?)
    }

    /// When a sync of a connection first began, and when one last committed a page.
    pub fn sync_span(
        &self,
        connection: ConnectionId,
    ) -> Result<(Option<Millis>, Option<Millis>), StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "select (select min(started_at) from run where job = 'sync' and connection_id = ?1),
                   (select max(known_at) from cursor where connection_id = ?1)",
            )?
            .query_row([connection.0], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }

    /// How many rows and pages of a connection were rejected for the first time since an instant.
    pub fn count_rejects_since(
        &self,
        connection: ConnectionId,
        since: Millis,
    ) -> Result<i64, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "select count(*) from reject where connection_id = ?1 and known_at > ?2",
            )?
            .query_row(params![connection.0, since], |row| row.get(0))?)
    }

    /// Starts of a connection that are in doubt, and removals that have been since before an instant.
    pub fn doubts(
        &self,
        connection: ConnectionId,
        before: Millis,
    ) -> Result<(i64, i64), StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "select coalesce(sum(lane = 'start'), 0), coalesce(sum(lane = 'removal' and changed_at <= ?2), 0)
                 from outbox where connection_id = ?1 and state = 'ambiguous'",
            )?
            .query_row(params![connection.0, before], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?)
    }
}

fn alert_row(row: &Row<'_>) -> Result<AlertRow, StoreError> {
    let (kind, state): (String, String) = (row.get(1)?, row.get(4)?);
    Ok(AlertRow {
        key: row.get(0)?,
        kind: Kind::parse(&kind).ok_or_else(|| StoreError::damaged(format!("alert {kind}")))?,
        connection: row.get(2)?,
        fact: row.get(3)?,
        memory: Memory {
            state: State::parse(&state)
                .ok_or_else(|| StoreError::damaged(format!("alert {state}")))?,
            looks: row.get(5)?,
            good_since: row.get(6)?,
            since: row.get(7)?,
            changed_at: row.get(8)?,
            told_at: row.get(9)?,
            resolved_at: row.get(10)?,
            returns: row.get(11)?,
        },
    })
}

fn notice_row(row: &Row<'_>) -> Result<Notice, StoreError> {
    Ok(Notice {
        id: row.get(0)?,
        notice: NewNotice {
            key: row.get(1)?,
            alert: row.get(2)?,
            state: row.get(3)?,
            body: row.get(4)?,
        },
        delivery: Delivery::parse(&row.get::<_, String>(5)?)?,
        tries: row.get(6)?,
        detail: row.get(7)?,
        known_at: row.get(8)?,
        changed_at: row.get(9)?,
    })
}

impl Tx {
    /// Keeps an alert as it now is.
    pub fn set_alert(&self, row: &AlertRow) -> Result<(), StoreError> {
        let memory = &row.memory;
        self.sql
            .prepare_cached(
                "insert into alert (key, kind, connection, fact, state, looks, good_since_at, since_at, changed_at,
                   told_at, resolved_at, returns) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
                 on conflict do update set fact = excluded.fact, state = excluded.state, looks = excluded.looks,
                   good_since_at = excluded.good_since_at, since_at = excluded.since_at, changed_at = excluded.changed_at,
                   told_at = excluded.told_at, resolved_at = excluded.resolved_at, returns = excluded.returns",
            )?
            .execute(params![
                row.key,
                row.kind.as_str(),
                row.connection,
                row.fact,
                memory.state.as_str(),
                memory.looks,
                memory.good_since,
                memory.since,
                memory.changed_at,
                memory.told_at,
                memory.resolved_at,
                memory.returns
            ])?;
        Ok(())
    }

    /// Forgets an alert that never fired.
    pub fn forget_alert(&self, key: &str) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("delete from alert where key = ?1")?
            .execute([key])?;
        Ok(())
    }

    /// Queues a notice, once for each key. What was queued before `forget` and is over is forgotten.
    pub fn add_notice(
        &self,
        notice: &NewNotice,
        now: Millis,
        forget: Millis,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "delete from notice where known_at < ?1 and delivery in ('sent', 'given up')",
            )?
            .execute([forget])?;
        self.sql
            .prepare_cached(
                "insert into notice (key, alert, state, body, delivery, known_at, changed_at)
                 values (?1, ?2, ?3, ?4, 'planned', ?5, ?5) on conflict do nothing",
            )?
            .execute(params![
                notice.key,
                notice.alert,
                notice.state,
                notice.body,
                now
            ])?;
        Ok(())
    }

    /// The next notice that is due, from now on being sent; commit before sending. What an alert has to tell goes out in
    /// order. One that was being sent since before `stale` was cut off, and is sent again. With `key`: that one alone.
    pub fn take_notice(
        &self,
        key: Option<&str>,
        now: Millis,
        stale: Millis,
    ) -> Result<Option<Notice>, StoreError> {
        let id: Option<i64> = self
            .sql
            .prepare_cached(
                "select id from notice where (delivery in ('planned', 'retry') and coalesce(not_before_at, 0) <= ?2
                     or delivery = 'sending' and changed_at <= ?3)
                   and (?1 is null or key = ?1) and not exists (select 1 from notice before indexed by notice_open
                     where before.alert = notice.alert and before.id < notice.id
                       and before.delivery in ('planned', 'sending', 'retry'))
                 order by id limit 1",
            )?
            .query_row(params![key, now, stale], |row| row.get(0))
            .optional()?;
        let Some(id) = id else {
            return Ok(None);
        };
        let update = [
            "update notice set delivery = 'sending', tries = tries + 1, changed_at = ?2 where id = ?1 returning ",
            COLUMNS,
        ];
        let mut update = self.sql.prepare_cached(&update.concat())?;
        let mut rows = update.query(params![id, now])?;
        let taken = rows.next()?.map(notice_row).transpose()?;
        // A statement that returns rows has changed all of them only once it has been read to its end.
        while rows.next()?.is_some() {}
        Ok(taken)
    }

    /// Records what became of a notice.
    pub fn settle_notice(
        &self,
        id: i64,
        delivery: Delivery,
        detail: Option<&str>,
        not_before_at: Option<Millis>,
        now: Millis,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "update notice set delivery = ?2, detail = ?3, not_before_at = ?4, changed_at = ?5 where id = ?1",
            )?
            .execute(params![id, delivery.as_str(), detail, not_before_at, now])?;
        Ok(())
    }
}
