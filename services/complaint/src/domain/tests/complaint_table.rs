//! Every state of a complaint against every command, on one screen.
use kernel::{approval, sla::Kind};

use super::{
    super::{
        complaint::State,
        escalation::{Level, Trigger},
        retargeting::Retarget,
    },
    promises::WARNING,
    retargeting::{judge, retarget},
    *,
};

/// What a cell says: `=` nothing happens, two letters of a state: something happens and it is in that state, else the
/// refusal of [`refusal`].
const TABLE: &str = "
                           ab re as ig in dr td ap a2 ok of o3 ow ag gu ex er eg fa ed sc s3 sw un cl wi
    record                 re  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    order_opened            =  =  =  =  =  =  =  =  =  =  =  =  = ex ex  =  =  =  =  =  =  =  =  =  =  =
    refund_done             =  =  =  =  =  =  =  =  =  =  =  =  = ex  = ex ed  =  =  =  =  =  =  =  =  =
    refund_failed           =  =  =  =  =  =  =  =  =  =  =  =  = ex  = ex ex  =  =  =  =  =  =  =  =  =
    other_remedy_done       =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    tell_result             =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  = sc  =  =  =  =  =  =
    .._of_another           =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    result_untold           =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  = ed  =  =  =  =  =  =
    .._of_another           =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    escalate                = re as ig in dr dr ap ap ok of of of ag ag ex ex ex  = ed sc sc sc  =  =  =
    promise_due             =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    .._and_over             = re as ig  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    silence_due             =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    .._and_over             =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  = sc cl  =  =  =  =
    approval_due            =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    .._and_over             =  =  =  =  =  =  = dr dr  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    assess                 ?? as xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx
    investigate            ?? xx ig xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx
    ask_department         ?? xx xx ig xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx
    conclude               ?? xx xx in xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx
    draft                  ?? xx xx xx dr dr dr xx xx xx xx xx xx xx xx xx xx xx dr xx xx xx xx xx xx xx
    .._nothing             ?? xx xx xx br br br xx xx xx xx xx xx xx xx xx xx xx br xx xx xx xx xx xx xx
    .._outside_policy      ?? xx xx xx op op op xx xx xx xx xx xx xx xx xx xx xx op xx xx xx xx xx xx xx
    .._as_exception        ?? xx xx xx dr dr dr xx xx xx xx xx xx xx xx xx xx xx dr xx xx xx xx xx xx xx
    submit                 ?? xx xx xx xx ap da xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx
    approve                ?? xx xx xx xx xx xx ok aa xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx
    .._another             ?? xx xx xx xx xx xx ov ov xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx
    .._as_author           ?? xx xx xx xx xx xx os os xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx
    .._by_delegation       ?? xx xx xx xx xx xx ok nr xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx
    .._expired             ?? xx xx xx xx xx xx de nr xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx
    .._as_head             ?? xx xx xx xx xx xx nr ok xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx
    .._too_late            ?? xx xx xx xx xx xx at at xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx
    return                 ?? xx xx xx xx xx xx dr aa xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx
    .._another             ?? xx xx xx xx xx xx ov ov xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx
    .._as_author           ?? xx xx xx xx xx xx os os xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx
    offer                  ?? xx xx xx xx xx xx xx xx of xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx
    consent                ?? xx xx xx xx xx xx xx xx xx ag ag ag xx xx xx xx xx xx xx xx xx xx xx xx xx
    .._to_another          ?? xx xx xx xx xx xx xx xx xx ov ov ov xx xx xx xx xx xx xx xx xx xx xx xx xx
    decline                ?? xx xx xx xx xx xx xx xx xx dr ig dr xx xx xx xx xx xx xx xx xx xx xx xx xx
    .._another             ?? xx xx xx xx xx xx xx xx xx ov ov ov xx xx xx xx xx xx xx xx xx xx xx xx xx
    complete_guidance      ?? xx xx xx xx xx xx xx xx xx xx xx xx ex ed ex rs ed rs xx xx xx xx xx xx xx
    .._as_something_else   ?? xx xx xx xx xx xx xx xx xx xx xx xx na na na rs na rs xx xx xx xx xx xx xx
    complete_refund        ?? xx xx xx xx xx xx xx xx xx xx xx xx ng ur ng ng ng ng xx xx xx xx xx xx xx
    report_deviation       ?? xx xx xx xx xx xx xx xx xx xx xx xx ag ag ex rs ex rs xx xx xx xx xx xx xx
    give_up                ?? xx xx xx xx xx xx xx xx xx xx xx xx ex ex ex rs ex rs xx xx xx xx xx xx xx
    deviate_refund         ?? xx xx xx xx xx xx xx xx xx xx xx xx ng ur ng ng ng ng xx xx xx xx xx xx xx
    leave_process          ?? re as ig in dr dr ap ap ok of of of ag ag ex ex ex ex ed sc sc sc xx xx xx
    satisfied              ?? xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx cl cl cl cl xx xx xx
    .._earlier             ?? xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx cl cl cl cl cl xx xx
    dissatisfied           ?? xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx ig ig ig ig xx xx xx
    .._earlier             ?? xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx ig ig ig ig ig xx xx
    withdraw               ?? cl cl cl cl cl cl cl cl cl cl cl cl mm cl mm mm cl cl cl cl cl cl xx xx xx
    appeal                 ?? xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx ig ig ig
    .._too_late            ?? xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx xx ig to to
    raise_escalation       ?? re as ig in dr dr ap ap ok of of of ag ag ex ex ex ex ed sc sc sc cl cl cl
    .._by_hand             ?? re as ig in dr dr ap ap ok of of of ag ag ex ex ex ex ed sc sc sc xx xx xx
    complete_record         =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    merge                   = cl cl cl cl cl cl cl cl cl cl cl cl  =  =  =  =  =  =  =  =  =  =  =  =  =
    unmerge                 =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    retarget               ?? re as ig in dr dr ap ap ok of of of ag ag ex ex ex ex ed pn pn pn xx xx xx
    approve_retarget       ?? np np np np np np np np np np np np np np np np np np np np np np xx xx xx
    reject_retarget        ?? np np np np np np np np np np np np np np np np np np np np np np xx xx xx
    retarget_due            =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
    hold                   ?? re as ig in dr dr ap ap ok of of of ag ag ex ex ex ex ed sc sc sc cl cl cl
    release_hold           ?? nh nh nh nh nh nh nh nh nh nh nh nh nh nh nh nh nh nh nh nh nh nh nh nh nh
    report_due               =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =  =
";

fn refusal(cell: &str) -> Option<&'static str> {
    Some(match cell {
        "??" => "complaint.not_found",
        "xx" => "complaint.not_now",
        "br" => "complaint.bad_remedies",
        "da" => "complaint.draft_anew",
        "ov" => "complaint.other_version",
        "os" => "complaint.own_solution",
        "aa" => "approval.already_approved",
        "nr" => "approval.no_role",
        "de" => "approval.delegation_expired",
        "at" => "approval.term_over",
        "rs" => "complaint.remedy_settled",
        "ng" => "complaint.not_guidance",
        "na" => "complaint.not_as_approved",
        "op" => "complaint.outside_policy",
        "ur" => "complaint.unknown_remedy",
        "mm" => "complaint.money_moving",
        "to" => "complaint.term_over",
        "pn" => "promise.not_now",
        "np" => "complaint.nothing_proposed",
        "nh" => "complaint.not_held",
        _ => return None,
    })
}

fn escalate() -> Command {
    let (level, trigger) = (Level::Management, Trigger::DepartmentLate);
    Command::Escalate { level, trigger, escalation_id: Uuid::from_u128(7) }
}

/// The commands in the order of the rows, as they fit this complaint, and when they come.
fn commands(to: &Complaint) -> Vec<(Command, Timestamp)> {
    let (own, another) = (version(to), version(to) + 1);
    let (money, guidance) = match to.solution.as_ref().map(|solution| solution.remedies.len()) {
        Some(1) => (remedy(to, 9), remedy(to, 0)),
        _ => (remedy(to, 0), remedy(to, 1)),
    };
    let first = remedy(to, 0);
    let now = |command| (command, NOW);
    vec![
        now(record()),
        now(Command::StartExecution { remedy_id: first, ordered: None }),
        now(Command::SettleRemedy { remedy_id: money, done: true, paid: None, at: NOW }),
        now(Command::SettleRemedy { remedy_id: money, done: false, paid: None, at: NOW }),
        now(Command::SettleRemedy { remedy_id: Uuid::from_u128(98), done: true, paid: None, at: NOW }),
        now(tell_result(to)),
        now(told(Uuid::from_u128(97), NOW)),
        now(Command::ResultUntold { message_id: to.result_message() }),
        now(Command::ResultUntold { message_id: Uuid::from_u128(97) }),
        now(escalate()),
        (Command::PromiseDue, NOW + hours(23)),
        (Command::PromiseDue, NOW + hours(23) + SignedDuration::from_micros(1)),
        (Command::SilenceDue, NOW + hours(9 * 24) - SignedDuration::from_micros(1)),
        (Command::SilenceDue, NOW + hours(9 * 24)),
        (Command::ApprovalDue, NOW + hours(72)),
        (Command::ApprovalDue, NOW + hours(72) + SignedDuration::from_micros(1)),
        now(assess(Class::ProductQuality, "quality")),
        now(Command::StartInvestigation),
        now(ask("medical")),
        now(conclude()),
        now(draft(&[refund(1), RemedyKind::Guidance])),
        now(draft(&[])),
        now(draft(&[RemedyKind::Repair])),
        now(draft_exception(&[RemedyKind::Repair])),
        now(submit()),
        now(approve(BEN, own)),
        now(approve(BEN, another)),
        now(approve(ANA, own)),
        now(approve(DAN, own)),
        (approve(DAN, own), NOW + hours(24)),
        now(approve(EVA, own)),
        (approve(BEN, own), NOW + hours(72) + SignedDuration::from_micros(1)),
        now(return_solution(BEN, own)),
        now(return_solution(BEN, another)),
        now(return_solution(ANA, own)),
        now(offer()),
        now(consent(own)),
        now(consent(another)),
        now(decline(own)),
        now(decline(another)),
        now(Command::CompleteRemedy { remedy_id: guidance, done: None }),
        now(Command::CompleteRemedy { remedy_id: guidance, done: Some(refund(1)) }),
        now(Command::CompleteRemedy { remedy_id: money, done: None }),
        now(deviate(guidance, false)),
        now(deviate(guidance, true)),
        now(deviate(money, false)),
        now(Command::RecordProcessDeviation { by: BEN.into(), what: "visited_at_home".into() }),
        now(satisfied(true)),
        (said(true, NOW), NOW + hours(9 * 24)),
        now(satisfied(false)),
        (said(false, NOW), NOW + hours(9 * 24)),
        now(withdraw()),
        (appeal(), NOW + hours(14 * 24)),
        (appeal(), NOW + hours(14 * 24) + SignedDuration::from_micros(1)),
        now(Command::RaiseEscalation { trigger: Trigger::Media }),
        now(Command::RaiseEscalation { trigger: Trigger::Manual }),
        now(Command::CompleteRecord { parts: RecordPart::ALL.into(), emotion: None }),
        now(merge()),
        now(Command::Unmerge),
        now(retarget(Kind::ResultNotice, BEN, WARNING)),
        now(judge(1, approval::Command::Approve { by: EVA.into() })),
        now(judge(1, approval::Command::Reject { by: EVA.into() })),
        (Command::Retarget(Retarget::Due), NOW + hours(999)),
        now(Command::Hold { by: EVA.into(), regulator: None }),
        now(Command::ReleaseHold),
        (Command::ReportDue, NOW + hours(999)),
    ]
}

fn letters(state: &State) -> &'static str {
    match state {
        State::Absent => "ab",
        State::Recorded => "re",
        State::Assessed => "as",
        State::Investigating => "ig",
        State::Investigated => "in",
        State::SolutionDrafted => "dr",
        State::InApproval => "ap",
        State::Approved => "ok",
        State::Offered => "of",
        State::Agreed => "ag",
        State::Executing => "ex",
        State::Executed { .. } => "ed",
        State::SatisfactionCheck { .. } => "sc",
        State::Closed { .. } => "cl",
    }
}

/// Tells every sample every command, compares, and gives the steps that lead to another state.
pub fn steps() -> Vec<Step> {
    let samples = samples();
    let mut rows = TABLE.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).filter(|row| !row.is_empty());
    let columns = rows.next().unwrap();
    assert_eq!(columns, samples.iter().map(|(name, _)| *name).collect::<Vec<_>>());
    let rows: Vec<_> = rows.collect();
    let (mut arrows, mut wrong) = (Vec::new(), Vec::new());
    for (column, (name, complaint)) in samples.iter().enumerate() {
        let commands = commands(complaint);
        assert_eq!(commands.len(), rows.len(), "one row a command");
        let mut called = "";
        for (row, (command, at)) in rows.iter().zip(commands) {
            assert_eq!(row.len(), samples.len() + 1, "one cell a state: {row:?}");
            called = if row[0].starts_with("..") { called } else { row[0] };
            let (cell, before) = (row[column + 1], complaint.state.name());
            let (got, after) = outcome(complaint, command, at);
            if got != refusal(cell).unwrap_or(cell) {
                wrong.push(format!("{name} told to {} becomes {got}, not {cell}", row[0]));
            }
            if before != after && !arrows.contains(&(before, called, after)) {
                arrows.push((before, called, after));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    arrows
}

fn outcome(complaint: &Complaint, command: Command, at: Timestamp) -> (&'static str, &'static str) {
    let mut after = complaint.clone();
    match complaint.decide(command, at) {
        Err(rejection) => (rejection.code(), after.state.name()),
        Ok(events) if events.is_empty() => ("=", after.state.name()),
        Ok(events) => {
            events.iter().for_each(|event| after.apply(event));
            (letters(&after.state), after.state.name())
        }
    }
}

#[test]
fn every_state_has_a_sample_and_is_stored_under_its_word() {
    let mut seen: Vec<_> = samples().iter().map(|(_, complaint)| letters(&complaint.state)).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 14);
    for (_, complaint) in samples() {
        let json = serde_json::to_value(&complaint).unwrap();
        assert_eq!(json["state"]["kind"], complaint.state.name());
        assert_eq!(serde_json::from_value::<Complaint>(json).unwrap(), complaint);
    }
}
