//! Levels as services ask them: terms by place and class, promises in working time, and what is refused or warned of.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use super::*;
use crate::{
    calendar::CHINA,
    promise::{Command, Fact, State},
    sla::DEFAULT,
};

fn shipped() -> Levels {
    Levels::prepare(toml::from_str(DEFAULT).unwrap(), &toml::from_str(CHINA).unwrap()).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn r_int_13_a_chat_of_the_evening_is_answered_in_the_first_minutes_of_the_next_working_day() {
    let levels = shipped();
    let facts = Facts { channel: Some("chat"), ..Facts::default() };
    // The last evening before the Spring Festival of 2026; the first working day after it is a Tuesday.
    let given = at("2026-02-14T23:30:00+08:00");
    let promise = levels.promise(Kind::FirstResponse, facts, None, given).unwrap().unwrap();
    assert!(promise.reply);
    let calendar = levels.calendar(promise.terms.calendar.as_ref().unwrap()).unwrap();
    let working = calendar.between(given, promise.standing.due_at).unwrap();
    assert_eq!(working, Duration::from_mins(5));
    assert!(!calendar.is_working(given), "{promise:?}");
}

#[test]
fn a_promise_is_kept_under_the_calendar_it_was_given_in() {
    let levels = shipped();
    let facts = Facts { channel: Some("chat"), ..Facts::default() };
    let promise = levels.promise(Kind::FirstResponse, facts, None, at("2026-03-02T10:00:00+08:00")).unwrap().unwrap();
    let satisfied = Command::Note(Fact::Satisfied { at: at("2026-03-02T10:05:00+08:00") });
    let events = promise.decide(&satisfied, at("2026-03-02T11:00:00+08:00"), &|of| levels.calendar(of)).unwrap();
    let mut kept = promise.clone();
    events.iter().for_each(|event| kept.apply(event));
    assert_eq!(kept.standing.state, State::Met);
    assert!(levels.calendar(&Versioned { id: "moon".into(), version: 1 }).is_none());
    let later = Versioned { version: 99, ..promise.terms.calendar.unwrap() };
    assert!(levels.calendar(&later).is_none(), "a version nobody has yet");
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
    assert!(warnings.len() == 1 && warnings[0].contains("2027"), "{warnings:?}");
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let mut policy: Policy = toml::from_str(DEFAULT).unwrap();
    policy.rules.iter_mut().for_each(|rule| rule.hours = Hours::Of("moon".into()));
    policy.rules.retain(|rule| rule.promise != Kind::ResultNotice);
    let wrong = Levels::prepare(policy, &toml::from_str(CHINA).unwrap()).unwrap_err().to_string();
    assert!(wrong.contains("moon") && wrong.contains("discomfort"), "{wrong}");
}
