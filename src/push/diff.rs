//! The writes one contact needs: what it is to show less what the platform was last told.
//!
//! Pure. Only tags that the platform acknowledged from us are ever taken off.

use std::collections::BTreeSet;

use engaged_connectors::Write;

use crate::{
    config::OnDrift,
    rules::set::Score,
    score::calendar::Millis,
    store::{IN_DOUBT, Standing},
};

use super::targets::{Targets, field_key, tag_key};

/// One write for one contact, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What to write.
    pub write: Write,
    /// The key of its target.
    pub target: String,
    /// What the platform was last told; `None` if nothing.
    pub before: Option<String>,
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
    /// Whether the platform was told a number or a band before.
    pub told: bool,
    /// Whether a number or a band that the platform was told before is to change.
    pub changed: bool,
}

/// Works out one contact's writes.
pub fn needs(targets: &Targets, scores: &[Score], standing: &Standing) -> Needs {
    let mut needs = Needs::default();
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
    bands(&mut needs, targets, standing);
    for (tag, wanted) in tags(targets, standing) {
        tag_write(&mut needs, targets, &tag, wanted, standing);
    }
    needs
}

/// Whether the platform shows a band, and whether it is to show another: where there are no numbers,
/// bands are all that shows how many scores change.
fn bands(needs: &mut Needs, targets: &Targets, standing: &Standing) {
    for (score, tags) in &targets.bands {
        let told = |tag: &&String| {
            let told = standing.acknowledged.get(&tag_key(tag));
            told.filter(known).is_some_and(|(value, _)| value.is_some())
        };
        let shown = tags.iter().find(told);
        let band = standing.bands.get(*score).copied().flatten();
        needs.told |= shown.is_some();
        needs.changed |= shown.is_some() && shown != band.and_then(|band| tags.get(band));
    }
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
    let stale = ours
        .filter(|tag| !all.iter().any(|each| each == tag))
        .map(|tag| (tag.to_owned(), false));
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
    let moved = number.is_none_or(|number| {
        let far = (shown - number).abs() >= targets.deadband.max(1);
        far || (shown != number && score.band(shown) != score.band(number))
    });
    needs.told |= number.is_some();
    needs.changed |= number.is_some() && moved;
    let drifted = acknowledged.filter(known).is_some_and(|(ours, told_at)| {
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
        moved
    } {
        let write = Write::SetField {
            field: field.to_owned(),
            value: Some(shown.to_string()),
        };
        needs.writes.push(Difference {
            write,
            target: key,
            before,
        });
    }
}

fn tag_write(needs: &mut Needs, targets: &Targets, tag: &str, wanted: bool, standing: &Standing) {
    let key = tag_key(tag);
    let acknowledged = standing.acknowledged.get(&key);
    let ours = acknowledged.is_some_and(|(value, _)| value.is_some());
    let doubt = acknowledged.is_some_and(|told| !known(&told));
    let there = standing
        .remote_tags
        .as_ref()
        .map(|(tags, read_at)| (tags.contains(tag), *read_at));
    let read_since = |read_at: i64| acknowledged.is_some_and(|(_, told_at)| read_at > *told_at);
    let drifted =
        !doubt && there.is_some_and(|(there, read_at)| read_since(read_at) && there != ours);
    if drifted {
        let word = |on: bool| on.then(|| "on".to_owned());
        needs.drifts.push(Drift {
            target: key.clone(),
            ours: word(ours),
            theirs: word(!ours),
        });
    }
    let differs = doubt || wanted != ours || (drifted && targets.on_drift == OnDrift::Ours);
    if !differs || (drifted && targets.on_drift != OnDrift::Ours) {
        return;
    }
    let write = if wanted {
        Write::AddTag {
            tag: tag.to_owned(),
        }
    } else if ours {
        Write::RemoveTag {
            tag: tag.to_owned(),
        }
    } else {
        return;
    };
    let before = acknowledged.and_then(|(value, _)| value.clone());
    needs.writes.push(Difference {
        write,
        target: key,
        before,
    });
}

/// Whether it is known what the platform was told. What is in doubt is written again, whatever is wanted.
fn known(told: &&(Option<String>, Millis)) -> bool {
    told.0.as_deref() != Some(IN_DOUBT)
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
