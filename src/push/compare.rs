//! After a restore: what a platform shows is taken for what it was told.
//!
//! The backup holds what was told up to its time; the platform was told more
//! since. Where it shows a field or a tag of ours, that is what it was told.
//! Where it does not, nothing is known, and the value is set again, which is
//! harmless. Done once for each connection, when it was read to its end.

use std::collections::BTreeSet;

use crate::{
    automation::RESTORED,
    config::ConnectionConfig,
    rules::set::RuleSet,
    score::{calendar::Millis, facts::ConnectionId},
    store::{Asked, Lane, NewOutboxRow, OutboxState, Standing, StoreError, Tx},
};

use super::targets::{Targets, field_key, tag_key};

/// What became of what the backup says a platform was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Values that the platform shows.
    pub taken: i64,
    /// Values that it does not show.
    pub unknown: i64,
}

/// Compares every contact of a connection, and remembers that this was done.
pub fn compare(
    tx: &Tx,
    (connection, id): (&ConnectionConfig, ConnectionId),
    rules: &RuleSet,
    now: Millis,
) -> Result<Compared, StoreError> {
    let targets = Targets::new(connection, rules);
    let prefix = connection
        .push
        .tags
        .as_ref()
        .map(|tags| tags.prefix.as_str());
    let fields: Vec<&str> = targets
        .fields
        .iter()
        .map(|(field, _)| field.as_str())
        .collect();
    let asked = Asked {
        rules: None,
        scores: Vec::new(),
        segments: Vec::new(),
        fields,
    };
    let mut all = Compared::default();
    tx.for_each_standing(id, &asked, |standing| {
        let one = Comparing {
            tx,
            id,
            standing,
            now,
        };
        one.fields(&targets, &mut all)?;
        one.tags(&targets, prefix, &mut all)
    })?;
    tx.set_compared(id, (all.taken, all.unknown), now)?;
    Ok(all)
}

/// One contact on one platform.
struct Comparing<'c> {
    tx: &'c Tx,
    id: ConnectionId,
    standing: &'c Standing,
    now: Millis,
}

impl Comparing<'_> {
    fn told(&self, target: &str, value: Option<&str>) -> Result<(), StoreError> {
        let standing = self.standing;
        self.tx.acknowledge(
            standing.contact,
            self.id,
            &standing.platform_id,
            target,
            value,
            self.now,
        )
    }

    fn fields(&self, targets: &Targets, all: &mut Compared) -> Result<(), StoreError> {
        for (field, _) in &targets.fields {
            let key = field_key(field);
            let shown = self.standing.remote_fields.iter();
            let shown = shown.into_iter().find(|(name, ..)| name == field);
            match shown {
                Some((_, value, _)) if !value.is_empty() => {
                    self.told(&key, Some(value))?;
                    all.taken += 1;
                }
                // A first word is no change: it is said again, and no guard counts it.
                _ => {
                    self.tx
                        .forget_acknowledged(self.id, &self.standing.platform_id, &key)?;
                    all.unknown += i64::from(self.standing.acknowledged.contains_key(&key));
                }
            }
        }
        Ok(())
    }

    fn tags(
        &self,
        targets: &Targets,
        prefix: Option<&str>,
        all: &mut Compared,
    ) -> Result<(), StoreError> {
        let mut ours: BTreeSet<String> = tags_of(targets).into_iter().collect();
        let told = self.standing.acknowledged.iter();
        ours.extend(told.filter_map(|(key, (value, _))| {
            let tag = key.strip_prefix("tag:")?;
            value.as_ref().map(|_| tag.to_owned())
        }));
        let Some((shown, _)) = &self.standing.remote_tags else {
            return self.unknown_tags(&ours, all);
        };
        // With our prefix it is ours: nobody else may have put it on, and we may have since.
        if let Some(prefix) = prefix {
            ours.extend(shown.iter().filter(|tag| tag.starts_with(prefix)).cloned());
        }
        for tag in ours {
            let key = tag_key(&tag);
            if shown.contains(&tag) {
                self.told(&key, Some("on"))?;
                all.taken += 1;
            } else if self.standing.acknowledged.contains_key(&key) {
                self.told(&key, None)?;
                all.taken += 1;
            }
        }
        Ok(())
    }

    /// A platform that lists no tags: whatever it was told is in doubt, and is put on or taken off again.
    fn unknown_tags(&self, ours: &BTreeSet<String>, all: &mut Compared) -> Result<(), StoreError> {
        for tag in ours {
            let row = NewOutboxRow {
                plan: None,
                connection: self.id,
                contact: Some(self.standing.contact),
                platform_id: self.standing.platform_id.clone(),
                write: "add tag".to_owned(),
                target: tag_key(tag),
                value: Some("on".to_owned()),
                reason: RESTORED.to_owned(),
                lane: Lane::Set,
            };
            if let Some(number) = self.tx.enqueue(&row, self.now)? {
                self.tx.settle(
                    number,
                    OutboxState::Ambiguous,
                    Some(&row.reason),
                    None,
                    self.now,
                )?;
                all.unknown += 1;
            }
        }
        Ok(())
    }
}

fn tags_of(targets: &Targets) -> Vec<String> {
    let segments = targets.segments.iter().map(|(tag, _)| tag);
    let bands = targets.bands.iter().flat_map(|(_, tags)| tags);
    segments.chain(bands).cloned().collect()
}
