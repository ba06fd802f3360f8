//! Writes to one contact at a time, and to fields and tags (sheet 6).

use serde_json::{Map, Value, json};

use super::account::{Account, Field};
use super::answer::{Answer, Refusal, Reply};
use super::call::{Call, lenient};
use super::contact::{Entered, Status, Worn};
use super::hooks::{Initiator, What};
use super::journal::Change;
use super::reads;
use crate::people::World;

/// The kinds of field; there is none for numbers (sheet 6).
const KINDS: [&str; 9] = [
    "text", "textarea", "date", "datetime", "dropdown", "radio", "checkbox", "listbox", "hidden",
];

/// `POST /contact/sync` and `POST /contacts`: the former writes to whoever has the address and creates whom nobody knows
/// (sheet 6, 8).
pub(super) fn create(account: &mut Account, world: &World, call: &Call, upsert: bool) -> Reply {
    let body = call.object("contact")?;
    let email = body
        .get("email")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if !valid(email) {
        let title = "Email address is not valid";
        return Err(Refusal::invalid(title, "", "email"));
    }
    let found = account.find(email);
    if found.is_some() && !upsert {
        let title = "Email address already exists in the system";
        return Err(Refusal::duplicate(title, "", Some("email")));
    }
    let now = account.now;
    let index = found.unwrap_or_else(|| {
        let index = account.add(None, email, now);
        account.note(index, Change::Created);
        index
    });
    write(account, index, &body)?;
    let mut answer = whole(account, world, index);
    // The contact of these answers has less than elsewhere, as the description has it.
    let names = if upsert { &SYNCED[..] } else { &CREATED[..] };
    keep(&mut answer["contact"], names);
    Ok(if found.is_some() {
        Answer::written(answer, true)
    } else {
        Answer::created(answer, true)
    })
}

/// `PUT /contacts/{id}`: cannot create anybody.
pub(super) fn edit(account: &mut Account, world: &World, call: &Call, id: &str) -> Reply {
    let index = reads::known(account, id)?;
    let body = call.object("contact")?;
    let email = body.get("email").and_then(Value::as_str);
    let new = email.filter(|email| {
        !account.contacts[index]
            .address(world)
            .eq_ignore_ascii_case(email)
    });
    if let Some(new) = new {
        if !valid(new) {
            return Err(Refusal::invalid("Email address is not valid", "", "email"));
        }
        if account.find(new).is_some() {
            let title = "Email address already exists in the system";
            return Err(Refusal::duplicate(title, "", Some("email")));
        }
        account.readdress(index, world, new);
        account.note(index, Change::Address);
    }
    write(account, index, &body)?;
    Ok(Answer::written(whole(account, world, index), true))
}

/// What `POST /contact/sync` tells of a contact.
const SYNCED: [&str; 12] = [
    "id",
    "email",
    "phone",
    "firstName",
    "lastName",
    "email_empty",
    "cdate",
    "udate",
    "orgid",
    "hash",
    "links",
    "organization",
];

/// What `POST /contacts` tells of a contact.
const CREATED: [&str; 7] = [
    "id",
    "email",
    "cdate",
    "udate",
    "orgid",
    "links",
    "organization",
];

/// Leaves these keys alone.
fn keep(body: &mut Value, names: &[&str]) {
    if let Some(body) = body.as_object_mut() {
        body.retain(|name, _| names.contains(&name.as_str()));
    }
}

/// Takes these keys out.
pub(super) fn without(body: &mut Value, names: &[&str]) {
    if let Some(body) = body.as_object_mut() {
        body.retain(|name, _| !names.contains(&name.as_str()));
    }
}

/// Whether an address can be one.
pub(super) fn valid(email: &str) -> bool {
    let parts = email.split_once('@');
    parts.is_some_and(|(local, domain)| {
        !local.is_empty() && domain.contains('.') && !domain.contains('@') && !email.contains(' ')
    })
}

/// Names and field values out of a contact's body. A field that is not there is passed over without a word.
fn write(account: &mut Account, index: usize, body: &Map<String, Value>) -> Result<(), Refusal> {
    for (place, name) in ["firstName", "lastName", "phone"].into_iter().enumerate() {
        if let Some(text) = body.get(name).and_then(Value::as_str) {
            rename(account, index, place, text);
        }
    }
    let values = body.get("fieldValues").and_then(Value::as_array);
    for value in values.into_iter().flatten() {
        let Some(field) = value.get("field").and_then(lenient) else {
            return Err(Refusal::missing("field"));
        };
        if let Some(field) = place_of(account, field) {
            set(account, index, field, text(&value["value"]), false);
        }
    }
    let now = account.now;
    account.tell(index, now, Initiator::Api, What::Update);
    Ok(())
}

/// Writes a name or a phone number.
pub(super) fn rename(account: &mut Account, index: usize, place: usize, text: &str) {
    account.contacts[index].names[place] = Some(text.to_owned());
    account.contacts[index].changed = account.now;
    account.note(index, Change::Name);
}

/// A value as text: the API keeps nothing else.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The place of the field with this id.
pub(super) fn place_of(account: &Account, id: u64) -> Option<usize> {
    let place = usize::try_from(id.checked_sub(1)?).ok()?;
    (place < account.fields.len()).then_some(place)
}

/// Writes a field. Whether that moves the contact's `udate` is not known (sheet 3).
pub(super) fn set(account: &mut Account, index: usize, field: usize, value: String, quiet: bool) {
    let now = account.now;
    let contact = &mut account.contacts[index];
    let before = contact
        .written
        .iter()
        .position(|entered| entered.field == field);
    let before = before.map(|place| contact.written.remove(place).value);
    contact.written.push(Entered {
        field,
        value: value.clone(),
        at: now,
    });
    if account.options.fields_move_udate {
        contact.changed = now;
    }
    let perstag = account.fields[field].perstag.clone();
    account.note(
        index,
        Change::Field {
            perstag,
            from: before.unwrap_or_default(),
            to: value,
            quiet,
        },
    );
}

fn whole(account: &Account, world: &World, index: usize) -> Value {
    let contact = &account.contacts[index];
    json!({
        "fieldValues": reads::values_of(account, world, contact),
        "contact": contact.body(world, account.zone, &account.base),
    })
}

/// `POST /fieldValues`.
pub(super) fn value(account: &mut Account, world: &World, call: &Call) -> Reply {
    let body = call.object("fieldValue")?;
    let number = |name: &str| {
        let number = body.get(name).and_then(lenient);
        number.ok_or_else(|| Refusal::missing(name))
    };
    let (contact, field) = (number("contact")?, number("field")?);
    let index = reads::known(account, &contact.to_string())?;
    let place = place_of(account, field).ok_or_else(Refusal::forbidden)?;
    set(account, index, place, text(&body["value"]), false);
    let now = account.now;
    account.tell(index, now, Initiator::Api, What::Update);
    let contact = &account.contacts[index];
    let values = reads::values_of(account, world, contact);
    let id = field.to_string();
    let is = |row: &&Value| row["field"].as_str() == Some(&id);
    let mut row = values.iter().find(is).cloned().unwrap_or_default();
    // In this answer alone the ids are numbers.
    for name in ["contact", "field", "owner"] {
        row[name] = json!(lenient(&row[name]));
    }
    let whole = contact.body(world, account.zone, &account.base);
    Ok(Answer::written(
        json!({"contacts": [whole], "fieldValue": row}),
        true,
    ))
}

/// `POST /fields`.
pub(super) fn field(account: &mut Account, call: &Call) -> Reply {
    let body = call.object("field")?;
    let word = |name: &str| body.get(name).and_then(Value::as_str);
    let (title, kind) = (word("title"), word("type"));
    let title = title.ok_or_else(|| Refusal::missing("title"))?;
    let kind = kind.ok_or_else(|| Refusal::missing("type"))?;
    if !KINDS.contains(&kind) {
        return Err(Refusal::invalid("The field type is invalid", "", "type"));
    }
    let perstag = word("perstag")
        .unwrap_or(title)
        .to_uppercase()
        .replace(' ', "_");
    let taken = |field: &Field| field.perstag == perstag || field.title.eq_ignore_ascii_case(title);
    if account.fields.iter().any(taken) {
        let detail = format!("There is already a field named '{title}' -- choose another name");
        let why = "There is already a field with this title";
        return Err(Refusal::duplicate(why, &detail, None));
    }
    account.fields.push(Field {
        title: title.to_owned(),
        perstag,
        kind: kind.to_owned(),
        created: account.now,
        related: false,
    });
    let number = account.fields.len() - 1;
    let row = reads::field_body(account, number, &account.fields[number]);
    let total = account.fields.len().to_string();
    // The description has a list here, the documentation's prose one field: a client may meet either.
    let mut answer = json!({
        "fieldOptions": [], "fieldRels": [], "fields": [row.clone()], "meta": {"total": total},
    });
    if account.options.field_alone {
        answer = json!({"field": row});
    }
    Ok(Answer::created(answer, true))
}

/// `POST /fieldRels`: makes a field available for all lists, with `relid` 0.
pub(super) fn relate(account: &mut Account, call: &Call) -> Reply {
    let body = call.object("fieldRel")?;
    let field = body.get("field").and_then(lenient);
    let field = field.ok_or_else(|| Refusal::missing("field"))?;
    let relid = body.get("relid").and_then(lenient).unwrap_or(0);
    let place = place_of(account, field).ok_or_else(Refusal::forbidden)?;
    account.fields[place].related = true;
    let made = account.zone.stamp(account.now);
    Ok(Answer::created(
        json!({"fieldRel": {"relid": relid, "field": field, "cdate": made, "links": [], "id": field.to_string()}}),
        true,
    ))
}

/// `POST /tags`.
pub(super) fn make_tag(account: &mut Account, call: &Call) -> Reply {
    let body = call.object("tag")?;
    let name = body.get("tag").and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() {
        return Err(Refusal::missing("tag"));
    }
    if account.tags.iter().any(|tag| tag.name == name) {
        let detail = format!("Tag '{name}' already exists");
        return Err(Refusal::duplicate(
            "Tag already exists",
            &detail,
            Some("tag"),
        ));
    }
    let number = account.tag_named(name);
    Ok(Answer::created(
        json!({"tag": reads::tag(account, number)}),
        true,
    ))
}

/// Puts a tag on; twice changes nothing. Says whether it did.
pub(super) fn put_on(
    account: &mut Account,
    index: usize,
    tag: usize,
    quiet: bool,
    by: Initiator,
) -> bool {
    let worn = |worn: &Worn| worn.tag == tag;
    if account.contacts[index].tags.iter().any(worn) {
        return false;
    }
    let (link, at) = (account.next_id(), account.now);
    account.contacts[index].tags.push(Worn { tag, link, at });
    tagged(account, index, tag, true, quiet, by);
    true
}

fn tagged(account: &mut Account, index: usize, tag: usize, on: bool, quiet: bool, by: Initiator) {
    let now = account.now;
    if account.options.tags_move_udate {
        account.contacts[index].changed = now;
    }
    if by == Initiator::Api || by == Initiator::Import {
        let name = account.tags[tag].name.clone();
        account.note(index, Change::Tag { name, on, quiet });
    }
    account.tell(index, now, by, What::Tag { tag, on });
}

/// `POST /contactTags`: what a second time does is not known (sheet 6).
pub(super) fn tag(account: &mut Account, call: &Call) -> Reply {
    let body = call.object("contactTag")?;
    let number = |name: &str| {
        let number = body.get(name).and_then(lenient);
        number.ok_or_else(|| Refusal::missing(name))
    };
    let (contact, tag) = (number("contact")?, number("tag")?);
    let index = account.contact(contact);
    let index = index.ok_or_else(|| Refusal::not_found("Contact"))?;
    let place = tag.checked_sub(1).and_then(|tag| usize::try_from(tag).ok());
    let place = place.filter(|place| *place < account.tags.len());
    let place = place.ok_or_else(|| Refusal::not_found("Tag"))?;
    let applied = put_on(account, index, place, false, Initiator::Api);
    if !applied && account.options.tag_twice_refused {
        let title = "Contact already has this tag";
        return Err(Refusal::duplicate(title, "", Some("tag")));
    }
    let contact = &account.contacts[index];
    let row = contact
        .tags
        .iter()
        .find(|worn| worn.tag == place)
        .map(|worn| {
            let mut row = reads::tag_link(account, contact.id, worn);
            without(&mut row, &["created_timestamp", "updated_timestamp"]);
            row
        });
    Ok(Answer::created(json!({"contactTag": row}), applied))
}

/// `DELETE /contactTags/{id}`, by the id of the link and not of the tag (sheet 6).
pub(super) fn untag(account: &mut Account, id: &str) -> Reply {
    let link: Option<u32> = id.parse().ok();
    let found = (0..account.contacts.len()).find_map(|index| {
        let contact = &account.contacts[index];
        let place = contact
            .tags
            .iter()
            .position(|worn| Some(worn.link) == link)?;
        contact.deleted.is_none().then_some((index, place))
    });
    let (index, place) = found.ok_or_else(|| Refusal::no_result("SubscriberTag", id))?;
    take_off(account, index, place, Initiator::Api);
    Ok(Answer::written(json!({}), true))
}

/// Takes the tag at this place off.
pub(super) fn take_off(account: &mut Account, index: usize, place: usize, by: Initiator) {
    let worn = account.contacts[index].tags.remove(place);
    tagged(account, index, worn.tag, false, false, by);
}

/// `POST /contactLists`: 2 leaves, 1 joins. Whoever left is set active again only with `sourceid` 4; without it the answer is
/// 200 and nothing changed (sheet 2, 6).
pub(super) fn list(account: &mut Account, world: &World, call: &Call) -> Reply {
    let body = call.object("contactList")?;
    let number = |name: &str| {
        let number = body.get(name).and_then(lenient);
        number.ok_or_else(|| Refusal::missing(name))
    };
    let (list, contact, status) = (number("list")?, number("contact")?, number("status")?);
    let index = reads::known(account, &contact.to_string())?;
    let of = |each: &super::account::List| u64::from(each.id) == list;
    let place = account.lists.iter().position(of);
    let place = place.ok_or_else(|| Refusal::no_result("List", &list.to_string()))?;
    let status = Status::of(status).filter(|_| matches!(status, 1 | 2));
    let status = status.ok_or_else(|| Refusal::invalid("Status is not valid", "", "status"))?;
    let forced = body.get("sourceid").and_then(lenient) == Some(4);
    let applied = stand(account, index, place, status, forced, Initiator::Api);
    let contact = &account.contacts[index];
    let row = contact.in_list(place).map(|membership| {
        let mut row = membership.body(contact.id, &list.to_string(), account.zone, &account.base);
        // In this answer alone the status is a number.
        row["status"] = json!(membership.status.code());
        without(&mut row, &["udate"]);
        row
    });
    let whole = contact.body(world, account.zone, &account.base);
    Ok(Answer::written(
        json!({"contacts": [whole], "contactList": row}),
        applied,
    ))
}

/// Changes how somebody stands with a list, by a write; says whether that changed anything.
pub(super) fn stand(
    account: &mut Account,
    index: usize,
    list: usize,
    status: Status,
    forced: bool,
    by: Initiator,
) -> bool {
    let before = account.contacts[index]
        .in_list(list)
        .map(|place| place.status);
    let gone = matches!(before, Some(Status::Unsubscribed | Status::Bounced));
    let stays = before == Some(status)
        || (status == Status::Active && gone && !forced)
        || (status == Status::Unsubscribed && before.is_none());
    if stays {
        return false;
    }
    let now = account.now;
    account.turn(index, list, (status, now), None, by);
    let change = Change::Status {
        list: account.lists[list].id.to_string(),
        from: before,
        to: status,
    };
    account.note(index, change);
    if let Some(person) = account.contacts[index].person {
        let publication = account.lists[list].publication;
        account
            .standings
            .push((person, publication, status == Status::Active));
    }
    true
}

/// `DELETE /contacts/{id}`: permanent (sheet 6).
pub(super) fn delete(account: &mut Account, world: &World, id: &str) -> Reply {
    let index = reads::known(account, id)?;
    account.delete(index, world);
    account.note(index, Change::Deleted);
    Ok(Answer::written(json!({}), true))
}
