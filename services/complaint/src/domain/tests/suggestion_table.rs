//! Every state of a suggestion against every command, and its rules as sentences.
use kernel::promise::{Promise, Terms as Promised};

use super::{
    super::{
        reporters::{Person, Reporter, Suppression, Tell, Telling, Told},
        suggestion::{Command, Decision, DeclineReason, Event, Rejection, RewardKind, Suggestion},
    },
    small_tables::{Rows, compare},
    *,
};

const OWN: Uuid = Uuid::from_u128(21);
const OTHER: Uuid = Uuid::from_u128(22);

fn reporter(report_id: Uuid, person: Person) -> Reporter {
    Reporter { report_id, person, reported_at: NOW, told: Told::Waiting }
}

fn employee() -> Reporter {
    reporter(OWN, Person::Employee { actor: ANA.into() })
}

fn customer(number: u128) -> Reporter {
    reporter(Uuid::from_u128(number), Person::Customer { customer_id: Uuid::from_u128(number) })
}

fn record(by: Reporter) -> Command {
    let ladder = Arc::default();
    Command::Record { suggestion_id: OWN, product_id: String::new(), by, promise: None, ladder }
}

/// 720 hours to be told what becomes of it, from `start` on.
fn promise(start: Timestamp) -> Promise {
    let terms = Promised { target: hours(720), ..Promised::default() };
    Promise::start(start, false, terms, None, &|_| None).unwrap()
}

/// A customer's, to whom that is promised.
fn suggested(number: u128, at: Timestamp) -> Suggestion {
    let (by, ladder) = (Reporter { reported_at: at, ..customer(number) }, Arc::default());
    let promise = Some(Box::new(promise(at)));
    let record = Command::Record { suggestion_id: OWN, product_id: String::new(), by, promise, ladder };
    led(&Suggestion::default(), [record])
}

fn join(reporters: impl Into<Vec<Reporter>>) -> Command {
    Command::Join { reporters: reporters.into(), promises: vec![] }
}

fn screen(by: &str) -> Command {
    Command::Screen { by: by.into() }
}

fn evaluate() -> Command {
    Command::StartEvaluation { department: department("rnd"), decide_by: NOW + hours(48) }
}

fn verdict(by: &str, decision: Decision) -> Command {
    Command::Decide { by: by.into(), decision }
}

fn decline() -> Decision {
    Decision::Declined { reason: DeclineReason::TooCostly }
}

fn measure(effective: bool) -> Command {
    Command::MeasureEffect { effective }
}

fn reward(by: &str) -> Command {
    Command::Reward { by: by.into(), kind: RewardKind::Bonus }
}

fn in_person(report_id: Uuid) -> Command {
    Command::Tell(Tell::InPerson { report_id })
}

fn suppress(report_id: Uuid) -> Command {
    Command::Tell(Tell::Suppress { report_id, reason: Suppression::DoNotContact })
}

fn led(from: &Suggestion, way: impl IntoIterator<Item = Command>) -> Suggestion {
    let mut suggestion = from.clone();
    for command in way {
        let events = suggestion.decide(command, NOW).unwrap();
        events.iter().for_each(|event| suggestion.apply(event));
    }
    suggestion
}

fn evaluated(by: Reporter) -> Suggestion {
    led(&Suggestion::default(), [record(by), screen(BEN), evaluate()])
}

/// The messages asked for.
fn messages(events: &[Event]) -> Vec<Uuid> {
    let asked = |event: &Event| match event {
        Event::Telling(Telling::Asked { message_id, .. }) => Some(*message_id),
        _ => None,
    };
    events.iter().filter_map(asked).collect()
}

fn samples() -> [Suggestion; 11] {
    let absent = Suggestion::default();
    let recorded = led(&absent, [record(employee())]);
    let screened = led(&recorded, [screen(BEN)]);
    let in_evaluation = led(&screened, [evaluate()]);
    let adopted = led(&in_evaluation, [verdict(BEN, Decision::Adopted)]);
    let declined = led(&in_evaluation, [verdict(BEN, decline())]);
    let implemented = led(&adopted, [Command::RecordImplemented]);
    let measured = led(&implemented, [measure(true)]);
    let rewarded = led(&measured, [reward(BEN)]);
    let informed = led(&rewarded, [in_person(OWN)]);
    let merged = led(&recorded, [Command::Merge { into: OTHER }]);
    [absent, recorded, screened, in_evaluation, adopted, declined, implemented, measured, rewarded, informed, merged]
}

/// Tells every sample every command, compares, and gives the steps that lead to another state.
pub fn steps() -> Vec<Step> {
    const GONE: &str = "suggestion.not_found";
    const NOT: &str = "suggestion.not_now";
    const OW: &str = "suggestion.own";
    const NO: &str = "suggestion.no_reward";
    const SE: &str = "suggestion.itself";
    const WHO: &str = "suggestion.unknown_reporter";
    const RE: &str = "recorded";
    const SC: &str = "screened";
    const EV: &str = "in_evaluation";
    const AD: &str = "adopted";
    const DE: &str = "declined";
    const IM: &str = "implemented";
    const ME: &str = "effect_measured";
    const RW: &str = "rewarded";
    const IN: &str = "informed";
    const MG: &str = "merged";
    let table: &Rows<11> = &[
        ("record", [RE, "=", "=", "=", "=", "=", "=", "=", "=", "=", "="]),
        ("join", [GONE, RE, SC, EV, AD, NOT, IM, NOT, NOT, NOT, NOT]),
        ("message_sent", ["=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="]),
        ("case_rejected", ["=", RE, SC, EV, AD, IN, IM, IN, IN, "=", "="]),
        ("decision_due", ["=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="]),
        ("promise_due", ["=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="]),
        ("decision_overdue", ["=", "=", "=", EV, "=", "=", "=", "=", "=", "=", "="]),
        ("screen", [GONE, SC, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT]),
        ("screen_own", [GONE, OW, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT]),
        ("merge", [GONE, MG, MG, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT]),
        ("merge_into_itself", [GONE, SE, SE, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT]),
        ("start_evaluation", [GONE, NOT, EV, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT]),
        ("adopt", [GONE, NOT, NOT, AD, NOT, NOT, NOT, NOT, NOT, NOT, NOT]),
        ("adopt_own", [GONE, NOT, NOT, OW, NOT, NOT, NOT, NOT, NOT, NOT, NOT]),
        ("decline", [GONE, NOT, NOT, DE, NOT, NOT, NOT, NOT, NOT, NOT, NOT]),
        ("record_implemented", [GONE, NOT, NOT, NOT, IM, NOT, NOT, NOT, NOT, NOT, NOT]),
        ("measure_effect", [GONE, NOT, NOT, NOT, NOT, NOT, ME, NOT, NOT, NOT, NOT]),
        ("reward", [GONE, NOT, NOT, NOT, NOT, NOT, NOT, RW, NOT, NO, NOT]),
        ("reward_own", [GONE, NOT, NOT, NOT, NOT, NOT, NOT, OW, NOT, OW, NOT]),
        ("inform", [GONE, NOT, NOT, NOT, NOT, IN, NOT, IN, IN, NOT, NOT]),
        ("suppress", [GONE, RE, SC, EV, AD, IN, IM, IN, IN, NOT, NOT]),
        ("suppress_unknown", [GONE, WHO, WHO, WHO, WHO, WHO, WHO, WHO, WHO, NOT, NOT]),
    ];
    let micro = SignedDuration::from_micros(1);
    let now = |command| (command, NOW);
    let commands = [
        now(record(employee())),
        now(join([customer(5)])),
        now(Command::Message(Tell::Sent { message_id: OTHER, at: NOW })),
        now(Command::CaseRejected { case_id: OWN, at: NOW }),
        (Command::DecisionDue, NOW + hours(48)),
        (Command::PromiseDue, NOW + hours(9_999)),
        (Command::DecisionDue, NOW + hours(48) + micro),
        now(screen(BEN)),
        now(screen(ANA)),
        now(Command::Merge { into: OTHER }),
        now(Command::Merge { into: OWN }),
        now(evaluate()),
        now(verdict(BEN, Decision::Adopted)),
        now(verdict(ANA, Decision::Adopted)),
        now(verdict(BEN, decline())),
        now(Command::RecordImplemented),
        now(measure(true)),
        now(reward(BEN)),
        now(reward(ANA)),
        now(in_person(OWN)),
        now(suppress(OWN)),
        now(suppress(OTHER)),
    ];
    assert_eq!(commands.len(), table.len());
    compare(
        table,
        &samples(),
        |suggestion| suggestion.state.name(),
        |suggestion, row| {
            let (command, at) = commands[row].clone();
            match suggestion.decide(command, at) {
                Err(rejection) => (rejection.code().into(), suggestion.state.name()),
                Ok(events) if events.is_empty() => ("=".into(), suggestion.state.name()),
                Ok(events) => {
                    let mut after = suggestion.clone();
                    events.iter().for_each(|event| after.apply(event));
                    (after.state.name().into(), after.state.name())
                }
            }
        },
    )
}

#[test]
fn r_ana_13_a_suggestion_is_answered_when_everybody_who_made_it_is_told() {
    let joined = led(&evaluated(customer(1)), [join([customer(1), customer(2), employee()])]);
    assert_eq!(joined.closing().reporters, 3, "each once");
    let implemented = led(&joined, [verdict(BEN, Decision::Adopted), Command::RecordImplemented]);
    let told = messages(&implemented.decide(measure(true), NOW).unwrap());
    assert_eq!(told.len(), 2, "customers are written to, employees are told in person");
    let mut suggestion = led(&implemented, [measure(true), reward(BEN)]);
    let sent = |message_id| Command::Message(Tell::Sent { message_id, at: NOW });
    suggestion = led(&suggestion, [sent(told[0]), sent(told[0]), in_person(OWN)]);
    assert_eq!((suggestion.state.name(), suggestion.closing().open()), ("rewarded", 1));
    let failed = led(&suggestion, [Command::Message(Tell::Unsent { message_id: told[1] })]);
    assert_eq!(failed.closing().open(), 1, "a person must tell it, or say why not");
    assert_eq!(led(&failed, [suppress(Uuid::from_u128(2))]).state.name(), "informed");
    assert_eq!(led(&suggestion, [sent(told[1])]).state.name(), "informed");
}

#[test]
fn r_ana_13_a_customer_is_told_of_a_suggestion_that_is_declined() {
    let events = evaluated(customer(1)).decide(verdict(BEN, decline()), NOW).unwrap();
    assert_eq!(events[0], Event::Decided(decline()));
    assert_eq!(messages(&events).len(), 1);
    let suppressed = led(&evaluated(customer(1)), [suppress(Uuid::from_u128(1)), verdict(BEN, decline())]);
    assert_eq!(suppressed.state.name(), "informed", "nobody is left to be told");
}

#[test]
fn r_ana_13_only_an_employee_whose_suggestion_helped_is_rewarded() {
    let implemented = |by| led(&evaluated(by), [verdict(BEN, Decision::Adopted), Command::RecordImplemented]);
    for (by, effective) in [(employee(), false), (customer(1), true)] {
        let measured = led(&implemented(by), [measure(effective)]);
        assert_eq!(measured.decide(reward(BEN), NOW), Err(Rejection::NoReward));
    }
    assert_eq!(led(&implemented(employee()), [measure(true), reward(BEN)]).reward, Some(RewardKind::Bonus));
}

#[test]
fn r_ana_13_who_was_told_at_once_is_rewarded_after_it_and_once() {
    let way = [verdict(BEN, Decision::Adopted), Command::RecordImplemented, measure(true), in_person(OWN)];
    let informed = led(&evaluated(employee()), way);
    assert_eq!(informed.state.name(), "informed");
    assert_eq!(informed.decide(reward(ANA), NOW), Err(Rejection::Own));
    let rewarded = led(&informed, [reward(BEN)]);
    assert_eq!((rewarded.state.name(), rewarded.reward), ("informed", Some(RewardKind::Bonus)));
    assert_eq!(rewarded.decide(reward(BEN), NOW), Err(Rejection::NoReward), "it has its reward");
    let declined = led(&evaluated(employee()), [verdict(BEN, decline()), in_person(OWN)]);
    assert_eq!(declined.decide(reward(BEN), NOW), Err(Rejection::NoReward));
}

#[test]
fn the_author_is_the_author_in_any_spelling() {
    let recorded = led(&Suggestion::default(), [record(employee())]);
    assert_eq!(recorded.decide(screen(" Staff:ANA"), NOW), Err(Rejection::Own));
}

#[test]
fn a_late_decision_notes_the_breach_once() {
    let late = NOW + hours(48) + SignedDuration::from_micros(1);
    let waiting = evaluated(employee());
    let adopt = || verdict(BEN, Decision::Adopted);
    assert_eq!(waiting.decide(adopt(), NOW + hours(48)).unwrap(), [Event::Decided(Decision::Adopted)]);
    let expected = [Event::EvaluationOverdue, Event::Decided(Decision::Adopted)];
    assert_eq!(waiting.decide(adopt(), late).unwrap(), expected);
    let mut overdue = waiting.clone();
    overdue.apply(&Event::EvaluationOverdue);
    assert_eq!(overdue.decide(Command::DecisionDue, late), Ok(vec![]));
    assert_eq!(overdue.decide(adopt(), late).unwrap(), [Event::Decided(Decision::Adopted)]);
}

#[test]
fn a_suggestion_is_stored_under_its_word_and_read_again() {
    for suggestion in samples() {
        let json = serde_json::to_value(&suggestion).unwrap();
        assert_eq!(json["state"]["kind"], suggestion.state.name());
        assert_eq!(serde_json::from_value::<Suggestion>(json).unwrap(), suggestion);
    }
}

/// How each promise stands, in the order they were given.
fn stands(suggestion: &Suggestion) -> Vec<&'static str> {
    suggestion.promises.iter().map(|(_, promise)| promise.standing.state.name()).collect()
}

fn at(suggestion: &Suggestion, way: impl IntoIterator<Item = Command>, now: Timestamp) -> Suggestion {
    let mut suggestion = suggestion.clone();
    for command in way {
        let events = suggestion.decide(command, now).unwrap();
        events.iter().for_each(|event| suggestion.apply(event));
    }
    suggestion
}

#[test]
fn r_ana_13_in_every_state_what_was_promised_is_broken_once_its_time_is_over_and_told_in_the_end() {
    let recorded = suggested(1, NOW);
    let screened = led(&recorded, [screen(BEN)]);
    let in_evaluation = led(&screened, [evaluate()]);
    let adopted = led(&in_evaluation, [verdict(BEN, Decision::Adopted)]);
    let declined = led(&in_evaluation, [verdict(BEN, decline())]);
    let implemented = led(&adopted, [Command::RecordImplemented]);
    let measured = led(&implemented, [measure(true)]);
    let due = NOW + hours(720);
    let over = due + SignedDuration::from_micros(1);
    for suggestion in [recorded, screened, in_evaluation, adopted, declined, implemented, measured] {
        let state = suggestion.state.name();
        assert_eq!(suggestion.promises.next_due(), Some(over), "{state}");
        assert_eq!(suggestion.decide(Command::PromiseDue, due), Ok(vec![]), "{state}");
        let late = at(&suggestion, [Command::PromiseDue], over);
        assert_eq!((stands(&late), late.state), (vec!["breached"], suggestion.state), "{state}");
        assert_eq!(late.decide(Command::PromiseDue, over), Ok(vec![]), "{state}");
        let told = at(&late, [suppress(Uuid::from_u128(1))], over);
        assert_eq!(stands(&told), ["cancelled_after_breach"], "{state}");
        assert_eq!(stands(&at(&suggestion, [suppress(Uuid::from_u128(1))], due)), ["cancelled"], "nobody may be told");
    }
}

#[test]
fn r_ana_13_an_evaluated_suggestion_is_told_to_its_author_within_the_term() {
    let due = NOW + hours(720);
    let declined = led(&suggested(1, NOW), [screen(BEN), evaluate()]);
    let asked = declined.decide(verdict(BEN, decline()), NOW).unwrap();
    let declined = led(&declined, [verdict(BEN, decline())]);
    let sent = |at| Command::Message(Tell::Sent { message_id: messages(&asked)[0], at });
    assert_eq!(stands(&at(&declined, [sent(due)], due + hours(5))), ["met"], "when it left counts");
    let late = at(&declined, [Command::PromiseDue], due + hours(1));
    assert_eq!(stands(&at(&late, [sent(due)], due + hours(5))), ["met"], "also against what was said before");
    assert_eq!(stands(&at(&declined, [sent(due + hours(1))], due + hours(5))), ["met_late"]);
    let again = at(&declined, [sent(due)], due);
    assert_eq!(again.decide(sent(due), due + hours(1)), Ok(vec![]), "what is said twice happens once");
}

#[test]
fn r_ana_13_who_is_told_of_the_adoption_in_person_need_not_wait_for_the_practice() {
    let evaluated = led(&suggested(1, NOW), [screen(BEN), evaluate()]);
    let person = in_person(Uuid::from_u128(1));
    assert_eq!(evaluated.decide(person.clone(), NOW), Err(Rejection::NotNow("in_evaluation")));
    let adopted = led(&evaluated, [verdict(BEN, Decision::Adopted), person.clone()]);
    assert_eq!((adopted.state.name(), stands(&adopted)), ("adopted", vec!["met"]));
    assert!(adopted.decide(person, NOW).is_err(), "told already");
    let measured = adopted.decide(Command::RecordImplemented, NOW).unwrap();
    assert_eq!(measured, [Event::Implemented]);
    let done = led(&adopted, [Command::RecordImplemented, measure(true)]);
    assert_eq!(done.state.name(), "informed", "nobody is left to be told");
    let own = led(&Suggestion::default(), [record(employee()), screen(BEN), evaluate()]);
    let own = led(&own, [verdict(BEN, Decision::Adopted)]);
    assert_eq!(own.decide(in_person(OWN), NOW), Err(Rejection::NotNow("adopted")), "an employee may be rewarded first");
}

#[test]
fn r_ana_13_what_was_promised_for_a_merged_suggestion_is_owed_by_the_other_one() {
    let (first, second) = (suggested(1, NOW), suggested(2, NOW - hours(24)));
    let events = second.decide(Command::Merge { into: OTHER }, NOW).unwrap();
    let [Event::Merged { promises, .. }, Event::PromisesMoved(_)] = events.as_slice() else {
        unreachable!("{events:?}")
    };
    assert_eq!(*promises, [promise(NOW - hours(24))]);
    let merged = led(&second, [Command::Merge { into: OTHER }]);
    assert_eq!(stands(&merged), ["cancelled"]);
    assert_eq!(merged.decide(Command::PromiseDue, NOW + hours(9_999)), Ok(vec![]));
    let joined = led(&first, [Command::Join { reporters: vec![customer(2)], promises: promises.clone() }]);
    assert_eq!(stands(&joined), ["running", "running"]);
    let declined = led(&joined, [screen(BEN), evaluate(), verdict(BEN, decline())]);
    let one = led(&declined, [in_person(Uuid::from_u128(1))]);
    assert_eq!(stands(&one), ["running", "running"], "all of them are owed it");
    assert_eq!(stands(&led(&one, [in_person(Uuid::from_u128(2))])), ["met", "met"]);
    let broken = at(&second, [Command::PromiseDue], NOW + hours(720));
    let events = broken.decide(Command::Merge { into: OTHER }, NOW + hours(720)).unwrap();
    assert!(matches!(&events[0], Event::Merged { promises, .. } if promises.is_empty()), "a breach stays where it was");
}

#[test]
fn a_suggestion_stored_before_there_were_promises_is_read_and_promises_nothing() {
    let mut json = serde_json::to_value(suggested(1, NOW)).unwrap();
    for new in ["promises", "ladder"] {
        json.as_object_mut().unwrap().remove(new);
    }
    let stored: Suggestion = serde_json::from_value(json).unwrap();
    assert_eq!((stands(&stored), stored.promises.next_due()), (vec![], None));
}

#[test]
fn what_was_no_case_of_ours_is_promised_nothing_from_then_on() {
    let due = NOW + hours(720);
    let first = Uuid::from_u128(1);
    let rejected = |at| Command::CaseRejected { case_id: first, at };
    let one = suggested(1, NOW);
    assert_eq!(stands(&at(&one, [rejected(due)], due + hours(1))), ["cancelled"], "in time, whenever it is heard of");
    let both = led(&one, [join([customer(2)])]);
    let left = at(&both, [rejected(NOW)], NOW);
    assert_eq!((stands(&left), left.closing().open()), (vec!["running"], 1), "another customer waits");
    assert_eq!(left.decide(rejected(NOW), NOW), Ok(vec![]), "once");
}
