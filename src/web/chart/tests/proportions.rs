//! What is drawn is as large as what it stands for.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::{
    document::{Element, elements, points},
    samples::{Plain, area, bars, day, frame, histogram, line},
};
use crate::web::chart::{Bar, Bars, Bin, Colour, Layer, Slot, Step, bars::Measure};

fn number(element: &Element, name: &str) -> f64 {
    let text = element.get(name).unwrap();
    text.strip_suffix('%').unwrap_or(text).parse().unwrap()
}

#[expect(clippy::cast_precision_loss)]
fn float(number: u64) -> f64 {
    number as f64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn bars_of_a_histogram_are_as_high_as_their_contacts_are_many(counts in prop::collection::vec(1..100_000_u64, 1..50)) {
        let mut chart = histogram();
        chart.before = None;
        chart.apart = None;
        let bin = |(place, contacts): (i64, &u64)| Bin { from: place * 1000, until: (place + 1) * 1000, contacts: *contacts };
        chart.bins = (0..).zip(&counts).map(bin).collect();
        let drawn = chart.draw(&frame("h", "", ""), &Plain);
        let all = elements(&drawn.figure.0);
        let bars: Vec<_> = all.iter().filter(|element| element.name == "rect" && element.is("fill")).collect();
        prop_assert_eq!(bars.len(), counts.len());
        let highest = bars.iter().map(|bar| number(bar, "height")).fold(0.0, f64::max);
        prop_assert!(highest > 80.0, "the plot is used: {}", highest);
        for (bar, contacts) in bars.iter().zip(&counts) {
            let wanted = pixels_for_one(&all) * float(*contacts);
            prop_assert!((number(bar, "height") - wanted).abs() <= 1.01);
            // All stand on the same ground.
            let ground = number(bars[0], "y") + number(bars[0], "height");
            prop_assert!((number(bar, "y") + number(bar, "height") - ground).abs() < 0.02);
        }
    }

    #[test]
    fn level_bars_are_as_long_as_their_values_and_begin_at_zero(values in prop::collection::vec(-500_000..500_000_i64, 1..30)) {
        let bar = |value: &i64| Bar { label: "a rule".to_owned(), value: *value, colour: None };
        let chart = Bars { rows: values.iter().map(bar).collect(), measure: Measure::Points, ..bars() };
        let drawn = chart.draw(&frame("b", "", ""), &Plain);
        let all = elements(&drawn.figure.0);
        let bars = all.iter().filter(|element| element.name == "rect" && element.is("fill"));
        let axes = all.iter().filter(|element| element.is("axis"));
        #[expect(clippy::cast_precision_loss)]
        let span = (values.iter().max().unwrap().max(&0) - values.iter().min().unwrap().min(&0)).max(1) as f64;
        for ((bar, axis), value) in bars.zip(axes).zip(&values) {
            let (from, until) = (number(bar, "x"), number(bar, "x") + number(bar, "width"));
            let zero = number(axis, "x1");
            #[expect(clippy::cast_precision_loss)]
            let wanted = 100.0 * *value as f64 / span;
            let (start, end) = if *value < 0 { (until, from) } else { (from, until) };
            prop_assert!((start - zero).abs() < 0.03, "begins at zero");
            prop_assert!((end - start - wanted).abs() < 0.03, "{} for {}", end - start, wanted);
        }
    }

    #[test]
    fn stacked_heights_add_up_to_the_total(
        sizes in prop::collection::vec(prop::collection::vec(0..50_000_u64, 4), 1..40),
        gap in any::<prop::sample::Index>(),
    ) {
        prop_assume!(sizes.iter().flatten().any(|size| *size > 0));
        let mut chart = area();
        chart.complete = None;
        chart.layers = (0..4).map(|index| Layer { name: index.to_string(), colour: Colour::Series(index) }).collect();
        chart.until = chart.from + TimeDelta::days(i64::try_from(sizes.len()).unwrap());
        let gap = gap.index(sizes.len() + 1);
        let slots = sizes.iter().enumerate().filter(|(place, _)| *place != gap);
        chart.slots = slots.map(|(place, sizes)| Slot {
            start: chart.from + TimeDelta::days(i64::try_from(place).unwrap()),
            sizes: Some(sizes.clone()),
        }).collect();
        let known: Vec<_> = chart.slots.iter().map(|slot| slot.sizes.clone().unwrap()).collect();
        prop_assume!(known.iter().flatten().any(|size| *size > 0));
        let drawn = chart.draw(&frame("a", "", ""), &Plain);
        let all = elements(&drawn.figure.0);
        let shapes = all.iter().filter(|element| element.get("stroke") == Some("black"));
        let heights: Vec<Vec<f64>> = shapes.map(|shape| heights(shape.get("d").unwrap())).collect();
        prop_assert_eq!(heights.len(), 4);
        let pixels = pixels_for_one(&all);
        for (place, sizes) in known.iter().enumerate() {
            let sum: f64 = heights.iter().map(|layer| layer[place]).sum();
            let total = float(sizes.iter().sum());
            prop_assert!((sum - total * pixels).abs() < 0.1, "{} for {}", sum, total * pixels);
            for (layer, size) in heights.iter().zip(sizes) {
                prop_assert!((layer[place] - float(*size) * pixels).abs() < 0.03);
            }
        }
        // A gap is open: what is before it and what is after it are shapes of their own.
        let inside = gap > 0 && gap + 1 < sizes.len();
        let mut shapes = all.iter().filter(|element| element.get("stroke") == Some("black"));
        let pieces = if inside { 2 } else { 1 };
        prop_assert!(shapes.all(|shape| shape.get("d").unwrap().matches('Z').count() == pieces));
        let hatched = all.iter().any(|element| element.is("gap") && element.name == "rect");
        prop_assert_eq!(hatched, gap < sizes.len());
    }
}

/// How high one contact is, by the ticks at the side.
fn pixels_for_one(all: &[Element]) -> f64 {
    let lines = all
        .iter()
        .filter(|element| element.is("grid") || element.is("axis"));
    let ys: Vec<_> = lines.map(|line| number(line, "y1")).collect();
    let texts = all
        .iter()
        .filter(|element| element.is("tick") && element.get("dx") == Some("-8"));
    let numbers = texts.map(|text| text.text.replace(',', "").parse::<u64>().unwrap());
    let bottom = ys.iter().copied().fold(0.0, f64::max);
    let top = ys.iter().copied().fold(f64::MAX, f64::min);
    (bottom - top) / float(numbers.max().unwrap())
}

/// The heights of the columns of an outline: tops from the left, then bottoms from the right.
fn heights(path: &str) -> Vec<f64> {
    let mut heights = Vec::new();
    for run in path.split('Z').filter(|run| !run.is_empty()) {
        let points = points(run);
        // A start, then for each column two points above (the first begins at the start) and two below.
        let columns = points.len() / 4;
        let tops: Vec<_> = (0..columns).map(|column| points[2 * column].1).collect();
        let below = &points[2 * columns..];
        let bottoms: Vec<_> = (0..columns).map(|column| below[2 * column].1).collect();
        let all = tops.iter().zip(bottoms.iter().rev());
        heights.extend(all.map(|(top, bottom)| bottom - top));
    }
    heights
}

#[test]
fn a_part_without_a_score_breaks_the_line() {
    let mut chart = line();
    chart.complete = None;
    chart.forecast = None;
    let path = |chart: &crate::web::chart::StepLine| {
        let drawn = chart.draw(&frame("l", "", ""), &Plain);
        let all = elements(&drawn.figure.0);
        let line = all
            .into_iter()
            .find(|element| element.is("line") && element.name == "path");
        line.unwrap().get("d").unwrap().to_owned()
    };
    assert_eq!(
        path(&chart).matches('M').count(),
        2,
        "two pieces around the gap"
    );
    chart.steps.retain(|step| step.points.is_some());
    assert_eq!(path(&chart).matches('M').count(), 1);
    chart.steps.push(Step {
        at: day(2026, 11, 15),
        points: None,
    });
    assert!(
        points(&path(&chart)).iter().all(|(x, _)| *x < 965.0),
        "it ends where nothing is known"
    );
}

#[test]
fn what_comes_if_nothing_happens_begins_at_the_present_score() {
    let drawn = line().draw(&frame("l", "", ""), &Plain);
    let all = elements(&drawn.figure.0);
    let path = |class: &str| {
        let found = all
            .iter()
            .find(|element| element.name == "path" && element.is(class));
        points(found.unwrap().get("d").unwrap())
    };
    // The last days are not complete, so they are grey; from today on the line is dashed.
    assert_eq!(path("stale-line").last(), path("forecast").first());
    assert!(path("forecast").last().unwrap().0 > 999.9);
}
