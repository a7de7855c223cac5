//! Every state of a link with everything that can be asked of it; and whatever links come and go, one person is exactly
//! who is linked, one by the other.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use super::customer_link::{Command, CustomerLink, Evidence, Facts, MEMBERS_MAX, Pair, Rejection, State};

fn pair(one: u128, other: u128) -> Pair {
    Pair::of(Uuid::from_u128(one), Uuid::from_u128(other)).unwrap()
}

fn notice(sure: bool, members: usize) -> Command {
    let facts = Facts { pair: pair(1, 2), evidence: Evidence::SamePhone };
    Command::Notice { facts, by: "service:intake".into(), sure, members }
}

fn link(by: &str, lead: bool, members: usize) -> Command {
    Command::Link { pair: pair(1, 2), by: by.into(), reason: "she said so".into(), lead, members }
}

fn unlink() -> Command {
    Command::Unlink { by: "staff:ana".into(), reason: "mother and daughter".into() }
}

fn run(link: &mut CustomerLink, command: Command) -> Result<bool, &'static str> {
    let events = link.decide(command, Timestamp::UNIX_EPOCH).map_err(Rejection::code)?;
    events.iter().for_each(|event| link.apply(event));
    Ok(!events.is_empty())
}

fn after(commands: &[Command]) -> CustomerLink {
    let mut link = CustomerLink::default();
    commands.iter().for_each(|command| assert_eq!(run(&mut link, command.clone()), Ok(true), "{command:?}"));
    link
}

#[test]
fn every_pair_of_state_and_command() {
    let most = MEMBERS_MAX;
    let by_ana = || link("staff:ana", false, 2);
    let states = [
        CustomerLink::default(),
        after(&[by_ana()]),
        after(&[notice(false, 2)]),
        after(&[by_ana(), link("staff:ben", false, 2)]),
        after(&[by_ana(), unlink()]),
        after(&[notice(true, 2), unlink()]),
    ];
    let commands = [
        ("notice", notice(false, 2)),
        ("notice what is enough", notice(true, most)),
        ("notice one too many", notice(true, most + 1)),
        ("link", by_ana()),
        ("link by another", link("staff:ben", false, most)),
        ("link by a lead", link("staff:ana", true, 2)),
        ("link one too many", link("staff:ben", true, most + 1)),
        ("unlink", unlink()),
    ];
    let ours = |link: &CustomerLink| link.facts.is_some_and(|facts| facts.evidence != Evidence::Stated);
    let expected = |from: &CustomerLink, command: &str| match (from.state.name(), command) {
        ("absent", "notice" | "notice one too many" | "link" | "link by another") => Ok("proposed"),
        ("absent" | "proposed", "notice what is enough") => Ok("linked"),
        (same, "notice" | "notice what is enough" | "notice one too many") => Ok(same),
        ("linked", "unlink") | ("proposed", "unlink") => Ok("apart"),
        (_, "unlink") => Err("customer_link.not_linked"),
        ("linked", _) => Err("customer_link.already_linked"),
        (_, "link one too many") => Err("customer_link.too_many"),
        ("proposed", "link") if !ours(from) => Err("customer_link.own_proposal"),
        ("apart", "link" | "link by another") => Ok("proposed"),
        _ => Ok("linked"),
    };
    let mut drawn = BTreeSet::new();
    for from in &states {
        for (name, command) in &commands {
            let mut next = from.clone();
            let outcome = run(&mut next, command.clone()).map(|_| next.state.name());
            assert_eq!(outcome, expected(from, name), "{from:?} + {name}");
            if next != *from {
                let begins = if *from == CustomerLink::default() { "[*]" } else { from.state.name() };
                drawn.insert((begins.to_owned(), (*name).to_owned(), next.state.name().to_owned()));
            }
            let stored = serde_json::to_value(&next).unwrap();
            assert_eq!(serde_json::from_value::<CustomerLink>(stored).unwrap(), next);
        }
    }
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let drawn: Vec<_> = drawn.into_iter().collect();
    testkit::docs::section(readme, "state-diagram-customer-link", &testkit::docs::diagram(&drawn));
}

#[test]
fn a_pair_is_one_whoever_is_named_first_and_nobody_is_two() {
    assert_eq!(pair(2, 1).link_id(), pair(1, 2).link_id());
    assert_ne!(pair(1, 3).link_id(), pair(1, 2).link_id());
    assert_eq!(Pair::of(Uuid::nil(), Uuid::nil()), None);
}

#[test]
fn what_a_person_confirms_keeps_what_spoke_for_it_and_says_who() {
    let linked = after(&[notice(false, 2), link("staff:ana", false, 2)]);
    assert_eq!(linked.facts.map(|facts| facts.evidence), Some(Evidence::SamePhone));
    let step = linked.state.step().unwrap();
    assert_eq!((step.by.as_str(), step.reason.as_deref()), ("staff:ana", Some("she said so")));
    let again = after(&[notice(true, 2), unlink(), link("staff:ana", true, 2)]);
    assert_eq!(again.facts.map(|facts| facts.evidence), Some(Evidence::Stated), "the phone alone was not enough");
}

proptest! {
    /// However links are made and taken back, each by itself, those that stand are exactly those made last and not
    /// taken back: no link undoes or brings back another.
    #[test]
    fn a_link_is_taken_back_exactly(steps in prop::collection::vec((any::<bool>(), 1u128..6, 1u128..6), 0..40)) {
        let mut links: BTreeMap<Pair, CustomerLink> = BTreeMap::new();
        let mut standing = BTreeSet::new();
        for (make, one, other) in steps {
            let Some(pair) = Pair::of(Uuid::from_u128(one), Uuid::from_u128(other)) else { continue };
            let link = links.entry(pair).or_default();
            let (by, reason) = ("staff:lead".to_owned(), "x".to_owned());
            let command = if make {
                Command::Link { pair, by, reason, lead: true, members: 2 }
            } else {
                Command::Unlink { by, reason }
            };
            prop_assert_eq!(run(link, command).is_ok(), make != standing.contains(&pair));
            if make { standing.insert(pair) } else { standing.remove(&pair) };
        }
        let found = links.into_iter().filter(|(_, link)| matches!(link.state, State::Linked(_))).map(|(pair, _)| pair);
        prop_assert_eq!(found.collect::<BTreeSet<_>>(), standing);
    }
}
