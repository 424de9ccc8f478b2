use super::*;
use crate::Step;
use crate::draw::{negative_binomial, poisson};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn series(counts: Vec<Option<u32>>) -> CountSeries {
    CountSeries::new(jiff::civil::date(2020, 1, 6), Step::Week, counts).unwrap()
}

/// Two regions with known parameters.
fn simulated(steps: usize) -> EndemicData {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let mut y = vec![vec![10.0, 10.0]];
    for t in 1..steps {
        let before = y[t - 1].clone();
        let season = (0.4 * (TAU_PER_YEAR * t as f64).sin()).exp();
        let mean = |i: usize| 0.4 * before[i] + 0.2 * before[1 - i] + [6.0, 3.0][i] * season;
        y.push(vec![negative_binomial(mean(0), 5.0, &mut rng), negative_binomial(mean(1), 5.0, &mut rng)]);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small whole counts")]
    let column = |i: usize| series(y.iter().map(|row| Some(row[i] as u32)).collect());
    let weights = [vec![0.0, 1.0], vec![1.0, 0.0]];
    EndemicData::new(vec![column(0), column(1)], &weights, vec![2.0, 1.0]).unwrap()
}

const TAU_PER_YEAR: f64 = std::f64::consts::TAU / 52.0;

#[test]
fn known_parameters_are_recovered() {
    let data = simulated(1500);
    let config = EndemicConfig {
        endemic: Predictor { harmonics: 1, trend: Trend::None },
        ..EndemicConfig::recommended(52.0)
    };
    let fit = fit_endemic_epidemic(&data, 1..1500, &config).unwrap();
    let want = [0.4_f64.ln(), 0.2_f64.ln(), 3.0_f64.ln(), 0.4, 0.0];
    for (c, want) in fit.coefficients.iter().zip(want) {
        assert!((c.estimate - want).abs() < 3.5 * c.standard_error, "{c:?} {want}");
        assert!(c.standard_error < 0.15, "{c:?}");
    }
    let (psi, se) = fit.overdispersion.unwrap();
    assert!((psi - 0.2).abs() < 3.5 * se, "{psi} {se}");
}

#[test]
fn a_gap_leaves_out_the_counts_that_need_it() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let mut counts: Vec<_> = (0..60).map(|_| Some(poisson(8.0, &mut rng))).collect();
    counts[20] = None;
    let data = EndemicData::single(series(counts)).unwrap();
    let config = EndemicConfig {
        neighbours: None,
        endemic: Predictor::default(),
        family: CountFamily::Poisson,
        ..EndemicConfig::recommended(52.0)
    };
    let fit = fit_endemic_epidemic(&data, 1..60, &config).unwrap();
    assert_eq!(fit.observations, 57);
    let missing: Vec<_> = (0..59).filter(|&i| fit.fitted[i][0].is_none()).collect();
    assert_eq!(missing, [19, 20]);
}

#[test]
fn nonsense_is_refused_not_fitted() {
    let config = EndemicConfig { neighbours: None, ..EndemicConfig::recommended(52.0) };
    let quiet = EndemicData::single(series(vec![Some(0); 60])).unwrap();
    assert!(matches!(fit_endemic_epidemic(&quiet, 1..60, &config), Err(Error::InvalidData { .. })));
    let data = simulated(60);
    assert!(fit_endemic_epidemic(&data, 0..60, &config).is_err());
    assert!(fit_endemic_epidemic(&data, 1..61, &config).is_err());
    assert!(fit_endemic_epidemic(&data, 1..3, &config).is_err());
    assert!(EndemicData::single(series(vec![Some(1)])).is_err());
    assert!(EndemicData::new(vec![series(vec![Some(1); 5])], &[vec![-1.0]], vec![1.0]).is_err());
    assert!(EndemicData::new(vec![series(vec![Some(1); 5])], &[vec![0.0]], vec![0.0]).is_err());
}

#[test]
fn counts_of_a_billion_are_fitted() {
    let counts = (0..80_u32).map(|t| Some(1_000_000_000 + t * 7_919_317 % 90_000_000)).collect();
    let data = EndemicData::single(series(counts)).unwrap();
    let config = EndemicConfig {
        neighbours: None,
        endemic: Predictor::default(),
        endemic_offset: EndemicOffset::None,
        ..EndemicConfig::recommended(52.0)
    };
    // An answer or an error, and all numbers finite.
    if let Ok(fit) = fit_endemic_epidemic(&data, 1..80, &config) {
        assert!(fit.coefficients.iter().all(|c| c.estimate.is_finite() && c.standard_error.is_finite()));
    }
}
