//! The demo while a service is killed every eight seconds: the counts agree all the same.
use super::System;

#[test]
fn a_demo_whose_services_are_killed_one_after_the_other_counts_the_same() {
    let system = System::new();
    let played = system.ok(&format!("demo --days 20 --kill-every 8s --port-base {}", system.base));
    let killed = played["killed"].as_array().unwrap();
    assert!(!killed.is_empty(), "{killed:?}");
    let differs = played["recount"].as_array().unwrap().iter().filter(|held| held["agrees"] != true);
    assert_eq!(differs.collect::<Vec<_>>(), Vec::<&serde_json::Value>::new());
    assert_eq!(played["sales"], 20 * 30);
    system.until("status", |answer| answer.lines[0]["well"] == true);
}
