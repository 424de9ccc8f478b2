//! Growth rate by three regressions.

use crate::golden_support::{Check, Outcome, Tolerance};
use wanquan_epi::rt::growth::{
    GrowthConfig, estimate_growth_log_linear, estimate_growth_negative_binomial, estimate_growth_poisson,
};
use wanquan_epi::{CountSeries, Step};

pub fn run(check: &mut Check<'_>) -> Outcome {
    let table = check.csv(check.input.text("csv")?)?;
    let counts = table.counts(check.input.text("column")?)?;
    let series =
        CountSeries::new(jiff::civil::date(2001, 1, 1), Step::Day, counts).map_err(|e| e.to_string())?;
    let range = check.params.usize("begin")? - 1..check.params.usize("end")?;
    let config = GrowthConfig { interval_prob: 0.95, steps_min: 3 };
    let linear = estimate_growth_log_linear(&series, range.clone(), &config).map_err(|e| e.to_string())?;
    let poisson = estimate_growth_poisson(&series, range.clone(), &config).map_err(|e| e.to_string())?;
    let nb = estimate_growth_negative_binomial(&series, range, &config).map_err(|e| e.to_string())?;
    // The reference's own fits stop at a relative change of 1e-8.
    let tolerance = Tolerance::Relative(1e-6);
    let one = |x: f64| [Some(x)];
    let pair = |r: wanquan_epi::rt::growth::Interval| [Some(r.lower), Some(r.upper)];
    check.output_numbers("loglinear_r", &one(linear.rate_per_day.estimate), tolerance)?;
    check.output_numbers("loglinear_ci", &pair(linear.rate_per_day), tolerance)?;
    // There the doubling time is given whatever the interval of the rate; here it needs a rate that is clear.
    let doubling = linear
        .doubling_time_days
        .map_or(std::f64::consts::LN_2 / linear.rate_per_day.estimate, |d| d.estimate);
    check.output_numbers("doubling_time", &one(doubling), tolerance)?;
    check.output_numbers("poisson_r", &one(poisson.rate_per_day.estimate), tolerance)?;
    check.output_numbers("poisson_wald_ci", &pair(poisson.rate_per_day), tolerance)?;
    check.output_numbers("nb_r", &one(nb.rate_per_day.estimate), tolerance)?;
    check.output_numbers("nb_theta", &[nb.negative_binomial_size], tolerance)?;
    check.output_numbers("nb_loglik", &[nb.log_likelihood], tolerance)
}
