//! Officers who are away, and what becomes of their tasks.
//!
//! The tasks that an absent person has in hand go to who stands in for him, or back to the worklist:
//! by the one write path, as commands of the program, in batches of a bounded size. How far that has
//! come is kept with the absence, so that the next round goes on where one was broken off.

use parvaneh_core::{
    CaseId, Command, DelegationId, Instant, PersonId, UnitId,
    delegation::{DelegationRefusal, check_period, check_reason, may_record_absence},
};
use sha2::{Digest, Sha256};
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use crate::{
    Ask, ExecuteError, NewDelegation, Request, Requester, Store, StoreError,
    actor::actor,
    delegate::{Rules, delegate_in_tx, known, lock_in_tx},
    store::undisturbed,
};

/// An absence that is to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAbsence {
    /// Its identifier, made at the edge.
    pub id: Uuid,
    /// Who records it: himself, or who assigns his work.
    pub by: PersonId,
    /// Who is away.
    pub person: PersonId,
    /// From when on; never earlier than now, which is also what `None` says.
    pub starts: Option<Instant>,
    /// Up to when.
    pub until: Instant,
    /// Why; it also stands where his tasks are handed back.
    pub reason: String,
    /// Who stands in for him: every role of his own is lent to that person for the time.
    pub substitute: Option<PersonId>,
}

/// An absence as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbsenceRow {
    /// Its identifier.
    pub id: Uuid,
    /// Who is away.
    pub person: PersonId,
    /// From when on.
    pub starts: Instant,
    /// Up to when.
    pub until: Instant,
    /// Why.
    pub reason: String,
    /// Who stands in for him.
    pub substitute: Option<PersonId>,
    /// When he came back earlier.
    pub ended_at: Option<Instant>,
    /// When all that he had in hand had been handed back.
    pub handed_back_at: Option<Instant>,
    /// Whether he is away now.
    pub now: bool,
}

/// What a round of handing tasks back did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HandedBack {
    /// How many tasks went to who stands in.
    pub assigned: u64,
    /// How many went back to the worklist.
    pub released: u64,
    /// How many could not be treated; each is told in the log.
    pub failed: u64,
    /// Whether there is more to do.
    pub more: bool,
}

impl std::ops::AddAssign for HandedBack {
    fn add_assign(&mut self, other: Self) {
        self.assigned += other.assigned;
        self.released += other.released;
        self.failed += other.failed;
        self.more = other.more;
    }
}

const COLUMNS: &str = "a.id, a.person, a.starts_at, a.ends_at, a.reason, a.substitute, a.ended_at,
    a.handed_back_at, a.ended_at is null and a.starts_at <= clock.now and a.ends_at > clock.now";

/// The tasks of the natural person that come next.
const IN_HAND: &str = "
    select t.case_id, t.no, t.assignee from tasks t
    where t.assignee in (
            select other.id from people me join people other
              on other.id = coalesce(me.natural_person, me.id)
              or other.natural_person = coalesce(me.natural_person, me.id)
            where me.id = $1)
      and t.closed_at is null and t.owner_role is not null
      and ($2::uuid is null or (t.case_id, t.no) > ($2, $3))
    order by t.case_id, t.no limit $4";

impl Store {
    /// Records that somebody is away, and lends his roles to who stands in for him. What he has in
    /// hand is handed back by [`Self::hand_back`], which the worker calls when the absence begins.
    ///
    /// # Errors
    /// [`StoreError::Delegation`] when the rules say no: of the absence, or of one of the delegations
    /// that are made with it; then nothing is recorded. [`StoreError::Unknown`] for unknown people.
    pub async fn absent(&self, new: NewAbsence) -> Result<AbsenceRow, StoreError> {
        let reason = check_reason(&new.reason)?.to_owned();
        let rules = Rules::load(self).await?;
        let (engine, id) = (self.engine.clone(), new.id);
        undisturbed(async move {
            let mut in_tx = engine.writers.begin().await?;
            lock_in_tx(&mut in_tx).await?;
            let (now, by) = known(&mut in_tx, new.by).await?;
            let person = known(&mut in_tx, new.person).await?.1;
            let assigning = |role: &parvaneh_core::RoleId| rules.assigning(role, &[]);
            may_record_absence(&rules.organisation, assigning, &by, &person)?;
            let starts = new.starts.map_or(now, |starts| starts.max(now));
            check_period(starts, new.until, now)?;
            let overlapping: Option<Instant> = sqlx::query_scalar(
                "select ends_at from absences
                 where person = $1 and ended_at is null and starts_at < $3 and ends_at > $2
                 order by ends_at desc limit 1",
            )
            .bind(new.person.0)
            .bind(starts)
            .bind(new.until)
            .fetch_optional(&mut *in_tx)
            .await?;
            if let Some(until) = overlapping {
                return Err(DelegationRefusal::AlreadyAbsent { until }.into());
            }
            if let Some(substitute) = new.substitute {
                known(&mut in_tx, substitute).await?;
                for grant in &person.grants {
                    let lent = NewDelegation {
                        id: derived(new.id, grant),
                        by: new.by,
                        from: new.person,
                        to: substitute,
                        grant: grant.clone(),
                        workflows: Vec::new(),
                        starts: Some(starts),
                        until: new.until,
                        reason: reason.clone(),
                    };
                    delegate_in_tx(&mut in_tx, &rules, &lent, Some(new.id)).await?;
                }
            }
            sqlx::query(
                "insert into absences (id, person, starts_at, ends_at, reason, substitute,
                     recorded_by, recorded_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(new.id)
            .bind(new.person.0)
            .bind(starts)
            .bind(new.until)
            .bind(reason)
            .bind(new.substitute.map(|person| person.0))
            .bind(by.person.0)
            .bind(now)
            .execute(&mut *in_tx)
            .await?;
            in_tx.commit().await?;
            Ok::<_, StoreError>(())
        })
        .await?;
        let mut found = self.absences(None, Some(id)).await?;
        found.pop().ok_or_else(|| StoreError::Unknown(format!("the absence {id}")))
    }

    /// Somebody is back, or does not go: his absence that lasts, or the next that is to come, ends
    /// now, and with it the delegations that were made with it.
    ///
    /// # Errors
    /// [`StoreError::Delegation`] when the rules say no, or when there is none.
    pub async fn back(&self, person: PersonId, by: PersonId) -> Result<AbsenceRow, StoreError> {
        self.end_absence(person, None, by).await
    }

    /// The same, of that absence only.
    ///
    /// # Errors
    /// As [`Self::back`].
    pub async fn end_absence(
        &self,
        person: PersonId,
        only: Option<Uuid>,
        by: PersonId,
    ) -> Result<AbsenceRow, StoreError> {
        let rules = Rules::load(self).await?;
        let engine = self.engine.clone();
        let id = undisturbed(async move {
            let mut in_tx = engine.writers.begin().await?;
            let (now, by) = known(&mut in_tx, by).await?;
            let person = known(&mut in_tx, person).await?.1;
            let assigning = |role: &parvaneh_core::RoleId| rules.assigning(role, &[]);
            may_record_absence(&rules.organisation, assigning, &by, &person)?;
            let mut accounts: Vec<Uuid> =
                person.natural.accounts.iter().map(|account| account.0).collect();
            accounts.push(person.natural.id.0);
            let ended: Option<Uuid> = sqlx::query_scalar(
                "update absences set ended_at = $2, ended_by = $3
                 where id = (select id from absences
                             where person = any($1) and ended_at is null and ends_at > $2
                               and ($4::uuid is null or id = $4)
                             order by starts_at limit 1)
                   and ended_at is null
                 returning id",
            )
            .bind(accounts)
            .bind(now)
            .bind(by.person.0)
            .bind(only)
            .fetch_optional(&mut *in_tx)
            .await?;
            let Some(id) = ended else {
                return Err(DelegationRefusal::Over { what: "absence" }.into());
            };
            sqlx::query(
                "update delegations set revoked_at = $2, revoked_by = $3
                 where absence = $1 and revoked_at is null and ends_at > $2",
            )
            .bind(id)
            .bind(now)
            .bind(by.person.0)
            .execute(&mut *in_tx)
            .await?;
            in_tx.commit().await?;
            Ok::<_, StoreError>(id)
        })
        .await?;
        let mut found = self.absences(None, Some(id)).await?;
        found.pop().ok_or_else(|| StoreError::Unknown(format!("the absence {id}")))
    }

    /// Absences that last or are to come, the first above; of one person, or of everybody. With an
    /// identifier, that one, also when it is over.
    ///
    /// # Errors
    /// The database.
    pub async fn absences(
        &self,
        person: Option<PersonId>,
        id: Option<Uuid>,
    ) -> Result<Vec<AbsenceRow>, StoreError> {
        self.list_absences(person, id, None).await
    }

    /// Absences of those who hold a role at a unit or below it, which last or are to come.
    ///
    /// # Errors
    /// The database.
    pub async fn absences_within(&self, unit: &UnitId) -> Result<Vec<AbsenceRow>, StoreError> {
        self.list_absences(None, None, Some(unit)).await
    }

    /// Whether a person may say of another that he is away, and lend for him: himself, or who assigns
    /// his work.
    ///
    /// # Errors
    /// The database.
    pub async fn may_stand_for(&self, by: PersonId, person: PersonId) -> Result<bool, StoreError> {
        let rules = Rules::load(self).await?;
        let mut connection = self.engine.readers.acquire().await?;
        let (_, Some(by)) = actor(&mut *connection, by).await? else { return Ok(false) };
        let (_, Some(person)) = actor(&mut *connection, person).await? else { return Ok(false) };
        let assigning = |role: &parvaneh_core::RoleId| rules.assigning(role, &[]);
        Ok(may_record_absence(&rules.organisation, assigning, &by, &person).is_ok())
    }

    async fn list_absences(
        &self,
        person: Option<PersonId>,
        id: Option<Uuid>,
        within: Option<&UnitId>,
    ) -> Result<Vec<AbsenceRow>, StoreError> {
        let sql = format!(
            "select {COLUMNS} from (select engine_now() as now) clock, absences a
             where ($1::uuid is null or a.person = $1)
               and (a.id = $2 or ($2 is null and a.ended_at is null and a.ends_at > clock.now))
               and ($3::text is null or exists (
                   select from grants held join unit_closure c on c.unit = held.unit_id
                   where held.person = a.person and c.above = $3))
             order by a.starts_at, a.id limit 1000"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(person.map(|person| person.0))
            .bind(id)
            .bind(within.map(UnitId::as_str))
            .fetch_all(&self.engine.readers)
            .await?;
        rows.iter().map(|row| Ok(absence(row)?)).collect()
    }

    /// Hands back up to `limit` tasks that an absent person has in hand, of the absence that began
    /// first. Any number of workers may do this side by side: what is no longer in his hands is left
    /// alone.
    ///
    /// # Errors
    /// The database; what was handed back until then is.
    pub async fn hand_back(&self, limit: u32) -> Result<HandedBack, StoreError> {
        let row = sqlx::query(
            "select a.id, a.person, a.substitute, a.reason, a.handed_case, a.handed_task,
                    a.ends_at <= clock.now
             from (select engine_now() as now) clock, absences a
             where a.handed_back_at is null and a.ended_at is null and a.starts_at <= clock.now
             order by a.starts_at, a.id limit 1",
        )
        .fetch_optional(&self.engine.readers)
        .await?;
        let Some(row) = row else { return Ok(HandedBack::default()) };
        let (id, person): (Uuid, Uuid) = (row.try_get(0)?, row.try_get(1)?);
        let to = row.try_get::<Option<Uuid>, _>(2)?.map(PersonId);
        let (reason, over): (String, bool) = (row.try_get(3)?, row.try_get(6)?);
        let limit = if over { 0 } else { i64::from(limit.max(1)) };
        let tasks = sqlx::query(IN_HAND)
            .bind(person)
            .bind(row.try_get::<Option<Uuid>, _>(4)?)
            .bind(row.try_get::<Option<i32>, _>(5)?)
            .bind(limit)
            .fetch_all(&self.engine.readers)
            .await?;
        let mut requests = Vec::with_capacity(tasks.len());
        for task in &tasks {
            let command = Command::HandBack {
                task: task.try_get::<i32, _>(1)? as u32,
                from: PersonId(task.try_get(2)?),
                to,
                reason: reason.clone(),
            };
            let ask = Ask::Command { case: CaseId(task.try_get(0)?), command };
            let by = Requester::System;
            requests.push(Request::new(by, ask));
        }
        let mut done = HandedBack { more: true, ..HandedBack::default() };
        for verdict in self.execute_batch(requests).await {
            match verdict {
                Ok(executed) => {
                    for event in executed.events {
                        match event.fact.kind() {
                            "assigned" => done.assigned += 1,
                            "released" => done.released += 1,
                            _ => {}
                        }
                    }
                }
                // Nothing is lost: the next round asks again.
                Err(ExecuteError::Store(error)) => {
                    return Err(std::sync::Arc::try_unwrap(error).unwrap_or(StoreError::Closed));
                }
                Err(error) => {
                    tracing::error!(%error, error.code = error.code(), "a task stays with who is away");
                    done.failed += 1;
                }
            }
        }
        let last = tasks.last().filter(|_| tasks.len() as i64 == limit);
        let (case, task) = match last {
            Some(last) => (Some(last.try_get::<Uuid, _>(0)?), Some(last.try_get::<i32, _>(1)?)),
            None => (None, None),
        };
        let engine = self.engine.clone();
        undisturbed(async move {
            sqlx::query(
                "update absences set handed_case = coalesce($2, handed_case),
                     handed_task = coalesce($3, handed_task),
                     handed_back_at = case when $2::uuid is null then engine_now() end
                 where id = $1 and handed_back_at is null",
            )
            .bind(id)
            .bind(case)
            .bind(task)
            .execute(&engine.writers)
            .await?;
            Ok::<_, StoreError>(())
        })
        .await?;
        Ok(done)
    }
}

/// The identifier of the delegation that an absence makes of a grant: always the same one.
fn derived(absence: Uuid, grant: &parvaneh_core::Grant) -> DelegationId {
    let mut hasher = Sha256::new();
    hasher.update(absence.as_bytes());
    for part in [grant.role.as_str(), "@", grant.unit.as_str()] {
        hasher.update(part);
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize()[..16]);
    DelegationId(uuid::Builder::from_custom_bytes(bytes).into_uuid())
}

fn absence(row: &PgRow) -> Result<AbsenceRow, sqlx::Error> {
    Ok(AbsenceRow {
        id: row.try_get(0)?,
        person: PersonId(row.try_get(1)?),
        starts: row.try_get(2)?,
        until: row.try_get(3)?,
        reason: row.try_get(4)?,
        substitute: row.try_get::<Option<Uuid>, _>(5)?.map(PersonId),
        ended_at: row.try_get(6)?,
        handed_back_at: row.try_get(7)?,
        now: row.try_get(8)?,
    })
}
