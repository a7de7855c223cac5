//! Each check takes what is within its bounds, to the bound, and names the field of what is beyond.
use super::*;

/// The fields that are wrong.
fn wrong<T>(look: impl FnOnce(&mut Checks) -> T) -> Vec<String> {
    let mut checks = Checks::default();
    look(&mut checks);
    checks.fault().violations().iter().map(|violation| violation.field.clone()).collect()
}

#[test]
fn text_is_bounded_readable_and_not_blank_where_it_must_be_there() {
    let text = |text: &str, length| wrong(|checks| checks.text("t", text, length));
    for good in ["a", "字字字", "a\nb", "\ta"] {
        assert!(text(good, 1..=3).is_empty(), "{good:?}");
    }
    for bad in ["", " ", "\n", "字字字字", "a\0", "\u{7}", "\u{85}"] {
        assert_eq!(text(bad, 1..=3), ["t"], "{bad:?}");
    }
    assert!(text("", 0..=3).is_empty() && text("  ", 0..=3).is_empty());
}

#[test]
fn instants_are_of_the_years_1970_to_9999() {
    let wire = |seconds, nanos| Some(contracts::Timestamp { seconds, nanos });
    for at in [None, wire(0, 0), wire(253_402_207_199, 999_999_999)] {
        assert!(wrong(|checks| checks.instant("at", at.as_ref())).is_empty(), "{at:?}");
    }
    for at in [wire(-1, 0), wire(i64::MIN, 0), wire(i64::MAX, 0), wire(0, i32::MAX), wire(-1, i32::MIN)] {
        assert_eq!(wrong(|checks| checks.instant("at", at.as_ref())), ["at"], "{at:?}");
        assert_eq!(wrong(|checks| checks.required("at", at.as_ref())), ["at"], "{at:?}");
    }
    assert_eq!(wrong(|checks| checks.required("at", None)), ["at"]);
}

#[test]
fn everything_that_is_wrong_is_named_at_once_metadata_too() {
    let page = common::Page { size: 201, token: "x".into() };
    let mut request = Request::new(page.clone());
    request.metadata_mut().insert("aftercare-actor", "ana".parse().unwrap());
    request.metadata_mut().insert("idempotency-key", "k".repeat(201).parse().unwrap());
    let named = wrong(|checks| {
        assert!(checks.actor(&request).is_none());
        assert!(checks.key(&request, "test").is_none());
        assert!(checks.id("id", "7").is_none());
        assert!(checks.optional_id("other", "7").is_none());
        assert_eq!(checks.optional_id("none", ""), Some(None));
        assert!(checks.one_of("status", "", &["a", "b"]).is_none());
        assert!(checks.optional_of("state", "c", &["a", "b"]).is_none());
        assert_eq!(checks.optional_of("any", "", &["a", "b"]), Some(None));
        assert!(checks.within("n", 6, 1..=5).is_none());
        assert!(checks.list("list", &[1, 2], 1).is_none());
        assert!(checks.page(Some(&page), page::by_time).is_none());
    });
    let all = ["metadata.aftercare-actor", "metadata.idempotency-key", "id", "other", "status", "state", "n", "list"];
    assert_eq!(named, [all.as_slice(), &["page.size", "page.token"]].concat());
}

#[test]
fn a_page_goes_on_from_a_place_that_is_one() {
    let id = Uuid::from_u128(7);
    let after = |key: &str| common::Page { size: 0, token: format!("{id}~{key}") };
    let mut checks = Checks::default();
    let at = Timestamp::UNIX_EPOCH;
    let (page, place) = checks.page(Some(&after(&at.to_string())), page::by_time).unwrap();
    assert_eq!((page.limit(), place), (50, Some((at, id))));
    assert_eq!(checks.page(None, page::by_time).unwrap().1, None);
    for key in ["", "yesterday", "1969-12-31T23:59:59Z", "-009999-01-02T00:00:00Z"] {
        assert_eq!(wrong(|checks| checks.page(Some(&after(key)), page::by_time)), ["page.token"], "{key}");
    }
}
