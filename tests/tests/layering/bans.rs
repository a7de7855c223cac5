//! Every ban of `.clippy.toml` names the way to go instead, and stands in the canary.
use std::fs;

use crate::{assert_none, source::root};

#[test]
fn every_ban_has_a_reason_and_a_canary() {
    let bans: toml::Table = fs::read_to_string(root().join(".clippy.toml")).unwrap().parse().unwrap();
    let bans = bans["disallowed-methods"].as_array().unwrap();
    let canary = include_str!("canary.rs");
    let mut found = Vec::new();
    for ban in bans {
        let path = ban["path"].as_str().unwrap();
        if ban.get("reason").and_then(|reason| reason.as_str()).is_none_or(str::is_empty) {
            found.push(format!("{path} has no reason"));
        }
        if !canary.contains(&format!("/// `{path}`\n#[expect(clippy::disallowed_methods")) {
            found.push(format!("{path} is not broken in canary.rs"));
        }
    }
    assert_none("a ban that is not shown to work may not work:", found);
    assert_eq!(canary.matches("\n/// `").count(), bans.len(), "canary.rs breaks something that is not banned");
}
