//! `parvaneh workflow migrate`: running cases move to another version.

use std::collections::BTreeSet;

use chrono_tz::Tz;
use clap::Args;
use parvaneh_core::{
    Definition, Mapping, Organisation, UnitId,
    document::has_errors,
    event::STATUTORY,
    migration::{ClockMove, starter},
};
use parvaneh_store::{Job, MigrationPreview, PreviewedCase, PreviewedClock, Store};
use parvaneh_worker::Shutdown;
use serde_json::{Value, json};

use super::show::published;
use crate::{
    command::calendar::{carry, confirmed},
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    output::{Align, Output, Problems, Progress, Table, minute, rfc3339},
    source::{not_sound, read},
    who::find_unit,
};

/// Move running cases to another version, by a checked mapping
///
/// The mapping says where the cases of each step go, and what becomes of each clock. First it shows
/// each deadline before and after; on confirmation every running case there moves, by one event on its
/// timeline, while everybody goes on working. What cannot move stays and is told. When the command is
/// interrupted, the worker does the rest.
///
/// To have no case left behind, retire the old version first: 'parvaneh workflow retire NAME@1'.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  parvaneh workflow migrate --from ngo-establishment@1 --to ngo-establishment@2 --write mapping.yaml
  parvaneh workflow migrate mapping.yaml --dry-run
  parvaneh workflow migrate mapping.yaml --unit 23 --yes")]
pub(crate) struct Migrate {
    /// The mapping's file
    #[arg(required_unless_present = "write")]
    mapping: Option<String>,
    /// Write a mapping to begin with: what has the same name stands in it, what you must say is marked
    #[arg(long, value_name = "FILE", requires = "from", requires = "to", conflicts_with_all = ["mapping", "dry_run", "yes", "unit"])]
    write: Option<String>,
    /// With --write: the version by which the cases run
    #[arg(long, value_name = "NAME@N", requires = "write")]
    from: Option<String>,
    /// With --write: the version by which they are to run
    #[arg(long, value_name = "NAME@N", requires = "write")]
    to: Option<String>,
    /// Only cases of this unit and those below it: identifier or name
    #[arg(long)]
    unit: Option<String>,
    /// Only show what would come of it, case by case
    #[arg(long)]
    dry_run: bool,
    /// Do it without asking
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// How many cases are shown one by one; with --dry-run all, if left out, else 20
    #[arg(long)]
    limit: Option<usize>,
}

impl Migrate {
    pub(super) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        if let (Some(file), Some(from), Some(to)) = (&self.write, &self.from, &self.to) {
            return write(file, from, to, options, out);
        }
        let file = self.mapping.clone().unwrap_or_default();
        let source =
            read(&file).map_err(|problem| not_sound("mapping", &file, None, vec![*problem]))?;
        with_database(options, OnSignal::Finish, async |database, shutdown| {
            let store = &database.store;
            let checked = store.check_mapping(&file, &source).await?;
            let Some(mapping) = checked.mapping.filter(|_| !has_errors(&checked.problems)) else {
                return Err(not_sound("mapping", &file, Some(&source), checked.problems));
            };
            let organisation = store.organisation().await?;
            let unit = match &self.unit {
                Some(text) => Some(find_unit(&organisation, text)?),
                None => None,
            };
            if !out.json && !checked.problems.is_empty() {
                let problems = Problems { problems: &checked.problems, source: Some(&source) };
                out.line(format!("{}\n", problems.render(out.colour)))?;
            }
            let moving = Moving {
                store,
                mapping: &mapping,
                unit: unit.as_ref(),
                organisation: &organisation,
                zone: zone(store, &mapping).await?,
                out,
            };
            let warnings = json!(checked.problems);
            moving.run(&self, &source, &warnings, shutdown).await
        })
    }
}

async fn zone(store: &Store, mapping: &Mapping) -> Result<Tz, Failure> {
    let definition = store.definition(&mapping.workflow, Some(mapping.to)).await?;
    Ok(store.calendars(&definition.calendar).await?.national().zone())
}

/// Writes a mapping to begin with. A file that is there already stays.
fn write(file: &str, from: &str, to: &str, options: &Options, out: &Output) -> Result<(), Failure> {
    with_database(options, OnSignal::Leave, async |database, _| {
        let mut versions: Vec<std::sync::Arc<Definition>> = Vec::with_capacity(2);
        for name in [from, to] {
            let (workflow, Some(version)) = published(name)? else {
                return Err(Failure::usage(format!("'{name}' names no version")).help(
                    "write which version: ngo-establishment@1; see 'parvaneh workflow list'",
                ));
            };
            versions.push(database.store.definition(&workflow, Some(version)).await?);
        }
        let (from, to) = (&versions[0], &versions[1]);
        if from.id != to.id || from.version == to.version {
            return Err(Failure::usage("cases move between two versions of one workflow"));
        }
        let text = starter(from, to);
        let mut options = std::fs::OpenOptions::new();
        let written = options
            .write(true)
            .create_new(true)
            .open(file)
            .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
        written.map_err(|error| {
            let failure = Failure::no("cannot-write", format!("{file}: {error}"));
            match error.kind() {
                std::io::ErrorKind::AlreadyExists => {
                    failure.help("nothing is overwritten: give it another name")
                }
                _ => failure,
            }
        })?;
        let open = text.matches(": ???").count();
        if out.json {
            return out.document(&json!({ "written": file, "open": open }));
        }
        out.line(match open {
            0 => format!(
                "written: {file}; look at it, then at 'parvaneh workflow migrate {file} --dry-run'"
            ),
            1 => format!("written: {file}; one place is marked ??? for you to fill in"),
            open => format!("written: {file}; {open} places are marked ??? for you to fill in"),
        })
    })
}

/// A migration on its way.
struct Moving<'a> {
    store: &'a Store,
    mapping: &'a Mapping,
    unit: Option<&'a UnitId>,
    organisation: &'a Organisation,
    zone: Tz,
    out: &'a Output,
}

impl Moving<'_> {
    async fn run(
        &self,
        asked: &Migrate,
        source: &str,
        warnings: &Value,
        shutdown: Shutdown,
    ) -> Result<(), Failure> {
        let Self { store, mapping, unit, out, .. } = *self;
        let most = asked.limit.unwrap_or(if asked.dry_run { usize::MAX } else { 20 });
        let mut bar: Option<Progress> = None;
        let seen = |seen, total| {
            bar.get_or_insert_with(|| Progress::new("looking", total)).at(seen);
        };
        let preview = store.preview_migration(mapping, unit, most, seen).await?;
        drop(bar);
        if !out.json {
            out.line(self.text(&preview))?;
        }
        if asked.dry_run {
            return match out.json {
                true => out.document(&json!({
                    "warnings": warnings, "preview": self.document(&preview),
                })),
                false => Ok(()),
            };
        }
        if !asked.yes && !confirmed(out)? {
            return Err(Failure::no("not-confirmed", "nothing was changed")
                .help("look at what --dry-run shows, then say --yes"));
        }
        let job = store.begin_migration(mapping, source, unit).await?;
        let job = carry(store, job, &shutdown).await?;
        let left = store.left_behind(mapping, unit).await?;
        self.tell(&preview, warnings, &job, left)
    }

    fn tell(
        &self,
        preview: &MigrationPreview,
        warnings: &Value,
        job: &Job,
        left: u64,
    ) -> Result<(), Failure> {
        let Mapping { workflow, from, to, .. } = self.mapping;
        let out = self.out;
        if out.json {
            return out.document(&json!({
                "warnings": warnings,
                "preview": self.document(preview),
                "job": {
                    "id": job.id,
                    "cases": job.done,
                    "moved": job.changed,
                    "finished": job.finished_at.is_some(),
                    "error": job.error,
                },
                "left": left,
            }));
        }
        out.line(format!("{} cases moved to {workflow}@{to}", job.changed))?;
        if job.finished_at.is_none() {
            return out.line(format!(
                "interrupted after {} of {} cases: the worker does the rest",
                job.done, job.total
            ));
        }
        if left > 0 {
            let why = match &job.error {
                Some(error) => format!("the first that could not move: {error}"),
                None => format!("they were opened meanwhile: retire {workflow}@{from}, and repeat"),
            };
            out.line(format!("{left} cases still run by {workflow}@{from}; {why}"))?;
        }
        Ok(())
    }

    fn document(&self, preview: &MigrationPreview) -> Value {
        let at = |at: Option<parvaneh_core::Instant>| at.map(|at| rfc3339(at, self.zone));
        let clock = |clock: &PreviewedClock| {
            json!({
                "clock": clock.clock,
                "how": clock.how,
                "from": at(clock.from),
                "to": at(clock.to),
                "late_before": clock.late_before,
                "late_after": clock.late_after,
                "held": clock.held,
            })
        };
        let reasons = preview
            .reasons
            .iter()
            .map(|((code, step), cases)| json!({ "code": code, "step": step, "cases": cases }));
        json!({
            "looked_at": preview.looked_at,
            "cases": preview.cases,
            "moved_deadlines": preview.moved_deadlines,
            "become_late": preview.become_late,
            "become_on_time": preview.become_on_time,
            "held": preview.held,
            "ended": preview.ended,
            "refused": preview.refused,
            "reasons": reasons.collect::<Vec<_>>(),
            "first": preview.first.iter().map(|moved| json!({
                "case": moved.case,
                "subject": moved.subject,
                "unit": moved.unit,
                "step": moved.step,
                "to": moved.to,
                "clocks": moved.clocks.iter().map(clock).collect::<Vec<_>>(),
                "at_once": moved.at_once,
            })).collect::<Vec<_>>(),
            "first_refused": preview.first_refused.iter().map(|stays| json!({
                "case": stays.case,
                "step": stays.step,
                "code": stays.code,
                "reason": stays.reason,
            })).collect::<Vec<_>>(),
        })
    }

    fn text(&self, preview: &MigrationPreview) -> String {
        let Mapping { workflow, from, to, .. } = self.mapping;
        let where_ = self.unit.map_or(String::new(), |unit| format!(" in {}", self.name(unit)));
        let mut lines =
            vec![format!("moving cases{where_} from {workflow}@{from} to {workflow}@{to}")];
        let columns = [
            ("case", Align::Left),
            ("unit", Align::Left),
            ("step", Align::Left),
            ("goes to", Align::Left),
            ("clock", Align::Left),
            ("deadline", Align::Left),
            ("becomes", Align::Left),
            ("", Align::Left),
        ];
        let mut table = Table::new(self.out, &columns);
        for moved in &preview.first {
            self.rows(&mut table, moved);
        }
        if !preview.first.is_empty() {
            lines.push(table.render(""));
        }
        let shown = preview.first.len() as u64;
        if preview.cases > shown {
            lines.push(format!("… and {} cases more", preview.cases - shown));
        }
        for stays in &preview.first_refused {
            let (case, step, reason) = (stays.case, &stays.step, &stays.reason);
            lines.push(format!("stays: {case} in {step}: {reason}"));
        }
        lines.push(format!(
            "of {} running cases {} would move, {} of them with another deadline; by the statutory \
             clock {} would become late, {} be on time again",
            preview.looked_at,
            preview.cases,
            preview.moved_deadlines,
            preview.become_late,
            preview.become_on_time
        ));
        if preview.held > 0 {
            lines.push(format!(
                "in {} cases silence would be held for a manager's release",
                preview.held
            ));
        }
        if preview.ended > 0 {
            lines.push(format!("{} cases are about to end by the old version", preview.ended));
        }
        for ((code, step), cases) in &preview.reasons {
            lines.push(format!("{cases} cases in '{step}' cannot move: {code}"));
        }
        lines.join("\n")
    }

    fn rows(&self, table: &mut Table, moved: &PreviewedCase) {
        let shown = |at: Option<parvaneh_core::Instant>, none: &str| {
            at.map_or(none.to_owned(), |at| minute(at, self.zone, self.out.dates))
        };
        for (place, clock) in moved.clocks.iter().enumerate() {
            let which = match clock.clock {
                STATUTORY => "statutory".to_owned(),
                task => format!("task {task}"),
            };
            let none = match clock.how {
                ClockMove::Ended => "ends",
                _ => "stands still",
            };
            let was = if clock.how == ClockMove::Started { "none" } else { "stands still" };
            let mut how: Vec<&str> = Vec::new();
            how.extend(match (clock.late_before, clock.late_after) {
                (false, true) => Some("becomes late"),
                (true, false) => Some("on time again"),
                (true, true) => Some("late as before"),
                (false, false) => None,
            });
            how.extend(clock.held.then_some("silence held"));
            let at_once: BTreeSet<&str> = moved.at_once.iter().copied().collect();
            if place == 0 {
                how.extend(at_once.iter().map(|kind| match *kind {
                    "escalated" => "a level fires at once",
                    "sitting_lacking" => "no sitting has room",
                    "silence_took_effect" => "silence takes effect at once",
                    other => other,
                }));
            }
            let unchanged = clock.from == clock.to && clock.how != ClockMove::Started;
            let becomes = if unchanged { "the same".to_owned() } else { shown(clock.to, none) };
            let first = |text: String| if place == 0 { text } else { String::new() };
            table.row([
                first(moved.case.to_string()),
                first(self.name(&moved.unit)),
                first(moved.step.to_string()),
                first(moved.to.to_string()),
                which,
                shown(clock.from, was),
                becomes,
                how.join(", "),
            ]);
        }
        if moved.clocks.is_empty() {
            let (step, to) = (moved.step.to_string(), moved.to.to_string());
            let empty = String::new;
            table.row([
                moved.case.to_string(),
                self.name(&moved.unit),
                step,
                to,
                "none".to_owned(),
                empty(),
                empty(),
                empty(),
            ]);
        }
    }

    /// A unit by name, with its identifier.
    fn name(&self, unit: &UnitId) -> String {
        let found = self.organisation.get(unit);
        let title = found.map(|unit| self.out.lang.of(&unit.title.fa, &unit.title.en));
        title.map_or(unit.to_string(), |title| format!("{title} ({unit})"))
    }
}
