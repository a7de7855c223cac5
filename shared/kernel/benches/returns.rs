//! How long a decision about a return takes, with its receipt: the shipped policy, asked 1024 different things.
//! `cargo bench -p kernel --bench returns`. At most 5 µs.
#![expect(clippy::unwrap_used, reason = "a bench")]
use std::{hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use kernel::{
    money::Money,
    returns::{DEFAULT, Facts, Kind, Policy, Proof},
};

fn decision(criterion: &mut Criterion) {
    let policy: Policy = toml::from_str(DEFAULT).unwrap();
    let reasons: Vec<&String> = policy.reasons.keys().collect();
    let facts = |n: u64| {
        let n = usize::try_from(n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20).unwrap();
        let known = |bit: usize| (n >> bit & 1 == 0).then_some(n >> (bit + 1) & 1 == 0);
        Facts {
            kind: Kind::ALL[n % 6],
            reason: reasons[n / 6 % reasons.len()].clone(),
            proof: [Proof::Receipt, Proof::Receipt, Proof::Receipt, Proof::Elsewhere][n >> 8 & 3],
            category: Some("skin_care".into()),
            channel: Some("website".into()),
            segment: (n >> 10 & 7 == 0).then(|| "vip".into()),
            days_since_delivery: u32::try_from(n >> 13 & 31).ok(),
            days_since_purchase: u32::try_from(n >> 13 & 31).ok(),
            opened: known(18),
            resaleable: known(20),
            discomfort: known(22),
            amount: Some(Money::new(i64::try_from(n >> 24 & 0x7fff).unwrap(), "CNY".parse().unwrap())),
            buyer: known(40),
        }
    };
    let asked: Vec<Facts> = (0..1024).map(facts).collect();
    let mut next = asked.iter().cycle();
    criterion.bench_function("return policy decision", |bench| {
        bench.iter(|| black_box(policy.decide(next.next().unwrap().clone())).unwrap());
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(2));
    targets = decision
}
criterion_main!(benches);
