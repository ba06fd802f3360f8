//! A seeded world of readers.
