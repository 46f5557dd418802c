//! Notices beyond the program itself: who wants them how, and what becomes of each.
//!
//! **Invariant.** There is at most one row for each reason to send something on a channel, and it is
//! written with what causes it: that of an e-mail with the notice, that of a webhook with the event,
//! that of a digest when its hour has come. What a row says is only ever changed by whoever has
//! claimed it.

mod claim;
mod deliveries;
mod digest;
mod preferences;
mod webhooks;

pub use claim::{Claimed, Due, FailedDelivery, Outcome, Sent};
pub use deliveries::{DeliveriesQuery, DeliveryRow, DeliveryState};
pub use digest::DigestCandidate;
pub use preferences::{Choice, Language, NoticeKind, Preferences, Wishes};
pub(crate) use preferences::{LATER_BY_MAIL, language};
pub(crate) use webhooks::HOOKED;
pub use webhooks::{NewWebhook, Webhook, WebhookEvent};

use std::{fmt, str::FromStr};

use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use crate::StoreError;

/// By what something is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// One notice to one person, by e-mail.
    Email,
    /// What a person should know on a day, in one e-mail.
    Digest,
    /// One event to one program.
    Webhook,
    /// A link by which a person sets a new password, by e-mail.
    Recovery,
    /// A code by which an applicant comes in, by e-mail.
    Code,
}

impl Channel {
    /// Its name in the database and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Digest => "digest",
            Self::Webhook => "webhook",
            Self::Recovery => "recovery",
            Self::Code => "code",
        }
    }
}

/// A reason to send something: there is at most one delivery for each.
///
/// As text: `email:<case>:<person>:<event>`, `webhook:<case>:<webhook>:<event>`,
/// `digest:<person>:<person>:<day>`, where days are counted from 1970-01-01, or
/// `recovery:<recovery>:<person>:0`, or `code:<asking>:<asking>:0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reason {
    /// The case; of a digest, the person; of a recovery, itself.
    pub about: Uuid,
    /// By what.
    pub channel: Channel,
    /// To whom: the person, or the webhook.
    pub target: Uuid,
    /// The event's number; of a digest, its day; of a recovery, 0.
    pub no: i32,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}:{}", self.channel.as_str(), self.about, self.target, self.no)
    }
}

impl FromStr for Reason {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        let read = || {
            let mut parts = text.trim().split(':');
            let channel = channel(parts.next()?)?;
            let about = parts.next()?.parse().ok()?;
            let target = parts.next()?.parse().ok()?;
            let no = parts.next()?.parse().ok()?;
            parts.next().is_none().then_some(Self { about, channel, target, no })
        };
        read().ok_or_else(|| StoreError::Unknown(format!("the delivery '{text}'")))
    }
}

fn channel(name: &str) -> Option<Channel> {
    let all = [Channel::Email, Channel::Digest, Channel::Webhook, Channel::Recovery, Channel::Code];
    all.into_iter().find(|channel| channel.as_str() == name)
}

/// A reason in the first four columns of a row.
fn reason(row: &PgRow) -> Result<Reason, StoreError> {
    let name: &str = row.try_get(1)?;
    let channel =
        channel(name).ok_or_else(|| StoreError::Unknown(format!("the channel '{name}'")))?;
    Ok(Reason { about: row.try_get(0)?, channel, target: row.try_get(2)?, no: row.try_get(3)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_read_as_it_is_written() {
        let (about, target) = (Uuid::from_u128(7), Uuid::from_u128(8));
        for channel in
            [Channel::Email, Channel::Digest, Channel::Webhook, Channel::Recovery, Channel::Code]
        {
            let reason = Reason { about, channel, target, no: 12 };
            assert_eq!(reason.to_string().parse::<Reason>().unwrap(), reason);
        }
        for wrong in ["", "email", "email:1:2:3", "post:", "email:x:y:z:1"] {
            assert_eq!(wrong.parse::<Reason>().unwrap_err().code(), "unknown", "{wrong}");
        }
    }
}
