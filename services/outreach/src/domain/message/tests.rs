//! Every state against every command, and what random commands can never do.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
use jiff::{SignedDuration, ToSpan};
use proptest::prelude::*;

use super::*;

const RETRY: Retry =
    Retry { first: SignedDuration::from_secs(30), longest: SignedDuration::from_secs(3600), max_attempts: 3 };
const OURS: Uuid = Uuid::from_u128(1);
const THEIRS: Uuid = Uuid::from_u128(2);

fn now() -> Timestamp {
    "2026-03-02T08:00:00Z".parse().unwrap()
}

fn queued(next_try_at: Timestamp, claim: Option<Uuid>) -> State {
    State::Queued { next_try_at, claim }
}

fn message(state: State) -> Message {
    let facts = Facts { message_id: Uuid::from_u128(9), not_after: Some(now() + 2.hours()), ..Facts::default() };
    Message { facts, attempts: 1, queued_at: now() - 3.hours(), trouble: None, state }
}

fn sent_at() -> Timestamp {
    now() - 1.hour()
}

fn states() -> Vec<(&'static str, Message)> {
    let due = queued(now(), None);
    let delivered = State::Delivered { medium: Medium::Sms, sent_at: sent_at(), delivered_at: now() };
    vec![
        ("absent", Message::default()),
        ("waiting", message(due.clone())),
        ("early", message(queued(now() + 1.second(), None))),
        ("claimed", message(queued(now() + 1.second(), Some(OURS)))),
        ("abandoned", message(queued(now(), Some(OURS)))),
        (
            "abandoned and sent once",
            Message { facts: Facts { once: true, ..Facts::default() }, ..message(queued(now(), Some(OURS))) },
        ),
        ("worn", Message { attempts: 3, ..message(queued(now(), Some(OURS))) }),
        ("outdated", Message { facts: Facts { not_after: Some(sent_at()), ..Facts::default() }, ..message(due) }),
        ("sent", message(State::Sent { medium: Medium::Email, sent_at: sent_at() })),
        ("delivered", message(delivered)),
        ("failed", message(State::Failed { code: "smtp_550".into() })),
        ("withdrawn", message(State::Withdrawn)),
    ]
}

fn commands() -> [(&'static str, Command); 9] {
    let code = || "unreachable".to_owned();
    [
        ("queue", Command::Queue(Facts { message_id: Uuid::from_u128(9), ..Facts::default() })),
        ("claim", Command::Claim { claim: THEIRS, until: now() + 1.minute(), retry: RETRY }),
        ("record sent", Command::RecordSent { medium: Medium::Email }),
        ("defer", Command::Defer { claim: OURS, code: code(), retry: RETRY }),
        ("defer (not holding)", Command::Defer { claim: THEIRS, code: code(), retry: RETRY }),
        ("fail", Command::Fail { claim: OURS, code: code() }),
        ("fail (not holding)", Command::Fail { claim: THEIRS, code: code() }),
        ("confirm delivery", Command::ConfirmDelivery),
        ("withdraw", Command::Withdraw),
    ]
}

/// `=` nothing happens; `!` refused with this code; else the status after it.
const TABLE: [(&str, [&str; 9]); 12] = {
    const GONE: &str = "!message.not_found";
    const DUE: &str = "!message.not_due";
    const NOT: &str = "!message.not_sent";
    const BACK: &str = "withdrawn";
    //             queue     claim      sent    defer     other fail      other confirm withdraw
    [
        ("absent", ["queued", GONE, GONE, GONE, GONE, GONE, GONE, GONE, "="]),
        ("waiting", ["=", "claimed", "sent", "=", "=", "=", "=", NOT, BACK]),
        ("early", ["=", DUE, "sent", "=", "=", "=", "=", NOT, BACK]),
        ("claimed", ["=", DUE, "sent", "queued", "=", "failed", "=", NOT, BACK]),
        ("abandoned", ["=", "claimed", "sent", "queued", "=", "failed", "=", NOT, BACK]),
        ("abandoned and sent once", ["=", "failed", "sent", "queued", "=", "failed", "=", NOT, BACK]),
        ("worn", ["=", "failed", "sent", "failed", "=", "failed", "=", NOT, BACK]),
        ("outdated", ["=", "failed", "sent", "=", "=", "=", "=", NOT, BACK]),
        ("sent", ["=", DUE, "=", "=", "=", "=", "=", "delivered", "="]),
        ("delivered", ["=", DUE, "=", "=", "=", "=", "=", "=", "="]),
        ("failed", ["=", DUE, "=", "=", "=", "=", "=", NOT, "="]),
        ("withdrawn", ["=", DUE, "sent", "=", "=", "=", "=", NOT, "="]),
    ]
};

fn label(message: &Message) -> &'static str {
    match message.state {
        State::Queued { claim: Some(_), .. } => "claimed",
        _ => message.status(),
    }
}

fn outcome(message: &Message, command: Command) -> (String, Message) {
    let mut after = message.clone();
    match message.decide(command, now()) {
        Err(rejection) => (format!("!{}", rejection.code()), after),
        Ok(events) if events.is_empty() => ("=".into(), after),
        Ok(events) => {
            events.iter().for_each(|event| after.apply(event));
            (label(&after).into(), after)
        }
    }
}

#[test]
fn every_state_answers_every_command() {
    let states = states();
    assert_eq!(TABLE.map(|(name, _)| name).to_vec(), states.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    let mut arrows = Vec::new();
    for ((name, state), (_, expected)) in states.iter().zip(TABLE) {
        for ((command_name, command), expected) in commands().into_iter().zip(expected) {
            let (got, after) = outcome(state, command);
            assert_eq!(got, expected, "{name} told to {command_name}");
            if after != *state {
                arrows.push((label(state), command_name, label(&after)));
            }
        }
    }
    arrows.sort_unstable();
    arrows.dedup();
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    testkit::docs::section(readme, "state-diagram", &testkit::docs::diagram(&arrows));
}

#[test]
fn an_attempt_that_can_be_repeated_waits_longer_each_time_and_at_last_fails() {
    let mut message = Message::default();
    let tell = |message: &mut Message, command, at| {
        let events = message.decide(command, at).unwrap();
        events.iter().for_each(|event| message.apply(event));
    };
    let mut at = now();
    tell(&mut message, Command::Queue(Facts::default()), at);
    for wait in [30, 60] {
        tell(&mut message, Command::Claim { claim: OURS, until: at + 1.minute(), retry: RETRY }, at);
        tell(&mut message, Command::Defer { claim: OURS, code: "unreachable".into(), retry: RETRY }, at);
        assert_eq!(message.state, queued(at + wait.seconds(), None));
        at += wait.seconds();
    }
    tell(&mut message, Command::Claim { claim: OURS, until: at + 1.minute(), retry: RETRY }, at);
    tell(&mut message, Command::Defer { claim: OURS, code: "unreachable".into(), retry: RETRY }, at);
    assert_eq!(message.state, State::Failed { code: "unreachable".into() });
    assert_eq!(message.attempts, 3);
}

#[test]
fn no_attempt_is_planned_for_after_the_window() {
    let mut message = message(queued(now(), Some(OURS)));
    message.facts.not_after = Some(now() + 29.seconds());
    let told = message.decide(Command::Defer { claim: OURS, code: "smtp_451".into(), retry: RETRY }, now());
    assert_eq!(told, Ok(vec![Event::Failed { code: "smtp_451".into() }]));
}

#[test]
fn the_code_of_a_failure_says_why() {
    let codes: Vec<String> = states()
        .into_iter()
        .filter(|(name, _)| matches!(*name, "worn" | "outdated"))
        .map(|(_, m)| match m.decide(commands()[1].1.clone(), now()).unwrap().remove(0) {
            Event::Failed { code } => code,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(codes, ["no_outcome", "too_late"]);
}

#[test]
fn the_stored_form_is_what_the_table_searches() {
    let json = serde_json::to_value(message(queued(now(), None))).unwrap();
    assert_eq!(json["state"]["kind"], "queued");
    assert_eq!(json["state"]["next_try_at"], now().as_microsecond());
    assert_eq!(json["queued_at"], (now() - 3.hours()).as_microsecond());
}

proptest! {
    #[test]
    fn a_settled_message_stays_settled_and_two_never_hold_it(
        steps in prop::collection::vec((0..9usize, 0..400i64), 0..40)
    ) {
        let mut message = Message::default();
        let mut at = now();
        for (index, seconds) in steps {
            at += seconds.seconds();
            let command = match commands()[index].1.clone() {
                Command::Claim { retry, .. } => {
                    let claim = if seconds % 2 == 0 { OURS } else { THEIRS };
                    Command::Claim { claim, until: at + 1.minute(), retry }
                }
                other => other,
            };
            let before = message.clone();
            for event in message.decide(command, at).unwrap_or_default() {
                message.apply(&event);
            }
            if let State::Queued { next_try_at, claim: Some(_) } = before.state
                && at < next_try_at
            {
                let other = |holder: &Uuid| message.is_held_by(*holder) && !before.is_held_by(*holder);
                prop_assert!(![OURS, THEIRS].iter().any(other));
            }
            match before.status() {
                "failed" | "delivered" => prop_assert_eq!(&before, &message),
                "sent" => prop_assert!(matches!(message.status(), "sent" | "delivered")),
                "withdrawn" => prop_assert!(matches!(message.status(), "withdrawn" | "sent")),
                _ => {}
            }
            prop_assert!(message.attempts <= RETRY.max_attempts);
        }
    }
}
