mod by_calendar;
mod passage;

use super::*;
use crate::{Term, definition::Definition, document::Problem};

/// A small definition with a step of each kind and nothing to complain of.
const BASE: &str = "\
workflow: base
version: 1
title: { fa: پایه, en: Base }
opens_at: county
about: { licence: establishment, stays_in_force: yes }
calendar: ir
statutory:
  term: 60 d
  starts: opened
  service_norm: 45 d
  basis: assumption
  extension: { times: 1, up_to: 20 d, by: director, basis: assumption }
  silence: { to: by_silence, grace: 2 wd, basis: assumption }
  escalate:
    - { warn: 5 d, tell: [owner] }
roles:
  officer: { at: county, title: { fa: کارشناس, en: Officer }, may: [open, record_answer] }
  director: { at: province, title: { fa: مدیر, en: Director }, may: [release_silence] }
  member: { at: province, title: { fa: عضو, en: Member } }
agencies:
  police: { at: county, title: { fa: پلیس, en: Police } }
  court: { at: province, title: { fa: دادگاه, en: Court } }
ladder:
  usual:
    - { warn: 2 d, tell: [owner] }
    - { warn: 1 d, tell: [owner] }
    - { after: 0 d, tell: [owner, director] }
    - { after: 3 d, tell: [director], reassign: director }
forms:
  paper:
    scope:
      type: choice
      title: { fa: دامنه, en: Scope }
      required: yes
      choices: { local: { fa: محلی, en: Local }, wide: { fa: ملی, en: Wide } }
    capital:
      type: money
      title: { fa: سرمایه, en: Capital }
      required_if: { scope: wide }
      min: 500,000
      max: 900,000
  visit:
    area: { type: number, title: { fa: مساحت, en: Area }, decimals: 1 }
    seen: { type: date, title: { fa: بازدید, en: Seen }, min: 1400/01/01, max: today }
application: paper
documents:
  charter: { title: { fa: اساسنامه, en: Charter }, verified_by: officer, copies: 2 }
  record: { title: { fa: سوءپیشینه, en: Criminal record }, valid_for: 3 mo }
steps:
  reception:
    title: { fa: پذیرش, en: Reception }
    owner: officer
    term: 3 d
    basis: assumption
    escalate: usual
    extension: { times: 1, up_to: 3 d, by: director, basis: assumption }
    actions:
      accept: { title: { fa: تأیید, en: Accept }, to: inquiries }
      return: { title: { fa: نقص, en: Return }, to: correction, needs: [reason] }
  correction:
    title: { fa: رفع نقص, en: Correction }
    owner: applicant
    statutory_clock: suspended
    term: 30 d
    basis: assumption
    silence: { to: lapsed, basis: assumption }
    actions:
      resubmit: { title: { fa: ارسال, en: Resubmit }, form: visit, documents: { charter: required, record: optional }, to: reception }
  inquiries:
    title: { fa: استعلام, en: Inquiries }
    parallel:
      join: { n: 2 }
      branches:
        police: { owner: agency.police, term: 20 d, basis: assumption, silence: { answer: positive, basis: assumption } }
        court:
          owner: agency.court
          term: 20 d
          basis: assumption
          escalate: [{ warn: 5 d, tell: [officer] }]
      when: { positive: commission, negative: { to: commission, at: once } }
  commission:
    title: { fa: کمیسیون, en: Commission }
    owner: director
    commission: { members: member, seats: 5, quorum: 3, majority: simple }
    statutory_silence: by_silence
    term: 15 d
    basis: assumption
    escalate: [{ after: 2 d, tell: [director] }]
    actions:
      defer: { title: { fa: تعویق, en: Defer }, to: correction }
    when: { approved: granted, rejected: { to: refused, needs: [reason, citation] } }
ends:
  granted:
    title: { fa: صدور, en: Granted }
    decision: yes
    outcome: granted
    licence: { kind: establishment, valid: 36 mo }
  by_silence: { title: { fa: خودکار, en: By silence }, decision: yes, outcome: granted, licence: { change: renew, valid: 36 mo } }
  refused: { title: { fa: رد, en: Refused }, decision: yes, outcome: refused }
  lapsed: { title: { fa: مختومه, en: Lapsed }, decision: no, outcome: lapsed }
  withdrawn: { title: { fa: انصراف, en: Withdrawn }, decision: no, outcome: withdrawn }
";

/// What stands in the base, and what is written instead.
type Change = (&'static str, &'static str);

/// A rule, changes of the base that break it with the text that the problem points at, and changes
/// near by that do not.
struct Rule {
    code: &'static str,
    breaks: &'static [(Change, &'static str)],
    keeps: &'static [Change],
}

const RULES: &[Rule] = &[
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

fn check(source: &str) -> Vec<Problem> {
    Definition::check("base.yaml", source, None).problems
}

fn changed((from, to): Change) -> String {
    assert_eq!(BASE.matches(from).count(), 1, "'{from}' must stand once in the base");
    BASE.replace(from, to)
}

#[test]
fn the_base_is_sound() {
    assert_eq!(check(BASE), []);
}

#[test]
fn every_rule_finds_what_breaks_it() {
    for rule in RULES {
        for (change, pointed) in rule.breaks {
            let source = changed(*change);
            let problems = check(&source);
            let mut found = problems.iter().filter(|problem| problem.code == rule.code);
            let found = found
                .any(|problem| pointed.is_empty() || source[problem.span.clone()] == **pointed);
            let told: Vec<_> = problems
                .iter()
                .map(|p| format!("{} at '{}': {}", p.code, &source[p.span.clone()], p.message))
                .collect();
            assert!(found, "{} at '{pointed}' by {change:?}: {told:#?}", rule.code);
        }
    }
}

#[test]
fn no_rule_finds_what_does_not_break_it() {
    for rule in RULES {
        for change in rule.keeps {
            let problems = check(&changed(*change));
            let wrong: Vec<_> = problems.iter().filter(|p| p.code == rule.code).collect();
            assert!(wrong.is_empty(), "{} by {change:?}: {wrong:#?}", rule.code);
        }
    }
}

#[test]
fn every_code_has_its_rule_here() {
    for code in code::ALL {
        let rules = RULES.iter().filter(|rule| rule.code == code.name);
        assert_eq!(rules.count(), 1, "{}", code.name);
    }
}

#[test]
fn a_definition_can_be_examined_without_its_file() {
    let definition = Definition::parse("base.yaml", BASE).expect("sound");
    assert_eq!(findings(&definition), []);
    let mut broken = definition.clone();
    broken.steps.shift_remove("commission");
    let codes: Vec<_> = findings(&broken).iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [code::UNKNOWN_STEP, code::UNKNOWN_STEP, code::UNUSED_ROLE]);
    let mut empty = definition;
    empty.steps.clear();
    assert!(!findings(&empty).is_empty());
}

#[test]
fn terms_are_compared_only_as_far_as_that_always_holds() {
    let term = |text: &str| text.parse::<Term>().expect("a term");
    let longer = [
        ("3 d", "2 d"),
        ("3 wd", "2 d"),
        ("3 wh", "2 h"),
        ("3 d", "47 h"),
        ("3 wd", "47 h"),
        ("1 h", "0 wd"),
    ];
    for (a, b) in longer {
        assert!(certainly_longer(term(a), term(b)), "{a} > {b}");
        assert!(!certainly_longer(term(b), term(a)), "{b} < {a}");
    }
    let unknown =
        [("2 d", "2 d"), ("2 wd", "2 d"), ("3 d", "48 h"), ("9 wh", "1 wd"), ("0 h", "0 wd")];
    for (a, b) in unknown {
        assert!(!certainly_longer(term(a), term(b)), "{a} ? {b}");
        assert!(!certainly_longer(term(b), term(a)), "{b} ? {a}");
    }
}

#[test]
fn a_long_chain_of_steps_is_examined_without_recursion() {
    let mut steps = String::new();
    for at in 0..3_000 {
        steps += &format!(
            "  s{at}: {{ title: {{ fa: گ, en: s }}, owner: officer, term: 1 h, basis: assumption, \
             actions: {{ go: {{ title: {{ fa: ب, en: go }}, to: s{} }} }} }}\n",
            at + 1
        );
    }
    let from = "steps:\n  reception:";
    let source = BASE.replace(from, &format!("steps:\n{steps}  s3000: &x\n  reception:"));
    let source = source.replace("  s3000: &x\n", "").replace("to: s3000 }", "to: reception }");
    let problems = check(&source);
    let codes: Vec<_> = problems.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, [code::TOO_SLOW], "{:?}", problems.first());
}
