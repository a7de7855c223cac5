//! What is on record, and what is asked for: the question is an answer, and what comes of it.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeSet, sync::Arc};

use jiff::SignedDuration;
use kernel::{promise::State as Stands, sla::Kind};

use super::{
    case::{Case, Command, Event, State},
    case_tests::{after, hours, levels, respond, run},
    information::Question,
    minimum::Minimum,
    minimum_tests::{minimum, without},
    record::{Added, Part},
    vocabulary::{CaseClass, Emotion, Outcome},
};

/// Asks for these parts, to be answered within a day.
pub(super) fn ask(number: u32, missing: &[Part]) -> Command {
    ask_by(number, missing, minimum())
}

/// The same, by another declaration of what is needed.
pub(super) fn ask_by(number: u32, missing: &[Part], minimum: Arc<Minimum>) -> Command {
    let missing = missing.iter().copied().collect();
    Command::RequestInfo {
        asked: Question { number, missing, within: SignedDuration::from_hours(24) },
        levels: levels(),
        minimum,
    }
}

fn add(parts: &[Part]) -> Command {
    let emotion = parts.contains(&Part::Emotion).then_some(Emotion::Worried);
    Command::Complete { added: Added { parts: parts.iter().copied().collect(), emotion }, minimum: minimum() }
}

#[test]
fn a_question_is_the_first_answer_and_what_is_added_takes_the_case_up_again() {
    let mut case = after(CaseClass::Enquiry, &[]);
    let events = run(&mut case, ask(1, &[Part::Circumstances, Part::Emotion]), hours(2)).unwrap();
    assert!(matches!(events[..], [Event::Responded { in_time: true, .. }, Event::InfoRequested { .. }]), "{events:?}");
    assert_eq!(case.promises.last(Kind::FirstResponse).unwrap().standing.state, Stands::Met);
    assert_eq!((case.responded_at, case.info_until()), (Some(hours(2)), Some(hours(26))));
    assert_eq!(run(&mut case, ask(2, &[Part::Circumstances]), hours(3)), Err("case.info_requested"));

    let events = run(&mut case, add(&[Part::Circumstances]), hours(3)).unwrap();
    let still_missing = BTreeSet::from([Part::Emotion]);
    assert_eq!(events.last(), Some(&Event::InfoAdded { still_missing }));
    assert_eq!((&case.state, case.info_until()), (&State::Responded, None));

    // Somebody who has not read that it was asked asks nothing; the next question is no answer anew.
    assert_eq!(run(&mut case, ask(1, &[Part::Emotion]), hours(4)), Err("case.info_requested"));
    let events = run(&mut case, ask(2, &[Part::Emotion]), hours(4)).unwrap();
    assert!(matches!(events[..], [Event::InfoRequested { .. }]), "{events:?}");
    run(&mut case, Command::Close { outcome: Outcome::Guidance, levels: levels() }, hours(5)).unwrap();
    assert_eq!(case.decide(Command::LookForInfo, hours(99)), Ok(vec![]));
}

#[test]
fn r_cmp_01_what_is_on_record_stays_and_what_is_missing_is_added_once() {
    let mut case = after(CaseClass::Delivery, &[]);
    assert_eq!(run(&mut case, add(&[Part::Content]), hours(1)), Err("case.part_on_record"));
    for part in [Part::Emotion, Part::Circumstances, Part::ExpectedResolution] {
        assert_eq!(run(&mut case, add(&[part]), hours(1)).unwrap().len(), 1);
        assert_eq!(run(&mut case, add(&[part]), hours(1)), Err("case.part_on_record"));
    }
    let facts = case.facts.unwrap();
    assert_eq!((facts.parts.len(), facts.emotion), (4, Some(Emotion::Worried)));
}

#[test]
fn r_int_04_when_it_happened_and_when_we_learned_of_it_are_two_things() {
    let facts = after(CaseClass::Delivery, &[]).facts.unwrap();
    assert_eq!((facts.occurred_at, facts.recorded_at), (hours(-2), hours(0)));
    assert!(facts.complaint_id.is_some());
    assert!(after(CaseClass::Suggestion, &[]).facts.unwrap().complaint_id.is_none());
}

#[test]
fn r_int_20_nobody_is_asked_for_what_is_on_record() {
    let mut case = after(CaseClass::Enquiry, &[(add(&[Part::Emotion]), 1)]);
    for known in [Part::Content, Part::Emotion] {
        assert_eq!(run(&mut case, ask(1, &[Part::Circumstances, known]), hours(2)), Err("case.part_on_record"));
    }
    run(&mut case, ask(1, &[Part::Circumstances]), hours(2)).unwrap();
}

#[test]
fn r_int_20_nobody_is_asked_for_what_the_class_does_not_need() {
    let mut case = after(CaseClass::Enquiry, &[]);
    let needless = without(&["circumstances"]);
    let both = [Part::Emotion, Part::Circumstances];
    assert_eq!(run(&mut case, ask_by(1, &both, Arc::clone(&needless)), hours(2)), Err("case.part_not_needed"));
    let added = Added { parts: [Part::Circumstances].into(), emotion: None };
    let told = Command::Complete { added, minimum: Arc::clone(&needless) };
    assert_eq!(run(&mut case, told, hours(2)), Err("case.part_not_needed"));
    run(&mut case, ask_by(1, &[Part::Emotion], needless), hours(2)).unwrap();
}

#[test]
fn a_late_question_is_a_late_answer() {
    let mut case = after(CaseClass::Enquiry, &[]);
    let events = run(&mut case, ask(1, &[Part::Emotion]), hours(25)).unwrap();
    assert!(matches!(events[..], [Event::Responded { in_time: false, .. }, Event::InfoRequested { .. }]), "{events:?}");
    assert_eq!(case.promises.last(Kind::FirstResponse).unwrap().standing.state, Stands::MetLate);
}

#[test]
fn a_case_ends_when_nothing_comes_and_not_at_the_last_instant() {
    let mut case = after(CaseClass::Enquiry, &[(respond(None), 1), (ask(1, &[Part::Emotion]), 2)]);
    assert_eq!(run(&mut case, Command::LookForInfo, hours(26)), Ok(vec![]));
    let mut answered = case.clone();
    run(&mut answered, add(&[Part::Emotion]), hours(26)).unwrap();
    assert_eq!(answered.state, State::Responded);
    let late = hours(26) + SignedDuration::from_micros(1);
    run(&mut case, Command::LookForInfo, late).unwrap();
    assert_eq!(case.state, State::Closed { outcome: Outcome::NoInfo, at: late });
    assert_eq!(run(&mut case, add(&[Part::Emotion]), late), Err("case.closed"));
    let by_hand = Command::Close { outcome: Outcome::NoInfo, levels: levels() };
    assert_eq!(run(&mut answered, by_hand, late), Err("case.outcome_not_by_person"));
}

#[test]
fn a_case_from_before_it_could_be_asked_has_had_no_question() {
    let mut stored = serde_json::to_value(after(CaseClass::Enquiry, &[])).unwrap();
    assert!(stored.as_object_mut().unwrap().remove("questions").is_some());
    let mut old: Case = serde_json::from_value(stored).unwrap();
    run(&mut old, ask(1, &[Part::Emotion]), hours(1)).unwrap();
    assert_eq!(old.questions, 1);
}
