//! How a model learns: multinomial logistic regression by stochastic gradient descent (AdaGrad) over hashed grams. What is
//! rare in a corpus weighs more, and each gram starts with what its bare counts say of each answer (as NB-SVM does: Wang and
//! Manning, 2012). The probabilities are then held against examples that were kept out of a first learning (temperature
//! scaling: Guo and others, 2017). The same examples, options and seed give the same model, byte for byte.
use crate::{
    features::features,
    fold::fold,
    model::{Answer, Head, Model},
};

/// A text with its right answers.
#[derive(Clone, Debug)]
pub struct Example {
    pub text: String,
    /// For each question the number of the right answer, where it is known.
    pub answers: Vec<Option<usize>>,
    /// Examples that are alike share a group; they are learned or kept out together.
    pub group: usize,
}

/// A question to learn.
#[derive(Clone, Debug)]
pub struct Question {
    pub name: String,
    pub labels: Vec<String>,
}

/// How to learn.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// The buckets are 2^`bits`, 10 to 22.
    pub bits: u8,
    /// How often every example is seen.
    pub epochs: u16,
    /// How far one example moves a weight at first, of a question with two answers; further where there are more.
    pub rate: f32,
    /// Grams seen in fewer examples are passed over.
    pub seen: u16,
    /// Where chance starts.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { bits: 20, epochs: 4, rate: 0.1, seen: 2, seed: 7 }
    }
}

/// One group in so many is kept out to fit the probabilities.
const KEPT_OUT: usize = 10;
/// Pulls weights that no example holds towards zero.
const DECAY: f32 = 1e-6;

/// Learns all questions.
pub fn train(version: &str, questions: &[Question], examples: &[Example], options: Options) -> Model {
    let bits = options.bits.clamp(10, 22);
    let options = Options { bits, ..options };
    let seen: Vec<Vec<(u32, f32)>> = examples.iter().map(|example| features(&fold(&example.text), bits)).collect();
    let width: usize = questions.iter().map(|question| question.labels.len()).sum();
    let mut model = Model { version: version.to_owned(), bits, heads: Vec::new(), weights: vec![0; width << bits] };
    let mut first = 0;
    for (number, question) in questions.iter().enumerate() {
        let known = seen.iter().zip(examples).filter_map(|(features, example)| {
            let answer = (*example.answers.get(number)?)?;
            Some(Row { features, answer, group: example.group })
        });
        let rows: Vec<Row<'_>> = known.collect();
        let answers = question.labels.len();
        let sharpness = sharpness(&rows, answers, options);
        let learned = Learner::learn(&rows, answers, options);
        model.take(question, &learned, first, sharpness);
        first += answers;
    }
    model
}

impl Model {
    /// Takes what was learned over, in whole steps of a scale of each answer's own.
    fn take(&mut self, question: &Question, learned: &Learner, first: usize, sharpness: f32) {
        let answers = question.labels.len();
        let width = self.weights.len() >> self.bits;
        let largest = |answer: usize| {
            learned.weights.iter().skip(answer).step_by(answers).fold(0.0_f32, |most, weight| most.max(weight.abs()))
        };
        let steps: Vec<f32> = (0..answers).map(|answer| (largest(answer) / 127.0).max(f32::MIN_POSITIVE)).collect();
        for (row, learned) in self.weights.chunks_mut(width).zip(learned.weights.chunks(answers)) {
            for (answer, weight) in learned.iter().enumerate() {
                row[first + answer] = step(weight / steps[answer]);
            }
        }
        let labels = question.labels.iter().zip(&steps).zip(&learned.bias);
        let answers = labels.map(|((label, step), bias)| Answer {
            label: label.clone(),
            bias: bias * sharpness,
            scale: step * sharpness,
        });
        self.heads.push(Head { name: question.name.clone(), answers: answers.collect() });
    }
}

/// The nearest whole number of -127 to 127.
fn step(value: f32) -> i8 {
    value.round().clamp(-127.0, 127.0) as i8
}

/// What one question sees of an example.
#[derive(Clone, Copy, Debug)]
struct Row<'a> {
    features: &'a Vec<(u32, f32)>,
    answer: usize,
    group: usize,
}

/// By how much scores must be multiplied so that probabilities are what examples kept out show.
fn sharpness(rows: &[Row<'_>], answers: usize, options: Options) -> f32 {
    let (kept, others): (Vec<Row<'_>>, Vec<Row<'_>>) = rows.iter().copied().partition(|row| row.group % KEPT_OUT == 0);
    if kept.is_empty() || others.is_empty() {
        return 1.0;
    }
    let learned = Learner::learn(&others, answers, options);
    let scores: Vec<(Vec<f32>, usize)> = kept.iter().map(|row| (learned.scores(row.features), row.answer)).collect();
    let loss = |sharpness: f32| -> f32 {
        let each = scores.iter().map(|(scores, answer)| {
            let sharp: Vec<f32> = scores.iter().map(|score| score * sharpness).collect();
            -softmax(&sharp).get(*answer).copied().unwrap_or(1.0).max(1e-9).ln()
        });
        each.sum()
    };
    // From a twentieth to twenty, in even steps of the logarithm.
    let candidates = (-30_i16..=30).map(|step| (f32::from(step) / 10.0).exp());
    candidates.min_by(|a, b| loss(*a).total_cmp(&loss(*b))).unwrap_or(1.0)
}

fn softmax(scores: &[f32]) -> Vec<f32> {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f32> = scores.iter().map(|score| (score - most).exp()).collect();
    let total: f32 = powers.iter().sum();
    powers.iter().map(|power| power / total).collect()
}

/// The weights of one question while they are learned.
struct Learner {
    answers: usize,
    bias: Vec<f32>,
    /// For each bucket one number an answer.
    weights: Vec<f32>,
}

impl Learner {
    fn learn(rows: &[Row<'_>], answers: usize, options: Options) -> Self {
        let size = answers << options.bits;
        let mut learner = Self { answers, bias: vec![0.0; answers], weights: vec![0.0; size] };
        let lean = leanings(rows, answers, options);
        let mut moved = vec![0.01_f32; size];
        let mut order: Vec<usize> = (0..rows.len()).collect();
        let mut chance = Chance(options.seed);
        let rare = balance(rows, answers);
        let first_rate = options.rate * (float(answers) / 2.0).sqrt();
        for epoch in 0..options.epochs {
            chance.shuffle(&mut order);
            let rate = first_rate * (1.0 - 0.9 * f32::from(epoch) / f32::from(options.epochs));
            for row in order.iter().map(|number| rows[*number]) {
                let scores = learner.leaning_scores(row.features, &lean);
                for (answer, likely) in softmax(&scores).into_iter().enumerate() {
                    let wrong = rare[row.answer] * (likely - if answer == row.answer { 1.0 } else { 0.0 });
                    learner.bias[answer] -= 0.01 * wrong;
                    if wrong.abs() < 1e-4 {
                        continue;
                    }
                    for (bucket, x) in row.features {
                        let place = place(*bucket, answers) + answer;
                        let slope = wrong * x * lean[place] + DECAY * learner.weights[place];
                        moved[place] += slope * slope;
                        learner.weights[place] -= rate * slope / moved[place].sqrt();
                    }
                }
            }
        }
        learner.weights.iter_mut().zip(&lean).for_each(|(weight, lean)| *weight *= lean);
        learner
    }

    fn leaning_scores(&self, features: &[(u32, f32)], lean: &[f32]) -> Vec<f32> {
        let mut scores = self.bias.clone();
        for (bucket, x) in features {
            let from = place(*bucket, self.answers);
            let row = from..from + self.answers;
            let both = self.weights[row.clone()].iter().zip(&lean[row]);
            scores.iter_mut().zip(both).for_each(|(score, (weight, lean))| *score += x * weight * lean);
        }
        scores
    }

    /// What speaks for each answer, once learned.
    fn scores(&self, features: &[(u32, f32)]) -> Vec<f32> {
        let mut scores = self.bias.clone();
        for (bucket, x) in features {
            let row = &self.weights[place(*bucket, self.answers)..];
            scores.iter_mut().zip(row).for_each(|(score, weight)| *score += x * weight);
        }
        scores
    }
}

/// Where the numbers of a bucket begin.
fn place(bucket: u32, answers: usize) -> usize {
    usize::try_from(bucket).unwrap_or(0) * answers
}

/// How much more an example of each answer counts the rarer the answer is, so that small classes are learned too.
fn balance(rows: &[Row<'_>], answers: usize) -> Vec<f32> {
    let counts = rows.iter().fold(vec![0_usize; answers], |mut counts, row| {
        counts[row.answer] += 1;
        counts
    });
    let even = float(rows.len()) / float(answers);
    counts.into_iter().map(|count| (even / float(count).max(1.0)).sqrt()).collect()
}

/// What the bare counts say: for each bucket and answer the logarithm of how much likelier it is with that answer than with
/// others, times how rare it is in all examples; 0 where it was seen too seldom.
fn leanings(rows: &[Row<'_>], answers: usize, options: Options) -> Vec<f32> {
    let mut lean = vec![0.0_f32; answers << options.bits];
    let mut counts = vec![0.0_f32; answers];
    for row in rows {
        counts[row.answer] += 1.0;
        for (bucket, _) in row.features {
            lean[place(*bucket, answers) + row.answer] += 1.0;
        }
    }
    let all = float(rows.len());
    for row in lean.chunks_mut(answers) {
        let total: f32 = row.iter().sum();
        if total < f32::from(options.seen.max(1)) {
            row.fill(0.0);
            continue;
        }
        let rarity = ((all + 1.0) / (total + 1.0)).ln() / 5.0 + 0.2;
        for (held, count) in row.iter_mut().zip(&counts) {
            let with = (*held + 1.0) / (count + 2.0);
            let without = (total - *held + 1.0) / (all - count + 2.0);
            *held = rarity * (with / without).ln();
        }
    }
    lean
}

/// Counts of examples are far below 2^24, up to where this is exact.
fn float(count: usize) -> f32 {
    count as f32
}

/// Numbers that look like chance and follow from the seed (SplitMix64).
pub struct Chance(pub u64);

impl Chance {
    /// The next number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let wide = u128::from(mixed ^ (mixed >> 31)) * (bound as u128);
        usize::try_from(wide >> 64).unwrap_or(0)
    }

    /// Brings things into another order.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            things.swap(last, self.below(last + 1));
        }
    }
}
