//! Every state of a version with every command, and what decides meanwhile.
#![expect(clippy::unwrap_used, reason = "tests")]
use kernel::returns::DEFAULT;

use super::*;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn policy(version: u32) -> Policy {
    Policy { version, ..backbone::config::document(None, DEFAULT).unwrap() }
}

fn name(version: u32) -> Name {
    Name::of(&policy(version))
}

fn propose(version: u32) -> Command {
    let what_if = WhatIf {
        decisions: 10,
        changed: 2,
        moved: vec![Moved { before: "eligible by a".into(), after: "review by b".into(), count: 2 }],
        played: None,
    };
    Command::Propose { policy: Box::new(policy(version)), what_if, by: "staff:ana".into() }
}

fn approve(by: &str, version: u32) -> Command {
    Command::Approve { name: name(version), by: by.into() }
}

fn withdraw(version: u32) -> Command {
    Command::Withdraw { name: name(version), by: "staff:ana".into() }
}

fn install(version: u32) -> Command {
    Command::Install(Box::new(policy(version)))
}

fn next(book: &PolicyBook, command: Command) -> Result<PolicyBook, &'static str> {
    let events = book.decide(command, NOW).map_err(Rejection::code)?;
    let mut next = book.clone();
    events.iter().for_each(|event| next.apply(event));
    Ok(next)
}

fn after(commands: &[Command]) -> PolicyBook {
    commands.iter().fold(PolicyBook::default(), |book, command| next(&book, command.clone()).unwrap())
}

/// Each version with its status, in their order.
fn shown(book: &PolicyBook) -> String {
    let mut all: Vec<String> =
        book.versions.iter().map(|one| format!("{} {}", one.policy.version, book.status(one))).collect();
    all.sort();
    all.join(", ")
}

#[test]
fn r_ful_02_every_command_to_a_version_in_every_state() {
    let states = [
        ("", after(&[])),
        ("2 in_force", after(&[install(2)])),
        ("2 in_force, 3 proposed", after(&[install(2), propose(3)])),
        ("2 replaced, 3 in_force", after(&[install(2), propose(3), approve("staff:bo", 3)])),
        ("2 in_force, 3 withdrawn", after(&[install(2), propose(3), withdraw(3)])),
    ];
    let mut other = policy(3);
    other.rules.pop();
    let Command::Propose { what_if, by, .. } = propose(3) else { unreachable!() };
    let commands = [
        install(2),
        install(9),
        propose(3),
        Command::Propose { policy: Box::new(other), what_if, by },
        approve("staff:bo", 3),
        approve(" Staff:ANA", 3),
        withdraw(3),
        approve("staff:bo", 2),
        withdraw(2),
    ];
    const SAME: &str = "-";
    const NONE: &str = "policy.unknown";
    const OWN: &str = "policy.own_proposal";
    const NOT: &str = "policy.not_now";
    const OTHER: &str = "policy.known_otherwise";
    const WAITS: &str = "2 in_force, 3 proposed";
    const DONE: &str = "2 replaced, 3 in_force";
    const BACK: &str = "2 in_force, 3 withdrawn";
    const ANEW: &str = "2 in_force, 3 proposed, 3 withdrawn";
    #[rustfmt::skip]
    let table = [
        //                          install       install 9     propose       otherwise     approve own  withdraw approve 2 withdraw 2
        ("",                        ["2 in_force", "9 in_force", "3 proposed", "3 proposed", NONE, NONE, NONE,    NONE,     NONE]),
        ("2 in_force",              [SAME,         SAME,         WAITS,        WAITS,        NONE, NONE, NONE,    NOT,      NOT]),
        ("2 in_force, 3 proposed",  [SAME,         SAME,         SAME,         OTHER,        DONE, OWN,  BACK,    NOT,      NOT]),
        ("2 replaced, 3 in_force",  [SAME,         SAME,         NOT,          OTHER,        SAME, NOT,  NOT,     NOT,      NOT]),
        ("2 in_force, 3 withdrawn", [SAME,         SAME,         ANEW,         OTHER,        NOT,  NOT,  SAME,    NOT,      NOT]),
    ];
    for ((name, state), (row, cells)) in states.iter().zip(table) {
        assert_eq!((*name, shown(state).as_str()), (row, row));
        let stored = serde_json::to_value(state).unwrap();
        assert_eq!(&serde_json::from_value::<PolicyBook>(stored).unwrap(), state, "{row} comes back from storage");
        for (command, cell) in commands.iter().zip(cells) {
            let outcome = match next(state, command.clone()) {
                Err(code) => code.to_owned(),
                Ok(next) if next == *state => SAME.to_owned(),
                Ok(next) => shown(&next),
            };
            assert_eq!(outcome, cell, "{row} + {command:?}");
        }
    }
}

#[test]
fn r_ful_02_that_a_version_was_withdrawn_stays_on_record_where_it_is_proposed_again() {
    let again = after(&[install(2), propose(3), withdraw(3), propose(3)]);
    assert_eq!(shown(&again), "2 in_force, 3 proposed, 3 withdrawn");
    let approved = next(&again, approve("staff:bo", 3)).unwrap();
    assert_eq!(shown(&approved), "2 replaced, 3 in_force, 3 withdrawn");
    assert_eq!(approved.deciding().map(|policy| policy.version), Some(3));
    assert_eq!(shown(&next(&again, withdraw(3)).unwrap()), "2 in_force, 3 withdrawn, 3 withdrawn");
}

#[test]
fn r_ful_02_a_version_decides_from_its_approval_on_and_never_before() {
    let decides = |book: &PolicyBook| book.deciding().map(|policy| policy.version);
    let mut book = PolicyBook::default();
    let steps = [
        (propose(9), None),
        (install(2), Some(2)),
        (approve("staff:bo", 9), Some(9)),
        (propose(10), Some(9)),
        (propose(11), Some(9)),
        (approve("staff:bo", 11), Some(11)),
        (approve("staff:bo", 10), Some(10)),
        (propose(12), Some(10)),
        (withdraw(12), Some(10)),
    ];
    for (command, expected) in steps {
        book = next(&book, command.clone()).unwrap();
        assert_eq!(decides(&book), expected, "{command:?}");
    }
    let kept = book.versions.iter().find(|one| one.policy.version == 10).unwrap();
    let said = |said: &Option<Said>| said.as_ref().map(|said| said.by.clone()).unwrap();
    assert_eq!((said(&kept.proposed), said(&kept.approved)), ("staff:ana".into(), "staff:bo".into()));
    assert_eq!(kept.what_if.as_ref().unwrap().changed, 2, "what the past would have been is kept with it");
}

#[test]
fn r_ful_02_the_past_is_counted_by_outcome_and_by_what_was_granted() {
    use kernel::{
        money::Money,
        returns::{Facts, Fee, Kind, Proof},
    };
    let cny = |minor| Money::new(minor, "CNY".parse().unwrap());
    let facts = |day, amount| Facts {
        kind: Kind::ReturnRefund,
        reason: "no_reason".into(),
        proof: Proof::Receipt,
        category: None,
        channel: None,
        segment: None,
        days_since_delivery: Some(day),
        days_since_purchase: None,
        opened: None,
        resaleable: Some(true),
        discomfort: None,
        amount,
        buyer: None,
    };
    let receipts: Vec<_> =
        (1..=10).map(|day| policy(2).decide(facts(day, (day != 1).then(|| cny(1_000)))).unwrap()).collect();
    let play = |policy: &Policy, cut_short| {
        let mut past = Past::under(policy);
        receipts.iter().for_each(|receipt| past.play(receipt, (1, 1)));
        past.told(NOW, cut_short)
    };
    let same = play(&policy(3), false);
    let all =
        Played { since: NOW, cut_short: false, granted_before: vec![cny(6_000)], granted_after: vec![cny(6_000)] };
    assert_eq!((same.decisions, same.changed, same.moved, same.played), (10, 0, vec![], Some(all.clone())));

    let longer = DEFAULT
        .replace("delivered.within = 7, resaleable", "delivered.within = 9, resaleable")
        .replace("delivered.after = 7 ", "delivered.after = 9 ");
    let mut longer: Policy = backbone::config::document(None, &longer).unwrap();
    let rule = longer.rules.iter_mut().find(|rule| rule.id == "no_reason_seven_days").unwrap();
    rule.then.fees = [("restocking".to_owned(), Fee::Percent(10)), ("label".to_owned(), Fee::Amount(cny(50)))].into();
    let found = play(&longer, true);
    assert_eq!((found.decisions, found.changed), (10, 9), "a fee is another outcome");
    let (same, late) = (&found.moved[0], &found.moved[1]);
    assert_eq!((same.count, late.count, late.before.as_str()), (7, 2, "ineligible by no_reason_too_late"));
    let mut part = Past::under(&longer);
    part.play(&receipts[1], (1, 3));
    part.play(&receipts[1], (0, 3));
    let played = part.told(NOW, false).played.unwrap();
    assert_eq!((played.granted_before, played.granted_after), (vec![cny(333)], vec![cny(283)]), "of its pieces alone");
    let less = Played { cut_short: true, granted_after: vec![cny(8 * 850)], ..all };
    assert_eq!(found.played, Some(less), "what has no known amount is not counted");
}
