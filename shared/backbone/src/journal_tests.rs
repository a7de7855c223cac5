//! A chain of entries is unbroken as it was written, and broken once anything in it was touched.
use proptest::{collection::vec, prelude::*, sample::Index};

use super::*;
use crate::fixture_tests::{at, id};

fn entry(link: &Link, payload: Vec<u8>) -> (Entry, Link) {
    let published =
        Published { event_type: "test.v1.Told", subject: "test.v1.0.tally.told".into(), payload, occurred_at: None };
    Entry::next(link, ("tally", id(0)), published, &Unit::empty(), None, at(7))
}

fn chain(payloads: Vec<Vec<u8>>) -> Vec<Entry> {
    let mut end = Link::default();
    let mut entries = Vec::new();
    for payload in payloads {
        let (entry, link) = entry(&end, payload);
        entries.push(entry);
        end = link;
    }
    entries
}

#[derive(Clone, Copy, Debug)]
enum Touch {
    Payload,
    Actor,
    Type,
    Subject,
    Occurred,
    Recorded,
    EventId,
    Aggregate,
    Hash,
    Previous,
    /// The payload, and a hash that fits it.
    Forge,
    Remove,
    Insert,
    Swap,
}

const TOUCHES: [Touch; 14] = [
    Touch::Payload,
    Touch::Actor,
    Touch::Type,
    Touch::Subject,
    Touch::Occurred,
    Touch::Recorded,
    Touch::EventId,
    Touch::Aggregate,
    Touch::Hash,
    Touch::Previous,
    Touch::Forge,
    Touch::Remove,
    Touch::Insert,
    Touch::Swap,
];

/// Touches the entry at `place`, which is not the last one.
fn touch(entries: &mut Vec<Entry>, place: usize, touch: Touch) {
    let entry = &mut entries[place];
    match touch {
        Touch::Payload => entry.payload.push(0),
        Touch::Actor => entry.actor.push('x'),
        Touch::Type => entry.event_type.push('x'),
        Touch::Subject => entry.subject.push('x'),
        Touch::Occurred => entry.occurred_at += jiff::SignedDuration::from_micros(1),
        Touch::Recorded => entry.recorded_at += jiff::SignedDuration::from_micros(1),
        Touch::EventId => entry.event_id = Uuid::nil(),
        Touch::Aggregate => entry.aggregate_id = id(9),
        Touch::Hash => entry.hash[0] ^= 1,
        Touch::Previous => entry.previous.push(0),
        Touch::Forge => {
            entry.payload.push(0);
            entry.hash = entry.chain();
        }
        Touch::Remove => drop(entries.remove(place)),
        Touch::Insert => {
            let (mut inserted, _) =
                self::entry(&Link { version: entry.version - 1, hash: entry.previous.clone() }, b"forged".to_vec());
            inserted.hash = inserted.chain();
            entries.insert(place, inserted);
        }
        Touch::Swap => entries.swap(place, place + 1),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_is_touched_breaks_the_chain(payloads in vec(vec(any::<u8>(), 0..20), 2..8), place: Index, which: Index) {
        let mut entries = chain(payloads);
        prop_assert_eq!(first_break(&entries), None);
        let place = place.index(entries.len() - 1);
        touch(&mut entries, place, TOUCHES[which.index(TOUCHES.len())]);
        let broken = first_break(&entries);
        prop_assert!(broken.is_some_and(|version| version > place as u64), "{broken:?} at {place}");
    }
}

#[test]
fn a_part_that_moves_into_the_next_one_is_noticed() {
    let (mut one, _) = entry(&Link::default(), b"x".to_vec());
    let hash = one.chain();
    one.event_type = "test.v1.Tol".into();
    one.subject = "dtest.v1.0.tally.told".into();
    assert_ne!(one.chain(), hash);
}

#[test]
fn no_entries_are_no_break_and_the_first_is_version_one() {
    assert_eq!(first_break(&[]), None);
    let entries = chain(vec![vec![1], vec![2]]);
    assert_eq!(first_break(&entries[1..]), Some(2));
}
