//! Who brings articles to customers and who repairs them, for the counters of shops.
use contracts::fulfilment::v1::{
    self as fulfilment, RepairView, RequestView, ServiceOrderView, repairs_client::RepairsClient,
    replacements_client::ReplacementsClient,
};
use tonic::transport::Channel;

use super::{counter::Counter, luck};

const CLERK: &str = "staff:clerk-may";
const WAREHOUSE: &str = "staff:warehouse-tom";
const TECHNICIAN: &str = "staff:technician-li";
const SKILL: &str = "small_repairs";

impl Counter<'_> {
    /// Somebody who can repair.
    pub(super) async fn hire(&self) -> anyhow::Result<()> {
        let m = fulfilment::SetTechnicianRequest {
            staff_id: TECHNICIAN.into(),
            skills: vec![SKILL.into()],
            store: "shop-0".into(),
            active: true,
        };
        self.say(WAREHOUSE, "hire", m, |c, r| async move { repairs(c).set_technician(r).await }).await??;
        Ok(())
    }

    /// The next step with each piece that goes out; the parcel of some is lost once.
    pub(super) async fn replace(&self, order: &ServiceOrderView, request: &RequestView) -> anyhow::Result<u64> {
        let mut steps = 0;
        for one in &request.replacements {
            let Some(pieces) = &one.pieces else { continue };
            let (order_id, replacement_id) = (order.order_id.clone(), pieces.replacement_id.clone());
            steps += match one.status.as_str() {
                "wanted" => {
                    let m = fulfilment::ReserveReplacementRequest { order_id, replacement_id };
                    self.done(WAREHOUSE, order, "reserve", m, |c, r| async move { out(c).reserve_replacement(r).await })
                        .await?
                }
                "reserved" => {
                    let m = fulfilment::PickReplacementRequest { order_id, replacement_id };
                    self.done(WAREHOUSE, order, "pick", m, |c, r| async move { out(c).pick_replacement(r).await })
                        .await?
                }
                "picked" => {
                    let m = fulfilment::ShipReplacementRequest {
                        tracking_number: format!("T-{replacement_id}"),
                        order_id,
                        replacement_id,
                        carrier: "courier".into(),
                    };
                    self.done(WAREHOUSE, order, "ship", m, |c, r| async move { out(c).ship_replacement(r).await })
                        .await?
                }
                "shipped" => {
                    let lost = request.replacements.len() == 1 && luck(&order_id) % 12 == 5;
                    let outcome = if lost { "lost" } else { "delivered" }.into();
                    let m = fulfilment::RecordDeliveryRequest { order_id, replacement_id, outcome };
                    self.done(WAREHOUSE, order, "deliver", m, |c, r| async move { out(c).record_delivery(r).await })
                        .await?
                }
                _ => 0,
            };
        }
        Ok(steps)
    }

    pub(super) async fn register(&self, order: &ServiceOrderView) -> anyhow::Result<u64> {
        let m = fulfilment::RegisterRepairRequest {
            order_id: order.order_id.clone(),
            line_no: 1,
            problem: "does_not_work".into(),
            words_reference: format!("counter:{}", order.order_id),
            feasibility: "feasible".into(),
            reason: "seen".into(),
        };
        self.done(CLERK, order, "register", m, |c, r| async move { repairs(c).register_repair(r).await }).await
    }

    /// The next step of each repair; some cannot be done, and the customer takes the article home as it is.
    pub(super) async fn repair(&self, order: &ServiceOrderView, request: &RequestView) -> anyhow::Result<u64> {
        let mut steps = 0;
        for one in &request.repairs {
            steps += self.work_on(order, one).await?;
        }
        Ok(steps)
    }

    async fn work_on(&self, order: &ServiceOrderView, one: &RepairView) -> anyhow::Result<u64> {
        let (order_id, line_no) = (order.order_id.clone(), one.line_no);
        let hopeless = luck(&order_id) % 6 == 1;
        match one.status.as_str() {
            "received" => {
                let m = fulfilment::DiagnoseRepairRequest {
                    order_id,
                    line_no,
                    repairable: !hopeless,
                    cause: "worn_part".into(),
                    skill: if hopeless { "" } else { SKILL }.into(),
                    misuse: false,
                };
                self.done(TECHNICIAN, order, "diagnose", m, |c, r| async move { repairs(c).diagnose_repair(r).await })
                    .await
            }
            "diagnosed" if one.technician.is_empty() => {
                let m = fulfilment::AssignTechnicianRequest { order_id, line_no, technician: TECHNICIAN.into() };
                self.done(CLERK, order, "assign", m, |c, r| async move { repairs(c).assign_technician(r).await }).await
            }
            "diagnosed" => {
                let currency = self.about(&order_id).map_or(String::new(), |back| back.unit.currency.to_string());
                let unit_price = Some(contracts::common::v1::Money { minor: 250, currency });
                let item = |kind: &str, code: &str| fulfilment::RepairItem {
                    kind: kind.into(),
                    code: code.into(),
                    quantity: 1,
                    unit_price: unit_price.clone(),
                };
                let items = vec![item("labour", "hour"), item("part", "spring")];
                let m = fulfilment::QuoteRepairRequest { order_id, line_no, items };
                self.done(TECHNICIAN, order, "quote", m, |c, r| async move { repairs(c).quote_repair(r).await }).await
            }
            "quoted" if one.waits_for_customer => {
                let version = one.quotes.last().map_or(0, |quote| quote.version);
                let m = fulfilment::AnswerRepairQuoteRequest { order_id, line_no, version, agreed: true };
                self.done(CLERK, order, "consent", m, |c, r| async move { repairs(c).answer_repair_quote(r).await })
                    .await
            }
            "quoted" | "consented" => {
                let m = fulfilment::StartRepairRequest { order_id, line_no };
                self.done(TECHNICIAN, order, "start", m, |c, r| async move { repairs(c).start_repair(r).await }).await
            }
            "in_repair" => {
                // Some need a second try.
                let passed = !one.tests.is_empty() || !luck(&order_id).is_multiple_of(5);
                let m = fulfilment::TestRepairRequest { order_id, line_no, passed };
                self.done(TECHNICIAN, order, "test", m, |c, r| async move { repairs(c).test_repair(r).await }).await
            }
            "repaired" => {
                let payment_reference = format!("till:{order_id}");
                let m =
                    fulfilment::HandOverRepairRequest { order_id, line_no, payment_reference, ..Default::default() };
                self.done(CLERK, order, "hand_over", m, |c, r| async move { repairs(c).hand_over_repair(r).await })
                    .await
            }
            "handed_over" => {
                let answer = "satisfied".into();
                let m = fulfilment::RecordRepairSatisfactionRequest { order_id, line_no, answer };
                let asked = |c, r| async move { repairs(c).record_repair_satisfaction(r).await };
                self.done(CLERK, order, "ask", m, asked).await
            }
            _ => self.alternative(order, one).await,
        }
    }

    /// What cannot be repaired goes home as it is, if the customer agrees.
    async fn alternative(&self, order: &ServiceOrderView, one: &RepairView) -> anyhow::Result<u64> {
        let (order_id, line_no) = (order.order_id.clone(), one.line_no);
        match one.status.as_str() {
            "unrepairable" => {
                let alternative = "return_unrepaired".into();
                let m = fulfilment::OfferAlternativeRequest { order_id, line_no, alternative };
                self.done(CLERK, order, "offer", m, |c, r| async move { repairs(c).offer_alternative(r).await }).await
            }
            "alternative_offered" => {
                let number = one.alternatives.last().map_or(0, |offer| offer.number);
                let m = fulfilment::AnswerAlternativeRequest { order_id, line_no, number, agreed: true };
                self.done(CLERK, order, "answer", m, |c, r| async move { repairs(c).answer_alternative(r).await }).await
            }
            _ => Ok(0),
        }
    }
}

fn out(channel: Channel) -> ReplacementsClient<Channel> {
    ReplacementsClient::new(channel)
}

fn repairs(channel: Channel) -> RepairsClient<Channel> {
    RepairsClient::new(channel)
}
