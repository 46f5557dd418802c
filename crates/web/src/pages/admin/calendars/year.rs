//! A year of a calendar as a unit has it: twelve months, Saturday first, what is closed and why. Who
//! keeps the calendar there touches the days that he closes.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::{Datelike, NaiveDate, Weekday};
use parvaneh_core::{
    Calendar, CalendarId, Calendars, JalaliDate, JalaliPeriod, UnitId,
    calendar::{self, DayKind, Hours, Reason},
    definition::Level,
    jalali::{month_name_en, month_name_fa},
};
use serde::Deserialize;

use super::{address, unit_title};
use crate::{
    App,
    body::{Path, Query},
    pages::{Frame, look::in_query, shown, visit::Visit},
    policy::{self, Task},
    problem::Problem,
    say::Words,
    shown::{Day, dates::weekday},
};

/// A day in its month.
pub(super) struct Cell {
    /// As its box sends it.
    date: NaiveDate,
    text: String,
    class: &'static str,
    /// What says beside the colour what kind of day it is.
    mark: &'static str,
    chosen: bool,
    today: bool,
}

/// A day that is closed, or shorter, and why.
struct Note {
    day: String,
    mark: &'static str,
    why: String,
}

struct Month {
    name: String,
    /// Saturday first.
    weeks: Vec<Vec<Option<Cell>>>,
    notes: Vec<Note>,
}

/// Hours of the week, as long as they are in force.
struct Hourly {
    name: String,
    /// From when until when, where that lies in the year.
    during: Option<(Day, Day)>,
    /// Of each weekday, Saturday first; nothing on a day off.
    week: Vec<String>,
}

/// A choice of a unit.
struct Choice {
    id: UnitId,
    title: String,
    chosen: bool,
}

/// What is typed to close offices, and what is wrong with it, by the name of the input.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    pub(super) days: BTreeSet<NaiveDate>,
    pub(super) from: String,
    pub(super) until: String,
    pub(super) opens: String,
    pub(super) closes: String,
    pub(super) reason: String,
    pub(super) faults: BTreeMap<&'static str, String>,
    /// What stands in the way of all of it.
    pub(super) told: Option<String>,
}

/// Of which year and unit.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Asked {
    pub(super) year: Option<i32>,
    pub(super) unit: Option<String>,
}

#[derive(Template)]
#[template(path = "admin/year.html")]
struct Page {
    frame: Frame,
    id: CalendarId,
    year: i32,
    unit: UnitId,
    unit_title: String,
    units: Vec<Choice>,
    weekdays: Vec<(String, String)>,
    months: Vec<Month>,
    hours: Vec<Hourly>,
    /// Whether holidays of a part of it are not published yet.
    unsure: bool,
    /// Whether the reader closes offices there.
    keeps: bool,
    typed: Typed,
}

impl Page {
    fn address(&self, rest: &str) -> String {
        address(&self.id, rest)
    }

    /// The address of another year.
    fn of_year(&self, by: i32) -> String {
        address(
            &self.id,
            &format!("?year={}&unit={}", self.year + by, in_query(self.unit.as_str())),
        )
    }

    fn beside(&self, by: i32) -> String {
        self.frame.words().digits(self.year + by)
    }

    fn fault(&self, name: &str) -> Option<&String> {
        self.typed.faults.get(name)
    }
}

pub(super) async fn year(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    show(&app, &visit, CalendarId::from(id), asked, Typed::default(), StatusCode::OK).await
}

/// The unit that is meant: the one that is named, else where the reader keeps the calendar, else all.
fn meant(visit: &Visit, named: Option<&str>) -> Result<UnitId, Problem> {
    let organisation = &visit.viewer.organisation;
    let root = || organisation.units().find(|unit| unit.parent.is_none()).map(|unit| &unit.id);
    match named.filter(|unit| !unit.is_empty()).map(UnitId::from) {
        Some(unit) if organisation.get(&unit).is_some() => Ok(unit),
        Some(_) => Err(Problem::not_found()),
        None => {
            let kept = policy::reach_of(&visit.viewer, Task::KeepCalendars).jurisdictions;
            let kept = kept.into_iter().map(|kept| kept.unit).next();
            kept.or_else(|| root().cloned()).ok_or_else(Problem::not_found)
        }
    }
}

/// The page of a year, with what is typed to close offices.
///
/// # Errors
/// `not_found`, `parameter_invalid` for a year that the calendar does not know.
pub(super) async fn show(
    app: &App,
    visit: &Visit,
    id: CalendarId,
    asked: Asked,
    typed: Typed,
    status: StatusCode,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let calendars = app.store.calendars(&id).await?;
    let unit = meant(visit, asked.unit.as_deref())?;
    let organisation = &visit.viewer.organisation;
    let calendar = calendars.for_unit(organisation.path(&unit));
    let today = calendar.local_date(visit.viewer.now);
    let year = asked.year.unwrap_or_else(|| JalaliDate::from(today).year());
    let outside = || Problem::parameter("year", "is none that the calendar knows");
    let period = JalaliPeriod::of_year(year).map_err(|_| outside())?;
    let (first, last) = calendar.reach();
    if period.start() < first || last < period.end() {
        return Err(outside());
    }
    let drawing = Drawing { calendar, words, chosen: &typed.days, today };
    let months = period.months().map(|month| drawing.month(month)).collect();
    let shown_page = Page {
        frame: visit.frame(
            words
                .t("calendar-title")
                .s("title", words.of(calendars.source().title()))
                .s("year", words.digits(year)),
        ),
        year,
        unit_title: unit_title(&visit.viewer, &unit, words),
        units: choices(visit, &unit),
        weekdays: WEEK.iter().map(|day| (short(*day, words), weekday(*day, words))).collect(),
        months,
        hours: hours(&calendars, calendar, period, words),
        unsure: calendar.beyond_published(period.end().pred_opt().unwrap_or_default()),
        keeps: policy::may(&visit.viewer, Task::KeepCalendars, &unit),
        id,
        unit,
        typed,
    };
    shown(status, &visit.look, &shown_page)
}

/// The nation, its provinces, and the counties of the province that is looked at.
fn choices(visit: &Visit, unit: &UnitId) -> Vec<Choice> {
    let organisation = &visit.viewer.organisation;
    let province = organisation.at_level(unit, Level::Province);
    let near = organisation.units().filter(|one| match one.level {
        Level::County => one.parent.as_ref() == province,
        Level::National | Level::Province => true,
    });
    let words = visit.look.words;
    let mut near: Vec<_> =
        near.map(|one| (one.level != Level::National, one.level == Level::County, one)).collect();
    near.sort_by(|(a, b, one), (c, d, other)| {
        let titles = || words.of(&one.title).cmp(words.of(&other.title));
        (a, b).cmp(&(c, d)).then_with(titles)
    });
    let choice = |(_, _, one): (bool, bool, &parvaneh_core::Unit)| Choice {
        id: one.id.clone(),
        title: words.of(&one.title).to_owned(),
        chosen: one.id == *unit,
    };
    near.into_iter().map(choice).collect()
}

/// The week as it is lived here.
const WEEK: [Weekday; 7] = [
    Weekday::Sat,
    Weekday::Sun,
    Weekday::Mon,
    Weekday::Tue,
    Weekday::Wed,
    Weekday::Thu,
    Weekday::Fri,
];

/// What stands above a column.
fn short(day: Weekday, words: Words) -> String {
    match day {
        Weekday::Sat => words.t("weekday-short-saturday"),
        Weekday::Sun => words.t("weekday-short-sunday"),
        Weekday::Mon => words.t("weekday-short-monday"),
        Weekday::Tue => words.t("weekday-short-tuesday"),
        Weekday::Wed => words.t("weekday-short-wednesday"),
        Weekday::Thu => words.t("weekday-short-thursday"),
        Weekday::Fri => words.t("weekday-short-friday"),
    }
    .into()
}

struct Drawing<'y> {
    calendar: &'y Calendar,
    words: Words,
    chosen: &'y BTreeSet<NaiveDate>,
    today: NaiveDate,
}

impl Drawing<'_> {
    fn month(&self, period: JalaliPeriod) -> Month {
        let no = period.month().unwrap_or(1);
        let name = match self.words.is_persian() {
            true => month_name_fa(no),
            false => month_name_en(no),
        };
        let mut weeks = vec![Vec::new()];
        let mut notes = Vec::new();
        let before = period.start().weekday().days_since(Weekday::Sat);
        weeks[0].extend((0..before).map(|_| None));
        let dates = period.start().iter_days().take_while(|date| *date < period.end());
        for date in dates {
            let (cell, note) = self.day(date);
            notes.extend(note);
            match weeks.last_mut() {
                Some(week) if week.len() < 7 => week.push(Some(cell)),
                _ => weeks.push(vec![Some(cell)]),
            }
        }
        Month { name: name.to_owned(), weeks, notes }
    }

    fn day(&self, date: NaiveDate) -> (Cell, Option<Note>) {
        let day = self.calendar.day(date);
        let (class, mark) = kind(&day);
        let why = why(&day);
        let why: Vec<&str> = why
            .iter()
            .filter_map(|reason| reason.row())
            .map(|row| self.words.of(&row.name))
            .collect();
        let text = self.words.digits(JalaliDate::from(date).day());
        let note = Note { day: text.clone(), mark, why: why.join(comma(self.words)) };
        let cell = Cell {
            date,
            text,
            class,
            mark,
            chosen: self.chosen.contains(&date),
            today: date == self.today,
        };
        (cell, Some(note).filter(|_| !why.is_empty()))
    }
}

/// What is to be told of a day: not that it is a Friday.
fn why(day: &calendar::Day) -> Vec<&Reason> {
    let all = match &day.kind {
        DayKind::Open { notes, .. } => notes,
        DayKind::Closed { why } => why,
    };
    let told = all.iter();
    told.filter(|reason| !matches!(reason, Reason::WeeklyDayOff { .. } | Reason::NoHours)).collect()
}

fn kind(day: &calendar::Day) -> (&'static str, &'static str) {
    let has = |is: fn(&Reason) -> bool| why(day).into_iter().any(is);
    let closed = has(|reason| matches!(reason, Reason::Closure { .. }));
    match &day.kind {
        DayKind::Closed { .. } if has(|reason| matches!(reason, Reason::Holiday { .. })) => {
            ("holiday", "●")
        }
        DayKind::Closed { .. } if closed => ("closed", "✕"),
        DayKind::Closed { .. } => ("off", ""),
        DayKind::Open { .. } if closed => ("short", "◐"),
        DayKind::Open { notes, .. } if !notes.is_empty() => ("extra", "＋"),
        DayKind::Open { .. } => ("", ""),
    }
}

/// The weekly hours that are in force in a year.
fn hours(
    calendars: &Calendars,
    calendar: &Calendar,
    period: JalaliPeriod,
    words: Words,
) -> Vec<Hourly> {
    let dates = period.start().iter_days().take_while(|date| *date < period.end());
    let days: Vec<calendar::Day> = dates.map(|date| calendar.day(date)).collect();
    let whole = (period.start(), period.end().pred_opt().unwrap_or_default());
    let mut found = Vec::new();
    for row in calendars.source().weekly_hours() {
        let of_row = |day: &&calendar::Day| {
            let within = row.from.is_none_or(|from| from <= day.date)
                && row.until.is_none_or(|until| day.date <= until);
            within && day.weekly_hours.as_ref() == Some(&row.notice)
        };
        let mut by_it = days.iter().filter(of_row).map(|day| day.date);
        let Some(from) = by_it.next() else { continue };
        let until = by_it.next_back().unwrap_or(from);
        let of_day = |day: &Weekday| written(&row.week[day.num_days_from_monday() as usize], words);
        let during = (from, until) != whole;
        found.push(Hourly {
            name: words.of(&row.notice.name).to_owned(),
            during: during.then(|| (Day::of(from, words), Day::of(until, words))),
            week: WEEK.iter().map(of_day).collect(),
        });
    }
    found
}

/// Hours as people write them; nothing where there are none.
pub(super) fn written(hours: &[Hours], words: Words) -> String {
    let each = hours.iter().map(|hours| {
        let time = |time| words.digits(time);
        words.t("hours-between").s("from", time(hours.opens)).s("until", time(hours.closes)).into()
    });
    each.collect::<Vec<String>>().join(comma(words))
}

/// What stands between the things of a list.
fn comma(words: Words) -> &'static str {
    if words.is_persian() { "، " } else { ", " }
}
