//! Stories to write down, and what comes of them.

use parvaneh_core::{
    CaseId, PersonId, RecordedCase, RecordedEvent, StepId, UnitId, WorkflowId,
    timeline::{GENESIS, Hash, chain},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Format, Options, Writer};

/// Cases with their events.
pub(crate) struct Story {
    cases: Vec<(RecordedCase, Vec<Line>)>,
}

struct Line {
    kind: String,
    body: String,
    hash: Hash,
}

impl Story {
    /// Every event, a case's together.
    pub(crate) fn events(&self) -> impl Iterator<Item = RecordedEvent<'_>> {
        self.cases.iter().flat_map(|(case, lines)| {
            lines.iter().enumerate().map(move |(place, line)| {
                let body: Value = serde_json::from_str(&line.body).expect("a body");
                let instant = |name: &str| body[name].as_str().expect(name).parse().expect(name);
                RecordedEvent {
                    case,
                    seq: place as u32 + 1,
                    kind: &line.kind,
                    effective_at: instant("effective_at"),
                    recorded_at: instant("recorded_at"),
                    body: &line.body,
                    hash: line.hash,
                }
            })
        })
    }

    /// Nothing at all.
    pub(crate) fn empty() -> Self {
        Self { cases: Vec::new() }
    }
}

/// Two cases with that subject, which is their remarks' text too.
pub(crate) fn story(subject: &str) -> Story {
    let cases = (1..=2).map(|no| {
        let case = RecordedCase {
            case: CaseId(Uuid::from_u128(0x0190_f1a2_0000_7000_8000_3f8a_21bc_90d0 + no)),
            workflow: WorkflowId::from("ngo-establishment"),
            version: 1,
            unit: UnitId::from("2301"),
            applicant: PersonId(Uuid::from_u128(77)),
            subject: subject.to_owned(),
            seq: 5,
            step: StepId::from("granted"),
            opened_at: "2024-04-20T06:30:00Z".parse().expect("an instant"),
            deadline: None,
            ended_at: None,
        };
        let officer = json!({"officer": {
            "person": Uuid::from_u128(5), "role": "county_officer", "unit": "2301",
            "on_behalf_of": {"person": Uuid::from_u128(6), "delegation": Uuid::from_u128(9)},
        }});
        let applicant = json!({"applicant": Uuid::from_u128(77)});
        let facts = [
            (
                applicant,
                json!({"type": "opened", "subject": subject, "entry": {
                "step": "review", "tasks": [{"no": 1, "purpose": "act", "owner": {"role": "x"},
                "unit": "2301"}, {"no": 2, "purpose": "answer", "branch": "police",
                "owner": {"role": "y"}, "unit": "2301"}]}}),
            ),
            (officer.clone(), json!({"type": "claimed", "task": 1})),
            (officer.clone(), json!({"type": "commented", "text": subject})),
            (
                officer.clone(),
                json!({"type": "answered", "task": 2, "branch": "police",
                "answer": "positive"}),
            ),
            (
                officer,
                json!({"type": "acted", "task": 1, "action": "grant", "reason": subject,
                "entry": {"step": "granted", "end": {"outcome": "granted", "decision": true}}}),
            ),
            (json!("system"), json!({"type": "silence_waived", "clock": 0, "reason": "‌"})),
        ];
        let mut previous = GENESIS;
        let lines = facts.into_iter().enumerate().map(|(place, (by, fact))| {
            let at = format!("2024-04-2{place}T06:30:00.12Z");
            let body = json!({
                "by": by, "effective_at": at, "fact": fact, "recorded_at": at, "seq": place + 1,
            });
            let kind = fact["type"].as_str().expect("a kind").to_owned();
            let body = parvaneh_core::timeline::canonical_json(&body);
            previous = chain(&previous, body.as_bytes());
            Line { kind, body, hash: previous }
        });
        let lines = lines.collect();
        (case, lines)
    });
    Story { cases: cases.collect() }
}

/// The file that becomes of it.
pub(crate) fn written(format: Format, options: Options, story: &Story) -> Vec<u8> {
    let mut writer = Writer::new(format, options, chrono_tz::Asia::Tehran).expect("a writer");
    let mut all = Vec::new();
    for event in story.events() {
        writer.event(&event).expect("an event");
        if writer.is_full() {
            all.extend(writer.take());
        }
    }
    writer.end().expect("an end");
    while writer.more().expect("the rest") {
        all.extend(writer.take());
    }
    assert_eq!(writer.totals().events, story.events().count() as u64);
    all
}
