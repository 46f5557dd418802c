//! Exports: what somebody takes along of what he sees, and the record of it.

use std::{collections::BTreeMap, time::Duration};

use parvaneh_contents::Contents;
use parvaneh_core::{
    CaseId, Grant, JalaliPeriod, PersonId,
    timeline::{GENESIS, chain, first_break},
};
use parvaneh_export::{Format, Options};
use parvaneh_store::{ExportRow, ExportScope, ExportState, NewExport, Store};
use parvaneh_worker::{
    Shutdown,
    export::{self, Makers, Sink, Unwritten, content_of},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::store_fixture::{COUNTY, Office, PROVINCE, act, applicant, comment, holder};

/// Keeps everything.
#[derive(Default)]
pub(crate) struct All(pub(crate) Vec<u8>);

impl Sink for All {
    async fn put(&mut self, piece: Vec<u8>) -> Result<(), String> {
        self.0.extend(piece);
        Ok(())
    }
}

pub(crate) async fn hire(store: &Store, name: &str, role: &str, unit: &str) -> PersonId {
    let person = holder(name);
    store.save_people(vec![(person, name.to_owned())]).await.unwrap();
    let grant = Grant { role: role.into(), unit: unit.into() };
    store.grant(vec![(person, grant)]).await.unwrap();
    person
}

#[expect(clippy::disallowed_methods, reason = "tests are an edge: identifiers are made here")]
fn asked(asker: PersonId, scope: ExportScope, format: Format, streamed: bool) -> NewExport {
    NewExport {
        id: Uuid::now_v7(),
        asker,
        scope,
        format: format.name().to_owned(),
        options: json!(Options::default()),
        reason: "بازرسی سالانه".to_owned(),
        streamed,
    }
}

pub(crate) async fn streamed(
    store: &Store,
    asker: PersonId,
    scope: ExportScope,
    format: Format,
) -> Result<(ExportRow, Vec<u8>), Unwritten> {
    let row = store.begin_export(asked(asker, scope, format, true)).await.unwrap();
    let (_stop, shutdown) = Shutdown::new();
    let mut all = All::default();
    let done = export::write(store, &Makers::default(), &row, &mut all, &shutdown, |_| {}).await?;
    assert_eq!(done.size, all.0.len() as u64);
    assert_eq!(done.sha256, <[u8; 32]>::from(Sha256::digest(&all.0)));
    assert!(store.end_export(&row, done, None).await.unwrap());
    let row = store.export(row.id).await.unwrap().unwrap();
    assert_eq!(row.state, ExportState::Streamed);
    Ok((row, all.0))
}

/// The events of each case, as lines tell them.
fn lines(bytes: &[u8]) -> BTreeMap<CaseId, Vec<(String, [u8; 32])>> {
    let mut cases: BTreeMap<CaseId, Vec<_>> = BTreeMap::new();
    for line in std::str::from_utf8(bytes).unwrap().lines() {
        let read: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| read[name].as_str().unwrap().to_owned();
        let hash = text("hash");
        let hash: Vec<u8> = (0..hash.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&hash[at..at + 2], 16).unwrap())
            .collect();
        let begin = line.find("\"event\":").unwrap() + "\"event\":".len();
        let end = line.rfind(",\"hash\":").unwrap();
        let case = text("case").parse().unwrap();
        cases
            .entry(case)
            .or_default()
            .push((line[begin..end].to_owned(), hash.try_into().unwrap()));
    }
    cases
}

/// The timeline of an export is a chain like that of a case; the facts that it tells.
async fn told(store: &Store, id: Uuid) -> Vec<Value> {
    let events = store.export_events(id).await.unwrap();
    let mut previous = GENESIS;
    let mut facts = Vec::new();
    for (place, event) in events.iter().enumerate() {
        assert_eq!(event.seq as usize, place + 1);
        previous = chain(&previous, event.body.as_bytes());
        assert_eq!(event.hash, previous);
        let body: Value = serde_json::from_str(&event.body).unwrap();
        assert_eq!(parvaneh_core::timeline::canonical_json(&body), event.body);
        assert_eq!(body["export"], id.to_string());
        facts.push(body["fact"].clone());
    }
    facts
}

#[tokio::test]
async fn an_export_holds_what_its_asker_sees_at_work_and_nothing_else() {
    let office = Office::sandbox().await;
    let store = &office.store;
    let first = office.opened().await.id;
    let second = office.opened().await.id;
    office.does("county_officer", second, act("accept")).await.unwrap();
    let auditor = hire(store, "an auditor", "auditor", PROVINCE).await;
    let elsewhere = hire(store, "an auditor elsewhere", "auditor", "08").await;

    let (row, bytes) =
        streamed(store, auditor, ExportScope::default(), Format::Jsonl).await.unwrap();
    let cases = lines(&bytes);
    assert_eq!(cases.keys().copied().collect::<Vec<_>>(), [first, second]);
    for (case, events) in &cases {
        let links = events.iter().map(|(body, hash)| (body.as_bytes(), *hash));
        assert_eq!(first_break(links), None, "{case}");
        let timeline = store.timeline(*case).await.unwrap();
        assert_eq!(timeline.entries.len(), events.len());
    }
    assert_eq!((row.cases, row.events), (2, cases.values().map(|one| one.len() as u64).sum()));
    let facts = told(store, row.id).await;
    assert_eq!(facts.len(), 2);
    assert_eq!(
        (&facts[0]["type"], &facts[0]["reason"]),
        (&json!("requested"), &json!("بازرسی سالانه"))
    );
    assert_eq!(facts[1]["events"], row.events);
    assert_eq!(facts[1]["reach"], json!([format!("*@{PROVINCE}")]));
    let sha256: String = row.sha256.unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(facts[1]["sha256"], sha256);

    // An officer sees the cases of his procedure; who audits elsewhere, none.
    let scope = ExportScope::of_case(second);
    let (_, bytes) = streamed(store, holder("county_officer"), scope, Format::Jsonl).await.unwrap();
    assert_eq!(lines(&bytes).keys().copied().collect::<Vec<_>>(), [second]);
    for format in Format::ALL.into_iter().filter(|format| format.is_list()) {
        let (row, _) = streamed(store, elsewhere, ExportScope::default(), format).await.unwrap();
        assert_eq!((row.events, row.cases), (0, 0), "{format}");
    }
    // His own application is no work of his, and who sees no case at work exports none.
    let told = streamed(store, applicant(), ExportScope::default(), Format::Csv).await;
    assert!(matches!(told, Err(Unwritten::NotPermitted)), "{told:?}");
    let grant = Grant { role: "auditor".into(), unit: "08".into() };
    store.grant(vec![(applicant(), grant)]).await.unwrap();
    let (row, _) = streamed(store, applicant(), ExportScope::default(), Format::Csv).await.unwrap();
    assert_eq!(row.events, 0);
}

#[tokio::test]
async fn a_scope_narrows_cases_and_events() {
    let office = Office::sandbox().await;
    let store = &office.store;
    let early = office.opened().await.id;
    office.advance(chrono::TimeDelta::days(40)).await;
    let late = office.opened().await.id;
    office.does("county_officer", early, comment("=1+1")).await.unwrap();
    let auditor = hire(store, "an auditor", "auditor", "ir").await;
    let calendars = store.calendars(&"ir".into()).await.unwrap();
    let month = |text: &str| {
        let period: JalaliPeriod = text.parse().unwrap();
        let day = |date| calendars.national().start_of(date);
        Some((day(period.start())..day(period.end())).into())
    };
    for (scope, expected) in [
        (ExportScope { received: month("1403/02"), ..ExportScope::default() }, vec![early]),
        (ExportScope { received: month("1403/03"), ..ExportScope::default() }, vec![late]),
        (ExportScope { ended: Some(true), ..ExportScope::default() }, vec![]),
        (ExportScope { ended: Some(false), ..ExportScope::default() }, vec![early, late]),
        (ExportScope { unit: Some(COUNTY.into()), ..ExportScope::default() }, vec![early, late]),
        (
            ExportScope { unit: Some(PROVINCE.into()), unit_alone: true, ..ExportScope::default() },
            vec![],
        ),
        (ExportScope { workflow: Some("other".into()), ..ExportScope::default() }, vec![]),
        (
            ExportScope { text: Some("یاری".to_owned()), ..ExportScope::default() },
            vec![early, late],
        ),
        (ExportScope { text: Some("';--".to_owned()), ..ExportScope::default() }, vec![]),
        (ExportScope::of_case(late), vec![late]),
    ] {
        let (_, bytes) = streamed(store, auditor, scope.clone(), Format::Jsonl).await.unwrap();
        assert_eq!(lines(&bytes).into_keys().collect::<Vec<_>>(), expected, "{scope:?}");
    }
    // Of both cases what was recorded in a month: all of the late one, and of the early one what came then.
    let whole = async |case| store.timeline(case).await.unwrap().entries.len();
    let scope = ExportScope { recorded: month("1403/03"), ..ExportScope::default() };
    let (_, bytes) = streamed(store, auditor, scope.clone(), Format::Jsonl).await.unwrap();
    let cases = lines(&bytes);
    assert!((1..whole(early).await).contains(&cases[&early].len()));
    assert!(cases[&early].last().unwrap().0.contains("=1+1"));
    assert_eq!(cases[&late].len(), whole(late).await);
    let (_, bytes) = streamed(store, auditor, scope, Format::Csv).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains(",'=1+1,"), "{text}");
}

#[tokio::test]
async fn an_export_is_written_in_the_background_fetched_and_forgotten() {
    let office = Office::sandbox().await;
    let store = &office.store;
    let case = office.opened().await.id;
    let auditor = hire(store, "an auditor", "auditor", "ir").await;
    let contents = Contents::memory();
    let (_stop, shutdown) = Shutdown::new();
    let keep = Duration::from_secs(3600);
    assert!(
        !export::once(store, &Makers::default(), &contents, keep, &shutdown).await.unwrap(),
        "nothing waits"
    );
    let scope = ExportScope::of_case(case);
    let row = store.begin_export(asked(auditor, scope.clone(), Format::Xes, false)).await.unwrap();
    assert_eq!(row.state, ExportState::Waiting);
    assert!(export::once(store, &Makers::default(), &contents, keep, &shutdown).await.unwrap());
    let row = store.export(row.id).await.unwrap().unwrap();
    assert_eq!((row.state, row.cases), (ExportState::Done, 1));
    assert_eq!(contents.count().await.unwrap(), 1);
    assert_eq!(export::clear(store, &contents).await.unwrap(), 0, "it is kept");
    store.export_fetched(row.id, auditor).await.unwrap();
    // Its asker no longer wants it: then it goes.
    assert!(store.cancel_export(row.id, auditor).await.unwrap());
    assert!(!store.cancel_export(row.id, auditor).await.unwrap());
    assert_eq!(export::clear(store, &contents).await.unwrap(), 1);
    assert_eq!(contents.count().await.unwrap(), 0);
    let facts = told(store, row.id).await;
    let kinds: Vec<&str> = facts.iter().map(|fact| fact["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["requested", "finished", "fetched", "cancelled", "forgotten"]);
    let cancelled = store.export(row.id).await.unwrap().unwrap();
    assert_eq!(cancelled.state, ExportState::Cancelled);
    // What nobody takes back is kept for its time, and then forgotten.
    let row = store.begin_export(asked(auditor, scope.clone(), Format::Ocel, false)).await.unwrap();
    assert!(
        export::once(store, &Makers::default(), &contents, Duration::ZERO, &shutdown)
            .await
            .unwrap()
    );
    assert_eq!(export::clear(store, &contents).await.unwrap(), 1);
    let row = store.export(row.id).await.unwrap().unwrap();
    assert_eq!((row.state, contents.count().await.unwrap()), (ExportState::Forgotten, 0));

    // One that is cancelled before anybody begins is never begun.
    let row = store.begin_export(asked(auditor, scope, Format::Csv, false)).await.unwrap();
    assert!(store.cancel_export(row.id, auditor).await.unwrap());
    assert!(!export::once(store, &Makers::default(), &contents, keep, &shutdown).await.unwrap());

    // What somebody exported and why stays; not even the program takes it back.
    let mut application = office.as_application().await;
    for change in [
        "update exports set reason = 'another'",
        "delete from exports",
        "update export_events set seq = seq + 1",
        "delete from export_events",
    ] {
        let told = sqlx::raw_sql(change).execute(&mut application).await;
        assert!(told.is_err(), "{change}");
    }
    // And nobody else knows of it.
    let officer = store.viewer(holder("county_officer")).await.unwrap().unwrap();
    assert_eq!(store.reading_as(&officer).exports(None, None, 10).await.unwrap(), []);
    assert!(store.reading_as(&officer).export_events(row.id).await.unwrap().is_empty());
    let viewer = store.viewer(auditor).await.unwrap().unwrap();
    assert_eq!(store.reading_as(&viewer).exports(None, None, 10).await.unwrap().len(), 3);
}

#[tokio::test]
async fn an_export_whose_writer_is_lost_is_written_again_by_another() {
    let office = Office::sandbox().await;
    let store = &office.store;
    office.opened().await;
    let auditor = hire(store, "an auditor", "auditor", "ir").await;
    let contents = Contents::memory();
    let (_stop, shutdown) = Shutdown::new();
    let new = asked(auditor, ExportScope::default(), Format::Csv, false);
    store.begin_export(new.clone()).await.unwrap();
    let lost = store.claim_export().await.unwrap().unwrap();
    assert_eq!(store.claim_export().await.unwrap(), None, "somebody writes it");
    let mut admin = office.as_admin().await;
    let silent = "update exports set heard_at = heard_at - interval '2 minutes'";
    sqlx::raw_sql(silent).execute(&mut admin).await.unwrap();
    assert!(
        export::once(store, &Makers::default(), &contents, Duration::from_secs(60), &shutdown)
            .await
            .unwrap()
    );
    // The one who was thought lost has nothing to say any more.
    assert!(!store.export_advances(&lost, 1, 1, 1).await.unwrap());
    assert!(!store.fail_export(&lost, "late").await.unwrap());
    let row = store.export(new.id).await.unwrap().unwrap();
    assert_eq!((row.state, row.attempt), (ExportState::Done, 2));
    assert_ne!(content_of(&row), content_of(&lost));
    let kept = parvaneh_contents::Kept { size: row.size.unwrap(), sha256: row.sha256.unwrap() };
    assert!(contents.read_checked(content_of(&row), kept).await.is_ok());

    // One that went straight to somebody who is gone has failed.
    let new = asked(auditor, ExportScope::default(), Format::Csv, true);
    store.begin_export(new.clone()).await.unwrap();
    sqlx::raw_sql(silent).execute(&mut admin).await.unwrap();
    assert_eq!(store.claim_export().await.unwrap(), None);
    let row = store.export(new.id).await.unwrap().unwrap();
    assert_eq!(row.state, ExportState::Failed);
}

/// The memory that this process holds now, in bytes.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: u64 = statm.split_whitespace().nth(1).unwrap().parse().unwrap();
    pages * 4096
}

/// Counts bytes, and how much memory there was at most meanwhile.
#[derive(Default)]
struct Watched {
    bytes: u64,
    most: u64,
}

impl Sink for Watched {
    async fn put(&mut self, piece: Vec<u8>) -> Result<(), String> {
        self.bytes += piece.len() as u64;
        self.most = self.most.max(resident());
        Ok(())
    }
}

#[tokio::test]
async fn memory_does_not_grow_with_what_is_exported() {
    let office = Office::sandbox().await;
    let store = &office.store;
    let case = office.opened().await.id;
    let auditor = hire(store, "an auditor", "auditor", "ir").await;
    let mut admin = office.as_admin().await;
    // 40,000 remarks on one case, and nobody asks whether they are chained.
    let many = format!(
        "insert into case_events
         select '{case}', n, 'commented', now(), now(), null,
                ('{{\"by\":\"system\",\"fact\":{{\"text\":\"' || repeat('سخن ', 60)
                 || '\",\"type\":\"commented\"}},\"seq\":' || n || '}}')::json, sha256(n::text::bytea)
         from generate_series(1001, 41000) n; analyze case_events"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(many)).execute(&mut admin).await.unwrap();
    for format in [Format::Jsonl, Format::Csv, Format::Xes, Format::Ocel] {
        let new = asked(auditor, ExportScope::default(), format, true);
        let row = store.begin_export(new).await.unwrap();
        let (_stop, shutdown) = Shutdown::new();
        let before = resident();
        let mut watched = Watched::default();
        let done = export::write(store, &Makers::default(), &row, &mut watched, &shutdown, |_| {})
            .await
            .unwrap();
        assert!(done.events > 40_000 && watched.bytes > 20_000_000, "{format} {done:?}");
        let grown = watched.most.saturating_sub(before);
        assert!(grown < 12 << 20, "{format}: {grown} bytes more for {}", watched.bytes);
    }
}
