//! Ids that are the same for the same input, so that what is said twice is recorded once.
//! Invariant: two different lists of parts never give the same name to hash (every part carries its length).
use sha1::{Digest, Sha1};
use uuid::{Builder, Uuid};

/// The name space of all derived ids. Never changes: ids already given out rest on it.
const ROOT: Uuid = Uuid::from_u128(0x6f1c_1f0e_52a7_4d0b_9a53_0f6b_7c1e_2d84);

/// The id (UUIDv5) that stands for `parts` within `namespace`, for example
/// `derived("purchase", &["shop", "A-1001"])`. The same input always gives the same id.
pub fn derived(namespace: &str, parts: &[&str]) -> Uuid {
    let length = |part: &str| (part.len() as u64).to_be_bytes();
    let mut name = Vec::with_capacity(128);
    for part in std::iter::once(&namespace).chain(parts) {
        name.extend(length(part));
        name.extend(part.as_bytes());
    }
    // As Uuid::new_v5 does, by a hash that uses what the processor has for it: ids are derived with every contact.
    let hash: [u8; 20] = Sha1::new().chain_update(ROOT).chain_update(&name).finalize().into();
    let mut first = [0; 16];
    first.copy_from_slice(&hash[..16]);
    Builder::from_sha1_bytes(first).into_uuid()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_id_once_given_out_stays() {
        let id = derived("purchase", &["shop", "A-1001"]);
        assert_eq!(id.get_version_num(), 5);
        assert_eq!(id.to_string(), "c84c4a55-d7d4-55fb-b435-c9b719ab27ea");
    }

    #[test]
    fn moving_a_border_gives_another_id() {
        let all = [
            derived("case", &["ab", "c"]),
            derived("case", &["a", "bc"]),
            derived("case", &["abc"]),
            derived("case", &["abc", ""]),
            derived("casea", &["b", "c"]),
            derived("case", &[]),
        ];
        for (i, left) in all.iter().enumerate() {
            assert!(all.iter().skip(i + 1).all(|right| left != right));
        }
    }

    fn any_parts() -> impl Strategy<Value = Vec<String>> {
        prop::collection::vec("[ab]{0,2}", 0..4)
    }

    proptest! {
        #[test]
        fn same_parts_same_id_other_parts_another(a in any_parts(), b in any_parts()) {
            let of = |parts: &[String]| derived("x", &parts.iter().map(String::as_str).collect::<Vec<_>>());
            prop_assert_eq!(of(&a) == of(&b), a == b);
        }
    }
}
