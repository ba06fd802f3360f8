//! Taking the configuration anew: whole or not at all, between two turns.

use serde::{Serialize, Serializer};

use crate::{diagnostic::Diagnostic, score::calendar::Millis};

/// What a reload changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reloaded {
    /// What is new, gone or other, as `scores.engagement` or `guards`.
    pub changed: Vec<String>,
    /// Of those, what needs a restart before it counts.
    pub restart: Vec<String>,
    /// The fingerprint of the rules now in force.
    pub rules: String,
    /// Whether they are other than before.
    pub rules_changed: bool,
    /// How many warnings the configuration has.
    pub warnings: usize,
}

/// A reload that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReloadTrouble {
    /// When.
    pub at: Millis,
    /// Who asked for it.
    pub who: String,
    /// What is wrong.
    #[serde(serialize_with = "as_json")]
    pub errors: Vec<Diagnostic>,
}

fn as_json<S: Serializer>(errors: &[Diagnostic], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(errors.iter().map(Diagnostic::to_json))
}
