//! Links from what is public to pages of others, and whether those still answer.

use jiff::{SignedDuration, Timestamp};

/// Findings in a row after which a link counts as broken for good: one server that was restarted is no broken link.
const FAILURES_SURE: u32 = 3;

/// Whether a link leads anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkStatus {
    /// Nobody looked yet.
    Waiting,
    /// The page answers.
    Works,
    /// It does not.
    Broken,
    /// It cannot be told: the server answers programs otherwise than readers, or may not be asked.
    Unclear,
}

impl LinkStatus {
    /// Stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Works => "works",
            Self::Broken => "broken",
            Self::Unclear => "unclear",
        }
    }

    /// The status of a name.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Waiting, Self::Works, Self::Broken, Self::Unclear].into_iter().find(|s| s.as_str() == text)
    }
}

/// What somebody who looked found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Status of the answer, or the code of why there is none.
    pub answer: Result<u16, &'static str>,
    /// Where the answer came from, if from elsewhere.
    pub moved_to: Option<String>,
}

impl Finding {
    /// What it says of the link.
    pub fn status(&self) -> LinkStatus {
        match self.answer {
            Ok(200..=299) => LinkStatus::Works,
            // Signed in, asked by a browser, or less often, the answer would be another one.
            Ok(401 | 403 | 405 | 406 | 407 | 429 | 451) => LinkStatus::Unclear,
            // What may not be asked from here may well be reached from where readers are.
            Err("not_public" | "bad_port") => LinkStatus::Unclear,
            Ok(_) | Err(_) => LinkStatus::Broken,
        }
    }
}

/// A link and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Address of the page.
    pub address: String,
    /// Whether it answers.
    pub status: LinkStatus,
    /// Status of the last answer.
    pub answer: Option<u16>,
    /// Code of why there was none.
    pub problem: Option<String>,
    /// Where the last answer came from, if from elsewhere.
    pub moved_to: Option<String>,
    /// Findings in a row that it is broken.
    pub failures: u32,
    /// Since when it has been broken.
    pub broken_since: Option<Timestamp>,
    /// When somebody looked last.
    pub checked_at: Option<Timestamp>,
    /// When somebody looks again.
    pub due_at: Timestamp,
}

impl Link {
    /// A link at which nobody has looked.
    pub fn new(address: String, now: Timestamp) -> Self {
        Self {
            address,
            status: LinkStatus::Waiting,
            answer: None,
            problem: None,
            moved_to: None,
            failures: 0,
            broken_since: None,
            checked_at: None,
            due_at: now,
        }
    }

    /// The link after somebody looked.
    pub fn found(self, finding: Finding, now: Timestamp, due_at: Timestamp) -> Self {
        let status = finding.status();
        let is_broken = status == LinkStatus::Broken;
        Self {
            address: self.address,
            status,
            failures: if is_broken { self.failures.saturating_add(1) } else { 0 },
            broken_since: is_broken.then(|| self.broken_since.unwrap_or(now)),
            answer: finding.answer.ok(),
            problem: finding.answer.err().map(str::to_owned),
            moved_to: finding.moved_to,
            checked_at: Some(now),
            due_at,
        }
    }

    /// True if it has been broken for so long, and was found so often, that readers should know.
    pub fn is_long_broken(&self, now: Timestamp, after: SignedDuration) -> bool {
        let long = self.broken_since.is_some_and(|since| now.duration_since(since) >= after);
        self.status == LinkStatus::Broken && self.failures >= FAILURES_SURE && long
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(answer: Result<u16, &'static str>) -> Finding {
        Finding { answer, moved_to: None }
    }

    #[test]
    fn only_what_does_not_answer_readers_is_broken() {
        for (answer, status) in [
            (Ok(200), LinkStatus::Works),
            (Ok(404), LinkStatus::Broken),
            (Ok(410), LinkStatus::Broken),
            (Ok(503), LinkStatus::Broken),
            (Ok(304), LinkStatus::Broken),
            (Ok(403), LinkStatus::Unclear),
            (Ok(429), LinkStatus::Unclear),
            (Err("no_such_host"), LinkStatus::Broken),
            (Err("late"), LinkStatus::Broken),
            (Err("not_public"), LinkStatus::Unclear),
        ] {
            assert_eq!(finding(answer).status(), status, "{answer:?}");
        }
    }

    #[test]
    fn a_link_is_broken_since_the_first_finding_and_whole_with_the_first_answer() {
        let at = |h: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(h);
        let week = SignedDuration::from_hours(7 * 24);
        let mut link = Link::new("https://example.org/".into(), at(0));
        for hour in [1, 100, 168] {
            link = link.found(finding(Err("late")), at(hour), at(hour + 24));
            assert!(!link.is_long_broken(at(hour), week));
        }
        assert_eq!((link.failures, link.broken_since, link.checked_at), (3, Some(at(1)), Some(at(168))));
        assert!(link.is_long_broken(at(169), week));
        let whole = link.found(finding(Ok(200)), at(200), at(300));
        assert_eq!((whole.status, whole.failures, whole.broken_since), (LinkStatus::Works, 0, None));
        assert!(!whole.is_long_broken(at(2000), week));
    }
}
