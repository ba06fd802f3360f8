//! What the account holds: databases, profiles, subprofiles, mailings and the tables of statistics.

use crate::people::{Publication, Seconds, World};
use crate::rng::mix;

/// One of the two mail products (sheet, Words).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Product {
    /// The Marketing Suite: `ms` in paths, `cdm` in logfiles.
    MarketingSuite,
    /// Publisher: `publisher` in paths, `pom` in logfiles.
    Publisher,
}

impl Product {
    /// Both.
    pub const ALL: [Self; 2] = [Self::MarketingSuite, Self::Publisher];

    /// The name in paths.
    pub const fn word(self) -> &'static str {
        match self {
            Self::MarketingSuite => "ms",
            Self::Publisher => "publisher",
        }
    }

    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

/// The types of statistics (sheet 4.1, 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// An open.
    Impression,
    /// A click.
    Click,
    /// A bounce, or a refusal of Copernica's own.
    Error,
    /// Somebody left.
    Unsubscribe,
    /// Somebody complained.
    Abuse,
    /// A mail arrived.
    Delivery,
    /// A mail was sent: a row of `destinations`, which is no table of events.
    Destination,
}

impl Kind {
    /// The types that have a table.
    pub(super) const TABLES: [Self; 6] = [
        Self::Impression,
        Self::Click,
        Self::Error,
        Self::Unsubscribe,
        Self::Abuse,
        Self::Delivery,
    ];

    /// The name in paths.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Impression => "impressions",
            Self::Click => "clicks",
            Self::Error => "errors",
            Self::Unsubscribe => "unsubscribes",
            Self::Abuse => "abuses",
            Self::Delivery => "deliveries",
            Self::Destination => "destinations",
        }
    }

    /// The type with this name in paths.
    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::TABLES.into_iter().find(|kind| kind.word() == word)
    }
}

/// Who looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Agent {
    Somebody,
    Proxy,
    Scanner,
}

impl Agent {
    /// The user agent; a bare `Mozilla/5.0` is the mark of a privacy proxy (sheet 4.3).
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Somebody => "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/140.0",
            Self::Proxy => "Mozilla/5.0",
            Self::Scanner => "Mozilla/5.0 (compatible; MailScanner/1.0)",
        }
    }

    /// The address it came from.
    pub(super) const fn ip(self) -> &'static str {
        match self {
            Self::Somebody => "203.0.113.7",
            Self::Proxy => "192.0.2.17",
            Self::Scanner => "198.51.100.9",
        }
    }

    /// The kind of device.
    pub(super) const fn device(self) -> &'static str {
        match self {
            Self::Somebody => "desktop",
            Self::Proxy | Self::Scanner => "unknown",
        }
    }
}

/// What a row says beside its mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum What {
    /// An open.
    Seen(Agent),
    /// A click on the link with this number.
    Followed(u8, Agent),
    /// A code and its text.
    Failed(&'static str, &'static str),
    /// Nothing.
    Plain,
}

/// One row of a table. Tables are in the order of ids, which is that of becoming known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) id: u32,
    pub(super) at: Seconds,
    /// When it became known.
    pub(super) known: Seconds,
    /// The place of the mailing in [`super::account::Account::mails`], and of the destination in it.
    pub(super) mail: u32,
    pub(super) to: u32,
    pub(super) what: What,
}

/// One mail to one profile; it does not exist before it was sent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Destination {
    /// 0 until it was sent.
    pub(super) profile: u32,
    pub(super) at: Seconds,
    pub(super) unsubscribed: bool,
}

/// One mailing.
#[derive(Debug, Clone)]
pub(super) struct Mail {
    /// Unique within its product.
    pub(super) id: u32,
    pub(super) product: Product,
    pub(super) database: usize,
    pub(super) subject: String,
    pub(super) links: Vec<String>,
    pub(super) sent_at: Seconds,
    /// The number of its first destination; the others follow.
    pub(super) first: u32,
    pub(super) to: Vec<Destination>,
    /// A follow-up: to one profile.
    pub(super) individual: bool,
    pub(super) template: u32,
}

impl Mail {
    /// The numeric id of a destination.
    pub(super) const fn number(&self, to: u32) -> u32 {
        self.first + to
    }

    /// The id of the message, as in `destinations` and, it is assumed, in logfiles (sheet 4.4).
    pub(super) fn message(&self, to: u32) -> String {
        let bits = mix(&[30, u64::from(self.number(to)), self.product as u64]);
        (0..9)
            .map(|place| {
                let digit = u32::try_from((bits >> (6 * place)) % 36).unwrap_or(0);
                char::from_digit(digit, 36).unwrap_or('0')
            })
            .collect()
    }

    /// The hash by which Publisher names a destination (sheet 4.2).
    pub(super) fn hash(&self, to: u32) -> String {
        format!("{:016x}", mix(&[31, u64::from(self.number(to))]))
    }
}

/// A column.
#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) kind: String,
    /// The default, or the choices of a select.
    pub(super) value: String,
    pub(super) lock: bool,
}

impl Field {
    pub(super) const fn new(
        id: u32,
        name: String,
        kind: String,
        value: String,
        lock: bool,
    ) -> Self {
        Self {
            id,
            name,
            kind,
            value,
            lock,
        }
    }

    /// What the column makes of a text: whole numbers stay whole, short texts short (sheet 6).
    pub(super) fn hold(&self, text: &str) -> String {
        let number = text.trim().parse::<f64>().unwrap_or(0.0);
        match self.kind.as_str() {
            "integer" => format!("{:.0}", number.trunc()),
            "float" => number.to_string(),
            "big" => text.to_owned(),
            _ => text.chars().take(255).collect(),
        }
    }

    /// What it shows of those who have nothing in it.
    pub(super) fn default(&self) -> &str {
        if self.kind == "select" {
            ""
        } else {
            &self.value
        }
    }

    pub(super) fn is_number(&self) -> bool {
        matches!(self.kind.as_str(), "integer" | "float")
    }
}

/// A selection: who has `Nieuwsbrief=ja` and no bad result of mailings, as of its last building (sheet 3).
#[derive(Debug, Clone)]
pub(super) struct View {
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) built: Seconds,
    pub(super) members: Vec<u32>,
}

/// A database: contacts with columns of their own.
#[derive(Debug, Clone)]
pub(super) struct Database {
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) publication: Publication,
    pub(super) fields: Vec<Field>,
    pub(super) interests: Vec<String>,
    pub(super) view: View,
    pub(super) collections: Vec<Collection>,
}

impl Database {
    /// The place of a column; case does not count (sheet 8).
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        column(&self.fields, name)
    }
}

pub(super) fn column(fields: &[Field], name: &str) -> Option<usize> {
    fields
        .iter()
        .position(|field| field.name.eq_ignore_ascii_case(name))
}

/// The columns that every database begins with, by place.
pub(super) const EMAIL: usize = 0;
pub(super) const CONSENT: usize = 4;

/// Rows below profiles.
#[derive(Debug, Clone)]
pub(super) struct Collection {
    pub(super) id: u32,
    pub(super) name: String,
    pub(super) fields: Vec<Field>,
}

/// A row below a profile (sheet 5).
#[derive(Debug, Clone)]
pub(super) struct Subprofile {
    pub(super) id: u32,
    pub(super) profile: u32,
    pub(super) collection: u32,
    pub(super) values: Vec<String>,
    pub(super) created: Seconds,
    pub(super) modified: Seconds,
}

/// A contact.
#[derive(Debug, Clone)]
pub(super) struct Profile {
    pub(super) id: u32,
    pub(super) database: usize,
    /// The number of the person; absent for those whom a write created.
    pub(super) person: Option<u32>,
    /// By column; a column that came later may be missing.
    pub(super) values: Vec<Option<String>>,
    /// Places in [`Database::interests`], ascending.
    pub(super) interests: Vec<u16>,
    pub(super) secret: String,
    pub(super) created: Seconds,
    pub(super) modified: Seconds,
    pub(super) removed: Option<Seconds>,
    /// Bounced for good, complained, or left a database that does nothing about it.
    pub(super) stopped: bool,
    pub(super) left_themselves: bool,
}

impl Profile {
    /// What a column shows.
    pub(super) fn value<'a>(&'a self, database: &'a Database, column: usize) -> &'a str {
        match self.values.get(column) {
            Some(Some(value)) => value,
            // Somebody older than the column.
            _ => database.fields[column].default(),
        }
    }

    /// Whether they are in the selection that is mailed, if it were built now.
    pub(super) fn is_mailed(&self, database: &Database) -> bool {
        self.removed.is_none() && !self.stopped && self.value(database, CONSENT) == "ja"
    }

    /// The address.
    pub(super) fn email<'a>(&'a self, database: &'a Database) -> &'a str {
        self.value(database, EMAIL)
    }
}

/// The columns of a database, the values of somebody in it.
pub(super) fn first_fields(number: u32) -> Vec<Field> {
    let columns = [
        ("Email", "email", ""),
        ("Voornaam", "text", ""),
        ("Achternaam", "text", ""),
        ("Woonplaats", "text", ""),
        ("Nieuwsbrief", "select", "ja\nnee"),
        ("NurtureStart", "empty_date", ""),
    ];
    (number..)
        .zip(columns)
        .map(|(id, (name, kind, value))| {
            Field::new(id, name.into(), kind.into(), value.into(), false)
        })
        .collect()
}

/// The values of a person who joins.
pub(super) fn first_values(world: &World, person: u32) -> Vec<Option<String>> {
    let person = world.person(person);
    [
        person.address(),
        person.first_name().to_owned(),
        person.last_name(),
        person.city().to_owned(),
        "ja".to_owned(),
        String::new(),
    ]
    .map(Some)
    .to_vec()
}
