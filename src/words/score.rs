//! One score: the items that add up to it, and what could not be judged or does not count.

use engaged_connectors::model::{EventKind, Verdict};

use crate::{
    rules::syntax::{Condition, Filter, Pattern, RuleWhen},
    score::{
        Doubt, Reason,
        calendar::Day,
        explain::{
            AbsenceLine, CorrectionLine, EventLine, MachineLine, Points, RuleLine, ScoreLines,
            Source,
        },
        facts::Hole,
    },
    verdict::Evidence,
};

use super::{
    Detail, Page, Role,
    format::quoted,
    phrases::{NotTheSum, Phrases, Reasoning},
};

/// How many events of a rule are told one by one.
const EVENTS_MAX: usize = 4;

/// What leaves a condition open.
pub(super) struct Open<'a> {
    pub(super) absences: &'a [&'a AbsenceLine],
    pub(super) doubt: Option<&'a Doubt>,
    pub(super) gaps: &'a [Hole],
}

/// Where a rule's line belongs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Sum,
    NotJudged,
    NotCounted,
    Elsewhere,
}

fn place(rule: &RuleLine) -> Place {
    if rule.points.0 != 0 {
        Place::Sum
    } else if rule.unknown.is_some() {
        Place::NotJudged
    } else if !rule.machines.is_empty() || rule.lifted > 0 {
        Place::NotCounted
    } else {
        Place::Elsewhere
    }
}

impl Page<'_> {
    /// All about one score.
    pub(super) fn score(&mut self, score: &ScoreLines) {
        let phrases = self.phrases;
        self.say(
            Role::Score,
            phrases.score(&score.name, score.shown, score.band.as_deref()),
        );
        if let Some(why) = not_the_sum(score) {
            self.say(Role::Plain, phrases.not_the_sum(score.raw, why));
        }
        let at = |wanted: Place| score.rules.iter().filter(move |rule| place(rule) == wanted);
        for rule in at(Place::Sum) {
            self.item(rule);
        }
        for correction in &score.corrections {
            self.correction(correction);
        }
        if at(Place::Sum).next().is_none() && score.corrections.is_empty() {
            self.say(Role::Plain, phrases.no_points());
        } else {
            let total = phrases.marks().points(score.raw);
            self.line(Role::Total, Some(total), phrases.sum());
        }
        let mut waiting = Vec::new();
        for rule in at(Place::NotJudged) {
            let RuleWhen::State(when) = &rule.rule.when else {
                continue;
            };
            let absences: Vec<&AbsenceLine> = whole_or_parts(rule).collect();
            let open = Open {
                absences: &absences,
                doubt: rule.unknown.as_ref(),
                gaps: &rule.gaps,
            };
            waiting.push(self.waiting(&phrases.condition(when), when, &open));
        }
        if !waiting.is_empty() {
            self.say(Role::Heading, phrases.not_judged());
            self.all_waiting(waiting);
        }
        if at(Place::NotCounted).next().is_some() {
            self.say(Role::Heading, phrases.not_counted());
        }
        for rule in at(Place::NotCounted) {
            self.point(rule);
        }
        let others: Vec<&RuleLine> = at(Place::Elsewhere).collect();
        match (others.len(), self.detail) {
            (0, _) => {}
            (number, Detail::Short) => self.say(Role::Plain, phrases.other_rules(number)),
            (_, Detail::Page | Detail::Everything) => {
                self.say(Role::Aside, phrases.other_rules_listed());
                for rule in others {
                    self.elsewhere(rule);
                }
            }
        }
    }

    fn item(&mut self, line: &RuleLine) {
        let phrases = self.phrases;
        let pattern = match &line.rule.when {
            RuleWhen::Each(pattern) => pattern,
            RuleWhen::State(Condition::Otherwise) => {
                self.add(Role::Item, line.points, phrases.everybody());
                return;
            }
            RuleWhen::State(when) => {
                let since = line.absence.as_ref().and_then(|absence| absence.since);
                let since = since.map(|day| format!(" ({})", phrases.since(day)));
                let text = phrases.condition(when) + &since.unwrap_or_default();
                self.add(Role::Item, line.points, &text);
                self.fake(line);
                return;
            }
        };
        let standing: Vec<&EventLine> = standing(line).collect();
        let fading = line.rule.decay;
        let fading =
            fading.map_or_else(String::new, |decay| format!(", {}", phrases.fading(decay)));
        if let [only] = standing[..]
            && line.all.standing == 1
            && line.over_limit.0 == 0
        {
            let details = self.event(only, pattern);
            let text = format!("{} ({details}){fading}", phrases.event(pattern));
            self.add(Role::Item, line.points, &text);
        } else {
            let text = phrases.events(line.all.standing, pattern) + &fading;
            self.add(Role::Item, line.points, &text);
            self.parts(line, pattern, &standing);
        }
        for remark in self.remarks(line) {
            self.say(Role::Remark, remark);
        }
    }

    /// The events, latest first, and what the rule's limit took: together the item.
    fn parts(&mut self, line: &RuleLine, pattern: &Pattern, standing: &[&EventLine]) {
        let phrases = self.phrases;
        let room = match self.detail {
            Detail::Everything => usize::MAX,
            // One line more costs no more than saying that there is one more.
            _ if line.all.standing == EVENTS_MAX + 1 => usize::MAX,
            Detail::Short | Detail::Page => EVENTS_MAX,
        };
        for event in standing.iter().rev().take(room) {
            self.add(Role::Part, event.points, &self.event(event, pattern));
        }
        let told = room.min(standing.len());
        let rest = line.all.standing - told;
        if rest > 0 {
            let others = &standing[..standing.len() - told];
            let points: i64 = others.iter().map(|event| event.points.0).sum();
            let earlier = line.earlier.as_ref();
            let points = points + earlier.map_or(0, |earlier| earlier.points.0);
            self.add(Role::Part, Points(points), &phrases.more_events(rest));
        }
        if let Some(limit) = line.rule.at_most
            && line.over_limit.0 != 0
        {
            let limit = Points(limit.abs());
            let taken = Points(-line.over_limit.0);
            self.add(Role::Part, taken, &phrases.over_rule_limit(limit));
        }
    }

    /// `3 March 2026, order 7781, 2 pieces`
    fn event(&self, event: &EventLine, pattern: &Pattern) -> String {
        let phrases = self.phrases;
        let everything = self.detail == Detail::Everything;
        let mut parts = vec![phrases.date(event.on)];
        let money = matches!(event.kind, EventKind::Purchase | EventKind::Refund);
        if let Some(number) = &event.order {
            parts.push(phrases.order(number));
        } else if event.platform_id && money {
            parts.push(phrases.order(&event.id));
        } else if everything {
            parts.push(phrases.number(&event.id));
        }
        let named = |name: &String| {
            let exactly = |filter: &Filter| matches!(filter, Filter::Of(glob) if glob == name);
            pattern.filters.iter().any(exactly)
        };
        parts.extend(
            event
                .item
                .iter()
                .filter(|item| !named(item))
                .map(|item| quoted(item)),
        );
        if event.quantity != 1 {
            parts.push(phrases.pieces(event.quantity));
        }
        if let Some((value, currency)) = &event.value {
            parts.push(phrases.marks().amount(*value, currency));
        }
        parts.extend(event.campaign.iter().map(|name| phrases.campaign(name)));
        let on = |link: &String| {
            let exactly = |filter: &Filter| matches!(filter, Filter::On(glob) if glob == link);
            pattern.filters.iter().any(exactly)
        };
        parts.extend(event.link.iter().filter(|link| !on(link)).cloned());
        if self.several_sources && !event.connection.is_empty() {
            parts.push(phrases.via(&event.connection));
        }
        if !event.also_told_by.is_empty() {
            parts.push(phrases.also_told_by(&event.also_told_by));
        }
        if event.only_by_webhook {
            parts.push(phrases.only_by_webhook().to_owned());
        }
        parts.extend(
            event
                .ends_on
                .filter(|day| day.date().is_some())
                .map(|day| phrases.until(day)),
        );
        parts.join(", ")
    }

    /// What looks made up, and why.
    fn fake(&mut self, line: &RuleLine) {
        for each in &line.fake {
            let why = self.phrases.fake(each);
            self.say(Role::Remark, why);
        }
    }

    /// What did not count, and why.
    fn remarks(&self, line: &RuleLine) -> Vec<String> {
        let phrases = self.phrases;
        let mut remarks = Vec::new();
        let all = line.all;
        if all.over_limits.0 != 0 {
            let limits = &line.rule.at_most_per;
            remarks.push(phrases.over_period_limits(all.over_limits, limits));
        }
        if all.gone > 0 {
            remarks.push(phrases.gone(all.gone));
        }
        if line.lifted > 0 {
            remarks.push(phrases.lifted(line.lifted, &line.rule.lifted_by));
        }
        if !line.machines.is_empty() {
            let how = self.machines(&line.machines);
            remarks.push(phrases.by_machines(line.by_machines, &how));
        }
        remarks
    }

    /// `3 × privacy proxy of the mail app`, the most frequent first.
    fn machines(&self, machines: &[MachineLine]) -> Vec<String> {
        let kinds = machines.iter().map(|line| {
            let who = match line.verdict {
                Verdict::PrivacyProxy => self.phrases.privacy_proxy(),
                // Nobody but machines is among machines.
                Verdict::Scanner | Verdict::Human | Verdict::Unknown => self.phrases.scanner(),
            };
            let evidence = Evidence::read(&line.reason);
            let evidence = evidence.iter().map(|each| self.phrases.evidence(each));
            let why = evidence.collect::<Vec<_>>().join(", ");
            match line.events {
                number if number > 1 && machines.len() > 1 => format!("{number} × {who} ({why})"),
                _ => format!("{who} ({why})"),
            }
        });
        kinds.collect()
    }

    fn correction(&mut self, line: &CorrectionLine) {
        let phrases = self.phrases;
        let text = match &line.source {
            Source::Group(group) => phrases.group(group, line.points.0 < 0),
            Source::Floor(floor) => phrases.floor(Points(*floor)),
            Source::Adjustment {
                author,
                reason,
                until,
            } => {
                let until = until.date().map(Day::of);
                phrases.adjustment(author, reason, until)
            }
        };
        self.add(Role::Item, line.points, &text);
    }

    /// A condition that cannot be judged: each absence with its reason, or what else is in doubt.
    pub(super) fn waiting(&mut self, label: &str, when: &Condition, open: &Open<'_>) -> Waiting {
        let phrases = self.phrases;
        let judged = |line: &&&AbsenceLine| {
            let judged = [Reason::Present, Reason::Absent].contains(&line.state);
            !judged && line.since.is_none()
        };
        let unjudged: Vec<&AbsenceLine> = open.absences.iter().filter(judged).copied().collect();
        let told = unjudged.iter().map(|line| line.condition.to_string());
        self.told.extend(told);
        let mut waiting = Waiting {
            labels: vec![label.to_owned()],
            ..Waiting::default()
        };
        if let ([only], Condition::Absence { .. }) = (&unjudged[..], when) {
            waiting.reasoning = Some(phrases.absence(only, self.as_of));
            return waiting;
        }
        let by_absence = matches!(open.doubt, Some(Doubt::Absence(_))) && !unjudged.is_empty();
        waiting.reasoning = open
            .doubt
            .filter(|_| !by_absence)
            .map(|doubt| phrases.doubt(doubt, open.gaps, self.as_of));
        let parts = unjudged.into_iter().map(|line| Waiting {
            labels: vec![phrases.condition(&line.condition)],
            reasoning: Some(phrases.absence(line, self.as_of)),
            parts: Vec::new(),
        });
        waiting.parts = together(parts);
        waiting
    }

    /// What waits, with one reason for all that wait for the same.
    pub(super) fn all_waiting(&mut self, waiting: Vec<Waiting>) {
        for each in together(waiting) {
            let label = each.labels.join("; ");
            match &each.reasoning {
                Some(reasoning) => self.say(Role::Point, format!("{label}: {}", reasoning.meaning)),
                None => self.say(Role::Point, format!("{label}:")),
            }
            self.advice(each.reasoning.as_ref());
            for part in each.parts {
                let meaning = part.reasoning.as_ref().map(|reasoning| &reasoning.meaning);
                let meaning = meaning.map_or("", String::as_str);
                self.say(Role::More, format!("{}: {meaning}", part.labels.join("; ")));
                self.advice(part.reasoning.as_ref());
            }
        }
    }

    fn advice(&mut self, reasoning: Option<&Reasoning>) {
        if let Some(advice) = reasoning.and_then(|reasoning| reasoning.advice.as_ref()) {
            self.say(Role::More, format!("→ {advice}"));
        }
    }

    /// A rule that adds nothing, with what did not count.
    fn point(&mut self, rule: &RuleLine) {
        let mut remarks = self.remarks(rule).into_iter();
        let label = match &rule.rule.when {
            RuleWhen::Each(pattern) => self.phrases.kind(pattern),
            RuleWhen::State(when) => self.phrases.condition(when),
        };
        match remarks.next() {
            Some(remark) => self.say(Role::Point, format!("{label}: {remark}")),
            None => self.say(Role::Point, label),
        }
        for remark in remarks {
            self.say(Role::More, remark);
        }
    }

    /// A rule that adds nothing and waits for nothing.
    fn elsewhere(&mut self, rule: &RuleLine) {
        let Some(absence) = &rule.absence else {
            self.point(rule);
            return;
        };
        let waiting = Waiting {
            labels: vec![self.phrases.condition(&absence.condition)],
            reasoning: Some(self.phrases.absence(absence, self.as_of)),
            parts: Vec::new(),
        };
        self.all_waiting(vec![waiting]);
    }
}

/// Conditions that wait for one reason.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting {
    labels: Vec<String>,
    reasoning: Option<Reasoning>,
    /// Conditions inside, each with a reason of its own.
    parts: Vec<Waiting>,
}

impl Waiting {
    /// The same, with the reasons told already.
    pub(super) fn told_above(self, phrases: &dyn Phrases) -> Self {
        Self {
            labels: self.labels,
            reasoning: Some(Reasoning {
                meaning: phrases.as_above().to_owned(),
                advice: None,
            }),
            parts: Vec::new(),
        }
    }
}

/// Puts together what waits for the same.
fn together(waiting: impl IntoIterator<Item = Waiting>) -> Vec<Waiting> {
    let mut groups: Vec<Waiting> = Vec::new();
    for each in waiting {
        let same = |group: &&mut Waiting| {
            let simple = group.parts.is_empty() && each.parts.is_empty();
            simple && group.reasoning.is_some() && group.reasoning == each.reasoning
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.labels.extend(each.labels),
            None => groups.push(each),
        }
    }
    groups
}

fn whole_or_parts(rule: &RuleLine) -> impl Iterator<Item = &AbsenceLine> {
    rule.absence.iter().chain(&rule.absences)
}

/// The events of which something is left, as far as they are told one by one.
fn standing(line: &RuleLine) -> impl Iterator<Item = &EventLine> {
    line.events.iter().filter(|event| event.points.0 != 0)
}

/// Why what is shown is not the sum, where it is not.
fn not_the_sum(score: &ScoreLines) -> Option<NotTheSum> {
    if score.raw == Points(score.shown.saturating_mul(1000)) {
        return None;
    }
    Some(match score.range {
        Some((_, high)) if score.raw.0 > high.saturating_mul(1000) => NotTheSum::Above(high),
        Some((low, _)) if score.raw.0 < low.saturating_mul(1000) => NotTheSum::Below(low),
        _ => NotTheSum::Rounded,
    })
}
