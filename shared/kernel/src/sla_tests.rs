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
    for &name in CLASSES.iter().filter(|name| **name != "enquiry") {
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
fn r_int_12_r_cmp_03_r_cmp_04_r_cmp_05_a_policy_that_leaves_out_what_a_service_must_promise_is_refused() {
    for (kind, list, words) in given::PRESCRIBED {
        let promise = kind.word();
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
fn r_int_14_a_policy_without_a_rate_for_the_hotline_or_with_one_nobody_measures_is_refused() {
    let with = |rates: Vec<Rate>| problems(&Policy { rates, ..shipped() });
    let hotline = shipped().rates[0].clone();
    let none =
        "the hotline has no rate: [[rates]] must say what share of its calls is picked up (pickup) within what time";
    assert_eq!(with(vec![]), [none]);
    let nobody = "only the pickup of the hotline's calls is measured; when must be channel = [\"hotline\"] alone";
    let of = |when: When| Rate { when, ..hotline.clone() };
    for other in [
        Rate { promise: Kind::FirstResponse, ..hotline.clone() },
        of(When::default()),
        of(When { channel: set(&["app"]), ..When::default() }),
        of(When { class: set(&["repair"]), ..hotline.when.clone() }),
        of(When { priority: set(&["health"]), ..hotline.when.clone() }),
        of(When { segment: set(&["vip"]), ..hotline.when.clone() }),
        of(When { store: set(&["s1"]), ..hotline.when.clone() }),
    ] {
        assert_eq!(with(vec![hotline.clone(), other.clone()]), [format!("rate 2: {nobody}")], "{other:?}");
        assert_eq!(with(vec![other]), [format!("rate 1: {nobody}")]);
    }
    let twice = with(vec![hotline.clone(), hotline]);
    assert_eq!(twice, ["rate 2 is never reached: the one before takes all of its calls"]);
}

#[test]
fn a_rule_that_no_service_asks_is_refused_with_the_way_out() {
    let with = |promise, when: When| {
        let mut policy = shipped();
        policy.rules.insert(0, rule(promise, when));
        problems(&policy)
    };
    for (kind, way_out) in [
        (Kind::Pickup, "[[rates]]"),
        (Kind::Resolution, "result_notice"),
        (Kind::RefundTerm, "refund_within"),
        (Kind::InspectionTerm, "inspect_within"),
        (Kind::FollowupWindow, "rules of follow-ups"),
        (Kind::RegulatorReport, "[service.regulators]"),
    ] {
        let [said] = with(kind, When::default()).try_into().unwrap();
        let head = format!("rule 1: no service gives {kind} from the policy, so it would promise nothing; ");
        assert!(said.starts_with(&head) && said.contains(way_out), "{said}");
    }
    let department = |when| with(Kind::DepartmentAnswer, when);
    for (list, when) in [
        ("channel", When { channel: set(&["app"]), ..When::default() }),
        ("segment", When { segment: set(&["vip"]), ..When::default() }),
        ("store", When { store: set(&["s1"]), ..When::default() }),
    ] {
        let [said] = department(when.clone()).try_into().unwrap();
        let head = format!("rule 1: a department's task knows its class and priority alone; take when.{list} out, or ");
        assert!(said.starts_with(&head) && said.contains("answer_within"), "{said}");
        assert_eq!(with(Kind::SolutionOffer, when), [""; 0], "complaints are asked by all of it");
    }
    assert_eq!(department(When { class: set(&["repair"]), priority: set(&["health"]), ..When::default() }), [""; 0]);
    for (kind, class) in [
        (Kind::ResultNotice, "enquiry"),
        (Kind::SolutionOffer, "suggestion"),
        (Kind::ProgressSilence, "enquiry"),
        (Kind::FirstInvestigation, "suggestion"),
        (Kind::DepartmentAnswer, "enquiry"),
    ] {
        let when = When { class: set(&[class, "repair"]), priority: set(&["health"]), ..When::default() };
        let [said] = with(kind, when).try_into().unwrap();
        let head = format!("rule 1: {kind} is not given to {class}; take it out of when.class (given to: ");
        assert!(said.starts_with(&head), "{said}");
    }
    assert_eq!(with(Kind::NextResponse, When { class: set(&["enquiry"]), ..When::default() }), [""; 0]);
}

#[test]
fn every_kind_is_written_by_its_word() {
    use Kind::{
        DepartmentAnswer, FirstInvestigation, FirstResponse, FollowupWindow, InspectionTerm, NextResponse, Pickup,
        ProgressSilence, RefundTerm, RegulatorReport, Resolution, ResultNotice, SolutionOffer, UrgentFeedback,
    };
    let all = [
        Pickup,
        FirstResponse,
        NextResponse,
        UrgentFeedback,
        FirstInvestigation,
        ProgressSilence,
        DepartmentAnswer,
        SolutionOffer,
        ResultNotice,
        Resolution,
        RefundTerm,
        InspectionTerm,
        FollowupWindow,
        RegulatorReport,
    ];
    assert!(all.iter().all(|kind| serde_json::to_value(kind).unwrap() == kind.word()));
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
        wrong(|p| p.rules[6].when.class = set(&["discomfort", "weather"])),
        [format!("rule 7: there is no class called weather; there are: {known}")]
    );
    let chat = said(|p| p.rules[0].when.channel = set(&["app", "chat"]));
    assert!(chat.starts_with("rule 1: there is no channel called chat; there are: hotline, email,"), "{chat}");
    let urgent = said(|p| p.rules[0].when.priority = set(&["urgent"]));
    assert_eq!(urgent, "rule 1: there is no priority called urgent; there are: standard, health");
    let gold = said(|p| p.rules[0].when.segment = set(&["gold"]));
    assert_eq!(gold, "rule 1: there is no segment called gold; there are: vip");
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
    let mut one = rule(Kind::FirstResponse, When { store: set(&["s1"]), ..When::default() });
    one.target = SignedDuration::from_hours(10);
    one.warnings = vec![Warning::Percent(80), Warning::Before(SignedDuration::from_mins(30))];
    let given = |hours: Hours, start: &str| {
        let mut policy = shipped();
        policy.rules.insert(0, Rule { hours, ..one.clone() });
        let levels = Levels::prepare(policy, &china()).unwrap();
        let asked = Facts { store: Some("s1"), ..Facts::default() };
        levels.promise(Kind::FirstResponse, asked, None, start.parse::<Timestamp>().unwrap())
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
    let (replies, others) = kinds.split_at(4);
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
