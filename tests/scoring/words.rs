//! Explanations in words: telling contacts as they are told, and random ones whose numbers must add up.

mod contact;

use std::{collections::BTreeMap, fs, path::Path};

use engaged::{
    config::{self, Environment, Language},
    score::{
        calendar::Day,
        explain::{Explanation, Points, Question, explain},
    },
    words::{self, Detail, Line, Role},
};

use self::contact::Contact;
use super::{generate, invariants::histories, tally::Tally};

/// The folder of telling contacts: `NAME.contact`, its rules, and what is said about it.
fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explanations")
}

/// Both languages, short, and everything where that says more.
fn told(explanation: &Explanation) -> String {
    let mut out = String::new();
    for language in Language::ALL {
        let say = |detail| words::text(&words::explanation(explanation, language, detail));
        let (short, all) = (say(Detail::Short), say(Detail::Everything));
        out += &format!("════ {} ════\n\n{short}\n", language.code());
        if all != short {
            out += &format!("════ {} --all ════\n\n{all}\n", language.code());
        }
    }
    out
}

#[test]
fn telling_contacts_are_told_as_written_down() {
    let mut names: Vec<String> = fs::read_dir(folder())
        .expect("the folder")
        .map(|entry| entry.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|end| end == "contact"))
        .map(|path| path.file_stem().expect("a name").display().to_string())
        .collect();
    names.sort();
    assert!(names.len() >= 12, "{names:?}");
    for name in names {
        let own = folder().join(format!("{name}.toml"));
        let rules = if own.exists() {
            own
        } else {
            folder().join("shop.toml")
        };
        let config = config::load(&rules, &Environment::new());
        let config = config.unwrap_or_else(|all| panic!("{name}: {all:?}"));
        let text = fs::read_to_string(folder().join(format!("{name}.contact")));
        let contact = Contact::read(&text.expect("a contact"), &config.rules);
        let now = told(&contact.explain());
        let path = folder().join(format!("{name}.txt"));
        if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
            fs::write(&path, &now).expect("a written file");
        }
        let before = fs::read_to_string(&path).unwrap_or_default();
        let lines = before.lines().zip(now.lines());
        let differs = lines.enumerate().find(|(_, (before, now))| before != now);
        assert_eq!(differs, None, "{} differs", path.display());
        assert_eq!(before.len(), now.len(), "{} differs", path.display());
    }
}

/// Thousandths that a language's number says.
fn read(number: &str, language: Language) -> i64 {
    let (thousands, decimal) = match language {
        Language::English => (',', '.'),
        Language::Dutch => ('.', ','),
    };
    let plain = number.replace(thousands, "").replace(decimal, ".");
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let digits = format!("{whole}{fraction:0<3}");
    digits.trim_start_matches('+').parse().expect(number)
}

/// Every item of a score adds up to its total, and every part to its item.
fn add_up(lines: &[Line], language: Language, explanation: &Explanation, tally: &mut Tally) {
    let mut totals = Vec::new();
    let (mut sum, mut item, mut parts) = (0, 0, None);
    for line in lines {
        let number = line.number.as_deref().map(|number| read(number, language));
        if let (Some(parts), true) = (parts, line.role != Role::Part && line.role != Role::Remark) {
            assert_eq!(parts, item, "the parts before {line:?}");
        }
        match line.role {
            Role::Score => totals.push(0),
            Role::Item => {
                item = number.expect("points");
                sum += item;
                parts = None;
            }
            Role::Part => {
                tally.add("a part");
                parts = Some(parts.unwrap_or(0) + number.expect("points"));
            }
            Role::Total => {
                assert_eq!(number, Some(sum), "{lines:#?}");
                *totals.last_mut().expect("a score") = sum;
                (sum, parts) = (0, None);
            }
            _ => assert_eq!(number, None, "{line:?}"),
        }
    }
    let raws: Vec<i64> = explanation.scores.iter().map(|score| score.raw.0).collect();
    assert_eq!(totals, raws, "{lines:#?}");
}

/// Words that only the other language has.
fn foreign(language: Language) -> &'static [&'static str] {
    match language {
        Language::Dutch => &[
            "no", "not", "the", "points", "point", "since", "until", "because", "then", "for",
            "from", "with", "and", "or", "days", "months", "years", "sent", "nothing", "anything",
            "purchase", "click", "clicks", "visit", "bought", "opened", "least", "most", "more",
            "less", "than", "last", "ago", "never", "ever", "this", "does", "do", "judged",
            "score's", "january", "june", "july", "march", "may", "october", "today", "true",
            "false", "field",
        ],
        Language::English => &[
            "geen", "niet", "niets", "punten", "punt", "sinds", "want", "dan", "voor", "een",
            "het", "de", "van", "op", "maanden", "dagen", "jaar", "gekocht", "geopend", "wordt",
            "klik", "kliks", "aankoop", "uit", "nog", "nooit", "ooit", "vanaf", "telt", "tellen",
            "niveau", "januari", "maart", "mei", "vandaag", "meer", "minder", "minstens", "veld",
        ],
    }
}

/// A line with `N` for the names and links that users and platforms chose.
fn without_names(text: &str) -> String {
    let pieces = text.split('\'').enumerate();
    let pieces = pieces.map(|(place, piece)| if place % 2 == 0 { piece } else { "N" });
    let text = pieces.collect::<String>();
    let own = |word: &str| word.contains("://") || word.contains('@');
    let words = text
        .split(' ')
        .map(|word| if own(word) { "N" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

fn is_clean(line: &Line, language: Language) {
    assert!(!line.text.trim().is_empty(), "an empty {:?}", line.role);
    assert!(
        !line.text.contains('\n') && !line.text.contains("  "),
        "{line:?}"
    );
    let text = without_names(&line.text);
    for debug in [
        "::", "{", "}", "[", "]", "\"", "Some(", "None", "_", "..", " ,", " .", "( ",
    ] {
        assert!(!text.contains(debug), "{debug} in {text}");
    }
    let lower = text.to_lowercase();
    for word in lower.split(|letter: char| !letter.is_alphabetic()) {
        assert!(!foreign(language).contains(&word), "{word} in {text}");
    }
}

#[test]
fn what_is_said_adds_up_in_both_languages_and_mixes_neither() {
    let vocabulary = generate::vocabulary();
    let mut tally = Tally::default();
    histories(600, 10, |_, model, facts, coverage, as_of| {
        let explanation = explain(&Question {
            model,
            vocabulary: &vocabulary,
            facts: &facts,
            coverage: &coverage,
            as_of: Day(as_of),
            known_at: Day(as_of + i32::try_from(facts.events.len() % 3).expect("few") - 1),
            contact: "jan@shop.example",
            platform_id: &|id| (id % 2 == 0).then(|| format!("o-{id}")),
            reason: &|id| (id % 3 == 0).then(|| "burst:4".to_owned()),
            order: &|_| None,
            only_told: &|_| false,
        });
        for language in Language::ALL {
            for detail in [Detail::Short, Detail::Everything] {
                let lines = words::explanation(&explanation, language, detail);
                add_up(&lines, language, &explanation, &mut tally);
                for line in &lines {
                    is_clean(line, language);
                    tally.add(&format!("{:?}", line.role));
                }
            }
        }
        changes_add_up(&explanation, &mut tally);
    });
    let roles = [
        "Item", "Total", "Remark", "Heading", "Point", "More", "Plain", "Belongs",
    ];
    tally.assert_at_least(100, &roles);
    tally.assert_at_least(100, &["a part", "a step", "a change of band"]);
}

/// What changes on each day leads from one sum to the next.
fn changes_add_up(explanation: &Explanation, tally: &mut Tally) {
    let mut raws: BTreeMap<&str, i64> = BTreeMap::new();
    for score in &explanation.scores {
        raws.insert(&score.name, score.raw.0);
    }
    for step in &explanation.ahead.steps {
        for score in &step.moves {
            let changed: i64 = score.changes.iter().map(|change| change.points.0).sum();
            let before = raws.insert(&score.score, score.raw.0);
            // Points that fade daily are told in one sentence for all days.
            if !explanation.ahead.fades {
                assert_eq!(
                    before.map(|raw| raw + changed),
                    Some(score.raw.0),
                    "{step:?}"
                );
            }
            if score.band.0 != score.band.1 {
                tally.add("a change of band");
            }
        }
        tally.add("a step");
    }
    if let (Some(next), Some(step)) = (explanation.next.first(), explanation.ahead.steps.first())
        && !explanation.ahead.fades
        && let Some(score) = step.moves.first()
    {
        assert_eq!(
            (next.on, &next.score, next.raw),
            (step.on, &score.score, score.raw)
        );
    }
}

#[test]
fn points_are_whole_thousandths_in_both_languages() {
    for (thousandths, english, dutch) in [
        (0, "0", "0"),
        (-500, "-0.5", "-0,5"),
        (1_234_500, "1,234.5", "1.234,5"),
        (-1_000_000_000, "-1,000,000", "-1.000.000"),
        (333, "0.333", "0,333"),
    ] {
        assert_eq!(read(english, Language::English), thousandths);
        assert_eq!(read(dutch, Language::Dutch), thousandths);
        assert_eq!(Points(thousandths).to_string(), english.replace(',', ""));
    }
}
