//! K2: `check` gives three answers (good, configuration, provider), in time, and names the missing right.

use std::time::Duration;

use ::http::{Response, StatusCode};
use bytes::Bytes;
use tokio::time::{Instant, timeout};

use super::{Access, Finding, KeyKind, Rights, Subject, Tally, probe::Act, taken::Bench};
use crate::{
    connector::{Account, CHECK_MAX},
    error::ConnectorError,
};

/// The three answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Good,
    Configuration,
    Provider,
}

fn sort(answer: &Result<Account, ConnectorError>) -> Answer {
    match answer {
        Ok(_) => Answer::Good,
        Err(ConnectorError::Config { .. } | ConnectorError::Auth { .. }) => Answer::Configuration,
        Err(
            ConnectorError::Transient { .. }
            | ConnectorError::RateLimited { .. }
            | ConnectorError::Contract { .. },
        ) => Answer::Provider,
    }
}

/// Makes a connector and lets it check.
async fn ask(
    bench: &Bench<'_>,
    access: &Access,
    place: &str,
) -> Result<Result<Account, ConnectorError>, Box<Finding>> {
    let connector = match bench.connect(access, bench.clock.clone()) {
        Ok(connector) => connector,
        Err(error) => return Ok(Err(error)),
    };
    let start = Instant::now();
    // Far more than it may take: what does not end at all is told apart from what is slow.
    let answer = timeout(Duration::from_hours(24), connector.check()).await;
    let took = start.elapsed();
    match answer {
        Ok(answer) if took <= CHECK_MAX => Ok(answer),
        _ => Err(
            Finding::new(format!("check took {} s", took.as_secs()), place)
                .why(format!(
                    "a person waits for it; it must answer within {} s, whatever the platform does",
                    CHECK_MAX.as_secs()
                ))
                .next("wrap it in http::within")
                .boxed(),
        ),
    }
}

fn expect(
    place: &str,
    wanted: Answer,
    answer: &Result<Account, ConnectorError>,
) -> Result<(), Box<Finding>> {
    if sort(answer) == wanted {
        return Ok(());
    }
    let said = answer
        .as_ref()
        .map_or_else(ToString::to_string, |account| format!("{account:?}"));
    Err(Finding::new(format!("check answered {:?} instead of {wanted:?}", sort(answer)), place).why(said)
        .next("Config and Auth are the user's to correct, Transient and RateLimited pass, Contract is the platform's").boxed())
}

/// What goes wrong at the platform, with its name.
type Fault = (String, Box<dyn Fn() -> Act + Send + Sync>);

async fn faults(bench: &Bench<'_>) -> Vec<Fault> {
    let refusals = [
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::BAD_GATEWAY,
        StatusCode::SERVICE_UNAVAILABLE,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    let mut faults: Vec<Fault> = Vec::new();
    for status in refusals {
        let refusal = bench.stand.refusal(status).await;
        faults.push((
            format!("{status} to everything"),
            Box::new(move || Act::Answer(refusal.clone())),
        ));
    }
    let page = || {
        Response::new(Bytes::from_static(
            b"<!DOCTYPE html><title>Welcome to our hotel</title>",
        ))
    };
    faults.push((
        "a captive portal's page with 200".into(),
        Box::new(move || Act::Answer(page())),
    ));
    faults.push(("a closed port".into(), Box::new(|| Act::Refuse)));
    faults.push(("connections that break".into(), Box::new(|| Act::Lose)));
    faults.push((
        "no answer for an hour".into(),
        Box::new(|| Act::Hang(Duration::from_hours(1))),
    ));
    faults
}

pub(super) async fn three_answers(
    subject: &dyn Subject,
    tally: &mut Tally,
) -> Result<(), Box<Finding>> {
    let bench = Bench::new(subject, 10).await?;
    let good = ask(&bench, &Access::good(), "a good key").await?;
    expect("a good key", Answer::Good, &good)?;
    if let Ok(account) = good
        && (account.name.is_empty() || !account.missing.is_empty())
    {
        let what = "check does not know the account, or misses rights that are there";
        return Err(Finding::new(what, "a good key")
            .why(format!("{account:?}"))
            .boxed());
    }
    tally.add("good", 1);
    let wrong = Access {
        key: KeyKind::Wrong,
        ..Access::good()
    };
    let misshapen = Access {
        key: KeyKind::Misshapen,
        ..Access::good()
    };
    let unlisted = Access {
        lists: vec!["No list of this name".into()],
        ..Access::good()
    };
    for (place, access) in [
        ("an unknown key", wrong),
        ("a key of another shape", misshapen),
        ("a list that is not there", unlisted),
    ] {
        expect(
            place,
            Answer::Configuration,
            &ask(&bench, &access, place).await?,
        )?;
        tally.add("configuration errors", 1);
    }
    for (place, fault) in faults(&bench).await {
        let before = bench.probe.struck();
        bench.probe.on(move |_| fault());
        let answer = ask(&bench, &Access::good(), &place).await?;
        bench.probe.off();
        expect(&place, Answer::Provider, &answer)?;
        tally.add("provider errors", 1);
        tally.add("faults fired", bench.probe.struck() - before);
    }
    tally.at_least(tally.of("provider errors"), "faults fired")?;
    missing_right(subject, tally).await
}

/// A key that lacks a right gets an answer that names the right.
async fn missing_right(subject: &dyn Subject, tally: &mut Tally) -> Result<(), Box<Finding>> {
    let bench = Bench::with(subject, 10, Rights::Few).await?;
    let place = "a key that lacks rights";
    let answer = ask(&bench, &Access::good(), place).await?;
    let named = match &answer {
        Ok(account) => account.missing.iter().any(|right| !right.is_empty()),
        Err(ConnectorError::Auth { missing, .. }) => {
            missing.as_ref().is_some_and(|right| !right.is_empty())
        }
        Err(_) => false,
    };
    if !named {
        return Err(Finding::new("check does not name the missing right", place)
            .why(format!("{answer:?}"))
            .next("fill Account::missing, or ConnectorError::Auth's `missing` where nothing works without it")
            .boxed());
    }
    tally.add("missing rights named", 1);
    Ok(())
}
