//! The narrow door for other bodies: what they are asked, and their answers. They see no case.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use parvaneh_core::{
    BranchId, CaseId,
    decide::Command,
    definition::{StepKind, Text},
};
use parvaneh_store::Request;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

pub(crate) use super::changes::AnswerName;
use crate::{
    App,
    auth::Principal,
    body::{Body, Path, Query},
    change::{Terms, asked},
    page,
    problem::Problem,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(answer))
}

/// Which inquiries.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// After the end of which page: `next` of the one before.
    #[param(max_length = 200)]
    after: Option<String>,
    /// How many, up to 200.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// What a body is asked.
#[derive(Debug, Serialize, ToSchema)]
struct Inquiry {
    /// The case about which it is asked.
    case: Uuid,
    /// Which inquiry it is.
    #[schema(example = "police")]
    branch: String,
    /// What the case is about.
    subject: String,
    /// The unit from whose jurisdiction the question comes.
    unit: String,
    /// When it came.
    asked_at: DateTime<Utc>,
    /// Until when an answer counts.
    due_at: Option<DateTime<Utc>>,
}

/// A page of inquiries.
#[derive(Debug, Serialize, ToSchema)]
struct Inquiries {
    /// The earliest deadline first.
    items: Vec<Inquiry>,
    /// Where the next page begins; none after the last.
    next: Option<String>,
}

/// What my body is asked
#[utoipa::path(
    get, path = "/inquiries", tag = "inquiries",
    params(Wanted),
    responses(
        (status = 200, body = Inquiries),
    )
)]
async fn list(
    State(app): State<App>,
    caller: Principal,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Inquiries>, Problem> {
    let limit = page::length(wanted.limit)?;
    let after = wanted.after.as_deref().map(str::parse).transpose();
    let after = after.map_err(|_| page::no_end())?;
    let viewer = app.viewer(&caller).await?;
    let page = app.store.inquiries(&viewer, after.as_ref(), limit).await?;
    let items = page.items.into_iter().map(|item| Inquiry {
        case: item.case.0,
        branch: item.branch.to_string(),
        subject: item.subject,
        unit: item.unit.to_string(),
        asked_at: item.asked_at,
        due_at: item.due_at,
    });
    Ok(Json(Inquiries { items: items.collect(), next: page.next.map(|next| next.to_string()) }))
}

/// The answer of a body.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "answer": "positive", "reference": "1403/5512" }))]
pub(crate) struct OwnAnswer {
    /// What it says.
    pub(crate) answer: AnswerName,
    /// Why.
    pub(crate) reason: Option<String>,
    /// The number of the letter.
    pub(crate) reference: Option<String>,
}

impl OwnAnswer {
    /// What a form has sent; `None` where nothing was chosen.
    pub(crate) fn typed(answer: &str, reason: &str, reference: &str) -> Option<Self> {
        let answer = match answer {
            "positive" => AnswerName::Positive,
            "negative" => AnswerName::Negative,
            _ => return None,
        };
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Some(Self { answer, reason: given(reason), reference: given(reference) })
    }
}

/// That an answer has come.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Answered {
    /// Whether this is the answer to an earlier request under the same key.
    pub(crate) repeated: bool,
}

/// Answer an inquiry
#[utoipa::path(
    post, path = "/inquiries/{case}/{branch}", tag = "inquiries",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("branch" = String, Path, description = "The inquiry"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat under the same key gets the same answer and changes nothing more"),
    ),
    request_body = OwnAnswer,
    responses(
        (status = 200, description = "Recorded", body = Answered),
        (status = 403, description = "`four_eyes`"),
        (status = 404, description = "`not_found`: no such inquiry, none of this body's, or one that is closed"),
        (status = 422, description = "`reason_needed`, `text_invalid`"),
    )
)]
async fn answer(
    State(app): State<App>,
    caller: Principal,
    terms: Terms,
    Path((case, branch)): Path<(Uuid, String)>,
    Body(body): Body<OwnAnswer>,
) -> Result<Json<Answered>, Problem> {
    let (case, branch) = (CaseId(case), BranchId::from(branch));
    let viewer = app.viewer(&caller).await?;
    if !app.store.is_asked(&viewer, case, &branch).await? {
        return Err(Problem::not_found());
    }
    Ok(Json(record(&app, terms, &caller, case, branch, body).await?))
}

/// Records the answer to an inquiry that somebody may answer.
///
/// # Errors
/// Those that [`answer`] names.
pub(crate) async fn record(
    app: &App,
    terms: Terms,
    caller: &Principal,
    case: CaseId,
    branch: BranchId,
    body: OwnAnswer,
) -> Result<Answered, Problem> {
    let command = Command::Answer {
        branch,
        answer: body.answer.into(),
        reason: body.reason,
        reference: body.reference,
    };
    let request = asked(terms, Request::command(caller.person, case, command));
    // What a body may know of a refusal: not where the case stands.
    let executed = app.store.execute(request).await;
    let executed = executed.map_err(|error| Problem::from(error).narrowed())?;
    Ok(Answered { repeated: executed.repeated })
}

/// What an inquiry asks, in the words of its definition: the case itself is not for the body.
///
/// # Errors
/// The store's.
pub(crate) async fn title(app: &App, inquiry: &parvaneh_store::Inquiry) -> Result<Text, Problem> {
    let definition = app.store.definition(&inquiry.workflow, Some(inquiry.version)).await?;
    let branch = definition.steps.values().find_map(|step| match &step.kind {
        StepKind::Parallel(parallel) => parallel.branches.get(&inquiry.branch),
        _ => None,
    });
    let name = || inquiry.branch.to_string();
    Ok(branch.map_or_else(|| Text { fa: name(), en: name() }, |branch| branch.title.clone()))
}
