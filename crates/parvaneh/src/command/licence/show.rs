//! `parvaneh licence show`.

use clap::Args;
use parvaneh_core::{LicenceNumber, WorkflowId};
use parvaneh_store::{LicenceFile, Store};
use serde_json::json;

use super::{document, effect, parse_licence, standing, today};
use crate::{
    failure::Failure,
    names::Names,
    output::{Align, Output, Table, date, minute},
};

/// Show a licence, and the cases that made and changed it
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Its number
    #[arg(value_parser = parse_licence)]
    licence: LicenceNumber,
}

impl Show {
    pub(super) async fn run(self, store: &Store, out: &Output) -> Result<(), Failure> {
        let (zone, today) = today(store).await?;
        let Some(file) = store.licence(&self.licence, today).await? else {
            let message = format!("no licence has the number {}", self.licence);
            return Err(Failure::no("unknown_licence", message)
                .help("`parvaneh licence list --state all` tells the licences"));
        };
        if out.json {
            return out.document(&whole(&file));
        }
        let names = Names::open(store, out).await?;
        let (row, licence) = (&file.row, &file.row.licence);
        let when = |at| minute(at, zone, out.dates);
        let bold = owo_colors::Style::new().bold();
        let mut lines = vec![
            format!("licence    {}", licence.number),
            format!("subject    {}", out.isolate(&row.subject)),
            format!("kind       {}", licence.kind),
            format!("holder     {}", out.isolate(&names.person(licence.holder).await?)),
            format!("unit       {}", out.isolate(&names.unit(&licence.unit))),
            format!(
                "valid      {} to {}",
                date(licence.valid_from, out.dates),
                date(licence.valid_until, out.dates)
            ),
            format!("state      {}", out.isolate(&out.paint(bold, standing(row, out.lang)))),
        ];
        if let Some(mark) = &licence.mark {
            lines.push(format!("mark       {mark}"));
        }
        let columns = [
            ("no", Align::Right),
            ("when", Align::Left),
            ("what", Align::Left),
            ("valid until", Align::Left),
            ("case", Align::Left),
            ("workflow", Align::Left),
        ];
        let mut changes = Table::new(out, &columns);
        for change in &file.changes {
            changes.row([
                change.no.to_string(),
                when(change.effective_at),
                names.text(&effect(&change.effect)),
                date(change.valid_until, out.dates),
                change.case.to_string(),
                workflow(&names, &change.workflow).await,
            ]);
        }
        lines.push(changes.render("no changes"));
        let running: Vec<_> = file.cases.iter().filter(|case| case.ended_at.is_none()).collect();
        if !running.is_empty() {
            lines.push("not decided yet".to_owned());
            for case in running {
                let title = workflow(&names, &case.workflow).await;
                let opened = when(case.opened_at);
                lines.push(format!(
                    "           {} {}, since {opened}",
                    case.case,
                    out.isolate(&title)
                ));
            }
        }
        out.line(lines.join("\n"))
    }
}

/// What a workflow is called; its name, where it is not published any more.
async fn workflow(names: &Names, id: &WorkflowId) -> String {
    match names.latest(id).await {
        Ok(definition) => names.text(&definition.title),
        Err(_) => id.to_string(),
    }
}

fn whole(file: &LicenceFile) -> serde_json::Value {
    let mut whole = document(&file.row);
    whole["history"] = file
        .changes
        .iter()
        .map(|change| {
            json!({
                "no": change.no, "effect": change.effect, "case": change.case, "seq": change.seq,
                "workflow": change.workflow, "effective_at": change.effective_at,
                "state": change.state, "valid_until": change.valid_until, "mark": change.mark,
            })
        })
        .collect();
    whole["cases"] = file
        .cases
        .iter()
        .map(|case| {
            json!({
                "case": case.case, "workflow": case.workflow, "opened_at": case.opened_at,
                "ended_at": case.ended_at,
            })
        })
        .collect();
    whole
}
