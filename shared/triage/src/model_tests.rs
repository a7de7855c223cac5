//! That a model learns, says why, is the same each time, and survives its file but no damage to it.
#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use crate::{
    file::FileError,
    model::Model,
    train::{Example, Options, Question, train},
};

fn questions() -> Vec<Question> {
    let question = |name: &str, labels: &[&str]| Question {
        name: name.to_owned(),
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
    };
    vec![question("class", &["delivery", "quality", "enquiry"]), question("sentiment", &["good", "bad"])]
}

/// Sixty texts; the sentiment of enquiries is not known.
fn examples() -> Vec<Example> {
    let days = ["一", "两", "三", "四", "五", "六", "七", "八", "九", "十"];
    let of = |text: String, class, sentiment| Example { text, answers: vec![Some(class), sentiment], group: 0 };
    let each = days.iter().flat_map(|day| {
        [
            of(format!("快递等了{day}天还没到，太慢了"), 0, Some(1)),
            of(format!("物流很快，{day}天就送到了，满意"), 0, Some(0)),
            of(format!("用了{day}天就坏了，质量太差"), 1, Some(1)),
            of(format!("the zipper broke after {day} days, poor quality"), 1, Some(1)),
            of(format!("质量很好，用了{day}个月没有问题，满意"), 1, Some(0)),
            of(format!("请问{day}号店几点开门"), 2, None),
        ]
    });
    each.enumerate().map(|(group, example)| Example { group, ..example }).collect()
}

fn small() -> Options {
    Options { bits: 12, epochs: 8, ..Options::default() }
}

fn model() -> Model {
    train("test-1", &questions(), &examples(), small())
}

fn says(model: &Model, text: &str) -> Vec<String> {
    model.read(text).iter().map(|verdict| verdict.label.to_owned()).collect()
}

#[test]
fn r_int_22_it_learns_the_class_and_r_int_11_the_mood() {
    let model = model();
    assert_eq!(says(&model, "快递还没到"), ["delivery", "bad"]);
    assert_eq!(says(&model, "質量很好，滿意"), ["quality", "good"], "folded as the rules fold");
    assert_eq!(says(&model, "The zipper broke, quality is poor"), ["quality", "bad"]);
    assert_eq!(model.read("请问几点开门")[0].label, "enquiry");
    for verdict in model.read("快递等了三天还没到") {
        assert!((0.0..=1.0).contains(&verdict.probability), "{verdict:?}");
    }
}

#[test]
fn r_int_22_the_answer_says_what_decided() {
    let model = model();
    let explained = model.explain("快递等了九天还没到，太慢了", 6);
    let (verdict, reasons) = &explained[0];
    assert_eq!((verdict.label, reasons.len()), ("delivery", 6));
    assert!(
        reasons.iter().any(|reason| "快递等了还没到太慢了".contains(&reason.gram) && reason.weight > 0.0),
        "{reasons:?}"
    );
    assert_eq!(explained[0].0, model.read("快递等了九天还没到，太慢了")[0]);
}

#[test]
fn the_same_examples_and_seed_give_the_same_bytes() {
    assert_eq!(model().to_bytes(), model().to_bytes());
    let other = train("test-1", &questions(), &examples(), Options { seed: 8, ..small() });
    assert_ne!(model().to_bytes(), other.to_bytes());
}

#[test]
fn a_file_gives_the_model_back() {
    let model = model();
    assert_eq!(Model::from_bytes(&model.to_bytes()), Ok(model));
}

#[test]
fn a_broken_file_is_refused_and_says_why() {
    let bytes = model().to_bytes();
    let refused = |bytes: &[u8]| Model::from_bytes(bytes).unwrap_err();
    assert_eq!(refused(b""), FileError::Mark);
    assert_eq!(refused(b"text,label\nhello,world, and more of it"), FileError::Mark);
    let mut newer = bytes.clone();
    newer[23] = b'2';
    assert_eq!(refused(&newer), FileError::Version);
    assert_eq!(refused(&bytes[..bytes.len() - 1]), FileError::Checksum);
    let mut flipped = bytes;
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    assert_eq!(refused(&flipped), FileError::Checksum);
}

#[test]
fn what_nobody_labelled_is_not_learned_and_nothing_breaks() {
    let nothing = train("empty", &questions(), &[], small());
    assert_eq!(nothing.read("快递").len(), 2);
    let unlabelled = Example { text: "快递".into(), answers: vec![], group: 0 };
    assert_eq!(train("empty", &questions(), &[unlabelled], small()).to_bytes(), nothing.to_bytes());
}

proptest! {
    /// Any bytes are either a model or refused; none stops the program.
    #[test]
    fn any_bytes_are_read_or_refused(tail in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = b"aftercare triage model 1\n".to_vec();
        bytes.extend(tail);
        let sum = crate::features::checksum(&bytes);
        bytes.extend(sum.to_le_bytes());
        if let Ok(model) = Model::from_bytes(&bytes) {
            prop_assert_eq!(model.to_bytes(), bytes);
        }
    }

    /// Any text gets one answer to every question.
    #[test]
    fn r_int_22_any_text_gets_an_answer(text in "\\PC{0,200}") {
        let model = Model::from_bytes(MODEL.get_or_init(|| model().to_bytes())).unwrap();
        let verdicts = model.read(&text);
        prop_assert_eq!(verdicts.len(), 2);
        prop_assert!(verdicts.iter().all(|verdict| verdict.probability > 0.0 && verdict.probability <= 1.0));
    }
}

static MODEL: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
