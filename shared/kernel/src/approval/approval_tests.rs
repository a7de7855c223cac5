//! Every state against every command, each refusing rule, and what no way can lead to.
#![expect(clippy::unwrap_used, reason = "tests")]
use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::money::Money;

const NOW: Timestamp = Timestamp::constant(1_770_000_000, 0);
const KINDS: [&str; 2] = ["refund", "guidance"];
const CLASSES: [&str; 2] = ["delivery", "repair"];

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

fn cny(minor: i64) -> Option<Money> {
    Some(Money::new(minor, "CNY".parse().unwrap()))
}

fn limits(minor: i64) -> Option<Limits> {
    Some(Limits::from([("CNY".parse().unwrap(), minor)]))
}

fn step(role: &str, quorum: usize) -> Step {
    Step { role: role.into(), quorum, within: hours(24) }
}

fn member(role: &str, who: &str, up_to: Option<Limits>) -> Member {
    Member { role: role.into(), who: who.into(), up_to, ..Member::default() }
}

/// bo and cy are managers (cy up to 100), ana is one too; eva and fay are heads; dan acts for bo until noon, gus for eva,
/// ian for ana, and hal for gus, who has nothing of his own.
fn powers() -> Powers {
    let members = vec![
        member("manager", "staff:bo", None),
        member("manager", "staff:cy", limits(100)),
        member("manager", "staff:ana", None),
        member("manager", "staff:eva", None),
        member("head", "staff:eva", None),
        member("head", "staff:fay", None),
    ];
    let delegation = |giver: &str, to: &str, until| Delegation {
        giver: giver.into(),
        to: to.into(),
        from: NOW - hours(1),
        until: NOW + hours(until),
        ..Delegation::default()
    };
    let given = vec![
        delegation("staff:bo", "staff:dan", 12),
        delegation("staff:eva", "staff:gus", 100),
        delegation("staff:ana", "staff:ian", 100),
        delegation("staff:cy", "staff:kim", 100),
    ];
    Powers::new(members, given).unwrap()
}

fn rules() -> Vec<Rule> {
    vec![
        Rule { up_to: limits(500), steps: vec![step("manager", 1)], ..Rule::default() },
        Rule { steps: vec![step("manager", 2), step("head", 1)], ..Rule::default() },
    ]
}

fn matrix_of(rules: Vec<Rule>) -> Result<Matrix, MatrixError> {
    Matrix::new(3, rules, step("head", 1), Reach { kinds: &KINDS, classes: &CLASSES }, &powers())
}

fn requested(minor: i64) -> Approval {
    let matter = Matter { kinds: vec!["refund".into()], class: "delivery".into(), amount: cny(minor) };
    matrix_of(rules()).unwrap().request("staff:ana".into(), matter, false, false, NOW)
}

fn approve(by: &str) -> Command {
    Command::Approve { by: format!("staff:{by}") }
}

fn told(approval: &Approval, command: Command, at: Timestamp) -> Result<Approval, Refusal> {
    let mut after = approval.clone();
    for event in approval.decide(command, &powers(), at)? {
        after.apply(&event);
    }
    Ok(after)
}

fn approved_by(approval: &Approval, people: &[&str]) -> Result<Approval, Refusal> {
    people.iter().try_fold(approval.clone(), |approval, by| told(&approval, approve(by), NOW))
}

#[test]
fn every_state_answers_every_command() {
    let by = |who: &str| format!("staff:{who}");
    let requested = requested(500);
    let to = |command| told(&requested, command, NOW).unwrap();
    let late = NOW + hours(24) + SignedDuration::from_nanos(1);
    let samples = [
        requested.clone(),
        to(approve("bo")),
        to(Command::Return { by: by("bo") }),
        to(Command::Reject { by: by("bo") }),
        told(&requested, Command::Due, late).unwrap(),
        to(Command::Withdraw { by: by("ana") }),
    ];
    let mut states: Vec<_> = samples.iter().map(|sample| sample.state.name()).collect();
    assert_eq!(states, ["requested", "approved", "returned", "rejected", "expired", "withdrawn"]);
    states.remove(0);
    let table: [(Command, Timestamp, &str); 11] = [
        (approve("bo"), NOW, "approved"),
        (approve("ana"), NOW, "approval.own_work"),
        (approve("bo"), NOW + hours(24), "approved"),
        (approve("bo"), late, "approval.term_over"),
        (Command::Return { by: by("bo") }, NOW, "returned"),
        (Command::Return { by: by("zed") }, NOW, "approval.no_role"),
        (Command::Reject { by: by("bo") }, NOW, "rejected"),
        (Command::Reject { by: by("ana") }, NOW, "approval.own_work"),
        (Command::Withdraw { by: " Staff:ANA ".into() }, late, "withdrawn"),
        (Command::Withdraw { by: by("bo") }, NOW, "approval.not_author"),
        (Command::Due, NOW + hours(24), "requested"),
    ];
    let outcome = |sample: &Approval, command: &Command, at| match told(sample, command.clone(), at) {
        Ok(after) => after.state.name(),
        Err(refusal) => refusal.code(),
    };
    for (command, at, expected) in &table {
        assert_eq!(outcome(&requested, command, *at), *expected, "{command:?}");
    }
    assert_eq!(outcome(&requested, &Command::Due, late), "expired");
    for (sample, state) in samples[1..].iter().zip(states) {
        for (command, at, _) in &table {
            let expected = if matches!(command, Command::Due) { state } else { "approval.not_now" };
            assert_eq!(outcome(sample, command, *at), expected, "{state} told {command:?}");
        }
        assert_eq!(outcome(sample, &Command::Due, late), state, "what ended does not expire");
    }
}

#[test]
fn r_cmp_07_author_cannot_approve_in_any_spelling_nor_can_who_acts_for_the_author() {
    for by in ["staff:ana", "Staff:Ana", "  STAFF:ANA\t"] {
        assert!(!independent("staff:ana", by));
        assert_eq!(told(&requested(1), Command::Approve { by: by.into() }, NOW), Err(Refusal::Own));
    }
    assert!(independent("staff:ana", "staff:ben"));
    assert_eq!(told(&requested(1), approve("ian"), NOW), Err(Refusal::Own), "ian acts for the author");
}

#[test]
fn r_rol_14_role_and_limit_are_needed() {
    assert_eq!(told(&requested(1), approve("fay"), NOW), Err(Refusal::NoRole("manager".into())));
    assert_eq!(told(&requested(100), approve("cy"), NOW).unwrap().state, State::Approved);
    assert_eq!(told(&requested(101), approve("cy"), NOW), Err(Refusal::OverLimit));
    assert_eq!(told(&requested(101), approve("kim"), NOW), Err(Refusal::OverLimit), "kim acts for cy");
}

#[test]
fn r_rol_14_a_right_can_be_for_kinds_and_classes_alone() {
    let words = |words: &[&str]| -> Vec<String> { words.iter().map(|word| (*word).to_owned()).collect() };
    let limited = |who: &str, kinds: &[&str], classes: &[&str]| Member {
        kinds: words(kinds),
        classes: words(classes),
        ..member("manager", who, None)
    };
    let given = |to: &str, kinds: &[&str], classes: &[&str]| Delegation {
        giver: "staff:bo".into(),
        to: to.into(),
        from: NOW,
        until: NOW + hours(1),
        kinds: words(kinds),
        classes: words(classes),
    };
    let members = vec![
        member("manager", "staff:bo", None),
        limited("staff:cy", &["refund"], &[]),
        limited("staff:fay", &[], &["repair"]),
    ];
    let delegations = vec![given("staff:dan", &["guidance"], &[]), given("staff:gus", &[], &["delivery"])];
    let powers = Powers::new(members.clone(), delegations).unwrap();
    let told = |kinds: &[&str], class: &str, who: &str| {
        let matter = Matter { kinds: words(kinds), class: class.into(), amount: None };
        let approval = matrix_of(rules()).unwrap().request("staff:ana".into(), matter, false, false, NOW);
        approval.decide(approve(who), &powers, NOW).map(|events| events.len())
    };
    for (kinds, class, allowed) in [
        (&["refund"][..], "delivery", &["bo", "cy", "gus"][..]),
        (&["guidance"][..], "delivery", &["bo", "dan", "gus"][..]),
        (&["refund", "guidance"][..], "repair", &["bo", "fay"][..]),
        (&["refund"][..], "repair", &["bo", "cy", "fay"][..]),
    ] {
        for who in ["bo", "cy", "fay", "dan", "gus"] {
            let expected = if allowed.contains(&who) { Ok(1) } else { Err(Refusal::OverLimit) };
            assert_eq!(told(kinds, class, who), expected, "{who}: {kinds:?} about {class}");
        }
    }
    // A limit that names nothing there is, and a rule that too few may complete whatever it fits, are refused by place.
    let matrix = |members: Vec<Member>, delegations: Vec<Delegation>, rules: Vec<Rule>| {
        let powers = Powers::new(members, delegations).unwrap();
        let reach = Reach { kinds: &KINDS, classes: &CLASSES };
        Matrix::new(1, rules, step("manager", 1), reach, &powers).map_err(|error| (error.place, error.flaw))
    };
    let by =
        |quorum, kinds: &[&str]| Rule { kinds: words(kinds), steps: vec![step("manager", quorum)], ..Rule::default() };
    let gold = Err(("member 2".to_owned(), Flaw::Unknown("gold".into())));
    let unlimited = || member("manager", "staff:bo", None);
    assert_eq!(matrix(vec![unlimited(), limited("staff:cy", &["gold"], &[])], vec![], vec![by(1, &[])]), gold);
    let gold = Err(("delegation 1".to_owned(), Flaw::Unknown("gold".into())));
    assert_eq!(matrix(vec![unlimited()], vec![given("staff:dan", &[], &["gold"])], vec![by(1, &[])]), gold);
    let two = vec![unlimited(), limited("staff:cy", &["refund"], &[]), limited("staff:eva", &["refund"], &[])];
    let few = Flaw::TooFew { role: "manager".into(), members: 1, quorum: 2 };
    assert_eq!(
        matrix(two.clone(), vec![], vec![by(1, &[])]),
        Err(("rule 1 with the further step".to_owned(), few.clone()))
    );
    let rest = || by(1, &[]);
    let refused = matrix(two, vec![], vec![by(2, &["refund"]), rest()]);
    assert_eq!(refused, Err(("rule 2 with the further step".to_owned(), few)), "for refunds three can");
    let stored: Member = toml::from_str("role = \"manager\"\nwho = \"staff:bo\"").unwrap();
    assert_eq!(stored, unlimited(), "who names no kinds has all");
}

#[test]
fn a_delegation_holds_from_its_beginning_until_before_its_end_and_is_not_passed_on() {
    let by_delegation = told(&requested(1), approve("dan"), NOW).unwrap();
    assert_eq!(by_delegation.given[0].acting_for.as_deref(), Some("staff:bo"));
    assert!(told(&requested(1), approve("dan"), NOW - hours(1)).is_ok());
    let expired = Refusal::DelegationExpired { from: NOW - hours(1), until: NOW + hours(12) };
    for at in [NOW - hours(1) - SignedDuration::from_nanos(1), NOW + hours(12)] {
        assert_eq!(told(&requested(1), approve("dan"), at), Err(expired.clone()));
    }
    let of = |giver: &str, to: &str, hours_long| {
        let (from, until) = (NOW, NOW + hours(hours_long));
        Powers::new(
            vec![member("m", "a", None)],
            vec![Delegation { giver: giver.into(), to: to.into(), from, until, ..Delegation::default() }],
        )
    };
    assert!(of("a", "b", 1).is_ok());
    assert_eq!(of("b", "c", 1), Err(PowersError::NothingToGive(1)));
    assert_eq!(of("a", " A", 1), Err(PowersError::ToHimself(1)));
    assert_eq!(of("a", "b", 0), Err(PowersError::NoTime(1)));
    assert_eq!(Powers::new(vec![member("m", " ", None)], vec![]), Err(PowersError::Nobody(1)));
}

#[test]
fn nobody_counts_twice_neither_in_person_nor_through_another() {
    let begun = approved_by(&requested(501), &["bo"]).unwrap();
    assert_eq!(begun.state, State::Requested);
    assert_eq!(told(&begun, approve("bo"), NOW), Err(Refusal::AlreadyApproved));
    assert_eq!(told(&begun, approve("dan"), NOW), Err(Refusal::AlreadyApproved), "dan acts for bo");
    let through = approved_by(&requested(501), &["dan"]).unwrap();
    assert_eq!(told(&through, approve("bo"), NOW), Err(Refusal::AlreadyApproved));
    // eva is a manager and a head: she completes one step, and somebody else the other.
    let second = approved_by(&requested(501), &["bo", "eva"]).unwrap();
    assert_eq!((second.step(), told(&second, approve("eva"), NOW)), (1, Err(Refusal::AlreadyApproved)));
    assert_eq!(told(&second, approve("gus"), NOW), Err(Refusal::AlreadyApproved));
    assert_eq!(told(&second, approve("fay"), NOW).unwrap().state, State::Approved);
}

#[test]
fn each_step_has_its_own_term() {
    let mut approval = requested(501);
    approval = told(&approval, approve("bo"), NOW + hours(10)).unwrap();
    assert_eq!(approval.due, NOW + hours(24), "the step is not complete");
    approval = told(&approval, approve("eva"), NOW + hours(20)).unwrap();
    assert_eq!(approval.due, NOW + hours(44));
    assert_eq!(told(&approval, Command::Due, NOW + hours(45)).unwrap().state, State::Expired);
}

#[test]
fn what_leaves_the_ordinary_takes_a_further_step() {
    let matrix = matrix_of(rules()).unwrap();
    let steps = |minor, exception, second| {
        let matter = Matter { kinds: vec!["guidance".into()], class: "repair".into(), amount: cny(minor) };
        let approval = matrix.request("staff:ana".into(), matter, exception, second, NOW);
        approval.steps.iter().map(|step| step.role.clone()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(steps(500, false, false), "manager");
    assert_eq!(steps(501, false, false), "manager head");
    assert_eq!([steps(500, true, false), steps(500, true, true), steps(500, false, true)], ["manager head"; 3]);
    assert_eq!(steps(501, false, true), "manager head", "more than one person is asked anyway");
    assert_eq!(steps(501, true, false), "manager head head");
}

#[test]
fn a_matrix_that_cannot_be_followed_is_refused_by_its_place() {
    let refused = |change: &dyn Fn(&mut Vec<Rule>)| {
        let mut changed = rules();
        change(&mut changed);
        let error = matrix_of(changed).unwrap_err();
        (error.place, error.flaw)
    };
    let at = |place: &str, flaw| (place.to_owned(), flaw);
    assert_eq!(refused(&|r| drop(r.pop())), at("class delivery", Flaw::Hole));
    assert_eq!(refused(&|r| r[1].classes = vec!["delivery".into()]), at("class repair", Flaw::Hole));
    assert_eq!(refused(&|r| r[1].kinds = vec!["refund".into()]), at("class delivery", Flaw::Hole));
    assert_eq!(refused(&|r| r.clear()), at("class delivery", Flaw::Hole));
    assert_eq!(refused(&|r| r[1].steps[1].role = " ".into()), at("rule 2, step 2", Flaw::NoRole));
    assert_eq!(refused(&|r| r[0].steps[0].quorum = 0), at("rule 1, step 1", Flaw::NoQuorum));
    assert_eq!(refused(&|r| r[0].steps[0].within = hours(0)), at("rule 1, step 1", Flaw::NoTerm));
    assert_eq!(refused(&|r| r[0].steps.clear()), at("rule 1", Flaw::NoSteps));
    assert_eq!(refused(&|r| r[0].up_to = limits(-1)), at("rule 1", Flaw::Limit));
    assert_eq!(refused(&|r| r[0].up_to = Some(Limits::new())), at("rule 1", Flaw::Limit));
    assert_eq!(refused(&|r| r[1].kinds = vec!["gold".into()]), at("rule 2", Flaw::Unknown("gold".into())));
    let few = |quorum, members, role: &str| Flaw::TooFew { role: role.into(), members, quorum };
    assert_eq!(refused(&|r| r[1].steps[1].quorum = 3), at("rule 2", few(3, 2, "head")));
    assert_eq!(refused(&|r| r[1].steps[1].role = "boss".into()), at("rule 2", few(1, 0, "boss")));
    assert_eq!(refused(&|r| r[1].steps[1].role = " head".into()), at("rule 2, step 2", Flaw::NoRole));
    // The further step asks for one more head, and there are two.
    let with_further = "rule 2 with the further step";
    assert_eq!(refused(&|r| r[1].steps[1].quorum = 2), at(with_further, few(3, 2, "head")));
    // eva is manager and head, and cannot be both; cy may not approve whatever comes.
    assert_eq!(refused(&|r| r[1].steps[0].quorum = 3), at(with_further, few(5, 4, "head or manager")));
    assert_eq!(refused(&|r| r[1].steps[0].quorum = 4), at("rule 2", few(4, 3, "manager")));
    whose_own_limit_covers_the_rule_counts();
    let reach = Reach { kinds: &KINDS, classes: &CLASSES };
    let place = |version, further| Matrix::new(version, rules(), further, reach, &powers()).unwrap_err().place;
    assert_eq!(place(0, step("head", 1)), "the head");
    assert_eq!(place(1, step("head", 0)), "the further step");
}

/// Within his own limit he counts.
fn whose_own_limit_covers_the_rule_counts() {
    let within = |minor| Rule { up_to: limits(minor), steps: vec![step("manager", 4)], ..Rule::default() };
    let matrix = |minor| matrix_of([vec![within(minor)], rules()].concat());
    assert!(matrix(100).is_ok() && matrix(101).is_err());
}

#[test]
fn an_amount_in_a_currency_without_limit_takes_the_longest_way() {
    let euro = Some(Money::new(1, "EUR".parse().unwrap()));
    let matter = Matter { kinds: vec!["refund".into()], class: "delivery".into(), amount: euro };
    let approval = matrix_of(rules()).unwrap().request("staff:ana".into(), matter, false, false, NOW);
    assert_eq!(approval.steps.len(), 2);
    assert_eq!(told(&approval, approve("cy"), NOW), Err(Refusal::OverLimit));
}

fn any_command() -> impl Strategy<Value = (Command, i64)> {
    let people = vec!["ana", "bo", "cy", "dan", "eva", "fay", "gus", "ian", "kim", "zed", "BO", "Eva "];
    (prop::sample::select(people), 0..20u8, 0..8i64).prop_map(|(who, what, after)| {
        let by = format!("staff:{who}");
        let command = match what {
            0 => Command::Return { by },
            1 => Command::Reject { by },
            2 => Command::Withdraw { by },
            3 => Command::Due,
            _ => Command::Approve { by },
        };
        (command, after)
    })
}

proptest! {
    #[test]
    fn never_approved_without_the_quorum_of_every_step_by_distinct_people_none_of_whom_is_the_author(
        minor in 1..1000i64,
        way in prop::collection::vec(any_command(), 1..40),
    ) {
        let (mut approval, mut at) = (requested(minor), NOW);
        for (command, after) in way {
            at += hours(after);
            if let Ok(after) = told(&approval, command, at) {
                approval = after;
            }
            let json = serde_json::to_string(&approval).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Approval>(&json).unwrap(), &approval);
            let people = |given: &Given| given.by.trim().to_lowercase();
            let distinct: BTreeSet<_> = approval.given.iter().map(people).collect();
            let behind: BTreeSet<_> =
                approval.given.iter().map(|g| g.acting_for.clone().unwrap_or_else(|| people(g))).collect();
            prop_assert_eq!((distinct.len(), behind.len()), (approval.given.len(), approval.given.len()));
            prop_assert!(!distinct.contains("staff:ana") && !behind.contains("staff:ana"));
            let complete = approval.step() == approval.steps.len();
            prop_assert_eq!(approval.state == State::Approved, complete);
        }
    }
}
