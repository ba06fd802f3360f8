//! `[retention]`: how long events are kept; no shorter than anything looks back.

use super::{
    cleaning::CleaningPolicy,
    code,
    found::Found,
    language::{self, Vocabulary},
    near::choice,
    tree::{Node, Table},
};
use crate::{
    diagnostic::{Diagnostic, Place},
    rules::{
        horizon::Horizon,
        reach::{self, Back, Look, Why},
        set::RuleSet,
        syntax::{Unit, Window},
    },
    score::calendar::Day,
};
use engaged_connectors::model::EventKind;

/// What is kept longer than anything looks back, so that the days just past can be computed again.
const MORE: Window = Window {
    number: 1,
    unit: Unit::Month,
};
/// How long a purchase protects from cleaning.
const PROTECTED: Window = Window {
    number: 12,
    unit: Unit::Month,
};

/// Reads the section; without it everything is kept.
pub(super) fn check(root: &Table, vocabulary: &Vocabulary, found: &mut Found) -> Option<Horizon> {
    let table = root.table("retention")?;
    let nodes = table.items_of("keep").iter();
    let keep = nodes.filter_map(|node| kind(node, vocabulary, found));
    let keep: Vec<EventKind> = keep.collect();
    let events = language::span(table.get("events")?, found)?;
    Some(Horizon { events, keep })
}

fn kind(node: &Node, vocabulary: &Vocabulary, found: &mut Found) -> Option<EventKind> {
    let name = node.text()?;
    let kind = vocabulary.kind(name);
    if kind.is_none() {
        let built_in = EventKind::BUILT_IN.iter().map(EventKind::as_str);
        let own = vocabulary.kinds.iter().map(String::as_str);
        let near = super::near::nearest(name, built_in.clone().chain(own));
        let help = near.map(|near| format!("did you mean \"{near}\"?"));
        found.add(
            Diagnostic::error(
                code::UNKNOWN_NAME,
                format!("'{name}' is not a kind of events"),
            )
            .at(&node.place, "unknown kind")
            .maybe_help(help.or_else(|| choice(built_in))),
        );
    }
    kind
}

/// The first day on which everything that anything looks for is kept, if what is kept begins as it must today.
pub fn whole_since(horizon: &Horizon, rules: &RuleSet, today: Day) -> Day {
    let begin = today.first_within(horizon.events);
    let looks = reach::looks(rules).into_iter().flat_map(|(_, looks)| looks);
    let looks = looks.filter(|look| horizon.forgets(&look.kind));
    let ends = looks.map(|look| match look.back {
        Back::Within(window, period) => {
            let end = begin.plus(window);
            period.map_or(end, |period| end.plus(period))
        }
        Back::Ever(_) => Day::NEVER,
    });
    ends.max().unwrap_or(begin)
}

/// Refuses to keep events for less time than something looks back, each in its place. For rules that are in order.
pub(super) fn compare(
    root: &Table,
    horizon: &Horizon,
    rules: &RuleSet,
    cleaning: &[CleaningPolicy],
    found: &mut Found,
) {
    let Some(events) = root
        .table("retention")
        .and_then(|table| table.get("events"))
    else {
        return;
    };
    let report = Report {
        horizon,
        events,
        found,
    };
    report.all(root, rules, cleaning);
}

struct Report<'r> {
    horizon: &'r Horizon,
    events: &'r Node,
    found: &'r mut Found,
}

impl Report<'_> {
    fn all(mut self, root: &Table, rules: &RuleSet, cleaning: &[CleaningPolicy]) {
        for (place, looks) in reach::looks(rules) {
            self.compare(place_of(root, &place), looks);
        }
        for policy in cleaning {
            let mut looks = reach::of_condition(&policy.when, true);
            let protect = policy.protect.iter();
            looks.extend(protect.flat_map(|protect| reach::of_condition(protect, true)));
            let table = root
                .table("cleaning")
                .and_then(|table| table.table(&policy.name));
            let when = table
                .and_then(|table| table.get("when"))
                .map(|node| &node.place);
            self.compare(when, looks);
            if policy.protect_purchases {
                let look = Look {
                    kind: EventKind::Purchase,
                    back: Back::Within(PROTECTED, None),
                };
                self.compare(when, vec![look]);
            }
        }
    }

    /// Tells what of one condition is not kept long enough: the kinds that are looked for equally far are one mistake.
    fn compare(&mut self, place: Option<&Place>, looks: Vec<Look>) {
        let mut told: Vec<(Back, Vec<EventKind>)> = Vec::new();
        for look in looks {
            if !self.horizon.forgets(&look.kind) || is_long_enough(self.horizon.events, look.back) {
                continue;
            }
            match told.iter_mut().find(|(back, _)| *back == look.back) {
                Some((_, kinds)) if kinds.contains(&look.kind) => {}
                Some((_, kinds)) => kinds.push(look.kind),
                None => told.push((look.back, vec![look.kind])),
            }
        }
        for (back, kinds) in told {
            let (these, label) = (quoted(&kinds, '\''), label(&kinds, back));
            let (line, _) = self.events.place.position();
            let or = match back {
                Back::Within(..) => ", or keep events longer",
                Back::Ever(why) => other_way(why),
            };
            self.found.add(
                Diagnostic::error(
                    code::HORIZON,
                    format!("this looks further back than events are kept: {these}"),
                )
                .at(place.unwrap_or(&self.events.place), label)
                .note(format!(
                    "{}:{line} says [retention] events = \"{}\"; it takes one month more than anything looks back",
                    self.events.place.file,
                    self.events.text().unwrap_or_default()
                ))
                .help(format!(
                    "let them stay: [retention] keep = [{}]{or}",
                    quoted(&kinds, '"')
                )),
            );
        }
    }
}

fn quoted(kinds: &[EventKind], mark: char) -> String {
    let quoted = kinds
        .iter()
        .map(|kind| format!("{mark}{}{mark}", kind.as_str()));
    quoted.collect::<Vec<_>>().join(", ")
}

fn label(kinds: &[EventKind], back: Back) -> String {
    let these = quoted(kinds, '\'');
    match back {
        Back::Within(window, None) => format!("looks {window} back for {these}"),
        Back::Within(window, Some(period)) => {
            format!("looks {window} and {period} back for {these}")
        }
        Back::Ever(Why::NoWindow) => format!("looks back without an end for {these}"),
        Back::Ever(Why::NoEnd) => format!("the points of {these} never end"),
        Back::Ever(Why::First) => format!("looks for the first {these} there was"),
        Back::Ever(Why::Last) => format!("looks for the last {these}, however long ago"),
        Back::Ever(Why::Customer) => format!("asks whether there ever was a {these}"),
    }
}

fn other_way(why: Why) -> &'static str {
    match why {
        Why::NoWindow => ", or say in which time: in 12 months",
        Why::NoEnd => ", or let the points end: expires = \"12 months\"",
        Why::First => ", or count otherwise: count = \"per day\"",
        Why::Last => ", or ask for none: no ... in 3 months",
        Why::Customer => "",
    }
}

/// Whether what is kept reaches a month further back, whatever day it is.
fn is_long_enough(kept: Window, back: Back) -> bool {
    let Back::Within(window, period) = back else {
        return false;
    };
    // Every date of four years: months differ.
    (0..1_461).map(Day).all(|day| {
        let mut end = day.plus(window);
        if let Some(period) = period {
            end = end.plus(period);
        }
        end != Day::NEVER && end.plus(MORE) <= day.plus(kept)
    })
}

fn place_of<'t>(root: &'t Table, place: &reach::Place) -> Option<&'t Place> {
    let when = |item: &'t Node, key: &str| {
        let node = item.table().and_then(|table| table.get(key));
        node.map_or(&item.place, |node| &node.place)
    };
    match place {
        reach::Place::Rule { score, rule } => {
            let score = root.table("scores")?.entry(score)?;
            let item = score.node.table()?.items_of("rules").get(*rule);
            Some(item.map_or(&score.place, |item| when(item, "when")))
        }
        reach::Place::Segment(name) => Some(&root.table("segments")?.entry(name)?.node.place),
        reach::Place::Stage(number) => Some(when(root.items_of("stages").get(*number)?, "when")),
        reach::Place::Enter(number) => {
            Some(when(root.items_of("automations").get(*number)?, "when"))
        }
        reach::Place::Leave(number) => {
            Some(when(root.items_of("automations").get(*number)?, "until"))
        }
    }
}
