//! Links that show one case without a log-in: the case's id and an end, under a keyed mark that only we can make. A
//! link says nothing else, and nothing of it is stored.
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use uuid::Uuid;

use super::cipher::Master;

/// The token of a link to a case, good up to `until` (whole seconds).
pub fn token(master: &Master, case: Uuid, until: Timestamp) -> String {
    let link = [case.as_bytes().as_slice(), &until.as_second().to_be_bytes()].concat();
    BASE64_URL_SAFE_NO_PAD.encode([link.as_slice(), &master.mark(&link)].concat())
}

/// The case a token shows at `now`; `None` alike for whatever is not ours and whatever is over. The mark is looked at
/// first, and as a whole, so that the time it takes tells nothing of it.
pub fn shown(master: &Master, token: &str, now: Timestamp) -> Option<Uuid> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
    let (link, mark) = bytes.split_at_checked(24)?;
    if !master.made(link, mark) {
        return None;
    }
    let (case, until) = link.split_at_checked(16)?;
    let until = i64::from_be_bytes(until.try_into().ok()?);
    (now.as_second() <= until).then(|| Uuid::from_slice(case).ok()).flatten()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;
    use secrecy::SecretString;

    use super::*;

    fn master(digit: &str) -> Master {
        Master::parse(&SecretString::from(digit.repeat(64))).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn r_int_24_a_link_shows_its_case_until_its_end_to_whoever_has_it_and_to_nobody_else() {
        let (ours, case) = (master("a"), Uuid::from_u128(7));
        let token = token(&ours, case, at(1000));
        assert_eq!((shown(&ours, &token, at(0)), shown(&ours, &token, at(1000))), (Some(case), Some(case)));
        assert_eq!((shown(&ours, &token, at(1001)), shown(&master("b"), &token, at(0))), (None, None));
        assert!(token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'), "it can stand in a link");
        for other in ["", "x", "=", &token[1..], &format!("{token}A"), &token.to_lowercase(), "字"] {
            assert_eq!(shown(&ours, other, at(0)), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_link_that_was_touched_shows_nothing(place in 0usize..75, with in "[A-Za-z0-9_-]") {
            let ours = master("a");
            let token = token(&ours, Uuid::from_u128(7), at(1000));
            let mut touched = token.clone();
            touched.replace_range(place..=place, &with);
            prop_assert_eq!(shown(&ours, &touched, at(0)).is_some(), touched == token);
        }
    }
}
