//! The writes one contact needs: what it is to show less what the platform was last told.
//!
//! Pure. Only tags that we put on are ever taken off: those that the platform
//! acknowledged from us, and those that a request of ours may have put on. With
//! `on_drift = "ours"` also those that we took off again and that are there all the same.

use std::collections::{BTreeMap, BTreeSet};

use engaged_connectors::Write;

use crate::{config::OnDrift, rules::set::Score, score::calendar::Millis, store::Standing};

use super::{
    plan::value,
    targets::{Targets, field_key, tag_key},
};

/// One write for one contact, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What to write.
    pub write: Write,
    /// The key of its target.
    pub target: String,
    /// What the platform was last told; `None` if nothing.
    pub before: Option<String>,
    /// Whether this changes what the platform was told, and nobody let it pass yet: what
    /// `max_score_change` counts. A first word is not a change, nor is repeating one.
    pub changes: bool,
}

/// A field or tag of ours that somebody else changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// The key of its target.
    pub target: String,
    /// What the platform was last told.
    pub ours: Option<String>,
    /// What is there.
    pub theirs: Option<String>,
}

/// What one contact needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The writes, in the order of their targets.
    pub writes: Vec<Difference>,
    /// What somebody else changed, whether or not it is written again.
    pub drifts: Vec<Drift>,
    /// Whether the platform was told anything about the contact before.
    pub told: bool,
}

/// Works out one contact's writes. `approved` has the targets whose first push a person let pass, and when.
pub fn needs(
    targets: &Targets,
    scores: &[Score],
    approved: &BTreeMap<String, Millis>,
    standing: &Standing,
) -> Needs {
    let mut needs = Needs {
        told: !standing.acknowledged.is_empty(),
        ..Needs::default()
    };
    for (field, score) in &targets.fields {
        number(
            &mut needs,
            targets,
            field,
            &scores[*score],
            standing.shown.get(*score).copied().flatten(),
            standing,
        );
    }
    for (tag, wanted) in tags(targets, standing) {
        tag_write(&mut needs, targets, &tag, wanted, standing);
    }
    for write in &mut needs.writes {
        write.changes = changes(write, approved, standing);
    }
    needs
}

/// What comes off a contact for whom nothing is to be shown: all that the platform acknowledged from us, and all that a
/// request of ours may have left there. An edit by somebody else keeps nothing of ours in its place.
pub fn nothing(approved: &BTreeMap<String, Millis>, standing: &Standing) -> Needs {
    let ours = standing.acknowledged.iter();
    let ours = ours.filter_map(|(key, (value, _))| value.as_ref().map(|_| key));
    let doubts = standing.open.iter().filter(|(_, open)| open.in_doubt);
    let keys: BTreeSet<&String> = ours.chain(doubts.map(|(key, _)| key)).collect();
    let write = |key: &String| {
        let write = if let Some(field) = key.strip_prefix("field:") {
            Write::SetField {
                field: field.to_owned(),
                value: None,
            }
        } else {
            Write::RemoveTag {
                tag: key.strip_prefix("tag:")?.to_owned(),
            }
        };
        let acknowledged = standing.acknowledged.get(key);
        let mut difference = Difference {
            write,
            target: key.clone(),
            before: acknowledged.and_then(|(value, _)| value.clone()),
            changes: false,
        };
        difference.changes = changes(&difference, approved, standing);
        Some(difference)
    };
    Needs {
        writes: keys.into_iter().filter_map(write).collect(),
        drifts: Vec::new(),
        told: !standing.acknowledged.is_empty(),
    }
}

/// Whether a write changes what the platform was told. A tag that a contact never had, though it was
/// told other things since the tag was approved, is one that it now gets.
fn changes(
    difference: &Difference,
    approved: &BTreeMap<String, Millis>,
    standing: &Standing,
) -> bool {
    let after = value(&difference.write);
    let waits = standing.open.get(&difference.target);
    if waits.is_some_and(|open| open.value == after) {
        return false;
    }
    if standing.acknowledged.contains_key(&difference.target) {
        return difference.before != after;
    }
    let told_at = standing.acknowledged.values().map(|(_, told_at)| told_at);
    let since = approved.get(&difference.target);
    let tag = matches!(difference.write, Write::AddTag { .. });
    tag && since.is_some_and(|since| told_at.max().is_some_and(|told_at| since <= told_at))
}

/// Every tag of ours and whether the contact is to have it.
fn tags(targets: &Targets, standing: &Standing) -> Vec<(String, bool)> {
    let mut wanted = BTreeSet::new();
    let mut all = BTreeSet::new();
    for (tag, segment) in &targets.segments {
        all.insert(tag);
        if standing.segments.contains(segment) {
            wanted.insert(tag);
        }
    }
    for (score, bands) in &targets.bands {
        all.extend(bands);
        let band = standing.bands.get(*score).copied().flatten();
        wanted.extend(band.and_then(|band| bands.get(band)));
    }
    // A tag that the rules no longer know, but that we put on, comes off.
    let ours = standing
        .acknowledged
        .iter()
        .filter_map(|(key, (value, _))| value.as_ref().and_then(|_| key.strip_prefix("tag:")));
    let doubts = standing.open.iter().filter(|(_, open)| open.in_doubt);
    let doubts = doubts.filter_map(|(key, _)| key.strip_prefix("tag:"));
    let stale: BTreeSet<(String, bool)> = ours
        .chain(doubts)
        .filter(|tag| !all.iter().any(|each| each == tag))
        .map(|tag| (tag.to_owned(), false))
        .collect();
    let known = all
        .iter()
        .map(|tag| ((*tag).clone(), wanted.contains(*tag)));
    let mut tags: Vec<(String, bool)> = known.chain(stale).collect();
    tags.sort();
    tags
}

fn number(
    needs: &mut Needs,
    targets: &Targets,
    field: &str,
    score: &Score,
    shown: Option<i64>,
    standing: &Standing,
) {
    let Some(shown) = shown else { return };
    let key = field_key(field);
    let acknowledged = standing.acknowledged.get(&key);
    let before = acknowledged.and_then(|(value, _)| value.clone());
    let number = before.as_deref().and_then(|text| text.parse::<i64>().ok());
    let in_doubt = in_doubt(standing, &key);
    let moved = number.is_none_or(|number| {
        let far = (shown - number).abs() >= targets.deadband.max(1);
        far || (shown != number && score.band(shown) != score.band(number))
    });
    let drifted = acknowledged.filter(|_| !in_doubt);
    let drifted = drifted.is_some_and(|(ours, told_at)| {
        let theirs = standing
            .remote_fields
            .iter()
            .find(|(name, _, _)| name == field);
        let edited = theirs.filter(|(_, value, read_at)| {
            read_at > told_at && !same_number(ours.as_deref(), value)
        });
        if let Some((_, theirs, _)) = edited {
            needs.drifts.push(Drift {
                target: key.clone(),
                ours: ours.clone(),
                theirs: Some(theirs.clone()),
            });
        }
        edited.is_some()
    });
    if if drifted {
        targets.on_drift == OnDrift::Ours
    } else {
        moved || in_doubt
    } {
        let write = Write::SetField {
            field: field.to_owned(),
            value: Some(shown.to_string()),
        };
        needs.writes.push(Difference {
            write,
            target: key,
            before,
            changes: false,
        });
    }
}

fn tag_write(needs: &mut Needs, targets: &Targets, tag: &str, wanted: bool, standing: &Standing) {
    let key = tag_key(tag);
    let acknowledged = standing.acknowledged.get(&key);
    let ours = acknowledged.is_some_and(|(value, _)| value.is_some());
    let there = standing
        .remote_tags
        .as_ref()
        .map(|(tags, read_at)| (tags.contains(tag), *read_at));
    let in_doubt = in_doubt(standing, &key);
    let read_since = |read_at: i64| acknowledged.is_some_and(|(_, told_at)| read_at > *told_at);
    let drifted =
        !in_doubt && there.is_some_and(|(there, read_at)| read_since(read_at) && there != ours);
    if drifted {
        let word = |on: bool| on.then(|| "on".to_owned());
        needs.drifts.push(Drift {
            target: key.clone(),
            ours: word(ours),
            theirs: word(!ours),
        });
    }
    let differs = in_doubt || wanted != ours || (drifted && targets.on_drift == OnDrift::Ours);
    if !differs || (drifted && targets.on_drift != OnDrift::Ours) {
        return;
    }
    let write = if wanted {
        Write::AddTag {
            tag: tag.to_owned(),
        }
    } else if ours || in_doubt || drifted {
        // Acknowledged as off, so we had put it on; `drifted` is only so far where ours counts.
        Write::RemoveTag {
            tag: tag.to_owned(),
        }
    } else {
        return;
    };
    let before = ours.then(|| "on".to_owned());
    needs.writes.push(Difference {
        write,
        target: key,
        before,
        changes: false,
    });
}

/// Whether a request for this target was made of which nobody knows what became of it. Then
/// neither what was acknowledged nor what was read says what is there, and it is written again.
fn in_doubt(standing: &Standing, target: &str) -> bool {
    standing.open.get(target).is_some_and(|open| open.in_doubt)
}

/// Whether two texts are the same number, or the same text.
fn same_number(ours: Option<&str>, theirs: &str) -> bool {
    let ours = ours.unwrap_or("");
    let number = |text: &str| text.trim().parse::<f64>().ok();
    match (number(ours), number(theirs)) {
        (Some(ours), Some(theirs)) => (ours - theirs).abs() < 1e-9,
        _ => ours == theirs.trim(),
    }
}
