//! `parvaneh serve`: the service, with a worker beside it.

use std::{net::SocketAddr, sync::Arc};

use clap::builder::BoolishValueParser;
use parvaneh_core::{Grant, PersonId, RoleId};
use parvaneh_store::Store;
use parvaneh_web::{App, Settings, password_link, policy::ADMINISTRATOR};
use parvaneh_worker::{WorkerOptions, export, send, uploads};
use serde_json::json;
use tokio::net::TcpListener;
use uuid::Uuid;

use crate::{
    channels::{ChannelOptions, Hooks},
    config::Options,
    documents::{KeepingOptions, TakingOptions},
    failure::Failure,
    identity::IdentityOptions,
    lifecycle::{OnSignal, with_database_used},
    limits::{DatabaseLimits, RequestLimits},
    makers,
    output::Output,
    rates::RateOptions,
    sealing::{Log, SealingOptions},
    telemetry::TelemetryOptions,
};

/// Serve the API, and record what time causes
///
/// Runs until SIGINT or SIGTERM, then finishes what is in hand. On a database in which nobody can log
/// in yet it makes a first administrator and prints the link by which he sets his password: it works
/// once, for three days. TLS is the business of what stands before it (nginx, Caddy): name where
/// people reach it by --public-url, else their browsers are refused.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  parvaneh serve
  parvaneh serve --listen 0.0.0.0:8080 --public-url https://licences.example
  parvaneh serve --no-worker        (and `parvaneh worker` on another machine)
  curl http://127.0.0.1:8080/api/v1/openapi.json")]
pub(crate) struct Serve {
    /// The address and port to listen on
    #[arg(long, default_value = "127.0.0.1:8080", env = "PARVANEH_LISTEN", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Where people reach it (default: http:// and the address)
    #[arg(long, env = "PARVANEH_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// Only serve: workers run elsewhere
    #[arg(long, env = "PARVANEH_NO_WORKER", value_parser = BoolishValueParser::new())]
    no_worker: bool,
    /// Make no accounts for applicants who ask for one: an office does
    #[arg(long, env = "PARVANEH_NO_REGISTRATION", value_parser = BoolishValueParser::new())]
    no_registration: bool,
    /// Only print the API's description (OpenAPI 3.1)
    #[arg(long)]
    describe: bool,
    #[command(flatten)]
    requests: RequestLimits,
    #[command(flatten)]
    rates: RateOptions,
    #[command(flatten)]
    database: DatabaseLimits,
    #[command(flatten)]
    identity: IdentityOptions,
    #[command(flatten)]
    channels: ChannelOptions,
    #[command(flatten)]
    keeping: KeepingOptions,
    #[command(flatten)]
    taking: TakingOptions,
    #[command(flatten)]
    sealing: SealingOptions,
    #[command(flatten)]
    pub(super) telemetry: TelemetryOptions,
}

impl Serve {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        if self.describe {
            // In lines, so that two versions of it can be compared.
            return out.line(format!("{:#}", json!(parvaneh_web::api::document())));
        }
        let public_url = self.public_url.as_deref().map(public_url).transpose()?;
        let channels = self.channels.channels()?;
        let hooks = Hooks(self.channels.poster()?);
        let oidc = self.identity.provider()?;
        let how = self.database.store();
        with_database_used(options, how, OnSignal::Finish, async |database, shutdown| {
            database.warn_of_no_key();
            let store = &database.store;
            let listener = TcpListener::bind(self.listen).await.map_err(|error| {
                Failure::no("address-taken", format!("{} cannot be had: {error}", self.listen))
                    .help("name another one with --listen")
            })?;
            let address = listener.local_addr().unwrap_or(self.listen);
            let public_url = public_url.unwrap_or_else(|| format!("http://{address}"));
            let contents = self.keeping.contents(options, database)?;
            let documents = self.taking.settings(contents.clone());
            let signer = self.sealing.signer(database);
            let formats = makers::formats(signer.as_ref());
            let makers = makers::makers(&public_url, signer);
            let mut settings = Settings {
                public_url,
                oidc,
                documents,
                formats,
                licences: makers::licences(),
                self_registration: !self.no_registration,
                ..Settings::default()
            };
            self.requests.limit(&mut settings);
            self.rates.limit(&mut settings);
            let app = App::sending(store.clone(), settings, Arc::new(hooks));
            let link = first_administrator(&app).await?;
            let figures = self.telemetry.serve(store).await?;
            tell(&app, address, figures, link.as_deref(), out)?;
            let mut stop = shutdown.clone();
            let serving = parvaneh_web::serve(listener, app, async move { stop.begins().await });
            let how = match self.no_worker {
                true => None,
                false => Some((self.database.worker(), self.sealing.log(database)?)),
            };
            let working = work(store, &channels, how.as_ref(), shutdown.clone());
            // Only who has the contents can write them, and throw them away.
            let clearing = uploads::run(store, &contents, shutdown.clone());
            let keep = self.keeping.keep_exports();
            let exporting = export::run(store, &makers, &contents, keep, shutdown);
            let (served, (), _, ()) = tokio::join!(serving, working, clearing, exporting);
            served.map_err(|error| Failure::internal(format!("the socket: {error}")))
        })
    }
}

async fn work(
    store: &Store,
    channels: &Arc<send::Channels>,
    how: Option<&(WorkerOptions, Log)>,
    shutdown: parvaneh_worker::Shutdown,
) {
    if let Some((how, log)) = how {
        tokio::join!(
            parvaneh_worker::run(store, *how, shutdown.clone()),
            log.run(store, shutdown.clone()),
            send::run(store, channels, shutdown),
        );
    }
}

fn tell(
    app: &App,
    address: SocketAddr,
    figures: Option<SocketAddr>,
    link: Option<&str>,
    out: &Output,
) -> Result<(), Failure> {
    let url = &app.settings.public_url;
    if out.json {
        return out.document(&json!({
            "address": address.to_string(),
            "url": url,
            "metrics": figures.map(|figures| format!("http://{figures}/metrics")),
            "administrator_link": link,
        }));
    }
    if let Some(link) = link {
        out.line(format!("Nobody can log in yet. The first administrator sets his password at\n  {link}\nIt works once, for three days."))?;
    }
    out.line(format!("serving {url} (the API's description: {url}/api/v1/openapi.json)"))
}

/// Where people reach the service, checked.
///
/// # Errors
/// When it is no address, or one with a path.
pub(crate) fn public_url(text: &str) -> Result<String, Failure> {
    let url = text.trim_end_matches('/');
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', ' ', '?', '#']) => {
            Ok(url.to_owned())
        }
        _ => Err(Failure::usage("--public-url is not the address of a site")
            .help("write https://licences.example, without a path")),
    }
}

/// On a database in which nobody can log in: makes an administrator over everything, and the link by
/// which he sets his password. As long as nobody has ever logged in, a new link each time.
#[expect(clippy::disallowed_methods, reason = "the edge: a person has an identifier")]
async fn first_administrator(app: &App) -> Result<Option<String>, Failure> {
    let store = &app.store;
    let accounts = store.accounts(None, 2).await?;
    let person = match accounts.as_slice() {
        [] => {
            let organisation = store.organisation().await?;
            let Some(root) = organisation.units().find(|unit| unit.parent.is_none()) else {
                return Err(Failure::no("no-organisation", "the database holds no organisation")
                    .help("`parvaneh migrate` sets it up"));
            };
            let person = PersonId(Uuid::now_v7());
            store.save_people(vec![(person, "Administrator".to_owned())]).await?;
            store.save_account(person, "admin").await?;
            let grant = Grant { role: RoleId::from(ADMINISTRATOR), unit: root.id.clone() };
            store.grant(vec![(person, grant)]).await?;
            person
        }
        [only] if !only.has_password => only.person,
        _ => return Ok(None),
    };
    let link = password_link(app, person).await;
    let link = link.map_err(|problem| Failure::internal(format!("no link: {}", problem.code)))?;
    Ok(Some(link))
}
