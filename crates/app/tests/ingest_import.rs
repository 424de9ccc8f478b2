//! Files as people send them, into registers: what is understood, what is refused and how it is said.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use jiff::civil::date;
use serde_json::json;
use support::{Installation, columns, issues, map, records, refusal, rows, set};
use wanquan_app::ingest::dates::DateOrder;
use wanquan_app::ingest::import::Layout;
use wanquan_app::ingest::series::Counting;
use wanquan_app::jobs::run_due;
use wanquan_app::life::{StepInput, take_step};
use wanquan_app::records::{Query, get, list, update};

#[test]
fn a_chinese_line_list_is_read_in_every_encoding_and_container() {
    let text = "病例编号;姓名;性别;年龄;县区;发病日期;确诊日期;病例分类;备注\r\n\
                1;甲;男;45;潞州区;2020年1月24日;2020-01-26;确诊病例;=1+1\r\n\
                2;乙;女;30;襄垣县;2020/1/25;;疑似;\r\n";
    let gb = encoding_rs::GB18030.encode(text).0.into_owned();
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gz, text.as_bytes()).unwrap();
    let files = [
        (text.as_bytes().to_vec(), "UTF-8"),
        (format!("\u{feff}{text}").into_bytes(), "UTF-8 with BOM"),
        (gb, "GB18030"),
        (utf16, "UTF-16LE"),
        (gz.finish().unwrap(), "UTF-8"),
    ];
    let wanquan = Installation::new();
    for (i, (bytes, encoding)) in files.into_iter().enumerate() {
        let report = wanquan.import("case", "一览表.csv", bytes, set(&[("disease", "新冠")]));
        assert_eq!(report.refusal, None);
        assert_eq!(
            (report.file.encoding.as_deref(), report.file.delimiter.as_deref()),
            (Some(encoding), Some(";"))
        );
        assert_eq!((rows(&report), issues(&report)), ((2, 2, 0), vec![]), "{encoding}");
        // The same content again changes nothing, whatever the file looks like.
        assert_eq!(records(&report), if i == 0 { (2, 0, 0) } else { (0, 0, 2) }, "{encoding}");
        assert_eq!(
            columns(&report)[..3],
            [("病例编号", "case_id", "label"), ("姓名", "name", "label"), ("性别", "sex", "label")]
        );
        assert!(report.columns[1].samples.is_empty(), "names of persons are not shown again");
        assert_eq!(report.columns[5].date_format.as_deref(), Some("ymd"));
    }
}

#[test]
fn regions_are_found_by_name_code_and_path() {
    let wanquan = Installation::new();
    let text = "case_id,disease,region\n1,covid-19,长治\n2,covid-19,长治市\n3,covid-19,潞州区\n4,covid-19,140403\n\
                5,covid-19,山西省/长治市/潞州区\n6,covid-19,山西省长治市潞州区\n7,covid-19,Changzhi\n\
                8,covid-19,城区\n9,covid-19,亚特兰蒂斯\n10,covid-19,合计\n11,covid-19,\"Nowhere, Shanxi\"\n";
    let report = wanquan.import("case", "x.csv", text, set(&[]));
    assert_eq!(rows(&report), (11, 8, 3));
    let expected = [
        "E114 9 region 城区",
        "E113 10 region 亚特兰蒂斯",
        "E123 11 region 合计",
        "W207 12 region Nowhere, Shanxi",
    ];
    assert_eq!(issues(&report), expected);
    let mut options = set(&[("disease", "covid-19")]);
    options.mapping.within = Some("太原".to_owned());
    let report = wanquan.import("case", "x.csv", "编号,县区\n1,迎泽区\n2,潞州区\n", options);
    assert_eq!(issues(&report), ["E113 3 县区 潞州区"]);
}

#[test]
fn several_columns_narrow_the_region_and_may_not_contradict_each_other() {
    let wanquan = Installation::new();
    let text = "编号,省,市,县区,乡镇\n1,山西省,长治市,潞州区,\n2,山西,长治,NA,\n3,山西省,长治市,襄垣县,古韩镇\n\
                4,河南省,郑州市,中原区,某某镇\n5,山西省,合肥市,,\n6,北京市,北京市,东城区,\n7,,,,\n\
                8,山西省,长治市,山西省长治市襄垣县,长治市\n";
    let report = wanquan.import("case", "x.csv", text, set(&[("disease", "covid-19")]));
    // A person in an unknown township is in the county for certain; Hefei is not in Shanxi.
    assert_eq!(issues(&report), ["W207 5 乡镇 某某镇", "E113 6 市 合肥市", "E101 8 乡镇 -"]);
    assert_eq!(report.issues[1].message_en, "no region bears this name or code (not in 山西省)");
    let text = "日期,市,县区,确诊\n2020-01-24,长治市,潞州区,3\n2020-01-24,长治市,某区,2\n";
    let report = wanquan.import("count_report", "x.csv", text, set(&[("disease", "covid-19")]));
    // A count of a part is not the count of the whole.
    assert_eq!(issues(&report), ["E113 3 县区 某区"]);
}

#[test]
fn dates_are_read_in_every_form_and_never_guessed() {
    let wanquan = Installation::new();
    let with = |cells: &[&str], order| {
        let rows: String = cells.iter().enumerate().map(|(i, cell)| format!("{i},{cell},x\n")).collect();
        let mut options = set(&[("disease", "covid-19"), ("region", "140400")]);
        options.mapping.date_order = order;
        options.dry_run = true;
        let report = wanquan.import("case", "x.csv", format!("编号,发病日期,备注\n{rows}"), options);
        (report.columns[1].date_format.clone().unwrap(), issues(&report))
    };
    for (cells, form) in [
        (&["2020-01-24", "2020/1/24", "2020年1月24日", "20200124"][..], "ymd"),
        (&["24.01.2020", "05.01.2020"], "dmy"),
        (&["01/24/2020", "01/05/2020"], "mdy"),
        (&["43854", "43855"], "excel_serial"),
    ] {
        assert_eq!(with(cells, None), (form.to_owned(), vec![]), "{cells:?}");
    }
    let open = &["05/01/2020", "06/02/2020", "07/07/2020"];
    let refused = ["E107 2 发病日期 05/01/2020", "E107 3 发病日期 06/02/2020"].map(str::to_owned);
    assert_eq!(with(open, None), ("ambiguous".to_owned(), refused.to_vec()));
    assert_eq!(with(open, Some(DateOrder::DayFirst)).1, Vec::<String>::new());
    let (_, found) = with(
        &["2020-01-24 13:05", "2020-02-30", "1月24日", "2020-01-12~2020-01-15", "24/01/20", "2199-01-01"],
        None,
    );
    let expected = [
        "W206 2 发病日期 2020-01-24 13:05",
        "E106 3 发病日期 2020-02-30",
        "E108 4 发病日期 1月24日",
        "E109 5 发病日期 2020-01-12~2020-01-15",
        "E122 6 发病日期 24/01/20",
        "E121 7 发病日期 2199-01-01",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_value_that_dates_or_names_the_record_refuses_it_and_another_is_left_out() {
    let wanquan = Installation::new();
    let text = "case_id,disease,region,onset_date,age_years,sex,phone,admission_date\n\
                1,covid-19,140400,2020-01-24,40-49,m,1,soon\n\
                2,新肺炎,140400,2020-01-24,40,x,,\n\
                3,covid-19,140400,soon,40,f,,\n\
                4,covid-19,140400,2020-01-24,999,f,,\n\
                5,covid-19,140400\n\
                6,covid-19,,2020-01-24,40,f,,2020-01-20\n";
    let report = wanquan.import("case", "x.csv", text, set(&[]));
    let expected = [
        "W205 2 age_years 40-49",
        "W205 2 admission_date soon",
        "E115 3 disease 新肺炎",
        "W205 3 sex x",
        "E106 4 onset_date soon",
        "E104 5 age_years 999",
        "E120 6 - -",
        "E101 7 region -",
        "W202 7 admission_date 2020-01-20",
    ];
    assert_eq!(issues(&report), expected);
    assert_eq!((rows(&report), report.warnings), ((6, 1, 5), 4));
    let sum: u64 = report.issue_counts.iter().map(|count| count.count).sum();
    assert_eq!(sum, 9);
}

#[test]
fn values_of_persons_are_not_repeated_in_issues() {
    let wanquan = Installation::new();
    let long = "甲".repeat(101);
    let text =
        format!("case_id,disease,region,name,birth_date,phone\n1,covid-19,140400,{long},31.02.1970,{long}\n");
    let report = wanquan.import("case", "x.csv", text, set(&[]));
    assert_eq!(issues(&report), ["W205 2 name -", "W205 2 birth_date -", "W205 2 phone -"]);
    assert!(!serde_json::to_string(&report).unwrap().contains("甲"));
}

#[test]
fn counts_are_read_long_wide_and_by_indicator() {
    let wanquan = Installation::new();
    let long = "region,date,n\n140403,2020-01-24,3\n140403,2020-01-25,-1\n140423,2020-01-25,x\n";
    let report = wanquan.import(
        "count_report",
        "x.csv",
        long,
        set(&[("disease", "covid-19"), ("indicator", "confirmed")]),
    );
    assert_eq!((report.layout.as_str(), report.counting.as_deref()), ("long", Some("incident")));
    assert_eq!(issues(&report), ["W203 3 n -1", "E103 4 n x"]);
    assert_eq!((rows(&report), records(&report)), ((3, 2, 1), (2, 0, 0)));

    let wide = "code,name,2020-01-24,2020-01-25,2020-01-26\n140403,潞州区,3,-1,\n140423,襄垣县,0,2,1\n140400,长治市,,,\n";
    let report =
        wanquan.import("count_report", "x.csv", wide, set(&[("disease", "covid-19"), ("indicator", "确诊")]));
    assert_eq!(report.layout, "wide");
    assert_eq!(columns(&report)[2], ("2020-01-24", "day:2020-01-24", "label"));
    // The two cells that the long table gave already change nothing; an empty cell is no zero.
    assert_eq!(records(&report), (3, 0, 2));
    assert_eq!(issues(&report), ["W203 2 2020-01-25 -1", "E101 4 2020-01-24 -"]);

    let several = "日期,地区,新增确诊,新增死亡,累计确诊\n2020-01-27,长治市,4,1,9\n2020-01-28,长治市,2,,11\n";
    let report = wanquan.import("count_report", "x.csv", several, set(&[("disease", "covid-19")]));
    assert_eq!((rows(&report), records(&report), issues(&report)), ((2, 2, 0), (3, 0, 0), vec![]));
    let found = columns(&report)[2..].to_vec();
    assert_eq!(
        found,
        [
            ("新增确诊", "indicator:confirmed", "label"),
            ("新增死亡", "indicator:dead", "label"),
            ("累计确诊", "-", "unmatched")
        ]
        .map(|(c, f, h)| (c, f, if h == "label" { "synonym" } else { h }))
    );
}

#[test]
fn running_totals_become_new_persons_wherever_their_rows_stand() {
    let wanquan = Installation::new();
    let text = "date,region,cum_confirmed\n2020-01-26,140403,9\n2020-01-24,140403,5\n2020-01-25,140403,x\n\
                2020-01-24,140423,0\n2020-01-26,140423,1\n2020-01-27,140403,8\n";
    let report = wanquan.import("count_report", "x.csv", text, set(&[("disease", "covid-19")]));
    assert_eq!(report.counting.as_deref(), Some("cumulative"));
    assert_eq!(
        issues(&report),
        ["W208 3 cum_confirmed 5", "E103 4 cum_confirmed x", "W203 7 cum_confirmed -1"]
    );
    assert_eq!((rows(&report), records(&report)), ((6, 5, 1), (5, 0, 0)));
    // The same in another form, of which two days have been given.
    let wide = "region,2020-01-24,2020-01-26,2020-01-27\n140403,5,9,8\n";
    let mut options = set(&[("disease", "covid-19"), ("indicator", "confirmed")]);
    options.mapping.counting = Some(Counting::Cumulative);
    let report = wanquan.import("count_report", "x.csv", wide, options);
    assert_eq!(records(&report), (0, 0, 3));
}

#[test]
fn totals_beside_their_parts_are_named_and_can_be_refused() {
    let wanquan = Installation::new();
    let text = "date,region,n\n2020-01-24,140400,5\n2020-01-24,140403,3\n2020-01-24,140423,2\n";
    let mut options = set(&[("disease", "covid-19"), ("indicator", "confirmed")]);
    options.dry_run = true;
    let report = wanquan.import("count_report", "x.csv", text, options);
    let note = report.notes.iter().find(|note| note.code == "N201").unwrap();
    assert!(
        note.message_en.contains("1 regions") && note.message_en.contains("(140400)"),
        "{}",
        note.message_en
    );
    let mut options = set(&[("disease", "covid-19"), ("indicator", "confirmed")]);
    options.mapping.parts_only = true;
    let report = wanquan.import("count_report", "x.csv", text, options);
    assert_eq!(issues(&report), ["E127 2 region 140400"]);
    assert_eq!(rows(&report), (3, 2, 1));
}

#[test]
fn rows_that_repeat_or_contradict_each_other_are_told_apart() {
    let wanquan = Installation::new();
    let text = "case_id,disease,region,sex\n1,covid-19,140400,m\n1,covid-19,140400,m\n1,covid-19,140400,f\n";
    let report = wanquan.import("case", "x.csv", text, set(&[]));
    assert_eq!(issues(&report), ["W204 3 case_id 1", "E125 4 case_id 1"]);
    assert_eq!((rows(&report), records(&report)), ((3, 2, 1), (1, 0, 1)));
    // Rows without a key stay as many persons as there are rows, however often the file is imported.
    let text = "disease,region,onset_date\ncovid-19,140400,2020-01-24\ncovid-19,140400,2020-01-24\ncovid-19,140400,2020-01-25\n";
    let report = wanquan.import("case", "x.csv", text, set(&[]));
    assert_eq!((records(&report), issues(&report)), ((3, 0, 0), vec!["W204 3 - -".to_owned()]));
    let report = wanquan.import("case", "x.csv", text, set(&[]));
    assert_eq!(records(&report), (0, 0, 3));
}

#[test]
fn columns_are_named_by_the_person_where_their_names_say_nothing() {
    let wanquan = Installation::new();
    let text = "a,b,c,d\n1,24/1/2020,长治,x\n";
    let report = wanquan.import("case", "x.csv", text, set(&[("disease", "covid-19")]));
    assert_eq!(refusal(&report), "F301");
    let options = map(
        &[("a", "case_id"), ("b", "onset_date"), ("c", "region"), ("d", "-")],
        &[("disease", "covid-19")],
    );
    let report = wanquan.import("case", "x.csv", text, options);
    assert_eq!((rows(&report), issues(&report)), ((1, 1, 0), vec![]));
    assert_eq!(columns(&report)[3], ("d", "-", "mapping"));
    for (columns, defaults, code) in [
        (&[("z", "case_id")][..], &[("disease", "covid-19")][..], "F303"),
        (&[("a", "no_field")], &[("disease", "covid-19")], "F304"),
        (&[("a", "case_id")], &[("disease", "kuru")], "F305"),
        (&[("a", "case_id")], &[("disease", "covid-19")], "F302"),
    ] {
        let report = wanquan.import("case", "x.csv", text, map(columns, defaults));
        assert_eq!(refusal(&report), code);
    }
    let mut options = map(&[("a", "case_id")], &[("disease", "covid-19"), ("region", "140400")]);
    options.mapping.within = Some("城区".to_owned());
    let report = wanquan.import("case", "x.csv", text, options);
    assert_eq!(refusal(&report), "F306");
    assert!(report.refusal.unwrap().message.contains("several"));
    let mut options = set(&[("disease", "covid-19"), ("region", "140400")]);
    options.mapping.known_on = Some(date(2030, 1, 1));
    assert_eq!(refusal(&wanquan.import("case", "x.csv", "case_id\n1\n", options)), "F312");
    let mut options = set(&[("disease", "covid-19")]);
    options.mapping.layout = Some(Layout::Wide);
    assert_eq!(refusal(&wanquan.import("count_report", "x.csv", "region,n\n长治,1\n", options)), "F307");
}

#[test]
fn a_date_of_death_says_that_the_person_died() {
    let wanquan = Installation::new();
    let text = "id,date_of_onset,death,region\n1,2020-01-24,10/02/2020,140400\n2,2020-01-24,,140400\n3,2020-01-25,25/02/2020,140400\n";
    let report = wanquan.import("case", "x.csv", text, set(&[("disease", "covid-19")]));
    assert_eq!(columns(&report)[2], ("death", "outcome_date", "synonym"));
    let said = "id,date_of_onset,death,outcome_date,outcome,region\n1,2020-01-24,1,2020-02-10,died,140400\n\
                2,2020-01-24,0,,,140400\n3,2020-01-25,1,2020-02-25,died,140400\n";
    let report = wanquan.import("case", "x.csv", said, set(&[("disease", "covid-19")]));
    assert_eq!(records(&report), (0, 0, 3));
}

#[test]
fn many_broken_rows_take_a_bounded_report() {
    let wanquan = Installation::new();
    let mut text = "case_id,disease,region,onset_date\n".to_owned();
    for i in 0..20_000 {
        let day = if i % 2 == 0 { "2020-01-24" } else { "never" };
        text.push_str(&format!("{i},covid-19,140400,{day}\n"));
    }
    let report = wanquan.import("case", "x.csv", text, set(&[]));
    assert_eq!((rows(&report), report.created), ((20_000, 10_000, 10_000), 10_000));
    assert_eq!((report.issue_counts[0].count, report.issues.len()), (10_000, 50));
}

#[test]
fn a_file_takes_no_steps() {
    let wanquan = Installation::new();
    let header = "code,name,type,region,address,opened_on";
    let rows_of = |name: &str| {
        format!("S-1,{name},mall,潞州区,1 Main Street,2020-01-01\nS-2,North,school,潞州区,2,2020-01-01\n")
    };
    let first = format!("{header}\n{}", rows_of("South"));
    assert_eq!(records(&wanquan.import("site", "a.csv", first.clone(), set(&[]))), (2, 0, 0));
    wanquan.block(run_due(&wanquan.app)).unwrap();
    let sites =
        wanquan.block(list(&wanquan.app, &wanquan.actor, "site", &Query::default(), None, 10)).unwrap().items;
    let site =
        sites.iter().find(|site| site.record.data.get("code") == Some(&json!("S-1"))).unwrap().record.id;
    let close = StepInput { step: "close".into(), reason: Some("mould".into()), ..StepInput::default() };
    wanquan.block(take_step(&wanquan.app, &wanquan.actor, site, &close)).unwrap();
    // What a form filled since, and the file has no column for.
    let now = wanquan.block(get(&wanquan.app, &wanquan.actor, site, None)).unwrap().record;
    let mut values = now.data.as_map().clone();
    values.insert("capacity".into(), json!(80));
    wanquan.block(update(&wanquan.app, &wanquan.actor, site, now.version, values, None)).unwrap();
    let shown = || {
        let record = wanquan.block(get(&wanquan.app, &wanquan.actor, site, None)).unwrap().record;
        ["name", "state", "capacity"].map(|field| record.data.get(field).cloned().unwrap())
    };

    let again = wanquan.import("site", "a.csv", first, set(&[]));
    assert_eq!((records(&again), issues(&again)), ((0, 0, 2), vec![]));
    let renamed = wanquan.import("site", "b.csv", format!("{header}\n{}", rows_of("West")), set(&[]));
    assert_eq!(records(&renamed), (0, 1, 1));
    assert_eq!(shown(), [json!("West"), json!("closed"), json!(80)]);
    // A file that says another state than the one reached is told so; for records that are new, its state holds.
    let stated = format!(
        "{header},state\nS-1,West,mall,潞州区,1 Main Street,2020-01-01,open\nS-3,East,mall,潞州区,3,2020-01-01,limited\n"
    );
    let stated = wanquan.import("site", "c.csv", stated, set(&[]));
    assert_eq!((records(&stated), issues(&stated)), ((1, 0, 1), vec!["W209 2 state open".to_owned()]));
    assert_eq!(shown()[1], json!("closed"));
}
