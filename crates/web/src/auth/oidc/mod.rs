//! Logging in by an identity provider: OpenID Connect, authorisation code with PKCE.
//!
//! We are a client of one provider. What it publishes of itself is asked for when somebody first
//! comes, and kept for a while: a provider that is down keeps nobody from logging in by password.

mod begun;
mod exchange;
mod provider;

use std::{fmt, sync::Arc, time::Duration};

use reqwest::{Client, Url, redirect::Policy};

pub(crate) use self::begun::{Begun, LASTS, is_local};
use self::provider::Known;

/// By which provider people come in.
#[derive(Clone)]
pub struct OidcSettings {
    /// The provider's issuer identifier, as its tokens name it: `https://id.example`.
    pub issuer: String,
    /// As what we are registered there.
    pub client_id: String,
    /// By what we prove that there; none for a public client.
    pub client_secret: Option<String>,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// What the provider is called, in Persian.
    pub name_fa: String,
    /// What the provider is called, in English.
    pub name_en: String,
    /// How long the provider may take for each answer.
    pub patience: Duration,
}

impl Default for OidcSettings {
    fn default() -> Self {
        Self {
            issuer: String::new(),
            client_id: String::new(),
            client_secret: None,
            scopes: vec!["email".to_owned()],
            name_fa: "ورود یکپارچه".to_owned(),
            name_en: "Single sign-on".to_owned(),
            patience: Duration::from_secs(5),
        }
    }
}

impl fmt::Debug for OidcSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { issuer, client_id, scopes, name_fa, name_en, patience, client_secret: _ } = self;
        f.debug_struct("OidcSettings")
            .field("issuer", issuer)
            .field("client_id", client_id)
            .field("scopes", scopes)
            .field("names", &(name_fa, name_en))
            .field("patience", patience)
            .finish_non_exhaustive()
    }
}

/// Why a provider cannot be used as it is set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OidcUnusable {
    /// The issuer is no address.
    #[error("the issuer '{0}' is no address: write https://id.example")]
    Issuer(String),
    /// Whoever stands between could log in as anybody.
    #[error("the issuer '{0}' is reached without TLS: only loopback may be")]
    Insecure(String),
    /// A name is missing.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// No client can be made.
    #[error("no connection can be made: {0}")]
    Client(String),
}

/// The provider by which people come in. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Oidc(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: OidcSettings,
    http: Client,
    known: tokio::sync::Mutex<Known>,
}

impl Oidc {
    /// A provider, of which nothing is asked yet.
    ///
    /// # Errors
    /// When the settings cannot be used.
    pub fn new(settings: OidcSettings) -> Result<Self, OidcUnusable> {
        let issuer = &settings.issuer;
        let url = Url::parse(issuer).map_err(|_| OidcUnusable::Issuer(issuer.clone()))?;
        let loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err(OidcUnusable::Insecure(issuer.clone())),
            _ => return Err(OidcUnusable::Issuer(issuer.clone())),
        }
        if settings.client_id.is_empty() {
            return Err(OidcUnusable::Empty("the name of the client (client_id)"));
        }
        // A second installation says so, and does nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder()
            .timeout(settings.patience)
            // The provider's addresses are its own: it leads us nowhere else.
            .redirect(Policy::none())
            .build()
            .map_err(|error| OidcUnusable::Client(error.to_string()))?;
        Ok(Self(Arc::new(Inner { settings, http, known: tokio::sync::Mutex::default() })))
    }

    /// How it is set.
    pub fn settings(&self) -> &OidcSettings {
        &self.0.settings
    }
}

/// Why a login by a provider came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failed {
    /// The provider does not answer, or not as a provider does.
    #[error("the provider is not to be used now: {0}")]
    Unavailable(String),
    /// It refused, with this code of RFC 6749.
    #[error("the provider refused: {0}")]
    Refused(String),
    /// What it sent proves nothing.
    #[error("what the provider sent does not hold: {0}")]
    Unproven(String),
}
