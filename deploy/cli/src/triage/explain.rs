//! `aftercare triage explain`: what the rules find in a text, what a model says to it, and why.
use serde::Serialize;
use triage::{context::Standing, model::Model, safety::Kind};

use crate::output::{Output, Report, table};

/// So many grams are shown to each answer.
const REASONS: usize = 8;

/// Shows it.
pub fn run(text: &str, model: &Model, output: Output) -> anyhow::Result<()> {
    let safety = super::safety()?;
    let found = safety.read(text);
    let rules = found.all.iter().map(|one| Rule {
        rule: one.rule.to_owned(),
        kind: one.kind,
        words: found.words(one),
        standing: standing(one.standing),
    });
    let answers = model.explain(text, REASONS).into_iter().map(|(verdict, reasons)| Answer {
        question: verdict.head.to_owned(),
        answer: verdict.label.to_owned(),
        probability: verdict.probability,
        because: reasons.into_iter().map(|reason| (reason.gram, reason.weight)).collect(),
    });
    let explained = Explained {
        severity: found.severity(),
        rules: rules.collect(),
        model: model.version.clone(),
        answers: answers.collect(),
    };
    output.show(&explained)?;
    Ok(())
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Said => "counts",
        Standing::Denied => "denied",
        Standing::Supposed => "supposed",
        Standing::Over => "over or of others",
    }
}

#[derive(Serialize)]
struct Explained {
    /// 0 (none) to 4 (life-threatening).
    severity: u8,
    rules: Vec<Rule>,
    model: String,
    answers: Vec<Answer>,
}

#[derive(Serialize)]
struct Rule {
    rule: String,
    kind: Kind,
    words: String,
    standing: &'static str,
}

#[derive(Serialize)]
struct Answer {
    question: String,
    answer: String,
    probability: f32,
    /// Grams and how much each spoke for the answer; below 0: against it.
    because: Vec<(String, f32)>,
}

impl Report for Explained {
    fn text(&self) -> String {
        let rules = self.rules.iter().map(|one| vec![one.words.clone(), one.rule.clone(), one.standing.to_owned()]);
        let answers = self.answers.iter().map(|one| {
            let because = one.because.iter().map(|(gram, weight)| format!("{gram} {weight:+.2}"));
            vec![
                one.question.clone(),
                one.answer.clone(),
                format!("{:.2}", one.probability),
                because.collect::<Vec<_>>().join("  "),
            ]
        });
        let found = match self.rules.len() {
            0 => "safety: nothing".to_owned(),
            _ => format!("safety: severity {}\n{}", self.severity, table(&["words", "rule", "and it"], rules)),
        };
        format!("{found}\n\nmodel {}\n{}", self.model, table(&["question", "answer", "p", "because"], answers))
    }
}
