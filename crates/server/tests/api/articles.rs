//! Articles over HTTP: written and approved by the API, read as pages, feeds and maps.

use crate::city::{CHANGZHI, City, LUZHOU};
use crate::support::Server;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use wanquan_app::{jobs, portal};

pub struct Portal {
    pub server: Server,
    pub editor: String,
    reviewer: String,
}

pub struct Answer {
    pub status: u16,
    headers: HeaderMap,
    pub body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Portal {
    pub async fn open() -> Self {
        let city = City::at("2020-02-12T04:00:00Z").await;
        portal::channels::prepare(&city.app).await.unwrap();
        let server = Server::new(city);
        let editor = server.token("Sun", &[("portal_editor", CHANGZHI)]).await;
        let reviewer = server.token("Qian", &[("portal_reviewer", CHANGZHI)]).await;
        Self { server, editor, reviewer }
    }

    pub async fn page(&self, path: &str) -> Answer {
        self.page_with(path, &[]).await
    }

    async fn page_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.server.call(request.body(Body::empty()).unwrap()).await;
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    async fn post(&self, token: &str, path: &str, body: Value) -> Value {
        let (status, body) = self.server.ask(token, Method::POST, path, Some(body)).await;
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    }

    /// Writes, submits and approves; the identifier and the address.
    pub async fn publish(&self, content: Value) -> (String, String) {
        let draft = json!({ "channel": "gsyl", "region": CHANGZHI, "content": content });
        let drafted = self.post(&self.editor, "/articles", draft).await;
        let id = drafted["summary"]["id"].as_str().unwrap().to_owned();
        self.post(&self.editor, &format!("/articles/{id}/submit"), json!({})).await;
        let done = self.post(&self.reviewer, &format!("/articles/{id}/approve"), json!({})).await;
        (id, done["summary"]["address"].as_str().unwrap().to_owned())
    }
}

pub fn content(title: &str, body: &str) -> Value {
    json!({ "title": title, "body": body, "lang": "zh", "tags": ["通知", "a&b"], "author": "记者甲" })
}

#[tokio::test]
async fn an_article_is_read_where_it_was_published_and_its_parts_are_there() {
    let portal = Portal::open().await;
    let (id, address) = portal.publish(content("复工复产通知", "正文 **重点**。")).await;
    assert_eq!(address, "/gsyl/changzhi/1.html");
    let page = portal.page(&address).await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    for part in [
        "<h1>复工复产通知</h1>",
        "<p>正文 <strong>重点</strong>。</p>",
        "<link rel=\"canonical\" href=\"/gsyl/changzhi/1.html\">",
        "property=\"og:title\" content=\"复工复产通知\"",
        "\"@type\":\"NewsArticle\"",
        "href=\"/tags/a%26b/\"",
        "转载请注明来源与本页地址。",
        "2020年2月12日 12:00",
        "记者甲",
    ] {
        assert!(page.body.contains(part), "{part} in {}", page.body);
    }
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    assert!(!page.header("content-security-policy").contains("unsafe"));
    let english = portal.page("/gsyl/changzhi/1.html?lang=en").await;
    assert!(english.body.contains("Permanent address") && english.body.contains("lang=\"zh-CN\""));
    for path in
        ["/", "/gsyl/", "/gsyl/changzhi/", "/tags/%E9%80%9A%E7%9F%A5/", "/tags/a%26b/", "/archive/2020/02/"]
    {
        let list = portal.page(path).await;
        assert_eq!(list.status, 200, "{path}");
        assert!(list.body.contains("href=\"/gsyl/changzhi/1.html\""), "{path}");
    }
    for path in ["/tags/", "/archive/", "/bianmin/"] {
        assert_eq!(portal.page(path).await.status, 200, "{path}");
    }
    let (_, read) = portal.server.get(&portal.editor, &format!("/articles/{id}")).await;
    assert_eq!(read["summary"]["actions"]["approve"], false);
    assert_eq!(read["versions"][0]["n"], 1);
    // Every answer counted, the ones from memory as well.
    portal.page(&address).await;
    wanquan_app::portal::keep_views(&portal.server.city.app).await.unwrap();
    let (_, read) = portal.server.get(&portal.editor, &format!("/articles/{id}")).await;
    assert_eq!(read["views"], 3);
}

#[tokio::test]
async fn steps_that_are_not_allowed_are_refused_with_their_codes() {
    let portal = Portal::open().await;
    let draft = json!({ "channel": "gsyl", "region": CHANGZHI, "content": content("题", "文") });
    let drafted = portal.post(&portal.reviewer, "/articles", draft.clone()).await;
    let id = drafted["summary"]["id"].as_str().unwrap();
    portal.post(&portal.reviewer, &format!("/articles/{id}/submit"), json!({})).await;
    let ask = async |token: &str, path: &str, body: Value| {
        let (status, body) = portal.server.ask(token, Method::POST, path, Some(body)).await;
        (status.as_u16(), body["code"].as_str().unwrap_or_default().to_owned())
    };
    let approve = format!("/articles/{id}/approve");
    assert_eq!(ask(&portal.reviewer, &approve, json!({})).await, (409, "own_work".into()));
    let (_, read) = portal.server.get(&portal.reviewer, &format!("/articles/{id}")).await;
    assert_eq!(read["summary"]["actions"]["approve_blocked"], "own_work");
    assert_eq!(ask(&portal.editor, &approve, json!({})).await, (403, "forbidden".into()));
    assert_eq!(ask("", &approve, json!({})).await, (401, "not_signed_in".into()));
    assert_eq!(ask(&portal.editor, "/articles", json!({})).await.0, 422);
    let county = portal.server.token("Li", &[("portal_editor", LUZHOU)]).await;
    assert_eq!(ask(&county, "/articles", draft).await, (403, "forbidden".into()));
    let bad = json!({ "channel": "gsyl", "region": CHANGZHI, "content": { "title": "", "lang": "zh" } });
    assert_eq!(ask(&portal.editor, "/articles", bad).await, (422, "bad_input".into()));
    let submit = format!("/articles/{id}/submit");
    assert_eq!(ask(&portal.editor, &submit, json!({})).await, (409, "wrong_status".into()));
    let withdraw = format!("/articles/{id}/withdraw");
    assert_eq!(ask(&portal.reviewer, &withdraw, json!({ "text": "x" })).await, (409, "not_public".into()));
    let body = json!({ "version": 99, "content": content("题", "文") });
    let (status, _) =
        portal.server.ask(&portal.editor, Method::PUT, &format!("/articles/{id}"), Some(body)).await;
    assert_eq!(status.as_u16(), 409);
    assert_eq!(
        portal.server.refusal(&portal.editor, "/articles?status=odd").await,
        (422, "bad_input".into())
    );
}

#[tokio::test]
async fn former_addresses_lead_on_and_withdrawn_ones_say_so() {
    let portal = Portal::open().await;
    let (id, address) = portal.publish(content("题", "文")).await;
    let to = json!({ "channel": "tongbao", "region": LUZHOU });
    portal.post(&portal.reviewer, &format!("/articles/{id}/move"), to).await;
    let moved = portal.page(&format!("{address}?lang=en")).await;
    assert_eq!((moved.status, moved.header("location")), (301, "/yqfk/tongbao/luzhou/1.html?lang=en"));
    let body = json!({ "slug": "fk", "title": { "en": "Control", "zh": "防控" }, "position": 10 });
    let (status, _) = portal.server.ask(&portal.editor, Method::PUT, "/channels/yqfk", Some(body)).await;
    assert_eq!(status.as_u16(), 200);
    jobs::run_due(&portal.server.city.app).await.unwrap();
    for former in [address.as_str(), "/yqfk/tongbao/luzhou/1.html"] {
        let moved = portal.page(former).await;
        assert_eq!((moved.status, moved.header("location")), (301, "/fk/tongbao/luzhou/1.html"), "{former}");
    }
    assert_eq!(portal.page("/yqfk/tongbao/").await.header("location"), "/fk/tongbao/");
    assert_eq!(portal.page("/fk/tongbao").await.header("location"), "/fk/tongbao/");
    portal
        .post(&portal.reviewer, &format!("/articles/{id}/withdraw"), json!({ "text": "数字有误 <b>" }))
        .await;
    let gone = portal.page("/fk/tongbao/luzhou/1.html").await;
    assert_eq!(gone.status, 410);
    assert!(
        gone.body.contains("本文已撤回")
            && gone.body.contains("数字有误 &#60;b&#62;")
            && gone.body.contains("noindex"),
        "{}",
        gone.body
    );
    let unknown = portal.page("/no/such/page.html").await;
    assert_eq!(unknown.status, 404);
    assert!(unknown.body.contains("页面不存在"));
    for odd in [
        "/%ff%fe",
        "/%00",
        "/../../etc/passwd",
        "/gsyl/changzhi/1.html%0d%0aX:%20y",
        "/gsyl//",
        "//evil.example/",
    ] {
        let answer = portal.page(odd).await;
        assert!(matches!(answer.status, 301 | 400 | 404), "{odd}: {}", answer.status);
        assert!(!answer.header("location").starts_with("//"), "{odd}");
    }
    let response = portal.server.call(Request::post("/gsyl/").body(Body::empty()).unwrap()).await;
    assert_eq!(response.status().as_u16(), 405);
}

#[tokio::test]
async fn a_page_is_kept_until_something_public_changes_and_no_longer() {
    let portal = Portal::open().await;
    let (id, address) = portal.publish(content("题", "第一版 ".repeat(200).as_str())).await;
    let first = portal.page(&address).await;
    let tag = first.header("etag").to_owned();
    let again = portal.page_with(&address, &[("if-none-match", &tag)]).await;
    assert_eq!((again.status, again.body.as_str(), again.header("etag")), (304, "", tag.as_str()));
    let packed = portal.page_with(&address, &[("accept-encoding", "gzip, br")]).await;
    assert_eq!((packed.header("content-encoding"), packed.header("vary")), ("br", "accept-encoding, cookie"));
    assert_ne!(packed.header("etag"), tag);
    let body = json!({ "content": content("题", "第二版") });
    portal.server.ask(&portal.editor, Method::PUT, &format!("/articles/{id}"), Some(body)).await;
    portal.post(&portal.editor, &format!("/articles/{id}/submit"), json!({ "correction": "有误" })).await;
    assert_eq!(portal.page_with(&address, &[("if-none-match", &tag)]).await.status, 304, "not yet approved");
    portal.post(&portal.reviewer, &format!("/articles/{id}/approve"), json!({})).await;
    let after = portal.page_with(&address, &[("if-none-match", &tag)]).await;
    assert_eq!(after.status, 200);
    assert!(
        after.body.contains("第二版") && after.body.contains("更正说明") && after.body.contains("?version=1")
    );
    let former = portal.page(&format!("{address}?version=1")).await;
    assert!(former.body.contains("第一版") && former.body.contains("noindex"));
}

#[tokio::test]
async fn a_reader_chooses_the_look_without_script() {
    let portal = Portal::open().await;
    portal.publish(content("题", "文")).await;
    let plain = portal.page("/").await;
    assert!(
        plain.body.contains("class=\"\"") && plain.body.contains("/preferences?view=d1&amp;back=%2F")
            || plain.body.contains("/preferences?view=d1&#38;back=%2F"),
        "{}",
        plain.body
    );
    let chosen = portal.page("/preferences?view=d2&back=%2Fgsyl%2F%3Flang%3Den").await;
    assert_eq!((chosen.status, chosen.header("location")), (303, "/gsyl/?lang=en"));
    assert!(chosen.header("set-cookie").starts_with("wanquan_view=d2; Path=/;"));
    let dark = portal.page_with("/", &[("cookie", "wanquan_view=d2")]).await;
    assert!(dark.body.contains("class=\"dark large\""));
    assert!(portal.page("/").await.body.contains("class=\"\""), "others see what they chose");
    let led = portal.page("/preferences?view=zz&back=https%3A%2F%2Fevil.example").await;
    assert_eq!((led.header("location"), led.header("set-cookie")), ("/", ""));
}

#[tokio::test]
async fn feeds_and_maps_can_be_read_by_other_programs() {
    let portal = Portal::open().await;
    let (_, address) = portal.publish(content("题 <&> \"二\"", "正文 & <b>x</b> ]]>")).await;
    for (path, kind) in [
        ("/feed.atom", "application/atom+xml; charset=utf-8"),
        ("/feed.rss", "application/rss+xml; charset=utf-8"),
        ("/feeds/gsyl.atom", "application/atom+xml; charset=utf-8"),
        ("/sitemap.xml", "application/xml; charset=utf-8"),
        ("/sitemap-0.xml", "application/xml; charset=utf-8"),
        ("/sitemap-channels.xml", "application/xml; charset=utf-8"),
    ] {
        let feed = portal.page(path).await;
        assert_eq!((feed.status, feed.header("content-type")), (200, kind), "{path}");
        let texts = xml_texts(&feed.body);
        if path.contains("feed") {
            assert!(texts.iter().any(|text| text == "题 <&> \"二\""), "{path}: {texts:?}");
        }
        let found = feed.body.contains(&format!("http://127.0.0.1:0{address}"));
        assert_eq!(found, !matches!(path, "/sitemap.xml" | "/sitemap-channels.xml"), "{path}");
    }
    let feed = portal.page("/feed.json").await;
    let json: Value = serde_json::from_str(&feed.body).unwrap();
    assert_eq!(json["version"], "https://jsonfeed.org/version/1.1");
    assert_eq!(json["items"][0]["title"], "题 <&> \"二\"");
    assert_eq!(json["items"][0]["tags"], json!(["通知", "a&b"]));
    for path in [
        "/sitemap-1.xml",
        "/sitemap-x.xml",
        "/feeds/none.atom",
        "/feeds/gsyl.exe",
        "/archive/1999/01/",
        "/tags/x/",
    ] {
        assert_eq!(portal.page(path).await.status, 404, "{path}");
    }
    let robots = portal.page("/robots.txt").await;
    assert!(robots.body.contains("Sitemap: http://127.0.0.1:0/sitemap.xml"));
}

/// The texts of an XML document; fails where it is not well formed.
fn xml_texts(xml: &str) -> Vec<String> {
    let mut reader = quick_xml::Reader::from_str(xml);
    reader.config_mut().check_end_names = true;
    let (mut texts, mut current) = (Vec::new(), String::new());
    loop {
        match reader.read_event().unwrap_or_else(|e| panic!("{e}: {xml}")) {
            quick_xml::events::Event::Eof => return texts,
            quick_xml::events::Event::Text(text) => current.push_str(&text.xml10_content()),
            quick_xml::events::Event::GeneralRef(name) => {
                current.push_str(match name.xml10_content().as_ref() {
                    "amp" => "&",
                    "lt" => "<",
                    "gt" => ">",
                    "quot" => "\"",
                    other => panic!("{other}"),
                });
            }
            quick_xml::events::Event::Start(_) | quick_xml::events::Event::End(_) => {
                texts.push(std::mem::take(&mut current));
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn hostile_articles_stay_text() {
    let portal = Portal::open().await;
    let hostile = "</script><script>alert(1)</script>\"><img src=x onerror=alert(1)>";
    let (_, address) = portal
        .publish(json!({
            "title": hostile, "subtitle": hostile, "author": hostile, "source": hostile, "place": hostile,
            "tags": ["</title><script>", "../../x"], "summary": hostile, "body": hostile, "lang": "en",
        }))
        .await;
    for path in [address.as_str(), "/", "/gsyl/", "/tags/", "/feed.atom", "/feed.rss", "/archive/2020/02/"] {
        let page = portal.page(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(
            !page.body.contains("<script>") && !page.body.contains("<img src=x"),
            "{path}: {}",
            page.body
        );
        assert_eq!(page.body.matches("</script>").count(), usize::from(path == address), "{path}");
    }
    let page = portal.page(&address).await;
    let data = page.body.split("<script type=\"application/ld+json\">").nth(1).unwrap();
    let data: Value = serde_json::from_str(data.split("</script>").next().unwrap()).unwrap();
    assert_eq!(data["headline"], hostile);
}

#[tokio::test]
async fn files_are_uploaded_shown_and_downloaded() {
    let portal = Portal::open().await;
    let upload = async |name: &str, bytes: Vec<u8>| {
        let request = Request::post(format!("/api/v1/portal-files?name={name}"))
            .header("authorization", format!("Bearer {}", portal.editor))
            .body(Body::from(bytes));
        let response = portal.server.call(request.unwrap()).await;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice::<Value>(&bytes).unwrap_or_default())
    };
    let (status, stored) = upload("report.pdf", b"%PDF-1.4 x".to_vec()).await;
    assert_eq!(status, 201);
    assert_eq!(upload("x.html", b"<script>alert(1)</script>".to_vec()).await.0, 422);
    assert_eq!(upload("x.svg", b"<svg onload=alert(1)>".to_vec()).await.0, 422);
    assert_eq!(upload("x.pdf", vec![b'%'; 20_000_001]).await.0, 422);
    let address = stored["address"].as_str().unwrap();
    assert_eq!(portal.page(address).await.status, 404, "nothing public uses it");
    let mut with = content("题", "文");
    with["attachments"] = json!([{ "file": stored["digest"], "name": "报告.pdf" }]);
    portal.publish(with).await;
    let file = portal.page(address).await;
    assert_eq!((file.status, file.header("content-type")), (200, "application/pdf"));
    assert!(file.header("content-disposition").starts_with("attachment; filename=\"report.pdf\""));
    assert_eq!(file.header("x-content-type-options"), "nosniff");
    assert!(file.header("content-security-policy").contains("sandbox"));
    for odd in ["/files/x", "/files/..%2f..%2fetc", "/files/"] {
        assert!(matches!(portal.page(odd).await.status, 404 | 400), "{odd}");
    }
}

#[tokio::test]
async fn search_finds_what_is_public_and_marks_what_was_asked() {
    let portal = Portal::open().await;
    let (id, address) = portal.publish(content("复工复产通知", "企业复工请提前报备。<b>x</b>")).await;
    let asked = "/search?q=%E6%8A%A5%E5%A4%87";
    assert!(portal.page(asked).await.body.contains("未找到相关内容"), "the index follows by itself, later");
    wanquan_app::portal::search::follow(&portal.server.city.app).await.unwrap();
    let found = portal.page(asked).await;
    assert!(
        found.body.contains("<mark>报备</mark>") && found.body.contains(&format!("href=\"{address}\"")),
        "{}",
        found.body
    );
    let english = portal.page(&format!("{asked}&lang=en")).await;
    assert!(
        english.body.contains("Results: 1") && english.body.contains(&format!("href=\"{address}?lang=en\""))
    );
    let to = json!({ "channel": "bianmin", "region": LUZHOU });
    portal.post(&portal.reviewer, &format!("/articles/{id}/move"), to).await;
    wanquan_app::portal::search::follow(&portal.server.city.app).await.unwrap();
    assert!(portal.page(asked).await.body.contains("href=\"/bianmin/luzhou/1.html\""));
    portal.post(&portal.reviewer, &format!("/articles/{id}/withdraw"), json!({ "text": "x" })).await;
    wanquan_app::portal::search::follow(&portal.server.city.app).await.unwrap();
    assert!(portal.page(asked).await.body.contains("未找到相关内容"));
    for hostile in [
        "%3Cscript%3Ealert(1)%3C/script%3E",
        "%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E",
        "%ff",
        "%E2%80%AE",
        "",
    ] {
        let page = portal.page(&format!("/search?q={hostile}&page=99999")).await;
        assert_eq!(page.status, 200, "{hostile}");
        assert!(!page.body.contains("<script") && !page.body.contains("<img"), "{hostile}");
    }
}
