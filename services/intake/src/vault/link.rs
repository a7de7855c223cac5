//! Links that show one case without a log-in: the case's id, how often its links had been revoked, and an end, under a keyed
//! mark that only we can make. A link says nothing else, and nothing of it is stored.
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use uuid::Uuid;

use super::cipher::Master;

/// A link of ours, whether or not it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    pub case: Uuid,
    /// How often the links of the case had been revoked when it was given.
    pub revoked: u32,
    /// It is good up to then (whole seconds).
    pub until: Timestamp,
}

/// The token of a link.
pub fn token(master: &Master, link: &Link) -> String {
    let until = u32::try_from(link.until.as_second()).unwrap_or(u32::MAX);
    let link = [link.case.as_bytes().as_slice(), &link.revoked.to_be_bytes(), &until.to_be_bytes()].concat();
    BASE64_URL_SAFE_NO_PAD.encode([link.as_slice(), &master.mark(&link)].concat())
}

/// The link a token is of; `None` alike for whatever is not ours. The mark is looked at first, and as a whole, so that the time
/// it takes tells nothing of it.
pub fn read(master: &Master, token: &str) -> Option<Link> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
    let (link, mark) = bytes.split_at_checked(24)?;
    if !master.made(link, mark) {
        return None;
    }
    let (case, rest) = link.split_at_checked(16)?;
    // An older link has its end alone here, in twice the room: it is of a case whose links nobody had revoked.
    let (revoked, until) = rest.split_first_chunk::<4>()?;
    let until = Timestamp::from_second(u32::from_be_bytes(until.try_into().ok()?).into()).ok()?;
    Some(Link { case: Uuid::from_slice(case).ok()?, revoked: u32::from_be_bytes(*revoked), until })
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

    fn link(revoked: u32) -> Link {
        Link { case: Uuid::from_u128(7), revoked, until: at(1_788_000_000) }
    }

    #[test]
    fn r_int_24_a_link_is_what_it_was_given_as_to_whoever_has_it_and_nothing_to_anybody_else() {
        let ours = master("a");
        let token = token(&ours, &link(3));
        assert_eq!((read(&ours, &token), read(&master("b"), &token)), (Some(link(3)), None));
        // One of before links could be revoked.
        let older = [link(0).case.as_bytes().as_slice(), &1_788_000_000_i64.to_be_bytes()].concat();
        let older = BASE64_URL_SAFE_NO_PAD.encode([older.as_slice(), &ours.mark(&older)].concat());
        assert_eq!(read(&ours, &older), Some(link(0)));
        assert!(token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'), "it can stand in a link");
        for other in ["", "x", "=", &token[1..], &format!("{token}A"), &token.to_lowercase(), "字"] {
            assert_eq!(read(&ours, other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_link_that_was_touched_shows_nothing(place in 0usize..75, with in "[A-Za-z0-9_-]") {
            let ours = master("a");
            let token = token(&ours, &link(0));
            let mut touched = token.clone();
            touched.replace_range(place..=place, &with);
            prop_assert_eq!(read(&ours, &touched).is_some(), touched == token);
        }
    }
}
