//! Every request that the connector makes is one of the published specification.

use std::{collections::BTreeSet, fs, path::Path};

use engaged_connectors::{
    Action, Connector as _, Former, Outcome, Removal, Start, Who, Write,
    mailchimp::{ACTIVITY, COMPLAINTS, CONTACTS, ORDERS},
    model::Status,
};
use serde_json::{Value, json};

use super::{
    fake::{Asked, Fake, LIST, bytes, last, pull_all},
    push::{create, set, tag},
};

/// Where the specification lies beside the workspace.
fn spec() -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/specs/mailchimp.json");
    match fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(error) => {
            println!("skipped: {}: {error}", path.display());
            None
        }
    }
}

/// The operation of a path with its names filled in.
fn operation<'a>(spec: &'a Value, method: &str, path: &str) -> Result<&'a Value, String> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let fits = |template: &&String| {
        let own: Vec<&str> = template.trim_matches('/').split('/').collect();
        own.len() == parts.len()
            && own
                .iter()
                .zip(&parts)
                .all(|(own, part)| own == part || own.starts_with('{'))
    };
    let paths = spec["paths"].as_object().unwrap();
    // A path without names to fill in comes before one with.
    let template = paths
        .keys()
        .filter(fits)
        .min_by_key(|template| template.matches('{').count());
    let template = template.ok_or_else(|| format!("no such path: {path}"))?;
    let found = paths[template].get(method.to_lowercase());
    found.ok_or_else(|| format!("{method} is not known for {template}"))
}

fn check_query(
    operation: &Value,
    query: impl Iterator<Item = (String, String)>,
) -> Result<(), String> {
    let parameters = operation["parameters"].as_array().unwrap();
    for (name, value) in query {
        let known = parameters
            .iter()
            .find(|p| p["in"] == "query" && p["name"] == name.as_str());
        let known = known.ok_or_else(|| format!("no such parameter: {name}"))?;
        let fits = match known["type"].as_str() {
            Some("integer") => value
                .parse::<i64>()
                .is_ok_and(|n| n <= known["maximum"].as_i64().unwrap_or(i64::MAX)),
            Some("boolean") => value.parse::<bool>().is_ok(),
            _ => !value.contains(' '),
        };
        let listed = known["enum"]
            .as_array()
            .is_none_or(|all| all.contains(&json!(value)));
        let parts = known["items"]["enum"].as_array().is_none_or(|all| {
            let mut parts = value.split(',');
            parts.all(|part| all.contains(&json!(part)))
        });
        if !fits || !listed || !parts {
            return Err(format!("{name}={value} is not as documented"));
        }
    }
    Ok(())
}

fn check_body(schema: &Value, body: &Value, place: &str) -> Result<(), String> {
    let kind = schema["type"].as_str().unwrap_or_default();
    let fits = match kind {
        "object" => body.is_object(),
        "array" => body.is_array(),
        "string" => body.is_string(),
        "boolean" => body.is_boolean(),
        "integer" => body.is_i64(),
        "number" => body.is_number(),
        _ => true,
    };
    if !fits {
        return Err(format!("{place} is no {kind}"));
    }
    if let Some(all) = schema["enum"].as_array()
        && !all.contains(body)
    {
        return Err(format!("{place} is none of {all:?}"));
    }
    if let (Some(own), Some(known)) = (body.as_object(), schema["properties"].as_object()) {
        for (name, value) in own {
            let schema = known
                .get(name)
                .ok_or_else(|| format!("{place} has no property {name}"))?;
            check_body(schema, value, name)?;
        }
        let missing = |name: &&Value| !own.contains_key(name.as_str().unwrap());
        if let Some(name) = schema["required"]
            .as_array()
            .and_then(|all| all.iter().find(missing))
        {
            return Err(format!("{place} lacks {name}"));
        }
    }
    for value in body.as_array().into_iter().flatten() {
        check_body(&schema["items"], value, place)?;
    }
    Ok(())
}

fn schema(operation: &Value) -> &Value {
    &operation["requestBody"]["content"]["application/json"]["schema"]
}

/// Checks one request, and the operations inside a batch as requests of their own.
fn check(spec: &Value, asked: &Asked) -> Result<(), String> {
    let own = operation(spec, &asked.method, &asked.path)?;
    check_query(own, asked.query.clone().into_iter())?;
    if asked.method != "GET" {
        check_body(schema(own), &asked.body, "the body")?;
    }
    for inner in asked.body["operations"].as_array().into_iter().flatten() {
        let text = |name: &str| inner[name].as_str().unwrap();
        let own = operation(spec, text("method"), text("path"))?;
        let params = inner["params"].as_object().into_iter().flatten();
        check_query(
            own,
            params.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())),
        )?;
        check_body(
            schema(own),
            &serde_json::from_str(text("body")).unwrap(),
            "the inner body",
        )?;
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn every_request_is_one_of_the_specification() {
    let Some(spec) = spec() else { return };
    let fake = Fake::new();
    let report = json!({"id": "c1", "campaign_title": "x", "list_id": LIST, "send_time": "2026-01-01T00:00:00+00:00",
        "emails_sent": 1, "unsubscribed": 1,
        "bounces": {"hard_bounces": 0, "soft_bounces": 0, "syntax_errors": 0},
        "opens": {"opens_total": 1, "unique_opens": 1}, "clicks": {"clicks_total": 1, "unique_clicks": 1}});
    fake.set("reports", vec![report]);
    for name in ["sent-to", "open-details", "email-activity", "unsubscribed"] {
        fake.set(&format!("reports/c1/{name}"), vec![]);
    }
    for name in ["members", "abuse-reports", "merge-fields"] {
        fake.set(&format!("lists/{LIST}/{name}"), vec![]);
    }
    fake.set("ecommerce/orders", vec![]);
    let connector = fake.connector();
    connector.check().await.unwrap();
    for stream in [CONTACTS, ACTIVITY, COMPLAINTS, ORDERS] {
        let pages = pull_all(&connector, stream, None).await.unwrap();
        fake.change(|account| {
            let report = &mut account.rows.get_mut("reports").unwrap()[0];
            report["opens"] = json!({"opens_total": 2, "unique_opens": 1, "last_open": stream.0});
            report["clicks"]["clicks_total"] = json!(if stream == ACTIVITY { 2 } else { 1 });
        });
        pull_all(&connector, stream, last(&pages)).await.unwrap();
    }
    let removal = Write::RemoveTag {
        tag: "engaged:cold".into(),
    };
    let removal = engaged_connectors::Change {
        write: removal,
        ..tag(3, "x")
    };
    let changes = [
        create("ENGSCORE"),
        set(1, Some("1")),
        set(2, None),
        tag(2, "engaged:hot"),
        removal,
    ];
    connector.push(&changes).await.unwrap();
    connector.fields().await.unwrap();

    let asked = fake.asked.lock().unwrap().clone();
    let mut seen = BTreeSet::new();
    for asked in asked
        .iter()
        .filter(|asked| asked.host != "archives.example")
    {
        seen.insert(asked.path.clone());
        check(&spec, asked)
            .unwrap_or_else(|wrong| panic!("{} {}: {wrong}", asked.method, asked.path));
        assert!(
            asked
                .query
                .get("fields")
                .is_none_or(|fields| !fields.contains(' '))
        );
    }
    assert!(seen.len() >= 14, "{seen:?}");
    assert!(asked.iter().any(|asked| asked.query.contains_key("since")));
    assert!(
        asked
            .iter()
            .any(|asked| asked.query.contains_key("since_last_changed"))
    );
}

/// One member as both requests and answers below have it, in a status.
fn member(status: &str) -> Value {
    json!({"id": "5".repeat(32), "contact_id": "1".repeat(32), "email_address": "reader1@example.org",
        "status": status, "merge_fields": {}, "tags_count": 51, "tags": [{"id": 1, "name": "a"}]})
}

#[tokio::test(start_paused = true)]
async fn every_request_of_starts_and_removals_is_one_of_the_specification() {
    let Some(spec) = spec() else { return };
    let fake = Fake::new();
    let report = json!({"id": "c1", "type": "regular"});
    fake.set("reports", vec![report]);
    let mut status = "subscribed";
    fake.hook(move |_, asked| {
        let status_now = status;
        match asked.method.as_str() {
            "PATCH" | "PUT" => status = if asked.body["status"] == "subscribed" { "subscribed" } else { "unsubscribed" },
            "DELETE" => status = "archived",
            _ => {}
        }
        let answer = match (asked.method.as_str(), asked.path.rsplit('/').next()?) {
            ("POST" | "DELETE", _) => return Some(Ok((204, Vec::new()))),
            ("GET", "activity-feed") => json!({"activity": [
                {"activity_type": "open", "created_at_timestamp": "2026-11-01T08:00:00+00:00", "campaign_id": "c1"},
            ]}),
            ("GET", "tags") => json!({"tags": [{"id": 1, "name": "a"}], "total_items": 1}),
            ("GET", path) if path == "5".repeat(32) => json!({"opens": []}),
            ("GET", path) if path == "1".repeat(32) => member(status_now),
            ("PATCH" | "PUT", _) => member(status),
            _ => return None,
        };
        Some(Ok((200, bytes(&answer))))
    });
    let connector = fake.connector();
    let who = Who {
        contact: format!("{LIST}:{}", "1".repeat(32)),
        email: None,
    };
    let start = |action| Start {
        contact: who.contact.clone(),
        email: set(1, None).email,
        key: "a:1".into(),
        action,
    };
    let starts = [
        start(Action::Automation("journey 1 step 2".into())),
        start(Action::Event("gone quiet".into())),
    ];
    let mut outcomes = connector.start(&starts).await.unwrap();
    let looks = connector.look(std::slice::from_ref(&who)).await.unwrap();
    // An answer lists 50 tags at most; the rest is asked for, so that an export has all of them.
    let contact = &looks[0].as_ref().unwrap().contact;
    assert_eq!(contact.tags, Some(vec!["a".to_owned()]));
    for removal in [Removal::Unsubscribe, Removal::Archive, Removal::Delete] {
        let removed = connector.remove(std::slice::from_ref(&who), removal).await;
        outcomes.extend(removed.unwrap());
        if removal != Removal::Delete {
            let former = Former {
                who: who.clone(),
                removal,
                status: Status::Subscribed,
                lists: vec![],
                tags: vec!["a".into(), "b".into()],
            };
            outcomes.extend(connector.restore(&[former]).await.unwrap());
        }
    }
    assert_eq!(outcomes, vec![Outcome::Applied; 7]);
    let asked = fake.asked.lock().unwrap().clone();
    let mut seen = BTreeSet::new();
    for asked in &asked {
        check(&spec, asked)
            .unwrap_or_else(|wrong| panic!("{} {}: {wrong}", asked.method, asked.path));
        seen.insert((asked.method.clone(), asked.path.clone()));
    }
    assert_eq!(seen.len(), 13, "{seen:#?}");
}

/// The fixtures show what Mailchimp answers only if its specification knows every property.
#[test]
fn every_fixture_has_the_shape_of_the_specification() {
    let Some(spec) = spec() else { return };
    let fixtures = [
        ("lists", "lists"),
        ("campaign-", "campaigns/x"),
        ("members", "lists/x/members"),
        ("reports", "reports"),
        ("sent-to", "reports/x/sent-to"),
        ("open-details", "reports/x/open-details"),
        ("email-activity", "reports/x/email-activity"),
        ("unsubscribed", "reports/x/unsubscribed"),
        ("abuse-reports", "lists/x/abuse-reports"),
        ("orders", "ecommerce/orders"),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/mailchimp");
    let mut checked = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
        // Beside answers there is what they mean, and what users set.
        if file.ends_with("-odd") || file == "settings" || path.is_dir() {
            continue;
        }
        let (_, target) = fixtures
            .iter()
            .find(|(name, _)| file.starts_with(name))
            .unwrap();
        let own = operation(&spec, "GET", target).unwrap();
        let body: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let schema = &own["responses"]["200"]["schema"];
        check_body(schema, &body, &file).unwrap_or_else(|wrong| panic!("{file}: {wrong}"));
        checked += 1;
    }
    assert!(checked >= 7);
}

#[test]
fn the_check_itself_notices_what_is_wrong() {
    let Some(spec) = spec() else { return };
    let ask = |method: &str, path: &str, query: &[(&str, &str)], body: Value| Asked {
        method: method.into(),
        host: String::new(),
        path: path.into(),
        query: query
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        headers: http::HeaderMap::new(),
        body,
    };
    assert!(
        check(
            &spec,
            &ask("GET", "lists", &[("count", "1000")], Value::Null)
        )
        .is_ok()
    );
    let wrong = [
        ask("GET", "listz", &[], Value::Null),
        ask("GET", "lists", &[("count", "1001")], Value::Null),
        ask("GET", "lists", &[("limit", "1")], Value::Null),
        ask("GET", "lists/x/members", &[("status", "gone")], Value::Null),
        ask("POST", "batches", &[], json!({})),
        ask(
            "POST",
            "batches",
            &[],
            json!({"operations": [{"method": "PATCH", "path": "/lists/a/members/b",
            "body": r#"{"merge_fields":{},"state":"x"}"#}]}),
        ),
    ];
    for asked in wrong {
        assert!(check(&spec, &asked).is_err(), "{asked:?}");
    }
}
