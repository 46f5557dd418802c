//! Somebody is there for everything.

use super::{Rule, code};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: code::NOBODY_OPENS,
        breaks: &[(("may: [open, record_answer]", "may: [record_answer]"), "roles")],
        keeps: &[("may: [release_silence]", "may: [release_silence, open]")],
    },
    Rule {
        code: code::NOBODY_RELEASES,
        breaks: &[(("may: [release_silence]", "may: [read]"), "roles")],
        keeps: &[],
    },
    Rule {
        code: code::NOBODY_RECORDS,
        breaks: &[(("may: [open, record_answer]", "may: [open]"), "roles")],
        keeps: &[("may: [release_silence]", "may: [release_silence, record_answer]")],
    },
    Rule {
        code: code::NEVER_BEFORE,
        breaks: &[
            (
                (
                    "needs: [reason, citation] }",
                    "needs: [reason, citation], not_by: [commission] }",
                ),
                "commission",
            ),
            (("    owner: officer\n", "    owner: officer\n    not_by: reception\n"), "reception"),
            // A case passes it by itself.
            (
                (
                    "ends:\n",
                    "  sorting: { title: { fa: گ, en: Sort }, choose: [{ if: 'case.returns > 1', to: granted }, { else: check }] }\n  check: { title: { fa: گ, en: Check }, owner: officer, term: 1 wd, not_by: sorting, actions: { ok: { title: { fa: گ, en: Ok }, to: granted } } }\nends:\n",
                ),
                "sorting",
            ),
        ],
        keeps: &[
            ("needs: [reason, citation] }", "needs: [reason, citation], not_by: [reception] }"),
            // A case comes back from there.
            ("to: inquiries }", "to: inquiries, not_by: [commission, applicant] }"),
        ],
    },
    Rule {
        code: code::NOBODY_LEFT,
        breaks: &[
            (("to: reception }", "to: reception, not_by: applicant }"), "applicant"),
            (
                ("    owner: applicant\n", "    owner: applicant\n    not_by: applicant\n"),
                "applicant",
            ),
        ],
        keeps: &[("to: reception }", "to: reception, not_by: [reception] }")],
    },
    Rule {
        code: code::UNUSED_ROLE,
        breaks: &[
            (("members: member,", "members: director,"), "member"),
            (("owner: agency.court", "owner: officer"), "court"),
        ],
        keeps: &[],
    },
];
