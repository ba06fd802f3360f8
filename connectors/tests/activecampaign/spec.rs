//! Every request against the published specification, where it is at hand. What it does not know is named here with the
//! place of the sheet that does.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use chrono::TimeDelta;
use engaged_connectors::{
    Connector as _, Removal,
    activecampaign::{BOUNCES, CONTACTS, ORDERS, REPORTS, UNSUBSCRIBES},
};
use serde_json::{Value, json};

use super::{
    fake::{Asked, BEFORE, Fake, last, pull_all},
    writing::{create, set, start, tag, untag, who},
};

/// Requests that are in use and undocumented (sheet 3, 4, 6).
const UNDOCUMENTED: [&str; 4] = [
    "bounceLogs",
    "contactLists",
    "links/{id}/linkData",
    "contacts/{id}/contactTags",
];
/// Parameters of every list (sheet 3), and orders that the platform may ignore (sheet 4.4).
const PARAMETERS: [&str; 3] = ["limit", "offset", "bounceLogs orders[id]"];

fn spec() -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/specs/activecampaign.json");
    match fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).unwrap()),
        Err(error) => {
            println!("skipped: {}: {error}", path.display());
            None
        }
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (own, parts) = (template.trim_matches('/').split('/'), path.split('/'));
    own.clone().count() == parts.clone().count()
        && own
            .zip(parts)
            .all(|(own, part)| own == part || own.starts_with('{'))
}

fn check(spec: &Value, asked: &Asked) -> Result<(), String> {
    if asked.method == "GET" && UNDOCUMENTED.iter().any(|own| fits(own, &asked.path)) {
        let known = |name: &String| {
            let full = format!("{} {name}", asked.path);
            PARAMETERS.iter().any(|own| own == name || *own == full)
        };
        return match asked.query.keys().find(|name| !known(name)) {
            Some(name) => Err(format!("no such parameter: {name}")),
            None => Ok(()),
        };
    }
    let paths = spec["paths"].as_object().unwrap();
    let template = paths
        .keys()
        .filter(|template| fits(template, &asked.path))
        .filter(|template| paths[*template].get(asked.method.to_lowercase()).is_some())
        .min_by_key(|template| template.matches('{').count());
    let template = template.ok_or("no such operation")?;
    let operation = &paths[template][asked.method.to_lowercase()];
    let known = |name: &str| {
        let all = operation["parameters"].as_array().into_iter().flatten();
        all.clone().any(|own| own["name"] == name) || PARAMETERS.contains(&name)
    };
    if let Some(name) = asked.query.keys().find(|name| !known(name)) {
        return Err(format!("no such parameter: {name}"));
    }
    if asked.method == "POST" || asked.method == "PUT" {
        let content = &operation["requestBody"]["content"]["application/json"];
        check_body(&content["schema"], &asked.body)?;
    }
    Ok(())
}

fn check_body(schema: &Value, body: &Value) -> Result<(), String> {
    let Some(own) = body.as_object() else {
        return Ok(());
    };
    let known = schema["properties"]
        .as_object()
        .ok_or("an object is not known here")?;
    for (name, value) in own {
        check_body(known.get(name).ok_or(format!("no property {name}"))?, value)?;
    }
    let required = schema["required"].as_array().into_iter().flatten();
    for name in required {
        if !own.contains_key(name.as_str().unwrap()) {
            return Err(format!("{name} is missing"));
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn every_request_is_one_of_the_specification_or_named_as_undocumented() {
    let Some(spec) = spec() else { return };
    let fake = Fake::new();
    fake.join(1, &[(1, "1")]);
    fake.join(2, &[(1, "1"), (2, "2")]);
    fake.set(
        "campaigns",
        vec![
            json!({"id": "31", "sdate": BEFORE, "send_amt": "1", "opens": "1", "uniqueopens": "1", "linkclicks": "0",
                "subscriberclicks": "0"}),
        ],
    );
    fake.set(
        "campaigns/31/links",
        vec![json!({"id": "7", "link": "open", "name": "Read Tracker"})],
    );
    fake.set(
        "links/7/linkData",
        vec![json!({"contact": "1", "tstamp": BEFORE})],
    );
    let connector = fake.connector();
    connector.check().await.unwrap();
    for stream in [CONTACTS, REPORTS, BOUNCES, UNSUBSCRIBES, ORDERS] {
        let pages = pull_all(&connector, stream, None).await.unwrap();
        fake.pass(TimeDelta::hours(1));
        pull_all(&connector, stream, last(&pages)).await.unwrap();
    }
    let changes = [
        create(),
        set(1, Some("1")),
        tag(1, "engaged:hot"),
        untag(1, "engaged:hot"),
    ];
    connector.push(&changes).await.unwrap();
    connector.start(&[start(1, "automation 7")]).await.unwrap();
    connector.look(&[who(1)]).await.unwrap();
    connector
        .remove(&[who(1)], Removal::Unsubscribe)
        .await
        .unwrap();
    connector.remove(&[who(1)], Removal::Delete).await.unwrap();
    let mut seen = BTreeSet::new();
    for asked in fake.take() {
        let what = format!("{} {}", asked.method, asked.path);
        check(&spec, &asked).unwrap_or_else(|wrong| panic!("{what} {:?}: {wrong}", asked.query));
        seen.insert(what);
    }
    assert!(seen.len() >= 28, "{seen:#?}");
    for (method, path) in [
        ("GET", "contactz"),
        ("DELETE", "tags"),
        ("POST", "contacts/1"),
    ] {
        let odd = Asked {
            method: method.into(),
            path: path.into(),
            ..asked()
        };
        assert!(check(&spec, &odd).is_err(), "{odd:?}");
    }
    let odd = Asked {
        method: "PUT".into(),
        path: "contacts/1".into(),
        body: json!({"contact": {"status": 1}}),
        ..asked()
    };
    assert!(check(&spec, &odd).is_err());
}

fn asked() -> Asked {
    Asked {
        method: "GET".into(),
        path: String::new(),
        query: BTreeMap::default(),
        headers: http::HeaderMap::new(),
        body: Value::Null,
    }
}
