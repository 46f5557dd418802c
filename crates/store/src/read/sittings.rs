//! The sittings of commissions, their agendas, and which cases still lack one.

use std::collections::BTreeMap;

use parvaneh_core::{
    Case, CaseId, Instant, PersonId, RoleId, Sitting, SittingId, Term, UnitId, WorkflowId,
    definition::StepKind,
    reach::Reach,
    sitting::{self, ExtraSitting, Lot, Needed, Place, Waiting, allot, extra, needed},
};
use sqlx::Row;
use uuid::Uuid;

use crate::{Store, StoreError, Viewer, batch};

/// Which sittings to list.
#[derive(Clone, Debug, Default)]
pub struct SittingsQuery {
    /// Only those of commissions at this unit or below it.
    pub within: Option<UnitId>,
    /// Only those of these members.
    pub members: Option<RoleId>,
    /// Only those that sit at or after this instant.
    pub from: Option<Instant>,
    /// Only those that sit before this instant.
    pub until: Option<Instant>,
    /// Only those that somebody sees; `None` is for the program and its operators.
    pub reach: Option<Reach>,
    /// Only those after this one, the last of the page before.
    pub after: Option<(Instant, UnitId, SittingId)>,
    /// At most so many; 0 is no limit.
    pub limit: u32,
}

/// A sitting with what decisions do not depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SittingRow {
    /// The sitting.
    pub sitting: Sitting,
    /// Where it sits.
    pub place: String,
    /// How long before it the agenda closes, as it was planned.
    pub cut_off: String,
    /// Who planned it, and when.
    pub planned_by: PersonId,
    /// When it was planned.
    pub planned_at: Instant,
    /// When it was held or cancelled.
    pub settled_at: Option<Instant>,
}

/// A case that is, or was, on an agenda.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgendaItem {
    /// The case.
    pub case: CaseId,
    /// What it is about.
    pub subject: String,
    /// Its workflow.
    pub workflow: WorkflowId,
    /// The unit that received it.
    pub unit: UnitId,
    /// Who applies.
    pub applicant: PersonId,
    /// When it was put on.
    pub put_at: Instant,
    /// When it went off.
    pub off_at: Option<Instant>,
    /// The result, or why it is off; `None` while it is on the agenda.
    pub outcome: Option<String>,
    /// Its statutory deadline.
    pub deadline: Option<Instant>,
}

/// Which room the cases of a commission find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// The unit of the commission.
    pub unit: UnitId,
    /// The role of its members.
    pub members: RoleId,
    /// Its open sittings, by their dates.
    pub sittings: Vec<Sitting>,
    /// Every open case that waits for it, with what it is about.
    pub cases: Vec<RoomOfCase>,
    /// The extra sittings that would hear those that find none.
    pub extra: Vec<Needed>,
}

/// Which room a case finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomOfCase {
    /// The case and its lot.
    pub lot: Lot,
    /// What it is about.
    pub subject: String,
    /// When an extra sitting would do, where it finds none; `None` where none would.
    pub extra: Option<ExtraSitting>,
}

const LIST: &str = "
    select s.id, s.unit_id, s.members, s.sits_at, s.closes_at, s.capacity, s.taken, s.state,
           s.minutes, s.reason, s.place, s.cut_off, s.planned_by, s.planned_at, s.settled_at
    from sittings s
    where ($1::uuid is null or s.id = $1)
      and ($2::text is null
           or exists (select from unit_closure c where c.above = $2 and c.unit = s.unit_id))
      and ($3::text is null or s.members = $3)
      and ($4::timestamptz is null or s.sits_at >= $4)
      and ($5::timestamptz is null or s.sits_at < $5)
      and ($7::text[] is null or exists (
          select from unnest($7::text[], $8::text[]) as seen (members, above)
          join unit_closure c on c.above = seen.above
          where seen.members = s.members and c.unit = s.unit_id))
      and ($9::timestamptz is null or (s.sits_at, s.unit_id, s.id) > ($9, $10, $11))
    order by s.sits_at, s.unit_id, s.id
    limit $6";

const AGENDA: &str = "
    select a.case_id, c.subject, a.put_at, a.off_at, a.outcome, c.deadline_at, c.workflow,
           c.unit_id, c.applicant
    from agenda a join cases c on c.id = a.case_id
    where a.sitting = $1
    order by a.put_at, a.case_id, a.seq";

/// By the index `tasks_of_role`: where a vote is open, a case waits for its commission.
const WAITING: &str = "
    select t.unit_id, t.owner_role, c.subject, c.state::text
    from tasks t join cases c on c.id = t.case_id
    where t.closed_at is null and t.purpose = 'vote' and t.owner_role is not null
      and ($1::text is null
           or exists (select from unit_closure u where u.above = $1 and u.unit = t.unit_id))
      and ($2::text is null or t.owner_role = $2)
    order by t.unit_id, t.owner_role, t.case_id";

impl Store {
    /// A sitting.
    ///
    /// # Errors
    /// [`StoreError::NoSuchSitting`]; the database.
    pub async fn sitting(&self, id: SittingId) -> Result<SittingRow, StoreError> {
        let found = self.list_sittings(Some(id), &SittingsQuery::default()).await?.pop();
        found.ok_or(StoreError::NoSuchSitting(id))
    }

    /// Sittings by their dates.
    ///
    /// # Errors
    /// The database.
    pub async fn sittings(&self, query: &SittingsQuery) -> Result<Vec<SittingRow>, StoreError> {
        self.list_sittings(None, query).await
    }

    async fn list_sittings(
        &self,
        id: Option<SittingId>,
        query: &SittingsQuery,
    ) -> Result<Vec<SittingRow>, StoreError> {
        let seen = query.reach.as_ref().map(|reach| {
            let seen = reach.commissions.iter();
            seen.map(|(members, unit)| (members.to_string(), unit.to_string())).unzip()
        });
        let (members, above): (Option<Vec<_>>, Option<Vec<_>>) = seen.unzip();
        let rows = sqlx::query(LIST)
            .bind(id.map(|id| id.0))
            .bind(query.within.as_ref().map(|unit| unit.as_str()))
            .bind(query.members.as_ref().map(|role| role.as_str()))
            .bind(query.from)
            .bind(query.until)
            .bind(Some(i64::from(query.limit)).filter(|limit| *limit > 0))
            .bind(members)
            .bind(above)
            .bind(query.after.as_ref().map(|(at, ..)| *at))
            .bind(query.after.as_ref().map(|(_, unit, _)| unit.as_str()))
            .bind(query.after.as_ref().map(|(.., id)| id.0))
            .fetch_all(&mut *self.reads().await?)
            .await?;
        let row = |row: &sqlx::postgres::PgRow| -> Result<SittingRow, StoreError> {
            Ok(SittingRow {
                sitting: batch::sitting(row)?,
                place: row.try_get("place")?,
                cut_off: row.try_get("cut_off")?,
                planned_by: PersonId(row.try_get("planned_by")?),
                planned_at: row.try_get("planned_at")?,
                settled_at: row.try_get("settled_at")?,
            })
        };
        rows.iter().map(row).collect()
    }

    /// The cases that are or were on the agenda of a sitting, in the order in which they were put
    /// there.
    ///
    /// # Errors
    /// The database.
    pub async fn agenda(&self, id: SittingId) -> Result<Vec<AgendaItem>, StoreError> {
        let rows = sqlx::query(AGENDA).bind(id.0).fetch_all(&mut *self.reads().await?).await?;
        let item = |row: &sqlx::postgres::PgRow| -> Result<AgendaItem, StoreError> {
            Ok(AgendaItem {
                case: CaseId(row.try_get::<Uuid, _>(0)?),
                subject: row.try_get(1)?,
                put_at: row.try_get(2)?,
                off_at: row.try_get(3)?,
                outcome: row.try_get(4)?,
                deadline: row.try_get(5)?,
                workflow: WorkflowId::from(row.try_get::<String, _>(6)?),
                unit: UnitId::from(row.try_get::<String, _>(7)?),
                applicant: PersonId(row.try_get(8)?),
            })
        };
        rows.iter().map(item).collect()
    }

    /// Which room the open cases of commissions find, at a unit and below it: the case of the nearest
    /// deadline has the first choice. Only commissions that decide in sittings. A viewer is told of
    /// the commissions and cases that he sees; those that he does not see take their places too.
    ///
    /// # Errors
    /// The database, and what is published in it.
    pub async fn room(
        &self,
        within: Option<&UnitId>,
        members: Option<&RoleId>,
        viewer: Option<&Viewer>,
    ) -> Result<Vec<Room>, StoreError> {
        let rows = sqlx::query(WAITING)
            .bind(within.map(|unit| unit.as_str()))
            .bind(members.map(|role| role.as_str()))
            .fetch_all(&mut *self.reads().await?)
            .await?;
        let now = self.now().await?;
        let mut groups: BTreeMap<(UnitId, RoleId), Vec<(Case, String)>> = BTreeMap::new();
        for row in &rows {
            let unit = UnitId::from(row.try_get::<String, _>(0)?);
            let members = RoleId::from(row.try_get::<String, _>(1)?);
            let state: &str = row.try_get(3)?;
            let case: Case = serde_json::from_str(state).map_err(|error| {
                StoreError::Unreadable { what: "a case".to_owned(), why: error.to_string() }
            })?;
            let sees =
                |viewer: &Viewer| viewer.reach.sees_sittings(&viewer.organisation, &members, &unit);
            if !viewer.is_none_or(sees) {
                continue;
            }
            groups.entry((unit, members)).or_default().push((case, row.try_get(2)?));
        }
        let mut rooms = Vec::with_capacity(groups.len());
        for ((unit, members), cases) in groups {
            rooms.extend(self.room_of(now, unit, members, cases, viewer).await?);
        }
        Ok(rooms)
    }

    async fn room_of(
        &self,
        now: Instant,
        unit: UnitId,
        members: RoleId,
        cases: Vec<(Case, String)>,
        viewer: Option<&Viewer>,
    ) -> Result<Option<Room>, StoreError> {
        let mut waiting = Vec::with_capacity(cases.len());
        let mut subjects = BTreeMap::new();
        let mut rules: Option<(parvaneh_core::CalendarId, Term)> = None;
        for (case, subject) in cases {
            let definition = self.definition(&case.workflow, Some(case.version)).await?;
            let step = definition.steps.get(case.place.name()).map(|step| &step.kind);
            let Some(StepKind::Commission(commission)) = step else { continue };
            let Some(sits) = &commission.sittings else { continue };
            rules.get_or_insert((case.calendar.clone(), sits.cut_off));
            let on_agenda = case.hearing.on_agenda.map(|on| on.sitting);
            let deadline = case.hearing_deadline(now);
            let sees = |viewer: &Viewer| {
                let Viewer { reach, organisation, .. } = viewer;
                reach.sees(organisation, &case.workflow, &case.unit, case.applicant).is_some()
            };
            if viewer.is_none_or(sees) {
                subjects.insert(case.id, subject);
            }
            waiting.push(Waiting { case: case.id, deadline, on_agenda });
        }
        let Some((calendar, cut_off)) = rules else { return Ok(None) };
        let calendars = self.calendars(&calendar).await?;
        let organisation = self.organisation().await?;
        let calendar = calendars.for_unit(organisation.path(&unit));
        let sittings = batch::open_sittings(&self.engine.readers, &unit, &members).await?;
        let usual = sitting::usual_time(calendar, &sittings);
        let mut cases = Vec::with_capacity(waiting.len());
        for lot in allot(now, &sittings, waiting) {
            let lacks = matches!(lot.place, Place::Lacking | Place::TooLate(_));
            let deadline = lot.case.deadline.filter(|_| lacks);
            let extra = deadline.and_then(|until| extra(calendar, now, until, cut_off, usual));
            let Some(subject) = subjects.remove(&lot.case.case) else { continue };
            cases.push(RoomOfCase { lot, subject, extra });
        }
        let capacity = sittings.iter().map(|sitting| sitting.capacity).max().unwrap_or(u32::MAX);
        let extra = needed(cases.iter().filter_map(|case| case.extra), capacity);
        Ok(Some(Room { unit, members, sittings, cases, extra }))
    }
}
