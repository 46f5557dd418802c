//! Changes of cases: one address for each command of the engine.

use std::collections::BTreeMap;

use axum::{extract::State, response::Response};
use parvaneh_core::{
    CaseId, PersonId, SittingId,
    decide::Command,
    definition::Answer,
    event::{Urgency, Vote},
    form::Given,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use crate::{
    App,
    auth::{Comer, Principal},
    body::{Body, Path},
    change::{Changed, Terms, change, change_by},
    documents::{HandIn, with_papers},
    problem::Problem,
    view::UrgencyName,
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(act))
        .routes(routes!(fill))
        .routes(routes!(comment))
        .routes(routes!(inform))
        .routes(routes!(withdraw))
        .routes(routes!(vote))
        .routes(routes!(put_on_agenda, take_off_agenda))
        .routes(routes!(recuse))
        .routes(routes!(claim, release))
        .routes(routes!(answer))
}

/// How a member votes.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum VoteName {
    /// For it.
    For,
    /// Against it.
    Against,
    /// Neither.
    Abstain,
}

impl From<VoteName> for Vote {
    fn from(name: VoteName) -> Self {
        match name {
            VoteName::For => Self::For,
            VoteName::Against => Self::Against,
            VoteName::Abstain => Self::Abstain,
        }
    }
}

/// What an answer says.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AnswerName {
    /// Nothing stands against it.
    Positive,
    /// Something does.
    Negative,
}

impl From<AnswerName> for Answer {
    fn from(name: AnswerName) -> Self {
        match name {
            AnswerName::Positive => Self::Positive,
            AnswerName::Negative => Self::Negative,
        }
    }
}

/// Why something is done.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "The commission lacks a quorum that week" }))]
struct Reason {
    /// Why.
    #[schema(min_length = 1, max_length = 10000)]
    reason: String,
}

/// An action of the step in which the case stands.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "action": "accept", "values": { "capital": 2000000000 } }))]
pub(super) struct Act {
    /// The action.
    #[schema(min_length = 1, max_length = 200, example = "accept")]
    action: String,
    /// Why, where the action needs it.
    reason: Option<String>,
    /// The number of the condition cited, where the action needs it.
    citation: Option<String>,
    /// What is filled in with it, by the names of the fields.
    #[serde(default)]
    #[schema(value_type = Object)]
    values: Map<String, Value>,
    /// The papers that are handed in with it, by their kind.
    #[serde(default)]
    pub(super) documents: BTreeMap<String, HandIn>,
}

impl From<Act> for Command {
    fn from(body: Act) -> Self {
        Self::Act {
            action: body.action.into(),
            reason: body.reason,
            citation: body.citation,
            given: typed(body.values),
        }
    }
}

/// Values as they came.
fn typed(values: Map<String, Value>) -> Given {
    Given { values: values.into_iter().collect(), ..Given::default() }
}

/// Take an action
#[utoipa::path(
    post, path = "/cases/{case}/actions", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        Terms,
    ),
    request_body = Act,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 422, description = "`unknown_action`, `reason_needed`, `citation_needed`, `form_invalid`, `documents_lacking`, `document_invalid`, `document_infected`"),
    )
)]
async fn act(
    State(app): State<App>,
    caller: Principal,
    terms: Terms,
    Path(case): Path<Uuid>,
    Body(mut body): Body<Act>,
) -> Result<Response, Problem> {
    let (papers, command) = (std::mem::take(&mut body.documents), body.into());
    change_by(&app, &caller, terms, CaseId(case), async || {
        with_papers(&app, &caller, CaseId(case), command, papers).await
    })
    .await
}

/// What is filled in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "values": { "capital": 2000000000 } }))]
pub(super) struct Fill {
    /// By the names of the fields; `null` takes an optional value away, `{"upload": ID}` is a file.
    #[serde(default)]
    #[schema(value_type = Object)]
    values: Map<String, Value>,
    /// The papers that are handed in with it, by their kind.
    #[serde(default)]
    pub(super) documents: BTreeMap<String, HandIn>,
}

impl From<Fill> for Command {
    fn from(body: Fill) -> Self {
        Self::Fill { given: typed(body.values) }
    }
}

/// Fill in values of the step's form
#[utoipa::path(
    put, path = "/cases/{case}/values", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        Terms,
    ),
    request_body = Fill,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 422, description = "`form_invalid`, `nothing_given`, `document_invalid`, `document_infected`"),
    )
)]
async fn fill(
    State(app): State<App>,
    caller: Principal,
    terms: Terms,
    Path(case): Path<Uuid>,
    Body(mut body): Body<Fill>,
) -> Result<Response, Problem> {
    let (papers, command) = (std::mem::take(&mut body.documents), body.into());
    change_by(&app, &caller, terms, CaseId(case), async || {
        with_papers(&app, &caller, CaseId(case), command, papers).await
    })
    .await
}

/// A remark.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "text": "The founders will bring the deed on Saturday" }))]
pub(super) struct Comment {
    /// The remark.
    #[schema(min_length = 1, max_length = 10000)]
    text: String,
}

impl From<Comment> for Command {
    fn from(body: Comment) -> Self {
        Self::Comment { text: body.text }
    }
}

/// Leave a remark
#[utoipa::path(
    post, path = "/cases/{case}/comments", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        Terms,
    ),
    request_body = Comment,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 422, description = "`text_invalid`"),
    )
)]
async fn comment(
    State(app): State<App>,
    comer: Comer,
    terms: Terms,
    Path(case): Path<Uuid>,
    Body(body): Body<Comment>,
) -> Result<Response, Problem> {
    let command = body.into();
    change(&app, comer, terms, CaseId(case), command).await
}

/// Whose notice a case is brought to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "person": "0190f1a2-0000-7000-8000-000000000001", "note": "For your information" }))]
pub(super) struct Inform {
    /// Whose: somebody who holds a role in the procedure at the unit of the case or above it.
    person: Uuid,
    /// A note.
    note: Option<String>,
    /// How soon he should look, where that is not the ordinary course.
    urgency: Option<UrgencyName>,
}

impl From<Inform> for Command {
    fn from(body: Inform) -> Self {
        let Inform { person, note, urgency } = body;
        Self::Inform { to: PersonId(person), note, urgency: urgency.map(Urgency::from) }
    }
}

/// Bring the case to somebody's notice, of whom nothing is asked
#[utoipa::path(
    post, path = "/cases/{case}/information", tag = "changes",
    params(("case" = Uuid, Path, description = "The case"), Terms),
    request_body = Inform,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 422, description = "`assignee_not_eligible`"),
    )
)]
async fn inform(
    State(app): State<App>,
    comer: Comer,
    terms: Terms,
    Path(case): Path<Uuid>,
    Body(body): Body<Inform>,
) -> Result<Response, Problem> {
    let command = body.into();
    change(&app, comer, terms, CaseId(case), command).await
}

/// A withdrawal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "The founders have moved to another province" }))]
pub(super) struct Withdraw {
    /// Why.
    reason: Option<String>,
}

impl From<Withdraw> for Command {
    fn from(body: Withdraw) -> Self {
        Self::Withdraw { reason: body.reason }
    }
}

/// Withdraw the application
#[utoipa::path(
    post, path = "/cases/{case}/withdrawal", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        Terms,
    ),
    request_body = Withdraw,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 422, description = "`reason_needed`"),
    )
)]
async fn withdraw(
    State(app): State<App>,
    comer: Comer,
    terms: Terms,
    Path(case): Path<Uuid>,
    Body(body): Body<Withdraw>,
) -> Result<Response, Problem> {
    let command = body.into();
    change(&app, comer, terms, CaseId(case), command).await
}

/// A vote.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "vote": "for" }))]
pub(super) struct CastVote {
    /// How.
    vote: VoteName,
    /// Why.
    reason: Option<String>,
}

impl From<CastVote> for Command {
    fn from(body: CastVote) -> Self {
        Self::Vote { vote: body.vote.into(), reason: body.reason }
    }
}

/// Vote in a commission; a later vote replaces an earlier one
#[utoipa::path(
    put, path = "/cases/{case}/vote", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        Terms,
    ),
    request_body = CastVote,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 422, description = "`reason_needed`"),
    )
)]
async fn vote(
    State(app): State<App>,
    comer: Comer,
    terms: Terms,
    Path(case): Path<Uuid>,
    Body(body): Body<CastVote>,
) -> Result<Response, Problem> {
    let command = body.into();
    change(&app, comer, terms, CaseId(case), command).await
}

/// A place on an agenda.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "sitting": "0192f0c1-2a4b-7c3d-8e5f-60718293a4b5" }))]
pub(super) struct PutOnAgenda {
    /// The sitting.
    sitting: Uuid,
}

impl From<PutOnAgenda> for Command {
    fn from(body: PutOnAgenda) -> Self {
        Self::PutOnAgenda { sitting: SittingId(body.sitting) }
    }
}

/// Put the case on the agenda of a sitting
#[utoipa::path(
    put, path = "/cases/{case}/agenda", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        Terms,
    ),
    request_body = PutOnAgenda,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 422, description = "`unknown_sitting`"),
    )
)]
async fn put_on_agenda(
    State(app): State<App>,
    comer: Comer,
    terms: Terms,
    Path(case): Path<Uuid>,
    Body(body): Body<PutOnAgenda>,
) -> Result<Response, Problem> {
    let command = body.into();
    change(&app, comer, terms, CaseId(case), command).await
}

/// Take the case off the agenda
#[utoipa::path(
    delete, path = "/cases/{case}/agenda", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        Terms,
    ),
    request_body = Reason,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 422, description = "`reason_needed`"),
    )
)]
async fn take_off_agenda(
    State(app): State<App>,
    comer: Comer,
    terms: Terms,
    Path(case): Path<Uuid>,
    Body(body): Body<Reason>,
) -> Result<Response, Problem> {
    let command = Command::TakeOffAgenda { reason: body.reason };
    change(&app, comer, terms, CaseId(case), command).await
}

/// A recusal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "The applicant is my brother" }))]
struct Recuse {
    /// Which member, where the commission's owner records it.
    member: Option<Uuid>,
    /// Why.
    #[schema(min_length = 1, max_length = 10000)]
    reason: String,
}

/// Take no part in the case, as a member of its commission
#[utoipa::path(
    post, path = "/cases/{case}/recusals", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        Terms,
    ),
    request_body = Recuse,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 422, description = "`reason_needed`"),
    )
)]
async fn recuse(
    State(app): State<App>,
    comer: Comer,
    terms: Terms,
    Path(case): Path<Uuid>,
    Body(body): Body<Recuse>,
) -> Result<Response, Problem> {
    let command = Command::Recuse { member: body.member.map(PersonId), reason: body.reason };
    change(&app, comer, terms, CaseId(case), command).await
}

/// Who shall have a task.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({}))]
struct Hold {
    /// To whom; without one, the caller takes it himself.
    person: Option<Uuid>,
    /// Why: the note of the referral.
    reason: Option<String>,
    /// How soon it is wanted, where that is not the ordinary course.
    urgency: Option<UrgencyName>,
}

/// Take a task, or give it to a person
#[utoipa::path(
    put, path = "/cases/{case}/tasks/{no}/holder", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("no" = u32, Path, description = "The task's number"),
        Terms,
    ),
    request_body = Hold,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 422, description = "`unknown_task`, `assignee_not_eligible`"),
    )
)]
async fn claim(
    State(app): State<App>,
    comer: Comer,
    terms: Terms,
    Path((case, no)): Path<(Uuid, u32)>,
    Body(body): Body<Hold>,
) -> Result<Response, Problem> {
    let command = match body.person {
        None => Command::Claim { task: no },
        Some(person) => {
            let urgency = body.urgency.map(Urgency::from);
            Command::Assign { task: no, to: PersonId(person), reason: body.reason, urgency }
        }
    };
    change(&app, comer, terms, CaseId(case), command).await
}

/// Why a task goes back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "reason": "I am on leave from tomorrow" }))]
struct Release {
    /// Why.
    reason: Option<String>,
}

/// Put a task back on the worklist
#[utoipa::path(
    delete, path = "/cases/{case}/tasks/{no}/holder", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("no" = u32, Path, description = "The task's number"),
        Terms,
    ),
    request_body = Release,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 422, description = "`unknown_task`"),
    )
)]
async fn release(
    State(app): State<App>,
    comer: Comer,
    terms: Terms,
    Path((case, no)): Path<(Uuid, u32)>,
    Body(body): Body<Release>,
) -> Result<Response, Problem> {
    let command = Command::Release { task: no, reason: body.reason };
    change(&app, comer, terms, CaseId(case), command).await
}

/// An answer to an inquiry.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "answer": "positive", "reason": "No record" }))]
struct AnswerInquiry {
    /// What it says.
    answer: AnswerName,
    /// Why.
    reason: Option<String>,
    /// The number of the letter.
    reference: Option<String>,
}

/// Record the answer of a body that answered on paper, or answer for one's own
#[utoipa::path(
    post, path = "/cases/{case}/inquiries/{branch}/answer", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("branch" = String, Path, description = "The branch"),
        Terms,
    ),
    request_body = AnswerInquiry,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 422, description = "`unknown_inquiry`, `reason_needed`"),
    )
)]
async fn answer(
    State(app): State<App>,
    comer: Comer,
    terms: Terms,
    Path((case, branch)): Path<(Uuid, String)>,
    Body(body): Body<AnswerInquiry>,
) -> Result<Response, Problem> {
    let command = Command::Answer {
        branch: branch.into(),
        answer: body.answer.into(),
        reason: body.reason,
        reference: body.reference,
    };
    change(&app, comer, terms, CaseId(case), command).await
}
