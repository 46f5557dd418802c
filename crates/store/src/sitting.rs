//! Planning, holding and cancelling the sittings of commissions, and telling their cases.
//!
//! A sitting is held or cancelled in one statement. The cases on its agenda are told afterwards, each
//! by an event of its own through the one write path, in bounded batches; until all are, the sitting
//! is marked, so that whoever comes next ([`Store::settle_sittings`], which workers call) goes on.

use parvaneh_core::{
    Actor, CaseId, Definition, Instant, PersonId, RoleId, Sitting, SittingId, Term, UnitId,
    sitting::{self, Closed, NoRight, Right},
};
use uuid::Uuid;

use crate::{ExecuteError, Request, Store, StoreError, store::undisturbed};

/// How many cases are told at a time.
const BATCH: usize = 200;

/// Sittings that are to be planned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSittings {
    /// The unit of the commission.
    pub unit: UnitId,
    /// The role of its members.
    pub members: RoleId,
    /// Each with its identifier, made at the edge, and when it sits.
    pub sittings: Vec<(SittingId, Instant)>,
    /// How long before each the agenda closes; `None` is what the procedure says.
    pub cut_off: Option<Term>,
    /// Where they sit.
    pub place: String,
    /// How many cases each hears.
    pub capacity: u32,
    /// Whether to leave out those at which the office is closed.
    pub skip_closed: bool,
}

/// A sitting that was planned, or left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedSitting {
    /// The sitting.
    pub sitting: Sitting,
    /// Why the office is closed then, if it is.
    pub closed: Option<Closed>,
    /// Whether it was planned.
    pub planned: bool,
}

/// What became of the cases of sittings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// How many sittings were settled.
    pub sittings: u64,
    /// How many cases were taken off an agenda.
    pub put_back: u64,
    /// How many cases could not be told: the worker tries again.
    pub failed: u64,
}

const PLAN: &str = "
    insert into sittings (
        id, unit_id, members, sits_at, closes_at, cut_off, place, capacity, planned_by, planned_at)
    select n.id, $1, $2, n.sits_at, n.closes_at, $3, $4, $5, $6, engine_now()
    from unnest($7::uuid[], $8::timestamptz[], $9::timestamptz[]) as n (id, sits_at, closes_at)";

/// Held from its time on; cancelled at any time. Only once.
const HOLD: &str = "
    update sittings set state = 'held', minutes = $2, settled_by = $3, settled_at = engine_now(),
        unsettled = true
    where id = $1 and state = 'planned'";

const CANCEL: &str = "
    update sittings set state = 'cancelled', reason = $2, settled_by = $3, settled_at = engine_now(),
        unsettled = true
    where id = $1 and state = 'planned'";

const ON_AGENDA: &str = "
    select case_id from agenda
    where sitting = $1 and off_at is null and case_id > $2
    order by case_id limit $3";

impl Store {
    /// Plans sittings: all of them, or none.
    ///
    /// # Errors
    /// [`StoreError::Sitting`]: no right, an agenda that would be closed already, a sitting at the
    /// same time; the database.
    pub async fn plan_sittings(
        &self,
        by: PersonId,
        new: NewSittings,
    ) -> Result<Vec<PlannedSitting>, StoreError> {
        let right = self.right_to_sittings(by, &new.members, &new.unit).await?;
        let calendars = self.calendars(&right.calendar).await?;
        let organisation = self.organisation().await?;
        let calendar = calendars.for_unit(organisation.path(&new.unit));
        let cut_off = new.cut_off.unwrap_or(right.cut_off);
        let now = self.now().await?;
        let refuse = |code, reason: String| StoreError::Sitting { code, reason };
        let (place, capacity) = (text(&new.place, "place_needed", "a place")?, new.capacity);
        if !(1..=1_000).contains(&capacity) {
            return Err(refuse("capacity", "a sitting hears 1 to 1000 cases".to_owned()));
        }
        let mut planned = Vec::with_capacity(new.sittings.len());
        for (id, at) in &new.sittings {
            let sitting::Planned { at, closes_at, closed } = sitting::plan(calendar, *at, cut_off)
                .map_err(|error| refuse("no_deadline", error.to_string()))?;
            if closes_at <= now {
                let reason = format!(
                    "the agenda of a sitting at {at} would have closed at {closes_at} ({cut_off} before)"
                );
                return Err(refuse("sitting_too_soon", reason));
            }
            let (unit, members) = (new.unit.clone(), new.members.clone());
            let state = sitting::SittingState::Planned;
            let sitting =
                Sitting { id: *id, unit, members, at, closes_at, capacity, taken: 0, state };
            let skipped = new.skip_closed && closed.is_some();
            planned.push(PlannedSitting { sitting, closed, planned: !skipped });
        }
        let rows: Vec<_> = planned.iter().filter(|it| it.planned).map(|it| &it.sitting).collect();
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id.0).collect();
        let (sits, closes): (Vec<Instant>, Vec<Instant>) =
            rows.iter().map(|row| (row.at, row.closes_at)).unzip();
        let (engine, unit, members) = (self.engine.clone(), new.unit, new.members);
        undisturbed(async move {
            let query = sqlx::query(PLAN)
                .bind(unit.as_str())
                .bind(members.as_str())
                .bind(cut_off.to_string())
                .bind(place)
                .bind(capacity as i32)
                .bind(by.0)
                .bind(ids)
                .bind(sits)
                .bind(closes);
            match query.execute(&engine.writers).await {
                Ok(_) => Ok(()),
                Err(sqlx::Error::Database(said)) if said.is_unique_violation() => {
                    let reason = "the commission has a sitting at that time already".to_owned();
                    Err(StoreError::Sitting { code: "sitting_exists", reason })
                }
                Err(error) => Err(StoreError::from(error)),
            }
        })
        .await?;
        Ok(planned)
    }

    /// Records that a sitting was held, with the number of its minutes, and tells the cases that it
    /// puts off.
    ///
    /// # Errors
    /// [`StoreError::NoSuchSitting`]; [`StoreError::Sitting`]: no right, no number, before its time,
    /// over already; the database.
    pub async fn hold_sitting(
        &self,
        by: PersonId,
        id: SittingId,
        minutes: &str,
    ) -> Result<Settled, StoreError> {
        let minutes = text(minutes, "minutes_needed", "the number of the minutes")?;
        let sitting = self.sitting(id).await?.sitting;
        self.right_to_sittings(by, &sitting.members, &sitting.unit).await?;
        if self.now().await? < sitting.at {
            let reason = format!("the sitting begins {}", sitting.at);
            return Err(StoreError::Sitting { code: "sitting_ahead", reason });
        }
        self.end_sitting(HOLD, id, minutes, by).await
    }

    /// Cancels a sitting, and puts its cases back.
    ///
    /// # Errors
    /// As [`Self::hold_sitting`], but it can be cancelled before its time.
    pub async fn cancel_sitting(
        &self,
        by: PersonId,
        id: SittingId,
        reason: &str,
    ) -> Result<Settled, StoreError> {
        let reason = text(reason, "reason_needed", "a reason")?;
        let sitting = self.sitting(id).await?.sitting;
        self.right_to_sittings(by, &sitting.members, &sitting.unit).await?;
        self.end_sitting(CANCEL, id, reason, by).await
    }

    async fn end_sitting(
        &self,
        how: &'static str,
        id: SittingId,
        word: String,
        by: PersonId,
    ) -> Result<Settled, StoreError> {
        let engine = self.engine.clone();
        let ended = undisturbed(async move {
            let query = sqlx::query(how).bind(id.0).bind(word).bind(by.0);
            let done = query.execute(&engine.writers).await?;
            Ok::<_, StoreError>(done.rows_affected() > 0)
        });
        if !ended.await? {
            let reason = "the sitting has been held or cancelled".to_owned();
            return Err(StoreError::Sitting { code: "sitting_over", reason });
        }
        self.settle(id).await
    }

    /// Goes on with what an interrupted program has left: tells the cases of sittings that were held
    /// or cancelled. Nothing to do costs one look at an empty index.
    ///
    /// # Errors
    /// The database; what was told is told.
    pub async fn settle_sittings(&self) -> Result<Settled, StoreError> {
        let left = "select id from sittings where unsettled order by id limit 20";
        let left: Vec<Uuid> = sqlx::query_scalar(left).fetch_all(&self.engine.readers).await?;
        let mut settled = Settled::default();
        for id in left {
            let one = self.settle(SittingId(id)).await?;
            settled.sittings += one.sittings;
            settled.put_back += one.put_back;
            settled.failed += one.failed;
        }
        Ok(settled)
    }

    /// Tells every case on the agenda what has become of the sitting: what that does to it is decided
    /// in the core, as for everything that happens by itself.
    async fn settle(&self, id: SittingId) -> Result<Settled, StoreError> {
        let mut settled = Settled::default();
        let mut last = Uuid::nil();
        loop {
            let cases: Vec<Uuid> = sqlx::query_scalar(ON_AGENDA)
                .bind(id.0)
                .bind(last)
                .bind(BATCH as i64)
                .fetch_all(&self.engine.readers)
                .await?;
            let Some(end) = cases.last() else { break };
            last = *end;
            let told = cases.iter().map(|case| self.execute(Request::tick(CaseId(*case))));
            for told in join_all(told).await {
                match told {
                    Ok(done) => {
                        let off = |event: &parvaneh_core::Event| {
                            matches!(event.fact, parvaneh_core::Fact::TakenOffAgenda { .. })
                        };
                        settled.put_back += u64::from(done.events.iter().any(off));
                    }
                    Err(ExecuteError::Store(error)) => {
                        return Err(StoreError::from_lost(ExecuteError::Store(error)));
                    }
                    // The case is the worker's affair: it is parked there.
                    Err(error) => {
                        tracing::error!(sitting.id = %id, %error, "a case was not told of its sitting");
                        settled.failed += 1;
                    }
                }
            }
        }
        if settled.failed == 0 {
            let engine = self.engine.clone();
            undisturbed(async move {
                sqlx::query("update sittings set unsettled = false where id = $1 and unsettled")
                    .bind(id.0)
                    .execute(&engine.writers)
                    .await?;
                Ok::<_, StoreError>(())
            })
            .await?;
            settled.sittings = 1;
        }
        Ok(settled)
    }

    /// By what right a person plans, holds and cancels the sittings of a commission.
    ///
    /// # Errors
    /// [`StoreError::Sitting`] where he has none; the database.
    pub async fn right_to_sittings(
        &self,
        by: PersonId,
        members: &RoleId,
        unit: &UnitId,
    ) -> Result<Right, StoreError> {
        let grants = self.person(by).await?.map(|person| person.grants).unwrap_or_default();
        let organisation = self.organisation().await?;
        if organisation.get(unit).is_none() {
            let (members, unit) = (members.clone(), unit.clone());
            return Err(NoRight::WrongUnit { members, unit }.into());
        }
        let definitions = self.published().await?;
        let actor = Actor::new(by, grants);
        let definitions = definitions.iter().map(|definition| &**definition);
        Ok(sitting::right(definitions, &organisation, &actor, members, unit)?)
    }

    /// Every published definition, the latest versions first.
    pub(crate) async fn published(&self) -> Result<Vec<std::sync::Arc<Definition>>, StoreError> {
        let mut published = self.definitions().await?;
        published.sort_by_key(|one| std::cmp::Reverse(one.version));
        let mut definitions = Vec::with_capacity(published.len());
        for one in published {
            definitions.push(self.definition(&one.workflow, Some(one.version)).await?);
        }
        Ok(definitions)
    }
}

/// A text that must be given: not blank, and bounded.
fn text(given: &str, code: &'static str, what: &str) -> Result<String, StoreError> {
    let given = given.trim();
    let reason = match given.chars().count() {
        0 => format!("{what} is needed"),
        1..=1_000 if !given.chars().any(char::is_control) => return Ok(given.to_owned()),
        _ => format!("{what} has at most 1000 characters, and no control characters"),
    };
    Err(StoreError::Sitting { code, reason })
}

/// Waits for all, which go on side by side.
async fn join_all<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut all: Vec<_> = all.map(|one| (Box::pin(one), None)).collect();
    std::future::poll_fn(|context| {
        let mut waiting = false;
        for (one, done) in all.iter_mut().filter(|(_, done)| done.is_none()) {
            match one.as_mut().poll(context) {
                std::task::Poll::Ready(output) => *done = Some(output),
                std::task::Poll::Pending => waiting = true,
            }
        }
        if waiting { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    all.into_iter().filter_map(|(_, done)| done).collect()
}
