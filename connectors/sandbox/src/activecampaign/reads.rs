//! Reading contacts and what belongs to them: fields, tags, lists (sheet 3).

use serde_json::{Value, json};

use super::account::{Account, Field};
use super::answer::{Answer, Refusal, Reply};
use super::call::Call;
use super::contact::{Member, Status, Worn};
use crate::people::{Seconds, World};

/// `GET /contacts`. What it does not know as a filter or an order, `orders[udate]` and `filters[campaignid]` among it, it
/// ignores without a word (sheet 3, 4.6).
pub(super) fn contacts(account: &Account, world: &World, call: &Call) -> Answer {
    let wanted = Wanted::of(account, call);
    let mut rows: Vec<&Member> = account
        .living()
        .filter(|contact| wanted.takes(account, world, call, contact))
        .collect();
    if call.order("id") == Some(true) {
        rows.reverse();
    }
    if let Some(falling) = call.order("cdate") {
        rows.sort_by_key(|contact| contact.created);
        if falling {
            rows.reverse();
        }
    }
    let email = call.order("email");
    if let Some(falling) = email {
        rows.sort_by_key(|contact| contact.address(world));
        if falling {
            rows.reverse();
        }
    }
    let body = |contact: &&Member| contact.body(world, account.zone, &account.base);
    let page: Vec<Value> = call.page(&rows).iter().map(body).collect();
    Answer::read(json!({
        "scoreValues": [], "contacts": page, "meta": {"total": rows.len().to_string()},
    }))
}

/// The filters of a list of contacts.
struct Wanted {
    greater: Option<u64>,
    less: Option<u64>,
    created: [Option<Seconds>; 2],
    updated: [Option<Seconds>; 2],
    ids: Vec<u64>,
    inclusive: bool,
}

impl Wanted {
    fn of(account: &Account, call: &Call) -> Self {
        let at = |name: &str| {
            let text = call.parameter(&format!("filters[{name}]"))?;
            account.zone.parse(text)
        };
        let updated = [at("updated_after"), at("updated_before")];
        // Whether both go together is not documented (sheet 3).
        let keyset = account.options.keyset_with_dates || updated == [None, None];
        let ids = call.query.iter().filter(|(name, _)| name == "ids[]");
        Self {
            greater: call.number("id_greater").filter(|_| keyset),
            less: call.number("id_less").filter(|_| keyset),
            created: [at("created_after"), at("created_before")],
            updated,
            ids: ids.filter_map(|(_, id)| id.parse().ok()).collect(),
            inclusive: account.options.inclusive_bounds,
        }
    }

    fn takes(&self, account: &Account, world: &World, call: &Call, contact: &Member) -> bool {
        let id = u64::from(contact.id);
        let within = |[after, before]: [Option<Seconds>; 2], at: Seconds| {
            let edge = |bound: Option<Seconds>| self.inclusive && bound == Some(at);
            (after.is_none_or(|after| at > after) || edge(after))
                && (before.is_none_or(|before| at < before) || edge(before))
        };
        let basic = self.greater.is_none_or(|greater| id > greater)
            && self.less.is_none_or(|less| id < less)
            && within(self.created, contact.created)
            && within(self.updated, contact.changed)
            && (self.ids.is_empty() || self.ids.contains(&id));
        basic && belongs(account, call, contact) && addressed(account, world, call, contact)
    }
}

/// The filters by status, list, tag, automation and segment.
fn belongs(account: &Account, call: &Call, contact: &Member) -> bool {
    let status = call.number("status").and_then(Status::of);
    let list = call.number("listid").map(|id| {
        let of = |list: &super::account::List| u64::from(list.id) == id;
        account.lists.iter().position(of)
    });
    let stands = match (status, list) {
        (None, None) => true,
        (Some(status), None) => contact.stands(status),
        (_, Some(None)) => false,
        (status, Some(Some(list))) => contact
            .in_list(list)
            .is_some_and(|place| status.is_none_or(|status| place.status == status)),
    };
    let tag = call.number("tagid");
    let worn = |id: u64| contact.tags.iter().any(|worn| worn.tag as u64 + 1 == id);
    let series = call.number("seriesid");
    let entered = |id: u64| {
        let of = |entry: &super::automations::Entry| {
            entry.contact == contact.id && u64::from(entry.automation) == id
        };
        account.entries.iter().any(of)
    };
    // Segments are not part of this account: nobody is in one.
    stands
        && tag.is_none_or(worn)
        && series.is_none_or(entered)
        && call.number("segmentid").is_none()
}

/// The filters by address and text.
fn addressed(account: &Account, world: &World, call: &Call, contact: &Member) -> bool {
    let asked = ["email", "email_like", "search"].map(|name| call.parameter(name));
    if asked == [None, None, None] {
        return true;
    }
    let address = contact.address(world).to_lowercase();
    let [email, like, search] = asked.map(|text| text.map(str::to_lowercase));
    let loose = account.options.loose_email;
    let [first, last, _] = contact.names(world);
    let name = format!("{first} {last}").to_lowercase();
    email.is_none_or(|email| address == email || loose && address.contains(&email))
        && like.is_none_or(|like| address.contains(&like))
        && search.is_none_or(|search| address.contains(&search) || name.contains(&search))
}

/// `GET /contacts/{id}` with what it side-loads; makes the contact's activities (sheet 4.3).
pub(super) fn contact(account: &mut Account, world: &World, id: &str) -> Reply {
    let index = known(account, id)?;
    account.contacts[index].fetched = true;
    let contact = &account.contacts[index];
    let mut body = contact.body(world, account.zone, &account.base);
    let (values, lists) = (
        values_of(account, world, contact),
        lists_of(account, contact),
    );
    let entries = super::automations::of_contact(account, contact.id, true);
    let ids = |rows: &[Value]| rows.iter().map(|row| row["id"].clone()).collect::<Vec<_>>();
    for (name, rows) in [
        ("contactAutomations", &entries),
        ("contactLists", &lists),
        ("fieldValues", &values),
    ] {
        body[name] = json!(ids(rows));
    }
    for name in ["geoIps", "deals", "accountContacts"] {
        body[name] = json!([]);
    }
    Ok(Answer::read(json!({
        "contactAutomations": entries, "contactLists": lists, "deals": [], "fieldValues": values,
        "geoAddresses": [], "geoIps": [], "contact": body,
    })))
}

/// The place of a contact, or 404 in the API's words.
pub(super) fn known(account: &Account, id: &str) -> Result<usize, Refusal> {
    let found = id.parse().ok().and_then(|id| account.contact(id));
    found.ok_or_else(|| Refusal::no_result("Subscriber", id))
}

/// `GET /contacts/{id}/…`: these have no total.
pub(super) fn below(account: &Account, world: &World, id: &str, what: &str) -> Reply {
    let contact = &account.contacts[known(account, id)?];
    let (rows, served) = match what {
        "fieldValues" => (values_of(account, world, contact), Vec::new()),
        "contactLists" => (lists_of(account, contact), Vec::new()),
        "contactTags" => (tags_of(account, contact), Vec::new()),
        "contactAutomations" => (
            super::automations::of_contact(account, contact.id, false),
            Vec::new(),
        ),
        "bounceLogs" => super::campaigns::bounces_of(account, world, contact.id),
        // Fields and conditions of these are not documented: they are always empty here (sheet 4.6, 5).
        "contactLogs" | "trackingLogs" | "scoreValues" | "deals" | "notes" | "geoIps"
        | "contactGoals" | "contactDeals" | "accountContacts" => (Vec::new(), Vec::new()),
        _ => return Err(Refusal::no_route()),
    };
    Ok(Answer::events(json!({what: rows}), served))
}

fn value_body(account: &Account, contact: u32, field: usize, value: &str, at: Seconds) -> Value {
    let id = value_id(contact, field);
    let below = |name: &str| format!("{}/fieldValues/{id}/{name}", account.base);
    let at = account.zone.stamp(at);
    json!({
        "contact": contact.to_string(), "field": (field + 1).to_string(), "value": value,
        "cdate": at, "udate": at, "created_by": "0", "updated_by": "0",
        "links": {"owner": below("owner"), "field": below("field")},
        "id": id, "owner": contact.to_string(),
    })
}

/// The id of a value: the same for as long as contact and field are there.
fn value_id(contact: u32, field: usize) -> String {
    (u64::from(contact) * 1_000 + field as u64 + 1).to_string()
}

/// All values of one contact.
pub(super) fn values_of(account: &Account, world: &World, contact: &Member) -> Vec<Value> {
    let value = |field: usize| {
        let (value, at) = account.value(world, contact, field)?;
        Some(value_body(account, contact.id, field, &value, at))
    };
    (0..account.fields.len()).filter_map(value).collect()
}

/// `GET /fieldValues`: rows that have no filter for what changed since (sheet 3).
pub(super) fn field_values(account: &Account, world: &World, call: &Call) -> Answer {
    let only = call.number("filters[fieldid]");
    let fields: Vec<usize> = (0..account.fields.len())
        .filter(|field| only.is_none_or(|only| only == *field as u64 + 1))
        .collect();
    let text = call.parameter("filters[val]");
    let mut rows = Vec::new();
    for contact in account.living() {
        for field in &fields {
            if let Some((value, at)) = account.value(world, contact, *field)
                && text.is_none_or(|text| value == text)
            {
                rows.push((contact.id, *field, value, at));
            }
        }
    }
    let body = |(contact, field, value, at): &(u32, usize, String, Seconds)| {
        value_body(account, *contact, *field, value, *at)
    };
    let page: Vec<Value> = call.page(&rows).iter().map(body).collect();
    Answer::read(json!({"fieldValues": page, "meta": {"total": rows.len().to_string()}}))
}

fn lists_of(account: &Account, contact: &Member) -> Vec<Value> {
    let body = |place: &super::contact::Membership| {
        let list = account.lists[place.list].id.to_string();
        place.body(contact.id, &list, account.zone, &account.base)
    };
    contact.memberships.iter().map(body).collect()
}

/// `GET /contactLists`: undocumented, and perhaps not there (sheet 3).
pub(super) fn contact_lists(account: &Account, call: &Call) -> Reply {
    if !account.options.global_relations {
        return Err(Refusal::no_route());
    }
    let mut rows: Vec<(&Member, &super::contact::Membership)> = account
        .living()
        .flat_map(|contact| {
            contact
                .memberships
                .iter()
                .map(move |place| (contact, place))
        })
        .collect();
    rows.sort_by_key(|(_, place)| place.id);
    if call.order("id") == Some(true) {
        rows.reverse();
    }
    let mut served = Vec::new();
    let page: Vec<Value> = call
        .page(&rows)
        .iter()
        .map(|(contact, place)| {
            served.extend(super::truth::turn_keys(account, contact, place));
            let list = account.lists[place.list].id.to_string();
            place.body(contact.id, &list, account.zone, &account.base)
        })
        .collect();
    Ok(Answer::events(json!({"contactLists": page}), served))
}

fn tag_body(account: &Account, contact: u32, worn: &Worn) -> Value {
    let below = |name: &str| format!("{}/contactTags/{}/{name}", account.base, worn.link);
    json!({
        "contact": contact.to_string(), "tag": (worn.tag + 1).to_string(), "cdate": account.zone.stamp(worn.at),
        "created_timestamp": account.zone.wall(worn.at), "updated_timestamp": account.zone.wall(worn.at),
        "links": {"contact": below("contact"), "tag": below("tag")}, "id": worn.link.to_string(),
    })
}

fn tags_of(account: &Account, contact: &Member) -> Vec<Value> {
    let body = |worn: &Worn| tag_body(account, contact.id, worn);
    contact.tags.iter().map(body).collect()
}

/// The body of one tag's link, for the answer to a write.
pub(super) fn tag_link(account: &Account, contact: u32, worn: &Worn) -> Value {
    tag_body(account, contact, worn)
}

/// `GET /contactTags`: undocumented, and perhaps not there (sheet 3).
pub(super) fn contact_tags(account: &Account, call: &Call) -> Reply {
    if !account.options.global_relations {
        return Err(Refusal::no_route());
    }
    let mut rows: Vec<(u32, &Worn)> = account
        .living()
        .flat_map(|contact| contact.tags.iter().map(|worn| (contact.id, worn)))
        .collect();
    rows.sort_by_key(|(_, worn)| worn.link);
    let body = |(contact, worn): &(u32, &Worn)| tag_body(account, *contact, worn);
    let page: Vec<Value> = call.page(&rows).iter().map(body).collect();
    Ok(Answer::read(json!({"contactTags": page})))
}

/// One field, as the API writes it.
pub(super) fn field_body(account: &Account, number: usize, field: &Field) -> Value {
    let id = number + 1;
    let at = account.zone.stamp(field.created);
    let relations: Vec<String> = field.related.then(|| id.to_string()).into_iter().collect();
    let below = |name: &str| format!("{}/fields/{id}/{name}", account.base);
    json!({
        "title": field.title, "descript": null, "type": field.kind, "isrequired": "0", "perstag": field.perstag,
        "defval": null, "show_in_list": "0", "rows": "0", "cols": "0", "visible": "1", "service": "",
        "ordernum": id.to_string(), "cdate": at, "udate": at, "options": [], "relations": relations,
        "links": {"options": below("options"), "relations": below("relations")}, "id": id.to_string(),
    })
}

/// `GET /fields`.
pub(super) fn fields(account: &Account, call: &Call) -> Answer {
    let perstag = call.parameter("filters[perstag]");
    let rows: Vec<(usize, &Field)> = account
        .fields
        .iter()
        .enumerate()
        .filter(|(_, field)| perstag.is_none_or(|tag| field.perstag.eq_ignore_ascii_case(tag)))
        .collect();
    let body = |(number, field): &(usize, &Field)| field_body(account, *number, field);
    let page: Vec<Value> = call.page(&rows).iter().map(body).collect();
    Answer::read(json!({
        "fieldOptions": [], "fieldRels": [], "fields": page, "meta": {"total": rows.len().to_string()},
    }))
}

/// One tag, as the API writes it.
pub(super) fn tag(account: &Account, number: usize) -> Value {
    let tag = &account.tags[number];
    let id = number + 1;
    let goals = format!("{}/tags/{id}/contactGoalTags", account.base);
    json!({
        "tagType": "contact", "tag": tag.name, "description": "", "cdate": account.zone.stamp(tag.created),
        "links": {"contactGoalTags": goals}, "id": id.to_string(),
    })
}

/// `GET /tags`: `search` is contained, `filters[search][eq]` is the whole name (sheet 6).
pub(super) fn tags(account: &Account, call: &Call) -> Answer {
    let contained = call.parameter("search").map(str::to_lowercase);
    let whole = call.parameter("filters[search][eq]");
    let rows: Vec<usize> = (0..account.tags.len())
        .filter(|number| {
            let name = &account.tags[*number].name;
            contained
                .as_ref()
                .is_none_or(|part| name.to_lowercase().contains(part.as_str()))
                && whole.is_none_or(|whole| name.eq_ignore_ascii_case(whole))
        })
        .collect();
    let page: Vec<Value> = call
        .page(&rows)
        .iter()
        .map(|number| tag(account, *number))
        .collect();
    Answer::read(json!({"tags": page, "meta": {"total": rows.len().to_string()}}))
}

/// `GET /lists`.
pub(super) fn lists(account: &Account, call: &Call) -> Answer {
    let name = call.parameter("filters[name]");
    let made = account.zone.stamp(account.tags[0].created);
    let body = |list: &&super::account::List| {
        let below = |name: &str| format!("{}/lists/{}/{name}", account.base, list.id);
        json!({
            "id": list.id.to_string(), "stringid": list.name.to_lowercase(), "userid": "1", "user": "1",
            "name": list.name, "cdate": made, "udate": null, "deletestamp": null, "private": "0",
            "sender_name": "Voorbeeld", "sender_url": "https://winkel.example.nl", "sender_reminder": "U leest mee.",
            "links": {
                "contactGoalLists": below("contactGoalLists"), "user": below("user"), "addressLists": below("addressLists"),
            },
        })
    };
    let rows: Vec<&super::account::List> = account
        .lists
        .iter()
        .filter(|list| name.is_none_or(|name| list.name == name))
        .collect();
    let page: Vec<Value> = call.page(&rows).iter().map(body).collect();
    Answer::read(json!({"lists": page, "meta": {"total": rows.len().to_string()}}))
}
