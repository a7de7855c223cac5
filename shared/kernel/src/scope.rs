//! Where a rule, a plan or a right holds: brand, region, store. What is not named is not limited.
//! `contains` is a partial order: reflexive, transitive, and everything is contained in [`Scope::ALL`].
use serde::{Deserialize, Serialize};

/// A part of the chain, from the whole of it down to one store of one brand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
}

impl Scope {
    /// The whole chain.
    pub const ALL: Scope = Scope { brand: None, region: None, store: None };

    /// True when everything in `other` lies in `self`.
    pub fn contains(&self, other: &Scope) -> bool {
        let holds = |limit: &Option<String>, value: &Option<String>| limit.is_none() || limit == value;
        holds(&self.brand, &other.brand) && holds(&self.region, &other.region) && holds(&self.store, &other.store)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn any_scope() -> impl Strategy<Value = Scope> {
        let word = || prop::option::of(prop::sample::select(vec!["a", "b"]).prop_map(str::to_owned));
        (word(), word(), word()).prop_map(|(brand, region, store)| Scope { brand, region, store })
    }

    proptest! {
        #[test]
        fn containment_is_a_partial_order(a in any_scope(), b in any_scope(), c in any_scope()) {
            prop_assert!(a.contains(&a));
            prop_assert!(Scope::ALL.contains(&a));
            prop_assert!(!(a.contains(&b) && b.contains(&c)) || a.contains(&c));
            prop_assert!(!(a.contains(&b) && b.contains(&a)) || a == b);
        }
    }

    #[test]
    fn a_store_lies_in_its_region_and_not_the_other_way_round() {
        let north = Scope { region: Some("north".into()), ..Scope::ALL };
        let shop = Scope { region: Some("north".into()), store: Some("s1".into()), ..Scope::ALL };
        assert!(north.contains(&shop));
        assert!(!shop.contains(&north));
        assert!(!Scope { region: Some("south".into()), ..Scope::ALL }.contains(&shop));
    }
}
