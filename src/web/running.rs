//! The dashboard while it is served: from taking its port to the last answer.

use std::{io, net::SocketAddr, sync::Arc};

use axum::serve::ListenerExt as _;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use tracing::{info, warn};

use super::{Web, door::Door, router};
use crate::{
    account::{Actor, Role},
    config,
    desk::Desk,
    diagnostic::{Diagnostic, Exit, Expected},
};

/// A dashboard that is served. Dropping it ends it at once; [`Running::stop`] finishes what is under way.
pub struct Running {
    address: SocketAddr,
    /// Where people find it.
    url: String,
    stop: oneshot::Sender<()>,
    served: JoinHandle<io::Result<()>>,
    web: Arc<Web>,
}

impl Running {
    /// Takes the configured port and serves; `None` without the section `[web]`.
    pub async fn start(desk: &Arc<Desk>) -> Result<Option<Self>, Expected> {
        let jobs = desk.jobs();
        let Some(settings) = &jobs.config.web else {
            return Ok(None);
        };
        let listener = TcpListener::bind(settings.listen)
            .await
            .map_err(|error| taken(settings, &error))?;
        let address = listener
            .local_addr()
            .map_err(|error| taken(settings, &error))?;
        let web = Web::new(Arc::clone(desk), settings);
        let (routes, _) = router(&web);
        let (stop, stopped) = oneshot::channel::<()>();
        let service = routes.into_make_service_with_connect_info::<SocketAddr>();
        // What is tapped for nothing: a request then knows its peer's address.
        let door = Door::new(listener).tap_io(|_| ());
        let serving = axum::serve(door, service).with_graceful_shutdown(async {
            // A sender that is gone stops it, too.
            let _ = stopped.await;
        });
        let url = match &settings.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("http://{address}"),
        };
        info!(url, "the dashboard is served");
        Ok(Some(Self {
            address,
            url,
            stop,
            served: tokio::spawn(async move { serving.await }),
            web,
        }))
    }

    /// Address and port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where people find it, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The link by which the first account is made; `None` if somebody has one.
    pub async fn first_link(&self) -> Result<Option<String>, Expected> {
        if self.web.accounts.has_users().await? {
            return Ok(None);
        }
        let engaged = Actor::Operator("engaged".to_owned());
        let link = self.web.accounts.setup_link(Role::Admin, &engaged).await;
        let link = link.map_err(|error| {
            let diagnostic = Diagnostic::error("E1112", format!("no setup link: {error}"));
            Expected::new(
                Exit::Bug,
                diagnostic.help("make one with `engaged web setup-link`"),
            )
        })?;
        Ok(Some(format!("{}{}", self.url, link.path())))
    }

    /// Takes no more requests, and waits for those under way.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        match self.served.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => warn!("the dashboard did not end cleanly: {error}"),
            Err(error) => warn!("the dashboard did not end cleanly: {error}"),
        }
    }
}

fn taken(settings: &config::Web, error: &io::Error) -> Expected {
    let diagnostic = Diagnostic::error(
        "E1113",
        format!(
            "the dashboard cannot listen on {}: {error}",
            settings.listen
        ),
    );
    let help = "end what listens there, or give [web] listen another port";
    Expected::new(Exit::Usage, diagnostic.help(help))
}
