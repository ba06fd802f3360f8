//! The port: who we are, and what the declaration promises.

mod following;

use std::collections::BTreeSet;

use super::{
    fake::{Asked, Fake, Reply, fixture},
    *,
};

#[expect(
    clippy::unnecessary_wraps,
    reason = "every answer of the fake has this type"
)]
fn site(asked: &Asked) -> Reply {
    let name = match asked.path.as_str() {
        "site/" => "site",
        "members/" => "members",
        "newsletters/" => "newsletters",
        "labels/" => "labels",
        other => panic!("{other}"),
    };
    Ok((200, fixture(name)))
}

#[tokio::test]
async fn a_check_names_the_site_and_only_reads() {
    let (ghost, fake) = Fake::following(&["Weekbrief"], site);
    let account = ghost.check().await.unwrap();
    assert_eq!(
        (account.name.as_str(), account.version.as_deref()),
        ("Weekbrief", Some("5.130"))
    );
    assert!(fake.take().iter().all(|asked| asked.method == "GET"));
}

#[tokio::test]
async fn a_newsletter_that_does_not_exist_is_an_error_of_configuration() {
    let (ghost, _) = Fake::following(&["Weekbreif"], site);
    let error = ghost.check().await.unwrap_err();
    assert!(matches!(error, ConnectorError::Config { .. }), "{error}");
    assert!(error.to_string().contains("\"Weekbrief\""), "{error}");
}

#[tokio::test]
async fn a_refused_key_is_told_in_ghosts_words() {
    for (status, name, words) in [
        (401, "error-key-unknown", "Unknown Admin API Key"),
        (403, "error-not-allowed", "Authorization failed"),
    ] {
        let (ghost, _) = Fake::answering(move |asked| {
            if asked.path == "site/" {
                site(asked)
            } else {
                Ok((status, fixture(name)))
            }
        });
        let error = ghost.check().await.unwrap_err();
        assert!(matches!(error, ConnectorError::Auth { .. }), "{error}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_ghost_that_boots_is_a_passing_failure() {
    let (ghost, _) = Fake::answering(|_| Ok((503, "<!DOCTYPE html><html>".to_owned())));
    assert!(matches!(
        ghost.check().await,
        Err(ConnectorError::Transient { .. })
    ));
}

#[tokio::test]
async fn every_declared_stream_can_be_pulled_and_no_other() {
    let empty = r#"{"events":[],"members":[],"meta":{"pagination":{"total":0}}}"#;
    let (ghost, fake) = Fake::answering(move |_| Ok((200, empty.to_owned())));
    let mut kinds = BTreeSet::new();
    for spec in ghost.capabilities().streams {
        let mut cursor = None;
        loop {
            let page = ghost.pull(spec.stream, cursor.as_ref()).await.unwrap();
            kinds.extend(
                page.covered
                    .iter()
                    .flat_map(|covered| covered.kinds.clone()),
            );
            cursor = Some(page.next);
            if page.done {
                break;
            }
        }
    }
    let declared = ghost
        .capabilities()
        .streams
        .iter()
        .flat_map(|spec| spec.kinds.to_vec());
    assert_eq!(kinds, declared.collect());
    assert!(fake.take().iter().all(|asked| asked.method == "GET"));
    assert!(ghost.pull(Stream("nosuch"), None).await.is_err());
    assert_eq!(ghost.fields().await.unwrap(), Vec::<String>::new());
}
