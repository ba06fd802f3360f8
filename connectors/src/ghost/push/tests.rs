//! Bulk requests against a Ghost that keeps its labels in a map.

use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::*;
use crate::{
    connector::Connector as _,
    ghost::fake::{Asked, Fake, Reply, fixture},
    http::TransportError,
};

/// Members with the ids of their labels; labels by name. Ids are numbers as text.
#[derive(Default)]
struct State {
    members: BTreeMap<String, Vec<String>>,
    labels: Vec<String>,
    /// Members on which a bulk request fails.
    stuck: usize,
}

impl State {
    fn with(count: usize) -> Arc<Mutex<Self>> {
        let members = (0..count).map(|i| (format!("m{i:03}"), Vec::new()));
        Arc::new(Mutex::new(Self {
            members: members.collect(),
            ..Self::default()
        }))
    }

    fn label(&self, id: usize) -> Value {
        json!({"id": id.to_string(), "name": self.labels[id], "slug": format!("slug-{id}")})
    }

    /// The members that an `id:[...]` filter names, and what follows it.
    fn chosen<'a>(&self, filter: &'a str) -> (Vec<String>, &'a str) {
        let (ids, rest) = filter
            .strip_prefix("id:[")
            .unwrap()
            .split_once(']')
            .unwrap();
        let ids = ids.split(',').map(|id| id.trim_matches('\'').to_owned());
        (
            ids.filter(|id| self.members.contains_key(id)).collect(),
            rest,
        )
    }

    fn answer(&mut self, asked: &Asked) -> Reply {
        let ok = |value: Value| Ok((200, value.to_string()));
        match (asked.method.as_str(), asked.path.as_str()) {
            ("GET", "labels/") => {
                let name = asked.filter.trim_start_matches("name:").trim_matches('\'');
                let name = name.replace("\\'", "'");
                let ids = (0..self.labels.len()).filter(|id| self.labels[*id] == name);
                let labels: Vec<Value> = ids.map(|id| self.label(id)).collect();
                ok(json!({"labels": labels}))
            }
            ("POST", "labels/") => {
                let name = asked.body["labels"][0]["name"].as_str().unwrap().to_owned();
                if self.labels.contains(&name) {
                    return Ok((422, fixture("label-exists")));
                }
                self.labels.push(name);
                ok(json!({"labels": [self.label(self.labels.len() - 1)]}))
            }
            ("PUT", "members/bulk/") => self.bulk(asked),
            ("GET", "members/") => {
                let (ids, _) = self.chosen(&asked.filter);
                let member = |id: &String| {
                    let labels: Vec<Value> = self.members[id]
                        .iter()
                        .map(|own| json!({"id": own}))
                        .collect();
                    json!({"id": id, "labels": labels})
                };
                let members: Vec<Value> = ids.iter().map(member).collect();
                let meta = json!({"pagination": {"total": members.len()}});
                ok(json!({"members": members, "meta": meta}))
            }
            other => panic!("nothing else may be asked of Ghost: {other:?}"),
        }
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "every answer of the fake has this type"
    )]
    fn bulk(&mut self, asked: &Asked) -> Reply {
        let label = asked.body["bulk"]["meta"]["label"]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let (mut ids, rest) = self.chosen(&asked.filter);
        let add = match asked.body["bulk"]["action"].as_str().unwrap() {
            "addLabel" => true,
            "removeLabel" => false,
            other => panic!("{other}"),
        };
        assert_eq!(
            rest,
            format!("+label:{}'slug-{label}'", if add { "-" } else { "" })
        );
        ids.retain(|id| self.members[id].contains(&label) != add);
        let stuck = ids.len().min(self.stuck);
        for id in &ids[stuck..] {
            let own = self.members.get_mut(id).unwrap();
            own.retain(|own| *own != label);
            own.extend(add.then(|| label.clone()));
        }
        let stats = json!({"successful": ids.len() - stuck, "unsuccessful": stuck});
        let meta = json!({"stats": stats, "errors": [], "unsuccessfulData": []});
        Ok((200, json!({"bulk": {"meta": meta}}).to_string()))
    }
}

fn ghost(state: &Arc<Mutex<State>>) -> (Ghost, Arc<Fake>) {
    let state = Arc::clone(state);
    Fake::answering(move |asked| state.lock().unwrap().answer(asked))
}

fn change(contact: &str, write: Write) -> Change {
    Change {
        contact: contact.to_owned(),
        email: None,
        write,
    }
}

fn add(contact: &str, tag: &str) -> Change {
    change(
        contact,
        Write::AddTag {
            tag: tag.to_owned(),
        },
    )
}

fn remove(contact: &str, tag: &str) -> Change {
    change(
        contact,
        Write::RemoveTag {
            tag: tag.to_owned(),
        },
    )
}

fn everybody(count: usize, make: impl Fn(&str) -> Change) -> Vec<Change> {
    (0..count).map(|i| make(&format!("m{i:03}"))).collect()
}

#[tokio::test]
async fn a_tag_goes_on_and_off_in_as_few_requests_as_there_can_be() {
    let state = State::with(250);
    let (ghost, fake) = ghost(&state);
    let outcomes = ghost
        .push(&everybody(250, |id| add(id, "engaged:it's")))
        .await
        .unwrap();
    assert_eq!(outcomes, vec![Outcome::Applied; 250]);
    let lines: Vec<String> = fake
        .take()
        .iter()
        .map(|asked| format!("{} {}", asked.method, asked.path))
        .collect();
    let bulk = "PUT members/bulk/";
    assert_eq!(lines, ["GET labels/", "POST labels/", bulk, bulk, bulk]);
    assert!(
        state
            .lock()
            .unwrap()
            .members
            .values()
            .all(|own| *own == ["0"])
    );

    // Once more: nothing doubles, and the outcome is the same.
    let outcomes = ghost
        .push(&everybody(250, |id| add(id, "engaged:it's")))
        .await
        .unwrap();
    assert_eq!(outcomes, vec![Outcome::Applied; 250]);
    assert!(
        state
            .lock()
            .unwrap()
            .members
            .values()
            .all(|own| *own == ["0"])
    );

    let outcomes = ghost
        .push(&everybody(250, |id| remove(id, "engaged:it's")))
        .await
        .unwrap();
    assert_eq!(outcomes, vec![Outcome::Applied; 250]);
    assert!(state.lock().unwrap().members.values().all(Vec::is_empty));
}

#[tokio::test]
async fn what_ghost_cannot_do_is_refused_without_a_request() {
    let (ghost, fake) = ghost(&State::with(1));
    let field = Write::SetField {
        field: "x".into(),
        value: None,
    };
    let outcomes = ghost
        .push(&[
            change("m000", field),
            change("", Write::CreateField { field: "x".into() }),
            remove("m000", "VIP"),
            add("m000", &format!("engaged:{}", "x".repeat(191))),
            add("m000", "engaged:a "),
            add("m'),all:true", "engaged:a"),
            add("", "engaged:a"),
        ])
        .await
        .unwrap();
    assert!(
        outcomes
            .iter()
            .all(|outcome| matches!(outcome, Outcome::Rejected(_))),
        "{outcomes:?}"
    );
    assert_eq!(fake.take().len(), 0);
}

#[tokio::test]
async fn the_gone_are_told_from_those_that_had_the_tag() {
    let state = State::with(2);
    {
        let mut state = state.lock().unwrap();
        state.labels.push("engaged:a".into());
        state.members.insert("m001".into(), vec!["0".into()]);
    }
    let (ghost, _) = ghost(&state);
    let changes = [
        add("gone", "engaged:a"),
        add("m001", "engaged:a"),
        add("m000", "engaged:a"),
    ];
    let outcomes = ghost.push(&changes).await.unwrap();
    assert!(matches!(&outcomes[0], Outcome::Rejected(reason) if reason.contains("gone")));
    assert_eq!(outcomes[1..], [Outcome::Applied, Outcome::Applied]);
}

#[tokio::test]
async fn a_success_that_lists_failures_is_judged_by_row() {
    let state = State::with(3);
    state.lock().unwrap().stuck = 1;
    let (ghost, _) = ghost(&state);
    let outcomes = ghost
        .push(&everybody(3, |id| add(id, "engaged:a")))
        .await
        .unwrap();
    assert!(
        matches!(&outcomes[0], Outcome::Retry(_, None)),
        "{outcomes:?}"
    );
    assert_eq!(outcomes[1..], [Outcome::Applied, Outcome::Applied]);
}

#[tokio::test]
async fn a_tag_that_nobody_has_is_not_made_to_be_taken_off() {
    let state = State::with(1);
    let (ghost, fake) = ghost(&state);
    assert_eq!(
        ghost.push(&[remove("m000", "engaged:a")]).await.unwrap(),
        [Outcome::Applied]
    );
    assert!(fake.take().iter().all(|asked| asked.method == "GET"));
}

#[tokio::test]
async fn an_answer_about_another_label_does_not_say_that_there_is_none() {
    let state = State::with(1);
    {
        let mut state = state.lock().unwrap();
        state.labels = vec!["engaged:a".into(), "engaged:b".into()];
        state.members.insert("m000".into(), vec!["1".into()]);
    }
    let inner = Arc::clone(&state);
    let mut last: Option<Reply> = None;
    let mut repeats = 1;
    let (ghost, _) = Fake::answering(move |asked| {
        let reply = inner.lock().unwrap().answer(asked);
        if asked.path != "labels/" {
            return reply;
        }
        // The cache gives the last answer once more.
        let again = last.take().filter(|_| repeats > 0);
        last = reply.as_ref().ok().map(|reply| Ok(reply.clone()));
        repeats -= usize::from(again.is_some());
        again.unwrap_or(reply)
    });
    let changes = [remove("m000", "engaged:a"), remove("m000", "engaged:b")];
    let outcomes = ghost.push(&changes).await.unwrap();
    assert_eq!(outcomes[0], Outcome::Applied);
    assert!(matches!(outcomes[1], Outcome::Retry(..)), "{outcomes:?}");
    assert_eq!(ghost.push(&changes[1..]).await.unwrap(), [Outcome::Applied]);
    assert!(state.lock().unwrap().members["m000"].is_empty());
}

#[tokio::test]
async fn an_answer_about_other_members_calls_nobody_gone() {
    let state = State::with(2);
    state.lock().unwrap().labels.push("engaged:a".into());
    let inner = Arc::clone(&state);
    let (ghost, fake) = Fake::answering(move |asked| {
        let mut asked = asked.clone();
        if asked.path == "members/" {
            asked.filter = asked.filter.replace("m000", "m001");
        }
        inner.lock().unwrap().answer(&asked)
    });
    // Whoever has the label already makes the connector look.
    state
        .lock()
        .unwrap()
        .members
        .insert("m000".into(), vec!["0".into()]);
    let outcomes = ghost.push(&[add("m000", "engaged:a")]).await.unwrap();
    assert!(
        matches!(outcomes[0], Outcome::Ambiguous(..)),
        "{outcomes:?}"
    );
    assert!(fake.take().iter().any(|asked| asked.path == "members/"));
}

#[tokio::test]
async fn opposite_changes_to_one_tag_wait_for_each_other() {
    let state = State::with(1);
    let (ghost, _) = ghost(&state);
    let changes = [
        add("m000", "engaged:a"),
        remove("m000", "engaged:a"),
        add("m000", "engaged:a"),
    ];
    let outcomes = ghost.push(&changes).await.unwrap();
    assert_eq!(
        (&outcomes[0], &outcomes[2]),
        (&Outcome::Applied, &Outcome::Applied)
    );
    assert!(matches!(outcomes[1], Outcome::Retry(..)));
}

#[tokio::test(start_paused = true)]
async fn an_answer_lost_once_is_asked_for_again() {
    let state = State::with(3);
    let (inner, mut lost) = (Arc::clone(&state), false);
    let (ghost, _) = Fake::answering(move |asked| {
        let reply = inner.lock().unwrap().answer(asked);
        let now = asked.method == "PUT" && !std::mem::replace(&mut lost, asked.method == "PUT");
        if now {
            Err(TransportError::Lost("reset".into()))
        } else {
            reply
        }
    });
    let outcomes = ghost
        .push(&everybody(3, |id| add(id, "engaged:a")))
        .await
        .unwrap();
    assert_eq!(outcomes, vec![Outcome::Applied; 3]);
    assert!(
        state
            .lock()
            .unwrap()
            .members
            .values()
            .all(|own| *own == ["0"])
    );
}

#[tokio::test(start_paused = true)]
async fn answers_that_stay_lost_leave_a_doubt_and_the_rest_waits() {
    let state = State::with(150);
    let (ghost, _) = Fake::answering(move |asked| {
        let reply = state.lock().unwrap().answer(asked);
        let lost = asked.method == "PUT";
        if lost {
            Err(TransportError::Lost("reset".into()))
        } else {
            reply
        }
    });
    let outcomes = ghost.push(&everybody(150, |id| add(id, "engaged:a"))).await;
    let outcomes = outcomes.unwrap();
    assert!(
        outcomes[..100]
            .iter()
            .all(|o| matches!(o, Outcome::Ambiguous(_))),
        "{outcomes:?}"
    );
    assert!(
        outcomes[100..]
            .iter()
            .all(|o| matches!(o, Outcome::Retry(..)))
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_sent_is_an_error_for_all() {
    for status in [401, 403, 429, 500] {
        let (ghost, _) = Fake::answering(move |_| Ok((status, fixture("error-not-allowed"))));
        assert!(
            ghost.push(&[add("m000", "engaged:a")]).await.is_err(),
            "{status}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_taken_away_midway_keeps_what_was_done() {
    let state = State::with(150);
    let mut puts = 0;
    let (ghost, _) = Fake::answering(move |asked| {
        puts += usize::from(asked.method == "PUT");
        if puts > 1 {
            return Ok((401, fixture("error-key-unknown")));
        }
        state.lock().unwrap().answer(asked)
    });
    let outcomes = ghost
        .push(&everybody(150, |id| add(id, "engaged:a")))
        .await
        .unwrap();
    assert_eq!(outcomes[..100], vec![Outcome::Applied; 100]);
    assert!(
        outcomes[100..]
            .iter()
            .all(|o| matches!(o, Outcome::Retry(..)))
    );
}
