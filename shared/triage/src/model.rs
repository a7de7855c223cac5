//! A linear model: for each question (class, emotion, sentiment, department …) the probability of each answer, and the
//! runs of characters that decided. The same model and text give the same answer, everywhere and always.
use std::collections::HashMap;

use crate::{
    features::{features, grams},
    fold::fold,
};

/// What was learned, and its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// For example "seed-1".
    pub version: String,
    /// The buckets are 2^`bits`.
    pub(crate) bits: u8,
    pub(crate) heads: Vec<Head>,
    /// For each bucket one number for each answer of all heads, in units of the answer's `scale`.
    pub(crate) weights: Vec<i8>,
}

/// A question and its possible answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    pub name: String,
    pub answers: Vec<Answer>,
}

/// One possible answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub label: String,
    pub(crate) bias: f32,
    pub(crate) scale: f32,
}

/// What a model says to one question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdict<'a> {
    pub head: &'a str,
    pub label: &'a str,
    /// 0 to 1.
    pub probability: f32,
}

/// A run of characters or a word, and how much it spoke for the answer that was given (below 0: against it).
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    pub gram: String,
    pub weight: f32,
}

impl Model {
    /// The questions it answers.
    pub fn heads(&self) -> &[Head] {
        &self.heads
    }

    /// How many answers there are, of all heads.
    pub(crate) fn width(&self) -> usize {
        self.heads.iter().map(|head| head.answers.len()).sum()
    }

    /// The most probable answer to each question.
    pub fn read(&self, text: &str) -> Vec<Verdict<'_>> {
        self.read_folded(&fold(text))
    }

    /// As [`Model::read`], of a text that is folded.
    pub fn read_folded(&self, text: &[char]) -> Vec<Verdict<'_>> {
        let scores = self.scores(&features(text, self.bits));
        let mut rest = scores.as_slice();
        let verdict = |head| {
            let (own, others) = rest.split_at(Head::width(head));
            rest = others;
            head.verdict(own)
        };
        self.heads.iter().filter_map(verdict).collect()
    }

    /// The verdicts, and to each the grams that weighed most, at most `most`.
    pub fn explain(&self, text: &str, most: usize) -> Vec<(Verdict<'_>, Vec<Reason>)> {
        let text = fold(text);
        let mut names: HashMap<u32, String> = HashMap::new();
        grams(&text, |gram| {
            names.entry(gram.bucket(self.bits)).or_insert_with(|| gram.chars.iter().collect());
        });
        let seen = features(&text, self.bits);
        let mut first = 0;
        let mut explained = Vec::new();
        for (head, verdict) in self.heads.iter().zip(self.read_folded(&text)) {
            let mut reasons: Vec<Reason> = seen
                .iter()
                .filter_map(|(bucket, x)| {
                    let weight = x * self.lead(*bucket, first, head, verdict.label);
                    Some(Reason { gram: names.get(bucket)?.replace('\u{2}', "·"), weight })
                })
                .filter(|reason| reason.weight != 0.0)
                .collect();
            reasons.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()).then_with(|| a.gram.cmp(&b.gram)));
            reasons.truncate(most);
            explained.push((verdict, reasons));
            first += head.width();
        }
        explained
    }

    /// How much a bucket speaks for `label` more than for the answers of its head on the whole.
    fn lead(&self, bucket: u32, first: usize, head: &Head, label: &str) -> f32 {
        let row = self.row(bucket);
        let of = |number: usize, answer: &Answer| {
            row.get(first + number).map_or(0.0, |weight| f32::from(*weight) * answer.scale)
        };
        let all = head.answers.iter().enumerate().map(|(number, answer)| of(number, answer));
        let mean = all.sum::<f32>() / head.answers.iter().map(|_| 1.0).sum::<f32>();
        let own = head.answers.iter().enumerate().find(|(_, answer)| answer.label == label);
        own.map_or(0.0, |(number, answer)| of(number, answer) - mean)
    }

    fn row(&self, bucket: u32) -> &[i8] {
        let width = self.width();
        let start = usize::try_from(bucket).unwrap_or(usize::MAX).saturating_mul(width);
        self.weights.get(start..start + width).unwrap_or_default()
    }

    /// What speaks for each answer of all heads.
    fn scores(&self, features: &[(u32, f32)]) -> Vec<f32> {
        let mut sums = vec![0.0_f32; self.width()];
        for (bucket, x) in features {
            for (sum, weight) in sums.iter_mut().zip(self.row(*bucket)) {
                *sum += x * f32::from(*weight);
            }
        }
        let answers = self.heads.iter().flat_map(|head| &head.answers);
        sums.iter().zip(answers).map(|(sum, answer)| answer.bias + answer.scale * sum).collect()
    }
}

impl Head {
    fn width(&self) -> usize {
        self.answers.len()
    }

    /// The answer with the highest score, the first of equals.
    fn verdict(&self, scores: &[f32]) -> Option<Verdict<'_>> {
        let best = |best: usize, next: usize| if scores[next] > scores[best] { next } else { best };
        let chosen = (0..scores.len()).reduce(best)?;
        let total: f32 = scores.iter().map(|score| (score - scores[chosen]).exp()).sum();
        Some(Verdict { head: &self.name, label: &self.answers[chosen].label, probability: 1.0 / total })
    }
}
