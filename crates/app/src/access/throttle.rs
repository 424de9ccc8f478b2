//! Slows down guessing: after some failures, a name has to wait longer each time.

use crate::error::Error;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::Mutex;

/// Failures of a name without a pause.
const FREE: u32 = 5;
/// Longest pause.
const PAUSE_MAX: SignedDuration = SignedDuration::from_mins(15);
/// Names remembered. An attacker who floods it with names makes older ones forgotten, and has gained one try each.
const NAMES_MAX: usize = 10_000;

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl Failures {
    fn admissible_at(self) -> Timestamp {
        let Some(beyond) = self.count.checked_sub(FREE) else { return self.last };
        let pause = SignedDuration::from_secs(1 << beyond.min(20)).min(PAUSE_MAX);
        self.last.checked_add(pause).unwrap_or(Timestamp::MAX)
    }
}

/// Failed attempts by name, in memory: a restart forgives.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<HashMap<String, Failures>>);

impl Throttle {
    /// # Errors
    /// `TooManyAttempts` while the name has to wait.
    pub(crate) fn check(&self, name: &str, now: Timestamp) -> Result<(), Error> {
        let names = self.0.lock().expect("no thread panics while holding it");
        let Some(failures) = names.get(&key(name)) else { return Ok(()) };
        let wait = failures.admissible_at().duration_since(now);
        if wait.is_positive() {
            let seconds = u64::try_from(wait.as_secs()).unwrap_or(0) + 1;
            return Err(Error::TooManyAttempts { retry_after_s: seconds });
        }
        Ok(())
    }

    pub(crate) fn failed(&self, name: &str, now: Timestamp) {
        let mut names = self.0.lock().expect("no thread panics while holding it");
        if names.len() >= NAMES_MAX {
            names.retain(|_, failures| now.duration_since(failures.last) < PAUSE_MAX);
            if names.len() >= NAMES_MAX {
                names.clear();
            }
        }
        let failures = names.entry(key(name)).or_insert(Failures { count: 0, last: now });
        if now.duration_since(failures.last) > PAUSE_MAX * 2 {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }

    pub(crate) fn succeeded(&self, name: &str) {
        self.0.lock().expect("no thread panics while holding it").remove(&key(name));
    }
}

fn key(name: &str) -> String {
    name.trim().chars().take(64).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_waits_longer_each_time_and_success_forgives() {
        let throttle = Throttle::default();
        let mut now: Timestamp = "2020-02-12T00:00:00Z".parse().unwrap();
        for _ in 0..FREE {
            throttle.check("Li", now).unwrap();
            throttle.failed("li", now);
        }
        assert!(matches!(throttle.check("LI ", now), Err(Error::TooManyAttempts { retry_after_s: 2 })));
        throttle.check("wang", now).unwrap();
        now += SignedDuration::from_secs(2);
        throttle.check("li", now).unwrap();
        throttle.failed("li", now);
        assert!(matches!(throttle.check("li", now), Err(Error::TooManyAttempts { retry_after_s: 3 })));
        throttle.succeeded("li");
        throttle.check("li", now).unwrap();
    }
}
