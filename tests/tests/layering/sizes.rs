//! Rooms stay readable: a function fits on a screen, a file into one sitting. Tests may be as long as they need.
use crate::{
    assert_none,
    source::{File, Measures, files},
};

const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 400;

fn sources() -> Vec<File> {
    files(&["services", "shared", "deploy", "tests/src"], ".rs").into_iter().filter(|file| !file.is_test).collect()
}

#[test]
fn functions_fit_on_a_screen() {
    let mut found = Vec::new();
    for file in sources() {
        let long = Measures::of(&file).functions.into_iter().filter(|(_, lines)| *lines > FUNCTION_LINES_MAX);
        found.extend(long.map(|(name, lines)| format!("{}: {name} has {lines} lines", file.name)));
    }
    assert_none(&format!("a function has at most {FUNCTION_LINES_MAX} lines:"), found);
}

#[test]
fn files_are_read_in_one_sitting() {
    let mut found = Vec::new();
    for file in sources() {
        let lines = file.text.lines().count() - Measures::of(&file).test_lines;
        if lines > FILE_LINES_MAX {
            found.push(format!("{} has {lines} lines", file.name));
        }
    }
    assert_none(&format!("a file has at most {FILE_LINES_MAX} lines, tests excluded:"), found);
}

#[test]
fn lengths_are_measured() {
    let text = "fn a() {\n}\nimpl X {\n    #[doc = \"x\"]\n    pub fn b(\n        &self,\n    ) {\n        1\n    }\n}\n\
                #[cfg(test)]\nmod tests {\n    fn c() {}\n}\n";
    let measures = Measures::of(&File::sample(text));
    assert_eq!(measures.functions, [("a".to_owned(), 2), ("b".to_owned(), 5)]);
    assert_eq!(measures.test_lines, 4);
}
