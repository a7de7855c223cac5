//! What an article may answer, and what becomes of the case.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::{
    case::{Case, Command, Contact, Event, State},
    case_tests::{contact, hours, levels, respond, run},
    classify::Heard,
    health_tests::{record_health, symptoms},
    knowledge::Article,
    vocabulary::{CaseClass, Channel, Emotion, Outcome},
};

pub(super) fn judge(helpful: bool) -> Command {
    Command::Judge { helpful, levels: levels() }
}

fn enquiry() -> Contact {
    let article = Some(Article { id: "storage".into(), version: 2 });
    Contact { channel: Channel::Website, article, ..contact(CaseClass::Enquiry) }
}

/// A case of an enquiry that was offered an article.
pub(super) fn offered() -> Case {
    let mut case = Case::default();
    run(&mut case, enquiry().register(&levels()), hours(0)).unwrap();
    case
}

/// One whose customer was helped by it.
pub(super) fn helped() -> Case {
    let mut case = offered();
    run(&mut case, judge(true), hours(2)).unwrap();
    case
}

#[test]
fn r_int_17_an_article_that_helped_ends_the_case_and_its_promise() {
    let mut case = offered();
    assert_eq!(case.offer.as_ref().unwrap().article.id, "storage");
    let events = run(&mut case, judge(true), hours(1)).unwrap();
    assert!(matches!(events[..], [Event::AnswerJudged(true), Event::Closed { .. }]), "{events:?}");
    assert_eq!(case.state, State::Closed { outcome: Outcome::AnsweredFromKnowledge, at: hours(1) });
    assert_eq!(run(&mut case, Command::LookAtResponse, hours(99)), Ok(vec![]), "nothing is owed any more");
    assert_eq!(run(&mut case, judge(true), hours(2)), Ok(vec![]));
    assert_eq!(run(&mut case, judge(false), hours(2)), Err("case.answer_judged"));
}

#[test]
fn r_int_08_an_article_that_did_not_help_leaves_the_case_with_a_person() {
    let mut case = offered();
    assert!(case.look_at().is_some(), "a person owes an answer from the beginning");
    assert_eq!(run(&mut case, judge(false), hours(1)).unwrap(), [Event::AnswerJudged(false)]);
    assert_eq!((case.state.clone(), case.offer.as_ref().unwrap().helpful), (State::Routed, Some(false)));
    assert_eq!(run(&mut case, judge(true), hours(2)), Err("case.answer_judged"));
    run(&mut case, respond(None), hours(2)).unwrap();
}

#[test]
fn r_int_09_an_article_does_not_end_a_case_of_which_harm_is_known_by_then() {
    let mut case = offered();
    run(&mut case, record_health(symptoms(2)), hours(1)).unwrap();
    assert_eq!(run(&mut case, judge(true), hours(2)).unwrap(), [Event::AnswerJudged(true)]);
    assert_eq!(case.state, State::Routed);
}

#[test]
fn r_int_08_r_int_11_harm_threats_feelings_and_repeats_go_to_a_person_at_once() {
    let heard = |heard: Heard| {
        let mut contact = enquiry();
        contact.classification.heard = heard;
        contact
    };
    let mut harmed = enquiry();
    harmed.classification.severity = 1;
    let mut complaint = enquiry();
    complaint.classification.class = CaseClass::Delivery;
    for contact in [
        harmed,
        complaint,
        heard(Heard { threat: true, ..Heard::default() }),
        heard(Heard { minor: true, ..Heard::default() }),
        heard(Heard { emotion: Some(Emotion::Angry), ..Heard::default() }),
        Contact { emotion: Some(Emotion::Dissatisfied), ..enquiry() },
        Contact { repeat_contact: true, ..enquiry() },
        Contact { channel: Channel::Hotline, ..enquiry() },
        Contact { article: None, ..enquiry() },
    ] {
        let mut case = Case::default();
        run(&mut case, contact.clone().register(&levels()), hours(0)).unwrap();
        assert_eq!(case.offer, None, "{contact:?}");
        assert_eq!(run(&mut case, judge(true), hours(1)), Err("case.nothing_offered"));
    }
}
