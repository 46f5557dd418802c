//! Forms in the life of a case.
#![allow(clippy::unwrap_used)]

mod support;

use parvaneh_core::{
    Actor, CalendarSource, Calendars, Caller, Case, CaseId, Command, Context, Decided, Definition,
    Given, Open, Organisation, Refusal, RoleId, Unit, UnitId, decide,
    decide::{Possible, possible},
    definition::Level,
    event::Fact,
    form::{FileReference, HandedIn, Value},
    open,
    scenario::{self, Setting},
    timeline,
};
use serde_json::json;
use support::{applicant, at, compiled, holder, live::World, office_hours};

const DEFINITION: &str = include_str!("forms/v1.yaml");
const CALENDAR: &str = include_str!("../../../workflows/calendars/ir.yaml");

fn definition() -> Definition {
    Definition::parse("kindergarten/v1.yaml", DEFINITION).unwrap()
}

fn organisation() -> Organisation {
    let unit = |id: &str, parent: Option<&str>, level| Unit {
        id: id.into(),
        parent: parent.map(UnitId::from),
        level,
        title: support::text(id),
    };
    Organisation::new([
        unit("ir", None, Level::National),
        unit("23", Some("ir"), Level::Province),
        unit("2301", Some("23"), Level::County),
    ])
    .unwrap()
}

fn lived(source: &str, file: &str) {
    let (definition, organisation) = (definition(), organisation());
    let calendars = Calendars::compile(CalendarSource::parse("ir.yaml", CALENDAR).unwrap());
    let setting =
        Setting { definition: &definition, calendars: &calendars, organisation: &organisation };
    let report = scenario::run(&setting, file, source);
    let told: Vec<_> = report.problems.iter().map(|problem| problem.render(source)).collect();
    assert!(report.is_as_expected() && report.lived > 1, "\n{}", told.join("\n"));
}

#[test]
fn forms_are_filled_in_from_the_opening_to_the_end() {
    lived(include_str!("forms/filled.yaml"), "filled.yaml");
}

#[test]
fn papers_come_along_with_what_is_done() {
    lived(include_str!("forms/papers.yaml"), "papers.yaml");
}

/// A case of the definition, in the hands of whoever acts.
struct Desk {
    world: World,
    case: Option<Case>,
}

impl Desk {
    fn new() -> Self {
        // Of papers the scenario tells.
        let mut definition = definition();
        for step in definition.steps.values_mut() {
            step.documents.clear();
            step.actions.values_mut().for_each(|action| action.documents.clear());
        }
        Self { world: World::new(definition, compiled(office_hours())), case: None }
    }

    fn open(&mut self, given: Given) -> Result<Decided, Refusal> {
        let application = Open {
            case: CaseId(uuid::Uuid::from_u128(5)),
            unit: "2301".into(),
            applicant: applicant().person,
            subject: "a kindergarten".to_owned(),
            received_at: None,
            reason: None,
            about: None,
            given,
        };
        let caller = Caller::Person(applicant());
        let decided = open(&self.context(&caller), &application)?;
        self.case = Some(decided.case.clone());
        Ok(decided)
    }

    fn ask(&mut self, who: Actor, command: &Command) -> Result<Decided, Refusal> {
        let caller = Caller::Person(who);
        let decided = decide(&self.context(&caller), self.case.as_ref().unwrap(), command)?;
        self.case = Some(decided.case.clone());
        Ok(decided)
    }

    fn able(&self, who: Actor) -> Vec<Possible> {
        possible(&self.context(&Caller::Person(who)), self.case.as_ref().unwrap())
    }

    fn context<'a>(&'a self, caller: &'a Caller) -> Context<'a> {
        self.world.context(caller, None, at("2025-02-01 10:00"))
    }
}

fn officer() -> Actor {
    holder(10, &RoleId::from("officer"), "2301")
}

fn application() -> Given {
    Given::default()
        .with("founder", "person")
        .with("national_id", 84_575_948)
        .with("capital", 500_000_000_u64)
        .with("mobile", "09123456789")
}

fn act(action: &str, given: Given) -> Command {
    let reason = Some("because".to_owned());
    Command::Act { action: action.into(), citation: reason.clone(), reason, given }
}

#[test]
fn what_was_filled_in_stands_on_the_timeline() {
    let mut desk = Desk::new();
    let opened = desk.open(application()).unwrap();
    assert_eq!(opened.events.len(), 1, "values of the opening stand in it");
    let bytes = timeline::canonical(&opened.events[0]);
    let values = r#""values":{"capital":{"money":500000000},"founder":{"choice":"person"},"mobile":{"phone":"+989123456789"},"national_id":{"national_id":"0084575948"}}"#;
    assert!(bytes.contains(values), "{bytes}");

    let visit = Given::default().with("area", "40").with("safe", true);
    let granted = desk.ask(officer(), &act("grant", visit.clone().with("children", 12))).unwrap();
    let kinds: Vec<_> = granted.events.iter().map(|event| event.fact.kind()).collect();
    assert_eq!(kinds, ["claimed", "filled", "acted"]);
    assert_eq!(desk.case.as_ref().unwrap().data["safe"], Value::YesNo(true));

    // Without forms, a timeline says what it always said.
    let mut plain = Desk::new();
    let opened = plain.open(application()).unwrap();
    let Fact::Opened { entry, .. } = &opened.events[0].fact else { panic!("it opens") };
    assert!(!serde_json::to_string(entry).unwrap().contains("values"));
}

#[test]
fn filling_in_what_is_there_is_no_event() {
    let mut desk = Desk::new();
    desk.open(application()).unwrap();
    let fill = |value: serde_json::Value| Command::Fill {
        given: Given::default().with("area", value).with("plan", serde_json::Value::Null),
    };
    assert_eq!(desk.ask(officer(), &fill(json!(40))).unwrap().events.len(), 1);
    assert_eq!(desk.ask(officer(), &fill(json!("۴۰٫۰"))).unwrap().events, []);
    let cleared = desk.ask(officer(), &fill(json!("  "))).unwrap();
    let Fact::Filled { values, cleared } = &cleared.events[0].fact else { panic!("filled") };
    assert!(values.is_empty());
    assert_eq!(*cleared, ["area".into()]);
    assert!(!desk.case.as_ref().unwrap().data.contains_key("area"));
}

#[test]
fn every_fault_is_told_at_once_in_both_languages() {
    let given = Given::default()
        .with("founder", "company")
        .with("capital", "۵۰۰ تومان")
        .with("born", "1403/12/31")
        .with("mobile", "12")
        .with("remarks", "این توضیح بسیار بلندتر از آن است که پذیرفته شود")
        .with("area", 7)
        .with("capitall", 1);
    let refusal = Desk::new().open(given).unwrap_err();
    assert_eq!((refusal.code.as_str(), refusal.state.as_str()), ("form_invalid", ""));
    let told: Vec<_> =
        refusal.faults.iter().map(|fault| format!("{fault}\n  {}", fault.fa)).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn what_is_possible_names_the_fields_that_are_missing() {
    let mut desk = Desk::new();
    desk.open(application()).unwrap();
    let needs = |able: &[Possible], wanted: &str| {
        able.iter().find_map(|possible| match possible {
            Possible::Act { action, needs_values, .. } if action.as_str() == wanted => {
                Some(needs_values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
            }
            _ => None,
        })
    };
    let able = desk.able(officer());
    assert_eq!(needs(&able, "grant").unwrap(), "area safe children");
    assert_eq!(needs(&able, "return").unwrap(), "");
    assert_eq!(needs(&able, "refuse").unwrap(), "");
    assert!(able.contains(&Possible::Fill));
    // To the applicant nothing is offered that only the officer can do.
    let able = desk.able(applicant());
    assert!(!able.contains(&Possible::Fill) && needs(&able, "grant").is_none(), "{able:?}");
    // Somebody else has the task.
    desk.ask(officer(), &Command::Claim { task: 1 }).unwrap();
    let other = holder(11, &RoleId::from("officer"), "2301");
    assert!(!desk.able(other).contains(&Possible::Fill));
}

fn paper(copies: u32, issued: Option<&str>) -> HandedIn {
    let file = FileReference {
        name: "a.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        size: 1,
        sha256: "0".repeat(64),
    };
    HandedIn { file, issued: issued.map(str::to_owned), copies }
}

#[test]
fn papers_of_an_application_are_facts_of_their_own() {
    let mut desk = Desk { world: World::new(definition(), compiled(office_hours())), case: None };
    // Every fault at once, and nothing is opened.
    let wrong = application()
        .with("capital", "1")
        .with_paper("charter", paper(1, None))
        .with_paper("record", paper(1, None))
        .with_paper("chartr", paper(1, None));
    let refusal = desk.open(wrong).unwrap_err();
    let told: Vec<_> = refusal.faults.iter().map(ToString::to_string).collect();
    assert_eq!(refusal.code.as_str(), "form_invalid");
    assert_eq!(
        told,
        [
            "capital: Capital: at least 500,000,000 rials (too_small)",
            "charter: Charter: is handed in in 2 copies at least, and in 1000 at most (too_few_copies)",
            "record: Criminal record: needs the day of its issue (issue_day_needed)",
            "chartr: the procedure asks for no 'chartr': did you mean 'charter'? (unknown_document)",
        ]
    );
    assert!(refusal.faults[3].fa.contains("«charter»"), "{}", refusal.faults[3].fa);

    let good = application()
        .with_paper("charter", paper(2, None))
        .with_paper("record", paper(1, Some("2025-01-20")));
    let received = at("2025-01-30 10:00");
    let opening = Open {
        case: CaseId(uuid::Uuid::from_u128(5)),
        unit: "2301".into(),
        applicant: applicant().person,
        subject: "a kindergarten".to_owned(),
        received_at: Some(received),
        reason: Some("the line was down".to_owned()),
        about: None,
        given: good,
    };
    let opened = open(&desk.context(&Caller::Person(officer())), &opening).unwrap();
    let kinds: Vec<_> = opened.events.iter().map(|event| event.fact.kind()).collect();
    assert_eq!(kinds, ["opened", "document_attached", "document_attached"]);
    // The application says what it always said; its papers came with it, when it was received.
    let bytes = timeline::canonical(&opened.events[0]);
    assert!(!bytes.contains("papers") && !bytes.contains("charter"), "{bytes}");
    assert!(opened.events.iter().all(|event| event.effective_at == received));
    assert_eq!(opened.case.documents["charter"].at, received);
    assert_eq!(Case::fold(&opened.events).unwrap(), opened.case);

    // What may come along is told; what somebody must look at first is not.
    desk.case = Some(opened.case);
    let grant = |desk: &Desk| {
        desk.able(officer())
            .into_iter()
            .find(|able| matches!(able, Possible::Act { action, .. } if action.as_str() == "grant"))
    };
    assert_eq!(grant(&desk), None, "nobody has looked at the papers yet");
    for document in ["charter", "record"] {
        let (document, good, reason) = (document.into(), true, None);
        desk.ask(officer(), &Command::VerifyDocument { document, good, reason }).unwrap();
    }
    desk.world.definition.steps["inspection"].documents.insert("photos".into(), true);
    let Some(Possible::Act { needs_papers, .. }) = grant(&desk) else { panic!("it is offered") };
    assert_eq!(needs_papers, ["photos".into()]);
    let visit = Given::default().with("area", "40").with("safe", true).with("children", 12);
    let refusal = desk.ask(officer(), &act("grant", visit.clone())).unwrap_err();
    assert_eq!(refusal.code.as_str(), "documents_lacking");
    let visit = visit.with_paper("photos", paper(1, None));
    let granted = desk.ask(officer(), &act("grant", visit)).unwrap();
    let kinds: Vec<_> = granted.events.iter().map(|event| event.fact.kind()).collect();
    assert_eq!(kinds, ["claimed", "document_attached", "filled", "acted"]);
}

#[test]
fn silence_asks_for_no_form() {
    let mut desk = Desk::new();
    desk.open(application()).unwrap();
    desk.ask(officer(), &act("return", Given::default())).unwrap();
    let clear = Given::default().with("remarks", "…");
    desk.ask(applicant(), &Command::Fill { given: clear }).unwrap();
    let late = at("2025-06-01 10:00");
    let ctx = desk.world.context(&Caller::System, None, late);
    let decided = decide(&ctx, desk.case.as_ref().unwrap(), &Command::Tick).unwrap();
    assert_eq!(decided.case.place.name().as_str(), "lapsed");
    // Its data stay with the case.
    assert_eq!(decided.case.data["capital"], Value::Money(500_000_000));
}

#[test]
fn a_command_can_be_kept_and_read_again() {
    let command = act("grant", application());
    let text = serde_json::to_string(&command).unwrap();
    assert!(text.contains(r#""values":{"#), "{text}");
    assert_eq!(serde_json::from_str::<Command>(&text).unwrap(), command);
    // Without values, it reads as it always did: the keys of earlier requests stay good.
    let plain = Command::Act {
        action: "accept".into(),
        reason: None,
        citation: None,
        given: Given::default(),
    };
    let text = serde_json::to_string(&plain).unwrap();
    assert_eq!(text, r#"{"type":"act","action":"accept","reason":null,"citation":null}"#);
}
