//! Bands that nobody can be in, and points without a band.

use super::{
    Place, Warning,
    points::{least, most, points},
};
use crate::rules::set::{BandLimit, Score};

pub(super) fn lint(score: &Score) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let (bottom, top) = shown(score);
    // The points from which an earlier band takes everything.
    let mut taken: Option<(i64, &str)> = None;
    for (at, band) in score.bands.iter().enumerate() {
        let from = match band.limit {
            BandLimit::Above(limit) => limit.saturating_add(1),
            BandLimit::From(limit) => limit,
            BandLimit::Rest => i64::MIN,
        };
        let reason = match (taken, top) {
            (Some((start, name)), _) if from >= start || bottom.is_some_and(|b| b >= start) => {
                Some((
                    format!("`{name}` above it takes all its points"),
                    "bands are tested from the top: the highest first",
                ))
            }
            (_, Some(top)) if from > top => Some((
                format!(
                    "the rules give no more than {} points",
                    points(top.saturating_mul(1000))
                ),
                "begin it lower, or give more points",
            )),
            _ => None,
        };
        if let Some((reason, help)) = reason {
            warnings.push(Warning {
                place: Place::Band {
                    score: score.name.clone(),
                    band: at,
                },
                message: format!("nobody can be in band `{}`: {reason}", band.name),
                help: Some(help.into()),
            });
        }
        if taken.is_none_or(|(start, _)| from < start) {
            taken = Some((from, &band.name));
        }
    }
    let uncovered = |(start, _)| start > i64::MIN && bottom.is_none_or(|bottom| bottom < start);
    if taken.is_some_and(uncovered) {
        warnings.push(Warning {
            place: Place::Bands(score.name.clone()),
            message: "there is no last band for the rest of the points".into(),
            help: Some("add a band without `above` and `from`".into()),
        });
    }
    warnings
}

/// The least and the most points that can be shown; `None` where there is no limit.
fn shown(score: &Score) -> (Option<i64>, Option<i64>) {
    // Rounded outwards: what might be reached is not warned about.
    let (bottom, top) = if score.model.is_some() {
        (Some(0), Some(100))
    } else {
        (
            least(score).map(|sum| sum.div_euclid(1000)),
            most(score).map(|sum| sum.saturating_add(999).div_euclid(1000)),
        )
    };
    match score.range {
        None => (bottom, top),
        Some((low, high)) => (
            Some(bottom.map_or(low, |bottom| bottom.clamp(low.min(high), high))),
            Some(top.map_or(high, |top| top.clamp(low.min(high), high))),
        ),
    }
}
