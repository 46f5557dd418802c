//! A licence on paper: what stands on it, and where anybody checks whether it is in force.

use axum::http::StatusCode;
use chrono::NaiveDate;
use parvaneh_core::Instant;
use parvaneh_export::{LicencePaper, paper::Fact};
use parvaneh_store::LicenceFile;

use super::said::{granted_at, standing};
use crate::{
    App,
    problem::Problem,
    say::{Said, Words},
    shown::Day,
};

/// Sets a licence: bytes of a PDF, or why there are none.
pub type LicenceTypesetter = fn(&LicencePaper) -> Result<Vec<u8>, String>;

/// A licence as a PDF, for who has been found to see it.
///
/// # Errors
/// `format_not_made` where this program was built without, `internal`, and the store's.
pub(crate) async fn licence_pdf(
    app: &App,
    file: &LicenceFile,
    today: NaiveDate,
    words: Words,
) -> Result<Vec<u8>, Problem> {
    let none = || Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "format_not_made");
    let typeset = app.settings.licences.ok_or_else(none)?;
    let paper = paper(app, file, today, words).await?;
    let internal = |why: String| {
        tracing::error!(%why, "a licence cannot be set");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal")
    };
    let _turn = app.typesetting.acquire().await.map_err(|closed| internal(closed.to_string()))?;
    let set = tokio::task::spawn_blocking(move || typeset(&paper)).await;
    set.map_err(|error| internal(error.to_string()))?.map_err(internal)
}

async fn paper(
    app: &App,
    file: &LicenceFile,
    today: NaiveDate,
    words: Words,
) -> Result<LicencePaper, Problem> {
    let number = &file.row.licence.number;
    let known = app.store.licence_in_public(number, today).await?;
    let licence = known.ok_or_else(Problem::not_found)?;
    let definition = app.store.definition(&licence.workflow, Some(licence.version)).await?;
    let organisation = app.store.organisation().await?;
    let office = granted_at(&organisation, &licence.unit, words);
    let day = |date: NaiveDate| -> String {
        let day = Day::of(date, words);
        words.t("licence-paper-day").s("day", day.plain()).s("other", day.other()).into()
    };
    let calendars = app.store.calendars(&definition.calendar).await?;
    let calendar = calendars.for_unit(organisation.path(&licence.unit));
    let decided = |at: Instant| day(calendar.local_date(at));
    let grant = file.changes.iter().find(|change| change.no == 1);
    let fact = |name: Said, value: String| Fact { name: name.into(), value };
    let mut facts = Vec::new();
    facts.extend(licence.holder.map(|name| fact(words.t("check-holder"), name)));
    facts.push(fact(words.t("check-unit"), office.clone()));
    let decided = grant.map(|grant| decided(grant.effective_at));
    facts.extend(decided.map(|at| fact(words.t("licence-paper-decided"), at)));
    facts.push(fact(words.t("check-from"), day(licence.valid_from)));
    facts.push(fact(words.t("check-until"), day(licence.valid_until)));
    let stands = words.t("licence-paper-state").s("day", Day::of(today, words).plain());
    facts.push(fact(stands, standing(licence.standing, words).0.into()));
    Ok(LicencePaper {
        language: words.tag(),
        office,
        title: words.of(&definition.title).to_owned(),
        number_name: words.t("check-number").into(),
        number: number.to_string(),
        subject: file.row.subject.clone(),
        facts,
        note: words.t("licence-paper-note").into(),
        address_name: words.t("licence-paper-address").into(),
        address: format!("{}/check/{number}", app.settings.public_url),
        made_at: app.store.now().await?,
    })
}
