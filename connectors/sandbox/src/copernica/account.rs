//! The account: everything that the stand-in knows, how profiles change, and the way of a request.

use std::collections::{BTreeMap, HashMap};

use axum::http::Method;
use chrono::NaiveDate;
use serde_json::json;

use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::hooks::{Happened, Hook, Stir};
use super::imports::Import;
use super::journal::{Change, Written};
use super::news::Reading;
use super::options::{Options, Rights};
use super::state::{
    CONSENT, Collection, Database, Field, Mail, Profile, Row, Subprofile, View, first_fields,
};
use super::{hooks, imports, lists, logs, mailings, profiles, schema, statistics, time};
use crate::people::{Publication, Seconds, World, seconds};
use crate::rng::mix;

/// Tells the time of the account.
pub(super) type Clock = Box<dyn Fn(&World) -> Seconds + Send>;

/// Selections are rebuilt by themselves after this time.
const REBUILT: Seconds = 3_600;

/// What is to change in a profile.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// Columns by name; unknown ones are dropped (sheet 6).
    pub(super) fields: Vec<(String, String)>,
    pub(super) interests: Vec<(String, bool)>,
    /// Whether all other interests go.
    pub(super) no_others: bool,
    pub(super) secret: Option<String>,
    /// Whether follow-ups may begin.
    pub(super) followups: bool,
}

/// An asynchronous update that waits.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) due: u64,
    pub(super) request: u64,
    pub(super) profiles: Vec<u32>,
    pub(super) wanted: Wanted,
}

/// Everything that the stand-in knows.
pub(super) struct Account {
    pub(super) options: Options,
    pub(super) databases: Vec<Database>,
    pub(super) profiles: BTreeMap<u32, Profile>,
    /// By database and person: their latest profile.
    pub(super) by_person: HashMap<(usize, u32), u32>,
    pub(super) subprofiles: Vec<Subprofile>,
    pub(super) mails: Vec<Mail>,
    /// By product and kind.
    pub(super) tables: [[Vec<Row>; 6]; 2],
    /// By product: the next id of a mailing, and of a destination.
    pub(super) numbers: [(u32, u32); 2],
    pub(super) reading: Reading,
    pub(super) imports: Vec<Import>,
    pub(super) pending: Vec<Pending>,
    pub(super) hooks: Vec<Hook>,
    pub(super) stirs: Vec<Stir>,
    /// How far webhooks were made: changes, and the rows of each table.
    pub(super) told: (usize, [[usize; 6]; 2]),
    /// Webhooks made so far.
    pub(super) hooked: u64,
    pub(super) journal: Vec<Written>,
    /// Who is mailed from now on, or no more: for the world, after the request.
    pub(super) standings: Vec<(u32, Publication, bool)>,
    /// Calls by day (sheet 2).
    pub(super) calls: BTreeMap<NaiveDate, u64>,
    /// Calls so far.
    pub(super) requests: u64,
    /// Counts up when all web tokens end before their time.
    pub(super) epoch: u64,
    pub(super) issued: Vec<String>,
    made: u32,
    pub(super) clock: Clock,
    pub(super) now: Seconds,
}

impl Account {
    pub(super) fn new(options: Options, world: &World) -> Self {
        let publications = if options.second_database {
            &Publication::ALL[..]
        } else {
            &Publication::ALL[..1]
        };
        let databases = (0_u32..)
            .zip(publications)
            .map(|(number, publication)| database(number, *publication, &options))
            .collect();
        let clock: Clock = match options.now.map(seconds) {
            Some(now) => Box::new(move |_| now),
            None => Box::new(World::end),
        };
        let mut account = Self {
            hooks: hooks::made_by_hand(&options),
            options,
            databases,
            profiles: BTreeMap::new(),
            by_person: HashMap::new(),
            subprofiles: Vec::new(),
            mails: Vec::new(),
            tables: Default::default(),
            // The two products count alike, so that only both together name a thing.
            numbers: [(2_345, 7_644_160); 2],
            reading: Reading::default(),
            imports: Vec::new(),
            pending: Vec::new(),
            stirs: Vec::new(),
            told: Default::default(),
            hooked: 0,
            journal: Vec::new(),
            standings: Vec::new(),
            calls: BTreeMap::new(),
            requests: 0,
            epoch: 0,
            issued: Vec::new(),
            made: 0,
            clock,
            now: 0,
        };
        account.refresh(world);
        account.forget_news();
        account
    }

    /// A number that nothing else has.
    pub(super) fn fresh(&mut self) -> u32 {
        self.made += 1;
        500_000 + self.made
    }

    /// Makes a profile.
    pub(super) fn join(
        &mut self,
        database: usize,
        person: Option<u32>,
        values: Vec<Option<String>>,
        at: Seconds,
    ) -> u32 {
        let id = self
            .profiles
            .last_key_value()
            .map_or(18_381, |(id, _)| id + 1);
        let own = self.options.interests.len();
        let interests = (0_u16..)
            .take(own)
            .filter(|number| mix(&[33, u64::from(id), u64::from(*number)]).is_multiple_of(3))
            .filter(|_| person.is_some())
            .collect();
        let secret = [34, 35].map(|part| format!("{:016x}", mix(&[part, u64::from(id)])));
        let profile = Profile {
            id,
            database,
            person,
            values,
            interests,
            secret: secret.concat(),
            created: at,
            modified: at,
            removed: None,
            stopped: false,
            left_themselves: false,
        };
        if let Some(person) = person {
            self.by_person.insert((database, person), id);
        }
        self.profiles.insert(id, profile);
        self.stir(Happened::Created, id, Vec::new(), at);
        id
    }

    /// Somebody gives or takes back their consent by their own hand.
    pub(super) fn consent(&mut self, id: u32, given: bool, at: Seconds) {
        let word = if given { "ja" } else { "nee" };
        let Some(profile) = self.profiles.get_mut(&id) else {
            return;
        };
        if given {
            profile.stopped = false;
            profile.left_themselves = false;
        }
        if profile.values[CONSENT].as_deref() != Some(word) {
            profile.values[CONSENT] = Some(word.to_owned());
            profile.modified = profile.modified.max(at);
            let name = self.databases[profile.database].fields[CONSENT]
                .name
                .clone();
            self.stir(Happened::Updated, id, vec![name], at);
        }
    }

    /// Removes a profile; false when it is gone already.
    pub(super) fn remove(&mut self, id: u32, at: Seconds) -> bool {
        let Some(profile) = self.profiles.get_mut(&id) else {
            return false;
        };
        if profile.removed.is_some() {
            return false;
        }
        profile.removed = Some(at);
        self.stir(Happened::Deleted, id, Vec::new(), at);
        self.mail_or_not(id);
        true
    }

    /// Tells the world whether somebody is mailed from now on.
    pub(super) fn mail_or_not(&mut self, id: u32) {
        let profile = &self.profiles[&id];
        let database = &self.databases[profile.database];
        if let Some(person) = profile.person {
            let mailed = profile.is_mailed(database);
            self.standings.push((person, database.publication, mailed));
        }
    }

    fn stir(&mut self, what: Happened, profile: u32, changed: Vec<String>, at: Seconds) {
        self.stirs.push(Stir {
            what,
            profile,
            changed,
            at,
        });
    }

    /// Writes down what a request changed.
    pub(super) fn note(&mut self, profile: u32, request: u64, change: Change) {
        self.journal.push(Written {
            profile,
            request,
            change,
        });
    }

    /// Changes a profile; says whether anything became different. `modified` moves then only (sheet 3).
    pub(super) fn apply(&mut self, id: u32, wanted: &Wanted, request: u64) -> bool {
        let changed = self.write_fields(id, wanted, request);
        let turned = self.write_interests(id, wanted, request);
        let Some(profile) = self.profiles.get_mut(&id) else {
            return false;
        };
        if !changed.is_empty() || (turned && self.options.interests_move_modified) {
            profile.modified = self.now;
        }
        if let Some(secret) = &wanted.secret {
            secret.clone_into(&mut profile.secret);
            self.note(id, request, Change::Secret);
        }
        let any = turned || !changed.is_empty() || wanted.secret.is_some();
        if turned || !changed.is_empty() {
            let consent = &self.databases[self.profiles[&id].database].fields[CONSENT].name;
            if changed.contains(consent) {
                self.mail_or_not(id);
            }
            self.stir(Happened::Updated, id, changed, self.now);
        }
        any
    }

    fn write_fields(&mut self, id: u32, wanted: &Wanted, request: u64) -> Vec<String> {
        let mut changed = Vec::new();
        for (name, text) in &wanted.fields {
            let Some(profile) = self.profiles.get_mut(&id) else {
                break;
            };
            let database = &self.databases[profile.database];
            let Some(column) = database.column(name) else {
                continue;
            };
            let field = &database.fields[column];
            let to = field.hold(text);
            let from = profile.value(database, column).to_owned();
            if profile.values.len() <= column {
                profile.values.resize(column + 1, None);
            }
            profile.values[column] = Some(to.clone());
            let name = field.name.clone();
            if from != to {
                changed.push(name.clone());
            }
            let followups = wanted.followups;
            self.note(
                id,
                request,
                Change::Field {
                    name,
                    from,
                    to,
                    followups,
                },
            );
        }
        changed
    }

    fn write_interests(&mut self, id: u32, wanted: &Wanted, request: u64) -> bool {
        let Some(profile) = self.profiles.get_mut(&id) else {
            return false;
        };
        let database = &mut self.databases[profile.database];
        let mut after = if wanted.no_others {
            Vec::new()
        } else {
            profile.interests.clone()
        };
        for (name, on) in &wanted.interests {
            let known = database.interests.iter().position(|known| known == name);
            let place = match known {
                Some(place) => place,
                None if self.options.interests_made_on_use => {
                    database.interests.push(name.clone());
                    database.interests.len() - 1
                }
                None => continue,
            };
            let place = u16::try_from(place).unwrap_or(u16::MAX);
            after.retain(|own| *own != place);
            if *on {
                after.push(place);
            }
        }
        after.sort_unstable();
        let before = std::mem::replace(&mut profile.interests, after.clone());
        let names = database.interests.clone();
        let all = (0_u16..).zip(names);
        for (place, name) in all {
            let on = after.contains(&place);
            if on != before.contains(&place) {
                let followups = wanted.followups;
                self.note(
                    id,
                    request,
                    Change::Interest {
                        name,
                        on,
                        followups,
                    },
                );
            }
        }
        before != after
    }

    pub(super) fn rebuild_old_views(&mut self) {
        for database in 0..self.databases.len() {
            let built = self.databases[database].view.built;
            if built == 0 || self.now >= built + REBUILT {
                self.rebuild(database);
            }
        }
    }

    /// Builds a selection anew.
    pub(super) fn rebuild(&mut self, database: usize) {
        let base = &self.databases[database];
        let all = self.profiles.values();
        let members = all
            .filter(|profile| profile.database == database && profile.is_mailed(base))
            .map(|profile| profile.id)
            .collect();
        let now = self.now;
        let view = &mut self.databases[database].view;
        (view.members, view.built) = (members, now);
    }

    /// The oldest moment that statistics know (sheet 4.6).
    pub(super) fn horizon(&self) -> Seconds {
        self.options
            .retention_days
            .map_or(0, |days| self.now.saturating_sub(days * crate::people::DAY))
    }

    /// Answers a request, counts it, and lets what waits make a step.
    pub(super) fn answer(&mut self, call: &Call) -> Reply {
        self.requests += 1;
        *self.calls.entry(time::day(self.now)).or_insert(0) += 1;
        let reply = self.allowed(call).and_then(|()| self.route(call));
        imports::step(self);
        let names = self.options.events_in_ledger;
        reply.map(|mut answer| {
            if !names {
                answer.served.clear();
            }
            answer
        })
    }

    /// The words of these refusals are not documented (sheet 2: no codes).
    fn allowed(&self, call: &Call) -> Result<(), Problem> {
        let first = call.path.first().map(String::as_str).unwrap_or_default();
        let statistics = matches!(first, "ms" | "publisher" | "logfiles" | "logfile");
        match self.options.rights {
            Rights::ReadOnly if call.method != Method::GET => {
                Err(Problem::new("This access token has no permission to write"))
            }
            Rights::NoStatistics if statistics => Err(Problem::new(
                "This access token has no permission for this method",
            )),
            Rights::OtherAddress => Err(Problem::new("Access from this IP address is not allowed")),
            _ => Ok(()),
        }
    }

    fn route(&mut self, call: &Call) -> Reply {
        let parts: Vec<&str> = call.path.iter().map(String::as_str).collect();
        match (call.method.as_str(), parts.as_slice()) {
            ("GET", ["identity"]) => Ok(Answer::read(json!({
                "id": "1234", "name": "Voorbeeld", "description": "Nieuwsbrieven", "company": "Voorbeeld B.V.",
            }))),
            ("GET", ["consumption"]) => Ok(mailings::consumption(self, call)),
            (_, ["databases"] | ["database" | "view" | "collection", ..]) => {
                schema::route(self, call, &parts)
            }
            (_, ["profile" | "subprofile", ..]) => profiles::route(self, call, &parts),
            (_, ["imports"] | ["import", _]) => imports::route(self, call, &parts),
            (_, ["webhooks"]) => hooks::route(self, call),
            ("GET", ["logfiles"] | ["logfile", ..]) => logs::route(self, call, &parts),
            ("GET", ["ms" | "publisher", "emailings"]) => mailings::list(self, call, parts[0]),
            (_, ["ms" | "publisher", "emailing", ..]) => mailings::route(self, call, &parts),
            ("GET", ["ms" | "publisher", kind]) => {
                statistics::account_wide(self, call, parts[0], kind)
            }
            _ => Err(Problem::method()),
        }
    }

    /// The profiles of a database that are there.
    pub(super) fn living(&self, database: usize) -> impl Iterator<Item = &Profile> {
        let all = self.profiles.values();
        all.filter(move |profile| profile.database == database && profile.removed.is_none())
    }

    /// The profiles of a database that the filters leave, by id; see [`lists::select`].
    pub(super) fn selected(&self, database: usize, call: &Call) -> Vec<u32> {
        let from = lists::lowest(call);
        let all = self.profiles.range(from..).map(|(_, profile)| profile);
        let there = all.filter(|profile| profile.database == database && profile.removed.is_none());
        lists::select(self, database, call, there)
    }
}

fn database(number: u32, publication: Publication, options: &Options) -> Database {
    let name = match publication {
        Publication::Weekly => "Weekbrief",
        Publication::Monthly => "Maandblad",
    };
    let base = number * 100;
    let fields = |from: u32, names: &[&str]| {
        let columns = (from..).zip(names);
        let field = |(id, name): (u32, &&str)| {
            Field::new(id, (*name).to_owned(), "text".into(), String::new(), false)
        };
        columns.map(field).collect()
    };
    let collection = |id, name: &str, fields| Collection {
        id,
        name: name.to_owned(),
        fields,
    };
    Database {
        id: 7_616 + number,
        name: name.to_owned(),
        publication,
        fields: first_fields(12_001 + base),
        interests: options.interests.clone(),
        view: View {
            id: 3_301 + number,
            name: "Ontvangers".to_owned(),
            built: 0,
            members: Vec::new(),
        },
        collections: vec![
            collection(
                811 + base,
                "Bestellingen",
                fields(
                    13_001 + base,
                    &["Ordernummer", "Datum", "Bedrag", "Artikel"],
                ),
            ),
            collection(
                812 + base,
                "Nurture",
                fields(13_011 + base, &["Reeks", "Start"]),
            ),
        ],
    }
}
