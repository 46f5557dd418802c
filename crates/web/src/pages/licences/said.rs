//! What is said of a licence wherever it is shown.

use parvaneh_core::{LicenceNumber, Organisation, UnitId, definition::Level};
use parvaneh_store::Standing;

use crate::{
    App,
    say::{Said, Words},
    shown::Mark,
};

/// How it stands with it, and the mark of that.
pub(in crate::pages) fn standing(standing: Standing, words: Words) -> (Said, Mark) {
    match standing {
        Standing::InForce => (words.t("mine-licence-in-force"), Mark::Done),
        Standing::Expired => (words.t("mine-licence-expired"), Mark::Late),
        Standing::Suspended => (words.t("mine-licence-suspended"), Mark::Held),
        Standing::Revoked => (words.t("mine-licence-revoked"), Mark::Late),
    }
}

/// Where it is had on paper: its address in Persian, and in English.
pub(in crate::pages) fn papers(app: &App, number: &LicenceNumber) -> Option<[String; 2]> {
    app.settings.licences?;
    let address = format!("/api/v1/licences/{number}/paper");
    let english = format!("{address}?english=true");
    Some([address, english])
}

/// The office that granted it: a county is named with its province, which may be called alike.
pub(in crate::pages) fn granted_at(
    organisation: &Organisation,
    unit: &UnitId,
    words: Words,
) -> String {
    let Some(found) = organisation.get(unit) else { return unit.to_string() };
    let title = words.of(&found.title);
    let above = found.parent.as_ref().and_then(|above| organisation.get(above));
    match (found.level, above) {
        (Level::County, Some(province)) => words
            .t("check-at-county")
            .s("county", title)
            .s("province", words.of(&province.title))
            .into(),
        (Level::Province, _) => words.t("check-at-province").s("province", title).into(),
        _ => title.to_owned(),
    }
}
