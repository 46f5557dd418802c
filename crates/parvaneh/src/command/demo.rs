//! `parvaneh demo`: a year of licensing for the whole country, through the real engine.

mod report;
mod serving;

use std::{collections::BTreeMap, net::SocketAddr, path::PathBuf, time::Instant as Stopwatch};

use parvaneh_core::{UnitId, WorkflowId, jalali::JalaliPeriod, order::Policy};
use parvaneh_store::embedded::default_data_dir;

use self::serving::Door;
use crate::{
    builtin,
    config::Options,
    database::Database,
    failure::Failure,
    lifecycle::with_new_sandbox,
    output::{Output, Progress},
    simulation::{Country, Sandbox, Settings, Summary, Year},
};

/// Simulate a year of licensing for the whole country, through the real engine
///
/// Makes a sandbox with a private Postgres, fills 31 provinces and 478 counties with officers of
/// finite capacity, and lets applications come in for a year: papers are sent back, other bodies
/// answer late or never, commissions sit, and the worker escalates what is late. Every change goes
/// through the engine's one write path, while the sandbox's clock moves. The same seed gives the
/// same year. Afterwards its pages are served, with a login for each role, until SIGINT or SIGTERM.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  parvaneh demo
  parvaneh demo --no-serve
  parvaneh demo --cases 20000 --seed 7
  parvaneh demo --staffing 0.8 --policy late-minimising
  parvaneh demo --year 1402 --data-dir /var/tmp/parvaneh-1402

Afterwards, in the same folder (it is printed at the end):
  parvaneh --data-dir DIR report sla --period 1403 --by province
  parvaneh --data-dir DIR people list
  parvaneh --data-dir DIR worklist --as PERSON
  parvaneh --data-dir DIR clock advance 30d")]
pub(crate) struct Demo {
    /// How many applications come in
    #[arg(long, default_value_t = 4_000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    cases: u32,
    /// What the draws begin with
    #[arg(long, default_value_t = 1403, value_name = "S")]
    seed: u64,
    /// The Jalali year
    #[arg(long, default_value = "1403", value_name = "YEAR", value_parser = parse_year)]
    year: JalaliPeriod,
    /// In which order officers take what waits: late-minimising, deadline or arrival
    #[arg(long, default_value_t, value_name = "ORDER")]
    policy: Policy,
    /// How many officers there are, as a share of the usual number
    #[arg(long, default_value_t = 1.0, value_name = "SHARE", value_parser = parse_share)]
    staffing: f64,
    /// The address and port at which the pages are served afterwards
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// End after the report
    #[arg(long, conflicts_with = "listen")]
    no_serve: bool,
}

fn parse_share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.1..=10.0).contains(share));
    share.ok_or_else(|| "a share is a number from 0.1 to 10, such as 0.8".to_owned())
}

fn parse_year(text: &str) -> Result<JalaliPeriod, String> {
    let period: JalaliPeriod = text.parse().map_err(|error| format!("{error}"))?;
    match period.month() {
        None => Ok(period),
        Some(_) => Err("a whole year is simulated: write 1403".to_owned()),
    }
}

impl Demo {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        let options = &self.in_folder(options)?;
        with_new_sandbox(options, async |database, shutdown| {
            // What stands in the way is told before the year is lived, and not after it.
            let door = match self.no_serve {
                true => None,
                false => Some(Door::at(self.listen).await?),
            };
            let mut interrupted = shutdown.clone();
            tokio::select! {
                lived = self.live_and_tell(database, out) => lived?,
                () = interrupted.begins() => return Err(Failure::interrupted()),
            }
            match door {
                Some(door) => door.serve(database, out, shutdown).await,
                None => Ok(()),
            }
        })
    }

    async fn live_and_tell(&self, database: &Database, out: &Output) -> Result<(), Failure> {
        let begun = Stopwatch::now();
        let summary = self.live(database).await?;
        let seconds = begun.elapsed().as_secs_f64();
        let year = report::Lived { period: self.year, seed: self.seed, summary, seconds };
        report::tell(database, year, out).await?;
        // From now on it is lived in by whoever looks at it.
        database.store.sandbox_clock().run().await?;
        Ok(())
    }

    /// A demo has a folder of its own beside that of real cases, and always a private Postgres.
    fn in_folder(&self, options: &Options) -> Result<Options, Failure> {
        let beside = |dir: PathBuf| {
            let name = dir.file_name().map(|name| name.to_string_lossy().into_owned());
            dir.with_file_name(format!("{}-demo", name.unwrap_or_default()))
        };
        let data_dir = options.data_dir.clone().or_else(|| default_data_dir().map(beside));
        Ok(Options { data_dir, database_url: None, owner_database_url: None, ..options.clone() })
    }

    async fn live(&self, database: &Database) -> Result<Summary, Failure> {
        let store = &database.store;
        let workflow = WorkflowId::from("ngo-establishment");
        let definition = store.definition(&workflow, None).await?;
        let calendars = store.calendars(&definition.calendar).await?;
        let organisation = store.organisation().await?;
        let population: BTreeMap<UnitId, u64> = builtin::units()?
            .into_iter()
            .filter_map(|row| Some((row.unit.id, row.population?)))
            .collect();
        let country = Country::new(&definition, &organisation, &population, self.seed);
        let settings = Settings {
            cases: self.cases as usize,
            seed: self.seed,
            first_day: self.year.start(),
            last_day: self.year.end(),
            policy: self.policy,
            staffing: self.staffing,
        };
        let sandbox = Sandbox::new(store, workflow);
        let year = Year::new(settings, &definition, &calendars, &organisation, &country);
        let bar = Progress::new("a year of licensing", settings.days());
        Ok(year.live(&sandbox, |done| bar.at(done)).await?)
    }
}
