//! What the program tells about itself: logs on stderr, traces by OTLP, figures for Prometheus.

mod figures;
mod traces;

use std::net::SocketAddr;

use clap::Args;
use parvaneh_store::Store;
use tokio::net::TcpListener;
use tracing_subscriber::{
    EnvFilter, Layer as _, filter::LevelFilter, layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use self::{figures::Figures, traces::Traces};
use crate::{
    config::{LogFormat, Options},
    failure::Failure,
    output::{Stream, colour_of},
};

/// Where long-running commands tell their figures and traces.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Figures and traces")]
pub(crate) struct TelemetryOptions {
    /// The address and port at which Prometheus finds the figures (/metrics); without one there are
    /// none. Whoever reaches it can read them: no login, no personal data
    #[arg(long, env = "PARVANEH_METRICS_LISTEN", value_name = "ADDRESS")]
    metrics_listen: Option<SocketAddr>,
    /// The collector of traces, by OTLP over HTTP: http://127.0.0.1:4318. Without one nothing is traced
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    otlp_endpoint: Option<String>,
    /// How many of the requests are traced whose callers don't say, from 0 to 1
    #[arg(
        long,
        default_value_t = 1.0,
        env = "PARVANEH_TRACE_SHARE",
        value_name = "SHARE",
        value_parser = share
    )]
    trace_share: f64,
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "write a number from 0 to 1, for example 0.1".to_owned())
}

/// What ends with the program.
#[derive(Debug)]
pub(crate) struct Telemetry {
    traces: Option<Traces>,
}

/// Starts logging as `RUST_LOG` says (without it, warnings and errors), and tracing where a collector
/// is named.
///
/// # Errors
/// When the collector's address is none.
pub(crate) fn start(
    options: &Options,
    how: Option<&TelemetryOptions>,
) -> Result<Telemetry, Failure> {
    let filter =
        EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).from_env_lossy();
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(colour_of(options.color, Stream::Err));
    let lines = match options.log_format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let named = how.and_then(|how| Some((how.otlp_endpoint.as_deref()?.trim(), how.trace_share)));
    let named = named.filter(|(endpoint, _)| !endpoint.is_empty());
    let traces = named.map(|(endpoint, share)| Traces::start(endpoint, share)).transpose()?;
    let spans = traces.as_ref().map(Traces::layer);
    let logs = tracing_subscriber::registry().with(spans).with(lines.with_filter(filter));
    // Only a second start can fail, and then the first one logs.
    let _ = logs.try_init();
    Ok(Telemetry { traces })
}

impl Telemetry {
    /// Sends what has not been sent yet.
    pub(crate) fn end(self) {
        if let Some(traces) = self.traces {
            traces.end();
        }
    }
}

impl TelemetryOptions {
    /// Serves figures, where that is asked for, until the runtime ends; says where.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub(crate) async fn serve(&self, store: &Store) -> Result<Option<SocketAddr>, Failure> {
        let Some(address) = self.metrics_listen else { return Ok(None) };
        let listener = TcpListener::bind(address).await.map_err(|error| {
            Failure::no("address-taken", format!("{address} cannot be had: {error}"))
                .help("name another one with --metrics-listen")
        })?;
        let figures = Figures::install(store.clone())?;
        let address = listener.local_addr().unwrap_or(address);
        tokio::spawn(figures.serve(listener));
        Ok(Some(address))
    }
}
