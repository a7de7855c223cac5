//! How long asking a calendar takes: China's, made ready for ten years. `cargo bench -p kernel --bench calendar`.
#![expect(clippy::unwrap_used, reason = "a bench")]
use std::{hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use kernel::calendar::{CHINA, Calendars, Definitions};

fn calendar(criterion: &mut Criterion) {
    let definitions: Definitions = toml::from_str(CHINA).unwrap();
    let calendars = Calendars::prepare(&definitions, 2025..=2034).unwrap();
    let calendar = calendars.named("china").unwrap();
    // 1024 starts over nine years, and terms of up to eleven working days, in an order no cache foresees.
    let start = Timestamp::from_second(1_735_689_600).unwrap();
    let asked: Vec<(Timestamp, Duration)> = (0..1024_u64)
        .map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .map(|n| (start + Duration::from_secs(n % (9 * 365 * 86_400)), Duration::from_secs((n >> 40) % 320_000)))
        .collect();
    let mut next = asked.iter().cycle();
    let mut ask = move || *next.next().unwrap();

    criterion.bench_function("calendar add", |bench| {
        bench.iter(|| {
            let (start, term) = ask();
            black_box(calendar.add(black_box(start), term).unwrap())
        });
    });
    criterion.bench_function("calendar between", |bench| {
        bench.iter(|| {
            let (start, term) = ask();
            black_box(calendar.between(black_box(start), start + term).unwrap())
        });
    });
    criterion.bench_function("calendar prepare, ten years", |bench| {
        bench.iter(|| black_box(Calendars::prepare(&definitions, 2025..=2034).unwrap()));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(2));
    targets = calendar
}
criterion_main!(benches);
