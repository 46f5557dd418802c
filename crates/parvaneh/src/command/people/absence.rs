//! `parvaneh people absent` and `back`.

use clap::Args;
use parvaneh_store::{AbsenceRow, HandedBack, NewAbsence, Store};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{from, until, zone};
use crate::{
    failure::Failure,
    names::Names,
    output::{Align, Output, Table, minute},
    who::person,
};

/// How many tasks are handed back at a time.
const BATCH: u32 = 100;

/// Record that somebody is away; without --until, list who is, now or later
///
/// His tasks go to who stands in for him, or back to the worklist, as soon as the absence begins. No task
/// is assigned to him meanwhile.
#[derive(Debug, Args)]
pub(crate) struct Absent {
    /// Who is away (default: who acts)
    person: Option<String>,
    /// From when on, a date of either calendar or a moment (default: now)
    #[arg(long, value_name = "MOMENT", requires = "until")]
    from: Option<String>,
    /// Up to when; a date counts to its end
    #[arg(long, value_name = "MOMENT", requires = "reason")]
    until: Option<String>,
    /// Why; it also stands on the timeline where his tasks are handed back
    #[arg(long, requires = "until")]
    reason: Option<String>,
    /// Who stands in: all his roles are lent to that person for the time
    #[arg(long, value_name = "PERSON", requires = "until")]
    substitute: Option<String>,
    /// Who acts: himself, or who assigns his work
    #[arg(long = "as", value_name = "PERSON", env = "PARVANEH_AS")]
    actor: Option<String>,
}

impl Absent {
    pub(super) async fn run(self, store: &Store, out: &Output) -> Result<(), Failure> {
        let named = match &self.person {
            Some(text) => Some(person(store, text).await?.id),
            None => None,
        };
        let (Some(end), Some(reason)) = (&self.until, self.reason) else {
            return show(store, store.absences(named, None).await?, None, out).await;
        };
        let actor = self.actor.ok_or_else(|| {
            Failure::usage("who records an absence must be told").help("add --as PERSON")
        })?;
        let by = person(store, &actor).await?.id;
        let substitute = match &self.substitute {
            Some(text) => Some(person(store, text).await?.id),
            None => None,
        };
        #[expect(clippy::disallowed_methods, reason = "the edge: identifiers are made here")]
        let id = Uuid::now_v7();
        let row = store
            .absent(NewAbsence {
                id,
                by,
                person: named.unwrap_or(by),
                starts: self.from.as_deref().map(from).transpose()?,
                until: until(end)?,
                reason,
                substitute,
            })
            .await?;
        let mut handed_back = HandedBack::default();
        if row.now {
            loop {
                let done = store.hand_back(BATCH).await?;
                handed_back += done;
                if !done.more {
                    break;
                }
            }
        }
        show(store, store.absences(None, Some(row.id)).await?, Some(handed_back), out).await
    }
}

/// Say that somebody is back, or does not go
#[derive(Debug, Args)]
pub(crate) struct Back {
    /// Who (default: who acts)
    person: Option<String>,
    /// Who acts: himself, or who assigns his work
    #[arg(long = "as", value_name = "PERSON", env = "PARVANEH_AS")]
    actor: String,
}

impl Back {
    pub(super) async fn run(self, store: &Store, out: &Output) -> Result<(), Failure> {
        let by = person(store, &self.actor).await?.id;
        let who = match &self.person {
            Some(text) => person(store, text).await?.id,
            None => by,
        };
        let row = store.back(who, by).await?;
        show(store, vec![row], Some(HandedBack::default()), out).await
    }
}

fn document(row: &AbsenceRow) -> Value {
    json!({
        "id": row.id,
        "person": row.person,
        "starts": row.starts,
        "until": row.until,
        "reason": row.reason,
        "substitute": row.substitute,
        "ended_at": row.ended_at,
        "now": row.now,
    })
}

/// A list; or one absence, with what became of the tasks.
async fn show(
    store: &Store,
    rows: Vec<AbsenceRow>,
    done: Option<HandedBack>,
    out: &Output,
) -> Result<(), Failure> {
    if out.json {
        let documents: Vec<Value> = rows.iter().map(document).collect();
        let Some(HandedBack { assigned, released, failed, .. }) = done else {
            return out.document(&documents);
        };
        let absence = documents.into_iter().next();
        let tasks = json!({ "assigned": assigned, "released": released, "failed": failed });
        return out.document(&json!({ "absence": absence, "tasks": tasks }));
    }
    let (names, zone) = (Names::open(store, out).await?, zone()?);
    let columns = ["who", "period", "why", "stands in", "state"];
    let mut table = Table::new(out, &columns.map(|name| (name, Align::Left)));
    for row in &rows {
        let when = |at| minute(at, zone, out.dates);
        let substitute = match row.substitute {
            Some(person) => names.person(person).await?,
            None => String::new(),
        };
        let state = match (row.ended_at, row.now) {
            (Some(at), _) => format!("back since {}", when(at)),
            (None, true) => "away".to_owned(),
            (None, false) => "to come".to_owned(),
        };
        table.row([
            names.person(row.person).await?,
            format!("{} – {}", when(row.starts), when(row.until)),
            row.reason.clone(),
            substitute,
            state,
        ]);
    }
    out.line(table.render("nobody is away"))?;
    match done {
        Some(HandedBack { assigned, released, failed, .. }) if assigned + released + failed > 0 => {
            out.line(format!(
                "tasks: {assigned} to who stands in, {released} back to the worklist, {failed} failed"
            ))
        }
        _ => Ok(()),
    }
}
