//! Reads the archive of a batch's results: a tar, gzipped, with files that hold
//! arrays of results; some files are empty (sheet, section 6). Pure.

use std::{
    collections::BTreeMap,
    io::{self, Read},
};

use flate2::read::GzDecoder;
use serde::Deserialize;

/// The most bytes that are read after decompression.
const MAX: u64 = 64 * 1024 * 1024;
/// How a gzipped file begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What became of one operation.
#[derive(Debug, Deserialize)]
pub(super) struct Result {
    pub(super) status_code: u16,
    operation_id: Option<String>,
    /// The answer's body, as a text.
    #[serde(default)]
    pub(super) response: String,
}

/// The results by operation. A damaged archive gives those in front of the damage.
pub(super) fn read(bytes: &[u8]) -> BTreeMap<String, Result> {
    let mut results = BTreeMap::new();
    // A store that declares the gzip as an encoding has it taken off on the way.
    let outcome = if bytes.starts_with(&GZIP) {
        collect(GzDecoder::new(bytes).take(MAX), &mut results)
    } else {
        collect(bytes.take(MAX), &mut results)
    };
    if let Err(error) = outcome {
        tracing::warn!(%error, found = results.len(), "the archive of a batch is damaged");
    }
    results
}

fn collect(reader: impl Read, results: &mut BTreeMap<String, Result>) -> io::Result<()> {
    for entry in tar::Archive::new(reader).entries()? {
        let mut entry = entry?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let mut text = Vec::new();
        entry.read_to_end(&mut text)?;
        let rows: Vec<Result> = match serde_json::from_slice(&text) {
            Ok(rows) => rows,
            Err(_) if text.trim_ascii().is_empty() => continue,
            // Its own words may quote what stands there, and these go to the log.
            Err(source) => {
                let place = format!("no list of results: line {}", source.line());
                return Err(io::Error::new(io::ErrorKind::InvalidData, place));
            }
        };
        for row in rows {
            if let Some(id) = row.operation_id.clone() {
                results.insert(id, row);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn pack(files: &[&str]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (number, text) in files.iter().enumerate() {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, format!("{number}.json"), text.as_bytes())
                .unwrap();
        }
        let tar = tar.into_inner().unwrap();
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&tar).unwrap();
        gzip.finish().unwrap()
    }

    const ONE: &str = r#"[{"status_code":200,"operation_id":"0","response":"{}"}]"#;
    const TWO: &str = r#"[{"status_code":404,"operation_id":"1","response":"{}"}]"#;

    #[test]
    fn results_are_found_across_files_and_empty_ones_are_passed_over() {
        let results = read(&pack(&[ONE, "", TWO]));
        let codes: Vec<_> = results.values().map(|result| result.status_code).collect();
        assert_eq!(codes, [200, 404]);
    }

    #[test]
    fn an_archive_without_its_gzip_reads_the_same() {
        let mut tar = Vec::new();
        GzDecoder::new(&pack(&[ONE])[..])
            .read_to_end(&mut tar)
            .unwrap();
        assert_eq!(read(&tar).len(), 1);
    }

    #[test]
    fn what_is_said_of_damage_quotes_nothing_of_the_archive() {
        let damaged = pack(&["\"jan@example.nl\""]);
        let error = collect(GzDecoder::new(&damaged[..]), &mut BTreeMap::new()).unwrap_err();
        assert_eq!(error.to_string(), "no list of results: line 1");
    }

    #[test]
    fn a_damaged_archive_gives_what_it_has() {
        assert!(read(b"<html>expired").is_empty());
        assert!(read(&[]).is_empty());
        let whole = pack(&[ONE, TWO]);
        assert!(read(&whole[..whole.len() / 2]).len() < 2);
        assert_eq!(read(&pack(&[ONE, "<html>"])).len(), 1);
    }
}
