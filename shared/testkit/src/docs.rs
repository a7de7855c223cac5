//! Documentation that is generated and checked: the test that knows the truth writes it, and fails when the page tells
//! something else. `AFTERCARE_UPDATE=1` rewrites the page.
use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

/// Asserts that `text` stands in the file between `<!-- begin NAME -->` and `<!-- end NAME -->`.
#[expect(clippy::disallowed_methods, reason = "a switch of the developer, not configuration")]
pub fn section(file: impl AsRef<Path>, name: &str, text: &str) {
    let file = file.as_ref();
    let page = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let (begin, end) = (format!("<!-- begin {name} -->"), format!("<!-- end {name} -->"));
    let (head, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("{} has no {begin}", file.display()));
    let (old, tail) = rest.split_once(&end).unwrap_or_else(|| panic!("{} has no {end}", file.display()));
    let new = format!("\n{}\n", text.trim());
    if old == new {
        return;
    }
    if std::env::var("AFTERCARE_UPDATE").is_ok() {
        fs::write(file, format!("{head}{begin}{new}{end}{tail}")).expect("the page can be written");
    } else {
        panic!("section {name} of {} is stale: run the test with AFTERCARE_UPDATE=1", file.display());
    }
}

/// A Mermaid state diagram of the allowed steps (from, command, to); `[*]` is what does not exist yet.
pub fn diagram<S: AsRef<str>>(steps: &[(S, S, S)]) -> String {
    let lines: BTreeSet<String> = steps
        .iter()
        .map(|(from, command, to)| format!("    {} --> {}: {}", from.as_ref(), to.as_ref(), command.as_ref()))
        .collect();
    let mut text = String::from("```mermaid\nstateDiagram-v2\n");
    for line in lines {
        writeln!(text, "{line}").expect("a string takes all");
    }
    text.push_str("```");
    text
}
