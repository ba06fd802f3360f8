//! What a complete and correct reader of this stand-in must know, and what was done to it: for checkers.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::HubSpot;
use super::contact::{Contact as Kept, Standing, stamp};
use super::events::{app_of, campaign_id, id_text};
use super::journal::{Change, Written};
use super::mail::{Kind, Row, Source};
use super::objects::Object;
use super::portal::{PORTAL, Portal};
use super::timeline::{Shift, What};
use super::visits::visit_id;
use crate::people::{Publication, World};

/// A contact as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The id of the object.
    pub id: String,
    /// The address.
    pub address: String,
    /// Whether it is out of all e-mail.
    pub out_of_all: bool,
    /// Whether each publication's mail may go there: the weekly one's, the monthly one's.
    pub mailed: [bool; 2],
    /// Whether it opted out or complained by its own hand last, and not by a write.
    pub left_themselves: bool,
    /// Whether it was archived.
    pub archived: bool,
    /// What was written, by name, as it was written.
    pub fields: BTreeMap<String, String>,
    /// The names of its lists, in no particular order.
    pub lists: Vec<String>,
    /// When it was modified, in milliseconds.
    pub modified: i64,
}

/// An e-mail event that can be read now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four things that a row may be, each without the others"
)]
pub struct Event {
    /// The id on the wire, by which the ledger names it.
    pub id: String,
    /// The type.
    pub kind: Kind,
    /// When it was created, in milliseconds.
    pub created: i64,
    /// The address, in lower case.
    pub recipient: String,
    /// The e-mail campaign, where there is one.
    pub campaign: Option<u64>,
    /// Whether a machine did it.
    pub filtered: bool,
    /// Whether a later version took its place.
    pub obsolete: bool,
    /// The name of the app.
    pub app: &'static str,
    /// Whether it is a bounce of an address that does not exist.
    pub hard: bool,
    /// Whether it tells of opting out, and not of coming back.
    pub leaves: bool,
}

impl HubSpot {
    /// Everybody that a list or a search can find, and those in the archive, by id; those deleted for good or merged not.
    pub fn contacts(&self) -> Vec<Contact> {
        self.shared.at_work(|portal, world| {
            let shown = |(place, contact): (usize, &Kept)| view(portal, world, place, contact);
            portal
                .contacts
                .iter()
                .enumerate()
                .filter(|(_, contact)| !contact.gone)
                .map(shown)
                .collect()
        })
    }

    /// Every e-mail event that can be read now, in no particular order.
    pub fn events(&self) -> Vec<Event> {
        self.shared.at_work(|portal, world| {
            portal
                .mail
                .all()
                .map(|row| told(portal, world, *row))
                .collect()
        })
    }

    /// Every change of consent that the timeline has: `timeline/TIME/ACCOUNT/ADDRESS`.
    pub fn timeline(&self) -> Vec<String> {
        self.shared
            .at_work(|portal, _| portal.shifts.iter().map(Shift::key).collect())
    }

    /// The rows of the timeline that tell of somebody who left or came, and not of a bounce or a complaint.
    pub fn decisions(&self) -> Vec<String> {
        self.shared.at_work(|portal, _| {
            let shifts = portal.shifts.iter();
            let decided = shifts.filter(|shift| matches!(shift.to, "SUBSCRIBED" | "UNSUBSCRIBED"));
            decided.map(Shift::key).collect()
        })
    }

    /// The number of the account, as rows show it.
    pub const fn account() -> u64 {
        PORTAL
    }

    /// Every purchase by its name in the ledger, with the contact's id where there is one: `deals/ID` or `orders/ID`. Open deals
    /// are none.
    pub fn purchases(&self) -> BTreeMap<String, Option<String>> {
        self.shared.at_work(|portal, _| {
            let object = match portal.options.purchases {
                super::Purchases::Deals => Object::Deals,
                super::Purchases::Orders => Object::Orders,
            };
            let won = portal
                .records(object, false)
                .into_iter()
                .filter(|(_, place)| !portal.shop.deals[*place as usize].open);
            won.map(|record| {
                (
                    format!("{}/{}", object.as_str(), portal.record_id(record)),
                    portal.buyers(record).pop(),
                )
            })
            .collect()
        })
    }

    /// The ids of all form submissions.
    pub fn submissions(&self) -> Vec<String> {
        self.shared.at_work(|portal, _| {
            (0..portal.submissions.len())
                .map(|place| portal.submission_id(place))
                .collect()
        })
    }

    /// The ids of all page views.
    pub fn page_views(&self) -> Vec<String> {
        self.shared
            .at_work(|portal, world| portal.page_views(world).into_iter().map(visit_id).collect())
    }

    /// Who gets the mail of any publication, by contact id.
    pub fn mailed(&self) -> BTreeSet<String> {
        let contacts = self.contacts().into_iter();
        contacts
            .filter(|contact| contact.mailed.contains(&true))
            .map(|contact| contact.id)
            .collect()
    }

    /// Everything that was written, in order.
    pub fn written(&self) -> Vec<Written> {
        self.shared.portal().journal.clone()
    }

    /// The writes that made somebody exist or made them more contactable. There must be none.
    pub fn consent_breaches(&self) -> Vec<Written> {
        let mut written = self.written();
        written.retain(Written::breaks_consent);
        written
    }

    /// What was written to each contact, by id.
    pub fn written_by_contact(&self) -> BTreeMap<String, Vec<Change>> {
        let mut by_contact: BTreeMap<String, Vec<Change>> = BTreeMap::new();
        for written in self.written() {
            by_contact
                .entry(written.contact)
                .or_default()
                .push(written.change);
        }
        by_contact
    }

    /// How often each thing was started for each contact, whatever became of the answer: `ID workflow W`, `ID event NAME`, and
    /// `ID list NAME` for a list that somebody was put on, since a workflow may begin by it.
    pub fn starts(&self) -> BTreeMap<String, usize> {
        let mut starts = BTreeMap::new();
        for Written { contact, change } in self.written() {
            let what = match change {
                Change::Enrolled(workflow) => format!("workflow {workflow}"),
                Change::Event(name) => format!("event {name}"),
                Change::Listed(list) => format!("list {list}"),
                _ => continue,
            };
            *starts.entry(format!("{contact} {what}")).or_insert(0) += 1;
        }
        starts
    }

    /// Somebody opts out of all e-mail by their own hand; false when there is nobody with this address.
    pub fn leaves(&self, address: &str) -> bool {
        self.by_hand(address, |portal, index| {
            let now = portal.now;
            portal.opt_out(index, What::All, now, "SOURCE_RECIPIENT");
            portal.tell_world(index);
            let shift = Shift::of_mail(index, Publication::Weekly, None, What::All, now);
            portal.shift(
                Shift {
                    to: "UNSUBSCRIBED",
                    ..shift
                },
                Some(Kind::StatusChange),
            );
        })
    }

    /// Somebody comes back to the weekly mail by their own hand.
    pub fn returns(&self, address: &str) -> bool {
        self.by_hand(address, |portal, index| {
            let (now, lag) = (portal.now, portal.options.index_lag);
            let contact = &mut portal.contacts[index as usize];
            contact.types[Publication::Weekly as usize] = Some(Standing {
                subscribed: true,
                at: now,
                source: "SOURCE_RECIPIENT",
            });
            contact.out_of_all = None;
            contact.touch(now, lag);
            portal.tell_world(index);
            let what = What::Type(Publication::Weekly as usize);
            let shift = Shift::of_mail(index, Publication::Weekly, None, what, now);
            portal.shift(shift, Some(Kind::StatusChange));
            portal.hook_property(index, "hs_email_optout", "false", now);
        })
    }

    /// Somebody changes their own address.
    pub fn readdress(&self, old: &str, new: &str) -> bool {
        self.by_hand(old, |portal, index| {
            let now = portal.now;
            portal.readdress(index, new, now);
        })
    }

    /// The owner writes a city down about somebody, which is no write of the API's.
    pub fn change_by_hand(&self, address: &str, city: &str) -> bool {
        self.by_hand(address, |portal, index| {
            let (now, lag) = (portal.now, portal.options.index_lag);
            portal.contacts[index as usize]
                .values
                .insert("city".to_owned(), city.to_owned());
            portal.contacts[index as usize].touch(now, lag);
        })
    }

    /// The owner archives somebody, or deletes them for good.
    pub fn delete_by_hand(&self, address: &str, for_good: bool) -> bool {
        self.by_hand(address, |portal, index| portal.remove(index, for_good))
    }

    /// The owner takes somebody off a list.
    pub fn unlist_by_hand(&self, address: &str, list: &str) -> bool {
        self.by_hand(address, |portal, index| {
            for kept in portal.lists.iter_mut().filter(|kept| kept.name == list) {
                kept.members.retain(|(member, _)| *member != index);
            }
        })
    }

    /// The owner merges the second contact into the first.
    pub fn merge_by_hand(&self, into: &str, from: &str) -> bool {
        let from = from.to_owned();
        self.by_hand(into, move |portal, into| {
            if let Some(from) = portal.find_email(&from).filter(|from| *from != into) {
                portal.merge(into, from);
            }
        })
    }

    /// A bounce is taken back: an event that lacks the common fields (sheet 4).
    pub fn unbounce(&self, address: &str) -> bool {
        self.by_hand(address, |portal, index| {
            let now = portal.now;
            portal.contacts[index as usize].tally.hard = false;
            portal.mail.put(
                Kind::Unbounce,
                now,
                Source::Wished {
                    contact: index,
                    publication: 0,
                    campaign: 0,
                },
            );
        })
    }

    fn by_hand(&self, address: &str, happen: impl FnOnce(&mut Portal, u32)) -> bool {
        self.shared.at_work(|portal, _| {
            let index = portal
                .find_email(address)
                .filter(|index| portal.contacts[*index as usize].alive());
            index.map(|index| happen(portal, index)).is_some()
        })
    }

    /// So many contacts, from the first, show the same millisecond as that of their last change, be it in the future: what a bulk
    /// import leaves (sheet 3). Their addresses.
    pub fn touch_at(&self, at: DateTime<Utc>, many: usize) -> Vec<String> {
        self.shared.at_work(|portal, _| {
            let alive = portal.contacts.iter_mut().filter(|contact| contact.alive());
            let touch = |contact: &mut Kept| {
                contact.settled = contact.modified;
                contact.modified = at.timestamp_millis();
                contact.email.clone()
            };
            alive.take(many).map(touch).collect()
        })
    }

    /// So many clicks within the millisecond `at`, which may lie in the future, by different contacts on the last weekly mail;
    /// their ids.
    pub fn click_at(&self, at: DateTime<Utc>, many: usize) -> Vec<String> {
        self.shared.at_work(|portal, world| {
            let campaign = world
                .campaigns(Publication::Weekly)
                .last()
                .map_or(0, |campaign| campaign.number);
            let alive = (0_u32..)
                .zip(&portal.contacts)
                .filter(|(_, contact)| contact.alive());
            let contacts: Vec<u32> = alive.map(|(index, _)| index).take(many).collect();
            let click = |contact| {
                let source = Source::Wished {
                    contact,
                    publication: 0,
                    campaign,
                };
                let row = portal.mail.put(Kind::Click, at.timestamp_millis(), source);
                let now = portal.now;
                portal.count(world, now, row);
                id_text(row)
            };
            contacts.into_iter().map(click).collect()
        })
    }
}

fn view(portal: &Portal, world: &World, place: usize, contact: &Kept) -> Contact {
    let index = u32::try_from(place).unwrap_or(u32::MAX);
    let mut fields = contact.values.clone();
    for name in ["lifecyclestage", "city", "firstname"] {
        let value = portal.field(world, (Object::Contacts, index), name, false);
        fields.insert(
            name.to_owned(),
            value.map(|value| value.wire()).unwrap_or_default(),
        );
    }
    fields.insert("lastmodifieddate".to_owned(), stamp(contact.modified));
    let last = portal
        .shifts
        .iter()
        .rev()
        .find(|shift| shift.contact == Some(index) && shift.to != "BOUNCED");
    let on = |list: &&super::lists::List| list.members.iter().any(|(member, _)| *member == index);
    Contact {
        id: contact.id.to_string(),
        address: contact.email.clone(),
        out_of_all: contact.out_of_all.is_some(),
        mailed: Publication::ALL.map(|publication| contact.mailed(publication)),
        left_themselves: last
            .is_some_and(|shift| shift.to != "SUBSCRIBED" && shift.source != "SOURCE_CUSTOMER"),
        archived: contact.archived.is_some(),
        fields,
        lists: portal
            .lists
            .iter()
            .filter(on)
            .map(|list| list.name.clone())
            .collect(),
        modified: contact.modified,
    }
}

fn told(portal: &Portal, world: &World, row: Row) -> Event {
    Event {
        id: id_text(row),
        kind: row.kind,
        created: row.at,
        recipient: portal.recipient(world, row),
        campaign: portal.campaign(world, row).map(campaign_id),
        filtered: portal.filtered(world, row),
        obsolete: matches!(row.source, Source::Act { replaced: true, .. }),
        app: app_of(row).1,
        hard: portal.is_hard(world, row),
        leaves: matches!(row.source, Source::Shift(place) if portal.shifts[place as usize].to != "SUBSCRIBED"),
    }
}
