//! The whole list as a file, sent while it is made: no more than a piece of it is ever in memory, and
//! no reader is held while a slow line takes it.

use std::{io, ops::ControlFlow, sync::Arc};

use axum::{Form, body::Body, extract::Query, response::Response};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, header};
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::{
    account::Role,
    listing::{Budget, Filter, Row, Sieve, csv_head},
    schedule::jobs::Jobs,
    score::calendar::{Day, Zone},
    store::{ContactId, StoreError},
    web::{
        error::{Refusal, see},
        page::Visit,
    },
};

use super::choice::Asked;

/// A piece ends after so much.
const PIECE: Budget = Budget {
    contacts: 5_000,
    events: 500_000,
};

/// What the form sends: in which format.
#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    #[serde(default)]
    format: String,
}

/// In which format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    Ndjson,
}

impl Format {
    fn named(name: &str) -> Option<Self> {
        match name {
            "csv" => Some(Self::Csv),
            "ndjson" => Some(Self::Ndjson),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Ndjson => "application/x-ndjson",
        }
    }
}

/// Sends the list.
pub(super) async fn export(
    visit: Visit,
    Query(asked): Query<Asked>,
    Form(wish): Form<Wish>,
) -> Response {
    let Some(format) = Format::named(&wish.format) else {
        return visit.refuse(Refusal::NotFound);
    };
    let Ok(choice) = asked.choice(&visit.jobs.config, visit.may(Role::Marketer)) else {
        // The page says what is wrong with it.
        return see("/contacts");
    };
    let (jobs, who) = (Arc::clone(&visit.jobs), visit.session.name.clone());
    let now = visit.now().timestamp_millis();
    let about = format!("{}: {}", format.name(), choice.about());
    if let Err(error) = note(&jobs, &who, "export contacts", about.clone(), now).await {
        return visit.refuse(error);
    }
    let list = List {
        filter: choice.filter(&jobs.config.rules),
        format,
        today: Zone::new(jobs.config.zone).day(now),
    };
    let name = format!("engaged-contacts-{}.{}", list.today, format.name());
    // Two pieces wait at most; the reader decides how fast the next one is made.
    let (pieces, sent) = mpsc::channel::<io::Result<Bytes>>(2);
    tokio::spawn(async move {
        let told = match list.send(&jobs, PIECE, &pieces).await {
            Ok((contacts, true)) => format!("{about}: {contacts} contacts"),
            Ok((contacts, false)) => format!("{about}: broken off after {contacts} contacts"),
            Err(error) => {
                // The line is cut, so that nobody takes the part for the whole.
                let _ = pieces.send(Err(io::Error::other(error.code()))).await;
                format!("{about}: failed with {}", error.code())
            }
        };
        let now = jobs.clock.now().timestamp_millis();
        if let Err(error) = note(&jobs, &who, "exported contacts", told, now).await {
            tracing::error!("an export is not in the audit trail: {error}");
        }
    });
    let body = stream::unfold(sent, async |mut sent| Some((sent.recv().await?, sent)));
    let mut answer = Response::new(Body::from_stream(body));
    let headers = answer.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(format.media_type()),
    );
    let disposition = format!("attachment; filename=\"{name}\"");
    if let Ok(disposition) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    answer
}

async fn note(
    jobs: &Jobs,
    who: &str,
    what: &'static str,
    about: String,
    now: i64,
) -> Result<(), StoreError> {
    let who = who.to_owned();
    jobs.store
        .write_async(move |tx| tx.audit(&who, what, &about, now))
        .await
}

/// A list on its way out.
#[derive(Clone)]
pub(super) struct List {
    pub(super) filter: Filter,
    pub(super) format: Format,
    pub(super) today: Day,
}

impl List {
    /// Sends every row; how many, and whether the reader took them all.
    pub(super) async fn send(
        &self,
        jobs: &Arc<Jobs>,
        piece: Budget,
        pieces: &mpsc::Sender<io::Result<Bytes>>,
    ) -> Result<(u64, bool), StoreError> {
        let mut contacts = 0;
        let mut after = ContactId(i64::MIN);
        let mut text = match self.format {
            Format::Csv => csv_head(&jobs.config.rules) + "\n",
            Format::Ndjson => String::new(),
        };
        loop {
            let (list, jobs) = (self.clone(), Arc::clone(jobs));
            let made = tokio::task::spawn_blocking(move || list.piece(&jobs, after, piece)).await;
            let (rows, number, until) = made.map_err(|error| StoreError::ended(&error))??;
            text += &rows;
            if !text.is_empty()
                && pieces
                    .send(Ok(Bytes::from(std::mem::take(&mut text))))
                    .await
                    .is_err()
            {
                return Ok((contacts, false));
            }
            contacts += number;
            match until {
                Some(last) => after = last,
                None => return Ok((contacts, true)),
            }
        }
    }

    /// The rows of the next contacts, how many, and the last that was looked at.
    fn piece(
        &self,
        jobs: &Jobs,
        after: ContactId,
        budget: Budget,
    ) -> Result<(String, u64, Option<ContactId>), StoreError> {
        let (mut rows, mut number) = (String::new(), 0);
        let looked = jobs.store.read(|conn| {
            // Anew for each piece: a rule set is compiled for the texts that there are.
            let sieve = Sieve::new(conn, &jobs.config.rules, self.filter.clone(), self.today)?;
            sieve.look(conn, after, budget, &mut |contact, facts, state| {
                let row = Row::new(contact, facts, state);
                rows += &match self.format {
                    Format::Csv => row.csv(jobs.config.rules.scores.len()),
                    Format::Ndjson => row.json(),
                };
                rows.push('\n');
                number += 1;
                ControlFlow::Continue(())
            })
        })?;
        Ok((rows, number, looked.until))
    }
}
