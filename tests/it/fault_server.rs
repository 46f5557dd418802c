//! The server itself is killed in the middle of writing, or stays away.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use parvaneh_core::{CaseId, Event};
use parvaneh_store::{
    Founding, Request, Store, StoreOptions,
    embedded::{PrivatePostgres, ServerSearch},
};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::ConnectOptions;
use tempfile::TempDir;

use crate::{
    fault_audit::audit,
    fault_process::eventually,
    fault_writer::is_unsure,
    store_fixture::{comment, found, holder, new_case, open_request},
};

pub(crate) const DATABASE: &str = "parvaneh";

/// A server of a test's own, with an office in it: this one may be killed.
pub(crate) struct OwnServer {
    pub(crate) postgres: PrivatePostgres,
    data: PathBuf,
    _dir: TempDir,
}

impl OwnServer {
    pub(crate) async fn start(founding: Founding) -> Self {
        // A folder that also the account that runs the server for root may enter.
        let dir = tempfile::Builder::new()
            .prefix("parvaneh-")
            .permissions(std::fs::Permissions::from_mode(0o711))
            .tempdir()
            .expect("a temporary folder");
        let data = dir.path().join("data");
        let postgres = start(&data).await;
        postgres.ensure_database(DATABASE).await.unwrap();
        found(postgres.owner_options(DATABASE), founding).await.unwrap();
        Self { postgres, data, _dir: dir }
    }

    pub(crate) async fn store(&self, how: StoreOptions) -> Store {
        Store::connect(self.postgres.app_options(DATABASE), how).await.unwrap()
    }

    pub(crate) async fn superuser(&self) -> sqlx::PgConnection {
        self.postgres.admin_options(DATABASE).connect().await.unwrap()
    }

    /// Kills the server with everything that belongs to it.
    fn kill(&self) {
        let server = self.postgres.pid();
        let all: Vec<i32> = std::iter::once(server).chain(children(server)).collect();
        for pid in &all {
            // A session may have ended by itself meanwhile.
            kill_process(Pid::from_raw(*pid).unwrap(), Signal::KILL).ok();
        }
        assert!(all.len() > 3, "a server that works has many processes: {all:?}");
    }

    /// Stops the server as it should be, to start it with other settings.
    pub(crate) async fn stop(&self) {
        let pid = Pid::from_raw(self.postgres.pid()).unwrap();
        kill_process(pid, Signal::INT).unwrap();
        let gone = async || children(self.postgres.pid()).is_empty().then_some(());
        eventually("it has stopped", gone).await;
    }

    pub(crate) async fn restart(&mut self) {
        let again = start(&self.data).await;
        drop(std::mem::replace(&mut self.postgres, again));
    }
}

async fn start(data: &Path) -> PrivatePostgres {
    PrivatePostgres::start(data, &ServerSearch::from_env()).await.expect("a server")
}

fn children(parent: i32) -> Vec<i32> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let is_child = |pid: &i32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // After the name in brackets come the state and the parent.
        let after = stat.rsplit(')').next().unwrap_or_default().to_owned();
        after.split_whitespace().nth(1) == Some(&parent.to_string())
    };
    pids.filter(is_child).collect()
}

/// Writers that repeat each remark with its key until there is an answer.
struct Busy {
    settled: AtomicUsize,
    over: AtomicBool,
}

async fn write(store: Store, case: CaseId, name: usize, busy: Arc<Busy>) -> Vec<Event> {
    let mut acknowledged = Vec::new();
    for count in 0.. {
        if busy.over.load(Ordering::Relaxed) {
            break;
        }
        let text = format!("{name}.{count}");
        let request = Request::command(holder("county_head"), case, comment(&text)).with_key(text);
        loop {
            match store.execute(request.clone()).await {
                Ok(executed) => {
                    acknowledged.extend(executed.events);
                    break;
                }
                Err(error) => assert!(is_unsure(&error), "{error}"),
            }
        }
        busy.settled.fetch_add(1, Ordering::Relaxed);
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_has_everything_that_was_acknowledged() {
    let mut server = OwnServer::start(Founding::Production).await;
    let store = server.store(StoreOptions::default()).await;
    let patience = Duration::from_millis(200);
    let hasty = server.store(StoreOptions { patience, ..StoreOptions::default() }).await;
    let mut cases = Vec::new();
    for _ in 0..5 {
        cases.push(store.execute(open_request(new_case())).await.unwrap().case.id);
    }
    let busy = Arc::new(Busy { settled: AtomicUsize::new(0), over: AtomicBool::new(false) });
    let writers: Vec<_> = (0..10)
        .map(|name| tokio::spawn(write(store.clone(), cases[name % 5], name, busy.clone())))
        .collect();
    let progress = async |more: usize| {
        let enough = busy.settled.load(Ordering::Relaxed) + more;
        let reached = async || (busy.settled.load(Ordering::Relaxed) >= enough).then_some(());
        eventually("the writers go on", reached).await;
    };
    progress(50).await;
    server.kill();
    server.restart().await;
    progress(50).await;

    // This time it stays away, and whoever does not want to wait for it is told soon.
    server.kill();
    let begun = Instant::now();
    let asking = (0..60).map(|n| {
        Request::command(holder("county_head"), cases[n % 5], comment(&format!("hasty {n}")))
    });
    let verdicts = hasty.execute_batch(asking.collect()).await;
    assert!(verdicts.iter().all(|verdict| verdict.as_ref().is_err_and(is_unsure)), "{verdicts:?}");
    assert!(hasty.now().await.is_err());
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    server.restart().await;
    hasty.now().await.expect("the first read after it has come back");
    progress(50).await;

    busy.over.store(true, Ordering::Relaxed);
    let mut superuser = server.superuser().await;
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        let value: String = sqlx::query_scalar("select current_setting($1)")
            .bind(setting)
            .fetch_one(&mut superuser)
            .await
            .unwrap();
        assert_eq!(value, "on", "{setting}");
    }
    let mut acknowledged = Vec::new();
    for (name, writer) in writers.into_iter().enumerate() {
        acknowledged.push((cases[name % 5], writer.await.unwrap()));
    }
    let audit = audit(&store, &mut superuser).await;
    for (case, events) in &acknowledged {
        for event in events {
            let stored = audit.timelines[case].get(event.seq as usize - 1);
            assert_eq!(stored, Some(event), "acknowledged and lost");
        }
    }
    let told: usize = acknowledged.iter().map(|(_, events)| events.len()).sum();
    assert_eq!(audit.count("commented"), told, "and nothing is there twice");
    for store in [store, hasty] {
        store.close().await;
    }
}
