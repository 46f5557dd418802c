//! What the description of an operation need not say, because it follows from its shape: who comes in
//! by a session, what has a body, what is done to a case on terms.
//!
//! A handler's own `responses(...)` name what success is and the codes that only it has.

use utoipa::openapi::{
    Content, OpenApi, PathItem, Ref, RefOr, Response,
    path::{Operation, Parameter, ParameterIn},
};

/// Names every operation, and adds to each the problems that its shape brings with it.
pub(super) fn complete(document: &mut OpenApi) {
    for item in document.paths.paths.values_mut() {
        let PathItem { get, put, post, delete, .. } = item;
        let changing = [put, post, delete].into_iter().flatten().map(|operation| (operation, true));
        for (operation, changes) in get.iter_mut().map(|get| (get, false)).chain(changing) {
            // The handlers of two resources may bear one name.
            let tag = operation.tags.iter().flatten().next().cloned().unwrap_or_default();
            let name = operation.operation_id.take().unwrap_or_default();
            operation.operation_id = Some(format!("{tag}.{name}"));
            for (status, codes) in problems(operation, changes) {
                add(operation, status, codes);
            }
            tell_as_problems(operation);
        }
    }
}

/// The codes by their status, that follow from the shape of an operation.
fn problems(operation: &Operation, changes: bool) -> Vec<(&'static str, &'static [&'static str])> {
    let parameters = operation.parameters.as_deref().unwrap_or_default();
    let inline = |one: &RefOr<Parameter>| match one {
        RefOr::T(parameter) => Some(parameter.clone()),
        RefOr::Ref(_) => None,
    };
    let parameters: Vec<Parameter> = parameters.iter().filter_map(inline).collect();
    let has = |name: &str| parameters.iter().any(|parameter| parameter.name == name);
    let in_path = parameters.iter().any(|one| one.parameter_in == ParameterIn::Path);
    let has_body = operation.request_body.is_some();
    // None of its own is the document's: somebody has come in.
    let is_open = operation.security.is_some() && !is_secured(operation);
    let with = |applies: bool, status, codes: &'static [_]| applies.then_some((status, codes));
    [
        with(!parameters.is_empty(), "400", &["parameter_invalid"]),
        with(has("Idempotency-Key"), "400", &["idempotency_key_invalid"]),
        with(has("If-Match"), "400", &["precondition_invalid"]),
        with(has_body, "400", &["body_unreadable"]),
        with(!is_open, "401", &["unauthenticated"]),
        with(has("If-Match"), "403", &["not_permitted", "out_of_jurisdiction", "four_eyes"]),
        with(has("On-Behalf-Of"), "403", &["no_delegation"]),
        with(changes, "403", &["cross_site"]),
        with(changes && !is_open, "403", &["scope_missing"]),
        with(in_path, "404", &["not_found"]),
        with(has("If-Match"), "409", &["case_ended"]),
        with(has("Idempotency-Key"), "409", &["idempotency_key_reused"]),
        with(has("If-Match"), "412", &["conflict"]),
        with(has_body, "413", &["body_too_long"]),
        with(has_body, "415", &["media_type"]),
        with(has_body, "422", &["body_invalid"]),
        with(true, "429", &["too_many_requests"]),
        with(true, "503", &["timeout", "unavailable"]),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn is_secured(operation: &Operation) -> bool {
    // `security(())` is told as one empty requirement.
    let told = serde_json::to_value(&operation.security).unwrap_or_default();
    told.as_array().is_some_and(|all| all.iter().any(|one| one != &serde_json::json!({})))
}

/// Adds codes to the response of that status, which may name some already.
fn add(operation: &mut Operation, status: &str, codes: &[&str]) {
    let told = operation.responses.responses.entry(status.to_owned());
    let RefOr::T(response) = told.or_insert_with(|| RefOr::T(Response::new(""))) else { return };
    for code in codes.iter().map(|code| format!("`{code}`")) {
        if response.description.contains(&code) {
            continue;
        }
        // Before whatever is said of the codes.
        let (named, said) = match response.description.split_once(": ") {
            Some((named, said)) => (named, format!(": {said}")),
            None => (response.description.as_str(), String::new()),
        };
        let named = if named.is_empty() { code } else { format!("{code}, {named}") };
        response.description = named + &said;
    }
}

/// Every failure is a problem, in its own media type.
fn tell_as_problems(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        if let (true, RefOr::T(response)) = (status.as_str() >= "400", response) {
            let problem = Content::new(Some(Ref::from_schema_name("Problem")));
            response.content = [("application/problem+json".to_owned(), RefOr::T(problem))].into();
        }
    }
}
