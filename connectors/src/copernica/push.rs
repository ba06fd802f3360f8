//! Writes fields and interests, one profile at a time: `PUT profile/{id}/fields` and
//! `POST profile/{id}/interests`, which merges (sheet 6). Neither can make a profile.
//!
//! The filtered update of many profiles is not used: where its filter is passed over
//! it writes to everybody. Imports are, where the connection allows them (`import`).
//!
//! Profiles are read before: who is gone, or of another database, is rejected, and
//! what is there already is not written again, since calls are counted and a write
//! may set off a follow-up. They are read again after, since names that Copernica
//! does not know are dropped in silence: only what then is there counts as applied.
//! A column that holds the address or says who may be mailed is never written.

use std::collections::{BTreeMap, BTreeSet};

use ::http::Method;
use serde_json::{Map, Value, json};

use super::{
    Copernica,
    database::{self, Column, Shape},
    import, keyset,
    wire::Profile,
};
use crate::{
    connector::{Change, Outcome, Write, ours::Ours, series::later},
    error::ConnectorError,
    http::{Answer, Failure},
};

/// The most letters of a field or tag. Copernica's own limit is not documented; this is what its screens show.
pub(super) const NAME_MAX: usize = 64;
/// The most letters of a text (sheet 6).
const VALUE_MAX: usize = 255;

/// The number of a profile; anything else could lead to another path.
pub(super) fn number(contact: &str) -> Result<u64, String> {
    let id = contact
        .parse()
        .ok()
        .filter(|id| *id > 0 && !contact.starts_with('+'));
    id.ok_or_else(|| "the contact's id is no profile of Copernica".to_owned())
}

/// A push under way.
pub(super) struct Work<'a> {
    pub(super) copernica: &'a Copernica,
    pub(super) changes: &'a [Change],
    pub(super) outcomes: Vec<Option<Outcome>>,
    pub(super) columns: Vec<Column>,
    /// Whether a request may have changed something.
    pub(super) touched: bool,
    /// Changes whose request was taken: they may be there until they are read.
    taken: BTreeSet<usize>,
    /// What holds for all that is left, once the platform has failed.
    pub(super) rest: Option<Outcome>,
}

/// Changes by profile, as places in the list of changes.
pub(super) type Wishes = BTreeMap<u64, Vec<usize>>;

/// One outcome per change. An `Err` means that nothing was written.
pub(super) async fn push(
    copernica: &Copernica,
    changes: &[Change],
) -> Result<Vec<Outcome>, ConnectorError> {
    let mut work = Work {
        copernica,
        changes,
        outcomes: changes
            .iter()
            .map(|change| fits(change, &copernica.ours).err().map(Outcome::Rejected))
            .collect(),
        columns: Vec::new(),
        touched: false,
        taken: BTreeSet::new(),
        rest: None,
    };
    if work.outcomes.iter().all(Option::is_some) {
        return Ok(work.outcomes.into_iter().flatten().collect());
    }
    let (columns, shape) = database::read(copernica).await?;
    work.columns = columns;
    work.create().await?;
    let mut wishes = Wishes::new();
    for (place, change) in changes.iter().enumerate() {
        if work.outcomes[place].is_none() {
            // That it is a number was looked at before.
            let id = number(&change.contact).unwrap_or_default();
            wishes.entry(id).or_default().push(place);
        }
    }
    let ids: BTreeSet<u64> = wishes.keys().copied().collect();
    match keyset::find(copernica, &ids).await {
        Err(error) if !work.touched => return Err(error),
        Err(error) => work.rest = Some(later(&error)),
        Ok(there) => {
            work.sort(&shape, &there, &mut wishes);
            if copernica.imports {
                import::all(&mut work, &there, &wishes).await?;
                work.confirm(&mut wishes).await;
            }
            let refused = work.round(&wishes).await?;
            work.confirm(&mut wishes).await;
            if work.define(&wishes).await {
                work.round(&wishes).await?;
                work.confirm(&mut wishes).await;
            }
            work.settle(&wishes, &refused);
        }
    }
    let rest = work
        .rest
        .unwrap_or_else(|| Outcome::Retry("not tried".into(), None));
    Ok(work
        .outcomes
        .into_iter()
        .map(|outcome| outcome.unwrap_or_else(|| rest.clone()))
        .collect())
}

/// Whether a change can be asked for at all. Asks nobody.
fn fits(change: &Change, ours: &Ours) -> Result<(), String> {
    let name = |name: &str| {
        let fits = !name.trim().is_empty()
            && name.chars().count() <= NAME_MAX
            && !name.contains(char::is_control);
        fits.then_some(())
            .ok_or_else(|| format!("a name in Copernica has 1 to {NAME_MAX} letters on one line"))
    };
    match &change.write {
        Write::CreateField { field } => name(field),
        Write::SetField { field, value } => {
            let long = value
                .as_ref()
                .is_some_and(|value| value.chars().count() > VALUE_MAX);
            if long {
                return Err(format!(
                    "a text in Copernica has at most {VALUE_MAX} letters"
                ));
            }
            name(field).and(number(&change.contact).map(drop))
        }
        Write::AddTag { tag } | Write::RemoveTag { tag } => {
            if !ours.has_tag(tag) {
                return Err(format!("the tag {tag:?} does not begin with our prefix"));
            }
            name(tag).and(number(&change.contact).map(drop))
        }
    }
}

impl Work<'_> {
    /// Makes the fields that are not there yet. One named in two cases is one (sheet 8).
    async fn create(&mut self) -> Result<(), ConnectorError> {
        for place in 0..self.changes.len() {
            let (Write::CreateField { field }, None) =
                (&self.changes[place].write, &self.outcomes[place])
            else {
                continue;
            };
            if self.rest.is_some() {
                continue;
            }
            if let Some(column) = self.columns.iter().find(|column| column.is(field)) {
                let kind = &column.kind;
                let wrong = || {
                    Outcome::Rejected(format!(
                        "the field is there, and holds no numbers but {kind}"
                    ))
                };
                self.outcomes[place] = Some(if column.is_number() {
                    Outcome::Applied
                } else {
                    wrong()
                });
                continue;
            }
            let path = self.copernica.path("fields");
            // Locked, so that nobody deletes it by mistake (sheet 6).
            let body = json!({"name": field, "type": "integer", "value": "0", "displayed": true, "index": true, "lock": true});
            let sent = self
                .copernica
                .client
                .call(Method::POST, &path)
                .json(&body)
                .send()
                .await;
            let Some(answer) = self.sent(sent, &[place])? else {
                continue;
            };
            self.outcomes[place] = Some(match database::columns(self.copernica).await {
                Ok(columns) => {
                    let there = columns.iter().any(|column| column.is(field));
                    self.columns = columns;
                    if there {
                        Outcome::Applied
                    } else {
                        refused(&answer)
                    }
                }
                Err(error) => Outcome::Ambiguous(error.to_string()),
            });
        }
        Ok(())
    }

    /// What became of a request: its answer, or nothing where the outcome of these changes is known by it.
    pub(super) fn sent(
        &mut self,
        sent: Result<Answer, Failure>,
        places: &[usize],
    ) -> Result<Option<Answer>, ConnectorError> {
        let failure = match sent {
            Ok(answer) => {
                if answer.status().is_success() {
                    self.touched = true;
                    self.taken.extend(places);
                }
                return Ok(Some(answer));
            }
            Err(Failure::NotDone(error)) if !self.touched => return Err(error),
            Err(failure) => failure,
        };
        let doubt = matches!(failure, Failure::Unknown(_));
        self.touched |= doubt;
        let error = ConnectorError::from(failure);
        let own = if doubt {
            Outcome::Ambiguous(error.to_string())
        } else {
            later(&error)
        };
        for place in places {
            self.outcomes[*place] = Some(own.clone());
        }
        self.rest = Some(later(&error));
        Ok(None)
    }

    /// Leaves of the wishes what is to be written.
    fn sort(&mut self, shape: &Shape, there: &BTreeMap<u64, Profile>, wishes: &mut Wishes) {
        for (id, places) in wishes.iter() {
            for place in places {
                let outcome = match (&self.changes[*place].write, there.get(id)) {
                    (_, None) => Some(Outcome::Rejected(
                        "the contact is gone from the database".into(),
                    )),
                    (Write::SetField { field, .. }, _) if shape.forbids(field).is_some() => shape
                        .forbids(field)
                        .map(|why| Outcome::Rejected(why.into())),
                    (Write::SetField { field, .. }, _)
                        // Where the answer to making it was lost it may be there: then nothing is said of it yet.
                        if self.rest.is_none()
                            && !self.columns.iter().any(|column| column.is(field)) =>
                    {
                        Some(Outcome::Rejected(format!(
                            "the database has no field {field:?}"
                        )))
                    }
                    (write, Some(profile)) => {
                        self.is_set(profile, write).then_some(Outcome::Applied)
                    }
                };
                self.outcomes[*place] = outcome;
            }
        }
        self.leave_open(wishes);
    }

    fn leave_open(&self, wishes: &mut Wishes) {
        for places in wishes.values_mut() {
            places.retain(|place| self.outcomes[*place].is_none());
        }
        wishes.retain(|_, places| !places.is_empty());
    }

    /// Whether a profile shows what a change asks for.
    pub(super) fn is_set(&self, profile: &Profile, write: &Write) -> bool {
        match write {
            Write::CreateField { .. } => true,
            Write::AddTag { tag } => profile.has(tag),
            Write::RemoveTag { tag } => !profile.has(tag),
            Write::SetField { field, value } => {
                let own = profile.field(field).unwrap_or_default().trim();
                let wanted = value.as_deref().unwrap_or_default().trim();
                let number = |text: &str| text.parse::<f64>().ok();
                let column = self.columns.iter().find(|column| column.is(field));
                // A number cannot be empty (sheet 6): nought is what is left of it.
                let none = column.is_some_and(Column::is_number)
                    && wanted.is_empty()
                    && number(own) == Some(0.0);
                own == wanted || none || number(own).is_some_and(|own| number(wanted) == Some(own))
            }
        }
    }

    /// Writes to each profile what is open. What was refused, by place.
    async fn round(&mut self, wishes: &Wishes) -> Result<BTreeMap<usize, Outcome>, ConnectorError> {
        let mut said = BTreeMap::new();
        for (id, places) in wishes {
            let (mut fields, mut tags) = (Map::new(), Map::new());
            let is_tag =
                |place: &&usize| !matches!(self.changes[**place].write, Write::SetField { .. });
            let (tagged, set): (Vec<usize>, Vec<usize>) = places.iter().partition(is_tag);
            for place in places {
                match &self.changes[*place].write {
                    Write::SetField { field, value } => {
                        fields.insert(field.clone(), self.value(field, value.as_deref()));
                    }
                    Write::AddTag { tag } => drop(tags.insert(tag.clone(), 1.into())),
                    Write::RemoveTag { tag } => drop(tags.insert(tag.clone(), 0.into())),
                    Write::CreateField { .. } => {}
                }
            }
            let requests = [
                (Method::PUT, "fields", fields, set),
                (Method::POST, "interests", tags, tagged),
            ];
            for (method, below, body, places) in requests {
                if body.is_empty() || self.rest.is_some() {
                    continue;
                }
                let call = self
                    .copernica
                    .client
                    .call(method, &format!("profile/{id}/{below}"));
                let sent = call.json(&body).idempotent().send().await;
                if let Some(answer) = self.sent(sent, &places)?
                    && !answer.status().is_success()
                {
                    said.extend(places.iter().map(|place| (*place, refused(&answer))));
                }
            }
        }
        Ok(said)
    }

    /// A value as it is sent: fields that start something hold words, others numbers where they are some.
    pub(super) fn value(&self, field: &str, value: Option<&str>) -> Value {
        let value = value.unwrap_or_default();
        let starts = self
            .copernica
            .ours
            .fields
            .iter()
            .any(|own| own.eq_ignore_ascii_case(field));
        let number = value.parse::<serde_json::Number>().ok();
        number
            .filter(|_| !starts)
            .map_or_else(|| value.into(), Value::Number)
    }

    /// Reads the profiles again and settles what is there now.
    async fn confirm(&mut self, wishes: &mut Wishes) {
        self.leave_open(wishes);
        if self.rest.is_some() {
            self.doubt(wishes);
        }
        if self.rest.is_some() || !self.touched {
            return;
        }
        let ids: BTreeSet<u64> = wishes.keys().copied().collect();
        match keyset::find(self.copernica, &ids).await {
            Err(error) => {
                // Written or not, nobody can say now.
                for place in wishes.values().flatten() {
                    self.outcomes[*place] = Some(Outcome::Ambiguous(error.to_string()));
                }
            }
            Ok(there) => {
                for (id, places) in wishes.iter() {
                    for place in places {
                        let set =
                            |profile: &Profile| self.is_set(profile, &self.changes[*place].write);
                        self.outcomes[*place] = match there.get(id) {
                            None => Some(Outcome::Rejected(
                                "the contact is gone from the database".into(),
                            )),
                            Some(profile) => set(profile).then_some(Outcome::Applied),
                        };
                    }
                }
            }
        }
        self.leave_open(wishes);
    }

    /// The platform has failed, and what it took before that was not read again. It is not to be done later as if it had
    /// not been done: once nobody wants it any more, it would stay.
    fn doubt(&mut self, wishes: &Wishes) {
        for place in wishes.values().flatten() {
            if self.taken.contains(place) {
                let why = "Copernica took the write and failed before it was read again";
                self.outcomes[*place] = Some(Outcome::Ambiguous(why.into()));
            }
        }
    }

    /// Makes the interests that profiles did not take, which may not be defined yet; whether there are any.
    async fn define(&mut self, wishes: &Wishes) -> bool {
        let open = wishes
            .values()
            .flatten()
            .map(|place| &self.changes[*place].write);
        let tags: BTreeSet<&String> = open
            .filter_map(|write| {
                if let Write::AddTag { tag } = write {
                    Some(tag)
                } else {
                    None
                }
            })
            .collect();
        let path = self.copernica.path("interests");
        for tag in &tags {
            let body = json!({"name": tag, "group": "engaged"});
            // One that is there is refused, and that is as good: what profiles show afterwards decides.
            let made = self
                .copernica
                .client
                .call(Method::POST, &path)
                .json(&body)
                .send()
                .await;
            self.touched |= !matches!(made, Err(Failure::NotDone(_)));
        }
        !tags.is_empty() && self.rest.is_none()
    }

    /// What was written and does not show is in doubt; what was refused is refused.
    fn settle(&mut self, wishes: &Wishes, said: &BTreeMap<usize, Outcome>) {
        if self.rest.is_some() {
            return;
        }
        for place in wishes.values().flatten() {
            let silent =
                || Outcome::Ambiguous("Copernica took the write and does not show it".into());
            self.outcomes[*place] = Some(said.get(place).cloned().unwrap_or_else(silent));
        }
    }
}

fn refused(answer: &Answer) -> Outcome {
    Outcome::Rejected(answer.words())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_number_of_a_profile_leads_to_a_path() {
        assert_eq!(number("18381"), Ok(18381));
        for id in ["", "0", "+1", "-1", "1/unsubscribe", "1?x", "jan"] {
            assert!(number(id).is_err(), "{id}");
        }
    }
}
