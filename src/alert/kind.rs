//! What an alert can be about.

/// What an alert can be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// No sync of a connection has ended well for too long.
    PollAge,
    /// A platform refuses a connection's key.
    Blocked,
    /// Rows of a connection could not be understood.
    Rejected,
    /// A connection brought far more or fewer events in a day than on such weekdays before.
    Volume,
    /// A guard holds writing up.
    Guard,
    /// It is not known whether something was started, or somebody taken off.
    InDoubt,
    /// Somebody else edits fields or tags of ours on a platform.
    Edited,
    /// A platform that reports by itself has gone silent.
    HookSilent,
    /// There is no good backup of late, where there are to be any.
    BackupStale,
    /// A check of the database found something.
    Damaged,
    /// The database's disk has too little room.
    DiskLow,
    /// What is not in the database file yet has grown large: something reads for too long.
    LogLarge,
    /// A new configuration was refused; the one before is in force.
    Configuration,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::PollAge,
        Self::Blocked,
        Self::Rejected,
        Self::Volume,
        Self::Guard,
        Self::InDoubt,
        Self::Edited,
        Self::HookSilent,
        Self::BackupStale,
        Self::Damaged,
        Self::DiskLow,
        Self::LogLarge,
        Self::Configuration,
    ];

    /// Their names, in the same order.
    pub const NAMES: [&str; Self::ALL.len()] = {
        let mut names = [""; Self::ALL.len()];
        let mut at = 0;
        while at < names.len() {
            names[at] = Self::ALL[at].as_str();
            at += 1;
        }
        names
    };

    /// The name in the configuration, in the payload and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PollAge => "poll_age",
            Self::Blocked => "blocked",
            Self::Rejected => "rejected",
            Self::Volume => "volume",
            Self::Guard => "guard",
            Self::InDoubt => "in_doubt",
            Self::Edited => "edited",
            Self::HookSilent => "hook_silent",
            Self::BackupStale => "backup_stale",
            Self::Damaged => "damaged",
            Self::DiskLow => "disk_low",
            Self::LogLarge => "log_large",
            Self::Configuration => "configuration",
        }
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}
