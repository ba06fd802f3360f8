//! What somebody who is to help needs to see, in one file that holds no secret and nobody's address.
//!
//! Two rules make it so. Whatever has a shape (configuration, status) is walked key by key: what is not known to be harmless is
//! blotted out. Whatever is a sentence loses what stands in quotation marks, and every word that looks like an address or
//! a key. The secrets that the configuration names are looked for once more in all of it (`clean`).

pub mod clean;
mod contents;

#[cfg(test)]
mod tests;

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use flate2::{Compression, write::GzEncoder};

pub use contents::{Asked, contents};

/// One file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// What it is, in a few words.
    pub about: &'static str,
    /// What it says.
    pub text: String,
}

/// Writes the parts as one `tar.gz`, in a folder of their own.
pub fn pack(out: impl Write, folder: &str, parts: &[Part], now: DateTime<Utc>) -> io::Result<()> {
    let mut archive = tar::Builder::new(GzEncoder::new(out, Compression::default()));
    for part in parts {
        let mut header = tar::Header::new_gnu();
        header.set_size(part.text.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(now.timestamp()).unwrap_or_default());
        let name = format!("{folder}/{}", part.name);
        archive.append_data(&mut header, name, part.text.as_bytes())?;
    }
    archive.into_inner()?.finish()?.flush()
}
