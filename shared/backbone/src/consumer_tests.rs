//! How long an event waits that was given back.
use super::*;

#[test]
fn the_delay_doubles_from_a_tenth_of_a_second_to_five_seconds() {
    let waits: Vec<u128> = [-1, 0, 1, 2, 3, 6, 7, 8, i64::MAX].map(|n| backoff(n).as_millis()).into();
    assert_eq!(waits, [100, 100, 100, 200, 400, 3200, 5000, 5000, 5000]);
}

#[test]
fn a_message_that_is_no_event_has_a_place_of_its_own() {
    let unreadable = |stream_seq, stored_at| unreadable("TEST", stream_seq, stored_at, "no headers");
    let (one, two, anew) = (unreadable(7, 1), unreadable(8, 1), unreadable(7, 2));
    assert_ne!(one.aggregate_id, two.aggregate_id, "it holds up nobody");
    assert_ne!(one.event_id, anew.event_id, "the stream was made again");
    assert_eq!((one.version, one.stream.as_str(), one.stream_seq), (1, "TEST", 7));
}
