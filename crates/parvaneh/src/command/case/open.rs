//! `parvaneh case open`.

use clap::Args;
use parvaneh_core::{CaseId, UnitId, WorkflowId, decide, register::Reference};
use parvaneh_store::{Ask, Request, Requester, Store};
use uuid::Uuid;

use super::{
    change::{self, By},
    values::Values,
};
use crate::{command::licence::parse_about, failure::Failure, moment, output::Output, who::person};

/// Open a case
#[derive(Debug, Args)]
pub(crate) struct Open {
    /// The workflow
    workflow: String,
    /// The unit that receives it
    #[arg(long)]
    unit: String,
    /// What it is about
    #[arg(long)]
    subject: String,
    /// The licence, by its number, or the other case that it speaks of
    #[arg(long, value_name = "LICENCE|CASE", value_parser = parse_about)]
    about: Option<Reference>,
    /// Who applies: name or identifier (default: who acts)
    #[arg(long, value_name = "PERSON")]
    applicant: Option<String>,
    /// When the paper was handed in, if earlier than now: the clock starts there
    #[arg(long, value_name = "MOMENT", requires = "reason")]
    received: Option<String>,
    /// Why it is recorded only now
    #[arg(long)]
    reason: Option<String>,
    /// The version (default: the latest in use)
    #[arg(long)]
    version: Option<u32>,
    /// The identifier of the case (default: a new one; to repeat a request with --key, give the
    /// same)
    #[arg(long, value_name = "UUID")]
    id: Option<Uuid>,
    #[command(flatten)]
    values: Values,
    #[command(flatten)]
    by: By,
}

impl Open {
    pub(super) async fn run(self, store: &Store, out: &Output) -> Result<(), Failure> {
        let actor = person(store, &self.by.actor).await?.id;
        let applicant = match &self.applicant {
            Some(text) => person(store, text).await?.id,
            None => actor,
        };
        let workflow = WorkflowId::from(self.workflow);
        let received_at = match &self.received {
            None => None,
            Some(text) => {
                let definition = store.definition(&workflow, self.version).await?;
                let calendars = store.calendars(&definition.calendar).await?;
                Some(moment::parse(text, calendars.national())?)
            }
        };
        #[expect(clippy::disallowed_methods, reason = "the edge: identifiers are made here")]
        let case = CaseId(self.id.unwrap_or_else(Uuid::now_v7));
        let application = decide::Open {
            case,
            unit: UnitId::from(self.unit),
            applicant,
            subject: self.subject,
            received_at,
            reason: self.reason,
            about: self.about,
            given: self.values.given()?,
        };
        let ask = Ask::Open { workflow, version: self.version, application };
        let by = Requester::Person(actor);
        let on_behalf_of = self.by.behalf(store).await?;
        let key = self.by.key;
        let request = Request { key, on_behalf_of, ..Request::new(by, ask) };
        let mut executed = store.execute(request).await?;
        store.open_values(&mut executed).await?;
        change::tell(store, &executed, out).await
    }
}
