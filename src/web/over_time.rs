//! Sizes of groups over time as stacked areas: days while they are few, then weeks, gaps where nothing ran.

use chrono::NaiveDateTime;

use super::chart::{Area, Colour, Layer, Slot, Unit, area};
use crate::{
    score::calendar::Day,
    store::{DaySizes, Sizes},
    text::Say,
};

/// Up to so many days are drawn day by day.
const DAYS: i32 = 35;

/// One group: its name (`None`: those in none), how it is shown, its colour.
pub(super) struct Group {
    pub(super) name: Option<String>,
    pub(super) shown: String,
    pub(super) colour: Colour,
}

/// The area of these groups, from the bottom, over these days.
pub(super) fn area(say: Say, groups: &[Group], days: &[DaySizes], (from, to): (Day, Day)) -> Area {
    let unit = if to.0 - from.0 < DAYS {
        Unit::Day
    } else {
        Unit::Week
    };
    let sizes = |day: &DaySizes| day.sizes.as_ref().map(|sizes| of_each(groups, sizes));
    let slots = match unit {
        Unit::Day => days
            .iter()
            .map(|day| Slot {
                start: midnight(day.on),
                sizes: sizes(day),
            })
            .collect(),
        _ => weeks(from, to)
            .map(|(first, last)| {
                // A week shows its last day that is known.
                let inside = |day: &&DaySizes| (first..=last).contains(&day.on);
                let known = days.iter().filter(inside).rfind(|day| day.sizes.is_some());
                Slot {
                    start: midnight(first),
                    sizes: known.and_then(sizes),
                }
            })
            .collect(),
    };
    let start = if unit == Unit::Day {
        from
    } else {
        monday(from)
    };
    Area {
        unit,
        from: midnight(start),
        until: midnight(to.next()),
        layers: groups
            .iter()
            .map(|group| Layer {
                name: group.shown.clone(),
                colour: group.colour,
            })
            .collect(),
        slots,
        complete: None,
        words: area::Words {
            contacts: say.t("contacts"),
            time: if unit == Unit::Day {
                say.t("day")
            } else {
                say.t("week")
            },
            total: say.t("total"),
            gap: say.t("gap"),
        },
    }
}

/// Says up to when the sizes were computed in hindsight, if any were.
pub(super) fn hindsight(say: Say, days: &[DaySizes]) -> Option<String> {
    let last = days
        .iter()
        .rfind(|day| day.hindsight && day.sizes.is_some())?;
    Some(say.with("hindsight", [("day", say.day(last.on).into())]))
}

/// Groups that somebody was in on some day, and every band, segment and stage: who is in none is shown if anybody is.
pub(super) fn shown(groups: Vec<Group>, days: &[DaySizes]) -> Vec<Group> {
    let sizes = || days.iter().filter_map(|day| day.sizes.as_ref());
    let anybody = |group: &Group| {
        sizes().any(|sizes| {
            sizes
                .groups
                .iter()
                .any(|size| size.name == group.name && size.contacts > 0)
        })
    };
    groups
        .into_iter()
        .filter(|group| group.name.is_some() || anybody(group))
        .collect()
}

fn of_each(groups: &[Group], sizes: &Sizes) -> Vec<u64> {
    let size = |group: &Group| {
        let found = sizes.groups.iter().find(|size| size.name == group.name);
        u64::try_from(found.map_or(0, |size| size.contacts)).unwrap_or(0)
    };
    groups.iter().map(size).collect()
}

/// The Monday of a day's week.
fn monday(day: Day) -> Day {
    // Day 0 is 1 January 1970, a Thursday.
    Day(day.0 - (day.0 + 3).rem_euclid(7))
}

/// Each week that has a day between two, from its Monday to its Sunday.
fn weeks(from: Day, to: Day) -> impl Iterator<Item = (Day, Day)> {
    let first = monday(from).0;
    (first..=to.0)
        .step_by(7)
        .map(|start| (Day(start), Day(start + 6)))
}

/// The instant at which a local day begins, as charts take it.
pub(super) fn midnight(day: Day) -> NaiveDateTime {
    day.date().unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Language, store::Size};

    fn day(text: &str) -> Day {
        Day::parse(text).unwrap()
    }

    fn sized(on: &str, contacts: Option<i64>) -> DaySizes {
        DaySizes {
            hindsight: false,
            on: day(on),
            sizes: contacts.map(|contacts| Sizes {
                contacts,
                groups: vec![Size {
                    name: Some("hot".into()),
                    contacts,
                }],
            }),
        }
    }

    fn hot() -> [Group; 1] {
        [Group {
            name: Some("hot".into()),
            shown: "hot".into(),
            colour: Colour::Series(0),
        }]
    }

    #[test]
    fn a_week_shows_its_last_known_day_and_a_week_without_any_is_a_gap() {
        let days = [
            sized("2026-06-01", Some(5)),
            sized("2026-06-03", Some(7)),
            sized("2026-06-04", None),
            sized("2026-06-15", Some(9)),
        ];
        let en = Say::new(Language::English, chrono_tz::UTC);
        let drawn = area(en, &hot(), &days, (day("2026-04-01"), day("2026-06-15")));
        assert_eq!(drawn.unit, Unit::Week);
        let known: Vec<_> = drawn
            .slots
            .iter()
            .filter_map(|slot| slot.sizes.clone())
            .collect();
        assert_eq!(known, [[7], [9]]);
        assert_eq!(monday(day("2026-06-15")), day("2026-06-15"));
        assert_eq!(monday(day("2026-06-14")), day("2026-06-08"));
    }

    #[test]
    fn a_month_is_drawn_day_by_day_and_a_day_on_which_nothing_ran_is_not_made_up() {
        let days = [sized("2026-06-01", Some(5)), sized("2026-06-02", None)];
        let en = Say::new(Language::English, chrono_tz::UTC);
        let drawn = area(en, &hot(), &days, (day("2026-06-01"), day("2026-06-02")));
        assert_eq!(drawn.unit, Unit::Day);
        assert_eq!(drawn.slots[1].sizes, None);
    }
}
