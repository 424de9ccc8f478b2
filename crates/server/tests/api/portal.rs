use crate::city::{CHANGZHI, City, LUZHOU, SHANXI, report};
use crate::support::Server;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value, json};
use wanquan_app::publish::{Draft, draft_publication, publish_publication};
use wanquan_domain::actor::Actor;
use wanquan_domain::region::RegionCode;

async fn page(server: &Server, path: &str) -> (StatusCode, HeaderMap, String) {
    let response = server.call(Request::get(path).body(Body::empty()).unwrap()).await;
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (parts.status, parts.headers, String::from_utf8(bytes.to_vec()).unwrap())
}

fn bulletin(region: &str, title: &str, text: &str) -> Draft {
    Draft {
        region: RegionCode::new(region),
        title: title.into(),
        text: text.into(),
        disease: Some("covid-19".into()),
        measure: None,
    }
}

async fn publish(server: &Server, draft: Draft) {
    let by = Actor::system("王编辑");
    let drafted = draft_publication(&server.city.app, &by, draft).await.unwrap();
    publish_publication(&server.city.app, &by, drafted.id, None).await.unwrap();
}

#[tokio::test]
async fn the_first_page_says_so_while_nothing_is_published() {
    let server = Server::new(City::shanxi_on("2020-02-12").await);
    let by = Actor::system("test");
    draft_publication(&server.city.app, &by, bulletin(SHANXI, "Secret draft", "Not yet")).await.unwrap();
    let (status, headers, html) = page(&server, "/").await;
    assert_eq!(
        (status.as_u16(), headers["content-type"].to_str().unwrap()),
        (200, "text/html; charset=utf-8")
    );
    assert!(html.contains("暂无已发布的信息") && html.contains("lang=\"zh-CN\""));
    assert!(!html.contains("Secret draft") && !html.contains("126"));
    let (_, _, english) = page(&server, "/?lang=en").await;
    assert!(english.contains("Nothing has been published yet") && english.contains("href=\"/console/\""));
}

#[tokio::test]
async fn the_page_shows_the_frozen_figures_in_both_languages() {
    let server = Server::new(City::shanxi_on("2020-02-12").await);
    let text = "Wash hands.\n\nStay <b>home</b>.";
    publish(&server, bulletin(SHANXI, "Shanxi on 12 February", text)).await;
    // What becomes known later waits for the next publication.
    server.load(vec![report("140100", "2020-02-12", "confirmed", 5000, "2020-02-12")]).await;
    let (_, _, html) = page(&server, "/?lang=en").await;
    assert!(html.contains("<h1>Shanxi on 12 February</h1>") && html.contains("<dd>126</dd>"), "{html}");
    assert!(html.contains("As known on <time datetime=\"2020-02-12\">12 February 2020</time>"));
    assert!(html.contains("<p>Wash hands.</p>"));
    assert!(!html.contains("<b>home"), "text of people is no markup");
    assert!(!html.contains("5,000") && !html.contains("5,126"));
    assert_eq!(html.matches("<path class=\"place").count(), 11);
    assert!(html.contains("Changzhi") && html.contains("class=\"bar\""));
    let (_, _, chinese) = page(&server, "/").await;
    assert!(chinese.contains("长治市") && chinese.contains("2020年2月12日"));
    assert!(chinese.contains("href=\"/?lang=en\""));
}

#[tokio::test]
async fn the_page_needs_no_script_and_loads_nothing_from_elsewhere() {
    let server = Server::new(City::shanxi_on("2020-02-12").await);
    server.load(vec![report(LUZHOU, "2020-02-12", "confirmed", 2, "2020-02-12")]).await;
    publish(&server, bulletin(CHANGZHI, "Changzhi", "")).await;
    let (_, headers, html) = page(&server, "/").await;
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self';") && !policy.contains("unsafe"));
    for inline in ["<script", " style=", "<style", "onclick", "http://", "https://"] {
        assert!(!html.contains(inline), "{inline}");
    }
    // Changzhi's counties have no official boundary: they are tiles, and the map is not blank.
    assert_eq!(html.matches("<rect class=\"place").count(), 12);
    let css = html.split("href=\"").find(|part| part.starts_with("/portal/style.css")).unwrap();
    let (status, headers, css) = page(&server, css.split('"').next().unwrap()).await;
    assert_eq!(
        (status.as_u16(), headers["content-type"].to_str().unwrap()),
        (200, "text/css; charset=utf-8")
    );
    assert!(css.contains("prefers-color-scheme: dark"));
}

#[tokio::test]
async fn the_page_is_kept_by_its_version() {
    let server = Server::new(City::shanxi_on("2020-02-12").await);
    publish(&server, bulletin(SHANXI, "First", "")).await;
    let (_, headers, _) = page(&server, "/").await;
    let tag = headers["etag"].clone();
    assert_eq!(headers["cache-control"], "public, no-cache");
    let again = Request::get("/").header("if-none-match", &tag).body(Body::empty()).unwrap();
    assert_eq!(server.call(again).await.status(), StatusCode::NOT_MODIFIED);
    let (_, english, _) = page(&server, "/?lang=en").await;
    assert_ne!(english["etag"], tag);
    publish(&server, bulletin(SHANXI, "Second", "")).await;
    let stale = Request::get("/").header("if-none-match", &tag).body(Body::empty()).unwrap();
    assert_eq!(server.call(stale).await.status(), StatusCode::OK);
    let (_, _, html) = page(&server, "/").await;
    assert!(html.contains("Second") && !html.contains("First"));
}

#[tokio::test]
async fn each_published_region_has_its_page_and_others_have_none() {
    let server = Server::new(City::shanxi_on("2020-02-12").await);
    publish(&server, bulletin(SHANXI, "Of the province", "")).await;
    publish(&server, bulletin(CHANGZHI, "Of the city", "")).await;
    let (_, _, html) = page(&server, &format!("/?region={CHANGZHI}")).await;
    assert!(html.contains("Of the city") && html.contains(&format!("href=\"/?region={SHANXI}\"")));
    let (status, _, html) = page(&server, "/?region=140100&lang=en").await;
    assert_eq!(status.as_u16(), 200);
    assert!(html.contains("Nothing has been published yet") && html.contains("Published for"));
}

/// A case with every kind of personal value.
fn case(number: usize) -> Map<String, Value> {
    let Value::Object(values) = json!({
        "case_id": format!("CZ-{number}"), "disease": "covid-19", "region": LUZHOU, "name": "张丽华",
        "document_number": "140402198001011234", "phone": "13900001234", "address": "惠民小区8号楼",
        "onset_date": "2020-02-10", "report_date": "2020-02-11", "classification": "confirmed",
    }) else {
        unreachable!()
    };
    values
}

#[tokio::test]
async fn the_page_holds_no_personal_data_and_no_names_of_staff() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    server.city.load("case", (1..=8).map(case).collect()).await;
    let draft = Draft { measure: Some("case.onset".into()), ..bulletin(LUZHOU, "潞州区", "") };
    publish(&server, draft).await;
    for path in ["/", "/?lang=en", &format!("/?region={LUZHOU}")] {
        let (_, _, html) = page(&server, path).await;
        assert!(html.contains("<dd>8</dd>"), "the cases are counted");
        for personal in ["张丽华", "140402198001011234", "13900001234", "惠民小区", "CZ-1", "王编辑"]
        {
            assert!(!html.contains(personal), "{personal}");
        }
    }
}
