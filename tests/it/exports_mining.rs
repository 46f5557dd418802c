//! Event logs as a process miner reads them: pm4py loads both, and discovers a model in each.

use std::{collections::BTreeSet, process::Stdio};

use parvaneh_export::Format;
use parvaneh_store::ExportScope;
use serde_json::{Value, json};

use crate::{
    exports::{hire, streamed},
    python::python,
    store_fixture::{Office, act, comment},
};

#[tokio::test]
async fn a_process_miner_reads_the_logs_and_discovers_a_model() {
    let office = Office::sandbox().await;
    let store = &office.store;
    for no in 0..4 {
        let case = office.opened().await.id;
        office.does("county_officer", case, comment("«مهر» <&> \u{1} \"=1\" 😀")).await.unwrap();
        if no > 0 {
            office.does("county_officer", case, act("accept")).await.unwrap();
        }
    }
    let auditor = hire(store, "an auditor", "auditor", "ir").await;
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    let mut events = 0;
    for format in [Format::Xes, Format::Ocel] {
        let (row, bytes) = streamed(store, auditor, ExportScope::default(), format).await.unwrap();
        events = row.events;
        let file = folder.path().join(format!("log.{}", format.extension()));
        std::fs::write(&file, bytes).unwrap();
        files.push(file);
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/mining/discover.py");
    let told = python("pm4py").arg(script).args(&files).stderr(Stdio::piped()).output();
    let told = told.await.unwrap();
    let complaints = String::from_utf8_lossy(&told.stderr);
    assert!(told.status.success(), "./run setup installs pm4py: {complaints}");
    let found: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!((&found["cases"], &found["events"]), (&json!(4), &json!(events)), "{found}");
    assert_eq!(found["object_events"], json!(events), "{found}");
    assert_eq!(found["starts"], json!(["opened"]), "{found}");
    assert_eq!(found["in_order"], json!(true), "{found}");
    let activities: BTreeSet<&str> =
        found["activities"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(activities.is_superset(&BTreeSet::from(["opened", "commented"])), "{found}");
    let all = |name: &str| -> Vec<String> {
        let list = found[name].as_array().unwrap();
        list.iter().map(|one| one.as_str().unwrap().to_owned()).collect()
    };
    assert!(all("lifecycle").iter().any(|one| one == "start"), "{found}");
    assert_eq!(all("object_types"), ["case", "person", "task", "unit"], "{found}");
    assert_eq!(all("object_nets"), all("object_types"), "{found}");
    assert!(found["transitions"].as_u64().unwrap() >= activities.len() as u64, "{found}");
    assert!((found["fitness"].as_f64().unwrap() - 1.0).abs() < 1e-9, "{found}");
}
