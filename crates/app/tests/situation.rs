//! The situation of a region: as known on any day, within the reader's regions, with the numbers of the analysis.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod city;

use city::{CHANGZHI, City, LUZHOU, SHANXI, person, report};
use jiff::civil::date;
use wanquan_app::analyse::{SerialInterval, analyse_series, detectors, spread_corrections};
use wanquan_app::situation::{Situation, View, read_situation, read_timeline};
use wanquan_app::{Error, regions};
use wanquan_domain::actor::Actor;
use wanquan_domain::region::RegionCode;
use wanquan_epi::{CountSeries, Step};

fn view(region: &str, as_of: Option<jiff::civil::Date>) -> View {
    View { region: RegionCode::new(region), disease: "covid-19".into(), measure: None, as_of }
}

async fn see<'a>(city: &'a City, region: &str, as_of: Option<jiff::civil::Date>) -> Situation<'a> {
    read_situation(&city.app, &Actor::system("test"), &view(region, as_of)).await.unwrap()
}

#[tokio::test]
async fn the_situation_shows_what_was_known_on_the_day() {
    let city = City::shanxi_on("2020-02-12").await;
    let now = see(&city, SHANXI, None).await;
    // The sums of the history's rows known until then.
    assert_eq!((now.as_of, now.figures.totals.cumulative), (date(2020, 2, 12), 126));
    let then = see(&city, SHANXI, Some(date(2020, 2, 4))).await;
    assert_eq!(then.figures.totals.cumulative, 81);
    assert!(then.figures.curve.iter().all(|day| day.date <= date(2020, 2, 4)));
    assert_eq!(then.figures.curve.iter().map(|day| day.n).sum::<i64>(), 81);
}

#[tokio::test]
async fn the_regions_below_add_up_and_each_has_its_rate_where_the_population_is_known() {
    let city = City::shanxi_on("2020-02-12").await;
    let shanxi = see(&city, SHANXI, None).await;
    assert_eq!(shanxi.regions().count(), 11);
    let sum: i64 = shanxi.regions().map(|(_, child, _)| child.totals.cumulative).sum();
    // Two cases of the history were reported for the province and for no city.
    assert_eq!((sum, shanxi.figures.undivided, shanxi.figures.totals.cumulative), (124, 2, 126));
    for (region, child, _) in shanxi.regions() {
        assert_eq!(child.totals.per_100k_7d.is_some(), region.population.is_some(), "{}", region.name);
        assert_eq!(child.spark.len(), 28);
    }
    let changzhi = see(&city, CHANGZHI, None).await;
    let unknown = changzhi.regions().find(|(region, _, _)| region.population.is_none()).unwrap();
    assert_eq!(unknown.1.totals.per_100k_7d, None);
}

#[tokio::test]
async fn the_numbers_are_those_of_the_shared_analysis() {
    let city = City::shanxi_on("2020-02-12").await;
    let shanxi = see(&city, SHANXI, None).await;
    let curve = &shanxi.figures.curve;
    let counts: Vec<Option<i64>> = curve.iter().map(|day| Some(day.n)).collect();
    let series = CountSeries::new(curve[0].date, Step::Day, spread_corrections(&counts)).unwrap();
    let disease = city.app.packs().disease("covid-19").unwrap();
    let found = detectors(disease, "count_report.confirmed", Step::Day).unwrap();
    let interval = SerialInterval::of(disease).unwrap();
    let expected = analyse_series(&series, &found, Some(&interval), None).unwrap();
    assert_eq!(shanxi.figures.input_digest, expected.input_digest);
    assert_eq!(shanxi.figures.rt, expected.rt);
    assert!(shanxi.figures.rt.len() > 5);
    assert_eq!(shanxi.figures.growth, expected.growth);
    for (shown, step) in curve.iter().zip(&expected.steps) {
        assert_eq!((shown.date, &shown.methods, shown.upper), (step.date, &step.methods, step.upper));
    }
    assert!(curve.iter().any(|day| !day.methods.is_empty()));
}

#[tokio::test]
async fn deaths_and_recoveries_of_the_same_register_stand_beside_the_cases() {
    let city = City::shanxi_on("2020-02-12").await;
    city.load("count_report", vec![report("140100", "2020-02-10", "dead", 1, "2020-02-10")]).await;
    let shanxi = see(&city, SHANXI, None).await;
    assert_eq!(shanxi.deaths, Some(1));
    assert!(shanxi.cured.unwrap() > 0);
    assert_eq!(see(&city, SHANXI, Some(date(2020, 2, 9))).await.deaths, Some(0));
}

#[tokio::test]
async fn a_correction_lowers_the_total_and_stays_visible() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let rows = vec![
        report(CHANGZHI, "2020-02-03", "confirmed", 5, "2020-02-03"),
        report(CHANGZHI, "2020-02-05", "confirmed", -2, "2020-02-05"),
        report(CHANGZHI, "2020-02-06", "confirmed", 1, "2020-02-06"),
    ];
    city.load("count_report", rows).await;
    let changzhi = see(&city, CHANGZHI, None).await;
    assert_eq!(changzhi.figures.totals.cumulative, 4);
    let day = |at| changzhi.figures.curve.iter().find(|day| day.date == at).unwrap().n;
    assert_eq!((day(date(2020, 2, 3)), day(date(2020, 2, 5))), (5, -2));
    // Days after the last report from anywhere are not days without a case.
    assert_eq!(changzhi.figures.curve.last().unwrap().date, date(2020, 2, 6));
}

#[tokio::test]
async fn a_change_of_the_counts_is_seen_at_once() {
    let city = City::shanxi_on("2020-02-12").await;
    let before = see(&city, CHANGZHI, None).await.figures.totals.cumulative;
    city.load("count_report", vec![report(LUZHOU, "2020-02-12", "confirmed", 3, "2020-02-12")]).await;
    assert_eq!(see(&city, CHANGZHI, None).await.figures.totals.cumulative, before + 3);
    assert_eq!(see(&city, LUZHOU, None).await.figures.totals.today, 3);
}

#[tokio::test]
async fn recent_days_are_shaded_where_the_tallies_tell_how_late_reports_come() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let mut rows = Vec::new();
    for day in 1..=11 {
        for late in [0, 2, 4] {
            let known = format!("2020-02-{:02}", day + late);
            if day + late <= 12 {
                // One report of each delay a day: the region tells them apart.
                let region = ["140403", "140404", "140405"][late / 2];
                rows.push(report(region, &format!("2020-02-{day:02}"), "confirmed", 3, &known));
            }
        }
    }
    city.load("count_report", rows).await;
    let changzhi = see(&city, CHANGZHI, None).await;
    let incomplete: Vec<i8> =
        changzhi.figures.curve.iter().filter(|day| day.incomplete).map(|day| day.date.day()).collect();
    assert_eq!(incomplete, [9, 10, 11]);
    let last_rt = changzhi.figures.rt.last().unwrap();
    assert!(last_rt.date <= date(2020, 2, 8));
}

#[tokio::test]
async fn without_any_count_the_screen_is_not_an_error() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let changzhi = see(&city, CHANGZHI, None).await;
    assert_eq!((changzhi.figures.totals.cumulative, changzhi.figures.curve.len()), (0, 0));
    assert_eq!(changzhi.regions().count(), 12);
    assert_eq!(changzhi.figures.rt_note, Some("too_few_cases"));
}

#[tokio::test]
async fn figures_are_for_the_readers_regions_alone() {
    let city = City::shanxi_on("2020-02-12").await;
    let clerk = person("Zhang", &[("data_clerk", CHANGZHI)]);
    let may = async |region: &str| read_situation(&city.app, &clerk, &view(region, None)).await;
    assert!(may(CHANGZHI).await.is_ok());
    assert!(may(LUZHOU).await.is_ok());
    for elsewhere in [SHANXI, "140100", "100000"] {
        assert!(matches!(may(elsewhere).await, Err(Error::Forbidden { .. })), "{elsewhere}");
    }
    assert!(matches!(may("999999").await, Err(Error::NotFound { what: "region", .. })));
    let nobody = person("Nobody", &[]);
    let refused = read_timeline(&city.app, &nobody, &view(CHANGZHI, None)).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })));
}

#[tokio::test]
async fn a_day_to_come_and_an_unknown_disease_or_measure_are_refused() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let ask = async |view: View| read_situation(&city.app, &Actor::system("test"), &view).await.map(|_| ());
    let tomorrow = view(CHANGZHI, Some(date(2020, 2, 13)));
    assert!(matches!(ask(tomorrow).await, Err(Error::BadInput { field: "as_of", .. })));
    let plague = View { disease: "plague".into(), ..view(CHANGZHI, None) };
    assert!(matches!(ask(plague).await, Err(Error::NotFound { what: "disease", .. })));
    let beds = View { measure: Some("bed.free".into()), ..view(CHANGZHI, None) };
    assert!(matches!(ask(beds).await, Err(Error::NotFound { what: "measure", .. })));
}

#[tokio::test]
async fn deaths_have_no_reproduction_number() {
    let city = City::shanxi_on("2020-02-12").await;
    let cured = View { measure: Some("count_report.cured".into()), ..view(SHANXI, None) };
    let situation = read_situation(&city.app, &Actor::system("test"), &cured).await.unwrap();
    assert_eq!((situation.figures.rt.len(), situation.figures.rt_note), (0, Some("not_infections")));
    assert!(situation.figures.totals.cumulative > 0);
}

#[tokio::test]
async fn the_timeline_ends_with_what_is_known_now() {
    let city = City::shanxi_on("2020-02-12").await;
    let timeline = read_timeline(&city.app, &Actor::system("test"), &view(CHANGZHI, None)).await.unwrap();
    assert!(timeline.first.unwrap() < date(2020, 2, 1));
    let (last, cumulative) = *timeline.days.last().unwrap();
    assert_eq!(Some(last), timeline.last);
    assert_eq!(cumulative, see(&city, CHANGZHI, None).await.figures.totals.cumulative);
}

#[tokio::test]
async fn a_region_is_found_by_name_chain_and_code_within_the_readers_regions() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let everyone = Actor::system("test");
    let clerk = person("Zhang", &[("data_clerk", CHANGZHI)]);
    let first = |actor: &Actor, text: &str| {
        let found = regions::search_regions(&city.app, actor, text, 10).unwrap();
        found.first().map(|region| region.code.to_string())
    };
    for text in ["长治", "长治市", "山西长治", "Changzhi", "changz", "1404"] {
        assert_eq!(first(&everyone, text).as_deref(), Some(CHANGZHI), "{text}");
    }
    assert_eq!(first(&clerk, "太原"), None);
    assert_eq!(first(&clerk, "潞州").as_deref(), Some(LUZHOU));
    let own = regions::search_regions(&city.app, &clerk, "", 100).unwrap();
    assert_eq!((own.len(), own[0].code.as_str()), (13, CHANGZHI));
}

#[tokio::test]
async fn no_map_is_blank_down_to_the_last_community() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let tree = &city.app.packs().regions;
    let mut checked = 0;
    let below = tree.get_by_text(CHANGZHI).unwrap().path.clone();
    for region in tree.iter().filter(|r| r.path.starts_with(&below)).step_by(17).chain(tree.roots()) {
        let map = regions::draw_region(&city.app, region);
        let expected = tree.children(&region.code).len().max(1);
        assert_eq!(map.shapes.len() + map.tiles.len(), expected, "{}", region.name);
        let mut places: Vec<_> = map.tiles.iter().map(|(_, tile)| (tile.col, tile.row)).collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), map.tiles.len(), "two tiles share a place in {}", region.name);
        checked += 1;
    }
    assert!(checked > 100);
    let shanxi = regions::draw_region(&city.app, tree.get_by_text(SHANXI).unwrap());
    assert_eq!((shanxi.shapes.len(), shanxi.tiles.len()), (11, 0));
    assert!(shanxi.source.is_some());
}
