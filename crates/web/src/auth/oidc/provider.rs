//! What the provider publishes of itself, and how it is asked.

use std::{sync::Arc, time::Duration};

use openidconnect::{
    ClientId, HttpRequest, HttpResponse, IssuerUrl, LogoutRequest, PostLogoutRedirectUrl,
    ProviderMetadataWithLogout as Metadata, http::Response,
};
use reqwest::Client;
use tokio::time::Instant;

use super::{Failed, Oidc};

/// How long what a provider publishes is believed; its keys change.
const KEPT: Duration = Duration::from_secs(10 * 60);
/// After a failure nobody waits for the provider for so long.
const PAUSE: Duration = Duration::from_secs(3);
/// A key that is not known is asked for at most so often.
const KEYS_AGAIN: Duration = Duration::from_secs(5);
/// The longest answer, in bytes.
const LONGEST: usize = 1024 * 1024;

/// What is known of the provider.
#[derive(Debug, Default)]
pub(super) struct Known {
    metadata: Option<(Instant, Arc<Metadata>)>,
    failed: Option<(Instant, Failed)>,
}

impl Oidc {
    /// What the provider says of itself: its addresses and its keys. Of many who ask at once one
    /// goes there.
    pub(super) async fn metadata(&self) -> Result<Arc<Metadata>, Failed> {
        self.metadata_younger_than(KEPT).await
    }

    /// The same, read anew, for a key that was not among those that are known.
    pub(super) async fn metadata_anew(&self) -> Result<Arc<Metadata>, Failed> {
        self.metadata_younger_than(KEYS_AGAIN).await
    }

    async fn metadata_younger_than(&self, age: Duration) -> Result<Arc<Metadata>, Failed> {
        let mut known = self.0.known.lock().await;
        if let Some((at, metadata)) = &known.metadata
            && at.elapsed() < age
        {
            return Ok(metadata.clone());
        }
        if let Some((at, failed)) = &known.failed
            && at.elapsed() < PAUSE
        {
            return Err(failed.clone());
        }
        let asked = self.ask().await;
        match asked {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                *known = Known { metadata: Some((Instant::now(), metadata.clone())), failed: None };
                Ok(metadata)
            }
            Err(failed) => {
                tracing::warn!(error = %failed, "the identity provider cannot be asked");
                known.failed = Some((Instant::now(), failed.clone()));
                Err(failed)
            }
        }
    }

    /// Where a browser goes to end its session at the provider, and comes back to that address of ours
    /// (OpenID Connect RP-Initiated Logout 1.0); `None` where the provider has no such place. Nothing
    /// tells the provider who it was: it knows its own session, and may ask the person whether he means it.
    ///
    /// # Errors
    /// [`Failed::Unavailable`].
    pub(crate) async fn logout(&self, back: &str) -> Result<Option<String>, Failed> {
        let metadata = self.metadata().await?;
        let Some(there) = metadata.additional_metadata().end_session_endpoint.clone() else {
            return Ok(None);
        };
        let back = PostLogoutRedirectUrl::new(back.to_owned())
            .map_err(|error| Failed::Unavailable(error.to_string()))?;
        let request = LogoutRequest::from(there)
            .set_client_id(ClientId::new(self.settings().client_id.clone()))
            .set_post_logout_redirect_uri(back);
        Ok(Some(request.http_get_url().to_string()))
    }

    /// Discovery (OpenID Connect Discovery 1.0, 4): the document must name the very issuer.
    async fn ask(&self) -> Result<Metadata, Failed> {
        let issuer = IssuerUrl::new(self.settings().issuer.clone())
            .map_err(|error| Failed::Unavailable(error.to_string()))?;
        let http = |request| send(self.0.http.clone(), request);
        Metadata::discover_async(issuer, &http)
            .await
            .map_err(|error| Failed::Unavailable(said(&error)))
    }

    /// Asks the provider.
    pub(super) fn http(&self) -> impl Fn(HttpRequest) -> Sent + use<> {
        let http = self.0.http.clone();
        move |request| Box::pin(send(http.clone(), request))
    }
}

/// An answer that is on its way.
pub(super) type Sent =
    std::pin::Pin<Box<dyn Future<Output = Result<HttpResponse, Unanswered>> + Send>>;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unanswered {
    /// The connection.
    #[error("{}", said(.0))]
    Connection(#[from] reqwest::Error),
    /// It would not end.
    #[error("the answer is longer than {LONGEST} bytes")]
    TooLong,
    /// No answer can be made of it.
    #[error(transparent)]
    Unreadable(#[from] openidconnect::http::Error),
}

async fn send(http: Client, request: HttpRequest) -> Result<HttpResponse, Unanswered> {
    let mut answer = http.execute(request.try_into()?).await?;
    let mut built = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        built = built.header(name, value);
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        if body.len() + chunk.len() > LONGEST {
            return Err(Unanswered::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(built.body(body)?)
}

/// An error with its causes, for the log.
pub(super) fn said(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(one) = cause {
        let next = one.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = one.source();
    }
    text
}
