//! What was given before counts with what is to be given now.
use super::{
    super::{
        command::Rejection,
        complaint::State,
        solution::{Flaw, Progress, ReturnedLine},
    },
    guards::{compensation, sample},
    *,
};

/// A complaint that was given these, and is investigated once more.
fn after(first: &[RemedyKind]) -> Complaint {
    let mut complaint = led(&sample("in"), [draft(first), submit(), approve(BEN, 1), offer(), consent(1)]);
    for place in 0..first.len() {
        complaint = led(&complaint, [settle(&complaint, place, true)]);
    }
    led(&complaint, [satisfied(false), conclude()])
}

/// How many steps the next draft takes, and at what amount.
fn approval_of(complaint: &Complaint, remedies: &[RemedyKind]) -> (usize, Option<i64>) {
    let approval = led(complaint, [draft(remedies), submit()]).solution.unwrap().approval.unwrap();
    (approval.steps.len(), approval.matter.amount.map(|amount| amount.minor))
}

#[test]
fn r_cmp_07_what_was_given_before_counts_against_the_limits_of_the_next_draft() {
    let again = after(&[refund(60_000), RemedyKind::Guidance]);
    assert_eq!(again.given, [], "it is the newest solution's until another one is drafted");
    assert_eq!(approval_of(&again, &[refund(40_000)]), (1, Some(100_000)), "the limit is inclusive");
    assert_eq!(approval_of(&again, &[refund(40_001)]), (2, Some(100_001)));
    assert_eq!(approval_of(&again, &[RemedyKind::Guidance]), (1, None), "what has no price adds nothing");
    let twice = led(&again, [draft(&[refund(1)]), draft(&[refund(40_001)]), submit()]);
    let kinds: Vec<_> = twice.given.iter().map(|remedy| remedy.kind).collect();
    assert_eq!(kinds, [refund(60_000), RemedyKind::Guidance], "a draft that was never carried out gave nothing");
    assert_eq!(twice.solution.as_ref().unwrap().approval.as_ref().unwrap().steps.len(), 2);
    let third = led(&twice, [approve(BEN, 3), approve(EVA, 3), offer(), consent(3)]);
    let third = led(&third, [settle(&third, 0, true), satisfied(false), conclude()]);
    assert_eq!(approval_of(&third, &[refund(5)]), (2, Some(100_006)), "all that went before");
}

#[test]
fn r_cmp_07_of_a_solution_that_failed_only_what_was_done_counts() {
    let agreed = led(&sample("in"), [draft(&[refund(60_000), refund(30_000)]), submit(), approve(BEN, 1), offer()]);
    let agreed = led(&agreed, [consent(1)]);
    let stuck = led(&agreed, [settle(&agreed, 0, true), settle(&agreed, 1, false)]);
    assert_eq!(stuck.state, State::Executing);
    assert_eq!(approval_of(&stuck, &[refund(40_000)]), (1, Some(100_000)));
    assert_eq!(approval_of(&stuck, &[refund(40_001)]), (2, Some(100_001)));
}

#[test]
fn r_cmp_07_what_was_paid_of_a_return_that_came_back_in_part_counts_too() {
    let amount = Money::new(60_000, "CNY".parse().unwrap());
    let back = RemedyKind::ReturnRefund { amount };
    let agreed = led(&sample("in"), [draft(&[back]), submit(), approve(BEN, 1), offer(), consent(1)]);
    let paid = Some(Money { minor: 30_000, ..amount });
    let part = Command::SettleRemedy { remedy_id: remedy(&agreed, 0), done: false, paid, at: NOW };
    let stuck = led(&agreed, [part]);
    assert_eq!((stuck.state.clone(), stuck.done().count()), (State::Executing, 0), "it is not what policy owes");
    assert_eq!(approval_of(&stuck, &[refund(70_000)]), (1, Some(100_000)));
    assert_eq!(approval_of(&stuck, &[refund(70_001)]), (2, Some(100_001)));
    let twice = led(&stuck, [draft(&[refund(1)]), draft(&[refund(70_001)]), submit()]);
    assert_eq!(twice.given.iter().map(|one| one.kind.amount()).collect::<Vec<_>>(), [paid]);
    assert_eq!((twice.worth().map(|worth| worth.minor), twice.done().count()), (Some(100_001), 0));
}

#[test]
fn r_ful_17_pieces_are_named_by_a_return_only_and_stay_with_it() {
    let amount = Money::new(100, "CNY".parse().unwrap());
    let line = ReturnedLine { line_id: "1".into(), quantity: 2 };
    let with = |kind, place| {
        let Command::DraftSolution { by, exception, meets_expectation, others, rules, .. } = draft(&[kind]) else {
            unreachable!()
        };
        let (remedies, returned) = (vec![kind], Returned::from([(place, vec![line.clone()])]));
        Command::DraftSolution { by, remedies, returned, exception, meets_expectation, others, rules }
    };
    let concluded = sample("in");
    let drafted = led(&concluded, [with(RemedyKind::ReturnRefund { amount }, 0)]);
    assert_eq!(drafted.solution.unwrap().remedies[0].lines, std::slice::from_ref(&line));
    let refused = concluded.decide(with(RemedyKind::Refund { amount }, 0), NOW);
    assert!(matches!(refused, Err(Rejection::BadRemedies(Flaw { place: Some(0), .. }))), "{refused:?}");
}

#[test]
fn r_cmp_06_the_band_of_like_cases_sees_all_that_a_complaint_is_given() {
    let again = after(&[refund(300)]);
    for (minor, outside) in [(200, false), (201, true), (500, true)] {
        let drafted = led(&again, [draft_among(&[refund(minor)])]);
        assert_eq!(drafted.solution.as_ref().unwrap().fairness.unwrap().outside, outside, "{minor} after 300");
        assert_eq!(drafted.worth().unwrap().minor, 300 + minor);
    }
    let free = led(&again, [draft_among(&[RemedyKind::Guidance])]);
    assert_eq!((free.worth(), free.solution.unwrap().fairness), (None, None));
}

#[test]
fn one_complaint_has_one_currency() {
    let euros = RemedyKind::Compensation { amount: Money::new(5, "EUR".parse().unwrap()) };
    let again = after(&[refund(300)]);
    let reason = "all amounts of a complaint must have the same currency";
    let refused = Err(Rejection::BadRemedies(Flaw { place: Some(1), reason }));
    assert_eq!(again.decide(draft(&[RemedyKind::Guidance, euros]), NOW), refused);
    let nothing = after(&[RemedyKind::Guidance]);
    assert!(nothing.decide(draft(&[euros]), NOW).is_ok(), "nothing with a price was given yet");
}

#[test]
fn complaints_stored_before_it_was_kept_what_they_were_given_are_read() {
    let again = led(&after(&[refund(300)]), [draft(&[refund(5)])]);
    let mut json = serde_json::to_value(&again).unwrap();
    assert_eq!(serde_json::from_value::<Complaint>(json.clone()).unwrap(), again);
    assert!(json.as_object_mut().unwrap().remove("given").is_some());
    assert_eq!(serde_json::from_value::<Complaint>(json).unwrap().given, []);
}

#[test]
fn r_cmp_09_what_people_do_is_tracked_to_its_end_and_a_deviation_is_visible() {
    let kinds = [RemedyKind::ServiceAgain, RemedyKind::Exchange, compensation(300), RemedyKind::Guidance];
    let agreed = offered_again(&sample("td"), &kinds);
    let agreed = led(&agreed, [consent(version(&agreed))]);
    let progress = |complaint: &Complaint| {
        let remedies = complaint.solution.clone().unwrap().remedies;
        remedies.iter().map(|remedy| (remedy.progress, remedy.deviates)).collect::<Vec<_>>()
    };
    let complete = |place| Command::CompleteRemedy { remedy_id: remedy(&agreed, place), done: None };
    let given = |place, kind| Command::CompleteRemedy { remedy_id: remedy(&agreed, place), done: Some(kind) };
    let begun = led(&agreed, [complete(0), deviate(remedy(&agreed, 1), false)]);
    let unsaid = begun.decide(complete(1), NOW).unwrap_err();
    assert_eq!((unsaid.code(), &unsaid), ("complaint.not_as_approved", &Rejection::GivenUnsaid("exchange")));
    assert!(unsaid.to_string().contains("say in done"), "{unsaid}");
    assert_eq!(begun.decide(given(1, RemedyKind::Repair), NOW), Err(Rejection::NotAsApproved));
    assert_eq!(begun.decide(complete(2), NOW), Err(Rejection::GivenUnsaid("compensation")), "a worth is always said");
    let begun = led(&begun, [given(1, RemedyKind::Exchange), complete(3)]);
    let done = Progress::Done;
    assert_eq!(progress(&begun), [(done, false), (done, true), (Progress::Pending, false), (done, false)]);
    assert_eq!(begun.state, State::Executing);
    assert_eq!(led(&begun, [given(2, compensation(300))]).state.name(), "executed");
    let given_up = led(&begun, [deviate(remedy(&agreed, 2), true)]);
    assert_eq!(progress(&given_up)[2], (Progress::Failed, true));
    assert_eq!((given_up.state.name(), given_up.escalations), ("executing", 1));
    assert_eq!(led(&begun, [withdraw()]).state.name(), "closed", "no money is moving");
}
