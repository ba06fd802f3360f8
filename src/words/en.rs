//! English.

mod reason;
mod rule;

use engaged_connectors::model::EventKind;

use crate::{
    rules::{
        fake::FakeSign,
        set::{Decay, Group, Period},
        syntax::{Condition, Pattern},
        tracking::Tracking,
    },
    score::{
        Doubt,
        calendar::Day,
        explain::{AbsenceLine, Cause, FakeLine, Points},
        facts::Hole,
    },
    verdict::Evidence,
};

use super::{
    format::{self, Marks, listed, quoted},
    phrases::{NotTheSum, Phrases, Reasoning},
};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// English, with the currency of amounts in rules.
pub(super) struct English<'a> {
    currency: &'a str,
    marks: Marks,
}

impl<'a> English<'a> {
    pub(super) fn new(currency: &'a str) -> Self {
        Self {
            currency,
            marks: format::ENGLISH,
        }
    }

    #[expect(clippy::unused_self, reason = "as in every language")]
    fn day(&self, day: Day) -> String {
        format::date(day, &MONTHS)
    }

    fn points_less(&self, points: Points) -> String {
        let much = Points(points.0.abs());
        let unit = if much.0 == 1000 { "point" } else { "points" };
        let way = if points.0 < 0 { "less" } else { "more" };
        format!("{} {unit} {way}", self.marks.points(much))
    }
}

/// `1 mail`, `3 mails`
fn count(number: impl TryInto<u64>, one: &str, several: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{number} {}", if number == 1 { one } else { several })
}

impl Phrases for English<'_> {
    fn marks(&self) -> Marks {
        self.marks
    }

    fn date(&self, day: Day) -> String {
        self.day(day)
    }

    fn title(&self, contact: &str, as_of: Day, known_at: Day) -> String {
        let (on, known) = (self.day(as_of), self.day(known_at));
        match as_of.cmp(&known_at) {
            std::cmp::Ordering::Equal => format!("{contact} on {on}"),
            std::cmp::Ordering::Greater => {
                format!("{contact} on {on}, if nothing comes in after {known}")
            }
            std::cmp::Ordering::Less => {
                format!("{contact} on {on}, with all that was known on {known}")
            }
        }
    }

    fn score(&self, name: &str, shown: i64, band: Option<&str>) -> String {
        let unit = if shown.abs() == 1 { "point" } else { "points" };
        let band = band.map_or_else(String::new, |band| format!(", band {}", quoted(band)));
        format!(
            "Score {}: {} {unit}{band}",
            quoted(name),
            self.marks.whole(shown)
        )
    }

    fn not_the_sum(&self, sum: Points, why: NotTheSum) -> String {
        let sum = self.marks.points(sum);
        match why {
            NotTheSum::Above(most) => {
                let most = self.marks.whole(most);
                format!("The sum is {sum}; this score shows no more than {most}.")
            }
            NotTheSum::Below(least) => {
                let least = self.marks.whole(least);
                format!("The sum is {sum}; this score shows no less than {least}.")
            }
            NotTheSum::Rounded => format!("The sum is {sum}; what is shown is rounded."),
        }
    }

    fn event(&self, pattern: &Pattern) -> String {
        self.one(pattern)
    }

    fn events(&self, number: usize, pattern: &Pattern) -> String {
        self.several(u32::try_from(number).unwrap_or(u32::MAX), pattern)
    }

    fn kind(&self, pattern: &Pattern) -> String {
        self.all(pattern)
    }

    fn condition(&self, condition: &Condition) -> String {
        self.holds(condition)
    }

    fn fake(&self, line: &FakeLine) -> String {
        let why = match &line.what {
            FakeSign::KeyboardRun(run) => {
                format!("{} lies side by side on a keyboard", quoted(run))
            }
            FakeSign::Repeated(run) => format!("{} is one character over and over", quoted(run)),
            FakeSign::Test => "the word 'test'".to_owned(),
            FakeSign::NoVowel => "no vowel".to_owned(),
            FakeSign::Digits => "more digits than letters".to_owned(),
            FakeSign::NoCapital => "no capital letter".to_owned(),
            FakeSign::Disposable(domain) => {
                format!("{} hands out addresses to throw away", quoted(domain))
            }
        };
        format!("{}: {why}", quoted(&line.value))
    }

    fn everybody(&self) -> &'static str {
        "what everybody begins with"
    }

    fn since(&self, day: Day) -> String {
        format!("since {}", self.day(day))
    }

    fn objects(&self, contact: &str, since: Day) -> String {
        format!(
            "{contact} has objected to being scored, on {}: no score, segment or stage is worked out, and nothing starts.",
            self.day(since)
        )
    }

    fn fading(&self, decay: Decay) -> String {
        match decay {
            Decay::Linear { share, period } => {
                let share = self.marks.points(Points(share * 100));
                format!("fades by {share}% every {}", each(period))
            }
            Decay::HalfLife { days } => {
                format!(
                    "halves every {}",
                    if days == 1 {
                        "day".to_owned()
                    } else {
                        count(days, "day", "days")
                    }
                )
            }
        }
    }

    fn no_points(&self) -> &'static str {
        "No rule gives points on this date."
    }

    fn sum(&self) -> &'static str {
        "in all"
    }

    fn order(&self, id: &str) -> String {
        format!("order {id}")
    }

    fn number(&self, id: &str) -> String {
        format!("number {id}")
    }

    fn pieces(&self, number: u32) -> String {
        count(number, "piece", "pieces")
    }

    fn campaign(&self, name: &str) -> String {
        format!("campaign {}", quoted(name))
    }

    fn via(&self, connection: &str) -> String {
        format!("via {connection}")
    }

    fn also_told_by(&self, connections: &[String]) -> String {
        format!("also told by {}", listed(connections, "and"))
    }

    fn only_by_webhook(&self) -> &'static str {
        "told by a webhook only"
    }

    fn until(&self, day: Day) -> String {
        format!("until {}", self.day(day))
    }

    fn more_events(&self, number: usize) -> String {
        count(number, "earlier one", "earlier ones")
    }

    fn over_rule_limit(&self, limit: Points) -> String {
        let limit = self.marks.points(limit);
        format!("taken off: this rule counts for {limit} at most")
    }

    fn over_period_limits(&self, lost: Points, limits: &[(i64, Period)]) -> String {
        let limits = limits.iter().map(|(most, period)| {
            let period = match period {
                Period::Day => "day",
                Period::Week => "week",
                Period::Month => "month",
                Period::Year => "year",
            };
            format!("{} per {period}", self.marks.points(Points(*most)))
        });
        let limits: Vec<String> = limits.collect();
        let unit = if lost.0 == 1000 {
            "point was"
        } else {
            "points were"
        };
        format!(
            "{} {unit} not given: the most is {}",
            self.marks.points(lost),
            listed(&limits, "and")
        )
    }

    fn gone(&self, number: usize) -> String {
        format!(
            "{}: the points have come to their end",
            count(number, "earlier one", "earlier ones")
        )
    }

    fn lifted(&self, number: usize, by: &[EventKind]) -> String {
        let by: Vec<String> = by.iter().map(rule::one_of_kind).collect();
        let verb = if number == 1 { "counts" } else { "count" };
        format!(
            "{number} no longer {verb}: after that came {}",
            listed(&by, "or")
        )
    }

    fn by_machines(&self, number: usize, how: &[String]) -> String {
        let verb = if number == 1 { "does" } else { "do" };
        format!("{number} by machines {verb} not count: {}", how.join("; "))
    }

    fn privacy_proxy(&self) -> &'static str {
        "privacy proxy of the mail app"
    }

    fn scanner(&self) -> &'static str {
        "security scanner"
    }

    fn evidence(&self, evidence: &Evidence) -> String {
        match evidence {
            Evidence::Burst(links) => format!("{links} links of one mail within 3 seconds"),
            Evidence::Honeypot => "a link that no person can see".to_owned(),
            Evidence::BesideHoneypot => {
                "a link that no person can see was hit at that moment".to_owned()
            }
            Evidence::Delivery(0) => "less than a second after delivery".to_owned(),
            Evidence::Delivery(seconds) => {
                format!("{} after delivery", count(*seconds, "second", "seconds"))
            }
            Evidence::Agent(name) => format!("the program {} belongs to a machine", quoted(name)),
            Evidence::Proxy(name) => format!("{} fetches mail before anybody looks", quoted(name)),
            Evidence::Network(network) => format!("the network {network} belongs to machines"),
            Evidence::Source => "as the platform says".to_owned(),
            Evidence::Cleared => "no longer taken for the doing of a machine".to_owned(),
            Evidence::Other(text) => text.clone(),
        }
    }

    fn group(&self, group: &Group, took: bool) -> String {
        let points = |limit: Option<i64>| self.marks.points(Points(limit.unwrap_or_default()));
        let limit = if took {
            format!("no more than {}", points(group.max))
        } else {
            format!("no less than {}", points(group.min))
        };
        format!("group {} counts for {limit} together", quoted(&group.name))
    }

    fn floor(&self, floor: Points) -> String {
        let floor = self.marks.points(floor);
        format!("all that is negative counts together for no less than {floor}")
    }

    fn adjustment(&self, author: &str, reason: &str, until: Option<Day>) -> String {
        let until = until.map_or_else(String::new, |day| format!(", until {}", self.day(day)));
        format!("adjusted by {author}: {}{until}", quoted(reason))
    }

    fn not_judged(&self) -> &'static str {
        "Not judged yet:"
    }

    fn not_counted(&self) -> &'static str {
        "Does not count:"
    }

    fn absence(&self, line: &AbsenceLine, as_of: Day) -> Reasoning {
        self.why_open(line, as_of)
    }

    fn doubt(&self, doubt: &Doubt, gaps: &[Hole], as_of: Day) -> Reasoning {
        self.why_unknown(doubt, gaps, as_of)
    }

    fn as_above(&self) -> &'static str {
        "for the reason given above"
    }

    fn other_rules(&self, number: usize) -> String {
        let does = if number == 1 { "does" } else { "do" };
        format!(
            "{} {does} not apply now (see `--all`).",
            count(number, "other rule", "other rules")
        )
    }

    fn other_rules_listed(&self) -> &'static str {
        "Does not apply now:"
    }

    fn segments(&self, names: &[String]) -> String {
        let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
        let word = if names.len() == 1 {
            "segment"
        } else {
            "segments"
        };
        format!("In {word} {}.", listed(&names, "and"))
    }

    fn segments_not_judged(&self) -> &'static str {
        "Segments not judged yet:"
    }

    fn tracking(&self, mode: Tracking) -> Option<&'static str> {
        match mode {
            Tracking::Full => None,
            Tracking::ClicksOnly => Some("Opens are not used: the contact has not agreed to them."),
            Tracking::LastOpenDateOnly => Some(
                "Opens, clicks and visits are not used: the contact has agreed to the date of the last open alone, for cleaning the list.",
            ),
            Tracking::None => {
                Some("Opens, clicks and visits are not used: the contact has not agreed to them.")
            }
        }
    }

    fn deleted(&self, day: Day) -> String {
        let day = self.day(day);
        format!("Some events up to {day} were deleted: they were older than events are kept.")
    }

    fn stage(&self, name: &str) -> String {
        format!("Stage: {}.", quoted(name))
    }

    fn next(&self, hindsight: bool) -> &'static str {
        if hindsight {
            "What happened after that, as we know by now:"
        } else {
            "What happens next, if nothing comes in:"
        }
    }

    fn nothing_changes(&self) -> &'static str {
        "Nothing will change by itself."
    }

    fn fades_daily(&self) -> &'static str {
        "Some points fade a little every day."
    }

    fn from(&self, day: Day) -> String {
        format!("From {}", self.day(day))
    }

    fn change(&self, points: Points, cause: &Cause) -> String {
        let much = self.points_less(points);
        let events = |number: &usize, pattern: &Pattern| self.events(*number, pattern);
        match cause {
            Cause::Begins(condition) => {
                format!("{much}, because then {}", self.because_then(condition))
            }
            Cause::Ends(condition) => format!(
                "{much}, because then this no longer holds: {}",
                self.holds(condition)
            ),
            Cause::Weighs(condition) => format!(
                "{much}, because this weighs otherwise beside the rest: {}",
                self.holds(condition)
            ),
            Cause::Counts(pattern, number) => format!("{much} for {}", events(number, pattern)),
            Cause::Lifted(pattern, number) => {
                let verb = if *number == 1 { "counts" } else { "count" };
                format!(
                    "{much}, because {} no longer {verb}",
                    events(number, pattern)
                )
            }
            Cause::Expires(pattern, number) => format!(
                "{much}, because the points for {} come to their end",
                events(number, pattern)
            ),
            Cause::Fades(pattern) => {
                format!("{much}, because the points for {} fade", self.all(pattern))
            }
            Cause::FadesDaily => format!("{much}, because points fade"),
            Cause::Group(group) => format!("{much} by the limits of group {}", quoted(&group.name)),
            Cause::Floor(floor) => {
                let floor = self.marks.points(Points(*floor));
                format!("{much}, because all that is negative counts for no less than {floor}")
            }
            Cause::AdjustmentBegins(author) => {
                format!("{much}, because then the adjustment by {author} begins")
            }
            Cause::AdjustmentEnds(author) => {
                format!("{much}, because then the adjustment by {author} ends")
            }
        }
    }

    fn becomes(
        &self,
        score: &str,
        shown: (i64, i64),
        band: (Option<&str>, Option<&str>),
    ) -> String {
        let verb = if shown.0 == shown.1 {
            "stays"
        } else {
            "becomes"
        };
        let score = format!("{} {verb} {}", quoted(score), self.marks.whole(shown.1));
        match band {
            (old, new) if old == new => score,
            (_, None) => format!("{score}, in no band any more"),
            (None, Some(new)) => format!("{score}, band {}", quoted(new)),
            (Some(old), Some(new)) => {
                format!("{score}, band {} (was {})", quoted(new), quoted(old))
            }
        }
    }

    fn enters(&self, segment: &str) -> String {
        format!("comes into segment {}", quoted(segment))
    }

    fn leaves(&self, segment: &str) -> String {
        format!("leaves segment {}", quoted(segment))
    }

    fn stage_becomes(&self, stage: Option<&str>) -> String {
        match stage {
            Some(stage) => format!("stage becomes {}", quoted(stage)),
            None => "in no stage any more".to_owned(),
        }
    }

    fn left_out(&self, number: usize, until: Day) -> String {
        let times = count(number, "other change", "other changes");
        format!("{times} up to {} (see `--all`).", self.day(until))
    }

    fn then_nothing(&self) -> &'static str {
        "After that, nothing changes by itself."
    }

    fn then_more(&self) -> &'static str {
        "More follows after that."
    }
}

/// `month`, `3 months`, after "every".
fn each(window: crate::rules::syntax::Window) -> String {
    let span = rule::span(window);
    span.strip_prefix("a ").unwrap_or(&span).to_owned()
}
