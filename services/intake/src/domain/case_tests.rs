//! Every state of a case with every command, the state diagram of the README, and what no series of commands can break.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock},
};

use jiff::{SignedDuration, Timestamp};
use kernel::{
    calendar::CHINA,
    sla::{DEFAULT, Levels},
};
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    advice_tests::advise,
    arrival::Arrival,
    assignment_tests::{accept, assign, put_back},
    case::{Case, Command, Contact, Event, State},
    classify::{Classification, Heard},
    course::{
        self, LinkKind,
        merge_tests::{absorb, merge, release, unmerge},
        tests::{further, hear, link, reopen, split, unlink},
    },
    ending::Unfit,
    ending_tests::reject,
    health::Said,
    health_tests::{self, record_health},
    information_tests::{ask, ask_by},
    judgement_tests::classify,
    knowledge_tests::{helped, judge, offered},
    minimum_tests::{minimum, without},
    record::{Added, Part},
    regulator::Packs,
    reporting_tests,
    sending_tests::{answer, failed, told},
    vocabulary::{CaseClass, Channel, Emotion, Outcome},
};

/// The shipped levels.
pub(super) fn levels() -> Arc<Levels> {
    static SHIPPED: LazyLock<Arc<Levels>> = LazyLock::new(|| policy(DEFAULT));
    Arc::clone(&SHIPPED)
}

/// Levels of another policy.
pub(super) fn policy(policy: &str) -> Arc<Levels> {
    Arc::new(Levels::prepare(toml::from_str(policy).unwrap(), &toml::from_str(CHINA).unwrap()).unwrap())
}

/// No authority wants to hear anything.
pub(super) fn packs() -> Arc<Packs> {
    reporting_tests::packs(&[])
}

pub(super) fn hours(n: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(n)
}

pub(super) fn contact(class: CaseClass) -> Contact {
    Contact {
        case_id: Uuid::from_u128(1),
        customer_id: Uuid::from_u128(2),
        channel: Channel::Email,
        purchase_id: None,
        product_id: None,
        batch: None,
        classification: Classification {
            class,
            source: "stated".into(),
            severity: 0,
            heard: Heard::default(),
            reading: None,
        },
        emotion: None,
        vip_tier: 0,
        repeat_contact: false,
        occurred_at: hours(-2),
        follow_up_id: None,
        store_id: None,
        parts: [Part::Content].into(),
        article: None,
        health: Said::default(),
        packs: packs(),
        over: None,
        left_out: BTreeSet::new(),
        arrival: Arrival::default(),
    }
}

fn register(class: CaseClass) -> Command {
    contact(class).register(&levels())
}

fn add(part: Part) -> Command {
    let emotion = (part == Part::Emotion).then_some(Emotion::Worried);
    Command::Complete { added: Added { parts: [part].into(), emotion }, minimum: minimum() }
}

pub(super) fn respond(at: Option<Timestamp>) -> Command {
    Command::Respond { at, levels: levels() }
}

pub(super) fn close_as(outcome: Outcome) -> Command {
    Command::Close { outcome, levels: levels() }
}

fn end(outcome: Outcome) -> Command {
    Command::EndWithComplaint { outcome, levels: levels() }
}

pub(super) fn run(case: &mut Case, command: Command, now: Timestamp) -> Result<Vec<Event>, &'static str> {
    let events = case.decide(command, now).map_err(|rejection| rejection.code())?;
    events.iter().for_each(|event| case.apply(event));
    Ok(events)
}

pub(super) fn after(class: CaseClass, commands: &[(Command, i64)]) -> Case {
    let mut case = Case::default();
    run(&mut case, register(class), hours(0)).unwrap();
    for (command, at) in commands {
        run(&mut case, command.clone(), hours(*at)).unwrap();
    }
    case
}

fn kind(case: &Case) -> String {
    serde_json::to_value(case).unwrap()["state"]["kind"].as_str().unwrap().to_owned()
}

/// All states a case can be in, of each way it can be handled.
fn states() -> Vec<(&'static str, Case)> {
    use CaseClass::{Delivery, Enquiry, Suggestion};
    let responded = (respond(None), 1);
    let closed = (end(Outcome::ComplaintClosed), 2);
    vec![
        ("absent", Case::default()),
        ("enquiry", after(Enquiry, &[])),
        ("enquiry late", after(Enquiry, &[(Command::LookAtResponse, 25)])),
        ("enquiry assigned", after(Enquiry, &[(accept("staff:ana", 0), 1)])),
        ("enquiry responded", after(Enquiry, std::slice::from_ref(&responded))),
        ("enquiry asking anew, responded", asking_anew()),
        ("enquiry answered over the channel, responded", after(Enquiry, &[(answer(1), 1)])),
        ("enquiry closed", after(Enquiry, &[responded.clone(), (close_as(Outcome::Answered), 2)])),
        ("enquiry awaiting info", after(Enquiry, &[(ask(1, &[Part::Emotion]), 1)])),
        ("enquiry reopened", after(Enquiry, &[responded.clone(), (close_as(Outcome::Answered), 2), (reopen(), 3)])),
        ("enquiry merged", after(Enquiry, &[(merge(), 1)])),
        ("enquiry rejected", after(Enquiry, &[(reject(Unfit::Spam), 1)])),
        ("enquiry offered an article", offered()),
        ("enquiry helped and closed", helped()),
        ("suggestion", after(Suggestion, &[])),
        ("complaint", after(Delivery, &[])),
        ("complaint responded", after(Delivery, &[responded])),
        ("complaint closed", after(Delivery, std::slice::from_ref(&closed))),
        ("complaint reopened", after(Delivery, &[closed, (Command::ReopenWithComplaint, 3)])),
    ]
}

/// Answered, and the customer said more.
pub(super) fn asking_anew() -> Case {
    after(CaseClass::Enquiry, &[(respond(None), 1), (hear(further(9, CaseClass::Enquiry, 0)), 2)])
}

/// Whether a further answer is owed.
fn owes_reply(from: &str) -> bool {
    ["enquiry asking anew, responded", "enquiry reopened"].contains(&from)
}

fn commands() -> Vec<(&'static str, Command)> {
    vec![
        ("register", register(CaseClass::Enquiry)),
        ("respond", respond(None)),
        ("tell an earlier answer", respond(Some(hours(0)))),
        ("answer over the channel", answer(2)),
        ("tell that it was taken", told(1)),
        ("tell that it was lost", failed(1)),
        ("look at response", Command::LookAtResponse),
        ("close as answered", close_as(Outcome::Answered)),
        ("close as guidance", close_as(Outcome::Guidance)),
        ("close as suggestion", close_as(Outcome::SuggestionRecorded)),
        ("close as complaint", close_as(Outcome::ComplaintClosed)),
        ("end with complaint", end(Outcome::ComplaintWithdrawn)),
        ("reopen with complaint", Command::ReopenWithComplaint),
        ("add to record", add(Part::Emotion)),
        ("assign", assign("staff:ben", "staff:ana", 0)),
        ("accept", accept("staff:ana", 0)),
        ("request info", ask(1, &[Part::Circumstances])),
        ("request what is not needed", ask_by(1, &[Part::Circumstances], without(&["circumstances"]))),
        ("look for info", Command::LookForInfo),
        ("reject", reject(Unfit::NotOurs)),
        ("reopen", reopen()),
        ("hear more", hear(further(1, CaseClass::Enquiry, 0))),
        ("hear of harm", hear(further(2, CaseClass::Discomfort, 1))),
        ("link", link(7, LinkKind::Related)),
        ("unlink", unlink(7)),
        ("merge", merge()),
        ("absorb", absorb(8)),
        ("unmerge", unmerge()),
        ("release", release(8)),
        ("split", split(8, &[])),
        ("put back", put_back(1)),
        ("tag", Command::Tag { tag: "recall".into(), put: true }),
        ("judge as help", judge(true)),
        ("judge as no help", judge(false)),
        ("receive a report", reporting_tests::receive("R-1", hours(1))),
        ("withdraw a report", reporting_tests::withdraw()),
        ("rate", Command::Rate { score: 4 }),
        ("look at reports", Command::LookAtReports),
        ("advise", advise(CaseClass::Repair, true)),
        ("classify as delivery", classify(CaseClass::Delivery, None, 0)),
        ("classify as suggestion", classify(CaseClass::Suggestion, None, 0)),
        ("record health", record_health(health_tests::symptoms(2))),
    ]
}

/// The status a case of this name has.
fn status(from: &str) -> &'static str {
    let ends = [
        ("rejected", "rejected"),
        ("merged", "merged"),
        ("closed", "closed"),
        ("awaiting info", "awaiting_info"),
        ("responded", "responded"),
        ("reopened", "reopened"),
        ("absent", "absent"),
    ];
    ends.into_iter().find(|(end, _)| from.ends_with(end)).map_or("routed", |(_, status)| status)
}

/// The status afterwards and whether anything happened; or the code of the rejection.
type Outcomes = Result<(&'static str, bool), &'static str>;

/// What is said of the course of a case; nothing of other commands.
fn expected_of_course(from: &str, command: &str) -> Option<Outcomes> {
    let still = status(from);
    Some(match (still, command) {
        ("absent", "put back") => Err("case.not_found"),
        ("merged", "put back") => Err("case.merged"),
        ("closed" | "rejected", "put back") => Err("case.closed"),
        (_, "put back") if from == "enquiry assigned" => Ok((still, true)),
        (_, "put back") => Err("case.nobody_has_it"),
        ("absent", "reopen" | "hear more" | "hear of harm" | "link" | "unlink") => Err("case.not_found"),
        ("absent", "merge" | "absorb" | "unmerge" | "release" | "split") => Err("case.not_found"),
        (_, "link") => Ok((still, true)),
        (_, "unlink" | "release") => Ok((still, false)),
        ("merged", "unmerge") => Ok(("routed", true)),
        (_, "unmerge") => Err("case.not_merged"),
        ("merged", "merge" | "absorb" | "reopen" | "split") => Err("case.merged"),
        ("closed" | "rejected", "merge" | "absorb" | "split") => Err("case.closed"),
        (_, "merge") => Ok(("merged", true)),
        (_, "absorb" | "split") => Ok((still, true)),
        ("rejected", "reopen") => Err("case.closed"),
        ("closed", "reopen") if from == "complaint closed" => Err("case.is_complaint"),
        ("closed", "reopen") => Ok(("reopened", true)),
        (_, "reopen") => Err("case.not_closed"),
        ("rejected" | "merged", "hear more") | (_, "hear of harm") => Err("case.contact_of_its_own"),
        ("closed", "hear more") if from == "complaint closed" => Err("case.contact_of_its_own"),
        ("closed", "hear more") => Ok(("reopened", true)),
        ("awaiting_info", "hear more") => Ok(("responded", true)),
        (_, "hear more") => Ok((still, true)),
        _ => return None,
    })
}

fn expected(from: &str, command: &str) -> Outcomes {
    if let Some(of_course) = expected_of_course(from, command) {
        return of_course;
    }
    let still = status(from);
    let is_closed = ["closed", "rejected"].contains(&still);
    let is_complaint = from.starts_with("complaint");
    let is_waiting = still == "awaiting_info";
    let has_answer = still == "responded" || is_waiting;
    match (from, command) {
        ("absent", "register") => Ok(("routed", true)),
        (_, "tell that it was taken" | "tell that it was lost") => Ok((still, from.contains("over the channel"))),
        ("absent", "look at reports") => Ok(("absent", false)),
        ("absent", "look at response" | "look for info" | "end with complaint" | "reopen with complaint") => {
            Ok(("absent", false))
        }
        ("absent", _) => Err("case.not_found"),
        (_, "register") => Ok((still, false)),
        (_, "receive a report" | "withdraw a report") => Err("case.no_report_owed"),
        (_, "rate") if still == "closed" => Ok((still, true)),
        (_, "rate") if still != "merged" => Err("case.not_ended"),
        (_, "look at reports" | "advise") => Ok((still, false)),
        (_, "look at response") if owes_reply(from) => Ok((still, true)),
        (_, "look at response") => Ok((still, still == "routed" && from != "enquiry late")),
        (_, "look for info") if is_waiting => Ok(("closed", true)),
        (_, "look for info") => Ok((still, false)),
        (_, "end with complaint") if is_closed => Ok((still, false)),
        (_, "end with complaint") => Ok(("closed", true)),
        ("complaint closed", "reopen with complaint") => Ok(("reopened", true)),
        (_, "reopen with complaint") => Ok((still, false)),
        (_, _) if still == "merged" => Err("case.merged"),
        (_, "record health") if still != "rejected" => Ok((still, true)),
        (_, "tell an earlier answer") => Ok((if still == "routed" { "responded" } else { still }, true)),
        ("enquiry offered an article", "judge as help") => Ok(("closed", true)),
        ("enquiry offered an article", "judge as no help") => Ok((still, true)),
        ("enquiry helped and closed", "judge as help") => Ok((still, false)),
        ("enquiry helped and closed", "judge as no help") => Err("case.answer_judged"),
        (_, "tag") => Ok((still, true)),
        (_, "judge as help" | "judge as no help") => Err("case.nothing_offered"),
        (_, _) if is_closed => Err("case.closed"),
        ("enquiry assigned", "assign" | "accept") => Err("case.assignment_changed"),
        (_, "add to record") if is_waiting => Ok(("responded", true)),
        (_, "add to record" | "assign" | "accept") => Ok((still, true)),
        (_, "respond" | "answer over the channel") if owes_reply(from) => Ok((still, true)),
        (_, "answer over the channel") if has_answer => Ok((still, true)),
        (_, "respond") if has_answer => Err("case.already_responded"),
        ("complaint reopened", "respond" | "answer over the channel") => Err("case.is_complaint"),
        (_, "respond" | "answer over the channel") => Ok(("responded", true)),
        (_, "close as complaint") => Err("case.outcome_not_by_person"),
        (_, _) if is_complaint => Err("case.is_complaint"),
        (_, "classify as delivery") if is_waiting => Ok(("responded", true)),
        (_, "classify as delivery" | "classify as suggestion") => Ok((still, true)),
        (_, "request info" | "request what is not needed") if is_waiting => Err("case.info_requested"),
        (_, "request what is not needed") => Err("case.part_not_needed"),
        (_, "request info") => Ok(("awaiting_info", true)),
        (_, "reject") => Ok(("rejected", true)),
        ("suggestion", "close as suggestion") => Ok(("closed", true)),
        (_, "close as suggestion") => Err("case.not_a_suggestion"),
        (_, "close as answered" | "close as guidance") if has_answer || still == "reopened" => Ok(("closed", true)),
        (_, "close as answered" | "close as guidance") => Err("case.not_answered"),
        pair => panic!("nothing is said about {pair:?}"),
    }
}

#[test]
fn every_pair_of_state_and_command() {
    let mut drawn: Vec<(String, String, String)> = Vec::new();
    for (from, case) in states() {
        for (name, command) in commands() {
            let mut next = case.clone();
            let outcome = run(&mut next, command, hours(30)).map(|events| (kind(&next), !events.is_empty()));
            let outcome = outcome.as_ref().map(|(status, happened)| (status.as_str(), *happened)).map_err(|code| *code);
            assert_eq!(outcome, expected(from, name), "{from} + {name}");
            if let Ok((to, true)) = outcome {
                let from = if kind(&case) == "absent" { "[*]".to_owned() } else { kind(&case) };
                drawn.push((from, name.to_owned(), to.to_owned()));
            }
        }
    }
    drawn.sort();
    drawn.dedup();
    let drawn: Vec<_> = drawn.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
    testkit::docs::section(
        concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"),
        "state-diagram",
        &testkit::docs::diagram(&drawn),
    );
}

fn any_command() -> impl Strategy<Value = Command> {
    prop::sample::select(commands()).prop_map(|(_, command)| command)
}

proptest! {
    /// Whatever is asked in whatever order: it is registered, answered and missed at most once each and warned of at most
    /// once by each warning, a closed case stays as it is but for a reopening, its links, tags, rating, harm and what is told late,
    /// and a deadline is armed exactly while an answer is awaited.
    #[test]
    fn no_series_of_commands_breaks_a_case(series in prop::collection::vec((any_command(), 0i64..40), 0..20)) {
        let mut case = Case::default();
        let mut seen = Vec::new();
        let mut now = hours(0);
        for (command, wait) in series {
            now += SignedDuration::from_hours(wait);
            let before = case.clone();
            let events = run(&mut case, command, now).unwrap_or_default();
            let was_closed = matches!(before.state, State::Closed { .. } | State::Rejected { .. });
            let takes_up = |event: &Event| matches!(event, Event::Reopened | Event::Course(course::Event::Reopened { .. }));
            let reopened = events.iter().any(takes_up);
            let beside = |event: &Event| {
                let said = matches!(event, Event::Health(_) | Event::Rated(_) | Event::Sent(_));
                said || matches!(event, Event::ResponseCorrected { .. } | Event::Tagged { .. } | Event::Course(_))
            };
            let beside = events.iter().all(beside) && case.state == before.state;
            prop_assert!(!was_closed || reopened || beside);
            prop_assert!(!events.is_empty() || case == before);
            prop_assert!(was_closed || !reopened);
            let first = case.state == State::Routed && (!case.response_missed || case.watched().is_some());
            prop_assert_eq!(case.look_at().is_some(), first || case.awaits_reply());
            let open = matches!(case.state, State::Responded | State::Reopened);
            prop_assert!(open || case.owed_reply().is_none(), "only what was answered and goes on owes another answer");
            let often = |event: &&Event| {
                let said = matches!(event, Event::Health(_) | Event::Rated(_) | Event::Reply(_) | Event::Classified(_) | Event::Sent(_));
                said || matches!(event, Event::Closed { .. } | Event::Reopened | Event::Assigned { .. } | Event::Course(_))
            };
            let once = events.iter().filter(|event| !often(event));
            seen.extend(once.map(|event| match event {
                Event::ResponseDueSoon { warning, .. } => (std::mem::discriminant(event), Some(*warning)),
                _ => (std::mem::discriminant(event), None),
            }));
        }
        let distinct: std::collections::HashSet<_> = seen.iter().map(|one| format!("{one:?}")).collect();
        prop_assert_eq!(distinct.len(), seen.len());
    }
}
