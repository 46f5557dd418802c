//! `parvaneh worklist`: the tasks on which a person may act.

mod reason;

use clap::{Args, ValueEnum};
use parvaneh_core::{StepId, UnitId, WorkflowId};
use parvaneh_store::{Cursor, Hands, Sort, WorkItem, WorklistQuery};
use serde_json::{Value, json};

use crate::{
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    names::Names,
    output::{Align, Output, Table, minute},
    who::person,
};

/// Show the tasks on which a person may act
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  parvaneh worklist --as 'Maryam Rezaei'
  parvaneh worklist --as 'Maryam Rezaei' --mine --overdue
  parvaneh worklist --as 'Maryam Rezaei' --order late-minimising --why
  parvaneh worklist --as 'Maryam Rezaei' --limit 20 --after CURSOR")]
pub(crate) struct Worklist {
    /// Whose worklist: name or identifier
    #[arg(long = "as", value_name = "PERSON", env = "PARVANEH_AS")]
    person: String,
    /// Only what is in the person's own hands
    #[arg(long, conflicts_with = "unclaimed")]
    mine: bool,
    /// Only what is in nobody's hands
    #[arg(long)]
    unclaimed: bool,
    /// Only what is past its own deadline
    #[arg(long)]
    overdue: bool,
    /// Only tasks of this workflow
    #[arg(long)]
    workflow: Option<String>,
    /// Only tasks of this step
    #[arg(long)]
    step: Option<String>,
    /// Only tasks at this unit or below it
    #[arg(long)]
    unit: Option<String>,
    /// Only tasks of cases in whose subject this occurs
    #[arg(long)]
    search: Option<String>,
    /// The order
    #[arg(long, visible_alias = "sort", value_enum, default_value_t)]
    order: OrderName,
    /// Tell why each task stands where it stands
    #[arg(long)]
    why: bool,
    /// Where the page begins: `next` of the page before
    #[arg(long, value_name = "CURSOR")]
    after: Option<Cursor>,
    /// How many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
}

/// The order of a worklist.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum OrderName {
    /// The earliest deadline first
    #[default]
    Deadline,
    /// What has waited longest first
    Arrival,
    /// So that as few cases as possible end late
    LateMinimising,
}

impl Worklist {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        with_database(options, OnSignal::Leave, async |database, _| {
            let store = &database.store;
            let query = WorklistQuery {
                hands: match (self.mine, self.unclaimed) {
                    (true, _) => Hands::Mine,
                    (_, true) => Hands::Nobody,
                    _ => Hands::Anyone,
                },
                workflow: self.workflow.map(WorkflowId::from),
                step: self.step.map(StepId::from),
                within: self.unit.map(UnitId::from),
                overdue: self.overdue,
                text: self.search,
                sort: match self.order {
                    OrderName::Deadline => Sort::Deadline,
                    OrderName::Arrival => Sort::Arrival,
                    OrderName::LateMinimising => Sort::LateMinimising,
                },
                after: self.after,
                limit: self.limit,
                ..WorklistQuery::of(person(store, &self.person).await?.id)
            };
            let page = store.worklist(&query).await?;
            if out.json {
                return out.document(&json!({
                    "items": page.items.iter().map(document).collect::<Vec<_>>(),
                    "total": page.total,
                    "next": page.next.as_ref().map(ToString::to_string),
                    "now": page.now,
                }));
            }
            let names = Names::open(store, out).await?;
            let mut columns = vec![
                ("due", Align::Left),
                ("task", Align::Right),
                ("what", Align::Left),
                ("unit", Align::Left),
                ("in hand", Align::Left),
                ("subject", Align::Left),
                ("case", Align::Left),
            ];
            if self.why {
                columns.insert(1, ("why here", Align::Left));
            }
            let mut table = Table::new(out, &columns);
            for item in &page.items {
                let definition = names.definition(&item.workflow, item.version).await?;
                let zone = store.calendars(&definition.calendar).await?.national().zone();
                let due = match item.due_at {
                    Some(due) if item.overdue => format!("! {}", minute(due, zone, out.dates)),
                    Some(due) => minute(due, zone, out.dates),
                    None if item.suspended => "suspended".to_owned(),
                    None => String::new(),
                };
                let what = match &item.branch {
                    Some(branch) => names.branch(&definition, &item.step, branch),
                    None => names.step(&definition, &item.step),
                };
                let in_hand = match item.assignee {
                    Some(person) => names.person(person).await?,
                    None => String::new(),
                };
                let what = match (&item.barred, item.on_behalf_of) {
                    (Some(_), _) => format!("{what} (four eyes: not for you)"),
                    (None, Some(person)) => {
                        format!("{what} (on behalf of {})", names.person(person).await?)
                    }
                    (None, None) => what,
                };
                let mut row = vec![
                    due,
                    item.task.to_string(),
                    what,
                    names.unit(&item.unit),
                    in_hand,
                    item.subject.clone(),
                    item.case.to_string(),
                ];
                if self.why {
                    row.insert(1, reason::text(&item.reason, zone, out));
                }
                table.row(row);
            }
            out.line(table.render("nothing to do"))?;
            match page.next {
                Some(next) => out.line(format!(
                    "{} of {}; the next page: --after {next}",
                    page.items.len(),
                    if page.total >= 1_000 {
                        "1000 or more".into()
                    } else {
                        page.total.to_string()
                    }
                )),
                None => Ok(()),
            }
        })
    }
}

fn document(item: &WorkItem) -> Value {
    json!({
        "case": item.case,
        "task": item.task,
        "workflow": item.workflow,
        "version": item.version,
        "subject": item.subject,
        "step": item.step,
        "branch": item.branch,
        "purpose": item.purpose,
        "owner": item.owner,
        "unit": item.unit,
        "assignee": item.assignee,
        "opened_at": item.opened_at,
        "claimed_at": item.claimed_at,
        "due_at": item.due_at,
        "case_due_at": item.case_due_at,
        "suspended": item.suspended,
        "overdue": item.overdue,
        "reason": item.reason,
        "on_behalf_of": item.on_behalf_of,
        "barred": item.barred.as_ref().map(|refusal| {
            json!({ "code": refusal.code, "reason": refusal.reason })
        }),
    })
}
