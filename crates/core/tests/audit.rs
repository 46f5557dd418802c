//! A bundle that is as it was made passes; whatever anybody does to one is found, under its own code.
#![allow(clippy::unwrap_used)]

#[path = "support/bundle.rs"]
mod bundle;

use std::{collections::BTreeSet, sync::LazyLock};

use bundle::*;
use parvaneh_core::{
    Instant,
    audit::{Code, Trust, Verifier, hex},
    log::note::{Checkpoint, Note, Purpose, Signer},
    timeline::{GENESIS, chain},
};
use proptest::{collection::vec, prelude::*, sample::Index};
use serde_json::{Value, json};

static OFFICE: LazyLock<Office> = LazyLock::new(Office::of_scenarios);
static LINES: LazyLock<Vec<Value>> = LazyLock::new(|| OFFICE.lines());

#[test]
fn an_untouched_bundle_passes() {
    let report = verified(&sealed(&LINES), trust());
    assert_eq!(report.problems, [], "{:#?}", report.problems.first());
    let summary = &report.summary;
    assert_eq!(summary.cases as usize, OFFICE.timelines.len());
    assert_eq!(summary.events, OFFICE.tree.size());
    assert_eq!(summary.states, summary.cases);
    assert!(summary.whole_map && summary.key_brought);
    assert!(summary.cases > 50 && summary.events > 500, "{summary:?}");
    assert_eq!(report.exit(), 0);
}

#[test]
fn a_part_passes_too_and_says_what_it_leaves_out() {
    let some = |timeline: &Timeline| timeline.case.0.as_u128().is_multiple_of(3);
    let mut lines = OFFICE.lines_of(&some, None);
    lines[0]["scope"] = json!({ "filter": "some" });
    let report = verified(&sealed(&lines), trust());
    assert_eq!(report.problems, []);
    assert!(report.summary.left_out > 10, "{:?}", report.summary);
    // Who asked for everything is told that this is not all of it, unless it is.
    let promised = OFFICE.lines_of(&|timeline| timeline.unit.as_str() == "none", None);
    assert_eq!(first(&sealed(&promised), trust()), Code::MissingCase);
}

#[test]
fn codes_are_told_apart() {
    let names: BTreeSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(names.len(), Code::ALL.len());
    assert!(Code::ALL.is_sorted_by_key(|code| code.exit()));
    let texts: BTreeSet<_> = Code::ALL.iter().map(|code| code.text().fa).collect();
    assert_eq!(texts.len(), Code::ALL.len());
}

fn first(bytes: &[u8], trust: Trust) -> Code {
    verified(bytes, trust).problems.first().expect("something is wrong").code
}

/// What is found first when somebody has changed the lines and made the end line right again.
fn found(change: impl FnOnce(&mut Vec<Value>)) -> Code {
    let mut lines = LINES.clone();
    change(&mut lines);
    assert_ne!(lines, *LINES, "nothing was changed");
    first(&sealed(&lines), trust())
}

fn is(line: &Value, kind: &str) -> bool {
    line["kind"] == kind
}

fn place(lines: &[Value], kind: &str) -> usize {
    lines.iter().position(|line| is(line, kind)).unwrap()
}

/// The lines of the first case with that many events at least: of its own line, and of its state.
fn block(lines: &[Value], events: u64) -> (usize, usize) {
    let case = |line: &Value| is(line, "case") && line["count"].as_u64().unwrap() >= events;
    let from = lines.iter().position(case).unwrap();
    (from, from + place(&lines[from..], "state"))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn changed_events_are_found() {
    // The bytes of an event.
    let changed = |lines: &mut Vec<Value>| {
        let (case, _) = block(lines, 3);
        let body = text(&lines[case + 1]["body"]).replace("\"subject\":\"", "\"subject\":\"x");
        lines[case + 1]["body"] = body.into();
        case
    };
    assert_eq!(found(|lines| _ = changed(lines)), Code::BrokenChain);
    // And the hashes after it.
    let rechained = |lines: &mut Vec<Value>| {
        let case = changed(lines);
        let (_, state) = block(lines, 3);
        let mut head = GENESIS;
        for line in &mut lines[case + 1..state] {
            head = chain(&head, text(&line["body"]).as_bytes());
            line["hash"] = hex(&head).into();
        }
        (case, hex(&head))
    };
    assert_eq!(found(|lines| drop(rechained(lines))), Code::WrongProof);
    // And the head that the map has.
    let head = |lines: &mut Vec<Value>| {
        let (case, head) = rechained(lines);
        lines[case]["head"] = head.into();
    };
    assert_eq!(found(head), Code::WrongMapProof);
    let not_canonical = |lines: &mut Vec<Value>| {
        let (case, _) = block(lines, 1);
        let body = format!("{} ", text(&lines[case + 1]["body"]));
        lines[case + 1]["hash"] = hex(&chain(&GENESIS, body.as_bytes())).into();
        lines[case + 1]["body"] = body.into();
    };
    let mut lines = LINES.clone();
    not_canonical(&mut lines);
    let codes: BTreeSet<_> =
        verified(&sealed(&lines), trust()).problems.iter().map(|it| it.code).collect();
    assert!(codes.contains(&Code::WrongProof) && codes.contains(&Code::NotAnEvent), "{codes:?}");
}

#[test]
fn dropped_reordered_and_spliced_lines_are_found() {
    let drop_line = |nth: usize| {
        move |lines: &mut Vec<Value>| {
            let (case, _) = block(lines, 4);
            lines.remove(case + nth);
        }
    };
    assert_eq!(found(drop_line(2)), Code::MissingEvent);
    assert_eq!(found(drop_line(1)), Code::MissingEvent);
    let last = |lines: &mut Vec<Value>| {
        let (_, state) = block(lines, 4);
        lines.remove(state - 1);
    };
    assert_eq!(found(last), Code::ShortTimeline);
    // With what the map says of it made to fit.
    let repaired = |lines: &mut Vec<Value>| {
        let (case, _) = block(lines, 4);
        last(lines);
        let (_, state) = block(&lines[case..], 1);
        lines[case]["count"] = (lines[case]["count"].as_u64().unwrap() - 1).into();
        lines[case]["head"] = lines[case + state - 1]["hash"].clone();
    };
    assert_eq!(found(repaired), Code::WrongMapProof);
    let swapped = |lines: &mut Vec<Value>| {
        let (case, _) = block(lines, 4);
        lines.swap(case + 2, case + 3);
    };
    assert_eq!(found(swapped), Code::MissingEvent);
    let state = |lines: &mut Vec<Value>| {
        let (_, state) = block(lines, 4);
        lines.remove(state);
    };
    assert_eq!(found(state), Code::NoState);
    // An event of another case in the place of this one's.
    let spliced = |rename: bool| {
        move |lines: &mut Vec<Value>| {
            let (case, state) = block(lines, 4);
            let (other, _) = block(&lines[state..], 4);
            let mut event = lines[state + other + 3].clone();
            if rename {
                event["case"] = lines[case]["case"].clone();
            }
            lines[case + 3] = event;
        }
    };
    assert_eq!(found(spliced(false)), Code::OutOfOrder);
    assert_eq!(found(spliced(true)), Code::BrokenChain);
    // Two timelines change places.
    let exchanged = |lines: &mut Vec<Value>| {
        let (case, state) = block(lines, 4);
        let (other, end) = block(&lines[state..], 4);
        let one = lines[case + 1..state].to_vec();
        let two = lines[state + other + 1..state + end].to_vec();
        let renamed = |events: &[Value], id: &Value| {
            let mut events = events.to_vec();
            events.iter_mut().for_each(|event| event["case"] = id.clone());
            events
        };
        let (id, other_id) = (lines[case]["case"].clone(), lines[state + other]["case"].clone());
        lines.splice(state + other + 1..state + end, renamed(&one, &other_id));
        lines.splice(case + 1..state, renamed(&two, &id));
    };
    assert_eq!(found(exchanged), Code::WrongProof);
    let kinds = |lines: &mut Vec<Value>| {
        let organisation = place(lines, "organisation");
        lines.swap(organisation, organisation + 1);
    };
    assert_eq!(found(kinds), Code::OutOfOrder);
    let twice = |lines: &mut Vec<Value>| {
        let (case, _) = block(lines, 4);
        let event = lines[case + 1].clone();
        lines.insert(case + 2, event);
    };
    assert_eq!(found(twice), Code::OutOfOrder);
}

#[test]
fn a_case_that_is_left_out_is_found() {
    let case = |lines: &mut Vec<Value>| {
        let (case, state) = block(lines, 2);
        lines.drain(case..=state);
    };
    assert_eq!(found(case), Code::MissingCase);
    let unit_of_two = |lines: &[Value]| {
        let two = |line: &Value| {
            is(line, "unit") && line["to"].as_u64().unwrap() >= line["from"].as_u64().unwrap() + 2
        };
        lines.iter().position(two).unwrap()
    };
    // The first case of a unit, and the unit said to begin behind it.
    let shrunk = |lines: &mut Vec<Value>| {
        let unit = unit_of_two(lines);
        let state = place(&lines[unit..], "state");
        lines.drain(unit + 1..=unit + state);
        lines[unit]["from"] = (lines[unit]["from"].as_u64().unwrap() + 1).into();
        if let Some(before) = lines[unit]["before"].as_object_mut() {
            before["index"] = (before["index"].as_u64().unwrap() + 1).into();
        }
    };
    let code = found(shrunk);
    assert!([Code::WrongMapProof, Code::WrongRange].contains(&code), "{code:?}");
    // A whole unit, of everything.
    let unit = |lines: &mut Vec<Value>| {
        let from = place(lines, "unit");
        let to = lines[from + 1..].iter().position(|line| is(line, "unit"));
        let to = to.map_or(lines.len(), |to| from + 1 + to);
        lines.drain(from..to);
    };
    assert_eq!(found(unit), Code::MissingCase);
    // The map itself accounts for less than the log holds: somebody emptied the database.
    let mut robbed = OFFICE.clone();
    let (order, tree) = (robbed.order.clone(), robbed.tree.clone());
    robbed.timelines.pop();
    (robbed.order, robbed.tree) = (order, tree);
    assert_eq!(first(&sealed(&robbed.lines()), trust()), Code::UnaccountedEntries);
}

#[test]
fn proofs_notes_and_keys_are_checked() {
    let proof = |lines: &mut Vec<Value>| {
        let (case, _) = block(lines, 2);
        let (one, two) = (text(&lines[case + 1]["proof"]), text(&lines[case + 2]["proof"]));
        lines[case + 1]["proof"] = two.into();
        lines[case + 2]["proof"] = one.into();
    };
    assert_eq!(found(proof), Code::WrongProof);
    let position = |lines: &mut Vec<Value>| {
        let (case, _) = block(lines, 2);
        lines[case + 1]["position"] = OFFICE.tree.size().into();
    };
    assert_eq!(found(position), Code::WrongPosition);
    let signature = |lines: &mut Vec<Value>| {
        let note = Note::parse(&text(&lines[0]["checkpoint"])).unwrap();
        let mut signatures = note.signatures.clone();
        signatures[0].bytes[5] ^= 1;
        lines[0]["checkpoint"] = Note { signatures, ..note }.to_string().into();
    };
    assert_eq!(found(signature), Code::WrongSignature);
    // Signed by somebody else, with his key in the bundle.
    let other = Signer::new(ORIGIN, Purpose::Log, &[8; 32]).unwrap();
    let forged = |lines: &mut Vec<Value>| {
        for note in ["checkpoint", "map"] {
            let text = Note::parse(&text(&lines[0][note])).unwrap().text;
            let signed = Checkpoint::parse(&text).unwrap().sign(&other).unwrap();
            lines[0][note] = signed.to_string().into();
        }
        lines[0]["key"] = other.public().to_string().into();
    };
    assert_eq!(found(forged), Code::WrongSignature);
    let mut lines = LINES.clone();
    forged(&mut lines);
    let trusting = verified(&sealed(&lines), Trust::default());
    assert!(trusting.is_good() && !trusting.summary.key_brought, "it agrees with itself only");
    let note = |lines: &mut Vec<Value>| lines[0]["map"] = "x".into();
    assert_eq!(found(note), Code::UnreadableNote);
    let map = |lines: &mut Vec<Value>| {
        // The map of another time.
        let earlier = OFFICE.checkpoint_at(100);
        let map = parvaneh_core::audit::map_checkpoint(&earlier, 3, earlier.root, 100);
        lines[0]["map"] = map.sign(&signer()).unwrap().to_string().into();
    };
    assert_eq!(found(map), Code::OtherLog);
    let origin = |lines: &mut Vec<Value>| {
        let other = Checkpoint { origin: "other.example".to_owned(), ..OFFICE.checkpoint() };
        lines[0]["checkpoint"] = other.sign(&signer()).unwrap().to_string().into();
    };
    assert_eq!(found(origin), Code::OtherOrigin);
    let keyless = |lines: &mut Vec<Value>| lines[0]["key"] = Value::Null;
    let mut lines = LINES.clone();
    keyless(&mut lines);
    assert_eq!(first(&sealed(&lines), Trust::default()), Code::NoKey);
    assert!(verified(&sealed(&lines), trust()).is_good());
}

#[test]
fn the_auditors_checkpoint_is_held_against_it() {
    let kept = |checkpoint: &Checkpoint| Trust { since: Some(checkpoint.clone()), ..trust() };
    for size in [0, 1, 64, 100, OFFICE.order.len() - 1, OFFICE.order.len()] {
        let since = OFFICE.checkpoint_at(size);
        let bytes = sealed(&OFFICE.lines_of(&|_| true, Some(&since)));
        assert_eq!(verified(&bytes, kept(&since)).problems, [], "{size}");
    }
    let since = OFFICE.checkpoint_at(100);
    assert_eq!(first(&sealed(&LINES), kept(&since)), Code::NoConsistencyProof);
    // Another log of the same length.
    let mut forked = OFFICE.clone();
    forked.timelines[0].links[0].0 = forked.timelines[0].links[0].0.replace("subject", "topic_");
    forked.timelines[0].rechain();
    forked.seal_all();
    let bytes = sealed(&OFFICE.lines_of(&|_| true, Some(&since)));
    let code = first(&bytes, kept(&forked.checkpoint_at(OFFICE.order.len())));
    assert_eq!(code, Code::NotConsistent);
    let mut other = since.clone();
    other.root[0] ^= 1;
    assert_eq!(first(&bytes, kept(&other)), Code::NotConsistent);
    let later = Checkpoint { size: since.size + 100_000, ..since.clone() };
    assert_eq!(first(&bytes, kept(&later)), Code::OlderThanSince);
    let elsewhere = Checkpoint { origin: "other.example".to_owned(), ..since };
    assert_eq!(first(&bytes, kept(&elsewhere)), Code::OtherOrigin);
}

#[test]
fn what_is_stored_beside_the_events_is_recomputed() {
    let stored = |name: &'static str, value: Value| {
        found(move |lines| {
            let with = |line: &Value| is(line, "state") && !line["raw_deadline"].is_null();
            let state = lines.iter().position(with).unwrap();
            lines[state][name] = value;
        })
    };
    let other = json!("2020-01-01T00:00:00Z");
    assert_eq!(stored("deadline", other.clone()), Code::DeadlineDiffers);
    assert_eq!(stored("deadline", Value::Null), Code::DeadlineDiffers);
    assert_eq!(stored("raw_deadline", other), Code::RawDeadlineDiffers);
    assert_eq!(stored("state", Value::Null), Code::NoState);
    let state = |name: &'static str, value: Value| {
        found(move |lines| {
            let state = place(lines, "state");
            lines[state]["state"][name] = value;
        })
    };
    assert_eq!(state("subject", json!("another")), Code::StateDiffers);
    assert_eq!(state("unknown", json!(true)), Code::StateDiffers);
    // What the program wrote itself, chained, sealed and signed.
    let written = |change: &dyn Fn(&mut Value) -> bool| {
        let mut office = OFFICE.clone();
        let changed = office.timelines.iter_mut().any(|timeline| {
            let links = timeline.links.iter_mut().any(|(bytes, ..)| {
                let mut event: Value = serde_json::from_str(bytes).unwrap();
                let changed = change(&mut event);
                *bytes =
                    String::from_utf8(serde_json_canonicalizer::to_vec(&event).unwrap()).unwrap();
                changed
            });
            timeline.rechain();
            links
        });
        assert!(changed);
        office.seal_all();
        first(&sealed(&office.lines()), trust())
    };
    let deadline = |event: &mut Value| {
        let clock = event.pointer_mut("/fact/entry/tasks/0/clock/deadline");
        let Some(deadline) = clock else { return false };
        let at: Instant = deadline.as_str().unwrap().parse().unwrap();
        *deadline = json!(at + chrono::TimeDelta::minutes(1));
        true
    };
    assert_eq!(written(&deadline), Code::DeadlineNotRecomputed);
    let raw = |event: &mut Value| {
        let stopped = event.pointer_mut("/fact/entry/statutory/stopped/raw_deadline");
        stopped.map(|raw| *raw = json!("2020-01-01T00:00:00Z")).is_some()
    };
    assert_eq!(written(&raw), Code::RawDeadlineDiffers);
    let term = |event: &mut Value| {
        let started = event.pointer_mut("/fact/entry/statutory/started/term");
        started.map(|term| *term = json!("999 d")).is_some()
    };
    assert_eq!(written(&term), Code::TermDiffers);
    let seq = |event: &mut Value| {
        event["seq"] = 7.into();
        true
    };
    assert_eq!(written(&seq), Code::OtherEvent);
    let unit = |event: &mut Value| {
        event["fact"]["unit"] = "08".into();
        event["fact"]["type"] == "opened"
    };
    let code = written(&unit);
    assert!([Code::OtherUnit, Code::DeadlineNotRecomputed].contains(&code), "{code:?}");
}

#[test]
fn definitions_and_calendars_are_held_to_their_hashes() {
    let changed = |kind: &'static str| {
        move |lines: &mut Vec<Value>| {
            let line = place(lines, kind);
            lines[line]["text"] = format!("{}\n# changed\n", text(&lines[line]["text"])).into();
            line
        }
    };
    for kind in ["definition", "calendar_file"] {
        assert_eq!(found(|lines| _ = changed(kind)(lines)), Code::WrongRules, "{kind}");
    }
    let renamed = |lines: &mut Vec<Value>| {
        let line = changed("definition")(lines);
        use sha2::Digest as _;
        let hash = sha2::Sha256::digest(text(&lines[line]["text"]));
        lines[line]["hash"] = hex(&hash.into()).into();
    };
    assert_eq!(found(renamed), Code::WrongRules);
    let dropped = |kind: &'static str| {
        move |lines: &mut Vec<Value>| {
            let line = place(lines, kind);
            lines.remove(line);
        }
    };
    for kind in ["definition", "calendar_file", "calendar"] {
        assert_eq!(found(dropped(kind)), Code::MissingRules, "{kind}");
    }
    let organisation = |lines: &mut Vec<Value>| {
        let line = place(lines, "organisation");
        lines[line]["units"][1]["parent"] = "nowhere".into();
    };
    assert_eq!(found(organisation), Code::UnreadableRules);
}

#[test]
fn a_file_that_was_cut_or_added_to_is_found() {
    let (units, started) = STARTED.lock().unwrap().clone();
    let bytes = sealed(&SMALL);
    let ends: Vec<_> = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').collect();
    let from = ends[units - 1].0 + 1;
    let cut = |to: usize| {
        let mut verifier = started.clone();
        fed(&mut verifier, &bytes[from..to]);
        verifier.finish()
    };
    assert_eq!(cut(bytes.len()).problems, []);
    for part in 1..200 {
        let report = cut(from + (bytes.len() - from) * part / 200);
        assert_eq!(report.exit(), 11, "{part}: {:?}", report.problems);
    }
    // Between two lines.
    for (end, _) in &ends[units..ends.len() - 1] {
        assert!(cut(end + 1).problems.iter().any(|it| it.code == Code::CutFile), "{end}");
    }
    let bytes = sealed(&SMALL);
    assert_eq!(first(&bytes[..bytes.len() - 1], trust()), Code::CutFile);
    assert_eq!(first(&[&bytes[..], b"{}\n"].concat(), trust()), Code::AfterTheEnd);
    assert_eq!(first(b"", trust()), Code::CutFile);
    assert_eq!(first(b"{}\n", trust()), Code::NotABundle);
    let replaced = |from: &str, to: &str| {
        let text = String::from_utf8(bytes.clone()).unwrap();
        let at = text.rfind(from).unwrap();
        let text = [&text[..at], to, &text[at + from.len()..]].concat();
        first(text.as_bytes(), trust())
    };
    assert_eq!(replaced(&format!("\"lines\":{}", SMALL.len()), "\"lines\":1"), Code::WrongLength);
    assert_eq!(replaced("\"sha256\":\"", "\"sha256\":\"0"), Code::WrongHash);
    assert_eq!(replaced("\"kind\":\"state\"", "\"kind\": \"state\""), Code::UnreadableLine);
    assert_eq!(replaced("\"later\":0", "\"later\": 0"), Code::NotCanonical);
}

/// Any one bit, at 10,000 places: each is found.
#[test]
fn every_flipped_bit_is_found() {
    // One of the smaller cases with everything that it needs.
    let one = OFFICE.timelines.iter().min_by_key(|it| it.links.len().abs_diff(6)).unwrap();
    let mut lines = OFFICE.lines_of(&|timeline| timeline.case == one.case, None);
    lines[0]["scope"] = json!({});
    lines.retain(|line| !is(line, "definition") || line["workflow"] == one.state["workflow"]);
    let bytes = sealed(&lines);
    assert_eq!(verified(&bytes, trust()).problems, []);
    // The verifier as it stands before each line.
    let mut verifier = Verifier::new(trust());
    let mut before = Vec::new();
    let mut from = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        before.push((from, verifier.clone()));
        verifier.line(&line[..line.len() - 1], true);
        from += line.len();
    }
    let mut harmless = Vec::new();
    let mut by_code = BTreeSet::new();
    // The files of definitions and calendars are most of it: one place in a hundred lies there.
    let (first, files) =
        (before[1].0, before[lines.iter().position(|it| is(it, "unit")).unwrap()].0);
    for no in 0..10_000 {
        let place = match no % 100 {
            0 => first + no * 7919 % (files - first),
            1 => no * 7919 % first,
            _ => files + no * 7919 % (bytes.len() - files),
        };
        let bit = no * 3 % 8;
        let line = before.partition_point(|(from, _)| *from <= place) - 1;
        let (from, at) = &before[line];
        let mut rest = bytes[*from..].to_vec();
        rest[place - from] ^= 1 << bit;
        let mut verifier = at.clone();
        for line in rest.split_inclusive(|byte| *byte == b'\n') {
            fed(&mut verifier, line);
            // The first problem is enough.
            if let Some(problem) = verifier.problems().first() {
                by_code.insert(problem.code);
                break;
            }
        }
        if verifier.finish().is_good() {
            harmless.push((place, bit));
        }
    }
    assert_eq!(harmless, []);
    assert!(by_code.len() >= 8, "{by_code:?}");
}

/// Changes something somewhere in a document.
fn mutate(value: &mut Value, path: &[Index], what: u8) {
    match (value, path.split_first()) {
        (Value::Object(fields), Some((here, deeper))) if !fields.is_empty() => {
            let name = fields.keys().nth(here.index(fields.len())).unwrap().clone();
            mutate(&mut fields[&name], deeper, what);
        }
        (Value::Array(items), Some((here, deeper))) if !items.is_empty() => {
            let place = here.index(items.len());
            mutate(&mut items[place], deeper, what);
        }
        (Value::String(text), Some((_, deeper))) if text.starts_with('{') => {
            let mut inner: Value = serde_json::from_str(text).unwrap_or_default();
            mutate(&mut inner, deeper, what);
            *text = String::from_utf8(serde_json_canonicalizer::to_vec(&inner).unwrap()).unwrap();
        }
        (value, _) => {
            let extremes = [
                json!(0),
                json!(9_007_199_254_740_991_u64),
                json!(4_294_967_295_u64),
                json!(-1),
                json!(null),
                json!(""),
                json!([]),
                json!({}),
                json!("+262142-12-31T23:59:59.999999Z"),
                json!("-262143-01-01T00:00:00Z"),
                json!("4294967295 wd"),
                json!("65535 h"),
                json!(65_535),
                json!(true),
            ];
            *value = extremes[usize::from(what) % extremes.len()].clone();
        }
    }
}

static SMALL: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let one = OFFICE.timelines.iter().max_by_key(|it| it.links.len()).unwrap();
    let mut lines = OFFICE.lines_of(&|timeline| timeline.case == one.case, None);
    lines[0]["scope"] = json!({});
    lines.retain(|line| !is(line, "definition") || line["workflow"] == one.state["workflow"]);
    lines
});

/// A verifier that has read everything up to the first unit.
static STARTED: LazyLock<std::sync::Mutex<(usize, Verifier)>> = LazyLock::new(|| {
    let mut verifier = Verifier::new(trust());
    let units = place(&SMALL, "unit");
    for line in &SMALL[..units] {
        verifier.line(&serde_json_canonicalizer::to_vec(line).unwrap(), true);
    }
    assert_eq!(verifier.problems(), []);
    (units, verifier).into()
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever stands in a line, nothing panics.
    #[test]
    fn no_document_makes_it_panic(
        line in any::<Index>(), path in vec(any::<Index>(), 0..8), what in any::<u8>(), rechain in any::<bool>(),
    ) {
        let (units, mut verifier) = STARTED.lock().unwrap().clone();
        let mut lines = SMALL[units..].to_vec();
        let line = line.index(lines.len());
        mutate(&mut lines[line], &path, what);
        let mut head = GENESIS;
        for line in &mut lines {
            if rechain && is(line, "event") && line["body"].is_string() {
                head = chain(&head, text(&line["body"]).as_bytes());
                line["hash"] = hex(&head).into();
            }
            verifier.line(&serde_json_canonicalizer::to_vec(line).unwrap(), true);
        }
        let changed = lines != SMALL[units..];
        prop_assert!(!changed || !verifier.problems().is_empty());
    }

    /// Nor do bytes that are no document.
    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..300), like in any::<Index>(), at in any::<Index>()) {
        verified(&bytes, trust());
        let (units, mut verifier) = STARTED.lock().unwrap().clone();
        let line = serde_json_canonicalizer::to_vec(&SMALL[units + like.index(SMALL.len() - units)]).unwrap();
        let at = at.index(line.len());
        verifier.line(&[&line[..at], &bytes, &line[at..]].concat(), true);
        verifier.line(&[&line[..at], &bytes].concat(), true);
        verifier.line(&bytes, true);
        prop_assert!(!verifier.finish().is_good());
    }
}
