//! Writes to one member: edit, upsert, create, archive, delete for good, custom events.
//!
//! The rules of consent are the platform's: who left cannot be subscribed by a write, who bounced cannot be changed at all,
//! who was deleted for good cannot come back. What the platform allows and we must never do, it does here too, and notes it.

use serde_json::{Map, Value, json};

use super::account::Account;
use super::answer::{Answer, Problem, Reply};
use super::audience::Audience;
use super::call::Call;
use super::journal::Change;
use super::member::{Member, Status, hash};
use crate::people::World;

/// What a write asks of a member, checked.
#[derive(Debug, Default)]
pub(super) struct Wish {
    pub(super) status: Option<Status>,
    pub(super) fields: Vec<(u16, Value)>,
    pub(super) address: Option<String>,
}

impl Wish {
    /// Reads and checks the body of a write; unknown merge fields are dropped without a word.
    pub(super) fn parse(list: &Audience, body: &Map<String, Value>) -> Result<Self, Problem> {
        let mut wish = Self {
            status: status(body, "status")?,
            ..Self::default()
        };
        if let Some(address) = body.get("email_address") {
            wish.address = Some(address_in(address)?);
        }
        let Some(Value::Object(fields)) = body.get("merge_fields") else {
            return Ok(wish);
        };
        for (tag, value) in fields {
            let place = list.fields.iter().position(|field| field.tag == *tag);
            if let Some(place) = place {
                let fits = match list.fields[place].kind.as_str() {
                    "number" => is_number(value),
                    "address" => value.is_object() || *value == "",
                    _ => value.is_string() || value.is_number(),
                };
                if !fits {
                    let message = format!("must be a {}", list.fields[place].kind);
                    return Err(Problem::invalid(format!("merge_fields.{tag}"), message));
                }
                let number = u16::try_from(place).unwrap_or(u16::MAX);
                wish.fields.push((number, value.clone()));
            }
        }
        Ok(wish)
    }

    /// Whether every required field of the member would have a value.
    pub(super) fn complete(
        &self,
        list: &Audience,
        world: &World,
        member: &Member,
    ) -> Result<(), Problem> {
        for (number, field) in (0_u16..)
            .zip(&list.fields)
            .filter(|(_, field)| field.required)
        {
            let written = self.fields.iter().find(|(wished, _)| *wished == number);
            let value = written.map_or_else(
                || list.field(world, member, number),
                |(_, value)| value.clone(),
            );
            if value == "" {
                return Err(Problem::invalid(
                    format!("merge_fields.{}", field.tag),
                    "Please enter a value",
                ));
            }
        }
        Ok(())
    }
}

fn is_number(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::String(text) => text.is_empty() || text.parse::<f64>().is_ok_and(f64::is_finite),
        _ => false,
    }
}

/// A status in a body; `archived` is none that can be written.
pub(super) fn status(body: &Map<String, Value>, name: &str) -> Result<Option<Status>, Problem> {
    match body.get(name) {
        None => Ok(None),
        Some(word) => word
            .as_str()
            .and_then(Status::parse)
            .filter(|status| *status != Status::Archived)
            .map(Some)
            .ok_or_else(|| Problem::invalid(name, "This value is not a status.")),
    }
}

fn address_in(value: &Value) -> Result<String, Problem> {
    value
        .as_str()
        .filter(|address| {
            address
                .split_once('@')
                .is_some_and(|(name, domain)| !name.is_empty() && domain.contains('.'))
        })
        .map(str::to_owned)
        .ok_or_else(|| Problem::invalid("email_address", "This value should be a valid email."))
}

/// Whether the platform lets a write change a member so.
fn permitted(member: &Member, address: &str, status: Option<Status>) -> Result<(), Problem> {
    let resubscribes = status == Some(Status::Subscribed) && member.left_themselves;
    if member.status == Status::Cleaned || resubscribes {
        return Err(Problem::compliance(address));
    }
    Ok(())
}

/// `PATCH` of a member.
pub(super) fn edit(
    account: &mut Account,
    world: &World,
    call: &Call,
    list: usize,
    index: u32,
) -> Reply {
    let body = call.object()?;
    change(account, world, call, list, index, &body)?;
    Ok(Answer::written(account.member(world, list, index)))
}

/// Checks the whole write first, so that a refused one changes nothing.
fn change(
    account: &mut Account,
    world: &World,
    call: &Call,
    list: usize,
    index: u32,
    body: &Map<String, Value>,
) -> Result<(), Problem> {
    let audience = &account.audiences[list];
    let member = &audience.members[index as usize];
    let address = member.address(world);
    let wish = Wish::parse(audience, body)?;
    permitted(member, &address, wish.status)?;
    if !wish.fields.is_empty() && !call.flag("skip_merge_validation") {
        wish.complete(audience, world, member)?;
    }
    if let Some(new) = &wish.address
        && hash(new) != member.hash
    {
        if audience.find(new).is_some() {
            return Err(Problem::exists(new));
        }
        if audience.forgotten.contains(&hash(new)) {
            return Err(Problem::forgotten(new));
        }
    }
    account.apply(world, list, index, wish);
    Ok(())
}

impl Account {
    /// Carries out a permitted wish.
    pub(super) fn apply(&mut self, world: &World, list: usize, index: u32, wish: Wish) {
        let now = self.now;
        let audience = &mut self.audiences[list];
        audience.members[index as usize].touch(now);
        audience.revision += 1;
        for (number, to) in wish.fields {
            let audience = &mut self.audiences[list];
            let from = audience.field(world, &audience.members[index as usize], number);
            let tag = audience.fields[usize::from(number)].tag.clone();
            audience.members[index as usize].write(number, to.clone());
            self.note(list, index, Change::Field { tag, from, to });
        }
        if let Some(status) = wish.status {
            self.turn(list, index, status);
        }
        let old = self.audiences[list].members[index as usize].hash;
        if let Some(address) = wish.address.filter(|address| hash(address) != old) {
            self.audiences[list].readdress(index, &address, now);
            self.note(list, index, Change::Address);
        }
    }

    /// Changes a status and tells the world, which mails nobody who is not subscribed.
    pub(super) fn turn(&mut self, list: usize, index: u32, to: Status) {
        let now = self.now;
        let audience = &mut self.audiences[list];
        let publication = audience.publication;
        let member = &mut audience.members[index as usize];
        let from = member.status;
        if from == to {
            return;
        }
        member.turn(to, now, false);
        audience.revision += 1;
        if let Some(person) = member.person {
            let mailed = to == Status::Subscribed;
            if mailed || from == Status::Subscribed {
                self.standings.push((person, publication, mailed));
            }
        }
        self.note(list, index, Change::Status { from, to });
    }

    /// Makes a member who has no person behind them.
    pub(super) fn create(&mut self, list: usize, address: &str, status: Status) -> u32 {
        let now = self.now;
        let index = self.audiences[list].add(hash(address), None, Some(address), status, now);
        self.note(list, index, Change::Created(status));
        index
    }
}

/// `PUT` of a member: edits one who is there; adds one who is not, or who is archived.
pub(super) fn upsert(
    account: &mut Account,
    world: &World,
    call: &Call,
    list: usize,
    key: &str,
) -> Reply {
    let mut body = call.object()?;
    let if_new = status(&body, "status_if_new")?;
    if let Some(index) = account.audiences[list].find(key) {
        let archived = account.audiences[list].members[index as usize].status == Status::Archived;
        if let (true, Some(status)) = (archived && !body.contains_key("status"), if_new) {
            body.insert("status".to_owned(), json!(status.word()));
        }
        change(account, world, call, list, index, &body)?;
        return Ok(Answer::written(account.member(world, list, index)));
    }
    let status = status(&body, "status")?
        .or(if_new)
        .ok_or_else(|| Problem::invalid("status_if_new", "This value should not be blank."))?;
    add(account, world, list, &body, status)
}

/// `POST` of a member: adds one who is not there, or who is archived.
pub(super) fn create(account: &mut Account, world: &World, call: &Call, list: usize) -> Reply {
    let body = call.object()?;
    let status = status(&body, "status")?
        .ok_or_else(|| Problem::invalid("status", "This value should not be blank."))?;
    let address = address_in(body.get("email_address").unwrap_or(&Value::Null))?;
    let Some(index) = account.audiences[list].find(&address) else {
        return add(account, world, list, &body, status);
    };
    if account.audiences[list].members[index as usize].status != Status::Archived {
        return Err(Problem::exists(&address));
    }
    change(account, world, call, list, index, &body)?;
    Ok(Answer::written(account.member(world, list, index)))
}

fn add(
    account: &mut Account,
    world: &World,
    list: usize,
    body: &Map<String, Value>,
    status: Status,
) -> Reply {
    let address = address_in(body.get("email_address").unwrap_or(&Value::Null))?;
    let audience = &account.audiences[list];
    if audience.forgotten.contains(&hash(&address)) {
        return Err(Problem::forgotten(&address));
    }
    let mut wish = Wish::parse(audience, body)?;
    (wish.status, wish.address) = (None, None);
    let index = account.create(list, &address, status);
    account.apply(world, list, index, wish);
    for tag in body
        .get("tags")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        if let Some(name) = tag.as_str() {
            account.tag(list, index, name, true, false);
        }
    }
    Ok(Answer::written(account.member(world, list, index)))
}

/// `DELETE` of a member archives them; who is archived already cannot be removed.
pub(super) fn archive(account: &mut Account, list: usize, index: u32) -> Reply {
    if account.audiences[list].members[index as usize].status == Status::Archived {
        return Err(Problem::method());
    }
    account.turn(list, index, Status::Archived);
    Ok(Answer::empty(true))
}

/// Deletes a member for good.
pub(super) fn forget(account: &mut Account, list: usize, index: u32) -> Answer {
    account.note(list, index, Change::Forgotten);
    let audience = &mut account.audiences[list];
    let member = &audience.members[index as usize];
    if let (Some(person), Status::Subscribed) = (member.person, member.status) {
        account
            .standings
            .push((person, audience.publication, false));
    }
    audience.forget(index);
    Answer::empty(true)
}

/// A custom event.
pub(super) fn event(account: &mut Account, call: &Call, list: usize, index: u32) -> Reply {
    let body = call.object()?;
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    if !(2..=30).contains(&name.chars().count()) {
        return Err(Problem::invalid(
            "name",
            "This value should have 2 to 30 characters.",
        ));
    }
    let quiet = body.get("is_syncing").and_then(Value::as_bool) == Some(true);
    if !quiet {
        account.note(list, index, Change::Event(name.to_owned()));
    }
    Ok(Answer::empty(true))
}
