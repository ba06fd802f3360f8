//! The packed history: bytes that are not ours are refused, and what is read is written as the same again.

use engaged::store::codec::{Entry, decode, encode};

/// Reads one blob.
pub fn run(bytes: &[u8]) {
    let mut entries = Vec::new();
    if decode(bytes, &mut entries).is_err() {
        return;
    }
    let mut again: Vec<Entry> = Vec::new();
    for blob in encode(&entries) {
        let read = decode(&blob, &mut again);
        assert_eq!(read, Ok(()), "our own bytes are refused: {entries:?}");
    }
    assert_eq!(again, entries);
}
