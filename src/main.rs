//! engaged
fn main() {}
