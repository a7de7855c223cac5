//! What has a version is not changed behind its number: intake does not start with another content of it.
use std::{fs, path::PathBuf};

use backbone::node::Node;
use kernel::{calendar::CHINA, sla::DEFAULT};
use serde_json::json;
use testkit::Stack;
use uuid::Uuid;

/// Starts once more, with the settings and on the database of the stack.
async fn starts_again(stack: &Stack) -> Result<(), String> {
    let context = stack.node("intake").context();
    let again = Node::build(&intake::SERVICE, (*context.settings).clone(), context.clock.clone()).await;
    again.map(drop).map_err(|error| format!("{error:#}"))
}

#[tokio::test]
async fn what_was_changed_without_counting_its_version_up_stops_the_start_and_is_named() {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(Uuid::now_v7().to_string());
    fs::create_dir(&dir).unwrap();
    let (policy, calendars) = (dir.join("levels.toml"), dir.join("shops.toml"));
    fs::write(&policy, DEFAULT).unwrap();
    fs::write(&calendars, CHINA).unwrap();
    let stack = Stack::start_with(&[&intake::SERVICE], |_, settings| {
        settings.service["levels"] = json!({ "policy": policy, "calendars": calendars });
    })
    .await;
    assert_eq!(starts_again(&stack).await, Ok(()));
    fs::write(&policy, format!("# read again\n{DEFAULT}")).unwrap();
    assert_eq!(starts_again(&stack).await, Ok(()), "a comment is no change");

    let quicker = DEFAULT.replacen("target = \"5m\"", "target = \"4m\"", 1);
    fs::write(&policy, &quicker).unwrap();
    let refused = starts_again(&stack).await.unwrap_err();
    let said = format!("policy of service levels default version 2 ({}) holds something else", policy.display());
    assert!(refused.starts_with(&format!("intake does not start: {said}")), "{refused}");
    assert!(refused.contains("give what you changed the next version"), "{refused}");
    fs::write(&policy, quicker.replacen("version = 2", "version = 3", 1)).unwrap();
    assert_eq!(starts_again(&stack).await, Ok(()));

    let closed = CHINA.replacen("closed = [", "closed = [\"2026-03-03\",", 1);
    fs::write(&calendars, &closed).unwrap();
    let refused = starts_again(&stack).await.unwrap_err();
    assert!(refused.contains("calendar china version 1 (") && refused.contains("shops.toml"), "{refused}");
    // The changed copy stands beside the old one, with the next version.
    let copy = closed.split_once("[[calendars]]").unwrap().1.replacen("version = 1", "version = 2", 1);
    fs::write(&calendars, format!("{CHINA}\n[[calendars]]{copy}")).unwrap();
    assert_eq!(starts_again(&stack).await, Ok(()));
    fs::write(&policy, DEFAULT).unwrap();
    assert_eq!(starts_again(&stack).await, Ok(()), "what was said before may be said again");
    let kept: i64 = sqlx::query_scalar("select count(*) from document").fetch_one(&stack.pool("intake")).await.unwrap();
    let told = "two of the policy, two of the calendar, two packs and the days of one, and what is needed";
    assert_eq!(kept, 2 + 2 + 2 + 1 + 1, "{told}");
    fs::remove_dir_all(&dir).unwrap();
}
