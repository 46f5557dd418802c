//! Links by which another body answers one inquiry, once, without logging in.
//!
//! The text of a link holds what it opens (its number, the case, the task, the branch, its end) and a
//! signature of that by the installation's key. So it cannot be altered, and whoever has a copy of the
//! database makes none. Whether it was used or taken back stands in the database.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use parvaneh_core::{BranchId, CaseId, LinkId, PersonId, RoleId, UnitId};
use sqlx::Row;
use uuid::Uuid;

use crate::{Store, StoreError, store::undisturbed, vault::Vault};

/// How the text of a link begins.
const PREFIX: &str = "pvi_";
/// How what is signed begins.
const VERSION: u8 = 1;
/// The bytes before the name of the branch: version, link, case, task, end.
const FIXED: usize = 1 + 16 + 16 + 4 + 8;
/// HMAC-SHA-256.
const SIGNATURE: usize = 32;

/// What a link opens, as its text says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InquiryLink {
    /// Its number.
    pub id: LinkId,
    /// The case.
    pub case: CaseId,
    /// The task of the inquiry.
    pub task: u32,
    /// The inquiry.
    pub branch: BranchId,
    /// From when on it opens nothing, by the server's clock, to the second.
    pub expires_at: DateTime<Utc>,
}

/// A link that is made.
#[derive(Clone, Debug)]
pub struct NewInquiryLink {
    /// Its number.
    pub id: LinkId,
    /// The case.
    pub case: CaseId,
    /// The task of the inquiry.
    pub task: u32,
    /// The inquiry.
    pub branch: BranchId,
    /// Who of the body answers by it.
    pub person: PersonId,
    /// Who makes it.
    pub made_by: PersonId,
    /// How long it opens the inquiry.
    pub lasts: Duration,
}

/// A link, as those who work on the case see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InquiryLinkRow {
    /// Its number.
    pub id: LinkId,
    /// Who of the body answers by it.
    pub person: PersonId,
    /// Who made it.
    pub made_by: PersonId,
    /// When.
    pub made_at: DateTime<Utc>,
    /// From when on it opens nothing.
    pub expires_at: DateTime<Utc>,
    /// When the answer came by it.
    pub used_at: Option<DateTime<Utc>>,
    /// When it was taken back.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl InquiryLink {
    fn signed(&self, vault: &Vault) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(self.id.0.as_bytes());
        bytes.extend_from_slice(self.case.0.as_bytes());
        bytes.extend_from_slice(&self.task.to_be_bytes());
        bytes.extend_from_slice(&self.expires_at.timestamp().to_be_bytes());
        bytes.extend_from_slice(self.branch.as_str().as_bytes());
        bytes.extend_from_slice(&vault.sign(&bytes));
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What a text opens, if it was signed by this key, to the letter.
    fn read(vault: &Vault, text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let (signed, signature) = bytes.split_at_checked(bytes.len().checked_sub(SIGNATURE)?)?;
        if signed.len() < FIXED || signed[0] != VERSION || !vault.has_signed(signed, signature) {
            return None;
        }
        let (fixed, branch) = signed.split_at(FIXED);
        let end = i64::from_be_bytes(fixed[37..45].try_into().ok()?);
        Some(Self {
            id: LinkId(Uuid::from_slice(&fixed[1..17]).ok()?),
            case: CaseId(Uuid::from_slice(&fixed[17..33]).ok()?),
            task: u32::from_be_bytes(fixed[33..37].try_into().ok()?),
            branch: BranchId::from(std::str::from_utf8(branch).ok()?),
            expires_at: DateTime::from_timestamp(end, 0)?,
        })
    }
}

impl Store {
    /// Makes a link; its text is told once and kept nowhere.
    ///
    /// # Errors
    /// [`StoreError::NoKey`]; the database.
    pub async fn add_inquiry_link(
        &self,
        new: NewInquiryLink,
    ) -> Result<(InquiryLink, String), StoreError> {
        self.vault()?;
        let engine = self.engine.clone();
        let made = undisturbed(async move {
            let NewInquiryLink { id, case, task, branch, person, made_by, lasts } = new;
            let sql = "
                insert into inquiry_links (id, case_id, task, branch, person, made_by, expires_at)
                values ($1, $2, $3, $4, $5, $6,
                        date_trunc('second', clock_timestamp() + $7 * interval '1 second'))
                returning expires_at";
            let expires_at = sqlx::query_scalar(sql)
                .bind(id.0)
                .bind(case.0)
                .bind(task as i32)
                .bind(branch.as_str())
                .bind(person.0)
                .bind(made_by.0)
                .bind(lasts.as_secs_f64())
                .fetch_one(&engine.writers)
                .await?;
            Ok::<_, StoreError>(InquiryLink { id, case, task, branch, expires_at })
        })
        .await?;
        let text = made.signed(self.vault()?);
        Ok((made, text))
    }

    /// What a link opens, and who answers by it; `None` when it opens nothing, whatever the reason: it
    /// was not signed here, used, taken back, its time is over, or its person is shut out.
    ///
    /// # Errors
    /// [`StoreError::NoKey`]; the database.
    pub async fn inquiry_link(
        &self,
        text: &str,
    ) -> Result<Option<(InquiryLink, PersonId)>, StoreError> {
        let Some(link) = InquiryLink::read(self.vault()?, text) else { return Ok(None) };
        let sql = "
            select l.person from inquiry_links l
            left join accounts a on a.person = l.person
            where l.id = $1 and l.case_id = $2 and l.task = $3 and l.branch = $4
              and l.expires_at = $5 and l.expires_at > clock_timestamp()
              and l.used_at is null and l.revoked_at is null and a.disabled_at is null";
        let person: Option<Uuid> = sqlx::query_scalar(sql)
            .bind(link.id.0)
            .bind(link.case.0)
            .bind(link.task as i32)
            .bind(link.branch.as_str())
            .bind(link.expires_at)
            .fetch_optional(&self.engine.readers)
            .await?;
        Ok(person.map(|person| (link, PersonId(person))))
    }

    /// Notes that the answer came by a link: it opens nothing any more.
    ///
    /// # Errors
    /// The database.
    pub async fn use_inquiry_link(&self, id: LinkId) -> Result<(), StoreError> {
        let engine = self.engine.clone();
        undisturbed(async move {
            let sql = "update inquiry_links set used_at = clock_timestamp()
                       where id = $1 and used_at is null";
            sqlx::query(sql).bind(id.0).execute(&engine.writers).await?;
            Ok(())
        })
        .await
    }

    /// Takes a link for an inquiry back, and says whether there was one that still opened something.
    ///
    /// # Errors
    /// The database.
    pub async fn revoke_inquiry_link(
        &self,
        case: CaseId,
        branch: &BranchId,
        id: LinkId,
        by: PersonId,
    ) -> Result<bool, StoreError> {
        let (engine, branch) = (self.engine.clone(), branch.clone());
        undisturbed(async move {
            let sql = "
                update inquiry_links set revoked_at = clock_timestamp(), revoked_by = $4
                where id = $1 and case_id = $2 and branch = $3
                  and used_at is null and revoked_at is null and expires_at > clock_timestamp()";
            let done = sqlx::query(sql)
                .bind(id.0)
                .bind(case.0)
                .bind(branch.as_str())
                .bind(by.0)
                .execute(&engine.writers)
                .await?;
            Ok(done.rows_affected() == 1)
        })
        .await
    }

    /// The links that were made for an inquiry, the oldest first.
    ///
    /// # Errors
    /// The database.
    pub async fn inquiry_links(
        &self,
        case: CaseId,
        branch: &BranchId,
    ) -> Result<Vec<InquiryLinkRow>, StoreError> {
        let sql = "
            select id, person, made_by, made_at, expires_at, used_at, revoked_at
            from inquiry_links where case_id = $1 and branch = $2 order by made_at, id limit 200";
        let rows = sqlx::query(sql).bind(case.0).bind(branch.as_str());
        let rows = rows.fetch_all(&mut *self.reads().await?).await?;
        let row = |row: &sqlx::postgres::PgRow| {
            Ok(InquiryLinkRow {
                id: LinkId(row.try_get(0)?),
                person: PersonId(row.try_get(1)?),
                made_by: PersonId(row.try_get(2)?),
                made_at: row.try_get(3)?,
                expires_at: row.try_get(4)?,
                used_at: row.try_get(5)?,
                revoked_at: row.try_get(6)?,
            })
        };
        rows.iter().map(row).collect()
    }

    /// Who answers for a body at a unit: of those who hold its role there or above and are not shut out,
    /// the nearest, and of these the one who has held it longest.
    ///
    /// # Errors
    /// The database.
    pub async fn answers_for(
        &self,
        body: &RoleId,
        unit: &UnitId,
    ) -> Result<Option<(PersonId, String)>, StoreError> {
        let sql = "
            select p.id, p.name
            from grants g
            join unit_closure up on up.above = g.unit_id and up.unit = $2
            join people p on p.id = g.person
            left join accounts a on a.person = g.person
            where g.role = $1 and a.disabled_at is null
            order by up.distance, g.granted_at, p.id limit 1";
        let found: Option<(Uuid, String)> = sqlx::query_as(sql)
            .bind(body.as_str())
            .bind(unit.as_str())
            .fetch_optional(&self.engine.readers)
            .await?;
        Ok(found.map(|(person, name)| (PersonId(person), name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SecretKey;

    #[test]
    fn what_is_signed_is_read_and_nothing_that_was_altered() {
        let vault = |byte| Vault::new(&SecretKey::of([byte; 32])).unwrap();
        let link = InquiryLink {
            id: LinkId(Uuid::from_u128(1)),
            case: CaseId(Uuid::from_u128(2)),
            task: 7,
            branch: BranchId::from("police"),
            expires_at: "2026-01-01T00:00:00Z".parse().unwrap(),
        };
        let text = link.signed(&vault(1));
        assert_eq!(InquiryLink::read(&vault(1), &text).unwrap(), link);
        assert_eq!(InquiryLink::read(&vault(2), &text), None, "of another installation");
        let bytes = URL_SAFE_NO_PAD.decode(&text[PREFIX.len()..]).unwrap();
        for place in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[place] ^= 1;
            let altered = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&altered));
            assert_eq!(InquiryLink::read(&vault(1), &altered), None, "byte {place}");
            let short = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&bytes[..place]));
            assert_eq!(InquiryLink::read(&vault(1), &short), None, "{place} bytes");
        }
        for wrong in ["", "pvi_", "pvi_!", &text[PREFIX.len()..], &format!("{text}A")] {
            assert_eq!(InquiryLink::read(&vault(1), wrong), None, "{wrong}");
        }
    }
}
