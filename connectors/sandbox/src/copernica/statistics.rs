//! The tables of statistics: account-wide and of one mailing, of both products (sheet 4.1, 4.2); and destinations.

use chrono::NaiveDateTime;
use serde_json::{Value, json};

use super::account::Account;
use super::answer::{Answer, Problem, Reply, envelope};
use super::call::Call;
use super::lists::take_apart;
use super::mailings::product;
use super::options::NextId;
use super::state::{Kind, Mail, Product, Row, What};
use super::time;

/// Answers `GET /ms/clicks` and the like.
pub(super) fn account_wide(account: &Account, call: &Call, word: &str, kind: &str) -> Reply {
    let product = product(word)?;
    if kind == "destinations" {
        return destinations(account, call, product, None);
    }
    let kind = Kind::parse(kind).ok_or_else(Problem::method)?;
    Ok(events(account, call, product, kind, None))
}

/// The name of a row in the ledger and in [`super::Copernica::events`].
pub(super) fn key(product: Product, kind: Kind, id: u32) -> String {
    format!("{}/{}/{id}", product.word(), kind.word())
}

/// The rows of a table that the retention has left (sheet 4.6).
pub(super) fn rows(account: &Account, product: Product, kind: Kind) -> impl Iterator<Item = &Row> {
    let horizon = account.horizon();
    let table = account.tables[product.index()][kind as usize].iter();
    table.filter(move |row| row.at >= horizon)
}

/// Answers a list of events, of all mailings or of the one at this place.
pub(super) fn events(
    account: &Account,
    call: &Call,
    product: Product,
    kind: Kind,
    only: Option<u32>,
) -> Answer {
    let window = Window::of(account, call, product, kind, only.is_some());
    let page = call.page(false);
    // Without a total, and in the order of ids, nobody needs what is behind the page.
    let whole = page.total || account.options.newest_first || call.flag("unique");
    let most = if whole {
        usize::MAX
    } else {
        page.start.saturating_add(page.limit)
    };
    let mut found: Vec<&Row> = rows(account, product, kind)
        .filter(|row| only.is_none_or(|only| row.mail == only))
        .filter(|row| window.holds(row))
        .take(most)
        .collect();
    if call.flag("unique") && matches!(kind, Kind::Click | Kind::Unsubscribe) {
        // Once for each destination, not for each profile (sheet 8).
        let mut seen = std::collections::HashSet::new();
        found.retain(|row| seen.insert((row.mail, row.to)));
    }
    if account.options.newest_first {
        found.reverse();
    }
    let shown: Vec<&Row> = found
        .iter()
        .skip(page.start)
        .take(page.limit)
        .copied()
        .collect();
    let with_profile = product == Product::Publisher || only.is_some();
    let body = shown
        .iter()
        .map(|row| event(account, row, kind, with_profile));
    let mut answer = Answer::read(envelope(
        page,
        found.len(),
        &body.collect::<Vec<Value>>(),
        None,
        NextId::Never,
    ));
    answer.served = shown.iter().map(|row| key(product, kind, row.id)).collect();
    answer
}

/// Which rows are asked for: the Marketing Suite knows `begintime` and `endtime`, Publisher filters. What cannot be read
/// is ignored.
struct Window<'a> {
    begin: Option<NaiveDateTime>,
    end: Option<NaiveDateTime>,
    inclusive: bool,
    /// Far enough around the window that no zone matters: looked at first, since the local time is dear.
    around: (i64, i64),
    tests: Vec<(bool, &'static str, &'a str)>,
}

impl<'a> Window<'a> {
    fn of(account: &Account, call: &'a Call, product: Product, kind: Kind, one: bool) -> Self {
        let moment = |name: &str| call.parameter(name).and_then(time::moment);
        let suite = product == Product::MarketingSuite || one;
        let by_id = matches!(kind, Kind::Impression | Kind::Delivery)
            || account.options.id_filter_everywhere;
        let tests = call
            .fields()
            .into_iter()
            .filter(|_| product == Product::Publisher)
            .filter_map(|filter| {
                let (name, operator, value) = take_apart(filter)?;
                let on_id = match name.to_ascii_lowercase().as_str() {
                    "id" if by_id && value.parse::<u32>().is_ok() => true,
                    "timestamp" if time::moment(value).is_some() => false,
                    _ => return None,
                };
                Some((on_id, operator, value))
            });
        let (begin, end) = (
            moment("begintime").filter(|_| suite),
            moment("endtime").filter(|_| suite),
        );
        let edge = |bound: Option<NaiveDateTime>| bound.map(|at| at.and_utc().timestamp());
        Self {
            begin,
            end,
            around: (
                edge(begin).map_or(i64::MIN, |at| at - 3 * 3_600),
                edge(end).unwrap_or(i64::MAX),
            ),
            inclusive: account.options.inclusive_bounds,
            tests: tests.collect(),
        }
    }

    fn holds(&self, row: &Row) -> bool {
        if self.begin.is_none() && self.end.is_none() && self.tests.is_empty() {
            return true;
        }
        if !(self.around.0..=self.around.1).contains(&i64::from(row.at)) {
            return false;
        }
        let at = time::local(row.at);
        let edge = |bound: NaiveDateTime| self.inclusive && at == bound;
        self.begin.is_none_or(|begin| at > begin || edge(begin))
            && self.end.is_none_or(|end| at < end || edge(end))
            && self.tests.iter().all(|(on_id, operator, value)| {
                let order = if *on_id {
                    value.parse().map(|asked: u32| row.id.cmp(&asked)).ok()
                } else {
                    time::moment(value).map(|asked| at.cmp(&asked))
                };
                order.is_none_or(|order| match *operator {
                    "==" | "=~" => order.is_eq(),
                    "!=" | "<>" | "!~" => order.is_ne(),
                    "<" => order.is_lt(),
                    ">" => order.is_gt(),
                    "<=" => order.is_le(),
                    _ => order.is_ge(),
                })
            })
    }
}

/// One event. Account-wide rows of the Marketing Suite name no profile (sheet 4.1).
fn event(account: &Account, row: &Row, kind: Kind, with_profile: bool) -> Value {
    let mail = &account.mails[row.mail as usize];
    let publisher = mail.product == Product::Publisher;
    let mut body = json!({"ID": row.id.to_string(), "timestamp": time::stamp(row.at)});
    let named = if publisher { "emailing" } else { "mailing" };
    body[named] = json!(mail.id.to_string());
    body["destination"] = if publisher && account.options.events_name_hash {
        json!(mail.hash(row.to))
    } else {
        json!(mail.number(row.to).to_string())
    };
    if with_profile {
        body["profile"] = json!(mail.to[row.to as usize].profile.to_string());
        body["subprofile"] = json!("0");
    }
    let more = match (kind, row.what) {
        (Kind::Impression, What::Seen(agent)) if publisher => {
            json!({"device": agent.device(), "referer": ""})
        }
        (Kind::Impression, What::Seen(agent)) => {
            json!({"ip": agent.ip(), "useragent": agent.name(), "device": agent.device()})
        }
        (Kind::Click, What::Followed(link, agent)) => {
            let url = &mail.links[usize::from(link) % mail.links.len().max(1)];
            let mut click = json!({"link": url, "ip": agent.ip(), "useragent": agent.name()});
            if publisher {
                click["link_id"] = json!(link_id(mail, link).to_string());
                click["link_title"] = json!(format!("Artikel {}", u16::from(link) + 1));
                click["referer"] = json!("");
            }
            click
        }
        (Kind::Error, What::Failed(code, said)) if publisher => json!({
            "errorcode": code, "description": said, "errortype": "error", "errortypedescription": "",
        }),
        (Kind::Error, What::Failed(code, said)) => json!({
            "status": "failed", "errorcode": code, "description": said, "errortype": "error",
        }),
        (Kind::Unsubscribe, _) if publisher => json!({"source": "link", "success": true}),
        (Kind::Unsubscribe, _) if with_profile => json!({"source": "click", "success": true}),
        (Kind::Unsubscribe, _) => json!({"source": "click"}),
        (Kind::Abuse, _) if publisher => json!({"recognized_as": "arf", "feedback_type": "abuse"}),
        (Kind::Abuse, _) => {
            json!({"report": {"feedback-type": "abuse", "user-agent": "Mailbox/1.0"}})
        }
        (Kind::Delivery, _) => json!({"attempts": "1"}),
        _ => json!({}),
    };
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    body
}

/// The number of a link, as logfiles and Publisher have it.
pub(super) fn link_id(mail: &Mail, link: u8) -> u32 {
    mail.id * 10 + u32::from(link)
}

/// Answers `destinations`: what was sent to whom. Both days must be given (sheet 4.1).
pub(super) fn destinations(
    account: &Account,
    call: &Call,
    product: Product,
    only: Option<u32>,
) -> Reply {
    let day = |name: &str| call.parameter(name).and_then(time::date);
    let (from, to) = match (day("from"), day("to")) {
        (None, None) if only.is_some() => (None, None),
        (Some(from), Some(to)) => (Some(from), Some(to)),
        _ => return Err(Problem::new("Missing or invalid parameter 'from' or 'to'")),
    };
    let inclusive = account.options.inclusive_to;
    let within = |at| {
        let day = time::day(at);
        from.is_none_or(|from| day >= from)
            && to.is_none_or(|to| day < to || (inclusive && day == to))
    };
    // A mailing takes seconds, at midnight too.
    let among = |place: u32, mail: &Mail| {
        only.is_none_or(|only| place == only)
            && (within(mail.sent_at) || within(mail.sent_at.saturating_add(60)))
    };
    let found: Vec<(&Mail, u32)> = sent(account, product, among)
        .filter(|(_, mail, to)| within(mail.to[*to as usize].at))
        .map(|(_, mail, to)| (mail, to))
        .collect();
    let page = call.page(false);
    let shown: Vec<_> = found.iter().skip(page.start).take(page.limit).collect();
    let rows: Vec<Value> = shown
        .iter()
        .map(|(mail, to)| destination(mail, *to))
        .collect();
    let mut answer = Answer::read(envelope(page, found.len(), &rows, None, NextId::Never));
    let names = shown
        .iter()
        .map(|(mail, to)| key(product, Kind::Destination, mail.number(*to)));
    answer.served = names.collect();
    Ok(answer)
}

/// Every destination of a product that was sent and is not forgotten yet: place of its mailing, mailing, place in it.
pub(super) fn sent(
    account: &Account,
    product: Product,
    among: impl Fn(u32, &Mail) -> bool,
) -> impl Iterator<Item = (u32, &Mail, u32)> {
    let horizon = account.horizon();
    let mails = (0_u32..).zip(&account.mails);
    let own = mails.filter(move |(place, mail)| mail.product == product && among(*place, mail));
    own.flat_map(move |(place, mail)| {
        let all = (0_u32..).zip(&mail.to);
        let sent = all.filter(move |(_, to)| to.profile != 0 && to.at >= horizon);
        sent.map(move |(to, _)| (place, mail, to))
    })
}

fn destination(mail: &Mail, to: u32) -> Value {
    let one = mail.to[to as usize];
    let mut body = json!({
        "timestampsent": time::stamp(one.at), "profile": one.profile.to_string(), "subprofile": "0",
        "mailing": mail.id.to_string(),
    });
    match mail.product {
        Product::MarketingSuite => {
            body["id"] = json!(mail.number(to).to_string());
            body["messageID"] = json!(mail.message(to));
            body["unsubscribed"] = json!(one.unsubscribed);
        }
        Product::Publisher => {
            body["id"] = json!(mail.hash(to));
            body["internal"] = json!(mail.number(to).to_string());
            body["mailing-group"] = json!("0");
        }
    }
    body
}
