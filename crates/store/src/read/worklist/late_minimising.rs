//! The order in which as few cases as possible end late, by [`parvaneh_core::order`].
//!
//! The rule looks at all tasks at once, so it is bounded: it orders the tasks with the nearest
//! deadlines of their own, and what comes after them follows by deadline.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use parvaneh_core::{
    Calendars, Definition, Instant, PersonId, WorkflowId,
    event::Owner,
    order::{Candidate, CandidateState, Expected, Outlook, Policy, Rule, order},
};
use sqlx::Row;

use super::{Cursor, Hands, Scope, Sort, WorkItem, WorklistQuery, item, page};
use crate::{Store, StoreError};

/// How many tasks are ordered.
const MOST_ORDERED: u32 = 1_000;

/// Where a page ends within what is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ranked {
    /// The engine's time at the first page: later pages show the order of that time.
    pub(super) as_of: Instant,
    /// How many tasks were shown.
    pub(super) place: u32,
}

/// How many hold a role at a unit.
const HOLDERS: &str = "
    select g.role, g.unit_id, count(*)
    from grants g join unnest($1::text[], $2::text[]) desk (role, unit) on g.role = desk.role and g.unit_id = desk.unit
    group by 1, 2";

/// How many tasks the person has in hand or has closed that were taken this year.
const TAKEN: &str = "
    select count(*) from tasks where assignee = $1 and claimed_at >= date_trunc('year', $2::timestamptz)";

/// What a version of a definition lets expect.
struct Rules {
    calendars: Arc<Calendars>,
    outlook: Outlook,
}

impl Store {
    pub(super) async fn late_minimising(
        &self,
        query: &WorklistQuery,
        scope: &Scope,
        limit: u32,
    ) -> Result<(Vec<WorkItem>, Option<Cursor>, Instant), StoreError> {
        let now = self.now().await?;
        let ranked = query.after.and_then(|after| after.ranked);
        let as_of = ranked.map_or(now, |ranked| ranked.as_of.min(now));
        let nearest = WorklistQuery { sort: Sort::Deadline, after: None, ..query.clone() };
        let rows = page(&nearest, scope, MOST_ORDERED)
            .build()
            .fetch_all(&mut *self.reads().await?)
            .await?;
        let read = |row| item(row, Sort::Deadline, now);
        let mut items = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let beyond = items.len() > MOST_ORDERED as usize;
        items.truncate(MOST_ORDERED as usize);
        let end = items.last().filter(|_| beyond).map(|last| Cursor::after(last, query.sort));

        let mut items = self.put_in_order(query, items, as_of).await?;
        // Behind what was shown last; where that is gone, behind as many as were shown.
        let shown = match (query.after, ranked) {
            (Some(after), Some(ranked)) => {
                let last =
                    items.iter().position(|one| (one.case, one.task) == (after.case, after.task));
                last.map_or(ranked.place as usize, |last| last + 1)
            }
            _ => 0,
        };
        let left = items.split_off(shown.min(items.len()));
        let more = left.len() > limit as usize;
        let items: Vec<WorkItem> = left.into_iter().take(limit as usize).collect();
        let next = match items.last() {
            Some(last) if more => Some(Cursor {
                ranked: Some(Ranked { as_of, place: (shown + items.len()) as u32 }),
                ..Cursor::after(last, query.sort)
            }),
            _ => end,
        };
        Ok((items, next, now))
    }

    async fn put_in_order(
        &self,
        query: &WorklistQuery,
        items: Vec<WorkItem>,
        now: Instant,
    ) -> Result<Vec<WorkItem>, StoreError> {
        let rules = self.rules_of(&items, now).await?;
        let holders = self.holders_of(&items).await?;
        let reference = self.reference().await?;
        let candidate = |(place, one): (usize, &WorkItem)| {
            let Rules { calendars, outlook } = rules.get(&(one.workflow.clone(), one.version))?;
            let Expected { work, remaining } = outlook.of(&one.step, one.branch.as_ref());
            let hands = match (&one.owner, query.hands) {
                (Owner::Role(role), Hands::Anyone | Hands::Nobody) => {
                    holders.get(&(role.to_string(), one.unit.to_string())).copied().unwrap_or(1)
                }
                _ => 1,
            };
            Some(Candidate {
                key: (one.due_at.is_none(), one.due_at, one.case, one.task, place),
                opened_at: one.opened_at,
                due_at: one.due_at,
                case_due_at: one.case_due_at,
                work: work / hands,
                remaining,
                state: match one.assignee {
                    _ if one.suspended => CandidateState::Suspended,
                    Some(other) if other != query.person => CandidateState::InOtherHands,
                    _ => CandidateState::Open,
                },
                calendar: calendars.for_unit(reference.organisation.path(&one.unit)),
            })
        };
        let candidates: Vec<_> = items.iter().enumerate().filter_map(candidate).collect();
        let taken = self.taken_by(query.person, now).await?;
        let places = order(candidates, &Rule { taken, ..Rule::new(Policy::LateMinimising) }, now);
        let mut items: Vec<Option<WorkItem>> = items.into_iter().map(Some).collect();
        let placed = places.into_iter().filter_map(|place| {
            let item = items.get_mut(place.key.4)?.take()?;
            Some(WorkItem { reason: place.reason, ..item })
        });
        Ok(placed.collect())
    }

    /// What every version of a definition among the tasks lets expect.
    async fn rules_of(
        &self,
        items: &[WorkItem],
        now: Instant,
    ) -> Result<HashMap<(WorkflowId, u32), Rules>, StoreError> {
        let histories = self.histories(now).await?;
        let mut rules = HashMap::new();
        for one in items {
            let key = (one.workflow.clone(), one.version);
            if rules.contains_key(&key) {
                continue;
            }
            let definition: Arc<Definition> =
                self.definition(&one.workflow, Some(one.version)).await?;
            let calendars = self.calendars_in_use(&definition.calendar).await?;
            let none = parvaneh_core::order::History::default();
            let history = histories.get(&one.workflow).unwrap_or(&none);
            let outlook = Outlook::new(&definition, history, calendars.national(), now);
            rules.insert(key, Rules { calendars, outlook });
        }
        Ok(rules)
    }

    /// How many share the tasks of a role at a unit.
    async fn holders_of(
        &self,
        items: &[WorkItem],
    ) -> Result<HashMap<(String, String), i32>, StoreError> {
        let desks: BTreeSet<(String, String)> = items
            .iter()
            .filter_map(|one| match &one.owner {
                Owner::Role(role) => Some((role.to_string(), one.unit.to_string())),
                Owner::Applicant => None,
            })
            .collect();
        let (roles, units): (Vec<String>, Vec<String>) = desks.into_iter().unzip();
        let rows = sqlx::query(HOLDERS).bind(roles).bind(units).fetch_all(&self.engine.readers);
        let mut holders = HashMap::new();
        for row in rows.await? {
            let count = row.try_get::<i64, _>(2)?.clamp(1, 1_000) as i32;
            holders.insert((row.try_get(0)?, row.try_get(1)?), count);
        }
        Ok(holders)
    }

    async fn taken_by(&self, person: PersonId, now: Instant) -> Result<u64, StoreError> {
        let query = sqlx::query_scalar::<_, i64>(TAKEN).bind(person.0).bind(now);
        Ok(query.fetch_one(&self.engine.readers).await? as u64)
    }
}
