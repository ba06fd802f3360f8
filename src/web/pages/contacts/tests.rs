use std::{fmt::Write as _, sync::Arc};

use http::{StatusCode, header};
use regex::Regex;
use tokio::sync::mpsc;

use super::{
    choice::Asked,
    export::{Format, List},
    list,
};
use crate::{
    account::Role,
    listing::{Budget, csv_head},
    score::calendar::Day,
    store::{AuditFilter, Traces},
    web::stage::{RULES, Site, assert_inert},
};

/// So many people: every third clicked, every fifth bought.
fn people(number: usize) -> String {
    let mut lines = String::new();
    for person in 0..number {
        let email = format!("p{person:03}@example.org");
        writeln!(
            lines,
            r#"{{"email":"{email}","subscribed_at":"2025-01-01T00:00:00Z"}}"#
        )
        .unwrap();
        for (every, kind) in [(3, "click"), (5, "purchase")] {
            if person % every == 0 {
                writeln!(
                    lines,
                    r#"{{"email":"{email}","kind":"{kind}","at":"2026-05-01T10:00:00Z"}}"#
                )
                .unwrap();
            }
        }
    }
    lines
}

/// The addresses in a page's list.
fn listed(body: &str) -> Vec<String> {
    let address = Regex::new(r"<bdi>([^<]*@[^<]*)</bdi></a>").unwrap();
    address
        .captures_iter(body)
        .map(|found| found[1].to_owned())
        .collect()
}

#[tokio::test]
async fn a_whole_address_leads_to_its_contact_and_a_beginning_lists_who_has_it() {
    let site = Site::new(RULES, &people(12)).await;
    let cookie = site.cookie(Role::Marketer).await;
    let found = site.get(&cookie, "/contacts?q=P003%40Example.org").await;
    assert_eq!(
        (found.status, found.location()),
        (StatusCode::SEE_OTHER, "/contacts/4")
    );
    let page = site.get(&cookie, "/contacts?q=p00").await.body;
    assert_eq!(listed(&page).len(), 10);
    assert!(
        page.contains("10 contacts") && page.contains("engaged contacts --address p00"),
        "{page}"
    );
    let page = site.get(&cookie, "/contacts?q=p003%40example.com").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(
        page.body.contains("Nobody is in this list."),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn a_viewer_cannot_spell_out_an_address_by_asking_for_its_parts() {
    let site = Site::new(RULES, &people(5)).await;
    let cookie = site.cookie(Role::Viewer).await;
    for path in [
        "/contacts?q=p00",
        "/contacts?where=email+starts+with+'p001'",
        "/contacts?where=engagement+%3E+0+or+not+(email+domain+is+'example.org')",
    ] {
        let page = site.get(&cookie, path).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
        assert!(
            page.body.contains("by its whole address only"),
            "{path}: {}",
            page.body
        );
        assert!(!page.body.contains("/contacts/1"), "{path} lists somebody");
    }
    let whole = site.get(&cookie, "/contacts?q=p001%40example.org").await;
    assert_eq!(
        (whole.status, whole.location()),
        (StatusCode::SEE_OTHER, "/contacts/2")
    );
    assert!(
        site.get(&cookie, "/contacts?where=engagement+%3E+0")
            .await
            .body
            .contains("p…@e….org")
    );
}

#[tokio::test]
async fn every_group_is_a_list_with_its_number_and_its_command() {
    let site = Site::new(RULES, &people(30)).await;
    let cookie = site.cookie(Role::Marketer).await;
    for (query, number, command) in [
        ("", 30, "engaged contacts<"),
        ("segment=hot", 2, "engaged contacts --segment hot<"),
        ("who=segment%3Ahot", 2, "engaged contacts --segment hot<"),
        (
            "band=engagement%3Aengaged",
            14,
            "--where &#39;engagement is &#39;",
        ),
        (
            "unjudged=not_mailed",
            20,
            "engaged contacts --not-judged not_mailed<",
        ),
    ] {
        let page = site.get(&cookie, &format!("/contacts?{query}")).await.body;
        assert_eq!(listed(&page).len(), number, "{query}: {page}");
        assert!(page.contains(&format!("{number} contacts")), "{query}");
        let command = command.replace("&#39;", "'");
        assert!(page.contains(&command), "{query}: {page}");
        assert_inert(&page);
    }
    for query in [
        "segment=hott",
        "band=engagement%3Ax",
        "unjudged=lazy",
        "sort=most%3Ax",
        "who=x",
        "who=x%3Ay",
    ] {
        let page = site.get(&cookie, &format!("/contacts?{query}")).await;
        let told = page.status == StatusCode::UNPROCESSABLE_ENTITY && page.body.contains("” here.");
        assert!(told || query == "who=x", "{query}: {}", page.status);
    }
}

#[tokio::test]
async fn who_is_not_judged_is_told_with_the_reason() {
    let site = Site::new(RULES, &people(2)).await;
    let cookie = site.cookie(Role::Viewer).await;
    let page = site.get(&cookie, "/contacts").await.body;
    assert!(page.contains("because not mailed"), "{page}");
    let page = site
        .get(&format!("{cookie}; engaged_language=nl"), "/contacts/2")
        .await
        .body;
    assert!(
        page.contains("Nog niet te beoordelen: niet gemaild"),
        "{page}"
    );
}

#[tokio::test]
async fn pages_of_a_sorted_list_hold_everybody_once_and_in_order() {
    let site = Site::new(RULES, &people(130)).await;
    let cookie = site.cookie(Role::Marketer).await;
    let next = Regex::new(r#"<a class="button" href="(/contacts\?[^"]*)">Next page"#).unwrap();
    let points = Regex::new(r#"data-points="(-?\d+)""#).unwrap();
    let (mut path, mut seen, mut shown) = (
        "/contacts?sort=most%3Aengagement".to_owned(),
        Vec::new(),
        Vec::new(),
    );
    loop {
        let page = site.get(&cookie, &path).await.body;
        seen.extend(listed(&page));
        shown.extend(
            points
                .captures_iter(&page)
                .map(|found| found[1].parse::<i64>().unwrap()),
        );
        match next.captures(&page) {
            Some(found) => path = found[1].replace("&amp;", "&"),
            None => break,
        }
    }
    assert!(
        shown.is_sorted_by(|before, after| before >= after),
        "{shown:?}"
    );
    seen.sort();
    seen.dedup();
    assert_eq!((seen.len(), shown.len()), (130, 130));
}

#[tokio::test]
async fn a_mistake_in_a_condition_is_shown_at_its_word_and_what_was_typed_is_kept() {
    let site = Site::new(RULES, "").await;
    let cookie = site.cookie(Role::Viewer).await;
    let page = site
        .get(&cookie, "/contacts?where=no+opne+in+3+months+%3Cb%3E&sort=")
        .await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    for told in [
        "no <span class=\"wrong\">opne</span> in 3 months",
        "did you mean",
        "value=\"no opne in 3 months &lt;b&gt;\"",
        "aria-invalid=\"true\"",
        "E0201",
    ] {
        assert!(page.body.contains(told), "no {told}: {}", page.body);
    }
    let page = site.get(&cookie, "/contacts?where=engagement+%3E").await;
    assert!(
        page.body.contains("engagement &gt;<span class=\"wrong\">"),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn looking_for_a_condition_ends_in_time_says_how_far_it_came_and_goes_on() {
    let site = Site::new(RULES, &people(130)).await;
    let cookie = site.cookie(Role::Marketer).await;
    let page = site.get(&cookie, "/contacts?where=any+purchase").await.body;
    assert_eq!(listed(&page).len(), 26);
    assert!(
        page.contains("All were looked at: 130 of 130 contacts."),
        "{page}"
    );

    let asked = Asked::asking("any purchase", None);
    let choice = asked.choice(&site.web.config(), true).unwrap();
    let (mut after, mut found, mut rounds) = (None, Vec::new(), 0);
    let budget = Budget {
        contacts: 40,
        events: u64::MAX,
    };
    loop {
        let page = list::page(&site.web.jobs(), &choice, after.as_deref(), budget).unwrap();
        let list::End::Looked { contacts, of } = page.end else {
            panic!("{page:?}")
        };
        assert!(contacts <= 40 && of.contacts == 130, "{contacts}");
        found.extend(page.rows.iter().map(|row| row.id));
        rounds += 1;
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!((found.len(), rounds), (26, 4));
    assert!(found.is_sorted());

    // The same among a group, and a page that has nobody yet has a way on.
    let page = site
        .get(&cookie, "/contacts?segment=hot&where=any+purchase")
        .await
        .body;
    assert_eq!(listed(&page).len(), 9, "{page}");
    let jobs = site.web.jobs();
    let nobody = Asked::asking("any download", None)
        .choice(&site.web.config(), true)
        .unwrap();
    let page = list::page(&jobs, &nobody, None, budget).unwrap();
    assert!(page.rows.is_empty() && page.next.is_some() && !page.is_full());
}

#[tokio::test]
async fn the_whole_list_is_handed_out_after_the_password_and_is_audited_without_addresses() {
    let site = Site::new(RULES, &people(12)).await;
    let viewer = site.cookie(Role::Viewer).await;
    let form = [("format", "csv")];
    let path = "/contacts/export?where=any+purchase+and+email+ends+with+'example.org'";
    assert_eq!(
        site.post(&viewer, path, &form).await.status,
        StatusCode::FORBIDDEN
    );
    let cookie = site.cookie(Role::Marketer).await;
    let first = site.post(&cookie, path, &form).await;
    assert!(first.location().starts_with("/confirm"), "{}", first.status);
    let cookie = site.step_up(&cookie).await;
    let answer = site.post(&cookie, path, &form).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.headers[header::CONTENT_TYPE],
        "text/csv; charset=utf-8"
    );
    let name = answer.headers[header::CONTENT_DISPOSITION]
        .to_str()
        .unwrap();
    assert_eq!(
        name,
        "attachment; filename=\"engaged-contacts-2026-06-15.csv\""
    );
    let lines: Vec<&str> = answer.body.lines().collect();
    assert_eq!(lines[0], csv_head(&site.web.config().rules));
    assert_eq!(lines[1], "p000@example.org,30,engaged,hot,");
    assert_eq!(lines.len(), 4, "{}", answer.body);

    let form = [("format", "ndjson")];
    let answer = site
        .post(&cookie, "/contacts/export?who=segment:hot", &form)
        .await;
    assert_eq!(
        answer.body,
        "{\"contact\":\"p000@example.org\",\"scores\":[[\"engagement\",30,\"engaged\"]],\"segments\":[\"hot\"],\"stage\":null}\n"
    );
    // The last line is written when the reader has taken all.
    let rows = loop {
        let rows = site
            .web
            .store()
            .read(|conn| conn.audit_page(None, 20, &AuditFilter::default()))
            .unwrap();
        if rows
            .iter()
            .filter(|row| row.what == "exported contacts")
            .count()
            == 2
        {
            break rows;
        }
        tokio::task::yield_now().await;
    };
    assert!(
        rows.iter()
            .any(|row| row.detail == "ndjson: segment:hot: 1 contacts"),
        "{rows:?}"
    );
    assert!(
        rows.iter().any(|row| row.detail.ends_with(": 3 contacts")),
        "{rows:?}"
    );
    assert!(rows.iter().all(|row| !row.detail.contains('@')), "{rows:?}");
}

#[tokio::test]
async fn a_list_in_pieces_is_the_list_and_a_reader_who_leaves_ends_it() {
    let site = Site::new(RULES, &people(130)).await;
    let config = site.web.config();
    for format in [Format::Csv, Format::Ndjson] {
        let list = List {
            filter: Asked::asking("any click", None)
                .choice(&config, true)
                .unwrap()
                .filter(&config.rules),
            format,
            today: Day::parse("2026-06-15").unwrap(),
        };
        let mut whole: Option<(String, u64)> = None;
        for contacts in [u64::MAX, 7] {
            let (sender, mut pieces) = mpsc::channel(1);
            let (list, jobs) = (list.clone(), Arc::clone(&site.web.jobs()));
            let budget = Budget {
                contacts,
                events: u64::MAX,
            };
            let sending = tokio::spawn(async move { list.send(&jobs, budget, &sender).await });
            let mut text = String::new();
            while let Some(piece) = pieces.recv().await {
                text += std::str::from_utf8(&piece.unwrap()).unwrap();
            }
            let (number, all) = sending.await.unwrap().unwrap();
            assert!(all);
            let this = (text, number);
            assert_eq!(whole.get_or_insert_with(|| this.clone()), &this);
        }
        assert_eq!(whole.unwrap().1, 44);
        let (sender, pieces) = mpsc::channel(1);
        drop(pieces);
        let budget = Budget {
            contacts: 7,
            events: u64::MAX,
        };
        assert_eq!(
            list.send(&site.web.jobs(), budget, &sender).await.unwrap(),
            (0, false)
        );
    }
}

// F15.
#[tokio::test]
async fn a_reader_who_takes_nothing_for_long_holds_neither_the_log_nor_whoever_writes() {
    let site = Site::new(RULES, &people(130)).await;
    let config = site.web.config();
    let list = List {
        filter: Asked::asking("any click", None)
            .choice(&config, true)
            .unwrap()
            .filter(&config.rules),
        format: Format::Csv,
        today: Day::parse("2026-06-15").unwrap(),
    };
    let (sender, mut pieces) = mpsc::channel(1);
    let jobs = site.web.jobs();
    let sending = {
        let jobs = Arc::clone(&jobs);
        let budget = Budget {
            contacts: 7,
            events: u64::MAX,
        };
        tokio::spawn(async move { list.send(&jobs, budget, &sender).await })
    };
    // A piece lies there, and the next one waits for it to be taken.
    let first = pieces.recv().await.unwrap().unwrap();
    while pieces.is_empty() {
        tokio::task::yield_now().await;
    }
    let written = jobs
        .store
        .write(|tx| tx.audit("tom", "approve", "a guard", 1));
    written.unwrap();
    let emptied = jobs
        .store
        .clear_remains(&config.database, &Traces::default());
    assert!(emptied.unwrap().clear, "nothing is read meanwhile");
    assert!(!sending.is_finished());
    let mut rest = 0;
    while let Some(piece) = pieces.recv().await {
        rest += piece.unwrap().len();
    }
    assert!(!first.is_empty() && rest > first.len());
    assert_eq!(sending.await.unwrap().unwrap(), (44, true));
}

#[tokio::test]
async fn cells_that_a_spreadsheet_would_run_are_quoted() {
    let rules = RULES.replace("hot =", "\"=cmd\" = \"any click\"\nhot =");
    let lines = "{\"email\":\"=1+1@example.org\",\"kind\":\"click\",\"at\":\"2026-06-01T10:00:00Z\"}\n\
                 {\"email\":\"-2@example.org\",\"kind\":\"click\",\"at\":\"2026-06-01T10:00:00Z\"}\n\
                 {\"email\":\"a,b@example.org\",\"kind\":\"unsubscribe\",\"at\":\"2026-06-01T10:00:00Z\"}\n";
    let site = Site::new(&rules, lines).await;
    let cookie = site.cookie(Role::Marketer).await;
    let cookie = site.step_up(&cookie).await;
    let answer = site
        .post(&cookie, "/contacts/export", &[("format", "csv")])
        .await;
    let lines: Vec<&str> = answer.body.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "'=1+1@example.org,10,engaged,'=cmd,",
            "'-2@example.org,10,engaged,'=cmd,",
            "\"a,b@example.org\",0,away,,",
        ],
    );
}
