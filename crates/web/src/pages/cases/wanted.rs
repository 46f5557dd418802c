//! Which cases somebody wants to see, as the address of the list says it.

use std::ops::Range;

use chrono::{Days, TimeDelta};
use parvaneh_core::{
    BranchId, Calendar, Instant, JalaliPeriod, PersonId, RoleId, StepId, UnitId, WorkflowId,
    measure::Counts,
};
use parvaneh_store::{CaseOrder, CasesQuery, HeldBy, HeldUp, Judged, OpenTask};
use serde::{Deserialize, Serialize};

use crate::{api::plain, problem::Problem};

/// How many cases a page has: with all that it loads it stays under 200 KB.
pub(super) const PAGE: u32 = 30;
/// What stands for who applies, where a role is named.
const APPLICANT: &str = "applicant";
/// What stands for nobody, where an official is named.
pub(crate) const NOBODY: &str = "nobody";

/// How cases stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// However.
    #[default]
    #[serde(alias = "")]
    Any,
    /// They have not ended.
    Open,
    /// They have not ended, and their statutory deadline has passed.
    Late,
    /// They have not ended, and their statutory clock does not run.
    Held,
    /// They have ended.
    Ended,
}

impl State {
    pub(super) const ALL: [Self; 5] = [Self::Any, Self::Open, Self::Late, Self::Held, Self::Ended];

    /// As the address has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::Open => "open",
            Self::Late => "late",
            Self::Held => "held",
            Self::Ended => "ended",
        }
    }
}

/// The order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// The latest received first.
    #[default]
    #[serde(alias = "")]
    Latest,
    /// The oldest first.
    Oldest,
    /// The nearest statutory deadline first.
    Deadline,
    /// The last to end first.
    Ended,
}

/// How cases count in on-time figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Nothing is asked of it.
    #[default]
    #[serde(alias = "")]
    Any,
    /// They count in whatever way.
    Counted,
    /// Decided on time.
    OnTime,
    /// Not on time, in whatever way.
    NotOnTime,
    /// Decided late.
    Late,
    /// Decided by silence.
    BySilence,
    /// Given up when they were late.
    GivenUpLate,
    /// Overdue and undecided.
    Overdue,
}

impl Verdict {
    fn counts(self) -> Vec<Counts> {
        use Counts::{BySilence, GivenUpLate, Late, OnTime, Overdue};
        match self {
            Self::Any => vec![],
            Self::Counted => vec![OnTime, Late, BySilence, GivenUpLate, Overdue],
            Self::OnTime => vec![OnTime],
            Self::NotOnTime => vec![Late, BySilence, GivenUpLate, Overdue],
            Self::Late => vec![Late],
            Self::BySilence => vec![BySilence],
            Self::GivenUpLate => vec![GivenUpLate],
            Self::Overdue => vec![Overdue],
        }
    }
}

/// What the address says. What is empty asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Wanted {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) text: String,
    #[serde(skip_serializing_if = "is_usual")]
    pub(crate) state: State,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) workflow: String,
    /// The unit, with all below it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) unit: String,
    /// `1`: the unit without what is below it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) alone: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) step: String,
    /// The role that has an open task, or `applicant`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) role: String,
    /// Who has an open task in hand, or `nobody`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) official: String,
    /// `1`: the open task is late itself.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) task_late: String,
    /// Due from now to the end of the day so many days on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) due_within: String,
    /// Whose last day is so many days off, from and to: `1..7`, `-7..-1`, `31..`, `..-31`.
    /// Days of the calendar; what is negative lies before today.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) due_in: String,
    /// Received so many days ago, from and to: `11..20`, `61..`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) age: String,
    /// Received in that Jalali year or month.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) received: String,
    /// Ended in that Jalali year or month.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) ended: String,
    /// How they count in the figures of `period`.
    #[serde(skip_serializing_if = "is_usual")]
    pub(crate) verdict: Verdict,
    /// The Jalali year or month of the figures.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) period: String,
    /// `1`: by the deadlines without suspensions and extensions.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) raw: String,
    /// To which level they are escalated now.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) level: String,
    /// Late in the figures of `period`, and meanwhile with this role, or with the `applicant`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) lost_with: String,
    /// Late in the figures of `period`, and meanwhile in this step, or in a branch of it: `inquiries/police`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) lost_in: String,
    #[serde(skip_serializing_if = "is_usual")]
    pub(crate) order: Order,
    /// Behind the end of which page.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) after: String,
}

fn is_usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Days, from and to, as the address has them.
pub(super) fn days(text: &str) -> Option<(Option<i64>, Option<i64>)> {
    let number = |text: &str| match text {
        "" => Some(None),
        text => text.parse::<i64>().ok().filter(|days| days.abs() <= MOST_DAYS).map(Some),
    };
    let (from, to) = text.trim().split_once("..")?;
    Some((number(from)?, number(to)?))
}

/// As far as days are counted.
const MOST_DAYS: i64 = 36_500;
/// Before and behind everything.
const EVER: [&str; 2] = ["0001-01-01T00:00:00Z", "9000-01-01T00:00:00Z"];

fn ever() -> Range<Instant> {
    let [from, to] = EVER.map(|text| text.parse().unwrap_or_default());
    from..to
}

/// The first instant of a day so many days from today.
fn start_of(days: i64, now: Instant, calendar: &Calendar) -> Instant {
    let today = calendar.local_date(now);
    let day = match u64::try_from(days) {
        Ok(days) => today.checked_add_days(Days::new(days)),
        Err(_) => today.checked_sub_days(Days::new(days.unsigned_abs())),
    };
    calendar.start_of(day.unwrap_or(today))
}

/// From the deadlines of one day on to those of another: at midnight a deadline belongs to the day that it
/// ends.
fn due(from: Option<i64>, to: Option<i64>, now: Instant, calendar: &Calendar) -> Range<Instant> {
    let behind = |days| start_of(days, now, calendar) + TimeDelta::microseconds(1);
    let ever = ever();
    from.map_or(ever.start, behind)..to.map_or(ever.end, |to| behind(to + 1))
}

/// As long as a period of the figures lasts.
pub(crate) fn span(period: JalaliPeriod, calendar: &Calendar) -> Range<Instant> {
    calendar.start_of(period.start())..calendar.start_of(period.end())
}

impl Wanted {
    /// What of it was typed and cannot be read, by the names of the fields.
    pub(super) fn faults(&self) -> Vec<&'static str> {
        let typed = [("received", &self.received), ("ended", &self.ended)];
        let wrong = |text: &str| !text.trim().is_empty() && text.parse::<JalaliPeriod>().is_err();
        typed.iter().filter(|(_, text)| wrong(text)).map(|(name, _)| *name).collect()
    }

    /// What the store is asked, beside who asks.
    ///
    /// # Errors
    /// `parameter_invalid`.
    pub(crate) fn query(&self, calendar: &Calendar, now: Instant) -> Result<CasesQuery, Problem> {
        let given = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let (workflow, step, unit) = (given(&self.workflow), given(&self.step), given(&self.unit));
        let (text, role, lost_in) = (given(&self.text), given(&self.role), given(&self.lost_in));
        let lost_with = given(&self.lost_with);
        plain(&[&workflow, &step, &unit, &text, &role, &lost_in, &lost_with])?;
        if text.as_ref().is_some_and(|text| text.chars().count() > 200) {
            return Err(Problem::parameter("text", "has at most 200 characters"));
        }
        let within = |name: &str, text: &String| -> Result<_, Problem> {
            let wrong = || Problem::parameter(name, "is no Jalali year or month");
            let period = given(text).map(|text| text.parse::<JalaliPeriod>()).transpose();
            Ok(period.map_err(|_| wrong())?.map(|period| span(period, calendar)))
        };
        let between = |name: &str, text: &String| -> Result<_, Problem> {
            let wrong = || Problem::parameter(name, "is no range of days, as 1..7");
            given(text).map(|text| days(&text).ok_or_else(wrong)).transpose()
        };
        let number = |name: &str, text: &String, most: u32| -> Result<_, Problem> {
            let wrong = || Problem::parameter(name, format!("is a number up to {most}"));
            let number = given(text).map(|text| text.parse::<u32>().ok().filter(|n| *n <= most));
            number.map(|number| number.ok_or_else(wrong)).transpose()
        };
        let due_within = number("due_within", &self.due_within, 3_650)?
            .map(|days| now..due(None, Some(days.into()), now, calendar).end);
        let due_in = between("due_in", &self.due_in)?;
        let due_in = due_in.map(|(from, to)| due(from, to, now, calendar));
        // From so many days ago to so many: the larger number is the earlier day.
        let age = between("age", &self.age)?.map(|(least, most)| {
            let ever = ever();
            let from = most.map_or(ever.start, |most| start_of(-most, now, calendar));
            from..least.map_or(ever.end, |least| start_of(1 - least, now, calendar))
        });
        let period = within("period", &self.period)?;
        let judged = match (&period, self.verdict) {
            (_, Verdict::Any) => None,
            (None, _) => return Err(Problem::parameter("period", "is missing")),
            (Some(period), verdict) => {
                Some(Judged { period: period.clone(), raw: self.raw == "1", how: verdict.counts() })
            }
        };
        let held_up = match (period, lost_in, lost_with) {
            (_, None, None) => None,
            (None, ..) => return Err(Problem::parameter("period", "is missing")),
            (Some(period), lost_in, lost_with) => {
                let (step, branch) = match lost_in.as_deref().map(|text| text.split_once('/')) {
                    None => (None, None),
                    Some(None) => (lost_in.clone(), None),
                    Some(Some((step, branch))) => (Some(step.to_owned()), Some(branch.to_owned())),
                };
                Some(HeldUp {
                    period,
                    step: step.map(StepId::from),
                    branch: branch.map(BranchId::from),
                    owner: lost_with.map(held_by),
                })
            }
        };
        let untaken = self.official.trim() == NOBODY;
        let official = given(&self.official).filter(|_| !untaken).map(|text| text.parse());
        let official = official.transpose();
        let official = official.map_err(|_| Problem::parameter("official", "is no identifier"))?;
        let after: Option<(Option<Instant>, parvaneh_core::CaseId)> =
            crate::page::after(given(&self.after).as_deref())?;
        Ok(CasesQuery {
            reach: None,
            workflow: workflow.map(WorkflowId::from),
            unit_alone: self.alone == "1",
            within: unit.map(UnitId::from),
            step: step.map(StepId::from),
            ended: match self.state {
                State::Any => None,
                State::Open | State::Late | State::Held => Some(false),
                State::Ended => Some(true),
            },
            overdue: self.state == State::Late,
            held: self.state == State::Held,
            due: due_within.or(due_in),
            received: within("received", &self.received)?.or(age),
            ended_in: within("ended", &self.ended)?,
            task: OpenTask {
                owner: role.map(held_by),
                official: official.map(PersonId),
                untaken,
                late: self.task_late == "1",
            },
            escalated: number("level", &self.level, 100)?,
            judged,
            held_up,
            applicant: None,
            cases: None,
            text,
            order: match (self.order, self.state) {
                // What has ended is not due any more, and what is open has not ended.
                (Order::Deadline, State::Ended) => CaseOrder::Ended,
                (Order::Ended, State::Open | State::Late | State::Held) => CaseOrder::Deadline,
                (Order::Latest, _) => CaseOrder::Latest,
                (Order::Oldest, _) => CaseOrder::Oldest,
                (Order::Deadline, _) => CaseOrder::Deadline,
                (Order::Ended, _) => CaseOrder::Ended,
            },
            before: after.map(|(_, case)| case),
            before_at: after.and_then(|(at, _)| at),
            limit: PAGE + 1,
        })
    }

    /// The address of the list that shows this.
    pub(crate) fn address(&self) -> String {
        match serde_html_form::to_string(self).unwrap_or_default() {
            query if query.is_empty() => "/cases".to_owned(),
            query => format!("/cases?{query}"),
        }
    }

    /// The address of the page by which these are exported.
    pub(super) fn export_address(&self) -> String {
        let list = serde_html_form::to_string(self.anew()).unwrap_or_default();
        match list.is_empty() {
            true => "/exports".to_owned(),
            false => {
                let list = serde_html_form::to_string([("list", list)]).unwrap_or_default();
                format!("/exports?{list}")
            }
        }
    }

    /// What the address of a list says behind its question mark.
    ///
    /// # Errors
    /// `parameter_invalid`.
    pub(crate) fn read(list: &str) -> Result<Self, Problem> {
        let wanted: Self = serde_html_form::from_str(list)
            .map_err(|_| Problem::parameter("list", "is no address of a list of cases"))?;
        Ok(wanted.anew())
    }

    /// The same from its first page.
    pub(super) fn anew(&self) -> Self {
        Self { after: String::new(), ..self.clone() }
    }

    /// What the fields of the form do not show, and it sends along.
    pub(super) fn hidden(&self) -> Vec<(String, String)> {
        let rest = Self {
            text: String::new(),
            state: State::Any,
            workflow: String::new(),
            unit: String::new(),
            step: String::new(),
            due_within: String::new(),
            received: String::new(),
            ended: String::new(),
            role: String::new(),
            ..self.anew()
        };
        let written = serde_html_form::to_string(&rest).unwrap_or_default();
        serde_html_form::from_str(&written).unwrap_or_default()
    }
}

fn held_by(role: String) -> HeldBy {
    match role.as_str() {
        APPLICANT => HeldBy::Applicant,
        _ => HeldBy::Role(RoleId::from(role)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shown::ribbon::fixture;

    #[test]
    fn the_address_says_what_is_chosen_and_nothing_else() {
        assert_eq!(Wanted::default().address(), "/cases");
        let wanted = Wanted {
            state: State::Late,
            unit: "23".to_owned(),
            level: "2".to_owned(),
            verdict: Verdict::OnTime,
            period: "1403/07".to_owned(),
            ..Wanted::default()
        };
        let address = wanted.address();
        assert_eq!(address, "/cases?state=late&unit=23&verdict=on_time&period=1403%2F07&level=2");
        let query = address.split('?').nth(1).unwrap();
        assert_eq!(serde_html_form::from_str::<Wanted>(query).unwrap(), wanted);
        // An empty field of a form chooses nothing.
        let form = "text=&state=&workflow=&unit=&step=&due_within=&received=&order=&lang=en";
        assert_eq!(serde_html_form::from_str::<Wanted>(form).unwrap(), Wanted::default());
        let kept = wanted.hidden();
        let kept: Vec<_> = kept.iter().map(|(name, value)| (&name[..], &value[..])).collect();
        assert_eq!(kept, [("verdict", "on_time"), ("period", "1403/07"), ("level", "2")]);
    }

    #[test]
    fn ranges_of_days_are_read_and_nothing_else_is() {
        for (text, read) in [
            ("1..7", Some((Some(1), Some(7)))),
            ("-7..-1", Some((Some(-7), Some(-1)))),
            ("31..", Some((Some(31), None))),
            ("..-31", Some((None, Some(-31)))),
            ("7", None),
            ("a..b", None),
            ("1..99999999999", None),
        ] {
            assert_eq!(days(text), read, "{text}");
        }
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let calendars = fixture::calendars();
        let calendar = calendars.national();
        // Saturday 1403/09/03.
        let now = fixture::at("2024-11-23T10:00:00+03:30");
        let asked = |wanted: Wanted| wanted.query(calendar, now).unwrap();
        let micro = TimeDelta::microseconds(1);
        let week = asked(Wanted { due_within: "7".to_owned(), ..Wanted::default() });
        assert_eq!(week.due, Some(now..fixture::at("2024-12-01T00:00:00+03:30") + micro));
        let late = asked(Wanted { due_in: "-7..-1".to_owned(), ..Wanted::default() });
        let from = fixture::at("2024-11-16T00:00:00+03:30") + micro;
        assert_eq!(late.due, Some(from..fixture::at("2024-11-23T00:00:00+03:30") + micro));
        let old = asked(Wanted { age: "11..20".to_owned(), ..Wanted::default() });
        let from = fixture::at("2024-11-03T00:00:00+03:30");
        assert_eq!(old.received, Some(from..fixture::at("2024-11-13T00:00:00+03:30")));
        let month = asked(Wanted { ended: "۱۴۰۳/۰۸".to_owned(), ..Wanted::default() });
        let from = fixture::at("2024-10-22T00:00:00+03:30");
        assert_eq!(month.ended_in, Some(from..fixture::at("2024-11-21T00:00:00+03:30")));
        for wrong in [
            Wanted { verdict: Verdict::Late, ..Wanted::default() },
            Wanted { period: "1403/13".to_owned(), ..Wanted::default() },
            Wanted { official: "somebody".to_owned(), ..Wanted::default() },
            Wanted { level: "-1".to_owned(), ..Wanted::default() },
            Wanted { lost_in: "reception".to_owned(), ..Wanted::default() },
            Wanted { unit: "23\0".to_owned(), ..Wanted::default() },
        ] {
            let problem = wrong.query(calendar, now).unwrap_err();
            assert_eq!(problem.code, "parameter_invalid", "{wrong:?}");
        }
        let typed = Wanted { received: "last year".to_owned(), ..Wanted::default() };
        assert_eq!(typed.faults(), ["received"]);
    }
}
