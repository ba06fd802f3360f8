//! The account: everything that the stand-in knows, kept in step with the world.

use std::collections::HashMap;

use super::Delivery;
use super::Options;
use super::automations::{Automation, Entry};
use super::call::Zone;
use super::contact::{Entered, Member, Membership, Status, Worn};
use super::hooks::{Happening, Hook, Initiator, What};
use super::import::Batch;
use super::journal::{Change, Written};
use super::reports::{Bounce, Report};
use crate::people::{Milestone, Publication, Seconds, Turn, World, seconds};
use crate::rng;

/// The fields that the marketer made: title and personalisation tag.
const FIELDS: [(&str, &str); 3] = [("Plaats", "CITY"), ("Land", "COUNTRY"), ("Functie", "JOB")];

/// The tags that the marketer and other tools use.
const TAGS: [&str; 6] = [
    "nurture",
    "klant",
    "beurs 2025",
    "B2B",
    "actie-voorjaar",
    "vip",
];

/// Tells the time of the account.
pub(super) type Clock = Box<dyn Fn(&World) -> Seconds + Send>;

/// A list.
#[derive(Debug, Clone)]
pub(super) struct List {
    pub(super) id: u32,
    pub(super) name: &'static str,
    pub(super) publication: Publication,
}

/// A field.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) title: String,
    pub(super) perstag: String,
    pub(super) kind: String,
    pub(super) created: Seconds,
    /// Whether it was made available for all lists (sheet 6).
    pub(super) related: bool,
}

/// A tag.
#[derive(Debug, Clone)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) created: Seconds,
}

/// A coming or going, as it happened: the rows of the API keep the last one alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Turned {
    pub(super) contact: usize,
    pub(super) list: usize,
    pub(super) at: Seconds,
    pub(super) left: bool,
    pub(super) campaign: Option<u32>,
}

/// Everything that the stand-in knows. Contacts, lists, fields, tags, reports and bounces have the ids of their places.
pub(super) struct Account {
    pub(super) options: Options,
    pub(super) zone: Zone,
    /// The address of the API, as it stands in answers.
    pub(super) base: String,
    pub(super) lists: Vec<List>,
    pub(super) contacts: Vec<Member>,
    by_address: HashMap<String, usize>,
    by_person: HashMap<u32, usize>,
    pub(super) fields: Vec<Field>,
    pub(super) tags: Vec<Tag>,
    pub(super) reports: Vec<Report>,
    pub(super) bounces: Vec<Bounce>,
    pub(super) turned: Vec<Turned>,
    pub(super) automations: Vec<Automation>,
    pub(super) entries: Vec<Entry>,
    pub(super) hooks: Vec<Hook>,
    pub(super) happenings: Vec<Happening>,
    pub(super) told: Vec<Delivery>,
    pub(super) imports: Vec<Batch>,
    /// What was written, in order.
    pub(super) journal: Vec<Written>,
    /// Who is mailed from now on, or no more: for the world, after the request.
    pub(super) standings: Vec<(u32, Publication, bool)>,
    pub(super) clock: Clock,
    pub(super) now: Seconds,
    seen: usize,
    pending: Vec<Milestone>,
    next: u32,
    pub(super) next_link: u32,
}

/// The id of the first contact; the places count on from it.
const FIRST_CONTACT: u32 = 1_001;

impl Account {
    pub(super) fn new(options: Options, base: String, world: &World) -> Self {
        let clock: Clock = match options.now.map(seconds) {
            Some(now) => Box::new(move |_| now),
            None => Box::new(World::end),
        };
        let mut lists = vec![List {
            id: 2,
            name: "Nieuwsbrief",
            publication: Publication::Weekly,
        }];
        if options.second_list {
            lists.push(List {
                id: 3,
                name: "Maandblad",
                publication: Publication::Monthly,
            });
        }
        let field = |(title, perstag): (&str, &str)| Field {
            title: title.to_owned(),
            perstag: perstag.to_owned(),
            kind: "text".to_owned(),
            created: world.start(),
            related: true,
        };
        let tag = |name: &str| Tag {
            name: name.to_owned(),
            created: world.start(),
        };
        Self {
            zone: Zone::new(options.zone_minutes, options.utc_stamps_are_utc),
            options,
            base,
            lists,
            contacts: Vec::new(),
            by_address: HashMap::new(),
            by_person: HashMap::new(),
            fields: FIELDS.map(field).to_vec(),
            tags: TAGS.map(tag).to_vec(),
            reports: Vec::new(),
            bounces: Vec::new(),
            turned: Vec::new(),
            automations: Automation::all(),
            entries: Vec::new(),
            hooks: Vec::new(),
            happenings: Vec::new(),
            told: Vec::new(),
            imports: Vec::new(),
            journal: Vec::new(),
            standings: Vec::new(),
            clock,
            now: 0,
            seen: 0,
            pending: Vec::new(),
            next: 0,
            next_link: 1,
        }
    }

    /// Takes over what happened in the world.
    pub(super) fn refresh(&mut self, world: &World) {
        // Time does not go back: what is known stays known.
        self.now = self.now.max((self.clock)(world));
        self.open_reports(world);
        let new = &world.milestones()[self.seen..];
        self.seen += new.len();
        self.pending.extend_from_slice(new);
        if self.pending.iter().any(|change| change.at <= self.now) {
            self.pending.sort_by_key(|change| change.at);
            let due = self.pending.partition_point(|change| change.at <= self.now);
            let due: Vec<_> = self.pending.drain(..due).collect();
            for change in due {
                self.happen(world, change);
            }
        }
        self.refresh_reports(world);
    }

    fn happen(&mut self, world: &World, change: Milestone) {
        let Milestone {
            person, at, turn, ..
        } = change;
        let list = self.list_of(change.publication);
        let Some(list) = list else { return };
        let found = self.of_person(person);
        if matches!(turn, Turn::Joined | Turn::Returned) {
            let index = found.unwrap_or_else(|| self.welcome(world, person, at));
            self.turn(index, list, (Status::Active, at), None, Initiator::Public);
            return;
        }
        let Some(index) = found else { return };
        let report = |number: u16| {
            let place = usize::from(number);
            let of = |report: &Report| {
                report.flow.is_none()
                    && (report.publication, report.place) == (change.publication, place)
            };
            self.reports.iter().position(of)
        };
        match turn {
            Turn::Left(number) | Turn::Complained(number) => {
                let report = report(number);
                if let Some(report) = report {
                    self.reports[report].counters.unsubscribes += 1;
                }
                let campaign = report.map(|report| self.reports[report].id);
                self.turn(
                    index,
                    list,
                    (Status::Unsubscribed, at),
                    campaign,
                    Initiator::Public,
                );
                if matches!(turn, Turn::Complained(_)) {
                    let reason = self.options.complaint_reason;
                    let places = &mut self.contacts[index].memberships;
                    places
                        .iter_mut()
                        .filter(|place| place.list == list)
                        .for_each(|place| place.reason = reason);
                }
            }
            Turn::Bounced(_) if self.options.bounced_on_list => {
                let places = &mut self.contacts[index].memberships;
                for place in places.iter_mut().filter(|place| place.list == list) {
                    (place.status, place.changed) = (Status::Bounced, at);
                }
                self.contacts[index].changed = at;
            }
            Turn::Bounced(_) | Turn::Joined | Turn::Returned => {}
        }
    }

    /// Somebody joins by the form; if a write has made them before, it is the same contact.
    fn welcome(&mut self, world: &World, person: u32, at: Seconds) -> usize {
        let address = world.person(person).address();
        let index = match self.find(&address) {
            Some(index) => index,
            None => self.add(Some(person), &address, at),
        };
        self.contacts[index].person = Some(person);
        self.by_person.insert(person, index);
        let bits = rng::mix(&[self.options.seed, 5, u64::from(person)]);
        for tag in (0..TAGS.len()).filter(|tag| (bits >> (tag * 4)) & 0xF < 2) {
            let link = self.next_id();
            self.contacts[index].tags.push(Worn { tag, link, at });
        }
        index
    }

    /// Adds a contact and gives its place.
    pub(super) fn add(&mut self, person: Option<u32>, address: &str, at: Seconds) -> usize {
        let index = self.contacts.len();
        let id = FIRST_CONTACT + u32::try_from(index).unwrap_or(u32::MAX - FIRST_CONTACT);
        let own = person.is_none().then(|| address.to_owned());
        self.contacts.push(Member::new(id, person, own, at));
        self.by_address.insert(address.to_lowercase(), index);
        index
    }

    /// Changes how somebody stands with a list, and writes it into every book but the journal.
    pub(super) fn turn(
        &mut self,
        index: usize,
        list: usize,
        (status, at): (Status, Seconds),
        campaign: Option<u32>,
        by: Initiator,
    ) {
        let left = status != Status::Active;
        let public = by == Initiator::Public;
        let id = self.next_id();
        let contact = &mut self.contacts[index];
        contact.changed = contact.changed.max(at);
        match contact
            .memberships
            .iter_mut()
            .find(|place| place.list == list)
        {
            Some(place) => {
                place.status = status;
                place.changed = at;
                place.reason = "";
                place.campaign = campaign;
                place.left_themselves = left && (public || place.left_themselves);
                if !left {
                    place.joined = at;
                }
            }
            None => contact.memberships.push(Membership {
                id,
                list,
                status,
                joined: at,
                changed: at,
                campaign,
                reason: "",
                left_themselves: left && public,
            }),
        }
        self.turned.push(Turned {
            contact: index,
            list,
            at,
            left,
            campaign,
        });
        let what = if left {
            What::Leave { list, campaign }
        } else {
            What::Join { list }
        };
        self.tell(index, at, by, what);
    }

    /// Writes down what a webhook could tell, where there is one.
    pub(super) fn tell(&mut self, contact: usize, at: Seconds, by: Initiator, what: What) {
        if !self.hooks.is_empty() {
            self.happenings.push(Happening {
                contact: Some(contact),
                at,
                by,
                what,
            });
        }
    }

    /// Writes a change into the journal.
    pub(super) fn note(&mut self, index: usize, change: Change) {
        let contact = self.contacts[index].id.to_string();
        self.journal.push(Written { contact, change });
    }

    /// A number that no row had before.
    pub(super) fn next_id(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    /// The contact of a person, unless it was deleted.
    pub(super) fn of_person(&self, person: u32) -> Option<usize> {
        let index = *self.by_person.get(&person)?;
        self.contacts[index].deleted.is_none().then_some(index)
    }

    /// The contact with this address.
    pub(super) fn find(&self, address: &str) -> Option<usize> {
        let index = *self.by_address.get(&address.to_lowercase())?;
        self.contacts[index].deleted.is_none().then_some(index)
    }

    /// The contact with this id, which may stand in quotes or not.
    pub(super) fn contact(&self, id: u64) -> Option<usize> {
        let place = id.checked_sub(u64::from(FIRST_CONTACT))?;
        let index = usize::try_from(place).ok()?;
        let contact = self.contacts.get(index)?;
        contact.deleted.is_none().then_some(index)
    }

    /// Everybody who is there, by ascending id.
    pub(super) fn living(&self) -> impl Iterator<Item = &Member> {
        self.contacts
            .iter()
            .filter(|contact| contact.deleted.is_none())
    }

    fn list_of(&self, publication: Publication) -> Option<usize> {
        self.lists
            .iter()
            .position(|list| list.publication == publication)
    }

    /// Gives a contact another address.
    pub(super) fn readdress(&mut self, index: usize, world: &World, address: &str) {
        let old = self.contacts[index].address(world).to_lowercase();
        self.by_address.remove(&old);
        self.by_address.insert(address.to_lowercase(), index);
        self.contacts[index].address = Some(address.to_owned());
        self.contacts[index].changed = self.now;
    }

    /// Deletes a contact for good: it vanishes from every answer (sheet 3).
    pub(super) fn delete(&mut self, index: usize, world: &World) {
        let address = self.contacts[index].address(world).to_lowercase();
        self.by_address.remove(&address);
        self.contacts[index].deleted = Some(self.now);
        if let Some(person) = self.contacts[index].person {
            let lists = self.lists.iter();
            let stop = lists.map(|list| (person, list.publication, false));
            self.standings.extend(stop);
        }
    }

    /// The value of a field: what was written, else what follows from the person; and when.
    pub(super) fn value(
        &self,
        world: &World,
        contact: &Member,
        field: usize,
    ) -> Option<(String, Seconds)> {
        let written = |entered: &&Entered| entered.field == field;
        if let Some(entered) = contact.written.iter().find(written) {
            return Some((entered.value.clone(), entered.at));
        }
        let person = world.person(contact.person?);
        let value = match self.fields[field].perstag.as_str() {
            "CITY" => person.city(),
            "COUNTRY" => person.country(),
            "JOB" => person.job()?,
            _ => return None,
        };
        Some((value.to_owned(), contact.created))
    }

    /// The place of a tag, which is made where there is none.
    pub(super) fn tag_named(&mut self, name: &str) -> usize {
        let found = self.tags.iter().position(|tag| tag.name == name);
        found.unwrap_or_else(|| {
            self.tags.push(Tag {
                name: name.to_owned(),
                created: self.now,
            });
            self.tags.len() - 1
        })
    }
}
