//! `[webhooks]` and each connection's `webhook`: where platforms report by themselves, and what shows that it is them.

use std::{net::SocketAddr, path::Path};

use url::Url;

use super::{
    Platform, SecretSource, code,
    connections::address_to_call,
    found::Found,
    secret, time,
    tree::{Entry, Node, Table},
    web,
};
use crate::{
    diagnostic::{Diagnostic, Place},
    score::calendar::Millis,
};

/// Where the listener is unless told otherwise.
const LISTEN: &str = "127.0.0.1:8426";
/// Where published keys are looked up unless told otherwise (decision 22).
const RESOLVER: &str = "https://cloudflare-dns.com/dns-query";
/// So long a silence is suspicious.
const SILENT_MS: Millis = 7 * 86_400_000;
const SILENT_HELP: &str = "write minutes, hours or days: silent_after = \"7 days\"";

/// The listener. Without the section there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhooks {
    /// Address and port.
    pub listen: SocketAddr,
    /// The address by which platforms reach it, where that is another.
    pub public_url: Option<Url>,
    /// Whether a proxy stands before it that ends TLS and names the client in `X-Forwarded-For`.
    pub behind_proxy: bool,
    /// Where published keys are looked up.
    pub resolver: Url,
}

impl Webhooks {
    /// The address by which platforms reach it, without a slash at the end.
    pub fn address(&self) -> String {
        match &self.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("http://{}", self.listen),
        }
    }
}

/// Where a secret is, and where the configuration says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretPlace {
    /// Where it is.
    pub source: SecretSource,
    /// Where the configuration names it.
    pub place: Place,
}

/// What one connection's platform reports by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookConfig {
    /// The secret part of the address.
    pub path: SecretPlace,
    /// The one before.
    pub former_path: Option<SecretPlace>,
    /// With what the platform signs.
    pub secret: Option<SecretPlace>,
    /// With what it signed before.
    pub former_secret: Option<SecretPlace>,
    /// In whose name it signs.
    pub account: Option<String>,
    /// So long a silence is suspicious.
    pub silent_after: Millis,
}

impl HookConfig {
    /// Every secret that it names, and what it is.
    pub fn places(&self) -> impl Iterator<Item = (&'static str, &SecretPlace)> {
        let rest = [
            ("webhook's former path", self.former_path.as_ref()),
            ("webhook's secret", self.secret.as_ref()),
            ("webhook's former secret", self.former_secret.as_ref()),
        ];
        let rest = rest
            .into_iter()
            .filter_map(|(what, place)| Some((what, place?)));
        std::iter::once(("webhook's path", &self.path)).chain(rest)
    }
}

/// What shows that a webhook is a platform's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signing {
    /// Nothing but that it knows the path.
    Nothing,
    /// A signature by a shared secret.
    Secret,
    /// A signature by a key that the platform publishes, in the name of an account.
    Published,
}

/// Reads the section.
pub(super) fn check(root: &Table, found: &mut Found) -> Option<Webhooks> {
    let table = root.table("webhooks")?;
    let behind_proxy = table.get("behind_proxy").and_then(Node::truth) == Some(true);
    let what = (LISTEN, "the listener for webhooks");
    let listen = web::listen(table, what, behind_proxy, found);
    let public_url = match table.get("public_url") {
        Some(node) => web::public_url(node, found),
        None => None,
    };
    let resolver = match table.get("resolver") {
        Some(node) => address_to_call(node, "resolver", "write it like the default", found),
        None => Url::parse(RESOLVER).ok(),
    };
    Some(Webhooks {
        listen: listen?,
        public_url,
        behind_proxy,
        resolver: resolver?,
    })
}

/// Reads a connection's table `webhook`.
pub(super) fn of(
    root: &Table,
    connection: &Table,
    platform: Option<Platform>,
    base: &Path,
    found: &mut Found,
) -> Option<HookConfig> {
    let entry = connection.entry("webhook")?;
    let table = entry.node.table()?;
    if root.table("webhooks").is_none() {
        found.add(
            Diagnostic::error(code::MISSING, "nothing listens for this webhook")
                .at(&entry.place, "wants a section [webhooks]")
                .help("[webhooks]\npublic_url = \"https://hooks.example.nl\""),
        );
    }
    fits(entry, table, platform?, found);
    let mut place = |name: &str| {
        let keys = table.table(name)?;
        let source = secret::source(keys, base, found)?;
        let place = keys.entries.first()?.node.place.clone();
        Some(SecretPlace { source, place })
    };
    let (path, former_path) = (place("path"), place("former_path"));
    let (secret, former_secret) = (place("secret"), place("former_secret"));
    Some(HookConfig {
        path: path?,
        former_path,
        secret,
        former_secret,
        account: table.text("account").map(str::to_owned),
        silent_after: time::wait(table, "silent_after", SILENT_MS, SILENT_HELP, found),
    })
}

/// Whether it says by what the platform signs, and nothing that the platform does not have.
fn fits(entry: &Entry, table: &Table, platform: Platform, found: &mut Found) {
    let name = platform.as_str();
    let Some(signing) = platform.signing() else {
        found.add(
            Diagnostic::error(
                code::NOT_BUILT,
                format!("webhooks of {name} are not read yet"),
            )
            .at(&entry.place, "not built yet")
            .help("leave it out: the connection is polled on its schedule"),
        );
        return;
    };
    let wanted = match signing {
        Signing::Nothing => None,
        Signing::Secret => Some("secret"),
        Signing::Published => Some("account"),
    };
    if let Some(wanted) = wanted.filter(|wanted| table.entry(wanted).is_none()) {
        found.add(
            Diagnostic::error(code::MISSING, format!("the webhook lacks its '{wanted}'"))
                .at(&entry.place, format!("{name} signs what it sends"))
                .help(match signing {
                    Signing::Published => "account = \"1234\", the number of the account",
                    _ => "secret = { file = \"secrets/NAME\" }, the same as at the platform",
                }),
        );
    }
    let excess = ["secret", "former_secret", "account"];
    let excess = excess.into_iter().filter(|name| match signing {
        Signing::Nothing => true,
        Signing::Secret => *name == "account",
        Signing::Published => *name != "account",
    });
    for key in excess {
        if let Some(entry) = table.entry(key) {
            found.add(
                Diagnostic::error(
                    code::UNSUPPORTED,
                    format!("webhooks of {name} have no '{key}'"),
                )
                .at(&entry.place, "nothing would be verified by it")
                .help("leave it out"),
            );
        }
    }
}
