//! The door to agreed remedies that a person completes: what was approved is looked up, what is missing is read. No rules.
use std::collections::BTreeMap;

use backbone::{Change, Checks, Fault};
use contracts::{
    common::v1::Receipt,
    fulfilment::v1::{CompleteAgreedOrderRequest, RequestServiceOrderRequest},
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{
    Api, caller,
    request::{Asked, asked_lines},
};
use crate::{
    domain::{
        account::{PurchaseAccount, State},
        giving::{Gift, Rules, What},
        order::{
            Command, Rejection, ServiceOrder,
            agreed::Agreement,
            compensation::{Compensation, Stage},
            request::{self, Line, Origin, OriginKind},
        },
    },
    store::{self, Stored},
};

impl Api {
    /// What is missing is said, and the order goes on as one that was asked for and confirmed.
    pub(super) async fn complete(
        &self,
        request: Request<CompleteAgreedOrderRequest>,
    ) -> Result<Response<Receipt>, Status> {
        let mut checks = Checks::default();
        let caller = caller(&mut checks, &request, "fulfilment.complete_agreed_order");
        let id = checks.id("order_id", &request.get_ref().order_id);
        let (Some(caller), Some(id)) = (caller, id) else { return Err(checks.fault().into()) };
        let order: Stored<ServiceOrder> =
            store::order(&self.pool, id).await?.ok_or_else(|| Fault::not_found("service_order", id))?;
        let agreement = order.state.agreement.ok_or_else(|| Fault::from(Rejection::NotNow))?;
        let read = self.read(&mut checks, request.get_ref(), &agreement);
        let Some(asked) = read else { return Err(checks.fault().into()) };
        let ask = self.ask(asked, caller.0.as_str(), self.clock.now()).await?;
        let ask = request::Command::Ask { request: Box::new(ask), confirmed: true };
        self.command(caller, Change::to::<ServiceOrder>(id, Command::Request(ask))).await
    }

    fn read(&self, checks: &mut Checks, r: &CompleteAgreedOrderRequest, agreement: &Agreement) -> Option<Asked> {
        let told = RequestServiceOrderRequest {
            lines: r.lines.clone(),
            compensation: r.compensation.clone(),
            segment: r.segment.clone(),
            ..RequestServiceOrderRequest::default()
        };
        let kind = agreement.kind.order();
        let (lines, gift) = asked_lines(checks, &told, Some(kind), &self.price_max, agreement.amount)?;
        if !agreement.is_met_by(gift.as_ref()) {
            checks.wrong("compensation", "is not what was agreed: another kind or worth takes another approved remedy");
            return None;
        }
        let origin = Origin { kind: OriginKind::Complaint, reference: agreement.complaint_id.to_string() };
        let (customer_id, agreed) = (agreement.customer_id, Some(agreement.clone()));
        Some(Asked { customer_id, origin, kind, lines, gift, agreed })
    }

    /// What is given, with the approval it takes and the budget it is taken from. Cash is paid back for the one purchase that is
    /// meant, and by a person where there is none. A coupon or points that a solution promised were approved with it; cash was
    /// not, for that is another thing to give.
    pub(super) fn giving(
        &self,
        checks: &mut Checks,
        (gift, by): (Gift, &str),
        (origin, agreed): (&Origin, Option<&Agreement>),
        (lines, accounts): (&[Line], &BTreeMap<Uuid, PurchaseAccount>),
    ) -> Option<Compensation> {
        let now = self.clock.now();
        let mut purchases: Vec<Uuid> =
            lines.iter().filter_map(|line| Some(line.bought.as_ref()?.purchase_id)).collect();
        purchases.extend(agreed.and_then(|agreed| agreed.purchase_id));
        purchases.sort();
        purchases.dedup();
        let cash = gift.what == What::Cash;
        if cash && purchases.len() > 1 {
            checks.wrong("lines", "cash is paid for one purchase; ask for one order for each");
            return None;
        }
        let purchase_id = purchases.first().copied().filter(|_| cash);
        let account = purchase_id.and_then(|id| accounts.get(&id));
        match (purchase_id, account.map(|account| &account.state), gift.worth) {
            (Some(_), Some(State::Open { paid, .. }), Some(worth)) if paid.currency != worth.currency => {
                checks.wrong("compensation.worth.currency", "must be that of the purchase it is paid for");
                return None;
            }
            (None, _, _) | (Some(_), Some(State::Open { .. }), _) => {}
            (Some(_), _, _) => {
                checks.wrong("compensation", "the purchase it is paid for is not known here yet; ask again later");
                return None;
            }
        }
        // What no provider took, none pays back: a person does.
        let by_provider = |account: &&PurchaseAccount| {
            account.tenders().is_none_or(|told| told.all.iter().any(|one| !one.by_hand && one.points.is_none()))
        };
        let purchase_id = purchase_id.filter(|_| account.as_ref().is_some_and(by_provider));
        let store = (origin.kind == OriginKind::Counter).then_some(origin.reference.as_str());
        let purse = if agreed.is_some() { Rules::agreed_purse() } else { self.giving.purse(by, store, now) };
        let approved = agreed.is_some() && !cash;
        let approval = if approved { None } else { self.giving.approval(by, &gift, now) };
        let reservation = self.giving.reservation(&purse, &gift, now);
        let (stage, since, claims, issued) = (Stage::Asked, now, 0, None);
        let (by_hand, doubted, differs) = (false, false, false);
        Some(Compensation {
            gift,
            purse,
            purchase_id,
            approval,
            reservation,
            stage,
            since,
            claims,
            issued,
            by_hand,
            doubted,
            differs,
        })
    }
}
