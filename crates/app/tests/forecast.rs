//! Tables of forecast hubs: what is written is read again, and no text breaks a reader.
#![expect(clippy::unwrap_used, reason = "a helper of tests fails the test")]

use jiff::civil::date;
use proptest::prelude::*;
use std::collections::BTreeMap;
use wanquan_app::forecast::Cell;
use wanquan_app::forecast::evaluate::{By, evaluate};
use wanquan_app::forecast::hub::{
    Compressed, read_counts, read_forecasts, read_population, read_revisions, write_forecasts,
};
use wanquan_app::forecast::run::{Method, Order, forecast_revisions, read_panel};
use wanquan_app::ingest::read::{ReadOptions, Table, open};
use wanquan_app::ingest::series::SeriesOptions;
use wanquan_epi::forecast::ForecastConfig;
use wanquan_epi::score::QuantileForecast;

fn table(bytes: &[u8]) -> Option<Table> {
    open(bytes, "table.csv", &ReadOptions::default()).ok()
}

fn order(days: &[&str], lag_days: u16) -> Order {
    Order {
        reference_dates: days.iter().map(|day| day.parse().unwrap()).collect(),
        horizons: vec![0, 1],
        lag_days,
        population: BTreeMap::new(),
        method: Method::Recommended,
        config: ForecastConfig::recommended([]),
    }
}

fn cell(location: &str, values: [f64; 3]) -> Cell {
    Cell {
        location: location.to_owned(),
        reference_date: date(2024, 1, 6),
        horizon: 1,
        target_end_date: date(2024, 1, 13),
        forecast: QuantileForecast::new(vec![0.25, 0.5, 0.75], values.to_vec()).unwrap(),
    }
}

/// A place and three ascending quantiles.
fn any_cell() -> impl Strategy<Value = Cell> {
    ("[A-Za-z=+@,\"长治 -]{1,6}", prop::array::uniform3(0_u32..2_000_000_000)).prop_filter_map(
        "a place that is no blank",
        |(location, mut values)| {
            values.sort_unstable();
            let location = location.trim().to_owned();
            (!location.is_empty()).then(|| cell(&location, values.map(f64::from)))
        },
    )
}

/// Tables nearly in the right form.
fn any_table() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("2024-01-06".to_owned()),
        Just("2024-01-13".to_owned()),
        Just("A".to_owned()),
        Just("0.5".to_owned()),
        Just("-1".to_owned()),
        Just("NaN".to_owned()),
        Just("4000000000".to_owned()),
        Just("9999-12-31".to_owned()),
        Just("1e400".to_owned()),
        "[a-z0-9.,\"=-]{0,5}",
    ];
    let names = "model,reference_date,horizon,target_end_date,location,quantile,value,as_of,date,population";
    prop::collection::vec(prop::collection::vec(word, 8..12), 0..12).prop_map(move |rows| {
        let rows: Vec<String> = rows.into_iter().map(|row| row.join(",")).collect();
        format!("{names}\n{}\n", rows.join("\n"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn forecasts_that_are_written_are_read_again(cells in prop::collection::vec(any_cell(), 1..6)) {
        let mut cells = cells;
        cells.sort_by(|a, b| a.location.cmp(&b.location));
        cells.dedup_by(|a, b| a.location == b.location);
        for compressed in [Compressed::No, Compressed::Gzip] {
            let mut bytes = Vec::new();
            write_forecasts(&mut bytes, compressed, "=model", &cells).unwrap();
            let read = read_forecasts(&table(&bytes).unwrap(), Some("=model")).unwrap();
            prop_assert_eq!(&read, &cells);
        }
    }

    #[test]
    fn no_table_breaks_a_reader(text in any_table()) {
        if let Some(table) = table(text.as_bytes()) {
            let _ = read_counts(&table);
            let _ = read_population(&table);
            let _ = read_forecasts(&table, None);
            let _ = read_panel(&table, &SeriesOptions::default());
            if let Ok(revisions) = read_revisions(&table) {
                let _ = forecast_revisions(&revisions, None, &order(&["2024-01-13"], 0), &|| {});
            }
        }
    }
}

#[test]
fn of_two_rows_of_one_publication_the_later_one_counts() {
    let csv = "as_of,location,date,value\n2024-01-06,A,2024-01-06,5\n2024-01-06,A,2024-01-06,7\n";
    let revisions = read_revisions(&table(csv.as_bytes()).unwrap()).unwrap();
    let outcome = forecast_revisions(&revisions, None, &order(&["2024-01-06"], 0), &|| {}).unwrap();
    assert_eq!(outcome.reported_already, 1);
    assert_eq!(outcome.cells[0].forecast.median(), 7.0);
}

#[test]
fn what_arrives_after_the_lag_is_not_known() {
    let csv = "as_of,location,date,value\n2024-01-06,A,2024-01-06,5\n2024-01-13,A,2024-01-13,90\n";
    let revisions = read_revisions(&table(csv.as_bytes()).unwrap()).unwrap();
    let median = |lag| {
        let outcome = forecast_revisions(&revisions, None, &order(&["2024-01-13"], lag), &|| {}).unwrap();
        outcome.cells[0].forecast.median()
    };
    assert_eq!((median(0), median(7), median(6)), (90.0, 5.0, 5.0));
    assert!(forecast_revisions(&revisions, None, &order(&["2024-01-13"], 30), &|| {}).is_err());
}

#[test]
fn groups_of_horizons_stand_in_the_order_of_numbers() {
    let truth = read_counts(&table(b"date,location,value\n2024-01-13,A,4\n").unwrap()).unwrap();
    let cells: Vec<Cell> = [10, 2, 1].map(|horizon| Cell { horizon, ..cell("A", [3.0, 4.0, 5.0]) }).to_vec();
    let evaluation = evaluate(&cells, &truth, None, Some(By::Horizon)).unwrap();
    let names: Vec<&str> = evaluation.groups.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["1", "2", "10"]);
    assert_eq!(evaluation.all.coverage_50, Some(1.0));
    assert!(evaluate(&[cell("B", [1.0; 3])], &truth, None, None).is_err());
}
