//! What changes while somebody looks on: a case, a worklist.

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode},
    response::Response,
};
use parvaneh_core::{CaseId, reach::Sight};
use parvaneh_store::{News, Viewer};
use serde::Serialize;
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    App,
    auth::{Principal, Via},
    body::Path,
    events::{Heard, Message, Seat, Wire, open},
    policy,
    problem::Problem,
    view::EventView,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(case_events)).routes(routes!(worklist_events))
}

/// A case has changed (`event: case`): there is more on its timeline, which says what.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "case": "0190f1a2-0000-7000-8000-000000000001", "seq": 7, "kinds": ["claimed"] }))]
struct CaseChanged {
    /// The case.
    case: Uuid,
    /// The last event that the receiver may see, by its place on the timeline.
    seq: u32,
    /// The kinds of the events since the last message, in their order. Empty in the first one, which
    /// only says how far the timeline is.
    kinds: Vec<String>,
}

/// How a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Its receiver may not see it any more.
    NotPermitted,
    /// The service ends; another one may answer.
    Closing,
    /// Nobody receives any more.
    Left,
}

impl End {
    fn message(self) -> Option<Message> {
        let why = match self {
            Self::NotPermitted => "not_permitted",
            Self::Closing => "closing",
            Self::Left => return None,
        };
        Some(Message::event("end", None, &json!({ "reason": why })))
    }
}

/// Hear when a case changes
///
/// Server-sent events. The first message comes at once and says how far the timeline is; each further one
/// that it has become longer, by what the caller may see of it. Who comes back with `Last-Event-ID` is
/// told what has come since. `event: reload` means that something was missed, `event: end` that the
/// stream is over, because the caller may not see the case any more or because the service ends.
#[utoipa::path(
    get, path = "/cases/{case}/events", tag = "cases",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("Last-Event-ID" = Option<u32>, Header, description = "The last message that was received"),
    ),
    responses(
        (status = 200, description = "Messages, as long as the connection lasts", body = CaseChanged, content_type = "text/event-stream"),
        (status = 429, description = "`streams_taken`: the caller has too many streams open"),
        (status = 503, description = "`streams_taken`"),
    )
)]
async fn case_events(
    State(app): State<App>,
    caller: Principal,
    headers: HeaderMap,
    Path(case): Path<Uuid>,
) -> Result<Response, Problem> {
    let case = CaseId(case);
    let viewer = app.viewer(&caller).await?;
    policy::see(&app, &viewer, case).await?;
    let last = headers.get("last-event-id").map(place).transpose()?;
    let seat = seat(&app, &caller, Some(case))?;
    let (wire, response) = open();
    let mut listening = Listening { app, caller, wire, seat };
    tokio::spawn(async move {
        let end = match listening.case(case, last).await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        listening.end(end).await;
    });
    Ok(response)
}

/// A place for one more who listens.
fn seat(app: &App, caller: &Principal, case: Option<CaseId>) -> Result<Seat, Problem> {
    if app.ending.has_begun() {
        // It would end at once: another process is there, or will be.
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable").again_in(2));
    }
    app.hub.sit(&app.store, &app.settings.streams, caller.person, case)
}

fn place(value: &HeaderValue) -> Result<u32, Problem> {
    let read = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    read.ok_or_else(|| Problem::parameter("Last-Event-ID", "is no message of this stream"))
}

/// Hear when my worklist changes
///
/// Server-sent events, all named `worklist`: one comes at once, and one whenever tasks of the caller were
/// opened, changed or closed, or when his roles have changed, but at most one a second. What has changed
/// the worklist itself says. `event: end` is as with a case.
#[utoipa::path(
    get, path = "/worklist/events", tag = "worklist",
    responses(
        (status = 200, description = "Messages, as long as the connection lasts", body = String, content_type = "text/event-stream"),
        (status = 429, description = "`streams_taken`: the caller has too many streams open"),
        (status = 503, description = "`streams_taken`"),
    )
)]
async fn worklist_events(State(app): State<App>, caller: Principal) -> Result<Response, Problem> {
    let viewer = app.viewer(&caller).await?;
    let seat = seat(&app, &caller, None)?;
    let (wire, response) = open();
    let mut listening = Listening { app, caller, wire, seat };
    tokio::spawn(async move {
        let end = match listening.worklist(viewer).await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        listening.end(end).await;
    });
    Ok(response)
}

/// Somebody who listens.
struct Listening {
    app: App,
    caller: Principal,
    wire: Wire,
    seat: Seat,
}

enum Never {}

impl Listening {
    /// Tells of a case until it ends.
    async fn case(&mut self, case: CaseId, last: Option<u32>) -> Result<Never, End> {
        let (mut seen, mut known) = (last.unwrap_or(0), 0);
        self.send(Message::again_in(self.app.settings.streams.pause)).await?;
        self.tell_case(case, &mut seen, &mut known, last.is_none()).await?;
        let mut beat = self.beats();
        loop {
            let news = tokio::select! {
                heard = self.seat.hear() => heard,
                _ = beat.tick() => {
                    self.sight(case).await?;
                    self.send(Message::beat()).await?;
                    continue;
                }
                () = self.app.ending.begins() => return Err(End::Closing),
                () = self.wire.left() => return Err(End::Left),
            };
            match news {
                Heard::News(news) if news.cases.get(&case).is_some_and(|seq| *seq > known) => {
                    self.tell_case(case, &mut seen, &mut known, false).await?;
                }
                Heard::News(_) => {}
                Heard::Missed => {
                    self.sight(case).await?;
                    self.send(Message::event("reload", None, &json!({ "case": case }))).await?;
                    self.tell_case(case, &mut seen, &mut known, true).await?;
                }
            }
        }
    }

    /// Tells what has come to the timeline since `seen`, of what the receiver may see; `first`, only how
    /// far it is.
    async fn tell_case(
        &self,
        case: CaseId,
        seen: &mut u32,
        known: &mut u32,
        first: bool,
    ) -> Result<(), End> {
        let (viewer, sight) = self.sight(case).await?;
        let timeline = self.app.store.reading_as(&viewer).timeline(case).await;
        let timeline = timeline.map_err(|_| End::Closing)?;
        let events: Vec<_> = timeline.entries.into_iter().map(|entry| entry.event).collect();
        *known = events.last().map_or(*known, |event| event.seq);
        let shown = EventView::shown(&events, sight);
        let Some(last) = shown.last() else { return Ok(()) };
        let since = shown.iter().filter(|event| event.seq > *seen && !first);
        let kinds: Vec<String> = since.map(|event| event.kind.clone()).collect();
        if kinds.is_empty() && !first {
            return Ok(());
        }
        *seen = last.seq;
        let told = CaseChanged { case: case.0, seq: last.seq, kinds };
        self.send(Message::event("case", Some(last.seq.into()), &told)).await
    }

    /// Tells of a worklist until it ends.
    async fn worklist(&mut self, mut viewer: Viewer) -> Result<Never, End> {
        let pause = self.app.settings.streams.pause;
        self.send(Message::again_in(pause)).await?;
        let mut beat = self.beats();
        // The first one at once: whoever comes back may have missed something.
        let (mut told, mut due) = (0, Some(Instant::now()));
        loop {
            let at = due.unwrap_or_else(Instant::now);
            tokio::select! {
                heard = self.seat.hear() => {
                    let concerned = match heard {
                        Heard::News(news) => concerns(&news, &viewer),
                        Heard::Missed => true,
                    };
                    if concerned {
                        due = due.or_else(|| Some(Instant::now()));
                    }
                }
                () = sleep_until(at), if due.is_some() => {
                    viewer = self.viewer().await?;
                    told += 1;
                    self.send(Message::event("worklist", Some(told), &json!({}))).await?;
                    due = None;
                    // What comes meanwhile is told afterwards, all at once.
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = self.app.ending.begins() => return Err(End::Closing),
                        () = self.wire.left() => return Err(End::Left),
                    }
                }
                _ = beat.tick() => {
                    let now = self.viewer().await?;
                    if rights(&now) != rights(&viewer) {
                        due = due.or_else(|| Some(Instant::now()));
                    }
                    viewer = now;
                    self.send(Message::beat()).await?;
                }
                () = self.app.ending.begins() => return Err(End::Closing),
                () = self.wire.left() => return Err(End::Left),
            }
        }
    }

    fn beats(&self) -> tokio::time::Interval {
        let every = self.app.settings.streams.beat;
        let mut beat = interval_at(Instant::now() + every, every);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beat
    }

    async fn send(&self, message: Message) -> Result<(), End> {
        if self.wire.send(message).await { Ok(()) } else { Err(End::Left) }
    }

    /// What the receiver is and sees now: if that by which he came is still in force.
    async fn viewer(&self) -> Result<Viewer, End> {
        let (app, store) = (&self.app, &self.app.store);
        let lasts = match &self.caller.via {
            Via::Session(id) => store.session_lasts(*id, app.settings.session_idle).await,
            Via::Token(id, _) => store.token_lasts(*id).await,
        };
        match lasts {
            Ok(true) => app.viewer_now(&self.caller).await.map_err(|_| End::NotPermitted),
            Ok(false) => Err(End::NotPermitted),
            // Without the database nobody knows: he comes back, and is asked again.
            Err(_) => Err(End::Closing),
        }
    }

    async fn sight(&self, case: CaseId) -> Result<(Viewer, Sight), End> {
        let viewer = self.viewer().await?;
        let sight = policy::see(&self.app, &viewer, case).await;
        let sight = sight.map_err(|problem| match problem.code.as_str() {
            "not_found" => End::NotPermitted,
            _ => End::Closing,
        })?;
        Ok((viewer, sight))
    }

    async fn end(self, end: End) {
        if let Some(message) = end.message() {
            self.wire.send(message).await;
        }
    }
}

/// Whether news are of tasks that are somebody's: by a role of his own, or by one that is lent to him
/// now for that workflow.
fn concerns(news: &News, viewer: &Viewer) -> bool {
    let (actor, organisation) = (&viewer.actor, &viewer.organisation);
    let his = |(workflow, role, unit): &parvaneh_store::Office| {
        let reaches = |grant: &parvaneh_core::Grant| {
            grant.role == *role && organisation.contains(&grant.unit, unit)
        };
        actor.grants.iter().any(reaches)
            || actor
                .lent
                .iter()
                .any(|lent| lent.is_in_force(workflow, viewer.now) && reaches(&lent.grant))
    };
    news.many || news.people.contains(&actor.person) || news.offices.iter().any(his)
}

/// By what somebody has tasks.
fn rights(viewer: &Viewer) -> (&[parvaneh_core::Grant], &[parvaneh_core::Grant]) {
    (&viewer.actor.grants, &viewer.reach.offices)
}
