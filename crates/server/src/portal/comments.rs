//! Comments below an article: a page of their own, so that the article stays one and the same bytes for everybody.

use super::forms::{self, NotTaken as FormRefused, Seal, Sender, see, too_large};
use super::frame::Frame;
use super::page;
use super::reader::Reader;
use super::words::Words;
use crate::api::Api;
use askama::Template;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use uuid::Uuid;
use wanquan_app::comments::{self, NewComment, Outcome};
use wanquan_app::forms::Limit;
use wanquan_domain::comment::{Comment, NAME_CHARS_MAX, NotTaken, TEXT_CHARS_MAX};

const FORM: &str = "comment";
const REPORT: &str = "comment-report";
/// Comments of one page.
const PAGE: u32 = 50;
const RATE: Limit = Limit { of: "comment", burst: 5, per_hour: 20 };
const REPORTS: Limit = Limit { of: "comment-report", burst: 10, per_hour: 30 };
/// Forms that are looked at in a second, from everybody together: beyond it they are refused before anything is read.
const EVERYBODY: Limit = Limit { of: "comment-all", burst: 40, per_hour: 72_000 };

/// What the address of the page says.
#[derive(Debug, Default, Deserialize)]
pub struct CommentsQuery {
    after: Option<Uuid>,
    reply: Option<Uuid>,
    done: Option<String>,
}

struct Shown {
    id: String,
    name: String,
    official: bool,
    at: String,
    at_iso: String,
    paragraphs: Vec<Vec<String>>,
    answers: Option<String>,
    reply: String,
}

#[derive(Template)]
#[template(path = "comments.html")]
struct Page {
    f: Frame,
    title: String,
    article: String,
    article_href: String,
    open: bool,
    comments: Vec<Shown>,
    next: Option<String>,
    seal: Seal,
    report_token: String,
    name: String,
    text: String,
    reply: String,
    reply_to: Option<String>,
    problem: Option<String>,
    done: Option<String>,
    name_max: usize,
    text_max: usize,
}

/// What somebody wrote, when it is shown again.
#[derive(Default)]
struct Written {
    name: String,
    text: String,
    reply: Option<Uuid>,
    problem: Option<String>,
    done: Option<String>,
    after: Option<Uuid>,
}

async fn drawn(
    api: &Api,
    reader: &Reader,
    sender: &Sender,
    article: Uuid,
    status: StatusCode,
    written: Written,
) -> Response {
    let w = reader.w;
    let below = match comments::read_shown(&api.app, article, written.after, PAGE).await {
        Ok(Some(below)) => below,
        Ok(None) => return page::not_found(api, reader),
        Err(error) => return page::failed(api, reader, &error),
    };
    let comments::Below { article: head, shown, next } = below;
    let path = format!("/comments/{article}");
    let name_of = |id: Uuid| shown.iter().find(|c| c.id == id).map(|c| writer(c, w));
    let seal = Seal::new(api, sender, FORM, true);
    let title = format!("{}: {}", w.t("Comments", "评论"), head.title);
    let after = written.after.map_or_else(String::new, |id| id.to_string());
    let page = Page {
        f: Frame::new(api, reader, &path, &title)
            .with_query(&[("after", &after)])
            .with_script("challenge.js")
            .unlisted(),
        title: head.title,
        article: article.to_string(),
        article_href: w.link(&head.address, &[]),
        open: head.open,
        comments: shown.iter().map(|comment| line(api, comment, &shown, &path, w)).collect(),
        next: next.map(|after| w.link(&path, &[("after", &after.to_string())])),
        report_token: seal.token_of(api, REPORT),
        seal,
        reply_to: written.reply.and_then(name_of),
        reply: written.reply.map_or_else(String::new, |id| id.to_string()),
        name: written.name,
        text: written.text,
        problem: written.problem,
        done: written.done,
        name_max: NAME_CHARS_MAX,
        text_max: TEXT_CHARS_MAX,
    };
    let response = page::private(status, &page, &page.f);
    page.seal.give(api, response)
}

fn writer(comment: &Comment, w: Words) -> String {
    match (comment.official, comment.name.is_empty()) {
        (true, _) => w.t("The editors", "编辑部").to_owned(),
        (false, true) => w.t("A reader", "读者").to_owned(),
        (false, false) => comment.name.clone(),
    }
}

fn line(api: &Api, comment: &Comment, all: &[Comment], path: &str, w: Words) -> Shown {
    let at = api.app.time_zone().to_datetime(comment.sent_at);
    let blocks = comment.text.split("\n\n").map(|block| block.lines().map(str::to_owned).collect());
    let answered = comment.parent.and_then(|id| all.iter().find(|c| c.id == id));
    Shown {
        id: comment.id.to_string(),
        name: writer(comment, w),
        official: comment.official,
        at: at.strftime("%Y-%m-%d %H:%M").to_string(),
        at_iso: comment.sent_at.to_string(),
        paragraphs: blocks.collect(),
        answers: answered.map(|answered| writer(answered, w)),
        reply: w.link(path, &[("reply", &comment.id.to_string())]),
    }
}

/// The comments of an article, with the form.
pub async fn list(
    State(api): State<Api>,
    reader: Reader,
    sender: Sender,
    article: Result<Path<Uuid>, PathRejection>,
    query: Result<Query<CommentsQuery>, QueryRejection>,
) -> Response {
    let Query(query) = query.unwrap_or_default();
    let w = reader.w;
    let Ok(Path(article)) = article else { return page::not_found(&api, &reader) };
    let done = match query.done.as_deref() {
        Some("sent") => Some(w.t(
            "Thank you. Your comment is shown once somebody has read it.",
            "感谢您的评论，审核后将会显示。",
        )),
        Some("reported") => Some(w.t("Thank you. Somebody will look at it.", "感谢举报，我们会尽快处理。")),
        _ => None,
    };
    let written = Written {
        done: done.map(str::to_owned),
        after: query.after,
        reply: query.reply,
        ..Written::default()
    };
    drawn(&api, &reader, &sender, article, StatusCode::OK, written).await
}

/// Takes a comment.
pub async fn send(
    State(api): State<Api>,
    reader: Reader,
    sender: Sender,
    article: Result<Path<Uuid>, PathRejection>,
    request: Request,
) -> Response {
    let w = reader.w;
    let Ok(Path(article)) = article else { return page::not_found(&api, &reader) };
    if !api.guard.admits(EVERYBODY, "", api.app.now()) {
        return busy(&api, &reader);
    }
    let Some(sent) = forms::body_of(request).await else { return too_large(&api, &reader) };
    let reply = sent.get("reply").parse().ok();
    let again = |problem: String| Written {
        name: sent.get("name").to_owned(),
        text: sent.get("text").to_owned(),
        reply,
        problem: Some(problem),
        ..Written::default()
    };
    let form = match forms::admit(&api, &sender, FORM, &sent, RATE, true).await {
        Ok(form) => form,
        Err(FormRefused::TooOften) => return busy(&api, &reader),
        Err(refused) => {
            let written = again(refused.text(w));
            return drawn(&api, &reader, &sender, article, refused.status(), written).await;
        }
    };
    let Ok(form) = Uuid::try_parse(&form) else { return page::not_found(&api, &reader) };
    let new = NewComment {
        article,
        parent: reply,
        name: sent.get("name").to_owned(),
        text: sent.get("text").to_owned(),
        form,
    };
    let problem = match comments::send(&api.app, new).await {
        Ok(Outcome::Waiting | Outcome::Again) => {
            return see(&w.link(&format!("/comments/{article}"), &[("done", "sent")]));
        }
        Ok(Outcome::Closed) => return page::not_found(&api, &reader),
        Ok(Outcome::TooMany) | Err(wanquan_app::Error::Busy) => return busy(&api, &reader),
        Ok(Outcome::Refused(why)) => refused_text(why, w),
        Err(error) => return page::failed(&api, &reader, &error),
    };
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    drawn(&api, &reader, &sender, article, status, again(problem.to_owned())).await
}

fn refused_text(why: NotTaken, w: Words) -> &'static str {
    let (en, zh) = match why {
        NotTaken::Empty => ("Please write something.", "请填写评论内容。"),
        NotTaken::TooLong => ("The name or the text is too long.", "名称或内容过长。"),
        NotTaken::Word => ("The comment holds words that are not taken here.", "评论含有不予刊登的词语。"),
        NotTaken::Links => ("The comment holds too many addresses of pages.", "评论中的网址过多。"),
    };
    if w.is_en() { en } else { zh }
}

/// A flood is answered with few bytes and without reading anything.
fn busy(api: &Api, reader: &Reader) -> Response {
    let w = reader.w;
    let text = w.t(
        "Too many comments are coming in. Please go back and send yours in some minutes.",
        "当前评论过多，请返回并于几分钟后再次提交。",
    );
    page::message(api, reader, StatusCode::TOO_MANY_REQUESTS, w.t("Please wait", "请稍候"), text)
}

/// Reports a comment.
pub async fn report(
    State(api): State<Api>,
    reader: Reader,
    sender: Sender,
    path: Result<Path<(Uuid, Uuid)>, PathRejection>,
    request: Request,
) -> Response {
    let w = reader.w;
    let Ok(Path((article, id))) = path else { return page::not_found(&api, &reader) };
    let Some(sent) = forms::body_of(request).await else { return too_large(&api, &reader) };
    let here = format!("/comments/{article}");
    match forms::admit(&api, &sender, REPORT, &sent, REPORTS, false).await {
        Ok(_) => {}
        Err(FormRefused::TooOften) => return busy(&api, &reader),
        Err(refused) => {
            let written = Written { problem: Some(refused.text(w)), ..Written::default() };
            return drawn(&api, &reader, &sender, article, StatusCode::FORBIDDEN, written).await;
        }
    }
    match comments::report(&api.app, id).await {
        Ok(()) => see(&w.link(&here, &[("done", "reported")])),
        Err(wanquan_app::Error::Busy) => busy(&api, &reader),
        Err(error) => page::failed(&api, &reader, &error),
    }
}
