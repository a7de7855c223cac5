//! What the customer hears: every state against every step of the conversation, and the terms to the microsecond.
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

/// `=` nothing happens, `t` it is told, `o` a message is ordered, `!` it is escalated, `a` he is asked again, else
/// the refusal: `?` there is none, `x` not now.
const TABLE: &str = "
                 ab re as ig in dr td ap a2 ok of o3 ag gu ex fa ed sc cl
    told          ?  t  t  t  t  t  t  t  t  t  t  t  t  t  t  t  t  t  x
    order         ?  o  o  o  o  o  o  o  o  o  o  o  o  o  o  o  o  o  x
    left_unknown  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    word_due      =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    .._and_over   =  !  !  !  !  !  !  !  !  !  =  =  !  !  !  !  !  =  =
    result_due    =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    .._and_over   =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  !  =  =
    ask_early     =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    ask_due       =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  a  =
";

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
        let left = Word::Left { message_id: Uuid::from_u128(97), at: NOW, levels: levels() };
        let words = [
            (word("hotline"), NOW),
            (Command::Care(Word::Order), NOW),
            (Command::Care(left), NOW),
            (Command::PromiseDue, word_by),
            (Command::PromiseDue, word_by + MICRO),
            (Command::Care(Word::ResultDue), NOW + hours(24)),
            (Command::Care(Word::ResultDue), NOW + hours(24) + MICRO),
            (Command::Care(Word::AskDue), NOW + hours(72) - MICRO),
            (Command::Care(Word::AskDue), NOW + hours(72)),
        ];
        for (row, (command, at)) in rows.iter().zip(words) {
            let care = |event: &Event| if let Event::Care(heard) = event { Some(heard.clone()) } else { None };
            let got = match complaint.decide(command, at) {
                Err(Rejection::Unknown) => "?",
                Err(Rejection::NotNow(_)) => "x",
                Err(_) => "other",
                Ok(events) => match events.iter().find_map(care) {
                    None => "=",
                    Some(Heard::Told { .. }) => "t",
                    Some(Heard::Ordered { .. }) => "o",
                    Some(Heard::TooSilent { .. } | Heard::ResultLate { .. }) => "!",
                    Some(Heard::AskedAgain { .. }) => "a",
                },
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
