//! `parvaneh audit verify`: reads a bundle from a file and says what is wrong with it. No database.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
};

use parvaneh_core::{
    audit::{Problem, Report, Trust, Verifier},
    log::note::{Checkpoint, Note, Purpose, Verifier as Key},
};
use serde_json::json;

use crate::{
    config::Lang,
    failure::Failure,
    output::{Output, Progress, minute},
};

/// No line of a bundle is longer.
const LONGEST_LINE: u64 = 16 * 1024 * 1024;
/// So many problems are shown to people; --json has more.
const SHOWN: usize = 20;

/// Verify a bundle offline: its chains, proofs and signatures, that nothing is missing, and that
/// states and deadlines follow from the events
///
/// Exits with 0 if nothing is wrong, else with the code of what was found first:
///
///   10  not a bundle, or a line that cannot be read
///   11  the file was cut or changed on its way
///   12  an event was changed: broken chain
///   13  an event is not the one that was sealed: wrong proof
///   14  a signature is wrong, or of another key
///   15  sealed events are missing
///   16  a fork: not the log of which --since is a checkpoint
///   17  a case is missing
///   18  a stored state or deadline is not what the events make
///   19  a definition or calendar is not the one that events name
///   20  the bundle is older than --since
///   21  the bundle carries no proof that leads from --since to it
#[derive(Debug, clap::Args)]
pub(crate) struct Verify {
    /// The bundle; `-` reads it from stdin
    bundle: PathBuf,
    /// The checkpoint that you kept: a file with its note
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    /// The key of the installation, as it was told you: `name+id+key`, or a file that holds it.
    /// Without it the bundle's own is taken, which only shows that the bundle agrees with itself
    #[arg(long)]
    key: Option<String>,
}

impl Verify {
    pub(super) fn run(self, out: &Output) -> Result<(), Failure> {
        let trust = self.trust()?;
        let mut verifier = Verifier::new(trust);
        if self.bundle.as_os_str() == "-" {
            feed(&mut verifier, BufReader::with_capacity(1 << 20, std::io::stdin().lock()), 0)?;
        } else {
            let cannot = |error| cannot_read(&self.bundle, &error);
            let file = File::open(&self.bundle).map_err(cannot)?;
            let length = file.metadata().map_err(cannot)?.len();
            feed(&mut verifier, BufReader::with_capacity(1 << 20, file), length)?;
        }
        let report = verifier.finish();
        match out.json {
            true => out.document(&json!({
                "good": report.is_good(),
                "exit": report.exit(),
                "problems": report.problems.iter().map(in_full).collect::<Vec<_>>(),
                "more": report.more,
                "summary": report.summary,
            }))?,
            false => shown(&report, out)?,
        }
        match report.exit() {
            0 => Ok(()),
            code => Err(Failure::found(code)),
        }
    }

    fn trust(&self) -> Result<Trust, Failure> {
        let key = self.key.as_deref().map(key).transpose()?;
        let since = self.since.as_ref().map(|path| {
            let text = std::fs::read_to_string(path).map_err(|error| cannot_read(path, &error))?;
            checkpoint(&text, key.as_ref())
                .map_err(|why| Failure::usage(format!("--since {}: {why}", path.display())))
        });
        Ok(Trust { since: since.transpose()?, key })
    }
}

fn cannot_read(path: &std::path::Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("{} cannot be read: {error}", path.display()))
        .help("is the path right, and may you read it?")
}

/// A key, or the file that holds it.
pub(super) fn key(given: &str) -> Result<Key, Failure> {
    let text = match given.contains('+') {
        true => given.to_owned(),
        false => std::fs::read_to_string(given)
            .map_err(|error| cannot_read(std::path::Path::new(given), &error))?,
    };
    let wrong = |why: String| {
        Failure::usage(format!("--key: {why}"))
            .help("a verifier key is name+id+key, in one line: ask the installation for it")
    };
    let key = Key::parse(text.trim()).map_err(|error| wrong(error.to_string()))?;
    if key.purpose() != Purpose::Log {
        return Err(wrong("it is the key of a witness".to_owned()));
    }
    Ok(key)
}

/// What the auditor kept: a note, or only its text. A signature that stands there must be good.
fn checkpoint(text: &str, key: Option<&Key>) -> Result<Checkpoint, String> {
    let text = text.replace("\r\n", "\n");
    let Ok(note) = Note::parse(&text) else {
        let text = format!("{}\n", text.trim_end());
        return Checkpoint::parse(&text).map_err(|error| error.to_string());
    };
    if let Some(key) = key {
        note.verify(key).map_err(|error| error.to_string())?;
    }
    Checkpoint::parse(&note.text).map_err(|error| error.to_string())
}

/// Reads line by line; holds no more than one.
fn feed(verifier: &mut Verifier, mut reader: impl BufRead, length: u64) -> Result<(), Failure> {
    let progress = Progress::new("verifying", length);
    let (mut line, mut done, mut told) = (Vec::new(), 0_u64, 0_u64);
    loop {
        line.clear();
        let read = reader
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut line)
            .map_err(|error| Failure::usage(format!("the bundle cannot be read: {error}")))?;
        if read == 0 {
            return Ok(());
        }
        done += read as u64;
        match line.split_last() {
            Some((b'\n', line)) => verifier.line(line, true),
            _ => verifier.line(&line, false),
        }
        if done - told > 1 << 20 {
            told = done;
            progress.at(done);
        }
    }
}

fn in_full(problem: &Problem) -> serde_json::Value {
    let mut shown = json!(problem);
    let text = problem.code.text();
    shown["exit"] = problem.code.exit().into();
    shown["fa"] = text.fa.into();
    shown["en"] = text.en.into();
    shown
}

fn shown(report: &Report, out: &Output) -> Result<(), Failure> {
    for problem in report.problems.iter().take(SHOWN) {
        out.line(in_words(problem, out))?;
    }
    let hidden = report.problems.len().saturating_sub(SHOWN) as u64 + report.more;
    if hidden > 0 {
        let more = out.lang.of("و ایراد دیگر", "more problems");
        out.line(format!("… {hidden} {more} (--json)"))?;
    }
    let verdict = match report.is_good() {
        true => out.lang.of("بسته درست است.", "The bundle is good."),
        false => out.lang.of("بسته درست نیست.", "The bundle is NOT good."),
    };
    let style = match report.is_good() {
        true => owo_colors::Style::new().green().bold(),
        false => owo_colors::Style::new().red().bold(),
    };
    out.line(out.paint(style, verdict))?;
    for (name, value) in summary(report, out) {
        out.line(format!("  {name}: {value}"))?;
    }
    Ok(())
}

fn in_words(problem: &Problem, out: &Output) -> String {
    let text = problem.code.text();
    let red = owo_colors::Style::new().red().bold();
    let code = out.paint(red, &format!("error[{}]", problem.code.name()));
    let mut told = format!("{code}: {}", out.lang.of(&text.fa, &text.en));
    let place = out.lang.of("سطر", "line");
    told.push_str(&format!("\n  {place} {}", problem.line));
    if let Some(case) = problem.case {
        told.push_str(&format!(", {} {case}", out.lang.of("پرونده", "case")));
    }
    if let Some(seq) = problem.seq {
        told.push_str(&format!(", {} {seq}", out.lang.of("رویداد", "event")));
    }
    if let Some(detail) = &problem.detail {
        told.push_str(&format!("\n  {}", out.isolate(detail)));
    }
    told
}

fn summary(report: &Report, out: &Output) -> Vec<(&'static str, String)> {
    let summary = &report.summary;
    let of = |fa, en| out.lang.of(fa, en);
    let mut rows = vec![
        (of("پرونده‌ها", "cases"), summary.cases.to_string()),
        (of("رویدادها", "events"), summary.events.to_string()),
        (of("وضعیت‌های مقایسه‌شده", "states compared"), summary.states.to_string()),
    ];
    if summary.later > 0 {
        rows.push((
            of("رویدادهای هنوز مهرنشده", "events not sealed yet"),
            summary.later.to_string(),
        ));
    }
    let whole = match (summary.whole_map, summary.partial_units) {
        (true, _) => of("همه‌ی دفتر", "the whole log").to_owned(),
        (false, 0) => match out.lang {
            Lang::Fa => format!("{} واحد به‌تمامی", summary.complete_units),
            Lang::En => format!("{} whole units", summary.complete_units),
        },
        (false, partial) => match out.lang {
            Lang::Fa => format!(
                "{} واحد به‌تمامی، از {partial} واحد تنها برخی پرونده‌ها",
                summary.complete_units
            ),
            Lang::En => format!(
                "{} whole units; of {partial} only some cases: one that is missing would not show",
                summary.complete_units
            ),
        },
    };
    rows.push((of("دامنه", "extent"), whole));
    if summary.left_out > 0 {
        rows.push((
            of("پرونده‌های بیرون از دامنه", "cases left out, by name"),
            summary.left_out.to_string(),
        ));
    }
    rows.push((
        of("نقطه‌ی بازبینی", "checkpoint"),
        format!("{} · {} · {}", summary.origin, summary.size, summary.root),
    ));
    if let Some(at) = summary.made_at {
        rows.push((of("زمان ساخت بسته", "made"), minute(at, chrono_tz::UTC, out.dates)));
    }
    if let Some(since) = summary.since {
        rows.push((
            of("ادامه‌ی نقطه‌ی بازبینی حسابرس با اندازه‌ی", "continues your checkpoint of"),
            since.to_string(),
        ));
    }
    let key = summary.key.clone().unwrap_or_else(|| "-".to_owned());
    let by = match summary.key_brought {
        true => key,
        false => format!(
            "{key} ({})",
            of(
                "از خود بسته؛ تنها سازگاری بسته با خودش را نشان می‌دهد، --key بدهید",
                "from the bundle itself: it only agrees with itself; give --key"
            )
        ),
    };
    rows.push((of("کلید", "key"), by));
    rows
}
