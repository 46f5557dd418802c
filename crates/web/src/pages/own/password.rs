//! Changing one's own password, by who knows the former one.

use askama::Template;
use axum::{extract::State, http::HeaderMap, response::Response};
use serde::Deserialize;

use super::{Done, Part, parts};
use crate::{
    App,
    api::password::change_own,
    auth::ClientAddress,
    body::Query,
    pages::{
        Frame,
        form::Form,
        page,
        problem::status,
        routes::Pages,
        see_keeping,
        sheet::{Field, Kind, Pick, Sheet},
        shown,
        visit::Visit,
    },
    problem::Problem,
    say::{Said, Words},
};

const HERE: &str = "/account/password";

pub(super) fn pages() -> Pages {
    Pages::default().get(HERE, asked).post(HERE, change)
}

#[derive(Template)]
#[template(path = "own/password.html")]
struct Page {
    frame: Frame,
    parts: Vec<Part>,
    done: Option<Said>,
    /// None for who has no password: he comes by a provider.
    sheet: Option<Sheet>,
}

impl Page {
    fn of(visit: &Visit, sheet: Option<Sheet>) -> Self {
        let words = visit.look.words;
        let frame = visit.frame(words.t("own-password"));
        Self { frame, parts: parts(words, HERE), done: None, sheet }
    }
}

fn sheet(words: Words, revoke_tokens: bool) -> Sheet {
    let password =
        |name, label: Said, new| Field::new(name, label, Kind::Password { new }).required();
    let tokens = Pick::new("yes", words.t("own-password-tokens")).chosen(revoke_tokens);
    Sheet::new(HERE, words.t("own-password-change"))
        .with(password("current", words.t("own-password-now"), false))
        .with(
            password("password", words.t("set-password-new"), true)
                .hinted(words.t("set-password-hint")),
        )
        .with(password("again", words.t("set-password-again"), true))
        .with(
            Field::new("revoke_tokens", words.t("own-tokens"), Kind::Checks(vec![tokens]))
                .hinted(words.t("own-password-tokens-hint")),
        )
}

async fn asked(
    State(app): State<App>,
    visit: Visit,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let account = app.store.account(visit.caller.person).await?;
    let has_one = account.is_some_and(|account| account.has_password);
    let shown = Page {
        done: (done.done == "changed").then(|| words.t("own-password-changed")),
        ..Page::of(&visit, has_one.then(|| sheet(words, false)))
    };
    page(&visit.look, &shown)
}

#[derive(Deserialize)]
struct Sent {
    #[serde(default)]
    current: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    again: String,
    revoke_tokens: Option<String>,
}

async fn change(
    State(app): State<App>,
    visit: Visit,
    headers: HeaderMap,
    from: ClientAddress,
    Form(sent): Form<Sent>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let revoke = sent.revoke_tokens.is_some();
    let sheet = sheet(words, revoke);
    let faulted = if sent.current.is_empty() {
        sheet.faulted("current", words.t("fault-missing"))
    } else if sent.password != sent.again {
        sheet.faulted("again", words.t("set-password-differ"))
    } else {
        let passwords = (sent.current, sent.password);
        match change_own(&app, &visit.caller, passwords, revoke, &headers, from).await {
            Ok(session) => {
                return Ok(see_keeping("/account/password?done=changed", &[&session.cookie]));
            }
            Err(problem) if problem.code == "password_wrong" => {
                sheet.faulted("current", words.t("own-password-wrong"))
            }
            Err(problem) if status(&problem).is_client_error() => {
                let refused = status(&problem);
                let sheet = sheet.refused(problem, words);
                return shown(refused, &visit.look, &Page::of(&visit, Some(sheet)));
            }
            Err(problem) => return Err(problem),
        }
    };
    let page = Page::of(&visit, Some(faulted));
    shown(axum::http::StatusCode::UNPROCESSABLE_ENTITY, &visit.look, &page)
}
