//! Candidate infectors from onset dates and contacts.

use super::TransmissionTree;
use crate::{Error, Pmf};
use jiff::civil::Date;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// Version of the numbers, recorded with stored results.
pub const INFER_VERSION: u32 = 1;

/// A case as far as its infector is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseOnset {
    /// Day of onset; `None` if unknown: the case then has only the contacts as evidence.
    pub onset: Option<Date>,
    /// Infected elsewhere: it infects, but nobody here infected it.
    pub imported: bool,
}

/// Two cases known to have met while the first could infect.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// The possible infector.
    pub from: usize,
    /// The possibly infected.
    pub to: usize,
    /// How likely this contact transmits, relative to the other contacts, > 0: 1 for all if nothing is known.
    pub weight: f64,
}

/// Parameters of [`infer_infectors`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InferConfig {
    /// Weight of a pair without a known contact against one with a contact of weight 1, 0 to 1. Recommended 0.01
    /// where contacts were traced; 1 without contact data; 0 if every transmission needs a traced contact.
    pub no_contact_weight: f64,
    /// Weight of a source outside the list, in units of a pair with contact on the most likely day of the serial
    /// interval, >= 0. Recommended 0.001: an outside source where no candidate is any good.
    pub outside_weight: f64,
    /// Candidates kept per case, most likely first, >= 1. Recommended 10; what the others have is reported in sum.
    pub candidates_max: usize,
}

impl InferConfig {
    /// The recommended values given above.
    pub fn recommended() -> Self {
        Self { no_contact_weight: 0.01, outside_weight: 0.001, candidates_max: 10 }
    }

    fn check(&self) -> Result<(), Error> {
        if !(0.0..=1.0).contains(&self.no_contact_weight) {
            return Err(Error::parameter("no_contact_weight", self.no_contact_weight, "must be 0 to 1"));
        }
        if !(self.outside_weight >= 0.0 && self.outside_weight.is_finite()) {
            let value = self.outside_weight;
            return Err(Error::parameter("outside_weight", value, "must be finite and not negative"));
        }
        if self.candidates_max == 0 {
            return Err(Error::parameter("candidates_max", 0, "must be at least 1"));
        }
        Ok(())
    }
}

/// A possible infector.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The infector.
    pub infector: usize,
    /// Probability that it is this one.
    pub prob: f64,
    /// Days from its onset to the case's; `None` if an onset is unknown.
    pub interval_days: Option<i32>,
    /// True if a contact of the two is known.
    pub contact: bool,
}

/// The infector of one case, as far as it can be known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InferredInfector {
    /// Candidates, most likely first.
    pub candidates: Vec<Candidate>,
    /// Probability of the candidates not listed.
    pub others_prob: f64,
    /// Probability of a source outside the list; 1 for imported cases.
    pub outside_prob: f64,
}

/// Probability of each candidate infector of each case.
///
/// # Input
/// `serial_interval`: P(onset to onset = k days), k >= 0. Of two cases with onset on the same day the one earlier
/// in the list may be the infector, which keeps trees free of circles. A case without onset date can be linked
/// by a contact only, with the mean weight of the serial interval; it counts as having fallen ill on the day of the
/// case listed before it, as lists are kept.
/// # Output
/// One entry per case; probabilities of candidates, others and outside sum to 1. A case that nothing explains
/// comes from outside.
/// # Errors
/// `InvalidData` for a contact with a case outside the list, with itself, or with a weight not positive;
/// `InvalidParameter` for parameters or an interval without mass.
/// # Method
/// Case-by-case form of Wallinga & Teunis 2004, Am J Epidemiol 160:509-516, with contact weights as in Cauchemez
/// et al. 2011, PNAS 108:2825-2830: P(j infected i) is proportional to contact(j, i) w(t_i - t_j).
/// # Examples
/// ```
/// use wanquan_epi::chains::{CaseOnset, Contact, InferConfig, infer_infectors, most_likely_tree};
/// use wanquan_epi::delay::{DelayDistribution, DelayFamily};
///
/// // COVID-19 in Tianjin 2020 (Tindale et al. 2020): cases 6, 7, 9 and 10 by onset; 6 met 9, 7 met 10.
/// let day = |d: i8| Some(jiff::civil::date(2020, 1, d));
/// let onsets = [18, 20, 23, 24].map(|d| CaseOnset { onset: day(d), imported: false });
/// let contacts = [Contact { from: 0, to: 2, weight: 1.0 }, Contact { from: 1, to: 3, weight: 1.0 }];
/// let w = DelayDistribution::from_mean_sd(DelayFamily::Gamma, 4.2, 2.5)?.discretise(20)?;
/// let inferred = infer_infectors(&onsets, &contacts, &w, &InferConfig::recommended())?;
/// let tree = most_likely_tree(&inferred)?;
/// assert_eq!(tree.infectors()[2..], [Some(0), Some(1)]);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn infer_infectors(
    cases: &[CaseOnset],
    contacts: &[Contact],
    serial_interval: &Pmf,
    config: &InferConfig,
) -> Result<Vec<InferredInfector>, Error> {
    config.check()?;
    let n = cases.len();
    let mut met: Vec<Vec<(usize, f64)>> = vec![Vec::new(); n];
    for (position, c) in contacts.iter().enumerate() {
        let wrong = |why| Err(Error::InvalidData { what: "contacts", position, why });
        if c.from >= n || c.to >= n || c.from == c.to {
            return wrong("must link two cases of the list");
        }
        if !(c.weight > 0.0 && c.weight.is_finite()) {
            return wrong("the weight must be finite and positive");
        }
        met[c.to].push((c.from, c.weight));
    }
    let w = serial_interval.as_slice();
    let peak = w.iter().copied().fold(0.0, f64::max);
    if peak <= 0.0 {
        return Err(Error::parameter("serial_interval", peak, "must have mass"));
    }
    // What a pair of unknown interval is worth: the mean weight under the interval's own distribution.
    let unknown = w.iter().map(|p| p * p).sum::<f64>() / serial_interval.mass();
    // One order for all cases: no circle can arise from links that follow it.
    let mut before = cases.iter().filter_map(|c| c.onset).min();
    let order = cases
        .iter()
        .map(|case| {
            before = case.onset.or(before);
            before
        })
        .collect();
    let pair = Pair { cases, order, w, unknown };
    Ok((0..n).map(|i| infer(&pair, i, &met[i], peak, config)).collect())
}

struct Pair<'a> {
    cases: &'a [CaseOnset],
    /// Day by which cases are ordered, then by their position.
    order: Vec<Option<Date>>,
    w: &'a [f64],
    unknown: f64,
}

impl Pair<'_> {
    /// Weight of the interval from `j` to `i`, and the interval; `None` if `j` cannot have infected `i`.
    fn weight(&self, j: usize, i: usize) -> Option<(f64, Option<i32>)> {
        if (self.order[j], j) >= (self.order[i], i) {
            return None;
        }
        match (self.cases[j].onset, self.cases[i].onset) {
            (Some(from), Some(to)) => {
                let days = (to - from).get_days();
                let lag = usize::try_from(days).ok()?;
                let weight = self.w.get(lag).copied().filter(|w| *w > 0.0)?;
                Some((weight, Some(days)))
            }
            _ => Some((self.unknown, None)),
        }
    }
}

fn infer(
    pair: &Pair<'_>,
    i: usize,
    met: &[(usize, f64)],
    peak: f64,
    config: &InferConfig,
) -> InferredInfector {
    let mut candidates = Vec::new();
    if !pair.cases[i].imported {
        for j in (0..pair.cases.len()).filter(|j| *j != i) {
            let contact: f64 = met.iter().filter(|m| m.0 == j).map(|m| m.1).fold(0.0, f64::max);
            let known = contact > 0.0;
            let Some((weight, interval_days)) = pair.weight(j, i) else { continue };
            let link = if known { contact } else { config.no_contact_weight };
            // Without onset and contact there is no evidence at all.
            if link > 0.0 && (known || interval_days.is_some()) {
                candidates.push(Candidate {
                    infector: j,
                    prob: weight * link,
                    interval_days,
                    contact: known,
                });
            }
        }
    }
    let outside =
        if pair.cases[i].imported || candidates.is_empty() { 1.0 } else { config.outside_weight * peak };
    let total = outside + candidates.iter().map(|c| c.prob).sum::<f64>();
    for candidate in &mut candidates {
        candidate.prob /= total;
    }
    candidates.sort_by(|a, b| b.prob.total_cmp(&a.prob).then(a.infector.cmp(&b.infector)));
    let others_prob = candidates.iter().skip(config.candidates_max).map(|c| c.prob).sum();
    candidates.truncate(config.candidates_max);
    InferredInfector { candidates, others_prob, outside_prob: outside / total }
}

/// The tree in which each case has its most likely infector, or none where an outside source is more likely.
///
/// # Errors
/// `InvalidData` for candidates that are not of these cases.
/// # Examples
/// ```
/// use wanquan_epi::chains::{CaseOnset, Contact, InferConfig, infer_infectors, most_likely_tree};
/// use wanquan_epi::delay::{DelayDistribution, DelayFamily};
///
/// // COVID-19 in Tianjin 2020 (Tindale et al. 2020): cases 6, 7, 9 and 10 by onset; 6 met 9, 7 met 10.
/// let day = |d: i8| Some(jiff::civil::date(2020, 1, d));
/// let onsets = [18, 20, 23, 24].map(|d| CaseOnset { onset: day(d), imported: false });
/// let contacts = [Contact { from: 0, to: 2, weight: 1.0 }, Contact { from: 1, to: 3, weight: 1.0 }];
/// let w = DelayDistribution::from_mean_sd(DelayFamily::Gamma, 4.2, 2.5)?.discretise(20)?;
/// let inferred = infer_infectors(&onsets, &contacts, &w, &InferConfig::recommended())?;
/// let tree = most_likely_tree(&inferred)?;
/// assert_eq!(tree.infectors()[2..], [Some(0), Some(1)]);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn most_likely_tree(inferred: &[InferredInfector]) -> Result<TransmissionTree, Error> {
    let best = |case: &InferredInfector| {
        case.candidates.first().filter(|c| c.prob >= case.outside_prob).map(|c| c.infector)
    };
    TransmissionTree::new(inferred.iter().map(best).collect())
}

/// A tree drawn with the probabilities of the candidates; candidates that are not listed count as outside.
///
/// # Errors
/// As [`most_likely_tree`].
/// # Examples
/// ```
/// use rand::SeedableRng;
/// use wanquan_epi::chains::{CaseOnset, Contact, InferConfig, infer_infectors, draw_tree};
/// use wanquan_epi::delay::{DelayDistribution, DelayFamily};
///
/// // COVID-19 in Tianjin 2020 (Tindale et al. 2020): cases 6, 7, 9 and 10 by onset; 6 met 9, 7 met 10.
/// let day = |d: i8| Some(jiff::civil::date(2020, 1, d));
/// let onsets = [18, 20, 23, 24].map(|d| CaseOnset { onset: day(d), imported: false });
/// let contacts = [Contact { from: 0, to: 2, weight: 1.0 }, Contact { from: 1, to: 3, weight: 1.0 }];
/// let w = DelayDistribution::from_mean_sd(DelayFamily::Gamma, 4.2, 2.5)?.discretise(20)?;
/// let inferred = infer_infectors(&onsets, &contacts, &w, &InferConfig::recommended())?;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let drawn: Vec<_> = (0..200).map(|_| draw_tree(&inferred, &mut rng)).collect::<Result<_, _>>()?;
/// let met = drawn.iter().filter(|tree| tree.infectors()[2] == Some(0)).count();
/// // As often as the candidate is probable.
/// assert!((met as f64 / 200.0 - inferred[2].candidates[0].prob).abs() < 0.1);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn draw_tree(inferred: &[InferredInfector], rng: &mut impl Rng) -> Result<TransmissionTree, Error> {
    let mut draw = |case: &InferredInfector| {
        let mut left: f64 = rng.random();
        case.candidates
            .iter()
            .find(|c| {
                left -= c.prob;
                left < 0.0
            })
            .map(|c| c.infector)
    };
    TransmissionTree::new(inferred.iter().map(&mut draw).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn case(day: i8) -> CaseOnset {
        CaseOnset { onset: Some(jiff::civil::date(2024, 5, day)), imported: false }
    }

    fn interval() -> Pmf {
        Pmf::new(vec![0.1, 0.2, 0.4, 0.2, 0.1]).unwrap()
    }

    #[test]
    fn onsets_alone_follow_the_serial_interval() {
        let cases = [case(1), case(2), case(4)];
        let config =
            InferConfig { no_contact_weight: 1.0, outside_weight: 0.0, ..InferConfig::recommended() };
        let inferred = infer_infectors(&cases, &[], &interval(), &config).unwrap();
        assert_eq!(inferred[0].outside_prob, 1.0);
        assert!((inferred[2].candidates[0].prob - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(inferred[2].candidates[0].infector, 1);
        for case in &inferred {
            let sum =
                case.outside_prob + case.others_prob + case.candidates.iter().map(|c| c.prob).sum::<f64>();
            assert!((sum - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_traced_contact_outweighs_a_better_day() {
        let cases = [case(1), case(2), case(4)];
        let contacts = [Contact { from: 0, to: 2, weight: 1.0 }];
        let inferred = infer_infectors(&cases, &contacts, &interval(), &InferConfig::recommended()).unwrap();
        assert_eq!(inferred[2].candidates[0].infector, 0);
        assert!(inferred[2].candidates[0].prob > 0.9 && inferred[2].candidates[0].contact);
    }

    #[test]
    fn same_day_and_unknown_onsets_never_make_a_circle() {
        let unknown = CaseOnset { onset: None, imported: false };
        let cases = [case(3), case(3), unknown, case(3), unknown];
        let contacts: Vec<_> = (0..5)
            .flat_map(|from| {
                (0..5).filter(move |to| *to != from).map(move |to| Contact { from, to, weight: 1.0 })
            })
            .collect();
        let inferred = infer_infectors(&cases, &contacts, &interval(), &InferConfig::recommended()).unwrap();
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        for _ in 0..50 {
            assert!(draw_tree(&inferred, &mut rng).is_ok());
        }
        assert!(most_likely_tree(&inferred).is_ok());
    }

    #[test]
    fn imported_cases_have_no_infector_and_nonsense_is_refused() {
        let imported = CaseOnset { imported: true, ..case(3) };
        let cases = [case(1), imported];
        let config = InferConfig::recommended();
        let inferred = infer_infectors(&cases, &[], &interval(), &config).unwrap();
        assert!(inferred[1].candidates.is_empty() && inferred[1].outside_prob == 1.0);
        let bad = |from, to, weight| {
            infer_infectors(&cases, &[Contact { from, to, weight }], &interval(), &config).is_err()
        };
        assert!(bad(0, 2, 1.0) && bad(1, 1, 1.0) && bad(0, 1, 0.0) && bad(0, 1, f64::NAN));
        assert!(infer_infectors(&[], &[], &interval(), &config).unwrap().is_empty());
    }
}
