//! `parvaneh calendar close` and `reopen`.

use std::io::{BufRead, IsTerminal, Write};

use chrono_tz::Tz;
use clap::Args;
use parvaneh_core::{
    CalendarId, Organisation, UnitId,
    calendar::{Hours, TimeOfDay},
    event::STATUTORY,
    jalali,
};
use parvaneh_store::{
    Change, ClosedDay, Closing, ClosureRow, ClosureSettled as Settled, Job, JobId, MovedCase,
    Preview, PreviewPage, Reopening, Store,
};
use parvaneh_worker::{Shutdown, WorkerOptions};
use serde_json::{Value, json};

use super::closures;
use crate::{
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    moment::impossible,
    output::{Align, Output, Progress, Table, minute, rfc3339},
    who::{find_unit, person},
};

/// Close the offices of a unit on a day, before it or after
///
/// First it shows which deadlines would move, and which cases would become late or be on time again;
/// on confirmation every running case there gets its event. Whoever works on meanwhile finds the
/// deadlines moved already. When the command is interrupted, the worker does the rest.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  parvaneh calendar close --unit tehran --date 1403/10/05 --reason 'Cold and air pollution'
  parvaneh calendar close --unit 2301 --date 1403/10/05 --from 12:00 --reason 'Power cut' --yes
  parvaneh calendar reopen --unit tehran --date 1403/10/05 --reason 'Announced by mistake'")]
pub(crate) struct Close {
    #[command(flatten)]
    what: What,
}

/// Take a closure back: deadlines are again where they would be without it
#[derive(Debug, Args)]
pub(crate) struct Reopen {
    #[command(flatten)]
    what: What,
}

/// What is closed, and who says so.
#[derive(Debug, Args)]
struct What {
    /// The unit, with everything below it: identifier or name (ir is the nation)
    #[arg(long)]
    unit: String,
    /// The day, past or to come
    #[arg(long)]
    date: String,
    /// Only from this time of day on
    #[arg(long, value_name = "HH:MM")]
    from: Option<TimeOfDay>,
    /// Only up to this time of day
    #[arg(long, value_name = "HH:MM")]
    to: Option<TimeOfDay>,
    /// Why: it stands on every event and in every explanation
    #[arg(long)]
    reason: String,
    /// The calendar that changes
    #[arg(long, default_value = "ir", value_name = "CALENDAR")]
    calendar: String,
    /// Who decides it, a calendar_keeper of the unit; without it, the operator
    #[arg(long = "as", value_name = "PERSON", env = "PARVANEH_AS")]
    by: Option<String>,
    /// Do it without asking
    #[arg(long, conflicts_with = "preview")]
    yes: bool,
    /// Only show what would move
    #[arg(long)]
    preview: bool,
    /// How many cases the preview shows one by one
    #[arg(long, default_value_t = 20)]
    limit: usize,
}

impl Close {
    pub(super) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        self.what.run(true, options, out)
    }
}

impl Reopen {
    pub(super) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        self.what.run(false, options, out)
    }
}

impl What {
    fn run(self, closes: bool, options: &Options, out: &Output) -> Result<(), Failure> {
        let date = jalali::parse_date(&self.date).map_err(|error| impossible(&error).at("date"))?;
        let hours = self.hours()?;
        with_database(options, OnSignal::Finish, async |database, shutdown| {
            let store = &database.store;
            let organisation = store.organisation().await?;
            let unit = find_unit(&organisation, &self.unit)?;
            let by = match &self.by {
                Some(text) => Some(person(store, text).await?.id),
                None => None,
            };
            let calendar = CalendarId::from(self.calendar.as_str());
            let day = ClosedDay { calendar, unit, date, hours };
            let reason = self.reason.clone();
            let change = match closes {
                true => Change::Close(Closing { day, reason, by }),
                false => Change::Reopen(Reopening { day, reason, by }),
            };
            self.change(store, &change, &organisation, shutdown, out).await
        })
    }

    fn hours(&self) -> Result<Option<Hours>, Failure> {
        if self.from.is_none() && self.to.is_none() {
            return Ok(None);
        }
        let midnight =
            |hour| TimeOfDay::new(hour, 0).unwrap_or_else(|| unreachable!("a full hour"));
        let opens = self.from.unwrap_or_else(|| midnight(0));
        let closes = self.to.unwrap_or_else(|| midnight(24));
        if opens >= closes {
            return Err(Failure::usage(format!("--to {closes} does not lie after --from {opens}")));
        }
        Ok(Some(Hours { opens, closes }))
    }

    async fn change(
        &self,
        store: &Store,
        change: &Change,
        organisation: &Organisation,
        shutdown: Shutdown,
        out: &Output,
    ) -> Result<(), Failure> {
        let zone = store.calendars(&change.day().calendar).await?.national().zone();
        let mut bar: Option<Progress> = None;
        let preview = store
            .preview_closures(change, &PreviewPage::first(self.limit), |seen, total| {
                bar.get_or_insert_with(|| Progress::new("looking", total)).at(seen);
            })
            .await?;
        drop(bar);
        if !out.json {
            out.line(text(change, &preview, organisation, zone, out))?;
        }
        if self.preview {
            return match out.json {
                true => out.document(&json!({ "preview": document(&preview, zone) })),
                false => Ok(()),
            };
        }
        if !self.yes && !confirmed(out)? {
            return Err(Failure::no("not-confirmed", "nothing was changed")
                .help("look at what --preview shows, then say --yes"));
        }
        let Settled { closure, job } = store.change_closures(change.clone()).await?;
        let done = match job {
            Some(job) => Some(carry(store, job, &shutdown).await?),
            None => None,
        };
        tell(&closure, &preview, done.as_ref(), zone, out)
    }
}

/// Asks on a terminal. Where nobody can be asked, nobody has confirmed.
pub(crate) fn confirmed(out: &Output) -> Result<bool, Failure> {
    let stdin = std::io::stdin();
    if out.json || !out.terminal || !stdin.is_terminal() {
        return Ok(false);
    }
    let failed = |error: std::io::Error| Failure::internal(error.to_string());
    let mut stdout = std::io::stdout();
    write!(stdout, "Do it? [y/N] ").and_then(|()| stdout.flush()).map_err(failed)?;
    let mut answer = String::new();
    stdin.lock().read_line(&mut answer).map_err(failed)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Does a job portion by portion, beside whoever else is at it, until it is done or the command is
/// to end.
///
/// # Errors
/// The database.
pub(crate) async fn carry(store: &Store, id: JobId, shutdown: &Shutdown) -> Result<Job, Failure> {
    let mut bar: Option<Progress> = None;
    loop {
        let job = match store.advance_job(Some(id), WorkerOptions::default().batch).await? {
            Some(job) => job,
            None => {
                // A worker has it in hand, or has finished it.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                let job = store.job(id).await?;
                job.ok_or_else(|| Failure::internal("the job is gone"))?
            }
        };
        bar.get_or_insert_with(|| Progress::new("moving", job.total)).at(job.done);
        if job.finished_at.is_some() || shutdown.has_begun() {
            return Ok(job);
        }
    }
}

fn tell(
    closure: &ClosureRow,
    preview: &Preview,
    job: Option<&Job>,
    zone: Tz,
    out: &Output,
) -> Result<(), Failure> {
    if out.json {
        return out.document(&json!({
            "closure": closures::document(closure),
            "new": job.is_some(),
            "preview": document(preview, zone),
            "job": job.map(|job| json!({
                "id": job.id,
                "cases": job.done,
                "moved": job.changed,
                "failed": job.failed,
                "finished": job.finished_at.is_some(),
            })),
        }));
    }
    let what = if closure.is_in_force() { "closed" } else { "open again" };
    let Some(job) = job else {
        return out.line(format!("{what} before: closure {}", closure.closure.no));
    };
    let (no, looked_at, moved) = (closure.closure.no, job.done, job.changed);
    out.line(format!(
        "{what}: closure {no}; {looked_at} cases looked at, deadlines moved in {moved}"
    ))?;
    if job.failed > 0 {
        let why = job.error.as_deref().unwrap_or_default();
        out.line(format!("{} cases could not be treated; the first: {why}", job.failed))?;
    }
    if job.finished_at.is_none() {
        out.line(format!(
            "interrupted after {looked_at} of {} cases: the worker does the rest",
            job.total
        ))?;
    }
    Ok(())
}

fn document(preview: &Preview, zone: Tz) -> Value {
    json!({
        "looked_at": preview.looked_at,
        "cases": preview.cases,
        "clocks": preview.clocks,
        "become_late": preview.become_late,
        "become_on_time": preview.become_on_time,
        "failed": preview.failed,
        "first": preview.first.iter().map(|moved| json!({
            "case": moved.case,
            "subject": moved.subject,
            "unit": moved.unit,
            "step": moved.step,
            "clocks": moved.clocks.iter().map(|clock| json!({
                "clock": clock.clock,
                "from": rfc3339(clock.from, zone),
                "to": clock.to.map(|to| rfc3339(to, zone)),
                "late_before": clock.late_before,
                "late_after": clock.late_after,
            })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    })
}

fn text(
    change: &Change,
    preview: &Preview,
    organisation: &Organisation,
    zone: Tz,
    out: &Output,
) -> String {
    let ClosedDay { unit, date, hours, .. } = change.day();
    let hours = hours.map_or("the whole day".to_owned(), |hours| hours.to_string());
    let what = match change {
        Change::Close(_) => "closing",
        Change::Reopen(_) => "opening again",
    };
    let mut lines = vec![format!(
        "{what} {} on {}, {hours}",
        name(unit, organisation, out),
        closures::date_text(*date, out)
    )];
    let mut columns = vec![("case", Align::Left), ("unit", Align::Left), ("clock", Align::Left)];
    columns.extend([("deadline", Align::Left), ("becomes", Align::Left), ("", Align::Left)]);
    let mut table = Table::new(out, &columns);
    for moved in &preview.first {
        rows(&mut table, moved, organisation, zone, out);
    }
    if !preview.first.is_empty() {
        lines.push(table.render(""));
    }
    if preview.cases > preview.first.len() as u64 {
        lines.push(format!("… and {} cases more", preview.cases - preview.first.len() as u64));
    }
    lines.push(format!(
        "of {} open cases, {} would have {} deadlines moved; {} would become late, {} be on time again",
        preview.looked_at, preview.cases, preview.clocks, preview.become_late, preview.become_on_time
    ));
    if preview.failed > 0 {
        lines.push(format!("{} cases could not be looked at", preview.failed));
    }
    lines.join("\n")
}

fn rows(table: &mut Table, moved: &MovedCase, organisation: &Organisation, zone: Tz, out: &Output) {
    for clock in &moved.clocks {
        let which = match clock.clock {
            STATUTORY => "statutory".to_owned(),
            task => format!("task {task}"),
        };
        let to =
            clock.to.map_or("none while it stands".to_owned(), |to| minute(to, zone, out.dates));
        let how = match (clock.late_before, clock.late_after) {
            (false, true) => "becomes late",
            (true, false) => "on time again",
            (true, true) => "late as before",
            (false, false) => "",
        };
        table.row([
            moved.case.to_string(),
            name(&moved.unit, organisation, out),
            which,
            minute(clock.from, zone, out.dates),
            to,
            how.to_owned(),
        ]);
    }
}

/// A unit by name, with its identifier.
fn name(unit: &UnitId, organisation: &Organisation, out: &Output) -> String {
    let title = organisation.get(unit).map(|unit| out.lang.of(&unit.title.fa, &unit.title.en));
    title.map_or(unit.to_string(), |title| format!("{title} ({unit})"))
}
