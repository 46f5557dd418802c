//! `parvaneh workflow list` and `show`.

use parvaneh_core::{
    Definition, StepId, Term, WorkflowId,
    definition::{Level, StepKind},
    expression::Expression,
};
use serde_json::{Value, json};

use crate::{
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    names::Names,
    output::{Align, Output, Table, day},
    who::level_name,
};

/// List published definitions
#[derive(Debug, clap::Args)]
pub(crate) struct List {}

/// Show a published definition: its steps, owners, terms and ways
#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// The workflow, or one of its versions: ngo-establishment, ngo-establishment@1
    workflow: String,
    /// Print the file as it was published
    #[arg(long)]
    source: bool,
}

impl List {
    pub(super) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        let Self {} = self;
        with_database(options, OnSignal::Leave, async |database, _| {
            let definitions = database.store.definitions().await?;
            if out.json {
                let definitions: Vec<_> = definitions
                    .iter()
                    .map(|one| {
                        json!({
                            "workflow": one.workflow,
                            "version": one.version,
                            "title": one.title,
                            "hash": one.hash,
                            "published_at": one.published_at,
                            "retired_at": one.retired_at,
                            "running": one.running,
                        })
                    })
                    .collect();
                return out.document(&definitions);
            }
            let columns = [
                ("workflow", Align::Left),
                ("version", Align::Right),
                ("title", Align::Left),
                ("published", Align::Left),
                ("running", Align::Right),
                ("retired", Align::Left),
            ];
            let mut table = Table::new(out, &columns);
            for one in &definitions {
                table.row([
                    one.workflow.to_string(),
                    one.version.to_string(),
                    out.lang.of(&one.title.fa, &one.title.en).to_owned(),
                    day(one.published_at, chrono_tz::Asia::Tehran, out.dates),
                    one.running.to_string(),
                    one.retired_at
                        .map_or(String::new(), |at| day(at, chrono_tz::Asia::Tehran, out.dates)),
                ]);
            }
            out.line(table.render("nothing is published"))
        })
    }
}

impl Show {
    pub(super) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        let (workflow, version) = published(&self.workflow)?;
        with_database(options, OnSignal::Leave, async |database, _| {
            let store = &database.store;
            let definition = store.definition(&workflow, version).await?;
            let source = store.definition_source(&workflow, definition.version).await?;
            if self.source && !out.json {
                return out.line(source.trim_end());
            }
            if out.json {
                let mut document = document(&definition);
                if self.source {
                    document["source"] = json!(source);
                }
                return out.document(&document);
            }
            let names = Names::open(store, out).await?;
            out.line(text(&definition, &names, out))
        })
    }
}

/// A workflow, or one of its versions, as people name it: `ngo-establishment@1`.
///
/// # Errors
/// A misuse of the command line.
pub(super) fn published(name: &str) -> Result<(WorkflowId, Option<u32>), Failure> {
    let Some((workflow, version)) = name.split_once('@') else {
        return Ok((WorkflowId::from(name), None));
    };
    let version = version.parse::<u32>().map_err(|_| {
        Failure::usage(format!("'{name}' is not a workflow"))
            .help("write ngo-establishment or ngo-establishment@1")
    })?;
    Ok((WorkflowId::from(workflow), Some(version)))
}

/// A row for each step and branch: who owns it, how long it may take, where it leads.
struct Row {
    step: StepId,
    title: String,
    owner: String,
    term: Option<Term>,
    ways: Vec<String>,
}

fn rows(definition: &Definition, names: &Names) -> Vec<Row> {
    let mut rows = Vec::new();
    for (id, step) in &definition.steps {
        let mut ways: Vec<String> =
            step.actions.iter().map(|(action, to)| format!("{action} → {}", to.to)).collect();
        if let Some(silence) = &step.silence {
            ways.push(format!("silence → {}", silence.to));
        }
        let owner = match step.owner() {
            Some(role) => names.role(definition, role),
            None if matches!(step.kind, StepKind::Applicant) => "applicant".to_owned(),
            None if matches!(step.kind, StepKind::Automatic(_)) => "(automatic)".to_owned(),
            None => String::new(),
        };
        if let StepKind::Automatic(exits) = &step.kind {
            ways.extend(exits.iter().map(|exit| match &exit.condition {
                Some(condition) => format!("{condition} → {}", exit.to),
                None => format!("else → {}", exit.to),
            }));
        }
        if let StepKind::Parallel(parallel) = &step.kind {
            ways.push(format!("positive → {}", parallel.positive));
            ways.push(format!("negative → {}", parallel.negative));
        }
        let title = names.text(&step.title);
        rows.push(Row { step: id.clone(), title, owner, term: step.term, ways });
        if let StepKind::Parallel(parallel) = &step.kind {
            for branch in parallel.branches.values() {
                rows.push(Row {
                    step: StepId::from(""),
                    title: names.text(&branch.title),
                    owner: names.role(definition, &branch.owner),
                    term: Some(branch.term),
                    ways: branch.silence.iter().map(|_| "silence answers".to_owned()).collect(),
                });
            }
        }
    }
    rows
}

fn text(definition: &Definition, names: &Names, out: &Output) -> String {
    let statutory = &definition.statutory;
    let mut lines = vec![
        format!(
            "{}@{}  {}",
            definition.id,
            definition.version,
            out.isolate(&names.text(&definition.title))
        ),
        format!("SHA-256    {}", definition.hash),
        format!("received   at a {}", level_name(definition.opens_at)),
        format!("statutory  {} by the calendar '{}'", statutory.term, definition.calendar),
    ];
    let columns = [
        ("step", Align::Left),
        ("title", Align::Left),
        ("owner", Align::Left),
        ("term", Align::Right),
        ("ways", Align::Left),
    ];
    let mut table = Table::new(out, &columns);
    for row in rows(definition, names) {
        table.row([
            row.step.to_string(),
            row.title,
            row.owner,
            row.term.map_or(String::new(), |term| term.to_string()),
            row.ways.join(", "),
        ]);
    }
    for (id, end) in &definition.ends {
        let kind = if end.decision { "an end, a decision" } else { "an end" };
        table.row([
            id.to_string(),
            names.text(&end.title),
            String::new(),
            String::new(),
            kind.to_owned(),
        ]);
    }
    lines.push(table.render(""));
    lines.join("\n")
}

fn document(definition: &Definition) -> Value {
    let level = |level: Level| json!(level);
    let steps: Vec<Value> = definition
        .steps
        .iter()
        .map(|(id, step)| {
            let actions: Vec<Value> = step
                .actions
                .iter()
                .map(|(action, to)| {
                    json!({
                        "action": action,
                        "title": to.title,
                        "to": to.to,
                        "needs_reason": to.needs_reason,
                        "needs_citation": to.needs_citation,
                        "if": to.guard.as_ref().map(|guard| guard.condition.text()),
                        "if_not": to.guard.as_ref().and_then(|guard| guard.otherwise.as_ref()),
                    })
                })
                .collect();
            let branches: Vec<Value> = match &step.kind {
                StepKind::Parallel(parallel) => parallel
                    .branches
                    .iter()
                    .map(|(id, branch)| {
                        json!({
                            "branch": id,
                            "title": branch.title,
                            "owner": branch.owner,
                            "term": branch.term,
                        })
                    })
                    .collect(),
                _ => Vec::new(),
            };
            let kind = match &step.kind {
                StepKind::Work { .. } => "work",
                StepKind::Applicant => "applicant",
                StepKind::Parallel(_) => "parallel",
                StepKind::Commission(_) => "commission",
                StepKind::Automatic(_) => "automatic",
            };
            let choose: Vec<Value> = match &step.kind {
                StepKind::Automatic(exits) => exits
                    .iter()
                    .map(|exit| {
                        json!({ "if": exit.condition.as_ref().map(Expression::text), "to": exit.to })
                    })
                    .collect(),
                _ => Vec::new(),
            };
            json!({
                "step": id,
                "title": step.title,
                "kind": kind,
                "owner": step.owner(),
                "term": step.term,
                "suspends_statutory": step.suspends_statutory,
                "silence": step.silence.as_ref().map(|silence| &silence.to),
                "actions": actions,
                "branches": branches,
                "choose": choose,
            })
        })
        .collect();
    let ends: Vec<Value> = definition
        .ends
        .iter()
        .map(|(id, end)| {
            json!({
                "end": id,
                "title": end.title,
                "decision": end.decision,
                "outcome": end.outcome,
                "licence": end.licence,
            })
        })
        .collect();
    json!({
        "workflow": definition.id,
        "version": definition.version,
        "hash": definition.hash,
        "title": definition.title,
        "opens_at": level(definition.opens_at),
        "initiative": definition.initiative,
        "calendar": definition.calendar,
        "statutory": { "term": definition.statutory.term },
        "first": definition.first,
        "steps": steps,
        "ends": ends,
    })
}
