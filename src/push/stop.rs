//! Why nothing may be written to a platform now, whatever is planned: one place for all that writes.

use crate::{
    score::facts::ConnectionId,
    store::{Conn, StoreError},
};

/// When a person said so.
pub const PAUSED: &str = "pushing is paused; `engaged resume` goes on";
/// After a restore, until a person says so.
const QUARANTINED: &str =
    "restored from a backup: nothing is written until `engaged approve restored`";
/// After a restore, of a connection that nobody waited for.
const UNCOMPARED: &str = "restored from a backup: this connection is to be synced to its end first";

/// Why nothing may be written on a connection, in words; `None` if it may.
pub fn stopped(conn: &Conn, connection: ConnectionId) -> Result<Option<String>, StoreError> {
    if conn.is_paused()? {
        return Ok(Some(PAUSED.to_owned()));
    }
    if conn.quarantine()?.is_some() {
        return Ok(Some(QUARANTINED.to_owned()));
    }
    if conn.is_uncompared(connection)? {
        return Ok(Some(UNCOMPARED.to_owned()));
    }
    let checks = conn.care()?;
    let unsound = checks
        .iter()
        .find_map(|check| Some((check, check.unsound()?)));
    Ok(unsound.map(|(check, found)| {
        format!(
            "the database's own check of its {} found: {found}",
            check.name
        )
    }))
}
