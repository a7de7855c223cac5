//! Every state of the matters of an order against everything that can happen, and every order it can happen in.
use std::collections::BTreeSet;

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::constant(1_770_000_000, 0);
const ORDER: About = About::Order(Uuid::from_u128(7));

fn matter(number: u128) -> Matter {
    Matter { escalation_id: Uuid::from_u128(number), ..Matter::default() }
}

fn of(act: Act) -> Command {
    Command::Of(ORDER, act)
}

fn note(number: u128, topic: &str) -> Command {
    of(Act::Note { escalation_id: Uuid::from_u128(number), topic: topic.into() })
}

fn came(number: u128) -> Command {
    let receive_by = NOW + SignedDuration::from_hours(48);
    of(Act::Parcel(News::Came { unreceived: Box::new(matter(number)), receive_by }))
}

fn lost(number: u128) -> Command {
    of(Act::Parcel(News::Lost(Box::new(matter(number)))))
}

fn received() -> Command {
    of(Act::Parcel(News::Over(Why::GoodsReceived)))
}

fn end() -> Command {
    of(Act::End { why: Why::OrderCompleted })
}

fn after(from: &Matters, command: Command, now: Timestamp) -> (Matters, String) {
    let mut matters = from.clone();
    let events = matters.decide(command, now);
    events.iter().for_each(|event| matters.apply(event));
    let word = |event: &Event| match event {
        Event::Noted { .. } => "noted".to_owned(),
        Event::Settled { escalations, .. } => format!("settled {}", escalations.len()),
        Event::ParcelCame { .. } => "came".to_owned(),
        Event::ParcelLost { .. } => "lost".to_owned(),
        Event::ParcelUnreceived { .. } => "unreceived".to_owned(),
        Event::ParcelOver { escalation_id, .. } => format!("over {}", u8::from(escalation_id.is_some())),
        Event::Ended { escalations, .. } => format!("ended {}", escalations.len()),
    };
    (matters, events.iter().map(word).collect::<Vec<_>>().join(", "))
}

#[test]
fn every_state_knows_what_every_word_means() {
    let late = NOW + SignedDuration::from_hours(49);
    let none = Matters::default();
    let noted = after(&after(&none, note(1, "portion"), NOW).0, note(2, ""), NOW).0;
    let brought = after(&none, came(3), NOW).0;
    let gone = after(&none, lost(4), NOW).0;
    let waits = after(&brought, Command::Look, late).0;
    let settle = |topic: &str| of(Act::Settle { topic: topic.into(), why: Why::Paid });
    let table = [
        (note(1, "portion"), NOW, ["noted", "", "noted", "noted", "noted"]),
        (settle("portion"), NOW, ["", "settled 1", "", "", ""]),
        (settle("another"), NOW, ["", "", "", "", ""]),
        (came(3), NOW, ["came", "came", "came", "over 1, came", "over 1, came"]),
        (lost(4), NOW, ["lost", "lost", "lost", "", "over 1, lost"]),
        (received(), NOW, ["", "", "over 0", "over 1", "over 1"]),
        (Command::Look, NOW + SignedDuration::from_hours(48), ["", "", "", "", ""]),
        (Command::Look, late, ["", "", "unreceived", "", ""]),
        (end(), NOW, ["", "ended 2", "ended 0", "ended 1", "ended 1"]),
    ];
    for (command, at, expected) in table {
        let seen = [&none, &noted, &brought, &gone, &waits].map(|from| after(from, command.clone(), at).1);
        assert_eq!(seen, expected.map(str::to_owned), "{command:?}");
    }
}

#[test]
fn a_parcel_is_raised_once_however_often_it_is_told_of() {
    let late = NOW + SignedDuration::from_hours(49);
    let mut matters = Matters::default();
    let mut said = Vec::new();
    for (command, at) in [(came(3), NOW), (Command::Look, late), (Command::Look, late), (received(), late)] {
        let (next, word) = after(&matters, command, at);
        said.push(word);
        matters = next;
    }
    assert_eq!(said, ["came", "unreceived", "", "over 1"]);
    assert_eq!((matters.parcel, matters.open), (Parcel::None, BTreeMap::new()));
}

proptest! {
    /// Whatever is raised, settled and told again in whatever order: what is raised when the order ends is settled by it,
    /// nothing stays, and nothing that was not raised is.
    #[test]
    fn nothing_outlives_the_order(steps in prop::collection::vec((0..6_u8, 1..5_u128), 0..40)) {
        let (mut matters, mut raised) = (Matters::default(), BTreeSet::new());
        for (step, number) in steps {
            let (command, at) = match step {
                0 => (note(number, "a"), NOW),
                1 => (of(Act::Settle { topic: "a".into(), why: Why::WentOn }), NOW),
                2 => (came(10 + number), NOW),
                3 => (lost(20 + number), NOW),
                4 => (received(), NOW),
                _ => (Command::Look, NOW + SignedDuration::from_hours(49)),
            };
            for event in matters.decide(command, at) {
                match &event {
                    Event::Noted { escalation_id, .. } => drop(raised.insert(*escalation_id)),
                    Event::ParcelLost { lost: matter, .. } | Event::ParcelUnreceived { unreceived: matter, .. } => {
                        raised.insert(matter.escalation_id);
                    }
                    Event::Settled { escalations, .. } => {
                        escalations.iter().for_each(|id| prop_assert_ok(raised.remove(id)));
                    }
                    Event::ParcelOver { escalation_id: Some(id), .. } => prop_assert_ok(raised.remove(id)),
                    _ => {}
                }
                matters.apply(&event);
            }
            prop_assert_eq!(matters.open.keys().copied().collect::<BTreeSet<_>>(), raised.clone());
        }
        let ended = matters.decide(end(), NOW);
        let settled: BTreeSet<Uuid> = ended.iter().flat_map(|event| match event {
            Event::Ended { escalations, .. } => escalations.clone(),
            _ => vec![],
        }).collect();
        prop_assert_eq!(settled, raised);
        ended.iter().for_each(|event| matters.apply(event));
        prop_assert_eq!(matters.decide(end(), NOW), vec![]);
    }
}

fn prop_assert_ok(was_raised: bool) {
    assert!(was_raised, "what was never raised is settled");
}
