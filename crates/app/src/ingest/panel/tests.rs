use super::*;
use crate::ingest::read::{ReadOptions, open};
use proptest::prelude::*;
use wanquan_epi::detect::{DetectorSpec, detect_panel};

fn read(csv: &[u8]) -> Result<Vec<PanelSeries>, String> {
    let table =
        open(csv.to_vec(), "panel.csv", &ReadOptions::default()).map_err(|error| error.to_string())?;
    read_panel(&table, &PanelOptions::default()).map_err(|error| error.to_string())
}

fn counts(csv: &str) -> Vec<(String, Vec<Option<u32>>)> {
    read(csv.as_bytes()).unwrap().into_iter().map(|one| (one.name, one.counts.counts().to_vec())).collect()
}

#[test]
fn rows_out_of_order_and_gaps_are_put_on_the_calendar() {
    let got = counts("series,date,cases\nb,2024-01-22,4\na,2024-01-01,1\nb,2024-01-01,\na,2024-01-08,2\n");
    let expected =
        [("b", vec![None, None, None, Some(4)]), ("a", vec![Some(1), Some(2), None, None])].map(own);
    assert_eq!(got, expected);
}

#[test]
fn columns_are_known_by_their_chinese_names() {
    let expected = [own(("城区", vec![Some(3), Some(4)]))];
    for count in ["病例", "病例数", "例数", "发病数", "新增病例"] {
        assert_eq!(counts(&format!("地区,日期,{count}\n城区,2024-01-01,3\n城区,2024-01-02,4\n")), expected);
    }
}

#[test]
fn columns_are_known_by_the_names_that_surveillance_gives_them() {
    for header in ["地区,报告日期,发病数", "区县,统计日期,新增确诊", "district,week_start,confirmed"]
    {
        let expected = [own(("城区", vec![Some(3), Some(4)]))];
        assert_eq!(
            counts(&format!("{header}\n城区,2024-01-01,3\n城区,2024-01-02,4\n")),
            expected,
            "{header}"
        );
    }
}

#[test]
fn a_week_or_month_by_number_begins_on_its_first_day() {
    let weeks = read("date,cases\n2020-W52,1\n2020-W53,2\n2021W01,3\n".as_bytes()).unwrap().remove(0).counts;
    assert_eq!((weeks.start(), weeks.step()), (jiff::civil::date(2020, 12, 21), wanquan_epi::Step::Week));
    assert_eq!(weeks.counts(), [Some(1), Some(2), Some(3)]);
    let months = read("date,cases\n2023-12,1\n2024-02,3\n".as_bytes()).unwrap().remove(0).counts;
    assert_eq!(months.step(), wanquan_epi::Step::Month);
    assert_eq!(months.counts(), [Some(1), None, Some(3)]);
    for wrong in ["2021-W53", "2024-W00", "2024-13"] {
        assert!(
            read(format!("date,cases\n{wrong},1\n").as_bytes()).unwrap_err().contains("is no date"),
            "{wrong}"
        );
    }
}

#[test]
fn a_column_of_words_that_nobody_called_a_count_is_suspected_to_name_the_series() {
    let why = read("date,gebiet,faelle\n2024-01-01,Nord,3\n".as_bytes()).unwrap_err();
    assert!(why.contains("column `gebiet`") && why.contains("--series"), "{why}");
}

fn own((name, counts): (&str, Vec<Option<u32>>)) -> (String, Vec<Option<u32>>) {
    (name.to_owned(), counts)
}

#[test]
fn a_single_row_is_a_series_of_one_step() {
    assert_eq!(counts("date,cases\n2024-01-01,7\n"), [own(("cases", vec![Some(7)]))]);
}

#[test]
fn a_thousand_million_cases_are_read_and_judged_by_every_method() {
    let mut csv = "date,cases\n".to_owned();
    for week in 0..400_i64 {
        let day = jiff::civil::date(2010, 1, 4).checked_add(jiff::Span::new().weeks(week)).unwrap();
        csv.push_str(&format!("{day},{}\n", 1_000_000_000 + week % 7));
    }
    let series = read(csv.as_bytes()).unwrap().remove(0).counts;
    for id in DetectorSpec::IDS.iter().filter(|id| **id != "glr_negative_binomial") {
        let spec = DetectorSpec::recommended(id).unwrap();
        for found in detect_panel(&spec, std::slice::from_ref(&series), 3) {
            let Ok(found) = found else { continue };
            let numbers = found.steps.iter().flat_map(|s| [s.expected(), s.upper(), s.score(), s.p_value()]);
            assert!(numbers.flatten().all(f64::is_finite), "{id}: {found:?}");
        }
    }
}

/// A cell of a table as the world writes it.
fn any_cell() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (0_u32..2_000_000_000).prop_map(|n| n.to_string()),
        2 => (2000_i16..2030, 1_i8..14, 1_i8..33).prop_map(|(y, m, d)| format!("{y}-{m:02}-{d:02}")),
        1 => Just(String::new()),
        1 => prop::sample::select(vec!["NaN", "-1", "1e9", "inf", "\0", "é", "\"", "0x1f", "9999-12-31", "=1+1", ";"])
            .prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn any_table_is_a_panel_or_an_error(
        header in prop::sample::select(vec!["series,date,cases", "date,a,b", "place,2024-01-01,2024-01-08", "x,y,z"]),
        rows in prop::collection::vec(prop::collection::vec(any_cell(), 1..5), 0..12),
    ) {
        let mut csv = header.to_owned();
        for row in &rows {
            csv.push('\n');
            csv.push_str(&row.join(","));
        }
        match read(csv.as_bytes()) {
            Ok(panel) => {
                let steps = panel[0].counts.len();
                for one in &panel {
                    // All on one calendar.
                    prop_assert_eq!(one.counts.len(), steps);
                }
            }
            Err(said) => prop_assert!(!said.is_empty()),
        }
    }

    #[test]
    fn any_bytes_are_a_panel_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
    }

    #[test]
    fn what_is_written_long_is_read_back(
        counts in prop::collection::vec(prop::option::of(0_u32..=u32::MAX), 2..40),
        order in any::<prop::sample::Index>(),
    ) {
        let day = |t: usize| jiff::civil::date(2024, 1, 1)
            .checked_add(jiff::Span::new().days(i64::try_from(t).unwrap_or(0)))
            .unwrap();
        let mut rows: Vec<String> = counts
            .iter()
            .enumerate()
            .map(|(t, n)| format!("s,{},{}\n", day(t), n.map_or_else(String::new, |n| n.to_string())))
            .collect();
        let from = order.index(rows.len());
        rows.rotate_left(from);
        let panel = read(format!("series,date,cases\n{}", rows.concat()).as_bytes()).unwrap();
        prop_assert_eq!(panel[0].counts.counts(), &counts[..]);
    }
}
