//! 2x2 tables, strata, standardised rates, Poisson rates. 1e-9: closed forms.
//!
//! The references find mid-p, Fisher and Garwood limits with R's `uniroot`, which stops at 1.2e-4 in the odds
//! ratio or its inverse, whichever is below 1, or in the expected number of events. Ours are solved to 1e-13, so the
//! comparison is as coarse as the reference.
//!
//! Deliberate departures, each where a margin is exhausted:
//! - no mid-p limits at all there, because the root finder stops with an error; ours has the side that exists;
//! - the conditional odds ratio of a table that the margins determine is 0 there and undefined here;
//! - a stratum in which a group has no person adds nothing to either; here it is left out beforehand;
//! - a difference below one half goes uncorrected there (Mantel-Haenszel with continuity correction); here the
//!   correction takes all of it;
//! - the limits of a rate or ratio of no case are 0 below, not undefined or negative.

use crate::golden_support::{Check, Outcome, Tolerance};
use serde_json::Value;
use wanquan_epi::association::{
    Interval, Rate, Stratum, TwoByTwo, mantel_haenszel, rate_byar, rate_exact, standardise_directly,
    standardise_indirectly,
};

const CLOSED: Tolerance = Tolerance::Relative(1e-9);

fn text(e: wanquan_epi::Error) -> String {
    e.to_string()
}

fn interval(check: &mut Check<'_>, key: &str, got: Interval, [a, b, c, d]: [u32; 4]) {
    let want = check.output.value(key);
    let determined = a + c == 0 || b + d == 0;
    if key == "odds_ratio_midp"
        && [a, b, c, d].contains(&0)
        && want["est"].is_null()
        && want["upper"].is_null()
    {
        let none_below = a == 0 || d == 0;
        let estimate = if none_below && !determined { Some(0.0) } else { None };
        check.number("odds_ratio_midp.est", got.estimate, estimate, CLOSED);
        return;
    }
    let by_root = key.ends_with("midp") || key.ends_with("fisher");
    for (part, got) in [("est", got.estimate), ("lower", got.lower), ("upper", got.upper)] {
        let what = format!("{key}.{part}");
        let want = want.get(part).and_then(Value::as_f64);
        if part == "est" && key == "odds_ratio_fisher" && determined {
            check.number(&what, got.or(Some(0.0)), want, CLOSED);
        } else if by_root {
            let below_one = |x: Option<f64>| x.map(|x| if x > 1.0 { 1.0 / x } else { x });
            check.number(&what, below_one(got), below_one(want), Tolerance::Absolute(1.3e-4));
        } else {
            check.number(&what, got, want, CLOSED);
        }
    }
}

fn one(check: &mut Check<'_>, key: &str, got: Option<f64>) {
    let want = check.output.opt_f64(key);
    check.number(key, got, want, CLOSED);
}

fn counts(check: &Check<'_>, key: &str) -> Result<Vec<u32>, String> {
    let numbers = check.input.all_numbers(key)?;
    numbers.iter().map(|x| format!("{x}").parse().map_err(|_| format!("{key}: {x} is no count"))).collect()
}

pub fn two_by_two(check: &mut Check<'_>) -> Outcome {
    let level = check.params.f64("confidence")?;
    let cell =
        |key| -> Result<u32, String> { u32::try_from(check.input.usize(key)?).map_err(|e| e.to_string()) };
    let table = TwoByTwo::new(cell("a")?, cell("b")?, cell("c")?, cell("d")?).map_err(text)?;
    let groups = [
        ("attack_rate_exposed", table.attack_rate_exposed(level), table.attack_rate_exposed_exact(level)),
        (
            "attack_rate_unexposed",
            table.attack_rate_unexposed(level),
            table.attack_rate_unexposed_exact(level),
        ),
    ];
    for (key, wilson, exact) in groups {
        let (wilson, exact) = (wilson.map_err(text)?, exact.map_err(text)?);
        one(check, key, wilson.estimate);
        // The reference leaves 1e-17 where nobody is ill.
        let rounding = Tolerance::Either { relative: 1e-9, absolute: 1e-15 };
        check.output_numbers(&format!("{key}_wilson"), &[wilson.lower, wilson.upper], rounding)?;
        check.output_numbers(&format!("{key}_exact"), &[exact.lower, exact.upper], CLOSED)?;
    }
    for (key, got) in [
        ("risk_ratio_wald", table.risk_ratio(level)),
        ("odds_ratio_wald", table.odds_ratio(level)),
        ("odds_ratio_midp", table.odds_ratio_midp(level)),
        ("odds_ratio_fisher", table.odds_ratio_fisher(level)),
        ("odds_ratio_small", table.odds_ratio_small(level)),
        ("attributable_risk_wald", table.attributable_risk(level)),
        ("attributable_fraction_exposed", table.attributable_fraction_exposed(level)),
        ("population_attributable_risk_wald", table.population_attributable_risk(level)),
        ("population_attributable_fraction_wald", table.population_attributable_fraction(level)),
        ("vaccine_effectiveness", table.vaccine_effectiveness(level)),
    ] {
        interval(check, key, got.map_err(text)?, table.into());
    }
    one(check, "fisher_p", Some(table.fisher_p()));
    one(check, "chisq", table.chi_squared());
    one(check, "chisq_p", table.chi_squared().map(TwoByTwo::chi_squared_p));
    // The reference leaves the square of a rounding, up to 1e-22, where the correction takes everything.
    let rounding = Tolerance::Either { relative: 1e-9, absolute: 1e-15 };
    let want = check.output.opt_f64("chisq_yates");
    check.number("chisq_yates", table.chi_squared_yates(), want, rounding);
    one(check, "chisq_yates_p", table.chi_squared_yates().map(TwoByTwo::chi_squared_p));
    Ok(())
}

pub fn strata(check: &mut Check<'_>) -> Outcome {
    let level = check.params.f64("confidence")?;
    let cells: Vec<[u32; 4]> =
        serde_json::from_value(check.input.value("strata").clone()).map_err(|e| e.to_string())?;
    let strata = cells
        .into_iter()
        .filter(|[a, b, c, d]| a + b > 0 && c + d > 0)
        .map(|cells| TwoByTwo::try_from(cells).map_err(text))
        .collect::<Result<Vec<_>, _>>()?;
    let got = mantel_haenszel(&strata, level).map_err(text)?;
    for (key, got) in [
        ("or_mh", got.odds_ratio.estimate),
        ("lower", got.odds_ratio.lower),
        ("upper", got.odds_ratio.upper),
        ("chisq", got.chi_squared),
        ("p", got.p_value),
        ("rr_mh", got.risk_ratio),
    ] {
        one(check, key, got);
    }
    // Without the correction there where it would take more than all of the difference.
    let uncorrected =
        got.chi_squared_corrected == Some(0.0) && check.output.opt_f64("chisq_corrected") != Some(0.0);
    one(check, "chisq_corrected", if uncorrected { got.chi_squared } else { got.chi_squared_corrected });
    Ok(())
}

pub fn standardised(check: &mut Check<'_>) -> Outcome {
    let level = check.params.f64("confidence")?;
    let (cases, standard_cases) = (counts(check, "cases")?, counts(check, "std_cases")?);
    let (population, standard) =
        (check.input.all_numbers("population")?, check.input.all_numbers("std_population")?);
    let strata: Vec<Stratum> = (0..cases.len())
        .map(|i| Stratum {
            cases: cases[i],
            population: population[i],
            standard_cases: standard_cases[i],
            standard_population: standard[i],
        })
        .collect();
    let direct = standardise_directly(&strata, level).map_err(text)?;
    let indirect = standardise_indirectly(&strata, level).map_err(text)?;
    for (key, got) in [
        ("crude_rate", Some(direct.crude)),
        ("adj_rate", direct.adjusted.estimate),
        ("adj_lower", direct.adjusted.lower.filter(|_| direct.crude > 0.0)),
        ("adj_upper", direct.adjusted.upper),
        ("expected", Some(indirect.expected)),
        ("smr", indirect.ratio.estimate),
        ("smr_lower", indirect.ratio.lower),
        ("smr_upper", indirect.ratio.upper),
    ] {
        one(check, key, got);
    }
    Ok(())
}

pub fn poisson_rate(check: &mut Check<'_>) -> Outcome {
    let level = check.params.f64("confidence")?;
    let events = u32::try_from(check.input.usize("events")?).map_err(|e| e.to_string())?;
    let rate = Rate::new(events, check.input.f64("person_time")?).map_err(text)?;
    let exact = rate_exact(rate, level).map_err(text)?;
    let byar = rate_byar(rate, level).map_err(text)?;
    one(check, "rate", exact.estimate);
    for (key, got) in [("exact_lower", exact.lower), ("exact_upper", exact.upper)] {
        let want = check.output.opt_f64(key);
        let root = Tolerance::Absolute(1.3e-4 / check.input.f64("person_time")?);
        check.number(key, got, want, root);
    }
    one(check, "byar_upper", byar.upper);
    // Deliberate departure: the reference gives a rate below 0 for no event; a rate cannot be negative.
    let want = check.output.opt_f64("byar_lower").map(|x| x.max(0.0));
    check.number("byar_lower", byar.lower, want, CLOSED);
    Ok(())
}
