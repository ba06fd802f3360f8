//! A made-up audience and its history, as pages of a platform: always the same ones for one seed.
//!
//! Mailings go out over two years to those who are subscribed on the day. Of the
//! contacts 22 % never react to anything; how often the others open follows a
//! lognormal law, so that a few do much and most do little. A campaign's reports
//! come one after the other, sends, opens, clicks and departures, in the order of
//! the list or in an order of their own; then what happened in the shop until the
//! next mailing, in the order of time. Only [`Audience::stream`] knows texts; the
//! numbers alone are what the references in other programs work on.

use std::sync::Arc;

/// The first day, in days since 1970: 1 January 2024.
const FIRST_DAY: i64 = 19_723;
/// How many days the history spans; scores are asked for on the day after.
pub const DAYS: i64 = 731;
/// Mailings in that time; with so many a contact has about 20 events.
pub const LETTERS: u32 = 37;
/// With so many it has about 50.
pub const MANY_LETTERS: u32 = 93;
const DAY_MS: i64 = 86_400_000;
/// Links of one campaign, pages and items of the shop.
pub const LINKS: u64 = 12;
/// Pages of the shop.
pub const PAGES: u64 = 200;

/// The instant at which the history ends.
pub const END_MS: i64 = (FIRST_DAY + DAYS) * DAY_MS;

/// In which order the rows of a report come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As the list has them, each time: neighbours in a report are neighbours in the store.
    OfTheList,
    /// Each report in an order of its own: the worst for a store that keeps contacts together.
    OfItsOwn,
}

/// What happened, in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Send,
    Delivery,
    Open,
    Click,
    Bounce,
    Unsubscribe,
    PageVisit,
    Like,
    Purchase,
}

/// One event, in numbers.
#[derive(Clone, Copy, Debug)]
pub struct Happening {
    pub contact: u32,
    pub at: i64,
    pub what: What,
    /// From 1; 0 where there was none.
    pub campaign: u32,
    /// Which link, page or item.
    pub which: u32,
    /// Hundredths.
    pub value: i64,
}

struct Person {
    joined: i16,
    left: i16,
    /// How likely a mail is opened; 0 for those who never react.
    opens: f32,
}

/// The contacts, and the seed of all that happens to them.
pub struct Audience {
    people: Vec<Person>,
    seed: u64,
    order: Order,
    letters: u32,
}

/// The steps of a campaign's reports and what follows.
const PARTS: u32 = 5;

/// The happenings of an audience, campaign by campaign.
#[derive(Clone)]
pub struct Happenings {
    audience: Arc<Audience>,
    campaign: u32,
    part: u32,
    /// The place in the list.
    place: u32,
    waiting: Vec<Happening>,
}

/// A number from 0 to 1.
#[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
fn share(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// One step of splitmix64 over some numbers.
pub fn mix(parts: [u64; 4]) -> u64 {
    parts
        .into_iter()
        .fold(0x9e37_79b9_7f4a_7c15, |state, part| {
            let mut z = (state ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^ (z >> 31)
        })
}

impl Audience {
    /// Invents people, who are mailed so often.
    #[expect(clippy::cast_possible_truncation, reason = "days and shares are small")]
    pub fn new(contacts: u32, seed: u64, order: Order, letters: u32) -> Arc<Self> {
        let people = (0..u64::from(contacts)).map(|number| {
            let draw = |what| share(mix([seed, number, what, 0]));
            // A quarter joins within the two years, and people stay 400 days on average.
            let joined = (draw(1) * 1_460.0) - 730.0;
            let left = joined.max(-100.0) - 400.0 * draw(2).max(1e-9).ln();
            let normal =
                (-2.0 * draw(3).max(1e-9).ln()).sqrt() * (std::f64::consts::TAU * draw(4)).cos();
            let silent = draw(5) < 0.22;
            let opens = if silent {
                0.0
            } else {
                (0.20 * (1.2 * normal - 0.72).exp()).min(0.9)
            };
            Person {
                joined: joined as i16,
                left: left.min(2_000.0) as i16,
                opens: opens as f32,
            }
        });
        Arc::new(Self {
            people: people.collect(),
            seed,
            order,
            letters,
        })
    }

    /// How many contacts there are.
    pub fn contacts(&self) -> u32 {
        u32::try_from(self.people.len()).expect("made from a u32")
    }

    /// How many never react.
    pub fn silent(&self) -> usize {
        self.people.iter().filter(|each| each.opens == 0.0).count()
    }

    /// Everything that happened, from the first mailing on.
    pub fn happenings(self: &Arc<Self>) -> Happenings {
        Happenings {
            audience: Arc::clone(self),
            campaign: 1,
            part: 0,
            place: 0,
            waiting: Vec::new(),
        }
    }

    fn draw(&self, contact: u32, campaign: u32, what: u64) -> u64 {
        mix([self.seed, u64::from(contact), u64::from(campaign), what])
    }

    fn day_of(&self, campaign: u32) -> i64 {
        // From day 8 on, the last one a week before the end.
        FIRST_DAY + 8 + i64::from(campaign - 1) * (DAYS - 16) / i64::from(self.letters - 1)
    }

    /// Who stands at a place of a report.
    fn at_place(&self, place: u32, campaign: u32, part: u32) -> u32 {
        match self.order {
            Order::OfTheList => place,
            Order::OfItsOwn => {
                let all = u64::from(self.contacts());
                // A large prime that is no divisor of the number walks through everybody.
                let start = self.draw(campaign, part, 99) % all;
                let at = (start + u64::from(place) * 2_654_435_761 % all) % all;
                u32::try_from(at).expect("below a u32")
            }
        }
    }
}

impl Happenings {
    /// The happenings of the next place in the present report; false when there is nothing more.
    fn step(&mut self) -> bool {
        let audience = Arc::clone(&self.audience);
        if self.place >= audience.contacts() {
            self.place = 0;
            self.part += 1;
            if self.part == PARTS {
                (self.part, self.campaign) = (0, self.campaign + 1);
            }
        }
        if self.campaign > audience.letters {
            return false;
        }
        if self.part == PARTS - 1 {
            self.shop(&audience);
            self.place = audience.contacts();
            return true;
        }
        let contact = audience.at_place(self.place, self.campaign, self.part);
        self.place += 1;
        let person = &audience.people[contact as usize];
        let day = i16::try_from(audience.day_of(self.campaign) - FIRST_DAY).expect("two years");
        if person.joined <= day && day < person.left {
            self.report(&audience, contact, person);
        }
        true
    }

    /// What one report says about one contact that was mailed.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "links are few, delays are days"
    )]
    fn report(&mut self, audience: &Audience, contact: u32, person: &Person) {
        let campaign = self.campaign;
        let draw = |what| share(audience.draw(contact, campaign, what));
        let sent = audience.day_of(campaign) * DAY_MS + 8 * 3_600_000;
        let mut event = |what, at: i64, which, value| {
            self.waiting.push(Happening {
                contact,
                at: at.min(END_MS - 1),
                what,
                campaign,
                which,
                value,
            });
        };
        // Whole seconds, as platforms tell.
        let after = |at: i64, mean_hours: f64, what| {
            at + (1.0 - mean_hours * 3_600.0 * draw(what).max(1e-9).ln()) as i64 * 1_000
        };
        let bounced = draw(1) < 0.01;
        let opened = !bounced && draw(2) < f64::from(person.opens);
        let opened_at = after(sent, 9.0, 3);
        let clicked = opened && draw(4) < 0.18;
        match self.part {
            0 => event(What::Send, sent, 0, 0),
            1 => {
                if opened {
                    event(What::Open, opened_at, 0, 0);
                    if draw(5) < 0.15 {
                        event(What::Open, after(opened_at, 20.0, 6), 0, 0);
                    }
                } else if !bounced && campaign.is_multiple_of(8) {
                    // Of some mailings the platform tells what arrived.
                    event(What::Delivery, sent + 4_000, 0, 0);
                }
            }
            2 => {
                if clicked {
                    let first = audience.draw(contact, campaign, 7) % LINKS;
                    event(What::Click, opened_at + 31_000, first as u32 + 1, 0);
                    if draw(8) < 0.3 {
                        event(
                            What::Click,
                            opened_at + 95_000,
                            (first as u32 + 5) % 12 + 1,
                            0,
                        );
                    }
                }
                if bounced {
                    event(What::Bounce, sent + 60_000, 0, 0);
                }
            }
            _ => {
                if opened && draw(9) < 0.012 {
                    event(What::Unsubscribe, opened_at + 50_000, 0, 0);
                }
            }
        }
    }

    /// What happened in the shop until the next mailing.
    #[expect(clippy::cast_possible_truncation, reason = "pages are few")]
    fn shop(&mut self, audience: &Audience) {
        let from = audience.day_of(self.campaign) * DAY_MS;
        let to = audience.day_of(self.campaign + 1).min(FIRST_DAY + DAYS) * DAY_MS;
        #[expect(clippy::cast_precision_loss, reason = "a span of weeks")]
        let within = |what: f64| from + (what * (to - from) as f64) as i64 / 1_000 * 1_000;
        for (contact, person) in (0_u32..).zip(&audience.people) {
            let draw = |what| audience.draw(contact, self.campaign, what);
            if person.opens == 0.0 || share(draw(20)) > f64::from(person.opens) * 0.35 {
                continue;
            }
            let event = |what, at, which, value| Happening {
                contact,
                at,
                what,
                campaign: 0,
                which,
                value,
            };
            let came = within(share(draw(21)));
            for visit in 0..=(draw(22) % 3) {
                let page = draw(23 + visit) % PAGES;
                let at = came + i64::try_from(visit).unwrap_or(0) * 40_000;
                self.waiting
                    .push(event(What::PageVisit, at, page as u32 + 1, 0));
            }
            if share(draw(26)) < 0.2 {
                let cents = 500 + (draw(27) % 30_000).cast_signed();
                let item = (draw(28) % 40) as u32 + 1;
                self.waiting
                    .push(event(What::Purchase, came + 300_000, item, cents));
            }
            if share(draw(29)) < 0.06 {
                self.waiting.push(event(What::Like, came + 7_000, 0, 0));
            }
        }
        self.waiting
            .sort_by_key(|each| std::cmp::Reverse((each.at, each.contact)));
    }
}

impl Iterator for Happenings {
    type Item = Happening;

    fn next(&mut self) -> Option<Happening> {
        // The shop's wait in reverse, a report's are few: the order among one row's does not matter.
        while self.waiting.is_empty() {
            if !self.step() {
                return None;
            }
        }
        self.waiting.pop()
    }
}
