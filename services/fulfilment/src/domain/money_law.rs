//! The law of money, tried on random lives: whatever is agreed, recorded, repeated, delayed, lost, refused or answered
//! twice, no purchase pays back more than was paid for it, and every order ends with exactly its own payment or none.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use kernel::money::Money;
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    Consequence, Part,
    account::{self, PurchaseAccount},
    order::{self, Facts, Kind, ServiceOrder},
    order_id,
    refund::{self, Refund},
    refund_id,
};

/// What was paid for the lines of the purchases of this world.
const PURCHASES: [&[i64]; 4] = [&[60, 40], &[0, 100, 1], &[30, 7], &[]];
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
    Send {
        remedy: usize,
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
        remedy: usize,
        answered: bool,
    },
    Wait {
        seconds: i64,
    },
}

#[derive(Clone, Copy, Debug)]
enum Mood {
    Pay,
    Refuse,
    Break,
}

/// The provider keeps its first word on every key.
#[derive(Clone, Default)]
struct Provider {
    words: BTreeMap<Uuid, bool>,
    ledger: Vec<(Uuid, refund::Facts)>,
}

#[derive(Clone)]
struct World {
    now: Timestamp,
    orders: BTreeMap<Uuid, ServiceOrder>,
    accounts: BTreeMap<Uuid, PurchaseAccount>,
    refunds: BTreeMap<Uuid, Refund>,
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
            }
        }
        *self = next;
        Ok(())
    }

    fn record(&mut self, n: usize) {
        let part = |(line, minor): (usize, &i64)| Part { line_id: line.to_string(), amount: money(*minor) };
        let lines = PURCHASES[n].iter().enumerate().map(part).collect();
        let paid = money(PURCHASES[n].iter().sum());
        let command = account::Command::Open { purchase_id: purchase(n), paid, lines, sale: account::Sale::default() };
        self.change(Consequence::Account(purchase(n), command)).expect("a purchase can always be recorded");
    }

    fn agree(&mut self, n: usize, facts: Facts) {
        let command = order::Command::Open(facts);
        self.change(Consequence::Order(order_id(remedy(n)), command)).expect("an agreed remedy becomes an order");
    }

    fn send(&mut self, n: usize) {
        let key = refund_id(order_id(remedy(n)));
        let result_by = self.now + SignedDuration::from_secs(30);
        if self.change(Consequence::Refund(key, refund::Command::Send { result_by })).is_ok() {
            let sent = &self.refunds[&key];
            self.requests.push((sent.attempts, sent.facts.unwrap()));
        }
    }

    fn arrive(&mut self, nth: usize, again: bool, mood: Mood, answered: bool) {
        if self.requests.is_empty() {
            return;
        }
        let nth = nth % self.requests.len();
        let (attempt, facts) = if again { self.requests[nth] } else { self.requests.remove(nth) };
        let key = facts.refund_id;
        let known = self.provider.words.get(&key).copied();
        let word = known.or(match mood {
            Mood::Pay => Some(true),
            Mood::Refuse => Some(false),
            Mood::Break => None,
        });
        if let (None, Some(paid)) = (known, word) {
            self.provider.words.insert(key, paid);
            self.provider.ledger.extend(paid.then_some((key, facts)));
        }
        if answered {
            self.answers.push((key, self.words_of(attempt, word, key)));
        }
    }

    fn words_of(&self, attempt: u32, word: Option<bool>, key: Uuid) -> refund::Command {
        match word {
            Some(true) => refund::Command::Succeed { provider_ref: format!("paid-{key}") },
            Some(false) => refund::Command::Fail { attempt, code: "refused".into() },
            None => refund::Command::LoseTrack { attempt, ask_at: self.now + SignedDuration::from_secs(5) },
        }
    }

    fn hear(&mut self, nth: usize, again: bool) {
        if self.answers.is_empty() {
            return;
        }
        let nth = nth % self.answers.len();
        let (key, command) = if again { self.answers[nth].clone() } else { self.answers.remove(nth) };
        self.change(Consequence::Refund(key, command)).expect("an honest provider's word always has a place");
    }

    fn ask(&mut self, n: usize, answered: bool) {
        let key = refund_id(order_id(remedy(n)));
        let Some(refund) = self.refunds.get(&key) else { return };
        if !matches!(refund.state, refund::State::Unknown { next_try_at } if next_try_at <= self.now) {
            return;
        }
        let attempt = refund.attempts;
        let word = match (answered, self.provider.words.get(&key).copied()) {
            (true, None) => refund::Command::NeverSeen { attempt },
            (true, word) => self.words_of(attempt, word, key),
            (false, _) => self.words_of(attempt, None, key),
        };
        self.answers.push((key, word));
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
            Step::Send { remedy } => self.send(remedy),
            Step::Arrive { nth, again, mood, answered } => self.arrive(nth, again, mood, answered),
            Step::Hear { nth, again } => self.hear(nth, again),
            Step::Ask { remedy, answered } => self.ask(remedy, answered),
            Step::Wait { seconds } => self.wait(seconds),
        }
    }

    /// From now on everything works: what can be finished gets finished.
    fn calm_down(&mut self) {
        (0..PURCHASES.len()).for_each(|n| self.record(n));
        for _ in 0..4 {
            for n in 0..REMEDIES {
                self.take(Step::Goods { remedy: n });
                self.send(n);
                self.ask(n, true);
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
        for (n, lines) in PURCHASES.iter().enumerate() {
            let paid_back: i64 = self.ledger_of(purchase(n)).map(|facts| facts.amount.minor).sum();
            assert!(paid_back <= lines.iter().sum(), "purchase {n} paid back {paid_back} of {lines:?}");
        }
        for account in self.accounts.values() {
            let account::State::Open { lines, .. } = &account.state else { continue };
            for line in lines {
                assert!(line.holds.values().all(|hold| hold.minor > 0));
                assert!(line.holds.values().map(|hold| hold.minor).sum::<i64>() <= line.paid.minor, "{line:?}");
            }
        }
        for (key, facts) in &self.provider.ledger {
            let held = self.accounts[&facts.purchase_id].held_for(facts.order_id);
            assert_eq!(held, Some(facts.amount), "money that left under {key} is no longer held");
        }
        for (key, refund) in &self.refunds {
            match refund.state {
                refund::State::Succeeded { .. } => assert_eq!(self.provider.words.get(key), Some(&true)),
                refund::State::Failed { .. } => assert_eq!(self.provider.words.get(key), Some(&false)),
                _ => {}
            }
        }
    }

    fn check_ends(&self) {
        for (id, order) in &self.orders {
            let paid: Vec<Money> =
                self.provider.ledger.iter().filter(|(_, facts)| facts.order_id == *id).map(|(_, f)| f.amount).collect();
            match order.state {
                order::State::Completed { .. } => assert_eq!(paid, [order.facts.as_ref().unwrap().amount]),
                order::State::Refused { .. } | order::State::Failed { .. } => assert!(paid.is_empty()),
                ref other => panic!("order {id} is stuck: {other:?}"),
            }
        }
    }

    fn ledger_of(&self, purchase_id: Uuid) -> impl Iterator<Item = &refund::Facts> {
        self.provider.ledger.iter().map(|(_, facts)| facts).filter(move |facts| facts.purchase_id == purchase_id)
    }
}

fn step() -> impl Strategy<Value = Step> {
    let remedy = || 0..REMEDIES;
    let mood = prop_oneof![3 => Just(Mood::Pay), 1 => Just(Mood::Refuse), 2 => Just(Mood::Break)];
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
        6 => remedy().prop_map(|remedy| Step::Send { remedy }),
        4 => (any::<usize>(), any::<bool>(), mood, any::<bool>())
            .prop_map(|(nth, again, mood, answered)| Step::Arrive { nth, again, mood, answered }),
        4 => (any::<usize>(), any::<bool>()).prop_map(|(nth, again)| Step::Hear { nth, again }),
        4 => (remedy(), prop::bool::weighted(0.8)).prop_map(|(remedy, answered)| Step::Ask { remedy, answered }),
        2 => (1..90i64).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

proptest! {
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
    let (mut paid, mut refused, mut failed, mut resent) = (0, 0, 0, 0);
    for _ in 0..200 {
        let steps = prop::collection::vec(step(), 200).new_tree(&mut runner).unwrap().current();
        let mut world = World::new();
        steps.into_iter().for_each(|step| world.take(step));
        paid += world.provider.ledger.len();
        refused += world.orders.values().filter(|order| matches!(order.state, order::State::Refused { .. })).count();
        failed += world.orders.values().filter(|order| matches!(order.state, order::State::Failed { .. })).count();
        resent += world.refunds.values().filter(|refund| refund.attempts > 1).count();
    }
    assert!(paid > 100 && refused > 100 && failed > 20 && resent > 20, "{paid} {refused} {failed} {resent}");
}
