//! Contacts that come while nobody works: told once, over the way there is, and no promise is kept by it.
#![expect(clippy::unwrap_used, reason = "tests")]
use jiff::Timestamp;
use kernel::promise::State as Stands;
use uuid::Uuid;

use super::{
    arrival::{Arrival, Doubt, Told},
    case::{Case, Command, Contact, Event, State},
    case_tests::{contact, levels, respond, run},
    sending::{self, Fate, Words, acknowledgement_message},
    vocabulary::{CaseClass, Channel, Lane},
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
