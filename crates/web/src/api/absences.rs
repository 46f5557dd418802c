//! Who is away, and who stands in.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use parvaneh_core::{PersonId, UnitId};
use parvaneh_store::{AbsenceRow, NewAbsence, Viewer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{cases::plain, delegations::colleague};
use crate::{
    App,
    auth::Principal,
    body::{Body, Path, Query},
    once::{Key, once},
    policy::{self, Task},
    problem::Problem,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, absent)).routes(routes!(back))
}

/// Whose absences.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Of this person; without one, and without a unit, the caller's own.
    person: Option<Uuid>,
    /// Of those who hold a role at this unit or below it: for its administrators.
    unit: Option<String>,
}

/// An absence.
#[derive(Debug, Serialize, ToSchema)]
struct AbsenceView {
    /// Its identifier.
    id: Uuid,
    /// Who is away.
    person: Uuid,
    /// From when on.
    starts: DateTime<Utc>,
    /// Up to when.
    until: DateTime<Utc>,
    /// Why.
    reason: String,
    /// Who stands in for him.
    substitute: Option<Uuid>,
    /// When he came back earlier.
    ended_at: Option<DateTime<Utc>>,
    /// When all that he had in hand had been handed back.
    handed_back_at: Option<DateTime<Utc>>,
    /// Whether he is away now.
    now: bool,
}

impl From<AbsenceRow> for AbsenceView {
    fn from(row: AbsenceRow) -> Self {
        Self {
            id: row.id,
            person: row.person.0,
            starts: row.starts,
            until: row.until,
            reason: row.reason,
            substitute: row.substitute.map(|person| person.0),
            ended_at: row.ended_at,
            handed_back_at: row.handed_back_at,
            now: row.now,
        }
    }
}

/// Absences.
#[derive(Debug, Serialize, ToSchema)]
struct Absences {
    /// Those that last or are to come, the first above; up to 1,000.
    items: Vec<AbsenceView>,
}

/// Absences: my own, those of somebody whose work I assign or whom I administer, or of a unit
#[utoipa::path(
    get, path = "/absences", tag = "absences",
    params(Wanted),
    responses(
        (status = 200, body = Absences),
        (status = 403, description = "`forbidden`: of a unit, this needs the role `administrator` there"),
        (status = 404, description = "`not_found`: no such person or unit, or somebody of others"),
    )
)]
async fn list(
    State(app): State<App>,
    caller: Principal,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Absences>, Problem> {
    plain(&[&wanted.unit])?;
    let viewer = app.viewer(&caller).await?;
    let rows = match (wanted.person.map(PersonId), wanted.unit.map(UnitId::from)) {
        (Some(_), Some(_)) => {
            return Err(Problem::parameter("person", "does not go with a unit"));
        }
        (person, None) => {
            let person = person.unwrap_or(caller.person);
            policy::see_work_of(&app, &viewer, person).await?;
            app.store.absences(Some(person), None).await?
        }
        (None, Some(unit)) => {
            policy::permit(&viewer, Task::AdministerPeople, &unit)?;
            app.store.absences_within(&unit).await?
        }
    };
    Ok(Json(Absences { items: rows.into_iter().map(AbsenceView::from).collect() }))
}

/// An absence to be recorded.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "until": "2025-03-20T20:30:00Z", "reason": "Leave" }))]
pub(crate) struct RecordAbsence {
    /// Who is away; without one, the caller himself.
    pub(crate) person: Option<Uuid>,
    /// From when on; without it, from now on.
    pub(crate) starts: Option<DateTime<Utc>>,
    /// Up to when.
    pub(crate) until: DateTime<Utc>,
    /// Why; it also stands where his tasks are handed back.
    #[schema(min_length = 1, max_length = 500)]
    pub(crate) reason: String,
    /// Who stands in for him: every role of his own is lent to that person for the time.
    pub(crate) substitute: Option<Uuid>,
}

/// Record that somebody is away
///
/// His tasks go to who stands in for him, or back to the worklist, as soon as the absence begins: the
/// worker does that. By himself, or by who assigns his work.
#[utoipa::path(
    post, path = "/absences", tag = "absences",
    params(Key),
    request_body = RecordAbsence,
    responses(
        (status = 201, description = "Recorded", body = AbsenceView),
        (status = 403, description = "`not_permitted`, `delegation_to_the_giver`"),
        (status = 404, description = "`not_found`: no such person, or one of others"),
        (status = 409, description = "`already_absent`, `delegation_circle`"),
        (status = 422, description = "`bad_period`, `delegation_to_himself`, `role_of_another_body`, `reason_needed`"),
    )
)]
async fn absent(
    State(app): State<App>,
    caller: Principal,
    key: Key,
    Body(body): Body<RecordAbsence>,
) -> Result<Response, Problem> {
    let new = to_record(&app, &app.viewer(&caller).await?, &body).await?;
    let store = app.store.clone();
    once(&app, &caller, key, "absent", &body, async move {
        let row = store.absent(new).await?;
        Ok((StatusCode::CREATED, AbsenceView::from(row)))
    })
    .await
}

/// An absence that somebody wants to be recorded, of somebody of whom he may record one.
///
/// # Errors
/// `not_found` for somebody who is none, or one of others; `body_invalid`.
#[expect(clippy::disallowed_methods, reason = "the edge: an absence has an identifier")]
pub(crate) async fn to_record(
    app: &App,
    viewer: &Viewer,
    body: &RecordAbsence,
) -> Result<NewAbsence, Problem> {
    let by = viewer.actor.person;
    let person = body.person.map_or(by, PersonId);
    policy::see_work_of(app, viewer, person).await?;
    let substitute = match body.substitute {
        Some(id) => Some(colleague(app, id, "/substitute").await?),
        None => None,
    };
    Ok(NewAbsence {
        id: Uuid::now_v7(),
        by,
        person,
        starts: body.starts,
        until: body.until,
        reason: body.reason.clone(),
        substitute,
    })
}

/// The absence of that name, of somebody whose work the viewer sees.
///
/// # Errors
/// `not_found`.
pub(crate) async fn absence_seen(
    app: &App,
    viewer: &Viewer,
    id: Uuid,
) -> Result<AbsenceRow, Problem> {
    let row = app.store.absences(None, Some(id)).await?.pop().ok_or_else(Problem::not_found)?;
    policy::see_work_of(app, viewer, row.person).await?;
    Ok(row)
}

/// Somebody is back, or does not go
///
/// The delegations that were made with the absence end with it.
#[utoipa::path(
    post, path = "/absences/{id}/end", tag = "absences",
    params(("id" = Uuid, Path, description = "The absence"), Key),
    responses(
        (status = 200, description = "Ended", body = AbsenceView),
        (status = 403, description = "`not_permitted`"),
        (status = 409, description = "`already_over`"),
    )
)]
async fn back(
    State(app): State<App>,
    caller: Principal,
    key: Key,
    Path(id): Path<Uuid>,
) -> Result<Response, Problem> {
    let row = absence_seen(&app, &app.viewer(&caller).await?, id).await?;
    let (store, by) = (app.store.clone(), caller.person);
    once(&app, &caller, key, &format!("back {id}"), &(), async move {
        let row = store.end_absence(row.person, Some(id), by).await?;
        Ok((StatusCode::OK, AbsenceView::from(row)))
    })
    .await
}
