//! Nowcast from a smooth course of the epidemic and delays that change and depend on the weekday.
//!
//! Complexity: the delays take O(window x longest delay) sums per iteration of a regression with as many
//! parameters as delays; the course O(window) per fit, some hundred fits. A window of 60 days and delays up
//! to 15 days take a few milliseconds.

use super::{CountForecast, Nowcast, NowcastPoint, check_probs};
use crate::delay::ReportingTriangle;
use crate::draw::{beta, negative_binomial};
use crate::{Error, Step};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

mod course;
mod delays;
mod silence;

use course::{Candidates, Course, Observation};
use delays::Delays;

/// Version of the numbers, recorded with stored results.
pub const VERSION: u32 = 3;

/// Parameters of [`nowcast_state_space`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateSpaceConfig {
    /// Longest delay in steps, 1 to 100; longer ones count as this long. Take it such that hardly any report
    /// comes later.
    pub delay_max: usize,
    /// Steps used, > `delay_max`. Recommended 56 or three times the longest delay, whichever is more: enough for
    /// weekdays, and old enough not to matter beyond.
    pub window_steps: usize,
    /// Half-lives tried for the weight of past reports, steps, > 0; the one that would have predicted the
    /// reports of the last four weeks best is taken. Recommended 3, 7, 14, 28 and 10,000 (all alike).
    pub half_lives_steps: Vec<f64>,
    /// Paths drawn, 100 to 100,000. Recommended 1,000: the outer quantiles then carry an error of about a tenth
    /// of the distribution's standard deviation.
    pub draws: usize,
    /// Quantiles to report, each in (0, 1). Recommended 0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975.
    pub quantile_probs: Vec<f64>,
}

impl StateSpaceConfig {
    /// The recommended values given above.
    pub fn recommended(delay_max: usize) -> Self {
        Self {
            delay_max,
            window_steps: delay_max.saturating_mul(3).max(56),
            half_lives_steps: vec![3.0, 7.0, 14.0, 28.0, 10_000.0],
            draws: 1000,
            quantile_probs: vec![0.025, 0.05, 0.25, 0.5, 0.75, 0.95, 0.975],
        }
    }

    fn check(&self) -> Result<(), Error> {
        check_probs(&self.quantile_probs)?;
        if !(1..=100).contains(&self.delay_max) {
            return Err(Error::parameter("delay_max", self.delay_max, "must be 1 to 100"));
        }
        if self.window_steps <= self.delay_max {
            return Err(Error::parameter("window_steps", self.window_steps, "must exceed the longest delay"));
        }
        if self.half_lives_steps.is_empty() || !self.half_lives_steps.iter().all(|h| *h > 0.0) {
            let given = format!("{:?}", self.half_lives_steps);
            return Err(Error::parameter("half_lives_steps", given, "must hold positive numbers"));
        }
        if !(100..=100_000).contains(&self.draws) {
            return Err(Error::parameter("draws", self.draws, "must be 100 to 100,000"));
        }
        Ok(())
    }
}

/// Tilts of the delays towards longer ones tried, in standard deviations.
const TILTS: [f64; 11] = [-5.0, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
/// Paths drawn per draw of the delays, on average.
const PATHS_PER_DELAY: usize = 5;
/// Shares proposed per step and draw of the delays, among which the cases known choose.
const SHARE_PROPOSALS: usize = 12;

/// Nowcast by a state-space model: the recommended method for daily and weekly series.
///
/// # Input
/// `triangle`: at least `delay_max` + 8 steps. `rng`: the seed belongs to the result.
/// # Output
/// The last `delay_max` + 1 steps; each distribution is a sample of `draws` counts, drawn jointly over the
/// steps (draw i of one step belongs with draw i of the others before sorting).
/// # Errors
/// `TooShort`, `InvalidParameter`; `InvalidData` if nobody is known in the window.
/// # Method
/// Delays: P(delay = x | delay <= x), which is free of right truncation (Lawless 1994), with a smooth level
/// per delay, a factor per weekday of the report, weights that fade with the age of the report, and
/// extra-binomial scatter. Course: the log of the expected count moves with a damped trend (integrated
/// autoregression of order 1), counts are negative binomial about it; fitted by its mode and curvature, the
/// parameters of movement and scatter averaged over a grid by their marginal likelihood. Given a day's
/// expected count and the share F of its delays that has passed, the cases still to come are negative
/// binomial with the day's own deviation learned from those known. Ours; related to McGough et al. 2020, PLoS
/// Comput Biol 16:e1007735 and Guenther et al. 2021, Biom J 63:490-502.
/// # Examples
/// ```
/// use jiff::civil::{Date, date};
/// use rand::SeedableRng;
/// use wanquan_epi::Step;
/// use wanquan_epi::delay::ReportingTriangle;
/// use wanquan_epi::delay::nowcast::{StateSpaceConfig, nowcast_state_space};
///
/// // Haemolytic-uraemic syndrome, Germany 2011: hospital admission, report, cases (Robert Koch Institute).
/// let figures = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/data/hus_o104_de_2011.csv"));
/// let reports = figures.lines().skip(2).map(|line| {
///     let field = |i| line.split(',').nth(i).expect("three fields");
///     let day = |i| field(i).parse::<Date>().expect("a date");
///     (day(0), day(1), field(2).parse().expect("a count"))
/// });
/// let triangle = ReportingTriangle::from_changes(date(2011, 5, 1), date(2011, 6, 2), Step::Day, reports)?;
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let nowcast = nowcast_state_space(&triangle, &StateSpaceConfig::recommended(15), &mut rng)?;
/// // 25 admissions of ten days ago are known; 44 came to be.
/// let ten_days_ago = &nowcast.points[5];
/// assert_eq!(ten_days_ago.observed, 25);
/// assert!(ten_days_ago.quantiles[0] <= 44.0 && 44.0 <= ten_days_ago.quantiles[6]);
/// assert!(ten_days_ago.quantiles[3] > 25.0);
/// # Ok::<(), wanquan_epi::Error>(())
/// ```
pub fn nowcast_state_space(
    triangle: &ReportingTriangle,
    config: &StateSpaceConfig,
    rng: &mut impl Rng,
) -> Result<Nowcast, Error> {
    config.check()?;
    let delay_max = config.delay_max;
    let need = delay_max + 8;
    if triangle.len() < need {
        return Err(Error::TooShort { what: "reporting triangle", got: triangle.len(), need });
    }
    let last = triangle.len() - 1;
    let window = Window::new(triangle, delay_max, config.window_steps);
    if window.known.iter().all(|n| *n == 0.0) {
        return Err(Error::InvalidData {
            what: "reporting triangle",
            position: last,
            why: "nobody is known in the window",
        });
    }
    let delays = Delays::fit(&window, &config.half_lives_steps)?;
    let season = window.event_weekday_offsets();
    let n = window.len();
    let observations = |shares: &[Share]| -> Vec<Observation> {
        // Steps older than the longest delay are known in full.
        let share = |age: usize| shares.get(age).copied().unwrap_or(Share { mean: 1.0, variance: 0.0 });
        let known = window.known.iter().enumerate();
        known
            .map(|(i, &count)| {
                let share = share(n - 1 - i);
                Observation {
                    count,
                    log_exposure: season[i] + share.mean.ln(),
                    exposure_scatter: share.variance / (share.mean * share.mean),
                }
            })
            .collect()
    };
    // Epidemics hardly ever double in less than two days; in weeks they may grow tenfold.
    let growth_sd = if triangle.step() == Step::Week { 0.6 } else { 0.12 };
    let tilt = TILTS
        .into_iter()
        .map(|step| {
            let tilt = step * delays.tilt_sd();
            let shares = delays.passed(&window, Some(&delays.tilted(tilt)));
            (Course::evidence(&observations(&shares), growth_sd) - 0.5 * step * step, tilt)
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map_or(0.0, |best| best.1);
    let expected = delays.passed(&window, Some(&delays.tilted(tilt)));
    let candidates = Course::candidates(&observations(&expected), growth_sd)?;
    let scenarios = (0..(config.draws / PATHS_PER_DELAY).max(20))
        .map(|_| {
            let (coefficients, log_prior) = delays.draw(tilt, rng);
            let shares = delays.passed(&window, Some(&coefficients));
            let candidate = candidates.pick(rng.random::<f64>());
            let fitted = candidate.course.fit(&observations(&shares), Some(&candidate.fitted.mode))?;
            let log_weight = log_prior + fitted.log_marginal - candidate.fitted.log_marginal;
            Ok(Scenario { shares, size: candidate.course.size, fitted, log_weight })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let mut samples: Vec<Vec<f64>> = vec![Vec::with_capacity(config.draws); delay_max + 1];
    for (scenario, paths) in scenarios.iter().zip(allocate(&scenarios, config.draws, rng)) {
        if paths == 0 {
            continue;
        }
        let proposals: Vec<Vec<Proposal>> =
            scenario.shares.iter().map(|s| s.draw(SHARE_PROPOSALS, rng)).collect();
        for _ in 0..paths {
            let path = scenario.fitted.draw(rng);
            for (age, sample) in samples.iter_mut().enumerate() {
                let i = n - 1 - age;
                let known = window.known[i];
                let mean = (path[i] + season[i]).exp();
                let share = choose_share(&proposals[age], known, mean, scenario.size, rng);
                // Gamma-Poisson: the day's own deviation is known as far as its cases are.
                let size = scenario.size + known;
                let to_come = size * mean * (1.0 - share) / (scenario.size + mean * share);
                sample.push(known + if share < 1.0 { negative_binomial(to_come, size, rng) } else { 0.0 });
            }
        }
    }
    let silent =
        silence::shares(&past(&window, &delays, &delays.tilted(tilt), &candidates, &season), delay_max);
    for (age, sample) in samples.iter_mut().enumerate() {
        let known = window.known[n - 1 - age];
        for count in sample {
            if silent[age] > 0.0 && rng.random::<f64>() < silent[age] {
                *count = known;
            }
        }
    }
    let points = samples
        .into_iter()
        .enumerate()
        .rev()
        .map(|(age, mut counts)| {
            counts.sort_by(f64::total_cmp);
            let distribution = CountForecast::Sample { counts };
            NowcastPoint {
                date: triangle.date(last - age),
                observed: triangle.known(last - age),
                mean: distribution.mean(),
                quantiles: config.quantile_probs.iter().map(|&p| distribution.quantile(p)).collect(),
                reported_share: expected[age].mean,
                distribution,
            }
        })
        .collect();
    let counts = super::DelayCounts::new(triangle, delay_max, Some(n - 1))?;
    Ok(Nowcast {
        method: "nowcast_state_space".to_owned(),
        method_version: VERSION,
        known_on: triangle.date(last),
        quantile_probs: config.quantile_probs.clone(),
        delay_cdf: expected.iter().map(|s| s.mean).collect(),
        delay_cases: super::DelayCounts::as_integers(&counts.cases),
        delay_at_risk: super::DelayCounts::as_integers(&counts.at_risk),
        points,
    })
}

/// Complete steps since reporting began, at every age.
fn past(
    window: &Window,
    delays: &Delays,
    coefficients: &[f64],
    candidates: &Candidates,
    season: &[f64],
) -> Vec<silence::Past> {
    let complete = window.len().saturating_sub(window.delay_max);
    // The likeliest course; the grid of candidates differs little in what it says of complete steps.
    let best = candidates.pick(0.0);
    let mut past = Vec::new();
    for (i, offset) in season.iter().enumerate().take(complete).skip(window.first_report) {
        let mean = (best.fitted.mode[i] + offset).exp();
        let shares = delays.passed_by_age(window, coefficients, i);
        let mut known = window.known[i];
        let mut silent = true;
        for age in (0..window.delay_max).rev() {
            let more = window.rows[i][age + 1];
            known -= more;
            silent &= more == 0.0;
            let chance = silence::chance(known, mean, best.course.size, &shares[age]);
            past.push(silence::Past { age, chance, silent });
        }
    }
    past
}

/// Share of a step's delays that has passed, with its scatter from step to step.
#[derive(Debug, Clone, Copy)]
struct Share {
    mean: f64,
    variance: f64,
}

impl Share {
    /// Shares that a step may have, as a beta distribution gives them; one where there is no scatter.
    fn draw(&self, proposals: usize, rng: &mut impl Rng) -> Vec<Proposal> {
        let spread = self.mean * (1.0 - self.mean);
        if self.variance <= 1e-9 * spread || spread <= 1e-12 {
            return vec![Proposal::new(self.mean)];
        }
        let total = (spread / self.variance - 1.0).max(1e-3);
        let draw = |_| Proposal::new(beta(self.mean * total, (1.0 - self.mean) * total, rng).max(1e-12));
        (0..proposals).map(draw).collect()
    }
}

/// A share that a step may have, with its logarithm.
#[derive(Debug, Clone, Copy)]
struct Proposal {
    share: f64,
    log: f64,
}

impl Proposal {
    fn new(share: f64) -> Self {
        Self { share, log: share.ln() }
    }
}

/// A draw of the delays with the course of the epidemic that follows from it.
struct Scenario {
    shares: Vec<Share>,
    size: f64,
    fitted: course::Fitted,
    /// How much better (or worse) the counts known fit to a likely course than at the best delays.
    log_weight: f64,
}

/// Paths per scenario in proportion to the weights. Delays that would mean an epidemic out of all proportion are
/// drawn less; where a few scenarios would take it all, the weights are flattened until a twentieth of them count.
fn allocate(scenarios: &[Scenario], paths: usize, rng: &mut impl Rng) -> Vec<usize> {
    let largest = scenarios.iter().map(|s| s.log_weight).fold(f64::NEG_INFINITY, f64::max);
    let mut power = 1.0;
    let mut weights: Vec<f64>;
    loop {
        weights = scenarios.iter().map(|s| (power * (s.log_weight - largest)).exp()).collect();
        let (sum, squares) = weights.iter().fold((0.0, 0.0), |(s, q), w| (s + w, q + w * w));
        if sum * sum / squares >= 0.05 * scenarios.len() as f64 || power < 1e-3 {
            break;
        }
        power *= 0.7;
    }
    let total: f64 = weights.iter().sum();
    // Systematic: one uniform start, equal steps.
    let start: f64 = rng.random();
    let (mut cumulative, mut given) = (0.0, 0_usize);
    weights
        .iter()
        .map(|w| {
            cumulative += w / total;
            let mut n = 0;
            while given < paths && (given as f64 + start) / (paths as f64) < cumulative {
                given += 1;
                n += 1;
            }
            n
        })
        .collect()
}

/// Picks one of the shares by how well it explains the cases known, given the day's expected count.
fn choose_share(proposals: &[Proposal], known: f64, mean: f64, size: f64, rng: &mut impl Rng) -> f64 {
    if let [only] = proposals {
        return only.share;
    }
    let log_weight = |p: &Proposal| known * p.log - (known + size) * (mean * p.share + size).ln();
    let mut logs = [0.0; SHARE_PROPOSALS];
    let mut largest = f64::NEG_INFINITY;
    for (log, proposal) in logs.iter_mut().zip(proposals) {
        *log = log_weight(proposal);
        largest = largest.max(*log);
    }
    let mut total = 0.0;
    for log in &mut logs {
        *log = (*log - largest).exp();
        total += *log;
    }
    let mut left = rng.random::<f64>() * total;
    for (weight, proposal) in logs.iter().zip(proposals) {
        left -= weight;
        if left <= 0.0 {
            return proposal.share;
        }
    }
    proposals[proposals.len() - 1].share
}

/// The steps used.
struct Window {
    /// Counts by delay as far as known, oldest step first.
    rows: Vec<Vec<f64>>,
    known: Vec<f64>,
    delay_max: usize,
    /// Weekday (0 to 6) of the first step's date; `None` unless steps are days.
    first_weekday: Option<usize>,
    /// Step of the first report. Nobody looked before: that the first cases were all reported late says nothing
    /// about delays.
    first_report: usize,
}

impl Window {
    fn new(triangle: &ReportingTriangle, delay_max: usize, steps: usize) -> Self {
        let first = triangle.len().saturating_sub(steps);
        let rows: Vec<Vec<f64>> = (first..triangle.len()).map(|t| triangle.folded(t, delay_max)).collect();
        let known = rows.iter().map(|row| row.iter().sum()).collect();
        let weekday = triangle.date(first).weekday().to_monday_zero_offset();
        let first_weekday =
            (triangle.step() == Step::Day).then(|| usize::try_from(weekday).unwrap_or_default());
        let first_of = |(i, row): (usize, &Vec<f64>)| Some(i + row.iter().position(|n| *n > 0.0)?);
        let first_report = rows.iter().enumerate().filter_map(first_of).min().unwrap_or(0);
        Self { rows, known, delay_max, first_weekday, first_report }
    }

    /// Shortest delay with which a case of step `i` could be reported.
    fn delay_min(&self, i: usize) -> usize {
        self.first_report.saturating_sub(i)
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    /// Weekday class of step `i` of the window (which may lie past its end); 0 where there are no weekdays.
    fn weekday(&self, i: usize) -> usize {
        self.first_weekday.map_or(0, |first| (first + i) % 7)
    }

    /// Log factor of each step's weekday of the event, from complete steps against the mean of the seven days
    /// around each, shrunk by the counts; 0 with fewer than three complete weeks.
    fn event_weekday_offsets(&self) -> Vec<f64> {
        let n = self.len();
        let complete = n.saturating_sub(self.delay_max);
        let mut log_factor = [0.0; 7];
        if self.first_weekday.is_some() && complete >= 21 {
            let (mut seen, mut expected) = ([0.0; 7], [0.0; 7]);
            for i in 3..complete - 3 {
                seen[self.weekday(i)] += self.known[i];
                expected[self.weekday(i)] += self.known[i - 3..=i + 3].iter().sum::<f64>() / 7.0;
            }
            // 20 cases of prior weight: a weekday with few cases says little.
            for (log, (seen, expected)) in log_factor.iter_mut().zip(seen.iter().zip(&expected)) {
                *log = ((seen + 20.0) / (expected + 20.0)).ln();
            }
        }
        (0..n).map(|i| log_factor[self.weekday(i)]).collect()
    }
}
