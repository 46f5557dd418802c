//! Hands mails to a server by SMTP, and knows what is known about each.

use std::{fmt, time::Duration};

use lettre::{
    message::Mailbox,
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail as MailFrom, Rcpt},
        extension::ClientId,
    },
};
use parvaneh_store::StoreError;
use percent_encoding::percent_decode_str;
use reqwest::Url;
use tokio::time::timeout;

use super::message::{self, BadAddress, Bytes, Mail};
use crate::webhook::with_causes;

/// How long a server may take up to the content; RFC 5321 would give it minutes, and so would hold
/// up others.
const ENVELOPE: Duration = Duration::from_secs(30);
/// How long it may take to answer to the content. Longer than for the rest: who gives up here does
/// not know what became of the mail.
const CONTENT: Duration = Duration::from_secs(60);

/// Why mails cannot be sent with these settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMailSettings {
    /// Not an address of a server. (The address is not repeated: it may hold a password.)
    #[error("the server is not written as smtps://USER:PASSWORD@HOST:465 or smtp://HOST:25")]
    Server,
    /// An unknown way of using TLS.
    #[error("'tls={0}' is not known: write tls=required, tls=offered or tls=none")]
    Tls(String),
    /// A password would go over the network for everybody to read.
    #[error("a password is sent by TLS only: write smtps://, or smtp:// with ?tls=required")]
    PlainPassword,
    /// Not an address to send from.
    #[error("'{0}' is not an address to send from: write parvaneh@example.org or 'Parvaneh <…>'")]
    From(String),
    /// The library refuses.
    #[error("TLS cannot be set up: {0}")]
    NoTls(String),
}

/// Why a mail was not sent, as far as that is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// It surely did not arrive; later it may.
    #[error("{0}")]
    NotNow(String),
    /// It surely did not arrive, and never will.
    #[error("{0}")]
    Never(String),
    /// The content was on its way, and no answer came.
    #[error("{0}: nobody knows whether it arrived")]
    Unknown(String),
}

impl NotSent {
    pub(super) fn never(error: BadAddress) -> Self {
        Self::Never(error.to_string())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tls {
    /// From the first byte.
    Implicit,
    /// By STARTTLS, or not at all.
    Required,
    /// By STARTTLS where the server offers it.
    Offered,
    None,
}

/// A server that takes mails.
#[derive(Clone)]
pub struct Smtp {
    host: String,
    port: u16,
    tls: Tls,
    parameters: Option<TlsParameters>,
    credentials: Option<Credentials>,
    from: Mailbox,
    hello: ClientId,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp")
            .field("host", &self.host)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl Smtp {
    /// The server at `url` (`smtps://…` with TLS from the first byte, `smtp://…` with STARTTLS where it
    /// is offered), and the address from which mails come.
    ///
    /// # Errors
    /// [`BadMailSettings`].
    pub fn new(url: &str, from: &str) -> Result<Self, BadMailSettings> {
        let url = Url::parse(url.trim()).map_err(|_| BadMailSettings::Server)?;
        let mut tls = match url.scheme() {
            "smtps" => Tls::Implicit,
            "smtp" => Tls::Offered,
            _ => return Err(BadMailSettings::Server),
        };
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(BadMailSettings::Server)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if !matches!(url.path(), "" | "/") {
            return Err(BadMailSettings::Server);
        }
        for (name, value) in url.query_pairs() {
            tls = match (&*name, &*value, tls) {
                ("tls", "required", Tls::Offered | Tls::Required) => Tls::Required,
                ("tls", "none", Tls::Offered) => Tls::None,
                ("tls", "offered", Tls::Offered) => Tls::Offered,
                ("tls", other, _) => return Err(BadMailSettings::Tls(other.to_owned())),
                _ => return Err(BadMailSettings::Server),
            };
        }
        let port = url.port().unwrap_or(if tls == Tls::Implicit { 465 } else { 25 });
        let decoded =
            |text: &str| percent_decode_str(text).decode_utf8().map(|text| text.into_owned());
        let (user, password) =
            (decoded(url.username()), decoded(url.password().unwrap_or_default()));
        let (Ok(user), Ok(password)) = (user, password) else {
            return Err(BadMailSettings::Server);
        };
        let credentials = (!user.is_empty()).then(|| Credentials::new(user, password));
        if credentials.is_some() && matches!(tls, Tls::Offered | Tls::None) {
            return Err(BadMailSettings::PlainPassword);
        }
        let parameters = match tls {
            Tls::None => None,
            _ => Some(
                TlsParameters::new(host.clone())
                    .map_err(|error| BadMailSettings::NoTls(with_causes(&error)))?,
            ),
        };
        let from: Mailbox = match from.trim().parse() {
            Ok(from) if !from_has_control(&from) => from,
            _ => return Err(BadMailSettings::From(from.to_owned())),
        };
        Ok(Self { host, port, tls, parameters, credentials, from, hello: ClientId::default() })
    }

    /// Where the server is, for people.
    pub fn place(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// A mail as bytes.
    pub(super) fn write(&self, mail: &Mail<'_>) -> Result<Bytes, BadAddress> {
        message::write(mail, &self.from)
    }

    /// Sends a mail; `begin` is called when the server has accepted the envelope, immediately before
    /// the content leaves, and says whether it may. Answers what the server answered.
    pub(super) async fn send(
        &self,
        mail: &Bytes,
        begin: impl AsyncFnOnce() -> Result<bool, StoreError>,
    ) -> Result<String, NotSent> {
        let late = |_| NotSent::NotNow(format!("{} did not answer in time", self.place()));
        let mut server = timeout(ENVELOPE, self.envelope(mail)).await.map_err(late)??;
        match begin().await {
            Ok(true) => {}
            Ok(false) => {
                server.abort().await;
                return Err(NotSent::NotNow("it took too long to begin".to_owned()));
            }
            Err(error) => {
                server.abort().await;
                return Err(NotSent::NotNow(error.to_string()));
            }
        }
        let answer = match timeout(CONTENT, server.message(&mail.content)).await {
            Ok(Ok(answer)) => answer,
            // A status is an answer: the server has it not.
            Ok(Err(error)) if error.status().is_some() => return Err(refused(&error)),
            Ok(Err(error)) => return Err(NotSent::Unknown(with_causes(&error))),
            Err(_) => {
                return Err(NotSent::Unknown(format!("{} did not answer in time", self.place())));
            }
        };
        // It is sent; how the server says good-bye changes nothing.
        let _ = timeout(Duration::from_secs(1), server.quit()).await;
        Ok(answer.message().collect::<Vec<_>>().join(" "))
    }

    /// Whether the server is there and takes our password; sends nothing.
    ///
    /// # Errors
    /// [`NotSent::NotNow`], and why not.
    pub async fn answers(&self) -> Result<(), NotSent> {
        let late = |_| NotSent::NotNow(format!("{} did not answer in time", self.place()));
        let mut server = timeout(ENVELOPE, self.greeted()).await.map_err(late)??;
        let _ = timeout(Duration::from_secs(1), server.quit()).await;
        Ok(())
    }

    /// Up to the point at which the server knows who we are.
    async fn greeted(&self) -> Result<AsyncSmtpConnection, NotSent> {
        let again = |error: Error| NotSent::NotNow(with_causes(&error));
        let implicit = (self.tls == Tls::Implicit).then(|| self.parameters.clone()).flatten();
        let mut server = AsyncSmtpConnection::connect_tokio1(
            (self.host.as_str(), self.port),
            Some(Duration::from_secs(10)),
            &self.hello,
            implicit,
            None,
        )
        .await
        .map_err(again)?;
        let start =
            self.tls == Tls::Required || (self.tls == Tls::Offered && server.can_starttls());
        if let (true, Some(parameters)) = (start, &self.parameters) {
            server.starttls(parameters.clone(), &self.hello).await.map_err(again)?;
        }
        if let Some(credentials) = &self.credentials {
            server.auth(DEFAULT_MECHANISMS, credentials).await.map_err(again)?;
        }
        Ok(server)
    }

    /// Up to the point at which the server waits for the content.
    async fn envelope(&self, mail: &Bytes) -> Result<AsyncSmtpConnection, NotSent> {
        let again = |error: Error| NotSent::NotNow(with_causes(&error));
        let mut server = self.greeted().await?;
        let from = MailFrom::new(mail.envelope.from().cloned(), Vec::new());
        server.command(from).await.map_err(again)?;
        for to in mail.envelope.to() {
            // Only here is a refusal for ever one of this mail, and not one of our settings.
            server.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(|e| refused(&e))?;
        }
        server.command(Data).await.map_err(again)?;
        Ok(server)
    }
}

fn refused(error: &Error) -> NotSent {
    let said = with_causes(error);
    if error.is_permanent() { NotSent::Never(said) } else { NotSent::NotNow(said) }
}

fn from_has_control(from: &Mailbox) -> bool {
    from.name.iter().any(|name| name.chars().any(char::is_control))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> Result<Smtp, BadMailSettings> {
        Smtp::new(url, "Parvaneh <parvaneh@example.org>")
    }

    #[test]
    fn a_server_is_read_from_its_address() {
        let smtp = read("smtps://parvaneh:p%40ss@mail.example.org").unwrap();
        assert_eq!((smtp.place().as_str(), smtp.tls), ("mail.example.org:465", Tls::Implicit));
        assert!(smtp.credentials.is_some() && !format!("{smtp:?}").contains("p@ss"), "{smtp:?}");
        let smtp = read("smtp://localhost:2525").unwrap();
        assert_eq!((smtp.place().as_str(), smtp.tls), ("localhost:2525", Tls::Offered));
        assert_eq!(read("smtp://a:b@mail.example.org?tls=required").unwrap().tls, Tls::Required);
        assert_eq!(read("smtp://[::1]:25?tls=none").unwrap().place(), "::1:25");
    }

    #[test]
    fn what_cannot_work_is_refused_and_no_password_is_repeated() {
        for (url, expected) in [
            ("mail.example.org", BadMailSettings::Server),
            ("http://mail.example.org", BadMailSettings::Server),
            ("smtp://", BadMailSettings::Server),
            ("smtp://host/path", BadMailSettings::Server),
            ("smtp://host?x=y", BadMailSettings::Server),
            ("smtp://host?tls=maybe", BadMailSettings::Tls("maybe".to_owned())),
            ("smtps://host?tls=none", BadMailSettings::Tls("none".to_owned())),
            ("smtp://user:secret@host", BadMailSettings::PlainPassword),
            ("smtp://user:secret@host?tls=none", BadMailSettings::PlainPassword),
        ] {
            let error = read(url).unwrap_err();
            assert_eq!(error, expected, "{url}");
            assert!(!error.to_string().contains("secret"), "{error}");
        }
        for from in ["", "x", "a@b\r\nBcc: c@d", "a@b, c@d"] {
            assert!(
                matches!(Smtp::new("smtp://host", from), Err(BadMailSettings::From(_))),
                "{from:?}"
            );
        }
    }
}
