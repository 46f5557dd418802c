//! How the service behaves: what an operator can set.

use std::time::Duration;

use ipnet::IpNet;
use parvaneh_export::Format;
use parvaneh_store::Attempts;

use crate::{
    Connections, DocumentSettings, LicenceTypesetter, Limits, LookSettings, Streams, auth::Oidc,
};

/// How the service behaves.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where people reach it, without a slash at the end: `https://licences.example`. Cookies are
    /// only sent over TLS when it begins with `https`.
    pub public_url: String,
    /// How long a session lasts without being used.
    pub session_idle: Duration,
    /// How long a session lasts at the longest.
    pub session_longest: Duration,
    /// How often somebody may guess a password.
    pub attempts: Attempts,
    /// The longest body of a request, in bytes.
    pub longest_body: usize,
    /// By which identity provider people can come in, beside by password.
    pub oidc: Option<Oidc>,
    /// How long a request may take, its body included.
    pub patience: Duration,
    /// What streams of events may do.
    pub streams: Streams,
    /// What connections may do.
    pub connections: Connections,
    /// How documents are taken and kept.
    pub documents: DocumentSettings,
    /// How often somebody may ask.
    pub limits: Limits,
    /// How it is recorded who looks at what.
    pub looks: LookSettings,
    /// Whether applicants can make accounts themselves, by a code to their mail address.
    pub self_registration: bool,
    /// Whether everybody who comes in may move the clock of a sandbox, and not only administrators of
    /// the whole organisation.
    pub everybody_moves_clock: bool,
    /// The formats in which exports are made here.
    pub formats: Vec<Format>,
    /// Who sets licences on paper; none where this program was built without.
    pub licences: Option<LicenceTypesetter>,
    /// The proxies whose `X-Forwarded-For` says who asks.
    pub trusted_proxies: Vec<IpNet>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            public_url: "http://localhost:8080".to_owned(),
            session_idle: Duration::from_secs(60 * 60),
            session_longest: Duration::from_secs(12 * 60 * 60),
            attempts: Attempts {
                free: 5,
                pause: Duration::from_secs(60),
                longest: Duration::from_secs(30 * 60),
            },
            longest_body: 1024 * 1024,
            oidc: None,
            patience: Duration::from_secs(30),
            streams: Streams::default(),
            connections: Connections::default(),
            documents: DocumentSettings::default(),
            limits: Limits::default(),
            looks: LookSettings::default(),
            self_registration: true,
            everybody_moves_clock: false,
            formats: Format::ALL.to_vec(),
            licences: None,
            trusted_proxies: Vec::new(),
        }
    }
}

impl Settings {
    /// Whether people reach it over TLS.
    pub fn is_secure(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}
