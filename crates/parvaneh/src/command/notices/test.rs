//! `parvaneh notices test`: does a mail arrive, does a webhook answer?

use clap::Args;
use parvaneh_store::Language;
use parvaneh_worker::{
    mail::NotSent,
    webhook::{Posted, test_event},
};
use serde_json::json;
use uuid::Uuid;

use super::webhooks::no_such;
use crate::{
    channels::{ChannelOptions, mail_is_off},
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, block_on, with_database},
    output::Output,
    who::person,
};

/// Send a test mail to a person or an address, or a test event to a webhook, at once
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("to").required(true))]
pub(super) struct Test {
    /// A person, at the address of his preferences: name or identifier
    #[arg(long, group = "to")]
    person: Option<String>,
    /// An address
    #[arg(long, group = "to", value_name = "ADDRESS")]
    email: Option<String>,
    /// A webhook
    #[arg(long, group = "to", value_name = "ID")]
    webhook: Option<Uuid>,
    #[command(flatten)]
    channels: ChannelOptions,
}

impl Test {
    pub(super) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        if let Some(email) = &self.email {
            return block_on(self.mail(email, Language::En, out));
        }
        with_database(options, OnSignal::Leave, async |database, _| {
            database.warn_of_no_key();
            let store = &database.store;
            if let Some(id) = self.webhook {
                let found = store.webhook_secret(id).await?;
                let (url, secret) = found.ok_or_else(|| no_such(id))?;
                let now = store.server_time().await?;
                let name = format!("test/{}", now.timestamp_micros());
                let body = test_event(&name, now);
                let poster = self.channels.poster()?;
                return match poster.post(&url, &secret, &name, body, now).await {
                    Posted::Taken => said(out, "the receiver has taken the event"),
                    Posted::Gone => Err(not_sent("the receiver answered 410 Gone")),
                    Posted::NotTaken { error, .. } => Err(not_sent(&error)),
                };
            }
            let person = person(store, self.person.as_deref().unwrap_or_default()).await?;
            let preferences = store.preferences(person.id).await?;
            let Some(email) = preferences.email else {
                let message = format!("{} has no address", person.name);
                return Err(Failure::no("no-address", message)
                    .help("`parvaneh notices preferences PERSON --email ADDRESS` sets one"));
            };
            self.mail(&email, preferences.language, out).await
        })
    }

    async fn mail(&self, to: &str, language: Language, out: &Output) -> Result<(), Failure> {
        let mailer = self.channels.mailer()?.ok_or_else(mail_is_off)?;
        #[expect(clippy::disallowed_methods, reason = "the edge: identifiers are made here")]
        let name = format!("test:{}", Uuid::now_v7());
        match mailer.test(to, language, &name).await {
            Ok(answer) => said(out, &format!("the server has taken the mail: {answer}")),
            Err(NotSent::NotNow(error) | NotSent::Never(error) | NotSent::Unknown(error)) => {
                Err(not_sent(&error))
            }
        }
    }
}

fn said(out: &Output, text: &str) -> Result<(), Failure> {
    if out.json { out.document(&json!({ "sent": true, "answer": text })) } else { out.line(text) }
}

fn not_sent(error: &str) -> Failure {
    Failure::no("not-sent", error.to_owned())
}
