//! Orders that are asked for: what the policy answers, who decides where it does not, and what can be asked for at all.
use backbone::node::Node;
use contracts::{
    fulfilment::v1::{
        GetDecisionRequest, LineRequest, ListServiceOrdersRequest, OrderDecided, OrderOrigin, OrderPromiseMoved,
        RequestServiceOrderRequest, UnitsGivenBack, UnitsTaken,
    },
    intake::v1::{CustomerLinked, CustomerUnlinked, PurchaseDelivered},
};
use kernel::returns::DEFAULT;
use testkit::{request, wrong_fields};
use tonic::Code;
use uuid::Uuid;

use crate::{
    returns::{at_counter, code, line},
    world::{World, cny},
};

#[tokio::test]
async fn r_ful_01_r_ful_03_a_return_is_granted_when_it_is_confirmed_and_the_customer_gets_a_number_and_the_way() {
    let world = World::new().await;
    let purchase = world.sold(Some(3), &[(2, 1_000)]).await;
    let asked = RequestServiceOrderRequest {
        confirmed: false,
        ..at_counter("return_refund", vec![line(purchase, "0", 1, "no_reason")])
    };
    let order = world.ask("staff:ana", asked).await.unwrap();
    assert_eq!(order.status, "eligible");
    let view = world.requested(&order.id).await;
    assert_eq!((view.form, view.confirmed_at), (None, None), "nothing is accepted before it is confirmed");

    assert_eq!(world.confirm(&order.id).await.unwrap().status, "authorised");
    assert_eq!(world.confirm(&order.id).await.unwrap().status, "authorised", "said twice is said once");
    let form = world.requested(&order.id).await.form.unwrap();
    assert!(form.rma_number.starts_with('R') && form.rma_number.len() == 13, "{}", form.rma_number);
    assert!(!form.send_to.is_empty());
    let languages: Vec<_> = form.instructions.iter().map(|one| one.language.as_str()).collect();
    assert_eq!((languages, form.freight.as_str()), (vec!["en", "zh"], "customer"));
    let lines: Vec<_> = form.lines.iter().map(|line| (line.product_id.as_str(), line.quantity)).collect();
    assert_eq!(lines, [("p-0", 1)], "the purchase says what the article is");

    let subjects: Vec<_> = world.stack.journal("fulfilment").await.into_iter().map(|row| row.subject).collect();
    let facts: Vec<_> = subjects.iter().map(|subject| subject.splitn(4, '.').last().unwrap()).collect();
    assert_eq!(
        facts,
        [
            "account.opened",
            "policy.installed",
            "order.requested",
            "order.decided",
            "account.units_taken",
            "order.confirmed",
            "order.authorised"
        ]
    );
}

#[tokio::test]
async fn r_ful_02_the_rule_that_decided_is_shown_in_the_customers_language() {
    let world = World::new().await;
    let purchase = world.sold(Some(8), &[(1, 9_900)]).await;
    let order = world.ask("staff:ana", at_counter("return_refund", vec![line(purchase, "0", 1, "no_reason")])).await;
    let order = order.unwrap();
    assert_eq!(order.status, "ineligible");
    let receipt = world.decision(&order.id, "en").await;
    assert_eq!((receipt.rule.as_str(), receipt.answer.as_str()), ("no_reason_too_late", "ineligible"));
    assert_eq!((receipt.policy_id.as_str(), receipt.policy_version), ("default", 2));
    let [words] = receipt.words.as_slice() else { panic!("{:?}", receipt.words) };
    assert_eq!(words.words, "The 7 days for a return without a reason are over.");
    assert!(receipt.appeal[0].words.contains("You do not agree?"));
    let facts = receipt.facts.unwrap();
    assert_eq!((facts.days_since_delivery, facts.days_since_purchase), (Some(8), Some(10)));
    assert_eq!((facts.category.as_deref(), facts.channel.as_deref()), (Some("skin_care"), Some("website")));
    assert_eq!(facts.amount, cny(9_900));
    assert_eq!(world.decision(&order.id, "fr").await.words.len(), 2, "in all there are, where a language is missing");
    let told: Vec<OrderDecided> = world.stack.events("fulfilment").await;
    assert_eq!(told[0].decisions[0].receipt.as_ref().unwrap().words.len(), 2);
    assert_eq!(world.stack.events::<UnitsTaken>("fulfilment").await.len(), 0, "what is refused takes no pieces");
    let nothing = GetDecisionRequest { order_id: Uuid::new_v4().to_string(), language: String::new() };
    assert_eq!(world.client().get_decision(nothing).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test]
async fn r_ful_09_whether_who_asks_is_the_buyer_stands_in_the_receipt_and_nobody_is_kept_waiting_for_it_by_default() {
    let world = World::new().await;
    let nobody = Uuid::nil();
    for (asks, buyer) in [(Uuid::from_u128(7), Some(true)), (Uuid::from_u128(8), Some(false)), (nobody, None)] {
        let purchase = world.sold(Some(1), &[(1, 900)]).await;
        let lines = vec![line(purchase, "0", 1, "no_reason")];
        let asked = RequestServiceOrderRequest { customer_id: asks.to_string(), ..at_counter("return_refund", lines) };
        let order = world.ask("staff:ana", asked).await.unwrap();
        assert_eq!(order.status, "authorised", "with the receipt in hand it is one call, whoever brings it");
        assert_eq!(world.decision(&order.id, "").await.facts.unwrap().buyer, buyer);
    }
    let elsewhere =
        LineRequest { proof: "elsewhere".into(), reason: "breakdown".into(), quantity: 1, ..Default::default() };
    let order = world.ask("staff:ana", at_counter("repair", vec![elsewhere])).await.unwrap();
    assert_eq!(world.decision(&order.id, "").await.facts.unwrap().buyer, None, "no purchase tells it");
}

#[tokio::test]
async fn who_asks_in_another_channel_is_the_buyer_as_long_as_intake_links_his_pseudonyms() {
    let world = World::new().await;
    let pseudonym = |n| Uuid::from_u128(n).to_string();
    let asked = |customer: u128| {
        let world = &world;
        async move {
            let purchase = world.sold(Some(1), &[(1, 900)]).await;
            let lines = vec![line(purchase, "0", 1, "no_reason")];
            let asked = RequestServiceOrderRequest {
                customer_id: Uuid::from_u128(customer).to_string(),
                ..at_counter("return_refund", lines)
            };
            let order = world.ask("staff:ana", asked).await.unwrap();
            world.decision(&order.id, "").await.facts.unwrap().buyer
        }
    };
    let (first, second) = (Uuid::from_u128(70), Uuid::from_u128(71));
    for (link, one, other) in [(first, 8, 7), (second, 9, 8)] {
        let linked = CustomerLinked {
            link_id: link.to_string(),
            customer_id: pseudonym(one),
            other_customer_id: pseudonym(other),
            ..CustomerLinked::default()
        };
        world.stack.publish("intake", &linked, link, 1).await;
        world.stack.publish("intake", &linked, link, 1).await;
    }
    world.stack.settle().await;
    assert_eq!((asked(8).await, asked(9).await, asked(10).await), (Some(true), Some(true), Some(false)));
    let unlinked = CustomerUnlinked { link_id: first.to_string(), ..CustomerUnlinked::default() };
    world.stack.publish("intake", &unlinked, first, 2).await;
    world.stack.settle().await;
    assert_eq!((asked(7).await, asked(8).await, asked(9).await), (Some(true), Some(false), Some(false)));
    assert_eq!(world.stack.parked("fulfilment").await, 0);
}

#[tokio::test]
async fn r_ful_02_a_chain_may_have_people_look_where_another_customer_than_the_buyer_asks() {
    let file = std::env::temp_dir().join(format!("returns-{}.toml", Uuid::new_v4()));
    let kinds = r#"["return_refund", "exchange", "reship", "repair", "refund_only", "compensation"]"#;
    let rule = format!(
        "[[rules]]\nid = \"not_the_buyer\"\nwhen = {{ proof = [\"receipt\"], buyer = false }}\n\
         then = {{ answer = \"review\", allowed = {kinds}, freight = \"customer\", goods = \"before\" }}\n\
         words.en = \"Somebody else bought it.\"\nwords.zh = \"购买人不同。\"\n\n[[rules]]"
    );
    let own = DEFAULT.replace("version = 2", "version = 5").replacen("[[rules]]", &rule, 1);
    std::fs::write(&file, own).unwrap();
    let path = file.to_str().unwrap().to_owned();
    let world = World::with(move |service| service["returns"]["policy"] = path.clone().into()).await;
    let purchase = world.sold(Some(1), &[(2, 1_800)]).await;
    let ask = |customer: u128| {
        let customer_id = Uuid::from_u128(customer).to_string();
        let lines = vec![line(purchase, "0", 1, "no_reason")];
        world.ask("staff:ana", RequestServiceOrderRequest { customer_id, ..at_counter("return_refund", lines) })
    };
    assert_eq!(ask(7).await.unwrap().status, "authorised");
    let other = ask(8).await.unwrap();
    let receipt = world.decision(&other.id, "en").await;
    assert_eq!((other.status.as_str(), receipt.rule.as_str()), ("in_review", "not_the_buyer"));
    assert_eq!(
        (receipt.reasons, receipt.words[0].words.as_str()),
        (vec!["proof".into(), "buyer".into()], "Somebody else bought it.")
    );
    assert_eq!(world.review("staff:bo", &other.id, true).await.unwrap().status, "authorised");
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn r_ful_07_opened_goods_with_real_discomfort_are_granted_and_a_doubt_is_for_people() {
    let world = World::new().await;
    let purchase = world.sold(Some(20), &[(2, 9_900)]).await;
    let tried = |discomfort| LineRequest {
        opened: Some(true),
        resaleable: Some(false),
        discomfort,
        evidence: vec!["doc:photo-1".into()],
        ..line(purchase, "0", 1, "discomfort.skin")
    };
    let sure = world.ask("staff:ana", at_counter("return_refund", vec![tried(Some(true))])).await.unwrap();
    assert_eq!(sure.status, "in_progress", "its money does not wait for the goods");
    let receipt = world.decision(&sure.id, "en").await;
    assert_eq!(
        (receipt.rule.as_str(), receipt.freight.as_str(), receipt.goods.as_str()),
        ("discomfort_opened", "company", "after")
    );
    let unsure = world.ask("staff:ana", at_counter("return_refund", vec![tried(None)])).await.unwrap();
    assert_eq!(unsure.status, "in_review");
    assert_eq!(code(&world.review("staff:ana", &unsure.id, true).await.unwrap_err()), "order.own_request");
    assert_eq!(world.review("staff:bo", &unsure.id, true).await.unwrap().status, "in_progress");
    let review = world.requested(&unsure.id).await.review.unwrap();
    assert_eq!((review.by.as_str(), review.approved, review.reason.as_str()), ("staff:bo", true, "seen"));
    assert_eq!(code(&world.review("staff:bo", &unsure.id, false).await.unwrap_err()), "order.not_now");
}

#[tokio::test]
async fn r_ful_16_an_order_comes_from_a_case_a_follow_up_a_major_issue_or_a_counter_and_of_a_complaint_as_it_was_agreed()
 {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(5, 5_000)]).await;
    for (kind, reference) in [
        ("case", Uuid::from_u128(1).to_string()),
        ("follow_up", Uuid::from_u128(3).to_string()),
        ("major_issue", Uuid::from_u128(4).to_string()),
        ("counter", "s-2".into()),
    ] {
        let origin = Some(OrderOrigin { kind: kind.into(), reference: reference.clone() });
        let asked = at_counter("exchange", vec![line(purchase, "0", 1, "quality.defect")]);
        let order =
            world.ask("staff:ana", RequestServiceOrderRequest { origin: origin.clone(), ..asked }).await.unwrap();
        assert_eq!(order.status, "authorised", "{kind}");
        let of = ListServiceOrdersRequest { origin_reference: reference, ..Default::default() };
        let found = world.client().list_service_orders(of).await.unwrap().into_inner().orders;
        let [found] = found.as_slice() else { panic!("{kind}: {found:?}") };
        let requested = found.request.as_ref().unwrap().requested.as_ref().unwrap();
        assert_eq!((&found.order_id, &requested.origin), (&order.id, &origin));
    }
    let complaint = OrderOrigin { kind: "complaint".into(), reference: Uuid::from_u128(2).to_string() };
    let asked = at_counter("exchange", vec![line(purchase, "0", 1, "quality.defect")]);
    let asked = RequestServiceOrderRequest { origin: Some(complaint), ..asked };
    let refused = world.ask("staff:ana", asked).await.unwrap_err();
    assert_eq!(code(&refused), "order.of_complaint", "no approved remedy is known for it");
    assert!(refused.message().contains("CompleteAgreedOrder"), "{refused:?}");
    assert_eq!(world.stack.events::<UnitsTaken>("fulfilment").await.len(), 4, "nothing moved");
}

#[tokio::test]
async fn no_piece_is_asked_for_twice_and_what_is_refused_or_not_wanted_is_free_again() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(3, 999), (1, 500)]).await;
    let of = |quantity| at_counter("return_refund", vec![line(purchase, "0", quantity, "no_reason")]);
    let two = world.ask("staff:ana", of(2)).await.unwrap();
    assert_eq!(code(&world.ask("staff:bo", of(2)).await.unwrap_err()), "account.more_than_bought");
    let status = world.ask("staff:bo", of(4)).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["lines[0]"], "more than were ever bought");
    assert_eq!(world.cancel(&two.id).await.unwrap().status, "cancelled");
    assert_eq!(world.cancel(&two.id).await.unwrap().status, "cancelled");
    assert_eq!(world.requested(&two.id).await.cancelled_because, "not_wanted");
    let three = world.ask("staff:bo", of(3)).await.unwrap();
    assert_eq!(world.decision(&three.id, "en").await.facts.unwrap().amount, cny(999));
    assert_eq!(world.stack.events::<UnitsGivenBack>("fulfilment").await.len(), 1);

    let unsure = at_counter("return_refund", vec![line(purchase, "1", 1, "discomfort")]);
    let unsure = world.ask("staff:ana", unsure).await.unwrap();
    assert_eq!(world.review("staff:bo", &unsure.id, false).await.unwrap().status, "ineligible");
    let again = at_counter("return_refund", vec![line(purchase, "1", 1, "no_reason")]);
    assert_eq!(world.ask("staff:ana", again).await.unwrap().status, "authorised");
}

#[tokio::test]
async fn lines_of_several_purchases_and_of_none_stand_in_one_order() {
    let world = World::new().await;
    let (one, other) = (world.sold(Some(1), &[(1, 500)]).await, world.sold(Some(2), &[(1, 700)]).await);
    let elsewhere = LineRequest {
        proof: "elsewhere".into(),
        product_id: "p-9".into(),
        paid: cny(300),
        ..LineRequest { purchase_id: String::new(), ..line(one, "", 1, "quality") }
    };
    let lines = vec![line(one, "0", 1, "no_reason"), line(other, "0", 1, "no_reason"), elsewhere];
    let order = world.ask("staff:ana", at_counter("return_refund", lines)).await.unwrap();
    assert_eq!(order.status, "authorised");
    let view = world.requested(&order.id).await;
    assert_eq!(view.verdicts, ["eligible", "eligible", "ineligible"]);
    assert_eq!(view.form.unwrap().lines.len(), 2, "what was not granted does not come back");
    assert_eq!(world.stack.events::<UnitsTaken>("fulfilment").await.len(), 2);
}

#[tokio::test]
async fn the_days_run_from_the_delivery_and_nobody_states_another_one() {
    let world = World::new().await;
    let purchase = world.sold(None, &[(3, 900)]).await;
    let asked = || at_counter("return_refund", vec![line(purchase, "0", 1, "no_reason")]);
    let unknown = world.ask("staff:ana", asked()).await.unwrap();
    assert_eq!(unknown.status, "in_review", "when it was delivered is not known");
    let at = world.stack.now();
    let delivered = PurchaseDelivered {
        purchase_id: purchase.to_string(),
        customer_id: Uuid::from_u128(7).to_string(),
        delivered_at: Some(backbone::proto::timestamp(at)),
    };
    world.stack.publish("intake", &delivered, purchase, 2).await;
    world.stack.settle().await;
    assert_eq!(world.ask("staff:ana", asked()).await.unwrap().status, "authorised");
    world.seconds(8 * 24 * 3600).await;
    let now = Some(backbone::proto::timestamp(world.stack.now()));
    let mut late = asked();
    late.lines[0].delivered_at = now;
    assert_eq!(world.ask("staff:ana", late).await.unwrap().status, "ineligible");
}

#[tokio::test]
async fn a_repeated_request_is_one_order_and_two_at_once_never_take_a_piece_twice() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(1, 900)]).await;
    let keyed = |key: &str| {
        let mut asked = request("staff:ana", at_counter("return_refund", vec![line(purchase, "0", 1, "no_reason")]));
        asked.metadata_mut().insert("idempotency-key", key.parse().unwrap());
        asked
    };
    let (mut a, mut b, mut c) = (world.client(), world.client(), world.client());
    let (one, two, other) = tokio::join!(
        a.request_service_order(keyed("k1")),
        b.request_service_order(keyed("k1")),
        c.request_service_order(keyed("k2")),
    );
    let granted: Vec<_> = [one, two, other].into_iter().filter_map(Result::ok).map(|yes| yes.into_inner().id).collect();
    assert!(!granted.is_empty() && granted.iter().all(|id| *id == granted[0]), "{granted:?}");
    assert_eq!(world.stack.events::<UnitsTaken>("fulfilment").await.len(), 1);
}

#[tokio::test]
async fn wrong_requests_are_told_everything_that_is_wrong() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(1, 900)]).await;
    let lines = vec![
        LineRequest { quantity: 0, purchase_id: "x".into(), proof: "ticket".into(), ..Default::default() },
        LineRequest { quantity: 1, purchase_id: purchase.to_string(), ..Default::default() },
        LineRequest {
            quantity: 1,
            paid: cny(-1),
            evidence: vec!["a photo of Ana".into()],
            serial: "on the back".into(),
            ..Default::default()
        },
    ];
    let origin = Some(OrderOrigin { kind: "case".into(), reference: "s-1".into() });
    let asked = RequestServiceOrderRequest {
        customer_id: "x".into(),
        origin,
        segment: "king".into(),
        ..at_counter("gift", lines)
    };
    let status = world.client().request_service_order(request("Ana", asked)).await.unwrap_err();
    assert_eq!(
        wrong_fields(&status),
        [
            "metadata.aftercare-actor",
            "customer_id",
            "origin.reference",
            "kind",
            "segment",
            "lines[0].purchase_id",
            "lines[0].proof",
            "lines[0].quantity",
            "lines[1].line_id",
            "lines[2].proof",
            "lines[2].serial",
            "lines[2].evidence[0]",
            "lines[2].paid.minor",
        ]
    );
    let evidence: Vec<String> = (0..20).map(|n| format!("doc:{n}")).collect();
    let shown = LineRequest { evidence, ..line(purchase, "0", 1, "quality") };
    let status = world.ask("staff:ana", at_counter("return_refund", vec![shown; 11])).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["lines"], "the event stays small");
    let tomorrow = Some(backbone::proto::timestamp(world.stack.now() + jiff::SignedDuration::from_hours(24)));
    let ahead = LineRequest { delivered_at: tomorrow, ..line(purchase, "0", 1, "no_reason") };
    let status = world.ask("staff:ana", at_counter("return_refund", vec![ahead])).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["lines[0].delivered_at"]);
    let foreign = line(Uuid::new_v4(), "0", 1, "no_reason");
    let lines = vec![line(purchase, "0", 1, "moon"), line(purchase, "9", 1, "no_reason"), foreign];
    let status = world.ask("staff:ana", at_counter("return_refund", lines)).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["lines[0].reason", "lines[1]", "lines[2]"]);
    let twice = vec![line(purchase, "0", 1, "no_reason"), line(purchase, "0", 1, "quality")];
    assert_eq!(code(&world.ask("staff:ana", at_counter("exchange", twice)).await.unwrap_err()), "order.line_twice");
    let status = world.ask("staff:ana", at_counter("exchange", vec![])).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["lines"]);

    let id = Uuid::new_v4().to_string();
    assert_eq!(world.confirm(&id).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(world.review("staff:bo", &id, true).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(world.cancel(&id).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(wrong_fields(&world.review("staff:bo", "x", true).await.unwrap_err()), ["order_id"]);
}

/// As many lines of as many purchases as may be, which are decided, taken, claimed and granted in one transaction.
#[tokio::test]
async fn the_most_lines_there_may_be_are_granted_at_once() {
    let world = World::new().await;
    let mut lines = Vec::new();
    for _ in 0..60 {
        let purchase = world.sold(Some(1), &[(1, 900)]).await;
        lines.push(LineRequest { discomfort: Some(true), ..line(purchase, "0", 1, "discomfort") });
    }
    let more = [lines.clone(), lines[..1].to_vec()].concat();
    let status = world.ask("staff:ana", at_counter("refund_only", more)).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["lines"]);
    let order = world.ask("staff:ana", at_counter("refund_only", lines)).await.unwrap();
    world.stack.settle().await;
    assert_eq!((world.status(order.id.parse().unwrap()).await.as_str(), world.paid().await.len()), ("completed", 60));
}

#[tokio::test]
async fn warranties_that_were_changed_behind_their_version_stop_the_start() {
    let file = std::env::temp_dir().join(format!("warranties-{}.toml", Uuid::new_v4()));
    std::fs::write(&file, fulfilment::domain::warranty::DEFAULT).unwrap();
    let path = file.to_str().unwrap().to_owned();
    let world = World::with(move |service| service["repairs"]["warranties"] = path.clone().into()).await;
    let changed = fulfilment::domain::warranty::DEFAULT.replacen("months = ", "months = 1", 1);
    std::fs::write(&file, changed).unwrap();
    let context = world.stack.node("fulfilment").context();
    let again = Node::build(&fulfilment::SERVICE, (*context.settings).clone(), context.clock.clone()).await;
    std::fs::remove_file(file).unwrap();
    let refused = again.map(drop).map_err(|error| format!("{error:#}")).unwrap_err();
    assert!(refused.contains("warranties") && refused.contains("holds something else"), "{refused}");
}

#[tokio::test]
async fn a_chain_decides_by_its_own_policy_and_one_that_is_wrong_is_refused_at_the_start() {
    let file = std::env::temp_dir().join(format!("returns-{}.toml", Uuid::new_v4()));
    std::fs::write(&file, DEFAULT.replace("version = 2", "version = 5")).unwrap();
    let path = file.to_str().unwrap().to_owned();
    let world = World::with(move |service| service["returns"]["policy"] = path.clone().into()).await;
    let purchase = world.sold(Some(1), &[(1, 900)]).await;
    let order = world.ask("staff:ana", at_counter("return_refund", vec![line(purchase, "0", 1, "no_reason")])).await;
    assert_eq!(world.decision(&order.unwrap().id, "").await.policy_version, 5);
    std::fs::write(&file, DEFAULT.replace("version = 2", "version = 0")).unwrap();
    let mut settings = world.stack.node("fulfilment").context().config::<fulfilment::config::Config>().unwrap();
    let problem = settings.returns.policy().unwrap_err().to_string();
    assert!(problem.contains("the version must be 1 or more"), "{problem}");
    let nothing = serde_json::json!({
        "send_to": " ", "instructions": {}, "goods_within": "0s", "inspect_within": "0s", "refund_within": "0s",
        "refund_warnings": ["50%"], "replace_within": "0s", "replace_warnings": ["50%"], "replace_attempts": 0,
        "price_max": { "CNY": 0 }, "answer_within": "0s", "people": { "warnings": ["80%"] },
    });
    settings.returns = serde_json::from_value(nothing).unwrap();
    let problem = settings.check().unwrap_err().to_string();
    let wrong = ["send_to", "instructions", "goods_within", "inspect_within", "refund_within", "refund_warnings"];
    for field in wrong.into_iter().chain([
        "replace_within",
        "replace_warnings",
        "replace_attempts",
        "price_max",
        "answer_within",
        "people.review_within",
        "people.review_health_within",
        "people.rule_within",
        "people.deliver_within",
        "people.give_within",
        "people.warnings",
    ]) {
        assert!(problem.contains(&format!("returns.{field}")), "{problem}");
    }
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn r_ful_07_what_is_left_to_people_is_promised_a_decision_where_discomfort_is_told_the_same_day() {
    let world = World::new().await;
    let purchase = world.sold(Some(1), &[(1, 900), (1, 900), (1, 900)]).await;
    let ask = async |line_id: &str, reason: &str| {
        let asked = at_counter("return_refund", vec![line(purchase, line_id, 1, reason)]);
        world.ask("staff:ana", asked).await.unwrap()
    };
    let order = ask("0", "discomfort.skin").await;
    assert_eq!(order.status, "in_review");
    world.is_late_and_met(&order.id, "review_term", 4, world.review("staff:bo", &order.id, true)).await;

    let cancelled = ask("1", "discomfort.skin").await.id;
    world.cancel(&cancelled).await.unwrap();
    assert_eq!(world.promises_of(&cancelled, "review_term").await.1, ["cancelled"]);

    let ordinary = ask("2", "no_reason").await.id;
    world.bring(&ordinary, 1, 0).await;
    let told: Vec<OrderPromiseMoved> = world.stack.events("fulfilment").await;
    let told: Vec<_> = told.into_iter().filter(|one| one.order_id == ordinary).filter_map(|one| one.promise).collect();
    let told: Vec<_> = told.iter().map(|one| (one.promise.as_str(), one.status.as_str())).collect();
    let kept = ["inspection_term", "refund_term"].map(|kind| [(kind, "running"), (kind, "met")]).concat();
    assert_eq!(told, kept, "a return at the counter waits for nobody else");
}
