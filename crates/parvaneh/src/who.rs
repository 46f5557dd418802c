//! People as they are named on the command line.

use parvaneh_core::{Grant, Organisation, PersonId, RoleId, Unit, UnitId};
use parvaneh_store::{CALENDAR_KEEPER, PeopleFilter, Person, Store};

use parvaneh_web::policy;

use crate::failure::Failure;

/// The person of that identifier, or of that name when nobody else has it.
///
/// # Errors
/// `unknown-person`, `ambiguous-person`.
pub(crate) async fn person(store: &Store, text: &str) -> Result<Person, Failure> {
    let text = text.trim();
    let unknown = || {
        Failure::no("unknown-person", format!("there is no person '{text}'"))
            .help("`parvaneh people list` tells them; give a name or an identifier")
    };
    if let Ok(id) = text.parse::<PersonId>() {
        return store.person(id).await?.ok_or_else(unknown);
    }
    if text.is_empty() {
        return Err(unknown());
    }
    let filter = PeopleFilter { name: Some(text.to_owned()), limit: 20, ..PeopleFilter::default() };
    let mut found = store.people(&filter).await?;
    if found.iter().any(|person| person.name == text) {
        found.retain(|person| person.name == text);
    }
    match found.len() {
        0 => Err(unknown()),
        1 => Ok(found.remove(0)),
        _ => {
            let some =
                found.iter().take(5).map(|person| format!("{} ({})", person.name, person.id));
            let message = format!("'{text}' may be several people");
            let help = format!("give the identifier: {}", some.collect::<Vec<_>>().join(", "));
            Err(Failure::no("ambiguous-person", message).help(help))
        }
    }
}

/// A role at a unit, written `ROLE@UNIT`.
pub(crate) fn parse_grant(text: &str) -> Result<Grant, String> {
    match text.split_once('@') {
        Some((role, unit)) if !role.trim().is_empty() && !unit.trim().is_empty() => {
            Ok(Grant { role: RoleId::from(role.trim()), unit: UnitId::from(unit.trim()) })
        }
        _ => Err("write ROLE@UNIT, for example county_officer@2301".to_owned()),
    }
}

/// Refuses a role that no published definition has, or at a unit where it can do nothing.
///
/// # Errors
/// `unknown-role`, `unknown-unit`, `role-level`.
pub(crate) async fn check_grants(store: &Store, grants: &[Grant]) -> Result<(), Failure> {
    let organisation = store.organisation().await?;
    let mut roles = std::collections::BTreeMap::new();
    for published in store.definitions().await? {
        let definition = store.definition(&published.workflow, Some(published.version)).await?;
        roles.extend(definition.roles.iter().map(|(id, role)| (id.clone(), role.at)));
    }
    // Of the installation, not of a procedure: who may close offices, and who looks after people,
    // sees figures, or reads everything.
    for role in [CALENDAR_KEEPER, policy::ADMINISTRATOR, policy::MANAGER, policy::AUDITOR] {
        roles.insert(RoleId::from(role), parvaneh_core::definition::Level::County);
    }
    for grant in grants {
        let Some(level) = roles.get(&grant.role) else {
            let names: Vec<_> = roles.keys().map(|role| role.as_str()).collect();
            let hint =
                parvaneh_core::document::did_you_mean(grant.role.as_str(), names.iter().copied());
            let hint = hint.map_or(String::new(), |meant| format!(": did you mean '{meant}'?"));
            let message = format!("no published definition has the role '{}'{hint}", grant.role);
            return Err(Failure::no("unknown-role", message)
                .help(format!("the roles are {}", names.join(", "))));
        };
        let Some(unit) = organisation.get(&grant.unit) else {
            let message = format!("there is no unit '{}'", grant.unit);
            return Err(Failure::no("unknown-unit", message)
                .help("`parvaneh organisation list` tells the units"));
        };
        if unit.level < *level {
            let message = format!(
                "'{}' is held at a {} or above it; '{}' ({}) is a {}",
                grant.role,
                level_name(*level),
                grant.unit,
                unit.title.en,
                level_name(unit.level)
            );
            return Err(Failure::no("role-level", message).help("name the unit above it"));
        }
    }
    Ok(())
}

/// The unit of that identifier, or of that name in either language: of several the one that stands
/// highest, the province before the county of its capital.
///
/// # Errors
/// `unknown-unit`, `ambiguous-unit`.
pub(crate) fn find_unit(organisation: &Organisation, text: &str) -> Result<UnitId, Failure> {
    let text = text.trim();
    if let Some(unit) = organisation.get(&UnitId::from(text)) {
        return Ok(unit.id.clone());
    }
    let is_named = |unit: &&Unit| unit.title.en.eq_ignore_ascii_case(text) || unit.title.fa == text;
    let mut named: Vec<&Unit> = organisation.units().filter(is_named).collect();
    let highest = named.iter().map(|unit| unit.level).max();
    named.retain(|unit| Some(unit.level) == highest);
    match named.as_slice() {
        [unit] => Ok(unit.id.clone()),
        [] => Err(Failure::no("unknown-unit", format!("there is no unit '{text}'"))
            .help("`parvaneh organisation list` tells the units")),
        several => {
            let several: Vec<_> = several.iter().map(|unit| unit.id.as_str()).collect();
            let message = format!("'{text}' may be several units");
            let help = format!("give the identifier: {}", several.join(", "));
            Err(Failure::no("ambiguous-unit", message).help(help))
        }
    }
}

/// A level in words.
pub(crate) fn level_name(level: parvaneh_core::definition::Level) -> &'static str {
    use parvaneh_core::definition::Level;
    match level {
        Level::County => "county",
        Level::Province => "province",
        Level::National => "nation",
    }
}
