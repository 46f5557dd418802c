//! `parvaneh people`: who takes part, and by what right.

use clap::Subcommand;
use parvaneh_core::{Grant, PersonId, RoleId, UnitId};
use parvaneh_store::{PeopleFilter, Person, Store};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    output::{Align, Output, Table},
    who::{check_grants, parse_grant, person},
};

/// Add and list people, give and take roles
///
/// A role is held at a unit and reaches that unit and everything below it: ROLE@UNIT.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  parvaneh people add 'Maryam Rezaei' --grant county_officer@2301
  parvaneh people list --role provincial_director
  parvaneh people revoke 'Maryam Rezaei' county_officer@2301")]
pub(crate) enum People {
    /// Add a person; prints the identifier
    Add {
        /// The name
        name: String,
        /// A role to give
        #[arg(long, value_name = "ROLE@UNIT", value_parser = parse_grant)]
        grant: Vec<Grant>,
        /// The identifier (default: a new one)
        #[arg(long, value_name = "UUID")]
        id: Option<Uuid>,
    },
    /// List people with their roles
    List {
        /// Only holders of this role
        #[arg(long)]
        role: Option<String>,
        /// Only those who hold a role in this unit or below it
        #[arg(long)]
        unit: Option<String>,
        /// Only those in whose name this occurs
        #[arg(long)]
        name: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = 100)]
        limit: u32,
    },
    /// Give roles to a person
    Grant {
        /// Name or identifier
        person: String,
        /// What to give
        #[arg(required = true, value_name = "ROLE@UNIT", value_parser = parse_grant)]
        roles: Vec<Grant>,
    },
    /// Take roles from a person: from the next command on he may do nothing by them
    Revoke {
        /// Name or identifier
        person: String,
        /// What to take
        #[arg(required = true, value_name = "ROLE@UNIT", value_parser = parse_grant)]
        roles: Vec<Grant>,
    },
}

impl People {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        with_database(options, OnSignal::Leave, async |database, _| {
            let store = &database.store;
            match self {
                Self::Add { name, grant, id } => add(store, name, grant, id, out).await,
                Self::List { role, unit, name, limit } => {
                    let filter = PeopleFilter {
                        role: role.map(RoleId::from),
                        within: unit.map(UnitId::from),
                        name,
                        limit,
                    };
                    list(&store.people(&filter).await?, out)
                }
                Self::Grant { person: text, roles } => {
                    let person = person(store, &text).await?;
                    check_grants(store, &roles).await?;
                    let grants = roles.into_iter().map(|grant| (person.id, grant)).collect();
                    store.grant(grants).await?;
                    one(store, person.id, out).await
                }
                Self::Revoke { person: text, roles } => {
                    let person = person(store, &text).await?;
                    for grant in roles {
                        if !store.revoke(person.id, grant.clone()).await? {
                            let message = format!(
                                "{} does not hold {}@{}",
                                person.name, grant.role, grant.unit
                            );
                            return Err(Failure::no("role-not-held", message));
                        }
                    }
                    one(store, person.id, out).await
                }
            }
        })
    }
}

async fn add(
    store: &Store,
    name: String,
    grants: Vec<Grant>,
    id: Option<Uuid>,
    out: &Output,
) -> Result<(), Failure> {
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(Failure::no("bad-name", "a person needs a name without control characters"));
    }
    check_grants(store, &grants).await?;
    #[expect(clippy::disallowed_methods, reason = "the edge: identifiers are made here")]
    let id = PersonId(id.unwrap_or_else(Uuid::now_v7));
    if store.person(id).await?.is_some() {
        return Err(Failure::no("person-exists", format!("a person {id} exists already")));
    }
    store.save_people(vec![(id, name)]).await?;
    store.grant(grants.into_iter().map(|grant| (id, grant)).collect()).await?;
    one(store, id, out).await
}

/// Prints one person as he is now.
async fn one(store: &Store, id: PersonId, out: &Output) -> Result<(), Failure> {
    let person = store.person(id).await?;
    let person = person.ok_or_else(|| Failure::internal("the person is gone"))?;
    if out.json { out.document(&document(&person)) } else { list(&[person], out) }
}

fn document(person: &Person) -> Value {
    json!({ "id": person.id, "name": person.name, "roles": person.grants })
}

fn list(people: &[Person], out: &Output) -> Result<(), Failure> {
    if out.json {
        return out.document(&people.iter().map(document).collect::<Vec<_>>());
    }
    let columns = [("name", Align::Left), ("identifier", Align::Left), ("roles", Align::Left)];
    let mut table = Table::new(out, &columns);
    for person in people {
        let roles = person.grants.iter().map(|grant| format!("{}@{}", grant.role, grant.unit));
        let roles = roles.collect::<Vec<_>>().join(", ");
        table.row([person.name.clone(), person.id.to_string(), roles]);
    }
    out.line(table.render("nobody"))
}
