//! Every state of a promise with every command and the diagram of the README; the six rules one by one; the defects of
//! others (D1 to D11) that cannot happen here.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use State::{Breached, Cancelled, CancelledAfterBreach, Met, MetLate, Paused, Running};
use jiff::{civil::date, tz::TimeZone};

use super::*;
use crate::calendar::{Calendar, Hours, Version};

/// An hour of the test, in tenths.
pub(super) fn h(tenths: i64) -> Timestamp {
    Timestamp::from_second(1_772_438_400 + tenths * 360).unwrap()
}

pub(super) fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

pub(super) fn terms(target: i64) -> Terms {
    Terms { target: hours(target), ..Terms::default() }
}

/// Due eight hours after the start, round the clock.
fn promise() -> Promise {
    Promise::start(h(0), false, terms(8), Some("team:a".into()), &|_| None).unwrap()
}

pub(super) fn paused(at: Timestamp) -> Fact {
    Fact::Paused { at, reason: Reason::WaitingCustomer, evidence: format!("question of {at}") }
}

fn retargeted(at: Timestamp, target: i64) -> Fact {
    Fact::Retargeted { at, terms: terms(target).into(), approval_id: "approval:1".into() }
}

fn cancelled(at: Timestamp, cause: Cause) -> Fact {
    Fact::Cancelled { at, cause }
}

/// Decides at `now`, and takes in what follows.
fn step(promise: &mut Promise, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
    let events = promise.decide(&command, now, &|_| None)?;
    events.iter().for_each(|event| promise.apply(event));
    Ok(events)
}

fn note(promise: &mut Promise, fact: Fact, now: Timestamp) -> Vec<Event> {
    step(promise, Command::Note(fact), now).unwrap()
}

fn look(promise: &mut Promise, now: Timestamp) -> Vec<Event> {
    step(promise, Command::Look, now).unwrap()
}

/// A promise in each state: paused from the second hour, ended in the fifth, or in the ninth, which is late.
fn in_state(state: State) -> Promise {
    let mut promise = promise();
    match state {
        Running => vec![],
        Paused => note(&mut promise, paused(h(20)), h(20)),
        Met => note(&mut promise, Fact::Satisfied { at: h(50) }, h(50)),
        Breached => look(&mut promise, h(90)),
        MetLate => note(&mut promise, Fact::Satisfied { at: h(90) }, h(90)),
        Cancelled => note(&mut promise, cancelled(h(50), Cause::Closed), h(50)),
        CancelledAfterBreach => note(&mut promise, cancelled(h(90), Cause::Closed), h(90)),
    };
    assert_eq!(promise.standing.state, state);
    promise
}

/// Happened in the third and fourth hour, or after the due time; taken up when a promise in that state can be there.
fn commands(state: State) -> [(&'static str, Command, Timestamp); 10] {
    let soon = if state.open() { h(45) } else { h(100) };
    let late = h(100);
    [
        ("look", Command::Look, soon),
        ("look", Command::Look, late),
        ("assign", Command::Note(Fact::Assigned { at: h(30), owner: "team:b".into() }), soon),
        ("pause", Command::Note(paused(h(30))), soon),
        ("resume", Command::Note(Fact::Resumed { at: h(30) }), soon),
        ("retarget", Command::Note(retargeted(h(40), 12)), soon),
        ("satisfy", Command::Note(Fact::Satisfied { at: h(40) }), soon),
        ("satisfy", Command::Note(Fact::Satisfied { at: h(95) }), late),
        ("cancel", Command::Note(cancelled(h(40), Cause::Closed)), soon),
        ("cancel", Command::Note(cancelled(h(95), Cause::Closed)), late),
    ]
}

const STATES: [State; 7] = [Running, Paused, Met, Breached, MetLate, Cancelled, CancelledAfterBreach];

/// Nothing happens: `-`; refused: `!`; said to be a correction: `*`.
#[rustfmt::skip]
const TABLE: [[&str; 10]; 7] = [
    // look, look late, assign, pause, resume, retarget, satisfy, satisfy late, cancel, cancel late
    ["-", "breached", "running", "paused", "running", "running", "met", "met_late", "cancelled", "cancelled_after_breach"],
    ["-", "-", "paused", "paused", "running", "paused", "met", "met", "cancelled", "cancelled"],
    ["-", "-", "met", "met*", "met", "!", "met*", "-", "cancelled*", "-"],
    ["-", "-", "breached", "paused*", "breached", "!", "met*", "met_late", "cancelled*", "cancelled_after_breach"],
    ["-", "-", "met_late", "met*", "met_late", "!", "met*", "-", "cancelled*", "-"],
    ["-", "-", "cancelled", "cancelled*", "cancelled", "!", "met*", "-", "cancelled*", "-"],
    ["-", "-", "cancelled_after_breach", "cancelled*", "cancelled_after_breach", "!", "met*", "-", "cancelled*", "-"],
];

#[test]
fn every_state_with_every_command_and_the_diagram_of_the_readme() {
    let mut arrows = BTreeSet::from(["    [*] --> running: start".to_owned()]);
    for (state, row) in STATES.into_iter().zip(TABLE) {
        for ((name, command, now), expected) in commands(state).into_iter().zip(row) {
            let mut promise = in_state(state);
            let before = promise.clone();
            let found = match step(&mut promise, command, now) {
                Ok(events) if events.is_empty() => "-".to_owned(),
                Ok(events) => {
                    let mark = events.iter().any(|event| matches!(event, Event::Corrected { .. }));
                    format!("{}{}", promise.standing.state.name(), if mark { "*" } else { "" })
                }
                Err(Rejection::NotNow(_)) => "!".to_owned(),
                Err(other) => panic!("{other}"),
            };
            assert_eq!(found, expected, "{} {name} {now}", state.name());
            assert!(promise != before || ["-", "!"].contains(&expected), "what is said moves something");
            if promise.standing.state != state {
                let corrected = if expected.ends_with('*') { ", corrected" } else { "" };
                arrows.insert(format!("    {} --> {}: {name}{corrected}", state.name(), promise.standing.state.name()));
            }
        }
    }
    let drawn: Vec<String> = arrows.into_iter().collect();
    let diagram = format!("```mermaid\nstateDiagram-v2\n{}\n```", drawn.join("\n"));
    assert!(include_str!("../../README.md").contains(&diagram), "the README's diagram must be:\n{diagram}");
}

#[test]
fn equality_counts_as_met_and_one_nanosecond_later_does_not() {
    let (due, nano) = (h(80), SignedDuration::from_nanos(1));
    for (at, state) in [(due - nano, Met), (due, Met), (due + nano, MetLate)] {
        let mut promise = promise();
        note(&mut promise, Fact::Satisfied { at }, h(100));
        assert_eq!(promise.standing.state, state, "{at}");
    }
    assert!(verdict(due, due).in_time());
    assert_eq!(verdict(due, due + nano), Verdict::Late);
    assert!(look(&mut promise(), due).is_empty());
    assert_eq!(promise().next_due(), Some(due + SignedDuration::from_micros(1)));
}

#[test]
fn a_reply_never_pauses() {
    let mut reply = Promise::start(h(0), true, terms(8), None, &|_| None).unwrap();
    assert!(note(&mut reply, paused(h(10)), h(10)).is_empty());
    assert_eq!(look(&mut reply, h(81)).len(), 1);
    assert_eq!(reply.standing.state, Breached);
}

#[test]
fn the_customers_message_ends_the_pause_when_it_was_sent() {
    let mut promise = promise();
    note(&mut promise, paused(h(20)), h(20));
    assert_eq!(promise.next_due(), None, "nothing is due while the customer is waited for");
    // Sent in the third hour, recorded in the seventh.
    note(&mut promise, Fact::Resumed { at: h(30) }, h(70));
    assert_eq!(promise.standing.due_at, h(90));
    // An earlier message that was recorded still later.
    note(&mut promise, Fact::Resumed { at: h(25) }, h(75));
    assert_eq!(promise.standing.due_at, h(85));
    // A pause told of after the message that ended it.
    note(&mut promise, paused(h(22)), h(76));
    assert_eq!((promise.standing.due_at, promise.standing.state), (h(85), Running));
}

#[test]
fn a_change_of_target_keeps_the_pauses_and_needs_an_approval() {
    let mut promise = promise();
    note(&mut promise, paused(h(20)), h(20));
    note(&mut promise, Fact::Resumed { at: h(30) }, h(30));
    let other = Fact::Retargeted { at: h(40), terms: terms(4).into(), approval_id: " ".into() };
    assert_eq!(step(&mut promise, Command::Note(other), h(40)), Err(Rejection::Unapproved));
    assert_eq!(promise.standing.due_at, h(90));
    note(&mut promise, retargeted(h(40), 4), h(40));
    assert_eq!(promise.standing.due_at, h(50));
    let refused = step(&mut promise, Command::Note(retargeted(h(60), 40)), h(60));
    assert_eq!(refused, Err(Rejection::NotNow(Breached)), "its time has passed, whether anybody has looked or not");
    assert_eq!(refused.unwrap_err().code(), "promise.not_now");
}

#[test]
fn other_terms_break_no_promise_at_an_instant_before_they_were_approved() {
    let running = promise();
    let refused = running.decide(&Command::Note(retargeted(h(60), 4)), h(60), &|_| None).unwrap_err();
    assert_eq!((&refused, refused.code()), (&Rejection::BrokenBefore(h(40)), "promise.broken_before"));
    let mut just = running.clone();
    note(&mut just, retargeted(h(60), 6), h(60));
    assert_eq!((just.standing.due_at, just.standing.state), (h(60), Running), "what is due now can still be kept");
    let mut waiting = running.clone();
    note(&mut waiting, paused(h(20)), h(20));
    let refused = waiting.decide(&Command::Note(retargeted(h(60), 1)), h(60), &|_| None).unwrap_err();
    assert_eq!(refused, Rejection::BrokenBefore(h(10)), "worked before it began to wait");
    note(&mut waiting, retargeted(h(60), 4), h(60));
    assert_eq!(waiting.standing.state, Paused, "what waits is not broken by waiting");
}

#[test]
fn a_calendar_that_is_not_at_hand_is_said() {
    let of = Versioned { id: "china".into(), version: 3 };
    let terms = Terms { calendar: Some(of.clone()), ..terms(8) };
    let refused = Promise::start(h(0), false, terms, None, &|_| None);
    assert_eq!(refused, Err(Rejection::NoCalendar(of)));
}

#[test]
fn without_its_calendar_a_promise_keeps_its_due_time_and_what_would_move_it_is_refused() {
    let of = Versioned { id: "china".into(), version: 3 };
    let given = Terms { calendar: Some(of.clone()), warnings: vec![Warning::Percent(75)], ..terms(8) };
    let at_hand = |_: &Versioned| Some(Calendar::round_the_clock());
    let promise = Promise::start(h(0), false, given, None, &at_hand).unwrap();
    let mut kept = promise.clone();
    note(&mut kept, Fact::Assigned { at: h(10), owner: "team:b".into() }, h(20));
    assert_eq!(kept.standing, promise.standing);
    note(&mut kept, Fact::Satisfied { at: h(80) }, h(100));
    assert_eq!((kept.standing.state, kept.standing.due_at, kept.standing.elapsed), (Met, h(80), None));

    let gone = |promise: &Promise, fact: Fact| promise.decide(&Command::Note(fact), h(50), &|_| None);
    let refused = Err(Rejection::NoCalendar(of));
    let waits = paused(h(20));
    assert_eq!(gone(&promise, waits.clone()), refused);
    let mut waiting = promise.clone();
    let events = waiting.decide(&Command::Note(waits), h(20), &at_hand).unwrap();
    events.iter().for_each(|event| waiting.apply(event));
    for moves in [Fact::Resumed { at: h(30) }, Fact::Satisfied { at: h(40) }] {
        assert_eq!(gone(&waiting, moves), refused);
    }
    let moved = gone(&waiting, retargeted(h(40), 12)).unwrap();
    assert!(matches!(&moved[..], [Event::Noted { stands, .. }] if stands.due_at == h(120)), "{moved:?}");
}

#[test]
fn warnings_are_given_once_in_working_time_and_only_while_something_can_be_done() {
    let warnings = vec![Warning::Percent(75), Warning::Before(SignedDuration::from_mins(30))];
    let mut promise = Promise::start(h(0), false, Terms { warnings, ..terms(8) }, None, &|_| None).unwrap();
    assert_eq!(promise.standing.warn_at, [h(60), h(75)]);
    note(&mut promise, paused(h(20)), h(20));
    note(&mut promise, Fact::Resumed { at: h(30) }, h(30));
    assert_eq!(promise.next_due(), Some(h(70)), "a pause moves warnings too");
    assert!(look(&mut promise, h(69)).is_empty());
    assert_eq!(look(&mut promise, h(70)), [Event::Warned { warning: Warning::Percent(75), at: h(70) }]);
    assert!(look(&mut promise, h(71)).is_empty());
    assert_eq!(promise.next_due(), Some(h(85)));
    assert!(matches!(look(&mut promise, h(100))[..], [Event::Breached { .. }]), "too late to warn");
}

#[test]
fn the_owner_at_the_due_time_answers_for_the_breach() {
    let mut promise = promise();
    note(&mut promise, Fact::Assigned { at: h(70), owner: "team:b".into() }, h(70));
    note(&mut promise, Fact::Assigned { at: h(85), owner: "team:c".into() }, h(85));
    let breached = Event::Breached { at: h(80), detected_at: h(85), owner: Some("team:b".into()) };
    assert_eq!(promise.owner_at_due(), Some("team:b"));
    assert_eq!(promise.breached_at(), Some(h(80)));
    assert_eq!(in_state(Running).decide(&Command::Look, h(85), &|_| None).unwrap().len(), 1);
    let mut again = self::promise();
    note(&mut again, Fact::Assigned { at: h(70), owner: "team:b".into() }, h(70));
    assert_eq!(look(&mut again, h(85)), [breached]);
}

#[test]
fn working_time_is_counted_beside_time_on_the_wall() {
    let office = Version {
        valid_from: date(2026, 1, 1),
        week: serde_json::from_str(r#"{"mon":["09:00-12:00","13:00-18:00"],"tue":["09:00-18:00"]}"#).unwrap(),
        dates: BTreeMap::new(),
        years: vec![2026],
    };
    let calendar = Calendar::prepare(&Hours { versions: vec![office] }, &TimeZone::UTC, 2026..=2026).unwrap();
    let of = Versioned { id: "office".into(), version: 1 };
    // Monday, 2 March 2026, 08:00.
    let terms = Terms { calendar: Some(of), ..terms(10) };
    let mut promise = Promise::start(h(0), false, terms, None, &|_| Some(&calendar)).unwrap();
    assert_eq!(promise.standing.due_at, h(270), "Tuesday at eleven");
    for fact in [paused(h(60)), Fact::Resumed { at: h(255) }, Fact::Satisfied { at: h(265) }] {
        let events = promise.decide(&Command::Note(fact), h(265), &|_| Some(&calendar)).unwrap();
        events.iter().for_each(|event| promise.apply(event));
    }
    let elapsed = promise.standing.elapsed.unwrap();
    // Three hours before lunch, one after it; half an hour is missing on Tuesday before the message and nothing after.
    assert_eq!(elapsed, Elapsed { working: hours(5), wall: SignedDuration::from_mins(26 * 60 + 30) });
    assert_eq!((promise.met_at(), promise.standing.state), (Some(h(265)), Met));
}

#[test]
fn several_promises_live_in_one_aggregate_and_a_late_fact_finds_its_own() {
    let mut promises: Promises<char> = Promises::default();
    let give = |promises: &mut Promises<char>, kind, at, target| {
        let promise = Promise::start(at, kind == 'r', terms(target), None, &|_| None).unwrap();
        let change = promises.start(kind, promise.clone()).unwrap();
        promises.apply(&change);
        assert_eq!(promises.start(kind, promise), None, "given once");
    };
    give(&mut promises, 'r', h(0), 1);
    give(&mut promises, 's', h(0), 8);
    assert_eq!(promises.next_due(), Some(h(10) + SignedDuration::from_micros(1)));
    let note = |promises: &mut Promises<char>, meant: &dyn Fn(char) -> bool, fact, now| {
        let changes = promises.decide(meant, &Command::Note(fact), now, &|_| None).unwrap();
        changes.iter().for_each(|change| promises.apply(change));
        changes.len()
    };
    // Answered late; the customer asks again; then an answer from before is found.
    note(&mut promises, &|kind| kind == 'r', Fact::Satisfied { at: h(15) }, h(15));
    give(&mut promises, 'r', h(20), 1);
    assert_eq!(note(&mut promises, &|kind| kind == 'r', Fact::Satisfied { at: h(9) }, h(22)), 2);
    let states: Vec<_> = promises.iter().map(|(kind, one)| (kind, one.standing.state)).collect();
    assert_eq!(states, [('r', Met), ('r', Running), ('s', Running)]);
    assert_eq!(promises.last('r').unwrap().started_at, h(20));
    assert_eq!(note(&mut promises, &|_| true, paused(h(25)), h(25)), 1, "the reply goes on");
    let refused = promises.decide(|_| true, &Command::Note(retargeted(h(50), 9)), h(50), &|_| None);
    assert_eq!(refused, Err(Rejection::NotNow(Breached)));
    let written = serde_json::to_string(&promises).unwrap();
    assert_eq!(serde_json::from_str::<Promises<char>>(&written).unwrap(), promises, "{written}");
}

#[test]
fn d1_a_reply_counts_when_it_was_given_not_when_a_worker_looked() {
    let mut prompt = promise();
    note(&mut prompt, Fact::Satisfied { at: h(75) }, h(75));
    // The worker stood still for ten minutes, past the due time; another one even saw a breach first.
    let mut delayed = promise();
    note(&mut delayed, Fact::Satisfied { at: h(75) }, h(82));
    let mut noticed = promise();
    look(&mut noticed, h(81));
    assert_eq!((noticed.standing.state, noticed.detected_at), (Breached, Some(h(81))));
    note(&mut noticed, Fact::Satisfied { at: h(75) }, h(82));
    assert_eq!(prompt, delayed);
    assert_eq!(prompt, noticed);
    assert_eq!(prompt.met_at(), Some(h(75)));
}

#[test]
fn d2_what_is_late_or_not_yet_there_counts_in_how_long_it_takes() {
    let mut summary = Summary::default();
    let mut prompt = promise();
    note(&mut prompt, Fact::Satisfied { at: h(10) }, h(10));
    summary.add(&prompt, h(300), &|_| None).unwrap();
    assert_eq!(summary.within(50), Some(hours(1)));
    let mut late = promise();
    note(&mut late, Fact::Satisfied { at: h(200) }, h(200));
    summary.add(&late, h(300), &|_| None).unwrap();
    // Nobody has answered the third, and no worker has noticed.
    summary.add(&promise(), h(300), &|_| None).unwrap();
    assert_eq!(summary.counts, Counts { met: 1, met_late: 1, breached: 1, ..Counts::default() });
    assert_eq!(
        [33, 50, 66, 67].map(|percent| summary.within(percent)),
        [Some(hours(1)), Some(hours(20)), Some(hours(20)), None]
    );
    assert_eq!(summary.counts.kept(), Some(Share { kept: 1, of: 3 }));
    // What was cancelled early would have taken longer than that: of the two left then, one took 20 hours.
    summary.add(&in_state(Cancelled), h(300), &|_| None).unwrap();
    assert_eq!((summary.within(25), summary.within(50)), (Some(hours(1)), Some(hours(20))));
    assert_eq!(summary.counts.kept(), Some(Share { kept: 1, of: 3 }), "it was never due");
}

#[test]
fn d3_what_was_never_promised_keeps_nothing_waiting() {
    let mut promises: Promises<char> = Promises::default();
    let reply = Promise::start(h(0), true, terms(8), None, &|_| None).unwrap();
    promises.apply(&promises.start('r', reply).unwrap());
    for change in promises.decide(|_| true, &Command::Note(Fact::Satisfied { at: h(5) }), h(5), &|_| None).unwrap() {
        promises.apply(&change);
    }
    let mut summary = Summary::default();
    promises.iter().for_each(|(_, promise)| summary.add(promise, h(6), &|_| None).unwrap());
    assert_eq!(summary.counts, Counts { met: 1, ..Counts::default() }, "no solution was promised, so none is pending");
    assert_eq!((promises.next_due(), promises.last('s')), (None, None));
}

#[test]
fn d7_every_promise_counts_and_a_replay_gives_the_same_report() {
    let mut promises: Promises<char> = Promises::default();
    let mut log = Vec::new();
    // Three answers one after the other: in two hours, in one, and not at all.
    for (start, reply) in [(0, Some(20)), (30, Some(40)), (50, None)] {
        let given = Promise::start(h(start), true, terms(1), None, &|_| None).unwrap();
        let mut changes = vec![promises.start('r', given).unwrap()];
        changes.iter().for_each(|change| promises.apply(change));
        if let Some(at) = reply {
            let reply = Command::Note(Fact::Satisfied { at: h(at) });
            changes.extend(promises.decide(|_| true, &reply, h(at), &|_| None).unwrap());
            changes.iter().skip(1).for_each(|change| promises.apply(change));
        }
        log.extend(changes);
    }
    let report = |promises: &Promises<char>| {
        let mut summary = Summary::default();
        promises.iter().for_each(|(_, promise)| summary.add(promise, h(55), &|_| None).unwrap());
        summary
    };
    let counts = Counts { met_late: 1, met: 1, running: 1, ..Counts::default() };
    assert_eq!(report(&promises).counts, counts, "not the longest only");
    let mut replayed = Promises::default();
    log.iter().for_each(|change| replayed.apply(change));
    assert_eq!(replayed, promises);
    assert_eq!(report(&replayed), report(&promises));
    // After a change of the target the report is made anew, from the same facts.
    let records = promises.iter().map(|(_, promise)| Record::new(promise.started_at, (), promise, h(55)));
    let longer = replay(records, |_| Some(Target { target: hours(2), calendar: None, warnings: &[] })).unwrap();
    assert_eq!(longer.before, counts);
    assert_eq!(longer.after, Counts { met: 2, running: 1, ..Counts::default() });
    assert_eq!(longer.changed, [Changed { id: h(0), before: MetLate, after: Some(Met) }]);
}

#[test]
fn d8_resolving_or_closing_cancels_what_is_still_owed() {
    for cause in [Cause::Resolved, Cause::Closed, Cause::Rejected] {
        let mut promises: Promises<char> = Promises::default();
        for (kind, reply) in [('r', true), ('s', false)] {
            let promise = Promise::start(h(0), reply, terms(8), None, &|_| None).unwrap();
            promises.apply(&promises.start(kind, promise).unwrap());
        }
        let close = Command::Note(cancelled(h(30), cause));
        for change in promises.decide(|_| true, &close, h(30), &|_| None).unwrap() {
            promises.apply(&change);
        }
        assert_eq!(promises.next_due(), None);
        assert_eq!(promises.decide(|_| true, &Command::Look, h(1000), &|_| None), Ok(vec![]));
        assert!(
            promises.iter().all(|(_, one)| one.standing.end == Some(End { at: h(30), how: How::Cancelled(cause) }))
        );
    }
}

#[test]
fn d9_what_was_merged_or_lost_its_policy_escalates_no_more() {
    for cause in [Cause::Merged, Cause::PolicyWithdrawn] {
        let mut open = promise();
        note(&mut open, cancelled(h(30), cause), h(30));
        assert_eq!((open.next_due(), look(&mut open, h(1000))), (None, vec![]));
        let mut broken = in_state(Breached);
        note(&mut broken, cancelled(h(95), cause), h(95));
        assert_eq!((broken.standing.state, broken.next_due()), (CancelledAfterBreach, None));
    }
}

#[test]
fn d11_a_share_of_nothing_is_no_share() {
    let mut summary = Summary::default();
    assert_eq!((summary.counts.kept(), summary.within(50)), (None, None));
    summary.add(&promise(), h(10), &|_| None).unwrap();
    summary.add(&in_state(Cancelled), h(60), &|_| None).unwrap();
    assert_eq!((summary.counts.kept(), summary.within(50)), (None, None), "nothing was due yet");
    summary.add(&in_state(Breached), h(100), &|_| None).unwrap();
    assert_eq!(summary.counts.kept(), Some(Share { kept: 0, of: 1 }), "this is nothing kept of one");
}
