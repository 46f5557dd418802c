//! The register of licences: lists, and one licence with what cases have made of it.

use axum::{
    Json,
    extract::State,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, NaiveDate, Utc};
use parvaneh_core::{CaseId, LicenceNumber, PersonId, UnitId, jalali::parse_date};
use parvaneh_store::{LicenceChangeRow, LicenceFile, LicenceRow, LicencesQuery, Standing, Viewer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::cases::plain;
use crate::{
    App,
    auth::Principal,
    body::{Path, Query},
    language::Language,
    page::{self, Count, MOST_COUNTED, cut},
    pages::licence_pdf,
    problem::Problem,
    say::Words,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(licence)).routes(routes!(paper))
}

/// How it stands with a licence today.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum StandingName {
    /// It counts: it is valid, or stays in force until a case about it is decided.
    InForce,
    /// Its validity has ended.
    Expired,
    /// It is suspended.
    Suspended,
    /// It was revoked.
    Revoked,
}

impl From<StandingName> for Standing {
    fn from(name: StandingName) -> Self {
        match name {
            StandingName::InForce => Self::InForce,
            StandingName::Expired => Self::Expired,
            StandingName::Suspended => Self::Suspended,
            StandingName::Revoked => Self::Revoked,
        }
    }
}

/// Which licences.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// How it stands with them today.
    standing: Option<StandingName>,
    /// Only those of this unit or one below it.
    unit: Option<String>,
    /// Only those of this holder.
    holder: Option<Uuid>,
    /// Only those of this kind.
    kind: Option<String>,
    /// Only those whose last day is this one or a later one, of either calendar.
    #[param(example = "1403/07/01")]
    expires_from: Option<String>,
    /// Only those whose last day is this one or an earlier one, of either calendar.
    expires_until: Option<String>,
    /// Whether to count how many there are in all.
    count: Option<bool>,
    /// After the end of which page: `next` of the one before.
    #[param(max_length = 500)]
    after: Option<String>,
    /// How many, up to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A licence.
#[derive(Debug, Serialize, ToSchema)]
struct LicenceView {
    /// Its number.
    number: String,
    /// Its kind.
    #[schema(example = "activity")]
    kind: String,
    /// Whose it is.
    holder: Uuid,
    /// The unit that received the case that granted it.
    #[schema(example = "2301")]
    unit: String,
    /// What that case was about.
    subject: String,
    /// The day of the grant.
    valid_from: NaiveDate,
    /// The last day of its validity.
    valid_until: NaiveDate,
    /// `in_force`, `expired`, `suspended` or `revoked`, as of today.
    #[schema(example = "in_force")]
    standing: String,
    /// Whether it stays in force until a case about it is decided, though its validity may end before.
    stays: bool,
    /// The mark that it bears.
    mark: Option<String>,
    /// When it was last changed.
    changed_at: DateTime<Utc>,
}

impl From<LicenceRow> for LicenceView {
    fn from(row: LicenceRow) -> Self {
        Self {
            number: row.licence.number.to_string(),
            kind: row.licence.kind,
            holder: row.licence.holder.0,
            unit: row.licence.unit.to_string(),
            subject: row.subject,
            valid_from: row.licence.valid_from,
            valid_until: row.licence.valid_until,
            standing: row.standing.as_str().to_owned(),
            stays: row.stays_for.is_some(),
            mark: row.licence.mark,
            changed_at: row.changed_at,
        }
    }
}

/// A page of licences.
#[derive(Debug, Serialize, ToSchema)]
struct Licences {
    /// What expires first first.
    items: Vec<LicenceView>,
    /// Where the next page begins; none after the last.
    next: Option<String>,
    /// How many there are in all, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<Count>,
}

/// The day on which it stands so with licences: today, by the engine's clock and in the country's zone.
pub(crate) async fn today(app: &App) -> Result<NaiveDate, Problem> {
    let now = app.store.now().await?;
    Ok(match app.store.calendars(&"ir".into()).await {
        Ok(calendars) => calendars.national().local_date(now),
        Err(parvaneh_store::StoreError::NoSuchCalendar(_)) => now.date_naive(),
        Err(error) => return Err(error.into()),
    })
}

/// Licences that I see
///
/// My own, and those whose grant lies in my offices.
#[utoipa::path(
    get, path = "/licences", tag = "licences",
    params(Wanted),
    responses((status = 200, body = Licences))
)]
async fn list(
    State(app): State<App>,
    caller: Principal,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Licences>, Problem> {
    let limit = page::length(wanted.limit)?;
    plain(&[&wanted.unit, &wanted.kind])?;
    let date = |text: &Option<String>, name: &str| {
        let date = text.as_deref().map(parse_date).transpose();
        date.map_err(|error| Problem::parameter(name, error.to_string()))
    };
    let viewer = app.viewer(&caller).await?;
    let reads = app.store.reading_as(&viewer);
    let query = LicencesQuery {
        reach: Some(viewer.reach),
        standing: wanted.standing.map(Standing::from),
        holder: wanted.holder.map(PersonId),
        within: wanted.unit.as_deref().map(UnitId::from),
        kind: wanted.kind.clone(),
        expires_from: date(&wanted.expires_from, "expires_from")?,
        expires_until: date(&wanted.expires_until, "expires_until")?,
        after: page::after(wanted.after.as_deref())?,
        limit: limit + 1,
    };
    let today = today(&app).await?;
    let (rows, more) = cut(reads.licences(&query, today).await?, limit);
    let last = rows.last().filter(|_| more);
    let next = last.map(|row| page::end(&(row.licence.valid_until, &row.licence.number)));
    let count = match wanted.count {
        Some(true) => Some(Count(reads.count_licences(&query, today, MOST_COUNTED).await?)),
        _ => None,
    };
    Ok(Json(Licences { items: rows.into_iter().map(LicenceView::from).collect(), next, count }))
}

/// Something that a case did to a licence.
#[derive(Debug, Serialize, ToSchema)]
struct LicenceChangeView {
    /// Its number among the licence's changes; the grant is 1.
    no: u32,
    /// What.
    #[schema(example = "granted")]
    effect: String,
    /// The case, where the caller sees it.
    case: Option<Uuid>,
    /// Its workflow.
    workflow: String,
    /// When it counts.
    effective_at: DateTime<Utc>,
    /// `active`, `suspended` or `revoked` afterwards.
    #[schema(example = "active")]
    state: String,
    /// The last day of its validity afterwards.
    valid_until: NaiveDate,
    /// Its mark afterwards.
    mark: Option<String>,
}

/// A case that is or was about a licence.
#[derive(Debug, Serialize, ToSchema)]
struct CaseAbout {
    /// The case.
    case: Uuid,
    /// Its workflow.
    workflow: String,
    /// When it was received.
    opened_at: DateTime<Utc>,
    /// When it ended.
    ended_at: Option<DateTime<Utc>>,
}

/// A licence with its history.
#[derive(Debug, Serialize, ToSchema)]
struct LicenceFileView {
    /// The licence.
    licence: LicenceView,
    /// What cases have made of it, the first first.
    changes: Vec<LicenceChangeView>,
    /// The cases about it that the caller sees, the latest first, up to 100.
    cases: Vec<CaseAbout>,
}

/// Whether the licence is one's own, or its grant lies in one's offices.
fn sees(viewer: &Viewer, file: &LicenceFile) -> bool {
    let Viewer { reach, organisation, .. } = viewer;
    let licence = &file.row.licence;
    let mut grants = file.changes.iter().filter(|change| change.no == 1);
    reach.accounts.contains(&licence.holder)
        || grants.any(|grant| {
            reach.sees(organisation, &grant.workflow, &licence.unit, licence.holder).is_some()
        })
}

/// The licence of that number, for who is about to be shown it, which leaves a look.
///
/// # Errors
/// `not_found`, `unavailable`.
async fn shown(
    app: &App,
    viewer: &Viewer,
    number: &str,
    today: NaiveDate,
) -> Result<LicenceFile, Problem> {
    let file = seen(app, viewer, number, today).await?.ok_or_else(Problem::not_found)?;
    let number = file.row.licence.number.as_str();
    app.looks.licence(viewer.actor.person, file.row.granted_by, number, viewer.now).await?;
    Ok(file)
}

/// The licence of that number, for who sees it.
///
/// # Errors
/// The store's.
pub(crate) async fn seen(
    app: &App,
    viewer: &Viewer,
    number: &str,
    today: NaiveDate,
) -> Result<Option<LicenceFile>, Problem> {
    let Ok(number) = number.parse::<LicenceNumber>() else { return Ok(None) };
    let found = app.store.licence_for(viewer, &number, today).await?;
    Ok(found.filter(|file| sees(viewer, file)))
}

/// In which language.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct PaperWanted {
    /// In English, and not in Persian.
    english: Option<bool>,
}

/// A licence on paper
///
/// A page of A4 with what stands on the licence, and a QR code of the public page that tells whether it is in force: the
/// paper itself does not.
#[utoipa::path(
    get, path = "/licences/{number}/paper", tag = "licences",
    params(("number" = String, Path, description = "Its number"), PaperWanted),
    responses(
        (status = 200, description = "The PDF", content_type = "application/pdf"),
        (status = 422, description = "`format_not_made`: this service makes none")
    )
)]
async fn paper(
    State(app): State<App>,
    caller: Principal,
    Path(number): Path<String>,
    Query(PaperWanted { english }): Query<PaperWanted>,
) -> Result<Response, Problem> {
    let viewer = app.viewer(&caller).await?;
    let today = today(&app).await?;
    let file = shown(&app, &viewer, &number, today).await?;
    let words = Words(if english == Some(true) { Language::English } else { Language::Persian });
    let bytes = licence_pdf(&app, &file, today, words).await?;
    let number = file.row.licence.number.as_str();
    // A unit may be called anything; a file is not.
    let plain: String = number.chars().filter(|sign| sign.is_ascii_alphanumeric()).collect();
    let name = format!("attachment; filename=\"licence-{plain}-{}.pdf\"", words.tag());
    let headers = [(CONTENT_TYPE, "application/pdf".to_owned()), (CONTENT_DISPOSITION, name)];
    Ok((headers, bytes).into_response())
}

/// A licence, and what cases have made of it
#[utoipa::path(
    get, path = "/licences/{number}", tag = "licences",
    params(("number" = String, Path, description = "Its number")),
    responses((status = 200, body = LicenceFileView))
)]
async fn licence(
    State(app): State<App>,
    caller: Principal,
    Path(number): Path<String>,
) -> Result<Json<LicenceFileView>, Problem> {
    let viewer = app.viewer(&caller).await?;
    let file = shown(&app, &viewer, &number, today(&app).await?).await?;
    let cases: Vec<CaseId> = file
        .changes
        .iter()
        .map(|one| one.case)
        .chain(file.cases.iter().map(|one| one.case))
        .collect();
    let sights = app.store.sights(&cases, &viewer).await?;
    let (of_changes, of_cases) = sights.split_at(file.changes.len());
    let change = |(change, sight): (LicenceChangeRow, &Option<_>)| LicenceChangeView {
        no: change.no,
        effect: change.effect,
        case: Some(change.case.0).filter(|_| sight.is_some()),
        workflow: change.workflow.to_string(),
        effective_at: change.effective_at,
        state: change.state.as_str().to_owned(),
        valid_until: change.valid_until,
        mark: change.mark,
    };
    let seen = file.cases.into_iter().zip(of_cases).filter(|(_, sight)| sight.is_some());
    let about = seen.map(|(about, _)| CaseAbout {
        case: about.case.0,
        workflow: about.workflow.to_string(),
        opened_at: about.opened_at,
        ended_at: about.ended_at,
    });
    Ok(Json(LicenceFileView {
        changes: file.changes.into_iter().zip(of_changes).map(change).collect(),
        cases: about.collect(),
        licence: file.row.into(),
    }))
}
