//! Webhooks, over a real line to a receiver that keeps what comes.

use std::{fs, path::Path, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use engaged_connectors::{
    Action, Clock, Connector as _, Outcome, Start,
    http::Network,
    outgoing::{Outgoing, Settings, sign, verify},
};
use engaged_sandbox::{
    fault::{Fault, FaultPlan, Rule, When},
    receiver::Receiver,
};

const SECRET: &str = "a secret of both sides";

struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }
}

fn webhook(receiver: &Receiver) -> Outgoing {
    let settings = Settings {
        url: format!("{}?list=1", receiver.url()).into(),
        secret: SECRET.to_owned().into(),
    };
    let network = Arc::new(Network::new().unwrap());
    Outgoing::new(&settings, Arc::new(Noon), network).unwrap()
}

fn call(key: &str, body: &str) -> Start {
    Start {
        contact: String::new(),
        email: None,
        key: key.to_owned(),
        action: Action::Call { body: body.into() },
    }
}

#[tokio::test]
async fn what_arrives_is_what_was_signed() {
    let receiver = Receiver::start(FaultPlan::none()).await.unwrap();
    let body = "{\"contact\":\"jan@example.org\",\"reasons\":[\"één klik\"]}";
    let starts = [call("a:1", body), call("a:2", "{}")];
    let outcomes = webhook(&receiver).start(&starts).await.unwrap();
    assert_eq!(outcomes, [Outcome::Applied, Outcome::Applied]);
    let calls = receiver.calls();
    assert_eq!(calls.len(), 2);
    assert_eq!(
        (calls[0].method.as_str(), calls[0].target.as_str()),
        ("POST", "/hook?list=1")
    );
    assert_eq!(&calls[0].body[..], body.as_bytes());
    for call in &calls {
        let signature = call.header("engaged-signature");
        assert_eq!(verify(SECRET, signature, &call.body, Noon.now()), Ok(()));
    }
    assert_eq!(
        receiver.keys().into_keys().collect::<Vec<_>>(),
        ["a:1", "a:2"]
    );
}

#[tokio::test]
async fn a_call_whose_answer_is_lost_comes_again_under_the_same_key() {
    let receiver = Receiver::start(FaultPlan::none()).await.unwrap();
    let webhook = webhook(&receiver);
    let rule = Rule::new("", When::Nth(1), Fault::AnswerLost);
    receiver.faults().add(rule);
    let first = webhook.start(&[call("a:1", "{}")]).await.unwrap().remove(0);
    assert!(matches!(first, Outcome::Retry(..)), "{first:?}");
    let again = webhook.start(&[call("a:1", "{}")]).await.unwrap();
    assert_eq!(again, [Outcome::Applied]);
    assert_eq!(receiver.keys()["a:1"], 2);
}

#[tokio::test]
async fn the_receivers_word_is_taken() {
    let receiver = Receiver::start(FaultPlan::none()).await.unwrap();
    let webhook = webhook(&receiver);
    let start = async || webhook.start(&[call("a:1", "{}")]).await.unwrap().remove(0);
    receiver.answer_later(503, 90);
    let wait = Some(Duration::from_secs(90));
    assert!(matches!(start().await, Outcome::Retry(_, asked) if asked == wait));
    receiver.answer(422, r#"{"message":"no such deal"}"#);
    assert!(matches!(start().await, Outcome::Rejected(why) if why.contains("no such deal")));
    let elsewhere = Receiver::start(FaultPlan::none()).await.unwrap();
    receiver.answer_elsewhere(&elsewhere.url());
    assert!(matches!(start().await, Outcome::Rejected(_)));
    assert!(elsewhere.calls().is_empty());
    receiver.answer(204, "");
    assert_eq!(start().await, Outcome::Applied);
    assert_eq!(receiver.calls().len(), 4);
}

/// The page for people who write receivers shows one call to the byte.
#[test]
fn the_example_in_the_docs_is_right() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/outgoing-webhooks.md");
    let page = fs::read_to_string(path).unwrap();
    let shown = |name: &str| {
        let found = page.lines().find_map(|line| line.strip_prefix(name));
        found
            .unwrap_or_else(|| panic!("the page shows no {name}"))
            .trim()
            .to_owned()
    };
    let (secret, header) = (shown("secret:"), shown("Engaged-Signature:"));
    let body = shown("body:");
    let at = DateTime::from_timestamp(1_795_348_800, 0).unwrap();
    assert_eq!(header, sign(&secret, at, body.as_bytes()));
    assert_eq!(verify(&secret, &header, body.as_bytes(), at), Ok(()));
    assert!(serde_json::from_str::<serde_json::Value>(&body).is_ok());
}
