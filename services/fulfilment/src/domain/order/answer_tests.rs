//! What waits for the customer's word, and for how long.
#![expect(clippy::unwrap_used, reason = "tests")]
use kernel::returns::Answer;

use super::{
    super::{
        super::{Consequence, account},
        Command as Order, Event as Happened,
        replacement::{
            Command,
            tests::{article, exchange, hold, reship, tell},
        },
        request::{
            Command as Asked, Event as Told,
            tests::{NOW, after, ask, next},
        },
    },
    *,
};

const LOOK: Order = Order::Request(Asked::LookForAnswers);

fn hours(hours: i64) -> Timestamp {
    NOW + SignedDuration::from_hours(hours)
}

/// The order, and what came of looking at it so many hours later.
fn looked(order: &ServiceOrder, at: i64) -> (ServiceOrder, Vec<Happened>) {
    let events = order.decide(LOOK, hours(at)).unwrap();
    let mut order = order.clone();
    events.iter().for_each(|event| order.apply(event));
    (order, events)
}

#[test]
fn r_ful_01_what_is_never_confirmed_is_cancelled_in_time_and_its_pieces_are_free() {
    let asked = after(&[ask(&[Answer::Eligible], false)]);
    assert_eq!(asked.answer_due(), Some(hours(96)));
    assert_eq!(looked(&asked, 95).1, []);
    let (over, events) = looked(&asked, 96);
    assert_eq!((&over.state, over.answer_due()), (&State::Cancelled, None));
    let freed = events.iter().flat_map(|event| over.consequences(event));
    let freed = freed.filter(|one| matches!(one, Consequence::Account(_, account::Command::GiveBack { .. })));
    assert_eq!(freed.count(), 1);
    assert_eq!(after(&[ask(&[Answer::Review], false)]).answer_due(), None, "a person is waited for");
    assert_eq!(after(&[ask(&[Answer::Eligible], true)]).answer_due(), None);
}

#[test]
fn r_ful_05_people_are_told_once_of_each_thing_a_customer_does_not_answer() {
    let offer = tell(0, Command::Offer(article("p-9", None)));
    let offered = after(&[reship(), tell(0, Command::ReportOutOfStock), offer]);
    for (order, name) in [(offered, "an offer"), (after(&[exchange(150), hold(0, 100, 100)]), "a difference")] {
        assert_eq!(order.answer_due(), Some(hours(96)), "{name}");
        let (told, events) = looked(&order, 96);
        assert!(matches!(events[..], [Happened::Request(Told::Unanswered { .. })]), "{name}: {events:?}");
        assert_eq!((told.answer_due(), looked(&told, 500).1.len(), &told.state), (None, 0, &order.state), "{name}");
        let declined = next(&told, tell(0, Command::Answer { agreed: false })).unwrap_or(told);
        assert_eq!(declined.answer_due(), None, "{name}");
        let mut before = order.clone();
        before.request.as_mut().unwrap().terms.answer_within = SignedDuration::ZERO;
        assert_eq!(before.answer_due(), None, "it was not limited before");
    }
}
