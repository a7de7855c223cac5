//! Repairs, in the random lives: quotes are given, agreed to or declined, fees are paid as the article is handed over, work fails
//! in the end, and what was paid for it comes back; or the money of the article, where that is agreed instead.
use kernel::{
    promise::Versioned,
    returns::{Answer, Bearer, Goods as WhenGoods, Kind},
    warranty::Coverage,
};

use super::{
    super::{
        order::{
            money::Source,
            request::{Command, Request},
            work::{
                AlternativeKind, Diagnosis, Feasibility, HandOver, Item, ItemKind, Registration, Satisfaction,
                Step as Work,
            },
        },
        warranty,
    },
    asked::{Asked, Bought},
    *,
};

#[derive(Clone, Debug)]
pub enum Repaired {
    Ask {
        purchase: usize,
        line: usize,
        quantity: u32,
    },
    Register {
        feasibility: Feasibility,
    },
    Diagnose {
        repairable: bool,
        bearer: Bearer,
    },
    Quote {
        minor: i64,
    },
    AnswerQuote {
        agreed: bool,
    },
    Assign,
    Start,
    Test {
        passed: bool,
    },
    /// Under one of a few references, of which the provider knows some; or without any.
    HandOver {
        payment: Option<usize>,
    },
    Satisfaction {
        answer: Satisfaction,
    },
    Offer {
        kind: AlternativeKind,
    },
    Review {
        approved: bool,
    },
    AnswerOffer {
        agreed: bool,
    },
    /// A repair that is paid and fails in the end, or for which money is agreed at once: all of its steps, one after the other.
    Course {
        purchase: usize,
        line: usize,
        minor: i64,
        payment: usize,
        later: i64,
        kind: AlternativeKind,
    },
}

pub fn step() -> impl Strategy<Value = Repaired> {
    let feasibility = prop::sample::select(vec![Feasibility::Feasible, Feasibility::Infeasible]);
    let bearer = prop::sample::select(vec![Bearer::Customer, Bearer::Customer, Bearer::Maker]);
    let satisfaction =
        prop::sample::select(vec![Satisfaction::Satisfied, Satisfaction::Unsatisfied, Satisfaction::Unsatisfied]);
    let kind = prop::sample::select(vec![
        AlternativeKind::Refund,
        AlternativeKind::Refund,
        AlternativeKind::ReturnUnrepaired,
        AlternativeKind::Exchange,
    ]);
    let what = (0..3usize, 0..2usize);
    let course = (what, 0..40i64, 0..12usize, 0..60i64, kind.clone()).prop_map(
        |((purchase, line), minor, payment, later, kind)| Repaired::Course {
            purchase,
            line,
            minor,
            payment,
            later,
            kind,
        },
    );
    prop_oneof![
        6 => course,
        3 => (0..PURCHASES.len(), 0..3usize, 1..=PIECES)
            .prop_map(|(purchase, line, quantity)| Repaired::Ask { purchase, line, quantity }),
        4 => feasibility.prop_map(|feasibility| Repaired::Register { feasibility }),
        6 => (prop::bool::weighted(0.8), bearer)
            .prop_map(|(repairable, bearer)| Repaired::Diagnose { repairable, bearer }),
        6 => (0..40i64).prop_map(|minor| Repaired::Quote { minor }),
        6 => prop::bool::weighted(0.8).prop_map(|agreed| Repaired::AnswerQuote { agreed }),
        6 => Just(Repaired::Assign),
        6 => Just(Repaired::Start),
        6 => prop::bool::weighted(0.8).prop_map(|passed| Repaired::Test { passed }),
        6 => prop::option::weighted(0.8, 0..12usize).prop_map(|payment| Repaired::HandOver { payment }),
        5 => satisfaction.prop_map(|answer| Repaired::Satisfaction { answer }),
        3 => kind.prop_map(|kind| Repaired::Offer { kind }),
        2 => any::<bool>().prop_map(|approved| Repaired::Review { approved }),
        4 => prop::bool::weighted(0.8).prop_map(|agreed| Repaired::AnswerOffer { agreed }),
    ]
}

fn diagnosis(repairable: bool, bearer: Bearer) -> Box<Diagnosis> {
    let (serial, batch, asked_on) = (String::new(), String::new(), "1970-01-01".parse().unwrap());
    let facts =
        warranty::Facts { category: None, serial, batch, bought_on: None, delivered_on: None, asked_on, misuse: false };
    let policy = Versioned { id: "default".into(), version: 1 };
    let coverage = Coverage { policy, rule: None, until: None, bearer, facts };
    let (by, at) = (String::new(), Timestamp::UNIX_EPOCH);
    Box::new(Diagnosis { repairable, cause: "fell".into(), skill: "screen".into(), coverage, by, at })
}

fn registration(feasibility: Feasibility) -> Box<Registration> {
    let (problem, description, reason) = ("screen".into(), "doc:1".into(), "seen".into());
    Box::new(Registration { problem, description, feasibility, reason, by: String::new(), at: Timestamp::UNIX_EPOCH })
}

impl World {
    fn repair(&self, n: usize) -> Option<&Request> {
        self.orders.get(&asked::id(n))?.request.as_ref().filter(|request| request.kind == Kind::Repair)
    }

    pub fn repaired(&mut self, n: usize, step: Repaired) {
        let work = self.repair(n).and_then(|request| request.lines.first()?.work.as_ref());
        let quoted = work.map_or(0, |work| work.quotes.iter().map(|quote| quote.version).max().unwrap_or_default());
        let offered = work.map_or(0, |work| work.alternatives.iter().map(|one| one.number).max().unwrap_or_default());
        let step = match step {
            Repaired::Ask { purchase: of, line, quantity } => return self.ask_for_repair(n, (of, line), quantity),
            Repaired::Review { approved } => {
                let (by, reason) = ("staff:zoe".into(), "seen".into());
                let review =
                    order::Command::Request(Command::Review { by, approved, reason, amounts: Default::default() });
                let _refused = self.change(Consequence::Order(asked::id(n), review));
                return;
            }
            Repaired::HandOver { payment } => return self.hand_over(n, payment),
            Repaired::Course { purchase: of, line, minor, payment, later, kind } => {
                self.record(of);
                self.ask_for_repair(n, (of, line), 1);
                return self.fail_in_the_end(n, minor, payment, (later, kind));
            }
            Repaired::Register { feasibility } => Work::Register(registration(feasibility)),
            Repaired::Diagnose { repairable, bearer } => Work::Diagnose(diagnosis(repairable, bearer)),
            Repaired::Quote { minor } => {
                let item = Item { kind: ItemKind::Part, code: "screen".into(), quantity: 1, unit_price: money(minor) };
                Work::Quote { items: vec![item] }
            }
            Repaired::AnswerQuote { agreed } => Work::AnswerQuote { version: quoted, agreed },
            Repaired::Assign => Work::Assign { technician: "staff:li".into() },
            Repaired::Start => Work::Start,
            Repaired::Test { passed } => Work::Test { passed },
            Repaired::Satisfaction { answer } => Work::Satisfaction(answer),
            Repaired::Offer { kind } => Work::Offer(kind),
            Repaired::AnswerOffer { agreed } => Work::AnswerOffer { number: offered, agreed },
        };
        let _refused = self.work(n, step);
    }

    fn work(&mut self, n: usize, step: Work) -> Result<(), &'static str> {
        let command = Command::Work { line_no: 1, by: "staff:eve".into(), step };
        self.change(Consequence::Order(asked::id(n), order::Command::Request(command)))
    }

    fn ask_for_repair(&mut self, n: usize, (of, line): (usize, usize), quantity: u32) {
        let bought = Bought { purchase_id: purchase(of), line_id: line.to_string() };
        let mut request = Box::new(asked::request(n, bought, quantity, WhenGoods::Before, 0));
        request.kind = Kind::Repair;
        request.lines[0].receipt.outcome.allowed = [Kind::Repair, Kind::ReturnRefund].into();
        assert_eq!(request.lines[0].receipt.outcome.answer, Answer::Eligible);
        let ask = Command::Ask { request, confirmed: true };
        let _refused = self.change(Consequence::Order(asked::id(n), order::Command::Request(ask)));
    }

    /// Repaired and paid for, it comes again; another quote is declined or agreed to, and something else is agreed.
    fn fail_in_the_end(&mut self, n: usize, minor: i64, payment: usize, (later, kind): (i64, AlternativeKind)) {
        let repair = |minor, agreed| {
            [
                Repaired::Diagnose { repairable: true, bearer: Bearer::Customer },
                Repaired::Quote { minor },
                Repaired::AnswerQuote { agreed },
                Repaired::Assign,
                Repaired::Start,
            ]
        };
        self.repaired(n, Repaired::Register { feasibility: Feasibility::Feasible });
        self.asked(n, Asked::Receive { quantity: PIECES });
        repair(minor, true).into_iter().for_each(|step| self.repaired(n, step));
        self.repaired(n, Repaired::Test { passed: true });
        self.repaired(n, Repaired::HandOver { payment: Some(payment).filter(|_| minor > 0) });
        self.repaired(n, Repaired::Satisfaction { answer: Satisfaction::Unsatisfied });
        self.asked(n, Asked::Receive { quantity: PIECES });
        repair(later, later % 2 == 0).into_iter().for_each(|step| self.repaired(n, step));
        let unrepairable = Repaired::Diagnose { repairable: false, bearer: Bearer::Customer };
        for step in [unrepairable, Repaired::Offer { kind }, Repaired::AnswerOffer { agreed: true }] {
            self.repaired(n, step);
        }
    }

    /// With what the customer has consented to pay, as the person at the counter sees it.
    fn hand_over(&mut self, n: usize, payment: Option<usize>) {
        let work = self.repair(n).and_then(|request| request.lines.first()?.work.clone());
        let consented =
            work.and_then(|work| work.quotes.into_iter().find(|quote| Some(quote.version) == work.consented));
        let due = consented.filter(|quote| quote.bearer == Bearer::Customer).map_or(0, |quote| quote.fee.minor);
        let by_provider = payment.is_some_and(|payment| payment % 2 == 0);
        let step = Work::HandOver { payment: payment.map(|n| format!("fee-{n}")), by_provider, place: String::new() };
        let before = self.handed_over(n);
        let told = self.work(n, step).is_ok() && self.handed_over(n) != before;
        if let Some(payment) = payment.filter(|_| told) {
            self.fees.insert((asked::id(n), payment), due);
        }
    }

    fn handed_over(&self, n: usize) -> Option<HandOver> {
        self.repair(n)?.lines.first()?.work.as_ref()?.handed_over.clone()
    }

    /// What customers paid for repairs of an order.
    pub fn fees_of(&self, order_id: &Uuid) -> i64 {
        self.fees.iter().filter(|((id, _), _)| id == order_id).map(|(_, minor)| minor).sum()
    }

    /// Whether it gives back what was paid for a repair.
    pub fn is_fee(&self, facts: &refund::Facts) -> bool {
        let request = self.orders.get(&facts.order_id).and_then(|order| order.request.as_ref());
        let mut payouts = request.into_iter().flat_map(|request| &request.payouts);
        payouts.any(|one| Some(one.claim_id) == facts.claim_id && matches!(one.source, Source::Fee { .. }))
    }

    /// What comes back for repairs of an order was paid for them (R-FUL-14).
    pub fn check_repaired(&self) {
        for id in self.orders.keys() {
            let back = self.provider.ledger.iter().map(|(_, facts)| facts).filter(|facts| facts.order_id == *id);
            let back: i64 = back.filter(|facts| self.is_fee(facts)).map(|facts| facts.amount.minor).sum();
            let paid = self.fees_of(id);
            assert!(back <= paid, "{back} of {paid} came back: {:?}", self.orders[id]);
        }
    }

    /// It is done, or something else is agreed.
    pub fn repair_to_the_end(&mut self, n: usize) {
        if self.repair(n).is_none() {
            return;
        }
        self.asked(n, Asked::Receive { quantity: PIECES });
        for step in [
            Repaired::Register { feasibility: Feasibility::Feasible },
            Repaired::Diagnose { repairable: true, bearer: Bearer::Customer },
            Repaired::Quote { minor: 5 },
            Repaired::AnswerQuote { agreed: true },
            Repaired::Assign,
            Repaired::Start,
            Repaired::Test { passed: true },
            Repaired::HandOver { payment: None },
            Repaired::HandOver { payment: Some(100 + n) },
            Repaired::Satisfaction { answer: Satisfaction::Satisfied },
            Repaired::Offer { kind: AlternativeKind::ReturnUnrepaired },
            Repaired::Review { approved: true },
            Repaired::AnswerOffer { agreed: true },
        ] {
            self.repaired(n, step);
        }
    }
}
