//! The `MailBlue` timeline (MB-05): every day from before the first event to after the last expiry.
//!
//! The reference gives five of its days, with the row on automations that
//! refers to it (MB-06): 75 on 1 June, 70 on 20 June, 65 on 27 June, 75 again
//! on 29 June, below 70 on 11 July. This history has them, and is otherwise
//! ours. Who is at 75 or more on which day is here; what is started then, with
//! hysteresis and cooldown, is in `tests/it/mailblue.rs`.

use serde_json::json;

use super::person::{JAN, Person, pack};
use crate::program::Program;

/// Lives in Utrecht (10) in the Netherlands (20). Sees the prices on 1 June (10, once).
///
/// Each open is 5 until the same day of the next month:
///
/// | open | from | gone on |   | open | from | gone on |
/// |---|---|---|---|---|---|---|
/// | a | 4 May  | 4 June  |   | h | 4 June  | 4 July  |
/// | b | 11 May | 11 June |   | i | 11 June | 11 July |
/// | c | 12 May | 12 June |   | j | 12 June | 12 July |
/// | d | 13 May | 13 June |   | k | 13 June | 13 July |
/// | e | 14 May | 14 June |   | l | 14 June | 14 July |
/// | f | 20 May | 20 June |   | m | 29 June | 29 July |
/// | g | 27 May | 27 June |   | n | 29 June | 29 July |
///
/// What changes nothing: mail `b` opened once more, `f` opened again after a month,
/// the prices seen a second time, an open by a mail scanner, one by a privacy proxy.
fn jan() -> Person {
    let machine = |verdict: &str| json!({ "campaign": "x", "verdict": verdict });
    let opens = [
        ("a", "2026-05-04 23:59"),
        ("b", "2026-05-11 00:00"),
        ("b", "2026-05-11 18:00"),
        ("c", "2026-05-12"),
        ("d", "2026-05-13"),
        ("e", "2026-05-14"),
        ("f", "2026-05-20"),
        ("g", "2026-05-27"),
        ("h", "2026-06-04"),
        ("i", "2026-06-11 23:59"),
        ("j", "2026-06-12"),
        ("k", "2026-06-13"),
        ("l", "2026-06-14"),
        ("f", "2026-06-22"),
        ("m", "2026-06-29 09:00"),
        ("n", "2026-06-29 09:01"),
    ];
    let person = Person::new()
        .field("country", "NL")
        .field("city", "Utrecht");
    opens
        .iter()
        .fold(person, |person, (mail, on)| person.opened(mail, on))
        .visited("https://www.bedrijf.example/prijzen", "2026-06-01")
        .visited("https://www.bedrijf.example/prijzen", "2026-06-18")
        .did("open", "2026-06-21", machine("scanner"))
        .did("open", "2026-07-15", machine("privacy_proxy"))
}

/// The days: what is fixed, which opens count, and the sum.
const DAYS: &str = "
2026-05-03  30                    30
2026-05-04  30  a                 35
2026-05-05  30  a                 35
2026-05-06  30  a                 35
2026-05-07  30  a                 35
2026-05-08  30  a                 35
2026-05-09  30  a                 35
2026-05-10  30  a                 35
2026-05-11  30  a b               40
2026-05-12  30  a b c             45
2026-05-13  30  a b c d           50
2026-05-14  30  a b c d e         55
2026-05-15  30  a b c d e         55
2026-05-16  30  a b c d e         55
2026-05-17  30  a b c d e         55
2026-05-18  30  a b c d e         55
2026-05-19  30  a b c d e         55
2026-05-20  30  a b c d e f       60
2026-05-21  30  a b c d e f       60
2026-05-22  30  a b c d e f       60
2026-05-23  30  a b c d e f       60
2026-05-24  30  a b c d e f       60
2026-05-25  30  a b c d e f       60
2026-05-26  30  a b c d e f       60
2026-05-27  30  a b c d e f g     65
2026-05-28  30  a b c d e f g     65
2026-05-29  30  a b c d e f g     65
2026-05-30  30  a b c d e f g     65
2026-05-31  30  a b c d e f g     65
2026-06-01  40  a b c d e f g     75
2026-06-02  40  a b c d e f g     75
2026-06-03  40  a b c d e f g     75
2026-06-04  40  b c d e f g h     75
2026-06-05  40  b c d e f g h     75
2026-06-06  40  b c d e f g h     75
2026-06-07  40  b c d e f g h     75
2026-06-08  40  b c d e f g h     75
2026-06-09  40  b c d e f g h     75
2026-06-10  40  b c d e f g h     75
2026-06-11  40  c d e f g h i     75
2026-06-12  40  d e f g h i j     75
2026-06-13  40  e f g h i j k     75
2026-06-14  40  f g h i j k l     75
2026-06-15  40  f g h i j k l     75
2026-06-16  40  f g h i j k l     75
2026-06-17  40  f g h i j k l     75
2026-06-18  40  f g h i j k l     75
2026-06-19  40  f g h i j k l     75
2026-06-20  40  g h i j k l       70
2026-06-21  40  g h i j k l       70
2026-06-22  40  g h i j k l       70
2026-06-23  40  g h i j k l       70
2026-06-24  40  g h i j k l       70
2026-06-25  40  g h i j k l       70
2026-06-26  40  g h i j k l       70
2026-06-27  40  h i j k l         65
2026-06-28  40  h i j k l         65
2026-06-29  40  h i j k l m n     75
2026-06-30  40  h i j k l m n     75
2026-07-01  40  h i j k l m n     75
2026-07-02  40  h i j k l m n     75
2026-07-03  40  h i j k l m n     75
2026-07-04  40  i j k l m n       70
2026-07-05  40  i j k l m n       70
2026-07-06  40  i j k l m n       70
2026-07-07  40  i j k l m n       70
2026-07-08  40  i j k l m n       70
2026-07-09  40  i j k l m n       70
2026-07-10  40  i j k l m n       70
2026-07-11  40  j k l m n         65
2026-07-12  40  k l m n           60
2026-07-13  40  l m n             55
2026-07-14  40  m n               50
2026-07-15  40  m n               50
2026-07-16  40  m n               50
2026-07-17  40  m n               50
2026-07-18  40  m n               50
2026-07-19  40  m n               50
2026-07-20  40  m n               50
2026-07-21  40  m n               50
2026-07-22  40  m n               50
2026-07-23  40  m n               50
2026-07-24  40  m n               50
2026-07-25  40  m n               50
2026-07-26  40  m n               50
2026-07-27  40  m n               50
2026-07-28  40  m n               50
2026-07-29  40                    40
2026-07-30  40                    40
";

/// A line of the table.
struct Row {
    on: &'static str,
    mails: Vec<&'static str>,
    sum: i64,
}

fn days() -> Vec<Row> {
    let rows: Vec<Row> = DAYS
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| {
            let cells: Vec<&str> = line.split_whitespace().collect();
            let (fixed, mails) = (cells[1], &cells[2..cells.len() - 1]);
            let sum = cells[cells.len() - 1].parse().unwrap();
            let fixed: i64 = fixed.parse().unwrap();
            let opens = 5 * i64::try_from(mails.len()).unwrap();
            assert_eq!(fixed + opens, sum, "{line}");
            Row {
                on: cells[0],
                mails: mails.to_vec(),
                sum,
            }
        })
        .collect();
    // 28 days of May from the 4th with the day before, June, and July to the 30th.
    assert_eq!(rows.len(), 29 + 30 + 30);
    rows
}

#[test]
fn mb_05_the_score_is_as_worked_out_on_every_day() {
    let scored = jan().under(&pack("mailblue"));
    for row in days() {
        let seen = scored.on(row.on);
        assert_eq!(seen.shown("engagement"), row.sum, "{}", row.on);
        let inside = seen.segments().contains(&"ambassadors");
        assert_eq!(inside, row.sum >= 75, "{}", row.on);
    }
}

#[test]
fn mb_06_the_five_days_of_the_automation_are_as_the_reference_says() {
    let scored = jan().under(&pack("mailblue"));
    for (on, expected) in [
        ("2026-05-31", 65),
        ("2026-06-01", 75),
        ("2026-06-19", 75),
        ("2026-06-20", 70),
        ("2026-06-26", 70),
        ("2026-06-27", 65),
        ("2026-06-28", 65),
        ("2026-06-29", 75),
        ("2026-07-10", 70),
        ("2026-07-11", 65),
    ] {
        assert_eq!(scored.on(on).shown("engagement"), expected, "{on}");
    }
    // The two days on which 75 is reached from below, and none else.
    let above: Vec<bool> = days().iter().map(|row| row.sum >= 75).collect();
    let entries = above.windows(2).filter(|pair| !pair[0] && pair[1]);
    assert_eq!(entries.count(), 2);
}

#[test]
fn mb_05_the_shipped_program_explains_every_day_the_same() {
    let program = Program::with("timezone = \"Europe/Amsterdam\"\nextends = [\"mailblue\"]\n");
    program.file("jan.jsonl", &jan().jsonl());
    program.expect(0, &["import", "jan.jsonl"]);
    let all = days();
    for (at, row) in all.iter().enumerate() {
        let explained = program.json(&["explain", JAN, "--as-of", row.on]);
        let score = &explained["scores"][0];
        assert_eq!(score["shown"], row.sum, "{}", row.on);
        let rules = score["rules"].as_array().unwrap();
        let opens = rules.iter().find(|rule| rule["when"] == "open").unwrap();
        let lasting = opens["events"].as_array().unwrap().iter();
        let mut lasting: Vec<&str> = lasting
            .filter(|event| event["points"] == 5)
            .map(|event| event["campaign"].as_str().unwrap())
            .collect();
        lasting.sort_unstable();
        assert_eq!(lasting, row.mails, "{}", row.on);
        // An open that takes the place of another on its last day changes nothing.
        let later = all[at..].iter().find(|later| later.sum != row.sum);
        let next = later.map(|later| later.on);
        assert_eq!(score["next_change_on"].as_str(), next, "{}", row.on);
    }
}
