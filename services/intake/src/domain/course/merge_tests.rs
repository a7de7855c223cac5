//! Two cases turn out to be one, and are two again.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use jiff::SignedDuration;
use kernel::{promise::State as Stands, sla::Kind};
use uuid::Uuid;

use super::{Command, Event, LinkKind, Merging, merge::Target, tests::link};
use crate::domain::{
    assignment_tests::accept,
    case::{self, Case, Contact, Event as CaseEvent, State},
    case_tests::{after, contact, hours, levels, respond, run},
    information_tests::ask,
    record::Part,
    vocabulary::{CaseClass, Outcome},
};

const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A case of this class and harm that another one is to be merged into.
fn target(class: CaseClass, severity: u8, customer: u128) -> Target {
    let mut contact = Contact { case_id: Uuid::from_u128(9), customer_id: Uuid::from_u128(customer), ..contact(class) };
    contact.classification.severity = severity;
    let mut case = Case::default();
    run(&mut case, contact.register(&levels()), hours(0)).unwrap();
    case.target().unwrap()
}

fn merging(into: Target) -> Merging {
    let (by, reason) = ("staff:ana".into(), "the same matter".into());
    Merging { into, by, reason, lead: false, carried_out: false, levels: levels() }
}

fn by(asked: Merging) -> case::Command {
    case::Command::Course(Command::Merge(Box::new(asked)))
}

pub fn merge() -> case::Command {
    by(merging(target(CaseClass::Delivery, 0, 2)))
}

/// Into a case of the gravest harm.
pub fn merge_into_harm() -> case::Command {
    by(merging(target(CaseClass::Discomfort, 4, 2)))
}

pub fn absorb(other: u128) -> case::Command {
    case::Command::Course(Command::Absorb { other: Uuid::from_u128(other), links: BTreeMap::new() })
}

pub fn unmerge() -> case::Command {
    case::Command::Course(Command::Unmerge { within: WEEK })
}

pub fn release(other: u128) -> case::Command {
    case::Command::Course(Command::Release { other: Uuid::from_u128(other) })
}

fn first_response(case: &Case) -> Stands {
    case.promises.last(Kind::FirstResponse).unwrap().standing.state
}

#[test]
fn what_is_merged_owes_nothing_and_comes_back_within_a_week_as_it_was() {
    let ways: [&[(case::Command, i64)]; 4] = [
        &[],
        &[(respond(None), 1)],
        &[(ask(1, &[Part::Emotion]), 1), (link(7, LinkKind::Related), 1)],
        &[(accept("staff:ana", 0), 1)],
    ];
    for way in ways {
        let before = after(CaseClass::Enquiry, way);
        let mut case = before.clone();
        run(&mut case, merge(), hours(2)).unwrap();
        assert!(!first_response(&case).open() && case.look_at().is_none() && case.info_until().is_none());
        let merged = case.merged_into().unwrap();
        assert_eq!((merged.into, merged.at, merged.by.as_str()), (Uuid::from_u128(9), hours(2), "staff:ana"));
        assert_eq!(serde_json::from_value::<Case>(serde_json::to_value(&case).unwrap()).unwrap(), case);
        let late = hours(2) + WEEK + SignedDuration::from_micros(1);
        assert_eq!(run(&mut case.clone(), unmerge(), late), Err("case.too_late_to_unmerge"));
        run(&mut case, unmerge(), hours(2) + WEEK).unwrap();
        assert_eq!(case, before, "{way:?}");
    }
}

#[test]
fn nobodys_time_stands_still_while_it_is_merged() {
    let mut case = after(CaseClass::Enquiry, &[(merge(), 2)]);
    assert_eq!(first_response(&case), Stands::Cancelled);
    assert_eq!(run(&mut case, case::Command::LookAtResponse, hours(30)), Ok(vec![]));
    run(&mut case, unmerge(), hours(30)).unwrap();
    assert!(case.look_at().unwrap() < hours(30), "its deadline is armed in the past");
    let events = run(&mut case, case::Command::LookAtResponse, hours(30)).unwrap();
    assert!(matches!(events[..], [CaseEvent::ResponseMissed { .. }]), "{events:?}");
    // What was late before it was merged is missed once.
    let mut case = after(CaseClass::Enquiry, &[]);
    let events = run(&mut case, merge(), hours(30)).unwrap();
    assert!(matches!(events[..], [CaseEvent::ResponseMissed { .. }, CaseEvent::Course(Event::Merged { .. })]));
    assert_eq!(first_response(&case), Stands::CancelledAfterBreach);
    run(&mut case, unmerge(), hours(31)).unwrap();
    assert_eq!((run(&mut case, case::Command::LookAtResponse, hours(31)), case.response_missed), (Ok(vec![]), true));
}

#[test]
fn the_case_that_gives_more_stays_and_what_is_carried_out_is_not_merged() {
    use CaseClass::{Delivery, Discomfort, Enquiry};
    let of = |class, severity, customer| merging(target(class, severity, customer));
    let lead = |asked: Merging| Merging { lead: true, ..asked };
    let carried_out = |asked: Merging| Merging { carried_out: true, ..asked };
    for (class, asked, outcome) in [
        (Enquiry, of(Enquiry, 0, 2), Ok(())),
        (Enquiry, of(Delivery, 0, 2), Ok(())),
        (Enquiry, of(Enquiry, 0, 3), Err("case.other_customer")),
        (Enquiry, lead(of(Enquiry, 0, 3)), Ok(())),
        (Enquiry, carried_out(of(Delivery, 0, 2)), Ok(())),
        (Delivery, of(Delivery, 0, 2), Ok(())),
        (Delivery, of(Discomfort, 2, 2), Ok(())),
        (Delivery, of(Enquiry, 0, 2), Err("case.merge_other_way")),
        (Delivery, carried_out(of(Delivery, 0, 2)), Err("case.complaint_carried_out")),
        (Discomfort, of(Delivery, 0, 2), Err("case.merge_other_way")),
        (Discomfort, of(Discomfort, 0, 2), Ok(())),
    ] {
        let case = after(class, &[]);
        let what = format!("{class:?} {asked:?}");
        assert_eq!(case.decide(by(asked), hours(1)).map(drop).map_err(|no| no.code()), outcome, "{what}");
    }
    let case = after(Enquiry, &[]);
    let itself = merging(case.target().unwrap());
    assert_eq!(run(&mut case.clone(), by(itself), hours(1)), Err("case.same_case"));
}

#[test]
fn links_follow_and_go_again() {
    let (seven, eight) = (Uuid::from_u128(7), Uuid::from_u128(8));
    let mut case = after(CaseClass::Enquiry, &[(link(7, LinkKind::Parent), 1)]);
    let links = BTreeMap::from([(seven, LinkKind::Related), (Uuid::from_u128(6), LinkKind::FollowUpOf)]);
    let absorb = |other, links| case::Command::Course(Command::Absorb { other, links });
    run(&mut case, absorb(eight, links), hours(2)).unwrap();
    run(&mut case, absorb(Uuid::from_u128(5), BTreeMap::from([(eight, LinkKind::Related)])), hours(2)).unwrap();
    let all = BTreeMap::from([(seven, LinkKind::Parent), (Uuid::from_u128(6), LinkKind::FollowUpOf)]);
    assert_eq!(case.course.all_links(), all, "its own say more, and one that was merged is no other case");
    assert_eq!(case.neighbours().count(), 3);
    let close = case::Command::Close { outcome: Outcome::Answered, levels: levels() };
    run(&mut case, respond(None), hours(3)).unwrap();
    run(&mut case, close, hours(3)).unwrap();
    assert_eq!(run(&mut case, release(8), hours(4)).unwrap().len(), 1, "also when this one is at its end");
    assert_eq!(run(&mut case, release(8), hours(4)), Ok(vec![]));
    assert!(matches!(case.state, State::Closed { .. }) && !case.course.absorbed.contains_key(&eight));
}
