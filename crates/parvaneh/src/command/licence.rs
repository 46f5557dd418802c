//! `parvaneh licence`: the register of licences.

mod list;
mod show;

use chrono::NaiveDate;
use chrono_tz::Tz;
use clap::Subcommand;
use parvaneh_core::{
    CaseId, LicenceNumber,
    definition::Text,
    register::{AboutCase, LicenceChange, Reference, SpokenOf},
};
use parvaneh_store::{LicenceRow, Standing, Store};
use serde_json::{Value, json};

use crate::{
    config::{Lang, Options},
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    output::{Output, date},
};

/// Look into the register of licences
///
/// The ends of cases make and change licences; nobody writes here by hand.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  parvaneh licence list --unit 23 --expires-until 1404/06/31
  parvaneh licence show 1403-2301-7K3M9-QX2TV
  parvaneh case open renewal --unit 2301 --subject Yas --about 1403-2301-7K3M9-QX2TV --as Maryam")]
pub(crate) enum Command {
    List(list::List),
    Show(show::Show),
}

impl Command {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        with_database(options, OnSignal::Leave, async |database, _| {
            let store = &database.store;
            match self {
                Self::List(list) => list.run(store, out).await,
                Self::Show(show) => show.run(store, out).await,
            }
        })
    }
}

/// The number of a licence, or what is wrong with it.
fn parse_licence(text: &str) -> Result<LicenceNumber, String> {
    LicenceNumber::typed(text).map_err(|error| error.to_string())
}

/// What `--about` names: a licence by its number, or a case by its identifier.
pub(super) fn parse_about(text: &str) -> Result<Reference, String> {
    if let Ok(case) = text.trim().parse::<CaseId>() {
        return Ok(Reference::Case(case));
    }
    LicenceNumber::typed(text).map(Reference::Licence).map_err(|_| {
        "it is the number of a licence, such as 1403-2301-7K3M9-QX2TV, or the identifier of a case"
            .to_owned()
    })
}

/// The zone by whose days validities are shown, and the day that it is there.
async fn today(store: &Store) -> Result<(Tz, NaiveDate), Failure> {
    let zone = super::sitting::zone(store).await?;
    Ok((zone, store.now().await?.with_timezone(&zone).date_naive()))
}

/// How it stands with a licence, in words.
fn standing(row: &LicenceRow, lang: Lang) -> &'static str {
    match row.standing {
        Standing::InForce if row.stays_for.is_some() => {
            lang.of("معتبر تا تصمیم درباره تمدید", "in force until its renewal is decided")
        }
        Standing::InForce => lang.of("معتبر", "in force"),
        Standing::Expired => lang.of("منقضی", "expired"),
        Standing::Suspended => lang.of("تعلیق", "suspended"),
        Standing::Revoked => lang.of("لغو", "revoked"),
    }
}

/// What was done to a licence, in words.
fn effect(effect: &str) -> Text {
    let (fa, en) = match effect {
        "granted" => ("صدور", "granted"),
        "renewed" => ("تمدید", "renewed"),
        "amended" => ("اصلاح", "amended"),
        "suspended" => ("تعلیق", "suspended"),
        "reinstated" => ("رفع تعلیق", "reinstated"),
        "revoked" => ("لغو", "revoked"),
        other => (other, other),
    };
    Text { fa: fa.to_owned(), en: en.to_owned() }
}

/// What an end did to a licence: `licence 1403-2301-… renewed, valid until 1406/02/01`.
pub(super) fn change_in_words(change: &LicenceChange, out: &Output) -> String {
    let LicenceChange { effect: kind, licence, without_effect } = change;
    let word = effect(kind.as_str());
    let (fa, en) = (word.fa.as_str(), word.en.as_str());
    let word = out.lang.of(fa, en);
    let number = &licence.number;
    if *without_effect {
        let why = out.lang.of("بی‌اثر: پروانه لغو شده است", "without effect: it had been revoked");
        return format!("licence {number} {word}, {why}");
    }
    format!("licence {number} {word}, valid until {}", date(licence.valid_until, out.dates))
}

/// What a case is about: `licence 1403-2301-…`.
pub(super) fn about_in_words(about: &SpokenOf) -> String {
    match about {
        SpokenOf::Licence(about) => {
            let stays = if about.stays_in_force { ", in force until the decision" } else { "" };
            format!("licence {} ({}){stays}", about.licence.number, about.licence.kind)
        }
        SpokenOf::Case(AboutCase { case, workflow, late, .. }) => {
            format!("case {case} ({workflow}{})", if *late { ", late" } else { "" })
        }
    }
}

/// A licence as a JSON object.
fn document(row: &LicenceRow) -> Value {
    let mut document = json!(row.licence);
    document["standing"] = json!(row.standing.as_str());
    document["subject"] = json!(row.subject);
    document["granted_by"] = json!(row.granted_by);
    document["changed_by"] = json!(row.changed_by);
    document["changed_at"] = json!(row.changed_at);
    document["stays_in_force_for"] = json!(row.stays_for);
    document
}
