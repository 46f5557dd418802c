//! The first part: the rate, its months, where, and how the open cases stand.

use askama::Template;
use axum::{extract::State, response::Response};
use chrono::TimeDelta;
use parvaneh_core::{
    Calendar, JalaliDate, JalaliPeriod, UnitId,
    definition::Level,
    measure::{TARGET, Tally},
};
use parvaneh_export::Cell;
use parvaneh_store::{
    OnTimeBy, OnTimeKey, OnTimeQuery, StandingDue, StandingQuery, StandingSince, Store,
};

use super::{
    Asked, Figures, Head, Number, Standing, Wanted, calendars, month_name, percent,
    tables::{Name, Told, rated, rated_head},
    unit_name,
};
use crate::{
    App,
    body::Query,
    pages::{
        Frame,
        cases::{self, State as CaseState, Verdict, span},
        page,
        visit::Visit,
    },
    policy::{self, Task},
    problem::Problem,
    say::Words,
};

/// In how many days something is due, for each of the figures.
const DUE: [i64; 3] = [7, 14, 30];
/// The parts of the open cases by what is left of their statutory time, in days: from and to.
const LEFT: [(Option<i64>, Option<i64>); 7] = [
    (None, Some(-31)),
    (Some(-30), Some(-8)),
    (Some(-7), Some(-1)),
    (Some(0), Some(7)),
    (Some(8), Some(14)),
    (Some(15), Some(30)),
    (Some(31), None),
];
/// The parts of the open cases by how many days ago they were received.
const AGES: [(i64, Option<i64>); 5] =
    [(0, Some(10)), (11, Some(20)), (21, Some(30)), (31, Some(60)), (61, None)];

/// A month of the year, and the same of the year before.
struct Month {
    name: String,
    figures: Figures,
    /// Decided on time, and in whatever other way: what is drawn. What is undecided runs, and is not.
    decided: u64,
    decided_late: u64,
    before: Option<Figures>,
    decided_before: u64,
}

/// The figures of a place or a workflow.
struct PlaceRow {
    name: String,
    /// The code by which the map knows it.
    code: String,
    /// Its own dashboard.
    link: Option<String>,
    figures: Figures,
}

/// A part of the open cases, drawn as a ribbon.
struct Band {
    name: String,
    class: &'static str,
    mark: &'static str,
    cases: Number,
    /// How many of them stand still.
    held: u64,
    /// Its width and that of its hatched end, of [`WIDEST`].
    width: u64,
    hatched: u64,
}

/// How wide the widest part is drawn.
const WIDEST: u64 = 240;

#[derive(Template)]
#[template(path = "dashboard/page.html")]
pub(super) struct Page {
    frame: Frame,
    head: Head,
    wanted: Wanted,
    figures: Figures,
    raw: Figures,
    target: String,
    budget: String,
    /// How it was in the same period of the year before.
    before: Option<Figures>,
    late: Number,
    by_silence: Number,
    given_up: Number,
    overdue: Number,
    months: Vec<Month>,
    years: (String, String),
    places: Vec<PlaceRow>,
    /// Whether the places are the provinces: then there is a map.
    has_map: bool,
    workflows: Vec<PlaceRow>,
    open: Number,
    due: Vec<(String, Number)>,
    left: Vec<Band>,
    held: Number,
    ages: Vec<Band>,
}

pub(super) async fn overview(
    State(app): State<App>,
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    page(&visit.look, &read(&app, &visit, wanted).await?)
}

/// The figures.
///
/// # Errors
/// As [`Wanted::made_out`]; the store's.
pub(super) async fn read(app: &App, visit: &Visit, wanted: Wanted) -> Result<Page, Problem> {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    let calendars = calendars(app).await?;
    let calendar = calendars.national();
    let asked = wanted.made_out(viewer, calendar)?;
    let reach = policy::reach_of(viewer, Task::SeeFigures);
    let within = app.store.reading_within(&viewer.organisation, &reach);
    let today = JalaliDate::from(calendar.local_date(viewer.now));
    let asking = |period: JalaliPeriod, by: OnTimeBy| OnTimeQuery {
        period: span(period, calendar),
        by,
        workflow: asked.workflow.clone(),
        within: Some(asked.unit.clone()),
    };

    let of_period = |period: JalaliPeriod, raw: bool| {
        let asked = &asked;
        move |verdict: Verdict| {
            asked.cases(|list| cases::Wanted {
                verdict,
                period: period.to_string(),
                raw: if raw { "1".to_owned() } else { String::new() },
                ..list
            })
        }
    };
    let is_national = viewer.organisation.is_whole(&asked.unit);
    // Two at a time: what is asked of all cases takes the database as long as everything else.
    let by_time = async {
        let whole = within.on_time(&asking(asked.period, OnTimeBy::Whole)).await?.total();
        let before = match asked.before {
            Some(before) => {
                Some((before, within.on_time(&asking(before, OnTimeBy::Whole)).await?.total()))
            }
            None => None,
        };
        Ok::<_, Problem>((whole, before, months(&within, &asked, calendar, words).await?))
    };
    let by_place = async {
        let places = places(&within, visit, &wanted, &asked, is_national, calendar).await?;
        let workflows = workflows(&within, visit, &wanted, &asked, calendar).await?;
        let running = running(&within, &asked, calendar, viewer.now, words).await?;
        Ok((places, workflows, running))
    };
    let ((whole, before, months), (places, workflows, running)) =
        tokio::try_join!(by_time, by_place)?;
    let (due, left, held, ages, open) = running;
    let list = of_period(asked.period, false);
    let tally = whole.0;
    let number = |value, verdict| Number::of(value, list(verdict), words);
    Ok(Page {
        frame: visit.frame(words.t("dashboard-title")),
        head: Head::of(viewer, &wanted, &asked, today.year(), words),
        raw: Figures::of(&whole.1, of_period(asked.period, true), words),
        figures: Figures::of(&tally, list, words),
        target: percent(TARGET as f64 / 1000.0, words),
        budget: budget(&tally, &asked, words),
        before: before
            .as_ref()
            .map(|(period, (tally, _))| Figures::of(tally, of_period(*period, false), words)),
        late: number(tally.late, Verdict::Late),
        by_silence: number(tally.by_silence, Verdict::BySilence),
        given_up: number(tally.given_up_late, Verdict::GivenUpLate),
        overdue: number(tally.overdue, Verdict::Overdue),
        months,
        years: {
            let year = asked.period.year();
            (words.digits(year), words.digits(year - 1))
        },
        places,
        has_map: is_national,
        workflows,
        open,
        due,
        left,
        held,
        ages,
        wanted,
    })
}

impl Page {
    /// A table of it.
    pub(super) fn table(self, name: Name, words: Words) -> Told {
        let said = |key: crate::say::Said| key.to_string();
        let bands = |title: crate::say::Said, bands: Vec<Band>, held: Option<Number>| -> Told {
            let title = said(title);
            let rows =
                bands.into_iter().map(|band| vec![band.name.into(), band.cases.value.into()]);
            let held =
                held.map(|held| vec![said(words.t("dashboard-held")).into(), held.value.into()]);
            let head = vec![title.clone(), said(words.t("dashboard-cases"))];
            (title, head, rows.chain(held).collect())
        };
        let of_places =
            |title: crate::say::Said, first: crate::say::Said, rows: Vec<PlaceRow>| -> Told {
                let rows = rows.into_iter().map(|row| {
                    [Cell::Text(row.code), row.name.into()]
                        .into_iter()
                        .chain(rated(&row.figures))
                        .collect()
                });
                let mut head = vec![said(words.t("dashboard-code")), said(first)];
                head.extend(rated_head(words));
                (said(title), head, rows.collect())
            };
        match name {
            Name::Left => bands(words.t("dashboard-left"), self.left, Some(self.held)),
            Name::Ages => bands(words.t("dashboard-ages"), self.ages, None),
            Name::Workflows => of_places(
                words.t("dashboard-workflows"),
                words.t("dashboard-workflow"),
                self.workflows,
            ),
            Name::Places => {
                let title = match self.has_map {
                    true => words.t("dashboard-provinces"),
                    false => words.t("dashboard-units"),
                };
                of_places(title, words.t("dashboard-unit"), self.places)
            }
            _ => {
                let [rate, counted, not] = rated_head(words);
                let before = [&rate, &counted].map(|column| format!("{column} {}", self.years.1));
                let [rate_before, counted_before] = before;
                let month = said(words.t("dashboard-month"));
                let head = vec![month, rate, counted, not, rate_before, counted_before];
                let rows = self.months.into_iter().map(|month| {
                    let mut cells = vec![month.name.into()];
                    cells.extend(rated(&month.figures));
                    match &month.before {
                        Some(before) => cells.extend(rated(before).into_iter().take(2)),
                        None => cells.extend([Cell::Empty, Cell::Empty]),
                    }
                    cells
                });
                let title = format!("{} {}", words.t("dashboard-months-file"), self.years.0);
                (title, head, rows.collect())
            }
        }
    }
}

/// How many more cases may be late: «۳ پرونده تا پایان سال».
fn budget(tally: &Tally, asked: &Asked, words: Words) -> String {
    let budget = tally.error_budget(TARGET);
    let rest = budget.unsigned_abs();
    let said = match (budget >= 0, asked.is_current, asked.period.month().is_some()) {
        (true, true, false) => words.t("dashboard-budget-year").n("count", rest),
        (true, true, true) => words.t("dashboard-budget-month").n("count", rest),
        (true, false, _) => words.t("dashboard-budget-left").n("count", rest),
        (false, ..) => words.t("dashboard-budget-missed").n("count", rest),
    };
    said.into()
}

/// The months of the year in which the period lies, beside those of the year before.
async fn months(
    within: &Store,
    asked: &Asked,
    calendar: &Calendar,
    words: Words,
) -> Result<Vec<Month>, Problem> {
    let mut years = Vec::new();
    for year in [asked.period.year(), asked.period.year() - 1] {
        let Ok(year) = JalaliPeriod::of_year(year) else { continue };
        let slices = year.months().map(|month| calendar.start_of(month.start())).collect();
        let query = OnTimeQuery {
            period: span(year, calendar),
            by: OnTimeBy::Slices(slices),
            workflow: asked.workflow.clone(),
            within: Some(asked.unit.clone()),
        };
        let mut tallies = vec![Tally::default(); 12];
        for row in within.on_time(&query).await?.rows {
            if let OnTimeKey::Slice(place) = row.key
                && let Some(tally) = tallies.get_mut(place)
            {
                *tally = row.tally;
            }
        }
        years.push((year, tallies));
    }
    let Some((year, tallies)) = years.first() else { return Ok(Vec::new()) };
    let list = |month: JalaliPeriod| {
        move |verdict: Verdict| {
            asked.cases(|list| cases::Wanted { verdict, period: month.to_string(), ..list })
        }
    };
    let shown = year.months().zip(tallies).enumerate().map(|(place, (month, tally))| {
        let before = years.get(1).and_then(|(year, tallies)| {
            Some((year.months().nth(place)?, tallies.get(place).copied()?))
        });
        let decided_before = before.map_or(0, |(_, tally)| tally.decided() + tally.given_up_late);
        Month {
            name: month_name(month.month().unwrap_or_default(), words).to_owned(),
            figures: Figures::of(tally, list(month), words),
            decided: tally.on_time,
            decided_late: tally.late + tally.by_silence + tally.given_up_late,
            before: before.map(|(month, tally)| Figures::of(&tally, list(month), words)),
            decided_before,
        }
    });
    Ok(shown.collect())
}

/// The provinces of the nation; of a province its units.
async fn places(
    within: &Store,
    visit: &Visit,
    wanted: &Wanted,
    asked: &Asked,
    is_national: bool,
    calendar: &Calendar,
) -> Result<Vec<PlaceRow>, Problem> {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    let by = if is_national { OnTimeBy::Province } else { OnTimeBy::Unit };
    let query = OnTimeQuery {
        period: span(asked.period, calendar),
        by,
        workflow: asked.workflow.clone(),
        within: Some(asked.unit.clone()),
    };
    let mut known: std::collections::BTreeMap<UnitId, Tally> = Default::default();
    for row in within.on_time(&query).await?.rows {
        if let OnTimeKey::Unit(unit) = row.key {
            known.insert(unit.unwrap_or_else(|| asked.unit.clone()), row.tally);
        }
    }
    // Also those of which there is nothing to say.
    for unit in viewer.organisation.units() {
        let below = unit.parent.as_ref() == Some(&asked.unit);
        if below && (!is_national || unit.level == Level::Province) {
            known.entry(unit.id.clone()).or_default();
        }
    }
    let mut rows: Vec<(Option<i64>, PlaceRow)> = known
        .into_iter()
        .map(|(unit, tally)| {
            let own = unit == asked.unit;
            let list = |verdict: Verdict| {
                asked.cases(|list| cases::Wanted {
                    verdict,
                    period: asked.period.to_string(),
                    unit: unit.to_string(),
                    // A province counts with all below it, a unit by itself.
                    alone: if own || !is_national { "1".to_owned() } else { String::new() },
                    ..list
                })
            };
            let figures = Figures::of(&tally, list, words);
            let name = unit_name(viewer, &unit, words);
            let row = PlaceRow {
                name: match own {
                    true => words.t("dashboard-itself").s("unit", &name).into(),
                    false => name,
                },
                code: unit.to_string(),
                link: (!own)
                    .then(|| Wanted { unit: unit.to_string(), ..wanted.clone() }.at("/dashboard")),
                figures,
            };
            (row.figures.tenths, row)
        })
        .collect();
    // The lowest rate first: that is what is looked for. What has none comes last.
    rows.sort_by_key(|(tenths, row)| (tenths.is_none(), *tenths, row.code.clone()));
    Ok(rows.into_iter().map(|(_, row)| row).collect())
}

async fn workflows(
    within: &Store,
    visit: &Visit,
    wanted: &Wanted,
    asked: &Asked,
    calendar: &Calendar,
) -> Result<Vec<PlaceRow>, Problem> {
    let words = visit.look.words;
    let query = OnTimeQuery {
        period: span(asked.period, calendar),
        by: OnTimeBy::Definition,
        workflow: asked.workflow.clone(),
        within: Some(asked.unit.clone()),
    };
    let mut known: std::collections::BTreeMap<_, Tally> = Default::default();
    for row in within.on_time(&query).await?.rows {
        if let OnTimeKey::Definition(workflow, _) = row.key {
            let tally: &mut Tally = known.entry(workflow).or_default();
            tally.on_time += row.tally.on_time;
            tally.late += row.tally.late;
            tally.by_silence += row.tally.by_silence;
            tally.given_up_late += row.tally.given_up_late;
            tally.overdue += row.tally.overdue;
        }
    }
    let definitions = visit.viewer.definitions();
    let row = |(workflow, tally): (parvaneh_core::WorkflowId, Tally)| {
        let title = definitions.iter().find(|one| one.id == workflow);
        let list = |verdict: Verdict| {
            asked.cases(|list| cases::Wanted {
                verdict,
                period: asked.period.to_string(),
                workflow: workflow.to_string(),
                ..list
            })
        };
        PlaceRow {
            name: title.map_or_else(|| workflow.to_string(), |one| words.of(&one.title).to_owned()),
            code: workflow.to_string(),
            link: Some(
                Wanted { workflow: workflow.to_string(), ..wanted.clone() }.at("/dashboard"),
            ),
            figures: Figures::of(&tally, list, words),
        }
    };
    Ok(known.into_iter().map(row).collect())
}

/// How the open cases stand now, whatever the period: never in one chart with those that have ended.
type Running = (Vec<(String, Number)>, Vec<Band>, Number, Vec<Band>, Number);

async fn running(
    within: &Store,
    asked: &Asked,
    calendar: &Calendar,
    now: parvaneh_core::Instant,
    words: Words,
) -> Result<Running, Problem> {
    let today = calendar.local_date(now);
    let start = |days: i64| {
        let day = today.checked_add_signed(TimeDelta::days(days)).unwrap_or(today);
        calendar.start_of(day)
    };
    // At midnight a deadline belongs to the day that it ends, as in the list behind the figure.
    let behind = |days: i64| start(days) + TimeDelta::microseconds(1);
    let due: Vec<_> = LEFT.iter().filter_map(|(_, to)| to.map(|to| behind(to + 1))).collect();
    let received: Vec<_> =
        AGES.iter().rev().filter_map(|(_, most)| most.map(|most| start(-most))).collect();
    let query = StandingQuery {
        within: asked.unit.clone(),
        workflow: asked.workflow.clone(),
        due,
        received,
    };
    let standing = within.standing(&query).await?;
    let sum = |is: &dyn Fn(&StandingDue) -> bool| -> u64 {
        standing.due.iter().filter(|one| is(one)).map(|one| one.cases).sum()
    };
    let all = |of: fn(&StandingSince) -> u64| -> u64 { standing.received.iter().map(of).sum() };
    let number = |value, narrowed: cases::Wanted| {
        let list = asked.cases(|list| cases::Wanted {
            unit: list.unit,
            workflow: list.workflow,
            ..narrowed
        });
        Number::of(value, list, words)
    };
    let any = cases::Wanted::default;
    let late = sum(&|one| one.late);
    let mut soon = vec![(
        String::from(words.t("dashboard-late-now")),
        number(late, cases::Wanted { state: CaseState::Late, ..any() }),
    )];
    for days in DUE {
        // What is due today and already late is not due any more.
        let last = LEFT.iter().position(|(_, to)| *to == Some(days)).unwrap_or(0);
        let cases = sum(&|one| !one.late && one.part <= last);
        let list = cases::Wanted { due_within: days.to_string(), ..any() };
        soon.push((words.t("dashboard-due-within").n("days", days).into(), number(cases, list)));
    }
    let days_of = |from: Option<i64>, to: Option<i64>| {
        let text = |days: Option<i64>| days.map(|days| days.to_string()).unwrap_or_default();
        format!("{}..{}", text(from), text(to))
    };
    let mut left: Vec<Band> = LEFT
        .iter()
        .enumerate()
        .map(|(part, (from, to))| {
            let cases = sum(&|one| one.part == part);
            let is_late = to.is_some_and(|to| to < 0);
            let told = |days: i64| words.number(days.abs());
            let name = match (is_late, from, to) {
                (true, None, Some(to)) => words.t("dashboard-late-more").s("from", told(*to)),
                (true, from, to) => words
                    .t("dashboard-late-between")
                    .s("from", told(to.unwrap_or(0)))
                    .s("to", told(from.unwrap_or(0))),
                (false, Some(0), Some(to)) => words.t("dashboard-left-up-to").s("to", told(*to)),
                (false, from, None) => {
                    words.t("dashboard-left-more").s("from", told(from.unwrap_or(0)))
                }
                (false, from, to) => words
                    .t("dashboard-left-between")
                    .s("from", told(from.unwrap_or(0)))
                    .s("to", told(to.unwrap_or(0))),
            };
            let (class, mark) = match (is_late, part) {
                (true, _) => ("late", "■"),
                (false, 3) => ("near", "▲"),
                (false, _) => ("ran", ""),
            };
            let list = cases::Wanted { due_in: days_of(*from, *to), ..any() };
            Band {
                name: name.into(),
                class,
                mark,
                cases: number(cases, list),
                held: 0,
                width: 0,
                hatched: 0,
            }
        })
        .collect();
    let held = all(|one| one.held);
    let held = number(held, cases::Wanted { state: CaseState::Held, ..any() });
    widen(&mut left);
    let mut ages: Vec<Band> = AGES
        .iter()
        .enumerate()
        .map(|(place, (least, most))| {
            // The parts of the store run from the oldest to the youngest.
            let part = AGES.len() - 1 - place;
            let since = standing.received.iter().find(|one| one.part == part);
            let (cases, held) = since.map_or((0, 0), |one| (one.cases, one.held));
            let name = match most {
                Some(most) => words
                    .t("dashboard-age-between")
                    .s("from", words.number(least))
                    .s("to", words.number(most)),
                None => words.t("dashboard-age-more").s("from", words.number(least)),
            };
            let age = days_of(Some(*least).filter(|least| *least > 0), *most);
            let list = cases::Wanted { age, state: CaseState::Open, ..any() };
            Band {
                name: name.into(),
                class: "ran",
                mark: "",
                cases: number(cases, list),
                held,
                width: 0,
                hatched: 0,
            }
        })
        .collect();
    widen(&mut ages);
    let open = number(all(|one| one.cases), cases::Wanted { state: CaseState::Open, ..any() });
    Ok((soon, left, held, ages, open))
}

/// Gives the widest part its width, and each other its share.
fn widen(bands: &mut [Band]) {
    let most = bands.iter().map(|band| band.cases.value).max().unwrap_or(0).max(1);
    for band in bands {
        let wide = |cases: u64| (cases * WIDEST).div_ceil(most);
        band.hatched = wide(band.held);
        band.width = wide(band.cases.value).saturating_sub(band.hatched);
    }
}
