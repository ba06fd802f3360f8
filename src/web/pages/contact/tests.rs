use std::{collections::BTreeMap, fmt::Write as _};

use engaged_connectors::{
    Clock as _,
    model::{Address, Contact},
};
use http::StatusCode;
use regex::Regex;
use serde_json::{Value, json};

use crate::{
    account::Role,
    store::{ContactId, PageCommit},
    web::stage::{Answer, RULES, Site, assert_inert},
};

const JAN: &str = r#"{"email":"jan@voorbeeld.example","id":"j1","subscribed_at":"2025-01-10T10:00:00Z","status":"subscribed","lists":["Nieuwsbrief"],"fields":{"city":"Utrecht"}}
{"email":"jan@voorbeeld.example","kind":"open","at":"2026-05-20T10:00:00Z","campaign":"c1"}
{"email":"jan@voorbeeld.example","kind":"click","at":"2026-05-21T10:00:00Z","campaign":"c1","link":"https://shop.example/?mail=jan%40voorbeeld.example"}
{"email":"jan@voorbeeld.example","kind":"click","at":"2026-06-01T10:00:00Z","campaign":"c2","verdict":"scanner"}
"#;

/// The number of a contact.
fn number(site: &Site, address: &str) -> i64 {
    let address = Address::parse(address).unwrap();
    let found = site.web.store().read(|conn| conn.find_contact(&address));
    found.unwrap().unwrap().0
}

/// The page in Dutch.
async fn in_dutch(site: &Site, cookie: &str, path: &str) -> Answer {
    site.get(&format!("{cookie}; engaged_language=nl"), path)
        .await
}

/// What is shown of each score, with the items and the sum of its lines, in thousandths.
fn sums(body: &str, dutch: bool) -> Vec<(i64, Vec<i64>, Option<i64>)> {
    let number = |text: &str| {
        let (thousands, decimal) = if dutch { ('.', ",") } else { (',', ".") };
        let plain = text.replace(thousands, "").replace(decimal, ".");
        let points: f64 = plain
            .parse()
            .unwrap_or_else(|_| panic!("'{text}' is no number"));
        #[expect(clippy::cast_possible_truncation, reason = "points of a test")]
        let thousandths = (points * 1000.0).round() as i64;
        thousandths
    };
    let shown = Regex::new(r#"class="points-shown"[^>]*>([^<]*)<"#).unwrap();
    let item = Regex::new(r#"<li class="(item|total)">(?:<div class="row-of">|<details><summary class="row-of">)<span class="number">([^<]*)<"#).unwrap();
    let sections = body.split(r#"<section class="score""#).skip(1);
    let of = |section: &str| {
        let lines: Vec<_> = item.captures_iter(section).collect();
        let of = |role: &str| {
            lines
                .iter()
                .filter(|line| &line[1] == role)
                .map(|line| number(&line[2]))
                .collect::<Vec<_>>()
        };
        let shown = number(&shown.captures(section).unwrap()[1]);
        (shown, of("item"), of("total").first().copied())
    };
    sections.map(of).collect()
}

/// A small generator, the same on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

const MANY: &str = r#"
timezone = "Europe/Amsterdam"
database = "engaged.db"
[web]
[scores.engagement]
rules = [
  { when = "purchase", points = 20, at_most = 50 },
  { when = "click", points = 7.5, expires = "6 months" },
  { when = "open", points = 1.25, decay = "half-life 30 days" },
  { when = "no open in 3 months", points = -10 },
]
bands = [ { name = "hot", above = 20 }, { name = "warm", above = 0 }, { name = "cold" } ]
[scores.activity]
range = [0, 40]
rules = [ { when = "page visit", points = 3 }, { when = "unsubscribe", points = -25 } ]
"#;

fn random_lines(people: u64) -> String {
    let mut dice = Dice(7);
    let mut lines = String::new();
    for person in 0..people {
        let email = format!("p{person}@example.org");
        writeln!(
            lines,
            r#"{{"email":"{email}","subscribed_at":"2024-01-01T00:00:00Z"}}"#
        )
        .unwrap();
        for event in 0..dice.roll(14) {
            let kinds = [
                "open",
                "click",
                "purchase",
                "page_visit",
                "unsubscribe",
                "send",
            ];
            let kind = kinds[usize::try_from(dice.roll(6)).unwrap()];
            let (month, day) = (1 + dice.roll(5), 1 + dice.roll(28));
            let verdict = if dice.roll(4) == 0 && kind != "send" {
                r#","verdict":"scanner""#
            } else {
                ""
            };
            let more = match kind {
                "purchase" => format!(r#","value":10,"id":"{person}-{event}","email":"{email}""#),
                "page_visit" => format!(r#","url":"/{event}","email":"{email}""#),
                _ => format!(r#","campaign":"c{event}","email":"{email}""#),
            };
            let verdict = if kind == "purchase" || kind == "unsubscribe" {
                ""
            } else {
                verdict
            };
            writeln!(
                lines,
                r#"{{"kind":"{kind}","at":"2026-{month:02}-{day:02}T08:00:00Z"{more}{verdict}}}"#
            )
            .unwrap();
        }
    }
    lines
}

#[tokio::test]
async fn the_items_of_every_score_add_up_to_what_is_shown_on_both_pages_in_both_languages() {
    let site = Site::new(MANY, &random_lines(240)).await;
    let cookie = site.cookie(Role::Marketer).await;
    let (mut path, mut listed) = ("/contacts".to_owned(), Vec::new());
    let row = Regex::new(r#"<a href="/contacts/(\d+)">"#).unwrap();
    let points = Regex::new(r#"data-points="(-?\d+)""#).unwrap();
    let next = Regex::new(r#"<a class="button" href="(/contacts\?[^"]*)">"#).unwrap();
    loop {
        let page = site.get(&cookie, &path).await.body;
        let table = page
            .split("<tbody>")
            .nth(1)
            .unwrap()
            .split("</tbody>")
            .next()
            .unwrap();
        for line in table.split("</tr>").filter(|line| line.contains("<a ")) {
            let id: i64 = row.captures(line).unwrap()[1].parse().unwrap();
            let shown = points
                .captures_iter(line)
                .map(|found| found[1].parse::<i64>().unwrap());
            listed.push((id, shown.collect::<Vec<_>>()));
        }
        match next.captures(&page) {
            Some(found) => path = found[1].replace("&amp;", "&"),
            None => break,
        }
    }
    assert_eq!(listed.len(), 240, "every contact is listed once");
    let mut items = 0;
    for (place, (id, shown)) in listed.iter().enumerate() {
        let path = format!("/contacts/{id}");
        for dutch in [false, true] {
            if dutch && place % 4 != 0 {
                continue;
            }
            let page = if dutch {
                in_dutch(&site, &cookie, &path).await
            } else {
                site.get(&cookie, &path).await
            };
            assert_eq!(page.status, StatusCode::OK);
            let scores = sums(&page.body, dutch);
            assert_eq!(
                scores
                    .iter()
                    .map(|score| score.0 / 1000)
                    .collect::<Vec<_>>(),
                *shown,
                "{path}"
            );
            for (place, (shown, parts, total)) in scores.into_iter().enumerate() {
                items += parts.len();
                let sum: i64 = parts.iter().sum();
                assert_eq!(total.unwrap_or(0), sum, "{path}: {parts:?}");
                let kept = if place == 1 {
                    sum.clamp(0, 40_000)
                } else {
                    sum
                };
                assert!(
                    (kept - shown).abs() <= 500,
                    "{path}: {sum} is shown as {shown}"
                );
            }
        }
    }
    assert!(items > 500, "only {items} items were added up");
}

#[tokio::test]
async fn a_viewer_sees_no_address_anywhere_and_changes_nothing() {
    let site = Site::new(RULES, JAN).await;
    let id = number(&site, "jan@voorbeeld.example");
    let cookie = site.cookie(Role::Viewer).await;
    for path in [format!("/contacts/{id}"), "/contacts".to_owned()] {
        let page = site.get(&cookie, &path).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains("j…@v….example"), "{}", page.body);
        for told in ["jan@voorbeeld", "jan%40voorbeeld", "voorbeeld.example"] {
            assert!(!page.body.contains(told), "{path} tells {told}");
        }
        assert!(
            !page.body.contains("method=\"post\" action=\"/contacts"),
            "{path} offers a change"
        );
    }
    let form = [
        ("score", "engagement"),
        ("points", "5"),
        ("until", "2026-12-01"),
        ("reason", "r"),
    ];
    let refused = site
        .post(&cookie, &format!("/contacts/{id}/adjust"), &form)
        .await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let told = site
        .web
        .store()
        .read(|conn| conn.all_adjustments(ContactId(id)))
        .unwrap();
    assert!(told.is_empty());
}

#[tokio::test]
async fn the_page_says_why_what_comes_next_and_what_does_not_count() {
    let site = Site::new(RULES, JAN).await;
    let id = number(&site, "jan@voorbeeld.example");
    let cookie = site.cookie(Role::Marketer).await;
    let page = site.get(&cookie, &format!("/contacts/{id}")).await.body;
    assert_inert(&page);
    for told in [
        "<h1>jan@voorbeeld.example</h1>",
        "click (21 May 2026",
        "Nothing will change by itself",
        "a machine: does not count",
        "Nieuwsbrief",
        "Utrecht",
        "engaged explain jan@voorbeeld.example",
    ] {
        assert!(page.contains(told), "no {told}: {page}");
    }
    let page = in_dutch(&site, &cookie, &format!("/contacts/{id}"))
        .await
        .body;
    for told in [
        "Wat er gebeurde",
        "een machine: telt niet",
        "ingeschreven sinds 10 jan. 2025",
    ] {
        assert!(page.contains(told), "geen {told}: {page}");
    }
}

#[tokio::test]
async fn an_adjustment_counts_at_once_is_explained_and_can_be_taken_back() {
    let site = Site::new(RULES, JAN).await;
    let id = number(&site, "jan@voorbeeld.example");
    let cookie = site.cookie(Role::Marketer).await;
    let (path, adjust) = (format!("/contacts/{id}"), format!("/contacts/{id}/adjust"));
    let before = sums(&site.get(&cookie, &path).await.body, false)[0].0;
    let form = [
        ("score", "engagement"),
        ("points", "-7,5"),
        ("until", "2026-12-01"),
        ("reason", "no lead <b>"),
    ];
    let done = site.post(&cookie, &adjust, &form).await;
    assert_eq!(
        (done.status, done.location()),
        (StatusCode::SEE_OTHER, path.as_str())
    );
    let page = site.get(&cookie, &path).await.body;
    assert!(
        page.contains("no lead &lt;b&gt;")
            && page.contains("The score is adjusted. Lists know it already."),
        "{page}"
    );
    let after = &sums(&page, false)[0];
    assert!(after.1.contains(&-7500), "{:?}", after.1);
    assert!(
        (before - 7500 - after.0).abs() <= 500,
        "{before} {}",
        after.0
    );
    let state = site
        .web
        .store()
        .read(|conn| conn.state(ContactId(id)))
        .unwrap()
        .unwrap();
    assert_eq!(state.scores[0].shown * 1000, after.0, "the list knows");
    assert!(
        page.contains("adjust 1: -7.5 points of engagement"),
        "the audit trail is shown"
    );

    let withdraw = format!("/contacts/{id}/withdraw");
    for number in ["2", "x", ""] {
        let nothing = site.post(&cookie, &withdraw, &[("number", number)]).await;
        assert_eq!(nothing.status, StatusCode::NOT_FOUND, "{number}");
    }
    let done = site.post(&cookie, &withdraw, &[("number", "1")]).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    let page = site.get(&cookie, &path).await.body;
    assert_eq!(sums(&page, false)[0].0, before);
    assert!(page.contains("taken back"), "{page}");
}

#[tokio::test]
async fn an_adjustment_that_cannot_be_made_says_why_and_keeps_what_was_typed() {
    let site = Site::new(RULES, JAN).await;
    let id = number(&site, "jan@voorbeeld.example");
    let cookie = site.cookie(Role::Marketer).await;
    let path = format!("/contacts/{id}/adjust");
    for (field, value, told) in [
        ("score", "engagemnet", "no such score"),
        ("points", "many", "no number of points"),
        ("points", "0", "no number of points"),
        ("until", "2026-6-20", "needs a date"),
        ("until", "2026-06-15", "no day on which it would count"),
        ("reason", "  ", "needs a reason"),
        ("reason", &"x".repeat(501), "too long"),
    ] {
        let mut form = vec![
            ("score", "engagement"),
            ("points", "5"),
            ("until", "2026-12-01"),
            ("reason", "because so"),
        ];
        form.iter_mut().find(|pair| pair.0 == field).unwrap().1 = value;
        let page = site.post(&cookie, &path, &form).await;
        assert_eq!(
            page.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{field} {value}"
        );
        assert!(page.body.contains(told), "{field} {value}: {}", page.body);
        let kept = if field == "reason" {
            "value=\"5\""
        } else {
            "value=\"because so\""
        };
        assert!(page.body.contains(kept), "{field} {value} is not kept");
    }
    let told = site
        .web
        .store()
        .read(|conn| conn.all_adjustments(ContactId(id)))
        .unwrap();
    assert!(told.is_empty());
}

#[tokio::test]
async fn another_day_is_told_to_be_one_and_dates_are_read_strictly() {
    let site = Site::new(RULES, JAN).await;
    let id = number(&site, "jan@voorbeeld.example");
    let cookie = site.cookie(Role::Viewer).await;
    let page = site
        .get(&cookie, &format!("/contacts/{id}?as_of=2026-05-20"))
        .await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.body
            .contains("You are looking at 20 May 2026, not at today."),
        "{}",
        page.body
    );
    assert_eq!(sums(&page.body, false)[0].0, 1000, "the click came later");
    let page = site
        .get(&cookie, &format!("/contacts/{id}?known_at=2026-05-20"))
        .await;
    assert!(
        page.body.contains("nothing was known about this contact"),
        "{}",
        page.body
    );
    for typed in [
        "2026-6-1",
        "2026-02-30",
        "yesterday",
        "+2026-06-01",
        "9999-01-01",
        "2026-06-01T00:00",
    ] {
        let page = site
            .get(&cookie, &format!("/contacts/{id}?as_of={typed}"))
            .await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
        assert!(page.body.contains("That is not a date"), "{typed}");
    }
}

#[tokio::test]
async fn who_is_nobody_is_not_found_and_who_became_another_leads_there() {
    let lines = r#"{"email":"old@example.org","kind":"open","at":"2026-05-01T10:00:00Z"}
{"id":"a1","email":"new@example.org"}
"#;
    let site = Site::new(RULES, lines).await;
    let cookie = site.cookie(Role::Viewer).await;
    for path in [
        "0",
        "-1",
        "01",
        "99",
        "x",
        "1.0",
        "9223372036854775808",
        "1%2f2",
    ] {
        let page = site.get(&cookie, &format!("/contacts/{path}")).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
    }
    let (new, old) = (
        number(&site, "new@example.org"),
        number(&site, "old@example.org"),
    );
    let known_at = site.clock.now().timestamp_millis();
    let became = Contact {
        id: "a1".to_owned(),
        email: Address::parse("old@example.org"),
        status: None,
        subscribed_at: None,
        lists: Vec::new(),
        fields: BTreeMap::new(),
        tags: None,
    };
    let merging = site.web.store().write(move |tx| {
        let connection = tx.connections()?[0].id;
        tx.upsert_contacts(
            connection,
            &[became],
            None,
            known_at,
            &mut PageCommit::default(),
        )
    });
    merging.unwrap();
    let root = number(&site, "old@example.org");
    let merged = if root == new { old } else { new };
    assert_ne!(root, merged);
    let page = site
        .get(&cookie, &format!("/contacts/{merged}?as_of=2026-06-01"))
        .await;
    assert_eq!(page.status, StatusCode::SEE_OTHER);
    assert_eq!(
        page.location(),
        format!("/contacts/{root}?as_of=2026-06-01")
    );
    let page = site.get(&cookie, &format!("/contacts/{root}")).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
}

#[tokio::test]
async fn events_come_in_pages_without_one_twice_or_missing() {
    let mut lines = String::new();
    for event in 0..130 {
        let (kind, minute) = (if event % 3 == 0 { "click" } else { "open" }, event / 7);
        writeln!(lines, r#"{{"email":"a@example.org","kind":"{kind}","at":"2026-05-01T10:{minute:02}:00Z","campaign":"c{event}"}}"#).unwrap();
    }
    let site = Site::new(RULES, &lines).await;
    let cookie = site.cookie(Role::Viewer).await;
    let campaign = Regex::new(r"<bdi>(c\d+)</bdi>").unwrap();
    let older = Regex::new(r##"href="(/contacts/1\?[^"#]*before=[^"#]*)#events""##).unwrap();
    for (kind, number) in [("", 130), ("?kind=click", 44), ("?kind=purchase", 0)] {
        let (mut path, mut seen) = (format!("/contacts/1{kind}"), Vec::new());
        loop {
            let page = site.get(&cookie, &path).await.body;
            let events = page
                .split("id=\"events\"")
                .nth(1)
                .unwrap()
                .split("<h2")
                .next()
                .unwrap();
            let table = events
                .split("<tbody>")
                .nth(1)
                .unwrap_or_default()
                .to_owned();
            seen.extend(
                campaign
                    .captures_iter(&table)
                    .map(|found| found[1].to_owned()),
            );
            match older.captures(events) {
                Some(found) => path = found[1].replace("&amp;", "&"),
                None => break,
            }
        }
        let all = seen.len();
        seen.sort();
        seen.dedup();
        assert_eq!((seen.len(), all), (number, number), "{kind}");
    }
}

/// Names and fields that want to be something else.
fn hostile() -> String {
    let long = "x".repeat(10_000);
    let texts = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "\u{1b}[2J\u{1b}]0;owned\u{7}",
        "\u{202e}gnp.exe\u{2066}",
        "=cmd|' /C calc'!A0",
        "javascript:alert(1)",
        &long,
        "&lt;b&gt;\r\n\t",
    ];
    let who = json!({"email": "=cmd@example.org"});
    let row = |more: Value| {
        let mut row = who.clone();
        row.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        format!("{row}\n")
    };
    let fields: BTreeMap<&str, &str> = texts.iter().map(|text| (*text, *text)).collect();
    let mut lines = row(
        json!({"id": "h1", "subscribed_at": "2025-01-01T00:00:00Z", "status": "subscribed", "lists": texts, "fields": fields}),
    );
    for (at, text) in texts.iter().enumerate() {
        let minute = format!("2026-06-01T10:{}:00Z", at + 10);
        lines += &row(json!({"kind": "click", "at": minute, "campaign": text, "link": text}));
        lines += &row(
            json!({"kind": "purchase", "at": minute, "item": text, "value": 12.5, "properties": {"note": text, *text: "x"}}),
        );
    }
    lines
}

#[tokio::test]
async fn a_hostile_contact_is_inert_on_every_page_for_every_role() {
    let site = Site::new(RULES, &hostile()).await;
    for role in [Role::Viewer, Role::Marketer] {
        let cookie = site.cookie(role).await;
        for path in [
            "/contacts/1",
            "/contacts",
            "/contacts/1?kind=click",
            "/contacts?where=engagement+%3E+0",
        ] {
            let page = site.get(&cookie, path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert_inert(&page.body);
            assert!(page.body.len() < 300_000, "{path}: {}", page.body.len());
        }
    }
}

#[tokio::test]
async fn fifty_thousand_events_and_a_thousand_fields_stay_a_page() {
    let mut lines = String::new();
    let fields: Vec<String> = (0..1_000)
        .map(|at| format!(r#""f{at}":"value {at}""#))
        .collect();
    writeln!(
        lines,
        r#"{{"email":"busy@example.org","id":"b","fields":{{{}}}}}"#,
        fields.join(",")
    )
    .unwrap();
    for event in 0..50_000_u32 {
        let (day, second) = (event / 2_000, event % 2_000);
        let (kind, link) = if event % 5 == 0 {
            ("click", r#","link":"https://x.example/""#)
        } else {
            ("open", "")
        };
        writeln!(lines, r#"{{"email":"busy@example.org","kind":"{kind}","at":"2026-05-{:02}T10:{:02}:{:02}Z","campaign":"c{}"{link}}}"#, day + 1, second / 60, second % 60, event % 97).unwrap();
    }
    let site = Site::new(RULES, &lines).await;
    let cookie = site.cookie(Role::Marketer).await;
    let page = site.get(&cookie, "/contacts/1").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.body.len() < 300_000, "{}", page.body.len());
    let (shown, items, total) = sums(&page.body, false).remove(0);
    assert_eq!((items.iter().sum::<i64>(), total), (shown, Some(shown)));
}
