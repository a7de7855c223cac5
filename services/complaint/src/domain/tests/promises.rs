//! What is promised to whom, what each happening does to it, and what a breach or a warning leads to.
use kernel::{
    approval::{Delegation, Powers},
    promise::{Event as Step, State as Standing},
    sla::Kind,
};

use super::{
    super::{
        care::{Heard, Word},
        escalation::Trigger,
        promises::{KINDS, word as word_of},
        values::Lane,
    },
    guards::sample,
    *,
};

const MICRO: SignedDuration = SignedDuration::from_micros(1);

/// How the last of each kind stands: first_investigation, solution_offer, result_notice, progress_silence.
fn stands(complaint: &Complaint) -> [&'static str; 4] {
    KINDS.map(|(kind, _)| complaint.promises.last(kind).map_or("none", |promise| promise.standing.state.name()))
}

pub fn due(complaint: &Complaint, kind: Kind) -> Timestamp {
    complaint.promises.last(kind).unwrap().standing.due_at
}

#[test]
fn every_state_of_a_complaint_says_how_its_promises_stand() {
    let all = samples();
    let found: Vec<_> = all.iter().map(|(name, complaint)| (*name, stands(complaint))).collect();
    let (looked_into, waiting) = (["met", "running", "running", "running"], ["met", "met", "paused", "paused"]);
    let (going, told) = (["met", "met", "running", "running"], ["met", "met", "met", "met"]);
    let running = ["running"; 4];
    let expected = [
        ("ab", ["none"; 4]),
        ("re", running),
        ("as", running),
        ("ig", running),
        ("in", looked_into),
        ("dr", looked_into),
        ("td", looked_into),
        ("ap", looked_into),
        ("a2", looked_into),
        ("ok", looked_into),
        ("of", waiting),
        ("o3", waiting),
        ("ow", going),
        ("ag", going),
        ("gu", going),
        ("ex", going),
        ("er", going),
        ("eg", going),
        ("fa", going),
        ("ed", going),
        ("sc", told),
        ("s3", told),
        ("sw", told),
        ("un", told),
        ("cl", told),
        ("wi", ["met", "met", "cancelled", "cancelled"]),
    ];
    assert_eq!(found, expected);
}

#[test]
fn r_cmp_10_the_result_is_due_by_its_class_from_the_recording_and_not_while_the_customer_is_waited_for() {
    let mut complaint = sample("ok");
    let from_recording = NOW - hours(1) + hours(168);
    assert_eq!(due(&complaint, Kind::ResultNotice), from_recording);
    tell(&mut complaint, offer(), NOW + hours(2));
    tell(&mut complaint, Command::PromiseDue, NOW + hours(500));
    assert_eq!(complaint.escalations, 0, "his own time is not ours");
    tell(&mut complaint, consent(1), NOW + hours(502));
    assert_eq!(due(&complaint, Kind::ResultNotice), from_recording + hours(500));
    let pauses = &complaint.promises.last(Kind::ResultNotice).unwrap().pauses;
    assert_eq!((pauses.len(), pauses[0].evidence.as_str(), pauses[0].to), (1, "offer 1", Some(NOW + hours(502))));
    let late = from_recording + hours(500);
    let raised = |events: Vec<Event>| -> usize {
        events.iter().filter(|event| matches!(event, Event::Raised { trigger: Trigger::PromiseLate, .. })).count()
    };
    assert_eq!(raised(tell(&mut complaint, Command::PromiseDue, late)), 0, "equality is in time");
    assert_eq!(raised(tell(&mut complaint, Command::PromiseDue, late + MICRO)), 1);
    assert_eq!(raised(tell(&mut complaint, Command::PromiseDue, late + hours(9))), 0, "once");
}

/// Which kinds are promised anew by a command, and until when; none when it is refused.
fn anew(complaint: &Complaint, command: Command, at: Timestamp) -> Option<Vec<(Kind, Timestamp)>> {
    let events = complaint.decide(command, at).ok()?;
    let moved =
        events.iter().filter_map(|event| if let Event::PromisesMoved(moved) = event { Some(moved) } else { None });
    let started = moved.flatten().filter_map(|one| match &one.event {
        Step::Started(promise) => Some((one.kind, promise.standing.due_at)),
        _ => None,
    });
    Some(started.filter(|(kind, _)| *kind != Kind::ProgressSilence).collect())
}

#[test]
fn r_cmp_10_what_is_promised_anew_in_every_state() {
    let at = NOW + hours(30);
    let (second, result) = ((Kind::SolutionOffer, at + hours(96)), (Kind::ResultNotice, at + hours(168)));
    for (name, complaint) in samples() {
        let declined = anew(&complaint, decline(version(&complaint)), at);
        assert_eq!(declined, ["of", "o3", "ow"].contains(&name).then(|| vec![second]), "{name}, declined");
        let again = Some(vec![second, result]);
        let dissatisfied = anew(&complaint, satisfied(false), at);
        assert_eq!(
            dissatisfied,
            again.clone().filter(|_| ["ed", "sc", "s3", "sw"].contains(&name)),
            "{name}, not satisfied"
        );
        let closed_by_then = ["cl", "wi"].contains(&name);
        assert_eq!(anew(&complaint, appeal(), at), again.filter(|_| closed_by_then), "{name}, appealed");
    }
}

#[test]
fn r_cmp_10_a_second_offer_is_owed_from_the_decline_and_the_first_one_stays_as_it_was() {
    let mut complaint = sample("of");
    tell(&mut complaint, decline(1), NOW + hours(30));
    assert_eq!(stands(&complaint), ["met", "running", "running", "running"]);
    let due = due(&complaint, Kind::SolutionOffer);
    assert_eq!(due, NOW + hours(30 + 96));
    let broken = |events: Vec<Event>| events.iter().filter(|one| matches!(one, Event::Raised { .. })).count();
    tell(&mut complaint, word("hotline"), due);
    assert_eq!(broken(tell(&mut complaint, Command::PromiseDue, due)), 0, "equality is in time");
    assert_eq!(broken(tell(&mut complaint, Command::PromiseDue, due + MICRO)), 1);
    for command in [draft(&[refund(700)]), submit(), approve(BEN, 2), offer()] {
        tell(&mut complaint, command, due + hours(1));
    }
    let offers = complaint.promises.iter().filter(|(kind, _)| *kind == Kind::SolutionOffer);
    let states: Vec<_> = offers.map(|(_, promise)| promise.standing.state).collect();
    assert_eq!(states, [Standing::Met, Standing::MetLate]);
}

#[test]
fn r_cmp_10_the_result_after_an_appeal_is_owed_from_it_by_the_class_as_it_was_judged() {
    let judged = led(&sample("re"), [assess(Class::Discomfort, "medical"), withdraw()]);
    let again = led(&judged, [Command::Appeal { said_at: None, levels: prepared(WARNING) }]);
    assert_eq!(due(&again, Kind::ResultNotice), NOW + hours(12));
    let results = again.promises.iter().filter(|(kind, _)| *kind == Kind::ResultNotice);
    let states: Vec<_> = results.map(|(_, promise)| promise.standing.state).collect();
    assert_eq!(states, [Standing::Cancelled, Standing::Running]);
    assert_eq!(stands(&again), ["cancelled", "cancelled", "running", "running"], "an offer is promised no more");
    assert_eq!(stands(&led(&again, [withdraw()])), ["cancelled"; 4], "closed, nothing is owed");
}

#[test]
fn r_cmp_10_a_result_that_left_in_time_corrects_a_breach_noted_before_it_was_known() {
    let mut complaint = sample("ed");
    let due = due(&complaint, Kind::ResultNotice);
    tell(&mut complaint, Command::PromiseDue, due + hours(1));
    assert!(complaint.late(Kind::ResultNotice));
    let result = told(complaint.result_message(), due);
    let moved = complaint.decide(result.clone(), due + hours(2)).unwrap();
    let Some(Event::PromisesMoved(moved)) = moved.first() else { unreachable!("{moved:?}") };
    assert!(moved.iter().any(|one| matches!(one.event, Step::Corrected { .. })), "never silently: {moved:?}");
    tell(&mut complaint, result, due + hours(2));
    assert_eq!(stands(&complaint)[2], "met");
}

#[test]
fn r_cmp_05_each_word_begins_the_silence_anew_and_an_early_word_told_late_begins_nothing() {
    let mut complaint = sample("in");
    tell(&mut complaint, word("hotline"), NOW + hours(10));
    assert_eq!(complaint.word_by(), Some(NOW + hours(82)));
    tell(&mut complaint, word("hotline"), NOW + hours(10));
    assert_eq!(complaint.word_by(), Some(NOW + hours(82)), "two words at one instant are one");
    let ordered = tell(&mut complaint, Command::Care(Word::Order), NOW + hours(11));
    let [Event::Care(Heard::Ordered { message_id })] = ordered.as_slice() else { unreachable!("{ordered:?}") };
    let left = Word::Left { message_id: *message_id, at: NOW + hours(5), levels: levels() };
    tell(&mut complaint, Command::Care(left), NOW + hours(12));
    assert_eq!(complaint.word_by(), Some(NOW + hours(82)));
    let kept = complaint.promises.iter().filter(|(kind, _)| *kind == Kind::ProgressSilence);
    let ends: Vec<_> = kept.map(|(_, promise)| promise.met_at()).collect();
    assert_eq!(ends, [Some(NOW + hours(5)), None], "the earlier word ended the first wait");
}

/// As strict as policies get, and it warns.
pub const WARNING: &str = r#"
    id = "warns"
    version = 3
    rules = [
      { promise = "first_investigation", target = "24h", hours = "round_the_clock", warnings = ["50%", "2h"] },
      { promise = "result_notice", when.class = ["discomfort"], target = "12h", hours = "round_the_clock" },
      { promise = "result_notice", when.priority = ["health"], target = "24h", hours = "round_the_clock" },
      { promise = "result_notice", when.segment = ["vip"], target = "36h", hours = "round_the_clock" },
      { promise = "result_notice", when.channel = ["app"], target = "48h", hours = "round_the_clock" },
      { promise = "result_notice", when.store = ["s-1"], target = "60h", hours = "round_the_clock" },
      { promise = "result_notice", target = "168h", hours = "round_the_clock" },
    ]"#;

pub fn recorded(change: impl Fn(&mut Facts)) -> Complaint {
    let mut facts = facts();
    change(&mut facts);
    let record = Command::Record { facts: Box::new(facts), desk: desk("quality"), levels: prepared(WARNING) };
    led(&Complaint::default(), [record])
}

#[test]
fn r_cmp_10_the_policy_asks_for_class_priority_segment_channel_and_store() {
    let within =
        |change: &dyn Fn(&mut Facts)| due(&recorded(change), Kind::ResultNotice).duration_since(NOW - hours(1));
    assert_eq!(within(&|_| {}), hours(168));
    assert_eq!(within(&|facts| facts.class = Class::Discomfort), hours(12));
    assert_eq!(within(&|facts| facts.lane = Lane::Health), hours(24));
    assert_eq!(within(&|facts| facts.vip = true), hours(36));
    assert_eq!(within(&|facts| facts.channel = "app".into()), hours(48));
    assert_eq!(within(&|facts| facts.store_id = "s-1".into()), hours(60));
    assert_eq!(stands(&recorded(|_| {})), ["running", "none", "running", "running"], "an offer need not be promised");
}

#[test]
fn r_cmp_03_a_promise_warns_at_a_share_and_before_its_end_once_each() {
    let mut complaint = recorded(|_| {});
    let start = NOW - hours(1);
    let warned = |complaint: &mut Complaint, at: Timestamp| -> Vec<String> {
        let events = complaint.decide(Command::PromiseDue, at).unwrap();
        events.iter().for_each(|event| complaint.apply(event));
        let Some(Event::PromisesMoved(moved)) = events.first() else { return vec![] };
        let text =
            |event: &Step| if let Step::Warned { warning, .. } = event { Some(warning.to_string()) } else { None };
        moved.iter().filter_map(|one| text(&one.event)).collect()
    };
    assert_eq!(complaint.promises.next_due(), Some(start + hours(12)));
    assert!(warned(&mut complaint, start + hours(12) - MICRO).is_empty());
    assert_eq!(warned(&mut complaint, start + hours(12)), ["50%"]);
    assert!(warned(&mut complaint, start + hours(12)).is_empty());
    assert_eq!(warned(&mut complaint, start + hours(22)), ["2h"]);
    assert_eq!(complaint.promises.next_due(), Some(start + hours(24) + MICRO));
    assert_eq!(complaint.escalations, 0, "a warning is no breach");
}

#[test]
fn a_role_is_held_by_its_members_and_by_who_acts_for_one_as_long_as_he_does() {
    let member = Member { role: "head".into(), who: EVA.into(), ..Member::default() };
    let (giver, to) = (EVA.into(), DAN.into());
    let delegation = Delegation { giver, to, from: NOW, until: NOW + hours(24), ..Delegation::default() };
    let powers = Powers::new(vec![member], vec![delegation]).unwrap();
    let holds = |who: &str, at: Timestamp| powers.holds("head", who, at);
    assert!(holds(EVA, NOW) && holds(DAN, NOW) && !holds(BEN, NOW));
    assert!(!holds(DAN, NOW - MICRO) && !holds(DAN, NOW + hours(24)) && !powers.holds("manager", EVA, NOW));
}

#[test]
fn each_kind_has_a_word_of_its_own() {
    let words = KINDS.map(|(kind, _)| word_of(kind));
    assert_eq!(words, ["first_investigation", "solution_offer", "result_notice", "progress_silence"]);
}
