//! Telling: what is sent, and how it gets there.
//!
//! A notice is queued in the transaction that made its alert fire or end. It is
//! sent by the signed call of an outgoing webhook, under a key that stays the
//! same however often it is sent. A receiver that is slow or away delays other
//! notices, and nothing else.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat};
use engaged_connectors::{
    Action, Clock, Connector as _, ConnectorError, Outcome, Start,
    http::Transport,
    outgoing::{Outgoing, Settings},
};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::json;
use tracing::{info, warn};

use crate::{
    clean::CLEANING,
    config::{Config, Language, Receiver},
    score::calendar::Millis,
    store::{Conn, Delivery, NewNotice, Notice, Store, StoreError},
};

use super::{
    Word,
    condition::{Condition, Fact},
    words,
};

/// The first wait before a notice is sent again; doubled each time, at most an hour.
const RETRY_MS: Millis = 60_000;
const RETRY_MAX_MS: Millis = 3_600_000;
/// After so long a notice is no news.
const GIVE_UP_MS: Millis = 2 * 86_400_000;
/// A call ends within seconds; one of which nothing was heard for so long was cut off.
const CUT_OFF_MS: Millis = 2 * 60_000;
/// So long one look goes on telling; what is left waits for the next.
const ROUND_MS: Millis = 30_000;

/// What a test alert is called.
const TEST: &str = "test";

/// Who is told.
pub struct Teller {
    outgoing: Outgoing,
    host: String,
}

impl Teller {
    /// Makes ready to call an address; calls nobody.
    pub fn new(
        receiver: &Receiver,
        secret: SecretString,
        clock: Arc<dyn Clock>,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, ConnectorError> {
        let settings = Settings {
            url: receiver.url.as_str().into(),
            secret,
        };
        Ok(Self {
            outgoing: Outgoing::new(&settings, clock, transport)?,
            host: receiver.url.host_str().unwrap_or_default().to_owned(),
        })
    }

    /// The host that is called. The rest of the address may be a secret.
    pub fn host(&self) -> &str {
        &self.host
    }

    async fn send(&self, notice: &NewNotice) -> Outcome {
        let call = Start {
            contact: String::new(),
            email: None,
            key: notice.key.clone(),
            action: Action::Call {
                body: notice.body.clone(),
            },
        };
        match self.outgoing.start(&[call]).await {
            Ok(outcomes) => outcomes
                .into_iter()
                .next()
                .unwrap_or_else(|| Outcome::Retry("the call had no outcome".to_owned(), None)),
            Err(error) => Outcome::Retry(format!("{} {error}", error.code()), None),
        }
    }
}

/// The notice of an alert that fires, or is over.
pub(super) fn of_alert(
    config: &Config,
    condition: &Condition,
    word: Word,
    since: Millis,
    now: Millis,
) -> NewNotice {
    let (state, say): (&str, &dyn Fn(Language) -> String) = match word {
        Word::Firing => ("firing", &|language| {
            words::firing(condition, config.zone, language)
        }),
        Word::Resolved => ("resolved", &|language| words::resolved(condition, language)),
    };
    let (alert, key) = (
        condition.key(),
        format!("{}:{state}:{now}", condition.key()),
    );
    let help = |language| words::help(condition, language);
    let body = json!({
        "schema": 1,
        "id": key,
        "key": alert,
        "alert": condition.fact.kind().as_str(),
        "state": state,
        "connection": condition.connection,
        "since": instant(since),
        "at": instant(now),
        "message": say(Language::English),
        "message_nl": say(Language::Dutch),
        "help": help(Language::English),
        "help_nl": help(Language::Dutch),
        "link": link(config, page(&condition.fact)),
    });
    NewNotice {
        key,
        alert,
        state: state.to_owned(),
        body: body.to_string(),
    }
}

/// A notice that nothing is wrong.
fn of_test(config: &Config, now: Millis) -> NewNotice {
    let key = format!("{TEST}:{now}");
    let body = json!({
        "schema": 1,
        "id": key,
        "key": TEST,
        "alert": TEST,
        "state": TEST,
        "connection": null,
        "since": instant(now),
        "at": instant(now),
        "message": "engaged: this is a test; nothing is wrong",
        "message_nl": "engaged: dit is een test; er is niets aan de hand",
        "help": "nothing needs to be done",
        "help_nl": "er hoeft niets te gebeuren",
        "link": link(config, "/settings"),
    });
    NewNotice {
        key,
        // A test waits for no other.
        alert: format!("{TEST}:{now}"),
        state: TEST.to_owned(),
        body: body.to_string(),
    }
}

/// The page on which a person looks further, where the configuration says how people reach it.
fn link(config: &Config, page: &str) -> Option<String> {
    let url = config.web.as_ref()?.public_url.as_ref()?;
    Some(format!("{}{page}", url.as_str().trim_end_matches('/')))
}

fn page(fact: &Fact) -> &'static str {
    match fact {
        Fact::PollAge { .. }
        | Fact::Blocked { .. }
        | Fact::Rejected { .. }
        | Fact::Volume { .. }
        | Fact::HookSilent { .. } => "/sync",
        Fact::Guard { name, .. } if name == CLEANING => "/cleaning",
        Fact::Guard { .. } | Fact::Edited { .. } => "/push",
        Fact::InDoubt { starts: 0, .. } => "/cleaning",
        Fact::InDoubt { .. } => "/automations",
        Fact::BackupStale { .. }
        | Fact::Damaged { .. }
        | Fact::DiskLow { .. }
        | Fact::LogLarge { .. } => "/",
        Fact::Configuration { .. } => "/rules",
    }
}

fn instant(at: Millis) -> Option<String> {
    let at = DateTime::from_timestamp_millis(at)?;
    Some(at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// Sends what is due. A receiver that cannot be reached is left alone until its next turn.
pub(super) async fn deliver(
    store: &Store,
    teller: &Teller,
    clock: &dyn Clock,
) -> Result<(), StoreError> {
    let begun = clock.now().timestamp_millis();
    while clock.now().timestamp_millis() - begun < ROUND_MS {
        if !store.read_async(Conn::has_open_notices).await? {
            return Ok(());
        }
        let now = clock.now().timestamp_millis();
        let taken = store
            .write_async(move |tx| tx.take_notice(None, now, now - CUT_OFF_MS))
            .await?;
        let Some(notice) = taken else {
            return Ok(());
        };
        let outcome = teller.send(&notice.notice).await;
        let came = settle(store, &notice, &outcome, clock.now().timestamp_millis()).await?;
        if came == Delivery::Retry {
            return Ok(());
        }
    }
    Ok(())
}

/// Records what became of a notice.
async fn settle(
    store: &Store,
    notice: &Notice,
    outcome: &Outcome,
    now: Millis,
) -> Result<Delivery, StoreError> {
    let old = now - notice.known_at >= GIVE_UP_MS;
    let (delivery, detail, wait) = match outcome {
        Outcome::Applied => (Delivery::Sent, None, None),
        Outcome::Rejected(why) => (Delivery::GivenUp, Some(why.clone()), None),
        Outcome::Retry(why, _) | Outcome::Ambiguous(why) if old => (
            Delivery::GivenUp,
            Some(format!("tried for two days: {why}")),
            None,
        ),
        Outcome::Retry(why, asked) => {
            let asked = asked.and_then(|wait| Millis::try_from(wait.as_millis()).ok());
            let wait = backoff(notice.tries).max(asked.unwrap_or(0));
            (Delivery::Retry, Some(why.clone()), Some(now + wait))
        }
        Outcome::Ambiguous(why) => {
            let wait = now + backoff(notice.tries);
            (Delivery::Retry, Some(why.clone()), Some(wait))
        }
    };
    let alert = &notice.notice.alert;
    if delivery == Delivery::Sent {
        info!(alert, state = notice.notice.state, "told");
    } else {
        warn!(alert, state = notice.notice.state, detail, "not told");
    }
    let id = notice.id;
    store
        .write_async(move |tx| tx.settle_notice(id, delivery, detail.as_deref(), wait, now))
        .await?;
    Ok(delivery)
}

/// How long the next try waits, after so many.
fn backoff(tries: i64) -> Millis {
    let doublings = u32::try_from(tries.clamp(1, 20) - 1).unwrap_or(20);
    RETRY_MS
        .saturating_mul(2_i64.saturating_pow(doublings))
        .min(RETRY_MAX_MS)
}

/// What came of a test alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tested {
    /// The version of this shape.
    pub schema: u32,
    /// Whether the receiver took it.
    pub taken: bool,
    /// Whether it was refused for good, rather than not reached.
    pub refused: bool,
    /// The host that was called.
    pub host: String,
    /// What it said, if it did not take it.
    pub said: Option<String>,
}

/// Sends a test alert now, once, and waits for the answer.
pub async fn test(
    store: &Store,
    config: &Config,
    teller: &Teller,
    clock: &dyn Clock,
) -> Result<Tested, StoreError> {
    let now = clock.now().timestamp_millis();
    let notice = of_test(config, now);
    let key = notice.key.clone();
    let taken = store
        .write_async(move |tx| {
            tx.add_notice(&notice, now, Millis::MIN)?;
            tx.take_notice(Some(&key), now, now - CUT_OFF_MS)
        })
        .await?;
    let Some(notice) = taken else {
        return Err(StoreError::bug("a test alert was taken by somebody else"));
    };
    let outcome = teller.send(&notice.notice).await;
    let (taken, refused, said) = match outcome {
        Outcome::Applied => (true, false, None),
        Outcome::Rejected(why) => (false, true, Some(why)),
        Outcome::Retry(why, _) | Outcome::Ambiguous(why) => (false, false, Some(why)),
    };
    // Whoever tests looks at the answer, and tests again.
    let delivery = if taken {
        Delivery::Sent
    } else {
        Delivery::GivenUp
    };
    let (id, detail, now) = (notice.id, said.clone(), clock.now().timestamp_millis());
    store
        .write_async(move |tx| tx.settle_notice(id, delivery, detail.as_deref(), None, now))
        .await?;
    Ok(Tested {
        schema: 1,
        taken,
        refused,
        host: teller.host.clone(),
        said,
    })
}
