//! The portal: two persons for every article, addresses that never break, lists that show what was approved.
#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

mod city;

use city::{CHANGZHI, City, LUZHOU, SHANXI};
use jiff::{SignedDuration, Timestamp};
use std::sync::atomic::Ordering;
use uuid::Uuid;
use wanquan_app::comments::{self, Decision, NewComment, Outcome};
use wanquan_app::portal::channels::{Arrangement, create_channel, list_channels, prepare, update_channel};
use wanquan_app::portal::edit::{
    Manuscript, Query, create_article, list_articles, move_article, read_article, submit_article,
    update_article,
};
use wanquan_app::portal::exchange::{
    Placing, TakenComments, export_articles, export_channels, export_comments, import_articles,
    parse_markdown, parse_wxr, restore_articles, restore_channels, restore_comments, take_media,
};
use wanquan_app::portal::files::{read_public_file, store_file};
use wanquan_app::portal::read::{ArticlePage, Listed, Page, read_front, read_list, read_months, read_page};
use wanquan_app::portal::review::{approve_article, return_article, withdraw_article};
use wanquan_app::portal::{keep_views, look_for_changes};
use wanquan_app::{Error, jobs};
use wanquan_domain::actor::{Actor, ActorKind, Grant};
use wanquan_domain::article::{Article, ArticleContent, ArticleStatus, Attachment};
use wanquan_domain::comment::{Comment, CommentStatus};
use wanquan_domain::record::new_uuid;
use wanquan_domain::region::RegionCode;
use wanquan_domain::text::{Lang, Text};

fn somebody(n: u128, role: &str, region: &str) -> Actor {
    let grant = Grant { role: role.into(), region: RegionCode::new(region) };
    Actor {
        id: Uuid::from_u128(n),
        name: format!("{role} {n}"),
        kind: ActorKind::Person,
        grants: vec![grant],
    }
}

fn writer() -> Actor {
    somebody(1, "portal_editor", CHANGZHI)
}

fn reviewer() -> Actor {
    somebody(2, "portal_reviewer", CHANGZHI)
}

fn manuscript(channel: &str, region: &str, title: &str) -> Manuscript {
    let mut content = ArticleContent::new(title, &format!("{title}的正文。\n\n第二段。"), Lang::Zh);
    content.tags = vec!["通知".into()];
    Manuscript { channel: channel.into(), region: RegionCode::new(region), content }
}

async fn city() -> City {
    let city = City::at("2020-02-12T04:00:00Z").await;
    prepare(&city.app).await.unwrap();
    city
}

async fn drafted(city: &City, channel: &str, region: &str, title: &str) -> Article {
    create_article(&city.app, &writer(), manuscript(channel, region, title)).await.unwrap()
}

async fn published(city: &City, channel: &str, region: &str, title: &str) -> Article {
    let draft = drafted(city, channel, region, title).await;
    submit_article(&city.app, &writer(), draft.id, Some(1), "").await.unwrap();
    approve_article(&city.app, &reviewer(), draft.id, None, None).await.unwrap()
}

async fn page(city: &City, path: &str) -> Page {
    read_page(&city.app, path, 1, None).await.unwrap()
}

async fn article_at(city: &City, path: &str) -> ArticlePage {
    match page(city, path).await {
        Page::Article(page) => *page,
        other => panic!("{path}: {other:?}"),
    }
}

fn code(error: Error) -> &'static str {
    match error {
        Error::Refused { code, .. } => code,
        Error::Forbidden { .. } => "forbidden",
        Error::Conflict { .. } => "conflict",
        Error::BadInput { field, .. } => field,
        Error::NotFound { what, .. } => what,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_article_is_public_once_somebody_else_approved_it() {
    let city = city().await;
    let draft = drafted(&city, "gsyl", CHANGZHI, "复工通知").await;
    let before = city.app.portal_generation();
    assert!(matches!(page(&city, "/gsyl/changzhi/1.html").await, Page::Unknown));
    let refused = approve_article(&city.app, &reviewer(), draft.id, None, None).await.unwrap_err();
    assert_eq!(code(refused), "wrong_status");
    let waiting = submit_article(&city.app, &writer(), draft.id, Some(1), "").await.unwrap();
    // An editor has no right to approve; a reviewer who had written it would have none for this one.
    assert_eq!(
        code(approve_article(&city.app, &writer(), draft.id, None, None).await.unwrap_err()),
        "forbidden"
    );
    let mut both = writer();
    both.grants.extend(reviewer().grants);
    assert_eq!(code(approve_article(&city.app, &both, draft.id, None, None).await.unwrap_err()), "own_work");
    let elsewhere = somebody(3, "portal_reviewer", SHANXI.replace("14", "11").as_str());
    assert_eq!(
        code(approve_article(&city.app, &elsewhere, draft.id, None, None).await.unwrap_err()),
        "forbidden"
    );
    assert_eq!(city.app.portal_generation(), before, "nothing public has changed");

    let done = approve_article(&city.app, &reviewer(), draft.id, Some(waiting.version), None).await.unwrap();
    assert_eq!(
        (done.status, done.address.as_deref()),
        (ArticleStatus::Published, Some("/gsyl/changzhi/1.html"))
    );
    assert!(city.app.portal_generation() > before);
    let shown = article_at(&city, "/gsyl/changzhi/1.html").await;
    assert!(shown.version.html.contains("<p>复工通知的正文。</p>"));
    assert_eq!(shown.version.summary, "复工通知的正文。 第二段。");
    let front = read_front(&city.app).await.unwrap();
    assert_eq!((front.latest.len(), front.channels.len(), front.tags[0].0.as_str()), (1, 1, "通知"));
}

#[tokio::test]
async fn a_correction_is_noted_and_the_former_version_kept() {
    let city = city().await;
    let first = published(&city, "gsyl", CHANGZHI, "通知").await;
    let path = first.address.clone().unwrap();
    city.clock.set(city.app.now() + SignedDuration::from_hours(3));
    let better = ArticleContent::new("通知", "更正后的正文", Lang::Zh);
    let edited = update_article(&city.app, &writer(), first.id, Some(first.version), better).await.unwrap();
    let stale =
        update_article(&city.app, &writer(), first.id, Some(first.version), edited.content.clone()).await;
    assert_eq!(code(stale.unwrap_err()), "conflict");
    assert!(
        article_at(&city, &path).await.version.html.contains("通知的正文"),
        "readers see what was approved"
    );
    let without = submit_article(&city.app, &writer(), first.id, None, " ").await.unwrap_err();
    assert_eq!(code(without), "note_needed");
    submit_article(&city.app, &writer(), first.id, None, "原文日期有误").await.unwrap();
    let returned = return_article(&city.app, &reviewer(), first.id, None, "请注明来源").await.unwrap();
    assert_eq!((returned.status, returned.remark.as_deref()), (ArticleStatus::Draft, Some("请注明来源")));
    submit_article(&city.app, &writer(), first.id, None, "原文日期有误").await.unwrap();
    approve_article(&city.app, &reviewer(), first.id, None, None).await.unwrap();
    let shown = article_at(&city, &path).await;
    assert!(shown.version.html.contains("更正后的正文"));
    assert_eq!(shown.corrections.len(), 1);
    assert_eq!((shown.corrections[0].n, shown.corrections[0].note.as_str()), (2, "原文日期有误"));
    assert_eq!(shown.published_at, first.published_at.unwrap(), "a correction is no new article");
    let Page::Article(former) = read_page(&city.app, &path, 1, Some(1)).await.unwrap() else { panic!() };
    assert!(former.is_former && former.version.html.contains("通知的正文"));
    assert!(matches!(read_page(&city.app, &path, 1, Some(7)).await.unwrap(), Page::Unknown));
    assert_eq!(read_article(&city.app, &writer(), first.id).await.unwrap().versions.len(), 2);
}

#[tokio::test]
async fn a_scheduled_article_appears_at_its_time() {
    let city = city().await;
    let draft = drafted(&city, "gsyl", CHANGZHI, "明日通知").await;
    submit_article(&city.app, &writer(), draft.id, None, "").await.unwrap();
    let at: Timestamp = city.app.now() + SignedDuration::from_hours(20);
    let scheduled = approve_article(&city.app, &reviewer(), draft.id, None, Some(at)).await.unwrap();
    assert_eq!((scheduled.status, scheduled.address), (ArticleStatus::Scheduled, None));
    jobs::run_due(&city.app).await.unwrap();
    assert!(read_front(&city.app).await.unwrap().latest.is_empty());
    city.clock.set(at);
    jobs::run_due(&city.app).await.unwrap();
    let shown = article_at(&city, "/gsyl/changzhi/1.html").await;
    assert_eq!(shown.published_at, at);
}

#[tokio::test]
async fn a_moved_article_and_a_renamed_channel_answer_at_every_former_address() {
    let city = city().await;
    let article = published(&city, "gsyl", CHANGZHI, "通知").await;
    let first = article.address.clone().unwrap();
    let refused = move_article(&city.app, &writer(), article.id, None, "tongbao", &RegionCode::new(LUZHOU))
        .await
        .unwrap_err();
    assert_eq!(code(refused), "forbidden", "what is public is moved by those who approve");
    let luzhou = RegionCode::new(LUZHOU);
    let moved = move_article(&city.app, &reviewer(), article.id, None, "tongbao", &luzhou).await.unwrap();
    let second = moved.address.unwrap();
    assert_eq!(second, "/yqfk/tongbao/luzhou/1.html");
    assert!(matches!(page(&city, &first).await, Page::Moved(to) if to == second));
    article_at(&city, &second).await;

    let top = list_channels(&city.app).await.unwrap().get("yqfk").unwrap().clone();
    let arrangement = |slug: &str| Arrangement {
        parent: None,
        slug: slug.into(),
        title: top.title.clone(),
        position: top.position,
        closed: false,
    };
    for slug in ["api", "gsyl", "A b"] {
        let refused =
            update_channel(&city.app, &writer(), "yqfk", None, arrangement(slug)).await.unwrap_err();
        assert_eq!(code(refused), "slug", "{slug}");
    }
    update_channel(&city.app, &writer(), "yqfk", Some(1), arrangement("fangkong")).await.unwrap();
    // Before the job has run the article answers where it was.
    article_at(&city, &second).await;
    jobs::run_due(&city.app).await.unwrap();
    let third = "/fangkong/tongbao/luzhou/1.html";
    for former in [&first, &second] {
        assert!(matches!(page(&city, former).await, Page::Moved(to) if to == third), "{former}");
    }
    article_at(&city, third).await;
    assert!(matches!(page(&city, "/yqfk/").await, Page::Moved(to) if to == "/fangkong/"));
    assert!(matches!(page(&city, "/yqfk/tongbao/").await, Page::Moved(to) if to == "/fangkong/tongbao/"));
    assert!(matches!(page(&city, "/yqfk/luzhou/").await, Page::Moved(to) if to == "/fangkong/luzhou/"));
    assert!(matches!(page(&city, "/fangkong").await, Page::Moved(to) if to == "/fangkong/"));
    let opened = read_article(&city.app, &writer(), article.id).await.unwrap();
    assert_eq!(opened.addresses, [third.to_owned(), first, second]);
}

#[tokio::test]
async fn a_withdrawn_article_is_gone_and_says_so() {
    let city = city().await;
    let article = published(&city, "gsyl", CHANGZHI, "通知").await;
    let path = article.address.clone().unwrap();
    let refused = withdraw_article(&city.app, &reviewer(), article.id, None, " ").await.unwrap_err();
    assert_eq!(code(refused), "reason");
    withdraw_article(&city.app, &reviewer(), article.id, None, "内容有误").await.unwrap();
    assert!(matches!(page(&city, &path).await, Page::Gone(gone) if gone.reason == "内容有误"));
    assert!(read_front(&city.app).await.unwrap().latest.is_empty());
    assert!(read_list(&city.app, Listed::Tag("通知".into()), 1).await.unwrap().is_none());
    // Written again and approved again, it is back at its address.
    update_article(&city.app, &writer(), article.id, None, ArticleContent::new("新", "新文", Lang::Zh))
        .await
        .unwrap();
    submit_article(&city.app, &writer(), article.id, None, "").await.unwrap();
    approve_article(&city.app, &reviewer(), article.id, None, None).await.unwrap();
    assert!(article_at(&city, &path).await.version.html.contains("新文"));
}

#[tokio::test]
async fn lists_hold_what_belongs_on_them_by_page() {
    let city = city().await;
    for n in 0..23 {
        city.clock.set(city.app.now() + SignedDuration::from_hours(1));
        published(&city, "tongbao", if n == 0 { LUZHOU } else { CHANGZHI }, &format!("通报{n}")).await;
    }
    let Page::Channel(list) = page(&city, "/yqfk/").await else { panic!() };
    assert_eq!((list.total, list.pages, list.items.len()), (23, 2, 20));
    assert_eq!(list.items[0].title, "通报22");
    let Page::Channel(second) = read_page(&city.app, "/yqfk/", 2, None).await.unwrap() else { panic!() };
    assert_eq!(
        second.items.iter().map(|h| h.title.as_str()).collect::<Vec<_>>(),
        ["通报2", "通报1", "通报0"]
    );
    assert!(matches!(read_page(&city.app, "/yqfk/", 3, None).await.unwrap(), Page::Unknown));
    let Page::Channel(county) = page(&city, "/yqfk/luzhou/").await else { panic!() };
    assert_eq!((county.total, county.items[0].title.as_str()), (1, "通报0"));
    let Page::Channel(whole) = page(&city, "/yqfk/changzhi/").await else { panic!() };
    assert_eq!(whole.total, 23, "the city holds its counties");
    assert_eq!(read_months(&city.app).await.unwrap(), [(2020, 2, 23)]);
    let tag = read_list(&city.app, Listed::Tag("通知".into()), 2).await.unwrap().unwrap();
    assert_eq!((tag.total, tag.items.len()), (23, 3));
    let first = article_at(&city, &second.items[2].address).await;
    assert!(first.previous.is_none());
    assert_eq!(first.next.unwrap().title, "通报1");
    assert_eq!(first.related.len(), 6);
    assert_eq!(first.related[0].title, "通报22");
}

#[tokio::test]
async fn writers_see_their_regions_and_closed_channels_take_nothing() {
    let city = city().await;
    drafted(&city, "gsyl", LUZHOU, "甲").await;
    drafted(&city, "tongbao", CHANGZHI, "乙").await;
    let county = somebody(4, "portal_editor", LUZHOU);
    let all = Query { limit: 9, ..Query::default() };
    let titles = |list: Vec<Article>| list.into_iter().map(|a| a.content.title).collect::<Vec<_>>();
    assert_eq!(titles(list_articles(&city.app, &writer(), &all).await.unwrap().0), ["乙", "甲"]);
    assert_eq!(titles(list_articles(&city.app, &county, &all).await.unwrap().0), ["甲"]);
    let below = Query { channel: Some("yqfk".into()), ..all.clone() };
    assert_eq!(titles(list_articles(&city.app, &writer(), &below).await.unwrap().0), ["乙"]);
    let refused = create_article(&city.app, &county, manuscript("gsyl", CHANGZHI, "丙")).await.unwrap_err();
    assert_eq!(code(refused), "forbidden");
    let viewer = somebody(5, "viewer", CHANGZHI);
    assert_eq!(code(list_articles(&city.app, &viewer, &all).await.unwrap_err()), "forbidden");

    let arrangement = Arrangement {
        parent: Some("gsyl".into()),
        slug: "topic".into(),
        title: Text::new("Topic", "专题"),
        position: 5,
        closed: false,
    };
    assert_eq!(code(create_channel(&city.app, &viewer, arrangement.clone()).await.unwrap_err()), "forbidden");
    let made = create_channel(&city.app, &writer(), arrangement.clone()).await.unwrap();
    let closed = Arrangement { closed: true, ..arrangement };
    update_channel(&city.app, &writer(), &made.id, Some(1), closed).await.unwrap();
    let refused =
        create_article(&city.app, &writer(), manuscript(&made.id, CHANGZHI, "丁")).await.unwrap_err();
    assert_eq!(code(refused), "channel");
    assert_eq!(
        code(create_article(&city.app, &writer(), manuscript("none", CHANGZHI, "戊")).await.unwrap_err()),
        "channel"
    );
}

#[tokio::test]
async fn a_file_is_public_as_long_as_a_public_article_uses_it() {
    let city = city().await;
    let stored = store_file(&city.app, &writer(), "附件 1.pdf", b"%PDF-1.7 x".to_vec()).await.unwrap();
    assert_eq!((stored.media_type.as_str(), stored.name.as_str()), ("application/pdf", "附件 1.pdf"));
    assert!(store_file(&city.app, &somebody(9, "viewer", CHANGZHI), "a.txt", b"x".to_vec()).await.is_err());
    let mut with = manuscript("gsyl", CHANGZHI, "附件通知");
    with.content.attachments = vec![Attachment { file: stored.digest.clone(), name: "表.pdf".into() }];
    let mut broken = with.clone();
    broken.content.cover = Some("f".repeat(64));
    assert_eq!(code(create_article(&city.app, &writer(), broken).await.unwrap_err()), "file");
    let draft = create_article(&city.app, &writer(), with).await.unwrap();
    assert!(read_public_file(&city.app, &stored.digest).await.is_err(), "only a draft uses it");
    submit_article(&city.app, &writer(), draft.id, None, "").await.unwrap();
    let public = approve_article(&city.app, &reviewer(), draft.id, None, None).await.unwrap();
    assert_eq!(read_public_file(&city.app, &stored.digest).await.unwrap().bytes, b"%PDF-1.7 x");
    let shown = article_at(&city, &public.address.unwrap()).await;
    assert_eq!((shown.attachments[0].name.as_str(), shown.attachments[0].size), ("表.pdf", 10));
    withdraw_article(&city.app, &reviewer(), draft.id, None, "x").await.unwrap();
    assert!(read_public_file(&city.app, &stored.digest).await.is_err());
}

#[tokio::test]
async fn reads_are_counted_in_memory_and_kept_later() {
    let city = city().await;
    let article = published(&city, "gsyl", CHANGZHI, "通知").await;
    for _ in 0..5 {
        city.app.view_counter(article.id).fetch_add(1, Ordering::Relaxed);
    }
    keep_views(&city.app).await.unwrap();
    keep_views(&city.app).await.unwrap();
    assert_eq!(article_at(&city, &article.address.unwrap()).await.views, 5);
}

#[tokio::test]
async fn a_second_process_learns_what_changed() {
    let city = city().await;
    let other = wanquan_app::App::new(
        city.store.clone(),
        city::packs(),
        city.clock.clone(),
        wanquan_app::Options { time_zone: jiff::tz::TimeZone::UTC, demo: false },
    );
    let before = look_for_changes(&other).await.unwrap();
    published(&city, "gsyl", CHANGZHI, "通知").await;
    assert_eq!(other.portal_generation(), before);
    assert!(look_for_changes(&other).await.unwrap() > before);
    assert_eq!(other.portal_generation(), city.app.portal_generation());
}

#[tokio::test]
async fn what_is_written_out_comes_back_as_it_was() {
    let city = city().await;
    let first = published(&city, "gsyl", CHANGZHI, "甲").await;
    let open = ArticleContent { comments_open: true, ..ArticleContent::new("甲", "改", Lang::Zh) };
    update_article(&city.app, &writer(), first.id, None, open).await.unwrap();
    submit_article(&city.app, &writer(), first.id, None, "更正").await.unwrap();
    approve_article(&city.app, &reviewer(), first.id, None, None).await.unwrap();
    let sent = NewComment {
        article: first.id,
        parent: None,
        name: "读者".into(),
        text: "好".into(),
        form: new_uuid(city.app.now()),
    };
    assert_eq!(comments::send(&city.app, sent.clone()).await.unwrap(), Outcome::Waiting);
    comments::decide_comment(&city.app, &reviewer(), sent.form, None, Decision::Show).await.unwrap();
    move_article(&city.app, &reviewer(), first.id, None, "tongbao", &RegionCode::new(LUZHOU)).await.unwrap();
    let second = published(&city, "gsyl", CHANGZHI, "乙").await;
    withdraw_article(&city.app, &reviewer(), second.id, None, "有误").await.unwrap();
    drafted(&city, "kepu", CHANGZHI, "丙").await;
    city.app.view_counter(first.id).fetch_add(9, Ordering::Relaxed);
    keep_views(&city.app).await.unwrap();

    let system = Actor::system("operator");
    let out = export_articles(&city.app, &system, None).await.unwrap().0;
    let channels = export_channels(&city.app, &system).await.unwrap();
    assert_eq!(out.len(), 3);
    let text = serde_json::to_string(&out).unwrap();
    let other = City::at("2021-01-01T00:00:00Z").await;
    restore_channels(&other.app, &system, channels.clone()).await.unwrap();
    let taken = restore_articles(&other.app, &system, serde_json::from_str(&text).unwrap()).await.unwrap();
    assert_eq!((taken.articles, taken.public, taken.refused.len()), (3, 1, 0));
    let again = export_articles(&other.app, &system, None).await.unwrap().0;
    assert_eq!(serde_json::to_string(&again).unwrap(), text, "out and back is the identity");
    assert_eq!(export_channels(&other.app, &system).await.unwrap(), channels);
    assert!(
        matches!(page(&other, "/gsyl/changzhi/1.html").await, Page::Moved(to) if to == "/yqfk/tongbao/luzhou/1.html")
    );
    assert!(matches!(page(&other, "/gsyl/changzhi/2.html").await, Page::Gone(_)));
    assert_eq!(drafted(&other, "gsyl", CHANGZHI, "丁").await.number, 4, "numbers are not given again");
    let known = restore_articles(&other.app, &system, out).await.unwrap();
    assert_eq!((known.articles, known.known), (0, 3));

    let comments = export_comments(&city.app, &system, Uuid::nil()).await.unwrap();
    let text = serde_json::to_string(&comments).unwrap();
    let mut read: Vec<Comment> = serde_json::from_str(&text).unwrap();
    read.push(Comment { id: new_uuid(city.app.now()), article: Uuid::nil(), ..read[0].clone() });
    let taken = restore_comments(&other.app, &system, read.clone()).await.unwrap();
    assert_eq!(taken, TakenComments { taken: 1, known: 0, refused: 1 });
    let again = export_comments(&other.app, &system, Uuid::nil()).await.unwrap();
    assert_eq!(serde_json::to_string(&again).unwrap(), text);
    let front = read_front(&other.app).await.unwrap();
    assert_eq!(front.latest[0].comments, 1, "the lists count them");
    let known = restore_comments(&other.app, &system, read).await.unwrap();
    assert_eq!(known, TakenComments { taken: 0, known: 1, refused: 1 });
}

#[tokio::test]
async fn articles_of_other_systems_keep_their_day_and_their_address() {
    let city = city().await;
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(8));
    let old = "---\ntitle: 旧文\ndate: 2019-05-01 09:00\naliases: [/old/7.html, /gsyl/]\ncategories: [kepu]\n---\n正文";
    let articles = vec![
        parse_markdown("a.md", old, &zone).unwrap(),
        parse_markdown("b.md", "# 草稿\n\n文", &zone).unwrap(),
        parse_markdown("c.md", &format!("# {}\n\n文", "长".repeat(300)), &zone).unwrap(),
    ];
    let placing =
        Placing { channel: "gsyl".into(), region: RegionCode::new(CHANGZHI), publish: true, dry_run: false };
    let refused = import_articles(&city.app, &writer(), articles.clone(), &placing).await.unwrap_err();
    assert_eq!(code(refused), "forbidden", "an editor cannot publish by importing");
    let system = Actor::system("operator");
    let taken = import_articles(&city.app, &system, articles.clone(), &placing).await.unwrap();
    assert_eq!((taken.articles, taken.public, taken.refused.len()), (2, 1, 1));
    assert!(matches!(page(&city, "/old/7.html").await, Page::Moved(to) if to == "/kepu/changzhi/1.html"));
    assert!(
        matches!(page(&city, "/gsyl/").await, Page::Channel(_)),
        "what is here goes before what was there"
    );
    assert_eq!(
        article_at(&city, "/kepu/changzhi/1.html").await.published_at,
        "2019-05-01T01:00:00Z".parse().unwrap()
    );
    let drafts = Placing { publish: false, ..placing };
    let taken = import_articles(&city.app, &writer(), articles, &drafts).await.unwrap();
    assert_eq!((taken.articles, taken.public, taken.known), (1, 0, 1), "what stands at its address is known");
}

const WXR: &str = r#"<?xml version="1.0"?><rss version="2.0"><channel><title>Site</title>
<item><title>口罩的正确戴法</title><link>https://old.example/2020/02/masks/</link><dc:creator>sun</dc:creator>
<content:encoded><![CDATA[<p><a href="https://old.example/wp-content/uploads/2020/02/a.png"><img
src="https://old.example/wp-content/uploads/2020/02/a-300x200.png" alt="图"></a>
<a href="/wp-content/uploads/gone.pdf">附件</a></p>]]></content:encoded>
<wp:post_date_gmt>2020-02-10 00:30:00</wp:post_date_gmt><wp:status>publish</wp:status><wp:post_type>post</wp:post_type>
<wp:comment_status>open</wp:comment_status>
<category domain="category" nicename="kepu"><![CDATA[科普]]></category>
<category domain="category" nicename="x"><![CDATA[健康 生活]]></category>
<wp:postmeta><wp:meta_key>_thumbnail_id</wp:meta_key><wp:meta_value>9</wp:meta_value></wp:postmeta>
<wp:comment><wp:comment_id>1</wp:comment_id><wp:comment_author>甲</wp:comment_author>
<wp:comment_date_gmt>2020-02-10 01:00:00</wp:comment_date_gmt><wp:comment_content>有用</wp:comment_content>
<wp:comment_approved>1</wp:comment_approved><wp:comment_parent>0</wp:comment_parent></wp:comment>
<wp:comment><wp:comment_id>2</wp:comment_id><wp:comment_author>乙</wp:comment_author>
<wp:comment_date_gmt>2020-02-10 02:00:00</wp:comment_date_gmt><wp:comment_content>同意</wp:comment_content>
<wp:comment_approved>spam</wp:comment_approved><wp:comment_parent>1</wp:comment_parent></wp:comment></item>
<item><title>预告</title><link>https://old.example/2020/03/later/</link><content:encoded>后文</content:encoded>
<wp:post_date_gmt>2020-03-01 00:00:00</wp:post_date_gmt><wp:status>future</wp:status><wp:post_type>post</wp:post_type></item>
<item><title>a.png</title><wp:post_id>9</wp:post_id><wp:post_type>attachment</wp:post_type>
<wp:attachment_url>https://old.example/wp-content/uploads/2020/02/a.png</wp:attachment_url></item>
</channel></rss>"#;

#[tokio::test]
async fn a_wordpress_site_comes_with_its_pictures_comments_and_schedule() {
    let city = city().await;
    let system = Actor::system("operator");
    let uploads = city.folder.path().join("uploads");
    std::fs::create_dir_all(uploads.join("2020/02")).unwrap();
    image::RgbImage::from_pixel(8, 4, image::Rgb([9, 9, 9])).save(uploads.join("2020/02/a.png")).unwrap();
    let read = || parse_wxr(WXR, Lang::Zh, &jiff::tz::TimeZone::UTC).unwrap().articles;
    let try_it =
        Placing { channel: "gsyl".into(), region: RegionCode::new(CHANGZHI), publish: true, dry_run: true };

    // Tried first: the same figures, and nothing is there.
    let mut articles = read();
    let media = take_media(&city.app, &system, &mut articles, &uploads, true).await.unwrap();
    assert_eq!((media.files, media.missing.len()), (2, 1));
    let tried = import_articles(&city.app, &system, articles, &try_it).await.unwrap();
    assert_eq!((tried.articles, tried.public, tried.scheduled, tried.comments), (2, 1, 1, 2));
    assert!(export_articles(&city.app, &system, None).await.unwrap().0.is_empty());

    let placing = Placing { dry_run: false, ..try_it };
    let mut articles = read();
    let media = take_media(&city.app, &system, &mut articles, &uploads, false).await.unwrap();
    assert_eq!((media.files, media.links), (2, 2));
    let (title, address, why) = &media.missing[0];
    assert_eq!((title.as_str(), why.as_str()), ("口罩的正确戴法", "the file is missing"));
    assert_eq!(address, "/wp-content/uploads/gone.pdf");
    let taken = import_articles(&city.app, &system, articles, &placing).await.unwrap();
    assert_eq!(taken, tried, "as it was said before");

    let shown = article_at(&city, "/kepu/changzhi/1.html").await;
    assert_eq!(shown.version.content.tags, ["健康 生活"]);
    let cover = shown.version.content.cover.clone().unwrap();
    assert_eq!(
        shown.version.html.matches(&format!("/files/{cover}.png")).count(),
        2,
        "{}",
        shown.version.html
    );
    assert_eq!(read_public_file(&city.app, &cover).await.unwrap().pixels, Some((8, 4)));
    assert!(matches!(page(&city, "/2020/02/masks/").await, Page::Moved(to) if to == "/kepu/changzhi/1.html"));
    let kept = export_comments(&city.app, &system, Uuid::nil()).await.unwrap();
    let comments: Vec<_> =
        kept.iter().map(|c| (c.name.as_str(), c.text.as_str(), c.status, c.parent.is_some())).collect();
    assert_eq!(
        comments,
        [("甲", "有用", CommentStatus::Shown, false), ("乙", "同意", CommentStatus::Hidden, true)]
    );

    // What was scheduled there becomes public at its time here.
    city.clock.set("2020-03-01T00:00:00Z".parse().unwrap());
    jobs::run_due(&city.app).await.unwrap();
    assert_eq!(article_at(&city, "/gsyl/changzhi/2.html").await.version.content.title, "预告");
    let again = import_articles(&city.app, &system, read(), &placing).await.unwrap();
    assert_eq!((again.articles, again.known), (0, 2), "taken once");

    // Out and back, with everything that hangs on it.
    let text = serde_json::to_string(&export_articles(&city.app, &system, None).await.unwrap().0).unwrap();
    let other = City::at("2021-01-01T00:00:00Z").await;
    prepare(&other.app).await.unwrap();
    let back = restore_articles(&other.app, &system, serde_json::from_str(&text).unwrap()).await.unwrap();
    assert_eq!(back.articles, 2);
    let comments = restore_comments(&other.app, &system, kept.clone()).await.unwrap();
    assert_eq!((comments.taken, comments.refused), (2, 0));
    assert_eq!(export_comments(&other.app, &system, Uuid::nil()).await.unwrap(), kept);
    let again = serde_json::to_string(&export_articles(&other.app, &system, None).await.unwrap().0).unwrap();
    assert_eq!(again, text);
}
