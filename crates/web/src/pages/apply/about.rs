//! Of what an application can speak: the licences and the cases of the applicant.

use parvaneh_core::definition::AboutWhat;
use parvaneh_store::{CasesQuery, LicencesQuery};
use serde_json::{Value, json};

use super::Drafting;
use crate::{
    App,
    problem::Problem,
    shown::{Code, Day},
};

/// Something of which it can speak: how it is sent, and in words.
pub(super) type Choice = (String, String);

/// More of each kind nobody has, or is shown.
const MOST: u32 = 100;

/// What the applicant has of what the procedure speaks of. Whether it may be spoken of now, the rules
/// say when it is handed in.
///
/// # Errors
/// The store's.
pub(super) async fn choices(app: &App, drafting: &Drafting) -> Result<Vec<Choice>, Problem> {
    let Some(about) = &drafting.definition.about else { return Ok(Vec::new()) };
    let (viewer, person) = (&drafting.visit.viewer, drafting.visit.caller.person);
    let (words, reads) = (drafting.words(), app.store.reading_as(viewer));
    match &about.what {
        AboutWhat::Licence { kinds, .. } => {
            let query = LicencesQuery {
                reach: Some(viewer.reach.clone()),
                holder: Some(person),
                limit: MOST,
                ..LicencesQuery::default()
            };
            let held = reads.licences(&query, drafting.today()).await?;
            let held = held.into_iter().filter(|row| kinds.contains(&row.licence.kind));
            Ok(held
                .map(|row| {
                    let until = Day::of(row.licence.valid_until, words).plain();
                    let told = words.t("apply-licence").s("number", &row.licence.number);
                    let told = told.s("subject", &row.subject).s("day", until);
                    (format!("licence:{}", row.licence.number), told.into())
                })
                .collect())
        }
        AboutWhat::Case { workflows, .. } => {
            let query = CasesQuery {
                reach: Some(viewer.reach.clone()),
                applicant: Some(person),
                limit: MOST,
                ..CasesQuery::default()
            };
            let own = reads.cases(&query).await?;
            let own = own.into_iter().filter(|row| workflows.contains(&row.workflow));
            Ok(own
                .map(|row| {
                    let code = Code::of(row.case);
                    let told = words.t("apply-case").s("code", code.plain());
                    (format!("case:{}", row.case), told.s("subject", &row.subject).into())
                })
                .collect())
        }
    }
}

/// What was chosen, as a draft keeps it: of what is offered, or the number of a licence that may be
/// somebody else's.
pub(super) fn chosen(drafting: &Drafting, choices: &[Choice], sent: &str) -> Option<Value> {
    let about = drafting.definition.about.as_ref()?;
    let offered = choices.iter().any(|(name, _)| name == sent);
    if let Some((kind, of)) = sent.split_once(':').filter(|_| offered) {
        return Some(json!({ kind: of }));
    }
    let number = sent.strip_prefix("licence:").unwrap_or(sent).trim();
    let anybodys = !about.same_applicant && matches!(about.what, AboutWhat::Licence { .. });
    (anybodys && !number.is_empty()).then(|| json!({ "licence": number }))
}

/// How an answer is sent again, and what it says.
pub(super) fn told(choices: &[Choice], answer: &Value) -> Option<Choice> {
    let (kind, of) = answer.as_object()?.iter().next()?;
    let (sent, of) = (format!("{kind}:{}", of.as_str()?), of.as_str()?);
    let known = choices.iter().find(|(name, _)| *name == sent);
    Some(known.cloned().unwrap_or_else(|| (sent, of.to_owned())))
}
