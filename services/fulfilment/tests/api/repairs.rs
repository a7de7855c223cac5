//! Repairs through their door, over real Postgres: consent before work, who can do it, the customer's word at the end, and
//! what is agreed where an article is not repaired.
use contracts::{
    common::v1::{Money, Page, Receipt},
    fulfilment::v1::{
        AnswerAlternativeRequest, AnswerRepairQuoteRequest, AssignTechnicianRequest, DiagnoseRepairRequest,
        HandOverRepairRequest, LineRequest, ListRepairsRequest, ListTechniciansRequest, OfferAlternativeRequest,
        OrderFinished, OrderRepaired, PaymentTaken, QuoteRepairRequest, RecordPartsArrivedRequest,
        RecordRepairSatisfactionRequest, RegisterRepairRequest, RepairAlternativeReviewed, RepairHandedOver,
        RepairItem, RepairQuoteExpired, RepairQuoted, RepairView, SetTechnicianRequest, StartRepairRequest,
        TechnicianSet, TestRepairRequest, UnitsGivenBack, WaitForPartsRequest, repairs_client::RepairsClient,
    },
};
use jiff::SignedDuration;
use stories::payments::Mode;
use testkit::{request, wrong_fields};
use tonic::{Response, Status, transport::Channel};
use uuid::Uuid;

use crate::{
    goods::places,
    replacements::Act,
    returns::{at_counter, code, line},
    world::{World, cny},
};

const HOUR: i64 = 3_600;
const CLERK: &str = "staff:ana";
const BENCH: &str = "staff:li";

/// The repair of the first line of an order.
pub struct Repair<'a> {
    world: &'a World,
    pub order_id: String,
}

pub type Done = Result<String, Status>;

fn status(answer: Result<Response<Receipt>, Status>) -> Done {
    answer.map(|answer| answer.into_inner().status)
}

fn refused(done: Done) -> String {
    code(&done.unwrap_err())
}

fn item(kind: &str, code: &str, quantity: u32, minor: i64) -> RepairItem {
    RepairItem { kind: kind.into(), code: code.into(), quantity, unit_price: cny(minor) }
}

impl World {
    fn repairs(&self) -> RepairsClient<Channel> {
        RepairsClient::new(self.stack.channel("fulfilment"))
    }

    async fn technician(&self, staff_id: &str, skills: &[&str], active: bool) -> Result<Receipt, Status> {
        let skills = skills.iter().map(|skill| (*skill).to_owned()).collect();
        let set = SetTechnicianRequest { staff_id: staff_id.into(), skills, store: "s-1".into(), active };
        self.repairs().set_technician(request("staff:boss", set)).await.map(Response::into_inner)
    }

    /// The names of those who have a skill.
    async fn skilled(&self, skill: &str, page: Option<Page>) -> (Vec<String>, String) {
        let wanted = ListTechniciansRequest { skill: skill.into(), page };
        let answer = self.repairs().list_technicians(wanted).await.unwrap().into_inner();
        (answer.technicians.into_iter().map(|one| one.staff_id).collect(), answer.next_page_token)
    }

    /// An article that was delivered so many days ago, asked to be repaired at the counter.
    async fn broken(&self, days_ago: i64, paid: i64) -> (Repair<'_>, Uuid) {
        let purchase = self.sold(Some(days_ago), &[(1, paid)]).await;
        let asked = at_counter("repair", vec![line(purchase, "0", 1, "breakdown")]);
        let order = self.ask(CLERK, asked).await.unwrap();
        assert_eq!(order.status, "authorised");
        (Repair { world: self, order_id: order.id }, purchase)
    }

    /// One that is here and registered.
    pub async fn brought(&self, days_ago: i64, paid: i64) -> (Repair<'_>, Uuid) {
        let (repair, purchase) = self.broken(days_ago, paid).await;
        repair.register("feasible").await.unwrap();
        self.receive_goods(repair.order_id.parse().unwrap()).await.unwrap();
        (repair, purchase)
    }

    async fn repairs_listed(&self, status: &str, technician: &str, page: Option<Page>) -> (Vec<RepairView>, String) {
        let wanted = ListRepairsRequest { status: status.into(), technician: technician.into(), page };
        let answer = self.repairs().list_repairs(wanted).await.unwrap().into_inner();
        (answer.repairs, answer.next_page_token)
    }
}

impl Repair<'_> {
    fn id(&self) -> (String, u32) {
        (self.order_id.clone(), 1)
    }

    async fn register(&self, feasibility: &str) -> Done {
        let (order_id, line_no) = self.id();
        let register = RegisterRepairRequest {
            order_id,
            line_no,
            problem: "screen.broken".into(),
            words_reference: "doc:words-1".into(),
            feasibility: feasibility.into(),
            reason: "seen".into(),
        };
        status(self.world.repairs().register_repair(request(CLERK, register)).await)
    }

    pub async fn diagnose(&self, repairable: bool, misuse: bool) -> Done {
        let (order_id, line_no) = self.id();
        let skill = if repairable { "screen" } else { "" }.to_owned();
        let diagnose = DiagnoseRepairRequest { order_id, line_no, repairable, cause: "fell".into(), skill, misuse };
        status(self.world.repairs().diagnose_repair(request(BENCH, diagnose)).await)
    }

    async fn quote(&self, items: Vec<RepairItem>) -> Done {
        let (order_id, line_no) = self.id();
        status(self.world.repairs().quote_repair(request(BENCH, QuoteRepairRequest { order_id, line_no, items })).await)
    }

    async fn answer(&self, version: u32, agreed: bool) -> Done {
        let (order_id, line_no) = self.id();
        let answer = AnswerRepairQuoteRequest { order_id, line_no, version, agreed };
        status(self.world.repairs().answer_repair_quote(request(CLERK, answer)).await)
    }

    async fn assign(&self, technician: &str) -> Done {
        let (order_id, line_no) = self.id();
        let assign = AssignTechnicianRequest { order_id, line_no, technician: technician.into() };
        status(self.world.repairs().assign_technician(request(CLERK, assign)).await)
    }

    async fn start(&self) -> Done {
        let (order_id, line_no) = self.id();
        status(self.world.repairs().start_repair(request(BENCH, StartRepairRequest { order_id, line_no })).await)
    }

    async fn parts(&self) -> Done {
        let (order_id, line_no) = self.id();
        let wait = WaitForPartsRequest { order_id: order_id.clone(), line_no };
        self.world.repairs().wait_for_parts(request(BENCH, wait)).await?;
        let arrived = RecordPartsArrivedRequest { order_id, line_no };
        status(self.world.repairs().record_parts_arrived(request(BENCH, arrived)).await)
    }

    async fn test(&self, passed: bool) -> Done {
        let (order_id, line_no) = self.id();
        status(self.world.repairs().test_repair(request(BENCH, TestRepairRequest { order_id, line_no, passed })).await)
    }

    async fn hand_over(&self, payment_reference: &str) -> Done {
        self.hand_over_paid(payment_reference, false).await
    }

    async fn hand_over_paid(&self, payment_reference: &str, taken_by_provider: bool) -> Done {
        let ((order_id, line_no), payment_reference) = (self.id(), payment_reference.into());
        let place = String::new();
        let hand_over = HandOverRepairRequest { order_id, line_no, payment_reference, taken_by_provider, place };
        status(self.world.repairs().hand_over_repair(request(CLERK, hand_over)).await)
    }

    async fn satisfaction(&self, answer: &str) -> Done {
        let (order_id, line_no) = self.id();
        let said = RecordRepairSatisfactionRequest { order_id, line_no, answer: answer.into() };
        status(self.world.repairs().record_repair_satisfaction(request(CLERK, said)).await)
    }

    async fn offer(&self, alternative: &str) -> Done {
        let (order_id, line_no) = self.id();
        let offer = OfferAlternativeRequest { order_id, line_no, alternative: alternative.into() };
        status(self.world.repairs().offer_alternative(request(CLERK, offer)).await)
    }

    async fn answer_offer(&self, number: u32, agreed: bool) -> Done {
        let (order_id, line_no) = self.id();
        let answer = AnswerAlternativeRequest { order_id, line_no, number, agreed };
        let done = status(self.world.repairs().answer_alternative(request(CLERK, answer)).await);
        self.world.stack.settle().await;
        done
    }

    async fn view(&self) -> RepairView {
        self.world.requested(&self.order_id).await.repairs[0].clone()
    }

    async fn order(&self) -> String {
        self.world.status(self.order_id.parse().unwrap()).await
    }

    async fn promise(&self) -> String {
        let promises = self.world.requested(&self.order_id).await.promises;
        promises.into_iter().find(|one| one.promise == "repair_term").unwrap().status
    }
}

#[tokio::test]
async fn r_ful_10_r_ful_11_r_ful_13_a_repair_is_registered_consented_to_done_tested_and_asked_about() {
    let world = World::new().await;
    world.technician(BENCH, &["screen"], true).await.unwrap();
    let (repair, _) = world.brought(400, 50_000).await;
    let view = repair.view().await;
    let assessment = view.assessment.unwrap();
    assert_eq!(
        (view.status.as_str(), view.problem.as_str(), assessment.by.as_str()),
        ("received", "screen.broken", CLERK)
    );
    assert_eq!(
        (assessment.feasibility.as_str(), assessment.at),
        ("feasible", Some(backbone::proto::timestamp(world.stack.now())))
    );

    repair.diagnose(true, false).await.unwrap();
    let warranty = repair.view().await.diagnosis.unwrap().warranty.unwrap();
    assert_eq!((warranty.rule.as_str(), warranty.bearer.as_str(), warranty.policy_version), ("", "customer", 1));
    repair.assign(BENCH).await.unwrap();
    repair.quote(vec![item("labour", "hour", 2, 8_000), item("part", "screen", 1, 12_500)]).await.unwrap();
    let quote = repair.view().await.quotes[0].clone();
    assert_eq!((quote.total, quote.fee, quote.version), (cny(28_500), cny(28_500), 1));
    let told: Vec<RepairQuoted> = world.stack.events("fulfilment").await;
    let asked = (told[0].needs_consent, told[0].customer_id.as_str(), told[0].quote.as_ref().unwrap().fee.clone());
    assert_eq!(asked, (true, Uuid::from_u128(7).to_string().as_str(), cny(28_500)), "outreach asks him");
    assert_eq!(
        (refused(repair.start().await).as_str(), repair.promise().await.as_str()),
        ("order.no_consent", "paused")
    );
    assert_eq!(refused(repair.answer(2, true).await), "order.other_quote");
    repair.answer(1, true).await.unwrap();
    assert_eq!((repair.start().await.unwrap().as_str(), repair.promise().await.as_str()), ("in_progress", "running"));
    repair.parts().await.unwrap();

    repair.quote(vec![item("labour", "hour", 3, 8_000), item("part", "screen", 1, 12_500)]).await.unwrap();
    assert_eq!(refused(repair.test(true).await), "order.not_now", "it costs more, so the work stands still");
    repair.answer(2, true).await.unwrap();
    repair.start().await.unwrap();
    repair.test(false).await.unwrap();
    assert_eq!(
        (repair.view().await.status.as_str(), world.stack.events::<OrderRepaired>("fulfilment").await.len()),
        ("in_repair", 0)
    );
    repair.test(true).await.unwrap();
    let told: Vec<OrderRepaired> = world.stack.events("fulfilment").await;
    assert_eq!((told.len(), told[0].customer_id.clone(), told[0].time), (1, Uuid::from_u128(7).to_string(), 1));
    assert_eq!(repair.promise().await, "met");

    assert_eq!(refused(repair.hand_over(" ").await), "order.fee_not_paid");
    repair.hand_over("till-1-778").await.unwrap();
    let goods = world.requested(&repair.order_id).await.goods[0].clone();
    assert_eq!((places(&goods), goods.handed_back, goods.settled), ([0, 0, 0, 0, 0], 1, true));
    assert_eq!(repair.satisfaction("satisfied").await.unwrap(), "completed");
    let view = repair.view().await;
    assert_eq!(
        (view.satisfaction.as_str(), view.payment_reference.as_str(), view.tests.len()),
        ("satisfied", "till-1-778", 2)
    );
    assert_eq!(world.stack.events::<UnitsGivenBack>("fulfilment").await.len(), 1, "the piece may be asked for again");
    assert_eq!(world.ledger().await.entries.len(), 0, "no money leaves for a repair");
}

#[tokio::test]
async fn r_ful_12_work_is_assigned_to_who_is_known_active_and_skilled() {
    let world = World::new().await;
    let (repair, _) = world.brought(10, 50_000).await;
    repair.diagnose(true, false).await.unwrap();
    repair.quote(vec![item("labour", "hour", 1, 8_000)]).await.unwrap();
    assert_eq!(refused(repair.start().await), "order.no_technician", "the warranty covers it, but who does it?");
    assert_eq!(refused(repair.assign(BENCH).await), "technician.unknown");
    world.technician(BENCH, &["battery"], true).await.unwrap();
    assert_eq!(refused(repair.assign(BENCH).await), "technician.unskilled");
    assert_eq!(world.technician(BENCH, &["battery", "screen"], false).await.unwrap().status, "inactive");
    assert_eq!(refused(repair.assign(BENCH).await), "technician.inactive");
    assert_eq!(repair.view().await.technician, "", "what is refused leaves nothing behind");
    world.technician(BENCH, &["battery", "screen"], true).await.unwrap();
    repair.assign("staff:LI").await.unwrap();
    repair.start().await.unwrap();
    assert_eq!(repair.view().await.technician, BENCH);
    assert_eq!(world.stack.events::<TechnicianSet>("fulfilment").await.len(), 3);

    world.technician("staff:wu", &["screen"], true).await.unwrap();
    assert_eq!(world.skilled("screen", None).await.0, ["staff:li", "staff:wu"]);
    assert_eq!(world.skilled("battery", None).await.0, ["staff:li"]);
    let (first, token) = world.skilled("", Some(Page { size: 1, token: String::new() })).await;
    let (second, _) = world.skilled("", Some(Page { size: 1, token })).await;
    assert_eq!((first, second), (vec!["staff:li".to_owned()], vec!["staff:wu".to_owned()]));
}

#[tokio::test]
async fn r_ful_11_who_says_nothing_to_a_quote_has_declined_it_in_time_and_may_be_asked_anew() {
    let world = World::new().await;
    let (repair, _) = world.brought(400, 50_000).await;
    repair.diagnose(true, false).await.unwrap();
    repair.quote(vec![item("part", "screen", 1, 12_500)]).await.unwrap();
    world.seconds(168 * HOUR).await;
    assert_eq!(world.stack.events::<RepairQuoteExpired>("fulfilment").await.len(), 1);
    assert_eq!((repair.view().await.status.as_str(), repair.promise().await.as_str()), ("quote_expired", "running"));
    assert_eq!(refused(repair.answer(1, true).await), "order.not_now");
    repair.quote(vec![item("part", "screen.used", 1, 6_000)]).await.unwrap();
    repair.answer(2, false).await.unwrap();
    repair.offer("return_unrepaired").await.unwrap();
    assert_eq!(repair.answer_offer(1, true).await.unwrap(), "closed_partial");
    assert_eq!(world.ledger().await.entries.len(), 0);
}

#[tokio::test]
async fn r_ful_14_what_cannot_be_repaired_is_refunded_as_agreed_and_paid_once() {
    let world = World::new().await;
    let (repair, purchase) = world.brought(10, 50_000).await;
    repair.diagnose(false, false).await.unwrap();
    assert_eq!(refused(repair.answer_offer(1, true).await), "order.not_now");
    repair.offer("exchange").await.unwrap();
    repair.answer_offer(1, false).await.unwrap();
    repair.offer("refund").await.unwrap();
    assert_eq!(refused(repair.answer_offer(1, true).await), "order.other_alternative");
    // After ten days the policy repairs or exchanges: who offers money has another person approve it.
    assert_eq!(refused(repair.answer_offer(2, true).await), "order.money_not_granted");
    for hand in [CLERK, BENCH] {
        assert_eq!(code(&world.review(hand, &repair.order_id, true).await.unwrap_err()), "order.own_request");
    }
    assert_eq!((world.paid().await.len(), repair.view().await.alternatives[1].approved), (0, None));
    world.review("staff:boss", &repair.order_id, true).await.unwrap();
    assert_eq!(repair.view().await.alternatives[1].approved, Some(true));
    let told: Vec<RepairAlternativeReviewed> = world.stack.events("fulfilment").await;
    assert_eq!((told.len(), told[0].number, told[0].approved), (1, 2, true));
    repair.answer_offer(2, true).await.unwrap();
    assert_eq!((repair.order().await.as_str(), world.paid().await.len()), ("closed_partial", 1));
    let view = world.requested(&repair.order_id).await;
    assert_eq!((view.payouts[0].amount.clone(), view.repairs[0].status.as_str()), (cny(50_000), "refund"));
    assert_eq!((places(&view.goods[0]), world.ledger().await.totals["CNY"]), ([0, 0, 1, 0, 0], 50_000));
    let again = world.ask(CLERK, at_counter("repair", vec![line(purchase, "0", 1, "breakdown")])).await.unwrap_err();
    assert_eq!(code(&again), "account.more_than_bought", "it is ours now");
    assert_eq!(repair.promise().await, "cancelled");
}

#[tokio::test]
async fn r_ful_14_what_is_agreed_instead_is_asked_for_as_an_order_that_names_this_one() {
    let world = World::new().await;
    let (repair, purchase) = world.brought(5, 50_000).await;
    repair.diagnose(false, false).await.unwrap();
    repair.offer("exchange").await.unwrap();
    assert_eq!(repair.answer_offer(1, true).await.unwrap(), "closed_partial");
    let mut exchange = at_counter("exchange", vec![line(purchase, "0", 1, "breakdown")]);
    let origin = exchange.origin.as_mut().unwrap();
    (origin.kind, origin.reference) = ("service_order".into(), repair.order_id.clone());
    let follows = world.ask(CLERK, exchange).await.unwrap();
    assert_eq!(follows.status, "authorised", "its piece is free again");
    assert_eq!(world.requested(&follows.id).await.requested.unwrap().origin.unwrap().reference, repair.order_id);
}

#[tokio::test]
async fn r_ful_13_who_is_not_satisfied_is_served_again_without_cost_and_who_says_nothing_is_not_waited_for() {
    let world = World::new().await;
    world.technician(BENCH, &["screen"], true).await.unwrap();
    let (repair, _) = world.brought(400, 50_000).await;
    repair.diagnose(true, false).await.unwrap();
    repair.quote(vec![item("part", "screen", 1, 12_500)]).await.unwrap();
    repair.answer(1, true).await.unwrap();
    repair.assign(BENCH).await.unwrap();
    repair.start().await.unwrap();
    repair.test(true).await.unwrap();
    repair.hand_over("till-1-778").await.unwrap();
    world.seconds(HOUR).await;
    assert_eq!(repair.satisfaction("unsatisfied").await.unwrap(), "in_progress");
    assert_eq!(code(&world.cancel(&repair.order_id).await.unwrap_err()), "order.not_now");
    world.receive_goods(repair.order_id.parse().unwrap()).await.unwrap();
    repair.start().await.unwrap();
    repair.test(true).await.unwrap();
    repair.hand_over("").await.unwrap();
    let given: Vec<RepairHandedOver> = world.stack.events("fulfilment").await;
    assert!(given.iter().all(|one| one.payment_reference == "till-1-778"), "what he paid first stays on record");
    let told: Vec<OrderRepaired> = world.stack.events("fulfilment").await;
    assert_eq!(told.iter().map(|one| one.time).collect::<Vec<_>>(), [1, 2]);
    world.seconds(336 * HOUR).await;
    assert_eq!((repair.view().await.satisfaction.as_str(), repair.order().await.as_str()), ("no_answer", "completed"));
    let finished: Vec<OrderFinished> = world.stack.events("fulfilment").await;
    assert_eq!(finished.iter().map(|one| one.status.as_str()).collect::<Vec<_>>(), ["completed"]);
    let kept = world.requested(&repair.order_id).await.promises;
    assert_eq!(kept.iter().map(|one| one.status.as_str()).collect::<Vec<_>>(), ["met", "met"]);
}

impl World {
    /// One that waits to be handed over for a fee.
    async fn repaired_for_a_fee(&self) -> Repair<'_> {
        self.technician(BENCH, &["screen"], true).await.unwrap();
        let (repair, _) = self.brought(400, 50_000).await;
        repair.diagnose(true, false).await.unwrap();
        repair.quote(vec![item("part", "screen", 1, 12_500)]).await.unwrap();
        repair.answer(1, true).await.unwrap();
        repair.assign(BENCH).await.unwrap();
        repair.start().await.unwrap();
        repair.test(true).await.unwrap();
        repair
    }

    /// A repair that was paid for, did not hold, and turns out to be none: something else is agreed.
    async fn failed_in_the_end(&self, payment: &str, taken_by_provider: bool) -> Repair<'_> {
        let repair = self.repaired_for_a_fee().await;
        repair.hand_over_paid(payment, taken_by_provider).await.unwrap();
        repair.satisfaction("unsatisfied").await.unwrap();
        self.receive_goods(repair.order_id.parse().unwrap()).await.unwrap();
        repair.diagnose(false, false).await.unwrap();
        repair.offer("return_unrepaired").await.unwrap();
        repair.answer_offer(1, true).await.unwrap();
        self.stack.settle().await;
        repair
    }
}

#[tokio::test]
async fn r_ful_14_the_fee_of_a_repair_that_failed_in_the_end_comes_back_by_the_provider_that_took_it() {
    let world = World::impatient().await;
    world.mood(Mode::SilentAfterPaying).await;
    let repair = world.failed_in_the_end("pay-4711", true).await;
    let payout = world.requested(&repair.order_id).await.payouts.remove(0);
    assert_eq!((payout.status.as_str(), payout.repair_line_no, payout.amount), ("granted", 1, cny(12_500)));
    assert_eq!(repair.order().await, "in_progress", "until he has it back");
    world.calm().await;
    world.seconds(10).await;
    assert_eq!(repair.order().await, "closed_partial");
    let ledger = world.ledger().await;
    let paid: Vec<_> = ledger.entries.iter().map(|one| (one.purchase_ref.as_str(), one.amount.minor)).collect();
    assert_eq!(paid, [("pay-4711", 12_500)], "of that payment, once");
    let on = world.balances(&repair.order_id).await;
    let minor = |account: &str| on.iter().find(|(name, _)| name == account).map_or(0, |(_, minor)| *minor);
    assert_eq!((minor("fees"), minor("cash")), (0, 0), "what he paid is his again");
}

#[tokio::test]
async fn r_ful_14_a_fee_that_was_paid_at_the_counter_is_listed_for_people_to_give_back() {
    let world = World::new().await;
    let repair = world.failed_in_the_end("till-1-778", false).await;
    let listed = world.refunds().await;
    let [refund] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!((refund.status.as_str(), refund.payment_reference.as_str()), ("by_hand", "till-1-778"));
    assert_eq!((refund.amount.clone(), repair.order().await.as_str()), (cny(12_500), "in_progress"));
    world.record_paid(&refund.refund_id, "till-1-802").await.unwrap();
    world.stack.settle().await;
    assert_eq!((repair.order().await.as_str(), world.paid().await.len()), ("closed_partial", 0));
}

#[tokio::test]
async fn r_ful_11_the_payment_of_a_fee_stands_for_one_order_also_where_another_one_is_for_an_exchange() {
    let world = World::new().await;
    let (repair, other) = (world.repaired_for_a_fee().await, world.repaired_for_a_fee().await);
    repair.hand_over("till-1-778").await.unwrap();
    let refused = other.hand_over("till-1-778").await.unwrap_err();
    assert_eq!(code(&refused), "payment.stands_for_another_order");
    assert!(refused.message().contains(&repair.order_id), "{refused:?}");
    assert_eq!(other.view().await.status, "repaired", "nothing moved");
    let purchase = world.sold(Some(1), &[(1, 1_000)]).await;
    let exchange = world.exchange(purchase, Some(1_500)).await;
    let one = world.last_attempt(&exchange).await;
    let again = world.act(&one, Act::Pay("till-1-778", cny(500))).await.unwrap_err();
    assert_eq!(code(&again), "payment.stands_for_another_order");
    other.hand_over("till-1-779").await.unwrap();
    world.act(&one, Act::Pay("till-1-780", cny(500))).await.unwrap();
    repair.satisfaction("unsatisfied").await.unwrap();
    world.receive_goods(repair.order_id.parse().unwrap()).await.unwrap();
    repair.start().await.unwrap();
    repair.test(true).await.unwrap();
    repair.hand_over("").await.unwrap();
    let taken: Vec<PaymentTaken> = world.stack.events("fulfilment").await;
    let taken: Vec<_> = taken.iter().map(|one| (&one.order_id, one.amount.clone())).collect();
    let all = [(&repair.order_id, cny(12_500)), (&other.order_id, cny(12_500)), (&exchange, cny(500))];
    assert_eq!(taken, all, "and what is worked on again is not paid again");
}

#[tokio::test]
async fn repairs_are_found_by_where_they_stand_and_who_does_them_in_parts() {
    let world = World::new().await;
    world.technician(BENCH, &["screen"], true).await.unwrap();
    let mut newest_first = Vec::new();
    for _ in 0..3 {
        let (repair, _) = world.brought(10, 50_000).await;
        newest_first.insert(0, repair.order_id.clone());
        world.seconds(1).await;
    }
    let last = Repair { world: &world, order_id: newest_first[0].clone() };
    last.diagnose(true, false).await.unwrap();
    last.quote(vec![item("part", "screen", 1, 1)]).await.unwrap();
    last.assign(BENCH).await.unwrap();
    let ids = |repairs: &[RepairView]| repairs.iter().map(|one| one.order_id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&world.repairs_listed("", "", None).await.0), newest_first);
    assert_eq!(ids(&world.repairs_listed("received", "", None).await.0), newest_first[1..]);
    assert_eq!(ids(&world.repairs_listed("", BENCH, None).await.0), newest_first[..1]);
    assert_eq!(ids(&world.repairs_listed("received", BENCH, None).await.0), [""; 0]);
    let (first, token) = world.repairs_listed("", "", Some(Page { size: 2, token: String::new() })).await;
    let (rest, end) = world.repairs_listed("", "", Some(Page { size: 2, token })).await;
    assert_eq!((ids(&first), ids(&rest), end.as_str()), (newest_first[..2].to_vec(), newest_first[2..].to_vec(), ""));

    let pool = world.stack.pool("fulfilment");
    let change = "update service_order set state = jsonb_set(state, '{request,lines,0,leg,goods,handed_back}', '1') \
                  where id = $1";
    let order: Uuid = last.order_id.parse().unwrap();
    let error = sqlx::query(change).bind(order).execute(&pool).await.unwrap_err();
    let constraint = error.as_database_error().and_then(|error| error.constraint());
    assert_eq!(constraint, Some("every_piece_is_somewhere"), "a piece is in one place");
}

#[tokio::test]
async fn wrong_requests_about_repairs_are_told_everything_that_is_wrong() {
    let world = World::new().await;
    let mut repairs = world.repairs();
    let (order_id, words_reference) = ("x".into(), "It fell down".into());
    let register =
        RegisterRepairRequest { order_id, words_reference, feasibility: "sure".into(), ..Default::default() };
    let status = repairs.register_repair(request("Ana", register)).await.unwrap_err();
    let fields =
        ["metadata.aftercare-actor", "order_id", "line_no", "problem", "words_reference", "feasibility", "reason"];
    assert_eq!(wrong_fields(&status), fields);
    let items = vec![RepairItem {
        kind: "gift".into(),
        unit_price: Some(Money { minor: -1, currency: "CNY".into() }),
        ..Default::default()
    }];
    let quote = QuoteRepairRequest { order_id: Uuid::new_v4().to_string(), line_no: 1, items };
    let status = repairs.quote_repair(request(CLERK, quote)).await.unwrap_err();
    assert_eq!(
        wrong_fields(&status),
        ["items[0].kind", "items[0].code", "items[0].quantity", "items[0].unit_price.minor"]
    );
    let assign = AssignTechnicianRequest { technician: "Li".into(), ..Default::default() };
    let status = repairs.assign_technician(request(CLERK, assign)).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["order_id", "line_no", "technician"]);
    let set =
        SetTechnicianRequest { staff_id: "service:x".into(), skills: vec!["Screen".into()], ..Default::default() };
    let status = repairs.set_technician(request(CLERK, set)).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["staff_id", "skills[0]", "store"]);
    let list = ListRepairsRequest {
        status: "lost".into(),
        technician: "Li".into(),
        page: Some(Page { size: 201, token: String::new() }),
    };
    let status = repairs.list_repairs(list).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["status", "technician", "page.size"]);

    let (repair, _) = world.broken(10, 50_000).await;
    assert_eq!(refused(repair.diagnose(true, false).await), "order.repair_not_registered");
    repair.register("unclear").await.unwrap();
    repair.register("unclear").await.unwrap();
    assert_eq!(refused(repair.register("feasible").await), "order.repair_registered");
    let other = Repair { world: &world, order_id: Uuid::new_v4().to_string() };
    assert_eq!(other.diagnose(true, false).await.unwrap_err().code(), tonic::Code::NotFound);
}

#[tokio::test]
async fn r_ful_11_days_that_only_who_asks_says_are_no_warranty_of_the_house() {
    let world = World::new().await;
    let yesterday = backbone::proto::timestamp(world.stack.now() - SignedDuration::from_hours(24));
    for (category, proof, rule, bearer) in [
        ("own_brand", "elsewhere", "", "customer"),
        ("appliance", "elsewhere", "devices", "maker"),
        ("own_brand", "receipt", "own_brand", "company"),
    ] {
        let article = LineRequest {
            product_id: "p-9".into(),
            category: category.into(),
            quantity: 1,
            reason: "breakdown".into(),
            proof: proof.into(),
            bought_at: Some(yesterday),
            delivered_at: Some(yesterday),
            ..LineRequest::default()
        };
        let order = world.ask(CLERK, at_counter("repair", vec![article])).await.unwrap();
        // What nothing shows was bought here another person looks at, and answers for.
        assert_eq!(order.status, if proof == "receipt" { "in_review" } else { "authorised" });
        if proof == "receipt" {
            assert_eq!(world.review("staff:bo", &order.id, true).await.unwrap().status, "authorised");
        }
        let repair = Repair { world: &world, order_id: order.id };
        repair.register("feasible").await.unwrap();
        world.receive_goods(repair.order_id.parse().unwrap()).await.unwrap();
        repair.diagnose(true, false).await.unwrap();
        let warranty = repair.view().await.diagnosis.unwrap().warranty.unwrap();
        assert_eq!((warranty.rule.as_str(), warranty.bearer.as_str()), (rule, bearer), "{category} {proof}");
    }
}
