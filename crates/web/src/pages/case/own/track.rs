//! Where a file is, without coming in: by its tracking code and digits that only its applicant knows. It tells
//! how the case stands, its dates, and what it waits for; nothing that somebody wrote, and nobody's name.

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use parvaneh_core::{Case, Definition, event::Owner, form::Value};
use parvaneh_store::Attempt;
use serde::Deserialize;

use super::{
    super::super::{Frame, form::Form, page, shown, visit::Passer},
    state::Standing,
};
use crate::{
    App,
    problem::Problem,
    say::Words,
    shown::{Code, Day, Left, Mark, digits::latin},
};

/// How many digits are asked for.
const DIGITS: usize = 4;

/// What is told of a case.
struct Found {
    code: Code,
    procedure: String,
    state: String,
    mark: Mark,
    received: Day,
    until: Option<(Option<Day>, Left)>,
    ended: Option<Day>,
    waits: Vec<String>,
    own: String,
}

#[derive(Template)]
#[template(path = "mine/track.html")]
struct Track {
    frame: Frame,
    code: String,
    found: Option<Found>,
    told: Option<String>,
}

pub(super) async fn ask(passer: Passer) -> Result<Response, Problem> {
    let frame = passer.frame(passer.look().words.t("track-title"));
    page(passer.look(), &Track { frame, code: String::new(), found: None, told: None })
}

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    code: String,
    proof: String,
}

pub(super) async fn look(
    State(app): State<App>,
    passer: Passer,
    Form(asked): Form<Asked>,
) -> Result<Response, Problem> {
    let words = passer.look().words;
    let code = latin(&asked.code);
    let code: String = code.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
    let code = code.to_lowercase();
    // Guessed no oftener than a password, whether there is such a case or not.
    let name = format!("track {code}");
    if let Attempt::Closed(rest) = app.store.attempt_login(&name, app.settings.attempts).await? {
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "tracking_locked");
        return Err(problem.again_in(rest.as_secs() + 1));
    }
    let proof: String = latin(&asked.proof).chars().filter(char::is_ascii_digit).collect();
    let found = found(&app, &code, &proof, words).await?;
    let frame = passer.frame(words.t("track-title"));
    match found {
        Some(found) => {
            app.store.login_succeeded(&name).await?;
            page(passer.look(), &Track { frame, code: asked.code, found: Some(found), told: None })
        }
        None => {
            let told = Some(words.t("track-none").into());
            let track = Track { frame, code: asked.code, found: None, told };
            shown(StatusCode::UNPROCESSABLE_ENTITY, passer.look(), &track)
        }
    }
}

/// The case of that code, if the digits are its applicant's.
async fn found(app: &App, code: &str, proof: &str, words: Words) -> Result<Option<Found>, Problem> {
    let Some((case, applicant)) = app.store.case_by_code(code).await? else { return Ok(None) };
    // Whoever asks sees no more than its applicant does.
    let Some(viewer) = app.store.viewer(applicant).await? else { return Ok(None) };
    let file = app.store.reading_as(&viewer).case_file(case).await?;
    let definition = app.definition_of(&file.case).await?;
    let identifier = app.store.identifier_of(applicant).await?;
    if !is_his(&file.case, &definition, identifier.as_deref(), proof) {
        return Ok(None);
    }
    let calendars = app.store.calendars(&definition.calendar).await?;
    let calendar = calendars.for_unit(viewer.organisation.path(&file.case.unit));
    let case = &file.case;
    let standing = Standing::of(case, &definition);
    let until = case.statutory.as_ref().map(|clock| {
        let left = match (clock.ledger.stopped_at, clock.deadline) {
            (Some(at), deadline) => Left::stopped(deadline, at, calendar, words),
            (None, None) => Left::held(words),
            (None, Some(deadline)) => Left::until(deadline, file.now, calendar, words),
        };
        (clock.deadline.map(|at| Day::at(at, calendar, words)), left)
    });
    let step = definition.title_of(case.place.name()).map(|title| words.of(title).to_owned());
    let step = step.unwrap_or_default();
    let mut waits: Vec<String> = Vec::new();
    for task in &case.tasks {
        let told: String = match &task.owner {
            Owner::Applicant => words.t("track-waits-for-you").s("step", &step).into(),
            Owner::Role(role) => {
                let title = definition.roles.get(role).map(|role| words.of(&role.title));
                let title = title.unwrap_or(role.as_str()).to_owned();
                words.t("track-waits-for").s("owner", title).s("step", &step).into()
            }
        };
        if !waits.contains(&told) {
            waits.push(told);
        }
    }
    let ended = match &case.place {
        parvaneh_core::Place::End { at, .. } => Some(Day::at(*at, calendar, words)),
        parvaneh_core::Place::Step { .. } => None,
    };
    Ok(Some(Found {
        code: Code::of(case.id),
        procedure: words.of(&definition.title).to_owned(),
        state: standing.told(words).into(),
        mark: standing.mark(),
        received: Day::at(case.opened_at, calendar, words),
        until,
        ended,
        waits,
        own: format!("/my/{}", case.id),
    }))
}

/// Whether these are the last digits of a number that the applicant has given: in a form that he fills in, or
/// when he made his account.
fn is_his(case: &Case, definition: &Definition, identifier: Option<&str>, proof: &str) -> bool {
    let own = case.data.iter().filter(|(name, _)| definition.is_filled_by_applicant(name));
    let numbers = own.filter_map(|(_, value)| match value {
        Value::NationalId(number) | Value::LegalId(number) | Value::Phone(number) => {
            Some(number.as_str())
        }
        _ => None,
    });
    proof.len() == DIGITS && numbers.chain(identifier).any(|number| number.ends_with(proof))
}
