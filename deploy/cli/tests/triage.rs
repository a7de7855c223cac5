//! `aftercare triage` as people and programs run it; no system is needed.
#![expect(clippy::unwrap_used, reason = "tests")]
use std::{fmt::Write as _, fs, path::Path, process::Command};

use serde_json::Value;

struct Answer {
    code: Option<i32>,
    out: String,
    error: String,
}

impl Answer {
    fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{}", self.error);
        serde_json::from_str(&self.out).unwrap()
    }
}

/// Runs `aftercare --json triage` in a folder.
fn say(dir: &Path, words: &[&str]) -> Answer {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aftercare"));
    let said = command.current_dir(dir).arg("--home").arg(dir).args(["--json", "triage"]).args(words).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Answer { code: said.status.code(), out: text(said.stdout), error: text(said.stderr) }
}

/// Two classes that differ in their words.
fn labelled() -> String {
    let mut file = "id,text,class,department\n".to_owned();
    for number in 0..60 {
        writeln!(file, "{number},快递等了{number}天还没到,delivery,logistics").unwrap();
        writeln!(file, "{number},\"the zipper broke, day {number}\",product_quality,").unwrap();
        writeln!(file, "{number},第{number}次用就坏了,product_quality,quality").unwrap();
    }
    file
}

#[test]
fn r_int_22_a_chain_teaches_a_model_measures_it_and_asks_why() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("labelled.csv"), labelled()).unwrap();
    let train = ["train", "--from", "labelled.csv", "--out", "own.model", "--bits", "12"];
    let trained = say(dir.path(), &train).json();
    assert_eq!(trained["model"], "own");
    assert!(trained["held_out"].as_u64().unwrap() > 10);
    let score = &trained["scores"][0];
    assert_eq!((&score["question"], score["accuracy"].as_f64().unwrap()), (&Value::from("class"), 1.0));
    let first = fs::read(dir.path().join("own.model")).unwrap();
    say(dir.path(), &train).json();
    assert_eq!(first, fs::read(dir.path().join("own.model")).unwrap(), "the same texts and seed, the same bytes");
    let again = say(dir.path(), &["evaluate", "--model", "own.model", "--on", "labelled.csv"]).json();
    assert_eq!(again["scores"][0]["texts"], 180);
    let why = say(dir.path(), &["explain", "快递还没到，没有过敏", "--model", "own.model"]).json();
    assert_eq!(why["answers"][0]["answer"], "delivery");
    assert!(!why["answers"][0]["because"].as_array().unwrap().is_empty());
    assert_eq!((&why["rules"][0]["standing"], &why["severity"]), (&Value::from("denied"), &Value::from(0)));
}

#[test]
fn what_cannot_be_used_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("bad.csv"), "text,class\nfine,delivery\n,repair\n").unwrap();
    fs::write(dir.path().join("broken.model"), "aftercare triage model 1\nand no more").unwrap();
    let refused = |words: &[&str]| {
        let answer = say(dir.path(), words);
        assert_eq!(answer.code, Some(1), "{}", answer.out);
        answer.error
    };
    let error = refused(&["train", "--from", "bad.csv", "--out", "x.model"]);
    assert!(error.contains("bad.csv") && error.contains("line 3: there is no text"), "{error}");
    let error = refused(&["explain", "hello", "--model", "broken.model"]);
    assert!(error.contains("broken.model") && error.contains("damaged"), "{error}");
    assert!(refused(&["evaluate", "--on", "nowhere.csv"]).contains("nowhere.csv"));
}

#[test]
fn without_real_texts_there_is_nothing_to_report_and_nothing_wrong() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(say(dir.path(), &["report", "--data", "."]).code, Some(0));
}
