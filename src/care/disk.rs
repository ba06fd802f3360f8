//! The room on a disk, and when it is too little to take anything in.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

/// No more than this is kept free, however large the disk is: on one of two terabytes a twentieth would stop a database that
/// has room for years.
const RESERVE_MAX: u64 = 200_000_000;
/// This share of a small disk is kept free.
const RESERVE_PART: u64 = 20;

/// The room on a disk, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Space {
    /// What we may still use.
    pub free: u64,
    /// All of it.
    pub total: u64,
}

impl Space {
    /// What is kept free: for what is being done, for the log, for whoever has to mend things. 5 % or 200 MB, whichever
    /// is less.
    pub fn reserve(self) -> u64 {
        (self.total / RESERVE_PART).min(RESERVE_MAX)
    }

    /// Whether nothing more is to be taken in.
    pub fn is_low(&self) -> bool {
        self.free < self.reserve()
    }
}

/// The room on the disk of a file that exists, or is to be; `None` where the system does not tell.
pub fn space(file: &Path) -> Option<Space> {
    let folder = file
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let found = rustix::fs::statvfs(folder.unwrap_or(Path::new("."))).ok()?;
    Some(Space {
        free: found.f_bavail.checked_mul(found.f_frsize)?,
        total: found.f_blocks.checked_mul(found.f_frsize)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twentieth_of_a_small_disk_and_two_hundred_megabytes_of_a_large_one_are_kept_free() {
        let low = |free, total| Space { free, total }.is_low();
        assert!(low(49, 1_000) && !low(50, 1_000));
        assert!(low(RESERVE_MAX - 1, 2_000_000_000_000));
        assert!(!low(RESERVE_MAX, 2_000_000_000_000));
    }

    #[test]
    fn the_disk_of_a_file_that_is_not_there_yet_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let space = space(&folder.path().join("none.db")).unwrap();
        assert!(space.free <= space.total && space.total > 0);
    }
}
