//! A client of a few lines on a plain socket, so that no library smooths over what the server does.

use std::sync::{Arc, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::fault::FaultPlan;
use crate::ghost::{Ghost, GhostConfig, GhostServing, Version};
use crate::people::{SharedWorld, World, WorldSpec};

/// The sites of these tests stand at this time: a Monday.
pub(in crate::ghost) const NOW: i64 = 1_795_428_000;

/// An answer.
#[derive(Debug)]
pub(in crate::ghost) struct Answer {
    pub(in crate::ghost) status: u16,
    pub(in crate::ghost) head: String,
    pub(in crate::ghost) body: Value,
}

impl Answer {
    /// The rows of the resource with this name.
    pub(in crate::ghost) fn rows(&self, name: &str) -> &[Value] {
        self.body[name]
            .as_array()
            .unwrap_or_else(|| panic!("no {name} in {}", self.body))
    }

    /// The message and code of the first error.
    pub(in crate::ghost) fn error(&self) -> (u16, &str, Option<&str>) {
        let error = &self.body["errors"][0];
        (
            self.status,
            error["message"].as_str().unwrap(),
            error["code"].as_str(),
        )
    }
}

/// A site with somebody to talk to it.
pub(in crate::ghost) struct Site {
    pub(in crate::ghost) serving: GhostServing,
    pub(in crate::ghost) world: SharedWorld,
}

impl Site {
    pub(in crate::ghost) async fn new(version: Version, people: u32) -> Self {
        Self::configured(
            GhostConfig {
                version,
                ..GhostConfig::default()
            },
            people,
        )
        .await
    }

    pub(in crate::ghost) async fn configured(config: GhostConfig, people: u32) -> Self {
        let end = chrono::DateTime::from_timestamp(NOW, 0).unwrap();
        let world = Arc::new(RwLock::new(World::generate(&WorldSpec::small(
            4, end, people,
        ))));
        let ghost = Ghost::new(config, world.clone());
        Self {
            serving: ghost.serve(FaultPlan::none(), 0).await.unwrap(),
            world,
        }
    }

    pub(in crate::ghost) async fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, None).await
    }

    pub(in crate::ghost) async fn ask(
        &self,
        method: &str,
        target: &str,
        body: Option<Value>,
    ) -> Answer {
        let token = token(
            &GhostConfig::default(),
            &json!({"iat": NOW - 5, "exp": NOW + 235, "aud": "/admin/"}),
        );
        let headers = format!("authorization: Ghost {token}\r\naccept-version: v5.0\r\n");
        self.raw(
            method,
            &format!("/ghost/api/admin/{target}"),
            &headers,
            body,
        )
        .await
    }

    pub(in crate::ghost) async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: Option<Value>,
    ) -> Answer {
        let address = self.serving.base_url().replace("http://", "");
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let path = path
            .replace(' ', "%20")
            .replace('+', "%2B")
            .replace('\'', "%27")
            .replace('<', "%3C")
            .replace('>', "%3E");
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer {
            status,
            head: head.to_owned(),
            body: serde_json::from_str(body).unwrap_or(Value::Null),
        }
    }

    /// Follows a type of event by keyset to its end, as a reader would.
    pub(in crate::ghost) async fn drain(&self, kind: &str, limit: usize) -> Vec<Value> {
        let mut events: Vec<Value> = Vec::new();
        loop {
            let after = events.last().map(|last| {
                let at = last["data"]["created_at"]
                    .as_str()
                    .unwrap()
                    .replace('T', " ")
                    .replace(".000Z", "");
                let id = last["data"]["id"].as_str().unwrap();
                format!("+(data.created_at:<'{at}',(data.created_at:'{at}'+id:<'{id}'))")
            });
            let filter = format!("type:{kind}{}", after.unwrap_or_default());
            let page = self
                .get(&format!("members/events/?limit={limit}&filter={filter}"))
                .await;
            assert_eq!(page.status, 200, "{page:?}");
            let rows = page.rows("events");
            if rows.is_empty() {
                return events;
            }
            events.extend_from_slice(rows);
        }
    }
}

/// A token with these claims, signed with the key of the configuration.
pub(in crate::ghost) fn token(config: &GhostConfig, claims: &Value) -> String {
    let head = json!({"alg": "HS256", "typ": "JWT", "kid": config.key_id});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(&head), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(&hex::decode(&config.secret).unwrap()).unwrap();
    mac.update(text.as_bytes());
    format!(
        "{text}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    )
}
