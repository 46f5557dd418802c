//! Where cases end, and by whose silence.

use super::{Rule, code};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: code::SILENCE_NOT_A_DECISION,
        breaks: &[
            (("silence: { to: by_silence", "silence: { to: withdrawn"), "withdrawn"),
            (("silence: { to: by_silence", "silence: { to: reception"), "reception"),
            (("statutory_silence: by_silence", "statutory_silence: lapsed"), "lapsed"),
        ],
        keeps: &[("silence: { to: by_silence", "silence: { to: granted")],
    },
    Rule {
        code: code::NEVER_ENDING_WAIT,
        breaks: &[(("    silence: { to: lapsed, basis: assumption }\n", ""), "correction")],
        keeps: &[("    statutory_clock: suspended\n", "")],
    },
    Rule {
        code: code::DECISION_AND_OUTCOME,
        breaks: &[
            (("decision: no, outcome: lapsed", "decision: yes, outcome: lapsed"), "yes"),
            (("decision: yes\n    outcome: granted", "decision: no\n    outcome: granted"), "no"),
            (("decision: yes, outcome: refused", "decision: no, outcome: settled"), "no"),
        ],
        keeps: &[
            ("decision: yes, outcome: refused", "decision: no, outcome: refused"),
            ("decision: yes, outcome: refused", "decision: yes, outcome: settled"),
        ],
    },
    Rule {
        code: code::LICENCE_WITHOUT_GRANT,
        breaks: &[(
            (
                "decision: yes, outcome: refused",
                "decision: yes, outcome: refused, licence: { kind: a, valid: 1 mo }",
            ),
            "licence",
        )],
        keeps: &[("    licence: { kind: establishment, valid: 36 mo }\n", "")],
    },
    Rule {
        code: code::CHANGE_OF_NOTHING,
        breaks: &[
            (("about: { licence: establishment, stays_in_force: yes }\n", ""), "licence"),
            (
                ("about: { licence: establishment, stays_in_force: yes }", "about: { case: base }"),
                "licence",
            ),
            (("stays_in_force: yes", "required: no"), "licence"),
        ],
        keeps: &[("stays_in_force: yes", "required: yes")],
    },
    Rule {
        code: code::CHANGE_WITHOUT_DECISION,
        breaks: &[
            (
                ("outcome: granted, licence: { change", "outcome: settled, licence: { change"),
                "licence",
            ),
            (("outcome: lapsed }", "outcome: lapsed, licence: { change: suspend } }"), "licence"),
        ],
        keeps: &[
            ("outcome: refused }", "outcome: settled, licence: { change: revoke } }"),
            ("outcome: refused }", "outcome: refused, licence: { change: suspend } }"),
        ],
    },
    Rule {
        code: code::NOTHING_RENEWED,
        breaks: &[(("change: renew, valid: 36 mo", "change: amend"), "yes")],
        keeps: &[("stays_in_force: yes", "stays_in_force: no")],
    },
    Rule {
        code: code::NO_WITHDRAWAL,
        breaks: &[
            (("decision: no, outcome: withdrawn", "decision: yes, outcome: refused"), "ends"),
            (("decision: no, outcome: lapsed", "decision: no, outcome: withdrawn"), "ends"),
            (("opens_at: county", "opens_at: county\ninitiative: authority"), "authority"),
        ],
        keeps: &[(
            "  withdrawn: { title: { fa: انصراف, en: Withdrawn }, decision: no, outcome: withdrawn }\n",
            "initiative: authority\n",
        )],
    },
];
