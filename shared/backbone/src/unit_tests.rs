//! Who may be named as the one who acts, and when two requests are the same.
use super::*;

#[test]
fn an_actor_is_a_kind_and_an_id() {
    for good in ["staff:ana", "service:x", "channel:web-1", "staff:a.b_c@d-e", &format!("staff:{}", "x".repeat(120))] {
        assert_eq!(Actor::parse(good).unwrap().as_str(), good);
    }
    for bad in [
        "",
        "ana",
        ":ana",
        "staff:",
        "Staff:ana",
        "st4ff:ana",
        "staff:a b",
        "staff:a:b",
        "staff:张",
        &format!("staff:{}", "x".repeat(121)),
    ] {
        assert_eq!(Actor::parse(bad), None, "{bad}");
    }
}

#[test]
fn a_key_is_one_per_scope_and_knows_its_content() {
    let key = |scope, content: &[u8]| IdempotencyKey::new(scope, "k", content);
    assert_eq!(key("a", b"1").fingerprint, key("b", b"1").fingerprint);
    assert_ne!(key("a", b"1").key, key("b", b"1").key);
    assert_ne!(key("a", b"1").fingerprint, key("a", b"2").fingerprint);
}
