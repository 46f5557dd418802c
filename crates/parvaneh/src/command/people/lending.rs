//! `parvaneh people delegate`, `revoke-delegation` and `delegations`.

use clap::Args;
use parvaneh_core::{DelegationId, Grant, WorkflowId};
use parvaneh_store::{DelegationFilter, DelegationRow, NewDelegation, Store};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{from, until, zone};
use crate::{
    failure::Failure,
    names::Names,
    output::{Align, Output, Table, minute},
    who::{check_grants, parse_grant, person},
};

/// Lend a role to somebody for a time
///
/// The lender keeps it, too. It ends by itself; whoever acts by it is recorded with the one for whom
/// he acts, and four eyes count both.
#[derive(Debug, Args)]
pub(crate) struct Delegate {
    /// What is lent: where the lender holds it, or at a unit below
    #[arg(value_name = "ROLE@UNIT", value_parser = parse_grant)]
    role: Grant,
    /// To whom: name or identifier
    #[arg(long, value_name = "PERSON")]
    to: String,
    /// Who lends (default: who acts)
    #[arg(long, value_name = "PERSON")]
    of: Option<String>,
    /// From when on, a date of either calendar or a moment (default: now)
    #[arg(long, value_name = "MOMENT")]
    from: Option<String>,
    /// Up to when; a date counts to its end
    #[arg(long, value_name = "MOMENT")]
    until: String,
    /// Why
    #[arg(long)]
    reason: String,
    /// Only in this workflow; may be given several times
    #[arg(long)]
    workflow: Vec<String>,
    /// Who acts: the lender himself, or who assigns his work
    #[arg(long = "as", value_name = "PERSON", env = "PARVANEH_AS")]
    actor: String,
}

impl Delegate {
    pub(super) async fn run(self, store: &Store, out: &Output) -> Result<(), Failure> {
        let by = person(store, &self.actor).await?.id;
        let lender = match &self.of {
            Some(text) => person(store, text).await?.id,
            None => by,
        };
        check_grants(store, std::slice::from_ref(&self.role)).await?;
        #[expect(clippy::disallowed_methods, reason = "the edge: identifiers are made here")]
        let id = DelegationId(Uuid::now_v7());
        let row = store
            .delegate(NewDelegation {
                id,
                by,
                from: lender,
                to: person(store, &self.to).await?.id,
                grant: self.role,
                workflows: self.workflow.into_iter().map(WorkflowId::from).collect(),
                starts: self.from.as_deref().map(from).transpose()?,
                until: until(&self.until)?,
                reason: self.reason,
            })
            .await?;
        show(store, vec![row], out, true).await
    }
}

/// End a delegation now
#[derive(Debug, Args)]
pub(crate) struct RevokeDelegation {
    /// The delegation's identifier
    delegation: DelegationId,
    /// Why
    #[arg(long)]
    reason: String,
    /// Who acts: the lender, the delegate, or who assigns the lender's work
    #[arg(long = "as", value_name = "PERSON", env = "PARVANEH_AS")]
    actor: String,
}

impl RevokeDelegation {
    pub(super) async fn run(self, store: &Store, out: &Output) -> Result<(), Failure> {
        let by = person(store, &self.actor).await?.id;
        let row = store.revoke_delegation(self.delegation, by, &self.reason).await?;
        show(store, vec![row], out, true).await
    }
}

/// List what is lent, now or later
#[derive(Debug, Args)]
pub(crate) struct Delegations {
    /// Only from or to this person: name or identifier
    #[arg(long, value_name = "PERSON")]
    of: Option<String>,
    /// Also what is over or was revoked
    #[arg(long)]
    all: bool,
    /// How many at most
    #[arg(long, default_value_t = 100)]
    limit: u32,
}

impl Delegations {
    pub(super) async fn run(self, store: &Store, out: &Output) -> Result<(), Failure> {
        let of = match &self.of {
            Some(text) => Some(person(store, text).await?.id),
            None => None,
        };
        let filter = DelegationFilter {
            person: of,
            over: self.all,
            limit: self.limit,
            ..DelegationFilter::default()
        };
        show(store, store.delegations(&filter).await?, out, false).await
    }
}

fn document(row: &DelegationRow) -> Value {
    json!({
        "id": row.id,
        "from": row.from,
        "to": row.to,
        "role": row.grant.role,
        "unit": row.grant.unit,
        "workflows": row.workflows,
        "starts": row.starts,
        "until": row.until,
        "reason": row.reason,
        "given_by": row.given_by,
        "given_at": row.given_at,
        "revoked_at": row.revoked.map(|(at, _)| at),
        "revoked_by": row.revoked.map(|(_, by)| by),
        "in_force": row.in_force,
    })
}

async fn show(
    store: &Store,
    rows: Vec<DelegationRow>,
    out: &Output,
    single: bool,
) -> Result<(), Failure> {
    if out.json {
        let mut documents: Vec<Value> = rows.iter().map(document).collect();
        return match documents.pop().filter(|_| single) {
            Some(only) => out.document(&only),
            None => out.document(&rows.iter().map(document).collect::<Vec<_>>()),
        };
    }
    let (names, zone) = (Names::open(store, out).await?, zone()?);
    let columns = ["from", "to", "what", "period", "state", "why", "identifier"];
    let columns = columns.map(|name| (name, Align::Left));
    let mut table = Table::new(out, &columns);
    for row in rows {
        let when = |at| minute(at, zone, out.dates);
        let only: Vec<&str> = row.workflows.iter().map(|workflow| workflow.as_str()).collect();
        let only = if only.is_empty() { String::new() } else { format!(" ({})", only.join(", ")) };
        let state = match row.revoked {
            Some((at, _)) => format!("revoked {}", when(at)),
            None if row.in_force => "in force".to_owned(),
            None => "not in force".to_owned(),
        };
        table.row([
            names.person(row.from).await?,
            names.person(row.to).await?,
            format!("{}@{}{only}", row.grant.role, row.grant.unit),
            format!("{} – {}", when(row.starts), when(row.until)),
            state,
            row.reason,
            row.id.to_string(),
        ]);
    }
    out.line(table.render("nothing is lent"))
}
