//! `parvaneh licence list`.

use chrono::NaiveDate;
use clap::{Args, ValueEnum};
use parvaneh_core::{LicenceNumber, UnitId, jalali};
use parvaneh_store::{LicencesQuery, Standing, Store};

use super::{document, parse_licence, standing, today};
use crate::{
    failure::Failure,
    names::Names,
    output::{Align, Output, Table, date},
    who::person,
};

/// List licences, what expires first first
#[derive(Debug, Args)]
pub(crate) struct List {
    /// How it stands with them today
    #[arg(long, value_enum, default_value_t = State::InForce)]
    state: State,
    /// Only those of this unit or one below it
    #[arg(long)]
    unit: Option<String>,
    /// Only those of this holder
    #[arg(long, value_name = "PERSON")]
    holder: Option<String>,
    /// Only those of this kind
    #[arg(long)]
    kind: Option<String>,
    /// Only those whose last day is this one or a later one
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    expires_from: Option<NaiveDate>,
    /// Only those whose last day is this one or an earlier one
    #[arg(long, value_name = "DATE", value_parser = parse_day)]
    expires_until: Option<NaiveDate>,
    /// Only those after this one, the last of the page before
    #[arg(long, value_name = "LICENCE", value_parser = parse_licence)]
    after: Option<LicenceNumber>,
    /// How many
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
    limit: u32,
}

/// Which licences, by how it stands with them.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum State {
    /// They count: valid, or staying in force until a case about them is decided
    InForce,
    /// Their validity has ended
    Expired,
    /// They are suspended
    Suspended,
    /// They were revoked
    Revoked,
    /// Whatever it is
    All,
}

fn parse_day(text: &str) -> Result<NaiveDate, String> {
    jalali::parse_date(text).map_err(|error| error.to_string())
}

impl List {
    pub(super) async fn run(self, store: &Store, out: &Output) -> Result<(), Failure> {
        let (_, today) = today(store).await?;
        let holder = match &self.holder {
            Some(text) => Some(person(store, text).await?.id),
            None => None,
        };
        let after = match self.after {
            None => None,
            Some(number) => match store.licence(&number, today).await? {
                Some(file) => Some((file.row.licence.valid_until, number)),
                None => {
                    let message = format!("no licence has the number {number}");
                    return Err(Failure::no("unknown_licence", message)
                        .help("--after takes the last number of the page before"));
                }
            },
        };
        let query = LicencesQuery {
            standing: match self.state {
                State::InForce => Some(Standing::InForce),
                State::Expired => Some(Standing::Expired),
                State::Suspended => Some(Standing::Suspended),
                State::Revoked => Some(Standing::Revoked),
                State::All => None,
            },
            holder,
            within: self.unit.map(UnitId::from),
            kind: self.kind,
            expires_from: self.expires_from,
            expires_until: self.expires_until,
            after,
            limit: self.limit,
            reach: None,
        };
        let rows = store.licences(&query, today).await?;
        if out.json {
            return out.document(&rows.iter().map(document).collect::<Vec<_>>());
        }
        let names = Names::open(store, out).await?;
        let columns = [
            ("licence", Align::Left),
            ("kind", Align::Left),
            ("valid until", Align::Left),
            ("state", Align::Left),
            ("holder", Align::Left),
            ("unit", Align::Left),
            ("subject", Align::Left),
        ];
        let mut table = Table::new(out, &columns);
        for row in &rows {
            table.row([
                row.licence.number.to_string(),
                row.licence.kind.clone(),
                date(row.licence.valid_until, out.dates),
                standing(row, out.lang).to_owned(),
                names.person(row.licence.holder).await?,
                names.unit(&row.licence.unit),
                row.subject.clone(),
            ]);
        }
        out.line(table.render("no licences"))
    }
}
