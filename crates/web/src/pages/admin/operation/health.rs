//! How the service does: from the same sources as the probes and the figures for Prometheus.

use std::time::Duration;

use askama::Template;
use axum::{extract::State, response::Response};
use parvaneh_store::PoolUse;

use crate::{
    App,
    pages::{Frame, page, routes::Pages, visit::Visit},
    policy::{self, Task},
    problem::Problem,
    say::{Said, Words},
};

/// From when on what waits has waited too long; as the alarms that docs/OPERATIONS.md names.
const DUE_LATE: Duration = Duration::from_secs(60);
const OUTBOX_LATE: Duration = Duration::from_secs(300);
const LOG_LATE: Duration = Duration::from_secs(60);

pub(super) fn pages() -> Pages {
    Pages::default().get("/admin/health", health)
}

/// Something that is looked at.
struct Check {
    name: Said,
    /// What was found, large.
    figure: String,
    /// What it means.
    about: Option<Said>,
    well: bool,
    /// Where it is looked after.
    address: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "admin/health.html")]
struct Page {
    frame: Frame,
    checks: Vec<Check>,
    pools: Vec<(Said, PoolUse)>,
    version: &'static str,
    facts: Option<Facts>,
}

/// What is told of the database.
struct Facts {
    version: String,
    size: String,
    migration: i64,
}

/// How long something has waited, as people say it.
fn waited(age: Duration, words: Words) -> Said {
    let seconds = age.as_secs();
    match seconds {
        0..120 => words.t("health-seconds").n("seconds", seconds),
        120..7_200 => words.t("health-minutes").n("count", seconds / 60),
        7_200..172_800 => words.t("health-hours").n("hours", seconds / 3_600),
        _ => words.t("health-days").n("days", seconds / 86_400),
    }
}

/// Bytes, as people say them.
fn bytes(count: u64, words: Words) -> String {
    let mega = count / (1024 * 1024);
    match mega {
        0..10_240 => words.t("health-megabytes").n("count", mega).into(),
        _ => words.t("health-gigabytes").n("count", mega / 1024).into(),
    }
}

async fn health(State(app): State<App>, visit: Visit) -> Result<Response, Problem> {
    let words = visit.look.words;
    policy::permit_everywhere(&visit.viewer, Task::Operate)?;
    let found = app.probe.look(&app).await;
    let yes_no = |yes: bool| if yes { words.t("health-well") } else { words.t("health-ill") };
    let check = |name, well: bool| Check {
        name,
        figure: yes_no(well).into(),
        about: None,
        well,
        address: None,
    };
    let mut checks = vec![
        check(words.t("health-database"), found.database),
        check(words.t("health-documents"), found.documents),
    ];
    if let Ok(backlog) = app.store.backlog().await {
        let counted = |name, count: u64, age: Option<Duration>, well, address| Check {
            name,
            figure: words.number(count),
            about: age.filter(|_| count > 0).map(|age| waited(age, words)),
            well,
            address,
        };
        let (due, outbox) = (backlog.oldest_due, backlog.oldest_outbox);
        checks.push(counted(words.t("health-due"), backlog.due, Some(due), due <= DUE_LATE, None));
        checks.push(counted(
            words.t("health-outbox"),
            backlog.outbox,
            Some(outbox),
            outbox <= OUTBOX_LATE,
            None,
        ));
        let deliveries = Some("/admin/deliveries?state=waiting");
        checks.push(counted(words.t("health-mails"), backlog.mails, None, true, deliveries));
        checks.push(counted(
            words.t("health-events"),
            backlog.webhook_events,
            None,
            true,
            Some("/admin/webhooks"),
        ));
        checks.push(counted(
            words.t("health-parked"),
            backlog.parked,
            None,
            backlog.parked == 0,
            Some("/admin/parked"),
        ));
    }
    if let Ok(log) = app.store.log_standing().await {
        let unsigned = log.signed.is_some() && log.unsigned_for > LOG_LATE;
        let unsealed = log.unsealed_for > LOG_LATE;
        let about = match (&log.refused, log.signed) {
            (Some((code, _)), _) => Some(words.t("health-log-refused").s("code", code)),
            _ if unsealed => Some(waited(log.unsealed_for, words)),
            _ if unsigned => Some(waited(log.unsigned_for, words)),
            _ if log.catching_up => Some(words.t("health-log-catching-up")),
            (None, None) => Some(words.t("health-log-unsigned")),
            _ => None,
        };
        let well = log.refused.is_none() && !unsigned && !unsealed;
        let figure = words.number(log.size);
        checks.push(Check { name: words.t("health-log"), figure, about, well, address: None });
    }
    let pool = |pool: PoolUse| {
        let name = match pool.pool {
            "readers" => words.t("health-pool-readers"),
            "people" => words.t("health-pool-people"),
            _ => words.t("health-pool-writers"),
        };
        (name, pool)
    };
    let facts = app.store.database_facts().await.ok().map(|facts| Facts {
        version: facts.version.split(' ').next().unwrap_or_default().to_owned(),
        size: bytes(facts.bytes, words),
        migration: facts.migration,
    });
    let shown = Page {
        frame: visit.frame(words.t("health-title")),
        checks,
        pools: app.store.pools().map(pool).into(),
        version: env!("CARGO_PKG_VERSION"),
        facts,
    };
    page(&visit.look, &shown)
}
