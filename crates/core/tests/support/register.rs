//! Cases that are about a licence or about another case.

use parvaneh_core::{
    Actor, CaseId, Definition, LicenceNumber, Open, RefusalCode,
    register::{
        Found, FoundCase, FoundLicence, LicenceState, Reference, RegisteredLicence, Running,
    },
};
use uuid::Uuid;

use super::{
    applicant, compiled, date,
    live::World,
    office_hours, person,
    stage::{LICENCE, application, officer},
};

/// The small procedure, about something, with this done to the licence where it grants.
pub(crate) fn definition(about: &str, at_the_end: &str) -> Definition {
    let about = format!("opens_at: county\nabout: {{ {about} }}\n");
    let granted = "en: Granted }, decision: yes, outcome: granted";
    let changed = format!("{granted}{at_the_end}");
    let source = LICENCE.replace("opens_at: county\n", &about).replace(granted, &changed);
    Definition::parse("licence.yaml", &source).unwrap_or_else(|problems| {
        panic!("{}", problems.iter().map(|p| p.render(&source)).collect::<String>())
    })
}

pub(crate) fn world(definition: Definition, found: Option<Found>) -> World {
    World { found, ..World::new(definition, compiled(office_hours())) }
}

/// A licence of the applicant's, valid until a day.
pub(crate) fn licence(valid_until: &str) -> RegisteredLicence {
    RegisteredLicence {
        number: LicenceNumber::parse("1400-2301-7K3M9-QX2TV").unwrap(),
        kind: "activity".to_owned(),
        holder: applicant().person,
        unit: "2301".into(),
        valid_from: date("2022-02-01"),
        valid_until: date(valid_until),
        state: LicenceState::Active,
        mark: None,
        changes: 1,
    }
}

pub(crate) fn found(licence: RegisteredLicence) -> Option<Found> {
    Some(Found::Licence(FoundLicence { licence, running: Vec::new() }))
}

/// An application about the licence.
pub(crate) fn about_licence() -> Open {
    let number = licence("2025-02-01").number;
    Open { about: Some(Reference::Licence(number)), ..application() }
}

fn other() -> CaseId {
    CaseId(Uuid::from_u128(0x07e4))
}

pub(crate) fn about_case() -> Open {
    Open { about: Some(Reference::Case(other())), ..application() }
}

/// Another case of the applicant's, in time.
pub(crate) fn case() -> FoundCase {
    FoundCase {
        case: other(),
        workflow: "renewal".into(),
        applicant: applicant().person,
        unit: "2301".into(),
        running: true,
        late: false,
        past_norm: false,
        others: Vec::new(),
    }
}

/// Every refusal of an opening that has to do with what it is about, on 2025-02-01.
pub(crate) fn refused_openings() -> Vec<(RefusalCode, World, Actor, Open)> {
    use RefusalCode::*;
    let valid = || licence("2025-02-01");
    let of = |about: &str, found| world(definition(about, ""), found);
    let plain = |licence| of("licence: activity", found(licence));
    let case_of = |about: &str, case| of(about, Some(Found::Case(case)));
    let running = || Running { case: CaseId(Uuid::from_u128(9)), workflow: "licence".into() };
    let second = Some(Found::Licence(FoundLicence { licence: valid(), running: vec![running()] }));
    let unsaid = world(super::stage::licence(), found(valid()));
    vec![
        (AboutNeeded, plain(valid()), applicant(), application()),
        (AboutUnwanted, unsaid, applicant(), about_licence()),
        (AboutUnwanted, plain(valid()), applicant(), about_case()),
        (UnknownLicence, of("licence: activity", None), applicant(), about_licence()),
        (
            UnknownLicence,
            plain(RegisteredLicence {
                number: LicenceNumber::parse("1400-2301-00000-00000").unwrap(),
                ..valid()
            }),
            applicant(),
            about_licence(),
        ),
        (UnknownCase, of("case: renewal", None), applicant(), about_case()),
        (WrongLicenceKind, of("licence: plan", found(valid())), applicant(), about_licence()),
        (WrongWorkflow, case_of("case: amendment", case()), applicant(), about_case()),
        (
            NotTheHolder,
            plain(RegisteredLicence { holder: person(2), ..valid() }),
            officer(),
            about_licence(),
        ),
        (
            NotTheHolder,
            case_of("case: renewal", FoundCase { applicant: person(2), ..case() }),
            applicant(),
            about_case(),
        ),
        (LicenceExpired, plain(licence("2025-01-31")), applicant(), about_licence()),
        (
            LicenceExpired,
            of("licence: activity, expired: 90 d", found(licence("2024-11-02"))),
            applicant(),
            about_licence(),
        ),
        (
            LicenceSuspended,
            plain(RegisteredLicence { state: LicenceState::Suspended, ..valid() }),
            applicant(),
            about_licence(),
        ),
        (
            LicenceRevoked,
            of(
                "licence: activity, suspended: yes",
                found(RegisteredLicence { state: LicenceState::Revoked, ..valid() }),
            ),
            applicant(),
            about_licence(),
        ),
        (
            WrongCaseState,
            case_of("case: renewal, state: past_norm", case()),
            applicant(),
            about_case(),
        ),
        (WrongCaseState, case_of("case: renewal, state: late", case()), applicant(), about_case()),
        (WrongCaseState, case_of("case: renewal, state: ended", case()), applicant(), about_case()),
        (
            WrongCaseState,
            case_of("case: renewal, state: running", FoundCase { running: false, ..case() }),
            applicant(),
            about_case(),
        ),
        (
            AnotherRunning,
            of("licence: activity, one_at_a_time: yes", second),
            applicant(),
            about_licence(),
        ),
        (
            AnotherRunning,
            case_of(
                "case: renewal, one_at_a_time: yes",
                FoundCase { others: vec![running()], ..case() },
            ),
            applicant(),
            about_case(),
        ),
        (
            OutOfJurisdiction,
            plain(RegisteredLicence { unit: "0801".into(), ..valid() }),
            applicant(),
            about_licence(),
        ),
    ]
}
