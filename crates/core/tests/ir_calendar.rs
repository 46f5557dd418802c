//! The calendar `ir` as it stands in `workflows/`, and calendar files that are wrong.
#![allow(clippy::unwrap_used)]

use chrono::{NaiveDate, TimeZone};
use parvaneh_core::{
    CalendarSource, Calendars, Instant, Term, UnitId,
    calendar::{Certainty, DayKind, Reason, after, code},
    document, jalali,
};

const IR: &str = include_str!("../../../workflows/calendars/ir.yaml");

fn ir() -> Calendars {
    Calendars::compile(CalendarSource::parse("ir.yaml", IR).expect("the file is sound"))
}

fn date(text: &str) -> NaiveDate {
    jalali::parse_date(text).unwrap()
}

fn at(day: &str, hour: u32, minute: u32) -> Instant {
    let local = date(day).and_hms_opt(hour, minute, 0).unwrap();
    chrono_tz::Asia::Tehran.from_local_datetime(&local).unwrap().to_utc()
}

#[test]
fn the_file_holds_every_row_with_its_source() {
    let source = CalendarSource::parse("ir.yaml", IR).unwrap();
    assert_eq!(source.holidays().len(), 149);
    let days: std::collections::BTreeSet<NaiveDate> =
        source.holidays().iter().map(|row| row.date).collect();
    assert_eq!(days.len(), 143);
    assert_eq!(days.first(), Some(&date("1402/01/01")));
    assert_eq!(days.last(), Some(&date("1407/01/01")));
    for row in source.holidays() {
        assert!(!row.notice.sources.is_empty(), "{row:?}");
        assert!(row.kind.is_some(), "{row:?}");
        let letters = |c: char| ('\u{600}'..='\u{6ff}').contains(&c);
        assert!(row.notice.name.fa.chars().filter(|c| letters(*c)).count() >= 5, "{row:?}");
        assert!(!row.notice.name.en.contains(letters), "{row:?}");
    }
    assert!(source.holidays().iter().any(|row| row.notice.name.fa.contains("ملی‌شدن")));
    let assumed: Vec<&str> = source
        .weekly_hours()
        .iter()
        .filter(|row| row.notice.certainty == Certainty::Assumption)
        .map(|row| &*row.notice.name.en)
        .collect();
    assert_eq!(assumed, ["Usual office hours"]);
    assert_eq!(source.version().len(), 64);
    let changed = CalendarSource::parse("ir.yaml", &IR.replace("07:30-14:30", "07:30-14:31"));
    assert_ne!(changed.unwrap().version(), source.version());
}

#[test]
fn days_of_the_calendar() {
    let calendars = ir();
    let of = |text: &str| calendars.national().day(date(text));
    for (day, opens, closes) in [
        ("1403/01/05", (7, 30), (14, 30)),
        ("1403/01/14", (7, 30), (14, 30)),
        ("1404/06/31", (7, 30), (14, 30)),
        ("1404/07/01", (7, 0), (14, 30)),
        ("1404/09/30", (7, 0), (14, 30)),
        ("1404/10/01", (8, 0), (14, 0)),
        ("1405/01/15", (8, 0), (14, 0)),
        ("1405/01/16", (7, 30), (14, 30)),
    ] {
        let DayKind::Open { intervals, .. } = of(day).kind else { panic!("{day} is worked") };
        assert_eq!(intervals.len(), 1);
        assert_eq!(intervals[0].opens, at(day, opens.0, opens.1), "{day}");
        assert_eq!(intervals[0].closes, at(day, closes.0, closes.1), "{day}");
    }
    for (day, names) in [
        ("1403/01/01", &["Nowruz"][..]),
        ("1403/01/13", &["Martyrdom of Imam Ali", "Nature Day (Sizdah Bedar)"]),
        ("1403/12/30", &["Usual office hours", "Last day of leap year (30 Esfand)"]),
        ("1404/01/01", &["Usual office hours", "Nowruz"]),
        ("1402/05/11", &["Nationwide heat closure (Cabinet decree)"]),
        ("1403/02/06", &["Usual office hours"]),
        ("1403/02/07", &["Usual office hours"]),
    ] {
        let DayKind::Closed { why } = of(day).kind else { panic!("{day} is not worked") };
        let told: Vec<&str> = why.iter().map(|why| &*why.row().unwrap().name.en).collect();
        assert_eq!(told, names, "{day}");
    }
    let DayKind::Closed { why } = of("1403/12/30").kind else { panic!("not worked") };
    assert!(matches!(&why[..], [Reason::WeeklyDayOff { .. }, Reason::Holiday { row }]
        if row.certainty == Certainty::Disputed));
    assert!(!of("1405/12/29").beyond_published);
    assert!(of("1406/01/01").beyond_published);
}

#[test]
fn headquarters_close_later_in_the_cold_season() {
    let calendars = ir();
    let (root, tehran, county) = (UnitId::from("ir"), UnitId::from("23"), UnitId::from("2301"));
    let start = at("1404/10/06", 10, 0);
    let deadline = |path: &[&UnitId]| {
        after(calendars.for_unit(path.iter().copied()), start, Term::working_days(1)).unwrap()
    };
    assert_eq!(deadline(&[&root]), at("1404/10/07", 15, 0));
    assert_eq!(deadline(&[&tehran, &root]), at("1404/10/07", 14, 0));
    assert_eq!(deadline(&[&county, &tehran, &root]), at("1404/10/07", 14, 0));
}

#[test]
fn terms_in_iran() {
    let calendars = ir();
    for (term, start, deadline) in [
        // Saturday before Nowruz 1404: Sunday to Tuesday, then Tuesday the 5th of Farvardin.
        ("4 wd", at("1403/12/25", 10, 0), at("1404/01/05", 14, 30)),
        // From a Thursday: Saturday to Monday, oil day, and Nowruz to Saturday the 4th.
        ("2 wd", at("1402/12/24", 9, 0), at("1402/12/27", 14, 30)),
        ("3 wd", at("1402/12/24", 9, 0), at("1402/12/28", 14, 30)),
        ("4 wd", at("1402/12/24", 9, 0), at("1403/01/05", 14, 30)),
        ("5 wd", at("1402/12/24", 9, 0), at("1403/01/06", 14, 30)),
        // 13 and 14 Khordad are holidays, then Thursday and Friday.
        ("1 wd", at("1404/03/13", 9, 0), at("1404/03/17", 14, 30)),
        ("1 d", at("1404/03/13", 9, 0), at("1404/03/17", 14, 30)),
        ("30 d", at("1403/05/01", 9, 0), at("1403/05/31", 14, 30)),
        // The thirtieth day is Friday 12 Mordad.
        ("30 d", at("1403/04/13", 9, 0), at("1403/05/13", 14, 30)),
    ] {
        let term: Term = term.parse().unwrap();
        let found = after(calendars.national(), start, term).unwrap();
        assert_eq!(found, deadline, "{term} from {start}");
    }
}

fn problems(text: &str) -> Vec<String> {
    let problems = CalendarSource::parse("test.yaml", text).unwrap_err();
    problems
        .iter()
        .map(|problem| format!("{}: {}", problem.code, &text[problem.span.clone()]))
        .collect()
}

const GOOD: &str = "\
calendar: test
title: { fa: آزمون, en: Test }
zone: Asia/Tehran
day_ends: midnight
hours:
  - { name: { fa: ساعت, en: Hours }, week: { sat-wed: [08:00-12:00, 13:00-16:00], thu: 08:00-12:00 }, certainty: assumption }
closures:
  - { name: { fa: برف, en: Snow }, date: 1403/11/01, certainty: announced, source: 'https://example.org/', unit: '23' }
  - { name: { fa: دود, en: Smog }, from: 1403/10/01, until: 1403/10/03, hours: 11:00-24:00, certainty: assumption }
working_days:
  - { name: { fa: جبران, en: Exchange }, date: 1403/10/07, hours: [08:00-12:00], certainty: assumption }
";

#[test]
fn a_small_calendar_is_read() {
    let source = CalendarSource::parse("test.yaml", GOOD).unwrap();
    assert_eq!((source.closures().len(), source.extra_working_days().len()), (2, 1));
    let calendars = Calendars::compile(source);
    let thursday = calendars.national().day(date("1403/09/29"));
    assert!(thursday.is_open());
    assert!(calendars.national().day(date("1403/10/07")).is_open());
    assert!(calendars.national().day(date("1403/11/01")).is_open());
    let province = UnitId::from("23");
    assert!(!calendars.for_unit([&province].into_iter()).day(date("1403/11/01")).is_open());
}

#[test]
fn every_problem_is_told_with_its_place() {
    let replace = |from: &str, to: &str| {
        assert!(GOOD.contains(from), "{from}");
        problems(&GOOD.replacen(from, to, 1))
    };
    for (from, to, expected) in [
        ("Asia/Tehran", "Asia/Teheran", "not-a-zone: Asia/Teheran"),
        ("midnight", "noon", "unknown-choice: noon"),
        ("13:00-16:00", "11:00-16:00", "overlapping-hours: 11:00-16:00"),
        ("thu: 08:00-12:00", "thu: 12:00-08:00", "not-hours: 12:00-08:00"),
        ("thu: 08:00-12:00", "thu: 12:00-12:00", "not-hours: 12:00-12:00"),
        ("thu: 08:00-12:00", "thu: 08:00-24:01", "not-hours: 08:00-24:01"),
        ("thu: 08:00-12:00", "wed: 08:00-12:00", "weekday-twice: wed"),
        ("thu: 08:00-12:00", "saturday: 08:00-12:00", "not-weekdays: saturday"),
        ("1403/11/01", "1402/12/30", "not-a-date: 1402/12/30"),
        ("1403/11/01", "1800-01-01", "date-out-of-reach: 1800-01-01"),
        ("until: 1403/10/03", "until: 1403/09/03", "dates-reversed: 1403/09/03"),
        ("'https://example.org/'", "moon", "unknown-source: moon"),
        (", source: 'https://example.org/'", "", "missing-key: {"),
        ("unit: '23'", "unit: تهران", "not-a-unit: تهران"),
        ("unit: '23'", "unit: '23', office: '23'", "unknown-key: office"),
        ("closures:", "closurs:", "unknown-key: closurs"),
    ] {
        assert_eq!(replace(from, to), [expected], "{from} -> {to}");
    }
    let circle = format!("{GOOD}within: {{ '23': '24', '24': '23' }}\n");
    assert_eq!(problems(&circle), ["unit-circle: '23'", "unit-circle: '24'"]);
    let closed = "calendar: c\ntitle: { fa: الف, en: A }\nzone: UTC\nday_ends: midnight\n\
                  hours:\n  - { name: { fa: الف, en: A }, week: {}, certainty: assumption }\n";
    assert_eq!(problems(closed), ["no-working-day: hours"]);
    let both = GOOD.replace(
        "closures:",
        "  - { name: { fa: ب, en: B }, week: { sat: 08:00-09:00 }, certainty: assumption }\nclosures:",
    );
    assert_eq!(problems(&both), ["hours-twice: {"]);
    // All at once, not one after the other.
    let many = GOOD.replace("Asia/Tehran", "X").replace("1403/1", "1402/3");
    assert!(problems(&many).len() >= 5, "{:?}", problems(&many));
}

#[test]
fn hostile_calendars_are_bounded() {
    let row = |day: usize, extra: &str| {
        format!(
            "  - {{ name: {{ fa: الف, en: A }}, from: 1900-01-01, until: 22{:02}-12-31, \
             certainty: assumption{extra} }}\n",
            day % 100
        )
    };
    let closed: String = (0..500).map(|day| row(day, "")).collect();
    let text = GOOD.replace("closures:\n", &format!("closures:\n{closed}"));
    let problems = CalendarSource::parse("test.yaml", &text).unwrap_err();
    assert_eq!(problems[0].code, code::TOO_MANY_ROWS);
    let units: String = (0..700).map(|unit| {
        format!(
            "  - {{ name: {{ fa: الف, en: A }}, date: 1403/01/01, certainty: assumption, unit: u{unit} }}\n"
        )
    }).collect();
    let text = GOOD.replace("closures:\n", &format!("closures:\n{units}"));
    let problems = CalendarSource::parse("test.yaml", &text).unwrap_err();
    assert_eq!(problems[0].code, code::TOO_MANY_ROWS);
    assert!(document::has_errors(&problems));
}
