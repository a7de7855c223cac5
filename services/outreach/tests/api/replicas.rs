//! Several senders over one queue: who has a claim has the message alone, and a claim does not outlive its sender.
use std::sync::Arc;

use backbone::{Change, Unit, node::Node};
use contracts::{
    complaint::v1::SolutionOffered,
    outreach::v1::{MessageClaimed, MessageSent},
};
use jiff::SignedDuration;
use outreach::domain::message::{Command, Facts, Message};
use testkit::Stack;
use uuid::Uuid;

use crate::servers::{Contacts, Mail};

async fn stack(mail: &Mail, contacts: &Contacts) -> Stack {
    contacts.are("li@example.cn", "");
    Stack::start_with(&[&outreach::SERVICE], |_, settings| {
        settings.neighbours.insert("intake".into(), contacts.url.clone());
        settings.service["smtp_url"] = format!("smtp://{}", mail.address).into();
    })
    .await
}

/// Another process of the same service, over the same database.
async fn replica(stack: &Stack) -> Arc<Node> {
    let context = stack.node("outreach").context();
    let settings = (*context.settings).clone();
    Arc::new(Node::build(&outreach::SERVICE, settings, context.clock.clone()).await.unwrap())
}

async fn drain(node: &Node) {
    while node.step().await.unwrap() > 0 {}
}

#[tokio::test]
async fn two_replicas_send_each_message_once() {
    let (mail, contacts) = (Mail::start(None).await, Contacts::start().await);
    let stack = stack(&mail, &contacts).await;
    let (one, two) = (stack.node("outreach"), replica(&stack).await);
    for _ in 0..60 {
        let complaint = Uuid::new_v4();
        let event = SolutionOffered {
            complaint_id: complaint.to_string(),
            customer_id: Uuid::from_u128(5).to_string(),
            offer_no: 1,
            ..SolutionOffered::default()
        };
        stack.publish("complaint", &event, complaint, 1).await;
    }
    tokio::join!(drain(one), drain(&two));
    stack.settle().await;

    let mut names: Vec<String> = mail.letters().into_iter().map(|(name, ..)| name).collect();
    names.sort();
    names.dedup();
    assert_eq!((names.len(), mail.letters().len()), (60, 60));
    assert_eq!(stack.events::<MessageClaimed>("outreach").await.len(), 60);
    assert_eq!(stack.events::<MessageSent>("outreach").await.len(), 60);
    assert_eq!(stack.parked("outreach").await, 0);
}

#[tokio::test]
async fn a_dead_senders_message_is_sent_when_its_claim_ends() {
    let (mail, contacts) = (Mail::start(None).await, Contacts::start().await);
    let stack = stack(&mail, &contacts).await;
    let context = stack.node("outreach").context();
    let settings: outreach::config::Settings = context.config().unwrap();
    let id = Uuid::new_v4();
    let until = stack.now().checked_add(settings.lease()).unwrap();
    let claim = Command::Claim { claim: Uuid::new_v4(), until, retry: settings.retry() };
    for command in [Command::Queue(Facts { message_id: id, ..Facts::default() }), claim] {
        context.road.submit(Unit::of(Change::to::<Message>(id, command))).await.unwrap();
    }

    stack.settle().await;
    assert!(mail.letters().is_empty());
    stack.advance(settings.lease() - SignedDuration::from_secs(1)).await;
    assert!(mail.letters().is_empty());
    stack.advance(SignedDuration::from_secs(1)).await;
    assert_eq!(mail.letters().len(), 1);
    assert_eq!(stack.events::<MessageSent>("outreach").await[0].message_id, id.to_string());
}
