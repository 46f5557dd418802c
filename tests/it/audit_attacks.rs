//! Whoever rules the database changes what is in it: what an auditor is given then does not pass.

use chrono::TimeDelta;
use parvaneh_core::{
    Case, CaseId, Event, UnitId,
    audit::{Code, Report, Trust, Verifier},
    log::{
        notary::may_sign,
        note::{Checkpoint, Purpose, Signer},
    },
    timeline::{GENESIS, Hash, chain},
};
use parvaneh_store::{BundleScope, Change, ClosedDay, Closing, Extent, Request, Store};
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

use crate::{
    log_seal::seal_all,
    store_fixture::{COUNTY, Office, act, comment, holder, start},
};

const ORIGIN: &str = "parvaneh.example.org/timelines";

pub(crate) fn signer() -> Signer {
    Signer::new(ORIGIN, Purpose::Log, &[3; 32]).unwrap()
}

/// An office with some cases, whose log is sealed and signed.
pub(crate) struct Audited {
    pub(crate) office: Office,
    pub(crate) cases: Vec<CaseId>,
}

impl Audited {
    async fn new() -> Self {
        let office = Office::sandbox().await;
        let mut cases = Vec::new();
        for number in 0..4 {
            let case = office.opened().await.id;
            for remark in 0..=number {
                remarks(&office.store, case, &format!("remark {remark}")).await;
            }
            cases.push(case);
        }
        let audited = Self { office, cases };
        audited.seals().await;
        audited
    }

    /// Seals and signs, whatever the signer's rule says.
    pub(crate) async fn seals(&self) -> Checkpoint {
        let sealed = seal_all(&self.office.store).await;
        let (size, root) = (sealed.size, sealed.root);
        let checkpoint =
            Checkpoint { origin: ORIGIN.to_owned(), size, root, extensions: Vec::new() };
        let note = checkpoint.sign(&signer()).unwrap().to_string();
        let key = signer().public().to_string();
        self.office.store.keep_checkpoint(size, root, note, key).await.unwrap();
        checkpoint
    }

    pub(crate) async fn bundle(&self, extent: Extent, since: Option<&Checkpoint>) -> Vec<u8> {
        let since = since.map(|since| since.sign(&signer()).unwrap().to_string());
        let scope = BundleScope { extent, since };
        let bundle = self.office.store.bundle(scope).await.unwrap().expect("a checkpoint");
        let map = bundle.map().sign(&signer()).unwrap().to_string();
        let (out, mut read) = tokio::sync::mpsc::channel(4);
        let written = tokio::spawn(bundle.write(map, start(), out));
        let mut bytes = Vec::new();
        while let Some(mut portion) = read.recv().await {
            bytes.append(&mut portion);
        }
        written.await.unwrap().unwrap();
        bytes
    }

    /// What an auditor finds in everything.
    async fn found(&self) -> Report {
        verified(&self.bundle(Extent::Everything, None).await, None)
    }

    /// What is found first after the superuser has done that.
    async fn attacked(&self, statements: &[&str]) -> Code {
        let mut admin = superuser(&self.office).await;
        for statement in statements {
            sqlx::raw_sql(AssertSqlSafe((*statement).to_owned()))
                .execute(&mut admin)
                .await
                .unwrap();
        }
        self.found().await.problems.first().expect("it is found").code
    }
}

async fn remarks(store: &Store, case: CaseId, text: &str) {
    store.execute(Request::command(holder("county_head"), case, comment(text))).await.unwrap();
}

/// Somebody whom no trigger and no right holds up.
async fn superuser(office: &Office) -> PgConnection {
    let mut admin = office.as_admin().await;
    let setting = sqlx::raw_sql("set session_replication_role = replica");
    setting.execute(&mut admin).await.unwrap();
    admin
}

pub(crate) fn verified(bytes: &[u8], since: Option<&Checkpoint>) -> Report {
    let key = Some(signer().public().clone());
    let mut verifier = Verifier::new(Trust { key, since: since.cloned() });
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        verifier.line(&line[..line.len() - 1], line.ends_with(b"\n"));
    }
    verifier.finish()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_touched_passes_whole_in_part_and_since() {
    let audited = Audited::new().await;
    let since = audited.seals().await;
    let (store, case) = (&audited.office.store, audited.cases[0]);
    // Deadlines move with the calendar, clocks stop and start: all of it is computed again.
    audited.office.advance(TimeDelta::hours(1)).await;
    for days in 3..8 {
        let day = ClosedDay {
            calendar: "ir".into(),
            unit: UnitId::from(COUNTY),
            date: (start() + TimeDelta::days(days)).date_naive(),
            hours: None,
        };
        let closing = Closing { day, reason: "snow".to_owned(), by: None };
        store.change_closures(Change::Close(closing)).await.unwrap();
    }
    audited.office.does("county_officer", case, act("accept")).await.unwrap();
    remarks(store, audited.cases[1], "after the snow").await;
    audited.seals().await;
    let report = verified(&audited.bundle(Extent::Everything, Some(&since)).await, Some(&since));
    assert_eq!(report.problems, []);
    assert!(report.summary.whole_map && report.summary.states == 4, "{:?}", report.summary);
    assert_eq!(report.summary.events, report.summary.size);
    let rescheduled: i64 =
        sqlx::query_scalar("select count(*) from case_events where kind = 'rescheduled'")
            .fetch_one(&mut audited.office.as_admin().await)
            .await
            .unwrap();
    assert!(rescheduled >= 2, "{rescheduled}");
    let one = audited.bundle(Extent::Cases(vec![case]), None).await;
    let report = verified(&one, None);
    assert_eq!(report.problems, []);
    assert_eq!((report.summary.cases, report.summary.partial_units), (1, 1));
    let (from, until) = (Some(start() - TimeDelta::days(9)), Some(start() - TimeDelta::days(8)));
    let units = vec![UnitId::from("23")];
    let none = audited.bundle(Extent::Units { units: units.clone(), from, until }, None).await;
    let report = verified(&none, None);
    assert_eq!(report.problems, []);
    assert_eq!((report.summary.cases, report.summary.left_out), (0, 4));
    let province = audited.bundle(Extent::Units { units, from: None, until: None }, None).await;
    let report = verified(&province, None);
    assert_eq!(report.problems, []);
    assert_eq!((report.summary.cases, report.summary.left_out), (4, 0));
    assert!(report.summary.complete_units > 5, "units without a case are whole too");
    // What is not sealed yet is said, and not compared.
    remarks(store, case, "just now").await;
    let report = audited.found().await;
    assert_eq!(report.problems, []);
    assert_eq!((report.summary.later, report.summary.states), (1, 3));
}

/// The state and head of a case made to fit events that are there.
async fn repaired(admin: &mut PgConnection, case: CaseId) {
    let rows =
        sqlx::query("select body::text, hash from case_events where case_id = $1 order by seq");
    let rows = rows.bind(case.0).fetch_all(&mut *admin).await.unwrap();
    let events: Vec<Event> =
        rows.iter().map(|row| serde_json::from_str(row.get(0)).unwrap()).collect();
    let folded = Case::fold(&events).unwrap();
    let head: Hash = rows.last().unwrap().get(1);
    sqlx::query(
        "update cases set seq = $2, prev_seq = $2 - 1, head_hash = $3, state = $4 where id = $1",
    )
    .bind(case.0)
    .bind(events.len() as i32)
    .bind(head)
    .bind(sqlx::types::Json(&folded))
    .execute(admin)
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_events_deleted_with_the_head_repaired() {
    let audited = Audited::new().await;
    let (case, mut admin) = (audited.cases[3], superuser(&audited.office).await);
    let delete = sqlx::query("delete from case_events where case_id = $1 and seq > 3");
    assert_eq!(delete.bind(case.0).execute(&mut admin).await.unwrap().rows_affected(), 2);
    repaired(&mut admin, case).await;
    let report = audited.found().await;
    assert_eq!(report.problems[0].code, Code::ShortTimeline);
    assert_eq!(report.problems[0].case, Some(case));
    // With their places in the log.
    let leaves = format!("delete from log_leaves where case_id = '{case}' and seq > 3");
    assert_eq!(audited.attacked(&[&leaves]).await, Code::UnaccountedEntries);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_case_deleted() {
    let audited = Audited::new().await;
    let case = audited.cases[1];
    let gone = [
        format!("delete from case_events where case_id = '{case}'"),
        format!("delete from cases where id = '{case}'"),
    ];
    let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
    assert_eq!(audited.attacked(&gone).await, Code::LostTimeline);
    let leaves = format!("delete from log_leaves where case_id = '{case}'");
    assert_eq!(audited.attacked(&[&leaves]).await, Code::UnaccountedEntries);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_rewritten_with_right_hashes() {
    let audited = Audited::new().await;
    let (case, mut admin) = (audited.cases[2], superuser(&audited.office).await);
    let rows =
        sqlx::query("select seq, body::text from case_events where case_id = $1 order by seq");
    let mut head = GENESIS;
    for row in rows.bind(case.0).fetch_all(&mut admin).await.unwrap() {
        let body = row.get::<String, _>(1).replace("remark 1", "remark 9");
        head = chain(&head, body.as_bytes());
        sqlx::query(
            "update case_events set body = $3::json, hash = $4 where case_id = $1 and seq = $2",
        )
        .bind(case.0)
        .bind(row.get::<i32, _>(0))
        .bind(body)
        .bind(head)
        .execute(&mut admin)
        .await
        .unwrap();
    }
    repaired(&mut admin, case).await;
    let report = audited.found().await;
    assert_eq!((report.problems[0].code, report.problems[0].case), (Code::WrongProof, Some(case)));
    // Without the hashes.
    let audited = Audited::new().await;
    let body = "update case_events set body = replace(body::text, 'remark 1', 'remark 9')::json";
    assert_eq!(audited.attacked(&[body]).await, Code::BrokenChain);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_timelines_exchanged() {
    let audited = Audited::new().await;
    let [one, two] = [audited.cases[0], audited.cases[1]];
    let third = Uuid::from_u128(7);
    let moved =
        |from, to| format!("update case_events set case_id = '{to}' where case_id = '{from}'");
    let exchanged = [moved(one.0, third), moved(two.0, one.0), moved(third, two.0)];
    let exchanged: Vec<&str> = exchanged.iter().map(String::as_str).collect();
    assert_eq!(audited.attacked(&exchanged).await, Code::WrongProof);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_truncated() {
    for (table, code) in [
        ("case_events", Code::ShortTimeline),
        ("cases", Code::NoState),
        ("log_tiles", Code::WrongProof),
        ("log_leaves", Code::UnaccountedEntries),
    ] {
        let audited = Audited::new().await;
        let found = audited.attacked(&[&format!("truncate {table}")]).await;
        assert_eq!(found, code, "{table}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stored_beside_the_events_changed() {
    let audited = Audited::new().await;
    audited.office.does("county_officer", audited.cases[0], act("accept")).await.unwrap();
    audited.seals().await;
    assert!(audited.found().await.is_good());
    let deadline = "update cases set deadline_at = deadline_at + interval '1 day'";
    assert_eq!(audited.attacked(&[deadline]).await, Code::DeadlineDiffers);
    let raw = "update cases set deadline_at = deadline_at - interval '1 day',
                                raw_deadline_at = raw_deadline_at + interval '1 day'";
    assert_eq!(audited.attacked(&[raw]).await, Code::RawDeadlineDiffers);
    let state = "update cases set state = replace(state::text, 'انجمن', 'بنیاد')::json";
    assert_eq!(audited.attacked(&[state]).await, Code::StateDiffers);
    let definition = "update definitions set source = replace(source, 'statutory', 'Statutory')";
    assert_eq!(audited.attacked(&[definition]).await, Code::WrongRules);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_backup_restored_and_continued() {
    const TABLES: [&str; 6] =
        ["cases", "case_events", "log_leaves", "log_tiles", "log_state", "log_checkpoints"];
    let audited = Audited::new().await;
    let mut admin = superuser(&audited.office).await;
    for table in TABLES {
        let copy = format!("create table backup_{table} as table {table}");
        sqlx::raw_sql(AssertSqlSafe(copy)).execute(&mut admin).await.unwrap();
    }
    for number in 0..10 {
        remarks(&audited.office.store, audited.cases[0], &format!("later {number}")).await;
    }
    // This is what the auditor keeps.
    let kept = audited.seals().await;
    for table in TABLES {
        let back = format!("truncate {table}; insert into {table} select * from backup_{table}");
        sqlx::raw_sql(AssertSqlSafe(back)).execute(&mut admin).await.unwrap();
    }
    let restored = audited.bundle(Extent::Everything, Some(&kept)).await;
    assert!(verified(&restored, None).is_good(), "in itself it is as it was");
    assert_eq!(verified(&restored, Some(&kept)).problems[0].code, Code::OlderThanSince);
    for number in 0..20 {
        remarks(&audited.office.store, audited.cases[1], &format!("instead {number}")).await;
    }
    let forked = audited.seals().await;
    assert!(forked.size > kept.size);
    let proof = audited.office.store.log_consistency(kept.size, forked.size).await.unwrap();
    let refused = may_sign(Some(&kept), kept.size, &proof, &forked);
    assert_eq!(refused.unwrap_err().code(), "checkpoint_fork");
    // Somebody who has the key does.
    let continued = audited.bundle(Extent::Everything, Some(&kept)).await;
    assert!(verified(&continued, None).is_good());
    assert_eq!(verified(&continued, Some(&kept)).problems[0].code, Code::NotConsistent);
}
