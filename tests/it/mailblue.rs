//! `MailBlue`'s example day by day (MB-05, MB-06), on a platform that counts what is started.
//!
//! Jan's points expire after a month. He is at 75 on 1 June, which starts the series; falls to 70 on 20 June, which is
//! still inside; leaves at 65 on 27 June; is at 75 again on 29 June, which is within the cooldown; and leaves on 11
//! July. It is the history of `tests/packs/timeline.rs`, a year later, since a platform's clock only goes forward.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use engaged::{
    clock::Clock,
    config::{self, Environment},
    import::{self, Options},
};
use engaged_sandbox::mailchimp::Status;
use serde_json::json;

use crate::stage::{RULES, Scene, Stage, TAGS, open};

struct Standing(DateTime<Utc>);

impl Clock for Standing {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

/// From when on there are how many points.
const POINTS: [(&str, i64); 17] = [
    ("05-03", 30),
    ("05-04", 35),
    ("05-11", 40),
    ("05-12", 45),
    ("05-13", 50),
    ("05-14", 55),
    ("05-20", 60),
    ("05-27", 65),
    ("06-01", 75),
    ("06-20", 70),
    ("06-27", 65),
    ("06-29", 75),
    ("07-04", 70),
    ("07-11", 65),
    ("07-12", 60),
    ("07-13", 55),
    ("07-14", 50),
];

/// The mails that are opened, and when.
const OPENS: [(&str, &str); 14] = [
    ("a", "05-04"),
    ("b", "05-11"),
    ("c", "05-12"),
    ("d", "05-13"),
    ("e", "05-14"),
    ("f", "05-20"),
    ("g", "05-27"),
    ("h", "06-04"),
    ("i", "06-11"),
    ("j", "06-12"),
    ("k", "06-13"),
    ("l", "06-14"),
    ("m", "06-29"),
    ("n", "06-29"),
];

fn noon(date: NaiveDate) -> DateTime<Utc> {
    date.and_hms_opt(12, 0, 0).unwrap().and_utc()
}

fn day(month_and_day: &str) -> NaiveDate {
    format!("2027-{month_and_day}").parse().unwrap()
}

/// Takes rows in on a day.
fn import(stage: &Stage, at: DateTime<Utc>, rows: &[serde_json::Value]) {
    let folder = stage.program.path();
    let config = config::load(&folder.join("engaged.toml"), &Environment::new()).unwrap();
    let store = open(&config.database, &Standing(at));
    let lines: Vec<String> = rows.iter().map(ToString::to_string).collect();
    let file = stage.program.file("rows.jsonl", &lines.join("\n"));
    let options = Options {
        connection: "import".into(),
        kinds: Vec::new(),
    };
    let report = import::import(&store, &[file], &options, &Standing(at), &mut |_| ()).unwrap();
    assert_eq!(report.bad_count, 0);
}

/// What happens on a day, as rows of an import.
fn happenings(email: &str, date: NaiveDate) -> Vec<serde_json::Value> {
    let at = noon(date).to_rfc3339();
    let opens = OPENS.iter().filter(|(_, on)| day(on) == date);
    let mut rows: Vec<serde_json::Value> = opens
        .map(|(mail, _)| json!({ "email": email, "kind": "open", "at": at, "campaign": mail, "id": format!("open {mail}") }))
        .collect();
    if date == day("06-01") {
        let url = "https://www.bedrijf.example/prijzen";
        rows.push(
            json!({ "email": email, "kind": "page_visit", "at": at, "url": url, "id": "prices" }),
        );
    }
    rows
}

#[test]
fn mb_06_one_deal_and_a_second_entry_that_is_suppressed() {
    // The story has its own dates, whatever today is.
    let eve = noon(day("05-02"));
    let stage = Stage::new(&Scene {
        people: 6,
        end: Some(eve),
        mailchimp: true,
        ..Scene::default()
    });
    let automation = "[guards]\nmax_score_change = 1.0\n[[automations]]\nname = \"Deal\"\nwhen = \"engagement >= 75\"\n\
                      until = \"engagement < 70\"\ncooldown = \"30 days\"\n\
                      start = { connection = \"shop\", automation = \"journey 7 step 5\" }\n";
    stage.configure(|config| {
        let config = config.replace(RULES, automation).replace(TAGS, "");
        let config = config.replace("push.fields = { ENGSCORE = \"engagement\" }", "");
        let (_, rest) = config.split_once('\n').unwrap();
        format!("timezone = \"Europe/Amsterdam\"\nextends = [\"mailblue\"]\n{rest}")
    });
    stage.cycle_at(eve);
    let contacts = stage.shop().contacts();
    let jan = contacts
        .iter()
        .find(|each| each.status == Status::Subscribed);
    let jan = jan.unwrap();
    let first = day("05-03");
    let profile = json!({ "email": jan.address, "fields": { "COUNTRY": "NL", "CITY": "Utrecht" } });
    import(&stage, noon(first), &[profile]);

    let key = format!("{} journey 7 step 5", jan.email_id);
    let mut points = 0;
    for passed in 0..75 {
        let date = first + TimeDelta::days(passed);
        let rows = happenings(&jan.address, date);
        if !rows.is_empty() {
            import(&stage, noon(date), &rows);
        }
        // An hour later what has settled is started.
        stage.cycle_at(noon(date) + TimeDelta::hours(1));
        stage.cycle_at(noon(date) + TimeDelta::hours(2));

        points = POINTS
            .iter()
            .find(|(from, _)| day(from) == date)
            .map_or(points, |(_, points)| *points);
        let who = format!("(select id from contact where email = '{}')", jan.address);
        let shown = stage.number(&format!("select shown from score where contact_id = {who}"));
        assert_eq!(shown, points, "{date}");
        let inside = stage.number(&format!(
            "select count(*) from automation_entry where contact_id = {who} and left_at is null"
        ));
        let expected = (day("06-01")..day("06-27")).contains(&date)
            || (day("06-29")..day("07-11")).contains(&date);
        assert_eq!(inside == 1, expected, "{date}");
        let starts = stage.shop().starts();
        let deals = usize::from(date >= day("06-01"));
        assert_eq!(starts.get(&key).copied().unwrap_or(0), deals, "{date}");
        assert_eq!(starts.len(), deals, "nobody else: {starts:?}");
    }
    let entries = stage.rows(
        "select number || ' ' || entered_on || ' ' || state || coalesce(' ' || reason, '') from automation_entry order by number",
    );
    assert_eq!(
        entries,
        [
            "1 2027-06-01 started",
            "2 2027-06-29 suppressed cooldown until 2027-07-01",
        ]
    );
    let listed = stage
        .program
        .json(&["automations", "list", "--contact", &jan.address]);
    assert_eq!(listed["entries"][0]["state"], "suppressed");
}
