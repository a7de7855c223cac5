//! What must hold after any sequence of sales, deliveries, answers and passing time, repeated and in any order.
#![expect(clippy::unwrap_used, reason = "tests")]
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use super::{
    follow_up::{Command, Event, FollowUp, Score, State},
    rules::{Days, Line, LongTerm, Product, ProductUse, Rule, Rules, Sale, product_use_id},
};

const START: Timestamp = Timestamp::constant(1_770_000_000, 0);
const CUSTOMERS: u8 = 2;

/// One thing that happens. Days count from the start, back for what is told about the past.
#[derive(Clone, Debug)]
enum Step {
    Sale { purchase: u8, bought: i64, delivered: Option<i64>, category: bool },
    Delivery { purchase: u8, day: i64 },
    Answer { pick: prop::sample::Index, score: u32, discomfort: bool, days_back: i64 },
    Pass { days: i64 },
    Tick { reverse: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let sale = (0..4_u8, -400..10_i64, prop::option::of(-410..30_i64), any::<bool>());
    prop_oneof![
        sale.prop_map(|(purchase, bought, delivered, category)| Step::Sale { purchase, bought, delivered, category }),
        (0..4_u8, -400..60_i64).prop_map(|(purchase, day)| Step::Delivery { purchase, day }),
        (any::<prop::sample::Index>(), 1..=5_u32, any::<bool>(), -2..40_i64)
            .prop_map(|(pick, score, discomfort, days_back)| Step::Answer { pick, score, discomfort, days_back }),
        (0..40_i64).prop_map(|days| Step::Pass { days }),
        any::<bool>().prop_map(|reverse| Step::Tick { reverse }),
    ]
}

/// The service without its database: all follow-ups, and everything that ever happened to each.
struct World {
    now: Timestamp,
    rules: Rules,
    follow_ups: BTreeMap<Uuid, FollowUp>,
    history: BTreeMap<Uuid, Vec<Event>>,
    purchases: BTreeMap<Uuid, Uuid>,
}

impl World {
    fn new() -> Self {
        let slow = ("slow".to_owned(), Days::new(20, 30).unwrap());
        let rules = Rules {
            new_customer: Days::new(0, 7).unwrap(),
            product_use: ProductUse { usual: Days::new(7, 30).unwrap(), categories: BTreeMap::from([slow]) },
            long_term: LongTerm::new(6, 14).unwrap(),
        };
        World { now: START, rules, follow_ups: BTreeMap::new(), history: BTreeMap::new(), purchases: BTreeMap::new() }
    }

    fn send(&mut self, id: Uuid, command: Command) {
        let mut follow_up = self.follow_ups.get(&id).cloned().unwrap_or_default();
        let Ok(events) = follow_up.decide(command, self.now) else { return };
        for event in events {
            follow_up.apply(&event);
            let next = follow_up.successor(&event);
            self.follow_ups.insert(id, follow_up.clone());
            self.history.entry(id).or_default().push(event);
            if let Some(next) = next {
                self.send(next.id(), Command::Plan(next));
            }
        }
    }

    fn step(&mut self, step: &Step) {
        let day = |days: i64| START + SignedDuration::from_hours(24 * days);
        let purchase_id = |purchase: u8| Uuid::from_u128(100 + u128::from(purchase));
        match step {
            Step::Sale { purchase, bought, delivered, category } => {
                let category = if *category { "slow" } else { "usual" };
                let product = Product { category: category.into(), ..Product::default() };
                let sale = Sale {
                    purchase_id: purchase_id(*purchase),
                    customer_id: Uuid::from_u128(u128::from(purchase % CUSTOMERS)),
                    bought_at: day(*bought),
                    delivered_at: delivered.map(day),
                    lines: vec![Line { product, paid: 1 }],
                    flaws: BTreeSet::new(),
                };
                self.purchases.insert(sale.purchase_id, sale.customer_id);
                for owed in self.rules.obligations(&sale) {
                    self.send(owed.id(), Command::Plan(owed));
                }
            }
            Step::Delivery { purchase, day: delivered } => {
                let id = product_use_id(purchase_id(*purchase));
                self.send(id, Command::CountFromDelivery { delivered_at: day(*delivered) });
            }
            Step::Answer { pick, score, discomfort, days_back } => {
                let ids: Vec<Uuid> = self.follow_ups.keys().copied().collect();
                let command = Command::RecordAnswer {
                    score: (*score).try_into().unwrap(),
                    discomfort: *discomfort,
                    commented: false,
                    answered_at: Some(self.now - SignedDuration::from_hours(24 * days_back)),
                    problem_score: problem_score(),
                };
                if !ids.is_empty() {
                    self.send(*pick.get(&ids), command);
                }
            }
            Step::Pass { days } => self.now += SignedDuration::from_hours(24 * days),
            Step::Tick { reverse } => {
                let commands =
                    if *reverse { [Command::Expire, Command::MakeDue] } else { [Command::MakeDue, Command::Expire] };
                for id in self.follow_ups.keys().copied().collect::<Vec<_>>() {
                    commands.iter().for_each(|command| self.send(id, command.clone()));
                }
            }
        }
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let in_state = |name: &str| self.follow_ups.values().filter(|follow_up| follow_up.state.name() == name).count();
        let (open, completed, missed) =
            (in_state("planned") + in_state("due"), in_state("completed"), in_state("missed"));
        let planned = self.happened(|event| matches!(event, Event::Planned(_)));
        prop_assert_eq!(planned, self.follow_ups.len(), "nothing is owed twice");
        prop_assert_eq!(planned, completed + open + missed);
        prop_assert_eq!(self.happened(|event| matches!(event, Event::Completed { .. })), completed);
        for (id, follow_up) in &self.follow_ups {
            let owed = follow_up.obligation.as_ref().unwrap();
            prop_assert_eq!(owed.id(), *id);
            prop_assert!(owed.bought_at <= owed.window.start && owed.window.start <= owed.window.end);
            self.check_history(*id, follow_up)?;
        }
        self.check_what_is_owed()
    }

    fn happened(&self, which: impl Fn(&Event) -> bool) -> usize {
        self.history.values().flatten().filter(|event| which(event)).count()
    }

    /// A problem stands right after its answer and nowhere else; nothing follows; nobody is asked out of time.
    fn check_history(&self, id: Uuid, follow_up: &FollowUp) -> Result<(), TestCaseError> {
        let history = &self.history[&id];
        let ended = history.iter().position(|event| matches!(event, Event::Completed { .. }));
        match (&follow_up.state, ended) {
            (State::Completed { answer, problem, on_time }, Some(at)) => {
                let expected: &[Event] =
                    if answer.is_problem(problem_score()) { &[Event::ProblemFound { answer: *answer }] } else { &[] };
                prop_assert_eq!(&history[at + 1..], expected);
                prop_assert_eq!(*problem, !expected.is_empty());
                let owed = follow_up.obligation.as_ref().unwrap();
                prop_assert_eq!(*on_time, answer.answered_at <= owed.window.end);
                prop_assert!(owed.bought_at <= answer.answered_at && answer.answered_at <= self.now);
            }
            (State::Completed { .. }, None) | (_, Some(_)) => prop_assert!(false, "{history:?}"),
            (State::Due | State::Missed, None) => {
                prop_assert!(follow_up.obligation.as_ref().unwrap().window.start <= self.now);
            }
            (State::Planned | State::Absent, None) => {}
        }
        Ok(())
    }

    /// One about the use of each purchase, one for each new customer, and exactly one open long-term one each.
    fn check_what_is_owed(&self) -> Result<(), TestCaseError> {
        let customers: std::collections::BTreeSet<_> = self.purchases.values().collect();
        let rules = |which: fn(&Rule) -> bool| {
            self.follow_ups
                .values()
                .filter(|follow_up| which(&follow_up.obligation.as_ref().unwrap().rule))
                .collect::<Vec<_>>()
        };
        prop_assert_eq!(rules(|rule| matches!(rule, Rule::NewCustomer { .. })).len(), customers.len());
        prop_assert_eq!(rules(|rule| matches!(rule, Rule::ProductUse { .. })).len(), self.purchases.len());
        let long_term = rules(|rule| matches!(rule, Rule::LongTerm { .. }));
        let open = long_term.iter().filter(|follow_up| matches!(follow_up.state, State::Planned | State::Due));
        prop_assert_eq!(open.count(), customers.len());
        Ok(())
    }
}

fn problem_score() -> Score {
    2.try_into().unwrap()
}

proptest! {
    #[test]
    fn books_balance_after_anything(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        for step in &steps {
            world.step(step);
            world.check()?;
        }
    }
}
