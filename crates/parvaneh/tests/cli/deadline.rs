//! `parvaneh deadline`.

use std::fs;

use serde_json::{Value, json};

use super::{finish, parvaneh, parvaneh_with, program, repository};

/// A calendar that is easy to reckon with: Saturday to Wednesday, 08:00-12:00 and 13:00-16:00.
const PLAIN: &str = "\
calendar: plain
title: { fa: ساده, en: Plain }
zone: Asia/Tehran
day_ends: close_of_business
hours:
  - name: { fa: ساعت کار, en: Office hours }
    week: { sat-wed: [08:00-12:00, 13:00-16:00] }
    certainty: assumption
";

struct Plain {
    folder: tempfile::TempDir,
}

impl Plain {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("plain.yaml"), PLAIN).expect("it can be written");
        Self { folder }
    }

    fn file(&self) -> String {
        self.folder.path().join("plain.yaml").display().to_string()
    }

    /// The deadline of a clock, given the options beside the calendar.
    #[track_caller]
    fn deadline(&self, options: &[&str]) -> Value {
        let calendar = self.file();
        let mut command = program();
        command.args(["deadline", "--json", "--calendar", &calendar]).args(options);
        finish(&mut command).ends(0).json()["deadline"].clone()
    }
}

#[test]
fn every_unit_counts_as_the_contract_says() {
    let plain = Plain::new();
    // 2025-03-01 is a Saturday.
    let start = "2025-03-01T10:00:00+03:30";
    for (term, expected) in [
        ("5 wd", "2025-03-08T16:00:00+03:30"),
        ("1 wd", "2025-03-02T16:00:00+03:30"),
        ("3 d", "2025-03-04T16:00:00+03:30"),
        ("5 d", "2025-03-08T16:00:00+03:30"),
        ("1 w", "2025-03-08T16:00:00+03:30"),
        ("3 wh", "2025-03-01T14:00:00+03:30"),
        ("10 wh", "2025-03-02T14:00:00+03:30"),
        ("48 h", "2025-03-03T10:00:00+03:30"),
    ] {
        assert_eq!(plain.deadline(&["--term", term, "--start", start]), expected, "{term}");
    }
    let midnight = ["--term", "3 d", "--start", start, "--day-ends", "midnight"];
    assert_eq!(plain.deadline(&midnight), "2025-03-05T00:00:00+03:30");
}

#[test]
fn suspensions_and_extensions_count() {
    let plain = Plain::new();
    let base = ["--term", "5 wd", "--start", "2025-03-01T10:00:00+03:30"];
    for (options, expected) in [
        // A day suspended before its close and resumed after it is lost.
        (
            vec!["--suspend", "2025-03-03T12:00:00+03:30/2025-03-03T17:00:00+03:30"],
            json!("2025-03-09T16:00:00+03:30"),
        ),
        // Suspended at the close: the day has counted. Resumed at the close: the day is lost.
        (
            vec!["--suspend", "2025-03-03T16:00:00+03:30/2025-03-04T16:00:00+03:30"],
            json!("2025-03-09T16:00:00+03:30"),
        ),
        (
            vec!["--suspend", "2025-03-03T12:00:00+03:30/2025-03-03T15:00:00+03:30"],
            json!("2025-03-08T16:00:00+03:30"),
        ),
        (vec!["--extend", "2 wd", "--extend", "1 wd"], json!("2025-03-11T16:00:00+03:30")),
        (vec!["--suspend", "2025-03-03T12:00:00+03:30/"], Value::Null),
        // Jalali moments, whose dates have slashes of their own.
        (
            vec!["--suspend", "1403/12/13 12:00/1403/12/13 17:00"],
            json!("2025-03-09T16:00:00+03:30"),
        ),
        (vec!["--suspend", "1403/12/13..1403/12/14"], json!("2025-03-09T16:00:00+03:30")),
        (vec!["--suspend", "1403/12/13/1403/12/14"], json!("2025-03-09T16:00:00+03:30")),
        (vec!["--suspend", "1403/12/13/"], Value::Null),
    ] {
        let options: Vec<&str> = base.iter().copied().chain(options).collect();
        assert_eq!(plain.deadline(&options), expected, "{options:?}");
    }
}

#[test]
fn a_start_may_be_written_in_many_ways() {
    let plain = Plain::new();
    for start in [
        "2025-03-01T10:00:00+03:30",
        "2025-03-01T06:30:00Z",
        "2025-03-01T06:30:00.000000Z",
        "2025-03-01 10:00",
        "1403/12/11 10:00",
        "1403-12-11T10:00+03:30",
        "۱۴۰۳/۱۲/۱۱ ۱۰:۰۰",
    ] {
        let deadline = plain.deadline(&["--term", "3 wh", "--start", start]);
        assert_eq!(deadline, "2025-03-01T14:00:00+03:30", "{start}");
    }
    // Microseconds are shown only where there are any.
    let fine = plain.deadline(&["--term", "1 h", "--start", "2025-03-01T10:00:00.123456789+03:30"]);
    assert_eq!(fine, "2025-03-01T11:00:00.123456+03:30");
}

#[test]
fn the_server_s_time_zone_is_of_no_account() {
    let arguments =
        ["deadline", "--json", "--term", "5 wd", "--start", "2025-03-01 10:00", "--explain"];
    let answers: Vec<_> = ["UTC", "Asia/Tehran", "America/Los_Angeles", "Pacific/Kiritimati"]
        .map(|zone| finish(program().args(arguments).env("TZ", zone)).ends(0).out)
        .into();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
}

#[test]
fn the_calendar_that_the_program_carries_is_that_of_the_repository() {
    let file = repository("workflows/calendars/ir.yaml").display().to_string();
    let arguments = |calendar| {
        ["deadline", "--json", "--term", "20 wd", "--start", "1403/12/11", "--calendar", calendar]
    };
    let carried = parvaneh(arguments("ir")).ends(0).json();
    assert_eq!(carried, parvaneh(arguments(&file)).ends(0).json());
    assert_eq!(carried["calendar"], "ir");
    assert_eq!(carried["zone"], "Asia/Tehran");
    assert_eq!(carried["calendar_version"].as_str().map(str::len), Some(64));
}

#[test]
fn an_explanation_ends_at_the_deadline() {
    let arguments = ["deadline", "--term", "5 wd", "--start", "1403/12/11 10:00", "--explain"];
    let text = parvaneh(arguments).ends(0).out;
    for part in ["1403/12/11", "the day of the start", "weekly day off", "deadline  1403/12/18"] {
        assert!(text.contains(part), "'{part}' is missing: {text}");
    }
    let json = finish(program().args(arguments).arg("--json")).ends(0).json();
    let lines = json["explanation"].as_array().expect("lines");
    let counted = lines.iter().filter(|line| line["verdict"] == "counted").count();
    assert_eq!(counted, 5);
    let last = lines.last().expect("a last line");
    assert!(json["deadline"].as_str().unwrap().starts_with(last["date"].as_str().unwrap()));
    let iso = finish(program().args(arguments).args(["--dates", "iso"])).ends(0).out;
    assert!(iso.contains("deadline  2025-03-08"), "{iso}");
}

#[test]
fn what_cannot_be_reckoned_is_an_error_with_a_code() {
    let day = "2025-03-01";
    for (options, code) in [
        (vec!["--term", "5", "--start", day], "not-a-term"),
        (vec!["--term", "5 years", "--start", day], "not-a-term"),
        (vec!["--term=-5 d", "--start", day], "not-a-term"),
        (vec!["--term", "100001 d", "--start", day], "not-a-term"),
        (vec!["--term", "5 d", "--start", "soon"], "not-a-moment"),
        (vec!["--term", "5 d", "--start", "1404/12/30 10:00"], "no-such-day"),
        (vec!["--term", "5 d", "--start", "2025-02-30T10:00:00Z"], "no-such-day"),
        (vec!["--term", "5 d", "--start", "2025-03-01 25:00"], "no-such-time"),
        (vec!["--term", "5 d", "--start", "2025-03-01 10:00:60"], "no-such-time"),
        // Clocks in Iran were set forward at midnight, and back.
        (vec!["--term", "5 d", "--start", "2022-03-22 00:30"], "no-such-time"),
        (vec!["--term", "5 d", "--start", "2022-09-21 23:30"], "no-such-time"),
        (vec!["--term", "5 d", "--start", "2400-01-01"], "beyond-calendar"),
        (vec!["--term", "99999 d", "--start", day], "beyond-calendar"),
        (vec!["--term", "5 wd", "--start", day, "--extend", "2 d"], "extension-unit"),
        (vec!["--term", "5 d", "--start", day, "--suspend", "2025-03-02"], "not-a-suspension"),
        (
            vec!["--term", "5 d", "--start", day, "--suspend", "2025-03-05/2025-03-02"],
            "not-a-suspension",
        ),
        (
            vec!["--term", "5 d", "--start", day, "--suspend", "2025-02-30/2025-03-02"],
            "no-such-day",
        ),
        (vec!["--term", "5 d", "--start", day, "--unit", "77"], "unknown-unit"),
        (vec!["--term", "5 d", "--start", day, "--calendar", "mars"], "unknown-calendar"),
        (vec!["--term", "5 d", "--start", day, "--calendar", "./mars.yaml"], "not-sound"),
    ] {
        let run = finish(program().args(["deadline", "--json"]).args(&options)).ends(1);
        assert_eq!(run.error_code(), code, "{options:?}");
        assert_eq!(run.out, "", "{options:?}");
    }
}

#[test]
fn a_calendar_without_a_working_day_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("never.yaml");
    fs::write(&file, PLAIN.replace("{ sat-wed: [08:00-12:00, 13:00-16:00] }", "{}")).unwrap();
    let file = file.display().to_string();
    let arguments =
        ["deadline", "--json", "--calendar", &file, "--term", "5 wd", "--start", "2025-03-01"];
    let run = parvaneh(arguments).ends(1);
    assert!(run.err.contains("no-working-day"), "{}", run.err);
}

#[test]
fn a_broken_calendar_tells_every_problem() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("broken.yaml");
    fs::write(&file, PLAIN.replace("zone: Asia/Tehran", "zone: Asia/Teheran\nfoo: 1")).unwrap();
    let file = file.display().to_string();
    let arguments =
        ["deadline", "--calendar", &file, "--term", "5 wd", "--start", "2025-03-01", "--json"];
    let run = parvaneh(arguments).ends(1);
    assert_eq!(run.error_code(), "not-sound");
    let error: Value = serde_json::from_str(&run.err).unwrap();
    assert_eq!(error["error"]["problems"].as_array().map(Vec::len), Some(2), "{error}");
}

const BATCH: &str = "\
id,term,start,suspend,extend,unit,day_ends
a,5 wd,2025-03-01T10:00:00+03:30,,,,
b,30 d,1403/12/11 10:00,1403/12/20/1404/01/10;1404/01/15/1404/01/16,5 d,23,midnight
c,10 wh,1403/12/11 10:00,1403/12/12/,,,
d,5 wd,1404/12/30,,,,
e,five,1403/12/12,,,,
f,5 wd
g,5 wd,1403/12/12,,,77,
h,5 wd,1403/12/11 10:00,,,,whenever
i,5 wd,1403/12/11 10:00,,,,
";

#[test]
fn a_batch_answers_a_row_a_line_and_goes_on_after_a_bad_one() {
    let plain = Plain::new();
    let calendar = plain.file();
    let run = parvaneh_with(
        ["deadline", "--batch", "-", "--calendar", &calendar, "--json"],
        BATCH.as_bytes(),
    )
    .ends(1);
    assert_eq!(run.error_code(), "bad-rows");
    let answers: Vec<Value> =
        run.out.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    let told: Vec<_> = answers
        .iter()
        .map(|answer| {
            let text = |key: &str| answer[key].as_str().unwrap_or("-");
            let code = answer["error"]["code"].as_str().unwrap_or("-");
            format!("{} {} {} {code}", text("id"), text("status"), text("deadline"))
        })
        .collect();
    assert_eq!(
        told,
        [
            "a ok 2025-03-08T16:00:00+03:30 -",
            "b ok 2025-04-27T00:00:00+03:30 -",
            "c suspended - -",
            "d error - no-such-day",
            "e error - not-a-term",
            "f error - not-csv",
            "g error - unknown-unit",
            "h error - not-a-day-end",
            "i ok 2025-03-08T16:00:00+03:30 -",
        ]
    );
    assert_eq!(answers[8]["line"], 10);
}

#[test]
fn a_batch_is_csv_with_answers_behind_the_columns() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.csv");
    fs::write(&file, BATCH).unwrap();
    let run = parvaneh(["deadline", "--batch", &file.display().to_string()]).ends(1);
    let lines: Vec<_> = run.out.lines().collect();
    assert_eq!(lines.len(), 10);
    assert_eq!(lines[0], "id,term,start,suspend,extend,unit,day_ends,deadline,status,code,message");
    assert!(
        lines[1].starts_with("a,5 wd,2025-03-01T10:00:00+03:30,,,,,2025-03-08T"),
        "{}",
        lines[1]
    );
    assert!(lines[6].starts_with("f,5 wd,,,,,,,error,not-csv,"), "{}", lines[6]);
    assert!(run.err.starts_with("error[bad-rows]: 5 rows"), "{}", run.err);
}

#[test]
fn the_options_fill_what_a_row_leaves_empty() {
    let rows = b"start\n2025-03-01T10:00:00+03:30\n";
    let plain = Plain::new();
    let calendar = plain.file();
    let arguments =
        ["deadline", "--batch", "-", "--calendar", &calendar, "--term", "5 wd", "--extend", "1 wd"];
    let run = parvaneh_with(arguments, rows).ends(0);
    assert!(run.out.ends_with(",2025-03-09T16:00:00+03:30,ok,,\n"), "{}", run.out);
}

#[test]
fn a_batch_with_a_column_that_means_nothing_is_refused() {
    for (header, code) in
        [("term,strat", "unknown-column"), ("term,start,term", "duplicate-column")]
    {
        let input = format!("{header}\n5 wd,2025-03-01,x\n");
        let run = parvaneh_with(["deadline", "--batch", "-", "--json"], input.as_bytes()).ends(1);
        assert_eq!(run.error_code(), code);
        assert_eq!(run.out, "");
    }
    let gone = parvaneh(["deadline", "--batch", "/nonexistent/rows.csv", "--json"]).ends(1);
    assert_eq!(gone.error_code(), "cannot-read");
}

#[test]
fn a_row_that_is_not_utf8_is_answered_too() {
    let input = b"id,term,start\na,5 wd,2025-03-01\n\xff\xfe,5 wd,2025-03-01\nb,5 wd,2025-03-01\n";
    let run = parvaneh_with(["deadline", "--batch", "-", "--json"], input).ends(1);
    let statuses: Vec<_> = run
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["status"].clone())
        .collect();
    assert_eq!(statuses, ["ok", "error", "ok"]);
}
