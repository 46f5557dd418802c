//! What the rules outside of cases say no to: sittings, closures, delegations, absences.

use axum::http::StatusCode;
use parvaneh_store::ClosureError;

use super::Problem;

/// A refusal is about who asks (403), about how things stand (409), or about what was sent (422).
pub(super) fn status_of(code: &str) -> StatusCode {
    match code {
        "not_permitted" | "out_of_jurisdiction" | "delegation_to_the_giver" => {
            StatusCode::FORBIDDEN
        }
        "sitting_exists" | "sitting_over" | "sitting_ahead" | "closed_before" | "not_closed"
        | "delegation_circle" | "already_over" | "already_absent" => StatusCode::CONFLICT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl From<ClosureError> for Problem {
    fn from(error: ClosureError) -> Self {
        let code = match &error {
            ClosureError::Store(error) => return Self::from(error),
            ClosureError::UnknownUnit(_) => return Self::not_found(),
            ClosureError::OutOfReach { .. } => "date_out_of_reach",
            _ => error.code(),
        };
        Self::new(status_of(code), code).because(error.to_string())
    }
}
