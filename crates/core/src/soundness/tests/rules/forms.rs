//! Forms and papers are asked for where they can be given.

use super::{Rule, code};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: code::UNKNOWN_FORM,
        breaks: &[
            (("application: paper", "application: papr"), "papr"),
            (("form: visit", "form: visti"), "visti"),
            (("term: 3 d\n", "term: 3 d\n    form: vist\n"), "vist"),
            (("rejected: { to: refused", "rejected: { form: visist, to: refused"), "visist"),
        ],
        keeps: &[("rejected: { to: refused", "rejected: { form: visit, to: refused")],
    },
    Rule {
        code: code::UNUSED_FORM,
        breaks: &[(("application: paper\n", ""), "paper"), ((" form: visit,", ""), "visit")],
        keeps: &[("term: 3 d\n", "term: 3 d\n    form: visit\n")],
    },
    Rule {
        code: code::FIELD_TAKEN,
        breaks: &[(("    area:", "    capital:"), "capital")],
        keeps: &[("    area:", "    capitals:")],
    },
    Rule {
        code: code::UNKNOWN_DOCUMENT,
        breaks: &[
            (("documents: { charter:", "documents: { chartre:"), "chartre"),
            (("term: 3 d\n", "term: 3 d\n    documents: { x: optional }\n"), "x"),
        ],
        keeps: &[("term: 3 d\n", "term: 3 d\n    documents: { record: required }\n")],
    },
    Rule {
        code: code::UNUSED_DOCUMENT,
        breaks: &[((", record: optional", ""), "record")],
        keeps: &[("record: optional", "record: required")],
    },
    Rule {
        code: code::CROSSED_BOUNDS,
        breaks: &[
            (("max: 900,000", "max: 499,999"), "499,999"),
            (("max: today", "max: 1399/12/30"), "1399/12/30"),
            (("decimals: 1 }", "decimals: 1, min: 7.5, max: 7 }"), "7"),
            (
                (
                    "{ type: number, title: { fa: مساحت, en: Area }, decimals: 1 }",
                    "{ type: text, title: { fa: مساحت, en: Area }, min: 9, max: 8 }",
                ),
                "8",
            ),
        ],
        keeps: &[
            ("max: 900,000", "max: 500,000"),
            ("decimals: 1 }", "decimals: 1, min: 7, max: 7.5 }"),
        ],
    },
];
