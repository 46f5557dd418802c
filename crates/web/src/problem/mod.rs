//! What went wrong, as RFC 9457 `application/problem+json` with a stable code.

mod rules;
mod texts;

use std::{borrow::Cow, ops::Deref};

use axum::{
    body::Body,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use parvaneh_core::RefusalCode;
use parvaneh_store::{ExecuteError, StoreError};
use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, schema::Schema},
};

pub use self::texts::{CODES, Text, title};
use crate::language::Language;

/// What went wrong. It changed nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem(Box<Details>);

impl Serialize for Problem {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        Details::schema()
    }
}

impl ToSchema for Problem {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Problem")
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Details::schemas(schemas);
    }
}

impl Deref for Problem {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

/// What is told of a problem.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Details {
    /// `urn:parvaneh:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:parvaneh:problem:case_ended")]
    pub kind: String,
    /// What it means, in the language of the request.
    pub title: String,
    /// The status of the answer.
    #[schema(example = 409)]
    pub status: u16,
    /// A stable code for programs.
    #[schema(example = "case_ended")]
    pub code: String,
    /// What stands in the way here, in English.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Everything that is wrong with what was sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// Where the case stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// What the caller can do with the case instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub possible: Vec<serde_json::Value>,
    /// Which request it was, as the logs have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// After how many seconds another attempt makes sense.
    #[serde(skip)]
    pub retry_after: Option<u64>,
}

/// One fault of what was sent.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Fault {
    /// Where, as a JSON pointer into the body; of a parameter, its name.
    #[schema(example = "/values/capital")]
    pub pointer: String,
    /// A stable code.
    #[schema(example = "too_small")]
    pub code: String,
    /// What is wrong, in the language of the request.
    pub detail: String,
    /// The line, from 1, of a text such as a workflow's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column, from 1, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    #[serde(skip)]
    persian: Option<String>,
}

impl Fault {
    /// A fault that is told in English.
    pub fn new(pointer: impl Into<String>, code: &str, detail: impl Into<String>) -> Self {
        let (pointer, detail) = (pointer.into(), detail.into());
        let code = code.to_owned();
        Self { pointer, code, detail, line: None, column: None, persian: None }
    }

    /// A problem of a text that stands at `pointer`.
    pub fn in_text(pointer: &str, problem: &parvaneh_core::document::Problem) -> Self {
        let detail = match &problem.help {
            Some(help) => format!("{}; {help}", problem.message),
            None => problem.message.clone(),
        };
        let (line, column) = (Some(problem.line), Some(problem.column));
        Self { line, column, ..Self::new(pointer, problem.code, detail) }
    }
}

impl Problem {
    /// The problem of that code.
    pub fn new(status: StatusCode, code: &str) -> Self {
        Self(Box::new(Details {
            kind: format!("urn:parvaneh:problem:{code}"),
            title: String::new(),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: None,
            faults: Vec::new(),
            state: None,
            possible: Vec::new(),
            request_id: None,
            retry_after: None,
        }))
    }

    /// The same, with what stands in the way here.
    #[must_use]
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// The same, with everything that is wrong with what was sent.
    #[must_use]
    pub fn with_faults(mut self, faults: Vec<Fault>) -> Self {
        self.0.faults = faults;
        self
    }

    /// The same, for another attempt after so many seconds.
    #[must_use]
    pub fn again_in(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    /// The same, without where the case stands and what is possible in it.
    #[must_use]
    pub fn narrowed(mut self) -> Self {
        (self.0.state, self.0.possible) = (None, Vec::new());
        self
    }

    /// There is nothing of that name, or nothing that the caller may know of: the two are never
    /// told apart.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found")
    }

    /// Nobody has logged in.
    pub fn unauthenticated() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthenticated")
    }

    /// The caller may not do this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden").because(detail)
    }

    /// What was sent has these faults.
    pub fn faulty(faults: Vec<Fault>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "body_invalid").with_faults(faults)
    }

    /// The same, where what was sent stood without what its faults point into.
    #[must_use]
    pub(crate) fn within(mut self, pointer: &str) -> Self {
        for fault in &mut self.0.faults {
            if let Some(rest) = fault.pointer.strip_prefix(pointer) {
                fault.pointer = rest.to_owned();
            }
        }
        self
    }

    /// A fault of one parameter.
    pub fn parameter(name: &str, detail: impl Into<String>) -> Self {
        let faults = vec![Fault::new(name, "invalid", detail)];
        Self::new(StatusCode::BAD_REQUEST, "parameter_invalid").with_faults(faults)
    }

    /// The same with its texts in a language.
    #[must_use]
    pub(crate) fn in_language(mut self, language: Language) -> Self {
        let text = title(&self.code);
        self.0.title = match (text, language) {
            (Some(text), Language::Persian) => text.fa.to_owned(),
            (Some(text), Language::English) => text.en.to_owned(),
            (None, _) => self.code.replace('_', " "),
        };
        if language == Language::Persian {
            for fault in &mut self.0.faults {
                if let Some(persian) = fault.persian.take() {
                    fault.detail = persian;
                }
            }
        }
        self
    }

    /// The same in a language, as the answer to the request of that name.
    pub(crate) fn told(self, language: Language, request_id: Option<&str>) -> Response {
        let mut problem = self.in_language(language);
        problem.0.request_id = request_id.map(str::to_owned);
        problem.answer(language)
    }

    fn answer(self, language: Language) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&*self.0).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, json);
        headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
        if status == StatusCode::UNAUTHORIZED {
            let how = HeaderValue::from_static("Bearer realm=\"parvaneh\"");
            headers.insert(header::WWW_AUTHENTICATE, how);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl IntoResponse for Problem {
    /// The problem travels as it is to the layer that knows the language of the request.
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::from(&error)
    }
}

impl From<&StoreError> for Problem {
    fn from(error: &StoreError) -> Self {
        let status = match error {
            StoreError::Shared(error) => return Self::from(&**error),
            StoreError::Database(_) | StoreError::ReadOnly | StoreError::Closed => {
                tracing::error!(error.code = error.code(), %error, "the database");
                // Nothing of the database's own words reaches a caller.
                return Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable").again_in(2);
            }
            StoreError::Migration(_)
            | StoreError::Behind { .. }
            | StoreError::NotOfTheProgram
            | StoreError::Unreadable { .. }
            | StoreError::Organisation(_)
            | StoreError::WrongKey
            | StoreError::HashMismatch { .. } => {
                tracing::error!(error.code = error.code(), %error, "a defect");
                return Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal");
            }
            StoreError::NoKey => StatusCode::SERVICE_UNAVAILABLE,
            StoreError::NoSuchDefinition { .. }
            | StoreError::NoSuchCalendar(_)
            | StoreError::NoSuchCase(_)
            | StoreError::NoSuchSitting(_) => return Self::not_found(),
            StoreError::NotSandbox
            | StoreError::ClockRefused(_)
            | StoreError::VersionTaken { .. }
            | StoreError::Retired { .. }
            | StoreError::PastChanges { .. }
            | StoreError::LoginTaken(_)
            | StoreError::IdentityTaken => StatusCode::CONFLICT,
            _ => rules::status_of(error.code()),
        };
        Self::new(status, error.code()).because(error.to_string())
    }
}

impl From<ExecuteError> for Problem {
    fn from(error: ExecuteError) -> Self {
        let status = match &error {
            ExecuteError::Refused(refusal) => {
                let possible =
                    refusal.possible.iter().filter_map(|one| serde_json::to_value(one).ok());
                let mut problem = Self::new(status_of(refusal.code), refusal.code.as_str())
                    .because(refusal.reason.clone())
                    .with_faults(refusal.faults.iter().map(Fault::from).collect());
                problem.0.possible = possible.collect();
                problem.0.state = Some(refusal.state.clone()).filter(|state| !state.is_empty());
                if refusal.code == RefusalCode::CatchingUp {
                    return problem.again_in(1);
                }
                return problem;
            }
            ExecuteError::NoSuchCase(_) => return Self::not_found(),
            ExecuteError::NoLongerIn => return Self::unauthenticated(),
            ExecuteError::Store(error) => return Self::from(&**error),
            ExecuteError::Conflict { .. } => StatusCode::PRECONDITION_FAILED,
            ExecuteError::CaseExists(_) | ExecuteError::KeyReused => StatusCode::CONFLICT,
            ExecuteError::KeyInvalid => StatusCode::BAD_REQUEST,
            ExecuteError::Poisoned(_) => {
                tracing::error!(error.code = error.code(), %error, "a defect");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        Self::new(status, error.code()).because(error.to_string())
    }
}

impl From<&parvaneh_core::form::Fault> for Fault {
    fn from(fault: &parvaneh_core::form::Fault) -> Self {
        let pointer = match (&fault.field, &fault.document) {
            (Some(field), _) => format!("/values/{}", escaped(field)),
            (None, Some(document)) => format!("/documents/{}", escaped(document.as_str())),
            (None, None) => String::new(),
        };
        let code = fault.code.as_str().to_owned();
        let persian = Some(fault.fa.clone());
        Self { pointer, code, detail: fault.en.clone(), line: None, column: None, persian }
    }
}

/// A name as a part of a JSON pointer (RFC 6901, 3).
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// A refusal is about who asks (403), about what was sent (422), about time (503), or else about the
/// state in which the case is (409).
fn status_of(code: RefusalCode) -> StatusCode {
    use RefusalCode as C;
    match code {
        C::NotPermitted
        | C::OutOfJurisdiction
        | C::FourEyes
        | C::NoDelegation
        | C::NotTheHolder
        | C::MemberRecused => StatusCode::FORBIDDEN,
        C::ReasonNeeded
        | C::CitationNeeded
        | C::TextInvalid
        | C::FormInvalid
        | C::DocumentInvalid
        | C::DocumentsLacking
        | C::UnknownDocument
        | C::NothingGiven
        | C::ExtensionTooLong
        | C::ExtensionUnit
        | C::WrongUnit
        | C::ReceivedInFuture
        | C::UnknownAction
        | C::UnknownTask
        | C::UnknownInquiry
        | C::UnknownClock
        | C::UnknownSitting
        | C::AboutNeeded
        | C::AboutUnwanted
        | C::UnknownLicence
        | C::UnknownCase
        | C::WrongLicenceKind
        | C::WrongWorkflow
        | C::AssigneeNotEligible => StatusCode::UNPROCESSABLE_ENTITY,
        C::CatchingUp => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::CONFLICT,
    }
}
