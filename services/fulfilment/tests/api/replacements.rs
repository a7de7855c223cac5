//! Goods that go out again, through the doors: reserved, shipped, lost, offered otherwise, dearer, cheaper, or paid instead.
use contracts::{
    common::v1::{Money, Page, Receipt},
    fulfilment::v1::{
        AnswerReplacementOfferRequest, HoldMoved, LineRequest, ListReplacementsRequest, OfferReplacementRequest,
        OrderPromiseMoved, PickReplacementRequest, RecordDeliveryRequest, RecordDifferencePaidRequest,
        ReplacementMoved, ReplacementView, ReplacementWanted, ReportOutOfStockRequest, ReserveReplacementRequest,
        ShipReplacementRequest, TakeMoneyInsteadRequest, UnitsGivenBack, replacements_client::ReplacementsClient,
    },
};
use stories::payments::Mode;
use testkit::{request, wrong_fields};
use tonic::{Code, Request, Response, Status, transport::Channel};
use uuid::Uuid;

use crate::{
    payouts::stood,
    returns::{at_counter, code, line},
    world::{World, cny, refund_of},
};

const HOUR: i64 = 3_600;

/// What is done with an attempt.
pub enum Act<'a> {
    Reserve,
    OutOfStock,
    Offer(&'a str, Option<Money>),
    Answer(bool),
    Pick,
    Ship,
    Arrive(&'a str),
    Pay(&'a str, Option<Money>),
    TakeMoney,
}

/// Who takes payments.
const TILL: &str = "staff:till";

fn by<T>(message: T) -> Request<T> {
    request("staff:wei", message)
}

impl World {
    fn replacements(&self) -> ReplacementsClient<Channel> {
        ReplacementsClient::new(self.stack.channel("fulfilment"))
    }

    /// Every attempt of an order.
    async fn attempts(&self, id: &str) -> Vec<ReplacementView> {
        self.requested(id).await.replacements
    }

    pub async fn last_attempt(&self, id: &str) -> ReplacementView {
        self.attempts(id).await.pop().unwrap()
    }

    pub async fn act(&self, of: &ReplacementView, act: Act<'_>) -> Result<Receipt, Status> {
        let (order_id, replacement_id) = (of.order_id.clone(), of.pieces.clone().unwrap_or_default().replacement_id);
        let mut client = self.replacements();
        let answer = match act {
            Act::Reserve => {
                client.reserve_replacement(by(ReserveReplacementRequest { order_id, replacement_id })).await
            }
            Act::OutOfStock => {
                client.report_out_of_stock(by(ReportOutOfStockRequest { order_id, replacement_id })).await
            }
            Act::Offer(product_id, price) => {
                let product_id = product_id.to_owned();
                let offer = OfferReplacementRequest { order_id, replacement_id, product_id, price };
                client.offer_replacement(by(offer)).await
            }
            Act::Answer(agreed) => {
                let answer = AnswerReplacementOfferRequest { order_id, replacement_id, agreed };
                client.answer_replacement_offer(by(answer)).await
            }
            Act::Pick => client.pick_replacement(by(PickReplacementRequest { order_id, replacement_id })).await,
            Act::Ship => {
                let (carrier, tracking_number) = ("sf".to_owned(), "SF-1".to_owned());
                let ship = ShipReplacementRequest { order_id, replacement_id, carrier, tracking_number };
                client.ship_replacement(by(ship)).await
            }
            Act::Arrive(outcome) => {
                let outcome = outcome.to_owned();
                client.record_delivery(by(RecordDeliveryRequest { order_id, replacement_id, outcome })).await
            }
            Act::Pay(reference, amount) => {
                let reference = reference.to_owned();
                let paid = RecordDifferencePaidRequest {
                    order_id,
                    replacement_id,
                    reference,
                    amount,
                    taken_by_provider: false,
                    place: String::new(),
                };
                client.record_difference_paid(request(TILL, paid)).await
            }
            Act::TakeMoney => client.take_money_instead(by(TakeMoneyInsteadRequest { order_id, replacement_id })).await,
        };
        self.stack.settle().await;
        answer.map(Response::into_inner)
    }

    /// The last attempt leaves the warehouse, and this becomes of it.
    pub async fn send(&self, id: &str, outcome: &str) -> ReplacementView {
        let one = self.last_attempt(id).await;
        for act in [Act::Reserve, Act::Pick, Act::Ship, Act::Arrive(outcome)] {
            self.act(&one, act).await.unwrap();
        }
        one
    }

    /// An article that is back is to be exchanged for another one at this price, or for the same.
    pub async fn exchange(&self, purchase: Uuid, price: Option<i64>) -> String {
        let wanted_product_id = price.map(|_| "p-9".to_owned()).unwrap_or_default();
        let wanted_price = price.and_then(cny);
        let wanted = LineRequest { wanted_product_id, wanted_price, ..line(purchase, "0", 1, "no_reason") };
        let id = self.ask_back("exchange", wanted).await;
        self.bring(&id, 1, 0).await;
        id
    }

    /// Orders with a replacement in a status, so many a page.
    async fn listed(&self, status: &str, size: u32) -> Vec<Vec<String>> {
        let (mut pages, mut token) = (vec![], String::new());
        loop {
            let page = Some(Page { size, token });
            let list = ListReplacementsRequest { status: status.into(), page };
            let answer = self.replacements().list_replacements(list).await.unwrap().into_inner();
            assert!(answer.replacements.iter().all(|one| one.status == status));
            pages.push(answer.replacements.into_iter().map(|one| one.order_id).collect());
            token = answer.next_page_token;
            if token.is_empty() {
                return pages;
            }
        }
    }
}

#[tokio::test]
async fn r_ful_05_a_dearer_article_goes_out_when_the_difference_is_paid_and_nobody_gets_the_money_again() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(1, 1_000)]).await;
    let id = world.exchange(purchase, Some(1_500)).await;
    let one = world.last_attempt(&id).await;
    assert_eq!((one.status.as_str(), one.difference_due.clone(), one.price.clone()), ("wanted", cny(500), cny(1_500)));
    assert_eq!(code(&world.act(&one, Act::Reserve).await.unwrap_err()), "order.difference_due");
    let eur = Some(Money { minor: 500, currency: "EUR".into() });
    for (amount, refused) in [(cny(499), "order.other_difference"), (eur, "order.other_currency")] {
        assert_eq!(code(&world.act(&one, Act::Pay("t-1", amount)).await.unwrap_err()), refused);
    }
    world.act(&one, Act::Pay("t-1", cny(500))).await.unwrap();
    world.act(&one, Act::Pay("t-1", cny(500))).await.unwrap();
    assert_eq!(code(&world.act(&one, Act::Pay("t-2", cny(500))).await.unwrap_err()), "order.other_difference");
    assert_eq!(world.last_attempt(&id).await.differences_paid, [cny(500).unwrap()]);

    let refused = world.agree(purchase, refund_of(1)).await;
    assert_eq!(world.status(refused).await, "refused", "the money of the piece is held for what goes out");
    world.send(&id, "delivered").await;
    assert_eq!(world.stands(&id).await, stood("completed", 0));
    let held = &world.payouts(&id).await[0];
    assert_eq!((held.lines[0].replaced.clone(), held.amount.clone()), (cny(1_000), cny(0)));
    let again = world.ask("staff:ana", at_counter("return_refund", vec![line(purchase, "0", 1, "no_reason")])).await;
    assert_eq!(code(&again.unwrap_err()), "account.more_than_bought");
    let told: Vec<ReplacementMoved> = world.stack.events("fulfilment").await;
    let told: Vec<_> = told.iter().map(|one| (one.status.as_str(), one.carrier.as_str())).collect();
    assert_eq!(told, [("reserved", ""), ("picked", ""), ("shipped", "sf"), ("delivered", "")]);
    let promises = world.requested(&id).await.promises;
    assert!(promises.iter().any(|one| (one.promise.as_str(), one.status.as_str()) == ("reship_term", "met")));
}

#[tokio::test]
async fn r_ful_05_a_cheaper_article_refunds_the_difference_once_also_when_the_answer_was_lost() {
    let world = World::impatient().await;
    let purchase = world.sold(Some(1), &[(1, 1_000)]).await;
    world.mood(Mode::SilentAfterPaying).await;
    let id = world.exchange(purchase, Some(700)).await;
    world.send(&id, "delivered").await;
    assert_eq!(world.stands(&id).await, stood("in_progress", 300), "it left, and nobody has told us yet");
    world.calm().await;
    world.seconds(5).await;
    assert_eq!(world.stands(&id).await, stood("completed", 300));
    assert_eq!(world.paid().await.len(), 1);
}

#[tokio::test]
async fn what_the_provider_refuses_of_an_exchange_stays_held_and_is_paid_under_another_key() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(1, 1_000)]).await;
    world.mood(Mode::Refuse).await;
    let id = world.exchange(purchase, Some(700)).await;
    world.send(&id, "delivered").await;
    let failed = world.payouts(&id).await[0].clone();
    assert_eq!((failed.status.as_str(), world.stands(&id).await), ("failed", stood("in_progress", 0)));
    let refused = world.agree(purchase, refund_of(1)).await;
    assert_eq!(world.status(refused).await, "refused", "it is still held for the customer");
    world.calm().await;
    world.repeat(&id, &failed.claim_id).await.unwrap();
    world.stack.settle().await;
    assert_eq!(world.stands(&id).await, stood("completed", 300));
    let moved: Vec<HoldMoved> = world.stack.events("fulfilment").await;
    assert_eq!((moved.len(), &moved[0].from_claim_id, moved[0].amount.clone()), (1, &failed.claim_id, cny(300)));
}

#[tokio::test]
async fn r_ful_05_what_a_customer_paid_for_a_dearer_article_is_given_back_by_people_where_the_provider_will_not() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(1, 1_000)]).await;
    let id = world.exchange(purchase, Some(1_500)).await;
    let one = world.last_attempt(&id).await;
    world.act(&one, Act::Pay("t-1", cny(500))).await.unwrap();
    world.act(&one, Act::OutOfStock).await.unwrap();
    world.mood(Mode::Refuse).await;
    world.act(&one, Act::TakeMoney).await.unwrap();
    let of = |minor: i64| {
        let (world, id) = (&world, &id);
        async move { world.payouts(id).await.into_iter().rfind(|one| one.amount == cny(minor)).unwrap() }
    };
    assert_eq!(of(500).await.status, "failed");
    world.calm().await;
    world.repeat(&id, &of(1_000).await.claim_id).await.unwrap();
    world.repeat_by_hand(&id, &of(500).await.claim_id).await.unwrap();
    let waits = world.by_hand().await;
    let [his] = waits.as_slice() else { panic!("{waits:?}") };
    assert_eq!((his.amount.clone(), of(500).await.by_hand), (cny(500), true));
    world.record_paid(&his.refund_id, "till-9").await.unwrap();
    world.stack.settle().await;
    assert_eq!(world.stands(&id).await, stood("completed", 1_000));
}

#[tokio::test]
async fn r_ful_05_a_parcel_that_is_lost_is_sent_again_so_often_as_may_be_and_then_the_customer_chooses() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(1, 1_000)]).await;
    let id = world.ask_back("reship", line(purchase, "0", 1, "not_as_described.wrong_article")).await;
    world.bring(&id, 1, 0).await;
    let first = world.send(&id, "lost").await;
    world.act(&first, Act::Arrive("lost")).await.unwrap();
    assert_eq!(code(&world.act(&first, Act::Arrive("delivered")).await.unwrap_err()), "order.not_now");
    world.send(&id, "returned_undelivered").await;
    let attempts = world.attempts(&id).await;
    let seen: Vec<_> = attempts.iter().map(|one| (one.status.as_str(), one.pieces.as_ref().unwrap().attempt)).collect();
    assert_eq!(seen, [("lost", 1), ("returned_undelivered", 2), ("undecided", 3)]);
    let ids: std::collections::BTreeSet<_> =
        attempts.iter().map(|one| &one.pieces.as_ref().unwrap().replacement_id).collect();
    assert_eq!((ids.len(), attempts[2].first_replacement_id == attempts[0].first_replacement_id), (3, true));
    assert_eq!(world.listed("undecided", 50).await, [[id.clone()]]);
    world.act(&attempts[2], Act::TakeMoney).await.unwrap();
    world.act(&attempts[2], Act::TakeMoney).await.unwrap();
    assert_eq!(world.stands(&id).await, stood("completed", 1_000));
    assert_eq!(world.stack.events::<ReplacementWanted>("fulfilment").await.len(), 3);
}

#[tokio::test]
async fn r_ful_05_what_is_out_of_stock_is_offered_otherwise_and_settled_anew_or_paid_instead() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(1, 1_000)]).await;
    let id = world.exchange(purchase, Some(1_200)).await;
    let one = world.last_attempt(&id).await;
    world.act(&one, Act::Pay("t-1", cny(200))).await.unwrap();
    world.act(&one, Act::OutOfStock).await.unwrap();
    assert_eq!(code(&world.act(&one, Act::Offer("p-8", None)).await.unwrap_err()), "order.price_needed");
    world.act(&one, Act::Offer("p-8", cny(1_100))).await.unwrap();
    assert_eq!(world.listed("offered", 50).await, [[id.clone()]]);
    world.act(&one, Act::Answer(true)).await.unwrap();
    assert_eq!(world.stands(&id).await, stood("in_progress", 100), "of what he paid himself");
    world.act(&one, Act::OutOfStock).await.unwrap();
    world.act(&one, Act::Offer("p-7", cny(2_000))).await.unwrap();
    world.act(&one, Act::Answer(false)).await.unwrap();
    assert_eq!(world.last_attempt(&id).await.status, "declined");
    let (order_id, replacement_id) = (id.clone(), one.pieces.clone().unwrap().replacement_id);
    let alone = request(TILL, TakeMoneyInsteadRequest { order_id, replacement_id });
    assert_eq!(code(&world.replacements().take_money_instead(alone).await.unwrap_err()), "order.own_payment");
    world.act(&one, Act::TakeMoney).await.unwrap();
    assert_eq!(world.stands(&id).await, stood("completed", 1_200), "what he paid, at both times, and no more");
    let of: Vec<_> = world.payouts(&id).await.into_iter().map(|one| (one.status, one.amount.unwrap().minor)).collect();
    assert_eq!(of, [("paid".into(), 0), ("paid".into(), 100), ("paid".into(), 100), ("paid".into(), 1_000)]);
}

#[tokio::test]
async fn pieces_exchanged_for_the_same_article_may_be_asked_for_again_once_it_arrived() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(1, 1_000)]).await;
    let id = world.exchange(purchase, None).await;
    let back = || world.ask("staff:ana", at_counter("return_refund", vec![line(purchase, "0", 1, "no_reason")]));
    assert_eq!(code(&back().await.unwrap_err()), "account.more_than_bought", "it is on its way");
    world.send(&id, "delivered").await;
    assert_eq!(world.stands(&id).await, stood("completed", 0));
    assert_eq!(world.stack.events::<UnitsGivenBack>("fulfilment").await.len(), 1);
    let again = back().await.unwrap().id;
    world.bring(&again, 1, 0).await;
    assert_eq!(world.stands(&again).await, stood("completed", 1_000));
}

#[tokio::test]
async fn r_ful_05_who_waits_longest_is_sent_first_and_what_is_late_is_told() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(1, 1_000), (1, 1_000), (1, 1_000)]).await;
    let mut orders = vec![];
    for line_id in ["0", "1", "2"] {
        let id = world.ask_back("exchange", line(purchase, line_id, 1, "no_reason")).await;
        world.bring(&id, 1, 0).await;
        world.seconds(60).await;
        orders.push(id);
    }
    assert_eq!(world.listed("wanted", 2).await, [vec![orders[0].clone(), orders[1].clone()], vec![orders[2].clone()]]);
    world.act(&world.last_attempt(&orders[0]).await, Act::Reserve).await.unwrap();
    assert_eq!(world.listed("wanted", 50).await, [[orders[1].clone(), orders[2].clone()]]);
    assert_eq!(world.listed("reserved", 50).await, [[orders[0].clone()]]);
    for _ in 0..3 {
        world.seconds(25 * HOUR).await;
    }
    let moved: Vec<OrderPromiseMoved> = world.stack.events("fulfilment").await;
    let of = moved.into_iter().filter(|moved| moved.order_id == orders[0]).filter_map(|moved| moved.promise);
    let of: Vec<_> = of.filter(|one| one.promise == "reship_term").map(|one| one.status).collect();
    assert_eq!(of.last().map(String::as_str), Some("breached"), "{of:?}");
    world.send(&orders[0], "delivered").await;
    let promises = world.requested(&orders[0]).await.promises;
    assert!(promises.iter().any(|one| (one.promise.as_str(), one.status.as_str()) == ("reship_term", "met_late")));
}

#[tokio::test]
async fn wrong_words_about_replacements_are_told_whole() {
    let world = World::new().await;
    let nobody = ReplacementView::default();
    for (act, wrong) in [
        (Act::Reserve, &["order_id", "replacement_id"][..]),
        (
            Act::Offer("", Some(Money { minor: -1, currency: "CNY".into() })),
            &["order_id", "replacement_id", "product_id", "price.minor"],
        ),
        (
            Act::Offer("p-9", Some(Money { minor: 10_000_001, currency: "CNY".into() })),
            &["order_id", "replacement_id", "price.minor"],
        ),
        (
            Act::Offer("p-9", Some(Money { minor: 1, currency: "JPY".into() })),
            &["order_id", "replacement_id", "price.currency"],
        ),
        (Act::Arrive("gone"), &["order_id", "replacement_id", "outcome"]),
        (Act::Pay("", None), &["order_id", "replacement_id", "reference", "amount.currency"]),
    ] {
        assert_eq!(wrong_fields(&world.act(&nobody, act).await.unwrap_err()), wrong);
    }
    let list =
        ListReplacementsRequest { status: "delivered".into(), page: Some(Page { size: 201, token: "x".into() }) };
    let status = world.replacements().list_replacements(list).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["status", "page.size", "page.token"]);

    let purchase = world.sold(Some(1), &[(1, 1_000)]).await;
    let id = world.exchange(purchase, None).await;
    let one = world.last_attempt(&id).await;
    let pieces = one.pieces.clone().map(|pieces| contracts::fulfilment::v1::ReplacementPieces {
        replacement_id: Uuid::new_v4().to_string(),
        ..pieces
    });
    let unknown = world.act(&ReplacementView { pieces, ..one.clone() }, Act::Reserve).await.unwrap_err();
    assert_eq!(code(&unknown), "order.no_such_replacement");
    let other = ReplacementView { order_id: Uuid::new_v4().to_string(), ..one };
    assert_eq!(world.act(&other, Act::Reserve).await.unwrap_err().code(), Code::NotFound);
    let eur = Some(Money { minor: 1, currency: "EUR".into() });
    for (kind, wanted_price, refused) in [
        ("exchange", None, "order.price_needed"),
        ("exchange", eur, "order.other_currency"),
        ("reship", cny(1), "order.price_not_possible"),
    ] {
        let wanted =
            LineRequest { wanted_product_id: "p-9".into(), wanted_price, ..line(purchase, "0", 1, "no_reason") };
        let status = world.ask("staff:ana", at_counter(kind, vec![wanted])).await.unwrap_err();
        assert_eq!(code(&status), refused);
    }
}

#[tokio::test]
async fn the_database_refuses_an_order_that_replaces_and_pays_the_same_piece() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(1, 1_000)]).await;
    let id = world.exchange(purchase, None).await;
    let one = serde_json::json!({ "line_no": 1, "quantity": 1, "state": { "kind": "wanted" } }).to_string();
    let paid = r#"[{"state":{"kind":"paid"},"pieces":{"1":1}}]"#;
    let pool = world.stack.pool("fulfilment");
    for (path, value) in [
        ("{request,replacements,0,quantity}", "2"),
        ("{request,replacements,0,quantity}", "null"),
        ("{request,replacements,1}", one.as_str()),
        ("{request,payouts}", paid),
        ("{request,payouts}", r#"[{"pieces":{"1":null}}]"#),
    ] {
        let change = "update service_order set state = jsonb_set(state, $2::text[], $3::jsonb) where id = $1";
        let id: Uuid = id.parse().unwrap();
        let error = sqlx::query(change).bind(id).bind(path).bind(value).execute(&pool).await.unwrap_err();
        let constraint = error.as_database_error().and_then(|error| error.constraint());
        assert_eq!(constraint, Some("replaced_or_paid_once"), "{path} {value}: {error}");
    }
}

#[tokio::test]
async fn r_ful_05_a_parcel_of_which_nobody_tells_what_became_is_late_also_that_of_another_carrier() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(1, 1_000)]).await;
    let id = world.exchange(purchase, None).await;
    let one = world.last_attempt(&id).await;
    for act in [Act::Reserve, Act::Pick, Act::Ship] {
        world.act(&one, act).await.unwrap();
    }
    world.is_late_and_met(&id, "delivery_term", 240, world.act(&one, Act::Arrive("lost"))).await;
    world.send(&id, "delivered").await;
    assert_eq!(world.promises_of(&id, "delivery_term").await.1, ["met_late", "met"], "each parcel has its own");
    assert_eq!(world.stands(&id).await, stood("completed", 0));
}
