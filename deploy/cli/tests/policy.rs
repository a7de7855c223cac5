//! `aftercare policy` as people run it: a policy is checked and asked, and what is wrong is named with its place.
#![expect(clippy::unwrap_used, reason = "tests")]
use std::{fs, process::Command};

use kernel::returns::DEFAULT;
use serde_json::{Value, json};

/// The exit code, what it answered, and what it complained of; `policy.toml` is at hand.
fn say(policy: &str, words: &[&str]) -> (Option<i32>, Value, String) {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("policy.toml"), policy).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_aftercare"));
    let said = command
        .current_dir(&dir)
        .env("AFTERCARE_HOME", dir.path())
        .args(["--json", "policy"])
        .args(words)
        .output()
        .unwrap();
    let error = String::from_utf8(said.stderr).unwrap();
    (said.status.code(), serde_json::from_slice(&said.stdout).unwrap_or_default(), error)
}

#[test]
fn the_shipped_policy_is_right_and_holes_strangers_and_idle_rules_are_named() {
    let (code, said, _) = say("", &["check"]);
    assert_eq!((code, &said["problems"], &said["warnings"]), (Some(0), &json!([]), &json!([])), "{said}");
    let rule = "id = \"idle\"\nthen = { answer = \"review\", freight = \"company\", goods = \"no\" }";
    let idle = format!("{DEFAULT}\n[[rules]]\n{rule}\nwords = {{ en = \"a\", zh = \"b\" }}\n");
    let (code, said, _) = say(&idle, &["check", "policy.toml"]);
    assert_eq!(code, Some(0), "a rule nobody reaches does no harm: {said}");
    assert_eq!(said["warnings"], json!(["rule idle is never reached: rule review takes all of it"]));
    let holed = DEFAULT.replace("id = \"review\"\n", "id = \"review\"\nwhen.segment = [\"vips\"]\n");
    let (code, said, _) = say(&holed, &["check", "policy.toml"]);
    let problems = said["problems"].to_string();
    assert_eq!(code, Some(1));
    assert!(problems.contains("repair for no_reason has no answer"), "{problems}");
    assert!(problems.contains("there is no segment called vips"), "{problems}");
}

#[test]
fn a_return_is_decided_with_the_rule_that_decided() {
    let facts = json!({ "kind": "return_refund", "reason": "no_reason", "proof": "receipt", "days_since_delivery": 7,
                        "resaleable": true });
    let (code, said, error) = say("", &["decide", "--facts", &facts.to_string()]);
    assert_eq!((code, &said["rule"]), (Some(0), &json!("no_reason_seven_days")), "{error}");
    assert_eq!(said["outcome"]["answer"], "eligible");
    assert!(said["words"]["en"].as_str().unwrap().contains("7 days"));

    let five = DEFAULT.replace("delivered.within = 7, resaleable", "delivered.within = 5, resaleable");
    let (_, said, _) = say(&five, &["decide", "--policy", "policy.toml", "--facts", &facts.to_string()]);
    assert_eq!(said["rule"], "review");
    for (facts, problem) in [
        (json!({ "kind": "gift", "reason": "no_reason", "proof": "receipt" }), "unknown variant"),
        (
            json!({ "kind": "exchange", "reason": "moon", "proof": "receipt" }),
            "no reason called moon; there are: breakdown",
        ),
        (json!({ "kind": "exchange", "reason": "quality", "proof": "receipt", "colour": "red" }), "unknown field"),
    ] {
        let (code, _, error) = say("", &["decide", "--facts", &facts.to_string()]);
        assert!(code == Some(1) && error.contains(problem), "{error}");
    }
    let (code, _, error) = say("", &["decide", "--facts", "@nowhere.json"]);
    assert!(code == Some(1) && error.contains("cannot read nowhere.json"), "{error}");
    let (code, _, error) = say("version = \"one\"", &["check", "policy.toml"]);
    assert!(code == Some(1) && error.contains("policy.toml"), "{error}");
}
