//! What orders cost, over real Postgres and the sandbox provider: posted with what happened, told by people, charged back.
use contracts::{
    common::v1::{Money, Page, Receipt},
    fulfilment::v1::{
        AcceptChargebackRequest, ApproveChargebackRequest, AttributeCostsRequest, ChargebackMoved, ChargebackOverdue,
        ChargebackProposed, ChargebackView, CostBalance, CostDimensions, CostPosted, CostsChargedBack, CostsFreed,
        DisputeChargebackRequest, GetChargebackRequest, GetCostsRequest, GetCostsResponse, ListChargebacksRequest,
        ListCostsRequest, ListCostsResponse, ProposeChargebackRequest, RecordCostRequest, ReverseCostRequest,
        SendChargebackRequest, SettleChargebackRequest, WithdrawChargebackRequest,
        chargebacks_client::ChargebacksClient, costs_client::CostsClient,
    },
};
use testkit::{request, wrong_fields};
use tonic::{Code, Response, Status, transport::Channel};
use uuid::Uuid;

use crate::{
    returns::{code, line},
    world::{World, cny, refund_of},
};

fn dimensions(cause: &str, supplier: &str) -> Option<CostDimensions> {
    Some(CostDimensions { cause: cause.into(), supplier: supplier.into(), ..Default::default() })
}

impl World {
    fn costs(&self) -> CostsClient<Channel> {
        CostsClient::new(self.stack.channel("fulfilment"))
    }

    fn chargebacks(&self) -> ChargebacksClient<Channel> {
        ChargebacksClient::new(self.stack.channel("fulfilment"))
    }

    async fn ledger_of(&self, order_id: &str) -> GetCostsResponse {
        let wanted = GetCostsRequest { order_id: order_id.into() };
        self.costs().get_costs(wanted).await.unwrap().into_inner()
    }

    /// By account.
    pub async fn balances(&self, order_id: &str) -> Vec<(String, i64)> {
        shown(self.ledger_of(order_id).await.balances)
    }

    async fn record(&self, order_id: &str, kind: &str, amount: Option<Money>) -> Result<Receipt, Status> {
        let (dimensions, reason) = (None, "carrier_invoice".into());
        let told = RecordCostRequest { order_id: order_id.into(), kind: kind.into(), amount, dimensions, reason };
        self.costs().record_cost(request("staff:ana", told)).await.map(Response::into_inner)
    }

    async fn reverse(&self, order_id: &str, entry_id: &str) -> Result<Receipt, Status> {
        let (order_id, entry_id) = (order_id.into(), entry_id.into());
        let told = ReverseCostRequest { order_id, entry_id, reason: "mistaken".into() };
        self.costs().reverse_cost(request("staff:bo", told)).await.map(Response::into_inner)
    }

    async fn attribute(&self, order_id: &str, cause: &str, supplier: &str) -> Result<Receipt, Status> {
        let (order_id, dimensions) = (order_id.into(), dimensions(cause, supplier));
        let told = AttributeCostsRequest { order_id, dimensions, reason: "investigated".into() };
        self.costs().attribute_costs(request("staff:qa", told)).await.map(Response::into_inner)
    }

    async fn list_costs(&self, of: ListCostsRequest) -> ListCostsResponse {
        self.costs().list_costs(of).await.unwrap().into_inner()
    }

    async fn propose(&self, order_id: &str, supplier: &str) -> Result<Receipt, Status> {
        let propose = ProposeChargebackRequest {
            order_id: order_id.into(),
            supplier: supplier.into(),
            batch: String::new(),
            currency: "CNY".into(),
            reason: "seal.leaks".into(),
        };
        self.chargebacks().propose_chargeback(request("staff:ana", propose)).await.map(Response::into_inner)
    }

    async fn approve(&self, by: &str, id: &str) -> Result<Receipt, Status> {
        let approve = ApproveChargebackRequest { chargeback_id: id.into() };
        self.chargebacks().approve_chargeback(request(by, approve)).await.map(Response::into_inner)
    }

    async fn send_to_supplier(&self, id: &str) -> Result<Receipt, Status> {
        let send = SendChargebackRequest { chargeback_id: id.into(), reference: "letter-7".into() };
        self.chargebacks().send_chargeback(request("staff:bo", send)).await.map(Response::into_inner)
    }

    async fn settle_with(&self, id: &str, paid: Option<Money>) -> Result<Receipt, Status> {
        let settle = SettleChargebackRequest { chargeback_id: id.into(), paid, reference: "bank-1".into() };
        self.chargebacks().settle_chargeback(request("staff:bo", settle)).await.map(Response::into_inner)
    }

    async fn withdraw(&self, id: &str) -> Result<Receipt, Status> {
        let withdraw = WithdrawChargebackRequest { chargeback_id: id.into(), reason: "mistaken".into() };
        self.chargebacks().withdraw_chargeback(request("staff:bo", withdraw)).await.map(Response::into_inner)
    }

    async fn chargeback(&self, id: &str) -> ChargebackView {
        let wanted = GetChargebackRequest { chargeback_id: id.into() };
        self.chargebacks().get_chargeback(wanted).await.unwrap().into_inner().chargeback.unwrap()
    }

    /// A faulty article that is paid on a photo, 49.50; its id.
    async fn paid_on_a_photo(&self) -> String {
        let purchase = self.sold(Some(9), &[(2, 9_900)]).await;
        let id = self.ask_back("refund_only", line(purchase, "0", 1, "quality.defect")).await;
        self.stack.settle().await;
        id
    }
}

fn shown(balances: Vec<CostBalance>) -> Vec<(String, i64)> {
    balances.into_iter().map(|one| (one.account, one.amount.unwrap().minor)).collect()
}

fn stand(balances: &[(&str, i64)]) -> Vec<(String, i64)> {
    balances.iter().map(|(account, minor)| ((*account).to_owned(), *minor)).collect()
}

/// The constraint that refused it.
fn constraint(error: &sqlx::Error) -> &str {
    error.as_database_error().and_then(|error| error.constraint()).unwrap_or_default()
}

#[tokio::test]
async fn r_ful_05_what_an_order_costs_is_posted_with_what_happened_and_its_cash_is_the_providers_to_the_cent() {
    let world = World::impatient().await;
    let purchase = world.sold(Some(1), &[(3, 1_000)]).await;
    let id = world.ask_back("return_refund", line(purchase, "0", 3, "no_reason")).await;
    assert_eq!(world.ledger_of(&id).await, GetCostsResponse { attributed: dimensions("", ""), ..Default::default() });
    world.mood(stories::payments::Mode::SilentAfterPaying).await;
    world.bring(&id, 2, 1).await;
    assert_eq!(world.balances(&id).await, stand(&[("goods", -667), ("stock", 667)]), "nobody knows yet that it left");
    world.calm().await;
    world.seconds(5).await;
    let stands = stand(&[("refund", 667), ("goods", -667), ("cash", -667), ("stock", 667)]);
    assert_eq!(world.balances(&id).await, stands);
    let agreed = world.agree(purchase, refund_of(100)).await.to_string();
    assert_eq!(world.balances(&agreed).await, stand(&[("refund", 100), ("cash", -100)]));
    assert_eq!(world.ledger().await.totals["CNY"], 767, "our books are the provider's");

    let told: Vec<CostPosted> = world.stack.events("fulfilment").await;
    let reasons: Vec<_> = told.iter().map(|one| (one.reason.as_str(), one.made.as_str())).collect();
    assert_eq!(reasons, [("goods_accepted", "event"), ("refund_paid", "event"), ("refund_paid", "event")]);
    let lies = told[0].postings[0].dimensions.clone().unwrap();
    assert_eq!((lies.cause.as_str(), lies.batch.as_str(), lies.supplier.as_str()), ("no_reason", "b-1", ""));
    let pool = world.stack.pool("fulfilment");
    let sums: Vec<(i64, i64)> =
        sqlx::query_as("-- test.sums\nselect count(*), sum(minor)::bigint from posting group by order_id order by 1")
            .fetch_all(&pool)
            .await
            .unwrap();
    assert_eq!(sums, [(2, 0), (4, 0)], "the table holds what the ledgers do");
}

#[tokio::test]
async fn the_database_refuses_what_does_not_add_up_and_changes_no_posting() {
    let world = World::new().await;
    let id = world.paid_on_a_photo().await;
    let pool = world.stack.pool("fulfilment");
    let add = |minor: i64, currency: &'static str, entry: Uuid, place: i64| {
        sqlx::query(
            "-- test.post
             insert into posting (id, entry_id, place, order_id, account, minor, currency, cause, department, supplier,
                                  batch, occurred_at)
             values ($1, $2, $3, $1, 'refund', $4, $5, '', '', '', '', now())",
        )
        .bind(Uuid::new_v4())
        .bind(entry)
        .bind(place)
        .bind(minor)
        .bind(currency)
    };
    let known: Uuid = world.ledger_of(&id).await.entries[0].entry_id.parse().unwrap();
    for (entry, postings, law) in [
        (Uuid::new_v4(), vec![(5, "CNY", 0)], "entry_adds_up"),
        (Uuid::new_v4(), vec![(5, "CNY", 0), (-4, "CNY", 1)], "entry_adds_up"),
        (Uuid::new_v4(), vec![(5, "CNY", 0), (-5, "EUR", 1)], "entry_adds_up"),
        (known, vec![(5, "CNY", 7)], "entry_adds_up"),
        (known, vec![(5, "CNY", 0)], "posted_once"),
        (Uuid::new_v4(), vec![(0, "CNY", 0)], "more_or_less_than_nothing"),
    ] {
        let mut tx = pool.begin().await.unwrap();
        let mut refused = String::new();
        for (minor, currency, place) in &postings {
            if let Err(error) = add(*minor, currency, entry, *place).execute(&mut *tx).await {
                constraint(&error).clone_into(&mut refused);
            }
        }
        if let Err(error) = tx.commit().await {
            constraint(&error).clone_into(&mut refused);
        }
        assert_eq!(refused, law, "{postings:?}");
    }
    let entry = Uuid::new_v4();
    let mut tx = pool.begin().await.unwrap();
    for (minor, place) in [(5, 0), (-5, 1)] {
        add(minor, "CNY", entry, place).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    for change in ["update posting set minor = minor * 2", "delete from posting", "truncate posting cascade"] {
        let error = sqlx::query(change).execute(&pool).await.unwrap_err();
        assert_eq!(constraint(&error), "posting_is_for_ever", "{change}: {error}");
    }
}

#[tokio::test]
async fn r_ful_08_costs_people_tell_are_recorded_once_reversed_once_and_lie_where_they_say() {
    let world = World::new().await;
    let id = world.paid_on_a_photo().await;
    let freight = world.record(&id, "freight", cny(1_200)).await.unwrap();
    let wrong = world.record(&id, "labour", cny(300)).await.unwrap();
    assert_eq!((wrong.status.as_str(), wrong.version), ("posted", 3));
    for _ in 0..2 {
        world.reverse(&id, &wrong.id).await.unwrap();
    }
    world.attribute(&id, "seal.leaks", "sup-1").await.unwrap();
    let keyed = || {
        let told = RecordCostRequest {
            order_id: id.clone(),
            kind: "parts".into(),
            amount: cny(40),
            dimensions: dimensions("", "sup-2"),
            reason: "spare".into(),
        };
        let mut told = request("staff:ana", told);
        told.metadata_mut().insert("idempotency-key", "k1".parse().unwrap());
        told
    };
    let first = world.costs().record_cost(keyed()).await.unwrap().into_inner();
    assert_eq!(world.costs().record_cost(keyed()).await.unwrap().into_inner(), first, "told twice is recorded once");
    let refund = world.ledger_of(&id).await.entries[0].entry_id.clone();
    assert_eq!(code(&world.reverse(&id, &refund).await.unwrap_err()), "ledger.not_recorded");
    assert_eq!(world.reverse(&id, &Uuid::new_v4().to_string()).await.unwrap_err().code(), Code::NotFound);
    let stands = [("refund", 4_950), ("freight", 1_200), ("parts", 40), ("cash", -4_950), ("payable", -1_240)];
    assert_eq!(world.balances(&id).await, stand(&stands));

    let of = |supplier: &str| ListCostsRequest { supplier: supplier.into(), ..Default::default() };
    let sup_1 = world.list_costs(of("sup-1")).await;
    assert_eq!(shown(sup_1.sums), stand(&[("freight", 1_200), ("refund", 4_950)]));
    assert!(sup_1.costs.iter().all(|one| one.order_id == id));
    assert_eq!(shown(world.list_costs(of("sup-3")).await.sums), []);
    let leaks = ListCostsRequest { cause: "seal.leaks".into(), ..Default::default() };
    assert_eq!(
        shown(world.list_costs(leaks).await.sums),
        stand(&[("freight", 1_200), ("parts", 40), ("refund", 4_950)])
    );
    let now = world.stack.now();
    let later = Some(backbone::proto::timestamp(now + jiff::SignedDuration::from_secs(1)));
    let none = ListCostsRequest { from: later, ..Default::default() };
    assert_eq!(world.list_costs(none).await, ListCostsResponse::default());
    let all = world.list_costs(ListCostsRequest { to: later, ..Default::default() }).await;
    let (mut seen, mut token) = (vec![], String::new());
    loop {
        let page = Some(Page { size: 3, token });
        let part = world.list_costs(ListCostsRequest { page, ..Default::default() }).await;
        assert_eq!(part.sums, all.sums, "of all, not of the part");
        seen.extend(part.costs);
        token = part.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, all.costs);
    let minor = |one: &contracts::fulfilment::v1::CostLine| one.posting.clone().unwrap().amount.unwrap().minor;
    assert_eq!(all.costs.iter().map(minor).sum::<i64>(), 4_950 + 1_200 + 40);
    assert_ne!(freight.id, first.id);
}

#[tokio::test]
async fn r_ful_05_a_supplier_bears_what_lies_with_him_once_another_person_approved_it() {
    let world = World::new().await;
    let id = world.paid_on_a_photo().await;
    assert_eq!(code(&world.propose(&id, "sup-1").await.unwrap_err()), "ledger.nothing_to_charge");
    world.record(&id, "freight", cny(1_200)).await.unwrap();
    world.attribute(&id, "seal.leaks", "sup-1").await.unwrap();
    let one = world.propose(&id, "sup-1").await.unwrap();
    assert_eq!(one.status, "proposed");
    assert_eq!(code(&world.propose(&id, "sup-1").await.unwrap_err()), "ledger.nothing_to_charge", "not twice");
    assert_eq!(code(&world.attribute(&id, "", "sup-2").await.unwrap_err()), "ledger.charged_back");
    let view = world.chargeback(&one.id).await;
    let document = view.document.clone().unwrap();
    assert_eq!((document.amount, document.supplier.as_str(), document.number.len()), (cny(6_150), "sup-1", 13));
    assert_eq!((view.proposed_by.as_str(), view.approved_by.as_str()), ("staff:ana", ""));

    assert_eq!(code(&world.send_to_supplier(&one.id).await.unwrap_err()), "chargeback.not_now");
    assert_eq!(code(&world.approve("staff:ANA", &one.id).await.unwrap_err()), "chargeback.own_proposal");
    assert_eq!(world.approve("staff:bo", &one.id).await.unwrap().status, "approved");
    for _ in 0..2 {
        assert_eq!(world.send_to_supplier(&one.id).await.unwrap().status, "sent");
    }
    let stands = |more: &[(&str, i64)]| {
        stand(&[&[("refund", 4_950), ("freight", 1_200), ("recovery", more[0].1)], &more[1..]].concat())
    };
    let owed = [("", -6_150), ("cash", -4_950), ("payable", -1_200), ("supplier_receivable", 6_150)];
    assert_eq!(world.balances(&id).await, stands(&owed));
    let dispute = DisputeChargebackRequest { chargeback_id: one.id.clone(), reason: "not_all_ours".into() };
    world.chargebacks().dispute_chargeback(request("staff:bo", dispute)).await.unwrap();
    let accept = AcceptChargebackRequest { chargeback_id: one.id.clone() };
    world.chargebacks().accept_chargeback(request("staff:bo", accept)).await.unwrap();
    assert_eq!(code(&world.settle_with(&one.id, cny(6_151)).await.unwrap_err()), "chargeback.other_amount");
    for _ in 0..2 {
        assert_eq!(world.settle_with(&one.id, cny(6_000)).await.unwrap().status, "settled");
    }
    assert_eq!(code(&world.withdraw(&one.id).await.unwrap_err()), "chargeback.not_now");
    let paid = [("", -6_000), ("cash", 1_050), ("payable", -1_200)];
    assert_eq!(world.balances(&id).await, stands(&paid), "150 stay with us");
    let view = world.chargeback(&one.id).await;
    assert_eq!((view.paid.clone(), view.payment_reference.as_str(), view.version), (cny(6_000), "bank-1", 6));
    let moved: Vec<ChargebackMoved> = world.stack.events("fulfilment").await;
    let words: Vec<_> = moved.iter().map(|one| one.status.as_str()).collect();
    assert_eq!(words, ["approved", "sent", "disputed", "accepted", "settled"]);
    assert_eq!(world.stack.events::<ChargebackProposed>("fulfilment").await.len(), 1);
    let list = |status: &str| ListChargebacksRequest { status: status.into(), ..Default::default() };
    let settled = world.chargebacks().list_chargebacks(list("settled")).await.unwrap().into_inner().chargebacks;
    assert_eq!(settled, [view]);
    assert!(world.chargebacks().list_chargebacks(list("sent")).await.unwrap().into_inner().chargebacks.is_empty());
}

#[tokio::test]
async fn what_is_withdrawn_is_charged_anew_and_the_database_lets_nothing_stand_on_two() {
    let world = World::new().await;
    let id = world.paid_on_a_photo().await;
    world.attribute(&id, "seal.leaks", "sup-1").await.unwrap();
    let first = world.propose(&id, "sup-1").await.unwrap().id;
    world.approve("staff:bo", &first).await.unwrap();
    world.send_to_supplier(&first).await.unwrap();
    for _ in 0..2 {
        assert_eq!(world.withdraw(&first).await.unwrap().status, "withdrawn");
    }
    assert_eq!(world.balances(&id).await, stand(&[("refund", 4_950), ("cash", -4_950)]), "nobody owes it any more");
    let second = world.propose(&id, "sup-1").await.unwrap().id;
    assert_eq!(world.ledger_of(&id).await.chargeback_ids, std::slice::from_ref(&second));
    assert_eq!(world.stack.events::<CostsChargedBack>("fulfilment").await.len(), 2);
    assert_eq!(world.stack.events::<CostsFreed>("fulfilment").await.len(), 1);

    let pool = world.stack.pool("fulfilment");
    let living = "-- test.living\nupdate chargeback_line set living = true where chargeback_id = $1";
    let error = sqlx::query(living).bind(first.parse::<Uuid>().unwrap()).execute(&pool).await.unwrap_err();
    assert_eq!(constraint(&error), "one_living_chargeback");
    let change = "-- test.change\nupdate chargeback set state = jsonb_set(state, '{document,amount,minor}', '1')";
    let error = sqlx::query(change).execute(&pool).await.unwrap_err();
    assert_eq!(constraint(&error), "document_is_for_ever");
}

#[tokio::test]
async fn wrong_requests_about_costs_are_told_what_is_wrong() {
    let world = World::new().await;
    let id = world.paid_on_a_photo().await;
    let long = "x".repeat(201);
    let told = RecordCostRequest {
        order_id: "x".into(),
        kind: "tips".into(),
        amount: Some(Money { minor: 0, currency: "CNY".into() }),
        dimensions: Some(CostDimensions {
            cause: "No!".into(),
            department: "No!".into(),
            supplier: long.clone(),
            batch: long.clone(),
        }),
        reason: String::new(),
    };
    let status = world.costs().record_cost(request("Ana", told)).await.unwrap_err();
    let all = ["cause", "department", "supplier", "batch"].map(|field| format!("dimensions.{field}"));
    let head = ["metadata.aftercare-actor", "order_id", "kind", "amount.minor"].map(str::to_owned);
    assert_eq!(wrong_fields(&status), [head.as_slice(), &all, &["reason".to_owned()]].concat());
    for (amount, field) in [
        (None, "amount"),
        (Some(Money { minor: -1, currency: "CNY".into() }), "amount.minor"),
        (Some(Money { minor: i64::MAX, currency: "CNY".into() }), "amount.minor"),
        (Some(Money { minor: 1, currency: "yuan".into() }), "amount.currency"),
    ] {
        assert_eq!(wrong_fields(&world.record(&id, "freight", amount).await.unwrap_err()), [field]);
    }
    let euro = Some(Money { minor: 1, currency: "EUR".into() });
    assert_eq!(code(&world.record(&id, "freight", euro).await.unwrap_err()), "ledger.other_currency");
    let nobodys = Uuid::new_v4().to_string();
    assert_eq!(world.record(&nobodys, "freight", cny(1)).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(world.attribute(&nobodys, "x", "").await.unwrap_err().code(), Code::NotFound);
    assert_eq!(world.propose(&nobodys, "sup-1").await.unwrap_err().code(), Code::NotFound);
    let missing = GetCostsRequest { order_id: nobodys.clone() };
    assert_eq!(world.costs().get_costs(missing).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(wrong_fields(&world.reverse("x", "y").await.unwrap_err()), ["order_id", "entry_id"]);
    assert_eq!(code(&world.attribute(&id, "", "").await.unwrap_err()), "ledger.nothing_named");
    let now = Some(backbone::proto::timestamp(world.stack.now()));
    let of = ListCostsRequest {
        cause: "No!".into(),
        department: "No!".into(),
        supplier: long.clone(),
        batch: long,
        from: now,
        to: now,
        page: Some(Page { size: 201, token: String::new() }),
    };
    let wrong = wrong_fields(&world.costs().list_costs(of).await.unwrap_err());
    assert_eq!(wrong, ["cause", "department", "supplier", "batch", "to", "page.size"]);

    let propose = ProposeChargebackRequest { order_id: "x".into(), currency: "yuan".into(), ..Default::default() };
    let status = world.chargebacks().propose_chargeback(request("staff:ana", propose)).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["order_id", "supplier", "currency", "reason"]);
    let settle = SettleChargebackRequest { chargeback_id: "x".into(), paid: None, reference: " ".into() };
    let status = world.chargebacks().settle_chargeback(request("staff:ana", settle)).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["chargeback_id", "paid", "reference"]);
    let list = ListChargebacksRequest { status: "paid".into(), order_id: "x".into(), ..Default::default() };
    let status = world.chargebacks().list_chargebacks(list).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["status", "order_id"]);
    assert_eq!(world.approve("staff:bo", &nobodys).await.unwrap_err().code(), Code::NotFound);
    let missing = GetChargebackRequest { chargeback_id: nobodys };
    assert_eq!(world.chargebacks().get_chargeback(missing).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn a_chargeback_that_nothing_becomes_of_is_told_to_people_once_of_each_status() {
    let world = World::new().await;
    let id = world.paid_on_a_photo().await;
    world.attribute(&id, "seal.leaks", "sup-1").await.unwrap();
    let one = world.propose(&id, "sup-1").await.unwrap();
    let told = async |hours: i64| {
        world.stack.advance(jiff::SignedDuration::from_hours(hours)).await;
        let told: Vec<ChargebackOverdue> = world.stack.events("fulfilment").await;
        assert!(told.iter().all(|told| told.chargeback_id == one.id && told.order_id == id && told.amount.is_some()));
        told.into_iter().map(|told| told.status).collect::<Vec<_>>()
    };
    assert!(told(719).await.is_empty());
    assert_eq!(told(1).await, ["proposed"]);
    assert_eq!(told(2_000).await, ["proposed"]);
    world.approve("staff:bo", &one.id).await.unwrap();
    world.send_to_supplier(&one.id).await.unwrap();
    assert_eq!(told(720).await, ["proposed", "sent"]);
    world.settle_with(&one.id, cny(4_950)).await.unwrap();
    assert_eq!(told(2_000).await, ["proposed", "sent"], "it is over");
}
