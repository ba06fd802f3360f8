//! All that is kept about one contact: every row of every table that names it.
//!
//! Which tables name a contact the schema itself says, so that a table which is
//! added later is not forgotten. Numbers that stand for texts come with the text.

use rusqlite::{Row, params_from_iter, types::ValueRef};
use serde_json::{Map, Value, json};

use crate::store::{
    Conn, ContactId, StoreError,
    word::{status_of, verdict_of},
};

/// The packed copy of `event` that scoring reads: it says nothing of its own.
pub const PACKED: &str = "history";

/// What tables name a contact by other means: the table, and which of its rows.
const BESIDE: [(&str, &str); 4] = [
    ("contact", "id in (select value from json_each(?1))"),
    (
        "merged",
        "into_id in (select value from json_each(?1)) and contact_id not in (select value from json_each(?1))",
    ),
    (
        "cleaning_removal",
        "case_id in (select id from cleaning_case where contact_id in (select value from json_each(?1)))",
    ),
    (
        "reject",
        "(connection_id, platform_id) in (select connection_id, platform_id from identity
           where contact_id in (select value from json_each(?1)))",
    ),
];

/// Where a column's numbers have their texts: columns of that ending, the table, its text.
const TEXTS: [(&[&str], &str, &str); 8] = [
    (
        &[
            "name_id",
            "tag_id",
            "list_id",
            "score_id",
            "band_id",
            "segment_id",
            "stage_id",
            "automation_id",
            "policy_id",
        ],
        "word",
        "text",
    ),
    (&["connection_id"], "connection", "name"),
    (
        &["campaign_id"],
        "campaign",
        "iif(name = '', platform_id, name)",
    ),
    (&["link_id", "url_id"], "url", "url"),
    (&["item_id"], "item", "name"),
    (&["order_id"], "order_number", "number"),
    (&["currency_id"], "currency", "code"),
    (&["kind"], "kind", "name"),
];

/// One table's rows about a contact.
#[derive(Clone, Debug, PartialEq)]
pub struct RowsOf {
    /// The table.
    pub table: String,
    /// The rows, by column; times as text in UTC.
    pub rows: Vec<Map<String, Value>>,
}

impl Conn {
    /// Tables that have a column of that name, in the order of their names.
    pub(in crate::store) fn tables_with(&self, column: &str) -> Result<Vec<String>, StoreError> {
        let mut select = self.sql.prepare_cached(
            "select distinct schema.name from sqlite_schema schema join pragma_table_info(schema.name) info
             where schema.type = 'table' and info.name = ?1 order by 1",
        )?;
        let rows = select.query_map([column], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Which rows are about some contacts: each table, and a condition in which `?1` is their list.
    pub(in crate::store) fn places_about(&self) -> Result<Vec<(String, String)>, StoreError> {
        let of_contact = "contact_id in (select value from json_each(?1))";
        let named = self.tables_with("contact_id")?.into_iter();
        let mut places: Vec<(String, String)> =
            named.map(|table| (table, of_contact.to_owned())).collect();
        places.extend(BESIDE.map(|(table, rows)| (table.to_owned(), rows.to_owned())));
        places.sort();
        Ok(places)
    }

    /// Every row about a contact and all that became part of it. Tables without such a row are left out.
    pub fn everything_about(&self, contact: ContactId) -> Result<Vec<RowsOf>, StoreError> {
        let members = list(&self.members(self.root(contact)?)?);
        let mut all: Vec<RowsOf> = Vec::new();
        for (table, which) in self.places_about()? {
            let mut select = self
                .sql
                .prepare(&format!("select * from {table} where {which}"))?;
            let columns: Vec<String> = select.column_names().map(str::to_owned).collect();
            let mut rows = select.query(params_from_iter([&members]))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                found.push(self.readable(&table, &columns, row)?);
            }
            match all.last_mut().filter(|last| last.table == table) {
                Some(last) => last.rows.append(&mut found),
                None if found.is_empty() => {}
                None => all.push(RowsOf { table, rows: found }),
            }
        }
        Ok(all)
    }

    fn readable(
        &self,
        table: &str,
        columns: &[String],
        row: &Row<'_>,
    ) -> Result<Map<String, Value>, StoreError> {
        let mut shown = Map::new();
        for (place, column) in columns.iter().enumerate() {
            let value = match row.get_ref(place)? {
                ValueRef::Null => continue,
                ValueRef::Integer(number) => self.number(table, column, number)?,
                ValueRef::Real(number) => json!(number),
                ValueRef::Text(text) => json!(String::from_utf8_lossy(text)),
                ValueRef::Blob(bytes) if table == PACKED => {
                    json!(format!(
                        "{} bytes, packed from the rows of event",
                        bytes.len()
                    ))
                }
                ValueRef::Blob(bytes) => json!(hex::encode(bytes)),
            };
            shown.insert(column.clone(), value);
        }
        Ok(shown)
    }

    /// A number with what it stands for.
    fn number(&self, table: &str, column: &str, number: i64) -> Result<Value, StoreError> {
        if column.ends_with("_at") || column == "at" {
            let time = chrono::DateTime::from_timestamp_millis(number);
            return Ok(time.map_or(json!(number), |time| json!(time.to_rfc3339())));
        }
        match (table, column) {
            ("identity" | "subscription", "status") => return Ok(json!(status_of(number)?)),
            ("event" | "verdict", "verdict") => return Ok(json!(verdict_of(number)?)),
            // The platform's word on the contact as a whole.
            ("subscription", "list_id") if number == 0 => return Ok(Value::Null),
            _ => {}
        }
        let text = TEXTS.iter().find(|(names, ..)| names.contains(&column));
        let Some((_, dictionary, text)) = text else {
            return Ok(json!(number));
        };
        let select = format!("select {text} from {dictionary} where id = ?1");
        let mut select = self.sql.prepare_cached(&select)?;
        let found: Option<String> = select
            .query_map([number], |row| row.get(0))?
            .next()
            .transpose()?;
        Ok(found.map_or(json!(number), |text| json!(text)))
    }
}

/// Some contacts as a list for a statement.
pub(in crate::store) fn list(contacts: &[ContactId]) -> String {
    let numbers: Vec<i64> = contacts.iter().map(|contact| contact.0).collect();
    json!(numbers).to_string()
}
