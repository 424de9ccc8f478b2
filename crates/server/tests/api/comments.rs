//! Comments: sent with proof by whoever reads, shown once a person has approved, counted on lists.

use crate::city::{CHANGZHI, City};
use crate::services::{answer, cookie, encoded, field, page, post};
use crate::support::Server;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use wanquan_app::portal;

struct Portal {
    server: Server,
    editor: String,
    reviewer: String,
}

impl Portal {
    async fn open() -> Self {
        let city = City::at("2020-02-12T04:00:00Z").await;
        portal::channels::prepare(&city.app).await.unwrap();
        let server = Server::new(city);
        let editor = server.token("Sun", &[("portal_editor", CHANGZHI)]).await;
        let reviewer = server.token("Qian", &[("portal_reviewer", CHANGZHI)]).await;
        Self { server, editor, reviewer }
    }

    async fn ask(&self, token: &str, method: Method, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.server.ask(token, method, path, body).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    /// Publishes an article; its identifier and address.
    async fn publish(&self, open: bool) -> (String, String) {
        let content = json!({ "title": "通知", "body": "正文", "lang": "zh", "comments_open": open });
        let draft = json!({ "channel": "gsyl", "region": CHANGZHI, "content": content });
        let drafted = self.ask(&self.editor, Method::POST, "/articles", Some(draft)).await;
        let id = drafted["summary"]["id"].as_str().unwrap().to_owned();
        self.ask(&self.editor, Method::POST, &format!("/articles/{id}/submit"), Some(json!({}))).await;
        let path = format!("/articles/{id}/approve");
        let done = self.ask(&self.reviewer, Method::POST, &path, Some(json!({}))).await;
        (id, done["summary"]["address"].as_str().unwrap().to_owned())
    }

    async fn comment(&self, article: &str, name: &str, text: &str) -> (u16, String, String) {
        self.comment_on(article, name, text, "").await
    }

    async fn comment_on(&self, article: &str, name: &str, text: &str, reply: &str) -> (u16, String, String) {
        let path = format!("/comments/{article}");
        let (_, headers, html) = page(&self.server, &path).await;
        let cookie = cookie(&headers);
        let body = encoded(&[
            ("token", &last_token(&html)),
            ("question", &field(&html, "question")),
            ("answer", &answer(&html).to_string()),
            ("name", name),
            ("text", text),
            ("reply", reply),
        ]);
        let (status, headers, html) = post(&self.server, &path, &cookie, body).await;
        let location = headers.get("location").map(|to| to.to_str().unwrap().to_owned());
        (status.as_u16(), location.unwrap_or_default(), html)
    }

    async fn queue(&self, queue: &str) -> Vec<Value> {
        let path = format!("/comments?queue={queue}");
        let list = self.ask(&self.reviewer, Method::GET, &path, None).await;
        list["items"].as_array().unwrap().clone()
    }

    async fn decide(&self, comment: &Value, body: Value) -> Value {
        let path = format!("/comments/{}/decide", comment["id"].as_str().unwrap());
        self.ask(&self.reviewer, Method::POST, &path, Some(body)).await
    }
}

/// The token of the form at the end of the page; those before it belong to other forms.
fn last_token(html: &str) -> String {
    let from = html.rsplit("name=\"token\" value=\"").next().unwrap();
    from.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_comment_is_shown_and_counted_once_somebody_has_read_it() {
    let portal = Portal::open().await;
    let (article, address) = portal.publish(true).await;
    let here = format!("/comments/{article}");
    let (_, _, html) = page(&portal.server, &address).await;
    assert!(html.contains(&format!("href=\"{here}\"")) && html.contains("评论 0"), "{html}");
    let hostile = "<script>alert(1)</script> <img src=x onerror=alert(1)>\njavascript:alert(1)";
    let (status, location, html) = portal.comment(&article, "\u{202e}读者甲", hostile).await;
    assert_eq!((status, location.as_str()), (303, &*format!("{here}?done=sent")), "{html}");
    let (_, _, html) = page(&portal.server, &here).await;
    assert!(html.contains("暂无评论"), "it waits");

    let waiting = portal.queue("waiting").await;
    assert_eq!((waiting.len(), &waiting[0]["name"]), (1, &json!("读者甲")));
    portal.decide(&waiting[0], json!({ "decision": "show", "version": 1 })).await;
    let (_, headers, html) = page(&portal.server, &here).await;
    assert!(html.contains("读者甲") && html.contains("&#60;script&#62;"), "{html}");
    assert!(!html.contains("<script>alert") && !html.contains("<img") && !html.contains("href=\"javascript"));
    let policy = headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"));
    for path in ["/gsyl/", "/", &address] {
        let (_, _, html) = page(&portal.server, path).await;
        assert!(html.contains("评论 1"), "{path}");
    }

    let path = format!("/comments/{}/reply", waiting[0]["id"].as_str().unwrap());
    portal.ask(&portal.reviewer, Method::POST, &path, Some(json!({ "text": "谢谢" }))).await;
    let (_, _, html) = page(&portal.server, &here).await;
    assert!(html.contains("官方回复") && html.contains("谢谢") && !html.contains("Qian"));
    let shown = portal.queue("shown").await;
    let first = shown.iter().find(|c| c["official"] == false).unwrap();
    portal.decide(first, json!({ "decision": "hide", "reason": "spam" })).await;
    let (_, _, html) = page(&portal.server, "/gsyl/").await;
    assert!(html.contains("评论 1"), "the answer is still there");
    let (_, _, html) = page(&portal.server, &here).await;
    assert!(!html.contains("读者甲"));
    assert_eq!(portal.queue("hidden").await[0]["reason"], "spam");
}

#[tokio::test]
async fn what_breaks_a_rule_is_not_taken_and_says_why() {
    let portal = Portal::open().await;
    let (article, _) = portal.publish(true).await;
    let rules = json!({ "refused_words": ["代开发票"], "doubtful_words": ["封城"], "links_max": 0 });
    portal.ask(&portal.reviewer, Method::PUT, "/comments/rules", Some(rules)).await;
    for (text, why) in [
        ("", "请填写评论内容"),
        ("代 开 发 票", "不予刊登的词语"),
        ("see https://spam.example", "网址过多"),
        (&"长".repeat(1_001), "过长"),
    ] {
        let (status, _, html) = portal.comment(&article, "甲", text).await;
        assert_eq!(status, 422, "{html}");
        assert!(html.contains(why), "{why}: {html}");
    }
    assert!(portal.queue("waiting").await.is_empty());
    // The network has used up what it may send at once.
    let (status, ..) = portal.comment(&article, "甲", "要封城吗").await;
    assert_eq!(status, 303);
    assert_eq!(portal.queue("waiting").await[0]["doubt"], "封城");
    let (status, ..) = portal.comment(&article, "甲", "one too many").await;
    assert_eq!(status, 429);
}

#[tokio::test]
async fn a_closed_or_unknown_article_takes_nothing_and_neither_does_a_form_without_token() {
    let portal = Portal::open().await;
    let (closed, address) = portal.publish(false).await;
    let (_, _, html) = page(&portal.server, &address).await;
    assert!(!html.contains("/comments/"), "nothing leads there");
    let (status, _, html) = page(&portal.server, &format!("/comments/{closed}")).await;
    assert!(status == StatusCode::OK && html.contains("本文已关闭评论"));
    let unknown = "0170ab00-0000-7000-8000-000000000000";
    assert_eq!(page(&portal.server, &format!("/comments/{unknown}")).await.0, StatusCode::NOT_FOUND);
    assert_eq!(page(&portal.server, "/comments/x").await.0, StatusCode::NOT_FOUND);
    let (open, _) = portal.publish(true).await;
    let (_, headers, html) = page(&portal.server, &format!("/comments/{open}")).await;
    let cookie = cookie(&headers);
    let good = [
        ("token", last_token(&html)),
        ("question", field(&html, "question")),
        ("answer", answer(&html).to_string()),
        ("text", "hello".to_owned()),
    ];
    let send = |article: String, cookie: String, change: Option<(&'static str, &'static str)>| {
        let pairs: Vec<(&str, String)> = good
            .iter()
            .map(|(k, v)| {
                let changed = change.filter(|(name, _)| name == k);
                (*k, changed.map_or_else(|| v.clone(), |(_, value)| value.to_owned()))
            })
            .collect();
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let body = encoded(&pairs);
        let server = &portal.server;
        async move { post(server, &format!("/comments/{article}"), &cookie, body).await.0.as_u16() }
    };
    assert_eq!(send(open.clone(), String::new(), None).await, 403);
    assert_eq!(send(open.clone(), cookie.clone(), Some(("token", "a.1.b"))).await, 403);
    assert_eq!(send(open.clone(), cookie.clone(), Some(("answer", ""))).await, 422);
    assert_eq!(send(closed, cookie.clone(), None).await, 404);
    assert!(portal.queue("waiting").await.is_empty());
    // Only whoever may publish moderates.
    let clerk = portal.server.token("Li", &[("data_clerk", CHANGZHI)]).await;
    assert_eq!(portal.server.refusal(&clerk, "/comments").await, (403, "forbidden".to_owned()));
}

#[tokio::test]
async fn an_answer_stands_below_its_comment_and_a_reported_one_is_looked_at_again() {
    let portal = Portal::open().await;
    let (article, _) = portal.publish(true).await;
    let here = format!("/comments/{article}");
    portal.comment(&article, "甲", "first").await;
    let first = portal.queue("waiting").await.remove(0);
    let id = first["id"].as_str().unwrap().to_owned();
    // What waits can be neither answered nor reported.
    let (status, ..) = portal.comment_on(&article, "乙", "answer", &id).await;
    assert_eq!(status, 404);
    portal.decide(&first, json!({ "decision": "show" })).await;
    let (status, ..) = portal.comment_on(&article, "乙", "answer", &id).await;
    assert_eq!(status, 303);
    let second = portal.queue("waiting").await.remove(0);
    assert_eq!(second["parent"].as_str(), Some(id.as_str()));
    portal.decide(&second, json!({ "decision": "show" })).await;
    let (_, headers, html) = page(&portal.server, &here).await;
    assert!(html.contains("→ <bdi>甲</bdi>"), "{html}");

    let token = field(&html, "token");
    let path = format!("{here}/{id}/report");
    let cookie = cookie(&headers);
    let (status, ..) = post(&portal.server, &path, &cookie, encoded(&[("token", "x.1.y")])).await;
    assert_eq!(status.as_u16(), 403);
    let (status, ..) = post(&portal.server, &path, &cookie, encoded(&[("token", &token)])).await;
    assert_eq!(status.as_u16(), 303);
    let reported = portal.queue("reported").await;
    assert_eq!((reported.len(), &reported[0]["reports"]), (1, &json!(1)));
    portal.decide(&reported[0], json!({ "decision": "show" })).await;
    assert!(portal.queue("reported").await.is_empty(), "it was looked at");
}

#[tokio::test]
async fn a_flood_from_one_network_is_refused_before_anything_is_written() {
    let portal = Portal::open().await;
    let (article, _) = portal.publish(true).await;
    let path = format!("/comments/{article}");
    let mut answers = std::collections::BTreeMap::new();
    for n in 0..60 {
        let body = encoded(&[("token", "x.1.y"), ("text", &format!("flood {n}"))]);
        let (status, ..) = post(&portal.server, &path, "", body).await;
        *answers.entry(status.as_u16()).or_insert(0) += 1;
    }
    // Forty are looked at; the clock stands still, so that no more are admitted.
    assert_eq!(answers.into_iter().collect::<Vec<_>>(), [(403, 40), (429, 20)]);
    assert!(portal.queue("waiting").await.is_empty());
    assert_eq!(page(&portal.server, &path).await.0, StatusCode::OK);
}
