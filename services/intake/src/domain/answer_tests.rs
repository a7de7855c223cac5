//! The first answer: promised in working time, met, warned of, missed, and corrected by what is told late.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use kernel::{
    promise::State as Stands,
    sla::{DEFAULT, Kind, Levels},
};

use super::{
    case::{Case, Command, Contact, Event, Facts, Rejection, State},
    case_tests::{after, contact, hours, levels, policy, respond, run},
    vocabulary::{CaseClass, Channel, Emotion, Outcome},
};

fn at(instant: &str) -> Timestamp {
    instant.parse().unwrap()
}

/// Just after the promised time of a mail.
fn late() -> Timestamp {
    hours(24) + SignedDuration::from_micros(1)
}

fn taken_in(contact: Contact, levels: &Arc<Levels>, now: Timestamp) -> Case {
    let mut case = Case::default();
    run(&mut case, contact.register(levels), now).unwrap();
    case
}

fn chat(class: CaseClass) -> Contact {
    Contact { channel: Channel::App, ..contact(class) }
}

fn facts(case: &Case) -> &Facts {
    case.facts.as_ref().unwrap()
}

fn stands(case: &Case) -> Vec<(Kind, Stands)> {
    case.promises.iter().map(|(kind, promise)| (kind, promise.standing.state)).collect()
}

#[test]
fn r_int_13_r_int_16_a_chat_on_the_eve_of_a_holiday_is_due_five_minutes_after_the_next_opening() {
    let promised = |now: &str| {
        let case = taken_in(chat(CaseClass::Enquiry), &levels(), at(now));
        (facts(&case).respond_by, facts(&case).answered_from)
    };
    // National Day 2026: off from Thursday to Wednesday, and Saturday the 10th is worked.
    for (asked, due, from) in [
        ("2026-09-30T23:30+08:00", "2026-10-08T09:05+08:00", Some("2026-10-08T09:00+08:00")),
        ("2026-09-30T17:58+08:00", "2026-10-08T09:03+08:00", None),
        ("2026-10-09T23:30+08:00", "2026-10-10T09:05+08:00", Some("2026-10-10T09:00+08:00")),
        ("2026-10-10T10:00+08:00", "2026-10-10T10:05+08:00", None),
        ("2026-10-10T12:00+08:00", "2026-10-10T13:05+08:00", Some("2026-10-10T13:00+08:00")),
        ("2026-10-17T10:00+08:00", "2026-10-19T09:05+08:00", Some("2026-10-19T09:00+08:00")),
    ] {
        assert_eq!(promised(asked), (at(due), from.map(at)), "{asked}");
    }
}

#[test]
fn r_int_15_an_urgent_matter_has_feedback_within_a_day_also_in_the_holidays() {
    let eve = at("2026-09-30T23:30+08:00");
    let heated =
        Contact { emotion: Some(Emotion::Angry), vip_tier: 3, repeat_contact: true, ..chat(CaseClass::Delivery) };
    for urgent in [chat(CaseClass::Discomfort), heated] {
        let mut case = taken_in(urgent, &levels(), eve);
        assert!(facts(&case).is_urgent());
        assert_eq!(facts(&case).respond_by, eve + SignedDuration::from_hours(24));
        assert_eq!(facts(&case).answered_from, None, "that time runs on");
        assert_eq!(stands(&case), [(Kind::FirstResponse, Stands::Running), (Kind::UrgentFeedback, Stands::Running)]);
        run(&mut case, respond(None), eve + SignedDuration::from_hours(2)).unwrap();
        assert_eq!(stands(&case), [(Kind::FirstResponse, Stands::Met), (Kind::UrgentFeedback, Stands::Met)]);
    }
    let office = at("2026-10-09T09:00+08:00");
    let case = taken_in(chat(CaseClass::Discomfort), &levels(), office);
    assert_eq!(facts(&case).respond_by, office + SignedDuration::from_mins(5), "the channel promises more");
    assert_eq!(
        stands(&taken_in(chat(CaseClass::Delivery), &levels(), office)),
        [(Kind::FirstResponse, Stands::Running)]
    );
}

#[test]
fn r_int_15_an_urgent_chat_that_missed_its_minutes_is_watched_until_its_day_is_over_as_well() {
    let office = at("2026-10-09T09:00+08:00");
    let (minutes, day) = (office + SignedDuration::from_mins(5), office + SignedDuration::from_hours(24));
    let micro = SignedDuration::from_micros(1);
    let mut case = taken_in(chat(CaseClass::Discomfort), &levels(), office);
    let mut missed = Vec::new();
    while let Some(next) = case.look_at() {
        for event in run(&mut case, Command::LookAtResponse, next).unwrap() {
            match event {
                Event::ResponseMissed { .. } => missed.push(("answer", next)),
                Event::FeedbackMissed { .. } => missed.push(("feedback", next)),
                _ => {}
            }
        }
    }
    assert_eq!(missed, [("answer", minutes + micro), ("feedback", day + micro)]);
    assert_eq!(stands(&case), [(Kind::FirstResponse, Stands::Breached), (Kind::UrgentFeedback, Stands::Breached)]);
    let mut answered = taken_in(chat(CaseClass::Discomfort), &levels(), office);
    run(&mut answered, Command::LookAtResponse, minutes + micro).unwrap();
    run(&mut answered, respond(None), day).unwrap();
    assert_eq!((stands(&answered)[1], answered.look_at()), ((Kind::UrgentFeedback, Stands::Met), None));
}

#[test]
fn r_int_12_the_policy_decides_by_channel_class_priority_segment_and_store() {
    let rule = |when: &str, target: &str| {
        format!(
            "[[rules]]\npromise = \"first_response\"\n{when}\ntarget = \"{target}\"\nhours = \"round_the_clock\"\n\n"
        )
    };
    let own = [
        rule("when.segment = [\"vip\"]", "1h"),
        rule("when.priority = [\"health\"]", "2h"),
        rule("when.class = [\"repair\"]", "3h"),
        rule("when.store = [\"s-1\"]", "4h"),
        rule("when.channel = [\"email\"]", "5h"),
    ];
    let levels = policy(&DEFAULT.replacen("[[rules]]", &(own.concat() + "[[rules]]"), 1));
    let plain = || contact(CaseClass::Delivery);
    for (asked, hours_promised) in [
        (Contact { vip_tier: 1, store_id: Some("s-1".into()), ..plain() }, 1),
        (contact(CaseClass::Discomfort), 2),
        (contact(CaseClass::Repair), 3),
        (Contact { store_id: Some("s-1".into()), ..plain() }, 4),
        (Contact { store_id: Some("s-2".into()), ..plain() }, 5),
        (Contact { channel: Channel::Hotline, ..plain() }, 24),
    ] {
        assert_eq!(facts(&taken_in(asked, &levels, hours(0))).respond_by, hours(hours_promised));
    }
}

#[test]
fn the_promise_is_kept_up_to_its_last_instant() {
    let case = after(CaseClass::Enquiry, &[]);
    let answered = |now| match &case.decide(respond(None), now).unwrap()[..] {
        [Event::Responded { at, in_time, .. }] => (*at, *in_time),
        _ => (now, false),
    };
    assert_eq!(facts(&case).respond_by, hours(24));
    assert_eq!((answered(hours(24)), answered(late())), ((hours(24), true), (late(), false)));
    let mut silent = case.clone();
    run(&mut silent, Command::LookAtResponse, hours(24)).unwrap();
    assert_eq!((silent.response_missed, silent.look_at()), (false, Some(late())));
    run(&mut silent, Command::LookAtResponse, late()).unwrap();
    assert!(silent.response_missed);
    assert_eq!(stands(&silent), [(Kind::FirstResponse, Stands::Breached)]);
}

#[test]
fn r_int_12_each_warning_is_given_once_before_the_promised_time() {
    let given = |case: &mut Case, now| -> Vec<String> {
        let events = run(case, Command::LookAtResponse, now).unwrap();
        let word = |event: &Event| match event {
            Event::ResponseDueSoon { warning, .. } => warning.to_string(),
            _ => "missed".to_owned(),
        };
        events.iter().map(word).collect()
    };
    let mut case = after(CaseClass::Enquiry, &[]);
    assert_eq!(case.look_at(), Some(hours(12)));
    assert_eq!(given(&mut case, hours(12)), ["50%"]);
    assert!(given(&mut case, hours(13)).is_empty());
    assert_eq!(case.look_at(), Some(hours(22)));
    assert_eq!(given(&mut case, hours(22)), ["2h"]);
    assert_eq!(given(&mut case, late()), ["missed"]);
    assert_eq!(case.look_at(), None);
    let mut unwatched = after(CaseClass::Enquiry, &[]);
    assert_eq!(given(&mut unwatched, hours(23)), ["50%", "2h"]);
    let mut answered = after(CaseClass::Enquiry, &[(respond(None), 1)]);
    assert_eq!((given(&mut answered, hours(12)), answered.look_at()), (vec![], None));
}

#[test]
fn r_int_15_an_answer_told_late_corrects_what_was_said() {
    let mut case = after(CaseClass::Enquiry, &[(Command::LookAtResponse, 25)]);
    let events = run(&mut case, respond(Some(hours(23))), hours(26)).unwrap();
    let said = |event: &Event| match event {
        Event::Responded { at, in_time, .. } => (*at, *in_time, None, false),
        Event::ResponseCorrected { at, in_time, was_at, was_late, .. } => (*at, *in_time, *was_at, *was_late),
        _ => (hours(0), false, None, false),
    };
    let said: Vec<_> = events.iter().map(said).collect();
    assert_eq!(said, [(hours(23), true, None, false), (hours(23), true, None, true)]);
    assert_eq!((case.response_missed, case.responded_at), (false, Some(hours(23))));
    assert_eq!(stands(&case), [(Kind::FirstResponse, Stands::Met)]);
    // Only an earlier one says anything new, also after the end.
    assert_eq!(case.decide(respond(Some(hours(23))), hours(27)), Err(Rejection::AlreadyResponded));
    run(&mut case, Command::Close { outcome: Outcome::Answered, levels: levels() }, hours(27)).unwrap();
    let events = run(&mut case, respond(Some(hours(22))), hours(28)).unwrap();
    assert!(matches!(events[..], [Event::ResponseCorrected { at, in_time: true, was_at, was_late: false, .. }]
            if (at, was_at) == (hours(22), Some(hours(23)))));
    assert!(matches!(case.state, State::Closed { .. }));
    assert_eq!(case.promises.last(Kind::FirstResponse).unwrap().met_at(), Some(hours(22)));
}

#[test]
fn an_answer_is_given_between_the_contact_and_now() {
    let case = after(CaseClass::Enquiry, &[]);
    assert_eq!(case.decide(respond(Some(hours(2))), hours(1)), Err(Rejection::AnswerOutOfTime));
    assert_eq!(case.decide(respond(Some(hours(-3))), hours(1)), Err(Rejection::AnswerOutOfTime));
    // A shop without a line answered before we learned of the contact.
    let mut shop = case;
    run(&mut shop, respond(Some(hours(-1))), hours(1)).unwrap();
    assert_eq!(shop.responded_at, Some(hours(-1)));
    assert_eq!(stands(&shop), [(Kind::FirstResponse, Stands::Met)]);
}

#[test]
fn whoever_closes_cancels_what_is_still_promised() {
    let close = || Command::EndWithComplaint { outcome: Outcome::ComplaintClosed, levels: levels() };
    for (hour, state) in [(2, Stands::Cancelled), (30, Stands::CancelledAfterBreach)] {
        let case = after(CaseClass::Delivery, &[(close(), hour)]);
        assert_eq!(stands(&case), [(Kind::FirstResponse, state)]);
    }
    let answered = after(CaseClass::Delivery, &[(respond(None), 1), (close(), 2)]);
    assert_eq!(stands(&answered), [(Kind::FirstResponse, Stands::Met)]);
}

#[test]
fn a_new_policy_moves_no_promise_that_runs() {
    let shorter = policy(&DEFAULT.replace(r#"target = "5m""#, r#"target = "1m""#));
    let office = at("2026-10-09T09:00+08:00");
    let mut case = taken_in(chat(CaseClass::Enquiry), &levels(), office);
    let answer = Command::Respond { at: None, levels: shorter };
    let events = run(&mut case, answer, office + SignedDuration::from_mins(5)).unwrap();
    assert!(matches!(events[..], [Event::Responded { in_time: true, .. }]));
}

#[test]
fn a_case_from_before_promises_were_kept_is_judged_by_its_time() {
    let mut stored = serde_json::to_value(after(CaseClass::Delivery, &[])).unwrap();
    assert!(stored.as_object_mut().unwrap().remove("promises").is_some());
    for field in ["vip_tier", "repeat_contact"] {
        assert!(stored["facts"].as_object_mut().unwrap().remove(field).is_some());
    }
    let old: Case = serde_json::from_value(stored).unwrap();
    assert_eq!(old.look_at(), Some(late()));
    assert_eq!(old.decide(Command::LookAtResponse, hours(24)), Ok(vec![]));
    assert_eq!(old.decide(Command::LookAtResponse, late()), Ok(vec![Event::ResponseMissed { promises: vec![] }]));
    let answered = |now, in_time| Ok(vec![Event::Responded { at: now, in_time, promises: vec![] }]);
    assert_eq!(old.decide(respond(None), hours(24)), answered(hours(24), true));
    assert_eq!(old.decide(respond(None), late()), answered(late(), false));
    let mut closed = old;
    let close = Command::EndWithComplaint { outcome: Outcome::ComplaintClosed, levels: levels() };
    run(&mut closed, close, hours(2)).unwrap();
    assert_eq!(closed.decide(respond(None), hours(3)), Err(Rejection::Closed));
    assert_eq!(closed.decide(respond(Some(hours(2))), hours(3)), Err(Rejection::Closed));
    run(&mut closed, respond(Some(hours(1))), hours(3)).unwrap();
    assert_eq!(closed.responded_at, Some(hours(1)));
}
