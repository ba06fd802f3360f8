//! A configuration with a webhook, and a sender that signs as Ghost does.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    os::unix::fs::PermissionsExt as _,
    time::Duration,
};

use chrono::Utc;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::{program::Program, stage::until};

/// By which the site signs.
pub const SECRET: &str = "a secret of both sides";

const CONFIG: &str = r#"
timezone = "Europe/Amsterdam"
database = "engaged.db"
[webhooks]
listen = "127.0.0.1:0"
[connections.site]
platform = "ghost"
base_url = "http://127.0.0.1:9"
key = { file = "site.key" }
schedule = "0 4 1 1 *"
webhook = { path = { file = "site.path" }, secret = { file = "site.hook" } }
[scores.engagement]
rules = [ { when = "click", points = 10 } ]
"#;

/// A program that is to hear of a site which nobody can reach.
pub fn program() -> Program {
    let program = Program::with(CONFIG);
    let key = format!("{}:{}", "0".repeat(24), "0".repeat(64));
    for (name, text) in [("site.key", key.as_str()), ("site.hook", SECRET)] {
        let path = program.file(name, text);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    program
}

/// The path that the platform is given.
pub fn path(program: &Program) -> String {
    let said = program.json(&["hooks", "path", "site"]);
    let (_, path) = said["address"]
        .as_str()
        .unwrap()
        .split_once("/hooks/")
        .unwrap();
    format!("/hooks/{path}")
}

/// Where the daemon says that it listens.
pub fn address(said: impl Fn() -> String) -> SocketAddr {
    let mut address = None;
    until("it listens", || {
        let said = said();
        let line = said
            .lines()
            .find(|line| line.contains("listening for webhooks"));
        address = line.and_then(|line| line.rsplit('=').next()?.trim().parse().ok());
        address.is_some()
    });
    address.unwrap()
}

/// A delivery as Ghost signs it now.
pub fn request(path: &str, number: usize) -> String {
    let body = format!(r#"{{"member":{{"current":{{"id":"m{number}"}},"previous":{{}}}}}}"#);
    let time = Utc::now().timestamp_millis().to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    mac.update(time.as_bytes());
    let sum = hex::encode(mac.finalize().into_bytes());
    format!(
        "POST {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-ghost-signature: sha256={sum}, t={time}\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// The status, if there was an answer.
pub fn deliver(to: SocketAddr, request: &str) -> Option<u16> {
    let mut line = TcpStream::connect(to).ok()?;
    line.set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    line.write_all(request.as_bytes()).ok()?;
    let mut heard = String::new();
    line.read_to_string(&mut heard).ok()?;
    heard.get(9..12)?.parse().ok()
}
