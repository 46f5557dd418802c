//! Guards can be met, and automatic steps lead on.

use super::{Rule, code};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: code::AUTOMATIC_CYCLE,
        breaks: &[
            (
                (
                    "ends:\n",
                    "  a: { title: { fa: گ, en: Choose }, choose: [{ if: 'case.returns > 1', to: granted }, { else: a }] }\nends:\n",
                ),
                "a",
            ),
            (
                (
                    "ends:\n",
                    "  a: { title: { fa: گ, en: Choose }, choose: [{ if: 'case.returns > 1', to: b }, { else: granted }] }\n  b: { title: { fa: گ, en: Choose }, choose: [{ else: a }] }\nends:\n",
                ),
                "a",
            ),
        ],
        // Somebody acts on the way; and two ways may lead to the same place.
        keeps: &[
            (
                "ends:\n",
                "  a: { title: { fa: گ, en: Choose }, choose: [{ if: 'case.returns > 1', to: reception }, { else: granted }] }\nends:\n",
            ),
            (
                "ends:\n",
                "  a: { title: { fa: گ, en: Choose }, choose: [{ if: 'case.returns > 1', to: b }, { if: 'case.returns > 2', to: b }, { else: granted }] }\n  b: { title: { fa: گ, en: Choose }, choose: [{ else: granted }] }\nends:\n",
            ),
        ],
    },
    Rule {
        code: code::NO_ELSE,
        breaks: &[(
            (
                "ends:\n",
                "  a: { title: { fa: گ, en: Choose }, choose: [{ if: 'case.returns > 1', to: granted }] }\nends:\n",
            ),
            "choose",
        )],
        keeps: &[(
            "ends:\n",
            "  a: { title: { fa: گ, en: Choose }, choose: [{ if: 'case.returns > 1', to: refused }, { else: granted }] }\nends:\n",
        )],
    },
    Rule {
        code: code::IDLE_ELSE,
        breaks: &[(
            (
                "ends:\n",
                "  a: { title: { fa: گ, en: Choose }, choose: [{ if: 'case.returns > 1', to: refused }, { if: 'case.returns < 2', to: refused }, { else: granted }] }\nends:\n",
            ),
            "granted",
        )],
        keeps: &[(
            "ends:\n",
            "  a: { title: { fa: گ, en: Choose }, choose: [{ if: 'case.returns > 1', to: refused }, { if: 'case.returns < 1', to: refused }, { else: granted }] }\nends:\n",
        )],
    },
    Rule {
        code: code::DEAD_BRANCH,
        breaks: &[(
            (
                "ends:\n",
                "  a: { title: { fa: گ, en: Choose }, choose: [{ else: granted }, { if: 'case.returns > 1', to: refused }] }\nends:\n",
            ),
            "refused",
        )],
        keeps: &[(
            "ends:\n",
            "  a: { title: { fa: گ, en: Choose }, choose: [{ if: 'case.returns > 1', to: refused }, { else: granted }] }\nends:\n",
        )],
    },
    Rule {
        code: code::OVERLAPPING_GUARDS,
        breaks: &[(
            (
                "ends:\n",
                "  a: { title: { fa: گ, en: Choose }, choose: [{ if: 'case.returns > 1', to: refused }, { if: 'case.returns < 4', to: granted }, { else: refused }] }\nends:\n",
            ),
            "'case.returns < 4'",
        )],
        keeps: &[(
            "ends:\n",
            "  a: { title: { fa: گ, en: Choose }, choose: [{ if: 'case.returns > 3', to: refused }, { if: 'case.returns < 4', to: granted }] }\nends:\n",
        )],
    },
    Rule {
        code: code::NEVER_MET,
        breaks: &[
            (
                (
                    "ends:\n",
                    "  a: { title: { fa: گ, en: Choose }, choose: [{ if: 'case.returns < 0', to: refused }, { else: granted }] }\nends:\n",
                ),
                "'case.returns < 0'",
            ),
            (
                (
                    "to: inquiries }\n",
                    "to: inquiries, if: 'case.returns > 3 && case.returns * 2 < 8' }\n",
                ),
                "'case.returns > 3 && case.returns * 2 < 8'",
            ),
        ],
        // What cannot be told is not told.
        keeps: &[
            (
                "to: inquiries }\n",
                "to: inquiries, if: 'case.returns > 3 && case.returns * 2 < 9' }\n",
            ),
            ("to: inquiries }\n", "to: inquiries, if: 'case.returns % 2 == 3' }\n"),
        ],
    },
    Rule {
        code: code::ALWAYS_MET,
        breaks: &[(
            ("to: inquiries }\n", "to: inquiries, if: 'case.returns >= 0' }\n"),
            "'case.returns >= 0'",
        )],
        keeps: &[("to: inquiries }\n", "to: inquiries, if: 'case.returns >= 1' }\n")],
    },
    Rule {
        code: code::ALL_BARRED,
        breaks: &[(
            (
                "accept: { title: { fa: تأیید, en: Accept }, to: inquiries }\n      return: { title: { fa: نقص, en: Return }, to: correction, needs: [reason] }\n",
                "accept: { title: { fa: تأیید, en: Accept }, to: inquiries, if: 'case.returns > 1' }\n      return: { title: { fa: نقص, en: Return }, to: correction, needs: [reason], if: 'case.returns == 0' }\n",
            ),
            "actions",
        )],
        keeps: &[
            (
                "accept: { title: { fa: تأیید, en: Accept }, to: inquiries }\n      return: { title: { fa: نقص, en: Return }, to: correction, needs: [reason] }\n",
                "accept: { title: { fa: تأیید, en: Accept }, to: inquiries, if: 'case.returns > 1' }\n      return: { title: { fa: نقص, en: Return }, to: correction, needs: [reason], if: 'case.returns <= 1' }\n",
            ),
            ("to: reception }\n", "to: reception, if: 'case.returns > 1' }\n"),
        ],
    },
];
