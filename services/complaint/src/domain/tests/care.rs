//! What the customer hears: every state against every step of the conversation, and the terms to the microsecond.
use kernel::sla::Kind;

use super::{
    super::{
        care::{Heard, Word},
        command::Rejection,
        complaint::{Outcome, State},
        escalation::{Level, Trigger},
    },
    guards::sample,
    *,
};

const MICRO: SignedDuration = SignedDuration::from_micros(1);

/// `=` nothing happens, `t` it is told, `T` the result is, `o` a message is ordered, `!` it is late, `a` he is asked again,
/// `v` in vain, `m` he is told of the offer again, `w` he wrote, `u` a person must tell or ask him, else the refusal: `?` there is none, `x` not now.
const TABLE: &str = "
                   ab re as ig in dr td ap a2 ok of o3 ow ag gu ex er eg fa ed sc s3 sw un cl wi
    told            ?  t  t  t  t  t  t  t  t  t  t  t  t  t  t  t  t  t  t  t  t  t  t  x  x  x
    order           ?  o  o  o  o  o  o  o  o  o  o  o  o  o  o  o  o  o  o  o  o  o  o  x  x  x
    left_unknown    =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    word_due        =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    .._and_over     =  !  !  !  !  !  !  !  !  !  =  =  !  !  !  !  !  !  !  !  =  =  =  =  =  =
    result_due      =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    .._and_over     =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  !  =  =  =  =  =  =
    ask_early       =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    ask_due         =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  a  =  =  =  =  =
    unasked         =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  u  =  =  =  =
    .._another      =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    offer_untold    =  =  =  =  =  =  =  =  =  =  u  u  u  =  =  =  =  =  =  =  =  =  =  =  =  =
    .._another      =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    wrote           =  =  =  =  =  =  =  =  =  =  w  w  =  =  =  =  =  =  =  =  w  w  =  w  =  =
    .._before       =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    responded       =  t  t  t  t  t  t  t  t  t  t  t  t  t  t  t  t  t  t  t  t  t  t  =  =  =
    tell_result     ?  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  T  x  x  x  x  x  x
    unreached       ?  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  x  v  v  v  x  x  x
    remind_early    =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    remind_due      =  =  =  =  =  =  =  =  =  =  m  m  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    answer_due      =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    .._and_over     =  =  =  =  =  =  =  =  =  =  m  m  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    read_due        =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    .._and_over     =  =  =  =  =  =  =  =  =  =  =  =  !  =  =  =  =  =  =  =  =  =  !  =  =  =
";

fn untold(message_id: Uuid, at: Timestamp) -> Command {
    Command::Care(Word::OfferUntold { message_id, at, levels: levels() })
}

fn responded(at: Timestamp) -> Command {
    Command::Care(Word::Responded { at, levels: levels() })
}

pub fn tell_in_person(told_at: Option<Timestamp>) -> Command {
    Command::Care(Word::TellResult { channel: "hotline".into(), told_at, levels: levels() })
}

pub fn unreached(tried_at: Option<Timestamp>) -> Command {
    Command::Care(Word::Unreached { channel: "hotline".into(), tried_at })
}

fn left(message_id: Uuid, at: Timestamp) -> Command {
    Command::Care(Word::Left { message_id, at, levels: levels() })
}

fn letter(event: &Event) -> Option<&'static str> {
    Some(match event {
        Event::Care(Heard::Told { .. }) => "t",
        Event::Care(Heard::Ordered { .. }) => "o",
        Event::Care(Heard::TooSilent { .. } | Heard::ResultLate { .. } | Heard::Unread { .. }) => "!",
        Event::Care(Heard::Wrote { .. }) => "w",
        Event::Care(Heard::Unreached { .. }) => "v",
        Event::Care(Heard::Reminded { .. }) => "m",
        Event::ResultTold { .. } => "T",
        Event::Care(Heard::AskedAgain { .. }) => "a",
        Event::Care(Heard::Unasked { .. }) | Event::Raised { trigger: Trigger::ResultUntold, .. } => "u",
        _ => return None,
    })
}

#[test]
fn r_cmp_05_every_state_answers_every_word() {
    let mut rows = TABLE.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|row| !row.is_empty());
    let columns = rows.next().unwrap();
    let rows: Vec<_> = rows.collect();
    let samples = samples();
    assert_eq!(columns, samples.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    let mut wrong = Vec::new();
    for (column, (name, complaint)) in samples.iter().enumerate() {
        let word_by = complaint.care.heard_at.unwrap_or(NOW) + hours(72);
        let words = [
            (word("hotline"), NOW),
            (Command::Care(Word::Order), NOW),
            (left(Uuid::from_u128(97), NOW), NOW),
            (Command::PromiseDue, word_by),
            (Command::PromiseDue, word_by + MICRO),
            (Command::Care(Word::ResultDue), NOW + hours(24)),
            (Command::Care(Word::ResultDue), NOW + hours(24) + MICRO),
            (Command::Care(Word::AskDue), NOW + hours(72) - MICRO),
            (Command::Care(Word::AskDue), NOW + hours(72)),
            (Command::Care(Word::Unasked { message_id: complaint.question(2) }), NOW),
            (Command::Care(Word::Unasked { message_id: Uuid::from_u128(97) }), NOW),
            (untold(complaint.offer_message(), NOW), NOW),
            (untold(Uuid::from_u128(97), NOW), NOW),
            (wrote(NOW + hours(1)), NOW + hours(1)),
            (wrote(NOW - hours(2)), NOW),
            (responded(NOW + hours(1)), NOW + hours(1)),
            (tell_in_person(None), NOW),
            (unreached(None), NOW),
            (Command::Care(Word::RemindDue), NOW + hours(72) - MICRO),
            (Command::Care(Word::RemindDue), NOW + hours(72)),
            (Command::Care(Word::AnswerDue), NOW + hours(9 * 24)),
            (Command::Care(Word::AnswerDue), NOW + hours(9 * 24) + MICRO),
            (Command::Care(Word::ReadDue), NOW + hours(24)),
            (Command::Care(Word::ReadDue), NOW + hours(24) + MICRO),
        ];
        assert_eq!(words.len(), rows.len(), "one row a word");
        for (row, (command, at)) in rows.iter().zip(words) {
            let got = match complaint.decide(command, at) {
                Err(Rejection::Unknown) => "?",
                Err(Rejection::NotNow(_)) => "x",
                Err(_) => "other",
                Ok(events) => events.iter().find_map(letter).unwrap_or("="),
            };
            if got != row[column + 1] {
                wrong.push(format!("{name} told {} answers {got}, not {}", row[0], row[column + 1]));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn r_cmp_05_a_silence_is_noted_once_and_ends_with_the_next_word() {
    let mut complaint = sample("in");
    let due = complaint.word_by().unwrap();
    assert_eq!(due, NOW - hours(1) + hours(72), "it runs from when he came to us");
    let events = tell(&mut complaint, Command::PromiseDue, due + hours(5));
    assert!(
        matches!(events.as_slice(), [Event::Care(Heard::TooSilent { due: at }), Event::Raised { trigger: Trigger::Silence, .. }] if *at == due)
    );
    assert_eq!((complaint.word_by(), complaint.escalation_level), (None, Some(Level::Management)));
    let events = tell(&mut complaint, Command::Care(Word::Order), due + hours(6));
    let ordered = |event: &Event| match event {
        Event::Care(Heard::Ordered { message_id }) => Some(*message_id),
        _ => None,
    };
    let message_id = events.iter().find_map(ordered).unwrap();
    let sent = due + hours(7);
    tell(&mut complaint, Command::Care(Word::Left { message_id, at: sent, levels: levels() }), due + hours(9));
    assert_eq!(complaint.word_by(), Some(sent + hours(72)), "from when the message left");
    // An earlier word that is reported late does not shorten it.
    complaint.apply(&Event::Care(Heard::Told { at: sent - hours(2), channel: "hotline".into() }));
    assert_eq!(complaint.word_by(), Some(sent + hours(72)));
}

#[test]
fn r_cmp_10_a_late_result_is_late_whoever_notices_first() {
    let executed = sample("ed");
    let due = executed.tell_by().unwrap();
    assert_eq!(due, NOW + hours(24));
    let (mut noticed, mut heard_late) = (executed.clone(), executed.clone());
    tell(&mut noticed, Command::Care(Word::ResultDue), due + hours(9));
    let tell_late = told(executed.result_message(), due + MICRO);
    tell(&mut noticed, tell_late.clone(), due + hours(10));
    let events = tell(&mut heard_late, tell_late, due + hours(10));
    assert!(matches!(events.first(), Some(Event::Care(Heard::ResultLate { .. }))), "{events:?}");
    assert_eq!(noticed, heard_late);
    let in_time = told(executed.result_message(), due);
    let mut kept = executed.clone();
    let events = tell(&mut kept, in_time, due + hours(10));
    assert!(
        matches!(events.as_slice(), [Event::ResultTold { .. }]),
        "it left in time, whenever we hear of it: {events:?}"
    );
}

#[test]
fn r_cmp_10_who_is_dissatisfied_with_a_result_told_too_late_is_escalated_beside_the_lateness() {
    let mut complaint = sample("ed");
    let due = complaint.tell_by().unwrap();
    let events = tell(&mut complaint, satisfied(false), due + hours(1));
    let late = events.iter().find_map(|event| match event {
        Event::Raised { trigger: Trigger::ResultLate, escalation_id, .. } => Some(*escalation_id),
        _ => None,
    });
    let dissatisfied = events.iter().find_map(|event| match event {
        Event::Dissatisfied { escalation_id, .. } => Some(*escalation_id),
        _ => None,
    });
    assert!(late.is_some() && dissatisfied.is_some() && late != dissatisfied, "{events:?}");
}

#[test]
fn r_cmp_11_what_the_customer_said_earlier_counts_from_then_and_never_from_the_future_or_before_he_was_asked() {
    let refused = |complaint: &Complaint, command: Command, now| complaint.decide(command, now).unwrap_err().code();
    let out_of_time = "complaint.said_out_of_time";
    // Our delay in writing it down is not his.
    let offered = led(&sample("ok"), [offer()]);
    let said = |said_at| Command::RecordDecline { version: 1, said_at: Some(said_at), levels: levels() };
    let mut declined = offered.clone();
    tell(&mut declined, said(NOW + hours(2)), NOW + hours(30));
    let result = declined.promises.last(Kind::ResultNotice).unwrap();
    assert_eq!(result.standing.due_at, NOW - hours(1) + hours(168 + 2), "it waited for two hours");
    assert_eq!(declined.care.heard_at, Some(NOW + hours(2)));
    for wrong in [NOW + hours(31), NOW - MICRO] {
        assert_eq!(refused(&offered, said(wrong), NOW + hours(30)), out_of_time);
    }
    // An appeal that was sent in its term is in time, whenever it is typed in.
    let closed = led(&sample("sc"), [satisfied(true)]);
    let appealed = |said_at| Command::Appeal { said_at: Some(said_at), levels: levels() };
    let term = NOW + hours(14 * 24);
    assert!(closed.decide(appealed(term), term + hours(20)).is_ok());
    assert_eq!(refused(&closed, appealed(term + MICRO), term + hours(20)), "complaint.term_over");
    assert_eq!(refused(&closed, appealed(NOW - MICRO), term), out_of_time);
    let word = Command::RecordSatisfaction {
        satisfied: true,
        channel: Some("questionnaire".into()),
        said_at: Some(NOW + hours(1)),
        levels: levels(),
    };
    let events = sample("sc").decide(word, NOW + hours(5)).unwrap();
    let told = Heard::Feedback { satisfied: true, channel: Some("questionnaire".into()), at: NOW + hours(1) };
    assert_eq!(events.first(), Some(&Event::Care(told)));
}

#[test]
fn r_cmp_11_he_is_asked_three_times_before_silence_closes_it_unconfirmed() {
    let mut complaint = sample("sc");
    for number in [2, 3] {
        let at = complaint.ask_at().unwrap();
        assert_eq!(at, NOW + hours(72) * (number - 1));
        let events = tell(&mut complaint, Command::Care(Word::AskDue), at);
        assert!(
            matches!(events.as_slice(), [Event::Care(Heard::AskedAgain { number: n, .. })] if i64::from(*n) == i64::from(number))
        );
    }
    assert_eq!((complaint.ask_at(), complaint.care.asked), (None, 3));
    tell(&mut complaint, Command::SilenceDue, NOW + hours(9 * 24));
    assert_eq!(complaint.state, State::Closed { outcome: Outcome::Unconfirmed, at: NOW + hours(9 * 24) });
}

#[test]
fn r_cmp_11_silence_counts_only_after_all_questions_and_each_leaves_its_time_for_the_answer() {
    // Nobody looked at the clock for weeks, and then at the end first.
    let mut complaint = sample("sc");
    let awake = NOW + hours(500);
    for (number, rings) in [(2, Command::SilenceDue), (3, Command::Care(Word::AskDue))] {
        let at = awake + hours(72) * (number - 2);
        let events = tell(&mut complaint, rings, at);
        let [Event::Care(Heard::AskedAgain { number: n, silent_at, .. })] = events.as_slice() else {
            unreachable!("{events:?}")
        };
        assert_eq!((i64::from(*n), *silent_at), (i64::from(number), awake + hours(144)));
        assert_eq!(tell(&mut complaint, Command::SilenceDue, at), []);
    }
    tell(&mut complaint, Command::SilenceDue, awake + hours(144));
    assert_eq!(complaint.state, State::Closed { outcome: Outcome::Unconfirmed, at: awake + hours(144) });
}

#[test]
fn r_cmp_11_a_question_that_could_not_be_sent_does_not_count_and_a_person_learns_of_it() {
    let mut complaint = sample("s3");
    let failed = Command::Care(Word::Unasked { message_id: complaint.question(3) });
    let at = NOW + hours(145);
    let events = tell(&mut complaint, failed, at);
    assert!(matches!(
        events.as_slice(),
        [Event::Care(Heard::Unasked { .. }), Event::Raised { trigger: Trigger::ResultUntold, .. }]
    ));
    assert_eq!((complaint.care.asked, complaint.ask_at()), (2, Some(at + hours(72))));
    assert_eq!(tell(&mut complaint, Command::SilenceDue, NOW + hours(9 * 24)), [], "the end has moved");
    let events = tell(&mut complaint, Command::Care(Word::AskDue), at + hours(72));
    let [Event::Care(Heard::AskedAgain { message_id, number: 3, .. })] = events.as_slice() else {
        unreachable!("{events:?}")
    };
    assert_ne!(*message_id, sample("s3").question(3), "another message");
    let again = Command::Care(Word::Unasked { message_id: *message_id });
    assert_eq!(tell(&mut complaint, again, at + hours(73)).len(), 1, "raised once");
    for hour in [145, 217] {
        tell(&mut complaint, Command::Care(Word::AskDue), at + hours(hour));
        tell(&mut complaint, Command::SilenceDue, at + hours(hour));
    }
    assert_eq!(complaint.state.name(), "closed", "asked often enough in the end");
}

#[test]
fn r_cmp_05_a_message_of_progress_is_known_when_a_draft_was_made_meanwhile() {
    let mut complaint = sample("in");
    let ordered = tell(&mut complaint, Command::Care(Word::Order), NOW);
    let [Event::Care(Heard::Ordered { message_id })] = ordered.as_slice() else { unreachable!("{ordered:?}") };
    let drafted = led(&complaint, [draft(&[RemedyKind::Guidance])]);
    let before = ["progress", &complaint.result_message().to_string(), "1"];
    for message_id in [*message_id, kernel::id::derived("message", &before)] {
        let mut drafted = drafted.clone();
        let events = tell(&mut drafted, left(message_id, NOW + hours(1)), NOW + hours(1));
        assert!(matches!(events.as_slice(), [Event::Care(Heard::Told { .. })]), "{events:?}");
        assert_eq!(drafted.word_by(), Some(NOW + hours(73)));
    }
}

#[test]
fn r_cmp_10_nothing_is_told_by_a_time_when_what_was_executed_is_withdrawn() {
    let mut withdrawn = sample("wi");
    // As it was stored before it was cleared.
    for executed_at in [None, Some(NOW)] {
        withdrawn.care.executed_at = executed_at;
        let armed = crate::deadlines::of_complaint(&withdrawn);
        assert_eq!((withdrawn.tell_by(), armed), (None, vec![]));
        assert_eq!(withdrawn.decide(Command::Care(Word::ResultDue), NOW + hours(25)), Ok(vec![]));
        assert_eq!(led(&withdrawn, [appeal()]).tell_by(), None);
    }
    assert_eq!(sample("wi").care.executed_at, None);
}

#[test]
fn r_cmp_10_a_result_told_in_time_and_heard_of_late_is_not_late() {
    let mut complaint = sample("ed");
    let due = complaint.tell_by().unwrap();
    let events = tell(&mut complaint, Command::Care(Word::ResultDue), due + MICRO);
    let [Event::Care(Heard::ResultLate { .. }), Event::Raised { escalation_id, .. }] = events.as_slice() else {
        unreachable!("{events:?}")
    };
    let told_in_time = told(complaint.result_message(), due);
    let late = led(&complaint, [told(complaint.result_message(), due + MICRO)]);
    assert!(late.care.result_late, "late stays late");
    let events = tell(&mut complaint, told_in_time, due + hours(1));
    let back = Event::Care(Heard::ResultInTime { due, escalation_id: Some(*escalation_id) });
    assert_eq!(events.first(), Some(&back));
    assert!(!complaint.care.result_late);
}

#[test]
fn r_cmp_10_an_offer_that_could_not_be_sent_waits_for_nobody() {
    let mut complaint = led(&sample("ok"), [offer()]);
    let at = NOW + hours(10);
    let message_id = kernel::id::derived("message", &["offer", &Uuid::from_u128(1).to_string(), "1"]);
    let events = tell(&mut complaint, untold(message_id, at), at);
    assert!(matches!(events.as_slice(), [Event::Raised { trigger: Trigger::ResultUntold, .. }]), "{events:?}");
    assert_eq!(tell(&mut complaint, untold(message_id, at), at), [], "once");
    let stands = |kind| complaint.promises.last(kind).unwrap().standing.clone();
    for kind in [Kind::ResultNotice, Kind::ProgressSilence] {
        assert_eq!(stands(kind).state, Standing::Running);
    }
    assert_eq!(stands(Kind::ResultNotice).due_at, NOW - hours(1) + hours(168 + 10));
    tell(&mut complaint, word("hotline"), at + hours(1));
    assert_eq!(complaint.word_by(), Some(at + hours(73)), "word is owed again");
    assert_eq!(led(&complaint, [consent(1)]).state.name(), "agreed", "told in person he can answer");
}

#[test]
fn r_cmp_05_a_word_in_time_takes_a_breach_back_also_while_his_answer_is_waited_for() {
    let mut complaint = sample("ok");
    let due = complaint.word_by().unwrap();
    let ordered = tell(&mut complaint, Command::Care(Word::Order), NOW);
    let [Event::Care(Heard::Ordered { message_id })] = ordered.as_slice() else { unreachable!("{ordered:?}") };
    tell(&mut complaint, Command::PromiseDue, due + hours(1));
    assert!(complaint.without_word());
    tell(&mut complaint, offer(), due + hours(2));
    tell(&mut complaint, left(*message_id, due), due + hours(3));
    assert!(!complaint.late(Kind::ProgressSilence) && complaint.word_by().is_none(), "nothing new is owed yet");
}

#[test]
fn a_complaint_from_before_these_terms_is_promised_nothing_new() {
    let mut json = serde_json::to_value(sample("ig")).unwrap();
    for field in ["care", "promises"] {
        assert!(json.as_object_mut().unwrap().remove(field).is_some());
    }
    for term in ["care", "silence"] {
        assert!(json["facts"]["terms"].as_object_mut().unwrap().remove(term).is_some());
    }
    let old: Complaint = serde_json::from_value(json).unwrap();
    assert_eq!((old.word_by(), old.tell_by(), old.ask_at()), (None, None, None));
}

#[test]
fn d8_r_cmp_05_a_result_told_before_a_later_word_leaves_nothing_owed() {
    let executed = sample("ed");
    let later = NOW + hours(2);
    let mut complaint = executed.clone();
    tell(&mut complaint, word("hotline"), later);
    for result in [told(complaint.result_message(), NOW + hours(1)), tell_in_person(Some(NOW + hours(1)))] {
        let mut complaint = complaint.clone();
        tell(&mut complaint, result, later + hours(1));
        tell(&mut complaint, satisfied(true), later + hours(2));
        assert!(matches!(complaint.state, State::Closed { .. }));
        assert!(
            complaint.promises.iter().all(|(_, promise)| !promise.standing.state.open()),
            "{:?}",
            complaint.promises
        );
        assert_eq!(complaint.decide(Command::PromiseDue, later + hours(999)), Ok(vec![]));
    }
}

#[test]
fn r_cmp_10_an_offer_that_did_not_reach_him_stopped_his_time_until_that_was_known() {
    let offered = sample("of");
    let due = |at, now| {
        let mut complaint = offered.clone();
        let untold = untold(complaint.offer_message(), at);
        tell(&mut complaint, untold, now);
        complaint.promises.last(Kind::ResultNotice).unwrap().standing.due_at
    };
    assert_eq!(due(NOW + hours(1), NOW + hours(9)), due(NOW + hours(1), NOW + hours(1)), "whenever it is heard of");
}

#[test]
fn r_cmp_10_the_result_is_owed_from_the_end_of_the_last_remedy_whenever_that_is_heard_of() {
    let agreed = sample("ag");
    let people = Command::CompleteRemedy { remedy_id: remedy(&agreed, 1), done: None };
    for (people_at, order_at, ended) in [(1, 3, 3), (3, 1, 3)] {
        let mut complaint = agreed.clone();
        tell(&mut complaint, people.clone(), NOW + hours(people_at));
        let order = settled_at(&agreed, 0, true, NOW + hours(order_at));
        tell(&mut complaint, order, NOW + hours(5));
        assert_eq!(complaint.care.executed_at, Some(NOW + hours(ended)));
    }
}
