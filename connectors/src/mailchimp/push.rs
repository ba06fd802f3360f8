//! Writes merge fields and tags, in batches: one request carries the changes of up
//! to 500 members, and an archive tells later what became of each.
//!
//! A member is only ever patched, with `merge_fields` and nothing else. There is
//! no status in any request, and no request that could make a member: whoever
//! unsubscribed, was archived or was deleted between our reading and our writing
//! stays so. A patch of an archived member leaves it archived; a member who is
//! gone answers 404, which rejects the change.
//!
//! Tags are set with `is_syncing: false`, because a flow of the user's own may be
//! waiting for a tag of ours: that is how a start becomes a set, which can safely
//! be repeated.
//!
//! Mailchimp works on a batch when it likes. One that is not finished in a quarter
//! of an hour is in doubt, and so is one whose submission got no answer.

mod operation;

use std::{collections::BTreeMap, time::Duration};

use ::http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{Mailchimp, archive, fields};
use crate::{
    connector::{Change, Outcome, series::later},
    error::ConnectorError,
    http::Failure,
};
use operation::Operation;

/// The most operations in one batch (sheet, section 2).
const OPERATIONS: usize = 500;
/// How many batches are under way at the same time; Mailchimp bears 500.
const BATCHES: usize = 20;
/// The first wait for a batch; it doubles up to the last.
const WAIT: Duration = Duration::from_secs(1);
const WAIT_MAX: Duration = Duration::from_secs(30);
/// How long we wait for a batch in all.
const PATIENCE: Duration = Duration::from_mins(15);
/// What is asked of a batch.
const FIELDS: &str = "id,status,response_body_url";

/// `POST /batches` and `GET /batches/{id}`
#[derive(Debug, Deserialize)]
struct Batch {
    id: String,
    status: String,
    #[serde(default)]
    response_body_url: Option<String>,
}

/// One outcome per change. An `Err` means that nothing was written.
pub(super) async fn push(
    mailchimp: &Mailchimp,
    changes: &[Change],
) -> Result<Vec<Outcome>, ConnectorError> {
    let sorted = operation::sort(changes, &mailchimp.ours);
    let (mut outcomes, operations) = (sorted.outcomes, sorted.operations);
    let mut touched = false;
    for (tag, rows) in sorted.fields {
        let outcome = match fields::create(mailchimp, tag).await {
            Err(error) if !touched => return Err(error),
            Err(error) => later(&error),
            Ok(outcome) => outcome,
        };
        touched |= !matches!(outcome, Outcome::Rejected(_));
        put(&mut outcomes, &rows, &outcome);
    }
    let mut stopped = None;
    let parts: Vec<&[Operation<'_>]> = operations.chunks(OPERATIONS).collect();
    for round in parts.chunks(BATCHES) {
        let mut under_way = Vec::new();
        for part in round {
            if let Some(outcome) = &stopped {
                answer(&mut outcomes, part, outcome);
                continue;
            }
            match submit(mailchimp, part).await {
                Ok(Ok(id)) => under_way.push((*part, id)),
                Ok(Err(refused)) => answer(&mut outcomes, part, &refused),
                Err(Failure::NotDone(error)) if !touched => return Err(error),
                // The platform is not well, or the key is not: the rest would fare no better.
                Err(failure) => {
                    let (own, rest) = failed(failure);
                    answer(&mut outcomes, part, &own);
                    stopped = Some(rest);
                }
            }
            touched = true;
        }
        for (part, id) in under_way {
            for (operation, outcome) in part.iter().zip(judge(mailchimp, part, &id).await) {
                put(&mut outcomes, &operation.rows, &outcome);
            }
        }
    }
    Ok(outcomes)
}

fn put(outcomes: &mut [Outcome], rows: &[usize], outcome: &Outcome) {
    for row in rows {
        outcomes[*row] = outcome.clone();
    }
}

fn answer(outcomes: &mut [Outcome], part: &[Operation<'_>], outcome: &Outcome) {
    for operation in part {
        put(outcomes, &operation.rows, outcome);
    }
}

/// The outcome for the batch that failed, and for those that were not tried after it.
fn failed(failure: Failure) -> (Outcome, Outcome) {
    let doubt = matches!(failure, Failure::Unknown(_));
    let error = ConnectorError::from(failure);
    let own = Outcome::Ambiguous(error.to_string());
    let rest = later(&error);
    (if doubt { own } else { rest.clone() }, rest)
}

/// Hands a batch over; its id, or what a refusal means for it.
async fn submit(
    mailchimp: &Mailchimp,
    part: &[Operation<'_>],
) -> Result<Result<String, Outcome>, Failure> {
    let numbered = part.iter().enumerate();
    let operations: Vec<_> = numbered.map(|(number, op)| op.json(number)).collect();
    let body = json!({"operations": operations});
    let call = mailchimp.client.call(Method::POST, "batches").json(&body);
    let answer = call.send().await?;
    if !answer.status().is_success() {
        // The batch is refused, not its rows: none of them is to blame for certain.
        return Ok(Err(Outcome::Retry(answer.words(), None)));
    }
    let batch = answer.json::<Batch>();
    Ok(batch
        .map(|batch| batch.id)
        .map_err(|error| Outcome::Ambiguous(error.to_string())))
}

/// Waits for a batch and says what became of each of its operations.
async fn judge(mailchimp: &Mailchimp, part: &[Operation<'_>], id: &str) -> Vec<Outcome> {
    let results = match wait(mailchimp, id).await {
        Ok(results) => results,
        Err(reason) => return vec![Outcome::Ambiguous(reason); part.len()],
    };
    let one = |(number, operation): (usize, &Operation<'_>)| match results.get(&number.to_string())
    {
        Some(result) => outcome(operation, result),
        None => Outcome::Ambiguous("the results of the batch do not mention this change".into()),
    };
    part.iter().enumerate().map(one).collect()
}

/// Polls a batch until it is finished and reads its results. The error says why
/// nobody knows.
async fn wait(
    mailchimp: &Mailchimp,
    id: &str,
) -> Result<BTreeMap<String, archive::Result>, String> {
    let (start, mut pause, mut again) = (Instant::now(), WAIT, true);
    let path = format!("batches/{id}");
    loop {
        // The link in the answer is good for minutes only, so each try asks for a fresh one.
        let answer = mailchimp
            .client
            .get(&path)
            .query("fields", FIELDS)
            .send()
            .await;
        let batch = answer
            .map_err(ConnectorError::from)
            .and_then(|answer| answer.json::<Batch>());
        let batch = batch.map_err(|error| error.to_string())?;
        if batch.id != id {
            return Err("the answer is about another batch".into());
        }
        let finished = batch.status == "finished";
        let url = batch
            .response_body_url
            .filter(|url| finished && !url.is_empty());
        if let Some(url) = url {
            match download(mailchimp, &url).await {
                Ok(results) => return Ok(results),
                Err(_) if again => again = false,
                Err(error) => {
                    return Err(format!("the results of the batch cannot be had: {error}"));
                }
            }
        }
        if start.elapsed() + pause > PATIENCE {
            return Err("Mailchimp did not finish the batch in time".into());
        }
        sleep(pause).await;
        pause = (pause * 2).min(WAIT_MAX);
    }
}

/// The archive lies elsewhere, open to whoever has the link; the key stays here.
async fn download(
    mailchimp: &Mailchimp,
    url: &str,
) -> Result<BTreeMap<String, archive::Result>, ConnectorError> {
    let answer = mailchimp.client.get_foreign(url).send().await?;
    if !answer.status().is_success() {
        return Err(answer.refusal());
    }
    Ok(archive::read(answer.body()))
}

/// What one result means. Texts are matched by status alone, since details are
/// prose in the user's language.
fn outcome(operation: &Operation<'_>, result: &archive::Result) -> Outcome {
    let words = || operation::words(result.status_code, &result.response);
    match StatusCode::from_u16(result.status_code) {
        Ok(status) if status.is_success() => match operation.ignored(&result.response) {
            // Mailchimp passes over fields that the audience does not have.
            Some(tag) => Outcome::Rejected(format!("the audience has no field {tag}")),
            None => Outcome::Applied,
        },
        Ok(StatusCode::NOT_FOUND) => {
            Outcome::Rejected("the contact is gone from the audience".into())
        }
        // The key or its role was changed while the batch ran: the next call will say so.
        Ok(
            StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS,
        ) => Outcome::Retry(words(), None),
        Ok(status) if status.is_client_error() => Outcome::Rejected(words()),
        Ok(status) if status.is_server_error() => Outcome::Retry(words(), None),
        _ => Outcome::Ambiguous(words()),
    }
}
