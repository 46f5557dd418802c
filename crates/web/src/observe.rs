//! What is counted and traced of every request: its route as a pattern, its method and how it ended;
//! nothing of who asked or of what about.

use axum::{
    extract::Request,
    http::{HeaderMap, Method, StatusCode},
};
use metrics::{Gauge, counter, gauge, histogram};
use opentelemetry::{global, propagation::Extractor};
use tokio::time::Instant;
use tracing::{Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// A request that is being answered. One whose client goes away ends when this is dropped.
pub(crate) struct Observed {
    pub(crate) span: Span,
    began: Instant,
    method: &'static str,
    route: String,
    in_flight: Gauge,
}

impl Observed {
    /// A request begins; it goes on with the trace that its caller names.
    pub(crate) fn begin(request: &Request, route: String, id: &str) -> Self {
        let method = name_of(request.method());
        // A span of the highest level: what is logged within it says to which request it belongs,
        // whatever is logged.
        let span = tracing::error_span!(
            "request",
            otel.name = format!("{method} {route}"),
            otel.kind = "server",
            otel.status_code = Empty,
            http.request.method = method,
            http.route = route,
            http.response.status_code = Empty,
            request.id = id,
        );
        let context = global::get_text_map_propagator(|propagator| {
            propagator.extract(&Headers(request.headers()))
        });
        // Where nothing is traced there is nothing to go on with.
        let _ = span.set_parent(context);
        let in_flight = gauge!("parvaneh_http_requests_in_flight");
        in_flight.increment(1);
        Self { span, began: Instant::now(), method, route, in_flight }
    }

    /// It has been answered.
    pub(crate) fn end(self, status: StatusCode) {
        self.span.record("http.response.status_code", status.as_u16());
        if status.is_server_error() {
            self.span.record("otel.status_code", "ERROR");
        }
        let (method, route) = (self.method, self.route.clone());
        histogram!(
            "parvaneh_http_request_duration_seconds", "method" => method, "route" => route.clone()
        )
        .record(self.began.elapsed());
        let status = status.as_str().to_owned();
        counter!(
            "parvaneh_http_requests_total", "method" => method, "route" => route, "status" => status
        )
        .increment(1);
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        self.in_flight.decrement(1);
    }
}

/// Anybody can invent methods.
fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

/// The headers of a request, for whoever looks for `traceparent` among them.
struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|name| name.as_str()).collect()
    }
}
