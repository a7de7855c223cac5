//! People at the counters of shops: customers bring back what they bought, and want their money, another piece or a repair;
//! clerks ask for it, look at what came and hand it over; a manager decides what the policy leaves to people. Who wants what
//! follows from the article and its order, so that every run tells the same stories.
//! Invariant: what is owed is counted here from what was accepted and from the price of the input, never asked for.
use std::{
    collections::HashMap,
    future::Future,
    sync::{Mutex, PoisonError},
};

use anyhow::Context as _;
use contracts::{
    common::v1::{Channel as WireChannel, Page, Receipt},
    fulfilment::v1::{self as fulfilment, ServiceOrderView, fulfilment_client::FulfilmentClient},
    intake::v1::{FindCustomersRequest, customers_client::CustomersClient},
};
use jiff::{SignedDuration, Timestamp};
use tonic::{Response, Status, transport::Channel};

use super::{luck, staff::abreast};
use crate::{
    drive::{Driver, staff},
    forms::Sale,
    source::{Return, Source},
};

const CLERK: &str = "staff:clerk-may";
const INSPECTOR: &str = "staff:inspector-jo";
const MANAGER: &str = "staff:counter-manager-ida";
/// Where orders stand that somebody is to do something about.
const OPEN: [&str; 4] = ["promised", "in_review", "authorised", "in_progress"];
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What was asked for at counters, and what is owed of it; the recount starts from here.
#[derive(Clone, Debug, Default)]
pub struct Owed {
    /// By kind.
    pub asked: HashMap<&'static str, u64>,
    pub ineligible: u64,
    /// Orders of which pieces were accepted for money, and the money of those pieces by currency.
    pub refunds: u64,
    pub minor: HashMap<String, i64>,
}

/// The counters of all shops.
pub struct Counter<'a> {
    driver: &'a Driver,
    fulfilment: Channel,
    intake: Channel,
    returns: &'a [Return],
    /// By purchase.
    sold: HashMap<String, &'a Sale>,
    owed: Mutex<Owed>,
    /// What each order is about.
    about: Mutex<HashMap<String, Return>>,
}

/// What a customer wants with what he brings back, and why.
fn wish(back: &Return) -> (&'static str, &'static str) {
    let luck = luck(&format!("{}/{}", back.order_ref, back.line_id));
    match (back.at.duration_since(back.bought_at) <= DAY * 7, luck % 4) {
        (true, 0 | 1) => ("return_refund", "no_reason"),
        (_, 2) => ("exchange", "quality.defect"),
        (_, 3) => ("repair", "breakdown"),
        // Too late without a reason, or for a person to decide.
        (false, 0) => ("return_refund", "no_reason"),
        (false, _) | (true, _) => ("return_refund", "quality.defect"),
    }
}

impl<'a> Counter<'a> {
    pub fn new(driver: &'a Driver, source: &'a Source) -> anyhow::Result<Self> {
        let sold = source.sales.iter().map(|sale| (sale.purchase_id().to_string(), sale)).collect();
        let (fulfilment, intake) = (driver.channel("fulfilment")?, driver.channel("intake")?);
        Ok(Self {
            driver,
            fulfilment,
            intake,
            returns: &source.returns,
            sold,
            owed: Mutex::default(),
            about: Mutex::default(),
        })
    }

    /// What is owed so far.
    pub fn owed(&self) -> Owed {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, change: impl FnOnce(&mut Owed)) {
        change(&mut self.owed.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn about(&self, order_id: &str) -> Option<Return> {
        self.about.lock().unwrap_or_else(PoisonError::into_inner).get(order_id).cloned()
    }

    /// Who came between these times.
    pub async fn opens(&self, from: Timestamp, to: Timestamp) -> anyhow::Result<()> {
        if self.owed().asked.is_empty() {
            self.hire().await?;
        }
        let came = self.returns.iter().filter(|back| back.at >= from && back.at < to);
        abreast(came.map(|back| self.ask_for(back))).await.map(drop)
    }

    async fn ask_for(&self, back: &Return) -> anyhow::Result<u64> {
        let (kind, reason) = wish(back);
        let key = format!("ask/{}/{}/{}", back.order_ref, back.line_id, back.at);
        let who = FindCustomersRequest {
            customer_ref: back.customer_ref.clone(),
            channel: WireChannel::Shop.into(),
            purpose: format!("counter:{}", back.store),
            ..Default::default()
        };
        let found = self.driver.insist(|| {
            let (mut intake, who) = (CustomersClient::new(self.intake.clone()), staff(CLERK, &key, who.clone()));
            async move { intake.find_customers(who).await }
        });
        let found = found.await?.context("nobody can be found")?.customers;
        let customer = found.into_iter().next().context("who bought it is not known")?;
        let m = fulfilment::RequestServiceOrderRequest {
            customer_id: customer.customer_id,
            origin: Some(fulfilment::OrderOrigin { kind: "counter".into(), reference: back.store.clone() }),
            kind: kind.into(),
            lines: vec![fulfilment::LineRequest {
                purchase_id: back.purchase_id().to_string(),
                line_id: back.line_id.clone(),
                quantity: back.quantity,
                reason: reason.into(),
                resaleable: Some(reason == "no_reason"),
                ..Default::default()
            }],
            confirmed: true,
            ..Default::default()
        };
        let asked = self.say(CLERK, &key, m, |c, r| async move { orders(c).request_service_order(r).await });
        let order = asked.await?.with_context(|| format!("{CLERK} cannot {key}"))?;
        let ineligible = order.status == "ineligible";
        self.about.lock().unwrap_or_else(PoisonError::into_inner).insert(order.id, back.clone());
        self.note(|owed| {
            *owed.asked.entry(kind).or_default() += 1;
            owed.ineligible += u64::from(ineligible);
        });
        Ok(1)
    }

    /// Everybody does what can be done now; says how many steps were taken.
    pub async fn work(&self) -> anyhow::Result<u64> {
        let mut steps = 0;
        for status in OPEN {
            let orders = self.in_status(status).await?;
            steps += abreast(orders.iter().map(|order| self.step(order))).await?;
        }
        Ok(steps)
    }

    /// Whether everything that was brought has come to its end.
    pub async fn finished(&self) -> anyhow::Result<bool> {
        for status in OPEN {
            if !self.in_status(status).await?.is_empty() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn step(&self, order: &ServiceOrderView) -> anyhow::Result<u64> {
        if order.status == "promised" {
            return self.complete(order).await;
        }
        let (Some(request), Some(back)) = (&order.request, self.about(&order.order_id)) else { return Ok(0) };
        let kind = request.requested.as_ref().map_or("", |asked| asked.kind.as_str());
        let order_id = order.order_id.clone();
        match order.status.as_str() {
            "in_review" => {
                let approved = luck(&order_id).is_multiple_of(2);
                let (reason, amounts) = ("looked_at".into(), vec![]);
                let m = fulfilment::ReviewServiceOrderRequest { order_id, approved, reason, amounts };
                self.done(MANAGER, order, "review", m, |c, r| async move { orders(c).review_service_order(r).await })
                    .await
            }
            _ if kind == "repair" && request.repairs.is_empty() => self.register(order).await,
            "authorised" => {
                let m = fulfilment::ReceiveGoodsRequest { order_id, place: back.store, ..Default::default() };
                self.done(CLERK, order, "bring", m, |c, r| async move { orders(c).receive_goods(r).await }).await
            }
            _ if kind == "repair" => self.repair(order, request).await,
            _ => Ok(self.inspect(order, request, &back).await? + self.replace(order, request).await?),
        }
    }

    /// The article of an agreed exchange is what was bought first; where it was exchanged before, the order is given up.
    async fn complete(&self, order: &ServiceOrderView) -> anyhow::Result<u64> {
        let opened = order.opened.as_ref().context("an agreed order that nothing was agreed for")?;
        let sale = self.sold.get(&opened.purchase_id).context("an agreed order about a purchase nobody made")?;
        let line = sale.lines.first().context("a sale without a line")?;
        let (order_id, purchase_id) = (order.order_id.clone(), opened.purchase_id.clone());
        let m = fulfilment::CompleteAgreedOrderRequest {
            order_id: order_id.clone(),
            lines: vec![fulfilment::LineRequest {
                purchase_id,
                line_id: line.line_id.clone(),
                quantity: 1,
                reason: "quality.defect".into(),
                ..Default::default()
            }],
            ..Default::default()
        };
        let done =
            self.done(CLERK, order, "complete", m, |c, r| async move { orders(c).complete_agreed_order(r).await });
        if done.await? > 0 {
            let back = Return::of(sale, line, 1, sale.bought_at);
            self.about.lock().unwrap_or_else(PoisonError::into_inner).insert(order_id, back);
            return Ok(1);
        }
        let m =
            fulfilment::CancelServiceOrderRequest { order_id, reason: "exchanged_before".into(), ..Default::default() };
        self.done(MANAGER, order, "give_up", m, |c, r| async move { orders(c).cancel_service_order(r).await }).await
    }

    /// One piece of some returns is the customer's own doing; he agrees and takes it home again.
    async fn inspect(
        &self,
        order: &ServiceOrderView,
        request: &fulfilment::RequestView,
        back: &Return,
    ) -> anyhow::Result<u64> {
        let (mut steps, without_reason) = (0, wish(back).1 == "no_reason");
        for goods in &request.goods {
            let (order_id, line_no) = (order.order_id.clone(), goods.line_no);
            if goods.uninspected > 0 {
                let rejected = u32::from(without_reason && goods.uninspected > 1 && luck(&order_id).is_multiple_of(9));
                let accepted = goods.uninspected - rejected;
                let found = |quantity, accepted, disposition: &str| fulfilment::InspectionResult {
                    quantity,
                    accepted,
                    grade: if accepted { "a" } else { "c" }.into(),
                    disposition: disposition.into(),
                };
                let results = [found(accepted, true, "restock"), found(rejected, false, "back_to_customer")];
                let m = fulfilment::InspectGoodsRequest {
                    order_id,
                    line_no,
                    results: results.into_iter().filter(|result| result.quantity > 0).collect(),
                    criteria: vec![fulfilment::InspectionCriterion { code: "complete".into(), passed: rejected == 0 }],
                    // What cannot be sold again is decided anew.
                    resaleable: (rejected > 0).then_some(false),
                    ..Default::default()
                };
                let told = self
                    .done(INSPECTOR, order, "inspect", m, |c, r| async move { orders(c).inspect_goods(r).await })
                    .await?;
                let money = request.requested.as_ref().is_some_and(|asked| asked.kind == "return_refund");
                if told > 0 && money {
                    self.note(|owed| {
                        owed.refunds += 1;
                        let minor = back.unit.minor * i64::from(accepted);
                        *owed.minor.entry(back.unit.currency.to_string()).or_default() += minor;
                    });
                }
                steps += told;
            } else if goods.inspections.iter().any(|one| one.renewed.is_some() && one.agreed.is_none()) {
                let m = fulfilment::AnswerInspectionRequest { order_id, line_no, agreed: true };
                let hear =
                    self.done(CLERK, order, "hear", m, |c, r| async move { orders(c).answer_inspection(r).await });
                steps += hear.await?;
            }
        }
        Ok(steps)
    }

    async fn in_status(&self, status: &str) -> anyhow::Result<Vec<ServiceOrderView>> {
        let (mut found, mut token) = (Vec::new(), String::new());
        loop {
            let page = Some(Page { size: 200, token });
            let m = fulfilment::ListServiceOrdersRequest { status: status.into(), page, ..Default::default() };
            let list = self.driver.insist(|| {
                let (channel, m) = (self.fulfilment.clone(), m.clone());
                async move { orders(channel).list_service_orders(m).await }
            });
            let list = list.await??;
            found.extend(
                list.orders.into_iter().filter(|order| status == "promised" || self.about(&order.order_id).is_some()),
            );
            token = list.next_page_token;
            if token.is_empty() {
                return Ok(found);
            }
        }
    }

    /// One step of an order: 1 when it was taken, 0 when the order no longer stands where it stood.
    pub(super) async fn done<M, F>(
        &self,
        actor: &str,
        order: &ServiceOrderView,
        step: &str,
        message: M,
        call: impl Fn(Channel, tonic::Request<M>) -> F + Sync,
    ) -> anyhow::Result<u64>
    where
        M: Clone + Send + Sync,
        F: Future<Output = Result<Response<Receipt>, Status>> + Send,
    {
        let key = format!("{step}/{}/{}", order.order_id, order.version);
        match self.say(actor, &key, message, call).await? {
            Ok(_) => Ok(1),
            Err(refusal) if refusal.code() == tonic::Code::FailedPrecondition => Ok(0),
            Err(refusal) => Err(refusal).context(format!("{actor} cannot {key}")),
        }
    }

    pub(super) async fn say<M, T, F>(
        &self,
        actor: &str,
        key: &str,
        message: M,
        call: impl Fn(Channel, tonic::Request<M>) -> F + Sync,
    ) -> anyhow::Result<Result<T, Status>>
    where
        M: Clone + Send + Sync,
        T: Send,
        F: Future<Output = Result<Response<T>, Status>> + Send,
    {
        self.driver.insist(|| call(self.fulfilment.clone(), staff(actor, key, message.clone()))).await
    }
}

fn orders(channel: Channel) -> FulfilmentClient<Channel> {
    FulfilmentClient::new(channel)
}
