//! What people do with the work that they have: officers at their desks, commissions in their
//! sittings, other bodies, applicants.

use std::collections::{BTreeSet, HashMap};

use chrono::{Datelike, TimeDelta, Weekday};
use parvaneh_core::{
    ActionId, Actor, Caller, Case, Command, Context, FormId, Given, Grant, Instant, PersonId,
    Place, RoleId, Task, Term, UnitId,
    calendar::DayKind,
    case::Clock,
    decide::{Possible, Tally, possible},
    definition::{APPROVED, Answer, Permission, REJECTED, Step, StepKind},
    event::{Owner, Purpose, STATUTORY, Vote},
    order::{Candidate, CandidateState, Rule, Visit, order},
};

use super::{Asks, DeskId, Job, Year};
use crate::simulation::{
    Country,
    behaviour::{Choice, act},
    desk::{Desk, Waiting},
};

/// Slots of a usual working day: an hour each.
const SLOTS_A_DAY: f64 = 7.0;
/// How often a commission sits, in days.
const SITTING_EVERY: i64 = 9;
/// How many cases a sitting decides at least.
const AGENDA: usize = 12;

/// Which actions somebody can take.
enum Able {
    /// All of the step.
    All,
    /// These.
    Of(BTreeSet<ActionId>),
}

impl Able {
    fn takes(&self, action: &ActionId) -> bool {
        match self {
            Self::All => true,
            Self::Of(actions) => actions.contains(action),
        }
    }
}

impl Year<'_> {
    /// What may befall a case beside its steps: a court that stops it, a director who extends it.
    pub(super) fn foresee(&mut self, number: usize, now: Instant) {
        let temper = &mut self.applications[number].temper;
        let (stopped, extended) = (temper.chance(0.01), temper.chance(0.12));
        if stopped {
            self.schedule(now + TimeDelta::days(20), number, Job::Suspend);
            self.schedule(now + TimeDelta::days(34), number, Job::Resume);
        }
        if extended {
            self.schedule(now + TimeDelta::days(50), number, Job::Extend);
        }
    }

    pub(super) fn set_to_work(&mut self, number: usize, case: &Case, task: &Task, now: Instant) {
        let Some(step) = self.definition.steps.get(&task.step) else { return };
        let asks_agency = matches!(&task.owner, Owner::Role(role) if self.is_agency(role));
        let temper = &mut self.applications[number].temper;
        match (task.purpose, &task.owner, &step.kind) {
            (Purpose::Vote, ..) | (Purpose::Answer, Owner::Applicant, _) => {}
            (Purpose::Act, Owner::Applicant, _) => {
                let appeals = step.actions.keys().any(|action| action.as_str() == "appeal");
                if let Some(reaction) = temper.applicant(step, appeals) {
                    let job = Job::Respond { task: task.no, choice: reaction.choice };
                    self.schedule(now + reaction.after, number, job);
                }
            }
            (Purpose::Answer, Owner::Role(_), _) if asks_agency => {
                let slowness = self.country.slowness(self.organisation, &task.unit);
                if let Some(reaction) = temper.agency(slowness) {
                    let job = Job::Respond { task: task.no, choice: reaction.choice };
                    self.schedule(now + reaction.after, number, job);
                }
            }
            (Purpose::Act, Owner::Role(role), StepKind::Commission(_)) => {
                let agenda = self.agendas.entry((role.clone(), task.unit.clone())).or_default();
                agenda.insert((case.statutory.as_ref().and_then(|clock| clock.deadline), number));
            }
            (_, Owner::Role(role), _) => {
                let desk = (role.clone(), task.unit.clone());
                if !self.desks.contains_key(&desk) {
                    let per_day = self.capacity(&task.unit);
                    self.desks.insert(desk.clone(), Desk::new(per_day, SLOTS_A_DAY));
                }
                if let Some(open) = self.desks.get_mut(&desk) {
                    open.put((number, task.no));
                }
                self.busy.insert(desk);
            }
        }
    }

    fn is_agency(&self, role: &RoleId) -> bool {
        self.definition.roles.get(role).is_some_and(|role| role.agency)
    }

    /// How many tasks a desk can begin on a working day: what comes in, over its load, and at
    /// least one in two days (its officers have other work as well).
    fn capacity(&self, unit: &UnitId) -> f64 {
        let working_days = self.settings.days() as f64 * 0.66;
        let share = self.country.share(self.organisation, unit);
        let arriving = self.settings.cases as f64 * share / working_days;
        (1.3 * self.settings.staffing * arriving / self.country.load(self.organisation, unit))
            .max(0.5 * self.settings.staffing)
    }

    /// Whether the offices of a unit are open. A day's hours are asked for once a calendar.
    fn open_at(&mut self, unit: &UnitId, now: Instant) -> bool {
        let calendar = self.calendars.for_unit(self.organisation.path(unit));
        let date = calendar.local_date(now);
        if self.hours.0 != date {
            self.hours = (date, HashMap::new());
        }
        let hours =
            self.hours.1.entry(std::ptr::from_ref(calendar).addr()).or_insert_with(
                || match calendar.day(date).kind {
                    DayKind::Open { intervals, .. } => intervals,
                    DayKind::Closed { .. } => Vec::new(),
                },
            );
        hours.iter().any(|open| (open.opens..open.closes).contains(&now))
    }

    /// Officers take what waits at their desks, in the order of the policy.
    pub(super) fn open_desks(&mut self, now: Instant, asking: &mut BTreeSet<usize>) {
        for key in self.busy.clone() {
            if !self.open_at(&key.1, now) {
                continue;
            }
            let Some(mut desk) = self.desks.remove(&key) else { continue };
            // A task may be gone, or have gone to somebody else.
            desk.keep(|(number, task)| self.waiting_at(&key, number, task).is_some());
            let officers = self.country.holders(&key.0, &key.1);
            let room = if officers.is_empty() { 0 } else { desk.room(self.slot) };
            let order = if room > 0 { self.order_at(&key, &desk, now) } else { Vec::new() };
            for (number, task) in order.into_iter().take(room) {
                desk.begin((number, task));
                let officer = officers[number % officers.len()];
                let application = &mut self.applications[number];
                let after = application.temper.handling();
                application.pending.push_back((officer, Asks::Do(Command::Claim { task })));
                asking.insert(number);
                self.schedule(now + after, number, Job::Finish { task, officer });
            }
            if desk.is_idle() {
                self.busy.remove(&key);
            }
            self.desks.insert(key, desk);
        }
    }

    /// The task, as long as it waits at the desk.
    fn waiting_at(&self, key: &DeskId, number: usize, task: u32) -> Option<(&Case, &Task)> {
        let case = self.applications[number].case.as_ref()?;
        let open = case.task(task)?;
        let here = matches!(&open.owner, Owner::Role(role) if *role == key.0) && open.unit == key.1;
        here.then_some((case, open))
    }

    /// What waits at a desk, in the order of the policy.
    fn order_at(&self, key: &DeskId, desk: &Desk, now: Instant) -> Vec<Waiting> {
        let calendar = self.calendars.for_unit(self.organisation.path(&key.1));
        let candidates = desk.waiting().filter_map(|(number, no)| {
            let (case, task) = self.waiting_at(key, number, no)?;
            let running = case.statutory.as_ref().filter(|clock| clock.is_running());
            Some(Candidate {
                key: (number, no),
                opened_at: task.opened_at,
                due_at: task.clock.as_ref().and_then(|clock| clock.deadline),
                case_due_at: running.and_then(|clock| clock.deadline),
                work: desk.work(),
                remaining: self.outlook.of(&task.step, task.branch.as_ref()).remaining,
                state: match case.suspension {
                    Some(_) => CandidateState::Suspended,
                    None => CandidateState::Open,
                },
                calendar,
            })
        });
        let rule = Rule { taken: desk.taken(), ..Rule::new(self.settings.policy) };
        order(candidates, &rule, now).into_iter().map(|place| place.key).collect()
    }

    /// Remembers how long the tasks took that a change of a case has closed.
    pub(super) fn learn(&mut self, before: &Case, after: &Case) {
        for task in before.tasks.iter().filter(|task| after.task(task.no).is_none()) {
            if task.purpose == Purpose::Vote {
                continue;
            }
            self.history.add(Visit {
                case: before.id,
                step: task.step.clone(),
                branch: task.branch.clone(),
                opened_at: task.opened_at,
                claimed_at: task.claimed_at,
                closed_at: after.recorded_at,
                calendar: self.calendars.for_unit(self.organisation.path(&task.unit)),
            });
        }
    }

    /// Commissions sit every few days, in the middle of the day.
    pub(super) fn hold_sittings(&mut self, now: Instant, asking: &mut BTreeSet<usize>) {
        let national = self.calendars.national();
        let date = national.local_date(now);
        let local = now.with_timezone(&national.zone());
        if (local.format("%H:%M").to_string().as_str(), date.weekday() == Weekday::Fri)
            != ("10:00", false)
        {
            return;
        }
        let keys: Vec<_> = self.agendas.keys().cloned().collect();
        for key in keys {
            // The provinces sit on different days.
            let offset = key.1.as_str().bytes().map(i64::from).sum::<i64>();
            if (i64::from(date.num_days_from_ce()) + offset) % SITTING_EVERY != 0
                || !self.open_at(&key.1, now)
            {
                continue;
            }
            let room = AGENDA.max((self.capacity(&key.1) * SITTING_EVERY as f64) as usize);
            for _ in 0..room {
                let Some((_, number)) = self.agendas.get_mut(&key).and_then(BTreeSet::pop_first)
                else {
                    break;
                };
                if self.decide_in_sitting(number, &key) {
                    asking.insert(number);
                }
            }
        }
    }

    /// The votes of a sitting on one case, and the act that records their result.
    fn decide_in_sitting(&mut self, number: usize, key: &DeskId) -> bool {
        let application = &mut self.applications[number];
        let Some(case) = application.case.as_ref().filter(|case| case.suspension.is_none()) else {
            return false;
        };
        let Some(step) = self.definition.steps.get(case.place.name()) else { return false };
        let StepKind::Commission(commission) = &step.kind else { return false };
        let owned =
            |task: &Task| task.purpose == Purpose::Act && task.owner == Owner::Role(key.0.clone());
        if !case.tasks.iter().any(owned) {
            return false;
        }
        let votes = case.tasks.iter().find(|task| task.purpose == Purpose::Vote);
        let Some(unit) = votes.map(|task| task.unit.clone()) else { return false };
        let (mut favour, mut against, mut cast) = (0, 0, 0);
        for (seat, member) in self.country.holders(&commission.members, &unit).iter().enumerate() {
            // Somebody is often away, but never so many that the quorum fails.
            if seat as u32 >= commission.quorum && application.temper.chance(0.25) {
                continue;
            }
            let vote = application.temper.vote();
            cast += 1;
            match vote {
                Vote::For => favour += 1,
                Vote::Against => against += 1,
                Vote::Abstain => {}
            }
            application
                .pending
                .push_back((*member, Asks::Do(Command::Vote { vote, reason: None })));
        }
        let tally = Tally { in_favour: favour, against, abstained: cast - favour - against };
        let approved = tally.result(commission, 0).is_ok_and(|result| result.approved);
        let name = if approved { APPROVED } else { REJECTED };
        let secretaries = self.country.holders(&key.0, &key.1);
        if let (Some((name, action)), Some(secretary)) =
            (step.actions.get_key_value(name), secretaries.first())
            && let Choice::Act { action, reason, citation } = act(name, action)
        {
            application.pending.push_back((
                *secretary,
                Asks::Do(Command::Act { action, reason, citation, given: Given::default() }),
            ));
        }
        true
    }

    /// Turns a job into a command; whether there is one.
    pub(super) fn ask(&mut self, number: usize, job: Job, now: Instant) -> bool {
        if matches!(job, Job::Arrive) {
            return true;
        }
        let Some(case) = self.applications[number].case.clone() else { return false };
        if case.is_ended() {
            return false;
        }
        let asked = match job {
            Job::Arrive => None,
            Job::Finish { task, officer } => self.finish(number, &case, task, officer, now),
            Job::Respond { task, choice } => self
                .instead(number, &case, task, choice, now)
                .and_then(|choice| respond(self.country, &case, task, choice)),
            Job::Suspend => self.director(&case).map(|director| {
                let reason = "به درخواست مرجع قضایی".to_owned();
                (director, Command::Suspend { reason, basis: None })
            }),
            Job::Resume => {
                self.director(&case).map(|director| (director, Command::Resume { reason: None }))
            }
            Job::Extend => self.extension(&case),
        };
        match asked {
            Some((by, command)) => {
                self.applications[number].pending.push_back((by, Asks::Do(command)));
                true
            }
            None => false,
        }
    }

    fn finish(
        &mut self,
        number: usize,
        case: &Case,
        task: u32,
        officer: PersonId,
        now: Instant,
    ) -> Option<(PersonId, Command)> {
        let open = case.task(task).filter(|open| open.assignee == Some(officer))?;
        if case.suspension.is_some() {
            // It is done when the case runs again.
            let again = self.jobs.first_key_value().map(|(at, _)| *at)?.max(case.recorded_at)
                + TimeDelta::days(15);
            self.schedule(again, number, Job::Finish { task, officer });
            return None;
        }
        if let Some(branch) = &open.branch {
            let command = Command::Answer {
                branch: branch.clone(),
                answer: if self.applications[number].temper.chance(0.03) {
                    Answer::Negative
                } else {
                    Answer::Positive
                },
                reason: None,
                reference: None,
            };
            return Some((officer, command));
        }
        let step = self.definition.steps.get(&open.step)?;
        let able = self.able(case, open, officer, now);
        match self.applications[number].temper.choose(step, 1.0, &|action| able.takes(action))? {
            Choice::Act { action, reason, citation } => {
                Some((officer, Command::Act { action, reason, citation, given: Given::default() }))
            }
            Choice::Answer(_) | Choice::Withdraw => None,
        }
    }

    /// What the applicant does, if what he had in mind is not possible by now.
    fn instead(
        &mut self,
        number: usize,
        case: &Case,
        task: u32,
        choice: Choice,
        now: Instant,
    ) -> Option<Choice> {
        let (Choice::Act { action, .. }, Some(open)) = (&choice, case.task(task)) else {
            return Some(choice);
        };
        let able = self.able(case, open, case.applicant, now);
        if able.takes(action) {
            return Some(choice);
        }
        let step = self.definition.steps.get(&open.step)?;
        self.applications[number].temper.choose(step, 0.0, &|action| able.takes(action))
    }

    /// What somebody who has a task can do with its step now. The engine is asked only where the
    /// step asks something of a case: forms, papers, guards.
    fn able(&self, case: &Case, task: &Task, person: PersonId, now: Instant) -> Able {
        let asks = |step: &Step| {
            let asks = |form: &Option<FormId>, papers: usize| form.is_some() || papers > 0;
            asks(&step.form, step.documents.len())
                || step.actions.values().any(|action| {
                    action.guard.is_some() || asks(&action.form, action.documents.len())
                })
        };
        if !self.definition.steps.get(&task.step).is_some_and(asks) {
            return Able::All;
        }
        let grants = match &task.owner {
            Owner::Role(role) => vec![Grant { role: role.clone(), unit: task.unit.clone() }],
            Owner::Applicant => Vec::new(),
        };
        let caller = Caller::Person(Actor::new(person, grants));
        let ctx = Context {
            definition: self.definition,
            calendars: self.calendars,
            organisation: self.organisation,
            caller: &caller,
            assignee: None,
            sittings: None,
            found: None,
            personal: None,
            now,
        };
        let taken = possible(&ctx, case).into_iter().filter_map(|possible| match possible {
            Possible::Act { action, needs_values, needs_papers, .. } => {
                (needs_values.is_empty() && needs_papers.is_empty()).then_some(action)
            }
            _ => None,
        });
        Able::Of(taken.collect())
    }

    /// Somebody who may suspend and resume the case.
    fn director(&self, case: &Case) -> Option<PersonId> {
        let may = self
            .definition
            .roles
            .iter()
            .filter(|(_, role)| role.may.contains(&Permission::Suspend));
        let mut units = may
            .filter_map(|(id, role)| Some((id, self.organisation.at_level(&case.unit, role.at)?)));
        units.find_map(|(role, unit)| self.country.holders(role, unit).first().copied())
    }

    /// An extension of the statutory clock, where it is near its end and the definition permits it.
    fn extension(&self, case: &Case) -> Option<(PersonId, Command)> {
        let rule = self.definition.statutory.extension.as_ref()?;
        let running: &Clock = case.statutory.as_ref().filter(|clock| clock.is_running())?;
        let role = self.definition.roles.get(&rule.by)?;
        let unit = self.organisation.at_level(&case.unit, role.at)?;
        let by = *self.country.holders(&rule.by, unit).first()?;
        let term = Term { count: rule.up_to.count, unit: running.ledger.term.unit };
        let reason = "تراکم پرونده‌ها در دبیرخانه".to_owned();
        Some((by, Command::Extend { clock: STATUTORY, by: term, reason }))
    }
}

/// What an applicant or an asked body does with a task that is still open.
fn respond(
    country: &Country,
    case: &Case,
    task: u32,
    choice: Choice,
) -> Option<(PersonId, Command)> {
    let open = case.task(task)?;
    match choice {
        Choice::Answer(answer) => {
            let Owner::Role(role) = &open.owner else { return None };
            let by = *country.holders(role, &open.unit).first()?;
            let branch = open.branch.clone()?;
            Some((by, Command::Answer { branch, answer, reason: None, reference: None }))
        }
        // Whoever must act while the case is suspended waits; the clock of his task waits too.
        Choice::Act { .. } if case.suspension.is_some() => None,
        Choice::Act { action, reason, citation } => {
            matches!(&case.place, Place::Step { step, .. } if *step == open.step).then_some(())?;
            Some((
                case.applicant,
                Command::Act { action, reason, citation, given: Given::default() },
            ))
        }
        Choice::Withdraw => Some((case.applicant, Command::Withdraw { reason: None })),
    }
}
