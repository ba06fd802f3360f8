//! Mailings, single ones and mails that a request sends; and what the account has used up (sheet 2, 4.7, 6).

use serde_json::{Value, json};

use super::account::Account;
use super::answer::{Answer, Problem, Reply, listed};
use super::call::{Call, text};
use super::journal::Change;
use super::schema::{leave_by_request, of_database};
use super::state::{Destination, Kind, Mail, Product, What};
use super::{statistics, time};

/// The product with this name in paths.
pub(super) fn product(word: &str) -> Result<Product, Problem> {
    let found = Product::ALL
        .into_iter()
        .find(|product| product.word() == word);
    found.ok_or_else(Problem::method)
}

/// Answers `GET /ms/emailings` and `/publisher/emailings`.
pub(super) fn list(account: &Account, call: &Call, word: &str) -> Reply {
    let product = product(word)?;
    let number = |name: &str| call.parameter(name).and_then(|text| text.parse().ok());
    let moment = |name: &str| call.parameter(name).and_then(time::moment);
    let (least, most): (Option<usize>, Option<usize>) =
        (number("mindestinations"), number("maxdestinations"));
    let (from, to) = (moment("fromdate"), moment("todate"));
    let asked = |mail: &&Mail| {
        let at = time::local(mail.sent_at);
        mail.product == product
            && match call.parameter("type") {
                Some("mass") => !mail.individual,
                Some("individual") => mail.individual,
                _ => true,
            }
            && match call.parameter("followups") {
                Some("yes") => mail.individual,
                Some("no") => !mail.individual,
                _ => true,
            }
            && least.is_none_or(|least| mail.to.len() >= least)
            && most.is_none_or(|most| mail.to.len() <= most)
            && from.is_none_or(|from| at >= from)
            && to.is_none_or(|to| at <= to)
            && mail.sent_at <= account.now
    };
    let rows = account.mails.iter().filter(asked);
    let rows = rows.map(|mail| show(account, mail)).collect();
    Ok(listed(call.page(false), rows))
}

pub(super) fn route(account: &mut Account, call: &Call, parts: &[&str]) -> Reply {
    let product = product(parts[0])?;
    match (call.method.as_str(), &parts[2..]) {
        ("POST", []) => send(account, call, product),
        (method, [id, rest @ ..]) => {
            let own = |mail: &Mail| mail.product == product && mail.id.to_string() == *id;
            let place = account
                .mails
                .iter()
                .position(own)
                .ok_or_else(|| Problem::missing("emailing"))?;
            let only = u32::try_from(place).ok();
            match (method, rest) {
                ("GET", []) => Ok(Answer::read(show(account, &account.mails[place]))),
                ("GET", ["destinations"]) => statistics::destinations(account, call, product, only),
                ("GET", [kind]) => {
                    let kind = Kind::parse(kind).ok_or_else(Problem::method)?;
                    Ok(statistics::events(account, call, product, kind, only))
                }
                ("PUT", ["unsubscribe"]) => unsubscribe(account, call, place),
                _ => Err(Problem::method()),
            }
        }
        _ => Err(Problem::method()),
    }
}

/// Answers `PUT /ms/emailing/{id}/unsubscribe`: with a row in the statistics, or with the behaviour, or with both (sheet 6).
fn unsubscribe(account: &mut Account, call: &Call, place: usize) -> Reply {
    let body = call.object()?;
    let yes = |name: &str| {
        body.get(name)
            .is_none_or(|value| matches!(text(value).as_str(), "1" | "true"))
    };
    let target: u32 = body
        .get("target")
        .and_then(|id| text(id).parse().ok())
        .unwrap_or_default();
    let mut all = (0_u32..).zip(&account.mails[place].to);
    let found = all
        .find(|(_, to)| to.profile == target && target != 0)
        .map(|(to, _)| to);
    let to = found.ok_or_else(|| Problem::missing("destination"))?;
    if yes("statistics") {
        let (mail, now) = (u32::try_from(place).unwrap_or(u32::MAX), account.now);
        account.add_row(Kind::Unsubscribe, mail, to, (now, now), What::Plain);
    }
    if yes("behavior") {
        leave_by_request(account, target);
    }
    Ok(Answer::done(true))
}

/// Whom a mail goes to.
fn targets(account: &Account, kind: &str, target: &str) -> Result<Vec<u32>, Problem> {
    Ok(match kind {
        "profile" => {
            let known = target.parse().ok().filter(|id| {
                account
                    .profiles
                    .get(id)
                    .is_some_and(|one| one.removed.is_none())
            });
            vec![known.ok_or_else(|| Problem::missing("entity"))?]
        }
        "database" => {
            let place = of_database(account, target)?;
            account.living(place).map(|profile| profile.id).collect()
        }
        "view" => {
            let mut all = account.databases.iter();
            let found = all.find(|database| database.view.id.to_string() == target);
            found
                .ok_or_else(|| Problem::missing("view"))?
                .view
                .members
                .clone()
        }
        _ => return Err(Problem::new("Invalid target type")),
    })
}

/// Answers `POST /ms/emailing`: a mail goes out at once, each time that it is asked for (sheet 6).
fn send(account: &mut Account, call: &Call, product: Product) -> Reply {
    let body = call.object()?;
    let word = |name: &str| body.get(name).map(text).unwrap_or_default();
    let what = if product == Product::MarketingSuite {
        "template"
    } else {
        "document"
    };
    let template: u32 = word(what)
        .parse()
        .map_err(|_| Problem::new(format!("Invalid {what}")))?;
    let profiles = targets(account, &word("targettype"), &word("target"))?;
    let (now, request) = (account.now, account.requests);
    let to = |profile: &u32| Destination {
        profile: *profile,
        at: now,
        unsubscribed: false,
    };
    let database = profiles
        .first()
        .map_or(0, |id| account.profiles[id].database);
    let place = account.add_mail(Mail {
        id: 0,
        product,
        database,
        subject: format!("Reeks {template}"),
        links: vec!["https://winkel.example.nl/reeks".to_owned()],
        sent_at: now,
        first: 0,
        to: profiles.iter().map(to).collect(),
        individual: word("targettype") == "profile",
        template,
    });
    for (to, profile) in (0_u32..).zip(profiles) {
        account.add_row(Kind::Delivery, place, to, (now, now), What::Plain);
        account.note(profile, request, Change::Mailed { template });
    }
    let (id, header) = (
        account.mails[place as usize].id,
        account.options.created_header,
    );
    Ok(Answer::created(
        &format!("{}/emailing", product.word()),
        id,
        header,
    ))
}

fn show(account: &Account, mail: &Mail) -> Value {
    let database = &account.databases[mail.database];
    let kind = if mail.individual {
        "individual"
    } else {
        "mass"
    };
    json!({
        "id": mail.id.to_string(), "timestamp": time::stamp(mail.sent_at), "template": mail.template.to_string(),
        "subject": mail.subject, "from_address": {"name": "Voorbeeld", "email": "post@example.nl"},
        "destinations": mail.to.len(), "type": kind,
        "target": {"type": if mail.individual { "profile" } else { "view" }, "sources": [
            {"id": database.view.id.to_string(), "type": "view"},
            {"id": database.id.to_string(), "type": "database"},
        ]},
    })
}

/// Answers `GET /consumption`: every call counts, this one too (sheet 2).
pub(super) fn consumption(account: &Account, call: &Call) -> Answer {
    let day = |name: &str| call.parameter(name).and_then(time::date);
    let (begin, end) = (day("begin"), day("end"));
    let within = |day| begin.is_none_or(|begin| day >= begin) && end.is_none_or(|end| day <= end);
    let calls: u64 = account
        .calls
        .iter()
        .filter(|(day, _)| within(**day))
        .map(|(_, calls)| calls)
        .sum();
    let sent = account.mails.iter().flat_map(|mail| &mail.to);
    let emails = sent
        .filter(|to| to.profile != 0 && within(time::day(to.at)))
        .count();
    Answer::read(json!({"apicalls": calls, "emails": emails, "sms": 0, "pageviews": 0}))
}
