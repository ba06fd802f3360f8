//! The tags of one member.

use serde_json::{Value, json};

use super::account::Account;
use super::answer::{Answer, Problem, Reply};
use super::audience::Audience;
use super::call::{Call, stamp};
use super::journal::Change;

/// The number of the tag that is the segment with this id.
pub(super) fn numbered(list: &Audience, segment: &str) -> Result<u16, Problem> {
    list.tags
        .iter()
        .position(|tag| tag.id.to_string() == segment)
        .and_then(|place| u16::try_from(place).ok())
        .ok_or_else(Problem::not_found)
}

/// All tags of a member, by pages.
pub(super) fn read(account: &Account, call: &Call, list: usize, index: u32) -> Reply {
    let list = &account.audiences[list];
    let worn = &list.members[index as usize].tags;
    let rows: Vec<Value> = call
        .paging()?
        .of(worn)
        .iter()
        .map(|(number, added)| {
            let tag = &list.tags[usize::from(*number)];
            json!({"id": tag.id, "name": tag.name, "date_added": stamp(*added)})
        })
        .collect();
    Ok(Answer::read(
        json!({"tags": rows, "total_items": worn.len()}),
    ))
}

/// Puts tags on and takes them off; unknown ones are made.
pub(super) fn write(account: &mut Account, call: &Call, list: usize, index: u32) -> Reply {
    let wish = call.object()?;
    let Some(Value::Array(rows)) = wish.get("tags") else {
        return Err(Problem::invalid("tags", "This value should not be blank."));
    };
    let mut wanted = Vec::with_capacity(rows.len());
    for row in rows {
        let name = row["name"].as_str().filter(|name| !name.is_empty());
        let on = match row["status"].as_str() {
            Some("active") => Some(true),
            Some("inactive") => Some(false),
            _ => None,
        };
        match (name, on) {
            (Some(name), Some(on)) => wanted.push((name, on)),
            (None, _) => {
                return Err(Problem::invalid(
                    "tags.name",
                    "This value should not be blank.",
                ));
            }
            (_, None) => {
                return Err(Problem::invalid(
                    "tags.status",
                    "This value should be active or inactive.",
                ));
            }
        }
    }
    let quiet = wish.get("is_syncing").and_then(Value::as_bool) == Some(true);
    let mut changed = false;
    for (name, on) in wanted {
        changed |= account.tag(list, index, name, on, quiet);
    }
    Ok(Answer::empty(changed))
}

impl Account {
    /// Puts a tag on a member or takes it off; says whether that changed anything.
    pub(super) fn tag(
        &mut self,
        list: usize,
        index: u32,
        name: &str,
        on: bool,
        quiet: bool,
    ) -> bool {
        let (now, moves) = (self.now, self.options.tags_move_last_changed);
        let audience = &mut self.audiences[list];
        if !on && !audience.tags.iter().any(|tag| tag.name == name) {
            return false;
        }
        let number = audience.tag_named(name, now);
        let member = &mut audience.members[index as usize];
        let changed = member.tag(number, on, now);
        if changed {
            if moves {
                member.touch(now);
            }
            audience.revision += 1;
            let change = Change::Tag {
                name: name.to_owned(),
                on,
                quiet,
            };
            self.note(list, index, change);
        }
        changed
    }
}
