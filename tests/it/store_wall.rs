//! The second wall: what the database itself keeps from whoever reads for a person.

use std::{collections::BTreeSet, path::Path, time::Duration};

use parvaneh_core::{CaseId, Grant, UnitId, WorkflowId, reach::Reach};
use parvaneh_store::{
    CasesQuery, OnTimeBy, OnTimeQuery, Store, StoreError, StoreOptions, Viewer, WorklistQuery,
};
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::{
    store_fixture::{COUNTY, Office, PROVINCE, act, applicant, holder, start},
    store_reach::Country,
};

/// The tables with rows of cases, as the database tells them.
async fn tables_of_cases(connection: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
           and a.attname = 'case_id' and not a.attisdropped
         order by 1",
    )
    .fetch_all(connection)
    .await
    .unwrap()
}

/// The cases of which a connection sees a row in a table.
async fn seen(connection: &mut PgConnection, table: &str, column: &str) -> BTreeSet<CaseId> {
    let sql = format!("select distinct {column} from {table}");
    let found: Vec<Uuid> =
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(connection).await.unwrap();
    found.into_iter().map(CaseId).collect()
}

/// As the program names a reader, but not by its code.
async fn name(connection: &mut PgConnection, viewer: &Viewer) {
    let organisation = &viewer.organisation;
    let held = |held: Vec<(String, UnitId)>| {
        let root = |unit: &UnitId| organisation.get(unit).is_some_and(|unit| unit.parent.is_none());
        let (everywhere, rest): (Vec<_>, Vec<_>) = held.into_iter().partition(|(_, at)| root(at));
        let places = rest.iter().flat_map(|(what, at)| {
            let below = organisation.units().filter(|unit| organisation.contains(at, &unit.id));
            below.map(|unit| format!("{what}\u{1f}{}", unit.id)).collect::<Vec<_>>()
        });
        (everywhere.into_iter().map(|(what, _)| what).collect(), places.collect())
    };
    let accounts = viewer.reach.accounts.iter().map(ToString::to_string).collect();
    let reach = viewer.reach.jurisdictions.iter();
    let of =
        |workflow: &Option<WorkflowId>| workflow.as_ref().map_or("*".into(), |it| it.to_string());
    let (workflows, places) =
        held(reach.map(|held| (of(&held.workflow), held.unit.clone())).collect());
    let offices = viewer.reach.offices.iter();
    let (roles, desks) =
        held(offices.map(|held| (held.role.to_string(), held.unit.clone())).collect());
    let settings: [(&str, Vec<String>); 5] = [
        ("accounts", accounts),
        ("workflows", workflows),
        ("places", places),
        ("roles", roles),
        ("desks", desks),
    ];
    for (name, list) in settings {
        sqlx::query("select set_config('parvaneh.' || $1, ($2::text[])::text, true)")
            .bind(name)
            .bind(list)
            .execute(&mut *connection)
            .await
            .unwrap();
    }
}

async fn viewer(office: &Office, name: &str) -> Viewer {
    office.store.viewer(holder(name)).await.unwrap().unwrap()
}

async fn hire(store: &Store, name: &str, grants: &[(&str, &str)]) -> Viewer {
    let person = holder(name);
    store.save_people(vec![(person, name.to_owned())]).await.unwrap();
    let grant = |(role, unit): &(&str, &str)| {
        (person, Grant { role: (*role).into(), unit: (*unit).into() })
    };
    store.grant(grants.iter().map(grant).collect()).await.unwrap();
    store.viewer(person).await.unwrap().unwrap()
}

#[tokio::test]
async fn the_database_shows_exactly_what_the_rule_lets_be_seen() {
    let office = Office::sandbox().await;
    let store = &office.store;
    let mut country = Country::with(store, 24, 1404).await;
    let mut admin = office.as_admin().await;
    let tables = tables_of_cases(&mut admin).await;
    assert!(tables.len() >= 9, "{tables:?}");
    let mut application = office.in_role("parvaneh_app").await;
    let (mut nothing, mut something, mut everything) = (0, 0, 0);
    for _ in 0..40 {
        let (viewer, expected) = country.next().await;
        // The program's own way, by a query that forgets to filter.
        let all = CasesQuery { limit: 500, ..CasesQuery::default() };
        let listed = store.reading_as(&viewer).cases(&all).await.unwrap();
        let listed: BTreeSet<_> = listed.into_iter().map(|row| row.case).collect();
        assert_eq!(listed, expected, "{:?}", viewer.reach);
        // And every table, by bare SQL.
        sqlx::raw_sql("begin").execute(&mut application).await.unwrap();
        name(&mut application, &viewer).await;
        assert_eq!(seen(&mut application, "cases", "id").await, expected, "{:?}", viewer.reach);
        for table in &tables {
            let there = seen(&mut admin, table, "case_id").await;
            let found = seen(&mut application, table, "case_id").await;
            let due: BTreeSet<_> = there.intersection(&expected).copied().collect();
            match table.as_str() {
                // Of these only one's own.
                "idempotency_keys" | "notices" => assert!(found.is_subset(&there), "{table}"),
                _ => assert_eq!(found, due, "{table}: {:?}", viewer.reach),
            }
        }
        sqlx::raw_sql("rollback").execute(&mut application).await.unwrap();
        match expected.len() {
            0 => nothing += 1,
            24 => everything += 1,
            _ => something += 1,
        }
    }
    assert!(nothing > 0 && something > 0 && everything > 0, "{nothing} {something} {everything}");
}

#[tokio::test]
async fn whoever_names_nobody_sees_nothing_and_the_owner_neither() {
    let office = Office::sandbox().await;
    office.opened().await;
    let mut engine = office.as_application().await;
    let tables = tables_of_cases(&mut engine).await;
    assert_eq!(seen(&mut engine, "cases", "id").await.len(), 1, "the engine sees everything");
    let (mut application, mut owner) =
        (office.in_role("parvaneh_app").await, office.as_owner().await);
    let officer = viewer(&office, "county_officer").await;
    for table in &tables {
        for who in [&mut application, &mut owner] {
            assert_eq!(seen(who, table, "case_id").await.len(), 0, "{table}");
        }
    }
    assert_eq!(seen(&mut application, "cases", "id").await.len(), 0);
    assert_eq!(seen(&mut owner, "cases", "id").await.len(), 0);
    // Named within a transaction, forgotten with it.
    for end in ["commit", "rollback"] {
        sqlx::raw_sql("begin").execute(&mut application).await.unwrap();
        name(&mut application, &officer).await;
        assert_eq!(seen(&mut application, "cases", "id").await.len(), 1);
        sqlx::raw_sql(end).execute(&mut application).await.unwrap();
        assert_eq!(seen(&mut application, "cases", "id").await.len(), 0, "{end}");
    }
    // A name that says nothing, and one that cannot be read.
    let named = [
        ("workflows", "{}", false),
        ("places", "{*\u{1f}nowhere}", false),
        ("roles", "{county_officer}", false),
        ("workflows", "x", true),
        ("accounts", "{x}", true),
    ];
    for (setting, named, fails) in named {
        sqlx::raw_sql("begin").execute(&mut application).await.unwrap();
        let set = sqlx::query("select set_config('parvaneh.' || $1, $2, true)");
        set.bind(setting).bind(named).execute(&mut application).await.unwrap();
        let found = sqlx::query_scalar::<_, i64>("select count(*) from cases");
        let found = found.fetch_one(&mut application).await;
        assert_eq!(found.is_err(), fails, "{setting} {named}");
        assert_eq!(found.unwrap_or_default(), 0, "{setting} {named}");
        sqlx::raw_sql("rollback").execute(&mut application).await.unwrap();
    }
    // What logs in may do nothing before it says what it is.
    let mut program = office.in_role("parvaneh_program").await;
    let refused = sqlx::query("select from cases").execute(&mut program).await.unwrap_err();
    assert_eq!(refused.as_database_error().unwrap().code().unwrap(), "42501");
}

#[tokio::test]
async fn whoever_reads_for_a_person_changes_nothing_of_a_case() {
    let office = Office::sandbox().await;
    let case = office.opened().await.id;
    let officer = viewer(&office, "county_officer").await;
    let mut admin = office.as_admin().await;
    let before: String = sqlx::query_scalar(
        "select md5(string_agg(c::text || t::text, '' order by t.no)) from cases c, tasks t",
    )
    .fetch_one(&mut admin)
    .await
    .unwrap();
    let mut application = office.in_role("parvaneh_app").await;
    for (statement, reaches) in [
        ("update cases set subject = 'another'", true),
        ("update tasks set assignee = null, unit_id = '0801'", true),
        ("update outbox set delivered_at = now(), reached = 1", true),
        ("delete from parked_cases", true),
        ("update licences set state = 'revoked'", true),
        (
            "insert into case_events select case_id, seq + 1, kind, effective_at, recorded_at, actor, body, hash from case_events limit 1",
            false,
        ),
        (
            "insert into cases select * from cases on conflict (id) do update set subject = 'another'",
            false,
        ),
        ("insert into tasks select * from tasks on conflict do nothing", false),
    ] {
        sqlx::raw_sql("begin").execute(&mut application).await.unwrap();
        name(&mut application, &officer).await;
        let done = sqlx::query(statement).execute(&mut application).await;
        match done {
            Ok(done) => assert!(reaches && done.rows_affected() == 0, "{statement}"),
            Err(error) => {
                let code = error.as_database_error().unwrap().code().unwrap().into_owned();
                assert!(!reaches && code == "42501", "{statement}: {error}");
            }
        }
        sqlx::raw_sql("rollback").execute(&mut application).await.unwrap();
    }
    let after: String = sqlx::query_scalar(
        "select md5(string_agg(c::text || t::text, '' order by t.no)) from cases c, tasks t",
    )
    .fetch_one(&mut admin)
    .await
    .unwrap();
    assert_eq!(after, before, "{case}");
}

#[tokio::test]
async fn what_the_service_would_forget_to_ask_the_database_asks() {
    let office = Office::sandbox().await;
    let store = &office.store;
    let case = office.opened().await.id;
    let sibling = hire(store, "sibling officer", &[("county_officer", "2302")]).await;
    let theirs = store.reading_as(&sibling);
    let officer = holder("county_officer");
    // By the very functions that serve whoever sees the case, and after no other check.
    for (read, answer) in [
        ("the case", theirs.case(case).await.map(drop)),
        ("its file", theirs.case_file(case).await.map(drop)),
        ("its timeline", theirs.timeline(case).await.map(drop)),
        ("what can be done", theirs.possible(case, officer).await.map(drop)),
    ] {
        let hidden = matches!(answer, Err(StoreError::NoSuchCase(_)));
        assert!(hidden, "sibling officer: {read}: {answer:?}");
    }
    let listed = theirs.cases(&CasesQuery::default()).await.unwrap();
    assert!(listed.is_empty(), "sibling officer: the list of cases: {listed:?}");
    let page = theirs.worklist(&WorklistQuery::of(officer)).await.unwrap();
    assert_eq!((page.items.len(), page.total), (0, 0), "of somebody else's worklist");
    let own = viewer(&office, "county_officer").await;
    let own = store.reading_as(&own);
    assert_eq!(own.case_file(case).await.unwrap().case.id, case);
    assert_eq!(own.timeline(case).await.unwrap().entries.len(), 1);
    let page = own.worklist(&WorklistQuery::of(officer)).await.unwrap();
    assert_eq!((page.items.len(), page.total), (1, 1));

    // Figures, where the unit that was asked for was not looked at.
    office.does("county_officer", case, act("accept")).await.unwrap();
    let withdraw = parvaneh_core::Command::Withdraw { reason: None };
    let request = parvaneh_store::Request::command(applicant(), case, withdraw);
    store.execute(request).await.unwrap();
    let query = OnTimeQuery {
        period: start() - chrono::TimeDelta::days(1)..start() + chrono::TimeDelta::days(400),
        by: OnTimeBy::Unit,
        workflow: None,
        within: None,
    };
    office.advance(chrono::TimeDelta::days(300)).await;
    let late = office.opened().await;
    office.advance(chrono::TimeDelta::days(90)).await;
    assert_eq!(late.unit.as_str(), COUNTY);
    let organisation = store.organisation().await.unwrap();
    for (unit, rows) in [(PROVINCE, 1), (COUNTY, 1), ("08", 0)] {
        let jurisdictions =
            vec![parvaneh_core::reach::Jurisdiction { workflow: None, unit: unit.into() }];
        let within = Reach { jurisdictions, ..Reach::default() };
        let figures = store.reading_within(&organisation, &within).on_time(&query).await.unwrap();
        assert_eq!(figures.rows.len(), rows, "{unit}");
    }
}

#[tokio::test]
async fn another_body_sees_its_inquiries_and_no_case() {
    let office = Office::sandbox().await;
    let store = &office.store;
    let case = office.opened().await.id;
    office.does("county_officer", case, act("accept")).await.unwrap();
    let police = viewer(&office, "agency.police").await;
    let sibling = hire(store, "sibling police", &[("agency.police", "2302")]).await;
    let branch = "police".into();
    let asked = store.inquiries(&police, None, 50).await.unwrap();
    assert_eq!(asked.items.len(), 1);
    assert_eq!((asked.items[0].case, &asked.items[0].branch), (case, &branch));
    assert!(store.is_asked(&police, case, &branch).await.unwrap());
    assert!(!store.is_asked(&police, case, &"judiciary".into()).await.unwrap());
    assert!(store.inquiries(&sibling, None, 50).await.unwrap().items.is_empty());
    assert!(!store.is_asked(&sibling, case, &branch).await.unwrap());
    let theirs = store.reading_as(&police);
    assert!(matches!(theirs.case_file(case).await, Err(StoreError::NoSuchCase(_))));
    let page = theirs.worklist(&WorklistQuery::of(holder("agency.police"))).await.unwrap();
    assert_eq!((page.items.len(), page.total), (0, 0), "inquiries have a list of their own");
}

#[tokio::test]
async fn a_connection_forgets_for_whom_it_read() {
    let office = Office::sandbox().await;
    let case = office.opened().await.id;
    let options = StoreOptions { readers: 1, ..StoreOptions::default() };
    let store = Store::connect(office.database.app_options(), options).await.unwrap();
    let officer = viewer(&office, "county_officer").await;
    let sibling = hire(&store, "sibling officer", &[("county_officer", "2302")]).await;
    let mut finished = 0;
    for n in 0..60 {
        // Also when the caller goes away in the middle.
        let patience = Duration::from_micros(60 * n);
        let read = tokio::time::timeout(patience, store.reading_as(&officer).case(case)).await;
        finished += usize::from(read.is_ok_and(|read| read.is_ok()));
        let other = store.reading_as(&sibling).case(case).await;
        assert!(matches!(other, Err(StoreError::NoSuchCase(_))), "{other:?}");
    }
    assert!(store.reading_as(&officer).case(case).await.is_ok());
    assert!(finished > 0, "some came to their end");
    store.close().await;
}

/// What is missing of the wall: tables, views and functions.
async fn gaps(connection: &mut PgConnection) -> Vec<String> {
    sqlx::query_scalar(
        "select 'table ' || c.relname from pg_class c
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
           and (c.relname in ('cases', 'licences', 'licence_changes', 'deliveries')
                or exists (select from pg_attribute a where a.attrelid = c.oid
                           and a.attname = 'case_id' and not a.attisdropped))
           and not (c.relrowsecurity and c.relforcerowsecurity
                    and exists (select from pg_policy p where p.polrelid = c.oid
                                and p.polroles = array['parvaneh_engine'::regrole::oid])
                    -- Whoever is not the engine only reads.
                    and not exists (select from pg_policy p where p.polrelid = c.oid
                                    and p.polcmd <> 'r'
                                    and p.polroles <> array['parvaneh_engine'::regrole::oid])
                    and (c.relname = 'deliveries'
                         or exists (select from pg_policy p where p.polrelid = c.oid
                                    and p.polroles = array['parvaneh_app'::regrole::oid])))
         union all
         select 'view ' || c.relname from pg_class c
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('v', 'm')
           and (c.relkind = 'm' or not coalesce('security_invoker=true' = any (c.reloptions)
                                or 'security_invoker=on' = any (c.reloptions), false))
         union all
         select 'function ' || p.proname from pg_proc p
         where p.pronamespace = 'public'::regnamespace and p.prosecdef
           -- These look at no table of cases.
           and p.proname not in ('sandbox_clock', 'reference_changed', 'standing_changed')
         order by 1",
    )
    .fetch_all(connection)
    .await
    .unwrap()
}

#[tokio::test]
async fn every_table_of_a_case_stands_behind_the_wall() {
    let office = Office::sandbox().await;
    let mut admin = office.as_admin().await;
    assert_eq!(
        gaps(&mut admin).await,
        [""; 0],
        "a table with a case_id needs row security, forced, and its policies: \
         see migrations/0030_row_security.sql"
    );
    // What is forgotten is found.
    sqlx::raw_sql(
        "create table forgotten (case_id uuid);
         create table half_done (case_id uuid);
         alter table half_done enable row level security;
         create policy engine on half_done to parvaneh_engine using (true);
         create view through as select * from cases;
         create function around() returns bigint language sql security definer
         return (select count(*) from cases);",
    )
    .execute(&mut admin)
    .await
    .unwrap();
    let found = ["function around", "table forgotten", "table half_done", "view through"];
    assert_eq!(gaps(&mut admin).await, found);
}

/// Whatever the service reads of cases it reads for somebody.
#[test]
fn the_service_reads_through_the_wall() {
    /// The read models that look at tables of cases. (`room` must count the cases that somebody does
    /// not see, and tells him of none; `licence` tells its whole history to whoever sees it, which is
    /// asked through the wall before.)
    const READS: [&str; 21] = [
        "agenda",
        "case",
        "case_file",
        "cases",
        "cases_in_hand",
        "cases_of_code",
        "count_cases",
        "escalated_now",
        "escalation_counts",
        "licences",
        "looks",
        "notices",
        "on_time",
        "possible",
        "ranking",
        "standing",
        "timeline",
        "trail",
        "unusual",
        "workload",
        "worklist",
    ];
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/web/src")];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let text = std::fs::read_to_string(&path).unwrap();
            let text: String = text.split_whitespace().collect();
            for read in READS {
                if text.contains(&format!("store.{read}(")) {
                    found.push(format!("{}: store.{read}", path.display()));
                }
            }
        }
    }
    assert!(files > 10, "{files}");
    assert_eq!(found, [""; 0], "read it by store.reading_as(&viewer)");
}

#[tokio::test]
async fn whoever_reads_does_not_notice_that_connections_died_unused() {
    let office = Office::sandbox().await;
    let case = office.opened().await.id;
    let officer = viewer(&office, "county_officer").await;
    let mut admin = office.as_admin().await;
    for _ in 0..3 {
        let store = office.store.reading_as(&officer);
        // Several at once, so that several connections are kept.
        let mut readings = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let store = store.clone();
            readings.spawn(async move { store.timeline(case).await });
        }
        while let Some(timeline) = readings.join_next().await {
            assert_eq!(timeline.unwrap().unwrap().entries.len(), 1);
        }
        assert_eq!(viewer(&office, "county_officer").await.reach, officer.reach);
        let ended: i64 = sqlx::query_scalar(
            "select count(*) from (
                 select pg_terminate_backend(pid, 5000) from pg_stat_activity
                 where datname = current_database() and pid <> pg_backend_pid()) ended",
        )
        .fetch_one(&mut admin)
        .await
        .unwrap();
        assert!(ended >= 2, "{ended}");
    }
}
