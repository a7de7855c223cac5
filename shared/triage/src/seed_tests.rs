//! Where the shipped model comes from: the sentences of `seed/sentences.toml`, put together and learned. After a change of
//! them, `AFTERCARE_UPDATE=1 cargo test -p triage` writes `seed/seed.model` anew.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    SEED,
    features::checksum,
    measure::Confusion,
    model::Model,
    train::{Chance, Example, Options, Question, train},
};

const SENTENCES: &str = include_str!("../seed/sentences.toml");
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/seed/seed.model");

/// What can be said, by what it is about and how it is felt.
#[derive(Deserialize)]
struct Sentences {
    /// Words for the places in braces.
    fill: BTreeMap<String, Vec<String>>,
    /// By language: what may stand before.
    before: BTreeMap<String, Vec<String>>,
    /// By language and emotion: what may stand after.
    after: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    about: Vec<About>,
}

#[derive(Deserialize)]
struct About {
    class: String,
    department: String,
    /// The emotions that go with it.
    emotions: Vec<String>,
    sentiment: String,
    zh: Vec<String>,
    en: Vec<String>,
}

/// How often each sentence is put together anew.
const TURNS: usize = 8;
/// One sentence in so many is held out when the quality is measured.
const HELD_OUT: usize = 7;

/// An example, and the number of the sentence it was made from.
type Made = (usize, [String; 4], String);

fn made() -> Vec<Made> {
    let sentences: Sentences = toml::from_str(SENTENCES).unwrap();
    let mut chance = Chance(1);
    let mut made = Vec::new();
    let mut number = 0;
    for about in &sentences.about {
        for (language, each) in [("zh", &about.zh), ("en", &about.en)] {
            for sentence in each {
                number += 1;
                for turn in 0..TURNS {
                    let emotion = &about.emotions[chance.below(about.emotions.len())];
                    let pick = |of: &[String], chance: &mut Chance| of[chance.below(of.len())].clone();
                    let before = pick(&sentences.before[language], &mut chance);
                    let after = pick(&sentences.after[language][emotion], &mut chance);
                    // Sometimes bare, as people are short.
                    let text = if turn % 4 == 0 { sentence.clone() } else { format!("{before}{sentence}{after}") };
                    let labels =
                        [about.class.clone(), emotion.clone(), about.sentiment.clone(), about.department.clone()];
                    let labels = if turn % 4 == 0 {
                        [labels[0].clone(), String::new(), labels[2].clone(), labels[3].clone()]
                    } else {
                        labels
                    };
                    made.push((number, labels, filled(&text, &sentences.fill, &mut chance)));
                }
            }
        }
    }
    made
}

/// The text with its places filled.
fn filled(text: &str, fill: &BTreeMap<String, Vec<String>>, chance: &mut Chance) -> String {
    let mut text = text.to_owned();
    for (place, words) in fill {
        let place = format!("{{{place}}}");
        while text.contains(&place) {
            text = text.replacen(&place, &words[chance.below(words.len())], 1);
        }
    }
    assert!(!text.contains('{'), "a place nobody fills: {text}");
    text
}

fn questions(made: &[Made]) -> Vec<Question> {
    let question = |(number, name): (usize, &str)| {
        let mut labels: Vec<String> = made.iter().map(|(_, labels, _)| labels[number].clone()).collect();
        labels.retain(|label| !label.is_empty());
        labels.sort();
        labels.dedup();
        Question { name: name.to_owned(), labels }
    };
    ["class", "emotion", "sentiment", "department"].into_iter().enumerate().map(question).collect()
}

fn learned(questions: &[Question], made: &[&Made]) -> Model {
    let of = |(group, labels, text): &&Made| Example {
        group: *group,
        text: text.clone(),
        answers: questions
            .iter()
            .zip(labels)
            .map(|(question, label)| question.labels.iter().position(|one| one == label))
            .collect(),
    };
    let examples: Vec<Example> = made.iter().map(of).collect();
    let version = format!("seed-{:08x}", checksum(SENTENCES.as_bytes()) >> 32);
    train(&version, questions, &examples, Options { bits: 14, epochs: 3, ..Options::default() })
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test is told by its environment to write what it checks")]
fn the_shipped_model_was_learned_from_these_sentences() {
    let made = made();
    let model = learned(&questions(&made), &made.iter().collect::<Vec<_>>());
    if std::env::var("AFTERCARE_UPDATE").is_ok() {
        std::fs::write(FILE, model.to_bytes()).unwrap();
        return;
    }
    let shipped = Model::from_bytes(SEED).unwrap();
    assert_eq!(shipped.version, model.version, "AFTERCARE_UPDATE=1 cargo test -p triage");
    assert!(SEED.len() < 400_000, "{} bytes", SEED.len());
}

#[test]
fn r_int_22_it_knows_the_class_of_sentences_it_has_not_seen() {
    let made = made();
    let questions = questions(&made);
    let held = |(number, ..): &&Made| number % HELD_OUT == 0;
    let model = learned(&questions, &made.iter().filter(|one| !held(one)).collect::<Vec<_>>());
    let mut seen: Vec<Confusion> = questions.iter().map(|question| Confusion::new(question.labels.clone())).collect();
    for (_, labels, text) in made.iter().filter(held) {
        for ((confusion, verdict), label) in seen.iter_mut().zip(model.read(text)).zip(labels) {
            confusion.add(label, verdict.label);
        }
    }
    let accuracy: Vec<f64> = seen.iter().map(Confusion::accuracy).collect();
    println!("held out: {accuracy:.3?}, class macro-F1 {:.3}", seen[0].macro_f1());
    assert!(accuracy[0] >= 0.58 && accuracy[1] >= 0.9 && accuracy[2] >= 0.78 && accuracy[3] >= 0.58, "{accuracy:?}");
}
