//! Publishing: frozen figures, approved by a person, without small counts of small places.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod city;

use city::{CHANGZHI, City, LUZHOU, SHANXI, person, report};
use wanquan_app::Error;
use wanquan_app::publish::{
    Draft, PublicFigures, Query, draft_publication, list_publications, propose_bulletin, publish_publication,
    read_published,
};
use wanquan_domain::actor::Actor;
use wanquan_domain::publication::{Publication, PublicationStatus};
use wanquan_domain::region::{Level, RegionCode};

fn draft(region: &str) -> Draft {
    Draft {
        region: RegionCode::new(region),
        title: "Bulletin".into(),
        text: "First paragraph.\n\nSecond.".into(),
        disease: None,
        measure: None,
    }
}

fn figures(publication: &Publication) -> PublicFigures {
    serde_json::from_value(publication.figures.clone()).unwrap()
}

#[tokio::test]
async fn figures_are_frozen_when_drafted() {
    let city = City::shanxi_on("2020-02-12").await;
    let editor = person("Sun", &[("portal_editor", SHANXI)]);
    let drafted = draft_publication(&city.app, &editor, draft(SHANXI)).await.unwrap();
    city.load("count_report", vec![report("140100", "2020-02-12", "confirmed", 30, "2020-02-12")]).await;
    let published = publish_publication(&city.app, &editor, drafted.id, Some(1)).await.unwrap();
    let frozen = figures(&published);
    assert_eq!((frozen.totals.cumulative, frozen.undivided, frozen.regions.len()), (Some(126), Some(2), 11));
    assert_eq!(frozen.as_of.to_string(), "2020-02-12");
    assert_eq!(frozen.disease.en, "COVID-19");
    assert_eq!(published.figures, drafted.figures);
}

#[tokio::test]
async fn a_publication_replaces_the_former_one_of_its_region_alone() {
    let city = City::shanxi_on("2020-02-12").await;
    let editor = person("Sun", &[("portal_editor", SHANXI)]);
    assert!(read_published(&city.app, None).await.unwrap().shown.is_none());
    let first = draft_publication(&city.app, &editor, draft(SHANXI)).await.unwrap();
    assert!(read_published(&city.app, None).await.unwrap().shown.is_none());
    publish_publication(&city.app, &editor, first.id, None).await.unwrap();
    let of_city = draft_publication(&city.app, &editor, draft(CHANGZHI)).await.unwrap();
    city.clock.set("2020-02-12T05:00:00Z".parse().unwrap());
    publish_publication(&city.app, &editor, of_city.id, None).await.unwrap();
    let second = draft_publication(&city.app, &editor, draft(SHANXI)).await.unwrap();
    city.clock.set("2020-02-12T06:00:00Z".parse().unwrap());
    publish_publication(&city.app, &editor, second.id, None).await.unwrap();

    let all = Query { limit: 10, ..Query::default() };
    let (listed, _) = list_publications(&city.app, &editor, &all).await.unwrap();
    let status = |id| listed.iter().find(|p| p.id == id).unwrap().status;
    assert_eq!(status(first.id), PublicationStatus::Superseded);
    assert_eq!(status(of_city.id), PublicationStatus::Published);
    assert_eq!(status(second.id), PublicationStatus::Published);
    let public = read_published(&city.app, None).await.unwrap();
    assert_eq!((public.shown.unwrap().id, public.all.len()), (second.id, 2));
    let changzhi = read_published(&city.app, Some(&RegionCode::new(CHANGZHI))).await.unwrap();
    assert_eq!(changzhi.shown.unwrap().id, of_city.id);
}

#[tokio::test]
async fn only_a_draft_is_published_and_only_as_it_was_seen() {
    let city = City::shanxi_on("2020-02-12").await;
    let editor = person("Sun", &[("portal_editor", SHANXI)]);
    let id = draft_publication(&city.app, &editor, draft(SHANXI)).await.unwrap().id;
    let stale = publish_publication(&city.app, &editor, id, Some(4)).await;
    assert!(matches!(stale, Err(Error::Conflict { current_version: 1, .. })));
    publish_publication(&city.app, &editor, id, Some(1)).await.unwrap();
    let again = publish_publication(&city.app, &editor, id, None).await;
    assert!(matches!(again, Err(Error::Refused { code: "not_a_draft", .. })));
}

#[tokio::test]
async fn drafting_and_publishing_need_their_roles_in_the_region() {
    let city = City::shanxi_on("2020-02-12").await;
    let may_draft = async |role, home, region: &str| {
        draft_publication(&city.app, &person("Li", &[(role, home)]), draft(region)).await
    };
    assert!(may_draft("epidemiologist", CHANGZHI, CHANGZHI).await.is_ok());
    assert!(may_draft("epidemiologist", CHANGZHI, LUZHOU).await.is_ok());
    for (role, home, region) in [
        ("viewer", CHANGZHI, CHANGZHI),
        ("data_clerk", CHANGZHI, CHANGZHI),
        ("epidemiologist", CHANGZHI, SHANXI),
        ("epidemiologist", CHANGZHI, "140100"),
    ] {
        let refused = may_draft(role, home, region).await;
        assert!(matches!(refused, Err(Error::Forbidden { .. })), "{role} of {home} in {region}");
    }
    let drafted = may_draft("epidemiologist", CHANGZHI, CHANGZHI).await.unwrap();
    for (role, home) in [("epidemiologist", CHANGZHI), ("commander", "140100"), ("commander", LUZHOU)] {
        let actor = person("Li", &[(role, home)]);
        let refused = publish_publication(&city.app, &actor, drafted.id, None).await;
        assert!(matches!(refused, Err(Error::Forbidden { .. })), "{role} of {home}");
    }
    let commander = person("Zhao", &[("commander", SHANXI)]);
    let published = publish_publication(&city.app, &commander, drafted.id, None).await.unwrap();
    assert_eq!((published.drafted_by.as_str(), published.published_by.as_deref()), ("Li", Some("Zhao")));
    let viewer = person("Wu", &[("viewer", CHANGZHI)]);
    let refused = list_publications(&city.app, &viewer, &Query::default()).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })));
}

#[tokio::test]
async fn small_counts_of_townships_stay_out_of_the_publication() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let tree = &city.app.packs().regions;
    let townships: Vec<String> =
        tree.children(&RegionCode::new(LUZHOU)).iter().map(|r| r.code.to_string()).take(3).collect();
    let rows = townships.iter().zip([12, 3, 7]);
    let rows = rows.map(|(region, n)| report(region, "2020-02-11", "confirmed", n, "2020-02-11"));
    city.load("count_report", rows.collect()).await;
    let of_county = draft_publication(&city.app, &Actor::system("test"), draft(LUZHOU)).await.unwrap();
    let frozen = figures(&of_county);
    let cell = |code: &str| frozen.regions.iter().find(|r| r.place.code == code).unwrap().cumulative;
    // The third goes with the second, which would else be the difference to the county's 22.
    assert_eq!([cell(&townships[0]), cell(&townships[1]), cell(&townships[2])], [Some(12), None, None]);
    assert_eq!((frozen.totals.cumulative, frozen.undivided), (Some(22), None));
    let json = of_county.figures["regions"].to_string();
    assert!(!json.contains(":3,") && !json.contains(":7,"));

    let of_township =
        draft_publication(&city.app, &Actor::system("test"), draft(&townships[1])).await.unwrap();
    let frozen = figures(&of_township);
    assert_eq!(frozen.region.level, Level::Township);
    assert_eq!((frozen.totals.cumulative, frozen.totals.last_7, frozen.curve.len()), (None, None, 0));
    assert_eq!(frozen.totals.per_100k_7d, None);
}

#[tokio::test]
async fn regions_below_are_left_out_where_nothing_was_reported_by_them() {
    let city = City::shanxi_on("2020-02-12").await;
    let whole = draft_publication(&city.app, &Actor::system("test"), draft(CHANGZHI)).await.unwrap();
    assert_eq!((figures(&whole).totals.cumulative, figures(&whole).regions.len()), (Some(8), 0));
    city.load("count_report", vec![report(LUZHOU, "2020-02-12", "confirmed", 2, "2020-02-12")]).await;
    let divided = draft_publication(&city.app, &Actor::system("test"), draft(CHANGZHI)).await.unwrap();
    assert_eq!((figures(&divided).undivided, figures(&divided).regions.len()), (Some(8), 12));
}

#[tokio::test]
async fn a_draft_without_a_title_or_of_an_unknown_disease_is_refused() {
    let city = City::at("2020-02-12T04:00:00Z").await;
    let ask = async |draft: Draft| draft_publication(&city.app, &Actor::system("test"), draft).await;
    let untitled = ask(Draft { title: "  ".into(), ..draft(SHANXI) }).await;
    assert!(matches!(untitled, Err(Error::BadInput { field: "title", .. })));
    let odd = ask(Draft { text: "a\u{0}b".into(), ..draft(SHANXI) }).await;
    assert!(matches!(odd, Err(Error::BadInput { field: "text", .. })));
    let plague = ask(Draft { disease: Some("plague".into()), ..draft(SHANXI) }).await;
    assert!(matches!(plague, Err(Error::NotFound { what: "disease", .. })));
}

#[tokio::test]
async fn a_bulletin_is_written_from_what_may_be_public_and_stores_nothing() {
    let city = City::shanxi_on("2020-02-12").await;
    let editor = person("Sun", &[("portal_editor", SHANXI)]);
    let propose = |region: &str| {
        propose_bulletin(&city.app, &editor, RegionCode::new(region), Some("covid-19".into()), None)
    };
    let bulletin = propose(SHANXI).await.unwrap();
    assert_eq!(bulletin.title, "山西省新型冠状病毒感染通报（2020年2月12日）");
    assert!(bulletin.text.contains("累计126例") && bulletin.text.contains("126 so far"), "{}", bulletin.text);
    assert!(bulletin.text.contains("近7天各地：") && bulletin.text.contains("Taiyuan"), "{}", bulletin.text);
    // Two cases of a township are neither in the figures nor in the words.
    let township = "140403001";
    let rows = vec![report(township, "2020-02-11", "confirmed", 2, "2020-02-11")];
    city.load("count_report", rows).await;
    let small = propose(township).await.unwrap();
    assert!(small.text.contains("不予公布") && !small.text.contains("2例"), "{}", small.text);
    let all = Query { limit: 10, ..Query::default() };
    assert!(list_publications(&city.app, &editor, &all).await.unwrap().0.is_empty());
    let elsewhere = person("Qian", &[("portal_editor", "110000")]);
    let refused = propose_bulletin(&city.app, &elsewhere, RegionCode::new(SHANXI), None, None).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })));
}
