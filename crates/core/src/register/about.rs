//! Of what an application speaks: a licence, or another case. The store looks it up, the core decides
//! whether the procedure takes it.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use super::{LicenceNumber, LicenceState, RegisteredLicence};
use crate::{
    CaseId, PersonId, UnitId, WorkflowId,
    actor::{Caller, Organisation},
    calendar::Calendars,
    case::{Case, Clock},
    clock::{Instant, Ledger},
    decide::{Context, Open, Refusal, RefusalCode},
    definition::{About, AboutWhat, CaseState, Definition},
};

/// What somebody says his application is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reference {
    /// A licence, by its number.
    Licence(LicenceNumber),
    /// Another case.
    Case(CaseId),
}

/// A case that runs and is about the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// Which.
    pub case: CaseId,
    /// Its workflow.
    pub workflow: WorkflowId,
}

/// What was found of what an application, or a case, is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A licence.
    Licence(FoundLicence),
    /// A case.
    Case(FoundCase),
}

/// A licence of the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundLicence {
    /// As it is.
    pub licence: RegisteredLicence,
    /// The cases about it that run.
    pub running: Vec<Running>,
}

/// A case that an application speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCase {
    /// Which.
    pub case: CaseId,
    /// Its workflow.
    pub workflow: WorkflowId,
    /// Who applied.
    pub applicant: PersonId,
    /// The unit that received it.
    pub unit: UnitId,
    /// Whether it runs still.
    pub running: bool,
    /// Whether it runs, or was ended, past its statutory deadline.
    pub late: bool,
    /// Whether it runs, or was ended, later than the organisation promises.
    pub past_norm: bool,
    /// The cases about it that run.
    pub others: Vec<Running>,
}

/// What a case is about, as it was known when it was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum SpokenOf {
    /// A licence.
    Licence(AboutLicence),
    /// Another case.
    Case(AboutCase),
}

/// A licence, as it was when a case about it was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AboutLicence {
    /// The licence.
    pub licence: RegisteredLicence,
    /// Whether it stays in force until the case is decided, though its validity ends before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stays_in_force: bool,
    /// Whether no other case of this workflow about it may run at the same time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exclusive: bool,
}

/// A case, as it was when another about it was opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AboutCase {
    /// Which.
    pub case: CaseId,
    /// Its workflow.
    pub workflow: WorkflowId,
    /// Who applied.
    pub applicant: PersonId,
    /// The unit that received it.
    pub unit: UnitId,
    /// Whether it ran.
    pub running: bool,
    /// Whether it was past its statutory deadline.
    pub late: bool,
    /// Whether it was past what the organisation promises.
    pub past_norm: bool,
    /// Whether no other case of this workflow about it may run at the same time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exclusive: bool,
}

impl SpokenOf {
    /// The licence's number or the case, as somebody would say it.
    pub fn reference(&self) -> Reference {
        match self {
            Self::Licence(about) => Reference::Licence(about.licence.number.clone()),
            Self::Case(about) => Reference::Case(about.case),
        }
    }

    /// Whether no other case of its workflow about the same may run beside it.
    pub fn is_exclusive(&self) -> bool {
        match self {
            Self::Licence(about) => about.exclusive,
            Self::Case(about) => about.exclusive,
        }
    }
}

impl FoundCase {
    /// How it stands with a case at an instant.
    pub fn of(
        case: &Case,
        definition: &Definition,
        calendars: &Calendars,
        organisation: &Organisation,
        now: Instant,
        others: Vec<Running>,
    ) -> Self {
        let past = |deadline: Option<Instant>, clock: &Clock| {
            deadline.is_some_and(|deadline| clock.ledger.stopped_at.unwrap_or(now) > deadline)
        };
        let late = case.statutory.as_ref().is_some_and(|clock| past(clock.deadline, clock));
        let norm = definition.statutory.service_norm;
        let past_norm = case.statutory.as_ref().zip(norm).is_some_and(|(clock, norm)| {
            // What is promised is counted like the term, suspensions included; an extension of the
            // term promises nothing else.
            let ledger = Ledger { term: norm, extensions: Vec::new(), ..clock.ledger.clone() };
            let calendar = calendars.for_unit(organisation.path(&clock.unit));
            past(ledger.deadline(calendar).ok().flatten(), clock)
        });
        Self {
            case: case.id,
            workflow: case.workflow.clone(),
            applicant: case.applicant,
            unit: case.unit.clone(),
            running: !case.is_ended(),
            late,
            past_norm: past_norm || late,
            others,
        }
    }

    fn is_in(&self, state: CaseState) -> bool {
        match state {
            CaseState::Any => true,
            CaseState::Running => self.running,
            CaseState::Ended => !self.running,
            CaseState::Late => self.late,
            CaseState::PastNorm => self.past_norm,
        }
    }
}

/// The licence that a case is about, as it is now: as the register says, else as it was when the case
/// was opened.
pub(crate) fn standing<'a>(
    found: Option<&'a Found>,
    about: Option<&'a SpokenOf>,
) -> Option<&'a RegisteredLicence> {
    let Some(SpokenOf::Licence(about)) = about else { return None };
    match found {
        Some(Found::Licence(found)) if found.licence.number == about.licence.number => {
            Some(&found.licence)
        }
        _ => Some(&about.licence),
    }
}

/// Whether the procedure takes what an application is about, on the day on which it came in.
///
/// # Errors
/// A [`Refusal`]: nothing is said, or not what is asked for; nothing of the kind is known; it is not
/// the applicant's; it is not in the state that is asked for; another case about it runs.
pub(crate) fn check(
    ctx: &Context<'_>,
    application: &Open,
    today: NaiveDate,
) -> Result<Option<SpokenOf>, Refusal> {
    let (rule, said) = match (&ctx.definition.about, &application.about) {
        (None, None) => return Ok(None),
        (Some(rule), None) if !rule.required => return Ok(None),
        (Some(rule), None) => {
            let what = rule.what.in_words();
            let reason = format!("the application must say which {what} it is about");
            return Err(RefusalCode::AboutNeeded.because(reason));
        }
        (None, Some(_)) => {
            let reason = format!("{} is about no licence and no other case", ctx.definition.id);
            return Err(RefusalCode::AboutUnwanted.because(reason));
        }
        (Some(rule), Some(said)) => (rule, said),
    };
    let spoken = match (&rule.what, said) {
        (AboutWhat::Licence { .. }, Reference::Licence(number)) => {
            let found = ctx.found.and_then(|found| match found {
                Found::Licence(found) if found.licence.number == *number => Some(found),
                _ => None,
            });
            let Some(found) = found else {
                let reason = format!("no licence has the number {number}");
                return Err(RefusalCode::UnknownLicence.because(reason));
            };
            SpokenOf::Licence(licence(ctx, application, rule, found, today)?)
        }
        (AboutWhat::Case { .. }, Reference::Case(case)) => {
            let found = ctx.found.and_then(|found| match found {
                Found::Case(found) if found.case == *case => Some(found),
                _ => None,
            });
            let Some(found) = found else {
                let reason = format!("there is no case {case}");
                return Err(RefusalCode::UnknownCase.because(reason));
            };
            SpokenOf::Case(self::case(ctx, application, rule, found)?)
        }
        (what, _) => {
            let reason = format!("{} is about a {}", ctx.definition.id, what.in_words());
            return Err(RefusalCode::AboutUnwanted.because(reason));
        }
    };
    Ok(Some(spoken))
}

fn licence(
    ctx: &Context<'_>,
    application: &Open,
    rule: &About,
    found: &FoundLicence,
    today: NaiveDate,
) -> Result<AboutLicence, Refusal> {
    let AboutWhat::Licence { kinds, any_state, expired, suspended, stays_in_force } = &rule.what
    else {
        unreachable!("the caller has looked")
    };
    let licence = &found.licence;
    let number = &licence.number;
    in_reach(ctx, application, &licence.unit, &format!("the licence {number}"))?;
    if !kinds.contains(&licence.kind) {
        let reason = format!(
            "the licence {number} is of the kind '{}'; asked for is {}",
            licence.kind,
            kinds.join(", ")
        );
        return Err(RefusalCode::WrongLicenceKind.because(reason));
    }
    if rule.same_applicant && !is_applicant(ctx, application, licence.holder) {
        let reason = format!("the applicant is not the holder of the licence {number}");
        return Err(RefusalCode::NotTheHolder.because(reason));
    }
    if !any_state {
        match licence.state {
            LicenceState::Revoked => {
                let reason = format!("the licence {number} has been revoked");
                return Err(RefusalCode::LicenceRevoked.because(reason));
            }
            LicenceState::Suspended if !suspended => {
                let reason = format!("the licence {number} is suspended");
                return Err(RefusalCode::LicenceSuspended.because(reason));
            }
            _ => {}
        }
        let days = Days::new(expired.map_or(0, |term| term.count.into()));
        let last = licence.valid_until.checked_add_days(days).unwrap_or(NaiveDate::MAX);
        if today > last {
            let reason = format!(
                "the licence {number} was valid until {}; this could be asked until {last}",
                licence.valid_until
            );
            return Err(RefusalCode::LicenceExpired.because(reason));
        }
    }
    alone(ctx, rule, &found.running, &format!("the licence {number}"))?;
    Ok(AboutLicence {
        licence: licence.clone(),
        // What has expired already does not come back into force.
        stays_in_force: *stays_in_force && today <= licence.valid_until,
        exclusive: rule.one_at_a_time,
    })
}

fn case(
    ctx: &Context<'_>,
    application: &Open,
    rule: &About,
    found: &FoundCase,
) -> Result<AboutCase, Refusal> {
    let AboutWhat::Case { workflows, state } = &rule.what else {
        unreachable!("the caller has looked")
    };
    let id = found.case;
    in_reach(ctx, application, &found.unit, &format!("the case {id}"))?;
    if !workflows.contains(&found.workflow) {
        let names = workflows.iter().map(WorkflowId::as_str).collect::<Vec<_>>().join(", ");
        let reason = format!("the case {id} runs by '{}'; asked for is {names}", found.workflow);
        return Err(RefusalCode::WrongWorkflow.because(reason));
    }
    if rule.same_applicant && !is_applicant(ctx, application, found.applicant) {
        let reason = format!("the case {id} is another applicant's");
        return Err(RefusalCode::NotTheHolder.because(reason));
    }
    if !found.is_in(*state) {
        let reason = format!("the case {id} {}", state.is_not());
        return Err(RefusalCode::WrongCaseState.because(reason));
    }
    alone(ctx, rule, &found.others, &format!("the case {id}"))?;
    Ok(AboutCase {
        case: found.case,
        workflow: found.workflow.clone(),
        applicant: found.applicant,
        unit: found.unit.clone(),
        running: found.running,
        late: found.late,
        past_norm: found.past_norm,
        exclusive: rule.one_at_a_time,
    })
}

/// A unit opens cases only about what is its own, or lies above or below it: nobody revokes the
/// licence of another province.
fn in_reach(
    ctx: &Context<'_>,
    application: &Open,
    unit: &UnitId,
    what: &str,
) -> Result<(), Refusal> {
    let (here, organisation) = (&application.unit, ctx.organisation);
    if organisation.contains(here, unit) || organisation.contains(unit, here) {
        return Ok(());
    }
    let reason = format!("{what} belongs to the unit '{unit}', not to '{here}'");
    Err(RefusalCode::OutOfJurisdiction.because(reason))
}

/// Whether the applicant is that person, perhaps with another account of his.
fn is_applicant(ctx: &Context<'_>, application: &Open, person: PersonId) -> bool {
    let applicant = application.applicant;
    let his = |caller: &Caller| match caller {
        Caller::Person(actor) => actor.person == applicant && actor.natural.is(person),
        Caller::System => false,
    };
    applicant == person || his(ctx.caller)
}

fn alone(ctx: &Context<'_>, rule: &About, running: &[Running], what: &str) -> Result<(), Refusal> {
    let same = |other: &&Running| other.workflow == ctx.definition.id;
    match running.iter().find(same) {
        Some(other) if rule.one_at_a_time => {
            let reason = format!("the case {} about {what} is not decided yet", other.case);
            Err(RefusalCode::AnotherRunning.because(reason))
        }
        _ => Ok(()),
    }
}
