use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
    sync::atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;

use super::*;
use crate::{
    config::Language,
    store::{Access, AuditFilter, Conn},
};

mod login;
mod setup;
mod tokens;
mod users;

const NOW: Millis = 1_781_000_000_000;
const HOUR: Millis = 60 * MINUTE;
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
const PASSWORD: &str = "drie blauwe fietsen";

/// A clock that stands where it was put.
struct Standing(AtomicI64);

impl Clock for Standing {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

struct Bench {
    _folder: TempDir,
    path: PathBuf,
    store: Store,
    clock: Arc<Standing>,
    accounts: Accounts,
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engaged.db");
    let clock = Arc::new(Standing(AtomicI64::new(NOW)));
    let store = Store::open(&path, Access::ReadWrite, clock.as_ref()).unwrap();
    let accounts = Accounts::new(store.clone(), Arc::clone(&clock) as Arc<dyn Clock>);
    Bench {
        _folder: folder,
        path,
        store,
        clock,
        accounts,
    }
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

fn operator() -> Actor {
    Actor::Operator("tom".into())
}

impl Bench {
    fn at(&self, now: Millis) {
        self.clock.0.store(now, Ordering::Relaxed);
    }

    async fn link(&self, role: Role) -> SetupLink {
        self.accounts.setup_link(role, &operator()).await.unwrap()
    }

    async fn take(&self, link: &str, name: &str, password: &str) -> Result<NewSession, SetupError> {
        let accounts = &self.accounts;
        accounts
            .use_setup_link(link, name, &secret(password), HERE)
            .await
    }

    async fn user(&self, name: &str, role: Role) -> NewSession {
        let link = self.link(role).await;
        self.take(link.token.reveal(), name, PASSWORD)
            .await
            .unwrap()
    }

    async fn login(&self, name: &str, password: &str) -> Result<NewSession, LoginError> {
        self.accounts.login(name, &secret(password), HERE).await
    }

    async fn is_open(&self, new: &NewSession) -> bool {
        let session = self.accounts.session(new.token.reveal()).await.unwrap();
        session.is_some()
    }

    /// Waits until nothing more is being noted as used.
    async fn settle(&self) {
        while !self.accounts.inner.noting.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    }

    /// What the audit trail says, the oldest first: who did what.
    fn trail(&self) -> Vec<(String, String)> {
        let rows = self
            .store
            .read(|conn| conn.audit_page(None, 1000, &AuditFilter::default()))
            .unwrap();
        let mut rows: Vec<_> = rows.into_iter().map(|row| (row.who, row.what)).collect();
        rows.reverse();
        rows
    }

    fn password(&self, name: &str) -> SecretString {
        let name = name.to_owned();
        let row = self.store.read(|conn| conn.account_named(&name)).unwrap();
        row.unwrap().password
    }
}

#[tokio::test]
async fn no_password_and_no_token_stands_in_the_database() {
    let bench = bench();
    let mut secrets = vec![PASSWORD.to_owned(), "vier gele fietsen".to_owned()];
    let link = bench
        .accounts
        .setup_link(Role::Admin, &operator())
        .await
        .unwrap();
    secrets.push(link.token.reveal().to_owned());
    let unused = bench
        .accounts
        .setup_link(Role::Admin, &operator())
        .await
        .unwrap();
    secrets.push(unused.token.reveal().to_owned());
    let marit = bench
        .accounts
        .use_setup_link(link.token.reveal(), "marit", &secret(PASSWORD), HERE)
        .await
        .unwrap();
    secrets.push(marit.token.reveal().to_owned());
    // A password that was typed where the name belongs.
    bench.login(PASSWORD, "marit").await.unwrap_err();
    bench.login("vier-gele-fietsen", "marit").await.unwrap_err();
    secrets.push("vier-gele-fietsen".to_owned());
    bench.login("marit", "a wrong password").await.unwrap_err();
    secrets.push("a wrong password".to_owned());
    let second = bench.login("marit", PASSWORD).await.unwrap();
    secrets.push(second.token.reveal().to_owned());
    let stepped = bench
        .accounts
        .step_up(&second.session, &secret(PASSWORD))
        .await
        .unwrap();
    secrets.push(stepped.token.reveal().to_owned());
    secrets.push(stepped.session.csrf.as_str().to_owned());
    let changed = bench
        .accounts
        .change_password(
            &stepped.session,
            &secret(PASSWORD),
            &secret("vier gele fietsen"),
        )
        .await
        .unwrap();
    secrets.push(changed.token.reveal().to_owned());
    let api = bench
        .accounts
        .create_token("shop", &[Scope::Events], 90, &Actor::from(&changed.session))
        .await
        .unwrap();
    secrets.push(api.token.reveal().to_owned());
    secrets.push(api.token.reveal().trim_start_matches(API_PREFIX).to_owned());

    let mut bytes = Vec::new();
    for file in std::fs::read_dir(bench.path.parent().unwrap()).unwrap() {
        bytes.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    let holds = |text: &str| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    assert!(
        holds("$argon2id$") && holds("marit"),
        "the database is not in these files"
    );
    for secret in &secrets {
        assert!(!holds(secret), "{secret}");
        let shown = format!("{link:?}{marit:?}{stepped:?}{api:?}");
        assert!(!shown.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn every_event_of_this_kind_is_in_the_audit_trail_and_its_chain_holds() {
    let bench = bench();
    let marit = bench.user("marit", Role::Admin).await;
    let actor = Actor::from(&marit.session);
    bench.login("marit", "a wrong password").await.unwrap_err();
    bench.login("nobody", "a wrong password").await.unwrap_err();
    let second = bench.login("marit", PASSWORD).await.unwrap();
    let wrong = secret("a wrong password");
    bench
        .accounts
        .step_up(&second.session, &wrong)
        .await
        .unwrap_err();
    bench.accounts.logout(&second.session).await.unwrap();
    let third = bench.login("marit", PASSWORD).await.unwrap();
    let accounts = &bench.accounts;
    accounts
        .end_session(third.session.user_id, third.session.id, &actor)
        .await
        .unwrap();
    bench.user("sanne", Role::Viewer).await;
    accounts
        .set_role("sanne", Role::Marketer, &actor)
        .await
        .unwrap();
    let token = accounts
        .create_token("shop", &[Scope::Events], 1, &actor)
        .await
        .unwrap();
    accounts
        .revoke_token(token.listed.id, &actor)
        .await
        .unwrap();
    accounts.disable("sanne", &actor).await.unwrap();
    let new = secret("vier gele fietsen");
    accounts
        .change_password(&marit.session, &secret(PASSWORD), &new)
        .await
        .unwrap();

    let trail = bench.trail();
    let unknown = trail[3].0.clone();
    assert!(
        unknown.starts_with("unknown ") && unknown.len() == 24,
        "{unknown}"
    );
    let expected = [
        ("tom", "setup link"),
        ("marit", "setup link used"),
        ("marit", "login failed"),
        (&unknown, "login failed"),
        ("marit", "login"),
        ("marit", "step-up failed"),
        ("marit", "logout"),
        ("marit", "login"),
        ("marit", "end session"),
        ("tom", "setup link"),
        ("sanne", "setup link used"),
        ("marit", "role"),
        ("marit", "API token"),
        ("marit", "revoke API token"),
        ("marit", "disable user"),
        ("marit", "password"),
    ];
    let trail: Vec<(&str, &str)> = trail
        .iter()
        .map(|(who, what)| (who.as_str(), what.as_str()))
        .collect();
    assert_eq!(trail, expected);
    let chain = bench.store.read(Conn::verify_audit).unwrap();
    assert_eq!((chain.rows, chain.broken_at), (16, None));
}
