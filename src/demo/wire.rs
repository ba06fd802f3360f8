//! What a platform reports by itself, carried to the product's own listener as the platform would carry it.

use std::{io, sync::Arc, time::Duration};

use tokio::time::timeout;

use super::{
    Expected, failed,
    setting::{Setting, Sites},
};
use crate::{desk::Desk, hooks, web::Listening};

/// How long the end waits for deliveries under way.
const END_WITHIN: Duration = Duration::from_secs(5);

/// A listener for the demo's webhooks.
pub(super) struct Wire(Listening);

impl Wire {
    /// Listens, and enters the address at each platform that reports by itself; `None` where none does.
    pub(super) async fn open(
        desk: &Arc<Desk>,
        sites: &Sites,
        setting: &Setting,
    ) -> Result<Option<Self>, Expected> {
        let Some(listening) = Listening::start(desk).await? else {
            return Ok(None);
        };
        let site = format!("http://{}", listening.address());
        for (chosen, stand) in sites.all() {
            let name = &chosen.connection;
            let path = std::fs::read_to_string(setting.file(&format!("{name}.path")))
                .map_err(|error| failed("the path of a webhook cannot be read", &error))?;
            let address = hooks::address(&site, name, path.trim());
            stand
                .enter_webhook(&address)
                .await
                .map_err(|error| failed("a sandbox takes no webhook", &error))?;
        }
        Ok(Some(Self(listening)))
    }

    /// Carries everything that was reported since it was opened, and listens no more. Gives the number of deliveries
    /// that were taken; one that is not is a fault.
    pub(super) async fn carry(self, desk: &Desk, sites: &Sites) -> Result<u64, Expected> {
        let mut taken = 0;
        for (_, stand) in sites.all() {
            for delivery in stand.deliveries() {
                let answer = desk.transport().send(delivery).await;
                let answer = answer.map_err(io::Error::other);
                let status = answer.map(|answer| answer.status());
                match status {
                    Ok(status) if status.is_success() => taken += 1,
                    Ok(status) => {
                        let error = io::Error::other(format!("answered with {status}"));
                        return Err(failed("a webhook was not taken", &error));
                    }
                    Err(error) => return Err(failed("a webhook was not taken", &error)),
                }
            }
        }
        // Every delivery has been answered.
        let _ = timeout(END_WITHIN, self.0.stop()).await;
        Ok(taken)
    }
}
