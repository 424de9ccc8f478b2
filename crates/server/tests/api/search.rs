//! Search over everything public: articles and services, each told apart.

use crate::articles::{Portal, content};
use crate::city::LUZHOU;
use crate::services::{encoded, place, publish, withdraw};
use wanquan_app::portal::search;

impl Portal {
    /// The page of search once it has taken up what changed.
    async fn found(&self, query: &[(&str, &str)]) -> String {
        search::follow(&self.server.city.app).await.unwrap();
        let answer = self.page(&format!("/search?{}", encoded(query))).await;
        assert_eq!(answer.status, 200);
        answer.body
    }
}

#[tokio::test]
async fn a_service_is_found_by_name_category_and_place_and_goes_when_it_is_withdrawn() {
    let portal = Portal::open().await;
    portal.publish(content("发热病人就诊须知", "请前往定点医院。")).await;
    let id = publish(&portal.server, "service_place", place("1", "fever_clinic", "市人民医院", LUZHOU)).await;
    let address = format!("/services/{id}");
    for query in ["人民医院", "fever clinic", "潞州区 发热门诊", "0355-0001"] {
        assert!(portal.found(&[("q", query)]).await.contains(&address), "{query}");
    }
    let both = portal.found(&[("q", "发热")]).await;
    assert!(both.contains(&address) && both.contains("/gsyl/changzhi/1.html"), "{both}");
    assert!(both.contains("<span class=\"tag\">便民服务</span>"), "it is said to be a service");
    let services = portal.found(&[("q", "发热"), ("kind", "service_place")]).await;
    assert!(services.contains(&address) && !services.contains("/gsyl/changzhi/1.html"));
    let articles = portal.found(&[("q", "发热"), ("kind", "article")]).await;
    assert!(!articles.contains(&address) && articles.contains("/gsyl/changzhi/1.html"));
    assert!(portal.found(&[("q", "医院")]).await.contains("<mark>医院</mark>"), "what was found is marked");

    withdraw(&portal.server, id).await;
    assert!(!portal.found(&[("q", "人民医院")]).await.contains(&address));
}

#[tokio::test]
async fn a_place_that_was_published_before_search_knew_of_places_is_found_after_a_start() {
    let portal = Portal::open().await;
    let id = publish(&portal.server, "service_place", place("1", "testing", "旧检测点", LUZHOU)).await;
    // As an earlier release left it.
    let database = portal.server.city.folder.path().join("wanquan.db");
    rusqlite::Connection::open(database).unwrap().execute("delete from search_change", []).unwrap();
    assert!(!portal.found(&[("q", "检测点")]).await.contains(&id.to_string()));
    wanquan_app::portal::channels::prepare(&portal.server.city.app).await.unwrap();
    assert!(portal.found(&[("q", "检测点")]).await.contains(&id.to_string()));
}
