//! Colours can be told from the surface by everybody, and from each other by eyes that see fewer.

use std::collections::BTreeMap;

use super::STYLES;
use crate::web::chart::Colour;

type Rgb = [f64; 3];

/// Each variable of the style sheet, for a theme (0 light, 1 dark).
fn variables(theme: usize) -> BTreeMap<String, Rgb> {
    let mut all = BTreeMap::new();
    for line in STYLES.lines().map(str::trim) {
        let Some((name, value)) = line
            .strip_prefix("--")
            .and_then(|line| line.split_once(": light-dark("))
        else {
            continue;
        };
        let value = value.strip_suffix(");").unwrap();
        let colour = value.split(", ").nth(theme).unwrap();
        all.insert(name.to_owned(), linear(colour));
    }
    assert!(all.len() > 30);
    all
}

/// A variable of the page around the charts.
fn on_page(name: &str, theme: usize) -> Rgb {
    let page = include_str!("../../assets/app.css");
    let name = format!("--{name}: ");
    let mut values = page.split(&name).skip(1);
    linear(&values.nth(theme).unwrap()[..7])
}

/// `#rrggbb` as amounts of light.
fn linear(colour: &str) -> Rgb {
    let hex = colour.strip_prefix('#').unwrap();
    assert_eq!(hex.len(), 6, "{colour}");
    [0, 2, 4].map(|at| {
        let part = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
        if part <= 0.040_45 {
            part / 12.92
        } else {
            ((part + 0.055) / 1.055).powf(2.4)
        }
    })
}

/// The contrast of WCAG 2: from 1 to 21.
fn contrast(one: Rgb, other: Rgb) -> f64 {
    let light = |[r, g, b]: Rgb| 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
    let (one, other) = (light(one), light(other));
    one.max(other) / one.min(other)
}

/// How eyes see it that lack one kind of cones: Machado, Oliveira and Fernandes (2009), severity 1.
const EYES: [(&str, [Rgb; 3]); 4] = [
    ("all", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
    (
        "protan",
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
    ),
    (
        "deutan",
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
    ),
    (
        "tritan",
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ),
];

fn times(matrix: &[Rgb; 3], [x, y, z]: Rgb) -> Rgb {
    matrix.map(|[a, b, c]| a * x + b * y + c * z)
}

/// A hundred times the distance in Oklab (Ottosson, 2020): 2 is just seen side by side.
fn distance(one: Rgb, other: Rgb, eyes: &[Rgb; 3]) -> f64 {
    let oklab = |colour| {
        let seen = times(eyes, colour).map(|part| part.clamp(0.0, 1.0));
        let cones = times(
            &[
                [0.412_221, 0.536_333, 0.051_446],
                [0.211_903, 0.680_700, 0.107_397],
                [0.088_302, 0.281_719, 0.629_979],
            ],
            seen,
        );
        times(
            &[
                [0.210_454, 0.793_618, -0.004_072],
                [1.977_998, -2.428_592, 0.450_594],
                [0.025_904, 0.782_772, -0.808_676],
            ],
            cones.map(f64::cbrt),
        )
    };
    let (one, other) = (oklab(one), oklab(other));
    let square: f64 = one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum();
    100.0 * square.sqrt()
}

#[test]
fn graphics_and_text_stand_out_from_the_surface_in_both_themes() {
    for theme in [0, 1] {
        let all = variables(theme);
        let of_page = ["surface", "raised"].map(|name| on_page(name, theme));
        let known = contrast(of_page[0], all["chart-surface"]);
        assert!(known < 1.001, "charts know the surface of the page");
        for (name, colour) in &all {
            let least = match name.as_str() {
                // What carries no meaning of its own.
                "chart-surface" | "chart-grid" => continue,
                "chart-text" | "chart-muted" | "chart-focus" => 4.5,
                _ => 3.0,
            };
            for surface in of_page {
                let found = contrast(*colour, surface);
                assert!(found >= least, "{name} in theme {theme}: {found:.2}");
            }
        }
    }
}

#[test]
fn bands_of_one_score_and_groups_of_one_chart_can_be_told_apart_by_all_eyes() {
    for theme in [0, 1] {
        let all = variables(theme);
        for (eyes, matrix) in EYES {
            let apart = |one: Colour, other: Colour| {
                let found = distance(all[one.class()], all[other.class()], &matrix);
                assert!(
                    found >= 5.0,
                    "{one:?} and {other:?} in theme {theme} for {eyes}: {found:.1}"
                );
            };
            for of in 2..=6 {
                for index in 1..of {
                    for lower in 0..index {
                        apart(
                            Colour::Band { index, of },
                            Colour::Band { index: lower, of },
                        );
                    }
                }
            }
            for index in 1..8 {
                (0..index).for_each(|lower| apart(Colour::Series(index), Colour::Series(lower)));
            }
            let states = ["ok", "partly", "failed", "blocked", "nothing"]
                .map(|state| format!("state-{state}"));
            let beside = states.iter().zip(&states[1..]);
            for (one, other) in beside.chain([(&states[0], &states[2]), (&states[0], &states[3])]) {
                let found = distance(all[one], all[other], &matrix);
                assert!(
                    found >= 5.0,
                    "{one} and {other} in theme {theme} for {eyes}: {found:.1}"
                );
            }
            let found = distance(all["plus"], all["minus"], &matrix);
            assert!(
                found >= 10.0,
                "plus and minus in theme {theme} for {eyes}: {found:.1}"
            );
        }
    }
}

#[test]
fn colours_of_bands_run_from_one_end_to_the_other() {
    let classes = |of| {
        (0..of)
            .map(|index| Colour::Band { index, of }.class())
            .collect::<Vec<_>>()
    };
    assert_eq!(classes(1), ["band-1"]);
    assert_eq!(classes(2), ["band-1", "band-8"]);
    assert_eq!(classes(4), ["band-1", "band-3", "band-6", "band-8"]);
    assert_eq!(classes(8).len(), 8);
    assert_eq!(classes(11).last(), Some(&"band-8"));
    assert_eq!(Colour::Series(8).class(), "series-1");
}

#[test]
fn there_is_nothing_that_the_policy_of_the_page_forbids() {
    assert!(!STYLES.contains("url(") && !STYLES.contains("@import"));
    assert!(STYLES.contains("@media print") && STYLES.contains("forced-colors"));
}
