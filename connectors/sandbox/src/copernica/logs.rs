//! The daily logfiles (sheet 4.4): everything of a day in one answer, without ids of events and mostly without mailings.
//!
//! A row stands in the file of the day of its event, from some time after it became known: a file of yesterday may grow.
//! Of the formats only JSON is imitated.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::account::Account;
use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::state::{Kind, Mail, Product, Row, What};
use super::statistics::{self, key, link_id};
use super::time;
use crate::rng::mix;

/// A type of logfile.
#[derive(Debug, Clone, Copy)]
struct Log {
    name: &'static str,
    /// The name on older pages.
    singular: &'static str,
    product: Product,
    /// [`Kind::Destination`] stands for attempts.
    kind: Kind,
}

const fn log(name: &'static str, singular: &'static str, product: Product, kind: Kind) -> Log {
    Log {
        name,
        singular,
        product,
        kind,
    }
}

const LOGS: [Log; 14] = [
    log(
        "cdm-attempts",
        "cdm-attempts",
        Product::MarketingSuite,
        Kind::Destination,
    ),
    log(
        "cdm-abuse",
        "cdm-abuse",
        Product::MarketingSuite,
        Kind::Abuse,
    ),
    log(
        "cdm-click",
        "cdm-click",
        Product::MarketingSuite,
        Kind::Click,
    ),
    log(
        "cdm-delivery",
        "cdm-delivery",
        Product::MarketingSuite,
        Kind::Delivery,
    ),
    log(
        "cdm-error",
        "cdm-error",
        Product::MarketingSuite,
        Kind::Error,
    ),
    log(
        "cdm-impression",
        "cdm-impression",
        Product::MarketingSuite,
        Kind::Impression,
    ),
    log(
        "cdm-unsubscribe",
        "cdm-unsubscribe",
        Product::MarketingSuite,
        Kind::Unsubscribe,
    ),
    log(
        "pom-attempts",
        "pom-attempt",
        Product::Publisher,
        Kind::Destination,
    ),
    log("pom-abuses", "pom-abuse", Product::Publisher, Kind::Abuse),
    log("pom-clicks", "pom-click", Product::Publisher, Kind::Click),
    log(
        "pom-deliveries",
        "pom-delivery",
        Product::Publisher,
        Kind::Delivery,
    ),
    log("pom-errors", "pom-error", Product::Publisher, Kind::Error),
    log(
        "pom-impressions",
        "pom-impression",
        Product::Publisher,
        Kind::Impression,
    ),
    log(
        "pom-unsubscribes",
        "pom-unsubscribe",
        Product::Publisher,
        Kind::Unsubscribe,
    ),
];

impl Log {
    fn word(self, account: &Account) -> &'static str {
        if account.options.singular_logs {
            self.singular
        } else {
            self.name
        }
    }

    fn file(self, account: &Account, day: NaiveDate) -> String {
        format!("{}.{day}.log", self.word(account))
    }
}

pub(super) fn route(account: &Account, call: &Call, parts: &[&str]) -> Reply {
    match parts {
        ["logfiles"] => {
            let Some(day) = call.parameter("date") else {
                let days = days(account).into_iter().map(|day| json!(day.to_string()));
                return Ok(Answer::read(days.collect()));
            };
            let day = time::date(day).ok_or_else(|| Problem::new("Invalid date"))?;
            let kind = call.parameter("type");
            let asked = |log: &&Log| kind.is_none_or(|kind| kind == log.word(account));
            let logs = LOGS
                .iter()
                .filter(asked)
                .filter(|log| has_rows(account, **log, day));
            Ok(Answer::read(
                logs.map(|log| json!(log.file(account, day))).collect(),
            ))
        }
        ["logfile", name, "json"] => file(account, name),
        _ => Err(Problem::method()),
    }
}

/// The days that have files, today's included.
fn days(account: &Account) -> BTreeSet<NaiveDate> {
    let today = time::day(account.now);
    let mut days = BTreeSet::new();
    for log in LOGS {
        days.extend(rows(account, log).map(|row| time::day(row.at())));
    }
    days.retain(|day| *day <= today);
    days
}

fn has_rows(account: &Account, log: Log, day: NaiveDate) -> bool {
    rows(account, log).any(|row| time::day(row.at()) == day)
}

/// A row of a logfile.
#[derive(Clone, Copy)]
enum Line<'a> {
    Event(&'a Row),
    Attempt(&'a Mail, u32),
}

impl Line<'_> {
    fn at(&self) -> u32 {
        match self {
            Self::Event(row) => row.at,
            Self::Attempt(mail, to) => mail.to[*to as usize].at,
        }
    }
}

fn rows(account: &Account, log: Log) -> Box<dyn Iterator<Item = Line<'_>> + '_> {
    let written = account.now.saturating_sub(account.options.log_delay);
    let horizon = if account.options.retention_covers_logs {
        account.horizon()
    } else {
        0
    };
    let kept = move |line: &Line<'_>| line.at() >= horizon;
    if log.kind == Kind::Destination {
        let mails = account
            .mails
            .iter()
            .filter(move |mail| mail.product == log.product);
        let all = mails.flat_map(|mail| {
            let numbered = (0_u32..).zip(&mail.to).filter(|(_, to)| to.profile != 0);
            numbered.map(move |(to, _)| Line::Attempt(mail, to))
        });
        return Box::new(all.filter(kept).filter(move |line| line.at() <= written));
    }
    let table = account.tables[log.product.index()][log.kind as usize].iter();
    let known = table.filter(move |row| row.known <= written);
    Box::new(known.map(Line::Event).filter(kept))
}

fn file(account: &Account, name: &str) -> Reply {
    let mut parts = name.split('.');
    let word = parts.next().unwrap_or_default();
    let log = LOGS.into_iter().find(|log| log.word(account) == word);
    let day = parts.next().and_then(time::date);
    let (Some(log), Some(day)) = (log, day) else {
        return Err(Problem::new("No such logfile"));
    };
    let lines: Vec<Line<'_>> = rows(account, log)
        .filter(|line| time::day(line.at()) == day)
        .collect();
    if lines.is_empty() {
        return Err(Problem::new("No such logfile"));
    }
    let mut answer = Answer::read(lines.iter().map(|line| show(account, log, *line)).collect());
    let name = |line: &Line<'_>| match line {
        Line::Event(row) => key(log.product, log.kind, row.id),
        Line::Attempt(mail, to) => key(log.product, Kind::Destination, mail.number(*to)),
    };
    answer.served = lines.iter().map(name).collect();
    Ok(answer)
}

/// One row; ids are numbers here (sheet 4.4).
fn show(account: &Account, log: Log, line: Line<'_>) -> Value {
    let (mail, to) = match line {
        Line::Event(row) => (&account.mails[row.mail as usize], row.to),
        Line::Attempt(mail, to) => (mail, to),
    };
    let profile = mail.to[to as usize].profile;
    let database = &account.databases[mail.database];
    let email = account
        .profiles
        .get(&profile)
        .map(|profile| profile.email(database));
    let id = if account.options.message_ids_agree {
        mail.message(to)
    } else {
        format!(
            "{:x}",
            mix(&[38, u64::from(mail.number(to)), mail.product as u64])
        )
    };
    let mut body = json!({
        "id": id, "time": time::stamp(line.at()), "email": email, "tags": "", "senderdomain": "example.nl",
    });
    let more = match line {
        Line::Attempt(..) => json!({
            "mailingid": mail.id, "profileid": profile, "subprofileid": 0, "databaseid": database.id,
            "collectionid": 0, "templateid": mail.template,
        }),
        Line::Event(row) => {
            let mut more = json!({"profile": profile, "subprofile": 0, "template": mail.template});
            if log.product == Product::Publisher {
                more["groupid"] = json!(0);
                more["document"] = json!(mail.template);
            }
            add_event(&mut more, mail, row);
            more
        }
    };
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    body
}

fn add_event(body: &mut Value, mail: &Mail, row: &Row) {
    if let What::Seen(agent) | What::Followed(_, agent) = row.what {
        body["ip"] = json!(agent.ip());
        body["header"] = json!(format!("User-Agent: {}", agent.name()));
        body["countrycode"] = json!("NL");
        body["countryname"] = json!("Netherlands");
        body["regioncode"] = json!("UT");
        body["city"] = json!("Utrecht");
    }
    match row.what {
        // The link's number, and no address (sheet 4.4).
        What::Followed(link, _) => body["linkinfo"] = json!(link_id(mail, link).to_string()),
        What::Failed(code, said) => {
            body["type"] = json!("error");
            body["status"] = json!("failed");
            body["description"] = json!(said);
            body["code"] = json!(code);
            if mail.product == Product::Publisher {
                body["content"] = json!("");
            }
        }
        What::Seen(_) | What::Plain => {}
    }
}

/// Every event that stands in a logfile now, by [`statistics::key`].
pub(super) fn names(account: &Account) -> BTreeSet<String> {
    let today = time::day(account.now);
    let mut names = BTreeSet::new();
    for log in LOGS {
        for line in rows(account, log).filter(|line| time::day(line.at()) <= today) {
            names.insert(match line {
                Line::Event(row) => statistics::key(log.product, log.kind, row.id),
                Line::Attempt(mail, to) => {
                    statistics::key(log.product, Kind::Destination, mail.number(to))
                }
            });
        }
    }
    names
}
