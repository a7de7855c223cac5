//! The past under another policy: the events of a journal in, the verdicts that change out, and no others.
#![expect(clippy::unwrap_used, reason = "tests")]
use contracts::{
    Event, common::v1 as common, complaint::v1 as complaint, intake::v1 as intake, operations::v1::JournalEntry,
};
use jiff::SignedDuration;
use kernel::sla::Levels;

use super::*;
use crate::sla::past::Past;

/// A Monday, nine o'clock in China.
pub(super) const START: Timestamp = Timestamp::constant(1_773_622_800, 0);

pub(super) fn on_wire(at: Timestamp) -> Option<contracts::Timestamp> {
    Some(backbone::proto::timestamp(at))
}

pub(super) fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

pub(super) fn entry<E: Event>(event: &E, aggregate: &str, at: Timestamp) -> JournalEntry {
    JournalEntry {
        r#type: E::TYPE.to_owned(),
        aggregate_id: aggregate.to_owned(),
        payload: event.encode_to_vec().into(),
        occurred_at: on_wire(at),
        recorded_at: on_wire(at),
        ..JournalEntry::default()
    }
}

/// A chat that is answered after so many minutes, promised within five.
pub(super) fn chat(past: &mut Past, case_id: &str, at: Timestamp, answered_after: Option<i64>) {
    chat_in(past, case_id, at, answered_after, 0);
}

/// The same, promised in a version of the office's hours; 0 where nobody tells.
fn chat_in(past: &mut Past, case_id: &str, at: Timestamp, answered_after: Option<i64>, calendar_version: u32) {
    let case_id = case_id.to_owned();
    let registered = intake::CaseRegistered {
        case_id: case_id.clone(),
        channel: common::Channel::App.into(),
        class: common::CaseClass::Delivery.into(),
        lane: common::Lane::Standard.into(),
        recorded_at: on_wire(at),
        respond_by: on_wire(at + minutes(5)),
        calendar: if calendar_version > 0 { "office".to_owned() } else { String::new() },
        calendar_version,
        ..intake::CaseRegistered::default()
    };
    past.take(&entry(&registered, &case_id, at)).unwrap();
    if let Some(after) = answered_after {
        let at = at + minutes(after);
        let (case_id, responded_at) = (case_id.clone(), on_wire(at));
        let responded = intake::CaseResponded { case_id, responded_at, ..intake::CaseResponded::default() };
        past.take(&entry(&responded, &responded.case_id, at)).unwrap();
    }
}

fn calendars() -> Calendars {
    Calendars::prepare(&toml::from_str(kernel::calendar::CHINA).unwrap(), 2025..=2027).unwrap()
}

pub(super) fn judged(past: Past, policy: &str) -> Vec<Judged> {
    under(past, policy, &calendars())
}

fn under(past: Past, policy: &str, calendars: &Calendars) -> Vec<Judged> {
    let ((promises, versions), policy) = (past.end(), toml::from_str(policy).unwrap());
    let ladder = Ladder::read(None).unwrap();
    judge(&Under { policy: &policy, calendars, versions: &versions, ladder: &ladder }, promises, 10).unwrap().promises
}

#[test]
fn another_target_changes_exactly_the_verdicts_it_should() {
    let mut past = Past::default();
    for (case, after) in [("in-time", Some(5)), ("late", Some(7)), ("later", Some(30)), ("never", None)] {
        chat(&mut past, case, START, after);
    }
    chat(&mut past, "news", START + minutes(60), Some(1));
    let ten = kernel::sla::DEFAULT.replacen(r#"target = "5m""#, r#"target = "10m""#, 1);
    let answers = judged(past, &ten);
    let first = &answers[0];
    assert_eq!((first.before.met, first.before.late, first.before.breached), (2, 2, 1));
    assert_eq!((first.after.met, first.after.late, first.after.breached), (3, 1, 1));
    let raised = |team_lead| Raised { team_lead, ..Raised::default() };
    assert_eq!((first.before.escalated, first.after.escalated), (raised(3), raised(2)));
    let changed: Vec<_> = first.first_changed.iter().map(|one| (one.id.as_str(), one.before.as_str())).collect();
    assert_eq!(changed, [("late", "met_late")]);
}

/// First answers that were cancelled, and those that were broken.
fn ended(past: Past) -> (u64, u64) {
    let before = judged(past, kernel::sla::DEFAULT)[0].before;
    (before.cancelled, before.breached)
}

#[test]
fn what_was_no_case_of_ours_is_not_broken_and_a_merge_that_was_undone_ends_nothing() {
    let told = |merged: bool, back: bool, rejected: bool| {
        let mut past = Past::default();
        chat(&mut past, "one", START, None);
        let (case_id, at) = ("one".to_owned(), START + minutes(2));
        if rejected {
            let event =
                intake::CaseRejected { case_id: case_id.clone(), rejected_at: on_wire(at), ..Default::default() };
            past.take(&entry(&event, "one", at)).unwrap();
        }
        if merged {
            let event = intake::CaseMerged { case_id: case_id.clone(), merged_at: on_wire(at), ..Default::default() };
            past.take(&entry(&event, "one", at)).unwrap();
        }
        if back {
            let event = intake::CaseUnmerged { case_id, ..Default::default() };
            past.take(&entry(&event, "one", at)).unwrap();
        }
        chat(&mut past, "later", START + minutes(60), Some(1));
        ended(past)
    };
    assert_eq!(told(false, false, true), (1, 0), "rejected");
    assert_eq!(told(true, false, false), (1, 0), "merged");
    assert_eq!(told(true, true, false), (0, 1), "it came back, and nobody answered");
    assert_eq!(told(false, true, true), (1, 0), "only a merge is undone");
}

#[test]
fn a_complaint_that_comes_back_from_a_merge_is_owed_its_investigation() {
    let told = |merged_into_id: &str| {
        let mut past = Past::default();
        past.take(&entry(&recorded(vec![]), "one", START)).unwrap();
        let (closed_at, merged_into_id) = (on_wire(hours(1)), merged_into_id.to_owned());
        let closed = complaint::ComplaintClosed { closed_at, merged_into_id, ..Default::default() };
        past.take(&entry(&closed, "one", hours(1))).unwrap();
        past.take(&entry(&complaint::ComplaintReopened::default(), "one", hours(2))).unwrap();
        past.take(&entry(&complaint::ComplaintAssessed::default(), "later", hours(100))).unwrap();
        let judged = judged(past, kernel::sla::DEFAULT);
        let first = judged.iter().find(|judged| judged.kind == Kind::FirstInvestigation).unwrap().before;
        (first.cancelled, first.breached)
    };
    assert_eq!((told("two"), told("")), ((0, 1), (1, 0)), "what was closed otherwise stays so");
}

#[test]
fn other_terms_that_are_told_later_do_not_change_what_hours_were_in_force() {
    let mut past = Past::default();
    let told = |calendar_version| complaint::PromiseStanding {
        calendar: "office".to_owned(),
        calendar_version,
        ..stands("result_notice", 72, &[], None)
    };
    past.take(&entry(&recorded(vec![told(1)]), "one", START)).unwrap();
    let moved = complaint::PromisesMoved { promises: vec![told(2)], ..Default::default() };
    past.take(&entry(&moved, "one", hours(5))).unwrap();
    assert_eq!(past.end().1.at("office", START), Some(1));
}

#[test]
fn a_chat_at_night_is_late_round_the_clock_and_in_time_by_the_calendar() {
    let mut past = Past::default();
    let night = START + minutes(14 * 60);
    chat(&mut past, "night", night, Some(10 * 60 + 4));
    let answers = judged(past, kernel::sla::DEFAULT);
    assert_eq!((answers[0].before.late, answers[0].after.met, answers[0].changed), (1, 1, 1));
}

#[test]
fn a_task_sent_back_is_a_promise_anew_and_one_cancelled_is_none() {
    let mut past = Past::default();
    let task = |past: &mut Past, event: JournalEntry| past.take(&event).unwrap();
    let hours = |hours: i64| START + SignedDuration::from_hours(hours);
    let (class, department) = (common::CaseClass::Discomfort.into(), "medical".to_owned());
    let answer_by = on_wire(hours(24));
    let issued = complaint::TaskIssued { class, department, answer_by, ..complaint::TaskIssued::default() };
    task(&mut past, entry(&issued, "task", START));
    let answered = |at| complaint::TaskAnswered { answered_at: on_wire(at), ..complaint::TaskAnswered::default() };
    task(&mut past, entry(&answered(hours(13)), "task", hours(13)));
    let returned = complaint::TaskReturned { answer_by: on_wire(hours(38)), ..complaint::TaskReturned::default() };
    task(&mut past, entry(&returned, "task", hours(14)));
    task(&mut past, entry(&complaint::TaskCancelled::default(), "task", hours(20)));
    let answers = judged(past, kernel::sla::DEFAULT);
    let departments = answers.iter().find(|judged| judged.kind == Kind::DepartmentAnswer).unwrap();
    assert_eq!((departments.before.met, departments.before.cancelled), (1, 1));
    assert_eq!((departments.after.late, departments.after.cancelled), (1, 1), "medical has twelve hours by policy");
}

#[test]
fn r_int_12_under_the_policy_it_was_promised_by_no_verdict_changes() {
    let vip =
        "[[rules]]\npromise = \"first_response\"\nwhen.segment = [\"vip\"]\ntarget = \"2m\"\nhours = \"of_place\"\n";
    let policy = kernel::sla::DEFAULT.replacen("[[rules]]", &format!("{vip}\n[[rules]]"), 1);
    let definitions = toml::from_str(kernel::calendar::CHINA).unwrap();
    let levels = Levels::prepare(toml::from_str(&policy).unwrap(), &definitions).unwrap();
    let mut past = Past::default();
    // Every hour of three weeks around the Spring Festival, by chat and mail, urgent or not, of the few and the many.
    let first: Timestamp = "2026-02-07T00:30:00Z".parse().unwrap();
    for number in 0..24 * 21 * 8_i64 {
        let at = first + minutes(number / 8 * 60);
        let (chat, urgent, vip_tier) = (number % 2 == 0, number / 2 % 2 == 0, u32::from(number / 4 % 2 == 0));
        let channel = if chat { common::Channel::App } else { common::Channel::Email };
        let asked = sla::Facts {
            channel: Some(if chat { "app" } else { "email" }),
            class: Some("delivery"),
            priority: Some("standard"),
            segment: (vip_tier > 0).then_some("vip"),
            store: None,
        };
        let kinds = [Some(Kind::FirstResponse), urgent.then_some(Kind::UrgentFeedback)];
        let due = |kind| levels.promise(kind, asked, None, at).unwrap().unwrap().standing.due_at;
        let respond_by = kinds.into_iter().flatten().map(due).min().unwrap();
        let registered = intake::CaseRegistered {
            case_id: number.to_string(),
            channel: channel.into(),
            class: common::CaseClass::Delivery.into(),
            lane: common::Lane::Standard.into(),
            recorded_at: on_wire(at),
            respond_by: on_wire(respond_by),
            vip_tier,
            urgent,
            ..intake::CaseRegistered::default()
        };
        past.take(&entry(&registered, &registered.case_id, at)).unwrap();
        let after = SignedDuration::from_nanos(number % 3 % 2);
        let (case_id, responded_at) = (number.to_string(), on_wire(respond_by + after));
        let responded = intake::CaseResponded { case_id, responded_at, ..intake::CaseResponded::default() };
        past.take(&entry(&responded, &responded.case_id, respond_by + after)).unwrap();
    }
    let first = &judged(past, &policy)[0];
    assert_eq!((first.changed, first.not_given), (0, 0));
    assert_eq!(first.before.met + first.before.late, 24 * 21 * 8);
    assert!(first.before.met > 0 && first.after.late == first.before.late);
}

#[test]
fn r_int_15_an_answer_told_late_counts_from_when_it_was_given() {
    let mut past = Past::default();
    chat(&mut past, "told", START, Some(7));
    let (case_id, responded_at) = ("told".to_owned(), on_wire(START + minutes(4)));
    let corrected = intake::CaseResponseCorrected { case_id, responded_at, ..intake::CaseResponseCorrected::default() };
    past.take(&entry(&corrected, "told", START + minutes(9))).unwrap();
    let answers = judged(past, kernel::sla::DEFAULT);
    assert_eq!((answers[0].before.met, answers[0].after.met, answers[0].changed), (1, 1, 0));
}

pub(super) fn hours(hours: i64) -> Timestamp {
    START + SignedDuration::from_hours(hours)
}

/// How one promise of a complaint stands, warned of at these hours.
pub(super) fn stands(promise: &str, due: i64, warned: &[i64], end: Option<(i64, &str)>) -> complaint::PromiseStanding {
    complaint::PromiseStanding {
        promise: promise.to_owned(),
        started_at: on_wire(START),
        status: end.map_or("running", |(_, status)| status).to_owned(),
        due_at: on_wire(hours(due)),
        ended_at: end.and_then(|(at, _)| on_wire(hours(at))),
        warn_at: warned.iter().filter_map(|at| on_wire(hours(*at))).collect(),
        ..complaint::PromiseStanding::default()
    }
}

pub(super) fn recorded(promises: Vec<complaint::PromiseStanding>) -> complaint::ComplaintRecorded {
    complaint::ComplaintRecorded {
        class: common::CaseClass::Delivery.into(),
        lane: common::Lane::Standard.into(),
        recorded_at: on_wire(START),
        investigate_by: on_wire(hours(24)),
        promises,
        ..complaint::ComplaintRecorded::default()
    }
}

#[test]
fn r_cmp_13_what_is_warned_of_and_what_is_broken_goes_up_to_the_level_of_the_ladder() {
    let mut past = Past::default();
    let result = |end| stands("result_notice", 72, &[36, 58], end);
    let first = stands("first_investigation", 24, &[12, 22], None);
    past.take(&entry(&recorded(vec![first, result(None)]), "slow", START)).unwrap();
    // told after the first warning, and one that is never told
    past.take(&entry(&recorded(vec![result(None)]), "told", START)).unwrap();
    let concluded = |at| complaint::InvestigationConcluded { concluded_at: on_wire(at), ..Default::default() };
    past.take(&entry(&concluded(hours(5)), "told", hours(5))).unwrap();
    let told = complaint::PromisesMoved { promises: vec![result(Some((40, "met")))], ..Default::default() };
    past.take(&entry(&told, "told", hours(40))).unwrap();
    let department = |id: &str, past: &mut Past| {
        let (class, warn_at) = (common::CaseClass::Delivery.into(), on_wire(hours(12)));
        let (answer_by, further_warn_at) = (on_wire(hours(24)), on_wire(hours(22)).into_iter().collect());
        let issued =
            complaint::TaskIssued { class, answer_by, warn_at, further_warn_at, ..complaint::TaskIssued::default() };
        past.take(&entry(&issued, id, START)).unwrap();
    };
    department("silent", &mut past);
    department("quick", &mut past);
    let answered = complaint::TaskAnswered { answered_at: on_wire(hours(3)), ..Default::default() };
    past.take(&entry(&answered, "quick", hours(3))).unwrap();
    past.take(&entry(&complaint::ComplaintAssessed::default(), "slow", hours(100))).unwrap();

    let twice = kernel::sla::DEFAULT.replace(r#"warnings = ["50%"]"#, r#"warnings = ["50%", "2h"]"#);
    let same = under(past, &twice, &calendars());
    for judged in &same {
        assert_eq!(judged.before.escalated, judged.after.escalated, "{:?}", judged.kind);
    }
    let raised = |kind: Kind| same.iter().find(|judged| judged.kind == kind).unwrap().before.escalated;
    let none = Raised::default();
    assert_eq!(
        raised(Kind::FirstInvestigation),
        Raised { team_lead: 2, management: 1, ..none },
        "two warnings, broken"
    );
    assert_eq!(raised(Kind::DepartmentAnswer), Raised { team_lead: 2, department_head: 1, ..none }, "each warning");
    assert_eq!(raised(Kind::ResultNotice), Raised { team_lead: 3, complaint_manager: 1, ..none });
}

#[test]
fn a_department_the_policy_warns_of_nothing_is_warned_as_the_ladder_says() {
    let mut past = Past::default();
    let class = common::CaseClass::Delivery.into();
    let issued = complaint::TaskIssued { class, answer_by: on_wire(hours(24)), ..complaint::TaskIssued::default() };
    past.take(&entry(&issued, "task", START)).unwrap();
    past.take(&entry(&complaint::ComplaintAssessed::default(), "later", hours(20))).unwrap();
    let silent = kernel::sla::DEFAULT.replace(r#"warnings = ["50%"]"#, "warnings = []");
    let departments = under(past, &silent, &calendars()).swap_remove(4);
    assert_eq!((departments.before.escalated, departments.after.escalated.team_lead), (Raised::default(), 1), "at 75%");
}

#[test]
fn the_past_counts_in_the_versions_of_the_time_and_in_the_newest_where_nobody_tells() {
    let two = r#"
        [[calendars]]
        name = "office"
        zone = "Asia/Shanghai"
        versions = [{ valid_from = "2020-01-01", week = { mon = ["09:00-18:00"], tue = ["09:00-18:00"], wed = ["09:00-18:00"] } }]
        [[calendars]]
        name = "office"
        version = 2
        zone = "Asia/Shanghai"
        versions = [{ valid_from = "2020-01-01", week = { mon = ["09:00-23:00"], tue = ["09:00-23:00"], wed = ["09:00-23:00"] } }]
        [[uses]]
        calendar = "office""#;
    let calendars = Calendars::prepare(&toml::from_str(two).unwrap(), 2025..=2027).unwrap();
    let given_in = |past: &mut Past, calendar_version, at| {
        let calendar = "office".to_owned();
        let answer_by = on_wire(at + minutes(60));
        let issued = complaint::TaskIssued { calendar, calendar_version, answer_by, ..Default::default() };
        past.take(&entry(&issued, &format!("task {calendar_version}"), at)).unwrap();
    };
    // At eight in the evening of two days; each is answered after the next opening.
    let evenings = |by_others: bool, by_itself: bool| {
        let mut past = Past::default();
        for (day, version) in [(0, 1), (1, 2)] {
            let morning = START + SignedDuration::from_hours(24 * day);
            if by_others {
                given_in(&mut past, version, morning);
            }
            let (evening, own) = (morning + minutes(11 * 60), if by_itself { version } else { 0 });
            chat_in(&mut past, &format!("day {day}"), evening, Some(13 * 60 + 4), own);
        }
        let first = &under(past, kernel::sla::DEFAULT, &calendars)[0];
        (first.after.met, first.after.late)
    };
    assert_eq!(evenings(true, false), (1, 1), "the first one in the hours others were given in");
    assert_eq!(evenings(false, true), (1, 1), "in those it was given in itself");
    assert_eq!(evenings(false, false), (0, 2), "both in the newest");
}
