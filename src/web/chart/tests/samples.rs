//! Charts as pages have them, and numbers as a test writes them.

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

use crate::web::chart::{
    Apart, Area, Band, Bar, Bars, Before, Bin, Cell, Colour, Complete, Forecast, Frame, Histogram,
    Layer, Mark, Numbers, Row, Slot, State, StateWords, Step, StepLine, Strip, Unit, area, bars,
    histogram, line,
};

/// English, as far as these tests need it.
pub(super) struct Plain;

impl Numbers for Plain {
    fn whole(&self, number: i64) -> String {
        let digits = number.unsigned_abs().to_string();
        let mut out = String::new();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                out.push(',');
            }
            out.push(digit);
        }
        let minus = if number < 0 { "-" } else { "" };
        format!("{minus}{out}")
    }

    fn points(&self, thousandths: i64) -> String {
        let whole = self.whole((thousandths / 1000).abs());
        let minus = if thousandths < 0 { "-" } else { "" };
        let rest = format!("{:03}", (thousandths % 1000).abs());
        let rest = rest.trim_end_matches('0');
        let mark = if rest.is_empty() { "" } else { "." };
        format!("{minus}{whole}{mark}{rest}")
    }

    fn moment(&self, at: NaiveDateTime, unit: Unit) -> String {
        let form = match unit {
            Unit::Hour => "%-d %b %Y %H:%M",
            Unit::Day | Unit::Week => "%-d %b %Y",
            Unit::Month => "%b %Y",
        };
        at.format(form).to_string()
    }

    fn tick(&self, at: NaiveDateTime, unit: Unit, with_year: bool) -> String {
        let form = match (unit, with_year) {
            (Unit::Hour, _) => "%H:%M",
            (Unit::Day | Unit::Week, false) => "%-d %b",
            (Unit::Day | Unit::Week, true) => "%-d %b %Y",
            (Unit::Month, false) => "%b",
            (Unit::Month, true) => "%b %Y",
        };
        at.format(form).to_string()
    }
}

pub(super) fn day(year: i32, month: u32, day: u32) -> NaiveDateTime {
    let date = NaiveDate::from_ymd_opt(year, month, day).unwrap();
    date.and_time(NaiveTime::MIN)
}

pub(super) fn frame(id: &str, title: &str, message: &str) -> Frame {
    Frame {
        id: id.to_owned(),
        title: title.to_owned(),
        message: message.to_owned(),
        empty: "Nothing to show yet.".to_owned(),
        as_table: "As a table".to_owned(),
    }
}

pub(super) fn bands() -> Vec<Band> {
    let band = |name: &str, from| Band {
        name: name.to_owned(),
        from,
    };
    vec![
        band("not engaged", None),
        band("cool", Some(10_000)),
        band("warm", Some(40_000)),
        band("hot", Some(70_000)),
    ]
}

/// A number from 0 to 1 that looks random and is not.
fn noise(seed: u32) -> f64 {
    let hash = seed.wrapping_mul(2_654_435_761).rotate_left(13) ^ 0x9e37_79b9;
    f64::from(hash.wrapping_mul(2_246_822_519) >> 8) / f64::from(1_u32 << 24)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn people(number: f64) -> u64 {
    number.max(0.0) as u64
}

pub(super) fn histogram() -> Histogram {
    let hill = |x: f64, middle: f64, width: f64| (-((x - middle) / width).powi(2)).exp();
    let contacts = |from: i32, shift: f64| {
        let x = f64::from(from) + 2.5 - shift;
        let all = 5200.0 * hill(x, -6.0, 12.0)
            + 3600.0 * hill(x, 34.0, 16.0)
            + 1500.0 * hill(x, 72.0, 14.0);
        people(all * (0.85 + 0.3 * noise(from.cast_unsigned())))
    };
    let froms = || (-30..110).step_by(5);
    Histogram {
        bins: froms()
            .map(|from| Bin {
                from: i64::from(from) * 1000,
                until: i64::from(from + 5) * 1000,
                contacts: contacts(from, 0.0),
            })
            .collect(),
        bands: bands(),
        before: Some(Before {
            label: "30 days ago".to_owned(),
            contacts: froms().map(|from| contacts(from, 6.0)).collect(),
        }),
        apart: Some(Apart {
            label: "not judged".to_owned(),
            groups: vec![
                ("never mailed".to_owned(), 1766),
                ("waiting for hubspot/crm".to_owned(), 1152),
            ],
        }),
        words: histogram::Words {
            points: "points".to_owned(),
            contacts: "contacts".to_owned(),
            from: "from".to_owned(),
            below: "below".to_owned(),
            band: "band".to_owned(),
        },
    }
}

pub(super) fn area() -> Area {
    let from = day(2026, 8, 24);
    let layer = |(index, band): (usize, Band)| Layer {
        name: band.name,
        colour: Colour::Band { index, of: 4 },
    };
    let mut layers: Vec<_> = bands().into_iter().enumerate().map(layer).collect();
    layers.push(Layer {
        name: "not judged".to_owned(),
        colour: Colour::Unjudged,
    });
    let slot = |index: u32| {
        let t = f64::from(index);
        let wave = |base: f64, slope: f64, seed: u32| {
            people(base + slope * t + base * 0.04 * noise(seed + index))
        };
        let sizes = vec![
            wave(12_100.0, -28.0, 1),
            wave(14_000.0, 12.0, 200),
            wave(11_200.0, 9.0, 400),
            wave(3_000.0, 11.0, 600),
            wave(2_900.0, 0.0, 800),
        ];
        Slot {
            start: from + TimeDelta::days(i64::from(index)),
            sizes: Some(sizes),
        }
    };
    Area {
        unit: Unit::Day,
        from,
        until: from + TimeDelta::days(91),
        layers,
        slots: (0..91)
            .filter(|day| !(40..44).contains(day))
            .map(slot)
            .collect(),
        complete: Some(Complete {
            until: from + TimeDelta::days(84),
            label: "not complete".to_owned(),
        }),
        words: area::Words {
            contacts: "contacts".to_owned(),
            time: "day".to_owned(),
            total: "all".to_owned(),
            gap: "not known".to_owned(),
        },
    }
}

pub(super) fn weeks() -> Area {
    let from = day(2026, 8, 24);
    let names = [
        "newsletter readers",
        "buyers",
        "won back",
        "sleeping",
        "new in the last month",
    ];
    let sizes = |week: u32| {
        let size = |(index, base): (usize, &f64)| {
            let seed = u32::try_from(index).unwrap() * 100 + week;
            people(base * (0.9 + 0.2 * noise(seed)))
        };
        [9_000.0, 4_200.0, 300.0, 6_000.0, 250.0]
            .iter()
            .enumerate()
            .map(size)
            .collect()
    };
    let layer = |(index, name): (usize, &&str)| Layer {
        name: (*name).to_owned(),
        colour: Colour::Series(index),
    };
    Area {
        unit: Unit::Week,
        until: from.checked_add_days(Days::new(13 * 7)).unwrap(),
        layers: names.iter().enumerate().map(layer).collect(),
        slots: (0..13)
            .map(|week| Slot {
                start: from + TimeDelta::weeks(i64::from(week)),
                sizes: (week != 5).then(|| sizes(week)),
            })
            .collect(),
        complete: None,
        from,
        words: area::Words {
            time: "week".to_owned(),
            ..area().words
        },
    }
}

pub(super) fn line() -> StepLine {
    let from = day(2026, 5, 22);
    let step = |days: i64, points: Option<i64>| Step {
        at: from + TimeDelta::days(days),
        points: points.map(|points| points * 1000),
    };
    let mark = |days: i64, label: &str, human, late| Mark {
        at: from + TimeDelta::hours(days * 24 + 9),
        label: label.to_owned(),
        human,
        late,
        href: Some(format!("#event-{days}")),
    };
    StepLine {
        from,
        now: day(2026, 11, 22),
        steps: vec![
            step(8, Some(10)),
            step(20, Some(22)),
            step(35, Some(48)),
            step(52, Some(58)),
            step(66, None),
            step(75, Some(58)),
            step(92, Some(74)),
            step(118, Some(64)),
            step(140, Some(52)),
            step(171, Some(42)),
        ],
        forecast: Some(Forecast {
            until: day(2027, 2, 22),
            steps: vec![
                Step {
                    at: day(2026, 12, 12),
                    points: Some(32_000),
                },
                Step {
                    at: day(2027, 1, 19),
                    points: Some(22_000),
                },
                Step {
                    at: day(2027, 2, 9),
                    points: Some(12_000),
                },
            ],
            label: "if nothing happens".to_owned(),
        }),
        bands: bands(),
        marks: vec![
            mark(8, "joined 'Newsletter'", true, false),
            mark(20, "open of 'Summer'", true, false),
            mark(34, "click in 'Summer sale'", true, false),
            mark(35, "click in 'Summer sale'", true, false),
            mark(52, "open of 'August'", true, false),
            mark(53, "machine open of 'August'", false, false),
            mark(60, "machine open of 'Extra'", false, false),
            mark(92, "purchase of € 59", true, true),
            mark(118, "machine open of 'September'", false, false),
            mark(171, "soft bounce of 'Autumn'", false, true),
        ],
        complete: Some(Complete {
            until: day(2026, 11, 12),
            label: "not complete".to_owned(),
        }),
        words: words_of_line(),
    }
}

fn words_of_line() -> line::Words {
    line::Words {
        points: "points".to_owned(),
        time: "when".to_owned(),
        events: "events".to_owned(),
        by: "by".to_owned(),
        gap: "not known".to_owned(),
        human: "a person".to_owned(),
        machine: "a machine".to_owned(),
        late: "became known late".to_owned(),
    }
}

pub(super) fn bars() -> Bars {
    let bar = |label: &str, value: i64| Bar {
        label: label.to_owned(),
        value,
        colour: None,
    };
    Bars {
        rows: vec![
            bar("clicked a link", 30_000),
            bar(
                "opened a campaign in the last three months, but not on the day that it was sent",
                12_000,
            ),
            bar("member for more than a year", 10_000),
            bar("soft bounce", -10_000),
            bar("no open in 3 months", -22_500),
        ],
        measure: bars::Measure::Points,
        words: bars::Words {
            label: "rule".to_owned(),
            value: "points".to_owned(),
        },
    }
}

pub(super) fn words_of_states() -> StateWords {
    StateWords {
        ok: "ok".to_owned(),
        partly: "with errors".to_owned(),
        failed: "failed".to_owned(),
        blocked: "blocked".to_owned(),
        nothing: "nothing ran".to_owned(),
    }
}

pub(super) fn strip() -> Strip {
    let state = |row: usize, hour: usize| match (row, hour) {
        (1, 13..=15) | (4, 9) => State::Failed,
        (2, 3) | (4, 10..=11) => State::Partly,
        (5, 9..) | (6, ..=10) => State::Blocked,
        (_, 0..=5) | (6, 14..) => State::Nothing,
        _ => State::Ok,
    };
    let rows = [
        "Mon 16", "Tue 17", "Wed 18", "Thu 19", "Fri 20", "Sat 21", "Sun 22",
    ];
    Strip {
        columns: (0..24).map(|hour| format!("{hour}:00")).collect(),
        rows: rows
            .iter()
            .enumerate()
            .map(|(row, label)| Row {
                label: (*label).to_owned(),
                cells: (0..24)
                    .map(|hour| Cell {
                        state: state(row, hour),
                        note: (state(row, hour) == State::Failed).then(|| "1 run".to_owned()),
                    })
                    .collect(),
            })
            .collect(),
        states: words_of_states(),
        heading: "day".to_owned(),
    }
}
