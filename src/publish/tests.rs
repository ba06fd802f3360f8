//! What may be published, what becomes of it, and what a process leaves that ends in between.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    sync::atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, Utc};
use tempfile::TempDir;

use super::*;
use crate::store::{Access, PublicationState};

const RULES: &str = r#"[scores.engagement]
rules = [
  { when = "click", points = 10 }, # what counts
]
[segments]
hot = "engagement >= 10"
"#;

const REST: &str = r#"timezone = "Europe/Amsterdam"
database = "engaged.db"
[connections.news]
platform = "mailchimp"
key = { env = "KEY" }
base_url = "https://us1.api.mailchimp.com"
[guards]
max_starts = 10
[[automations]]
name = "Ambassadors"
when = "engagement >= 10"
start = { handover = "Sales" }
"#;

/// Each look at it is a moment later.
#[derive(Default)]
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> DateTime<Utc> {
        let tick = self.0.fetch_add(1, Ordering::SeqCst);
        DateTime::from_timestamp_millis(1_781_000_000_000 + tick).unwrap()
    }
}

struct Bench {
    folder: TempDir,
    path: PathBuf,
    store: Store,
}

fn environment() -> Environment {
    Environment::from([("KEY".to_owned(), "0-us1".to_owned())])
}

impl Bench {
    /// A configuration of one file.
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("engaged.toml");
        fs::write(&path, text).unwrap();
        Self::of(folder, path)
    }

    /// A configuration of two files.
    fn of_two() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("10-rest.toml"), REST).unwrap();
        fs::write(folder.path().join("20-rules.toml"), RULES).unwrap();
        let path = folder.path().to_owned();
        Self::of(folder, path)
    }

    fn of(folder: TempDir, path: PathBuf) -> Self {
        let database = folder.path().join("engaged.db");
        let store = Store::open(&database, Access::ReadWrite, &Ticking::default()).unwrap();
        Self {
            folder,
            path,
            store,
        }
    }

    /// An editor as a process has that has just started.
    fn editor(&self) -> Editor {
        let config = config::load(&self.path, &environment()).unwrap();
        let clock = Arc::new(Ticking::default());
        Editor::new(Arc::new(config), environment(), self.store.clone(), clock)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// Saves a draft of the file as edited, and asks for it to be published.
    fn order(&self, name: &str, edit: impl FnOnce(String) -> String) -> Order {
        let editor = self.editor();
        let file = self.text(name);
        let typed = Typed {
            file: name.to_owned(),
            base: fingerprint(&file),
            seen: editor.draft(name).unwrap().map(|draft| draft.fingerprint),
            text: edit(file),
        };
        editor.save(typed, "marit").unwrap();
        self.look(name)
    }

    /// Looks at the file's draft, and asks for it to be published.
    fn look(&self, name: &str) -> Order {
        let editor = self.editor();
        let draft = editor.draft(name).unwrap().unwrap();
        Order {
            file: name.to_owned(),
            looked_at: editor.check(name, &draft.text).unwrap().looked_at,
            reason: "more for a click".to_owned(),
        }
    }

    fn publication(&self, id: i64) -> Publication {
        self.store
            .read(|conn| conn.publication(id))
            .unwrap()
            .unwrap()
    }

    fn audit(&self) -> Vec<(String, String)> {
        let path = self.folder.path().join("engaged.db");
        let database = rusqlite::Connection::open(path).unwrap();
        let mut select = database
            .prepare("select who, what from audit order by id")
            .unwrap();
        let rows = select.query_map((), |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// What a draft is refused for: each with its code and the words in its place.
    fn refused(&self, text: &str) -> Vec<(&'static str, String)> {
        let error = self.editor().check("engaged.toml", text).unwrap_err();
        let PublishError::Wrong(all) = error else {
            panic!("{error}");
        };
        let words = |diagnostic: &Diagnostic| {
            let place = diagnostic.place.as_ref();
            place.map_or(String::new(), |place| {
                place.text[place.span.clone()].to_owned()
            })
        };
        all.iter().map(|each| (each.code, words(each))).collect()
    }
}

fn whole() -> String {
    REST.replace("[connections", &format!("{RULES}[connections"))
}

fn more(text: impl AsRef<str>) -> String {
    text.as_ref().replace("points = 10", "points = 20")
}

#[test]
fn what_is_published_is_the_file_with_its_rights_and_a_row_with_both_texts() {
    let bench = Bench::new(&whole());
    let path = bench.path.clone();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let order = bench.order("engaged.toml", more);
    let id = bench.editor().publish(&order, "marit").unwrap();
    assert_eq!(bench.text("engaged.toml"), more(whole()));
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o7777,
        0o640
    );
    let (publication, before, after) = bench.editor().publication(id).unwrap();
    assert_eq!((before, after), (whole(), more(whole())));
    assert_eq!(publication.state, PublicationState::Done);
    assert_eq!(publication.who, "marit");
    assert_eq!(publication.reason, "more for a click");
    assert_ne!(publication.rules_before, publication.rules_after);
    assert_eq!(publication.rules_after, bench.editor().in_force.rules_hash);
    assert!(bench.editor().draft("engaged.toml").unwrap().is_none());
    assert_eq!(
        bench.audit().last().unwrap(),
        &("marit".to_owned(), "published".to_owned())
    );
    let lines = difference(&whole(), &bench.text("engaged.toml"));
    let changed = lines[0].iter().filter(|line| line.kind != LineKind::Same);
    assert_eq!(changed.count(), 2);
    let left: Vec<_> = fs::read_dir(bench.folder.path()).unwrap().collect();
    assert!(left.iter().all(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        !name.to_string_lossy().ends_with(".publishing")
    }));
}

#[test]
fn nothing_but_rules_may_be_changed_and_each_attempt_is_shown_in_its_place() {
    let bench = Bench::new(&whole());
    let text = whole();
    for (from, to, words) in [
        (
            "https://us1.api.mailchimp.com",
            "https://evil.example",
            "\"https://evil.example\"",
        ),
        ("{ env = \"KEY\" }", "{ env = \"PATH\" }", "\"PATH\""),
        ("{ env = \"KEY\" }", "{ file = \"/etc/passwd\" }", "file"),
        ("\"mailchimp\"\nkey", "\"ghost\"\nkey", "\"ghost\""),
        ("base_url =", "mode = \"live\"\nbase_url =", "mode"),
        ("max_starts = 10", "max_starts = 11", "11"),
        ("\"Sales\"", "\"Others\"", "\"Others\""),
        (
            "when = \"engagement >= 10\"\nstart",
            "when = \"engagement >= 1\"\nstart",
            "\"engagement >= 1\"",
        ),
        ("engaged.db", "other.db", "\"other.db\""),
        ("Europe/Amsterdam", "UTC", "\"UTC\""),
        (
            "[guards]",
            "[web]\nlisten = \"0.0.0.0:80\"\n[guards]",
            "web",
        ),
        (
            "[guards]",
            "[machines]\njudge = false\n[guards]",
            "machines",
        ),
        (
            "[guards]",
            "[cleaning.idle]\nwhen = \"no open in 1 year\"\nthen = \"tag\"\n[guards]",
            "cleaning",
        ),
        (
            "[guards]",
            "[connections.more]\nplatform = \"mailchimp\"\nkey = { env = \"KEY\" }\n[guards]",
            "more",
        ),
        (
            "rules = [\n",
            "model = \"/etc/passwd\"\nrules = [\n",
            "\"/etc/passwd\"",
        ),
    ] {
        let draft = text.replacen(from, to, 1);
        assert_ne!(draft, text, "{from}");
        let refused = bench.refused(&draft);
        assert!(
            refused
                .iter()
                .any(|(code, at)| *code == "E0130" && at == words),
            "{to}: {refused:?}"
        );
    }
    let without = text.replace("[guards]\nmax_starts = 10\n", "");
    assert_eq!(bench.refused(&without), [("E0130", String::new())]);
    let elsewhere = text.replace("base_url", "# base_url");
    assert_eq!(bench.refused(&elsewhere), [("E0130", "news".to_owned())]);
    // Where a section stands, and what is said about it, means nothing.
    let moved =
        text.replace("[guards]\nmax_starts = 10\n", "") + "\n# moved\n[guards]\nmax_starts = 10\n";
    bench.editor().check("engaged.toml", &moved).unwrap();
}

#[test]
fn what_is_wrong_with_the_rules_is_told_at_the_word() {
    let bench = Bench::new(&whole());
    let refused =
        bench.refused(&whole().replace("engagement >= 10\"\n[c", "engagment >= 10\"\n[c"));
    assert_eq!(refused[0].1, "engagment");
    let refused = bench.refused(&whole().replace("points = 10", "points = "));
    assert_eq!(refused[0].0, "E0102");
    let big = format!("{}\n# {}", whole(), "x".repeat(1024 * 1024));
    assert_eq!(bench.refused(&big), [("E0132", String::new())]);
    let typed = Typed {
        file: "engaged.toml".to_owned(),
        text: big,
        base: fingerprint(&whole()),
        seen: None,
    };
    assert_eq!(
        bench.editor().save(typed, "marit").unwrap_err().code(),
        "E0132"
    );
}

#[test]
fn a_failing_rule_test_a_missing_reason_and_no_change_are_refused() {
    let test = "\n[[tests]]\nname = \"one\"\nas_of = 2026-06-15\n\
        events = [{ kind = \"click\", at = 2026-06-01 }]\nexpect.scores = { engagement = 10 }\n";
    let bench = Bench::new(&(whole() + test));
    let publish = |order: &Order| bench.editor().publish(order, "marit").unwrap_err().code();
    let order = bench.order("engaged.toml", more);
    assert_eq!(publish(&order), "E0260");
    let order = bench.order("engaged.toml", |text| {
        text.replace("what counts", "a click")
    });
    for reason in ["", "  ab  ", &"x".repeat(501)] {
        let reason = reason.to_owned();
        assert_eq!(
            publish(&Order {
                reason,
                ..order.clone()
            }),
            "E0137"
        );
    }
    let same = bench.order("engaged.toml", |text| text);
    assert_eq!(publish(&same), "E0136");
    assert_eq!(bench.text("engaged.toml"), whole() + test);
    assert!(bench.editor().history(None, 10).unwrap().is_empty());
}

#[test]
fn a_file_that_was_edited_meanwhile_is_never_written_over() {
    let bench = Bench::new(&whole());
    let order = bench.order("engaged.toml", more);
    let edited = whole().replace("hot", "warm");
    fs::write(&bench.path, &edited).unwrap();
    assert!(bench.editor().draft("engaged.toml").unwrap().unwrap().stale);
    let error = bench.editor().publish(&order, "marit").unwrap_err();
    assert!(matches!(error, PublishError::Changed { .. }), "{error}");
    // Also between the last look and the writing.
    fs::write(&bench.path, whole()).unwrap();
    let editor = bench.editor();
    let planned = editor
        .plan(editor.prepare(&order, "marit").unwrap())
        .unwrap();
    let staged = Editor::stage(&planned).unwrap();
    fs::write(&bench.path, &edited).unwrap();
    let error = Editor::put(&planned, staged).unwrap_err();
    assert_eq!(error.code(), "E0134");
    assert_eq!(bench.text("engaged.toml"), edited);
}

#[test]
fn what_was_looked_at_under_other_rules_is_looked_at_again() {
    let bench = Bench::of_two();
    let more_rules = "[segments]\nsome = \"any click\"\n";
    let third = bench.folder.path().join("30-more.toml");
    fs::write(&third, more_rules).unwrap();
    let order = bench.order("20-rules.toml", more);
    // Somebody edits rules in another file: the preview counted without them.
    fs::write(&third, more_rules.replace("any click", "any open")).unwrap();
    let error = bench.editor().publish(&order, "marit").unwrap_err();
    assert_eq!(error.code(), "E0133", "{error}");
    assert_eq!(bench.text("20-rules.toml"), RULES);
    let order = bench.look("20-rules.toml");
    bench.editor().publish(&order, "marit").unwrap();
}

#[test]
fn what_two_people_save_does_not_overwrite_each_other() {
    let bench = Bench::new(&whole());
    let first = bench.order("engaged.toml", more);
    let editor = bench.editor();
    let mine = editor.draft("engaged.toml").unwrap().unwrap().fingerprint;
    let typed = |seen: Option<&str>| Typed {
        file: "engaged.toml".to_owned(),
        text: whole().replace("hot", "warm"),
        base: fingerprint(&whole()),
        seen: seen.map(str::to_owned),
    };
    let error = editor.save(typed(None), "tom").unwrap_err();
    assert!(
        matches!(&error, PublishError::OtherDraft { author: Some(author), .. } if author == "marit"),
        "{error}"
    );
    editor.save(typed(Some(&mine)), "tom").unwrap();
    // Who looked at the first does not publish the second.
    assert_eq!(editor.publish(&first, "marit").unwrap_err().code(), "E0133");
    assert_eq!(
        editor
            .discard("engaged.toml", &mine, "marit")
            .unwrap_err()
            .code(),
        "E0133"
    );
    let second = editor.draft("engaged.toml").unwrap().unwrap();
    editor
        .discard("engaged.toml", &second.fingerprint, "marit")
        .unwrap();
    assert!(editor.draft("engaged.toml").unwrap().is_none());
    assert_eq!(editor.publish(&first, "marit").unwrap_err().code(), "E0133");
}

#[test]
fn a_process_that_ends_at_any_step_leaves_a_whole_file_and_a_row_that_is_settled_by_it() {
    for steps in 0..4 {
        let bench = Bench::new(&whole());
        let order = bench.order("engaged.toml", more);
        let editor = bench.editor();
        let prepared = editor.prepare(&order, "marit").unwrap();
        let written = steps >= 2;
        let planned = editor.plan(prepared).unwrap();
        let id = planned.id;
        if steps >= 1 {
            let staged = Editor::stage(&planned).unwrap();
            // The row stands before the file is touched.
            assert_eq!(bench.publication(id).state, PublicationState::Planned);
            assert_eq!(bench.text("engaged.toml"), whole());
            if written {
                Editor::put(&planned, staged).unwrap();
            }
        }
        if steps >= 3 {
            editor.settle(&planned).unwrap();
        }
        drop(editor);
        // The next process.
        let expected = if written { more(whole()) } else { whole() };
        assert_eq!(bench.text("engaged.toml"), expected, "{steps}");
        settle_open(&bench.store, &bench.path, 9).unwrap();
        let state = bench.publication(id).state;
        let done = if written {
            PublicationState::Done
        } else {
            PublicationState::Failed
        };
        assert_eq!(state, done, "{steps}");
        assert_eq!(
            bench.editor().draft("engaged.toml").unwrap().is_none(),
            written
        );
        assert!(
            !bench
                .folder
                .path()
                .join(".engaged.toml.publishing")
                .exists()
        );
        if !written {
            bench.editor().publish(&order, "marit").unwrap();
        }
        assert_eq!(bench.text("engaged.toml"), more(whole()));
        let published = bench
            .audit()
            .iter()
            .filter(|(_, what)| what == "published")
            .count();
        assert_eq!(published, 1, "{steps}");
    }
}

#[test]
fn a_row_of_a_file_that_holds_something_else_by_now_says_so() {
    let bench = Bench::new(&whole());
    let order = bench.order("engaged.toml", more);
    let editor = bench.editor();
    let planned = editor
        .plan(editor.prepare(&order, "marit").unwrap())
        .unwrap();
    fs::write(&bench.path, whole().replace("hot", "warm")).unwrap();
    settle_open(&bench.store, &bench.path, 9).unwrap();
    assert_eq!(
        bench.publication(planned.id).state,
        PublicationState::Overtaken
    );
}

#[test]
fn a_publication_is_taken_back_as_one_of_its_own() {
    let bench = Bench::new(&whole());
    let order = bench.order("engaged.toml", more);
    let first = bench.editor().publish(&order, "marit").unwrap();
    let back = bench.editor().roll_back(first, "too much", "tom").unwrap();
    assert_eq!(bench.text("engaged.toml"), whole());
    let publication = bench.publication(back);
    assert_eq!(
        (publication.undoes, publication.who.as_str()),
        (Some(first), "tom")
    );
    assert_eq!(
        bench
            .editor()
            .roll_back(99, "why not", "tom")
            .unwrap_err()
            .code(),
        "E0139"
    );
}

#[test]
fn a_publication_under_later_edits_comes_back_as_a_draft() {
    let bench = Bench::new(&whole());
    let order = bench.order("engaged.toml", more);
    let first = bench.editor().publish(&order, "marit").unwrap();
    let later = more(whole()).replace("max_starts = 10", "max_starts = 99");
    fs::write(&bench.path, &later).unwrap();
    let error = bench
        .editor()
        .roll_back(first, "too much", "tom")
        .unwrap_err();
    assert!(
        matches!(error, PublishError::NotLast { drafted: true, .. }),
        "{error}"
    );
    assert_eq!(bench.text("engaged.toml"), later);
    let draft = bench.editor().draft("engaged.toml").unwrap().unwrap();
    assert_eq!(
        (draft.text.as_str(), draft.stale),
        (whole().as_str(), false)
    );
    // What was edited besides rules is not taken back with it.
    assert_eq!(bench.refused(&draft.text), [("E0130", "10".to_owned())]);
    let error = bench
        .editor()
        .roll_back(first, "too much", "tom")
        .unwrap_err();
    assert!(
        matches!(error, PublishError::NotLast { drafted: false, .. }),
        "{error}"
    );
}

#[test]
fn of_several_files_the_draft_is_of_one_and_is_checked_with_the_others() {
    let bench = Bench::of_two();
    let names: Vec<String> = bench
        .editor()
        .files()
        .unwrap()
        .iter()
        .map(SourceFile::name)
        .collect();
    assert_eq!(names, ["10-rest.toml", "20-rules.toml"]);
    let order = bench.order("20-rules.toml", more);
    bench.editor().publish(&order, "marit").unwrap();
    assert_eq!(bench.text("20-rules.toml"), more(RULES));
    assert_eq!(bench.text("10-rest.toml"), REST);
    let check = |name: &str, text: &str| bench.editor().check(name, text).unwrap_err();
    // The automation in the other file asks for the score.
    let PublishError::Wrong(all) = check("20-rules.toml", "[segments]\nx = \"any click\"\n") else {
        panic!("it is wrong");
    };
    assert!(
        all[0]
            .place
            .as_ref()
            .unwrap()
            .file
            .ends_with("10-rest.toml"),
        "{all:?}"
    );
    let twice = RULES.to_owned() + "[connections.news]\nplatform = \"mailchimp\"\n";
    assert_eq!(check("20-rules.toml", &twice).code(), "E0130");
    assert_eq!(check("30-more.toml", RULES).code(), "E0131");
    assert_eq!(check("../engaged.toml", RULES).code(), "E0131");
}

#[test]
fn what_is_changed_on_disk_and_not_in_force_does_not_slip_in_with_rules() {
    let bench = Bench::of_two();
    let order = bench.order("20-rules.toml", more);
    let editor = bench.editor();
    let live = REST.replace("base_url", "mode = \"live\"\nbase_url");
    fs::write(bench.folder.path().join("10-rest.toml"), &live).unwrap();
    let error = editor.publish(&order, "marit").unwrap_err();
    let PublishError::Wrong(all) = &error else {
        panic!("{error}");
    };
    assert_eq!(all[0].code, "E0135");
    assert!(
        all[0].message.ends_with("connections.news"),
        "{}",
        all[0].message
    );
    assert_eq!(bench.text("20-rules.toml"), RULES);
    // Once somebody reloaded it, it is in force.
    bench.editor().publish(&order, "marit").unwrap();
}

#[test]
fn line_ends_and_the_mark_of_a_file_stay_whatever_a_browser_sends() {
    let windows = format!("\u{feff}{}", whole().replace('\n', "\r\n"));
    let bench = Bench::new(&windows);
    // A browser sends both as carriage return and line feed, and no mark.
    let order = bench.order("engaged.toml", |_| more(whole()).replace('\n', "\r\n"));
    bench.editor().publish(&order, "marit").unwrap();
    assert_eq!(bench.text("engaged.toml"), more(windows));
    let place = bench.refused(&whole().replace("points = 10", "pints = 10"));
    assert!(place.iter().any(|(_, at)| at == "pints"), "{place:?}");
    let bench = Bench::new(&whole());
    let order = bench.order("engaged.toml", |text| more(text).replace('\n', "\r\n"));
    bench.editor().publish(&order, "marit").unwrap();
    assert_eq!(bench.text("engaged.toml"), more(whole()));
}

#[test]
fn a_place_that_is_not_ours_to_replace_is_refused_and_the_draft_is_kept() {
    let bench = Bench::new(&whole());
    let order = bench.order("engaged.toml", more);
    let real = bench.folder.path().join("real");
    let refused = |why: &str| {
        let error = bench.editor().publish(&order, "marit").unwrap_err();
        assert_eq!(error.code(), "E0138", "{error}");
        assert!(error.to_string().contains(why), "{error}");
        let obstacle = bench.editor().obstacle("engaged.toml").unwrap().unwrap();
        assert!(obstacle.help.unwrap().contains("copy the text"));
        assert!(bench.editor().draft("engaged.toml").unwrap().is_some());
        let last = bench.editor().history(None, 1).unwrap();
        assert_eq!(last[0].state, PublicationState::Failed);
    };
    fs::rename(&bench.path, &real).unwrap();
    symlink(&real, &bench.path).unwrap();
    refused("symbolic link");
    assert!(bench.path.is_symlink());
    fs::remove_file(&bench.path).unwrap();
    fs::hard_link(&real, &bench.path).unwrap();
    refused("second name");
    fs::remove_file(&real).unwrap();
    bench.editor().publish(&order, "marit").unwrap();
    assert!(bench.editor().obstacle("engaged.toml").unwrap().is_none());
    assert_eq!(bench.editor().history(None, 10).unwrap().len(), 3);
    assert!(Path::new(&bench.path).is_file());
}
