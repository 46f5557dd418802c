//! `parvaneh case show`.

use clap::Args;
use parvaneh_core::{
    Calendar, CaseId, Definition, DocumentId, Place,
    case::{Clock, SilenceState},
    event::STATUTORY,
    form::{DocumentKind, FileReference, PaperState, checklist},
};
use parvaneh_store::{CaseFile, FiledTask, Store};
use serde_json::{Value, json};

use super::parse_case;
use crate::{
    command::{
        deadline::explain,
        licence::{about_in_words, change_in_words},
    },
    failure::Failure,
    names::Names,
    output::{Align, Output, Table, minute},
    refused::possible,
    who::person,
};

/// Show the file of a case: where it stands, its clocks, its tasks
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The case's identifier
    #[arg(value_parser = parse_case)]
    case: CaseId,
    /// Tell what this person could do with it now
    #[arg(long = "as", value_name = "PERSON", env = "PARVANEH_AS")]
    person: Option<String>,
    /// Tell how the statutory deadline comes about, day by day
    #[arg(long)]
    explain: bool,
}

impl Show {
    pub(super) async fn run(self, store: &Store, out: &Output) -> Result<(), Failure> {
        let file = store.case_file(self.case).await?;
        let able = match &self.person {
            Some(text) => Some(store.possible(self.case, person(store, text).await?.id).await?),
            None => None,
        };
        let names = Names::open(store, out).await?;
        // What has stopped was judged by the calendar of that time.
        let stopped = file.case.statutory.as_ref().and_then(|clock| clock.ledger.stopped_at);
        let calendars = match stopped {
            Some(at) => store.calendars_at(&file.case.calendar, at).await?,
            None => store.calendars(&file.case.calendar).await?,
        };
        let calendar = calendars.for_unit(names.organisation().path(&file.case.unit));
        let explanation = match &file.case.statutory {
            Some(clock) if self.explain => Some(
                clock
                    .ledger
                    .explain(calendar)
                    .map_err(|error| Failure::no(error.code(), error.to_string()))?,
            ),
            _ => None,
        };
        if out.json {
            let definition = names.definition_of(&file.case).await?;
            let mut document = document(&file, &definition, calendar);
            if let Some(able) = able {
                document["possible"] = json!(able);
            }
            if let Some(explanation) = explanation {
                document["explanation"] = json!(explanation);
            }
            return out.document(&document);
        }
        let definition = names.definition_of(&file.case).await?;
        out.line(text(&file, &definition, calendar, &names, out).await?)?;
        if let Some(able) = able {
            let able: Vec<String> = able.iter().map(possible).collect();
            let able = if able.is_empty() { "nothing".to_owned() } else { able.join(", ") };
            out.line(format!("possible   {able}"))?;
        }
        if let Some(explanation) = explanation {
            out.line(format!("\n{}", explain::text(&explanation, calendar, out)))?;
        }
        Ok(())
    }
}

fn document(file: &CaseFile, definition: &Definition, calendar: &Calendar) -> Value {
    let papers = papers(file, definition, calendar).into_iter().map(|paper| {
        let title = definition.documents.get(&paper.document).map(|kind| &kind.title);
        json!({
            "document": paper.document, "title": title, "required": paper.required,
            "state": paper.state, "file": paper.file,
        })
    });
    // What was filled in, with what its fields are called and how people read it.
    let fields = definition.fields().filter_map(|(name, field)| {
        let value = file.case.data.get(name)?;
        let shown = value.shown(Some(field));
        Some(json!({
            "field": name, "type": value.type_name(), "title": field.title,
            "value": value.plain(), "shown": shown,
        }))
    });
    json!({
        "case": file.case,
        "papers": papers.collect::<Vec<_>>(),
        "filled_in": fields.collect::<Vec<_>>(),
        "raw_deadline": file.raw_deadline,
        "next_due": file.next_due,
        "parked": file.parked,
        "tasks": file.tasks.iter().map(task).collect::<Vec<_>>(),
        "now": file.now,
    })
}

fn task(task: &FiledTask) -> Value {
    json!({
        "no": task.no,
        "step": task.step,
        "branch": task.branch,
        "purpose": task.purpose,
        "owner": task.owner,
        "unit": task.unit,
        "assignee": task.assignee,
        "opened_at": task.opened_at,
        "claimed_at": task.claimed_at,
        "due_at": task.due_at,
        "closed_at": task.closed_at,
        "closed_by": task.closed_by,
        "outcome": task.outcome,
    })
}

async fn text(
    file: &CaseFile,
    definition: &Definition,
    calendar: &Calendar,
    names: &Names,
    out: &Output,
) -> Result<String, Failure> {
    let case = &file.case;
    let when = |at| minute(at, calendar.zone(), out.dates);
    let bold = owo_colors::Style::new().bold();
    let place = out.isolate(&names.step(definition, case.place.name()));
    let mut lines = vec![
        format!("case       {} ({} events)", case.id, case.seq),
        format!("subject    {}", out.isolate(&case.subject)),
        format!(
            "workflow   {} ({}@{})",
            out.isolate(&names.text(&definition.title)),
            case.workflow,
            case.version
        ),
        format!("unit       {}", out.isolate(&names.unit(&case.unit))),
        format!("applicant  {}", out.isolate(&names.person(case.applicant).await?)),
        format!("received   {}", when(case.opened_at)),
        format!("stands in  {} ({})", out.paint(bold, &place), case.place.name()),
    ];
    if let Some(about) = &case.about {
        lines.push(format!("about      {}", about_in_words(about)));
    }
    if let Place::End { change: Some(change), .. } = &case.place {
        lines.push(format!("register   {}", out.isolate(&change_in_words(change, out))));
    }
    if let Some(suspension) = &case.suspension {
        let since = when(suspension.since);
        lines.push(format!("suspended  since {since}: {}", out.isolate(&suspension.reason)));
    }
    if let Some(clock) = &case.statutory {
        lines.push(format!("statutory  {}", clock_text(clock, file, calendar, out)));
        if let Some(raw) = file.raw_deadline {
            lines.push(format!("raw        {}, without suspensions and extensions", when(raw)));
        }
        if let SilenceState::Held { due } = clock.silence {
            lines.push(format!(
                "silence    held since {}: a manager decides, with release-silence --clock \
                 {STATUTORY}",
                when(due)
            ));
        }
    }
    if !case.data.is_empty() {
        lines.push("filled in".to_owned());
        // In the order of the definition; a field that it no longer knows comes last.
        let known = definition.fields().map(|(field, _)| field);
        let strange = case.data.keys().filter(|field| definition.field(field.as_str()).is_none());
        for field in known.chain(strange) {
            if let Some(value) = case.data.get(field) {
                let text = names.value(definition, field, Some(value));
                lines.push(format!("           {}", out.isolate(&text)));
            }
        }
    }
    let papers = papers(file, definition, calendar);
    if !papers.is_empty() {
        lines.push("papers".to_owned());
        for paper in papers {
            let title = out.isolate(&names.document(definition, &paper.document));
            let must = if paper.required { ", required here" } else { "" };
            let name = paper.file.map_or(String::new(), |file| format!(" ({})", file.name));
            lines.push(format!("           {title}: {}{must}{name}", paper.state));
        }
    }
    if let Some(parked) = &file.parked {
        lines.push(format!("parked     {parked}"));
    }
    let columns = [
        ("no", Align::Right),
        ("task", Align::Left),
        ("owner", Align::Left),
        ("unit", Align::Left),
        ("opened", Align::Left),
        ("in hand", Align::Left),
        ("due", Align::Left),
        ("closed", Align::Left),
    ];
    let mut table = Table::new(out, &columns);
    for task in &file.tasks {
        let title = match &task.branch {
            Some(branch) => names.branch(definition, &task.step, branch),
            None => names.step(definition, &task.step),
        };
        let in_hand = match task.assignee {
            Some(person) => names.person(person).await?,
            None => String::new(),
        };
        let closed = match (task.closed_at, &task.outcome) {
            (Some(at), Some(outcome)) => format!("{} {outcome}", when(at)),
            _ => String::new(),
        };
        table.row([
            task.no.to_string(),
            title,
            names.owner(definition, &task.owner),
            names.unit(&task.unit),
            when(task.opened_at),
            in_hand,
            task.due_at.map(when).unwrap_or_default(),
            closed,
        ]);
    }
    lines.push(table.render("no tasks"));
    Ok(lines.join("\n"))
}

/// A paper that is asked for where the case stands, or that was handed in.
struct Listed<'a> {
    document: DocumentId,
    required: bool,
    state: &'static str,
    file: Option<&'a FileReference>,
}

fn papers<'a>(file: &'a CaseFile, definition: &Definition, calendar: &Calendar) -> Vec<Listed<'a>> {
    let case = &file.case;
    let today = file.now.with_timezone(&calendar.zone()).date_naive();
    let step = definition.steps.get(case.place.name()).filter(|_| !case.is_ended());
    let asked = step.map(|step| checklist(step, None)).unwrap_or_default();
    let required =
        |document: &DocumentId| asked.iter().any(|(one, required)| *one == document && *required);
    let listed = definition.documents.iter().filter(|(document, _)| {
        case.documents.contains_key(*document) || asked.iter().any(|(one, _)| one == document)
    });
    let one = |(document, kind): (&DocumentId, &DocumentKind)| {
        let paper = case.documents.get(document);
        let state = match kind.state_of(paper, today) {
            PaperState::Good => "good",
            PaperState::Missing => "missing",
            PaperState::Unverified => "unverified",
            PaperState::Refused => "refused",
            PaperState::Expired => "expired",
        };
        let required = required(document);
        Listed { document: document.clone(), required, state, file: paper.map(|one| &one.file) }
    };
    listed.map(one).collect()
}

/// What the statutory clock shows.
fn clock_text(clock: &Clock, file: &CaseFile, calendar: &Calendar, out: &Output) -> String {
    let when = |at| minute(at, calendar.zone(), out.dates);
    let term = parvaneh_core::case::extended_term(&clock.ledger);
    let red = owo_colors::Style::new().red().bold();
    let green = owo_colors::Style::new().green();
    match (clock.ledger.stopped_at, clock.deadline) {
        (Some(stopped), Some(deadline)) => {
            let by_silence = matches!(file.case.place, Place::End { by_silence: true, .. });
            let verdict = if by_silence {
                out.paint(red, "late, by silence")
            } else if stopped <= deadline {
                out.paint(green, "on time")
            } else {
                out.paint(red, "late")
            };
            format!("{term}: stopped {}, deadline {}: {verdict}", when(stopped), when(deadline))
        }
        (None, Some(deadline)) if file.now > deadline => {
            format!("{term}: {} since {}", out.paint(red, "overdue"), when(deadline))
        }
        (_, Some(deadline)) => format!("{term}: runs until {}", when(deadline)),
        (_, None) => format!("{term}: suspended"),
    }
}
