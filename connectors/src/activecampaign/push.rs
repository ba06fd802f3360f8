//! Writes fields and tags, contact by contact: one request for all fields of a contact, and one for each tag.
//!
//! A contact is only ever updated by its id (`PUT /contacts/{id}`), with `fieldValues` and nothing else: whoever is
//! gone answers 404. `contact/sync` and the bulk import make contacts of unknown addresses (sheet 6, 8). The first is never
//! used, the second only where somebody decided so; see `bulk`.
//!
//! Whether a tag that is put on twice is there twice is not documented, so a contact's tags are read first. To take one
//! off needs the id of the link between both in any case.

mod bulk;

use std::collections::BTreeMap;

use ::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    ActiveCampaign,
    fields::{self, Field},
    one::contact_tags,
    walk::{self, List},
    wire::{id, is_id, text},
};
use crate::{
    connector::{
        Change, Outcome, Write,
        ours::{FOREIGN_TAG, Ours},
        series::later,
    },
    error::ConnectorError,
    http::Failure,
    model::Address,
};

/// The longest name of a tag that is made; the platform's own limit is not documented.
const TAG_MAX: usize = 250;
const GONE: &str = "the contact is gone from the platform";

/// What is done at one contact.
#[derive(Default)]
struct Work<'a> {
    /// By field: the value, and the changes that ask for it.
    fields: BTreeMap<&'a str, (&'a str, Vec<usize>)>,
    /// Tags in the order of the changes.
    tags: Vec<(&'a str, bool, usize)>,
    /// The address as last read.
    email: Option<&'a Address>,
}

/// What is known of the account during one push.
#[derive(Default)]
struct Known {
    fields: Option<Vec<Field>>,
    tags: BTreeMap<String, Option<String>>,
}

/// One outcome per change. An `Err` means that nothing was written.
pub(super) async fn push(
    ac: &ActiveCampaign,
    changes: &[Change],
) -> Result<Vec<Outcome>, ConnectorError> {
    // Each stands until its contact's turn has come.
    let mut outcomes = vec![not_tried(); changes.len()];
    let (mut create, mut contacts) = (Vec::new(), Vec::<(&str, Work<'_>)>::new());
    let mut places = BTreeMap::new();
    for (row, change) in changes.iter().enumerate() {
        if let Err(reason) = allowed(change, &ac.ours) {
            outcomes[row] = Outcome::Rejected(reason.to_owned());
            continue;
        }
        if let Write::CreateField { field } = &change.write {
            create.push((field.as_str(), row));
            continue;
        }
        let own = change.contact.as_str();
        let place = *places.entry(own).or_insert_with(|| {
            contacts.push((own, Work::default()));
            contacts.len() - 1
        });
        contacts[place].1.email = change.email.as_ref();
        add(&mut contacts[place].1, &change.write, row);
    }
    let mut run = Run {
        outcomes,
        touched: false,
        known: Known::default(),
    };
    let mut stopped = None;
    for (field, row) in create {
        if let Some(rest) = &stopped {
            run.outcomes[row] = Outcome::clone(rest);
            continue;
        }
        let done = make(ac, &mut run.known, field).await;
        stopped = run.settle(done, &[row])?;
    }
    if stopped.is_none() && ac.bulk {
        stopped = bulk::write(ac, &mut run, &mut contacts).await?;
    }
    for (own, work) in contacts {
        if stopped.is_none() && !work.fields.is_empty() {
            stopped = write_fields(ac, &mut run, own, &work).await?;
        }
        if stopped.is_none() && !work.tags.is_empty() {
            stopped = write_tags(ac, &mut run, own, &work.tags).await?;
        }
        if let Some(rest) = &stopped {
            // The platform is not well, or the key is not: the rest would fare no better.
            run.leave(&work, rest);
        }
    }
    Ok(run.outcomes)
}

/// A push under way.
struct Run {
    outcomes: Vec<Outcome>,
    /// Whether a request may have changed something.
    touched: bool,
    known: Known,
}

impl Run {
    /// Leaves what was not tried of a contact's work.
    fn leave(&mut self, work: &Work<'_>, rest: &Outcome) {
        let fields = work.fields.values().flat_map(|(_, rows)| rows);
        for row in fields.chain(work.tags.iter().map(|(_, _, row)| row)) {
            if self.outcomes[*row] == not_tried() {
                self.outcomes[*row] = rest.clone();
            }
        }
    }

    /// Notes what became of rows; what holds for the rest, if the push ends here.
    fn settle(
        &mut self,
        done: Result<Outcome, Failure>,
        rows: &[usize],
    ) -> Result<Option<Outcome>, ConnectorError> {
        let (outcome, rest) = match done {
            Ok(outcome) => (outcome, None),
            Err(Failure::NotDone(error)) if !self.touched => return Err(error),
            Err(failure) => {
                let doubt = matches!(failure, Failure::Unknown(_));
                let error = ConnectorError::from(failure);
                let rest = later(&error);
                let own = if doubt {
                    Outcome::Ambiguous(error.to_string())
                } else {
                    rest.clone()
                };
                (own, Some(rest))
            }
        };
        self.touched = true;
        for row in rows {
            self.outcomes[*row] = outcome.clone();
        }
        Ok(rest)
    }
}

fn not_tried() -> Outcome {
    Outcome::Retry("not tried".into(), None)
}

fn add<'a>(work: &mut Work<'a>, write: &'a Write, row: usize) {
    match write {
        Write::SetField { field, value } => {
            let value = value.as_deref().unwrap_or_default();
            let entry = work.fields.entry(field).or_default();
            entry.0 = value;
            entry.1.push(row);
        }
        Write::AddTag { tag } => work.tags.push((tag, true, row)),
        Write::RemoveTag { tag } => work.tags.push((tag, false, row)),
        Write::CreateField { .. } => {}
    }
}

/// Whether a change may be made here, by what is known without a request.
fn allowed(change: &Change, ours: &Ours) -> Result<(), &'static str> {
    match &change.write {
        Write::CreateField { field } => return fields::check(field),
        Write::SetField { value, .. } => {
            let odd = |value: &String| value.contains("||");
            if value.as_ref().is_some_and(odd) {
                return Err("two bars part the values of a field with several");
            }
        }
        Write::AddTag { tag } | Write::RemoveTag { tag } => {
            if !ours.has_tag(tag) {
                return Err(FOREIGN_TAG);
            }
            // Commas part the tags that webhooks show (sheet 7).
            let odd = |c: char| c.is_control() || c == ',';
            if tag.is_empty() || tag.trim() != tag || tag.contains(odd) {
                return Err("ActiveCampaign cannot keep a tag of this form");
            }
            if tag.chars().count() > TAG_MAX {
                return Err("the tag is longer than 250 characters");
            }
        }
    }
    known_shape(&change.contact)
}

/// Whether this may be the id of a contact.
pub(super) fn known_shape(contact: &str) -> Result<(), &'static str> {
    is_id(contact)
        .then_some(())
        .ok_or("the contact's id is not one of ActiveCampaign's")
}

async fn make(ac: &ActiveCampaign, known: &mut Known, field: &str) -> Result<Outcome, Failure> {
    let all = fields::all(ac).await.map_err(Failure::NotDone)?;
    let outcome = fields::create(ac, field, &all).await?;
    // Looked up again by who needs it.
    known.fields = None;
    Ok(outcome)
}

/// The values of a contact's fields by the fields' ids, and whose they are. A field that cannot be written is refused.
async fn values<'a>(
    ac: &ActiveCampaign,
    run: &mut Run,
    work: &Work<'a>,
) -> Result<(Vec<(u64, &'a str)>, Vec<usize>), ConnectorError> {
    let known = match run.known.fields.take() {
        Some(known) => known,
        None => fields::all(ac).await?,
    };
    let (mut values, mut rows) = (Vec::new(), Vec::new());
    for (name, (value, asked)) in &work.fields {
        let reason = match known.iter().find(|field| field.perstag == *name) {
            Some(field) if field.free => {
                values.push((field.id.parse().unwrap_or_default(), *value));
                rows.extend(asked);
                continue;
            }
            Some(_) => format!("the field {name} is not of type text"),
            None => format!("there is no field {name}"),
        };
        for row in asked {
            run.outcomes[*row] = Outcome::Rejected(reason.clone());
        }
    }
    run.known.fields = Some(known);
    Ok((values, rows))
}

/// Writes all fields of one contact.
async fn write_fields(
    ac: &ActiveCampaign,
    run: &mut Run,
    own: &str,
    work: &Work<'_>,
) -> Result<Option<Outcome>, ConnectorError> {
    let (values, rows) = match values(ac, run, work).await {
        Ok(values) => values,
        Err(error) => {
            let rows = work.fields.values().flat_map(|(_, rows)| rows.clone());
            let rows: Vec<usize> = rows.collect();
            return run.settle(Err(Failure::NotDone(error)), &rows);
        }
    };
    if values.is_empty() {
        return Ok(None);
    }
    let value = |(field, value): (u64, &str)| json!({"field": field.to_string(), "value": value});
    let values: Vec<Value> = values.into_iter().map(value).collect();
    let path = format!("contacts/{own}");
    let body = json!({"contact": {"fieldValues": values}});
    let call = ac.client.call(Method::PUT, &path).json(&body);
    let done = call
        .idempotent()
        .send()
        .await
        .map(|answer| match answer.status() {
            StatusCode::NOT_FOUND => Outcome::Rejected(GONE.into()),
            status if !status.is_success() => Outcome::Rejected(answer.words()),
            // Some successes carry a failure (sheet 2): the contact must be in it.
            _ => match answer.json::<Value>() {
                Ok(page) if id(&page["contact"], "id").as_deref() == Some(own) => Outcome::Applied,
                Ok(_) => Outcome::Ambiguous("the answer does not show the contact".into()),
                Err(error) => Outcome::Ambiguous(error.to_string()),
            },
        });
    run.settle(done, &rows)
}

/// Puts tags on one contact and takes them off.
async fn write_tags(
    ac: &ActiveCampaign,
    run: &mut Run,
    own: &str,
    tags: &[(&str, bool, usize)],
) -> Result<Option<Outcome>, ConnectorError> {
    let rows: Vec<usize> = tags.iter().map(|(_, _, row)| *row).collect();
    let mut links = match contact_tags(ac, own).await {
        Ok(Some(links)) => links,
        Ok(None) => return run.settle(Ok(Outcome::Rejected(GONE.into())), &rows),
        Err(error) => return run.settle(Err(Failure::NotDone(error)), &rows),
    };
    for (name, add, row) in tags {
        let done = turn(ac, &mut run.known, own, (name, *add), &mut links).await;
        if let Some(rest) = run.settle(done, &[*row])? {
            return Ok(Some(rest));
        }
    }
    Ok(None)
}

/// One tag of one contact.
async fn turn(
    ac: &ActiveCampaign,
    known: &mut Known,
    own: &str,
    (name, add): (&str, bool),
    links: &mut Vec<Value>,
) -> Result<Outcome, Failure> {
    let tag = match known.tags.get(name) {
        Some(Some(tag)) => Some(tag.clone()),
        Some(None) if !add => None,
        _ => match tag(ac, name, add).await? {
            Ok(tag) => {
                known.tags.insert(name.to_owned(), tag.clone());
                tag
            }
            Err(outcome) => return Ok(outcome),
        },
    };
    let Some(tag) = tag else {
        return Ok(Outcome::Applied);
    };
    let linked = |link: &Value| id(link, "tag").as_ref() == Some(&tag);
    if add {
        if links.iter().any(linked) {
            return Ok(Outcome::Applied);
        }
        return put_on(ac, own, &tag, links).await;
    }
    while let Some(place) = links.iter().position(linked) {
        let Some(link) = id(&links[place], "id") else {
            return Ok(Outcome::Rejected("the link to the tag has no id".into()));
        };
        let path = format!("contactTags/{link}");
        let answer = ac
            .client
            .call(Method::DELETE, &path)
            .idempotent()
            .send()
            .await?;
        if !answer.status().is_success() && answer.status() != StatusCode::NOT_FOUND {
            return Ok(Outcome::Rejected(answer.words()));
        }
        links.remove(place);
    }
    Ok(Outcome::Applied)
}

/// Puts a tag on a contact who does not have it.
async fn put_on(
    ac: &ActiveCampaign,
    own: &str,
    tag: &str,
    links: &mut Vec<Value>,
) -> Result<Outcome, Failure> {
    let number = |text: &str| text.parse::<u64>().unwrap_or_default();
    let body = json!({"contactTag": {"contact": number(own), "tag": number(tag)}});
    let call = ac.client.call(Method::POST, "contactTags").json(&body);
    let answer = call.send().await?;
    Ok(match answer.status() {
        StatusCode::NOT_FOUND => Outcome::Rejected(GONE.into()),
        status if !status.is_success() => Outcome::Rejected(answer.words()),
        _ => match answer.json::<Value>() {
            Ok(page) if id(&page["contactTag"], "id").is_some() => {
                links.push(page["contactTag"].clone());
                Outcome::Applied
            }
            Ok(_) => Outcome::Ambiguous("the answer does not show the tag".into()),
            Err(error) => Outcome::Ambiguous(error.to_string()),
        },
    })
}

/// The id of a tag by its name; made where it is missing and needed.
async fn tag(
    ac: &ActiveCampaign,
    name: &str,
    needed: bool,
) -> Result<Result<Option<String>, Outcome>, Failure> {
    match look_up(ac, name).await.map_err(Failure::NotDone)? {
        Found::Tag(found) => return Ok(Ok(Some(found))),
        Found::Absent if !needed => return Ok(Ok(None)),
        Found::Unsaid if !needed => {
            let reason = "ActiveCampaign answered with other tags than the one that was asked for";
            return Ok(Err(Outcome::Retry(reason.into(), None)));
        }
        Found::Absent | Found::Unsaid => {}
    }
    let body = json!({"tag": {"tag": name, "tagType": "contact", "description": ""}});
    let answer = ac
        .client
        .call(Method::POST, "tags")
        .json(&body)
        .send()
        .await;
    let answer = match answer {
        Ok(answer) => answer,
        // A tag more or less touches nobody: a doubt about it is none about the contact.
        Err(failure) => {
            return match look_up(ac, name).await {
                Ok(Found::Tag(tag)) => Ok(Ok(Some(tag))),
                _ => Err(Failure::NotDone(failure.into())),
            };
        }
    };
    let made = answer.json::<Value>().unwrap_or_default();
    if let Some(made) = id(&made["tag"], "id") {
        return Ok(Ok(Some(made)));
    }
    match look_up(ac, name).await.map_err(Failure::NotDone)? {
        Found::Tag(found) => Ok(Ok(Some(found))),
        Found::Absent | Found::Unsaid => Ok(Err(Outcome::Rejected(answer.words()))),
    }
}

/// What a search says of a tag.
enum Found {
    /// Its id.
    Tag(String),
    /// There is none.
    Absent,
    /// The answer was about other names: it says nothing about this one.
    Unsaid,
}

/// The tag of exactly that name. The search finds what contains it; where nothing does, another search was answered.
async fn look_up(ac: &ActiveCampaign, name: &str) -> Result<Found, ConnectorError> {
    let list = List {
        path: "tags",
        name: "tags",
        query: &[("search", name)],
    };
    let rows = walk::all(ac, &list).await?;
    let ours =
        |row: &&Value| row["tagType"] != "template" && text(row, "tag").as_deref() == Some(name);
    if let Some(tag) = rows.iter().find(ours).and_then(|row| id(row, "id")) {
        return Ok(Found::Tag(tag));
    }
    let lower = name.to_lowercase();
    let alike =
        |row: &Value| text(row, "tag").is_some_and(|tag| tag.to_lowercase().contains(&lower));
    Ok(if rows.is_empty() || rows.iter().any(alike) {
        Found::Absent
    } else {
        Found::Unsaid
    })
}
