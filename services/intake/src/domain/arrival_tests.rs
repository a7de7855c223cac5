//! Contacts that come while nobody works: told once, over the way there is, and no promise is kept by it.
#![expect(clippy::unwrap_used, reason = "tests")]
use jiff::Timestamp;
use kernel::promise::State as Stands;
use uuid::Uuid;

use super::{
    arrival::{Arrival, Doubt, Told},
    case::{Case, Command, Contact, Event, State},
    case_tests::{contact, levels, respond, run},
    course::tests::{further, hear},
    ending::Unfit,
    sending::{self, Fate, Words, acknowledgement_message},
    vocabulary::{CaseClass, Channel, Lane, Outcome},
};

/// A night of a working week in Shanghai, the eve of a holiday, and a morning.
const NIGHT: &str = "2026-03-02T22:00+08:00";
const EVE: &str = "2026-09-30T22:00+08:00";
const DAY: &str = "2026-03-03T10:00+08:00";

fn at(instant: &str) -> Timestamp {
    instant.parse().unwrap()
}

fn came(told: Option<Told>, channel: Channel, class: CaseClass) -> Contact {
    let arrival = Arrival { told, doubt: None, request: Some(Uuid::from_u128(9)) };
    Contact { channel, arrival, occurred_at: at("2026-03-02T20:00+08:00"), ..contact(class) }
}

fn over() -> Option<Told> {
    Some(Told::Over("mail".into()))
}

fn register(contact: Contact, now: &str) -> (Case, Vec<Event>) {
    let mut case = Case::default();
    let events = run(&mut case, contact.register(&levels()), at(now)).unwrap();
    (case, events)
}

fn asked(events: &[Event]) -> usize {
    let is = |event: &&Event| matches!(event, Event::Sent(sending::Event::Asked { words: Words::Acknowledgement, .. }));
    events.iter().filter(is).count()
}

#[test]
fn r_int_16_who_writes_by_night_is_told_once_and_a_person_owes_the_answer_as_before() {
    // A mail is promised its answer round the clock; nobody works all the same.
    for (channel, class) in [(Channel::Email, CaseClass::Enquiry), (Channel::SocialMedia, CaseClass::Enquiry)] {
        let (mut case, events) = register(came(over(), channel, class), NIGHT);
        assert_eq!(asked(&events), 1, "{events:?}");
        let closed = case.facts.as_ref().unwrap().closed.clone().unwrap();
        assert_eq!((closed.until, closed.calendar.as_str()), (at("2026-03-03T09:00+08:00"), "china"));
        assert_eq!((case.state.clone(), case.responded_at), (State::Routed, None));
        assert!(case.awaits_answer() && case.promises.iter().all(|(_, one)| one.standing.state == Stands::Running));
        assert_eq!(
            run(&mut case, came(over(), channel, class).register(&levels()), at(NIGHT)),
            Ok(vec![]),
            "told again"
        );
        let stored = serde_json::to_string(&case).unwrap();
        let read: Case = serde_json::from_str(&stored).unwrap();
        assert_eq!((read.facts.as_ref().unwrap().request, read.sent.len()), (None, 1), "who asked is not stored");

        let message_id = acknowledgement_message(Uuid::from_u128(1));
        let fate = Fate::Told { at: at(NIGHT) };
        run(&mut case, Command::Fare { message_id, fate, levels: levels() }, at(NIGHT)).unwrap();
        assert!(case.awaits_answer(), "what a machine said answers nothing");
        assert!(matches!(run(&mut case, respond(None), at(DAY)).unwrap()[..], [Event::Responded { .. }]));
        // It comes back: the person's answer stands, and nothing is owed anew.
        let fate = Fate::Failed { code: sending::RETURNED.into(), at: at(DAY) };
        let events = run(&mut case, Command::Fare { message_id, fate, levels: levels() }, at(DAY)).unwrap();
        assert!(matches!(events[..], [Event::Sent(_)]) && !case.undelivered && case.owed_reply().is_none());
    }
}

#[test]
fn r_int_16_nothing_new_is_said_by_day_and_where_nothing_can_be_said_the_case_tells_why() {
    let (case, events) = register(came(over(), Channel::Email, CaseClass::Enquiry), DAY);
    assert_eq!((asked(&events), &case.facts.as_ref().unwrap().closed), (0, &None));
    for told in [Told::AtTheDoor, Told::NoWayBack, Told::NobodyReads, Told::TooOften, Told::Quarantined] {
        let (case, events) = register(came(Some(told.clone()), Channel::Email, CaseClass::Enquiry), NIGHT);
        let closed = case.facts.as_ref().unwrap().closed.clone().unwrap();
        assert_eq!((asked(&events), closed.told), (0, told));
    }
    // A mailbox that is read for the first time is full of old mails.
    let old = Contact { occurred_at: at("2026-02-28T21:59+08:00"), ..came(over(), Channel::Email, CaseClass::Enquiry) };
    let (case, events) = register(old, NIGHT);
    assert_eq!((asked(&events), case.facts.unwrap().closed.unwrap().told), (0, Told::TooLate));
    // What a follow-up or a split brings is no customer who came.
    let (case, events) = register(came(None, Channel::Email, CaseClass::Enquiry), NIGHT);
    assert_eq!((asked(&events), &case.facts.as_ref().unwrap().closed), (0, &None));
}

#[test]
fn r_int_16_r_int_15_harm_by_night_is_told_too_although_it_is_answered_round_the_clock() {
    // The eve of a holiday: a day, round the clock, is over before people are back.
    let harm = came(over(), Channel::OfficialAccount, CaseClass::Discomfort);
    let (case, events) = register(Contact { occurred_at: at(EVE), ..harm }, EVE);
    let facts = case.facts.as_ref().unwrap();
    assert_eq!((asked(&events), facts.lane, facts.answered_from), (1, Lane::Health, None));
    assert!(facts.closed.is_some());
}

#[test]
fn r_int_04_a_time_that_is_not_believed_is_said_with_the_case() {
    for doubt in [Doubt::Missing, Doubt::NotBelieved] {
        let arrival = Arrival { doubt: Some(doubt), ..Arrival::default() };
        let (case, _) = register(Contact { arrival, ..contact(CaseClass::Enquiry) }, DAY);
        assert_eq!(case.facts.unwrap().doubt, Some(doubt));
    }
}

/// He who writes again is told again on the next night, once, whether or not a person has answered him by day.
#[test]
fn r_int_16_who_writes_again_on_another_night_is_told_once_more() {
    let said = |number, at: Timestamp| Contact {
        occurred_at: at,
        arrival: came(over(), Channel::Email, CaseClass::Enquiry).arrival,
        ..further(number, CaseClass::Enquiry, 0)
    };
    for answered in [true, false] {
        let (mut case, _) = register(came(over(), Channel::Email, CaseClass::Enquiry), NIGHT);
        assert_eq!(asked(&run(&mut case, hear(said(1, at(NIGHT))), at("2026-03-02T23:00+08:00")).unwrap()), 0, "told");
        if answered {
            run(&mut case, respond(None), at(DAY)).unwrap();
        }
        assert_eq!(asked(&run(&mut case, hear(said(2, at(DAY))), at("2026-03-03T10:01+08:00")).unwrap()), 0, "by day");
        let next = ["2026-03-03T22:00+08:00", "2026-03-03T23:00+08:00", "2026-03-04T03:00+08:00"].map(at);
        let told = (3..).zip(next).map(|(number, now)| {
            let events = run(&mut case, hear(said(number, now)), now).unwrap();
            (asked(&events), case.sent.iter().filter(|one| one.acknowledgement).count())
        });
        assert_eq!(told.collect::<Vec<_>>(), [(1, 2), (0, 2), (0, 2)], "answered {answered}");
        let sent = case.sent.last().unwrap();
        let says = case.acknowledges(sent, &levels(), next[0]).unwrap();
        let by =
            if answered { case.owed_reply().unwrap().standing.due_at } else { case.facts.as_ref().unwrap().respond_by };
        assert_eq!((says.from, says.by), (at("2026-03-04T09:00+08:00"), Some(by)));
        assert_eq!(asked(&run(&mut case, hear(said(3, next[0])), next[2]).unwrap()), 0, "told again");
    }
    // Where the first contact could not be told, a later one of the same night that can be is.
    let (mut case, _) = register(came(Some(Told::TooOften), Channel::Email, CaseClass::Enquiry), NIGHT);
    assert_eq!(asked(&run(&mut case, hear(said(1, at(NIGHT))), at("2026-03-02T23:00+08:00")).unwrap()), 1);
}

/// An acknowledgement that is sent late must not say what is not so any more.
#[test]
fn r_int_16_what_is_not_so_any_more_is_told_to_nobody() {
    let says = |case: &Case, now: &str| case.acknowledges(&case.sent[0], &levels(), at(now)).is_some();
    let still = "2026-03-03T08:59+08:00";
    let (fresh, _) = register(came(over(), Channel::Email, CaseClass::Enquiry), NIGHT);
    assert!(says(&fresh, NIGHT) && says(&fresh, still) && !says(&fresh, DAY), "somebody works by then");
    assert!(says(&fresh, "2026-03-03T23:00+08:00"), "and nobody on the next night");
    let mut answered = fresh.clone();
    run(&mut answered, respond(None), at("2026-03-02T23:00+08:00")).unwrap();
    assert!(!says(&answered, still), "somebody answered by night");
    let mut ended = answered.clone();
    run(&mut ended, Command::Close { outcome: Outcome::Answered, levels: levels() }, at(still)).unwrap();
    let mut rejected = fresh.clone();
    let spam = Command::Reject { what: Unfit::Spam, reason: "it sells something".into(), levels: levels() };
    run(&mut rejected, spam, at(still)).unwrap();
    assert!(!says(&ended, still) && !says(&rejected, still));
}

/// The link comes with a person's first words, where no acknowledgement that came through brought it before.
#[test]
fn r_int_24_the_first_words_of_a_person_bring_the_link_where_there_is_none_yet() {
    let answer = |n| Command::Answer { message_id: Uuid::from_u128(n), over: "mail".into(), levels: levels() };
    let fare = |message_id, fate| Command::Fare { message_id, fate, levels: levels() };
    let brings = |case: &Case, n| case.brings_link(Uuid::from_u128(n));
    let (mut case, _) = register(came(over(), Channel::Email, CaseClass::Enquiry), DAY);
    run(&mut case, answer(71), at(DAY)).unwrap();
    run(&mut case, answer(72), at(DAY)).unwrap();
    assert!(brings(&case, 71) && !brings(&case, 72));
    let lost = Fate::Failed { code: "smtp".into(), at: at(DAY) };
    run(&mut case, fare(Uuid::from_u128(71), lost.clone()), at(DAY)).unwrap();
    assert!(brings(&case, 72), "the first did not reach him");
    for (fate, expected) in [(Fate::Told { at: at(NIGHT) }, false), (lost, true)] {
        let (mut case, _) = register(came(over(), Channel::Email, CaseClass::Enquiry), NIGHT);
        run(&mut case, fare(acknowledgement_message(Uuid::from_u128(1)), fate), at(NIGHT)).unwrap();
        run(&mut case, answer(71), at(DAY)).unwrap();
        assert_eq!(brings(&case, 71), expected);
    }
}
