//! Lives through a scenario.

use std::collections::{BTreeMap, HashMap};

use chrono_tz::Tz;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    Asked, At, Deed, Expect, Scenario, Setting, Watch, Who,
    actual::{clock_no, difference, moment, task},
    code,
    given::faults_of,
    register::Told as Held,
    sittings::{self, Told, as_of, next_change},
};
use crate::{
    CaseId, Definition, PersonId,
    actor::{Actor, Caller, Grant},
    case::{Case, evolve},
    clock::Instant,
    decide::{Command, Context, Decided, Open, Refusal, decide, open},
    definition::Answer,
    document::{Place, Reader},
    event::{ClockNo, Entry, Event, Fact, STATUTORY},
    register::Found,
    sitting::Sitting,
};

/// More than this never happens to a case by itself between two entries.
const MOST_TICKS: usize = 1_000;

/// A case on its way through a scenario.
pub(super) struct Life<'a> {
    setting: &'a Setting<'a>,
    watch: &'a Watch<'a>,
    pub(super) told: &'a [Told],
    held: &'a Held,
    /// The clocks before whose deadline no sitting had room, since the entry before.
    pub(super) lacking: Vec<String>,
    /// The latest extra sitting that would do, as last told.
    pub(super) proposed: Option<Instant>,
    pub(super) case: Case,
    /// The moment up to which it has lived.
    pub(super) now: Instant,
    next_due: Option<Instant>,
    /// What each task was called, open or not.
    names: HashMap<ClockNo, String>,
    /// Who has been met so far.
    people: HashMap<PersonId, String>,
    /// The levels that fired since the entry before.
    pub(super) escalated: Vec<String>,
    /// The automatic steps that it has passed through since the entry before.
    pub(super) passed: Vec<String>,
    /// Every answer that has come, by its branch.
    pub(super) answers: BTreeMap<String, Answer>,
}

/// Lives through a scenario and tells every difference. Answers how many entries were lived
/// through.
pub(super) fn live(
    setting: &Setting<'_>,
    reader: &mut Reader<'_>,
    scenario: &Scenario,
    watch: &Watch<'_>,
) -> usize {
    let mut entries = scenario.entries.iter();
    let Some(first) = entries.next() else { return 0 };
    let Some(At { value: Deed::Open { received, reason, subject, about, given }, place }) =
        &first.deed
    else {
        return 0;
    };
    let applicant = applicant();
    let application = Open {
        case: CaseId(identifier(&scenario.title.en)),
        unit: scenario.unit.clone(),
        applicant,
        subject: subject.clone().unwrap_or_else(|| scenario.title.en.clone()),
        received_at: *received,
        reason: reason.clone(),
        about: about.clone(),
        given: given.clone(),
    };
    let anybody = Who { role: "applicant".to_owned(), number: 1, unit: None };
    let who = first.who.as_ref().unwrap_or(&anybody);
    let mut people = HashMap::new();
    let actor = actor(setting, &mut people, &scenario.unit, who);
    let caller = Caller::Person(actor);
    let planned = as_of(&scenario.sittings, first.at, None);
    let found = about.as_ref().and_then(|about| scenario.held.found(about, first.at));
    let ctx = context(setting, &caller, None, &planned, found.as_ref(), first.at);
    watch(&ctx, Asked::Open(&application));
    let opened = open(&ctx, &application);
    let decided = match told(reader, *place, &first.expect, opened) {
        Some(decided) => decided,
        None => return 1,
    };
    let Some(case) = decided.events.first().and_then(Case::opened) else { return 0 };
    let mut life = Life {
        setting,
        watch,
        told: &scenario.sittings,
        held: &scenario.held,
        lacking: Vec::new(),
        proposed: None,
        case,
        now: first.at,
        next_due: None,
        names: HashMap::from([(STATUTORY, "statutory".to_owned())]),
        people,
        escalated: Vec::new(),
        passed: Vec::new(),
        answers: BTreeMap::new(),
    };
    life.take(decided);
    life.compare(reader, &first.expect);
    let mut lived = 1;
    for entry in entries {
        life.escalated.clear();
        life.lacking.clear();
        life.passed.clear();
        if !life.let_live(entry.at) {
            let message = "the case never comes to rest before this: silence runs in a circle";
            reader.error(code::RESTLESS, entry.place, message);
            return lived;
        }
        match &entry.deed {
            None => {}
            Some(At { value: Deed::Down(until), .. }) => life.tick((*until).max(entry.at)),
            Some(At { value: deed, place }) => {
                let Some(who) = &entry.who else { continue };
                let outcome = life.act(who, deed, entry.at);
                if let Some(decided) = told(reader, *place, &entry.expect, outcome) {
                    life.take(decided);
                }
            }
        }
        life.compare(reader, &entry.expect);
        lived += 1;
    }
    lived
}

/// What was decided, unless it was refused; a difference where that is not what is expected.
fn told(
    reader: &mut Reader<'_>,
    place: Place,
    expect: &[At<Expect>],
    outcome: Result<Decided, Refusal>,
) -> Option<Decided> {
    let expected = expect.iter().find_map(|expect| match expect.value {
        Expect::Refused(code) => Some((code, expect.place)),
        _ => None,
    });
    match (&outcome, expected) {
        (Ok(_), Some((code, place))) => {
            let message = format!("expected the refusal '{code}', but it happened");
            reader.error(code::NOT_REFUSED, place, message);
        }
        (Err(refusal), Some((code, place))) if refusal.code != code => {
            let message = format!("expected the refusal '{code}', found {refusal}");
            reader.error(code::DIFFERENT, place, message);
        }
        (Err(refusal), None) => {
            reader.error(code::REFUSED, place, format!("refused: {refusal}"));
        }
        _ => {}
    }
    let faults = expect.iter().find_map(|expect| match &expect.value {
        Expect::Faults(faults) => Some((faults, expect.place)),
        _ => None,
    });
    if let Some((expected, place)) = faults {
        let found = outcome.as_ref().err().map(faults_of).unwrap_or_default();
        if found != *expected {
            let message =
                format!("expected [{}], found [{}]", expected.join(", "), found.join(", "));
            reader.error(code::DIFFERENT, place, message);
        }
    }
    outcome.ok()
}

impl Life<'_> {
    pub(super) fn definition(&self) -> &Definition {
        self.setting.definition
    }

    pub(super) fn zone(&self) -> Tz {
        self.setting.calendars.national().zone()
    }

    /// What a clock or its task is called.
    pub(super) fn clock_name(&self, no: ClockNo) -> String {
        self.names.get(&no).cloned().unwrap_or_else(|| no.to_string())
    }

    /// What a person is called.
    pub(super) fn called(&self, person: PersonId) -> String {
        self.people.get(&person).cloned().unwrap_or_else(|| person.to_string())
    }

    /// Whatever is due up to `until` happens at its own time; `false` if it never ends.
    fn let_live(&mut self, until: Instant) -> bool {
        for _ in 0..MOST_TICKS {
            let change = next_change(self.told, self.now);
            match self.next_due.into_iter().chain(change).min().filter(|due| *due <= until) {
                Some(due) => self.tick(due),
                None => {
                    self.now = until;
                    return true;
                }
            }
        }
        false
    }

    /// How it stands with what the case is about.
    fn found(&self, now: Instant) -> Option<Found> {
        self.held.found(&self.case.about.as_ref()?.reference(), now)
    }

    fn tick(&mut self, now: Instant) {
        self.now = now;
        let planned = as_of(self.told, now, Some(&self.case));
        let found = self.found(now);
        let ctx = context(self.setting, &Caller::System, None, &planned, found.as_ref(), now);
        (self.watch)(&ctx, Asked::Command(&self.case, &Command::Tick));
        match decide(&ctx, &self.case, &Command::Tick) {
            Ok(decided) => self.take(decided),
            // Only a calendar that does not reach so far: nothing more happens by itself.
            Err(_) => self.next_due = None,
        }
    }

    fn act(&mut self, who: &Who, deed: &Deed, now: Instant) -> Result<Decided, Refusal> {
        let unit = self.case.unit.clone();
        let caller = Caller::Person(actor(self.setting, &mut self.people, &unit, who));
        let task = |name: &str| task(self, name).map_or(u32::MAX, |task| task.no);
        let mut assignee = None;
        let command = match deed {
            Deed::Act { action, reason, citation, given } => Command::Act {
                action: action.clone(),
                reason: reason.clone(),
                citation: citation.clone(),
                given: given.clone(),
            },
            Deed::Attach { document, paper } => {
                Command::AttachDocument { document: document.clone(), paper: paper.clone() }
            }
            Deed::Verify { document, good, reason } => Command::VerifyDocument {
                document: document.clone(),
                good: *good,
                reason: reason.clone(),
            },
            Deed::Fill(given) => Command::Fill { given: given.clone() },
            Deed::Claim(name) => Command::Claim { task: task(name) },
            Deed::Release { task: name, reason } => {
                Command::Release { task: task(name), reason: reason.clone() }
            }
            Deed::Assign { task: name, to, reason } => {
                let task = task(name);
                let to = actor(self.setting, &mut self.people, &unit, to);
                let (to, reason) = (assignee.insert(to).person, reason.clone());
                Command::Assign { task, to, reason, urgency: None }
            }
            Deed::Comment(text) => Command::Comment { text: text.clone() },
            Deed::Answer { branch, answer, reason, letter } => Command::Answer {
                branch: branch.clone(),
                answer: *answer,
                reason: reason.clone(),
                reference: letter.clone(),
            },
            Deed::Vote { vote, reason } => Command::Vote { vote: *vote, reason: reason.clone() },
            Deed::PutOnAgenda(name) => Command::PutOnAgenda { sitting: sittings::id(name) },
            Deed::TakeOffAgenda(reason) => Command::TakeOffAgenda { reason: reason.clone() },
            Deed::Recuse { member, reason } => {
                let member = member.as_ref().map(|member| {
                    let member = actor(self.setting, &mut self.people, &unit, member);
                    assignee.insert(member).person
                });
                Command::Recuse { member, reason: reason.clone() }
            }
            Deed::Suspend { reason, basis } => {
                Command::Suspend { reason: reason.clone(), basis: basis.clone() }
            }
            Deed::Resume(reason) => Command::Resume { reason: Some(reason.clone()) },
            Deed::Extend { clock, by, reason } => {
                Command::Extend { clock: clock_no(self, clock), by: *by, reason: reason.clone() }
            }
            Deed::Withdraw(reason) => Command::Withdraw { reason: Some(reason.clone()) },
            Deed::Silence { clock, release, reason } => Command::ReleaseSilence {
                clock: clock_no(self, clock),
                take_effect: *release,
                reason: reason.clone(),
            },
            // Neither is done by a person to a case that is open.
            Deed::Open { .. } | Deed::Down(_) => Command::Tick,
        };
        let planned = as_of(self.told, now, Some(&self.case));
        let found = self.found(now);
        let assignee = assignee.as_ref();
        let ctx = context(self.setting, &caller, assignee, &planned, found.as_ref(), now);
        (self.watch)(&ctx, Asked::Command(&self.case, &command));
        decide(&ctx, &self.case, &command)
    }

    fn take(&mut self, decided: Decided) {
        for event in &decided.events {
            self.note(event);
            if event.seq > self.case.seq {
                evolve(&mut self.case, event);
            }
        }
        self.next_due = decided.next_due;
    }

    fn note(&mut self, event: &Event) {
        match &event.fact {
            Fact::Escalated { clock, number, warning, .. } => {
                let kind = if *warning { "warning" } else { "level" };
                self.escalated.push(format!("{} {kind} {number}", self.clock_name(*clock)));
            }
            Fact::SittingLacking { clock, extra, .. } => {
                self.lacking.push(self.clock_name(*clock));
                self.proposed = extra.as_ref().map(|extra| extra.latest.at);
            }
            Fact::Answered { branch, answer, .. } => {
                self.answers.insert(branch.to_string(), *answer);
            }
            _ => {}
        }
        if let Some(Entry { step, tasks, through, .. }) = event.fact.entry() {
            self.passed.extend(through.iter().map(|passed| passed.step.to_string()));
            for task in tasks {
                let name = match &task.branch {
                    Some(branch) => branch.to_string(),
                    None => step.to_string(),
                };
                self.names.insert(task.no, name);
            }
        }
    }

    fn compare(&self, reader: &mut Reader<'_>, expect: &[At<Expect>]) {
        for expect in expect {
            if let Some(difference) = difference(self, &expect.value) {
                let problem = reader.problem(code::DIFFERENT, expect.place, difference);
                let at = moment(self, self.case.recorded_at);
                let stands = format!("the case stands in '{}' since", self.case.place.name());
                let since = match &self.case.place {
                    crate::Place::Step { since, .. } => *since,
                    crate::Place::End { at, .. } => *at,
                };
                let help =
                    format!("{stands} {}; its last event was written at {at}", moment(self, since));
                reader.push(problem.with_help(help));
            }
        }
    }
}

fn context<'a>(
    setting: &Setting<'a>,
    caller: &'a Caller,
    assignee: Option<&'a Actor>,
    planned: &'a [Sitting],
    found: Option<&'a Found>,
    now: Instant,
) -> Context<'a> {
    let Setting { definition, calendars, organisation } = *setting;
    let sittings = Some(planned);
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

/// A person with the one role that his name says, at the unit where the case needs it.
fn actor(
    setting: &Setting<'_>,
    people: &mut HashMap<PersonId, String>,
    case_unit: &crate::UnitId,
    who: &Who,
) -> Actor {
    let role = setting.definition.roles.get_key_value(who.role.as_str());
    let grant = role.and_then(|(role, declared)| {
        let needed = || setting.organisation.at_level(case_unit, declared.at).cloned();
        Some(Grant { role: role.clone(), unit: who.unit.clone().or_else(needed)? })
    });
    let unit = grant.as_ref().map_or("", |grant| grant.unit.as_str());
    let person = person(who, unit);
    people.entry(person).or_insert_with(|| match who.number {
        1 => who.role.clone(),
        number => format!("{}#{number}", who.role),
    });
    Actor::new(person, grant.into_iter().collect())
}

/// Who applies in every scenario.
pub(super) fn applicant() -> PersonId {
    person(&Who { role: "applicant".to_owned(), number: 1, unit: None }, "")
}

/// The same person for the same words.
fn person(who: &Who, unit: &str) -> PersonId {
    PersonId(identifier(&format!("{}#{}@{unit}", who.role, who.number)))
}

fn identifier(text: &str) -> Uuid {
    let hash = Sha256::digest(text.as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    Uuid::from_bytes(bytes)
}
