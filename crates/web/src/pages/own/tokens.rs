//! One's own tokens: machines that act for somebody.

use std::collections::BTreeSet;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use parvaneh_store::{Scope, TokenRow};
use serde::Deserialize;
use uuid::Uuid;

use super::{Done, Part, parts};
use crate::{
    App,
    api::tokens::{MOST_DAYS, make},
    body::{Path, Query},
    pages::{
        Frame,
        form::Form,
        page,
        routes::Pages,
        see,
        sheet::{Confirm, Field, Kind, Pick, Sheet},
        shown,
        times::{Times, When},
        visit::Visit,
    },
    problem::Problem,
    say::{Said, Words},
    shown::digits::latin,
};

const HERE: &str = "/account/tokens";

pub(super) fn pages() -> Pages {
    Pages::default().get(HERE, list).post(HERE, add).post("/account/tokens/{id}/revoke", revoke)
}

/// A token in the list.
struct Row {
    name: String,
    scopes: Vec<String>,
    made: When,
    ends: When,
    used: Option<When>,
    revoked: Option<When>,
    /// Whether its time is over.
    over: bool,
    revoke: Option<Confirm>,
}

#[derive(Template)]
#[template(path = "own/tokens.html")]
struct Page {
    frame: Frame,
    parts: Vec<Part>,
    done: Option<Said>,
    /// A token that has just been made: shown once.
    made: Option<String>,
    rows: Vec<Row>,
    sheet: Sheet,
}

fn scope(scope: Scope, words: Words) -> Said {
    match scope {
        Scope::Read => words.t("own-token-read"),
        Scope::Write => words.t("own-token-write"),
    }
}

#[derive(Default, Deserialize)]
struct Sent {
    #[serde(default)]
    name: String,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    days: String,
}

fn sheet(words: Words, sent: &Sent) -> Sheet {
    let pick = |one: Scope| {
        let chosen = sent.scopes.iter().any(|name| name == one.as_str());
        Pick::new(one.as_str(), scope(one, words)).chosen(chosen)
    };
    let scopes = Kind::Checks(Scope::ALL.map(pick).to_vec());
    Sheet::new(HERE, words.t("own-token-make"))
        .with(
            Field::new("name", words.t("own-token-name"), Kind::Line)
                .required()
                .hinted(words.t("own-token-name-hint"))
                .holding(&sent.name),
        )
        .with(Field::new("scopes", words.t("own-token-scopes"), scopes).required())
        .with(
            Field::new("days", words.t("own-token-days"), Kind::Number)
                .required()
                .hinted(words.t("own-token-days-hint").n("most", i64::from(MOST_DAYS)))
                .holding(&sent.days),
        )
}

fn row(row: TokenRow, now: parvaneh_core::Instant, times: &Times, words: Words) -> Row {
    let over = row.expires_at <= now;
    let revoke = Confirm::new(
        format!("/account/tokens/{}/revoke", row.id),
        words.t("own-token-revoke"),
        words.t("own-token-revoke-will"),
        words.t("own-token-revoke-do"),
    );
    Row {
        scopes: row.scopes.iter().map(|one| scope(*one, words).into()).collect(),
        made: times.day(row.created_at),
        ends: times.day(row.expires_at),
        used: row.used_at.map(|at| times.moment(at)),
        revoked: row.revoked_at.map(|at| times.moment(at)),
        revoke: (row.revoked_at.is_none() && !over).then_some(revoke.about(&row.name)),
        over,
        name: row.name,
    }
}

async fn shown_with(
    app: &App,
    visit: &Visit,
    sheet: Sheet,
    done: Option<Said>,
    made: Option<String>,
) -> Result<Page, Problem> {
    let words = visit.look.words;
    let times = Times::of(app, words).await?;
    // Tokens end by the server's clock, whatever that of a sandbox shows.
    let now = app.store.server_time().await?;
    let rows = app.store.tokens_of(visit.caller.person).await?;
    Ok(Page {
        frame: visit.frame(words.t("own-tokens")),
        parts: parts(words, HERE),
        done,
        made,
        rows: rows.into_iter().map(|one| row(one, now, &times, words)).collect(),
        sheet,
    })
}

async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let told = (done.done == "revoked").then(|| words.t("own-token-revoked"));
    let sheet = sheet(words, &Sent { days: words.digits(90), ..Sent::default() });
    page(&visit.look, &shown_with(&app, &visit, sheet, told, None).await?)
}

async fn add(
    State(app): State<App>,
    visit: Visit,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let mut form = sheet(words, &sent);
    let mut wrong = false;
    let mut fault = |name: &str, why: Said, form: Sheet| {
        wrong = true;
        form.faulted(name, why)
    };
    let name = sent.name.trim();
    if name.is_empty() || name.contains('\0') {
        form = fault("name", words.t("fault-missing"), form);
    } else if name.chars().count() > 200 {
        form = fault("name", words.t("fault-long"), form);
    }
    let scopes: BTreeSet<Scope> = sent.scopes.iter().filter_map(|one| Scope::named(one)).collect();
    if scopes.is_empty() {
        form = fault("scopes", words.t("fault-choose"), form);
    }
    let days = latin(sent.days.trim()).parse().ok();
    let days: Option<u16> = days.filter(|days| (1..=MOST_DAYS).contains(days));
    if days.is_none() {
        form = fault("days", words.t("fault-range"), form);
    }
    let (Some(days), false) = (days, wrong) else {
        let page = shown_with(&app, &visit, form, None, None).await?;
        return shown(StatusCode::UNPROCESSABLE_ENTITY, &visit.look, &page);
    };
    let scopes = scopes.into_iter().collect();
    let (_, made) = make(&app, &visit.caller, name.to_owned(), scopes, days).await?;
    let sheet = sheet(words, &Sent { days: words.digits(90), ..Sent::default() });
    page(&visit.look, &shown_with(&app, &visit, sheet, None, Some(made)).await?)
}

#[derive(Deserialize)]
struct Nothing {}

async fn revoke(
    State(app): State<App>,
    visit: Visit,
    Path(id): Path<Uuid>,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    match app.store.revoke_token(visit.caller.person, id).await? {
        true => Ok(see("/account/tokens?done=revoked")),
        false => Err(Problem::not_found()),
    }
}
