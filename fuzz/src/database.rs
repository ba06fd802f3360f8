//! A damaged database: it is read without falling over, and whatever is found is no fault of ours.
//!
//! Patches of five bytes: three for the place in the file, one that is written there, one for how often.

use std::{fs, sync::LazyLock};

use engaged::{
    config::{self, Config, Environment},
    import,
    store::{Access, Store, StoreError},
    verify::verify,
};
use tempfile::TempDir;

use super::{
    query::{CONFIG, LINES, jobs},
    scratch::{self, Noon},
};

struct Sound {
    folder: TempDir,
    config: Config,
    bytes: Vec<u8>,
}

impl Sound {
    fn make() -> Self {
        let folder = scratch::folder();
        let path = folder.path().join("engaged.toml");
        fs::write(&path, CONFIG).unwrap();
        let config = config::load(&path, &Environment::new()).unwrap();
        let store = Store::open(&config.database, Access::ReadWrite, &Noon).unwrap();
        let file = folder.path().join("import.jsonl");
        fs::write(&file, LINES).unwrap();
        let files = [file];
        let options = import::Options::default();
        import::import(&store, &files, &options, &Noon, &mut |_| ()).unwrap();
        let jobs = jobs(config.clone(), store);
        super::platform::with_stand(jobs.score(false)).unwrap();
        drop(jobs);
        let bytes = fs::read(&config.database).unwrap();
        Self {
            folder,
            config,
            bytes,
        }
    }
}

/// Damages a copy, and verifies it.
pub fn run(bytes: &[u8]) {
    static SOUND: LazyLock<Sound> = LazyLock::new(Sound::make);
    let sound = &*SOUND;
    let mut damaged = sound.bytes.clone();
    for patch in bytes.chunks_exact(5) {
        let place = u32::from_le_bytes([patch[0], patch[1], patch[2], 0]);
        let place = usize::try_from(place).unwrap() % damaged.len();
        let end = (place + 1 + usize::from(patch[4])).min(damaged.len());
        damaged[place..end].fill(patch[3]);
    }
    let path = sound.folder.path().join("damaged.db");
    fs::write(&path, &damaged).unwrap();
    let end = Store::open(&path, Access::ReadOnly, &Noon)
        .and_then(|store| verify(&store, &sound.config, &Noon));
    match end {
        Ok(report) if damaged == sound.bytes => {
            assert_eq!((report.different, report.audit_broken_at), (0, None));
            assert!(report.compared > 0, "nothing was compared");
        }
        Err(StoreError::Bug { detail }) => panic!("called a fault of ours: {detail}"),
        _ => {}
    }
}
