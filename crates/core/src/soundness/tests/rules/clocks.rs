//! Terms, levels, silence and extensions fit together.

use super::{Rule, code};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: code::NO_TERM,
        breaks: &[
            (("    term: 3 d\n", ""), "reception"),
            (("    term: 30 d\n", ""), "correction"),
            (("    term: 15 d\n", ""), "commission"),
        ],
        keeps: &[("    term: 3 d\n", "    term: 3 wd\n    # another unit\n")],
    },
    Rule {
        code: code::NO_BASIS,
        breaks: &[
            (("  service_norm: 45 d\n  basis: assumption\n", ""), "60 d"),
            (("    term: 3 d\n    basis: assumption\n", "    term: 3 d\n"), "3 d"),
            (("term: 20 d, basis: assumption,", "term: 20 d,"), "20 d"),
        ],
        keeps: &[("    term: 3 d\n    basis: assumption\n", "    term: 3 d\n    basis: Page 5\n")],
    },
    Rule {
        code: code::QUORUM_EXCEEDS_SEATS,
        breaks: &[(("quorum: 3", "quorum: 6"), "6")],
        keeps: &[("quorum: 3", "quorum: 5")],
    },
    Rule {
        code: code::JOIN_EXCEEDS_BRANCHES,
        breaks: &[(("join: { n: 2 }", "join: { n: 3 }"), "3")],
        keeps: &[("join: { n: 2 }", "join: { n: 1 }"), ("join: { n: 2 }", "join: any")],
    },
    Rule {
        code: code::NORM_EXCEEDS_TERM,
        breaks: &[
            (("service_norm: 45 d", "service_norm: 61 d"), "61 d"),
            (("service_norm: 45 d", "service_norm: 61 wd"), "61 wd"),
        ],
        keeps: &[("service_norm: 45 d", "service_norm: 60 d")],
    },
    Rule {
        code: code::INCOMPARABLE_NORM,
        breaks: &[(("service_norm: 45 d", "service_norm: 45 wd"), "45 wd")],
        keeps: &[("service_norm: 45 d", "service_norm: 1 mo")],
    },
    Rule {
        code: code::WORK_UNIT,
        breaks: &[
            (("    term: 3 d\n", "    term: 3 d\n    work: 2 wd\n"), "2 wd"),
            (
                ("police: { owner: agency.police,", "police: { owner: agency.police, work: 3 h,"),
                "3 h",
            ),
        ],
        keeps: &[("    term: 3 d\n", "    term: 3 d\n    work: 2 wh\n")],
    },
    Rule {
        code: code::WORK_EXCEEDS_TERM,
        breaks: &[
            (("    term: 3 d\n", "    term: 3 d\n    work: 73 wh\n"), "73 wh"),
            (("    term: 15 d\n", "    term: 8 h\n    work: 9 wh\n"), "9 wh"),
        ],
        keeps: &[("    term: 3 d\n", "    term: 3 d\n    work: 72 wh\n")],
    },
    Rule {
        code: code::IDLE_WORK,
        breaks: &[(("    term: 30 d\n", "    term: 30 d\n    work: 2 wh\n"), "2 wh")],
        keeps: &[("    term: 15 d\n", "    term: 15 d\n    work: 2 wh\n")],
    },
    Rule {
        code: code::EXTENSION_UNIT,
        breaks: &[
            (("up_to: 20 d", "up_to: 20 wd"), "20 wd"),
            (("up_to: 3 d", "up_to: 3 h"), "3 h"),
        ],
        keeps: &[("up_to: 20 d", "up_to: 1 mo")],
    },
    Rule {
        code: code::WARNING_TOO_EARLY,
        breaks: &[
            (
                ("warn: 5 d, tell: [owner]", "warn: 61 d, tell: [owner]"),
                "{ warn: 61 d, tell: [owner] }",
            ),
            (("warn: 2 d", "warn: 4 d"), "{ warn: 4 d, tell: [owner] }"),
            (("warn: 2 d", "warn: 4 wd"), "{ warn: 4 wd, tell: [owner] }"),
            (
                ("warn: 5 d, tell: [officer]", "warn: 21 d, tell: [officer]"),
                "{ warn: 21 d, tell: [officer] }",
            ),
        ],
        keeps: &[("warn: 2 d", "warn: 3 d"), ("warn: 2 d", "warn: 30 h")],
    },
    Rule {
        code: code::LEVELS_OUT_OF_ORDER,
        breaks: &[
            (("warn: 1 d", "warn: 3 d"), "{ warn: 3 d, tell: [owner] }"),
            (("warn: 1 d", "warn: 2 d"), "{ warn: 2 d, tell: [owner] }"),
            (("after: 3 d", "after: 0 d"), "{ after: 0 d, tell: [director], reassign: director }"),
            (
                ("after: 3 d", "after: 0 wd"),
                "{ after: 0 wd, tell: [director], reassign: director }",
            ),
            (("after: 3 d", "warn: 1 d"), "{ warn: 1 d, tell: [director], reassign: director }"),
        ],
        keeps: &[
            ("after: 3 d", "after: 1 wh"),
            ("warn: 1 d", "warn: 1 wh"),
            ("warn: 1 d", "warn: 1 wd"),
        ],
    },
    Rule {
        code: code::IDLE_LEVEL,
        breaks: &[(("{ warn: 1 d, tell: [owner] }", "{ warn: 1 d }"), "{ warn: 1 d }")],
        keeps: &[(
            "{ after: 3 d, tell: [director], reassign: director }",
            "{ after: 3 d, reassign: director }",
        )],
    },
    Rule {
        code: code::DEAD_LEVEL,
        breaks: &[
            (
                (
                    "escalate: [{ warn: 5 d, tell: [officer] }]",
                    "escalate: [{ after: 2 d, tell: [officer] }]\n          silence: { answer: negative, basis: assumption }",
                ),
                "{ after: 2 d, tell: [officer] }",
            ),
            (
                ("tell: [owner, director] }", "tell: [owner, director], act: accept }"),
                "{ after: 3 d, tell: [director], reassign: director }",
            ),
        ],
        keeps: &[
            (
                "escalate: [{ warn: 5 d, tell: [officer] }]",
                "escalate: [{ after: 2 d, tell: [officer] }]\n          silence: { after: 2 d, answer: negative, basis: assumption }",
            ),
            // While silence is held for release, its levels still fire.
            (
                "escalate: [{ warn: 5 d, tell: [officer] }]",
                "escalate: [{ after: 2 d, tell: [officer] }]\n          silence: { answer: negative, grace: 2 wd, basis: assumption }",
            ),
        ],
    },
    Rule {
        code: code::DEAD_SILENCE,
        breaks: &[
            (
                (
                    "    silence: { to: lapsed, basis: assumption }",
                    "    silence: { after: 5 d, to: lapsed, basis: assumption }\n    escalate: [{ after: 2 d, tell: [owner], act: resubmit }]",
                ),
                "silence",
            ),
            (
                ("  silence: { to: by_silence, grace: 2 wd, basis: assumption }\n", "  # none\n"),
                "by_silence",
            ),
        ],
        keeps: &[(
            "    silence: { to: lapsed, basis: assumption }",
            "    silence: { after: 5 d, to: lapsed, basis: assumption }\n    escalate: [{ after: 2 d, tell: [owner] }]",
        )],
    },
    Rule {
        code: code::CANNOT_TAKE_ACTION,
        breaks: &[
            (
                (
                    "escalate: [{ after: 2 d, tell: [director] }]",
                    "escalate: [{ after: 2 d, act: approved }]",
                ),
                "approved",
            ),
            (("{ warn: 5 d, tell: [officer] }", "{ warn: 5 d, act: accept }"), "accept"),
            (("{ warn: 5 d, tell: [owner] }", "{ warn: 5 d, act: accept }"), "accept"),
            (
                (
                    "escalate: [{ after: 2 d, tell: [director] }]\n    actions:\n      defer: { title: { fa: تعویق, en: Defer }, to: correction }",
                    "escalate: [{ after: 2 d, act: defer }]\n    actions:\n      defer: { title: { fa: تعویق, en: Defer }, to: correction, needs: [citation] }",
                ),
                "defer",
            ),
            (
                (
                    "escalate: [{ after: 2 d, tell: [director] }]\n    actions:\n      defer: { title: { fa: تعویق, en: Defer }, to: correction }",
                    "escalate: [{ after: 2 d, act: defer }]\n    actions:\n      defer: { title: { fa: تعویق, en: Defer }, to: correction, form: visit }",
                ),
                "defer",
            ),
            (
                (
                    "escalate: [{ after: 2 d, tell: [director] }]\n    actions:\n",
                    "escalate: [{ after: 2 d, act: defer }]\n    form: visit\n    actions:\n",
                ),
                "defer",
            ),
        ],
        keeps: &[(
            "escalate: [{ after: 2 d, tell: [director] }]",
            "escalate: [{ after: 2 d, act: defer }]",
        )],
    },
    Rule {
        code: code::CANNOT_REASSIGN,
        breaks: &[
            (("{ warn: 5 d, tell: [owner] }", "{ warn: 5 d, reassign: director }"), "director"),
            (
                (
                    "    silence: { to: lapsed, basis: assumption }",
                    "    silence: { to: lapsed, basis: assumption }\n    escalate: [{ after: 0 d, reassign: officer }]",
                ),
                "officer",
            ),
        ],
        keeps: &[("{ warn: 5 d, tell: [officer] }", "{ warn: 5 d, reassign: officer }")],
    },
];
