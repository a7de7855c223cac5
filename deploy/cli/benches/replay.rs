//! How long the past takes to be judged anew: `cargo bench -p aftercare --bench replay`, which `make bench` runs last. The mark
//! is a minute for 1,000,000 events under a new policy; reading them from the services comes on top. `aftercare bench` does
//! not run it: building it would replace the very program that runs.
#![expect(clippy::unwrap_used, reason = "a bench")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use aftercare::sla::{
    ladder::Ladder,
    past::{Past, Window},
    replay::{Under, judge},
};
use contracts::{
    Event, common::v1 as common, complaint::v1 as complaint, intake::v1 as intake, operations::v1::JournalEntry,
};
use criterion::{Criterion, criterion_group, criterion_main};
use jiff::{SignedDuration, Timestamp};
use kernel::{
    calendar::{CHINA, Calendars},
    sla::DEFAULT,
};

const EVENTS: i64 = 1_000_000;
const MARK: Duration = Duration::from_secs(60);
/// The first day of 2026, in China.
const START: Timestamp = Timestamp::constant(1_767_196_800, 0);

fn on_wire(at: Timestamp) -> Option<contracts::Timestamp> {
    Some(backbone::proto::timestamp(at))
}

fn entry<E: Event>(event: &E, aggregate_id: String, at: Timestamp) -> JournalEntry {
    JournalEntry {
        r#type: E::TYPE.to_owned(),
        aggregate_id,
        payload: event.encode_to_vec().into(),
        occurred_at: on_wire(at),
        recorded_at: on_wire(at),
        ..JournalEntry::default()
    }
}

/// Four events of a contact a minute: a chat and its answer, a department's task and its answer.
fn event(number: i64) -> JournalEntry {
    let (contact, id) = (number / 4, (number / 4).to_string());
    let after = |minutes| START + SignedDuration::from_mins(contact % 500_000 + minutes);
    let (class, department) = (common::CaseClass::Delivery.into(), "logistics".to_owned());
    match number % 4 {
        0 => {
            let registered = intake::CaseRegistered {
                case_id: id.clone(),
                channel: common::Channel::App.into(),
                class,
                recorded_at: on_wire(after(0)),
                respond_by: on_wire(after(5)),
                calendar: "china".into(),
                calendar_version: 1,
                ..Default::default()
            };
            entry(&registered, id, after(0))
        }
        1 => {
            let (case_id, responded_at) = (id.clone(), on_wire(after(contact % 9)));
            let responded = intake::CaseResponded { case_id, responded_at, ..Default::default() };
            entry(&responded, id, after(contact % 9))
        }
        2 => {
            let (answer_by, warn_at) = (on_wire(after(24 * 60)), on_wire(after(12 * 60)));
            let issued = complaint::TaskIssued { class, department, answer_by, warn_at, ..Default::default() };
            entry(&issued, format!("task {id}"), after(1))
        }
        _ => {
            let at = after(contact % 2_000);
            let answered = complaint::TaskAnswered { answered_at: on_wire(at), ..Default::default() };
            entry(&answered, format!("task {id}"), at)
        }
    }
}

fn replay(c: &mut Criterion) {
    let calendars = Calendars::prepare(&toml::from_str(CHINA).unwrap(), 2025..=2028).unwrap();
    let policy = toml::from_str(&DEFAULT.replacen(r#"target = "5m""#, r#"target = "7m""#, 1)).unwrap();
    let ladder = Ladder::read(None).unwrap();
    let judged = || {
        let mut past = Past::of(Window::default());
        (0..EVENTS).for_each(|number| past.take(&event(number)).unwrap());
        let (promises, versions) = past.end();
        let under = Under { policy: &policy, calendars: &calendars, versions: &versions, ladder: &ladder };
        judge(&under, promises, 20).unwrap()
    };
    let began = Instant::now();
    black_box(judged());
    assert!(began.elapsed() <= MARK, "it took {:?}", began.elapsed());
    let mut group = c.benchmark_group("replay");
    group.sample_size(10).measurement_time(Duration::from_secs(12));
    group.bench_function("1,000,000 events under another policy", |bench| bench.iter(judged));
    group.finish();
}

criterion_group!(benches, replay);
criterion_main!(benches);
