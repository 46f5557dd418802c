//! Exports: what somebody takes along of what he sees at work.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use chrono::{DateTime, Utc};
use parvaneh_core::{
    CaseId, Instant, JalaliPeriod, PersonId, StepId, UnitId, WorkflowId,
    form::FileReference,
    log::note::{Checkpoint, Note},
};
use parvaneh_export::{Format, Naming, Options};
use parvaneh_store::{
    CaseContent, ExportRow, ExportScope, ExportState, Extent, NewExport, NoExtent, Span, Viewer,
    export_content,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::plain;
use crate::{
    App,
    auth::Principal,
    body::{Body, Path, Query},
    documents::{Purpose, serve},
    once::{Key, once},
    page::{self, cut},
    policy::{self, Task},
    problem::{Fault, Problem},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, ask))
        .routes(routes!(one, cancel))
        .routes(routes!(content))
}

/// As many exports of one person can be under way.
const MOST_OPEN: usize = 5;

/// A format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FormatName {
    /// A table.
    Csv,
    /// The recorded bytes, line by line.
    Jsonl,
    /// A workbook.
    Xlsx,
    /// IEEE 1849-2016.
    Xes,
    /// OCEL 2.0.
    Ocel,
    /// The timeline of one case on paper.
    Pdf,
    /// Timelines with everything by which an auditor verifies them offline.
    Bundle,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Csv => Self::Csv,
            FormatName::Jsonl => Self::Jsonl,
            FormatName::Xlsx => Self::Xlsx,
            FormatName::Xes => Self::Xes,
            FormatName::Ocel => Self::Ocel,
            FormatName::Pdf => Self::Pdf,
            FormatName::Bundle => Self::Bundle,
        }
    }
}

/// Whether cases have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Standing {
    /// Not yet.
    Open,
    /// They have.
    Ended,
    /// Not yet, and their statutory deadline has passed when they are written.
    Late,
    /// Not yet, and their statutory clock does not run: it is suspended, or has not begun.
    Held,
}

/// An export that is asked for. Without anything that narrows it, it is everything that one sees at work.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "format": "csv", "reason": "annual audit", "received": "1403", "persian": true, "bom": true }))]
pub(crate) struct AskExport {
    /// The format.
    format: FormatName,
    /// What for; it is recorded.
    #[schema(min_length = 3, max_length = 1000)]
    reason: String,
    /// Only this case.
    case: Option<Uuid>,
    /// Only cases of this workflow.
    #[schema(min_length = 1, max_length = 200)]
    workflow: Option<String>,
    /// Only cases received by this unit or one below it.
    #[schema(min_length = 1, max_length = 200)]
    unit: Option<String>,
    /// Of these only those that the unit itself has received.
    #[serde(default)]
    unit_alone: bool,
    /// Only cases that stand in this step or at this end.
    #[schema(min_length = 1, max_length = 200)]
    step: Option<String>,
    /// Only cases that have ended, that have not, or of these the late ones or those whose clock does not run.
    state: Option<Standing>,
    /// Only cases in whose subject, applicant or code this occurs.
    #[schema(min_length = 1, max_length = 200)]
    text: Option<String>,
    /// Only cases received in a Jalali year or month: 1403, 1403/07.
    #[schema(min_length = 1, max_length = 20)]
    received: Option<String>,
    /// Only cases that ended in a Jalali year or month.
    #[schema(min_length = 1, max_length = 20)]
    ended_in: Option<String>,
    /// Of all these only the events recorded in a Jalali year or month.
    #[schema(min_length = 1, max_length = 20)]
    recorded: Option<String>,
    /// Columns in Persian; a workbook from right to left.
    #[serde(default)]
    persian: bool,
    /// Jalali dates beside the others.
    #[serde(default)]
    jalali: bool,
    /// A byte order mark before CSV, by which Excel reads Persian.
    #[serde(default)]
    bom: bool,
    /// A PDF in English, and not in Persian.
    #[serde(default)]
    english: bool,
    /// The checkpoint that an auditor kept, its note: a bundle proves that the log has only grown since.
    #[schema(min_length = 1, max_length = 10_000)]
    since: Option<String>,
}

/// An export.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportView {
    /// Its identifier.
    id: Uuid,
    /// Whose it is.
    person: Uuid,
    /// Of what: what was asked for.
    #[schema(value_type = Object)]
    scope: Value,
    /// The format.
    #[schema(example = "csv")]
    format: String,
    /// How it is written.
    #[schema(value_type = Object)]
    options: Value,
    /// What for.
    reason: String,
    /// `waiting`, `running`, `done`, `streamed` (by the command line), `failed`, `cancelled`, `forgotten`.
    #[schema(example = "done")]
    state: String,
    /// When it was asked for.
    created_at: DateTime<Utc>,
    /// How many cases are looked at, as far as that is known.
    cases_total: u64,
    /// How many have been.
    cases_done: u64,
    /// How many events it holds, as far as it has come.
    events: u64,
    /// Of how many cases.
    cases: u64,
    /// How many bytes.
    size: Option<u64>,
    /// The SHA-256 of these, in hexadecimal digits.
    sha256: Option<String>,
    /// When it ended.
    finished_at: Option<DateTime<Utc>>,
    /// Until when it can be fetched.
    kept_until: Option<DateTime<Utc>>,
}

impl From<&ExportRow> for ExportView {
    fn from(row: &ExportRow) -> Self {
        Self {
            id: row.id,
            person: row.asker.0,
            scope: json!(row.scope),
            format: row.format.clone(),
            options: row.options.clone(),
            reason: row.reason.clone(),
            state: row.state.name().to_owned(),
            created_at: row.created_at,
            cases_total: row.cases_total,
            cases_done: row.cases_done,
            events: row.events,
            cases: row.cases,
            size: row.size,
            sha256: row.sha256.map(|hash| hexadecimal(&hash)),
            finished_at: row.finished_at,
            kept_until: row.kept_until,
        }
    }
}

/// Bytes in hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Which exports.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Those of everybody: for who audits the whole organisation.
    everybody: Option<bool>,
    /// After the end of which page: `next` of the one before.
    after: Option<Uuid>,
    /// How many, up to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A page of exports.
#[derive(Debug, Serialize, ToSchema)]
struct Exports {
    /// The latest first.
    items: Vec<ExportView>,
    /// Where the next page begins; none after the last.
    next: Option<Uuid>,
}

/// My exports
#[utoipa::path(
    get, path = "/exports", tag = "exports",
    params(Wanted),
    responses(
        (status = 200, body = Exports),
        (status = 403, description = "`forbidden`: those of everybody are for who audits the whole organisation"),
    )
)]
async fn list(
    State(app): State<App>,
    caller: Principal,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Exports>, Problem> {
    let limit = page::length(wanted.limit)?;
    let viewer = app.viewer(&caller).await?;
    let everybody = wanted.everybody.unwrap_or(false);
    let rows = listed(&app, &viewer, everybody, wanted.after, limit + 1).await?;
    let (rows, more) = cut(rows, limit);
    let next = rows.last().filter(|_| more).map(|row| row.id);
    Ok(Json(Exports { items: rows.iter().map(ExportView::from).collect(), next }))
}

/// Exports of the viewer, or of everybody, the latest first.
///
/// # Errors
/// `forbidden`.
pub(crate) async fn listed(
    app: &App,
    viewer: &Viewer,
    everybody: bool,
    before: Option<Uuid>,
    limit: u32,
) -> Result<Vec<ExportRow>, Problem> {
    if everybody {
        policy::permit_everywhere(viewer, Task::Audit)?;
    }
    let own = (!everybody).then_some(viewer.reach.accounts.as_slice());
    Ok(app.store.reading_as(viewer).exports(own, before, limit).await?)
}

/// Export timelines
///
/// What one sees because he works there: auditors and managers everything at their unit and below it,
/// officers the cases of their procedures. It is written in the background, and can be fetched for some days.
#[utoipa::path(
    post, path = "/exports", tag = "exports",
    params(Key),
    request_body = AskExport,
    responses(
        (status = 202, description = "Begun", body = ExportView),
        (status = 403, description = "`forbidden`: for who sees cases at work"),
        (status = 404, description = "`not_found`: no such case"),
        (status = 422, description = "`pdf_of_one_case`: of a case and nothing else; `bundle_narrowed`: of a case, or of a unit and a time; `format_not_made`: this service makes none"),
        (status = 429, description = "`too_many_exports`: five are under way"),
    )
)]
async fn ask(
    State(app): State<App>,
    caller: Principal,
    key: Key,
    Body(body): Body<AskExport>,
) -> Result<Response, Problem> {
    let viewer = app.viewer(&caller).await?;
    let scope = asked_scope(&app, &viewer, &body).await?;
    let new = to_begin(&app, &viewer, scope, &body).await?;
    let begun = app.clone();
    let at = viewer.now;
    once(&app, &caller, key, "export", &body, async move {
        let row = begin(&begun, new, at).await?;
        Ok((StatusCode::ACCEPTED, ExportView::from(&row)))
    })
    .await
}

/// An export to be begun, if it may be.
///
/// # Errors
/// `forbidden`, `not_found` for a case that one does not see, `body_invalid`, `format_not_made`, `pdf_of_one_case`,
/// `bundle_narrowed`, `too_many_exports`.
#[expect(clippy::disallowed_methods, reason = "the edge: an export has an identifier")]
pub(crate) async fn to_begin(
    app: &App,
    viewer: &Viewer,
    scope: ExportScope,
    asked: &AskExport,
) -> Result<NewExport, Problem> {
    policy::permit_export(viewer)?;
    if let Some(case) = scope.case {
        policy::see_as_office(app, viewer, case).await?;
    }
    let format = Format::from(asked.format);
    if !app.settings.formats.contains(&format) {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "format_not_made"));
    }
    if format == Format::Pdf && scope.single().is_none() {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "pdf_of_one_case"));
    }
    if format == Format::Bundle {
        Extent::of_export(&scope, viewer).map_err(|why| match why {
            NoExtent::Narrowed => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "bundle_narrowed"),
            NoExtent::NotSeen => Problem::new(StatusCode::FORBIDDEN, "forbidden"),
        })?;
    }
    let open = listed(app, viewer, false, None, 50).await?;
    if open.iter().filter(|row| row.state.is_open()).count() >= MOST_OPEN {
        return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_exports").again_in(30));
    }
    let form = Options {
        naming: if asked.persian { Naming::Persian } else { Naming::Plain },
        bom: asked.bom,
        jalali: asked.jalali,
        english: asked.english,
    };
    let mut options = json!(form);
    if let (Format::Bundle, Some(since)) = (format, &asked.since) {
        options["since"] = json!(checkpoint(since)?);
    }
    Ok(NewExport {
        id: Uuid::now_v7(),
        asker: viewer.actor.person,
        scope,
        format: format.name().to_owned(),
        options,
        reason: asked.reason.trim().to_owned(),
        streamed: false,
    })
}

/// The note of a checkpoint as it was signed: a form makes other ends of its lines, and leaves out the last.
fn checkpoint(text: &str) -> Result<String, Problem> {
    let text = format!("{}\n", text.replace("\r\n", "\n").trim_end());
    let parsed = Note::parse(&text).and_then(|note| Checkpoint::parse(&note.text));
    match parsed {
        Ok(_) => Ok(text),
        Err(error) => {
            Err(Problem::faulty(vec![Fault::new("/since", "invalid", error.to_string())]))
        }
    }
}

/// Begins an export. That of a single case is a look at it.
///
/// # Errors
/// `unavailable`.
pub(crate) async fn begin(app: &App, new: NewExport, at: Instant) -> Result<ExportRow, Problem> {
    if let Some(case) = new.scope.case {
        app.looks.exported(new.asker, case, &new.format, at).await?;
    }
    Ok(app.store.begin_export(new).await?)
}

/// Of what an export is asked for.
///
/// # Errors
/// `forbidden`, `body_invalid`.
pub(crate) async fn asked_scope(
    app: &App,
    viewer: &Viewer,
    asked: &AskExport,
) -> Result<ExportScope, Problem> {
    policy::permit_export(viewer)?;
    plain(&[&asked.workflow, &asked.unit, &asked.step, &asked.text, &Some(asked.reason.clone())])?;
    let mut faults = Vec::new();
    if asked.reason.trim().chars().count() < 3 {
        faults.push(Fault::new("/reason", "minLength", "say what it is for"));
    }
    let unit = asked.unit.as_deref().map(UnitId::from);
    if unit.as_ref().is_some_and(|unit| viewer.organisation.get(unit).is_none()) {
        faults.push(Fault::new("/unit", "invalid", "there is no such unit"));
    }
    // Only the time zone matters: when a Jalali day begins.
    let calendars = app.store.calendars(&"ir".into()).await?;
    let mut span = |pointer: &str, text: &Option<String>| -> Option<Span> {
        match text.as_deref()?.trim().parse::<JalaliPeriod>() {
            Ok(period) => {
                let begin = |date| calendars.national().start_of(date);
                Some(Span { since: begin(period.start()), until: begin(period.end()) })
            }
            Err(error) => {
                faults.push(Fault::new(pointer, "invalid", error.to_string()));
                None
            }
        }
    };
    let received = span("/received", &asked.received);
    let ended_in = span("/ended_in", &asked.ended_in);
    let recorded = span("/recorded", &asked.recorded);
    if !faults.is_empty() {
        return Err(Problem::faulty(faults));
    }
    Ok(ExportScope {
        case: asked.case.map(CaseId),
        workflow: asked.workflow.as_deref().map(WorkflowId::from),
        unit,
        unit_alone: asked.unit_alone,
        step: asked.step.as_deref().map(StepId::from),
        ended: asked.state.map(|state| state == Standing::Ended),
        overdue: asked.state == Some(Standing::Late),
        held: asked.state == Some(Standing::Held),
        text: asked.text.clone(),
        received,
        ended_in,
        recorded,
        ..ExportScope::default()
    })
}

/// An export, and how far it has come
#[utoipa::path(
    get, path = "/exports/{id}", tag = "exports",
    params(("id" = Uuid, Path, description = "The export")),
    responses((status = 200, body = ExportView))
)]
async fn one(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
) -> Result<Json<ExportView>, Problem> {
    let viewer = app.viewer(&caller).await?;
    Ok(Json(ExportView::from(&known(&app, &viewer, id).await?)))
}

/// An export that the viewer may know of.
///
/// # Errors
/// `not_found`.
pub(crate) async fn known(app: &App, viewer: &Viewer, id: Uuid) -> Result<ExportRow, Problem> {
    let row = app.store.reading_as(viewer).export(id).await?;
    // Others than auditors see every case too, and not who exported what.
    let audits = policy::permit_everywhere(viewer, Task::Audit).is_ok();
    row.filter(|row| audits || is_own(viewer, row)).ok_or_else(Problem::not_found)
}

/// Whether an export is the viewer's own.
pub(crate) fn is_own(viewer: &Viewer, row: &ExportRow) -> bool {
    viewer.reach.accounts.contains(&row.asker)
}

/// Take back an export
///
/// One that is under way ends; one that is there is thrown away. The record of it stays.
#[utoipa::path(
    delete, path = "/exports/{id}", tag = "exports",
    params(("id" = Uuid, Path, description = "The export")),
    responses(
        (status = 204, description = "Taken back, or over already"),
        (status = 403, description = "`forbidden`: it is somebody else's"),
    )
)]
async fn cancel(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    let viewer = app.viewer(&caller).await?;
    take_back(&app, &viewer, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes back an export of the viewer's.
///
/// # Errors
/// `not_found`, `forbidden`.
pub(crate) async fn take_back(app: &App, viewer: &Viewer, id: Uuid) -> Result<(), Problem> {
    own(app, viewer, id).await?;
    app.store.cancel_export(id, viewer.actor.person).await?;
    Ok(())
}

async fn own(app: &App, viewer: &Viewer, id: Uuid) -> Result<ExportRow, Problem> {
    let row = known(app, viewer, id).await?;
    match is_own(viewer, &row) {
        true => Ok(row),
        false => Err(Problem::forbidden("it is somebody else's export")),
    }
}

/// Fetch an export
///
/// Byte for byte, compared with its hash before it goes out; with `Range`, a part of it. Each time is
/// recorded. Whoever no longer sees all of what it was made from cannot fetch it any more.
#[utoipa::path(
    get, path = "/exports/{id}/content", tag = "exports",
    params(
        ("id" = Uuid, Path, description = "The export"),
        ("Range" = Option<String>, Header, description = "A part of it (RFC 9110)", example = "bytes=0-99"),
    ),
    responses(
        (status = 200, description = "The file", content_type = "application/octet-stream"),
        (status = 206, description = "A part of it", content_type = "application/octet-stream"),
        (status = 403, description = "`forbidden`: somebody else's, or of more than one sees now"),
        (status = 409, description = "`export_unfinished`"),
        (status = 410, description = "`export_gone`: it was not made, or is kept no longer"),
        (status = 416, description = "`range_unsatisfiable`"),
        (status = 500, description = "`document_damaged`"),
        (status = 503, description = "`documents_unavailable`"),
    )
)]
async fn content(
    State(app): State<App>,
    caller: Principal,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let viewer = app.viewer(&caller).await?;
    fetch(&app, &viewer, id, &headers).await
}

/// The file of an export of the viewer's.
///
/// # Errors
/// See the operation.
pub(crate) async fn fetch(
    app: &App,
    viewer: &Viewer,
    id: Uuid,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let row = own(app, viewer, id).await?;
    let gone = || Problem::new(StatusCode::GONE, "export_gone");
    if row.state.is_open() {
        return Err(Problem::new(StatusCode::CONFLICT, "export_unfinished").again_in(2));
    }
    let (ExportState::Done, Some(size), Some(sha256)) = (row.state, row.size, row.sha256) else {
        return Err(gone());
    };
    if !sees_still(app, viewer, id).await? {
        return Err(Problem::forbidden("you no longer see everything that is in it"));
    }
    let format: Format = row.format.parse().map_err(|_| gone())?;
    let file = FileReference {
        name: format!("parvaneh-{}.{}", &id.simple().to_string()[20..], format.extension()),
        media_type: format.media_type().to_owned(),
        size,
        sha256: hexadecimal(&sha256),
    };
    let content = CaseContent {
        id: export_content(row.id, row.attempt),
        seq: 0,
        name: String::new(),
        is_field: false,
        from_applicant: false,
        at: row.created_at,
        file,
        clean: false,
    };
    let response = serve(app, &content, headers, Purpose::Keeping).await?;
    app.store.export_fetched(id, viewer.actor.person).await?;
    Ok(response)
}

/// Whether somebody sees everything now that he saw when his export was written.
async fn sees_still(app: &App, viewer: &Viewer, id: Uuid) -> Result<bool, Problem> {
    let events = app.store.reading_as(viewer).export_events(id).await?;
    let facts = events.iter().filter_map(|event| serde_json::from_str::<Value>(&event.body).ok());
    let mut facts = facts.map(|mut body| body["fact"].take());
    let finished = facts.rfind(|fact| fact["type"] == "finished").unwrap_or_default();
    let Some(then) = finished["reach"].as_array() else { return Ok(false) };
    Ok(then.iter().filter_map(Value::as_str).all(|held| covers(viewer, held)))
}

/// Whether somebody sees the cases of a workflow at a unit, as `WORKFLOW@UNIT` says it.
fn covers(viewer: &Viewer, held: &str) -> bool {
    let Some((workflow, unit)) = held.split_once('@') else { return false };
    let unit = UnitId::from(unit);
    viewer.reach.jurisdictions.iter().any(|now| {
        now.workflow.as_ref().is_none_or(|only| only.as_str() == workflow)
            && viewer.organisation.contains(&now.unit, &unit)
    })
}

/// Whose exports they are, each once.
pub(crate) fn askers(rows: &[ExportRow]) -> Vec<PersonId> {
    let mut askers: Vec<_> = rows.iter().map(|row| row.asker).collect();
    askers.sort_unstable();
    askers.dedup();
    askers
}
