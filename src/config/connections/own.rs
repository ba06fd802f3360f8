//! What only one platform's connections are asked: the table of a connection that bears its platform's name.

use engaged_connectors::{
    copernica::{Collection, Product},
    hubspot::Purchases,
    model::EventKind,
};
use url::Url;

use super::{Platform, address_to_call, texts};
use crate::{
    config::{
        code,
        found::Found,
        tree::{Entry, Node, Table},
    },
    diagnostic::Diagnostic,
};

/// The tables, by platform.
const TABLES: [(&str, Platform); 3] = [
    ("activecampaign", Platform::ActiveCampaign),
    ("copernica", Platform::Copernica),
    ("hubspot", Platform::HubSpot),
];

/// What only this platform is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Own {
    /// Nothing.
    #[default]
    Nothing,
    /// ActiveCampaign.
    ActiveCampaign {
        /// Whether scores may go by the bulk import, which makes a contact of each address that it does not find.
        bulk_import: bool,
    },
    /// Copernica.
    Copernica(Box<CopernicaOwn>),
    /// HubSpot.
    HubSpot(HubSpotOwn),
}

/// One database of a Copernica account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopernicaOwn {
    /// Its id or name.
    pub database: String,
    /// The products that the account has; none means both.
    pub products: Vec<Product>,
    /// For how many days the account keeps its data; `None` for a week.
    pub retention_days: Option<u32>,
    /// Collections whose rows are events.
    pub collections: Vec<Collection>,
    /// Whether to unsubscribe although the database removes whoever leaves.
    pub unsubscribe_may_remove: bool,
    /// Whether to write many fields by imports.
    pub imports: bool,
    /// Another place where the token is exchanged.
    pub auth_url: Option<Url>,
}

/// One HubSpot account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HubSpotOwn {
    /// Names of the apps whose mail counts; none means all.
    pub apps: Vec<String>,
    /// Contact properties to read beside the usual ones.
    pub properties: Vec<String>,
    /// Which records are purchases.
    pub purchases: Purchases,
    /// Whether to read visits of pages.
    pub page_visits: bool,
}

/// Reads a connection's own table.
pub(super) fn own(
    root: &Table,
    entry: &Entry,
    table: &Table,
    platform: Option<Platform>,
    found: &mut Found,
) -> Option<Own> {
    let platform = platform?;
    for (name, owner) in TABLES {
        if let Some(foreign) = table.entry(name).filter(|_| owner != platform) {
            found.add(
                Diagnostic::error(
                    code::UNSUPPORTED,
                    format!("'{name}' is for connections to {}", owner.as_str()),
                )
                .at(
                    &foreign.place,
                    format!("'{}' is one to {}", entry.name, platform.as_str()),
                )
                .help("leave it out"),
            );
        }
    }
    if platform == Platform::Copernica
        && let Some(lists) = table.entry("lists")
    {
        found.add(
            Diagnostic::error(code::UNSUPPORTED, "Copernica has no lists")
                .at(&lists.place, "one connection follows one database")
                .help("leave it out; another database is another connection"),
        );
    }
    let empty = Table::default();
    let given = table.table(platform.as_str()).unwrap_or(&empty);
    let is = |key: &str| given.get(key).and_then(Node::truth) == Some(true);
    Some(match platform {
        Platform::ActiveCampaign => Own::ActiveCampaign {
            bulk_import: is("bulk_import"),
        },
        Platform::Copernica => {
            if table.entry("copernica").is_none() {
                found.add(
                    Diagnostic::error(
                        code::MISSING,
                        format!("'{}' lacks the key 'copernica'", entry.name),
                    )
                    .at(&entry.place, "an account may have many databases")
                    .help("copernica = { database = \"its name or id\" }"),
                );
            }
            Own::Copernica(Box::new(copernica(root, given, found)?))
        }
        Platform::HubSpot => Own::HubSpot(HubSpotOwn {
            apps: texts(given, "apps"),
            properties: texts(given, "properties"),
            purchases: match given.text("purchases") {
                Some("none") => Purchases::None,
                Some("orders") => Purchases::Orders,
                Some("both") => Purchases::Both,
                _ => Purchases::Deals,
            },
            page_visits: is("page_visits"),
        }),
        Platform::Mailchimp | Platform::Ghost | Platform::Webhook => Own::Nothing,
    })
}

fn copernica(root: &Table, given: &Table, found: &mut Found) -> Option<CopernicaOwn> {
    let is = |key: &str| given.get(key).and_then(Node::truth) == Some(true);
    let auth_url = given.get("auth_url").and_then(|node| {
        address_to_call(node, "auth_url", "leave it out for Copernica's own", found)
    });
    let collections = given
        .items_of("collections")
        .iter()
        .filter_map(|node| collection(root, node.table()?, found))
        .collect();
    let products = texts(given, "products");
    Some(CopernicaOwn {
        database: given.text("database")?.to_owned(),
        products: products
            .iter()
            .map(|product| match product.as_str() {
                "publisher" => Product::Publisher,
                _ => Product::MarketingSuite,
            })
            .collect(),
        retention_days: given
            .get("retention_days")
            .and_then(Node::integer)
            .and_then(|days| u32::try_from(days).ok()),
        collections,
        unsubscribe_may_remove: is("unsubscribe_may_remove"),
        imports: is("imports"),
        auth_url,
    })
}

fn collection(root: &Table, table: &Table, found: &mut Found) -> Option<Collection> {
    let node = table.get("kind")?;
    let word = node.text()?;
    let declared = root
        .table("events")
        .map_or_else(Vec::new, |events| texts(events, "kinds"));
    let kind = EventKind::built_in(word).or_else(|| {
        let own = declared.iter().any(|kind| kind == word);
        own.then(|| EventKind::Custom(word.to_owned()))
    });
    if kind.is_none() {
        found.add(
            Diagnostic::error(code::UNKNOWN_NAME, format!("there is no kind '{word}'"))
                .at(&node.place, "not a kind of event")
                .help("such as purchase or form_submit; own kinds stand in [events] kinds"),
        );
    }
    let column = |key: &str| table.text(key).map(str::to_owned);
    Some(Collection {
        id: u64::try_from(table.get("id")?.integer()?).ok()?,
        kind: kind?,
        at: column("at"),
        amount: column("amount"),
        order: column("order"),
        item: column("item"),
    })
}
