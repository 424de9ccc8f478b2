//! The `wanquan` executable.
fn main() {}
