//! Words that several pages of a case share.

use parvaneh_core::{
    Refusal, RefusalCode, Term, TermUnit,
    definition::{Action, Answer, Outcome},
    event::{Urgency, Vote},
};

use crate::{
    problem::title,
    say::{Said, Words},
};

/// How soon something is wanted.
pub(in crate::pages) fn urgency(urgency: Urgency, words: Words) -> Said {
    match urgency {
        Urgency::Urgent => words.t("urgency-urgent"),
        Urgency::Immediate => words.t("urgency-immediate"),
    }
}

/// What came out.
pub(in crate::pages) fn outcome(outcome: Outcome, words: Words) -> Said {
    match outcome {
        Outcome::Granted => words.t("case-outcome-granted"),
        Outcome::Refused => words.t("case-outcome-refused"),
        Outcome::Lapsed => words.t("case-outcome-lapsed"),
        Outcome::Withdrawn => words.t("case-outcome-withdrawn"),
        Outcome::Settled => words.t("case-outcome-settled"),
    }
}

/// What a body has answered.
pub(super) fn answer(answer: Answer, words: Words) -> Said {
    match answer {
        Answer::Positive => words.t("case-answer-positive"),
        Answer::Negative => words.t("case-answer-negative"),
    }
}

/// How somebody has voted.
pub(super) fn vote(vote: Vote, words: Words) -> Said {
    match vote {
        Vote::For => words.t("case-vote-for"),
        Vote::Against => words.t("case-vote-against"),
        Vote::Abstain => words.t("case-vote-abstain"),
    }
}

/// A length of time.
pub(in crate::pages) fn term(term: Term, words: Words) -> Said {
    counted(u64::from(term.count), term.unit, words)
}

/// So many of a unit of time.
pub(in crate::pages) fn counted(count: u64, unit: TermUnit, words: Words) -> Said {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    match unit {
        TermUnit::WorkingDays => words.t("term-working-days").n("count", count),
        TermUnit::Days => words.t("term-days").n("count", count),
        TermUnit::WorkingHours => words.t("term-working-hours").n("count", count),
        TermUnit::Hours => words.t("term-hours").n("count", count),
    }
}

/// What a code means.
pub(in crate::pages) fn code(code: &str, words: Words) -> String {
    match title(code) {
        Some(text) if words.is_persian() => text.fa.to_owned(),
        Some(text) => text.en.to_owned(),
        None => code.replace('_', " "),
    }
}

/// What stands in the way of an action: what it means, then everything that is wrong.
pub(super) fn obstacle(refusal: &Refusal, action: Option<&Action>, words: Words) -> Vec<String> {
    let guard = action.and_then(|action| action.guard.as_ref());
    let told = guard.and_then(|guard| guard.otherwise.as_ref());
    let first = match (refusal.code, told) {
        // The definition says it in words of its own.
        (RefusalCode::GuardNotMet, Some(told)) => words.of(told).to_owned(),
        (known, _) => code(known.as_str(), words),
    };
    let faults = refusal.faults.iter().map(|fault| match words.is_persian() {
        true => fault.fa.clone(),
        false => fault.en.clone(),
    });
    std::iter::once(first).chain(faults).collect()
}
