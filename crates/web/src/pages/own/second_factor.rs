//! One's own second factor: setting it up with an app, its recovery codes, and removing it.

use askama::Template;
use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;

use super::{Done, Part, parts};
use crate::{
    App,
    api::second_factor::{begin_own, confirm_own, remove_own, renew_own_codes},
    auth::{ClientAddress, Margin, RecoveryCode},
    body::Query,
    pages::{
        Frame,
        form::Form,
        page,
        problem::status,
        routes::Pages,
        see,
        sheet::{Field, Kind, Sheet},
        shown,
        times::{Times, When},
        visit::Visit,
    },
    problem::Problem,
    say::{Said, Words},
};

const HERE: &str = "/account/second-factor";

pub(super) fn pages() -> Pages {
    Pages::default()
        .get(HERE, asked)
        .post("/account/second-factor/begin", begin)
        .post("/account/second-factor/confirm", confirm)
        .post("/account/second-factor/codes", renew)
        .post("/account/second-factor/remove", remove)
}

/// A secret for an app, shown once.
struct Secret {
    uri: String,
    /// In fours, for typing.
    typed: String,
    /// The squares of the picture, as one path, and how many there are in a row with the light edge.
    squares: String,
    side: usize,
}

/// How wide the light edge of the picture is.
const EDGE: usize = 4;

/// Dark squares as runs of each row.
fn squares(rows: &[String]) -> String {
    let mut path = String::new();
    for (y, row) in rows.iter().enumerate() {
        let mut run: Option<usize> = None;
        for (x, square) in row.chars().chain(['0']).enumerate() {
            match (square == '1', run) {
                (true, None) => run = Some(x),
                (false, Some(from)) => {
                    let (left, length) = (from + EDGE, x - from);
                    path.push_str(&format!("M{left} {}h{length}v1h-{length}z", y + EDGE));
                    run = None;
                }
                _ => {}
            }
        }
    }
    path
}

fn in_fours(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let fours = letters.chunks(4).map(|four| four.iter().collect::<String>());
    fours.collect::<Vec<_>>().join(" ")
}

/// What the page is for now.
enum Now {
    /// There is none: begin.
    Off(Sheet),
    /// An app is to be shown the secret, and its first code typed.
    Begun(Option<Secret>, Sheet),
    /// It is asked for.
    On { since: When, codes: u32, renew: Sheet, remove: Sheet },
    /// Codes to be kept, shown once.
    Codes(Vec<String>),
}

#[derive(Template)]
#[template(path = "own/second_factor.html")]
struct Page {
    frame: Frame,
    parts: Vec<Part>,
    done: Option<Said>,
    now: Now,
}

impl Page {
    fn of(visit: &Visit, now: Now) -> Self {
        let words = visit.look.words;
        let frame = visit.frame(words.t("own-second-factor"));
        Self { frame, parts: parts(words, HERE), done: None, now }
    }
}

fn password(words: Words) -> Field {
    Field::new("password", words.t("own-password-now"), Kind::Password { new: false }).required()
}

fn code(words: Words) -> Field {
    Field::new("code", words.t("second-step-code"), Kind::OneTimeCode).required()
}

fn begins(words: Words) -> Sheet {
    Sheet::new("/account/second-factor/begin", words.t("own-factor-begin")).with(password(words))
}

fn confirms(words: Words) -> Sheet {
    let code = code(words).hinted(words.t("own-factor-code-hint"));
    Sheet::new("/account/second-factor/confirm", words.t("own-factor-confirm")).with(code)
}

fn renews(words: Words) -> Sheet {
    Sheet::new("/account/second-factor/codes", words.t("own-factor-renew"))
        .with(password(words))
        .with(code(words).hinted(words.t("second-step-hint")))
        .named("renew")
}

fn removes(words: Words) -> Sheet {
    Sheet::new("/account/second-factor/remove", words.t("own-factor-remove"))
        .with(password(words))
        .with(code(words).hinted(words.t("second-step-hint")))
        .named("remove")
}

/// As it is, with these two forms where there is one.
async fn now(app: &App, visit: &Visit, renew: Sheet, remove: Sheet) -> Result<Now, Problem> {
    let words = visit.look.words;
    let times = Times::of(app, words).await?;
    Ok(match app.store.second_factor(visit.caller.person).await? {
        Some(found) => {
            Now::On { since: times.day(found.since), codes: found.recovery_codes, renew, remove }
        }
        None => Now::Off(begins(words)),
    })
}

async fn asked(
    State(app): State<App>,
    visit: Visit,
    Query(done): Query<Done>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let now = now(&app, &visit, renews(words), removes(words)).await?;
    let done = (done.done == "removed").then(|| words.t("own-factor-removed"));
    page(&visit.look, &Page { done, ..Page::of(&visit, now) })
}

/// The form with what a problem says: beside the input that is meant.
fn refused(sheet: Sheet, problem: Problem, words: Words) -> Sheet {
    match problem.code.as_str() {
        "password_wrong" => sheet.faulted("password", words.t("own-password-wrong")),
        "code_wrong" => sheet.faulted("code", words.t("own-factor-code-wrong")),
        _ => sheet.refused(problem, words),
    }
}

#[derive(Deserialize)]
struct Proof {
    #[serde(default)]
    password: String,
    #[serde(default)]
    code: String,
}

async fn begin(
    State(app): State<App>,
    visit: Visit,
    Form(sent): Form<Proof>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    match begin_own(&app, &visit.caller, sent.password).await {
        Ok(shared) => {
            let secret = Secret {
                typed: in_fours(&shared.secret),
                squares: squares(&shared.qr),
                side: shared.qr.len() + 2 * EDGE,
                uri: shared.uri,
            };
            page(&visit.look, &Page::of(&visit, Now::Begun(Some(secret), confirms(words))))
        }
        Err(problem) if status(&problem).is_client_error() => {
            let status = status(&problem);
            let now = Now::Off(refused(begins(words), problem, words));
            shown(status, &visit.look, &Page::of(&visit, now))
        }
        Err(problem) => Err(problem),
    }
}

fn codes(visit: &Visit, codes: &[RecoveryCode]) -> Result<Response, Problem> {
    let codes = codes.iter().map(RecoveryCode::reveal).collect();
    page(&visit.look, &Page::of(visit, Now::Codes(codes)))
}

async fn confirm(
    State(app): State<App>,
    visit: Visit,
    headers: HeaderMap,
    from: ClientAddress,
    Extension(margin): Extension<Margin>,
    Form(sent): Form<Proof>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    match confirm_own(&app, &visit.caller, &sent.code, &headers, from, &margin).await {
        Ok(made) => codes(&visit, &made),
        Err(problem) if problem.code == "code_wrong" => {
            let sheet = refused(confirms(words), problem, words);
            let page = Page::of(&visit, Now::Begun(None, sheet));
            shown(StatusCode::UNPROCESSABLE_ENTITY, &visit.look, &page)
        }
        Err(problem) if problem.code == "second_factor_not_begun" => {
            let now = Now::Off(begins(words).refused(problem, words));
            shown(StatusCode::CONFLICT, &visit.look, &Page::of(&visit, now))
        }
        Err(problem) => Err(problem),
    }
}

async fn renew(
    State(app): State<App>,
    visit: Visit,
    from: ClientAddress,
    Form(sent): Form<Proof>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    match renew_own_codes(&app, &visit.caller, (sent.password, &sent.code), from).await {
        Ok(made) => codes(&visit, &made),
        Err(problem) if told_here(&problem) => {
            let status = status(&problem);
            let now = now(&app, &visit, refused(renews(words), problem, words), removes(words));
            shown(as_typed(status), &visit.look, &Page::of(&visit, now.await?))
        }
        Err(problem) => Err(problem),
    }
}

async fn remove(
    State(app): State<App>,
    visit: Visit,
    headers: HeaderMap,
    from: ClientAddress,
    Extension(margin): Extension<Margin>,
    Form(sent): Form<Proof>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let proof = (sent.password, sent.code.as_str());
    match remove_own(&app, &visit.caller, proof, &headers, from, &margin).await {
        Ok(()) => Ok(see("/account/second-factor?done=removed")),
        Err(problem) if told_here(&problem) => {
            let status = status(&problem);
            let now = now(&app, &visit, renews(words), refused(removes(words), problem, words));
            shown(as_typed(status), &visit.look, &Page::of(&visit, now.await?))
        }
        Err(problem) => Err(problem),
    }
}

/// Whether a problem is of what was typed, and told where it was.
fn told_here(problem: &Problem) -> bool {
    status(problem).is_client_error() && problem.code != "not_found"
}

/// A wrong code is 401 to programs; a browser would be asked for a login.
fn as_typed(status: StatusCode) -> StatusCode {
    match status {
        StatusCode::UNAUTHORIZED => StatusCode::UNPROCESSABLE_ENTITY,
        status => status,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_its_dark_squares_inside_a_light_edge() {
        let rows = ["110", "001"].map(str::to_owned);
        assert_eq!(squares(&rows), "M4 4h2v1h-2zM6 5h1v1h-1z");
        assert_eq!(in_fours("ABCDEFGHIJ"), "ABCD EFGH IJ");
    }
}
