//! What a demo ends with: the pages, and a login for each role.

use std::{collections::BTreeMap, net::SocketAddr};

use parvaneh_contents::Contents;
use parvaneh_core::{Grant, PersonId, RoleId, UnitId, WorkflowId, definition::Level};
use parvaneh_store::{CALENDAR_KEEPER, CasesQuery, PeopleFilter, Store};
use parvaneh_web::{
    App, DocumentSettings, Settings,
    auth::{Passwords, Secret},
    policy::{ADMINISTRATOR, AUDITOR, MANAGER},
};
use parvaneh_worker::{
    Shutdown, WorkerOptions,
    export::{self, EXPORTS_STAY},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::{
    database::Database,
    failure::Failure,
    makers,
    names::Names,
    output::{Align, Output, Table},
    sealing::Log,
};

/// The county whose people get logins, where no case is open.
const COUNTY: &str = "2301";
/// Among how many open cases the county with most of them is looked for.
const LOOKED_AT: u32 = 500;

/// The installation's own roles, which the simulated year has no people for: a login and a name.
const OWN: [(&str, &str, Place); 4] = [
    (ADMINISTRATOR, "مدیر سامانه", Place::Nation),
    (MANAGER, "مدیر استان", Place::Province),
    (AUDITOR, "بازرس استان", Place::Province),
    (CALENDAR_KEEPER, "متصدی تقویم استان", Place::Province),
];

/// Where a role is held.
#[derive(Clone, Copy, Debug)]
enum Place {
    Nation,
    Province,
}

/// Somebody who can log in.
#[derive(Debug)]
struct Login {
    login: String,
    person: PersonId,
    role: String,
    unit: Option<UnitId>,
}

/// The socket on which the pages are served; it is taken before the year is lived.
#[derive(Debug)]
pub(super) struct Door {
    listener: TcpListener,
    address: SocketAddr,
}

impl Door {
    /// Takes the address.
    ///
    /// # Errors
    /// `address-taken`.
    pub(super) async fn at(address: SocketAddr) -> Result<Self, Failure> {
        let listener = TcpListener::bind(address).await.map_err(|error| {
            Failure::no("address-taken", format!("{address} cannot be had: {error}"))
                .help("name another one with --listen, or end after the report with --no-serve")
        })?;
        let address = listener.local_addr().unwrap_or(address);
        Ok(Self { listener, address })
    }

    /// Serves the sandbox until it is told to end, with a worker beside it.
    ///
    /// # Errors
    /// The database, the socket.
    pub(super) async fn serve(
        self,
        database: &Database,
        out: &Output,
        shutdown: Shutdown,
    ) -> Result<(), Failure> {
        database.warn_of_no_key();
        let store = &database.store;
        let documents = match database.data_dir() {
            Some(folder) => Contents::folder(&folder.join("documents")),
            None => Ok(Contents::memory()),
        };
        let contents = documents
            .map_err(|error| Failure::internal(format!("documents cannot be kept: {error}")))?;
        let log = Log::of(None, database);
        let public_url = format!("http://{}", self.address);
        let makers = makers::makers(&public_url, log.signer());
        let settings = Settings {
            public_url,
            documents: DocumentSettings {
                contents: contents.clone(),
                ..DocumentSettings::default()
            },
            formats: makers::formats(log.signer().as_ref()),
            licences: makers::licences(),
            everybody_moves_clock: true,
            ..Settings::default()
        };
        let url = settings.public_url.clone();
        let app = App::new(store.clone(), settings);
        let password = password()?;
        let logins = logins(store, &password).await?;
        tell(&url, &password, &logins, store, out).await?;
        let mut stop = shutdown.clone();
        let serving = parvaneh_web::serve(self.listener, app, async move { stop.begins().await });
        let working = parvaneh_worker::run(store, WorkerOptions::default(), shutdown.clone());
        let signing = log.run(store, shutdown.clone());
        let exporting = export::run(store, &makers, &contents, EXPORTS_STAY, shutdown);
        let (served, _, (), ()) = tokio::join!(serving, working, signing, exporting);
        served.map_err(|error| Failure::internal(format!("the socket: {error}")))
    }
}

/// One for everybody, new each time: another program on the machine does not know it.
fn password() -> Result<String, Failure> {
    let secret = Secret::new()
        .map_err(|error| Failure::internal(format!("the system has no randomness: {error}")))?;
    // As it is typed: letters and digits only.
    let plain = secret.reveal().to_lowercase();
    let letters: Vec<char> = plain.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
    let parts: Vec<String> = letters.chunks(4).map(|part| part.iter().collect()).collect();
    Ok(parts.join("-"))
}

/// Somebody for each role of the procedure, for each of the installation's own, and an applicant.
async fn logins(store: &Store, password: &str) -> Result<Vec<Login>, Failure> {
    let organisation = store.organisation().await?;
    let county = busiest(store).await?;
    let at = |level| organisation.at_level(&county, level).cloned().unwrap_or(county.clone());
    let definition = store.definition(&WorkflowId::from("ngo-establishment"), None).await?;
    let mut logins = Vec::new();
    for (role, held) in &definition.roles {
        let people = PeopleFilter {
            role: Some(role.clone()),
            within: Some(at(held.at)),
            limit: 1,
            ..PeopleFilter::default()
        };
        if let Some(person) = store.people(&people).await?.into_iter().next() {
            let unit = person.grants.iter().find(|grant| grant.role == *role);
            logins.push(Login {
                login: role.to_string(),
                person: person.id,
                role: role.to_string(),
                unit: unit.map(|grant| grant.unit.clone()),
            });
        }
    }
    for (role, name, place) in OWN {
        let unit = match place {
            Place::Nation => at(Level::National),
            Place::Province => at(Level::Province),
        };
        logins.push(hire(store, role, name, unit).await?);
    }
    let latest = store.cases(&CasesQuery { limit: 1, ..CasesQuery::default() }).await?;
    if let Some(case) = latest.first() {
        let (login, role) = ("applicant".to_owned(), "applicant".to_owned());
        logins.push(Login { login, person: case.applicant, role, unit: None });
    }
    let hash = Passwords::new().hash(password.to_owned()).await;
    let hash = hash.map_err(|error| Failure::internal(format!("a password: {error}")))?;
    let mut known: Vec<PersonId> = Vec::new();
    // Who holds two roles has one login.
    logins.retain(|login| {
        let new = !known.contains(&login.person);
        known.push(login.person);
        new
    });
    for login in &logins {
        store.save_account(login.person, &login.login).await?;
        store.set_password(login.person, &hash, false).await?;
    }
    Ok(logins)
}

/// Where there is most to see: the county with most of the open cases.
async fn busiest(store: &Store) -> Result<UnitId, Failure> {
    let open = CasesQuery { ended: Some(false), limit: LOOKED_AT, ..CasesQuery::default() };
    let mut counts: BTreeMap<UnitId, u32> = BTreeMap::new();
    for row in store.cases(&open).await? {
        *counts.entry(row.unit).or_default() += 1;
    }
    let busiest = counts.into_iter().max_by_key(|(_, count)| *count);
    Ok(busiest.map_or_else(|| UnitId::from(COUNTY), |(unit, _)| unit))
}

#[expect(clippy::disallowed_methods, reason = "the edge: a person has an identifier")]
async fn hire(store: &Store, role: &str, name: &str, unit: UnitId) -> Result<Login, Failure> {
    let person = PersonId(Uuid::now_v7());
    store.save_people(vec![(person, name.to_owned())]).await?;
    let grant = Grant { role: RoleId::from(role), unit: unit.clone() };
    store.grant(vec![(person, grant)]).await?;
    Ok(Login { login: role.to_owned(), person, role: role.to_owned(), unit: Some(unit) })
}

async fn tell(
    url: &str,
    password: &str,
    logins: &[Login],
    store: &Store,
    out: &Output,
) -> Result<(), Failure> {
    if out.json {
        let login = |one: &Login| -> Value {
            json!({ "login": one.login, "role": one.role, "unit": one.unit, "person": one.person })
        };
        let logins: Vec<_> = logins.iter().map(login).collect();
        return out.document(&json!({ "url": url, "password": password, "logins": logins }));
    }
    let names = Names::open(store, out).await?;
    let columns = [("login", Align::Left), ("who", Align::Left), ("where", Align::Left)];
    let mut table = Table::new(out, &columns);
    for login in logins {
        let unit = login.unit.as_ref().map(|unit| names.unit(unit)).unwrap_or_default();
        table.row([login.login.clone(), names.person(login.person).await?, unit]);
    }
    out.line(format!("\n{}", table.render("nobody")))?;
    out.line(format!(
        "\nThe password of all of them: {password}\nThe pages: {url} (end with Ctrl+C)"
    ))
}
