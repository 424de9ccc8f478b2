//! The only place that reads the wall clock.

use jiff::Timestamp;

/// The present moment, rounded to the microseconds that both storage engines keep.
#[expect(clippy::disallowed_methods, reason = "everything else takes time as an input from here")]
pub fn wall_clock() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).expect("a present timestamp is in range")
}
