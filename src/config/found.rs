//! What checking found so far: it collects, so that a person sees all of it at once.

use super::tree::ENVIRONMENT;
use crate::diagnostic::{Diagnostic, Severity};

/// Errors and warnings in the order in which they were found.
#[derive(Debug, Default)]
pub(super) struct Found {
    diagnostics: Vec<Diagnostic>,
}

impl Found {
    /// Adds one.
    pub(super) fn add(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Whether anything so far is an error.
    pub(super) fn has_errors(&self) -> bool {
        self.diagnostics
            .iter()
            .any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// All of it, in the order of the files and their lines, what has no place first.
    pub(super) fn sorted(mut self) -> Vec<Diagnostic> {
        self.diagnostics.sort_by_key(|diagnostic| {
            diagnostic.place.as_ref().map(|place| {
                // Each environment variable is a text of its own.
                let variable = (&*place.file == ENVIRONMENT).then(|| place.text.clone());
                (place.file.clone(), variable, place.span.start)
            })
        });
        self.diagnostics
    }
}
