//! Publishing definitions and calendars.

use std::fs;

use serde_json::json;

use super::{installation::Installation, parvaneh, repository};

#[test]
fn a_version_is_published_once_and_never_changes() {
    let here = Installation::sandbox();
    let first = here.json(["workflow", "list"]);
    assert_eq!(
        (&first[0]["workflow"], &first[0]["version"]),
        (&json!("ngo-establishment"), &json!(1))
    );
    let file = repository("workflows/ngo-establishment/v1.yaml").display().to_string();
    assert_eq!(here.json(["workflow", "publish", &file])[0]["new"], false);

    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("v.yaml").display().to_string();
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&place, text.replace("term: 60 d", "term: 59 d")).unwrap();
    assert_eq!(here.refused(["workflow", "publish", &place]), "version_taken");
    fs::write(&place, text.replace("version: 1", "version: 2")).unwrap();
    assert_eq!(here.json(["workflow", "publish", &place])[0]["new"], true);
    assert_eq!(here.json(["workflow", "list"]).as_array().map(Vec::len), Some(2));

    fs::write(
        &place,
        text.replace("version: 1", "version: 3").replace("calendar: ir", "calendar: mars"),
    )
    .unwrap();
    assert_eq!(here.refused(["workflow", "publish", &place]), "no_such_calendar");
    fs::write(&place, text.replace("opens_at: county", "opens_at: moon")).unwrap();
    assert_eq!(here.refused(["workflow", "publish", &place]), "not-sound");

    let shown = here.json(["workflow", "show", "ngo-establishment"]);
    assert_eq!((&shown["version"], &shown["statutory"]["term"]), (&json!(2), &json!("60 d")));
    let old = here.run(["workflow", "show", "ngo-establishment@1", "--source"]).ends(0).out;
    assert_eq!(old.trim_end(), text.trim_end());
    let steps = here.run(["workflow", "show", "ngo-establishment", "--lang", "fa"]).ends(0).out;
    assert!(
        steps.contains("پذیرش و کنترل مدارک") && steps.contains("accept → inquiries"),
        "{steps}"
    );
    assert_eq!(here.refused(["workflow", "show", "ngo-establishment@9"]), "no_such_definition");
}

#[test]
fn a_calendar_is_checked_and_published() {
    let file = repository("workflows/calendars/ir.yaml").display().to_string();
    assert!(parvaneh(["calendar", "check", &file]).ends(0).out.contains("sound"));
    assert_eq!(parvaneh(["calendar", "check", &file, "--json"]).ends(0).json(), json!([]));
    let broken = parvaneh(["calendar", "check", &file, "/nonexistent", "--json"]).ends(1);
    assert_eq!(broken.json()[0]["code"], "cannot-read");

    let here = Installation::sandbox();
    assert_eq!(here.json(["calendar", "publish", &file])["new"], false);
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("ir.yaml").display().to_string();
    fs::write(&place, fs::read_to_string(&file).unwrap() + "\n# changed\n").unwrap();
    let published = here.json(["calendar", "publish", &place]);
    assert_eq!(published["new"], true);
    assert_eq!(here.json(["calendar", "list"])[0]["version"], published["version"]);
}
