//! A case that lives: commands reach it, and after each the promises of the engine are checked.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
};

use chrono::TimeDelta;
use parvaneh_core::{
    Actor, Calendar, Calendars, Caller, Case, Command, Context, Decided, Definition, Event, Fact,
    Given, Instant, Mapping, Open, Organisation, Place, Refusal, RefusalCode, SittingId,
    TaskRecord, Term, TermUnit, UnitId,
    calendar::{after, before},
    case::{Clock, SilenceState},
    decide,
    decide::{Possible, next_due, possible},
    definition::{Answer, Fires, Step, StepKind},
    event::{Owner, Urgency, Vote},
    evolve, migrate, open,
    register::Found,
    sitting::{Sitting, SittingState},
};
use proptest::sample::Index;

use super::{
    COUNTY, applicant, asked, at, case_id, four_eyes,
    generate::{Attempt, Wait, What, Who},
    organisation, people,
};

/// Everything that decisions depend on beside the case and the time.
pub(crate) struct World {
    pub(crate) definition: Definition,
    pub(crate) calendars: Calendars,
    pub(crate) organisation: Organisation,
    pub(crate) people: Vec<Actor>,
    /// The sittings of every commission.
    pub(crate) sittings: Vec<Sitting>,
    /// What is found of what the case is about.
    pub(crate) found: Option<Found>,
    /// The same sittings after so many of them have been held.
    pub(crate) held: Vec<OnceCell<Vec<Sitting>>>,
}

/// One microsecond: the grain of time.
pub(crate) const GRAIN: TimeDelta = TimeDelta::microseconds(1);

impl World {
    pub(crate) fn new(definition: Definition, calendars: Calendars) -> Self {
        let people = people(&definition);
        let (organisation, sittings, held) = (organisation(), Vec::new(), Vec::new());
        Self { definition, calendars, organisation, people, sittings, found: None, held }
    }

    /// A world in which commissions that decide in sittings have some.
    pub(crate) fn that_sits(definition: Definition, calendars: Calendars) -> Self {
        let mut world = Self::new(definition, calendars);
        world.sittings = sittings(&world.definition, &world.organisation, &world.calendars);
        world.held = vec![OnceCell::new(); world.sittings.len() + 1];
        world
    }

    /// The sittings as they stand at an instant: two hours after it began, each has minutes.
    fn sittings_at(&self, now: Instant) -> &[Sitting] {
        let over = |sitting: &&Sitting| sitting.at + TimeDelta::hours(2) <= now;
        let over = self.sittings.iter().take_while(over).count();
        self.held.get(over).map_or(&self.sittings, |held| {
            held.get_or_init(|| {
                let mut sittings = self.sittings.clone();
                for sitting in &mut sittings[..over] {
                    sitting.state = SittingState::Held { minutes: "7".to_owned() };
                }
                sittings
            })
        })
    }

    pub(crate) fn context<'a>(
        &'a self,
        caller: &'a Caller,
        assignee: Option<&'a Actor>,
        now: Instant,
    ) -> Context<'a> {
        let Self { definition, calendars, organisation, .. } = self;
        let (sittings, found) = (Some(self.sittings_at(now)), self.found.as_ref());
        let personal = None;
        Context {
            definition,
            calendars,
            organisation,
            caller,
            assignee,
            sittings,
            found,
            personal,
            now,
        }
    }

    pub(crate) fn tick(&self, case: &Case, now: Instant) -> Decided {
        let ctx = self.context(&Caller::System, None, now);
        decide(&ctx, case, &Command::Tick).expect("a tick of a sound definition is not refused")
    }

    pub(crate) fn calendar(&self, unit: &UnitId) -> &Calendar {
        self.calendars.for_unit(self.organisation.path(unit))
    }
}

/// A case with its whole history.
pub(crate) struct Life<'w> {
    pub(crate) world: &'w World,
    pub(crate) now: Instant,
    pub(crate) case: Case,
    pub(crate) events: Vec<Event>,
    pub(crate) tasks: BTreeMap<u32, TaskRecord>,
    pub(crate) next_due: Option<Instant>,
    pub(crate) refused: Vec<RefusalCode>,
    /// What has fired on each clock: how many levels.
    fired: BTreeMap<u32, u16>,
    /// The tasks that went to another role.
    reassigned: BTreeSet<u32>,
}

impl<'w> Life<'w> {
    /// A case that the applicant opens, or that an officer records `late` hours later.
    pub(crate) fn open(world: &'w World, now: Instant, late: u32) -> Result<Self, Refusal> {
        let (caller, received_at, reason) = match late {
            0 => (applicant(), None, None),
            late => {
                let officer = super::holder(900, &"officer".into(), COUNTY);
                (officer, Some(now - TimeDelta::hours(late.into())), Some("post".to_owned()))
            }
        };
        let application = Open {
            case: case_id(),
            unit: COUNTY.into(),
            applicant: applicant().person,
            subject: "a charity".to_owned(),
            received_at,
            reason,
            about: None,
            given: asked::for_opening(&world.definition, late.into()),
        };
        let caller = Caller::Person(caller);
        let decided = open(&world.context(&caller, None, now), &application)?;
        let case = Case::opened(&decided.events[0]).expect("it opens the case");
        let mut life = Self {
            world,
            now,
            case,
            events: Vec::new(),
            tasks: BTreeMap::new(),
            next_due: None,
            refused: Vec::new(),
            fired: BTreeMap::new(),
            reassigned: BTreeSet::new(),
        };
        life.take(decided, true);
        Ok(life)
    }

    /// Lets time pass; `eagerly`, a worker notices at once whatever is due.
    pub(crate) fn wait(&mut self, wait: Wait, eagerly: bool) {
        // What a prompt worker would have noted by now decides where the due instants lie.
        let seen = self.world.tick(&self.case, self.now);
        let due = seen.next_due;
        let sitting = seen.case.hearing.on_agenda.map(|on| on.at);
        let until = match wait {
            Wait::Minutes(minutes) => self.now + TimeDelta::minutes(minutes.into()),
            Wait::BeforeDue => due.map_or(self.now, |due| due - GRAIN),
            Wait::Due => due.unwrap_or(self.now),
            Wait::Sitting => match sitting {
                Some(at) if at > self.now => at,
                Some(at) => at + TimeDelta::hours(2),
                None => self.now,
            },
        };
        let until = until.max(self.now);
        while eagerly && let Some(due) = self.next_due.filter(|due| *due <= until) {
            self.now = self.now.max(due);
            self.tick();
        }
        self.now = until;
    }

    pub(crate) fn tick(&mut self) {
        let decided = self.world.tick(&self.case, self.now);
        self.take(decided, false);
    }

    /// Moves the case to the definition of another world. Answers whether it could be: not when it has
    /// ended, nor when more has happened to it than is recorded in one go.
    pub(crate) fn move_to(&mut self, world: &'w World, mapping: &Mapping) -> bool {
        // What comes before the migration is checked by the old definition.
        self.tick();
        if self.case.is_ended() || self.next_due.is_some_and(|due| due <= self.now) {
            return false;
        }
        let ctx = self.world.context(&Caller::System, None, self.now);
        let decided = migrate(&ctx, &self.case, mapping, &world.definition);
        self.world = world;
        self.take(decided.expect("a checked mapping moves every case"), false);
        true
    }

    /// Somebody tries something.
    pub(crate) fn attempt(&mut self, attempt: &Attempt, eagerly: bool) {
        self.wait(attempt.wait, eagerly);
        let seen = self.world.tick(&self.case, self.now).case;
        let (caller, command, assignee) = self.choose(attempt, &seen);
        let ctx = self.world.context(&caller, assignee, self.now);
        match decide(&ctx, &self.case, &command) {
            Ok(decided) => self.take(decided, false),
            Err(refusal) => {
                assert_eq!(refusal.state, seen.place.name().as_str(), "{refusal}");
                self.refused.push(refusal.code);
                self.check_possible(&ctx, &refusal.possible);
            }
        }
        self.check_possible(&ctx, &possible(&ctx, &self.case));
    }

    fn choose(
        &self,
        Attempt { who, what, .. }: &Attempt,
        seen: &Case,
    ) -> (Caller, Command, Option<&'w Actor>) {
        let people = &self.world.people;
        let by = |actor: &'w Actor| {
            let (command, assignee) = self.command(what, actor, seen);
            let caller = match command {
                Command::Tick => Caller::System,
                _ => Caller::Person(actor.clone()),
            };
            (caller, command, assignee)
        };
        match who {
            Who::Owner(index) if !seen.tasks.is_empty() => {
                let task = index.get(&seen.tasks);
                let owns = |actor: &&Actor| match (&task.owner, task.assignee) {
                    (_, Some(person)) => actor.person == person,
                    (Owner::Applicant, None) => actor.person == seen.applicant,
                    (Owner::Role(role), None) => {
                        actor.holds(&self.world.organisation, role, &task.unit).is_some()
                    }
                };
                by(people.iter().find(owns).unwrap_or(&people[0]))
            }
            // Withdrawals are frequent enough without.
            Who::Able(index) if !matches!(what, What::Withdraw) => {
                let first = index.index(people.len());
                let able = people[first..].iter().chain(&people[..first]).map(by);
                let able = able.into_iter().find(|(caller, command, assignee)| {
                    let ctx = self.world.context(caller, *assignee, self.now);
                    decide(&ctx, &self.case, command).is_ok()
                });
                able.unwrap_or_else(|| by(&people[first]))
            }
            Who::Again(index) => {
                let done =
                    |account| seen.done_by.values().flatten().any(|(who, _)| *who == account);
                let behind = |actor: &&Actor| {
                    done(actor.natural.id)
                        || actor.lent.iter().any(|lent| done(lent.natural.id))
                        || actor.natural.is(seen.applicant)
                };
                // Who has a right to something now, if there is such a one.
                let owns = |actor: &&&Actor| {
                    let tasks = seen.tasks.iter();
                    tasks
                        .filter_map(|task| match &task.owner {
                            Owner::Role(role) => Some((role, &task.unit)),
                            Owner::Applicant => None,
                        })
                        .any(|(role, unit)| {
                            let lent = actor.lent.iter().map(|lent| &lent.grant);
                            actor.grants.iter().chain(lent).any(|grant| {
                                grant.role == *role
                                    && self.world.organisation.contains(&grant.unit, unit)
                            })
                        })
                };
                let known: Vec<_> = people.iter().filter(behind).collect();
                let able: Vec<_> = known.iter().filter(owns).copied().collect();
                match (able.is_empty(), known.is_empty()) {
                    (false, _) => by(able[index.index(able.len())]),
                    (true, false) => by(known[index.index(known.len())]),
                    _ => by(index.get(people)),
                }
            }
            Who::Owner(index) | Who::Able(index) | Who::Anybody(index) => by(index.get(people)),
        }
    }

    fn command(&self, what: &What, actor: &'w Actor, seen: &Case) -> (Command, Option<&'w Actor>) {
        let world = self.world;
        let why = || Some("because".to_owned());
        let task = |index: &Index| match (seen.tasks.is_empty(), index.index(8)) {
            (true, _) | (false, 7) => 99,
            _ => index.get(&seen.tasks).no,
        };
        let command = match what {
            What::Possible(index) => {
                let caller = Caller::Person(actor.clone());
                let mut able = possible(&world.context(&caller, None, self.now), &self.case);
                able.retain(|able| {
                    !matches!(able, Possible::Comment | Possible::Withdraw | Possible::Inform)
                });
                match able.len() {
                    0 => Command::Comment { text: "nothing else".to_owned() },
                    _ => {
                        world.commanded(index.get(&able), seen, actor, self.now, index.index(9_973))
                    }
                }
            }
            What::Move(index, positive) if seen.tasks.iter().any(|task| task.branch.is_some()) => {
                return self.command(&What::Answer(*index, *positive), actor, seen);
            }
            What::Move(index, _) if index.index(4) > 0 && self.waits_for_agenda(seen) => {
                let open = world.sittings_at(self.now).iter().filter(|it| it.has_room(self.now));
                let first = open.map(|sitting| sitting.id).nth(index.index(2));
                Command::PutOnAgenda { sitting: first.unwrap_or(SittingId(uuid::Uuid::nil())) }
            }
            What::Move(index, _) if self.votes_lack(seen) && index.index(8) > 0 => {
                return self.command(&What::Vote(u8::from(index.index(4) > 0)), actor, seen);
            }
            What::Act(index, with) | What::Move(index, with) => {
                let actions = world.definition.steps.get(seen.place.name());
                let names: Vec<_> =
                    actions.map_or(Vec::new(), |step| step.actions.keys().collect());
                let action = match names.is_empty() {
                    true => "fly".into(),
                    false => (*index.get(&names)).clone(),
                };
                let given = || why().filter(|_| *with);
                let chosen = actions.and_then(|step| Some((step, step.actions.get(&action)?)));
                let brought =
                    chosen.filter(|_| *with).map_or(Given::default(), |(step, action)| {
                        let (today, seed) = (world.today(self.now), index.index(9_973) as u64);
                        asked::for_action(&world.definition, step, action, today, seed)
                    });
                Command::Act { action, reason: given(), citation: given(), given: brought }
            }
            What::Claim(index) => Command::Claim { task: task(index) },
            What::Release(index) => Command::Release { task: task(index), reason: why() },
            What::Assign(index, to) => {
                let task = task(index);
                let owner = seen.task(task).map(|task| (&task.owner, &task.unit));
                let eligible = |actor: &&Actor| match owner {
                    Some((Owner::Role(role), unit)) => {
                        actor.holds(&world.organisation, role, unit).is_some()
                    }
                    _ => false,
                };
                let anybody = to.get(&world.people);
                let mut candidates: Vec<_> = world.people.iter().filter(eligible).collect();
                candidates.push(anybody);
                let to = *to.get(&candidates);
                let urgency = Urgency::ALL.get(index.index(4)).copied();
                return (Command::Assign { task, to: to.person, reason: why(), urgency }, Some(to));
            }
            What::Inform(to) => {
                let (to, urgency) = (to.get(&world.people), Urgency::ALL.get(to.index(4)).copied());
                return (Command::Inform { to: to.person, note: why(), urgency }, Some(to));
            }
            // Everything that JSON must escape, and some that it need not.
            What::Comment => {
                let text =
                    "نیم\u{200c}فاصله \"\\/\u{8}\u{c}\n\r\t\u{1}\u{1f}\u{7f}\u{2028} é😀 <&>";
                Command::Comment { text: text.to_owned() }
            }
            What::Answer(index, positive) => {
                let open = seen.tasks.iter().filter_map(|task| task.branch.clone());
                let open: Vec<_> = open.collect();
                let branch = match open.is_empty() {
                    true => "nobody".into(),
                    false => index.get(&open).clone(),
                };
                let answer = if *positive { Answer::Positive } else { Answer::Negative };
                Command::Answer { branch, answer, reason: None, reference: why() }
            }
            What::Vote(number) => {
                let vote = [Vote::For, Vote::Against, Vote::Abstain][usize::from(*number) % 3];
                Command::Vote { vote, reason: None }
            }
            What::Suspend => Command::Suspend { reason: "a court says so".to_owned(), basis: None },
            What::Resume => Command::Resume { reason: None },
            What::Extend(index, count, wrong) => {
                let clocks: Vec<_> = seen.clocks().collect();
                let (clock, mut unit) = match clocks.is_empty() {
                    true => (7, TermUnit::Days),
                    false => {
                        let (no, clock) = index.get(&clocks);
                        (*no, clock.ledger.term.unit)
                    }
                };
                if *wrong {
                    unit = TermUnit::Hours;
                }
                let by = Term { count: *count, unit };
                Command::Extend { clock, by, reason: "more is needed".to_owned() }
            }
            What::Withdraw => Command::Withdraw { reason: None },
            What::ReleaseSilence(index, take_effect) => {
                let held = |clock: &Clock| matches!(clock.silence, SilenceState::Held { .. });
                let held: Vec<_> = seen.clocks().filter(|(_, clock)| held(clock)).collect();
                let clock = if held.is_empty() { 0 } else { index.get(&held).0 };
                let (take_effect, reason) = (*take_effect, "it is due".to_owned());
                Command::ReleaseSilence { clock, take_effect, reason }
            }
            What::Tick => Command::Tick,
        };
        (command, None)
    }

    fn check_possible(&self, ctx: &Context<'_>, able: &[Possible]) {
        let Caller::Person(actor) = ctx.caller else {
            assert_eq!(able, [], "the program has no choice");
            return;
        };
        let seen = self.world.tick(&self.case, ctx.now).case;
        for possible in able {
            if let Possible::Assign { task } = possible {
                self.check_assignable(ctx, *task);
                continue;
            }
            if *possible == Possible::Inform {
                // Whom he may tell is his choice; himself he need not.
                let informed = |to: &Actor| {
                    let command = Command::Inform { to: to.person, note: None, urgency: None };
                    decide(&Context { assignee: Some(to), ..*ctx }, &self.case, &command).is_ok()
                };
                assert!(!informed(actor), "somebody told himself");
                assert!(!self.world.people.iter().any(|to| to.grants.is_empty() && informed(to)));
                continue;
            }
            let command = match self.world.commanded(possible, &seen, actor, ctx.now, 3) {
                // Four eyes can leave somebody only the waiver.
                Command::ReleaseSilence { clock, reason, .. } => {
                    Command::ReleaseSilence { clock, take_effect: false, reason }
                }
                command => command,
            };
            let decided = decide(ctx, &self.case, &command);
            // What must be given is judged by the guard only once it is there, and one value can make
            // another necessary.
            let asks =
                matches!(possible, Possible::Act { needs_values, .. } if !needs_values.is_empty());
            let follows = |refusal: &Refusal| {
                refusal.code == RefusalCode::GuardNotMet
                    || refusal.code == RefusalCode::FormInvalid
                        && refusal.faults.iter().all(|it| it.field.as_deref() == Some("amount"))
            };
            if asks && decided.as_ref().is_err_and(follows) {
                continue;
            }
            assert!(decided.is_ok(), "{possible:?} is refused: {:?}", decided.err());
        }
    }

    /// Somebody can have the task, unless all who could are excluded by four eyes.
    fn check_assignable(&self, ctx: &Context<'_>, task: u32) {
        let mut told = Vec::new();
        for to in &self.world.people {
            let command = Command::Assign { task, to: to.person, reason: None, urgency: None };
            match decide(&Context { assignee: Some(to), ..*ctx }, &self.case, &command) {
                Ok(_) => return,
                Err(refusal) => told.push(refusal.code),
            }
        }
        assert!(told.contains(&RefusalCode::FourEyes), "nobody can have task {task}: {told:?}");
    }

    /// Whether the case stands before a commission that decides in sittings, and is on no agenda.
    fn waits_for_agenda(&self, seen: &Case) -> bool {
        let step = self.world.definition.steps.get(seen.place.name());
        let sits = |step: &Step| match &step.kind {
            StepKind::Commission(commission) => commission.sittings.is_some(),
            _ => false,
        };
        step.is_some_and(sits) && seen.hearing.on_agenda.is_none()
    }

    /// Whether too few members of the commission have voted.
    fn votes_lack(&self, seen: &Case) -> bool {
        match (&seen.place, self.world.definition.steps.get(seen.place.name())) {
            (
                Place::Step { votes, .. },
                Some(Step { kind: StepKind::Commission(commission), .. }),
            ) => votes.len() < commission.quorum as usize,
            _ => false,
        }
    }

    /// Takes what was decided, and checks it.
    fn take(&mut self, decided: Decided, opening: bool) {
        let Decided { events, case, tasks, next_due: due, .. } = decided;
        let much = events.len() >= 64;
        // Before the last of several events the case may have lived by an earlier calendar.
        let (mut left, changes) = (events.len(), self.world.calendars.revision().is_some());
        for (place, event) in events.into_iter().enumerate() {
            self.check_event(&event, opening && place == 0);
            // What is stored is read again: the text must say it all.
            let text = parvaneh_core::timeline::canonical(&event);
            let stored: Event = serde_json::from_str(&text).expect("an event can be read again");
            assert_eq!(stored, event, "{text}");
            if opening && place == 0 {
                self.case = Case::opened(&stored).expect("it opens the case");
            } else {
                evolve(&mut self.case, &stored);
            }
            if let Fact::Escalated { reassigned: Some(gone), .. } = &stored.fact {
                self.reassigned.insert(gone.task);
            }
            if let Fact::Migrated(moved) = &stored.fact {
                self.reassigned.extend(moved.tasks.iter().map(|moved| moved.task));
                self.fired = moved.clocks.iter().map(|one| (one.clock, one.fired)).collect();
            }
            left -= 1;
            if left == 0 && !much || !changes {
                self.check_clocks();
            }
            self.events.push(stored);
        }
        assert_eq!(self.case, case, "the stored row is the fold of the events");
        let row = serde_json::to_string(&case).expect("a case has a JSON form");
        assert_eq!(serde_json::from_str::<Case>(&row).expect("it can be read again"), case);

        for record in tasks {
            if let Some(closed) = &record.closed {
                assert!(closed.at >= record.task.opened_at, "closed before it was opened");
            }
            self.tasks.insert(record.task.no, record);
        }
        let open = self.tasks.values().filter(|record| record.closed.is_none());
        let open: Vec<_> = open.map(|record| record.task.clone()).collect();
        assert_eq!(open, case.tasks, "the worklist holds what the case waits for");

        self.next_due = due;
        let ctx = self.world.context(&Caller::System, None, self.now);
        assert_eq!(due, next_due(&ctx, &case));
        if let Some(due) = due {
            assert!(much || due > self.now, "due {due} lies behind {}", self.now);
        }
        if !much {
            assert_eq!(self.world.tick(&case, self.now).events, [], "a tick repeats nothing");
        }
    }

    fn check_event(&mut self, event: &Event, opening: bool) {
        let at = event.effective_at;
        let before = (!opening).then_some(&self.case);
        assert_eq!(event.seq as usize, self.events.len() + 1);
        assert!(at <= event.recorded_at, "effective before it was recorded: {event:?}");
        if let Some(last) = self.events.last() {
            assert!(last.recorded_at <= event.recorded_at);
            assert!(last.effective_at <= at, "time runs backwards: {last:?}, {event:?}");
        }
        let Some(case) = before else { return };
        four_eyes::check(self.world, &self.events, case, event);
        let ended = matches!(case.place, Place::End { .. });
        assert!(
            !ended || matches!(event.fact, Fact::Commented { .. } | Fact::Informed { .. }),
            "left an end: {event:?}"
        );
        let by_time = match &event.fact {
            Fact::Escalated { clock, level, .. } => {
                let fired = self.fired.entry(*clock).or_default();
                assert_eq!(level, fired, "levels fire in order, each once");
                *fired += 1;
                self.check_level(case, *clock, *level, at);
                Some(*clock)
            }
            Fact::SilenceHeld { clock, .. } => Some(*clock),
            Fact::SilenceTookEffect { clock, reason: None, .. } => Some(*clock),
            Fact::Answered { task, silence: Some(_), reason: None, .. } => Some(*task),
            _ => None,
        };
        if let Some(no) = by_time {
            let clock = case.clock(no).expect("it fires on a clock that exists");
            assert!(clock.is_running(), "fired while suspended: {event:?}");
            for suspension in &clock.ledger.suspensions {
                let after = suspension.until.is_some_and(|until| at >= until);
                assert!(at <= suspension.from || after, "fired while suspended: {event:?}");
            }
            if !matches!(event.fact, Fact::Escalated { .. }) {
                assert_eq!(clock.silence, SilenceState::Armed);
            }
        }
    }

    /// Every deadline is what the ledger and the calendar say, and what should stand still does.
    fn check_clocks(&self) {
        let case = &self.case;
        let changes = self.world.calendars.revision().is_some();
        for (no, clock) in case.clocks() {
            // What has stopped is not moved when the calendar changes.
            if changes && clock.ledger.stopped_at.is_some() {
                continue;
            }
            let calendar = self.world.calendar(&clock.unit);
            let deadline = clock.ledger.deadline(calendar).expect("the calendar reaches so far");
            assert_eq!(clock.deadline, deadline, "clock {no} of {case:?}");
            if let Some(suspension) = &case.suspension
                && clock.is_running()
            {
                assert!(deadline <= Some(suspension.since), "clock {no} runs on: {case:?}");
            }
        }
        let Place::Step { step, since, .. } = &case.place else { return };
        let suspends = self.world.definition.steps[step].suspends_statutory;
        if let Some(clock) = case.statutory.as_ref().filter(|clock| suspends && clock.is_running())
        {
            let since = case.migrated_at.map_or(*since, |moved| moved.max(*since));
            assert!(clock.deadline <= Some(since), "the statutory clock runs on: {case:?}");
        }
    }

    /// A level fires so long before or after the deadline as the definition says, by the calendar
    /// of the unit where the clock started; but not while it was suspended.
    fn check_level(&self, case: &Case, no: u32, level: u16, at: Instant) {
        let clock = case.clock(no).expect("it fires on a clock that exists");
        let definition = &self.world.definition;
        let branch = case.task(no).and_then(|task| task.branch.as_ref());
        let levels = match (no, definition.steps.get(case.place.name()), branch) {
            (0, ..) => &definition.statutory.levels,
            (_, Some(Step { kind: StepKind::Parallel(parallel), .. }), Some(branch)) => {
                &parallel.branches[branch].levels
            }
            (_, step, _) => &step.expect("it stands in a step").levels,
        };
        let unit = match case.task(no) {
            // A task that was never reassigned still stands where it was opened.
            Some(task) if !self.reassigned.contains(&no) => &task.unit,
            Some(_) => &clock.unit,
            None => &case.unit,
        };
        let deadline = clock.deadline.expect("it runs");
        let resumed = clock.ledger.suspensions.iter().filter_map(|suspension| suspension.until);
        let since = resumed.max().unwrap_or(clock.ledger.started_at);
        let by = |calendars: &Calendars| {
            let calendar = calendars.for_unit(self.world.organisation.path(unit));
            let due = match levels[usize::from(level)].fires {
                Fires::Before(term) => before(calendar, deadline, term),
                Fires::After(term) => after(calendar, deadline, term),
            };
            let due = due.expect("the calendar reaches so far").max(since);
            // Nor from before the version by which it does.
            let due = due.max(case.migrated_at.unwrap_or(due));
            // Nothing counts from before the calendar by which it happens.
            let revision = calendars.revision();
            let lived = revision.filter(|revision| revision.no > case.calendar_revision);
            due.max(lived.map_or(due, |revision| revision.since))
                .max(case.rescheduled_at.unwrap_or(due))
        };
        let newest = &self.world.calendars;
        let lived = std::iter::once(newest).chain(newest.earlier());
        let dues: Vec<_> = lived.map(by).collect();
        assert!(dues.contains(&at), "level {level} of clock {no} at {at}, not {dues:?}: {case:?}");
    }
}

impl World {
    fn today(&self, now: Instant) -> chrono::NaiveDate {
        self.calendar(&COUNTY.into()).local_date(now)
    }

    /// The command that does what is possible, with something in every field that is asked for.
    pub(crate) fn commanded(
        &self,
        possible: &Possible,
        case: &Case,
        actor: &Actor,
        now: Instant,
        seed: usize,
    ) -> Command {
        let (definition, today, seed) = (&self.definition, self.today(now), seed as u64);
        let step = definition.steps.get(case.place.name());
        match possible {
            Possible::Act { action, needs_reason, needs_citation, needs_values, needs_papers } => {
                let why = || "because".to_owned();
                let given = step.map(|step| {
                    asked::for_action(definition, step, &step.actions[action], today, seed)
                });
                let mut given = given.unwrap_or_default();
                // What is said to be needed is enough; some give more.
                if !seed.is_multiple_of(2) {
                    let needed =
                        |field: &String| needs_values.iter().any(|it| it.as_str() == field);
                    given.values.retain(|field, _| needed(field));
                    given.papers.retain(|paper, _| needs_papers.contains(paper));
                }
                Command::Act {
                    action: action.clone(),
                    reason: needs_reason.then(why),
                    citation: needs_citation.then(why),
                    given,
                }
            }
            Possible::Fill => {
                let given = step.map(|step| asked::for_step(definition, step, seed));
                Command::Fill { given: given.unwrap_or_default() }
            }
            Possible::AttachDocument { document, .. } => Command::AttachDocument {
                document: document.clone(),
                paper: asked::paper_of(today, seed),
            },
            Possible::VerifyDocument { document } => Command::VerifyDocument {
                document: document.clone(),
                good: !seed.is_multiple_of(4),
                reason: Some("it is torn".to_owned()),
            },
            other => commanded(other, case, actor),
        }
    }
}

/// The sittings of every commission of a definition: twenty, at one hour and some days apart.
fn sittings(
    definition: &Definition,
    organisation: &Organisation,
    calendars: &Calendars,
) -> Vec<Sitting> {
    let mut sittings: Vec<Sitting> = Vec::new();
    for step in definition.steps.values() {
        let StepKind::Commission(commission) = &step.kind else { continue };
        let Some(rules) = &commission.sittings else { continue };
        let unit = organisation.at_level(&COUNTY.into(), definition.roles[&commission.members].at);
        let unit = unit.expect("a unit of that level");
        let apart = i64::from(3 + rules.cut_off.count * 4);
        for number in 0..20 {
            let at = at("2025-02-04 11:00") + TimeDelta::days(number * apart);
            let calendar = calendars.for_unit(organisation.path(unit));
            sittings.push(Sitting {
                id: SittingId(uuid::Uuid::from_u128(1 + sittings.len() as u128)),
                unit: unit.clone(),
                members: commission.members.clone(),
                at,
                closes_at: before(calendar, at, rules.cut_off).expect("a day"),
                capacity: 3,
                taken: number as u32 % 4,
                state: SittingState::Planned,
            });
        }
    }
    sittings.sort_by_key(|sitting| sitting.at);
    sittings
}

/// The command that does what is possible, as far as nothing is to be filled in.
fn commanded(possible: &Possible, case: &Case, actor: &Actor) -> Command {
    let why = || "because".to_owned();
    match possible {
        Possible::Act { .. }
        | Possible::Fill
        | Possible::AttachDocument { .. }
        | Possible::VerifyDocument { .. } => unreachable!("it asks for something"),
        Possible::Claim { task } => Command::Claim { task: *task },
        Possible::Release { task } => Command::Release { task: *task, reason: None },
        Possible::Assign { task } => {
            Command::Assign { task: *task, to: actor.person, reason: None, urgency: None }
        }
        Possible::Inform => unreachable!("somebody else must be chosen"),
        Possible::Answer { branch } => Command::Answer {
            branch: branch.clone(),
            answer: Answer::Negative,
            reason: None,
            reference: None,
        },
        Possible::Vote => Command::Vote { vote: Vote::Against, reason: None },
        Possible::PutOnAgenda { sitting } => Command::PutOnAgenda { sitting: *sitting },
        Possible::TakeOffAgenda => Command::TakeOffAgenda { reason: why() },
        Possible::Recuse => Command::Recuse { member: None, reason: why() },
        Possible::Suspend => Command::Suspend { reason: why(), basis: None },
        Possible::Resume => Command::Resume { reason: None },
        Possible::Extend { clock } => {
            let unit = case.clock(*clock).expect("a clock that exists").ledger.term.unit;
            Command::Extend { clock: *clock, by: Term { count: 1, unit }, reason: why() }
        }
        Possible::Withdraw => Command::Withdraw { reason: None },
        Possible::ReleaseSilence { clock } => {
            Command::ReleaseSilence { clock: *clock, take_effect: true, reason: why() }
        }
        Possible::Comment => Command::Comment { text: why() },
    }
}

/// A case that lives through everything that is attempted; once it has ended, only a little more.
pub(crate) fn live<'w>(
    world: &'w World,
    late: u32,
    attempts: &[Attempt],
    eagerly: bool,
) -> Life<'w> {
    let now = at("2025-02-01 10:00");
    let mut life = Life::open(world, now, late).expect("the applicant may apply");
    let mut after_the_end = 0;
    for attempt in attempts {
        life.attempt(attempt, eagerly);
        let seen = world.tick(&life.case, life.now).case;
        after_the_end += u32::from(seen.is_ended());
        if after_the_end == 3 {
            break;
        }
    }
    life
}

/// When something happens by itself, and the tests of both sides of that instant.
pub(crate) fn check_next_due(life: &Life<'_>) {
    let ctx = life.world.context(&Caller::System, None, life.now);
    let Some(due) = next_due(&ctx, &life.case) else { return };
    if due - GRAIN >= life.now {
        assert_eq!(life.world.tick(&life.case, due - GRAIN).events, [], "too early");
    }
    assert!(!life.world.tick(&life.case, due).events.is_empty(), "nothing is due at {due}");
}
