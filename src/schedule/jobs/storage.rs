//! What the jobs owe the database: room on its disk, and after a restore a look at what the platforms show.

use std::sync::Arc;

use tracing::info;

use crate::{
    care::{disk::Space, size},
    push::compare::compare,
    store::{Comparison, Conn, StoreError},
};

use super::Jobs;

impl Jobs {
    /// Why nothing can be taken in, if the disk has too little room.
    pub fn no_room(&self) -> Option<String> {
        let space = (self.room)().filter(Space::is_low)?;
        Some(format!(
            "E0304 the database's disk has {} left of {}; nothing is read in until it has {}",
            size(space.free),
            size(space.total),
            size(space.reserve())
        ))
    }

    /// After a restore: takes over what the platforms show that have been synced to their end since.
    pub(super) async fn compare_restored(&self) -> Result<(), StoreError> {
        let comparisons = self.store.read(Conn::comparisons)?;
        let due = |each: &&Comparison| each.compared_at.is_none() && each.synced_at.is_some();
        let known = self.store.read(Conn::connections)?;
        for each in comparisons.iter().filter(due) {
            let id = each.connection;
            let name = known.iter().find(|known| known.id == id);
            let all = self.config.connections.iter();
            let configured = all
                .into_iter()
                .find(|connection| name.is_some_and(|known| known.name == connection.name));
            let Some(configured) = configured.cloned() else {
                continue;
            };
            let (config, now) = (
                Arc::clone(&self.config),
                self.clock.now().timestamp_millis(),
            );
            let compared = self
                .store
                .write_async(move |tx| compare(tx, (&configured, id), &config.rules, now))
                .await?;
            info!(
                connection = name.map(|known| known.name.as_str()),
                taken = compared.taken,
                unknown = compared.unknown,
                "took over what the platform shows"
            );
        }
        Ok(())
    }
}
