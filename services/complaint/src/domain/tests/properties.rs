//! What no sequence of commands, however wild, can bring about.
use std::{cell::RefCell, collections::BTreeSet};

use kernel::sla::Kind;
use proptest::{prelude::*, test_runner::TestRunner};

use super::{
    super::{
        care::{Heard, Word},
        complaint::{Outcome, State},
        escalation::{Level, Trigger},
        solution::Progress,
    },
    *,
};

/// A command, and the hours that pass before it. Every other one is what comes next by the book, and versions are mostly
/// right, so that ways go far.
#[derive(Clone, Debug, PartialEq)]
struct Wild {
    hours: i64,
    /// Nothing: what comes next by the book.
    what: Option<u8>,
    by: bool,
    version_off: u32,
    place: usize,
    yes: bool,
}

fn step() -> impl Strategy<Value = Wild> {
    let hours = prop_oneof![8 => Just(0i64), 2 => 0..30i64, 1 => 0..500i64];
    let off = prop_oneof![9 => Just(0u32), 1 => 0..3u32];
    (hours, prop::option::of(0..33u8), prop::bool::weighted(0.8), off, 0..3usize, any::<bool>())
        .prop_map(|(hours, what, by, version_off, place, yes)| Wild { hours, what, by, version_off, place, yes })
}

fn by_the_book(to: &Complaint, yes: bool) -> u8 {
    match to.state {
        State::Absent => 0,
        State::Recorded => 1,
        State::Assessed => 2,
        State::Investigating => 4,
        State::Investigated => 6,
        State::SolutionDrafted if to.solution.as_ref().is_some_and(|solution| solution.turned_down) => 6,
        State::SolutionDrafted => 8,
        State::InApproval => 10,
        State::Approved => 13,
        State::Offered => 16 - u8::from(yes),
        State::Agreed | State::Executing => 19 - u8::from(yes),
        State::Executed { .. } | State::SatisfactionCheck { .. } => 20 + u8::from(yes),
        State::Closed { .. } => 22,
    }
}

fn command(step: &Wild, to: &Complaint, at: Timestamp) -> Command {
    let by = [BEN, EVA, DAN][step.place];
    let by = if step.by { by } else { ANA };
    let version = version(to) + step.version_off;
    let remedy_id = remedy(to, step.place);
    match step.what.unwrap_or_else(|| by_the_book(to, step.yes)) {
        0 => record(),
        1 => assess(Class::Discomfort, if step.yes { "medical" } else { "quality" }),
        2 => Command::StartInvestigation,
        3 => ask("quality"),
        4 | 5 => conclude(),
        6 | 7 => {
            draft(&[RemedyKind::Guidance, super::refund([500, 200_000][step.place % 2])][..1 + usize::from(step.yes)])
        }
        8 | 9 => submit(),
        10 | 11 => approve(by, version),
        12 => return_solution(by, version),
        13 | 14 => offer(),
        15 => consent(version),
        16 => decline(version),
        17 => Command::StartExecution { remedy_id, ordered: step.yes.then(|| super::refund(500)) },
        18 => Command::SettleRemedy { remedy_id, done: step.yes, paid: None, at },
        19 => Command::CompleteRemedy { remedy_id, done: None },
        20 if step.by => told(to.result_message(), at - hours(i64::from(step.version_off))),
        20 => Command::Escalate {
            level: Level::Management,
            trigger: Trigger::DepartmentLate,
            escalation_id: Uuid::from_u128(7),
        },
        21 => satisfied(step.yes),
        22 if step.hours == 0 => appeal(),
        22 => withdraw(),
        23 if step.yes => Command::PromiseDue,
        23 if step.by => Command::ApprovalDue,
        23 => Command::SilenceDue,
        25 => deviate(remedy_id, step.yes),
        27 => Command::RecordProcessDeviation { by: by.into(), what: "visited_at_home".into() },
        26 => draft_exception(&[RemedyKind::Repair, RemedyKind::ServiceAgain]),
        28 if step.yes => Command::Care(Word::Order),
        28 => word("hotline"),
        29 if step.yes => Command::PromiseDue,
        29 if step.by => Command::Care(Word::ResultDue),
        29 => Command::Care(Word::AskDue),
        30 => wrote(at - hours(i64::from(step.version_off))),
        31 if step.yes => Command::Care(Word::ReadDue),
        31 => Command::Care(Word::AnswerDue),
        32 if step.yes => super::care::unreached(None),
        32 => super::care::tell_in_person(Some(at - hours(i64::from(step.version_off)))),
        _ => Command::ResultUntold { message_id: to.result_message() },
    }
}

fn closed(complaint: &Complaint) -> bool {
    matches!(complaint.state, State::Closed { .. })
}

/// What must hold of any complaint at any time.
fn check(complaint: &Complaint) {
    let consented = |complaint: &Complaint| complaint.solution.as_ref().is_some_and(|s| s.consent.is_some());
    if let Some(solution) = &complaint.solution {
        if solution.approved_by.is_some() {
            let approval = solution.approval.as_ref().unwrap();
            assert_eq!(approval.step(), approval.steps.len(), "every step is complete");
            let mut people: Vec<_> = approval.given.iter().map(|given| &given.by).collect();
            people.sort();
            people.dedup();
            assert_eq!(people.len(), approval.given.len(), "by different people");
        }
        assert!(solution.consent.is_none() || solution.approved_by.is_some(), "consent only to what was approved");
        let independent = |by: &String| kernel::approval::independent(&solution.author, by);
        assert!(solution.approved_by.iter().all(independent), "nobody approves his own");
        let begun = solution.remedies.iter().any(|remedy| remedy.progress != Progress::Pending);
        assert!(!begun || consented(complaint), "nothing is done without consent");
    }
    match complaint.state {
        State::Agreed | State::Executing => assert!(consented(complaint)),
        State::Executed { .. } | State::SatisfactionCheck { .. } => {
            let solution = complaint.solution.as_ref().unwrap();
            assert!(solution.remedies.iter().all(|remedy| remedy.progress == Progress::Done), "all is done");
        }
        State::Closed { .. } => {
            let ended = complaint.promises.iter().all(|(_, promise)| promise.standing.end.is_some());
            assert!(ended, "a closed complaint owes nothing: {:?}", complaint.promises);
        }
        _ => {}
    }
    assert!(complaint.declines <= complaint.offers_made);
    assert!(complaint.escalations == 0 || complaint.escalation_level == Some(Level::Management));
}

/// What he wrote before the close, told later.
fn late_word(event: &Event) -> bool {
    use Heard::{Read, Told, Unread, Wrote};
    matches!(event, Event::Care(Wrote { .. } | Unread { .. } | Told { .. } | Read { .. }))
        || matches!(event, Event::Raised { trigger: Trigger::Unread, .. })
}

/// What one step may never do.
fn check_step(before: &Complaint, events: &[Event], after: &Complaint) {
    if closed(before) {
        assert!(
            events.is_empty()
                || matches!(events, [Event::Reopened { .. }, .., Event::Raised { trigger: Trigger::Dissatisfied, .. }])
                || closed(after) && events.iter().all(late_word),
            "closed stays closed but for an appeal; what was written before it may be told later"
        );
    }
    if before.late(Kind::FirstInvestigation) {
        assert!(after.late(Kind::FirstInvestigation), "breached stays breached");
    }
    assert!(after.escalation_level >= before.escalation_level, "a level is never taken back");
    assert!(before.state == State::Absent || version(after) >= version(before), "versions only count up");
    assert!(events.is_empty() || !matches!(after.state, State::Absent), "it never ceases to exist");
    for event in events {
        if matches!(event, Event::Closed { outcome: Outcome::Withdrawn, .. })
            && let Some(solution) = before.solution.as_ref().filter(|_| before.state.name() == "executing")
        {
            assert!(!solution.money_pending(), "no withdrawal while money may be moving");
        }
    }
}

#[test]
fn no_way_leads_out_of_the_rules() {
    let seen = RefCell::new(BTreeSet::new());
    let ways = prop::collection::vec(step(), 1..120);
    let walked = TestRunner::new(ProptestConfig::with_cases(500)).run(&ways, |way| {
        let mut complaint = Complaint::default();
        let mut at = NOW;
        for step in way {
            at += hours(step.hours);
            let before = complaint.clone();
            let Ok(events) = complaint.decide(command(&step, &complaint, at), at) else { continue };
            let mut raised = 0;
            for event in &events {
                complaint.apply(event);
                check(&complaint);
                let own = matches!(
                    event,
                    Event::InvestigationLate { .. }
                        | Event::Dissatisfied { .. }
                        | Event::Raised { .. }
                        | Event::ApprovalExpired { .. }
                );
                raised += u32::from(own);
            }
            check_step(&before, &events, &complaint);
            prop_assert!(events.is_empty() || complaint.escalations == before.escalations + raised);
            seen.borrow_mut().insert(complaint.state.name());
        }
        Ok(())
    });
    assert_eq!(walked, Ok(()));
    assert_eq!(seen.into_inner().len(), 14, "the ways went through all states");
}

/// Walks a way; `looks`: somebody looks at the clock before every step. What happened on it, and where it led to.
fn walked(way: &[Wild], looks: bool) -> (Vec<Event>, Complaint) {
    let (mut all, mut complaint, mut at) = (vec![], Complaint::default(), NOW);
    for step in way {
        at += hours(step.hours);
        let look = looks.then_some(Command::PromiseDue);
        for command in look.into_iter().chain([command(step, &complaint, at)]) {
            let events = complaint.decide(command, at).unwrap_or_default();
            events.iter().for_each(|event| complaint.apply(event));
            all.extend(events);
        }
    }
    let last = complaint.decide(Command::PromiseDue, at).unwrap();
    last.iter().for_each(|event| complaint.apply(event));
    all.extend(last);
    (all, complaint)
}

proptest! {
    #[test]
    fn r_cmp_03_verdicts_are_the_same_whoever_looks_and_replay_to_the_bit(way in prop::collection::vec(step(), 1..60)) {
        let (events, complaint) = walked(&way, false);
        let mut again = Complaint::default();
        events.iter().for_each(|event| again.apply(event));
        prop_assert_eq!(serde_json::to_string(&again).unwrap(), serde_json::to_string(&complaint).unwrap());
        let standings = |complaint: &Complaint| -> Vec<_> {
            complaint.promises.iter().map(|(kind, one)| (kind, one.started_at, one.standing.clone())).collect()
        };
        prop_assert_eq!(standings(&walked(&way, true).1), standings(&complaint));
    }

    #[test]
    fn telling_an_event_twice_changes_nothing(
        name in 0..26usize,
        what in prop::sample::select(vec![0u8, 17, 18, 20, 23, 24, 30, 31]),
        by: bool,
        yes: bool,
    ) {
        let mut complaint = samples().swap_remove(name).1;
        let step = Wild { hours: 0, what: Some(what), by, version_off: 0, place: 0, yes };
        let at = NOW + hours(24 * 30);
        let told = command(&step, &complaint, at);
        tell(&mut complaint, told.clone(), at);
        prop_assert_eq!(complaint.decide(told, at), Ok(vec![]));
    }
}
