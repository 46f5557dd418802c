//! Random calendars and clocks: three reckonings that share no arithmetic must agree. The engine's
//! own, its explanation, and the one in this file, which looks at every single minute.
#![allow(clippy::unwrap_used)]

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, Timelike, Weekday};
use chrono_tz::Tz;
use parvaneh_core::{
    CalendarSource, Calendars, Instant, Ledger, Suspension, Term, TermUnit, UnitId,
    calendar::{
        Calendar, Certainty, Closure, DayEnds, ExtraWorkingDay, Holiday, Hours, Notice, Scope,
        TimeOfDay, WeeklyHours, after, before,
    },
    clock::Verdict,
    definition::Text,
};
use proptest::{collection::vec, prelude::*};

/// Around the change of clocks in Iran on 2022-03-22 and Europe's on 2022-03-27.
const FIRST: NaiveDate = NaiveDate::from_ymd_opt(2022, 3, 10).unwrap();
const DAYS: i64 = 40;
const ZONES: [Tz; 4] =
    [chrono_tz::Asia::Tehran, chrono_tz::UTC, chrono_tz::Europe::Berlin, chrono_tz::Pacific::Apia];

/// A calendar as plain data, from which both the engine's and this file's are made.
#[derive(Clone, Debug)]
struct Plan {
    zone: Tz,
    ends: DayEnds,
    /// For the nation and the unit: hours of each weekday, from Monday.
    weekly: Vec<(Row, Vec<Vec<Hours>>)>,
    holidays: Vec<Row>,
    closures: Vec<(Row, i64, Option<Hours>)>,
    extra: Vec<(Row, Hours)>,
}

/// A day, from [`FIRST`] on, and whether the row is for the nation (0) or the unit (1).
type Row = (i64, usize);

fn hours() -> impl Strategy<Value = Hours> {
    // Not in the hours that change with the clocks, where a local time can come twice.
    (4u16..=21, 0u16..4, 1u16..=10).prop_map(|(hour, quarter, length)| {
        let opens = hour * 60 + quarter * 15;
        let closes = (opens + length * 25).min(1440);
        let time = |minutes: u16| TimeOfDay::new(minutes / 60, minutes % 60).unwrap();
        Hours { opens: time(opens), closes: time(closes) }
    })
}

fn row() -> impl Strategy<Value = Row> {
    (-2..DAYS + 2, 0usize..2)
}

prop_compose! {
    fn plan()(
        zone in prop::sample::select(&ZONES[..]),
        ends in prop::sample::select(&[DayEnds::CloseOfBusiness, DayEnds::Midnight][..]),
        national in vec(vec(hours(), 0..3), 7),
        weekly in vec((row(), vec(vec(hours(), 0..3), 7)), 0..3),
        holidays in vec(row(), 0..12),
        closures in vec((row(), 0i64..3, prop::option::of(hours())), 0..6),
        extra in vec((row(), hours()), 0..4),
    ) -> Plan {
        let weekly = std::iter::once(((-1000, 0), national)).chain(weekly).collect();
        Plan { zone, ends, weekly, holidays, closures, extra }
    }
}

fn date(day: i64) -> NaiveDate {
    FIRST + Duration::days(day)
}

fn notice(unit: usize) -> Notice {
    Notice {
        name: Text { fa: "الف".to_owned(), en: "a".to_owned() },
        scope: if unit == 0 { Scope::Nation } else { Scope::Unit(UnitId::from("23")) },
        certainty: Certainty::Assumption,
        sources: Vec::new(),
        note: None,
    }
}

impl Plan {
    fn compile(&self) -> Calendars {
        let mut source = CalendarSource::new("random".into(), self.zone, self.ends);
        for ((day, unit), week) in &self.weekly {
            let mut row = WeeklyHours::on(notice(*unit), &[], &[]).valid(Some(date(*day)), None);
            row.week = week.clone().try_into().unwrap();
            source.add_weekly_hours(row);
        }
        for (day, unit) in &self.holidays {
            let notice = notice(*unit).into();
            source.add_holiday(Holiday { notice, date: date(*day), kind: None });
        }
        for ((day, unit), more, hours) in &self.closures {
            source.add_closure(Closure {
                notice: notice(*unit).into(),
                from: date(*day),
                until: date(*day + *more),
                hours: hours.map(|hours| vec![hours]),
            });
        }
        for ((day, unit), hours) in &self.extra {
            source.add_extra_working_day(ExtraWorkingDay {
                notice: notice(*unit).into(),
                date: date(*day),
                hours: vec![*hours],
            });
        }
        // Long enough that chunks of days are shared, short enough to compile often.
        Calendars::compile_between(source, date(-600), date(600))
    }

    /// Whether the office of the unit (or of the nation) is open in the minute that begins at a
    /// local time.
    fn open(&self, unit: usize, local: NaiveDateTime) -> bool {
        let day = (local.date() - FIRST).num_days();
        let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap();
        let holds =
            |hours: &Hours| (hours.opens.minutes()..hours.closes.minutes()).contains(&minute);
        let weekday = local.weekday().num_days_from_monday() as usize;
        let mut open = false;
        // The row that begins last, of the narrowest scope; of equals, the one written last.
        for scope in (0..=unit).rev() {
            let rows = self.weekly.iter().filter(|((from, of), _)| *of == scope && *from <= day);
            if let Some((_, week)) = rows.max_by_key(|((from, _), _)| *from) {
                open = week[weekday].iter().any(holds);
                break;
            }
        }
        for scope in 0..=unit {
            let whole = self.closures.iter().any(|((from, of), more, hours)| {
                *of == scope && hours.is_none() && (*from..=from + more).contains(&day)
            });
            if whole || self.holidays.contains(&(day, scope)) {
                open = false;
            }
            let mut extra = self.extra.iter().filter(|(row, _)| *row == (day, scope)).peekable();
            if extra.peek().is_some() {
                open = extra.any(|(_, hours)| holds(hours));
            }
        }
        open && !self.closures.iter().any(|((from, of), more, hours)| {
            *of <= unit
                && (*from..=from + more).contains(&day)
                && hours.is_some_and(|hours| holds(&hours))
        })
    }
}

/// Every minute from the start on: its beginning in minutes since the start, its local time, and
/// whether it is open.
struct Minutes {
    local: Vec<NaiveDateTime>,
    open: Vec<bool>,
}

impl Minutes {
    fn of(plan: &Plan, unit: usize, start: Instant, count: i64) -> Self {
        let local: Vec<NaiveDateTime> = (0..count)
            .map(|minute| {
                let at = start + Duration::minutes(minute);
                at.with_timezone(&plan.zone).naive_local()
            })
            .collect();
        let open = local.iter().map(|local| plan.open(unit, *local)).collect();
        Self { local, open }
    }
}

/// The deadline in minutes since the start, by looking at every minute; `None` when it does not
/// come in these minutes. Suspensions are in minutes since the start.
fn reference(
    plan: &Plan,
    minutes: &Minutes,
    unit: TermUnit,
    count: u64,
    suspensions: &[(i64, i64)],
) -> Option<i64> {
    // Whether the clock was running up to the end of each minute.
    let mut stands = vec![false; minutes.local.len() + 1];
    for (from, until) in suspensions {
        for minute in (*from).max(0)..*until {
            if let Some(stands) = stands.get_mut(usize::try_from(minute).unwrap()) {
                *stands = true;
            }
        }
    }
    let Minutes { local, open } = minutes;
    let start_day = local[0].date();
    let whole_minutes = count * 60;
    let mut counted = 0;
    let mut rolling = false;
    for minute in 0..local.len() - 1 {
        let runs = !stands[minute];
        let today = local[minute].date();
        let ends_day = local[minute + 1].date() != today;
        match unit {
            TermUnit::Hours if runs => counted += 1,
            TermUnit::WorkingHours if runs && open[minute] => counted += 1,
            TermUnit::WorkingDays if today != start_day && runs && open[minute] => {
                let later =
                    (minute + 1..local.len()).take_while(|later| local[*later].date() == today);
                if !later.into_iter().any(|later| open[later]) {
                    counted += 1;
                    if counted == count {
                        return Some(minute as i64 + 1);
                    }
                }
            }
            TermUnit::Days if today != start_day && runs && ends_day => {
                counted += 1;
                if counted >= count || rolling {
                    let close = (0..=minute)
                        .rev()
                        .take_while(|at| local[*at].date() == today)
                        .find(|at| open[*at]);
                    match (close, plan.ends) {
                        (Some(_), DayEnds::Midnight) => return Some(minute as i64 + 1),
                        (Some(close), DayEnds::CloseOfBusiness) => return Some(close as i64 + 1),
                        (None, _) => rolling = true,
                    }
                }
            }
            _ => {}
        }
        if matches!(unit, TermUnit::Hours | TermUnit::WorkingHours) && counted == whole_minutes {
            return Some(minute as i64 + 1);
        }
    }
    None
}

#[derive(Clone, Debug)]
struct Clock {
    unit: TermUnit,
    count: u32,
    extensions: Vec<u32>,
    /// The start, in minutes since FIRST 00:00 UTC.
    start: i64,
    /// In minutes since the start.
    suspensions: Vec<(i64, i64)>,
}

prop_compose! {
    fn clock()(
        unit in prop::sample::select(
            &[TermUnit::WorkingDays, TermUnit::Days, TermUnit::WorkingHours, TermUnit::Hours][..]
        ),
        count in 1u32..12,
        extensions in vec(0u32..3, 0..2),
        start in 0i64..10 * 1440,
        // Often at round times, so that they meet closes and midnights.
        suspensions in vec((-300i64..DAYS * 96, prop::sample::select(&[0i64, 1, 3, 15, 60, 96, 200][..])), 0..5),
    ) -> Clock {
        let start = start / 15 * 15;
        let suspensions =
            suspensions.into_iter().map(|(from, length)| (from * 15, (from + length) * 15)).collect();
        Clock { unit, count, extensions, start, suspensions }
    }
}

impl Clock {
    fn started_at(&self) -> Instant {
        FIRST.and_hms_opt(0, 0, 0).unwrap().and_utc() + Duration::minutes(self.start)
    }

    fn at(&self, minute: i64) -> Instant {
        self.started_at() + Duration::minutes(minute)
    }

    fn ledger(&self) -> Ledger {
        let term = Term { count: self.count, unit: self.unit };
        let mut ledger = Ledger::start(term, self.started_at());
        ledger.extensions = self.extensions.clone();
        for (from, until) in &self.suspensions {
            let until = Some(self.at(*until));
            ledger.suspensions.push(Suspension { from: self.at(*from), until });
        }
        ledger
    }
}

fn of(calendars: &Calendars, unit: usize) -> &Calendar {
    let path = [UnitId::from("23"), UnitId::from("ir")];
    calendars.for_unit(path.iter().skip(1 - unit))
}

proptest! {
    #[test]
    fn the_deadline_is_that_of_a_walk_over_every_minute(
        plan in plan(), clock in clock(), unit in 0usize..2,
    ) {
        let calendars = plan.compile();
        let calendar = of(&calendars, unit);
        let ledger = clock.ledger();
        let found = ledger.deadline(calendar);
        // Some days more than the engine's answer: a later one would be found, too.
        let last = match found {
            Ok(Some(found)) => (found - clock.started_at()).num_minutes() + 4 * 1440,
            _ => i64::MAX,
        };
        let window = last.min((DAYS + 20) * 1440);
        let minutes = Minutes::of(&plan, unit, clock.started_at(), window);
        match reference(&plan, &minutes, clock.unit, ledger.count(), &clock.suspensions) {
            Some(minute) => prop_assert_eq!(found, Ok(Some(clock.at(minute)))),
            // Then it lies beyond what this file looks at, or does not come.
            None => prop_assert!(
                !matches!(found, Ok(Some(found)) if found < clock.at(window)),
                "{:?}", found
            ),
        }
    }

    #[test]
    fn the_explanation_agrees_with_the_deadline(
        plan in plan(), clock in clock(), unit in 0usize..2, open in prop::option::of(0i64..20_000),
    ) {
        let calendars = plan.compile();
        let calendar = of(&calendars, unit);
        let mut ledger = clock.ledger();
        if let Some(open) = open {
            ledger.suspensions.push(Suspension { from: clock.at(open), until: None });
        }
        let explained = ledger.explain(calendar);
        let deadline = ledger.deadline(calendar);
        prop_assert_eq!(explained.as_ref().map(|it| it.deadline).map_err(Clone::clone), deadline.clone());
        prop_assert_eq!(ledger.clone().normalised().deadline(calendar), deadline.clone());
        if let (Ok(explanation), Ok(Some(_))) = (&explained, deadline) {
            let counted = explanation.lines.iter().filter(|line| matches!(
                line.verdict,
                Verdict::Counted { .. } | Verdict::RolledForward { number: Some(_), .. }
            ));
            let ran: i64 = explanation.lines.iter().map(|line| match line.verdict {
                Verdict::Ran { micros, .. } => micros,
                _ => 0,
            }).sum();
            match clock.unit {
                TermUnit::WorkingDays | TermUnit::Days =>
                    prop_assert_eq!(counted.count() as u64, explanation.count),
                _ => prop_assert_eq!(ran, explanation.count as i64 * 3_600_000_000),
            }
        }
    }

    #[test]
    fn a_longer_term_or_another_suspension_never_makes_it_earlier(
        plan in plan(), clock in clock(), from in -1000i64..20_000, length in 0i64..5_000,
    ) {
        let calendars = plan.compile();
        let calendar = of(&calendars, 1);
        let ledger = clock.ledger();
        let Ok(Some(deadline)) = ledger.deadline(calendar) else { return Ok(()) };
        let mut longer = ledger.clone();
        longer.extend(1);
        if let Ok(Some(later)) = longer.deadline(calendar) {
            // Days that roll forward may end on the same day.
            let same = clock.unit == TermUnit::Days;
            prop_assert!(later > deadline || same && later == deadline, "{} {}", deadline, later);
        }
        let mut suspended = ledger.clone();
        let until = Some(clock.at(from + length));
        suspended.suspensions.push(Suspension { from: clock.at(from), until });
        if let Ok(Some(later)) = suspended.deadline(calendar) {
            prop_assert!(later >= deadline, "{} {}", deadline, later);
        }
        if let Ok(raw) = ledger.raw_deadline(calendar) {
            prop_assert!(raw <= deadline, "{} {}", raw, deadline);
        }
        // Suspended with no end in sight, and resumed: as if the end had been known.
        let mut open = ledger.clone();
        open.suspensions.push(Suspension { from: clock.at(from), until: None });
        prop_assert_eq!(open.deadline(calendar), Ok(None));
        let resumed = open.deadline_if_resumed(calendar, clock.at(from + length));
        prop_assert_eq!(resumed.map(Some), suspended.deadline(calendar));
    }

    #[test]
    fn before_and_after_are_opposites(plan in plan(), clock in clock()) {
        let calendars = plan.compile();
        let calendar = of(&calendars, 1);
        let from = clock.started_at();
        let term = Term { count: clock.count, unit: clock.unit };
        let Ok(deadline) = after(calendar, from, term) else { return Ok(()) };
        // Before the first working day there is no other.
        let Ok(warning) = before(calendar, deadline, term) else { return Ok(()) };
        match clock.unit {
            TermUnit::Hours => prop_assert_eq!(warning, from),
            // The start may have been before the opening; then it is the opening.
            TermUnit::WorkingHours => {
                prop_assert!(warning >= from);
                prop_assert_eq!(after(calendar, warning, term), Ok(deadline));
            }
            // So many closes before: that of the start day, or of the last working day before it.
            TermUnit::WorkingDays => {
                // A close at 24:00 is the first instant of another day, on which a clock that
                // starts there starts.
                prop_assume!(calendar.start_of(calendar.local_date(warning)) != warning);
                prop_assert!(calendar.local_date(warning) <= calendar.local_date(from));
                let day = calendar.day(calendar.local_date(warning));
                prop_assert_eq!(day.close_of_business(), Some(warning));
                prop_assert_eq!(after(calendar, warning, term), Ok(deadline));
            }
            TermUnit::Days => prop_assert!(warning < deadline),
        }
        let none = Term { count: 0, unit: clock.unit };
        prop_assert_eq!(after(calendar, from, none), Ok(from));
        prop_assert_eq!(before(calendar, from, none), Ok(from));
    }

    #[test]
    fn what_a_day_is_agrees_with_every_minute_of_it(plan in plan(), unit in 0usize..2, day in 0..DAYS) {
        let calendars = plan.compile();
        let calendar = of(&calendars, unit);
        let day = date(day);
        let start = calendar.start_of(day);
        let minutes = (calendar.start_of(day.succ_opt().unwrap()) - start).num_minutes();
        let found = calendar.day(day);
        prop_assert_eq!(calendar.local_date(start), day);
        let mut close = None;
        for minute in 0..minutes {
            let at = start + Duration::minutes(minute);
            let local = at.with_timezone(&plan.zone).naive_local();
            if plan.open(unit, local) {
                close = Some(at + Duration::minutes(1));
            }
        }
        prop_assert_eq!(found.close_of_business(), close);
        prop_assert_eq!(found.is_open(), close.is_some());
    }
}

/// Prints deadlines; run in processes with different `TZ` by the test below.
fn deadlines_as_text() -> String {
    let week = [Weekday::Sat, Weekday::Sun, Weekday::Mon, Weekday::Tue, Weekday::Wed];
    let mut source =
        CalendarSource::new("ir".into(), chrono_tz::Asia::Tehran, DayEnds::CloseOfBusiness);
    source.add_weekly_hours(WeeklyHours::on(notice(0), &week, &["07:30-14:30".parse().unwrap()]));
    let calendars = Calendars::compile(source);
    let mut text = String::new();
    for start in (0..400).map(|step| DateTime::from_timestamp(1_600_000_000 + step * 500_000, 0)) {
        for term in ["7 wd", "9 d", "11 wh", "13 h"] {
            let at = after(calendars.national(), start.unwrap(), term.parse().unwrap());
            text += &format!("{term} {}\n", at.unwrap().to_rfc3339());
        }
        text += &format!("{}\n", calendars.national().local_date(start.unwrap()));
    }
    text
}

#[test]
fn the_time_zone_of_the_process_does_not_matter() {
    const PRINT: &str = "PARVANEH_TEST_PRINT_DEADLINES";
    #[allow(clippy::disallowed_methods, reason = "the test asks how it was started")]
    if std::env::var_os(PRINT).is_some() {
        println!("{}", deadlines_as_text());
        return;
    }
    let program = std::env::current_exe().unwrap();
    let here = deadlines_as_text();
    for zone in ["UTC", "America/New_York", "Pacific/Kiritimati", "Asia/Tehran"] {
        let output = std::process::Command::new(&program)
            .args(["the_time_zone_of_the_process_does_not_matter", "--exact", "--nocapture"])
            .env(PRINT, "1")
            .env("TZ", zone)
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(printed.contains(&here), "TZ={zone}: {printed}");
    }
}
