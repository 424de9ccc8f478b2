//! Weekly series after Noufaily et al. 2013: log-linear trend, harmonics, negative binomial counts, outbreaks whose
//! size is a multiple of the baseline's standard deviation and whose cases are spread in time log-normally.

use crate::draw::{gamma, normal, poisson};
use crate::{CountSeries, Error, Step};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;
use std::ops::Range;

/// What a disease looks like while nothing unusual happens. Mean of week t (from 1):
/// exp(`log_level` + `trend_per_week` t + sum over j of `season_cos` cos(2 pi j t/52) + `season_sin` sin(2 pi j t/52)).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// Logarithm of the weekly cases at the start.
    pub log_level: f64,
    /// Growth of the logarithm per week.
    pub trend_per_week: f64,
    /// Amplitude of the cosine, log scale.
    pub season_cos: f64,
    /// Amplitude of the sine, log scale.
    pub season_sin: f64,
    /// Pairs of cosine and sine (of the year, the half year, ...); 0 = no season.
    pub harmonics: u32,
    /// Variance over mean, >= 1; 1 = Poisson.
    pub dispersion: f64,
}

/// Trend and season of a scenario: the groups in which results are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Group {
    /// Neither.
    Flat,
    /// Season alone.
    Season,
    /// Trend alone.
    Trend,
    /// Both.
    TrendAndSeason,
}

impl Scenario {
    /// Mean of week `week`, counted from 0.
    pub fn mean(&self, week: usize) -> f64 {
        let t = week as f64 + 1.0;
        let season: f64 = (1..=self.harmonics)
            .map(|j| {
                let (sine, cosine) = (TAU * f64::from(j) * t / 52.0).sin_cos();
                self.season_cos * cosine + self.season_sin * sine
            })
            .sum();
        (self.log_level + self.trend_per_week * t + season).exp()
    }

    /// Trend and season.
    pub fn group(&self) -> Group {
        match (self.trend_per_week != 0.0, self.harmonics > 0) {
            (false, false) => Group::Flat,
            (false, true) => Group::Season,
            (true, false) => Group::Trend,
            (true, true) => Group::TrendAndSeason,
        }
    }
}

/// The 28 scenarios of Noufaily et al. 2013: seven diseases, from one case in two months to 150 a week, each
/// flat, with a season, with a trend, with both.
/// # Examples
/// ```
/// use wanquan_epi::simulate::noufaily_scenarios;
/// let scenarios = noufaily_scenarios();
/// assert_eq!(scenarios.len(), 28);
/// // The first disease without trend or season: e^0.1 cases a week.
/// assert!((scenarios[0].mean(300) - 0.1_f64.exp()).abs() < 1e-12);
/// ```
pub fn noufaily_scenarios() -> Vec<Scenario> {
    // log level, trend, cosine, sine, dispersion.
    const DISEASES: [(f64, f64, f64, f64, f64); 7] = [
        (0.1, 0.0025, 0.6, 0.6, 1.5),
        (-2.0, 0.005, 0.1, 0.3, 2.0),
        (1.5, 0.003, 0.2, -0.4, 1.0),
        (0.5, 0.002, 0.5, 0.5, 5.0),
        (2.5, 0.001, 1.0, 0.1, 3.0),
        (3.75, 0.001, 0.1, -0.1, 1.1),
        (5.0, 0.0001, 0.05, 0.01, 1.2),
    ];
    let mut scenarios = Vec::with_capacity(28);
    for (log_level, trend, cos, sin, dispersion) in DISEASES {
        for trend_per_week in [0.0, trend] {
            for harmonics in [0, 1] {
                let (season_cos, season_sin) = if harmonics > 0 { (cos, sin) } else { (0.0, 0.0) };
                scenarios.push(Scenario {
                    log_level,
                    trend_per_week,
                    season_cos,
                    season_sin,
                    harmonics,
                    dispersion,
                });
            }
        }
    }
    scenarios
}

/// How long a series is and which outbreaks are laid over it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PanelConfig {
    /// Length, weeks.
    pub weeks: usize,
    /// Newest weeks, in which a detector is judged.
    pub evaluated_weeks: usize,
    /// Weeks before them among which past outbreaks begin.
    pub past_weeks: usize,
    /// Past outbreaks.
    pub past_outbreaks: usize,
    /// Sizes of past outbreaks, one drawn for each: expected cases over the baseline's standard deviation at the
    /// first week.
    pub past_sizes_sd: Vec<f64>,
    /// Outbreaks within the evaluated weeks.
    pub current_outbreaks: usize,
    /// Their sizes, one drawn for each.
    pub current_sizes_sd: Vec<f64>,
    /// Mean of the logarithm of the weeks from the first day of an outbreak to a case.
    pub log_weeks_mean: f64,
    /// Standard deviation of that logarithm, > 0.
    pub log_weeks_sd: f64,
}

impl PanelConfig {
    /// The paper's: 624 weeks, the last 49 evaluated, four outbreaks in the five years before, one in the evaluated
    /// weeks, cases log-normal (0, 0.5) in time: nine in ten of them within two weeks.
    pub fn noufaily() -> Self {
        Self {
            weeks: 624,
            evaluated_weeks: 49,
            past_weeks: 263,
            past_outbreaks: 4,
            past_sizes_sd: vec![2.0, 3.0, 5.0, 10.0],
            current_outbreaks: 1,
            current_sizes_sd: (1..=10).map(f64::from).collect(),
            log_weeks_mean: 0.0,
            log_weeks_sd: 0.5,
        }
    }

    fn check(&self) -> Result<(), Error> {
        if self.evaluated_weeks + self.past_weeks > self.weeks || self.weeks == 0 || self.evaluated_weeks == 0
        {
            return Err(Error::parameter(
                "weeks",
                self.weeks,
                "must hold at least one evaluated week and the past ones",
            ));
        }
        for (sizes, outbreaks) in
            [(&self.past_sizes_sd, self.past_outbreaks), (&self.current_sizes_sd, self.current_outbreaks)]
        {
            if outbreaks > 0 && sizes.is_empty() {
                return Err(Error::parameter("sizes_sd", "none", "outbreaks need a size to draw"));
            }
            if let Some(bad) = sizes.iter().find(|k| !(**k >= 0.0 && k.is_finite())) {
                return Err(Error::parameter("sizes_sd", bad, "must be finite and not negative"));
            }
        }
        if !(self.log_weeks_sd > 0.0 && self.log_weeks_sd.is_finite() && self.log_weeks_mean.is_finite()) {
            return Err(Error::parameter("log_weeks_sd", self.log_weeks_sd, "must be finite and positive"));
        }
        Ok(())
    }

    /// Weeks in which a detector is judged.
    pub fn evaluated(&self) -> Range<usize> {
        self.weeks - self.evaluated_weeks..self.weeks
    }
}

/// One outbreak laid over a baseline. It has at least one case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SimulatedOutbreak {
    /// Week in which it begins, from 0.
    pub start: usize,
    /// Expected size over the baseline's standard deviation.
    pub size_sd: f64,
    /// Cases by week from `start`; cases after the end of the series are not among them.
    pub cases: Vec<u32>,
}

impl SimulatedOutbreak {
    /// From the first to the last week with a case.
    pub fn weeks(&self) -> Range<usize> {
        let first = self.cases.iter().position(|&n| n > 0).unwrap_or(0);
        let last = self.cases.iter().rposition(|&n| n > 0).map_or(0, |i| i + 1);
        self.start + first..self.start + last
    }
}

/// A series whose truth is known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SimulatedSeries {
    /// Counts, outbreaks included.
    pub series: CountSeries,
    /// Mean of each week without outbreaks.
    pub means: Vec<f64>,
    /// Outbreaks with at least one case, in order of their draw: past ones first.
    pub outbreaks: Vec<SimulatedOutbreak>,
}

impl SimulatedSeries {
    /// Cases of outbreaks by week.
    pub fn outbreak_cases(&self) -> Vec<u32> {
        let mut cases = vec![0; self.series.len()];
        for outbreak in &self.outbreaks {
            for (slot, n) in cases[outbreak.start..].iter_mut().zip(&outbreak.cases) {
                *slot += n;
            }
        }
        cases
    }
}

/// One series of a scenario.
///
/// # Output
/// Weeks from Monday, 3 January 2000 (an arbitrary start).
/// # Errors
/// `InvalidParameter` for a configuration that cannot be drawn.
/// # Method
/// See the module. The size of an outbreak is a Poisson number with `size_sd` times the standard deviation of the
/// baseline in its first week as its mean; the past outbreaks' weeks are drawn from `past_weeks`, without regard
/// to each other, so that they may overlap as in life.
/// # Examples
/// ```
/// use rand::SeedableRng;
/// use wanquan_epi::simulate::{PanelConfig, noufaily_scenarios, simulate_series};
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let one = simulate_series(&noufaily_scenarios()[24], &PanelConfig::noufaily(), &mut rng)?;
/// assert_eq!((one.series.len(), one.means.len()), (624, 624));
/// assert!(one.outbreaks.len() <= 5);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn simulate_series(
    scenario: &Scenario,
    config: &PanelConfig,
    rng: &mut impl Rng,
) -> Result<SimulatedSeries, Error> {
    config.check()?;
    if !(scenario.dispersion >= 1.0 && scenario.dispersion.is_finite()) {
        return Err(Error::parameter("dispersion", scenario.dispersion, "must be finite and at least 1"));
    }
    let means: Vec<f64> = (0..config.weeks).map(|week| scenario.mean(week)).collect();
    if let Some(week) = means.iter().position(|m| !(m.is_finite() && *m <= 1e9)) {
        return Err(Error::InvalidData { what: "mean", position: week, why: "must not pass 10^9" });
    }
    let mut counts: Vec<u32> = means.iter().map(|&m| simulate_count(m, scenario.dispersion, rng)).collect();
    let evaluated = config.evaluated();
    let past = evaluated.start - config.past_weeks..evaluated.start;
    let mut outbreaks = Vec::new();
    let plans = [
        (past, config.past_outbreaks, &config.past_sizes_sd),
        (evaluated, config.current_outbreaks, &config.current_sizes_sd),
    ];
    for (weeks, number, sizes) in plans {
        for _ in 0..number {
            if weeks.is_empty() {
                continue;
            }
            let start = rng.random_range(weeks.clone());
            let size_sd = sizes[rng.random_range(0..sizes.len())];
            let sd = (means[start] * scenario.dispersion).sqrt();
            let size = poisson(size_sd * sd, rng);
            let mut cases: Vec<u32> = Vec::new();
            for _ in 0..size {
                let weeks_later = (config.log_weeks_mean + config.log_weeks_sd * normal(rng)).exp();
                let Some(later) = whole(weeks_later).filter(|later| start + later < config.weeks) else {
                    continue;
                };
                if cases.len() <= later {
                    cases.resize(later + 1, 0);
                }
                cases[later] += 1;
            }
            for (slot, n) in counts[start..].iter_mut().zip(&cases) {
                *slot += n;
            }
            if !cases.is_empty() {
                outbreaks.push(SimulatedOutbreak { start, size_sd, cases });
            }
        }
    }
    let start = jiff::civil::date(2000, 1, 3);
    let series = CountSeries::new(start, Step::Week, counts.into_iter().map(Some).collect())?;
    Ok(SimulatedSeries { series, means, outbreaks })
}

/// A count of mean `mean` and variance `dispersion` x mean: negative binomial, Poisson for a dispersion of at most 1.
/// 0 for a mean that is not positive.
/// # Examples
/// ```
/// use rand::SeedableRng;
/// use wanquan_epi::simulate::simulate_count;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let mean = (0..10_000).map(|_| f64::from(simulate_count(4.0, 3.0, &mut rng))).sum::<f64>() / 10_000.0;
/// assert!((mean - 4.0).abs() < 0.2);
/// ```
pub fn simulate_count(mean: f64, dispersion: f64, rng: &mut impl Rng) -> u32 {
    let excess = dispersion - 1.0;
    if excess > 0.0 && mean > 0.0 {
        poisson(gamma(mean / excess, rng) * excess, rng)
    } else {
        poisson(mean, rng)
    }
}

fn whole(weeks: f64) -> Option<usize> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 10^6")]
    (0.0..1e6).contains(&weeks).then_some(weeks as usize)
}

/// `replicates` series of each scenario, in order of scenario, drawn in parallel.
///
/// # Errors
/// As [`simulate_series`].
/// # Examples
/// ```
/// use wanquan_epi::simulate::{PanelConfig, noufaily_scenarios, simulate_panel};
/// let panel = simulate_panel(&noufaily_scenarios()[..2], &PanelConfig::noufaily(), 3, 1)?;
/// // Three series of the first scenario, three of the second.
/// assert_eq!(panel.len(), 6);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn simulate_panel(
    scenarios: &[Scenario],
    config: &PanelConfig,
    replicates: usize,
    seed: u64,
) -> Result<Vec<SimulatedSeries>, Error> {
    (0..scenarios.len() * replicates)
        .into_par_iter()
        .map(|i| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            // Scenario and replicate name the stream, so that more replicates extend a panel.
            rng.set_stream(((i / replicates) as u64) << 32 | (i % replicates) as u64);
            simulate_series(&scenarios[i / replicates], config, &mut rng)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_panel_begins_with_the_shorter_one() {
        let scenarios = noufaily_scenarios();
        let config = PanelConfig::noufaily();
        let short = simulate_panel(&scenarios[..2], &config, 2, 5).unwrap();
        let long = simulate_panel(&scenarios[..2], &config, 3, 5).unwrap();
        assert_eq!(short[1], long[1]);
        assert_eq!(short[2], long[3]);
        assert_ne!(short[0], short[1]);
    }

    #[test]
    fn baselines_have_the_mean_and_scatter_of_their_scenario() {
        let config = PanelConfig { past_outbreaks: 0, current_outbreaks: 0, ..PanelConfig::noufaily() };
        for (i, scenario) in noufaily_scenarios().iter().enumerate() {
            let panel = simulate_panel(std::slice::from_ref(scenario), &config, 40, 1).unwrap();
            let (mut excess, mut squares, mut mean) = (0.0, 0.0, 0.0);
            for one in &panel {
                assert!(one.outbreaks.is_empty());
                for (y, m) in one.series.counts().iter().zip(&one.means) {
                    let y = f64::from(y.unwrap());
                    (excess, mean) = (excess + y - m, mean + m);
                    squares += (y - m).powi(2) / m;
                }
            }
            let n = 40.0 * 624.0;
            assert!((excess / (mean * scenario.dispersion).sqrt()).abs() < 4.0, "scenario {i}: {excess}");
            assert!((squares / n / scenario.dispersion - 1.0).abs() < 0.25, "scenario {i}: {}", squares / n);
        }
    }

    #[test]
    fn outbreaks_have_the_size_that_was_asked_for_and_most_cases_in_two_weeks() {
        let config = PanelConfig { current_sizes_sd: vec![10.0], ..PanelConfig::noufaily() };
        let scenario = noufaily_scenarios()[24];
        let panel = simulate_panel(&[scenario], &config, 300, 9).unwrap();
        let (mut wanted, mut got, mut early) = (0.0, 0.0, 0.0);
        for one in &panel {
            for outbreak in one.outbreaks.iter().filter(|o| o.start < 600) {
                wanted += outbreak.size_sd * (one.means[outbreak.start] * scenario.dispersion).sqrt();
                got += outbreak.cases.iter().map(|&n| f64::from(n)).sum::<f64>();
                early += outbreak.cases.iter().take(2).map(|&n| f64::from(n)).sum::<f64>();
            }
            let total: u32 = one.outbreak_cases().iter().sum();
            assert_eq!(total, one.outbreaks.iter().flat_map(|o| &o.cases).sum::<u32>());
        }
        assert!((got / wanted - 1.0_f64).abs() < 0.02, "{got} {wanted}");
        assert!((early / got - 0.917_f64).abs() < 0.01, "{}", early / got);
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let good = PanelConfig::noufaily();
        for bad in [
            PanelConfig { weeks: 100, ..good.clone() },
            PanelConfig { past_sizes_sd: Vec::new(), ..good.clone() },
            PanelConfig { current_sizes_sd: vec![f64::NAN], ..good.clone() },
            PanelConfig { log_weeks_sd: 0.0, ..good.clone() },
        ] {
            assert!(simulate_panel(&noufaily_scenarios()[..1], &bad, 1, 1).is_err(), "{bad:?}");
        }
        let growing = Scenario { trend_per_week: 1.0, ..noufaily_scenarios()[0] };
        assert!(simulate_panel(&[growing], &good, 1, 1).is_err());
    }
}
