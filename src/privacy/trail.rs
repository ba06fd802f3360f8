//! Lines of the audit trail about one contact.

use crate::{
    adjusting,
    store::{AuditRow, Conn, ContactId, StoreError},
};

/// Every line that names a contact by one of its addresses, or tells of a correction, an entry or a batch of it; the newest
/// first. `most`: only so many of the newest lines of all are looked through.
pub fn trail(
    conn: &Conn,
    contact: ContactId,
    most: Option<i64>,
) -> Result<Vec<AuditRow>, StoreError> {
    let adjustments = conn.all_adjustments(contact)?;
    let entries = conn.entries_of(contact, i64::MAX)?;
    let cases = conn.cases_of(contact)?;
    let mut handles = vec![super::handle(conn, contact)?];
    for address in &conn.traces(contact)?.addresses {
        if let Some(address) = engaged_connectors::model::Address::parse(address) {
            handles.push(conn.handle(&address)?);
        }
    }
    let named = |detail: &str| {
        let mut words = detail.split([' ', ',', ':', ';']);
        words.any(|word| word.starts_with('#') && handles.iter().any(|handle| handle == word))
    };
    let adjusted = |what: &str, detail: &str| {
        let mut all = adjustments.iter();
        all.any(|(each, _)| adjusting::is_told_by(each.id, what, detail))
    };
    let decided = |what: &str, detail: &str| {
        let of = |entry: i64| detail.split(':').next() == Some(&format!("entry {entry}"));
        matches!(what, "resolve" | "answer lead") && entries.iter().any(|entry| of(entry.entry))
    };
    let undone = |what: &str, detail: &str| {
        let mut batches = cases.iter().filter_map(|case| case.batch);
        what == "clean undo" && batches.any(|batch| detail == format!("batch {batch}"))
    };
    conn.audit_about(most, |what, detail| {
        named(detail) || adjusted(what, detail) || decided(what, detail) || undone(what, detail)
    })
}

/// Every line that names the contact of an address, also one that is kept no more.
pub fn of_address(
    conn: &Conn,
    address: &engaged_connectors::model::Address,
) -> Result<Vec<AuditRow>, StoreError> {
    let handle = conn.handle(address)?;
    conn.audit_about(None, |_, detail| {
        let mut words = detail.split([' ', ',', ':', ';']);
        words.any(|word| word == handle)
    })
}
