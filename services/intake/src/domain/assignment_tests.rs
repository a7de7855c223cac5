//! Who has a case: given, taken, passed on, and who answers for a promise that was missed.
#![expect(clippy::unwrap_used, reason = "tests")]

use kernel::sla::Kind;

use super::{
    assignment::HandOver,
    case::{Case, Command, Event, State},
    case_tests::{after, hours, levels, respond, run},
    course,
    vocabulary::{CaseClass, Outcome},
};

pub(super) fn assign(to: &str, by: &str, version: u32) -> Command {
    Command::Assign { asked: HandOver { to: to.into(), by: by.into(), version }, levels: levels() }
}

pub(super) fn accept(by: &str, version: u32) -> Command {
    Command::Accept { by: by.into(), version, levels: levels() }
}

pub(super) fn put_back(version: u32) -> Command {
    Command::Course(course::Command::PutBack { version, levels: levels() })
}

/// Whose it is, whether that person took it, and which change of hands that was.
fn held(case: &Case) -> Option<(&str, bool, u32)> {
    case.assignment.as_ref().map(|held| (held.to.as_str(), held.accepted(), held.version))
}

#[test]
fn a_case_is_given_accepted_and_passed_on_whether_it_was_answered_or_not() {
    let (ana, ben, lead) = ("staff:ana", "staff:ben", "staff:lead");
    let mut case = after(CaseClass::Enquiry, &[]);
    assert_eq!(held(&case), None);
    run(&mut case, assign(ana, lead, 0), hours(1)).unwrap();
    assert_eq!(held(&case), Some((ana, false, 1)));
    assert_eq!(run(&mut case, accept(ben, 1), hours(1)), Err("case.assigned_to_other"));
    run(&mut case, accept(ana, 1), hours(1)).unwrap();
    assert_eq!(held(&case), Some((ana, true, 2)));
    // Told again it changes nothing, whoever tells it.
    for again in [accept(ana, 2), assign(ana, ana, 2), assign(ana, lead, 2)] {
        assert_eq!(run(&mut case, again, hours(1)), Ok(vec![]));
    }
    run(&mut case, respond(None), hours(2)).unwrap();
    run(&mut case, assign(ben, ana, 2), hours(2)).unwrap();
    assert_eq!((held(&case), &case.state), (Some((ben, false, 3)), &State::Responded));
    // Taking over from somebody is giving it to oneself.
    run(&mut case, assign(lead, lead, 3), hours(3)).unwrap();
    assert_eq!(held(&case), Some((lead, true, 4)));
    let close = Command::Close { outcome: Outcome::Answered, levels: levels() };
    run(&mut case, close, hours(4)).unwrap();
    assert_eq!((run(&mut case, accept(ben, 4), hours(4)), held(&case)), (Err("case.closed"), Some((lead, true, 4))));
}

#[test]
fn of_two_who_read_the_same_assignment_one_changes_it() {
    let mut case = after(CaseClass::Enquiry, &[]);
    run(&mut case, accept("staff:ana", 0), hours(1)).unwrap();
    let (ben, ana) = ("staff:ben", "staff:ana");
    for late in [accept(ben, 0), assign(ben, "staff:lead", 0), accept(ana, 0), accept(ben, 9)] {
        assert_eq!(run(&mut case, late, hours(1)), Err("case.assignment_changed"));
    }
    // A warning in between is no change of hands.
    run(&mut case, Command::LookAtResponse, hours(13)).unwrap();
    run(&mut case, assign("staff:ben", "staff:lead", 1), hours(13)).unwrap();
    assert_eq!(held(&case), Some(("staff:ben", false, 2)));
}

#[test]
fn whoever_had_it_when_the_promise_ended_is_named_and_a_change_of_hands_hides_no_miss() {
    let mut case = after(CaseClass::Enquiry, &[(accept("staff:ana", 0), 1)]);
    // Nobody has looked since the promised time, and the case changes hands.
    let events = run(&mut case, assign("staff:ben", "staff:lead", 1), hours(25)).unwrap();
    assert!(matches!(events[..], [Event::ResponseMissed { .. }, Event::Assigned { .. }]), "{events:?}");
    assert!(case.response_missed);
    let promise = case.promises.last(Kind::FirstResponse).unwrap();
    assert_eq!(promise.owner_at_due(), Some("staff:ana"));
    assert_eq!(run(&mut case, Command::LookAtResponse, hours(26)), Ok(vec![]));
}

#[test]
fn what_is_put_back_is_nobodys_and_the_version_of_an_assignment_comes_once() {
    let mut case = after(CaseClass::Enquiry, &[(accept("staff:ana", 0), 1)]);
    assert_eq!(run(&mut case, put_back(2), hours(1)), Err("case.assignment_changed"));
    run(&mut case, put_back(1), hours(1)).unwrap();
    assert_eq!(held(&case), None);
    assert_eq!(run(&mut case, put_back(1), hours(1)), Err("case.nobody_has_it"));
    run(&mut case, accept("staff:ben", 0), hours(2)).unwrap();
    assert_eq!(held(&case), Some(("staff:ben", true, 2)));
    assert_eq!(run(&mut case, assign("staff:eve", "staff:ana", 1), hours(2)), Err("case.assignment_changed"));
    // Nobody answers for what is missed while nobody has it; who had it at the time does.
    run(&mut case, put_back(2), hours(25)).unwrap();
    assert!(case.response_missed);
    assert_eq!(case.promises.last(Kind::FirstResponse).unwrap().owner_at_due(), Some("staff:ben"));
}

#[test]
fn a_case_from_before_it_could_be_assigned_is_nobodys() {
    let mut stored = serde_json::to_value(after(CaseClass::Enquiry, &[])).unwrap();
    assert!(stored.as_object_mut().unwrap().remove("assignment").is_none());
    let mut old: Case = serde_json::from_value(stored).unwrap();
    run(&mut old, accept("staff:ana", 0), hours(1)).unwrap();
    assert_eq!(held(&old), Some(("staff:ana", true, 1)));
}
