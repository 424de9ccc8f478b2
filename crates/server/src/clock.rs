//! The only place that reads the wall clock.

use jiff::Timestamp;
use std::time::Instant;
use wanquan_app::Clock;

/// The present moment, rounded to the microseconds that both storage engines keep.
#[expect(clippy::disallowed_methods, reason = "everything else takes time as an input from here")]
pub fn wall_clock() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).expect("a present timestamp is in range")
}

/// The clock of a server.
#[derive(Debug)]
pub struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        wall_clock()
    }
}

/// A clock that starts at some instant of history and goes on from there.
#[derive(Debug)]
pub struct ReplayClock {
    from: Timestamp,
    started: Instant,
}

impl ReplayClock {
    /// A clock that shows `from` now.
    pub fn starting_at(from: Timestamp) -> Self {
        Self { from, started: Instant::now() }
    }
}

impl Clock for ReplayClock {
    fn now(&self) -> Timestamp {
        let micros = i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX);
        let shown = self.from.as_microsecond().saturating_add(micros);
        Timestamp::from_microsecond(shown).unwrap_or(Timestamp::MAX)
    }
}
