//! Connections, their streams, and where each stream resumes.

use engaged_connectors::{Cursor, Stream, model::EventKind};
use rusqlite::{OptionalExtension, params};

use super::{Conn, Tx, error::StoreError};
use crate::score::{calendar::Millis, facts::ConnectionId};

/// The platform name of connections that are not synced: what comes in through
/// them is complete but for the gaps that they name.
pub const IMPORTED: &str = "import";

/// One configured account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// Its number.
    pub id: ConnectionId,
    /// Its name in the configuration.
    pub name: String,
    /// Its platform, [`IMPORTED`] for imports.
    pub platform: String,
}

fn kind_called(name: String) -> EventKind {
    EventKind::built_in(&name).unwrap_or(EventKind::Custom(name))
}

impl Conn {
    /// All connections that ever brought anything, by number.
    pub fn connections(&self) -> Result<Vec<Connection>, StoreError> {
        let mut select = self
            .sql
            .prepare_cached("select id, name, platform from connection order by id")?;
        let rows = select.query_map((), |row| {
            Ok(Connection {
                id: ConnectionId(row.get(0)?),
                name: row.get(1)?,
                platform: row.get(2)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The kinds that a stream answers for.
    pub fn kinds_of_stream(
        &self,
        connection: ConnectionId,
        stream: Stream,
    ) -> Result<Vec<EventKind>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select name from stream_kind join kind on kind.id = kind
             where connection_id = ?1 and stream = ?2 order by kind",
        )?;
        let rows = select.query_map(params![connection.0, stream.0], |row| {
            row.get::<_, String>(0)
        })?;
        let mut kinds = Vec::new();
        for name in rows {
            kinds.push(kind_called(name?));
        }
        Ok(kinds)
    }

    /// The kind of a stored number.
    pub(super) fn kind_name(&self, stored: i64) -> Result<EventKind, StoreError> {
        let mut select = self
            .sql
            .prepare_cached("select name from kind where id = ?1")?;
        Ok(kind_called(select.query_row([stored], |row| row.get(0))?))
    }

    /// Where a stream resumes, and when that was committed.
    pub fn cursor(
        &self,
        connection: ConnectionId,
        stream: Stream,
    ) -> Result<Option<(Cursor, Millis)>, StoreError> {
        Ok(self
            .sql
            .prepare_cached(
                "select position, known_at from cursor where connection_id = ?1 and stream = ?2",
            )?
            .query_row(params![connection.0, stream.0], |row| {
                Ok((Cursor::from_stored(row.get(0)?), row.get(1)?))
            })
            .optional()?)
    }
}

impl Tx {
    /// The connection of that name, made if it is new.
    pub fn connection(
        &self,
        name: &str,
        platform: &str,
        known_at: Millis,
    ) -> Result<Connection, StoreError> {
        self.sql
            .prepare_cached(
                "insert into connection (name, platform, known_at) values (?1, ?2, ?3) on conflict do nothing",
            )?
            .execute(params![name, platform, known_at])?;
        Ok(self
            .sql
            .prepare_cached("select id, name, platform from connection where name = ?1")?
            .query_row([name], |row| {
                Ok(Connection {
                    id: ConnectionId(row.get(0)?),
                    name: row.get(1)?,
                    platform: row.get(2)?,
                })
            })?)
    }

    /// Says for which kinds a stream answers. Until it has been read
    /// completely, they are not covered. Call it before the first pull.
    pub fn declare_stream(
        &self,
        connection: ConnectionId,
        stream: Stream,
        kinds: &[EventKind],
    ) -> Result<(), StoreError> {
        let mut insert = self.sql.prepare_cached(
            "insert into stream_kind (connection_id, stream, kind) values (?1, ?2, ?3) on conflict do nothing",
        )?;
        for kind in kinds {
            insert.execute(params![connection.0, stream.0, self.stored_kind(kind)?.0])?;
        }
        Ok(())
    }

    /// Moves a stream's cursor; in the transaction that stores what it was read with.
    pub fn set_cursor(
        &self,
        connection: ConnectionId,
        stream: Stream,
        cursor: &Cursor,
        known_at: Millis,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached(
                "insert into cursor (connection_id, stream, position, known_at) values (?1, ?2, ?3, ?4)
                 on conflict do update set position = excluded.position, known_at = excluded.known_at",
            )?
            .execute(params![connection.0, stream.0, cursor.as_str(), known_at])?;
        Ok(())
    }

    /// Forgets where a stream resumes, so that it is read from its beginning. What is stored stays.
    pub fn forget_cursor(
        &self,
        connection: ConnectionId,
        stream: Stream,
    ) -> Result<(), StoreError> {
        self.sql
            .prepare_cached("delete from cursor where connection_id = ?1 and stream = ?2")?
            .execute(params![connection.0, stream.0])?;
        Ok(())
    }
}
