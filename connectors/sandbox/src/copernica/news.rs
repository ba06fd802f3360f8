//! How the account learns what happened in the world.
//!
//! Everything is taken in by the order in which it became known, which is the order of ids. With late events an open may
//! stand behind younger ones, with its own older time.

use super::account::Account;
use super::options::{Behavior, Products};
use super::state::{Agent, Destination, Kind, Mail, Product, Row, Subprofile, What, first_values};
use super::time;
use crate::people::{Campaign, Deed, Fate, Seconds, Turn, World};
use crate::rng::mix;

/// Something that has happened and is known from `seen` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Arrival {
    seen: Seconds,
    at: Seconds,
    news: News,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum News {
    Joined(usize, u32),
    /// Mailing and destination, database and person.
    Sent(u32, u32, usize, u32),
    Event(Kind, u32, u32, What),
    Left(usize, u32),
    Stopped(usize, u32),
    Returned(usize, u32),
    /// The place in the world's book.
    Ordered(u32),
}

/// What has been read of the world.
#[derive(Debug, Default)]
pub(super) struct Reading {
    waiting: Vec<Arrival>,
    milestones: usize,
    orders: usize,
    /// By database and campaign: how many deeds, and the place of its mailing.
    campaigns: [Vec<(usize, u32)>; 2],
    /// The present and the world's end when the news were last read.
    at: Option<(Seconds, Seconds)>,
}

/// A bounce: its code and text (sheet 4.3). Some have three numbers, some one.
pub(super) fn failure(hard: bool, bits: u64) -> What {
    match (hard, bits % 2) {
        (true, 0) => What::Failed("5.1.1", "user unknown"),
        (true, _) => What::Failed("550", "mailbox unavailable"),
        (false, 0) => What::Failed("4.2.2", "mailbox full"),
        (false, _) => What::Failed("421", "try again later"),
    }
}

impl Account {
    /// Takes in everything that is known now.
    pub(super) fn refresh(&mut self, world: &World) {
        // Time does not go back: what is known stays known.
        self.now = self.now.max((self.clock)(world));
        if self.reading.at.replace((self.now, world.end())) != Some((self.now, world.end())) {
            self.gather(world);
            let waiting = std::mem::take(&mut self.reading.waiting);
            let now = self.now;
            let (mut due, later): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|arrival| arrival.seen <= now);
            self.reading.waiting = later;
            due.sort_unstable();
            for arrival in due {
                self.take_in(world, arrival);
            }
        }
        self.rebuild_old_views();
    }

    fn gather(&mut self, world: &World) {
        let mut found = Vec::new();
        let place = |publication| {
            self.databases
                .iter()
                .position(|database| database.publication == publication)
        };
        for change in &world.milestones()[self.reading.milestones..] {
            let Some(database) = place(change.publication) else {
                continue;
            };
            let news = match change.turn {
                Turn::Joined => News::Joined(database, change.person),
                Turn::Left(_) => News::Left(database, change.person),
                Turn::Complained(_) if self.options.complaint_unsubscribes => {
                    News::Left(database, change.person)
                }
                Turn::Complained(_) | Turn::Bounced(_) => News::Stopped(database, change.person),
                Turn::Returned => News::Returned(database, change.person),
            };
            found.push((change.at, change.at, news));
        }
        self.reading.milestones = world.milestones().len();
        for (number, order) in (0_u32..).zip(world.orders()).skip(self.reading.orders) {
            found.push((order.at, order.at, News::Ordered(number)));
        }
        self.reading.orders = world.orders().len();
        for database in 0..self.databases.len() {
            for campaign in world.campaigns(self.databases[database].publication) {
                if usize::from(campaign.number) >= self.reading.campaigns[database].len() {
                    self.gather_mail(database, campaign, &mut found);
                }
                self.gather_deeds(database, campaign, &mut found);
            }
        }
        let arrivals = found.into_iter();
        self.reading
            .waiting
            .extend(arrivals.map(|(seen, at, news)| Arrival { seen, at, news }));
    }

    fn gather_mail(
        &mut self,
        database: usize,
        campaign: &Campaign,
        found: &mut Vec<(Seconds, Seconds, News)>,
    ) {
        let product = match self.options.products {
            Products::MarketingSuite => Product::MarketingSuite,
            Products::Publisher => Product::Publisher,
            Products::Both => Product::ALL[usize::from(campaign.number) % 2],
        };
        let place = self.add_mail(Mail {
            id: 0,
            product,
            database,
            subject: campaign.subject.clone(),
            links: campaign.links.clone(),
            sent_at: campaign.sent_at,
            first: 0,
            to: vec![Destination::default(); campaign.recipients.len()],
            individual: false,
            template: 579,
        });
        self.reading.campaigns[database].push((0, place));
        for (to, mail) in (0_u32..).zip(&campaign.recipients) {
            let sent = campaign.sent_at + to % 5;
            found.push((sent, sent, News::Sent(place, to, database, mail.person)));
            let at = campaign.sent_at + Seconds::from(mail.after);
            let bits = mix(&[32, u64::from(place), u64::from(to)]);
            let (kind, what) = match mail.fate {
                Fate::Delivered => (Kind::Delivery, What::Plain),
                Fate::HardBounce => (Kind::Error, failure(true, bits)),
                Fate::SoftBounce => (Kind::Error, failure(false, bits)),
            };
            found.push((at, at, News::Event(kind, place, to, what)));
        }
    }

    fn gather_deeds(
        &mut self,
        database: usize,
        campaign: &Campaign,
        found: &mut Vec<(Seconds, Seconds, News)>,
    ) {
        let late = self.options.late_events;
        let (read, place) = &mut self.reading.campaigns[database][usize::from(campaign.number)];
        for act in &campaign.acts[*read..] {
            let (kind, what) = match act.deed {
                Deed::Open => (Kind::Impression, What::Seen(Agent::Somebody)),
                Deed::ProxyOpen => (Kind::Impression, What::Seen(Agent::Proxy)),
                Deed::ScannerOpen => (Kind::Impression, What::Seen(Agent::Scanner)),
                Deed::Click(link) => (Kind::Click, What::Followed(link, Agent::Somebody)),
                Deed::ScannerClick(link) => (Kind::Click, What::Followed(link, Agent::Scanner)),
                Deed::Unsubscribe => (Kind::Unsubscribe, What::Plain),
                Deed::Complaint => (Kind::Abuse, What::Plain),
            };
            let lag = if late { Seconds::from(act.lag) * 60 } else { 0 };
            let news = News::Event(kind, *place, act.recipient, what);
            found.push((act.at + lag, act.at, news));
        }
        *read = campaign.acts.len();
    }

    fn take_in(&mut self, world: &World, arrival: Arrival) {
        let Arrival { seen, at, news } = arrival;
        match news {
            News::Joined(database, person) => {
                self.join(database, Some(person), first_values(world, person), at);
            }
            News::Sent(mail, to, database, person) => {
                let profile = self.by_person.get(&(database, person)).copied();
                self.mails[mail as usize].to[to as usize] = Destination {
                    profile: profile.unwrap_or_default(),
                    at,
                    unsubscribed: false,
                };
            }
            News::Event(kind, mail, to, what) => {
                if self.mails[mail as usize].to[to as usize].profile != 0 {
                    self.add_row(kind, mail, to, (at, seen), what);
                }
            }
            News::Left(database, person) => {
                if let Some(&id) = self.by_person.get(&(database, person)) {
                    self.unsubscribe(id, at);
                    if let Some(profile) = self.profiles.get_mut(&id) {
                        profile.left_themselves = true;
                    }
                }
            }
            News::Stopped(database, person) => {
                let id = self.by_person.get(&(database, person));
                if let Some(profile) = id.and_then(|id| self.profiles.get_mut(id)) {
                    profile.stopped = true;
                }
            }
            News::Returned(database, person) => self.come_back(world, database, person, at),
            News::Ordered(number) => self.order(world, number, at),
        }
    }

    /// Somebody uses the form again; after a removal that makes a new profile.
    fn come_back(&mut self, world: &World, database: usize, person: u32, at: Seconds) {
        let there = self.by_person.get(&(database, person)).copied();
        match there.filter(|id| self.profiles[id].removed.is_none()) {
            Some(id) => self.consent(id, true, at),
            None => {
                self.join(database, Some(person), first_values(world, person), at);
            }
        }
    }

    /// The shop writes a row into the collection `Bestellingen` (sheet 5).
    fn order(&mut self, world: &World, number: u32, at: Seconds) {
        let order = &world.orders()[number as usize];
        let Some(&profile) = self.by_person.get(&(0, order.person)) else {
            return;
        };
        let price = format!("{}.{:02}", order.cents / 100, order.cents % 100);
        let id = self.fresh();
        self.subprofiles.push(Subprofile {
            id,
            profile,
            collection: self.databases[0].collections[0].id,
            values: vec![
                order.number.to_string(),
                time::stamp(at),
                price,
                order.item().to_owned(),
            ],
            created: at,
            modified: at,
        });
    }

    /// Adds a mailing with ids that are unique within its product; its place.
    pub(super) fn add_mail(&mut self, mut mail: Mail) -> u32 {
        let (next_id, next_to) = &mut self.numbers[mail.product.index()];
        (mail.id, mail.first) = (*next_id, *next_to);
        *next_id += 1;
        *next_to += u32::try_from(mail.to.len()).unwrap_or(u32::MAX);
        self.mails.push(mail);
        u32::try_from(self.mails.len() - 1).unwrap_or(u32::MAX)
    }

    /// Adds a row with the next id of its table, and tells its place.
    pub(super) fn add_row(
        &mut self,
        kind: Kind,
        mail: u32,
        to: u32,
        (at, known): (Seconds, Seconds),
        what: What,
    ) -> u32 {
        let product = self.mails[mail as usize].product;
        if kind == Kind::Unsubscribe {
            self.mails[mail as usize].to[to as usize].unsubscribed = true;
        }
        let first = 90_112_001;
        let id = if self.options.shared_ids {
            let all = self.tables.iter().flatten().map(Vec::len).sum::<usize>();
            first + u32::try_from(all).unwrap_or(u32::MAX)
        } else {
            let own = &self.tables[product.index()][kind as usize];
            own.last().map_or(first, |last| last.id + 1)
        };
        self.tables[product.index()][kind as usize].push(Row {
            id,
            at,
            known,
            mail,
            to,
            what,
        });
        id
    }

    /// Carries out what the database does with those who leave (sheet 3, 6).
    pub(super) fn unsubscribe(&mut self, id: u32, at: Seconds) {
        match self.options.behavior {
            Behavior::Nothing => {
                if let Some(profile) = self.profiles.get_mut(&id) {
                    profile.stopped = true;
                }
            }
            Behavior::Update => self.consent(id, false, at),
            Behavior::Remove => {
                self.remove(id, at);
            }
        }
    }
}
