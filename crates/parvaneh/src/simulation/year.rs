//! The year, slot by slot.

mod work;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use chrono::{NaiveDate, TimeDelta};
use parvaneh_core::{
    Calendars, Case, CaseId, Command, Definition, Given, Instant, Open, Organisation, PersonId,
    RoleId, UnitId,
    calendar::OpenInterval,
    order::{History, Outlook, Policy},
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{
    Country,
    behaviour::{Choice, Temper},
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
    /// In which order officers take what waits at their desks.
    pub(crate) policy: Policy,
    /// How many officers there are, as a share of the usual number.
    pub(crate) staffing: f64,
}

/// Applications come in from that long before the year, so that the year begins with work in hand.
const LEAD_DAYS: i64 = 75;

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
    /// How long what was done took, and what is expected by it. It is looked at once a week.
    history: History,
    outlook: Outlook,
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
            outlook: Self::look_ahead(
                definition,
                &History::default(),
                calendars,
                settings.begins(),
            ),
            history: History::default(),
            hours: (settings.first_day, HashMap::new()),
            summary: Summary::default(),
        }
    }

    /// What is expected of tasks on a date.
    fn look_ahead(
        definition: &Definition,
        history: &History,
        calendars: &Calendars,
        date: NaiveDate,
    ) -> Outlook {
        let national = calendars.national();
        Outlook::new(definition, history, national, national.start_of(date))
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
            if done % 7 == 0 {
                self.outlook =
                    Self::look_ahead(self.definition, &self.history, self.calendars, date);
            }
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
                about: None,
                given: Given::default(),
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
                if self.ask(number, job, now) {
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
        if let Some(before) = &before {
            self.learn(before, &case);
        }
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
}
