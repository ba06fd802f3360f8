//! Who may use the dashboard and the API, said on the command line beside a running daemon.

use std::{net::IpAddr, sync::Arc};

use engaged::{
    account::{Accounts, Role, Scope, SetupError},
    clock::SystemClock,
    store::{Access, Store},
};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::program::Program;

const CONFIG: &str = r#"
timezone = "Europe/Amsterdam"
[web]
public_url = "https://engaged.example"
[scores.engagement]
rules = [ { when = "click", points = 10 } ]
bands = [ { name = "hot", from = 10 }, { name = "cool" } ]
"#;

const PASSWORD: &str = "drie blauwe fietsen";

/// The program in a folder whose database somebody else writes, and what that one knows.
struct Beside {
    program: Program,
    accounts: Accounts,
    runtime: Runtime,
}

fn beside() -> Beside {
    let program = Program::with(CONFIG);
    let database = program.path().join("engaged.db");
    let store = Store::open(&database, Access::ReadWrite, &SystemClock).unwrap();
    Beside {
        program,
        accounts: Accounts::new(store, Arc::new(SystemClock)),
        runtime: Runtime::new().unwrap(),
    }
}

impl Beside {
    /// Uses a link that the program printed.
    fn take(&self, url: &str, name: &str) -> Result<Role, SetupError> {
        let token = url.strip_prefix("https://engaged.example/setup/").unwrap();
        let (password, from) = (PASSWORD.into(), IpAddr::from([127, 0, 0, 1]));
        let used = self.accounts.use_setup_link(token, name, &password, from);
        self.runtime.block_on(used).map(|new| new.session.role)
    }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

#[test]
fn a_setup_link_printed_beside_the_daemon_makes_one_user() {
    let beside = beside();
    let program = &beside.program;
    let empty = program.expect(0, &["web", "users"]).out;
    assert!(empty.contains("engaged web setup-link"), "{empty}");
    program.expect(2, &["web", "setup-link", "--role", "marketer"]);
    program.expect(2, &["web", "setup-link", "--role", "owner"]);

    let link = program.json(&["web", "setup-link"]);
    assert_eq!(beside.take(text(&link, "url"), "Tom").unwrap(), Role::Admin);
    let again = beside.take(text(&link, "url"), "mallory");
    assert!(matches!(again, Err(SetupError::Spent)));
    let printed = program
        .expect(0, &["web", "setup-link", "--role", "marketer"])
        .out;
    let url = printed.lines().next().unwrap();
    assert_eq!(beside.take(url, "marit").unwrap(), Role::Marketer);

    let users = program.json(&["web", "users"]);
    let users = users["users"].as_array().unwrap();
    let named: Vec<_> = users
        .iter()
        .map(|user| (text(user, "name"), text(user, "role")))
        .collect();
    assert_eq!(named, [("marit", "marketer"), ("tom", "admin")]);

    program.expect(2, &["web", "disable", "nobody"]);
    let last = program.expect(0, &["web", "disable", "TOM"]).out;
    assert!(last.contains("no admin is left"), "{last}");
    let password = PASSWORD.into();
    let login = beside
        .accounts
        .login("tom", &password, IpAddr::from([127, 0, 0, 1]));
    beside.runtime.block_on(login).unwrap_err();
    program.expect(0, &["verify"]);
}

#[test]
fn a_token_is_printed_once_and_revoked_by_its_number() {
    let beside = beside();
    let program = &beside.program;
    let made = program.json(&[
        "web", "token", "shop", "--scope", "events", "read", "--scope", "read", "--days", "7",
    ]);
    let secret = text(&made, "token");
    let good = || {
        beside
            .runtime
            .block_on(beside.accounts.token(secret))
            .unwrap()
    };
    assert_eq!(good().unwrap().scopes, [Scope::Read, Scope::Events]);
    assert_eq!(
        good().unwrap().expires_at - good().unwrap().created_at,
        7 * 24 * 3_600_000
    );

    for words in [
        &["web", "token", "shop"][..],
        &["web", "token", "shop", "--scope", "admin"],
        &["web", "token", "shop", "--scope", "read", "--days", "367"],
        &["web", "token", "  ", "--scope", "read"],
        &["web", "revoke", "99"],
    ] {
        program.expect(2, words);
    }
    for listed in [
        program.expect(0, &["web", "tokens"]).out,
        program.expect(0, &["web", "tokens", "--json"]).out,
    ] {
        assert!(
            listed.contains("shop") && !listed.contains(secret),
            "{listed}"
        );
        assert!(!listed.contains(&secret[5..12]), "{listed}");
    }
    let number = made["id"].to_string();
    program.expect(0, &["web", "revoke", &number]);
    assert!(good().is_none());
    program.expect(2, &["web", "revoke", &number]);
}

#[test]
fn verify_finds_an_audit_trail_that_was_edited() {
    let program = Program::with(CONFIG);
    program.expect(0, &["score"]);
    program.expect(0, &["pause"]);
    program.expect(0, &["resume"]);
    program.expect(0, &["verify"]);
    let conn = rusqlite::Connection::open(program.path().join("engaged.db")).unwrap();
    let edit =
        "drop trigger audit_is_not_changed; update audit set who = 'nobody' where what = 'pause'";
    conn.execute_batch(edit).unwrap();
    drop(conn);
    let run = program.expect(9, &["verify"]);
    assert!(
        run.out.contains("the audit trail is broken: row 1 "),
        "{}",
        run.out
    );
}

#[test]
fn without_a_dashboard_there_is_no_link_to_it() {
    let program =
        Program::with(&CONFIG.replace("[web]\npublic_url = \"https://engaged.example\"\n", ""));
    program.expect(0, &["score"]);
    let run = program.expect(2, &["web", "setup-link"]);
    assert!(run.err.contains("[web]"), "{}", run.err);
}
