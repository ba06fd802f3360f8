//! Which rules read what is measured of contacts, and of how many contacts that may be used: a part of `check`.

use crate::{
    config::Config,
    rules::{
        measured::{Reader, readers},
        tracking::Tracking,
    },
};

use super::Context;

/// So many rules are named.
const SHOWN: usize = 20;

/// What `check` says of it.
pub(super) struct Tracked {
    readers: Vec<Reader>,
    /// How many contacts there are of each mode, if there is a database that can be read.
    sizes: Option<Vec<(Tracking, u64)>>,
}

/// Looks; `None` where everything may be used of everybody. The database need not be there.
pub(super) fn look(context: &Context, config: &Config) -> Option<Tracked> {
    if config.rules.tracking.is_open() {
        return None;
    }
    let sizes = || {
        let there = config.database.exists();
        let store = there.then(|| context.reading(config).ok())??;
        store.read(crate::store::Conn::tracking_sizes).ok()
    };
    Some(Tracked {
        readers: readers(&config.rules),
        sizes: sizes(),
    })
}

impl Tracked {
    pub(super) fn json(&self) -> serde_json::Value {
        let readers = self.readers.iter().map(|reader| {
            serde_json::json!({ "place": reader.place, "rule": reader.text, "opens": reader.opens, "clicks": reader.clicks })
        });
        let sizes = self.sizes.iter().flatten();
        let sizes = sizes.map(|(mode, number)| (mode.as_str().to_owned(), (*number).into()));
        let contacts: serde_json::Map<_, _> = sizes.collect();
        serde_json::json!({
            "rules": readers.collect::<Vec<_>>(),
            "contacts": self.sizes.is_some().then_some(contacts),
        })
    }

    pub(super) fn text(&self) -> String {
        let agreed = |allows: fn(Tracking) -> bool| {
            let sizes = self.sizes.as_ref()?;
            let of = |all: &mut dyn Iterator<Item = &(Tracking, u64)>| {
                all.map(|(_, number)| number).sum::<u64>()
            };
            let these = of(&mut sizes.iter().filter(|(mode, _)| allows(*mode)));
            Some(format!(": {these} of {} contacts", of(&mut sizes.iter())))
        };
        let mut out = String::new();
        for (what, reads, allows) in [
            (
                "opens",
                (|reader| reader.opens) as fn(&Reader) -> bool,
                (|mode| mode == Tracking::Full) as fn(Tracking) -> bool,
            ),
            (
                "clicks or visits",
                |reader| reader.clicks && !reader.opens,
                |mode| matches!(mode, Tracking::Full | Tracking::ClicksOnly),
            ),
        ] {
            let these: Vec<&Reader> = self.readers.iter().filter(|each| reads(each)).collect();
            if these.is_empty() {
                continue;
            }
            let who = agreed(allows).unwrap_or_default();
            let rules = match these.len() {
                1 => "1 rule needs".to_owned(),
                number => format!("{number} rules need"),
            };
            out += &format!("{rules} consent to {what}{who}\n");
            for reader in these.iter().take(SHOWN) {
                out += &format!("  {}: {}\n", reader.place, reader.text);
            }
            if these.len() > SHOWN {
                out += &format!("  and {} more\n", these.len() - SHOWN);
            }
        }
        out
    }
}
