//! What a complete and correct reader of this stand-in must know, what was done to it, and what others do there: for checkers.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::account::{Account, Wanted};
use super::hooks::Delivery;
use super::journal::{Change, Written};
use super::news::failure;
use super::state::{EMAIL, Kind, Product, Row, What};
use super::{Copernica, logs, signature, statistics};
use crate::ledger::Entry;
use crate::people::{Seconds, seconds};

/// A profile that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The id.
    pub id: u32,
    /// The id of the database.
    pub database: u32,
    /// The address.
    pub address: String,
    /// Whether they get the mailings.
    pub mailed: bool,
    /// Whether they left or complained by their own hand, and not by a write.
    pub left_themselves: bool,
    /// All columns.
    pub fields: BTreeMap<String, String>,
    /// Names of interests.
    pub interests: Vec<String>,
    /// When they changed last.
    pub modified: Seconds,
}

/// An event, or a mail that was sent, with everything that some way of reading tells of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// The product.
    pub product: Product,
    /// The type.
    pub kind: Kind,
    /// The id of the row; of a mail that was sent, that of its destination.
    pub id: u32,
    /// The id of the mailing, within its product.
    pub mailing: u32,
    /// The number of the destination.
    pub destination: u32,
    /// The id of the message.
    pub message: String,
    /// The profile, also one that is removed.
    pub profile: u32,
    /// When.
    pub at: Seconds,
    /// The address behind a click.
    pub link: String,
    /// The code of an error.
    pub code: String,
}

/// A row below a profile, also one that is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subrow {
    /// The id.
    pub id: u32,
    /// The id of the collection.
    pub collection: u32,
    /// The profile.
    pub profile: u32,
    /// All columns.
    pub fields: BTreeMap<String, String>,
}

impl Event {
    /// The name in the ledger: `ms/clicks/90112233`.
    pub fn key(&self) -> String {
        statistics::key(self.product, self.kind, self.id)
    }
}

impl Copernica {
    fn look<T>(&self, at: impl FnOnce(&mut Account) -> T) -> T {
        self.shared.at_desk(|account, _| at(account))
    }

    /// The ids of the databases, the newsletter first.
    pub fn databases(&self) -> Vec<u32> {
        self.look(|account| {
            account
                .databases
                .iter()
                .map(|database| database.id)
                .collect()
        })
    }

    /// The ids and names of the collections of all databases.
    pub fn collections(&self) -> Vec<(u32, String)> {
        self.look(|account| {
            let all = account.databases.iter();
            all.flat_map(|database| &database.collections)
                .map(|collection| (collection.id, collection.name.clone()))
                .collect()
        })
    }

    /// The rows of all collections.
    pub fn subprofiles(&self) -> Vec<Subrow> {
        self.look(|account| {
            let all = account.databases.iter();
            let collections: Vec<_> = all.flat_map(|database| &database.collections).collect();
            let columns = |id: u32| {
                let own = collections.iter().find(|collection| collection.id == id);
                own.map_or(&[][..], |collection| collection.fields.as_slice())
            };
            let row = |row: &super::state::Subprofile| Subrow {
                id: row.id,
                collection: row.collection,
                profile: row.profile,
                fields: (columns(row.collection).iter())
                    .map(|field| field.name.clone())
                    .zip(row.values.iter().cloned())
                    .collect(),
            };
            account.subprofiles.iter().map(row).collect()
        })
    }

    /// Everybody in all databases who was not removed.
    pub fn contacts(&self) -> Vec<Contact> {
        self.look(|account| {
            let places = 0..account.databases.len();
            places.flat_map(|place| contacts(account, place)).collect()
        })
    }

    /// Every event that statistics tell of now, and every mail that was sent.
    pub fn events(&self) -> Vec<Event> {
        self.look(|account| {
            let mut events = Vec::new();
            for product in Product::ALL {
                for kind in Kind::TABLES {
                    let rows = statistics::rows(account, product, kind);
                    events.extend(rows.map(|row| event(account, kind, row)));
                }
                let sent = statistics::sent(account, product, |_, _| true);
                events.extend(sent.map(|(place, mail, to)| {
                    let at = mail.to[to as usize].at;
                    let row = Row {
                        id: mail.number(to),
                        at,
                        known: at,
                        mail: place,
                        to,
                        what: What::Plain,
                    };
                    event(account, Kind::Destination, &row)
                }));
            }
            events
        })
    }

    /// The names of the events that stand in logfiles now.
    pub fn events_in_logs(&self) -> BTreeSet<String> {
        self.look(|account| logs::names(account))
    }

    /// Everything that was written, in order.
    pub fn written(&self) -> Vec<Written> {
        self.look(|account| account.journal.clone())
    }

    /// The writes that made somebody exist or made them more contactable. There must be none but undoing a removal.
    pub fn consent_breaches(&self) -> Vec<Written> {
        let mut written = self.written();
        written.retain(Written::breaks_consent);
        written
    }

    /// How many profiles each request wrote to: a filter that was ignored shows here.
    pub fn reach(&self) -> BTreeMap<u64, usize> {
        let mut reach: BTreeMap<u64, BTreeSet<u32>> = BTreeMap::new();
        for written in self.written() {
            reach
                .entry(written.request)
                .or_default()
                .insert(written.profile);
        }
        reach
            .into_iter()
            .map(|(request, profiles)| (request, profiles.len()))
            .collect()
    }

    /// How often each thing was started for each profile, whatever became of the answer: `PROFILE field NAME=VALUE` for
    /// a watched column that changed, `PROFILE interest NAME`, `PROFILE subprofile COLLECTION`, `PROFILE mail TEMPLATE`.
    pub fn starts(&self) -> BTreeMap<String, usize> {
        let mut starts = BTreeMap::new();
        self.look(|account| {
            for Written {
                profile, change, ..
            } in &account.journal
            {
                let Some(what) = start(account, change) else {
                    continue;
                };
                *starts.entry(format!("{profile} {what}")).or_insert(0) += 1;
            }
        });
        starts
    }

    /// How many calls the account has used up.
    pub fn api_calls(&self) -> u64 {
        self.look(|account| account.calls.values().sum())
    }

    /// Somebody leaves by the link in the last mail that they got; false when there is no such profile or no mail to it.
    pub fn leaves(&self, profile: u32) -> bool {
        self.look(|account| {
            let now = account.now;
            let last = last_mail(account, profile);
            let there = account
                .profiles
                .get(&profile)
                .is_some_and(|one| one.removed.is_none());
            let Some((mail, to)) = last.filter(|_| there) else {
                return false;
            };
            account.add_row(Kind::Unsubscribe, mail, to, (now, now), What::Plain);
            account.unsubscribe(profile, now);
            if let Some(profile) = account.profiles.get_mut(&profile) {
                profile.left_themselves = true;
            }
            account.mail_or_not(profile);
            true
        })
    }

    /// Somebody gives their consent again by the account's own form; false when there is no such profile.
    pub fn joins(&self, profile: u32) -> bool {
        self.look(|account| {
            let there = account
                .profiles
                .get(&profile)
                .is_some_and(|one| one.removed.is_none());
            if there {
                account.consent(profile, true, account.now);
                account.mail_or_not(profile);
            }
            there
        })
    }

    /// Somebody at the marketer's changes a column of so many profiles, from the first; their ids.
    pub fn annotate(&self, many: usize) -> Vec<u32> {
        self.look(|account| {
            let chosen = first(account, many);
            let place = format!("Plaats {}", account.now);
            for id in &chosen {
                by_hand(account, *id, "Woonplaats", &place);
            }
            chosen
        })
    }

    /// The marketer writes a column of a profile by hand; false when there is no such profile.
    pub fn write_by_hand(&self, profile: u32, column: &str, value: &str) -> bool {
        self.look(|account| {
            let there = account.profiles.contains_key(&profile);
            if there {
                by_hand(account, profile, column, value);
            }
            there
        })
    }

    /// The marketer deletes so many profiles for good, from the first; their ids.
    pub fn delete_by_hand(&self, many: usize) -> Vec<u32> {
        self.look(|account| {
            let chosen = first(account, many);
            for id in &chosen {
                account.remove(*id, account.now);
            }
            chosen
        })
    }

    /// So many clicks within the second `at`, which may lie in the future, by different profiles on one mail of a product;
    /// their names. There are at most as many as that mail has destinations.
    pub fn click_at(&self, product: Product, at: DateTime<Utc>, many: usize) -> Vec<String> {
        let at = seconds(at);
        let what = What::Followed(0, super::state::Agent::Somebody);
        self.add_rows(product, Kind::Click, at, &vec![what; many])
    }

    /// Copernica itself refuses so many mails, with code `0` or none: no bounces (sheet 4.3); their names.
    pub fn refuse_locally(&self, product: Product, many: usize) -> Vec<String> {
        let at = self.look(|account| account.now);
        let text = "no valid from address";
        let what = |number| What::Failed(["0", ""][number % 2], text);
        let rows: Vec<What> = (0..many).map(what).collect();
        self.add_rows(product, Kind::Error, at, &rows)
    }

    /// So many mails come back, hard and soft by turns; their names.
    pub fn bounce(&self, product: Product, many: u64) -> Vec<String> {
        let at = self.look(|account| account.now);
        let rows: Vec<What> = (0..many)
            .map(|number| failure(number % 2 == 0, number / 2))
            .collect();
        self.add_rows(product, Kind::Error, at, &rows)
    }

    fn add_rows(&self, product: Product, kind: Kind, at: Seconds, rows: &[What]) -> Vec<String> {
        self.look(|account| {
            let now = account.now;
            let Some((mail, places)) = latest(account, product) else {
                return Vec::new();
            };
            let pairs: Vec<(u32, What)> = places.into_iter().zip(rows.iter().copied()).collect();
            let add = |(to, what)| {
                let id = account.add_row(kind, mail, to, (at, now), what);
                statistics::key(product, kind, id)
            };
            pairs.into_iter().map(add).collect()
        })
    }

    /// So many profiles of each database, from the first, show `at` as the time of their last change, be it in the future;
    /// their ids.
    pub fn touch_at(&self, at: DateTime<Utc>, many: usize) -> Vec<u32> {
        let at = seconds(at);
        self.look(|account| {
            let chosen = first(account, many);
            for id in &chosen {
                if let Some(profile) = account.profiles.get_mut(id) {
                    profile.modified = at;
                }
            }
            chosen
        })
    }

    /// The webhooks for everything that happened since this was asked last, or since the stand-in began. Nothing is sent;
    /// the hooks' ledger has them.
    pub fn deliveries(&self) -> Vec<Delivery> {
        let made = self.look(Account::deliveries);
        for delivery in &made {
            self.record(delivery);
        }
        made
    }

    /// The same webhook once more, signed now.
    pub fn deliver_again(&self, delivery: &Delivery) -> Delivery {
        let again = self.look(|account| account.again(delivery));
        self.record(&again);
        again
    }

    fn record(&self, delivery: &Delivery) {
        let url = url::Url::parse(&delivery.url).ok();
        self.hooks.record(Entry {
            number: 0,
            method: axum::http::Method::POST,
            path: url.map(|url| url.path().to_owned()).unwrap_or_default(),
            query: String::new(),
            body: delivery.body.clone().into(),
            status: 0,
            write: false,
            applied: false,
            delivered: true,
            served: vec![delivery.tells.clone()],
            faults: Vec::new(),
        });
    }

    /// The text of the TXT record at a name, as DNS would give it.
    pub fn txt_record(name: &str) -> Option<String> {
        signature::txt_record(name)
    }

    /// What `X-Copernica-ID` says: the account.
    pub const fn account_id() -> &'static str {
        signature::ACCOUNT
    }
}

/// The last mailing of a product that was sent to anybody, with the places of its destinations.
fn latest(account: &Account, product: Product) -> Option<(u32, Vec<u32>)> {
    let mails = (0_u32..).zip(&account.mails);
    let own = mails.filter(|(_, mail)| mail.product == product);
    let sent = own.map(|(place, mail)| {
        let all = (0_u32..).zip(&mail.to);
        let there = all.filter(|(_, to)| to.profile != 0);
        (place, there.map(|(to, _)| to).collect::<Vec<u32>>())
    });
    sent.filter(|(_, places)| !places.is_empty()).last()
}

fn contacts(account: &Account, place: usize) -> Vec<Contact> {
    let database = &account.databases[place];
    let columns = database.fields.iter().enumerate();
    let all = account.living(place).map(|profile| Contact {
        id: profile.id,
        database: database.id,
        address: profile.value(database, EMAIL).to_owned(),
        mailed: profile.is_mailed(database),
        left_themselves: profile.left_themselves,
        fields: columns
            .clone()
            .map(|(place, field)| {
                (
                    field.name.clone(),
                    profile.value(database, place).to_owned(),
                )
            })
            .collect(),
        interests: (profile.interests.iter())
            .map(|place| database.interests[usize::from(*place)].clone())
            .collect(),
        modified: profile.modified,
    });
    all.collect()
}

fn event(account: &Account, kind: Kind, row: &Row) -> Event {
    let mail = &account.mails[row.mail as usize];
    Event {
        product: mail.product,
        kind,
        id: row.id,
        mailing: mail.id,
        destination: mail.number(row.to),
        message: mail.message(row.to),
        profile: mail.to[row.to as usize].profile,
        at: row.at,
        link: match row.what {
            What::Followed(link, _) => {
                mail.links[usize::from(link) % mail.links.len().max(1)].clone()
            }
            _ => String::new(),
        },
        code: match row.what {
            What::Failed(code, _) => code.to_owned(),
            _ => String::new(),
        },
    }
}

/// So many profiles of each database who are mailed, as a read by id meets them.
fn first(account: &Account, many: usize) -> Vec<u32> {
    let places = 0..account.databases.len();
    let of = |place: usize| {
        let database = &account.databases[place];
        let mailed = account
            .living(place)
            .filter(|profile| profile.is_mailed(database));
        mailed.take(many).map(|profile| profile.id)
    };
    places.flat_map(of).collect()
}

fn by_hand(account: &mut Account, id: u32, column: &str, value: &str) {
    let wanted = Wanted {
        fields: vec![(column.to_owned(), value.to_owned())],
        followups: true,
        ..Wanted::default()
    };
    let before = account.journal.len();
    account.apply(id, &wanted, account.requests);
    // The journal is of requests only.
    account.journal.truncate(before);
}

fn last_mail(account: &Account, profile: u32) -> Option<(u32, u32)> {
    let mails = (0_u32..).zip(&account.mails);
    let got = mails.filter_map(|(place, mail)| {
        let mut all = (0_u32..).zip(&mail.to);
        let own = all.find(|(_, to)| to.profile == profile);
        own.map(|(to, _)| (place, to))
    });
    got.last()
}

/// What a change began, in words; `None` where it began nothing.
fn start(account: &Account, change: &Change) -> Option<String> {
    match change {
        Change::Field {
            name,
            from,
            to,
            followups: true,
        } => {
            let watched = account.options.watched.iter().any(|own| own == name);
            let moved = from != to || account.options.same_value_starts;
            (watched && moved && !to.is_empty()).then(|| format!("field {name}={to}"))
        }
        Change::Interest {
            name,
            on: true,
            followups: true,
        } => Some(format!("interest {name}")),
        Change::Subprofile {
            collection,
            followups: true,
        } => Some(format!("subprofile {collection}")),
        Change::Mailed { template } => Some(format!("mail {template}")),
        _ => None,
    }
}
