//! `aftercare triage export`: what people said cases are about, with the words of customers as intake gives them out, as the file
//! that `aftercare triage train` reads.
use std::{collections::BTreeSet, fs::File, path::Path};

use anyhow::{Context, ensure};
use backbone::proto::timestamp;
use contracts::{
    common::v1::Page,
    intake::v1::{ExportLabelledRequest, LabelledText, training_client::TrainingClient},
};
use serde::Serialize;

use super::Export;
use crate::{
    commands::clock,
    home::{self, Home},
    output::{Output, Report},
    remote,
};

/// So many are asked for at once: each takes a look that is written down.
const PAGE: u32 = 200;
/// A model learns to tell two answers apart; a column with fewer teaches nothing.
const ANSWERS_MIN: usize = 2;

/// Writes the file. Errors: intake does not answer or refuses; nobody said anything in that time; the file cannot be written.
pub async fn run(home: &Home, options: &Export, output: Output) -> anyhow::Result<()> {
    ensure!(home.has_system(), "there is no system in {}; `aftercare up` makes one", home.dir().display());
    let at = |text: &Option<String>| text.as_deref().map(clock::instant).transpose();
    let mut client = TrainingClient::new(remote::channel(home, home::service("intake")?).await?);
    let (mut texts, mut forgotten, mut token) = (Vec::new(), 0, String::new());
    loop {
        let asked = ExportLabelledRequest {
            since: at(&options.since)?.map(timestamp),
            before: at(&options.before)?.map(timestamp),
            purpose: options.purpose.clone(),
            page: Some(Page { size: PAGE, token }),
        };
        let answer = client.export_labelled(remote::request_as(asked, &options.actor)?).await;
        let page = answer.map_err(|status| remote::refusal(&status))?.into_inner();
        texts.extend(page.texts);
        forgotten += page.forgotten;
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    ensure!(!texts.is_empty(), "nobody said of a case in that time what it is about (Desk.ClassifyCase)");
    let columns = write(&options.out, &texts)?;
    output.show(&Exported { texts: texts.len(), forgotten, columns, file: options.out.display().to_string() })?;
    Ok(())
}

/// The answer to a question of the training, as a word; empty where nobody gave one.
type Answer = fn(&LabelledText) -> String;

const QUESTIONS: [(&str, Answer); 3] = [
    ("class", |text| word(text.class().as_str_name(), "CASE_CLASS_")),
    ("emotion", |text| word(text.emotion().as_str_name(), "EMOTION_")),
    ("department", |text| text.department.clone()),
];

fn word(name: &str, prefix: &str) -> String {
    let word = name.strip_prefix(prefix).unwrap_or_default().to_lowercase();
    if word == "unspecified" { String::new() } else { word }
}

/// Writes the texts with the questions that have answers to tell apart; names those.
fn write(file: &Path, texts: &[LabelledText]) -> anyhow::Result<Vec<&'static str>> {
    let taught = |answer: Answer| {
        let answers: BTreeSet<String> = texts.iter().map(answer).filter(|answer| !answer.is_empty()).collect();
        answers.len() >= ANSWERS_MIN
    };
    let columns: Vec<(&str, Answer)> = QUESTIONS.into_iter().filter(|(_, answer)| taught(*answer)).collect();
    ensure!(!columns.is_empty(), "people said the same of every case; a model learns to tell two answers apart");
    let open = File::create(file).with_context(|| format!("cannot write {}", file.display()))?;
    let mut rows = csv::Writer::from_writer(open);
    let names = columns.iter().map(|(name, _)| *name);
    rows.write_record(["case", "text"].into_iter().chain(names))?;
    for text in texts {
        let labels = columns.iter().map(|(_, answer)| answer(text));
        rows.write_record([text.case_id.clone(), text.text.clone()].into_iter().chain(labels))?;
    }
    rows.flush().with_context(|| format!("cannot write {}", file.display()))?;
    Ok(columns.into_iter().map(|(name, _)| name).collect())
}

#[derive(Serialize)]
struct Exported {
    texts: usize,
    /// Customers whose words cannot be read any more.
    forgotten: u32,
    columns: Vec<&'static str>,
    file: String,
}

impl Report for Exported {
    fn text(&self) -> String {
        let left = if self.forgotten > 0 { format!("; {} were forgotten", self.forgotten) } else { String::new() };
        format!("{} texts with {} in {}{left}", self.texts, self.columns.join(", "), self.file)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use contracts::common::v1::{CaseClass, Emotion};

    use super::*;
    use crate::triage::labelled;

    fn text(text: &str, class: CaseClass, emotion: Emotion, department: &str) -> LabelledText {
        LabelledText {
            text: text.into(),
            class: class.into(),
            emotion: emotion.into(),
            department: department.into(),
            ..LabelledText::default()
        }
    }

    #[test]
    fn what_is_exported_can_be_learned_from() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("labelled.csv");
        let said = [
            text("快递\n还没到, \"真的\"", CaseClass::Delivery, Emotion::Angry, "logistics"),
            text("it broke", CaseClass::ProductQuality, Emotion::Unspecified, ""),
        ];
        assert_eq!(write(&file, &said).unwrap(), ["class"], "one emotion and one department teach nothing");
        let read = labelled::read(&file, &labelled::QUESTIONS.map(str::to_owned)).unwrap();
        assert_eq!(read.questions, ["class"]);
        assert_eq!((read.rows[0].text.as_str(), read.rows[0].labels[0].as_str()), (said[0].text.as_str(), "delivery"));
        assert_eq!(read.rows[1].labels[0], "product_quality");
        assert!(write(&file, &said[..1]).is_err());
    }
}
