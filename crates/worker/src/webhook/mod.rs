//! Tells programs of events: one POST of a CloudEvent for each.
//!
//! At least once: when a worker ends between the POST and the record of it, the event is sent again,
//! with the same `webhook-id`, by which the receiver knows it. Events come in no order; each carries
//! its number within its case.

mod destination;
mod signature;

use std::{error::Error, sync::Arc, time::Duration};

use parvaneh_core::Instant;
use parvaneh_store::{Claimed, Outcome, Store, StoreError, WebhookEvent};
use reqwest::{Client, StatusCode, Url, header, redirect::Policy};
use serde_json::{Value, json, value::RawValue};

pub use self::{
    destination::{Destinations, Forbidden, Network, NotANetwork},
    signature::{NotASecret, Secret},
};
use crate::retry::Retry;

/// Sends events to webhooks.
#[derive(Clone, Debug)]
pub struct Poster {
    destinations: Arc<Destinations>,
    /// For https, and for http: they may reach different addresses.
    tls: Client,
    plain: Client,
}

/// What came of a POST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Posted {
    /// It was taken.
    Taken,
    /// The receiver wants nothing more, ever (410).
    Gone,
    /// It was not taken.
    NotTaken {
        /// Why.
        error: String,
        /// When the receiver wants to be asked again.
        retry_after: Option<Duration>,
    },
}

impl Poster {
    /// Connects only to what is permitted, and waits for an answer no longer than `timeout`.
    ///
    /// # Errors
    /// When no certificates can be found to trust in.
    pub fn new(destinations: Destinations, timeout: Duration) -> Result<Self, reqwest::Error> {
        // Fails when there is one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let destinations = Arc::new(destinations);
        let client = |tls| {
            let resolver = destination::Guarded { destinations: destinations.clone(), tls };
            Client::builder()
                .user_agent(concat!("parvaneh/", env!("CARGO_PKG_VERSION")))
                .redirect(Policy::none())
                .no_proxy()
                .dns_resolver(Arc::new(resolver))
                .connect_timeout(timeout.min(Duration::from_secs(5)))
                .timeout(timeout)
                .pool_max_idle_per_host(4)
                .build()
        };
        let (tls, plain) = (client(true)?, client(false)?);
        Ok(Self { destinations, tls, plain })
    }

    /// Whether that can be the address of a webhook.
    ///
    /// # Errors
    /// [`Forbidden`].
    pub fn check(&self, url: &str) -> Result<Url, Forbidden> {
        self.destinations.check(url)
    }

    /// Sends one event. `now` is the time of the signature, by which a receiver refuses old ones.
    pub async fn post(
        &self,
        url: &str,
        secret: &str,
        id: &str,
        body: Vec<u8>,
        now: Instant,
    ) -> Posted {
        let not_taken = |error: String| Posted::NotTaken { error, retry_after: None };
        let url = match self.destinations.check(url) {
            Ok(url) => url,
            Err(error) => return not_taken(error.to_string()),
        };
        let secret = match Secret::parse(secret) {
            Ok(secret) => secret,
            Err(error) => return not_taken(error.to_string()),
        };
        let client = if url.scheme() == "https" { &self.tls } else { &self.plain };
        let timestamp = now.timestamp();
        let request = client
            .post(url)
            .header(header::CONTENT_TYPE, "application/cloudevents+json; charset=utf-8")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", secret.sign(id, timestamp, &body))
            .body(body);
        match request.send().await {
            // What it says beyond the status is not read.
            Ok(answer) if answer.status().is_success() => Posted::Taken,
            Ok(answer) if answer.status() == StatusCode::GONE => Posted::Gone,
            Ok(answer) => {
                let retry_after = answer.headers().get(header::RETRY_AFTER);
                let retry_after = retry_after.and_then(|value| value.to_str().ok()?.parse().ok());
                let redirect = if answer.status().is_redirection() {
                    ": redirects are not followed"
                } else {
                    ""
                };
                Posted::NotTaken {
                    error: format!("the receiver answered {}{redirect}", answer.status()),
                    retry_after: retry_after.map(Duration::from_secs),
                }
            }
            // Without the address: it may hold a token, and errors are shown and logged.
            Err(error) => not_taken(with_causes(&error.without_url())),
        }
    }
}

/// The identity of an event: the same for every webhook and every attempt.
fn identity(claimed: &Claimed) -> String {
    format!("{}/{}", claimed.reason.about, claimed.reason.no)
}

/// The event without what people filled in and what their papers are called: the fields are named,
/// what they hold is not.
fn without_values(body: &str) -> Result<String, serde_json::Error> {
    let mut event: Value = serde_json::from_str(body)?;
    let Some(fact) = event.get_mut("fact").and_then(Value::as_object_mut) else {
        return Ok(body.to_owned());
    };
    let values = fact.remove("values");
    let name =
        fact.get_mut("file").and_then(Value::as_object_mut).and_then(|file| file.remove("name"));
    if values.is_none() && name.is_none() {
        // As it is chained: the same bytes.
        return Ok(body.to_owned());
    }
    if let Some(Value::Object(values)) = values {
        let fields = values.into_iter().map(|(field, _)| Value::String(field));
        fact.insert("fields".to_owned(), fields.collect());
    }
    serde_json::to_string(&event)
}

/// An event as a CloudEvent 1.0 in structured JSON. Its data hold the event as it is chained: the
/// same bytes, where nothing is left out.
fn cloud_event(claimed: &Claimed, event: &WebhookEvent) -> Result<Vec<u8>, serde_json::Error> {
    let body = match event.with_values {
        true => event.body.clone(),
        false => without_values(&event.body)?,
    };
    let body = RawValue::from_string(body)?;
    let data = Data {
        workflow: event.workflow.as_str(),
        version: event.version,
        unit: event.unit.as_str(),
        event: &body,
    };
    serde_json::to_vec(&CloudEvent {
        specversion: "1.0",
        id: identity(claimed),
        source: "/parvaneh/cases",
        kind: format!("ir.parvaneh.case.{}", event.kind),
        subject: claimed.reason.about.to_string(),
        time: event.recorded_at,
        datacontenttype: "application/json",
        data,
    })
}

#[derive(serde::Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    id: String,
    source: &'static str,
    #[serde(rename = "type")]
    kind: String,
    subject: String,
    time: Instant,
    datacontenttype: &'static str,
    data: Data<'a>,
}

#[derive(serde::Serialize)]
struct Data<'a> {
    workflow: &'a str,
    version: u32,
    unit: &'a str,
    event: &'a RawValue,
}

/// An event that tells nothing, to try a webhook out.
pub fn test_event(id: &str, now: Instant) -> Vec<u8> {
    json!({
        "specversion": "1.0",
        "id": id,
        "source": "/parvaneh/cases",
        "type": "ir.parvaneh.test",
        "time": now,
        "datacontenttype": "application/json",
        "data": {},
    })
    .to_string()
    .into_bytes()
}

/// Sends one event that was claimed, and says how it went. A webhook that is gone is disabled.
pub(crate) async fn send(
    store: &Store,
    poster: &Poster,
    retry: &Retry,
    claimed: &Claimed,
) -> Result<Outcome, StoreError> {
    let Some(event) = store.webhook_event(&claimed.reason).await? else {
        return Ok(Outcome::Failed("the webhook was removed".to_owned()));
    };
    if event.disabled {
        return Ok(Outcome::Failed("the webhook is disabled".to_owned()));
    }
    let body = match cloud_event(claimed, &event) {
        Ok(body) => body,
        Err(error) => return Ok(Outcome::Failed(format!("the event is no JSON: {error}"))),
    };
    // The receiver compares it with a clock of its own: the server's time, never a sandbox's.
    let now = store.server_time().await?;
    Ok(match poster.post(&event.url, &event.secret, &identity(claimed), body, now).await {
        Posted::Taken => Outcome::Sent,
        Posted::Gone => {
            let because = "the receiver answered 410 Gone";
            store.disable_webhook(claimed.reason.target, Some(because.to_owned())).await?;
            tracing::warn!(webhook.id = %claimed.reason.target, "a webhook is disabled: {because}");
            Outcome::Failed(because.to_owned())
        }
        Posted::NotTaken { error, retry_after } => {
            match retry.after(&claimed.reason.to_string(), claimed.attempt) {
                Some(wait) => {
                    let wanted = retry_after.unwrap_or_default().min(retry.longest);
                    Outcome::Again { error, after: wait.max(wanted) }
                }
                None => Outcome::Failed(error),
            }
        }
    })
}

/// An error with what caused it: the outer one seldom says what happened.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_names_of_papers_can_be_left_out() {
        let opened = r#"{"by":{"applicant":"1"},"fact":{"subject":"x","type":"opened","values":{"capital":{"money":5},"phone":{"phone":"+98912"}}},"seq":1}"#;
        let told = without_values(opened).unwrap();
        assert_eq!(
            told,
            r#"{"by":{"applicant":"1"},"fact":{"fields":["capital","phone"],"subject":"x","type":"opened"},"seq":1}"#
        );
        let paper = r#"{"fact":{"copies":1,"document":"record","file":{"media_type":"application/pdf","name":"رضایی.pdf","sha256":"ab","size":1},"type":"document_attached"}}"#;
        let told = without_values(paper).unwrap();
        assert!(!told.contains("رضایی") && told.contains(r#""sha256":"ab""#), "{told}");
        // Whatever has neither is told as it is chained.
        let other = r#"{"fact":{"type":"claimed","task":1},"seq":2}"#;
        assert_eq!(without_values(other).unwrap(), other);
    }
}
