//! Words that must not stand where they do: business nouns in the backbone, waiting in tests, the database's wall clock.
use proc_macro2::{TokenStream, TokenTree};

use crate::{
    assert_none,
    source::{File, files, is_punct},
};

/// What only services may speak of. Words that mean something technical too (order, store, product) are left out.
const NOUNS: [&str; 18] = [
    "analytics",
    "appointment",
    "complaint",
    "customer",
    "department",
    "escalation",
    "followup",
    "fulfilment",
    "intake",
    "invoice",
    "outreach",
    "payment",
    "purchase",
    "questionnaire",
    "refund",
    "remedy",
    "scheduling",
    "shop",
];

#[test]
fn the_backbone_names_no_business_noun() {
    let mut found = Vec::new();
    for file in files(&["shared/backbone/src"], ".rs").iter().filter(|file| !file.is_test) {
        let named = names(file.tokens()).into_iter().filter(|name| noun(name).is_some());
        found.extend(named.map(|name| format!("{}: {name}", file.name)));
    }
    assert_none("the backbone serves any business and knows none:", found);
}

/// The business noun in a name or text: `RefundQueued`, `refund_id`, "refund.queued", `case_id`, but not `in case`.
fn noun(name: &str) -> Option<String> {
    let mut words: Vec<String> = vec![String::new()];
    for letter in name.chars() {
        if !letter.is_alphanumeric() || letter.is_uppercase() {
            words.push(String::new());
        }
        if letter.is_alphanumeric() {
            words.last_mut()?.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    let lower = words.join("_");
    if lower.contains("case_id") || lower.contains("follow_up") {
        return Some(lower);
    }
    words
        .into_iter()
        .find(|word| NOUNS.contains(&word.strip_suffix('s').unwrap_or(word)) || NOUNS.contains(&word.as_str()))
}

/// Identifiers and literals; comments are free to give examples.
fn names(tokens: TokenStream) -> Vec<String> {
    let mut found = Vec::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(sign) if sign.as_char() == '#' => {
                let inner = tokens.next_if(|next| is_punct(next, '!'));
                let comment = |next: &TokenTree| matches!(next, TokenTree::Group(group) if group.stream().to_string().starts_with("doc "));
                if tokens.next_if(comment).is_none() && inner.is_some() {
                    continue;
                }
            }
            TokenTree::Ident(word) => found.push(word.to_string()),
            TokenTree::Literal(literal) => found.push(literal.to_string()),
            TokenTree::Group(group) => found.extend(names(group.stream())),
            TokenTree::Punct(_) => {}
        }
    }
    found
}

#[test]
fn a_business_noun_is_recognised() {
    for name in ["RefundQueued", "refunds", "\"complaint.recorded\"", "case_id", "CaseId", "follow_up"] {
        assert!(noun(name).is_some(), "{name}");
    }
    for name in ["in case of", "shopper", "case", "ordering", "recorded"] {
        assert!(noun(name).is_none(), "{name}");
    }
}

#[test]
fn tests_step_the_system_and_never_wait_for_it() {
    let mut found = Vec::new();
    let stepped = |file: &&File| file.is_test && !file.name.contains("/layering/");
    for file in files(&["services", "shared", "tests/tests"], ".rs").iter().filter(stepped) {
        found.extend(sleeps(file).into_iter().map(|line| format!("{}:{line}", file.name)));
    }
    assert_none("settle(), advance() or a ..._once() step instead of sleep:", found);
}

fn sleeps(file: &File) -> Vec<usize> {
    let waits = |line: &str| !line.trim_start().starts_with("//") && line.contains("sleep(");
    file.text.lines().enumerate().filter(|(_, line)| waits(line)).map(|(number, _)| number + 1).collect()
}

#[test]
fn statements_never_ask_for_the_wall_clock() {
    let mut found = Vec::new();
    for ending in [".rs", ".sql"] {
        for file in files(&["services", "shared"], ending) {
            let lines = file.text.lines().enumerate().filter(|(_, line)| line.contains("clock_timestamp("));
            found.extend(lines.map(|(number, _)| format!("{}:{}", file.name, number + 1)));
        }
    }
    assert_none("a transaction has one time: bind it, or take now():", found);
}
