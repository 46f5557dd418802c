//! Of which unit, workflow and period figures are wanted, as the address says it.

use parvaneh_core::{Calendar, JalaliDate, JalaliPeriod, UnitId, WorkflowId};
use parvaneh_store::Viewer;
use serde::{Deserialize, Serialize};

use crate::{
    api::plain,
    pages::cases,
    policy::{self, Task},
    problem::Problem,
};

/// What the address says. What is empty is the usual: the highest unit whose figures the reader sees, every
/// workflow, this year.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Wanted {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) unit: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) workflow: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) year: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) month: String,
}

/// What is asked, made out.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) unit: UnitId,
    pub(super) workflow: Option<WorkflowId>,
    pub(super) period: JalaliPeriod,
    /// The same period of the year before.
    pub(super) before: Option<JalaliPeriod>,
    /// Whether it goes on now.
    pub(super) is_current: bool,
    /// Whether the reader sees every case that is counted.
    pub(super) sees_cases: bool,
}

impl Wanted {
    /// Makes out what is asked.
    ///
    /// # Errors
    /// `forbidden` for who sees no figures there, `not_found` for a unit that is none,
    /// `parameter_invalid`.
    pub(super) fn made_out(&self, viewer: &Viewer, calendar: &Calendar) -> Result<Asked, Problem> {
        plain(&[&Some(self.unit.clone()), &Some(self.workflow.clone())])?;
        let unit = match self.unit.is_empty() {
            false => UnitId::from(self.unit.as_str()),
            true => highest(viewer).ok_or_else(|| {
                let roles = Task::SeeFigures.roles().join("' or '");
                Problem::forbidden(format!("this needs the role '{roles}'"))
            })?,
        };
        policy::permit(viewer, Task::SeeFigures, &unit)?;
        let workflow = Some(self.workflow.clone()).filter(|text| !text.is_empty());
        let workflow = workflow.map(WorkflowId::from);
        let today = JalaliDate::from(calendar.local_date(viewer.now));
        let number = |name: &str, text: &str| -> Result<Option<i32>, Problem> {
            let wrong = || Problem::parameter(name, "is no number");
            Some(text.trim())
                .filter(|text| !text.is_empty())
                .map(str::parse)
                .transpose()
                .map_err(|_| wrong())
        };
        let year = number("year", &self.year)?.unwrap_or(today.year());
        let month = number("month", &self.month)?;
        let period = |year: i32| match month {
            None => JalaliPeriod::of_year(year),
            Some(month) => JalaliPeriod::of_month(year, u32::try_from(month).unwrap_or(0)),
        };
        let wrong = |_| Problem::parameter("year", "is no Jalali year or month");
        let period_of = period(year).map_err(wrong)?;
        let span = cases::span(period_of, calendar);
        Ok(Asked {
            sees_cases: sees_cases(viewer, &unit, workflow.as_ref()),
            before: period(year - 1).ok(),
            is_current: span.contains(&viewer.now),
            period: period_of,
            unit,
            workflow,
        })
    }

    /// What stands behind the question mark.
    pub(super) fn at(&self, page: &str) -> String {
        match serde_html_form::to_string(self).unwrap_or_default() {
            query if query.is_empty() => page.to_owned(),
            query => format!("{page}?{query}"),
        }
    }
}

impl Asked {
    /// The address of the list of cases behind a figure of this unit, workflow and period; none for who
    /// does not see them.
    pub(super) fn cases(
        &self,
        narrowed: impl FnOnce(cases::Wanted) -> cases::Wanted,
    ) -> Option<String> {
        self.sees_cases.then(|| narrowed(self.list()).address())
    }

    /// The list of all cases of this unit and workflow.
    fn list(&self) -> cases::Wanted {
        cases::Wanted {
            unit: self.unit.to_string(),
            workflow: self.workflow.as_ref().map(|one| one.to_string()).unwrap_or_default(),
            ..cases::Wanted::default()
        }
    }
}

/// The highest unit of which the reader sees figures.
pub(super) fn highest(viewer: &Viewer) -> Option<UnitId> {
    let held = policy::reach_of(viewer, Task::SeeFigures).jurisdictions;
    let depth = |unit: &UnitId| viewer.organisation.path(unit).count();
    held.into_iter().map(|held| held.unit).min_by_key(|unit| (depth(unit), unit.clone()))
}

/// Whether every case of a unit and a workflow is in the reader's reach: who sees figures need not see the
/// cases behind them.
fn sees_cases(viewer: &Viewer, unit: &UnitId, workflow: Option<&WorkflowId>) -> bool {
    let covers = |workflow: &WorkflowId| {
        viewer.reach.jurisdictions.iter().any(|held| {
            held.workflow.as_ref().is_none_or(|only| only == workflow)
                && viewer.organisation.contains(&held.unit, unit)
        })
    };
    match workflow {
        Some(workflow) => covers(workflow),
        None => viewer.definitions().iter().all(|definition| covers(&definition.id)),
    }
}
