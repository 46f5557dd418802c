//! `parvaneh workflow test`: do scenarios come out as they say?

use std::{
    collections::{HashMap, hash_map::Entry},
    path::{Path, PathBuf},
};

use parvaneh_core::{
    Calendars, Definition, Organisation,
    scenario::{self, Report, Setting},
};
use serde_json::{Value, json};

use crate::{
    builtin, calendars,
    failure::Failure,
    output::{Output, Problems},
    source::{not_sound, read},
};

/// Run the scenarios of definitions: exit 0 when all come out as they say, or 1
///
/// Needs no database: a scenario is lived through in the pure core, by the calendar and the
/// organisation that the program carries. Each difference is told with the place in the scenario
/// under a caret. With --json: an array with one object a scenario: file, definition, title, lived
/// (how many of its entries), passed, problems.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  parvaneh workflow test workflows/*\n  \
                        parvaneh workflow test workflows/taxi-licence/scenarios/refusal.yaml")]
pub(crate) struct Test {
    /// Folders of workflows (with v<N>.yaml and a folder `scenarios`), or single scenarios. Those in
    /// scenarios/v2 tell of v2.yaml, those beside it of the newest version without such a folder
    #[arg(required = true, value_name = "FOLDER_OR_FILE")]
    places: Vec<PathBuf>,
    /// The definition; if left out, the version of which the scenarios tell
    #[arg(long, value_name = "FILE")]
    definition: Option<PathBuf>,
    /// The calendar: a file, or one that the program carries; if left out, the definition's
    #[arg(long, value_name = "FILE_OR_ID")]
    calendar: Option<String>,
}

/// A scenario and the definition of which it tells.
struct Told {
    scenario: PathBuf,
    definition: PathBuf,
}

impl Test {
    pub(super) fn run(self, out: &Output) -> Result<(), Failure> {
        let told = self.scenarios()?;
        let units = builtin::units()?.into_iter().map(|row| row.unit);
        let organisation = Organisation::new(units).map_err(|error| {
            Failure::internal(format!("the organisation that is built in: {error}"))
        })?;
        let mut answers = Vec::with_capacity(told.len());
        let mut shelf: HashMap<&Path, (Definition, Calendars)> = HashMap::new();
        for Told { scenario, definition } in &told {
            let (parsed, calendars) = match shelf.entry(definition) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(self.load(definition)?),
            };
            let setting = Setting { definition: parsed, calendars, organisation: &organisation };
            let report = live(&setting, scenario, out)?;
            answers.push(json!({
                "file": scenario.display().to_string(),
                "definition": definition.display().to_string(),
                "title": report.title,
                "lived": report.lived,
                "passed": report.is_as_expected(),
                "problems": report.problems,
            }));
        }
        let failed = answers.iter().filter(|answer| answer["passed"] == false).count();
        if out.json {
            out.document(&answers)?;
        } else {
            out.line(summary(&answers, failed))?;
        }
        if failed == 0 { Ok(()) } else { Err(Failure::answered()) }
    }

    /// Every scenario that was asked for, folders in the order of their names.
    fn scenarios(&self) -> Result<Vec<Told>, Failure> {
        let mut told = Vec::new();
        for place in &self.places {
            if !place.is_dir() {
                told.push(Told { scenario: place.clone(), definition: self.definition_of(place)? });
                continue;
            }
            // A folder without a definition is no workflow: a pattern such as workflows/* names it too.
            let skipped = self.places.len() > 1 && self.definition.is_none();
            if skipped && versions(place)?.is_empty() {
                continue;
            }
            let definition = self.definition_in(place)?;
            let scenarios = place.join("scenarios");
            let mut folders = vec![(definition, scenarios.clone())];
            if self.definition.is_none() {
                let others = versions(place)?.into_iter();
                let own =
                    others.map(|(version, file)| (file, scenarios.join(format!("v{version}"))));
                folders.extend(own.filter(|(_, folder)| folder.is_dir()));
            }
            for (definition, folder) in folders {
                let mut files = yaml_files(&folder)?;
                files.sort();
                let to_told = |scenario| Told { scenario, definition: definition.clone() };
                told.extend(files.into_iter().map(to_told));
            }
        }
        if told.is_empty() {
            return Err(Failure::no("no-scenarios", "there is no scenario to run")
                .help("scenarios stand beside a definition: workflows/<name>/scenarios/*.yaml"));
        }
        Ok(told)
    }

    /// Of which version a single scenario tells.
    fn definition_of(&self, scenario: &Path) -> Result<PathBuf, Failure> {
        let folder = scenario.parent().unwrap_or(Path::new("."));
        let above = |folder: &Path| folder.parent().unwrap_or(Path::new(".")).to_owned();
        let is_scenarios = |folder: &Path| folder.file_name().is_some_and(|it| it == "scenarios");
        // scenarios/v2/refusal.yaml
        let workflow = match is_scenarios(&above(folder)) && !is_scenarios(folder) {
            true => above(&above(folder)),
            false => return self.definition_in(&above(folder)),
        };
        let own = folder.file_name().map(|name| workflow.join(name).with_extension("yaml"));
        match own.filter(|own| own.is_file() && self.definition.is_none()) {
            Some(own) => Ok(own),
            None => self.definition_in(&workflow),
        }
    }

    /// The definition of which the scenarios right in the folder `scenarios` tell: the newest version
    /// that has no folder of its own there.
    fn definition_in(&self, folder: &Path) -> Result<PathBuf, Failure> {
        if let Some(definition) = &self.definition {
            return Ok(definition.clone());
        }
        let versions = versions(folder)?;
        let scenarios = folder.join("scenarios");
        let without = |version: &u32| !scenarios.join(format!("v{version}")).is_dir();
        let newest = versions.iter().rev().find(|(version, _)| without(version));
        newest.or(versions.last()).map(|(_, file)| file.clone()).ok_or_else(|| {
            let folder = folder.display();
            Failure::no("no-definition", format!("{folder} holds no definition v<N>.yaml"))
                .help("name the folder of a workflow, or the definition by --definition FILE")
        })
    }

    /// A definition and its calendar.
    fn load(&self, definition: &Path) -> Result<(Definition, Calendars), Failure> {
        let file = definition.display().to_string();
        let source =
            read(&file).map_err(|problem| not_sound("definition", &file, None, vec![*problem]))?;
        let definition = Definition::parse(&file, &source)
            .map_err(|problems| not_sound("definition", &file, Some(&source), problems))?;
        let calendar = self.calendar.as_deref().unwrap_or(definition.calendar.as_str());
        let calendars = calendars::load(calendar)?.calendars;
        Ok((definition, calendars))
    }
}

/// Lives through one scenario, and tells people how it went.
fn live(setting: &Setting<'_>, scenario: &Path, out: &Output) -> Result<Report, Failure> {
    let file = scenario.display().to_string();
    let (source, report) = match read(&file) {
        Ok(source) => {
            let report = scenario::run(setting, &file, &source);
            (Some(source), report)
        }
        Err(problem) => (None, Report { title: None, lived: 0, problems: vec![*problem] }),
    };
    if !out.json {
        let style = owo_colors::Style::new().bold();
        let verdict = match report.is_as_expected() {
            true => out.paint(style.green(), "as told"),
            false => out.paint(style.red(), "not so"),
        };
        let title = report.title.as_ref().map_or("", |title| out.lang.of(&title.fa, &title.en));
        out.line(format!("{verdict} {file}  {title}").trim_end())?;
        if !report.problems.is_empty() {
            let problems = Problems { problems: &report.problems, source: source.as_deref() };
            out.line(format!("{}\n", problems.render(out.colour)))?;
        }
    }
    Ok(report)
}

fn summary(answers: &[Value], failed: usize) -> String {
    let all = answers.len();
    let s = if all == 1 { "" } else { "s" };
    match failed {
        0 => format!("{all} scenario{s}, all as told"),
        _ => format!("{all} scenario{s}, {failed} not as told"),
    }
}

/// The files `v<N>.yaml` of a folder, in the order of N.
fn versions(folder: &Path) -> Result<Vec<(u32, PathBuf)>, Failure> {
    let version = |file: &PathBuf| {
        let name = file.file_stem()?.to_str()?;
        name.strip_prefix('v')?.parse::<u32>().ok()
    };
    let files = yaml_files(folder)?.into_iter();
    let mut versions: Vec<_> = files.filter_map(|file| Some((version(&file)?, file))).collect();
    versions.sort();
    Ok(versions)
}

/// The files `*.yaml` of a folder; none when there is no such folder.
fn yaml_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let cannot = |error: std::io::Error| {
        Failure::no("cannot-read", format!("{} cannot be read: {error}", folder.display()))
    };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(cannot)?,
    };
    let files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, _>>();
    let mut files = files.map_err(cannot)?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    Ok(files)
}
