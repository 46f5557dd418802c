//! A definition as it is written in a file, as types: what the JSON Schema for editors is made of.
//!
//! The reader beside this is what decides; a test holds the two together, key by key.
#![allow(dead_code, reason = "types that only describe")]

mod commission;
mod parallel;
mod steps;

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde_json::Value;

use self::steps::Step;

/// The JSON Schema (2020-12) of a definition, for editors: keys with what they mean, values with
/// their form. It knows less than [`Definition::check`](super::Definition::check): which names
/// exist and what makes sense together is not its business.
pub fn json_schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Definition>().to_value();
    without_null(&mut schema);
    schema
}

/// A key that may be left out is left out: an empty value is none.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            for list in ["type", "anyOf"] {
                let null = |it: &Value| it == "null" || it["type"] == "null";
                let Some(Value::Array(kinds)) = members.get_mut(list) else { continue };
                kinds.retain(|kind| !null(kind));
                if let [only] = &mut kinds[..] {
                    let only = only.take();
                    members.remove(list);
                    match only {
                        Value::Object(inner) => members.extend(inner),
                        kind => drop(members.insert(list.to_owned(), kind)),
                    }
                }
            }
            members.values_mut().for_each(without_null);
        }
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

/// Types that are no Rust type of their own: a form of text, say.
macro_rules! forms_of_text {
    ($($(#[doc = $doc:literal])* $name:ident = $schema:tt;)*) => {$(
        $(#[doc = $doc])*
        struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

forms_of_text! {
    /// A name that the file chooses.
    Name = { "type": "string", "pattern": "^[a-z][a-z0-9_-]{0,63}$" };
    /// A role, or another body.
    Role = {
        "description": "A role; or another body that is asked: agency.<name>",
        "type": "string",
        "pattern": "^(agency\\.)?[a-z][a-z0-9_-]{0,63}$",
    };
    /// A length of time.
    Term = {
        "description": "A whole number and a unit: 3 wd (working days), 30 d (calendar days), 10 wh (working hours), 48 h (hours), 1 w (7 d), 1 mo (30 d)",
        "type": "string",
        "pattern": "^\\s*[0-9]+\\s*(wd|d|wh|h|w|mo)\\s*$",
    };
    /// A validity.
    Months = {
        "description": "A whole number of months: 36 mo",
        "type": "string",
        "pattern": "^\\s*[0-9]+\\s*mo\\s*$",
    };
    /// A text of one line.
    Line = { "type": ["string", "number", "boolean"], "pattern": "\\S" };
    /// Where a rule comes from.
    Basis = {
        "description": "The law, bylaw or page on which it rests; or 'assumption', until somebody confirms it",
        "type": ["string", "number"],
        "pattern": "\\S",
    };
    /// A value of a form's field.
    FieldValue = { "type": ["string", "number", "boolean"] };
    /// A number.
    Formula = {
        "description": "A number in CEL over fields that stand before it; nobody fills it in: safety * 0.4 + care * 0.6",
        "type": "string",
        "pattern": "\\S",
        "maxLength": 1000,
    };
    /// A condition.
    Guard = {
        "description": "A condition in CEL over the fields of the forms and facts of the case: data.capital >= 500000000 && case.returns < 3",
        "type": ["string", "boolean"],
        "pattern": "\\S",
        "maxLength": 1000,
    };
    /// Yes or no.
    YesNo = { "enum": ["yes", "no", true, false] };
}

/// A mapping whose keys are names that the file chooses, with at least one of them.
struct Named<T>(T);

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("named_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": generator.subschema_for::<Name>(),
            "additionalProperties": generator.subschema_for::<T>(),
            "minProperties": 1,
        })
    }
}

/// A list; a list of one may be written without brackets.
struct OneOrMore<T>(T);

impl<T: JsonSchema> JsonSchema for OneOrMore<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("one_or_more_{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

/// A text in both languages.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Text {
    /// Persian
    fa: Line,
    /// English
    en: Line,
}

/// One immutable version of a licensing procedure
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, title = "A workflow definition of Parvaneh")]
struct Definition {
    /// The name of the procedure; also the name of its folder
    workflow: Name,
    /// A whole number from 1; also the number in the file's name
    #[schemars(range(min = 1, max = 1_000_000))]
    version: u32,
    /// What the procedure is called
    title: Text,
    /// The law on which the procedure rests
    basis: Option<Basis>,
    /// The level of the unit that receives a case
    opens_at: Level,
    /// Who sets it going: the applicant (if left out), or the authority of its own motion
    initiative: Option<Initiative>,
    /// Of what licence or other case an application speaks
    about: Option<About>,
    /// The calendar by which every clock counts
    calendar: Name,
    /// The clock by which the organisation is judged
    statutory: Statutory,
    /// Who takes part
    roles: Named<RoleHeld>,
    /// Other bodies that are asked
    agencies: Option<Named<Agency>>,
    /// Named escalations, which steps share
    ladder: Option<Named<Vec<EscalationLevel>>>,
    /// What is filled in
    forms: Option<Named<Named<Field>>>,
    /// The form that is filled in at the opening
    application: Option<Name>,
    /// The kinds of paper that are asked for
    documents: Option<Named<Document>>,
    /// Where a case can wait; a new case enters the first
    steps: Named<Step>,
    /// Where a case can end
    ends: Named<End>,
}

/// Who sets a procedure going
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Initiative {
    Applicant,
    Authority,
}

/// Of what an application speaks: a licence of some kinds, or a case of some workflows
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct About {
    /// A licence of one of these kinds
    licence: Option<OneOrMore<Name>>,
    /// A case of one of these workflows
    case: Option<OneOrMore<Name>>,
    /// Whether it must be told; yes, if left out
    required: Option<YesNo>,
    /// Who can apply: the holder of the licence, or the applicant of the case (same, if left out), or anybody
    applicant: Option<AboutApplicant>,
    /// Whether only one case of this workflow can run about the same thing; no, if left out
    one_at_a_time: Option<YesNo>,
    /// How it must stand with it: a licence in_force (if left out) or any; a case running, late, past_norm, ended or any (if left out)
    state: Option<AboutState>,
    /// How long after the last day of its validity a licence can still be spoken of
    expired: Option<Term>,
    /// Whether the licence may be suspended; no, if left out
    suspended: Option<YesNo>,
    /// Whether the licence stays in force until the case is decided, though its validity ends before; no, if left out
    stays_in_force: Option<YesNo>,
    /// Where this comes from
    basis: Option<Basis>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum AboutApplicant {
    Same,
    Anybody,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum AboutState {
    InForce,
    Any,
    Running,
    Late,
    PastNorm,
    Ended,
}

/// Where in the organisation something stands
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Level {
    County,
    Province,
    National,
}

/// The clock by which the organisation is judged
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Statutory {
    /// The legal term
    term: Term,
    /// When the clock starts: opened, or { entering: examination }
    starts: Starts,
    /// What is promised; never longer than the term
    service_norm: Option<Term>,
    /// How the term may be extended
    extension: Option<Extension>,
    /// What silence of the authority means; leads to an end that is a decision
    silence: Option<Silence>,
    /// Warnings and escalation levels of the statutory deadline
    escalate: Option<Escalation>,
    /// The law that sets the term
    basis: Option<Basis>,
}

#[derive(JsonSchema)]
#[schemars(untagged)]
enum Starts {
    Opened(Opened),
    Entering(Entering),
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Opened {
    Opened,
}

#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Entering {
    /// When the case first enters this step
    entering: Name,
}

/// How a term may be extended
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Extension {
    /// How many times at most
    #[schemars(range(min = 1, max = 100))]
    times: u32,
    /// How long one extension may be, in the clock's own unit
    up_to: Term,
    /// Who may extend
    by: Role,
    /// By what right
    basis: Basis,
}

/// What silence does
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Silence {
    /// How long after the deadline it takes effect; at the deadline, if left out
    after: Option<Term>,
    /// The step or end that it leads to
    to: Name,
    /// How late the program may be and still let it take effect; later, somebody must release it
    grace: Option<Term>,
    /// By what right
    basis: Basis,
}

/// A role of the procedure
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct RoleHeld {
    /// The level of the units at which it is held
    at: Level,
    /// What it is called
    title: Text,
    /// What its holders may do beside the tasks that they own
    may: Option<OneOrMore<Permission>>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Permission {
    /// Open a case for an applicant, and record his withdrawal
    Open,
    /// Assign a task to a person, or take it from him
    Assign,
    /// Suspend and resume the clocks of a case
    Suspend,
    /// Let a held silence rule take effect, or waive it
    ReleaseSilence,
    /// Record the answer of another body that answered on paper
    RecordAnswer,
    /// Read cases without acting on them
    Read,
}

/// Another body, which answers inquiries; as a role it is called agency.police
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Agency {
    /// The level of its offices
    at: Level,
    /// What it is called
    title: Text,
}

/// The name of a ladder, or its levels themselves
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Escalation {
    Ladder(Name),
    Levels(#[schemars(length(max = 50))] Vec<EscalationLevel>),
}

/// A warning before the deadline, or an escalation level after it
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct EscalationLevel {
    /// So long before the deadline
    warn: Option<Term>,
    /// So long after the deadline; 0 wd at the breach
    after: Option<Term>,
    /// Who is told: owner, applicant or roles
    tell: Option<OneOrMore<Role>>,
    /// The role to which the task goes
    reassign: Option<Role>,
    /// The action of the step that the program takes
    act: Option<Name>,
}

/// A kind of paper
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Document {
    /// What it is called
    title: Text,
    /// Who looks at it and says that it is good; nobody must, if left out
    verified_by: Option<Role>,
    /// How many days after its issue it is good; for ever, if left out
    valid_for: Option<Term>,
    /// How many copies are handed in at least; one, if left out
    #[schemars(range(min = 1, max = 100))]
    copies: Option<u32>,
    /// As which types of files it is taken; as any, if left out
    types: Option<OneOrMore<PaperType>>,
    /// How long its file may be, in megabytes; as long as any, if left out
    #[schemars(range(min = 1, max = 1000))]
    max_mb: Option<u32>,
    /// How many of its kind a case may hold, the replaced ones included; as many as of any, if left out
    #[schemars(range(min = 1, max = 100))]
    times: Option<u32>,
}

/// A type of file
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum PaperType {
    Pdf,
    Png,
    Jpg,
    Tiff,
    Docx,
    Xlsx,
    Txt,
}

/// Whether a paper must be there
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Asked {
    Required,
    Optional,
}

/// A field of a form; which keys it has follows from its type
struct Field;

impl JsonSchema for Field {
    fn schema_name() -> Cow<'static, str> {
        "Field".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let is = |kinds: &[&str]| json_schema!({ "properties": { "type": { "enum": kinds } }, "required": ["type"] });
        let branches = [
            (is(&["text"]), generator.subschema_for::<TextField>()),
            (is(&["number"]), generator.subschema_for::<NumberField>()),
            (is(&["money", "date"]), generator.subschema_for::<BoundedField>()),
            (is(&["choice"]), generator.subschema_for::<ChoiceField>()),
        ];
        which(branches, generator.subschema_for::<PlainField>())
    }
}

/// The schema of the first condition that holds, or the other.
fn which<const N: usize>(branches: [(Schema, Schema); N], other: Schema) -> Schema {
    branches.into_iter().rev().fold(
        other,
        |other, (condition, schema)| json_schema!({ "if": condition, "then": schema, "else": other }),
    )
}

macro_rules! field {
    ($($(#[doc = $doc:literal])* $name:ident($kind:ty) { $($(#[$attribute:meta])* $key:ident: $of:ty,)* })*) => {$(
        $(#[doc = $doc])*
        #[derive(JsonSchema)]
        #[schemars(deny_unknown_fields)]
        struct $name {
            /// What is filled in
            #[schemars(rename = "type")]
            kind: $kind,
            /// What the field is called
            title: Text,
            /// Whether it must be filled in
            required: Option<YesNo>,
            /// It must be filled in if other fields hold one of these values: { legal_form: charity }
            required_if: Option<Named<OneOrMore<FieldValue>>>,
            /// What it holds belongs to a person: it is kept outside the timeline, and can be erased. No rule reads it
            personal: Option<YesNo>,
            $($(#[$attribute])* $key: $of,)*
        }
    )*};
}

field! {
    /// A text
    TextField(FieldType) {
        /// The least number of characters
        #[schemars(range(min = 1, max = 4_000))] min: Option<u32>,
        /// The greatest number of characters
        #[schemars(range(min = 1, max = 4_000))] max: Option<u32>,
    }
    /// A number
    NumberField(FieldType) {
        /// The least
        min: Option<FieldValue>,
        /// The greatest
        max: Option<FieldValue>,
        /// How many digits after the point
        #[schemars(range(min = 0, max = 6))] decimals: Option<u32>,
        /// How it follows from other fields, in CEL: 'safety * 0.4 + care * 0.6'; nobody fills it in
        computed: Option<Formula>,
    }
    /// Money in whole rials, or a date in either calendar (or 'today')
    BoundedField(FieldType) {
        /// The least, or the first day
        min: Option<FieldValue>,
        /// The greatest, or the last day
        max: Option<FieldValue>,
    }
    /// One of several
    ChoiceField(FieldType) {
        /// What can be chosen
        choices: Named<Text>,
    }
    /// A national id, a legal person's id, a phone number, a file, or yes and no
    PlainField(FieldType) {}
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum FieldType {
    Text,
    Number,
    Money,
    Date,
    Choice,
    NationalId,
    LegalId,
    Phone,
    File,
    YesNo,
}

/// Where a case can end
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct End {
    /// What it is called
    title: Text,
    /// Whether it is a decision: only decisions count for the on-time rate
    decision: YesNo,
    /// What came out
    outcome: Outcome,
    /// The licence that is granted, or what is done to the one that the case is about
    licence: Option<Licence>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Outcome {
    /// The licence was granted
    Granted,
    /// It was refused
    Refused,
    /// The applicant let his time pass
    Lapsed,
    /// The applicant gave up
    Withdrawn,
    /// The matter was settled, where nothing is granted or refused
    Settled,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum LicenceChange {
    /// It is valid for longer
    Renew,
    /// What it permits changes; its validity does not
    Amend,
    /// It does not count until it is reinstated
    Suspend,
    /// It counts again
    Reinstate,
    /// It ends for ever
    Revoke,
}

/// A licence that an end grants (kind), or what it does to the licence that the case is about (change)
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Licence {
    /// The kind of the licence that is granted: establishment
    kind: Option<Name>,
    /// What is done to the licence that the case is about
    change: Option<LicenceChange>,
    /// How long it is valid, in months of the calendar: 36 mo; of a grant and of a renewal
    valid: Option<Months>,
    /// A mark that it bears: silence
    mark: Option<Name>,
    /// Where this comes from
    basis: Option<Basis>,
}
