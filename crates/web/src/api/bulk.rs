//! Many changes of cases in one request, each with its own answer.

use std::collections::BTreeMap;

use axum::{Extension, extract::State, http::StatusCode, response::Response};
use parvaneh_core::{
    CaseId, PersonId, TermError, decide::Command, event::Urgency, personal, reach::Sight,
};
use parvaneh_store::{ExecuteError, Executed, Request};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    changes::{Act, CastVote, Comment, Fill, Inform, PutOnAgenda, Withdraw},
    clocks::{Resume, Suspend},
};
use crate::{
    App,
    auth::{ClientAddress, Margin, Principal},
    body::Body,
    change::entity_tag,
    documents::{HandIn, with_papers},
    language::Language,
    once::{Key, once_settled},
    problem::{Fault, Problem},
    view::{EventView, UrgencyName},
};

pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(bulk))
}

/// A task that the caller takes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TakeTask {
    /// The task's number.
    task: u32,
}

/// A task that is given to a person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GiveTask {
    /// The task's number.
    task: u32,
    /// To whom.
    person: Uuid,
    /// Why.
    reason: Option<String>,
    /// How soon it is wanted, where that is not the ordinary course.
    urgency: Option<UrgencyName>,
}

/// A task that goes back to the worklist.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutBackTask {
    /// The task's number.
    task: u32,
    /// Why.
    reason: Option<String>,
}

/// A clock that is extended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExtendClock {
    /// 0 is the statutory clock, else the task's number.
    clock: u32,
    /// By how much, in the clock's own unit, as workflows write terms.
    #[schema(example = "5 d", max_length = 40)]
    by: String,
    /// Why.
    #[schema(min_length = 1, max_length = 10000)]
    reason: String,
}

/// A case that goes off its agenda.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OffAgenda {
    /// Why.
    #[schema(min_length = 1, max_length = 10000)]
    reason: String,
}

/// What is to be done with a case.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Doing {
    /// Take an action.
    Act(Act),
    /// Fill in values.
    Fill(Fill),
    /// Leave a remark.
    Comment(Comment),
    /// Bring the case to somebody's notice.
    Inform(Inform),
    /// Take a task.
    Claim(TakeTask),
    /// Give a task to a person.
    Assign(GiveTask),
    /// Put a task back on the worklist.
    Release(PutBackTask),
    /// Suspend every running clock.
    Suspend(Suspend),
    /// Let the clocks run again.
    Resume(Resume),
    /// Extend a clock.
    Extend(ExtendClock),
    /// Vote in a commission.
    Vote(CastVote),
    /// Put the case on an agenda.
    PutOnAgenda(PutOnAgenda),
    /// Take it off its agenda.
    TakeOffAgenda(OffAgenda),
    /// Withdraw the application.
    Withdraw(Withdraw),
}

impl Doing {
    /// The papers that come with it, by the uploads that hold them.
    fn papers(&mut self) -> BTreeMap<String, HandIn> {
        match self {
            Self::Act(Act { documents, .. }) | Self::Fill(Fill { documents, .. }) => {
                std::mem::take(documents)
            }
            _ => BTreeMap::new(),
        }
    }

    fn command(self) -> Result<Command, TermError> {
        Ok(match self {
            Self::Act(body) => body.into(),
            Self::Fill(body) => body.into(),
            Self::Comment(body) => body.into(),
            Self::Claim(TakeTask { task }) => Command::Claim { task },
            Self::Assign(GiveTask { task, person, reason, urgency }) => Command::Assign {
                task,
                to: PersonId(person),
                reason,
                urgency: urgency.map(Urgency::from),
            },
            Self::Inform(body) => body.into(),
            Self::Release(PutBackTask { task, reason }) => Command::Release { task, reason },
            Self::Suspend(body) => body.into(),
            Self::Resume(body) => body.into(),
            Self::Extend(ExtendClock { clock, by, reason }) => {
                Command::Extend { clock, by: by.parse()?, reason }
            }
            Self::Vote(body) => body.into(),
            Self::PutOnAgenda(body) => body.into(),
            Self::TakeOffAgenda(OffAgenda { reason }) => Command::TakeOffAgenda { reason },
            Self::Withdraw(body) => body.into(),
        })
    }
}

/// One change of many.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BulkItem {
    /// The case.
    case: Uuid,
    /// Only if the case still has so many events (`seq`).
    expected: Option<u32>,
    /// As the delegate of this person.
    on_behalf_of: Option<Uuid>,
    /// What is to be done.
    #[serde(rename = "do")]
    doing: Doing,
}

/// Many changes of cases.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "items": [
    { "case": "0192f0c1-2a4b-7c3d-8e5f-60718293a4b5", "expected": 3, "do": { "claim": { "task": 1 } } },
    { "case": "0192f0c1-2a4b-7c3d-8e5f-60718293a4b6", "do": { "act": { "action": "accept" } } }
] }))]
struct BulkAsked {
    /// Each by itself; those of one case in this order.
    #[schema(min_items = 1, max_items = 500)]
    items: Vec<BulkItem>,
}

/// What became of one change.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BulkResult {
    /// The case.
    pub(crate) case: Uuid,
    /// The status that the change alone would have been answered with.
    #[schema(example = 200)]
    status: u16,
    /// The entity tag of the case afterwards, where it was done.
    #[schema(example = "\"4\"")]
    etag: Option<String>,
    /// What happened; empty when there was nothing left to do.
    events: Vec<EventView>,
    /// What stands in the way, where it was not done.
    pub(crate) problem: Option<Problem>,
}

/// What became of many changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BulkAnswer {
    /// How many were done.
    pub(crate) done: u32,
    /// How many were not.
    pub(crate) failed: u32,
    /// In the order in which they were asked for.
    pub(crate) items: Vec<BulkResult>,
}

/// An item, as the store is asked for it.
#[derive(Serialize)]
pub(crate) struct Item {
    case: CaseId,
    expected: Option<u32>,
    on_behalf_of: Option<PersonId>,
    command: Result<Command, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    papers: BTreeMap<String, HandIn>,
}

impl Item {
    /// A command without papers.
    pub(crate) fn of(case: CaseId, command: Command) -> Self {
        let papers = BTreeMap::new();
        Self { case, expected: None, on_behalf_of: None, command: Ok(command), papers }
    }
}

impl From<BulkItem> for Item {
    fn from(mut item: BulkItem) -> Self {
        Self {
            papers: item.doing.papers(),
            case: CaseId(item.case),
            expected: item.expected,
            on_behalf_of: item.on_behalf_of.map(PersonId),
            command: item.doing.command().map_err(|error| error.to_string()),
        }
    }
}

/// Change many cases, each by itself
///
/// Up to 500 changes, each answered as it would be alone: one that is refused keeps no other up, and a
/// case that the caller does not see is one that is not there. Under one `Idempotency-Key` each is done
/// once, also when a repeat finishes what was broken off. Each counts as a change in how many one may make.
#[utoipa::path(
    post, path = "/cases/bulk", tag = "changes",
    params(Key),
    request_body = BulkAsked,
    responses(
        (status = 200, description = "What became of each", body = BulkAnswer),
        (status = 409, description = "`request_under_way`"),
    )
)]
async fn bulk(
    State(app): State<App>,
    caller: Principal,
    key: Key,
    language: Language,
    from: ClientAddress,
    Extension(margin): Extension<Margin>,
    Body(body): Body<BulkAsked>,
) -> Result<Response, Problem> {
    let count = u32::try_from(body.items.len()).unwrap_or(u32::MAX);
    app.limiter.changes(from.0, caller.person, count, &margin)?;
    let items: Vec<Item> = body.items.into_iter().map(Item::from).collect();
    let asked = serde_json::to_value(&items).unwrap_or_default();
    let (all, person, derived) = (app.clone(), caller.clone(), key.clone());
    once_settled(&app, &caller, key, "bulk", &asked, async move {
        let answer = each(&all, &person, derived, items, language).await?;
        // What the database kept from being done may be done by a repeat.
        let settled = answer.items.iter().all(|item| item.status < 500);
        Ok((StatusCode::OK, answer, settled))
    })
    .await
}

/// Does each by itself.
///
/// # Errors
/// Those that concern all of them; what became of each is its answer.
pub(crate) async fn each(
    app: &App,
    caller: &Principal,
    key: Key,
    items: Vec<Item>,
    language: Language,
) -> Result<BulkAnswer, Problem> {
    let viewer = app.viewer(caller).await?;
    let cases: Vec<CaseId> = items.iter().map(|item| item.case).collect();
    let sights = app.store.sights(&cases, &viewer).await?;
    let mut answers: Vec<Option<Result<(Executed, Sight), Problem>>> = Vec::new();
    let (mut requests, mut places) = (Vec::new(), Vec::new());
    for (place, (item, sight)) in items.into_iter().zip(sights).enumerate() {
        answers.push(match (sight, item.command) {
            (None, _) => Some(Err(Problem::not_found())),
            (Some(_), Err(why)) => {
                Some(Err(Problem::faulty(vec![Fault::new("/do/extend/by", "invalid", why)])))
            }
            (Some(sight), Ok(command)) => {
                match with_papers(app, caller, item.case, command, item.papers).await {
                    Err(problem) => Some(Err(problem)),
                    Ok((command, brought)) => {
                        requests.push(Request {
                            key: key.key.as_deref().map(|key| key_of(key, place)),
                            expected_seq: item.expected,
                            on_behalf_of: item.on_behalf_of,
                            brought,
                            ..Request::command(caller.person, item.case, command)
                        });
                        places.push((place, sight));
                        None
                    }
                }
            }
        });
    }
    let verdicts = app.store.execute_batch(requests).await;
    for ((place, sight), mut verdict) in places.into_iter().zip(verdicts) {
        if let Ok(done) = &mut verdict
            && done.events.iter().flat_map(personal::of_event).next().is_some()
        {
            app.store.open_values(done).await?;
        }
        let verdict = verdict.map(|done| (done, sight));
        answers[place] = Some(verdict.map_err(|error: ExecuteError| error.into()));
    }
    let answers = answers.into_iter().flatten().zip(cases);
    let items = answers.map(|(answer, case)| result(case, answer, language)).collect();
    Ok(BulkAnswer::of(items))
}

/// The key of one item: the caller's own is as long as it likes, and 200 characters at most.
fn key_of(key: &str, place: usize) -> String {
    let hash = Sha256::digest(key);
    hash.iter().fold(format!("bulk.{place}."), |text, byte| format!("{text}{byte:02x}"))
}

fn result(
    case: CaseId,
    answer: Result<(Executed, Sight), Problem>,
    language: Language,
) -> BulkResult {
    match answer {
        Ok((done, sight)) => BulkResult {
            case: case.0,
            status: StatusCode::OK.as_u16(),
            etag: Some(entity_tag(&done.case)),
            events: EventView::shown(&done.events, sight),
            problem: None,
        },
        Err(problem) => BulkResult {
            case: case.0,
            status: problem.status,
            etag: None,
            events: Vec::new(),
            problem: Some(problem.in_language(language)),
        },
    }
}

impl BulkAnswer {
    fn of(items: Vec<BulkResult>) -> Self {
        let failed = items.iter().filter(|item| item.problem.is_some()).count() as u32;
        Self { done: items.len() as u32 - failed, failed, items }
    }
}
