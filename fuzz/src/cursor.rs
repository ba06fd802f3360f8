//! Cursors as the database gives them back: what another version wrote, or a damaged disk, is refused or resumes.
//!
//! A letter names the platform, a digit the stream; then the cursor, and answers as in `wire`.

use engaged_connectors::Cursor;

use super::{
    platform::{ALL, Answer, BETWEEN, Platform},
    wire,
};

/// Resumes at a cursor.
pub fn run(bytes: &[u8]) {
    let mut parts = bytes.split(|byte| *byte == BETWEEN);
    let Some([letter, digit, cursor @ ..]) = parts.next() else {
        return;
    };
    let Ok(cursor) = std::str::from_utf8(cursor) else {
        return;
    };
    let platform = Platform::of(ALL[usize::from(*letter) % ALL.len()]);
    let answers = parts.map(Answer::read).collect();
    let cursor = Cursor::from_stored(cursor.to_owned());
    wire::pulled(platform, *digit, Some(cursor), answers);
}
