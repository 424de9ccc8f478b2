use super::*;

fn document(title: &str, text: &str) -> Option<Document> {
    Some(Document {
        title: title.into(),
        names: String::new(),
        text: text.into(),
        address: format!("/{title}"),
        date: Timestamp::UNIX_EPOCH,
        holds: ALWAYS,
    })
}

fn ask(index: &SearchIndex, text: &str) -> Results {
    let asked = Asked { text: text.to_owned(), kind: None, page: 1 };
    index.search(&asked, date(2020, 2, 12)).unwrap()
}

fn titles(results: &Results) -> Vec<&str> {
    results.hits.iter().map(|hit| hit.address.trim_start_matches('/')).collect()
}

fn filled(index: &SearchIndex) {
    let documents = [
        ("1", document("新冠肺炎疫情通报", "长治市无新增确诊病例。")),
        ("2", document("复工复产通知", "Vaccination begins on Monday; 疫情期间请戴口罩。")),
        ("3", document("Schools", "Schools open again. 学校恢复开学。")),
    ];
    let documents = documents.map(|(id, d)| ("article".to_owned(), id.to_owned(), d));
    index.write(documents.into(), (7, "3".into())).unwrap();
}

#[test]
fn chinese_and_english_are_found_by_word() {
    let index = SearchIndex::open(None).unwrap();
    filled(&index);
    let found = |text: &str| ask(&index, text);
    assert_eq!(titles(&found("疫情")), ["新冠肺炎疫情通报", "复工复产通知"], "a title counts more");
    assert_eq!(titles(&found("口罩")), ["复工复产通知"]);
    assert_eq!(titles(&found("VACCINATE")), ["复工复产通知"], "by stem and whatever case");
    assert_eq!(titles(&found("school 开学")), ["Schools"]);
    assert_eq!(titles(&found("长治 学校")).len(), 2);
    assert!(found("长治 学校").partly && !found("疫情").partly);
    for nothing in ["", "  ", "。！", "不存在的词语", "\u{202e}", "\" OR * NOT ("] {
        assert_eq!(found(nothing).total, 0, "{nothing:?}");
    }
    assert!(found(&"疫情".repeat(10_000)).total > 0);
}

#[test]
fn what_was_found_is_told_apart() {
    let index = SearchIndex::open(None).unwrap();
    filled(&index);
    let found = ask(&index, "疫情 vaccination");
    let marks =
        |pieces: &[Piece]| pieces.iter().filter(|p| p.found).map(|p| p.text.clone()).collect::<Vec<_>>();
    assert_eq!(marks(&found.hits[0].text), ["Vaccination", "疫情"]);
    let whole: String = found.hits[0].text.iter().map(|p| p.text.as_str()).collect();
    assert_eq!(whole, "Vaccination begins on Monday; 疫情期间请戴口罩。");
    let far = marked(&format!("{}终点{}", "字".repeat(500), "字".repeat(500)), &["终点".to_owned()], 40);
    assert_eq!(far[0].text.chars().next(), Some('…'));
    assert_eq!(marks(&far), ["终点"]);
}

#[test]
fn what_changes_is_replaced_and_what_is_withdrawn_goes() {
    let index = SearchIndex::open(None).unwrap();
    filled(&index);
    let changed = vec![
        ("article".to_owned(), "1".to_owned(), document("疫情结束", "x")),
        ("article".to_owned(), "2".to_owned(), None),
    ];
    index.write(changed, (9, "2".into())).unwrap();
    assert_eq!(titles(&ask(&index, "疫情")), ["疫情结束"]);
    assert_eq!(ask(&index, "口罩").total, 0);
}

#[test]
fn an_index_goes_on_where_it_was_and_a_broken_one_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("search");
    let index = SearchIndex::open(Some(&path)).unwrap();
    filled(&index);
    drop(index);
    let again = SearchIndex::open(Some(&path)).unwrap();
    assert_eq!(again.position(), (7, "3".to_owned()));
    assert_eq!(ask(&again, "疫情").total, 2);
    drop(again);
    std::fs::write(path.join("meta.json"), "{").unwrap();
    let anew = SearchIndex::open(Some(&path)).unwrap();
    assert_eq!((anew.position(), ask(&anew, "疫情").total), ((0, String::new()), 0));
}

#[test]
fn a_place_is_found_as_such_and_while_it_holds() {
    let index = SearchIndex::open(None).unwrap();
    filled(&index);
    let place = Document {
        holds: date(2020, 2, 1)..=date(2020, 2, 29),
        ..document("疫情热线", "12345").unwrap()
    };
    index.write(vec![("service_place".into(), "9".into(), Some(place))], (8, "9".into())).unwrap();
    let on = |kind: Option<&str>, day| {
        let asked = Asked { text: "疫情".into(), kind: kind.map(str::to_owned), page: 1 };
        let found = index.search(&asked, day).unwrap();
        found.hits.into_iter().map(|hit| hit.kind).collect::<Vec<_>>()
    };
    assert_eq!(on(None, date(2020, 2, 29)).len(), 3);
    assert_eq!(on(Some("service_place"), date(2020, 2, 1)), ["service_place"]);
    assert_eq!(on(Some("article"), date(2020, 2, 1)), ["article", "article"]);
    for outside in [date(2020, 1, 31), date(2020, 3, 1)] {
        assert_eq!(on(Some("service_place"), outside), Vec::<String>::new());
    }
}
