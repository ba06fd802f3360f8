//! K7: a cursor that names a time in the future, or rows that are dated there, hide nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use tracing::{Level, instrument::WithSubscriber as _};

use super::{
    Access, Edit, Finding, HandClock, Subject, Tally,
    logs::Ear,
    taken::{Bench, Taken, pull, streams},
};
use crate::{clock::Clock, cursor::Cursor, error::ConnectorError};

/// How far ahead the clock stood.
const AHEAD: TimeDelta = TimeDelta::days(3_650);

pub(super) async fn future(subject: &dyn Subject, tally: &mut Tally) -> Result<(), Box<Finding>> {
    clock_put_back(subject, tally, false).await?;
    clock_put_back(subject, tally, true).await?;
    rows_from_the_future(subject, tally).await?;
    tally.at_least(2, "cursors from the future")?;
    tally.at_least(2, "refused or begun anew")
}

/// A pass was made, or begun, while our clock stood ten years ahead; then the clock was put right and there was news.
async fn clock_put_back(
    subject: &dyn Subject,
    tally: &mut Tally,
    half: bool,
) -> Result<(), Box<Finding>> {
    let bench = Bench::paged(subject, 40, 20).await?;
    let ahead = HandClock::at(bench.clock.now() + AHEAD);
    let early = bench
        .connect(&Access::good(), ahead)
        .map_err(|error| Finding::error("making the connector", &error))?;
    let (mut cursors, mut taken) = (BTreeMap::new(), Taken::default());
    for spec in streams(early.as_ref()) {
        let mut cursor: Option<Cursor> = None;
        loop {
            let page = pull(early.as_ref(), spec.stream, cursor.as_ref()).await?;
            let done = page.done || half;
            cursor = Some(taken.take(page));
            if done {
                break;
            }
        }
        cursors.extend(cursor.map(|cursor| (spec.stream.0, cursor)));
    }
    bench.edit(Edit::News).await?;
    let now = bench.clock.now();
    let connector = bench.connector()?;
    for spec in streams(connector.as_ref()) {
        let from = cursors.remove(spec.stream.0);
        let dated = from
            .as_ref()
            .is_some_and(|cursor| names_future(cursor, now));
        tally.add("cursors from the future", usize::from(dated));
        let ear = Ear::default();
        let read = bench
            .read(connector.as_ref(), spec.stream, from, &mut taken)
            .with_subscriber(ear.clone())
            .await;
        let warned = ear.take().iter().any(|line| line.level == Level::WARN);
        match read {
            Err(finding) if refused(&finding) => {
                // A person must act; nothing is lost by that. From the beginning it must come through.
                tally.add("refused or begun anew", 1);
                bench
                    .read(connector.as_ref(), spec.stream, None, &mut taken)
                    .await?;
            }
            Err(finding) => return Err(finding),
            Ok(_) if dated && !warned => {
                return Err(Finding::new(
                    "a cursor from the future is passed over in silence",
                    spec.stream.0,
                )
                .why("somebody's clock was wrong; whoever looks into it later finds no trace")
                .next("tracing::warn! where the position is found to be impossible")
                .boxed());
            }
            Ok(_) => tally.add("refused or begun anew", usize::from(dated)),
        }
    }
    let place = if half {
        "a pass that began in the future"
    } else {
        "a cursor from the future"
    };
    taken.count(tally);
    bench.compare(&taken, place, false)
}

/// Rows of the platform are dated ten years ahead; later ones must be found all the same.
async fn rows_from_the_future(
    subject: &dyn Subject,
    tally: &mut Tally,
) -> Result<(), Box<Finding>> {
    let bench = Bench::paged(subject, 40, 20).await?;
    let connector = bench.connector()?;
    let dated = bench.edit(Edit::Postdate).await?;
    tally.add("rows from the future", dated.len());
    tally.at_least(1, "rows from the future")?;
    let (mut cursors, mut taken) = (BTreeMap::new(), Taken::default());
    bench
        .read_all(connector.as_ref(), &mut cursors, &mut taken)
        .await?;
    bench.compare(&taken, "a read of rows from the future", true)?;
    for _ in 0..2 {
        bench.edit(Edit::News).await?;
        bench
            .read_all(connector.as_ref(), &mut cursors, &mut taken)
            .await?;
        bench.compare(&taken, "news after rows from the future", false)?;
    }
    taken.count(tally);
    Ok(())
}

/// Whether an error refuses the cursor for good, as opposed to failing.
fn refused(finding: &Finding) -> bool {
    let config = ConnectorError::Config {
        what: String::new(),
        detail: String::new(),
    };
    let contract = ConnectorError::Contract {
        what: String::new(),
        detail: String::new(),
    };
    [config, contract]
        .iter()
        .any(|error| finding.what.starts_with(error.code()))
}

/// Whether a cursor holds a time that has not come yet, as text or as seconds or milliseconds since 1970.
fn names_future(cursor: &Cursor, now: DateTime<Utc>) -> bool {
    fn look(value: &Value, now: DateTime<Utc>) -> bool {
        let at = match value {
            Value::String(text) => text.parse::<DateTime<Utc>>().ok(),
            Value::Number(number) => number
                .as_i64()
                .filter(|number| *number > 1_000_000_000)
                .and_then(|number| {
                    if number > 100_000_000_000 {
                        DateTime::from_timestamp_millis(number)
                    } else {
                        DateTime::from_timestamp(number, 0)
                    }
                }),
            Value::Array(items) => return items.iter().any(|item| look(item, now)),
            Value::Object(map) => return map.values().any(|item| look(item, now)),
            _ => None,
        };
        at.is_some_and(|at| at > now + TimeDelta::days(365))
    }
    serde_json::from_str::<Value>(cursor.as_str()).is_ok_and(|value| look(&value, now))
}
