//! A disk that loses power: what was synced is there, of what was not any part may be.
//!
//! Within one file nothing orders unsynced writes, and each is as whole as its sectors are. That a file exists or
//! no longer exists is taken to last at once; `SQLite` syncs the folder where it rests on that.

use engaged_sandbox::rng::{Rng, mix};

use crate::trace::{FILES, Op};

/// What a disk writes whole or not at all.
const SECTOR: usize = 512;

/// The files, each if it exists.
pub type Image = [Option<Vec<u8>>; FILES.len()];

/// What becomes of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Nothing of it is there.
    All,
    /// Of the writes some are there.
    Writes,
    /// Of the writes some sectors are there.
    Sectors,
    /// All of it is there, as after the death of the process alone.
    Nothing,
}

enum Change {
    Write(usize, Vec<u8>),
    Cut(usize),
}

/// The files as they are synced, and what waits.
pub struct Disk {
    synced: Image,
    waiting: Vec<(usize, Change)>,
    /// Calls so far.
    calls: u64,
    /// At which call the synced files last changed.
    changed: u64,
}

/// What a cut leaves. Cuts with the same name leave the same.
pub struct Left {
    /// The files.
    pub image: Image,
    /// Tells apart what is left.
    pub name: u64,
}

impl Disk {
    /// With these files, all synced.
    pub fn new(synced: Image) -> Self {
        Self {
            synced,
            waiting: Vec::new(),
            calls: 0,
            changed: 0,
        }
    }

    /// Does what was done.
    pub fn apply(&mut self, op: &Op) {
        self.calls += 1;
        match op {
            Op::Write(file, at, bytes) => self
                .waiting
                .push((*file, Change::Write(*at, bytes.clone()))),
            Op::Cut(file, length) => self.waiting.push((*file, Change::Cut(*length))),
            Op::Sync(file) => {
                self.changed = self.calls;
                for (of, change) in std::mem::take(&mut self.waiting) {
                    if of == *file {
                        change.apply(&mut self.synced[of]);
                    } else {
                        self.waiting.push((of, change));
                    }
                }
            }
            Op::Gone(file) => {
                self.changed = self.calls;
                self.waiting.retain(|(of, _)| of != file);
                self.synced[*file] = None;
            }
            Op::Said(_) => {}
        }
    }

    /// At which call, from 1, the files as they are synced last changed.
    pub fn synced_at(&self) -> u64 {
        self.changed
    }

    /// Whether anything would be lost.
    pub fn can_lose(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// What is left after a cut now.
    pub fn cut(&self, loss: Loss, chance: &mut Rng) -> Left {
        let mut image = self.synced.clone();
        let mut name = mix(&[self.changed]);
        for (number, (file, change)) in self.waiting.iter().enumerate() {
            let mut keep = |part: u64| {
                let keep = match loss {
                    Loss::All => false,
                    Loss::Nothing => true,
                    Loss::Writes | Loss::Sectors => chance.chance(0.5),
                };
                if keep {
                    name = mix(&[name, number as u64, part]);
                }
                keep
            };
            match (loss, change) {
                (Loss::Sectors, Change::Write(at, bytes)) => {
                    for (part, sector) in bytes.chunks(SECTOR).enumerate() {
                        if keep(1 + part as u64) {
                            write(&mut image[*file], at + part * SECTOR, sector);
                        }
                    }
                }
                (_, change) => {
                    if keep(0) {
                        change.apply(&mut image[*file]);
                    }
                }
            }
        }
        Left { image, name }
    }
}

impl Change {
    fn apply(&self, file: &mut Option<Vec<u8>>) {
        match self {
            Self::Write(at, bytes) => write(file, *at, bytes),
            Self::Cut(length) => file.get_or_insert_default().resize(*length, 0),
        }
    }
}

fn write(file: &mut Option<Vec<u8>>, at: usize, bytes: &[u8]) {
    let file = file.get_or_insert_default();
    let end = at + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[at..end].copy_from_slice(bytes);
}
