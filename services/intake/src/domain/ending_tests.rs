//! What is no case of ours is turned away, and nothing is owed of it any more.
#![expect(clippy::unwrap_used, reason = "tests")]

use kernel::{promise::State as Stands, sla::Kind};

use super::{
    case::{Case, Command, Event, State},
    case_tests::{after, hours, levels, respond, run},
    ending::Unfit,
    information_tests::ask,
    record::Part,
    vocabulary::CaseClass,
};

pub(super) fn reject(what: Unfit) -> Command {
    Command::Reject { what, reason: "an advertisement".into(), levels: levels() }
}

fn first_response(case: &Case) -> Stands {
    case.promises.last(Kind::FirstResponse).unwrap().standing.state
}

#[test]
fn what_is_rejected_is_owed_nothing_and_stays_rejected() {
    for (hour, stands) in [(2, Stands::Cancelled), (30, Stands::CancelledAfterBreach)] {
        let case = after(CaseClass::Enquiry, &[(reject(Unfit::Spam), hour)]);
        assert_eq!((first_response(&case), case.look_at()), (stands, None));
    }
    let asked = (ask(1, &[Part::Emotion]), 1);
    let mut case = after(CaseClass::Enquiry, &[asked, (reject(Unfit::NotOurs), 2)]);
    assert_eq!((first_response(&case), case.info_until()), (Stands::Met, None));
    assert_eq!(run(&mut case, reject(Unfit::Test), hours(3)), Err("case.closed"));
    assert!(matches!(case.state, State::Rejected { what: Unfit::NotOurs, .. }));
}

#[test]
fn an_answer_before_it_was_rejected_is_on_record_when_it_is_told_later() {
    let mut case = after(CaseClass::Enquiry, &[(reject(Unfit::Test), 2)]);
    let events = run(&mut case, respond(Some(hours(1))), hours(3)).unwrap();
    assert!(matches!(events[..], [Event::ResponseCorrected { in_time: true, was_late: false, .. }]), "{events:?}");
    assert_eq!(case.responded_at, Some(hours(1)));
    assert!(matches!(case.state, State::Rejected { .. }));
}
