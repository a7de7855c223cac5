//! Every state of found goods with every command.
#![expect(clippy::unwrap_used, reason = "tests")]
use super::{super::machine, *};

fn record() -> Command {
    let came = vec![Came { line_no: Some(1), product_id: String::new(), quantity: 2 }];
    Command::Record(Box::new(Facts {
        found_id: Uuid::from_u128(1),
        order_id: Some(Uuid::from_u128(2)),
        place: "s-1".into(),
        by: "staff:ana".into(),
        at: Timestamp::UNIX_EPOCH,
        parcel: "sf-1".into(),
        came,
        settle_within: SignedDuration::from_hours(24),
    }))
}

fn settle(how: Settlement) -> Command {
    Command::Settle { by: "staff:bo".into(), how }
}

fn assign(order: u128) -> Command {
    settle(Settlement::Assigned { order_id: Uuid::from_u128(order), came: vec![] })
}

fn send_back() -> Command {
    settle(Settlement::SentBack { reference: "sf-9".into() })
}

fn keep() -> Command {
    settle(Settlement::Kept { reason: "nobody_wants_it".into() })
}

fn mistaken() -> Command {
    settle(Settlement::Mistaken { reason: "told_twice".into() })
}

fn next(found: &FoundGoods, command: Command) -> Result<FoundGoods, &'static str> {
    let events = found.decide(command, Timestamp::UNIX_EPOCH).map_err(|no| no.code())?;
    let mut next = found.clone();
    events.iter().for_each(|event| next.apply(event));
    Ok(next)
}

fn after(commands: &[Command]) -> FoundGoods {
    commands.iter().fold(FoundGoods::default(), |found, command| next(&found, command.clone()).unwrap())
}

#[test]
fn every_command_in_every_state() {
    let states = [
        ("absent", after(&[])),
        ("waiting", after(&[record()])),
        ("assigned", after(&[record(), assign(3)])),
        ("sent_back", after(&[record(), send_back()])),
        ("kept", after(&[record(), keep()])),
        ("mistaken", after(&[record(), mistaken()])),
    ];
    let commands = [
        ("record", record()),
        ("assign", assign(3)),
        ("assign otherwise", assign(4)),
        ("send back", send_back()),
        ("keep", keep()),
        ("call it a mistake", mistaken()),
    ];
    let (none, no) = ("found.unknown", "found.not_now");
    machine::check(
        "found",
        &states,
        &commands,
        &[
            ("absent", ["waiting", none, none, none, none, none]),
            ("waiting", ["-", "assigned", "assigned", "sent_back", "kept", "mistaken"]),
            ("assigned", ["-", "-", no, no, no, no]),
            ("sent_back", ["-", no, no, "-", no, no]),
            ("kept", ["-", no, no, no, "-", no]),
            ("mistaken", ["-", no, no, no, no, "-"]),
        ],
        next,
    );
}

#[test]
fn what_is_given_to_an_order_is_received_by_it_as_the_parcel_it_is() {
    let found = after(&[record(), assign(3)]);
    let settled = Event::Settled(found.settled.clone().unwrap());
    let [Consequence::Order(order_id, order::Command::ReceiveParcel { parcel, by, place, .. })] =
        &found.consequences(&settled)[..]
    else {
        unreachable!("the order receives it")
    };
    assert_eq!((order_id.as_u128(), parcel.as_str()), (3, "sf-1"));
    assert_eq!((by.as_str(), place.as_str()), ("staff:bo", "s-1"));
    let kept = after(&[record(), keep()]);
    assert_eq!(kept.consequences(&Event::Settled(kept.settled.clone().unwrap())), []);
    assert_eq!(found_id(None, "sf-1"), found_id(None, "sf-1"), "a parcel with a number is found once");
    assert_eq!(found_id(None, ""), None);
}

#[test]
fn what_nobody_settles_in_time_is_told_once() {
    let hours = |hours| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
    let found = after(&[record()]);
    assert_eq!(found.settle_by(), Some(hours(24)));
    assert_eq!(found.decide(Command::Look, hours(23)), Ok(vec![]));
    assert_eq!(found.decide(Command::Look, hours(24)), Ok(vec![Event::Overdue]));
    let mut late = found.clone();
    late.apply(&Event::Overdue);
    assert_eq!((late.settle_by(), late.decide(Command::Look, hours(99))), (None, Ok(vec![])));
    assert_eq!(next(&late, keep()).unwrap().state, State::Kept, "it is settled all the same");
    assert_eq!(after(&[record(), keep()]).settle_by(), None);
    let mut stored = serde_json::to_value(&found).unwrap();
    stored.pointer_mut("/facts").unwrap().as_object_mut().unwrap().remove("settle_within").unwrap();
    assert_eq!(serde_json::from_value::<FoundGoods>(stored).unwrap().settle_by(), None, "as it was found before");
}
