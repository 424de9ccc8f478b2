//! 2x2 tables, strata, standardised rates, Poisson rates. 1e-9: closed forms.
//!
//! The references find mid-p, Fisher and Garwood limits with R's `uniroot`, which stops at 1.2e-4 in the odds
//! ratio or its inverse, whichever is below 1 (1e-5 relative for rates, where ln 40 is missed by 9e-8). Ours
//! are solved to 1e-13, so the comparison is as coarse as the reference.

use crate::golden_support::{Check, Outcome, Tolerance};
use serde_json::Value;
use wanquan_epi::association::{
    Interval, Rate, Stratum, TwoByTwo, mantel_haenszel, rate_byar, rate_exact, standardise_directly,
    standardise_indirectly,
};

const CLOSED: Tolerance = Tolerance::Relative(1e-9);
const RATE_ROOT: Tolerance = Tolerance::Relative(1e-5);

fn text(e: wanquan_epi::Error) -> String {
    e.to_string()
}

fn interval(check: &mut Check<'_>, key: &str, got: Interval) {
    let want = check.output.value(key);
    let by_root = key.ends_with("midp") || key.ends_with("fisher");
    for (part, got) in [("est", got.estimate), ("lower", got.lower), ("upper", got.upper)] {
        let what = format!("{key}.{part}");
        let want = want.get(part).and_then(Value::as_f64);
        if by_root {
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
        check.output_numbers(&format!("{key}_wilson"), &[wilson.lower, wilson.upper], CLOSED)?;
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
        interval(check, key, got.map_err(text)?);
    }
    one(check, "fisher_p", Some(table.fisher_p()));
    one(check, "chisq", table.chi_squared());
    one(check, "chisq_p", table.chi_squared().map(TwoByTwo::chi_squared_p));
    // The reference leaves 3e-32 where the correction takes everything.
    let want = check.output.opt_f64("chisq_yates").map(|x| if x < 1e-25 { 0.0 } else { x });
    check.number("chisq_yates", table.chi_squared_yates(), want, CLOSED);
    one(check, "chisq_yates_p", table.chi_squared_yates().map(TwoByTwo::chi_squared_p));
    Ok(())
}

pub fn strata(check: &mut Check<'_>) -> Outcome {
    let level = check.params.f64("confidence")?;
    let strata: Vec<TwoByTwo> =
        serde_json::from_value(check.input.value("strata").clone()).map_err(|e| e.to_string())?;
    let got = mantel_haenszel(&strata, level).map_err(text)?;
    for (key, got) in [
        ("or_mh", got.odds_ratio.estimate),
        ("lower", got.odds_ratio.lower),
        ("upper", got.odds_ratio.upper),
        ("chisq", got.chi_squared),
        ("p", got.p_value),
        ("chisq_corrected", got.chi_squared_corrected),
        ("rr_mh", got.risk_ratio),
    ] {
        one(check, key, got);
    }
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
        ("adj_lower", direct.adjusted.lower),
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
        check.number(key, got, want, RATE_ROOT);
    }
    one(check, "byar_upper", byar.upper);
    // Deliberate departure: the reference gives a rate below 0 for no event; a rate cannot be negative.
    let want = check.output.opt_f64("byar_lower").map(|x| x.max(0.0));
    check.number("byar_lower", byar.lower, want, CLOSED);
    Ok(())
}
