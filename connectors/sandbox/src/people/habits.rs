//! How somebody reads: how often, how it changes over the years, and which machines read before them.

use super::{DAY, Seconds};
use crate::rng::Rng;

/// The course of somebody's interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    /// Goes up and down a little.
    Steady,
    /// Fades within two months and stays away.
    FallsSilent,
    /// Fades, and is back some months later.
    ComesBack,
    /// Never opened anything.
    NeverOpens,
}

/// What decides somebody's reactions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habits {
    course: Course,
    /// The chance of an open at the best of times.
    interest: f32,
    /// When the interest begins to fade.
    turn: Seconds,
    /// When it returns.
    back: Seconds,
    /// Where in the slow swing of half a year they are.
    phase: Seconds,
    /// The chance of a click in an opened mail.
    pub(super) curiosity: f32,
    /// A privacy proxy opens every mail that arrives.
    pub(super) proxied: bool,
    /// A scanner at work follows every link of every mail that arrives.
    pub(super) scanned: bool,
    /// Buys now and then.
    pub(super) buyer: bool,
}

/// The interest fades over this time.
const FADE: Seconds = 60 * DAY;

/// One swing of the seasons.
const SWING: Seconds = 180 * DAY;

impl Habits {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a chance needs no more than an f32"
    )]
    pub(super) fn invent(
        at_work: bool,
        (start, history): (Seconds, Seconds),
        rng: &mut Rng,
    ) -> Self {
        let course = match rng.unit() {
            luck if luck < 0.58 => Course::Steady,
            luck if luck < 0.80 => Course::FallsSilent,
            luck if luck < 0.87 => Course::ComesBack,
            _ => Course::NeverOpens,
        };
        // Most people read a little, few read nearly everything.
        let interest = 0.04 + 0.86 * rng.unit().powi(3);
        let turn = start + rng.below(history.max(1));
        Self {
            course,
            interest: interest as f32,
            turn,
            back: turn + FADE + rng.between(60 * DAY, 240 * DAY),
            phase: rng.below(SWING),
            curiosity: (0.03 + 0.35 * rng.unit().powi(2)) as f32,
            proxied: rng.chance(0.12),
            scanned: at_work && rng.chance(0.18),
            buyer: rng.chance(0.06),
        }
    }

    /// The chance that this person opens a mail that arrives at this time.
    #[expect(
        clippy::cast_precision_loss,
        reason = "the precision of a chance does not matter"
    )]
    pub(super) fn interest(&self, at: Seconds) -> f64 {
        let faded =
            |since: Seconds| 1.0 - (at.saturating_sub(since).min(FADE) as f32 / FADE as f32);
        let course = match self.course {
            Course::Steady => 1.0,
            Course::ComesBack if at >= self.back => 0.9,
            Course::FallsSilent | Course::ComesBack => faded(self.turn),
            Course::NeverOpens => 0.0,
        };
        let swing = (at.wrapping_add(self.phase) % SWING) as f32 / SWING as f32;
        let season = 0.8 + 0.4 * (2.0 * swing - 1.0).abs();
        f64::from((self.interest * course * season).min(0.97))
    }

    /// Whether this person has lost interest for good by now: those leave and bounce more often.
    pub(super) fn gone_quiet(&self, at: Seconds) -> bool {
        self.course == Course::FallsSilent && at > self.turn + FADE
    }
}
