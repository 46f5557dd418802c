//! The steps: work, the applicant's part, what a case only passes through.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{
    Asked, Basis, Escalation, Extension, Guard, Name, Named, OneOrMore, Role, Silence, Term, Text,
    YesNo,
    commission::{Commission, Results},
    parallel::ParallelStep,
    which,
};

/// A place where a case waits: work, the applicant's part, a commission, or several bodies at once
pub(super) struct Step;

impl JsonSchema for Step {
    fn schema_name() -> Cow<'static, str> {
        "Step".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let has = |key: &str| json_schema!({ "required": [key] });
        let branches = [
            (has("choose"), generator.subschema_for::<AutomaticStep>()),
            (has("parallel"), generator.subschema_for::<ParallelStep>()),
            (has("commission"), generator.subschema_for::<CommissionStep>()),
        ];
        which(branches, generator.subschema_for::<WorkStep>())
    }
}

macro_rules! waiting_step {
    ($($(#[doc = $doc:literal])* $name:ident { $($(#[$attribute:meta])* $key:ident: $of:ty,)* })*) => {$(
        $(#[doc = $doc])*
        #[derive(JsonSchema)]
        #[schemars(deny_unknown_fields)]
        struct $name {
            /// What officers call it
            title: Text,
            /// The role that does it, or applicant
            owner: Role,
            /// How long it may take
            term: Option<Term>,
            /// Where the term comes from
            basis: Option<Basis>,
            /// How much working time the work takes: 2 wh
            work: Option<Term>,
            /// Warnings and escalation levels: a ladder, or a list
            escalate: Option<Escalation>,
            /// What silence does here
            silence: Option<Silence>,
            /// How the term may be extended
            extension: Option<Extension>,
            /// Whether the statutory clock runs while the case stands here; it does, if left out
            statutory_clock: Option<StatutoryClock>,
            /// The end to which the silence of the authority leads from here, if another than the statutory rule's
            statutory_silence: Option<Name>,
            /// The form that is filled in here
            form: Option<Name>,
            /// The papers that are asked for here
            documents: Option<Named<Asked>>,
            /// What can be done here
            actions: Option<Named<Action>>,
            /// Four eyes: who did one of these steps may not do this one; applicant stands for who applied
            not_by: Option<OneOrMore<Name>>,
            $($(#[$attribute])* $key: $of,)*
        }
    )*};
}

waiting_step! {
    /// Work of a role, or the applicant's part
    WorkStep {}
    /// A commission decides
    CommissionStep {
        /// Who decides, and how
        commission: Commission,
        /// Where its results lead
        when: Results,
    }
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum StatutoryClock {
    Runs,
    Suspended,
}

/// What a person can do in a step
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Action {
    /// What the button says
    title: Text,
    /// The step or end that it leads to
    to: Name,
    /// What must be given: a reason, the number of an approved condition
    needs: Option<OneOrMore<Need>>,
    /// What must hold for it, in CEL: data.capital >= 500000000
    #[schemars(rename = "if")]
    guard: Option<Guard>,
    /// What people are told where it does not hold
    if_not: Option<Text>,
    /// The form that is filled in with it
    form: Option<Name>,
    /// The papers that are asked for with it
    documents: Option<Named<Asked>>,
    /// Whether every form must be complete; yes, if left out
    complete: Option<YesNo>,
    /// Four eyes: who did one of these steps may not do this
    not_by: Option<OneOrMore<Name>>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum Need {
    Reason,
    Citation,
}

/// A step that a case only passes through: nobody owns it, and it takes no time
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct AutomaticStep {
    /// What officers call it
    title: Text,
    /// Where the case goes: the first way whose condition holds
    #[schemars(length(min = 1))]
    choose: Vec<Way>,
}

/// A condition and where it leads, or where the case goes else
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Way {
    /// When it is taken, in CEL
    #[schemars(rename = "if")]
    condition: Option<Guard>,
    /// Where it leads
    to: Option<Name>,
    /// Where the case goes if no way before it is taken
    #[schemars(rename = "else")]
    otherwise: Option<Name>,
}
