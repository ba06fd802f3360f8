//! Automations, and who is in one (sheet 5, 6).

use serde_json::{Value, json};

use super::Reentry;
use super::account::Account;
use super::answer::{Answer, Refusal, Reply};
use super::call::{Call, lenient};
use super::journal::Change;
use crate::people::{Seconds, World};

/// An automation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Automation {
    pub(super) id: u32,
    name: &'static str,
    active: bool,
}

impl Automation {
    /// Two that are active, and one that is not.
    pub(super) fn all() -> Vec<Self> {
        [
            (1, "Welkom", true),
            (7, "Slapers wekken", true),
            (9, "Actie 2024", false),
        ]
        .map(|(id, name, active)| Self { id, name, active })
        .to_vec()
    }
}

/// That somebody entered an automation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) id: u32,
    /// The id of the contact.
    pub(super) contact: u32,
    pub(super) automation: u32,
    pub(super) entered: Seconds,
    pub(super) done: Option<Seconds>,
}

/// `GET /automations`: status 1 is active, 2 is not (sheet 5).
pub(super) fn automations(account: &Account, world: &World, call: &Call) -> Answer {
    let made = account.zone.stamp(world.start());
    let body = |automation: &Automation| {
        let mine = |entry: &&Entry| entry.automation == automation.id;
        let entered = account.entries.iter().filter(mine);
        let done = entered.clone().filter(|entry| entry.done.is_some());
        let below = |name: &str| format!("{}/automations/{}/{name}", account.base, automation.id);
        json!({
            "id": automation.id.to_string(), "name": automation.name, "cdate": made, "mdate": made, "userid": "1",
            "status": if automation.active { "1" } else { "2" }, "entered": entered.count().to_string(),
            "exited": done.count().to_string(), "hidden": "0", "defaultscreenshot": "", "screenshot": "",
            "links": {
                "campaigns": below("campaigns"), "contactGoals": below("contactGoals"),
                "contactAutomations": below("contactAutomations"), "blocks": below("blocks"),
                "goals": below("goals"), "sms": below("sms"), "sitemessages": below("sitemessages"),
            },
        })
    };
    let page: Vec<Value> = call.page(&account.automations).iter().map(body).collect();
    Answer::read(json!({
        "automations": page,
        "meta": {"total": account.automations.len().to_string(), "starts": [], "filtered": false, "smsLogs": []},
    }))
}

fn entry_body(account: &Account, entry: &Entry) -> Value {
    let below = |name: &str| format!("{}/contactAutomations/{}/{name}", account.base, entry.id);
    let (entered, last) = (
        account.zone.stamp(entry.entered),
        account.zone.stamp(entry.done.unwrap_or(entry.entered)),
    );
    let left = entry.done.map(|at| account.zone.stamp(at));
    let completed = i32::from(entry.done.is_some());
    json!({
        "id": entry.id.to_string(), "contact": entry.contact.to_string(), "seriesid": entry.automation.to_string(),
        "automation": entry.automation.to_string(), "startid": "0", "status": if entry.done.is_some() { "2" } else { "1" },
        "batchid": null, "adddate": entered, "remdate": left.unwrap_or_default(), "timespan": "0", "lastblock": "1",
        "lastlogid": "0", "lastdate": last, "completedElements": "0", "totalElements": "3",
        "completed": completed, "completeValue": completed * 100,
        "links": {
            "automation": below("automation"), "contact": below("contact"), "contactGoals": below("contactGoals"),
        },
    })
}

/// The entries of one contact: side-loaded they lack some keys, by themselves two of their texts are numbers.
pub(super) fn of_contact(account: &Account, contact: u32, side_loaded: bool) -> Vec<Value> {
    let mine = |entry: &&Entry| entry.contact == contact;
    let body = |entry: &Entry| {
        let mut body = entry_body(account, entry);
        if side_loaded {
            super::write::without(&mut body, &["batchid", "lastlogid"]);
        } else {
            body["completedElements"] = json!(0);
            body["totalElements"] = json!(3);
        }
        body
    };
    account.entries.iter().filter(mine).map(body).collect()
}

/// `GET /contactAutomations`: `filters[contact]` may be ignored (sheet 5).
pub(super) fn entries(account: &Account, call: &Call) -> Answer {
    let filter = |name: &str| {
        call.number(&format!("filters[{name}][eq]"))
            .or_else(|| call.number(&format!("filters[{name}]")))
    };
    let honoured = account.options.contact_filter_honoured;
    let contact = filter("subscriberid").or_else(|| filter("contact").filter(|_| honoured));
    let (series, status) = (filter("seriesid"), filter("status"));
    let rows: Vec<&Entry> = account
        .entries
        .iter()
        .filter(|entry| {
            let is = if entry.done.is_some() { 2 } else { 1 };
            contact.is_none_or(|id| u64::from(entry.contact) == id)
                && series.is_none_or(|id| u64::from(entry.automation) == id)
                && status.is_none_or(|status| status == is)
        })
        .collect();
    let body = |entry: &&Entry| entry_body(account, entry);
    let page: Vec<Value> = call.page(&rows).iter().map(body).collect();
    Answer::read(json!({
        "contactAutomations": page, "meta": {"total": rows.len().to_string(), "showcase_stats": []},
    }))
}

/// `POST /contactAutomations`: enters even without a matching trigger; a second entry does what the account's settings say
/// (sheet 6: unconfirmed).
pub(super) fn enter(account: &mut Account, world: &World, call: &Call) -> Reply {
    let body = call.object("contactAutomation")?;
    let number = |name: &str| body.get(name).and_then(lenient);
    let contact = number("contact").ok_or_else(|| Refusal::missing("contact"))?;
    let automation = number("automation").ok_or_else(|| Refusal::missing("automation"))?;
    let index = super::reads::known(account, &contact.to_string())?;
    let active = |each: &&Automation| u64::from(each.id) == automation && each.active;
    let Some(automation) = account.automations.iter().find(active).map(|each| each.id) else {
        return Err(Refusal::no_series());
    };
    let address = account.contacts[index].address(world);
    if account.options.entry_fails.contains(&address) {
        return Err(Refusal::no_series());
    }
    let contact = account.contacts[index].id;
    let mine = |entry: &&Entry| entry.contact == contact && entry.automation == automation;
    let before = account.entries.iter().find(mine).copied();
    let entry = match (before, account.options.reentry) {
        (Some(_), Reentry::Refused) => return Err(Refusal::no_series()),
        (Some(before), Reentry::Ignored) => before,
        _ => {
            let entry = Entry {
                id: account.next_id(),
                contact,
                automation,
                entered: account.now,
                done: None,
            };
            account.entries.push(entry);
            account.note(index, Change::Entered(automation));
            entry
        }
    };
    let applied = before.is_none_or(|before| before.id != entry.id);
    let mut row = entry_body(account, &entry);
    row["startid"] = json!(0);
    row["status"] = json!(1);
    let absent = [
        "batchid",
        "remdate",
        "adddate",
        "lastdate",
        "lastlogid",
        "timespan",
    ];
    super::write::without(&mut row, &absent);
    let whole = account.contacts[index].body(world, account.zone, &account.base);
    Ok(Answer::created(
        json!({"contacts": [whole], "contactAutomation": row}),
        applied,
    ))
}

/// `DELETE /contactAutomations/{id}`.
pub(super) fn leave(account: &mut Account, id: &str) -> Reply {
    let found = account
        .entries
        .iter()
        .position(|entry| entry.id.to_string() == id);
    let entry = account
        .entries
        .remove(found.ok_or_else(|| Refusal::no_entry(id))?);
    if let Some(index) = account.contact(u64::from(entry.contact)) {
        account.note(index, Change::Left(entry.automation));
    }
    Ok(Answer::written(json!({}), true))
}
