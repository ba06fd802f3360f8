//! What a checker sees of the account, and what people do to it by hand.

use std::collections::BTreeMap;

use super::account::{Account, Turned};
use super::contact::{Member, Membership, Status};
use super::event::{self, Event, Kind};
use super::hooks::{Delivery, Initiator, What};
use super::journal::{Change, Written};
use super::reports::Report;
use super::{ActiveCampaign, shop, write};
use crate::people::{Fate, Recipient, Seconds, World};

/// A contact as they are now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The id.
    pub id: String,
    /// The address.
    pub address: String,
    /// How they stand with each list, by its id.
    pub lists: BTreeMap<String, Status>,
    /// Whether they left a list by their own hand, and not by a write.
    pub left_themselves: bool,
    /// The names of all tags, in the order of coming.
    pub tags: Vec<String>,
    /// All fields that have a value, by personalisation tag.
    pub fields: BTreeMap<String, String>,
    /// When they changed last, as far as the account says so.
    pub last_changed: Seconds,
}

impl Contact {
    /// Whether any list mails them.
    pub fn mailed(&self) -> bool {
        self.lists.values().any(|status| *status == Status::Active)
    }
}

/// The counters of one campaign, as the API gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// All opens, those of machines included.
    pub opens: u32,
    /// Contacts who opened.
    pub unique_opens: u32,
    /// All clicks.
    pub clicks: u32,
    /// Pairs of contact and link.
    pub unique_clicks: u32,
    /// Contacts who clicked.
    pub clickers: u32,
    /// Hard bounces.
    pub hard: u32,
    /// Soft bounces.
    pub soft: u32,
    /// Those who left by this mail.
    pub unsubscribes: u32,
}

impl ActiveCampaign {
    /// Lets `at` look at the account as of now; what it changes for the world takes effect.
    fn look<T>(&self, at: impl FnOnce(&mut Account, &World) -> T) -> T {
        let mut account = self.shared.account();
        let found = {
            let world = self.shared.world();
            account.refresh(&world);
            at(&mut account, &world)
        };
        self.shared.settle(&mut account);
        found
    }

    /// The ids of the lists, the newsletter first.
    pub fn lists(&self) -> Vec<String> {
        self.look(|account, _| {
            let ids = account.lists.iter().map(|list| list.id.to_string());
            ids.collect()
        })
    }

    /// Every event that the platform knows by now; each says whether a poll finds it and whether a webhook would tell of it.
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
        let id = self.id_of(address).unwrap_or_default();
        let mut events = self.events();
        events.retain(|event| event.contact == id);
        events
    }

    /// The id of the contact with this address.
    pub fn id_of(&self, address: &str) -> Option<String> {
        self.look(|account, _| {
            let index = account.find(address)?;
            Some(account.contacts[index].id.to_string())
        })
    }

    /// The counters of each campaign, by its id.
    pub fn counters(&self) -> BTreeMap<String, Counts> {
        self.look(|account, _| {
            let counts = |report: &Report| {
                let count = report.counters;
                let counts = Counts {
                    opens: count.opens,
                    unique_opens: count.unique_opens,
                    clicks: count.clicks,
                    unique_clicks: count.unique_clicks,
                    clickers: count.clickers,
                    hard: count.hard,
                    soft: count.soft,
                    unsubscribes: count.unsubscribes,
                };
                (report.id.to_string(), counts)
            };
            account.reports.iter().map(counts).collect()
        })
    }

    /// Everybody, by ascending id; the deleted not.
    pub fn contacts(&self) -> Vec<Contact> {
        self.look(|account, world| {
            account
                .living()
                .map(|member| contact(account, world, member))
                .collect()
        })
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

    /// What was written to each contact, by id.
    pub fn written_by_contact(&self) -> BTreeMap<String, Vec<Change>> {
        let mut by_contact: BTreeMap<String, Vec<Change>> = BTreeMap::new();
        for Written { contact, change } in self.written() {
            by_contact.entry(contact).or_default().push(change);
        }
        by_contact
    }

    /// How often each thing was started for each contact, whatever became of the answer: `ID automation N`, and `ID tag NAME`
    /// for a tag that was put on so that an automation may begin by it.
    pub fn starts(&self) -> BTreeMap<String, usize> {
        let mut starts = BTreeMap::new();
        for Written { contact, change } in self.written() {
            let what = match change {
                Change::Entered(automation) => format!("automation {automation}"),
                Change::Tag {
                    name,
                    on: true,
                    quiet: false,
                } => format!("tag {name}"),
                _ => continue,
            };
            *starts.entry(format!("{contact} {what}")).or_insert(0) += 1;
        }
        starts
    }

    /// The deliveries for what happened since the last time this was asked, or since the webhook was made. Whoever carries them
    /// may drop some, repeat or reorder them: the platform does not try again (sheet 7).
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.look(Account::deliveries)
    }

    /// All deliveries so far, carried or not.
    pub fn delivered(&self) -> Vec<Delivery> {
        self.shared.account().told.clone()
    }

    /// A receiver answered a delivery: 410 ends the webhook. Says whether there is such a webhook.
    pub fn hook_answered(&self, delivery: &Delivery, status: u16) -> bool {
        self.look(|account, _| account.hook_answered(&delivery.hook, status))
    }

    /// Something happens to a contact without a write; says whether there was such a contact.
    fn by_hand(&self, address: &str, happen: impl FnOnce(&mut Account, &World, usize)) -> bool {
        self.look(|account, world| {
            let index = account.find(address);
            index.map(|index| happen(account, world, index)).is_some()
        })
    }

    /// Somebody leaves every list by their own hand.
    pub fn leaves(&self, address: &str) -> bool {
        self.by_hand(address, |account, _, index| {
            let now = account.now;
            for list in 0..account.lists.len() {
                let Some(place) = account.contacts[index].in_list(list) else {
                    continue;
                };
                if place.status == Status::Unsubscribed && place.left_themselves {
                    continue;
                }
                account.turn(
                    index,
                    list,
                    (Status::Unsubscribed, now),
                    None,
                    Initiator::Public,
                );
                if let Some(person) = account.contacts[index].person {
                    let publication = account.lists[list].publication;
                    account.standings.push((person, publication, false));
                }
            }
        })
    }

    /// The first automation mails somebody now: one campaign with a `seriesid`, sent once to each, whose counters go on
    /// growing long after its `sdate` (sheet 4.1). `opened` says whether the mail is opened at once.
    pub fn flow_mails(&self, address: &str, opened: bool) -> bool {
        self.by_hand(address, |account, _, index| {
            let flow = |report: &Report| report.flow.is_some();
            let place = account.reports.iter().position(flow).unwrap_or_else(|| {
                account.open_flow();
                account.reports.len() - 1
            });
            let (now, person) = (account.now, account.contacts[index].person);
            account.contacts[index].sent += 1;
            let report = &mut account.reports[place];
            if let Some(campaign) = &mut report.flow {
                campaign.recipients.push(Recipient {
                    person: person.unwrap_or(u32::MAX),
                    after: 0,
                    fate: Fate::Delivered,
                });
            }
            if opened {
                let known = report.take(index, now, None);
                let what = What::Read {
                    report: place,
                    known,
                };
                account.tell(index, now, Initiator::Public, what);
            }
        })
    }

    /// Somebody opens the last campaign again and again, so many times and so many seconds apart up to now: for a flood.
    pub fn opens_often(&self, address: &str, times: Seconds, apart: Seconds) -> bool {
        self.by_hand(address, |account, _, index| {
            let (now, last) = (account.now, account.reports.len().checked_sub(1));
            if let Some(report) = last {
                for back in (0..times).rev() {
                    let at = now.saturating_sub(back * apart);
                    let known = account.reports[report].take(index, at, None);
                    account.tell(index, at, Initiator::Public, What::Read { report, known });
                }
            }
        })
    }

    /// Somebody answers the last campaign: only a webhook and a counter tell.
    pub fn replies(&self, address: &str) -> bool {
        self.by_hand(address, |account, _, index| {
            let (now, last) = (account.now, account.reports.len().checked_sub(1));
            if let Some(report) = last {
                account.reports[report].counters.replies += 1;
                account.reports[report].replies.push((index, now));
                account.tell(index, now, Initiator::Public, What::Reply { report });
            }
        })
    }

    /// Somebody changes their own address.
    pub fn readdress(&self, old: &str, new: &str) -> bool {
        self.by_hand(old, |account, world, index| {
            account.readdress(index, world, new);
            let now = account.now;
            account.tell(index, now, Initiator::Public, What::Update);
        })
    }

    /// The marketer writes a field by hand.
    pub fn edit_by_hand(&self, address: &str, perstag: &str, value: &str) -> bool {
        self.by_hand(address, |account, _, index| {
            let found = account
                .fields
                .iter()
                .position(|field| field.perstag == perstag);
            if let Some(field) = found {
                write::set(account, index, field, value.to_owned(), true);
                account.journal.pop();
                let now = account.now;
                account.contacts[index].changed = now;
                account.tell(index, now, Initiator::Admin, What::Update);
            }
        })
    }

    /// The marketer puts a tag on by hand.
    pub fn tag_by_hand(&self, address: &str, tag: &str) -> bool {
        self.by_hand(address, |account, _, index| {
            let tag = account.tag_named(tag);
            write::put_on(account, index, tag, false, Initiator::Admin);
        })
    }

    /// The marketer takes a tag off by hand.
    pub fn untag_by_hand(&self, address: &str, tag: &str) -> bool {
        self.by_hand(address, |account, _, index| {
            let tag = account.tag_named(tag);
            let worn = &account.contacts[index].tags;
            if let Some(place) = worn.iter().position(|worn| worn.tag == tag) {
                write::take_off(account, index, place, Initiator::Admin);
            }
        })
    }

    /// The marketer deletes somebody by hand: no webhook tells (sheet 3).
    pub fn delete_by_hand(&self, address: &str) -> bool {
        self.by_hand(address, |account, world, index| {
            account.delete(index, world);
        })
    }

    /// So many contacts, from the first, show `at` as the time of their last change, be it in the future; their addresses.
    pub fn touch_at(&self, at: chrono::DateTime<chrono::Utc>, many: usize) -> Vec<String> {
        let at = crate::people::seconds(at);
        self.look(|account, world| {
            let living = account
                .contacts
                .iter_mut()
                .filter(|contact| contact.deleted.is_none());
            let touch = |contact: &mut Member| {
                contact.changed = at;
                contact.address(world)
            };
            living.take(many).map(touch).collect()
        })
    }

    /// Everybody who is in an automation has gone through it.
    pub fn finish_automations(&self) {
        self.look(|account, _| {
            let now = account.now;
            for entry in &mut account.entries {
                entry.done.get_or_insert(now);
            }
        });
    }
}

fn contact(account: &Account, world: &World, member: &Member) -> Contact {
    let fields = account.fields.iter().enumerate();
    let fields = fields.filter_map(|(number, field)| {
        let (value, _) = account.value(world, member, number)?;
        Some((field.perstag.clone(), value))
    });
    let lists = member.memberships.iter();
    let lists = lists.map(|place| (account.lists[place.list].id.to_string(), place.status));
    let left = |place: &Membership| place.left_themselves;
    Contact {
        id: member.id.to_string(),
        address: member.address(world),
        lists: lists.collect(),
        left_themselves: member.memberships.iter().any(left),
        tags: member
            .tags
            .iter()
            .map(|worn| account.tags[worn.tag].name.clone())
            .collect(),
        fields: fields.collect(),
        last_changed: member.changed,
    }
}

/// The keys of the events that a row of a list's membership tells of: the last coming, and the going if that is how it stands.
pub(super) fn turn_keys(account: &Account, member: &Member, place: &Membership) -> Vec<String> {
    let list = account.lists[place.list].id.to_string();
    let id = member.id.to_string();
    let joined = Event::new(Kind::Subscribe, "", &id, place.joined, &list);
    let campaign = place.campaign.map(|id| id.to_string()).unwrap_or_default();
    let left = Event::new(Kind::Unsubscribe, &campaign, &id, place.changed, &list);
    let gone = place.status == Status::Unsubscribed;
    std::iter::once(joined)
        .chain(gone.then_some(left))
        .map(|event| event.key())
        .collect()
}

fn events(account: &Account, world: &World) -> Vec<Event> {
    let mut events = Vec::new();
    for report in &account.reports {
        read_events(account, world, report, &mut events);
    }
    for (number, bounce) in account.bounces.iter().enumerate() {
        let living = account.contacts[bounce.contact].deleted.is_none();
        let event = super::campaigns::bounce_event(account, number, bounce);
        events.push(Event {
            polled: living && account.options.global_bounces,
            ..event
        });
    }
    events.extend(account.turned.iter().map(|turned| turn(account, turned)));
    events.extend(shop::events(account, world));
    event::number(&mut events);
    events
}

/// Opens, clicks and replies of one campaign.
fn read_events(account: &Account, world: &World, report: &Report, events: &mut Vec<Event>) {
    let (id, links) = (report.id.to_string(), &report.campaign(world).links);
    let latest: std::collections::HashMap<(usize, usize), Seconds> = report
        .rows
        .iter()
        .enumerate()
        .flat_map(|(slot, rows)| rows.iter().map(move |row| ((slot, row.contact), row.at)))
        .collect();
    for known in &report.acts {
        let contact = &account.contacts[known.contact];
        let url = known.link.and_then(|link| links.get(usize::from(link)));
        let slot = known.link.map_or(0, |link| usize::from(link) + 1);
        let kind = url.map_or(Kind::Open, |_| Kind::Click);
        let detail = url.map_or("", String::as_str);
        let kept = account.options.deleted_keep_rows || contact.deleted.is_none();
        let is_latest = latest.get(&(slot, known.contact)) == Some(&known.at);
        events.push(Event {
            polled: account.options.link_data && kept && is_latest,
            hooked: known.link.is_none() || known.first || !account.options.click_once,
            ..Event::new(kind, &id, &contact.id.to_string(), known.at, detail)
        });
    }
    for (contact, at) in &report.replies {
        let contact = account.contacts[*contact].id.to_string();
        events.push(Event {
            polled: false,
            ..Event::new(Kind::Reply, &id, &contact, *at, "")
        });
    }
}

fn turn(account: &Account, turned: &Turned) -> Event {
    let contact = &account.contacts[turned.contact];
    let kind = if turned.left {
        Kind::Unsubscribe
    } else {
        Kind::Subscribe
    };
    let campaign = turned.campaign.map(|id| id.to_string()).unwrap_or_default();
    let list = account.lists[turned.list].id.to_string();
    let event = Event::new(kind, &campaign, &contact.id.to_string(), turned.at, &list);
    let keys = contact
        .in_list(turned.list)
        .map(|place| turn_keys(account, contact, place));
    let shown = keys.unwrap_or_default().contains(&event.key());
    Event {
        polled: shown && contact.deleted.is_none(),
        ..event
    }
}
