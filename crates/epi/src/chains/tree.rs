//! A transmission tree from known infectors.

use crate::Error;
use serde::{Deserialize, Serialize};

/// Who infected whom among cases 0..n; a case without infector is an introduction (or its source is unknown).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Option<usize>>", into = "Vec<Option<usize>>")]
pub struct TransmissionTree {
    infectors: Vec<Option<usize>>,
}

/// Cases linked by transmission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// The case without infector from which it starts.
    pub root: usize,
    /// Its cases, ascending.
    pub cases: Vec<usize>,
    /// Generations after the root.
    pub generations: usize,
}

impl TransmissionTree {
    /// `infectors[i]` is the infector of case i.
    ///
    /// # Errors
    /// `InvalidData` for an infector outside the cases or a case in its own chain of infectors.
    pub fn new(infectors: Vec<Option<usize>>) -> Result<Self, Error> {
        let n = infectors.len();
        let wrong = |position, why| Err(Error::InvalidData { what: "infectors", position, why });
        if let Some(i) = infectors.iter().position(|j| j.is_some_and(|j| j >= n)) {
            return wrong(i, "the infector is not among the cases");
        }
        // 0 unseen, 1 on the current path, 2 known to reach a root.
        let mut state = vec![0_u8; n];
        for start in 0..n {
            let mut path = Vec::new();
            let mut at = Some(start);
            while let Some(i) = at {
                match state[i] {
                    1 => return wrong(i, "the case is in its own chain of infectors"),
                    2 => break,
                    _ => {
                        state[i] = 1;
                        path.push(i);
                        at = infectors[i];
                    }
                }
            }
            for i in path {
                state[i] = 2;
            }
        }
        Ok(Self { infectors })
    }

    /// From pairs (infector, infected) among `cases` cases.
    ///
    /// # Errors
    /// As [`Self::new`]; `InvalidData` if a case has two infectors (the position is that of the pair).
    pub fn from_pairs(cases: usize, pairs: &[(usize, usize)]) -> Result<Self, Error> {
        let mut infectors = vec![None; cases];
        for (position, &(infector, infected)) in pairs.iter().enumerate() {
            let wrong = |why| Err(Error::InvalidData { what: "pairs", position, why });
            match infectors.get_mut(infected) {
                None => return wrong("the case is not among the cases"),
                Some(Some(known)) if *known != infector => return wrong("the case has two infectors"),
                Some(slot) => *slot = Some(infector),
            }
        }
        Self::new(infectors)
    }

    /// Infector of each case.
    pub fn infectors(&self) -> &[Option<usize>] {
        &self.infectors
    }

    /// Number of cases.
    pub fn len(&self) -> usize {
        self.infectors.len()
    }

    /// True without a case.
    pub fn is_empty(&self) -> bool {
        self.infectors.is_empty()
    }

    /// Cases that each case infected.
    pub fn offspring(&self) -> Vec<u32> {
        let mut counts = vec![0; self.len()];
        for infector in self.infectors.iter().flatten() {
            counts[*infector] += 1;
        }
        counts
    }

    /// Generation of each case: 0 for a case without infector.
    pub fn generations(&self) -> Vec<usize> {
        let mut generation: Vec<Option<usize>> =
            self.infectors.iter().map(|j| j.map_or(Some(0), |_| None)).collect();
        for start in 0..self.len() {
            let mut path = Vec::new();
            let mut at = start;
            let known = loop {
                match (generation[at], self.infectors[at]) {
                    (Some(known), _) => break known,
                    (None, Some(infector)) => {
                        path.push(at);
                        at = infector;
                    }
                    (None, None) => break 0,
                }
            };
            for (steps, case) in path.into_iter().rev().enumerate() {
                generation[case] = Some(known + steps + 1);
            }
        }
        generation.into_iter().map(Option::unwrap_or_default).collect()
    }

    /// Clusters, largest first; single cases are clusters of one.
    pub fn clusters(&self) -> Vec<Cluster> {
        let generations = self.generations();
        let mut root: Vec<usize> = (0..self.len()).collect();
        // In order of generation the infector's root is known.
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by_key(|&i| generations[i]);
        for i in order {
            if let Some(infector) = self.infectors[i] {
                root[i] = root[infector];
            }
        }
        let mut members: Vec<Vec<usize>> = vec![Vec::new(); self.len()];
        for (case, &root) in root.iter().enumerate() {
            members[root].push(case);
        }
        let mut clusters: Vec<Cluster> = members
            .into_iter()
            .enumerate()
            .filter(|(_, cases)| !cases.is_empty())
            .map(|(root, cases)| Cluster {
                root,
                generations: cases.iter().map(|&c| generations[c]).max().unwrap_or(0),
                cases,
            })
            .collect();
        clusters.sort_by(|a, b| b.cases.len().cmp(&a.cases.len()).then(a.root.cmp(&b.root)));
        clusters
    }
}

impl TryFrom<Vec<Option<usize>>> for TransmissionTree {
    type Error = Error;
    fn try_from(infectors: Vec<Option<usize>>) -> Result<Self, Error> {
        Self::new(infectors)
    }
}

impl From<TransmissionTree> for Vec<Option<usize>> {
    fn from(tree: TransmissionTree) -> Self {
        tree.infectors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_counts_offspring_generations_and_clusters() {
        let tree = TransmissionTree::from_pairs(7, &[(0, 1), (0, 2), (2, 3), (3, 4), (6, 5)]).unwrap();
        assert_eq!(tree.offspring(), [2, 0, 1, 1, 0, 0, 1]);
        assert_eq!(tree.generations(), [0, 1, 1, 2, 3, 1, 0]);
        let clusters = tree.clusters();
        assert_eq!(clusters[0], Cluster { root: 0, cases: vec![0, 1, 2, 3, 4], generations: 3 });
        assert_eq!(clusters[1], Cluster { root: 6, cases: vec![5, 6], generations: 1 });
    }

    #[test]
    fn circles_strangers_and_double_infectors_are_refused() {
        assert!(TransmissionTree::from_pairs(3, &[(0, 1), (1, 2), (2, 0)]).is_err());
        assert!(TransmissionTree::from_pairs(3, &[(1, 1)]).is_err());
        assert!(TransmissionTree::from_pairs(3, &[(0, 3)]).is_err());
        assert!(TransmissionTree::from_pairs(3, &[(5, 0)]).is_err());
        let twice = TransmissionTree::from_pairs(3, &[(0, 2), (1, 2)]);
        assert!(matches!(twice, Err(Error::InvalidData { position: 1, .. })));
        assert!(TransmissionTree::from_pairs(3, &[(0, 2), (0, 2)]).is_ok());
        assert!(TransmissionTree::from_pairs(0, &[]).unwrap().clusters().is_empty());
    }
}
