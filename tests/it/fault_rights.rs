//! What nobody gets through with: hostile statements of the application, a clock that must not
//! move, commands that are refused.

use std::collections::BTreeMap;

use parvaneh_core::{
    Command, Grant, PersonId, RoleId, Term, UnitId,
    definition::{Answer, Level},
};
use parvaneh_store::{Ask, ExecuteError, Request, Store};
use sqlx::{AssertSqlSafe, PgConnection, Row};

use crate::store_fixture::{
    Office, PROVINCE, act, applicant, comment, holder, new_case, open_request, units,
};

async fn sqlstate(connection: &mut PgConnection, sql: &str) -> String {
    let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await;
    let Err(sqlx::Error::Database(error)) = done else { panic!("{sql}: {done:?}") };
    error.code().unwrap_or_default().into_owned()
}

#[tokio::test]
async fn the_application_can_change_neither_history_nor_rules_nor_rights() {
    let office = Office::sandbox().await;
    office.opened().await;
    let mut application = office.as_application().await;
    for forbidden in [
        "update case_events set body = '{}' where seq = 1",
        "delete from case_events where seq = 1",
        "truncate case_events",
        "insert into case_events select * from case_events
         on conflict (case_id, seq) do update set body = excluded.body",
        "do 'begin lock table case_events in share mode; end'",
        "alter table case_events disable trigger timeline_is_for_ever",
        "alter table case_events owner to parvaneh_app",
        "drop trigger timeline_is_for_ever on case_events",
        "create trigger mine before insert on case_events
         for each row execute function timeline_is_for_ever()",
        "drop table escalations",
        "alter table cases add column mine int",
        "create index mine on cases (seq)",
        "create table public.mine ()",
        "create temporary table mine ()",
        "create schema mine",
        "create extension pgcrypto",
        "create or replace function engine_now() returns timestamptz language sql
         as 'select now()'",
        "alter function sandbox_clock security invoker",
        "drop function engine_now()",
        "update installation set sandbox = not sandbox",
        "update installation set clock_offset = '1 day'",
        "insert into installation (sandbox) values (true)",
        "delete from installation",
        "truncate installation",
        "select reference_changed()",
        "set role parvaneh_owner",
        "set session authorization parvaneh_owner",
        "set session_replication_role = replica",
        "alter role parvaneh_app createdb",
        "alter system set fsync = off",
        "copy case_events to program 'true'",
        "drop database postgres",
    ] {
        let state = sqlstate(&mut application, forbidden).await;
        // Postgres 15 tells the owner of a table by another code than its rights.
        assert!(["42501", "0A000"].contains(&state.as_str()), "{state}: {forbidden}");
    }
    // Only warned of, but to no effect.
    let grant = "grant update, delete on case_events to parvaneh_app";
    sqlx::raw_sql(grant).execute(&mut application).await.unwrap();
    let mut admin = office.as_admin().await;
    let (owned, mighty, member): (i64, i64, i64) = sqlx::query_as(
        "select
            (select count(*) from pg_shdepend
             where refclassid = 'pg_authid'::regclass and refobjid = r.oid and deptype = 'o'),
            (select count(*) from pg_roles p where p.oid = r.oid and (rolsuper or rolcreatedb
                or rolcreaterole or rolreplication or rolbypassrls)),
            (select count(*) from pg_auth_members where member = r.oid)
         from pg_roles r where rolname = 'parvaneh_app'",
    )
    .fetch_one(&mut admin)
    .await
    .unwrap();
    assert_eq!((owned, mighty, member), (0, 0, 0), "it owns nothing, and is nobody else");
    let rights: Vec<String> = sqlx::query_scalar(
        "select right_ from unnest(array['UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
             as right_
         where has_table_privilege('parvaneh_app', 'case_events', right_)
            or (right_ in ('UPDATE', 'REFERENCES')
                and has_any_column_privilege('parvaneh_app', 'case_events', right_))",
    )
    .fetch_all(&mut admin)
    .await
    .unwrap();
    assert_eq!(rights, [""; 0], "it may read and append, and nothing else");
}

const MOVES: [&str; 6] = [
    "select sandbox_clock('advance', 60, null)",
    "select sandbox_clock('advance', 0, null)",
    "select sandbox_clock('freeze', null, null)",
    "select sandbox_clock('freeze', null, now() + interval '1 day')",
    "select sandbox_clock('run', null, null)",
    "select sandbox_clock('anything', null, null)",
];

#[tokio::test]
async fn a_real_clock_is_moved_by_nobody() {
    let office = Office::production().await;
    let mut application = office.as_application().await;
    let mut owner = office.as_owner().await;
    for movement in MOVES {
        assert_eq!(sqlstate(&mut application, movement).await, "PV001", "{movement}");
        assert_eq!(sqlstate(&mut owner, movement).await, "PV001", "{movement}");
    }
    for (movement, state) in [
        ("update installation set sandbox = true, clock_offset = '1 day'", "PV001"),
        ("update installation set founded_at = now() - interval '1 day'", "PV001"),
        ("update installation set clock_offset = '-1 day'", "23514"),
        ("update installation set frozen_at = founded_at", "23514"),
        ("insert into installation (only_row, sandbox) values (false, true)", "23514"),
        ("insert into installation (sandbox) values (true)", "23505"),
        ("truncate installation cascade", "PV001"),
    ] {
        assert_eq!(sqlstate(&mut owner, movement).await, state, "{movement}");
    }
    let exact: bool = sqlx::query_scalar(
        "select abs(extract(epoch from engine_now() - clock_timestamp())) < 1
         and (select count(*) = 1 and not bool_or(sandbox) from installation)",
    )
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert!(exact);
}

#[tokio::test]
async fn a_sandbox_clock_goes_forward_by_a_sensible_length_only() {
    let office = Office::sandbox().await;
    office.opened().await;
    let before = office.store.now().await.unwrap();
    let mut application = office.as_application().await;
    for nonsense in [
        "select sandbox_clock('advance', 'NaN', null)",
        "select sandbox_clock('advance', 'Infinity', null)",
        "select sandbox_clock('advance', 1e12, null)",
        "select sandbox_clock('advance', -1, null)",
        "select sandbox_clock('advance', null, null)",
        "select sandbox_clock('freeze', null, 'infinity')",
        "select sandbox_clock('freeze', null, '-infinity')",
        "select sandbox_clock('freeze', null, '20000-01-01')",
        "select sandbox_clock('freeze', null, '2090-01-01 00:00:01Z')",
        "select sandbox_clock(null, null, null)",
    ] {
        let state = sqlstate(&mut application, nonsense).await;
        assert!(["PV002", "22008", "23502"].contains(&state.as_str()), "{state}: {nonsense}");
        assert_eq!(office.store.now().await.unwrap(), before, "{nonsense}");
    }
}

/// Every table with the number of its rows and a digest of their content.
async fn everything(connection: &mut PgConnection) -> BTreeMap<String, (i64, String)> {
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class
         where relkind = 'r' and relnamespace = 'public'::regnamespace",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    let mut found = BTreeMap::new();
    for table in tables {
        let sql = format!(
            "select count(*), md5(coalesce(string_agg(t::text, '|' order by t::text), ''))
             from {table} t"
        );
        let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(&mut *connection).await.unwrap();
        found.insert(table, (row.get(0), row.get(1)));
    }
    found
}

/// Somebody who holds a role in another province.
async fn stranger(store: &Store, role: &str, level: Level) -> PersonId {
    let there = units().into_iter().map(|row| row.unit).find(|unit| {
        let parent = unit.parent.as_ref().map(|parent| parent.as_str());
        unit.level == level && unit.id.as_str() != PROVINCE && parent != Some(PROVINCE)
    });
    let person = holder(&format!("{role} elsewhere"));
    let grant = Grant { role: RoleId::from(role), unit: there.expect("another province").id };
    store.save_people(vec![(person, format!("The {role} elsewhere"))]).await.unwrap();
    store.grant(vec![(person, grant)]).await.unwrap();
    person
}

#[tokio::test]
async fn what_is_refused_leaves_no_trace() {
    let office = Office::sandbox().await;
    let store = &office.store;
    let officer = stranger(store, "county_officer", Level::County).await;
    let head = stranger(store, "county_head", Level::County).await;
    let police = stranger(store, "agency.police", Level::County).await;
    let director = stranger(store, "provincial_director", Level::Province).await;
    let (fresh, asked) = (office.opened().await.id, office.opened().await.id);
    office.does("county_officer", asked, act("accept")).await.unwrap();
    let used = Request::command(applicant(), fresh, comment("mine")).with_key("used");
    store.execute(used).await.unwrap();

    let reason = || "a reason".to_owned();
    let answer = Command::Answer {
        branch: "police".into(),
        answer: Answer::Positive,
        reason: None,
        reference: None,
    };
    let extend = Command::Extend { clock: 0, by: Term::days(5), reason: reason() };
    let silence = Command::ReleaseSilence { clock: 0, take_effect: true, reason: reason() };
    let assign = Command::Assign { task: 1, to: head, reason: None, urgency: None };
    let elsewhere = [
        (officer, fresh, Command::Claim { task: 1 }),
        (officer, fresh, act("accept")),
        (officer, fresh, comment("from elsewhere")),
        (officer, fresh, Command::Withdraw { reason: None }),
        (head, fresh, assign),
        (director, fresh, Command::Suspend { reason: reason(), basis: None }),
        (director, fresh, Command::Resume { reason: None }),
        (director, fresh, extend),
        (director, fresh, silence),
        (police, asked, answer),
    ];
    let elsewhere = elsewhere.into_iter().map(|(person, case, command)| {
        ("out_of_jurisdiction", Request::command(person, case, command))
    });
    let by_head = |case, command| Request::command(holder("county_head"), case, command);
    let mut wrong_unit = open_request(new_case());
    if let Ask::Open { application, .. } = &mut wrong_unit.ask {
        application.unit = UnitId::from(PROVINCE);
    }
    let too_long = "ب".repeat(4_001);
    let others = [
        ("conflict", by_head(fresh, comment("stale")).expecting(1)),
        ("conflict", by_head(fresh, act("accept")).expecting(99)),
        ("conflict", open_request(new_case()).expecting(3)),
        ("no_such_case", by_head(new_case(), comment("where?"))),
        ("case_exists", open_request(fresh)),
        ("wrong_unit", wrong_unit),
        ("not_permitted", by_head(fresh, Command::Tick)),
        ("unknown_action", by_head(fresh, act("grant at once"))),
        (
            "unknown_task",
            Request::command(holder("county_officer"), fresh, Command::Claim { task: 9 }),
        ),
        ("text_invalid", by_head(fresh, comment("a\0b"))),
        ("text_invalid", by_head(fresh, comment(&too_long))),
        (
            "idempotency_key_reused",
            Request::command(applicant(), asked, comment("x")).with_key("used"),
        ),
        ("idempotency_key_invalid", by_head(fresh, comment("x")).with_key("")),
        ("idempotency_key_invalid", by_head(fresh, comment("x")).with_key("k".repeat(201))),
        ("idempotency_key_invalid", by_head(fresh, comment("x")).with_key("a\0b")),
    ];
    let mut refused = Vec::new();
    for (place, (code, request)) in elsewhere.chain(others).enumerate() {
        let keyed = request.key.is_some();
        let request = if keyed { request } else { request.with_key(format!("refused {place}")) };
        refused.push((code, request));
    }

    let mut owner = office.as_admin().await;
    let before = everything(&mut owner).await;
    assert_eq!(before["cases"].0, 2);
    let told = |verdict: Result<_, ExecuteError>| verdict.map_or_else(|e| e.code(), |_: ()| "done");
    for (code, request) in &refused {
        let verdict = store.execute(request.clone()).await.map(drop);
        assert_eq!(told(verdict), *code, "{request:?}");
    }
    // The same all at once.
    let together = refused.iter().map(|(_, request)| request.clone()).collect();
    let verdicts = store.execute_batch(together).await;
    for (verdict, (code, request)) in verdicts.into_iter().zip(&refused) {
        assert_eq!(told(verdict.map(drop)), *code, "{request:?}");
    }
    assert_eq!(everything(&mut owner).await, before, "not a byte has changed");
}
