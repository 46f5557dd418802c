//! Every step can be reached and left, in time.

use super::{Rule, code};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: code::UNREACHABLE_STEP,
        breaks: &[(
            (
                "positive: commission, negative: { to: commission",
                "positive: granted, negative: { to: refused",
            ),
            "commission",
        )],
        keeps: &[],
    },
    Rule {
        code: code::UNREACHABLE_END,
        breaks: &[
            (("approved: granted", "approved: refused"), "granted"),
            (("silence: { to: lapsed", "silence: { to: refused"), "lapsed"),
        ],
        // Silence of the authority and a withdrawal lead to their ends from everywhere.
        keeps: &[],
    },
    Rule {
        code: code::NO_WAY_OUT,
        breaks: &[
            (
                (
                    "ends:\n",
                    "  trap: { title: { fa: دام, en: Trap }, owner: officer, term: 1 d, basis: assumption }\nends:\n",
                ),
                "trap",
            ),
            (
                (
                    "ends:\n",
                    "  trap: { title: { fa: دام, en: Trap }, owner: officer, term: 1 d, basis: assumption, silence: { to: trap, basis: assumption } }\nends:\n",
                ),
                "trap",
            ),
        ],
        keeps: &[(
            "ends:\n",
            "  more: { title: { fa: بیشتر, en: More }, owner: officer, term: 1 d, basis: assumption, silence: { to: refused, basis: assumption } }\nends:\n",
        )],
    },
    Rule {
        code: code::REFUSAL_WITHOUT_CITATION,
        breaks: &[
            (("needs: [reason, citation]", "needs: [reason]"), "refused"),
            (("negative: { to: commission", "negative: { to: refused"), "refused"),
            (("silence: { to: by_silence", "silence: { to: refused"), "refused"),
            // The applicant need not cite, but who sent the case to him should have.
            (("silence: { to: lapsed", "silence: { to: refused"), "correction"),
        ],
        keeps: &[
            // Nobody comes there.
            (
                "ends:\n",
                "  more: { title: { fa: بیشتر, en: More }, owner: officer, term: 1 d, basis: assumption, silence: { to: refused, basis: assumption } }\nends:\n",
            ),
        ],
    },
    Rule {
        code: code::TOO_SLOW,
        breaks: &[(("    term: 15 d\n", "    term: 40 d\n"), "60 d")],
        keeps: &[
            // What runs while the statutory clock is suspended does not count.
            ("    term: 30 d\n", "    term: 300 d\n"),
            ("    term: 15 d\n", "    term: 37 d\n"),
        ],
    },
    Rule {
        code: code::NO_RETURN_FITS,
        // The longest way takes 38 of 60 days: reception 3, inquiries 20, commission 15. Its quickest
        // return, from reception to the applicant and back, takes 3 days more.
        breaks: &[
            (("    term: 15 d\n", "    term: 35 d\n"), "correction"),
            (("    term: 15 d\n", "    term: 37 d\n"), "correction"),
        ],
        keeps: &[
            ("    term: 15 d\n", "    term: 34 d\n"),
            // Too slow without any return: that is said instead.
            ("    term: 15 d\n", "    term: 38 d\n"),
        ],
    },
];
