//! A plan in a file: only its fingerprint counts, and a text without one is no plan.

use engaged::push::plan::{Plan, fingerprint_in};

/// Reads a file, and a plan with that text for its fingerprint.
pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match fingerprint_in(text) {
        Ok(fingerprint) => assert!(!fingerprint.is_empty() && text.contains("fingerprint")),
        Err(why) => assert!(!why.is_empty()),
    }
    let plan = Plan {
        fingerprint: text.to_owned(),
        ..Plan::default()
    };
    let written = serde_json::to_string(&plan).unwrap();
    let read = fingerprint_in(&written).ok();
    assert_eq!(read.as_deref(), Some(text).filter(|text| !text.is_empty()));
}
