//! One list: its members, merge fields and tags, kept in step with the world.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::call::Paging;
use super::member::{Hash, Member, Status, hash};
use super::reports::Reports;
use crate::people::{Milestone, Publication, Seconds, Turn, World};
use crate::rng;

/// The fields that the marketer made, with type and name; their numbers are their places.
const FIELDS: [(&str, &str, &str); 7] = [
    ("FNAME", "text", "First Name"),
    ("LNAME", "text", "Last Name"),
    ("CITY", "text", "Plaats"),
    ("COUNTRY", "text", "Land"),
    ("JOB", "text", "Functie"),
    ("ADDRESS", "address", "Adres"),
    ("VISITS", "number", "Winkelbezoeken"),
];

/// The tags that the marketer and other tools use.
const TAGS: [&str; 6] = [
    "nurture",
    "klant",
    "beurs 2025",
    "B2B",
    "actie-voorjaar",
    "vip",
];

/// Tags that some sync of another tool left on a few people: more than a list answer shows.
const LEFTOVER_TAGS: u16 = 55;

/// A merge field.
#[derive(Debug, Clone)]
pub(super) struct MergeField {
    pub(super) id: u32,
    pub(super) tag: String,
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) required: bool,
    pub(super) public: bool,
}

/// A tag, which is a static segment.
#[derive(Debug, Clone)]
pub(super) struct Tag {
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) created: Seconds,
}

/// Somebody called a mail spam.
#[derive(Debug, Clone, Copy)]
pub(super) struct Complaint {
    pub(super) id: u32,
    pub(super) campaign: u16,
    pub(super) member: u32,
    pub(super) at: Seconds,
}

/// The rows of a filtered and sorted list, kept while nothing changes, so that a page costs what it holds.
#[derive(Debug, Clone)]
struct View {
    key: String,
    revision: u64,
    rows: Vec<u32>,
}

/// One list.
#[derive(Debug)]
pub(super) struct Audience {
    pub(super) id: String,
    pub(super) name: &'static str,
    pub(super) publication: Publication,
    pub(super) members: Vec<Member>,
    by_hash: HashMap<Hash, u32>,
    by_contact: HashMap<Hash, u32>,
    by_person: HashMap<u32, u32>,
    /// Addresses that were deleted for good.
    pub(super) forgotten: Vec<Hash>,
    pub(super) fields: Vec<MergeField>,
    pub(super) tags: Vec<Tag>,
    pub(super) complaints: Vec<Complaint>,
    pub(super) reports: Reports,
    /// Grows with every change of a member.
    pub(super) revision: u64,
    views: Vec<View>,
    salt: u64,
    seen: usize,
    pending: Vec<Milestone>,
}

impl Audience {
    /// An empty list for a publication.
    pub(super) fn new(
        publication: Publication,
        seed: u64,
        job_required: bool,
        now: Seconds,
    ) -> Self {
        let (name, number) = match publication {
            Publication::Weekly => ("Newsletter", 1),
            Publication::Monthly => ("Maandblad", 2),
        };
        let salt = rng::mix(&[seed, number]);
        let fields = (1..)
            .zip(FIELDS)
            .map(|(id, (tag, kind, name))| MergeField {
                id,
                tag: tag.to_owned(),
                name: name.to_owned(),
                kind: kind.to_owned(),
                required: job_required && tag == "JOB",
                public: false,
            })
            .collect();
        let leftovers = (1..=LEFTOVER_TAGS).map(|number| format!("import {number}"));
        let mut audience = Self {
            id: format!("{:010x}", salt >> 24),
            name,
            publication,
            members: Vec::new(),
            by_hash: HashMap::new(),
            by_contact: HashMap::new(),
            by_person: HashMap::new(),
            forgotten: Vec::new(),
            fields,
            tags: Vec::new(),
            complaints: Vec::new(),
            reports: Reports::new(salt),
            revision: 0,
            views: Vec::new(),
            salt,
            seen: 0,
            pending: Vec::new(),
        };
        for name in TAGS.into_iter().map(str::to_owned).chain(leftovers) {
            audience.tag_named(&name, now);
        }
        audience
    }

    /// Takes over what happened in the world up to now.
    pub(super) fn refresh(&mut self, world: &World, now: Seconds) {
        let new = &world.milestones()[self.seen..];
        self.seen += new.len();
        let ours = new
            .iter()
            .filter(|change| change.publication == self.publication);
        self.pending.extend(ours.copied());
        if self.pending.iter().any(|change| change.at <= now) {
            // Milestones come in the order of becoming.
            self.pending.sort_by_key(|change| change.at);
            let due = self.pending.partition_point(|change| change.at <= now);
            let due: Vec<_> = self.pending.drain(..due).collect();
            for change in due {
                self.happen(world, change);
            }
            self.revision += 1;
        }
    }

    fn happen(&mut self, world: &World, change: Milestone) {
        let Milestone {
            person, at, turn, ..
        } = change;
        let Some(index) = self.of_person(person) else {
            if matches!(turn, Turn::Joined | Turn::Returned) {
                self.welcome(world, person, at);
            }
            return;
        };
        let member = &mut self.members[index as usize];
        if member.forgotten {
            return;
        }
        match turn {
            Turn::Joined | Turn::Returned => {
                member.turn(Status::Subscribed, at, true);
                member.opted_in = at;
            }
            // Who is archived stays so; the report knows who left all the same.
            Turn::Left(_) | Turn::Complained(_) if member.status != Status::Archived => {
                member.turn(Status::Unsubscribed, at, true);
            }
            Turn::Bounced(_) if member.status != Status::Archived => {
                member.turn(Status::Cleaned, at, true);
            }
            Turn::Left(_) | Turn::Complained(_) => member.left_themselves = true,
            Turn::Bounced(_) => {}
        }
        if let Turn::Complained(campaign) = turn {
            let id = 1 + u32::try_from(self.complaints.len()).unwrap_or(u32::MAX - 1);
            self.complaints.push(Complaint {
                id,
                campaign,
                member: index,
                at,
            });
        }
    }

    /// Somebody joins by the form; if a write has made them before, it is the same member.
    fn welcome(&mut self, world: &World, person: u32, at: Seconds) {
        let hash = hash(&world.person(person).address());
        if self.forgotten.contains(&hash) {
            return;
        }
        if let Some(index) = self.by_hash.get(&hash).copied() {
            self.by_person.insert(person, index);
            let member = &mut self.members[index as usize];
            member.person = Some(person);
            member.turn(Status::Subscribed, at, true);
            return;
        }
        let index = self.add(hash, Some(person), None, Status::Subscribed, at);
        self.by_person.insert(person, index);
        let bits = rng::mix(&[self.salt, u64::from(person)]);
        let worn = (0_u16..6).filter(|tag| (bits >> (tag * 4)) & 0xF < 2);
        let left = (6..6 + LEFTOVER_TAGS).filter(|_| bits % 499 == 13);
        self.members[index as usize].tags = worn.chain(left).map(|tag| (tag, at)).collect();
    }

    /// Adds a member and gives the place.
    pub(super) fn add(
        &mut self,
        hash: Hash,
        person: Option<u32>,
        address: Option<&str>,
        status: Status,
        at: Seconds,
    ) -> u32 {
        let index = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        let (high, low) = (
            rng::mix(&[self.salt, 7, u64::from(index)]),
            rng::mix(&[self.salt, 8, u64::from(index)]),
        );
        let contact = (u128::from(high) << 64 | u128::from(low)).to_be_bytes();
        self.members.push(Member {
            index,
            hash,
            contact,
            person,
            address: address.map(Into::into),
            status,
            left_themselves: false,
            forgotten: false,
            opted_in: at,
            last_changed: at,
            status_changed: at,
            tags: Vec::new(),
            fields: Vec::new(),
            moments: Vec::new(),
        });
        self.by_hash.insert(hash, index);
        self.by_contact.insert(contact, index);
        self.revision += 1;
        index
    }

    /// The member of a person, also one who was deleted for good.
    pub(super) fn of_person(&self, person: u32) -> Option<u32> {
        self.by_person.get(&person).copied()
    }

    /// The member with this subscriber hash, address or contact id.
    pub(super) fn find(&self, key: &str) -> Option<u32> {
        if key.contains('@') {
            return self.by_hash.get(&hash(key)).copied();
        }
        let bytes = hex::decode(key)
            .ok()
            .and_then(|bytes| Hash::try_from(bytes).ok())?;
        let found = self
            .by_hash
            .get(&bytes)
            .or_else(|| self.by_contact.get(&bytes));
        found
            .copied()
            .filter(|index| !self.members[*index as usize].forgotten)
    }

    /// Gives a member another address; the old id is gone, the contact id stays.
    pub(super) fn readdress(&mut self, index: u32, address: &str, at: Seconds) {
        let member = &mut self.members[index as usize];
        self.by_hash.remove(&member.hash);
        member.hash = hash(address);
        member.address = Some(address.into());
        member.touch(at);
        self.by_hash.insert(member.hash, index);
        self.revision += 1;
    }

    /// Deletes a member for good.
    pub(super) fn forget(&mut self, index: u32) {
        let member = &mut self.members[index as usize];
        member.forgotten = true;
        member.tags.clear();
        member.fields.clear();
        member.moments.clear();
        self.forgotten.push(member.hash);
        self.by_hash.remove(&member.hash);
        self.revision += 1;
    }

    /// The number of a tag, which is made where there is none.
    pub(super) fn tag_named(&mut self, name: &str, now: Seconds) -> u16 {
        let place = self.tags.iter().position(|tag| tag.name == name);
        let place = place.unwrap_or_else(|| {
            self.tags.push(Tag {
                id: 77_100 + u32::try_from(self.tags.len()).unwrap_or(0),
                name: name.to_owned(),
                created: now,
            });
            self.tags.len() - 1
        });
        u16::try_from(place).unwrap_or(u16::MAX)
    }

    /// The value of a merge field: what was written, else what follows from the person, else the empty string.
    pub(super) fn field(&self, world: &World, member: &Member, number: u16) -> Value {
        if let Some(value) = member.written(number) {
            return if self.fields[usize::from(number)].kind == "number" && member.hash[0] % 2 == 1 {
                // Numbers come back as texts for some members; nobody knows why.
                value
                    .as_f64()
                    .map_or_else(|| value.clone(), |_| json!(value.to_string()))
            } else {
                value.clone()
            };
        }
        let Some(person) = member.person.map(|person| world.person(person)) else {
            return json!("");
        };
        match self.fields[usize::from(number)].tag.as_str() {
            "FNAME" => json!(person.first_name()),
            "LNAME" => json!(person.last_name()),
            "CITY" => json!(person.city()),
            "COUNTRY" => json!(person.country()),
            "JOB" => json!(person.job().unwrap_or_default()),
            "ADDRESS" if person.number % 7 == 3 => json!({
                "addr1": format!("Dorpsstraat {}", 1 + person.number % 90), "addr2": "",
                "city": person.city(), "state": "", "zip": "", "country": person.country(),
            }),
            "VISITS" if person.number % 3 == 0 => json!(person.number % 17),
            _ => json!(""),
        }
    }

    /// A page of a view with the number of all its rows; it is made by `make` unless it is known and nothing changed since.
    pub(super) fn page(
        &mut self,
        key: &str,
        paging: Paging,
        make: impl FnOnce(&Self) -> Vec<u32>,
    ) -> (Vec<u32>, usize) {
        let revision = self.revision;
        self.views.retain(|view| view.revision == revision);
        let place = self.views.iter().position(|view| view.key == key);
        let place = place.unwrap_or_else(|| {
            let rows = make(self);
            if self.views.len() == 8 {
                self.views.remove(0);
            }
            self.views.push(View {
                key: key.to_owned(),
                revision,
                rows,
            });
            self.views.len() - 1
        });
        let rows = &self.views[place].rows;
        (paging.of(rows).to_vec(), rows.len())
    }
}
