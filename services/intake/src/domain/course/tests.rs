//! The course of a case: taken up again, added to, linked.
#![expect(clippy::unwrap_used, reason = "tests")]

use jiff::{SignedDuration, Timestamp};
use kernel::{promise::State as Stands, sla::Kind};
use uuid::Uuid;

use super::{By, Command, Event, LinkKind};
use crate::domain::{
    case::{self, Case, Contact, Event as CaseEvent, State},
    case_tests::{after, contact, hours, levels, packs, respond, run},
    information_tests::ask,
    record::Part,
    vocabulary::{CaseClass, Emotion, Lane, Outcome},
};

const FORTNIGHT: SignedDuration = SignedDuration::from_hours(14 * 24);

pub fn reopen() -> case::Command {
    case::Command::Course(Command::Reopen {
        reason: "the answer was wrong".into(),
        within: FORTNIGHT,
        levels: levels(),
    })
}

/// A later contact of the same customer, of this class and harm.
pub fn further(number: u128, class: CaseClass, severity: u8) -> Contact {
    let mut contact = Contact { case_id: Uuid::from_u128(100 + number), ..contact(class) };
    contact.classification.severity = severity;
    contact
}

pub fn hear(contact: Contact) -> case::Command {
    case::Command::Course(Command::Hear { contact: Box::new(contact), levels: levels(), within: FORTNIGHT })
}

pub fn link(other: u128, kind: LinkKind) -> case::Command {
    case::Command::Course(Command::Link { other: Uuid::from_u128(other), kind })
}

pub fn unlink(other: u128) -> case::Command {
    case::Command::Course(Command::Unlink { other: Uuid::from_u128(other) })
}

pub fn split(into: u128, words: &[u128]) -> case::Command {
    let words = words.iter().map(|id| Uuid::from_u128(*id)).collect();
    case::Command::Course(Command::Split { into: Uuid::from_u128(into), words })
}

fn closed() -> Case {
    let close = case::Command::Close { outcome: Outcome::Answered, levels: levels() };
    after(CaseClass::Enquiry, &[(respond(None), 1), (close, 2)])
}

fn heard(events: &[CaseEvent]) -> bool {
    events.iter().any(|event| matches!(event, CaseEvent::Course(Event::Heard { .. })))
}

fn just_after(at: Timestamp) -> Timestamp {
    at + SignedDuration::from_micros(1)
}

#[test]
fn a_case_is_taken_up_again_for_a_fortnight_and_no_first_answer_is_owed_anew() {
    let mut case = closed();
    let end = hours(2 + 14 * 24);
    assert_eq!(run(&mut case.clone(), reopen(), just_after(end)), Err("case.too_late_to_reopen"));
    let events = run(&mut case, reopen(), end).unwrap();
    let by = By::Person { reason: "the answer was wrong".into() };
    assert!(matches!(&events[..], [CaseEvent::Course(Event::Reopened { by: said, .. })] if *said == by));
    assert_eq!(
        (&case.state, case.promises.iter().count()),
        (&State::Reopened, 2),
        "a further answer, and no first one"
    );
    assert_eq!(case.promises.last(Kind::FirstResponse).unwrap().standing.state, Stands::Met);
    assert_eq!((case.course.reopenings.times, case.course.reopenings.reason.as_str()), (1, "the answer was wrong"));
    run(&mut case, respond(None), end).unwrap();
    assert_eq!(run(&mut case, respond(None), end), Err("case.already_responded"));
    assert_eq!(run(&mut case, reopen(), end), Err("case.not_closed"));
    // It ends once more, and the time counts from then.
    let close = case::Command::Close { outcome: Outcome::Guidance, levels: levels() };
    run(&mut case, close, end).unwrap();
    run(&mut case, reopen(), end + FORTNIGHT).unwrap();
    assert_eq!(case.course.reopenings.times, 2);
}

#[test]
fn what_the_customer_says_later_takes_a_closed_case_up_again_while_it_can_go_on() {
    let (end, words) = (hours(2 + 14 * 24), || further(1, CaseClass::Enquiry, 0));
    let mut case = closed();
    assert!(case.takes(&words(), FORTNIGHT, end) && !case.takes(&words(), FORTNIGHT, just_after(end)));
    assert_eq!(run(&mut case.clone(), hear(words()), just_after(end)), Err("case.contact_of_its_own"));
    let events = run(&mut case, hear(words()), end).unwrap();
    assert!(matches!(events[0], CaseEvent::Course(Event::Reopened { by: By::Contact, .. })) && heard(&events));
    // Told again it changes nothing, whatever has become of the case.
    let close = case::Command::Close { outcome: Outcome::Answered, levels: levels() };
    run(&mut case, close, end).unwrap();
    let late = end + FORTNIGHT + FORTNIGHT;
    assert!(case.takes(&words(), FORTNIGHT, late));
    assert_eq!(run(&mut case, hear(words()), late), Ok(vec![]));
    assert_eq!(case.course.further.len(), 1);
}

#[test]
fn r_int_21_an_answer_to_our_question_goes_to_the_case_with_what_it_states() {
    let mut case = after(CaseClass::Enquiry, &[(ask(1, &[Part::Emotion, Part::Circumstances]), 1)]);
    let mut answer = further(1, CaseClass::Enquiry, 0);
    (answer.parts, answer.emotion) = ([Part::Content, Part::Emotion].into(), Some(Emotion::Calm));
    let events = run(&mut case, hear(answer), hours(3)).unwrap();
    let [CaseEvent::RecordCompleted(added), CaseEvent::Course(Event::Heard { further, .. }), answered] = &events[..]
    else {
        unreachable!("{events:?}")
    };
    assert_eq!((&added.parts, added.emotion), (&[Part::Emotion].into(), Some(Emotion::Calm)));
    assert_eq!(answered, &CaseEvent::InfoAdded { still_missing: [Part::Circumstances].into() });
    assert_eq!((further.was_asked, &case.state), (true, &State::Responded));
    // Whoever says nothing that was asked for has answered as well: a person reads it.
    let mut case = after(CaseClass::Enquiry, &[(ask(1, &[Part::Emotion]), 1)]);
    let events = run(&mut case, hear(self::further(2, CaseClass::Enquiry, 0)), hours(3)).unwrap();
    assert!(heard(&events) && case.state == State::Responded);
}

#[test]
fn r_int_09_what_asks_for_more_than_the_case_gives_is_a_case_of_its_own() {
    use CaseClass::{Delivery, Discomfort, Enquiry};
    let ill = |severity| {
        let mut case = contact(Discomfort);
        case.classification.severity = severity;
        let mut stored = Case::default();
        run(&mut stored, case.register(&levels()), hours(0)).unwrap();
        stored
    };
    let threat = || {
        let mut contact = further(1, Enquiry, 0);
        contact.classification.heard.threat = true;
        (contact.emotion, contact.vip_tier) = (Some(Emotion::Angry), 3);
        contact
    };
    for (case, contact, takes) in [
        (after(Enquiry, &[]), further(1, Enquiry, 0), true),
        (after(Enquiry, &[]), further(1, Enquiry, 1), false),
        (after(Enquiry, &[]), further(1, Discomfort, 0), false),
        (after(Enquiry, &[]), further(1, Delivery, 0), false),
        (after(Enquiry, &[]), threat(), false),
        (after(Delivery, &[]), further(1, Enquiry, 0), true),
        (after(Delivery, &[]), further(1, Delivery, 0), true),
        (ill(2), further(1, Discomfort, 2), true),
        (ill(2), threat(), true),
        (ill(2), further(1, Discomfort, 3), false),
        (after(Enquiry, &[]), Contact { customer_id: Uuid::from_u128(3), ..further(1, Enquiry, 0) }, false),
    ] {
        let what = format!("{:?} to {:?}", contact.classification, case.facts);
        assert_eq!(case.takes(&contact, FORTNIGHT, hours(1)), takes, "{what}");
        let outcome = case.decide(hear(contact), hours(1)).map(|events| heard(&events)).map_err(|no| no.code());
        assert_eq!(outcome, if takes { Ok(true) } else { Err("case.contact_of_its_own") }, "{what}");
    }
}

#[test]
fn a_case_hears_so_much_and_then_another_one_does() {
    let mut case = after(CaseClass::Enquiry, &[]);
    for number in 0..200 {
        run(&mut case, hear(further(number, CaseClass::Enquiry, 0)), hours(1)).unwrap();
    }
    assert_eq!(run(&mut case, hear(further(200, CaseClass::Enquiry, 0)), hours(1)), Err("case.contact_of_its_own"));
}

#[test]
fn r_int_21_a_pair_has_one_link_and_each_case_says_what_the_other_one_is() {
    let mut case = after(CaseClass::Enquiry, &[]);
    assert_eq!(run(&mut case, link(1, LinkKind::Related), hours(1)), Err("case.same_case"));
    assert_eq!(run(&mut case, link(7, LinkKind::Parent), hours(1)).unwrap().len(), 1);
    assert_eq!(run(&mut case, link(7, LinkKind::Parent), hours(1)), Ok(vec![]));
    assert_eq!(run(&mut case, link(7, LinkKind::Child), hours(1)), Err("case.linked_otherwise"));
    assert_eq!(run(&mut case, unlink(7), hours(1)).unwrap().len(), 1);
    assert_eq!(run(&mut case, unlink(7), hours(1)), Ok(vec![]));
    for other in 100..200 {
        run(&mut case, link(other, LinkKind::FollowUpOf), hours(1)).unwrap();
    }
    assert!(!case.course.can_link(Uuid::from_u128(200)));
    assert_eq!(run(&mut case, link(200, LinkKind::Related), hours(1)), Err("case.too_many_links"));
    use LinkKind::{Child, FollowUpOf, FollowedUpBy, Parent, Related};
    for kind in [Related, Parent, Child, FollowUpOf, FollowedUpBy] {
        assert_eq!(kind.opposite().opposite(), kind);
        assert_eq!(kind.opposite() == kind, kind == Related);
    }
}

#[test]
fn r_int_09_a_part_is_promised_anew_and_harm_goes_with_both() {
    use CaseClass::{Discomfort, Enquiry};
    for (class, severity, found, of_part, lane) in [
        (Enquiry, 0, 0, 0, Lane::Standard),
        (Discomfort, 0, 0, 1, Lane::Health),
        (Discomfort, 3, 1, 3, Lane::Health),
        (Enquiry, 0, 2, 2, Lane::Health),
    ] {
        let mut whole = Case::default();
        run(&mut whole, further(0, class, severity).register(&levels()), hours(0)).unwrap();
        let mut part = contact(Enquiry).classification;
        part.severity = found;
        let contact = whole.part(Uuid::from_u128(8), part, &packs()).unwrap();
        let mut part = Case::default();
        run(&mut part, contact.register(&levels()), hours(5)).unwrap();
        let facts = part.facts.as_ref().unwrap();
        assert_eq!((facts.health_severity, facts.lane, facts.recorded_at), (of_part, lane, hours(5)));
        assert_eq!(part.promises.last(Kind::FirstResponse).unwrap().started_at, hours(5));
    }
    let mut case = after(Enquiry, &[(hear(further(1, Enquiry, 0)), 1)]);
    assert_eq!(run(&mut case, split(8, &[101, 102]), hours(2)), Err("case.never_heard"));
    run(&mut case, split(8, &[101]), hours(2)).unwrap();
    assert_eq!(case.course.links.get(&Uuid::from_u128(8)), Some(&LinkKind::Child));
}

#[test]
fn a_case_from_before_it_had_a_course_has_none_and_nothing_is_stored_of_none() {
    let mut case = after(CaseClass::Enquiry, &[]);
    let stored = serde_json::to_value(&case).unwrap();
    assert!(stored.get("course").is_none());
    run(&mut case, link(7, LinkKind::Parent), hours(1)).unwrap();
    run(&mut case, hear(further(1, CaseClass::Enquiry, 0)), hours(1)).unwrap();
    let stored: Case = serde_json::from_value(serde_json::to_value(&case).unwrap()).unwrap();
    assert_eq!(stored, case);
}
