//! The issues of an import: exact counts, and the first of each code, so that a million broken rows take the room of a
//! few hundred.

use rustc_hash::FxHashSet;
use std::collections::BTreeMap;
use wanquan_domain::issue::{Issue, IssueCode, Severity};
use wanquan_domain::region::RegionCode;

/// Issues kept of one code: enough to see the pattern; a frequent code does not crowd out a rare one.
const KEPT_PER_CODE: u64 = 50;

/// Counts and first issues.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub accepted: u64,
    pub refused: u64,
    /// Regions of counts whose parts are counted in the same file.
    pub wider: FxHashSet<RegionCode>,
    counts: BTreeMap<IssueCode, u64>,
    first: Vec<Issue>,
}

impl Findings {
    /// Takes in the issues of one row.
    pub fn add(&mut self, issues: Vec<Issue>) {
        for issue in issues {
            let count = self.counts.entry(issue.code).or_default();
            *count += 1;
            if *count <= KEPT_PER_CODE {
                self.first.push(issue);
            }
        }
    }

    /// Codes and how often each was met.
    pub fn counts(&self) -> impl Iterator<Item = (IssueCode, u64)> {
        self.counts.iter().map(|(code, n)| (*code, *n))
    }

    /// Issues that refuse nothing.
    pub fn warnings(&self) -> u64 {
        self.counts().filter(|(code, _)| code.severity() == Severity::Warning).map(|(_, n)| n).sum()
    }

    /// The issues kept, in the order of rows.
    pub fn first(&self) -> &[Issue] {
        &self.first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_exact_and_the_list_is_bounded() {
        let mut findings = Findings::default();
        for row in 0..10_000 {
            findings.add(vec![Issue::error(IssueCode::NotADate).row(row)]);
        }
        findings.add(vec![Issue::warning(IssueCode::NegativeCount)]);
        let counts: Vec<_> = findings.counts().collect();
        assert_eq!(counts, [(IssueCode::NotADate, 10_000), (IssueCode::NegativeCount, 1)]);
        assert_eq!((findings.first().len(), findings.warnings()), (51, 1));
    }
}
