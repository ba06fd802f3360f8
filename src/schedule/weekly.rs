//! The weekly job: it keeps what everybody's scores are like, once in each ISO week.

use std::sync::Arc;

use tracing::info;

use crate::{
    drift::{self, Taken},
    store::StoreError,
};

use super::jobs::Jobs;

impl Jobs {
    /// Takes the present week, unless it was taken. Good to ask after each run of scores: it comes once a week,
    /// also after weeks in which nothing ran.
    pub async fn weekly(&self) -> Result<(), StoreError> {
        let (store, config) = (self.store.clone(), Arc::clone(&self.config));
        let clock = Arc::clone(&self.clock);
        let job = move || drift::take(&store, &config, clock.as_ref());
        let taken = tokio::task::spawn_blocking(job)
            .await
            .map_err(|error| StoreError::ended(&error))??;
        if let Taken::Now(week) = taken {
            info!(week, "took the week's bands and rules");
        }
        Ok(())
    }
}
