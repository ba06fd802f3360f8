//! What holds for each chart, whatever is in it.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::{
    STYLES,
    document::{Element, check_places, elements},
    samples::{Plain, area, bars, day, frame, histogram, line, strip, weeks},
};
use crate::web::chart::{
    Apart, Area, Band, Bar, Bars, Before, Bin, Cell, Colour, Complete, Drawn, Forecast, Frame,
    Histogram, Layer, Mark, Row, Slot, State, Step, StepLine, Strip, Unit, bars::Measure,
};

fn message() -> Frame {
    frame("shown", "A title", "What it says.")
}

/// Every kind, as pages have it.
fn every_kind() -> Vec<(&'static str, Drawn)> {
    let frame = message();
    vec![
        ("histogram", histogram().draw(&frame, &Plain)),
        ("area", area().draw(&frame, &Plain)),
        ("weeks", weeks().draw(&frame, &Plain)),
        ("line", line().draw(&frame, &Plain)),
        ("bars", bars().draw(&frame, &Plain)),
        ("strip", strip().draw(&frame, &Plain)),
    ]
}

/// What must hold for every figure.
fn check(drawn: &Drawn) {
    let all = elements(&drawn.figure.0);
    check_places(&all);
    check_names(&all);
    check_classes(&all);
    for element in &all {
        assert!(element.get("style").is_none(), "{element:?}");
        assert!(
            !element
                .attributes
                .iter()
                .any(|(name, _)| name.starts_with("on"))
        );
    }
}

/// Ids are unique, and what refers to one finds it.
fn check_names(all: &[Element]) {
    let ids: Vec<_> = all.iter().filter_map(|element| element.get("id")).collect();
    let unique: BTreeSet<_> = ids.iter().copied().collect();
    assert_eq!(unique.len(), ids.len(), "{ids:?}");
    for element in all {
        for (name, value) in &element.attributes {
            let fill = value
                .strip_prefix("url(#")
                .and_then(|rest| rest.strip_suffix(')'));
            let used =
                (element.name == "use" && name == "href").then(|| value.trim_start_matches('#'));
            let said = (name == "aria-labelledby").then_some(value.as_str());
            for id in fill
                .into_iter()
                .chain(used)
                .chain(said.into_iter().flat_map(str::split_whitespace))
            {
                assert!(unique.contains(id), "{id} of {element:?}");
            }
        }
    }
}

/// The style sheet knows each class but the names of the kinds.
fn check_classes(all: &[Element]) {
    let kind = |element: &&Element| element.name == "figure";
    for class in all
        .iter()
        .filter(|element| !kind(element))
        .flat_map(Element::classes)
    {
        let known = STYLES
            .match_indices(&format!(".{class}"))
            .any(|(at, found)| {
                let next = STYLES[at + found.len()..].chars().next();
                next.is_some_and(|c| !c.is_ascii_alphanumeric() && c != '-')
            });
        assert!(known, "no style for {class}");
    }
}

#[test]
fn each_kind_is_drawn_as_it_was() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.bind(|| {
        let mut few = histogram();
        few.bins.retain(|bin| bin.from % 20_000 == 0);
        for bin in &mut few.bins {
            bin.until = bin.from + 20_000;
        }
        let mut month = area();
        month.until = month.from + TimeDelta::days(5);
        month
            .slots
            .retain(|slot| slot.start < month.until && slot.start != day(2026, 8, 26));
        month.complete = Some(Complete {
            until: day(2026, 8, 28),
            label: "not complete".to_owned(),
        });
        let mut nights = strip();
        nights.rows.drain(..4);
        nights.columns.truncate(12);
        nights
            .rows
            .iter_mut()
            .for_each(|row| row.cells.truncate(12));
        let frame = message();
        for (name, drawn) in [
            ("histogram", few.draw(&frame, &Plain)),
            ("area", month.draw(&frame, &Plain)),
            ("line", line().draw(&frame, &Plain)),
            ("bars", bars().draw(&frame, &Plain)),
            ("strip", nights.draw(&frame, &Plain)),
        ] {
            let lines = drawn.figure.0.replace("><", ">\n<").replace("\n</", "</");
            insta::assert_snapshot!(name, lines);
        }
    });
}

#[test]
fn each_kind_keeps_to_the_rules_and_is_drawn_the_same_again() {
    for ((name, one), (_, other)) in every_kind().into_iter().zip(every_kind()) {
        assert_eq!(one.figure.0, other.figure.0, "{name}");
        check(&one);
    }
}

#[test]
fn the_message_is_the_text_alternative() {
    for (name, drawn) in every_kind() {
        let all = elements(&drawn.figure.0);
        let drawing = all
            .iter()
            .find(|element| element.is("chart-drawing"))
            .unwrap();
        assert_eq!(
            drawing.get("aria-labelledby"),
            Some("shown-title shown-message")
        );
        let said = |id| {
            all.iter()
                .find(|element| element.get("id") == Some(id))
                .unwrap()
        };
        assert_eq!(said("shown-title").text, "A title");
        assert_eq!(said("shown-message").text, "What it says.");
        let role = if name == "line" { "group" } else { "img" };
        assert_eq!(drawing.get("role"), Some(role), "{name}");
    }
}

#[test]
fn marks_can_be_reached_by_keyboard_and_are_named_and_lead_to_places_on_this_site() {
    let mut chart = line();
    for (mark, href) in
        chart
            .marks
            .iter_mut()
            .zip(["javascript:alert(1)", "//elsewhere", "/contacts/7"])
    {
        mark.href = Some(href.to_owned());
    }
    let drawn = chart.draw(&message(), &Plain);
    let all = elements(&drawn.figure.0);
    let titles = all.iter().filter(|element| element.name == "title");
    let marks: Vec<_> = titles
        .filter_map(|title| Some((&all[*title.within.last()?], title.text.as_str())))
        .filter(|(mark, _)| mark.is("mark"))
        .collect();
    assert_eq!(
        marks.len(),
        all.iter().filter(|each| each.is("mark")).count()
    );
    assert!(marks.len() > 8);
    for (mark, title) in &marks {
        assert!(!title.is_empty());
        match mark.name.as_str() {
            "a" => assert!(mark.get("href").unwrap().starts_with(['#', '/'])),
            _ => {
                assert_eq!(mark.get("tabindex"), Some("0"));
                assert_eq!(mark.get("aria-label"), Some(*title));
            }
        }
    }
    assert!(!drawn.figure.0.contains("javascript:") && !drawn.figure.0.contains("//elsewhere"));
    // In each room: what a person did is filled, what a machine did is hollow, and no two are too near
    // to be pressed apart. All that became one is named.
    let named = |label: &str| {
        let mut marks = marks.iter();
        marks.any(|(_, title)| title.contains(label))
    };
    assert!(chart.marks.iter().all(|mark| named(&mark.label)));
    assert_eq!(
        all.iter().filter(|element| element.is("mark-late")).count(),
        2 * 2 + 1
    );
}

#[test]
fn names_that_a_narrow_drawing_cuts_stand_whole_below_it() {
    let key = |chart: &Area| {
        let all = elements(&chart.draw(&message(), &Plain).figure.0);
        let narrow = |element: &Element| element.name == "li" && element.is("narrow");
        let names = all.iter().filter(|element| {
            let around = element.within.last().map(|place| &all[*place]);
            element.name == "span" && around.is_some_and(narrow)
        });
        names.map(|name| name.text.clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        key(&area()),
        [""; 0],
        "short names stand beside the drawing alone"
    );
    let names = weeks().layers.into_iter().map(|layer| layer.name);
    assert_eq!(key(&weeks()), names.collect::<Vec<_>>());
}

#[test]
fn nothing_to_show_is_said_in_a_sentence() {
    let mut unknown = area();
    unknown.slots.iter_mut().for_each(|slot| slot.sizes = None);
    let mut nobody = histogram();
    nobody.bins.clear();
    nobody.before = None;
    nobody.apart = None;
    let mut silent = line();
    silent.steps.clear();
    silent.marks.clear();
    silent.forecast = None;
    let frame = message();
    for drawn in [
        unknown.draw(&frame, &Plain),
        nobody.draw(&frame, &Plain),
        silent.draw(&frame, &Plain),
        Bars::default().draw(&frame, &Plain),
        Strip::default().draw(&frame, &Plain),
    ] {
        check(&drawn);
        assert!(drawn.figure.0.contains("Nothing to show yet."));
        assert!(!drawn.figure.0.contains("<svg") && !drawn.figure.0.contains("<table"));
    }
}

#[test]
fn hostile_names_are_inert_short_in_the_drawing_and_whole_in_the_table() {
    let long = format!(
        "<script>alert(1)</script>\u{202e}\u{2066}\"'&{}",
        "long ".repeat(2_000)
    );
    let escaped = {
        use maud::Render as _;
        crate::text::inert(&long).render().0
    };
    let mut spread = histogram();
    spread.bands[2].name.clone_from(&long);
    spread.apart.as_mut().unwrap().groups[0].0.clone_from(&long);
    let mut sizes = area();
    sizes.layers[1].name.clone_from(&long);
    let mut score = line();
    score.marks[0].label.clone_from(&long);
    score.bands[1].name.clone_from(&long);
    let mut rules = bars();
    rules.rows[0].label.clone_from(&long);
    let mut runs = strip();
    runs.rows[0].label.clone_from(&long);
    runs.columns[3].clone_from(&long);
    let frame = Frame {
        id: "a\"b <c>".to_owned(),
        title: long.clone(),
        ..message()
    };
    for drawn in [
        spread.draw(&frame, &Plain),
        sizes.draw(&frame, &Plain),
        score.draw(&frame, &Plain),
        rules.draw(&frame, &Plain),
        runs.draw(&frame, &Plain),
    ] {
        check(&drawn);
        let (drawing, table) = drawn.figure.0.split_once("<details").unwrap();
        assert!(!drawn.figure.0.contains("<script"));
        assert!(!drawing.contains(['\u{202e}', '\u{2066}']));
        assert!(elements(&drawn.figure.0).iter().all(|element| {
            element
                .get("aria-label")
                .is_none_or(|label| label.chars().count() < 1_400)
        }));
        assert!(table.contains(&format!("<bdi>{escaped}</bdi>")));
        assert!(drawing.contains('…'));
    }
}

fn any_count() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0..60_000_u64, 1 => Just(0), 1 => any::<u64>()]
}

fn any_points() -> impl Strategy<Value = i64> {
    prop_oneof![4 => -200_000..200_000_i64, 1 => Just(0), 1 => any::<i64>()]
}

fn any_moment() -> impl Strategy<Value = chrono::NaiveDateTime> {
    (0..2_000_i64, 0..24_i64)
        .prop_map(|(days, hours)| day(2024, 1, 1) + TimeDelta::days(days) + TimeDelta::hours(hours))
}

fn any_bands() -> impl Strategy<Value = Vec<Band>> {
    prop::collection::vec((any_points(), "\\PC{0,30}"), 0..6).prop_map(|bands| {
        let mut froms: Vec<_> = bands.iter().map(|(from, _)| Some(*from)).collect();
        froms.sort_unstable();
        if let Some(first) = froms.first_mut() {
            *first = None;
        }
        let names = bands.into_iter().map(|(_, name)| name);
        names
            .zip(froms)
            .map(|(name, from)| Band { name, from })
            .collect()
    })
}

prop_compose! {
    fn any_histogram()(
        start in -500_000..500_000_i64,
        width in 1..50_000_i64,
        counts in prop::collection::vec((any_count(), any_count()), 0..60),
        bands in any_bands(),
        groups in prop::option::of(prop::collection::vec(("\\PC{0,30}", any_count()), 0..7)),
        before in any::<bool>(),
    ) -> Histogram {
        let bin = |(place, (contacts, _)): (i64, &(u64, u64))| Bin {
            from: start + place * width,
            until: start + (place + 1) * width,
            contacts: *contacts,
        };
        Histogram {
            bins: (0..).zip(&counts).map(bin).collect(),
            bands,
            before: before.then(|| Before {
                label: "before".to_owned(),
                contacts: counts.iter().map(|(_, before)| *before).collect(),
            }),
            apart: groups.map(|groups| Apart { label: "apart".to_owned(), groups }),
            words: histogram().words,
        }
    }
}

prop_compose! {
    fn any_area()(
        from in any_moment(),
        units in 0..120_i64,
        unit in prop::sample::select(vec![Unit::Hour, Unit::Day, Unit::Week, Unit::Month]),
        layers in 0..10_usize,
        slots in prop::collection::vec((0..130_i64, prop::option::weighted(0.8, prop::collection::vec(any_count(), 0..10))), 0..80),
        complete in prop::option::of(any_moment()),
    ) -> Area {
        let hours = match unit { Unit::Hour => 1, Unit::Day => 24, Unit::Week => 168, Unit::Month => 730 };
        let slot = |(at, sizes)| Slot { start: from + TimeDelta::hours(at * hours), sizes };
        Area {
            unit,
            from,
            until: from + TimeDelta::hours(units * hours),
            layers: (0..layers).map(|index| Layer { name: format!("layer {index}"), colour: Colour::Series(index) }).collect(),
            slots: slots.into_iter().map(slot).collect(),
            complete: complete.map(|until| Complete { until, label: "stale".to_owned() }),
            words: area().words,
        }
    }
}

prop_compose! {
    fn any_line()(
        from in any_moment(),
        now in any_moment(),
        steps in prop::collection::vec((any_moment(), prop::option::weighted(0.8, any_points())), 0..20),
        ahead in prop::option::of((any_moment(), prop::collection::vec((any_moment(), any_points()), 0..5))),
        bands in any_bands(),
        marks in prop::collection::vec((any_moment(), "\\PC{0,30}", any::<bool>(), any::<bool>(), prop::option::of("\\PC{0,20}")), 0..40),
        complete in prop::option::of(any_moment()),
    ) -> StepLine {
        let forecast = |(until, steps): (chrono::NaiveDateTime, Vec<(chrono::NaiveDateTime, i64)>)| Forecast {
            until,
            steps: steps.into_iter().map(|(at, points)| Step { at, points: Some(points) }).collect(),
            label: "if nothing happens".to_owned(),
        };
        StepLine {
            from,
            now,
            steps: steps.into_iter().map(|(at, points)| Step { at, points }).collect(),
            forecast: ahead.map(forecast),
            bands,
            marks: marks.into_iter().map(|(at, label, human, late, href)| Mark { at, label, human, late, href }).collect(),
            complete: complete.map(|until| Complete { until, label: "stale".to_owned() }),
            words: line().words,
        }
    }
}

prop_compose! {
    fn any_strip()(rows in prop::collection::vec(("\\PC{0,30}", prop::collection::vec(0..5_usize, 0..100)), 0..9), heads in 0..110_usize) -> Strip {
        let states = [State::Ok, State::Partly, State::Failed, State::Blocked, State::Nothing];
        let cell = |state: usize| Cell { state: states[state], note: None };
        Strip {
            columns: (0..heads).map(|head| head.to_string()).collect(),
            rows: rows.into_iter().map(|(label, cells)| Row { label, cells: cells.into_iter().map(cell).collect() }).collect(),
            ..strip()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_histogram_is_drawn_within_its_place(chart in any_histogram()) {
        check(&chart.draw(&message(), &Plain));
    }

    #[test]
    fn any_area_is_drawn_within_its_place(chart in any_area()) {
        check(&chart.draw(&message(), &Plain));
    }

    #[test]
    fn any_line_is_drawn_within_its_place(chart in any_line()) {
        check(&chart.draw(&message(), &Plain));
    }

    #[test]
    fn any_bars_are_drawn_within_their_place(values in prop::collection::vec(("\\PC{0,80}", any_points()), 0..60), points in any::<bool>()) {
        let measure = if points { Measure::Points } else { Measure::Count };
        let bar = |(label, value)| Bar { label, value, colour: None };
        let chart = Bars { rows: values.into_iter().map(bar).collect(), measure, ..bars() };
        check(&chart.draw(&message(), &Plain));
    }

    #[test]
    fn any_strip_is_drawn_within_its_place(chart in any_strip()) {
        check(&chart.draw(&message(), &Plain));
    }
}
