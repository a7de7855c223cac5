//! Lists in parts give every row once, and a token is either one of ours or refused.
use proptest::{collection::btree_set, prelude::*};

use super::*;

proptest! {
    #[test]
    fn following_the_tokens_gives_every_row_once(keys in btree_set(("\\PC{0,8}", 0..50_u128), 0..40), size in 1..7_u32) {
        let rows: Vec<(String, Uuid)> = keys.into_iter().map(|(key, n)| (key, Uuid::from_u128(n))).collect();
        let (mut given, mut token) = (Vec::new(), String::new());
        loop {
            let page = Page::from_request(size, &token).unwrap();
            let after = page.after().map(|(key, id)| (key.to_owned(), id));
            let rest = rows.iter().filter(|row| after.as_ref().is_none_or(|after| *row > after));
            let part: Vec<_> = rest.take(usize::try_from(page.limit()).unwrap()).cloned().collect();
            token = page.next(&part, Clone::clone);
            given.extend(part);
            if token.is_empty() {
                break;
            }
        }
        prop_assert_eq!(given, rows);
    }

    #[test]
    fn any_other_token_is_refused(token in "\\PC{1,60}") {
        match Page::from_request(0, &token) {
            Ok(page) => prop_assert!(page.after().is_some()),
            Err(fault) => prop_assert_eq!(&fault.violations()[0].field, "page.token"),
        }
    }
}

#[test]
fn a_page_has_50_rows_unless_asked_for_and_at_most_200() {
    assert_eq!(Page::from_request(0, "").unwrap().limit(), 50);
    assert_eq!(Page::from_request(200, "").unwrap().limit(), 200);
    let id = Uuid::nil();
    assert!(Page::from_request(0, &format!("{id}~{}", "k".repeat(163))).is_ok());
    for (size, token, wrong) in [
        (201, String::new(), vec!["page.size"]),
        (201, "x".into(), vec!["page.size", "page.token"]),
        (1, format!("{id}~{}", "k".repeat(164)), vec!["page.token"]),
    ] {
        let fault = Page::from_request(size, &token).unwrap_err();
        assert_eq!(fault.violations().iter().map(|v| v.field.as_str()).collect::<Vec<_>>(), wrong);
    }
    assert!(Page::from_request(0, "abc").is_err());
    assert!(Page::from_request(0, "abc~key").is_err());
}
