//! What a person may do (a role) and what a program may do (scopes). Neither implies the other.

use std::fmt;

/// What a user may do; each role may do all that the one before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Looks at everything; addresses are masked.
    Viewer,
    /// Plans, approves, and publishes rules.
    Marketer,
    /// Users, tokens, settings.
    Admin,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Marketer, Self::Admin];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Marketer => "marketer",
            Self::Admin => "admin",
        }
    }

    /// The role of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the holder of an API token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Read contacts, scores, segments, runs, plans.
    Read,
    /// Bring events.
    Events,
    /// Make a plan.
    Plan,
    /// Apply a plan.
    Apply,
    /// Let pass what a guard holds.
    Approve,
    /// Say what became of starts that are in doubt.
    Automations,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 6] = [
        Self::Read,
        Self::Events,
        Self::Plan,
        Self::Apply,
        Self::Approve,
        Self::Automations,
    ];

    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Events => "events",
            Self::Plan => "plan",
            Self::Apply => "apply",
            Self::Approve => "approve",
            Self::Automations => "automations",
        }
    }

    /// The scope of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
