//! One logfile, which comes whole (sheet 4.4). It is read row by row: what was read
//! before is passed over, and what a page has no room for is left, so that of a
//! hundred thousand rows only some are in memory as such. The text itself is.

use serde::{
    Deserializer as _,
    de::{IgnoredAny, SeqAccess, Visitor},
};

use super::{Copernica, wire::Row};
use crate::error::ConnectorError;

/// Rows of one page. A file that has more is asked for once more for each page.
const ROWS: usize = 50_000;
/// The largest file that is taken: some 800,000 rows.
const FILE_MAX: usize = 256 * 1024 * 1024;

/// A part of a file.
pub(super) struct Slice {
    pub(super) rows: Vec<Row>,
    /// Whether there is more behind it.
    pub(super) more: bool,
}

/// Reads the rows behind the first `skip`.
pub(super) async fn read(
    copernica: &Copernica,
    name: &str,
    skip: usize,
) -> Result<Slice, ConnectorError> {
    let path = format!("logfile/{name}/json");
    let answer = copernica
        .client
        .get(&path)
        .body_max(FILE_MAX)
        .send()
        .await?;
    if !answer.status().is_success() {
        return Err(answer.refusal());
    }
    slice(answer.body(), skip, ROWS).map_err(|source| ConnectorError::Contract {
        what: format!("GET {path}"),
        // The words of the parser quote nothing of the file.
        detail: format!(
            "the file is no list of rows: {:?} in line {}, column {}",
            source.classify(),
            source.line(),
            source.column()
        ),
    })
}

fn slice(body: &[u8], skip: usize, most: usize) -> Result<Slice, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let slice = reader.deserialize_seq(Part { skip, most })?;
    reader.end()?;
    Ok(slice)
}

struct Part {
    skip: usize,
    most: usize,
}

impl<'de> Visitor<'de> for Part {
    type Value = Slice;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Slice, A::Error> {
        let mut slice = Slice {
            rows: Vec::new(),
            more: false,
        };
        let mut number = 0;
        loop {
            if number < self.skip || slice.more {
                if rows.next_element::<IgnoredAny>()?.is_none() {
                    return Ok(slice);
                }
            } else if slice.rows.len() == self.most {
                // One more decides; the rest is read only to see that the file is whole.
                slice.more = rows.next_element::<IgnoredAny>()?.is_some();
                if !slice.more {
                    return Ok(slice);
                }
            } else {
                match rows.next_element::<Row>()? {
                    Some(row) => slice.rows.push(row),
                    None => return Ok(slice),
                }
            }
            number += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_file_is_read_in_parts_and_a_cut_one_is_refused() {
        let file = br#"[{"id":"a"},{"id":"b"},{"id":"c"}]"#;
        let ids = |skip, most| {
            let slice = slice(file, skip, most).unwrap();
            let ids: Vec<_> = slice.rows.iter().filter_map(|row| row.text("id")).collect();
            (ids.concat(), slice.more)
        };
        assert_eq!(ids(0, 2), ("ab".into(), true));
        assert_eq!(ids(2, 2), ("c".into(), false));
        assert_eq!(ids(0, 3), ("abc".into(), false));
        assert_eq!(ids(3, 3), (String::new(), false));
        assert!(slice(&file[..20], 0, 1).is_err());
        assert!(slice(b"<html>", 0, 1).is_err());
        assert!(slice(b"{}", 0, 1).is_err());
    }
}
