//! How good answers are: right ones of all, and for each answer how many given are right (precision) and how many that
//! should be given are (recall).
use serde::Serialize;

/// How often which answer was given for which right one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Confusion {
    pub labels: Vec<String>,
    /// `counts[right][given]`.
    pub counts: Vec<Vec<u32>>,
}

/// How good one answer is. A share of nothing is 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quality {
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
    /// How many examples it is right for.
    pub examples: u32,
}

impl Confusion {
    /// Nothing seen yet.
    pub fn new(labels: Vec<String>) -> Self {
        let counts = vec![vec![0; labels.len()]; labels.len()];
        Self { labels, counts }
    }

    /// Counts one answer. A label that is not known counts nowhere, and the answer is `false`.
    pub fn add(&mut self, right: &str, given: &str) -> bool {
        let of = |label: &str| self.labels.iter().position(|one| one == label);
        let (Some(right), Some(given)) = (of(right), of(given)) else { return false };
        self.counts[right][given] += 1;
        true
    }

    /// How many were counted.
    pub fn total(&self) -> u32 {
        self.counts.iter().flatten().sum()
    }

    /// The share of right answers.
    pub fn accuracy(&self) -> f64 {
        let right: u32 = (0..self.labels.len()).map(|label| self.counts[label][label]).sum();
        share(right, self.total())
    }

    /// How good the answer with this number is.
    pub fn quality(&self, label: usize) -> Quality {
        let right = self.counts[label][label];
        let examples = self.counts[label].iter().sum();
        let given = self.counts.iter().map(|row| row[label]).sum::<u32>();
        let f1 = share(2 * right, examples + given);
        Quality { precision: share(right, given), recall: share(right, examples), f1, examples }
    }

    /// The mean F1 of all answers that are right for at least one example.
    pub fn macro_f1(&self) -> f64 {
        let all = (0..self.labels.len()).map(|label| self.quality(label));
        let scores: Vec<f64> = all.filter(|quality| quality.examples > 0).map(|quality| quality.f1).collect();
        let count = u32::try_from(scores.len()).unwrap_or(u32::MAX);
        if count == 0 { 0.0 } else { scores.iter().sum::<f64>() / f64::from(count) }
    }
}

/// `part` of `whole`; of nothing 0.
pub fn share(part: u32, whole: u32) -> f64 {
    if whole == 0 { 0.0 } else { f64::from(part) / f64::from(whole) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_what_they_are_called() {
        let mut seen = Confusion::new(vec!["good".into(), "bad".into(), "never".into()]);
        for (right, given) in [("good", "good"), ("good", "good"), ("good", "bad"), ("bad", "bad")] {
            assert!(seen.add(right, given));
        }
        assert!(!seen.add("good", "unknown"));
        assert_eq!((seen.total(), seen.accuracy()), (4, 0.75));
        let good = seen.quality(0);
        assert_eq!((good.precision, good.recall, good.examples), (1.0, 2.0 / 3.0, 3));
        assert!((good.f1 - 0.8).abs() < 1e-9);
        assert!((seen.macro_f1() - (0.8 + 2.0 / 3.0) / 2.0).abs() < 1e-9, "an answer nobody asked for is left out");
        assert_eq!(Confusion::new(vec![]).macro_f1(), 0.0);
    }
}
