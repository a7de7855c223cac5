//! What an adviser says: shown, counting where nobody else has spoken, lowering nothing.
#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::{
    advice::Opinion,
    case::{Case, Command, Event},
    case_tests::{contact, hours, levels, packs, respond, run},
    classify::{Classification, Heard},
    ending::Unfit,
    ending_tests::reject,
    health_tests::{self, record_health},
    judgement_tests::classify,
    vocabulary::{CaseClass, Lane},
};

/// The adviser says what it is about.
pub(super) fn advise(class: CaseClass, decides: bool) -> Command {
    let (department, model) = (Some("workshop".to_owned()), "m-1".to_owned());
    let opinion = Opinion { class, emotion: None, department, percent: 93, model, at: hours(1) };
    Command::Advise { opinion: Box::new(opinion), decides, levels: levels(), packs: packs() }
}

fn decided_by(source: &str, severity: u8) -> Case {
    let mut one = contact(CaseClass::Enquiry);
    let (class, source) = (CaseClass::Enquiry, source.to_owned());
    one.classification = Classification { class, source, severity, heard: Heard::default(), reading: None };
    let mut case = Case::default();
    run(&mut case, one.register(&levels()), hours(0)).unwrap();
    case
}

#[test]
fn it_is_shown_and_counts_only_where_it_may_and_nobody_and_nothing_has_spoken() {
    let mut shown = decided_by("default", 0);
    let events = run(&mut shown, advise(CaseClass::Repair, false), hours(1)).unwrap();
    assert!(matches!(events[..], [Event::Advised(_)]), "{events:?}");
    let facts = shown.facts.clone().unwrap();
    assert_eq!((facts.class, facts.is_unsure()), (CaseClass::Enquiry, true));
    assert_eq!(shown.opinion.clone().unwrap().source(), "advice: m-1, p=0.93");
    assert_eq!(run(&mut shown, advise(CaseClass::Delivery, true), hours(2)), Ok(vec![]), "it is heard once");

    let mut counts = decided_by("default (model 3 p=0.41 repair unsure)", 0);
    let events = run(&mut counts, advise(CaseClass::Repair, true), hours(1)).unwrap();
    assert!(matches!(events[..], [Event::Advised(_), Event::Classified(_)]), "{events:?}");
    let facts = counts.facts.clone().unwrap();
    assert_eq!((facts.class, facts.class_source.as_str()), (CaseClass::Repair, "advice: m-1, p=0.93"));
    assert!(facts.complaint_id.is_some() && counts.judged.is_none());

    let mut known = decided_by("suggestion (model 3 p=0.41 repair unsure)", 0);
    run(&mut known, advise(CaseClass::Repair, true), hours(1)).unwrap();
    let facts = known.facts.clone().unwrap();
    assert_eq!((facts.class, known.opinion.is_some()), (CaseClass::Enquiry, true), "a rule spoke");
}

#[test]
fn told_too_late_it_changes_nothing() {
    let mut judged = decided_by("default", 0);
    run(&mut judged, classify(CaseClass::Enquiry, None, 0), hours(1)).unwrap();
    let mut rejected = decided_by("default", 0);
    run(&mut rejected, reject(Unfit::Spam), hours(1)).unwrap();
    for mut case in [judged, rejected, decided_by("stated", 0), decided_by("model 3 p=0.93", 0)] {
        let before = case.clone();
        assert_eq!(run(&mut case, advise(CaseClass::Repair, true), hours(2)), Ok(vec![]));
        assert_eq!(case, before);
    }
    let mut answered = decided_by("default", 0);
    run(&mut answered, respond(None), hours(1)).unwrap();
    assert!(!run(&mut answered, advise(CaseClass::Repair, false), hours(2)).unwrap().is_empty());
}

#[test]
fn r_int_09_an_adviser_can_raise_and_not_lower() {
    let mut raised = decided_by("default", 0);
    run(&mut raised, advise(CaseClass::Discomfort, true), hours(1)).unwrap();
    let facts = raised.facts.unwrap();
    assert_eq!((facts.lane, facts.health_severity), (Lane::Health, 1));

    let mut harmed = decided_by("default", 0);
    run(&mut harmed, record_health(health_tests::symptoms(3)), hours(1)).unwrap();
    let before = harmed.facts.clone().unwrap();
    run(&mut harmed, advise(CaseClass::Suggestion, true), hours(1)).unwrap();
    assert_eq!(harmed.facts.unwrap(), before);
}

proptest! {
    /// Whatever an adviser says of whatever case, and whether it may decide or not.
    #[test]
    fn r_int_09_no_adviser_lowers_anything(
        class in prop::sample::select(CaseClass::ALL.to_vec()), decides: bool, severity in 0_u8..=4,
        source in prop::sample::select(vec!["default", "default.unhappy", "stated", "health.discomfort", "x (m unsure)"]),
    ) {
        let mut case = decided_by(source, severity);
        let before = case.facts.clone().unwrap();
        run(&mut case, advise(class, decides), hours(1)).unwrap();
        let after = case.facts.unwrap();
        prop_assert!(after.health_severity >= before.health_severity);
        prop_assert!(after.lane == before.lane || after.lane == Lane::Health);
        prop_assert!(after.priority.score >= before.priority.score && after.respond_by <= before.respond_by);
        prop_assert!(severity == 0 || after.class == before.class);
    }
}
