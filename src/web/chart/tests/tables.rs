//! The table beside each chart holds every datum.

use super::{
    document::{Element, elements},
    samples::{Plain, area, bars, frame, histogram, line, strip},
};
use crate::web::chart::{Drawn, Numbers as _, Unit};

/// The rows of all tables of a figure, as the texts of their cells.
fn rows(drawn: &Drawn) -> Vec<Vec<String>> {
    let table = drawn.figure.0.split_once("<details").unwrap().1;
    let rows = table.split("<tr>").skip(1);
    rows.map(|row| {
        let row = row.split("</tr>").next().unwrap();
        let cells = row.split("</t").filter(|cell| cell.contains("<t"));
        cells.map(text).collect()
    })
    .collect()
}

/// Without elements.
fn text(markup: &str) -> String {
    let mut out = String::new();
    for part in markup.split('<') {
        out += part.split_once('>').map_or(part, |(_, text)| text);
    }
    out
}

#[test]
fn every_bin_is_a_row_with_its_band_now_and_before_and_every_reason_is_one() {
    let chart = histogram();
    let rows = rows(&chart.draw(&frame("h", "", ""), &Plain));
    assert_eq!(
        rows[0],
        ["from", "below", "band", "contacts", "30 days ago"]
    );
    assert_eq!(rows.len(), 1 + chart.bins.len() + 1 + 2);
    let before = &chart.before.as_ref().unwrap().contacts;
    for ((bin, before), row) in chart.bins.iter().zip(before).zip(&rows[1..]) {
        let contacts = Plain.whole(i64::try_from(bin.contacts).unwrap());
        let before = Plain.whole(i64::try_from(*before).unwrap());
        assert_eq!(row[0], Plain.points(bin.from));
        assert_eq!(row[1], Plain.points(bin.until));
        assert_eq!(
            row[2],
            match bin.from {
                ..10_000 => "not engaged",
                10_000..40_000 => "cool",
                40_000..70_000 => "warm",
                _ => "hot",
            }
        );
        assert_eq!(row[3..], [contacts, before]);
    }
    assert_eq!(rows[rows.len() - 1], ["waiting for hubspot/crm", "1,152"]);
}

#[test]
fn every_slot_is_a_row_and_so_is_every_missing_one() {
    let mut chart = area();
    chart.slots.truncate(80);
    let rows = rows(&chart.draw(&frame("a", "", ""), &Plain));
    assert_eq!(rows.len(), 1 + 91);
    for slot in &chart.slots {
        let day = Plain.moment(slot.start, Unit::Day);
        let row = rows.iter().find(|row| row[0].starts_with(&day)).unwrap();
        let sizes = slot.sizes.as_ref().unwrap();
        let all = sizes.iter().copied().chain([sizes.iter().sum()]);
        let wanted: Vec<_> = all
            .map(|size| Plain.whole(i64::try_from(size).unwrap()))
            .collect();
        assert_eq!(row[1..], wanted);
        let late = slot.start >= chart.complete.as_ref().unwrap().until;
        assert_eq!(row[0].ends_with("not complete"), late);
    }
    let missing = rows
        .iter()
        .filter(|row| row[1..].iter().all(|cell| cell == "not known"));
    assert_eq!(missing.count(), 4 + 7);
}

#[test]
fn every_change_to_come_and_every_mark_is_a_row() {
    let chart = line();
    let rows = rows(&chart.draw(&frame("l", "", ""), &Plain));
    let steps = chart
        .steps
        .iter()
        .chain(&chart.forecast.as_ref().unwrap().steps);
    for step in steps {
        let day = Plain.moment(step.at, Unit::Day);
        let points = step
            .points
            .map_or("not known".to_owned(), |points| Plain.points(points));
        assert!(
            rows.iter()
                .any(|row| row[0].starts_with(&day) && row[1] == points),
            "{step:?}"
        );
    }
    for mark in &chart.marks {
        let by = if mark.human { "a person" } else { "a machine" };
        let what = if mark.late {
            format!("{} became known late", mark.label)
        } else {
            mark.label.clone()
        };
        assert!(
            rows.iter().any(|row| row[1..] == [what.as_str(), by]),
            "{mark:?}"
        );
    }
}

#[test]
fn every_bar_and_every_cell_is_in_the_table() {
    let chart = bars();
    let of_bars = rows(&chart.draw(&frame("b", "", ""), &Plain));
    let values: Vec<_> = of_bars[1..].iter().map(|row| row[1].as_str()).collect();
    assert_eq!(values, ["+30", "+12", "+10", "-10", "-22.5"]);
    let mut many = bars();
    many.rows = (0..500).flat_map(|_| bars().rows).collect();
    assert_eq!(
        rows(&many.draw(&frame("b", "", ""), &Plain)).len(),
        1 + 2_500
    );

    let of_cells = rows(&strip().draw(&frame("s", "", ""), &Plain));
    assert!(of_cells.iter().all(|row| row.len() == 25));
    assert_eq!(
        of_cells[2][13..17],
        ["ok", "failed 1 run", "failed 1 run", "failed 1 run"]
    );
    assert_eq!(of_cells[6][9..11], ["ok", "blocked"]);
}

#[test]
fn tables_have_captions_and_heads_with_their_scope() {
    let drawn = histogram().draw(&frame("h", "How the scores are spread", ""), &Plain);
    let all = elements(&drawn.figure.0);
    let heads = all.iter().filter(|element| element.name == "th");
    assert!(
        heads
            .clone()
            .all(|head| matches!(head.get("scope"), Some("col" | "row")))
    );
    let captions: Vec<_> = all
        .iter()
        .filter(|element| element.name == "caption")
        .collect();
    let said: Vec<_> = captions
        .iter()
        .map(|caption| caption.text.as_str())
        .collect();
    assert_eq!(said, ["How the scores are spread", "not judged"]);
    let around = |element: &Element| {
        element
            .within
            .iter()
            .any(|place| all[*place].name == "details")
    };
    assert!(captions.iter().all(|caption| around(caption)));
}
