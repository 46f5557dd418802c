//! The dashboard of who answers for a unit: how many cases are decided on time, where, and where the days
//! went.

mod overview;
mod tables;
mod wanted;
mod work;

use parvaneh_core::{Calendars, Unit, UnitId, measure::Tally};
use parvaneh_store::Viewer;

use self::wanted::{Asked, Wanted};
use super::{
    cases::{self, Verdict},
    routes::Pages,
};
use crate::{
    App,
    policy::{self, Task},
    problem::Problem,
    say::Words,
};

pub(super) fn pages() -> Pages {
    Pages::default()
        .get("/dashboard", overview::overview)
        .get("/dashboard/work", work::work)
        .get("/dashboard/table", tables::file)
}

/// Whether somebody sees figures anywhere.
pub(super) fn sees_figures(viewer: &Viewer) -> bool {
    wanted::highest(viewer).is_some()
}

/// The calendar by which periods are told; none is published before there are cases.
async fn calendars(app: &App) -> Result<std::sync::Arc<Calendars>, Problem> {
    app.calendar().await?.ok_or_else(|| Problem::not_found().because("no calendar is published"))
}

/// A choice of a filter.
struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

/// What can be chosen of which figures are shown.
struct Choices {
    units: Vec<Choice>,
    workflows: Vec<Choice>,
    years: Vec<Choice>,
    months: Vec<Choice>,
}

impl Choices {
    fn of(viewer: &Viewer, asked: &Asked, this_year: i32, words: Words) -> Self {
        let organisation = &viewer.organisation;
        let may = |unit: &UnitId| policy::may(viewer, Task::SeeFigures, unit);
        let path: Vec<&UnitId> = organisation.path(&asked.unit).collect();
        let held = policy::reach_of(viewer, Task::SeeFigures).jurisdictions;
        let near = |unit: &&Unit| {
            path.contains(&&unit.id)
                || held.iter().any(|held| held.unit == unit.id)
                || unit.parent.as_ref().is_some_and(|parent| path.contains(&parent))
        };
        let mut units: Vec<_> = organisation
            .units()
            .filter(near)
            .filter(|unit| may(&unit.id))
            .map(|unit| {
                let path = organisation.path(&unit.id).map(|unit| unit.to_string());
                let mut path: Vec<String> = path.collect();
                path.reverse();
                (path, unit)
            })
            .collect();
        units.sort_by(|one, other| one.0.cmp(&other.0));
        let units = units.into_iter().map(|(_, unit)| Choice {
            value: unit.id.to_string(),
            name: words.of(&unit.title).to_owned(),
            chosen: unit.id == asked.unit,
        });
        let definitions = viewer.definitions();
        let workflows = definitions.iter().map(|definition| Choice {
            value: definition.id.to_string(),
            name: words.of(&definition.title).to_owned(),
            chosen: asked.workflow.as_ref() == Some(&definition.id),
        });
        let year = asked.period.year();
        let years = (this_year - 4..=this_year).rev().chain((year < this_year - 4).then_some(year));
        let years = years.map(|one| Choice {
            value: one.to_string(),
            name: words.digits(one),
            chosen: one == year,
        });
        let months = parvaneh_core::JalaliPeriod::of_year(year).into_iter();
        let months = months.flat_map(|year| year.months()).map(|month| Choice {
            value: month.month().unwrap_or_default().to_string(),
            name: month_name(month.month().unwrap_or_default(), words).to_owned(),
            chosen: asked.period.month() == month.month(),
        });
        Self {
            units: units.collect(),
            workflows: workflows.collect(),
            years: years.collect(),
            months: months.collect(),
        }
    }
}

fn month_name(month: u8, words: Words) -> &'static str {
    match words.is_persian() {
        true => parvaneh_core::jalali::month_name_fa(month),
        false => parvaneh_core::jalali::month_name_en(month),
    }
}

/// A number with the list of cases behind it.
#[derive(Clone, Debug)]
struct Number {
    told: String,
    value: u64,
    /// None where the reader does not see the cases, or there are none.
    link: Option<String>,
}

impl Number {
    fn of(value: u64, link: Option<String>, words: Words) -> Self {
        Self { told: words.number(value), link: link.filter(|_| value > 0), value }
    }
}

/// A share, rounded down to a tenth of a percent: what misses the target does not look as if it met it.
fn percent(rate: f64, words: Words) -> String {
    let tenths = (rate * 1000.0 + 1e-9).floor() / 10.0;
    words.t("dashboard-percent").s("number", words.number(format!("{tenths:.1}"))).into()
}

/// How a rate stands to the target: its mark and its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It meets the target.
    Met,
    /// It misses it by less than three points.
    Near,
    /// It misses it by more.
    Missed,
    /// There is nothing to judge.
    None,
}

impl Standing {
    fn of(tally: &Tally) -> Self {
        match tally.rate() {
            None => Self::None,
            Some(_) if tally.error_budget(parvaneh_core::measure::TARGET) >= 0 => Self::Met,
            Some(rate) if rate >= 0.95 => Self::Near,
            Some(_) => Self::Missed,
        }
    }

    fn sign(self) -> &'static str {
        match self {
            Self::Met => "✓",
            Self::Near => "▲",
            Self::Missed => "■",
            Self::None => "",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Met => "is-done",
            Self::Near => "is-near",
            Self::Missed => "is-late",
            Self::None => "is-free",
        }
    }
}

/// On-time figures of one row, with what stands behind each.
#[derive(Clone, Debug)]
struct Figures {
    rate: Option<String>,
    /// In tenths of a percent, for what is drawn.
    tenths: Option<i64>,
    standing: Standing,
    counted: Number,
    on_time: Number,
    not_on_time: Number,
}

impl Figures {
    /// Of a tally; `list` makes a list of the cases that count so.
    fn of(tally: &Tally, list: impl Fn(Verdict) -> Option<String>, words: Words) -> Self {
        let not = tally.counted() - tally.on_time;
        let number = |value, verdict| Number::of(value, list(verdict), words);
        Self {
            rate: tally.rate().map(|rate| percent(rate, words)),
            tenths: tally.rate().map(|rate| (rate * 1000.0 + 1e-9).floor() as i64),
            standing: Standing::of(tally),
            counted: number(tally.counted(), Verdict::Counted),
            on_time: number(tally.on_time, Verdict::OnTime),
            not_on_time: number(not, Verdict::NotOnTime),
        }
    }
}

/// What a unit is called.
fn unit_name(viewer: &Viewer, unit: &UnitId, words: Words) -> String {
    let known = viewer.organisation.get(unit);
    known.map_or_else(|| unit.to_string(), |unit| words.of(&unit.title).to_owned())
}

/// What stands above the parts: which figures are shown.
struct Head {
    unit: String,
    period: String,
    choices: Choices,
    /// The addresses of the parts.
    overview: String,
    work: String,
    /// Whether the reader sees the cases that are counted.
    sees_cases: bool,
}

impl Head {
    fn of(viewer: &Viewer, wanted: &Wanted, asked: &Asked, this_year: i32, words: Words) -> Self {
        Self {
            unit: unit_name(viewer, &asked.unit, words),
            period: cases::period_told(asked.period, words),
            choices: Choices::of(viewer, asked, this_year, words),
            overview: wanted.at("/dashboard"),
            work: wanted.at("/dashboard/work"),
            sees_cases: asked.sees_cases,
        }
    }
}
