//! Coming in by a code that is sent by mail, and making an account that way: for applicants.
//!
//! No page tells whether an address has an account. Only who has proved that it is his learns that, by what he is
//! asked next.

use std::time::Duration;

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use parvaneh_core::{
    PersonId,
    form::{FieldKind, Value, read_text},
};
use parvaneh_store::{EntryProof, Language as MailLanguage, NewApplicant};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Frame,
    account::{Onward, go_on},
    form::Form,
    look::in_query,
    page,
    routes::Pages,
    see, see_keeping, shown,
    visit::Guest,
};
use crate::{
    App,
    api::{second_factor::let_in, session::begin},
    auth,
    body::Query,
    problem::Problem,
    shown::digits::latin,
};

/// How long a browser keeps what it has asked for: the code, then who one is.
const KEPT: Duration = Duration::from_secs(45 * 60);

pub(super) fn pages() -> Pages {
    Pages::default()
        .get("/enter", ask)
        .post("/enter", send)
        .get("/enter/code", code)
        .post("/enter/code", prove)
        .get("/enter/account", account)
        .post("/enter/account", make)
}

fn cookie_name(app: &App) -> &'static str {
    if app.settings.is_secure() { "__Host-parvaneh-entry" } else { "parvaneh-entry" }
}

fn cookie(app: &App, value: &str, lasts: Duration) -> String {
    auth::cookie(app, cookie_name(app), value, lasts)
}

/// What this browser has asked for.
fn asked_for(app: &App, headers: &HeaderMap) -> Option<Uuid> {
    auth::cookie_named(cookie_name(app), headers)?.parse().ok()
}

/// Whether a text looks like an address: mails to it tell the rest.
fn is_address(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@')
    };
    let parts = text.rsplit_once('@');
    text.len() <= 254
        && parts.is_some_and(|(local, host)| {
            plain(local) && plain(host) && host.contains('.') && !host.starts_with('.')
        })
}

#[derive(Template)]
#[template(path = "enter/ask.html")]
struct Ask {
    frame: Frame,
    to: String,
    email: String,
    /// Whether who has no account can make one.
    registers: bool,
    told: Option<String>,
}

async fn ask(
    State(app): State<App>,
    guest: Guest,
    Query(onward): Query<Onward>,
) -> Result<Response, Problem> {
    let ask = Ask {
        frame: guest.frame(guest.look.words.t("enter-title")),
        to: onward.address().to_owned(),
        email: String::new(),
        registers: app.settings.self_registration,
        told: None,
    };
    page(&guest.look, &ask)
}

#[derive(Debug, Deserialize)]
struct Address {
    email: String,
    #[serde(flatten)]
    onward: Onward,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the edge: what a browser asks for has an identifier"
)]
async fn send(
    State(app): State<App>,
    guest: Guest,
    Form(sent): Form<Address>,
) -> Result<Response, Problem> {
    let (words, to) = (guest.look.words, sent.onward.address());
    let email = sent.email.trim();
    if !is_address(email) {
        let ask = Ask {
            frame: guest.frame(words.t("enter-title")),
            to: to.to_owned(),
            email: sent.email.clone(),
            registers: app.settings.self_registration,
            told: Some(words.t("enter-no-address").into()),
        };
        return shown(StatusCode::UNPROCESSABLE_ENTITY, &guest.look, &ask);
    }
    let language = if words.is_persian() { MailLanguage::Fa } else { MailLanguage::En };
    let (id, site) = (Uuid::now_v7(), &app.settings.public_url);
    app.store.ask_entry(id, email, language, site, app.settings.self_registration).await?;
    let there = format!("/enter/code?to={}", in_query(to));
    Ok(see_keeping(&there, &[&cookie(&app, &id.to_string(), KEPT)]))
}

#[derive(Template)]
#[template(path = "enter/code.html")]
struct CodePage {
    frame: Frame,
    to: String,
    told: Option<String>,
}

async fn code(guest: Guest, Query(onward): Query<Onward>) -> Result<Response, Problem> {
    let frame = guest.frame(guest.look.words.t("enter-code-title"));
    page(&guest.look, &CodePage { frame, to: onward.address().to_owned(), told: None })
}

#[derive(Debug, Deserialize)]
struct CodeSent {
    code: String,
    #[serde(flatten)]
    onward: Onward,
}

async fn prove(
    State(app): State<App>,
    guest: Guest,
    Form(sent): Form<CodeSent>,
) -> Result<Response, Problem> {
    let (words, to) = (guest.look.words, sent.onward.address());
    let proof = match asked_for(&app, &guest.headers) {
        None => EntryProof::Over,
        Some(id) => app.store.prove_entry(id, &digits(&sent.code)).await?,
    };
    let told = match proof {
        EntryProof::Right(Some(person)) => {
            let entered = let_in(&app, person, &guest.headers, guest.from).await?;
            return Ok(go_on(&entered, to));
        }
        EntryProof::Right(None) => {
            return Ok(see(&format!("/enter/account?to={}", in_query(to))));
        }
        EntryProof::Wrong => words.t("enter-code-wrong"),
        EntryProof::Over => words.t("enter-code-over"),
    };
    let code = CodePage {
        frame: guest.frame(words.t("enter-code-title")),
        to: to.to_owned(),
        told: Some(told.into()),
    };
    shown(StatusCode::UNPROCESSABLE_ENTITY, &guest.look, &code)
}

/// The digits of a code, whatever they were typed with.
fn digits(typed: &str) -> String {
    latin(typed).chars().filter(char::is_ascii_digit).take(20).collect()
}

#[derive(Template)]
#[template(path = "enter/account.html")]
struct AccountPage {
    frame: Frame,
    to: String,
    email: String,
    name: String,
    identifier: String,
    name_fault: Option<String>,
    identifier_fault: Option<String>,
}

/// The address that this browser has proved; else back to the beginning.
async fn proved(app: &App, guest: &Guest) -> Result<Option<(Uuid, String)>, Problem> {
    let Some(id) = asked_for(app, &guest.headers) else { return Ok(None) };
    Ok(app.store.proved_address(id).await?.map(|email| (id, email)))
}

async fn account(
    State(app): State<App>,
    guest: Guest,
    Query(onward): Query<Onward>,
) -> Result<Response, Problem> {
    let Some((_, email)) = proved(&app, &guest).await? else { return Ok(see("/enter")) };
    let account = AccountPage {
        frame: guest.frame(guest.look.words.t("enter-account-title")),
        to: onward.address().to_owned(),
        email,
        name: String::new(),
        identifier: String::new(),
        name_fault: None,
        identifier_fault: None,
    };
    page(&guest.look, &account)
}

#[derive(Debug, Deserialize)]
struct Who {
    name: String,
    identifier: String,
    #[serde(flatten)]
    onward: Onward,
}

/// More than that nobody is called.
const LONGEST_NAME: u32 = 200;

#[expect(clippy::disallowed_methods, reason = "the edge: a person has an identifier")]
async fn make(
    State(app): State<App>,
    guest: Guest,
    Form(who): Form<Who>,
) -> Result<Response, Problem> {
    let words = guest.look.words;
    let Some((id, email)) = proved(&app, &guest).await? else { return Ok(see("/enter")) };
    let today = app.store.now().await?.date_naive();
    let read = |kind: &FieldKind, typed: &str| {
        if typed.trim().is_empty() {
            return Err(String::from(words.t("apply-needed")));
        }
        match read_text(kind, typed, today) {
            Ok(Value::Text(text) | Value::NationalId(text) | Value::LegalId(text)) => Ok(text),
            Ok(_) => Err(words.t("apply-needed").into()),
            Err((_, text)) => Err(words.of(&text).to_owned()),
        }
    };
    let name = read(&FieldKind::Text { min: Some(2), max: Some(LONGEST_NAME) }, &who.name);
    // Eleven digits are a legal person's.
    let kind = match digits(&who.identifier).len() {
        11 => FieldKind::LegalId,
        _ => FieldKind::NationalId,
    };
    let (name, identifier) = match (name, read(&kind, &who.identifier)) {
        (Ok(name), Ok(identifier)) => (name, identifier),
        (name, identifier) => {
            let account = AccountPage {
                frame: guest.frame(words.t("enter-account-title")),
                to: who.onward.address().to_owned(),
                email,
                name_fault: name.err(),
                identifier_fault: identifier.err(),
                name: who.name.clone(),
                identifier: who.identifier.clone(),
            };
            return shown(StatusCode::UNPROCESSABLE_ENTITY, &guest.look, &account);
        }
    };
    let new = NewApplicant { person: PersonId(Uuid::now_v7()), name, identifier };
    let Some(person) = app.store.register(id, new).await? else { return Ok(see("/enter")) };
    let session = begin(&app, person, &guest.headers, guest.from).await?;
    let gone = cookie(&app, "", Duration::ZERO);
    Ok(see_keeping(who.onward.address(), &[&session.cookie, &gone]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_an_address() {
        for address in ["a@b.ir", "sara.r+x@mail.example.org"] {
            assert!(is_address(address), "{address}");
        }
        for other in
            ["", "a", "a@b", "@b.ir", "a@.ir", "a b@c.ir", "a@b.ir\n", "a@@b.ir", "آ@ب.ایران"]
        {
            assert!(!is_address(other), "{other:?}");
        }
    }

    #[test]
    fn digits_are_read_in_any_script() {
        assert_eq!(digits(" ۱۲۳-٤٥6 "), "123456");
    }
}
