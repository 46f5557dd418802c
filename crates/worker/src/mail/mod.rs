//! Tells people by e-mail.
//!
//! At most once: SMTP has no way to ask whether a mail was taken. So before its content leaves, that
//! is recorded; a mail whose worker ended between that and the record of the answer counts as
//! uncertain and is not sent again by itself (docs/NOTICES.md). What failed before that surely did
//! not arrive, and is tried again.

mod message;
mod smtp;
mod text;

use std::time::Duration;

use parvaneh_core::CalendarId;
use parvaneh_store::{Channel, Claimed, Due, Language, Outcome, Store, StoreError};
use sha2::{Digest as _, Sha256};

pub(crate) use self::text::moment;
pub use self::{
    message::{BadAddress, Mail, check_address},
    smtp::{BadMailSettings, NotSent, Smtp},
    text::{Facts, Item, Letter, Templates, Written},
};
use crate::{digest, retry::Retry};

/// Writes mails and hands them to a server.
#[derive(Debug)]
pub struct Mailer {
    smtp: Smtp,
    templates: Templates,
}

impl Mailer {
    /// Sends by that server.
    pub fn new(smtp: Smtp) -> Self {
        Self { smtp, templates: Templates::new() }
    }

    /// Sends a mail that only says that mails arrive. Says what the server answered. `name` is new each
    /// time: a mail that bears the identity of an earlier one may be dropped on its way.
    ///
    /// # Errors
    /// [`NotSent`].
    pub async fn test(&self, to: &str, language: Language, name: &str) -> Result<String, NotSent> {
        let written = self.templates.test(language);
        let mail = Mail { to, reason: name, language, written };
        let bytes = self.smtp.write(&mail).map_err(NotSent::never)?;
        self.smtp.send(&bytes, async || Ok(true)).await
    }
}

/// Sends one mail that was claimed, and says how it went.
pub(crate) async fn send(
    store: &Store,
    mailer: &Mailer,
    retry: &Retry,
    lease: Duration,
    claimed: &Claimed,
) -> Result<Outcome, StoreError> {
    let (to, language, written) = match claimed.reason.channel {
        Channel::Email => {
            let Some(due) = store.mail_of(&claimed.reason).await? else {
                return Ok(Outcome::Skipped("the person has no address".to_owned()));
            };
            let facts = facts(store, &due).await?;
            let written = mailer.templates.notice(&claimed.kind, due.language, &facts);
            (due.email, due.language, written)
        }
        Channel::Digest => match digest::letter(store, claimed).await? {
            digest::Found::Letter { email, language, letter } => {
                (email, language, mailer.templates.digest(language, &letter))
            }
            digest::Found::Nothing(why) => return Ok(Outcome::Skipped(why.to_owned())),
        },
        Channel::Recovery => match store.recovery_mail(&claimed.reason).await? {
            Some(mail) => {
                let written = mailer.templates.recovery(&mail);
                (mail.email, mail.language, written)
            }
            None => return Ok(Outcome::Skipped("it is worth nothing any more".to_owned())),
        },
        Channel::Code => match store.entry_mail(&claimed.reason).await? {
            Some(mail) => {
                let written = mailer.templates.code(&mail);
                (mail.email, mail.language, written)
            }
            None => return Ok(Outcome::Skipped("it is worth nothing any more".to_owned())),
        },
        Channel::Webhook => return Ok(Outcome::Failed("an event is no mail".to_owned())),
    };
    let reason = claimed.reason.to_string();
    let mail = Mail { to: &to, reason: &reason, language, written };
    let bytes = match mailer.smtp.write(&mail) {
        Ok(bytes) => bytes,
        Err(error) => return Ok(Outcome::Failed(error.to_string())),
    };
    let begin = async || store.begin_sending(claimed, lease).await;
    Ok(match mailer.smtp.send(&bytes, begin).await {
        Ok(_) => Outcome::Sent,
        Err(NotSent::Unknown(error)) => Outcome::Uncertain(error),
        Err(NotSent::Never(error)) => Outcome::Failed(error),
        Err(NotSent::NotNow(error)) => match retry.after(&reason, claimed.attempt) {
            Some(after) => Outcome::Again { error, after },
            None => Outcome::Failed(error),
        },
    })
}

/// What a notice says, in the person's language.
pub(crate) async fn facts(store: &Store, due: &Due) -> Result<Facts, StoreError> {
    let definition = store.definition(&due.workflow, Some(due.version)).await?;
    let organisation = store.organisation().await?;
    let of = |text: &parvaneh_core::definition::Text| match due.language {
        Language::Fa => text.fa.clone(),
        Language::En => text.en.clone(),
    };
    let step = definition.title_of(&due.step).map(of);
    let unit = organisation.get(&due.unit).map(|unit| of(&unit.title));
    let zone = zone(store, &definition.calendar).await?;
    Ok(Facts::of(
        &due.event,
        due.case,
        due.language,
        zone,
        text::Names {
            subject: due.subject.clone(),
            workflow: of(&definition.title),
            step: step.unwrap_or_else(|| due.step.to_string()),
            unit: unit.unwrap_or_else(|| due.unit.to_string()),
        },
    ))
}

/// The time zone of a calendar.
async fn zone(store: &Store, calendar: &CalendarId) -> Result<chrono_tz::Tz, StoreError> {
    Ok(store.calendars(calendar).await?.national().zone())
}

/// A `Message-ID` that every attempt for the same reason bears: a server or a mail program that
/// gets one twice can tell.
fn message_id(reason: &str, domain: &str) -> String {
    let hash = Sha256::digest(reason.as_bytes());
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("<{hex}@{domain}>")
}
