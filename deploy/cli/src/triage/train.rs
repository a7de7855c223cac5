//! `aftercare triage train` and `evaluate`.
use std::{fs, path::Path};

use anyhow::{Context, bail, ensure};
use serde::Serialize;
use triage::{
    model::Model,
    train::{Options, train},
};

use super::{
    Train,
    labelled::{self, QUESTIONS, examples},
    score::{Score, score},
};
use crate::output::{Output, Report};

/// Learns, writes the model, and shows how good it is on what was held out.
pub fn run(options: &Train, output: Output) -> anyhow::Result<()> {
    let named = if options.label.is_empty() { QUESTIONS.map(str::to_owned).into() } else { options.label.clone() };
    let labelled = labelled::read(&options.from, &named)?;
    if let Some(missing) = options.label.iter().find(|label| !labelled.questions.contains(label)) {
        bail!("{}: there is no column {missing}", options.from.display());
    }
    let questions = labelled.questions().with_context(|| options.from.display().to_string())?;
    let (learned, held) = labelled.split(options.holdout, options.seed);
    ensure!(!learned.is_empty(), "{}: no text is left to learn from", options.from.display());
    let name = options.out.file_stem().map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned());
    let version = options.version.clone().unwrap_or(name);
    let how = Options { seed: options.seed, bits: options.bits, ..Options::default() };
    let model = train(&version, &questions, &examples(&learned, &questions), how);
    let bytes = model.to_bytes();
    fs::write(&options.out, &bytes).with_context(|| format!("cannot write {}", options.out.display()))?;
    output.show(&Trained {
        model: version,
        bytes: bytes.len(),
        learned: learned.len(),
        held_out: held.len(),
        scores: score(&model, &labelled.questions, &held),
    })?;
    Ok(())
}

/// Shows how good a model is on a file.
pub fn evaluate(model: &Model, on: &Path, output: Output) -> anyhow::Result<()> {
    let asked: Vec<String> = model.heads().iter().map(|head| head.name.clone()).collect();
    let labelled = labelled::read(on, &asked)?;
    let scores = score(model, &labelled.questions, &labelled.rows);
    ensure!(
        !scores.is_empty(),
        "{}: the model answers {}, and there is no such column",
        on.display(),
        asked.join(", ")
    );
    output.show(&Evaluated { model: model.version.clone(), scores })?;
    Ok(())
}

#[derive(Serialize)]
struct Trained {
    model: String,
    bytes: usize,
    learned: usize,
    held_out: usize,
    scores: Vec<Score>,
}

impl Report for Trained {
    fn text(&self) -> String {
        let Self { model, bytes, learned, held_out, .. } = self;
        let head = format!("{model}: {bytes} bytes, learned from {learned} texts, measured on {held_out} others");
        [head].into_iter().chain(self.scores.iter().map(Score::text)).collect::<Vec<_>>().join("\n\n")
    }
}

#[derive(Serialize)]
struct Evaluated {
    model: String,
    scores: Vec<Score>,
}

impl Report for Evaluated {
    fn text(&self) -> String {
        let scores = self.scores.iter().map(Score::text);
        [self.model.clone()].into_iter().chain(scores).collect::<Vec<_>>().join("\n\n")
    }
}
