//! What of an event stands in columns and attributes, read from its canonical bytes without copying them.

use std::{borrow::Cow, fmt, ops::Deref};

use parvaneh_core::RecordedEvent;
use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};

use crate::ExportError;

/// A text of the bytes themselves, wherever nothing in it is escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text<'a>(Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Read)
    }
}

/// An event.
#[derive(Debug, Deserialize)]
pub(crate) struct Said<'a> {
    /// Who did it.
    #[serde(borrow)]
    by: By<'a>,
    /// What happened.
    #[serde(borrow)]
    pub(crate) fact: Told<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum By<'a> {
    System,
    #[serde(borrow)]
    Applicant(Text<'a>),
    #[serde(borrow)]
    Officer(Officer<'a>),
}

/// Who of the office, as what.
#[derive(Debug, Deserialize)]
pub(crate) struct Officer<'a> {
    #[serde(borrow)]
    pub(crate) person: Text<'a>,
    #[serde(borrow)]
    pub(crate) role: Text<'a>,
    #[serde(borrow)]
    pub(crate) unit: Text<'a>,
    #[serde(borrow, default)]
    on_behalf_of: Option<Behalf<'a>>,
}

#[derive(Debug, Deserialize)]
struct Behalf<'a> {
    #[serde(borrow)]
    person: Text<'a>,
}

/// Of a fact what several kinds have, and people look for.
#[derive(Debug, Deserialize)]
pub(crate) struct Told<'a> {
    #[serde(default)]
    pub(crate) task: Option<u32>,
    #[serde(borrow, default)]
    action: Option<Text<'a>>,
    #[serde(borrow, default)]
    answer: Option<Text<'a>>,
    #[serde(borrow, default)]
    vote: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) branch: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub(crate) document: Option<Text<'a>>,
    #[serde(borrow, default)]
    reason: Option<Text<'a>>,
    #[serde(borrow, default)]
    refused: Option<Text<'a>>,
    #[serde(borrow, default)]
    text: Option<Text<'a>>,
    #[serde(borrow, default)]
    step: Option<Text<'a>>,
    #[serde(borrow, default)]
    entry: Option<Entry<'a>>,
    /// The inquiries that a migration has opened.
    #[serde(borrow, default)]
    opened: Vec<Opened<'a>>,
}

#[derive(Debug, Deserialize)]
struct Entry<'a> {
    #[serde(borrow)]
    step: Text<'a>,
    #[serde(borrow, default)]
    tasks: Vec<Opened<'a>>,
    #[serde(borrow, default)]
    end: Option<End<'a>>,
}

/// A task that an event has opened.
#[derive(Debug, Deserialize)]
pub(crate) struct Opened<'a> {
    pub(crate) no: u32,
    #[serde(borrow, default)]
    pub(crate) branch: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
struct End<'a> {
    #[serde(borrow)]
    outcome: Text<'a>,
}

impl<'a> Said<'a> {
    /// What an event says.
    ///
    /// # Errors
    /// [`ExportError::Unreadable`].
    pub(crate) fn of(event: &RecordedEvent<'a>) -> Result<Self, ExportError> {
        serde_json::from_str(event.body).map_err(|error| ExportError::Unreadable {
            case: event.case.case,
            seq: event.seq,
            error,
        })
    }

    /// By which account; none where it was the program.
    pub(crate) fn person(&self) -> Option<&str> {
        match &self.by {
            By::System => None,
            By::Applicant(person) => Some(person),
            By::Officer(officer) => Some(&officer.person),
        }
    }

    /// As what: a role, `applicant` or `system`.
    pub(crate) fn role(&self) -> &str {
        match &self.by {
            By::System => "system",
            By::Applicant(_) => "applicant",
            By::Officer(officer) => &officer.role,
        }
    }

    /// Who of the office.
    pub(crate) fn officer(&self) -> Option<&Officer<'a>> {
        match &self.by {
            By::Officer(officer) => Some(officer),
            By::System | By::Applicant(_) => None,
        }
    }

    /// For whom a delegate did it.
    pub(crate) fn on_behalf_of(&self) -> Option<&str> {
        self.officer()?.on_behalf_of.as_ref().map(|behalf| &*behalf.person)
    }

    /// The action, the answer or the vote.
    pub(crate) fn action(&self) -> Option<&str> {
        let fact = &self.fact;
        fact.action.as_deref().or(fact.answer.as_deref()).or(fact.vote.as_deref())
    }

    /// Where the case stands since then, if that has changed.
    pub(crate) fn step(&self) -> Option<&str> {
        let entered = self.fact.entry.as_ref().map(|entry| &*entry.step);
        entered.or(self.fact.step.as_deref())
    }

    /// What came out, if it ended.
    pub(crate) fn outcome(&self) -> Option<&str> {
        Some(&self.fact.entry.as_ref()?.end.as_ref()?.outcome)
    }

    /// Why, or what was remarked.
    pub(crate) fn reason(&self) -> Option<&str> {
        let fact = &self.fact;
        fact.reason.as_deref().or(fact.refused.as_deref()).or(fact.text.as_deref())
    }

    /// The tasks that it has opened.
    pub(crate) fn opened(&self) -> impl Iterator<Item = &Opened<'a>> {
        self.fact.entry.iter().flat_map(|entry| &entry.tasks).chain(&self.fact.opened)
    }
}
