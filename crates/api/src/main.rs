//! TaskHub
fn main() {}
