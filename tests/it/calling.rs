//! An automation that calls an address, and one that hands contacts over to people, as a small company without a platform uses
//! them: what happened comes in as files.

use chrono::{TimeDelta, Utc};
use engaged_connectors::outgoing::{HEADER, KEY_HEADER, verify};
use engaged_sandbox::{fault::FaultPlan, receiver::Receiver};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::program::Program;

const SECRET: &str = "0123456789abcdef";

struct Shop {
    runtime: Runtime,
    receiver: Receiver,
    program: Program,
}

impl Shop {
    /// Two contacts, one of them above the line from the beginning.
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let receiver = runtime
            .block_on(Receiver::start(FaultPlan::none()))
            .unwrap();
        let program = Program::with(&format!(
            "timezone = \"Europe/Amsterdam\"\ndatabase = \"engaged.db\"\n\
             [scores.engagement]\nrules = [ {{ when = \"form submit\", points = 50, count = \"each\" }} ]\n\
             [[automations]]\nname = \"Tell the CRM\"\nwhen = \"engagement >= 50\"\nsettle = \"0 minutes\"\n\
             start = {{ webhook = \"{}\", key = {{ file = \"hook.key\" }} }}\n\
             [[automations]]\nname = \"Call them\"\nwhen = \"engagement >= 50 and engagement < 1000\"\nsettle = \"0 minutes\"\n\
             start = {{ handover = \"Sales\" }}\n",
            receiver.url()
        ));
        program.file("hook.key", SECRET);
        let shop = Self {
            runtime,
            receiver,
            program,
        };
        shop.happened(&[("old@x.example", 30), ("jan@x.example", -1)]);
        let first: Value = shop.program.json(&["score"]);
        assert_eq!(first["automations"][0]["silent"], 1, "{first}");
        shop
    }

    /// Contacts, and how many days ago each sent a form; a negative number: none did.
    fn happened(&self, who: &[(&str, i64)]) {
        let mut lines = Vec::new();
        for (email, days) in who {
            lines.push(json!({ "email": email, "status": "subscribed" }).to_string());
            if *days >= 0 {
                let at = (Utc::now() - TimeDelta::days(*days)).to_rfc3339();
                lines.push(json!({ "email": email, "kind": "form_submit", "at": at, "url": "https://x.example/quote", "verdict": "human" }).to_string());
            }
        }
        self.program.file("rows.jsonl", &lines.join("\n"));
        self.program.expect(0, &["import", "rows.jsonl"]);
    }

    fn bodies(&self) -> Vec<Value> {
        let calls = self.receiver.calls().into_iter();
        calls
            .map(|call| serde_json::from_slice(&call.body).unwrap())
            .collect()
    }
}

#[test]
fn who_crosses_the_line_is_told_of_once_signed_and_as_planned() {
    let shop = Shop::new();
    // Who is new asks for a quote in the first minute.
    shop.happened(&[("jan@x.example", 0), ("new@x.example", 0)]);
    shop.program.expect(0, &["score"]);
    let plan = shop.program.json(&["plan"]);
    assert_eq!(
        (&plan["writes"], &plan["connections"][0]["starts"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(shop.receiver.calls().len(), 0, "a plan calls nobody");
    let sample = plan["connections"][0]["sample"][0].clone();

    shop.program.expect(0, &["apply"]);
    let calls = shop.receiver.calls();
    assert_eq!(calls.len(), 2);
    for call in &calls {
        verify(SECRET, call.header(HEADER), &call.body, Utc::now()).unwrap();
        assert!(call.header(KEY_HEADER).starts_with("start:"), "{call:?}");
    }
    let bodies = shop.bodies();
    assert_eq!(
        sample["after"],
        bodies[0].to_string(),
        "as planned, to the byte"
    );
    assert_eq!(bodies[0]["contact"]["email"], "jan@x.example");
    assert_eq!(bodies[0]["scores"]["engagement"]["shown"], 50);
    assert_eq!(bodies[1]["contact"]["email"], "new@x.example");

    shop.program.expect(0, &["score", "--full"]);
    shop.program.expect(0, &["apply"]);
    assert_eq!(shop.receiver.calls().len(), 2, "once");
    assert_eq!(shop.program.json(&["plan"])["writes"], 0);
}

#[test]
fn a_call_that_fails_is_made_again_with_its_key_and_one_that_is_refused_is_not() {
    let shop = Shop::new();
    shop.receiver.answer(500, "out of order");
    shop.happened(&[("jan@x.example", 0)]);
    shop.program.expect(0, &["score"]);
    shop.program.run(&["apply"]);
    assert_eq!(shop.receiver.calls().len(), 1);
    let listed = shop.program.json(&[
        "automations",
        "list",
        "Tell the CRM",
        "--contact",
        "jan@x.example",
    ]);
    assert_eq!(listed["entries"][0]["state"], "ready", "{listed}");
    let status = shop.program.run(&["status"]).out;
    assert!(status.contains("Starts    1 ready"), "{status}");

    // Its turn comes a minute later; a person need not wait.
    let database = rusqlite::Connection::open(shop.program.path().join("engaged.db")).unwrap();
    database
        .execute("update outbox set not_before_at = 0", ())
        .unwrap();
    shop.receiver.answer(410, "gone");
    shop.program.run(&["apply"]);
    let keys = shop.receiver.keys();
    assert_eq!(
        keys.into_values().collect::<Vec<_>>(),
        [2],
        "both bear one key"
    );
    let listed = shop.program.json(&[
        "automations",
        "list",
        "Tell the CRM",
        "--contact",
        "jan@x.example",
    ]);
    assert_eq!(listed["entries"][0]["state"], "refused", "{listed}");
    shop.program.run(&["apply"]);
    assert_eq!(shop.receiver.calls().len(), 2);
    shop.runtime.block_on(async {});
}

#[test]
fn a_lead_is_answered_and_who_is_none_loses_the_points_for_a_while() {
    let shop = Shop::new();
    shop.happened(&[("jan@x.example", 0)]);
    shop.program.expect(0, &["score"]);
    let leads = shop.program.json(&["leads", "Sales"]);
    let lead = &leads["leads"][0];
    assert_eq!(lead["contact"], "jan@x.example");
    assert_eq!(lead["because"], json!(["50 form submit"]));
    let entry = lead["entry"].to_string();

    let wrong = shop.program.expect(2, &["leads", "Salse"]);
    assert!(wrong.err.contains("there are: Sales"), "{}", wrong.err);
    shop.program.expect(2, &["leads", "refuse", "999"]);
    shop.program
        .expect(2, &["leads", "refuse", &entry, "--until", "2020-01-01"]);
    shop.program
        .expect(2, &["leads", "refuse", &entry, "--points", "10"]);

    let refused = shop
        .program
        .json(&["leads", "refuse", &entry, "--reason", "a student"]);
    assert_eq!(refused["adjustment"]["points"], json!(-50), "{refused}");
    assert_eq!(shop.program.json(&["leads"])["leads"], json!([]));
    let all = shop.program.json(&["leads", "--all"]);
    assert_eq!(all["leads"][0]["answer"], "a student");
    shop.program.expect(0, &["score"]);
    let explained = shop.program.json(&["explain", "jan@x.example"]);
    assert_eq!(explained["scores"][0]["shown"], 0, "{explained}");
    assert!(explained.to_string().contains("a student"));
}
