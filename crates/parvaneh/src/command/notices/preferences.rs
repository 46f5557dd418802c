//! `parvaneh notices preferences`: where and how a person is told.

use chrono::NaiveTime;
use clap::{Args, ValueEnum};
use parvaneh_store::{Choice, Language, NoticeKind};
use serde_json::{Map, Value, json};

use crate::{
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    output::{Align, Output, Table},
    who::person,
};

/// Show or change where and how a person is told
///
/// Without an address a person is told in the program only. Without a choice of his own: what is
/// late at once, what will be late and his worklist in the digest, which comes once a working day
/// when there is something to say. A deadline of a task of his own that has passed can wait for the
/// digest, but not be switched off.
#[derive(Debug, Args)]
pub(super) struct Preferences {
    /// Name or identifier
    person: String,
    /// The address to write to
    #[arg(long, value_name = "ADDRESS", conflicts_with = "no_email")]
    email: Option<String>,
    /// Write no mails any more
    #[arg(long)]
    no_email: bool,
    /// In which language
    #[arg(long, value_enum)]
    language: Option<Tongue>,
    /// When on a working day the digest comes (the calendar's local time)
    #[arg(long, value_name = "HH:MM", value_parser = time)]
    digest_at: Option<NaiveTime>,
    /// How he is told of a kind: warning, escalation, own-escalation, worklist, and as an applicant
    /// received, turn, decision; at-once, digest, off
    #[arg(long, value_name = "KIND=HOW", value_parser = choice)]
    set: Vec<(NoticeKind, Choice)>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Tongue {
    Fa,
    En,
}

fn time(text: &str) -> Result<NaiveTime, String> {
    NaiveTime::parse_from_str(text.trim(), "%H:%M").map_err(|_| "write HH:MM, such as 08:00".into())
}

fn choice(text: &str) -> Result<(NoticeKind, Choice), String> {
    let (kind, how) = text.split_once('=').ok_or("write KIND=HOW, such as warning=at-once")?;
    let kind = NoticeKind::named(&kind.trim().replace('-', "_")).ok_or(
        "the kinds are warning, escalation, own-escalation, worklist, received, turn and decision",
    )?;
    let choice = match how.trim() {
        "at-once" => Choice::AtOnce,
        "digest" => Choice::Digest,
        "off" => Choice::Off,
        _ => return Err("write at-once, digest or off".into()),
    };
    if kind.allows(choice) {
        return Ok((kind, choice));
    }
    Err(match kind {
        NoticeKind::OwnEscalation => {
            "that the deadline of one's own task has passed cannot be switched off; it can wait for \
             the digest: own-escalation=digest"
        }
        _ => "a worklist comes in the digest, or not at all: worklist=digest or worklist=off",
    }
    .into())
}

fn shown(name: &str) -> String {
    name.replace('_', "-")
}

impl Preferences {
    pub(super) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        with_database(options, OnSignal::Leave, async |database, _| {
            let store = &database.store;
            let person = person(store, &self.person).await?;
            let mut preferences = store.preferences(person.id).await?;
            let before = preferences.clone();
            if let Some(email) = self.email {
                parvaneh_worker::mail::check_address(&email).map_err(|error| {
                    Failure::no("bad-address", error.to_string())
                        .help("write name@host; only ASCII, and no display name")
                })?;
                preferences.email = Some(email);
            }
            if self.no_email {
                preferences.email = None;
            }
            match self.language {
                Some(Tongue::Fa) => preferences.language = Language::Fa,
                Some(Tongue::En) => preferences.language = Language::En,
                None => {}
            }
            if let Some(at) = self.digest_at {
                preferences.digest_at = at;
            }
            for (kind, choice) in self.set {
                preferences.choices.retain(|(chosen, _)| *chosen != kind);
                preferences.choices.push((kind, choice));
            }
            if preferences != before {
                store.set_preferences(person.id, preferences.clone()).await?;
            }
            let digest_at = preferences.digest_at.format("%H:%M").to_string();
            let kinds = NoticeKind::ALL.map(|kind| (kind, preferences.choice(kind)));
            if out.json {
                let kinds: Map<String, Value> = kinds
                    .iter()
                    .map(|(kind, choice)| (kind.as_str().to_owned(), json!(choice.as_str())))
                    .collect();
                return out.document(&json!({
                    "person": person.id,
                    "email": preferences.email,
                    "language": preferences.language.as_str(),
                    "digest_at": digest_at,
                    "kinds": kinds,
                }));
            }
            let mut table = Table::new(out, &[("what", Align::Left), ("how", Align::Left)]);
            let email =
                preferences.email.unwrap_or_else(|| "none: told in the program only".into());
            table.row(["address".to_owned(), email]);
            table.row(["language".to_owned(), preferences.language.as_str().to_owned()]);
            table.row(["digest at".to_owned(), digest_at]);
            for (kind, choice) in kinds {
                table.row([shown(kind.as_str()), shown(choice.as_str())]);
            }
            out.line(table.render(""))
        })
    }
}
