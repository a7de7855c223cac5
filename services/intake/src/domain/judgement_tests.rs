//! A person says what a case is about: over the model, under the rules of safety.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use proptest::prelude::*;

use super::{
    case::{Case, Command, Event, State, complaint_of},
    case_tests::{after, contact, hours, levels, packs, respond, run},
    classify::{Classification, Heard},
    health,
    information_tests::ask,
    judgement::Judgement,
    record::Part,
    reporting_tests,
    vocabulary::{CaseClass, Emotion, Lane},
};

/// Says what it is about.
pub(super) fn classify(class: CaseClass, emotion: Option<Emotion>, version: u32) -> Command {
    let (reason, by) = ("read it".to_owned(), "staff:ana".to_owned());
    let department = Some("logistics".to_owned());
    let said = Judgement { class, emotion, department, reason, by, version };
    Command::Classify { said: Box::new(said), levels: levels(), packs: packs() }
}

/// Taken in as this class, decided by this.
fn decided_by(class: CaseClass, source: &str, severity: u8) -> Case {
    let mut one = contact(class);
    one.classification =
        Classification { class, source: source.into(), severity, heard: Heard::default(), reading: None };
    let mut case = Case::default();
    run(&mut case, one.register(&levels()), hours(0)).unwrap();
    case
}

#[test]
fn r_int_22_what_the_model_was_not_sure_of_waits_for_a_person() {
    for (source, unsure) in [
        ("default", true),
        ("default (model 3 p=0.41 repair unsure)", true),
        ("suggestion (model 3 p=0.41 repair unsure)", true),
        ("default (model 3 p=0.41 repair in shadow)", true),
        ("suggestion (model 3 p=0.41 repair in shadow)", false),
        ("model 3 p=0.93", false),
        ("stated", false),
    ] {
        let case = decided_by(CaseClass::Enquiry, source, 0);
        assert_eq!(case.facts.unwrap().is_unsure(), unsure, "{source}");
    }
    let complaint = decided_by(CaseClass::ServiceAttitude, "default.unhappy", 0);
    assert!(!complaint.facts.unwrap().is_unsure(), "whoever assesses it classifies it");
}

#[test]
fn r_int_22_a_persons_word_counts_over_the_models_and_what_was_thought_is_kept_beside_it() {
    let mut case = decided_by(CaseClass::Enquiry, "model 3 p=0.93", 0);
    let events = run(&mut case, classify(CaseClass::Suggestion, Some(Emotion::Calm), 0), hours(1)).unwrap();
    assert!(matches!(events[..], [Event::RecordCompleted(_), Event::Classified(_)]), "{events:?}");
    let facts = case.facts.clone().unwrap();
    assert_eq!((facts.class, facts.class_source.as_str()), (CaseClass::Suggestion, "person"));
    assert_eq!((facts.emotion, facts.complaint_id), (Some(Emotion::Calm), None));
    let judged = case.judged.clone().unwrap();
    assert_eq!(
        (judged.version, judged.class_was, judged.source_was.as_str()),
        (1, CaseClass::Enquiry, "model 3 p=0.93")
    );
    assert_eq!(
        (judged.by.as_str(), judged.department.as_deref(), judged.at),
        ("staff:ana", Some("logistics"), hours(1))
    );

    assert_eq!(run(&mut case, classify(CaseClass::Enquiry, None, 0), hours(2)), Err("case.classification_changed"));
    let angry = classify(CaseClass::Enquiry, Some(Emotion::Angry), 1);
    assert_eq!(run(&mut case, angry, hours(2)), Err("case.part_on_record"), "what was stated stays");
    run(&mut case, classify(CaseClass::Enquiry, Some(Emotion::Calm), 1), hours(2)).unwrap();
    let judged = case.judged.unwrap();
    assert_eq!((judged.version, judged.source_was.as_str()), (2, "person"));
    let model = judged.model.unwrap();
    assert_eq!((model.class, model.model.as_str()), (CaseClass::Enquiry, "3"), "what the model said is not forgotten");
}

#[test]
fn a_feeling_that_was_only_read_gives_way_to_what_a_person_says() {
    let mut read = contact(CaseClass::Enquiry);
    read.classification.heard.emotion = Some(Emotion::Angry);
    let mut case = Case::default();
    run(&mut case, read.register(&levels()), hours(0)).unwrap();
    run(&mut case, classify(CaseClass::Enquiry, Some(Emotion::Calm), 0), hours(1)).unwrap();
    let facts = case.facts.unwrap();
    assert_eq!((facts.emotion, facts.parts.contains(&Part::Emotion)), (Some(Emotion::Calm), true));
}

#[test]
fn what_turns_out_to_be_a_complaint_is_one_from_then_on_whatever_it_waited_for() {
    for commands in [vec![], vec![(respond(None), 1)], vec![(ask(1, &[Part::Emotion]), 1)]] {
        let mut case = after(CaseClass::Enquiry, &commands);
        run(&mut case, classify(CaseClass::Delivery, None, 0), hours(2)).unwrap();
        let facts = case.facts.clone().unwrap();
        assert_eq!(facts.complaint_id, Some(complaint_of(facts.case_id)));
        assert!(matches!(case.state, State::Routed | State::Responded), "{:?}", case.state);
        assert_eq!(case.info_until(), None);
        assert_eq!(run(&mut case, classify(CaseClass::Enquiry, None, 1), hours(3)), Err("case.is_complaint"));
    }
}

#[test]
fn r_int_09_whoever_says_it_is_about_health_raises_it_and_authorities_are_owed_what_follows() {
    let mut case = decided_by(CaseClass::Enquiry, "default", 0);
    let Command::Classify { said, levels, .. } = classify(CaseClass::Discomfort, None, 0) else { panic!("it does") };
    let told = Command::Classify { said, levels, packs: reporting_tests::packs(&["cn_cosmetics"]) };
    let events = run(&mut case, told, hours(1)).unwrap();
    let [Event::Health(health::Event::Raised { severity: 1, was: 0, .. }), Event::Classified(_), Event::Report(_)] =
        &events[..]
    else {
        panic!("{events:?}")
    };
    let facts = case.facts.clone().unwrap();
    assert_eq!((facts.lane, facts.health_severity, facts.priority.score), (Lane::Health, 1, 1000));
    assert!(facts.is_urgent() && facts.complaint_id.is_some());
    assert!(case.promises.last(kernel::sla::Kind::UrgentFeedback).is_some());
}

#[test]
fn a_case_from_before_it_could_be_classified_has_no_judgement() {
    let mut case = after(CaseClass::Enquiry, &[]);
    let stored = serde_json::to_value(&case).unwrap();
    assert!(stored.get("judged").is_none());
    run(&mut case, classify(CaseClass::Suggestion, None, 0), hours(1)).unwrap();
    let again: Case = serde_json::from_value(serde_json::to_value(&case).unwrap()).unwrap();
    assert_eq!(again, case);
}

proptest! {
    /// Whatever people say about a case in whatever order: severity, lane and points never fall, and a complaint stays one.
    #[test]
    fn r_int_09_no_word_of_a_person_lowers_what_safety_found(
        severity in 0_u8..=4, stated in prop::sample::select(vec![CaseClass::Enquiry, CaseClass::Suggestion]),
        said in prop::collection::vec(prop::sample::select(CaseClass::ALL.to_vec()), 1..6),
    ) {
        let mut case = decided_by(stated, "stated", severity);
        for (version, class) in said.into_iter().enumerate() {
            let before = case.facts.clone().unwrap();
            let version = u32::try_from(version).unwrap();
            let outcome = run(&mut case, classify(class, None, version), hours(1));
            let after = case.facts.clone().unwrap();
            prop_assert!(after.health_severity >= before.health_severity);
            prop_assert!(after.lane == before.lane || after.lane == Lane::Health);
            prop_assert!(after.priority.score >= before.priority.score);
            prop_assert!(before.complaint_id.is_none() || after.complaint_id == before.complaint_id);
            prop_assert_eq!(outcome.is_err(), before.complaint_id.is_some());
        }
    }
}
