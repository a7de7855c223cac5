//! Every state of a suggestion against every command, and its rules as sentences.
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
    Command::Record { suggestion_id: OWN, product_id: String::new(), by }
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
        ("decision_due", ["=", "=", "=", "=", "=", "=", "=", "=", "=", "=", "="]),
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
        ("reward", [GONE, NOT, NOT, NOT, NOT, NOT, NOT, RW, NOT, NOT, NOT]),
        ("reward_own", [GONE, NOT, NOT, NOT, NOT, NOT, NOT, OW, NOT, NOT, NOT]),
        ("inform", [GONE, NOT, NOT, NOT, NOT, IN, NOT, IN, IN, NOT, NOT]),
        ("suppress", [GONE, RE, SC, EV, AD, IN, IM, IN, IN, NOT, NOT]),
        ("suppress_unknown", [GONE, WHO, WHO, WHO, WHO, WHO, WHO, WHO, WHO, NOT, NOT]),
    ];
    let micro = SignedDuration::from_micros(1);
    let now = |command| (command, NOW);
    let commands = [
        now(record(employee())),
        now(Command::Join(vec![customer(5)])),
        now(Command::Message(Tell::Sent { message_id: OTHER, at: NOW })),
        (Command::DecisionDue, NOW + hours(48)),
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
    let joined = led(&evaluated(customer(1)), [Command::Join(vec![customer(1), customer(2), employee()])]);
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
