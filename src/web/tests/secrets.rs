//! Keys, passwords and tokens stand in no log line at any level, in no page and in no error.

use std::{
    io,
    sync::{Arc, Mutex},
};

use http::Method;

use super::markup::walk;
use crate::{
    account::{Actor, Role, Scope},
    web::stage::{PASSWORD, Site},
};

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Runs a job on threads of its own, which log all that they do.
fn logged<F: Future>(job: F) -> (F::Output, String) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone());
    let dispatch = tracing::Dispatch::new(subscriber.finish());
    let on_threads = dispatch.clone();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // A thread of this runtime logs here as long as it is there.
        .on_thread_start(move || std::mem::forget(tracing::dispatcher::set_default(&on_threads)))
        .build()
        .unwrap();
    let _here = tracing::dispatcher::set_default(&dispatch);
    let done = runtime.block_on(job);
    drop(runtime);
    let log = log.0.lock().unwrap();
    (done, String::from_utf8_lossy(&log).into_owned())
}

// S5 and S12.
#[test]
fn what_opens_something_stands_in_no_log_page_or_error() {
    let (secrets, log) = logged(async {
        let site = Site::shop(10, "").await;
        let test = Actor::Operator("test".to_owned());
        let link = site
            .web
            .accounts
            .setup_link(Role::Admin, &test)
            .await
            .unwrap();
        let unused = link.token.reveal().to_owned();
        let cookie = site.cookie(Role::Admin).await;
        let stepped_up = site.step_up(&cookie).await;
        let token = site.token(&[Scope::Read]).await;
        let key = site.platform_key();
        for form in [
            &[("name", "tom"), ("password", "a wrong but secret word")][..],
            &[("name", "tom"), ("password", PASSWORD), ("next", "/x")],
        ] {
            site.post("", "/login", form).await;
        }
        site.get("", &format!("/setup/{unused}")).await;
        site.post(
            "",
            &format!("/setup/{unused}"),
            &[("name", "x"), ("password", PASSWORD), ("again", "y")],
        )
        .await;
        let mut secrets = vec![
            unused,
            token.clone(),
            key,
            PASSWORD.to_owned(),
            "a wrong but secret word".to_owned(),
        ];
        for cookie in [&cookie, &stepped_up] {
            secrets.push(cookie.split_once('=').unwrap().1.to_owned());
        }
        let shown = |what: &str, text: &str| {
            for secret in &secrets {
                assert!(
                    !text.contains(secret.as_str()),
                    "{secret} in {what}: {text}"
                );
            }
        };
        for path in [
            "/api/v1/status",
            "/api/v1/nothing",
            "/api/v1/plans",
            "/api/v1/guards",
        ] {
            let answer = site.call(&token, Method::GET, path, "").await;
            shown(path, &answer.body);
            let wrong = site.call(&token, Method::POST, path, "{\"a\":1}").await;
            shown(path, &wrong.body);
        }
        for (path, answer) in walk(&site, &stepped_up, &[]).await {
            shown(&path, &answer.body);
        }
        secrets
    });
    assert!(
        log.contains("TRACE") || log.contains("DEBUG"),
        "it is logged: {log}"
    );
    for secret in &secrets {
        assert!(!log.contains(secret.as_str()), "{secret} is in the log");
    }
}

#[test]
fn what_is_logged_on_another_thread_would_be_found() {
    let ((), log) = logged(async {
        tokio::task::spawn_blocking(|| tracing::trace!("there"))
            .await
            .unwrap();
    });
    assert!(log.contains("there"));
}
