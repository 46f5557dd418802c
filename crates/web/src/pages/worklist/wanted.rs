//! Which tasks somebody wants to see, as the address of the page says it.

use parvaneh_core::{Instant, PersonId, StepId, UnitId, WorkflowId};
use parvaneh_store::{Hands, Sort, WorklistColumn, WorklistQuery};
use serde::{Deserialize, Serialize};

use crate::{
    api::plain,
    problem::Problem,
    say::{Said, Words},
};

/// How many tasks a page has: with all that it loads it stays under 200 KB.
pub(super) const PAGE: u32 = 30;

/// The tabs: which part of the worklist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Tab {
    /// Everything.
    #[default]
    All,
    /// In nobody's hands.
    New,
    /// In the reader's own.
    Mine,
    /// Whose deadline is near.
    Near,
    /// Whose deadline has passed.
    Late,
}

impl Tab {
    /// As the address has it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::New => "new",
            Self::Mine => "mine",
            Self::Near => "near",
            Self::Late => "late",
        }
    }
}

/// The order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    /// So that as few cases as possible end late.
    #[default]
    LateMinimising,
    /// The earliest deadline first.
    Deadline,
    /// What has waited longest first.
    Arrival,
    /// By what the case is about.
    Subject,
    /// By who applies.
    Applicant,
    /// By the step.
    Step,
    /// By the unit.
    Unit,
    /// By the deadline of the law.
    Statutory,
    /// By who has it.
    Holder,
}

impl Order {
    /// All that can be chosen, and their names; the first is none where work is given out.
    pub(super) const ALL: [(Self, &'static str); 9] = [
        (Self::LateMinimising, "late_minimising"),
        (Self::Deadline, "deadline"),
        (Self::Arrival, "arrival"),
        (Self::Statutory, "statutory"),
        (Self::Subject, "subject"),
        (Self::Applicant, "applicant"),
        (Self::Step, "step"),
        (Self::Unit, "unit"),
        (Self::Holder, "holder"),
    ];

    /// What it is called where it is chosen.
    pub(super) fn title(self, words: Words) -> Said {
        match self {
            Self::LateMinimising => words.t("order-late-minimising"),
            Self::Deadline => words.t("order-deadline"),
            Self::Arrival => words.t("order-arrival"),
            Self::Subject => words.t("column-case"),
            Self::Applicant => words.t("column-applicant"),
            Self::Step => words.t("column-step"),
            Self::Unit => words.t("column-unit"),
            Self::Statutory => words.t("column-statutory"),
            Self::Holder => words.t("column-holder"),
        }
    }

    /// As the store knows it: by an index where there is one, else by a column.
    fn sort(self, descending: bool) -> Sort {
        let column = match self {
            Self::LateMinimising => return Sort::LateMinimising,
            Self::Deadline if !descending => return Sort::Deadline,
            Self::Arrival if !descending => return Sort::Arrival,
            Self::Deadline => WorklistColumn::Due,
            Self::Arrival => WorklistColumn::Arrived,
            Self::Subject => WorklistColumn::Subject,
            Self::Applicant => WorklistColumn::Applicant,
            Self::Step => WorklistColumn::Step,
            Self::Unit => WorklistColumn::Unit,
            Self::Statutory => WorklistColumn::Statutory,
            Self::Holder => WorklistColumn::Holder,
        };
        Sort::Column { column, descending }
    }
}

/// Whose work it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Of {
    /// What the reader may do himself.
    #[default]
    Own,
    /// What he may give out to others.
    Group,
}

/// What the address says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Wanted {
    #[serde(skip_serializing_if = "is_usual")]
    pub(super) of: Of,
    #[serde(skip_serializing_if = "is_usual")]
    pub(super) tab: Tab,
    #[serde(skip_serializing_if = "is_usual")]
    pub(super) order: Order,
    /// Whether the last of that order comes first.
    #[serde(skip_serializing_if = "is_usual")]
    pub(super) down: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) step: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) workflow: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) unit: String,
    /// Behind the end of which page.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) after: String,
    /// What has just been done, and with which task: `claimed.CASE.TASK`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) done: String,
}

fn is_usual<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Wanted {
    /// What the store is asked.
    ///
    /// # Errors
    /// `parameter_invalid`.
    pub(super) fn query(&self, person: PersonId, near: Instant) -> Result<WorklistQuery, Problem> {
        let given = |text: &String| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let (workflow, step) = (given(&self.workflow), given(&self.step));
        let (unit, text) = (given(&self.unit), given(&self.text));
        plain(&[&workflow, &step, &unit, &text])?;
        if text.as_ref().is_some_and(|text| text.chars().count() > 200) {
            return Err(Problem::parameter("text", "has at most 200 characters"));
        }
        let after = given(&self.after).map(|text| text.parse()).transpose();
        Ok(WorklistQuery {
            hands: match self.tab {
                Tab::Mine if self.is_group() => Hands::Somebody,
                Tab::Mine => Hands::Mine,
                Tab::New => Hands::Nobody,
                _ => Hands::Anyone,
            },
            overdue: self.tab == Tab::Late,
            due_by: Some(near).filter(|_| self.tab == Tab::Near),
            sort: match self.order {
                // One officer's list is one queue; those of a group are many.
                Order::LateMinimising if self.is_group() => Sort::Deadline,
                order => order.sort(self.down),
            },
            workflow: workflow.map(WorkflowId::from),
            step: step.map(StepId::from),
            within: unit.map(UnitId::from),
            text,
            after: after.map_err(|_| Problem::parameter("after", "is no end of a page"))?,
            limit: PAGE,
            ..WorklistQuery::of(person)
        })
    }

    /// Whether it is the work of others.
    pub(super) fn is_group(&self) -> bool {
        self.of == Of::Group
    }

    /// The address of the page that shows this.
    pub(super) fn address(&self) -> String {
        match self.written() {
            query if query.is_empty() => "/worklist".to_owned(),
            query => format!("/worklist?{query}"),
        }
    }

    /// What stands after the question mark.
    pub(super) fn written(&self) -> String {
        serde_html_form::to_string(self).unwrap_or_default()
    }

    /// The same from its first page, and with nothing to report.
    pub(super) fn anew(&self) -> Self {
        Self { after: String::new(), done: String::new(), ..self.clone() }
    }

    /// Whether something beside the tab is chosen.
    pub(super) fn is_filtered(&self) -> bool {
        let filters = [&self.text, &self.step, &self.workflow, &self.unit];
        filters.iter().any(|text| !text.trim().is_empty())
    }

    /// What was written by [`Self::written`]; nothing where it was not.
    pub(super) fn read(query: &str) -> Self {
        serde_html_form::from_str(query).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_says_what_is_chosen_and_nothing_else() {
        assert_eq!(Wanted::default().address(), "/worklist");
        let wanted = Wanted {
            tab: Tab::Late,
            order: Order::Arrival,
            text: "یاری & همراهی".to_owned(),
            ..Wanted::default()
        };
        let address = wanted.address();
        assert!(address.starts_with("/worklist?tab=late&order=arrival&text=%DB%8C"), "{address}");
        assert!(crate::auth::is_local(&address), "one can be led back there");
        assert_eq!(Wanted::read(&wanted.written()), wanted);
        // An empty field of a form chooses nothing.
        assert_eq!(Wanted::read("tab=all&text=&step=&lang=en"), Wanted::default());
    }
}
