//! Deadlines, worked out by hand. Times are local, in Iran (+03:30 in these years).
//!
//! The office is open from Saturday to Wednesday, 07:30 to 14:30. March 2025, with the last days of
//! the leap year 1403:
//!
//! ```text
//! Sat 15  Sun 16  Mon 17  Tue 18  Wed 19 (holiday)  Thu 20 (30 Esfand)  Fri 21 (Nowruz)
//! Sat 22 (holiday)  Sun 23 (holiday)  Mon 24 (holiday)  Tue 25  Wed 26  Thu 27  Fri 28
//! Sat 29  Sun 30  Mon 31 (holiday)
//! ```
#![allow(clippy::unwrap_used)]

use chrono::{NaiveDate, NaiveDateTime, TimeZone, Weekday::*};
use parvaneh_core::{
    Instant, Ledger, NoDeadline, Suspension, Term, UnitId,
    calendar::{
        Calendar, CalendarSource, Calendars, Certainty, Closure, DayEnds, DayKind, ExtraWorkingDay,
        Holiday, Hours, Notice, Reason, Scope, WeeklyHours, after, before,
    },
    clock::Verdict,
    definition::Text,
};

fn notice(name: &str, scope: Scope) -> Notice {
    Notice {
        name: Text { fa: name.to_owned(), en: name.to_owned() },
        scope,
        certainty: Certainty::Sourced,
        sources: vec!["test".to_owned()],
        note: None,
    }
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn hours(text: &str) -> Vec<Hours> {
    text.split(", ").map(|hours| hours.parse().unwrap()).collect()
}

/// The instant of a local time in Iran: `2025-03-18 14:30`.
fn at(text: &str) -> Instant {
    let format = if text.len() > 16 { "%Y-%m-%d %H:%M:%S%.f" } else { "%Y-%m-%d %H:%M" };
    let local = NaiveDateTime::parse_from_str(text, format).unwrap();
    chrono_tz::Asia::Tehran.from_local_datetime(&local).unwrap().to_utc()
}

fn local(at: Instant) -> String {
    at.with_timezone(&chrono_tz::Asia::Tehran).format("%Y-%m-%d %H:%M:%S%.f").to_string()
}

fn source() -> CalendarSource {
    let mut source =
        CalendarSource::new("ir".into(), chrono_tz::Asia::Tehran, DayEnds::CloseOfBusiness);
    source.add_weekly_hours(WeeklyHours::on(
        notice("office hours", Scope::Nation),
        &[Sat, Sun, Mon, Tue, Wed],
        &hours("07:30-14:30"),
    ));
    for (day, name) in [
        ("2025-03-19", "oil"),
        ("2025-03-20", "30 Esfand"),
        ("2025-03-21", "Nowruz"),
        ("2025-03-22", "Nowruz"),
        ("2025-03-23", "Nowruz"),
        ("2025-03-24", "Nowruz"),
        ("2025-03-31", "Eid al-Fitr"),
    ] {
        let notice = notice(name, Scope::Nation).into();
        source.add_holiday(Holiday { notice, date: date(day), kind: None });
    }
    source
}

fn calendars(source: CalendarSource) -> Calendars {
    Calendars::compile_between(source, date("2020-01-01"), date("2030-12-31"))
}

fn with(change: impl FnOnce(&mut CalendarSource)) -> Calendars {
    let mut source = source();
    change(&mut source);
    calendars(source)
}

/// `2025-03-17 10:00/2025-03-18 09:00, …`
fn ledger(term: &str, start: &str, suspended: &str) -> Ledger {
    let mut ledger = Ledger::start(term.parse().unwrap(), at(start));
    for suspension in suspended.split(", ").filter(|text| !text.is_empty()) {
        let (from, until) = suspension.split_once('/').unwrap();
        let until = (!until.is_empty()).then(|| at(until));
        ledger.suspensions.push(Suspension { from: at(from), until });
    }
    ledger
}

/// Both reckonings: they must agree.
fn reckon(ledger: &Ledger, calendar: &Calendar) -> Result<Option<Instant>, NoDeadline> {
    let deadline = ledger.deadline(calendar);
    let explained = ledger.explain(calendar);
    assert_eq!(explained.map(|explanation| explanation.deadline), deadline, "{ledger:?}");
    deadline
}

#[track_caller]
fn check(calendar: &Calendar, table: &[(&str, &str, &str, &str)]) {
    for (term, start, suspended, expected) in table {
        let ledger = ledger(term, start, suspended);
        let deadline = reckon(&ledger, calendar).unwrap().unwrap();
        assert_eq!(local(deadline), format!("{expected}:00"), "{term} from {start}, {suspended}");
    }
}

#[test]
fn working_days() {
    let calendars = calendars(source());
    check(
        calendars.national(),
        &[
            // The day of the start is not counted, whenever on that day.
            ("1 wd", "2025-03-15 00:00", "", "2025-03-16 14:30"),
            ("1 wd", "2025-03-15 10:00", "", "2025-03-16 14:30"),
            ("1 wd", "2025-03-15 23:59", "", "2025-03-16 14:30"),
            ("3 wd", "2025-03-15 10:00", "", "2025-03-18 14:30"),
            // Over oil day, 30 Esfand and Nowruz.
            ("4 wd", "2025-03-15 10:00", "", "2025-03-25 14:30"),
            ("1 wd", "2025-03-18 14:30", "", "2025-03-25 14:30"),
            // From a day off.
            ("1 wd", "2025-03-21 10:00", "", "2025-03-25 14:30"),
            ("0 wd", "2025-03-21 10:00", "", "2025-03-21 10:00"),
            // Suspended exactly at the close: the day counts.
            ("2 wd", "2025-03-15 10:00", "2025-03-16 14:30/2025-03-17 09:00", "2025-03-17 14:30"),
            // A minute earlier: it does not.
            ("2 wd", "2025-03-15 10:00", "2025-03-16 14:29/2025-03-17 09:00", "2025-03-18 14:30"),
            // Resumed exactly at the close: it does not.
            ("2 wd", "2025-03-15 10:00", "2025-03-16 10:00/2025-03-16 14:30", "2025-03-18 14:30"),
            // A minute earlier: it does.
            ("2 wd", "2025-03-15 10:00", "2025-03-16 10:00/2025-03-16 14:29", "2025-03-17 14:30"),
            // Over midnight, from after one close to before the next: nothing is lost.
            ("2 wd", "2025-03-15 10:00", "2025-03-16 20:00/2025-03-17 08:00", "2025-03-17 14:30"),
            // Two suspensions on one day lose that day once.
            (
                "2 wd",
                "2025-03-15 10:00",
                "2025-03-16 08:00/2025-03-16 15:00, 2025-03-16 16:00/2025-03-16 17:00",
                "2025-03-18 14:30",
            ),
            // Touching: the instant between them is the end of one that was resumed at it.
            (
                "2 wd",
                "2025-03-15 10:00",
                "2025-03-16 08:00/2025-03-16 14:30, 2025-03-16 14:30/2025-03-16 15:00",
                "2025-03-18 14:30",
            ),
            // Unsorted and overlapping; an empty one at the close counts nothing.
            (
                "1 wd",
                "2025-03-15 10:00",
                "2025-03-17 08:00/2025-03-18 10:00, 2025-03-16 09:00/2025-03-17 09:00",
                "2025-03-18 14:30",
            ),
            ("1 wd", "2025-03-15 10:00", "2025-03-16 14:30/2025-03-16 14:30", "2025-03-16 14:30"),
            // Suspended before it started.
            ("1 wd", "2025-03-15 10:00", "2025-03-14 10:00/2025-03-16 20:00", "2025-03-17 14:30"),
        ],
    );
}

#[test]
fn calendar_days() {
    let calendars = calendars(source());
    check(
        calendars.national(),
        &[
            ("1 d", "2025-03-15 10:00", "", "2025-03-16 14:30"),
            ("3 d", "2025-03-15 10:00", "", "2025-03-18 14:30"),
            // The 4th to the 9th day are off: all roll onto Tuesday the 25th.
            ("4 d", "2025-03-15 10:00", "", "2025-03-25 14:30"),
            ("9 d", "2025-03-15 10:00", "", "2025-03-25 14:30"),
            ("10 d", "2025-03-15 10:00", "", "2025-03-25 14:30"),
            ("11 d", "2025-03-15 10:00", "", "2025-03-26 14:30"),
            // Suspended exactly at midnight: the day counts.
            ("1 d", "2025-03-15 10:00", "2025-03-17 00:00/2025-03-17 09:00", "2025-03-16 14:30"),
            // Resumed exactly at midnight: it does not.
            ("1 d", "2025-03-15 10:00", "2025-03-16 20:00/2025-03-17 00:00", "2025-03-17 14:30"),
            // Over the close of one day, but running again by midnight: nothing is lost.
            ("2 d", "2025-03-15 10:00", "2025-03-16 10:00/2025-03-16 20:00", "2025-03-17 14:30"),
            // Over midnight: that day is lost, also at night.
            ("2 d", "2025-03-15 10:00", "2025-03-16 23:00/2025-03-17 01:00", "2025-03-18 14:30"),
            // Rolls forward onto a day over whose midnight it is suspended, and on.
            ("9 d", "2025-03-15 10:00", "2025-03-25 23:00/2025-03-26 01:00", "2025-03-26 14:30"),
            // Over Tuesday and Wednesday; Thursday and Friday are off.
            ("9 d", "2025-03-15 10:00", "2025-03-25 23:00/2025-03-27 01:00", "2025-03-29 14:30"),
            // By the letter, it is the midnight that decides whether a day counts, and the close
            // at which the deadline lies: resumed in the evening, the day still counts, and the
            // deadline has gone by; suspended in the evening, the day is lost, although its close
            // had come.
            ("1 d", "2025-03-15 10:00", "2025-03-16 10:00/2025-03-16 20:00", "2025-03-16 14:30"),
            ("1 d", "2025-03-15 10:00", "2025-03-16 20:00/2025-03-17 10:00", "2025-03-17 14:30"),
            // Days lost, and then the last one rolls.
            ("2 d", "2025-03-15 10:00", "2025-03-16 10:00/2025-03-18 10:00", "2025-03-25 14:30"),
        ],
    );
    check(
        &calendars.national().with_day_ends(DayEnds::Midnight),
        &[
            ("1 d", "2025-03-15 10:00", "", "2025-03-17 00:00"),
            ("4 d", "2025-03-15 10:00", "", "2025-03-26 00:00"),
            ("1 d", "2025-03-15 10:00", "2025-03-17 00:00/2025-03-17 09:00", "2025-03-17 00:00"),
            ("1 d", "2025-03-15 10:00", "2025-03-16 20:00/2025-03-17 00:00", "2025-03-18 00:00"),
            // Working days end at the close of business, whatever the end of a day is.
            ("1 wd", "2025-03-15 10:00", "", "2025-03-16 14:30"),
        ],
    );
}

#[test]
fn working_and_elapsed_hours() {
    let calendars = calendars(source());
    check(
        calendars.national(),
        &[
            ("4 wh", "2025-03-15 10:00", "", "2025-03-15 14:00"),
            // Up to the close, not to the next opening.
            ("7 wh", "2025-03-15 07:30", "", "2025-03-15 14:30"),
            ("7 wh", "2025-03-15 03:00", "", "2025-03-15 14:30"),
            ("5 wh", "2025-03-15 10:00", "", "2025-03-16 08:00"),
            ("1 wh", "2025-03-18 14:30", "", "2025-03-25 08:30"),
            ("5 wh", "2025-03-15 10:00", "2025-03-15 11:00/2025-03-15 12:00", "2025-03-16 09:00"),
            ("4 wh", "2025-03-15 10:00", "2025-03-15 14:00/2025-03-16 12:00", "2025-03-15 14:00"),
            ("5 wh", "2025-03-15 10:00", "2025-03-15 13:00/2025-03-16 09:00", "2025-03-16 11:00"),
            // At night nothing is lost.
            ("5 wh", "2025-03-15 10:00", "2025-03-15 20:00/2025-03-16 05:00", "2025-03-16 08:00"),
            ("48 h", "2025-03-15 10:00", "", "2025-03-17 10:00"),
            ("48 h", "2025-03-15 10:00", "2025-03-16 10:00/2025-03-16 11:30", "2025-03-17 11:30"),
            ("1 h", "2025-03-15 10:00", "2025-03-15 11:00/2025-03-16 11:00", "2025-03-15 11:00"),
            ("1 h", "2025-03-15 10:00", "2025-03-15 09:00/2025-03-15 12:00", "2025-03-15 13:00"),
        ],
    );
}

#[test]
fn several_intervals_a_day_and_closed_hours() {
    let calendars = with(|source| {
        source.add_weekly_hours(
            WeeklyHours::on(
                notice("two shifts", Scope::Nation),
                &[Sat, Sun, Mon],
                &hours("15:00-18:00, 08:00-12:00"),
            )
            .valid(Some(date("2025-04-01")), None),
        );
        source.add_closure(Closure {
            notice: notice("heat", Scope::Nation).into(),
            from: date("2025-04-06"),
            until: date("2025-04-07"),
            hours: Some(hours("11:00-24:00")),
        });
    });
    check(
        calendars.national(),
        &[
            // Saturday the 5th is whole; Sunday and Monday end at 11.
            ("1 wd", "2025-04-04 10:00", "", "2025-04-05 18:00"),
            ("2 wd", "2025-04-04 10:00", "", "2025-04-06 11:00"),
            ("3 wd", "2025-04-04 10:00", "", "2025-04-07 11:00"),
            ("4 wd", "2025-04-04 10:00", "", "2025-04-12 18:00"),
            ("4 wh", "2025-04-05 08:00", "", "2025-04-05 12:00"),
            ("5 wh", "2025-04-05 08:00", "", "2025-04-05 16:00"),
            ("9 wh", "2025-04-05 08:00", "", "2025-04-06 10:00"),
            ("11 wh", "2025-04-05 08:00", "", "2025-04-07 09:00"),
            // Suspended over lunch: nothing is lost of the working time.
            ("5 wh", "2025-04-05 08:00", "2025-04-05 12:00/2025-04-05 15:00", "2025-04-05 16:00"),
        ],
    );
    let DayKind::Open { intervals, notes } = calendars.national().day(date("2025-04-06")).kind
    else {
        panic!("a working day");
    };
    assert_eq!(intervals.len(), 1);
    assert_eq!(intervals[0].closes, at("2025-04-06 11:00"));
    assert!(matches!(&notes[..], [Reason::Closure { row, .. }] if row.name.en == "heat"));
}

#[test]
fn the_narrower_scope_has_the_last_word() {
    let (tehran, city, qom, root) =
        (UnitId::from("23"), UnitId::from("2301"), UnitId::from("25"), UnitId::from("ir"));
    let calendars = with(|source| {
        let scope = || Scope::Unit("23".into());
        source.set_within("2301".into(), "23".into());
        source.add_closure(Closure {
            notice: notice("smog", scope()).into(),
            from: date("2025-03-16"),
            until: date("2025-03-16"),
            hours: None,
        });
        source.add_weekly_hours(
            WeeklyHours::on(
                notice("cold", scope()),
                &[Sat, Sun, Mon, Tue, Wed],
                &hours("09:00-13:00"),
            )
            .valid(Some(date("2025-03-17")), Some(date("2025-03-18"))),
        );
        source.add_extra_working_day(ExtraWorkingDay {
            notice: notice("after the smog", Scope::Unit("2301".into())).into(),
            date: date("2025-03-20"),
            hours: hours("08:00-12:00"),
        });
        source.add_weekly_hours(WeeklyHours::on(
            notice("headquarters", Scope::Office("ir".into())),
            &[Sat, Sun, Mon, Tue, Wed],
            &hours("08:00-15:00"),
        ));
    });
    let start = "2025-03-15 10:00";
    let of = |path: &[&UnitId]| calendars.for_unit(path.iter().copied()).clone();
    check(
        &of(&[&qom, &root]),
        &[("1 wd", start, "", "2025-03-16 14:30"), ("4 wd", start, "", "2025-03-25 14:30")],
    );
    check(
        &of(&[&tehran, &root]),
        &[
            ("1 wd", start, "", "2025-03-17 13:00"),
            ("2 wd", start, "", "2025-03-18 13:00"),
            ("3 wd", start, "", "2025-03-25 14:30"),
        ],
    );
    check(
        &of(&[&city, &tehran, &root]),
        &[
            ("1 wd", start, "", "2025-03-17 13:00"),
            ("3 wd", start, "", "2025-03-20 12:00"),
            ("4 wd", start, "", "2025-03-25 14:30"),
        ],
    );
    check(&of(&[&root]), &[("1 wd", start, "", "2025-03-16 15:00")]);
    let day = of(&[&city, &tehran, &root]).day(date("2025-03-16"));
    let DayKind::Closed { why } = day.kind else { panic!("closed by smog") };
    assert_eq!(why.len(), 1);
    assert_eq!(why[0].row().unwrap().name.en, "smog");
}

#[test]
fn an_offset_before_a_deadline() {
    let calendars = calendars(source());
    let calendar = calendars.national();
    for (term, deadline, expected) in [
        ("0 wd", "2025-03-25 14:30", "2025-03-25 14:30"),
        ("1 wd", "2025-03-25 14:30", "2025-03-18 14:30"),
        ("3 wd", "2025-03-25 14:30", "2025-03-16 14:30"),
        // A deadline at midnight belongs to the day that it ends.
        ("1 wd", "2025-03-18 00:00", "2025-03-16 14:30"),
        ("1 d", "2025-03-25 14:30", "2025-03-24 14:30"),
        ("30 d", "2025-03-25 14:30", "2025-02-23 14:30"),
        ("5 h", "2025-03-25 14:30", "2025-03-25 09:30"),
        ("5 wh", "2025-03-25 14:30", "2025-03-25 09:30"),
        // The start of the working day, not the close of the one before.
        ("7 wh", "2025-03-25 14:30", "2025-03-25 07:30"),
        ("8 wh", "2025-03-25 14:30", "2025-03-18 13:30"),
        ("1 wh", "2025-03-22 10:00", "2025-03-18 13:30"),
    ] {
        let term: Term = term.parse().unwrap();
        let warning = before(calendar, at(deadline), term).unwrap();
        assert_eq!(local(warning), format!("{expected}:00"), "{term} before {deadline}");
    }
    let none: Term = "0 d".parse().unwrap();
    assert_eq!(after(calendar, at("2025-03-21 03:00"), none), Ok(at("2025-03-21 03:00")));
    let two = Term::working_days(2);
    assert_eq!(after(calendar, at("2025-03-18 14:30"), two), Ok(at("2025-03-26 14:30")));
}

#[test]
fn a_suspended_clock_has_no_deadline() {
    let calendars = calendars(source());
    let calendar = calendars.national();
    for term in ["3 wd", "3 d", "20 wh", "72 h", "0 h"] {
        let mut ledger = ledger(term, "2025-03-15 10:00", "");
        ledger.suspend(at("2025-03-16 10:00"));
        ledger.suspend(at("2025-03-16 11:00"));
        assert!(ledger.is_suspended());
        assert_eq!(reckon(&ledger, calendar), Ok(None), "{term}");
        let resumed = at("2025-03-17 10:00");
        let expected = ledger.deadline_if_resumed(calendar, resumed).unwrap();
        ledger.resume(resumed);
        assert_eq!(ledger.suspensions.len(), 1);
        assert_eq!(reckon(&ledger, calendar), Ok(Some(expected)), "{term}");
    }
    // What had come before the suspension stays.
    for term in ["1 wd", "1 d", "3 wh", "3 h"] {
        let mut late = ledger(term, "2025-03-15 10:00", "");
        let deadline = late.deadline(calendar).unwrap();
        late.suspend(at("2025-03-18 10:00"));
        assert_eq!(reckon(&late, calendar), Ok(None), "{term}");
        assert_eq!(late.deadline_despite_suspension(calendar), Ok(deadline), "{term}");
    }
    let mut early = ledger("5 wd", "2025-03-15 10:00", "");
    early.suspend(at("2025-03-18 10:00"));
    assert_eq!(early.deadline_despite_suspension(calendar), Ok(None));
}

#[test]
fn extensions_and_the_raw_deadline() {
    let calendars = calendars(source());
    let calendar = calendars.national();
    let mut ledger = ledger("1 wd", "2025-03-15 10:00", "2025-03-16 10:00/2025-03-16 15:00");
    ledger.extend(1);
    ledger.extend(1);
    assert_eq!(reckon(&ledger, calendar), Ok(Some(at("2025-03-25 14:30"))));
    assert_eq!(ledger.raw_deadline(calendar), Ok(at("2025-03-16 14:30")));
    let explanation = ledger.explain(calendar).unwrap();
    assert_eq!((explanation.count, explanation.extensions), (3, vec![1, 1]));
}

#[test]
fn calendars_that_end_and_calendars_that_never_work() {
    let empty = CalendarSource::new("empty".into(), chrono_tz::UTC, DayEnds::CloseOfBusiness);
    let empty = calendars(empty);
    for term in ["1 wd", "1 d", "1 wh"] {
        let ledger = ledger(term, "2025-03-15 10:00", "");
        assert_eq!(reckon(&ledger, empty.national()), Err(NoDeadline::NoWorkingTime), "{term}");
    }
    let hours = ledger("1 h", "2025-03-15 10:00", "");
    assert_eq!(reckon(&hours, empty.national()), Ok(Some(at("2025-03-15 11:00"))));

    let calendars = calendars(source());
    for (term, start) in [
        ("100000 wd", "2025-03-15 10:00"),
        ("100000 d", "2025-03-15 10:00"),
        ("100000 wh", "2025-03-15 10:00"),
        ("1 wd", "2031-01-01 10:00"),
        ("1 d", "2019-12-31 10:00"),
        ("1 wh", "2019-12-31 10:00"),
        ("1 wd", "2030-12-31 10:00"),
        ("1 d", "2030-12-31 10:00"),
    ] {
        let refused = reckon(&ledger(term, start, ""), calendars.national()).unwrap_err();
        assert_eq!(refused.code(), "beyond-calendar", "{term} from {start}");
    }
    let mut endless = ledger("1 h", "2025-03-15 10:00", "");
    endless.extensions = vec![u32::MAX; 1000];
    assert_eq!(reckon(&endless, calendars.national()).unwrap_err().code(), "beyond-calendar");
}

#[test]
fn instants_at_the_ends_of_time_are_refused_not_panicked_over() {
    let calendars = calendars(source());
    let calendar = calendars.national();
    for start in [Instant::MIN_UTC, Instant::MAX_UTC, Instant::UNIX_EPOCH] {
        for term in ["1 wd", "1 d", "1 wh", "1 h", "0 d"] {
            let term: Term = term.parse().unwrap();
            let mut ledger = Ledger::start(term, start);
            for _ in 0..3 {
                let _ = reckon(&ledger, calendar);
                let _ = before(calendar, start, term);
                let _ = ledger.deadline_if_resumed(calendar, start);
                ledger
                    .suspensions
                    .push(Suspension { from: Instant::MIN_UTC, until: Some(Instant::MAX_UTC) });
                let _ = reckon(&ledger, calendar);
                ledger.suspend(at("2025-03-15 10:00"));
            }
        }
        let _ = calendar.local_date(start);
    }
    for date in [NaiveDate::MIN, NaiveDate::MAX] {
        assert_eq!(calendar.day(date).date, date);
        let _ = calendar.start_of(date);
    }
}

#[test]
fn an_explanation_tells_every_day() {
    let calendars = calendars(source());
    let explanation = ledger("4 d", "2025-03-15 10:00", "2025-03-16 10:00/2025-03-17 10:00")
        .explain(calendars.national())
        .unwrap();
    let told: Vec<String> = explanation
        .lines
        .iter()
        .map(|line| {
            let verdict = match &line.verdict {
                Verdict::StartDay => "start".to_owned(),
                Verdict::Counted { number } => number.to_string(),
                Verdict::Suspended { .. } => "suspended".to_owned(),
                Verdict::RolledForward { number, why } => {
                    let names: Vec<&str> =
                        why.iter().map(|why| &*why.row().unwrap().name.en).collect();
                    format!("{number:?} rolls: {}", names.join(" + "))
                }
                Verdict::RolledTo => "ends".to_owned(),
                other => format!("{other:?}"),
            };
            format!("{} {} {verdict}", line.date.format("%m-%d"), line.weekday)
        })
        .collect();
    assert_eq!(
        told,
        [
            "03-15 Sat start",
            "03-16 Sun suspended",
            "03-17 Mon 1",
            "03-18 Tue 2",
            "03-19 Wed 3",
            "03-20 Thu Some(4) rolls: office hours + 30 Esfand",
            "03-21 Fri None rolls: office hours + Nowruz",
            "03-22 Sat None rolls: Nowruz",
            "03-23 Sun None rolls: Nowruz",
            "03-24 Mon None rolls: Nowruz",
            "03-25 Tue ends",
        ]
    );
    assert_eq!(explanation.deadline, Some(at("2025-03-25 14:30")));
}

#[test]
fn clocks_were_set_forward_at_midnight_until_2022() {
    let calendars = calendars(source());
    let calendar = calendars.national().with_day_ends(DayEnds::Midnight);
    // 2022-03-21 ended at 24:00, which was 01:00 of the 22nd: that midnight never came.
    let ledger = Ledger::start(Term::days(1), at("2022-03-20 10:00"));
    let deadline = reckon(&ledger, &calendar).unwrap().unwrap();
    assert_eq!(deadline.to_rfc3339(), "2022-03-21T20:30:00+00:00");
    assert_eq!(calendar.local_date(deadline), date("2022-03-22"));
    // Elapsed hours don't care; working days stay at local times.
    check(
        &calendar,
        &[
            ("24 h", "2022-03-21 10:00", "", "2022-03-22 11:00"),
            ("1 wd", "2022-03-21 10:00", "", "2022-03-22 14:30"),
            ("24 h", "2022-09-21 10:00", "", "2022-09-22 09:00"),
        ],
    );
}
