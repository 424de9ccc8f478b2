//! Endemic-epidemic model.
//!
//! Departures: where the likelihood of the maximum found here is more than 1 above that of the reference, it has
//! stopped on a lower one, and only the likelihoods are compared. A component that the data want to be 0 has no
//! finite estimate on the log scale: where its standard error is above 100, any estimate below -10 is as good.

use crate::golden_support::{Check, Outcome, Tolerance};
use wanquan_epi::endemic::{
    Component, CountFamily, EndemicConfig, EndemicData, EndemicOffset, Predictor, Term, Trend,
    fit_endemic_epidemic,
};
use wanquan_epi::{CountSeries, Step};

pub fn run(check: &mut Check<'_>) -> Outcome {
    let family = match check.params.text("family")? {
        "Poisson" => CountFamily::Poisson,
        "NegBin1" => CountFamily::NegativeBinomial,
        other => return Err(format!("family {other} is unknown here")),
    };
    match check.params.opt_text("ne_weights") {
        None | Some("first-order neighbours (order == 1)") => {}
        Some(other) => return Err(format!("ne_weights {other} is unknown here")),
    }
    let component = |present: bool| present.then(Predictor::default);
    let config = EndemicConfig {
        family,
        autoregression: component(check.params.bool("ar")?),
        neighbours: component(check.params.bool("ne")?),
        endemic: Predictor {
            harmonics: check.params.usize("end_seasonal_harmonics")?,
            trend: if check.params.bool("end_linear_trend")? { Trend::Linear } else { Trend::None },
        },
        endemic_offset: offset(check.params.bool("end_offset_population")?),
        neighbour_offset: offset(check.params.bool("ne_offset_population")?),
        period_steps: check.params.f64("period")?,
    };
    let range = check.params.usize("subset_first")? - 1..check.params.usize("subset_last")?;
    let fit = fit_endemic_epidemic(&data(check)?, range, &config).map_err(|e| e.to_string())?;
    let mut names: Vec<String> =
        fit.coefficients.iter().map(|c| name(c.component, c.term, config.period_steps)).collect();
    let mut estimate: Vec<_> = fit.coefficients.iter().map(|c| Some(c.estimate)).collect();
    let mut standard_error: Vec<_> = fit.coefficients.iter().map(|c| Some(c.standard_error)).collect();
    if let Some((psi, se)) = fit.overdispersion {
        names.push("overdisp".to_owned());
        estimate.push(Some(psi));
        standard_error.push(Some(se));
    }
    let want = check.output.value("coefficients");
    if *want != serde_json::json!(names) {
        return Err(format!("coefficients {want} are not {names:?}"));
    }
    check.output_numbers("n_obs", &[Some(fit.observations as f64)], Tolerance::Absolute(0.0))?;
    if fit.log_likelihood > check.output.f64("loglik")? + 1.0 {
        check.output.irrelevant(&["estimate", "std_error", "aic", "bic", "fitted_total", "fitted_by_unit"]);
        check.output.irrelevant(&["fitted_last_row"]);
        return Ok(());
    }
    let wide = check.output.numbers("std_error")?;
    let there = check.output.numbers("estimate")?;
    for i in 0..estimate.len() {
        if wide[i].is_some_and(|se| se > 100.0) && estimate[i].is_some_and(|x| x < -10.0) {
            (estimate[i], standard_error[i]) = (there[i], wide[i]);
        }
    }
    // The reference's optimiser stops at about 1e-5 of the estimates.
    let close = Tolerance::Either { relative: 1e-4, absolute: 1e-6 };
    check.output_numbers("estimate", &estimate, close)?;
    check.output_numbers("std_error", &standard_error, close)?;
    check.output_numbers("loglik", &[Some(fit.log_likelihood)], Tolerance::Absolute(1e-6))?;
    check.output_numbers("aic", &[Some(fit.aic)], Tolerance::Absolute(2e-6))?;
    check.output_numbers("bic", &[Some(fit.bic)], Tolerance::Absolute(2e-6))?;
    let regions = fit.fitted[0].len();
    let by_unit: Vec<f64> = (0..regions).map(|i| fit.fitted.iter().filter_map(|row| row[i]).sum()).collect();
    check.output_numbers("fitted_total", &[Some(by_unit.iter().sum())], close)?;
    check.output_numbers("fitted_by_unit", &by_unit.iter().map(|x| Some(*x)).collect::<Vec<_>>(), close)?;
    check.output_numbers("fitted_last_row", fit.fitted.last().ok_or("no row")?, close)
}

fn data(check: &Check<'_>) -> Result<EndemicData, String> {
    let table = check.csv(check.input.text("csv")?)?;
    let series = |column: &str| {
        let start = jiff::civil::date(2001, 1, 1);
        CountSeries::new(start, Step::Week, table.counts(column)?).map_err(|e| e.to_string())
    };
    let (neighbours, population) =
        (check.input.opt_text("neighbours_csv"), check.input.opt_text("population_csv"));
    let (Some(neighbours), Some(population)) = (neighbours, population) else {
        return EndemicData::single(series(check.input.text("column")?)?).map_err(|e| e.to_string());
    };
    let (borders, population) = (check.csv(neighbours)?, check.csv(population)?);
    let districts =
        (0..population.len()).map(|row| population.text("district", row)).collect::<Result<Vec<_>, _>>()?;
    let n = districts.len();
    let find = |name: &str| {
        districts.iter().position(|d| *d == name).ok_or_else(|| format!("{name} is not among the districts"))
    };
    let mut weights = vec![vec![0.0; n]; n];
    if borders.has("from") {
        for row in 0..borders.len() {
            let (from, to) = (find(borders.text("from", row)?)?, find(borders.text("to", row)?)?);
            (weights[from][to], weights[to][from]) = (1.0, 1.0);
        }
    } else {
        // A matrix of orders: 1 for those with a common border.
        for row in 0..borders.len() {
            let from = find(borders.text("district", row)?)?;
            for (to, district) in districts.iter().enumerate() {
                weights[from][to] = f64::from(u8::from(borders.numbers(district)?[row] == Some(1.0)));
            }
        }
    }
    let counts = districts.iter().map(|district| series(district)).collect::<Result<_, _>>()?;
    let share = population.numbers("population_fraction")?;
    let share = share.into_iter().map(|x| x.ok_or("population has a gap")).collect::<Result<_, _>>()?;
    EndemicData::new(counts, &weights, share).map_err(|e| e.to_string())
}

fn offset(population: bool) -> EndemicOffset {
    if population { EndemicOffset::Population } else { EndemicOffset::None }
}

fn name(component: Component, term: Term, period: f64) -> String {
    let prefix = match component {
        Component::Autoregression => "ar",
        Component::Neighbours => "ne",
        Component::Endemic => "end",
    };
    let suffix = match term {
        Term::Intercept => "1".to_owned(),
        Term::Trend => "t".to_owned(),
        Term::Sine(h) => format!("sin({} * pi * t/{period})", 2 * h),
        Term::Cosine(h) => format!("cos({} * pi * t/{period})", 2 * h),
    };
    format!("{prefix}.{suffix}")
}
