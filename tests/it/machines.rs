//! Machines among the people: what is found of them, whom it hits, and how it is told.

use std::collections::BTreeMap;

use engaged_sandbox::people::{Deed, Publication};
use serde_json::Value;

use crate::{program::Program, stage::Stage};

/// How many events of one description people, scanners and proxies caused.
#[derive(Clone, Copy, Default)]
struct Doers {
    people: usize,
    scanners: usize,
    proxies: usize,
}

/// What one platform's events came to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    /// Machines' clicks that are called so, and those that are not.
    clicks: (usize, usize),
    /// Machines' opens that are called so, and those that are not.
    opens: (usize, usize),
    /// Opens by proxies that nobody marked, and that came late enough to look like a person's.
    slow_proxies: usize,
    /// People's opens and clicks that are called a machine's.
    condemned: usize,
    /// People's opens and clicks.
    people: usize,
}

/// Who did what, by `kind|address|second|link`, as the world knows it.
fn truth(stage: &Stage) -> BTreeMap<String, Doers> {
    let world = stage.world.read().unwrap();
    let mut doers: BTreeMap<String, Doers> = BTreeMap::new();
    for campaign in world.campaigns(Publication::Weekly) {
        for act in &campaign.acts {
            let person = campaign.recipients[act.recipient as usize].person;
            let address = world.person(person).address();
            let kind = match act.deed {
                Deed::Open | Deed::ProxyOpen | Deed::ScannerOpen => "open",
                Deed::Click(_) | Deed::ScannerClick(_) => "click",
                Deed::Unsubscribe | Deed::Complaint => continue,
            };
            let link = match act.deed {
                Deed::Click(link) | Deed::ScannerClick(link) => {
                    campaign.links[usize::from(link)].as_str()
                }
                _ => "",
            };
            let each = doers
                .entry(format!("{kind}|{address}|{}|{link}", act.at))
                .or_default();
            match act.deed {
                Deed::ScannerOpen | Deed::ScannerClick(_) => each.scanners += 1,
                Deed::ProxyOpen => each.proxies += 1,
                _ => each.people += 1,
            }
        }
    }
    doers
}

/// Holds the verdicts in the store against the truth.
fn compare(stage: &Stage) -> Found {
    let rows = stage.rows(
        "select kind.name || '|' || contact.email || '|' || (event.at / 1000) || '|' || replace(coalesce(url.url, ''), '?ref=maandblad-newsletter', '') || '#'
           || coalesce((select verdict from verdict where verdict.contact_id = event.contact_id and event_id = event.id
                order by verdict.known_at desc limit 1), event.verdict, 1)
         from event join kind on kind.id = event.kind join contact on contact.id = event.contact_id
         left join url on url.id = event.link_id where kind.name in ('open', 'click')",
    );
    let mut judged: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for row in rows {
        let (what, verdict) = row.rsplit_once('#').unwrap();
        let each = judged.entry(what.to_owned()).or_default();
        // 0 is human and 1 unknown: people, as far as scoring goes.
        if matches!(verdict, "0" | "1") {
            each.0 += 1;
        } else {
            each.1 += 1;
        }
    }
    let truth = truth(stage);
    let mut found = Found::default();
    let mut slow_proxies = 0;
    for (what, (people, machines)) in judged {
        let told = truth.get(&what).copied().unwrap_or_default();
        let all = told.people + told.scanners + told.proxies;
        assert!(people + machines <= all, "{what} never happened");
        // Of several that look alike, Ghost shows only one open: it is the people's if there was one.
        let real = told.people.min(people + machines);
        let machine = people + machines - real;
        let caught = machines.min(machine);
        found.people += real;
        found.condemned += machines - caught;
        let side = if what.starts_with("click") {
            &mut found.clicks
        } else {
            &mut found.opens
        };
        side.0 += caught;
        let slow = (machine - caught).min(told.proxies);
        side.1 += machine - caught - slow;
        slow_proxies += slow;
    }
    found.slow_proxies = slow_proxies;
    println!("{found:?}");
    found
}

#[test]
fn all_scanners_of_an_account_are_found_and_nobody_is_taken_for_one() {
    let stage = Stage::mailchimp(120);
    stage.program.expect(0, &["sync"]);
    let found = compare(&stage);
    assert!(found.clicks.0 > 80 && found.opens.0 > 80 && found.people > 300);
    assert_eq!((found.clicks.1, found.opens.1), (0, 0));
    assert_eq!((found.condemned, found.slow_proxies), (0, 0));
}

#[test]
fn all_scanners_of_a_site_are_found_and_nobody_is_taken_for_one() {
    let stage = Stage::ghost(120);
    stage.program.expect(0, &["sync"]);
    let found = compare(&stage);
    assert!(found.clicks.0 > 80 && found.opens.0 > 40 && found.people > 300);
    assert_eq!((found.clicks.1, found.opens.1, found.condemned), (0, 0, 0));
    // Ghost marks no proxy, and ours open 2 to 12 seconds after delivery: what comes after five looks like a person.
    assert!(found.slow_proxies > 0);
    // Only the first open is told here: a scanner's must not make people look absent.
    let scanners = "select count(*) from verdict join event on event.id = event_id join kind on kind.id = event.kind
                    where kind.name = 'open' and verdict.verdict = 3";
    assert_eq!(stage.number(scanners), 0);
}

const SHOP: &str = r#"
timezone = "Europe/Amsterdam"
[machines]
honeypots = ["https://shop.example/hp*"]
agents = ["*AcmeCheck*"]
networks = ["198.51.100.0/24"]
[scores.engagement]
rules = [
  { when = "open", points = 1 },
  { when = "click", points = 10 },
  { when = "page visit", points = 2 },
  { when = "unsubscribe", points = -25 },
]
[segments]
gone = "status is unsubscribed"
"#;

/// Rows of one contact on 8 June, at `second` seconds past ten.
fn row(who: &str, second: u32, rest: &str) -> String {
    format!("{{\"email\":\"{who}@x.example\",\"at\":\"2026-06-08T10:00:{second:02}Z\",{rest}}}\n")
}

fn click(who: &str, second: u32, link: &str) -> String {
    let rest = format!(
        "\"kind\":\"click\",\"campaign\":\"n1\",\"id\":\"{who}-{link}\",\"link\":\"https://shop.example/{link}\""
    );
    row(who, second, &rest)
}

fn explained(program: &Program, who: &str) -> Value {
    let address = format!("{who}@x.example");
    program.json(&["explain", &address, "--as-of", "2026-06-15"])["scores"][0].clone()
}

/// The line of one rule.
fn rule<'a>(score: &'a Value, when: &str) -> &'a Value {
    let rules = score["rules"].as_array().unwrap();
    rules.iter().find(|rule| rule["when"] == when).unwrap()
}

#[test]
fn what_machines_took_away_is_told_and_a_late_click_takes_more() {
    let program = Program::with(SHOP);
    let mut rows = String::new();
    for link in ["a", "b", "c", "d", "e"] {
        rows += &click("jan", 40, link);
    }
    rows += &row("jan", 40, r#""kind":"open","campaign":"n1""#);
    rows += &row("jan", 41, r#""kind":"unsubscribe","campaign":"n1""#);
    rows += &row(
        "jan",
        50,
        r#""kind":"page_visit","url":"https://shop.example/hp","id":"v""#,
    );
    rows += &click("piet", 0, "a");
    program.file("one.jsonl", &rows);
    program.expect(0, &["import", "one.jsonl"]);
    program.expect(0, &["score"]);

    let score = explained(&program, "jan");
    assert_eq!(score["shown"], 0, "{score:#}");
    let clicks = rule(&score, "click");
    assert_eq!(clicks["by_machines"], 5);
    assert_eq!(
        clicks["machines"],
        serde_json::json!([{ "verdict": "scanner", "reason": "burst:5",
            "why": "5 links of one message within 3 s", "events": 5 }])
    );
    assert_eq!(
        rule(&score, "page visit")["machines"][0]["reason"],
        "honeypot"
    );
    let text = program.expect(0, &["explain", "jan@x.example", "--as-of", "2026-06-15"]);
    let told = "5 scanner: 5 links of one message within 3 s";
    assert!(text.out.contains(told), "{}", text.out);
    // The scanner's unsubscription costs no points, and is honoured.
    assert_eq!(rule(&score, "unsubscribe")["by_machines"], 1);
    let gone = program.json(&["contacts", "--segment", "gone"]);
    assert_eq!(gone["contacts"][0]["contact"], "jan@x.example");

    // A second link of Piet's click comes in late; his source vouches for one of Jan's, and for his leaving.
    assert_eq!(explained(&program, "piet")["shown"], 10);
    let human = |row: String| row.replace("\"kind\"", "\"verdict\":\"human\",\"kind\"");
    let more = click("piet", 3, "b")
        + &human(click("jan", 40, "a"))
        + &human(row("jan", 41, r#""kind":"unsubscribe","campaign":"n1""#));
    program.file("two.jsonl", &more);
    let report = program.json(&["import", "two.jsonl"]);
    assert_eq!(
        (&report["events"], &report["duplicates"]),
        (&1.into(), &2.into())
    );
    program.expect(0, &["score"]);
    assert_eq!(explained(&program, "piet")["shown"], 0);
    let score = explained(&program, "jan");
    assert_eq!(score["shown"], 10 - 25, "{score:#}");
    assert_eq!(rule(&score, "click")["machines"][0]["reason"], "burst:4");
    let verified = program.json(&["verify"]);
    assert_eq!(
        (&verified["different"], &verified["waiting"]),
        (&0.into(), &0.into())
    );
}
