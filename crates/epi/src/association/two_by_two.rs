//! One exposure, one outcome: the 2x2 table.

use super::hypergeometric::{Margins, solve_odds};
use super::{Interval, clopper_pearson, tail_of, wilson, z_of};
use crate::Error;
use crate::special::normal_upper_tail;
use serde::{Deserialize, Serialize};

/// Persons by exposure and outcome. Both groups have at least one person.
///
/// # Examples
/// Vanilla ice cream at the church supper of Oswego, 1940 (Gross 1976, Public Health Reports):
/// ```
/// use wanquan_epi::association::TwoByTwo;
/// let vanilla = TwoByTwo::new(43, 11, 3, 18)?;
/// let risk_ratio = vanilla.risk_ratio(0.95)?;
/// assert!((risk_ratio.estimate.unwrap() - 5.574).abs() < 1e-3);
/// assert!(risk_ratio.lower.unwrap() > 1.9);
/// assert!(vanilla.fisher_p() < 1e-6);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "[u32; 4]", into = "[u32; 4]")]
pub struct TwoByTwo {
    exposed_ill: u32,
    exposed_well: u32,
    unexposed_ill: u32,
    unexposed_well: u32,
}

impl TwoByTwo {
    /// Persons exposed and ill, exposed and not ill, unexposed and ill, unexposed and not ill.
    ///
    /// # Errors
    /// `InvalidData` if a group is empty.
    pub fn new(
        exposed_ill: u32,
        exposed_well: u32,
        unexposed_ill: u32,
        unexposed_well: u32,
    ) -> Result<Self, Error> {
        let empty =
            |position| Error::InvalidData { what: "2x2 table", position, why: "a group has no person" };
        if exposed_ill == 0 && exposed_well == 0 {
            return Err(empty(0));
        }
        if unexposed_ill == 0 && unexposed_well == 0 {
            return Err(empty(2));
        }
        Ok(Self { exposed_ill, exposed_well, unexposed_ill, unexposed_well })
    }

    /// The cells as real numbers.
    pub(super) fn cells(self) -> [f64; 4] {
        [self.exposed_ill, self.exposed_well, self.unexposed_ill, self.unexposed_well].map(f64::from)
    }

    /// Attack rate (proportion ill) of the exposed, Wilson's score interval.
    pub fn attack_rate_exposed(self, confidence: f64) -> Result<Interval, Error> {
        let [a, b, _, _] = self.cells();
        Ok(wilson(a, a + b, z_of(confidence)?))
    }

    /// Attack rate of the unexposed, Wilson's score interval.
    pub fn attack_rate_unexposed(self, confidence: f64) -> Result<Interval, Error> {
        let [_, _, c, d] = self.cells();
        Ok(wilson(c, c + d, z_of(confidence)?))
    }

    /// Attack rate of the exposed, exact interval (Clopper & Pearson 1934): never covers less than claimed.
    pub fn attack_rate_exposed_exact(self, confidence: f64) -> Result<Interval, Error> {
        let [a, b, _, _] = self.cells();
        Ok(clopper_pearson(a, a + b, tail_of(confidence)?))
    }

    /// Attack rate of the unexposed, exact interval.
    pub fn attack_rate_unexposed_exact(self, confidence: f64) -> Result<Interval, Error> {
        let [_, _, c, d] = self.cells();
        Ok(clopper_pearson(c, c + d, tail_of(confidence)?))
    }

    fn rates(self) -> (f64, f64) {
        let [a, b, c, d] = self.cells();
        (a / (a + b), c / (c + d))
    }

    /// Attack rate ratio of exposed to unexposed; normal interval of its logarithm (Katz et al. 1978).
    pub fn risk_ratio(self, confidence: f64) -> Result<Interval, Error> {
        let [a, b, c, d] = self.cells();
        let (p1, p0) = self.rates();
        let se = (1.0 / a - 1.0 / (a + b) + 1.0 / c - 1.0 / (c + d)).sqrt();
        Ok(Interval::log_wald(p1 / p0, z_of(confidence)?, se))
    }

    /// Cross-product odds ratio; normal interval of its logarithm (Woolf 1955).
    pub fn odds_ratio(self, confidence: f64) -> Result<Interval, Error> {
        let [a, b, c, d] = self.cells();
        let se = (1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d).sqrt();
        Ok(Interval::log_wald(a * d / (b * c), z_of(confidence)?, se))
    }

    /// Odds ratio with small-sample adjustment, defined for empty cells too: a d / ((b + 1)(c + 1)), interval
    /// around the ratio with one half added to each cell (Jewell 2004, Statistics for Epidemiology, 7.1.2).
    pub fn odds_ratio_small(self, confidence: f64) -> Result<Interval, Error> {
        let [a, b, c, d] = self.cells();
        let h = self.cells().map(|x| x + 0.5);
        let half = z_of(confidence)? * h.iter().map(|x| 1.0 / x).sum::<f64>().sqrt();
        let centre = (h[0] * h[3] / (h[1] * h[2])).ln();
        Ok(Interval::new(a * d / ((b + 1.0) * (c + 1.0)), (centre - half).exp(), (centre + half).exp()))
    }

    fn margins(self) -> (Margins, f64) {
        let [a, b, c, d] = self.cells();
        (Margins::new(a + b, c + d, a + c), a)
    }

    /// Median-unbiased odds ratio with mid-p exact interval; the recommended one for small tables.
    ///
    /// Lancaster's mid-p with the margins fixed (Rothman & Greenland 1998, ch. 14). Where a margin is exhausted the
    /// limit on that side does not exist, and the median-unbiased ratio lies there too: 0 below and `None` above.
    pub fn odds_ratio_midp(self, confidence: f64) -> Result<Interval, Error> {
        let tail = tail_of(confidence)?;
        // P(fewer) + half P(as many) falls with the odds.
        Ok(self.exact(0.5 * tail, 0.5))
    }

    /// Conditional maximum likelihood odds ratio with Fisher's exact interval (conservative).
    pub fn odds_ratio_fisher(self, confidence: f64) -> Result<Interval, Error> {
        let tail = tail_of(confidence)?;
        let exact = self.exact(0.5 * tail, 1.0);
        let (margins, a) = self.margins();
        let estimate = if margins.low() == margins.high() {
            None
        } else if a == margins.low() {
            Some(0.0)
        } else if a == margins.high() {
            None
        } else {
            solve_odds(|odds| margins.split(a, odds).mean - a)
        };
        Ok(Interval { estimate, ..exact })
    }

    /// Limits with `share` of the probability of the observed table counted as extreme, and the median.
    fn exact(self, tail: f64, share: f64) -> Interval {
        let (margins, a) = self.margins();
        if margins.low() == margins.high() {
            // The margins determine the table: it says nothing about the odds.
            return Interval { estimate: None, lower: Some(0.0), upper: None };
        }
        let upper_tail = |odds: f64| {
            let split = margins.split(a, odds);
            split.above + share * split.at
        };
        let lower_tail = |odds: f64| {
            let split = margins.split(a, odds);
            split.below + share * split.at
        };
        let lower = if a == margins.low() { Some(0.0) } else { solve_odds(|odds| upper_tail(odds) - tail) };
        let upper = if a == margins.high() { None } else { solve_odds(|odds| tail - lower_tail(odds)) };
        let estimate = if a == margins.low() {
            Some(0.0)
        } else if a == margins.high() {
            None
        } else {
            solve_odds(|odds| {
                let split = margins.split(a, odds);
                0.5 - split.below - 0.5 * split.at
            })
        };
        Interval { estimate, lower, upper }
    }

    /// Difference of the attack rates, exposed minus unexposed; normal interval.
    pub fn attributable_risk(self, confidence: f64) -> Result<Interval, Error> {
        let [a, b, c, d] = self.cells();
        let (p1, p0) = self.rates();
        let half = z_of(confidence)? * (p1 * (1.0 - p1) / (a + b) + p0 * (1.0 - p0) / (c + d)).sqrt();
        Ok(Interval::new(p1 - p0, p1 - p0 - half, p1 - p0 + half))
    }

    /// Share of the cases among the exposed that the exposure explains: 1 - 1/risk ratio.
    pub fn attributable_fraction_exposed(self, confidence: f64) -> Result<Interval, Error> {
        Ok(self.risk_ratio(confidence)?.increasing(|ratio| 1.0 - 1.0 / ratio))
    }

    /// Attack rate of all minus that of the unexposed; normal interval.
    pub fn population_attributable_risk(self, confidence: f64) -> Result<Interval, Error> {
        let [a, b, c, d] = self.cells();
        let n = a + b + c + d;
        let (_, p0) = self.rates();
        let estimate = (a + c) / n - p0;
        let variance = (a + c) * (b + d) / n.powi(3) + c * d / (c + d).powi(3);
        let half = z_of(confidence)? * variance.sqrt();
        Ok(Interval::new(estimate, estimate - half, estimate + half))
    }

    /// Share of all cases that the exposure explains; interval on log(1 - fraction) (Walter 1976, Biometrics 32).
    pub fn population_attributable_fraction(self, confidence: f64) -> Result<Interval, Error> {
        let [a, b, c, d] = self.cells();
        let n = a + b + c + d;
        let (_, p0) = self.rates();
        let fraction = 1.0 - p0 * n / (a + c);
        let half = z_of(confidence)? * ((b + fraction * (a + d)) / (n * c)).sqrt();
        let rest = 1.0 - fraction;
        Ok(Interval::new(fraction, 1.0 - rest * half.exp(), 1.0 - rest * (-half).exp()))
    }

    /// 1 - risk ratio, where the exposed are the vaccinated.
    pub fn vaccine_effectiveness(self, confidence: f64) -> Result<Interval, Error> {
        Ok(self.risk_ratio(confidence)?.decreasing(|ratio| 1.0 - ratio))
    }

    /// Two-sided p value of Fisher's exact test.
    pub fn fisher_p(self) -> f64 {
        let (margins, a) = self.margins();
        margins.fisher_p(a)
    }

    /// Pearson's chi-squared statistic (1 degree of freedom); `None` if nobody or everybody is ill.
    pub fn chi_squared(self) -> Option<f64> {
        self.chi_squared_less(0.0)
    }

    /// Chi-squared with Yates' continuity correction.
    pub fn chi_squared_yates(self) -> Option<f64> {
        self.chi_squared_less(0.5)
    }

    fn chi_squared_less(self, correction: f64) -> Option<f64> {
        let [a, b, c, d] = self.cells();
        let n = a + b + c + d;
        let (rows, columns) = ([a + b, c + d], [a + c, b + d]);
        if columns.contains(&0.0) {
            return None;
        }
        // |observed - expected| is the same in all four cells.
        let distance = (a - rows[0] * columns[0] / n).abs();
        let distance = distance - f64::min(correction, distance);
        let inverse: f64 = rows.iter().flat_map(|r| columns.map(|c| n / (r * c))).sum();
        Some(distance * distance * inverse)
    }

    /// P value of a chi-squared statistic with 1 degree of freedom.
    pub fn chi_squared_p(chi_squared: f64) -> f64 {
        (2.0 * normal_upper_tail(chi_squared.max(0.0).sqrt())).min(1.0)
    }
}

impl TryFrom<[u32; 4]> for TwoByTwo {
    type Error = Error;
    fn try_from([a, b, c, d]: [u32; 4]) -> Result<Self, Error> {
        Self::new(a, b, c, d)
    }
}

impl From<TwoByTwo> for [u32; 4] {
    fn from(t: TwoByTwo) -> Self {
        [t.exposed_ill, t.exposed_well, t.unexposed_ill, t.unexposed_well]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_without_persons_is_refused() {
        assert!(TwoByTwo::new(0, 0, 1, 1).is_err());
        assert!(TwoByTwo::new(1, 1, 0, 0).is_err());
    }

    #[test]
    fn an_empty_cell_leaves_undefined_ratios_undefined_and_the_exact_ones_bounded_on_one_side() {
        let table = TwoByTwo::new(5, 0, 2, 7).unwrap();
        assert_eq!(table.odds_ratio(0.95).unwrap().estimate, None);
        let exact = table.odds_ratio_midp(0.95).unwrap();
        assert!(exact.lower.unwrap() > 1.0);
        assert_eq!((exact.estimate, exact.upper), (None, None));
        let none_exposed_ill = TwoByTwo::new(0, 5, 7, 2).unwrap().odds_ratio_midp(0.95).unwrap();
        assert_eq!((none_exposed_ill.estimate, none_exposed_ill.lower), (Some(0.0), Some(0.0)));
        assert!(none_exposed_ill.upper.unwrap() < 1.0);
        let nobody = TwoByTwo::new(0, 4, 0, 9).unwrap();
        assert_eq!(nobody.chi_squared(), None);
        assert_eq!(nobody.fisher_p(), 1.0);
        assert_eq!(nobody.odds_ratio_fisher(0.95).unwrap().upper, None);
    }

    const FISHER: [([u32; 4], f64); 10] = [
        ([24, 374, 247, 197], 1.6475650307743677e-59),
        ([361, 343, 116, 308], 1.9171882607327656e-15),
        ([139, 98, 3, 302], 1.6641071717423212e-59),
        ([3, 1, 1, 3], 0.4857142857142857),
        ([5, 5, 5, 5], 1.0),
        ([0, 4, 3, 1], 0.14285714285714285),
        ([82, 200_663, 162, 201_067], 3.3564693716275693e-07),
        ([2, 0, 0, 2], 0.3333333333333333),
        ([0, 4, 0, 9], 1.0),
        ([10, 0, 0, 12], 1.546441174924147e-06),
    ];

    #[test]
    fn fisher_p_keeps_its_digits_far_in_the_tail_and_is_one_at_the_mode() {
        // Sums of hypergeometric probabilities in 40-digit arithmetic.
        for (cells, p) in FISHER {
            let table = TwoByTwo::try_from(cells).unwrap();
            assert!((table.fisher_p() / p - 1.0).abs() < 1e-11, "{cells:?}: {} {p}", table.fisher_p());
        }
    }

    #[test]
    fn huge_tables_are_answered() {
        let table = TwoByTwo::new(1_000_000_000, 1_000_000_000, 900_000_000, 1_100_000_000).unwrap();
        let exact = table.odds_ratio_midp(0.95).unwrap();
        let wald = table.odds_ratio(0.95).unwrap();
        assert!((exact.lower.unwrap() / wald.lower.unwrap() - 1.0).abs() < 1e-6);
        assert!(table.fisher_p() < 1e-12);
    }

    #[test]
    fn swapping_the_groups_inverts_the_odds_ratio() {
        let one = TwoByTwo::new(13, 11, 33, 18).unwrap().odds_ratio_midp(0.9).unwrap();
        let other = TwoByTwo::new(33, 18, 13, 11).unwrap().odds_ratio_midp(0.9).unwrap();
        assert!((one.estimate.unwrap() * other.estimate.unwrap() - 1.0).abs() < 1e-9);
        assert!((one.lower.unwrap() * other.upper.unwrap() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_confidence_outside_zero_to_one_is_refused() {
        let table = TwoByTwo::new(1, 2, 3, 4).unwrap();
        assert!(table.risk_ratio(1.0).is_err());
        assert!(table.risk_ratio(f64::NAN).is_err());
    }
}
