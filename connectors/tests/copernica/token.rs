//! The token of the day, and what refuses it.

use chrono::TimeDelta;
use engaged_connectors::{Connector as _, ConnectorError, copernica::CONTACTS};

use crate::fake::{Fake, TOKEN, read, settings};

#[tokio::test(start_paused = true)]
async fn a_token_is_exchanged_once_and_renewed_before_its_day_is_over() {
    let fake = Fake::new();
    let connector = fake.connector();
    for (hours, exchanges) in [(0, 1), (19, 0), (2, 1)] {
        fake.pass(TimeDelta::hours(hours));
        read(&connector, CONTACTS, None).await.unwrap();
        let asked = fake.take();
        let count = asked.iter().filter(|asked| asked.path == "auth").count();
        assert_eq!(count, exchanges, "after {hours} hours");
    }
}

#[tokio::test(start_paused = true)]
async fn an_auth_problem_is_400_and_renews_the_token_once() {
    let fake = Fake::new();
    let connector = fake.connector();
    read(&connector, CONTACTS, None).await.unwrap();
    fake.pass(TimeDelta::hours(2));
    // Somebody ended our session.
    fake.change(|account| account.session += 1);
    read(&connector, CONTACTS, None).await.unwrap();
    fake.take();
    fake.pass(TimeDelta::hours(2));
    fake.hook(|_, asked| {
        (asked.path != "auth").then(|| {
            Ok((
                400,
                r#"{"error":{"message":"The access token is not valid"}}"#.into(),
            ))
        })
    });
    let error = connector.pull(CONTACTS, None).await.unwrap_err();
    assert!(matches!(error, ConnectorError::Auth { .. }), "{error}");
    assert_eq!(
        fake.take().len(),
        3,
        "a request, an exchange, and the request once more"
    );
}

#[tokio::test(start_paused = true)]
async fn a_young_token_that_is_refused_costs_no_second_request() {
    let fake = Fake::new();
    let connector = fake.connector();
    read(&connector, CONTACTS, None).await.unwrap();
    fake.take();
    fake.hook(|_, _| {
        Some(Ok((
            401,
            r#"{"error":{"message":"Invalid access token"}}"#.into(),
        )))
    });
    let error = connector.pull(CONTACTS, None).await.unwrap_err();
    assert!(matches!(error, ConnectorError::Auth { .. }), "{error}");
    assert_eq!(fake.take().len(), 1);
    fake.unhook();
    connector.pull(CONTACTS, None).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_token_server_that_fails_or_serves_a_page_passes_and_one_that_refuses_does_not() {
    for (status, body, refused) in [
        (400, r#"{"error":{"message":"Unknown token"}}"#, true),
        (401, "no", true),
        (200, r#"{"error":{"message":"Unknown token"}}"#, true),
        (200, "<html>Welcome</html>", false),
        (403, "<html>Blocked</html>", false),
        (
            503,
            "<html>Loadbalancer Error: too many requests</html>",
            false,
        ),
    ] {
        let fake = Fake::new();
        let connector = fake.connector();
        fake.hook(move |_, asked| {
            assert_eq!(asked.path, "auth", "nothing goes out without a token");
            Some(Ok((status, body.into())))
        });
        let error = connector.pull(CONTACTS, None).await.unwrap_err();
        let auth = matches!(error, ConnectorError::Auth { .. });
        let passes = matches!(error, ConnectorError::Transient { .. });
        assert!(
            auth == refused && passes != refused,
            "{status} {body}: {error:?}"
        );
        assert!(!format!("{error:?}").contains(TOKEN));
    }
}

#[tokio::test(start_paused = true)]
async fn a_loadbalancers_page_and_an_empty_reply_are_tried_again() {
    for first in [
        (503, "<html><title>Loadbalancer Error</title></html>"),
        (200, ""),
    ] {
        let fake = Fake::new();
        let (connector, mut left) = (fake.connector(), 1);
        fake.hook(move |_, asked| {
            let strike = left > 0 && asked.path.ends_with("/profiles");
            left -= usize::from(strike);
            strike.then(|| Ok((first.0, first.1.to_owned())))
        });
        assert!(connector.pull(CONTACTS, None).await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_names_the_account_and_the_calls_and_only_reads() {
    let fake = Fake::new();
    let account = fake.connector().check().await.unwrap();
    assert_eq!(account.name, "Schoenen BV");
    assert_eq!(
        account.version.unwrap(),
        "REST v4, 1234 API calls this month"
    );
    assert_eq!(fake.writes(), Vec::<String>::new());
    let other = fake.with(&engaged_connectors::copernica::Settings {
        database: "Vrienden".into(),
        ..settings()
    });
    let error = other.check().await.unwrap_err();
    assert!(
        matches!(&error, ConnectorError::Config { .. }) && error.to_string().contains("Klanten"),
        "{error}"
    );
    fake.hook(|_, asked| {
        asked
            .path
            .starts_with("logfiles")
            .then(|| Ok((400, r#"{"error":{"message":"No permission"}}"#.into())))
    });
    let error = fake.connector().check().await.unwrap_err();
    assert!(
        matches!(&error, ConnectorError::Auth { missing: Some(right), .. } if right.contains("logfiles")),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn settings_of_the_wrong_shape_are_told() {
    let fake = Fake::new();
    let wrong = |change: &dyn Fn(&mut engaged_connectors::copernica::Settings)| {
        let mut settings = settings();
        change(&mut settings);
        let made =
            engaged_connectors::copernica::Copernica::new(&settings, fake.clone(), fake.clone());
        made.err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    };
    assert!(wrong(&|settings| settings.token = "two words".to_owned().into()).starts_with("token"));
    assert!(
        wrong(&|settings| settings.auth_url = Some("http://elsewhere.example".into()))
            .starts_with("auth_url")
    );
    assert!(
        wrong(&|settings| settings.base_url = Some("http://elsewhere.example/v4".into()))
            .starts_with("base_url")
    );
    assert!(wrong(&|settings| settings.time_zone = Some("Mars".into())).starts_with("time_zone"));
    assert!(wrong(&|settings| settings.database = " ".into()).starts_with("database"));
    assert_eq!(fake.take().len(), 0);
}
