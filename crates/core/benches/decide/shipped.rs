//! What every decision of every scenario of every shipped definition costs, in one table.
#![allow(clippy::print_stdout, reason = "a table for whoever asks for it")]

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    hint::black_box,
    path::{Path, PathBuf},
    time::Instant,
};

use parvaneh_core::{
    Command, Context, Definition, decide, open,
    scenario::{Asked, Setting, run_watched},
};

/// How often each decision is made in one go.
const TIMES: u32 = 200;
/// Of how many goes the quickest counts.
const GOES: u32 = 9;

/// The columns: what is asked.
const COLUMNS: [&str; 8] =
    ["open", "act", "answer", "commission", "papers, values", "other", "tick", "refusal"];

fn column(command: &Command) -> &'static str {
    match command {
        Command::Act { .. } => "act",
        Command::Answer { .. } => "answer",
        Command::Vote { .. }
        | Command::Recuse { .. }
        | Command::PutOnAgenda { .. }
        | Command::TakeOffAgenda { .. } => "commission",
        Command::Fill { .. } | Command::AttachDocument { .. } | Command::VerifyDocument { .. } => {
            "papers, values"
        }
        Command::Tick => "tick",
        _ => "other",
    }
}

/// The microseconds of something, at its quickest: what else the machine does does not count.
fn micros(mut decide: impl FnMut()) -> f64 {
    let goes = (0..GOES).map(|_| {
        let start = Instant::now();
        (0..TIMES).for_each(|_| decide());
        start.elapsed().as_secs_f64() * 1e6 / f64::from(TIMES)
    });
    goes.fold(f64::INFINITY, f64::min)
}

fn measure(ctx: &Context<'_>, asked: Asked<'_>) -> (&'static str, f64) {
    match asked {
        Asked::Open(application) => {
            ("open", micros(|| drop(black_box(open(ctx, black_box(application))))))
        }
        Asked::Command(case, command) => {
            let decided = decide(ctx, case, command);
            let took = micros(|| drop(black_box(decide(ctx, black_box(case), black_box(command)))));
            match decided {
                Err(_) => ("refusal", took),
                // What has been left undone for a time is done in one go: it is told for each event.
                Ok(decided) if *command == Command::Tick => {
                    ("tick", took / decided.events.len().max(1) as f64)
                }
                Ok(_) => (column(command), took),
            }
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    files
}

/// Prints the slowest and the middle decision of each kind for each definition.
pub(super) fn table(setting: &super::Setting) {
    let workflows = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../workflows"));
    println!("| µs, slowest (middle) | {} |", COLUMNS.join(" | "));
    println!("| --- |{}", " --- |".repeat(COLUMNS.len()));
    for folder in files(workflows) {
        let Ok(source) = fs::read_to_string(folder.join("v1.yaml")) else { continue };
        let definition = Definition::parse("v1.yaml", &source).unwrap();
        let (calendars, organisation) = (&setting.calendars, &setting.organisation);
        let setting = Setting { definition: &definition, calendars, organisation };
        let took: RefCell<BTreeMap<&str, Vec<f64>>> = RefCell::default();
        let scenarios = files(&folder.join("scenarios")).into_iter();
        for scenario in scenarios.filter(|file| file.extension().is_some_and(|it| it == "yaml")) {
            let source = fs::read_to_string(&scenario).unwrap();
            let report = run_watched(&setting, "scenario.yaml", &source, &|ctx, asked| {
                let (what, micros) = measure(ctx, asked);
                took.borrow_mut().entry(what).or_default().push(micros);
            });
            assert!(report.is_as_expected(), "{}", scenario.display());
        }
        let mut took = took.into_inner();
        let cells = COLUMNS.map(|column| match took.get_mut(column) {
            None => "–".to_owned(),
            Some(took) => {
                took.sort_by(f64::total_cmp);
                format!("{:.1} ({:.1})", took[took.len() - 1], took[took.len() / 2])
            }
        });
        println!("| `{}` | {} |", definition.id, cells.join(" | "));
    }
}
