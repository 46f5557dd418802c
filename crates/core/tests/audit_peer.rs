//! Two verifiers, written by different hands from one page, say the same of the same bundles: the
//! program's own, and docs/proof/verify.py.
#![allow(clippy::unwrap_used)]

#[path = "support/bundle.rs"]
mod bundle;

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use bundle::*;
use parvaneh_core::audit::{Code, Report, Trust, map_checkpoint};
use serde_json::{Value, json};

/// What the second verifier does not look at: it reads no definition and computes nothing again.
const NOT_LOOKED_AT: [Code; 6] = [
    Code::StateDiffers,
    Code::DeadlineDiffers,
    Code::RawDeadlineDiffers,
    Code::DeadlineNotRecomputed,
    Code::TermDiffers,
    Code::UnreadableRules,
];

/// Where `./run test` puts what tests need.
#[allow(clippy::disallowed_methods, reason = "tests are an edge")]
fn tools() -> PathBuf {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(tools) = named("PARVANEH_TOOLS") {
        return tools.into();
    }
    let cache = named("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(named("HOME")?).join(".cache")));
    cache.unwrap_or_default().join("parvaneh/tools")
}

/// What the second verifier says of each file: its exit code, and what it found.
fn second(files: &[PathBuf], key: Option<&str>, since: Option<&str>) -> Vec<(u8, String)> {
    const DRIVER: &str = "
import sys, verify
given = [line.rstrip('\\n') for line in sys.stdin]
key, since = (verify.Key(given[0]) if given[0] else None), (verify.Note(given[1].replace('|', '\\n')) if given[1] else None)
for name in given[2:]:
    found = (0, 'good')
    with open(name, 'rb') as file:
        try:
            verifier = verify.Verifier(file, key, since)
            verifier.verify()
        except verify.Wrong as wrong:
            found = wrong.args
    print(*found, verifier.number, sep='\\t')
";
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/proof");
    let unpacked = tools().join("python-unpacked/python3");
    let paths = std::env::join_paths([tools().join("cryptography"), folder]).unwrap();
    let mut python = Command::new(if unpacked.exists() { unpacked } else { "python3".into() })
        .args(["-B", "-c", DRIVER])
        .env("PYTHONPATH", paths)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut asked =
        format!("{}\n{}\n", key.unwrap_or_default(), since.unwrap_or_default().replace('\n', "|"));
    files.iter().for_each(|file| asked += &format!("{}\n", file.display()));
    python.stdin.take().unwrap().write_all(asked.as_bytes()).unwrap();
    let answer = python.wait_with_output().unwrap();
    assert!(answer.status.success(), "needs Python with cryptography: ./run test installs it");
    let answer = String::from_utf8(answer.stdout).unwrap();
    let told = answer.lines().map(|line| {
        let (exit, found) = line.split_once('\t').unwrap();
        (exit.parse().unwrap(), found.to_owned())
    });
    told.collect()
}

/// The exit code of the first problem that both look for, and that problem.
fn first(report: &Report) -> (u8, String) {
    let both = report.problems.iter().find(|it| !NOT_LOOKED_AT.contains(&it.code));
    both.map_or((0, "good\t0".to_owned()), |it| {
        (it.code.exit(), format!("{}\t{}", it.code.name(), it.line))
    })
}

fn compare(bundles: &[(String, Vec<u8>)], trust: &Trust, since: Option<&str>) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (no, (_, bytes)) in bundles.iter().enumerate() {
        let file = folder.path().join(no.to_string());
        std::fs::write(&file, bytes).unwrap();
        files.push(file);
    }
    let key = trust.key.as_ref().map(ToString::to_string);
    let other = second(&files, key.as_deref(), since);
    assert_eq!(other.len(), bundles.len());
    let mut exits = Vec::new();
    let mut different = Vec::new();
    for ((name, bytes), other) in bundles.iter().zip(other) {
        let report = verified(bytes, trust.clone());
        let own = first(&report);
        if own.0 != other.0 {
            different.push(format!("{name}: {own:?} ≠ {other:?}"));
        }
        exits.push(own.0);
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    exits
}

/// Everything that can be done to a line without knowing what it means.
fn changes(lines: &[Value]) -> Vec<(String, Vec<u8>)> {
    let mut bundles = vec![("untouched".to_owned(), sealed(lines))];
    let mut add = |name: String, changed: Vec<Value>| bundles.push((name, sealed(&changed)));
    let mut seen = Vec::<(String, u32)>::new();
    for no in 0..lines.len() {
        let kind = lines[no]["kind"].as_str().unwrap().to_owned();
        // The first of a kind is as good as all of them.
        let met = match seen.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, met)) => {
                *met += 1;
                *met
            }
            None => {
                seen.push((kind.clone(), 1));
                1
            }
        };
        if met > 1 && no + 3 < lines.len() {
            continue;
        }
        let with = |change: &dyn Fn(&mut Vec<Value>)| {
            let mut lines = lines.to_vec();
            change(&mut lines);
            lines
        };
        add(format!("{kind} {no} dropped"), with(&|lines| _ = lines.remove(no)));
        add(format!("{kind} {no} twice"), with(&|lines| lines.insert(no, lines[no].clone())));
        if no + 1 < lines.len() {
            add(format!("{kind} {no} swapped"), with(&|lines| lines.swap(no, no + 1)));
        }
        let fields = lines[no].as_object().unwrap().clone();
        for (field, value) in fields {
            let name = format!("{kind} {no} {field}");
            let set = |value: Value| with(&|lines| lines[no][&field] = value.clone());
            add(format!("{name} null"), set(Value::Null));
            match &value {
                Value::Number(number) => {
                    add(
                        format!("{name} less"),
                        set(json!(number.as_u64().unwrap().wrapping_sub(1) as i64)),
                    );
                    add(format!("{name} more"), set(json!(number.as_u64().unwrap() + 1)));
                    add(format!("{name} huge"), set(json!(9_007_199_254_740_991_u64)));
                }
                Value::String(text) => {
                    add(format!("{name} empty"), set(json!("")));
                    let middle =
                        text.char_indices().nth(text.chars().count() / 2).map_or(0, |it| it.0);
                    let (one, two) = text.split_at(middle);
                    add(format!("{name} longer"), set(format!("{one}A{two}").into()));
                    add(format!("{name} shorter"), set(one.into()));
                    // As another line of the kind has it.
                    let other = lines.iter().filter(|it| it["kind"] == kind.as_str());
                    if let Some(other) = other.map(|it| &it[&field]).find(|it| **it != value) {
                        add(format!("{name} exchanged"), set(other.clone()));
                    }
                }
                Value::Bool(yes) => add(format!("{name} not"), set((!yes).into())),
                _ => {}
            }
            add(
                format!("{name} away"),
                with(&|lines| {
                    lines[no].as_object_mut().unwrap().remove(&field);
                }),
            );
        }
        add(format!("{kind} {no} added"), with(&|lines| lines[no]["added"] = json!(1)));
    }
    bundles
}

#[test]
fn both_say_the_same_of_whatever_is_done_to_a_bundle() {
    let office = Office::of_scenarios();
    let mut units: Vec<_> = office.map().iter().map(|entry| entry.unit.clone()).collect();
    units.dedup();
    // One unit with several cases, of which some are left out.
    let unit = units
        .into_iter()
        .max_by_key(|unit| office.timelines.iter().filter(|it| it.unit == *unit).count().min(4));
    let unit = unit.unwrap();
    let some = |timeline: &Timeline| timeline.unit == unit && timeline.case.0.as_u128() % 16 < 1;
    let mut lines = office.lines_of(&some, None);
    lines[0]["scope"] = json!({ "units": [unit] });
    let asked: Vec<_> = lines.iter().filter(|line| line["kind"] == "event").collect();
    let body: Vec<Value> = asked
        .iter()
        .map(|it| serde_json::from_str(it["body"].as_str().unwrap()).unwrap())
        .collect();
    let used =
        |line: &Value| body.iter().any(|event| event["fact"]["workflow"] == line["workflow"]);
    lines.retain(|line| line["kind"] != "definition" || used(line));
    let mut bundles = changes(&lines);
    let bytes = sealed(&lines);
    for part in 0..20 {
        bundles.push((format!("cut {part}"), bytes[..bytes.len() * part / 20].to_vec()));
    }
    bundles.push(("added to".to_owned(), [&bytes[..], b"{}\n"].concat()));
    bundles.push((
        "spaced".to_owned(),
        String::from_utf8(bytes.clone()).unwrap().replace("\"later\":", "\"later\": ").into(),
    ));
    let earlier = office.checkpoint_at(100);
    let map = map_checkpoint(&earlier, 3, earlier.root, 100).sign(&signer()).unwrap();
    let mut other = lines.clone();
    other[0]["map"] = map.to_string().into();
    bundles.push(("the map of another time".to_owned(), sealed(&other)));
    let exits = compare(&bundles, &trust(), None);
    assert_eq!(exits[0], 0, "{}", bundles[0].0);
    for code in [10, 11, 12, 13, 14, 15, 16, 17, 18, 19] {
        assert!(exits.contains(&code), "nothing came to {code}");
    }
    assert!(exits.len() > 200, "{}", exits.len());
}

#[test]
fn both_say_the_same_of_an_auditors_checkpoint() {
    let office = Office::of_scenarios();
    for size in [1, 64, 100, 333, office.order.len()] {
        let since = office.checkpoint_at(size);
        let note = since.sign(&signer()).unwrap().to_string();
        let trust = Trust { since: Some(since.clone()), ..trust() };
        let mut lines = office.lines_of(&|it| it.case.0.as_u128().is_multiple_of(64), Some(&since));
        lines[0]["scope"] = json!({});
        let good = sealed(&lines);
        let mut bundles = vec![("good".to_owned(), good)];
        for (name, proof) in [
            ("no proof", ""),
            ("wrong proof", "AAAA"),
            ("other proof", lines[5]["proof"].as_str().unwrap_or("QUFB")),
        ] {
            let mut lines = lines.clone();
            lines[0]["consistency"] = proof.into();
            bundles.push((format!("{name} {size}"), sealed(&lines)));
        }
        assert_eq!(compare(&bundles, &trust, Some(&note))[0], 0);
        let mut other = since.clone();
        other.root[3] ^= 1;
        let note = other.sign(&signer()).unwrap().to_string();
        let trust = Trust { since: Some(other), ..trust };
        assert_eq!(compare(&bundles, &trust, Some(&note))[0], 16);
    }
}
