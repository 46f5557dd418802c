//! What a bundle holds beside timelines: the organisation, all definitions, all states of calendars.

use parvaneh_core::{
    CalendarId, Organisation, Unit, WorkflowId,
    audit::{CalendarFileLine, CalendarLine, DefinitionLine, Kind, OrganisationLine, Writer},
};
use sqlx::PgPool;

use crate::{StoreError, closure};

pub(super) async fn write(
    pool: &PgPool,
    organisation: &Organisation,
    writer: &mut Writer,
    out: &mut Vec<u8>,
) -> Result<(), StoreError> {
    let mut units: Vec<Unit> = organisation.units().cloned().collect();
    units.sort_by(|one, other| one.id.cmp(&other.id));
    writer.line(&OrganisationLine { kind: Kind::Organisation, units: units.into() }, out);
    let definitions: Vec<(String, i32, String, String)> = sqlx::query_as(
        "select workflow, version, hash, source from definitions order by workflow, version",
    )
    .fetch_all(pool)
    .await?;
    for (workflow, version, hash, text) in definitions {
        let (workflow, version) = (WorkflowId::from(workflow), version as u32);
        let (hash, text) = (hash.into(), text.into());
        writer.line(&DefinitionLine { kind: Kind::Definition, workflow, version, hash, text }, out);
    }
    let files: Vec<(String, String, String)> =
        sqlx::query_as("select id, version, source from calendars order by id, published_at")
            .fetch_all(pool)
            .await?;
    for (calendar, hash, text) in files {
        let calendar = CalendarId::from(calendar);
        let (hash, text) = (hash.into(), text.into());
        writer.line(&CalendarFileLine { kind: Kind::CalendarFile, calendar, hash, text }, out);
    }
    let ids: Vec<String> =
        sqlx::query_scalar("select distinct id from calendars order by id").fetch_all(pool).await?;
    for calendar in ids.into_iter().map(CalendarId::from) {
        for (state, closures) in closure::every_state(pool, &calendar).await? {
            let line = CalendarLine {
                kind: Kind::Calendar,
                calendar: calendar.clone(),
                revision: state.revision.no,
                since: state.revision.since,
                version: state.revision.version.into(),
                file: state.file.into(),
                closures,
            };
            writer.line(&line, out);
        }
    }
    Ok(())
}
