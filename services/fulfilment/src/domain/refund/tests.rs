//! Every state of a refund with every command, and what is learned by asking.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use jiff::SignedDuration;

use super::{super::machine, *};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn later() -> Timestamp {
    NOW + SignedDuration::from_secs(60)
}

fn facts() -> Facts {
    Facts {
        refund_id: Uuid::from_u128(1),
        order_id: Uuid::from_u128(2),
        complaint_id: Uuid::from_u128(4),
        purchase_id: Uuid::from_u128(3),
        amount: Money::new(500, "CNY".parse().unwrap()),
        claim_id: None,
        compensation: false,
        part: None,
        by_hand: false,
    }
}

fn after(events: &[Event]) -> Refund {
    events.iter().fold(Refund::default(), |mut refund, event| {
        refund.apply(event);
        refund
    })
}

fn too_long() -> Command {
    Command::LoseTrack { attempt: 1, ask_at: later(), patience: SignedDuration::ZERO }
}

fn samples() -> [(&'static str, Refund); 15] {
    let queued = |due_at| Event::Queued { facts: facts(), payment: None, due_at };
    let sent = |result_by| after(&[queued(NOW), Event::Sent { attempt: 1, result_by }]);
    let then = |mut refund: Refund, event| {
        refund.apply(&event);
        refund
    };
    let unknown = |ask_at| then(sent(NOW), Event::OutcomeUnknown { ask_at });
    let paid = Event::Succeeded { provider_ref: "r1".into(), at: NOW, reconciled: false };
    let by_hand = || after(&[Event::Queued { facts: Facts { by_hand: true, ..facts() }, payment: None, due_at: NOW }]);
    let paid_by_hand = Event::PaidByHand { by: "staff:ana".into(), reference: "r1".into(), at: NOW };
    [
        ("absent", after(&[])),
        ("queued", after(&[queued(NOW)])),
        ("queued, not due", after(&[queued(later())])),
        ("queued again", then(unknown(NOW), Event::Requeued { due_at: NOW })),
        ("sent", sent(later())),
        ("sent, overdue", sent(NOW)),
        ("unknown", unknown(NOW)),
        ("unknown, not due", unknown(later())),
        ("unknown, told", then(unknown(NOW), Event::Overdue)),
        ("unknown, differs", then(unknown(NOW), Event::AmountDiffers)),
        ("succeeded", then(sent(NOW), paid.clone())),
        ("succeeded, contradicted", then(then(sent(NOW), paid), Event::Contradicted)),
        ("by_hand", by_hand()),
        ("paid by hand", then(by_hand(), paid_by_hand)),
        ("failed", then(sent(NOW), Event::Failed { code: "closed_account".into(), reconciled: false })),
    ]
}

#[test]
fn every_command_in_every_state() {
    let by_hand = |reference: &str| Command::PayByHand { by: "staff:ana".into(), reference: reference.into() };
    let fail = |attempt| Command::Fail { attempt, code: "closed_account".into() };
    let patience = SignedDuration::from_hours(1);
    let lose_track = |attempt| Command::LoseTrack { attempt, ask_at: later(), patience };
    let commands = [
        ("queue", Command::Queue(facts())),
        ("send", Command::Send { result_by: later() }),
        ("succeed", Command::Succeed { provider_ref: "r1".into() }),
        ("succeed otherwise", Command::Succeed { provider_ref: "r2".into() }),
        ("fail", fail(1)),
        ("fail, old attempt", fail(0)),
        ("lose track", lose_track(1)),
        ("lose track, old attempt", lose_track(0)),
        ("never seen", Command::NeverSeen { attempt: 1 }),
        ("never seen, old attempt", Command::NeverSeen { attempt: 0 }),
        ("check result", Command::CheckResult),
        ("lose track for too long", too_long()),
        ("look, too long", Command::Look { patience: SignedDuration::ZERO }),
        ("look", Command::Look { patience }),
        ("tell another amount", Command::Differ),
        ("pay by hand", by_hand("r1")),
        ("pay by hand otherwise", by_hand("r2")),
    ];
    const NONE: &str = "refund.unknown";
    const NOT: &str = "refund.not_queued";
    const WAIT: &str = "refund.not_due";
    const NEVER: &str = "refund.never_sent";
    const THEIRS: &str = "refund.not_by_hand";
    const OTHER: &str = "refund.other_reference";
    const HAND: &str = "by_hand";
    const PAID: &str = "succeeded";
    const FAIL: &str = "failed";
    const LOST: &str = "unknown";
    #[rustfmt::skip]
    let table: machine::Table<'_, 17> = &[
        //                    queue    send    succeed otherwise fail  old   lost      old  never seen old check    too long look too long, look, differ, by hand
        ("absent",           ["queued", NONE,   NONE,  NONE,  NONE,  NONE,  NONE,      NONE, NONE,     NONE, NONE,  NONE, NONE, NONE, NONE, NONE, NONE]),
        ("queued",           ["-",      "sent", NEVER, NEVER, NEVER, NEVER, "-",       "-",  "-",      "-",  "-",   "-", "queued", "-", NEVER, THEIRS, THEIRS]),
        ("queued, not due",  ["-",      WAIT,   NEVER, NEVER, NEVER, NEVER, "-",       "-",  "-",      "-",  "-",   "-", "-", "-", NEVER, THEIRS, THEIRS]),
        ("queued again",     ["-",      "sent", PAID,  PAID,  FAIL,  "-",   "-",       "-",  "-",      "-",  "-",   "-", "queued", "-", "queued", THEIRS, THEIRS]),
        ("sent",             ["-",      NOT,    PAID,  PAID,  FAIL,  "-",   LOST,      "-",  "-",      "-",  "-",   LOST, "sent", "-", "sent", THEIRS, THEIRS]),
        ("sent, overdue",    ["-",      NOT,    PAID,  PAID,  FAIL,  "-",   LOST,      "-",  "-",      "-",  LOST,  LOST, "sent", "-", "sent", THEIRS, THEIRS]),
        ("unknown",          ["-",      NOT,    PAID,  PAID,  FAIL,  "-",   LOST,      "-",  "queued", "-",  "-",   LOST, LOST, "-", LOST, THEIRS, THEIRS]),
        ("unknown, not due", ["-",      NOT,    PAID,  PAID,  FAIL,  "-",   "-",       "-",  "queued", "-",  "-",   "-", LOST, "-", LOST, THEIRS, THEIRS]),
        ("unknown, told",    ["-",      NOT,    PAID,  PAID,  FAIL,  "-",   LOST,      "-",  "queued", "-",  "-",   LOST, "-", "-", LOST, THEIRS, THEIRS]),
        ("unknown, differs", ["-",      NOT,    PAID,  PAID,  FAIL,  "-",   LOST,      "-",  "queued", "-",  "-",   LOST, LOST, "-", "-", THEIRS, THEIRS]),
        ("succeeded",        ["-",      NOT,    "-",   PAID,  PAID,  "-",   "-",       "-",  "-",      "-",  "-",   "-", "-", "-", PAID, THEIRS, THEIRS]),
        ("succeeded, contradicted", ["-", NOT,  "-",   "-",   "-",   "-",   "-",       "-",  "-",      "-",  "-",   "-", "-", "-", PAID, THEIRS, THEIRS]),
        ("by_hand",          ["-",      NOT,    NEVER, NEVER, NEVER, NEVER, "-",       "-",  "-",      "-",  "-",   "-", HAND, "-", NEVER, PAID, PAID]),
        ("paid by hand",     ["-",      NOT,    NEVER, NEVER, NEVER, NEVER, "-",       "-",  "-",      "-",  "-",   "-", "-", "-", NEVER, "-", OTHER]),
        ("failed",           ["-",      NOT,    FAIL,  FAIL,  "-",   "-",   "-",       "-",  "-",      "-",  "-",   "-", "-", "-", FAIL, THEIRS, THEIRS]),
    ];
    machine::check("refund", &samples(), &commands, table, |refund, command| {
        let events = refund.decide(command, NOW).map_err(|no| no.code())?;
        let mut next = refund.clone();
        events.iter().for_each(|event| next.apply(event));
        Ok(next)
    });
}

#[test]
fn people_are_told_once_of_a_refund_that_stays_without_an_outcome() {
    for (name, refund) in samples() {
        let told = refund.decide(too_long(), NOW).unwrap_or_default();
        let first = ["sent", "sent, overdue", "unknown", "unknown, differs"].contains(&name);
        assert_eq!(told.contains(&Event::Overdue), first, "{name}");
        assert!(told.is_empty() || told[0] == Event::OutcomeUnknown { ask_at: later() }, "{name}: it is asked further");
    }
}

#[test]
fn an_outcome_learned_by_asking_is_called_reconciled() {
    for (name, refund) in samples() {
        let told = refund.decide(Command::Succeed { provider_ref: "r1".into() }, NOW).unwrap_or_default();
        if let [Event::Succeeded { reconciled, .. }] = told.as_slice() {
            assert_eq!(*reconciled, name.starts_with("unknown"), "{name}");
        }
    }
}

#[test]
fn people_are_told_once_of_a_refund_that_nobody_sends_or_that_the_provider_says_was_another_amount() {
    for (name, mut refund) in samples() {
        for (command, event) in [
            (Command::Look { patience: SignedDuration::ZERO }, Event::Overdue),
            (Command::Differ, Event::AmountDiffers),
        ] {
            let told = refund.decide(command.clone(), NOW).unwrap_or_default();
            assert!(told.is_empty() || told == [event], "{name}");
            let state = refund.state.clone();
            told.iter().for_each(|event| refund.apply(event));
            assert_eq!(
                (refund.decide(command, NOW).unwrap_or_default(), &refund.state),
                (vec![], &state),
                "{name}: once"
            );
        }
    }
}

fn doubted() -> Refund {
    let queued = Event::Queued { facts: Facts { by_hand: true, ..facts() }, payment: None, due_at: NOW };
    after(&[queued, Event::Doubted { differs: false }])
}

fn say(by: &str, paid: bool, reference: &str) -> Command {
    Command::SettleEarlier { by: by.into(), paid, reference: reference.into() }
}

fn told(refund: &Refund, command: Command) -> Result<Refund, &'static str> {
    let events = refund.decide(command, NOW).map_err(|no| no.code())?;
    let mut next = refund.clone();
    events.iter().for_each(|event| next.apply(event));
    Ok(next)
}

#[test]
fn r_ful_05_what_is_in_doubt_is_not_paid_by_hand_before_two_people_say_what_became_of_the_earlier_attempt() {
    let pay = || Command::PayByHand { by: "staff:ana".into(), reference: "till-1".into() };
    let refund = doubted();
    assert_eq!(told(&refund, pay()), Err("refund.earlier_in_doubt"));
    let once = told(&refund, say("staff:ana", true, "st-1")).unwrap();
    assert_eq!(told(&once, say("staff:ANA", true, "st-1")), Ok(once.clone()), "one person says nothing new");
    assert_eq!(told(&once, pay()), Err("refund.earlier_in_doubt"), "one word settles nothing");
    for other in [say("staff:bo", false, "st-1"), say("staff:bo", true, "st-2")] {
        let again = told(&once, other).unwrap();
        assert!(again.is_in_doubt() && again.state == State::ByHand, "another word begins anew");
    }
    let paid = told(&once, say("staff:bo", true, "st-1")).unwrap();
    assert!(matches!(&paid.state, State::Succeeded { provider_ref, reconciled: true, .. } if provider_ref == "st-1"));
    assert_eq!((paid.paid_by.as_ref(), paid.is_in_doubt()), (None, false), "the provider paid it, nobody else");
    assert_eq!(told(&paid, say("staff:bo", true, "st-1")), Ok(paid.clone()), "said twice");
    assert_eq!(told(&paid, pay()), Err("refund.not_by_hand"));
    for word in [Command::Succeed { provider_ref: "r".into() }, Command::Fail { attempt: 0, code: "no".into() }] {
        assert_eq!(told(&paid, word), Err("refund.never_sent"));
    }

    let never = told(&told(&refund, say("staff:ana", false, "st-1")).unwrap(), say("staff:bo", false, "st-1")).unwrap();
    assert_eq!((&never.state, never.is_in_doubt()), (&State::ByHand, false));
    assert_eq!(told(&never, say("staff:bo", true, "st-9")), Err("refund.nothing_in_doubt"));
    assert!(matches!(told(&never, pay()).unwrap().state, State::Succeeded { .. }), "it may be paid now");
    assert!(told(&never, Command::Doubt { differs: false }).unwrap().is_in_doubt(), "the provider says so again");
}

#[test]
fn an_earlier_attempt_is_in_doubt_only_where_people_are_to_pay_and_told_only_by_what_had_failed() {
    for (name, refund) in samples() {
        let doubted = refund.decide(Command::Doubt { differs: false }, NOW).unwrap_or_default();
        assert_eq!(doubted, if name == "by_hand" { vec![Event::Doubted { differs: false }] } else { vec![] }, "{name}");
        let settled = refund.decide(say("staff:ana", true, "st-1"), NOW).map_err(|no| no.code());
        let expected = if name == "absent" { "refund.unknown" } else { "refund.nothing_in_doubt" };
        assert_eq!(settled.err().unwrap_or_default(), if name == "unknown, differs" { "" } else { expected }, "{name}");
        let part = Part { no: 1, attempt: 1, tender: super::super::account::TenderKind::Card, points: None };
        for (claim_id, part) in [(None, Some(part)), (Some(Uuid::from_u128(9)), None)] {
            let refund =
                Refund { facts: refund.facts.map(|facts| Facts { claim_id, part, ..facts }), ..refund.clone() };
            let told =
                refund.consequences(&Event::Contradicted).len() + refund.consequences(&Event::AmountDiffers).len();
            assert_eq!(told, if name == "failed" { 2 } else { 0 }, "{name}");
            let failed = Event::Failed { code: "closed_account".into(), reconciled: false };
            let differs = if name == "unknown, differs" { 2 } else { 1 };
            let told = if refund.facts.is_some() { differs } else { 0 };
            assert_eq!(refund.consequences(&failed).len(), told, "{name}: with the no it is in doubt what was paid");
        }
    }
}

#[test]
fn r_ful_05_what_an_earlier_attempt_paid_otherwise_is_settled_by_two_people_once_it_is_corrected() {
    let doubt = |refund: &Refund, differs| told(refund, Command::Doubt { differs }).unwrap();
    let differs = doubt(&doubted(), true);
    let pay = Command::PayByHand { by: "staff:ana".into(), reference: "till-1".into() };
    assert_eq!(told(&differs, pay.clone()), Err("refund.earlier_in_doubt"));
    assert_eq!(doubt(&differs, true), differs, "told twice");
    let once = told(&differs, say("staff:ana", true, "st-1")).unwrap();
    assert_eq!(doubt(&once, true), once, "and told again between the two words");
    assert_eq!(doubt(&once, false).doubt, doubt(&doubted(), false).doubt, "another word of the provider begins anew");
    assert!(matches!(told(&once, say("staff:bo", true, "st-1")).unwrap().state, State::Succeeded { .. }));
    let called_back = told(&differs, say("staff:ana", false, "st-1")).unwrap();
    let called_back = told(&called_back, say("staff:bo", false, "st-1")).unwrap();
    assert!(matches!(told(&called_back, pay).unwrap().state, State::Succeeded { .. }), "then it may be paid by hand");

    let claimed = Facts { claim_id: Some(Uuid::from_u128(9)), ..facts() };
    let queued = Event::Queued { facts: claimed, payment: None, due_at: NOW };
    let no = Event::Failed { code: "closed_account".into(), reconciled: false };
    let refused = after(&[queued, Event::Sent { attempt: 1, result_by: NOW }, Event::AmountDiffers, no]);
    let words = [Command::Succeed { provider_ref: "r1".into() }, Command::Fail { attempt: 1, code: "no".into() }];
    let told = [vec![Event::Contradicted, named("r1")], vec![Event::Contradicted]];
    for (word, told) in words.into_iter().zip(told) {
        assert_eq!(refused.decide(word, NOW), Ok(told), "what it paid in the end, or did not");
    }
}

#[test]
fn r_ful_05_another_amount_of_a_refund_itself_is_settled_by_two_people_and_the_provider_may_agree_later() {
    let claimed = Facts { claim_id: Some(Uuid::from_u128(9)), ..facts() };
    let queued = Event::Queued { facts: claimed, payment: None, due_at: NOW };
    let sent = after(&[queued, Event::Sent { attempt: 1, result_by: NOW }, Event::AmountDiffers]);
    assert_eq!(told(&sent, say("staff:ana", true, "st-1")), Err("refund.nothing_in_doubt"), "its answer is under way");
    let differs = told(&sent, too_long()).unwrap();
    assert!(differs.is_in_doubt());
    let (succeed, fail) =
        (Command::Succeed { provider_ref: "r1".into() }, Command::Fail { attempt: 1, code: "closed_account".into() });
    for paid in [true, false] {
        let once = told(&differs, say("staff:ana", paid, "st-1")).unwrap();
        assert_eq!(told(&once, say("staff:ANA", paid, "st-1")), Ok(once.clone()), "one person says nothing new");
        assert!(once.is_in_doubt() && once.is_unknown(), "and settles nothing");
        assert!(told(&once, too_long()).unwrap().is_in_doubt(), "it is asked about meanwhile");
        let events = once.decide(say("staff:bo", paid, "st-1"), NOW).unwrap();
        let settled = told(&once, say("staff:bo", paid, "st-1")).unwrap();
        assert_eq!(told(&settled, say("staff:ana", paid, "st-1")), Ok(settled.clone()), "said again");
        assert_eq!(settled.consequences(&events[1]).len(), 1, "the claim is paid or has failed, and is in no doubt");
        let (agrees, contradicts) = if paid { (&succeed, &fail) } else { (&fail, &succeed) };
        let kept = || paid.then(|| named("r1")).into_iter().collect();
        assert_eq!(settled.decide(agrees.clone(), NOW), Ok(kept()), "the provider says the same, and by which payment");
        let back = [Event::Contradicted].into_iter().chain((!paid).then(|| named("r1"))).collect();
        assert_eq!(settled.decide(contradicts.clone(), NOW), Ok(back), "or takes it back");
        match settled.state {
            State::Succeeded { ref provider_ref, reconciled, .. } => {
                assert!(paid && reconciled && provider_ref == "st-1")
            }
            ref other => assert_eq!(*other, State::Failed { code: "called_back".into(), reconciled: true }),
        }
    }
}

fn named(provider_ref: &str) -> Event {
    Event::Named { provider_ref: provider_ref.into() }
}

#[test]
fn r_ful_05_of_two_payments_the_provider_names_beside_what_was_settled_people_are_told_once_and_nothing_moves() {
    let claimed = Facts { claim_id: Some(Uuid::from_u128(9)), ..facts() };
    let queued = Event::Queued { facts: claimed, payment: None, due_at: NOW };
    let sent = after(&[queued, Event::Sent { attempt: 1, result_by: NOW }, Event::AmountDiffers]);
    let unknown = told(&sent, too_long()).unwrap();
    let succeed = |provider_ref: &str| Command::Succeed { provider_ref: provider_ref.into() };
    let no = Command::Fail { attempt: 1, code: "closed_account".into() };
    let settled = |paid| {
        let once = told(&unknown, say("staff:ana", paid, "st-1")).unwrap();
        told(&once, say("staff:bo", paid, "st-1")).unwrap()
    };
    for (ended, first) in [(settled(true), 1), (settled(false), 2), (told(&unknown, no).unwrap(), 2)] {
        let mut refund = ended.clone();
        for (word, events) in [("r1", first), ("r1", 0), ("r2", 1), ("r2", 0), ("r3", 0), ("r1", 0)] {
            let happened = refund.decide(succeed(word), NOW).unwrap();
            assert_eq!(happened.len(), events, "{word}: {happened:?}");
            assert_eq!(happened.contains(&Event::PaidTwice), word == "r2" && events == 1);
            happened.iter().for_each(|event| refund.apply(event));
        }
        assert_eq!((&refund.state, refund.named.as_deref()), (&ended.state, Some("r1")), "its end stands");
        assert!(refund.paid_twice);
        let follows = refund.consequences(&Event::PaidTwice).len();
        let waits = matches!(refund.state, State::Failed { .. });
        assert_eq!(follows, usize::from(waits), "what people are to pay instead is in doubt again");
        let stored = serde_json::to_value(&refund).unwrap();
        assert_eq!(serde_json::from_value::<Refund>(stored).unwrap(), refund);
    }
    let settled = settled(true);
    assert_eq!(settled.decide(succeed("st-1"), NOW), Ok(vec![]), "it is the one that people named");
}

#[test]
fn what_the_provider_ends_itself_is_in_doubt_no_more_whatever_one_person_said() {
    let queued = Event::Queued { facts: facts(), payment: None, due_at: NOW };
    let unknown = Event::OutcomeUnknown { ask_at: NOW };
    let differs = after(&[queued, Event::Sent { attempt: 1, result_by: NOW }, unknown, Event::AmountDiffers]);
    let fail = Command::Fail { attempt: 1, code: "closed_account".into() };
    for word in [Command::Succeed { provider_ref: "r1".into() }, fail] {
        let once = told(&differs, say("staff:ana", true, "st-1")).unwrap();
        assert!(once.is_in_doubt());
        let ended = told(&once, word).unwrap();
        assert!(!ended.is_in_doubt(), "{:?}", ended.state);
        assert_eq!(told(&ended, say("staff:bo", true, "st-1")), Err("refund.nothing_in_doubt"));
    }
}

#[test]
fn what_people_say_of_one_sending_settles_no_newer_one() {
    let queued = Event::Queued { facts: facts(), payment: None, due_at: NOW };
    let unknown = Event::OutcomeUnknown { ask_at: NOW };
    let differs = after(&[queued, Event::Sent { attempt: 1, result_by: NOW }, unknown, Event::AmountDiffers]);
    let once = told(&differs, say("staff:ana", false, "st-1")).unwrap();
    let queued = told(&once, Command::NeverSeen { attempt: 1 }).unwrap();
    let sent = told(&queued, Command::Send { result_by: later() }).unwrap();
    let late = told(&told(&queued, Command::Differ).unwrap(), Command::Send { result_by: later() }).unwrap();
    for sent in [sent, late] {
        let lost = Command::LoseTrack { attempt: 2, ask_at: later(), patience: SignedDuration::ZERO };
        let unknown = told(&sent, lost).unwrap();
        assert!(unknown.is_unknown() && !unknown.is_in_doubt());
        assert_eq!(told(&unknown, say("staff:bo", false, "st-1")), Err("refund.nothing_in_doubt"));
        let again = told(&unknown, Command::Differ).unwrap();
        let said = told(&again, say("staff:bo", false, "st-1")).unwrap();
        assert!(said.is_in_doubt() && said.is_unknown(), "what the other one said was said of the first sending");
    }
}
