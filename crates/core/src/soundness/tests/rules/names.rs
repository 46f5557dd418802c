//! Every name leads somewhere.

use super::{Rule, code};

pub(super) const RULES: &[Rule] = &[
    Rule {
        code: code::UNKNOWN_STEP,
        breaks: &[
            (("to: inquiries }", "to: inqiries }"), "inqiries"),
            (("silence: { to: lapsed", "silence: { to: gone"), "gone"),
            (("silence: { to: by_silence", "silence: { to: by_silense"), "by_silense"),
            (("statutory_silence: by_silence", "statutory_silence: grantd"), "grantd"),
            (("positive: commission", "positive: comission"), "comission"),
            (("negative: { to: commission", "negative: { to: nowhere"), "nowhere"),
            (("approved: granted", "approved: grantd"), "grantd"),
            (("rejected: { to: refused", "rejected: { to: refusd"), "refusd"),
            (("starts: opened", "starts: { entering: receptoin }"), "receptoin"),
            (("starts: opened", "starts: { entering: granted }"), "granted"),
        ],
        keeps: &[("starts: opened", "starts: { entering: inquiries }")],
    },
    Rule {
        code: code::UNKNOWN_ROLE,
        breaks: &[
            (("owner: officer\n", "owner: oficer\n"), "oficer"),
            (("owner: director\n", "owner: directr\n"), "directr"),
            (("members: member,", "members: membr,"), "membr"),
            (("owner: agency.court", "owner: agency.cort"), "agency.cort"),
            (("verified_by: officer", "verified_by: oficer"), "oficer"),
            (("owner: agency.court", "owner: court"), "court"),
            (("tell: [owner, director]", "tell: [owner, boss]"), "boss"),
            (("reassign: director", "reassign: boss"), "boss"),
            (("up_to: 20 d, by: director", "up_to: 20 d, by: boss"), "boss"),
            (("up_to: 3 d, by: director", "up_to: 3 d, by: boss"), "boss"),
            (("tell: [officer]", "tell: [boss]"), "boss"),
        ],
        keeps: &[("tell: [officer]", "tell: [agency.court]")],
    },
    Rule {
        code: code::UNKNOWN_ACTION,
        breaks: &[(("reassign: director", "act: acept"), "acept")],
        keeps: &[("reassign: director", "act: accept")],
    },
    Rule {
        code: code::NAME_TAKEN,
        breaks: &[(("  lapsed: { title", "  reception: { title"), "reception")],
        keeps: &[],
    },
    Rule {
        code: code::AGENCY_CANNOT_ACT,
        breaks: &[
            (("owner: officer\n", "owner: agency.police\n"), "agency.police"),
            (("owner: director\n", "owner: agency.court\n"), "agency.court"),
            (("members: member,", "members: agency.court,"), "agency.court"),
            (("reassign: director", "reassign: agency.police"), "agency.police"),
            (("up_to: 20 d, by: director", "up_to: 20 d, by: agency.court"), "agency.court"),
        ],
        keeps: &[
            ("owner: agency.court", "owner: officer"),
            ("tell: [officer]", "tell: [agency.police]"),
        ],
    },
    Rule {
        code: code::LEVEL_BELOW_OPENING,
        breaks: &[
            (("opens_at: county", "opens_at: province"), "officer"),
            (("opens_at: county", "opens_at: province"), "agency.police"),
            (("opens_at: county", "opens_at: national"), "director"),
        ],
        keeps: &[("police: { at: county", "police: { at: national")],
    },
];
