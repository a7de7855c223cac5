//! Every state against every command, the rules as sentences, and what no way can lead to. Here: what they are checked
//! with, complaints in every state, made by the way that leads there.
#![expect(clippy::unwrap_used, reason = "tests")]
mod awaited;
mod care;
mod closing;
mod complaint_table;
mod given;
mod guards;
mod hold;
mod improvement_table;
mod merging;
mod policy;
mod promises;
mod properties;
mod record;
mod retargeting;
mod small_tables;
mod suggestion_table;
mod warnings;

use std::sync::{Arc, LazyLock};

use jiff::{SignedDuration, Timestamp};
use kernel::{
    approval::{Delegation, Limits, Matrix, Member, Powers, Reach, Rule, Step as ApprovalStep},
    calendar,
    money::Money,
    promise::State as Standing,
    sla::{self, Kind, Levels},
};
use uuid::Uuid;

use super::{
    Command, Complaint,
    care::{Promised, Word},
    complaint::{Asked, Assessment, Event, Facts, Terms},
    fairness::{Band, Comparables},
    routing::Desk,
    rulebook::{Offer, Offers, RETARGET, Rulebook},
    solution::{MeetsExpectation, RemedyKind, Returned},
    values::{Class, Department, RecordPart, Severity},
};

/// From a state, by a command, to another state.
type Step = (&'static str, &'static str, &'static str);

#[test]
fn every_state_answers_every_command_and_the_readme_shows_it() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    for (name, steps) in [
        ("state-diagram", complaint_table::steps()),
        ("state-diagram-task", small_tables::task_steps()),
        ("state-diagram-escalation", small_tables::escalation_steps()),
        ("state-diagram-improvement", improvement_table::steps()),
        ("state-diagram-suggestion", suggestion_table::steps()),
    ] {
        let born = |(from, by, to): Step| (if from == "absent" { "[*]" } else { from }, by, to);
        let steps: Vec<_> = steps.into_iter().map(born).collect();
        testkit::docs::section(readme, name, &testkit::docs::diagram(&steps));
    }
}

const NOW: Timestamp = Timestamp::constant(1_770_000_000, 0);
const CARE: Promised =
    Promised { tell_within: hours(24), tries: 3, offer_answer: hours(9 * 24), offer_tries: 3, read_within: hours(24) };

/// 24 hours for the first investigation, 72 without word, 96 for an offer, 168 for the result; nothing is warned of.
const LEVELS: &str = r#"
    id = "tests"
    version = 1
    rules = [
      { promise = "first_investigation", target = "24h", hours = "round_the_clock" },
      { promise = "progress_silence", target = "72h", hours = "round_the_clock" },
      { promise = "solution_offer", target = "96h", hours = "round_the_clock" },
      { promise = "result_notice", target = "168h", hours = "round_the_clock" },
    ]"#;
const ANA: &str = "staff:ana";
const BEN: &str = "staff:ben";
const DAN: &str = "staff:dan";
const EVA: &str = "staff:eva";

const fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

fn department(word: &str) -> Department {
    word.parse().unwrap()
}

fn desk(word: &str) -> Desk {
    Desk { department: department(word), answer_within: Some(hours(8)), ..Desk::default() }
}

/// What departments are asked under: the shipped levels.
fn shipped() -> Arc<Levels> {
    let (policy, calendars) = (toml::from_str(sla::DEFAULT).unwrap(), toml::from_str(calendar::CHINA).unwrap());
    Arc::new(Levels::prepare(policy, &calendars).unwrap())
}

/// Everything but repair is offered. ana and ben are managers, eva and fay are heads; dan acts for ben for a day. Up to
/// 1,000.00 a manager is enough; other terms for a promise take a head.
fn rules() -> Arc<Rulebook> {
    let member = |role: &str, who: &str| Member { role: role.into(), who: who.into(), ..Member::default() };
    let members =
        vec![member("manager", ANA), member("manager", BEN), member("head", EVA), member("head", "staff:fay")];
    let (giver, to) = (BEN.to_owned(), DAN.to_owned());
    let powers = Powers::new(
        members,
        vec![Delegation { giver, to, from: NOW, until: NOW + hours(24), ..Delegation::default() }],
    )
    .unwrap();
    let step = |role: &str| ApprovalStep { role: role.into(), quorum: 1, within: hours(72) };
    let up_to = Some(Limits::from([("CNY".parse().unwrap(), 100_000)]));
    let matrix = vec![
        Rule { kinds: vec![RETARGET.into()], steps: vec![step("head")], ..Rule::default() },
        Rule { up_to, steps: vec![step("manager")], ..Rule::default() },
        Rule { steps: vec![step("manager"), step("head")], ..Rule::default() },
    ];
    let kinds: Vec<_> = RemedyKind::NAMES.into_iter().chain([RETARGET]).collect();
    let reach = Reach { kinds: &kinds, classes: &Class::ALL.map(Class::name) };
    let matrix = Matrix::new(1, matrix, step("head"), reach, &powers).unwrap();
    let kinds = RemedyKind::NAMES.into_iter().filter(|kind| *kind != "repair").map(str::to_owned).collect();
    let offers = Offers::new(vec![Offer { kinds, ..Offer::default() }]).unwrap();
    let band = Band { days: 365, at_least: 20, from_percentile: 10, to_percentile: 90 };
    Arc::new(Rulebook { matrix, powers, offers, band })
}

/// The policy, and the shipped rules for the promises it leaves out.
fn prepared(policy: &str) -> Arc<Levels> {
    let calendars = toml::from_str(kernel::calendar::CHINA).unwrap();
    let [mut policy, shipped]: [sla::Policy; 2] = [policy, sla::DEFAULT].map(|policy| toml::from_str(policy).unwrap());
    let said: Vec<Kind> = policy.rules.iter().map(|rule| rule.promise).collect();
    // An offer need not be promised.
    let missing = |rule: &sla::Rule| !said.contains(&rule.promise) && rule.promise != Kind::SolutionOffer;
    policy.rules.extend(shipped.rules.into_iter().filter(missing));
    policy.rates = shipped.rates;
    Arc::new(Levels::prepare(policy, &calendars).unwrap())
}

fn levels() -> Arc<Levels> {
    static PREPARED: LazyLock<Arc<Levels>> = LazyLock::new(|| prepared(LEVELS));
    Arc::clone(&PREPARED)
}

fn submit() -> Command {
    Command::SubmitSolution { rules: rules() }
}

/// Recorded an hour ago, about a purchase; 9 days and 14 days are the terms.
fn facts() -> Facts {
    Facts {
        complaint_id: Uuid::from_u128(1),
        case_id: Uuid::from_u128(2),
        customer_id: Uuid::from_u128(3),
        purchase_id: Some(Uuid::from_u128(4)),
        class: Class::ProductQuality,
        recorded_at: NOW - hours(1),
        parts: Some(RecordPart::ALL.into()),
        terms: Terms { silence_after: hours(9 * 24), appeal_within: hours(14 * 24), care: CARE, ..Terms::default() },
        ..Facts::default()
    }
}

fn refund(minor: i64) -> RemedyKind {
    RemedyKind::Refund { amount: Money::new(minor, "CNY".parse().unwrap()) }
}

fn record() -> Command {
    Command::Record { facts: Box::new(facts()), desk: desk("quality"), levels: levels() }
}

fn assess(class: Class, word: &str) -> Command {
    Command::Assess { assessment: Assessment { class, severity: Severity::try_from(2).unwrap() }, desk: desk(word) }
}

fn ask(word: &str) -> Command {
    Command::AskDepartment(Asked { task_id: Uuid::from_u128(31), desk: desk(word) })
}

fn conclude() -> Command {
    let (cause, responsible) = ("packaging.leak".parse().unwrap(), department("quality"));
    Command::ConcludeInvestigation { evidence: vec![], cause, responsible, levels: levels() }
}

fn draft(remedies: &[RemedyKind]) -> Command {
    Command::DraftSolution {
        by: ANA.into(),
        remedies: remedies.to_vec(),
        returned: Returned::new(),
        exception: false,
        meets_expectation: MeetsExpectation::NotStated,
        others: None,
        rules: rules(),
    }
}

/// A draft among twenty complaints that were given 5.00 each.
fn draft_among(remedies: &[RemedyKind]) -> Command {
    let others = Some(Comparables { currency: "CNY".parse().unwrap(), given: vec![500; 20] });
    Command::DraftSolution {
        by: ANA.into(),
        remedies: remedies.to_vec(),
        returned: Returned::new(),
        exception: false,
        meets_expectation: MeetsExpectation::NotStated,
        others,
        rules: rules(),
    }
}

fn draft_exception(remedies: &[RemedyKind]) -> Command {
    Command::DraftSolution {
        by: ANA.into(),
        remedies: remedies.to_vec(),
        returned: Returned::new(),
        exception: true,
        meets_expectation: MeetsExpectation::NotStated,
        others: None,
        rules: rules(),
    }
}

fn deviate(remedy_id: Uuid, given_up: bool) -> Command {
    Command::ReportRemedyDeviation { remedy_id, given_up }
}

fn approve(by: &str, version: u32) -> Command {
    Command::ApproveSolution { by: by.into(), version, rules: rules() }
}

fn return_solution(by: &str, version: u32) -> Command {
    Command::ReturnSolution { by: by.into(), version, rules: rules() }
}

fn consent(version: u32) -> Command {
    Command::RecordConsent { by: BEN.into(), version, channel: "hotline".into(), said_at: None, levels: levels() }
}

fn offer() -> Command {
    Command::OfferSolution { levels: levels() }
}

fn decline(version: u32) -> Command {
    Command::RecordDecline { version, said_at: None, levels: levels() }
}

fn satisfied(satisfied: bool) -> Command {
    Command::RecordSatisfaction { satisfied, channel: None, said_at: None, levels: levels() }
}

fn merge() -> Command {
    merged_at(NOW)
}

fn merged_at(at: Timestamp) -> Command {
    Command::Merge { into: Uuid::from_u128(77), at, levels: levels() }
}

fn withdraw() -> Command {
    Command::Withdraw { channel: "hotline".into(), said_at: None, levels: levels() }
}

/// As it is told later.
fn said(satisfied: bool, said_at: Timestamp) -> Command {
    Command::RecordSatisfaction { satisfied, channel: None, said_at: Some(said_at), levels: levels() }
}

fn appeal() -> Command {
    Command::Appeal { said_at: None, levels: levels() }
}

fn told(message_id: Uuid, at: Timestamp) -> Command {
    Command::TellResult { message_id, at, levels: levels() }
}

fn wrote(at: Timestamp) -> Command {
    Command::Care(Word::Wrote { at, levels: levels() })
}

fn word(channel: &str) -> Command {
    Command::Care(Word::Told { channel: channel.into(), told_at: None, levels: levels() })
}

/// How the first investigation stands.
fn first(complaint: &Complaint) -> Standing {
    complaint.first_investigation().unwrap().standing.state
}

fn tell_result(complaint: &Complaint) -> Command {
    told(complaint.result_message(), NOW)
}

fn settle(complaint: &Complaint, place: usize, done: bool) -> Command {
    settled_at(complaint, place, done, NOW)
}

fn settled_at(complaint: &Complaint, place: usize, done: bool, at: Timestamp) -> Command {
    Command::SettleRemedy { remedy_id: remedy(complaint, place), done, paid: None, at }
}

/// The id of a remedy of the present solution; an unknown one where there is none.
fn remedy(complaint: &Complaint, place: usize) -> Uuid {
    let remedies = complaint.solution.iter().flat_map(|solution| &solution.remedies);
    remedies.map(|remedy| remedy.remedy_id).nth(place).unwrap_or_else(|| Uuid::from_u128(99))
}

fn version(complaint: &Complaint) -> u32 {
    complaint.solution.as_ref().map_or(1, |solution| solution.version)
}

/// Tells it, takes in what follows, and says what it is beside promises that moved.
fn tell(complaint: &mut Complaint, command: Command, at: Timestamp) -> Vec<Event> {
    let events = complaint.decide(command, at).unwrap();
    events.iter().for_each(|event| complaint.apply(event));
    events.into_iter().filter(|event| !matches!(event, Event::PromisesMoved(_))).collect()
}

fn led(from: &Complaint, way: impl IntoIterator<Item = Command>) -> Complaint {
    let mut complaint = from.clone();
    for command in way {
        tell(&mut complaint, command, NOW);
    }
    complaint
}

/// The names are columns of the table; the last of a state's samples stands for what differs within it.
fn samples() -> Vec<(&'static str, Complaint)> {
    let promise = [refund(500), RemedyKind::Guidance];
    let absent = Complaint::default();
    let recorded = led(&absent, [record()]);
    let assessed = led(&recorded, [assess(Class::ProductQuality, "quality")]);
    let investigating = led(&assessed, [Command::StartInvestigation]);
    let investigated = led(&investigating, [conclude()]);
    let drafted = led(&investigated, [draft(&promise)]);
    let in_approval = led(&drafted, [submit()]);
    let two_steps = led(&investigated, [draft(&[refund(100_001)]), submit(), approve(BEN, 1)]);
    let turned_down = led(&in_approval, [return_solution(BEN, 1)]);
    let approved = led(&in_approval, [approve(BEN, 1)]);
    let offered = led(&approved, [offer()]);
    let third = again(&again(&offered));
    let agreed = led(&offered, [consent(1)]);
    let guidance = offered_again(&turned_down, &[RemedyKind::Guidance]);
    let guidance = led(&guidance, [consent(version(&guidance))]);
    let executing = led(&agreed, [Command::StartExecution { remedy_id: remedy(&agreed, 0), ordered: None }]);
    let failed = led(&executing, [settle(&executing, 0, false), settle(&executing, 1, true)]);
    let executed = led(&executing, [settle(&executing, 0, true), settle(&executing, 1, true)]);
    let [refund_left, guidance_left] = [1, 0].map(|place| led(&executing, [settle(&executing, place, true)]));
    let checked = led(&executed, [tell_result(&executed)]);
    let mut asked = checked.clone();
    tell(&mut asked, Command::Care(Word::AskDue), NOW + hours(72));
    tell(&mut asked, Command::Care(Word::AskDue), NOW + hours(144));
    let [offer_wrote, result_wrote] = [&offered, &checked].map(|asked| led(asked, [wrote(NOW)]));
    let mut unconfirmed = asked.clone();
    tell(&mut unconfirmed, Command::SilenceDue, NOW + hours(9 * 24));
    let closed = led(&checked, [satisfied(true)]);
    let withdrawn = led(&executed, [withdraw()]);
    vec![
        ("ab", absent),
        ("re", recorded),
        ("as", assessed),
        ("ig", investigating),
        ("in", investigated),
        ("dr", drafted),
        ("td", turned_down),
        ("ap", in_approval),
        ("a2", two_steps),
        ("ok", approved),
        ("of", offered),
        ("o3", third),
        ("ow", offer_wrote),
        ("ag", agreed),
        ("gu", guidance),
        ("ex", executing),
        ("er", refund_left),
        ("eg", guidance_left),
        ("fa", failed),
        ("ed", executed),
        ("sc", checked),
        ("s3", asked),
        ("sw", result_wrote),
        ("un", unconfirmed),
        ("cl", closed),
        ("wi", withdrawn),
    ]
}

fn offered_again(drafting: &Complaint, remedies: &[RemedyKind]) -> Complaint {
    let drafted = led(drafting, [draft(remedies), submit()]);
    led(&drafted, [approve(BEN, version(&drafted)), offer()])
}

/// Declines what is offered and is offered something else.
fn again(offered: &Complaint) -> Complaint {
    let declined = led(offered, [decline(version(offered))]);
    offered_again(&declined, &[refund(700), RemedyKind::Guidance])
}
