//! Every state of a charge-back with every command, and what each step means for the ledger of its order.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
use super::{super::machine, *};

fn cny(minor: i64) -> Money {
    Money::new(minor, "CNY".parse().unwrap())
}

fn document() -> Box<Document> {
    let (chargeback_id, order_id) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let line = ChargedLine {
        posting_id: Uuid::from_u128(3),
        entry_id: Uuid::from_u128(4),
        account: Account::Refund,
        amount: cny(100),
    };
    Box::new(Document {
        chargeback_id,
        number: "C1".into(),
        order_id,
        supplier: "sup-1".into(),
        batch: "b-1".into(),
        lines: vec![line],
        amount: cny(100),
        reason: "leaks".into(),
        by: "staff:ana".into(),
        at: Timestamp::UNIX_EPOCH,
        move_within: SignedDuration::from_hours(24),
    })
}

fn approve(by: &str) -> Command {
    Command::Approve { by: by.into() }
}

fn send() -> Command {
    Command::Send { reference: "letter-1".into() }
}

fn dispute() -> Command {
    Command::Dispute { reason: "not_ours".into() }
}

fn settle(minor: i64) -> Command {
    Command::Settle { paid: cny(minor), reference: "pay-1".into() }
}

fn withdraw() -> Command {
    Command::Withdraw { reason: "mistaken".into() }
}

fn next(chargeback: &Chargeback, command: Command) -> Result<Chargeback, &'static str> {
    let events = chargeback.decide(command, Timestamp::UNIX_EPOCH).map_err(|no| no.code())?;
    let mut next = chargeback.clone();
    events.iter().for_each(|event| next.apply(event));
    Ok(next)
}

fn after(commands: &[Command]) -> Chargeback {
    commands.iter().fold(Chargeback::default(), |chargeback, command| next(&chargeback, command.clone()).unwrap())
}

fn sent() -> Vec<Command> {
    vec![Command::Propose(document()), approve("staff:bo"), send()]
}

fn with(mut so_far: Vec<Command>, command: Command) -> Vec<Command> {
    so_far.push(command);
    so_far
}

#[test]
fn every_command_in_every_state() {
    let of = |commands: &[Command]| after(commands);
    let states = [
        ("absent", Chargeback { state: State::Absent, ..Chargeback::default() }),
        ("proposed", of(&[Command::Propose(document())])),
        ("approved", of(&[Command::Propose(document()), approve("staff:bo")])),
        ("sent", of(&sent())),
        ("accepted", of(&with(sent(), Command::Accept))),
        ("disputed", of(&with(sent(), dispute()))),
        ("settled", of(&with(sent(), settle(100)))),
        ("withdrawn", of(&with(sent(), withdraw()))),
    ];
    let commands = [
        ("propose", Command::Propose(document())),
        ("approve", approve("staff:bo")),
        ("approve the own one", approve(" Staff:ANA ")),
        ("send", send()),
        ("accept", Command::Accept),
        ("dispute", dispute()),
        ("settle", settle(100)),
        ("settle too much", settle(101)),
        ("settle nothing", settle(0)),
        ("withdraw", withdraw()),
    ];
    let (no, own, other, none) =
        ("chargeback.not_now", "chargeback.own_proposal", "chargeback.other_amount", "chargeback.unknown");
    machine::check(
        "chargeback",
        &states,
        &commands,
        &[
            ("absent", ["proposed", none, none, none, none, none, none, none, none, none]),
            ("proposed", ["-", "approved", own, no, no, no, no, no, no, "withdrawn"]),
            ("approved", ["-", "-", no, "sent", no, no, no, no, no, "withdrawn"]),
            ("sent", ["-", "-", no, "-", "accepted", "disputed", "settled", other, other, "withdrawn"]),
            ("accepted", ["-", "-", no, "-", "-", no, "settled", other, other, "withdrawn"]),
            ("disputed", ["-", "-", no, "-", "accepted", "-", "settled", other, other, "withdrawn"]),
            ("settled", ["-", "-", no, "-", no, no, "-", no, no, no]),
            ("withdrawn", ["-", "-", no, "-", no, no, no, no, no, "-"]),
        ],
        next,
    );
}

#[test]
fn money_in_another_currency_settles_nothing() {
    let paid = Money::new(100, "EUR".parse().unwrap());
    let settle = Command::Settle { paid, reference: "pay-1".into() };
    assert_eq!(next(&after(&sent()), settle), Err("chargeback.other_amount"));
}

/// What the last of these commands posts: account and amount; and whether the costs are free again.
fn posted(commands: &[Command]) -> (Vec<(&'static str, i64)>, bool) {
    let (last, before) = commands.split_last().unwrap();
    let mut chargeback = after(before);
    let (mut postings, mut freed) = (vec![], false);
    for event in chargeback.decide(last.clone(), Timestamp::UNIX_EPOCH).unwrap() {
        chargeback.apply(&event);
        for consequence in chargeback.consequences(&event) {
            match consequence {
                Consequence::Ledger(_, Act::Post(draft)) => {
                    let lies = |posting: &Posting| posting.dimensions.supplier == "sup-1";
                    assert!(draft.postings.iter().all(lies), "{draft:?}");
                    assert_eq!(draft.postings.iter().map(|posting| posting.amount.minor).sum::<i64>(), 0);
                    postings.extend(draft.postings.iter().map(|one| (one.account.word(), one.amount.minor)));
                }
                Consequence::Ledger(_, Act::Free { .. }) => freed = true,
                other => panic!("{other:?}"),
            }
        }
    }
    (postings, freed)
}

#[test]
fn a_supplier_owes_it_from_when_it_is_sent_until_he_pays_or_it_is_withdrawn() {
    assert_eq!(posted(&sent()), (vec![("supplier_receivable", 100), ("recovery", -100)], false));
    assert_eq!(posted(&with(sent(), Command::Accept)), (vec![], false));
    let whole = vec![("cash", 100), ("supplier_receivable", -100)];
    assert_eq!(posted(&with(sent(), settle(100))), (whole, false));
    let part = vec![("cash", 60), ("supplier_receivable", -60), ("recovery", 40), ("supplier_receivable", -40)];
    assert_eq!(posted(&with(sent(), settle(60))), (part, false));
    let back = vec![("recovery", 100), ("supplier_receivable", -100)];
    assert_eq!(posted(&with(sent(), withdraw())), (back, true));
    assert_eq!(posted(&[Command::Propose(document()), withdraw()]), (vec![], true), "nobody owed it yet");
}

#[test]
fn what_nothing_becomes_of_is_told_once_of_each_state_until_it_is_over() {
    let hours = |hours| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
    let (mut chargeback, mut hour) = (Chargeback::default(), 0);
    for command in [Command::Propose(document()), approve("staff:bo"), send(), dispute(), Command::Accept] {
        let events = chargeback.decide(command.clone(), hours(hour)).unwrap();
        events.iter().for_each(|event| chargeback.apply(event));
        assert_eq!(chargeback.move_by(), Some(hours(hour + 24)), "{command:?}");
        assert_eq!(chargeback.decide(Command::Look, hours(hour + 23)), Ok(vec![]));
        assert_eq!(chargeback.decide(Command::Look, hours(hour + 24)), Ok(vec![Event::Overdue]));
        let before = chargeback.state.clone();
        chargeback.apply(&Event::Overdue);
        assert_eq!((&chargeback.state, chargeback.move_by()), (&before, None));
        assert_eq!(chargeback.decide(Command::Look, hours(hour + 99)), Ok(vec![]));
        hour += 30;
    }
    for command in [settle(100), withdraw()] {
        assert_eq!(next(&chargeback, command).unwrap().move_by(), None);
    }
    let mut old = *document();
    old.move_within = SignedDuration::ZERO;
    let stored = serde_json::to_value(&old).unwrap();
    assert_eq!(stored.get("move_within"), None, "a document of before stays as it was");
    assert_eq!(after(&[Command::Propose(Box::new(old))]).move_by(), None);
}
