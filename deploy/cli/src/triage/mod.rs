//! `aftercare triage`: teaching a model what contacts are about, measuring it, and asking why it said what it said.
//! Invariant: only `export` asks a system; the one file written is the one named by `--out`.
use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::{Args, Subcommand};
use triage::{
    SAFETY, SEED,
    model::Model,
    safety::{Book, Safety},
};

use crate::{home::Home, output::Output};

mod explain;
mod export;
mod labelled;
mod report;
mod score;
mod train;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  aftercare triage export --since 2026-01-01T00:00:00Z --out labelled.csv
  aftercare triage train --from labelled.csv --out own.model
  aftercare triage evaluate --model own.model --on others.csv
  aftercare triage explain \"用了之后头皮很痒\"")]
pub struct TriageArgs {
    #[command(subcommand)]
    pub what: What,
}

#[derive(Debug, Subcommand)]
pub enum What {
    /// What people said cases are about, with the words of customers (without names, addresses and numbers), to learn from.
    Export(Export),
    /// Learn a model from labelled texts, and say how good it is on texts it has not seen.
    #[command(after_help = FORM)]
    Train(Train),
    /// How good a model is on labelled texts.
    #[command(after_help = FORM)]
    Evaluate {
        /// The shipped model when not told.
        #[arg(long, value_name = "FILE")]
        model: Option<PathBuf>,
        /// Labelled texts, CSV.
        #[arg(long, value_name = "FILE")]
        on: PathBuf,
    },
    /// What the rules of safety find in a text and what a model says to it, each with its reasons.
    Explain {
        text: String,
        /// The shipped model when not told.
        #[arg(long, value_name = "FILE")]
        model: Option<PathBuf>,
    },
    /// Measure rules and models on real texts, where there are some beside the project (`make triage-report`).
    Report {
        /// A folder with feedback_zh.csv.zst, cosmetics_zh.jsonl.zst and health_gold_zh.csv; what is missing is left out.
        #[arg(long, value_name = "DIR", default_value = "../shared/data")]
        data: PathBuf,
    },
}

const FORM: &str = "Labelled texts are CSV with a header: a column text, and for each question a column with the right answer, empty
where it is not known. Questions are class, emotion, sentiment and department, or those named by --label; other columns are
passed over. A file that ends in .zst is unpacked. For intake, classes and emotions must be its own words:
  text,class,emotion,department
  快递等了十天还没到,delivery,dissatisfied,logistics
  \"The zipper broke, on day one\",product_quality,angry,quality
Then name the model in intake's configuration; in shadow it is written beside the rules and changes nothing:
  [service.triage]
  model = \"/etc/aftercare/own.model\"
  mode = \"shadow\"        # off, shadow, on";

#[derive(Debug, Args)]
pub struct Export {
    /// Only what was said from then on.
    #[arg(long, value_name = "INSTANT")]
    pub since: Option<String>,
    /// Only what was said before then.
    #[arg(long, value_name = "INSTANT")]
    pub before: Option<String>,
    /// Labelled texts, CSV.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Why; it is written down with every case whose words are looked at.
    #[arg(long, value_name = "WORDS", default_value = "training of the triage model")]
    pub purpose: String,
    /// Who looks.
    #[arg(long = "as", value_name = "ACTOR", default_value = "staff:cli")]
    pub actor: String,
}

#[derive(Debug, Args)]
pub struct Train {
    /// Labelled texts, CSV.
    #[arg(long, value_name = "FILE")]
    pub from: PathBuf,
    /// The model.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The name the model goes by; the name of its file when not told.
    #[arg(long, value_name = "NAME")]
    pub version: Option<String>,
    /// A column to learn; may be said again.
    #[arg(long, value_name = "COLUMN")]
    pub label: Vec<String>,
    /// The share of texts that is not learned but measured on, such as 20%. 0% learns all and measures nothing.
    #[arg(long, value_name = "SHARE", default_value = "20%", value_parser = percent)]
    pub holdout: u64,
    /// Where chance starts; the same texts and seed give the same model.
    #[arg(long, value_name = "NUMBER", default_value_t = 7)]
    pub seed: u64,
    /// Grams are counted in two to this many buckets: fewer make a smaller and a little worse model.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u8).range(10..=22))]
    pub bits: u8,
}

/// `aftercare triage export | train | evaluate | explain | report`.
pub async fn run(home: &Home, options: &TriageArgs, output: Output) -> anyhow::Result<ExitCode> {
    match &options.what {
        What::Export(options) => export::run(home, options, output).await?,
        What::Train(options) => train::run(options, output)?,
        What::Evaluate { model: file, on } => train::evaluate(&model(file.as_ref())?, on, output)?,
        What::Explain { text, model: file } => explain::run(text, &model(file.as_ref())?, output)?,
        What::Report { data } => report::run(data, output)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A model, or the shipped one. Errors: the file cannot be read, or is no model; it is named.
fn model(file: Option<&PathBuf>) -> anyhow::Result<Model> {
    let Some(file) = file else { return Model::from_bytes(SEED).context("the shipped model") };
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    Model::from_bytes(&bytes).with_context(|| file.display().to_string())
}

/// The shipped rules.
fn safety() -> anyhow::Result<Safety> {
    let book: Book = toml::from_str(SAFETY).context("the shipped rules of safety")?;
    Ok(Safety::new(&book)?)
}

fn percent(text: &str) -> Result<u64, String> {
    let share = text.strip_suffix('%').unwrap_or(text).trim().parse().ok();
    share.filter(|share| *share <= 90).ok_or_else(|| "a share such as 20%, at most 90%".to_owned())
}
