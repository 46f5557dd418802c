//! Whether a licence is in force, for everybody who has its number before him: on the paper, or by the code printed on it.
//! It tells nothing of the case but what stands on the licence.

use askama::Template;
use axum::{
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode},
    response::Response,
};
use chrono::NaiveDate;
use parvaneh_core::LicenceNumber;
use parvaneh_store::{PublicLicence, Standing};
use serde::Deserialize;

use super::{
    super::{Frame, page, shown, visit::Passer},
    said::{granted_at, standing},
};
use crate::{
    App,
    api::licences::today,
    body::{Path, Query},
    problem::Problem,
    say::{Said, Words},
    shown::{Day, Mark},
};

/// Longer is nothing that somebody has copied from a licence.
const LONGEST: usize = 200;
/// A number as one looks.
const EXAMPLE: &str = "1403-2301-7K3M9-QX2TV";
/// Search engines keep neither names nor how a licence stood once.
const UNKEPT: (HeaderName, HeaderValue) =
    (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));

/// What is told of a licence.
struct Found {
    number: String,
    standing: Said,
    mark: Mark,
    kind: String,
    holder: Option<String>,
    unit: String,
    from: Day,
    until: Day,
    /// Whether it is in force though its last day has passed.
    stays: bool,
    /// The day for which this is told.
    today: Day,
}

#[derive(Template)]
#[template(path = "licences/check.html")]
struct Check {
    frame: Frame,
    example: &'static str,
    /// As it was typed.
    number: String,
    found: Option<Found>,
    told: Option<Said>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    number: String,
}

/// The form, and its answer.
pub(super) async fn ask(
    State(app): State<App>,
    passer: Passer,
    Query(Asked { number }): Query<Asked>,
) -> Result<Response, Problem> {
    if number.trim().is_empty() {
        let frame = passer.frame(passer.look().words.t("check-title"));
        return page(
            passer.look(),
            &Check { frame, example: EXAMPLE, number, found: None, told: None },
        );
    }
    answer(&app, &passer, number).await
}

/// What the code on a licence leads to.
pub(super) async fn check(
    State(app): State<App>,
    passer: Passer,
    Path(number): Path<String>,
) -> Result<Response, Problem> {
    answer(&app, &passer, number).await
}

/// How it stands with the licence of that number, or that there is none (404): the form again.
async fn answer(app: &App, passer: &Passer, number: String) -> Result<Response, Problem> {
    let words = passer.look().words;
    let written = number.chars().count() <= LONGEST && !number.contains(char::is_control);
    let (status, found, told) = match LicenceNumber::typed(&number).ok().filter(|_| written) {
        None => (StatusCode::NOT_FOUND, None, Some(words.t("check-no-number"))),
        Some(number) => match found(app, &number, words).await? {
            None => (StatusCode::NOT_FOUND, None, Some(words.t("check-unknown"))),
            found => (StatusCode::OK, found, None),
        },
    };
    let frame = passer.frame(words.t("check-title"));
    let number = number.chars().take(LONGEST).collect();
    let mut answer =
        shown(status, passer.look(), &Check { frame, example: EXAMPLE, number, found, told })?;
    answer.headers_mut().extend([UNKEPT]);
    Ok(answer)
}

async fn found(app: &App, number: &LicenceNumber, words: Words) -> Result<Option<Found>, Problem> {
    let today = today(app).await?;
    let Some(licence) = app.store.licence_in_public(number, today).await? else { return Ok(None) };
    let definition = app.store.definition(&licence.workflow, Some(licence.version)).await?;
    let organisation = app.store.organisation().await?;
    let (standing, mark) = standing(licence.standing, words);
    Ok(Some(Found {
        standing,
        mark,
        kind: words.of(&definition.title).to_owned(),
        unit: granted_at(&organisation, &licence.unit, words),
        from: Day::of(licence.valid_from, words),
        until: Day::of(licence.valid_until, words),
        stays: stays(&licence, today),
        today: Day::of(today, words),
        number: licence.number.to_string(),
        holder: licence.holder,
    }))
}

fn stays(licence: &PublicLicence, today: NaiveDate) -> bool {
    licence.standing == Standing::InForce && licence.valid_until < today
}
