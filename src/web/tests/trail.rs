//! S24: every route by which something is done, what of it stands in the audit trail, and that looking leaves nothing.

use std::{collections::BTreeSet, fs, time::Duration};

use http::{Method, StatusCode};

use super::filled;
use crate::{
    account::{Actor, Role, Scope},
    automation::EntryState,
    publish::fingerprint,
    score::facts::ConnectionId,
    store::{AuditFilter, Conn, EntriesWanted, StoreError, Tx},
    web::{
        access::{Access, Route},
        stage::{PASSWORD, POLICY, Site},
    },
};

/// What routes are about beside a list to clean: a series, a list for people, somebody who is told of alerts.
const MORE: &str = r#"
approve = "two people"
[alerts]
url = "http://127.0.0.1:9/alerts"
key = { env = "KEY" }
[[automations]]
name = "Fans"
when = "engagement > -1000"
start = { connection = "shop", tag = "fan" }
[[automations]]
name = "Calls"
when = "engagement > -1000"
settle = "0 minutes"
start = { handover = "calls" }
"#;

const ANOTHER: &str = "another long password of tests";

/// What is sent: a field and its value.
type Form = &'static [(&'static str, &'static str)];

/// A route of the dashboard with its form, and the rows that it leaves in the trail. Words in braces are looked up when
/// it is asked; of `{PAGE#FIELD}` it is the page's hidden field. Without a row is what concerns its own user's screen
/// alone, a draft, which is kept with its author and shown to all, and the password typed again, which opens nothing by
/// itself; a wrong one has its row.
const FORMS: [(&str, Form, &[&str]); 46] = [
    ("/language", &[("language", "nl")], &[]),
    (
        "/login",
        &[("name", "{name}"), ("password", PASSWORD)],
        &["login"],
    ),
    (
        "/login",
        &[("name", "{name}"), ("password", "wrong")],
        &["login failed"],
    ),
    (
        "/setup/{link}",
        &[("name", "eva"), ("password", PASSWORD), ("again", PASSWORD)],
        &["setup link used"],
    ),
    ("/confirm", &[("password", PASSWORD)], &[]),
    ("/confirm", &[("password", "wrong")], &["step-up failed"]),
    ("/logout", &[], &["logout"]),
    (
        "/settings/preferences",
        &[("language", "en"), ("theme", "dark")],
        &[],
    ),
    (
        "/settings/password",
        &[("present", PASSWORD), ("new", ANOTHER), ("again", ANOTHER)],
        &["password"],
    ),
    (
        "/settings/sessions/end",
        &[("session", "{session}")],
        &["end session"],
    ),
    (
        "/settings/users/invite",
        &[("role", "viewer")],
        &["setup link"],
    ),
    (
        "/settings/users/role",
        &[("name", "eva"), ("role", "marketer")],
        &["role"],
    ),
    (
        "/settings/users/disable",
        &[("name", "eva")],
        &["disable user"],
    ),
    (
        "/settings/tokens",
        &[("name", "crm"), ("days", "30"), ("scope", "read")],
        &["API token"],
    ),
    (
        "/settings/tokens/revoke",
        &[("token", "1")],
        &["revoke API token"],
    ),
    ("/settings/alerts/test", &[], &["test alert"]),
    ("/settings/reload", &[], &["ask reload"]),
    ("/sync/run", &[("connection", "shop")], &["ask sync"]),
    (
        "/cleaning/plan",
        &[("policy", "sunset")],
        &["ask clean plan"],
    ),
    (
        "/cleaning/keep",
        &[("policy", "sunset"), ("contact", "{silent}")],
        &["ask clean keep", "clean keep", "ask clean plan"],
    ),
    (
        "/cleaning/apply",
        &[
            ("plan", "{plan}"),
            ("looked", "{/cleaning/plan/{plan}/review#looked}"),
        ],
        &["ask clean apply", "clean"],
    ),
    (
        "/cleaning/confirm",
        &[("batch", "1")],
        &["ask clean confirm", "clean confirm"],
    ),
    (
        "/cleaning/undo",
        &[("batch", "1")],
        &["ask clean undo", "clean undo"],
    ),
    (
        "/automations/backfill",
        &[
            ("name", "Fans"),
            ("seen", "{/automations/backfill?name=Fans#seen}"),
        ],
        &["backfill"],
    ),
    (
        "/automations/backfill",
        &[
            ("name", "Calls"),
            ("seen", "{/automations/backfill?name=Calls#seen}"),
        ],
        &["backfill"],
    ),
    (
        "/contacts/{contact}/adjust",
        &[
            ("score", "engagement"),
            ("points", "-5"),
            ("until", "2026-09-01"),
            ("reason", "by telephone"),
        ],
        &["adjust", "ask score"],
    ),
    (
        "/contacts/{contact}/withdraw",
        &[("number", "1")],
        &["withdraw adjustment", "ask score"],
    ),
    (
        "/contacts/export",
        &[("format", "csv")],
        &["export contacts", "exported contacts"],
    ),
    (
        "/automations/resolve",
        &[("entry", "{in doubt}"), ("word", "drop")],
        &["resolve"],
    ),
    (
        "/automations/leads",
        &[("entry", "{handed over}"), ("answer", "accept")],
        &["answer lead"],
    ),
    ("/push/plan", &[], &["ask plan"]),
    ("/push/apply", &[("fingerprint", "{plan}")], &["ask apply"]),
    (
        "/push/approve",
        &[
            ("guard", "{/push#guard}"),
            ("connection", "{/push#connection}"),
            ("shown", "{/push#shown}"),
        ],
        &["approve"],
    ),
    ("/push/retry", &[("connection", "shop")], &["ask retry"]),
    ("/push/pause", &[], &["pause"]),
    ("/push/resume", &[], &["resume"]),
    ("/push/rejected.csv", &[("connection", "1")], &["export"]),
    ("/privacy/check", &[], &["check audit trail"]),
    ("/rules/edit", DRAFT, &[]),
    (
        "/rules/discard",
        &[
            ("file", "engaged.toml"),
            ("seen", "{/rules/edit?file=engaged.toml#seen}"),
        ],
        &["discard draft"],
    ),
    ("/rules/edit", DRAFT, &[]),
    (
        "/rules/publish",
        &[
            ("file", "engaged.toml"),
            (
                "looked_at",
                "{/rules/edit?file=engaged.toml&look=preview#looked_at}",
            ),
            ("reason", "clicks count more"),
        ],
        &["ask publish", "published", "ask score"],
    ),
    (
        "/rules/publications/1",
        &[("reason", "they do not")],
        &["ask roll back", "published", "ask score"],
    ),
    // Refused for good: nothing waits and nothing was done, and who asked stands there all the same.
    ("/cleaning/undo", &[("batch", "1")], &["ask clean undo"]),
    (
        "/cleaning/confirm",
        &[("batch", "1")],
        &["ask clean confirm"],
    ),
    ("/push/apply", &[("fingerprint", "none")], &["ask apply"]),
];

const DRAFT: Form = &[
    ("file", "engaged.toml"),
    ("text", "{edited}"),
    ("base", "{base}"),
    ("seen", ""),
];

/// An operation of the API that does something, or is asked with a body, and the rows that it leaves. What events bring
/// stands in the log of runs.
const CALLS: [(&str, &str, &[&str]); 6] = [
    (
        "/api/v1/contacts/lookup",
        r#"{"email":"nobody@example.nl"}"#,
        &[],
    ),
    (
        "/api/v1/events",
        r#"{"connection":"till","rows":[{"email":"jan@example.nl","kind":"click","at":"2026-06-01T10:00:00Z"}]}"#,
        &[],
    ),
    ("/api/v1/plans", "{}", &["ask plan"]),
    ("/api/v1/plans/{plan}/apply", "", &["ask apply"]),
    ("/api/v1/guards/{guard}/approve", "{}", &["approve"]),
    (
        "/api/v1/automations/entries/{in doubt}/resolve",
        r#"{"word":"drop"}"#,
        &["resolve"],
    ),
];

/// Whether a path is one of a route's.
fn is_of(path: &str, route: &Route) -> bool {
    let parts = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
    let (path, wanted) = (parts(path), parts(route.path));
    let mut pairs = path.iter().zip(&wanted);
    route.method != Method::GET
        && path.len() == wanted.len()
        && pairs.all(|(part, want)| want.starts_with('{') || part == want)
}

fn trail(site: &Site) -> Vec<String> {
    let store = site.web.store();
    let rows = store.read(|conn| conn.audit_page(None, 10_000, &AuditFilter::default()));
    rows.unwrap()
        .into_iter()
        .rev()
        .map(|row| row.what)
        .collect()
}

fn first(conn: &Conn, state: EntryState) -> Result<Option<i64>, StoreError> {
    let wanted = EntriesWanted {
        state: Some(state),
        limit: 1,
        ..EntriesWanted::default()
    };
    let found = conn.entries_page(&wanted)?;
    Ok(found.first().map(|each| each.entry))
}

/// An entry in a state; one is put into doubt where that is the state.
fn entry(site: &Site, state: EntryState) -> String {
    let store = site.web.store();
    if state == EntryState::InDoubt {
        let doubt = move |tx: &Tx| {
            let waits = first(tx, EntryState::Ready)?;
            let any = waits.or(first(tx, EntryState::Started)?).expect("an entry");
            tx.set_entry(any, EntryState::InDoubt, None, 1_781_500_000_000)
        };
        store.write(doubt).unwrap();
    }
    let found = store.read(|conn| first(conn, state)).unwrap();
    found.expect("an entry").to_string()
}

/// What a word in braces means now.
async fn meant(site: &Site, cookie: &str, word: &str) -> String {
    let file = site.folder.path().join("engaged.toml");
    let plans = site.web.desk.plans();
    let plan = plans.first().map(|kept| kept.fingerprint.clone());
    let users = site.web.accounts.users().await.unwrap();
    // Whose cookie it is.
    let newest = users.iter().max_by_key(|user| user.id.0).unwrap();
    match word {
        "name" => newest.name.clone(),
        "link" => {
            let test = Actor::Operator("test".to_owned());
            let link = site.web.accounts.setup_link(Role::Viewer, &test).await;
            link.unwrap().token.reveal().to_owned()
        }
        "session" => {
            let open = site.web.accounts.sessions(newest.id).await.unwrap();
            open[0].id.0.to_string()
        }
        "contact" => "1".to_owned(),
        "silent" => match &plans.first().unwrap().plan {
            crate::desk::kept::AnyPlan::Cleaning(plan) => plan.steps[0].contact.0.to_string(),
            crate::desk::kept::AnyPlan::Push(_) => panic!("no plan of cleaning"),
        },
        "in doubt" => entry(site, EntryState::InDoubt),
        "handed over" => entry(site, EntryState::HandedOver),
        "guard" => {
            let (on, now) = (Some(ConnectionId(1)), 1_781_500_000_000);
            let trip = move |tx: &Tx| tx.trip_guard("max_starts", on, "", "too many", now);
            site.web.store().write(trip).unwrap();
            "max_starts".to_owned()
        }
        "plan" => plan.unwrap(),
        "edited" => {
            let text = fs::read_to_string(file).unwrap();
            text.replace(
                r#"when = "click", points = 3"#,
                r#"when = "click", points = 4"#,
            )
        }
        "base" => fingerprint(&fs::read_to_string(file).unwrap()),
        page => {
            let page = page.replace("{plan}", &plan.unwrap_or_default());
            let (page, field) = page.split_once('#').unwrap();
            site.get(cookie, page).await.hidden(field)
        }
    }
}

/// A text with what its words in braces mean.
async fn looked_up(site: &Site, cookie: &str, text: &str) -> String {
    match (text.find('{'), text.rfind('}')) {
        (Some(from), Some(to)) if !text.starts_with("{\"") && text != "{}" => {
            let word = meant(site, cookie, &text[from + 1..to]).await;
            [&text[..from], &word, &text[to + 1..]].concat()
        }
        _ => text.to_owned(),
    }
}

/// Waits until all that was asked is over.
async fn settle(site: &Site) {
    for task in site.web.desk.tasks() {
        let over = site.web.desk.wait(task.id, Duration::from_mins(2)).await;
        assert!(over.unwrap().is_over());
    }
}

async fn site() -> Site {
    Site::shop(60, &[POLICY, MORE].concat()).await
}

// S24.
#[tokio::test]
async fn every_route_that_does_something_leaves_its_row_in_the_audit_trail_or_is_known_not_to() {
    let site = site().await;
    let posts = site
        .table
        .iter()
        .filter(|route| route.method != Method::GET);
    let mut left: BTreeSet<String> = posts.map(|route| route.path.to_owned()).collect();
    let routes = left.len();
    let mut faults = Vec::new();
    let mut asked =
        |path: &str, (before, after): (&[String], Vec<String>), rows: &[&str], answer: String| {
            let new = after.strip_prefix(before).unwrap();
            if new != rows {
                faults.push(format!("{path}: {new:?} and not {rows:?}: {answer}"));
            }
            let of = site.table.iter().filter(|route| is_of(path, route));
            let of: Vec<&Route> = of.collect();
            assert_eq!(of.len(), 1, "{path}");
            left.remove(of[0].path);
        };
    for (path, form, rows) in FORMS {
        // Each with an account of its own: some end their session.
        let cookie = site.cookie(Role::Admin).await;
        let cookie = site.step_up(&cookie).await;
        let to = looked_up(&site, &cookie, path).await;
        let mut of = site.table.iter().filter(|route| is_of(path, route));
        let stranger = of.next().is_some_and(|route| route.access == Access::Open);
        let mut fields = Vec::new();
        for (field, value) in form {
            fields.push((*field, looked_up(&site, &cookie, value).await));
        }
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(field, value)| (*field, value.as_str()))
            .collect();
        settle(&site).await;
        let before = trail(&site);
        let cookie = if stranger { "" } else { &cookie };
        let answer = site.post(cookie, &to, &fields).await;
        settle(&site).await;
        let answer = format!("{} {} {}", answer.status, answer.location(), answer.body);
        asked(path, (&before[..], trail(&site)), rows, answer);
    }
    let token = site.token(&Scope::ALL).await;
    for (path, body, rows) in CALLS {
        let to = looked_up(&site, "", path).await.replace(' ', "%20");
        let before = trail(&site);
        let answer = site.call(&token, Method::POST, &to, body).await;
        settle(&site).await;
        let answer = format!("{} {}", answer.status, answer.body);
        asked(path, (&before[..], trail(&site)), rows, answer);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(left.is_empty(), "routes that nobody looked at: {left:?}");
    assert!(routes > 40, "only {routes} routes");
    let chain = site.web.store().read(Conn::verify_audit).unwrap();
    assert_eq!(chain.broken_at, None);
}

// S24.
#[tokio::test]
async fn no_route_by_which_somebody_looks_leaves_anything_in_the_audit_trail() {
    let site = site().await;
    let token = site.token(&Scope::ALL).await;
    let cookie = site.cookie(Role::Admin).await;
    let before = trail(&site);
    let mut seen = 0;
    for route in site
        .table
        .iter()
        .filter(|route| route.method == Method::GET)
    {
        let path = filled(route.path);
        let answer = match route.access {
            Access::Token(_) => site.call(&token, Method::GET, &path, "").await,
            _ => site.get(&cookie, &path).await,
        };
        seen += u32::from(answer.status == StatusCode::OK);
        assert_eq!(trail(&site), before, "{path}");
    }
    assert!(seen > 20, "{seen}");
    assert!(site.web.desk.tasks().is_empty() && site.writes().is_empty());
}
