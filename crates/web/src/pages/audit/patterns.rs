//! What is worth a look: rules, their numbers, and the cases in which they found something.

use std::time::Duration;

use askama::Template;
use axum::{extract::State, http::StatusCode, response::Response};
use chrono::TimeDelta;
use parvaneh_core::{Calendar, UnitId};
use parvaneh_store::{MOST_TOLD, Measure, Pattern, PatternQuery, Unusual};
use serde::{Deserialize, Serialize};

use super::{
    super::{Frame, case::Names, shown, visit::Visit},
    Choice, Desk, PlaceShown,
    search::{self, Period, latin},
};
use crate::{
    App,
    body::Query,
    problem::Problem,
    say::{Said, Words},
    shown::{Code, Day, Moment},
};

/// For how many days back a rule looks where nobody says otherwise.
const DAYS: i64 = 30;
/// The longest period, in days: each look is bounded.
const LONGEST: i64 = 366;

/// A rule, and the numbers that it has where nobody says otherwise. They stand nowhere else.
struct Rule {
    /// Its name in the address.
    name: &'static str,
    /// What it is called.
    title: fn(Words) -> Said,
    /// In what unit its number counts.
    number: fn(Words) -> Said,
    default: u32,
    /// The largest that makes sense.
    most: u32,
    /// A second number, in seconds, where it has one.
    seconds: Option<u32>,
    /// What it finds, with its numbers.
    told: fn(Words, u32, u32) -> Said,
    pattern: fn(u32, u32) -> Pattern,
}

const DAY: u64 = 24 * 60 * 60;

static RULES: [Rule; 6] = [
    Rule {
        name: "reprieve",
        title: |words| words.t("pattern-reprieve"),
        number: |words| words.t("pattern-in-days"),
        default: 2,
        most: 60,
        seconds: None,
        told: |words, days, _| words.t("pattern-reprieve-told").n("days", days),
        pattern: |days, _| Pattern::Reprieve { within: Duration::from_secs(u64::from(days) * DAY) },
    },
    Rule {
        name: "refused-last",
        title: |words| words.t("pattern-refused-last"),
        number: |words| words.t("pattern-in-days"),
        default: 1,
        most: 60,
        seconds: None,
        told: |words, days, _| words.t("pattern-refused-last-told").n("days", days),
        pattern: |days, _| Pattern::RefusedLast {
            within: Duration::from_secs(u64::from(days) * DAY),
        },
    },
    Rule {
        name: "outside-hours",
        title: |words| words.t("pattern-outside-hours"),
        number: |words| words.t("pattern-in-minutes"),
        default: 60,
        most: 720,
        seconds: None,
        told: |words, minutes, _| words.t("pattern-outside-hours-told").n("minutes", minutes),
        pattern: |minutes, _| Pattern::OutsideHours {
            margin: Duration::from_secs(u64::from(minutes) * 60),
        },
    },
    Rule {
        name: "given-back",
        title: |words| words.t("pattern-given-back"),
        number: |words| words.t("pattern-in-times"),
        default: 3,
        most: 1_000,
        seconds: None,
        told: |words, times, _| words.t("pattern-given-back-told").n("times", times),
        pattern: |times, _| Pattern::GivenBack { times },
    },
    Rule {
        name: "series",
        title: |words| words.t("pattern-series"),
        number: |words| words.t("pattern-in-actions"),
        default: 5,
        most: 10_000,
        seconds: Some(60),
        told: |words, actions, seconds| {
            words.t("pattern-series-told").n("actions", actions).n("seconds", seconds)
        },
        pattern: |count, seconds| Pattern::InSeries {
            count,
            within: Duration::from_secs(u64::from(seconds)),
        },
    },
    Rule {
        name: "returned",
        title: |words| words.t("pattern-returned"),
        number: |words| words.t("pattern-in-times"),
        default: 3,
        most: 1_000,
        seconds: None,
        told: |words, times, _| words.t("pattern-returned-told").n("times", times),
        pattern: |times, _| Pattern::Returned { times },
    },
];

/// What is looked for, as it stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    /// By which rule.
    #[serde(skip_serializing_if = "String::is_empty")]
    rule: String,
    /// Its number.
    #[serde(skip_serializing_if = "String::is_empty")]
    n: String,
    /// Its second number.
    #[serde(skip_serializing_if = "String::is_empty")]
    seconds: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    since: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    until: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    unit: String,
}

impl Wanted {
    fn address(&self) -> String {
        match serde_html_form::to_string(self).unwrap_or_default() {
            query if query.is_empty() => "/audit/patterns".to_owned(),
            query => format!("/audit/patterns?{query}"),
        }
    }
}

/// A rule in the row of them.
struct RuleShown {
    title: String,
    address: String,
    current: bool,
}

/// A case in which something was found.
struct Row {
    subject: String,
    code: Code,
    unit: String,
    /// What the rule has measured.
    measure: String,
    when: Moment,
    who: String,
    address: String,
}

#[derive(Template)]
#[template(path = "audit/patterns.html")]
struct Page {
    frame: Frame,
    places: Vec<PlaceShown>,
    rules: Vec<RuleShown>,
    wanted: Wanted,
    rule: &'static str,
    title: String,
    told: String,
    number: String,
    n: String,
    seconds: Option<String>,
    n_fault: Option<String>,
    seconds_fault: Option<String>,
    since_fault: Option<String>,
    until_fault: Option<String>,
    /// The period that was looked at.
    period: Option<(Day, Day)>,
    units: Vec<Choice>,
    rows: Vec<Row>,
    /// Whether only the latest are told.
    is_part: bool,
    most: usize,
}

impl Page {
    fn is_well(&self) -> bool {
        let faults = [&self.n_fault, &self.seconds_fault, &self.since_fault, &self.until_fault];
        faults.iter().all(|fault| fault.is_none())
    }
}

pub(super) async fn patterns(
    State(app): State<App>,
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let desk = Desk::of(visit)?;
    let words = desk.words();
    let rule = match wanted.rule.as_str() {
        "" => &RULES[0],
        name => RULES.iter().find(|rule| rule.name == name).ok_or_else(Problem::not_found)?,
    };
    let (n, n_fault) = number(&wanted.n, rule.default, rule.most, words);
    let default = rule.seconds.unwrap_or_default();
    let (seconds, seconds_fault) = number(&wanted.seconds, default.max(1), 86_400, words);
    let Some(calendars) = app.calendar().await? else { return Err(Problem::not_found()) };
    let national = calendars.national();
    let Period { since, until, since_fault, mut until_fault } =
        search::period(&app, &desk, &wanted.since, &wanted.until).await?;
    // Whole days: up to the end of today, and thirty of them.
    let tomorrow = national.local_date(desk.visit.viewer.now).succ_opt();
    let until = until.or(tomorrow.map(|day| national.start_of(day)));
    let until = until.unwrap_or(desk.visit.viewer.now);
    let since = since.unwrap_or(until - TimeDelta::days(DAYS));
    if until - since > TimeDelta::days(LONGEST) {
        until_fault.get_or_insert(words.t("pattern-too-long").n("days", LONGEST).into());
    }
    if since >= until {
        until_fault.get_or_insert(words.t("audit-ends-before").into());
    }
    let last = until - TimeDelta::microseconds(1);
    let mut shown_page = Page {
        frame: desk.visit.frame(words.t("audit-patterns-title")),
        places: desk.places("/audit/patterns"),
        rules: rules(&wanted, rule, words),
        rule: rule.name,
        title: (rule.title)(words).into(),
        told: (rule.told)(words, n, seconds).into(),
        number: (rule.number)(words).into(),
        n: if n_fault.is_some() { wanted.n.clone() } else { words.digits(n.to_string()) },
        seconds: rule.seconds.map(|_| match seconds_fault {
            Some(_) => wanted.seconds.clone(),
            None => words.digits(seconds.to_string()),
        }),
        n_fault,
        seconds_fault: seconds_fault.filter(|_| rule.seconds.is_some()),
        since_fault,
        until_fault,
        period: None,
        units: desk.units(&wanted.unit),
        rows: Vec::new(),
        is_part: false,
        most: MOST_TOLD,
        wanted,
    };
    if shown_page.is_well() {
        let unit = shown_page.wanted.unit.trim();
        let query = PatternQuery {
            pattern: (rule.pattern)(n, seconds),
            period: since..until,
            within: (!unit.is_empty()).then(|| UnitId::from(unit)),
        };
        let found = desk.reads(&app).unusual(&query).await?;
        shown_page.is_part = found.is_part;
        shown_page.rows = rows(&app, &desk, &found.cases, national).await?;
        shown_page.period = Some((Day::at(since, national, words), Day::at(last, national, words)));
    }
    let status = match shown_page.is_well() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    shown(status, &desk.visit.look, &shown_page)
}

/// A number that was typed, in any digits; else the one that stands for it, with what is wrong.
fn number(text: &str, default: u32, most: u32, words: Words) -> (u32, Option<String>) {
    match latin(text.trim()).as_str() {
        "" => (default, None),
        text => match text.parse() {
            Ok(number) if (1..=most).contains(&number) => (number, None),
            _ => (default, Some(words.t("pattern-not-a-number").n("most", most).into())),
        },
    }
}

fn rules(wanted: &Wanted, current: &Rule, words: Words) -> Vec<RuleShown> {
    let shown = |rule: &Rule| {
        // Its numbers are its own; where and when stays.
        let wanted = Wanted {
            rule: rule.name.to_owned(),
            n: String::new(),
            seconds: String::new(),
            ..wanted.clone()
        };
        RuleShown {
            title: (rule.title)(words).into(),
            address: wanted.address(),
            current: rule.name == current.name,
        }
    };
    RULES.iter().map(shown).collect()
}

async fn rows(
    app: &App,
    desk: &Desk,
    found: &[Unusual],
    national: &Calendar,
) -> Result<Vec<Row>, Problem> {
    let words = desk.words();
    let names = Names::named(app, found.iter().filter_map(|one| one.person).collect()).await?;
    let row = |one: &Unusual| Row {
        subject: one.subject.clone(),
        code: Code::of(one.case),
        unit: desk.unit(&one.unit),
        measure: measure(one.measure, words),
        when: Moment::at(one.at, national, words),
        who: one.person.map(|person| names.person(person)).unwrap_or_default(),
        address: match one.seq {
            Some(seq) => format!("/audit/cases/{}#event-{seq}", one.case),
            None => format!("/audit/cases/{}", one.case),
        },
    };
    Ok(found.iter().map(row).collect())
}

fn measure(measure: Measure, words: Words) -> String {
    match measure {
        Measure::Left(left) if left.num_hours() < 1 => {
            words.t("measure-minutes-left").n("minutes", left.num_minutes()).into()
        }
        Measure::Left(left) if left.num_days() < 2 => {
            words.t("measure-hours-left").n("hours", left.num_hours()).into()
        }
        Measure::Left(left) => words.t("measure-days-left").n("days", left.num_days()).into(),
        Measure::Times(times) => words.t("measure-times").n("count", times).into(),
        Measure::At => words.t("measure-closed").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn a_number_is_read_in_any_digits_and_within_its_bounds() {
        let words = Words(Language::English);
        for (text, number_read, is_well) in [
            ("", 3, true),
            (" ۵ ", 5, true),
            ("9", 9, true),
            ("10", 3, false),
            ("x", 3, false),
            ("0", 3, false),
        ] {
            let (read, fault) = number(text, 3, 9, words);
            assert_eq!((read, fault.is_none()), (number_read, is_well), "{text}");
        }
    }

    #[test]
    fn every_rule_has_a_name_of_its_own_and_says_its_numbers() {
        let words = Words(Language::English);
        for rule in &RULES {
            assert_eq!(RULES.iter().filter(|one| one.name == rule.name).count(), 1);
            let told = (rule.told)(words, 41, 43).to_string();
            assert!(told.contains("41"), "{told}");
            assert_eq!(told.contains("43"), rule.seconds.is_some(), "{told}");
        }
    }
}
