//! Every further answer: owed once a turn, met, warned of, missed, corrected, and cancelled by whatever ends the case.
#![expect(clippy::unwrap_used, reason = "tests")]

use jiff::{SignedDuration, Timestamp};
use kernel::{
    promise::{Cause, End, How, State as Stands},
    sla::Kind,
};

use super::{
    assignment_tests::accept,
    case::{Case, Command, Contact, Event, Rejection, State},
    case_tests::{after, asking_anew, hours, levels, respond, run},
    course::{
        merge_tests::{merge, unmerge},
        tests::{further, hear, reopen},
    },
    ending::Unfit,
    ending_tests::reject,
    information_tests::ask,
    record::Part,
    reply,
    vocabulary::{CaseClass, Channel, Outcome},
};

const MICRO: SignedDuration = SignedDuration::from_micros(1);

/// What the customer says at an hour, by mail.
fn says(number: u128, hour: i64) -> Command {
    hear(Contact { occurred_at: hours(hour), ..further(number, CaseClass::Enquiry, 0) })
}

fn turns(case: &Case) -> Vec<(Timestamp, Stands)> {
    let of = case.promises.iter().filter(|(kind, _)| *kind == Kind::NextResponse);
    of.map(|(_, promise)| (promise.started_at, promise.standing.state)).collect()
}

fn replies(events: Vec<Event>) -> Vec<reply::Event> {
    events.into_iter().filter_map(|event| if let Event::Reply(event) = event { Some(event) } else { None }).collect()
}

#[test]
fn r_int_12_what_is_said_after_an_answer_is_owed_another_one_from_when_it_was_said() {
    let mut case = after(CaseClass::Enquiry, &[(says(1, 1), 1), (respond(None), 2)]);
    assert!(turns(&case).is_empty(), "the first answer was owed to that");
    run(&mut case, says(2, 5), hours(6)).unwrap();
    assert_eq!(turns(&case), [(hours(5), Stands::Running)]);
    let owed = case.owed_reply().unwrap();
    assert!(owed.reply, "it never stands still");
    assert_eq!((owed.standing.due_at, case.look_at()), (hours(5 + 24), Some(hours(5 + 12))), "as a first answer has");
    // A chat is answered in minutes of working time, whatever channel the case came by.
    let office: Timestamp = "2026-10-09T09:00+08:00".parse().unwrap();
    let mut chat = after(CaseClass::Enquiry, &[(respond(None), 2)]);
    let words = Contact { channel: Channel::App, occurred_at: office, ..further(1, CaseClass::Enquiry, 0) };
    run(&mut chat, hear(words), office).unwrap();
    assert_eq!(chat.owed_reply().unwrap().standing.due_at, office + SignedDuration::from_mins(5));
}

#[test]
fn d8_one_reply_clock_runs_for_each_turn_of_the_customer_and_not_for_each_message() {
    let mut case = after(CaseClass::Enquiry, &[(respond(None), 1)]);
    for (number, hour) in [(1, 2), (2, 3), (3, 20)] {
        run(&mut case, says(number, hour), hours(hour)).unwrap();
    }
    assert_eq!(turns(&case), [(hours(2), Stands::Running)], "the first of three messages counts");
    run(&mut case, respond(None), hours(21)).unwrap();
    assert_eq!((turns(&case), case.look_at()), (vec![(hours(2), Stands::Met)], None));
    assert_eq!(run(&mut case, respond(None), hours(22)), Err("case.already_responded"), "nothing is asked");
    run(&mut case, says(4, 23), hours(23)).unwrap();
    assert_eq!(turns(&case), [(hours(2), Stands::Met), (hours(23), Stands::Running)]);
    // Told again it is no turn.
    assert_eq!(run(&mut case, says(4, 23), hours(24)), Ok(vec![]));
    // What was said before our answer and reached us after it waits from the answer on.
    run(&mut case, respond(None), hours(25)).unwrap();
    run(&mut case, says(5, 24), hours(26)).unwrap();
    assert_eq!(turns(&case)[2], (hours(25), Stands::Running));
}

#[test]
fn d8_whatever_ends_the_case_cancels_the_answer_that_is_owed_with_its_reason() {
    let close = || Command::Close { outcome: Outcome::Answered, levels: levels() };
    for (end, cause) in [(close(), Cause::Closed), (reject(Unfit::Spam), Cause::Rejected), (merge(), Cause::Merged)] {
        for (hour, state) in [(3, Stands::Cancelled), (40, Stands::CancelledAfterBreach)] {
            let mut case = asking_anew();
            run(&mut case, end.clone(), hours(hour)).unwrap();
            let last = case.promises.last(Kind::NextResponse).unwrap();
            assert_eq!(last.standing.end, Some(End { at: hours(hour), how: How::Cancelled(cause) }));
            assert_eq!((last.standing.state, case.look_at(), case.owed_reply()), (state, None, None));
            assert_eq!(run(&mut case, Command::LookAtResponse, hours(1000)).map(|events| events.len()), Ok(0));
        }
    }
    let mut back = asking_anew();
    let due = back.owed_reply().unwrap().standing.due_at;
    run(&mut back, merge(), hours(3)).unwrap();
    run(&mut back, unmerge(), hours(4)).unwrap();
    assert_eq!(back.owed_reply().unwrap().standing.due_at, due, "nobody's time stood still");
}

#[test]
fn r_int_12_it_is_warned_of_once_missed_once_and_kept_up_to_its_last_instant() {
    let case = after(CaseClass::Enquiry, &[(respond(None), 1), (accept("staff:ana", 0), 1), (says(1, 2), 2)]);
    let told = |events: Vec<Event>| -> Vec<String> {
        let word = |event| match event {
            reply::Event::DueSoon { warning, .. } => warning.to_string(),
            reply::Event::Missed { .. } => "missed".to_owned(),
            reply::Event::Given { in_time, was_missed, .. } => format!("given {in_time} {was_missed}"),
        };
        replies(events).into_iter().map(word).collect()
    };
    let due = hours(2 + 24);
    let look = |case: &mut Case, now| told(run(case, Command::LookAtResponse, now).unwrap());
    let mut silent = case.clone();
    assert_eq!(look(&mut silent, hours(14)), ["50%"]);
    assert_eq!(look(&mut silent, hours(24)), ["2h"]);
    assert_eq!(look(&mut silent, due), [""; 0]);
    assert_eq!(silent.look_at(), Some(due + MICRO));
    assert_eq!(look(&mut silent, due + MICRO), ["missed"]);
    assert_eq!((silent.look_at(), silent.response_missed), (None, false), "the first answer was in time");
    let last = silent.promises.last(Kind::NextResponse).unwrap();
    assert_eq!(last.owner_at_due(), Some("staff:ana"), "who had it when it was missed");
    for (at, now, said) in [
        (None, due, "given true false"),
        (None, due + MICRO, "given false false"),
        (Some(due), due + MICRO, "given true false"),
    ] {
        assert_eq!(told(run(&mut case.clone(), respond(at), now).unwrap()), [said]);
    }
    // Told late, it takes the miss back; given late, it does not.
    assert_eq!(told(run(&mut silent.clone(), respond(None), hours(40)).unwrap()), ["given false true"]);
    assert_eq!(told(run(&mut silent, respond(Some(hours(20))), hours(40)).unwrap()), ["given true true"]);
    assert_eq!(turns(&silent), [(hours(2), Stands::Met)]);
    assert_eq!(silent.responded_at, Some(hours(1)));
}

#[test]
fn an_answer_from_before_the_question_does_not_answer_it() {
    let mut case = after(CaseClass::Enquiry, &[(respond(None), 3), (says(1, 5), 5)]);
    assert_eq!(case.decide(respond(Some(hours(4))), hours(6)), Err(Rejection::AlreadyResponded));
    // One before the first answer corrects that one, and the question waits on.
    let events = run(&mut case, respond(Some(hours(2))), hours(6)).unwrap();
    assert!(matches!(events[..], [Event::ResponseCorrected { .. }]));
    assert_eq!((case.responded_at, turns(&case)), (Some(hours(2)), vec![(hours(5), Stands::Running)]));
}

#[test]
fn a_question_of_ours_is_an_answer_and_the_customers_answer_to_it_is_owed_one() {
    let mut case = asking_anew();
    let events = run(&mut case, ask(1, &[Part::Emotion]), hours(5)).unwrap();
    assert!(matches!(replies(events)[..], [reply::Event::Given { in_time: true, .. }]));
    assert_eq!((case.owed_reply(), case.info_until().is_some()), (None, true));
    run(&mut case, says(10, 7), hours(7)).unwrap();
    assert_eq!((&case.state, turns(&case)[1]), (&State::Responded, (hours(7), Stands::Running)));
}

#[test]
fn a_case_that_is_taken_up_again_owes_an_answer_and_a_complaint_does_not() {
    let close = || Command::Close { outcome: Outcome::Answered, levels: levels() };
    let closed = || after(CaseClass::Enquiry, &[(respond(None), 1), (close(), 2)]);
    let mut by_person = closed();
    run(&mut by_person, reopen(), hours(10)).unwrap();
    assert_eq!(turns(&by_person), [(hours(10), Stands::Running)]);
    let mut by_customer = closed();
    run(&mut by_customer, says(1, 9), hours(10)).unwrap();
    assert_eq!((&by_customer.state, turns(&by_customer)), (&State::Reopened, vec![(hours(9), Stands::Running)]));
    run(&mut by_customer, respond(None), hours(11)).unwrap();
    assert_eq!((&by_customer.state, by_customer.owed_reply()), (&State::Reopened, None));

    let mut complaint = after(CaseClass::Delivery, &[(respond(None), 1), (says(1, 2), 2)]);
    assert!(turns(&complaint).is_empty(), "complaint tells its customers by itself");
    let end = Command::EndWithComplaint { outcome: Outcome::ComplaintClosed, levels: levels() };
    run(&mut complaint, end, hours(3)).unwrap();
    run(&mut complaint, Command::ReopenWithComplaint, hours(4)).unwrap();
    assert!(turns(&complaint).is_empty());
    assert_eq!(run(&mut complaint, respond(None), hours(5)), Err("case.is_complaint"));
}

#[test]
fn a_case_that_was_stored_before_owes_nothing_and_one_that_owes_is_read_again() {
    let stored = serde_json::to_value(asking_anew()).unwrap();
    assert_eq!(serde_json::from_value::<Case>(stored.clone()).unwrap(), asking_anew());
    let mut before = stored;
    before["promises"].as_object_mut().unwrap().remove("next_response").unwrap();
    let mut before: Case = serde_json::from_value(before).unwrap();
    assert_eq!((before.owed_reply(), before.look_at()), (None, None));
    run(&mut before, says(1, 50), hours(50)).unwrap();
    assert_eq!(turns(&before), [(hours(50), Stands::Running)]);
}
