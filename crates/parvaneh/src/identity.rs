//! By which identity provider people come in: its settings.

use clap::Args;
use parvaneh_web::{Oidc, OidcSettings};

use crate::failure::Failure;

/// The settings, from the command line, the environment or the configuration file.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Identity provider")]
pub(crate) struct IdentityOptions {
    /// The OpenID provider by which people can log in beside by password, as its tokens name it:
    /// https://id.example (register there PUBLIC-URL/api/v1/oidc/callback)
    #[arg(long, env = "PARVANEH_OIDC_ISSUER", value_name = "URL")]
    oidc_issuer: Option<String>,
    /// As what we are registered at the provider
    #[arg(long, env = "PARVANEH_OIDC_CLIENT_ID", value_name = "NAME")]
    oidc_client_id: Option<String>,
    /// By what we prove that at the provider; better in the environment or in a file of its own, because
    /// everybody on the machine sees the command line
    #[arg(long, env = "PARVANEH_OIDC_CLIENT_SECRET", value_name = "SECRET")]
    oidc_client_secret: Option<String>,
    /// What the provider is asked for beside 'openid'; 'email' is needed by who is linked by his address
    #[arg(
        long,
        env = "PARVANEH_OIDC_SCOPES",
        value_name = "SCOPES",
        value_delimiter = ',',
        default_value = "email"
    )]
    oidc_scopes: Vec<String>,
    /// What the provider is called on the login page, in Persian
    #[arg(long, env = "PARVANEH_OIDC_NAME_FA", value_name = "NAME")]
    oidc_name_fa: Option<String>,
    /// What the provider is called on the login page, in English
    #[arg(long, env = "PARVANEH_OIDC_NAME_EN", value_name = "NAME")]
    oidc_name_en: Option<String>,
}

impl IdentityOptions {
    /// The provider; `None` where none is named. Nothing is asked of it yet.
    ///
    /// # Errors
    /// `bad-identity-settings`.
    pub(crate) fn provider(&self) -> Result<Option<Oidc>, Failure> {
        let set = |text: &Option<String>| {
            text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let Some(issuer) = set(&self.oidc_issuer) else { return Ok(None) };
        let defaults = OidcSettings::default();
        let settings = OidcSettings {
            issuer,
            client_id: set(&self.oidc_client_id).unwrap_or_default(),
            client_secret: set(&self.oidc_client_secret),
            scopes: self
                .oidc_scopes
                .iter()
                .map(|scope| scope.trim().to_owned())
                .filter(|scope| !scope.is_empty() && scope != "openid")
                .collect(),
            name_fa: set(&self.oidc_name_fa).unwrap_or(defaults.name_fa),
            name_en: set(&self.oidc_name_en).unwrap_or(defaults.name_en),
            patience: defaults.patience,
        };
        Oidc::new(settings).map(Some).map_err(|error| {
            Failure::no("bad-identity-settings", error.to_string())
                .help("see PARVANEH_OIDC_ISSUER and what follows it in `parvaneh serve --help`")
        })
    }
}
