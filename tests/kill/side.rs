//! One connection of a stage and the platform behind it: what the judge asks of both, whichever platform it is.

use std::collections::{BTreeMap, BTreeSet};

use engaged_sandbox::{
    copernica,
    fault::Faults,
    ghost::MemberView,
    hubspot,
    ledger::{Entry, Ledger},
    mailchimp,
};
use http::Method;

use crate::stage::{COPERNICA_FIELD, HUBSPOT_FIELD, PREFIX, Stage, ours};

/// What no push may touch: of each contact whether they may be mailed, and what is not ours.
pub type Foreign = BTreeMap<String, String>;

/// A connection, by its name in the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// Ghost.
    Site,
    /// Mailchimp.
    Shop,
    Copernica,
    HubSpot,
}

/// A connection of a stage.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    pub stage: &'a Stage,
    pub name: Name,
}

impl<'a> Side<'a> {
    /// Every connection that a stage has.
    pub fn all(stage: &'a Stage) -> Vec<Self> {
        let there = [
            (Name::Site, stage.ghost.is_some()),
            (Name::Shop, stage.mailchimp.is_some()),
            (Name::Copernica, stage.copernica.is_some()),
            (Name::HubSpot, stage.hubspot.is_some()),
        ];
        let there = there.into_iter().filter(|(_, is)| *is);
        there.map(|(name, _)| Self { stage, name }).collect()
    }

    pub fn word(&self) -> &'static str {
        match self.name {
            Name::Site => "site",
            Name::Shop => "shop",
            Name::Copernica => "copernica",
            Name::HubSpot => "hubspot",
        }
    }

    fn copernica(&self) -> &'a copernica::Copernica {
        self.stage.copernica.as_ref().unwrap()
    }

    fn hubspot(&self) -> &'a hubspot::HubSpot {
        self.stage.hubspot.as_ref().unwrap()
    }

    pub fn ledger(&self) -> &'a Ledger {
        match self.name {
            Name::Site => self.stage.site_ledger(),
            Name::Shop => self.stage.shop().ledger(),
            Name::Copernica => self.copernica().ledger(),
            Name::HubSpot => self.hubspot().ledger(),
        }
    }

    pub fn faults(&self) -> &'a Faults {
        match self.name {
            Name::Site => self.stage.site_faults(),
            Name::Shop => self.stage.shop().faults(),
            Name::Copernica => self.copernica().faults(),
            Name::HubSpot => self.hubspot().faults(),
        }
    }

    /// The requests since a mark that were meant to change something.
    pub fn writes(&self, mark: usize) -> Vec<Entry> {
        // HubSpot is asked by POST too, and what a fault kept from it was never looked at.
        let asks = |entry: &Entry| {
            self.name == Name::HubSpot
                && (entry.path.ends_with("/search") || entry.path.ends_with("/read"))
        };
        let mut entries = self.ledger().since(mark);
        entries.retain(|entry| entry.write && !asks(entry));
        entries
    }

    /// The requests by which a push changes contacts: method, and how the path begins.
    pub fn pushes(&self) -> &'static [(Method, &'static str)] {
        match self.name {
            Name::Site => &[(Method::PUT, "/ghost/api/admin/members/bulk/")],
            Name::Shop => &[(Method::POST, "/3.0/batches")],
            Name::Copernica => &[
                (Method::PUT, "/v4/profile/"),
                (Method::POST, "/v4/profile/"),
            ],
            Name::HubSpot => &[
                (Method::POST, "/crm/v3/objects/contacts/batch/update"),
                (Method::PUT, "/crm/v3/lists/"),
            ],
        }
    }

    /// The connection's id of each contact by the platform's own.
    fn ids(&self) -> BTreeMap<String, String> {
        let contacts = self.stage.shop().contacts().into_iter();
        let id = |contact: mailchimp::Contact| {
            let id = format!("{}:{}", contact.list, contact.contact_id);
            (contact.email_id, id)
        };
        contacts.map(id).collect()
    }

    /// The address of each contact by the connection's id; nothing for Ghost, which is told of no numbers.
    pub fn addresses(&self) -> BTreeMap<String, String> {
        match self.name {
            Name::Site => BTreeMap::new(),
            Name::Shop => {
                let contacts = self.stage.shop().contacts().into_iter();
                let one = |contact: mailchimp::Contact| {
                    let id = format!("{}:{}", contact.list, contact.contact_id);
                    (id, contact.address)
                };
                contacts.map(one).collect()
            }
            Name::Copernica => {
                let contacts = self.copernica().contacts().into_iter();
                contacts
                    .map(|contact| (contact.id.to_string(), contact.address))
                    .collect()
            }
            Name::HubSpot => {
                let contacts = self.hubspot().contacts().into_iter();
                contacts
                    .map(|contact| (contact.id, contact.address))
                    .collect()
            }
        }
    }

    /// Every change of a contact that a request brought about, in order, as `id|target|value`. Ghost keeps no such
    /// journal: see [`Self::labels`].
    pub fn journal(&self) -> Vec<String> {
        let tag = |name: &str, on: bool| format!("tag:{name}|{}", if on { "on" } else { "off" });
        match self.name {
            Name::Site => Vec::new(),
            Name::Shop => {
                let ids = self.ids();
                let line = |written: mailchimp::Written| {
                    let what = match written.change {
                        mailchimp::Change::Field { tag, to, .. } => {
                            let value = to.as_str().map_or_else(|| to.to_string(), str::to_owned);
                            format!("field:{tag}|{value}")
                        }
                        mailchimp::Change::Tag { name, on, .. } => tag(&name, on),
                        other => format!("{other:?}"),
                    };
                    format!("{}|{what}", ids[&written.email_id])
                };
                self.stage.shop().written().into_iter().map(line).collect()
            }
            Name::Copernica => {
                let line = |written: copernica::Written| {
                    let what = match written.change {
                        copernica::Change::Field { name, to, .. } => format!("field:{name}|{to}"),
                        copernica::Change::Interest { name, on, .. } => tag(&name, on),
                        other => format!("{other:?}"),
                    };
                    format!("{}|{what}", written.profile)
                };
                self.copernica().written().into_iter().map(line).collect()
            }
            Name::HubSpot => {
                let line = |written: hubspot::Written| {
                    let what = match written.change {
                        hubspot::Change::Field { name, to, .. } => format!("field:{name}|{to}"),
                        hubspot::Change::Listed(list) => tag(&list, true),
                        hubspot::Change::Unlisted(list) => tag(&list, false),
                        other => format!("{other:?}"),
                    };
                    format!("{}|{what}", written.contact)
                };
                self.hubspot().written().into_iter().map(line).collect()
            }
        }
    }

    /// The labels of ours on the site, each with its member; nothing elsewhere.
    pub fn labels(&self) -> BTreeSet<(String, String)> {
        if self.name != Name::Site {
            return BTreeSet::new();
        }
        let members = self.stage.site().members().into_iter();
        let one = |member: MemberView| {
            let id = member.id;
            let labels = member.labels.into_iter();
            labels
                .filter(|label| label.starts_with(PREFIX))
                .map(move |label| (id.clone(), label))
        };
        members.flat_map(one).collect()
    }

    pub fn foreign(&self) -> Foreign {
        let not_ours = |mut tags: Vec<String>| {
            tags.retain(|tag| !tag.starts_with(PREFIX));
            tags.sort();
            tags
        };
        match self.name {
            Name::Site => {
                let one = |mut member: MemberView| {
                    member.labels.retain(|label| !label.starts_with(PREFIX));
                    (member.id.clone(), format!("{member:?}"))
                };
                self.stage.site().members().into_iter().map(one).collect()
            }
            Name::Shop => {
                let one = |mut contact: mailchimp::Contact| {
                    let own = ours(&contact);
                    contact.tags.retain(|tag| !own.contains(tag));
                    contact.tags.sort();
                    contact.fields.remove("ENGSCORE");
                    contact.last_changed = 0;
                    (contact.contact_id.clone(), format!("{contact:?}"))
                };
                self.stage.shop().contacts().into_iter().map(one).collect()
            }
            Name::Copernica => {
                let one = |mut contact: copernica::Contact| {
                    contact.interests = not_ours(contact.interests);
                    contact.fields.remove(COPERNICA_FIELD);
                    contact.modified = 0;
                    (contact.id.to_string(), format!("{contact:?}"))
                };
                self.copernica().contacts().into_iter().map(one).collect()
            }
            Name::HubSpot => {
                let one = |mut contact: hubspot::Contact| {
                    contact.lists = not_ours(contact.lists);
                    contact.fields.remove(HUBSPOT_FIELD);
                    contact.fields.remove("lastmodifieddate");
                    contact.modified = 0;
                    (contact.id.clone(), format!("{contact:?}"))
                };
                self.hubspot().contacts().into_iter().map(one).collect()
            }
        }
    }

    /// The writes that made somebody more contactable, in words.
    pub fn breaches(&self) -> Vec<String> {
        fn words<T: std::fmt::Debug>(written: &[T]) -> Vec<String> {
            let words = written.iter().map(|written| format!("{written:?}"));
            words.collect()
        }
        match self.name {
            Name::Site => Vec::new(),
            Name::Shop => words(&self.stage.shop().consent_breaches()),
            Name::Copernica => words(&self.copernica().consent_breaches()),
            Name::HubSpot => words(&self.hubspot().consent_breaches()),
        }
    }

    /// How often each thing was started for each contact, as `id what`.
    pub fn starts(&self) -> BTreeMap<String, usize> {
        match self.name {
            Name::Site => BTreeMap::new(),
            Name::Shop => {
                let ids = self.ids();
                let named = |(key, times): (String, usize)| {
                    let (id, what) = key.split_once(' ').unwrap();
                    (format!("{} {what}", ids[id]), times)
                };
                self.stage.shop().starts().into_iter().map(named).collect()
            }
            Name::Copernica => self.copernica().starts(),
            Name::HubSpot => self.hubspot().starts(),
        }
    }

    /// Every contact whose tags or number of ours are not what the product evaluates.
    pub fn differences(&self) -> Vec<String> {
        let shown: Vec<(String, Option<String>, Vec<String>)> = match self.name {
            Name::Site => return self.stage.site_differences(),
            Name::Shop => return self.stage.shop_differences(),
            Name::Copernica => {
                let contacts = self.copernica().contacts().into_iter();
                let one = |mut contact: copernica::Contact| {
                    let number = contact.fields.remove(COPERNICA_FIELD);
                    (contact.address, number, contact.interests)
                };
                contacts.map(one).collect()
            }
            Name::HubSpot => {
                let contacts = self.hubspot().contacts().into_iter();
                let there = contacts.filter(|contact| !contact.archived);
                let one = |mut contact: hubspot::Contact| {
                    let number = contact.fields.remove(HUBSPOT_FIELD);
                    (contact.address, number, contact.lists)
                };
                there.map(one).collect()
            }
        };
        assert!(shown.len() > 5, "{} contacts", shown.len());
        let wanted = self.stage.wanted();
        let differs = |(address, number, tags): (String, Option<String>, Vec<String>)| {
            let number = number.and_then(|text| text.parse::<i64>().ok());
            let tags = tags.into_iter().filter(|tag| tag.starts_with(PREFIX));
            let (found, wanted) = (
                (number, tags.collect::<BTreeSet<_>>()),
                wanted.get(&address).cloned(),
            );
            let wanted = wanted.map(|(score, tags)| (Some(score), tags));
            (Some(&found) != wanted.as_ref())
                .then(|| format!("{address} has {found:?} and should have {wanted:?}"))
        };
        shown.into_iter().filter_map(differs).collect()
    }

    /// What the store has of the platform's events and what the platform has, by the same names.
    pub fn events(&self) -> (Vec<String>, Vec<String>) {
        match self.name {
            Name::Site => self.stage.site_found_and_true(),
            Name::Shop => self.stage.shop_found_and_true(),
            Name::Copernica => (self.rows(), copernica_truth(self.copernica())),
            Name::HubSpot => (self.rows(), hubspot_truth(self.hubspot())),
        }
    }

    /// The store's events of the connection: kind and the platform's id, or kind, contact and time of what has none.
    fn rows(&self) -> Vec<String> {
        self.stage.rows(&format!(
            "select case when kind.name in ('subscribe', 'unsubscribe') and connection.name = 'hubspot'
                    then 'decision/' || contact.email || '/' || event.at
                    else kind.name || '/' || event.platform_event_id end
             from event join kind on kind.id = event.kind join connection on connection.id = event.connection_id
             join contact on contact.id = event.contact_id where connection.name = '{}'",
            self.word()
        ))
    }
}

/// What can be read of a Copernica account: lists, and the logfiles of days that are over.
fn copernica_truth(site: &copernica::Copernica) -> Vec<String> {
    use copernica::{Kind, Product};
    let logged = site.events_in_logs();
    let name = |row: copernica::Event| {
        let product = match row.product {
            Product::MarketingSuite => "ms",
            Product::Publisher => "pub",
        };
        let at = engaged_sandbox::people::time(row.at).with_timezone(&chrono_tz::Europe::Amsterdam);
        let message = format!("{product}:{}", row.message);
        let kind = match row.kind {
            Kind::Impression => return Some(format!("open/{product}:{}", row.id)),
            Kind::Click => return Some(format!("click/{product}:{}", row.id)),
            Kind::Unsubscribe => return Some(format!("unsubscribe/{product}:{}", row.id)),
            Kind::Destination => "send",
            Kind::Delivery => "delivery",
            Kind::Abuse => "complaint",
            Kind::Error if row.code.starts_with('5') => "hard_bounce",
            Kind::Error if row.code.starts_with('4') => "soft_bounce",
            Kind::Error => return None,
        };
        let more = match row.kind {
            Kind::Error => format!(":{}:{}", at.format("%Y-%m-%d %H:%M:%S"), row.code),
            _ => String::new(),
        };
        logged
            .contains(&row.key())
            .then(|| format!("{kind}/{message}{more}"))
    };
    let named: BTreeSet<String> = site.events().into_iter().filter_map(name).collect();
    named.into_iter().collect()
}

/// What can be read of a HubSpot account with the rights that its connector uses by default.
fn hubspot_truth(site: &hubspot::HubSpot) -> Vec<String> {
    use hubspot::Kind;
    let mail = |event: hubspot::Event| {
        let kind = match event.kind {
            Kind::Sent => "send",
            Kind::Open => "open",
            Kind::Click => "click",
            Kind::Bounce if event.hard => "hard_bounce",
            Kind::Bounce => "soft_bounce",
            Kind::SpamReport => "complaint",
            _ => return None,
        };
        (!event.obsolete).then(|| format!("{kind}/{}/{}", event.id, event.created))
    };
    let mut named: BTreeSet<String> = site.events().into_iter().filter_map(mail).collect();
    let submissions = site.submissions().into_iter();
    named.extend(submissions.map(|id| format!("form_submit/{id}")));
    let bought = site.purchases().into_iter();
    named.extend(bought.filter_map(|(id, buyer)| Some(format!("purchase/{id}/{}", buyer?))));
    let decided = site.decisions().into_iter();
    let decided = decided.map(|key| {
        let mut parts = key.splitn(4, '/').skip(1);
        let (at, _, who) = (parts.next().unwrap(), parts.next(), parts.next().unwrap());
        format!("decision/{who}/{at}")
    });
    named.extend(decided);
    named.into_iter().collect()
}
