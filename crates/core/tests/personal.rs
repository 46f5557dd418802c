//! Personal fields: what stands in events and states for them, and what may not read them.
#![allow(clippy::unwrap_used)]

mod support;

use parvaneh_core::{
    Actor, Caller, Case, CaseId, Command, Context, Decided, Definition, Event, Fact, Given, Open,
    Refusal, RoleId, decide,
    form::Value,
    open,
    personal::{self, Opened, Seed},
    timeline,
};
use proptest::prelude::*;
use support::{applicant, at, compiled, holder, live::World, office_hours};

const DEFINITION: &str = include_str!("forms/v1.yaml");
const PERSONAL: [&str; 4] = ["national_id", "born", "mobile", "remarks"];

/// The definition of the tests of forms, some of whose fields are personal; it asks for no papers.
fn source(personal: &[&str]) -> String {
    let line = |line: &str| {
        let name = line.trim().split(':').next().unwrap_or_default();
        let field =
            line.starts_with("    ") && line.contains("{ type:") && personal.contains(&name);
        match (field, line.strip_suffix(" }")) {
            (true, Some(rest)) => format!("{rest}, personal: yes }}\n"),
            _ => format!("{line}\n"),
        }
    };
    let text: String = DEFINITION.lines().map(line).collect();
    assert_eq!(text.matches("personal: yes").count(), personal.len());
    text
}

fn world(personal: &[&str]) -> World {
    let mut definition = Definition::parse("kindergarten/v1.yaml", &source(personal)).unwrap();
    for step in definition.steps.values_mut() {
        step.documents.clear();
        step.actions.values_mut().for_each(|action| action.documents.clear());
    }
    World::new(definition, compiled(office_hours()))
}

fn officer() -> Actor {
    holder(10, &RoleId::from("officer"), "2301")
}

/// What somebody asks, one after the other: from his application to the officer's decision.
fn life(world: &World, seed: Option<&Seed>, given: &Given) -> Result<Vec<Decided>, Refusal> {
    let context =
        |caller| Context { personal: seed, ..world.context(caller, None, at("2025-02-01 10:00")) };
    let application = Open {
        case: CaseId(uuid::Uuid::from_u128(5)),
        unit: "2301".into(),
        applicant: applicant().person,
        subject: "a kindergarten".to_owned(),
        received_at: None,
        reason: None,
        about: None,
        given: given.clone(),
    };
    let [his, officers] = [applicant(), officer()].map(Caller::Person);
    let mut all = vec![open(&context(&his), &application)?];
    let act = |action: &str, given: Given| Command::Act {
        action: action.into(),
        reason: Some("because".to_owned()),
        citation: None,
        given,
    };
    let again = Given::default().with("mobile", "09350000000").with("remarks", "");
    let visit = Given::default().with("area", "40").with("safe", true).with("children", 12);
    for (caller, command) in [
        (&officers, act("return", Given::default())),
        (&his, Command::Fill { given: given.clone() }),
        (&his, Command::Fill { given: again }),
        (&his, Command::Fill { given: given.clone() }),
        (&his, act("resubmit", Given::default())),
        (&officers, act("grant", visit)),
    ] {
        let case = all.last().unwrap().case.clone();
        all.push(decide(&context(caller), &case, &command)?);
    }
    Ok(all)
}

fn events(life: &[Decided]) -> Vec<Event> {
    life.iter().flat_map(|decided| decided.events.clone()).collect()
}

fn applications() -> impl Strategy<Value = Given> {
    let numbers = vec!["0013542419", "84575948", "0084575948"];
    let remarks = "[a-zA-Zآ-ی0-9]{4,12}";
    (prop::sample::select(numbers), "0912[0-9]{7}", "13[5-9][0-9]/0[1-6]/1[0-9]", remarks).prop_map(
        |(number, mobile, born, remarks)| {
            Given::default()
                .with("founder", "person")
                .with("capital", 500_000_000_u64)
                .with("national_id", number)
                .with("mobile", mobile)
                .with("born", born)
                .with("remarks", remarks)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_life_is_the_same_but_for_what_is_personal(given in applications(), seed in any::<[u8; 32]>()) {
        let world = world(&PERSONAL);
        let plain = life(&world, None, &given).unwrap();
        let sealed = life(&world, Some(&Seed::new(seed)), &given).unwrap();
        prop_assert!(plain.iter().all(|decided| decided.openings.is_empty()));
        // What is folded from the events is the state, and no event or state holds a value.
        let folded = Case::fold(&events(&sealed)).unwrap();
        prop_assert_eq!(&folded, &sealed.last().unwrap().case);
        let mut text: String = events(&sealed).iter().map(timeline::canonical).collect();
        text.push_str(&serde_json::to_string(&folded).unwrap());
        let values = plain.iter().flat_map(|decided| &decided.case.data);
        let mut looked_for = 0;
        for (field, value) in values.filter(|(field, _)| PERSONAL.contains(&field.as_str())) {
            looked_for += 1;
            prop_assert!(!text.contains(&serde_json::to_string(value).unwrap()), "{field}");
        }
        prop_assert!(looked_for > PERSONAL.len());
        let definition = &world.definition;
        prop_assert!(events(&sealed).iter().all(|event| definition.bare(event).is_none()));
        prop_assert!(events(&plain).iter().any(|event| definition.bare(event).is_some()));
        // With what was given back beside the events, everything is as if nothing had been personal.
        let openings = sealed.iter().flat_map(|decided| &decided.openings);
        let opened: Opened =
            openings.map(|opening| (opening.commitment(), opening.value.clone())).collect();
        let mut read = events(&sealed);
        prop_assert!(read.iter().flat_map(personal::of_event).all(|one| opened.contains_key(&one)));
        read.iter_mut().for_each(|event| personal::open_event(event, &opened));
        prop_assert_eq!(read, events(&plain));
        let mut case = folded;
        personal::open_case(&mut case, &opened);
        prop_assert_eq!(case, plain.last().unwrap().case.clone());
    }
}

#[test]
fn what_is_filled_in_again_is_no_event_and_opens_nothing_new() {
    let world = world(&PERSONAL);
    let given = Given::default()
        .with("founder", "person")
        .with("capital", 500_000_000_u64)
        .with("national_id", "0013542419")
        .with("mobile", "09121234567");
    let all = life(&world, Some(&Seed::new([7; 32])), &given).unwrap();
    let openings: Vec<_> = all.iter().map(|decided| decided.openings.len()).collect();
    // The application; sent back; the same; another mobile; the former one; resubmitted; granted.
    assert_eq!(openings, [2, 0, 0, 1, 1, 0, 0]);
    // To fill in the same, he only takes the task.
    let filled = |decided: &Decided| {
        decided.events.iter().filter(|event| matches!(event.fact, Fact::Filled { .. })).count()
    };
    assert_eq!(all.iter().map(filled).collect::<Vec<_>>(), [0, 0, 0, 1, 1, 0, 1]);
    assert_eq!(all[0].case.data["mobile"], all[4].case.data["mobile"], "one salt for each field");
    assert_ne!(all[0].case.data["mobile"], all[3].case.data["mobile"]);
    let wrong = Given::default().with("national_id", "0013542418");
    let refused = life(&world, Some(&Seed::new([7; 32])), &wrong).unwrap_err();
    let codes: Vec<_> = refused.faults.iter().map(|fault| fault.code.as_str()).collect();
    assert!(codes.contains(&"wrong_check_digit"), "checked as ever: {codes:?}");
}

#[test]
fn what_was_erased_says_so_and_counts_as_filled_in() {
    let world = world(&["mobile"]);
    let given = Given::default()
        .with("founder", "person")
        .with("national_id", "0013542419")
        .with("capital", 500_000_000_u64)
        .with("mobile", "09121234567");
    // Without the opening there is nothing but the commitment, and the officer decides all the same.
    let all = life(&world, Some(&Seed::new([7; 32])), &given).unwrap();
    let case = &all.last().unwrap().case;
    let Value::Personal(commitment) = &case.data["mobile"] else { panic!("{:?}", case.data) };
    assert!(case.is_ended());
    let shown = case.data["mobile"].shown(world.definition.field("mobile"));
    assert_eq!((shown.fa.as_str(), shown.en.as_str()), ("پاک شده", "erased"));
    let plain = case.data["mobile"].plain();
    assert_eq!(plain, serde_json::json!({ "personal": commitment.to_string() }));
}

/// What a definition may not say of a personal field: the change, and under what the caret stands.
#[test]
fn no_rule_reads_a_personal_field() {
    let table = [
        ("to: granted, form", "to: granted, if: \"mobile == '+98'\", form", "mobile"),
        ("to: granted, form", "to: granted, if: has(data.remarks), form", "(data"),
        ("max: 20 }", "max: 20, required_if: { national_id: '0013542419' } }", "national_id"),
        ("en: Safe }, required: yes }", "en: Safe }, required_if: { born: 1360/01/01 } }", "born"),
        ("en: Plan } }", "en: Plan }, personal: yes }", "personal"),
        (
            "en: Children }, required: yes, min: 1, max: 100 }",
            "en: Children }, personal: yes, computed: '1 + 1' }",
            "personal",
        ),
    ];
    let source = source(&["national_id", "born", "mobile"])
        .replace("en: Remarks }, max: 20 }", "en: Remarks }, max: 20, personal: yes }");
    assert!(Definition::parse("kindergarten/v1.yaml", &source).is_ok());
    for (from, to, place) in table {
        // The field whose condition it is need not be personal itself.
        let source = source.replace("max: 20, personal: yes }", "max: 20, personal: no }");
        let source = if to.contains("remarks") {
            source.replace("personal: no", "personal: yes")
        } else {
            source.replace(", personal: no", "")
        };
        let changed = source.replacen(from, to, 1);
        assert_ne!(changed, source, "{from}");
        let checked = Definition::check("kindergarten/v1.yaml", &changed, None);
        let told: Vec<_> =
            checked.problems.iter().map(|p| (p.code, &changed[p.span.clone()])).collect();
        assert!(told.contains(&("personal", place)), "{to}: {told:?}");
    }
}
