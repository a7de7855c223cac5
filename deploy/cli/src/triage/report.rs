//! `aftercare triage report`: the rules and the model on real texts that lie beside the project and never in it. What is
//! learned is learned from a part; every figure is of texts that were not.
use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use triage::{
    SEED,
    measure::share,
    model::Model,
    safety::Kind,
    train::{Options, train},
};

use super::{
    labelled::{self, Labelled, Row, examples},
    score::{Score, score},
};
use crate::output::{Output, Report, table};

/// The share that is measured on.
const HELD_OUT: u64 = 20;
const SEED_OF_SPLIT: u64 = 7;

/// Measures what there is. Nothing there is no failure.
pub fn run(data: &Path, output: Output) -> anyhow::Result<()> {
    let there = |name: &str| Some(data.join(name)).filter(|file| file.is_file());
    let mut measured = Measured::default();
    if let Some(file) = there("feedback_zh.csv.zst") {
        let labelled = labelled::read(&file, &["sentiment".into(), "category".into()])?;
        measured.feedback = learned(&labelled)?;
        let seed = Model::from_bytes(SEED)?;
        let known = |row: &&Row| ["positive", "negative"].contains(&row.labels[0].as_str());
        let rows: Vec<Row> = labelled.rows.iter().filter(known).cloned().collect();
        measured.shipped = score(&seed, &labelled.questions, &rows);
    }
    if let Some(file) = there("cosmetics_zh.jsonl.zst") {
        measured.topics = Some(topics(&file)?);
    }
    if let Some(file) = there("health_gold_zh.csv") {
        measured.health = Some(health(&file)?);
    }
    if measured.is_empty() {
        output.note(&format!("no real texts in {}: nothing to measure", data.display()));
        return Ok(());
    }
    output.show(&measured)?;
    Ok(())
}

/// Learns the larger part and measures on the rest.
fn learned(labelled: &Labelled) -> anyhow::Result<Vec<Score>> {
    let questions = labelled.questions()?;
    let (learned, held) = labelled.split(HELD_OUT, SEED_OF_SPLIT);
    let model = train("report", &questions, &examples(&learned, &questions), Options::default());
    // What is measured is what a file would hold.
    let model = Model::from_bytes(&model.to_bytes())?;
    Ok(score(&model, &labelled.questions, &held))
}

#[derive(Deserialize)]
struct Review {
    text: String,
    opinions: Vec<Opinion>,
}

#[derive(Deserialize)]
struct Opinion {
    topic: String,
}

/// A review has several topics: each is an example to learn, and an answer is right that is one of them.
fn topics(file: &Path) -> anyhow::Result<Topics> {
    let open = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let (mut rows, mut all) = (Vec::new(), Vec::new());
    for line in BufReader::new(zstd::Decoder::new(open)?).lines() {
        let review: Review = serde_json::from_str(&line?).with_context(|| file.display().to_string())?;
        let topics: Vec<String> = review.opinions.into_iter().map(|opinion| opinion.topic).collect();
        rows.extend(topics.iter().map(|topic| Row { text: review.text.clone(), labels: vec![topic.clone()] }));
        all.push((review.text, topics));
    }
    let labelled = Labelled { questions: vec!["topic".to_owned()], rows };
    let questions = labelled.questions()?;
    let (learned, held) = labelled.split(HELD_OUT, SEED_OF_SPLIT);
    let model = train("report", &questions, &examples(&learned, &questions), Options::default());
    let held: BTreeSet<&str> = held.iter().map(|row| row.text.as_str()).collect();
    let held: Vec<_> = all.iter().filter(|(text, _)| held.contains(text.as_str())).collect();
    let given = |text: &str| model.read(text).first().map(|verdict| verdict.label);
    let right =
        held.iter().filter(|(text, topics)| given(text).is_some_and(|label| topics.iter().any(|topic| topic == label)));
    let (right, texts) = (count(right.count()), count(held.len()));
    Ok(Topics { texts, right: share(right, texts) })
}

#[derive(Deserialize)]
struct Gold {
    label: String,
    text: String,
}

/// The rules on texts that somebody marked. Whoever made the rules has read them, so texts nobody has read tell more.
fn health(file: &Path) -> anyhow::Result<Health> {
    let safety = super::safety()?;
    let mut health = Health::default();
    let mut reader = csv::Reader::from_path(file).with_context(|| format!("cannot read {}", file.display()))?;
    for gold in reader.deserialize::<Gold>() {
        let Gold { label, text } = gold.with_context(|| file.display().to_string())?;
        let found = safety.read(&text);
        let harm = found.severity() > 0;
        health.add(&label, harm, harm || found.said(Kind::Hazard).next().is_some());
    }
    Ok(health)
}

#[derive(Default, Serialize)]
struct Measured {
    /// Learned from most of the feedback, measured on the rest.
    feedback: Vec<Score>,
    /// The shipped model, which has seen none of it.
    shipped: Vec<Score>,
    topics: Option<Topics>,
    health: Option<Health>,
}

#[derive(Serialize)]
struct Topics {
    texts: u32,
    right: f64,
}

/// How many texts of each kind there are, and in how many the rules saw harm, or harm or hazard.
#[derive(Default, Serialize)]
struct Health {
    harm: u32,
    harm_seen: u32,
    harm_or_hazard: u32,
    harm_or_hazard_seen: u32,
    none: u32,
    none_as_harm: u32,
    none_as_either: u32,
}

impl Health {
    fn add(&mut self, label: &str, harm: bool, either: bool) {
        if label == "harm" {
            self.harm += 1;
            self.harm_seen += u32::from(harm);
        }
        if label == "harm" || label == "hazard" {
            self.harm_or_hazard += 1;
            self.harm_or_hazard_seen += u32::from(either);
        }
        if label == "none" {
            self.none += 1;
            self.none_as_harm += u32::from(harm);
            self.none_as_either += u32::from(either);
        }
    }

    fn row(&self) -> Vec<String> {
        let of = |part: u32, whole: u32| format!("{:.3} ({part} of {whole})", share(part, whole));
        vec![
            "rules".to_owned(),
            of(self.harm_seen, self.harm),
            of(self.none_as_harm, self.none),
            of(self.harm_or_hazard_seen, self.harm_or_hazard),
            of(self.none_as_either, self.none),
        ]
    }
}

impl Measured {
    fn is_empty(&self) -> bool {
        self.feedback.is_empty() && self.topics.is_none() && self.health.is_none()
    }
}

impl Report for Measured {
    fn text(&self) -> String {
        let mut parts = Vec::new();
        let figures = |title: &str, scores: &[Score]| {
            let texts = scores.iter().map(Score::text).collect::<Vec<_>>().join("\n\n");
            (!scores.is_empty()).then(|| format!("{title}\n\n{texts}"))
        };
        parts.extend(figures("feedback_zh, learned from 80 % and measured on the rest", &self.feedback));
        parts.extend(figures("feedback_zh, by the shipped model, which has seen none of it", &self.shipped));
        let topics = self.topics.iter().map(|topics| {
            format!("cosmetics_zh: {} texts held out, {:.3} given one of their topics", topics.texts, topics.right)
        });
        parts.extend(topics);
        let header = ["health_gold_zh", "harm seen", "none as harm", "harm or hazard seen", "none as either"];
        parts.extend(self.health.iter().map(|health| table(&header, [health.row()])));
        parts.join("\n\n")
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_int_09_harm_and_false_alarms_are_counted_apart() {
        let mut part = Health::default();
        for (label, harm, either) in [
            ("harm", true, true),
            ("harm", false, false),
            ("hazard", false, true),
            ("none", true, true),
            ("none", false, false),
            ("unclear", true, true),
        ] {
            part.add(label, harm, either);
        }
        let shares = ["rules", "0.500 (1 of 2)", "0.500 (1 of 2)", "0.667 (2 of 3)", "0.500 (1 of 2)"];
        assert_eq!(part.row(), shares);
    }
}
