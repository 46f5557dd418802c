//! A step where a commission decides.

use schemars::JsonSchema;

use super::{Asked, Basis, Name, Named, OneOrMore, Role, Term, Text, YesNo, steps::Need};

/// Who decides, and how
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Commission {
    /// The role of the members
    members: Role,
    /// How many members it has
    #[schemars(range(min = 1, max = 1_000))]
    seats: u32,
    /// How many must vote
    #[schemars(range(min = 1, max = 1_000))]
    quorum: u32,
    /// What carries: more for than against; more than half of all seats; two thirds of the votes cast
    majority: Majority,
    /// What a recusal does to the quorum
    recusal: Option<Recusal>,
    /// How it sits; without it, members vote at any time
    sittings: Option<Sittings>,
    /// Where this comes from
    basis: Option<Basis>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Recusal {
    KeepsQuorum,
    LowersQuorum,
}

/// Whether it decides only in sittings, or how
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Sittings {
    Whether(Sits),
    Rules(SittingRules),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Sits {
    Required,
    Yes,
    No,
}

/// How a commission sits
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct SittingRules {
    /// How long before a sitting its agenda is closed
    cut_off: Option<Term>,
    /// How long before a deadline the owner is told that no sitting has room
    warn: Option<Term>,
    /// Who is told beside the owner
    tell: Option<OneOrMore<Role>>,
    /// What puts a case off to another sitting
    adjourn: Option<OneOrMore<Adjourns>>,
    /// Where this comes from
    basis: Option<Basis>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Adjourns {
    NoQuorum,
    Tie,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Majority {
    Simple,
    Absolute,
    TwoThirds,
}

/// Where the results of a commission lead
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Results {
    /// Where an approval leads
    approved: CommissionResult,
    /// Where a rejection leads
    rejected: CommissionResult,
}

/// A step or end, or an action without a title of its own
#[derive(JsonSchema)]
#[schemars(untagged)]
enum CommissionResult {
    Place(Name),
    Action(ResultAction),
}

/// What a result does
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ResultAction {
    /// What the button says
    title: Option<Text>,
    /// The step or end that it leads to
    to: Name,
    /// What must be given: a reason, the number of an approved condition
    needs: Option<OneOrMore<Need>>,
    /// The form that is filled in with it
    form: Option<Name>,
    /// The papers that are asked for with it
    documents: Option<Named<Asked>>,
    /// Whether every form must be complete; yes, if left out
    complete: Option<YesNo>,
    /// Four eyes: who did one of these steps may not do this
    not_by: Option<OneOrMore<Name>>,
}
