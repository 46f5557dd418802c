//! Everything that a batch of requests depends on, in one statement.

use parvaneh_core::{Actor, CaseId, Instant, PersonId, decide::Command, timeline::Hash};
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use crate::{
    Ask, Request, Requester,
    actor::{self, standing, standing_columns},
    gate::entering,
};

/// The first column that tells who asks; those of the assignee follow.
const CALLER: usize = 10;

/// One row a request. Each look-up is lateral, so that it is made by its key whatever the planner
/// believes of the table's size. The clock (that of `engine_now()`, without the cost of a
/// call) is read after the snapshot in which the rows are seen.
const LOAD: &str = concat!(
    "
    with clock as materialized (
        select coalesce(frozen_at, clock_timestamp() + clock_offset) as now from installation
    )
    select clock.now, reference_state.revision,
           c.seq, c.head_hash, c.state::text,
           k.request_hash, k.case_id, k.first_seq, k.last_seq,
           coalesce(t.person, case when not s.is_raised then s.person end), ",
    standing_columns!("caller"),
    ", ",
    standing_columns!("assignee"),
    "
    from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[],
                $6::bytea[], $7::bytea[], $8::float8[])
         with ordinality as asked (case_id, person, assignee, key_owner, key,
                                   token, session, idle, place)
    cross join clock
    cross join reference_state
    left join lateral (
        select seq, head_hash, state from cases where id = asked.case_id limit 1
    ) c on true
    left join lateral (
        select request_hash, case_id, first_seq, last_seq from idempotency_keys
        where actor = asked.key_owner and key = asked.key limit 1
    ) k on true",
    entering!(),
    standing!("asked.person", "caller"),
    standing!("asked.assignee", "assignee"),
    "
    order by asked.place"
);

/// A case as it is stored.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) seq: u32,
    pub(crate) head: Hash,
    pub(crate) state: String,
}

/// An idempotency key that was used.
#[derive(Debug)]
pub(crate) struct Used {
    pub(crate) request_hash: Vec<u8>,
    pub(crate) case: CaseId,
    pub(crate) first_seq: u32,
    pub(crate) last_seq: u32,
}

/// What one request depends on.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) now: Instant,
    pub(crate) revision: i64,
    pub(crate) stored: Option<Stored>,
    pub(crate) used: Option<Used>,
    /// Who asks; `None` for the program.
    pub(crate) caller: Option<Actor>,
    pub(crate) assignee: Option<Actor>,
    /// Whether what the caller came by is in force, where the request names it.
    pub(crate) is_in: bool,
}

/// Reads what each request depends on, in the order of the requests.
pub(crate) async fn load<'r>(
    connection: &mut PgConnection,
    requests: impl ExactSizeIterator<Item = &'r Request>,
) -> Result<Vec<Loaded>, sqlx::Error> {
    let count = requests.len();
    let mut cases = Vec::with_capacity(count);
    let mut people = Vec::with_capacity(count);
    let mut assignees = Vec::with_capacity(count);
    let mut key_owners = Vec::with_capacity(count);
    let mut keys = Vec::with_capacity(count);
    let mut behalf = Vec::with_capacity(count);
    let (mut tokens, mut sessions) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let mut idle = Vec::with_capacity(count);
    let mut named = Vec::with_capacity(count);
    for request in requests {
        behalf.push(request.on_behalf_of);
        cases.push(request.ask.case().0);
        people.push(match request.by {
            Requester::System => None,
            Requester::Person(person) => Some(person.0),
        });
        assignees.push(assignee(&request.ask).map(|person| person.0));
        key_owners.push(request.by.key_owner());
        keys.push(request.key.as_deref());
        let (token, session, longest) =
            request.came_by.as_ref().map_or((None, None, None), |came_by| came_by.0.secrets());
        tokens.push(token);
        sessions.push(session);
        idle.push(longest);
        named.push(request.came_by.is_some());
    }
    let rows = sqlx::query(LOAD)
        .bind(&cases)
        .bind(&people)
        .bind(&assignees)
        .bind(&key_owners)
        .bind(&keys)
        .bind(&tokens)
        .bind(&sessions)
        .bind(&idle)
        .fetch_all(connection)
        .await?;
    let who = people.into_iter().zip(behalf).zip(assignees);
    let mut all = Vec::with_capacity(count);
    for ((row, ((person, behalf), assignee)), is_named) in rows.iter().zip(who).zip(named) {
        let mut one = loaded(row, person, behalf, assignee)?;
        one.is_in = !is_named || person.is_some() && row.try_get::<Option<Uuid>, _>(9)? == person;
        all.push(one);
    }
    Ok(all)
}

fn assignee(ask: &Ask) -> Option<PersonId> {
    match ask {
        Ask::Command {
            command: Command::Assign { to, .. } | Command::Inform { to, .. }, ..
        } => Some(*to),
        Ask::Command { command: Command::Recuse { member, .. }, .. } => *member,
        Ask::Command { command: Command::HandBack { to, .. }, .. } => *to,
        _ => None,
    }
}

fn loaded(
    row: &PgRow,
    person: Option<Uuid>,
    on_behalf_of: Option<PersonId>,
    assignee: Option<Uuid>,
) -> Result<Loaded, sqlx::Error> {
    let stored = match row.try_get::<Option<i32>, _>(2)? {
        None => None,
        Some(seq) => {
            Some(Stored { seq: seq as u32, head: row.try_get(3)?, state: row.try_get(4)? })
        }
    };
    let used = match row.try_get::<Option<Vec<u8>>, _>(5)? {
        None => None,
        Some(request_hash) => Some(Used {
            request_hash,
            case: CaseId(row.try_get(6)?),
            first_seq: row.try_get::<i32, _>(7)? as u32,
            last_seq: row.try_get::<i32, _>(8)? as u32,
        }),
    };
    let somebody = |person: Option<Uuid>, first, on_behalf_of| {
        let person = person.map(PersonId);
        person.map(|person| actor::read(row, first, person, on_behalf_of)).transpose()
    };
    let caller = somebody(person, CALLER, on_behalf_of)?;
    let assignee = somebody(assignee, CALLER + actor::COLUMNS, None)?;
    let (now, revision) = (row.try_get(0)?, row.try_get(1)?);
    Ok(Loaded { now, revision, stored, used, caller, assignee, is_in: true })
}

#[cfg(test)]
mod tests {
    use sqlx::{AssertSqlSafe, Row};

    use super::LOAD;
    use crate::{Founding, Store, StoreOptions, testing::TestDatabase};

    #[tokio::test]
    async fn everything_that_a_request_depends_on_is_found_by_its_key() {
        let database = TestDatabase::new().await;
        Store::migrate(&database.owner_options(), Founding::Sandbox).await.unwrap();
        let store = Store::connect(database.app_options(), StoreOptions::default()).await.unwrap();
        let mut writer = store.engine.writers.acquire().await.unwrap();
        let prepare = format!(
            "prepare load (uuid[], uuid[], uuid[], uuid[], text[], bytea[], bytea[], float8[]) as {LOAD}"
        );
        sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut *writer).await.unwrap();
        let rows =
            sqlx::raw_sql("explain execute load (null, null, null, null, null, null, null, null)")
                .fetch_all(&mut *writer)
                .await
                .unwrap();
        let plan: Vec<String> = rows.iter().map(|row| row.try_get(0).unwrap()).collect();
        let plan = plan.join("\n");
        assert!(plan.contains("delegations_to") || plan.contains("delegations_from"), "{plan}");
        for whole in ["Hash Join", "Hash Semi Join", "Merge Join"] {
            assert!(!plan.contains(whole), "{whole} in\n{plan}");
        }
    }
}
