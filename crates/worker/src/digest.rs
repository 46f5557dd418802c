//! The mail that comes once a working day: when it is due, and what it says.

use std::{sync::Arc, time::Duration};

use chrono::{NaiveDate, TimeDelta};
use parvaneh_core::{Calendars, Instant, PersonId, Term, calendar::after};
use parvaneh_store::{
    Choice, Claimed, DigestCandidate, Language, NoticeKind, Preferences, Store, StoreError,
    WorkItem,
};

use crate::{
    Shutdown,
    mail::{self, Item, Letter},
};

/// How far ahead a digest looks, in working days.
const AHEAD: u32 = 3;
/// How many lines each of its parts has at most.
const LINES: usize = 50;
/// How many people are looked at in one go.
const PAGE: u32 = 500;

/// Begins the digests whose hour has come. Says how many.
///
/// # Errors
/// The database; what was begun is begun, and the rest is found again.
pub async fn plan(store: &Store) -> Result<u64, StoreError> {
    let now = store.now().await?;
    // No place on earth is further ahead.
    let latest = (now + TimeDelta::hours(14)).date_naive();
    let mut begun = 0;
    let mut after = None;
    loop {
        let page = store.digest_candidates(latest, after, PAGE).await?;
        for candidate in &page {
            match due(store, candidate, now).await {
                Ok(Some((day, working))) => {
                    begun += u64::from(store.begin_digest(candidate.person, day, working).await?);
                }
                Ok(None) => {}
                // His calendar is not published any more: nobody else's concern.
                Err(StoreError::NoSuchCalendar(calendar)) => {
                    tracing::warn!(person.id = %candidate.person, %calendar, "no digest: no such calendar");
                }
                Err(error) => return Err(error),
            }
        }
        match page.last() {
            Some(last) if page.len() == PAGE as usize => after = Some(last.person),
            _ => return Ok(begun),
        }
    }
}

/// The day that is to be settled for somebody now, and whether it is a working day for him: at one of
/// the units at which he holds a role, or else in the nation.
async fn due(
    store: &Store,
    candidate: &DigestCandidate,
    now: Instant,
) -> Result<Option<(NaiveDate, bool)>, StoreError> {
    let calendars = store.calendars(&candidate.calendar).await?;
    let local = now.with_timezone(&calendars.national().zone());
    let day = local.date_naive();
    if candidate.digested_on.is_some_and(|settled| settled >= day) {
        return Ok(None);
    }
    let working = works(store, &calendars, candidate, day).await?;
    if working && local.time() < candidate.digest_at {
        return Ok(None);
    }
    Ok(Some((day, working)))
}

async fn works(
    store: &Store,
    calendars: &Arc<Calendars>,
    candidate: &DigestCandidate,
    day: NaiveDate,
) -> Result<bool, StoreError> {
    let organisation = store.organisation().await?;
    let mut units = candidate.units.iter().peekable();
    if units.peek().is_none() {
        return Ok(calendars.national().day(day).is_open());
    }
    Ok(units.any(|unit| calendars.for_unit(organisation.path(unit)).day(day).is_open()))
}

/// What there is to be said.
pub(crate) enum Found {
    /// A digest.
    Letter {
        /// Where to.
        email: String,
        /// In which language.
        language: Language,
        /// What it says.
        letter: Letter,
    },
    /// Why there is none.
    Nothing(&'static str),
}

/// What the digest that was claimed says now.
pub(crate) async fn letter(store: &Store, claimed: &Claimed) -> Result<Found, StoreError> {
    let person = PersonId(claimed.reason.target);
    let preferences = store.preferences(person).await?;
    let (Some(email), Some(day)) = (preferences.email.clone(), claimed.reason.day()) else {
        return Ok(Found::Nothing("the person has no address"));
    };
    let language = preferences.language;
    let mut letter =
        Letter { day, late: Vec::new(), soon: Vec::new(), notices: Vec::new(), more: 0 };
    for (kind, due) in store.gathered(&claimed.reason, LINES as u32).await? {
        let facts = mail::facts(store, &due).await?;
        let (subject, step, deadline) = (facts.subject, facts.step, facts.deadline);
        letter.notices.push(Item { kind, subject, step, deadline });
    }
    if preferences.choice(NoticeKind::Worklist) != Choice::Off {
        tasks(store, person, &preferences, &mut letter).await?;
    }
    if letter.late.is_empty() && letter.soon.is_empty() && letter.notices.is_empty() {
        return Ok(Found::Nothing("there is nothing to say"));
    }
    Ok(Found::Letter { email, language, letter })
}

async fn tasks(
    store: &Store,
    person: PersonId,
    preferences: &Preferences,
    letter: &mut Letter,
) -> Result<(), StoreError> {
    let (items, total, now) = store.worklist_for_digest(person, 2 * LINES as u32).await?;
    let calendars = store.calendars(&preferences.calendar).await?;
    let organisation = store.organisation().await?;
    for item in &items {
        let Some(due) = item.due_at else { continue };
        let calendar = calendars.for_unit(organisation.path(&item.unit));
        let part = if item.overdue {
            &mut letter.late
        } else if after(calendar, now, Term::working_days(AHEAD)).is_ok_and(|soon| due <= soon) {
            &mut letter.soon
        } else {
            continue;
        };
        if part.len() < LINES {
            part.push(line(store, item, due, preferences.language, &calendars).await?);
        }
    }
    let told = letter.late.len() + letter.soon.len();
    letter.more = total.saturating_sub(told as u32);
    Ok(())
}

async fn line(
    store: &Store,
    item: &WorkItem,
    due: Instant,
    language: Language,
    calendars: &Calendars,
) -> Result<Item, StoreError> {
    let definition = store.definition(&item.workflow, Some(item.version)).await?;
    let step = definition.steps.get(&item.step).map(|step| match language {
        Language::Fa => step.title.fa.clone(),
        Language::En => step.title.en.clone(),
    });
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(Item {
        kind: String::new(),
        subject: one_line(&item.subject),
        step: step.unwrap_or_else(|| item.step.to_string()),
        deadline: mail::moment(due, calendars.national().zone(), language),
    })
}

/// Looks for digests whose hour has come, until shutdown begins.
pub(crate) async fn run(store: &Store, every: Duration, mut shutdown: Shutdown) {
    while !shutdown.has_begun() {
        match plan(store).await {
            Ok(0) => {}
            Ok(begun) => tracing::debug!(begun, "digests begin"),
            Err(error) => {
                tracing::warn!(%error, error.code = error.code(), "digests were not begun");
            }
        }
        tokio::select! {
            () = shutdown.begins() => break,
            () = tokio::time::sleep(every) => {}
        }
    }
}
