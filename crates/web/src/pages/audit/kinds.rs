//! What the kinds of events are called.

use parvaneh_core::Fact;

use super::Choice;
use crate::say::Words;

/// What a kind is called; nothing, where there is none of that name.
pub(super) fn title(kind: &str, words: Words) -> Option<String> {
    let said = match kind {
        "opened" => words.t("kind-opened"),
        "claimed" => words.t("kind-claimed"),
        "released" => words.t("kind-released"),
        "assigned" => words.t("kind-assigned"),
        "commented" => words.t("kind-commented"),
        "informed" => words.t("kind-informed"),
        "filled" => words.t("kind-filled"),
        "document_attached" => words.t("kind-document-attached"),
        "document_verified" => words.t("kind-document-verified"),
        "acted" => words.t("kind-acted"),
        "answered" => words.t("kind-answered"),
        "voted" => words.t("kind-voted"),
        "put_on_agenda" => words.t("kind-put-on-agenda"),
        "taken_off_agenda" => words.t("kind-taken-off-agenda"),
        "recused" => words.t("kind-recused"),
        "sitting_lacking" => words.t("kind-sitting-lacking"),
        "suspended" => words.t("kind-suspended"),
        "resumed" => words.t("kind-resumed"),
        "extended" => words.t("kind-extended"),
        "rescheduled" => words.t("kind-rescheduled"),
        "migrated" => words.t("kind-migrated"),
        "withdrawn" => words.t("kind-withdrawn"),
        "escalated" => words.t("kind-escalated"),
        "silence_held" => words.t("kind-silence-held"),
        "silence_waived" => words.t("kind-silence-waived"),
        "silence_took_effect" => words.t("kind-silence-took-effect"),
        _ => return None,
    };
    Some(said.into())
}

/// All of them, as they can be chosen.
pub(super) fn choices(chosen: &str, words: Words) -> Vec<Choice> {
    let choice = |kind: &&str| Choice {
        value: (*kind).to_owned(),
        name: title(kind, words).unwrap_or_else(|| (*kind).to_owned()),
        chosen: *kind == chosen,
    };
    Fact::kinds().iter().map(choice).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn every_kind_has_a_name() {
        for kind in Fact::kinds() {
            assert!(title(kind, Words(Language::Persian)).is_some(), "{kind}");
        }
        assert_eq!(title("nothing", Words(Language::English)), None);
    }
}
