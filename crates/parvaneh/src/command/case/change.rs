//! What changes a case: one subcommand for each command of the core.

use clap::{Args, Subcommand, ValueEnum};
use parvaneh_core::{
    ActionId, BranchId, CaseId, PersonId, SittingId, Term,
    decide::{Command, Possible},
    definition::Answer,
    event::{STATUTORY, Urgency, Vote},
    form::HandedIn,
};
use parvaneh_store::{Executed, Request, Store};
use serde_json::json;

use super::{
    parse_case, timeline,
    values::{self, Values},
};
use crate::{failure::Failure, names::Names, output::Output, who::person};

/// Changes of a case.
#[derive(Debug, Subcommand)]
pub(crate) enum Change {
    /// Take an action of the step
    Act {
        #[command(flatten)]
        to: Target,
        /// The action, as the definition names it
        action: String,
        /// Why
        #[arg(long)]
        reason: Option<String>,
        /// The number of the condition cited
        #[arg(long)]
        citation: Option<String>,
        #[command(flatten)]
        values: Values,
    },
    /// Hand in a paper; what is kept is its name, type, size and hash, not its content
    Attach {
        #[command(flatten)]
        to: Target,
        /// Its kind, as the definition names it
        document: String,
        /// The file
        file: std::path::PathBuf,
        /// The day of its issue, in either calendar
        #[arg(long, value_name = "DATE")]
        issued: Option<String>,
        /// How many copies
        #[arg(long, default_value_t = 1)]
        copies: u32,
    },
    /// Say of a paper that it is good, or why it is not
    Verify {
        #[command(flatten)]
        to: Target,
        /// Its kind, as the definition names it
        document: String,
        /// What is said of it
        verdict: PaperVerdict,
        /// Why it is not good
        #[arg(long)]
        reason: Option<String>,
    },
    /// Fill in values of the step's form, without acting
    Fill {
        #[command(flatten)]
        to: Target,
        #[command(flatten)]
        values: Values,
    },
    /// Take a task from the worklist
    Claim {
        #[command(flatten)]
        to: Target,
        /// The task's number; may be left out when there is only one to take
        task: Option<u32>,
    },
    /// Put a task back on the worklist
    Release {
        #[command(flatten)]
        to: Target,
        /// The task's number; may be left out when there is only one to put back
        task: Option<u32>,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Give a task to a person
    Assign {
        #[command(flatten)]
        to: Target,
        /// The task's number
        task: u32,
        /// To whom: name or identifier
        person: String,
        /// Why: the note of the referral
        #[arg(long)]
        reason: Option<String>,
        /// How soon it is wanted, where that is not the ordinary course
        #[arg(long, value_enum)]
        urgency: Option<UrgencyName>,
    },
    /// Bring the case to somebody's notice, of whom nothing is asked
    Inform {
        #[command(flatten)]
        to: Target,
        /// Whose: name or identifier
        person: String,
        /// A note
        #[arg(long)]
        note: Option<String>,
        /// How soon he should look, where that is not the ordinary course
        #[arg(long, value_enum)]
        urgency: Option<UrgencyName>,
    },
    /// Leave a remark
    Comment {
        #[command(flatten)]
        to: Target,
        /// The remark
        text: String,
    },
    /// Answer an inquiry
    Answer {
        #[command(flatten)]
        to: Target,
        /// The inquiry, as the definition names it
        branch: String,
        /// The answer
        answer: AnswerName,
        /// Why
        #[arg(long)]
        reason: Option<String>,
        /// The number of the letter
        #[arg(long)]
        reference: Option<String>,
    },
    /// Vote in a commission; a later vote replaces an earlier one
    Vote {
        #[command(flatten)]
        to: Target,
        /// How
        vote: VoteName,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Put the case on the agenda of a sitting, or on that of another one
    PutOnAgenda {
        #[command(flatten)]
        to: Target,
        /// The sitting's identifier
        sitting: SittingId,
    },
    /// Take the case off the agenda
    TakeOffAgenda {
        #[command(flatten)]
        to: Target,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Take no part in the case, as a member of its commission
    Recuse {
        #[command(flatten)]
        to: Target,
        /// Which member, where the commission's owner records it: name or identifier
        #[arg(long)]
        member: Option<String>,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Suspend every running clock
    Suspend {
        #[command(flatten)]
        to: Target,
        /// Why
        #[arg(long)]
        reason: String,
        /// By what right
        #[arg(long)]
        basis: Option<String>,
    },
    /// Let the clocks run again
    Resume {
        #[command(flatten)]
        to: Target,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Extend a clock
    Extend {
        #[command(flatten)]
        to: Target,
        /// By how much, in the clock's own unit: '10 d'
        by: Term,
        /// Which clock: 0 is the statutory clock, else the task's number
        #[arg(long, default_value_t = STATUTORY)]
        clock: u32,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Withdraw the application
    Withdraw {
        #[command(flatten)]
        to: Target,
        /// Why
        #[arg(long)]
        reason: Option<String>,
    },
    /// Let a held silence rule take effect, or waive it
    ReleaseSilence {
        #[command(flatten)]
        to: Target,
        /// What becomes of it
        decision: Release,
        /// Whose rule: 0 is the statutory clock, else the task's number
        #[arg(long, default_value_t = STATUTORY)]
        clock: u32,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// Which case, and who asks.
#[derive(Clone, Debug, Args)]
pub(crate) struct Target {
    /// The case's identifier
    #[arg(value_parser = parse_case)]
    case: CaseId,
    #[command(flatten)]
    pub(super) by: By,
    /// Only if the case still has so many events; otherwise it is a conflict
    #[arg(long, value_name = "SEQ")]
    expect: Option<u32>,
}

/// Who asks.
#[derive(Clone, Debug, Args)]
pub(crate) struct By {
    /// Who acts: name or identifier
    #[arg(long = "as", value_name = "PERSON", env = "PARVANEH_AS")]
    pub(super) actor: String,
    /// A name for this request: repeated with it, the request changes nothing more
    #[arg(long)]
    pub(super) key: Option<String>,
    /// As whose delegate: name or identifier (default: by own right, where there is one)
    #[arg(long, value_name = "PERSON")]
    pub(super) on_behalf_of: Option<String>,
}

impl By {
    /// The person as whose delegate somebody acts, if he says so.
    pub(super) async fn behalf(&self, store: &Store) -> Result<Option<PersonId>, Failure> {
        match &self.on_behalf_of {
            Some(text) => Ok(Some(person(store, text).await?.id)),
            None => Ok(None),
        }
    }
}

/// How soon something is wanted.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum UrgencyName {
    Urgent,
    Immediate,
}

impl From<UrgencyName> for Urgency {
    fn from(name: UrgencyName) -> Self {
        match name {
            UrgencyName::Urgent => Self::Urgent,
            UrgencyName::Immediate => Self::Immediate,
        }
    }
}

/// How an asked body answers.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum AnswerName {
    Positive,
    Negative,
}

/// How a member votes.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum VoteName {
    For,
    Against,
    Abstain,
}

/// What is said of a paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PaperVerdict {
    /// It is good
    Good,
    /// It is not
    Refused,
}

/// What becomes of a held silence rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Release {
    /// It takes effect
    TakeEffect,
    /// It does not
    Waive,
}

impl Change {
    pub(super) async fn run(self, store: &Store, out: &Output) -> Result<(), Failure> {
        let target = self.target().clone();
        let person = person(store, &target.by.actor).await?.id;
        let behalf = target.by.behalf(store).await?;
        let command = self.command(store, person).await?;
        let mut request = Request::command(person, target.case, command);
        request.on_behalf_of = behalf;
        if let Some(key) = target.by.key {
            request = request.with_key(key);
        }
        if let Some(seq) = target.expect {
            request = request.expecting(seq);
        }
        let mut executed = store.execute(request).await?;
        store.open_values(&mut executed).await?;
        tell(store, &executed, out).await
    }

    fn target(&self) -> &Target {
        match self {
            Self::Act { to, .. }
            | Self::Fill { to, .. }
            | Self::Attach { to, .. }
            | Self::Verify { to, .. }
            | Self::Claim { to, .. }
            | Self::Release { to, .. }
            | Self::Assign { to, .. }
            | Self::Inform { to, .. }
            | Self::Comment { to, .. }
            | Self::Answer { to, .. }
            | Self::Vote { to, .. }
            | Self::PutOnAgenda { to, .. }
            | Self::TakeOffAgenda { to, .. }
            | Self::Recuse { to, .. }
            | Self::Suspend { to, .. }
            | Self::Resume { to, .. }
            | Self::Extend { to, .. }
            | Self::Withdraw { to, .. }
            | Self::ReleaseSilence { to, .. } => to,
        }
    }

    async fn command(self, store: &Store, by: PersonId) -> Result<Command, Failure> {
        Ok(match self {
            Self::Act { action, reason, citation, values, .. } => Command::Act {
                action: ActionId::from(action),
                reason,
                citation,
                given: values.given()?,
            },
            Self::Attach { document, file, issued, copies, .. } => Command::AttachDocument {
                document: document.into(),
                paper: HandedIn { file: values::reference(&file)?, issued, copies },
            },
            Self::Verify { document, verdict, reason, .. } => Command::VerifyDocument {
                document: document.into(),
                good: verdict == PaperVerdict::Good,
                reason,
            },
            Self::Fill { values, .. } => Command::Fill { given: values.given()? },
            Self::Claim { to, task } => {
                let of = |possible: &Possible| match possible {
                    Possible::Claim { task } => Some(*task),
                    _ => None,
                };
                Command::Claim { task: only_task(store, &to, by, task, of).await? }
            }
            Self::Release { to, task, reason } => {
                let of = |possible: &Possible| match possible {
                    Possible::Release { task } => Some(*task),
                    _ => None,
                };
                Command::Release { task: only_task(store, &to, by, task, of).await?, reason }
            }
            Self::Assign { task, person: text, reason, urgency, .. } => Command::Assign {
                task,
                to: person(store, &text).await?.id,
                reason,
                urgency: urgency.map(Urgency::from),
            },
            Self::Inform { person: text, note, urgency, .. } => Command::Inform {
                to: person(store, &text).await?.id,
                note,
                urgency: urgency.map(Urgency::from),
            },
            Self::Comment { text, .. } => Command::Comment { text },
            Self::Answer { branch, answer, reason, reference, .. } => {
                let answer = match answer {
                    AnswerName::Positive => Answer::Positive,
                    AnswerName::Negative => Answer::Negative,
                };
                Command::Answer { branch: BranchId::from(branch), answer, reason, reference }
            }
            Self::Vote { vote, reason, .. } => {
                let vote = match vote {
                    VoteName::For => Vote::For,
                    VoteName::Against => Vote::Against,
                    VoteName::Abstain => Vote::Abstain,
                };
                Command::Vote { vote, reason }
            }
            Self::PutOnAgenda { sitting, .. } => Command::PutOnAgenda { sitting },
            Self::TakeOffAgenda { reason, .. } => Command::TakeOffAgenda { reason },
            Self::Recuse { member, reason, .. } => {
                let member = match member {
                    Some(text) => Some(person(store, &text).await?.id),
                    None => None,
                };
                Command::Recuse { member, reason }
            }
            Self::Suspend { reason, basis, .. } => Command::Suspend { reason, basis },
            Self::Resume { reason, .. } => Command::Resume { reason },
            Self::Extend { by, clock, reason, .. } => Command::Extend { clock, by, reason },
            Self::Withdraw { reason, .. } => Command::Withdraw { reason },
            Self::ReleaseSilence { decision, clock, reason, .. } => Command::ReleaseSilence {
                clock,
                take_effect: decision == Release::TakeEffect,
                reason,
            },
        })
    }
}

/// The task that was named; without one, the only one that the person could mean.
async fn only_task(
    store: &Store,
    target: &Target,
    by: PersonId,
    named: Option<u32>,
    of: impl Fn(&Possible) -> Option<u32>,
) -> Result<u32, Failure> {
    if let Some(task) = named {
        return Ok(task);
    }
    let possible = store.possible(target.case, by).await?;
    let tasks: Vec<u32> = possible.iter().filter_map(of).collect();
    match tasks.as_slice() {
        [only] => Ok(*only),
        [] => Err(Failure::no("no-such-task", "there is no task with which you could do this")),
        several => {
            let several: Vec<_> = several.iter().map(u32::to_string).collect();
            let message = format!("there are several tasks: {}", several.join(", "));
            Err(Failure::no("several-tasks", message).help("name one of them"))
        }
    }
}

/// What was done, and where the case stands now.
pub(super) async fn tell(store: &Store, executed: &Executed, out: &Output) -> Result<(), Failure> {
    if out.json {
        return out.document(&json!({
            "case": executed.case,
            "events": executed.events,
            "next_due": executed.next_due,
            "repeated": executed.repeated,
        }));
    }
    let names = Names::open(store, out).await?;
    let case = &executed.case;
    let definition = names.definition_of(case).await?;
    let zone = store.calendars(&case.calendar).await?.national().zone();
    if executed.repeated {
        out.line("this request was made before; nothing more was changed")?;
    }
    out.line(timeline::table(&executed.events, &definition, &names, zone, out).await?)?;
    let place = names.step(&definition, case.place.name());
    let ended = if case.is_ended() { "ended" } else { "stands in" };
    let bold = owo_colors::Style::new().bold();
    out.line(format!(
        "case {} {ended}: {} ({})",
        case.id,
        out.paint(bold, &out.isolate(&place)),
        case.place.name()
    ))
}
