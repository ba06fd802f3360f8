//! After a restore: what the backup does not know, nobody may rely on.
//!
//! The platforms may have been told more than the backup says, and automations
//! may have started for entries that it holds as waiting, or not at all. So
//! what waited is given up, what was said is forgotten, contacts are read
//! again from the beginning, and nothing is written until a person says so.

use rusqlite::{OptionalExtension, Row, params};

use super::{Conn, IMPORTED, OutboxState, StoreError, Tx, coverage::Gap, tally::Group};
use crate::{
    automation::RESTORED,
    score::{
        calendar::{Millis, Zone},
        facts::ConnectionId,
    },
};

/// The guard that is open while a quarantine goes on.
pub const QUARANTINE: &str = "restored";
/// The platform of addresses that are called and never read.
const CALLED: &str = "webhook";
/// Days of which programs and files told that may be lost with the former database.
const LOST: &str = "restore";
/// Numbers that people, files and other programs know go on beyond those that were given after the backup.
const AHEAD: i64 = 10_000_000;
const NUMBERED: [&str; 6] = [
    "automation_entry",
    "cleaning_batch",
    "cleaning_case",
    "plan",
    "outbox",
    "notice",
];

/// A restore, and what was given up for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantine {
    /// Its number.
    pub id: i64,
    /// The backup.
    pub file: String,
    /// The newest that the backup knew.
    pub known_to: Option<Millis>,
    /// When it was put in place.
    pub restored_at: Millis,
    /// Writes that waited and were given up.
    pub abandoned: i64,
    /// Entries that waited and start nothing any more.
    pub silenced: i64,
    /// When a person let writing go on.
    pub ended_at: Option<Millis>,
}

/// What is put into quarantine.
#[derive(Clone, Debug)]
pub struct Source {
    /// The backup's file.
    pub file: String,
    /// The newest that it knows.
    pub known_to: Option<Millis>,
    /// In which days begin and end.
    pub zone: Zone,
}

/// A connection since a restore.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Which.
    pub connection: ConnectionId,
    /// When the backup was put in place.
    pub restored_at: Millis,
    /// When the first sync after that had read everything.
    pub synced_at: Option<Millis>,
    /// When what the platform shows was taken over.
    pub compared_at: Option<Millis>,
    /// Values that it shows.
    pub taken: i64,
    /// Values that it does not show, and that are written again.
    pub unknown: i64,
}

const COLUMNS: &str =
    "select id, file, known_to_at, restored_at, abandoned, silenced, ended_at from restore ";

fn quarantine(row: &Row<'_>) -> rusqlite::Result<Quarantine> {
    Ok(Quarantine {
        id: row.get(0)?,
        file: row.get(1)?,
        known_to: row.get(2)?,
        restored_at: row.get(3)?,
        abandoned: row.get(4)?,
        silenced: row.get(5)?,
        ended_at: row.get(6)?,
    })
}

impl Conn {
    /// The last restore, whether or not its quarantine has ended.
    pub fn last_restore(&self) -> Result<Option<Quarantine>, StoreError> {
        let mut select = self
            .sql
            .prepare_cached(&[COLUMNS, "order by id desc limit 1"].concat())?;
        Ok(select.query_row((), quarantine).optional()?)
    }

    /// The quarantine that goes on.
    pub fn quarantine(&self) -> Result<Option<Quarantine>, StoreError> {
        Ok(self.last_restore()?.filter(|last| last.ended_at.is_none()))
    }

    /// Every connection whose platform may have been told more than the backup knew.
    pub fn comparisons(&self) -> Result<Vec<Comparison>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select connection_id, restored_at,
               (select min(ended_at) from run where job = 'sync' and run.connection_id = restored_connection.connection_id
                  and outcome = 'ok' and started_at >= restored_at),
               compared_at, coalesce(taken, 0), coalesce(unknown, 0)
             from restored_connection order by connection_id",
        )?;
        let rows = select.query_map((), |row| {
            Ok(Comparison {
                connection: ConnectionId(row.get(0)?),
                restored_at: row.get(1)?,
                synced_at: row.get(2)?,
                compared_at: row.get(3)?,
                taken: row.get(4)?,
                unknown: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether what a connection's platform shows has yet to be taken over.
    pub fn is_uncompared(&self, connection: ConnectionId) -> Result<bool, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "select exists (select 1 from restored_connection where connection_id = ?1 and compared_at is null)",
            )?
            .query_row([connection.0], |row| row.get(0))?)
    }

    /// Entries that start nothing because of a restore: for each automation, how many.
    pub fn silent_since_restore(&self, since: Millis) -> Result<Vec<(String, i64)>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select text, count(*) from automation_entry join word on word.id = automation_id
             where state = 'silent' and reason = ?1 and decided_at >= ?2 group by 1 order by 1",
        )?;
        let rows = select.query_map(params![RESTORED, since], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Whether files or programs may have told of days that are lost with the former database.
    pub fn lost_days(&self) -> Result<bool, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "select exists (select 1 from hole where source = ?1 and healed_at is null)",
            )?
            .query_row([LOST], |row| row.get(0))?)
    }
}

impl Tx {
    /// Begins a quarantine in a database that was a backup until now.
    pub fn begin_quarantine(&self, source: &Source, now: Millis) -> Result<Quarantine, StoreError> {
        // Of what was under way the backup does not know the end; what must not be repeated stays in doubt.
        self.doubt_attempts(now)?;
        let silenced = self.silence_entries(now)?;
        let abandoned = self.give_up_writes(now)?;
        self.end_open_cases(now)?;
        self.forget_words(now)?;
        self.read_contacts_again(now)?;
        self.lose_days(source, now)?;
        self.number_ahead()?;
        self.sql
            .prepare_cached(
                "insert into restore (file, known_to_at, restored_at, abandoned, silenced) values (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![source.file, source.known_to, now, abandoned, silenced])?;
        let detail = match source
            .known_to
            .and_then(chrono::DateTime::from_timestamp_millis)
        {
            Some(at) => format!(
                "a backup that knows what happened up to {} was put in the place of the database",
                at.format("%Y-%m-%d %H:%MZ")
            ),
            None => "an empty backup was put in the place of the database".to_owned(),
        };
        self.trip_guard(QUARANTINE, None, "", &detail, now)?;
        let words = format!("{} was put in the place of the database", source.file);
        self.audit("engaged", "restore", &words, now)?;
        let begun = self.quarantine()?;
        begun.ok_or_else(|| StoreError::bug("a quarantine that began is not there"))
    }

    /// What waited may have been started since; where a tag was to come off again, it may have been put on again.
    fn silence_entries(&self, now: Millis) -> Result<i64, StoreError> {
        let silenced = self
            .sql
            .prepare_cached(
                "update automation_entry set state = 'silent', reason = ?1, due_at = null, decided_at = ?2
                 where state in ('settling', 'ready')",
            )?
            .execute(params![RESTORED, now])?;
        self.sql
            .prepare_cached(
                "update automation_entry set state = 'started', reason = ?1, decided_at = ?2 where state = 'leaving'",
            )?
            .execute(params![RESTORED, now])?;
        Ok(i64::try_from(silenced).unwrap_or(i64::MAX))
    }

    /// Whatever waits in the outbox is of a time that is over; what is in doubt and must not be repeated stays so.
    fn give_up_writes(&self, now: Millis) -> Result<i64, StoreError> {
        let mut sizes = self.sql.prepare_cached(
            "select connection_id, state, count(*) from outbox
             where state in ('planned', 'attempting', 'retry') or state = 'ambiguous' and lane = 'set' group by 1, 2",
        )?;
        let mut rows = sizes.query(())?;
        let mut abandoned = 0;
        while let Some(row) = rows.next()? {
            let connection = ConnectionId(row.get(0)?);
            let before = OutboxState::parse(&row.get::<_, String>(1)?)?;
            let number: i64 = row.get(2)?;
            self.count(Group::Outbox(connection, before), -number);
            self.count(Group::Outbox(connection, OutboxState::Abandoned), number);
            abandoned += number;
        }
        self.sql.execute(
            "update outbox set state = 'abandoned', detail = ?1, not_before_at = null, changed_at = ?2
             where state in ('planned', 'attempting', 'retry') or state = 'ambiguous' and lane = 'set'",
            params![RESTORED, now],
        )?;
        Ok(abandoned)
    }

    /// Who was approved to be taken off may have been since, and put back by a person: a new plan shows them anew.
    fn end_open_cases(&self, now: Millis) -> Result<(), StoreError> {
        self.sql.execute(
            "update cleaning_removal set state = iif(state = 'waiting', 'left', 'removed'), detail = ?1
             where state in ('waiting', 'restoring')",
            [RESTORED],
        )?;
        self.sql.execute(
            "update cleaning_case set stage = iif(exists (select 1 from cleaning_removal
                 where case_id = cleaning_case.id and state = 'removed'), 'removed', 'spared'),
               detail = ?1, since_at = ?2,
               ended_at = iif(exists (select 1 from cleaning_removal
                 where case_id = cleaning_case.id and state = 'removed'), null, ?2)
             where stage in ('candidate', 'to ask', 'asked') and ended_at is null",
            params![RESTORED, now],
        )?;
        // Nobody confirms now what somebody approved then.
        self.sql.execute(
            "update cleaning_batch set state = 'lapsed', changed_at = ?1
             where state = 'approved' and people > 1 and confirmed_at is null",
            [now],
        )?;
        Ok(())
    }

    /// A word was for one occasion, which may have been; who logged out since is not logged in again; what was to be
    /// told of an alert is old.
    fn forget_words(&self, now: Millis) -> Result<(), StoreError> {
        self.sql
            .execute("delete from control where name glob 'allow *'", ())?;
        self.sql.execute("delete from session", ())?;
        self.sql.execute("delete from setup_link", ())?;
        self.sql.execute(
            "update notice set delivery = 'given up', detail = ?1, changed_at = ?2
             where delivery in ('planned', 'sending', 'retry')",
            params![RESTORED, now],
        )?;
        Ok(())
    }

    /// Streams that answer for no events bring contacts, with what the platform shows of them.
    fn read_contacts_again(&self, now: Millis) -> Result<(), StoreError> {
        self.sql.execute(
            "delete from cursor where not exists (select 1 from stream_kind
               where stream_kind.connection_id = cursor.connection_id and stream_kind.stream = cursor.stream)",
            (),
        )?;
        self.sql.execute("delete from restored_connection", ())?;
        self.sql.execute(
            "insert into restored_connection (connection_id, restored_at)
             select id, ?1 from connection where platform not in (?2, ?3)",
            params![now, IMPORTED, CALLED],
        )?;
        Ok(())
    }

    /// What files and programs told since the backup nobody tells again by itself.
    fn lose_days(&self, source: &Source, now: Millis) -> Result<(), StoreError> {
        let gap = Gap {
            from: source.zone.day(source.known_to.unwrap_or(now)),
            to: source.zone.day(now),
            kinds: Vec::new(),
        };
        for connection in self.connections()? {
            if connection.platform == IMPORTED {
                self.add_gap(connection.id, &gap, LOST, now)?;
                self.mark_connection_dirty(connection.id)?;
            }
        }
        Ok(())
    }

    fn number_ahead(&self) -> Result<(), StoreError> {
        let mut update = self.sql.prepare_cached(
            "update sqlite_sequence set seq = (seq / ?2 + 1) * ?2 where name = ?1 and seq > 0",
        )?;
        for table in NUMBERED {
            update.execute(params![table, AHEAD])?;
        }
        Ok(())
    }

    /// Records that what a connection's platform shows was taken over.
    pub fn set_compared(
        &self,
        connection: ConnectionId,
        (taken, unknown): (i64, i64),
        now: Millis,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "update restored_connection set compared_at = ?2, taken = ?3, unknown = ?4 where connection_id = ?1",
            )?
            .execute(params![connection.0, now, taken, unknown])?;
        Ok(())
    }

    /// Forgets what a platform was told at a target.
    pub fn forget_acknowledged(
        &self,
        connection: ConnectionId,
        platform_id: &str,
        target: &str,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "delete from acknowledged where connection_id = ?1 and platform_id = ?2 and target = ?3",
            )?
            .execute(params![connection.0, platform_id, target])?;
        Ok(())
    }

    /// Ends the quarantine by a person's word.
    pub fn end_quarantine(&self, id: i64, who: &str, now: Millis) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("update restore set ended_at = ?2, ended_by = ?3 where id = ?1")?
            .execute(params![id, now, who])?;
        for guard in self.open_guards()? {
            if guard.name == QUARANTINE {
                self.close_guard(guard.id, "approved", who, now)?;
            }
        }
        self.audit(who, "approve", RESTORED, now)
    }

    /// A person's word that whatever files and programs told since the backup was told again.
    pub fn find_lost_days(&self, who: &str, now: Millis) -> Result<(), StoreError> {
        for connection in self.connections()? {
            if self.heal(connection.id, LOST, now)? > 0 {
                self.mark_connection_dirty(connection.id)?;
            }
        }
        self.audit(who, "approve", "all was sent again since the backup", now)
    }
}
