//! `parvaneh sitting`: the sittings of commissions.

mod agenda;
mod list;
mod plan;
mod room;
mod series;

use chrono_tz::Tz;
use clap::{Args, Subcommand};
use parvaneh_core::{
    RoleId, Sitting, SittingId, UnitId, definition::StepKind, sitting::SittingState,
};
use parvaneh_store::{Settled, Store};
use serde_json::{Value, json};

use crate::{
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    output::Output,
    who::person,
};

/// Plan the sittings of commissions, and see which cases still find room
///
/// Sittings belong to the commission of a unit: to the role of its members. Whoever owns the
/// commission in a published procedure (its secretariat) plans, holds and cancels them.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  parvaneh sitting plan --unit 23 --at '1404/03/06 10:00' --place 'Hall 1' --capacity 8 --as Zahra
  parvaneh sitting plan --unit 23 --series 'every 2 weeks on Tuesday 10:00' --from 1404/03/01 --to 1404/06/31 \\
      --place 'Hall 1' --capacity 8 --as Zahra
  parvaneh sitting agenda SITTING --add CASE --as Zahra
  parvaneh sitting room --unit 23")]
pub(crate) enum Command {
    Plan(plan::Plan),
    List(list::List),
    Show(list::Show),
    Agenda(agenda::Agenda),
    Hold(Hold),
    Cancel(Cancel),
    Room(room::Room),
}

/// Record that a sitting was held, with the number of its minutes
///
/// From then on its results can be recorded. Where the procedure says so, cases without a quorum, or
/// with a tie, are put off to another sitting: record the votes before.
#[derive(Debug, Args)]
pub(crate) struct Hold {
    /// The sitting's identifier
    #[arg(value_parser = parse_sitting)]
    sitting: SittingId,
    /// The number of its minutes
    #[arg(long)]
    minutes: String,
    #[command(flatten)]
    by: By,
}

/// Cancel a sitting: its cases wait again
#[derive(Debug, Args)]
pub(crate) struct Cancel {
    /// The sitting's identifier
    #[arg(value_parser = parse_sitting)]
    sitting: SittingId,
    /// Why
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    by: By,
}

/// Who asks.
#[derive(Clone, Debug, Args)]
pub(crate) struct By {
    /// Who acts: name or identifier
    #[arg(long = "as", value_name = "PERSON", env = "PARVANEH_AS")]
    actor: String,
}

impl Command {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        with_database(options, OnSignal::Leave, async |database, _| {
            let store = &database.store;
            match self {
                Self::Plan(plan) => plan.run(store, out).await,
                Self::List(list) => list.run(store, out).await,
                Self::Show(show) => show.run(store, out).await,
                Self::Agenda(agenda) => agenda.run(store, out).await,
                Self::Room(room) => room.run(store, out).await,
                Self::Hold(Hold { sitting, minutes, by }) => {
                    let by = person(store, &by.actor).await?.id;
                    let settled = store.hold_sitting(by, sitting, &minutes).await?;
                    ended(store, sitting, settled, out).await
                }
                Self::Cancel(Cancel { sitting, reason, by }) => {
                    let by = person(store, &by.actor).await?.id;
                    let settled = store.cancel_sitting(by, sitting, &reason).await?;
                    ended(store, sitting, settled, out).await
                }
            }
        })
    }
}

/// What became of a sitting and of its cases.
async fn ended(
    store: &Store,
    id: SittingId,
    settled: Settled,
    out: &Output,
) -> Result<(), Failure> {
    let row = store.sitting(id).await?;
    if out.json {
        let mut document = document(&row.sitting);
        document["put_back"] = json!(settled.put_back);
        document["not_told"] = json!(settled.failed);
        return out.document(&document);
    }
    let put_back = match settled.put_back {
        0 => "no case was put back".to_owned(),
        1 => "one case waits again".to_owned(),
        cases => format!("{cases} cases wait again"),
    };
    out.line(format!("the sitting is {}; {put_back}", state_name(&row.sitting.state)))?;
    match settled.failed {
        0 => Ok(()),
        failed => {
            let message = format!("{failed} cases could not be told");
            Err(Failure::no("not-told", message).help("the worker tries again"))
        }
    }
}

/// The identifier of a sitting.
fn parse_sitting(text: &str) -> Result<SittingId, String> {
    let malformed = "the identifier of a sitting looks like 01931d2e-7c1f-7e3a-9a51-2f1d7c0b6a11";
    text.trim().parse().map_err(|_| malformed.to_owned())
}

/// A sitting as a JSON object.
fn document(sitting: &Sitting) -> Value {
    let mut document = json!(sitting);
    document["places_left"] = json!(sitting.places_left());
    document
}

fn state_name(state: &SittingState) -> &'static str {
    match state {
        SittingState::Planned => "planned",
        SittingState::Held { .. } => "held",
        SittingState::Cancelled { .. } => "cancelled",
    }
}

/// The zone in which sittings and days are shown: that of the first procedure's calendar.
pub(super) async fn zone(store: &Store) -> Result<Tz, Failure> {
    let Some(published) = store.definitions().await?.into_iter().next() else {
        return Ok(chrono_tz::Asia::Tehran);
    };
    let definition = store.definition(&published.workflow, Some(published.version)).await?;
    Ok(store.calendars(&definition.calendar).await?.national().zone())
}

/// The members that were named; without a name, those of the only commission at the level of the
/// unit that decides in sittings.
async fn members(store: &Store, unit: &UnitId, named: Option<String>) -> Result<RoleId, Failure> {
    if let Some(named) = named {
        return Ok(RoleId::from(named));
    }
    let organisation = store.organisation().await?;
    let Some(level) = organisation.get(unit).map(|unit| unit.level) else {
        return Err(Failure::no("unknown-unit", format!("there is no unit '{unit}'"))
            .help("`parvaneh organisation list` tells the units"));
    };
    let mut found = std::collections::BTreeSet::new();
    for published in store.definitions().await? {
        let definition = store.definition(&published.workflow, Some(published.version)).await?;
        for step in definition.steps.values() {
            if let StepKind::Commission(commission) = &step.kind
                && commission.sittings.is_some()
                && definition.roles.get(&commission.members).is_some_and(|role| role.at == level)
            {
                found.insert(commission.members.clone());
            }
        }
    }
    let names: Vec<_> = found.iter().map(|role| role.as_str()).collect();
    match names[..] {
        [only] => Ok(RoleId::from(only)),
        [] => Err(Failure::no(
            "unknown_commission",
            format!("no published procedure has a commission at the level of '{unit}' that decides in sittings"),
        )
        .help("a commission does with `sittings: required`; see docs/WORKFLOWS.md")),
        _ => Err(Failure::no("several-commissions", "the unit has several commissions")
            .help(format!("name one with --role: {}", names.join(", ")))),
    }
}
