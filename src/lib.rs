//! engaged.
