//! The lines of one contact: scores, rules, events, corrections.

use std::collections::BTreeMap;

use engaged_connectors::model::{EventKind, Verdict};

use crate::{
    rules::{
        set::{Rule, Score},
        syntax::{Condition, RuleWhen},
        truth::Truth,
    },
    verdict,
};

use super::{
    super::{
        absence,
        calendar::Day,
        condition::{Doubt, Judgement, Node},
        each::Earned,
        evaluate::{Correction, CorrectionKind, Evaluation, Evaluator, RuleValue, ScoreValue},
        model::Compiled,
        pattern::PatternId,
        subject::Subject,
    },
    AbsenceLine, AllEvents, CorrectionLine, EVENTS_TOLD, EarlierLine, EventLine, MachineLine,
    Points, Question, RuleLine, ScoreLines, Source, Unjudged, looks_fake,
};

impl Question<'_> {
    pub(super) fn score(
        &self,
        subject: &Subject<'_>,
        index: usize,
        score: &Score,
        value: &ScoreValue,
        next_change_on: Option<Day>,
    ) -> ScoreLines {
        ScoreLines {
            name: score.name.clone(),
            raw: Points(value.raw),
            shown: value.shown,
            band: band_name(score, value.band),
            next_change_on,
            rules: (0..score.rules.len())
                .map(|rule| self.rule(subject, (index, rule), &value.rules[rule]))
                .collect(),
            corrections: value
                .corrections
                .iter()
                .map(|each| self.correction(score, each))
                .collect(),
            range: score.range,
        }
    }

    fn rule(
        &self,
        subject: &Subject<'_>,
        (score, number): (usize, usize),
        value: &RuleValue,
    ) -> RuleLine {
        let rule = &self.model.rules().scores[score].rules[number];
        let compiled = &self.model.scores[score][number];
        let mut absences = match (&rule.when, compiled) {
            (RuleWhen::State(when), Compiled::State(node)) => {
                self.absences(subject, when, node, &value.judgements)
            }
            _ => Vec::new(),
        };
        let whole = matches!(compiled, Compiled::State(Node::Absence { .. }));
        let absence = if whole { absences.pop() } else { None };
        let machines = match compiled {
            Compiled::Each(pattern, _) => self.machines(subject, *pattern),
            Compiled::State(_) => Vec::new(),
        };
        let capped = value.capped + value.earned.iter().map(|earned| earned.capped).sum::<i64>();
        let first = value.earned.len().saturating_sub(EVENTS_TOLD);
        let (before, told) = value.earned.split_at(first);
        RuleLine {
            when: rule.text.clone(),
            points: Points(value.points),
            absence: absence.map(|line| AbsenceLine { when: None, ..line }),
            absences,
            unknown: value.doubt.clone(),
            fake: looks_fake(&rule.when, self.facts),
            capped: (capped != 0).then_some(Points(capped)),
            by_machines: machines.iter().map(|line| line.events).sum(),
            lifted: value.lifted,
            events: told.iter().map(|each| self.event(subject, each)).collect(),
            earlier: self.earlier(before),
            all: self.all_events(rule, &value.earned),
            rule: rule.clone(),
            over_limit: Points(value.capped),
            machines,
            gaps: match (compiled, &value.doubt) {
                (Compiled::State(node), Some(_)) => self.evaluator(subject).gaps(node),
                _ => Vec::new(),
            },
        }
    }

    /// What each absence in a condition is. A condition and its compiled form
    /// name their absences in one order, in which they are also judged.
    fn absences(
        &self,
        subject: &Subject<'_>,
        when: &Condition,
        node: &Node,
        judgements: &[Judgement],
    ) -> Vec<AbsenceLine> {
        let pairs = absences(when).into_iter().zip(node.absences());
        let lines = pairs.zip(judgements);
        lines
            .map(|((condition, compiled), judgement)| AbsenceLine {
                when: Some(judgement.text.to_string()),
                state: judgement.reason,
                since: judgement.reason.since(),
                condition: condition.clone(),
                grounds: absence::grounds(compiled, subject, self.as_of),
            })
            .collect()
    }

    /// The segments that cannot be told, and why.
    pub(super) fn unjudged(&self, subject: &Subject<'_>, now: &Evaluation) -> Vec<Unjudged> {
        let segments = self.model.rules().segments.iter();
        let nodes = segments.zip(&self.model.segments).zip(&now.segments);
        let unknown = nodes.filter(|(_, truth)| **truth == Truth::Unknown);
        unknown
            .map(|((segment, node), _)| {
                let mut judgements = Vec::new();
                let mut evaluator = self.evaluator(subject);
                let answer = evaluator.ask(node, &mut judgements);
                Unjudged {
                    segment: segment.name.clone(),
                    when: segment.when.clone(),
                    absences: self.absences(subject, &segment.when, node, &judgements),
                    doubt: answer.doubt,
                    gaps: evaluator.gaps(node),
                }
            })
            .collect()
    }

    fn evaluator<'a>(&'a self, subject: &'a Subject<'a>) -> Evaluator<'a> {
        Evaluator::new(self.model, subject, self.as_of)
    }

    /// What machines did that a rule on events would have counted, had people done it.
    fn machines(&self, subject: &Subject<'_>, pattern: PatternId) -> Vec<MachineLine> {
        let mut sizes: BTreeMap<(Verdict, String), usize> = BTreeMap::new();
        let events = self.facts.events.iter().zip(&subject.days);
        for (fact, _) in events.filter(|(_, day)| **day <= self.as_of) {
            if self.model.patterns.spoilt(pattern, fact, self.facts) {
                let reason = (self.reason)(fact.id).unwrap_or_else(|| "source".to_owned());
                *sizes.entry((fact.verdict, reason)).or_default() += 1;
            }
        }
        let lines = sizes
            .into_iter()
            .map(|((verdict, reason), events)| MachineLine {
                verdict,
                why: verdict::words(&reason),
                reason,
                events,
            });
        let mut lines: Vec<MachineLine> = lines.collect();
        lines.sort_by_key(|line| std::cmp::Reverse(line.events));
        lines
    }

    /// The events that are too many to be told one by one.
    fn earlier(&self, earned: &[Earned]) -> Option<EarlierLine> {
        let at = |earned: &Earned| self.facts.events[earned.index].at;
        Some(EarlierLine {
            events: earned.len(),
            points: Points(earned.iter().map(|each| each.points).sum()),
            from: at(earned.first()?),
            to: at(earned.last()?),
        })
    }

    fn all_events(&self, rule: &Rule, earned: &[Earned]) -> AllEvents {
        let full = |each: &Earned| {
            let fact = &self.facts.events[each.index];
            match self.vocabulary.kind(fact.kind) {
                EventKind::Purchase => rule.points * i64::from(fact.quantity),
                _ => rule.points,
            }
        };
        let live = |each: &&Earned| each.ends_on.is_none_or(|day| day > self.as_of);
        let gone = |each: &&Earned| each.points == 0 && each.capped != full(each);
        let taken = earned.iter().filter(live).map(|each| each.capped.abs());
        AllEvents {
            standing: earned.iter().filter(|each| each.points != 0).count(),
            gone: earned.iter().filter(gone).count(),
            over_limits: Points(taken.sum()),
        }
    }

    fn event(&self, subject: &Subject<'_>, earned: &Earned) -> EventLine {
        let fact = &self.facts.events[earned.index];
        let vocabulary = self.vocabulary;
        let platform_id = (self.platform_id)(fact.id);
        let owned = |text: Option<&str>| text.map(str::to_owned);
        EventLine {
            platform_id: platform_id.is_some(),
            id: platform_id.unwrap_or_else(|| fact.id.to_string()),
            at: fact.at,
            campaign: owned(vocabulary.campaign(fact.campaign)),
            link: owned(vocabulary.url(fact.url)),
            item: owned(vocabulary.item(fact.item)),
            connection: owned(vocabulary.connection(fact.connection)).unwrap_or_default(),
            order: (self.order)(fact.id),
            also_told_by: self.also_told_by(subject, earned.index),
            only_by_webhook: (self.only_told)(fact.id),
            points: Points(earned.points),
            ends_on: earned.ends_on,
            on: subject.days[earned.index],
            kind: vocabulary.kind(fact.kind),
            quantity: fact.quantity,
            value: fact.value.map(|value| {
                let ours = self.model.rules().currency.as_str();
                let currency = vocabulary.currency(fact.currency).unwrap_or(ours);
                (value, currency.to_owned())
            }),
            over_limit: Points(earned.capped),
        }
    }

    /// The connections whose events this one stands for, each once.
    fn also_told_by(&self, subject: &Subject<'_>, index: usize) -> Vec<String> {
        let mut names: Vec<String> = subject
            .stands_for(index, self.as_of)
            .filter_map(|again| {
                let connection = self.facts.events[again].connection;
                self.vocabulary.connection(connection).map(str::to_owned)
            })
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    fn correction(&self, score: &Score, correction: &Correction) -> CorrectionLine {
        let (what, reason, source) = match correction.kind {
            CorrectionKind::Group(number) => {
                let group = score.groups[number].clone();
                (format!("group {}", group.name), None, Source::Group(group))
            }
            CorrectionKind::Adjustment(id) => {
                let found = self.facts.adjustments.iter().find(|each| each.id == id);
                let source = Source::Adjustment {
                    author: found.map(|each| each.author.clone()).unwrap_or_default(),
                    reason: found.map(|each| each.reason.clone()).unwrap_or_default(),
                    until: found.map_or(Day::NEVER, |each| each.until),
                };
                let reason = found.map(|each| format!("{} ({})", each.reason, each.author));
                ("adjustment".to_owned(), reason, source)
            }
            CorrectionKind::Floor => {
                let floor = score.penalty_floor.unwrap_or_default();
                ("penalty floor".to_owned(), None, Source::Floor(floor))
            }
        };
        CorrectionLine {
            what,
            points: Points(correction.points),
            reason,
            source,
        }
    }
}

/// The absences in a condition, in the order in which it names them.
fn absences(when: &Condition) -> Vec<&Condition> {
    match when {
        Condition::Or(parts) | Condition::And(parts) => parts.iter().flat_map(absences).collect(),
        Condition::Not(inner) => absences(inner),
        Condition::Absence { .. } => vec![when],
        _ => Vec::new(),
    }
}

pub(super) fn band_name(score: &Score, band: Option<usize>) -> Option<String> {
    band.map(|band| score.bands[band].name.clone())
}

pub(super) fn doubt_word(doubt: &Doubt) -> String {
    match doubt {
        Doubt::Absence(reason) => reason.as_str().to_owned(),
        Doubt::Field(name) => format!("field {name} is not known"),
        Doubt::NoAddress => "no_address".to_owned(),
        Doubt::OtherCurrency => "other_currency".to_owned(),
        Doubt::Never => "never".to_owned(),
        Doubt::NoStatus => "no_status".to_owned(),
    }
}
