//! Closing offices on the days that were touched: first what would move by it, then the closing.

use std::collections::BTreeSet;

use askama::Template;
use axum::{
    body::Body,
    extract::State,
    http::{Request, StatusCode},
    response::Response,
};
use chrono::NaiveDate;
use parvaneh_core::{
    CalendarId, UnitId,
    calendar::{Hours, TimeOfDay},
    jalali::parse_date,
};
use parvaneh_store::{Change, ClosedDay, Closing};

use super::{
    super::sent::Sent,
    address,
    moved::Moved,
    unit_title,
    year::{Asked, Typed, show, written},
};
use crate::{
    App,
    body::Path,
    pages::{Frame, case::wording, page, see, visit::Visit},
    policy::{self, Task},
    problem::Problem,
    say::Words,
    shown::Day,
};

/// At most so many days at once: each is a closure of its own, and a job.
const MOST_DAYS: usize = 31;

#[derive(Template)]
#[template(path = "admin/closing.html")]
struct Page {
    frame: Frame,
    id: CalendarId,
    year: Option<i32>,
    unit: UnitId,
    days: Vec<(NaiveDate, Day)>,
    hours: Option<String>,
    typed: Typed,
    moved: Moved,
}

impl Page {
    fn address(&self, rest: &str) -> String {
        address(&self.id, rest)
    }
}

pub(super) async fn take(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<String>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let sent = Sent::read(&app, request).await?;
    let unit = UnitId::from(sent.text("unit").unwrap_or_default());
    policy::permit(&visit.viewer, Task::KeepCalendars, &unit)?;
    let id = CalendarId::from(id);
    let words = visit.look.words;
    let asked = Asked {
        year: sent.text("year").and_then(|year| year.parse().ok()),
        unit: Some(unit.to_string()),
    };
    let (typed, hours) = read(&sent, words);
    if sent.text("then") == Some("change") {
        let typed = Typed { faults: Default::default(), ..typed };
        return show(&app, &visit, id, asked, typed, StatusCode::OK).await;
    }
    let refused = StatusCode::UNPROCESSABLE_ENTITY;
    if !typed.faults.is_empty() {
        return show(&app, &visit, id, asked, typed, refused).await;
    }
    let change = |date: &NaiveDate| {
        let (calendar, unit, date) = (id.clone(), unit.clone(), *date);
        let day = ClosedDay { calendar, unit, date, hours };
        Change::Close(Closing { day, reason: typed.reason.clone(), by: Some(visit.caller.person) })
    };
    let changes: Vec<Change> = typed.days.iter().map(change).collect();
    if sent.text("then") == Some("close") {
        return match app.store.change_closures_together(changes).await.map_err(Problem::from) {
            Ok(settled) => Ok(see(&match settled.iter().filter_map(|one| one.job).next_back() {
                Some(job) => format!("/admin/progress/{job}"),
                None => address(&id, "/closures"),
            })),
            Err(problem) => told(&app, &visit, id, asked, typed, problem).await,
        };
    }
    let moved = match Moved::by(&app, &visit, &changes, sent.text("after")).await {
        Ok(moved) => moved,
        Err(problem) => return told(&app, &visit, id, asked, typed, problem).await,
    };
    let title = unit_title(&visit.viewer, &unit, words);
    let shown_page = Page {
        frame: visit.frame(words.t("closing-title").s("unit", title)),
        year: asked.year,
        days: typed.days.iter().map(|date| (*date, Day::of(*date, words))).collect(),
        hours: hours.map(|hours| written(&[hours], words)),
        id,
        unit,
        moved,
        typed,
    };
    page(&visit.look, &shown_page)
}

/// What cannot be closed is told above the year, which keeps what was chosen.
async fn told(
    app: &App,
    visit: &Visit,
    id: CalendarId,
    asked: Asked,
    typed: Typed,
    problem: Problem,
) -> Result<Response, Problem> {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::CONFLICT);
    if !matches!(status, StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY) {
        return Err(problem);
    }
    let told = Some(wording::code(&problem.code, visit.look.words));
    show(app, visit, id, asked, Typed { told, ..typed }, status).await
}

/// What was typed and touched, with what is wrong with it; and the hours.
fn read(sent: &Sent, words: Words) -> (Typed, Option<Hours>) {
    let text = |name: &str| sent.text(name).unwrap_or_default().to_owned();
    let mut typed = Typed {
        from: text("from"),
        until: text("until"),
        opens: text("opens"),
        closes: text("closes"),
        reason: text("reason"),
        ..Typed::default()
    };
    let touched = sent.all("day").filter_map(|day| day.parse::<NaiveDate>().ok());
    let mut days: BTreeSet<NaiveDate> = touched.collect();
    let mut fault = |name: &'static str, told: String| drop(typed.faults.insert(name, told));
    let date = |text: &str| match text {
        "" => Ok(None),
        text => parse_date(text).map(Some).map_err(|_| words.t("closing-no-date").into()),
    };
    match (date(&typed.from), date(&typed.until)) {
        (Err(told), _) => fault("from", told),
        (_, Err(told)) => fault("until", told),
        (Ok(Some(from)), Ok(Some(until))) if until < from => {
            fault("until", words.t("closing-backwards").into());
        }
        (Ok(Some(from)), Ok(until)) => {
            let until = until.unwrap_or(from);
            let range = from.iter_days().take_while(|day| *day <= until);
            days.extend(range.take(MOST_DAYS + 1));
        }
        (Ok(None), Ok(Some(_))) => fault("from", words.t("closing-no-date").into()),
        (Ok(None), Ok(None)) => {}
    }
    let hours = hours(&typed.opens, &typed.closes);
    if hours.is_err() {
        fault("opens", words.t("closing-no-hours").into());
    }
    if typed.reason.is_empty() {
        fault("reason", words.t("closing-no-reason").into());
    }
    if days.len() > MOST_DAYS {
        fault("day", words.t("closing-many").n("most", MOST_DAYS).into());
    } else if days.is_empty() && typed.faults.keys().all(|name| *name == "reason") {
        typed.faults.insert("day", words.t("closing-no-day").into());
    }
    // The range is among the days from now on.
    if typed.faults.is_empty() {
        (typed.from, typed.until) = (String::new(), String::new());
    }
    typed.days = days;
    (typed, hours.unwrap_or_default())
}

/// The hours that are closed; none are the whole day, an end that is not told is the end of the day.
fn hours(opens: &str, closes: &str) -> Result<Option<Hours>, ()> {
    // A browser may tell the seconds too.
    let time = |text: &str| text.get(..5).unwrap_or(text).parse::<TimeOfDay>().map_err(|_| ());
    let (opens, closes) = match (opens, closes) {
        ("", "") => return Ok(None),
        (opens, "") => (time(opens)?, TimeOfDay::new(24, 0).ok_or(())?),
        (opens, closes) => (time(opens)?, time(closes)?),
    };
    if opens < closes { Ok(Some(Hours { opens, closes })) } else { Err(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    fn typed(pairs: &[(&str, &str)]) -> (Typed, Option<Hours>) {
        read(&Sent::of(pairs), Words(Language::English))
    }

    #[test]
    fn touched_days_and_a_range_in_either_calendar_are_closed_together() {
        let (typed, hours) = typed(&[
            ("day", "2026-11-24"),
            ("day", "2026-12-01"),
            ("from", "۱۴۰۵/۰۹/۰۳"),
            ("until", "2026-11-25"),
            ("reason", "snow"),
        ]);
        assert_eq!(typed.faults.len(), 0, "{typed:?}");
        let days: Vec<String> = typed.days.iter().map(ToString::to_string).collect();
        assert_eq!(days, ["2026-11-24", "2026-11-25", "2026-12-01"]);
        assert_eq!(hours, None);
    }

    #[test]
    fn what_is_wrong_stands_at_its_input() {
        for (pairs, at) in [
            (&[("day", "2026-11-24")][..], "reason"),
            (&[("reason", "snow")][..], "day"),
            (&[("reason", "snow"), ("from", "tomorrow")][..], "from"),
            (&[("reason", "snow"), ("until", "1405/09/03")][..], "from"),
            (&[("reason", "snow"), ("from", "1405/09/03"), ("until", "1405/09/02")][..], "until"),
            (&[("reason", "snow"), ("from", "1405/01/01"), ("until", "1405/03/01")][..], "day"),
            (&[("reason", "snow"), ("day", "2026-11-24"), ("closes", "12:00")][..], "opens"),
            (
                &[("reason", "s"), ("day", "2026-11-24"), ("opens", "13:00"), ("closes", "12:00")]
                    [..],
                "opens",
            ),
        ] {
            let (typed, _) = typed(pairs);
            assert_eq!(typed.faults.keys().collect::<Vec<_>>(), [&at], "{pairs:?}");
        }
    }

    #[test]
    fn some_hours_are_closed_until_the_end_of_the_day_where_no_end_is_told() {
        let day = [("reason", "s"), ("day", "2026-11-24"), ("opens", "12:00")];
        let (_, hours) = typed(&day);
        assert_eq!(hours.map(|hours| hours.to_string()).as_deref(), Some("12:00-24:00"));
    }
}
