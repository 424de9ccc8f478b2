//! Articles: a working copy, frozen versions, lists, addresses, files, and what search has to look at.

use crate::support::*;
use anyhow::{Context as _, Result};
use uuid::Uuid;
use wanquan_domain::article::{Article, ArticleContent, ArticleStatus, ArticleVersion};
use wanquan_domain::channel::Channel;
use wanquan_domain::text::{Lang, Text};
use wanquan_store::article::{self, listing, version};
use wanquan_store::portal::{self, PortalFile};
use wanquan_store::{Error, Tx, channel};

fn news(parent: Option<&str>, id: &str) -> Channel {
    Channel {
        id: id.into(),
        parent: parent.map(str::to_owned),
        slug: id.into(),
        title: Text::new("News", "新闻"),
        position: 10,
        closed: false,
        version: 1,
    }
}

async fn draft(tx: &mut Tx<'_>, path: &str, title: &str) -> Result<Article> {
    let article = Article {
        id: new_id(),
        number: article::next_number(tx).await?,
        channel: "news".into(),
        region: code(path),
        region_path: path.into(),
        status: ArticleStatus::Draft,
        content: ArticleContent::new(title, "正文", Lang::Zh),
        correction: None,
        remark: None,
        writers: vec![Uuid::from_u128(5)],
        publish_at: None,
        approved_by: None,
        live: None,
        frozen: 0,
        published_at: None,
        address: None,
        withdrawn: None,
        changed_by: "li".into(),
        changed_at: at(1),
        version: 1,
    };
    article::insert(tx, &article).await?;
    Ok(article)
}

/// Publishes a draft on lists at a time.
async fn publish(tx: &mut Tx<'_>, mut article: Article, lists: &[&str], n: i32) -> Result<Article> {
    let frozen = ArticleVersion {
        article: article.id,
        n: article.frozen + 1,
        content: article.content.clone(),
        summary: "Summary".into(),
        html: "<p>正文</p>".into(),
        correction: None,
        approved_by: "wang".into(),
        published_at: at(n),
    };
    version::insert(tx, &frozen).await?;
    article.frozen += 1;
    article.live = Some(article.frozen);
    article.status = ArticleStatus::Published;
    article.published_at = Some(at(n));
    article.address = Some(format!("/news/{}.html", article.number));
    article.version += 1;
    article::update(tx, &article).await?;
    let lists: Vec<String> = lists.iter().map(|list| (*list).to_owned()).collect();
    listing::replace(tx, article.id, &lists, at(n)).await?;
    Ok(article)
}

on_both_engines!(an_article_is_kept_with_its_versions_and_found_on_its_lists);

async fn an_article_is_kept_with_its_versions_and_found_on_its_lists(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    channel::insert(&mut tx, &news(None, "news")).await?;
    let again = channel::insert(&mut tx, &news(None, "news")).await;
    assert!(matches!(again, Err(Error::Duplicate { .. })), "{again:?}");
    drop(tx);

    let mut tx = db.store.write().await?;
    channel::insert(&mut tx, &news(None, "news")).await?;
    let mut renamed = news(None, "news");
    (renamed.slug, renamed.closed, renamed.version) = ("topic".into(), true, 2);
    channel::update(&mut tx, &renamed).await?;
    assert_eq!(channel::all(&mut tx).await?, [renamed.clone()]);
    let stale = channel::update(&mut tx, &renamed).await;
    assert!(matches!(stale, Err(Error::Conflict { current: 2, .. })));

    let first = draft(&mut tx, CITY, "一").await?;
    let second = draft(&mut tx, OTHER_COUNTY, "二").await?;
    let third = draft(&mut tx, CITY, "三").await?;
    assert_eq!([first.number, second.number, third.number], [1, 2, 3]);
    assert_eq!(article::get(&mut tx, first.id).await?, Some(first.clone()));
    let stale = article::update(&mut tx, &first).await;
    assert!(matches!(stale, Err(Error::Conflict { current: 1, .. })));
    assert_eq!(listing::page(&mut tx, listing::EVERYTHING, 0, 9).await?, []);

    let first = publish(&mut tx, first, &["all", "tag:x", "month:2020-01"], 3).await?;
    let second = publish(&mut tx, second, &["all", "month:2020-02"], 5).await?;
    let third = publish(&mut tx, third, &["all", "tag:x", "tag:xy"], 5).await?;
    let kept = version::get(&mut tx, first.id, 1).await?.context("kept")?;
    let forged = ArticleVersion { html: "<p>forged</p>".into(), ..kept };
    let replaced = version::insert(&mut tx, &forged).await;
    assert!(matches!(replaced, Err(Error::Duplicate { .. })), "a version is never replaced");
    drop(tx);
    Box::pin(lists_are_read_in_order(&db)).await?;
    let _ = (second, third);
    Ok(())
}

/// The same again in a transaction of its own: on PostgreSQL one that had an error is over.
async fn lists_are_read_in_order(db: &Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    channel::insert(&mut tx, &news(None, "news")).await?;
    channel::insert(&mut tx, &news(Some("news"), "below")).await?;
    let mut kept = Vec::new();
    for (title, lists, n) in [
        ("一", &["all", "tag:x", "month:2020-01"][..], 3),
        ("二", &["all", "month:2020-02"], 5),
        ("三", &["all", "tag:x", "tag:xy", "tah:z"], 5),
    ] {
        let article = draft(&mut tx, if title == "二" { OTHER_COUNTY } else { CITY }, title).await?;
        kept.push(publish(&mut tx, article, lists, n).await?);
    }
    let [first, second, third] = &kept[..] else { unreachable!() };
    tx.commit().await?;

    let mut tx = db.store.read().await?;
    let titles = |page: &[listing::Headline]| page.iter().map(|h| h.title.clone()).collect::<Vec<_>>();
    let page = listing::page(&mut tx, "all", 0, 2).await?;
    assert_eq!(titles(&page), ["三", "二"], "the latest first; of the same instant, the one begun later");
    assert_eq!(page[0].address, format!("/news/{}.html", third.number));
    assert_eq!(page[0].summary, "Summary");
    assert_eq!(titles(&listing::page(&mut tx, "all", 2, 2).await?), ["一"]);
    assert_eq!(listing::count(&mut tx, "tag:x").await?, 2);
    assert_eq!(listing::sizes(&mut tx, "tag:", 9).await?, [("xy".to_owned(), 1), ("x".to_owned(), 2)]);
    assert_eq!(listing::tags_of_latest(&mut tx, 1, 9).await?, [("x".to_owned(), 1), ("xy".to_owned(), 1)]);
    assert_eq!(listing::tags_of_latest(&mut tx, 9, 1).await?, [("x".to_owned(), 2)]);
    let (before, after) = listing::neighbours(&mut tx, "all", at(5), second.id).await?;
    assert_eq!((before.map(|h| h.id), after.map(|h| h.id)), (Some(first.id), Some(third.id)));
    let (before, after) = listing::neighbours(&mut tx, "tag:x", at(3), first.id).await?;
    assert_eq!((before, after.map(|h| h.id)), (None, Some(third.id)));

    let everywhere = article::Filter::default();
    let (page, next) = article::list(&mut tx, &everywhere, None, 2).await?;
    assert_eq!(page.iter().map(|a| a.id).collect::<Vec<_>>(), [third.id, second.id]);
    let (page, next) = article::list(&mut tx, &everywhere, next, 2).await?;
    assert_eq!((page.len(), page[0].id, next), (1, first.id, None));
    let scoped = article::Filter { paths: vec![OTHER_COUNTY.into()], ..article::Filter::default() };
    assert_eq!(article::list(&mut tx, &scoped, None, 9).await?.0, std::slice::from_ref(second));
    let none = article::Filter { channels: vec!["below".into()], ..article::Filter::default() };
    assert_eq!(article::list(&mut tx, &none, None, 9).await?.0, []);
    drop(tx);

    let mut tx = db.store.write().await?;
    article::add_views(&mut tx, &[(first.id, 3), (new_id(), 1)]).await?;
    article::add_views(&mut tx, &[(first.id, 4)]).await?;
    assert_eq!((article::views(&mut tx, first.id).await?, article::views(&mut tx, second.id).await?), (7, 0));
    let mut scheduled = first.clone();
    (scheduled.publish_at, scheduled.version) = (Some(at(9)), first.version + 1);
    article::update(&mut tx, &scheduled).await?;
    assert_eq!(article::next_scheduled(&mut tx, at(8)).await?, None);
    assert_eq!(article::next_scheduled(&mut tx, at(9)).await?, Some(scheduled));
    listing::replace(&mut tx, first.id, &[], at(9)).await?;
    assert_eq!(titles(&listing::page(&mut tx, "all", 0, 9).await?), ["三", "二"]);
    tx.commit().await?;
    Ok(())
}

on_both_engines!(addresses_lead_to_the_one_in_use_and_changes_are_read_in_order);

async fn addresses_lead_to_the_one_in_use_and_changes_are_read_in_order(db: Db) -> Result<()> {
    let mut tx = db.store.write().await?;
    portal::claim_address(&mut tx, "/a/1.html", "article", "x").await?;
    portal::claim_address(&mut tx, "/b/1.html", "article", "x").await?;
    let found = |a: Option<portal::Address>| a.map(|a| (a.subject, a.is_current));
    assert_eq!(found(portal::find_address(&mut tx, "/a/1.html").await?), Some(("x".into(), false)));
    assert_eq!(found(portal::find_address(&mut tx, "/b/1.html").await?), Some(("x".into(), true)));
    assert_eq!(portal::current_address(&mut tx, "article", "x").await?.as_deref(), Some("/b/1.html"));
    // Back where it was, and something else takes the address that it left.
    portal::claim_address(&mut tx, "/a/1.html", "article", "x").await?;
    portal::claim_address(&mut tx, "/b/1.html", "channel", "y").await?;
    assert_eq!(portal::current_address(&mut tx, "article", "x").await?.as_deref(), Some("/a/1.html"));
    assert_eq!(found(portal::find_address(&mut tx, "/b/1.html").await?), Some(("y".into(), true)));
    assert!(portal::add_address(&mut tx, "/?p=7", "article", "x").await?);
    assert!(!portal::add_address(&mut tx, "/b/1.html", "article", "x").await?);
    assert_eq!(portal::addresses(&mut tx, "article", "x").await?, ["/?p=7", "/a/1.html"]);
    assert_eq!(portal::find_address(&mut tx, "/c").await?, None);

    let first = portal::raise_generation(&mut tx).await?;
    portal::note_change(&mut tx, "article", "x", first).await?;
    portal::note_change(&mut tx, "article", "y", first).await?;
    let second = portal::raise_generation(&mut tx).await?;
    assert_eq!((second, portal::generation(&mut tx).await?), (first + 1, second));
    portal::note_change(&mut tx, "article", "x", second).await?;
    let seen = |changes: Vec<portal::Changed>| {
        changes.into_iter().map(|c| (c.subject, c.generation)).collect::<Vec<_>>()
    };
    let all = seen(portal::changes(&mut tx, (0, ""), 9).await?);
    assert_eq!(all, [("y".to_owned(), first), ("x".to_owned(), second)]);
    assert_eq!(seen(portal::changes(&mut tx, (first, "y"), 9).await?), [("x".to_owned(), second)]);
    assert_eq!(portal::changes(&mut tx, (second, "x"), 9).await?, []);

    let file = PortalFile {
        digest: "d".repeat(64),
        name: "图.png".into(),
        media_type: "image/png".into(),
        bytes: vec![0, 1, 255],
        pixels: Some((3, 4)),
        uploaded_by: "li".into(),
        uploaded_at: at(2),
    };
    portal::insert_file(&mut tx, &file).await?;
    portal::insert_file(&mut tx, &PortalFile { name: "again".into(), ..file.clone() }).await?;
    assert_eq!(portal::get_file(&mut tx, &file.digest).await?, Some(file));
    tx.commit().await?;
    Ok(())
}
