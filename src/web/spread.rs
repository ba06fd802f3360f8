//! A score's spread as a histogram: bins of points, bands, an earlier day, and those who are not judged beside it.

use super::chart::{self, Apart, Bin, Histogram, histogram};
use crate::{
    rules::set::{BandLimit, Score},
    store::AtPoints,
    text::{Key, Say, key},
};

/// No more bins than these; a phone shows as many.
const BINS_MAX: i64 = 40;

/// What one histogram is drawn from.
pub(super) struct Spread<'a> {
    /// The score, as the rules have it.
    pub(super) score: &'a Score,
    /// Contacts at each number of points now, the fewest points first.
    pub(super) now: &'a [AtPoints],
    /// The same on an earlier day, and what that is called.
    pub(super) before: Option<(String, Vec<AtPoints>)>,
    /// Who is not judged: reasons and numbers.
    pub(super) unjudged: &'a [(String, i64)],
}

/// Why somebody is not judged, by the word that is stored.
pub(super) fn unjudged_key(reason: &str) -> Key {
    match reason {
        "too_new" => key("unjudged-too-new"),
        "no_tracking" => key("unjudged-no-tracking"),
        "not_tracked" => key("unjudged-not-tracked"),
        "not_mailed" => key("unjudged-not-mailed"),
        "too_few_sends" => key("unjudged-too-few-sends"),
        "coverage_gap" => key("unjudged-coverage-gap"),
        "unmeasurable" => key("unjudged-unmeasurable"),
        _ => key("unjudged-other"),
    }
}

/// The bands from the lowest, with the first whole point of each.
fn bands(score: &Score) -> Vec<(String, Option<i64>)> {
    let bands = score.bands.iter().rev();
    bands
        .map(|band| {
            let from = match band.limit {
                BandLimit::Above(points) => Some(points.saturating_add(1)),
                BandLimit::From(points) => Some(points),
                BandLimit::Rest => None,
            };
            (band.name.clone(), from)
        })
        .collect()
}

/// The place of a band from the lowest, and how many there are: what its colour goes by.
pub(super) fn colour(score: &Score, band: Option<&str>) -> chart::Colour {
    let place = score
        .bands
        .iter()
        .rev()
        .position(|each| Some(each.name.as_str()) == band);
    match place {
        Some(index) => chart::Colour::Band {
            index,
            of: score.bands.len(),
        },
        None => chart::Colour::Unjudged,
    }
}

impl Spread<'_> {
    /// The histogram, without its frame.
    pub(super) fn histogram(&self, say: Say) -> Histogram {
        let edges = self.edges();
        let count = |points: &[AtPoints], (from, until): (i64, i64)| -> u64 {
            let inside = points.iter().filter(|at| (from..until).contains(&at.shown));
            inside
                .map(|at| u64::try_from(at.contacts).unwrap_or(0))
                .sum()
        };
        let bins = edges.iter().map(|(from, until)| Bin {
            from: from.saturating_mul(1_000),
            until: until.saturating_mul(1_000),
            contacts: count(self.now, (*from, *until)),
        });
        let before = self.before.as_ref().map(|(label, points)| chart::Before {
            label: label.clone(),
            contacts: edges.iter().map(|edge| count(points, *edge)).collect(),
        });
        let groups: Vec<(String, u64)> = self
            .unjudged
            .iter()
            .map(|(reason, contacts)| {
                let contacts = u64::try_from(*contacts).unwrap_or(0);
                (say.t(unjudged_key(reason)), contacts)
            })
            .collect();
        Histogram {
            bins: bins.collect(),
            bands: bands(self.score)
                .into_iter()
                .map(|(name, from)| chart::Band {
                    name,
                    from: from.map(|from| from.saturating_mul(1_000)),
                })
                .collect(),
            before,
            apart: (!groups.is_empty()).then(|| Apart {
                label: say.t("not-judged"),
                groups,
            }),
            words: histogram::Words {
                points: say.with("points-of", [("score", (&self.score.name).into())]),
                contacts: say.t("contacts"),
                from: say.t("from"),
                below: say.t("below"),
                band: say.t("band"),
            },
        }
    }

    /// Bins as narrow as there is room for, all equally wide, with as many thresholds as possible at their edges.
    fn edges(&self) -> Vec<(i64, i64)> {
        let before = self.before.iter().flat_map(|(_, points)| points);
        let all = self.now.iter().chain(before).map(|at| at.shown);
        let Some((least, most)) = all.clone().min().zip(all.max()) else {
            return Vec::new();
        };
        let span = most.saturating_sub(least).saturating_add(1);
        let widths = (0..18).flat_map(|power| [1, 2, 5].map(|each| each * 10_i64.pow(power)));
        let width = widths
            .into_iter()
            .find(|width| span / width < BINS_MAX)
            .unwrap_or(i64::MAX);
        let thresholds: Vec<i64> = bands(self.score)
            .into_iter()
            .filter_map(|band| band.1)
            .collect();
        // The edges lie at `offset` beyond the multiples of the width: thresholds "above 45" want 46.
        let fits = |offset: i64| {
            let at_edge = thresholds
                .iter()
                .filter(|each| (**each - offset).rem_euclid(width) == 0);
            at_edge.count()
        };
        let offsets = thresholds.iter().map(|each| each.rem_euclid(width));
        let offset = std::iter::once(0)
            .chain(offsets)
            .max_by_key(|offset| (fits(*offset), std::cmp::Reverse(*offset)))
            .unwrap_or(0);
        let first = (least - offset).div_euclid(width) * width + offset;
        let bins = (most - first) / width + 1;
        (0..bins)
            .map(|bin| (first + bin * width, first + (bin + 1) * width))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(shown: i64, contacts: i64) -> AtPoints {
        AtPoints {
            shown,
            band: None,
            contacts,
        }
    }

    fn score(limits: &[BandLimit]) -> Score {
        let text = "timezone = \"UTC\"\n[scores.engagement]\nrules = [{ when = \"click\", points = 1 }]\n\
                    bands = [{ name = \"a\", from = 1 }, { name = \"b\" }]\n";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("engaged.toml");
        std::fs::write(&path, text).unwrap();
        let config = crate::config::load(&path, &crate::config::Environment::new()).unwrap();
        let mut score = config.rules.scores[0].clone();
        let one = score.bands[0].clone();
        score.bands = limits
            .iter()
            .map(|limit| crate::rules::set::Band {
                limit: *limit,
                ..one.clone()
            })
            .collect();
        score
    }

    fn edges(now: &[AtPoints], limits: &[BandLimit]) -> Vec<(i64, i64)> {
        let score = score(limits);
        let spread = Spread {
            score: &score,
            now,
            before: None,
            unjudged: &[],
        };
        spread.edges()
    }

    #[test]
    fn everybody_is_in_one_bin_and_thresholds_lie_at_edges() {
        let now: Vec<AtPoints> = (-35..170).map(|points| at(points, 2)).collect();
        let limits = [BandLimit::Above(75), BandLimit::Above(45), BandLimit::Rest];
        let edges = edges(&now, &limits);
        assert!(edges.len() <= 42, "{}", edges.len());
        assert!(edges.iter().any(|edge| edge.0 == 46) && edges.iter().any(|edge| edge.0 == 76));
        assert!(edges.first().unwrap().0 <= -35 && edges.last().unwrap().1 > 169);
        for pair in edges.windows(2) {
            assert_eq!(pair[0].1, pair[1].0);
        }
    }

    #[test]
    fn one_value_and_the_largest_are_drawn_too() {
        assert_eq!(edges(&[at(7, 1)], &[BandLimit::Rest]), [(7, 8)]);
        assert!(edges(&[], &[BandLimit::Rest]).is_empty());
        let far = edges(
            &[at(-1_000_000_000, 1), at(1_000_000_000, 1)],
            &[BandLimit::Rest],
        );
        assert!(far.len() <= 42 && far.len() > 10, "{}", far.len());
    }
}
