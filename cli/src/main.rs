//! placeholder
#[cfg_attr(not(test), expect(dead_code, reason = "the demo command is the only user, and not here yet"))]
mod demo;

fn main() {}
