//! The keys of requests: kept for a time, then forgotten.

use std::time::Duration;

use chrono::TimeDelta;
use parvaneh_core::CaseId;
use parvaneh_store::{Executed, Request};
use sqlx::Row;

use crate::store_fixture::{Office, comment, holder};

async fn remarks(office: &Office, case: CaseId, key: &str) -> Executed {
    let mut request = Request::command(holder("county_officer"), case, comment("a remark"));
    request.key = Some(key.to_owned());
    office.store.execute(request).await.unwrap()
}

#[tokio::test]
async fn old_keys_are_forgotten_and_young_ones_are_not() {
    let office = Office::sandbox().await;
    let case = office.opened().await.id;
    remarks(&office, case, "old").await;
    office.advance(TimeDelta::days(29)).await;
    remarks(&office, case, "young").await;
    let month = Duration::from_secs(30 * 86_400);
    assert_eq!(office.store.forget_keys(month, 100).await.unwrap(), 0);
    office.advance(TimeDelta::days(2)).await;
    assert_eq!(office.store.forget_keys(month, 100).await.unwrap(), 1);
    assert!(remarks(&office, case, "young").await.repeated);
    assert!(!remarks(&office, case, "old").await.repeated, "it is a new request again");

    // Never what is younger than a day, whatever is asked: for nobody.
    assert_eq!(office.store.forget_keys(Duration::ZERO, 100).await.unwrap(), 1, "only 'young'");
    let mut engine = office.as_application().await;
    let refused = sqlx::query("delete from idempotency_keys").execute(&mut engine).await;
    let code =
        refused.unwrap_err().as_database_error().and_then(|e| e.code().map(|c| c.into_owned()));
    assert_eq!(code.as_deref(), Some("PV010"));
    let mut reader = office.in_role("parvaneh_app").await;
    assert!(sqlx::query("delete from idempotency_keys").execute(&mut reader).await.is_err());
}

/// Portions are small, and however many keys there are, those that are young are not looked at.
#[tokio::test]
async fn keys_are_forgotten_in_portions_by_an_index() {
    let office = Office::sandbox().await;
    let mut admin = office.as_admin().await;
    let many = "insert into idempotency_keys
        select gen_random_uuid(), 'k', decode(repeat('00', 32), 'hex'), gen_random_uuid(), 1, 0,
               engine_now() - make_interval(hours => n) from generate_series(1, 3000) n";
    sqlx::query(many).execute(&mut admin).await.unwrap();
    let week = Duration::from_secs(7 * 86_400);
    let mut gone = Vec::new();
    while gone.last() != Some(&0) {
        gone.push(office.store.forget_keys(week, 1_000).await.unwrap());
    }
    assert_eq!(gone, [1_000, 1_000, 832, 0], "168 hours and younger stay");
    sqlx::raw_sql("set enable_seqscan = off").execute(&mut admin).await.unwrap();
    let sql = "explain select ctid from idempotency_keys where recorded_at < now() limit 10";
    let plan = sqlx::query(sql).fetch_all(&mut admin).await.unwrap();
    let plan: Vec<String> = plan.iter().map(|row| row.get(0)).collect();
    assert!(plan.join("\n").contains("idempotency_keys_recorded"), "{plan:?}");
}
