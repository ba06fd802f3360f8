//! What is known of an account before anything happens in it, and what the sheet leaves open.

use chrono::{DateTime, Utc};

use crate::rng;

/// Every scope that an endpoint here asks for, with the documented names (sheet 1; those of deals and orders by the same pattern).
pub const SCOPES: [&str; 18] = [
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.schemas.contacts.read",
    "crm.schemas.contacts.write",
    "crm.objects.deals.read",
    "crm.objects.orders.read",
    "crm.lists.read",
    "crm.lists.write",
    "content",
    "automation",
    "communication_preferences.read",
    "communication_preferences.write",
    "communication_preferences.statuses.batch.read",
    "communication_preferences.statuses.batch.write",
    "forms",
    "analytics.behavioral_events.send",
    "business-intelligence",
    "oauth",
];

/// Which limit a 429 of the fault plan speaks of (sheet 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// `TEN_SECONDLY_ROLLING`.
    TenSecondly,
    /// `SECONDLY`, which is that of searches.
    Secondly,
    /// `DAILY`, which ends at midnight.
    Daily,
}

/// As what the shop's orders stand in the CRM (sheet 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purchases {
    /// Won deals, among some that are open.
    Deals,
    /// Orders.
    Orders,
}

/// What the sheet leaves open, and what a test wants otherwise.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each stands for one thing that the documentation leaves open"
)]
pub struct Options {
    /// Decides ids and the token.
    pub seed: u64,
    /// Whether the monthly publication is a second subscription type.
    pub second_type: bool,
    /// What the token may do; see [`SCOPES`]. Hubs below Enterprise lack some of them (sheet 8.12).
    pub scopes: Vec<&'static str>,
    /// How many rows a search reaches (sheet 3: 10,000).
    pub search_ceiling: usize,
    /// For so many milliseconds a search does not see what was written (sheet 3: seconds to minutes).
    pub index_lag: i64,
    /// Whether a search may give neighbours in the wrong order (sheet 3).
    pub sloppy_index: bool,
    /// Most groups of filters, filters in a group, and filters (sheet 3: 5, 10, 25; before 2024 less).
    pub filter_limits: (usize, usize, usize),
    /// So many milliseconds after it happened an e-mail event is shown (sheet 4: near-now is inconsistent).
    pub event_delay: i64,
    /// Whether an open or a click moves `lastmodifieddate` (sheet 3: expected, unconfirmed).
    pub opens_move_modified: bool,
    /// Whether a DROPPED stands beside a SENT of the same mail (sheet 4 does not say).
    pub dropped_was_sent: bool,
    /// Whether PROCESSED and DEFERRED events are kept; they are a third of all.
    pub internal_events: bool,
    /// Whether orders are confirmed by mails of another app, which e-mail events show too (sheet 8.9).
    pub receipts: bool,
    /// Whether a change of consent by the API is an e-mail event too (sheet 4: the timeline is more complete).
    pub api_status_events: bool,
    /// Whether numbers come back as `71.0` for some contacts (sheet 8.8).
    pub decimals: bool,
    /// Most inputs of a batch (sheet 6: 100 by usage, 10 by one page).
    pub batch_most: usize,
    /// Whether a property that does not exist refuses the whole batch, or its row only (sheet 6).
    pub bad_property_refuses_all: bool,
    /// Whether `hs_email_optout` can be written (sheet 6: unconfirmed).
    pub optout_writable: bool,
    /// Most ids in a change of memberships (sheet 6: unconfirmed).
    pub membership_most: usize,
    /// Whether a subscription may be given back to who opted out (sheet 6: v4 can).
    pub resubscribe_allowed: bool,
    /// Longest path and query; beyond it is a 414 (sheet 8.7).
    pub url_most: usize,
    /// As what purchases stand.
    pub purchases: Purchases,
    /// Whether ids in associations are texts; the live API gives numbers.
    pub association_ids_as_text: bool,
    /// Whether the last page of page views names itself as the next (sheet 5: loops are reported).
    pub visits_loop: bool,
    /// Whether the name of a property that is there is refused with 409, or with 400 (sheet 6: unconfirmed).
    pub taken_is_conflict: bool,
    /// The words of a 429.
    pub policy: Policy,
    /// Whether the limits of 190 in ten seconds and 5 searches in a second are kept, by the account's clock.
    pub enforce_limits: bool,
    /// Whether answers to searches have the headers of limits (sheet 2: reported to omit them).
    pub search_headers: bool,
    /// Where webhooks go; `None` makes no deliveries.
    pub webhook_url: Option<String>,
    /// The present to begin with, when it is not the world's end.
    pub now: Option<DateTime<Utc>>,
    /// Whether the ledger names each event that was served.
    pub events_in_ledger: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            second_type: false,
            scopes: SCOPES.to_vec(),
            search_ceiling: 10_000,
            index_lag: 0,
            sloppy_index: false,
            filter_limits: (5, 10, 25),
            event_delay: 0,
            opens_move_modified: true,
            dropped_was_sent: false,
            internal_events: true,
            receipts: false,
            api_status_events: false,
            decimals: true,
            batch_most: 100,
            bad_property_refuses_all: true,
            optout_writable: false,
            membership_most: 100_000,
            resubscribe_allowed: true,
            url_most: 8_000,
            purchases: Purchases::Deals,
            association_ids_as_text: false,
            visits_loop: false,
            taken_is_conflict: true,
            policy: Policy::TenSecondly,
            enforce_limits: false,
            search_headers: false,
            webhook_url: None,
            now: None,
            events_in_ledger: true,
        }
    }
}

/// Sixteen bytes as a UUID, by what they are for.
pub(super) fn uuid(parts: &[u64]) -> String {
    let (high, low) = (
        rng::mix(parts),
        rng::mix(&[rng::mix(parts), parts.len() as u64]),
    );
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xFFFF,
        high & 0xFFF,
        (low >> 48) & 0xFFF,
        low & 0xFFFF_FFFF_FFFF
    )
}

impl Options {
    /// The token of a private app in Europe (sheet 1).
    pub fn key(&self) -> String {
        format!("pat-eu1-{}", uuid(&[self.seed, 1]))
    }

    /// The app's client secret, by which webhooks are signed (sheet 7).
    pub fn client_secret(&self) -> String {
        uuid(&[self.seed, 2])
    }

    /// The options without some scopes.
    #[must_use]
    pub fn without(mut self, scopes: &[&str]) -> Self {
        self.scopes.retain(|scope| !scopes.contains(scope));
        self
    }
}
