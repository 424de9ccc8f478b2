use super::*;

fn cells(list: &[(i32, i32, i64)]) -> Cells {
    let cells: Vec<tally::Cell> = list
        .iter()
        .map(|(event, known, n)| tally::Cell { event_date: date(*event), known_on: date(*known), n: *n })
        .collect();
    Cells::new(&cells)
}

fn measure(value: Option<&str>) -> Measure {
    Measure {
        id: "case.onset".into(),
        label: wanquan_domain::text::Text::default(),
        date: vec!["onset_date".into()],
        value: value.map(str::to_owned),
        when: None,
    }
}

#[test]
fn a_day_shows_what_was_known_then() {
    let cells = cells(&[(10, 11, 2), (10, 14, 1), (12, 12, 4), (12, 15, -1)]);
    assert_eq!(cells.daily(10, 12, 12), [2, 0, 4]);
    assert_eq!(cells.daily(10, 12, 15), [3, 0, 3]);
    assert_eq!((cells.total(11), cells.total(99)), (2, 6));
    assert_eq!(cells.cumulative(99), [(11, 2), (12, 6), (14, 7), (15, 6)]);
    assert_eq!(cells.events(11), Some((10, 10)));
}

#[test]
fn an_event_after_the_day_as_known_is_left_out() {
    let cells = cells(&[(10, 10, 2), (40, 10, 1)]);
    assert_eq!((cells.total(20), cells.total(40)), (2, 3));
    assert_eq!(cells.events(20), Some((10, 10)));
}

/// Ten reports a day: seven within the day, two after two days, one after five.
fn late_reports(days: i32) -> Vec<(i32, i32, i64)> {
    (0..days).flat_map(|day| [(day, day, 7), (day, day + 2, 2), (day, day + 5, 1)]).collect()
}

#[test]
fn the_delay_is_found_although_late_reports_of_recent_days_are_missing() {
    let cells = cells(&late_reports(40));
    // 70 of 100 at once, 90 after two days, all after five.
    assert_eq!(cells.complete_after_days(39), Some(5));
}

#[test]
fn a_backlog_loaded_in_one_day_tells_no_delay() {
    let backlog: Vec<(i32, i32, i64)> = (0..80).map(|day| (day, 80, 5)).collect();
    assert_eq!(cells(&backlog).complete_after_days(80), None);
    let mut also = backlog;
    also.extend((81..100).map(|day| (day, day, 5)));
    assert_eq!(cells(&also).complete_after_days(99), Some(0));
}

#[test]
fn days_without_a_report_are_not_days_without_a_case() {
    let events = Some((100, 110));
    assert_eq!(Frame::of(events, &measure(Some("count")), 113), Some(Frame { first: 100, last: 110 }));
    assert_eq!(Frame::of(events, &measure(None), 113), Some(Frame { first: 100, last: 113 }));
    assert_eq!(Frame::of(events, &measure(None), 900), Some(Frame { first: 100, last: 138 }));
    assert_eq!(Frame::of(None, &measure(None), 900), None);
}

#[test]
fn a_slip_in_a_date_does_not_stretch_the_curve() {
    let frame = Frame::of(Some((-18_000, 18_300)), &measure(None), 18_300).unwrap();
    assert_eq!((frame.len(), frame.last), (731, 18_300));
}
