//! Every state of a member with everything that can be said of it; and however an issue is extended and whatever
//! becomes of its messages, each customer is asked once and the counts add up.
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

use super::member::{Command, Event, Facts, Member, Rejection, State, id_of};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn ask(customer: u128) -> Command {
    let (issue_id, customer_id) = (Uuid::from_u128(1), Uuid::from_u128(customer));
    Command::Ask(Facts { issue_id, customer_id, bought: true, heard_of: false })
}

fn suppress() -> Command {
    Command::Suppress { reason: "a dealer".into(), by: "staff:ana".into() }
}

fn answer() -> Command {
    Command::Answer { by: "staff:ana".into() }
}

fn failed() -> Command {
    Command::Failed { code: "no_contact".into(), at: NOW }
}

fn run(member: &mut Member, command: Command) -> Result<Vec<Event>, &'static str> {
    let events = member.decide(command, NOW).map_err(Rejection::code)?;
    events.iter().for_each(|event| member.apply(event));
    Ok(events)
}

fn after(commands: &[Command]) -> Member {
    let mut member = Member::default();
    commands.iter().for_each(|command| assert_eq!(run(&mut member, command.clone()).map(|one| one.len()), Ok(1)));
    member
}

#[test]
fn every_pair_of_state_and_command() {
    let told = || Command::Told { at: NOW };
    let states = [
        Member::default(),
        after(&[ask(1)]),
        after(&[ask(1), told()]),
        after(&[ask(1), failed()]),
        after(&[ask(1), suppress()]),
        after(&[ask(1), answer()]),
    ];
    let commands =
        [("ask", ask(1)), ("told", told()), ("failed", failed()), ("suppress", suppress()), ("answer", answer())];
    let expected = |from: &'static str, command: &str| match (from, command) {
        ("absent", "ask") => Ok("asked"),
        (_, "ask") | ("absent", "told" | "failed") => Ok(from),
        ("absent", _) => Err("major_issue_member.not_found"),
        ("asked" | "failed" | "suppressed", "told") => Ok("told"),
        ("asked", "failed") => Ok("failed"),
        (_, "told" | "failed") => Ok(from),
        ("asked" | "failed" | "suppressed", "suppress") => Ok("suppressed"),
        (_, "suppress") => Err("major_issue_member.settled"),
        _ => Ok("answered"),
    };
    let mut drawn = Vec::new();
    for member in &states {
        for (name, command) in &commands {
            let (mut next, from) = (member.clone(), member.state.name());
            let outcome = run(&mut next, command.clone()).map(|_| next.state.name());
            assert_eq!(outcome, expected(from, name), "{from} + {name}");
            if next != *member {
                let from = if from == "absent" { "[*]" } else { from };
                drawn.push((from.to_owned(), (*name).to_owned(), next.state.name().to_owned()));
            }
        }
    }
    drawn.sort();
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    testkit::docs::section(readme, "state-diagram-member", &testkit::docs::diagram(&drawn));
}

proptest! {
    /// Scopes overlap, are looked through again and again and in any order; messages leave, fail, are told of twice;
    /// people suppress and record answers: each customer whom any scope concerns is a member once and asked once, and
    /// every member stands in exactly one count.
    #[test]
    fn whatever_happens_each_customer_is_asked_once_and_the_counts_add_up(
        steps in prop::collection::vec((0u8..6, prop::collection::btree_set(0u128..12, 1..6)), 0..30)
    ) {
        let issue = Uuid::from_u128(1);
        let mut members: BTreeMap<Uuid, Member> = BTreeMap::new();
        let (mut asked, mut concerned) = (Vec::new(), BTreeSet::new());
        for (step, customers) in steps {
            for customer in customers {
                let id = id_of(issue, Uuid::from_u128(customer));
                let command = match step {
                    0 | 1 => ask(customer),
                    2 => Command::Told { at: NOW },
                    3 => failed(),
                    4 => suppress(),
                    _ => answer(),
                };
                if step < 2 {
                    concerned.insert(customer);
                }
                let mut member = members.get(&id).cloned().unwrap_or_default();
                let events = run(&mut member, command).unwrap_or_default();
                asked.extend(events.iter().filter(|event| matches!(event, Event::Asked { .. })).map(|_| id));
                if member != Member::default() {
                    members.insert(id, member);
                }
            }
            let mut counts = BTreeMap::new();
            members.values().for_each(|member| *counts.entry(member.state.name()).or_insert(0usize) += 1);
            prop_assert!(counts.keys().all(|word| State::WORDS.contains(word)));
            prop_assert_eq!(counts.values().sum::<usize>(), concerned.len());
            prop_assert_eq!(asked.len(), concerned.len(), "one message each");
            prop_assert_eq!(asked.iter().collect::<BTreeSet<_>>().len(), asked.len());
        }
    }
}
