//! One contact of the CRM: what is written, what follows from its mails, and where it stands with the subscription types.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};

use super::Millis;
use super::shop::Spent;
use crate::people::{Publication, World};

/// The ids of subscription types, by publication.
pub(super) const TYPES: [u64; 2] = [7_700_101, 7_700_102];

/// What a property holds, before it becomes a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Field {
    Text(String),
    Number(f64),
    Moment(Millis),
}

impl Field {
    /// As the wire has it (sheet 3): a text, a number without needless digits, a time with milliseconds.
    pub(super) fn wire(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Moment(at) => stamp(*at),
        }
    }
}

/// The time as chrono has it.
pub(super) fn moment(at: Millis) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at).unwrap_or_default()
}

/// A time as the CRM writes it.
pub(super) fn stamp(at: Millis) -> String {
    moment(at).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Where a contact stands with a subscription type, or with all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) subscribed: bool,
    pub(super) at: Millis,
    pub(super) source: &'static str,
}

/// What the mails of a contact add up to. Filtered events do not count (sheet 3).
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) delivered: u32,
    pub(super) opens: u32,
    pub(super) clicks: u32,
    pub(super) bounces: u32,
    pub(super) unanswered: u32,
    pub(super) first_open: Option<Millis>,
    pub(super) last_send: Option<Millis>,
    pub(super) last_open: Option<Millis>,
    pub(super) last_click: Option<Millis>,
    pub(super) submissions: u32,
    pub(super) submitted: Option<Millis>,
    pub(super) hard: bool,
}

/// One contact.
#[derive(Debug, Clone)]
pub(super) struct Contact {
    pub(super) id: u64,
    pub(super) person: Option<u32>,
    pub(super) email: String,
    /// Until when it had which other address.
    pub(super) addresses: Vec<(Millis, String)>,
    pub(super) created: Millis,
    pub(super) modified: Millis,
    /// When it had been modified before its last burst of changes: what an index that lags knows.
    pub(super) settled: Millis,
    pub(super) archived: Option<Millis>,
    /// Deleted for good, or merged into another.
    pub(super) gone: bool,
    pub(super) merged_into: Option<u32>,
    pub(super) merged: Vec<u64>,
    /// What was written.
    pub(super) values: BTreeMap<String, String>,
    pub(super) tally: Tally,
    /// Set when somebody opted out of all e-mail.
    pub(super) out_of_all: Option<Standing>,
    /// By publication.
    pub(super) types: [Option<Standing>; 2],
}

impl Contact {
    pub(super) fn new(id: u64, person: Option<u32>, email: &str, at: Millis) -> Self {
        Self {
            id,
            person,
            email: email.to_lowercase(),
            addresses: Vec::new(),
            created: at,
            modified: at,
            settled: at,
            archived: None,
            gone: false,
            merged_into: None,
            merged: Vec::new(),
            values: BTreeMap::new(),
            tally: Tally::default(),
            out_of_all: None,
            types: [None, None],
        }
    }

    /// Whether it can be read as a contact that is there.
    pub(super) const fn alive(&self) -> bool {
        !self.gone && self.archived.is_none()
    }

    /// Moves `lastmodifieddate`; an index that is `lag` behind may not see it yet.
    pub(super) fn touch(&mut self, at: Millis, lag: i64) {
        if self.modified <= at - lag {
            self.settled = self.modified;
        }
        self.modified = self.modified.max(at);
    }

    /// When it was modified, as an index that is `lag` behind knows it.
    pub(super) fn indexed(&self, now: Millis, lag: i64) -> Millis {
        if lag > 0 && self.modified > now - lag {
            self.settled
        } else {
            self.modified
        }
    }

    /// The address that it had at that time.
    pub(super) fn address_at(&self, at: Millis) -> &str {
        let earlier = self.addresses.iter().find(|(until, _)| at < *until);
        earlier.map_or(&self.email, |(_, address)| address)
    }

    /// Whether the mails of this publication go there.
    pub(super) fn mailed(&self, publication: Publication) -> bool {
        let subscribed = self.types[publication as usize]
            .as_ref()
            .is_some_and(|standing| standing.subscribed);
        self.alive() && self.out_of_all.is_none() && !self.tally.hard && subscribed
    }

    /// The value of a property; `None` where there is none.
    pub(super) fn field(
        &self,
        world: &World,
        name: &str,
        spent: Spent,
        modified: Millis,
    ) -> Option<Field> {
        let text = |text: &str| Some(Field::Text(text.to_owned())).filter(|_| !text.is_empty());
        let number = |number: u32| Some(Field::Number(f64::from(number))).filter(|_| number > 0);
        let yes = |yes: bool| yes.then(|| Field::Text("true".to_owned()));
        match name {
            "email" => return text(&self.email),
            "createdate" => return Some(Field::Moment(self.created)),
            "lastmodifieddate" => return Some(Field::Moment(modified)),
            "hs_object_id" => return text(&self.id.to_string()),
            "hs_merged_object_ids" => {
                let ids: Vec<String> = self.merged.iter().map(u64::to_string).collect();
                return text(&ids.join(";"));
            }
            _ => {}
        }
        if let Some(value) = self.values.get(name) {
            return text(value);
        }
        let tally = &self.tally;
        match name {
            "hs_email_optout" => return yes(self.out_of_all.is_some()),
            "hs_email_last_send_date" => return tally.last_send.map(Field::Moment),
            "hs_email_first_open_date" => return tally.first_open.map(Field::Moment),
            "hs_email_last_open_date" => return tally.last_open.map(Field::Moment),
            "hs_email_last_click_date" | "hs_analytics_last_timestamp" => {
                return tally.last_click.map(Field::Moment);
            }
            "hs_email_delivered" => return number(tally.delivered),
            "hs_email_open" => return number(tally.opens),
            "hs_email_click" | "hs_analytics_num_page_views" => return number(tally.clicks),
            "hs_email_bounce" => return number(tally.bounces),
            "hs_email_sends_since_last_engagement" => return number(tally.unanswered),
            "hs_email_hard_bounce_reason_enum" if tally.hard => return text("UNKNOWN_USER"),
            "hs_email_bad_address" => return yes(tally.hard),
            "hs_marketable_status" => {
                return text(if self.id.is_multiple_of(3) {
                    "false"
                } else {
                    "true"
                });
            }
            "num_conversion_events" => return number(tally.submissions),
            "recent_conversion_date" => return tally.submitted.map(Field::Moment),
            "hs_analytics_num_visits" => return number(tally.clicks.div_ceil(2)),
            "lifecyclestage" => {
                return text(if spent.orders > 0 {
                    "customer"
                } else {
                    "subscriber"
                });
            }
            _ => {}
        }
        if let Some(id) = name.strip_prefix("hs_email_optout_") {
            let place = TYPES.iter().position(|known| id == known.to_string())?;
            let standing = self.types[place].as_ref();
            return yes(standing.is_some_and(|standing| !standing.subscribed));
        }
        let person = self.person.map(|person| world.person(person))?;
        match name {
            "firstname" => text(person.first_name()),
            "lastname" => text(&person.last_name()),
            "city" => text(person.city()),
            "country" => text(person.country()),
            "jobtitle" => person.job().and_then(text),
            _ => None,
        }
    }
}
