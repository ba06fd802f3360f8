//! JSON lines: one object a line.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use super::{
    Import, ImportError,
    row::{BadRow, Row},
    unreadable,
};

/// A line longer than this is no row of ours; it is skipped without being kept in memory.
const LINE_MAX: usize = 1 << 20;

/// Hands each row on with its line number and the bytes read so far.
pub(super) fn read<'i>(
    import: &mut Import<'i>,
    mut lines: BufReader<File>,
    path: &Path,
    take: &mut impl FnMut(
        &mut Import<'i>,
        u64,
        u64,
        Result<Option<Row>, BadRow>,
    ) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let (mut number, mut bytes) = (0, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = read_line(&mut lines, &mut line).map_err(|source| unreadable(path, source))?;
        if length == 0 {
            return Ok(());
        }
        number += 1;
        bytes += length;
        let row = if line.len() > LINE_MAX {
            Err(BadRow(format!("longer than {} kB", LINE_MAX / 1024)))
        } else {
            std::str::from_utf8(&line)
                .map_err(|_| BadRow("not UTF-8".into()))
                .and_then(|text| import.rows.json(text))
        };
        take(import, number, bytes, row)?;
    }
}

/// Reads to the end of the line and keeps at most a byte more than [`LINE_MAX`] of it. Returns the bytes read.
fn read_line(lines: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<u64> {
    let mut length = 0;
    loop {
        let buffer = lines.fill_buf()?;
        if buffer.is_empty() {
            return Ok(length);
        }
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let used = end.map_or(buffer.len(), |end| end + 1);
        let room = (LINE_MAX + 1).saturating_sub(line.len());
        line.extend_from_slice(&buffer[..used.min(room)]);
        lines.consume(used);
        length += u64::try_from(used).unwrap_or(u64::MAX);
        if end.is_some() {
            return Ok(length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_line_is_read_without_being_kept() {
        let mut text = vec![b'x'; LINE_MAX * 3];
        text.extend_from_slice(b"\nnext\n");
        let mut lines = BufReader::new(text.as_slice());
        let mut line = Vec::new();
        let length = read_line(&mut lines, &mut line).unwrap();
        assert_eq!(usize::try_from(length).unwrap(), LINE_MAX * 3 + 1);
        assert_eq!(line.len(), LINE_MAX + 1);
        line.clear();
        read_line(&mut lines, &mut line).unwrap();
        assert_eq!(line, b"next\n");
    }
}
