//! Returns that are asked for, in the random lives: pieces come, are accepted or not, lapse, and are paid for.
use kernel::returns::{Answer, Fee, Goods as WhenGoods, Kind};

use super::{
    super::order::{
        State,
        agreed::{AgreedKind, AgreedReturn, Agreement},
        goods::{Disposition, Finding, Inspection},
        money::{News, PayoutState},
        portion,
        request::{Command, Line, Request, Wanted, tests},
        returning::{self, Came, Terms},
    },
    *,
};

pub use super::super::order::request::Bought;

/// Returns, replacements and repairs; the first are returns only, the last repairs only.
pub const ORDERS: usize = 8;
pub const RETURNS: std::ops::Range<usize> = 0..5;
pub const REPAIRS: std::ops::Range<usize> = 4..ORDERS;

#[derive(Clone, Debug)]
pub enum Asked {
    Ask {
        purchase: usize,
        line: usize,
        quantity: u32,
        goods: WhenGoods,
        percent: u8,
        kind: Kind,
        price: Option<i64>,
        agreed: bool,
    },
    /// A return by its pieces was agreed: of a line, and of the next one.
    Agree {
        purchase: usize,
        line: usize,
        quantities: [u32; 2],
        amount: i64,
    },
    /// Articles of no purchase, with what was stated for them; a chain's own rule may grant them.
    Unbought {
        quantity: u32,
        goods: WhenGoods,
        percent: u8,
        stated: Option<i64>,
        ruled: bool,
    },
    /// A person says what is paid for them, or does not.
    Review {
        by: usize,
        approved: bool,
        amount: Option<i64>,
    },
    Receive {
        quantity: u32,
    },
    Inspect {
        accepted: u32,
        rejected: u32,
    },
    Hear {
        agreed: bool,
    },
    Rule {
        approved: bool,
    },
    Cancel,
    Repeat {
        by_hand: bool,
    },
}

/// Who asks, who takes goods in, and one who does neither.
const REVIEWERS: [&str; 3] = ["staff:ana", "staff:bo", "staff:kim"];

fn goods_of() -> impl Strategy<Value = WhenGoods> {
    prop::sample::select(vec![WhenGoods::Before, WhenGoods::Before, WhenGoods::After, WhenGoods::No])
}

pub fn step() -> impl Strategy<Value = Asked> {
    let kind = prop::sample::select(vec![
        Kind::ReturnRefund,
        Kind::ReturnRefund,
        Kind::Exchange,
        Kind::Reship,
        Kind::RefundOnly,
    ]);
    let price = prop::option::weighted(0.7, 0..60i64);
    let what = (0..PURCHASES.len(), 0..3usize, 1..=PIECES, goods_of(), prop_oneof![Just(0u8), 1..30u8]);
    let agreed = prop::bool::weighted(0.3);
    let unbought = (1..=PIECES, prop_oneof![0..2u8, 2..30u8], prop::option::of(1..90i64), any::<bool>());
    let review = (0..REVIEWERS.len(), prop::bool::weighted(0.8), prop::option::of(1..90i64));
    prop_oneof![
        4 => (what, kind, price, agreed).prop_map(|((purchase, line, quantity, goods, percent), kind, price, agreed)| {
            Asked::Ask { purchase, line, quantity, goods, percent, kind, price, agreed }
        }),
        2 => (0..PURCHASES.len(), 0..2usize, (1..=PIECES, 0..=PIECES), 1..70i64).prop_map(
            |(purchase, line, (one, other), amount)| Asked::Agree { purchase, line, quantities: [one, other], amount }
        ),
        2 => (unbought, goods_of()).prop_map(|((quantity, percent, stated, ruled), goods)| {
            Asked::Unbought { quantity, goods, percent, stated, ruled }
        }),
        2 => review.prop_map(|(by, approved, amount)| Asked::Review { by, approved, amount }),
        4 => (1..4u32).prop_map(|quantity| Asked::Receive { quantity }),
        4 => (0..3u32, 0..2u32).prop_map(|(accepted, rejected)| Asked::Inspect { accepted, rejected }),
        1 => any::<bool>().prop_map(|agreed| Asked::Hear { agreed }),
        1 => any::<bool>().prop_map(|approved| Asked::Rule { approved }),
        1 => Just(Asked::Cancel),
        1 => any::<bool>().prop_map(|by_hand| Asked::Repeat { by_hand }),
    ]
}

pub fn id(order: usize) -> Uuid {
    Uuid::from_u128(0xc000 + order as u128)
}

pub fn request(order: usize, bought: Bought, quantity: u32, goods: WhenGoods, percent: u8) -> Request {
    let mut request = tests::request(&[Answer::Eligible]);
    let goods_within = SignedDuration::from_secs(120);
    request.terms = Terms { goods_within, refund_within: goods_within, ..request.terms };
    request.order_id = id(order);
    let line = &mut request.lines[0];
    (line.bought, line.quantity, line.receipt.outcome.goods) = (Some(bought), quantity, goods);
    (line.receipt.words, line.receipt.appeal) = Default::default();
    line.receipt.outcome.fees = [("restocking".to_owned(), Fee::Percent(percent))].into();
    request
}

fn exchange(n: usize) -> Agreement {
    Agreement {
        order_id: id(n),
        complaint_id: Uuid::from_u128(1),
        remedy_id: Uuid::from_u128(2),
        customer_id: Uuid::from_u128(3),
        purchase_id: None,
        kind: AgreedKind::Exchange,
        amount: None,
        complete_within: SignedDuration::ZERO,
        overdue: false,
        ended: false,
        returns: None,
    }
}

fn inspection(accepted: u32, rejected: u32) -> Box<Inspection> {
    let finding = |quantity, accepted, disposition| Finding { quantity, accepted, grade: "a".into(), disposition };
    let findings =
        [finding(accepted, true, Disposition::Restock), finding(rejected, false, Disposition::BackToCustomer)];
    let renewed = Some(tests::line(0, Answer::Ineligible).receipt);
    let (by, at) = ("staff:eve".into(), Timestamp::UNIX_EPOCH);
    let (findings, criteria, photos) = (findings.into(), vec![], vec![]);
    Box::new(Inspection { by, at, findings, criteria, photos, renewed, word: None, ruling: None })
}

impl World {
    pub fn asked(&mut self, n: usize, step: Asked) {
        let goods = |command| order::Command::Request(Command::Goods(command));
        let by = || "staff:bo".to_owned();
        let command = match step {
            Asked::Ask { purchase: n_purchase, line, quantity, goods, percent, kind, price, agreed } => {
                let bought = Bought { purchase_id: purchase(n_purchase), line_id: line.to_string() };
                let mut request = Box::new(request(n, bought, quantity, goods, percent));
                request.kind = kind;
                if kind == Kind::RefundOnly {
                    request.lines[0].receipt.outcome.goods = WhenGoods::No;
                }
                request.agreed = agreed && kind == Kind::Exchange && self.promise(n);
                request.lines[0].receipt.facts.amount = Some(money(7 * i64::from(quantity) + 1));
                let price = price.filter(|_| kind == Kind::Exchange).map(money);
                request.lines[0].wanted = price.map(|_| Wanted { product_id: "p-2".into(), price });
                order::Command::Request(Command::Ask { request, confirmed: true })
            }
            Asked::Unbought { quantity, goods, percent, stated, ruled } => {
                let nothing = Bought { purchase_id: Uuid::nil(), line_id: String::new() };
                let mut request = Box::new(request(n, nothing, quantity, goods, percent));
                let line = &mut request.lines[0];
                (line.bought, line.receipt.facts.amount) = (None, stated.map(money));
                line.receipt.outcome.answer = if ruled { Answer::Eligible } else { Answer::Review };
                order::Command::Request(Command::Ask { request, confirmed: true })
            }
            Asked::Review { by, approved, amount } => {
                let amounts = amount.map(|minor| (1, money(minor))).into_iter().collect();
                let (by, reason) = (REVIEWERS[by].to_owned(), "seen".to_owned());
                order::Command::Request(Command::Review { by, approved, reason, amounts })
            }
            Asked::Agree { purchase, line, quantities, amount } => {
                return self.agree_on_pieces(n, (purchase, line), quantities, amount);
            }
            Asked::Receive { quantity } => {
                let came = |line_no| Came { line_no: Some(line_no), product_id: String::new(), quantity };
                let came = (1..=self.lines_of(n)).map(came).collect();
                order::Command::ReceiveGoods { by: by(), place: "s-1".into(), came }
            }
            Asked::Inspect { accepted, rejected } => {
                return self.of_each_line(n, |line_no| {
                    goods(returning::Command::Inspect { line_no, inspection: inspection(accepted, rejected) })
                });
            }
            Asked::Hear { agreed } => {
                return self
                    .of_each_line(n, |line_no| goods(returning::Command::HearCustomer { line_no, by: by(), agreed }));
            }
            Asked::Rule { approved } => {
                return self.of_each_line(n, |line_no| {
                    goods(returning::Command::Rule { line_no, by: by(), approved, reason: "seen".into() })
                });
            }
            Asked::Cancel => order::Command::Request(Command::Cancel {
                by: by(),
                reason: "not_wanted".into(),
                goods_returned: Some("sf-1".into()),
            }),
            Asked::Repeat { by_hand } => return self.repeat(n, by_hand),
        };
        let _refused = self.change(Consequence::Order(id(n), command));
    }

    fn lines_of(&self, n: usize) -> u32 {
        let request = self.orders.get(&id(n)).and_then(|order| order.request.as_ref());
        request.map_or(1, |request| u32::try_from(request.lines.len()).unwrap())
    }

    fn of_each_line(&mut self, n: usize, command: impl Fn(u32) -> order::Command) {
        for line_no in 1..=self.lines_of(n) {
            let _refused = self.change(Consequence::Order(id(n), command(line_no)));
        }
    }

    /// A return was agreed by its pieces, of one line or two.
    fn agree_on_pieces(&mut self, n: usize, (of, line): (usize, usize), quantities: [u32; 2], amount: i64) {
        let bought = |line: usize| Bought { purchase_id: purchase(of), line_id: line.to_string() };
        let mut asked = request(n, bought(line), quantities[0], WhenGoods::Before, 0);
        asked.agreed = true;
        asked.lines[0].receipt.outcome.fees.clear();
        if quantities[1] > 0 {
            let next = asked.lines[0].clone();
            asked.lines.push(Line { bought: Some(bought(line + 1)), quantity: quantities[1], ..next });
        }
        let returns = Some(Box::new(AgreedReturn { request: asked, purchase_within: SignedDuration::from_secs(60) }));
        let (purchase_id, amount) = (Some(purchase(of)), Some(money(amount)));
        let agreement = Agreement { kind: AgreedKind::ReturnRefund, purchase_id, amount, returns, ..exchange(n) };
        self.change(Consequence::Order(id(n), order::Command::Promise(agreement)))
            .expect("agreed, it becomes an order");
    }

    /// An exchange was agreed, for a person to complete.
    fn promise(&mut self, n: usize) -> bool {
        let fresh = !self.orders.contains_key(&id(n));
        fresh && self.change(Consequence::Order(id(n), order::Command::Promise(exchange(n)))).is_ok()
    }

    /// All that failed is claimed anew; by people where they may.
    fn repeat(&mut self, n: usize, by_hand: bool) {
        let request = self.orders.get(&id(n)).and_then(|order| order.request.as_ref());
        let payouts = request.into_iter().flat_map(|request| &request.payouts);
        let failed = payouts
            .filter(|payout| matches!(payout.state, PayoutState::Failed { .. } | PayoutState::PartlyFailed { .. }));
        for claim_id in failed.map(|payout| payout.claim_id).collect::<Vec<_>>() {
            let news = portion::News::Repeat { by_hand: true };
            let people = order::Command::Portion { claim_id, news };
            if by_hand && self.change(Consequence::Order(id(n), people)).is_ok() {
                continue;
            }
            let repeat = order::Command::money(claim_id, News::Repeat);
            // What is in doubt waits for what the customer is to pay first.
            let repeated = self.change(Consequence::Order(id(n), repeat));
            assert!(
                matches!(repeated, Ok(()) | Err("order.difference_due")),
                "what failed may be claimed anew: {repeated:?}"
            );
        }
    }

    /// What is awaited comes and is accepted, what is open is answered, what failed is claimed anew.
    pub fn bring_to_an_end(&mut self, n: usize) {
        for amount in [None, Some(5)] {
            self.asked(n, Asked::Review { by: 2, approved: true, amount });
        }
        self.asked(n, Asked::Receive { quantity: PIECES });
        for line_no in 1..20 {
            let request = self.orders.get(&id(n)).and_then(|order| order.request.as_ref());
            let leg = request.and_then(|request| request.legs().find(|(number, _)| *number == line_no));
            let waiting = leg.map_or(0, |(_, leg)| leg.goods.uninspected());
            let (accepted, rejected) = if line_no == 1 { (waiting, 0) } else { (0, waiting) };
            let inspect = returning::Command::Inspect { line_no, inspection: inspection(accepted, rejected) };
            let command = order::Command::Request(Command::Goods(inspect));
            let _nothing_waits = self.change(Consequence::Order(id(n), command));
        }
        if self.orders.contains_key(&id(n)) {
            let give_up = order::Command::GiveUp { reason: "nobody".into() };
            self.change(Consequence::Order(id(n), give_up)).expect("what was promised may be given up");
        }
        self.asked(n, Asked::Hear { agreed: true });
        self.asked(n, Asked::Rule { approved: false });
        self.repeat(n, false);
        self.replace_to_the_end(n);
    }
}

impl World {
    /// What was paid of what was agreed for pieces is held still, and no more than that was ever agreed; in the end nothing else is.
    pub fn check_agreed(&self, ended: bool) {
        for (id, order) in &self.orders {
            let (Some(request), Some(agreed)) = (&order.request, &order.agreement) else { continue };
            let (Some(_), Some(purchase_id), Some(amount)) = (&request.agreed_money, agreed.purchase_id, agreed.amount)
            else {
                continue;
            };
            let left = self.ledger_of(purchase_id).filter(|facts| facts.order_id == *id);
            let paid: i64 = left.map(|facts| facts.amount.minor).sum();
            let held = self.accounts[&purchase_id].held_for(*id).map_or(0, |held| held.minor);
            assert!(paid <= held && held <= amount.minor, "{paid} of {held} of {amount:?}: {order:?}");
            let whole = order.state == State::Completed { refund_id: None };
            assert!(!ended || paid == held && (!whole || paid == amount.minor), "{paid} of {held}: {order:?}");
        }
    }
}

/// No piece is paid twice, and no share of pieces is above what was paid for their line.
pub fn check_pieces(account: &PurchaseAccount) {
    let account::State::Open { lines, back, .. } = &account.state else { return };
    for line in lines {
        let claims = || back.get(&line.line_id).into_iter().flat_map(BTreeMap::values);
        let goods: i64 = claims().map(|one| one.goods.minor).sum();
        assert!(claims().map(|one| one.quantity).sum::<u32>() <= PIECES && goods <= line.paid.minor, "{back:?}");
    }
}

/// The order is over; what left is exactly what its claims say was paid.
pub fn check_end(request: &Request, state: &State, paid: &[Money]) {
    let over = matches!(state, State::Completed { .. } | State::ClosedPartial | State::Cancelled | State::Ineligible);
    assert!(over, "order {} is stuck: {state:?} {request:?}", request.order_id);
    let of = |payout: &order::money::Payout| payout.amount().filter(|_| payout.state == PayoutState::Paid);
    let said: i64 = request.payouts.iter().filter_map(of).map(|amount| amount.minor).sum();
    assert_eq!(said, paid.iter().map(|amount| amount.minor).sum::<i64>(), "{request:?}");
}

/// What left for articles of no purchase was approved by somebody else than who asked or took them in, is no more than he said, nor
/// than was stated.
pub fn check_unbought(request: &Request, left: i64) {
    let (review, line) = (request.review.as_ref().unwrap(), &request.lines[0]);
    let hands = line
        .leg
        .iter()
        .flat_map(|leg| leg.arrivals.iter().map(|one| &one.by).chain(leg.inspections.iter().map(|one| &one.by)));
    assert!(review.approved && hands.chain([&request.by]).all(|hand| *hand != review.by), "{request:?}");
    let stated = line.receipt.facts.amount.map_or(i64::MAX, |stated| stated.minor);
    assert!(left <= review.amounts[&1].minor.min(stated), "{left}: {request:?}");
}
