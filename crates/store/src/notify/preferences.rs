//! Where and how a person is told.

use chrono::NaiveTime;
use parvaneh_core::{CalendarId, PersonId};
use sqlx::{PgConnection, Row, postgres::PgRow};

use crate::{
    Store, StoreError,
    batch::{DECISION, INFORMATION, RECEIVED, TURN},
    store::undisturbed,
};

/// In which language a person is written to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// Persian, from right to left, with the dates of the Jalali calendar.
    #[default]
    Fa,
    /// English.
    En,
}

impl Language {
    /// Its tag.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fa => "fa",
            Self::En => "en",
        }
    }
}

/// What a person can be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// A deadline comes near.
    Warning,
    /// A deadline of somebody else has passed, and he is the one to be told.
    Escalation,
    /// The deadline of a task of his own has passed. It can wait for the digest, but nobody can
    /// choose not to know it.
    OwnEscalation,
    /// What lies on his worklist and is late, or will be within three working days.
    Worklist,
    /// Somebody has brought a case to his notice.
    Information,
    /// To an applicant: his application was received.
    Received,
    /// To an applicant: his case waits for him.
    Turn,
    /// To an applicant: his case has ended, and how.
    Decision,
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Warning,
        Self::Escalation,
        Self::OwnEscalation,
        Self::Worklist,
        Self::Information,
        Self::Received,
        Self::Turn,
        Self::Decision,
    ];

    /// Its name in the database and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Escalation => "escalation",
            Self::OwnEscalation => "own_escalation",
            Self::Worklist => "worklist",
            Self::Information => INFORMATION,
            Self::Received => RECEIVED,
            Self::Turn => TURN,
            Self::Decision => DECISION,
        }
    }

    /// The kind of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// What holds for a person who has chosen nothing: only what is late interrupts him.
    pub fn default_choice(self) -> Choice {
        match self {
            Self::Warning | Self::Worklist | Self::Information => Choice::Digest,
            Self::Escalation
            | Self::OwnEscalation
            | Self::Received
            | Self::Turn
            | Self::Decision => Choice::AtOnce,
        }
    }

    /// Whether a person can choose that.
    pub fn allows(self, choice: Choice) -> bool {
        match self {
            Self::Warning
            | Self::Escalation
            | Self::Information
            | Self::Received
            | Self::Turn
            | Self::Decision => true,
            Self::OwnEscalation => choice != Choice::Off,
            Self::Worklist => choice != Choice::AtOnce,
        }
    }
}

/// How a person is told of a kind of notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Choice {
    /// By a mail of its own.
    AtOnce,
    /// In the mail that comes once a working day.
    Digest,
    /// By no mail. The program itself shows it all the same.
    Off,
}

impl Choice {
    /// Its name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AtOnce => "at_once",
            Self::Digest => "digest",
            Self::Off => "off",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::AtOnce, Self::Digest, Self::Off].into_iter().find(|choice| choice.as_str() == name)
    }
}

/// Where and how a person is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preferences {
    /// His address; without one he gets no mail.
    pub email: Option<String>,
    /// In which language.
    pub language: Language,
    /// When on a working day the digest comes, by the local time of the calendar.
    pub digest_at: NaiveTime,
    /// The calendar.
    pub calendar: CalendarId,
    /// What he has chosen; for the other kinds the default holds.
    pub choices: Vec<(NoticeKind, Choice)>,
}

/// How a person wants to be told: what of [`Preferences`] he chooses himself. His address is none of it,
/// because by it he gets back into his account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wishes {
    /// In which language.
    pub language: Language,
    /// When on a working day the digest comes.
    pub digest_at: NaiveTime,
    /// What he has chosen; for the other kinds the default holds.
    pub choices: Vec<(NoticeKind, Choice)>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            email: None,
            language: Language::default(),
            digest_at: NaiveTime::from_hms_opt(8, 0, 0).unwrap_or_default(),
            calendar: CalendarId::from("ir"),
            choices: Vec::new(),
        }
    }
}

impl Preferences {
    /// What holds for a kind.
    pub fn choice(&self, kind: NoticeKind) -> Choice {
        let chosen = self.choices.iter().find(|(chosen, _)| *chosen == kind);
        chosen.map_or(kind.default_choice(), |(_, choice)| *choice)
    }
}

/// Part of the statement that delivers notices: each that somebody wants by e-mail becomes a
/// delivery, with the notice. Whether he is told as the owner of the task, the event says.
/// The defaults are those of [`NoticeKind::default_choice`].
pub(crate) const LATER_BY_MAIL: &str = "
    mailed as (
        insert into deliveries (about, channel, target, no, kind, state, created_at)
        select t.case_id, 'email', t.person, t.seq, k.kind,
               case how.choice when 'at_once' then 'waiting' else 'gathered' end, t.created_at
        from told t
        cross join lateral (
            select email from notice_preferences where person = t.person and email is not null
            limit 1
        ) wanted
        cross join lateral (
            select bool_or(c.own) as own from (
                select (e.body -> 'fact' -> 'tell' -> m.no ->> 'as') = 'owner' as own
                from meant m
                cross join lateral (
                    select body from case_events
                    where case_id = m.case_id and seq = m.seq limit 1
                ) e
                where m.person = t.person and m.case_id = t.case_id and m.seq = t.seq
            ) c
        ) told_as
        cross join lateral (
            select case when t.kind = 'escalation' and told_as.own then 'own_escalation'
                        else t.kind end as kind
        ) k
        cross join lateral (
            select coalesce(
                (select choice from notice_choices where person = t.person and kind = k.kind),
                case when k.kind in ('warning', 'information') then 'digest' else 'at_once' end) as choice
        ) how
        where how.choice <> 'off'
        on conflict (about, channel, target, no) do nothing
        returning 1
    )";

const READ: &str = "
    select p.email, p.language, p.digest_at, p.calendar,
           array(select kind from notice_choices c where c.person = p.person order by kind),
           array(select choice from notice_choices c where c.person = p.person order by kind)
    from notice_preferences p where p.person = $1";

impl Store {
    /// Where and how a person is told; the defaults where nothing was ever said.
    ///
    /// # Errors
    /// The database.
    pub async fn preferences(&self, person: PersonId) -> Result<Preferences, StoreError> {
        let row = sqlx::query(READ).bind(person.0).fetch_optional(&self.engine.readers).await?;
        row.as_ref().map_or_else(|| Ok(Preferences::default()), preferences)
    }

    /// Replaces where and how a person is told. What waits to be sent already is sent as it was
    /// chosen then.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for an unknown person, or a choice that the kind does not allow.
    pub async fn set_preferences(
        &self,
        person: PersonId,
        preferences: Preferences,
    ) -> Result<(), StoreError> {
        allowed(&preferences.choices)?;
        let engine = self.engine.clone();
        undisturbed(async move {
            let mut in_tx = engine.writers.begin().await?;
            sqlx::query(
                "insert into notice_preferences (person, email, language, digest_at, calendar)
                 values ($1, $2, $3, $4, $5)
                 on conflict (person) do update set
                    email = excluded.email, language = excluded.language,
                    digest_at = excluded.digest_at, calendar = excluded.calendar,
                    updated_at = excluded.updated_at",
            )
            .bind(person.0)
            .bind(&preferences.email)
            .bind(preferences.language.as_str())
            .bind(preferences.digest_at)
            .bind(preferences.calendar.as_str())
            .execute(&mut *in_tx)
            .await?;
            choose_in_tx(&mut in_tx, person, &preferences.choices).await?;
            in_tx.commit().await?;
            Ok(())
        })
        .await
    }

    /// Replaces what a person chooses himself of how he is told: see [`Wishes`].
    ///
    /// # Errors
    /// As [`Store::set_preferences`].
    pub async fn choose_notices(&self, person: PersonId, wishes: Wishes) -> Result<(), StoreError> {
        allowed(&wishes.choices)?;
        let engine = self.engine.clone();
        undisturbed(async move {
            let mut in_tx = engine.writers.begin().await?;
            sqlx::query(
                "insert into notice_preferences (person, language, digest_at, calendar)
                 values ($1, $2, $3, $4)
                 on conflict (person) do update set
                    language = excluded.language, digest_at = excluded.digest_at,
                    updated_at = excluded.updated_at",
            )
            .bind(person.0)
            .bind(wishes.language.as_str())
            .bind(wishes.digest_at)
            .bind(Preferences::default().calendar.as_str())
            .execute(&mut *in_tx)
            .await?;
            choose_in_tx(&mut in_tx, person, &wishes.choices).await?;
            in_tx.commit().await?;
            Ok(())
        })
        .await
    }
}

fn allowed(choices: &[(NoticeKind, Choice)]) -> Result<(), StoreError> {
    match choices.iter().find(|(kind, choice)| !kind.allows(*choice)) {
        None => Ok(()),
        Some((kind, choice)) => {
            let what = format!("the choice '{}' for '{}'", choice.as_str(), kind.as_str());
            Err(StoreError::Unknown(what))
        }
    }
}

async fn choose_in_tx(
    in_tx: &mut PgConnection,
    person: PersonId,
    choices: &[(NoticeKind, Choice)],
) -> Result<(), StoreError> {
    sqlx::query("delete from notice_choices where person = $1")
        .bind(person.0)
        .execute(&mut *in_tx)
        .await?;
    let (kinds, choices): (Vec<_>, Vec<_>) =
        choices.iter().map(|(k, c)| (k.as_str(), c.as_str())).unzip();
    sqlx::query(
        "insert into notice_choices (person, kind, choice)
         select $1, * from unnest($2::text[], $3::text[])",
    )
    .bind(person.0)
    .bind(kinds)
    .bind(choices)
    .execute(in_tx)
    .await?;
    Ok(())
}

fn preferences(row: &PgRow) -> Result<Preferences, StoreError> {
    let (kinds, choices): (Vec<String>, Vec<String>) = (row.try_get(4)?, row.try_get(5)?);
    let chosen = kinds.iter().zip(&choices);
    Ok(Preferences {
        email: row.try_get(0)?,
        language: language(row.try_get(1)?),
        digest_at: row.try_get(2)?,
        calendar: CalendarId::from(row.try_get::<String, _>(3)?),
        choices: chosen
            .filter_map(|(kind, choice)| Some((NoticeKind::named(kind)?, Choice::named(choice)?)))
            .collect(),
    })
}

/// The table holds no other than the two.
pub(crate) fn language(tag: &str) -> Language {
    if tag == "en" { Language::En } else { Language::Fa }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_without_a_choice_could_be_chosen() {
        for kind in NoticeKind::ALL {
            assert!(kind.allows(kind.default_choice()), "{kind:?}");
            assert_eq!(NoticeKind::named(kind.as_str()), Some(kind));
        }
        assert!(!NoticeKind::OwnEscalation.allows(Choice::Off));
    }
}
