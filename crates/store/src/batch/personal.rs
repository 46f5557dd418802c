//! Personal values of cases, and the keys by which they are sealed.

use sqlx::{Postgres, query::Query};
use uuid::Uuid;

use super::write::Part;
use crate::personal::SealedValues;

/// Keys that were made for people, and the values. A value that was there before comes back to the commitment that it
/// had.
pub(super) const PERSONAL: Part = Part {
    sql: ", keys_made as (
    insert into person_keys (id, person, key)
    select n.id, n.person, n.key from unnest({1}::uuid[], {2}::uuid[], {3}::text[]) as n (id, person, key)
    order by n.person
), personal as (
    insert into personal_values (case_id, commitment, key, sealed)
    select n.case_id, n.commitment, n.key, n.sealed
    from unnest({4}::uuid[], {5}::bytea[], {6}::uuid[], {7}::bytea[]) as n (case_id, commitment, key, sealed)
    join written on written.id = n.case_id
    on conflict (case_id, commitment) do nothing
)",
    parameters: 7,
};

/// The rows.
#[derive(Default)]
pub(super) struct Rows<'a> {
    made: Vec<Uuid>,
    person: Vec<Uuid>,
    made_key: Vec<&'a str>,
    case: Vec<Uuid>,
    commitment: Vec<&'a [u8]>,
    key: Vec<Uuid>,
    sealed: Vec<&'a [u8]>,
}

impl<'a> Rows<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.case.is_empty() && self.made.is_empty()
    }

    pub(super) fn push(&mut self, case: Uuid, sealed: &'a SealedValues) {
        if let Some(made) = &sealed.made {
            self.made.push(made.id);
            self.person.push(made.person.0);
            self.made_key.push(&made.key);
        }
        for value in &sealed.values {
            self.case.push(case);
            self.commitment.push(&value.commitment.0);
            self.key.push(value.key);
            self.sealed.push(&value.sealed);
        }
    }

    /// Binds the rows in the order in which [`PERSONAL`] counts them.
    pub(super) fn bind<'q>(
        &'q self,
        query: Query<'q, Postgres, sqlx::postgres::PgArguments>,
    ) -> Query<'q, Postgres, sqlx::postgres::PgArguments> {
        query
            .bind(&self.made)
            .bind(&self.person)
            .bind(&self.made_key)
            .bind(&self.case)
            .bind(&self.commitment)
            .bind(&self.key)
            .bind(&self.sealed)
    }
}
