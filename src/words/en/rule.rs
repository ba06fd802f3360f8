//! Rules as English sentences: every form that the rule language has.

use engaged_connectors::model::{EventKind, Status};

use crate::{
    rules::syntax::{
        Actor, Bound, Cmp, Condition, Filter, Ordered, Pattern, Test, Unit, Value, Window,
    },
    score::calendar::Day,
    words::format::{listed, quoted},
};

use super::English;

/// How the silence of a kind is said without naming its events.
struct Silence {
    /// `nothing opened`
    none: &'static str,
    /// `nothing has been opened`
    has_been: &'static str,
    /// `something opened`
    some: &'static str,
    /// `opened anything`
    anything: &'static str,
}

fn silence(pattern: &Pattern) -> Option<Silence> {
    let (none, has_been, some, anything) = match pattern.kind {
        _ if pattern.actor != Actor::People || !pattern.filters.is_empty() => return None,
        EventKind::Open => (
            "nothing opened",
            "nothing has been opened",
            "something opened",
            "opened anything",
        ),
        EventKind::Click => (
            "nothing clicked",
            "nothing has been clicked",
            "something clicked",
            "clicked anything",
        ),
        EventKind::Purchase => (
            "nothing bought",
            "nothing has been bought",
            "something bought",
            "bought anything",
        ),
        EventKind::PageVisit => (
            "no page visited",
            "no page has been visited",
            "a page visited",
            "visited a page",
        ),
        EventKind::FormSubmit => (
            "no form sent in",
            "no form has been sent in",
            "a form sent in",
            "sent in a form",
        ),
        EventKind::Download => (
            "nothing downloaded",
            "nothing has been downloaded",
            "something downloaded",
            "downloaded anything",
        ),
        EventKind::Send => (
            "no mail sent",
            "no mail has been sent",
            "a mail sent",
            "been sent a mail",
        ),
        EventKind::Share => (
            "nothing shared",
            "nothing has been shared",
            "something shared",
            "shared anything",
        ),
        _ => return None,
    };
    Some(Silence {
        none,
        has_been,
        some,
        anything,
    })
}

/// One and several of a pattern's kind.
fn nouns(pattern: &Pattern) -> (String, String) {
    // A page that is named need not be called one.
    let page_named = matches!(pattern.filters.first(), Some(Filter::On(_)));
    nouns_of(&pattern.kind, page_named)
}

fn nouns_of(kind: &EventKind, page_named: bool) -> (String, String) {
    let (one, several) = match kind {
        EventKind::PageVisit if page_named => ("visit", "visits"),
        EventKind::Send => ("sent mail", "sent mails"),
        EventKind::Delivery => ("delivered mail", "delivered mails"),
        EventKind::Open => ("open", "opens"),
        EventKind::Click => ("click", "clicks"),
        EventKind::Bounce => ("bounce", "bounces"),
        EventKind::HardBounce => ("hard bounce", "hard bounces"),
        EventKind::SoftBounce => ("soft bounce", "soft bounces"),
        EventKind::Complaint => ("spam complaint", "spam complaints"),
        EventKind::Unsubscribe => ("unsubscribe", "unsubscribes"),
        EventKind::Subscribe => ("subscription", "subscriptions"),
        EventKind::PageVisit => ("page visit", "page visits"),
        EventKind::FormSubmit => ("form submission", "form submissions"),
        EventKind::Download => ("download", "downloads"),
        EventKind::Purchase => ("purchase", "purchases"),
        EventKind::Refund => ("refund", "refunds"),
        EventKind::Signup => ("new account", "new accounts"),
        EventKind::Share => ("share", "shares"),
        EventKind::Like => ("like", "likes"),
        EventKind::Unlike => ("withdrawn like", "withdrawn likes"),
        EventKind::Comment => ("comment", "comments"),
        EventKind::Follow => ("follow", "follows"),
        EventKind::Unfollow => ("unfollow", "unfollows"),
        EventKind::Webinar => ("attended webinar", "attended webinars"),
        EventKind::Reply => ("reply", "replies"),
        EventKind::Custom(name) => {
            let name = quoted(&name.replace('_', " "));
            return (name.clone(), format!("times {name}"));
        }
    };
    (one.to_owned(), several.to_owned())
}

/// `open` with its article.
fn with_article(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

/// `an open`
pub(super) fn one_of_kind(kind: &EventKind) -> String {
    with_article(&nouns_of(kind, false).0)
}

/// `3 months`; one is written out where `for` or `last` stands before it.
fn length(window: Window) -> String {
    let unit = match window.unit {
        Unit::Day => "day",
        Unit::Week => "week",
        Unit::Month => "month",
        Unit::Year => "year",
    };
    match window.number {
        1 => unit.to_owned(),
        number => format!("{number} {unit}s"),
    }
}

/// `a month`, `3 months`
pub(super) fn span(window: Window) -> String {
    if window.number == 1 {
        return with_article(&length(window));
    }
    length(window)
}

const fn is_today(window: Window) -> bool {
    window.number == 1 && matches!(window.unit, Unit::Day)
}

/// `for 3 months`; one day covers its own date only.
fn throughout(window: Window) -> String {
    if is_today(window) {
        return "today".to_owned();
    }
    format!("for {}", span(window))
}

/// `in the last 3 months`
fn within(window: Window) -> String {
    if is_today(window) {
        return "today".to_owned();
    }
    format!("in the last {}", length(window))
}

fn amount_words(cmp: Cmp) -> &'static str {
    match cmp {
        Cmp::Greater => "more than",
        Cmp::GreaterOrEqual => "at least",
        Cmp::Less => "less than",
        Cmp::LessOrEqual => "at most",
        Cmp::Equal => "exactly",
        Cmp::NotEqual => "anything but",
    }
}

fn bound_words(bound: Bound) -> &'static str {
    match bound {
        Bound::AtLeast => "at least",
        Bound::AtMost => "at most",
        Bound::Exactly => "exactly",
        Bound::MoreThan => "more than",
        Bound::FewerThan => "fewer than",
    }
}

fn status_words(negated: bool, status: Status) -> &'static str {
    match (negated, status) {
        (false, Status::Subscribed) => "subscribed",
        (true, Status::Subscribed) => "not subscribed",
        (false, Status::Bounced) => "unreachable (mail bounces)",
        (true, Status::Bounced) => "not unreachable (mail does not bounce)",
        (false, Status::Unsubscribed) => "unsubscribed",
        (true, Status::Unsubscribed) => "not unsubscribed",
        (false, Status::Complained) => "has reported us as spam",
        (true, Status::Complained) => "has not reported us as spam",
        (false, Status::Suppressed) => "blocked for mail",
        (true, Status::Suppressed) => "not blocked for mail",
    }
}

impl English<'_> {
    /// `click on '/demo*' in campaign 'Spring'`
    pub(super) fn one(&self, pattern: &Pattern) -> String {
        nouns(pattern).0 + &self.qualities(pattern)
    }

    /// `3 clicks on '/demo*'`
    pub(super) fn several(&self, number: u32, pattern: &Pattern) -> String {
        let (one, several) = nouns(pattern);
        let noun = match (&pattern.kind, number) {
            (EventKind::Custom(_), _) => {
                let times = if number == 1 { "time" } else { "times" };
                format!("{times} {one}")
            }
            (_, 1) => one,
            _ => several,
        };
        format!("{number} {noun}{}", self.qualities(pattern))
    }

    /// `purchases of 'shoes'`, without a number.
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
            Actor::Machines => out += " by machines",
            Actor::Everyone => out += " by people or machines",
        }
        out
    }

    fn filter(&self, filter: &Filter, kind: &EventKind) -> String {
        match filter {
            Filter::On(glob) if *kind == EventKind::PageVisit => format!("to {}", quoted(glob)),
            Filter::On(glob) => format!("on {}", quoted(glob)),
            Filter::Campaign(glob) => format!("in campaign {}", quoted(glob)),
            Filter::Tagged(class) => format!("on a link of class {}", quoted(class)),
            Filter::Of(glob) => format!("of {}", quoted(glob)),
            Filter::From(connection) => format!("via {}", quoted(connection)),
            Filter::Over(number) => {
                format!("of more than {}", self.marks.limit(*number, self.currency))
            }
            Filter::Under(number) => {
                format!("of less than {}", self.marks.limit(*number, self.currency))
            }
            Filter::Where { name, test } => format!("({} {})", quoted(name), self.test(test)),
        }
    }

    /// A condition as a phrase that can stand alone: `nothing opened for 3 months`.
    pub(super) fn holds(&self, condition: &Condition) -> String {
        match condition {
            Condition::Or(parts) => self.joined(parts, "or"),
            Condition::And(parts) => self.joined(parts, "and"),
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
                let within = window.map_or_else(|| "in all".to_owned(), within);
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
                    return format!("bought for {much} {}", within(*window));
                }
                format!("{} {}: {much} in all", self.all(pattern), within(*window))
            }
            Condition::DaysWith {
                pattern,
                window,
                cmp,
                number,
            } => {
                let days = if *number == 1 { "day" } else { "days" };
                let much = match cmp {
                    Cmp::Less => "fewer than",
                    cmp => amount_words(*cmp),
                };
                let within = within(*window);
                if let Some(words) = silence(pattern) {
                    return format!("{} on {much} {number} {days} {within}", words.some);
                }
                let one = with_article(&self.one(pattern));
                format!("{much} {number} {days} with {one} {within}")
            }
            Condition::TimeSince {
                pattern,
                cmp,
                window,
            } => {
                let much = amount_words(*cmp);
                format!("last {} {much} {} ago", self.one(pattern), span(*window))
            }
            _ => self.is(condition),
        }
    }

    /// Conditions on what the contact is.
    fn is(&self, condition: &Condition) -> String {
        match condition {
            Condition::Field { name, test } => {
                format!("field {} {}", quoted(name), self.test(test))
            }
            Condition::Email(test) => format!("e-mail address {}", self.test(test)),
            Condition::EmailDomain(test) => format!("e-mail domain {}", self.test(test)),
            Condition::EmailDomainFree { negated: false } => {
                "e-mail address at a free provider".to_owned()
            }
            Condition::EmailDomainFree { negated: true } => {
                "e-mail address not at a free provider".to_owned()
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
                let not = if *negated { "not " } else { "" };
                format!(
                    "score {} {not}in band {}",
                    quoted(score),
                    listed(&names, "or")
                )
            }
            Condition::Segment(name) => format!("in segment {}", quoted(name)),
            Condition::InList(name) => format!("on list {}", quoted(name)),
            Condition::Status { negated, status } => {
                format!("status: {}", status_words(*negated, *status))
            }
            Condition::Otherwise => "in all other cases".to_owned(),
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
            Condition::Segment(_) | Condition::InList(_) => format!("not {}", self.holds(inner)),
            _ => format!("not true: ({})", self.holds(inner)),
        }
    }

    fn absence(&self, any: bool, pattern: &Pattern, window: Option<Window>) -> String {
        let one = || self.one(pattern);
        match (any, window, silence(pattern)) {
            (false, Some(window), Some(words)) => format!("{} {}", words.none, throughout(window)),
            (false, Some(window), None) => format!("no {} {}", one(), throughout(window)),
            (false, None, Some(words)) => format!("never {}", words.anything),
            (false, None, None) => format!("never {}", with_article(&one())),
            (true, Some(window), Some(words)) => format!("{} {}", words.some, within(window)),
            (true, Some(window), None) => format!("{} {}", with_article(&one()), within(window)),
            (true, None, Some(words)) => format!("ever {}", words.anything),
            (true, None, None) => format!("ever {}", with_article(&one())),
        }
    }

    /// What is so from some day on, after "because then".
    pub(super) fn because_then(&self, condition: &Condition) -> String {
        match condition {
            Condition::Absence {
                any: false,
                pattern,
                window: Some(window),
            } => match silence(pattern) {
                Some(words) => format!("{} {}", words.has_been, throughout(*window)),
                None => {
                    format!(
                        "there has been no {} {}",
                        self.one(pattern),
                        throughout(*window)
                    )
                }
            },
            other => format!("this holds: {}", self.holds(other)),
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
                    Cmp::Greater => "after",
                    Cmp::GreaterOrEqual => "on or after",
                    Cmp::Less => "before",
                    Cmp::LessOrEqual => "on or before",
                    Cmp::Equal => "on",
                    Cmp::NotEqual => "not on",
                };
                format!("is {how} {date}")
            }
            Test::OneOf { negated, values } => {
                let values: Vec<String> = values.iter().map(|value| self.value(value)).collect();
                match (negated, values.len()) {
                    (false, _) => format!("is {}", listed(&values, "or")),
                    (true, 1) => format!("is not {}", listed(&values, "or")),
                    (true, _) => format!("is none of {}", listed(&values, "and")),
                }
            }
            Test::Contains(text) => format!("contains {}", quoted(text)),
            Test::StartsWith(text) => format!("starts with {}", quoted(text)),
            Test::EndsWith(text) => format!("ends with {}", quoted(text)),
            Test::Matches(pattern) => format!("fits the pattern {}", quoted(pattern)),
            Test::Known(true) => "is filled in".to_owned(),
            Test::Known(false) => "is not filled in".to_owned(),
            Test::Lowercase { negated: false } => "is written in small letters".to_owned(),
            Test::Lowercase { negated: true } => "is not written in small letters".to_owned(),
            Test::LooksFake => "looks made up".to_owned(),
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
