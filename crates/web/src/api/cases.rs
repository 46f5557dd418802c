//! Cases: which there are, what stands in one, what has happened to it, and opening one.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use parvaneh_core::{
    CaseId, LicenceNumber, PersonId, StepId, UnitId, WorkflowId,
    decide::Open,
    reach::Sight,
    register::{NotANumber, Reference},
};
use parvaneh_store::{Ask, CaseOrder, CasesQuery, Executed, Request, Requester, SeenCase};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::documents::{DocumentView, documents};
use crate::{
    App,
    auth::Principal,
    body::{Body, Path, Query},
    change::{Changed, Terms, answer, asked, entity_tag},
    documents::{HandIn, given},
    page::{self, Count, MOST_COUNTED, cut},
    policy,
    problem::{Fault, Problem},
    view::{CaseItem, CaseView, EventView, TaskView},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, open)).routes(routes!(file)).routes(routes!(timeline))
}

/// Which cases.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Only those of this workflow.
    workflow: Option<String>,
    /// Only those received by this unit or one below it.
    unit: Option<String>,
    /// Only those that stand in this step or at this end.
    step: Option<String>,
    /// Only those that have ended (`true`), or that have not.
    ended: Option<bool>,
    /// Only those whose statutory clock runs beyond its deadline.
    overdue: Option<bool>,
    /// Only those of this applicant.
    applicant: Option<Uuid>,
    /// Only those in whose subject, applicant's name or tracking code this occurs.
    #[param(max_length = 200)]
    text: Option<String>,
    /// In which order.
    order: Option<OrderName>,
    /// Whether to count how many there are in all.
    count: Option<bool>,
    /// After the end of which page: `next` of the one before, in the same order.
    #[param(max_length = 500)]
    after: Option<String>,
    /// How many, up to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// An order of cases.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum OrderName {
    /// The latest first.
    #[default]
    Latest,
    /// The oldest first.
    Oldest,
    /// Only open ones, the nearest statutory deadline first.
    Deadline,
}

/// A page of cases.
#[derive(Debug, Serialize, ToSchema)]
struct Cases {
    /// In the order that was asked for.
    items: Vec<CaseItem>,
    /// Where the next page begins; none after the last.
    next: Option<String>,
    /// How many there are in all, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<Count>,
}

/// Cases that I see
#[utoipa::path(
    get, path = "/cases", tag = "cases",
    params(Wanted),
    responses(
        (status = 200, body = Cases),
        (status = 422, description = "`search_too_wide`: the text would have to be searched for in too many cases"),
    )
)]
async fn list(
    State(app): State<App>,
    caller: Principal,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Cases>, Problem> {
    let limit = page::length(wanted.limit)?;
    plain(&[&wanted.workflow, &wanted.unit, &wanted.step, &wanted.text])?;
    let after: Option<(Option<DateTime<Utc>>, CaseId)> = page::after(wanted.after.as_deref())?;
    let viewer = app.viewer(&caller).await?;
    let reads = app.store.reading_as(&viewer);
    let query = CasesQuery {
        reach: Some(viewer.reach),
        workflow: wanted.workflow.map(WorkflowId::from),
        within: wanted.unit.map(UnitId::from),
        step: wanted.step.map(StepId::from),
        ended: wanted.ended,
        overdue: wanted.overdue.unwrap_or(false),
        applicant: wanted.applicant.map(PersonId),
        text: wanted.text,
        order: match wanted.order.unwrap_or_default() {
            OrderName::Latest => CaseOrder::Latest,
            OrderName::Oldest => CaseOrder::Oldest,
            OrderName::Deadline => CaseOrder::Deadline,
        },
        before: after.map(|(_, case)| case),
        before_at: after.and_then(|(at, _)| at),
        limit: limit + 1,
        ..CasesQuery::default()
    };
    let (rows, more) = cut(reads.cases(&query).await?, limit);
    let next = rows.last().filter(|_| more);
    let next = next.map(|row| page::end(&(row.place_in(query.order), row.case)));
    let count = match wanted.count {
        Some(true) => Some(Count(reads.count_cases(&query, MOST_COUNTED).await?)),
        _ => None,
    };
    Ok(Json(Cases { items: rows.into_iter().map(CaseItem::from).collect(), next, count }))
}

/// No text in the database holds U+0000: what has one finds nothing, and must not reach it.
pub(crate) fn plain(texts: &[&Option<String>]) -> Result<(), Problem> {
    if texts.iter().any(|text| text.as_ref().is_some_and(|text| text.contains('\0'))) {
        return Err(Problem::parameter("query", "holds U+0000"));
    }
    Ok(())
}

/// An application.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "workflow": "ngo-establishment", "unit": "2301", "subject": "Mehr charity" }))]
pub(crate) struct OpenCase {
    /// By which workflow.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) workflow: String,
    /// By which version; without one, the latest in use.
    #[schema(minimum = 1)]
    pub(crate) version: Option<u32>,
    /// The unit that receives it.
    #[schema(min_length = 1, max_length = 200)]
    pub(crate) unit: String,
    /// Who applies; without one, the caller himself.
    pub(crate) applicant: Option<Uuid>,
    /// What it is about.
    #[schema(min_length = 1, max_length = 2000)]
    pub(crate) subject: String,
    /// When the paper was handed in, if earlier than now; needs a reason, and an officer.
    pub(crate) received_at: Option<DateTime<Utc>>,
    /// Why it is recorded only now.
    pub(crate) reason: Option<String>,
    /// What is filled in, by the names of the fields; `{"upload": ID}` is a file.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) values: Map<String, Value>,
    /// The papers that come with it, by their kind.
    #[serde(default)]
    pub(crate) documents: BTreeMap<String, HandIn>,
    /// The licence, or the other case, about which the application is.
    pub(crate) about: Option<AboutName>,
}

/// What an application is about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AboutName {
    /// A licence, by its number.
    Licence(String),
    /// Another case.
    Case(Uuid),
}

/// Open a case
#[utoipa::path(
    post, path = "/cases", tag = "cases",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat under the same key gets the same answer and changes nothing more"),
        ("On-Behalf-Of" = Option<Uuid>, Header, description = "As the delegate of this person"),
    ),
    request_body = OpenCase,
    responses(
        (status = 201, description = "Opened", body = Changed),
        (status = 403, description = "`not_permitted`, `out_of_jurisdiction`, `not_the_holder`"),
        (status = 404, description = "`not_found`: no such workflow"),
        (status = 409, description = "`definition_retired`, `another_running`, `licence_expired`"),
        (status = 422, description = "`form_invalid`, `document_invalid`, `document_infected`, `wrong_unit`, `reason_needed`, `received_in_future`"),
    )
)]
#[expect(clippy::disallowed_methods, reason = "the edge: a case has an identifier")]
async fn open(
    State(app): State<App>,
    caller: Principal,
    terms: Terms,
    Body(wanted): Body<OpenCase>,
) -> Result<Response, Problem> {
    let executed = open_case(&app, &caller, terms, CaseId(Uuid::now_v7()), wanted).await?;
    // Whoever may open a case may see what came of it.
    let own = executed.case.applicant == caller.person;
    let sight = if own { Sight::Own } else { Sight::Office };
    answer(&app, executed, sight, StatusCode::CREATED).await
}

/// Opens a case by that identifier, with what the caller has uploaded for it.
///
/// # Errors
/// What the rules or the store say; faults of what was given.
pub(crate) async fn open_case(
    app: &App,
    caller: &Principal,
    terms: Terms,
    case: CaseId,
    wanted: OpenCase,
) -> Result<Executed, Problem> {
    let viewer = app.viewer(caller).await?;
    let about = match wanted.about {
        None => None,
        Some(AboutName::Licence(number)) => Some(Reference::Licence(licence(&number)?)),
        Some(AboutName::Case(other)) => {
            // A case that the caller does not see is one that is not there: the rules say the same.
            let seen = app.store.sight(CaseId(other), &viewer).await?.is_some();
            Some(Reference::Case(CaseId(if seen { other } else { Uuid::nil() })))
        }
    };
    let (given, brought) = given(app, caller, wanted.values, wanted.documents).await?;
    let application = Open {
        about,
        case,
        unit: UnitId::from(wanted.unit),
        applicant: wanted.applicant.map_or(caller.person, PersonId),
        subject: wanted.subject,
        received_at: wanted.received_at,
        reason: wanted.reason,
        given,
    };
    let workflow = WorkflowId::from(wanted.workflow);
    let ask = Ask::Open { workflow, version: wanted.version, application };
    let request = Request::new(Requester::Person(caller.person), ask).bringing(brought);
    Ok(app.store.execute(asked(terms, request)).await?)
}

fn licence(number: &str) -> Result<LicenceNumber, Problem> {
    number.parse().map_err(|error: NotANumber| {
        Problem::faulty(vec![Fault::new("/about/licence", "invalid", error.to_string())])
    })
}

/// The file of a case.
#[derive(Debug, Serialize, ToSchema)]
struct CaseFileView {
    /// The case.
    case: CaseView,
    /// The statutory deadline without suspensions and extensions.
    raw_deadline: Option<DateTime<Utc>>,
    /// Every task that it has had, in their order.
    tasks: Vec<TaskView>,
    /// Its documents, the replaced ones included, in the order in which they came.
    documents: Vec<DocumentView>,
    /// What the caller could do with it now.
    #[schema(value_type = Vec<Object>)]
    possible: Vec<Value>,
    /// The engine's time at which this was read.
    now: DateTime<Utc>,
}

/// The file of a case
#[utoipa::path(
    get, path = "/cases/{case}", tag = "cases",
    params(("case" = Uuid, Path, description = "The case")),
    responses(
        (status = 200, body = CaseFileView, headers(("ETag" = String, description = "How many events it has"))),
    )
)]
async fn file(
    State(app): State<App>,
    caller: Principal,
    Path(case): Path<Uuid>,
) -> Result<Response, Problem> {
    let viewer = app.viewer(&caller).await?;
    let seen = app.store.case_file_for(&viewer, CaseId(case)).await?;
    let SeenCase { file, sight, possible, definition, .. } = seen.ok_or_else(Problem::not_found)?;
    // Where nothing has been handed in nothing is kept.
    let held = if file.case.documents.is_empty() && file.case.data.is_empty() {
        Vec::new()
    } else {
        app.store.reading_as(&viewer).contents_of(file.case.id).await?
    };
    let view = CaseFileView {
        raw_deadline: file.raw_deadline,
        tasks: file.tasks.iter().map(|task| TaskView::filed(task, sight)).collect(),
        possible: possible.iter().filter_map(|one| serde_json::to_value(one).ok()).collect(),
        documents: documents(&file.case, &held, sight),
        now: file.now,
        case: CaseView::of(&file.case, &definition, sight),
    };
    Ok(([(header::ETAG, entity_tag(&file.case))], Json(view)).into_response())
}

/// The timeline of a case.
#[derive(Debug, Serialize, ToSchema)]
struct TimelineView {
    /// What has happened, in its order.
    events: Vec<EventView>,
    /// Whether every event stands there, and says what its hash says.
    whole: bool,
}

/// The timeline of a case
#[utoipa::path(
    get, path = "/cases/{case}/timeline", tag = "cases",
    params(("case" = Uuid, Path, description = "The case")),
    responses(
        (status = 200, body = TimelineView),
    )
)]
async fn timeline(
    State(app): State<App>,
    caller: Principal,
    Path(case): Path<Uuid>,
) -> Result<Json<TimelineView>, Problem> {
    let viewer = app.viewer(&caller).await?;
    let sight = policy::see(&app, &viewer, CaseId(case)).await?;
    let timeline = app.store.reading_as(&viewer).timeline(CaseId(case)).await?;
    let whole = timeline.broken_at.is_none();
    let events: Vec<_> = timeline.entries.into_iter().map(|entry| entry.event).collect();
    Ok(Json(TimelineView { events: EventView::shown(&events, sight), whole }))
}
