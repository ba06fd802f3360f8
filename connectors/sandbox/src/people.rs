//! A seeded, lifelike world of newsletter readers: the truth that every stand-in serves its part of.
//!
//! Two publications share it: a weekly one and a monthly one, with some people in both under the same address. People differ
//! in how much they read, drift, fall silent, come back or never look; privacy proxies open for them, corporate scanners click
//! for them; addresses bounce; some leave, some return, some buy. Everything follows from the seed.
//!
//! A reaction that lies after the world's end waits until [`World::advance`] reaches it, so a late open on an old mail comes
//! by itself. Events are small numbers, texts are made when asked for: 1.4 million mails take about 30 MB.
//! The world knows no platform: ids, hashes, delays of delivery reports and limits are the stand-ins' business.

mod habits;
mod happenings;
mod mailing;
mod names;
mod person;
mod truth;

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use chrono::{DateTime, Utc};

pub use happenings::{Act, Campaign, Deed, Fate, Milestone, Order, Recipient, Turn};
pub use person::{Person, Standing};
pub use truth::Truth;

use crate::rng::Rng;
use happenings::Coming;
use person::Likeness;

/// Unix time in whole seconds, which is what the platforms give.
pub type Seconds = u32;

/// A day in [`Seconds`].
pub const DAY: Seconds = 86_400;

/// A world that several stand-ins serve at once.
pub type SharedWorld = Arc<RwLock<World>>;

/// The time as chrono has it.
pub fn time(at: Seconds) -> DateTime<Utc> {
    DateTime::from_timestamp(i64::from(at), 0).unwrap_or_default()
}

/// The time as the world has it; before 1970 and after 2106 it stays at the nearer end.
pub fn seconds(at: DateTime<Utc>) -> Seconds {
    let bounded = at.timestamp().clamp(0, i64::from(u32::MAX));
    u32::try_from(bounded).unwrap_or(u32::MAX)
}

/// One of the two publications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Publication {
    /// Each Tuesday at 08:00 UTC.
    Weekly,
    /// Each first Thursday of the month at 09:30 UTC.
    Monthly,
}

impl Publication {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Weekly, Self::Monthly];

    const fn index(self) -> usize {
        match self {
            Self::Weekly => 0,
            Self::Monthly => 1,
        }
    }
}

/// What a world is made from.
#[derive(Debug, Clone)]
pub struct WorldSpec {
    /// Everything follows from it.
    pub seed: u64,
    /// The present of the new world: nothing in it is later.
    pub end: DateTime<Utc>,
    /// People who ever joined the weekly publication, those in both included.
    pub weekly: u32,
    /// People who ever joined the monthly publication, those in both included.
    pub monthly: u32,
    /// People in both.
    pub both: u32,
    /// How long the mailings go back, in months of 30.4 days.
    pub history_months: u32,
}

impl WorldSpec {
    /// The world of the demo: 18,000 people weekly, 2,000 monthly, 100 of them both, 18 months.
    pub const fn demo(seed: u64, end: DateTime<Utc>) -> Self {
        Self {
            seed,
            end,
            weekly: 18_000,
            monthly: 2_000,
            both: 100,
            history_months: 18,
        }
    }

    /// A small world with `people` in each publication and a tenth of them in both, over six months.
    pub const fn small(seed: u64, end: DateTime<Utc>, people: u32) -> Self {
        Self {
            seed,
            end,
            weekly: people,
            monthly: people,
            both: people / 10,
            history_months: 6,
        }
    }
}

/// The readers and everything that happened to them up to [`World::end`].
#[derive(Debug, Clone)]
pub struct World {
    rng: Rng,
    start: Seconds,
    end: Seconds,
    people: Vec<Person>,
    namesakes: HashMap<Likeness, u16>,
    campaigns: [Vec<Campaign>; 2],
    milestones: Vec<Milestone>,
    orders: Vec<Order>,
    ordered: u32,
    coming: Vec<Coming>,
}

impl World {
    /// Makes a world. With the demo's size it takes well under two seconds in a release build.
    pub fn generate(spec: &WorldSpec) -> Self {
        let end = seconds(spec.end);
        let history = spec.history_months * 2_626_560;
        let mut world = Self {
            rng: Rng::new(spec.seed),
            start: end.saturating_sub(history),
            end: end.saturating_sub(history),
            people: Vec::new(),
            namesakes: HashMap::new(),
            campaigns: [Vec::new(), Vec::new()],
            milestones: Vec::new(),
            orders: Vec::new(),
            ordered: 0,
            coming: Vec::new(),
        };
        world.populate(spec, history);
        world.run_to(end);
        world
    }

    fn populate(&mut self, spec: &WorldSpec, history: Seconds) {
        let both = spec.both.min(spec.weekly).min(spec.monthly);
        let total = spec.weekly + spec.monthly - both;
        for number in 0..total {
            let weekly = number < spec.weekly;
            let monthly = number < both || !weekly;
            // Most were there before the first mailing in sight; the list grows evenly after it.
            let joined = if self.rng.chance(0.88) {
                self.start
                    .saturating_sub(self.rng.between(DAY, 1_000 * DAY))
            } else {
                self.start + self.rng.below(history)
            };
            let later = joined + self.rng.below(history / 3 + 1);
            let [first, second] = match (weekly, monthly) {
                (true, true) => [Some(joined), Some(later.min(self.start + history))],
                (true, false) => [Some(joined), None],
                _ => [None, Some(joined)],
            };
            self.add_person([first, second], history);
        }
    }

    /// Adds somebody who joins at these times, and gives their number.
    fn add_person(&mut self, joined: [Option<Seconds>; 2], history: Seconds) -> u32 {
        // The number of people fits, since the spec counts them so.
        let number = u32::try_from(self.people.len()).unwrap_or(u32::MAX);
        let person = Person::invent(
            number,
            joined,
            (self.start, history),
            &mut self.rng,
            &mut self.namesakes,
        );
        for publication in Publication::ALL {
            if let Some(at) = joined[publication.index()] {
                self.happen(Coming::Milestone(Milestone {
                    person: number,
                    publication,
                    at,
                    turn: Turn::Joined,
                }));
            }
        }
        self.people.push(person);
        number
    }

    /// The present: nothing in the world is later.
    pub const fn end(&self) -> Seconds {
        self.end
    }

    /// The first moment of which mailings are known.
    pub const fn start(&self) -> Seconds {
        self.start
    }

    /// Everybody, by number.
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// The person with this number. Numbers come from this world, which forgets nobody.
    pub fn person(&self, number: u32) -> &Person {
        &self.people[number as usize]
    }

    /// The issues of a publication, oldest first.
    pub fn campaigns(&self, publication: Publication) -> &[Campaign] {
        &self.campaigns[publication.index()]
    }

    /// Every joining, leaving and return, in the order of becoming.
    pub fn milestones(&self) -> &[Milestone] {
        &self.milestones
    }

    /// Every order of the shop, in the order of becoming.
    pub fn orders(&self) -> &[Order] {
        &self.orders
    }

    /// Lets this many days pass: mailings that are due, reactions to old and new mails, one new subscriber of each publication a day.
    pub fn advance(&mut self, days: u32) {
        for _ in 0..days {
            self.welcome();
            self.run_to(self.end + DAY);
        }
    }

    /// Lets one day pass in which everything happens: as [`World::advance`], and each publication that is not due sends a special
    /// issue, and somebody leaves each of them. For a second cycle that has something of each kind to show.
    pub fn day_of_news(&mut self) {
        let (from, to) = (self.end, self.end + DAY);
        self.welcome();
        for publication in Publication::ALL {
            let due = mailing::due(publication, from, to).next().is_some();
            if !due {
                self.mail(publication, from + DAY / 3, true);
            }
            self.somebody_leaves(publication, from + DAY / 2, Deed::Unsubscribe);
        }
        self.run_to(to);
    }

    /// Somebody calls the last issue of each publication spam, now: too rare to come about by itself among few people.
    pub fn complaints(&mut self) {
        for publication in Publication::ALL {
            self.somebody_leaves(publication, self.end, Deed::Complaint);
        }
    }

    /// Stops the mailings of a publication to somebody because a platform was told to, without a word in [`World::milestones`]:
    /// the platform keeps its own record of that.
    pub fn stop_mailing(&mut self, person: u32, publication: Publication, at: Seconds) {
        if let Some(person) = self.people.get_mut(person as usize) {
            person.leave(publication, at, None);
        }
    }

    /// Resumes them likewise.
    pub fn resume_mailing(&mut self, person: u32, publication: Publication, at: Seconds) {
        if let Some(person) = self.people.get_mut(person as usize) {
            person.rejoin(publication, at);
        }
    }

    fn welcome(&mut self) {
        let span = self.end - self.start;
        for publication in Publication::ALL {
            let at = self.end + 1 + self.rng.below(DAY / 4);
            let mut joined = [None, None];
            joined[publication.index()] = Some(at);
            self.add_person(joined, span);
        }
    }

    fn somebody_leaves(&mut self, publication: Publication, at: Seconds, deed: Deed) {
        let Some(last) = self.campaigns(publication).len().checked_sub(1) else {
            return;
        };
        let recipients = &self.campaigns[publication.index()][last].recipients;
        let offset = self
            .rng
            .below(u32::try_from(recipients.len()).unwrap_or(u32::MAX));
        let leaver = (0_u32..)
            .zip(recipients)
            .cycle()
            .skip(offset as usize)
            .take(recipients.len())
            .find(|(_, mail)| {
                mail.fate == Fate::Delivered
                    && self.people[mail.person as usize].standing(publication, at)
                        == Standing::Mailed
            })
            .map(|(index, mail)| (index, mail.person));
        if let Some((recipient, person)) = leaver {
            let campaign = u16::try_from(last).unwrap_or(u16::MAX);
            self.leave(publication, campaign, recipient, person, at, deed);
        }
    }

    fn run_to(&mut self, end: Seconds) {
        let mut due: Vec<(Seconds, Publication)> = Publication::ALL
            .into_iter()
            .flat_map(|publication| {
                mailing::due(publication, self.end, end).map(move |at| (at, publication))
            })
            .collect();
        due.sort_unstable();
        self.end = end;
        for (at, publication) in due {
            self.mail(publication, at, false);
        }
        let (now, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.coming)
            .into_iter()
            .partition(|what| what.at() <= end);
        self.coming = later;
        for what in now {
            self.happen(what);
        }
    }

    /// Writes something down, or keeps it until the world reaches it.
    fn happen(&mut self, what: Coming) {
        if what.at() > self.end {
            self.coming.push(what);
            return;
        }
        match what {
            Coming::Act(publication, campaign, act) => {
                self.campaigns[publication.index()][usize::from(campaign)]
                    .acts
                    .push(act);
            }
            Coming::Milestone(change) => self.milestones.push(change),
            Coming::Order(order) => self.orders.push(order),
        }
    }
}

#[cfg(test)]
mod tests;
