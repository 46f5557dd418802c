//! Forms, filled in from the command line and kept by the store.

use std::fs;

use parvaneh_core::{Case, Event};
use serde_json::{Value, json};

use super::{finish, installation::Installation, repository};

/// An office in which a procedure with forms is published.
fn office() -> Installation {
    let here = Installation::sandbox();
    let file = repository("crates/core/tests/forms/v1.yaml").display().to_string();
    here.json(["workflow", "publish", &file]);
    here.people(&[("Ali", "officer@2301"), ("سارا", "")]);
    here.json(["clock", "freeze"]);
    here.json(["clock", "set", "1450/02/03 09:00"]);
    here
}

const OPEN: [&str; 9] = [
    "case",
    "open",
    "kindergarten",
    "--unit",
    "2301",
    "--subject",
    "مهد کودک مهر",
    "--applicant",
    "سارا",
];

fn open(here: &Installation, more: &[&str]) -> super::Run {
    finish(here.program().args(OPEN).args(["--as", "Ali", "--json"]).args(more))
}

#[test]
fn forms_are_filled_in_and_kept() {
    let here = office();
    // Every fault is told at once, in both languages, and nothing is opened.
    let refused = open(&here, &["--set", "founder=company", "--set", "capital=۵ تومان"]).ends(1);
    let error = &serde_json::from_str::<Value>(&refused.err).unwrap()["error"];
    assert_eq!(error["code"], "form_invalid");
    let told: Vec<_> = error["faults"].as_array().unwrap().iter().collect();
    let codes: Vec<_> = told
        .iter()
        .map(|fault| (&fault["field"], &fault["code"]))
        .map(|pair| json!(pair))
        .collect();
    assert_eq!(
        codes,
        [
            json!(["legal_id", "required"]),
            json!(["capital", "not_in_rials"]),
            json!(["mobile", "required"])
        ]
    );
    assert_eq!(told[1]["fa"], "سرمایه: مبلغ را به ریال بنویسید، نه به تومان");
    assert_eq!(here.json(["case", "list"]), json!([]), "nothing was opened");
    let text = finish(here.program().args(OPEN).args(["--as", "Ali"])).ends(1).err;
    assert!(text.contains("- Founder: must be filled in [required]"), "{text}");
    assert!(text.contains("مؤسس: باید پر شود"), "{text}");

    // From a file, with one value beside it.
    let folder = tempfile::tempdir().unwrap();
    let form = folder.path().join("form.json");
    let values = json!({ "founder": "شخص حقیقی", "national_id": 84_575_948, "capital": "500,000,000", "born": "1360/01/05" });
    fs::write(&form, values.to_string()).unwrap();
    let form = form.display().to_string();
    let opened = open(&here, &["--form", &form, "--set", "mobile=۰۹۱۲۳۴۵۶۷۸۹"]).ends(0).json();
    let case = opened["case"]["id"].as_str().unwrap().to_owned();
    assert_eq!(opened["case"]["data"]["national_id"], json!({ "national_id": "0084575948" }));
    fs::write(folder.path().join("form.json"), "[1]").unwrap();
    let broken = open(&here, &["--form", &form]).ends(1);
    assert_eq!(broken.error_code(), "not-json");
    assert_eq!(open(&here, &["--form", "/nonexistent"]).ends(1).error_code(), "unreadable-file");
    open(&here, &["--set", "capital"]).ends(2);

    // The papers, looked at by the officer.
    let paper = folder.path().join("گواهی.pdf");
    fs::write(&paper, "a").unwrap();
    let paper = paper.display().to_string();
    let attach = |document: &str, more: &[&str]| {
        let attach = ["case", "attach", &case, document, &paper, "--as", "Ali", "--json"];
        finish(here.program().args(attach).args(more))
    };
    assert_eq!(attach("record", &[]).ends(1).error_code(), "document_invalid");
    assert_eq!(attach("recrd", &[]).ends(1).error_code(), "unknown_document");
    attach("record", &["--issued", "1450/01/20"]).ends(0);
    attach("charter", &["--copies", "2"]).ends(0);
    let shown = here.json(["case", "show", &case, "--as", "Ali"]);
    let states: Vec<_> = shown["papers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|paper| format!("{} {}", paper["document"], paper["state"]))
        .collect();
    let expected = [
        r#""charter" "unverified""#,
        r#""record" "unverified""#,
        r#""photos" "missing""#,
        r#""health" "missing""#,
    ];
    assert_eq!(states, expected);
    let told = here.run(["case", "act", &case, "grant", "--as", "Ali"]).ends(1).err;
    assert!(told.contains("گواهی سوءپیشینه: هنوز بررسی و تأیید نشده است"), "{told}");
    assert!(told.contains("verify record good") && told.contains("attach photos FILE"), "{told}");
    assert_eq!(
        here.refused(["case", "verify", &case, "record", "refused", "--as", "Ali"]),
        "reason_needed"
    );
    here.json(["case", "verify", &case, "record", "good", "--as", "Ali"]);
    here.json(["case", "verify", &case, "charter", "good", "--as", "Ali"]);
    let text = here.run(["case", "show", &case]).ends(0).out;
    assert!(text.contains("Criminal record: good, required here (گواهی.pdf)"), "{text}");

    // The inspection, bit by bit; a file is kept by its hash.
    let plan = folder.path().join("plan.pdf");
    fs::write(&plan, "a").unwrap();
    let plan = format!("plan={}", plan.display());
    here.json(["case", "fill", &case, "--set", "area=۱۲۰٫۵", "--file", &plan, "--as", "Ali"]);
    let shown = here.json(["case", "show", &case, "--as", "Ali"]);
    let granting = shown["possible"]
        .as_array()
        .unwrap()
        .iter()
        .find(|possible| possible["action"] == "grant")
        .unwrap();
    assert_eq!(granting["needs_values"], json!(["safe", "children"]));
    let kept = shown["filled_in"].as_array().unwrap();
    let of = |field: &str| kept.iter().find(|kept| kept["field"] == field).unwrap();
    assert_eq!(of("capital")["shown"]["fa"], "۵۰۰٬۰۰۰٬۰۰۰ ریال");
    assert_eq!(of("capital")["title"], json!({ "fa": "سرمایه", "en": "Capital" }));
    assert_eq!(of("born")["value"], "1981-03-25");
    assert_eq!(
        of("plan")["value"],
        json!({ "name": "plan.pdf", "media_type": "application/pdf", "size": 1, "sha256": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb" })
    );
    let text = here.run(["case", "show", &case, "--lang", "fa"]).ends(0).out;
    for part in ["سرمایه: ۵۰۰٬۰۰۰٬۰۰۰ ریال", "تاریخ تولد: ۱۳۶۰/۰۱/۰۵", "مؤسس: شخص حقیقی"]
    {
        assert!(text.contains(part), "'{part}' is missing: {text}");
    }
    let told = here.run(["case", "act", &case, "grant", "--as", "Ali"]).ends(1).err;
    assert!(told.contains("act grant --set safe=… --set children=…"), "{told}");
    let set =
        ["case", "act", &case, "grant", "--set", "safe=yes", "--set", "children=40", "--as", "Ali"];
    assert_eq!(here.json(set)["case"]["place"]["end"]["outcome"], "granted");

    // What is stored is the fold of what happened.
    let timeline = here.json(["case", "timeline", &case]);
    assert_eq!(timeline["whole"], true);
    let events: Vec<Event> = timeline["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| serde_json::from_value(entry["event"].clone()).unwrap())
        .collect();
    let folded = Case::fold(&events).unwrap();
    let stored = here.json(["case", "show", &case])["case"].clone();
    assert_eq!(serde_json::from_value::<Case>(stored).unwrap(), folded);
    assert_eq!(folded.data.len(), 9);
    let text = here.run(["case", "timeline", &case]).ends(0).out;
    assert!(text.contains("filled in Area: 120.5; Plan: plan.pdf"), "{text}");
}

#[test]
fn papers_come_with_an_application_and_an_action() {
    let here = office();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("اساسنامه.pdf");
    fs::write(&file, "a").unwrap();
    let file = file.display().to_string();
    let values =
        ["founder=person", "national_id=0084575948", "capital=500000000", "mobile=09123456789"];
    let values: Vec<&str> = values.iter().flat_map(|value| ["--set", value]).collect();
    let with = |more: &[&str]| open(&here, &[&values, more].concat());
    let charter = format!("charter={file}");

    // Faults of values and papers together, and nothing is opened.
    let wrong =
        ["--document", &charter, "--document", "recrd=sha256:0:1:a.pdf", "--set", "capital=1"];
    let refused = with(&wrong).ends(1);
    let error = &serde_json::from_str::<Value>(&refused.err).unwrap()["error"];
    let told: Vec<_> = error["faults"].as_array().unwrap().iter().collect();
    let codes: Vec<_> = told.iter().map(|fault| fault["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["too_small", "too_few_copies", "unknown_document"]);
    assert_eq!(here.json(["case", "list"]), json!([]), "nothing was opened");
    let twice = ["--document", &charter, "--document", &charter];
    assert_eq!(with(&twice).ends(1).error_code(), "given-twice");
    let other = ["--document", &charter, "--issued", "record=1450/01/01"];
    assert_eq!(with(&other).ends(1).error_code(), "no-such-paper");
    assert_eq!(with(&["--document", "charter=sha256:0"]).ends(1).error_code(), "not-a-file");
    with(&["--issued", "charter=1450/01/01"]).ends(2);
    with(&["--document", &charter, "--copies", "charter=two"]).ends(2);

    // One paper from a file, one that is kept elsewhere.
    let kept = format!("record=sha256:{}:12:گواهی.pdf", "ab".repeat(32));
    let good = ["--document", &charter, "--copies", "charter=2", "--document", &kept];
    let opened = with(&[&good[..], &["--issued", "record=1450/01/20"]].concat()).ends(0).json();
    let case = opened["case"]["id"].as_str().unwrap().to_owned();
    let papers = &opened["case"]["documents"];
    assert_eq!(papers["charter"]["file"]["name"], "اساسنامه.pdf");
    assert_eq!(papers["charter"]["copies"], 2);
    assert_eq!(papers["record"]["file"]["size"], 12);
    assert_eq!(papers["record"]["file"]["media_type"], "application/pdf");
    for document in ["charter", "record"] {
        here.json(["case", "verify", &case, document, "good", "--as", "Ali"]);
    }
    let photos = format!("photos={file}");
    let fill = ["case", "fill", &case, "--document", &photos, "--as", "Ali"];
    assert_eq!(here.json(fill)["case"]["documents"]["photos"]["copies"], 1);
    let set = ["--set", "area=40", "--set", "safe=yes", "--set", "children=12"];
    let health = format!("health={file}");
    let grant = ["case", "act", &case, "grant", "--as", "Ali", "--document", &health, "--json"];
    let granted = finish(here.program().args(grant).args(set)).ends(0).json();
    assert_eq!(granted["case"]["place"]["end"]["outcome"], "granted");
    let timeline = here.json(["case", "timeline", &case]);
    assert_eq!(timeline["whole"], true);
    let events: Vec<Event> = timeline["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| serde_json::from_value(entry["event"].clone()).unwrap())
        .collect();
    let stored = here.json(["case", "show", &case])["case"].clone();
    assert_eq!(serde_json::from_value::<Case>(stored).unwrap(), Case::fold(&events).unwrap());
}
