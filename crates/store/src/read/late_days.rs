//! Whose the late days of a case are: the case with the tasks that were open while it was late, judged by
//! [`parvaneh_core::measure::days_lost`].

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use parvaneh_core::{
    BranchId, CalendarId, Instant, StepId, UnitId, WorkflowId,
    measure::{Responsible, TaskSpan, days_lost},
};
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use crate::{Store, StoreError};

/// Late days are counted in parts of a day, so that sums of them are exact wherever up to ten share one.
pub(crate) const PARTS: f64 = 2520.0;

/// What is read of each task: of a case `l` with its calendar, deadline and stop, and its task `t`.
pub(crate) const SPAN: &str = "
    l.id, l.workflow, l.unit_id, l.calendar, l.deadline_at, l.stopped_at,
    t.step, t.branch, coalesce(t.owner_role, 'applicant'), t.unit_id, t.opened_at, t.closed_at, t.claimed_at";

/// Late cases are few, so their tasks are looked up by key. A vote is no work of its own: its days belong to the
/// owner of the commission's step.
pub(crate) const SPANS: &str = "
    join tasks t on t.case_id = l.id and t.purpose <> 'vote'
         and t.opened_at < l.stopped_at and coalesce(t.closed_at, 'infinity') > l.deadline_at";

/// A late case with the tasks that were open while it was late.
struct LateCase {
    workflow: WorkflowId,
    unit: UnitId,
    calendar: CalendarId,
    deadline: Instant,
    stopped: Instant,
    spans: Vec<TaskSpan>,
}

/// Late cases, put together from rows of [`SPAN`].
#[derive(Default)]
pub(crate) struct LateCases {
    cases: BTreeMap<Uuid, LateCase>,
}

/// What somebody bears of a late case.
pub(crate) struct Share {
    /// The case.
    pub(crate) case: Uuid,
    /// Its workflow.
    pub(crate) workflow: WorkflowId,
    /// The unit that received it.
    pub(crate) unit: UnitId,
    /// When its clock stopped, or now.
    pub(crate) stopped: Instant,
    /// Who.
    pub(crate) whose: Responsible,
    /// 1 for the first of those who had it in the same step, branch and role at several units, else 0.
    pub(crate) held_up: i64,
    /// Late days in which nobody had taken it, in [`PARTS`].
    pub(crate) waiting: i64,
    /// Late days in which somebody had it, in [`PARTS`].
    pub(crate) handling: i64,
}

impl LateCases {
    /// Takes a row whose columns of [`SPAN`] begin at that place.
    pub(crate) fn take(&mut self, row: &PgRow, at: usize) -> Result<(), sqlx::Error> {
        let case = match self.cases.entry(row.try_get(at)?) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => place.insert(LateCase {
                workflow: WorkflowId::from(row.try_get::<String, _>(at + 1)?),
                unit: UnitId::from(row.try_get::<String, _>(at + 2)?),
                calendar: CalendarId::from(row.try_get::<String, _>(at + 3)?),
                deadline: row.try_get(at + 4)?,
                stopped: row.try_get(at + 5)?,
                spans: Vec::new(),
            }),
        };
        let span = TaskSpan {
            whose: Responsible {
                step: StepId::from(row.try_get::<String, _>(at + 6)?),
                branch: row.try_get::<Option<String>, _>(at + 7)?.map(BranchId::from),
                owner: row.try_get(at + 8)?,
                unit: UnitId::from(row.try_get::<String, _>(at + 9)?),
            },
            from: row.try_get(at + 10)?,
            until: row.try_get(at + 11)?,
            claimed_at: row.try_get(at + 12)?,
        };
        case.spans.push(span);
        Ok(())
    }

    /// Who bears what of each.
    pub(crate) async fn shares(self, store: &Store) -> Result<Vec<Share>, StoreError> {
        let mut shares = Vec::new();
        if self.cases.is_empty() {
            return Ok(shares);
        }
        let reference = store.reference().await?;
        let mut known = BTreeMap::new();
        for (id, case) in self.cases {
            let LateCase { workflow, unit, calendar, deadline, stopped, spans } = case;
            if !known.contains_key(&calendar) {
                let calendars = reference.calendars(&store.engine.readers, &calendar).await?;
                known.insert(calendar.clone(), calendars);
            }
            let calendar = known[&calendar].for_unit(reference.organisation.path(&unit));
            let lost = days_lost(&spans, deadline, stopped, calendar);
            let whose: BTreeSet<_> = spans.into_iter().map(|span| span.whose).collect();
            let mut before: Option<Responsible> = None;
            for whose in whose {
                let days = lost.get(&whose).copied().unwrap_or_default();
                let place =
                    |one: &Responsible| (one.step.clone(), one.branch.clone(), one.owner.clone());
                let again = before.as_ref().is_some_and(|before| place(before) == place(&whose));
                before = Some(whose.clone());
                shares.push(Share {
                    case: id,
                    workflow: workflow.clone(),
                    unit: unit.clone(),
                    stopped,
                    whose,
                    held_up: i64::from(!again),
                    waiting: (days.waiting * PARTS).round() as i64,
                    handling: (days.handling * PARTS).round() as i64,
                });
            }
        }
        Ok(shares)
    }
}
