//! K13 and K15: a dry run only reads, and nothing that is logged or told holds a key or a whole address.

use std::{collections::BTreeMap, time::Duration};

use ::http::{Response, StatusCode};
use bytes::Bytes;
use tracing::instrument::WithSubscriber as _;

use super::{
    Access, Finding, KeyKind, Subject, Tally,
    logs::Ear,
    probe::Act,
    table::{create, people, set, tag, untag},
    taken::{Bench, Taken, streams},
};
use crate::{
    connector::{Action, Connector, Former, Outcome, Removal, Start, Who},
    model::{Contact, Status},
};

/// K13.
pub(super) async fn only_reads(
    subject: &dyn Subject,
    tally: &mut Tally,
) -> Result<(), Box<Finding>> {
    let bench = Bench::paged(subject, 30, 20).await?;
    let (connector, before, writes) = (
        bench.connector()?,
        bench.stand.shown(),
        bench.stand.writes(),
    );
    // All that a plan needs.
    connector
        .check()
        .await
        .map_err(|error| Finding::error("check", &error))?;
    let mut taken = Taken::default();
    bench
        .read_all(connector.as_ref(), &mut BTreeMap::new(), &mut taken)
        .await?;
    let some: Vec<Who> = taken.contacts.values().take(5).map(who).collect();
    connector
        .look(&some)
        .await
        .map_err(|error| Finding::error("a look", &error))?;
    connector
        .fields()
        .await
        .map_err(|error| Finding::error("fields", &error))?;
    connector
        .push(&[])
        .await
        .map_err(|error| Finding::error("a push of nothing", &error))?;
    let seen = bench.probe.seen();
    let searches = subject.searches();
    let search = |method: &str, path: &str| {
        searches
            .iter()
            .any(|(verb, start)| *verb == method && path.starts_with(start))
    };
    for seen in &seen {
        if seen.reads() {
            tally.add("reads", 1);
        } else if search(seen.method.as_str(), seen.uri.path()) {
            tally.add("declared searches", 1);
        } else {
            return Err(Finding::new(
                "a dry run sent a writing request",
                format!("{} {}", seen.method, seen.uri.path()),
            )
            .why("a plan writes nothing, and neither do check and reading")
            .next("use a GET, or declare the search in the subject's manifest")
            .boxed());
        }
    }
    if bench.stand.writes()
        > writes + usize::try_from(tally.of("declared searches")).unwrap_or_default()
        || bench.stand.shown() != before
    {
        return Err(
            Finding::new("a dry run changed something", "the platform's own ledger")
                .why("nothing may change by being looked at")
                .boxed(),
        );
    }
    tally.at_least(10, "reads")
}

/// K15.
pub(super) async fn no_leak(subject: &dyn Subject, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let bench = Bench::paged(subject, 30, 20).await?;
    let ear = Ear::default();
    let told = everything(&bench).with_subscriber(ear.clone()).await?;
    let lines = ear.take();
    tally.add("lines of log", lines.len());
    tally.add("errors and outcomes", told.len());
    tally.add("faults fired", bench.probe.struck());
    let signed: Vec<String> = bench
        .probe
        .seen()
        .iter()
        .filter_map(|seen| Some(seen.headers.get("authorization")?.to_str().ok()?.to_owned()))
        .collect();
    let mut secrets = bench.stand.secrets();
    for value in signed {
        secrets.extend(value.split_once(' ').map(|(_, token)| token.to_owned()));
    }
    secrets.sort();
    secrets.dedup();
    let addresses: Vec<String> = bench.stand.truth().contacts.into_values().collect();
    tally.add("canaries", secrets.len() + addresses.len());
    let texts = lines
        .iter()
        .map(|line| ("the log", &line.text))
        .chain(told.iter().map(|text| ("an error or outcome", text)));
    for (place, text) in texts {
        let lower = text.to_lowercase();
        let key = secrets.iter().any(|secret| text.contains(secret.as_str()));
        let address = addresses.iter().find(|address| {
            let address = address.to_lowercase();
            lower.contains(&address) || lower.contains(&address.replace('@', "%40"))
        });
        if key || address.is_some() {
            let what = if key { "a secret" } else { "a whole address" };
            let shown: String = text.chars().take(40).collect();
            return Err(Finding::new(format!("{place} holds {what}"), shown)
                .why("logs are copied, sent and kept by people who must not know it")
                .next("print model::Address and secrecy's types only; put foreign words through http::redact")
                .boxed());
        }
    }
    tally.at_least(10, "lines of log")?;
    tally.at_least(20, "canaries")?;
    tally.at_least(4, "faults fired")
}

/// Does everything, well and ill, and gives every text that a caller would see.
async fn everything(bench: &Bench<'_>) -> Result<Vec<String>, Box<Finding>> {
    let connector = bench.connector()?;
    let mut told = vec![bench.stand.settings_shown()];
    told.push(format!("{:?}", connector.check().await));
    let mut taken = Taken::default();
    bench
        .read_all(connector.as_ref(), &mut BTreeMap::new(), &mut taken)
        .await?;
    told.extend(
        taken
            .events()
            .take(50)
            .map(|event| format!("{:?}", event.contact)),
    );
    told.extend(
        taken
            .contacts
            .values()
            .take(50)
            .map(|contact| format!("{:?}", contact.email)),
    );
    let person = people(bench, connector.as_ref(), 1).await?.remove(0);
    told.extend(quoted(bench, connector.as_ref(), &person).await);
    bench.probe.on(|_| Act::Lose);
    told.extend(try_all(bench, connector.as_ref(), &person).await);
    bench.probe.on(|_| Act::Hang(Duration::from_secs(1)));
    told.extend(try_all(bench, connector.as_ref(), &person).await);
    bench.probe.off();
    for key in [KeyKind::Wrong, KeyKind::Misshapen] {
        match bench.connect(
            &Access {
                key,
                ..Access::good()
            },
            bench.clock.clone(),
        ) {
            Ok(connector) => told.push(format!("{:?}", connector.check().await)),
            Err(error) => told.push(format!("{error} {error:?}")),
        }
    }
    Ok(told)
}

/// Answers that quote the address and the key back, as platforms and gateways do.
async fn quoted(bench: &Bench<'_>, connector: &dyn Connector, person: &Contact) -> Vec<String> {
    let mut told = Vec::new();
    let address = person
        .email
        .as_ref()
        .map(|email| email.reveal().to_owned())
        .unwrap_or_default();
    let secret = bench.stand.secrets().first().cloned().unwrap_or_default();
    let quoting = format!(
        r#"{{"title":"Refused","detail":"{address} may not, said {secret}","message":"{address} {secret}","errors":[{{"message":"{address}","context":"{secret}"}}]}}"#
    );
    let page = format!("<html><body>{address} {secret}</body></html>");
    for (status, body) in [
        (400, &quoting),
        (401, &quoting),
        (403, &quoting),
        (404, &page),
        (422, &quoting),
        (500, &quoting),
        (502, &page),
        (200, &page),
        (200, &quoting),
    ] {
        let (body, status) = (
            Bytes::from(body.clone()),
            StatusCode::from_u16(status).unwrap_or_default(),
        );
        bench.probe.on(move |_| {
            let mut answer = Response::new(body.clone());
            *answer.status_mut() = status;
            Act::Answer(answer)
        });
        told.extend(try_all(bench, connector, person).await);
    }
    told
}

/// Everything once, whatever comes of it, as texts.
async fn try_all(bench: &Bench<'_>, connector: &dyn Connector, person: &Contact) -> Vec<String> {
    let mut told = vec![format!("{:?}", connector.check().await)];
    for spec in streams(connector) {
        match connector.pull(spec.stream, None).await {
            Ok(page) => told.extend(page.rejects.iter().map(|reject| format!("{reject:?}"))),
            Err(error) => told.push(format!("{error} {error:?}")),
        }
    }
    let field = bench.subject.field();
    let changes = [
        create(field),
        set(person, field, "1"),
        tag(person, "quiet"),
        untag(person, "quiet"),
    ];
    match connector.push(&changes).await {
        Ok(outcomes) => told.extend(
            outcomes
                .iter()
                .map(|outcome: &Outcome| format!("{outcome:?}")),
        ),
        Err(error) => told.push(format!("{error} {error:?}")),
    }
    told.push(format!("{:?}", connector.fields().await));
    told.extend(follow(connector, person).await);
    told
}

/// What follows a score, whatever comes of it, as texts.
async fn follow(connector: &dyn Connector, person: &Contact) -> Vec<String> {
    let who = [who(person)];
    let start = |action| Start {
        contact: person.id.clone(),
        email: person.email.clone(),
        key: "quiet:1".into(),
        action,
    };
    let starts = [
        start(Action::Automation("journey 1 step 2".into())),
        start(Action::Event("gone quiet".into())),
    ];
    let former = |removal| Former {
        who: who[0].clone(),
        removal,
        status: Status::Subscribed,
        lists: person.lists.clone(),
        tags: vec!["quiet".into()],
    };
    let mut told = vec![
        format!("{:?}", connector.start(&starts).await),
        format!("{:?}", connector.look(&who).await.err()),
    ];
    for removal in [Removal::Unsubscribe, Removal::Archive] {
        told.push(format!("{:?}", connector.remove(&who, removal).await));
        told.push(format!("{:?}", connector.restore(&[former(removal)]).await));
    }
    told
}

fn who(contact: &Contact) -> Who {
    Who {
        contact: contact.id.clone(),
        email: contact.email.clone(),
    }
}
