//! `aftercare sla` as people run it: a policy is checked, and what is wrong is named with its place.
#![expect(clippy::unwrap_used, reason = "tests")]
use std::{fs, process::Command};

use serde_json::Value;

fn check(policy: &str) -> (Option<i32>, Value) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("policy.toml");
    fs::write(&file, policy).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_aftercare"));
    let said = command.args(["--json", "sla", "check"]).arg(&file).output().unwrap();
    (said.status.code(), serde_json::from_slice(&said.stdout).unwrap_or_default())
}

#[test]
fn the_shipped_policy_is_right_and_a_hole_in_it_is_named() {
    let (code, said) = check(kernel::sla::DEFAULT);
    assert_eq!((code, said["problems"].as_array().map(Vec::len)), (Some(0), Some(0)), "{said}");
    let (code, said) =
        check(&kernel::sla::DEFAULT.replace(r#"when.class = ["repair"]"#, r#"when.class = ["delivery"]"#));
    assert_eq!(code, Some(1));
    let problems = said["problems"].to_string();
    assert!(problems.contains("class repair has no prescribed time"), "{problems}");
    assert!(problems.contains("is never reached"), "{problems}");
    for (promise, hole) in [
        ("first_response", "channel website"),
        ("next_response", "channel shop"),
        ("urgent_feedback", "channel hotline"),
        ("first_investigation", "class delivery"),
        ("progress_silence", "class discomfort"),
        ("department_answer", "class repair"),
        ("result_notice", "class suggestion"),
    ] {
        let (code, said) = check(&kernel::sla::DEFAULT.replace(&format!("\"{promise}\""), "\"inspection_term\""));
        let problems = said["problems"].to_string();
        assert_eq!(code, Some(1), "{promise}");
        assert!(problems.contains("no service gives inspection_term from the policy"), "{problems}");
        assert!(problems.contains(&format!("{hole} has no prescribed time: a rule for {promise}")), "{problems}");
    }
    let chat = kernel::sla::DEFAULT.replacen(r#"when.channel = ["app""#, r#"when.channel = ["chat""#, 1);
    let (code, said) = check(&chat);
    assert_eq!((code, said["problems"].as_array().map(Vec::len)), (Some(1), Some(1)), "{said}");
    let (code, said) = check(&kernel::sla::DEFAULT.replace("[[rates]]", "[[rules]]").replace("percent = 80", ""));
    assert_eq!(
        (code, said["problems"].as_array().map(Vec::len)),
        (Some(1), None),
        "a rule needs a target and hours: {said}"
    );
}

#[test]
fn what_is_no_policy_is_refused_with_its_line() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aftercare"));
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("policy.toml");
    fs::write(&file, "id = \"x\"\nversion = \"one\"\n").unwrap();
    let said = command.args(["sla", "check"]).arg(&file).output().unwrap();
    let error = String::from_utf8(said.stderr).unwrap();
    assert!(!said.status.success() && error.contains("policy.toml") && error.contains("line 2"), "{error}");
}
