//! Which test shows which requirement: a test says so by its name, `r_cmp_07_…`, several numbers if it shows several.
//! `tests/REQUIREMENTS.md` is generated from the names. What is listed as owed must be shown by at least one test.
use std::{collections::BTreeMap, fmt::Write as _};

use syn::visit::Visit;

use crate::{
    assert_none,
    source::{File, files, root},
};

/// How many requirements each part has.
const PARTS: [(&str, u8); 7] =
    [("INT", 24), ("SCH", 27), ("CMP", 20), ("FUL", 17), ("ANA", 21), ("ROL", 15), ("SEC", 11)];

/// What intake, complaints and fulfilment owe, in short, and the posts of those who work on them.
const OWED: [(&str, &str); 69] = [
    ("R-INT-01", "a case can be opened from every channel, and all land in one queue"),
    ("R-INT-02", "one point dispatches every case, whichever channel it came from"),
    ("R-INT-03", "who, what and how to answer must be there, or what is missing is listed"),
    ("R-INT-04", "when it happened and when it was recorded are kept apart"),
    ("R-INT-05", "content, emotion, circumstances and expectation are four fields"),
    ("R-INT-06", "batch, frequency of use and symptoms are asked for and stored"),
    ("R-INT-07", "base data come from sales and customers; what is incomplete is flagged before a follow-up"),
    ("R-INT-08", "a first layer answers common questions; complex cases and feelings go to a person"),
    ("R-INT-09", "what mentions discomfort goes before everything else"),
    ("R-INT-10", "a VIP's complaint goes before others and is marked"),
    ("R-INT-11", "emotion influences the routing and is visible"),
    ("R-INT-12", "answer and end are promised and published for each channel"),
    ("R-INT-13", "a chat is answered by a person within 5 minutes of working hours"),
    ("R-INT-14", "the rate of calls answered within 15 seconds is measured"),
    ("R-INT-15", "what is urgent has feedback within 24 hours"),
    ("R-INT-16", "outside working hours it is accepted, acknowledged and said when a person answers"),
    ("R-INT-17", "a general enquiry is answered on the spot"),
    ("R-INT-18", "customers and agents find product knowledge"),
    ("R-INT-19", "sensitive subjects lead to a consultation"),
    ("R-INT-20", "nobody is asked for what is known or not needed"),
    ("R-INT-21", "the history follows the case; nobody repeats the story"),
    ("R-INT-22", "cases are classified"),
    ("R-INT-23", "the class determines the handling"),
    ("R-INT-24", "customers see progress and result, and rate it"),
    ("R-CMP-01", "content, emotion, circumstances and expectation are on record before it is assessed"),
    ("R-CMP-02", "the complaint manager classifies; the class selects the handling"),
    ("R-CMP-03", "the first investigation is done within 24 hours"),
    ("R-CMP-04", "departments are asked, answer, and are followed"),
    ("R-CMP-05", "the customer hears of progress; silence has a limit that is watched"),
    ("R-CMP-06", "the solution follows the policy and the customer's expectation"),
    ("R-CMP-07", "another person than the author approves it before it is offered"),
    ("R-CMP-08", "nothing is carried out before the customer's consent is on record"),
    ("R-CMP-09", "each step of the agreed solution is followed; a deviation shows"),
    ("R-CMP-10", "the result is told within its time"),
    ("R-CMP-11", "the customer's satisfaction is asked for"),
    ("R-CMP-12", "who is still dissatisfied goes to management, on record"),
    ("R-CMP-13", "what is late goes to management by itself"),
    ("R-CMP-14", "severity decides what must be offered"),
    ("R-CMP-15", "the loop is closed: answer, customer told, recurrence measured"),
    ("R-CMP-16", "complaints are analysed regularly and lead to proposals for improvement"),
    ("R-CMP-17", "a deviation from the process needs a reason on record"),
    ("R-CMP-18", "guidance for the conversation by emotion and class"),
    ("R-CMP-19", "each hand-over has an owner, a limit and a measured wait"),
    ("R-CMP-20", "what is unanswered after its time is on the manager's list"),
    ("R-FUL-01", "a return is accepted once its order and its reason are confirmed"),
    ("R-FUL-02", "the policy decides, and the rule that decided is shown"),
    ("R-FUL-03", "who may return gets a form, an address and instructions"),
    ("R-FUL-04", "what comes back is inspected: result, inspector and time are kept"),
    ("R-FUL-05", "after the inspection money or goods go out in time, and shops are told"),
    ("R-FUL-06", "goods that can be sold again come back without a reason"),
    ("R-FUL-07", "opened goods that cause discomfort come back all the same"),
    ("R-FUL-08", "who bears the freight is decided and on record"),
    ("R-FUL-09", "what a return asks of the customer is counted and has a ceiling"),
    ("R-FUL-10", "a repair records its content and whether it can be done"),
    ("R-FUL-11", "no work begins before the customer consents to what it costs"),
    ("R-FUL-12", "a repair is given to a technician with the skill"),
    ("R-FUL-13", "the customer hears that it is repaired and is asked whether he is satisfied"),
    ("R-FUL-14", "what cannot be repaired is answered by something else that is agreed"),
    ("R-FUL-15", "compensation and service again are given within limits and with approval"),
    ("R-FUL-16", "an order comes from a follow-up as well as from a case or a complaint"),
    ("R-FUL-17", "nothing is carried out that differs from what was approved"),
    ("R-ROL-01", "customer-service specialists record what customers say"),
    ("R-ROL-02", "complaint managers classify, make the solution and supervise it"),
    ("R-ROL-03", "quality specialists propose improvements"),
    ("R-ROL-04", "training specialists plan courses from frequent problems and train"),
    ("R-ROL-07", "the head approves plans; management gets reports and approves revisions of rules"),
    ("R-ROL-13", "vague and missing answers of our knowledge are found"),
    ("R-ROL-14", "responsibilities per post are defined and enforced"),
    ("R-SEC-11", "only necessary data are asked and stored"),
];

/// Of those, what is not there yet.
const OPEN: [&str; 2] = ["R-ROL-04", "R-ROL-07"];

#[test]
fn every_requirement_named_by_a_test_exists() {
    let found = shown().into_keys().filter(|requirement| !exists(requirement)).collect();
    assert_none("tests name requirements that are none:", found);
}

#[test]
fn every_requirement_that_is_owed_is_shown_by_a_test() {
    let shown = shown();
    let missing = OWED.iter().filter(|(owed, _)| shown.contains_key(*owed) == OPEN.contains(owed));
    assert_none(
        "shown by no test, or open no more:",
        missing.map(|(requirement, what)| format!("{requirement}: {what}")).collect(),
    );
}

#[test]
fn the_table_of_requirements_tells_what_the_tests_show() {
    let mut table = String::from("| requirement | in short | shown by |\n|---|---|---|\n");
    let mut rows = shown();
    rows.extend(OPEN.map(|open| (open.to_owned(), vec!["open".to_owned()])));
    for (requirement, tests) in rows {
        let what = OWED.iter().find(|(owed, _)| *owed == requirement).map_or("", |(_, what)| what);
        writeln!(table, "| {requirement} | {what} | {} |", tests.join("<br>")).unwrap();
    }
    testkit::docs::section(root().join("tests/REQUIREMENTS.md"), "requirements", &table);
}

fn exists(requirement: &str) -> bool {
    PARTS.iter().any(|(part, count)| (1..=*count).any(|number| requirement == format!("R-{part}-{number:02}")))
}

/// The tests by requirement, each named with its file.
fn shown() -> BTreeMap<String, Vec<String>> {
    let mut shown: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files(&["services", "shared", "deploy", "tests"], ".rs") {
        for test in Tests::of(&file) {
            for requirement in requirements(&test) {
                shown.entry(requirement).or_default().push(format!("`{test}` ({})", file.name));
            }
        }
    }
    shown
}

/// The requirements a name begins with: `r_cmp_07_r_ful_17_…` begins with two.
fn requirements(name: &str) -> Vec<String> {
    let words: Vec<&str> = name.split('_').collect();
    let numbered = words.chunks(3).map_while(|chunk| match chunk {
        ["r", part, number] if part.len() == 3 && number.len() == 2 && number.bytes().all(|b| b.is_ascii_digit()) => {
            Some(format!("R-{}-{number}", part.to_uppercase()))
        }
        _ => None,
    });
    numbered.collect()
}

/// The functions of a file that the test runner runs: those it is told to ignore show nothing.
#[derive(Default)]
struct Tests(Vec<String>);

impl Tests {
    fn of(file: &File) -> Vec<String> {
        let mut tests = Self::default();
        tests.visit_file(&file.parsed());
        tests.0
    }
}

impl<'ast> Visit<'ast> for Tests {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let has = |word: &str| {
            let is =
                |attribute: &syn::Attribute| attribute.path().segments.last().is_some_and(|last| last.ident == word);
            item.attrs.iter().any(is)
        };
        if has("test") && !has("ignore") {
            self.0.push(item.sig.ident.to_string());
        }
    }

    /// The tests of a property stand in a macro, which nobody has expanded yet.
    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        if item.path.is_ident("proptest") {
            let text = item.tokens.to_string();
            let names = text.split("# [test]").skip(1).filter_map(|test| test.split("fn ").nth(1));
            self.0.extend(names.filter_map(|rest| rest.split([' ', '(']).next()).map(str::to_owned));
        }
    }
}

#[test]
fn the_names_are_read_right() {
    assert_eq!(requirements("r_cmp_07_r_ful_17_only_what_was_approved"), ["R-CMP-07", "R-FUL-17"]);
    assert_eq!(requirements("refunds_of_r_cmp_07"), Vec::<String>::new());
    let sample = "#[tokio::test] async fn r_cmp_01_a() {} fn r_cmp_02_b() {} mod m { #[test] fn r_cmp_03_c() {} }
        #[test] #[ignore = \"later\"] fn r_cmp_04_d() {}
        proptest! { #![config(a)] /// fn of
        #[test] fn r_cmp_05_e(x in 0..1) {} #[test]
        fn r_cmp_06_f(x in 0..1) {} }";
    assert_eq!(Tests::of(&File::sample(sample)), ["r_cmp_01_a", "r_cmp_03_c", "r_cmp_05_e", "r_cmp_06_f"]);
    let mine = |tests: &Vec<String>| tests.iter().any(|test| test.contains("tests/layering/"));
    assert_eq!(shown().values().filter(|tests| mine(tests)).count(), 0, "a sample shows nothing");
    assert!(exists("R-CMP-20") && !exists("R-CMP-21") && !exists("R-XYZ-01"));
}
