//! What can be chosen of a list of cases, and what has been: each choice with the list without it.

use std::collections::BTreeMap;

use parvaneh_core::{
    BranchId, Definition, JalaliPeriod, RoleId, StepId, UnitId, WorkflowId, definition::StepKind,
};
use parvaneh_store::Viewer;

use super::wanted::{NOBODY, State, Verdict, Wanted, days};
use crate::{
    App,
    pages::visit::Visit,
    problem::Problem,
    say::{Said, Words},
};

/// A choice of a filter.
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) name: String,
    pub(super) chosen: bool,
}

/// A filter that is chosen, and the address without it.
pub(super) struct Chosen {
    pub(super) name: String,
    pub(super) without: String,
}

/// What can be chosen.
pub(super) struct Choices {
    pub(super) states: Vec<Choice>,
    pub(super) workflows: Vec<Choice>,
    pub(super) steps: Vec<Choice>,
    pub(super) roles: Vec<Choice>,
    pub(super) units: Vec<Choice>,
}

impl Choices {
    /// What the reader's reach offers, and what the address has chosen.
    pub(super) fn of(viewer: &Viewer, wanted: &Wanted, words: Words) -> Self {
        let definitions = viewer.definitions();
        let sees = |workflow: &WorkflowId| {
            let held = &viewer.reach.jurisdictions;
            held.iter().any(|held| held.workflow.as_ref().is_none_or(|only| only == workflow))
        };
        let seen: Vec<_> = definitions.iter().filter(|one| sees(&one.id)).collect();
        let of_workflow =
            |one: &&Definition| wanted.workflow.is_empty() || one.id.as_str() == wanted.workflow;
        let within: Vec<&Definition> = seen.iter().map(|one| &***one).filter(of_workflow).collect();
        let mut workflows = BTreeMap::new();
        for one in &seen {
            workflows.insert(one.id.to_string(), words.of(&one.title).to_owned());
        }
        let (mut steps, mut roles) = (BTreeMap::new(), BTreeMap::new());
        for one in &within {
            for (id, step) in &one.steps {
                steps.entry(id.to_string()).or_insert_with(|| words.of(&step.title).to_owned());
            }
            for (id, role) in &one.roles {
                roles.entry(id.to_string()).or_insert_with(|| words.of(&role.title).to_owned());
            }
        }
        let states = State::ALL.map(|state| Choice {
            value: state.name().to_owned(),
            name: state_name(state, words).into(),
            chosen: state == wanted.state,
        });
        Self {
            states: states.into(),
            workflows: choices(workflows, &wanted.workflow),
            steps: choices(steps, &wanted.step),
            roles: choices(roles, &wanted.role),
            units: units(viewer, &wanted.unit, words),
        }
    }
}

fn choices(names: BTreeMap<String, String>, chosen: &str) -> Vec<Choice> {
    let choice = |(value, name): (String, String)| Choice { chosen: value == chosen, value, name };
    names.into_iter().map(choice).collect()
}

/// Where the reader sees cases, what lies directly below, and around what is chosen: from above to below.
fn units(viewer: &Viewer, chosen: &str, words: Words) -> Vec<Choice> {
    let organisation = &viewer.organisation;
    let held: Vec<&UnitId> = viewer.reach.jurisdictions.iter().map(|held| &held.unit).collect();
    let above: Vec<&UnitId> = organisation.path(&UnitId::from(chosen)).collect();
    let seen = |unit: &UnitId| held.iter().any(|held| organisation.contains(held, unit));
    let near = |unit: &parvaneh_core::Unit| {
        let below = |parent: &UnitId| held.contains(&parent) || above.contains(&parent);
        held.contains(&&unit.id) || unit.parent.as_ref().is_some_and(below)
    };
    let mut units: Vec<_> = organisation
        .units()
        .filter(|unit| seen(&unit.id) && near(unit))
        .map(|unit| {
            let path: Vec<&str> = organisation.path(&unit.id).map(|unit| unit.as_str()).collect();
            (path.into_iter().rev().collect::<Vec<_>>(), unit)
        })
        .collect();
    units.sort_by(|one, other| one.0.cmp(&other.0));
    let choice = |unit: &parvaneh_core::Unit| Choice {
        value: unit.id.to_string(),
        name: words.of(&unit.title).to_owned(),
        chosen: unit.id.as_str() == chosen,
    };
    units.into_iter().map(|(_, unit)| choice(unit)).collect()
}

fn state_name(state: State, words: Words) -> Said {
    match state {
        State::Any => words.t("cases-state-any"),
        State::Open => words.t("cases-state-open"),
        State::Late => words.t("cases-state-late"),
        State::Held => words.t("cases-state-held"),
        State::Ended => words.t("cases-state-ended"),
    }
}

/// What the reader knows a role by.
fn role_name(viewer: &Viewer, role: &str, words: Words) -> String {
    if role == "applicant" {
        return words.t("cases-with-applicant").into();
    }
    let title = viewer.role_title(&RoleId::from(role));
    title.map_or_else(|| role.to_owned(), |title| words.of(&title).to_owned())
}

/// What a step is called, or a branch of it: `step/branch`.
fn step_name(viewer: &Viewer, step: &str, words: Words) -> String {
    let (step, branch) = step.split_once('/').map_or((step, None), |(one, of)| (one, Some(of)));
    let known = viewer.definitions();
    let mut found = known.iter().filter_map(|one| {
        let held = one.steps.get(&StepId::from(step))?;
        let branch = branch.and_then(|branch| match &held.kind {
            StepKind::Parallel(parallel) => parallel.branches.get(&BranchId::from(branch)),
            _ => None,
        });
        Some(words.of(branch.map_or(&held.title, |branch| &branch.title)).to_owned())
    });
    found.next().unwrap_or_else(|| step.to_owned())
}

/// A Jalali year or month in words: «مهر ۱۴۰۳».
fn period_name(text: &str, words: Words) -> String {
    match text.parse::<JalaliPeriod>() {
        Ok(period) => period_told(period, words),
        Err(_) => text.to_owned(),
    }
}

/// The same of what is known to be one.
pub(crate) fn period_told(period: JalaliPeriod, words: Words) -> String {
    let year = words.digits(period.year());
    let month = period.month().map(|month| match words.is_persian() {
        true => parvaneh_core::jalali::month_name_fa(month),
        false => parvaneh_core::jalali::month_name_en(month),
    });
    match month {
        Some(month) => format!("{month} {year}"),
        None => year,
    }
}

/// Days, from and to.
fn between(text: &str, words: Words) -> String {
    // A minus stands before its figure, and here it says only that the day has passed.
    match days(text) {
        Some((Some(from), Some(to))) if from == to => words.number(from.abs()),
        Some((Some(from), Some(to))) => words
            .t("cases-days-between")
            .s("from", words.number(from.abs().min(to.abs())))
            .s("to", words.number(from.abs().max(to.abs())))
            .into(),
        Some((Some(days), None)) | Some((None, Some(days))) => {
            words.t("cases-days-more").s("from", words.number(days.abs())).into()
        }
        _ => text.to_owned(),
    }
}

/// What the address has chosen.
///
/// # Errors
/// The store's.
pub(super) async fn chosen(
    app: &App,
    visit: &Visit,
    wanted: &Wanted,
    choices: &Choices,
) -> Result<Vec<Chosen>, Problem> {
    let (words, viewer) = (visit.look.words, &visit.viewer);
    let named = |choices: &[Choice], value: &str| {
        let known = choices.iter().find(|choice| choice.value == value);
        known.map_or_else(|| value.to_owned(), |choice| choice.name.clone())
    };
    let anew = wanted.anew();
    let none = String::new;
    let mut chosen = Vec::new();
    let mut add = |is: bool, name: &dyn Fn() -> String, without: Wanted| {
        if is {
            chosen.push(Chosen { name: name(), without: without.address() });
        }
    };
    let is = |text: &String| !text.trim().is_empty();
    add(is(&wanted.text), &|| wanted.text.clone(), Wanted { text: none(), ..anew.clone() });
    let state = wanted.state;
    add(
        state != State::Any,
        &|| state_name(state, words).into(),
        Wanted { state: State::Any, ..anew.clone() },
    );
    add(
        is(&wanted.workflow),
        &|| named(&choices.workflows, &wanted.workflow),
        Wanted { workflow: none(), ..anew.clone() },
    );
    add(
        is(&wanted.unit),
        &|| {
            let unit = viewer.organisation.get(&UnitId::from(wanted.unit.as_str()));
            let unit = unit.map(|unit| words.of(&unit.title).to_owned());
            let unit = unit.unwrap_or_else(|| wanted.unit.clone());
            match wanted.alone == "1" {
                true => words.t("cases-alone").s("unit", unit).into(),
                false => unit,
            }
        },
        Wanted { unit: none(), alone: none(), ..anew.clone() },
    );
    add(
        is(&wanted.step),
        &|| named(&choices.steps, &wanted.step),
        Wanted { step: none(), ..anew.clone() },
    );
    add(
        is(&wanted.role),
        &|| words.t("cases-with").s("who", role_name(viewer, &wanted.role, words)).into(),
        Wanted { role: none(), ..anew.clone() },
    );
    let official = match wanted.official.parse().map(parvaneh_core::PersonId) {
        Ok(person) => app.store.names_of(&[person]).await?.remove(&person),
        Err(_) => None,
    };
    add(
        is(&wanted.official),
        &|| match (&official, wanted.official.as_str()) {
            (_, NOBODY) => words.t("cases-untaken").into(),
            (Some(name), _) => words.t("cases-in-hand-of").s("who", name).into(),
            (None, id) => words.t("cases-in-hand-of").s("who", id).into(),
        },
        Wanted { official: none(), ..anew.clone() },
    );
    add(
        wanted.task_late == "1",
        &|| words.t("cases-task-late").into(),
        Wanted { task_late: none(), ..anew.clone() },
    );
    add(
        is(&wanted.due_within),
        &|| {
            words
                .t("cases-due-within")
                .n("days", wanted.due_within.parse::<u32>().unwrap_or(0))
                .into()
        },
        Wanted { due_within: none(), ..anew.clone() },
    );
    add(
        is(&wanted.due_in),
        &|| {
            let past = days(&wanted.due_in).is_some_and(|(_, to)| to.is_some_and(|to| to < 0));
            let text = between(&wanted.due_in, words);
            match past {
                true => words.t("cases-late-days").s("span", text).into(),
                false => words.t("cases-left-days").s("span", text).into(),
            }
        },
        Wanted { due_in: none(), ..anew.clone() },
    );
    add(
        is(&wanted.age),
        &|| words.t("cases-age").s("span", between(&wanted.age, words)).into(),
        Wanted { age: none(), ..anew.clone() },
    );
    add(
        is(&wanted.received),
        &|| words.t("cases-received-in").s("period", period_name(&wanted.received, words)).into(),
        Wanted { received: none(), ..anew.clone() },
    );
    add(
        is(&wanted.ended),
        &|| words.t("cases-ended-in").s("period", period_name(&wanted.ended, words)).into(),
        Wanted { ended: none(), ..anew.clone() },
    );
    add(
        is(&wanted.level),
        &|| words.t("cases-level").n("level", wanted.level.parse::<u32>().unwrap_or(0)).into(),
        Wanted { level: none(), ..anew.clone() },
    );
    let lost = is(&wanted.lost_in) || is(&wanted.lost_with);
    let figures = || {
        let what = match (wanted.verdict, lost) {
            (Verdict::Any, true) => words.t("cases-verdict-late-with").s(
                "who",
                match (is(&wanted.lost_in), is(&wanted.lost_with)) {
                    (true, true) => format!(
                        "{} ({})",
                        role_name(viewer, &wanted.lost_with, words),
                        step_name(viewer, &wanted.lost_in, words)
                    ),
                    (true, false) => step_name(viewer, &wanted.lost_in, words),
                    _ => role_name(viewer, &wanted.lost_with, words),
                },
            ),
            (Verdict::Any | Verdict::Counted, _) => words.t("cases-verdict-counted"),
            (Verdict::OnTime, _) => words.t("cases-verdict-on-time"),
            (Verdict::NotOnTime, _) => words.t("cases-verdict-not-on-time"),
            (Verdict::Late, _) => words.t("cases-verdict-late"),
            (Verdict::BySilence, _) => words.t("cases-verdict-by-silence"),
            (Verdict::GivenUpLate, _) => words.t("cases-verdict-given-up-late"),
            (Verdict::Overdue, _) => words.t("cases-verdict-overdue"),
        };
        let told = words
            .t("cases-in-figures")
            .s("what", String::from(what))
            .s("period", period_name(&wanted.period, words));
        match wanted.raw == "1" {
            true => words.t("cases-raw").s("what", String::from(told)).into(),
            false => told.into(),
        }
    };
    add(
        wanted.verdict != Verdict::Any || lost,
        &figures,
        Wanted {
            verdict: Verdict::Any,
            period: none(),
            raw: none(),
            lost_in: none(),
            lost_with: none(),
            ..anew.clone()
        },
    );
    Ok(chosen)
}
