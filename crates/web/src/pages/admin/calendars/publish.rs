//! Publishing a newer text of a calendar: read and checked first, then in force at once.

use axum::{
    body::Body,
    extract::State,
    http::{Request, StatusCode},
    response::Response,
};
use parvaneh_core::{CalendarId, CalendarSource};
use parvaneh_store::StoreError;
use serde::Deserialize;

use super::{
    super::{
        publishing::{Publishing, Ready},
        sent::Sent,
        source::{Differences, Source},
    },
    address,
};
use crate::{
    App,
    api::{calendars::read, workflows::differing},
    body::Query,
    pages::{case::wording, page, see, shown, visit::Visit},
    policy::{self, Task},
    problem::Problem,
    say::Words,
};

/// After which calendar.
#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    after: Option<String>,
}

pub(super) async fn ask(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    policy::permit_everywhere(&visit.viewer, Task::PublishCalendars)?;
    let text = match asked.after {
        None => String::new(),
        Some(id) => app.store.calendar_source(&CalendarId::from(id)).await?,
    };
    page(&visit.look, &Publishing::of_calendar(&visit, text))
}

pub(super) async fn take(
    State(app): State<App>,
    visit: Visit,
    request: Request<Body>,
) -> Result<Response, Problem> {
    policy::permit_everywhere(&visit.viewer, Task::PublishCalendars)?;
    let words = visit.look.words;
    let refused = StatusCode::UNPROCESSABLE_ENTITY;
    let sent = Sent::read(&app, request).await?;
    let text = match sent.source("source", "file") {
        Ok(text) => text,
        Err(problem) => {
            let mut unread = Publishing::of_calendar(&visit, String::new());
            unread.source = Some(Source::around("", &[*problem], words));
            return shown(refused, &visit.look, &unread);
        }
    };
    let mut again = Publishing::of_calendar(&visit, text.clone());
    if text.trim().is_empty() {
        again.told = Some(words.t("publish-empty").into());
        return shown(refused, &visit.look, &again);
    }
    let calendar = match read(&text).await? {
        Ok(calendar) => calendar,
        Err(problems) => {
            again.source = Some(Source::around(&text, &problems, words));
            return shown(refused, &visit.look, &again);
        }
    };
    if sent.text("then") != Some("publish") {
        again.ready = Some(ready(&app, &calendar, text, words).await?);
        return page(&visit.look, &again);
    }
    match app.store.publish_calendar_onward(calendar.id(), &text).await {
        Ok((_, Some(job))) => Ok(see(&format!("/admin/progress/{job}"))),
        Ok((_, None)) => Ok(see(&address(calendar.id(), ""))),
        Err(error @ StoreError::PastChanges { .. }) => {
            let title = wording::code(error.code(), words);
            again.told = Some(words.t("publish-told").s("what", title).s("why", error).into());
            shown(StatusCode::CONFLICT, &visit.look, &again)
        }
        Err(error) => Err(error.into()),
    }
}

async fn ready(
    app: &App,
    calendar: &CalendarSource,
    text: String,
    words: Words,
) -> Result<Ready, Problem> {
    let title = words.of(calendar.title()).to_owned();
    let before = match app.store.calendar_source(calendar.id()).await {
        Ok(before) => Some(before),
        Err(StoreError::NoSuchCalendar(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let same = before.as_ref() == Some(&text);
    let told = if same { words.t("publish-same") } else { words.t("publish-sound") };
    let publishes = (!same).then(|| words.t("publish-this").s("title", &title));
    let differences = match before {
        None => None,
        Some(before) => {
            let found = differing(before, text).await?;
            Some((words.t("calendar-differences"), Differences::of(found, words)))
        }
    };
    Ok(Ready { told: told.s("title", title), differences, publishes })
}
