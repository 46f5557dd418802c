//! `parvaneh people`: who takes part, and by what right.

mod absence;
mod erase;
mod lending;
mod login;

use chrono_tz::Tz;
use clap::Subcommand;
use parvaneh_core::{Grant, Instant, PersonId, RoleId, UnitId};
use parvaneh_store::{PeopleFilter, Person, Store};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    calendars,
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    moment,
    output::{Align, Output, Table, minute},
    who::{check_grants, parse_grant, person},
};

/// Add and list people, give, take and lend roles, say who is away
///
/// A role is held at a unit and reaches that unit and everything below it: ROLE@UNIT.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  parvaneh people add 'Maryam Rezaei' --grant county_officer@2301
  parvaneh people list --role provincial_director
  parvaneh people revoke 'Maryam Rezaei' county_officer@2301
  parvaneh people delegate county_officer@2301 --to Ali --until 1403/03/10 --reason leave --as 'Maryam Rezaei'
  parvaneh people absent 'Maryam Rezaei' --until 1403/03/10 --reason ill --substitute Ali --as Head
  parvaneh people login 'Maryam Rezaei' --name maryam
  parvaneh people erase 'Maryam Rezaei' --reason 'decision 17' --irrevocably
  parvaneh people link 'M. Rezaei' --same-as 'Maryam Rezaei'")]
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
        /// Another account of the same natural person
        #[arg(long, value_name = "PERSON")]
        same_as: Option<String>,
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
    Delegate(lending::Delegate),
    RevokeDelegation(lending::RevokeDelegation),
    Delegations(lending::Delegations),
    Absent(absence::Absent),
    Back(absence::Back),
    Login(login::Login),
    Erase(erase::Erase),
    /// Say that two accounts belong to one natural person: four eyes look at persons, not accounts
    Link {
        /// Name or identifier
        person: String,
        /// Another account of the same person
        #[arg(long, value_name = "PERSON", required_unless_present = "alone")]
        same_as: Option<String>,
        /// He is somebody of his own, after all
        #[arg(long, conflicts_with = "same_as")]
        alone: bool,
    },
}

impl People {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        with_database(options, OnSignal::Leave, async |database, _| {
            let store = &database.store;
            match self {
                Self::Add { name, grant, id, same_as } => {
                    add(store, name, grant, id, same_as, out).await
                }
                Self::Delegate(delegate) => delegate.run(store, out).await,
                Self::RevokeDelegation(revoke) => revoke.run(store, out).await,
                Self::Delegations(list) => list.run(store, out).await,
                Self::Absent(absent) => absent.run(store, out).await,
                Self::Back(back) => back.run(store, out).await,
                Self::Login(login) => login.run(store, out).await,
                Self::Erase(erase) => erase.run(store, out).await,
                Self::Link { person: text, same_as, .. } => {
                    let account = person(store, &text).await?.id;
                    let other = match same_as {
                        Some(text) => Some(person(store, &text).await?.id),
                        None => None,
                    };
                    store.link(account, other).await?;
                    one(store, account, out).await
                }
                Self::List { role, unit, name, limit } => {
                    let filter = PeopleFilter {
                        role: role.map(RoleId::from),
                        within: unit.map(UnitId::from),
                        name,
                        limit,
                        after: None,
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
    same_as: Option<String>,
    out: &Output,
) -> Result<(), Failure> {
    let same_as = match same_as {
        Some(text) => Some(person(store, &text).await?.id),
        None => None,
    };
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
    if same_as.is_some() {
        store.link(id, same_as).await?;
    }
    store.grant(grants.into_iter().map(|grant| (id, grant)).collect()).await?;
    one(store, id, out).await
}

/// Prints one person as he is now.
async fn one(store: &Store, id: PersonId, out: &Output) -> Result<(), Failure> {
    let person = store.person(id).await?;
    let person = person.ok_or_else(|| Failure::internal("the person is gone"))?;
    if out.json { out.document(&document(&person)) } else { list(&[person], out) }
}

/// The instant from which something is to hold.
fn from(text: &str) -> Result<Instant, Failure> {
    moment::parse(text, calendars::load("ir")?.calendars.national())
}

/// The instant up to which something is to hold: of a date, its end.
fn until(text: &str) -> Result<Instant, Failure> {
    moment::parse_end(text, calendars::load("ir")?.calendars.national())
}

/// The time zone in which people read instants.
fn zone() -> Result<Tz, Failure> {
    Ok(calendars::load("ir")?.calendars.national().zone())
}

fn document(person: &Person) -> Value {
    json!({
        "id": person.id,
        "name": person.name,
        "roles": person.grants,
        "natural_person": person.natural.unwrap_or(person.id),
        "absent_until": person.absent_until,
    })
}

fn list(people: &[Person], out: &Output) -> Result<(), Failure> {
    if out.json {
        return out.document(&people.iter().map(document).collect::<Vec<_>>());
    }
    let columns = [("name", Align::Left), ("identifier", Align::Left), ("roles", Align::Left)];
    let mut table = Table::new(out, &columns);
    for person in people {
        let roles = person.grants.iter().map(|grant| format!("{}@{}", grant.role, grant.unit));
        let mut roles = roles.collect::<Vec<_>>().join(", ");
        if let Some(until) = person.absent_until {
            roles += &format!("  (away until {})", minute(until, zone()?, out.dates));
        }
        if let Some(natural) = person.natural {
            roles += &format!("  (the same person as {natural})");
        }
        table.row([person.name.clone(), person.id.to_string(), roles]);
    }
    out.line(table.render("nobody"))
}
