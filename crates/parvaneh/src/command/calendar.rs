//! `parvaneh calendar`: working calendars.

mod closing;
mod closures;
mod show;

pub(crate) use closing::{carry, confirmed};

use std::collections::BTreeSet;

use clap::Subcommand;
use parvaneh_core::{CalendarSource, Calendars, document::Problem};
use parvaneh_store::Published;
use serde_json::{Value, json};

use crate::{
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    output::{Align, Output, Table},
    source::{not_sound, read},
};

/// Check, publish and look at working calendars
#[derive(Debug, Subcommand)]
pub(crate) enum Calendar {
    /// Tell whether calendar files are sound; needs no database
    Check {
        /// The calendars' files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<String>,
    },
    /// Publish a calendar: from now on it is the one in force
    ///
    /// Closures stay in force. The deadlines of clocks that run move with it, each by an event.
    Publish {
        /// The calendar's file
        file: String,
    },
    /// List the calendars that published definitions count by
    List,
    Show(show::Show),
    Close(closing::Close),
    Reopen(closing::Reopen),
    Closures(closures::List),
}

impl Calendar {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        match self {
            Self::Check { files } => check(&files, out),
            Self::Publish { file } => publish(&file, options, out),
            Self::List => list(options, out),
            Self::Show(show) => show.run(options, out),
            Self::Close(close) => close.run(options, out),
            Self::Reopen(reopen) => reopen.run(options, out),
            Self::Closures(closures) => closures.run(options, out),
        }
    }
}

fn parse(file: &str) -> Result<(CalendarSource, String), Failure> {
    let refuse = |source: Option<&str>, problems: Vec<Problem>| {
        not_sound("calendar", file, source, problems)
    };
    let source = read(file).map_err(|problem| refuse(None, vec![*problem]))?;
    let calendar =
        CalendarSource::parse(file, &source).map_err(|problems| refuse(Some(&source), problems))?;
    Ok((calendar, source))
}

fn check(files: &[String], out: &Output) -> Result<(), Failure> {
    let mut all: Vec<Problem> = Vec::new();
    for file in files {
        match parse(file) {
            Ok((calendar, _)) if !out.json => {
                let green = owo_colors::Style::new().green().bold();
                out.line(format!("{} {file}: {}", out.paint(green, "sound"), calendar.id()))?;
            }
            Ok(_) => {}
            Err(failure) => {
                let Some(unsound) = failure.file else { return Err(failure) };
                if !out.json {
                    out.line(format!("{}\n", unsound.shown.trim_end()))?;
                }
                all.extend(unsound.problems);
            }
        }
    }
    if out.json {
        out.document(&all)?;
    }
    if all.is_empty() { Ok(()) } else { Err(Failure::answered()) }
}

fn publish(file: &str, options: &Options, out: &Output) -> Result<(), Failure> {
    let (calendar, source) = parse(file)?;
    with_database(options, OnSignal::Finish, async |database, shutdown| {
        let published = database.store.publish_calendar(calendar.id(), &source).await?;
        // What is interrupted, the worker does.
        for job in database.store.unfinished_jobs().await? {
            carry(&database.store, job.id, &shutdown).await?;
        }
        let new = published == Published::Now;
        if out.json {
            return out.document(&json!({
                "calendar": calendar.id(),
                "version": calendar.version(),
                "new": new,
            }));
        }
        let what = if new { "published" } else { "published before" };
        out.line(format!("{what}: {} (SHA-256 {})", calendar.id(), calendar.version()))
    })
}

fn list(options: &Options, out: &Output) -> Result<(), Failure> {
    with_database(options, OnSignal::Leave, async |database, _| {
        let store = &database.store;
        let mut ids = BTreeSet::new();
        for one in store.definitions().await? {
            ids.insert(store.definition(&one.workflow, Some(one.version)).await?.calendar.clone());
        }
        let mut calendars = Vec::with_capacity(ids.len());
        for id in &ids {
            calendars.push(store.calendars(id).await?);
        }
        if out.json {
            let calendars: Vec<_> = calendars.iter().map(|one| document(one)).collect();
            return out.document(&calendars);
        }
        let columns = [
            ("calendar", Align::Left),
            ("title", Align::Left),
            ("holidays published", Align::Left),
            ("holidays", Align::Right),
            ("closures", Align::Right),
            ("version", Align::Left),
        ];
        let mut table = Table::new(out, &columns);
        for one in &calendars {
            let source = one.source();
            let published = source.published().map_or(String::new(), |published| {
                format!("{} to {}", published.from, published.until)
            });
            table.row([
                one.id().to_string(),
                out.lang.of(&source.title().fa, &source.title().en).to_owned(),
                published,
                source.holidays().len().to_string(),
                source.closures().len().to_string(),
                one.version().chars().take(12).collect(),
            ]);
        }
        out.line(table.render("no calendar is in use"))
    })
}

fn document(calendars: &Calendars) -> Value {
    let source = calendars.source();
    json!({
        "calendar": calendars.id(),
        "version": calendars.version(),
        "title": source.title(),
        "zone": source.zone().name(),
        "day_ends": source.day_ends(),
        "published": source.published(),
        "holidays": source.holidays().len(),
        "closures": source.closures().len(),
    })
}
