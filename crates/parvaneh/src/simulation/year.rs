//! The year, slot by slot.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use chrono::{Datelike, NaiveDate, TimeDelta, Weekday};
use parvaneh_core::{
    Calendars, Case, CaseId, Command, Definition, Instant, Open, Organisation, PersonId, Place,
    RoleId, Task, Term, UnitId,
    calendar::{DayKind, OpenInterval},
    case::Clock,
    definition::{APPROVED, Answer, REJECTED, StepKind},
    event::{Owner, Purpose, STATUTORY, Vote},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{
    Country,
    behaviour::{Choice, Temper, act},
    country::{Person, case_id, subject},
    desk::Desk,
};

/// What is simulated.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// How many applications come in.
    pub(crate) cases: usize,
    /// What the draws begin with.
    pub(crate) seed: u64,
    /// The first day of the Jalali year.
    pub(crate) first_day: NaiveDate,
    /// The first day of the next one.
    pub(crate) last_day: NaiveDate,
}

/// Applications come in from that long before the year, so that the year begins with work in hand.
const LEAD_DAYS: i64 = 75;
/// Slots of a usual working day: an hour each.
const SLOTS_A_DAY: f64 = 7.0;
/// How often a commission sits.
const SITTING_EVERY: i64 = 9;
/// How many cases a sitting decides at least.
const AGENDA: usize = 12;

impl Settings {
    /// The day on which the first application can come in.
    fn begins(&self) -> NaiveDate {
        self.first_day - TimeDelta::days(LEAD_DAYS)
    }

    /// How many days are lived.
    pub(crate) fn days(&self) -> u64 {
        (self.last_day - self.begins()).num_days().unsigned_abs()
    }
}

/// What the year was.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Summary {
    /// Applications.
    pub(crate) opened: usize,
    /// Commands that changed a case.
    pub(crate) commands: u64,
    /// Commands that were refused, because time had overtaken them.
    pub(crate) refused: u64,
    /// Cases to which time alone did something.
    pub(crate) ticked: u64,
}

/// The engine, as the simulation sees it.
pub(crate) trait Engine {
    /// What cannot be gone on with.
    type Error;
    /// Makes the sandbox clock stand at an instant.
    async fn set_clock(&self, at: Instant) -> Result<(), Self::Error>;
    /// Lets the worker do what is due; what it changed.
    async fn work(&self) -> Result<Vec<Changed>, Self::Error>;
    /// Puts requests, of different cases, through the write path; a refusal is `None`.
    async fn execute(&self, requests: Vec<Request>) -> Result<Vec<Option<Changed>>, Self::Error>;
    /// Makes applicants known.
    async fn register(&self, people: &[Person]) -> Result<(), Self::Error>;
}

/// A case that has changed.
#[derive(Clone, Debug)]
pub(crate) struct Changed {
    pub(crate) case: Case,
    /// When something must happen to it by itself.
    pub(crate) next_due: Option<Instant>,
}

/// One command for one case.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) case: CaseId,
    pub(crate) by: PersonId,
    pub(crate) asks: Asks,
}

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) enum Asks {
    Open(Open),
    Do(Command),
}

/// A role at a unit.
type DeskId = (RoleId, UnitId);
/// What a commission has to decide: the nearest statutory deadline comes first.
type Agenda = BTreeSet<(Option<Instant>, usize)>;

struct Application {
    case: Option<Case>,
    next_due: Option<Instant>,
    id: CaseId,
    temper: Temper,
    /// The tasks that somebody has been set to.
    seen: u32,
    /// Commands that wait for their turn: one a round.
    pending: VecDeque<(PersonId, Asks)>,
}

/// Something that will happen.
enum Job {
    Arrive,
    Finish { task: u32, officer: PersonId },
    Respond { task: u32, choice: Choice },
    Suspend,
    Resume,
    Extend,
}

/// The year that is being lived.
pub(crate) struct Year<'a> {
    settings: Settings,
    definition: &'a Definition,
    calendars: &'a Calendars,
    organisation: &'a Organisation,
    country: &'a Country,
    applications: Vec<Application>,
    by_id: HashMap<CaseId, usize>,
    jobs: BTreeMap<Instant, Vec<(usize, Job)>>,
    /// When the worker has something to do, as the engine told.
    due: BTreeSet<(Instant, usize)>,
    desks: BTreeMap<DeskId, Desk>,
    busy: BTreeSet<DeskId>,
    agendas: BTreeMap<DeskId, Agenda>,
    slot: u64,
    /// The opening hours of a date, by calendar.
    hours: (NaiveDate, HashMap<usize, Vec<OpenInterval>>),
    summary: Summary,
}

impl<'a> Year<'a> {
    pub(crate) fn new(
        settings: Settings,
        definition: &'a Definition,
        calendars: &'a Calendars,
        organisation: &'a Organisation,
        country: &'a Country,
    ) -> Self {
        Self {
            settings,
            definition,
            calendars,
            organisation,
            country,
            applications: Vec::new(),
            by_id: HashMap::new(),
            jobs: BTreeMap::new(),
            due: BTreeSet::new(),
            desks: BTreeMap::new(),
            busy: BTreeSet::new(),
            agendas: BTreeMap::new(),
            slot: 0,
            hours: (settings.first_day, HashMap::new()),
            summary: Summary::default(),
        }
    }

    /// Lives the year; `on_day` is told how many days have passed.
    pub(crate) async fn live<E: Engine>(
        mut self,
        engine: &E,
        mut on_day: impl FnMut(u64),
    ) -> Result<Summary, E::Error> {
        let mut date = self.settings.begins();
        let applicants = self.plan_arrivals();
        engine.set_clock(self.instant(date, 0)).await?;
        engine.register(&self.country.people).await?;
        engine.register(&applicants).await?;
        for done in 0..self.settings.days() {
            for slot in self.slots(date) {
                self.live_slot(engine, slot).await?;
            }
            date += TimeDelta::days(1);
            on_day(done + 1);
        }
        let end = self.instant(date, 0);
        engine.set_clock(end).await?;
        self.work(engine, end).await?;
        Ok(self.summary)
    }

    /// When things happen on a date: through its working hours, and in the evening, when other
    /// bodies' answers and applicants' papers have come in.
    fn slots(&self, date: NaiveDate) -> Vec<Instant> {
        (8..=14).chain([20]).map(|hour| self.instant(date, hour * 60)).collect()
    }

    fn instant(&self, date: NaiveDate, minute: i64) -> Instant {
        self.calendars.national().start_of(date) + TimeDelta::minutes(minute)
    }

    /// Spreads the applications over the year, each with its applicant.
    fn plan_arrivals(&mut self) -> Vec<Person> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.settings.seed ^ 0xa5a5);
        let first = self.settings.begins();
        let days = self.settings.days() as i64;
        let mut people = Vec::with_capacity(self.settings.cases);
        let mut arrivals: Vec<Instant> = (0..self.settings.cases)
            .map(|_| {
                let date = first + TimeDelta::days(rng.random_range(0..days));
                self.instant(date, rng.random_range(8 * 60..20 * 60))
            })
            .collect();
        arrivals.sort();
        for (number, at) in arrivals.into_iter().enumerate() {
            let applicant = Country::applicant(&mut rng);
            let id = case_id(at, &mut rng);
            let open = Open {
                case: id,
                unit: self.country.county(&mut rng),
                applicant: applicant.id,
                subject: subject(&mut rng),
                received_at: None,
                reason: None,
            };
            let temper = Temper::new(self.settings.seed, number as u64);
            let pending = VecDeque::from([(applicant.id, Asks::Open(open))]);
            self.applications.push(Application {
                case: None,
                next_due: None,
                id,
                temper,
                seen: 0,
                pending,
            });
            self.by_id.insert(id, number);
            self.schedule(at, number, Job::Arrive);
            people.push(applicant);
        }
        people
    }

    fn schedule(&mut self, at: Instant, number: usize, job: Job) {
        self.jobs.entry(at).or_default().push((number, job));
    }

    async fn live_slot<E: Engine>(&mut self, engine: &E, now: Instant) -> Result<(), E::Error> {
        self.slot += 1;
        let reached = |at: Option<&Instant>| at.is_some_and(|at| *at <= now);
        let idle = self.busy.is_empty()
            && self.agendas.values().all(BTreeSet::is_empty)
            && !reached(self.jobs.keys().next())
            && !reached(self.due.first().map(|(at, _)| at));
        if idle {
            return Ok(());
        }
        engine.set_clock(now).await?;
        self.work(engine, now).await?;
        let mut asking = BTreeSet::new();
        while let Some(entry) = self.jobs.first_entry().filter(|entry| *entry.key() <= now) {
            for (number, job) in entry.remove() {
                if self.ask(number, job) {
                    asking.insert(number);
                }
            }
        }
        self.open_desks(now, &mut asking);
        self.hold_sittings(now, &mut asking);
        // One command a case and round: what follows from an answer comes in the next round.
        while !asking.is_empty() {
            let mut requests = Vec::new();
            let mut numbers = Vec::new();
            for number in std::mem::take(&mut asking) {
                let application = &mut self.applications[number];
                if let Some((by, asks)) = application.pending.pop_front() {
                    requests.push(Request { case: application.id, by, asks });
                    numbers.push(number);
                }
                if !application.pending.is_empty() {
                    asking.insert(number);
                }
            }
            if requests.is_empty() {
                break;
            }
            for (number, case) in numbers.into_iter().zip(engine.execute(requests).await?) {
                match case {
                    Some(changed) => {
                        self.summary.commands += 1;
                        self.react(number, changed, now);
                    }
                    None => {
                        self.summary.refused += 1;
                        self.applications[number].pending.clear();
                    }
                }
            }
        }
        Ok(())
    }

    async fn work<E: Engine>(&mut self, engine: &E, now: Instant) -> Result<(), E::Error> {
        if self.due.first().is_none_or(|(at, _)| *at > now) {
            return Ok(());
        }
        for changed in engine.work().await? {
            self.summary.ticked += 1;
            if let Some(number) = self.by_id.get(&changed.case.id).copied() {
                self.react(number, changed, now);
            }
        }
        Ok(())
    }

    /// Sets somebody to every task that is new, and remembers the case.
    fn react(&mut self, number: usize, changed: Changed, now: Instant) {
        let Changed { case, next_due } = changed;
        if let Some(at) = std::mem::replace(&mut self.applications[number].next_due, next_due) {
            self.due.remove(&(at, number));
        }
        self.due.extend(next_due.map(|at| (at, number)));
        let opened = self.applications[number].case.is_none();
        let before = self.applications[number].case.replace(case.clone());
        if opened {
            self.summary.opened += 1;
            self.foresee(number, now);
        }
        let seen = self.applications[number].seen;
        for task in &case.tasks {
            let moved = before
                .as_ref()
                .and_then(|before| before.task(task.no))
                .is_some_and(|was| was.owner != task.owner);
            if task.no > seen || moved {
                self.set_to_work(number, &case, task, now);
            }
        }
        self.applications[number].seen = case.task_count;
    }

    /// What may befall a case beside its steps: a court that stops it, a director who extends it.
    fn foresee(&mut self, number: usize, now: Instant) {
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

    fn set_to_work(&mut self, number: usize, case: &Case, task: &Task, now: Instant) {
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
                let due = task.clock.as_ref().and_then(|clock| clock.deadline);
                if !self.desks.contains_key(&desk) {
                    let per_day = self.capacity(&task.unit);
                    self.desks.insert(desk.clone(), Desk::new(per_day, SLOTS_A_DAY));
                }
                if let Some(open) = self.desks.get_mut(&desk) {
                    open.put((due, number, task.no));
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
        (1.3 * arriving / self.country.load(self.organisation, unit)).max(0.5)
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

    /// Officers take what waits at their desks.
    fn open_desks(&mut self, now: Instant, asking: &mut BTreeSet<usize>) {
        for key in self.busy.clone() {
            if !self.open_at(&key.1, now) {
                continue;
            }
            let Some(desk) = self.desks.get_mut(&key) else { continue };
            for (_, number, task) in desk.begin(self.slot) {
                let application = &mut self.applications[number];
                let open = application.case.as_ref().and_then(|case| case.task(task));
                // The task may be gone, or have gone to somebody else.
                if !open.is_some_and(|open| {
                    open.owner == Owner::Role(key.0.clone()) && open.unit == key.1
                }) {
                    continue;
                }
                let officers = self.country.holders(&key.0, &key.1);
                if officers.is_empty() {
                    continue;
                }
                let officer = officers[number % officers.len()];
                let after = application.temper.handling();
                application.pending.push_back((officer, Asks::Do(Command::Claim { task })));
                asking.insert(number);
                self.schedule(now + after, number, Job::Finish { task, officer });
            }
            if self.desks.get(&key).is_some_and(Desk::is_idle) {
                self.busy.remove(&key);
            }
        }
    }

    /// Commissions sit every few days, in the middle of the day.
    fn hold_sittings(&mut self, now: Instant, asking: &mut BTreeSet<usize>) {
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
        let tally = parvaneh_core::decide::Tally {
            in_favour: favour,
            against,
            abstained: cast - favour - against,
        };
        let approved = tally.result(commission).is_ok_and(|result| result.approved);
        let name = if approved { APPROVED } else { REJECTED };
        let secretaries = self.country.holders(&key.0, &key.1);
        if let (Some((name, action)), Some(secretary)) =
            (step.actions.get_key_value(name), secretaries.first())
            && let Choice::Act { action, reason, citation } = act(name, action)
        {
            application
                .pending
                .push_back((*secretary, Asks::Do(Command::Act { action, reason, citation })));
        }
        true
    }

    /// Turns a job into a command; whether there is one.
    fn ask(&mut self, number: usize, job: Job) -> bool {
        if matches!(job, Job::Arrive) {
            return true;
        }
        let Some(case) = self.applications[number].case.clone() else { return false };
        if case.is_ended() {
            return false;
        }
        let asked = match job {
            Job::Arrive => None,
            Job::Finish { task, officer } => self.finish(number, &case, task, officer),
            Job::Respond { task, choice } => respond(self.country, &case, task, choice),
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
        match self.applications[number].temper.choose(step, 1.0) {
            Choice::Act { action, reason, citation } => {
                Some((officer, Command::Act { action, reason, citation }))
            }
            Choice::Answer(_) | Choice::Withdraw => None,
        }
    }

    /// Somebody who may suspend and resume the case.
    fn director(&self, case: &Case) -> Option<PersonId> {
        use parvaneh_core::definition::Permission;
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
            Some((case.applicant, Command::Act { action, reason, citation }))
        }
        Choice::Withdraw => Some((case.applicant, Command::Withdraw { reason: None })),
    }
}
