//! A step where several bodies are asked at the same time.

use schemars::JsonSchema;

use super::{
    Basis, Escalation, Extension, Name, Named, OneOrMore, Role, Term, Text, steps::StatutoryClock,
};

/// Several bodies are asked at the same time
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct ParallelStep {
    /// What officers call it
    title: Text,
    /// Whether the statutory clock runs while the case stands here; it does, if left out
    statutory_clock: Option<StatutoryClock>,
    /// The end to which the silence of the authority leads from here, if another than the statutory rule's
    statutory_silence: Option<Name>,
    /// Four eyes: who did one of these steps may not answer here
    not_by: Option<OneOrMore<Name>>,
    /// Who is asked, and how the answers are joined
    parallel: Parallel,
}

/// Who is asked, and how the answers are joined
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Parallel {
    /// all: when every branch has answered; any: at the first positive answer; { n: 2 }: at the second
    join: Join,
    /// Who is asked
    branches: Named<Branch>,
    /// Where the results lead
    when: Joined,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Join {
    Of(JoinWord),
    Number(JoinNumber),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum JoinWord {
    All,
    Any,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct JoinNumber {
    /// How many positive answers
    #[schemars(range(min = 1, max = 1_000))]
    n: u32,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Joined {
    /// Where a positive result leads
    positive: Name,
    /// Where a negative result leads
    negative: Negative,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Negative {
    Place(Name),
    At(NegativeAt),
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct NegativeAt {
    /// Where it leads
    to: Name,
    /// once: the first negative answer ends the waiting; join: it does not (if left out)
    at: Option<NegativeMoment>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum NegativeMoment {
    Once,
    Join,
}

/// One inquiry
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Branch {
    /// What it is called; its owner's title, if left out
    title: Option<Text>,
    /// Who answers
    owner: Role,
    /// How long the body has
    term: Term,
    /// Where the term comes from
    basis: Option<Basis>,
    /// How much working time the answer takes: 2 wh
    work: Option<Term>,
    /// Warnings and escalation levels: a ladder, or a list
    escalate: Option<Escalation>,
    /// What silence of the body means
    silence: Option<BranchSilence>,
    /// How the term may be extended
    extension: Option<Extension>,
}

/// What silence of an asked body means
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct BranchSilence {
    /// How long after the deadline it takes effect; at the deadline, if left out
    after: Option<Term>,
    /// The answer that silence stands for
    answer: Answer,
    /// How late the program may be and still let it take effect
    grace: Option<Term>,
    /// By what right
    basis: Basis,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Answer {
    Positive,
    Negative,
}
