//! Traces, by OTLP over HTTP, in the format of protocol buffers.

use std::{fmt, time::Duration};

use opentelemetry::{KeyValue, global, trace::TracerProvider as _};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{Sampler, SdkTracerProvider},
};
use tracing::{Level, Subscriber};
use tracing_subscriber::{Layer, filter::dynamic_filter_fn, registry::LookupSpan};

use crate::failure::Failure;

/// How long a collector may take to answer; what it does not take is lost, and holds up nobody.
const PATIENCE: Duration = Duration::from_secs(5);

/// A way to a collector.
pub(super) struct Traces {
    provider: SdkTracerProvider,
}

impl Traces {
    /// Begins to send spans to a collector, from a thread of its own.
    ///
    /// # Errors
    /// When that is no address.
    pub(super) fn start(endpoint: &str, share: f64) -> Result<Self, Failure> {
        let bad = |why: String| {
            Failure::no("bad-collector", format!("traces cannot be sent: {why}"))
                .help("write http://127.0.0.1:4318, the address of a collector for OTLP over HTTP")
        };
        if !endpoint.starts_with("http://") && !endpoint.starts_with("https://") {
            return Err(bad("its address begins with neither http:// nor https://".to_owned()));
        }
        // A second installation says so, and does nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::blocking::Client::builder().timeout(PATIENCE).build();
        let client = client.map_err(|error| bad(error.to_string()))?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{}/v1/traces", endpoint.trim_end_matches('/')))
            .with_timeout(PATIENCE)
            .build()
            .map_err(|error| bad(error.to_string()))?;
        let resource = Resource::builder()
            .with_service_name("parvaneh")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(share)));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource)
            .with_sampler(sampler)
            .build();
        // W3C Trace Context: the header `traceparent`.
        global::set_text_map_propagator(TraceContextPropagator::new());
        Ok(Self { provider })
    }

    /// What takes the program's own spans, and not those of its libraries.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + Send + Sync + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        let spans = tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("parvaneh"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false);
        // Spans only: events are what logs are for. Asked each time: an answer that is kept would leave
        // standing what a library has asked about an event that it then did not tell, and the next span
        // of that thread would be lost.
        spans.with_filter(dynamic_filter_fn(|of, _| {
            of.is_span() && *of.level() <= Level::INFO && of.target().starts_with("parvaneh")
        }))
    }

    /// Sends what has not been sent yet.
    pub(super) fn end(&self) {
        // What a collector that is away has not taken is lost; the program ends all the same.
        let flushed = self.provider.force_flush();
        if let Err(error) = flushed.and_then(|()| self.provider.shutdown_with_timeout(PATIENCE)) {
            tracing::warn!(%error, "the last traces were not taken");
        }
    }
}

impl fmt::Debug for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traces").finish_non_exhaustive()
    }
}
