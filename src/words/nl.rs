//! Dutch, with an informal "je".

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
    "januari",
    "februari",
    "maart",
    "april",
    "mei",
    "juni",
    "juli",
    "augustus",
    "september",
    "oktober",
    "november",
    "december",
];

/// Dutch, with the currency of amounts in rules.
pub(super) struct Dutch<'a> {
    currency: &'a str,
    marks: Marks,
}

impl<'a> Dutch<'a> {
    pub(super) fn new(currency: &'a str) -> Self {
        Self {
            currency,
            marks: format::DUTCH,
        }
    }

    #[expect(clippy::unused_self, reason = "as in every language")]
    fn day(&self, day: Day) -> String {
        format::date(day, &MONTHS)
    }

    fn points_less(&self, points: Points) -> String {
        let much = Points(points.0.abs());
        let unit = if much.0 == 1000 { "punt" } else { "punten" };
        let way = if points.0 < 0 { "minder" } else { "meer" };
        format!("{} {unit} {way}", self.marks.points(much))
    }
}

/// `1 mail`, `3 mails`
fn count(number: impl TryInto<u64>, one: &str, several: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{number} {}", if number == 1 { one } else { several })
}

impl Phrases for Dutch<'_> {
    fn marks(&self) -> Marks {
        self.marks
    }

    fn date(&self, day: Day) -> String {
        self.day(day)
    }

    fn title(&self, contact: &str, as_of: Day, known_at: Day) -> String {
        let (on, known) = (self.day(as_of), self.day(known_at));
        match as_of.cmp(&known_at) {
            std::cmp::Ordering::Equal => format!("{contact} op {on}"),
            std::cmp::Ordering::Greater => {
                format!("{contact} op {on}, als er na {known} niets meer binnenkomt")
            }
            std::cmp::Ordering::Less => {
                format!("{contact} op {on}, met alles wat op {known} bekend was")
            }
        }
    }

    fn score(&self, name: &str, shown: i64, band: Option<&str>) -> String {
        let unit = if shown.abs() == 1 { "punt" } else { "punten" };
        let band = band.map_or_else(String::new, |band| format!(", niveau {}", quoted(band)));
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
                format!("De som is {sum}; deze score laat niet meer dan {most} zien.")
            }
            NotTheSum::Below(least) => {
                let least = self.marks.whole(least);
                format!("De som is {sum}; deze score laat niet minder dan {least} zien.")
            }
            NotTheSum::Rounded => format!("De som is {sum}; wat je ziet is afgerond."),
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
                format!("{} ligt naast elkaar op een toetsenbord", quoted(run))
            }
            FakeSign::Repeated(run) => format!("{} is steeds hetzelfde teken", quoted(run)),
            FakeSign::Test => "het woord 'test'".to_owned(),
            FakeSign::NoVowel => "geen klinker".to_owned(),
            FakeSign::Digits => "meer cijfers dan letters".to_owned(),
            FakeSign::NoCapital => "geen hoofdletter".to_owned(),
            FakeSign::Disposable(domain) => {
                format!("{} geeft wegwerpadressen uit", quoted(domain))
            }
        };
        format!("{}: {why}", quoted(&line.value))
    }

    fn everybody(&self) -> &'static str {
        "waar iedereen mee begint"
    }

    fn since(&self, day: Day) -> String {
        format!("sinds {}", self.day(day))
    }

    fn objects(&self, contact: &str, since: Day) -> String {
        format!(
            "{contact} heeft op {} bezwaar gemaakt tegen scoren: er wordt geen score, segment of fase berekend, en er start niets.",
            self.day(since)
        )
    }

    fn fading(&self, decay: Decay) -> String {
        match decay {
            Decay::Linear { share, period } => {
                let share = self.marks.points(Points(share * 100));
                format!("neemt {} {share}% af", rule::each(period))
            }
            Decay::HalfLife { days: 1 } => "halveert elke dag".to_owned(),
            Decay::HalfLife { days } => format!("halveert elke {days} dagen"),
        }
    }

    fn no_points(&self) -> &'static str {
        "Geen enkele regel geeft op deze datum punten."
    }

    fn sum(&self) -> &'static str {
        "samen"
    }

    fn order(&self, id: &str) -> String {
        format!("bestelling {id}")
    }

    fn number(&self, id: &str) -> String {
        format!("nummer {id}")
    }

    fn pieces(&self, number: u32) -> String {
        count(number, "stuk", "stuks")
    }

    fn campaign(&self, name: &str) -> String {
        format!("campagne {}", quoted(name))
    }

    fn via(&self, connection: &str) -> String {
        format!("via {connection}")
    }

    fn also_told_by(&self, connections: &[String]) -> String {
        format!("ook gemeld door {}", listed(connections, "en"))
    }

    fn only_by_webhook(&self) -> &'static str {
        "alleen door een webhook gemeld"
    }

    fn until(&self, day: Day) -> String {
        format!("telt tot {}", self.day(day))
    }

    fn more_events(&self, number: usize) -> String {
        format!("{number} eerdere")
    }

    fn over_rule_limit(&self, limit: Points) -> String {
        let limit = self.marks.points(limit);
        format!("eraf: deze regel telt voor hoogstens {limit}")
    }

    fn over_period_limits(&self, lost: Points, limits: &[(i64, Period)]) -> String {
        let limits = limits.iter().map(|(most, period)| {
            let period = match period {
                Period::Day => "dag",
                Period::Week => "week",
                Period::Month => "maand",
                Period::Year => "jaar",
            };
            format!("{} per {period}", self.marks.points(Points(*most)))
        });
        let limits: Vec<String> = limits.collect();
        let (unit, verb) = if lost.0 == 1000 {
            ("punt", "is")
        } else {
            ("punten", "zijn")
        };
        format!(
            "{} {unit} {verb} niet gegeven: het maximum is {}",
            self.marks.points(lost),
            listed(&limits, "en")
        )
    }

    fn gone(&self, number: usize) -> String {
        format!("{number} eerdere: de punten daarvan zijn vervallen")
    }

    fn lifted(&self, number: usize, by: &[EventKind]) -> String {
        let by: Vec<String> = by.iter().map(rule::one_of_kind).collect();
        let verb = if number == 1 { "telt" } else { "tellen" };
        format!(
            "{number} {verb} niet meer: daarna kwam {}",
            listed(&by, "of")
        )
    }

    fn by_machines(&self, number: usize, how: &[String]) -> String {
        let verb = if number == 1 { "telt" } else { "tellen" };
        format!("{number} door machines {verb} niet mee: {}", how.join("; "))
    }

    fn privacy_proxy(&self) -> &'static str {
        "privacyproxy van de mailapp"
    }

    fn scanner(&self) -> &'static str {
        "beveiligingsscanner"
    }

    fn evidence(&self, evidence: &Evidence) -> String {
        match evidence {
            Evidence::Burst(links) => format!("{links} links van één mail binnen 3 seconden"),
            Evidence::Honeypot => "een link die geen mens ziet".to_owned(),
            Evidence::BesideHoneypot => {
                "op dat moment is ook een link aangeklikt die geen mens ziet".to_owned()
            }
            Evidence::Delivery(0) => "nog geen seconde na aflevering".to_owned(),
            Evidence::Delivery(seconds) => {
                format!("{} na aflevering", count(*seconds, "seconde", "seconden"))
            }
            Evidence::Agent(name) => format!("het programma {} is van een machine", quoted(name)),
            Evidence::Proxy(name) => format!("{} haalt mail op voordat iemand kijkt", quoted(name)),
            Evidence::Network(network) => format!("het netwerk {network} is van machines"),
            Evidence::Source => "volgens het platform".to_owned(),
            Evidence::Cleared => "niet langer voor een machine aangezien".to_owned(),
            Evidence::Other(text) => text.clone(),
        }
    }

    fn group(&self, group: &Group, took: bool) -> String {
        let points = |limit: Option<i64>| self.marks.points(Points(limit.unwrap_or_default()));
        let limit = if took {
            format!("niet meer dan {}", points(group.max))
        } else {
            format!("niet minder dan {}", points(group.min))
        };
        format!("groep {} telt samen voor {limit}", quoted(&group.name))
    }

    fn floor(&self, floor: Points) -> String {
        let floor = self.marks.points(floor);
        format!("alle minpunten samen gaan niet verder dan {floor}")
    }

    fn adjustment(&self, author: &str, reason: &str, until: Option<Day>) -> String {
        let until = until.map_or_else(String::new, |day| format!(", tot {}", self.day(day)));
        format!("aangepast door {author}: {}{until}", quoted(reason))
    }

    fn not_judged(&self) -> &'static str {
        "Nog niet te beoordelen:"
    }

    fn not_counted(&self) -> &'static str {
        "Telt niet mee:"
    }

    fn absence(&self, line: &AbsenceLine, as_of: Day) -> Reasoning {
        self.why_open(line, as_of)
    }

    fn doubt(&self, doubt: &Doubt, gaps: &[Hole], as_of: Day) -> Reasoning {
        self.why_unknown(doubt, gaps, as_of)
    }

    fn as_above(&self) -> &'static str {
        "om de reden die hierboven staat"
    }

    fn other_rules(&self, number: usize) -> String {
        let (rules, verb) = if number == 1 {
            ("andere regel", "geldt")
        } else {
            ("andere regels", "gelden")
        };
        format!("{number} {rules} {verb} nu niet (te zien met `--all`).")
    }

    fn other_rules_listed(&self) -> &'static str {
        "Geldt nu niet:"
    }

    fn segments(&self, names: &[String]) -> String {
        let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
        let word = if names.len() == 1 {
            "segment"
        } else {
            "de segmenten"
        };
        format!("In {word} {}.", listed(&names, "en"))
    }

    fn segments_not_judged(&self) -> &'static str {
        "Segmenten die nog niet te beoordelen zijn:"
    }

    fn tracking(&self, mode: Tracking) -> Option<&'static str> {
        match mode {
            Tracking::Full => None,
            Tracking::ClicksOnly => {
                Some("Opens tellen niet mee: het contact heeft daar geen toestemming voor gegeven.")
            }
            Tracking::LastOpenDateOnly => Some(
                "Opens, kliks en bezoeken tellen niet mee: het contact vindt alleen de datum van de laatste open goed, om de lijst op te schonen.",
            ),
            Tracking::None => Some(
                "Opens, kliks en bezoeken tellen niet mee: het contact heeft daar geen toestemming voor gegeven.",
            ),
        }
    }

    fn deleted(&self, day: Day) -> String {
        let day = self.day(day);
        format!(
            "Van gebeurtenissen tot en met {day} is een deel gewist: ze waren ouder dan ze bewaard worden."
        )
    }

    fn stage(&self, name: &str) -> String {
        format!("Fase: {}.", quoted(name))
    }

    fn next(&self, hindsight: bool) -> &'static str {
        if hindsight {
            "Wat er daarna kwam en nog komt, voor zover nu bekend:"
        } else {
            "Wat er hierna gebeurt als er niets binnenkomt:"
        }
    }

    fn nothing_changes(&self) -> &'static str {
        "Er verandert niets vanzelf."
    }

    fn fades_daily(&self) -> &'static str {
        "Een deel van de punten neemt elke dag een beetje af."
    }

    fn from(&self, day: Day) -> String {
        format!("Vanaf {}", self.day(day))
    }

    fn change(&self, points: Points, cause: &Cause) -> String {
        let much = self.points_less(points);
        let events = |number: &usize, pattern: &Pattern| self.events(*number, pattern);
        match cause {
            Cause::Begins(condition) => {
                format!("{much}, want dan {}", self.because_then(condition))
            }
            Cause::Ends(condition) => {
                format!(
                    "{much}, want dan geldt niet meer: {}",
                    self.holds(condition)
                )
            }
            Cause::Weighs(condition) => format!(
                "{much}, want dit weegt anders naast de rest: {}",
                self.holds(condition)
            ),
            Cause::Counts(pattern, number) => format!("{much} voor {}", events(number, pattern)),
            Cause::Lifted(pattern, number) => {
                let verb = if *number == 1 { "telt" } else { "tellen" };
                format!(
                    "{much}, want dan {verb} {} niet meer",
                    events(number, pattern)
                )
            }
            Cause::Expires(pattern, number) => format!(
                "{much}, want dan vervallen de punten voor {}",
                events(number, pattern)
            ),
            Cause::Fades(pattern) => {
                format!("{much}, want de punten voor {} nemen af", self.all(pattern))
            }
            Cause::FadesDaily => format!("{much}, want punten nemen af"),
            Cause::Group(group) => {
                format!("{much} door de grenzen van groep {}", quoted(&group.name))
            }
            Cause::Floor(floor) => {
                let floor = self.marks.points(Points(*floor));
                format!("{much}, want alle minpunten samen gaan niet verder dan {floor}")
            }
            Cause::AdjustmentBegins(author) => {
                format!("{much}, want dan begint de aanpassing van {author}")
            }
            Cause::AdjustmentEnds(author) => {
                format!("{much}, want dan eindigt de aanpassing van {author}")
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
            "blijft"
        } else {
            "wordt"
        };
        let score = format!("{} {verb} {}", quoted(score), self.marks.whole(shown.1));
        match band {
            (old, new) if old == new => score,
            (_, None) => format!("{score}, op geen enkel niveau meer"),
            (None, Some(new)) => format!("{score}, niveau {}", quoted(new)),
            (Some(old), Some(new)) => {
                format!("{score}, niveau {} (was {})", quoted(new), quoted(old))
            }
        }
    }

    fn enters(&self, segment: &str) -> String {
        format!("komt in segment {}", quoted(segment))
    }

    fn leaves(&self, segment: &str) -> String {
        format!("gaat uit segment {}", quoted(segment))
    }

    fn stage_becomes(&self, stage: Option<&str>) -> String {
        match stage {
            Some(stage) => format!("de fase wordt {}", quoted(stage)),
            None => "in geen enkele fase meer".to_owned(),
        }
    }

    fn left_out(&self, number: usize, until: Day) -> String {
        let times = count(number, "andere verandering", "andere veranderingen");
        format!(
            "Verder {times} tot en met {} (te zien met `--all`).",
            self.day(until)
        )
    }

    fn then_nothing(&self) -> &'static str {
        "Daarna verandert er niets meer vanzelf."
    }

    fn then_more(&self) -> &'static str {
        "Daarna volgt nog meer."
    }
}
