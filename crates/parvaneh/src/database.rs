//! The database of a command: the one that was named, or a private Postgres.

use std::{path::PathBuf, str::FromStr};

use parvaneh_core::{CalendarId, Definition};
use parvaneh_store::{
    Founding, Migrated, Store, StoreError, StoreOptions,
    embedded::{EmbeddedError, PrivatePostgres, ServerSearch, default_data_dir},
};
use sqlx::postgres::PgConnectOptions;

use crate::{builtin, config::Options, failure::Failure, sealing::forget_signer};

/// The name of our database on the private Postgres.
const PRIVATE_DATABASE: &str = "parvaneh";

/// An open database.
#[derive(Debug)]
pub(crate) struct Database {
    /// The cases in it.
    pub(crate) store: Store,
    postgres: Option<PrivatePostgres>,
}

/// What `migrate` did.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) migrated: Migrated,
    /// Where the database is, for people.
    pub(crate) place: String,
}

impl Database {
    /// Opens the database. A private one that does not exist yet is founded, for real cases, and
    /// brought up to date; a named one must be up to date.
    ///
    /// # Errors
    /// That of the private Postgres, or why the database cannot be used.
    pub(crate) async fn open(options: &Options, how: StoreOptions) -> Result<Self, Failure> {
        if let Some(url) = named(&options.database_url) {
            let connect = parse(url, "DATABASE_URL")?;
            let store = Store::connect(connect, how).await;
            return Ok(Self { store: store.map_err(|error| unusable(&error))?, postgres: None });
        }
        let postgres = start(options).await?;
        match open_private(&postgres, Founding::Production, how).await {
            Ok((store, migrated)) => {
                if migrated.is_some_and(|migrated| migrated.founded) {
                    tracing::warn!(
                        data = %postgres.data_dir().display(),
                        "a new database was set up, for real cases; for training or tests set one up \
                         with `parvaneh migrate --sandbox`, whose clock can be moved"
                    );
                }
                Ok(Self { store, postgres: Some(postgres) })
            }
            Err(failure) => {
                stop(postgres).await?;
                Err(failure)
            }
        }
    }

    /// Makes a new sandbox on a private Postgres. One that is there is replaced; a database for
    /// real cases is not.
    ///
    /// # Errors
    /// That of the private Postgres; `not-replaced` where real cases are kept.
    pub(crate) async fn new_sandbox(options: &Options) -> Result<Self, Failure> {
        let postgres = start(options).await?;
        match replace_by_sandbox(&postgres).await {
            Ok(store) => Ok(Self { store, postgres: Some(postgres) }),
            Err(failure) => {
                stop(postgres).await?;
                Err(failure)
            }
        }
    }

    /// Where the private Postgres keeps its data; `None` for a named database.
    pub(crate) fn data_dir(&self) -> Option<&std::path::Path> {
        self.postgres.as_ref().map(PrivatePostgres::data_dir)
    }

    /// Brings the database up to date, and sets it up if it is new.
    ///
    /// # Errors
    /// As [`Self::open`]; `owner-url-missing` for a named database whose owner is not.
    pub(crate) async fn prepare(
        options: &Options,
        founding: Founding,
    ) -> Result<Prepared, Failure> {
        let Some(url) = named(&options.database_url) else {
            let postgres = start(options).await?;
            let place = format!("the private Postgres in {}", postgres.data_dir().display());
            let prepared = prepare_private(&postgres, founding).await;
            stop(postgres).await?;
            return Ok(Prepared { migrated: prepared?, place });
        };
        let owner = owner(options)?;
        let connect = parse(url, "DATABASE_URL")?;
        let place =
            format!("{}/{}", connect.get_host(), connect.get_database().unwrap_or_default());
        let migrated = Store::migrate(&owner, founding).await.map_err(|error| unusable(&error))?;
        let store = Store::connect(connect, StoreOptions::default()).await;
        let store = store.map_err(|error| unusable(&error))?;
        let set_up = set_up(&store).await;
        store.close().await;
        set_up?;
        Ok(Prepared { migrated, place })
    }

    /// Does something as the owner of the database, who knows the folder of the private Postgres where it is one.
    ///
    /// # Errors
    /// As [`Self::prepare`]; what is done says.
    pub(crate) async fn as_owner<T>(
        options: &Options,
        doing: impl AsyncFnOnce(&PgConnectOptions, Option<&std::path::Path>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        if named(&options.database_url).is_some() {
            return doing(&owner(options)?, None).await;
        }
        let postgres = start(options).await?;
        let done =
            doing(&postgres.owner_options(PRIVATE_DATABASE), Some(postgres.data_dir())).await;
        stop(postgres).await?;
        done
    }

    /// Ends the connections and leaves the private Postgres, if there is one.
    ///
    /// # Errors
    /// When the private Postgres cannot be stopped.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        self.store.close().await;
        match self.postgres {
            Some(postgres) => stop(postgres).await,
            None => Ok(()),
        }
    }
}

/// The owner of a named database.
fn owner(options: &Options) -> Result<PgConnectOptions, Failure> {
    let Some(owner) = named(&options.owner_database_url) else {
        return Err(Failure::usage("the database's owner is not named").help(
            "set PARVANEH_OWNER_DATABASE_URL to the same database, as the role that owns it; the \
             role in DATABASE_URL should own nothing",
        ));
    };
    parse(owner, "PARVANEH_OWNER_DATABASE_URL")
}

/// A setting that is not empty.
fn named(setting: &Option<String>) -> Option<&str> {
    setting.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

/// The address of a database.
///
/// # Errors
/// When it is none; the address, which may hold a password, is not repeated.
pub(crate) fn parse(url: &str, name: &str) -> Result<PgConnectOptions, Failure> {
    // The driver does not look at the scheme.
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    let options = match scheme {
        Some("postgres" | "postgresql") => PgConnectOptions::from_str(url).ok(),
        _ => None,
    };
    options.ok_or_else(|| {
        Failure::usage(format!("{name} is not the address of a Postgres database"))
            .help("write postgres://user:password@host:5432/database")
    })
}

async fn start(options: &Options) -> Result<PrivatePostgres, Failure> {
    let data_dir: PathBuf = match &options.data_dir {
        Some(dir) => dir.clone(),
        None => default_data_dir().ok_or_else(|| {
            Failure::usage("there is no home for the data").help("name one with --data-dir")
        })?,
    };
    let from_env = ServerSearch::from_env();
    let bin_dir = options.pg_bin.clone().or_else(|| from_env.bin_dir.clone());
    let search = ServerSearch { bin_dir, ..from_env };
    PrivatePostgres::start(&data_dir, &search).await.map_err(|error| private(&error))
}

async fn stop(postgres: PrivatePostgres) -> Result<(), Failure> {
    postgres.stop().await.map_err(|error| private(&error))
}

fn private(error: &EmbeddedError) -> Failure {
    Failure::database("private-postgres", format!("the private Postgres: {error}"))
}

/// Why a database cannot be used.
fn unusable(error: &StoreError) -> Failure {
    let failure = Failure::database(error.code(), error.to_string());
    match error {
        StoreError::Database(_) => {
            failure.help("is the address right, and does the server run? Without DATABASE_URL the \
                          program starts a private Postgres of its own")
        }
        StoreError::Migration(_) => failure.help(
            "the owner must be allowed to create roles, or a superuser does it once: \
             create role parvaneh_app nologin; create role parvaneh_engine nologin in role parvaneh_app; \
             create role parvaneh_program nologin noinherit in role parvaneh_engine; \
             grant parvaneh_app, parvaneh_program to OWNER; create role USER login in role \
             parvaneh_program",
        ),
        StoreError::NotOfTheProgram => failure.help(
            "a superuser lets the role of DATABASE_URL become the program: grant parvaneh_program to USER",
        ),
        StoreError::Behind { .. } => failure.help(
            "run `parvaneh migrate`, with PARVANEH_OWNER_DATABASE_URL set to the role that owns the \
             database",
        ),
        _ => failure,
    }
}

/// Opens our database on the private Postgres; brings it up to date first where it is not.
async fn open_private(
    postgres: &PrivatePostgres,
    founding: Founding,
    how: StoreOptions,
) -> Result<(Store, Option<Migrated>), Failure> {
    let connect = || Store::connect(postgres.app_options(PRIVATE_DATABASE), how.clone());
    match connect().await {
        Ok(store) => return Ok((store, None)),
        Err(StoreError::Behind { .. } | StoreError::Database(_)) => {}
        Err(error) => return Err(unusable(&error)),
    }
    let migrated = prepare_private(postgres, founding).await?;
    let store = connect().await.map_err(|error| unusable(&error))?;
    Ok((store, Some(migrated)))
}

async fn replace_by_sandbox(postgres: &PrivatePostgres) -> Result<Store, Failure> {
    let app = || Store::connect(postgres.app_options(PRIVATE_DATABASE), StoreOptions::default());
    let created = postgres.ensure_database(PRIVATE_DATABASE).await.map_err(|e| private(&e))?;
    if !created {
        // Also an older schema tells what it is.
        let owner = postgres.owner_options(PRIVATE_DATABASE);
        let found = Store::migrate(&owner, Founding::Sandbox).await;
        if !found.map_err(|error| unusable(&error))?.sandbox {
            let dir = postgres.data_dir().display();
            let message = format!("the database in {dir} keeps real cases: it is not replaced");
            return Err(
                Failure::no("not-replaced", message).help("name another folder with --data-dir")
            );
        }
        postgres.drop_database(PRIVATE_DATABASE).await.map_err(|error| private(&error))?;
    }
    forget_signer(postgres.data_dir())?;
    prepare_private(postgres, Founding::Sandbox).await?;
    app().await.map_err(|error| unusable(&error))
}

async fn prepare_private(
    postgres: &PrivatePostgres,
    founding: Founding,
) -> Result<Migrated, Failure> {
    postgres.ensure_database(PRIVATE_DATABASE).await.map_err(|error| private(&error))?;
    let owner = postgres.owner_options(PRIVATE_DATABASE);
    let migrated = Store::migrate(&owner, founding).await.map_err(|error| unusable(&error))?;
    let app = postgres.app_options(PRIVATE_DATABASE);
    let store = Store::connect(app, StoreOptions::default()).await;
    let store = store.map_err(|error| unusable(&error))?;
    // Also where an earlier start was killed in the middle: what is there already stays.
    let set_up = set_up(&store).await;
    store.close().await;
    set_up?;
    Ok(migrated)
}

/// Fills a new database with what the program carries: the organisation, the calendar and the
/// definitions. What is published already stays as it is.
async fn set_up(store: &Store) -> Result<(), Failure> {
    let refused = |error: StoreError| {
        Failure::internal(format!("what the program carries was refused: {error}"))
    };
    let organisation = store.organisation().await.map_err(refused)?;
    if organisation.units().next().is_none() {
        store.save_units(builtin::units()?).await.map_err(refused)?;
    }
    let ir = CalendarId::from("ir");
    match store.calendars(&ir).await {
        Ok(_) => {}
        Err(StoreError::NoSuchCalendar(_)) => {
            store.publish_calendar(&ir, builtin::CALENDAR_IR).await.map_err(refused)?;
        }
        Err(error) => return Err(refused(error)),
    }
    if store.definitions().await.map_err(refused)?.is_empty() {
        for (file, source) in builtin::DEFINITIONS {
            let definition = Definition::parse(file, source).map_err(|_| {
                Failure::internal(format!("{file}, which the program carries, is not sound"))
            })?;
            store.publish(&definition, source).await.map_err(refused)?;
        }
    }
    Ok(())
}
