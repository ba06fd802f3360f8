//! engaged
fn main(){}
