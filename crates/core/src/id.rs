//! Typed identifiers. They are made at the edge (program, store), never in this crate.

use std::{borrow::Borrow, fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

macro_rules! name_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

uuid_id!(
    /// A case: UUIDv7, so that cases sort by the time of their opening.
    CaseId
);
uuid_id!(
    /// A person known to the program: officer, member of a commission, applicant. One natural person
    /// may have several: see [`NaturalPerson`](crate::NaturalPerson).
    PersonId
);
uuid_id!(
    /// A delegation: a role that is lent for a time.
    DelegationId
);

uuid_id!(
    /// A link by which another body answers one inquiry, once.
    LinkId
);

uuid_id!(
    /// A sitting of a commission.
    SittingId
);

name_id!(
    /// A workflow, without its version: `ngo-establishment`.
    WorkflowId
);
name_id!(
    /// A step of a workflow: `reception`.
    StepId
);
name_id!(
    /// A branch of a parallel step: `police`.
    BranchId
);
name_id!(
    /// An action that a step offers: `accept`.
    ActionId
);
name_id!(
    /// A role, as a definition declares it: `county_officer`, or `agency.police` for another body.
    RoleId
);
name_id!(
    /// A unit of the organisation tree: `ir`, `23` (Tehran province), `2301` (Tehran county).
    UnitId
);
name_id!(
    /// A calendar: `ir`.
    CalendarId
);
name_id!(
    /// A form of a workflow: `application`.
    FormId
);
name_id!(
    /// A field of a form; unique within a definition: `capital`.
    FieldId
);
name_id!(
    /// A kind of paper of a workflow: `charter`.
    DocumentId
);
