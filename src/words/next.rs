//! What happens next: the dates ahead, and what changes on them if nothing comes in.

use crate::score::explain::{Ahead, Cause, Move, Step};

use super::{Detail, Page, Role};

/// How many dates are told, not counting those on which a band, segment or stage changes.
const SOON: usize = 3;

/// How many dates are told at most.
const DATES_MAX: usize = 8;

impl Page<'_> {
    pub(super) fn next(&mut self, ahead: &Ahead) {
        let phrases = self.phrases;
        if ahead.steps.is_empty() && !ahead.fades {
            self.say(Role::Heading, phrases.nothing_changes());
            return;
        }
        self.say(Role::Heading, phrases.next(ahead.hindsight));
        if ahead.fades {
            self.say(Role::Point, phrases.fades_daily());
        }
        let told: Vec<&Step> = match self.detail {
            Detail::Page | Detail::Everything => ahead.steps.iter().collect(),
            Detail::Short => {
                let steps = ahead.steps.iter().enumerate();
                let worth = steps.filter(|(place, step)| *place < SOON || matters(step));
                worth.map(|(_, step)| step).take(DATES_MAX).collect()
            }
        };
        for step in &told {
            self.step(step);
        }
        let left_out = |step: &&Step| !told.iter().any(|each| each.on == step.on);
        let left_out: Vec<&Step> = ahead.steps.iter().filter(left_out).collect();
        if let Some(last) = left_out.last() {
            self.say(Role::Point, phrases.left_out(left_out.len(), last.on));
        }
        match (ahead.complete, ahead.fades) {
            (true, _) => self.say(Role::Point, phrases.then_nothing()),
            (false, false) => self.say(Role::Point, phrases.then_more()),
            // That points fade has been said, and it goes on.
            (false, true) => {}
        }
    }

    /// `From 8 September 2026: 10 points less, because then nothing has been opened for 3 months.`
    fn step(&mut self, step: &Step) {
        let phrases = self.phrases;
        let from = phrases.from(step.on);
        let mut sentences = Vec::new();
        let mut changes = 0;
        for score in &step.moves {
            // What fades every day has been said once for all days.
            let causes = score.changes.iter();
            let causes = causes.filter(|change| !matches!(change.cause, Cause::FadesDaily));
            let before = sentences.len();
            sentences.extend(causes.map(|change| phrases.change(change.points, &change.cause)));
            changes += sentences.len() - before;
            sentences.push(self.becomes(score));
        }
        sentences.extend(step.entered.iter().map(|segment| phrases.enters(segment)));
        sentences.extend(step.left.iter().map(|segment| phrases.leaves(segment)));
        if let Some((_, stage)) = &step.stage {
            sentences.push(phrases.stage_becomes(stage.as_deref()));
        }
        let mut sentences = sentences.into_iter();
        // One change stands beside its date; of several each has a line.
        match (changes <= 1 && step.moves.len() <= 1)
            .then(|| sentences.next())
            .flatten()
        {
            Some(first) => self.say(Role::Point, format!("{from}: {first}.")),
            None => self.say(Role::Point, format!("{from}:")),
        }
        for sentence in sentences {
            self.say(Role::More, format!("{}.", capital(&sentence)));
        }
    }

    fn becomes(&self, score: &Move) -> String {
        let band = (score.band.0.as_deref(), score.band.1.as_deref());
        self.phrases.becomes(&score.score, score.shown, band)
    }
}

/// Whether something changes that a marketer acts on.
fn matters(step: &Step) -> bool {
    let band = step.moves.iter().any(|score| score.band.0 != score.band.1);
    band || !step.entered.is_empty() || !step.left.is_empty() || step.stage.is_some()
}

/// A sentence with a capital at its beginning.
fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next();
    first
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(letters)
        .collect()
}
