//! The sorts of write that are sent apart.

use crate::store::StoreError;

/// The sorts of write that are sent apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lane {
    /// What a platform is to show: fields and tags. May be repeated.
    #[default]
    Set,
    /// What begins for a contact. One row for each entry into an automation.
    Start,
    /// Taking contacts off a list, and putting them back.
    Removal,
}

impl Lane {
    /// The name in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Set => "set",
            Self::Start => "start",
            Self::Removal => "removal",
        }
    }

    pub(super) fn parse(name: &str) -> Result<Self, StoreError> {
        [Self::Set, Self::Start, Self::Removal]
            .into_iter()
            .find(|lane| lane.as_str() == name)
            .ok_or_else(|| StoreError::damaged(format!("outbox lane {name}")))
    }
}
