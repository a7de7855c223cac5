//! Compensations in the random lives: asked for, approved, refused, given out, repeated and cancelled, out of small budgets.
//! What leaves beside what was paid in is exactly what was approved, once.
use super::{
    super::{
        budget::Budget,
        giving::{
            What,
            tests::{gift, rules},
        },
        order::{
            State,
            compensation::{Stage, Step as Told, tests},
            money::News,
            portion,
            request::{Command, Request},
        },
    },
    *,
};

pub const ORDERS: usize = 6;

#[derive(Clone, Debug)]
pub enum Compensated {
    Ask { purchase: usize, minor: i64, what: What, confirmed: bool },
    Approve { by: usize },
    Refuse,
    Confirm,
    Issue,
    Give,
    Cancel,
    Repeat { by_hand: bool },
    Late,
}

const APPROVERS: [&str; 4] = ["staff:bo", "staff:li", "staff:eva", "staff:ana"];

pub fn step() -> impl Strategy<Value = Compensated> {
    let what = prop::sample::select(vec![What::Cash, What::Cash, What::Coupon, What::ServiceAgain]);
    prop_oneof![
        3 => (0..PURCHASES.len(), prop_oneof![1..120i64, 400..1_200i64], what, any::<bool>())
            .prop_map(|(purchase, minor, what, confirmed)| Compensated::Ask { purchase, minor, what, confirmed }),
        4 => (0..APPROVERS.len()).prop_map(|by| Compensated::Approve { by }),
        1 => Just(Compensated::Refuse),
        2 => Just(Compensated::Confirm),
        1 => Just(Compensated::Issue),
        1 => Just(Compensated::Give),
        1 => Just(Compensated::Cancel),
        1 => any::<bool>().prop_map(|by_hand| Compensated::Repeat { by_hand }),
        1 => Just(Compensated::Late),
    ]
}

pub fn id(order: usize) -> Uuid {
    Uuid::from_u128(0xd000 + order as u128)
}

impl World {
    pub fn compensated(&mut self, n: usize, step: Compensated) {
        let tell = |by: &str, step| Command::Compensation { by: by.into(), step };
        let command = match step {
            Compensated::Ask { purchase: of, minor, what, confirmed } => {
                let purchase_id = (what == What::Cash).then(|| purchase(of));
                let given = tests::compensation_at(self.now, "staff:ana", gift(what, minor), purchase_id);
                Command::Ask { request: Box::new(tests::asked(id(n), given)), confirmed }
            }
            Compensated::Approve { by } => tell(APPROVERS[by], Told::Approve { rules: rules() }),
            Compensated::Refuse => tell("staff:li", Told::Refuse { reason: "not_ours".into(), rules: rules() }),
            Compensated::Confirm => Command::Confirm,
            Compensated::Issue => tell("staff:ana", Told::Issue { reference: "C-1".into(), handed_over: false }),
            Compensated::Give => tell("staff:ana", Told::Give),
            Compensated::Cancel => {
                Command::Cancel { by: "staff:ana".into(), reason: "not_wanted".into(), goods_returned: None }
            }
            Compensated::Repeat { by_hand } => {
                let order = self.orders.get(&id(n));
                let claim_id = order.and_then(|order| order.request.as_ref()?.compensation_claimed());
                let Some(claim_id) = claim_id else { return };
                let by_people = News::Portion(portion::News::Repeat { by_hand: true });
                Command::Money { claim_id, news: if by_hand { by_people } else { News::Repeat } }
            }
            Compensated::Late => Command::LookAtCompensation,
        };
        let _refused = self.change(Consequence::Order(id(n), order::Command::Request(command)));
    }

    /// All approve, what may be given is given, what failed is tried again; what no budget reaches for is given up.
    pub fn compensate_to_the_end(&mut self, n: usize) {
        let by_all = (0..APPROVERS.len()).map(|by| Compensated::Approve { by });
        let rest =
            [Compensated::Confirm, Compensated::Repeat { by_hand: false }, Compensated::Issue, Compensated::Give];
        for step in by_all.chain(rest).chain([Compensated::Cancel]) {
            let failed = self.stage(n).is_some_and(|stage| matches!(stage, Stage::Failed { .. }));
            if !(failed && matches!(step, Compensated::Cancel)) {
                self.compensated(n, step);
            }
        }
    }

    fn stage(&self, n: usize) -> Option<Stage> {
        Some(self.orders.get(&id(n))?.request.as_ref()?.compensation.as_ref()?.stage.clone())
    }

    /// After every step: no budget is overdrawn, and what left is what was approved.
    pub fn check_compensated(&self) {
        for budget in self.budgets.values() {
            assert!(budget.held() + budget.spent <= budget.limit, "{budget:?}");
        }
        let left = || self.provider.ledger.iter().map(|(_, facts)| facts).filter(|facts| facts.compensation);
        for facts in left() {
            let given = self.orders[&facts.order_id].request.as_ref().and_then(|request| request.compensation.as_ref());
            let given = given.expect("nothing leaves beside a purchase but a compensation");
            let approved = given.approval.as_ref().is_none_or(|one| one.state == kernel::approval::State::Approved);
            assert!(approved && given.gift.worth == Some(facts.amount) && given.reservation.is_some(), "{given:?}");
            assert_eq!(left().filter(|other| other.order_id == facts.order_id).count(), 1, "it left once");
        }
    }

    /// The law: what left is never more than what was paid in and what was approved beside it.
    pub fn check_law(&self) {
        let left: i64 = self.provider.ledger.iter().map(|(_, facts)| facts.amount.minor).sum();
        let open = |account: &PurchaseAccount| matches!(account.state, account::State::Open { .. });
        let recorded = (0..PURCHASES.len()).filter(|n| self.accounts.get(&purchase(*n)).is_some_and(open));
        let paid: i64 = recorded.map(|n| PURCHASES[n].iter().sum::<i64>()).sum();
        let differences: i64 = self.orders.values().map(|order| self.paid_in(order)).sum();
        let given = self.orders.values().filter_map(|order| order.request.as_ref()?.compensation.as_ref());
        let approved = given.filter(|one| !matches!(one.stage, Stage::Asked | Stage::HeldBack | Stage::Refused { .. }));
        let approved: i64 = approved.filter_map(|one| one.gift.worth).map(|worth| worth.minor).sum();
        let reviews = self.orders.values().filter_map(|order| order.request.as_ref()?.review.as_ref());
        let reviewed: i64 = reviews.flat_map(|review| review.amounts.values()).map(|amount| amount.minor).sum();
        let most = paid + differences + approved + reviewed;
        assert!(left <= most, "{left} of {paid} + {differences} + {approved} + {reviewed}");
    }

    pub fn spent(&self) -> i64 {
        self.budgets.values().map(|budget: &Budget| budget.spent).sum()
    }
}

/// The order is over, and was paid exactly where the provider was to pay it.
pub fn check_end(request: &Request, state: &State, paid: &[Money]) {
    let given = request.compensation.as_ref().unwrap();
    let over = matches!(state, State::Completed { .. } | State::Cancelled | State::Ineligible);
    assert!(over, "compensation {} is stuck: {state:?} {request:?}", request.order_id);
    let by_provider = matches!(state, State::Completed { .. }) && given.purchase_id.is_some();
    let expected: Vec<Money> = given.gift.worth.filter(|_| by_provider).into_iter().collect();
    assert_eq!(paid, expected, "{request:?}");
}
