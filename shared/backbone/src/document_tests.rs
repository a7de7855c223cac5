//! What makes two contents the same, and which versions stand in a file.
#![expect(clippy::unwrap_used, reason = "tests")]
use super::*;

const POLICY: &str = "id = \"own\"\nversion = 3\nrules = [{ target = \"5m\" }]\n";

fn policy(text: &str) -> Document {
    let [one] = Document::read("policy", ("", "id"), None, text).unwrap().try_into().unwrap();
    one
}

#[test]
fn comments_and_the_order_of_keys_are_no_content_and_every_word_is() {
    let first = policy(POLICY);
    assert_eq!((first.kind, first.id.as_str(), first.version), ("policy", "own", 3));
    assert_eq!(first, policy("# ours\nversion = 3\nid = \"own\"\n\n[[rules]]\ntarget = \"5m\"\n"));
    assert_ne!(first.hash, policy(&POLICY.replace("5m", "6m")).hash);
    assert_ne!(first.hash, policy(&POLICY.replace("}]", "}]\nrates = []")).hash);
}

#[test]
fn every_table_of_a_list_is_a_version_and_one_without_a_number_is_the_first() {
    let calendars = "[[calendars]]\nname = \"a\"\n[[calendars]]\nname = \"a\"\nversion = 2\nzone = \"UTC\"\n";
    let read = Document::read("calendar", ("/calendars", "name"), None, calendars).unwrap();
    assert_eq!(read.iter().map(|one| (one.id.as_str(), one.version)).collect::<Vec<_>>(), [("a", 1), ("a", 2)]);
    assert_ne!(read[0].hash, read[1].hash);
    assert_eq!(Document::read("calendar", ("/others", "name"), None, calendars).unwrap(), []);
    let missing = Document::read("calendar", ("/calendars", "name"), Some(Path::new("/none.toml")), "").unwrap_err();
    assert!(missing.to_string().contains("/none.toml"), "{missing}");
}
