//! Tables of published shapes (made-up rows under the headers that real files have) as series, with no option.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiff::civil::date;
use wanquan_app::ingest::read::{ReadOptions, open};
use wanquan_app::ingest::series::{
    Counting, Layout, SeriesError, SeriesOptions, SeriesSet, Sex, Step, read_series,
};

fn read_with(text: &str, options: &SeriesOptions) -> Result<SeriesSet, SeriesError> {
    read_series(&open(text.as_bytes(), "x.csv", &ReadOptions::default())?, options)
}

fn read(text: &str) -> SeriesSet {
    read_with(text, &SeriesOptions::default()).unwrap()
}

fn codes(set: &SeriesSet) -> Vec<&str> {
    set.remarks.iter().map(|remark| remark.code).collect()
}

fn names(set: &SeriesSet) -> Vec<&str> {
    set.places.iter().map(|place| place.name.as_str()).collect()
}

#[test]
fn a_wide_table_of_days_keeps_negative_corrections_and_gaps() {
    let set = read(
        "fips,county,state,lat,lon,2020-01-22,2020-01-23,2020-01-24\n\
         01001,Adams,Ohio,1.5,2.5,0,3,-1\n01003,Adams,Iowa,1.5,2.5,4,,5\n",
    );
    assert_eq!((set.layout, set.step, set.start), (Layout::WideDates, Step::Day, date(2020, 1, 22)));
    assert_eq!(names(&set), ["Adams, Ohio", "Adams, Iowa"]);
    assert_eq!(set.places[0].code.as_deref(), Some("01001"));
    assert_eq!(set.series(0), [Some(0), Some(3), Some(-1)]);
    assert_eq!(set.series(1), [Some(4), None, Some(5)]);
    assert_eq!(set.total(), [Some(4), Some(3), Some(4)]);
    assert_eq!(codes(&set), ["Q105", "Q117"]);
}

#[test]
fn a_line_list_is_counted_by_onset_and_says_who_has_none() {
    let set = read(
        "case_id,date_of_onset,date_of_hospitalisation,date_of_outcome,outcome,gender,age,province\n\
         1,2013-02-19,,2013-03-04,Death,m,87,Shanghai\n2,2013-02-21,2013-03-03,,Recover,f,40-49,Anhui\n\
         3,NA,2013-03-03,,NA,f,?,Anhui\n",
    );
    assert_eq!((set.layout, set.step, set.steps), (Layout::LineList, Step::Day, 3));
    assert_eq!(set.columns.date, ["date_of_onset"]);
    assert_eq!((names(&set), set.rows_read, set.rows_used), (vec!["Shanghai", "Anhui"], 3, 2));
    assert_eq!(set.total(), [Some(1), Some(0), Some(1)]);
    let first = set.cases[0];
    assert_eq!((first.sex, first.age_years, first.died), (Some(Sex::Male), Some(87.0), Some(true)));
    assert_eq!((set.cases[1].age_years, set.cases[1].died), (Some(45.0), Some(false)));
    assert_eq!((set.cases[2].died, set.cases[2].admission), (None, Some(date(2013, 3, 3))));
    assert_eq!(codes(&set), ["Q110", "Q102", "Q118"]);
}

#[test]
fn a_list_whose_onsets_are_mostly_missing_is_counted_by_its_best_date_and_says_so() {
    let set = read(
        "id,age,sex,city,province,country,date_onset_symptoms,date_confirmation,travel_history_dates,onset_iso,confirmation_iso\n\
         1,30,male,a,Anhui,China,18.01.2020,22.01.2020,17.01.2020,2020-01-18,2020-01-22\n\
         2,47,male,b,Hebei,China,NA,23.01.2020,10.01.2020 - 12.01.2020,,2020-01-23\n\
         3,47,female,c,Hebei,China,NA,25.01.2020,NA,,2020-01-25\n",
    );
    assert_eq!(
        (set.columns.date[0].as_str(), set.columns.region[0].as_str()),
        ("confirmation_iso", "province")
    );
    assert!(set.remarks[0].text.en.contains("`onset_iso` is filled for too few"));
    assert_eq!(set.cases[0].onset, Some(date(2020, 1, 18)));
}

#[test]
fn dates_with_the_day_first_are_decided_by_their_column() {
    let text = "case_id,gender,age,symptom_onset,confirm_date,Infection_source,start_source,death\n\
                TJ1,F,59,05/01/2020,21/01/2020,Wuhan,05/01/2020,\nTJ2,M,57,18/01/2020,21/01/2020,x,,\n";
    assert_eq!(read(text).start, date(2020, 1, 5));
    let open = text.replace("18/01", "08/01");
    let error = read_with(&open, &SeriesOptions::default()).unwrap_err();
    assert!(matches!(&error, SeriesError::AmbiguousDates { column } if column == "symptom_onset"));
}

#[test]
fn short_published_lists_need_no_option() {
    for (text, column, total) in [
        ("hospitalised,reported\n2011-05-07,2011-05-18\n2011-05-12,2011-05-25\n", "reported", 2),
        ("id,dHosp,dReport\n1,2011-05-07,2011-05-18\n2,2011-05-12,2011-05-25\n", "dReport", 2),
        (
            "case_ID,infector,date_of_prodrome,date_of_rash,date_of_death,age,gender,family_ID,class,complications,x_loc,y_loc\n1,45,1861-11-21,1861-11-25,,7,f,41,1,yes,142.5,100\n2,45,1861-11-23,1861-11-27,,6,f,41,1,yes,142.5,100\n",
            "date_of_prodrome",
            2,
        ),
        (
            "id,age,age_class,sex,place_infect,reporting_ctry,loc_hosp,dt_onset,dt_report,week_report,dt_start_exp,dt_end_exp,dt_diag,outcome,dt_death\nSK_1,68,60-69,M,Middle East,South Korea,\"x, y\",2015-05-11,2015-05-19,2015_21,2015-04-18,2015-05-04,2015-05-20,Alive,\n",
            "dt_onset",
            1,
        ),
        (
            "id,case_in_country,reporting date,location,country,gender,age,symptom_onset,If_onset_approximated,hosp_visit_date,death,recovered,symptom\n1,NA,2020-01-20,\"Shenzhen, Guangdong\",China,male,66,2020-01-03,0,2020-01-11,0,0,NA\n",
            "symptom_onset",
            1,
        ),
        ("date,onset,death,reporting\n1995-01-06,3,0,TRUE\n1995-01-07,0,1,FALSE\n", "date", 3),
        (
            "# source: made up, figures\nonset_date,nr,value\n2011-09-15,7,0\n2011-09-16,8,4\n",
            "onset_date",
            4,
        ),
        (
            "date,code,name,level,cum_confirmed,new_confirmed,observed\n2020-01-21,140100,太原市,city,2,2,1\n2020-01-21,140000,山西省,province,2,2,1\n2020-01-21,140400,长治市,city,0,0,1\n",
            "date",
            2,
        ),
        (
            "病例编号,性别,发病日期,县区\n1,男,2020年1月24日,潞州区\n2,女,2020年1月25日,襄垣县\n",
            "发病日期",
            2,
        ),
    ] {
        let set = read(text);
        assert_eq!(set.columns.date, [column], "{text}");
        assert_eq!(set.total().iter().flatten().sum::<i64>(), total, "{text}");
    }
}

#[test]
fn columns_of_places_are_series_and_columns_of_totals_are_left_out() {
    let set = read(
        "date,cases_chn,cases_kor,cases_region_western,cases_global\n2020-01-20,2,1,3,3\n2020-01-21,0,5,5,5\n",
    );
    assert_eq!((set.layout, names(&set)), (Layout::WidePlaces, vec!["cases_chn", "cases_kor"]));
    assert_eq!(set.total(), [Some(3), Some(5)]);
    assert!(codes(&set).contains(&"Q112"));
    let set = read("date,cases_travel,cases_household\n2003-02-23,1,0\n2003-02-24,2,3\n");
    assert_eq!(names(&set), ["cases_travel", "cases_household"]);
}

#[test]
fn columns_that_count_again_what_others_count_are_left_out_and_named() {
    // A total that no word gives away, parts of a place, and columns of another thing.
    let mut text =
        "date,n_a_city,n_b_city,n_c_city,n_c_city_east,n_c_city_west,n_d_city,n_all,beds\n".to_owned();
    for day in 1..=20 {
        let (a, b, east, west, d) = (day % 3, day * day % 7, day % 4, day % 5, 3 * day % 8);
        let all = a + b + east + west + d;
        text.push_str(&format!(
            "2021-03-{day:02},{a},{b},{},{east},{west},{d},{all},{}\n",
            east + west,
            day % 2
        ));
    }
    let set = read(&text);
    assert_eq!(names(&set), ["n_a_city", "n_b_city", "n_c_city", "n_d_city"]);
    let remark = |code| set.remarks.iter().find(|r| r.code == code).map(|r| r.text.en.clone()).unwrap();
    assert!(remark("Q112").ends_with(": n_all"), "{}", remark("Q112"));
    assert!(remark("Q119").ends_with(": n_c_city_east, n_c_city_west"), "{}", remark("Q119"));
    assert!(remark("Q120").ends_with(": beds"), "{}", remark("Q120"));
}

#[test]
fn years_and_weeks_become_weeks_of_the_calendar() {
    let mut text = "index,year,period,d8336,d8337\n".to_owned();
    for (i, (year, week)) in (2004..2006).flat_map(|y| (1..=52).map(move |w| (y, w))).enumerate() {
        text.push_str(&format!("{},{year},{week},{},1\n", i + 1, i % 7));
    }
    let set = read(&text);
    assert_eq!((set.step, set.steps, set.start), (Step::Week, 104, date(2003, 12, 29)));
    // 2004 has 53 weeks, yet the table knows 52: laid end to end, no week is missing.
    assert!(set.counts.iter().all(Option::is_some) && codes(&set).contains(&"Q113"));

    let iso = read("year,week,cases\n2020,52,3\n2020,53,4\n2021,1,5\n");
    assert_eq!((iso.step, iso.total()), (Step::Week, vec![Some(3), Some(4), Some(5)]));
    let months = read("dataelement,period,orgunit,value\na,201201,x,3\na,201203,x,4\nb,201201,x,9\n");
    assert_eq!((months.step, months.steps), (Step::Month, 3));
    assert_eq!(months.total().iter().flatten().sum::<i64>(), 7);
}

#[test]
fn running_totals_become_new_persons_with_their_corrections() {
    let set = read(
        "date,province_en,cum_confirmed\n2020-01-22,Anhui,1\n2020-01-23,Anhui,9\n2020-01-24,Anhui,8\n2020-01-23,Hebei,2\n",
    );
    assert_eq!(set.counting, Counting::Cumulative);
    assert_eq!(set.series(0), [None, Some(8), Some(-1)]);
    assert_eq!(set.series(1), [None, Some(2), None]);
    let mut text = "date,a,b\n".to_owned();
    for i in 0..25 {
        text.push_str(&format!(
            "{},{},{}\n",
            date(2020, 3, 1).checked_add(jiff::Span::new().days(i)).unwrap(),
            5 * i,
            i
        ));
    }
    let unnamed = read(&text);
    assert_eq!((unnamed.counting, unnamed.series(0)[3]), (Counting::Cumulative, Some(5)));
    let said = SeriesOptions { counting: Some(Counting::Incident), ..SeriesOptions::default() };
    assert_eq!(read_with(&text, &said).unwrap().series(0)[3], Some(15));
}

#[test]
fn several_snapshots_of_a_day_count_once() {
    let set = read(
        "update_time,name,confirmed,cured\n2020-01-22 16:48:22,长治市,1,0\n2020-01-22 18:00:00,长治市,3,0\n\
         2020-01-23 08:00:00,长治市,3,0\n2020-01-23 18:00:00,长治市,7,0\n",
    );
    assert_eq!((set.counting, set.series(0)), (Counting::Cumulative, &[None, Some(4)][..]));
}

#[test]
fn what_becomes_of_repeated_rows_is_said() {
    let remark =
        |set: &SeriesSet| set.remarks.iter().find(|r| r.code == "Q114").map(|r| r.text.en.clone()).unwrap();
    let counts = read("date,cases\n2024-01-01,3\n2024-01-02,4\n2024-01-02,5\n2024-01-03,1\n");
    assert_eq!(counts.series(0), [Some(3), Some(9), Some(1)]);
    assert_eq!(remark(&counts), "1 rows repeat a place and date; their counts are added up");
    let options = SeriesOptions { counting: Some(Counting::Cumulative), ..SeriesOptions::default() };
    let totals = "date,cases\n2024-01-01,3\n2024-01-02,4\n2024-01-02,5\n2024-01-03,6\n";
    let totals = read_with(totals, &options).unwrap();
    assert_eq!(totals.series(0), [None, Some(2), Some(1)]);
    assert_eq!(remark(&totals), "1 rows repeat a place and date; the last total of a day stands");
}

#[test]
fn rows_of_totals_and_wider_places_are_not_counted_twice() {
    let set = read("日期,县区,新增\n2020-01-24,潞州区,1\n2020-01-24,襄垣县,0\n2020-01-24,合计,1\n");
    assert_eq!((set.total(), codes(&set)), (vec![Some(1)], vec!["Q111"]));
    let set = read(
        "date,province_code,province,city_code,city,cases\n2020-01-24,140000,山西省,140400,长治市,1\n\
         2020-01-24,140000,山西省,140100,太原市,2\n2020-01-24,140000,山西省,,,3\n",
    );
    assert_eq!((set.total(), codes(&set)), (vec![Some(3)], vec!["Q104"]));
}

#[test]
fn options_name_columns_and_a_wrong_name_lists_the_right_ones() {
    let text = "day,county,n,m\n2020-01-24,a,1,5\n2020-01-25,b,2,6\n";
    let options = SeriesOptions {
        region: Some("County".to_owned()),
        date: Some("day".to_owned()),
        count: Some("m".to_owned()),
        ..SeriesOptions::default()
    };
    let set = read_with(text, &options).unwrap();
    assert_eq!((names(&set), set.columns.count.as_slice()), (vec!["a", "b"], &["m".to_owned()][..]));
    let wrong = SeriesOptions { date: Some("when".to_owned()), ..SeriesOptions::default() };
    let error = read_with(text, &wrong).unwrap_err();
    assert!(error.to_string().contains("day, county, n, m"), "{error}");
    assert_eq!(read_with("a,b\nx,y\nz,w\n", &SeriesOptions::default()).unwrap_err().code(), "F202");
}

#[test]
fn a_table_that_lists_no_zero_means_zero_by_silence() {
    let set = read("date,region,cases\n2020-01-24,a,1\n2020-01-26,a,2\n2020-01-27,b,3\n");
    assert_eq!(set.series(0), [Some(1), Some(0), Some(2), Some(0)]);
    assert_eq!(codes(&set), ["Q108"]);
}

#[test]
fn a_step_that_stands_there_without_its_count_is_not_zero() {
    let set = read(
        "date,region,cases\n2020-01-24,a,1\n2020-01-25,a,NA\n2020-01-26,a,2\n2020-01-29,a,4\n2020-02-03,a,\n",
    );
    assert_eq!(set.series(0), [Some(1), None, Some(2), Some(0), Some(0), Some(4)]);
    let weeks = read(
        "date,region,cases\n2020-01-06,a,1\n2020-01-15,a,NA\n2020-01-20,a,NA\n2020-01-27,a,2\n2020-02-10,a,3\n",
    );
    assert_eq!(weeks.series(0)[2..4], [None, Some(2)]);
}
