//! Pages from public entries: services, risk areas, travel rules, figures; and the form for rights holders.

use crate::city::{CHANGZHI, City, LUZHOU, SHANXI, person};
use crate::support::Server;
use axum::body::Body;
use axum::http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Map, Value, json};
use wanquan_app::life::{StepInput, take_step};
use wanquan_app::publish::{Draft, draft_publication, publish_publication};
use wanquan_app::records;
use wanquan_domain::actor::Actor;
use wanquan_domain::record::RecordId;
use wanquan_domain::region::RegionCode;

async fn opened(response: Response<Body>) -> (StatusCode, HeaderMap, String) {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (parts.status, parts.headers, String::from_utf8(bytes.to_vec()).unwrap())
}

pub async fn page(server: &Server, path: &str) -> (StatusCode, HeaderMap, String) {
    opened(server.call(Request::get(path).body(Body::empty()).unwrap()).await).await
}

pub async fn post(
    server: &Server,
    path: &str,
    cookie: &str,
    body: String,
) -> (StatusCode, HeaderMap, String) {
    let request = Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", cookie)
        .body(Body::from(body));
    opened(server.call(request.unwrap()).await).await
}

/// The value of a field of a form on a page.
pub fn field(html: &str, name: &str) -> String {
    let from = html.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_default();
    from.split('"').next().unwrap().to_owned()
}

/// What the form asks, answered as a reader would.
pub fn answer(html: &str) -> usize {
    const WORDS: [&str; 19] = [
        "零", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二", "十三", "十四",
        "十五", "十六", "十七", "十八",
    ];
    let asked = html.split("<label for=\"f-answer\">").nth(1).unwrap();
    let asked = asked.split("相加").next().unwrap().split("等于").next().unwrap().trim();
    let value =
        |word: &str| WORDS.iter().position(|known| *known == word).unwrap_or_else(|| panic!("{asked}"));
    if let Some((a, b)) = asked.split_once("乘以") {
        value(a) * value(b)
    } else if let Some((a, b)) = asked.split_once('减') {
        value(a) - value(b)
    } else {
        asked.split(['加', '、', '与']).map(value).sum()
    }
}

pub fn cookie(headers: &HeaderMap) -> String {
    let set = headers.get("set-cookie").map(|value| value.to_str().unwrap()).unwrap_or_default();
    assert!(set.is_empty() || set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
    set.split(';').next().unwrap().to_owned()
}

pub fn encoded(pairs: &[(&str, &str)]) -> String {
    let escape = |text: &str| -> String {
        text.bytes()
            .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
            .collect()
    };
    pairs.iter().map(|(k, v)| format!("{k}={}", escape(v))).collect::<Vec<_>>().join("&")
}

fn map(json: Value) -> Map<String, Value> {
    json.as_object().unwrap().clone()
}

async fn enter(server: &Server, register: &str, values: Value) -> RecordId {
    let by = Actor::system("test");
    records::create(&server.city.app, &by, register, map(values), None).await.unwrap().record.id
}

pub async fn step(server: &Server, by: &Actor, id: RecordId, step: &str, values: Value) {
    let input = StepInput { step: step.into(), values: map(values), ..StepInput::default() };
    take_step(&server.city.app, by, id, &input).await.unwrap();
}

pub async fn withdraw(server: &Server, id: RecordId) {
    let reason = Some("moved".to_owned());
    let input = StepInput { step: "withdraw".into(), reason, ..StepInput::default() };
    take_step(&server.city.app, &Actor::system("one"), id, &input).await.unwrap();
}

pub async fn publish(server: &Server, register: &str, values: Value) -> RecordId {
    let id = enter(server, register, values).await;
    step(server, &Actor::system("one"), id, "publish", json!({})).await;
    id
}

pub fn place(code: &str, category: &str, name: &str, region: &str) -> Value {
    json!({ "code": code, "category": category, "name": name, "region": region, "phone": "0355-0001" })
}

#[tokio::test]
async fn services_are_found_by_category_county_and_words() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let (_, _, html) = page(&server, "/services").await;
    assert!(html.contains("暂无已发布的信息"));
    publish(&server, "service_place", place("1", "fever_clinic", "潞州发热门诊", LUZHOU)).await;
    publish(&server, "service_place", place("2", "testing", "襄垣检测点", "140423100")).await;
    publish(&server, "service_place", place("3", "hotline", "12345 热线", CHANGZHI)).await;
    enter(&server, "service_place", place("4", "testing", "草稿检测点", LUZHOU)).await;

    let shown = |html: &str| {
        ["潞州发热门诊", "襄垣检测点", "12345 热线", "草稿检测点"].map(|name| html.contains(name))
    };
    let (status, headers, html) = page(&server, "/services").await;
    assert_eq!((status.as_u16(), shown(&html)), (200, [true, true, true, false]));
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
    assert!(!html.contains(" style=") && !html.contains("onclick") && !html.contains("http://"));
    let (_, _, html) = page(&server, &format!("/services?region={LUZHOU}")).await;
    assert_eq!(shown(&html), [true, false, true, false], "in my county, and what serves the whole city");
    let (_, _, html) = page(&server, "/services?region=140423100").await;
    assert_eq!(shown(&html), [false, true, true, false]);
    let (_, _, html) = page(&server, "/services?category=testing").await;
    assert_eq!(shown(&html), [false, true, false, false]);
    let (_, _, html) = page(&server, "/services?q=%E5%8F%91%E7%83%AD").await;
    assert_eq!(shown(&html), [true, false, false, false]);
    let (_, _, english) = page(&server, "/services?lang=en").await;
    assert!(english.contains("Public services") && english.contains("Fever clinic"));
    let (_, again, _) = page(&server, "/services?region=140423100").await;
    assert_ne!(headers["etag"], again["etag"]);
}

#[tokio::test]
async fn near_a_township_the_nearest_place_stands_first() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let at = |code: &str, name: &str, region: &str, latitude: f64| {
        json!({ "code": code, "category": "testing", "name": name, "region": region, "latitude": latitude,
            "longitude": 113.05 })
    };
    publish(&server, "service_place", at("1", "A far place", "140423101", 36.9)).await;
    publish(&server, "service_place", at("2", "B near place", "140423101", 36.54)).await;
    publish(&server, "service_place", at("3", "C own place", "140423100", 36.53)).await;
    let (_, _, html) = page(&server, "/services?region=140423100").await;
    let at = |name: &str| html.find(name).unwrap_or_else(|| panic!("{name}: {html}"));
    assert!(at("C own place") < at("B near place") && at("B near place") < at("A far place"));
    assert!(html.contains("≈ 1 km") && html.contains("≈ 41 km"), "{html}");
}

#[tokio::test]
async fn a_place_has_a_page_with_its_position_and_no_markup_of_others() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let hostile = "<script>alert(1)</script>\" onmouseover=\"x";
    let mut values = place("1", "testing", hostile, LUZHOU);
    values["latitude"] = json!(36.19);
    values["longitude"] = json!(113.12);
    values["link"] = json!("https://example.org/?a=1&b=\"><script>");
    let id = publish(&server, "service_place", values).await;
    let (status, headers, html) = page(&server, &format!("/services/{id}")).await;
    assert_eq!(status.as_u16(), 200, "{html}");
    assert!(!html.contains("<script>") && !html.contains("\" onmouseover"), "{html}");
    assert!(html.contains("<circle class=\"dot\"") && html.contains("rel=\"noopener noreferrer nofollow\""));
    assert!(html.contains("href=\"tel:0355\"") || html.contains("href=\"tel:03550001\""));
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("script"), "nothing runs: {policy}");
    for gone in [format!("/services/{}", RecordId::new(server.city.app.now())), "/services/x".into()] {
        assert_eq!(page(&server, &gone).await.0, StatusCode::NOT_FOUND);
    }
    // A link that is none is refused by the register.
    let by = Actor::system("test");
    let mut script = place("2", "testing", "B", LUZHOU);
    script["link"] = json!("javascript:alert(1)");
    assert!(records::create(&server.city.app, &by, "service_place", map(script), None).await.is_err());
}

#[tokio::test]
async fn a_place_says_whether_it_is_open_and_leads_to_maps_and_telephone() {
    let server = Server::new(City::at("2020-02-12T03:59:00Z").await);
    let mut values = place("1", "testing", "A", LUZHOU);
    values["latitude"] = json!(36.19);
    values["longitude"] = json!(113.12);
    values["hours"] = json!("周一至周五 8:00-12:00，14:30-18:00");
    let id = publish(&server, "service_place", values).await;
    let mut other = place("2", "testing", "B", LUZHOU);
    other["hours"] = json!("周一至周五，节假日除外");
    let unknown = publish(&server, "service_place", other).await;
    let (_, _, html) = page(&server, &format!("/services/{id}")).await;
    assert!(html.contains("开放中") && html.contains("href=\"geo:36.19000,113.12000\""), "{html}");
    assert!(html.contains("href=\"tel:03550001\""), "{html}");
    let (_, _, html) = page(&server, &format!("/services/{unknown}")).await;
    assert!(!html.contains("开放中") && !html.contains("现已关闭"), "what cannot be read says nothing");
    server.city.clock.set(server.city.app.now() + jiff::SignedDuration::from_mins(1));
    let (_, _, html) = page(&server, "/services?lang=en").await;
    assert!(html.contains("closed now") && !html.contains("open now"), "{html}");
}

#[tokio::test]
async fn a_risk_area_leaves_the_page_after_its_last_day() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let area = json!({ "code": "R1", "place": "合成小区", "region": LUZHOU, "level": "high", "basis": "cases",
        "since": "2020-02-10", "until": "2020-02-13" });
    let id = enter(&server, "risk_area", area).await;
    step(&server, &Actor::system("one"), id, "publish", json!({})).await;
    let (_, _, html) = page(&server, "/risk").await;
    assert!(!html.contains("合成小区"), "one of two persons has agreed");
    step(&server, &Actor::system("two"), id, "publish", json!({})).await;
    let (_, before, html) = page(&server, "/risk").await;
    assert!(html.contains("合成小区") && html.contains("高风险") && html.contains("2020年2月13日"));
    server.city.clock.set("2020-02-13T17:00:00Z".parse().unwrap());
    let (_, after, html) = page(&server, "/risk").await;
    assert!(!html.contains("合成小区"), "it is the 14th here");
    assert_ne!(before["etag"], after["etag"]);
}

#[tokio::test]
async fn travel_rules_are_shown_by_origin_with_their_source() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let rule = json!({ "code": "T1", "title": "湖北来返", "region": CHANGZHI, "origin": "420000", "lookback_days": 14,
        "measures": "报备\n居家监测", "source": "notice 7", "since": "2020-02-01" });
    publish(&server, "travel_rule", rule).await;
    let (_, _, html) = page(&server, "/travel?from=420100").await;
    assert!(html.contains("湖北来返") && html.contains("notice 7") && html.contains("<li>居家监测</li>"));
    let (_, _, html) = page(&server, "/travel?from=340100").await;
    assert!(!html.contains("湖北来返") && html.contains("现行规定未涉及"));
    assert!(html.contains("cz.sxgov.cn") && html.contains("2021年4月30日"), "{html}");
    let (status, _, _) = page(&server, "/travel?from=%22%3E%3Cscript%3E").await;
    assert_eq!(status.as_u16(), 200);
}

#[tokio::test]
async fn figures_of_a_region_can_be_taken_away_as_a_table() {
    let server = Server::new(City::shanxi_on("2020-02-12").await);
    assert_eq!(page(&server, "/figures/140000").await.0, StatusCode::NOT_FOUND);
    let draft = Draft {
        region: RegionCode::new(SHANXI),
        title: "Shanxi".into(),
        text: String::new(),
        disease: Some("covid-19".into()),
        measure: None,
    };
    let by = Actor::system("test");
    let drafted = draft_publication(&server.city.app, &by, draft).await.unwrap();
    publish_publication(&server.city.app, &by, drafted.id, None).await.unwrap();
    let (_, _, html) = page(&server, "/figures").await;
    assert!(html.contains("href=\"/figures/140000\"") && html.contains("126"));
    let (_, _, html) = page(&server, "/figures/140000").await;
    assert!(html.contains("class=\"bar\"") && html.contains("/figures/140000/data.csv"));
    let (status, headers, csv) = page(&server, "/figures/140000/data.csv").await;
    assert_eq!(status.as_u16(), 200);
    assert_eq!(headers["content-type"], "text/csv; charset=utf-8");
    assert!(headers["content-disposition"].to_str().unwrap().contains("figures-140000.csv"));
    let lines: Vec<&str> = csv.lines().collect();
    assert!(lines[0].starts_with("row,region,") && lines[1].starts_with("total,140000,山西省,,,,126,"));
    let days: i64 = lines
        .iter()
        .filter(|l| l.starts_with("day,"))
        .map(|l| l.split(',').nth(4).unwrap().parse::<i64>().unwrap())
        .sum();
    assert_eq!(days, 126, "the days add up to the total");
    assert_eq!(lines.iter().filter(|line| line.starts_with("region,")).count(), 11);
}

async fn takedown_form(server: &Server) -> (String, String) {
    let (_, headers, html) = page(server, "/takedown").await;
    (cookie(&headers), html)
}

fn request(html: &str, subject: &str, answer: &str) -> String {
    encoded(&[
        ("token", &field(html, "token")),
        ("question", &field(html, "question")),
        ("answer", answer),
        ("subject", subject),
        ("ground", "copyright"),
        ("work", "摄影作品"),
        ("explanation", "本人拍摄"),
        ("name", "张丽华"),
        ("contact", "zhang@example.org"),
    ])
}

#[tokio::test]
async fn a_rights_holder_asks_and_the_decision_stands_in_the_public_log() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let (cookie, html) = takedown_form(&server).await;
    let body = request(&html, "/gsyl/1.html", &answer(&html).to_string());
    let (status, headers, html) = post(&server, "/takedown", &cookie, body.clone()).await;
    assert_eq!(
        (status.as_u16(), headers["location"].to_str().unwrap()),
        (303, "/takedowns?received=yes"),
        "{html}"
    );
    let editor = person("Sun", &[("portal_editor", CHANGZHI)]);
    let query = records::Query::default();
    let listed = records::list(&server.city.app, &editor, "takedown", &query, None, 10).await.unwrap();
    assert_eq!(listed.items.len(), 1);
    let id = listed.items[0].record.id;
    let life = wanquan_app::life::get(&server.city.app, &editor, id).await.unwrap().unwrap();
    assert!(life.work.due_at.is_some(), "it has a deadline");
    let (_, _, log) = page(&server, "/takedowns").await;
    assert!(log.contains("暂无已公示的决定"));
    let decision = json!({ "outcome": "taken_down", "decision": "已删除该图片", "decided_on": "2020-02-12" });
    step(&server, &editor, id, "decide", decision).await;
    let (_, _, log) = page(&server, "/takedowns").await;
    assert!(log.contains("/gsyl/1.html") && log.contains("已删除该图片") && log.contains("已下架"));
    for personal in ["张丽华", "zhang@example.org", "本人拍摄", "Sun"] {
        assert!(!log.contains(personal), "{personal}");
    }
    // Sending the same form once more makes nothing new.
    let (status, ..) = post(&server, "/takedown", &cookie, body).await;
    assert_ne!(status.as_u16(), 303, "the answer was used");
    let listed = records::list(&server.city.app, &editor, "takedown", &query, None, 10).await.unwrap();
    assert_eq!(listed.items.len(), 1);
}

#[tokio::test]
async fn a_form_without_token_proof_or_values_changes_nothing() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let (cookie, html) = takedown_form(&server).await;
    let right = answer(&html).to_string();
    let token = encoded(&[("token", &field(&html, "token"))]);
    let body = request(&html, "/a", &right);
    assert!(body.contains(&token));
    let cases = [
        (403, "", body.clone()),
        (403, "wanquan_form=00000000000000000000000000000000", body.clone()),
        (403, &*cookie, body.replace(&token, "token=x.1.y")),
        (403, &*cookie, "%%%=\u{fffd}&&&=".into()),
        (422, &*cookie, request(&html, "/a", "")),
        (422, &*cookie, request(&html, "/a", "99")),
    ];
    for (expected, cookie, body) in cases {
        let (status, _, html) = post(&server, "/takedown", cookie, body).await;
        assert_eq!(status.as_u16(), expected, "{html}");
    }
    let (status, ..) = post(&server, "/takedown", &cookie, "a".repeat(70_000)).await;
    assert_eq!(status.as_u16(), 413);
    let system = Actor::system("test");
    let query = records::Query::default();
    let listed = records::list(&server.city.app, &system, "takedown", &query, None, 10).await.unwrap();
    assert!(listed.items.is_empty());
}

#[tokio::test]
async fn what_is_missing_is_said_beside_its_field_and_the_rest_is_kept() {
    let server = Server::new(City::at("2020-02-12T04:00:00Z").await);
    let (cookie, html) = takedown_form(&server).await;
    let body =
        request(&html, "", &answer(&html).to_string()).replace("%E6%91%84", "%3Cimg%20src%3Dx%3E%E6%91%84");
    let (status, _, html) = post(&server, "/takedown", &cookie, body).await;
    assert_eq!(status.as_u16(), 422);
    assert!(html.contains("id=\"e-subject\"") && html.contains("aria-describedby=\"e-subject\""), "{html}");
    assert!(html.contains("张丽华") && !html.contains("<img"), "what was written is kept, as text");
    assert_ne!(field(&html, "question"), "");
}
