//! Every key there is, in one table. What checks a file's shape, what finds an
//! environment variable's key, the JSON Schema and the test of the example
//! file all read it, so they cannot disagree.

pub(super) mod json;

use crate::alert;

/// What kind of value a key takes.
#[derive(Debug)]
pub(super) enum Kind {
    /// Any text.
    Text,
    /// A date or a time, in quotes or not.
    Date,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number between these, both included.
    Whole(i64, i64),
    /// A number; how many decimal places it may have is the reader's to say.
    Number,
    /// A number with a fraction of any length, as a computation gives it.
    Real,
    /// A share of a whole: a number from 0 to 1.
    Share,
    /// `true` or `false`.
    Truth,
    /// A list of one kind.
    List(&'static Kind),
    /// A table with these keys.
    Table(&'static [Key]),
    /// A table whose names the user chooses; the text says names of what.
    Named(&'static str, &'static Kind),
    /// A table that says where a secret is, by exactly one of these keys.
    Secret(&'static [Key]),
    /// The first of these kinds that fits.
    Either(&'static [Kind]),
}

/// A key of a table.
#[derive(Debug)]
pub(super) struct Key {
    /// Its name.
    pub(super) name: &'static str,
    /// What it takes.
    pub(super) kind: Kind,
    /// Whether the table is incomplete without it.
    pub(super) required: bool,
    /// What it means, as one sentence; the JSON Schema shows it, and the help of a missing key.
    pub(super) about: &'static str,
}

const fn key(name: &'static str, kind: Kind, about: &'static str) -> Key {
    Key {
        name,
        kind,
        required: false,
        about,
    }
}

const fn need(name: &'static str, kind: Kind, about: &'static str) -> Key {
    Key {
        required: true,
        ..key(name, kind, about)
    }
}

use Kind::{
    Date, Either, List, Named, Number, Real, Secret, Share, Table, Text, Truth, Whole, Word,
};

/// All platforms that the product names; the ones with a connector are [`super::connections`]'s to know.
pub(super) const PLATFORMS: &[&str] = &[
    "mailchimp",
    "ghost",
    "copernica",
    "activecampaign",
    "mailblue",
    "hubspot",
    "klaviyo",
    "brevo",
    "mautic",
    "listmonk",
    "mailerlite",
    "sendgrid",
    "mailgun",
    "laposta",
    "spotler",
];

const MOST: i64 = 1_000_000;
const TEXTS: Kind = List(&Text);
const ANY: Kind = Either(&[Text, Number, Truth, Date]);

/// The top of the file.
#[rustfmt::skip]
pub(super) static ROOT: &[Key] = &[
    need("timezone", Text, "The zone in which days begin and end, by its IANA name: timezone = \"Europe/Amsterdam\"."),
    key("database", Text, "The SQLite file, relative to this file's directory. Default: engaged.db."),
    key("language", Word(&["en", "nl"]), "The language of dashboard, reports and explanations. Default: en."),
    key("currency", Text, "The currency of amounts in rules, ISO 4217. Default: EUR."),
    key("extends", TEXTS, "Rule packs to start from; own tables of the same name replace theirs."),
    key("connections", Named("connection", &Table(CONNECTION)), "The accounts to sync with."),
    key("events", Table(EVENTS), "Kinds of events beside the built-in ones."),
    key("links", Named("link class", &TEXTS), "Classes of links as globs, on the whole URL or, from '/', its path; the first match wins."),
    key("scores", Named("score", &Table(SCORE)), "The scores."),
    key("segments", Named("segment", &Text), "Conditions by name; a contact may be in any number."),
    key("stages", List(&Table(STAGE)), "Conditions in order; a contact is in the first that holds."),
    key("absence", Table(ABSENCE), "How absence is judged in segments, stages and automations."),
    key("machines", Table(MACHINES), "How opens, clicks and visits by machines are told from people's."),
    key("privacy", Table(PRIVACY), "What may be used of what is measured of whom."),
    key("retention", Table(RETENTION), "How long events are kept. Without this section: for ever."),
    key("guards", Table(GUARDS), "Limits beyond which nothing is written until somebody approves."),
    key("drift", Table(DRIFT), "When to say that scores are no longer what they were."),
    key("alerts", Table(ALERTS), "What is told to whom when something is wrong."),
    key("backup", Table(BACKUP), "Where the daemon keeps daily copies of its database. Without this section it makes none."),
    key("insight", Table(INSIGHT), "What backtest and suggest compare scores with."),
    key("tests", List(&Table(TEST)), "What somebody did, and what the rules must make of it; `engaged check` runs them."),
    key("automations", List(&Table(AUTOMATION)), "What starts when a condition begins to hold."),
    key("cleaning", Named("cleaning policy", &Table(CLEANING)), "Who is taken off the list, and how."),
    key("web", Table(WEB), "The dashboard and the API. Without this section nothing is served."),
    key("webhooks", Table(WEBHOOKS), "Where platforms report by themselves what happens. Without this section nothing listens."),
];

#[rustfmt::skip]
static CONNECTION: &[Key] = &[
    need("platform", Word(PLATFORMS), "Whose account it is: platform = \"mailchimp\"."),
    need("key", Secret(SECRET), "Where the API key is: key = { file = \"secrets/NAME\" }, { env = \"NAME\" } or { credential = \"NAME\" }."),
    key("lists", TEXTS, "The lists to follow, by name. Default: all."),
    key("schedule", Text, "When to sync, as cron in `timezone`. Default: every hour, 0 * * * *."),
    key("mode", Word(&["read-only", "live"]), "Whether anything may be written to the platform. Default: read-only."),
    key("shadow_until", Date, "Until this date at least nothing is to be written: each cycle keeps how much it would have been. `engaged go-live` takes it out."),
    key("base_url", Text, "Another host: a self-hosted platform, a proxy, a test. Required for ghost and activecampaign."),
    key("requests_per_second", Whole(1, 1000), "How many requests a second at most. Default: what the platform bears; more only from a stand-in on this machine."),
    key("push", Table(PUSH), "What is written to the platform."),
    key("webhook", Table(WEBHOOK), "What the platform reports by itself. Wants a section [webhooks]."),
    key("activecampaign", Table(ACTIVECAMPAIGN), "What only ActiveCampaign (MailBlue) is asked."),
    key("copernica", Table(COPERNICA), "What only Copernica is asked. Required there."),
    key("hubspot", Table(HUBSPOT), "What only HubSpot is asked."),
];

#[rustfmt::skip]
static ACTIVECAMPAIGN: &[Key] = &[
    key("bulk_import", Truth, "Whether scores may go 250 in a request. It makes a contact of each address that is gone meanwhile. Default: false."),
];

#[rustfmt::skip]
static COPERNICA: &[Key] = &[
    need("database", Text, "The database, by its id or name."),
    key("products", List(&Word(&["marketing-suite", "publisher"])), "The products that the account has. Default: both."),
    key("retention_days", Whole(1, 36_500), "For how many days the account keeps its data. Default: 7, the shortest there is."),
    key("collections", List(&Table(COLLECTION)), "Collections whose rows are events, such as orders."),
    key("unsubscribe_may_remove", Truth, "Whether to unsubscribe although the database removes whoever leaves. Default: false."),
    key("imports", Truth, "Whether to write many fields by imports: fewer calls; try it on a database of your own first. Default: false."),
    key("auth_url", Text, "Where the token is exchanged. Default: Copernica's own."),
];

#[rustfmt::skip]
static COLLECTION: &[Key] = &[
    need("id", Whole(1, i64::MAX), "The collection's id."),
    need("kind", Text, "What a row is: purchase, say."),
    key("at", Text, "The column that says when. Default: when the row was made."),
    key("amount", Text, "The column with the amount."),
    key("order", Text, "The column with the order's number, by which other sources know it too."),
    key("item", Text, "The column that says what was bought."),
];

#[rustfmt::skip]
static HUBSPOT: &[Key] = &[
    key("apps", TEXTS, "Names of the apps whose mail counts, as events show them. Default: all, one-to-one mail too."),
    key("properties", TEXTS, "Contact properties to read for rules, beside the usual ones and those that are pushed."),
    key("purchases", Word(&["deals", "orders", "both", "none"]), "Which records count as purchases. Default: deals, once won."),
    key("page_visits", Truth, "Whether to read visits of pages, which Enterprise accounts alone have. Default: false."),
];

#[rustfmt::skip]
static WEBHOOK: &[Key] = &[
    need("path", Secret(SECRET), "Where the secret part of the address is; `engaged hooks path CONNECTION` makes one."),
    key("former_path", Secret(SECRET), "The one before, good as well while the platform is told the new address."),
    key("secret", Secret(SECRET), "Where the secret is with which the platform signs. Required where it signs with one."),
    key("former_secret", Secret(SECRET), "The one before, good as well while it is being changed."),
    key("account", Text, "The account in whose name the platform signs. Required where it signs with a published key."),
    key("silent_after", Text, "Silence after which the alert hook_silent is raised. Default: 7 days."),
];

#[rustfmt::skip]
static SECRET: &[Key] = &[
    key("file", Text, "A file that holds nothing else, relative to this file's directory."),
    key("env", Text, "An environment variable."),
    key("credential", Text, "A systemd credential."),
];

#[rustfmt::skip]
static PUSH: &[Key] = &[
    key("fields", Named("field", &Text), "Fields of the platform, each with the score it shows."),
    key("tags", Table(TAGS), "Tags that say who is in a segment or band."),
    key("deadband", Whole(0, MOST), "A number is sent when it moved by this many points; a change of band always is. Default: 1."),
    key("on_drift", Word(&["alert", "ours", "theirs"]), "What to do when somebody else edited a field of ours. Default: alert."),
];

#[rustfmt::skip]
static TAGS: &[Key] = &[
    key("prefix", Text, "How our tags begin. Default: engaged:."),
    key("segments", TEXTS, "Segments that become tags."),
    key("bands", TEXTS, "Scores whose bands become tags."),
];

#[rustfmt::skip]
static EVENTS: &[Key] = &[
    key("kinds", TEXTS, "Names in small letters, digits and _, usable in rules like the built-in kinds."),
];

#[rustfmt::skip]
static SCORE: &[Key] = &[
    key("rules", List(&Table(RULE)), "What earns and costs points."),
    key("bands", List(&Table(BAND)), "Names for ranges of shown points, from the top."),
    key("model", Text, "A file that `engaged suggest --model` wrote, relative to the configuration's directory; in place of rules."),
    key("range", List(&Whole(-MOST, MOST)), "Lowest and highest points shown."),
    key("penalty_floor", Number, "All that is negative counts together no lower than this."),
    key("groups", Named("group", &Table(GROUP)), "Limits on the sum of the rules of a group."),
    key("guards", Truth, "False for the literal reading of absence in all rules. Default: true."),
    key("min_sends", Whole(0, MOST), "Mails that must have been ignored before absence is judged. Default: 3."),
];

#[rustfmt::skip]
static RULE: &[Key] = &[
    need("when", Text, "A pattern of events, or a condition."),
    need("points", Number, "Points, at most three decimal places: points = 10."),
    key("count", Text, "How often events count: each, once, per message, per link, per day, or first 3."),
    key("at_most", Either(&[Number, Text, List(&Either(&[Number, Text]))]), "A cap on the rule's sum (30), per day, week, month or year (\"20 per day\"), or a list of such."),
    key("expires", Text, "How long an event's points last: 2 months."),
    key("decay", Text, "How an event's points fade: 50% per month, or half-life 30 days."),
    key("lifted_by", TEXTS, "Kinds of events that undo this rule's events."),
    key("group", Text, "The group it belongs to."),
    key("guards", Truth, "False for the literal reading of absence. Default: the score's."),
    key("min_sends", Whole(0, MOST), "Mails that must have been ignored before absence is judged. Default: the score's."),
];

/// The file that a score's `model` names.
#[rustfmt::skip]
pub(super) static MODEL: &[Key] = &[
    need("intercept", Real, "The logarithm of the odds where no condition holds."),
    need("inputs", List(&Table(MODEL_INPUT)), "The conditions, and what each adds to the logarithm of the odds."),
    key("fitted", Table(FITTED), "What it was fitted on; for people."),
];

#[rustfmt::skip]
static MODEL_INPUT: &[Key] = &[
    need("when", Text, "A condition: when = \"any click in 3 months\"."),
    need("coefficient", Real, "What it adds to the logarithm of the odds while it holds."),
    key("guards", Truth, "False for the literal reading of absence. Default: true."),
    key("min_sends", Whole(0, MOST), "Mails that must have been ignored before absence is judged. Default: 3."),
];

#[rustfmt::skip]
static FITTED: &[Key] = &[
    key("on", Date, "The date."),
    key("conversion", Text, "What counted as a conversion."),
    key("cases", Whole(0, i64::MAX), "How many cases."),
    key("conversions", Whole(0, i64::MAX), "How many of them converted."),
    key("l2", Real, "The penalty."),
];

#[rustfmt::skip]
static INSIGHT: &[Key] = &[
    key("conversion", Text, "A pattern of events, of which the first of each contact counts. Default: any purchase."),
    key("within", Text, "Who converts within this time is nobody to compare with. Default: 90 days."),
    key("l2", Number, "The penalty of the regression on large coefficients, 0 for none. Default: 1."),
];

#[rustfmt::skip]
static BAND: &[Key] = &[
    need("name", Text, "Its name: name = \"engaged\"."),
    key("above", Whole(-MOST, MOST), "Begins above this."),
    key("from", Whole(-MOST, MOST), "Begins at this."),
];

#[rustfmt::skip]
static GROUP: &[Key] = &[
    key("max", Number, "No more than this."),
    key("min", Number, "No less than this."),
];

#[rustfmt::skip]
static STAGE: &[Key] = &[
    need("name", Text, "Its name: name = \"SQL\"."),
    need("when", Text, "The condition; \"otherwise\" always holds."),
];

#[rustfmt::skip]
static ABSENCE: &[Key] = &[
    key("min_sends", Whole(0, MOST), "Mails that must have been ignored before absence is judged. Default: 3."),
];

#[rustfmt::skip]
static MACHINES: &[Key] = &[
    key("judge", Truth, "Whether events that come in without a verdict are judged. Default: true."),
    key("honeypots", TEXTS, "Globs of links and pages that no person can see, on the whole URL or, from '/', its path."),
    key("agents", TEXTS, "Globs of user agents that are machines, on the whole text: \"*LinkChecker*\"."),
    key("networks", TEXTS, "Networks of machines: \"203.0.113.0/24\", or a single address."),
];

const TRACKING: Kind = Word(&["full", "clicks_only", "last_open_date_only", "none"]);

#[rustfmt::skip]
static PRIVACY: &[Key] = &[
    key("tracking", TRACKING, "The most that is used of anybody. Default: full."),
    key("tracking_from", List(&Table(TRACKING_FROM)), "Fields in which contacts say what may be used of them; the strictest word counts."),
    key("tracked_kinds", TEXTS, "Declared kinds of events that are measured, as clicks are."),
];

#[rustfmt::skip]
static RETENTION: &[Key] = &[
    need("events", Text, "Older events are deleted, day by day: events = \"25 months\". At least a month more than any rule looks back."),
    key("keep", TEXTS, "Kinds of events that stay, however old: keep = [\"purchase\"]. Who subscribed, left, complained or bounced always stays."),
];

#[rustfmt::skip]
static TRACKING_FROM: &[Key] = &[
    need("field", Text, "The field: field = \"OPENTRACKING\"."),
    key("connection", Text, "Only for the contacts of this connection. Default: for all."),
    key("full", TEXTS, "Values that allow everything: full = [\"yes\", \"ja\"]."),
    key("clicks_only", TEXTS, "Values that allow clicks and visits, and no opens."),
    key("last_open_date_only", TEXTS, "Values that allow the date of the last open, with which the list is cleaned."),
    key("none", TEXTS, "Values that allow nothing."),
    key("otherwise", TRACKING, "What any other value means, and an empty field. Default: none."),
];

#[rustfmt::skip]
static GUARDS: &[Key] = &[
    key("max_score_change", Share, "Share of the contacts with a score whose score may change in one run. Default: 0.20."),
    key("max_starts", Whole(0, MOST), "Starts of automations in one run. Default: 500."),
    key("max_list_shrink", Share, "Share of a list that may vanish between two syncs. Default: 0.10."),
];

#[rustfmt::skip]
static DRIFT: &[Key] = &[
    key("alert", Share, "The population stability index of a score's bands beyond which `drift` and `status` give an alert. Default: 0.2."),
];

#[rustfmt::skip]
static ALERTS: &[Key] = &[
    key("url", Text, "The address that is told, by a signed call. Default: nobody is told; `engaged alerts` shows them."),
    key("key", Secret(SECRET), "Where the secret is with which calls are signed."),
    key("only", List(&Word(&alert::Kind::NAMES)), "What is told: only = [\"blocked\", \"poll_age\"]. Default: everything."),
    key("failure_after", Whole(1, 1440), "Looks in a row, one a minute, at which something is wrong before it is told. Default: 2."),
    key("success_after", Whole(1, 1440), "Looks in a row at which it no longer is before that is told. Default: 2."),
    key("repeat", Text, "What still is wrong is told again after this time, no sooner. Default: 24 hours."),
    key("poll_age", Whole(1, 1000), "Syncs of a connection's schedule that may pass without a good one. Default: 2."),
    key("volume", Share, "By what share of what is usual a day's events may differ: 0.5 is from half to one and a half times as many. Default: 0.5."),
    key("backup_age", Text, "How old the last good backup may be, where there is a section [backup]. Default: 2 days."),
];

#[rustfmt::skip]
static BACKUP: &[Key] = &[
    need("folder", Text, "The folder, relative to this file's directory; best on another disk. It is made if it is not there."),
    key("keep", Whole(1, 10_000), "How many are kept, the newest. Default: 7."),
];

#[rustfmt::skip]
static TEST: &[Key] = &[
    need("name", Text, "What it shows: name = \"who reads again is engaged\"."),
    need("as_of", Date, "The date to look at: as_of = 2026-06-15."),
    key("connection", Text, "The connection that all of it comes from. Default: import."),
    key("contact", Table(TEST_CONTACT), "The contact, as a row of an import on that date."),
    key("events", List(&Table(TEST_EVENT)), "What happened, as rows of an import."),
    key("gaps", List(&Table(TEST_GAP)), "Days that were not read completely, as in an import."),
    need("expect", Table(EXPECT), "What must come out: expect.scores = { engagement = 10 }."),
];

#[rustfmt::skip]
static TEST_CONTACT: &[Key] = &[
    key("email", Text, "The address."),
    key("subscribed_at", Date, "When first subscribed; a date alone is noon of that day."),
    key("status", Text, "subscribed, unsubscribed, bounced, complained or suppressed."),
    key("lists", TEXTS, "The lists the contact is in."),
    key("fields", Named("field", &ANY), "Profile fields."),
];

#[rustfmt::skip]
static TEST_EVENT: &[Key] = &[
    need("kind", Text, "What happened: kind = \"click\"."),
    need("at", Date, "When: at = 2026-06-08T10:00:00Z; a date alone is noon of that day."),
    key("id", Text, "The platform's id: one id is one event."),
    key("campaign", Text, "The mailing."),
    key("link", Text, "The link of a click."),
    key("url", Text, "The page of a visit or form."),
    key("item", Text, "What was bought, downloaded, attended."),
    key("quantity", Whole(0, MOST), "How many were bought. Default: 1."),
    key("value", Either(&[Number, Text]), "The amount: value = 260.00."),
    key("currency", Text, "ISO 4217. Default: the configuration's."),
    key("tracked", Truth, "For a send: whether opens and clicks can be seen. Default: true."),
    key("verdict", Text, "human, unknown, privacy_proxy or scanner. Default: unknown."),
    key("bounce", Text, "hard or soft."),
    key("properties", Named("property", &ANY), "What `where` asks for."),
];

#[rustfmt::skip]
static TEST_GAP: &[Key] = &[
    need("from", Date, "The first day: from = 2026-04-10."),
    need("to", Date, "The last day, included: to = 2026-04-24."),
    key("kinds", TEXTS, "The kinds of events that were not read. Default: all."),
];

#[rustfmt::skip]
static EXPECT: &[Key] = &[
    key("scores", Named("score", &Whole(-MOST, MOST)), "Points that are shown."),
    key("bands", Named("score", &Text), "The band of a score; empty for none."),
    key("segments", TEXTS, "All segments the contact is in."),
    key("stage", Text, "The stage; empty for none."),
    key("reasons", Named("absence", &Text), "What an absence in the rules is: { \"no open in 3 months\" = \"too_new\" }."),
];

#[rustfmt::skip]
static AUTOMATION: &[Key] = &[
    need("name", Text, "Its name: name = \"Ambassador series\"."),
    need("when", Text, "Starts when this begins to hold."),
    key("until", Text, "Leaves and re-arms when this holds. Default: when `when` no longer does."),
    key("cooldown", Text, "No second start within this time: an entry in it starts nothing. cooldown = \"30 days\"."),
    key("settle", Text, "Waits this long, so that a scanner's clicks are recognised first. Default: 30 minutes."),
    key("max_per_contact", Whole(1, MOST), "So many starts for one contact, ever. Default: no limit."),
    need("start", Table(START), "What is started: start = { connection = \"newsletter\", tag = \"hot\" }."),
];

#[rustfmt::skip]
static START: &[Key] = &[
    key("connection", Text, "On which connection. Needed where there are several."),
    key("automation", Text, "An automation of the platform, as its page in docs/platforms/ names it."),
    key("event", Text, "An event of the platform that an automation there listens to."),
    key("tag", Text, "A tag that an automation there listens to; taken off when the contact leaves."),
    key("field", Text, "A field that an automation there listens to."),
    key("value", Text, "What the field is set to. Default: the automation's name."),
    key("webhook", Text, "An address to call, signed with `key`."),
    key("key", Secret(SECRET), "Where the secret is with which calls are signed."),
    key("handover", Text, "A list here, for people to work off: `engaged leads`."),
];

#[rustfmt::skip]
static CLEANING: &[Key] = &[
    need("when", Text, "Who is proposed: when = \"no open in 12 months and no click in 12 months\"."),
    key("protect", Text, "Who is never proposed, also if it is not known whether this holds."),
    key("protect_purchases", Truth, "Whether a purchase in the last 12 months protects. Default: true."),
    key("min_sends", Whole(0, MOST), "Mails that must have been ignored before absence is judged. Default: 10."),
    key("tenure", Text, "How long somebody must have been subscribed. Default: 6 months."),
    key("first", Table(FIRST), "A last attempt before anything else."),
    need("then", Word(&["tag", "unsubscribe", "suppress", "archive", "delete"]), "What is done: then = \"unsubscribe\"."),
    key("tag", Text, "The tag, under the connection's prefix: what is done for \"tag\", put on before anything else. Default: cleaned:NAME."),
    key("delete", Text, "Needed for \"delete\": delete = \"I accept that this cannot be undone\"."),
    key("max_share", Share, "Share of the mailable contacts per run. Default: 0.02."),
    key("max", Whole(0, MOST), "Contacts per run. Default: 500."),
    key("breaker", Share, "Share of the mailable contacts beyond which nothing is done until approved. Default: 0.20."),
    key("holdout", Share, "Share of the candidates that is left alone, to see what cleaning costs. Default: 0.05."),
    key("approve", Word(&["always", "two people", "automatic"]), "Whether a person approves every batch, a second person as well, or a person only what exceeds the cap. Default: always."),
    key("connections", TEXTS, "Which connections are cleaned. Default: all live ones whose platform can do it."),
];

#[rustfmt::skip]
static FIRST: &[Key] = &[
    need("automation", Text, "The automation that asks them to stay."),
    key("wait", Text, "How long it gets. Default: 30 days."),
];

#[rustfmt::skip]
static WEB: &[Key] = &[
    key("listen", Text, "Address and port. Default: 127.0.0.1:8425. Port 0 takes a free one."),
    key("public_url", Text, "The address by which people reach it, if that is another: behind a proxy, say."),
    key("hosts", TEXTS, "Other host names under which it may be asked for."),
    key("behind_proxy", Truth, "Whether a proxy before it ends TLS and names the client in X-Forwarded-For. Default: false."),
];

#[rustfmt::skip]
static WEBHOOKS: &[Key] = &[
    key("listen", Text, "Address and port. Default: 127.0.0.1:8426. Port 0 takes a free one."),
    key("public_url", Text, "The address by which platforms reach it: what some of them sign."),
    key("behind_proxy", Truth, "Whether a proxy before it ends TLS and names the client in X-Forwarded-For. Default: false."),
    key("resolver", Text, "Where keys that platforms publish in DNS are looked up, by DNS over HTTPS with JSON. Default: https://cloudflare-dns.com/dns-query."),
];
