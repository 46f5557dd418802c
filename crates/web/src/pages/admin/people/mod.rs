//! People, their roles and their accounts, the units in which they work, and what is lent there: for
//! administrators, within their part of the organisation.

mod lent;
mod list;
mod person;
mod units;

use parvaneh_core::{Grant, RoleId, UnitId};
use parvaneh_store::Viewer;

use crate::{
    pages::{
        frame::role as role_shown,
        routes::Pages,
        sheet::{Field, Kind, Pick, Sheet},
    },
    policy::{self, Task},
    problem::Problem,
    say::Words,
};

pub(super) fn pages() -> Pages {
    Pages::default()
        .merge(list::pages())
        .merge(person::pages())
        .merge(units::pages())
        .merge(lent::pages())
}

/// Whether somebody looks after people anywhere.
pub(super) fn looks_after_people(viewer: &Viewer) -> bool {
    !tops(viewer).is_empty()
}

/// The units over which somebody looks after people.
fn tops(viewer: &Viewer) -> Vec<UnitId> {
    let held = viewer.actor.grants.iter();
    let held = held.filter(|held| policy::may(viewer, Task::AdministerPeople, &held.unit));
    let mut tops: Vec<UnitId> = held.map(|held| held.unit.clone()).collect();
    tops.sort_unstable();
    tops.dedup();
    tops
}

/// The same, where he looks after any.
///
/// # Errors
/// `forbidden`.
fn permitted(viewer: &Viewer) -> Result<Vec<UnitId>, Problem> {
    match tops(viewer) {
        none if none.is_empty() => {
            Err(Problem::forbidden("this needs the role 'administrator' somewhere"))
        }
        tops => Ok(tops),
    }
}

/// Of which part something is wanted: of a unit that was chosen, or of all that one looks after.
///
/// # Errors
/// `not_found` for a unit that is none, `forbidden`.
fn within(viewer: &Viewer, unit: &str) -> Result<Vec<UnitId>, Problem> {
    let tops = permitted(viewer)?;
    if unit.is_empty() {
        return Ok(tops);
    }
    let unit = UnitId::from(unit);
    policy::permit(viewer, Task::AdministerPeople, &unit)?;
    Ok(vec![unit])
}

/// The units that somebody looks after, each below the one to which it belongs.
fn units(viewer: &Viewer, chosen: &str, words: Words) -> Vec<Pick> {
    let organisation = &viewer.organisation;
    let mut units: Vec<(Vec<&str>, Pick)> = organisation
        .units()
        .filter(|unit| policy::may(viewer, Task::AdministerPeople, &unit.id))
        .map(|unit| {
            let mut path: Vec<&str> = organisation.path(&unit.id).map(UnitId::as_str).collect();
            path.reverse();
            // Two of one name are told apart by what they belong to.
            let above = unit.parent.as_ref().filter(|_| path.len() > 2);
            let above = above.and_then(|above| organisation.get(above));
            let name = match above {
                Some(above) => words
                    .t("people-unit-of")
                    .s("unit", words.of(&unit.title))
                    .s("above", words.of(&above.title))
                    .into(),
                None => words.of(&unit.title).to_owned(),
            };
            let value = unit.id.to_string();
            let chosen = value == chosen;
            (path, Pick::new(value, name).chosen(chosen))
        })
        .collect();
    units.sort_by(|one, other| one.0.cmp(&other.0));
    units.into_iter().map(|(_, pick)| pick).collect()
}

/// Every role that somebody can hold: those of the installation, and those of the workflows.
fn roles(viewer: &Viewer, chosen: &str, words: Words) -> Vec<Pick> {
    let mut names: Vec<(String, RoleId)> = Vec::new();
    let own = policy::ROLES.iter().map(|role| RoleId::from(*role));
    let definitions = viewer.definitions();
    let of_workflows = definitions.iter().flat_map(|definition| definition.roles.keys().cloned());
    for role in own.chain(of_workflows) {
        if names.iter().any(|(_, known)| *known == role) {
            continue;
        }
        let grant = Grant { role: role.clone(), unit: UnitId::from("") };
        names.push((role_shown(viewer, &grant, words).role, role));
    }
    names.sort();
    let picks = names.into_iter().map(|(name, role)| {
        let value = role.to_string();
        let chosen = value == chosen;
        Pick::new(value, name).chosen(chosen)
    });
    picks.collect()
}

/// What is given to somebody: a role, and where; neither is chosen before somebody chooses it.
fn what_and_where(
    sheet: Sheet,
    viewer: &Viewer,
    (role, unit): (&str, &str),
    words: Words,
) -> Sheet {
    let choose = |picks: Vec<Pick>| {
        let first = Pick::new("", words.t("lending-choose"));
        Kind::Select(std::iter::once(first).chain(picks).collect())
    };
    let role = Field::new("role", words.t("people-role"), choose(roles(viewer, role, words)));
    let unit = Field::new("unit", words.t("people-unit"), choose(units(viewer, unit, words)));
    sheet.with(role.required()).with(unit.required().hinted(words.t("people-unit-hint")))
}
