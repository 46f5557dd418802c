//! Coming in and going out: by a password and a second step, by a link that sets a password, by an
//! identity provider; and asking for such a link.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;

use super::{
    Frame,
    form::Form,
    look::in_query,
    page,
    problem::{in_short as told, status},
    routes::Pages,
    see_keeping, shown,
    visit::{Guest, Visit},
};
use crate::{
    App,
    api::{
        password::{ask_recovery, holder, set_by_link},
        second_factor::{LetIn, enter_by_code},
        session::{enter, leave},
    },
    auth::is_local,
    body::{Path, Query},
    problem::Problem,
};

pub(super) fn pages() -> Pages {
    Pages::default()
        .get("/login", login)
        .post("/login", log_in)
        .get("/login/second-step", second_step)
        .post("/login/second-step", take_second_step)
        .post("/logout", log_out)
        .get("/recover", recover)
        .post("/recover", ask)
        .get("/set-password/{link}", choose_password)
        .post("/set-password/{link}", set_password)
}

/// To where somebody goes on afterwards.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Onward {
    to: Option<String>,
    /// He comes from having gone out.
    out: Option<String>,
}

impl Onward {
    pub(super) fn address(&self) -> &str {
        self.to.as_deref().filter(|to| is_local(to)).unwrap_or("/")
    }
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: Frame,
    to: String,
    login: String,
    /// What went wrong.
    told: Option<String>,
    /// The identity provider, by name and address.
    provider: Option<(String, String)>,
    /// Whether he has just gone out, and may still be in at the provider.
    out: bool,
}

impl LoginPage {
    fn of(app: &App, guest: &Guest, to: &str) -> Self {
        let words = guest.look.words;
        let provider = app.settings.oidc.as_ref().map(|oidc| {
            let settings = oidc.settings();
            let name = if words.is_persian() { &settings.name_fa } else { &settings.name_en };
            (name.clone(), format!("/api/v1/oidc/login?to={}", in_query(to)))
        });
        let frame = guest.frame(words.t("login-title"));
        Self { frame, to: to.to_owned(), login: String::new(), told: None, provider, out: false }
    }
}

async fn login(
    State(app): State<App>,
    guest: Guest,
    Query(onward): Query<Onward>,
) -> Result<Response, Problem> {
    let out = onward.out.is_some() && app.settings.oidc.is_some();
    page(&guest.look, &LoginPage { out, ..LoginPage::of(&app, &guest, onward.address()) })
}

#[derive(Debug, Deserialize)]
struct LogIn {
    login: String,
    password: String,
    #[serde(flatten)]
    onward: Onward,
}

async fn log_in(
    State(app): State<App>,
    guest: Guest,
    Form(asked): Form<LogIn>,
) -> Result<Response, Problem> {
    let to = asked.onward.address();
    let entered = enter(&app, asked.login.trim(), asked.password, &guest.headers, guest.from).await;
    match entered {
        Ok(entered) => Ok(go_on(&entered, to)),
        Err(problem) if status(&problem).is_client_error() => {
            let status = status(&problem);
            let page = LoginPage {
                login: asked.login.clone(),
                told: Some(told(problem, guest.look.words)),
                ..LoginPage::of(&app, &guest, to)
            };
            shown(status, &guest.look, &page)
        }
        Err(problem) => Err(problem),
    }
}

/// On to the page that was asked for, or to the second step before it.
pub(super) fn go_on(entered: &LetIn, to: &str) -> Response {
    match entered {
        LetIn::Session(session) => see_keeping(to, &[&session.cookie]),
        LetIn::Half { cookie } => {
            see_keeping(&format!("/login/second-step?to={}", in_query(to)), &[cookie])
        }
    }
}

#[derive(Template)]
#[template(path = "second_step.html")]
struct SecondStepPage {
    frame: Frame,
    to: String,
    told: Option<String>,
}

async fn second_step(guest: Guest, Query(onward): Query<Onward>) -> Result<Response, Problem> {
    let frame = guest.frame(guest.look.words.t("second-step-title"));
    let to = onward.address().to_owned();
    page(&guest.look, &SecondStepPage { frame, to, told: None })
}

#[derive(Debug, Deserialize)]
struct Code {
    code: String,
    #[serde(flatten)]
    onward: Onward,
}

async fn take_second_step(
    State(app): State<App>,
    guest: Guest,
    Form(asked): Form<Code>,
) -> Result<Response, Problem> {
    let to = asked.onward.address().to_owned();
    match enter_by_code(&app, &asked.code, &guest.headers, guest.from).await {
        Ok((session, gone)) => Ok(see_keeping(&to, &[&session.cookie, &gone])),
        Err(problem) if problem.code == "second_step_over" => {
            let page = LoginPage {
                told: Some(told(problem, guest.look.words)),
                ..LoginPage::of(&app, &guest, &to)
            };
            shown(StatusCode::UNAUTHORIZED, &guest.look, &page)
        }
        Err(problem) if status(&problem).is_client_error() => {
            let status = status(&problem);
            let frame = guest.frame(guest.look.words.t("second-step-title"));
            let told = Some(told(problem, guest.look.words));
            shown(status, &guest.look, &SecondStepPage { frame, to, told })
        }
        Err(problem) => Err(problem),
    }
}

#[derive(Debug, Deserialize)]
struct Nothing {}

async fn log_out(
    State(app): State<App>,
    visit: Visit,
    Form(Nothing {}): Form<Nothing>,
) -> Result<Response, Problem> {
    let cookie = leave(&app, &visit.caller).await?;
    // Who has come by a provider is still in there: a link leads to where he goes out there too. A form
    // may not lead to another site (`form-action`), a link may.
    let next = if app.settings.oidc.is_some() { "/login?out=yes" } else { "/login" };
    Ok(see_keeping(next, &[&cookie]))
}

#[derive(Template)]
#[template(path = "recover.html")]
struct RecoverPage {
    frame: Frame,
    /// Whether it has been asked for.
    asked: bool,
}

async fn recover(guest: Guest) -> Result<Response, Problem> {
    let frame = guest.frame(guest.look.words.t("recover-title"));
    page(&guest.look, &RecoverPage { frame, asked: false })
}

#[derive(Debug, Deserialize)]
struct Forgotten {
    login: String,
}

async fn ask(
    State(app): State<App>,
    guest: Guest,
    Form(forgotten): Form<Forgotten>,
) -> Result<Response, Problem> {
    // As long as the API takes; what is longer is nobody's.
    let login: String = forgotten.login.chars().take(254).collect();
    ask_recovery(app, login, guest.from);
    let frame = guest.frame(guest.look.words.t("recover-title"));
    page(&guest.look, &RecoverPage { frame, asked: true })
}

#[derive(Template)]
#[template(path = "set_password.html")]
struct SetPasswordPage {
    frame: Frame,
    link: String,
    told: Option<String>,
}

async fn choose_password(
    State(app): State<App>,
    guest: Guest,
    Path(link): Path<String>,
) -> Result<Response, Problem> {
    holder(&app, &link).await?;
    let frame = guest.frame(guest.look.words.t("set-password-title"));
    page(&guest.look, &SetPasswordPage { frame, link, told: None })
}

#[derive(Debug, Deserialize)]
struct NewPassword {
    password: String,
    again: String,
}

async fn set_password(
    State(app): State<App>,
    guest: Guest,
    Path(link): Path<String>,
    Form(asked): Form<NewPassword>,
) -> Result<Response, Problem> {
    let words = guest.look.words;
    let told = if asked.password != asked.again {
        words.t("set-password-differ").into()
    } else {
        match set_by_link(&app, &link, asked.password, &guest.headers, guest.from).await {
            Ok(entered) => return Ok(go_on(&entered, "/")),
            Err(problem) if problem.code == "password_weak" => words.t("set-password-weak").into(),
            Err(problem) => return Err(problem),
        }
    };
    let frame = guest.frame(words.t("set-password-title"));
    let page = SetPasswordPage { frame, link, told: Some(told) };
    shown(StatusCode::UNPROCESSABLE_ENTITY, &guest.look, &page)
}
