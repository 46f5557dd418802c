//! How long a bundle of a million events takes to verify: `cargo bench -p parvaneh-core --bench audit`.
//!
//! The cases are those of the shipped scenarios, again and again under other identifiers, sealed in the
//! order of time, so that the events of one case lie far apart in the log.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

#[path = "../tests/support/bundle.rs"]
mod bundle;

use std::{borrow::Cow, time::Instant};

use bundle::{ORIGIN, Office, Timeline, signer, trust};
use parvaneh_core::{
    CaseId,
    audit::*,
    log::{entry, leaf, note::Checkpoint},
};
use serde_json::{Value, json};
use uuid::Uuid;

fn main() {
    let wanted: usize =
        std::env::var("PARVANEH_EVENTS").ok().and_then(|it| it.parse().ok()).unwrap_or(1_000_000);
    let office = Office::of_scenarios();
    let head = office.lines();
    let mut timelines: Vec<Timeline> = Vec::new();
    let mut events = 0;
    for round in 0_u128.. {
        for timeline in &office.timelines {
            let mut copy = timeline.clone();
            copy.case = CaseId(Uuid::from_u128(copy.case.0.as_u128() ^ (round << 96)));
            let (old, new) = (timeline.case.to_string(), copy.case.to_string());
            copy.links[0].0 = copy.links[0].0.replace(&old, &new);
            copy.state["id"] = json!(copy.case);
            copy.rechain();
            events += copy.links.len();
            timelines.push(copy);
        }
        if events >= wanted {
            break;
        }
    }
    // The log: one event of each case after the other.
    let longest = timelines.iter().map(|it| it.links.len()).max().unwrap();
    let (mut log, mut positions) = (MapTree::default(), vec![Vec::new(); timelines.len()]);
    for seq in 0..longest {
        for (no, timeline) in timelines.iter().enumerate() {
            if let Some((_, hash, _)) = timeline.links.get(seq) {
                positions[no].push(log.size());
                log.push(leaf(&entry(timeline.case.0, seq as u32 + 1, hash)));
            }
        }
    }
    let entry_of = |timeline: &Timeline| MapEntry {
        unit: timeline.unit.clone(),
        case: timeline.case,
        count: timeline.links.len() as u32,
        head: timeline.links.last().unwrap().1,
    };
    let mut order: Vec<usize> = (0..timelines.len()).collect();
    order.sort_by_cached_key(|no| entry_of(&timelines[*no]).bytes());
    let mut map = MapTree::default();
    order.iter().for_each(|no| map.push(leaf(&entry_of(&timelines[*no]).bytes())));
    let (size, root) = (log.size(), log.root());
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size, root, extensions: Vec::new() };
    let signed_map = map_checkpoint(&checkpoint, map.size(), map.root(), size);
    // Everything before the first unit as it was, under the new notes.
    let (mut writer, mut bytes) = (Writer::new(), Vec::new());
    let mut first: BundleLine<'_> = serde_json::from_value(head[0].clone()).unwrap();
    first.checkpoint = checkpoint.sign(&signer()).unwrap().to_string().into();
    first.map = signed_map.sign(&signer()).unwrap().to_string().into();
    writer.line(&first, &mut bytes);
    for line in &head[1..] {
        match line["kind"].as_str().unwrap() {
            "organisation" => writer.line(&read::<OrganisationLine<'_>>(line), &mut bytes),
            "definition" => writer.line(&read::<DefinitionLine<'_>>(line), &mut bytes),
            "calendar_file" => writer.line(&read::<CalendarFileLine<'_>>(line), &mut bytes),
            "calendar" => writer.line(&read::<CalendarLine<'_>>(line), &mut bytes),
            _ => break,
        }
    }
    let proof = |index: usize| hashes(&map.proof(index as u64).unwrap());
    let mut from = 0;
    while from < order.len() {
        let unit = &timelines[order[from]].unit;
        let to = from + order[from..].iter().take_while(|no| timelines[**no].unit == *unit).count();
        let beside = |index: usize| {
            let entry = entry_of(&timelines[order[index]]);
            Neighbour {
                unit: entry.unit.as_str().to_owned().into(),
                case: entry.case,
                count: entry.count,
                head: hex(&entry.head).into(),
                index: index as u64,
                proof: proof(index).into(),
            }
        };
        let line = UnitLine {
            kind: Kind::Unit,
            unit: unit.as_str().into(),
            complete: true,
            from: from as u64,
            to: to as u64,
            before: (from > 0).then(|| beside(from - 1)),
            after: (to < order.len()).then(|| beside(to)),
        };
        writer.line(&line, &mut bytes);
        for index in from..to {
            let timeline = &timelines[order[index]];
            let (case, count) = (timeline.case, timeline.links.len() as u32);
            let head = hex(&timeline.links.last().unwrap().1).into();
            let proof = proof(index).into();
            let kind = Kind::Case;
            let line = CaseLine { kind, case, count, head, index: index as u64, proof };
            writer.line(&line, &mut bytes);
            for (at, (body, hash, _)) in timeline.links.iter().enumerate() {
                let position = positions[order[index]][at];
                let line = EventLine {
                    kind: Kind::Event,
                    case,
                    seq: at as u32 + 1,
                    position,
                    body: body.into(),
                    hash: hex(hash).into(),
                    proof: hashes(&log.proof(position).unwrap()).into(),
                };
                writer.event(&line, &mut bytes);
            }
            let line = StateLine {
                kind: Kind::State,
                case,
                later: 0,
                state: Some(Cow::Borrowed(&timeline.state)),
                deadline: timeline.deadline,
                raw_deadline: timeline.raw_deadline,
            };
            writer.line(&line, &mut bytes);
        }
        from = to;
    }
    writer.end(&mut bytes);
    drop((timelines, log, map, positions));
    let megabytes = bytes.len() / 1_000_000;
    println!("{events} events, {megabytes} MB");
    for _ in 0..3 {
        let begun = Instant::now();
        let report = bundle::verified(&bytes, trust());
        let took = begun.elapsed().as_secs_f64();
        assert!(report.is_good() && report.summary.whole_map, "{:?}", report.problems);
        println!("verified in {took:.2} s: {:.0} events/s", events as f64 / took);
    }
}

fn read<T: for<'d> serde::Deserialize<'d>>(line: &Value) -> T {
    serde_json::from_value(line.clone()).unwrap()
}
