//! Rates of events per person-time, and rates made comparable between populations.

use super::{Interval, tail_of, z_of};
use crate::Error;
use crate::special::gamma_quantile;
use serde::{Deserialize, Serialize};

/// Events in a stretch of person-time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "(u32, f64)", into = "(u32, f64)")]
pub struct Rate {
    events: u32,
    person_time: f64,
}

impl Rate {
    /// `person_time` > 0 in any unit; results are events per that unit.
    ///
    /// # Errors
    /// `InvalidData` if the person-time is not finite and positive.
    pub fn new(events: u32, person_time: f64) -> Result<Self, Error> {
        if !(person_time > 0.0 && person_time.is_finite()) {
            return Err(Error::InvalidData {
                what: "person-time",
                position: 0,
                why: "must be finite and positive",
            });
        }
        Ok(Self { events, person_time })
    }
}

impl TryFrom<(u32, f64)> for Rate {
    type Error = Error;
    fn try_from((events, person_time): (u32, f64)) -> Result<Self, Error> {
        Self::new(events, person_time)
    }
}

impl From<Rate> for (u32, f64) {
    fn from(rate: Rate) -> Self {
        (rate.events, rate.person_time)
    }
}

/// Rate with Garwood's exact Poisson interval (Garwood 1936, Biometrika 28).
///
/// # Input
/// `rate`: events and person-time; `confidence` in (0, 1).
/// # Output
/// Events per unit of person-time with limits.
/// # Errors
/// `InvalidParameter` for a confidence outside (0, 1).
/// # Examples
/// ```
/// use wanquan_epi::association::{Rate, rate_exact};
/// // Ten deaths in 2,000 person-years: 5 per 1,000 (2.4 to 9.2).
/// let rate = rate_exact(Rate::new(10, 2000.0)?, 0.95)?;
/// assert!((rate.estimate.unwrap() - 0.005).abs() < 1e-12);
/// assert!((rate.lower.unwrap() - 0.0024).abs() < 5e-5 && (rate.upper.unwrap() - 0.0092).abs() < 5e-5);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn rate_exact(rate: Rate, confidence: f64) -> Result<Interval, Error> {
    let half_tail = 0.5 * tail_of(confidence)?;
    let events = f64::from(rate.events);
    let lower = if rate.events == 0 { 0.0 } else { gamma_quantile(half_tail, events) };
    let upper = gamma_quantile(1.0 - half_tail, events + 1.0);
    let time = rate.person_time;
    Ok(Interval::new(events / time, lower / time, upper / time))
}

/// Rate with Byar's approximate interval in the form of Rothman & Boice (events + 1/2 on both sides), which
/// is shorter than the exact one. A lower limit below 0 is given as 0.
///
/// # Errors
/// `InvalidParameter` for a confidence outside (0, 1).
/// # Examples
/// ```
/// use wanquan_epi::association::{Rate, rate_byar, rate_exact};
/// let rate = Rate::new(10, 2000.0)?;
/// let (byar, exact) = (rate_byar(rate, 0.95)?, rate_exact(rate, 0.95)?);
/// assert!(byar.upper.unwrap() - byar.lower.unwrap() < exact.upper.unwrap() - exact.lower.unwrap());
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn rate_byar(rate: Rate, confidence: f64) -> Result<Interval, Error> {
    let z = z_of(confidence)?;
    let events = f64::from(rate.events);
    let a = events + 0.5;
    let limit = |z: f64| a * (1.0 - 1.0 / (9.0 * a) + z / (3.0 * a.sqrt())).powi(3) / rate.person_time;
    Ok(Interval::new(events / rate.person_time, limit(-z).max(0.0), limit(z)))
}

/// Cases and population of one stratum (age group), here and in the standard population.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stratum {
    /// Cases in the study population.
    pub cases: u32,
    /// Persons (or person-time) in the study population, > 0.
    pub population: f64,
    /// Cases in the standard population; only indirect standardisation reads it.
    pub standard_cases: u32,
    /// Persons in the standard population, > 0.
    pub standard_population: f64,
}

/// A directly standardised rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StandardisedRate {
    /// All cases per all persons.
    pub crude: f64,
    /// The rate if the population had the standard's composition.
    pub adjusted: Interval,
}

/// An indirectly standardised ratio.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct IndirectRate {
    /// Cases expected at the standard's rates.
    pub expected: f64,
    /// Observed per expected cases (SMR, SIR).
    pub ratio: Interval,
}

/// Directly standardised rate with the gamma interval of Fay & Feuer 1997 (Stat Med 16:791-801).
///
/// # Input
/// `strata`: cases and persons of each age group, here and in the standard population.
/// # Output
/// Rates per person (or unit of person-time).
/// # Errors
/// `TooShort` without a stratum, `InvalidData` for a population that is not positive, `InvalidParameter`.
/// # Examples
/// ```
/// use wanquan_epi::association::{Stratum, standardise_directly};
/// // Young and old persons: cases and persons here, cases and persons in the standard population.
/// let young = Stratum { cases: 10, population: 1000.0, standard_cases: 100, standard_population: 20_000.0 };
/// let old = Stratum { cases: 60, population: 1000.0, standard_cases: 200, standard_population: 10_000.0 };
/// let rate = standardise_directly(&[young, old], 0.95)?;
/// // 35 per 1,000 as it stands; (2 x 10 + 1 x 60) / 3 per 1,000 in the younger standard population.
/// assert!((rate.crude - 0.035).abs() < 1e-12);
/// assert!((rate.adjusted.estimate.unwrap() - 0.08 / 3.0).abs() < 1e-12);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn standardise_directly(strata: &[Stratum], confidence: f64) -> Result<StandardisedRate, Error> {
    check(strata)?;
    let half_tail = 0.5 * tail_of(confidence)?;
    let standard: f64 = strata.iter().map(|s| s.standard_population).sum();
    let (mut rate, mut variance, mut weight_max) = (0.0, 0.0, 0.0_f64);
    for s in strata {
        let weight = s.standard_population / standard / s.population;
        rate += weight * f64::from(s.cases);
        variance += weight * weight * f64::from(s.cases);
        weight_max = weight_max.max(weight);
    }
    let lower =
        if rate > 0.0 { gamma_quantile(half_tail, rate * rate / variance) * variance / rate } else { 0.0 };
    let (r, v) = (rate + weight_max, variance + weight_max * weight_max);
    let upper = gamma_quantile(1.0 - half_tail, r * r / v) * v / r;
    let cases: f64 = strata.iter().map(|s| f64::from(s.cases)).sum();
    let persons: f64 = strata.iter().map(|s| s.population).sum();
    Ok(StandardisedRate { crude: cases / persons, adjusted: Interval::new(rate, lower, upper) })
}

/// Observed over expected cases with a normal interval of the logarithm (`None` limits without a case).
///
/// # Input
/// As [`standardise_directly`]; the standard's cases are read too.
/// # Output
/// Expected cases, and observed over expected.
/// # Errors
/// As [`standardise_directly`]; `InvalidData` too if the standard expects no case at all.
/// # Examples
/// ```
/// use wanquan_epi::association::{Stratum, standardise_indirectly};
/// // Young and old persons: cases and persons here, cases and persons in the standard population.
/// let young = Stratum { cases: 10, population: 1000.0, standard_cases: 100, standard_population: 20_000.0 };
/// let old = Stratum { cases: 60, population: 1000.0, standard_cases: 200, standard_population: 10_000.0 };
/// let ratio = standardise_indirectly(&[young, old], 0.95)?;
/// // At the standard's rates of 5 and 20 per 1,000 there would be 25 cases; there are 70.
/// assert!((ratio.expected - 25.0).abs() < 1e-12 && (ratio.ratio.estimate.unwrap() - 2.8).abs() < 1e-12);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn standardise_indirectly(strata: &[Stratum], confidence: f64) -> Result<IndirectRate, Error> {
    check(strata)?;
    let z = z_of(confidence)?;
    let expected: f64 =
        strata.iter().map(|s| f64::from(s.standard_cases) / s.standard_population * s.population).sum();
    if expected <= 0.0 {
        return Err(Error::InvalidData { what: "standard cases", position: 0, why: "no stratum has a case" });
    }
    let observed: f64 = strata.iter().map(|s| f64::from(s.cases)).sum();
    Ok(IndirectRate { expected, ratio: Interval::log_wald(observed / expected, z, 1.0 / observed.sqrt()) })
}

fn check(strata: &[Stratum]) -> Result<(), Error> {
    if strata.is_empty() {
        return Err(Error::TooShort { what: "strata", got: 0, need: 1 });
    }
    let good = |x: f64| x.is_finite() && x > 0.0;
    match strata.iter().position(|s| !good(s.population) || !good(s.standard_population)) {
        Some(position) => Err(Error::InvalidData {
            what: "stratum population",
            position,
            why: "must be finite and positive",
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_event_has_a_rate_of_zero_and_an_upper_limit() {
        let exact = rate_exact(Rate::new(0, 10.0).unwrap(), 0.95).unwrap();
        assert_eq!(exact.lower, Some(0.0));
        assert!((exact.upper.unwrap() - 0.368_887_945_411_393_4).abs() < 1e-12);
        assert_eq!(rate_byar(Rate::new(0, 10.0).unwrap(), 0.95).unwrap().lower, Some(0.0));
    }

    #[test]
    fn person_time_must_be_positive() {
        assert!(Rate::new(1, 0.0).is_err());
        assert!(Rate::new(1, f64::NAN).is_err());
    }

    #[test]
    fn a_population_like_the_standard_keeps_its_crude_rate() {
        let strata = [(3, 100.0), (10, 250.0)].map(|(cases, population)| Stratum {
            cases,
            population,
            standard_cases: cases,
            standard_population: 7.0 * population,
        });
        let direct = standardise_directly(&strata, 0.95).unwrap();
        assert!((direct.adjusted.estimate.unwrap() - direct.crude).abs() < 1e-15);
        assert!((standardise_indirectly(&strata, 0.95).unwrap().ratio.estimate.unwrap() - 7.0).abs() < 1e-12);
    }
}
