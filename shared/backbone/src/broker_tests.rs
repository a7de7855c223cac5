//! What goes out in headers comes back the same, and what is missing is named.
use proptest::prelude::*;

use super::*;
use crate::fixture_tests::{at, id};

fn entry() -> Entry {
    Entry {
        seq: 7,
        event_id: Uuid::now_v7(),
        shard: 3,
        aggregate: "tally".into(),
        aggregate_id: id(1),
        version: 12,
        event_type: "test.v1.Told".into(),
        subject: "test.v1.3.tally.told".into(),
        payload: vec![1, 2, 3],
        actor: "staff:ana".into(),
        cause: Some(id(2)),
        correlation: id(3),
        trace: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        occurred_at: at(5),
        recorded_at: at(6),
        previous: Vec::new(),
        hash: Vec::new(),
    }
}

proptest! {
    #[test]
    fn headers_come_back_as_they_went_out(
        version in 1..u64::MAX,
        micros in -50_000_000_000_000_000_i64..200_000_000_000_000_000,
        traced: bool,
    ) {
        let occurred_at = Timestamp::from_microsecond(micros).unwrap();
        let sent = Entry { version, occurred_at, trace: entry().trace.filter(|_| traced), ..entry() };
        let read = meta(&headers(&sent, "tester"), "TEST", 99).unwrap();
        prop_assert_eq!((read.event_id, read.aggregate_id, read.version), (sent.event_id, sent.aggregate_id, version));
        prop_assert_eq!((read.occurred_at, read.recorded_at), (occurred_at, sent.recorded_at));
        prop_assert_eq!((read.event_type, read.actor, read.trace), (sent.event_type, sent.actor, sent.trace));
        prop_assert_eq!((read.correlation, read.stream, read.stream_seq), (sent.correlation, "TEST".into(), 99));
    }
}

#[test]
fn a_header_that_is_missing_or_wrong_is_named() {
    for name in [
        "ce-id",
        "ce-subject",
        "ce-type",
        "ce-time",
        "aftercare-version",
        "aftercare-recorded",
        "aftercare-actor",
        "aftercare-correlation",
    ] {
        let good = headers(&entry(), "tester");
        let mut without = HeaderMap::new();
        for (key, values) in good.iter().filter(|(key, _)| key.to_string() != name) {
            without.insert(key.clone(), values[0].clone());
        }
        assert_eq!(meta(&without, "TEST", 1).unwrap_err(), format!("header {name} is missing"));
        if !matches!(name, "ce-type" | "aftercare-actor") {
            let mut wrong = good;
            wrong.insert(name, "what?");
            assert!(meta(&wrong, "TEST", 1).unwrap_err().starts_with(&format!("header {name}: ")));
        }
    }
}

#[test]
fn the_message_id_is_the_event_id() {
    let entry = entry();
    let headers = headers(&entry, "tester");
    let id = entry.event_id.to_string();
    assert_eq!(headers.get("Nats-Msg-Id").map(|v| v.as_str()), Some(id.as_str()));
    assert_eq!(headers.get("ce-source").map(|v| v.as_str()), Some("/aftercare/tester"));
}
