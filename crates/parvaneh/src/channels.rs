//! By what people and programs are told: the settings of the mail server and of webhooks.

use std::{pin::Pin, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use clap::Args;
use parvaneh_worker::{
    mail::{Mailer, Smtp},
    send::Channels,
    webhook::{Destinations, Network, Posted, Poster, Secret, test_event},
};

use crate::failure::Failure;

/// How long a webhook's receiver may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// The settings, from the command line or the environment.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Channels")]
pub(crate) struct ChannelOptions {
    /// The server that takes mails: smtps://USER:PASSWORD@HOST:465 (TLS from the first byte), or
    /// smtp://HOST:25 (STARTTLS where it is offered; with ?tls=required always, with ?tls=none
    /// never). Characters such as '@' in a password are written %40. Without a server e-mail is off
    #[arg(long, env = "PARVANEH_SMTP_URL", value_name = "URL")]
    smtp_url: Option<String>,
    /// The address from which mails come: parvaneh@example.org, or 'Parvaneh <parvaneh@example.org>'
    #[arg(long, env = "PARVANEH_MAIL_FROM", value_name = "ADDRESS")]
    mail_from: Option<String>,
    /// Networks that webhooks may reach although they are not public, also without TLS:
    /// 10.1.0.0/16,127.0.0.1
    #[arg(long, env = "PARVANEH_WEBHOOK_ALLOW", value_name = "NETWORKS", value_delimiter = ',')]
    webhook_allow: Vec<Network>,
}

impl ChannelOptions {
    /// What sends mails; `None` when no server is named.
    ///
    /// # Errors
    /// `bad-mail-settings`.
    pub(crate) fn mailer(&self) -> Result<Option<Mailer>, Failure> {
        let set = |text: &Option<String>| {
            text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        let Some(url) = set(&self.smtp_url) else { return Ok(None) };
        let Some(from) = set(&self.mail_from) else {
            let message = "a mail server is named, but no address to send from";
            return Err(Failure::no("bad-mail-settings", message)
                .help("set PARVANEH_MAIL_FROM (or --mail-from) to an address of yours"));
        };
        let smtp = Smtp::new(&url, &from).map_err(|error| {
            Failure::no("bad-mail-settings", error.to_string())
                .help("see PARVANEH_SMTP_URL and PARVANEH_MAIL_FROM in `parvaneh worker --help`")
        })?;
        Ok(Some(Mailer::new(smtp)))
    }

    /// What sends events to webhooks.
    ///
    /// # Errors
    /// When no certificates can be found.
    pub(crate) fn poster(&self) -> Result<Poster, Failure> {
        let destinations = Destinations { allowed: self.webhook_allow.clone() };
        Poster::new(destinations, ANSWER)
            .map_err(|error| Failure::internal(format!("webhooks cannot be called: {error}")))
    }

    /// Everything by which things are sent.
    ///
    /// # Errors
    /// As [`Self::mailer`] and [`Self::poster`].
    pub(crate) fn channels(&self) -> Result<Arc<Channels>, Failure> {
        Ok(Arc::new(Channels::new(self.mailer()?, self.poster()?)))
    }
}

/// Webhooks as the service tries them out: by what sends to them.
#[derive(Debug)]
pub(crate) struct Hooks(pub(crate) Poster);

impl parvaneh_web::Sender for Hooks {
    fn check(&self, url: &str) -> Result<String, String> {
        self.0.check(url).map(|url| url.to_string()).map_err(|error| error.to_string())
    }

    fn is_secret(&self, secret: &str) -> bool {
        Secret::parse(secret).is_ok()
    }

    fn ping<'a>(
        &'a self,
        url: &'a str,
        secret: &'a str,
        now: DateTime<Utc>,
    ) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move {
            let name = format!("test/{}", now.timestamp_micros());
            match self.0.post(url, secret, &name, test_event(&name, now), now).await {
                Posted::Taken => Ok(()),
                Posted::Gone => Err("the receiver answered 410 Gone".to_owned()),
                Posted::NotTaken { error, .. } => Err(error),
            }
        })
    }
}

/// What is said where a mail server is needed and none is named.
pub(crate) fn mail_is_off() -> Failure {
    Failure::no("mail-off", "e-mail is off: no mail server is named").help(
        "set PARVANEH_SMTP_URL (smtps://USER:PASSWORD@HOST:465 or smtp://HOST:25) and \
         PARVANEH_MAIL_FROM, also for `parvaneh worker`",
    )
}
