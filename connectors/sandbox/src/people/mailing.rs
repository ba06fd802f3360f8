//! One issue goes out, and what people and machines do with it.

use chrono::{Datelike as _, Weekday};

use super::{
    Act, Campaign, Coming, DAY, Deed, Fate, Milestone, Order, Publication, Recipient, Seconds,
    Standing, Turn, World, names, time,
};
use crate::rng::Rng;

/// The chance that an open is reported hours late, as delivery services do now and then.
const REPORTED_LATE: f64 = 0.01;

/// When a publication goes out after `from`, up to and including `to`.
pub(super) fn due(
    publication: Publication,
    from: Seconds,
    to: Seconds,
) -> impl Iterator<Item = Seconds> {
    let hour = match publication {
        Publication::Weekly => 8 * 3_600,
        Publication::Monthly => 9 * 3_600 + 1_800,
    };
    (from / DAY..=to / DAY)
        .filter(move |day| {
            let date = time(day * DAY);
            match publication {
                Publication::Weekly => date.weekday() == Weekday::Tue,
                Publication::Monthly => date.weekday() == Weekday::Thu && date.day() <= 7,
            }
        })
        .map(move |day| day * DAY + hour)
        .filter(move |at| (from + 1..=to).contains(at))
}

impl World {
    /// Sends one issue to everybody who is mailed then.
    pub(super) fn mail(&mut self, publication: Publication, at: Seconds, special: bool) {
        let number = u16::try_from(self.campaigns(publication).len()).unwrap_or(u16::MAX);
        let mut rng = Rng::new(self.rng.bits());
        let mut campaign = Campaign {
            number,
            publication,
            sent_at: at,
            subject: subject(publication, number, special),
            links: links(publication, number),
            recipients: Vec::new(),
            acts: Vec::new(),
        };
        campaign.recipients = (0_u32..)
            .zip(&self.people)
            .filter(|(_, person)| person.standing(publication, at) == Standing::Mailed)
            .map(|(number, person)| {
                // An address that will unsubscribe later is alive, so the two ends of a mailing never cross.
                let dead = match () {
                    () if person.has_left(publication) => 0.0,
                    () if person.habits.gone_quiet(at) => 0.002,
                    () => 0.000_4,
                };
                recipient(number, dead, &mut rng)
            })
            .collect();
        let links = u8::try_from(campaign.links.len()).unwrap_or(u8::MAX);
        let recipients = campaign.recipients.clone();
        self.campaigns[publication.index()].push(campaign);
        for (index, recipient) in (0_u32..).zip(recipients) {
            let issue = Issue {
                publication,
                number,
                links,
                index,
                arrived: at + Seconds::from(recipient.after),
            };
            self.react(issue, recipient, &mut rng);
        }
    }

    fn react(&mut self, issue: Issue, recipient: Recipient, rng: &mut Rng) {
        let habits = self.people[recipient.person as usize].habits;
        let arrived = issue.arrived;
        match recipient.fate {
            Fate::HardBounce => return self.bounce(issue, recipient.person),
            Fate::SoftBounce => return,
            Fate::Delivered => {}
        }
        if habits.scanned {
            self.act(issue, arrived + 1, 0, Deed::ScannerOpen);
            for link in 0..issue.links {
                self.act(
                    issue,
                    arrived + 1 + u32::from(link) % 2,
                    0,
                    Deed::ScannerClick(link),
                );
            }
        }
        if habits.proxied {
            self.act(issue, arrived + rng.between(2, 12), 0, Deed::ProxyOpen);
        }
        let opens = rng.chance(habits.interest(arrived));
        if opens {
            let opened = arrived + delay(rng);
            self.read(issue, recipient.person, opened, rng);
        }
        let weariness = if habits.gone_quiet(arrived) {
            0.002
        } else {
            0.000_8
        };
        if !self.people[recipient.person as usize].has_left(issue.publication) {
            if rng.chance(weariness) {
                let at = arrived + delay(rng);
                self.leave(
                    issue.publication,
                    issue.number,
                    issue.index,
                    recipient.person,
                    at,
                    Deed::Unsubscribe,
                );
            } else if rng.chance(0.000_08) {
                let at = arrived + delay(rng);
                self.leave(
                    issue.publication,
                    issue.number,
                    issue.index,
                    recipient.person,
                    at,
                    Deed::Complaint,
                );
            }
        }
    }

    /// Somebody opens a mail: perhaps again later, perhaps with a click, perhaps with an order.
    fn read(&mut self, issue: Issue, person: u32, opened: Seconds, rng: &mut Rng) {
        let habits = self.people[person as usize].habits;
        let lag = if rng.chance(REPORTED_LATE) {
            rng.between(90, 20 * 60)
        } else {
            0
        };
        self.act(
            issue,
            opened,
            u16::try_from(lag).unwrap_or(u16::MAX),
            Deed::Open,
        );
        if rng.chance(0.2) {
            let again = opened + rng.between(60, 2 * DAY);
            self.act(issue, again, 0, Deed::Open);
        }
        if !rng.chance(f64::from(habits.curiosity)) {
            return;
        }
        let clicked = opened + rng.between(4, 180);
        for more in 0..=rng.below(2) {
            // The upper links of a mail are followed more often.
            let link = rng
                .below(u32::from(issue.links))
                .min(rng.below(u32::from(issue.links)));
            self.act(
                issue,
                clicked + 40 * more,
                0,
                Deed::Click(u8::try_from(link).unwrap_or(0)),
            );
        }
        if habits.buyer && issue.publication == Publication::Weekly && rng.chance(0.4) {
            self.order(
                person,
                clicked + rng.between(300, 3_600),
                Some(issue.number),
                rng,
            );
        }
    }

    fn order(&mut self, person: u32, at: Seconds, campaign: Option<u16>, rng: &mut Rng) {
        self.ordered += 1;
        let item =
            u8::try_from(rng.below(u32::try_from(names::ITEMS.len()).unwrap_or(1))).unwrap_or(0);
        let pieces = if rng.chance(0.2) { 2 } else { 1 };
        let cents = (rng.between(9, 160) * 100 + 95) * u32::from(pieces);
        self.happen(Coming::Order(Order {
            number: self.ordered,
            person,
            at,
            cents,
            pieces,
            item,
            campaign,
        }));
    }

    fn bounce(&mut self, issue: Issue, person: u32) {
        let Issue {
            publication,
            number,
            arrived: at,
            ..
        } = issue;
        self.people[person as usize].leave(publication, at, None);
        self.happen(Coming::Milestone(Milestone {
            person,
            publication,
            at,
            turn: Turn::Bounced(number),
        }));
    }

    /// Somebody leaves by a mail; some come back months later, but nobody who complained.
    pub(super) fn leave(
        &mut self,
        publication: Publication,
        campaign: u16,
        recipient: u32,
        person: u32,
        at: Seconds,
        deed: Deed,
    ) {
        let complained = deed == Deed::Complaint;
        let back = (!complained && self.rng.chance(0.08))
            .then(|| at + self.rng.between(30 * DAY, 200 * DAY));
        self.people[person as usize].leave(publication, at, back);
        self.happen(Coming::Act(
            publication,
            campaign,
            Act {
                recipient,
                at,
                lag: 0,
                deed,
            },
        ));
        let turn = if complained {
            Turn::Complained(campaign)
        } else {
            Turn::Left(campaign)
        };
        self.happen(Coming::Milestone(Milestone {
            person,
            publication,
            at,
            turn,
        }));
        if let Some(at) = back {
            self.happen(Coming::Milestone(Milestone {
                person,
                publication,
                at,
                turn: Turn::Returned,
            }));
        }
    }

    fn act(&mut self, issue: Issue, at: Seconds, lag: u16, deed: Deed) {
        self.happen(Coming::Act(
            issue.publication,
            issue.number,
            Act {
                recipient: issue.index,
                at,
                lag,
                deed,
            },
        ));
    }
}

/// One mail of one issue, on arrival.
#[derive(Debug, Clone, Copy)]
struct Issue {
    publication: Publication,
    number: u16,
    links: u8,
    index: u32,
    arrived: Seconds,
}

fn recipient(person: u32, dead: f64, rng: &mut Rng) -> Recipient {
    let fate = match rng.unit() {
        luck if luck < dead => Fate::HardBounce,
        luck if luck < dead + 0.004 => Fate::SoftBounce,
        _ => Fate::Delivered,
    };
    Recipient {
        person,
        after: u16::try_from(rng.between(5, 400)).unwrap_or(0),
        fate,
    }
}

/// Seconds until somebody looks: half within four hours, one in thirty only after three to twenty-one days.
fn delay(rng: &mut Rng) -> Seconds {
    if rng.chance(0.033) {
        return rng.between(3 * DAY, 21 * DAY);
    }
    let doubling = rng.below(12);
    let base = 60_u32 << doubling;
    base + rng.below(base)
}

fn subject(publication: Publication, number: u16, special: bool) -> String {
    let topic =
        names::TOPICS[(usize::from(number) * 7 + publication.index()) % names::TOPICS.len()];
    match (publication, special) {
        (_, true) => format!("Extra: {topic}"),
        (Publication::Weekly, _) => format!("Weekbrief {}: {topic}", number + 1),
        (Publication::Monthly, _) => format!("Maandblad {}: {topic}", number + 1),
    }
}

fn links(publication: Publication, number: u16) -> Vec<String> {
    let place = match publication {
        Publication::Weekly => "https://winkel.example.nl/week",
        Publication::Monthly => "https://blad.example.org/maand",
    };
    (1..=4 + number % 3)
        .map(|link| format!("{place}/{}/artikel-{link}", number + 1))
        .collect()
}
