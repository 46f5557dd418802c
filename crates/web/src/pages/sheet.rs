//! Forms that are put together from inputs, each with its label, its hint and what is wrong with it; and
//! what is asked once more before it is done.

use askama::{Template, filters::HtmlSafe};

use super::problem::in_short;
use crate::{
    problem::{Fault, Problem},
    say::Words,
};

/// A choice of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pick {
    pub(super) value: String,
    pub(super) name: String,
    pub(super) chosen: bool,
}

impl Pick {
    pub(super) fn new(value: impl Into<String>, name: impl Into<String>) -> Self {
        Self { value: value.into(), name: name.into(), chosen: false }
    }

    pub(super) fn chosen(self, chosen: bool) -> Self {
        Self { chosen, ..self }
    }
}

/// What an input looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A line in the direction of what is typed.
    Line,
    /// A line from left to right: codes, logins, addresses, times.
    Code,
    /// A whole number.
    Number,
    /// A day of either calendar.
    Day,
    /// A password: the one that holds, or a new one.
    Password {
        /// Whether it is a new one.
        new: bool,
    },
    /// A code of six digits, or a recovery code.
    OneTimeCode,
    /// Several lines.
    Area,
    /// One of many.
    Select(Vec<Pick>),
    /// Any of a few.
    Checks(Vec<Pick>),
    /// None: it is sent as it is.
    Hidden,
}

/// An input with what surrounds it.
#[derive(Clone, Debug, Template)]
#[template(path = "parts/field.html")]
pub(super) struct Field {
    id: String,
    name: &'static str,
    label: String,
    hint: Option<String>,
    kind: Kind,
    value: String,
    required: bool,
    /// How long it may be at most.
    most: u32,
    fault: Option<String>,
}

impl HtmlSafe for Field {}

impl Field {
    pub(super) fn new(name: &'static str, label: impl Into<String>, kind: Kind) -> Self {
        let most = match kind {
            Kind::Password { .. } | Kind::Area => 500,
            Kind::Day | Kind::Number => 40,
            _ => 200,
        };
        Self {
            id: name.replace('.', "-"),
            name,
            label: label.into(),
            hint: None,
            kind,
            value: String::new(),
            required: false,
            most,
            fault: None,
        }
    }

    pub(super) fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub(super) fn hinted(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(super) fn holding(self, value: impl Into<String>) -> Self {
        Self { value: value.into(), ..self }
    }

    pub(super) fn at_most(self, most: u32) -> Self {
        Self { most, ..self }
    }

    /// The attributes that join it with its hint and its fault. Identifiers need no escaping.
    fn described(&self) -> String {
        let by = [(self.hint.is_some(), "hint"), (self.fault.is_some(), "fault")];
        let by = by.iter().filter(|(is, _)| *is).map(|(_, part)| format!("{}-{part}", self.id));
        let by: Vec<String> = by.collect();
        let mut told = String::new();
        if !by.is_empty() {
            told = format!(" aria-describedby=\"{}\"", by.join(" "));
        }
        // A group of choices has neither.
        let group = matches!(self.kind, Kind::Checks(_));
        if self.required && !group {
            told.push_str(" required");
        }
        if self.fault.is_some() && !group {
            told.push_str(" aria-invalid=\"true\"");
        }
        told
    }
}

/// A form.
#[derive(Debug, Template)]
#[template(path = "parts/sheet.html")]
pub(super) struct Sheet {
    action: String,
    fields: Vec<Field>,
    button: String,
    told: Option<String>,
}

impl HtmlSafe for Sheet {}

impl Sheet {
    pub(super) fn new(action: impl Into<String>, button: impl Into<String>) -> Self {
        let (action, button) = (action.into(), button.into());
        Self { action, button, fields: Vec::new(), told: None }
    }

    pub(super) fn with(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }

    /// The same where another form of the page has inputs of these names.
    pub(super) fn named(mut self, name: &str) -> Self {
        for field in &mut self.fields {
            field.id = format!("{name}-{}", field.id);
        }
        self
    }

    /// With what is wrong with one of its inputs.
    pub(super) fn faulted(mut self, name: &str, why: impl Into<String>) -> Self {
        match self.fields.iter_mut().find(|field| field.name == name) {
            Some(field) => field.fault = Some(why.into()),
            None => self.told = Some(why.into()),
        }
        self
    }

    /// Whether something is wrong with what was typed.
    pub(super) fn is_faulted(&self) -> bool {
        self.told.is_some() || self.fields.iter().any(|field| field.fault.is_some())
    }

    /// With what a problem says: each fault beside its input, the rest above the form.
    pub(super) fn refused(mut self, problem: Problem, words: Words) -> Self {
        let mut beside = false;
        for fault in &problem.faults {
            let name = fault.pointer.trim_start_matches('/').replace('/', ".");
            let mut parts = name.split('.');
            let whole = parts.next().unwrap_or_default().to_owned();
            let found = self.fields.iter_mut().find(|one| one.name == name || one.name == whole);
            if let Some(field) = found {
                field.fault = Some(why(fault, words));
                beside = true;
            }
        }
        if !beside {
            self.told = Some(in_short(problem, words));
        }
        self
    }
}

/// What a fault of an input means, to who has typed it.
fn why(fault: &Fault, words: Words) -> String {
    match fault.code.as_str() {
        "required" | "minLength" | "minItems" | "type" => words.t("fault-missing"),
        "maxLength" => words.t("fault-long"),
        "minimum" | "maximum" => words.t("fault-range"),
        "unknown_person" => words.t("fault-person"),
        "unknown_role" => words.t("fault-role"),
        "password_weak" => words.t("set-password-weak"),
        "choice_not_allowed" => words.t("fault-choice"),
        _ => words.t("fault-form"),
    }
    .into()
}

/// Something that is hard to take back: pressed, it is asked once more. Works without JavaScript.
#[derive(Debug, Template)]
#[template(path = "parts/confirm.html")]
pub(super) struct Confirm {
    /// What is pressed first.
    ask: String,
    /// What it is about, for who hears it and does not see beside what it stands.
    about: Option<String>,
    /// What it will cause.
    will: String,
    action: String,
    hidden: Vec<(&'static str, String)>,
    /// What is pressed then.
    button: String,
}

impl HtmlSafe for Confirm {}

impl Confirm {
    pub(super) fn new(
        action: impl Into<String>,
        ask: impl Into<String>,
        will: impl Into<String>,
        button: impl Into<String>,
    ) -> Self {
        let (action, ask, will, button) = (action.into(), ask.into(), will.into(), button.into());
        Self { ask, about: None, will, action, hidden: Vec::new(), button }
    }

    pub(super) fn about(self, about: impl Into<String>) -> Self {
        Self { about: Some(about.into()), ..self }
    }

    /// With what is sent along.
    pub(super) fn hiding(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.hidden.push((name, value.into()));
        self
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;
    use crate::language::Language;

    const FA: Words = Words(Language::Persian);

    fn sheet() -> Sheet {
        let reason = Field::new("reason", "R", Kind::Area).required().hinted("H");
        Sheet::new("/there", "B").with(reason).with(Field::new("title.fa", "T", Kind::Line))
    }

    #[test]
    fn a_fault_stands_beside_its_input_and_joined_with_it() {
        let faults = vec![Fault::new("/title/fa", "maxLength", "x")];
        let html = sheet().refused(Problem::faulty(faults), FA).to_string();
        assert!(
            html.contains("aria-describedby=\"title-fa-fault\" aria-invalid=\"true\""),
            "{html}"
        );
        assert!(html.contains("aria-describedby=\"reason-hint\" required"), "{html}");
        assert!(!html.contains("role=\"alert\""), "{html}");
    }

    #[test]
    fn what_belongs_to_no_input_stands_above() {
        let taken = Problem::new(StatusCode::CONFLICT, "login_taken");
        let html = sheet().refused(taken, FA).to_string();
        assert!(html.contains("role=\"alert\""), "{html}");
        assert!(!html.contains("aria-invalid"), "{html}");
    }

    #[test]
    fn what_somebody_typed_is_text() {
        let field = Field::new("name", "<b>", Kind::Line).holding("\"><script>");
        let html = field.to_string();
        assert!(!html.contains("<script>") && !html.contains("<b>"), "{html}");
    }
}
