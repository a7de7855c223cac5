//! Answers that go back over the channel: what is kept by them, and what follows when one does not arrive.
#![expect(clippy::unwrap_used, reason = "tests")]

use kernel::sla::Kind;
use uuid::Uuid;

use super::{
    case::{Case, Command, Contact, Event},
    case_tests::{after, asking_anew, close_as, contact, hours, levels, respond, run},
    course::{self, By},
    information_tests::ask,
    knowledge::Article,
    record::Part,
    sending::{self, Fate, RETURNED, Words, article_message},
    vocabulary::{CaseClass, Channel, Outcome},
};

pub(super) fn answer(message: u128) -> Command {
    Command::Answer { message_id: Uuid::from_u128(message), over: "mail".into(), levels: levels() }
}

pub(super) fn fare(message: u128, fate: Fate) -> Command {
    Command::Fare { message_id: Uuid::from_u128(message), fate, levels: levels() }
}

pub(super) fn told(message: u128) -> Command {
    fare(message, Fate::Told { at: hours(3) })
}

pub(super) fn failed(message: u128) -> Command {
    fare(message, Fate::Failed { code: "smtp_550".into(), at: hours(3) })
}

fn fates(case: &Case) -> Vec<&'static str> {
    case.sent.iter().map(|sent| sent.fate.name()).collect()
}

#[test]
fn an_answer_keeps_what_is_owed_and_a_further_word_owes_nothing() {
    let mut case = after(CaseClass::Enquiry, &[]);
    let events = run(&mut case, answer(1), hours(1)).unwrap();
    assert!(matches!(events[..], [Event::Responded { .. }, Event::Sent(sending::Event::Asked { .. })]), "{events:?}");
    assert_eq!(case.responded_at, Some(hours(1)), "it is kept when it is written");
    assert_eq!(run(&mut case, answer(1), hours(1)), Ok(vec![]), "asked for once");
    let more = run(&mut case, answer(2), hours(2)).unwrap();
    assert!(matches!(more[..], [Event::Sent(_)]), "what is said besides is sent as well: {more:?}");

    let mut case = asking_anew();
    let events = run(&mut case, answer(3), hours(3)).unwrap();
    assert!(matches!(events[..], [Event::Reply(_), Event::Sent(_)]), "{events:?}");
    assert!(case.owed_reply().is_none());
}

#[test]
fn what_did_not_arrive_is_owed_anew_and_what_was_taken_is_not_lost() {
    let mut case = after(CaseClass::Enquiry, &[(answer(1), 1)]);
    run(&mut case, failed(1), hours(3)).unwrap();
    assert!(case.undelivered);
    let owed = case.promises.last(Kind::NextResponse).unwrap();
    assert_eq!(owed.started_at, hours(3), "from then on");
    assert_eq!(run(&mut case, failed(1), hours(4)), Ok(vec![]), "told again");
    run(&mut case, answer(2), hours(4)).unwrap();
    assert!(case.owed_reply().is_none() && !case.undelivered, "said another time");
    run(&mut case, told(2), hours(5)).unwrap();
    assert_eq!(fates(&case), ["failed", "told"]);
    assert_eq!(run(&mut case, failed(2), hours(6)), Ok(vec![]), "a server took it");
    run(&mut case, told(1), hours(6)).unwrap();
    assert_eq!(fates(&case), ["told", "told"], "late, and yet");
    assert_eq!(run(&mut case, told(9), hours(6)), Ok(vec![]), "none of this case");
    let stored = serde_json::to_value(&case).unwrap();
    assert_eq!(serde_json::from_value::<Case>(stored).unwrap(), case);
}

#[test]
fn a_closed_case_is_taken_up_again_where_its_answer_did_not_arrive() {
    let mut case = after(CaseClass::Enquiry, &[(answer(1), 1), (close_as(Outcome::Answered), 2)]);
    let events = run(&mut case, failed(1), hours(3)).unwrap();
    let [Event::Sent(sending::Event::Failed { .. }), Event::Course(course::Event::Reopened { by, promises })] =
        &events[..]
    else {
        unreachable!("{events:?}")
    };
    assert_eq!((by, promises.len()), (&By::Undelivered, 1));
    assert!(case.owed_reply().is_some() && case.course.reopenings.times == 1);

    let mut complaint = after(CaseClass::Delivery, &[(answer(1), 1)]);
    let events = run(&mut complaint, failed(1), hours(3)).unwrap();
    assert!(matches!(events[..], [Event::Sent(_)]) && complaint.undelivered, "its complaint answers by itself");
}

#[test]
fn a_question_that_did_not_arrive_is_not_waited_for_until_the_case_ends_by_silence() {
    let mut case = after(CaseClass::Enquiry, &[(answer(1), 1), (ask(1, &[Part::Circumstances]), 1)]);
    assert_eq!(case.info_until(), Some(hours(25)));
    let events = run(&mut case, failed(1), hours(3)).unwrap();
    let [Event::Sent(_), Event::Course(course::Event::Reopened { by: By::Undelivered, promises })] = &events[..] else {
        unreachable!("{events:?}")
    };
    assert_eq!((promises.len(), case.info_until(), case.undelivered), (1, None, true));
    assert!(case.owed_reply().is_some(), "a person sees to it");
    assert!(case.look_for_info(hours(30)).is_empty());
    run(&mut case, ask(2, &[Part::Circumstances]), hours(4)).unwrap();
    assert_eq!(case.info_until(), Some(hours(28)), "asked otherwise");
}

#[test]
fn an_article_goes_the_same_way_and_leaves_the_answer_owed() {
    let article = Some(Article { id: "storage".into(), version: 2 });
    let over = Some("wx".to_owned());
    let asking = Contact { channel: Channel::Website, article, over, ..contact(CaseClass::Enquiry) };
    let mut case = Case::default();
    let events = run(&mut case, asking.register(&levels()), hours(0)).unwrap();
    let message_id = article_message(Uuid::from_u128(1));
    let asked = sending::Event::Asked { message_id, over: "wx".into(), words: Words::Article, at: hours(0) };
    assert_eq!(events.last(), Some(&Event::Sent(asked)));
    assert!(case.awaits_answer());
    let fate = Fate::Failed { code: "wechat_45015".into(), at: hours(1) };
    run(&mut case, Command::Fare { message_id, fate, levels: levels() }, hours(1)).unwrap();
    assert!(!case.undelivered && case.awaits_answer(), "a person owes an answer as ever");
    assert!(run(&mut case, respond(None), hours(2)).is_ok());
}

#[test]
fn what_comes_back_did_not_arrive_whatever_was_said_before_and_after() {
    let returned = || fare(1, Fate::Failed { code: RETURNED.into(), at: hours(4) });
    let mut case = after(CaseClass::Enquiry, &[(answer(1), 1), (told(1), 2)]);
    run(&mut case, returned(), hours(4)).unwrap();
    assert!(case.undelivered && case.owed_reply().is_some());
    assert_eq!(run(&mut case, returned(), hours(5)), Ok(vec![]), "told again");
    assert_eq!(run(&mut case, told(1), hours(5)), Ok(vec![]), "told late");
    assert_eq!(fates(&case), ["failed"]);
}
