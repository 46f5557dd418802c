//! Everything about one case but its timeline.

use std::sync::Arc;

use parvaneh_core::{
    Actor, BranchId, Calendars, Caller, Case, CaseId, Context, Definition, Instant, PersonId,
    RoleId, StepId, UnitId, WorkflowId,
    decide::{Obstacle, Possible, obstacles, possible},
    event::{Owner, Purpose, Urgency},
    reach::Sight,
};
use serde::Deserialize;
use sqlx::Row;

use crate::{Store, StoreError, Viewer, batch::Sittings, reference::Reference, visitors::ByKey};

/// Everything about one case but its timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseFile {
    /// The case.
    pub case: Case,
    /// The deadline without suspensions and extensions, once the statutory clock has started.
    pub raw_deadline: Option<Instant>,
    /// When something must happen to it by itself.
    pub next_due: Option<Instant>,
    /// Every task that it has had, in their order.
    pub tasks: Vec<FiledTask>,
    /// Why the worker could not treat it, if it is parked.
    pub parked: Option<String>,
    /// The engine's time at which this was read.
    pub now: Instant,
}

/// The file of a case as somebody sees it.
#[derive(Clone, Debug)]
pub struct SeenCase {
    /// The file, whole: what of it he is shown is the business of who shows it.
    pub file: CaseFile,
    /// Why he sees it.
    pub sight: Sight,
    /// What he could do with it now.
    pub possible: Vec<Possible>,
    /// By what it runs.
    pub definition: Arc<Definition>,
    /// By what its clocks count.
    pub calendars: Arc<Calendars>,
}

/// A task, open or closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FiledTask {
    /// Its number.
    pub no: u32,
    /// The step.
    pub step: StepId,
    /// The branch, in a parallel step.
    pub branch: Option<BranchId>,
    /// What it asked for.
    pub purpose: Purpose,
    /// Whose it was.
    pub owner: Owner,
    /// Where.
    pub unit: UnitId,
    /// Who had it.
    pub assignee: Option<PersonId>,
    /// How soon who gave it to him wanted it.
    pub urgency: Option<Urgency>,
    /// When it came.
    pub opened_at: Instant,
    /// When somebody first took it.
    pub claimed_at: Option<Instant>,
    /// Its deadline.
    pub due_at: Option<Instant>,
    /// When it was closed.
    pub closed_at: Option<Instant>,
    /// By whom.
    pub closed_by: Option<PersonId>,
    /// By what: an action, an answer, or why it was no longer needed.
    pub outcome: Option<String>,
}

/// In one statement: what a person sees is worked out once for each. The time is that of `engine_now()`, which the
/// server would plan anew at each call.
static FILE: ByKey = ByKey {
    name: "case_file",
    sql: "
    select c.state::text, c.raw_deadline_at, c.next_due_at, p.error,
           (select coalesce(frozen_at, clock_timestamp() + clock_offset) from installation),
           (select json_agg(json_build_object(
                'no', t.no, 'step', t.step, 'branch', t.branch, 'purpose', t.purpose,
                'owner_role', t.owner_role, 'unit', t.unit_id, 'assignee', t.assignee,
                'urgency', t.urgency,
                'opened_at', t.opened_at, 'claimed_at', t.claimed_at, 'due_at', t.due_at,
                'closed_at', t.closed_at, 'closed_by', t.closed_by, 'outcome', t.outcome)
                order by t.no)
            from tasks t where t.case_id = c.id)::text
    from cases c left join parked_cases p on p.case_id = c.id and p.seq = c.seq
    where c.id = $1",
};

/// A task, as the statement tells it.
#[derive(Deserialize)]
struct TaskRow {
    no: u32,
    step: StepId,
    branch: Option<BranchId>,
    purpose: Purpose,
    owner_role: Option<RoleId>,
    unit: UnitId,
    assignee: Option<PersonId>,
    urgency: Option<Urgency>,
    opened_at: Instant,
    claimed_at: Option<Instant>,
    due_at: Option<Instant>,
    closed_at: Option<Instant>,
    closed_by: Option<PersonId>,
    outcome: Option<String>,
}

impl From<TaskRow> for FiledTask {
    fn from(row: TaskRow) -> Self {
        Self {
            no: row.no,
            step: row.step,
            branch: row.branch,
            purpose: row.purpose,
            owner: row.owner_role.map_or(Owner::Applicant, Owner::Role),
            unit: row.unit,
            assignee: row.assignee,
            urgency: row.urgency,
            opened_at: row.opened_at,
            claimed_at: row.claimed_at,
            due_at: row.due_at,
            closed_at: row.closed_at,
            closed_by: row.closed_by,
            outcome: row.outcome,
        }
    }
}

impl Store {
    /// The file of a case, with its personal values as far as their keys are there.
    ///
    /// # Errors
    /// [`StoreError::NoSuchCase`]; [`StoreError::Unreadable`] when its stored state is.
    pub async fn case_file(&self, case: CaseId) -> Result<CaseFile, StoreError> {
        let row = self.read_by_key(&FILE, case).await?.ok_or(StoreError::NoSuchCase(case))?;
        let tasks: Vec<TaskRow> = match row.try_get::<Option<&str>, _>(5)? {
            None => Vec::new(),
            Some(tasks) => serde_json::from_str(tasks).map_err(|error| unreadable(case, &error))?,
        };
        let mut state = read_state(case, row.try_get(0)?)?;
        self.open_case(&mut state).await?;
        Ok(CaseFile {
            case: state,
            raw_deadline: row.try_get(1)?,
            next_due: row.try_get(2)?,
            tasks: tasks.into_iter().map(FiledTask::from).collect(),
            parked: row.try_get(3)?,
            now: row.try_get(4)?,
        })
    }

    /// A case as it stands, with its personal values as far as their keys are there.
    ///
    /// # Errors
    /// As [`Self::case_file`].
    pub async fn case(&self, case: CaseId) -> Result<Case, StoreError> {
        let state: String = sqlx::query_scalar("select state::text from cases where id = $1")
            .bind(case.0)
            .fetch_optional(&mut *self.reads_by_key().await?)
            .await?
            .ok_or(StoreError::NoSuchCase(case))?;
        let mut case = read_state(case, &state)?;
        self.open_case(&mut case).await?;
        Ok(case)
    }

    /// The definition by which a case runs: for bounds that hold also for who sees nothing else of it.
    ///
    /// # Errors
    /// [`StoreError::NoSuchCase`].
    pub async fn definition_by_which(&self, case: CaseId) -> Result<Arc<Definition>, StoreError> {
        let row = sqlx::query("select workflow, version from cases where id = $1")
            .bind(case.0)
            .fetch_optional(&self.engine.readers)
            .await?
            .ok_or(StoreError::NoSuchCase(case))?;
        let workflow = WorkflowId::from(row.try_get::<String, _>(0)?);
        self.definition(&workflow, Some(row.try_get::<i32, _>(1)? as u32)).await
    }

    /// What a person could do with a case now.
    ///
    /// # Errors
    /// As [`Self::case_file`].
    pub async fn possible(
        &self,
        case: CaseId,
        person: PersonId,
    ) -> Result<Vec<Possible>, StoreError> {
        let case = self.case(case).await?;
        let (actor, reference, now) = match self.viewer(person).await? {
            Some(viewer) => (viewer.actor, viewer.reference, viewer.now),
            None => (Actor::new(person, Vec::new()), self.reference().await?, self.now().await?),
        };
        Ok(self.weighed(&case, actor, &reference, now, possible).await?.0)
    }

    /// The file of a case for somebody who may see it, and what goes with it; `None` when he does not,
    /// or when there is none.
    ///
    /// # Errors
    /// As [`Self::case_file`].
    pub async fn case_file_for(
        &self,
        viewer: &Viewer,
        case: CaseId,
    ) -> Result<Option<SeenCase>, StoreError> {
        let file = match self.reading_as(viewer).case_file(case).await {
            Err(StoreError::NoSuchCase(_)) => return Ok(None),
            file => file?,
        };
        let Case { workflow, unit, applicant, .. } = &file.case;
        let sight = viewer.reach.sees(&viewer.organisation, workflow, unit, *applicant);
        let Some(sight) = sight else { return Ok(None) };
        let (actor, reference) = (viewer.actor.clone(), &viewer.reference);
        let (possible, definition, calendars) =
            self.weighed(&file.case, actor, reference, viewer.now, possible).await?;
        Ok(Some(SeenCase { file, sight, possible, definition, calendars }))
    }

    /// The actions of its step that somebody cannot take now with a case that he sees, and why.
    ///
    /// # Errors
    /// The database, or what is published in it.
    pub async fn obstacles(
        &self,
        viewer: &Viewer,
        case: &Case,
    ) -> Result<Vec<Obstacle>, StoreError> {
        let (actor, reference) = (viewer.actor.clone(), &viewer.reference);
        Ok(self.weighed(case, actor, reference, viewer.now, obstacles).await?.0)
    }

    /// What the core says of what somebody could do with a case at `now`, and by which rules.
    async fn weighed<T>(
        &self,
        case: &Case,
        actor: Actor,
        reference: &Reference,
        now: Instant,
        says: impl FnOnce(&Context<'_>, &Case) -> T,
    ) -> Result<(T, Arc<Definition>, Arc<Calendars>), StoreError> {
        let pool = &self.engine.readers;
        let definition = reference.definition(pool, &case.workflow, Some(case.version)).await?;
        let calendars = reference.calendars(pool, &case.calendar).await?;
        let sittings = Sittings::default().of(pool, reference, &definition, case).await?;
        let ctx = Context {
            definition: &definition,
            calendars: &calendars,
            organisation: &reference.organisation,
            caller: &Caller::Person(actor),
            assignee: None,
            sittings: sittings.as_deref(),
            found: None,
            personal: None,
            now: now.max(case.recorded_at),
        };
        let said = says(&ctx, case);
        Ok((said, definition, calendars))
    }
}

pub(super) fn read_state(case: CaseId, state: &str) -> Result<Case, StoreError> {
    serde_json::from_str(state).map_err(|error| unreadable(case, &error))
}

fn unreadable(case: CaseId, error: &serde_json::Error) -> StoreError {
    StoreError::Unreadable { what: format!("the case {case}"), why: error.to_string() }
}
