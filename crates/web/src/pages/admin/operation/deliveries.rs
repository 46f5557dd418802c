//! What was to be sent and has not arrived.

use std::collections::HashMap;

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_core::{CaseId, PersonId};
use parvaneh_store::{Channel, DeliveriesQuery, DeliveryRow, DeliveryState, Reason};
use serde::Deserialize;
use uuid::Uuid;

use super::Nothing;
use crate::{
    App,
    api::notices::rows_of,
    body::Query,
    pages::{
        Frame,
        form::Form,
        look::in_query,
        page,
        routes::Pages,
        see,
        sheet::Confirm,
        times::{Times, When},
        visit::Visit,
    },
    policy::{self, Task},
    problem::Problem,
    say::{Said, Words},
    shown::Code,
};

/// How many stand on a page.
const LENGTH: u32 = 50;

pub(super) fn pages() -> Pages {
    Pages::default()
        .get("/admin/deliveries", list)
        .post("/admin/deliveries/retry", retry)
        .post("/admin/deliveries/retry-all", retry_all)
}

/// A delivery as it is shown.
pub(super) struct Row {
    pub(super) channel: Said,
    pub(super) kind: String,
    /// To whom, or where to.
    pub(super) to: String,
    /// About which case, by its code: the case itself is the business of its office.
    pub(super) about: Option<Code>,
    pub(super) state: Said,
    pub(super) class: &'static str,
    pub(super) attempts: u32,
    pub(super) error: Option<String>,
    pub(super) queued: When,
    pub(super) ended: Option<When>,
    /// Its name, where it can be tried again.
    pub(super) retry: Option<String>,
}

/// The states, as the address has them, in the order of the tabs.
pub(super) const STATES: [DeliveryState; 4] = [
    DeliveryState::Failed,
    DeliveryState::Uncertain,
    DeliveryState::Waiting,
    DeliveryState::Sending,
];

pub(super) fn state_name(state: &str, words: Words) -> (Said, &'static str) {
    match state {
        "waiting" => (words.t("delivery-waiting"), ""),
        "sending" => (words.t("delivery-sending"), ""),
        "sent" => (words.t("delivery-sent"), "is-done"),
        "skipped" => (words.t("delivery-skipped"), ""),
        "failed" => (words.t("delivery-failed"), "is-late"),
        "uncertain" => (words.t("delivery-uncertain"), "is-near"),
        _ => (words.t("delivery-gathered"), ""),
    }
}

/// Deliveries with the names of whom they are for.
pub(super) async fn rows(
    app: &App,
    found: Vec<DeliveryRow>,
    times: &Times,
    words: Words,
) -> Result<Vec<Row>, Problem> {
    let people: Vec<PersonId> = found.iter().map(|row| PersonId(row.reason.target)).collect();
    let names = app.store.names_of(&people).await?;
    let hooks: HashMap<Uuid, String> =
        app.store.webhooks().await?.into_iter().map(|hook| (hook.id, hook.url)).collect();
    let rows = found.into_iter().map(|row| {
        let target = row.reason.target;
        let (channel, to) = match row.reason.channel {
            Channel::Webhook => (words.t("delivery-webhook"), hooks.get(&target).cloned()),
            Channel::Email => (words.t("delivery-email"), names.get(&PersonId(target)).cloned()),
            Channel::Digest => (words.t("delivery-digest"), names.get(&PersonId(target)).cloned()),
            Channel::Recovery => {
                (words.t("delivery-recovery"), names.get(&PersonId(target)).cloned())
            }
            // To an address that may be nobody's yet.
            Channel::Code => (words.t("delivery-code"), None),
        };
        let of_case = matches!(row.reason.channel, Channel::Email | Channel::Webhook);
        let again = matches!(row.state.as_str(), "failed" | "uncertain");
        let (state, class) = state_name(&row.state, words);
        Row {
            channel,
            to: to.unwrap_or_else(|| target.to_string()),
            about: of_case.then(|| Code::of(CaseId(row.reason.about))),
            retry: again.then(|| row.reason.to_string()),
            kind: row.kind,
            state,
            class,
            attempts: row.attempts,
            error: row.error,
            queued: times.moment(row.queued_at),
            ended: row.ended_at.map(|at| times.moment(at)),
        }
    });
    Ok(rows.collect())
}

/// A state among the tabs.
pub(super) struct Tab {
    pub(super) name: Said,
    pub(super) address: String,
    pub(super) current: bool,
}

#[derive(Template)]
#[template(path = "admin/deliveries.html")]
struct Page {
    frame: Frame,
    done: Option<Said>,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    /// Where the reader comes back to after one was tried again.
    back: String,
    all: Option<Confirm>,
    next: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Wanted {
    #[serde(default)]
    state: String,
    #[serde(default)]
    done: String,
    after: Option<String>,
}

async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    policy::permit_everywhere(&visit.viewer, Task::Operate)?;
    // What failed comes first: somebody must look.
    let state = STATES.into_iter().find(|one| one.as_str() == wanted.state);
    let state = state.unwrap_or(DeliveryState::Failed);
    let query = DeliveriesQuery { state: Some(state), limit: LENGTH, ..DeliveriesQuery::default() };
    let (found, next) = rows_of(&app, query, wanted.after.as_deref()).await?;
    let times = Times::of(&app, words).await?;
    let address = |state: DeliveryState| format!("/admin/deliveries?state={}", state.as_str());
    let next = next.map(|next| format!("{}&after={}", address(state), in_query(&next)));
    let tabs = STATES.map(|one| Tab {
        name: state_name(one.as_str(), words).0,
        address: address(one),
        current: one == state,
    });
    let rows = rows(&app, found, &times, words).await?;
    let all = Confirm::new(
        "/admin/deliveries/retry-all",
        words.t("delivery-retry-all"),
        words.t("delivery-retry-all-will"),
        words.t("delivery-retry-all-do"),
    );
    let shown = Page {
        frame: visit.frame(words.t("deliveries-title")),
        done: match wanted.done.as_str() {
            "retried" => Some(words.t("delivery-retried")),
            "all" => Some(words.t("delivery-retried-all")),
            _ => None,
        },
        tabs: tabs.into(),
        all: (state == DeliveryState::Failed && !rows.is_empty()).then_some(all),
        back: address(state),
        rows,
        next,
    };
    page(&visit.look, &shown)
}

#[derive(Debug, Deserialize)]
struct One {
    id: String,
    /// Where he was.
    #[serde(default)]
    back: String,
}

async fn retry(
    State(app): State<App>,
    visit: Visit,
    Form(sent): Form<One>,
) -> Result<Response, Problem> {
    policy::permit_everywhere(&visit.viewer, Task::Operate)?;
    let reason: Reason = sent.id.parse().map_err(|_| Problem::not_found())?;
    if app.store.retry_deliveries(Some(reason)).await? == 0 {
        return Err(Problem::not_found());
    }
    let back = Some(sent.back).filter(|back| back.starts_with("/admin/"));
    let back = back.unwrap_or_else(|| "/admin/deliveries?state=failed".to_owned());
    Ok(see(&format!("{back}&done=retried")))
}

async fn retry_all(
    State(app): State<App>,
    visit: Visit,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    policy::permit_everywhere(&visit.viewer, Task::Operate)?;
    app.store.retry_deliveries(None).await?;
    Ok(see("/admin/deliveries?state=waiting&done=all"))
}
