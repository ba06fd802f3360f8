//! Whom a list of contacts holds, and how its pages are read: along an index where one choice
//! was made, else by looking at one contact after the other for a known amount of work.

use std::ops::ControlFlow;

use super::{Contact, ListQuery};
use crate::{
    config::Config,
    diagnostic::{Diagnostic, Place},
    listing::{Budget, Filter, Sieve, both},
    rules::{SyntaxError, syntax::Condition},
    schedule::jobs::Jobs,
    score::{Reason, calendar::Zone},
    store::{Among, Conn, ContactId, Place as Ended, StoreError, Wanted},
    web::{
        api::{
            extract::{unfit, unknown},
            wire::{Page, limit, no_such_cursor},
        },
        error::Refusal,
    },
};

/// A page of a list.
pub(super) struct Pick {
    query: ListQuery,
    band: Option<(String, Option<String>)>,
    condition: Option<Condition>,
    limit: u16,
    from: From,
}

/// Where the page begins.
enum From {
    /// Along an index.
    Place(Option<Ended>),
    /// Behind the last contact that was looked at.
    Behind(ContactId),
}

impl Pick {
    /// Reads what was asked; names that nothing has are refused.
    pub(super) fn new(config: &Config, query: ListQuery) -> Result<Self, Refusal> {
        let rules = &config.rules;
        let segments = rules.segments.iter().map(|each| each.name.as_str());
        known("segment", query.segment.as_deref(), segments)?;
        let stages = rules.stages.iter().map(|each| each.name.as_str());
        known("stage", query.stage.as_deref(), stages)?;
        let reasons = Reason::WAITING.map(Reason::as_str);
        known("reason", query.unjudged.as_deref(), reasons)?;
        let band = query.band.as_deref().map(|text| band(config, text));
        let condition = query.condition.as_deref().map(|text| {
            config
                .condition(text)
                .map_err(|errors| mistaken(text, errors))
        });
        let mut pick = Self {
            limit: limit(query.limit)?,
            band: band.transpose()?,
            condition: condition.transpose()?,
            query,
            from: From::Place(None),
        };
        pick.from = pick.begin()?;
        Ok(pick)
    }

    /// Whether the list has an index to be read along.
    fn is_indexed(&self) -> bool {
        let choices = [
            self.query.q.is_some(),
            self.query.segment.is_some(),
            self.band.is_some(),
            self.query.stage.is_some(),
            self.query.unjudged.is_some(),
        ];
        let made = choices.into_iter().filter(|made| *made).count();
        self.condition.is_none() && made <= 1
    }

    fn begin(&self) -> Result<From, Refusal> {
        let cursor = self.query.cursor.as_deref();
        if self.is_indexed() {
            let place = cursor.map(|cursor| cursor.parse().map_err(|_| no_such_cursor()));
            return Ok(From::Place(place.transpose()?));
        }
        let Some(cursor) = cursor else {
            return Ok(From::Behind(ContactId(i64::MIN)));
        };
        let number = cursor.strip_prefix('w').and_then(|text| text.parse().ok());
        Ok(From::Behind(ContactId(number.ok_or_else(no_such_cursor)?)))
    }

    /// Reads the page.
    pub(super) fn page(&self, conn: &Conn, jobs: &Jobs) -> Result<Page<Contact>, StoreError> {
        let mut page = match self.from {
            From::Place(after) => self.along_an_index(conn, after),
            From::Behind(after) => self.one_by_one(conn, jobs, after),
        }?;
        let objecting = conn.objecting()?;
        for contact in &mut page.items {
            contact.objects = objecting.contains(&ContactId(contact.id));
        }
        Ok(page)
    }

    fn along_an_index(
        &self,
        conn: &Conn,
        after: Option<Ended>,
    ) -> Result<Page<Contact>, StoreError> {
        let query = &self.query;
        let among = if let Some(start) = &query.q {
            Among::Address(start)
        } else if let Some(segment) = &query.segment {
            Among::Segment(segment)
        } else if let Some((score, band)) = &self.band {
            let band = band.as_deref();
            Among::Band { score, band }
        } else if let Some(stage) = &query.stage {
            Among::Stage(stage)
        } else if let Some(reason) = &query.unjudged {
            Among::Unjudged(reason)
        } else {
            Among::Everybody
        };
        let listing = conn.listing(&Wanted {
            among,
            size: self.limit,
            after,
            ..Wanted::default()
        })?;
        let contacts = listing.contacts.into_iter();
        Ok(Page {
            items: contacts
                .map(|each| Contact::new(each.id, each.email.as_ref(), each.state))
                .collect(),
            next: listing.next.map(|place| place.to_string()),
        })
    }

    fn one_by_one(
        &self,
        conn: &Conn,
        jobs: &Jobs,
        after: ContactId,
    ) -> Result<Page<Contact>, StoreError> {
        let config = &jobs.config;
        let today = Zone::new(config.zone).day(jobs.clock.now().timestamp_millis());
        let query = &self.query;
        let segment = query.segment.clone().map(Condition::Segment);
        let filter = Filter {
            condition: both(
                both(segment, self.band_condition(config)),
                self.condition.clone(),
            ),
            stage: query.stage.clone(),
            unjudged: query.unjudged.clone(),
            address: query.q.clone(),
        };
        let sieve = Sieve::new(conn, &config.rules, filter, today)?;
        let mut items = Vec::new();
        let full = usize::from(self.limit);
        let looked = sieve.look(
            conn,
            after,
            Budget::OF_REQUEST,
            &mut |contact, facts, state| {
                items.push(Contact::new(contact, facts.address.as_ref(), state.state()));
                if items.len() < full {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            },
        )?;
        Ok(Page {
            items,
            next: looked.until.map(|last| format!("w{}", last.0)),
        })
    }

    /// In no band is in none of all.
    fn band_condition(&self, config: &Config) -> Option<Condition> {
        let (score, band) = self.band.as_ref()?;
        let names = match band {
            Some(band) => vec![band.clone()],
            None => bands(config, score),
        };
        Some(Condition::Band {
            score: score.clone(),
            negated: band.is_none(),
            names,
        })
    }
}

fn known<'a>(
    what: &str,
    asked: Option<&str>,
    names: impl IntoIterator<Item = &'a str> + Clone,
) -> Result<(), Refusal> {
    match asked {
        Some(name) if !names.clone().into_iter().any(|each| each == name) => {
            Err(unknown(what, name, names))
        }
        _ => Ok(()),
    }
}

fn bands(config: &Config, score: &str) -> Vec<String> {
    let scores = config.rules.scores.iter();
    scores
        .filter(|each| each.name == score)
        .flat_map(|each| each.bands.iter().map(|band| band.name.clone()))
        .collect()
}

/// Reads `score:band`; nothing behind the colon is no band.
fn band(config: &Config, text: &str) -> Result<(String, Option<String>), Refusal> {
    let Some((score, band)) = text.split_once(':') else {
        let help = "write it as `score:band`, such as `engagement:away`";
        return Err(unfit("that is no band of a score", Some(help.to_owned())));
    };
    let scores = config.rules.scores.iter().map(|each| each.name.as_str());
    known("score", Some(score), scores)?;
    let all = bands(config, score);
    if band.is_empty() {
        return Ok((score.to_owned(), None));
    }
    known("band", Some(band), all.iter().map(String::as_str))?;
    Ok((score.to_owned(), Some(band.to_owned())))
}

/// The first mistake in a condition, in its place.
fn mistaken(text: &str, errors: Vec<SyntaxError>) -> Refusal {
    let place = Place {
        file: "where".into(),
        text: text.into(),
        span: 0..text.len(),
    };
    let Some(error) = errors.into_iter().next() else {
        return unfit("that is no condition", None);
    };
    let diagnostic = Diagnostic::error(error.code.as_str(), error.message)
        .at(&place.at(error.span), error.label)
        .maybe_help(error.help);
    Refusal::Bad(Box::new(diagnostic))
}
