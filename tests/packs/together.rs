//! Packs beside one another, and beside what a user writes.

use engaged::config::packs;

use super::person::{Person, load, text};

/// The packs that bring scores of their own, all of which have one named `engagement`.
const MODELS: [&str; 4] = ["copernica-shop", "funnel-2-4-20", "mailblue", "b2b-0-100"];

#[test]
fn every_pack_is_doubted_for_nothing_but_the_known_bands_of_the_shop() {
    for pack in packs::names() {
        let config = load(&text(&[pack], "")).unwrap();
        let told: Vec<&str> = config
            .warnings
            .iter()
            .map(|each| each.message.as_str())
            .collect();
        let known = [
            "nobody can be in band `A`: the rules give no more than 45 points",
            "nobody can be in band `B`: the rules give no more than 45 points",
        ];
        // The contract's own example; see docs/decisions/0013-unreachable-bands.md.
        let expected: &[&str] = if pack == "copernica-shop" {
            &known
        } else {
            &[]
        };
        assert_eq!(told, expected, "{pack}");
    }
}

#[test]
fn each_pair_loads_or_says_what_both_of_them_define() {
    let names: Vec<&str> = packs::names().collect();
    assert_eq!(names.len(), 5);
    let mut loaded = 0;
    for one in &names {
        for other in names.iter().filter(|other| *other != one) {
            let config = load(&text(&[one, other], ""));
            if MODELS.contains(one) && MODELS.contains(other) {
                let all = config.unwrap_err();
                let [error] = all.as_slice() else {
                    panic!("{one} and {other}: {all:?}");
                };
                assert_eq!(error.code, "E0107");
                let begin = format!("pack {one} and pack {other} both define ");
                let rest = error.message.strip_prefix(&begin);
                let what: Vec<&str> = rest
                    .unwrap_or_else(|| panic!("{}", error.message))
                    .split(", ")
                    .collect();
                assert!(what.contains(&"scores.engagement"), "{what:?}");
                let place = error.place.as_ref().unwrap();
                assert_eq!(&place.text[place.span.clone()], format!("\"{other}\""));
                continue;
            }
            let config = config.unwrap();
            let model = if MODELS.contains(one) { one } else { other };
            let alone = load(&text(&[model], "")).unwrap();
            assert_eq!(config.rules.scores, alone.rules.scores, "{one} and {other}");
            assert_eq!(config.rules.stages, alone.rules.stages, "{one} and {other}");
            assert_eq!(config.rules.min_sends, 10);
            assert_eq!(config.warnings.len(), alone.warnings.len());
            loaded += 1;
        }
    }
    assert_eq!(
        loaded, 8,
        "the list hygiene with each of the others, both ways round"
    );
}

#[test]
fn two_models_go_together_once_the_user_says_what_holds() {
    let own = "
[links]
pricing = ['/pricing*']
[scores.engagement]
rules = [{ when = \"page visit tagged 'pricing'\", points = 3 }, { when = 'open', points = 1 }]
";
    let config = load(&text(&["mailblue", "copernica-shop"], own)).unwrap();
    let names: Vec<&str> = config
        .rules
        .scores
        .iter()
        .map(|score| score.name.as_str())
        .collect();
    assert_eq!(names.len(), 2);
    assert!(
        names.contains(&"engagement") && names.contains(&"fit"),
        "{names:?}"
    );
    let segments: Vec<&str> = config
        .rules
        .segments
        .iter()
        .map(|each| each.name.as_str())
        .collect();
    assert_eq!(segments, ["ambassadors"]);
}

#[test]
fn a_shop_and_its_hygiene_judge_silence_each_by_its_own_number_of_mails() {
    let config = load(&text(&["copernica-shop", "list-hygiene"], "")).unwrap();
    // Five mails unread: enough for the score (3), too few for the segments (10).
    let person = Person::new().mailed_weekly("2026-05-11", "2026-06-08");
    let scored = person.under(&config);
    let seen = scored.on("2026-06-15");
    assert_eq!(
        seen.lines("engagement"),
        ["no open in 3 months: -10", "no click in 6 months: -15"]
    );
    assert_eq!(seen.segments(), Vec::<&str>::new());
    let more = Person::new().mailed();
    let scored = more.under(&config);
    assert_eq!(
        scored.on("2026-06-15").segments(),
        ["sleeping", "never engaged", "to clean"]
    );
}

#[test]
fn own_stages_take_the_place_of_all_of_a_packs() {
    let own = "[[stages]]\nname = 'ours'\nwhen = \"engagement is '1'\"";
    let config = load(&text(&["funnel-2-4-20"], own)).unwrap();
    let names: Vec<&str> = config
        .rules
        .stages
        .iter()
        .map(|stage| stage.name.as_str())
        .collect();
    assert_eq!(names, ["ours"]);
}

/// The tables of the page are what the packs hold, rule by rule.
#[test]
fn the_page_on_packs_has_every_rule_with_its_points_and_every_segment() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/packs.md");
    let page = std::fs::read_to_string(page).unwrap();
    for pack in packs::names() {
        let heading = format!("### `{pack}`\n");
        let (_, rest) = page
            .split_once(&heading)
            .unwrap_or_else(|| panic!("{heading}"));
        let chapter = rest.split("\n### ").next().unwrap();
        let rules = load(&text(&[pack], "")).unwrap().rules;
        let mut rows = Vec::new();
        for rule in rules.scores.iter().flat_map(|score| &score.rules) {
            rows.push(format!("| `{}` | {} |", rule.text, rule.points / 1000));
        }
        rows.extend(
            rules
                .segments
                .iter()
                .map(|segment| format!("`{}`", segment.name)),
        );
        for row in &rows {
            assert!(chapter.contains(row), "{pack} lacks {row}");
        }
        let told = chapter
            .lines()
            .filter(|line| line.starts_with("| `") && line.contains("` | "));
        let told = told
            .filter(|line| !line.starts_with("| `engagement`") && !line.starts_with("| `fit`"))
            .count();
        let held = rules
            .scores
            .iter()
            .map(|score| score.rules.len())
            .sum::<usize>();
        assert_eq!(
            told,
            if held > 0 { held } else { rules.segments.len() },
            "{pack}"
        );
    }
}
