//! The health record: added once, never lowered, and what raising it does to the place in the queue and to the promise.
#![expect(clippy::unwrap_used, reason = "tests")]

use kernel::{promise::State as Stands, sla::Kind};
use proptest::prelude::*;

use super::{
    case::{Case, Command, Contact, Event},
    case_tests::{after, contact, hours, levels, packs, respond, run},
    classify::{Classification, Heard},
    course::tests::{further, hear},
    ending::Unfit,
    ending_tests::reject,
    health::{self, Care, Group, Part, Said},
    vocabulary::{CaseClass, Emotion, Lane, Outcome},
};

pub(super) fn record_health(said: Said) -> Command {
    Command::RecordHealth { said: Box::new(said), levels: levels(), packs: packs() }
}

pub(super) fn symptoms(severity: u8) -> Said {
    Said { words: [Part::Symptoms].into(), ..severe(severity) }
}

fn severe(severity: u8) -> Said {
    Said { severity: Some(severity), ..Said::default() }
}

fn place(case: &Case) -> (Lane, u8, i64) {
    let facts = case.facts.as_ref().unwrap();
    (facts.lane, facts.health_severity, facts.priority.score)
}

/// What the rules hear in words raises as a person's judgement does, and leaves that to a person.
#[test]
fn r_int_09_what_is_heard_in_words_raises_lowers_nothing_and_is_nobodys_judgement() {
    let heard = |heard| record_health(Said { heard, ..Said::default() });
    let mut case = after(CaseClass::Enquiry, &[]);
    let events = run(&mut case, heard(2), hours(1)).unwrap();
    assert!(matches!(events[..], [Event::Health(health::Event::Raised { severity: 2, was: 0, .. })]), "{events:?}");
    assert_eq!(place(&case), (Lane::Health, 2, 2000));
    assert!(case.health_missing().contains(&Part::Severity));
    for less in [1, 2] {
        assert_eq!(run(&mut case, heard(less), hours(2)), Ok(vec![]));
    }
    run(&mut case, record_health(Said { heard: 3, ..symptoms(2) }), hours(3)).unwrap();
    assert_eq!(place(&case), (Lane::Health, 3, 3000));
}

#[test]
fn r_int_06_r_int_20_each_part_is_asked_for_until_it_is_on_record_and_stays_as_it_was_said() {
    let mut case = after(CaseClass::Discomfort, &[]);
    assert_eq!(case.health_missing(), Part::ALL.into());
    run(&mut case, record_health(Said { batch: Some("L7".into()), ..symptoms(1) }), hours(1)).unwrap();
    let missing = |case: &Case| case.health_missing().into_iter().map(Part::word).collect::<Vec<_>>();
    let rest = ["onset", "frequency_of_use", "duration_of_use", "medical_care", "special_groups"];
    assert_eq!(missing(&case), rest);
    assert_eq!(case.facts.as_ref().unwrap().batch.as_deref(), Some("L7"));
    for said in [symptoms(1), Said { batch: Some("L8".into()), ..Said::default() }] {
        assert_eq!(run(&mut case, record_health(said), hours(1)), Err("case.health_on_record"));
    }
    let words = [Part::Onset, Part::FrequencyOfUse, Part::DurationOfUse].into();
    let (care, groups) = (Some(Care::Sought), Some([].into()));
    run(&mut case, record_health(Said { words, care, groups, ..Said::default() }), hours(1)).unwrap();
    assert_eq!(missing(&case), Vec::<&str>::new());
    assert_eq!(missing(&after(CaseClass::Enquiry, &[])), Vec::<&str>::new(), "only where there is harm");
}

#[test]
fn r_int_09_raised_severity_gives_a_case_its_new_place_and_nobody_lowers_it() {
    let mut case = after(CaseClass::Enquiry, &[]);
    assert_eq!(run(&mut case, record_health(symptoms(0)), hours(1)), Err("case.severity_missing"));
    let events = run(&mut case, record_health(symptoms(2)), hours(1)).unwrap();
    let [Event::Health(health::Event::Recorded(_)), Event::Health(health::Event::Raised { was: 0, .. })] = &events[..]
    else {
        unreachable!("{events:?}")
    };
    assert_eq!(place(&case), (Lane::Health, 2, 2000));
    let facts = case.facts.as_ref().unwrap();
    assert_eq!(facts.respond_by, hours(24), "what is promised first holds");
    let urgent = case.promises.last(Kind::UrgentFeedback).unwrap();
    assert_eq!((urgent.standing.due_at, urgent.standing.state), (hours(25), Stands::Running));

    let less = Said { care: Some(Care::None), ..Said::default() };
    run(&mut case, record_health(Said { care: Some(Care::Hospitalised), ..severe(3) }), hours(2)).unwrap();
    assert_eq!(run(&mut case, record_health(severe(2)), hours(3)), Err("case.health_lowered"));
    assert_eq!(run(&mut case, record_health(less), hours(3)), Err("case.health_lowered"));
    assert_eq!(run(&mut case, record_health(severe(3)), hours(3)), Ok(vec![]));
    assert_eq!(place(&case), (Lane::Health, 3, 3000));
    run(&mut case, record_health(Said { death: true, ..Said::default() }), hours(3)).unwrap();
    assert_eq!(place(&case), (Lane::Health, 4, 4000));
    assert!(case.health.death);
    run(&mut case, respond(None), hours(4)).unwrap();
    assert_eq!(case.promises.last(Kind::UrgentFeedback).unwrap().standing.state, Stands::Met);
}

#[test]
fn a_child_weighs_more_and_the_other_points_stay() {
    let heard = Heard { threat: true, ..Heard::default() };
    let harm = Classification { class: CaseClass::Discomfort, source: "x".into(), severity: 1, heard, reading: None };
    let asked =
        Contact { classification: harm, emotion: Some(Emotion::Angry), vip_tier: 1, ..contact(CaseClass::Discomfort) };
    let mut case = Case::default();
    run(&mut case, asked.register(&levels()), hours(0)).unwrap();
    assert_eq!(place(&case), (Lane::Health, 1, 1800));
    let child = Said { groups: Some([Group::Child].into()), ..severe(4) };
    run(&mut case, record_health(child), hours(1)).unwrap();
    let parts: Vec<_> = case.facts.unwrap().priority.parts.into_iter().map(|part| (part.reason, part.points)).collect();
    let parts: Vec<_> = parts.iter().map(|(reason, points)| (reason.as_str(), *points)).collect();
    let expected = [("health_severity", 4000), ("threat", 300), ("minor", 200), ("emotion", 300), ("vip_tier", 200)];
    assert_eq!(parts, expected);
}

#[test]
fn what_is_said_with_the_contact_is_on_record_with_it() {
    let said = Said { care: Some(Care::Sought), ..symptoms(1) };
    let mut case = Case::default();
    let events =
        run(&mut case, Contact { health: said, ..contact(CaseClass::Discomfort) }.register(&levels()), hours(0));
    assert!(matches!(events.unwrap()[..], [Event::Registered { .. }, Event::Health(health::Event::Recorded(_))]));
    assert_eq!(case.health_recorded(), [Part::Symptoms, Part::Severity, Part::MedicalCare].into());
}

#[test]
fn harm_is_heard_of_after_the_end_as_well_but_not_of_what_was_no_case() {
    let answered = (respond(None), 1);
    let close = Command::Close { outcome: Outcome::Answered, levels: levels() };
    let mut closed = after(CaseClass::Enquiry, &[answered, (close, 2)]);
    let was = closed.state.clone();
    run(&mut closed, record_health(severe(3)), hours(3)).unwrap();
    assert_eq!((place(&closed), closed.state), ((Lane::Health, 3, 3000), was));
    assert!(closed.promises.last(Kind::UrgentFeedback).is_none(), "nobody waits for an answer");
    let mut rejected = after(CaseClass::Enquiry, &[(reject(Unfit::Spam), 1)]);
    assert_eq!(run(&mut rejected, record_health(severe(3)), hours(3)), Err("case.closed"));
}

#[test]
fn r_int_06_a_later_contact_adds_to_the_record_and_lowers_nothing() {
    let mut case = after(CaseClass::Discomfort, &[(record_health(symptoms(3)), 1)]);
    let more = |number, health| hear(Contact { health, ..further(number, CaseClass::Discomfort, 1) });
    let (words, care) = ([Part::Symptoms, Part::Onset].into(), Some(Care::Sought));
    let events = run(&mut case, more(1, Said { words, care, ..severe(1) }), hours(2)).unwrap();
    let [.., Event::Health(health::Event::Recorded(said))] = &events[..] else { unreachable!("{events:?}") };
    assert_eq!(said, &Said { words: [Part::Onset].into(), care, ..Said::default() });
    assert_eq!(place(&case), (Lane::Health, 3, 3000));
    let child = Said { groups: Some([Group::Child].into()), care: Some(Care::None), ..Said::default() };
    run(&mut case, more(2, child), hours(3)).unwrap();
    assert_eq!((place(&case), case.health.care), ((Lane::Health, 3, 3200), Some(Care::Sought)));
    let events = run(&mut case, more(3, symptoms(1)), hours(4)).unwrap();
    assert!(!events.iter().any(|event| matches!(event, Event::Health(_))), "it is said already: {events:?}");
    let onset = Said { words: [Part::Onset].into(), ..Said::default() };
    let mut enquiry = after(CaseClass::Enquiry, &[]);
    run(&mut enquiry, hear(Contact { health: onset, ..further(1, CaseClass::Enquiry, 0) }), hours(1)).unwrap();
    assert_eq!((enquiry.health_recorded(), place(&enquiry).0), ([Part::Onset].into(), Lane::Standard));
}

#[test]
fn a_case_from_before_the_health_record_was_kept_has_nothing_on_it() {
    let mut stored = serde_json::to_value(after(CaseClass::Discomfort, &[(record_health(symptoms(2)), 1)])).unwrap();
    assert!(stored.as_object_mut().unwrap().remove("health").is_some());
    let old: Case = serde_json::from_value(stored).unwrap();
    assert_eq!(old.health_missing(), Part::ALL.into());
}

proptest! {
    /// Whatever is said in whatever order, by whomever: severity and points of the harm never fall, the lane is never
    /// left, and no promise ends later.
    #[test]
    fn r_int_09_nothing_that_is_said_lowers_a_case(series in prop::collection::vec((0u8..=4, any::<bool>(), 0i64..9), 0..12)) {
        let mut case = after(CaseClass::Delivery, &[]);
        let mut now = hours(0);
        for (severity, death, wait) in series {
            now += jiff::SignedDuration::from_hours(wait);
            let before = case.facts.clone().unwrap();
            let _ = run(&mut case, record_health(Said { death, ..severe(severity) }), now);
            let facts = case.facts.as_ref().unwrap();
            prop_assert!(facts.health_severity >= before.health_severity && facts.priority.score >= before.priority.score);
            prop_assert!(facts.lane == Lane::Health || before.lane == Lane::Standard);
            prop_assert!(facts.respond_by <= before.respond_by);
        }
    }
}
