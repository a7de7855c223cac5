//! Other terms for a running promise: proposed by one person, approved by another, and nothing moves before.
use kernel::{
    approval::{self, Refusal, State as Approving},
    promise::{Cause, Event as Step, How, Rejection as Promised, State as Standing},
    sla::Kind,
};

use super::{
    super::{command::Rejection, escalation::Trigger, retargeting::Retarget},
    guards::sample,
    promises::{WARNING, due, recorded},
    *,
};

const MICRO: SignedDuration = SignedDuration::from_micros(1);

pub fn retarget(kind: Kind, by: &str, policy: &str) -> Command {
    Command::Retarget(Retarget::Propose { kind, by: by.into(), rules: rules(), levels: prepared(policy) })
}

pub fn judge(number: u32, judgement: approval::Command) -> Command {
    Command::Retarget(Retarget::Judge { number, judgement, rules: rules(), levels: levels() })
}

fn approve(by: &str) -> approval::Command {
    approval::Command::Approve { by: by.into() }
}

fn reject(by: &str) -> approval::Command {
    approval::Command::Reject { by: by.into() }
}

/// Recorded under another policy.
/// A policy that promises no offer.
const NO_OFFER: &str = r#"
    id = "tests"
    version = 4
    rules = [{ promise = "result_notice", target = "168h", hours = "round_the_clock" }]"#;

fn record_under(policy: &str) -> Command {
    Command::Record { facts: Box::new(facts()), desk: desk("quality"), levels: prepared(policy) }
}

/// As ben proposes it: the terms of discomfort, 12 hours.
fn proposed() -> Complaint {
    led(&sample("re"), [assess(Class::Discomfort, "medical"), retarget(Kind::ResultNotice, BEN, WARNING)])
}

/// Every stage of a proposal with everything that can be said of it: the refusal, or the stage it is in then, and whether
/// the promise moved.
#[test]
fn r_cmp_10_every_stage_of_a_proposal_answers_everything_that_is_said_of_it() {
    let over = NOW + hours(72) + MICRO;
    let none = led(&sample("re"), [assess(Class::Discomfort, "medical")]);
    let waits = proposed();
    let approved = led(&waits, [judge(1, approve(EVA))]);
    let rejected = led(&waits, [judge(1, reject(EVA))]);
    let withdrawn = led(&waits, [judge(1, reject(BEN))]);
    let expired = {
        let mut expired = waits.clone();
        tell(&mut expired, Command::Retarget(Retarget::Due), over);
        expired
    };
    let again = |by| (retarget(Kind::ResultNotice, by, WARNING), NOW);
    let own = judge(1, approve(" Staff:BEN"));
    let said = [
        ("propose", again(BEN)),
        ("propose_late", (retarget(Kind::ResultNotice, ANA, LEVELS), over)),
        ("approve", (judge(1, approve(EVA)), NOW)),
        ("approve_own", (own, NOW)),
        ("approve_without_role", (judge(1, approve(ANA)), NOW)),
        ("approve_another", (judge(9, approve(EVA)), NOW)),
        ("approve_late", (judge(1, approve(EVA)), over)),
        ("reject", (judge(1, reject(EVA)), NOW)),
        ("reject_without_role", (judge(1, reject(ANA)), NOW)),
        ("take_back", (judge(1, reject(BEN)), NOW)),
        ("due", (Command::Retarget(Retarget::Due), NOW + hours(72))),
        ("due_and_over", (Command::Retarget(Retarget::Due), over)),
    ];
    let no = "complaint.nothing_proposed";
    let ended = ["requested", "requested", no, no, no, no, no, no, no, no, "=", "="];
    let table = [
        (none, ended),
        (
            waits,
            [
                "complaint.proposal_waits",
                "requested",
                "approved, moved",
                "approval.own_work",
                "approval.no_role",
                "complaint.other_proposal",
                "approval.term_over",
                "rejected",
                "approval.no_role",
                "withdrawn",
                "=",
                "expired",
            ],
        ),
        (approved, [&["requested", "promise.not_now"][..], &ended[2..]].concat().try_into().unwrap()),
        (rejected, ended),
        (withdrawn, ended),
        (expired, ended),
    ];
    for (complaint, row) in table {
        let stage = complaint.retargeting.as_ref().map_or("none", |proposal| proposal.approval.state.name());
        for ((name, (command, at)), expected) in said.iter().zip(row) {
            let got = match complaint.decide(command.clone(), *at) {
                Err(rejection) => rejection.code().to_owned(),
                Ok(events) if events.is_empty() => "=".to_owned(),
                Ok(events) => {
                    let mut after = complaint.clone();
                    events.iter().for_each(|event| after.apply(event));
                    let moved = due(&after, Kind::ResultNotice) != due(&complaint, Kind::ResultNotice);
                    let stage = after.retargeting.unwrap().approval.state.name();
                    if moved { format!("{stage}, moved") } else { stage.to_owned() }
                }
            };
            assert_eq!(got, expected, "{stage} told to {name}");
        }
    }
}

#[test]
fn r_cmp_10_a_class_judged_differently_moves_no_promise_until_another_person_approves_it() {
    let start = NOW - hours(1);
    let waits = proposed();
    assert_eq!(due(&waits, Kind::ResultNotice), start + hours(168), "the terms are kept");
    let author = waits.decide(judge(1, approve(BEN)), NOW).unwrap_err();
    assert_eq!(author, Rejection::Proposal(Refusal::Own), "nobody approves their own proposal");
    let moved = led(&waits, [judge(1, approve(EVA))]);
    let promise = moved.promises.last(Kind::ResultNotice).unwrap();
    assert_eq!((promise.standing.due_at, promise.terms.policy.as_ref().unwrap().version), (start + hours(12), 3));
}

#[test]
fn what_cannot_move_is_neither_proposed_nor_approved() {
    let never = led(&Complaint::default(), [record_under(NO_OFFER)]);
    let nothing = never.decide(retarget(Kind::SolutionOffer, BEN, LEVELS), NOW);
    assert_eq!(nothing, Err(Rejection::NothingPromised), "it was never promised");
    let told = sample("sc").decide(retarget(Kind::ResultNotice, BEN, LEVELS), NOW);
    assert_eq!(told, Err(Rejection::Promise(Promised::NotNow(Standing::Met))));
    let mut kept = led(&sample("ig"), [retarget(Kind::FirstInvestigation, BEN, WARNING), conclude()]);
    let late = kept.decide(judge(1, approve(EVA)), NOW);
    assert_eq!(late, Err(Rejection::Promise(Promised::NotNow(Standing::Met))), "it was kept meanwhile");
    tell(&mut kept, withdraw(), NOW);
    assert_eq!(kept.retargeting.unwrap().approval.state, Approving::Withdrawn, "the close takes it back");
}

#[test]
fn what_was_stored_before_there_were_proposals_and_holds_is_read() {
    let mut json = serde_json::to_value(sample("in")).unwrap();
    for new in ["retargeting", "hold"] {
        json.as_object_mut().unwrap().remove(new);
    }
    assert_eq!(serde_json::from_value::<Complaint>(json).unwrap(), sample("in"));
}

#[test]
fn r_cmp_10_a_retarget_names_the_warnings_it_ends_and_what_is_warned_of_then_is_raised_anew() {
    let mut complaint = recorded(|_| {});
    let start = NOW - hours(1);
    tell(&mut complaint, Command::PromiseDue, start + hours(12));
    let warning = *complaint.first_investigation().unwrap().warned.first().unwrap();
    let given = complaint.warning_escalation(Kind::FirstInvestigation, start, warning);
    tell(&mut complaint, retarget(Kind::FirstInvestigation, BEN, WARNING), start + hours(13));
    let events = tell(&mut complaint, judge(1, approve(EVA)), start + hours(13));
    let [Event::Proposal(_), Event::Retargeted { warned, moved }] = events.as_slice() else {
        unreachable!("{events:?}")
    };
    assert_eq!(*warned, [given]);
    assert!(moved.iter().any(|one| matches!(one.event, Step::Warned { .. })), "half has passed under these as well");
    assert_ne!(complaint.warning_escalation(Kind::FirstInvestigation, start, warning), given);
}

#[test]
fn r_cmp_05_other_terms_for_the_silence_hold_for_every_further_word() {
    let policy = LEVELS.replace("72h", "24h");
    let mut complaint = led(&sample("in"), [retarget(Kind::ProgressSilence, BEN, &policy), judge(1, approve(EVA))]);
    assert_eq!(complaint.word_by(), Some(NOW - hours(1) + hours(24)));
    for hour in [5, 10] {
        tell(&mut complaint, word("hotline"), NOW + hours(hour));
        assert_eq!(complaint.word_by(), Some(NOW + hours(hour + 24)));
    }
}

#[test]
fn d9_what_the_policy_promises_no_more_falls_away_with_an_approval_and_escalates_no_more() {
    let waits = led(&sample("in"), [retarget(Kind::SolutionOffer, BEN, NO_OFFER)]);
    let proposal = waits.proposal().unwrap();
    assert_eq!((proposal.number, &proposal.terms), (1, &None));
    let offer = |complaint: &Complaint| complaint.promises.last(Kind::SolutionOffer).unwrap().standing.clone();
    assert_eq!(offer(&waits).state, Standing::Running, "nothing moves before it is approved");
    let own = waits.decide(judge(1, approve(BEN)), NOW).unwrap_err();
    assert_eq!(own, Rejection::Proposal(Refusal::Own));
    let mut gone = led(&waits, [judge(1, approve(EVA))]);
    let end = offer(&gone).end.unwrap();
    assert_eq!((offer(&gone).state, end.how), (Standing::Cancelled, How::Cancelled(Cause::PolicyWithdrawn)));
    let late = tell(&mut gone, Command::PromiseDue, NOW + hours(100));
    assert!(!late.iter().any(|event| matches!(event, Event::Raised { trigger: Trigger::PromiseLate, .. })), "{late:?}");
    let stored = serde_json::to_value(&waits).unwrap();
    assert_eq!(serde_json::from_value::<Complaint>(stored).unwrap(), waits);
}

#[test]
fn other_terms_of_less_than_was_worked_already_are_refused_and_break_nothing() {
    let complaint = led(&sample("re"), [assess(Class::Discomfort, "medical")]);
    let late = NOW + hours(20);
    let refused = complaint.decide(retarget(Kind::ResultNotice, BEN, WARNING), late).unwrap_err();
    let due = NOW - hours(1) + hours(12);
    assert_eq!((&refused, refused.code()), (&Rejection::Promise(Promised::BrokenBefore(due)), "promise.broken_before"));
    let waits = led(&complaint, [retarget(Kind::ResultNotice, BEN, WARNING)]);
    let refused = waits.decide(judge(1, approve(EVA)), late).unwrap_err();
    assert_eq!(refused, Rejection::Promise(Promised::BrokenBefore(due)), "it passed while the proposal waited");
    assert_eq!(waits.promises.last(Kind::ResultNotice).unwrap().standing.state, Standing::Running);
}
