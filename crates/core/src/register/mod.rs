//! The register of licences: what a licence is, and what the ends of cases do to it.
//!
//! A licence is the fold of what the ends of cases say of it: the grant makes it, later cases renew,
//! amend, suspend, reinstate or revoke it. Each such [`LicenceChange`] tells the licence as it is
//! afterwards, and bears its number among the licence's changes: so the register is rebuilt from
//! timelines alone, in whatever order they come ([`fold`]).

mod about;
mod number;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

pub use about::{
    AboutCase, AboutLicence, Found, FoundCase, FoundLicence, Reference, Running, SpokenOf,
};
pub(crate) use about::{check, standing};
pub use number::{LicenceNumber, NotANumber};

use crate::{PersonId, UnitId, case::Case, definition::ChangeKind, event::Event, jalali};

/// A licence as the register has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredLicence {
    /// Its number.
    pub number: LicenceNumber,
    /// Its kind: `activity`.
    pub kind: String,
    /// Whose it is.
    pub holder: PersonId,
    /// The unit that received the case that granted it.
    pub unit: UnitId,
    /// The day of the grant.
    pub valid_from: NaiveDate,
    /// The last day of its validity.
    pub valid_until: NaiveDate,
    /// What the authority has made of it since.
    pub state: LicenceState,
    /// The mark that it bears.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// How many cases have made and changed it: the grant is 1.
    pub changes: u32,
}

/// What the authority has made of a licence. That it has expired is a matter of the day on which one
/// looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LicenceState {
    /// It was granted.
    Active,
    /// It is suspended, until a case reinstates it.
    Suspended,
    /// It was revoked, for ever.
    Revoked,
}

impl LicenceState {
    /// The word for it, as in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
        }
    }
}

/// What an end did to a licence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenceChange {
    /// What.
    pub effect: Effect,
    /// Whether it changed nothing, because the licence had been revoked meanwhile.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_effect: bool,
    /// The licence as it is afterwards.
    pub licence: RegisteredLicence,
}

/// What can be done to a licence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It was made.
    Granted,
    /// It is valid for longer.
    Renewed,
    /// What it permits changed; its validity did not.
    Amended,
    /// It does not count until it is reinstated.
    Suspended,
    /// It counts again.
    Reinstated,
    /// It has ended for ever.
    Revoked,
}

impl Effect {
    /// The word for it, as in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Renewed => "renewed",
            Self::Amended => "amended",
            Self::Suspended => "suspended",
            Self::Reinstated => "reinstated",
            Self::Revoked => "revoked",
        }
    }
}

/// The last day of a validity of so many months that begins on a day.
///
/// Months are those of the Jalali calendar, and the first day is not counted, as the law counts
/// terms: what is granted for 36 months on 15 Ordibehesht 1403 is valid until the end of 15
/// Ordibehesht 1406. Where the month has no such day, it ends with the month. It does not roll to a
/// working day: a validity is no time in which somebody must act.
pub fn valid_until(from: NaiveDate, months: u32) -> NaiveDate {
    jalali::months_later(from, months)
}

impl LicenceChange {
    /// A licence that `case` is granted on `today`.
    pub(crate) fn grant(
        case: &Case,
        today: NaiveDate,
        licence: &crate::definition::Licence,
    ) -> Self {
        let licence = RegisteredLicence {
            number: LicenceNumber::of(case.id, case.seq, &case.unit, today),
            kind: licence.kind.clone(),
            holder: case.applicant,
            unit: case.unit.clone(),
            valid_from: today,
            valid_until: valid_until(today, licence.valid_months),
            state: LicenceState::Active,
            mark: licence.mark.clone(),
            changes: 1,
        };
        Self { effect: Effect::Granted, without_effect: false, licence }
    }

    /// What becomes of a licence on `today`. A revoked one stays what it is.
    pub(crate) fn of(
        licence: &RegisteredLicence,
        today: NaiveDate,
        kind: ChangeKind,
        mark: Option<&str>,
    ) -> Self {
        let effect = match kind {
            ChangeKind::Renew { .. } => Effect::Renewed,
            ChangeKind::Amend => Effect::Amended,
            ChangeKind::Suspend => Effect::Suspended,
            ChangeKind::Reinstate => Effect::Reinstated,
            ChangeKind::Revoke => Effect::Revoked,
        };
        let mut licence = licence.clone();
        let without_effect = licence.state == LicenceState::Revoked;
        if !without_effect {
            match kind {
                // The days that were left are not lost, and a gap is not filled.
                ChangeKind::Renew { months } => {
                    licence.valid_until = valid_until(licence.valid_until.max(today), months);
                }
                ChangeKind::Amend => {}
                ChangeKind::Suspend => licence.state = LicenceState::Suspended,
                ChangeKind::Reinstate => licence.state = LicenceState::Active,
                ChangeKind::Revoke => licence.state = LicenceState::Revoked,
            }
            if let Some(mark) = mark {
                licence.mark = Some(mark.to_owned());
            }
            licence.changes += 1;
        }
        Self { effect, without_effect, licence }
    }
}

impl Event {
    /// What it did to a licence.
    pub fn licence_change(&self) -> Option<&LicenceChange> {
        self.fact.entry()?.end.as_ref()?.change.as_deref()
    }
}

/// The register that the events of all cases make, in whatever order they are told.
pub fn fold<'e>(
    events: impl IntoIterator<Item = &'e Event>,
) -> BTreeMap<LicenceNumber, RegisteredLicence> {
    let mut register: BTreeMap<LicenceNumber, RegisteredLicence> = BTreeMap::new();
    let changes = events.into_iter().filter_map(Event::licence_change);
    for change in changes.filter(|change| !change.without_effect) {
        let LicenceChange { licence, .. } = change;
        let known = register.entry(licence.number.clone()).or_insert_with(|| licence.clone());
        if known.changes < licence.changes {
            *known = licence.clone();
        }
    }
    register
}
