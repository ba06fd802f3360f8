//! What a platform was told from one quiet moment to the next, held against what was written down before.

use std::collections::{BTreeMap, BTreeSet};

use engaged_sandbox::mailchimp::Change;

use crate::{
    judge::{NAMED, Violation, run},
    stage::{PREFIX, now, ours},
    watch::Left,
    writing::Side,
};

/// What no push may touch: of each member whether they may be mailed, and what is not ours.
type Foreign = BTreeMap<String, String>;

/// The pushes of one side since a quiet moment.
pub struct Told {
    since: i64,
    requests: usize,
    journal: usize,
    labels: BTreeSet<(String, String)>,
    foreign: Foreign,
    /// Pushes that were killed.
    pub kills: usize,
}

impl Told {
    pub fn begin(side: &Side) -> Self {
        Self {
            since: now().timestamp_millis(),
            requests: side.ledger().len(),
            journal: if side.is_shop() {
                side.stage.shop().written().len()
            } else {
                0
            },
            labels: labels(side),
            foreign: foreign(side),
            kills: 0,
        }
    }

    /// Every change of a member that came about, as `id|target|value`.
    fn changes(&self, side: &Side) -> BTreeSet<String> {
        if !side.is_shop() {
            let labels = labels(side);
            let differ = labels.symmetric_difference(&self.labels);
            let change = |label: &(String, String)| {
                let value = if labels.contains(label) { "on" } else { "off" };
                format!("{}|tag:{}|{value}", label.0, label.1)
            };
            return differ.map(change).collect();
        }
        let ids: BTreeMap<String, String> = side
            .stage
            .shop()
            .contacts()
            .into_iter()
            .map(|contact| {
                (
                    contact.email_id,
                    format!("{}:{}", contact.list, contact.contact_id),
                )
            })
            .collect();
        let written = side.stage.shop().written().into_iter().skip(self.journal);
        let change = |written: engaged_sandbox::mailchimp::Written| {
            let what = match written.change {
                Change::Field { tag, to, .. } => {
                    let value = to.as_str().map_or_else(|| to.to_string(), str::to_owned);
                    format!("field:{tag}|{value}")
                }
                Change::Tag { name, on, .. } => {
                    format!("tag:{name}|{}", if on { "on" } else { "off" })
                }
                other => format!("{other:?}"),
            };
            format!("{}|{what}", ids[&written.email_id])
        };
        written.map(change).collect()
    }

    /// Every change that came about has an attempt that was committed, and so was planned.
    pub fn accounted(&self, side: &Side, left: &Left) -> Vec<Violation> {
        let attempts: BTreeSet<String> = left
            .rows(&format!(
                "select platform_id || '|' || target || '|' || coalesce(value, 'off') from outbox
                 where tries > 0 and attempt is not null and plan_id is not null and changed_at >= {}",
                self.since
            ))
            .into_iter()
            .collect();
        let changes = self.changes(side);
        let strange: Vec<&String> = changes.difference(&attempts).collect();
        let named = &strange[..strange.len().min(NAMED)];
        let what = format!("{} changes without an attempt: {named:?}…", strange.len());
        if strange.is_empty() {
            Vec::new()
        } else {
            vec![Violation::Unaccounted(what)]
        }
    }

    /// Lets a push run to its end, and another: then all is as it should be, and was so with the first.
    pub fn converges(&self, side: &Side) -> Vec<Violation> {
        let program = &side.stage.program;
        let mut broken = run(program, &["apply"]);
        broken.extend(self.accounted(side, &Left::by(program)));
        let differ = if side.is_shop() {
            side.stage.shop_differences()
        } else {
            side.stage.site_differences()
        };
        if let Some(first) = differ.first() {
            broken.push(Violation::NotConverged(format!(
                "{} members: {first}…",
                differ.len()
            )));
        }
        let writes = side.ledger().writes().len();
        broken.extend(run(program, &["apply"]));
        let more = side.ledger().writes().len() - writes;
        if more > 0 {
            broken.push(Violation::Restless(format!("{more} more requests")));
        }
        broken.extend(self.repeated(side));
        broken.extend(self.touched(side));
        broken
    }

    /// A request comes again only because of a kill.
    fn repeated(&self, side: &Side) -> Option<Violation> {
        let mut times: BTreeMap<(String, String, Vec<u8>), usize> = BTreeMap::new();
        for entry in side
            .ledger()
            .since(self.requests)
            .into_iter()
            .filter(|entry| entry.write)
        {
            let target = format!("{}?{}", entry.path, entry.query);
            *times
                .entry((entry.method.to_string(), target, entry.body.to_vec()))
                .or_default() += 1;
        }
        let (request, times) = times.into_iter().max_by_key(|(_, times)| *times)?;
        (times > 1 + self.kills)
            .then(|| Violation::Repeated(format!("{times} times {}", request.1)))
    }

    /// Nobody is more contactable, and nothing of others is changed.
    fn touched(&self, side: &Side) -> Option<Violation> {
        let breaches = if side.is_shop() {
            side.stage.shop().consent_breaches()
        } else {
            Vec::new()
        };
        let foreign = foreign(side);
        let differ = foreign
            .iter()
            .find(|(id, is)| self.foreign.get(*id) != Some(is));
        let whole = breaches.is_empty() && differ.is_none() && foreign.len() == self.foreign.len();
        (!whole).then(|| Violation::Touched(format!("{breaches:?} {differ:?}")))
    }
}

/// The labels of ours on the site, each with its member.
fn labels(side: &Side) -> BTreeSet<(String, String)> {
    if side.is_shop() {
        return BTreeSet::new();
    }
    let members = side.stage.site().members().into_iter();
    let one = |member: engaged_sandbox::ghost::MemberView| {
        let id = member.id;
        let labels = member.labels.into_iter();
        labels
            .filter(|label| label.starts_with(PREFIX))
            .map(move |label| (id.clone(), label))
    };
    members.flat_map(one).collect()
}

fn foreign(side: &Side) -> Foreign {
    if !side.is_shop() {
        let members = side.stage.site().members().into_iter();
        let one = |mut member: engaged_sandbox::ghost::MemberView| {
            member.labels.retain(|label| !label.starts_with(PREFIX));
            (member.id.clone(), format!("{member:?}"))
        };
        return members.map(one).collect();
    }
    let contacts = side.stage.shop().contacts().into_iter();
    let one = |mut contact: engaged_sandbox::mailchimp::Contact| {
        let own = ours(&contact);
        contact.tags.retain(|tag| !own.contains(tag));
        contact.tags.sort();
        contact.fields.remove("ENGSCORE");
        contact.last_changed = 0;
        (contact.contact_id.clone(), format!("{contact:?}"))
    };
    contacts.map(one).collect()
}
