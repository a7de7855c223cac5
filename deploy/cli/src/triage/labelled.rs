//! Labelled texts out of a CSV file. Everything that is wrong with it is said at once, each with its line.
use std::{collections::BTreeSet, fs::File, io::Read, path::Path};

use anyhow::{Context, bail, ensure};
use triage::{
    features::checksum,
    train::{Example, Question},
};

/// The questions that are looked for when none are named.
pub const QUESTIONS: [&str; 4] = ["class", "emotion", "sentiment", "department"];
/// So many wrong lines are named.
const NAMED: usize = 20;

/// Texts with their labels, which stand as words.
pub struct Labelled {
    /// The names of the questions.
    pub questions: Vec<String>,
    pub rows: Vec<Row>,
}

/// A text and its label to each question, empty where it is not known.
#[derive(Clone)]
pub struct Row {
    pub text: String,
    pub labels: Vec<String>,
}

/// Reads a file: those of the questions `wanted` that it has columns for. Errors: it cannot be read, has no text or none of
/// the questions, or lines are wrong; they are named.
pub fn read(file: &Path, wanted: &[String]) -> anyhow::Result<Labelled> {
    let open = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let packed = file.extension().is_some_and(|ending| ending == "zst");
    let source: Box<dyn Read> = if packed { Box::new(zstd::Decoder::new(open)?) } else { Box::new(open) };
    parse(source, wanted).with_context(|| file.display().to_string())
}

fn parse(source: impl Read, wanted: &[String]) -> anyhow::Result<Labelled> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(source);
    let header = reader.headers().context("line 1")?.clone();
    let name = |name: &str| name.trim_start_matches('\u{feff}').trim().to_lowercase();
    let column = |wanted: &str| header.iter().position(|one| name(one) == wanted);
    let text = column("text").context("there is no column text")?;
    let found: Vec<(String, usize)> = wanted.iter().filter_map(|one| Some((one.clone(), column(one)?))).collect();
    ensure!(!found.is_empty(), "there is no column of labels: {}", wanted.join(", "));
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for (number, record) in reader.records().enumerate() {
        let read = record.map_err(|error| error.to_string()).and_then(|record| {
            let line = record.position().map_or(number as u64 + 2, csv::Position::line);
            let problem = |what: &str| Err(format!("line {line}: {what}"));
            let fields = record.len();
            if fields != header.len() {
                return problem(&format!("{fields} fields where the header has {}", header.len()));
            }
            let labels = found.iter().map(|(_, column)| record[*column].trim().to_owned()).collect();
            let text = record[text].trim().to_owned();
            if text.is_empty() { problem("there is no text") } else { Ok(Row { text, labels }) }
        });
        match read {
            Ok(row) => rows.push(row),
            Err(problem) => wrong.push(problem),
        }
    }
    if !wrong.is_empty() {
        let more = wrong.len().saturating_sub(NAMED);
        wrong.truncate(NAMED);
        bail!("{}{}", wrong.join("\n"), if more > 0 { format!("\nand {more} more") } else { String::new() });
    }
    Ok(Labelled { questions: found.into_iter().map(|(name, _)| name).collect(), rows })
}

impl Labelled {
    /// The questions with every answer that occurs. Errors: one has fewer than two.
    pub fn questions(&self) -> anyhow::Result<Vec<Question>> {
        let question = |(number, name): (usize, &String)| {
            let labels: BTreeSet<&String> = self.rows.iter().map(|row| &row.labels[number]).collect();
            let labels: Vec<String> = labels.into_iter().filter(|label| !label.is_empty()).cloned().collect();
            ensure!(labels.len() >= 2, "column {name}: two labels or more are needed, and there are {}", labels.len());
            Ok(Question { name: name.clone(), labels })
        };
        self.questions.iter().enumerate().map(question).collect()
    }

    /// Parts the rows in two, the second of them with about `percent` of the texts. Equal texts stay together.
    pub fn split(&self, percent: u64, seed: u64) -> (Vec<Row>, Vec<Row>) {
        let learned = |row: &Row| (checksum(row.text.as_bytes()) ^ seed.rotate_left(32)) % 100 >= percent;
        self.rows.iter().cloned().partition(learned)
    }
}

/// The rows as they are learned.
pub fn examples(rows: &[Row], questions: &[Question]) -> Vec<Example> {
    let number = |(question, label): (&Question, &String)| question.labels.iter().position(|one| one == label);
    let example = |row: &Row| Example {
        text: row.text.clone(),
        answers: questions.iter().zip(&row.labels).map(number).collect(),
        group: usize::try_from(checksum(row.text.as_bytes()) >> 32).unwrap_or(0),
    };
    rows.iter().map(example).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn texts_and_the_labels_that_are_known_are_read() {
        let file = "\u{feff}id,Text,class,emotion\n1,快递没到,delivery,angry\n2,\"a, b\nc\",repair,\n";
        let labelled = parse(file.as_bytes(), &QUESTIONS.map(str::to_owned)).unwrap();
        assert_eq!(labelled.questions, ["class", "emotion"]);
        assert_eq!((labelled.rows[1].text.as_str(), labelled.rows[1].labels[1].as_str()), ("a, b\nc", ""));
        let error = labelled.questions().unwrap_err().to_string();
        assert!(error.contains("column emotion: two labels or more"), "{error}");
        assert_eq!(parse(file.as_bytes(), &["class".into()]).unwrap().questions, ["class"]);
    }

    #[test]
    fn every_wrong_line_is_named() {
        let refused =
            |file: &str| format!("{:#}", parse(file.as_bytes(), &QUESTIONS.map(str::to_owned)).err().unwrap());
        let lines = refused("text,class\n,delivery\nhello\nfine,repair\n");
        assert_eq!(lines, "line 2: there is no text\nline 3: 1 fields where the header has 2");
        assert!(refused("words,class\na,b\n").contains("no column text"));
        assert!(refused("text,topic\na,b\n").contains("no column of labels"));
        assert!(parse(&b"text,class\n\xff\xfe,b\n"[..], &["class".into()]).is_err());
    }

    #[test]
    fn equal_texts_are_never_on_both_sides() {
        let row = |number: usize| Row { text: format!("text {}", number % 50), labels: vec![] };
        let labelled = Labelled { questions: vec![], rows: (0..500).map(row).collect() };
        let (learned, held) = labelled.split(20, 7);
        assert!(!held.is_empty() && learned.len() > held.len());
        assert!(held.iter().all(|one| learned.iter().all(|other| other.text != one.text)));
        assert_eq!(labelled.split(0, 7).1.len(), 0);
    }
}
