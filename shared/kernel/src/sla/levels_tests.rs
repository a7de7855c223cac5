//! Levels as services ask them: terms by place and class, promises in working time, and what is refused or warned of.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use jiff::SignedDuration;

use super::*;
use crate::{
    calendar::CHINA,
    promise::{Command, Fact, State},
    sla::DEFAULT,
};

const CHAT: Facts<'_> = Facts { channel: Some("app"), class: None, priority: None, segment: None, store: None };

fn shipped() -> Levels {
    Levels::prepare(toml::from_str(DEFAULT).unwrap(), &toml::from_str(CHINA).unwrap()).unwrap()
}

/// A file in which the shipped calendar has a second version, with a holiday more: Tuesday, 3 March 2026.
fn with_a_holiday(keeps_the_first: bool) -> Levels {
    let mut calendars: Definitions = toml::from_str(CHINA).unwrap();
    let mut newer = calendars.calendars[0].clone();
    newer.version = 2;
    newer.dates.closed.push("2026-03-03".parse().unwrap());
    calendars.calendars.retain(|_| keeps_the_first);
    calendars.calendars.push(newer);
    Levels::prepare(toml::from_str(DEFAULT).unwrap(), &calendars).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn r_int_13_a_chat_of_the_evening_is_answered_in_the_first_minutes_of_the_next_working_day() {
    let levels = shipped();
    // The last evening before the Spring Festival of 2026; the first working day after it is a Tuesday.
    let promise = levels.promise(Kind::FirstResponse, CHAT, None, at("2026-02-14T23:30:00+08:00")).unwrap().unwrap();
    assert!(promise.reply);
    assert_eq!(promise.standing.due_at, at("2026-02-24T09:05:00+08:00"));
}

#[test]
fn a_promise_is_kept_under_the_calendar_it_was_given_in() {
    let levels = shipped();
    let promise = levels.promise(Kind::FirstResponse, CHAT, None, at("2026-03-02T10:00:00+08:00")).unwrap().unwrap();
    let satisfied = Command::Note(Fact::Satisfied { at: at("2026-03-02T10:05:00+08:00") });
    let events = promise.decide(&satisfied, at("2026-03-02T11:00:00+08:00"), &|of| levels.calendar(of)).unwrap();
    let mut kept = promise.clone();
    events.iter().for_each(|event| kept.apply(event));
    assert_eq!(kept.standing.state, State::Met);
    assert!(levels.calendar(&Versioned { id: "moon".into(), version: 1 }).is_none());
    let later = Versioned { version: 99, ..promise.terms.calendar.clone().unwrap() };
    assert!(levels.calendar(&later).is_none(), "a version nobody has yet");
}

#[test]
fn a_holiday_that_is_added_moves_no_running_promise_and_holds_for_the_next() {
    // Monday evening, two minutes before the office closes.
    let given = at("2026-03-02T17:58:00+08:00");
    let due = at("2026-03-03T09:03:00+08:00");
    let promise = shipped().promise(Kind::FirstResponse, CHAT, None, given).unwrap().unwrap();
    assert_eq!(promise.standing.due_at, due);
    for keeps_the_first in [true, false] {
        let levels = with_a_holiday(keeps_the_first);
        let assigned = Fact::Assigned { at: given, owner: "team:a".into() };
        let satisfied = Fact::Satisfied { at: due + SignedDuration::from_nanos(1) };
        let mut promise = promise.clone();
        for (fact, now) in [(assigned, due), (satisfied, at("2026-03-03T12:00:00+08:00"))] {
            let events = promise.decide(&Command::Note(fact), now, &|of| levels.calendar(of)).unwrap();
            events.iter().for_each(|event| promise.apply(event));
            assert_eq!(promise.standing.due_at, due);
        }
        assert_eq!(promise.standing.state, State::MetLate);
        assert_eq!(promise.standing.elapsed.is_some(), keeps_the_first);
        let next = levels.promise(Kind::FirstResponse, CHAT, None, given).unwrap().unwrap();
        assert_eq!(next.terms.calendar, Some(Versioned { id: "china".into(), version: 2 }));
        assert_eq!(next.standing.due_at, at("2026-03-04T09:03:00+08:00"));
    }
}

#[test]
fn what_is_not_promised_has_no_terms() {
    assert!(shipped().terms(Kind::Pickup, Facts::default(), None).is_none());
}

#[test]
fn a_year_without_holidays_is_named() {
    let levels = shipped();
    assert!(levels.warnings(at("2025-12-31T12:00:00Z")).is_empty());
    let warnings = levels.warnings(at("2026-11-21T12:00:00Z"));
    let said =
        "calendar china names no holidays of 2027: terms then count as if there were none. Copy the calendar, give";
    assert!(warnings.len() == 1 && warnings[0].starts_with(said), "{warnings:?}");
    assert!(CHINA.contains("copy the calendar, give the copy the next"), "the file says the same");
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let mut policy: Policy = toml::from_str(DEFAULT).unwrap();
    policy.rules.iter_mut().for_each(|rule| rule.hours = Hours::Of("moon".into()));
    policy.rules.retain(|rule| rule.promise != Kind::ResultNotice);
    let wrong = Levels::prepare(policy, &toml::from_str(CHINA).unwrap()).unwrap_err().to_string();
    assert!(wrong.contains("moon") && wrong.contains("discomfort"), "{wrong}");
}
