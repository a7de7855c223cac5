//! Tries every command in every state against a table, and draws the table as the README's state diagram.
#![expect(clippy::unwrap_used, reason = "tests")]
use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};

/// A cell says what must come of it: the status afterwards, `-` for nothing at all, or the code of the refusal.
pub type Table<'a, const N: usize> = &'a [(&'a str, [&'a str; N])];

/// Checks the table and the README's diagram of `name`. Rows stand in the order of `states`, cells in that of
/// `commands`; a missing row fails, a missing cell does not compile.
pub fn check<S, C, const N: usize>(
    name: &str,
    states: &[(&str, S)],
    commands: &[(&str, C); N],
    table: Table<'_, N>,
    decide: impl Fn(&S, C) -> Result<S, &'static str>,
) where
    S: Clone + Debug + PartialEq + Serialize + DeserializeOwned,
    C: Clone,
{
    let rows: Vec<&str> = table.iter().map(|(row, _)| *row).collect();
    assert_eq!(rows, states.iter().map(|(state, _)| *state).collect::<Vec<_>>(), "the rows are the states");
    let (mut edges, mut wrong) = (vec![], vec![]);
    for ((_, state), (row, cells)) in states.iter().zip(table) {
        let stored = serde_json::to_value(state).unwrap();
        assert_eq!(&serde_json::from_value::<S>(stored).unwrap(), state, "{row} comes back from storage");
        for ((command, given), expected) in commands.iter().zip(cells) {
            let outcome = match decide(state, given.clone()) {
                Err(code) => code.to_owned(),
                Ok(next) if next == *state => "-".to_owned(),
                Ok(next) => {
                    edges.push((status(state), (*command).to_owned(), status(&next)));
                    status(&next)
                }
            };
            if outcome != *expected {
                wrong.push(format!("{row} + {command}: {outcome}, not {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    edges.sort();
    edges.dedup();
    let edges: Vec<_> = edges.iter().map(|(from, command, to)| (shown(from), command.as_str(), to.as_str())).collect();
    testkit::docs::section(
        concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"),
        &format!("state-diagram-{name}"),
        &testkit::docs::diagram(&edges),
    );
}

/// In a diagram, what does not exist yet is the starting point.
fn shown(status: &str) -> &str {
    if status == "absent" { "[*]" } else { status }
}

fn status(state: &impl Serialize) -> String {
    serde_json::to_value(state).unwrap().pointer("/state/kind").unwrap().as_str().unwrap().to_owned()
}
