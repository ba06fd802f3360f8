//! Texts from elsewhere on their way out: no address in a log, nothing that commands a terminal, and small readers.

use engaged::{
    bundle::clean::Cleaner, hooks::path::Paths, import::row::RowReader, listing::csv_line,
    rules::syntax::Decimal, store::Place, text::inert,
};
use engaged_connectors::{http::redact, model::Address};
use secrecy::SecretString;

use super::scratch::holds_no_address;

const SECRET: &str = "s3cr3t-of-ours";

/// Sends a text through everything that cleans.
pub fn run(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let text = text.as_ref();
    let shown = redact(text, 400);
    holds_no_address(&shown);
    assert!(!shown.contains(char::is_control) && shown.chars().count() <= 401);
    let safe = inert(text);
    assert!(!safe.contains(|c: char| c.is_control() && c != '\n'));
    assert_eq!(inert(&safe), safe);
    cleaned(text);
    if let Some(address) = Address::parse(text) {
        assert_eq!(
            Address::parse(address.reveal()),
            Some(address.clone()),
            "parsed twice"
        );
        let hidden = address.to_string();
        let (local, _) = address.reveal().split_once('@').unwrap_or_default();
        assert!(
            local.chars().count() < 2 || !hidden.starts_with(local),
            "{hidden}"
        );
    }
    if let Ok(place) = text.parse::<Place>() {
        assert_eq!(place.to_string().parse(), Ok(place));
    }
    if let Some(number) = Decimal::parse(text) {
        assert_eq!(Decimal::parse(&number.to_string()), Some(number));
    }
    let mut paths = Paths::default();
    if paths.add(&SecretString::from(text)) {
        assert!(paths.fit(text) && !paths.fit(&format!("{text}x")));
    }
    exported(text);
}

fn cleaned(text: &str) {
    let secret = SecretString::from(SECRET);
    let cleaner = Cleaner::new(
        vec![secret],
        vec!["Newsletter".into()],
        Some("/home/tom".into()),
    );
    let prose = cleaner.prose(text);
    holds_no_address(&prose);
    for cleaned in [
        prose,
        cleaner.known(text),
        cleaner.configuration(text),
        cleaner
            .report(&serde_json::json!({ "message": text, text: [text] }))
            .to_string(),
    ] {
        assert!(
            !cleaned.contains(SECRET) && !cleaned.contains("/home/tom"),
            "{cleaned}"
        );
    }
    holds_no_address(&cleaner.configuration(text));
}

/// A cell of a list that is written as CSV: one line for CSV's own reader, and no formula for a spreadsheet.
fn exported(text: &str) {
    let line = csv_line([text.to_owned(), "end".to_owned()].into_iter());
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(line.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(|row| row.unwrap()).collect();
    assert_eq!(rows.len(), 1, "{line:?}");
    assert_eq!((rows[0].len(), &rows[0][1]), (2, "end"));
    let cell = &rows[0][0];
    let number = cell.parse::<f64>().is_ok_and(f64::is_finite);
    let begins = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    assert!(number || !begins, "a formula: {cell:?}");
    let _ = RowReader::new(&[]).csv(&[("email", cell)]);
}
