//! What is known of the contents of documents. The bytes are kept outside the database; a content
//! belongs to whoever handed it in until a case holds it, and from then on to that case.

use parvaneh_core::{CaseId, Event, Fact, Instant, PersonId, form::FileReference};
use sqlx::{Row, postgres::PgRow};
use uuid::Uuid;

use crate::{Store, StoreError, store::undisturbed};

/// How long somebody can use what he has uploaded before a case holds it, in hours.
pub const UPLOAD_LASTS: i32 = 24;
/// When it is thrown away, in hours: later than it can be used by longer than any request takes.
const UPLOAD_KEPT: i32 = UPLOAD_LASTS + 1;
/// When an arrival that never ended is thrown away, in hours: longer than any arrival takes.
const ARRIVAL_KEPT: i32 = 2;

/// A SHA-256.
type Sha256Hash = [u8; 32];

/// What is known of a content that has come, whole and durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// As the uploader calls it, cleaned; 1 to 255 characters.
    pub name: String,
    /// What it is.
    pub media_type: String,
    /// Its length in bytes.
    pub size: u64,
    /// Its hash.
    pub sha256: Sha256Hash,
    /// Whether a virus scanner looked at it and found nothing.
    pub clean: bool,
}

/// A content that its uploader can attach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its identifier.
    pub id: Uuid,
    /// What is known of it.
    pub arrived: Arrived,
}

impl Upload {
    /// As cases speak of it.
    pub fn reference(&self) -> FileReference {
        let Arrived { name, media_type, size, sha256, .. } = &self.arrived;
        FileReference {
            name: name.clone(),
            media_type: media_type.clone(),
            size: *size,
            sha256: hexadecimal(sha256),
        }
    }
}

/// A content that comes with a request: where the request hands in a file of that hash, the case
/// holds this content from then on. It belongs to no idempotency key: a repeat may bring another one
/// with the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Brought {
    /// The content.
    pub id: Uuid,
    /// Its hash, in hexadecimal digits.
    pub sha256: String,
}

impl From<&Upload> for Brought {
    fn from(upload: &Upload) -> Self {
        Self { id: upload.id, sha256: hexadecimal(&upload.arrived.sha256) }
    }
}

/// A content that a case holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseContent {
    /// Its identifier.
    pub id: Uuid,
    /// The event that handed it in.
    pub seq: u32,
    /// The kind of paper, or the field.
    pub name: String,
    /// Whether `name` is a field.
    pub is_field: bool,
    /// Whether it came from the applicant.
    pub from_applicant: bool,
    /// When it was handed in.
    pub at: Instant,
    /// What the event says of it: what the content must be.
    pub file: FileReference,
    /// Whether a virus scanner looked at it and found nothing.
    pub clean: bool,
}

/// A hash as people write it.
fn hexadecimal(hash: &Sha256Hash) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Store {
    /// Somebody begins to upload a content. Returns whether he may: he has at most `most` that no
    /// case holds.
    ///
    /// # Errors
    /// The database.
    pub async fn begin_upload(
        &self,
        uploader: PersonId,
        id: Uuid,
        most: u32,
    ) -> Result<bool, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let mut transaction = engine.writers.begin().await?;
            // One upload of a person after the other begins, else two would both be the last.
            sqlx::query("select pg_advisory_xact_lock(hashtextextended('upload ' || $1, 0))")
                .bind(uploader.to_string())
                .execute(&mut *transaction)
                .await?;
            let begun = sqlx::query(
                "insert into contents (id, uploader)
                 select $1, $2
                 where (select count(*) from contents where uploader = $2 and not attached) < $3",
            )
            .bind(id)
            .bind(uploader.0)
            .bind(i64::from(most))
            .execute(&mut *transaction)
            .await?;
            transaction.commit().await?;
            Ok(begun.rows_affected() == 1)
        })
        .await
    }

    /// The content is there, whole and durable. Returns whether it had begun: what is thrown away
    /// does not come back.
    ///
    /// # Errors
    /// The database.
    pub async fn upload_arrived(&self, id: Uuid, arrived: Arrived) -> Result<bool, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let done = sqlx::query(
                "update contents set arrived_at = clock_timestamp(), name = $2, media_type = $3,
                        size = $4, sha256 = $5, clean = $6
                 where id = $1 and arrived_at is null",
            )
            .bind(id)
            .bind(&arrived.name)
            .bind(&arrived.media_type)
            .bind(arrived.size as i64)
            .bind(arrived.sha256.as_slice())
            .bind(arrived.clean)
            .execute(&engine.writers)
            .await?;
            Ok(done.rows_affected() == 1)
        })
        .await
    }

    /// A scanner has looked at a content and found nothing.
    ///
    /// # Errors
    /// The database.
    pub async fn upload_is_clean(&self, id: Uuid) -> Result<(), StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let sql = "update contents set clean = true where id = $1 and not clean";
            sqlx::query(sql).bind(id).execute(&engine.writers).await?;
            Ok(())
        })
        .await
    }

    /// Forgets an upload that no case holds, once its bytes are gone. Returns whether there was one.
    ///
    /// # Errors
    /// The database.
    pub async fn forget_upload(&self, id: Uuid) -> Result<bool, StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let sql = "delete from contents where id = $1 and not attached";
            Ok(sqlx::query(sql).bind(id).execute(&engine.writers).await?.rows_affected() == 1)
        })
        .await
    }

    /// Those of these contents that the person can hand in: his own, not too old where neither a case
    /// nor an application that he has begun holds them.
    ///
    /// # Errors
    /// The database.
    pub async fn uploads_of(
        &self,
        uploader: PersonId,
        ids: &[Uuid],
    ) -> Result<Vec<Upload>, StoreError> {
        let rows = sqlx::query(
            "select id, name, media_type, size, sha256, clean from contents
             where id = any($1) and uploader = $2 and arrived_at is not null
               and (attached or begun_at > clock_timestamp() - $3 * interval '1 hour'
                    or exists (select from application_drafts d
                               where d.person = $2 and d.uploads @> array[contents.id]))",
        )
        .bind(ids)
        .bind(uploader.0)
        .bind(UPLOAD_LASTS)
        .fetch_all(&self.engine.readers)
        .await?;
        rows.iter().map(upload).collect()
    }

    /// What can be thrown away: uploads that nobody has attached in time and no application holds that
    /// somebody has begun, and arrivals that never ended. At most so many, the oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn stale_uploads(&self, most: u32) -> Result<Vec<Uuid>, StoreError> {
        let ids = sqlx::query_scalar(
            "select id from contents
             where not attached
               and begun_at < clock_timestamp() - interval '1 hour'
                     * case when arrived_at is null then $2 else $1 end
               and not exists (select from application_drafts d
                               where d.uploads @> array[contents.id])
             order by begun_at limit $3",
        )
        .bind(UPLOAD_KEPT)
        .bind(ARRIVAL_KEPT)
        .bind(i64::from(most));
        Ok(ids.fetch_all(&self.engine.readers).await?)
    }

    /// The contents that a case holds, in the order in which they came.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] for an event that this program cannot read; the database.
    pub async fn contents_of(&self, case: CaseId) -> Result<Vec<CaseContent>, StoreError> {
        let mut reads = self.reads_by_key().await?;
        let rows = sqlx::query(
            "select h.content, h.seq, h.name, h.field, h.from_applicant, c.clean, e.body::text
             from case_contents h
             join case_events e on e.case_id = h.case_id and e.seq = h.seq
             join contents c on c.id = h.content
             where h.case_id = $1
             order by h.seq, h.name",
        )
        .bind(case.0)
        .fetch_all(&mut *reads)
        .await?;
        let held = rows.iter().map(|row| held(case, row));
        Ok(held.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }
}

fn upload(row: &PgRow) -> Result<Upload, StoreError> {
    let arrived = Arrived {
        name: row.try_get("name")?,
        media_type: row.try_get("media_type")?,
        size: row.try_get::<i64, _>("size")? as u64,
        sha256: row.try_get("sha256")?,
        clean: row.try_get("clean")?,
    };
    Ok(Upload { id: row.try_get("id")?, arrived })
}

fn held(case: CaseId, row: &PgRow) -> Result<Option<CaseContent>, StoreError> {
    let (seq, name): (i32, String) = (row.try_get(1)?, row.try_get(2)?);
    let body: String = row.try_get(6)?;
    let event: Event = serde_json::from_str(&body).map_err(|error| StoreError::Unreadable {
        what: format!("event {seq} of the case {case}"),
        why: error.to_string(),
    })?;
    let is_field: bool = row.try_get(3)?;
    let file = files(&event.fact).find(|(named, _)| *named == (name.as_str(), is_field));
    let Some((_, file)) = file else { return Ok(None) };
    Ok(Some(CaseContent {
        id: row.try_get(0)?,
        seq: seq as u32,
        is_field,
        from_applicant: row.try_get(4)?,
        at: event.effective_at,
        file: file.clone(),
        clean: row.try_get(5)?,
        name,
    }))
}

/// The files that a fact hands in, each by the name of its kind of paper or of its field (`true`).
pub(crate) fn files(fact: &Fact) -> impl Iterator<Item = ((&str, bool), &FileReference)> {
    use parvaneh_core::form::Value;
    let paper = match fact {
        Fact::DocumentAttached { document, file, .. } => Some(((document.as_str(), false), file)),
        _ => None,
    };
    let values = match fact {
        Fact::Opened { values, .. } | Fact::Filled { values, .. } => Some(values),
        _ => None,
    };
    let filled = values.into_iter().flatten().filter_map(|(field, value)| match value {
        Value::File(file) => Some(((field.as_str(), true), file)),
        _ => None,
    });
    paper.into_iter().chain(filled)
}
