//! Who may know whom. The rules of the business know nobody: `domain/` and `kernel` are values in, values out. Services
//! know each other by contract only, and what they share knows none of them.
use std::collections::BTreeSet;

use proc_macro2::{Spacing, TokenStream, TokenTree};

use crate::{
    assert_none,
    source::{Crate, File, crates, files},
};

/// What the rules of the business may use besides core and std.
const PURE: [&str; 6] = ["jiff", "kernel", "serde", "thiserror", "triage", "uuid"];
/// The kernel also takes a table of currencies, which is data, and the hash that ids are derived by.
const PURE_DATA: [&str; 2] = ["iso_currency", "sha1"];
/// Words of code whose answer depends on when it runs.
const UNSTEADY: [&str; 7] = ["async", "await", "now_v1", "now_v6", "now_v7", "new_v4", "Instant"];
/// Parts of std that reach outside.
const OUTSIDE: [&str; 7] = ["env", "fs", "io", "net", "os", "process", "thread"];

#[test]
fn the_rules_of_the_business_know_nobody() {
    let mut found = Vec::new();
    for service in crates(&["services"]) {
        let sources = files(&[&format!("{}/src", service.folder)], ".rs");
        let domain = |file: &&File| file.name.contains("/src/domain/") || file.name.ends_with("/src/domain.rs");
        for file in sources.iter().filter(domain).filter(|file| !file.is_test) {
            found.extend(offences(file, &service, &parts(&sources)));
        }
    }
    assert_none(
        "domain/ may use std, jiff, serde, thiserror, uuid, kernel, triage and itself, and must be plain functions:",
        found,
    );
}

/// The modules of a service beside its domain.
fn parts(sources: &[File]) -> Vec<String> {
    let top = |file: &File| Some(file.name.split_once("/src/")?.1.split(['/', '.']).next()?.to_owned());
    let names: BTreeSet<_> = sources.iter().filter_map(top).collect();
    names.into_iter().filter(|name| !["domain", "lib", "main"].contains(&name.as_str())).collect()
}

fn offences(file: &File, service: &Crate, parts: &[String]) -> Vec<String> {
    let mut strangers = service.needs("dependencies");
    strangers.retain(|name| !PURE.contains(&name.as_str()));
    let mut found = impure(file, &strangers);
    found.extend(escapes(file, parts));
    found
}

/// Uses of the service's own parts beside the domain: by `crate`, or by as many `super` as lead to it.
fn escapes(file: &File, parts: &[String]) -> Vec<String> {
    let module = file.name.split_once("/src/").map_or("", |(_, module)| module);
    let to_crate = module.trim_end_matches(".rs").trim_end_matches("/mod").split('/').count();
    let escapes = |path: &Vec<String>| {
        let up = path.iter().take_while(|word| *word == "super").count();
        let inside = if path[0] == "crate" { path.get(1) } else { path.get(up).filter(|_| up >= to_crate) };
        inside.is_some_and(|word| parts.contains(word))
    };
    paths(file.tokens())
        .iter()
        .filter(|path| escapes(path))
        .map(|path| format!("{}: {}", file.name, path.join("::")))
        .collect()
}

/// Uses of the outside, of strangers, of async, of chance and of time.
fn impure(file: &File, strangers: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for path in paths(file.tokens()) {
        let outside = path[0] == "std" && path.get(1).is_some_and(|word| OUTSIDE.contains(&word.as_str()));
        if outside || strangers.contains(&path[0]) {
            found.push(format!("{}: {}", file.name, path.join("::")));
        }
    }
    let mut words = Vec::new();
    identifiers(file.tokens(), &mut words);
    words.retain(|word| UNSTEADY.contains(&word.as_str()));
    found.extend(words.iter().map(|word| format!("{}: {word}", file.name)));
    found
}

#[test]
fn the_kernel_is_pure() {
    let kernel = crates(&["shared/kernel"]).remove(0);
    let mut found = kernel.needs("dependencies");
    found.retain(|name| !PURE.contains(&name.as_str()) && !PURE_DATA.contains(&name.as_str()));
    for file in files(&["shared/kernel/src"], ".rs").iter().filter(|file| !file.is_test) {
        found.extend(impure(file, &[]));
    }
    assert_none(
        "kernel may use std, jiff, serde, thiserror, uuid, sha1 and a table of currencies, and must be plain functions:",
        found,
    );
}

/// Intake decides with it and the command teaches it: two need it, and it is as pure as the kernel.
#[test]
fn triage_is_pure() {
    let triage = crates(&["shared/triage"]).remove(0);
    let mut found = triage.needs("dependencies");
    found.retain(|name| !["serde", "thiserror"].contains(&name.as_str()));
    for file in files(&["shared/triage/src"], ".rs").iter().filter(|file| !file.is_test) {
        found.extend(impure(file, &[]));
    }
    assert_none("triage may use std, serde and thiserror, and must be plain functions:", found);
}

#[test]
fn services_know_each_other_by_contract_only() {
    let services = crates(&["services"]);
    let names: Vec<_> = services.iter().map(|service| service.name().to_owned()).collect();
    let mut found = Vec::new();
    for one in services.iter().chain(&crates(&["shared"])) {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let known = one.needs(section).into_iter().filter(|need| names.contains(need));
            found.extend(known.map(|need| format!("{}: {section} name {need}", one.folder)));
        }
    }
    assert_none("services speak through contracts, and what is shared knows no service:", found);
}

/// The paths in the code: their words as far as they are plain, one path for each branch of a `use`.
fn paths(tokens: TokenStream) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    collect(tokens, &[], &mut found);
    found
}

fn collect(tokens: TokenStream, before: &[String], found: &mut Vec<Vec<String>>) {
    let mut path = before.to_vec();
    let mut tokens = tokens.into_iter().peekable();
    let mut after_dot = false;
    while let Some(token) = tokens.next() {
        // What follows a dot is a method or a field, whatever crates are called.
        let is_member =
            std::mem::replace(&mut after_dot, matches!(&token, TokenTree::Punct(dot) if dot.as_char() == '.'));
        match token {
            TokenTree::Ident(_) if is_member => path = before.to_vec(),
            TokenTree::Ident(word) if KEYWORDS.contains(&word.to_string().as_str()) => path = before.to_vec(),
            TokenTree::Ident(word) => {
                path.push(word.to_string());
                if !tokens.peek().is_some_and(is_joint_colon) {
                    found.push(std::mem::replace(&mut path, before.to_vec()));
                }
            }
            // `a::b` and `a::{b, c}` go on; `a::<T>` and `a::*` end here.
            TokenTree::Punct(ref sign) if sign.as_char() == ':' && sign.spacing() == Spacing::Joint => {
                tokens.next();
                if !matches!(tokens.peek(), Some(TokenTree::Ident(_) | TokenTree::Group(_))) {
                    found.push(std::mem::replace(&mut path, before.to_vec()));
                }
            }
            TokenTree::Group(group) => {
                collect(group.stream(), &std::mem::replace(&mut path, before.to_vec()), found);
            }
            _ => path = before.to_vec(),
        }
    }
    found.retain(|path| !path.is_empty());
}

/// Words after which a path begins.
const KEYWORDS: [&str; 20] = [
    "as", "break", "const", "dyn", "else", "for", "if", "impl", "in", "let", "match", "move", "mut", "pub", "ref",
    "return", "static", "use", "where", "while",
];

/// The first half of `::`.
fn is_joint_colon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(sign) if sign.as_char() == ':' && sign.spacing() == Spacing::Joint)
}

pub fn identifiers(tokens: TokenStream, found: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(word) => found.push(word.to_string()),
            TokenTree::Group(group) => identifiers(group.stream(), found),
            _ => {}
        }
    }
}

#[test]
fn a_stranger_is_recognised() {
    let strangers = ["sqlx".to_owned(), "tonic".to_owned()];
    let seen = |text: &str| impure(&File::sample(text), &strangers).len();
    for text in [
        "use sqlx::PgPool;",
        "use sqlx;",
        "use {jiff::Timestamp, sqlx::PgPool};",
        "use ::tonic::Status;",
        "struct A { b: ::tonic::Status }",
        "fn f() { <sqlx::Postgres as Database>::NAME }",
        "fn f() { match x { _ => return sqlx::x() } }",
        "fn f() { g::<tonic::Status>() }",
        "fn f() { format!(\"{}\", sqlx::query(\"x\")) }",
        "use std::fs;",
        "use std::{collections::BTreeMap, fs::read};",
        "use std::time; async fn f() {}",
        "fn f() { a.map(sqlx::query) }",
    ] {
        assert_eq!(seen(text), 1, "{text}");
    }
    for text in [
        "fn f() { a.sqlx().tonic }",
        "// sqlx::query\nuse std::{collections::BTreeMap, time::Duration};",
        "/// See sqlx::query.\nfn f() { \"sqlx::query\"; state::sqlx::x(); }",
        "#[cfg(test)]\nmod tests { use sqlx::PgPool; }",
        "#[cfg(test)]\nmod tests;\nfn f() {}",
        "fn f(x: Option<u8>) -> u8 { x.map(u8::from).unwrap_or(match x { Some(a) => a, None => 0 }) }",
    ] {
        assert_eq!(seen(text), 0, "{text}");
    }
}

#[test]
fn a_way_out_of_the_domain_is_recognised() {
    let parts = ["api".to_owned(), "store".to_owned()];
    let seen = |text: &str| escapes(&File::sample(text), &parts).len();
    assert_eq!(seen("use crate::store::find;"), 1);
    assert_eq!(seen("use crate::{domain::Case, store};"), 1);
    assert_eq!(seen("fn f() { super::super::api::call() }"), 1);
    assert_eq!(seen("use super::{case::Case, promise}; use crate::domain::store::Shelf; fn f() { store::keep() }"), 0);
    let inside = |text: &str| {
        let mut file = File::sample(text);
        file.name = "services/x/src/domain/shelf.rs".to_owned();
        escapes(&file, &parts).len()
    };
    assert_eq!(inside("use super::store::Shelf;"), 0, "the domain's own, of the same name");
    assert_eq!(inside("use super::super::store::Shelf;"), 1);
}
