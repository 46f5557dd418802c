//! What the events of a case do to agendas, and which sittings its decision depends on.

use std::{collections::HashMap, sync::Arc};

use parvaneh_core::{
    Case, Definition, Event, Fact, Instant, Place, RoleId, Sitting, SittingId, UnitId,
    definition::StepKind,
    sitting::{OffAgenda, OnAgenda, SittingState},
};
use sqlx::{PgPool, Row, postgres::PgRow};

use crate::reference::Reference;

/// What is open of a commission: what is planned, and what has cases on its agenda still.
const OPEN: &str = "
    select s.id, s.unit_id, s.members, s.sits_at, s.closes_at, s.capacity, s.taken, s.state,
           s.minutes, s.reason
    from sittings s
    where s.unit_id = $1 and s.members = $2
      and (s.state = 'planned'
           or exists (select from agenda a where a.sitting = s.id and a.off_at is null))
    order by s.sits_at, s.id";

/// A row of an agenda as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AgendaRow {
    /// The event that put the case there.
    pub(crate) seq: u32,
    pub(crate) sitting: SittingId,
    pub(crate) put_at: Instant,
    /// When it went off, and the result or the reason.
    pub(crate) off: Option<(Instant, String)>,
}

/// What a decision does to agendas.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AgendaChanges {
    pub(crate) rows: Vec<AgendaRow>,
    /// Places taken, and given back where it is negative.
    pub(crate) places: Vec<(SittingId, i32)>,
}

impl AgendaChanges {
    /// What `events` do, for a case that was on that agenda before them.
    pub(crate) fn of(before: Option<OnAgenda>, events: &[Event]) -> Self {
        let mut changes = Self::default();
        let mut on = before;
        for event in events {
            match &event.fact {
                Fact::PutOnAgenda { sitting, at, .. } => {
                    let (seq, sitting, put_at) = (event.seq, *sitting, event.effective_at);
                    on = Some(OnAgenda { sitting, at: *at, seq });
                    changes.rows.push(AgendaRow { seq, sitting, put_at, off: None });
                    changes.places.push((sitting, 1));
                }
                Fact::TakenOffAgenda { why, .. } => {
                    changes.close(on.take(), event, off_text(*why), true);
                }
                // A case that was heard has used its place; one that leaves otherwise gives it back.
                Fact::Acted { heard: Some(_), action, .. } => {
                    changes.close(on.take(), event, action.as_str(), false);
                }
                fact if fact.entry().is_some() => changes.close(on.take(), event, "left", true),
                _ => {}
            }
        }
        changes
    }

    fn close(&mut self, on: Option<OnAgenda>, event: &Event, outcome: &str, gives_back: bool) {
        let Some(OnAgenda { sitting, seq, .. }) = on else { return };
        let off = Some((event.effective_at, outcome.to_owned()));
        match self.rows.iter_mut().find(|row| row.seq == seq) {
            Some(row) => row.off = off,
            // The row is there already, and keeps when the case was put on.
            None => self.rows.push(AgendaRow { seq, sitting, put_at: event.effective_at, off }),
        }
        if gives_back {
            self.places.push((sitting, -1));
        }
    }
}

fn off_text(why: OffAgenda) -> &'static str {
    match why {
        OffAgenda::TakenOff => "taken_off",
        OffAgenda::Moved => "moved",
        OffAgenda::Cancelled => "cancelled",
        OffAgenda::NoQuorum => "no_quorum",
        OffAgenda::Tie => "tie",
    }
}

/// The sittings of the commissions of one batch, each read once and only where a case stands before
/// its commission.
#[derive(Debug, Default)]
pub(crate) struct Sittings {
    read: HashMap<(UnitId, RoleId), Arc<[Sitting]>>,
}

impl Sittings {
    /// The open sittings of the commission before which the case stands; `None` where it stands
    /// before none that decides in sittings.
    ///
    /// # Errors
    /// The database.
    pub(crate) async fn of(
        &mut self,
        pool: &PgPool,
        reference: &Reference,
        definition: &Definition,
        case: &Case,
    ) -> Result<Option<Arc<[Sitting]>>, sqlx::Error> {
        let Place::Step { step, .. } = &case.place else { return Ok(None) };
        let kind = definition.steps.get(step).map(|step| &step.kind);
        let Some(StepKind::Commission(commission)) = kind else { return Ok(None) };
        let role = definition.roles.get(&commission.members);
        let (Some(_), Some(role)) = (&commission.sittings, role) else { return Ok(None) };
        let Some(unit) = reference.organisation.at_level(&case.unit, role.at) else {
            return Ok(None);
        };
        let key = (unit.clone(), commission.members.clone());
        if let Some(read) = self.read.get(&key) {
            return Ok(Some(read.clone()));
        }
        let read: Arc<[Sitting]> = open_sittings(pool, unit, &commission.members).await?.into();
        self.read.insert(key, read.clone());
        Ok(Some(read))
    }
}

/// What is open of a commission.
///
/// # Errors
/// The database.
pub(crate) async fn open_sittings(
    pool: &PgPool,
    unit: &UnitId,
    members: &RoleId,
) -> Result<Vec<Sitting>, sqlx::Error> {
    let query = sqlx::query(OPEN).bind(unit.as_str()).bind(members.as_str());
    query.fetch_all(pool).await?.iter().map(sitting).collect()
}

/// A sitting from its row.
pub(crate) fn sitting(row: &PgRow) -> Result<Sitting, sqlx::Error> {
    let text = |column: &str| -> Result<String, sqlx::Error> {
        Ok(row.try_get::<Option<String>, _>(column)?.unwrap_or_default())
    };
    let state = match row.try_get::<&str, _>("state")? {
        "held" => SittingState::Held { minutes: text("minutes")? },
        "cancelled" => SittingState::Cancelled { reason: text("reason")? },
        _ => SittingState::Planned,
    };
    Ok(Sitting {
        id: SittingId(row.try_get("id")?),
        unit: UnitId::from(row.try_get::<String, _>("unit_id")?),
        members: RoleId::from(row.try_get::<String, _>("members")?),
        at: row.try_get("sits_at")?,
        closes_at: row.try_get("closes_at")?,
        capacity: row.try_get::<i32, _>("capacity")? as u32,
        taken: row.try_get::<i32, _>("taken")? as u32,
        state,
    })
}
