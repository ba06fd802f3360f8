//! `POST …/search`: filters on an index that lags, up to a ceiling (sheet 3).

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::answer::{Answer, Problem, Reply};
use super::call::Call;
use super::contact::Field;
use super::objects::{Object, Record, View, next};
use super::portal::Portal;
use crate::people::World;

/// One condition of a search.
struct Filter {
    name: String,
    operator: String,
    value: Option<String>,
    high: Option<String>,
    values: Vec<String>,
}

const OPERATORS: [&str; 13] = [
    "EQ",
    "NEQ",
    "LT",
    "LTE",
    "GT",
    "GTE",
    "BETWEEN",
    "IN",
    "NOT_IN",
    "HAS_PROPERTY",
    "NOT_HAS_PROPERTY",
    "CONTAINS_TOKEN",
    "NOT_CONTAINS_TOKEN",
];

impl Filter {
    fn read(value: &Value) -> Result<Self, Problem> {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let operator = text("operator").unwrap_or_default();
        if !OPERATORS.contains(&operator.as_str()) {
            return Err(Problem::invalid(format!("Unknown operator {operator}")));
        }
        let name =
            text("propertyName").ok_or_else(|| Problem::invalid("propertyName is required"))?;
        let values = value["values"].as_array().into_iter().flatten();
        let filter = Self {
            name,
            value: text("value"),
            high: text("highValue"),
            values: values
                .filter_map(|value| value.as_str().map(str::to_owned))
                .collect(),
            operator,
        };
        let complete = match filter.operator.as_str() {
            "HAS_PROPERTY" | "NOT_HAS_PROPERTY" => true,
            "IN" | "NOT_IN" => !filter.values.is_empty(),
            "BETWEEN" => filter.value.is_some() && filter.high.is_some(),
            _ => filter.value.is_some(),
        };
        if complete {
            Ok(filter)
        } else {
            Err(Problem::invalid("A filter lacks its value"))
        }
    }

    fn holds(&self, field: Option<&Field>) -> bool {
        let order = |value: &Option<String>| Some(compare(field?, value.as_deref()?));
        let value = order(&self.value);
        let among = || {
            field.is_some_and(|field| {
                self.values
                    .iter()
                    .any(|value| compare(field, value).is_eq())
            })
        };
        let token = || {
            let found = field.map(Field::wire).unwrap_or_default().to_lowercase();
            let wanted = self
                .value
                .as_deref()
                .unwrap_or_default()
                .trim_matches('*')
                .to_lowercase();
            found
                .split(|c: char| !c.is_alphanumeric())
                .any(|word| word == wanted)
                || found.contains(&wanted)
        };
        match self.operator.as_str() {
            "EQ" => value.is_some_and(Ordering::is_eq),
            "NEQ" => !value.is_some_and(Ordering::is_eq),
            "LT" => value.is_some_and(Ordering::is_lt),
            "LTE" => value.is_some_and(Ordering::is_le),
            "GT" => value.is_some_and(Ordering::is_gt),
            "GTE" => value.is_some_and(Ordering::is_ge),
            "BETWEEN" => {
                value.is_some_and(Ordering::is_ge) && order(&self.high).is_some_and(Ordering::is_le)
            }
            "IN" => among(),
            "NOT_IN" => field.is_some() && !among(),
            "HAS_PROPERTY" => field.is_some(),
            "NOT_HAS_PROPERTY" => field.is_none(),
            "CONTAINS_TOKEN" => field.is_some() && token(),
            _ => !token(),
        }
    }
}

/// A field beside the text of a filter: times as milliseconds or ISO, ids and numbers as numbers, texts without case.
fn compare(field: &Field, value: &str) -> Ordering {
    match field {
        Field::Moment(at) => {
            let other = value.parse().ok().or_else(|| {
                let parsed = value.parse::<chrono::DateTime<chrono::Utc>>().ok()?;
                Some(parsed.timestamp_millis())
            });
            at.cmp(&other.unwrap_or(i64::MAX))
        }
        Field::Number(number) => number.total_cmp(&value.parse().unwrap_or(f64::MAX)),
        Field::Text(text) => match (text.parse::<f64>(), value.parse::<f64>()) {
            (Ok(mine), Ok(other)) => mine.total_cmp(&other),
            _ => text.to_lowercase().cmp(&value.to_lowercase()),
        },
    }
}

/// How results are sorted: by which property, and whether downwards.
struct Sort(String, bool);

impl Sort {
    fn read(body: &serde_json::Map<String, Value>) -> Result<Self, Problem> {
        let sorts = body
            .get("sorts")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        match sorts {
            [] => Ok(Self("createdate".to_owned(), false)),
            // The described form is a text, the usual one an object (sheet 3).
            [Value::String(text)] => Ok(text.strip_prefix('-').map_or_else(
                || Self(text.clone(), false),
                |name| Self(name.to_owned(), true),
            )),
            [one] => {
                let name = one["propertyName"]
                    .as_str()
                    .ok_or_else(|| Problem::invalid("sorts: propertyName is required"))?;
                Ok(Self(name.to_owned(), one["direction"] == "DESCENDING"))
            }
            _ => Err(Problem::invalid("Only one sort is allowed")),
        }
    }
}

/// A search, read.
struct Asked {
    groups: Vec<Vec<Filter>>,
    sort: Sort,
    query: String,
}

impl Portal {
    /// A page of what the index has.
    pub(super) fn search(&self, world: &World, call: &Call, object: Object) -> Reply {
        self.need(object.reading())?;
        let body = call.object()?;
        let limit = match body.get("limit") {
            None => 10,
            Some(limit) => limit
                .as_u64()
                .filter(|limit| (1..=200).contains(limit))
                .ok_or_else(|| Problem::invalid("limit must be between 1 and 200, inclusive"))?,
        };
        let limit = usize::try_from(limit).unwrap_or(200);
        let after = match body.get("after") {
            None | Some(Value::Null) => 0,
            Some(Value::String(text)) if text.is_empty() => 0,
            Some(after) => {
                let number = after.as_u64().or_else(|| after.as_str()?.parse().ok());
                let number =
                    number.ok_or_else(|| Problem::invalid("after must be a whole number"))?;
                usize::try_from(number).unwrap_or(usize::MAX)
            }
        };
        // Nothing lies beyond the ceiling, whatever `total` says.
        if after.saturating_add(limit) > self.options.search_ceiling {
            return Err(Problem::invalid(format!(
                "The search cannot go beyond {} results: paging ends there.",
                self.options.search_ceiling
            )));
        }
        let found = self.matching(world, object, &body)?;
        let page = &found[after.min(found.len())..(after + limit).min(found.len())];
        let view = View::of_body(&body, true);
        let rows: Vec<Value> = page
            .iter()
            .map(|record| self.body(world, *record, &view))
            .collect();
        let mut answer = json!({"total": found.len(), "results": rows});
        if after + page.len() < found.len() {
            answer["paging"] = next(&(after + page.len()).to_string(), &call.path.join("/"));
        }
        Ok(Answer::events(answer, self.deal_names(page)))
    }

    /// Reads a search and holds it to the limits.
    fn asked(
        &self,
        object: Object,
        body: &serde_json::Map<String, Value>,
    ) -> Result<Asked, Problem> {
        let groups = body
            .get("filterGroups")
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice);
        let groups: Vec<Vec<Filter>> = (groups.iter())
            .map(|group| {
                let filters = group["filters"].as_array().into_iter().flatten();
                filters.map(Filter::read).collect()
            })
            .collect::<Result<_, Problem>>()?;
        let (most_groups, most_each, most) = self.options.filter_limits;
        let filters = || groups.iter().flatten();
        if groups.len() > most_groups
            || groups.iter().any(|group| group.len() > most_each)
            || filters().count() > most
        {
            return Err(Problem::invalid("Too many filters or groups of filters"));
        }
        let sort = Sort::read(body)?;
        let names = filters().map(|filter| &filter.name).chain([&sort.0]);
        for name in names.filter(|_| object == Object::Contacts) {
            if self.property(name).is_none() {
                return Err(Problem::property(
                    "PROPERTY_DOESNT_EXIST",
                    &format!("There was a problem with the request: {name} does not exist"),
                    name,
                ));
            }
        }
        let query = body
            .get("query")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_lowercase();
        if query.len() > 3_000 {
            return Err(Problem::invalid("query must be at most 3000 characters"));
        }
        Ok(Asked {
            groups,
            sort,
            query,
        })
    }

    fn matching(
        &self,
        world: &World,
        object: Object,
        body: &serde_json::Map<String, Value>,
    ) -> Result<Vec<Record>, Problem> {
        let Asked {
            groups,
            sort,
            query,
        } = self.asked(object, body)?;
        let field = |record: Record, name: &str| self.field(world, record, name, true);
        let indexed = |record: &Record| {
            record.0 != Object::Contacts
                || self.contacts[record.1 as usize].created <= self.now - self.options.index_lag
        };
        let mut found: Vec<(Option<Field>, Record)> = (self.records(object, false).into_iter())
            .filter(indexed)
            .filter(|record| {
                let all = |group: &Vec<Filter>| {
                    group
                        .iter()
                        .all(|filter| filter.holds(field(*record, &filter.name).as_ref()))
                };
                groups.is_empty() || groups.iter().any(all)
            })
            .filter(|record| {
                let named = || {
                    ["email", "firstname", "lastname"]
                        .into_iter()
                        .filter_map(|name| field(*record, name))
                };
                query.is_empty()
                    || named().any(|field| field.wire().to_lowercase().contains(&query))
            })
            .map(|record| (field(record, &sort.0), record))
            .collect();
        found.sort_by(|(a, one), (b, other)| {
            by_field(a.as_ref(), b.as_ref()).then(one.1.cmp(&other.1))
        });
        if sort.1 {
            found.reverse();
        }
        let mut found: Vec<Record> = found.into_iter().map(|(_, record)| record).collect();
        if self.options.sloppy_index {
            // Neighbours change places, within a page and over its edge.
            for pair in found.chunks_mut(7) {
                let last = pair.len() - 1;
                pair.swap(0, last);
            }
        }
        Ok(found)
    }
}

/// By value; what has none comes last.
fn by_field(a: Option<&Field>, b: Option<&Field>) -> Ordering {
    match (a, b) {
        (Some(Field::Moment(a)), Some(Field::Moment(b))) => a.cmp(b),
        (Some(a), Some(b)) => compare(a, &b.wire()),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}
