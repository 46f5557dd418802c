//! One case: its events one by one, and what is stored of it.

use serde_json::Value;

use super::{
    code::Code,
    format::{EventLine, MapEntry, StateLine, read_hashes, read_hex},
    proofs::Proofs,
    recount::{Folded, fold},
    rules::{Rules, Wrong},
    strict::is_canonical,
};
use crate::{
    Case, CaseId, Event, Fact, UnitId,
    clock::Instant,
    log::{entry, leaf},
    timeline::{GENESIS, Hash, chain},
};

/// A case of which lines are being read.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) id: CaseId,
    unit: UnitId,
    count: u32,
    head: Hash,
    /// The number of the last event that was read.
    pub(super) seq: u32,
    last: Hash,
    position: Option<u64>,
    /// Whether every event up to here could be folded.
    whole: bool,
    folded: Option<Folded>,
}

impl Reading {
    pub(super) fn begin(entry: &MapEntry) -> Self {
        Self {
            id: entry.case,
            unit: entry.unit.clone(),
            count: entry.count,
            head: entry.head,
            seq: 0,
            last: GENESIS,
            position: None,
            whole: true,
            folded: None,
        }
    }

    pub(super) fn event(
        &mut self,
        line: &EventLine<'_>,
        proofs: &mut Proofs,
        rules: &Rules,
        wrong: &mut Vec<Wrong>,
    ) {
        let follows = self.seq.checked_add(1) == Some(line.seq);
        if !follows {
            self.whole = false;
            wrong.push(match line.seq > self.seq {
                true => (Code::MissingEvent, format!("{}..{}", self.seq + 1, line.seq)),
                false => (Code::OutOfOrder, format!("{} ≤ {}", line.seq, self.seq)),
            });
        }
        if line.seq > self.count {
            wrong.push((Code::MapContradictsLog, format!("{} > {}", line.seq, self.count)));
        }
        let Some(hash) = read_hex(&line.hash) else {
            wrong.push((Code::UnreadableLine, "hash".to_owned()));
            self.whole = false;
            return;
        };
        if follows && chain(&self.last, line.body.as_bytes()) != hash {
            wrong.push((Code::BrokenChain, line.hash.to_string()));
        }
        self.stands(line, &hash, proofs, wrong);
        (self.seq, self.last) = (line.seq, hash);
        match read(line, self.id) {
            Err(found) => {
                wrong.push(found);
                self.whole = false;
            }
            Ok(event) if self.whole => {
                fold(&mut self.folded, &event, rules, wrong);
                if let (Fact::Opened { unit, .. }, true) = (&event.fact, line.seq == 1)
                    && *unit != self.unit
                {
                    wrong.push((Code::OtherUnit, format!("{} ≠ {unit}", self.unit)));
                }
                self.whole = self.folded.is_some();
            }
            Ok(_) => {}
        }
    }

    /// Checks the place of an event in the log.
    fn stands(
        &mut self,
        line: &EventLine<'_>,
        hash: &Hash,
        proofs: &mut Proofs,
        wrong: &mut Vec<Wrong>,
    ) {
        let after = self.position.is_none_or(|before| before < line.position);
        if !after || line.position >= proofs.size() {
            wrong.push((Code::WrongPosition, line.position.to_string()));
        }
        self.position = Some(line.position);
        let Some(proof) = read_hashes(&line.proof) else {
            wrong.push((Code::WrongProof, "base64".to_owned()));
            return;
        };
        let leaf = leaf(&entry(self.id.0, line.seq, hash));
        if let Err(error) = proofs.check(line.position, leaf, &proof) {
            wrong.push((Code::WrongProof, error.to_string()));
        }
    }

    /// The case ends with what is stored of it.
    pub(super) fn end(self, line: Option<&StateLine<'_>>, wrong: &mut Vec<Wrong>) {
        if self.seq < self.count {
            wrong.push((Code::ShortTimeline, format!("{} < {}", self.seq, self.count)));
        } else if self.last != self.head {
            wrong.push((Code::MapContradictsLog, super::format::hex(&self.head)));
        }
        let Some(line) = line else {
            wrong.push((Code::NoState, String::new()));
            return;
        };
        // What has been folded is not all that was sealed: it has been told.
        let Some(folded) = self.folded.filter(|_| self.whole && self.seq == self.count) else {
            return;
        };
        if line.later == 0 {
            stored(&folded, line, wrong);
        } else if line.state.is_some() || line.deadline.is_some() || line.raw_deadline.is_some() {
            wrong.push((Code::UnreadableLine, "later".to_owned()));
        }
    }
}

/// The event of a line, if it is what the line says.
fn read(line: &EventLine<'_>, case: CaseId) -> Result<Event, Wrong> {
    if !is_canonical(&line.body) {
        return Err((Code::NotAnEvent, "RFC 8785".to_owned()));
    }
    let event: Event =
        serde_json::from_str(&line.body).map_err(|error| (Code::NotAnEvent, error.to_string()))?;
    let opens = match &event.fact {
        Fact::Opened { case: opened, .. } => *opened == case,
        _ => true,
    };
    if event.seq != line.seq || !opens {
        return Err((Code::OtherEvent, event.seq.to_string()));
    }
    Ok(event)
}

/// Compares what is stored with what the events make.
fn stored(folded: &Folded, line: &StateLine<'_>, wrong: &mut Vec<Wrong>) {
    let Some(state) = &line.state else {
        wrong.push((Code::NoState, String::new()));
        return;
    };
    let made = serde_json::to_value(&folded.case).unwrap_or_default();
    // A state that was written before a field was known lacks it, and reads as the same case.
    let reads_alike = || {
        serde_json::from_value::<Case>((**state).clone()).is_ok_and(|case| case == folded.case)
            && knows(&made, state)
    };
    if made != **state && !reads_alike() {
        wrong.push((Code::StateDiffers, first_difference(&made, state)));
    }
    let deadline = folded.case.statutory.as_ref().and_then(|clock| clock.deadline);
    if line.deadline != deadline {
        wrong.push((Code::DeadlineDiffers, two(line.deadline, deadline)));
    }
    let raw = line.raw_deadline;
    if raw.map_or(!folded.raw.is_empty(), |raw| !folded.raw.contains(&raw)) {
        wrong.push((Code::RawDeadlineDiffers, two(raw, folded.raw.first().copied())));
    }
}

fn two(stored: Option<Instant>, made: Option<Instant>) -> String {
    let told = |at: Option<Instant>| at.map_or_else(|| "-".to_owned(), |at| at.to_rfc3339());
    format!("{} ≠ {}", told(stored), told(made))
}

/// Whether everything that `stored` has a name for has it in `made` too.
fn knows(made: &Value, stored: &Value) -> bool {
    match (made, stored) {
        (Value::Object(made), Value::Object(stored)) => {
            stored.iter().all(|(name, value)| made.get(name).is_some_and(|made| knows(made, value)))
        }
        (Value::Array(made), Value::Array(stored)) => {
            made.len() == stored.len()
                && made.iter().zip(stored).all(|(one, other)| knows(one, other))
        }
        _ => true,
    }
}

/// Where two documents first differ.
fn first_difference(made: &Value, stored: &Value) -> String {
    if let (Value::Object(one), Value::Object(other)) = (made, stored) {
        let differs = |name: &&String| one.get(*name) != other.get(*name);
        if let Some(name) = one.keys().chain(other.keys()).find(differs) {
            let within = [one, other].map(|side| side.get(name).unwrap_or(&Value::Null));
            let deeper = first_difference(within[0], within[1]);
            return if deeper.is_empty() { name.clone() } else { format!("{name}.{deeper}") };
        }
    }
    String::new()
}
