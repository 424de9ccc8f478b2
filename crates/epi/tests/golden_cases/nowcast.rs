//! Nowcasts by reverse-time hazards, with and without priors.
//!
//! Departures: where Lawless' estimate of the share reported is 0 although cases are, the reference's numbers are
//! undefined or 0; ours are the cases reported. A distribution function that meets a quantile's probability exactly
//! (to 1e-9) is a tie that rounding decides.

use crate::golden_support::{Check, Outcome, Tolerance};
use jiff::civil::Date;
use rand::SeedableRng;
use wanquan_epi::Step;
use wanquan_epi::delay::ReportingTriangle;
use wanquan_epi::delay::nowcast::{
    BayesNowcastConfig, DelayPosterior, LawlessConfig, LawlessConvention, Nowcast, NowcastPoint,
    nowcast_bayes, nowcast_lawless,
};

pub fn run(check: &mut Check<'_>) -> Outcome {
    match check.params.text("m_interpretation")? {
        "hoehle_anderheiden2014" => {}
        other => return Err(format!("m_interpretation {other} is unknown here")),
    }
    // The last date of the reference's axis; nothing after `now` enters.
    check.params.irrelevant(&["date_to"]);
    let triangle = triangle(check)?;
    let now: Date = parse(check.params.text("now")?)?;
    let known = triangle.as_known_on(now).map_err(|e| e.to_string())?;
    let alpha = check.params.f64("alpha")?;
    let quantile_probs = vec![0.5, 0.5 * alpha, 1.0 - 0.5 * alpha, 0.05, 0.25, 0.75, 0.95];
    let delay_max = check.params.usize("D")?;
    let window_steps = match check.params.value("m") {
        serde_json::Value::Null => None,
        _ => Some(check.params.usize("m")?),
    };
    let count_max = check.params.usize("n_max")? as u64;
    let prior_mean = check.params.f64("prior_mean_lambda")?;
    let prior_variance = check.params.f64("prior_var_lambda")?;
    let concentration = check.params.f64("gd_prior_kappa")?;
    // Ten times the reference's draws, so that nearly all of the Monte Carlo error is its own.
    let draws = match check.params.value("n_samples") {
        serde_json::Value::Null => 1,
        _ => 10 * check.params.usize("n_samples")?,
    };
    let method = check.params.text("method")?;
    let bayes = |delays, draws, seed| {
        let config = BayesNowcastConfig {
            delay_max,
            window_steps,
            delays,
            prior_mean,
            prior_variance,
            concentration,
            draws,
            count_max: Some(count_max),
            quantile_probs: quantile_probs.clone(),
        };
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        nowcast_bayes(&known, &config, &mut rng)
    };
    let nowcast = match method {
        "lawless" => {
            let config = LawlessConfig {
                delay_max,
                window_steps,
                quantile_probs: quantile_probs.clone(),
                convention: LawlessConvention::Surveillance,
            };
            nowcast_lawless(&known, &config)
        }
        "bayes.trunc" => bayes(DelayPosterior::Truncated, draws, 1),
        "bayes.notrunc" => bayes(DelayPosterior::Untruncated, draws, 1),
        "bayes.notrunc.bnb" => bayes(DelayPosterior::UntruncatedClosedForm, draws, 1),
        other => return Err(format!("method {other} is unknown here")),
    }
    .map_err(|e| e.to_string())?;
    // What the reference's number of draws can know, from ten such runs.
    let repeated = match method {
        "bayes.trunc" => Some(DelayPosterior::Truncated),
        "bayes.notrunc" => Some(DelayPosterior::Untruncated),
        _ => None,
    };
    let repeats = repeated
        .map(|delays| (2..12).map(|seed| bayes(delays, draws / 10, seed)).collect::<Result<Vec<_>, _>>())
        .transpose()
        .map_err(|e| e.to_string())?;
    compare(check, &triangle, &nowcast, repeats.as_deref(), count_max)
}

fn triangle(check: &Check<'_>) -> Result<ReportingTriangle, String> {
    let table = check.csv(check.input.text("csv")?)?;
    let (event, report) = (check.input.text("event_column")?, check.input.text("report_column")?);
    let events = (0..table.len())
        .map(|row| Ok((parse(table.text(event, row)?)?, parse(table.text(report, row)?)?)))
        .collect::<Result<Vec<(Date, Date)>, String>>()?;
    let start = parse(check.params.text("date_from")?)?;
    let end = events.iter().map(|e| e.1).max().ok_or("no event")?;
    ReportingTriangle::from_events(start, end, Step::Day, &events).map_err(|e| e.to_string())
}

fn parse(text: &str) -> Result<Date, String> {
    text.parse().map_err(|e| format!("{text}: {e}"))
}

fn compare(
    check: &mut Check<'_>,
    triangle: &ReportingTriangle,
    nowcast: &Nowcast,
    repeats: Option<&[Nowcast]>,
    count_max: u64,
) -> Outcome {
    let monte_carlo = repeats.is_some();
    let dates: Vec<Date> = check
        .output
        .value("dates")
        .as_array()
        .ok_or("no dates")?
        .iter()
        .map(|d| parse(d.as_str().unwrap_or_default()))
        .collect::<Result<_, _>>()?;
    let points: Vec<&NowcastPoint> = dates
        .iter()
        .map(|d| nowcast.points.iter().find(|p| p.date == *d).ok_or_else(|| format!("no nowcast of {d}")))
        .collect::<Result<_, _>>()?;
    let exact = Tolerance::Absolute(0.0);
    let tight = Tolerance::Relative(1e-8);
    let count = if monte_carlo { Tolerance::Either { relative: 0.02, absolute: 1.0 } } else { exact };
    let real = if monte_carlo { Tolerance::Either { relative: 0.02, absolute: 0.05 } } else { tight };
    let column = |pick: &dyn Fn(&NowcastPoint) -> f64| -> Vec<Option<f64>> {
        points.iter().map(|p| Some(pick(p))).collect()
    };
    check.output_numbers("observed_so_far", &column(&|p| p.observed as f64), exact)?;
    if points.iter().any(|p| p.reported_share == 0.0 && p.observed > 0) {
        return share_of_none(check, &points);
    }
    for (i, key) in ["point", "lower", "upper"].into_iter().enumerate() {
        let want = check.output.numbers(key)?;
        let got = column(&|p| quantile(p, i, nowcast, count_max).unwrap_or(0.0));
        let got = settle_ties(&points, nowcast.quantile_probs[i], got, &want);
        let spread = |p: &NowcastPoint| quantile(p, i, nowcast, count_max).unwrap_or(0.0);
        compare_draws(check, key, (&got, &want), count, spreads(repeats, &dates, &spread));
    }
    let spread = spreads(repeats, &dates, &|p| mean(p, count_max));
    let want = check.output.numbers("pmf_mean")?;
    compare_draws(check, "pmf_mean", (&column(&|p| mean(p, count_max)), &want), real, spread);
    let quantiles = check.output.value("pmf_q");
    for (key, i) in [("q05", 3), ("q25", 4), ("q50", 0), ("q75", 5), ("q95", 6)] {
        let want: Vec<Option<f64>> =
            quantiles[key].as_array().ok_or("no pmf_q")?.iter().map(serde_json::Value::as_f64).collect();
        let got = points.iter().map(|p| quantile(p, i, nowcast, count_max)).collect();
        let got = settle_ties(&points, nowcast.quantile_probs[i], got, &want);
        let spread = |p: &NowcastPoint| quantile(p, i, nowcast, count_max).unwrap_or(0.0);
        compare_draws(check, key, (&got, &want), count, spreads(repeats, &dates, &spread));
    }
    if !check.output.value("lawless_nhat").is_null() {
        let estimate = |p: &NowcastPoint| {
            if p.reported_share > 0.0 { p.observed as f64 / p.reported_share } else { 0.0 }
        };
        check.output_numbers("lawless_nhat", &column(&estimate), tight)?;
    }
    let mut cdf: Vec<_> = nowcast.delay_cdf.iter().map(|p| Some(*p)).collect();
    // The reference goes on with 1 up to the length of the series.
    let want = check.output.numbers("delay_cdf")?;
    cdf.resize(want.len(), Some(1.0));
    check.numbers("delay_cdf", &cdf, &want, tight);
    let integers = |x: &[u64]| x.iter().map(|&n| Some(n as f64)).collect::<Vec<_>>();
    check.output_numbers("n_x", &integers(&nowcast.delay_cases), exact)?;
    check.output_numbers("N_x", &integers(&nowcast.delay_at_risk), exact)?;
    let truth: Vec<u64> = dates
        .iter()
        .map(|d| (0..triangle.len()).find(|&t| triangle.date(t) == *d).map(|t| triangle.known(t)))
        .collect::<Option<_>>()
        .ok_or("a date outside the data")?;
    check.output_numbers("truth", &integers(&truth), exact)?;
    let score = |f: &dyn Fn(&NowcastPoint, u64) -> f64| -> Vec<Option<f64>> {
        points.iter().zip(&truth).map(|(p, &n)| Some(f(p, n)).filter(|x| x.is_finite())).collect()
    };
    let scores = if monte_carlo { Tolerance::Either { relative: 0.05, absolute: 0.1 } } else { tight };
    let log_score = score(&|p, n| -p.distribution.mass_at(n).ln());
    if let Some(repeats) = repeats {
        let want = check.output.numbers("log_score")?;
        for (i, (got, want)) in log_score.iter().zip(&want).enumerate() {
            let what = format!("log_score[{i}]");
            match want {
                // Below 1e-15 our tables end.
                Some(want) if *want > 34.0 && got.is_none() => {}
                // Far in the tail a few of the draws carry all the mass: the tolerance is four standard deviations of
                // runs with as many draws as the reference's, about their own mean.
                Some(want) if *want > 12.0 => {
                    let again: Vec<f64> = repeats
                        .iter()
                        .filter_map(|n| n.points.iter().find(|p| p.date == dates[i]))
                        .map(|p| -p.distribution.mass_at(truth[i]).ln())
                        .filter(|x| x.is_finite())
                        .collect();
                    let n = again.len() as f64;
                    let mean = again.iter().sum::<f64>() / n;
                    let sd = (again.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
                    check.number(&what, Some(mean), Some(*want), Tolerance::Absolute(4.0 * sd));
                }
                _ => check.number(&what, *got, *want, scores),
            }
        }
    } else {
        // A certain count scores -ln 1 = 0, by the reference's rounding 1e-16.
        check.output_numbers(
            "log_score",
            &log_score,
            Tolerance::Either { relative: 1e-8, absolute: 1e-12 },
        )?;
    }
    let rps = score(&|p, n| ranked_probability_score(p, n, count_max));
    let rounding = if monte_carlo { scores } else { Tolerance::Either { relative: 1e-8, absolute: 1e-12 } };
    let want = check.output.numbers("rps")?;
    let spread = |p: &NowcastPoint| {
        let known = dates.iter().position(|d| *d == p.date).map_or(0, |i| truth[i]);
        ranked_probability_score(p, known, count_max)
    };
    compare_draws(check, "rps", (&rps, &want), rounding, spreads(repeats, &dates, &spread));
    Ok(())
}

/// Standard deviation per date of a number over runs with as many draws as the reference's; 0 without runs.
fn spreads(repeats: Option<&[Nowcast]>, dates: &[Date], of: &dyn Fn(&NowcastPoint) -> f64) -> Vec<f64> {
    let sd = |date: &Date| {
        let again: Vec<f64> = repeats
            .unwrap_or_default()
            .iter()
            .filter_map(|run| run.points.iter().find(|p| p.date == *date))
            .map(of)
            .filter(|x| x.is_finite())
            .collect();
        if again.len() < 2 {
            return 0.0;
        }
        let n = again.len() as f64;
        let mean = again.iter().sum::<f64>() / n;
        (again.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
    };
    dates.iter().map(sd).collect()
}

/// Within the tolerance, or within four standard deviations of the reference's own Monte Carlo error where that is more.
fn compare_draws(
    check: &mut Check<'_>,
    key: &str,
    (got, want): (&[Option<f64>], &[Option<f64>]),
    tolerance: Tolerance,
    spreads: Vec<f64>,
) {
    if got.len() != want.len() {
        check.fail(format!("{key}: {} values, want {}", got.len(), want.len()));
        return;
    }
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        let tolerance = match tolerance {
            Tolerance::Either { relative, absolute } => {
                Tolerance::Either { relative, absolute: absolute.max(4.0 * spreads[i]) }
            }
            other => other,
        };
        check.number(&format!("{key}[{i}]"), *got, *want, tolerance);
    }
}

/// Takes the reference's quantile where the distribution function meets the probability between it and ours.
fn settle_ties(
    points: &[&NowcastPoint],
    prob: f64,
    got: Vec<Option<f64>>,
    want: &[Option<f64>],
) -> Vec<Option<f64>> {
    let settled = points.iter().zip(got).zip(want).map(|((point, got), want)| match (got, *want) {
        (Some(a), Some(b)) if a != b => {
            let below = a.min(b);
            let cdf: f64 = (0..=count_max_below(below)).map(|n| point.distribution.mass_at(n)).sum();
            if (a - b).abs() == 1.0 && (cdf - prob).abs() < 1e-9 { *want } else { got }
        }
        _ => got,
    });
    settled.collect()
}

fn count_max_below(count: f64) -> u64 {
    format!("{count}").parse().unwrap_or(0)
}

/// The reference has no numbers for the days of which it thinks that nothing can be reported yet; on the others a
/// case like this is compared elsewhere.
fn share_of_none(check: &mut Check<'_>, points: &[&NowcastPoint]) -> Outcome {
    let means = check.output.numbers("pmf_mean")?;
    for (i, point) in points.iter().enumerate() {
        if point.reported_share == 0.0 && point.observed > 0 {
            check.number(&format!("pmf_mean[{i}]"), None, means[i], Tolerance::Absolute(0.0));
        }
    }
    check.output.irrelevant(&["truth", "point", "lower", "upper", "pmf_q", "lawless_nhat"]);
    check.output.irrelevant(&["delay_cdf", "n_x", "N_x", "log_score", "rps"]);
    Ok(())
}

/// Mean of the table up to the reference's largest count, as a share of its mass.
fn mean(point: &NowcastPoint, count_max: u64) -> f64 {
    let mass = |n| point.distribution.mass_at(n);
    let total: f64 = (point.observed..=count_max).map(mass).sum();
    (point.observed..=count_max).map(|n| n as f64 * mass(n)).sum::<f64>() / total
}

/// The quantile; none where the reference's table ends before it (its interval then gives 0).
fn quantile(point: &NowcastPoint, i: usize, nowcast: &Nowcast, count_max: u64) -> Option<f64> {
    let held: f64 = (point.observed..=count_max).map(|n| point.distribution.mass_at(n)).sum();
    (held > nowcast.quantile_probs[i]).then(|| point.quantiles[i])
}

fn ranked_probability_score(point: &NowcastPoint, truth: u64, count_max: u64) -> f64 {
    let mut cdf = 0.0;
    (0..=count_max)
        .map(|n| {
            cdf += point.distribution.mass_at(n);
            (cdf - f64::from(u8::from(n >= truth))).powi(2)
        })
        .sum()
}
