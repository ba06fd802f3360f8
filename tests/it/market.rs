//! The platforms of the Dutch market through the shipped program: the main job on each, and one person in two of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    sync::{Arc, RwLock},
};

use chrono::{SubsecRound as _, TimeDelta, Utc};
use engaged_sandbox::{
    activecampaign::{self, ActiveCampaign},
    copernica::{self, Copernica},
    fault::FaultPlan,
    hubspot::{self, HubSpot},
    people::{SharedWorld, World, WorldSpec},
};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::{program::Program, stage::RULES};

/// A stand-in, and what it shows of a contact.
enum Site {
    ActiveCampaign(ActiveCampaign),
    Copernica(Copernica),
    HubSpot(HubSpot),
}

impl Site {
    /// Serves the world, whose clock stands at its end.
    async fn start(platform: &str, world: &SharedWorld) -> Self {
        let (world, plan) = (Arc::clone(world), FaultPlan::none());
        match platform {
            "activecampaign" => {
                let options = activecampaign::Options {
                    per_second: None,
                    ..activecampaign::Options::default()
                };
                Self::ActiveCampaign(ActiveCampaign::start(options, world, plan).await.unwrap())
            }
            "copernica" => {
                let options = copernica::Options::default();
                Self::Copernica(Copernica::start(options, world, plan).await.unwrap())
            }
            _ => {
                let options = hubspot::Options::default();
                Self::HubSpot(HubSpot::start(options, world, plan).await.unwrap())
            }
        }
    }

    /// The field that is pushed.
    fn field(&self) -> &'static str {
        match self {
            Self::ActiveCampaign(_) => "ENGSCORE",
            Self::Copernica(_) => "EngScore",
            Self::HubSpot(_) => "engagement_score",
        }
    }

    /// A connection to it. The key lies in a file of the platform's name.
    fn connection(&self, name: &str) -> String {
        let (platform, more) = match self {
            Self::ActiveCampaign(site) => {
                ("mailblue", format!("base_url = \"{}\"", site.base_url()))
            }
            Self::Copernica(site) => {
                let databases = site.databases();
                let database = databases[0];
                let (api, auth) = (site.base_url(), site.auth_url());
                (
                    "copernica",
                    format!(
                        "base_url = \"{api}\"\ncopernica = {{ database = \"{database}\", auth_url = \"{auth}\", retention_days = 400 }}"
                    ),
                )
            }
            Self::HubSpot(site) => ("hubspot", format!("base_url = \"{}\"", site.base_url())),
        };
        format!(
            "[connections.{name}]\nplatform = \"{platform}\"\nkey = {{ file = \"{name}.key\" }}\nmode = \"live\"\nrequests_per_second = 1000\n{more}\n\
             push.fields = {{ {} = \"engagement\" }}\npush.tags = {{ prefix = \"engaged:\", segments = [\"hot\"] }}\n",
            self.field()
        )
    }

    fn key(&self) -> String {
        match self {
            Self::ActiveCampaign(site) => site.key().to_owned(),
            Self::Copernica(site) => site.key().to_owned(),
            Self::HubSpot(site) => site.key().to_owned(),
        }
    }

    /// Fields and tags by address.
    fn shown(&self) -> BTreeMap<String, (BTreeMap<String, String>, Vec<String>)> {
        match self {
            Self::ActiveCampaign(site) => {
                let all = site.contacts().into_iter();
                all.map(|each| (each.address, (each.fields, each.tags)))
                    .collect()
            }
            Self::Copernica(site) => {
                let all = site.contacts().into_iter();
                all.map(|each| (each.address, (each.fields, each.interests)))
                    .collect()
            }
            Self::HubSpot(site) => {
                let all = site.contacts().into_iter().filter(|each| !each.archived);
                all.map(|each| (each.address, (each.fields, each.lists)))
                    .collect()
            }
        }
    }

    fn consent_breaches(&self) -> usize {
        match self {
            Self::ActiveCampaign(site) => site.consent_breaches().len(),
            Self::Copernica(site) => site.consent_breaches().len(),
            Self::HubSpot(site) => site.consent_breaches().len(),
        }
    }
}

/// The program and the platforms.
struct Market {
    program: Program,
    sites: Vec<(&'static str, Site)>,
    _runtime: Runtime,
}

fn market(platforms: &[&'static str], people: u32) -> Market {
    let runtime = Runtime::new().unwrap();
    let end = Utc::now().trunc_subsecs(0) - TimeDelta::days(1);
    let world = World::generate(&WorldSpec::small(1, end, people));
    let world = Arc::new(RwLock::new(world));
    let mut sites = Vec::new();
    let mut config = "timezone = \"Europe/Amsterdam\"\n".to_owned();
    for platform in platforms {
        let site = runtime.block_on(Site::start(platform, &world));
        config += &site.connection(platform);
        sites.push((*platform, site));
    }
    let program = Program::with(&format!("{config}{RULES}"));
    for (name, site) in &sites {
        let path = program.path().join(format!("{name}.key"));
        let mut file = std::fs::OpenOptions::new();
        let mut file = file
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)
            .unwrap();
        file.write_all(site.key().as_bytes()).unwrap();
    }
    Market {
        program,
        sites,
        _runtime: runtime,
    }
}

/// Score and membership of `hot` by address, as the product has them.
fn wanted(program: &Program) -> BTreeMap<String, (i64, bool)> {
    let listed = program.json(&["contacts"]);
    let rows = listed["contacts"].as_array().unwrap().iter();
    rows.map(|row| {
        let segments = row["segments"].as_array().unwrap();
        let hot = segments.iter().any(|name| name == "hot");
        let points = row["scores"][0][1].as_i64().unwrap();
        (row["contact"].as_str().unwrap().to_owned(), (points, hot))
    })
    .collect()
}

impl Market {
    /// Syncs, lets the first push pass, pushes, and sees that every platform shows what the product has, and then silence.
    fn settle_and_see(&self) {
        let program = &self.program;
        program.expect(5, &["once"]);
        let plan = program.json(&["plan"]);
        assert!(plan["writes"].as_u64().unwrap() > 20, "{plan}");
        program.expect(0, &["approve", "baseline"]);
        let report = program.json(&["apply"]);
        for push in report["push"].as_array().unwrap() {
            assert_eq!(push["applied"], push["planned"], "{push:#}");
        }
        let wanted = wanted(program);
        for (name, site) in &self.sites {
            let shown = site.shown();
            assert!(shown.len() > 10, "{name}");
            let (mut hot, mut cold) = (0, 0);
            for (address, (fields, tags)) in &shown {
                let (points, is_hot) = wanted[address];
                let number = fields
                    .get(site.field())
                    .and_then(|text| text.parse::<i64>().ok());
                assert_eq!(number, Some(points), "{name}: {address}");
                assert_eq!(
                    tags.iter().any(|tag| tag == "engaged:hot"),
                    is_hot,
                    "{name}: {address}"
                );
                *(if is_hot { &mut hot } else { &mut cold }) += 1;
            }
            assert!(hot > 0 && cold > 0, "{name}: {hot} and {cold}");
            assert_eq!(site.consent_breaches(), 0, "{name}");
        }
        let again = program.json(&["once"]);
        assert_eq!(again["applied"], 0, "{again:#}");
        assert_eq!(program.json(&["plan"])["writes"], 0);
        assert_eq!(program.json(&["verify"])["different"], 0);
    }
}

#[test]
fn mailblue_shows_the_scores_of_its_contacts_and_then_there_is_silence() {
    market(&["activecampaign"], 60).settle_and_see();
}

#[test]
fn copernica_shows_the_scores_of_its_profiles_and_then_there_is_silence() {
    market(&["copernica"], 60).settle_and_see();
}

#[test]
fn hubspot_shows_the_scores_of_its_contacts_and_then_there_is_silence() {
    market(&["hubspot"], 60).settle_and_see();
}

#[test]
fn one_person_in_copernica_and_hubspot_is_one_contact_scored_once_and_shown_on_both() {
    let market = market(&["copernica", "hubspot"], 60);
    market.settle_and_see();
    let [(_, one), (_, other)] = &market.sites[..] else {
        panic!("two platforms");
    };
    let (one, other): (BTreeSet<String>, BTreeSet<String>) = (
        one.shown().into_keys().collect(),
        other.shown().into_keys().collect(),
    );
    let both: Vec<&String> = one.intersection(&other).collect();
    assert!(both.len() > 10);
    let contacts = wanted(&market.program);
    assert_eq!(
        contacts.len(),
        one.union(&other).count(),
        "one contact each"
    );
    let mut summed = 0;
    for address in both {
        let explained: Value = market.program.json(&["explain", address]);
        let rules = explained["scores"][0]["rules"].as_array().unwrap();
        let events = rules
            .iter()
            .flat_map(|rule| rule["events"].as_array().unwrap());
        let connections: BTreeSet<&str> = events
            .map(|event| event["connection"].as_str().unwrap())
            .collect();
        summed += u32::from(connections.len() == 2);
    }
    assert!(summed > 0, "the events of both count in one score");
}
