//! What the core makes of the events again: the state, and every deadline that an event sets.

use super::{
    code::Code,
    rules::{Rules, Wrong},
};
use crate::{
    Case, Event, Fact,
    case::Clock,
    clock::{Instant, Ledger},
    event::{ClockNo, STATUTORY, StartedClock, StatutoryChange},
    evolve,
    migration::Migrated,
};

/// A case as far as its events have been folded.
#[derive(Clone, Debug)]
pub(super) struct Folded {
    pub(super) case: Case,
    /// The raw deadlines that the stored one may be: by each calendar by which it was last computed.
    pub(super) raw: Vec<Instant>,
}

/// Folds an event in, and says what in it is not what the core computes.
pub(super) fn fold(
    folded: &mut Option<Folded>,
    event: &Event,
    rules: &Rules,
    wrong: &mut Vec<Wrong>,
) {
    let before = match folded {
        Some(folded) => {
            let before = event.fact.bears_on_clocks().then(|| Before::of(&folded.case));
            evolve(&mut folded.case, event);
            before
        }
        None => {
            let Some(case) = Case::opened(event) else {
                wrong.push((Code::NotAnEvent, event.fact.kind().to_owned()));
                return;
            };
            *folded = Some(Folded { case, raw: Vec::new() });
            Some(Before::default())
        }
    };
    let Some(folded) = folded else { return };
    named(&folded.case, event, rules, wrong);
    if let Some(before) = before {
        Recount { rules, event, folded, before, wrong }.clocks();
    }
}

/// The definitions and calendars that an event names by their hashes.
fn named(case: &Case, event: &Event, rules: &Rules, wrong: &mut Vec<Wrong>) {
    let mut check = |checked: Result<(), Wrong>| wrong.extend(checked.err());
    match &event.fact {
        Fact::Opened {
            workflow,
            version,
            definition,
            calendar,
            calendar_version,
            calendar_revision,
            ..
        } => {
            check(rules.definition_of(workflow, *version, Some(definition)).map(|_| ()));
            let revision = calendar_revision.unwrap_or_default();
            check(rules.check_state(calendar, revision, calendar_version));
        }
        Fact::Rescheduled { calendar_version, calendar_revision, .. } => {
            check(rules.check_state(&case.calendar, *calendar_revision, calendar_version));
        }
        Fact::Migrated(migrated) => {
            let Migrated { to, .. } = &**migrated;
            let known = rules.definition_of(&case.workflow, to.version, Some(&to.definition));
            check(known.map(|_| ()));
        }
        _ => {}
    }
}

/// The clocks as they were before an event.
#[derive(Debug, Default)]
struct Before {
    clocks: Vec<(ClockNo, Clock)>,
    revision: Option<u32>,
}

impl Before {
    fn of(case: &Case) -> Self {
        let clocks = case.clocks().map(|(no, clock)| (no, clock.clone())).collect();
        Self { clocks, revision: Some(case.calendar_revision) }
    }

    fn clock(&self, no: ClockNo) -> Option<&Clock> {
        self.clocks.iter().find(|(known, _)| *known == no).map(|(_, clock)| clock)
    }
}

/// Whether two ledgers come to the same deadline by the same calendar: when a clock stopped has no
/// bearing on it.
fn counts_alike(one: &Ledger, other: &Ledger) -> bool {
    one.term == other.term
        && one.started_at == other.started_at
        && one.suspensions == other.suspensions
        && one.extensions == other.extensions
}

struct Recount<'r> {
    rules: &'r Rules,
    event: &'r Event,
    folded: &'r mut Folded,
    before: Before,
    wrong: &'r mut Vec<Wrong>,
}

impl Recount<'_> {
    fn clocks(mut self) {
        self.term();
        self.fired();
        let case = &self.folded.case;
        let mut found = Vec::new();
        for (no, clock) in case.clocks() {
            let same = self.before.clock(no).is_some_and(|before| {
                before.deadline == clock.deadline && counts_alike(&before.ledger, &clock.ledger)
            });
            let suspended = clock.ledger.is_suspended();
            if same || suspended && clock.deadline.is_none() {
                continue;
            }
            let is = |computed: Instant| Some(computed) == clock.deadline;
            if !self.any(clock, |ledger, calendar| {
                ledger.deadline(calendar).ok().flatten().is_some_and(is)
            }) {
                found.push((Code::DeadlineNotRecomputed, said(no, clock.deadline)));
            }
        }
        self.wrong.extend(found);
        self.raw();
    }

    /// Whether a calendar by which the event may have been decided makes it so.
    fn any(
        &self,
        clock: &Clock,
        makes: impl Fn(&Ledger, &crate::calendar::Calendar) -> bool,
    ) -> bool {
        self.calendars(clock).any(|calendar| makes(&clock.ledger, calendar))
    }

    /// The calendars by which the event may have been decided.
    fn calendars(&self, clock: &Clock) -> impl Iterator<Item = &crate::calendar::Calendar> {
        let Self { rules, event, folded, before, .. } = self;
        let case = &folded.case;
        let first = before.revision.unwrap_or(case.calendar_revision);
        let states =
            rules.states_between(&case.calendar, first, event.effective_at, event.recorded_at);
        states.filter_map(|state| rules.calendar(&case.calendar, state, &clock.unit))
    }

    /// The deadline without suspensions and extensions, where it became known by the event.
    fn raw(&mut self) {
        let fact = &self.event.fact;
        let change = fact.entry().and_then(|entry| entry.statutory.as_ref());
        let becomes_known = match (fact, change) {
            (_, Some(StatutoryChange::Stopped { .. } | StatutoryChange::Started(_))) => true,
            (Fact::Migrated(moved), _) => moved.clock(STATUTORY).is_some(),
            (Fact::Rescheduled { .. }, _) => fact.bears_on(STATUTORY),
            _ => false,
        };
        let Some(clock) = self.folded.case.statutory.as_ref().filter(|_| becomes_known) else {
            // A clock that starts suspended has none stored until something else happens to it.
            return;
        };
        let raw: Vec<Instant> = self
            .calendars(clock)
            .filter_map(|calendar| clock.ledger.raw_deadline(calendar).ok())
            .collect();
        if let Some(StatutoryChange::Stopped { raw_deadline, .. }) = change {
            if !raw.contains(raw_deadline) {
                let told = said(STATUTORY, Some(*raw_deadline));
                self.wrong.push((Code::RawDeadlineDiffers, told));
            }
            self.folded.raw = vec![*raw_deadline];
        } else {
            self.folded.raw = raw;
        }
    }

    /// The statutory clock starts with the term of the definition.
    fn term(&mut self) {
        let entry = self.event.fact.entry();
        let Some(
            StatutoryChange::Started(StartedClock { term, .. })
            | StatutoryChange::StartedSuspended(StartedClock { term, .. }),
        ) = entry.and_then(|entry| entry.statutory.as_ref())
        else {
            return;
        };
        let case = &self.folded.case;
        // That it is missing has been told.
        let Ok(definition) = self.rules.definition_of(&case.workflow, case.version, None) else {
            return;
        };
        if definition.statutory.term != *term {
            let told = format!("{term} ≠ {}", definition.statutory.term);
            self.wrong.push((Code::TermDiffers, told));
        }
    }

    /// What fired names the deadline that the clock had.
    fn fired(&mut self) {
        let Fact::Escalated { clock, deadline, .. } = &self.event.fact else { return };
        let had = self.before.clock(*clock).and_then(|clock| clock.deadline);
        if had != Some(*deadline) {
            self.wrong.push((Code::DeadlineNotRecomputed, said(*clock, Some(*deadline))));
        }
    }
}

fn said(clock: ClockNo, deadline: Option<Instant>) -> String {
    let deadline = deadline.map_or_else(|| "-".to_owned(), |at| at.to_rfc3339());
    format!("clock {clock}: {deadline}")
}
