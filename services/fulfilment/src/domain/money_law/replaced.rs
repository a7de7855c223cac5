//! Goods that go out again, in the random lives: parcels are lost, articles cannot be had, differences are paid and told
//! twice, and customers take the money instead.
use super::{
    super::order::{
        money::Source,
        replacement::{Command, Outcome, Parcel, Replacement, ReplacementState as At},
        request::{self, Request, Wanted},
    },
    *,
};

#[derive(Clone, Debug)]
pub enum Replaced {
    Reserve,
    OutOfStock,
    Offer {
        price: i64,
    },
    Answer {
        agreed: bool,
    },
    Pick,
    Ship,
    Arrive {
        outcome: Outcome,
    },
    /// What is due, or what was paid before once more; or something else.
    Pay {
        exact: bool,
    },
    Take,
}

pub fn step() -> impl Strategy<Value = Replaced> {
    let outcome = prop::sample::select(vec![Outcome::Delivered, Outcome::Lost, Outcome::ReturnedUndelivered]);
    prop_oneof![
        4 => Just(Replaced::Reserve),
        1 => Just(Replaced::OutOfStock),
        2 => (0..80i64).prop_map(|price| Replaced::Offer { price }),
        2 => any::<bool>().prop_map(|agreed| Replaced::Answer { agreed }),
        4 => Just(Replaced::Pick),
        4 => Just(Replaced::Ship),
        4 => outcome.prop_map(|outcome| Replaced::Arrive { outcome }),
        3 => prop::bool::weighted(0.8).prop_map(|exact| Replaced::Pay { exact }),
        2 => Just(Replaced::Take),
    ]
}

impl World {
    fn asked_for(&self, n: usize) -> Option<&Request> {
        self.orders.get(&asked::id(n))?.request.as_ref()
    }

    /// One of the attempts of an order, old ones too.
    pub fn replaced(&mut self, n: usize, nth: usize, step: Replaced) {
        let Some(request) = self.asked_for(n).filter(|request| !request.replacements.is_empty()) else { return };
        let one = &request.replacements[nth % request.replacements.len()];
        let (id, priced) = (one.id, request.kind == kernel::returns::Kind::Exchange);
        let command = match step {
            Replaced::Reserve => Command::Reserve,
            Replaced::OutOfStock => Command::ReportOutOfStock,
            Replaced::Offer { price } => {
                Command::Offer(Wanted { product_id: "p-3".into(), price: priced.then(|| money(price)) })
            }
            Replaced::Answer { agreed } => Command::Answer { agreed },
            Replaced::Pick => Command::Pick,
            Replaced::Ship => Command::Ship(Parcel { carrier: "sf".into(), tracking_number: id.to_string() }),
            Replaced::Arrive { outcome } => Command::Arrive(outcome),
            // Another order may name the same.
            Replaced::Pay { exact } => payment(request, one, (exact, String::new())),
            Replaced::Take => Command::TakeMoney,
        };
        self.tell(n, id, command);
    }

    fn tell(&mut self, n: usize, id: Uuid, command: Command) {
        let hears = matches!(command, Command::Answer { .. } | Command::TakeMoney);
        let by = if hears { "staff:bo" } else { "staff:eve" }.into();
        let command = order::Command::Request(request::Command::Replacement { id, by, command });
        let _refused = self.change(Consequence::Order(asked::id(n), command));
    }

    /// What is open goes on: due differences are paid, parcels arrive, and what cannot be had is paid for.
    pub fn replace_to_the_end(&mut self, n: usize) {
        for _ in 0..6 {
            let attempts = self.asked_for(n).map(|request| request.replacements.clone()).unwrap_or_default();
            for one in attempts {
                let request = self.asked_for(n).expect("it was there before");
                let command = match one.state {
                    At::Wanted if request.difference_due(&one).is_some() => {
                        payment(request, &one, (true, format!("{n}-")))
                    }
                    At::Wanted if request.agreed && one.offer.is_none() => Command::ReportOutOfStock,
                    At::Wanted => Command::Reserve,
                    At::Reserved => Command::Pick,
                    At::Picked => Command::Ship(Parcel { carrier: "sf".into(), tracking_number: "t".into() }),
                    At::Shipped => Command::Arrive(Outcome::Delivered),
                    At::Offered => Command::Answer { agreed: true },
                    At::OutOfStock | At::Declined | At::Undecided if request.agreed => {
                        // It ends, unless something of it arrived: then he takes another article.
                        self.asked(n, asked::Asked::Cancel);
                        Command::Offer(Wanted { product_id: "p-4".into(), price: Some(money(1)) })
                    }
                    At::OutOfStock | At::Declined | At::Undecided => Command::TakeMoney,
                    At::Delivered | At::Lost | At::ReturnedUndelivered | At::MoneyInstead => continue,
                };
                self.tell(n, one.id, command);
            }
        }
    }

    /// No piece is replaced and paid for, and nobody is paid more back than was paid in.
    pub fn check_replaced(&self) {
        let requests = || self.orders.values().filter_map(|order| order.request.as_ref());
        requests().for_each(check_pieces);
        let mut stands_for = BTreeMap::new();
        for (request, paid) in requests().flat_map(|one| {
            one.replacements.iter().flat_map(move |all| all.differences.iter().map(move |paid| (one, paid)))
        }) {
            let order = stands_for.entry((paid.by_provider, &paid.reference)).or_insert(request.order_id);
            assert_eq!(*order, request.order_id, "the payment {} stands for two orders", paid.reference);
        }
        for (n, lines) in PURCHASES.iter().enumerate() {
            let is_difference = |facts: &&refund::Facts| {
                let payouts = requests().flat_map(|request| &request.payouts);
                let mut of = payouts.filter(|payout| Some(payout.claim_id) == facts.claim_id);
                of.any(|payout| matches!(payout.source, Source::Difference { .. }))
            };
            let back = self.ledger_of(purchase(n)).filter(|facts| !self.is_fee(facts));
            let (returned, paid_back): (Vec<_>, Vec<_>) = back.partition(is_difference);
            let sum = |all: Vec<&refund::Facts>| all.iter().map(|facts| facts.amount.minor).sum::<i64>();
            let of_purchase = |request: &&Request| {
                request.lines.iter().filter_map(|line| line.bought.as_ref()).any(|one| one.purchase_id == purchase(n))
            };
            let paid_in = requests().filter(of_purchase).flat_map(|request| &request.replacements);
            let paid_in: i64 = paid_in.flat_map(|one| &one.differences).map(|paid| paid.amount.minor).sum();
            let (returned, paid_back) = (sum(returned), sum(paid_back));
            assert!(returned <= paid_in, "purchase {n}: {returned} of {paid_in} paid for dearer articles came back");
            assert!(paid_back <= lines.iter().sum(), "purchase {n} paid back {paid_back} of {lines:?}");
        }
    }
}

/// What is due, under the next reference of a till; where nothing is, the last payment once more.
fn payment(request: &Request, one: &Replacement, (exact, till): (bool, String)) -> Command {
    let place = String::new();
    let told = request.replacements.iter().flat_map(|one| &one.differences);
    let due = request.difference_due(one);
    match (due, told.clone().next_back()) {
        (None, Some(paid)) if exact => {
            Command::PayDifference { reference: paid.reference.clone(), amount: paid.amount, by_provider: false, place }
        }
        (due, _) => {
            let amount = due.filter(|_| exact).unwrap_or(money(7));
            let reference = format!("{till}{}", told.count());
            Command::PayDifference { reference, amount, by_provider: amount.minor % 2 == 0, place }
        }
    }
}

/// As the database checks it: of each line, pieces that go out or arrived and pieces claimed as money are never more than
/// were granted.
fn check_pieces(request: &Request) {
    for (line_no, line) in (1..).zip(&request.lines) {
        let counts = |one: &&Replacement| {
            one.line_no == line_no && !matches!(one.state, At::Lost | At::ReturnedUndelivered | At::MoneyInstead)
        };
        let out: u32 = request.replacements.iter().filter(counts).map(|one| one.quantity).sum();
        let claimed = request.payouts.iter().filter(|payout| payout.state != order::money::PayoutState::Repeated);
        let claimed: u32 = claimed.filter_map(|payout| payout.pieces.get(&line_no)).sum();
        assert!(out + claimed <= line.quantity, "line {line_no}: {out} go out, {claimed} are paid, {request:?}");
    }
}
