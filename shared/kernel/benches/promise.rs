//! How fast a promise is judged, and the past under another policy: `cargo bench -p kernel --bench promise`.
//! The calendar is ten years of office hours with lunch and a few different days a year.
#![expect(clippy::unwrap_used, reason = "a bench")]

use std::{collections::BTreeMap, hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::{SignedDuration, Timestamp, civil::date, tz::TimeZone};
use kernel::{
    calendar::{Calendar, Hours, Version},
    promise::{Command, End, Event, Fact, How, Pause, Promise, Reason, Record, Target, Terms, Versioned, replay},
    sla::Warning,
};

/// Monday, 2 March 2026, at nine in Shanghai.
const START: i64 = 1_772_413_200;
const PROMISES: i64 = 1_000_000;

fn at(hours: i64) -> Timestamp {
    Timestamp::from_second(START + hours * 3600).unwrap()
}

fn office() -> Calendar {
    let day = r#"["09:00-12:00","13:00-18:00"]"#;
    let week = format!(r#"{{"mon":{day},"tue":{day},"wed":{day},"thu":{day},"fri":{day}}}"#);
    let free = (2020..2030).flat_map(|year| (1..8).map(move |day| (date(year, 10, day), Vec::new())));
    let mut dates: BTreeMap<_, _> = free.collect();
    dates.extend((2020..2030).map(|year| (date(year, 10, 10), serde_json::from_str(day).unwrap())));
    let week = serde_json::from_str(&week).unwrap();
    let version = Version { valid_from: date(2020, 1, 1), week, dates, years: (2020..2030).collect() };
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    Calendar::prepare(&Hours { versions: vec![version] }, &zone, 2020..=2029).unwrap()
}

fn promise(calendar: &Calendar) -> Promise {
    let versioned = |id: &str| Some(Versioned { id: id.into(), version: 1 });
    let terms = Terms {
        target: SignedDuration::from_hours(24),
        calendar: versioned("china"),
        policy: versioned("standard"),
        warnings: vec![Warning::Percent(80)],
    };
    let find = |_: &Versioned| Some(calendar);
    let mut promise = Promise::start(at(0), false, terms, Some("team:service".into()), &find).unwrap();
    for from in [2, 24] {
        let evidence = format!("message:{from}");
        let paused = Fact::Paused { at: at(from), reason: Reason::WaitingCustomer, evidence };
        for fact in [paused, Fact::Resumed { at: at(from + 2) }] {
            let events = promise.decide(&Command::Note(fact), at(from + 2), &find).unwrap();
            events.iter().for_each(|event| promise.apply(event));
        }
    }
    promise
}

fn evaluation(c: &mut Criterion) {
    let calendar = office();
    let find = |_: &Versioned| Some(&calendar);
    let promise = promise(&calendar);
    let late = at(1000);
    assert!(matches!(promise.decide(&Command::Look, late, &find).unwrap()[..], [Event::Breached { .. }]));
    c.bench_function("promise: its time has passed, two pauses", |bench| {
        bench.iter(|| black_box(&promise).decide(&Command::Look, black_box(late), &find));
    });
    let met = Command::Note(Fact::Satisfied { at: at(30) });
    assert!(matches!(promise.decide(&met, at(30), &find).unwrap()[..], [Event::Noted { .. }, ..]));
    c.bench_function("promise: met, two pauses", |bench| {
        bench.iter(|| black_box(&promise).decide(black_box(&met), at(30), &find));
    });
}

/// A promise of the past: every third was paused, one in ten is still open.
fn record(id: i64) -> Record<i64, u8> {
    let started_at = Timestamp::from_second(1_600_000_000 + id * 200).unwrap();
    let after = |hours: i64| started_at + SignedDuration::from_hours(hours);
    let pause = Pause { from: after(1), to: Some(after(30)), reason: Reason::WaitingCustomer, evidence: String::new() };
    let end = (id % 10 != 0).then(|| End { at: after(id % 97), how: How::Met });
    Record {
        id,
        facts: u8::try_from(id % 5).unwrap(),
        started_at,
        due_at: after(48),
        warn_at: vec![],
        pauses: if id % 3 == 0 { vec![pause] } else { vec![] },
        end,
        watermark: after(200),
    }
}

fn what_if(c: &mut Criterion) {
    let calendar = office();
    let target = |record: &Record<i64, u8>| {
        let target = SignedDuration::from_hours(i64::from(record.facts) * 4);
        Some(Target { target, calendar: Some(&calendar), warnings: &[Warning::Percent(50)] })
    };
    let mut group = c.benchmark_group("what if");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    group.bench_function("1,000,000 promises under another policy", |bench| {
        bench.iter(|| replay((0..PROMISES).map(record), target).unwrap());
    });
    group.finish();
}

criterion_group!(benches, evaluation, what_if);
criterion_main!(benches);
