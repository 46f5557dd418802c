//! Sittings: the agenda, recusal, what a sitting must have before its result counts, and the early
//! warning that none has room.

use chrono::TimeDelta;

use super::{Context, Draft, Refusal, RefusalCode, calendar_at, given, vote::tally};
use crate::{
    PersonId, SittingId, Term, UnitId,
    calendar::{after, before},
    case::{Case, Place},
    clock::Instant,
    definition::{Addressee, Adjourns, Commission, SittingRules, StepKind},
    event::{By, ClockNo, Fact, Told},
    sitting::{Heard, OffAgenda, Sitting, SittingState, extra, fits, usual_time},
};

/// What looking at the sittings says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// There is nothing to look for.
    Never,
    /// It is to be looked at again then, at the latest.
    Again(Instant),
    /// Something must be recorded.
    Found(Found),
}

/// What must be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The case is no longer on the agenda.
    Off { sitting: SittingId, why: OffAgenda, reason: Option<String> },
    /// No sitting before the deadline has room.
    Lacking { clock: ClockNo, deadline: Instant },
}

impl Look {
    /// When something must happen, looked at from `now`.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        match self {
            Self::Never => None,
            Self::Again(at) => Some(*at),
            Self::Found(_) => Some(now),
        }
    }
}

/// The commission before which the case stands, if it decides in sittings.
fn commission<'a>(ctx: &Context<'a>, case: &Case) -> Option<(&'a Commission, &'a SittingRules)> {
    let Place::Step { step, .. } = &case.place else { return None };
    match &ctx.definition.steps.get(step)?.kind {
        StepKind::Commission(commission) => Some((commission, commission.sittings.as_ref()?)),
        _ => None,
    }
}

/// The unit at which the members of the commission hold their role.
fn unit_of<'a>(ctx: &Context<'a>, case: &Case, commission: &Commission) -> Option<&'a UnitId> {
    let role = ctx.definition.roles.get(&commission.members)?;
    ctx.organisation.at_level(&case.unit, role.at)
}

/// Looks at the sittings as they are now. How often it is looked again follows from what could
/// change: before the warning nothing has to be looked at; after it, as long as the case has no
/// place, other cases may take the room that there is, so that it is looked at every working day.
pub(super) fn look(ctx: &Context<'_>, case: &Case, now: Instant) -> Look {
    let Some((commission, rules)) = commission(ctx, case) else { return Look::Never };
    let on_agenda = case.hearing.on_agenda;
    if on_agenda.is_none() && rules.warn.is_none() {
        return Look::Never;
    }
    let Some(sittings) = ctx.sittings else {
        return Look::Again(now + TimeDelta::microseconds(1));
    };
    let own = on_agenda.and_then(|on| sittings.iter().find(|sitting| sitting.id == on.sitting));
    if let Some(found) = own.and_then(|own| put_off(commission, rules, case, own)) {
        return Look::Found(found);
    }
    let Some(warn) = rules.warn else { return Look::Never };
    let mut next: Option<Instant> = None;
    let mut lacking: Option<(Instant, ClockNo)> = None;
    for (no, clock) in case.hearing_clocks() {
        let Some(deadline) = clock.deadline.filter(|deadline| now < *deadline) else { continue };
        if case.hearing.has_told(no, deadline) {
            continue;
        }
        let calendar = calendar_at(ctx, &clock.unit);
        let Ok(warned) = before(calendar, deadline, warn) else { continue };
        let again = if now < warned {
            Some(warned)
        } else if on_agenda.is_some_and(|on| on.at <= deadline) {
            // A sitting that is cancelled puts its cases back by an event.
            None
        } else if fits(sittings, now, deadline).is_some() {
            // What fits now may be full, cancelled or closed tomorrow.
            let fitting = sittings.iter().filter(|it| it.has_room(now) && it.at <= deadline);
            let closed = fitting.map(|sitting| sitting.closes_at).max();
            let closed = closed.map(|at| at + TimeDelta::microseconds(1));
            closed.into_iter().chain(after(calendar, now, Term::working_days(1)).ok()).min()
        } else {
            lacking = lacking.into_iter().chain([(deadline, no)]).min();
            None
        };
        next = next.into_iter().chain(again).min();
    }
    match (lacking, next) {
        (Some((deadline, clock)), _) => Look::Found(Found::Lacking { clock, deadline }),
        (None, Some(at)) => Look::Again(at),
        (None, None) => Look::Never,
    }
}

/// Whether what has become of its sitting takes the case off the agenda.
fn put_off(
    commission: &Commission,
    rules: &SittingRules,
    case: &Case,
    own: &Sitting,
) -> Option<Found> {
    let off = |why, reason| Some(Found::Off { sitting: own.id, why, reason });
    match &own.state {
        SittingState::Planned => None,
        SittingState::Cancelled { reason } => off(OffAgenda::Cancelled, Some(reason.clone())),
        SittingState::Held { .. } => {
            let tally = tally(case);
            let recused = case.hearing.recusals(&commission.members);
            if tally.cast() < commission.counted(recused).quorum {
                let adjourns = rules.adjourns.contains(&Adjourns::NoQuorum);
                return adjourns.then(|| off(OffAgenda::NoQuorum, None)).flatten();
            }
            let tie = tally.in_favour == tally.against && rules.adjourns.contains(&Adjourns::Tie);
            tie.then(|| off(OffAgenda::Tie, None)).flatten()
        }
    }
}

impl<'a> Draft<'a> {
    pub(super) fn record_found(&mut self, found: &Found) -> Result<(), Refusal> {
        let fact = match found {
            Found::Off { sitting, why, reason } => {
                Fact::TakenOffAgenda { sitting: *sitting, why: *why, reason: reason.clone() }
            }
            Found::Lacking { clock, deadline } => self.lacking(*clock, *deadline)?,
        };
        self.record(self.now, By::System, fact);
        Ok(())
    }

    fn lacking(&self, clock: ClockNo, deadline: Instant) -> Result<Fact, Refusal> {
        let (commission, rules) = self.sitting_commission()?;
        let calendar = self.calendar_at(self.unit_of(&commission.members)?);
        let usual = usual_time(calendar, self.ctx.sittings.unwrap_or_default());
        let extra = extra(calendar, self.now, deadline, rules.cut_off, usual);
        let mut tell: Vec<Told> = Vec::new();
        let acting = self.acting_task()?.no;
        for addressee in std::iter::once(&Addressee::Owner).chain(&rules.tell) {
            for to in self.recipients(acting, addressee)? {
                if tell.iter().all(|told| told.to != to) {
                    tell.push(Told { addressee: addressee.clone(), to });
                }
            }
        }
        Ok(Fact::SittingLacking { clock, deadline, extra, tell })
    }

    fn sitting_commission(&self) -> Result<(&'a Commission, &'a SittingRules), Refusal> {
        commission(self.ctx, &self.case).ok_or_else(|| {
            let reason = format!("'{}' does not decide in sittings", self.case.place.name());
            RefusalCode::NoCommission.because(reason)
        })
    }

    /// By what right the caller sees to the commission's agenda: as its owner. To prepare a sitting
    /// settles nothing, so that four eyes have no say in it.
    fn by_secretariat(&self) -> Result<By, Refusal> {
        self.by_other_eyes(self.rights_to(self.acting_task()?)?, &[])
    }

    /// The commission's own sitting of that identifier.
    fn sitting(&self, id: SittingId) -> Result<&'a Sitting, Refusal> {
        let (commission, _) = self.sitting_commission()?;
        let unit = unit_of(self.ctx, &self.case, commission);
        let sittings = self.ctx.sittings.unwrap_or_default().iter();
        let mut own = sittings
            .filter(|sitting| Some(&sitting.unit) == unit && sitting.members == commission.members);
        own.find(|sitting| sitting.id == id).ok_or_else(|| {
            RefusalCode::UnknownSitting
                .because(format!("the commission of this case has no open sitting {id}"))
        })
    }

    pub(super) fn put_on_agenda(&mut self, id: SittingId) -> Result<(), Refusal> {
        self.sitting_commission()?;
        let by = self.by_secretariat()?;
        self.refuse_while_suspended()?;
        let earlier = self.case.hearing.on_agenda;
        if earlier.is_some_and(|on| on.sitting == id) {
            // A repeat is never an error.
            return Ok(());
        }
        let sitting = self.sitting(id)?;
        match &sitting.state {
            SittingState::Planned => {}
            SittingState::Held { minutes } => {
                return Err(RefusalCode::SittingOver
                    .because(format!("the sitting was held; its minutes are {minutes}")));
            }
            SittingState::Cancelled { reason } => {
                return Err(RefusalCode::SittingOver
                    .because(format!("the sitting was cancelled: {reason}")));
            }
        }
        if self.now > sitting.closes_at {
            return Err(RefusalCode::AgendaClosed
                .because(format!("the agenda is closed since {}", sitting.closes_at)));
        }
        if sitting.places_left() == 0 {
            let reason = format!("all {} places of the sitting are taken", sitting.capacity);
            return Err(RefusalCode::SittingFull.because(reason));
        }
        if let Some(on) = earlier {
            let (sitting, why) = (on.sitting, OffAgenda::Moved);
            self.record(self.now, by.clone(), Fact::TakenOffAgenda { sitting, why, reason: None });
        }
        let (at, closes_at) = (sitting.at, sitting.closes_at);
        self.record(self.now, by, Fact::PutOnAgenda { sitting: id, at, closes_at });
        Ok(())
    }

    pub(super) fn take_off_agenda(&mut self, reason: &str) -> Result<(), Refusal> {
        self.sitting_commission()?;
        let by = self.by_secretariat()?;
        let reason = given(Some(reason), RefusalCode::ReasonNeeded, "a reason")?.to_owned();
        let on = self.case.hearing.on_agenda.ok_or_else(not_on_agenda)?;
        let (sitting, why) = (on.sitting, OffAgenda::TakenOff);
        self.record(self.now, by, Fact::TakenOffAgenda { sitting, why, reason: Some(reason) });
        Ok(())
    }

    /// By the member himself, or recorded for him by the commission's owner.
    pub(super) fn recuse(&mut self, member: Option<PersonId>, reason: &str) -> Result<(), Refusal> {
        let StepKind::Commission(commission) = &self.step()?.kind else {
            return Err(RefusalCode::NoCommission
                .because(format!("'{}' is no commission", self.case.place.name())));
        };
        let (caller, members) = (self.person()?, &commission.members);
        let unit = self.unit_of(members)?;
        let (by, member) = match member.filter(|member| !caller.natural.is(*member)) {
            None => {
                let by = self.by_role(members, unit)?;
                if by.on_behalf_of().is_some() {
                    return Err(RefusalCode::NotPermitted
                        .because("a delegate takes no part by not voting: he is no member"));
                }
                (by, caller.natural.id)
            }
            Some(member) => {
                let by = self.by_secretariat()?;
                let named = self.ctx.assignee.filter(|named| named.person == member);
                let organisation = self.ctx.organisation;
                let named =
                    named.filter(|named| named.holds(organisation, members, unit).is_some());
                let named = named.ok_or_else(|| {
                    let reason = format!("{member} is no member of the commission at '{unit}'");
                    RefusalCode::AssigneeNotEligible.because(reason)
                })?;
                (by, named.natural.id)
            }
        };
        let reason = given(Some(reason), RefusalCode::ReasonNeeded, "a reason")?.to_owned();
        // A repeat is never an error.
        if !self.case.hearing.recused.contains_key(&member) {
            let members = commission.members.clone();
            self.record(self.now, by, Fact::Recused { member, members, reason });
        }
        Ok(())
    }

    /// Refuses a vote that is cast outside a sitting.
    pub(super) fn refuse_outside_sitting(&self, commission: &Commission) -> Result<(), Refusal> {
        if commission.sittings.is_none() {
            return Ok(());
        }
        let on = self.case.hearing.on_agenda.ok_or_else(not_on_agenda)?;
        if self.now < on.at {
            return Err(RefusalCode::SittingAhead
                .because(format!("the sitting on whose agenda the case is begins {}", on.at)));
        }
        Ok(())
    }

    /// The sitting whose result is recorded, where the commission decides in sittings.
    pub(super) fn heard(&self, commission: &Commission) -> Result<Option<Heard>, Refusal> {
        if commission.sittings.is_none() {
            return Ok(None);
        }
        self.refuse_outside_sitting(commission)?;
        let on = self.case.hearing.on_agenda.ok_or_else(not_on_agenda)?;
        match &self.sitting(on.sitting)?.state {
            SittingState::Held { minutes } => {
                Ok(Some(Heard { sitting: on.sitting, minutes: minutes.clone() }))
            }
            _ => Err(RefusalCode::MinutesMissing.because(
                "the sitting's minutes have no number yet: its result counts once it is held",
            )),
        }
    }
}

fn not_on_agenda() -> Refusal {
    RefusalCode::NotOnAgenda.because("the case is on the agenda of no sitting")
}
