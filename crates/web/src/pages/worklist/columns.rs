//! The columns of a worklist, as somebody has chosen them. His browser keeps the choice.

use axum::http::HeaderMap;

use crate::{
    auth,
    say::{Said, Words},
};

/// The cookie in which the choice is kept.
pub(super) const COOKIE: &str = "parvaneh-columns";

/// A column that can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Applicant,
    Step,
    Unit,
    Arrived,
    Due,
    Statutory,
    Holder,
    Why,
}

impl Column {
    /// In the order of the table.
    pub(super) const ALL: [Self; 8] = [
        Self::Applicant,
        Self::Step,
        Self::Unit,
        Self::Arrived,
        Self::Due,
        Self::Statutory,
        Self::Holder,
        Self::Why,
    ];

    /// What is shown where nobody has chosen.
    const USUAL: [Self; 6] =
        [Self::Applicant, Self::Step, Self::Due, Self::Statutory, Self::Holder, Self::Why];

    /// As it is kept.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Applicant => "applicant",
            Self::Step => "step",
            Self::Unit => "unit",
            Self::Arrived => "arrived",
            Self::Due => "due",
            Self::Statutory => "statutory",
            Self::Holder => "holder",
            Self::Why => "why",
        }
    }

    /// What stands above it.
    pub(super) fn title(self, words: Words) -> Said {
        match self {
            Self::Applicant => words.t("column-applicant"),
            Self::Step => words.t("column-step"),
            Self::Unit => words.t("column-unit"),
            Self::Arrived => words.t("column-arrived"),
            Self::Due => words.t("column-due"),
            Self::Statutory => words.t("column-statutory"),
            Self::Holder => words.t("column-holder"),
            Self::Why => words.t("column-why"),
        }
    }
}

/// The columns that are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns(Vec<Column>);

impl Columns {
    /// What a browser has kept; the usual ones else.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        match auth::cookie_named(COOKIE, headers) {
            Some(kept) => Self::named(kept.split('.')),
            None => Self(Column::USUAL.to_vec()),
        }
    }

    /// Those of these names.
    pub(super) fn named<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let names: Vec<&str> = names.collect();
        let chosen = Column::ALL.into_iter().filter(|column| names.contains(&column.name()));
        Self(chosen.collect())
    }

    /// As it is kept.
    pub(super) fn kept(&self) -> String {
        self.0.iter().map(|column| column.name()).collect::<Vec<_>>().join(".")
    }

    /// Whether a column is shown.
    pub(super) fn has(&self, column: Column) -> bool {
        self.0.contains(&column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_kept_in_the_order_of_the_table() {
        let chosen = Columns::named(["why", "nothing", "due"].into_iter());
        assert_eq!(chosen.kept(), "due.why");
        assert!(chosen.has(Column::Due) && !chosen.has(Column::Step));
        assert_eq!(Columns::named(chosen.kept().split('.')), chosen);
        assert_eq!(
            Columns::of(&HeaderMap::new()).kept(),
            "applicant.step.due.statutory.holder.why"
        );
    }
}
