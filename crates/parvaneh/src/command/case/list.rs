//! `parvaneh case list`.

use clap::Args;
use parvaneh_core::{CaseId, StepId, UnitId, WorkflowId};
use parvaneh_store::{CaseRow, CasesQuery, Store};
use serde_json::{Value, json};

use super::parse_case;
use crate::{
    failure::Failure,
    names::Names,
    output::{Align, Output, Table, day},
    who::person,
};

/// List cases, the latest first
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only those of this workflow
    #[arg(long)]
    workflow: Option<String>,
    /// Only those received by this unit or one below it
    #[arg(long)]
    unit: Option<String>,
    /// Only those that stand in this step or at this end
    #[arg(long)]
    step: Option<String>,
    /// Only those that have ended
    #[arg(long, conflicts_with = "open")]
    ended: bool,
    /// Only those that have not ended
    #[arg(long)]
    open: bool,
    /// Only those that run beyond their statutory deadline
    #[arg(long)]
    overdue: bool,
    /// Only those of this applicant
    #[arg(long, value_name = "PERSON")]
    applicant: Option<String>,
    /// Only those in whose subject this occurs
    #[arg(long)]
    search: Option<String>,
    /// Only those before this one, the last of the page before
    #[arg(long, value_name = "CASE", value_parser = parse_case)]
    before: Option<CaseId>,
    /// How many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
}

impl List {
    pub(super) async fn run(self, store: &Store, out: &Output) -> Result<(), Failure> {
        let applicant = match &self.applicant {
            Some(text) => Some(person(store, text).await?.id),
            None => None,
        };
        let query = CasesQuery {
            workflow: self.workflow.map(WorkflowId::from),
            within: self.unit.map(UnitId::from),
            step: self.step.map(StepId::from),
            ended: (self.ended || self.open).then_some(self.ended),
            overdue: self.overdue,
            applicant,
            text: self.search,
            before: self.before,
            limit: self.limit,
            ..CasesQuery::default()
        };
        let rows = store.cases(&query).await?;
        if out.json {
            return out.document(&rows.iter().map(document).collect::<Vec<_>>());
        }
        let names = Names::open(store, out).await?;
        let columns = [
            ("case", Align::Left),
            ("opened", Align::Left),
            ("stands in", Align::Left),
            ("deadline", Align::Left),
            ("unit", Align::Left),
            ("subject", Align::Left),
        ];
        let mut table = Table::new(out, &columns);
        for row in &rows {
            let definition = names.definition(&row.workflow, row.version).await?;
            let zone = store.calendars(&definition.calendar).await?.national().zone();
            let deadline = match row.deadline {
                Some(deadline) => day(deadline, zone, out.dates),
                None if row.ended_at.is_some() => String::new(),
                None => "suspended".to_owned(),
            };
            table.row([
                row.case.to_string(),
                day(row.opened_at, zone, out.dates),
                names.step(&definition, &row.step),
                deadline,
                names.unit(&row.unit),
                row.subject.clone(),
            ]);
        }
        out.line(table.render("no cases"))
    }
}

fn document(row: &CaseRow) -> Value {
    json!({
        "case": row.case,
        "workflow": row.workflow,
        "version": row.version,
        "unit": row.unit,
        "applicant": row.applicant,
        "subject": row.subject,
        "seq": row.seq,
        "step": row.step,
        "suspended": row.suspended,
        "opened_at": row.opened_at,
        "deadline": row.deadline,
        "ended_at": row.ended_at,
    })
}
