//! `parvaneh report ranking`: the cases of a workflow that have ended, in the order of a number.

use clap::Args;
use parvaneh_core::{
    Definition, FieldId, JalaliPeriod, UnitId, WorkflowId,
    document::did_you_mean,
    form::{Field, FieldKind, Value, read_text},
};
use parvaneh_store::{Ranking as Ranked, RankingQuery, Store};
use serde_json::json;

use super::sla::span;
use crate::{
    config::Options,
    failure::Failure,
    lifecycle::{OnSignal, with_database},
    names::Names,
    output::{Align, Output, Table, day},
};

/// Rank the cases that have ended by a number that was filled in or computed
///
/// Equal scores share a place, and the next place is as far behind as there are cases before it: 1, 2, 2,
/// 4. With --unit the places are those among its cases. The grade is the end that a case reached.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  parvaneh report ranking --workflow evaluation --field score --period 1403
  parvaneh report ranking --workflow evaluation --field score --where evaluation_year=1402 --unit 23
  parvaneh report ranking --workflow evaluation --field score --skip 100 --limit 100 --json")]
pub(crate) struct Ranking {
    /// The workflow
    #[arg(long)]
    workflow: String,
    /// The field: a number, or an amount of money
    #[arg(long)]
    field: String,
    /// Only cases that ended in a Jalali year or month: 1403, 1403/07
    #[arg(long, value_name = "PERIOD")]
    period: Option<JalaliPeriod>,
    /// Only cases received by this unit or one below it
    #[arg(long)]
    unit: Option<String>,
    /// Only cases in which a field has this value
    #[arg(long = "where", value_name = "FIELD=VALUE")]
    only: Option<String>,
    /// How many are left out at the beginning
    #[arg(long, default_value_t = 0)]
    skip: u32,
    /// How many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
}

impl Ranking {
    pub(crate) fn run(self, options: &Options, out: &Output) -> Result<(), Failure> {
        with_database(options, OnSignal::Leave, async |database, _| {
            self.report(&database.store, out).await
        })
    }

    async fn report(&self, store: &Store, out: &Output) -> Result<(), Failure> {
        let workflow = WorkflowId::from(self.workflow.as_str());
        let definition = store.definition(&workflow, None).await?;
        let field = field(&definition, &self.field)?;
        if !matches!(field.kind, FieldKind::Number { .. } | FieldKind::Money { .. }) {
            let message = format!("'{}' is no number: nothing is ranked by it", self.field);
            let names = definition.fields().filter(|(_, field)| {
                matches!(field.kind, FieldKind::Number { .. } | FieldKind::Money { .. })
            });
            let names: Vec<_> = names.map(|(name, _)| name.as_str()).collect();
            return Err(Failure::no("not-a-number", message)
                .help(format!("numbers of {workflow} are: {}", names.join(", "))));
        }
        let within = self.unit.as_deref().map(UnitId::from);
        let organisation = store.organisation().await?;
        if let Some(unit) = within.as_ref().filter(|unit| organisation.get(unit).is_none()) {
            return Err(Failure::no("unknown-unit", format!("there is no unit '{unit}'"))
                .help("`parvaneh organisation list` tells the units"));
        }
        let calendars = store.calendars(&definition.calendar).await?;
        let calendar = calendars.national();
        let query = RankingQuery {
            workflow,
            field: FieldId::from(self.field.as_str()),
            period: self.period.map(|period| span(period, calendar)),
            within,
            only: self.only(&definition)?,
            skip: self.skip,
            limit: self.limit,
        };
        let ranking = store.ranking(&query).await?;
        if out.json {
            return out.document(&json!({
                "workflow": query.workflow,
                "field": query.field,
                "period": query.period.as_ref().map(|period| [period.start, period.end]),
                "unit": query.within,
                "ranked": ranking.ranked,
                "unscored": ranking.unscored,
                "bands": ranking.bands,
                "skip": self.skip,
                "rows": ranking.rows,
            }));
        }
        let names = Names::open(store, out).await?;
        out.line(self.text(&ranking, field, &names, calendar.zone(), out).await?)
    }

    async fn text(
        &self,
        ranking: &Ranked,
        field: &Field,
        names: &Names,
        zone: chrono_tz::Tz,
        out: &Output,
    ) -> Result<String, Failure> {
        let workflow = WorkflowId::from(self.workflow.as_str());
        let shown = |score: &str| match score.parse() {
            Ok(number) => names.text(&Value::Number(number).shown(Some(field))),
            Err(_) => score.to_owned(),
        };
        let title = names.text(&field.title);
        let columns = [
            ("place", Align::Right),
            (title.as_str(), Align::Right),
            ("subject", Align::Left),
            ("unit", Align::Left),
            ("grade", Align::Left),
            ("ended", Align::Left),
            ("case", Align::Left),
        ];
        let mut table = Table::new(out, &columns);
        for row in &ranking.rows {
            let definition = names.definition(&workflow, row.version).await?;
            let shared = if row.sharing > 1 { "=" } else { "" };
            table.row([
                format!("{}{shared}", row.place),
                shown(&row.score),
                row.subject.clone(),
                names.unit(&row.unit),
                names.step(&definition, &row.end),
                day(row.ended_at, zone, out.dates),
                row.case.to_string(),
            ]);
        }
        let mut text = table.render("no case has a place here");
        let last = u64::from(self.skip) + ranking.rows.len() as u64;
        if !ranking.rows.is_empty() {
            let from = u64::from(self.skip) + 1;
            text.push_str(&format!("\n{from} to {last} of {} with a score", ranking.ranked));
            if last < ranking.ranked {
                text.push_str(&format!("; the next: --skip {last}"));
            }
        } else if ranking.ranked > 0 {
            text.push_str(&format!("; {} with a score stand before", ranking.ranked));
        }
        if ranking.unscored > 0 {
            text.push_str(&format!("\n{} ended without a score", ranking.unscored));
        }
        if ranking.bands.len() > 1 {
            let columns = [
                ("grade", Align::Left),
                ("cases", Align::Right),
                ("lowest", Align::Right),
                ("highest", Align::Right),
            ];
            let mut bands = Table::new(out, &columns);
            for band in &ranking.bands {
                let definition = names.definition(&workflow, band.version).await?;
                bands.row([
                    names.step(&definition, &band.end),
                    band.cases.to_string(),
                    shown(&band.lowest),
                    shown(&band.highest),
                ]);
            }
            text.push_str(&format!("\n\n{}", bands.render("")));
        }
        Ok(text)
    }

    /// `evaluation_year=1402`, read as the form reads it.
    fn only(&self, definition: &Definition) -> Result<Option<(FieldId, Value)>, Failure> {
        let Some(text) = &self.only else { return Ok(None) };
        let Some((name, value)) = text.split_once('=') else {
            return Err(Failure::no("not-a-value", format!("--where: '{text}' is no FIELD=VALUE"))
                .help("write --where evaluation_year=1402"));
        };
        let field = field(definition, name.trim())?;
        // No bound of a date is asked here: what is looked for was filled in on some day.
        let kind = match &field.kind {
            FieldKind::Date { .. } => FieldKind::Date { min: None, max: None },
            other => other.clone(),
        };
        match read_text(&kind, value.trim(), chrono::NaiveDate::MAX) {
            Ok(value) => Ok(Some((FieldId::from(name.trim()), value))),
            Err((code, wrong)) => {
                let message = format!("--where: {name}: {} ({code})", wrong.en);
                Err(Failure::no("not-a-value", message))
            }
        }
    }
}

fn field<'d>(definition: &'d Definition, name: &str) -> Result<&'d Field, Failure> {
    definition.field(name).ok_or_else(|| {
        let known = || definition.fields().map(|(name, _)| name.as_str());
        let hint = match did_you_mean(name, known()) {
            Some(meant) => format!(": did you mean '{meant}'?"),
            None => String::new(),
        };
        let message =
            format!("{}@{} has no field '{name}'{hint}", definition.id, definition.version);
        let names: Vec<_> = known().collect();
        Failure::no("unknown-field", message).help(format!("its fields are: {}", names.join(", ")))
    })
}
