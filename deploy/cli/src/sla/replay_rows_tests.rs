//! Each promise has a row of its own: urgent feedback beside the first answer, further answers, word of progress; what is
//! not judged is named.
#![expect(clippy::unwrap_used, reason = "tests")]
use contracts::{common::v1 as common, complaint::v1 as complaint, intake::v1 as intake};
use kernel::sla::DEFAULT;

use super::{
    tests::{START, chat, entry, hours, judged, minutes, on_wire, recorded, stands},
    *,
};
use crate::sla::past::Past;

fn of(judged: &[Judged], kind: Kind) -> &Judged {
    judged.iter().find(|one| one.kind == kind).unwrap()
}

/// Late, and kept by nobody.
fn broken(judged: &[Judged], kind: Kind) -> (u64, u64) {
    let one = of(judged, kind);
    (one.before.late + one.before.breached, one.after.late + one.after.breached)
}

/// A chat about harm, at nine in the office, answered after so many minutes.
fn urgent(past: &mut Past, case_id: &str, told_apart: bool, answered_after: i64) {
    let registered = intake::CaseRegistered {
        case_id: case_id.to_owned(),
        channel: common::Channel::App.into(),
        class: common::CaseClass::Discomfort.into(),
        lane: common::Lane::Health.into(),
        urgent: true,
        recorded_at: on_wire(START),
        respond_by: on_wire(START + minutes(5)),
        answer_by: if told_apart { on_wire(START + minutes(5)) } else { None },
        urgent_by: if told_apart { on_wire(hours(24)) } else { None },
        ..intake::CaseRegistered::default()
    };
    past.take(&entry(&registered, case_id, START)).unwrap();
    let at = START + minutes(answered_after);
    let responded = intake::CaseResponded { responded_at: on_wire(at), ..intake::CaseResponded::default() };
    past.take(&entry(&responded, case_id, at)).unwrap();
}

#[test]
fn r_int_15_urgent_feedback_has_a_row_of_its_own() {
    let mut past = Past::default();
    urgent(&mut past, "quick", true, 4);
    urgent(&mut past, "in the day", true, 600);
    urgent(&mut past, "too late", true, 24 * 60 + 1);
    urgent(&mut past, "before both were told", false, 4);
    // Harm that was found later brings a promise of its own.
    chat(&mut past, "raised", START, None);
    let raised = intake::CaseHealthRaised { urgent_by: on_wire(hours(25)), ..intake::CaseHealthRaised::default() };
    past.take(&entry(&raised, "raised", hours(1))).unwrap();
    let two_hours = DEFAULT.replacen(
        "promise = \"urgent_feedback\"\ntarget = \"24h\"\nhours = \"round_the_clock\"\nwarnings = [\"50%\", \"2h\"]",
        "promise = \"urgent_feedback\"\ntarget = \"2h\"\nhours = \"round_the_clock\"",
        1,
    );
    assert_ne!(two_hours, DEFAULT);
    let told = judged(past, &two_hours);
    assert_eq!(of(&told, Kind::FirstResponse).before.met, 2);
    assert_eq!(broken(&told, Kind::FirstResponse), (3, 3), "its minutes do not move with the day");
    let feedback = of(&told, Kind::UrgentFeedback);
    assert_eq!((feedback.before.met, feedback.before.late, feedback.before.running), (2, 1, 1));
    assert_eq!(broken(&told, Kind::UrgentFeedback), (1, 3));
    assert_eq!(feedback.before.escalated.team_lead, 1, "as a first answer that is late");
    let changed: Vec<_> = feedback.first_changed.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(changed, ["in the day", "raised"]);
}

#[test]
fn r_int_12_every_further_answer_is_judged_turn_by_turn_by_the_channel_of_the_words() {
    let mut past = Past::default();
    chat(&mut past, "one", START, Some(1));
    let turn = |past: &mut Past, at: Timestamp, channel: common::Channel, by: i64, answered: Option<i64>| {
        let reply = intake::ReplyOwed { since: on_wire(at), reply_by: on_wire(at + minutes(by)), ..Default::default() };
        let channel = channel.into();
        let added = intake::CaseContactAdded { channel, reply: Some(reply), ..intake::CaseContactAdded::default() };
        past.take(&entry(&added, "one", at)).unwrap();
        let nothing_new = intake::CaseContactAdded::default();
        past.take(&entry(&nothing_new, "one", at + minutes(1))).unwrap();
        if let Some(after) = answered {
            let at = at + minutes(after);
            let replied = intake::CaseReplied { replied_at: on_wire(at), ..intake::CaseReplied::default() };
            past.take(&entry(&replied, "one", at)).unwrap();
        }
    };
    turn(&mut past, hours(1), common::Channel::App, 5, Some(5));
    turn(&mut past, hours(2), common::Channel::App, 5, Some(8));
    turn(&mut past, hours(3), common::Channel::Email, 24 * 60, Some(600));
    let closed = intake::CaseClosed { closed_at: on_wire(hours(20)), ..intake::CaseClosed::default() };
    past.take(&entry(&closed, "one", hours(20))).unwrap();
    let by_person = intake::ReplyOwed {
        since: on_wire(hours(24)),
        reply_by: on_wire(hours(24) + minutes(5)),
        ..Default::default()
    };
    let reopened = intake::CaseReopened { reply: Some(by_person), ..intake::CaseReopened::default() };
    past.take(&entry(&reopened, "one", hours(24))).unwrap();
    let closed = intake::CaseClosed { closed_at: on_wire(hours(24) + minutes(2)), ..intake::CaseClosed::default() };
    past.take(&entry(&closed, "one", hours(25))).unwrap();
    let (before, next) = DEFAULT.split_once("promise = \"next_response\"").unwrap();
    let ten = format!("{before}promise = \"next_response\"{}", next.replacen("5m", "10m", 1));
    assert_ne!(ten, DEFAULT);
    let told = judged(past, &ten);
    let next = of(&told, Kind::NextResponse);
    assert_eq!((next.before.met, next.before.late, next.before.cancelled), (2, 1, 1));
    assert_eq!((next.after.met, next.after.late, next.changed), (3, 0, 1));
    assert_eq!(of(&told, Kind::FirstResponse).before.met, 1);
}

#[test]
fn r_cmp_05_silence_is_judged_and_goes_up() {
    let mut past = Past::default();
    let silence = |status: &str, end: Option<(i64, &'static str)>| complaint::PromiseStanding {
        status: status.to_owned(),
        ..stands("progress_silence", 72, &[], end)
    };
    past.take(&entry(&recorded(vec![silence("running", None)]), "silent", START)).unwrap();
    past.take(&entry(&recorded(vec![silence("running", None)]), "told", START)).unwrap();
    let moved = |one| complaint::PromisesMoved { promises: vec![one], ..complaint::PromisesMoved::default() };
    past.take(&entry(&moved(silence("met", Some((50, "met")))), "told", hours(50))).unwrap();
    // An offer before the customer stops the time: due twenty hours later.
    past.take(&entry(&recorded(vec![silence("running", None)]), "offered", START)).unwrap();
    past.take(&entry(&moved(silence("paused", None)), "offered", hours(10))).unwrap();
    let later = complaint::PromiseStanding { due_at: on_wire(hours(92)), ..silence("running", None) };
    past.take(&entry(&moved(later.clone()), "offered", hours(30))).unwrap();
    let met = complaint::PromiseStanding { status: "met".to_owned(), ended_at: on_wire(hours(90)), ..later };
    past.take(&entry(&moved(met), "offered", hours(90))).unwrap();
    past.take(&entry(&complaint::ComplaintAssessed::default(), "later", hours(100))).unwrap();
    let shorter = DEFAULT.replace(
        "promise = \"progress_silence\"\ntarget = \"72h\"",
        "promise = \"progress_silence\"\ntarget = \"60h\"",
    );
    assert_ne!(shorter, DEFAULT);
    let told = judged(past, &shorter);
    let silences = of(&told, Kind::ProgressSilence);
    assert_eq!((silences.before.met, silences.before.breached), (2, 1));
    assert_eq!((silences.after.met, silences.after.late, silences.after.breached), (1, 1, 1));
    assert_eq!(silences.before.escalated.complaint_manager, 1);
    assert_eq!(silences.first_changed.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["offered"]);
}

#[test]
fn what_is_not_judged_is_named() {
    let (policy, versions, ladder) =
        (toml::from_str(DEFAULT).unwrap(), Versions::default(), Ladder::read(None).unwrap());
    let calendars = Calendars::prepare(&toml::from_str(kernel::calendar::CHINA).unwrap(), 2025..=2027).unwrap();
    let under = Under { policy: &policy, calendars: &calendars, versions: &versions, ladder: &ladder };
    let answer = judge(&under, vec![], 10).unwrap();
    let text = answer.text();
    for named in ["refund_term", "inspection_term", "regulator_report", "pickup"] {
        assert!(text.contains("Not judged: ") && text.contains(named), "{text}");
    }
    let given = policy.rules.iter().all(|rule| answer.promises.iter().any(|judged| judged.kind == rule.promise));
    assert!(given, "whatever a policy gives is judged");
}
