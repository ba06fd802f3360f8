//! Rules as Dutch sentences: every form that the rule language has.

use engaged_connectors::model::{EventKind, Status};

use crate::{
    rules::syntax::{
        Actor, Bound, Cmp, Condition, Filter, Ordered, Pattern, Test, Unit, Value, Window,
    },
    score::calendar::Day,
    words::format::{listed, quoted},
};

use super::Dutch;

/// How the silence of a kind is said without naming its events.
struct Silence {
    /// `niets geopend`
    none: &'static str,
    /// `iets geopend`
    some: &'static str,
}

fn silence(pattern: &Pattern) -> Option<Silence> {
    let (none, some) = match pattern.kind {
        _ if pattern.actor != Actor::People || !pattern.filters.is_empty() => return None,
        EventKind::Open => ("niets geopend", "iets geopend"),
        EventKind::Click => ("nergens op geklikt", "ergens op geklikt"),
        EventKind::Purchase => ("niets gekocht", "iets gekocht"),
        EventKind::PageVisit => ("geen pagina bezocht", "een pagina bezocht"),
        EventKind::FormSubmit => ("geen formulier ingevuld", "een formulier ingevuld"),
        EventKind::Download => ("niets gedownload", "iets gedownload"),
        EventKind::Send => ("geen mail gekregen", "een mail gekregen"),
        EventKind::Share => ("niets gedeeld", "iets gedeeld"),
        _ => return None,
    };
    Some(Silence { none, some })
}

/// One and several of a pattern's kind.
fn nouns(pattern: &Pattern) -> (String, String) {
    // A page that is named need not be called one.
    let page_named = matches!(pattern.filters.first(), Some(Filter::On(_)));
    nouns_of(&pattern.kind, page_named)
}

fn nouns_of(kind: &EventKind, page_named: bool) -> (String, String) {
    let (one, several) = match kind {
        EventKind::PageVisit if page_named => ("bezoek", "bezoeken"),
        EventKind::Send => ("verstuurde mail", "verstuurde mails"),
        EventKind::Delivery => ("afgeleverde mail", "afgeleverde mails"),
        EventKind::Open => ("open", "opens"),
        EventKind::Click => ("klik", "kliks"),
        EventKind::Bounce => ("bounce", "bounces"),
        EventKind::HardBounce => ("harde bounce", "harde bounces"),
        EventKind::SoftBounce => ("zachte bounce", "zachte bounces"),
        EventKind::Complaint => ("spamklacht", "spamklachten"),
        EventKind::Unsubscribe => ("uitschrijving", "uitschrijvingen"),
        EventKind::Subscribe => ("inschrijving", "inschrijvingen"),
        EventKind::PageVisit => ("paginabezoek", "paginabezoeken"),
        EventKind::FormSubmit => ("ingevuld formulier", "ingevulde formulieren"),
        EventKind::Download => ("download", "downloads"),
        EventKind::Purchase => ("aankoop", "aankopen"),
        EventKind::Refund => ("terugbetaling", "terugbetalingen"),
        EventKind::Signup => ("nieuw account", "nieuwe accounts"),
        EventKind::Share => ("gedeeld bericht", "gedeelde berichten"),
        EventKind::Like => ("like", "likes"),
        EventKind::Unlike => ("ingetrokken like", "ingetrokken likes"),
        EventKind::Comment => ("reactie", "reacties"),
        EventKind::Follow => ("nieuwe volgactie", "nieuwe volgacties"),
        EventKind::Unfollow => ("gestopte volgactie", "gestopte volgacties"),
        EventKind::Webinar => ("gevolgd webinar", "gevolgde webinars"),
        EventKind::Reply => ("antwoord", "antwoorden"),
        EventKind::Custom(name) => {
            let name = quoted(&name.replace('_', " "));
            return (name.clone(), format!("keer {name}"));
        }
    };
    (one.to_owned(), several.to_owned())
}

/// `een open`
pub(super) fn one_of_kind(kind: &EventKind) -> String {
    format!("een {}", nouns_of(kind, false).0)
}

/// What stands after "laatste", which bends the words before a neuter noun.
fn last(kind: &EventKind) -> String {
    match kind {
        EventKind::FormSubmit => "ingevulde formulier".to_owned(),
        EventKind::Signup => "nieuwe account".to_owned(),
        EventKind::Share => "gedeelde bericht".to_owned(),
        EventKind::Webinar => "gevolgde webinar".to_owned(),
        EventKind::Custom(_) => format!("keer {}", nouns_of(kind, false).0),
        _ => nouns_of(kind, false).0,
    }
}

/// `maand`, `3 maanden`
fn length(window: Window) -> String {
    let (one, several) = match window.unit {
        Unit::Day => ("dag", "dagen"),
        Unit::Week => ("week", "weken"),
        Unit::Month => ("maand", "maanden"),
        Unit::Year => ("jaar", "jaar"),
    };
    match window.number {
        1 => one.to_owned(),
        number => format!("{number} {several}"),
    }
}

/// `een maand`, `3 maanden`
fn span(window: Window) -> String {
    let article = if window.number == 1 { "een " } else { "" };
    format!("{article}{}", length(window))
}

/// `elke maand`, `elke 3 maanden`, `elk jaar`
pub(super) fn each(window: Window) -> String {
    let neuter = window.number == 1 && window.unit == Unit::Year;
    format!("{} {}", if neuter { "elk" } else { "elke" }, length(window))
}

const fn is_today(window: Window) -> bool {
    window.number == 1 && matches!(window.unit, Unit::Day)
}

/// `al 3 maanden`; one day covers its own date only.
fn throughout(window: Window) -> String {
    if is_today(window) {
        return "vandaag".to_owned();
    }
    format!("al {}", span(window))
}

/// `in de laatste 3 maanden`
fn within(window: Window) -> String {
    if is_today(window) {
        return "vandaag".to_owned();
    }
    let neuter = window.number == 1 && window.unit == Unit::Year;
    let the = if neuter { "het" } else { "de" };
    format!("in {the} laatste {}", length(window))
}

fn amount_words(cmp: Cmp) -> &'static str {
    match cmp {
        Cmp::Greater => "meer dan",
        Cmp::GreaterOrEqual => "minstens",
        Cmp::Less => "minder dan",
        Cmp::LessOrEqual => "hoogstens",
        Cmp::Equal => "precies",
        Cmp::NotEqual => "iets anders dan",
    }
}

fn bound_words(bound: Bound) -> &'static str {
    match bound {
        Bound::AtLeast => "minstens",
        Bound::AtMost => "hoogstens",
        Bound::Exactly => "precies",
        Bound::MoreThan => "meer dan",
        Bound::FewerThan => "minder dan",
    }
}

fn status_words(negated: bool, status: Status) -> &'static str {
    match (negated, status) {
        (false, Status::Subscribed) => "ingeschreven",
        (true, Status::Subscribed) => "niet ingeschreven",
        (false, Status::Bounced) => "onbereikbaar (mail komt terug)",
        (true, Status::Bounced) => "niet onbereikbaar (mail komt niet terug)",
        (false, Status::Unsubscribed) => "uitgeschreven",
        (true, Status::Unsubscribed) => "niet uitgeschreven",
        (false, Status::Complained) => "heeft ons als spam gemeld",
        (true, Status::Complained) => "heeft ons niet als spam gemeld",
        (false, Status::Suppressed) => "geblokkeerd voor mail",
        (true, Status::Suppressed) => "niet geblokkeerd voor mail",
    }
}

impl Dutch<'_> {
    /// `klik op '/demo*' in campagne 'Lente'`
    pub(super) fn one(&self, pattern: &Pattern) -> String {
        nouns(pattern).0 + &self.qualities(pattern)
    }

    /// `3 kliks op '/demo*'`
    pub(super) fn several(&self, number: u32, pattern: &Pattern) -> String {
        let (one, several) = nouns(pattern);
        let noun = match (&pattern.kind, number) {
            (EventKind::Custom(_), _) => {
                format!("keer {one}")
            }
            (_, 1) => one,
            _ => several,
        };
        format!("{number} {noun}{}", self.qualities(pattern))
    }

    /// `aankopen van 'schoenen'`, without a number.
    pub(super) fn all(&self, pattern: &Pattern) -> String {
        let (one, several) = nouns(pattern);
        let noun = match pattern.kind {
            EventKind::Custom(_) => one,
            _ => several,
        };
        noun + &self.qualities(pattern)
    }

    fn qualities(&self, pattern: &Pattern) -> String {
        let mut out = String::new();
        for filter in &pattern.filters {
            out.push(' ');
            out += &self.filter(filter, &pattern.kind);
        }
        match pattern.actor {
            Actor::People => {}
            Actor::Machines => out += " door machines",
            Actor::Everyone => out += " door mensen of machines",
        }
        out
    }

    fn filter(&self, filter: &Filter, kind: &EventKind) -> String {
        match filter {
            Filter::On(glob) if *kind == EventKind::PageVisit => format!("aan {}", quoted(glob)),
            Filter::On(glob) => format!("op {}", quoted(glob)),
            Filter::Campaign(glob) => format!("in campagne {}", quoted(glob)),
            Filter::Tagged(class) => format!("op een link van soort {}", quoted(class)),
            Filter::Of(glob) => format!("van {}", quoted(glob)),
            Filter::From(connection) => format!("via {}", quoted(connection)),
            Filter::Over(number) => {
                format!("van meer dan {}", self.marks.limit(*number, self.currency))
            }
            Filter::Under(number) => {
                format!(
                    "van minder dan {}",
                    self.marks.limit(*number, self.currency)
                )
            }
            Filter::Where { name, test } => format!("({} {})", quoted(name), self.test(test)),
        }
    }

    /// A condition as a phrase that can stand alone: `al 3 maanden niets geopend`.
    pub(super) fn holds(&self, condition: &Condition) -> String {
        match condition {
            Condition::Or(parts) => self.joined(parts, "of"),
            Condition::And(parts) => self.joined(parts, "en"),
            Condition::Not(inner) => self.opposite(inner),
            Condition::Absence {
                any,
                pattern,
                window,
            } => self.absence(*any, pattern, *window),
            Condition::Count {
                bound,
                number,
                pattern,
                window,
            } => {
                let within = window.map_or_else(|| "in totaal".to_owned(), within);
                format!(
                    "{} {} {within}",
                    bound_words(*bound),
                    self.several(*number, pattern)
                )
            }
            Condition::Total {
                pattern,
                window,
                cmp,
                number,
            } => {
                let much = format!(
                    "{} {}",
                    amount_words(*cmp),
                    self.marks.limit(*number, self.currency)
                );
                if pattern.kind == EventKind::Purchase && silence(pattern).is_some() {
                    return format!("voor {much} gekocht {}", within(*window));
                }
                format!("{} {}: samen {much}", self.all(pattern), within(*window))
            }
            Condition::DaysWith {
                pattern,
                window,
                cmp,
                number,
            } => {
                let days = if *number == 1 { "dag" } else { "dagen" };
                let much = amount_words(*cmp);
                let within = within(*window);
                if let Some(words) = silence(pattern) {
                    return format!("op {much} {number} {days} {} {within}", words.some);
                }
                let one = self.one(pattern);
                format!("{much} {number} {days} met een {one} {within}")
            }
            Condition::TimeSince {
                pattern,
                cmp,
                window,
            } => {
                let much = amount_words(*cmp);
                let last = last(&pattern.kind) + &self.qualities(pattern);
                format!("laatste {last} {much} {} geleden", span(*window))
            }
            _ => self.is(condition),
        }
    }

    /// Conditions on what the contact is.
    fn is(&self, condition: &Condition) -> String {
        match condition {
            Condition::Field { name, test } => {
                format!("veld {} {}", quoted(name), self.test(test))
            }
            Condition::Email(test) => format!("e-mailadres {}", self.test(test)),
            Condition::EmailDomain(test) => format!("e-maildomein {}", self.test(test)),
            Condition::EmailDomainFree { negated: false } => {
                "e-mailadres bij een gratis aanbieder".to_owned()
            }
            Condition::EmailDomainFree { negated: true } => {
                "e-mailadres niet bij een gratis aanbieder".to_owned()
            }
            Condition::Points { score, cmp, number } => {
                let number = self.marks.decimal(*number);
                format!("score {} is {} {number}", quoted(score), amount_words(*cmp))
            }
            Condition::Band {
                score,
                negated,
                names,
            } => {
                let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
                let not = if *negated { "niet " } else { "" };
                format!(
                    "score {} {not}op niveau {}",
                    quoted(score),
                    listed(&names, "of")
                )
            }
            Condition::Segment(name) => format!("in segment {}", quoted(name)),
            Condition::InList(name) => format!("op lijst {}", quoted(name)),
            Condition::Status { negated, status } => {
                format!("status: {}", status_words(*negated, *status))
            }
            Condition::Otherwise => "in alle andere gevallen".to_owned(),
            Condition::Or(_)
            | Condition::And(_)
            | Condition::Not(_)
            | Condition::Absence { .. }
            | Condition::Count { .. }
            | Condition::Total { .. }
            | Condition::DaysWith { .. }
            | Condition::TimeSince { .. } => self.holds(condition),
        }
    }

    fn joined(&self, parts: &[Condition], word: &str) -> String {
        let parts = parts.iter().map(|part| match part {
            Condition::Or(_) | Condition::And(_) => format!("({})", self.holds(part)),
            _ => self.holds(part),
        });
        parts.collect::<Vec<_>>().join(&format!(" {word} "))
    }

    /// The opposite of a condition, where there is a plain word for it.
    fn opposite(&self, inner: &Condition) -> String {
        match inner {
            Condition::Absence {
                any,
                pattern,
                window,
            } => self.absence(!any, pattern, *window),
            Condition::EmailDomainFree { negated } => {
                self.holds(&Condition::EmailDomainFree { negated: !negated })
            }
            Condition::Status { negated, status } => self.holds(&Condition::Status {
                negated: !negated,
                status: *status,
            }),
            Condition::Segment(_) | Condition::InList(_) => format!("niet {}", self.holds(inner)),
            _ => format!("niet waar: ({})", self.holds(inner)),
        }
    }

    fn absence(&self, any: bool, pattern: &Pattern, window: Option<Window>) -> String {
        let one = || self.one(pattern);
        match (any, window, silence(pattern)) {
            (false, Some(window), Some(words)) => format!("{} {}", throughout(window), words.none),
            (false, Some(window), None) => format!("{} geen {}", throughout(window), one()),
            (false, None, Some(words)) => format!("nog nooit {}", words.some),
            (false, None, None) => format!("nog nooit een {}", one()),
            (true, Some(window), Some(words)) => format!("{} {}", within(window), words.some),
            (true, Some(window), None) => format!("{} een {}", within(window), one()),
            (true, None, Some(words)) => format!("ooit {}", words.some),
            (true, None, None) => format!("ooit een {}", one()),
        }
    }

    /// What is so from some day on, after "want dan".
    pub(super) fn because_then(&self, condition: &Condition) -> String {
        match condition {
            Condition::Absence {
                any: false,
                pattern,
                window: Some(window),
            } => match silence(pattern) {
                Some(words) => format!("is er {} {}", throughout(*window), words.none),
                None => {
                    format!(
                        "is er {} geen {} geweest",
                        throughout(*window),
                        self.one(pattern)
                    )
                }
            },
            other => format!("geldt: {}", self.holds(other)),
        }
    }

    fn test(&self, test: &Test) -> String {
        match test {
            Test::Compare(cmp, Ordered::Number(number)) => {
                format!("is {} {}", amount_words(*cmp), self.marks.decimal(*number))
            }
            Test::Compare(cmp, Ordered::Date(date)) => {
                let date = self.day(Day::of(*date));
                let how = match cmp {
                    Cmp::Greater => "na",
                    Cmp::GreaterOrEqual => "op of na",
                    Cmp::Less => "voor",
                    Cmp::LessOrEqual => "op of voor",
                    Cmp::Equal => "op",
                    Cmp::NotEqual => "niet op",
                };
                format!("is {how} {date}")
            }
            Test::OneOf { negated, values } => {
                let values: Vec<String> = values.iter().map(|value| self.value(value)).collect();
                match (negated, values.len()) {
                    (false, _) => format!("is {}", listed(&values, "of")),
                    (true, 1) => format!("is niet {}", listed(&values, "of")),
                    (true, _) => format!("is geen van {}", listed(&values, "en")),
                }
            }
            Test::Contains(text) => format!("bevat {}", quoted(text)),
            Test::StartsWith(text) => format!("begint met {}", quoted(text)),
            Test::EndsWith(text) => format!("eindigt op {}", quoted(text)),
            Test::Matches(pattern) => format!("past in het patroon {}", quoted(pattern)),
            Test::Known(true) => "is ingevuld".to_owned(),
            Test::Known(false) => "is niet ingevuld".to_owned(),
            Test::Lowercase { negated: false } => "staat in kleine letters".to_owned(),
            Test::Lowercase { negated: true } => "staat niet in kleine letters".to_owned(),
            Test::LooksFake => "lijkt verzonnen".to_owned(),
        }
    }

    fn value(&self, value: &Value) -> String {
        match value {
            Value::Text(text) => quoted(text),
            Value::Number(number) => self.marks.decimal(*number),
            Value::Date(date) => self.day(Day::of(*date)),
            Value::Truth(truth) => quoted(&truth.to_string()),
        }
    }
}
