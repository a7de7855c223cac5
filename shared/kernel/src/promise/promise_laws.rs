//! What holds of every promise: nothing but the facts decides, a log says all, a pause gives back what it took.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::LazyLock;

use jiff::{civil::date, tz::TimeZone};
use proptest::{
    collection::{btree_map, vec},
    prelude::*,
};

use super::{tests::paused, *};
use crate::calendar::{Calendar, Hours, Version};

/// Monday to Friday with lunch in Shanghai, a make-up Saturday, and a holiday.
static OFFICE: LazyLock<Calendar> = LazyLock::new(|| {
    let day = r#"["09:00-12:00","13:00-18:00"]"#;
    let week = format!(r#"{{"mon":{day},"tue":{day},"wed":{day},"thu":{day},"fri":{day}}}"#);
    let dates = format!(r#"{{"2026-02-14":{day},"2026-02-16":[],"2026-02-17":[],"2026-02-18":[]}}"#);
    let office = Version {
        valid_from: date(2026, 1, 1),
        week: serde_json::from_str(&week).unwrap(),
        dates: serde_json::from_str(&dates).unwrap(),
        years: vec![2026],
    };
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    Calendar::prepare(&Hours { versions: vec![office] }, &zone, 2026..=2026).unwrap()
});

fn calendars(_: &Versioned) -> Option<&'static Calendar> {
    Some(&OFFICE)
}

/// Monday, 9 February 2026, at nine in Shanghai.
const START: i64 = 1_770_598_800;
/// Two weeks of it.
const SECONDS: i64 = 14 * 86_400;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(START + second).unwrap()
}

prop_compose! {
    fn a_promise()(target in 0..150_000_i64, office: bool, reply in prop::bool::weighted(0.2), percent in 1..100_u8)
        -> Promise {
        let calendar = office.then(|| Versioned { id: "office".into(), version: 1 });
        let warnings = vec![Warning::Percent(percent), Warning::Before(SignedDuration::from_mins(20))];
        let terms = Terms { target: SignedDuration::from_secs(target), calendar, policy: None, warnings };
        Promise::start(at(0), reply, terms, None, &calendars).unwrap()
    }
}

fn fact(second: i64, which: u8) -> Fact {
    let at = at(second);
    match which {
        0..5 => paused(at),
        5..10 => Fact::Resumed { at },
        10..12 => Fact::Assigned { at, owner: format!("team:{second}") },
        12 => Fact::Satisfied { at },
        13 => Fact::Cancelled { at, cause: Cause::Closed },
        _ => {
            let calendar = (second % 2 == 0).then(|| Versioned { id: "office".into(), version: 1 });
            let target = SignedDuration::from_secs(second.abs() % 150_000);
            let terms = Terms { target, calendar, policy: None, warnings: vec![Warning::Percent(50)] };
            Fact::Retargeted { at, terms: Arc::new(terms), approval_id: format!("approval {second}") }
        }
    }
}

/// Facts at different instants, in another order, each with a time a worker looks before it and how late it is told of.
fn history(ends: bool) -> impl Strategy<Value = Vec<(Fact, i64, i64)>> {
    told(if ends { 0..14_u8 } else { 0..12_u8 })
}

/// The same, and other terms are approved on the way: those count from when they are told, and so the order decides.
fn history_with_moves() -> impl Strategy<Value = Vec<(Fact, i64, i64)>> {
    told(0..18_u8)
}

fn told(which: std::ops::Range<u8>) -> impl Strategy<Value = Vec<(Fact, i64, i64)>> {
    let facts = btree_map(-100..SECONDS, (which, 0..SECONDS, 0..SECONDS), 0..10);
    let facts = facts.prop_map(|all| all.into_iter().map(|(s, (which, look, late))| (fact(s, which), look, late)));
    facts.prop_map(Vec::from_iter).prop_shuffle()
}

/// Pauses and other terms, and nothing that ends it.
fn told_without_ends() -> impl Strategy<Value = Vec<(Fact, i64, i64)>> {
    history_with_moves().prop_map(|mut told| {
        told.retain(|(fact, ..)| !matches!(fact, Fact::Satisfied { .. } | Fact::Cancelled { .. }));
        told
    })
}

/// Takes all of it in, in this order; looks in between when it is said so. The events, and how it stands long after.
fn live(mut promise: Promise, history: &[(Fact, i64, i64)], looks: bool) -> (Vec<Event>, Promise) {
    let (mut log, mut now) = (vec![Event::Started(Box::new(promise.clone()))], at(0));
    let mut step = |promise: &mut Promise, command: Command, now| {
        // What is late or has ended gets no other terms, nor such as would have been broken before.
        let decided = |promise: &Promise| match promise.decide(&command, now, &calendars) {
            Err(Rejection::NotNow(_) | Rejection::BrokenBefore(_)) => vec![],
            decided => decided.unwrap(),
        };
        let events = decided(promise);
        events.iter().for_each(|event| promise.apply(event));
        let moved = matches!(command, Command::Note(Fact::Retargeted { .. }));
        assert!(
            moved || decided(promise).is_empty(),
            "said twice, it happens once; other terms give their warnings anew"
        );
        log.extend(events);
    };
    for (fact, look, late) in history {
        if looks {
            now = now.max(at(*look));
            step(&mut promise, Command::Look, now);
        }
        now = now.max(fact.at() + SignedDuration::from_secs(*late));
        step(&mut promise, Command::Note(fact.clone()), now);
    }
    step(&mut promise, Command::Look, at(3 * SECONDS));
    (log, promise)
}

/// What is worked on it until then, counted from one of the pauses to the next.
fn worked(promise: &Promise, pauses: &[(Timestamp, Timestamp)], until: Timestamp) -> Duration {
    let calendar = if promise.terms.calendar.is_some() { &OFFICE } else { Calendar::round_the_clock() };
    let (mut sum, mut at) = (Duration::ZERO, promise.started_at);
    let mut pauses = pauses.to_vec();
    pauses.sort_unstable();
    for (from, to) in pauses.into_iter().chain([(until, until)]).filter(|(from, _)| *from <= until) {
        sum += calendar.between(at, from).unwrap();
        at = at.max(to);
    }
    sum
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn neither_the_order_of_arrival_nor_the_looking_decides(promise in a_promise(), told in history(true)) {
        let mut in_order = told.clone();
        in_order.sort_by_key(|(fact, ..)| fact.at());
        let (_, expected) = live(promise.clone(), &in_order, false);
        for (history, looks) in [(&told, false), (&told, true), (&in_order, true)] {
            let (_, found) = live(promise.clone(), history, looks);
            prop_assert_eq!(&found.standing, &expected.standing, "looks: {}", looks);
            prop_assert_eq!((found.verdict(), found.owner_at_due()), (expected.verdict(), expected.owner_at_due()));
            prop_assert_eq!(found.detected_at.is_some(), found.verdict() == Some(Verdict::Late));
        }
    }

    #[test]
    fn the_log_says_everything_also_when_it_was_written_down(promise in a_promise(), told in history_with_moves()) {
        let (log, expected) = live(promise.clone(), &told, true);
        let written = serde_json::to_string(&log).unwrap();
        let read: Vec<Event> = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(&read, &log);
        let mut replayed = promise;
        read.iter().for_each(|event| replayed.apply(event));
        prop_assert_eq!(&replayed, &expected);
        let stored = serde_json::to_string(&replayed).unwrap();
        prop_assert_eq!(serde_json::from_str::<Promise>(&stored).unwrap(), expected);
    }

    #[test]
    fn a_pause_moves_the_due_time_by_the_working_time_it_holds(
        promise in a_promise(), mut pause in [0..SECONDS, 0..SECONDS],
    ) {
        prop_assume!(!promise.reply);
        pause.sort_unstable();
        let [from, to] = pause.map(at);
        let due = promise.standing.due_at;
        let mut moved = promise.clone();
        for fact in [paused(from), Fact::Resumed { at: to }] {
            let events = moved.decide(&Command::Note(fact), at(0), &calendars).unwrap();
            events.iter().for_each(|event| moved.apply(event));
        }
        let calendar = if promise.terms.calendar.is_some() { &OFFICE } else { Calendar::round_the_clock() };
        let held = if from < due { calendar.between(from, to).unwrap() } else { Duration::ZERO };
        prop_assert_eq!(calendar.between(due, moved.standing.due_at), Ok(held));
        prop_assert_eq!(moved.standing.due_at, if held.is_zero() { due } else { calendar.add(due, held).unwrap() });
    }

    #[test]
    fn a_promise_whose_calendar_is_gone_gets_the_verdict_it_would_have_got(
        promise in a_promise(), mut told in history(false), ends in vec((12..14_u8, 0..SECONDS), 1..4),
    ) {
        told.push((Fact::Resumed { at: at(SECONDS) }, 0, 0));
        let (_, promise) = live(promise, &told, false);
        let [mut kept, mut moved] = [promise.clone(), promise];
        for (which, second) in ends {
            for (promise, at_hand) in [(&mut kept, false), (&mut moved, true)] {
                let note = Command::Note(fact(second, which));
                let events = promise.decide(&note, at(3 * SECONDS), &|of| calendars(of).filter(|_| at_hand)).unwrap();
                events.iter().for_each(|event| promise.apply(event));
            }
            prop_assert_eq!(kept.standing.state, moved.standing.state);
            prop_assert_eq!(kept.standing.end, moved.standing.end);
        }
    }

    #[test]
    fn what_is_breached_stays_breached_whatever_happens_after_it(promise in a_promise(), told in history_with_moves()) {
        let due = promise.standing.due_at;
        let after: Vec<_> = told.into_iter().filter(|(fact, ..)| fact.at() > due).collect();
        let mut seen = promise;
        seen.decide(&Command::Look, due + SignedDuration::from_nanos(1), &calendars)
            .unwrap().iter().for_each(|event| seen.apply(event));
        prop_assert_eq!(seen.standing.state, State::Breached);
        let (log, end) = live(seen.clone(), &after, true);
        prop_assert_eq!((end.verdict(), end.standing.due_at), (Some(Verdict::Late), due));
        prop_assert_eq!(end.detected_at, seen.detected_at);
        let late_only = |event: &Event| !matches!(event, Event::Noted { stands, .. } if !stands.state.late());
        prop_assert!(log.iter().all(late_only));
    }

    #[test]
    fn the_due_time_is_that_of_the_calendar_with_the_pauses_that_were_shown(
        promise in a_promise(), told in told_without_ends(),
    ) {
        let (_, found) = live(promise, &told, true);
        prop_assume!(found.standing.state != State::Paused);
        let (target, due) = (plain(found.terms.target), found.standing.due_at);
        let closed: Vec<_> = found.pauses.iter().filter_map(|pause| Some((pause.from, pause.to?))).collect();
        prop_assert_eq!(worked(&found, &closed, due), target, "so much is worked by then");
        prop_assert!(target.is_zero() || worked(&found, &closed, due - SignedDuration::from_nanos(1)) < target);
        let until = at(2 * SECONDS);
        let all: Vec<_> = found.pauses.iter().map(|pause| (pause.from, pause.to.unwrap_or(until))).collect();
        prop_assert_eq!(plain(found.elapsed(until, &calendars).unwrap().working), worked(&found, &all, until));
    }

    #[test]
    fn what_if_changes_exactly_the_verdicts_it_should(
        mut given in vec((a_promise(), history(true)), 0..8), other in 0..150_000_i64, until in SECONDS..2 * SECONDS,
    ) {
        fn promised(of: &Promise) -> Target<'_> {
            let calendar = of.terms.calendar.is_some().then_some(&*OFFICE);
            Target { target: of.terms.target, calendar, warnings: &of.terms.warnings }
        }
        let watermark = at(until);
        given.iter_mut().for_each(|(_, told)| told.retain(|(fact, ..)| fact.at() <= watermark));
        let lived: Vec<_> = given.iter().map(|(promise, told)| live(promise.clone(), told, false).1).collect();
        let record = |(id, promise): (usize, &Promise)| Record::new(id, promise.clone(), promise, watermark);
        let records = || lived.iter().enumerate().map(record);
        let state = |promise: &Promise| {
            let mut promise = promise.clone();
            promise.detected_at = None;
            promise.stand(promise.standing.end, watermark, &calendars).unwrap().state
        };
        let same = replay(records(), |record| Some(promised(&lived[record.id]))).unwrap();
        let mut counts = Counts::default();
        lived.iter().for_each(|promise| counts.add(state(promise)));
        prop_assert_eq!((same.before, same.after, &same.changed[..]), (counts, counts, &[][..]));

        // The same lives under another target, lived and not replayed.
        let target = SignedDuration::from_secs(other);
        let found = replay(records(), |record| Some(Target { target, ..promised(&lived[record.id]) })).unwrap();
        let again = given.into_iter().map(|(promise, told)| {
            let terms = Terms { target, ..Terms::clone(&promise.terms) };
            live(Promise::start(at(0), promise.reply, terms, None, &calendars).unwrap(), &told, false).1
        });
        let both = lived.iter().map(state).zip(again.map(|promise| state(&promise))).enumerate();
        let expected: Vec<_> = both
            .filter(|(_, (before, after))| before.verdict() != after.verdict())
            .map(|(id, (before, after))| Changed { id, before, after: Some(after) })
            .collect();
        prop_assert_eq!(found.changed, expected);
        let none = replay(records(), |_| None).unwrap();
        prop_assert_eq!((none.not_given, none.after), (lived.len() as u64, Counts::default()));
    }

    #[test]
    fn a_share_is_of_what_it_is_a_part_of(lived in vec((a_promise(), history(true)), 0..8)) {
        let mut summary = Summary::default();
        for (promise, told) in &lived {
            summary.add(&live(promise.clone(), told, true).1, at(3 * SECONDS), &calendars).unwrap();
        }
        let Counts { running, met, breached, met_late, cancelled, cancelled_after_breach } = summary.counts;
        let all = running + met + breached + met_late + cancelled + cancelled_after_breach;
        prop_assert_eq!(all, lived.len() as u64);
        prop_assert!(summary.counts.kept().is_none_or(|share| share.kept <= share.of && share.of > 0));
        prop_assert!(summary.within(10) <= summary.within(50) || summary.within(50).is_none());
    }
}
