//! The tables of the dashboard as files: the figures that the page shows, of the same unit, workflow and period.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use parvaneh_export::{Cell, Table};
use serde::Deserialize;

use super::{Figures, Wanted, overview, work};
use crate::{App, body::Query, pages::visit::Visit, problem::Problem, say::Words};

/// As many rows as a file of tasks has of each table, which is all of them but for who has least in hand.
const EVERY_ROW: usize = 5_000;

/// Which table, and as what.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Asked {
    table: Name,
    format: Format,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    workflow: String,
    #[serde(default)]
    year: String,
    #[serde(default)]
    month: String,
}

/// The tables, as addresses name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Name {
    Months,
    Places,
    Workflows,
    Left,
    Ages,
    Lost,
    Load,
    Steps,
    Owners,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Csv,
    Xlsx,
}

/// The links to a table's files.
pub(super) struct Files {
    pub(super) csv: String,
    pub(super) xlsx: String,
}

impl Wanted {
    /// The files of a table of the same figures.
    pub(super) fn files(&self, table: &str) -> Files {
        let at = |format: &str| {
            let own = format!("/dashboard/table?table={table}&format={format}");
            match self.at("").strip_prefix('?') {
                Some(query) => format!("{own}&{query}"),
                None => own,
            }
        };
        Files { csv: at("csv"), xlsx: at("xlsx") }
    }
}

pub(super) async fn file(
    State(app): State<App>,
    visit: Visit,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let words = visit.look.words;
    let Asked { table: name, format, unit, workflow, year, month } = asked;
    let wanted = Wanted { unit, workflow, year, month };
    let (title, head, rows) = match name {
        Name::Lost | Name::Load | Name::Steps | Name::Owners => {
            work::read(&app, &visit, wanted, EVERY_ROW).await?.table(name, words)
        }
        _ => overview::read(&app, &visit, wanted).await?.table(name, words),
    };
    let table = Table { title, head, rows, from_the_right: words.is_persian() };
    let (ending, kind, bytes) = match format {
        Format::Csv => ("csv", parvaneh_export::Format::Csv.media_type(), table.csv()),
        Format::Xlsx => {
            let book = table.xlsx().map_err(|error| {
                tracing::error!(%error, "a table of the dashboard");
                Problem::new(axum::http::StatusCode::INTERNAL_SERVER_ERROR, "internal")
            })?;
            ("xlsx", parvaneh_export::Format::Xlsx.media_type(), book)
        }
    };
    let told = format!("attachment; filename=\"parvaneh-{}.{ending}\"", name.in_file_names());
    let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, told)];
    Ok((headers, bytes).into_response())
}

impl Name {
    fn in_file_names(self) -> &'static str {
        match self {
            Self::Months => "months",
            Self::Places => "places",
            Self::Workflows => "workflows",
            Self::Left => "left",
            Self::Ages => "ages",
            Self::Lost => "lost",
            Self::Load => "load",
            Self::Steps => "steps",
            Self::Owners => "owners",
        }
    }
}

/// A table: what it is called, its columns, its rows.
pub(super) type Told = (String, Vec<String>, Vec<Vec<Cell>>);

/// The rate in percent, how many were counted, and how many were not on time.
pub(super) fn rated(figures: &Figures) -> [Cell; 3] {
    let rate = figures.tenths.map_or(Cell::Empty, |tenths| Cell::Number(tenths as f64 / 10.0));
    [rate, figures.counted.value.into(), figures.not_on_time.value.into()]
}

/// The columns of [`rated`].
pub(super) fn rated_head(words: Words) -> [String; 3] {
    [
        format!("{} (%)", words.t("dashboard-rate")),
        words.t("dashboard-counted").to_string(),
        words.t("dashboard-not-on-time").to_string(),
    ]
}

/// To one place behind the point, as it is shown.
pub(super) fn tenth(number: f64) -> Cell {
    Cell::Number((number * 10.0).round() / 10.0)
}
