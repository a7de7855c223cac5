//! What stands at the door of a room: the line that says what a file is for, the README of a service.
use std::fs;

use crate::{
    assert_none,
    source::{Crate, crates, files, root},
};

#[test]
fn every_file_says_what_it_is_for() {
    let silent = files(&["services", "shared", "deploy", "tests"], ".rs")
        .into_iter()
        .filter(|file| !file.text.starts_with("//!"));
    assert_none("a file begins with //! and its purpose:", silent.map(|file| file.name).collect());
}

#[test]
fn every_service_has_a_readme_with_all_sections() {
    let mut found = Vec::new();
    for service in crates(&["services"]) {
        let name = format!("{}/README.md", service.folder);
        match fs::read_to_string(root().join(&name)) {
            Ok(text) => found.extend(missing(&service, &text).map(|what| format!("{name} says nothing of {what}"))),
            Err(_) => found.push(format!("{name} is missing")),
        }
    }
    assert_none("what it owns, its states, events in and out, RPCs, decisions, known gaps:", found);
}

/// What a README should speak of and does not.
fn missing(service: &Crate, text: &str) -> impl Iterator<Item = &'static str> {
    let (opening, rest) = text.split_once("\n## ").unwrap_or((text, ""));
    let headings: Vec<_> =
        format!("## {rest}").lines().filter(|line| line.starts_with("##")).map(str::to_lowercase).collect();
    let has = |word: &str| headings.iter().any(|heading| heading.contains(word));
    let proto = |file: &str, word: &str| {
        let path = root().join(format!("proto/aftercare/{}/v1/{file}.proto", service.name()));
        fs::read_to_string(path).is_ok_and(|text| text.contains(word))
    };
    let keeps_states =
        files(&[&format!("{}/src", service.folder)], ".rs").iter().any(|file| file.text.contains("Aggregate for "));
    [
        ("what it owns", opening.lines().count() > 1 || has("owns")),
        ("its states", !keeps_states || text.contains("<!-- begin state-diagram")),
        ("events", !proto("events", "message") || has("events")),
        ("rpcs", !proto(service.name(), "rpc") || has("rpc")),
        ("decisions", has("decisions")),
        ("known gaps", has("gaps")),
    ]
    .into_iter()
    .filter_map(|(what, there)| (!there).then_some(what))
}

#[test]
fn migrations_have_names_that_are_not_passed_over() {
    let mut found = Vec::new();
    for file in files(&["services", "shared"], ".sql").iter().filter(|file| file.name.contains("/migrations/")) {
        let name = file.name.rsplit('/').next().unwrap();
        let (number, rest) = name.split_once('_').unwrap_or((name, ""));
        if number.len() != 4 || !number.bytes().all(|digit| digit.is_ascii_digit()) || rest.len() <= ".sql".len() {
            found.push(file.name.clone());
        }
    }
    assert_none("a migration is called 0001_what.sql; anything else is skipped without a word:", found);
}
