//! From `[[tests]]` to checked [`RuleTest`]s. Events and contacts are read by
//! the import's own reader, so that a row means here what it means there.

use serde_json::{Map, Value as Json};

use super::{
    code,
    found::Found,
    near::proposal,
    tree::{Entry, Node, Table, Value},
};
use crate::{
    diagnostic::{Diagnostic, Place},
    import::row::{BadRow, Row, RowReader},
    rule_tests::{Expectation, Expected, RuleTest},
    rules::{
        glob::fold,
        set::RuleSet,
        syntax::{Condition, RuleWhen},
    },
    score::calendar::{Day, Zone},
};

/// Whoever a test does not name.
const SOMEBODY: &str = "somebody@example.com";

/// Where rows come from if a test does not say.
const IMPORT: &str = "import";

const REASONS: [&str; 10] = [
    "present",
    "absent",
    "no_tracking",
    "too_new",
    "not_tracked",
    "not_mailed",
    "too_few_sends",
    "coverage_gap",
    "unmeasurable",
    "never_customer",
];

/// Checks all tests. What is wrong is left out, and reported.
pub(super) fn check(root: &Table, rules: &RuleSet, found: &mut Found) -> Vec<RuleTest> {
    let tables = root.items_of("tests").iter().filter_map(Node::table);
    let mut tables = tables.peekable();
    if tables.peek().is_none() {
        return Vec::new();
    }
    let zone = Zone::new(rules.zone);
    tables
        .filter_map(|table| test(root, table, rules, &zone, found))
        .collect()
}

fn test(
    root: &Table,
    table: &Table,
    rules: &RuleSet,
    zone: &Zone,
    found: &mut Found,
) -> Option<RuleTest> {
    let connection = connection(root, table.get("connection"), found);
    let mut rows = Rows {
        reader: RowReader::new(&rules.kinds),
        zone,
        email: contact_email(table),
    };
    let empty = Table::default();
    let about = table.get("contact").and_then(Node::table);
    let contact = rows.contact(about.unwrap_or(&empty), table.get("contact"), found);
    let items = |name: &str| {
        table
            .items_of(name)
            .iter()
            .filter(|node| node.table().is_some())
    };
    let events = items("events")
        .filter_map(|node| rows.event(node, found))
        .collect();
    let gaps = items("gaps")
        .filter_map(|node| rows.gap(node, found))
        .collect();
    let expected = table.table("expect").unwrap_or(&empty);
    let expected = Expecting { root, rules, found }.all(expected);
    Some(RuleTest {
        name: table.text("name")?.to_owned(),
        as_of: as_of(table.get("as_of")?, found)?,
        connection,
        contact: contact?,
        events,
        gaps,
        expected,
    })
}

fn contact_email(table: &Table) -> String {
    let about = table.table("contact");
    let email = about.and_then(|about| about.text("email"));
    email.unwrap_or(SOMEBODY).to_owned()
}

fn connection(root: &Table, node: Option<&Node>, found: &mut Found) -> String {
    let Some((node, name)) = node.and_then(|node| Some((node, node.text()?))) else {
        return IMPORT.to_owned();
    };
    let known = super::names(root, "connections");
    if name != IMPORT && !known.contains(&name) {
        let known = known.iter().copied().chain([IMPORT]);
        found.add(unknown("connection", name, &node.place, known));
    }
    name.to_owned()
}

fn unknown<'a>(
    what: &str,
    name: &str,
    place: &Place,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> Diagnostic {
    Diagnostic::error(code::UNKNOWN_NAME, format!("there is no {what} '{name}'"))
        .at(place, format!("unknown {what}"))
        .maybe_help(proposal(name, known))
}

fn as_of(node: &Node, found: &mut Found) -> Option<Day> {
    let text = plain(node)?;
    let day = Day::parse(&text);
    if day.is_none() {
        found.add(
            Diagnostic::error(code::BAD_VALUE, "'as_of' must be a date")
                .at(&node.place, "not a date")
                .help("write it as 2026-06-15"),
        );
    }
    day
}

/// A value's text, whatever its kind; `None` for lists and tables.
fn plain(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) | Value::Float(text) | Value::Date(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Truth(truth) => Some(truth.to_string()),
        Value::List(_) | Value::Table(_) => None,
    }
}

/// Rows of a test, read as an import reads them.
struct Rows<'a> {
    reader: RowReader,
    zone: &'a Zone,
    email: String,
}

impl Rows<'_> {
    fn contact(
        &mut self,
        table: &Table,
        node: Option<&Node>,
        found: &mut Found,
    ) -> Option<engaged_connectors::model::Contact> {
        let mut cells = self.cells(table);
        cells.insert("email".to_owned(), Json::from(self.email.clone()));
        match self.reader.json(&Json::Object(cells).to_string()) {
            Ok(Some(Row::Contact(contact))) => Some(contact),
            Ok(_) => None,
            Err(bad) => {
                report(&bad, table, node, found);
                None
            }
        }
    }

    fn event(
        &mut self,
        node: &Node,
        found: &mut Found,
    ) -> Option<engaged_connectors::model::Event> {
        let table = node.table()?;
        let mut cells = self.cells(table);
        if !cells.contains_key("kind") || !cells.contains_key("at") {
            // The table of keys has said so.
            return None;
        }
        cells.insert("email".to_owned(), Json::from(SOMEBODY));
        match self.reader.json(&Json::Object(cells).to_string()) {
            Ok(Some(Row::Event(event))) => Some(event),
            Ok(_) => None,
            Err(bad) => {
                report(&bad, table, Some(node), found);
                None
            }
        }
    }

    fn gap(&mut self, node: &Node, found: &mut Found) -> Option<crate::store::Gap> {
        let table = node.table()?;
        if table.get("from").is_none() || table.get("to").is_none() {
            return None;
        }
        let row = serde_json::json!({ "gap": self.cells(table) });
        match self.reader.json(&row.to_string()) {
            Ok(Some(Row::Gap(gap))) => Some(gap),
            Ok(_) => None,
            Err(bad) => {
                report(&bad, table, Some(node), found);
                None
            }
        }
    }

    /// A table as the cells of a row. A date where a time is wanted is noon of that day.
    fn cells(&self, table: &Table) -> Map<String, Json> {
        let cell = |entry: &Entry| {
            let json = match &entry.node.value {
                Value::List(nodes) => nodes.iter().filter_map(plain).collect(),
                Value::Table(inner) => Json::Object(self.cells(inner)),
                _ => Json::from(self.text(&entry.name, &entry.node)),
            };
            (entry.name.clone(), json)
        };
        table.entries.iter().map(cell).collect()
    }

    fn text(&self, name: &str, node: &Node) -> String {
        let text = plain(node).unwrap_or_default();
        let day = Day::parse(&text).filter(|_| ["at", "subscribed_at"].contains(&name));
        let noon = day.and_then(|day| {
            let at = self.zone.start_of(day) + 12 * 3_600_000;
            chrono::DateTime::from_timestamp_millis(at)
        });
        noon.map_or(text, |noon| noon.to_rfc3339())
    }
}

/// A row's mistake, at the words of the key that it names.
fn report(bad: &BadRow, table: &Table, node: Option<&Node>, found: &mut Found) {
    let reason = &bad.0;
    let mut words = reason.split(|c: char| !c.is_alphanumeric() && c != '_');
    let named = words.find_map(|word| {
        let entry = table.entry(word);
        entry.or_else(|| table.entry(&format!("{word}s")))
    });
    let diagnostic = Diagnostic::error(code::BAD_VALUE, reason.clone());
    found.add(match named.map(|entry| &entry.node).or(node) {
        Some(node) => diagnostic.at(&node.place, ""),
        None => diagnostic,
    });
}

/// What a test expects, against what the rules have.
struct Expecting<'a> {
    root: &'a Table,
    rules: &'a RuleSet,
    found: &'a mut Found,
}

impl Expecting<'_> {
    fn all(mut self, table: &Table) -> Vec<Expected> {
        let mut all = Vec::new();
        for entry in &table.entries {
            match (entry.name.as_str(), &entry.node.value) {
                ("scores", Value::Table(named)) => {
                    let points = named.entries.iter().filter_map(|entry| self.points(entry));
                    all.extend(points);
                }
                ("bands", Value::Table(named)) => {
                    all.extend(named.entries.iter().filter_map(|entry| self.band(entry)));
                }
                ("reasons", Value::Table(named)) => {
                    all.extend(named.entries.iter().filter_map(|entry| self.reason(entry)));
                }
                ("segments", Value::List(nodes)) => all.push(self.segments(&entry.node, nodes)),
                ("stage", Value::Text(name)) => all.push(self.stage(&entry.node, name)),
                _ => {}
            }
        }
        all
    }

    /// Whether there is a score of the entry's name, be it one with mistakes of its own.
    fn is_score(&mut self, entry: &Entry) -> bool {
        let known = super::names(self.root, "scores");
        let is = known.contains(&entry.name.as_str());
        if !is {
            let unknown = unknown("score", &entry.name, &entry.place, known.iter().copied());
            self.found.add(unknown);
        }
        is
    }

    /// Whether every rule that was typed is in the set: what a mistake left out is not known to be absent.
    fn has_all_rules(&self) -> bool {
        let scores = self.root.entries_of("scores").iter();
        let typed = scores.filter_map(|entry| Some(entry.node.table()?.items_of("rules").len()));
        let read = self.rules.scores.iter().map(|score| score.rules.len());
        typed.sum::<usize>() == read.sum::<usize>()
    }

    fn points(&mut self, entry: &Entry) -> Option<Expected> {
        self.is_score(entry).then_some(())?;
        Some(Expected {
            what: Expectation::Points(entry.name.clone(), entry.node.integer()?),
            place: entry.node.place.clone(),
        })
    }

    fn band(&mut self, entry: &Entry) -> Option<Expected> {
        self.is_score(entry).then_some(())?;
        let name = entry.node.text()?;
        let score = self
            .rules
            .scores
            .iter()
            .find(|score| score.name == entry.name)?;
        let known = score.bands.iter().map(|band| band.name.as_str());
        if !name.is_empty() && !known.clone().any(|band| band == name) {
            self.found
                .add(unknown("band", name, &entry.node.place, known));
        }
        Some(Expected {
            what: Expectation::Band(entry.name.clone(), some(name)),
            place: entry.node.place.clone(),
        })
    }

    fn segments(&mut self, node: &Node, nodes: &[Node]) -> Expected {
        let known = super::names(self.root, "segments");
        let mut names = Vec::new();
        for node in nodes {
            let Some(name) = node.text() else { continue };
            if !known.contains(&name) {
                let known = known.iter().copied();
                self.found.add(unknown("segment", name, &node.place, known));
            }
            names.push(name.to_owned());
        }
        Expected {
            what: Expectation::Segments(names),
            place: node.place.clone(),
        }
    }

    fn stage(&mut self, node: &Node, name: &str) -> Expected {
        let stages = self.root.items_of("stages").iter();
        let known = stages.filter_map(|stage| stage.table()?.text("name"));
        if !name.is_empty() && !known.clone().any(|stage| stage == name) {
            self.found.add(unknown("stage", name, &node.place, known));
        }
        Expected {
            what: Expectation::Stage(some(name)),
            place: node.place.clone(),
        }
    }

    fn reason(&mut self, entry: &Entry) -> Option<Expected> {
        let asked = absences(self.rules);
        let wanted = fold(entry.name.trim());
        let absence = asked
            .iter()
            .find(|(typed, absence)| fold(typed) == wanted || fold(&absence.to_string()) == wanted);
        let Some((_, absence)) = absence else {
            if self.has_all_rules() {
                let known = asked.iter().map(|(typed, _)| typed.as_str());
                let what = "absence in the rules of scores";
                self.found
                    .add(unknown(what, &entry.name, &entry.place, known));
            }
            return None;
        };
        let text = entry.node.text()?;
        let (word, since) = text
            .split_once(" since ")
            .map_or((text, None), |(word, day)| {
                (word, Some(Day::parse(day.trim())))
            });
        if !REASONS.contains(&word) || since == Some(None) || (since.is_some() && word != "absent")
        {
            self.found.add(
                Diagnostic::error(code::BAD_VALUE, format!("'{text}' is not a reason"))
                    .at(&entry.node.place, "not one of the reasons")
                    .help(format!(
                        "possible here: {}, absent since 2026-06-15",
                        REASONS.join(", ")
                    )),
            );
            return None;
        }
        Some(Expected {
            what: Expectation::Reason {
                absence: absence.clone(),
                word: word.to_owned(),
                since: since.flatten(),
            },
            place: entry.node.place.clone(),
        })
    }
}

fn some(name: &str) -> Option<String> {
    (!name.is_empty()).then(|| name.to_owned())
}

/// Every absence that scores ask for, as typed where it is a whole rule, and as a condition.
fn absences(rules: &RuleSet) -> Vec<(String, Condition)> {
    fn collect(condition: &Condition, typed: Option<&str>, all: &mut Vec<(String, Condition)>) {
        match condition {
            Condition::Absence { .. } => {
                let text = typed.map_or_else(|| condition.to_string(), str::to_owned);
                all.push((text, condition.clone()));
            }
            Condition::Or(parts) | Condition::And(parts) => {
                for part in parts {
                    collect(part, None, all);
                }
            }
            Condition::Not(inner) => collect(inner, None, all),
            _ => {}
        }
    }
    let mut all = Vec::new();
    for rule in rules.scores.iter().flat_map(|score| &score.rules) {
        if let RuleWhen::State(condition) = &rule.when {
            collect(condition, Some(&rule.text), &mut all);
        }
    }
    all
}
