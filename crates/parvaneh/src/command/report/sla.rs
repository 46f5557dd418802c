//! `parvaneh report sla`: how many cases were decided on time, and whose the lost days are.

use std::ops::Range;

use chrono::TimeDelta;
use chrono_tz::Tz;
use clap::{Args, ValueEnum};
use parvaneh_core::{
    Calendar, Instant, JalaliPeriod, UnitId, WorkflowId,
    jalali::{month_name_en, month_name_fa},
    measure::{TARGET, Tally},
};
use parvaneh_store::{
    OnTime, OnTimeBy, OnTimeKey, OnTimeQuery, OnTimeRow, Store, Workload, WorkloadBy, WorkloadQuery,
};
use serde_json::{Value, json};

use crate::{
    calendars,
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    names::Names,
    output::{Align, Output, Table, bar, minute, rfc3339},
};

/// Report how many cases were decided on time
///
/// On-time rate = on time / (decided + overdue and undecided): leaving the undecided out would reward
/// never deciding. The raw rate is the same with suspensions and extensions not counted. The error
/// budget tells how many more cases of the period may still be late before the target of 98% is
/// missed. Issued by silence counts as late. By step and by owner: what was closed in the period, how
/// much of it after its own deadline, how long it waited in the queue and was handled in the work,
/// in hours of working time, how much of either came after the deadline, and how many late days of
/// cases are theirs.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  parvaneh report sla --period 1403 --by month
  parvaneh report sla --period 1403/07 --by province --json
  parvaneh report sla --period 1403 --by step --unit 23")]
pub(crate) struct Sla {
    /// A Jalali year or month: 1403, 1403/07
    #[arg(long, value_name = "PERIOD")]
    period: JalaliPeriod,
    /// How the figures are told apart (default: not at all)
    #[arg(long, value_enum)]
    by: Option<By>,
    /// Only cases received by this unit or one below it
    #[arg(long)]
    unit: Option<String>,
    /// Only cases of this workflow
    #[arg(long)]
    workflow: Option<String>,
}

/// How figures are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum By {
    /// By the province that received the case
    Province,
    /// By step
    Step,
    /// By the role and unit that owned the task
    Owner,
    /// By Jalali month
    Month,
}

impl By {
    fn as_str(self) -> &'static str {
        match self {
            Self::Province => "province",
            Self::Step => "step",
            Self::Owner => "owner",
            Self::Month => "month",
        }
    }
}

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) period: JalaliPeriod,
    pub(crate) by: Option<By>,
    pub(crate) within: Option<UnitId>,
    pub(crate) workflow: Option<WorkflowId>,
}

impl Sla {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        let question = Question {
            period: self.period,
            by: self.by,
            within: self.unit.map(UnitId::from),
            workflow: self.workflow.map(WorkflowId::from),
        };
        with_database(options, OnSignal::Leave, async |database, _| {
            let figures = Figures::ask(&database.store, question).await?;
            if out.json {
                return out.document(&figures.document());
            }
            let names = Names::open(&database.store, out).await?;
            out.line(figures.text(&names, out).await?)
        })
    }
}

/// The answer to a question.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) question: Question,
    pub(crate) on_time: OnTime,
    /// Of steps or owners, where they are asked for: the most days lost first.
    pub(crate) workload: Option<Vec<Workload>>,
    period: Range<Instant>,
    zone: Tz,
}

impl Figures {
    /// Asks the store.
    ///
    /// # Errors
    /// `unknown-unit`; the database.
    pub(crate) async fn ask(store: &Store, question: Question) -> Result<Self, Failure> {
        let organisation = store.organisation().await?;
        if let Some(unit) = question.within.as_ref().filter(|unit| organisation.get(unit).is_none())
        {
            return Err(Failure::no("unknown-unit", format!("there is no unit '{unit}'"))
                .help("`parvaneh organisation list` tells the units"));
        }
        // Only the time zone matters: when a Jalali day begins.
        let loaded = calendars::load("ir")?;
        let calendar = loaded.calendars.national();
        let period = span(question.period, calendar);
        let by = match question.by {
            Some(By::Month) => {
                let months = question.period.months();
                OnTimeBy::Slices(months.map(|month| calendar.start_of(month.start())).collect())
            }
            Some(By::Province) => OnTimeBy::Province,
            _ => OnTimeBy::Whole,
        };
        let (workflow, within) = (question.workflow.clone(), question.within.clone());
        let query = OnTimeQuery { period: period.clone(), by, workflow, within };
        let on_time = store.on_time(&query).await?;
        let by = match question.by {
            Some(By::Step) => Some(WorkloadBy::Step),
            Some(By::Owner) => Some(WorkloadBy::Owner),
            _ => None,
        };
        let workload = match by {
            None => None,
            Some(by) => {
                let OnTimeQuery { period, workflow, within, .. } = query;
                let query = WorkloadQuery { period, by, workflow, within };
                Some(store.workload(&query).await?)
            }
        };
        Ok(Self { question, on_time, workload, period, zone: calendar.zone() })
    }

    /// The same for people.
    ///
    /// # Errors
    /// The database, where names are looked up.
    pub(crate) async fn text(&self, names: &Names, out: &Output) -> Result<String, Failure> {
        let when = |at| minute(at, self.zone, out.dates);
        let head = format!(
            "period  {}: {} up to {} (now {})",
            self.question.period,
            when(self.period.start),
            when(self.period.end),
            when(self.on_time.now),
        );
        let on_time = on_time_table(&self.question, &self.on_time, names, out);
        let mut text = format!("{head}\n{on_time}");
        if let Some(workload) = &self.workload {
            text.push_str(&format!("\n{}", workload_table(workload, names, out).await?));
        }
        Ok(text)
    }
}

/// The instants of a period, in the calendar's time zone.
pub(crate) fn span(period: JalaliPeriod, calendar: &Calendar) -> Range<Instant> {
    calendar.start_of(period.start())..calendar.start_of(period.end())
}

/// Every row of the figures with its title; months without a case too.
fn rows<'f>(
    question: &Question,
    figures: &'f OnTime,
    names: &Names,
    out: &Output,
) -> Vec<(String, Tally, Tally, &'f OnTimeKey)> {
    let mut rows: Vec<_> = figures
        .rows
        .iter()
        .map(|row| {
            let title = match &row.key {
                OnTimeKey::Whole => question.period.to_string(),
                OnTimeKey::Slice(place) => match question.period.months().nth(*place) {
                    Some(month) => {
                        let number = month.month().unwrap_or_default();
                        let name = out.lang.of(month_name_fa(number), month_name_en(number));
                        format!("{month} {name}")
                    }
                    None => place.to_string(),
                },
                OnTimeKey::Unit(Some(unit)) => names.unit(unit),
                OnTimeKey::Unit(None) => "-".to_owned(),
                OnTimeKey::Definition(workflow, version) => format!("{workflow}@{version}"),
            };
            (title, row.tally, row.raw, &row.key)
        })
        .collect();
    if question.by == Some(By::Province) {
        // The worst first: that is what a reader looks for.
        rows.sort_by(|one, other| {
            let rate = |tally: &Tally| tally.rate().unwrap_or(1.0);
            rate(&one.1).total_cmp(&rate(&other.1)).then_with(|| one.3.cmp(other.3))
        });
    }
    rows
}

/// The on-time figures as a table, with a total below several rows.
fn on_time_table(question: &Question, figures: &OnTime, names: &Names, out: &Output) -> String {
    let columns = [
        (question.by.map_or("period", By::as_str), Align::Left),
        ("on time", Align::Left),
        ("rate", Align::Right),
        ("raw", Align::Right),
        ("decided", Align::Right),
        ("late", Align::Right),
        ("by silence", Align::Right),
        ("given up late", Align::Right),
        ("overdue", Align::Right),
        ("budget", Align::Right),
    ];
    let mut table = Table::new(out, &columns);
    let rows = rows(question, figures, names, out);
    let several = rows.len() > 1;
    for (title, tally, raw, _) in rows {
        table.painted_row(figures_row(&out.isolate(&title), &tally, &raw, out));
    }
    if several {
        let (tally, raw) = figures.total();
        table.painted_row(figures_row("all", &tally, &raw, out));
    }
    table.render("no case was decided or due in this period")
}

fn figures_row(title: &str, tally: &Tally, raw: &Tally, out: &Output) -> [String; 10] {
    let budget = tally.error_budget(TARGET);
    let red = owo_colors::Style::new().red();
    let budget = match budget {
        negative @ ..0 => out.paint(red, &negative.to_string()),
        left => left.to_string(),
    };
    [
        title.to_owned(),
        tally.rate().map_or(String::new(), |rate| out.paint(shade(rate), &bar(rate, 20))),
        percent(tally.rate()),
        percent(raw.rate()),
        tally.decided().to_string(),
        tally.late.to_string(),
        tally.by_silence.to_string(),
        tally.given_up_late.to_string(),
        tally.overdue.to_string(),
        budget,
    ]
}

/// Green where the target is met, yellow near it, red below.
fn shade(rate: f64) -> owo_colors::Style {
    let target = TARGET as f64 / 1000.0;
    let style = owo_colors::Style::new();
    match rate {
        rate if rate >= target => style.green(),
        rate if rate >= target - 0.08 => style.yellow(),
        _ => style.red(),
    }
}

/// A rate in percent, never rounded up to a target that it misses.
fn percent(rate: Option<f64>) -> String {
    rate.map_or_else(|| "-".to_owned(), |rate| format!("{:.1}%", (rate * 1000.0).floor() / 10.0))
}

/// What steps or owners did, as a table in the order of the rows.
///
/// # Errors
/// The database, where names are looked up.
pub(crate) async fn workload_table(
    workload: &[Workload],
    names: &Names,
    out: &Output,
) -> Result<String, Failure> {
    let columns = [
        ("whose", Align::Left),
        ("days lost", Align::Right),
        ("", Align::Left),
        ("in queue", Align::Right),
        ("closed", Align::Right),
        ("late", Align::Right),
        ("in queue", Align::Right),
        ("waiting", Align::Right),
        ("handling", Align::Right),
        ("late waiting", Align::Right),
        ("late handling", Align::Right),
    ];
    let most = workload.iter().map(|row| row.days_lost.days()).fold(0.0, f64::max);
    let mut table = Table::new(out, &columns);
    for row in workload {
        let whose = whose(row, names).await?;
        let share = if most > 0.0 { row.days_lost.days() / most } else { 0.0 };
        let red = owo_colors::Style::new().red();
        table.painted_row([
            out.isolate(&whose),
            format!("{:.1}", row.days_lost.days()),
            out.paint(red, &bar(share, 12)),
            format!("{:.1}", row.days_lost.waiting),
            row.closed.to_string(),
            row.late.to_string(),
            row.late_in_queue.to_string(),
            mean(row.spent.waited, row.closed),
            mean(row.spent.handled, row.closed),
            mean(row.spent.late_waiting, row.late),
            mean(row.spent.late_handling, row.late),
        ]);
    }
    Ok(table.render("no task was closed in this period"))
}

/// The step, or the owner and his unit.
async fn whose(row: &Workload, names: &Names) -> Result<String, Failure> {
    let definition = names.latest(&row.workflow).await?;
    let owner = match row.owner.as_str() {
        "applicant" => names.owner(&definition, &parvaneh_core::event::Owner::Applicant),
        role => names.role(&definition, &role.into()),
    };
    let place = match (&row.step, &row.branch, &row.unit) {
        (Some(step), Some(branch), _) => Some(names.branch(&definition, step, branch)),
        (Some(step), None, _) => Some(names.step(&definition, step)),
        (None, _, Some(unit)) => return Ok(format!("{owner}, {}", names.unit(unit))),
        (None, _, None) => None,
    };
    Ok(place.map_or(owner.clone(), |place| format!("{place}, {owner}")))
}

/// The mean of several lengths, in hours of working time.
fn mean(sum: TimeDelta, count: u64) -> String {
    match count {
        0 => "-".to_owned(),
        count => format!("{:.1} wh", hours(sum) / count as f64),
    }
}

impl Figures {
    /// The same for programs.
    pub(crate) fn document(&self) -> Value {
        let Self { question, on_time, workload, period, zone } = self;
        let (tally, raw) = on_time.total();
        let rows: Vec<Value> = match workload {
            Some(workload) => workload.iter().map(workload_document).collect(),
            None => on_time.rows.iter().map(|row| row_document(question, row)).collect(),
        };
        json!({
            "period": question.period,
            "from": rfc3339(period.start, *zone),
            "until": rfc3339(period.end, *zone),
            "now": rfc3339(on_time.now, *zone),
            "target": TARGET as f64 / 1000.0,
            "by": question.by.map(By::as_str),
            "unit": question.within,
            "workflow": question.workflow,
            "total": tally_document(&tally, &raw),
            "rows": rows,
        })
    }
}

fn row_document(question: &Question, row: &OnTimeRow) -> Value {
    let mut document = tally_document(&row.tally, &row.raw);
    match &row.key {
        OnTimeKey::Whole => document["period"] = json!(question.period),
        OnTimeKey::Slice(place) => {
            document["period"] = json!(question.period.months().nth(*place));
        }
        OnTimeKey::Unit(unit) => document["unit"] = json!(unit),
        OnTimeKey::Definition(workflow, version) => {
            document["workflow"] = json!(workflow);
            document["version"] = json!(version);
        }
    }
    document
}

fn tally_document(tally: &Tally, raw: &Tally) -> Value {
    let one = |tally: &Tally| {
        json!({
            "on_time": tally.on_time,
            "late": tally.late,
            "by_silence": tally.by_silence,
            "given_up_late": tally.given_up_late,
            "overdue": tally.overdue,
            "decided": tally.decided(),
            "counted": tally.counted(),
            "rate": tally.rate(),
            "error_budget": tally.error_budget(TARGET),
        })
    };
    let mut document = one(tally);
    document["raw"] = one(raw);
    document
}

fn workload_document(row: &Workload) -> Value {
    json!({
        "workflow": row.workflow,
        "step": row.step,
        "branch": row.branch,
        "owner": row.owner,
        "unit": row.unit,
        "closed": row.closed,
        "late": row.late,
        "late_in_queue": row.late_in_queue,
        "waiting_hours": hours(row.spent.waited),
        "handling_hours": hours(row.spent.handled),
        "untouched_hours": hours(row.spent.untouched),
        "late_waiting_hours": hours(row.spent.late_waiting),
        "late_handling_hours": hours(row.spent.late_handling),
        "days_lost": row.days_lost.days(),
        "days_lost_waiting": row.days_lost.waiting,
        "days_lost_handling": row.days_lost.handling,
    })
}

/// A length of working time in hours, to the second.
fn hours(length: TimeDelta) -> f64 {
    length.num_seconds() as f64 / 3600.0
}
