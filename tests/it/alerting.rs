//! Alerts from the command line: what is listed, and whether telling works.

use engaged_sandbox::{fault::FaultPlan, receiver::Receiver};
use serde_json::json;
use tokio::runtime::Runtime;

use crate::program::Program;

fn configuration(alerts: &str) -> String {
    format!(
        "timezone = \"Europe/Amsterdam\"\ndatabase = \"engaged.db\"\n\
         [scores.engagement]\nrules = [ {{ when = \"click\", points = 1 }} ]\n{alerts}"
    )
}

#[test]
fn a_test_alert_says_what_the_receiver_said_and_is_listed() {
    let runtime = Runtime::new().unwrap();
    let receiver = runtime
        .block_on(Receiver::start(FaultPlan::none()))
        .unwrap();
    let program = Program::with(&configuration(""));
    program.expect(0, &["score"]);
    let nobody = program.expect(2, &["alerts", "test"]);
    assert!(
        nobody.err.contains("[alerts] names no url"),
        "{}",
        nobody.err
    );
    let listed = program.expect(0, &["alerts"]).out;
    assert!(
        listed.contains("nobody is told") && listed.contains("No alerts"),
        "{listed}"
    );

    let secret = "[alerts]\nurl = \"URL?token=canary\"\nkey = { file = \"alerts.key\" }\n";
    program.file(
        "engaged.toml",
        &configuration(&secret.replace("URL", &receiver.url())),
    );
    let missing = program.expect(2, &["alerts", "test"]);
    assert!(missing.err.contains("alerts.key"), "{}", missing.err);
    program.file("alerts.key", "0123456789abcdef");
    let taken = program.json(&["alerts", "test"]);
    assert_eq!(
        (&taken["taken"], &taken["host"]),
        (&json!(true), &json!("127.0.0.1"))
    );
    receiver.answer(403, "{\"message\":\"who are you?\"}");
    let refused = program.expect(6, &["alerts", "test"]).out;
    assert!(
        refused.contains("refuses the test alert") && refused.contains("403"),
        "{refused}"
    );
    receiver.answer(500, "");
    program.expect(8, &["alerts", "test"]);
    assert_eq!(receiver.calls().len(), 3);
    assert_eq!(receiver.keys().len(), 3);

    let listed = program.json(&["alerts"]);
    assert_eq!(listed["receiver"], "127.0.0.1");
    let deliveries: Vec<_> = listed["notices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|each| each["delivery"].clone())
        .collect();
    assert_eq!(deliveries, ["given up", "given up", "sent"]);
    let text = program.expect(0, &["alerts"]).out;
    assert!(
        text.contains("127.0.0.1 is told") && text.contains("given up"),
        "{text}"
    );
    for shown in [listed.to_string(), text, refused] {
        assert!(
            !shown.contains("canary") && !shown.contains("0123456789"),
            "{shown}"
        );
    }
}
