//! What the simulated year was: the figures, and one late case told from its timeline.

use std::cmp::Reverse;

use owo_colors::Style;
use parvaneh_core::{Case, CaseId, Event, Explanation, JalaliPeriod, WorkflowId, event::STATUTORY};
use parvaneh_store::{CasesQuery, EscalationCount, PeopleFilter, Store, Workload};
use serde_json::{Value, json};

use crate::{
    calendars,
    command::{
        case::timeline,
        deadline::explain,
        report::sla::{By, Figures, Question, span, workload_table},
    },
    database::Database,
    failure::Failure,
    names::Names,
    output::{Align, Output, Table},
    simulation::Summary,
};

/// How many rows of the worst are shown.
const WORST: usize = 8;

/// A simulated year.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lived {
    pub(super) period: JalaliPeriod,
    pub(super) seed: u64,
    pub(super) summary: Summary,
    pub(super) seconds: f64,
}

impl Lived {
    fn per_second(&self, count: u64) -> f64 {
        count as f64 / self.seconds.max(f64::MIN_POSITIVE)
    }
}

/// A case that was not decided in time.
struct LateCase {
    case: Case,
    events: Vec<Event>,
    explanation: Explanation,
}

/// Prints what the year was.
///
/// # Errors
/// The database.
pub(super) async fn tell(database: &Database, lived: Lived, out: &Output) -> Result<(), Failure> {
    let store = &database.store;
    let asked = |by| Question { period: lived.period, by, within: None, workflow: None };
    let months = Figures::ask(store, asked(Some(By::Month))).await?;
    let steps = worst(Figures::ask(store, asked(Some(By::Step))).await?);
    let owners = worst(Figures::ask(store, asked(Some(By::Owner))).await?);
    let calendars = calendars::load("ir")?;
    let national = calendars.calendars.national();
    let escalations = store.escalation_counts(&span(lived.period, national)).await?;
    let late = late_case(store).await?;
    if out.json {
        return out.document(&document(database, &lived, &months, &escalations, late.as_ref()));
    }

    let names = Names::open(store, out).await?;
    heading(out, &format!("A year of licensing: {}, seed {}", lived.period, lived.seed))?;
    out.line(months.text(&names, out).await?)?;
    heading(out, "The steps with most work done late")?;
    out.line(workload_table(&steps, &names, out).await?)?;
    heading(out, "The owners with most work done late")?;
    out.line(workload_table(&owners, &names, out).await?)?;
    heading(out, "Warnings and escalations")?;
    out.line(escalation_table(&escalations, out))?;
    if let Some(late) = &late {
        let case = &late.case;
        heading(out, &format!("A case that was not decided in time: {}", case.id))?;
        let definition = names.definition_of(case).await?;
        let zone = national.zone();
        out.line(timeline::table(&late.events, &definition, &names, zone, out).await?)?;
        heading(out, "How its statutory deadline was computed")?;
        let path = names.organisation().path(&case.unit);
        out.line(explain::text(&late.explanation, calendars.calendars.for_unit(path), out))?;
    }
    heading(out, "The engine")?;
    let Summary { opened, commands, refused, ticked } = lived.summary;
    out.line(format!(
        "{opened} applications, {commands} commands ({refused} refused), {ticked} cases changed by time alone\n\
         {:.1} s: {:.0} cases and {:.0} commands a second",
        lived.seconds,
        lived.per_second(opened as u64),
        lived.per_second(commands),
    ))?;
    let Some(dir) = database.data_dir() else { return Ok(()) };
    let dir = dir.display();
    let officers = PeopleFilter {
        role: Some("county_officer".into()),
        within: Some("2301".into()),
        limit: 1,
        ..PeopleFilter::default()
    };
    let officer = store.people(&officers).await?;
    let officer = officer.first().map_or_else(String::new, |officer| {
        format!("\n  parvaneh --data-dir {dir} worklist --as {}", officer.id)
    });
    out.line(format!(
        "\nThe sandbox stays in {dir}. Look around in it:\n  \
         parvaneh --data-dir {dir} report sla --period {} --by province{officer}\n  \
         parvaneh --data-dir {dir} clock advance 30d",
        lived.period
    ))
}

fn heading(out: &Output, text: &str) -> Result<(), Failure> {
    out.line(format!("\n{}", out.paint(Style::new().bold().underline(), text)))
}

/// The rows with most work after its own deadline.
fn worst(figures: Figures) -> Vec<Workload> {
    let mut rows = figures.workload.unwrap_or_default();
    rows.sort_by_key(|row| Reverse(row.late));
    rows.retain(|row| row.late > 0);
    rows.truncate(WORST);
    rows
}

fn escalation_table(counts: &[EscalationCount], out: &Output) -> String {
    let columns = [("clock", Align::Left), ("level", Align::Left), ("fired", Align::Right)];
    let mut table = Table::new(out, &columns);
    for count in counts {
        let clock = if count.statutory { "the whole case" } else { "a step or inquiry" };
        let level = if count.warning { "warning" } else { "level" };
        table.row([clock.to_owned(), format!("{level} {}", count.number), count.fired.to_string()]);
    }
    table.render("nothing was escalated")
}

/// Of the latest cases that silence decided, or that are overdue, the one with the longest story.
async fn late_case(store: &Store) -> Result<Option<LateCase>, Failure> {
    let workflow = Some(WorkflowId::from("ngo-establishment"));
    let silent = CasesQuery {
        workflow: workflow.clone(),
        step: Some("issued_by_silence".into()),
        limit: 200,
        ..CasesQuery::default()
    };
    let overdue = CasesQuery { workflow, overdue: true, limit: 200, ..CasesQuery::default() };
    let mut rows = store.cases(&silent).await?;
    rows.extend(store.cases(&overdue).await?);
    let Some(id): Option<CaseId> =
        rows.iter().max_by_key(|row| (row.seq, row.case)).map(|row| row.case)
    else {
        return Ok(None);
    };
    let case = store.case(id).await?;
    let Some(clock) = case.clock(STATUTORY) else { return Ok(None) };
    let organisation = store.organisation().await?;
    let calendars = store.calendars(&case.calendar).await?;
    let calendar = calendars.for_unit(organisation.path(&case.unit));
    let explanation = clock.ledger.explain(calendar).map_err(|error| {
        Failure::internal(format!("the deadline of case {id} cannot be explained: {error}"))
    })?;
    let timeline = store.timeline(id).await?;
    let events = timeline.entries.into_iter().map(|entry| entry.event).collect();
    Ok(Some(LateCase { case, events, explanation }))
}

fn document(
    database: &Database,
    lived: &Lived,
    months: &Figures,
    escalations: &[EscalationCount],
    late: Option<&LateCase>,
) -> Value {
    let Summary { opened, commands, refused, ticked } = lived.summary;
    let escalations: Vec<Value> = escalations
        .iter()
        .map(|count| {
            json!({
                "statutory": count.statutory,
                "warning": count.warning,
                "number": count.number,
                "fired": count.fired,
            })
        })
        .collect();
    json!({
        "period": lived.period,
        "seed": lived.seed,
        "cases": opened,
        "commands": commands,
        "refused": refused,
        "ticked": ticked,
        "seconds": lived.seconds,
        "on_time": months.document(),
        "escalations": escalations,
        "late_case": late.map(|late| json!({
            "case": late.case,
            "events": late.events,
            "explanation": late.explanation,
        })),
        "data_dir": database.data_dir(),
    })
}
