//! Rows that files and programs bring: each is understood or named as bad, without the address that stands in it.

use engaged::import::row::{BadRow, Row, RowReader};
use engaged_connectors::model::Address;

/// Reads each line as JSON, and the whole as a table of cells.
pub fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let kinds = ["demo_request".to_owned()];
    let (mut reader, mut again) = (RowReader::new(&kinds), RowReader::new(&kinds));
    for line in text.lines() {
        let row = reader.json(line);
        judge(line, &row);
        assert_eq!(row, again.json(line), "the same line, read twice");
    }
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = lines.next().unwrap_or_default();
    for cells in lines {
        let pairs = head.iter().copied().zip(cells.iter().copied());
        let row: Vec<(&str, &str)> = pairs.filter(|(_, cell)| !cell.is_empty()).collect();
        judge(&cells.join(","), &reader.csv(&row));
    }
}

fn judge(line: &str, row: &Result<Option<Row>, BadRow>) {
    match row {
        Ok(Some(Row::Contact(contact))) => {
            assert!(
                !contact.id.is_empty() || contact.email.is_some(),
                "of nobody"
            );
        }
        Ok(Some(Row::Event(event))) => {
            let of = &event.contact;
            assert!(of.id.is_some() || of.email.is_some(), "of nobody");
            assert!(!event.kind.as_str().is_empty());
        }
        Ok(Some(Row::Gap(gap))) => assert!(gap.from <= gap.to, "a gap that ends before it begins"),
        Ok(None) => {}
        Err(BadRow(reason)) => {
            assert!(!reason.is_empty(), "left out without a reason");
            let separates = |c: char| c.is_whitespace() || "\"',;:{}[]()<>\\".contains(c);
            let private = line.split(separates).filter(|word| word.len() > 5);
            for address in private.filter_map(Address::parse) {
                let told = reason.to_lowercase().contains(address.reveal());
                assert!(!told, "the reason holds an address: {reason}");
            }
        }
    }
}
