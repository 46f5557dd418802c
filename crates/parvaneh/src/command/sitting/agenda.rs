//! `parvaneh sitting agenda`.

use chrono_tz::Tz;
use clap::Args;
use parvaneh_core::{CaseId, Command, SittingId};
use parvaneh_store::{AgendaItem, Request, Store};
use serde_json::{Value, json};

use super::{list::heading, parse_sitting, zone};
use crate::{
    failure::Failure,
    names::Names,
    output::{Align, Output, Table, minute},
    who::person,
};

/// Show the agenda of a sitting; put cases on it, or take them off
///
/// A case that is on the agenda of another sitting is moved. Each case is an event of its own: where
/// one is refused, those before it stay done.
#[derive(Debug, Args)]
pub(crate) struct Agenda {
    /// The sitting's identifier
    #[arg(value_parser = parse_sitting)]
    sitting: SittingId,
    /// Cases to put on it
    #[arg(long, value_name = "CASE", num_args = 1.., requires = "actor")]
    add: Vec<CaseId>,
    /// Cases to take off it
    #[arg(long, value_name = "CASE", num_args = 1.., requires = "actor", requires = "reason")]
    remove: Vec<CaseId>,
    /// Why they are taken off
    #[arg(long)]
    reason: Option<String>,
    /// Who acts: name or identifier
    #[arg(id = "actor", long = "as", value_name = "PERSON", env = "PARVANEH_AS")]
    actor: Option<String>,
}

impl Agenda {
    pub(super) async fn run(self, store: &Store, out: &Output) -> Result<(), Failure> {
        // An unknown sitting is told before anything is done.
        store.sitting(self.sitting).await?;
        if let Some(actor) = self.actor.filter(|_| !self.add.is_empty() || !self.remove.is_empty())
        {
            let by = person(store, &actor).await?.id;
            let reason = self.reason.unwrap_or_default();
            for case in self.remove {
                let on = store.case(case).await?.hearing.on_agenda.map(|on| on.sitting);
                if on != Some(self.sitting) {
                    let message = format!("{case} is not on the agenda of this sitting");
                    return Err(Failure::no("not_on_agenda", message));
                }
                let command = Command::TakeOffAgenda { reason: reason.clone() };
                let done = store.execute(Request::command(by, case, command)).await;
                done.map_err(|error| Failure::from(error).at(&case.to_string()))?;
            }
            for case in self.add {
                let command = Command::PutOnAgenda { sitting: self.sitting };
                let done = store.execute(Request::command(by, case, command)).await;
                done.map_err(|error| Failure::from(error).at(&case.to_string()))?;
            }
        }
        let row = store.sitting(self.sitting).await?;
        let items = store.agenda(self.sitting).await?;
        if out.json {
            let items: Vec<_> = items.iter().map(document).collect();
            return out
                .document(&json!({ "sitting": super::document(&row.sitting), "agenda": items }));
        }
        let names = Names::open(store, out).await?;
        let zone = zone(store).await?;
        out.line(heading(&row, &names, zone, out))?;
        out.line(table(&items, zone, out))
    }
}

/// An item as a JSON object.
pub(super) fn document(item: &AgendaItem) -> Value {
    json!({
        "case": item.case,
        "subject": item.subject,
        "put_at": item.put_at,
        "off_at": item.off_at,
        "outcome": item.outcome,
        "statutory_deadline": item.deadline,
    })
}

/// Items as a table.
pub(super) fn table(items: &[AgendaItem], zone: Tz, out: &Output) -> String {
    let columns = [
        ("no", Align::Right),
        ("case", Align::Left),
        ("subject", Align::Left),
        ("statutory deadline", Align::Left),
        ("outcome", Align::Left),
    ];
    let mut table = Table::new(out, &columns);
    for (place, item) in items.iter().enumerate() {
        let deadline = item.deadline.map(|at| minute(at, zone, out.dates)).unwrap_or_default();
        let outcome = item.outcome.clone().unwrap_or_else(|| "on the agenda".to_owned());
        let (no, case) = ((place + 1).to_string(), item.case.to_string());
        table.row([no, case, item.subject.clone(), deadline, outcome]);
    }
    table.render("nothing is on the agenda")
}
