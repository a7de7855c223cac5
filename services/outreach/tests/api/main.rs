//! Outreach as its neighbours see it: events in, messages at real servers, facts out, over a real database and broker.
#![expect(clippy::unwrap_used, reason = "tests")]
mod answers;
mod replicas;
mod requests;
mod secure;
mod servers;

use backbone::Settings;
use contracts::{
    Event,
    complaint::v1::{OfferReminded, SolutionExecuted, SolutionOffered},
    fulfilment::v1::{
        DecisionReceipt, GoodsInspected, InspectionAnswered, InspectionCriterion, InspectionResult, LineDecision,
        OrderAuthorised, OrderCancelled, OrderConfirmed, OrderRepaired, OrderReviewed, RepairItem, RepairQuote,
        RepairQuoteAnswered, RepairQuoted, Wording,
    },
    intake::v1::GetStatusLinkResponse,
    outreach::v1::{outreach_client::OutreachClient, *},
    scheduling::v1::{FollowUpCompleted, FollowUpDue},
};
use jiff::{SignedDuration, ToSpan};
use servers::{Contacts, Gateway, Mail};
use testkit::Stack;
use tonic::{Status, transport::Channel};
use uuid::Uuid;

/// The service between its real servers.
struct World {
    stack: Stack,
    mail: Mail,
    gateway: Gateway,
    contacts: Contacts,
}

/// Settings of the service as JSON; a mail server's address replaces the running one's.
async fn world_with(adjust: impl Fn(&mut serde_json::Value) + Send + Sync) -> World {
    world_of((Mail::start(None).await, Gateway::start().await), |settings| adjust(&mut settings.service)).await
}

async fn world_of((mail, gateway): (Mail, Gateway), adjust: impl Fn(&mut Settings) + Send + Sync) -> World {
    let contacts = Contacts::start().await;
    let stack = Stack::start_with(&[&outreach::SERVICE], |_, settings| {
        settings.neighbours.insert("intake".into(), contacts.url.clone());
        settings.service["smtp_url"] = format!("smtp://{}", mail.address).into();
        settings.service["sms_url"] = gateway.url.clone().into();
        adjust(settings);
    })
    .await;
    contacts.are("li@example.cn", "+86 138 0000 0000");
    World { stack, mail, gateway, contacts }
}

async fn world() -> World {
    world_with(|_| {}).await
}

impl World {
    async fn offer(&self, complaint: Uuid, version: u64, offer_no: u32) {
        let event = SolutionOffered {
            complaint_id: complaint.to_string(),
            customer_id: Uuid::from_u128(5).to_string(),
            offer_no,
            ..SolutionOffered::default()
        };
        self.stack.publish("complaint", &event, complaint, version).await;
    }

    /// A message about a new complaint, and what the service then says of it.
    async fn offered(&self) -> MessageView {
        let complaint = Uuid::new_v4();
        self.offer(complaint, 1, 1).await;
        self.stack.settle().await;
        self.about(complaint).await.remove(0)
    }

    fn client(&self) -> OutreachClient<Channel> {
        OutreachClient::new(self.stack.channel("outreach"))
    }

    async fn about(&self, about: Uuid) -> Vec<MessageView> {
        let question = ListMessagesRequest { about_id: about.to_string(), ..ListMessagesRequest::default() };
        self.client().list_messages(question).await.unwrap().into_inner().messages
    }

    async fn again(&self, message: &MessageView) -> MessageView {
        let question = GetMessageRequest { message_id: message.message_id.clone() };
        self.client().get_message(question).await.unwrap().into_inner().message.unwrap()
    }

    async fn events<E: Event>(&self) -> Vec<E> {
        self.stack.events("outreach").await
    }

    async fn wait(&self, seconds: i64) {
        self.stack.advance(SignedDuration::from_secs(seconds)).await;
    }
}

fn is(message: &MessageView, status: &str, code: &str, attempts: u32) {
    assert_eq!((message.status.as_str(), message.code.as_str(), message.attempts), (status, code, attempts));
}

#[tokio::test]
async fn each_event_becomes_one_mail_however_often_it_comes() {
    let world = world().await;
    let (complaint, follow_up) = (Uuid::new_v4(), Uuid::new_v4());
    let customer_id = Uuid::from_u128(5).to_string();
    world.offer(complaint, 1, 1).await;
    world.offer(complaint, 2, 1).await;
    world.offer(complaint, 3, 2).await;
    let (complaint_id, result) = (complaint.to_string(), Uuid::new_v4());
    let executed = SolutionExecuted { complaint_id, customer_id: customer_id.clone(), message_id: result.to_string() };
    world.stack.publish("complaint", &executed, complaint, 4).await;
    world.stack.publish("complaint", &executed, complaint, 4).await;
    let again = OfferReminded {
        complaint_id: complaint.to_string(),
        customer_id: customer_id.clone(),
        message_id: Uuid::new_v4().to_string(),
        ..OfferReminded::default()
    };
    world.stack.publish("complaint", &again, complaint, 5).await;
    world.stack.publish("complaint", &again, complaint, 5).await;
    let due = FollowUpDue {
        follow_up_id: follow_up.to_string(),
        customer_id,
        window_end: Some(backbone::proto::timestamp(world.stack.now() + 1.hour())),
        ..FollowUpDue::default()
    };
    world.stack.publish("scheduling", &due, follow_up, 1).await;
    world.stack.settle().await;

    let letters = world.mail.letters();
    let about = |id: Uuid| letters.iter().filter(|(.., text)| text.contains(&id.to_string())).count();
    assert_eq!((letters.len(), about(complaint), about(follow_up)), (5, 4, 1));
    let sent: Vec<MessageSent> = world.events().await;
    assert_eq!(sent.len(), 5);
    for event in &sent {
        let name = format!("<{}@aftercare.example>", event.message_id);
        assert_eq!(letters.iter().filter(|(key, ..)| *key == name).count(), 1);
        assert_eq!(event.medium(), Medium::Email);
    }
    let purposes = |p: Purpose| sent.iter().filter(|event| event.purpose() == p).count();
    assert!(sent.iter().any(|event| event.purpose() == Purpose::Result && event.message_id == result.to_string()));
    assert_eq!((purposes(Purpose::Offer), purposes(Purpose::Result), purposes(Purpose::FollowUp)), (3, 1, 1));
    assert!(sent.iter().any(|event| event.purpose() == Purpose::Offer && event.message_id == again.message_id));

    let mut asked = world.contacts.asked.lock().unwrap().clone();
    asked.sort();
    let mut expected: Vec<_> = sent.iter().map(|e| format!("message:{}", e.message_id)).collect();
    expected.sort();
    assert_eq!(asked.iter().map(|(.., purpose)| purpose.clone()).collect::<Vec<_>>(), expected);
    assert!(
        asked
            .iter()
            .all(|(actor, customer, _)| actor == "service:outreach" && *customer == Uuid::from_u128(5).to_string())
    );
    assert_eq!(world.stack.parked("outreach").await, 0);
}

#[tokio::test]
async fn r_ful_13_who_had_something_repaired_is_told_each_time_it_is_ready_and_once() {
    let world = world().await;
    let order = Uuid::new_v4();
    for (version, time) in [(1, 1), (2, 1), (3, 2)] {
        let customer_id = Uuid::from_u128(5).to_string();
        let ready =
            OrderRepaired { order_id: order.to_string(), line_no: 1, customer_id, time, ..OrderRepaired::default() };
        world.stack.publish("fulfilment", &ready, order, version).await;
    }
    world.stack.settle().await;
    let told: Vec<_> = world.about(order).await.into_iter().map(|one| one.queued.unwrap().purpose()).collect();
    assert_eq!((told, world.mail.letters().len()), (vec![Purpose::Repaired; 2], 2));
}

/// What an inspection found: one piece as it should be, one not.
fn inspected(order: Uuid, customer_id: String, renewed: bool, answer_by: jiff::Timestamp) -> GoodsInspected {
    let result = |accepted, disposition: &str| InspectionResult {
        quantity: 1,
        accepted,
        grade: "b".into(),
        disposition: disposition.into(),
    };
    let words = [("en", "The seal is broken."), ("zh", "封条已破损。")];
    let words = words.map(|(language, words)| Wording { language: language.into(), words: words.into() });
    GoodsInspected {
        order_id: order.to_string(),
        line_no: 1,
        results: vec![result(true, "restock"), result(false, "back_to_customer")],
        criteria: vec![InspectionCriterion { code: "sealed".into(), passed: false }],
        renewed: renewed.then(|| DecisionReceipt { words: words.into(), ..DecisionReceipt::default() }),
        customer_id,
        answer_by: Some(backbone::proto::timestamp(answer_by)),
        ..GoodsInspected::default()
    }
}

#[tokio::test]
async fn r_ful_04_who_gets_less_than_he_was_told_is_asked_once_and_never_after_his_time() {
    let world = world().await;
    let customer = || Uuid::from_u128(5).to_string();
    let [asked, agreed, unnamed, late] = std::array::from_fn(|_| Uuid::new_v4());
    let by = world.stack.now() + 72.hours();
    for (order, event) in [
        (asked, inspected(asked, customer(), true, by)),
        (agreed, inspected(agreed, customer(), false, by)),
        (unnamed, inspected(unnamed, String::new(), true, by)),
        (late, inspected(late, customer(), true, world.stack.now() - 1.hour())),
    ] {
        for _ in 0..2 {
            world.stack.publish("fulfilment", &event, order, 1).await;
        }
    }
    world.stack.settle().await;
    let told = world.about(asked).await;
    assert_eq!((told.len(), told[0].status.as_str()), (1, "sent"));
    assert_eq!(told[0].queued.as_ref().unwrap().purpose(), Purpose::Inspected);
    let letters = world.mail.letters();
    assert_eq!(letters.len(), 1, "nobody else is asked");
    for part in [asked.to_string().as_str(), "sealed", "The seal is broken.", "1 will come back to you", "answer by"] {
        assert!(letters[0].2.contains(part), "{part}: {}", letters[0].2);
    }
    assert!(world.about(agreed).await.is_empty() && world.about(unnamed).await.is_empty());
    is(&world.about(late).await[0], "failed", "too_late", 0);
    assert_eq!(world.stack.parked("outreach").await, 0);
}

/// A version of a quote of an order, told as that event of it.
async fn quote(world: &World, order: Uuid, at: u64, version: u32, needs_consent: bool) {
    let money = |minor| Some(contracts::common::v1::Money { minor, currency: "CNY".into() });
    let item = RepairItem { kind: "part".into(), code: "screen".into(), quantity: 2, unit_price: money(16_000) };
    let valid_until = Some(backbone::proto::timestamp(world.stack.now() + 72.hours()));
    let (total, fee) = (money(32_000), money(32_000));
    let quote = RepairQuote { version, items: vec![item], total, fee, valid_until, ..RepairQuote::default() };
    let quoted = RepairQuoted {
        order_id: order.to_string(),
        line_no: 1,
        quote: Some(quote),
        needs_consent,
        customer_id: Uuid::from_u128(5).to_string(),
        ..RepairQuoted::default()
    };
    world.stack.publish("fulfilment", &quoted, order, at).await;
    world.stack.settle().await;
}

#[tokio::test]
async fn r_ful_11_a_quote_that_waits_for_consent_is_told_with_what_it_costs_each_version_once() {
    let world = world().await;
    let order = Uuid::new_v4();
    for (at, version, needs_consent) in [(1, 1, true), (2, 1, true), (3, 2, false), (4, 3, true)] {
        quote(&world, order, at, version, needs_consent).await;
    }
    let told: Vec<_> = world.about(order).await.into_iter().map(|one| one.queued.unwrap().purpose()).collect();
    assert_eq!(told, vec![Purpose::Quoted; 2]);
    let letters = world.mail.letters();
    assert_eq!(letters.len(), 2);
    for part in ["2 × screen", "320.00 CNY", "answer by"] {
        assert!(letters.iter().all(|(.., text)| text.contains(part)), "{part}: {}", letters[0].2);
    }
}

/// What is granted to somebody who was not there, until a week from now.
fn authorised(world: &World, order: Uuid) -> OrderAuthorised {
    let how = [("en", "Write the number on the parcel."), ("zh", "请写明编号。")];
    OrderAuthorised {
        order_id: order.to_string(),
        rma_number: "R-7KQ2-9XHB".into(),
        customer_id: Uuid::from_u128(5).to_string(),
        untold: true,
        send_to: "Returns, 1 Warehouse Road".into(),
        instructions: how.map(|(language, words)| Wording { language: language.into(), words: words.into() }).into(),
        goods_until: Some(backbone::proto::timestamp(world.stack.now() + 168.hours())),
        ..OrderAuthorised::default()
    }
}

#[tokio::test]
async fn r_ful_03_who_was_not_there_is_told_under_which_number_goods_come_back_once_and_nobody_else_is() {
    let world = world().await;
    let [absent, present, nothing, old, late] = std::array::from_fn(|_| Uuid::new_v4());
    let page = GetStatusLinkResponse { status_link: "/v1/status/canary".into(), ..Default::default() };
    *world.contacts.link.lock().unwrap() = Ok(page);
    let agreed = OrderAuthorised { complaint_id: Uuid::new_v4().to_string(), ..authorised(&world, absent) };
    for (order, event) in [
        (absent, agreed),
        (present, OrderAuthorised { untold: false, ..authorised(&world, present) }),
        (nothing, OrderAuthorised { rma_number: String::new(), ..authorised(&world, nothing) }),
        (old, OrderAuthorised { order_id: old.to_string(), rma_number: "R-1".into(), ..OrderAuthorised::default() }),
    ] {
        for _ in 0..2 {
            world.stack.publish("fulfilment", &event, order, 1).await;
        }
    }
    let past = Some(backbone::proto::timestamp(world.stack.now() - 1.hour()));
    let lapsed = OrderAuthorised { goods_until: past, ..authorised(&world, late) };
    world.stack.publish("fulfilment", &lapsed, late, 1).await;
    world.stack.settle().await;
    let told = world.about(absent).await;
    assert_eq!((told.len(), told[0].status.as_str()), (1, "sent"));
    assert_eq!(told[0].queued.as_ref().unwrap().purpose(), Purpose::ReturnAuthorised);
    let letters = world.mail.letters();
    assert_eq!(letters.len(), 1, "nobody else is written to");
    let how = ["R-7KQ2-9XHB", "Returns, 1 Warehouse Road", "Write the number on the parcel.", "with us by"];
    for part in how.into_iter().chain(["https://aftercare.example/v1/status/canary"]) {
        assert!(letters[0].2.contains(part), "{part}: {}", letters[0].2);
    }
    is(&world.about(late).await[0], "failed", "too_late", 0);
    assert_eq!(world.stack.parked("outreach").await, 0);
}

/// What people decided about what was asked for.
fn reviewed(world: &World, order: Uuid, status: &str) -> OrderReviewed {
    let words = |words: &str| vec![Wording { language: "en".into(), words: words.into() }];
    let receipt = DecisionReceipt {
        words: words("Nothing shows that it was bought here."),
        appeal: words("You do not agree? Tell us within 30 days."),
        ..DecisionReceipt::default()
    };
    let decision = |line_no| LineDecision { line_no, receipt: Some(receipt.clone()) };
    OrderReviewed {
        order_id: order.to_string(),
        approved: status == "eligible",
        reason: "seen".into(),
        status: status.into(),
        customer_id: Uuid::from_u128(5).to_string(),
        answer_by: Some(backbone::proto::timestamp(world.stack.now() + 336.hours())).filter(|_| status == "eligible"),
        goods_back: true,
        decisions: vec![decision(1), decision(2)],
        ..OrderReviewed::default()
    }
}

#[tokio::test]
async fn r_ful_02_who_waited_for_people_is_told_once_what_they_decided() {
    let world = world().await;
    let [waits, done, numbered, partly, refused, old] = std::array::from_fn(|_| Uuid::new_v4());
    let granted = |order| reviewed(&world, order, "eligible");
    for (order, event) in [
        (waits, granted(waits)),
        (done, OrderReviewed { confirmed: true, goods_back: false, answer_by: None, ..granted(done) }),
        (numbered, OrderReviewed { confirmed: true, answer_by: None, ..granted(numbered) }),
        (partly, OrderReviewed { approved: false, confirmed: true, answer_by: None, ..granted(partly) }),
        (refused, reviewed(&world, refused, "ineligible")),
        (old, OrderReviewed { customer_id: String::new(), ..granted(old) }),
    ] {
        for _ in 0..2 {
            world.stack.publish("fulfilment", &event, order, 1).await;
        }
    }
    world.stack.settle().await;
    let letters = world.mail.letters();
    let about = |id: Uuid| {
        let found: Vec<_> =
            letters.iter().map(|(.., text)| text).filter(|text| text.contains(&id.to_string())).collect();
        found.into_iter().cloned().collect::<Vec<_>>()
    };
    for (order, purpose, says, not) in [
        (waits, Purpose::ReviewGranted, &["say yes", "answer by"][..], "bought here"),
        (done, Purpose::ReviewGranted, &["need not do anything"], "say yes"),
        (partly, Purpose::ReviewGranted, &["need not", "could not be granted", "30 days"], "say yes"),
        (refused, Purpose::ReviewRefused, &["cannot grant it", "within 30 days"], "say yes"),
    ] {
        let told = world.about(order).await;
        assert_eq!((told.len(), told[0].status.as_str()), (1, "sent"), "{says:?}");
        assert_eq!(told[0].queued.as_ref().unwrap().purpose(), purpose);
        let [letter] = about(order).try_into().unwrap();
        assert!(says.iter().all(|part| letter.contains(part)) && !letter.contains(not), "{says:?}: {letter}");
        assert!(!letter.contains("bought here"), "why is told by a person: {letter}");
        assert!(letter.matches("30 days").count() < 2, "the same words once: {letter}");
    }
    assert!(world.about(numbered).await.is_empty(), "the number says it");
    assert!(world.about(old).await.is_empty());
    assert_eq!((letters.len(), world.stack.parked("outreach").await), (4, 0));
}

#[tokio::test]
async fn what_was_answered_or_is_asked_otherwise_by_now_is_not_sent_any_more() {
    let world = world().await;
    let [order, checked, follow_up] = std::array::from_fn(|_| Uuid::new_v4());
    let customer_id = || Uuid::from_u128(5).to_string();
    *world.mail.answer.lock().unwrap() = 451;
    quote(&world, order, 1, 1, true).await;
    quote(&world, order, 2, 2, true).await;
    for (version, inspection_no) in [(1, 1), (2, 2)] {
        let by = world.stack.now() + 72.hours();
        let found = GoodsInspected { inspection_no, ..inspected(checked, customer_id(), true, by) };
        world.stack.publish("fulfilment", &found, checked, version).await;
    }
    let due = FollowUpDue {
        follow_up_id: follow_up.to_string(),
        customer_id: customer_id(),
        window_end: Some(backbone::proto::timestamp(world.stack.now() + 72.hours())),
        ..FollowUpDue::default()
    };
    world.stack.publish("scheduling", &due, follow_up, 1).await;
    world.stack.settle().await;
    let statuses = |about: Uuid| {
        let world = &world;
        async move {
            let mut found: Vec<_> = world.about(about).await.into_iter().map(|one| one.status).collect();
            found.sort();
            found
        }
    };
    assert_eq!(statuses(order).await, ["queued", "withdrawn"], "the newer version is the one he is asked about");
    assert_eq!(
        (statuses(checked).await, statuses(follow_up).await),
        (vec!["queued".into(); 2], vec!["queued".to_owned()])
    );

    let answered = RepairQuoteAnswered { order_id: order.to_string(), line_no: 1, version: 2, agreed: true };
    world.stack.publish("fulfilment", &answered, order, 3).await;
    let heard =
        InspectionAnswered { order_id: checked.to_string(), line_no: 1, agreed: true, inspection_nos: vec![1, 2] };
    world.stack.publish("fulfilment", &heard, checked, 3).await;
    let completed = FollowUpCompleted { follow_up_id: follow_up.to_string(), ..FollowUpCompleted::default() };
    world.stack.publish("scheduling", &completed, follow_up, 2).await;
    world.stack.settle().await;
    *world.mail.answer.lock().unwrap() = 250;
    world.wait(7 * 24 * 3600).await;
    let withdrawn = |count| vec!["withdrawn".to_owned(); count];
    assert_eq!(statuses(order).await, withdrawn(2));
    assert_eq!((statuses(checked).await, statuses(follow_up).await), (withdrawn(2), withdrawn(1)));
    assert!(world.mail.letters().is_empty());
    assert_eq!(world.events::<MessageWithdrawn>().await.len(), 5);

    // So is what was granted, and a number under which nothing comes back any more.
    *world.mail.answer.lock().unwrap() = 451;
    let [said_yes, over] = std::array::from_fn(|_| Uuid::new_v4());
    world.stack.publish("fulfilment", &reviewed(&world, said_yes, "eligible"), said_yes, 1).await;
    world.stack.publish("fulfilment", &reviewed(&world, over, "eligible"), over, 1).await;
    world.stack.publish("fulfilment", &authorised(&world, over), over, 2).await;
    world.stack.settle().await;
    assert_eq!((statuses(said_yes).await.len(), statuses(over).await), (1, vec!["queued".to_owned(); 2]));
    let confirmed = OrderConfirmed { order_id: said_yes.to_string() };
    world.stack.publish("fulfilment", &confirmed, said_yes, 2).await;
    let cancelled = OrderCancelled { order_id: over.to_string(), reason: "not_wanted".into(), ..Default::default() };
    world.stack.publish("fulfilment", &cancelled, over, 3).await;
    world.stack.settle().await;
    *world.mail.answer.lock().unwrap() = 250;
    world.wait(7 * 24 * 3600).await;
    assert_eq!((statuses(said_yes).await, statuses(over).await), (withdrawn(1), withdrawn(2)));

    // What was sent stays sent, and an answer to what nobody was asked is nothing.
    let sent = Uuid::new_v4();
    quote(&world, sent, 1, 1, true).await;
    let answered = |version| RepairQuoteAnswered { order_id: sent.to_string(), line_no: 1, version, agreed: false };
    world.stack.publish("fulfilment", &answered(1), sent, 2).await;
    world.stack.publish("fulfilment", &answered(7), sent, 3).await;
    world.stack.settle().await;
    assert_eq!((statuses(sent).await, world.mail.letters().len()), (vec!["sent".to_owned()], 1));
    assert_eq!(world.stack.parked("outreach").await, 0);
}

#[tokio::test]
async fn without_a_mail_address_it_goes_by_sms_under_its_own_key() {
    let world = world().await;
    world.contacts.are("", "+86 138 0000 0000");
    let message = world.offered().await;
    is(&message, "sent", "", 1);
    assert_eq!(message.medium(), Medium::Sms);
    let taken = world.gateway.taken.lock().unwrap().clone();
    let about = message.queued.unwrap().about_id;
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].0.as_str(), taken[0].1.as_str()), (message.message_id.as_str(), "+86 138 0000 0000"));
    assert!(taken[0].2.contains(&about), "{}", taken[0].2);
}

#[tokio::test]
async fn nowhere_to_write_to_is_a_failure_with_a_name() {
    let world = world().await;
    world.contacts.are("", "");
    is(&world.offered().await, "failed", "no_contact", 1);
    world.contacts.are("nowhere", "nothing");
    is(&world.offered().await, "failed", "bad_contact", 1);
    *world.contacts.answer.lock().unwrap() = Err(Status::not_found("erased"));
    is(&world.offered().await, "failed", "no_contact", 1);
    let failed: Vec<MessageFailed> = world.events().await;
    assert_eq!(failed.iter().map(|e| e.code.as_str()).collect::<Vec<_>>(), ["no_contact", "bad_contact", "no_contact"]);
}

#[tokio::test]
async fn what_a_server_refuses_for_good_is_not_tried_again_and_names_nobody() {
    let world = world().await;
    *world.mail.answer.lock().unwrap() = 550;
    let by_mail = world.offered().await;
    is(&by_mail, "failed", "smtp_550", 1);
    world.contacts.are("", "+86 138 0000 0000");
    *world.gateway.answer.lock().unwrap() = 422;
    is(&world.offered().await, "failed", "sms_422", 1);

    *world.mail.answer.lock().unwrap() = 250;
    *world.gateway.answer.lock().unwrap() = 202;
    world.wait(7 * 24 * 3600).await;
    is(&world.again(&by_mail).await, "failed", "smtp_550", 1);
    assert!(world.mail.letters().is_empty() && world.gateway.taken.lock().unwrap().is_empty());
    for row in world.stack.journal("outreach").await {
        let text = String::from_utf8_lossy(&row.payload).into_owned();
        assert!(
            ["li@example.cn", "138 0000", "13800000"].iter().all(|personal| !text.contains(personal)),
            "{}: {text}",
            row.event_type
        );
    }
}

#[tokio::test]
async fn what_may_pass_is_tried_again_later_and_then_sent_once() {
    let world = world().await;
    *world.mail.answer.lock().unwrap() = 451;
    let message = world.offered().await;
    is(&message, "queued", "smtp_451", 1);
    world.wait(29).await;
    is(&world.again(&message).await, "queued", "smtp_451", 1);
    *world.mail.answer.lock().unwrap() = 530;
    world.wait(1).await;
    is(&world.again(&message).await, "queued", "smtp_530", 2);
    *world.contacts.answer.lock().unwrap() = Err(Status::unavailable("restarting"));
    world.wait(60).await;
    is(&world.again(&message).await, "queued", "contact_unavailable", 3);
    world.contacts.are("", "+86 138 0000 0000");
    *world.gateway.answer.lock().unwrap() = 503;
    world.wait(120).await;
    is(&world.again(&message).await, "queued", "sms_503", 4);
    *world.gateway.answer.lock().unwrap() = 202;
    world.wait(240).await;
    is(&world.again(&message).await, "sent", "sms_503", 5);
    assert_eq!(world.gateway.taken.lock().unwrap().len(), 1);
    let deferred: Vec<MessageDeferred> = world.events().await;
    assert_eq!(deferred.iter().map(|e| e.attempt).collect::<Vec<_>>(), [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_server_that_is_down_gets_the_message_when_it_is_up() {
    let down = servers::closed_port().await;
    let world = world_with(|settings| settings["smtp_url"] = format!("smtp://{down}").into()).await;
    let message = world.offered().await;
    is(&message, "queued", "smtp_unreachable", 1);
    let up = Mail::start(Some(down)).await;
    world.wait(30).await;
    is(&world.again(&message).await, "sent", "smtp_unreachable", 2);
    assert_eq!(up.letters().len(), 1);
}

#[tokio::test]
async fn a_server_that_cannot_encrypt_is_given_nothing() {
    let mail = Mail::start(None).await;
    let world =
        world_with(|settings| settings["smtp_url"] = format!("smtp://{}?tls=required", mail.address).into()).await;
    is(&world.offered().await, "queued", "smtp_unreachable", 1);
    assert!(mail.letters().is_empty());
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_on() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let world = world_with(|settings| {
        settings["smtp_url"] = format!("smtp://{address}").into();
        settings["timeout_seconds"] = 1.into();
    })
    .await;
    is(&world.offered().await, "queued", "smtp_timeout", 1);
}

#[tokio::test]
async fn a_lost_word_is_not_taken_for_a_yes_and_the_repeat_has_the_same_name() {
    let world = world().await;
    *world.mail.loses_its_word.lock().unwrap() = true;
    let message = world.offered().await;
    is(&message, "queued", "smtp_unreachable", 1);
    assert!(world.events::<MessageSent>().await.is_empty());
    *world.mail.loses_its_word.lock().unwrap() = false;
    world.wait(30).await;
    is(&world.again(&message).await, "sent", "smtp_unreachable", 2);
    let names: Vec<String> = world.mail.letters().into_iter().map(|(name, ..)| name).collect();
    let name = format!("<{}@aftercare.example>", message.message_id);
    assert_eq!(names, [name.clone(), name]);
}

#[tokio::test]
async fn a_slow_good_bye_changes_nothing() {
    let world = world().await;
    *world.mail.hangs_at_good_bye.lock().unwrap() = true;
    is(&world.offered().await, "sent", "", 1);
    *world.mail.answer.lock().unwrap() = 550;
    is(&world.offered().await, "failed", "smtp_550", 1);
}

#[tokio::test]
async fn attempts_end() {
    let world = world_with(|settings| settings["max_attempts"] = 2.into()).await;
    *world.mail.answer.lock().unwrap() = 451;
    let message = world.offered().await;
    world.wait(30).await;
    is(&world.again(&message).await, "failed", "smtp_451", 2);
}

#[tokio::test]
async fn nobody_is_invited_after_the_window() {
    let world = world().await;
    let follow_up = Uuid::new_v4();
    let due = FollowUpDue {
        follow_up_id: follow_up.to_string(),
        customer_id: Uuid::from_u128(5).to_string(),
        window_end: Some(backbone::proto::timestamp(world.stack.now() + 1.hour())),
        ..FollowUpDue::default()
    };
    world.stack.move_clock(SignedDuration::from_secs(3601));
    world.stack.publish("scheduling", &due, follow_up, 1).await;
    world.stack.settle().await;
    is(&world.about(follow_up).await[0], "failed", "too_late", 0);
    assert!(world.mail.letters().is_empty());
}
