use std::{io::Write, path::PathBuf};

use chrono::DateTime;
use engaged_connectors::model::Address;
use tempfile::TempDir;

use super::*;
use crate::{
    score::{
        calendar::{Day, Zone},
        facts::Facts,
    },
    store::Access,
};

struct Standing;

impl Clock for Standing {
    fn now(&self) -> DateTime<chrono::Utc> {
        DateTime::from_timestamp_millis(1_781_000_000_000).unwrap()
    }
}

struct Bench {
    folder: TempDir,
    store: Store,
}

fn bench() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("a.db"), Access::ReadWrite, &Standing).unwrap();
    Bench { folder, store }
}

impl Bench {
    fn file(&self, name: &str, text: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        File::create(&path).unwrap().write_all(text).unwrap();
        path
    }

    fn import(&self, files: &[PathBuf]) -> ImportReport {
        import(
            &self.store,
            files,
            &Options::default(),
            &Standing,
            &mut |_| {},
        )
        .unwrap()
    }

    fn facts(&self, email: &str) -> Facts {
        let email = Address::parse(email).unwrap();
        self.store
            .read(|conn| {
                let contact = conn.find_contact(&email)?.unwrap();
                Ok(conn.facts(contact, None)?.unwrap())
            })
            .unwrap()
    }

    fn dump(&self) -> Vec<Facts> {
        let mut all = Vec::new();
        self.store
            .read(|conn| {
                conn.for_each_facts(crate::store::Which::All, None, |_, facts| {
                    all.push(facts.clone());
                    Ok(())
                })
            })
            .unwrap();
        all
    }
}

const ROWS: &str = r#"{"email":"jan@x.example","subscribed_at":"2024-01-10T10:00:00Z","status":"subscribed","fields":{"country":"NL"}}
{"email":"jan@x.example","kind":"open","at":"2026-06-08T10:00:00Z","campaign":"n23","id":"e-1"}
{"email":"jan@x.example","kind":"click","at":"2026-06-08T10:00:05Z","campaign":"n23","link":"https://shop.example/a"}
{"email":"jan@x.example","kind":"send","at":"2026-06-08T06:00:00Z","campaign":"n23","tracked":true}
{"email":"jan@x.example","kind":"page_visit","at":"2026-06-08T10:00:05Z","url":"https://shop.example/"}
{"email":"jan@x.example","kind":"page_visit","at":"2026-06-08T10:00:05Z","url":"https://shop.example/"}

{"gap":{"from":"2026-04-10","to":"2026-04-24","kinds":["open","click"]}}
{"gap":{"from":"2026-04-10","to":"2026-04-24","kinds":["open","click"]}}
"#;

#[test]
fn a_file_imported_twice_changes_nothing() {
    let bench = bench();
    let file = bench.file("rows.jsonl", ROWS.as_bytes());
    let report = bench.import(std::slice::from_ref(&file));
    assert_eq!(
        (
            report.contacts,
            report.events,
            report.duplicates,
            report.gaps
        ),
        (1, 5, 0, 2)
    );
    assert_eq!(report.bad, []);
    let before = (bench.dump(), coverage(&bench));
    assert_eq!(before.0[0].events.len(), 5);
    bench.store.write(|tx| tx.clear_dirty(i64::MAX)).unwrap();
    let again = bench.import(&[file]);
    assert_eq!(
        (again.contacts_changed, again.events, again.duplicates),
        (0, 0, 5)
    );
    assert_eq!((bench.dump(), coverage(&bench)), before);
    assert_eq!(
        bench
            .store
            .read(crate::store::Conn::dirty)
            .unwrap()
            .contacts,
        []
    );
}

fn coverage(bench: &Bench) -> crate::score::facts::Coverage {
    let zone = Zone::new(chrono_tz::Europe::Amsterdam);
    let present = Day::parse("2026-06-15").unwrap();
    bench
        .store
        .read(|conn| conn.coverage(&zone, present, None))
        .unwrap()
}

#[test]
fn one_gap_given_twice_is_one_hole_for_each_kind() {
    let bench = bench();
    bench.import(&[bench.file("rows.jsonl", ROWS.as_bytes())]);
    let holes = coverage(&bench).holes;
    assert_eq!(holes.len(), 2);
    assert!(
        holes
            .iter()
            .all(|(_, kind, days)| kind.is_some() && days.len() == 1)
    );
}

#[test]
fn the_same_row_in_two_files_is_one_event() {
    let bench = bench();
    let (one, two) = (
        bench.file("one.jsonl", ROWS.as_bytes()),
        bench.file("two.jsonl", ROWS.as_bytes()),
    );
    let report = bench.import(&[one, two]);
    assert_eq!((report.events, report.duplicates), (5, 5));
}

#[test]
fn an_import_that_ended_halfway_is_completed_by_running_it_again() {
    let (whole, cut) = (bench(), bench());
    whole.import(&[whole.file("rows.jsonl", ROWS.as_bytes())]);
    // The first of the two identical visits is in, the second is not.
    let half: Vec<&str> = ROWS.lines().take(5).collect();
    cut.import(&[cut.file("rows.jsonl", half.join("\n").as_bytes())]);
    let report = cut.import(&[cut.file("rows.jsonl", ROWS.as_bytes())]);
    assert_eq!((report.events, report.duplicates), (1, 4));
    assert_eq!(cut.dump()[0].events.len(), whole.dump()[0].events.len());
}

#[test]
fn bad_lines_are_told_by_number_and_the_good_ones_kept() {
    let bench = bench();
    let mut text = b"\xef\xbb\xbf".to_vec();
    text.extend_from_slice(
        b"{\"email\":\"a@x.example\",\"kind\":\"open\",\"at\":\"2026-06-08T10:00:00Z\"}\r\n",
    );
    text.extend_from_slice(
        b"{\"email\":\"a@x.example\",\"kind\":\"opne\",\"at\":\"2026-06-08T10:00:00Z\"}\r\n",
    );
    text.extend_from_slice(b"\xff\xfe\r\n");
    text.extend_from_slice(b"{\"email\":\"a@x.example\",\"kind\":\"click\",\"at\":\"2026-06-08T10:00:00Z\",\"colour\":1}");
    let report = bench.import(&[bench.file("rows", &text)]);
    assert_eq!((report.events, report.bad_count), (2, 2));
    let lines: Vec<_> = report
        .bad
        .iter()
        .map(|bad| (bad.line, bad.reason.as_str()))
        .collect();
    assert_eq!(
        lines,
        [
            (2, "unknown kind 'opne'; did you mean open?"),
            (3, "not UTF-8")
        ]
    );
    assert_eq!(
        (
            report.unknown_keys[0].key.as_str(),
            report.unknown_keys[0].line
        ),
        ("colour", 4)
    );
}

#[test]
fn csv_with_dotted_columns_means_what_json_lines_mean() {
    let bench = bench();
    let text = "email,kind,at,campaign,link,value,fields.country,subscribed_at,gap.from,gap.to\n\
                jan@x.example,,,,,,NL,2024-01-10T10:00:00Z,,\n\
                jan@x.example,click,2026-06-08T10:00:05Z,n23,https://shop.example/a,,,,,\n\
                jan@x.example,purchase,2026-06-08T10:00:05Z,,,\"2,50\",,,,\n\
                ,,,,,,,,2026-04-10,2026-04-11\n";
    let report = bench.import(&[bench.file("rows.csv", text.as_bytes())]);
    assert_eq!((report.contacts, report.events, report.gaps), (1, 1, 1));
    assert_eq!(
        report.bad.iter().map(|bad| bad.line).collect::<Vec<_>>(),
        [4]
    );
    let facts = bench.facts("jan@x.example");
    assert_eq!(facts.fields, [("country".to_owned(), "NL".to_owned())]);
    assert_eq!(facts.subscribed_at, Some(1_704_880_800_000));
}

#[test]
fn a_synced_connection_takes_no_import() {
    let bench = bench();
    bench
        .store
        .write(|tx| tx.connection("import", "mailchimp", 0))
        .unwrap();
    let file = bench.file("rows.jsonl", ROWS.as_bytes());
    let error = import(
        &bench.store,
        &[file],
        &Options::default(),
        &Standing,
        &mut |_| {},
    )
    .unwrap_err();
    assert!(matches!(error, ImportError::Synced { .. }));
}

#[test]
fn a_correction_moves_the_subscription_only_to_earlier() {
    let bench = bench();
    for at in [
        "2024-03-10T10:00:00Z",
        "2024-01-10T10:00:00Z",
        "2024-02-10T10:00:00Z",
    ] {
        let line = format!(
            r#"{{"email":"jan@x.example","subscribed_at":"{at}","fields":{{"last":"{at}"}}}}"#
        );
        bench.import(&[bench.file("rows.jsonl", line.as_bytes())]);
    }
    let facts = bench.facts("jan@x.example");
    assert_eq!(facts.subscribed_at, Some(1_704_880_800_000));
    assert_eq!(facts.fields[0].1, "2024-02-10T10:00:00Z");
}

#[test]
fn the_acceptance_cases_are_read_without_a_bad_line() {
    let cases = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/acceptance/cases");
    let Ok(folders) = cases.read_dir() else {
        println!("skipped: no acceptance cases at {}", cases.display());
        return;
    };
    for folder in folders {
        let folder = folder.unwrap().path();
        let bench = bench();
        let files = [folder.join("contacts.jsonl"), folder.join("events.jsonl")];
        let report = bench.import(&files);
        assert_eq!(
            (report.bad, report.unknown_keys),
            (Vec::new(), Vec::new()),
            "{}",
            folder.display()
        );
        assert!(report.contacts > 0);
        let again = bench.import(&files);
        assert_eq!((again.events, again.contacts_changed), (0, 0));
    }
}

#[test]
fn of_two_spellings_of_a_field_the_newer_value_counts() {
    struct At(i64);
    impl Clock for At {
        fn now(&self) -> DateTime<chrono::Utc> {
            DateTime::from_timestamp_millis(self.0).unwrap()
        }
    }
    for (first, second) in [("COUNTRY", "country"), ("country", "COUNTRY")] {
        let bench = bench();
        for (at, name, value) in [(1, first, "NL"), (2, second, "BE"), (3, first, "FR")] {
            let row = format!(
                r#"{{"email":"a@x.example","fields":{{"{name}":"{value}","city":"Gent"}}}}"#
            );
            let file = bench.file("row.jsonl", row.as_bytes());
            let clock = At(1_781_000_000_000 + at);
            import(
                &bench.store,
                &[file],
                &Options::default(),
                &clock,
                &mut |_| {},
            )
            .unwrap();
            let fields = bench.facts("a@x.example").fields;
            let values: Vec<&str> = fields.iter().map(|(_, value)| value.as_str()).collect();
            assert_eq!(values.len(), 2, "{fields:?}");
            assert!(values.contains(&value), "{fields:?}");
        }
    }
}
