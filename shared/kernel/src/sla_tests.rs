//! The shipped policy against the numbers of the requirements, and policies with every hole.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use std::sync::LazyLock;

use jiff::Timestamp;
use proptest::{collection::btree_set, prelude::*, sample::select};

use super::*;
use crate::{
    calendar::{CHINA, Definitions},
    promise::Rejection,
};

fn china() -> Definitions {
    toml::from_str(CHINA).unwrap()
}

fn shipped() -> Policy {
    toml::from_str(DEFAULT).unwrap()
}

fn due(promise: Kind, facts: Facts<'_>, start: &str) -> String {
    static LEVELS: LazyLock<Levels> = LazyLock::new(|| Levels::prepare(shipped(), &china()).unwrap());
    let given = LEVELS.promise(promise, facts, None, start.parse().unwrap()).unwrap().unwrap();
    given.standing.due_at.to_string()
}

fn class(class: &str) -> Facts<'_> {
    Facts { class: Some(class), ..Facts::default() }
}

fn channel(channel: &str) -> Facts<'_> {
    Facts { channel: Some(channel), ..Facts::default() }
}

fn rule(promise: Kind, when: When) -> Rule {
    Rule { promise, when, target: SignedDuration::from_hours(1), hours: Hours::RoundTheClock, warnings: vec![] }
}

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn problems(policy: &Policy) -> Vec<String> {
    policy.problems(&china()).iter().map(ToString::to_string).collect()
}

#[test]
fn r_int_13_a_chat_is_answered_within_five_minutes_of_working_hours() {
    // Friday 13 February 2026, 17:58 in China: two minutes today, three on the make-up Saturday.
    assert_eq!(due(Kind::FirstResponse, channel("app"), "2026-02-13T09:58:00Z"), "2026-02-14T01:03:00Z");
    // Saturday 14 February, 17:58: Spring Festival comes between.
    assert_eq!(due(Kind::FirstResponse, channel("platform"), "2026-02-14T09:58:00Z"), "2026-02-24T01:03:00Z");
    assert_eq!(due(Kind::FirstResponse, channel("email"), "2026-02-14T09:58:00Z"), "2026-02-15T09:58:00Z");
}

#[test]
fn r_int_14_the_hotline_is_a_rate_with_a_target_that_can_be_set() {
    let rate = shipped().rate(Kind::Pickup, channel("hotline")).cloned().unwrap();
    assert_eq!((rate.within, rate.percent), (SignedDuration::from_secs(15), 80));
    assert!(
        shipped().rate(Kind::Pickup, channel("app")).is_none()
            && shipped().rule(Kind::Pickup, channel("hotline")).is_none()
    );
    let stricter: Policy = toml::from_str(&DEFAULT.replace("percent = 80", "percent = 95")).unwrap();
    assert_eq!(stricter.rate(Kind::Pickup, channel("hotline")).unwrap().percent, 95);
}

#[test]
fn r_cmp_03_urgent_feedback_and_the_first_investigation_have_24_hours_round_the_clock() {
    for kind in [Kind::UrgentFeedback, Kind::FirstInvestigation] {
        assert_eq!(due(kind, class("discomfort"), "2026-02-14T09:58:00Z"), "2026-02-15T09:58:00Z");
    }
}

#[test]
fn r_cmp_10_every_class_has_a_prescribed_time_or_the_policy_is_refused() {
    assert_eq!(problems(&shipped()), [""; 0]);
    for name in CLASSES {
        let mut hole = shipped();
        for rule in hole.rules.iter_mut().filter(|rule| rule.promise == Kind::ResultNotice) {
            rule.when.class.remove(name);
        }
        // A list that was emptied would ask nothing any more.
        hole.rules.retain(|rule| rule.promise != Kind::ResultNotice || !rule.when.class.is_empty());
        assert_eq!(
            problems(&hole),
            [format!("class {name} has no prescribed time: a rule for result_notice must hold for all of its cases")]
        );
        // On one channel only is not for all of its cases.
        let when = When { class: set(&[name]), channel: set(&["shop"]), ..When::default() };
        hole.rules.push(rule(Kind::ResultNotice, when));
        assert_eq!(problems(&hole).len(), 1);
        hole.rules.push(rule(Kind::ResultNotice, When::default()));
        assert_eq!(problems(&hole), [""; 0]);
    }
}

#[test]
fn r_int_12_r_cmp_03_r_cmp_04_a_policy_that_leaves_out_what_a_service_must_promise_is_refused() {
    for (kind, promise, list, words) in PRESCRIBED {
        let mut hole = shipped();
        hole.rules.retain(|rule| rule.promise != kind);
        let expected = words.iter().map(|word| {
            format!("{list} {word} has no prescribed time: a rule for {promise} must hold for all of its cases")
        });
        assert_eq!(problems(&hole), expected.collect::<Vec<_>>());
        let one = set(&words[..1]);
        let (channel, class) = if list == "channel" { (one, set(&[])) } else { (set(&[]), one) };
        hole.rules.push(rule(kind, When { channel, class, ..When::default() }));
        assert_eq!(problems(&hole).len(), words.len() - 1, "{promise}");
        hole.rules.push(rule(kind, When { priority: set(&["health"]), ..When::default() }));
        assert_eq!(problems(&hole).len(), words.len() - 1, "not all of its cases: {promise}");
        hole.rules.push(rule(kind, When::default()));
        assert_eq!(problems(&hole), [""; 0]);
    }
    assert!(!COMPLAINTS.contains(&"suggestion") && !COMPLAINTS.contains(&"enquiry") && COMPLAINTS.len() == 8);
}

#[test]
fn every_mistake_is_named_with_its_place() {
    let wrong = |change: fn(&mut Policy)| {
        let mut policy = shipped();
        change(&mut policy);
        problems(&policy)
    };
    let rules = shipped().rules.len();
    assert_eq!(wrong(|p| p.rules[0].hours = Hours::Of("moon".into())), ["rule 1: there is no calendar called moon"]);
    let said = |change| wrong(change).concat();
    let known = CLASSES.join(", ");
    assert_eq!(
        wrong(|p| p.rules[4].when.class = set(&["discomfort", "weather"])),
        [format!("rule 5: there is no class called weather; there are: {known}")]
    );
    let chat = said(|p| p.rules[0].when.channel = set(&["app", "chat"]));
    assert!(chat.starts_with("rule 1: there is no channel called chat; there are: hotline, email,"), "{chat}");
    let urgent = said(|p| p.rules[0].when.priority = set(&["urgent"]));
    assert_eq!(urgent, "rule 1: there is no priority called urgent; there are: standard, health");
    let gold = said(|p| p.rates[0].when.segment = set(&["gold"]));
    assert_eq!(gold, "rate 1: there is no segment called gold; there are: vip");
    assert_eq!(said(|p| p.rules[0].when.store = set(&["anything"])), "");
    assert_eq!(
        wrong(|p| (p.rules[1].target, p.rules[1].warnings) = (SignedDuration::ZERO, vec![])),
        ["rule 2: the target must be longer than nothing"]
    );
    for warning in [Warning::Percent(0), Warning::Percent(100), Warning::Before(SignedDuration::from_hours(24))] {
        let mut policy = shipped();
        policy.rules[1].warnings = vec![warning];
        let said = format!("rule 2: warning {warning} does not come after the start and before the end");
        assert_eq!(problems(&policy), [said]);
    }
    assert_eq!(
        wrong(|p| p.rules.push(rule(Kind::UrgentFeedback, When { class: set(&["repair"]), ..When::default() }))),
        [format!("rule {} is never reached: rule 3 takes all of its cases", rules + 1)]
    );
    for (percent, within) in [(0, 15), (101, 15), (80, 0)] {
        let mut policy = shipped();
        policy.rates[0] = Rate { percent, within: SignedDuration::from_secs(within), ..policy.rates[0].clone() };
        assert_eq!(problems(&policy), ["rate 1: within must be longer than nothing and percent from 1 to 100"]);
    }
}

#[test]
fn only_what_is_said_is_read() {
    let head = "id = \"a\"\nversion = 1\n[[rules]]\npromise = \"resolution\"\nhours = \"china\"\n";
    let read = |line: &str| toml::from_str::<Policy>(&format!("{head}{line}"));
    let policy = read("target = \"1h30m\"\nwarnings = [\"75%\", \"20m\"]").unwrap();
    assert_eq!(policy.rules[0].hours, Hours::Of("china".into()));
    assert_eq!(policy.rules[0].target, SignedDuration::from_mins(90));
    assert_eq!(toml::from_str::<Policy>(&toml::to_string(&policy).unwrap()).unwrap(), policy);
    for line in [
        "",
        "target = \"soon\"",
        "target = \"5m\"\nwarnings = [\"a lot\"]",
        "target = \"5m\"\nwhen.weather = [\"rain\"]",
    ] {
        assert!(read(line).is_err(), "{line}");
    }
}

#[test]
fn warnings_come_in_the_time_that_counts() {
    let mut one = rule(Kind::Resolution, When::default());
    one.target = SignedDuration::from_hours(10);
    one.warnings = vec![Warning::Percent(80), Warning::Before(SignedDuration::from_mins(30))];
    let given = |hours: Hours, start: &str| {
        let mut policy = shipped();
        policy.rules.push(Rule { hours, ..one.clone() });
        let levels = Levels::prepare(policy, &china()).unwrap();
        levels.promise(Kind::Resolution, Facts::default(), None, start.parse::<Timestamp>().unwrap())
    };
    // Friday 13 February 2026, 17:00 in China: an hour on Friday, eight on Saturday, one after the holidays.
    let warned = |hours| {
        let warnings = given(hours, "2026-02-13T09:00:00Z").unwrap().unwrap().standing.warn_at;
        warnings.into_iter().map(|at| at.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(warned(Hours::RoundTheClock), ["2026-02-13T17:00:00Z", "2026-02-13T18:30:00Z"]);
    for hours in [Hours::OfPlace, Hours::Of("china".into())] {
        assert_eq!(warned(hours), ["2026-02-14T09:00:00Z", "2026-02-24T01:30:00Z"]);
    }
    assert!(matches!(given(Hours::OfPlace, "2060-12-31T09:00:00Z"), Err(Rejection::Beyond(_))));
    assert_eq!(Warning::Percent(50).after(SignedDuration::MAX).map(|after| after > SignedDuration::ZERO), Some(true));
    assert_eq!(Warning::Percent(33).after(SignedDuration::from_nanos(150)), Some(SignedDuration::from_nanos(49)));
}

#[test]
fn replies_never_pause() {
    let kinds: Vec<Kind> = serde_json::from_str(
        r#"["pickup","first_response","urgent_feedback","next_response","first_investigation","progress_silence",
            "department_answer","solution_offer","result_notice","resolution","refund_term","inspection_term",
            "followup_window","regulator_report"]"#,
    )
    .unwrap();
    let (replies, others) = kinds.split_at(3);
    assert!(replies.iter().all(|kind| !kind.pauses()) && others.iter().all(|kind| kind.pauses()));
}

fn words() -> impl Strategy<Value = BTreeSet<String>> {
    btree_set(select(&["a", "b", "c"][..]).prop_map(str::to_owned), 0..3)
}

prop_compose! {
    fn a_when()(channel in words(), class in words(), store in words()) -> When {
        When { channel, class, store, ..When::default() }
    }
}

proptest! {
    #[test]
    fn the_first_rule_that_matches_holds_and_what_is_covered_is_never_reached(
        whens in prop::collection::vec(a_when(), 1..6),
        facts in prop::array::uniform3(prop::option::of(select(&["a", "b", "c"][..]))),
    ) {
        let rules = whens.into_iter().map(|when| rule(Kind::Resolution, when)).collect();
        let policy = Policy { id: "random".into(), version: 1, rules, rates: vec![] };
        let facts = Facts { channel: facts[0], class: facts[1], store: facts[2], ..Facts::default() };
        let holds = |list: &BTreeSet<String>, fact: Option<&str>| list.is_empty() || fact.is_some_and(|f| list.contains(f));
        let matching = |rule: &Rule| {
            holds(&rule.when.channel, facts.channel) && holds(&rule.when.class, facts.class) && holds(&rule.when.store, facts.store)
        };
        let first = policy.rules.iter().position(matching);
        prop_assert_eq!(policy.rule(Kind::Resolution, facts), first.map(|index| &policy.rules[index]));
        prop_assert!(policy.rule(Kind::Pickup, facts).is_none());
        for problem in policy.problems(&china()) {
            if let PolicyError::Unreached { rule, .. } = problem {
                prop_assert_ne!(first, Some(rule - 1));
            }
        }
    }
}
