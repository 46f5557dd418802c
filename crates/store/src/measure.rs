//! What the write path counts. No label holds anything of a person or of one case.

use metrics::counter;
use parvaneh_core::Fact;

use crate::{ExecuteError, Executed};

/// One request has been settled.
pub(crate) fn settled(answer: &Result<Executed, ExecuteError>) {
    match answer {
        Ok(executed) if executed.repeated => counter!("parvaneh_repeats_total").increment(1),
        Ok(executed) => done(executed),
        Err(ExecuteError::Refused(refusal)) => {
            counter!("parvaneh_refusals_total", "code" => refusal.code.as_str()).increment(1);
        }
        Err(error) => counter!("parvaneh_refusals_total", "code" => error.code()).increment(1),
    }
}

/// Something was recorded for a case.
pub(crate) fn done(executed: &Executed) {
    let workflow = executed.case.workflow.as_str();
    for event in &executed.events {
        let kind = event.fact.kind();
        counter!("parvaneh_transitions_total", "workflow" => workflow.to_owned(), "kind" => kind)
            .increment(1);
        if let Fact::Escalated { number, warning, .. } = &event.fact {
            let level = match warning {
                true => "warning".to_owned(),
                false => number.to_string(),
            };
            counter!(
                "parvaneh_escalations_total",
                "workflow" => workflow.to_owned(), "level" => level
            )
            .increment(1);
        }
    }
}
