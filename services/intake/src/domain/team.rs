//! Whose turn it is: a team's people take cases one after the other, each who is skilled for the case, works for its store
//! and has room for one more.
use serde::Deserialize;

use super::case::Facts;

/// Somebody of a team.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// For example "staff:ana".
    pub who: String,
    /// How many running cases this person has at most.
    pub capacity: u32,
    /// Classes of cases, and "health" for the health lane; everything where none is named.
    #[serde(default)]
    pub skills: Vec<String>,
    /// All stores, and cases of none, where none is named.
    #[serde(default)]
    pub stores: Vec<String>,
    /// Takes no cases now.
    #[serde(default)]
    pub away: bool,
}

/// Whoever is skilled for the health lane.
pub const HEALTH: &str = "health";

impl Member {
    /// Whether this person takes such a case, having so many already.
    fn takes(&self, facts: &Facts, has: u32) -> bool {
        let skilled = |skill: &str| self.skills.is_empty() || self.skills.iter().any(|known| known == skill);
        let of_store = |store: &String| self.stores.contains(store);
        let lane = facts.lane.word();
        !self.away
            && has < self.capacity
            && skilled(facts.class.word())
            && (lane != HEALTH || skilled(HEALTH))
            && (self.stores.is_empty() || facts.store_id.as_ref().is_some_and(of_store))
    }
}

/// Who takes a case: of those who can, the first after `last`, who took the one before; `has` tells how many running cases
/// somebody has. None where nobody can.
pub fn next<'a>(
    team: &'a [Member],
    last: Option<&str>,
    facts: &Facts,
    has: impl Fn(&str) -> u32,
) -> Option<&'a Member> {
    let after = team.iter().position(|member| Some(member.who.as_str()) == last).map_or(0, |place| place + 1);
    team.iter().cycle().skip(after).take(team.len()).find(|member| member.takes(facts, has(&member.who)))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::domain::{case_tests::after, vocabulary::CaseClass};

    fn member(who: &str, skills: &[&str], stores: &[&str]) -> Member {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Member { who: who.into(), capacity: 2, skills: words(skills), stores: words(stores), away: false }
    }

    fn facts(class: CaseClass, store: Option<&str>) -> Facts {
        Facts { store_id: store.map(str::to_owned), ..after(class, &[]).facts.unwrap() }
    }

    #[test]
    fn people_take_turns_whoever_cannot_is_passed_over() {
        let team = [member("ana", &[], &[]), member("ben", &[], &[]), member("cy", &[], &[])];
        let enquiry = facts(CaseClass::Enquiry, None);
        let (mut last, mut took) = (None, Vec::new());
        for _ in 0..7 {
            let has = |who: &str| u32::try_from(took.iter().filter(|took| **took == who).count()).unwrap();
            let next = next(&team, last, &enquiry, has).map(|member| member.who.as_str());
            took.extend(next);
            last = next.or(last);
        }
        assert_eq!(took, ["ana", "ben", "cy", "ana", "ben", "cy"], "two each, and then nobody has room");
        let away = [Member { away: true, ..team[0].clone() }, team[1].clone()];
        assert_eq!(next(&away, Some("ben"), &enquiry, |_| 0).unwrap().who, "ben");
        assert_eq!(next(&team, Some("gone"), &enquiry, |_| 0).unwrap().who, "ana");
        assert!(next(&[], None, &enquiry, |_| 0).is_none());
    }

    #[test]
    fn a_case_goes_to_whoever_is_skilled_for_it_and_works_for_its_store() {
        let team = [
            member("ana", &["enquiry", "delivery"], &[]),
            member("ben", &["discomfort"], &[]),
            member("cy", &["discomfort", "health"], &["s-1"]),
        ];
        for (class, store, who) in [
            (CaseClass::Enquiry, None, Some("ana")),
            (CaseClass::Delivery, Some("s-2"), Some("ana")),
            (CaseClass::Discomfort, Some("s-1"), Some("cy")),
            (CaseClass::Discomfort, Some("s-2"), None),
            (CaseClass::Discomfort, None, None),
            (CaseClass::Repair, None, None),
        ] {
            let next = next(&team, None, &facts(class, store), |_| 0).map(|member| member.who.as_str());
            assert_eq!(next, who, "{class:?} {store:?}");
        }
    }
}
