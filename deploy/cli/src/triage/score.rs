//! How good a model's answers are, as a table for people and figures for programs.
use serde::Serialize;
use triage::{measure::Confusion, model::Model};

use super::labelled::Row;
use crate::output::table;

/// How good the answers to one question are.
#[derive(Serialize)]
pub struct Score {
    pub question: String,
    pub texts: u32,
    pub accuracy: f64,
    pub macro_f1: f64,
    pub confusion: Confusion,
}

/// Asks a model every question it knows, where the right answer is known. Labels the model has never seen count as wrong
/// answers of a label of their own.
pub fn score(model: &Model, questions: &[String], rows: &[Row]) -> Vec<Score> {
    let read: Vec<_> = rows.iter().map(|row| model.read(&row.text)).collect();
    let mut scores = Vec::new();
    for (number, question) in questions.iter().enumerate() {
        let Some(head) = model.heads().iter().find(|head| head.name == *question) else { continue };
        let mut labels: Vec<String> = head.answers.iter().map(|answer| answer.label.clone()).collect();
        for row in rows.iter().filter(|row| !row.labels[number].is_empty()) {
            if !labels.contains(&row.labels[number]) {
                labels.push(row.labels[number].clone());
            }
        }
        let mut confusion = Confusion::new(labels);
        for (row, verdicts) in rows.iter().zip(&read) {
            if let Some(given) = verdicts.iter().find(|verdict| verdict.head == question) {
                confusion.add(&row.labels[number], given.label);
            }
        }
        scores.push(Score {
            question: question.clone(),
            texts: confusion.total(),
            accuracy: confusion.accuracy(),
            macro_f1: confusion.macro_f1(),
            confusion,
        });
    }
    scores
}

impl Score {
    /// One line a label: its quality, and what was answered in its place.
    pub fn text(&self) -> String {
        let labels = &self.confusion.labels;
        let rows = labels.iter().enumerate().map(|(number, label)| {
            let quality = self.confusion.quality(number);
            let mut others: Vec<(u32, &String)> = self.confusion.counts[number]
                .iter()
                .copied()
                .zip(labels)
                .filter(|(count, other)| *count > 0 && *other != label)
                .collect();
            others.sort();
            others.reverse();
            let others: Vec<String> = others.iter().take(3).map(|(count, other)| format!("{other} {count}")).collect();
            let share = |share: f64| format!("{share:.3}");
            vec![
                label.clone(),
                quality.examples.to_string(),
                share(quality.precision),
                share(quality.recall),
                share(quality.f1),
                others.join(", "),
            ]
        });
        let rows: Vec<_> = rows.collect();
        format!(
            "{}: {} texts, accuracy {:.3}, macro-F1 {:.3}\n{}",
            self.question,
            self.texts,
            self.accuracy,
            self.macro_f1,
            table(&["label", "texts", "precision", "recall", "F1", "taken for"], rows)
        )
    }
}
