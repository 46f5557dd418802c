//! What is shown of cases, tasks and events: the shapes of the API's answers.
//!
//! An applicant sees how his case stands, his own doings and what was decided; not who of the
//! office has which task, how somebody voted, or what was remarked and filled in inside.

use chrono::{DateTime, Utc};
use parvaneh_core::{
    Case, Definition, Event, Fact, Place, Task,
    case::Clock,
    event::{By, Owner, Purpose, STATUTORY, Urgency},
    reach::Sight,
};
use parvaneh_store::{CaseRow, FiledTask, WorkItem};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// A case in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CaseItem {
    /// Its identifier.
    pub(crate) id: Uuid,
    /// By which workflow it runs.
    #[schema(example = "ngo-establishment")]
    pub(crate) workflow: String,
    /// By which version of it.
    #[schema(example = 1)]
    pub(crate) version: u32,
    /// The unit that received it.
    #[schema(example = "2301")]
    pub(crate) unit: String,
    /// Who applies.
    pub(crate) applicant: Uuid,
    /// What it is about.
    pub(crate) subject: String,
    /// How many events it has: its entity tag.
    pub(crate) seq: u32,
    /// The step or end where it stands.
    #[schema(example = "county_review")]
    pub(crate) step: String,
    /// Whether a person has suspended it.
    pub(crate) suspended: bool,
    /// When it was received.
    pub(crate) opened_at: DateTime<Utc>,
    /// Its statutory deadline; none while that clock is suspended.
    pub(crate) deadline: Option<DateTime<Utc>>,
    /// When it ended.
    pub(crate) ended_at: Option<DateTime<Utc>>,
}

impl From<CaseRow> for CaseItem {
    fn from(row: CaseRow) -> Self {
        Self {
            id: row.case.0,
            workflow: row.workflow.to_string(),
            version: row.version,
            unit: row.unit.to_string(),
            applicant: row.applicant.0,
            subject: row.subject,
            seq: row.seq,
            step: row.step.to_string(),
            suspended: row.suspended,
            opened_at: row.opened_at,
            deadline: row.deadline,
            ended_at: row.ended_at,
        }
    }
}

/// A case.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CaseView {
    /// Its identifier.
    pub(crate) id: Uuid,
    /// By which workflow it runs.
    #[schema(example = "ngo-establishment")]
    pub(crate) workflow: String,
    /// By which version of it.
    #[schema(example = 1)]
    pub(crate) version: u32,
    /// The unit that received it.
    #[schema(example = "2301")]
    pub(crate) unit: String,
    /// Who applies.
    pub(crate) applicant: Uuid,
    /// What it is about.
    pub(crate) subject: String,
    /// How many events it has: its entity tag.
    pub(crate) seq: u32,
    /// When it was received.
    pub(crate) opened_at: DateTime<Utc>,
    /// Where it stands.
    pub(crate) place: PlaceView,
    /// Since when and why a person has suspended it.
    pub(crate) suspension: Option<SuspensionView>,
    /// Its clocks: the statutory one has the number 0, that of a task the task's number.
    pub(crate) clocks: Vec<ClockView>,
    /// What it waits for.
    pub(crate) tasks: Vec<TaskView>,
    /// What has been filled in, by the names of the fields.
    #[schema(value_type = Object)]
    pub(crate) values: Value,
}

/// Where a case stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PlaceView {
    /// The step or end.
    #[schema(example = "county_review")]
    pub(crate) step: String,
    /// Since when.
    pub(crate) since: DateTime<Utc>,
    /// What came out, at an end.
    #[schema(example = "granted")]
    pub(crate) outcome: Option<String>,
    /// Whether silence brought the end about.
    pub(crate) by_silence: bool,
    /// The licence that was granted.
    #[schema(value_type = Option<Object>)]
    pub(crate) licence: Option<Value>,
    /// The answers that have come, by branch.
    #[schema(value_type = Object)]
    pub(crate) answers: Value,
    /// The votes that have been cast, by member.
    #[schema(value_type = Object)]
    pub(crate) votes: Value,
}

/// A suspension by a person.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SuspensionView {
    /// Since when.
    pub(crate) since: DateTime<Utc>,
    /// Why.
    pub(crate) reason: String,
}

/// A clock.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ClockView {
    /// 0 is the statutory clock, else the task's number.
    pub(crate) no: u32,
    /// Its term, as the workflow writes it.
    #[schema(example = "60 d")]
    pub(crate) term: String,
    /// When it started.
    pub(crate) started_at: DateTime<Utc>,
    /// Its deadline; none while it is suspended.
    pub(crate) deadline: Option<DateTime<Utc>>,
    /// Whether it stands still.
    pub(crate) suspended: bool,
    /// When it stopped.
    pub(crate) stopped_at: Option<DateTime<Utc>>,
    /// What was added to its term, in the term's unit.
    pub(crate) extensions: Vec<u32>,
    /// How many warnings and escalation levels have fired.
    pub(crate) fired: u16,
}

impl ClockView {
    fn of(no: u32, clock: &Clock) -> Self {
        Self {
            no,
            term: clock.ledger.term.to_string(),
            started_at: clock.ledger.started_at,
            deadline: clock.deadline,
            suspended: clock.ledger.is_suspended(),
            stopped_at: clock.ledger.stopped_at,
            extensions: clock.ledger.extensions.clone(),
            fired: clock.fired,
        }
    }
}

/// A task that a case waits for, or that it had.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TaskView {
    /// Its number within the case.
    pub(crate) no: u32,
    /// The step.
    #[schema(example = "county_review")]
    pub(crate) step: String,
    /// The branch, in a parallel step.
    pub(crate) branch: Option<String>,
    /// What it asks for: `act`, `answer` or `vote`.
    #[schema(example = "act")]
    pub(crate) purpose: String,
    /// The role whose task it is; none where it is the applicant's.
    #[schema(example = "county_officer")]
    pub(crate) role: Option<String>,
    /// The unit where it stands.
    #[schema(example = "2301")]
    pub(crate) unit: String,
    /// Who has it.
    pub(crate) assignee: Option<Uuid>,
    /// How soon who gave it to him wants it; none where that is the ordinary course.
    pub(crate) urgency: Option<UrgencyName>,
    /// When it came.
    pub(crate) opened_at: DateTime<Utc>,
    /// Its deadline.
    pub(crate) due_at: Option<DateTime<Utc>>,
    /// When it was closed.
    pub(crate) closed_at: Option<DateTime<Utc>>,
    /// By what: an action, an answer, or why it was no longer needed.
    pub(crate) outcome: Option<String>,
}

/// How soon something is wanted that is not in the ordinary course.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UrgencyName {
    Urgent,
    Immediate,
}

impl From<UrgencyName> for Urgency {
    fn from(name: UrgencyName) -> Self {
        match name {
            UrgencyName::Urgent => Self::Urgent,
            UrgencyName::Immediate => Self::Immediate,
        }
    }
}

impl From<Urgency> for UrgencyName {
    fn from(urgency: Urgency) -> Self {
        match urgency {
            Urgency::Urgent => Self::Urgent,
            Urgency::Immediate => Self::Immediate,
        }
    }
}

fn purpose(purpose: Purpose) -> String {
    match purpose {
        Purpose::Act => "act",
        Purpose::Answer => "answer",
        Purpose::Vote => "vote",
    }
    .to_owned()
}

fn role(owner: &Owner) -> Option<String> {
    match owner {
        Owner::Applicant => None,
        Owner::Role(role) => Some(role.to_string()),
    }
}

impl TaskView {
    fn of(task: &Task, sight: Sight) -> Self {
        Self {
            no: task.no,
            step: task.step.to_string(),
            branch: task.branch.as_ref().map(ToString::to_string),
            purpose: purpose(task.purpose),
            role: role(&task.owner),
            unit: task.unit.to_string(),
            assignee: task.assignee.filter(|_| sight == Sight::Office).map(|person| person.0),
            urgency: task.urgency.filter(|_| sight == Sight::Office).map(UrgencyName::from),
            opened_at: task.opened_at,
            due_at: task.clock.as_ref().and_then(|clock| clock.deadline),
            closed_at: None,
            outcome: None,
        }
    }

    pub(crate) fn filed(task: &FiledTask, sight: Sight) -> Self {
        Self {
            no: task.no,
            step: task.step.to_string(),
            branch: task.branch.as_ref().map(ToString::to_string),
            purpose: purpose(task.purpose),
            role: role(&task.owner),
            unit: task.unit.to_string(),
            assignee: task.assignee.filter(|_| sight == Sight::Office).map(|person| person.0),
            urgency: task.urgency.filter(|_| sight == Sight::Office).map(UrgencyName::from),
            opened_at: task.opened_at,
            due_at: task.due_at,
            closed_at: task.closed_at,
            outcome: task.outcome.clone(),
        }
    }
}

impl CaseView {
    /// What somebody who sees the case like that is shown of it.
    pub(crate) fn of(case: &Case, definition: &Definition, sight: Sight) -> Self {
        let inside = sight == Sight::Office;
        let empty = || Value::Object(serde_json::Map::new());
        let json = |value: Result<Value, serde_json::Error>| value.unwrap_or_else(|_| empty());
        let place = match &case.place {
            Place::Step { step, since, answers, votes, .. } => PlaceView {
                step: step.to_string(),
                since: *since,
                outcome: None,
                by_silence: false,
                licence: None,
                answers: if inside { json(serde_json::to_value(answers)) } else { empty() },
                votes: if inside { json(serde_json::to_value(votes)) } else { empty() },
            },
            Place::End { end, at, outcome, by_silence, licence, .. } => PlaceView {
                step: end.to_string(),
                since: *at,
                outcome: serde_json::to_value(outcome)
                    .ok()
                    .and_then(|value| value.as_str().map(str::to_owned)),
                by_silence: *by_silence,
                licence: licence.as_ref().and_then(|licence| serde_json::to_value(licence).ok()),
                answers: empty(),
                votes: empty(),
            },
        };
        let suspension = case.suspension.as_ref().map(|suspension| SuspensionView {
            since: suspension.since,
            reason: suspension.reason.clone(),
        });
        let statutory = case.statutory.iter().map(|clock| ClockView::of(STATUTORY, clock));
        let tasks = case
            .tasks
            .iter()
            .filter_map(|task| task.clock.as_ref().map(|clock| ClockView::of(task.no, clock)));
        let values = case.data.iter();
        let values = values.filter(|(name, _)| inside || definition.is_filled_by_applicant(name));
        let values = values.map(|(name, value)| (name.to_string(), value.plain()));
        Self {
            id: case.id.0,
            workflow: case.workflow.to_string(),
            version: case.version,
            unit: case.unit.to_string(),
            applicant: case.applicant.0,
            subject: case.subject.clone(),
            seq: case.seq,
            opened_at: case.opened_at,
            place,
            suspension,
            clocks: statutory.chain(tasks).collect(),
            tasks: case.tasks.iter().map(|task| TaskView::of(task, sight)).collect(),
            values: json(serde_json::to_value(
                values.collect::<std::collections::BTreeMap<_, _>>(),
            )),
        }
    }
}

/// One event of a timeline.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct EventView {
    /// Its number, from 1.
    pub(crate) seq: u32,
    /// What happened.
    #[schema(example = "acted")]
    pub(crate) kind: String,
    /// When it counts.
    pub(crate) effective_at: DateTime<Utc>,
    /// When it was written.
    pub(crate) recorded_at: DateTime<Utc>,
    /// Who did it; none for the program, and for those of the office where an applicant looks.
    pub(crate) person: Option<Uuid>,
    /// As what: `applicant`, the role, or `system`.
    #[schema(example = "county_officer")]
    pub(crate) role: String,
    /// Everything that the event says.
    #[schema(value_type = Object)]
    pub(crate) fact: Value,
}

impl EventView {
    /// What somebody who sees a case like that is shown of these events.
    pub(crate) fn shown(events: &[Event], sight: Sight) -> Vec<Self> {
        let seen = events.iter().filter(|event| sight == Sight::Office || is_open(event));
        seen.map(|event| Self::of(event, sight)).collect()
    }

    fn of(event: &Event, sight: Sight) -> Self {
        let (person, role) = match &event.by {
            By::System => (None, "system".to_owned()),
            By::Applicant(person) => (Some(person.0), "applicant".to_owned()),
            By::Officer { person, role, .. } => {
                (Some(person.0).filter(|_| sight == Sight::Office), role.to_string())
            }
        };
        Self {
            seq: event.seq,
            kind: event.fact.kind().to_owned(),
            effective_at: event.effective_at,
            recorded_at: event.recorded_at,
            person,
            role,
            fact: serde_json::to_value(&event.fact).unwrap_or_default(),
        }
    }
}

/// Whether an applicant is shown an event of his case: what he did, and what concerns where the case
/// stands and until when; not how the office works inside.
pub(crate) fn is_open(event: &Event) -> bool {
    let his = matches!(event.by, By::Applicant(_));
    his || matches!(
        event.fact,
        Fact::Opened { .. }
            | Fact::Acted { .. }
            | Fact::DocumentVerified { .. }
            | Fact::PutOnAgenda { .. }
            | Fact::Suspended { .. }
            | Fact::Resumed { .. }
            | Fact::Extended { .. }
            | Fact::Rescheduled { .. }
            | Fact::Withdrawn { .. }
            | Fact::SilenceTookEffect { .. }
    )
}

/// One task of a worklist.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct WorkItemView {
    /// The case.
    pub(crate) case: Uuid,
    /// The task's number.
    pub(crate) task: u32,
    /// The workflow.
    #[schema(example = "ngo-establishment")]
    pub(crate) workflow: String,
    /// Its version.
    pub(crate) version: u32,
    /// What the case is about.
    pub(crate) subject: String,
    /// The step.
    #[schema(example = "county_review")]
    pub(crate) step: String,
    /// The branch, in a parallel step.
    pub(crate) branch: Option<String>,
    /// What it asks for: `act`, `answer` or `vote`.
    #[schema(example = "act")]
    pub(crate) purpose: String,
    /// The role whose task it is; none where it is the applicant's.
    pub(crate) role: Option<String>,
    /// The unit where it stands.
    #[schema(example = "2301")]
    pub(crate) unit: String,
    /// Who has it.
    pub(crate) assignee: Option<Uuid>,
    /// How soon who gave it to him wants it; none where that is the ordinary course.
    pub(crate) urgency: Option<UrgencyName>,
    /// When it came.
    pub(crate) opened_at: DateTime<Utc>,
    /// When somebody first took it.
    pub(crate) claimed_at: Option<DateTime<Utc>>,
    /// Its own deadline.
    pub(crate) due_at: Option<DateTime<Utc>>,
    /// The statutory deadline of the case.
    pub(crate) case_due_at: Option<DateTime<Utc>>,
    /// Whether a person has suspended the case.
    pub(crate) suspended: bool,
    /// Whether its own deadline has passed.
    pub(crate) overdue: bool,
    /// Why it stands where it stands.
    #[schema(value_type = Object)]
    pub(crate) reason: Value,
    /// For whom the caller would do it: who has lent him the role, where it is not his own.
    pub(crate) on_behalf_of: Option<Uuid>,
    /// Why it is somebody else's, though the role is the caller's: the code of the refusal.
    #[schema(example = "four_eyes")]
    pub(crate) barred: Option<String>,
}

impl From<WorkItem> for WorkItemView {
    fn from(item: WorkItem) -> Self {
        Self {
            case: item.case.0,
            task: item.task,
            workflow: item.workflow.to_string(),
            version: item.version,
            subject: item.subject,
            step: item.step.to_string(),
            branch: item.branch.as_ref().map(ToString::to_string),
            purpose: purpose(item.purpose),
            role: role(&item.owner),
            unit: item.unit.to_string(),
            assignee: item.assignee.map(|person| person.0),
            urgency: item.urgency.map(UrgencyName::from),
            opened_at: item.opened_at,
            claimed_at: item.claimed_at,
            due_at: item.due_at,
            case_due_at: item.case_due_at,
            suspended: item.suspended,
            overdue: item.overdue,
            reason: serde_json::to_value(item.reason).unwrap_or_default(),
            on_behalf_of: item.on_behalf_of.map(|person| person.0),
            barred: item.barred.map(|refusal| refusal.code.as_str().to_owned()),
        }
    }
}
