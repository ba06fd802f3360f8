//! What became of a batch of events.

/// What became of a batch of events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Stored for the first time.
    pub new: u64,
    /// Known already; nothing changed.
    pub duplicates: u64,
    /// Stored in place of an event of the same id at another time.
    pub superseded: u64,
    /// Named no contact, and were left out.
    pub nameless: u64,
    /// Named a contact that was erased, and were left out.
    pub erased: u64,
    /// Were left out since their contact has not agreed to them.
    pub withheld: u64,
    /// Were left out since they are older than events are kept.
    pub outdated: u64,
}

impl std::ops::AddAssign for Appended {
    fn add_assign(&mut self, other: Self) {
        self.new += other.new;
        self.duplicates += other.duplicates;
        self.superseded += other.superseded;
        self.nameless += other.nameless;
        self.erased += other.erased;
        self.withheld += other.withheld;
        self.outdated += other.outdated;
    }
}
