//! The law of money, tried on random lives: whatever is agreed, asked for, recorded, repeated, delayed, lost, refused or
//! answered twice, no purchase pays back more than was paid for it, nothing leaves beside that but compensation that was
//! approved, and every order ends with exactly its own payments.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use kernel::money::Money;
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    Consequence, Part,
    account::{self, Article, PurchaseAccount, Sale},
    budget::Budget,
    ledger::{self, CostLedger},
    order::{self, Facts, Kind, ServiceOrder, money::Source, replacement::ReplacementState},
    order_id,
    payment::Payment,
    refund::{self, Refund},
};

mod asked;
mod compensated;
mod costs;
mod provider;
mod repaired;
mod replaced;
mod tendered;

use asked::Asked;
use compensated::Compensated;
use provider::{Mood, Provider};
use repaired::Repaired;
use replaced::Replaced;

/// What was paid for the lines of the purchases of this world, each of so many pieces.
const PURCHASES: [&[i64]; 4] = [&[60, 40], &[0, 100, 1], &[30, 7], &[]];
const PIECES: u32 = 3;
const REMEDIES: usize = 6;

#[derive(Clone, Debug)]
enum Step {
    Agree {
        remedy: usize,
        purchase: Option<usize>,
        amount: i64,
        foreign: bool,
        goods_first: bool,
    },
    Record {
        purchase: usize,
    },
    Goods {
        remedy: usize,
    },
    /// About a return that is asked for.
    Asked {
        order: usize,
        step: Asked,
    },
    /// About goods of it that go out again.
    Replaced {
        order: usize,
        nth: usize,
        step: Replaced,
    },
    /// About the repair of an article.
    Repaired {
        order: usize,
        step: Repaired,
    },
    /// About what is given beside a purchase.
    Compensated {
        order: usize,
        step: Compensated,
    },
    Send {
        nth: usize,
    },
    /// A request reaches the provider; it may be on the network twice, and its answer may get lost.
    Arrive {
        nth: usize,
        again: bool,
        mood: Mood,
        answered: bool,
    },
    /// An answer reaches us; it may come twice.
    Hear {
        nth: usize,
        again: bool,
    },
    Ask {
        nth: usize,
        answered: bool,
    },
    /// A person pays what no provider can.
    ByHand {
        nth: usize,
    },
    /// The provider takes back its no, and has paid after all.
    TakeBack {
        nth: usize,
    },
    /// A person says what became of an earlier attempt, truly or not.
    SettleEarlier {
        nth: usize,
        by: usize,
        truly: bool,
    },
    /// Parts of an agreed refund that failed are paid anew.
    RepeatParts {
        remedy: usize,
        by_hand: bool,
    },
    Wait {
        seconds: i64,
    },
}

#[derive(Clone)]
struct World {
    now: Timestamp,
    orders: BTreeMap<Uuid, ServiceOrder>,
    accounts: BTreeMap<Uuid, PurchaseAccount>,
    refunds: BTreeMap<Uuid, Refund>,
    ledgers: BTreeMap<Uuid, CostLedger>,
    budgets: BTreeMap<Uuid, Budget>,
    payments: BTreeMap<Uuid, Payment>,
    /// What was paid for repairs, by order and reference.
    fees: BTreeMap<(Uuid, usize), i64>,
    provider: Provider,
    requests: Vec<(u32, refund::Facts)>,
    answers: Vec<(Uuid, refund::Command)>,
}

fn remedy(n: usize) -> Uuid {
    Uuid::from_u128(0xa000 + n as u128)
}

fn purchase(n: usize) -> Uuid {
    Uuid::from_u128(0xb000 + n as u128)
}

fn money(minor: i64) -> Money {
    Money::new(minor, "CNY".parse().unwrap())
}

impl World {
    fn new() -> Self {
        Self {
            now: "2026-01-01T00:00:00Z".parse().unwrap(),
            orders: BTreeMap::new(),
            accounts: BTreeMap::new(),
            refunds: BTreeMap::new(),
            ledgers: BTreeMap::new(),
            budgets: BTreeMap::new(),
            payments: BTreeMap::new(),
            fees: BTreeMap::new(),
            provider: Provider::default(),
            requests: vec![],
            answers: vec![],
        }
    }

    /// One transaction: the change and all that follows from it, or nothing.
    fn change(&mut self, first: Consequence) -> Result<(), &'static str> {
        let mut next = self.clone();
        let mut todo = VecDeque::from([first]);
        while let Some(change) = todo.pop_front() {
            match change {
                Consequence::Order(id, command) => {
                    let order = next.orders.entry(id).or_default();
                    for event in order.decide(command, self.now).map_err(|no| no.code())? {
                        order.apply(&event);
                        todo.extend(order.consequences(&event));
                        todo.extend(ledger::consequence(&event, order));
                    }
                }
                Consequence::Account(id, command) => {
                    let account = next.accounts.entry(id).or_default();
                    for event in account.decide(command, self.now).map_err(|no| no.code())? {
                        account.apply(&event);
                        todo.extend(account.consequences(&event));
                    }
                }
                Consequence::Refund(id, command) => {
                    let refund = next.refunds.entry(id).or_default();
                    for event in refund.decide(command, self.now).map_err(|no| no.code())? {
                        refund.apply(&event);
                        todo.extend(refund.consequences(&event));
                    }
                }
                Consequence::Ledger(order_id, act) => {
                    let ledger = next.ledgers.entry(order_id).or_default();
                    let command = ledger::Command { order_id, act };
                    let events = ledger.decide(command, self.now).map_err(|no| no.code())?;
                    events.iter().for_each(|event| ledger.apply(event));
                }
                Consequence::Budget(id, command) => {
                    let budget = next.budgets.entry(id).or_default();
                    let events = budget.decide(command, self.now).map_err(|no| no.code())?;
                    events.iter().for_each(|event| budget.apply(event));
                }
                Consequence::Payment(id, command) => {
                    let payment = next.payments.entry(id).or_default();
                    let events = payment.decide(command, self.now).map_err(|no| no.code())?;
                    events.iter().for_each(|event| payment.apply(event));
                }
                // Whoever is assigned can do it, and nothing is charged back.
                Consequence::Technician(..) => {}
                Consequence::Chargeback(..) => return Err("chargeback.unknown"),
            }
        }
        *self = next;
        Ok(())
    }

    fn record(&mut self, n: usize) {
        let part = |(line, minor): (usize, &i64)| Part { line_id: line.to_string(), amount: money(*minor) };
        let lines = PURCHASES[n].iter().enumerate().map(part).collect();
        let paid = money(PURCHASES[n].iter().sum());
        let article = |line: usize| (line.to_string(), Article { quantity: PIECES, ..Article::default() });
        let articles = (0..PURCHASES[n].len()).map(article).collect();
        let sale = Sale { articles, tenders: tendered::told(n), ..Sale::default() };
        let command = account::Command::Open { purchase_id: purchase(n), paid, lines, sale };
        self.change(Consequence::Account(purchase(n), command)).expect("a purchase can always be recorded");
    }

    fn agree(&mut self, n: usize, facts: Facts) {
        let command = order::Command::Open(facts);
        self.change(Consequence::Order(order_id(remedy(n)), command)).expect("an agreed remedy becomes an order");
    }

    /// Time passes; the deadlines that are due fire.
    fn wait(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
        for key in self.refunds.keys().copied().collect::<Vec<_>>() {
            self.change(Consequence::Refund(key, refund::Command::CheckResult)).expect("a deadline may always fire");
        }
        for id in self.accounts.keys().copied().collect::<Vec<_>>() {
            self.change(Consequence::Account(id, account::Command::Lapse)).expect("a deadline may always fire");
        }
        for id in self.orders.keys().copied().collect::<Vec<_>>() {
            for deadline in [order::Command::LapseGoods, order::Command::Look] {
                self.change(Consequence::Order(id, deadline)).expect("a deadline may always fire");
            }
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Agree { remedy: n, purchase: from, amount, foreign, goods_first } => self.agree(
                n,
                Facts {
                    order_id: order_id(remedy(n)),
                    complaint_id: Uuid::from_u128(1),
                    remedy_id: remedy(n),
                    customer_id: Uuid::from_u128(2),
                    purchase_id: from.map(purchase),
                    kind: if goods_first { Kind::ReturnRefund } else { Kind::Refund },
                    amount: if foreign { Money::new(amount, "EUR".parse().unwrap()) } else { money(amount) },
                    purchase_within: SignedDuration::from_secs(60),
                    goods_within: SignedDuration::ZERO,
                },
            ),
            Step::Record { purchase } => self.record(purchase),
            Step::Goods { remedy: n } => {
                let command =
                    order::Command::ReceiveGoods { by: "staff:ana".into(), place: "s-1".into(), came: vec![] };
                let _refused = self.change(Consequence::Order(order_id(remedy(n)), command));
            }
            Step::Asked { order, step } => self.asked(order, step),
            Step::Replaced { order, nth, step } => self.replaced(order, nth, step),
            Step::Repaired { order, step } => self.repaired(order, step),
            Step::Compensated { order, step } => self.compensated(order, step),
            Step::Send { nth } => self.send(nth),
            Step::Arrive { nth, again, mood, answered } => self.arrive(nth, again, mood, answered),
            Step::Hear { nth, again } => self.hear(nth, again),
            Step::Ask { nth, answered } => self.ask(nth, answered),
            Step::ByHand { nth } => self.by_hand(nth),
            Step::TakeBack { nth } => self.take_back(nth),
            Step::SettleEarlier { nth, by, truly } => self.settle_earlier(nth, by, truly),
            Step::RepeatParts { remedy: n, by_hand } => self.repeat_parts(order_id(remedy(n)), by_hand),
            Step::Wait { seconds } => self.wait(seconds),
        }
    }

    /// From now on everything works: what can be finished gets finished.
    fn calm_down(&mut self) {
        (0..PURCHASES.len()).for_each(|n| self.record(n));
        for _ in 0..5 {
            (0..REMEDIES).for_each(|n| self.take(Step::Goods { remedy: n }));
            (0..asked::ORDERS).for_each(|n| {
                self.repair_to_the_end(n);
                self.bring_to_an_end(n);
            });
            (0..compensated::ORDERS).for_each(|n| self.compensate_to_the_end(n));
            (0..REMEDIES).for_each(|n| self.take(Step::RepeatParts { remedy: n, by_hand: n % 2 == 0 }));
            (0..self.refunds.len()).for_each(|nth| {
                (0..2).for_each(|by| self.settle_earlier(nth, by, true));
                self.by_hand(nth);
            });
            for nth in 0..self.refunds.len() {
                self.send(nth);
                self.ask(nth, true);
            }
            while !self.requests.is_empty() {
                self.arrive(0, false, Mood::Pay, true);
            }
            while !self.answers.is_empty() {
                self.hear(0, false);
            }
            self.wait(3600);
        }
    }

    fn check(&self) {
        self.check_replaced();
        self.check_repaired();
        self.check_costs();
        self.check_compensated();
        self.check_law();
        self.check_tenders();
        self.check_agreed(false);
        for account in self.accounts.values() {
            let account::State::Open { lines, .. } = &account.state else { continue };
            asked::check_pieces(account);
            for line in lines {
                assert!(line.holds.values().all(|hold| hold.minor > 0));
                assert!(line.holds.values().map(|hold| hold.minor).sum::<i64>() <= line.paid.minor, "{line:?}");
            }
        }
        for (key, facts) in self.provider.ledger.iter().filter(|(_, facts)| facts.part.is_none() && !facts.compensation)
        {
            let payouts = || self.orders[&facts.order_id].request.iter().flat_map(|request| &request.payouts);
            let source = |facts: &refund::Facts| {
                payouts().find(|payout| Some(payout.claim_id) == facts.claim_id).map(|one| one.source)
            };
            let held = |id: Uuid| self.accounts[&facts.purchase_id].held_for(id).map_or(0, |held| held.minor);
            match source(facts) {
                Some(Source::Difference { .. } | Source::Fee { .. }) => {
                    assert_eq!(held(facts.claim_id.unwrap()), 0, "it was never the purchase's");
                }
                Some(Source::Exchange { of } | Source::Rest { of }) => {
                    let of_pieces = |source: Source| source.of() == Some(of) && source != Source::Difference { of };
                    let given = |id: Uuid| kernel::id::derived("given", &[&id.to_string()]);
                    let claims = payouts().filter(|one| of_pieces(one.source)).map(|one| one.claim_id);
                    let kept: i64 = claims.map(|id| held(id) + held(given(id))).sum();
                    let left = self.ledger_of(facts.purchase_id).filter(|one| one.part.is_none());
                    let left: i64 =
                        left.filter(|one| source(one).is_some_and(of_pieces)).map(|one| one.amount.minor).sum();
                    assert!(left <= kept, "{left} left of {kept} under {key}");
                }
                Some(Source::Agreed) => {}
                Some(Source::Unbought { .. }) => {
                    let left = self.provider.ledger.iter().filter(|(_, one)| one.order_id == facts.order_id);
                    let left = left.map(|(_, one)| one.amount.minor).sum();
                    asked::check_unbought(self.orders[&facts.order_id].request.as_ref().unwrap(), left);
                }
                Some(_) => {
                    let kept: i64 = self.chain(facts).into_iter().map(held).sum();
                    assert_eq!(kept, facts.amount.minor, "money that left under {key} is no longer held");
                }
                None => assert_eq!(
                    held(facts.order_id),
                    facts.amount.minor,
                    "money that left under {key} is no longer held"
                ),
            }
        }
        for (key, refund) in &self.refunds {
            match refund.state {
                // What an earlier attempt had paid was not paid again.
                refund::State::Succeeded { .. } if is_earlier(refund) => {
                    assert_eq!(self.provider.words.get(key), None);
                }
                refund::State::Succeeded { .. } => assert_eq!(self.provider.words.get(key), Some(&true)),
                // Who told another amount before his no is raised where he tells that no again, too.
                refund::State::Failed { .. } if refund.amount_differs && refund.contradicted => {
                    assert!(self.provider.words.contains_key(key));
                }
                refund::State::Failed { .. } => {
                    let paid = self.provider.words[key];
                    // People are told as well where it had said that it paid another amount and stands by its no.
                    assert!(refund.contradicted == paid || refund.contradicted && refund.amount_differs);
                }
                _ => {}
            }
        }
    }

    fn check_ends(&self) {
        self.check_cash();
        self.check_agreed(true);
        for (id, order) in &self.orders {
            let paid: Vec<Money> =
                self.provider.ledger.iter().filter(|(_, facts)| facts.order_id == *id).map(|(_, f)| f.amount).collect();
            if let Some(request) = order.request.as_ref().filter(|request| request.compensation.is_some()) {
                compensated::check_end(request, &order.state, &paid);
                continue;
            }
            if let Some(request) = &order.request {
                asked::check_end(request, &order.state, &paid);
                continue;
            }
            match order.state {
                order::State::Completed { .. } if order.tendered => {
                    let all: i64 = paid.iter().map(|amount| amount.minor).sum();
                    assert_eq!(all, order.facts.as_ref().unwrap().amount.minor, "{order:?}");
                }
                order::State::Cancelled if order.agreement.is_some() => assert!(paid.is_empty()),
                order::State::Completed { .. } => assert_eq!(paid, [order.facts.as_ref().unwrap().amount]),
                order::State::Refused { .. } | order::State::Failed { .. } => assert!(paid.is_empty()),
                ref other => panic!("order {id} is stuck: {other:?}"),
            }
        }
    }

    /// What was paid back of a purchase; what was given beside it is no part of it.
    fn ledger_of(&self, purchase_id: Uuid) -> impl Iterator<Item = &refund::Facts> {
        let back = move |facts: &&refund::Facts| facts.purchase_id == purchase_id && !facts.compensation;
        self.provider.ledger.iter().map(|(_, facts)| facts).filter(back)
    }
}

/// Two people said that an earlier attempt at its money was paid, or that this one was not.
fn is_earlier(refund: &Refund) -> bool {
    refund.doubt.is_some() && refund.paid_by.is_none() && !refund.amount_differs
}

fn step() -> impl Strategy<Value = Step> {
    let remedy = || 0..REMEDIES;
    let mood = [(3, Mood::Pay), (1, Mood::Refuse), (2, Mood::Break), (1, Mood::Differ)];
    let mood = proptest::strategy::Union::new_weighted(mood.map(|(weight, mood)| (weight, Just(mood))).to_vec());
    prop_oneof![
        2 => (
            remedy(),
            prop_oneof![19 => (0..PURCHASES.len()).prop_map(Some), 1 => Just(None)],
            1..60i64,
            prop::bool::weighted(0.05),
            any::<bool>(),
        )
            .prop_map(|(remedy, purchase, amount, foreign, goods_first)| Step::Agree {
                remedy, purchase, amount, foreign, goods_first,
            }),
        2 => (0..PURCHASES.len()).prop_map(|purchase| Step::Record { purchase }),
        2 => remedy().prop_map(|remedy| Step::Goods { remedy }),
        8 => (asked::RETURNS, asked::step()).prop_map(|(order, step)| Step::Asked { order, step }),
        8 => (asked::RETURNS, any::<usize>(), replaced::step())
            .prop_map(|(order, nth, step)| Step::Replaced { order, nth, step }),
        3 => (asked::REPAIRS, repaired::step()).prop_map(|(order, step)| Step::Repaired { order, step }),
        6 => (0..compensated::ORDERS, compensated::step()).prop_map(|(order, step)| Step::Compensated { order, step }),
        6 => any::<usize>().prop_map(|nth| Step::Send { nth }),
        4 => (any::<usize>(), any::<bool>(), mood, any::<bool>())
            .prop_map(|(nth, again, mood, answered)| Step::Arrive { nth, again, mood, answered }),
        4 => (any::<usize>(), any::<bool>()).prop_map(|(nth, again)| Step::Hear { nth, again }),
        4 => (any::<usize>(), prop::bool::weighted(0.8)).prop_map(|(nth, answered)| Step::Ask { nth, answered }),
        3 => any::<usize>().prop_map(|nth| Step::ByHand { nth }),
        2 => any::<usize>().prop_map(|nth| Step::TakeBack { nth }),
        2 => (any::<usize>(), 0..2usize, prop::bool::weighted(0.8))
            .prop_map(|(nth, by, truly)| Step::SettleEarlier { nth, by, truly }),
        4 => (remedy(), any::<bool>()).prop_map(|(remedy, by_hand)| Step::RepeatParts { remedy, by_hand }),
        2 => (1..90i64).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

proptest! {
    // R-FUL-05, R-FUL-15.
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_life_pays_back_more_than_was_paid(steps in prop::collection::vec(step(), 1..200)) {
        let mut world = World::new();
        for step in steps {
            world.take(step);
            world.check();
        }
        world.calm_down();
        world.check();
        world.check_ends();
    }
}

/// The random lives reach what they are about: payments, refusals by either side, unknown outcomes, second sendings.
#[test]
fn the_random_lives_are_not_empty() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let (mut paid, mut refused, mut failed, mut resent, mut returned) = (0, 0, 0, 0, 0);
    let (mut delivered, mut instead, mut settled, mut given, mut spent) = (0, 0, 0, 0, 0);
    let (mut by_pieces, mut partly, mut unbought) = (0, 0, 0);
    let (mut repaired, mut fees_back, mut instead_of_repair) = (0, 0, 0);
    let (mut parts, mut again, mut by_hand, mut taken_back, mut ended, mut corrected) = (0, 0, 0, 0, 0, 0);
    for _ in 0..700 {
        let steps = prop::collection::vec(step(), 200).new_tree(&mut runner).unwrap().current();
        let mut world = World::new();
        steps.into_iter().for_each(|step| world.take(step));
        paid += world.provider.ledger.len();
        refused += world.orders.values().filter(|order| matches!(order.state, order::State::Refused { .. })).count();
        failed += world.orders.values().filter(|order| matches!(order.state, order::State::Failed { .. })).count();
        unbought += world.provider.ledger.iter().filter(|(_, facts)| facts.purchase_id.is_nil()).count();
        returned +=
            world.provider.ledger.iter().filter(|(_, facts)| facts.claim_id.is_some() && !facts.compensation).count();
        given += world.provider.ledger.iter().filter(|(_, facts)| facts.compensation).count();
        resent += world.refunds.values().filter(|refund| refund.attempts > 1).count();
        parts += world.provider.ledger.iter().filter(|(_, facts)| facts.part.is_some()).count();
        by_hand += world.refunds.values().filter(|refund| refund.paid_by.is_some()).count();
        world.calm_down();
        spent += world.spent();
        taken_back += world.refunds.values().filter(|one| is_earlier(one)).count();
        corrected += world.refunds.values().filter(|one| one.amount_differs && one.doubt.is_some()).count();
        let is_ended = |order: &&ServiceOrder| {
            order.agreement.is_some()
                && order.state == order::State::Cancelled
                && order.request.as_ref().is_some_and(|request| !request.replacements.is_empty())
        };
        ended += world.orders.values().filter(is_ended).count();
        again += world.refunds.values().filter_map(|one| one.facts?.part).filter(|part| part.attempt > 1).count();
        let requests = || world.orders.values().filter_map(|order| order.request.as_ref());
        let out = |state| requests().flat_map(|one| &one.replacements).filter(|one| one.state == state).count();
        delivered += out(ReplacementState::Delivered);
        instead += out(ReplacementState::MoneyInstead);
        let agreed = || requests().filter(|one| one.agreed_money.is_some());
        by_pieces += agreed().flat_map(|one| &one.payouts).filter(|one| one.tendered || !one.lines.is_empty()).count();
        partly +=
            agreed().filter(|one| one.cancelled.is_none() && one.legs().any(|(_, leg)| leg.goods.lapsed() > 0)).count();
        let repairs = || requests().filter(|one| one.kind == kernel::returns::Kind::Repair);
        repaired += repairs().filter(|one| one.works().any(|(_, work)| work.handed_over.is_some())).count();
        fees_back += world.provider.ledger.iter().filter(|(_, facts)| world.is_fee(facts)).count();
        instead_of_repair += repairs().flat_map(|one| &one.payouts).filter(|one| one.source == Source::Pieces).count();
        settled += requests().flat_map(|one| &one.payouts).filter(|one| one.source.of().is_some()).count();
    }
    let enough = paid > 100 && refused > 100 && failed > 10 && resent > 20 && returned > 50;
    assert!(enough, "{paid} {refused} {failed} {resent} {returned}");
    assert!(repaired > 20 && fees_back > 5 && instead_of_repair > 5, "{repaired} {fees_back} {instead_of_repair}");
    assert!(by_pieces > 50 && partly > 3 && unbought > 10, "{by_pieces} {partly} {unbought}");
    assert!(given > 20 && spent > 20_000, "{given} {spent}");
    assert!(taken_back > 5 && ended > 5 && corrected > 20, "{taken_back} {ended} {corrected}");
    assert!(parts > 50 && again > 10 && by_hand > 20, "{parts} {again} {by_hand}");
    assert!(delivered > 50 && instead > 5 && settled > 50, "{delivered} {instead} {settled}");
}

/// Says what a step of life means, until it means nothing more.
fn live(world: &mut World, mood: Mood) {
    for _ in 0..3 {
        (0..world.refunds.len()).for_each(|nth| world.send(nth));
        while !world.requests.is_empty() {
            world.arrive(0, false, mood, true);
        }
        while !world.answers.is_empty() {
            world.hear(0, false);
        }
    }
    world.check();
}

/// All three pieces of a line of 30, agreed to be exchanged for what costs 6, so that 24 are to be paid.
fn exchanged_for_less() -> World {
    let mut world = World::new();
    world.record(2);
    let (kind, goods, price) = (kernel::returns::Kind::Exchange, kernel::returns::Goods::No, Some(2));
    let (quantity, percent, agreed) = (PIECES, 0, true);
    world.asked(0, Asked::Ask { purchase: 2, line: 0, quantity, goods, percent, kind, price, agreed });
    world
}

/// It cannot be had, and is ended; the customer gives the same pieces back for money. Says what left in all.
fn returned_after(world: &mut World) -> i64 {
    world.replaced(0, 0, Replaced::OutOfStock);
    world.asked(0, Asked::Cancel);
    assert_eq!(world.orders[&asked::id(0)].state, order::State::Cancelled);
    let (kind, goods) = (kernel::returns::Kind::ReturnRefund, kernel::returns::Goods::No);
    let (quantity, percent, price, agreed) = (PIECES, 0, None, false);
    world.asked(1, Asked::Ask { purchase: 2, line: 0, quantity, goods, percent, kind, price, agreed });
    live(world, Mood::Pay);
    world.ledger_of(purchase(2)).map(|facts| facts.amount.minor).sum()
}

#[test]
fn r_ful_17_what_was_held_for_an_exchange_that_is_ended_is_free_and_what_it_paid_is_not() {
    let mut paid = exchanged_for_less();
    live(&mut paid, Mood::Pay);
    assert_eq!(paid.ledger_of(purchase(2)).map(|facts| facts.amount.minor).sum::<i64>(), 24);
    assert_eq!(returned_after(&mut paid), 30, "the rest, and no more");

    let mut refused = exchanged_for_less();
    live(&mut refused, Mood::Refuse);
    refused.asked(0, Asked::Repeat { by_hand: false });
    live(&mut refused, Mood::Refuse);
    assert_eq!(returned_after(&mut refused), 30, "all of it, although a claim was repeated");
}

#[test]
fn what_an_exchange_that_is_ended_paid_by_several_means_stays_held() {
    let mut world = World::new();
    world.record(0);
    let (kind, goods, price) = (kernel::returns::Kind::Exchange, kernel::returns::Goods::No, Some(1));
    world.asked(0, Asked::Ask { purchase: 0, line: 0, quantity: 1, goods, percent: 0, kind, price, agreed: true });
    live(&mut world, Mood::Pay);
    (0..world.refunds.len()).for_each(|nth| world.by_hand(nth));
    let parts = world.provider.ledger.iter().filter(|(_, facts)| facts.part.is_some()).count();
    world.replaced(0, 0, Replaced::OutOfStock);
    world.asked(0, Asked::Cancel);
    assert_eq!((world.orders[&asked::id(0)].state.clone(), parts > 0), (order::State::Cancelled, true));
    world.check();
}
