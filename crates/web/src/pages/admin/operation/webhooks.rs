//! Programs that are told of events.

use askama::Template;
use axum::{extract::State, response::Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use parvaneh_core::Fact;
use parvaneh_store::{Channel, DeliveriesQuery, DeliveryState, Webhook};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{
    Nothing,
    deliveries::{Row as Delivered, STATES, Tab, rows as delivered, state_name},
};
use crate::{
    App,
    api::{
        notices::rows_of,
        webhooks::{AddWebhook, PAUSED, tested, to_add},
    },
    auth::no_randomness,
    body::{Path, Query, checked},
    pages::{
        Frame,
        form::Form,
        look::in_query,
        page,
        problem::status,
        routes::Pages,
        see,
        sheet::{Confirm, Field, Kind, Pick, Sheet},
        shown,
        times::{Times, When},
        visit::Visit,
    },
    policy::{self, Task},
    problem::Problem,
    say::Said,
};

/// How many deliveries stand on a page.
const LENGTH: u32 = 50;

pub(super) fn pages() -> Pages {
    Pages::default()
        .get("/admin/webhooks", list)
        .post("/admin/webhooks", add)
        .get("/admin/webhooks/{id}", one)
        .post("/admin/webhooks/{id}/pause", pause)
        .post("/admin/webhooks/{id}/go-on", go_on)
        .post("/admin/webhooks/{id}/test", test)
        .post("/admin/webhooks/{id}/remove", remove)
}

/// A webhook as it is shown.
struct Hook {
    id: Uuid,
    url: String,
    workflow: Option<String>,
    unit: Option<String>,
    kinds: Vec<String>,
    with_values: bool,
    paused: bool,
    waiting: u64,
    failed: u64,
    added: When,
    turn: Confirm,
    remove: Confirm,
}

fn hook(webhook: Webhook, visit: &Visit, times: &Times) -> Hook {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    let at = |rest: &str| format!("/admin/webhooks/{}/{rest}", webhook.id);
    let definitions = viewer.definitions();
    let workflow = webhook.workflow.as_ref().map(|id| {
        let known = definitions.iter().find(|definition| definition.id == *id);
        known.map_or_else(|| id.to_string(), |known| words.of(&known.title).to_owned())
    });
    let unit = webhook.unit.as_ref().map(|id| {
        let known = viewer.organisation.get(id);
        known.map_or_else(|| id.to_string(), |known| words.of(&known.title).to_owned())
    });
    let turn = match webhook.disabled.is_some() {
        true => Confirm::new(
            at("go-on"),
            words.t("webhook-go-on"),
            words.t("webhook-go-on-will"),
            words.t("webhook-go-on-do"),
        ),
        false => Confirm::new(
            at("pause"),
            words.t("webhook-pause"),
            words.t("webhook-pause-will"),
            words.t("webhook-pause-do"),
        ),
    };
    let remove = Confirm::new(
        at("remove"),
        words.t("webhook-remove"),
        words.t("webhook-remove-will"),
        words.t("webhook-remove-do"),
    );
    Hook {
        id: webhook.id,
        turn: turn.about(&webhook.url),
        remove: remove.about(&webhook.url),
        url: webhook.url,
        workflow,
        unit,
        kinds: webhook.kinds,
        with_values: webhook.with_values,
        paused: webhook.disabled.is_some(),
        waiting: webhook.waiting,
        failed: webhook.failed,
        added: times.day(webhook.created_at),
    }
}

#[derive(Template)]
#[template(path = "admin/webhooks.html")]
struct Page {
    frame: Frame,
    done: Option<Said>,
    /// Of a webhook that has just been added: which, its address, and its secret, shown once.
    added: Option<(Uuid, String, String)>,
    hooks: Vec<Hook>,
    sheet: Sheet,
    /// What events there are.
    known: Vec<&'static str>,
}

#[derive(Debug, Default, Deserialize)]
struct Sent {
    #[serde(default)]
    url: String,
    #[serde(default)]
    workflow: String,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    kinds: String,
    with_values: Option<String>,
}

impl Sent {
    /// The kinds of events, one a line or set apart otherwise.
    fn kinds(&self) -> Vec<String> {
        let parts = self.kinds.split([' ', '\n', '\r', ',', '\t', '\u{060c}']);
        parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }
}

fn sheet(visit: &Visit, sent: &Sent) -> Sheet {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    let any = || Pick::new("", words.t("people-any"));
    let mut workflows = vec![any()];
    workflows.extend(viewer.definitions().iter().map(|definition| {
        let value = definition.id.to_string();
        let chosen = value == sent.workflow;
        Pick::new(value, words.of(&definition.title)).chosen(chosen)
    }));
    let mut units = vec![any()];
    let mut known: Vec<_> = viewer.organisation.units().collect();
    known.sort_by(|one, other| one.id.cmp(&other.id));
    units.extend(known.into_iter().map(|unit| {
        let value = unit.id.to_string();
        let chosen = value == sent.unit;
        Pick::new(value, words.of(&unit.title)).chosen(chosen)
    }));
    let values = Pick::new("yes", words.t("webhook-values")).chosen(sent.with_values.is_some());
    Sheet::new("/admin/webhooks", words.t("webhook-add"))
        .with(
            Field::new("url", words.t("webhook-url"), Kind::Code)
                .required()
                .hinted(words.t("webhook-url-hint"))
                .holding(&sent.url)
                .at_most(2_000),
        )
        .with(Field::new("workflow", words.t("webhook-workflow"), Kind::Select(workflows)))
        .with(Field::new("unit", words.t("people-unit"), Kind::Select(units)))
        .with(
            Field::new("kinds", words.t("webhook-kinds"), Kind::Area)
                .hinted(words.t("webhook-kinds-hint"))
                .holding(&sent.kinds)
                .at_most(4_000),
        )
        .with(
            Field::new("with_values", words.t("webhook-content"), Kind::Checks(vec![values]))
                .hinted(words.t("webhook-values-hint")),
        )
}

async fn page_of(app: &App, visit: &Visit, sheet: Sheet) -> Result<Page, Problem> {
    let words = visit.look.words;
    let times = Times::of(app, words).await?;
    let hooks = app.store.webhooks().await?;
    Ok(Page {
        frame: visit.frame(words.t("webhooks-title")),
        done: None,
        added: None,
        hooks: hooks.into_iter().map(|one| hook(one, visit, &times)).collect(),
        sheet,
        known: Fact::kinds().to_vec(),
    })
}

#[derive(Debug, Default, Deserialize)]
struct Done {
    #[serde(default)]
    done: String,
}

async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    policy::permit_everywhere(&visit.viewer, Task::Operate)?;
    let done = match done.done.as_str() {
        "removed" => Some(words.t("webhook-removed")),
        _ => None,
    };
    let sheet = sheet(&visit, &Sent::default());
    page(&visit.look, &Page { done, ..page_of(&app, &visit, sheet).await? })
}

/// A secret by which deliveries are signed.
fn secret() -> Result<String, Problem> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| no_randomness(&error))?;
    Ok(format!("whsec_{}", STANDARD.encode(bytes)))
}

async fn add(
    State(app): State<App>,
    visit: Visit,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    policy::permit_everywhere(&visit.viewer, Task::Operate)?;
    let secret = secret()?;
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let body = json!({
        "url": sent.url.trim(), "secret": secret, "workflow": given(&sent.workflow),
        "unit": given(&sent.unit), "kinds": sent.kinds(),
        "with_values": sent.with_values.is_some(),
    });
    let added = async {
        let asked: AddWebhook = checked(body)?;
        let new = to_add(&app, &asked).await?;
        let made = (new.id, new.url.clone());
        app.store.add_webhook(new).await?;
        Ok::<_, Problem>(made)
    };
    match added.await {
        Ok((id, url)) => {
            let sheet = sheet(&visit, &Sent::default());
            let added = Some((id, url, secret));
            page(&visit.look, &Page { added, ..page_of(&app, &visit, sheet).await? })
        }
        Err(problem) if status(&problem).is_client_error() || problem.code == "webhooks_off" => {
            let status = status(&problem);
            let mut refused = sheet(&visit, &sent);
            let of_url = problem.faults.iter().any(|fault| fault.pointer == "/url");
            refused = refused.refused(problem, words);
            if of_url {
                refused = refused.faulted("url", words.t("webhook-url-wrong"));
            }
            shown(status, &visit.look, &page_of(&app, &visit, refused).await?)
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Template)]
#[template(path = "admin/webhook.html")]
struct One {
    frame: Frame,
    done: Option<Said>,
    /// Why a test was not taken.
    untaken: Option<String>,
    hook: Hook,
    tabs: Vec<Tab>,
    rows: Vec<Delivered>,
    back: String,
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

async fn one_of(app: &App, visit: &Visit, id: Uuid, wanted: &Wanted) -> Result<One, Problem> {
    let words = visit.look.words;
    policy::permit_everywhere(&visit.viewer, Task::Operate)?;
    let times = Times::of(app, words).await?;
    let known = app.store.webhooks().await?;
    let known = known.into_iter().find(|one| one.id == id).ok_or_else(Problem::not_found)?;
    let states = STATES.into_iter().chain([DeliveryState::Sent]);
    let states: Vec<DeliveryState> = states.collect();
    let state = states.iter().copied().find(|one| one.as_str() == wanted.state);
    let state = state.unwrap_or(DeliveryState::Failed);
    let query = DeliveriesQuery {
        target: Some(id),
        channel: Some(Channel::Webhook),
        state: Some(state),
        limit: LENGTH,
        ..DeliveriesQuery::default()
    };
    let (found, next) = rows_of(app, query, wanted.after.as_deref()).await?;
    let address = |state: DeliveryState| format!("/admin/webhooks/{id}?state={}", state.as_str());
    let tabs = states.iter().map(|one| Tab {
        name: state_name(one.as_str(), words).0,
        address: address(*one),
        current: *one == state,
    });
    Ok(One {
        frame: visit.frame(words.t("webhook-title")),
        done: match wanted.done.as_str() {
            "paused" => Some(words.t("webhook-paused")),
            "going" => Some(words.t("webhook-going")),
            "taken" => Some(words.t("webhook-taken")),
            "retried" => Some(words.t("delivery-retried")),
            _ => None,
        },
        untaken: None,
        hook: hook(known, visit, &times),
        tabs: tabs.collect(),
        rows: delivered(app, found, &times, words).await?,
        back: address(state),
        next: next.map(|next| format!("{}&after={}", address(state), in_query(&next))),
    })
}

async fn one(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<Uuid>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    page(&visit.look, &one_of(&app, &visit, id, &wanted).await?)
}

fn found(is: bool) -> Result<(), Problem> {
    if is { Ok(()) } else { Err(Problem::not_found()) }
}

async fn pause(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<Uuid>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    policy::permit_everywhere(&visit.viewer, Task::Operate)?;
    found(app.store.disable_webhook(id, Some(PAUSED.to_owned())).await?)?;
    Ok(see(&format!("/admin/webhooks/{id}?done=paused")))
}

async fn go_on(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<Uuid>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    policy::permit_everywhere(&visit.viewer, Task::Operate)?;
    found(app.store.disable_webhook(id, None).await?)?;
    Ok(see(&format!("/admin/webhooks/{id}?done=going")))
}

async fn test(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<Uuid>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    policy::permit_everywhere(&visit.viewer, Task::Operate)?;
    match tested(&app, id).await? {
        Ok(()) => Ok(see(&format!("/admin/webhooks/{id}?done=taken"))),
        Err(why) => {
            let shown = one_of(&app, &visit, id, &Wanted::default()).await?;
            page(&visit.look, &One { untaken: Some(why), ..shown })
        }
    }
}

async fn remove(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<Uuid>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    policy::permit_everywhere(&visit.viewer, Task::Operate)?;
    found(app.store.remove_webhook(id).await?)?;
    Ok(see("/admin/webhooks?done=removed"))
}
