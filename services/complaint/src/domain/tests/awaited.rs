//! An offer that waits for its answer, what he writes meanwhile, and what of it comes late, to the microsecond.
use super::{
    super::{
        care::Heard,
        command::Rejection,
        complaint::{Outcome, State},
        escalation::Trigger,
    },
    care::{tell_in_person, unreached},
    guards::sample,
    *,
};

const MICRO: SignedDuration = SignedDuration::from_micros(1);
const DAY: SignedDuration = hours(24);

fn promise(complaint: &Complaint, kind: Kind) -> kernel::promise::Standing {
    complaint.promises.last(kind).unwrap().standing.clone()
}

fn raised(events: &[Event], wanted: Trigger) -> Vec<Uuid> {
    let one = |event: &Event| match event {
        Event::Raised { trigger, escalation_id } if *trigger == wanted => Some(*escalation_id),
        _ => None,
    };
    events.iter().filter_map(one).collect()
}

#[test]
fn r_cmp_20_an_offer_nobody_answers_is_told_three_times_and_then_raised_once() {
    let mut complaint = led(&sample("ok"), [offer()]);
    assert_eq!((complaint.answer_by(), complaint.remind_at()), (Some(NOW + DAY * 9), Some(NOW + DAY * 3)));
    let mut messages = vec![complaint.offer_message()];
    for number in [2, 3] {
        let at = complaint.remind_at().unwrap();
        assert_eq!(tell(&mut complaint, Command::Care(Word::RemindDue), at - MICRO), []);
        let events = tell(&mut complaint, Command::Care(Word::RemindDue), at);
        let [Event::Care(Heard::Reminded { message_id, number: n, .. })] = events.as_slice() else {
            unreachable!("{events:?}")
        };
        assert_eq!((*n, at), (number, NOW + DAY * 3 * (i32::try_from(number).unwrap() - 1)));
        assert!(!messages.contains(message_id), "a message of its own");
        messages.push(*message_id);
    }
    let due = NOW + DAY * 9;
    assert_eq!((complaint.remind_at(), complaint.answer_by()), (None, Some(due)));
    assert_eq!(tell(&mut complaint, Command::Care(Word::AnswerDue), due), [], "the due time itself is in time");
    let events = tell(&mut complaint, Command::Care(Word::AnswerDue), due + MICRO);
    assert_eq!(events[0], Event::Care(Heard::Unanswered { due }));
    assert_eq!(raised(&events, Trigger::OfferUnanswered).len(), 1);
    assert_eq!(tell(&mut complaint, Command::Care(Word::AnswerDue), due + hours(1)), [], "once");
    assert_eq!(complaint.answer_by(), Some(due), "it stays on the list until he answers");
    assert_eq!(led(&complaint, [consent(1)]).answer_by(), None);
}

#[test]
fn an_offer_is_not_unanswered_before_he_was_told_of_it_so_often_each_with_its_time() {
    let mut complaint = led(&sample("ok"), [offer()]);
    let awake = NOW + DAY * 30;
    for (rings, by) in [(awake, awake + DAY * 6), (awake + DAY * 3, awake + DAY * 6)] {
        let events = tell(&mut complaint, Command::Care(Word::AnswerDue), rings);
        let events =
            if events.is_empty() { tell(&mut complaint, Command::Care(Word::RemindDue), rings) } else { events };
        assert!(matches!(events.as_slice(), [Event::Care(Heard::Reminded { .. })]), "{events:?}");
        assert_eq!(complaint.answer_by(), Some(by));
    }
    let events = tell(&mut complaint, Command::Care(Word::AnswerDue), awake + DAY * 6 + MICRO);
    assert_eq!(raised(&events, Trigger::OfferUnanswered).len(), 1);
    let untold = Word::OfferUntold { message_id: complaint.offer_message(), at: NOW, levels: levels() };
    let untold = led(&led(&sample("ok"), [offer()]), [Command::Care(untold)]);
    assert_eq!((untold.remind_at(), untold.answer_by()), (None, Some(NOW + DAY * 9)), "no message reaches him");
}

#[test]
fn r_cmp_05_what_he_writes_about_an_offer_ends_the_pause_when_he_wrote_it_however_late_it_is_told() {
    let offered = led(&sample("ok"), [offer()]);
    let (wrote_at, told_at) = (NOW + hours(10), NOW + hours(30));
    let mut complaint = offered.clone();
    let events = tell(&mut complaint, wrote(wrote_at), told_at);
    assert_eq!(events, [Event::Care(Heard::Wrote { at: wrote_at })]);
    assert_eq!(promise(&complaint, Kind::ResultNotice).due_at, NOW - hours(1) + hours(168 + 10));
    assert_eq!(complaint.word_by(), Some(NOW - hours(1) + hours(72 + 10)), "word is owed again");
    assert_eq!((complaint.read_by(), complaint.answer_by(), complaint.remind_at()), (Some(wrote_at + DAY), None, None));
    assert_eq!(tell(&mut complaint, wrote(wrote_at), told_at), [], "told twice");
    tell(&mut complaint, wrote(NOW + hours(5)), told_at);
    assert_eq!(complaint.read_by(), Some(NOW + hours(5) + DAY), "an earlier one that comes later counts");
    assert_eq!(promise(&complaint, Kind::ResultNotice).due_at, NOW - hours(1) + hours(168 + 5));
    // Also where his answer is on record already.
    let mut agreed = offered;
    tell(&mut agreed, consent(1), NOW + hours(40));
    assert_eq!(tell(&mut agreed, wrote(wrote_at), NOW + hours(41)), [], "it was read with the answer");
    assert_eq!(promise(&agreed, Kind::ResultNotice).due_at, NOW - hours(1) + hours(168 + 10));
    // Nothing is owed late unseen: his message shows that word was.
    let mut late = led(&sample("ok"), [offer()]);
    let events = tell(&mut late, wrote(NOW + hours(1)), NOW + hours(100));
    assert_eq!(raised(&events, Trigger::Silence).len(), 1, "{events:?}");
}

#[test]
fn what_he_wrote_waits_until_a_person_spoke_with_him_and_is_raised_when_nobody_does() {
    let mut complaint = led(&sample("ok"), [offer(), wrote(NOW)]);
    assert_eq!(tell(&mut complaint, Command::Care(Word::ReadDue), NOW + DAY), [], "the due time itself is in time");
    let events = tell(&mut complaint, Command::Care(Word::ReadDue), NOW + DAY + MICRO);
    assert_eq!(events[0], Event::Care(Heard::Unread { due: NOW + DAY }));
    let escalation = raised(&events, Trigger::Unread);
    assert_eq!(complaint.care.awaited.unread_raised, escalation.first().copied());
    assert_eq!(tell(&mut complaint, Command::Care(Word::ReadDue), NOW + DAY * 2), [], "once");
    let at = NOW + DAY * 2;
    let events = tell(&mut complaint, word("hotline"), at);
    let until = Some(NOW + DAY * 11);
    assert_eq!(events.last(), Some(&Event::Care(Heard::Read { at, until })));
    assert_eq!((complaint.unread(), complaint.answer_by()), (false, until), "he has his time from then");
    assert_eq!(complaint.word_by(), Some(at + hours(72)), "an offer he wrote about stands still no more");
    tell(&mut complaint, word("hotline"), at + hours(1));
    assert_eq!(complaint.word_by(), Some(at + hours(73)));
    tell(&mut complaint, wrote(at + hours(2)), at + hours(2));
    assert_eq!((complaint.read_by(), complaint.care.awaited.unread_raised), (Some(at + hours(2) + DAY), None));
    assert!(!led(&complaint, [decline(1)]).unread(), "his answer is what he said");
}

#[test]
fn r_cmp_11_what_he_writes_when_asked_stops_the_asking_and_the_close() {
    let mut complaint = led(&sample("s3"), [wrote(NOW + hours(150))]);
    assert!(complaint.unread() && complaint.ask_at().is_none());
    let armed = crate::deadlines::of_complaint(&complaint);
    assert_eq!(armed, [("read_by", NOW + hours(150) + DAY + MICRO)], "nothing closes it by itself");
    assert_eq!(tell(&mut complaint, Command::SilenceDue, NOW + DAY * 30), []);
    assert_eq!(led(&complaint, [satisfied(true)]).state.name(), "closed");
    assert_eq!(led(&complaint, [satisfied(false)]).state.name(), "investigating");
    // Who only asked something has his time again.
    let at = NOW + DAY * 31;
    tell(&mut complaint, word("hotline"), at);
    assert_eq!(complaint.state, State::SatisfactionCheck { silent_at: at + hours(72) });
    tell(&mut complaint, Command::SilenceDue, at + hours(72));
    assert_eq!(complaint.state, State::Closed { outcome: Outcome::Unconfirmed, at: at + hours(72) });
}

#[test]
fn r_cmp_11_what_he_said_before_an_unconfirmed_close_corrects_it_and_what_he_said_after_it_is_an_appeal() {
    let closed_at = NOW + DAY * 9;
    let closed = sample("un");
    let mut complaint = closed.clone();
    let events = tell(&mut complaint, said(true, closed_at), NOW + DAY * 20);
    let feedback = Heard::Feedback { satisfied: true, channel: None, at: closed_at };
    assert_eq!(events, [Event::Care(feedback), Event::Care(Heard::Confirmed { closed_at })]);
    assert_eq!(complaint.state, State::Closed { outcome: Outcome::Satisfied, at: closed_at });
    let mut complaint = closed.clone();
    let events = tell(&mut complaint, said(false, NOW + DAY * 5), NOW + DAY * 20);
    assert!(matches!(events.first(), Some(Event::Reopened { .. })), "{events:?}");
    let last = matches!(events.last(), Some(Event::Dissatisfied { trigger: Trigger::Dissatisfied, .. }));
    assert!(last && complaint.state == State::Investigating, "{events:?}");
    assert_eq!(promise(&complaint, Kind::ResultNotice).due_at, NOW + DAY * 5 + hours(168), "owed since he said it");
    let refused = |command, at| closed.decide(command, at).unwrap_err().code();
    assert_eq!(refused(said(true, closed_at + MICRO), NOW + DAY * 20), "complaint.not_now");
    assert_eq!(refused(satisfied(true), NOW + DAY * 20), "complaint.not_now");
    assert_eq!(refused(said(true, NOW - MICRO), NOW + DAY * 20), "complaint.said_out_of_time");
    // What he wrote before the close and is told later must be read as well.
    let mut wrote_before = closed.clone();
    tell(&mut wrote_before, wrote(closed_at + MICRO), NOW + DAY * 20);
    assert!(!wrote_before.unread(), "what he writes after it is for the case");
    tell(&mut wrote_before, wrote(closed_at), NOW + DAY * 20);
    assert!(wrote_before.unread() && wrote_before.read_by() == Some(closed_at + DAY));
    let mut spoken = wrote_before.clone();
    tell(&mut spoken, word("hotline"), NOW + DAY * 21);
    assert!(!spoken.unread() && spoken.state == closed.state && spoken.word_by().is_none(), "and owes nothing anew");
    tell(&mut wrote_before, said(true, closed_at), NOW + DAY * 21);
    assert!(!wrote_before.unread());
}

#[test]
fn r_cmp_10_a_result_told_by_a_person_is_judged_by_when_it_was_told() {
    let executed = sample("ed");
    let (due, class_due) = (executed.tell_by().unwrap(), promise(&executed, Kind::ResultNotice).due_at);
    for (told_at, late) in [(due, false), (due + MICRO, true)] {
        let mut complaint = executed.clone();
        tell(&mut complaint, Command::Care(Word::ResultDue), due + MICRO);
        tell(&mut complaint, Command::PromiseDue, class_due + hours(9));
        let events = tell(&mut complaint, tell_in_person(Some(told_at)), class_due + hours(10));
        let told = Event::ResultTold { message_id: None, channel: Some("hotline".into()), at: told_at };
        assert_eq!(events.last(), Some(&told));
        assert_eq!((complaint.care.result_late, complaint.state.name()), (late, "satisfaction_check"));
        assert_eq!(promise(&complaint, Kind::ResultNotice).state, Standing::Met);
    }
    for wrong in [NOW - MICRO, due + hours(1)] {
        assert_eq!(executed.decide(tell_in_person(Some(wrong)), due), Err(Rejection::SaidOutOfTime(wrong)));
    }
}

#[test]
fn r_cmp_11_a_call_in_vain_is_one_of_the_questions_and_leaves_its_time() {
    let mut complaint = sample("sc");
    for (hour, asked, silent_at) in [(1, 2, 216), (80, 3, 216), (200, 4, 272)] {
        tell(&mut complaint, unreached(Some(NOW + hours(hour))), NOW + hours(hour));
        assert_eq!(complaint.care.asked, asked);
        assert_eq!(complaint.state, State::SatisfactionCheck { silent_at: NOW + hours(silent_at) });
    }
    assert_eq!(complaint.ask_at(), None);
    tell(&mut complaint, Command::SilenceDue, NOW + hours(272));
    assert_eq!(complaint.state, State::Closed { outcome: Outcome::Unconfirmed, at: NOW + hours(272) });
    let early = sample("sc").decide(unreached(Some(NOW - MICRO)), NOW);
    assert_eq!(early, Err(Rejection::SaidOutOfTime(NOW - MICRO)));
}

#[test]
fn r_cmp_11_questions_that_can_never_be_sent_end_unconfirmed_and_never_satisfied() {
    let (mut complaint, mut at, mut failed) = (sample("sc"), NOW, 0);
    while complaint.open() && at < NOW + DAY * 90 {
        at += hours(1);
        let asked = tell(&mut complaint, Command::Care(Word::AskDue), at);
        if let Some(Event::Care(Heard::AskedAgain { message_id, .. })) = asked.first() {
            failed += 1;
            tell(&mut complaint, Command::Care(Word::Unasked { message_id: *message_id }), at);
        }
        tell(&mut complaint, Command::SilenceDue, at);
    }
    assert_eq!(failed, CARE.tries, "so often, and no more");
    assert!(matches!(complaint.state, State::Closed { outcome: Outcome::Unconfirmed, .. }), "{:?}", complaint.state);
}

#[test]
fn r_cmp_12_an_appeal_is_managements_to_know_and_owes_from_when_he_sent_it() {
    let closed = led(&sample("sc"), [satisfied(true)]);
    let sent = NOW + hours(5);
    let appeal = Command::Appeal { said_at: Some(sent), levels: levels() };
    let mut complaint = closed.clone();
    let events = tell(&mut complaint, appeal.clone(), NOW + hours(30));
    assert_eq!(events.first(), Some(&Event::Reopened { at: sent }));
    assert_eq!(raised(&events, Trigger::Dissatisfied).len(), 1);
    let due = |kind| promise(&complaint, kind).due_at;
    assert_eq!((due(Kind::SolutionOffer), due(Kind::ResultNotice)), (sent + hours(96), sent + hours(168)));
    assert_eq!(complaint.word_by(), Some(sent + hours(72)));
    // Who types it in too late has left him without word.
    let mut late = closed;
    tell(&mut late, appeal, sent + hours(72) + MICRO);
    let events = tell(&mut late, Command::PromiseDue, sent + hours(72) + MICRO);
    assert_eq!(raised(&events, Trigger::Silence).len(), 1, "{events:?}");
}

#[test]
fn who_withdraws_is_owed_nothing_from_when_he_said_it() {
    let withdraw = |said_at| Command::Withdraw { channel: "hotline".into(), said_at, levels: levels() };
    let mut complaint = sample("ig");
    let due = NOW - hours(1) + DAY;
    tell(&mut complaint, Command::PromiseDue, due + hours(1));
    assert!(complaint.late(Kind::FirstInvestigation));
    let mut in_time = complaint.clone();
    tell(&mut in_time, withdraw(Some(due)), due + hours(2));
    assert!(!in_time.late(Kind::FirstInvestigation), "he had said so in time");
    assert_eq!(in_time.state, State::Closed { outcome: Outcome::Withdrawn, at: due + hours(2) });
    tell(&mut complaint, withdraw(Some(due + MICRO)), due + hours(2));
    assert!(complaint.late(Kind::FirstInvestigation));
    // A silence that began after he said it ends as well.
    let mut spoken = sample("in");
    tell(&mut spoken, word("hotline"), NOW + hours(9));
    tell(&mut spoken, withdraw(Some(NOW)), NOW + hours(10));
    assert!(spoken.promises.iter().all(|(_, promise)| !promise.standing.state.open()));
    let early = sample("in").decide(withdraw(Some(NOW - hours(2))), NOW);
    assert_eq!(early, Err(Rejection::SaidOutOfTime(NOW - hours(2))));
}

#[test]
fn r_cmp_05_the_answer_to_the_case_at_intake_is_word_of_us() {
    let responded = |at| Command::Care(Word::Responded { at, levels: levels() });
    let mut complaint = sample("re");
    tell(&mut complaint, responded(NOW + hours(20)), NOW + hours(21));
    assert_eq!(complaint.word_by(), Some(NOW + hours(92)));
    assert_eq!(tell(&mut complaint, responded(NOW + hours(20)), NOW + hours(22)), [], "told twice");
    assert_eq!(tell(&mut complaint, responded(NOW - hours(2)), NOW + hours(22)), [], "before it was a complaint");
}

#[test]
fn complaints_stored_before_anything_was_awaited_are_read_and_promise_nothing_new() {
    let mut json = serde_json::to_value(sample("of")).unwrap();
    assert!(json["care"].as_object_mut().unwrap().remove("awaited").is_some());
    for term in ["offer_answer", "offer_tries", "read_within"] {
        assert!(json["facts"]["terms"]["care"].as_object_mut().unwrap().remove(term).is_some());
    }
    let mut old: Complaint = serde_json::from_value(json).unwrap();
    assert_eq!((old.answer_by(), old.remind_at(), old.read_by()), (None, None, None));
    assert!(tell(&mut old, Command::Care(Word::AnswerDue), NOW + DAY * 99).is_empty());
    tell(&mut old, wrote(NOW + hours(1)), NOW + hours(1));
    assert_eq!(old.read_by(), Some(NOW + hours(1)), "what he writes is never lost");
    assert_eq!(led(&old, [consent(1)]).state.name(), "agreed");
}

#[test]
fn r_cmp_05_what_he_writes_about_an_offer_is_owed_a_word_also_when_he_had_one_meanwhile() {
    let mut complaint = sample("of");
    tell(&mut complaint, word("hotline"), NOW + hours(1));
    assert_eq!(complaint.word_by(), None, "he has the offer");
    tell(&mut complaint, wrote(NOW + hours(2)), NOW + hours(3));
    assert_eq!(complaint.word_by(), Some(NOW + hours(2 + 72)));
    tell(&mut complaint, wrote(NOW + hours(2)), NOW + hours(4));
    let silences = complaint.promises.iter().filter(|(kind, _)| *kind == Kind::ProgressSilence);
    assert_eq!((complaint.word_by(), silences.count()), (Some(NOW + hours(2 + 72)), 2), "said twice is said once");
}
