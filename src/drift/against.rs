//! Conversions by band against the backtest that somebody kept.
//!
//! A backtest compares everybody who ever converted with others on the same
//! days, a week everybody of four weeks ago: their rates differ by how many were
//! looked at. What can be compared is how much more often a band is met among
//! those who converted than among those who did not.

use engaged_connectors::Clock;
use serde::{Deserialize, Serialize};

use crate::{
    config::Config,
    insight::{self, backtest::Backtest},
    score::calendar::Zone,
    store::{Conn, Store, StoreError, Week},
};

use super::compare::{Finding, Moved, Severity};

/// Where it is kept.
const NAME: &str = "backtest";

/// Fewer conversions than this, or contacts in a band, say too little.
const MIN: i64 = 30;

/// A backtest as far as it is compared with.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    on: String,
    rules: String,
    conversion: String,
    scores: Vec<KeptScore>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct KeptScore {
    score: String,
    bands: Vec<Cell>,
}

/// A band: how many were looked at, and how many of them converted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Cell {
    band: Option<String>,
    cases: i64,
    conversions: i64,
}

/// Keeps a backtest for later weeks to be compared with, in place of an earlier one.
pub fn keep(
    store: &Store,
    config: &Config,
    backtest: &Backtest,
    clock: &dyn Clock,
) -> Result<(), StoreError> {
    let now = clock.now().timestamp_millis();
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let scores = backtest.scores.iter().map(|score| {
        let bands = score.bands.iter().map(|band| Cell {
            band: band.band.clone(),
            cases: number(band.all.count.cases),
            conversions: number(band.all.count.conversions),
        });
        KeptScore {
            score: score.score.clone(),
            bands: bands.collect(),
        }
    });
    let kept = Kept {
        on: Zone::new(config.zone).day(now).to_string(),
        rules: config.rules_hash.clone(),
        conversion: backtest.conversion.clone(),
        scores: scores.collect(),
    };
    // Texts and numbers cannot fail to be written.
    let text = serde_json::to_string(&kept).unwrap_or_default();
    store.write(move |tx| tx.set_control(NAME, &text, now))
}

/// Bands that tell who converts otherwise than in the backtest that was kept, if one was.
pub(super) fn findings(
    conn: &Conn,
    config: &Config,
    last: Option<&Week>,
) -> Result<Vec<Finding>, StoreError> {
    let kept = conn.control(NAME)?;
    let kept = kept.and_then(|kept| serde_json::from_str::<Kept>(&kept.value).ok());
    let (Some(kept), Some(week)) = (kept, last) else {
        return Ok(Vec::new());
    };
    let now = insight::conversion(&config.insight.conversion, &config.rules.kinds);
    let same = now.is_ok_and(|now| now.is_some_and(|now| now.to_string() == kept.conversion));
    Ok(if same {
        between(&kept, week)
    } else {
        Vec::new()
    })
}

fn between(kept: &Kept, week: &Week) -> Vec<Finding> {
    let rules_edited = kept.rules != week.rules;
    let mut found = Vec::new();
    for score in &week.scores {
        let cells = score.bands.iter().map(|band| Cell {
            band: band.name.clone(),
            cases: band.earlier,
            conversions: band.converted,
        });
        let now: Vec<Cell> = cells.collect();
        let mut scores = kept.scores.iter();
        let Some(then) = scores.find(|then| then.score == score.name) else {
            continue;
        };
        for band in &now {
            let mut bands = then.bands.iter();
            let Some(before) = bands.find(|each| each.band == band.band) else {
                continue;
            };
            let both = [(before, &then.bands[..]), (band, &now[..])];
            let Some([(was, doubt), (is, more)]) = ratios(both) else {
                continue;
            };
            let (moved, doubt) = ((is / was).ln().abs(), (doubt + more).sqrt());
            // At least twice or half, and no chance by two standard errors.
            if moved < 2_f64.ln() || moved < 2.0 * doubt {
                continue;
            }
            found.push(Finding {
                severity: if rules_edited {
                    Severity::Notice
                } else {
                    Severity::Alert
                },
                from: format!("the backtest of {}", kept.on),
                to: week.week.clone(),
                score: score.name.clone(),
                what: Moved::Conversions {
                    band: band.band.clone(),
                    before: was,
                    after: is,
                },
                rules_edited,
            });
        }
    }
    found
}

fn ratios(both: [(&Cell, &[Cell]); 2]) -> Option<[(f64, f64); 2]> {
    let [one, other] = both.map(|(band, all)| ratio(band, all));
    Some([one?, other?])
}

/// How many times as often the band is met among those who converted as among those who did not, and the square of
/// its logarithm's standard error. A half is added to each count, so that none is nothing.
fn ratio(band: &Cell, all: &[Cell]) -> Option<(f64, f64)> {
    let cases: i64 = all.iter().map(|cell| cell.cases).sum();
    let conversions: i64 = all.iter().map(|cell| cell.conversions).sum();
    if conversions < MIN || cases - conversions < MIN || band.cases < MIN {
        return None;
    }
    let (yes, no) = (
        half_more(band.conversions),
        half_more(band.cases - band.conversions),
    );
    let (all_yes, all_no) = (half_more(conversions), half_more(cases - conversions));
    let ratio = (yes / all_yes) / (no / all_no);
    Some((ratio, 1.0 / yes + 1.0 / no))
}

#[expect(clippy::cast_precision_loss, reason = "contacts are fewer than 2^53")]
fn half_more(number: i64) -> f64 {
    number as f64 + 0.5
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        score::calendar::Day,
        store::{WeekBand, WeekScore},
    };

    /// 1,000 looked at, 100 of them converted: so many of the hot, the rest of the cold.
    fn kept(hot: (i64, i64), cold: (i64, i64)) -> Kept {
        let cell = |band: &str, (cases, conversions)| Cell {
            band: Some(band.to_owned()),
            cases,
            conversions,
        };
        Kept {
            on: "2026-06-01".to_owned(),
            rules: "a".to_owned(),
            conversion: "purchase".to_owned(),
            scores: vec![KeptScore {
                score: "engagement".to_owned(),
                bands: vec![cell("hot", hot), cell("cold", cold)],
            }],
        }
    }

    fn week(rules: &str, hot: (i64, i64), cold: (i64, i64)) -> Week {
        let band = |name: &str, (earlier, converted)| WeekBand {
            name: Some(name.to_owned()),
            contacts: earlier,
            earlier,
            converted,
        };
        Week {
            week: "2026-W24".to_owned(),
            as_of: Day(20_600),
            rules: rules.to_owned(),
            contacts: hot.0 + cold.0,
            known_at: 0,
            scores: vec![WeekScore {
                name: "engagement".to_owned(),
                bands: vec![band("hot", hot), band("cold", cold)],
                rules: Vec::new(),
            }],
        }
    }

    #[test]
    fn a_rate_that_differs_by_how_many_were_looked_at_is_no_news() {
        // Hot is met four times as often: 80 of 100 against 180 of 900.
        let kept = kept((260, 80), (740, 20));
        let (ratio, _) = ratio(&kept.scores[0].bands[0], &kept.scores[0].bands).unwrap();
        assert!((ratio - 4.0).abs() < 0.05, "{ratio}");
        // Of ten times as many, with as many conversions.
        assert_eq!(between(&kept, &week("a", (2_060, 80), (7_940, 20))), []);
    }

    #[test]
    fn a_band_that_no_longer_tells_who_converts_is_an_alert_and_after_an_edit_a_notice() {
        let kept = kept((260, 80), (740, 20));
        let level = |rules| week(rules, (2_000, 20), (8_000, 80));
        let found = between(&kept, &level("a"));
        let words: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            words,
            [
                "engagement: band hot is met among those who converted 1.0 times as often as among others, no longer 4.0 times, the backtest of 2026-06-01 -> 2026-W24",
                "engagement: band cold is met among those who converted 1.0 times as often as among others, no longer 0.3 times, the backtest of 2026-06-01 -> 2026-W24"
            ]
        );
        assert!(found.iter().all(|each| each.severity == Severity::Alert));
        let edited = between(&kept, &level("b"));
        assert!(edited.iter().all(|each| each.severity == Severity::Notice));
        assert_eq!(edited.len(), 2);
    }

    #[test]
    fn few_conversions_and_chance_say_nothing() {
        let kept = kept((260, 80), (740, 20));
        assert_eq!(between(&kept, &week("a", (2_000, 6), (8_000, 23))), []);
        // 3.1 times and 1.5 times, by 25 and by 9 contacts: two standard errors are a factor of 2.2.
        let kept = self::tests::kept((260, 25), (740, 8));
        let found = between(&kept, &week("a", (2_000, 9), (8_000, 22)));
        assert!(
            !found
                .iter()
                .any(|each| each.to_string().contains("band hot")),
            "{found:?}"
        );
    }
}
