//! The shop's own log of visits, which comes in as a file: how any source
//! without a connector does. Its tracker was down for four days, and says so.

use std::{fmt::Write as _, sync::PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use engaged_sandbox::people::{SharedWorld, time};

use super::{Expected, Jobs, import, setting::Setting};

/// How long before the demo's first day the tracker was down.
const DOWN: [i64; 2] = [20, 17];

/// Writes the log of the shop and imports it. Doing so again brings only what is new.
pub(super) fn import(
    jobs: &Jobs,
    setting: &Setting,
    world: &SharedWorld,
    end: DateTime<Utc>,
) -> Result<(), Expected> {
    let log = log(world, end);
    let path = setting.file("visits.jsonl");
    std::fs::write(&path, log)
        .map_err(|error| super::failed("the shop's log cannot be written", &error))?;
    let options = import::Options {
        connection: "shop".into(),
        kinds: jobs.config.rules.kinds.clone(),
    };
    import::import(
        &jobs.store,
        &[path],
        &options,
        jobs.clock.as_ref(),
        &mut |_| (),
    )
    .map_err(|error| match error {
        import::ImportError::Store(error) => error.into(),
        other => super::failed(
            "the shop's log cannot be read",
            &std::io::Error::other(other.to_string()),
        ),
    })?;
    Ok(())
}

/// Everybody who ordered had looked at the shop a few minutes before, and again a day later.
fn log(world: &SharedWorld, end: DateTime<Utc>) -> String {
    let world = world.read().unwrap_or_else(PoisonError::into_inner);
    let mut log = String::new();
    let day = |ago: i64| (end - TimeDelta::days(ago)).date_naive();
    // Writing to a text cannot fail.
    let _ = writeln!(
        log,
        r#"{{"gap":{{"from":"{}","to":"{}","kinds":["page_visit"]}}}}"#,
        day(DOWN[0]),
        day(DOWN[1])
    );
    for order in world.orders() {
        let person = world.person(order.person);
        for at in [
            time(order.at) - TimeDelta::minutes(4),
            time(order.at) + TimeDelta::days(1),
        ] {
            let down = at.date_naive() >= day(DOWN[0]) && at.date_naive() <= day(DOWN[1]);
            if !down && at <= time(world.end()) {
                let _ = writeln!(
                    log,
                    r#"{{"email":"{}","kind":"page_visit","at":"{}","url":"https://shop.example/{}"}}"#,
                    person.address(),
                    at.to_rfc3339(),
                    order.item().replace(' ', "-"),
                );
            }
        }
    }
    log
}
