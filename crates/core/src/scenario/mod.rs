//! Scenarios: what happens to a case, when, and what the law and the definition make of it.
//!
//! A scenario is a file beside the definition that it speaks of: a list of moments, each with what
//! somebody does then and what is expected afterwards. Running it needs nothing but the
//! definition, a calendar and the organisation.
//!
//! ```yaml
//! scenario: { fa: سکوت مرجع استعلام, en: Silence of an asked body is consent }
//! unit: '2301'                                 # the unit that receives the case
//! steps:
//!   - { at: 1403/02/01 09:00, do: open, expect: { step: reception } }
//!   - { at: 1403/02/02 10:00, as: county_officer, do: accept }
//!   - { at: 1403/03/02 10:00, expect: { answers: { police: positive } } }
//! ```
//!
//! Before each entry the program lives: everything that is due up to that moment happens at its
//! own time, as with a prompt worker. Then somebody does something, and what is expected is
//! compared; whatever differs is a [`Problem`] with its place in the file.
//!
//! | key of an entry | what it says |
//! | --- | --- |
//! | `at` | the moment, by the calendar's own clock: `1403/02/01 09:00` |
//! | `as`, `of` | who: a role (`county_officer`, its second holder `county_officer#2`) or `applicant`; at which unit, where not at the case's own |
//! | `do` | in the first entry `open` (with `received`, `reason`, `subject`, `about`, `set`), after it an action of the step (with `reason`, `cite`, `set`) |
//! | `set`, `fill` | values of fields, with what is done or by themselves: `{ capital: 500_000_000 }` |
//! | `attach` | a paper and the day of its issue, or `undated`: `{ charter: 1403/01/15 }` |
//! | `verify` | what was said of a paper: `{ charter: good }`, `{ charter: refused }` (with `reason`) |
//! | `claim`, `release` | a task, by the name of its step or branch (`votes` is the voting of a commission) |
//! | `assign`, `to`, `to_of` | a task, and who is to have it, where |
//! | `answer` | `{ police: positive }` (with `reason`, `letter`) |
//! | `vote` | `for`, `against` or `abstain` |
//! | `agenda` | puts the case on the agenda of a sitting, by its name in `sittings` |
//! | `off_agenda` | takes it off the agenda; the reason |
//! | `recuse`, `member` | why a member takes no part; which, where the commission's owner records it |
//! | `suspend`, `resume`, `withdraw`, `comment` | the reason, or the remark |
//! | `extend` | a clock and by how much: `{ statutory: 20 d }` (with `reason`) |
//! | `silence` | a held silence rule: `{ statutory: released }` or `{ statutory: waived }` (with `reason`) |
//! | `system_down_until` | the program is down from `at` until then; what is expected is compared after it has come back |
//! | `expect` | see below; only what is named is compared |
//!
//! | key of `expect` | what it compares |
//! | --- | --- |
//! | `refused` | the code of the refusal; without it, a refusal is a difference |
//! | `faults` | everything that was wrong with what was given: `[capital too_small, founders required]` |
//! | `data` | what fields hold, as people read it: `{ capital: '500,000,000 rials', founded: none }` |
//! | `step`, `outcome`, `mark` | where the case stands, how it ended, and which mark its licence bears |
//! | `licence` | what the end made of a licence: `{ change: renewed, valid_until: 1406/05/01, state: active, kind: activity, mark: appeal }`, or `none` |
//! | `counted` | how the case counts in the on-time rate: `on_time`, `late`, `by_silence`, `given_up_late`, `overdue`, or `not` at all |
//! | `statutory` | the statutory deadline, `suspended`, or `none` before it starts |
//! | `due` | the deadlines of open tasks: `{ police: 1403/03/01 14:30 }` |
//! | `open` | the names of all open tasks |
//! | `owners`, `holders` | whose tasks are, and who has claimed them (`nobody`) |
//! | `answers` | the answers that have come |
//! | `escalated` | every warning and level that fired since the entry before: `reception warning 1`, `statutory level 1` |
//! | `suspended` | whether a person has suspended the case |
//! | `held` | the clocks whose silence rule is held |
//! | `agenda` | the sitting on whose agenda the case is, or `none` |
//! | `lacking` | the clocks before whose deadline no sitting has room, as told since the entry before |
//! | `proposed` | the latest extra sitting that would do, as last told, or `none` |
//!
//! `licences` and `cases` tell what the case can be about, by names of their own: `{ kind, valid_until,
//! valid_from, holder, unit, suspended, revoked, running }` and `{ workflow, applicant, unit, past_norm,
//! late, ended, running }`. Holder and applicant are the scenario's applicant if nothing else is
//! written; `suspended`, `revoked`, `past_norm`, `late` and `ended` are moments from which on that is
//! so; `running` are the workflows of other cases about the same. The opening says `about: <name>`.
//!
//! `sittings` tells the sittings of the commission, by names of their own: `{ at, cut_off, capacity,
//! taken, planned, held, minutes, cancelled, members }`. `taken` is by other cases; `planned`, `held`
//! and `cancelled` are moments from which on that is so. Without `cut_off` the definition's holds,
//! without `members` it is a sitting of the definition's first commission that has any.

mod actual;
mod given;
mod read;
mod register;
mod run;
mod sittings;

use crate::{
    ActionId, BranchId, Calendars, Definition, DocumentId, Given, Organisation, RefusalCode,
    StepId, Term, UnitId,
    case::Case,
    clock::Instant,
    decide::{Command, Context, Open},
    definition::{Answer, Outcome, Text},
    document::{Place, Problem, Reader, has_errors},
    event::Vote,
    form::HandedIn,
    register::Reference,
};

/// The codes that a scenario can raise, beside those of every document.
pub mod code {
    crate::document::codes! {
        DIFFERENT = "different", "Something came out other than it is expected.";
        REFUSED = "refused", "Something is refused that is expected to happen.";
        NOT_REFUSED = "not-refused", "Something happens that is expected to be refused.";
        RESTLESS = "restless", "The case does not come to rest: silence rules run in a circle.";
        NOT_A_MOMENT = "not-a-moment", "A moment is not a date and a time such as `1403/02/01 09:00`.";
        NOT_A_LEVEL = "not-a-level", "A warning or level is not of the form `reception level 1`.";
        OUT_OF_ORDER = "out-of-order", "An entry lies before the one above it.";
        NOT_OPENED = "not-opened", "The first entry does not open the case.";
        NOBODY = "nobody", "Nobody is said to do it, or there is nobody such.";
        SEVERAL_THINGS = "several-things", "An entry does more than one thing.";
        UNKNOWN_UNIT = "unknown-unit", "The organisation has no such unit.";
        UNKNOWN_NAME = "unknown-name", "The definition has nothing of that name.";
    }
}

/// What a scenario is run against.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// The definition.
    pub definition: &'a Definition,
    /// Its calendar.
    pub calendars: &'a Calendars,
    /// The organisation.
    pub organisation: &'a Organisation,
}

/// What came of a scenario.
#[derive(Clone, Debug)]
pub struct Report {
    /// What the scenario is called, if that could be read.
    pub title: Option<Text>,
    /// How many of its entries were lived through: none, when the file has problems.
    pub lived: usize,
    /// Every problem of the file; if it has none, every difference.
    pub problems: Vec<Problem>,
}

impl Report {
    /// Whether all came out as expected.
    pub fn is_as_expected(&self) -> bool {
        !has_errors(&self.problems)
    }
}

/// Reads a scenario and lives through it.
///
/// `file` only names the file in problems.
pub fn run(setting: &Setting<'_>, file: &str, source: &str) -> Report {
    run_watched(setting, file, source, &|_, _| {})
}

/// What is asked of the engine in the course of a scenario, just before it is decided.
#[derive(Clone, Copy, Debug)]
pub enum Asked<'a> {
    /// To open the case.
    Open(&'a Open),
    /// Something of the case, as it is then.
    Command(&'a Case, &'a Command),
}

/// Who is told of everything that is asked, and by what it is decided: to measure it, say.
pub type Watch<'w> = dyn Fn(&Context<'_>, Asked<'_>) + 'w;

/// As [`run()`], telling everything that is asked to `watch`.
pub fn run_watched(setting: &Setting<'_>, file: &str, source: &str, watch: &Watch<'_>) -> Report {
    let (mut reader, root) = Reader::open(file, source);
    let scenario = root.and_then(|root| read::scenario(&mut reader, setting, &root));
    let Some(scenario) = scenario.filter(|_| !reader.has_errors()) else {
        return Report { title: None, lived: 0, problems: reader.finish() };
    };
    let lived = run::live(setting, &mut reader, &scenario, watch);
    Report { title: Some(scenario.title), lived, problems: reader.finish() }
}

/// Something together with where it stands.
#[derive(Clone, Debug)]
struct At<T> {
    value: T,
    place: Place,
}

#[derive(Debug)]
struct Scenario {
    title: Text,
    unit: UnitId,
    sittings: Vec<sittings::Told>,
    held: register::Told,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    at: Instant,
    place: Place,
    deed: Option<At<Deed>>,
    who: Option<Who>,
    expect: Vec<At<Expect>>,
}

/// A person by his role.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Who {
    /// `county_officer`, or `applicant`.
    role: String,
    /// Which of its holders, from 1.
    number: u32,
    /// Where he holds the role; `None` where the case needs it.
    unit: Option<UnitId>,
}

/// What somebody does, or what befalls the program.
#[derive(Debug)]
enum Deed {
    Open {
        received: Option<Instant>,
        reason: Option<String>,
        subject: Option<String>,
        about: Option<Reference>,
        given: Given,
    },
    Act {
        action: ActionId,
        reason: Option<String>,
        citation: Option<String>,
        given: Given,
    },
    Fill(Given),
    Attach {
        document: DocumentId,
        paper: HandedIn,
    },
    Verify {
        document: DocumentId,
        good: bool,
        reason: Option<String>,
    },
    Claim(String),
    Release {
        task: String,
        reason: Option<String>,
    },
    Assign {
        task: String,
        to: Who,
        reason: Option<String>,
    },
    Comment(String),
    Answer {
        branch: BranchId,
        answer: Answer,
        reason: Option<String>,
        letter: Option<String>,
    },
    Vote {
        vote: Vote,
        reason: Option<String>,
    },
    Suspend {
        reason: String,
        basis: Option<String>,
    },
    PutOnAgenda(String),
    TakeOffAgenda(String),
    Recuse {
        member: Option<Who>,
        reason: String,
    },
    Resume(String),
    Extend {
        clock: String,
        by: Term,
        reason: String,
    },
    Withdraw(String),
    Silence {
        clock: String,
        release: bool,
        reason: String,
    },
    Down(Instant),
}

/// What a clock is expected to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    At(Instant),
    Suspended,
    None,
}

#[derive(Debug)]
enum Expect {
    Refused(RefusalCode),
    Step(StepId),
    Outcome(Outcome),
    Counted(String),
    Mark(String),
    Licence(String, String),
    Statutory(Due),
    Due(String, Due),
    Open(Vec<String>),
    Owner(String, String),
    Holder(String, String),
    Answer(String, Answer),
    Escalated(Vec<String>),
    Passed(Vec<String>),
    Suspended(bool),
    Faults(Vec<String>),
    Data(String, String),
    Held(Vec<String>),
    Agenda(String),
    Lacking(Vec<String>),
    Proposed(Due),
}
