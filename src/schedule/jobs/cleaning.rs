//! The job that cleans lists.

use std::sync::Arc;

use crate::{
    clean::{CleanError, Cleaning, Site, apply::CleanReport, series::Automations},
    store::{Conn, StoreError},
};

use super::Jobs;

impl Jobs {
    /// Cleaning with the connections that were ever synced.
    pub fn cleaning(&self) -> Result<Cleaning<'_>, StoreError> {
        let known = self.store.read(Conn::connections)?;
        let sites = self.config.connections.iter().filter_map(|connection| {
            let id = known.iter().find(|each| each.name == connection.name)?.id;
            let connector = self.connectors.get(&connection.name)?;
            Some(Site::new(connection, id, connector.as_ref()))
        });
        Ok(Cleaning {
            store: &self.store,
            config: &self.config,
            sites: sites.collect(),
            series: Arc::new(Automations),
            clock: self.clock.as_ref(),
        })
    }

    /// Ends the cases of who came back, carries out what is approved, and policies that need no approval.
    pub async fn clean(&self) -> Result<Vec<CleanReport>, StoreError> {
        let cleaning = self.cleaning()?;
        if !cleaning.has_work()? {
            return Ok(Vec::new());
        }
        let run = self.begin("clean", None).await?;
        let reports = match cleaning.cycle().await {
            Ok(reports) => reports,
            Err(CleanError::Store(error)) => return Err(error),
            // Nothing was done to anybody who could not be exported; the rest of the cycle goes on.
            Err(error) => vec![CleanReport {
                held: vec![format!("{} {error}", error.code())],
                ..CleanReport::default()
            }],
        };
        let mut all = reports.iter();
        let trouble = all.find_map(|report| report.unavailable.first().or(report.held.first()));
        self.end(run, trouble.cloned()).await?;
        Ok(reports)
    }
}
