//! Who has looked at what, the latest first.

use std::{fmt, str::FromStr};

use chrono::DateTime;
use parvaneh_core::{CaseId, Instant, PersonId};
use sqlx::{QueryBuilder, Row};
use uuid::Uuid;

use crate::{Look, Store, StoreError};

/// The longest page.
const LONGEST_PAGE: u32 = 200;

/// Which looks.
#[derive(Clone, Debug, Default)]
pub struct LooksQuery {
    /// Only those of this natural person, by whichever of his accounts.
    pub person: Option<PersonId>,
    /// Only those at these cases.
    pub cases: Option<Vec<CaseId>>,
    /// Only those from then on.
    pub since: Option<Instant>,
    /// Only those before then.
    pub until: Option<Instant>,
    /// After the end of which page.
    pub after: Option<LooksCursor>,
    /// How many, up to 200; 0 is 50.
    pub limit: u32,
}

/// The end of a page. As text: `<microseconds>.<person>.<case or ->.<what>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LooksCursor {
    at: Instant,
    person: PersonId,
    case: Option<CaseId>,
    what: String,
}

impl LooksCursor {
    /// Behind that one.
    pub fn behind(look: &Look) -> Self {
        let Look { person, case, what, at, .. } = look.clone();
        Self { at, person, case, what }
    }
}

impl fmt::Display for LooksCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.", self.at.timestamp_micros(), self.person)?;
        match self.case {
            Some(case) => write!(f, "{case}")?,
            None => f.write_str("-")?,
        }
        write!(f, ".{}", self.what)
    }
}

impl FromStr for LooksCursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.splitn(4, '.');
        let mut part = || parts.next().ok_or(());
        let at = part()?.parse().ok().and_then(DateTime::from_timestamp_micros).ok_or(())?;
        let person = PersonId(part()?.parse().map_err(|_| ())?);
        let case = match part()? {
            "-" => None,
            case => Some(CaseId(case.parse().map_err(|_| ())?)),
        };
        let what = part()?;
        if what.contains('\0') {
            return Err(());
        }
        Ok(Self { at, person, case, what: what.to_owned() })
    }
}

impl Store {
    /// Who has looked at what, the latest first: of a person by the index `looks_of_person`, of a case by
    /// `looks_of_case`, of everybody by `looks_by_time`.
    ///
    /// # Errors
    /// The database.
    pub async fn looks(&self, query: &LooksQuery) -> Result<Vec<Look>, StoreError> {
        let limit = if query.limit == 0 { 50 } else { query.limit.min(LONGEST_PAGE) };
        let mut sql = QueryBuilder::new(
            "select l.person, l.case_id, l.what, l.detail, l.at from looks l where true",
        );
        if let Some(person) = query.person {
            let accounts: Vec<Uuid> = sqlx::query_scalar(
                "with known as (select coalesce(natural_person, id) as id from people where id = $1)
                 select p.id from people p join known k on p.id = k.id
                 union select p.id from people p join known k on p.natural_person = k.id",
            )
            .bind(person.0)
            .fetch_all(&self.engine.readers)
            .await?;
            sql.push(" and l.person = any(").push_bind(accounts).push(")");
        }
        if let Some(cases) = &query.cases {
            let cases: Vec<Uuid> = cases.iter().map(|case| case.0).collect();
            sql.push(" and l.case_id = any(").push_bind(cases).push(")");
        }
        if let Some(since) = query.since {
            sql.push(" and l.at >= ").push_bind(since);
        }
        if let Some(until) = query.until {
            sql.push(" and l.at < ").push_bind(until);
        }
        if let Some(LooksCursor { at, person, case, what }) = &query.after {
            // The first condition is for the index.
            sql.push(" and l.at <= ").push_bind(*at);
            sql.push(" and (l.at, l.person, coalesce(l.case_id, '00000000-0000-0000-0000-000000000000'), l.what) < (");
            sql.push_bind(*at).push(", ").push_bind(person.0).push(", ");
            sql.push_bind(case.map_or(Uuid::nil(), |case| case.0)).push(", ");
            sql.push_bind(what.clone()).push(")");
        }
        sql.push(
            " order by l.at desc, l.person desc,
              coalesce(l.case_id, '00000000-0000-0000-0000-000000000000') desc, l.what desc limit ",
        );
        sql.push_bind(i64::from(limit));
        let rows = sql.build().fetch_all(&mut *self.reads().await?).await?;
        rows.iter()
            .map(|row| {
                Ok(Look {
                    person: PersonId(row.try_get(0)?),
                    case: row.try_get::<Option<Uuid>, _>(1)?.map(CaseId),
                    what: row.try_get(2)?,
                    detail: row.try_get(3)?,
                    at: row.try_get(4)?,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_is_written() {
        for case in [None, Some(CaseId(Uuid::from_u128(7)))] {
            let cursor = LooksCursor {
                at: "2025-02-01T08:00:00.123456Z".parse().unwrap(),
                person: PersonId(Uuid::from_u128(1)),
                case,
                what: "file".to_owned(),
            };
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for wrong in ["", "1", "1.2.3.4", "x.y"] {
            assert_eq!(wrong.parse::<LooksCursor>(), Err(()), "{wrong}");
        }
    }
}
