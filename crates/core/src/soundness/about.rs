//! What an end does to a licence, and whether the cases are about one.

use super::{Finding, code};
use crate::definition::{AboutWhat, ChangeKind, Definition, Outcome};

pub(super) fn examine(definition: &Definition, whole: bool, findings: &mut Vec<Finding>) {
    let about = definition.about.as_ref();
    let licence = about.filter(|about| matches!(about.what, AboutWhat::Licence { .. }));
    for (name, end) in &definition.ends {
        let Some(change) = &end.change else { continue };
        let at = format!("ends.{name}.licence");
        if whole && licence.is_none_or(|about| !about.required) {
            let message = format!("'{name}' changes a licence, and nothing says which");
            let help = "write 'about: { licence: <kinds> }' at the top: the licence must be told \
                        when the case is opened";
            findings.push(Finding::error(code::CHANGE_OF_NOTHING, &at, message).help(help));
        }
        let given = matches!(change.kind, ChangeKind::Renew { .. });
        let (decides, help) = match given {
            true => (end.outcome == Outcome::Granted, "write 'outcome: granted'"),
            false => (end.decision, "write 'decision: yes'"),
        };
        if !decides {
            let message = format!("'{name}' changes a licence, but is no decision to that effect");
            findings.push(Finding::error(code::CHANGE_WITHOUT_DECISION, at, message).help(help));
        }
    }
    let stays = about
        .is_some_and(|about| matches!(about.what, AboutWhat::Licence { stays_in_force: true, .. }));
    let renews = definition
        .ends
        .values()
        .filter_map(|end| end.change.as_ref())
        .any(|change| matches!(change.kind, ChangeKind::Renew { .. }));
    if whole && stays && !renews {
        let message = "the licence stays in force until a decision that cannot renew it";
        let help = "write an end with 'licence: { change: renew, valid: … }', or take this out";
        let at = "about.stays_in_force";
        findings.push(Finding::warning(code::NOTHING_RENEWED, at, message).help(help));
    }
}
