//! What can be asked for about a case or a licence: a complaint of delay, a renewal, an amendment.

use std::sync::Arc;

use parvaneh_core::{
    Definition,
    definition::{AboutWhat, CaseState},
};
use parvaneh_store::{LicenceRow, Standing};

use super::super::{Seen, head::norm};
use crate::say::Words;

/// Something that can be asked for: where, and what it is called.
pub(super) type Offer = (String, String);

/// What can be asked for about a case as it stands. Whether it is taken, the rules say when it is handed in.
pub(super) fn about_case(seen: &Seen, procedures: &[Arc<Definition>]) -> Vec<Offer> {
    let case = &seen.seen.file.case;
    let speaks =
        procedures.iter().filter(|other| match other.about.as_ref().map(|about| &about.what) {
            Some(AboutWhat::Case { workflows, state }) => {
                workflows.contains(&case.workflow) && stands(seen, *state)
            }
            _ => false,
        });
    let words = seen.words();
    speaks
        .map(|other| {
            let address = format!("/apply/{}?case={}", other.id, case.id);
            (address, words.of(&other.title).to_owned())
        })
        .collect()
}

/// Whether it stands so with the case.
fn stands(seen: &Seen, state: CaseState) -> bool {
    let file = &seen.seen.file;
    let clock = file.case.statutory.as_ref();
    let past = |deadline: Option<parvaneh_core::Instant>| {
        let stopped = clock.and_then(|clock| clock.ledger.stopped_at);
        deadline.is_some_and(|deadline| stopped.unwrap_or(file.now) > deadline)
    };
    match state {
        CaseState::Any => true,
        CaseState::Running => !file.case.is_ended(),
        CaseState::Ended => file.case.is_ended(),
        CaseState::Late => past(clock.and_then(|clock| clock.deadline)),
        CaseState::PastNorm => clock.is_some_and(|clock| {
            let norm = norm(seen, clock);
            past(norm.and_then(|norm| norm.deadline(seen.calendar(&clock.unit)).ok().flatten()))
        }),
    }
}

/// What can be asked for about a licence.
pub(super) fn about_licence(
    licence: &LicenceRow,
    procedures: &[Arc<Definition>],
    words: Words,
) -> Vec<Offer> {
    if licence.standing == Standing::Revoked {
        return Vec::new();
    }
    let speaks = procedures.iter().filter(|other| {
        matches!(other.about.as_ref().map(|about| &about.what),
            Some(AboutWhat::Licence { kinds, .. }) if kinds.contains(&licence.licence.kind))
    });
    speaks
        .map(|other| {
            let address = format!("/apply/{}?licence={}", other.id, licence.licence.number);
            (address, words.of(&other.title).to_owned())
        })
        .collect()
}
