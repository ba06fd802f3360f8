//! How the account is set up, and each thing that the fact sheet leaves open.

use chrono::{DateTime, Utc};

use crate::rng;

/// What a database does with somebody who unsubscribes (sheet 3, 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behavior {
    /// The profile stays as it is; the account's selections look at the results of mailings instead.
    Nothing,
    /// The column `Nieuwsbrief` becomes `nee`.
    Update,
    /// The profile is deleted.
    Remove,
}

impl Behavior {
    /// The platform's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Update => "update",
            Self::Remove => "remove",
        }
    }
}

/// What the API token may do (sheet 1: per-token rights, IP restriction).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// Everything.
    All,
    /// Reading only.
    ReadOnly,
    /// Everything but `ms` and `publisher` and the logfiles.
    NoStatistics,
    /// Nothing, since the account lets other addresses in only.
    OtherAddress,
}

/// Through which products the mailings go (sheet, Words: two live side by side).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Products {
    /// One mailing by the Marketing Suite, the next by Publisher, and so on.
    Both,
    /// Marketing Suite only.
    MarketingSuite,
    /// Publisher only.
    Publisher,
}

/// When a page names the id behind it; the English documents do not know of it (sheet 3, 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextId {
    /// Never.
    Never,
    /// While there is more.
    WhileMore,
    /// Also on the last page: one more than its last id.
    Always,
}

/// What becomes of an import whose key field is `ID` (sheet 6: unconfirmed).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportById {
    /// It works.
    Works,
    /// It is refused.
    Refused,
    /// It is accepted, and no row matches.
    MatchesNobody,
}

/// How the account is set up, and what its documentation leaves open.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each stands for one thing that the documentation leaves open"
)]
pub struct Options {
    /// Decides ids and keys.
    pub seed: u64,
    /// Whether the monthly publication is a second database.
    pub second_database: bool,
    /// Through which products the mailings go.
    pub products: Products,
    /// What unsubscribing does.
    pub behavior: Behavior,
    /// What the token may do.
    pub rights: Rights,
    /// Fields whose change starts a follow-up of the account's (sheet 6, Start a nurture).
    pub watched: Vec<String>,
    /// Interests that the owner uses for their own ends; a third of the profiles has each.
    pub interests: Vec<String>,
    /// The days after which statistics are gone; none for ever (sheet 4.6).
    pub retention_days: Option<u32>,
    /// Whether logfiles go with them (sheet 4.6: unconfirmed).
    pub retention_covers_logs: bool,
    /// Whether events become known as late as the world says, instead of at once.
    pub late_events: bool,
    /// Whether `begintime` and `endtime` themselves are within (sheet 4.1).
    pub inclusive_bounds: bool,
    /// Whether the day `to` of destinations is within (sheet 4.1).
    pub inclusive_to: bool,
    /// Whether statistics come newest first, so that offsets drift in an open window (sheet 8).
    pub newest_first: bool,
    /// Whether ids of events are unique over all types and both products, instead of within one table (sheet 4).
    pub shared_ids: bool,
    /// Whether Publisher's `fields[]=ID>…` works for all types, and not for impressions and deliveries only (sheet 4.2).
    pub id_filter_everywhere: bool,
    /// Whether Publisher's events name the hash of a destination instead of its number (sheet 4.2).
    pub events_name_hash: bool,
    /// Whether the message id of a logfile is that of the destination (sheet 4.4: assumed).
    pub message_ids_agree: bool,
    /// Seconds until an event stands in its day's logfile (sheet 4.4: undocumented).
    pub log_delay: u32,
    /// Whether Publisher's logfiles have the singular names of older pages (sheet 4.4).
    pub singular_logs: bool,
    /// See [`NextId`].
    pub nextid: NextId,
    /// Whether interests are an object of 0 and 1 instead of a list of names (sheet 3).
    pub interests_as_object: bool,
    /// Whether a change of interests moves `modified`.
    pub interests_move_modified: bool,
    /// Whether an interest that nobody defined is made when it is used, instead of being dropped.
    pub interests_made_on_use: bool,
    /// Whether a new field shows its default for profiles that were there before.
    pub new_field_fills: bool,
    /// Whether answers to POST name what was made in `X-Created` (sheet 2: may be absent).
    pub created_header: bool,
    /// Whether writing the value that is there starts follow-ups (sheet 6: likely not).
    pub same_value_starts: bool,
    /// Whether a complaint unsubscribes too.
    pub complaint_unsubscribes: bool,
    /// See [`ImportById`].
    pub import_by_id: ImportById,
    /// Whether an import by address updates every profile with it, and not the first only (sheet 6).
    pub import_all_duplicates: bool,
    /// The request after an import's own that finds it finished; the same for an asynchronous update.
    pub async_steps: u64,
    /// The words for an import that waits, runs, is done; only the first is documented (sheet 6).
    pub import_words: [&'static str; 3],
    /// Whether an import shows `processedLines` instead of `processedlines` (sheet 6: both are in the docs).
    pub camel_lines: bool,
    /// Whether webhooks come as JSON instead of as a form (sheet 7).
    pub hooks_as_json: bool,
    /// Whether webhooks about mails name profile and mailing (sheet 7: presumed).
    pub hooks_name_profile: bool,
    /// Whether the API takes `unsubscribe` as a trigger; in the UI it is there (sheet 7: unconfirmed).
    pub unsubscribe_trigger: bool,
    /// The address of a webhook for everything that was made in the UI before; none for no webhook.
    pub handler: Option<String>,
    /// The present to begin with, when it is not the world's end.
    pub now: Option<DateTime<Utc>>,
    /// Whether the ledger names each event that was served; costs about 100 bytes each.
    pub events_in_ledger: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            second_database: false,
            products: Products::Both,
            behavior: Behavior::Update,
            rights: Rights::All,
            watched: vec!["NurtureStart".to_owned()],
            interests: vec!["VIP".to_owned(), "Zondag & lezen".to_owned()],
            retention_days: None,
            retention_covers_logs: false,
            late_events: true,
            inclusive_bounds: false,
            inclusive_to: false,
            newest_first: false,
            shared_ids: false,
            id_filter_everywhere: false,
            events_name_hash: false,
            message_ids_agree: true,
            log_delay: 3_000,
            singular_logs: false,
            nextid: NextId::WhileMore,
            interests_as_object: false,
            interests_move_modified: true,
            interests_made_on_use: false,
            new_field_fills: true,
            created_header: true,
            same_value_starts: false,
            complaint_unsubscribes: true,
            import_by_id: ImportById::Works,
            import_all_duplicates: true,
            async_steps: 3,
            import_words: ["ready for start", "running", "finished"],
            camel_lines: false,
            hooks_as_json: false,
            hooks_name_profile: true,
            unsubscribe_trigger: false,
            handler: Some("https://engaged.example.nl/hooks/copernica".to_owned()),
            now: None,
            events_in_ledger: true,
        }
    }
}

impl Options {
    /// The API token as it is copied from the Marketing Suite.
    pub fn key(&self) -> String {
        let part = |number| format!("{:016x}", rng::mix(&[self.seed, 7, number]));
        [1, 2, 3, 4].map(part).concat()
    }
}
