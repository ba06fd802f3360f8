//! Putting a text in a file's place: wholly or not at all, and on disk before it counts.

use std::{
    fs::{self, File, Metadata, OpenOptions, Permissions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
};

use super::{PublishError, text::fingerprint};

/// A text beside the file whose place it is to take.
#[derive(Debug)]
pub(super) struct Staged {
    beside: PathBuf,
    path: PathBuf,
}

/// Writes a text beside the file, with the file's owner and rights, and to the disk. Nothing has changed yet.
pub(super) fn stage(path: &Path, text: &str) -> Result<Staged, PublishError> {
    let refused = |why: String| PublishError::Place {
        path: path.to_owned(),
        why,
    };
    let is = writable(path).map_err(refused)?;
    let beside = beside(path);
    let write = || {
        clear(&beside)?;
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(text.as_bytes())?;
        let made = file.metadata()?;
        if (made.uid(), made.gid()) != (is.uid(), is.gid()) {
            chown(&beside, Some(is.uid()), Some(is.gid()))?;
        }
        // After the owner: a change of that takes rights away.
        file.set_permissions(Permissions::from_mode(is.mode() & 0o7777))?;
        file.sync_all()
    };
    let staged = Staged {
        beside: beside.clone(),
        path: path.to_owned(),
    };
    match write() {
        Ok(()) => Ok(staged),
        Err(error) => {
            // What was begun is of no use to anybody.
            let _ = fs::remove_file(&beside);
            Err(refused(error.to_string()))
        }
    }
}

/// Puts a text in a file's place, if the file still says what was read of it.
pub fn replace(path: &Path, before: &str, after: &str) -> Result<(), PublishError> {
    stage(path, after)?.put(&fingerprint(before))
}

impl Staged {
    /// Puts it in the file's place, if the file still says what it is expected to say.
    pub(super) fn put(self, expected: &str) -> Result<(), PublishError> {
        let refused = |error: &io::Error| PublishError::Place {
            path: self.path.clone(),
            why: error.to_string(),
        };
        let says = fs::read_to_string(&self.path).map_err(|error| refused(&error))?;
        if fingerprint(&says) != expected {
            let _ = fs::remove_file(&self.beside);
            return Err(PublishError::Changed {
                file: self.path.display().to_string(),
            });
        }
        fs::rename(&self.beside, &self.path).map_err(|error| refused(&error))?;
        // From here on the file is the new one. That it stays so after a power cut is for the next start to see.
        let folder = self.path.parent().filter(|path| *path != Path::new(""));
        let synced = File::open(folder.unwrap_or(Path::new("."))).and_then(|dir| dir.sync_all());
        if let Err(error) = synced {
            tracing::warn!("the folder of the configuration was not synced: {error}");
        }
        Ok(())
    }
}

/// Why a text could not be put in the file's place, found out without changing it.
pub(super) fn writable(path: &Path) -> Result<Metadata, String> {
    let is = fs::symlink_metadata(path).map_err(|error| error.to_string())?;
    if is.is_symlink() {
        return Err(
            "it is a symbolic link, and what it leads to is not ours to replace".to_owned(),
        );
    }
    if !is.is_file() {
        return Err("it is no plain file".to_owned());
    }
    if is.nlink() > 1 {
        return Err("it has a second name, which would keep the old text".to_owned());
    }
    // Whoever made it read-only meant that; replacing would pass over it.
    OpenOptions::new()
        .write(true)
        .open(path)
        .map_err(|error| error.to_string())?;
    Ok(is)
}

/// Removes what a publication that was cut off left beside a file.
pub(super) fn clear_beside(path: &Path) {
    if let Err(error) = clear(&beside(path)) {
        tracing::warn!("{} was left behind: {error}", beside(path).display());
    }
}

fn clear(beside: &Path) -> io::Result<()> {
    match fs::remove_file(beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Where the text waits: in the same folder, under a name that no configuration reads.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default();
    path.with_file_name(format!(".{}.publishing", name.display()))
}
