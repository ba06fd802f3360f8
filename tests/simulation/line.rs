//! The line to both platforms, and what goes wrong on it: nobody is there, a portal answers, the process dies.

use std::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use bytes::Bytes;
use engaged_connectors::http::{Transport, TransportError};
use http::{Request, Response};
use tokio::sync::Notify;

use crate::{
    planted::{Bug, Seam},
    stage::Stage,
};

/// Both connections, by their place.
pub const NAMES: [&str; 2] = ["site", "shop"];

/// What a connection is like for a while.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weather {
    /// Nothing is wrong.
    #[default]
    Clear,
    /// Nobody is there.
    Down,
    /// Somebody else answers, with a page for people.
    Portal,
    /// Everything goes wrong now and then; played by the platform.
    Storm,
    /// The key is refused; played by the platform.
    Revoked,
}

/// When the process dies.
#[derive(Clone, Copy, Debug)]
pub struct Death {
    /// At which request from now, from 1.
    pub at: u64,
    /// Whether that request is still carried out.
    pub after: bool,
}

#[derive(Default)]
struct State {
    weather: [Weather; NAMES.len()],
    death: Option<Death>,
    requests: u64,
}

/// The line.
pub struct Line {
    stage: Arc<Stage>,
    state: Mutex<State>,
    bug: Option<&'static Bug>,
    /// Told when the process is to die.
    pub died: Notify,
    /// Requests that met nobody, or a portal.
    pub struck: [AtomicU64; 2],
}

impl Line {
    /// A line to the platforms of a stage, with a bug in what goes over it, if there is one.
    pub fn new(stage: Arc<Stage>, bug: Option<&'static Bug>) -> Self {
        Self {
            stage,
            bug,
            state: Mutex::default(),
            died: Notify::new(),
            struck: Default::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// From now on a connection is like this.
    pub fn set(&self, connection: usize, weather: Weather) {
        self.state().weather[connection] = weather;
    }

    /// From now on the process dies so, or does not.
    pub fn dies(&self, death: Option<Death>) {
        let mut state = self.state();
        (state.death, state.requests) = (death, 0);
    }

    /// What the product makes of an answer.
    fn altered(&self, path: &str, answer: Response<Bytes>) -> Response<Bytes> {
        let Some(Seam::Answered(edit)) = self.bug.map(|bug| bug.seam) else {
            return answer;
        };
        match edit(path, &answer) {
            None => answer,
            Some(body) => {
                let (mut parts, _) = answer.into_parts();
                parts.headers.remove("content-length");
                parts
                    .headers
                    .insert("content-type", "application/json".parse().unwrap());
                Response::from_parts(parts, body)
            }
        }
    }

    /// Whom a request is for.
    fn place(&self, request: &Request<Bytes>) -> usize {
        let site = self.stage.site_serving().base_url();
        let port = site.rsplit(':').next().and_then(|port| port.parse().ok());
        usize::from(request.uri().port_u16() != port)
    }

    async fn ask(&self, place: usize, request: Request<Bytes>) -> std::io::Result<Response<Bytes>> {
        if let Some(Seam::Sent(instead)) = self.bug.map(|bug| bug.seam)
            && let Some(mut requests) = instead(&request)
        {
            let last = requests.pop().unwrap();
            for request in requests {
                drop(self.reach(place, request).await);
            }
            return self.reach(place, last).await;
        }
        self.reach(place, request).await
    }

    async fn reach(
        &self,
        place: usize,
        request: Request<Bytes>,
    ) -> std::io::Result<Response<Bytes>> {
        if place == 0 {
            self.stage.site_serving().ask(request).await
        } else {
            self.stage.shop().ask(request).await
        }
    }
}

#[async_trait]
impl Transport for Line {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let place = self.place(&request);
        let (weather, death) = {
            let mut state = self.state();
            state.requests += 1;
            let number = state.requests;
            (
                state.weather[place],
                state.death.filter(|death| death.at <= number),
            )
        };
        if let Some(death) = death {
            if death.after {
                let _ = self.ask(place, request).await;
            }
            self.died.notify_one();
            return std::future::pending().await;
        }
        let path = request.uri().path().to_owned();
        let answer = match weather {
            Weather::Down => {
                self.struck[0].fetch_add(1, Ordering::SeqCst);
                Err(TransportError::NotSent("nobody is there".into()))
            }
            Weather::Portal => {
                self.struck[1].fetch_add(1, Ordering::SeqCst);
                let page =
                    Bytes::from_static(b"<!doctype html><title>Welcome</title><p>Please log in.");
                Ok(Response::builder()
                    .header("content-type", "text/html")
                    .body(page)
                    .unwrap())
            }
            _ => self
                .ask(place, request)
                .await
                .map_err(|error| TransportError::Lost(error.to_string())),
        };
        answer.map(|answer| self.altered(&path, answer))
    }
}
