//! For whoever watches from outside: alive, ready, and numbers.
//!
//! Whether we are alive and ready is told to anybody, in a bare word. Numbers
//! say how large a list is and what fails, so they need a token.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};

use super::{
    Web,
    access::{Access, Routes},
    error::Refusal,
};
use crate::{account::Scope, health, metrics};

/// The text format of Prometheus.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Adds the routes.
pub(super) fn add(routes: Routes) -> Routes {
    routes
        .get("/healthz", Access::Open, alive)
        .get("/readyz", Access::Open, ready)
        .get("/metrics", Access::Token(Scope::Read), numbers)
}

async fn alive() -> &'static str {
    "ok"
}

async fn ready(State(web): State<Arc<Web>>) -> Response {
    let jobs = web.jobs();
    match health::ready(&jobs.store, &web.desk.pulse, jobs.clock.as_ref()).await {
        Ok(()) => "ok".into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, why).into_response(),
    }
}

async fn numbers(State(web): State<Arc<Web>>) -> Response {
    let jobs = web.jobs();
    let (pulse, clock) = (&web.desk.pulse, jobs.clock.as_ref());
    match metrics::scrape(&jobs.store, &jobs.config, pulse, clock).await {
        Ok(text) => ([(header::CONTENT_TYPE, TEXT)], text).into_response(),
        Err(error) => Refusal::from(error).problem(),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use http::Method;

    use super::*;
    use crate::web::stage::{RULES, Site};

    #[tokio::test]
    async fn anybody_learns_whether_we_are_alive_and_ready_and_nothing_more() {
        let site = Site::new(RULES, "").await;
        for path in ["/healthz", "/readyz"] {
            let answer = site.ask(Method::GET, path, &[], "").await;
            assert_eq!(
                (answer.status, answer.body.as_str()),
                (StatusCode::OK, "ok")
            );
        }
        // Nothing beats here.
        site.clock.pass(TimeDelta::minutes(4));
        let answer = site.ask(Method::GET, "/readyz", &[], "").await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.body, "heartbeat");
        let answer = site.ask(Method::GET, "/healthz", &[], "").await;
        assert_eq!(answer.status, StatusCode::OK);
    }

    #[tokio::test]
    async fn numbers_need_a_token_that_reads() {
        let site = Site::new(RULES, "").await;
        let stranger = site.ask(Method::GET, "/metrics", &[], "").await;
        assert_eq!(stranger.status, StatusCode::UNAUTHORIZED);
        assert_eq!(stranger.json()["code"], "E1101");
        let other = site.token(&[Scope::Events]).await;
        let other = site.call(&other, Method::GET, "/metrics", "").await;
        assert_eq!(other.status, StatusCode::FORBIDDEN);
        let reader = site.token(&[Scope::Read]).await;
        let answer = site.call(&reader, Method::GET, "/metrics", "").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.headers[header::CONTENT_TYPE], TEXT);
        assert!(
            answer
                .body
                .contains("\nengaged_heartbeat_timestamp_seconds ")
        );
    }
}
