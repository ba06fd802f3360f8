//! CSV: a header with the names of the columns, then a row a line.

use std::{fs::File, io::BufReader, path::Path};

use super::{
    Import, ImportError,
    row::{BadRow, Row},
    unreadable,
};

/// Hands each row on with its line number and the bytes read so far.
pub(super) fn read<'i>(
    import: &mut Import<'i>,
    lines: BufReader<File>,
    path: &Path,
    take: &mut impl FnMut(
        &mut Import<'i>,
        u64,
        u64,
        Result<Option<Row>, BadRow>,
    ) -> Result<(), ImportError>,
) -> Result<(), ImportError> {
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .has_headers(false)
        .from_reader(lines);
    let mut record = csv::ByteRecord::new();
    let mut header: Option<Vec<String>> = None;
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => return Err(unreadable(path, error.into())),
        }
        let line = record.position().map_or(0, csv::Position::line);
        let bytes = reader.position().byte();
        let Some(columns) = &header else {
            let names = record
                .iter()
                .map(|name| String::from_utf8_lossy(name).trim().to_owned());
            header = Some(names.collect());
            continue;
        };
        let row = cells(columns, &record).and_then(|cells| import.rows.csv(&cells));
        take(import, line, bytes, row)?;
    }
}

/// Column and text of each cell that is not empty.
fn cells<'r>(
    columns: &'r [String],
    record: &'r csv::ByteRecord,
) -> Result<Vec<(&'r str, &'r str)>, BadRow> {
    if record.len() > columns.len() {
        return Err(BadRow(format!(
            "{} cells under {} columns",
            record.len(),
            columns.len()
        )));
    }
    let mut cells = Vec::with_capacity(record.len());
    for (column, cell) in columns.iter().zip(record) {
        let text = std::str::from_utf8(cell).map_err(|_| BadRow("not UTF-8".into()))?;
        if !text.is_empty() {
            cells.push((column.as_str(), text));
        }
    }
    Ok(cells)
}
