//! Every clock gives whole microseconds; a driven one stands still until it is moved.
use super::*;
use crate::fixture_tests::at;

#[test]
fn the_system_clock_has_microseconds_and_leaves_the_comparison_to_the_database() {
    let clock = Clock::system();
    let (one, two) = (clock.now(), clock.now());
    assert!(one <= two && one > at(1_700_000_000));
    assert_eq!(one.subsec_nanosecond() % 1000, 0);
    assert_eq!(clock.bound(), None);
    clock.advance(SignedDuration::from_hours(1000));
    assert!(clock.now() < two + SignedDuration::from_hours(1), "only a clock held by hand is moved");
}

#[test]
fn a_clock_held_by_hand_stands_still_and_all_who_hold_it_see_it_move() {
    let clock = Clock::by_hand(at(100));
    let other = clock.clone();
    assert_eq!((clock.now(), clock.bound()), (at(100), Some(at(100))));
    clock.advance(SignedDuration::from_secs(5));
    assert_eq!(other.now(), at(105));
}

#[test]
fn a_driven_clock_reads_its_file_and_refuses_one_without_an_instant() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "tomorrow").unwrap();
    assert!(Clock::driven(file.path().to_owned()).unwrap_err().contains("RFC 3339"));
    std::fs::write(file.path(), "2026-03-02T08:00:00Z\n").unwrap();
    let clock = Clock::driven(file.path().to_owned()).unwrap();
    assert_eq!(clock.now(), "2026-03-02T08:00:00Z".parse().unwrap());
    std::fs::write(file.path(), "2026-03-03T08:00:00Z\n").unwrap();
    assert_eq!(clock.bound(), Some("2026-03-03T08:00:00Z".parse().unwrap()));
}
