//! One reader: name, address, habits, and since when they are mailed.

use std::collections::HashMap;

use super::habits::Habits;
use super::{Publication, Seconds, names};
use crate::rng::Rng;

/// The parts of an address; equal likenesses are told apart by a number.
pub(super) type Likeness = (u8, u8, u8, u8, bool);

/// Whether somebody is mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Never joined, or not yet.
    Stranger,
    /// Gets every issue.
    Mailed,
    /// Left, bounced or complained.
    Gone,
}

/// Since when and until when somebody is mailed.
#[derive(Debug, Clone, Copy, Default)]
struct Spell {
    joined: Option<Seconds>,
    left: Option<Seconds>,
    back: Option<Seconds>,
}

/// One reader.
#[derive(Debug, Clone)]
pub struct Person {
    /// The place in the world, from 0; it never changes.
    pub number: u32,
    first: u8,
    infix: u8,
    last: u8,
    domain: u8,
    at_work: bool,
    namesake: u16,
    city: u8,
    job: u8,
    spells: [Spell; 2],
    pub(super) habits: Habits,
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "each table has fewer than 256 rows"
)]
fn pick(rng: &mut Rng, low: usize, high: usize) -> u8 {
    rng.between(low as u32, high as u32) as u8
}

fn from<T: Copy>(table: &[T], index: u8) -> T {
    table[usize::from(index) % table.len()]
}

impl Person {
    /// Makes somebody up who joins the publications at these times; the history is given by its start and length.
    pub(super) fn invent(
        number: u32,
        joined: [Option<Seconds>; 2],
        history: (Seconds, Seconds),
        rng: &mut Rng,
        namesakes: &mut HashMap<Likeness, u16>,
    ) -> Self {
        let last = pick(rng, 0, names::LAST.len());
        let infix = match usize::from(last) {
            family if family < names::LAST_WITH_INFIX => 0,
            family if family < names::LAST_OF_PLACE => 6,
            _ => pick(rng, 7, names::INFIX.len()),
        };
        let at_work = rng.chance(0.14);
        let domain = pick(
            rng,
            0,
            if at_work {
                names::WORK.len()
            } else {
                names::PRIVATE.len()
            },
        );
        let first = pick(rng, 0, names::FIRST.len());
        let namesake = namesakes
            .entry((first, infix, last, domain, at_work))
            .or_insert(0);
        let person = Self {
            number,
            first,
            infix,
            last,
            domain,
            at_work,
            namesake: *namesake,
            city: pick(rng, 0, names::CITIES.len()),
            job: pick(rng, 0, names::JOBS.len()),
            spells: joined.map(|joined| Spell {
                joined,
                ..Spell::default()
            }),
            habits: Habits::invent(at_work, history, rng),
        };
        *namesake += 1;
        person
    }

    /// The given name.
    pub fn first_name(&self) -> &'static str {
        from(&names::FIRST, self.first)
    }

    /// The surname with its infix: "van den Berg".
    pub fn last_name(&self) -> String {
        format!(
            "{}{}",
            from(&names::INFIX, self.infix),
            from(&names::LAST, self.last)
        )
    }

    /// Both.
    pub fn name(&self) -> String {
        format!("{} {}", self.first_name(), self.last_name())
    }

    /// The e-mail address: in lower case, at a reserved domain, nobody else's.
    pub fn address(&self) -> String {
        let mut address: String = format!("{} {}", self.first_name(), self.last_name())
            .chars()
            .filter_map(names::plain)
            .collect();
        if self.namesake > 0 {
            address.push_str(&(self.namesake + 1).to_string());
        }
        let domains: &[&str] = if self.at_work {
            &names::WORK
        } else {
            &names::PRIVATE
        };
        address.push('@');
        address.push_str(from(domains, self.domain));
        address
    }

    /// The town.
    pub fn city(&self) -> &'static str {
        from(&names::CITIES, self.city).0
    }

    /// The country, in two letters.
    pub fn country(&self) -> &'static str {
        from(&names::CITIES, self.city).1
    }

    /// The job title, when it is known.
    pub fn job(&self) -> Option<&'static str> {
        Some(from(&names::JOBS, self.job)).filter(|job| !job.is_empty())
    }

    /// When they joined a publication, if they ever do.
    pub const fn joined(&self, publication: Publication) -> Option<Seconds> {
        self.spells[publication.index()].joined
    }

    /// Whether they are mailed at this time.
    pub fn standing(&self, publication: Publication, at: Seconds) -> Standing {
        let spell = &self.spells[publication.index()];
        if spell.joined.is_none_or(|joined| at < joined) {
            return Standing::Stranger;
        }
        let gone =
            spell.left.is_some_and(|left| left <= at) && spell.back.is_none_or(|back| at < back);
        if gone {
            Standing::Gone
        } else {
            Standing::Mailed
        }
    }

    /// Whether they have left already and come back, or will: nobody does that twice.
    pub(super) const fn has_left(&self, publication: Publication) -> bool {
        self.spells[publication.index()].left.is_some()
    }

    pub(super) const fn leave(
        &mut self,
        publication: Publication,
        at: Seconds,
        back: Option<Seconds>,
    ) {
        let spell = &mut self.spells[publication.index()];
        spell.left = Some(at);
        spell.back = back;
    }

    pub(super) const fn rejoin(&mut self, publication: Publication, at: Seconds) {
        let spell = &mut self.spells[publication.index()];
        spell.back = Some(at);
        if spell.joined.is_none() {
            spell.joined = Some(at);
        }
    }
}
