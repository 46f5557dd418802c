//! Which cases a person may see. What he may do with them is the business of
//! [`decide`](crate::decide()); what he cannot see must not even be known to him to exist.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    Actor, Definition, Grant, Instant, Organisation, PersonId, RoleId, UnitId, WorkflowId,
    definition::StepKind,
};

/// The role of those who look into what was done: they see every case at their unit and below it, of
/// whatever workflow, and change none. It belongs to the installation; no definition names it.
pub const AUDITOR: &str = "auditor";
/// The role of those who answer for how the year goes: they see the same cases as an [`AUDITOR`], which stand
/// behind every figure, and change none. It belongs to the installation, too.
pub const MANAGER: &str = "manager";

/// By which workflows' roles a case is seen: those that take part in the procedure. Other bodies do
/// not see cases, only what they are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readers {
    workflows: BTreeMap<RoleId, BTreeSet<WorkflowId>>,
    /// The members of commissions that decide in sittings, by workflow.
    commissions: BTreeMap<WorkflowId, BTreeSet<RoleId>>,
    /// The roles of other bodies.
    bodies: BTreeSet<RoleId>,
}

impl Readers {
    /// The roles of all these definitions: every version by which a case may run.
    pub fn of<'a>(definitions: impl IntoIterator<Item = &'a Definition>) -> Self {
        let mut readers = Self::default();
        for definition in definitions {
            for step in definition.steps.values() {
                if let StepKind::Commission(commission) = &step.kind
                    && commission.sittings.is_some()
                {
                    let members = readers.commissions.entry(definition.id.clone()).or_default();
                    members.insert(commission.members.clone());
                }
            }
            for (name, role) in &definition.roles {
                if role.agency {
                    readers.bodies.insert(name.clone());
                } else {
                    let workflows = readers.workflows.entry(name.clone()).or_default();
                    workflows.insert(definition.id.clone());
                }
            }
        }
        readers
    }

    /// Whether a definition has the role: with no other there is anything to do.
    pub fn has(&self, role: &RoleId) -> bool {
        self.workflows.contains_key(role) || self.bodies.contains(role)
    }
}

/// A part of the organisation in which somebody sees cases.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Jurisdiction {
    /// Only those of this workflow; `None` is every one.
    pub workflow: Option<WorkflowId>,
    /// At this unit and below it.
    pub unit: UnitId,
}

/// Why somebody sees a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// He works there: he sees everything about it.
    Office,
    /// It is his own application.
    Own,
}

/// Which cases a person sees now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// His own: those for which one of his accounts applied.
    pub accounts: Vec<PersonId>,
    /// Those of his offices.
    pub jurisdictions: Vec<Jurisdiction>,
    /// The commissions whose sittings he sees, by the role of their members: at this unit and below
    /// it. They are those before which the cases of his offices may come.
    pub commissions: Vec<(RoleId, UnitId)>,
    /// The roles whose tasks are his, of cases that he sees: his own roles, and those that are lent to him
    /// for every workflow.
    pub offices: Vec<Grant>,
    /// The other bodies for which he answers, by his own roles or by what is lent to him.
    pub bodies: Vec<Grant>,
}

impl Reach {
    /// What `actor` sees at `now`: by his own roles, and by those that are lent to him.
    pub fn of(actor: &Actor, readers: &Readers, now: Instant) -> Self {
        let mut jurisdictions = BTreeSet::new();
        let in_force = actor.lent.iter().filter(|lent| lent.starts <= now && now < lent.until);
        let lent = in_force.clone().map(|lent| &lent.grant);
        let bodies = actor.grants.iter().chain(lent);
        let bodies = bodies.filter(|grant| readers.bodies.contains(&grant.role)).cloned().collect();
        let lent = in_force.filter(|lent| lent.workflows.is_empty()).map(|lent| &lent.grant);
        let offices = actor.grants.iter().chain(lent);
        let offices = offices.filter(|grant| readers.workflows.contains_key(&grant.role));
        let offices = offices.cloned().collect();
        for grant in &actor.grants {
            if [AUDITOR, MANAGER].contains(&grant.role.as_str()) {
                jurisdictions.insert(Jurisdiction { workflow: None, unit: grant.unit.clone() });
            }
            for workflow in readers.workflows.get(&grant.role).into_iter().flatten() {
                jurisdictions.insert(Jurisdiction {
                    workflow: Some(workflow.clone()),
                    unit: grant.unit.clone(),
                });
            }
        }
        for lent in &actor.lent {
            let workflows = readers.workflows.get(&lent.grant.role).into_iter().flatten();
            for workflow in workflows.filter(|workflow| lent.is_in_force(workflow, now)) {
                let unit = lent.grant.unit.clone();
                jurisdictions.insert(Jurisdiction { workflow: Some(workflow.clone()), unit });
            }
        }
        let mut commissions = BTreeSet::new();
        for Jurisdiction { workflow, unit } in &jurisdictions {
            let of = |only: &WorkflowId| workflow.as_ref().is_none_or(|workflow| workflow == only);
            let all = readers.commissions.iter().filter(|(workflow, _)| of(workflow));
            let members = all.flat_map(|(_, members)| members);
            commissions.extend(members.map(|members| (members.clone(), unit.clone())));
        }
        let mut accounts = actor.natural.accounts.clone();
        accounts.extend([actor.natural.id, actor.person]);
        accounts.sort_unstable();
        accounts.dedup();
        Self {
            accounts,
            jurisdictions: jurisdictions.into_iter().collect(),
            commissions: commissions.into_iter().collect(),
            offices,
            bodies,
        }
    }

    /// Whether he sees the sittings of the commission of `members` at `unit`.
    pub fn sees_sittings(
        &self,
        organisation: &Organisation,
        members: &RoleId,
        unit: &UnitId,
    ) -> bool {
        let covers =
            |(role, held): &(RoleId, UnitId)| role == members && organisation.contains(held, unit);
        self.commissions.iter().any(covers)
    }

    /// Why he sees a case that `unit` received from `applicant`; `None` when he does not.
    pub fn sees(
        &self,
        organisation: &Organisation,
        workflow: &WorkflowId,
        unit: &UnitId,
        applicant: PersonId,
    ) -> Option<Sight> {
        let covers = |held: &Jurisdiction| {
            held.workflow.as_ref().is_none_or(|only| only == workflow)
                && organisation.contains(&held.unit, unit)
        };
        if self.jurisdictions.iter().any(covers) {
            return Some(Sight::Office);
        }
        self.accounts.contains(&applicant).then_some(Sight::Own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Grant, NaturalPerson, Unit,
        definition::{Level, Text},
        delegation::Lent,
    };

    const DEFINITION: &str = include_str!("../../../workflows/ngo-establishment/v1.yaml");

    fn organisation() -> Organisation {
        let unit = |id: &str, parent: Option<&str>, level| Unit {
            id: id.into(),
            parent: parent.map(UnitId::from),
            level,
            title: Text { fa: id.to_owned(), en: id.to_owned() },
        };
        let units = [
            unit("ir", None, Level::National),
            unit("23", Some("ir"), Level::Province),
            unit("2301", Some("23"), Level::County),
            unit("2302", Some("23"), Level::County),
            unit("08", Some("ir"), Level::Province),
        ];
        Organisation::new(units).unwrap()
    }

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn person(no: u128) -> PersonId {
        PersonId(uuid::Uuid::from_u128(no))
    }

    fn sight(actor: &Actor, workflow: &str, unit: &str) -> Option<Sight> {
        let definition = Definition::parse("v1.yaml", DEFINITION).unwrap();
        let reach = Reach::of(actor, &Readers::of([&definition]), at("2025-02-01T08:00:00Z"));
        reach.sees(&organisation(), &workflow.into(), &unit.into(), person(9))
    }

    #[test]
    fn who_sees_a_case_of_a_county() {
        let ngo = "ngo-establishment";
        for (role, held, workflow, unit, sees) in [
            ("county_officer", "2301", ngo, "2301", true),
            ("county_officer", "2302", ngo, "2301", false),
            ("county_officer", "23", ngo, "2301", true),
            ("secretariat", "23", ngo, "2302", true),
            ("secretariat", "08", ngo, "2302", false),
            ("national_monitor", "ir", ngo, "2302", true),
            // Of another workflow, whose roles these are not.
            ("county_officer", "2301", "renewal", "2301", false),
            // Other bodies see no case.
            ("agency.police", "2301", ngo, "2301", false),
            ("administrator", "ir", ngo, "2301", false),
            (AUDITOR, "23", "renewal", "2301", true),
            (AUDITOR, "08", ngo, "2301", false),
            (MANAGER, "23", "renewal", "2301", true),
            (MANAGER, "08", ngo, "2301", false),
        ] {
            let grant = Grant { role: role.into(), unit: held.into() };
            let seen = sight(&Actor::new(person(1), vec![grant]), workflow, unit);
            let expected = sees.then_some(Sight::Office);
            assert_eq!(seen, expected, "{role}@{held} and {workflow} at {unit}");
        }
    }

    #[test]
    fn what_is_lent_is_seen_while_it_is_lent_and_where() {
        let lent = |starts: &str, until: &str, workflows: &[&str]| {
            let mut actor = Actor::new(person(1), Vec::new());
            actor.lent.push(Lent {
                delegation: crate::DelegationId(uuid::Uuid::nil()),
                from: person(2),
                natural: NaturalPerson::of(person(2)),
                grant: Grant { role: "county_officer".into(), unit: "2301".into() },
                workflows: workflows.iter().copied().map(WorkflowId::from).collect(),
                starts: at(starts),
                until: at(until),
            });
            sight(&actor, "ngo-establishment", "2301").is_some()
        };
        assert!(lent("2025-01-01T00:00:00Z", "2025-03-01T00:00:00Z", &[]));
        assert!(lent("2025-01-01T00:00:00Z", "2025-03-01T00:00:00Z", &["ngo-establishment"]));
        assert!(!lent("2025-01-01T00:00:00Z", "2025-03-01T00:00:00Z", &["renewal"]));
        assert!(!lent("2025-01-01T00:00:00Z", "2025-02-01T08:00:00Z", &[]));
        assert!(!lent("2025-02-02T00:00:00Z", "2025-03-01T00:00:00Z", &[]));
    }

    #[test]
    fn who_sees_the_sittings_of_a_commission() {
        let second = include_str!("../../../workflows/ngo-establishment/v2.yaml");
        let definition = Definition::parse("v2.yaml", second).unwrap();
        let member = || RoleId::from("commission_member");
        for (role, held, unit, sees) in [
            ("commission_member", "23", "23", true),
            ("commission_member", "08", "23", false),
            ("secretariat", "23", "23", true),
            ("national_monitor", "ir", "23", true),
            ("county_officer", "2301", "23", false),
            ("agency.intelligence", "23", "23", false),
            ("administrator", "ir", "23", false),
            (AUDITOR, "ir", "23", true),
            (AUDITOR, "08", "23", false),
            (MANAGER, "ir", "23", true),
        ] {
            let grant = Grant { role: role.into(), unit: held.into() };
            let actor = Actor::new(person(1), vec![grant]);
            let now = at("2025-02-01T08:00:00Z");
            let reach = Reach::of(&actor, &Readers::of([&definition]), now);
            let seen = reach.sees_sittings(&organisation(), &member(), &unit.into());
            assert_eq!(seen, sees, "{role}@{held}");
            let others = reach.sees_sittings(&organisation(), &"nobody".into(), &unit.into());
            assert!(!others, "{role}@{held}");
        }
    }

    #[test]
    fn an_application_is_seen_by_whichever_account_made_it() {
        let mut actor = Actor::new(person(1), Vec::new());
        assert_eq!(sight(&actor, "renewal", "2301"), None);
        actor.natural = NaturalPerson { id: person(9), accounts: vec![person(1)] };
        assert_eq!(sight(&actor, "renewal", "2301"), Some(Sight::Own));
    }
}
