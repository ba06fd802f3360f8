//! The platforms as the conformance checks want them: each sandbox becomes a
//! [`Subject`]. This is where connectors and sandboxes meet, since neither may
//! know the other; another platform is one more file here and a line in [`SUBJECTS`].

/// What was recorded of a platform: the parts of a path below the connectors' fixtures.
macro_rules! recorded {
    ($($part:expr),+) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/connectors/fixtures/", $($part),+))
    };
}

mod activecampaign;
mod copernica;
mod ghost;
mod hubspot;
mod mailchimp;

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use bytes::Bytes;
use engaged_connectors::{
    Clock as _,
    conformance::{
        Access, Edited, HandClock, KeyKind, Scene, Setting, SettingKind, Stand, Subject,
    },
    http::{Transport, TransportError},
    webhook::signature::Secrets,
};
use engaged_sandbox::people::{SharedWorld, World, WorldSpec, time};
use http::{Request, Response};
use secrecy::SecretString;
use serde_json::Value;

use crate::config::json_schema;

/// Every platform that can be examined.
pub static SUBJECTS: [&dyn Subject; 5] = [
    &mailchimp::MAILCHIMP,
    &ghost::GHOST,
    &activecampaign::ACTIVECAMPAIGN,
    &copernica::COPERNICA,
    &hubspot::HUBSPOT,
];

/// The platform of that name.
pub fn subject(platform: &str) -> Option<&'static dyn Subject> {
    SUBJECTS
        .into_iter()
        .find(|subject| subject.platform() == platform)
}

/// The world of a scene; the scene's clock is set to its end.
fn world(scene: &Scene) -> SharedWorld {
    let spec = WorldSpec::small(7, scene.clock.now(), scene.people);
    let mut world = World::generate(&spec);
    world.complaints();
    Arc::new(RwLock::new(world))
}

/// An edit that touched contacts alone, by id.
fn touched(ids: impl IntoIterator<Item = String>) -> Edited {
    Edited {
        contacts: ids.into_iter().collect(),
        ..Edited::default()
    }
}

/// The secrets of webhooks that a connector is told, of a platform that signs with this one.
fn hook_secrets(access: &Access, good: String) -> Secrets {
    let secret = match access.hook {
        KeyKind::Good => good,
        KeyKind::Wrong => "a secret of somebody else's".to_owned(),
        KeyKind::Misshapen => String::new(),
    };
    Secrets::new([SecretString::from(secret)])
}

/// Lets a day pass in which everything happens, and tells what can be found only since.
fn news(stand: &dyn Stand, world: &SharedWorld, clock: &HandClock) -> Edited {
    let before = stand.truth().events;
    {
        let mut world = world.write().unwrap_or_else(PoisonError::into_inner);
        world.day_of_news();
        clock.set(time(world.end()));
    }
    let after = stand.truth().events;
    Edited {
        events: after.difference(&before).cloned().collect(),
        ..Edited::default()
    }
}

/// A sandbox that answers without a wire.
#[async_trait]
trait Ask: Send + Sync {
    async fn ask(&self, request: Request<Bytes>) -> std::io::Result<Response<Bytes>>;
}

/// The transport to such a sandbox.
struct Line<T>(Arc<T>);

#[async_trait]
impl<T: Ask> Transport for Line<T> {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        self.0
            .ask(request)
            .await
            .map_err(|error| TransportError::Lost(error.to_string()))
    }
}

/// The settings of a connection to a platform, from the schema that users get; `lacks` names those that the platform does
/// not have, `needs` those that are optional elsewhere. Other platforms' own tables are none of its settings.
fn settings(platform: &str, lacks: &[&str], needs: &[&str]) -> Vec<Setting> {
    let schema = json_schema();
    let mut found = Vec::new();
    collect(
        &schema["properties"]["connections"]["additionalProperties"],
        ("", true),
        &mut found,
    );
    let foreign = |name: &str| {
        let (table, _) = name.split_once('.').unwrap_or((name, ""));
        table != platform && SUBJECTS.iter().any(|each| each.platform() == table)
    };
    found.retain(|setting| !lacks.contains(&setting.name.as_str()) && !foreign(&setting.name));
    for setting in &mut found {
        setting.required |= needs.contains(&setting.name.as_str());
    }
    found
}

/// Collects the settings of a table, whose names begin with `before`. What a table requires that may itself be left out is
/// optional.
fn collect(table: &Value, (before, needed): (&str, bool), found: &mut Vec<Setting>) {
    let required = |name: &str| {
        needed
            && table["required"]
                .as_array()
                .is_some_and(|all| all.iter().any(|each| each == name))
    };
    for (name, value) in table["properties"].as_object().into_iter().flatten() {
        let full = format!("{before}{name}");
        // The one table of which exactly one key must be given is that of secrets.
        let secret = value["maxProperties"] == 1;
        if value["properties"].is_object() && !secret {
            collect(value, (&format!("{full}."), required(name)), found);
            continue;
        }
        let kind = match value["type"].as_str() {
            _ if secret => SettingKind::Secret,
            Some(kind) => SettingKind::Plain(kind.to_owned()),
            None => SettingKind::Plain("word".to_owned()),
        };
        found.push(Setting {
            name: full,
            kind,
            required: required(name),
        });
    }
}
