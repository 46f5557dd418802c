//! The contents that cases hold from now on.

use parvaneh_core::{Event, Fact, event::By};
use sqlx::{Postgres, query::Query};
use uuid::Uuid;

use super::write::Part;
use crate::content::{Brought, files};

/// The events that hand files in, and the contents of those files, which stay from now on. They are
/// looked up by their key: a join would read them all.
pub(super) const HELD: Part = Part {
    sql: ", held as (
    insert into case_contents (case_id, seq, name, field, content, from_applicant)
    select n.case_id, n.seq, n.name, n.field, n.content, n.from_applicant
    from unnest({1}::uuid[], {2}::int[], {3}::text[], {4}::bool[], {5}::uuid[], {6}::bool[])
        as n (case_id, seq, name, field, content, from_applicant)
    join written on written.id = n.case_id
), stay as (
    update contents set attached = true
    where not attached and id = any(array(
        select n.content from unnest({1}::uuid[], {5}::uuid[]) as n (case_id, content)
        join written on written.id = n.case_id))
)",
    parameters: 6,
};

/// The rows.
#[derive(Default)]
pub(super) struct Rows<'a> {
    case: Vec<Uuid>,
    seq: Vec<i32>,
    name: Vec<&'a str>,
    field: Vec<bool>,
    content: Vec<Uuid>,
    from_applicant: Vec<bool>,
}

impl<'a> Rows<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.case.is_empty()
    }

    /// What came with a request that these events are the answer to.
    pub(super) fn push(&mut self, case: Uuid, brought: &[Brought], events: &'a [Event]) {
        if brought.is_empty() {
            return;
        }
        // What comes with an application is the applicant's, whoever records it.
        let application = events.iter().any(|event| matches!(event.fact, Fact::Opened { .. }));
        for event in events {
            let his = application || matches!(event.by, By::Applicant(_));
            for ((name, is_field), file) in files(&event.fact) {
                let content = brought.iter().find(|one| one.sha256 == file.sha256);
                let Some(content) = content else { continue };
                self.case.push(case);
                self.seq.push(event.seq as i32);
                self.name.push(name);
                self.field.push(is_field);
                self.content.push(content.id);
                self.from_applicant.push(his);
            }
        }
    }

    /// Binds the rows in the order in which [`HELD`] counts them.
    pub(super) fn bind<'q>(
        &'q self,
        query: Query<'q, Postgres, sqlx::postgres::PgArguments>,
    ) -> Query<'q, Postgres, sqlx::postgres::PgArguments> {
        query
            .bind(&self.case)
            .bind(&self.seq)
            .bind(&self.name)
            .bind(&self.field)
            .bind(&self.content)
            .bind(&self.from_applicant)
    }
}
