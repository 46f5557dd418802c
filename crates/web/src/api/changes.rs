//! Changes of cases: one address for each command of the engine.

use axum::{extract::State, response::Response};
use parvaneh_core::{
    CaseId, PersonId, SittingId, TermError, decide::Command, definition::Answer, event::Vote,
};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::cases::given;
use crate::{
    App,
    auth::Principal,
    body::{Body, Path},
    change::{Changed, Terms, change},
    problem::{Fault, Problem},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(act))
        .routes(routes!(fill))
        .routes(routes!(comment))
        .routes(routes!(withdraw))
        .routes(routes!(vote))
        .routes(routes!(put_on_agenda, take_off_agenda))
        .routes(routes!(recuse))
        .routes(routes!(suspend, resume))
        .routes(routes!(claim, release))
        .routes(routes!(extend))
        .routes(routes!(release_silence))
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
pub(super) enum AnswerName {
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
struct Reason {
    /// Why.
    #[schema(min_length = 1, max_length = 10000)]
    reason: String,
}

fn fault(pointer: &str, error: &TermError) -> Problem {
    Problem::faulty(vec![Fault::new(pointer, "invalid", error.to_string())])
}

/// An action of the step in which the case stands.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Act {
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
}

/// Take an action
#[utoipa::path(
    post, path = "/cases/{case}/actions", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat under the same key gets the same answer and changes nothing more"),
        ("If-Match" = Option<String>, Header, description = "Only if the case still has this entity tag"),
        ("On-Behalf-Of" = Option<Uuid>, Header, description = "As the delegate of this person"),
    ),
    security(("session" = []), ("token" = [])),
    request_body = Act,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 400, description = "`parameter_invalid`, `body_unreadable`, `idempotency_key_invalid`, `precondition_invalid`", body = Problem),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`not_permitted`, `out_of_jurisdiction`, `four_eyes`, `no_delegation`, `cross_site`, `scope_missing`", body = Problem),
        (status = 404, description = "`not_found`: no such case, or none that the caller sees", body = Problem),
        (status = 409, description = "The state of the case, or `idempotency_key_reused`", body = Problem),
        (status = 412, description = "`conflict`: the case has been changed meanwhile", body = Problem),
        (status = 415, description = "`media_type`", body = Problem),
        (status = 422, description = "`body_invalid`, `unknown_action`, `reason_needed`, `citation_needed`, `form_invalid`, `documents_lacking`", body = Problem),
    )
)]
async fn act(
    State(app): State<App>,
    caller: Principal,
    terms: Terms,
    Path(case): Path<Uuid>,
    Body(body): Body<Act>,
) -> Result<Response, Problem> {
    let command = Command::Act {
        action: body.action.into(),
        reason: body.reason,
        citation: body.citation,
        given: given(body.values),
    };
    change(&app, &caller, terms, CaseId(case), command).await
}

/// What is filled in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Fill {
    /// By the names of the fields; `null` takes an optional value away.
    #[schema(value_type = Object)]
    values: Map<String, Value>,
}

/// Fill in values of the step's form
#[utoipa::path(
    put, path = "/cases/{case}/values", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat under the same key gets the same answer and changes nothing more"),
        ("If-Match" = Option<String>, Header, description = "Only if the case still has this entity tag"),
        ("On-Behalf-Of" = Option<Uuid>, Header, description = "As the delegate of this person"),
    ),
    security(("session" = []), ("token" = [])),
    request_body = Fill,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 400, description = "`parameter_invalid`, `body_unreadable`, `idempotency_key_invalid`, `precondition_invalid`", body = Problem),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`not_permitted`, `out_of_jurisdiction`, `four_eyes`, `no_delegation`, `cross_site`, `scope_missing`", body = Problem),
        (status = 404, description = "`not_found`: no such case, or none that the caller sees", body = Problem),
        (status = 409, description = "The state of the case, or `idempotency_key_reused`", body = Problem),
        (status = 412, description = "`conflict`: the case has been changed meanwhile", body = Problem),
        (status = 415, description = "`media_type`", body = Problem),
        (status = 422, description = "`body_invalid`, `form_invalid`, `nothing_given`", body = Problem),
    )
)]
async fn fill(
    State(app): State<App>,
    caller: Principal,
    terms: Terms,
    Path(case): Path<Uuid>,
    Body(body): Body<Fill>,
) -> Result<Response, Problem> {
    let command = Command::Fill { given: given(body.values) };
    change(&app, &caller, terms, CaseId(case), command).await
}

/// A remark.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Comment {
    /// The remark.
    #[schema(min_length = 1, max_length = 10000)]
    text: String,
}

/// Leave a remark
#[utoipa::path(
    post, path = "/cases/{case}/comments", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat under the same key gets the same answer and changes nothing more"),
        ("If-Match" = Option<String>, Header, description = "Only if the case still has this entity tag"),
        ("On-Behalf-Of" = Option<Uuid>, Header, description = "As the delegate of this person"),
    ),
    security(("session" = []), ("token" = [])),
    request_body = Comment,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 400, description = "`parameter_invalid`, `body_unreadable`, `idempotency_key_invalid`, `precondition_invalid`", body = Problem),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`not_permitted`, `out_of_jurisdiction`, `four_eyes`, `no_delegation`, `cross_site`, `scope_missing`", body = Problem),
        (status = 404, description = "`not_found`: no such case, or none that the caller sees", body = Problem),
        (status = 409, description = "The state of the case, or `idempotency_key_reused`", body = Problem),
        (status = 412, description = "`conflict`: the case has been changed meanwhile", body = Problem),
        (status = 415, description = "`media_type`", body = Problem),
        (status = 422, description = "`body_invalid`, `text_invalid`", body = Problem),
    )
)]
async fn comment(
    State(app): State<App>,
    caller: Principal,
    terms: Terms,
    Path(case): Path<Uuid>,
    Body(body): Body<Comment>,
) -> Result<Response, Problem> {
    let command = Command::Comment { text: body.text };
    change(&app, &caller, terms, CaseId(case), command).await
}

/// A withdrawal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Withdraw {
    /// Why.
    reason: Option<String>,
}

/// Withdraw the application
#[utoipa::path(
    post, path = "/cases/{case}/withdrawal", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat under the same key gets the same answer and changes nothing more"),
        ("If-Match" = Option<String>, Header, description = "Only if the case still has this entity tag"),
        ("On-Behalf-Of" = Option<Uuid>, Header, description = "As the delegate of this person"),
    ),
    security(("session" = []), ("token" = [])),
    request_body = Withdraw,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 400, description = "`parameter_invalid`, `body_unreadable`, `idempotency_key_invalid`, `precondition_invalid`", body = Problem),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`not_permitted`, `out_of_jurisdiction`, `four_eyes`, `no_delegation`, `cross_site`, `scope_missing`", body = Problem),
        (status = 404, description = "`not_found`: no such case, or none that the caller sees", body = Problem),
        (status = 409, description = "The state of the case, or `idempotency_key_reused`", body = Problem),
        (status = 412, description = "`conflict`: the case has been changed meanwhile", body = Problem),
        (status = 415, description = "`media_type`", body = Problem),
        (status = 422, description = "`body_invalid`, `reason_needed`", body = Problem),
    )
)]
async fn withdraw(
    State(app): State<App>,
    caller: Principal,
    terms: Terms,
    Path(case): Path<Uuid>,
    Body(body): Body<Withdraw>,
) -> Result<Response, Problem> {
    let command = Command::Withdraw { reason: body.reason };
    change(&app, &caller, terms, CaseId(case), command).await
}

/// A vote.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CastVote {
    /// How.
    vote: VoteName,
    /// Why.
    reason: Option<String>,
}

/// Vote in a commission; a later vote replaces an earlier one
#[utoipa::path(
    put, path = "/cases/{case}/vote", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat under the same key gets the same answer and changes nothing more"),
        ("If-Match" = Option<String>, Header, description = "Only if the case still has this entity tag"),
        ("On-Behalf-Of" = Option<Uuid>, Header, description = "As the delegate of this person"),
    ),
    security(("session" = []), ("token" = [])),
    request_body = CastVote,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 400, description = "`parameter_invalid`, `body_unreadable`, `idempotency_key_invalid`, `precondition_invalid`", body = Problem),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`not_permitted`, `out_of_jurisdiction`, `four_eyes`, `no_delegation`, `cross_site`, `scope_missing`", body = Problem),
        (status = 404, description = "`not_found`: no such case, or none that the caller sees", body = Problem),
        (status = 409, description = "The state of the case, or `idempotency_key_reused`", body = Problem),
        (status = 412, description = "`conflict`: the case has been changed meanwhile", body = Problem),
        (status = 415, description = "`media_type`", body = Problem),
        (status = 422, description = "`body_invalid`, `reason_needed`", body = Problem),
    )
)]
async fn vote(
    State(app): State<App>,
    caller: Principal,
    terms: Terms,
    Path(case): Path<Uuid>,
    Body(body): Body<CastVote>,
) -> Result<Response, Problem> {
    let command = Command::Vote { vote: body.vote.into(), reason: body.reason };
    change(&app, &caller, terms, CaseId(case), command).await
}

/// A place on an agenda.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutOnAgenda {
    /// The sitting.
    sitting: Uuid,
}

/// Put the case on the agenda of a sitting
#[utoipa::path(
    put, path = "/cases/{case}/agenda", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat under the same key gets the same answer and changes nothing more"),
        ("If-Match" = Option<String>, Header, description = "Only if the case still has this entity tag"),
        ("On-Behalf-Of" = Option<Uuid>, Header, description = "As the delegate of this person"),
    ),
    security(("session" = []), ("token" = [])),
    request_body = PutOnAgenda,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 400, description = "`parameter_invalid`, `body_unreadable`, `idempotency_key_invalid`, `precondition_invalid`", body = Problem),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`not_permitted`, `out_of_jurisdiction`, `four_eyes`, `no_delegation`, `cross_site`, `scope_missing`", body = Problem),
        (status = 404, description = "`not_found`: no such case, or none that the caller sees", body = Problem),
        (status = 409, description = "The state of the case, or `idempotency_key_reused`", body = Problem),
        (status = 412, description = "`conflict`: the case has been changed meanwhile", body = Problem),
        (status = 415, description = "`media_type`", body = Problem),
        (status = 422, description = "`body_invalid`, `unknown_sitting`", body = Problem),
    )
)]
async fn put_on_agenda(
    State(app): State<App>,
    caller: Principal,
    terms: Terms,
    Path(case): Path<Uuid>,
    Body(body): Body<PutOnAgenda>,
) -> Result<Response, Problem> {
    let command = Command::PutOnAgenda { sitting: SittingId(body.sitting) };
    change(&app, &caller, terms, CaseId(case), command).await
}

/// Take the case off the agenda
#[utoipa::path(
    delete, path = "/cases/{case}/agenda", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat under the same key gets the same answer and changes nothing more"),
        ("If-Match" = Option<String>, Header, description = "Only if the case still has this entity tag"),
        ("On-Behalf-Of" = Option<Uuid>, Header, description = "As the delegate of this person"),
    ),
    security(("session" = []), ("token" = [])),
    request_body = Reason,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 400, description = "`parameter_invalid`, `body_unreadable`, `idempotency_key_invalid`, `precondition_invalid`", body = Problem),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`not_permitted`, `out_of_jurisdiction`, `four_eyes`, `no_delegation`, `cross_site`, `scope_missing`", body = Problem),
        (status = 404, description = "`not_found`: no such case, or none that the caller sees", body = Problem),
        (status = 409, description = "The state of the case, or `idempotency_key_reused`", body = Problem),
        (status = 412, description = "`conflict`: the case has been changed meanwhile", body = Problem),
        (status = 415, description = "`media_type`", body = Problem),
        (status = 422, description = "`body_invalid`, `reason_needed`", body = Problem),
    )
)]
async fn take_off_agenda(
    State(app): State<App>,
    caller: Principal,
    terms: Terms,
    Path(case): Path<Uuid>,
    Body(body): Body<Reason>,
) -> Result<Response, Problem> {
    let command = Command::TakeOffAgenda { reason: body.reason };
    change(&app, &caller, terms, CaseId(case), command).await
}

/// A recusal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
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
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat under the same key gets the same answer and changes nothing more"),
        ("If-Match" = Option<String>, Header, description = "Only if the case still has this entity tag"),
        ("On-Behalf-Of" = Option<Uuid>, Header, description = "As the delegate of this person"),
    ),
    security(("session" = []), ("token" = [])),
    request_body = Recuse,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 400, description = "`parameter_invalid`, `body_unreadable`, `idempotency_key_invalid`, `precondition_invalid`", body = Problem),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`not_permitted`, `out_of_jurisdiction`, `four_eyes`, `no_delegation`, `cross_site`, `scope_missing`", body = Problem),
        (status = 404, description = "`not_found`: no such case, or none that the caller sees", body = Problem),
        (status = 409, description = "The state of the case, or `idempotency_key_reused`", body = Problem),
        (status = 412, description = "`conflict`: the case has been changed meanwhile", body = Problem),
        (status = 415, description = "`media_type`", body = Problem),
        (status = 422, description = "`body_invalid`, `reason_needed`", body = Problem),
    )
)]
async fn recuse(
    State(app): State<App>,
    caller: Principal,
    terms: Terms,
    Path(case): Path<Uuid>,
    Body(body): Body<Recuse>,
) -> Result<Response, Problem> {
    let command = Command::Recuse { member: body.member.map(PersonId), reason: body.reason };
    change(&app, &caller, terms, CaseId(case), command).await
}

/// A suspension.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Suspend {
    /// Why.
    #[schema(min_length = 1, max_length = 10000)]
    reason: String,
    /// By what right.
    basis: Option<String>,
}

/// Suspend every running clock
#[utoipa::path(
    put, path = "/cases/{case}/suspension", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat under the same key gets the same answer and changes nothing more"),
        ("If-Match" = Option<String>, Header, description = "Only if the case still has this entity tag"),
        ("On-Behalf-Of" = Option<Uuid>, Header, description = "As the delegate of this person"),
    ),
    security(("session" = []), ("token" = [])),
    request_body = Suspend,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 400, description = "`parameter_invalid`, `body_unreadable`, `idempotency_key_invalid`, `precondition_invalid`", body = Problem),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`not_permitted`, `out_of_jurisdiction`, `four_eyes`, `no_delegation`, `cross_site`, `scope_missing`", body = Problem),
        (status = 404, description = "`not_found`: no such case, or none that the caller sees", body = Problem),
        (status = 409, description = "The state of the case, or `idempotency_key_reused`", body = Problem),
        (status = 412, description = "`conflict`: the case has been changed meanwhile", body = Problem),
        (status = 415, description = "`media_type`", body = Problem),
        (status = 422, description = "`body_invalid`, `reason_needed`", body = Problem),
    )
)]
async fn suspend(
    State(app): State<App>,
    caller: Principal,
    terms: Terms,
    Path(case): Path<Uuid>,
    Body(body): Body<Suspend>,
) -> Result<Response, Problem> {
    let command = Command::Suspend { reason: body.reason, basis: body.basis };
    change(&app, &caller, terms, CaseId(case), command).await
}

/// The end of a suspension.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Resume {
    /// Why.
    reason: Option<String>,
}

/// Let the clocks run again
#[utoipa::path(
    delete, path = "/cases/{case}/suspension", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat under the same key gets the same answer and changes nothing more"),
        ("If-Match" = Option<String>, Header, description = "Only if the case still has this entity tag"),
        ("On-Behalf-Of" = Option<Uuid>, Header, description = "As the delegate of this person"),
    ),
    security(("session" = []), ("token" = [])),
    request_body = Resume,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 400, description = "`parameter_invalid`, `body_unreadable`, `idempotency_key_invalid`, `precondition_invalid`", body = Problem),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`not_permitted`, `out_of_jurisdiction`, `four_eyes`, `no_delegation`, `cross_site`, `scope_missing`", body = Problem),
        (status = 404, description = "`not_found`: no such case, or none that the caller sees", body = Problem),
        (status = 409, description = "The state of the case, or `idempotency_key_reused`", body = Problem),
        (status = 412, description = "`conflict`: the case has been changed meanwhile", body = Problem),
        (status = 415, description = "`media_type`", body = Problem),
        (status = 422, description = "`body_invalid`, `reason_needed`", body = Problem),
    )
)]
async fn resume(
    State(app): State<App>,
    caller: Principal,
    terms: Terms,
    Path(case): Path<Uuid>,
    Body(body): Body<Resume>,
) -> Result<Response, Problem> {
    let command = Command::Resume { reason: body.reason };
    change(&app, &caller, terms, CaseId(case), command).await
}

/// Who shall have a task.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Hold {
    /// To whom; without one, the caller takes it himself.
    person: Option<Uuid>,
    /// Why.
    reason: Option<String>,
}

/// Take a task, or give it to a person
#[utoipa::path(
    put, path = "/cases/{case}/tasks/{no}/holder", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("no" = u32, Path, description = "The task's number"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat under the same key gets the same answer and changes nothing more"),
        ("If-Match" = Option<String>, Header, description = "Only if the case still has this entity tag"),
        ("On-Behalf-Of" = Option<Uuid>, Header, description = "As the delegate of this person"),
    ),
    security(("session" = []), ("token" = [])),
    request_body = Hold,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 400, description = "`parameter_invalid`, `body_unreadable`, `idempotency_key_invalid`, `precondition_invalid`", body = Problem),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`not_permitted`, `out_of_jurisdiction`, `four_eyes`, `no_delegation`, `cross_site`, `scope_missing`", body = Problem),
        (status = 404, description = "`not_found`: no such case, or none that the caller sees", body = Problem),
        (status = 409, description = "The state of the case, or `idempotency_key_reused`", body = Problem),
        (status = 412, description = "`conflict`: the case has been changed meanwhile", body = Problem),
        (status = 415, description = "`media_type`", body = Problem),
        (status = 422, description = "`body_invalid`, `unknown_task`, `assignee_not_eligible`", body = Problem),
    )
)]
async fn claim(
    State(app): State<App>,
    caller: Principal,
    terms: Terms,
    Path((case, no)): Path<(Uuid, u32)>,
    Body(body): Body<Hold>,
) -> Result<Response, Problem> {
    let command = match body.person {
        None => Command::Claim { task: no },
        Some(person) => Command::Assign { task: no, to: PersonId(person), reason: body.reason },
    };
    change(&app, &caller, terms, CaseId(case), command).await
}

/// Why a task goes back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
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
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat under the same key gets the same answer and changes nothing more"),
        ("If-Match" = Option<String>, Header, description = "Only if the case still has this entity tag"),
        ("On-Behalf-Of" = Option<Uuid>, Header, description = "As the delegate of this person"),
    ),
    security(("session" = []), ("token" = [])),
    request_body = Release,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 400, description = "`parameter_invalid`, `body_unreadable`, `idempotency_key_invalid`, `precondition_invalid`", body = Problem),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`not_permitted`, `out_of_jurisdiction`, `four_eyes`, `no_delegation`, `cross_site`, `scope_missing`", body = Problem),
        (status = 404, description = "`not_found`: no such case, or none that the caller sees", body = Problem),
        (status = 409, description = "The state of the case, or `idempotency_key_reused`", body = Problem),
        (status = 412, description = "`conflict`: the case has been changed meanwhile", body = Problem),
        (status = 415, description = "`media_type`", body = Problem),
        (status = 422, description = "`body_invalid`, `unknown_task`", body = Problem),
    )
)]
async fn release(
    State(app): State<App>,
    caller: Principal,
    terms: Terms,
    Path((case, no)): Path<(Uuid, u32)>,
    Body(body): Body<Release>,
) -> Result<Response, Problem> {
    let command = Command::Release { task: no, reason: body.reason };
    change(&app, &caller, terms, CaseId(case), command).await
}

/// An extension.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Extend {
    /// By how much, in the clock's own unit, as workflows write terms.
    #[schema(example = "5 d", max_length = 40)]
    by: String,
    /// Why.
    #[schema(min_length = 1, max_length = 10000)]
    reason: String,
}

/// Extend a clock
#[utoipa::path(
    post, path = "/cases/{case}/clocks/{no}/extensions", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("no" = u32, Path, description = "0 is the statutory clock, else the task's number"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat under the same key gets the same answer and changes nothing more"),
        ("If-Match" = Option<String>, Header, description = "Only if the case still has this entity tag"),
        ("On-Behalf-Of" = Option<Uuid>, Header, description = "As the delegate of this person"),
    ),
    security(("session" = []), ("token" = [])),
    request_body = Extend,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 400, description = "`parameter_invalid`, `body_unreadable`, `idempotency_key_invalid`, `precondition_invalid`", body = Problem),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`not_permitted`, `out_of_jurisdiction`, `four_eyes`, `no_delegation`, `cross_site`, `scope_missing`", body = Problem),
        (status = 404, description = "`not_found`: no such case, or none that the caller sees", body = Problem),
        (status = 409, description = "The state of the case, or `idempotency_key_reused`", body = Problem),
        (status = 412, description = "`conflict`: the case has been changed meanwhile", body = Problem),
        (status = 415, description = "`media_type`", body = Problem),
        (status = 422, description = "`body_invalid`, `extension_unit`, `extension_too_long`, `unknown_clock`", body = Problem),
    )
)]
async fn extend(
    State(app): State<App>,
    caller: Principal,
    terms: Terms,
    Path((case, no)): Path<(Uuid, u32)>,
    Body(body): Body<Extend>,
) -> Result<Response, Problem> {
    let command = Command::Extend {
        clock: no,
        by: body.by.parse().map_err(|error: TermError| fault("/by", &error))?,
        reason: body.reason,
    };
    change(&app, &caller, terms, CaseId(case), command).await
}

/// What becomes of a held silence rule.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReleaseSilence {
    /// Whether it takes effect.
    take_effect: bool,
    /// Why.
    #[schema(min_length = 1, max_length = 10000)]
    reason: String,
}

/// Let a held silence rule take effect, or waive it
#[utoipa::path(
    post, path = "/cases/{case}/clocks/{no}/silence", tag = "changes",
    params(
        ("case" = Uuid, Path, description = "The case"),
        ("no" = u32, Path, description = "0 is the statutory clock, else the task's number"),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat under the same key gets the same answer and changes nothing more"),
        ("If-Match" = Option<String>, Header, description = "Only if the case still has this entity tag"),
        ("On-Behalf-Of" = Option<Uuid>, Header, description = "As the delegate of this person"),
    ),
    security(("session" = []), ("token" = [])),
    request_body = ReleaseSilence,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 400, description = "`parameter_invalid`, `body_unreadable`, `idempotency_key_invalid`, `precondition_invalid`", body = Problem),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`not_permitted`, `out_of_jurisdiction`, `four_eyes`, `no_delegation`, `cross_site`, `scope_missing`", body = Problem),
        (status = 404, description = "`not_found`: no such case, or none that the caller sees", body = Problem),
        (status = 409, description = "The state of the case, or `idempotency_key_reused`", body = Problem),
        (status = 412, description = "`conflict`: the case has been changed meanwhile", body = Problem),
        (status = 415, description = "`media_type`", body = Problem),
        (status = 422, description = "`body_invalid`, `unknown_clock`, `reason_needed`", body = Problem),
    )
)]
async fn release_silence(
    State(app): State<App>,
    caller: Principal,
    terms: Terms,
    Path((case, no)): Path<(Uuid, u32)>,
    Body(body): Body<ReleaseSilence>,
) -> Result<Response, Problem> {
    let command =
        Command::ReleaseSilence { clock: no, take_effect: body.take_effect, reason: body.reason };
    change(&app, &caller, terms, CaseId(case), command).await
}

/// An answer to an inquiry.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
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
        ("Idempotency-Key" = Option<String>, Header, description = "A repeat under the same key gets the same answer and changes nothing more"),
        ("If-Match" = Option<String>, Header, description = "Only if the case still has this entity tag"),
        ("On-Behalf-Of" = Option<Uuid>, Header, description = "As the delegate of this person"),
    ),
    security(("session" = []), ("token" = [])),
    request_body = AnswerInquiry,
    responses(
        (status = 200, description = "Done", body = Changed),
        (status = 400, description = "`parameter_invalid`, `body_unreadable`, `idempotency_key_invalid`, `precondition_invalid`", body = Problem),
        (status = 401, description = "`unauthenticated`", body = Problem),
        (status = 403, description = "`not_permitted`, `out_of_jurisdiction`, `four_eyes`, `no_delegation`, `cross_site`, `scope_missing`", body = Problem),
        (status = 404, description = "`not_found`: no such case, or none that the caller sees", body = Problem),
        (status = 409, description = "The state of the case, or `idempotency_key_reused`", body = Problem),
        (status = 412, description = "`conflict`: the case has been changed meanwhile", body = Problem),
        (status = 415, description = "`media_type`", body = Problem),
        (status = 422, description = "`body_invalid`, `unknown_inquiry`, `reason_needed`", body = Problem),
    )
)]
async fn answer(
    State(app): State<App>,
    caller: Principal,
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
    change(&app, &caller, terms, CaseId(case), command).await
}
