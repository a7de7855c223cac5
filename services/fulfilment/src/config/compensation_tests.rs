//! The shipped rules of compensation can be followed, and what cannot is refused with its place.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;

fn shipped() -> Value {
    let settings = backbone::Settings::load(include_str!("../../default.toml"), None).unwrap();
    settings.service["compensation"].clone()
}

fn rules(change: impl FnOnce(&mut Value)) -> Result<Rules, String> {
    let mut section = shipped();
    change(&mut section);
    let section: Compensation = serde_json::from_value(section).map_err(|error| error.to_string())?;
    section.rules().map_err(|error| format!("{error:#}"))
}

#[test]
fn the_shipped_rules_can_be_followed() {
    rules(|_| ()).unwrap();
}

#[test]
fn rules_nobody_can_follow_are_refused_with_their_place() {
    let wrong = |change: fn(&mut Value), words: &str| {
        let error = rules(change).unwrap_err();
        assert!(error.contains(words), "{error}");
    };
    wrong(|section| section["budgets"]["zone"] = "Mars/Olympus".into(), "budgets.zone");
    wrong(|section| section["budgets"]["each_role"]["CNY"] = (-1).into(), "0 or more");
    wrong(|section| section["alone"][1]["roles"] = serde_json::json!(["king"]), "king");
    wrong(|section| section["alone"][0]["kinds"] = serde_json::json!(["gold"]), "gold");
    wrong(|section| section["version"] = 0.into(), "version");
    wrong(|section| section["members"] = serde_json::json!([]), "nobody holds");
    wrong(|section| section["rules"][1]["up_to"] = serde_json::json!({ "CNY": 5 }), "hole");
}

#[test]
fn a_change_of_the_people_is_no_change_of_the_rules() {
    let hash = |change: fn(&mut Value)| {
        let mut section = shipped();
        change(&mut section);
        format!("{:?}", Compensation::document(&section))
    };
    let before = hash(|_| ());
    assert_eq!(hash(|section| section["members"] = serde_json::json!([])), before);
    assert_ne!(hash(|section| section["budgets"]["zone"] = "UTC".into()), before);
}
