//! Every state of a major issue with everything that can be asked of it, and who may approve what.
#![expect(clippy::unwrap_used, reason = "tests")]

use jiff::Timestamp;
use uuid::Uuid;

use super::major_issue::{Command, MajorIssue, Rejection, What};

fn what(batch: &str) -> What {
    What { batch: Some(batch.into()), ..What::default() }
}

fn propose() -> Command {
    Command::Propose {
        issue_id: Uuid::from_u128(1),
        reason: "it burns".into(),
        what: what("L7"),
        by: "staff:ana".into(),
    }
}

fn extend(batch: &str, by: &str) -> Command {
    Command::Extend { what: what(batch), by: by.into() }
}

fn approve(by: &str) -> Command {
    Command::Approve { by: by.into() }
}

fn reject() -> Command {
    Command::Reject { reason: "two cases of two batches".into() }
}

fn mitigate() -> Command {
    Command::Mitigate { measure: "L7 is called back from all stores".into(), by: "staff:ana".into() }
}

fn run(issue: &mut MajorIssue, command: Command) -> Result<bool, &'static str> {
    let events = issue.decide(command, Timestamp::UNIX_EPOCH).map_err(Rejection::code)?;
    events.iter().for_each(|event| issue.apply(event));
    Ok(!events.is_empty())
}

fn after(commands: &[Command]) -> MajorIssue {
    let mut issue = MajorIssue::default();
    commands.iter().for_each(|command| assert_eq!(run(&mut issue, command.clone()), Ok(true), "{command:?}"));
    issue
}

#[test]
fn every_pair_of_state_and_command() {
    let approved = || approve("staff:ben");
    let close = |waiting| Command::Close { waiting };
    let resume = || Command::Resume { reason: "it is sold again".into() };
    let states = [
        MajorIssue::default(),
        after(&[propose()]),
        after(&[propose(), approved()]),
        after(&[propose(), approved(), Command::Activate]),
        after(&[propose(), approved(), Command::Activate, mitigate()]),
        after(&[propose(), approved(), Command::Activate, mitigate(), close(0)]),
        after(&[propose(), reject()]),
    ];
    let commands = [
        ("propose", propose()),
        ("extend", extend("L8", "staff:ana")),
        ("extend by what is known", extend("L7", "staff:ana")),
        ("approve", approved()),
        ("approve one's own", approve("staff:ana")),
        ("reject", reject()),
        ("activate", Command::Activate),
        ("mitigate", mitigate()),
        ("resume", resume()),
        ("close", close(0)),
        ("close too early", close(3)),
    ];
    let expected = |from: &str, command: &str| match (from, command) {
        ("absent", "propose") => Ok(("candidate", true)),
        (_, "propose") => Ok(("same", false)),
        ("absent", _) => Err("major_issue.not_found"),
        ("closed" | "rejected", _) => Err("major_issue.not_now"),
        (_, "extend") => Ok(("same", true)),
        (_, "extend by what is known") => Ok(("same", false)),
        ("candidate", "approve") => Ok(("approved", true)),
        ("candidate", "approve one's own") => Err("major_issue.own_proposal"),
        (_, "approve" | "approve one's own") => Err("major_issue.nothing_proposed"),
        ("candidate", "reject") => Ok(("rejected", true)),
        ("approved", "activate") => Ok(("active", true)),
        ("active", "activate") => Ok(("same", false)),
        ("active", "mitigate") => Ok(("mitigated", true)),
        ("active", "close" | "close too early") => Err("major_issue.not_mitigated"),
        ("mitigated", "resume") => Ok(("active", true)),
        ("mitigated", "close") => Ok(("closed", true)),
        ("mitigated", "close too early") => Err("major_issue.unaccounted"),
        (_, _) => Err("major_issue.not_now"),
    };
    let mut drawn = Vec::new();
    for issue in &states {
        for (name, command) in &commands {
            let (mut next, from) = (issue.clone(), issue.state.name());
            let outcome = run(&mut next, command.clone());
            let expected = expected(from, name);
            let to = expected.map(|(to, happened)| (if to == "same" { from } else { to }, happened));
            assert_eq!(outcome.map(|happened| (next.state.name(), happened)), to, "{from} + {name}");
            if let Ok((to, true)) = to {
                let from = if from == "absent" { "[*]" } else { from };
                drawn.push((from.to_owned(), (*name).to_owned(), to.to_owned()));
            }
        }
    }
    drawn.sort();
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    testkit::docs::section(readme, "state-diagram-major-issue", &testkit::docs::diagram(&drawn));
}

#[test]
fn nobody_approves_what_they_proposed_and_nobody_is_concerned_before_that() {
    let mut issue = after(&[propose(), approve("staff:ben")]);
    assert_eq!(issue.concerned().count(), 0, "it does not run yet");
    run(&mut issue, Command::Activate).unwrap();
    assert_eq!(issue.concerned().collect::<Vec<_>>(), [&what("L7")]);
    run(&mut issue, extend("L8", "staff:ben")).unwrap();
    assert_eq!(issue.concerned().count(), 1, "the extension is only proposed");
    assert_eq!(run(&mut issue, approve("staff:ben")), Err("major_issue.own_proposal"));
    assert_eq!(run(&mut issue, approve("staff:ana")), Ok(true));
    assert_eq!(issue.concerned().collect::<Vec<_>>(), [&what("L7"), &what("L8")]);
    let approved: Vec<_> = issue.scopes.iter().map(|scope| scope.approved.as_ref().unwrap().by.as_str()).collect();
    assert_eq!(approved, ["staff:ben", "staff:ana"]);
    let stored = serde_json::to_value(&issue).unwrap();
    assert_eq!(serde_json::from_value::<MajorIssue>(stored).unwrap(), issue);
}

#[test]
fn more_customers_than_was_thought_end_a_mitigation_and_who_is_found_meanwhile_is_told() {
    let mut issue = after(&[propose(), approve("staff:ben"), Command::Activate, mitigate()]);
    assert_eq!(issue.concerned().collect::<Vec<_>>(), [&what("L7")], "who is found late is told all the same");
    run(&mut issue, extend("L8", "staff:ana")).unwrap();
    assert_eq!(issue.state.name(), "mitigated", "nobody has approved that there are more");
    run(&mut issue, approve("staff:ben")).unwrap();
    assert_eq!((issue.state.name(), issue.concerned().count()), ("active", 2));
    assert_eq!(run(&mut issue, Command::Close { waiting: 0 }), Err("major_issue.not_mitigated"));
    run(&mut issue, mitigate()).unwrap();
    let done = issue.mitigation.clone().unwrap();
    assert_eq!((done.measure.as_str(), done.by.as_str()), ("L7 is called back from all stores", "staff:ana"));
    let stored = serde_json::to_value(&issue).unwrap();
    assert_eq!(serde_json::from_value::<MajorIssue>(stored).unwrap(), issue);
    run(&mut issue, Command::Close { waiting: 0 }).unwrap();
    assert_eq!(issue.mitigation, Some(done), "what was done stays on record");
}
