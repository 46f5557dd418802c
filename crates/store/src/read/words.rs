//! Cases by what somebody has typed: a part of their subject, of their applicant's name or of their tracking
//! code.
//!
//! Behind the wall the database uses no index for a condition that is not known to keep what it sees to
//! itself, and looks at a row there only after it has found that it may be seen. So the program asks first,
//! in its own name, which few cases the words can mean (`migrations/0063_case_words.sql`); which of them
//! somebody sees is still decided behind the wall. Words that mean many cases are looked for in those of his
//! reach, one after the other: as there are many, the page is soon full.

use std::{borrow::Cow, collections::BTreeSet, time::Duration};

use parvaneh_core::{CaseId, Organisation, UnitId};
use sqlx::{AssertSqlSafe, Postgres, QueryBuilder, Row};
use uuid::Uuid;

use super::cases::{CasesQuery, any, sees_all, select};
use crate::{Store, StoreError, reading::given_up};

/// How long somebody waits for words to be found in the cases in his reach.
const SEARCHING: Duration = Duration::from_secs(2);
/// Words that mean more cases than that are common.
const FEW_CASES: usize = 2_000;
/// And so are those that more applicants are called.
const FEW_PEOPLE: usize = 500;

// What was typed is folded once, in a subselect: a plan that serves any words would fold it for every row.

/// Whose names the words occur in, by `people_by_letters`. No rows where the words are too short to be looked up.
const PEOPLE: &str = "
    select p.id from people p
    where letter_groups(folded(p.name)) @> (select letter_groups(folded($1)))
      and position((select folded($1)) in folded(p.name)) > 0
    limit $2";

/// By `case_words_by_letters` and `cases_of_applicant`.
const OF_ALL: &str = "
    (select w.case_id from case_words w
     where (letter_groups(w.words) || ('@' || w.unit_id)) @> (select letter_groups(folded($1)))
       and position((select folded($1)) in w.words) > 0
     limit $2)
    union
    (select c.id from cases c where c.applicant = any($3) limit $2)";

/// The same where he sees the cases of these units, and his own.
const OF_UNITS: &str = "
    (select found.case_id
     from unnest($4::text[]) as his (unit)
     cross join lateral (
         select w.case_id from case_words w
         where (letter_groups(w.words) || ('@' || w.unit_id)) @> ((select letter_groups(folded($1))) || ('@' || his.unit))
           and w.unit_id = his.unit and position((select folded($1)) in w.words) > 0
         limit $2
     ) found
     limit $2)
    union
    (select c.id from cases c where c.applicant = any($3) and c.unit_id = any($4) limit $2)
    union
    (select c.id from cases c
     where c.applicant = any($5)
       and (c.applicant = any($3) or position((select folded($1)) in folded(c.subject)) > 0))";

/// Which of the cases that common words mean.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wanted {
    /// The first so many, in the order of the query.
    First(u32),
    /// So many.
    Any(u32),
}

/// Which cases words can mean.
enum Meant {
    /// These, and no others in reach.
    All(Vec<Uuid>),
    /// These, and others as well: they are common, or too short to be looked up.
    Some(Vec<Uuid>),
}

impl Store {
    /// The same query, with cases that its words mean in their place: all of them where these are few, and as many as
    /// are wanted where not.
    ///
    /// # Errors
    /// [`StoreError::SearchTooWide`]; the database.
    pub(super) async fn looked_up<'q>(
        &self,
        query: &'q CasesQuery,
        organisation: &Organisation,
        wanted: Wanted,
    ) -> Result<Cow<'q, CasesQuery>, StoreError> {
        let Some(text) = &query.text else { return Ok(Cow::Borrowed(query)) };
        let only = |found: Vec<Uuid>| {
            let asked = |id: &CaseId| query.cases.as_ref().is_none_or(|only| only.contains(id));
            let cases = found.into_iter().map(CaseId).filter(asked).collect();
            CasesQuery { text: None, cases: Some(cases), ..query.clone() }
        };
        let meant = match typed_digits(text) {
            Some(digits) => Meant::All(self.by_identifier(&digits).await?),
            None => self.called(text, query, organisation).await?,
        };
        let some = match meant {
            Meant::All(found) => return Ok(Cow::Owned(only(found))),
            Meant::Some(some) => only(some),
        };
        // Those that are known may be as many as are wanted.
        if let Wanted::Any(most) = wanted
            && self.how_many(&some, organisation, most).await? >= most
        {
            return Ok(Cow::Owned(some));
        }
        Ok(Cow::Owned(only(self.common(query, organisation, wanted).await?)))
    }

    /// Who writes a whole tracking code, or a whole identifier, means that one case. Which identifiers there
    /// are betrays nothing.
    async fn by_identifier(&self, digits: &str) -> Result<Vec<Uuid>, StoreError> {
        if let Ok(whole) = Uuid::try_parse(digits) {
            return Ok(vec![whole]);
        }
        let found =
            sqlx::query_scalar("select id from cases where right(id::text, 12) = $1 limit 100")
                .bind(digits)
                .fetch_all(&self.engine.readers);
        Ok(found.await?)
    }

    /// The cases that the words can mean, where they are few.
    async fn called(
        &self,
        text: &str,
        query: &CasesQuery,
        organisation: &Organisation,
    ) -> Result<Meant, StoreError> {
        let mut reads = self.engine.readers.begin_with(AssertSqlSafe(searching())).await?;
        let looked = "select cardinality(letter_groups(folded($1)))";
        let groups: i32 = sqlx::query_scalar(looked)
            .bind(text)
            .fetch_one(&mut *reads)
            .await
            .map_err(|error| lost(query, error))?;
        if groups == 0 {
            return Ok(Meant::Some(Vec::new()));
        }
        let people: Vec<Uuid> = sqlx::query_scalar(PEOPLE)
            .bind(text)
            .bind(FEW_PEOPLE as i64 + 1)
            .fetch_all(&mut *reads)
            .await
            .map_err(|error| lost(query, error))?;
        let few = people.len() <= FEW_PEOPLE;
        let units = units(query, organisation);
        let of = if units.is_some() { OF_UNITS } else { OF_ALL };
        let mut found = sqlx::query_scalar(of).bind(text).bind(FEW_CASES as i64 + 1).bind(people);
        if let Some(units) = units {
            let accounts = query.reach.iter().flat_map(|reach| &reach.accounts);
            found = found.bind(units).bind(accounts.map(|account| account.0).collect::<Vec<_>>());
        }
        let found: Vec<Uuid> =
            found.fetch_all(&mut *reads).await.map_err(|error| lost(query, error))?;
        Ok(match few && found.len() <= FEW_CASES {
            true => Meant::All(found),
            false => Meant::Some(found),
        })
    }

    /// Words that are common are looked for in whatever the query has in reach, for a while. The wall would look up
    /// for each case that its words may be seen, too.
    async fn common(
        &self,
        query: &CasesQuery,
        organisation: &Organisation,
        wanted: Wanted,
    ) -> Result<Vec<Uuid>, StoreError> {
        let mut sql = QueryBuilder::new("");
        match wanted {
            Wanted::First(limit) => select(&mut sql, query, organisation, limit),
            Wanted::Any(most) => any(&mut sql, query, organisation, most),
        }
        let mut reads = self.engine.readers.begin_with(AssertSqlSafe(searching())).await?;
        let rows = sql.build().fetch_all(&mut *reads).await.map_err(|error| lost(query, error))?;
        Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
    }
}

/// How a transaction begins that searches for a while.
fn searching() -> String {
    format!("begin read only; set local statement_timeout = {}", SEARCHING.as_millis())
}

/// The units whose cases are asked for and seen; `None` is every unit.
fn units(query: &CasesQuery, organisation: &Organisation) -> Option<Vec<String>> {
    let all = sees_all(query, organisation);
    let held = query.reach.iter().flat_map(|reach| &reach.jurisdictions).map(|held| &held.unit);
    let units: BTreeSet<&UnitId> = match &query.within {
        None if all => return None,
        Some(within) if all => organisation.below(within).into_iter().collect(),
        within => {
            let asked = |unit: &&UnitId| {
                within.as_ref().is_none_or(|within| organisation.contains(within, unit))
            };
            held.flat_map(|unit| organisation.below(unit)).filter(asked).collect()
        }
    };
    Some(units.into_iter().map(|unit| unit.to_string()).collect())
}

/// What becomes of a statement that was given up.
fn lost(query: &CasesQuery, error: sqlx::Error) -> StoreError {
    match query.text.is_some() && given_up(&error) {
        true => StoreError::SearchTooWide,
        false => error.into(),
    }
}

/// That words occur in the subject of a case `c`, in its applicant's name or in its tracking code. To fold a subject
/// takes longer than to look up what was folded when the case was opened; by `exists` the planner would look it up
/// for every case that there is, and not for those that it comes to.
pub(super) fn occurs(sql: &mut QueryBuilder<Postgres>, text: &str) {
    let text = || text.to_owned();
    sql.push(" and (position((select folded(");
    sql.push_bind(text());
    sql.push(")) in (select w.words from case_words w where w.case_id = c.id)) > 0");
    sql.push(" or c.applicant in (select p.id from people p where letter_groups(folded(p.name)) @> (select letter_groups(folded(");
    sql.push_bind(text()).push("))) and position((select folded(");
    sql.push_bind(text()).push(")) in folded(p.name)) > 0))");
}

/// A pattern of `like` for whatever contains the text.
pub(super) fn contains(text: &str) -> String {
    let mut pattern = String::from("%");
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// The twelve digits of a tracking code, or the 32 of an identifier, however they are written: see `folded` in
/// the migrations.
fn typed_digits(text: &str) -> Option<String> {
    let mut digits = String::with_capacity(32);
    for letter in text.chars() {
        match letter {
            '-' | ' ' | '\u{200e}' | '\u{200f}' | '\u{200c}' | '\u{2066}'..='\u{2069}' => {}
            '۰'..='۹' => digits.push(char::from(b'0' + (letter as u32 - '۰' as u32) as u8)),
            '٠'..='٩' => digits.push(char::from(b'0' + (letter as u32 - '٠' as u32) as u8)),
            _ if letter.is_ascii_hexdigit() => digits.push(letter.to_ascii_lowercase()),
            _ => return None,
        }
    }
    matches!(digits.len(), 12 | 32).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::typed_digits;

    #[test]
    fn a_tracking_code_is_known_however_it_is_written() {
        for (text, code) in [
            ("3F8A-21BC-90DE", Some("3f8a21bc90de")),
            (" 3f8a21bc90de", Some("3f8a21bc90de")),
            ("\u{2066}۳F۸A-۲۱BC-۹۰DE\u{2069}", Some("3f8a21bc90de")),
            ("0190f5fe-7c00-7000-8000-3f8a21bc90de", Some("0190f5fe7c00700080003f8a21bc90de")),
            ("3F8A-21BC", None),
            ("انجمن یاری", None),
            ("", None),
        ] {
            assert_eq!(typed_digits(text).as_deref(), code, "{text}");
        }
    }
}
