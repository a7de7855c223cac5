//! How fast a text is read: `cargo bench -p triage`. A text of 48 characters, about the mean of customers' feedback, by the rules of
//! safety, by a model, and by both; and one ten times as long.
#![expect(clippy::unwrap_used, reason = "a bench")]

use std::{hint::black_box, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use triage::{
    SAFETY,
    model::Model,
    safety::{Book, Safety},
    train::{Example, Options, Question, train},
};

const TEXT: &str = "快递很快，两天就到了，但是洗发水用了以后头皮有点痒，不知道是不是过敏，想问一下能不能退货，谢谢。";

/// Ten classes and five moods in 2^20 buckets, as large as a chain's own model.
fn model() -> Model {
    let question = |name: &str, answers: usize| Question {
        name: name.to_owned(),
        labels: (0..answers).map(|answer| answer.to_string()).collect(),
    };
    let letters: Vec<char> = TEXT.chars().collect();
    let examples = (0..500).map(|number| {
        let text: String = (0..40).map(|at| letters[(at * 7 + number * number) % letters.len()]).collect();
        Example { text, answers: vec![Some(number % 10), Some(number % 5)], group: number }
    });
    train("bench", &[question("class", 10), question("emotion", 5)], &examples.collect::<Vec<_>>(), Options::default())
}

fn reading(c: &mut Criterion) {
    let book: Book = toml::from_str(SAFETY).unwrap();
    let safety = Safety::new(&book).unwrap();
    let model = model();
    let long = TEXT.repeat(10);
    let mut group = c.benchmark_group("triage");
    group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(2));
    for (length, text) in [("45", TEXT), ("500", long.as_str())] {
        group.bench_function(format!("safety/{length}"), |b| b.iter(|| safety.read(black_box(text)).severity()));
        group.bench_function(format!("model/{length}"), |b| b.iter(|| model.read(black_box(text)).len()));
        group.bench_function(format!("both/{length}"), |b| {
            b.iter(|| {
                let found = safety.read(black_box(text));
                (found.severity(), model.read_folded(&found.text).len())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, reading);
criterion_main!(benches);
