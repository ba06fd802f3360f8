//! What a complete and correct reader of this stand-in must know, and what was done to it: for checkers.

use std::collections::BTreeMap;

use serde_json::Value;

use super::account::Account;
use super::activity::reactions;
use super::event::{Event, Kind};
use super::journal::{Change, Written};
use super::member::{Member, Status, hash};
use super::{Mailchimp, shop};
use crate::people::{Deed, Seconds, World};

/// A member as they are now.
#[derive(Debug, Clone, PartialEq)]
pub struct Contact {
    /// The list.
    pub list: String,
    /// The MD5 of the address, in hex.
    pub email_id: String,
    /// What stays when the address changes.
    pub contact_id: String,
    /// The address.
    pub address: String,
    /// Where they stand.
    pub status: Status,
    /// Whether they left or complained by their own hand, and not by a write: no write may subscribe them again.
    pub left_themselves: bool,
    /// The names of all tags, in no particular order.
    pub tags: Vec<String>,
    /// All merge fields.
    pub fields: BTreeMap<String, Value>,
    /// When they changed last.
    pub last_changed: Seconds,
}

impl Mailchimp {
    fn look<T>(&self, at: impl FnOnce(&mut Account, &World) -> T) -> T {
        let mut account = self.shared.account();
        let world = self.shared.world();
        account.refresh(&world);
        at(&mut account, &world)
    }

    /// The MD5 of an address in lower case, in hex, as events name people.
    pub fn email_id(address: &str) -> String {
        hex::encode(hash(address))
    }

    /// The ids of the lists, the newsletter first.
    pub fn lists(&self) -> Vec<String> {
        self.look(|account, _| {
            account
                .audiences
                .iter()
                .map(|list| list.id.clone())
                .collect()
        })
    }

    /// Every event that the API would tell of now, except about those who were deleted for good: as email-activity,
    /// sent-to, unsubscribed, abuse-reports and orders have them.
    pub fn events(&self) -> Vec<Event> {
        self.look(|account, world| events(account, world))
    }

    /// How many events of each kind there are.
    pub fn counts(&self) -> BTreeMap<Kind, usize> {
        let mut counts = BTreeMap::new();
        for event in self.events() {
            *counts.entry(event.kind).or_insert(0) += 1;
        }
        counts
    }

    /// The events of one address.
    pub fn events_of(&self, address: &str) -> Vec<Event> {
        let id = hex::encode(hash(address));
        let mut events = self.events();
        events.retain(|event| event.email_id == id);
        events
    }

    /// Everybody in all lists, the archived included, those deleted for good not.
    pub fn contacts(&self) -> Vec<Contact> {
        self.look(|account, world| contacts(account, world))
    }

    /// Everything that was written, in order.
    pub fn written(&self) -> Vec<Written> {
        self.shared.account().journal.clone()
    }

    /// The writes that made somebody exist or made them more contactable. There must be none.
    pub fn consent_breaches(&self) -> Vec<Written> {
        let mut written = self.written();
        written.retain(Written::breaks_consent);
        written
    }

    /// What was written to each contact, by e-mail id.
    pub fn written_by_contact(&self) -> BTreeMap<String, Vec<Change>> {
        let mut by_contact: BTreeMap<String, Vec<Change>> = BTreeMap::new();
        for written in self.written() {
            by_contact
                .entry(written.email_id)
                .or_default()
                .push(written.change);
        }
        by_contact
    }

    /// Somebody changes their own address; says whether there was such a member.
    pub fn readdress(&self, old: &str, new: &str) -> bool {
        self.look(|account, _| {
            let now = account.now;
            let mut found = false;
            for list in &mut account.audiences {
                if let Some(index) = list.find(old) {
                    list.readdress(index, new, now);
                    found = true;
                }
            }
            found
        })
    }

    /// So many members, from the first, show `at` as the time of their last change, be it in the future; their addresses.
    pub fn touch_at(&self, at: chrono::DateTime<chrono::Utc>, many: usize) -> Vec<String> {
        let at = crate::people::seconds(at);
        self.look(|account, world| {
            let mut touched = Vec::new();
            for list in &mut account.audiences {
                for member in list
                    .members
                    .iter_mut()
                    .filter(|member| !member.forgotten)
                    .take(many)
                {
                    member.last_changed = at;
                    touched.push(member.address(world));
                }
                list.revision += 1;
            }
            touched
        })
    }

    /// The marketer archives somebody by hand, which is no write of the API's; says whether there was such a member.
    pub fn archive_by_hand(&self, address: &str) -> bool {
        self.by_hand(address, |member, now| {
            member.turn(Status::Archived, now, false);
        })
    }

    /// The marketer takes a tag off somebody by hand; says whether there was such a member.
    pub fn untag_by_hand(&self, address: &str, tag: &str) -> bool {
        self.look(|account, _| {
            let now = account.now;
            let mut found = false;
            for list in &mut account.audiences {
                if let Some(index) = list.find(address) {
                    let number = list.tag_named(tag, now);
                    found |= list.members[index as usize].tag(number, false, now);
                    list.revision += 1;
                }
            }
            found
        })
    }

    /// The marketer gives a merge field another tag, in every audience that has it: it keeps its values. Says whether one did.
    pub fn rename_field_by_hand(&self, from: &str, to: &str) -> bool {
        self.look(|account, _| {
            let mut found = false;
            for list in &mut account.audiences {
                for field in list.fields.iter_mut().filter(|field| field.tag == from) {
                    to.clone_into(&mut field.tag);
                    found = true;
                }
                list.revision += 1;
            }
            found
        })
    }

    /// The marketer types a number into somebody's merge field; says whether there is such a member and field.
    pub fn number_by_hand(&self, address: &str, tag: &str, number: i64) -> bool {
        self.look(|account, _| {
            let now = account.now;
            let mut found = false;
            for list in &mut account.audiences {
                let field = list.fields.iter().position(|field| field.tag == tag);
                let (Some(field), Some(index)) = (field, list.find(address)) else {
                    continue;
                };
                let field = u16::try_from(field).unwrap_or(u16::MAX);
                let member = &mut list.members[index as usize];
                member.touch(now);
                member.write(field, number.into());
                list.revision += 1;
                found = true;
            }
            found
        })
    }

    /// Something happens to a member without a write of the API's; says whether there was such a member.
    pub(super) fn by_hand(&self, address: &str, happen: impl Fn(&mut Member, Seconds)) -> bool {
        self.look(|account, _| {
            let now = account.now;
            let mut found = false;
            for list in &mut account.audiences {
                if let Some(index) = list.find(address) {
                    happen(&mut list.members[index as usize], now);
                    list.revision += 1;
                    found = true;
                }
            }
            found
        })
    }

    /// How often each thing was started for each contact, whatever became of the answer: `EMAIL_ID journey J step S`,
    /// `EMAIL_ID event NAME`, and `EMAIL_ID tag NAME` for a tag that was put on so that a flow may begin by it.
    pub fn starts(&self) -> BTreeMap<String, usize> {
        let mut starts = BTreeMap::new();
        for Written {
            email_id, change, ..
        } in self.written()
        {
            let what = match change {
                Change::Journey { journey, step } => format!("journey {journey} step {step}"),
                Change::Event(name) => format!("event {name}"),
                Change::Tag {
                    name,
                    on: true,
                    quiet: false,
                } => format!("tag {name}"),
                _ => continue,
            };
            *starts.entry(format!("{email_id} {what}")).or_insert(0) += 1;
        }
        starts
    }
}

fn contacts(account: &Account, world: &World) -> Vec<Contact> {
    let mut contacts = Vec::new();
    for list in &account.audiences {
        for member in list.members.iter().filter(|member| !member.forgotten) {
            let fields = (0_u16..).zip(&list.fields);
            contacts.push(Contact {
                list: list.id.clone(),
                email_id: hex::encode(member.hash),
                contact_id: hex::encode(member.contact),
                address: member.address(world),
                status: member.status,
                left_themselves: member.left_themselves,
                tags: member
                    .tags
                    .iter()
                    .map(|(tag, _)| list.tags[usize::from(*tag)].name.clone())
                    .collect(),
                fields: fields
                    .map(|(number, field)| (field.tag.clone(), list.field(world, member, number)))
                    .collect(),
                last_changed: member.last_changed,
            });
        }
    }
    contacts
}

fn events(account: &Account, world: &World) -> Vec<Event> {
    let mut events = Vec::new();
    for list in &account.audiences {
        let campaigns = list.sent(world, account.now);
        for (place, campaign) in campaigns.iter().enumerate() {
            let report = &list.reports.list[place];
            for row in report.rows.iter().copied() {
                let person = campaign.recipients[row as usize].person;
                let Some(index) = list.of_person(person) else {
                    continue;
                };
                let hash = &list.members[index as usize].hash;
                events.push(Event::new(
                    Kind::Send,
                    &report.id,
                    hash,
                    campaign.sent_at,
                    "",
                ));
                events.extend(reactions(list, campaign, place, row, account.now));
                let left = report
                    .acts_of(row)
                    .iter()
                    .find(|act| act.deed == Deed::Unsubscribe);
                events.extend(
                    left.map(|left| Event::new(Kind::Unsubscribe, &report.id, hash, left.at, "")),
                );
            }
        }
        for complaint in &list.complaints {
            let member = &list.members[complaint.member as usize];
            if !member.forgotten {
                let campaign = list.reports.id(complaint.campaign);
                events.push(Event::new(
                    Kind::Complaint,
                    campaign,
                    &member.hash,
                    complaint.at,
                    "",
                ));
            }
        }
    }
    events.extend(shop::events(account, world));
    events
}
