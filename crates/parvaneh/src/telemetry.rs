//! Logs, on stderr.

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use crate::{
    config::{LogFormat, Options},
    output::{Stream, colour_of},
};

/// Starts logging as `RUST_LOG` says; without it, warnings and errors.
pub(crate) fn start(options: &Options) {
    let filter =
        EnvFilter::builder().with_default_directive(LevelFilter::WARN.into()).from_env_lossy();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(colour_of(options.color, Stream::Err));
    // Only a second start can fail, and then the first one logs.
    let _ = match options.log_format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
}
