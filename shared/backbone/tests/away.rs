//! What a service does while the broker or Postgres is away: requests do not need the broker, nothing is lost, and who
//! asks is told how it is, soon.
#![expect(clippy::unwrap_used, reason = "tests")]
mod support;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use backbone::{Change, Unit, node::Node};
use contracts::operations::v1::{
    ConsumerStatus, GetStatusRequest, GetStatusResponse, operations_client::OperationsClient,
};
use futures::future::join_all;
use support::{Counter, INTAKE, SCHEDULING, Tell, heard};
use testkit::{Broker, Stack};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
use uuid::Uuid;

async fn add(stack: &Stack, id: Uuid) {
    let unit = Unit::of(Change::to::<Counter>(id, Tell::Add { id, n: 1 }));
    stack.node("intake").context().road.submit(unit).await.unwrap();
}

async fn status(stack: &Stack, service: &str) -> GetStatusResponse {
    let asked = Instant::now();
    let answer = OperationsClient::new(stack.channel(service)).get_status(GetStatusRequest {}).await.unwrap();
    assert!(asked.elapsed() < Duration::from_secs(2), "it took {:?}", asked.elapsed());
    answer.into_inner()
}

fn of_intake(status: &GetStatusResponse) -> &ConsumerStatus {
    status.consumers.iter().find(|consumer| consumer.stream == "INTAKE").unwrap()
}

/// Until the services have found their broker.
async fn found(nodes: &[&Arc<Node>]) {
    let each = nodes.iter().map(async |node| while node.step().await.is_err() {});
    tokio::time::timeout(Duration::from_secs(60), join_all(each)).await.unwrap();
}

/// Until the second service has heard of every counter so often. (A broker that was killed may also give again, half a
/// minute later, what was acknowledged; that is not waited for.)
async fn arrived(stack: &Stack, ids: &[Uuid], times: i64) {
    let arrive = async {
        while join_all(ids.iter().map(|id| heard(stack, *id))).await.iter().any(|heard| heard.len() < times as usize) {
            stack.node("intake").step().await.unwrap();
            stack.node("scheduling").step().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(60), arrive).await.unwrap();
    for id in ids {
        assert_eq!(heard(stack, *id).await, (1..=times).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn requests_are_accepted_while_the_broker_is_away_and_their_events_arrive_when_it_is_back() {
    let mut broker = Broker::absent();
    broker.start();
    let stack = Stack::start_with(&[&INTAKE, &SCHEDULING], |_, settings| settings.nats.url = broker.url()).await;
    let ids: Vec<Uuid> = (0..10).map(|_| Uuid::now_v7()).collect();
    join_all(ids.iter().map(|id| add(&stack, *id))).await;
    stack.settle().await;
    assert!(!of_intake(&status(&stack, "scheduling").await).unknown);

    for times in [6, 11] {
        broker.kill();
        join_all((0..50).map(|i| add(&stack, *ids.get(i % 10).unwrap()))).await;
        assert!(stack.node("intake").step().await.is_err(), "nobody takes the events");
        assert_eq!(status(&stack, "intake").await.relay_backlog, 50);
        assert!(of_intake(&status(&stack, "scheduling").await).unknown);
        broker.start();
        found(&[stack.node("intake"), stack.node("scheduling")]).await;
        arrived(&stack, &ids, times).await;
    }
    assert_eq!(status(&stack, "intake").await.relay_backlog, 0);
}

#[tokio::test]
async fn a_broker_that_lost_its_disk_is_made_and_filled_again_by_the_services() {
    let mut broker = Broker::absent();
    broker.start();
    let stack = Stack::start_with(&[&INTAKE, &SCHEDULING], |_, settings| settings.nats.url = broker.url()).await;
    let ids: Vec<Uuid> = (0..10).map(|_| Uuid::now_v7()).collect();
    for _ in 0..3 {
        join_all(ids.iter().map(|id| add(&stack, *id))).await;
    }
    stack.settle().await;
    broker.kill();
    broker.wipe();
    join_all(ids.iter().map(|id| add(&stack, *id))).await;
    broker.start();
    // Streams and consumers are gone, of the events only those not sent yet would come by themselves.
    found(&[stack.node("intake"), stack.node("scheduling")]).await;
    while stack.node("intake").audit().await.unwrap() > 0 {}
    arrived(&stack, &ids, 4).await;
    stack.settle().await;

    let client = async_nats::connect(broker.url()).await.unwrap();
    let name = format!("{}_INTAKE", stack.space().to_uppercase());
    let stream = async_nats::jetstream::new(client).get_stream(&name).await.unwrap();
    assert_eq!(stream.cached_info().state.messages, 40, "everything is in the stream again");
    assert_eq!(stack.parked("scheduling").await, 0);
}

#[tokio::test]
async fn a_service_starts_and_accepts_requests_before_its_broker_is_there() {
    let mut broker = Broker::absent();
    let stack = Stack::start_with(&[&INTAKE, &SCHEDULING], |_, settings| {
        settings.nats.url = broker.url();
        settings.nats.provision = false;
    })
    .await;
    let id = Uuid::now_v7();
    for _ in 0..3 {
        add(&stack, id).await;
    }
    assert_eq!(status(&stack, "intake").await.relay_backlog, 3);
    assert!(of_intake(&status(&stack, "scheduling").await).unknown);

    // Streams and consumers are made as the provisioner makes them.
    broker.start();
    for service in [&INTAKE, &SCHEDULING] {
        let context = stack.node(service.name).context();
        let mut settings = (*context.settings).clone();
        settings.nats.provision = true;
        Node::build(service, settings, context.clock.clone()).await.unwrap();
    }
    found(&[stack.node("intake"), stack.node("scheduling")]).await;
    stack.settle().await;
    assert_eq!(heard(&stack, id).await, [1, 2, 3]);
}

#[tokio::test]
async fn waiting_for_a_broker_that_never_comes_ends_with_words() {
    let settings = Stack::start(&[&INTAKE]).await.node("intake").context().settings.clone();
    let nats = backbone::config::Nats { url: Broker::absent().url(), ..settings.nats.clone() };
    let broker = backbone::broker::Broker::connect(&nats, "intake").await.unwrap();
    let error = broker.wait(Duration::from_millis(200)).await.unwrap_err();
    assert_eq!(error.to_string(), "no nats-server answered at nats.url within 200ms");
}

async fn health(stack: &Stack, service: &str) -> Result<i32, tonic::Code> {
    let request = HealthCheckRequest { service: service.into() };
    let answer = HealthClient::new(stack.channel("intake")).check(request).await;
    answer.map(|a| a.into_inner().status).map_err(|status| status.code())
}

#[tokio::test]
async fn without_postgres_a_service_is_alive_and_not_ready_and_says_so_soon() {
    let nowhere = Broker::absent().url().replace("nats", "postgres");
    let away = Stack::start_with(&[&INTAKE], |_, settings| settings.database.url = nowhere.clone().into()).await;
    let here = Stack::start(&[&INTAKE]).await;
    let get = async |stack: &Stack, path: &str| {
        let answer = testkit::http().get(format!("{}{path}", stack.base_url("intake"))).send().await.unwrap();
        answer.status().as_u16()
    };
    assert_eq!((get(&here, "/live").await, get(&here, "/ready").await), (200, 200));
    let asked = Instant::now();
    assert_eq!((get(&away, "/live").await, get(&away, "/ready").await), (200, 503));
    assert!(asked.elapsed() < Duration::from_secs(2), "it took {:?}", asked.elapsed());

    for service in ["", "aftercare.operations.v1.Operations"] {
        assert_eq!(health(&here, service).await, Ok(1), "serving");
        assert_eq!(health(&away, service).await, Ok(2), "not serving");
    }
    assert_eq!(health(&here, "aftercare.nobody.v1.Nobody").await, Err(tonic::Code::NotFound));
    let unit = Unit::of(Change::to::<Counter>(Uuid::now_v7(), Tell::Ring));
    let fault = away.node("intake").context().road.submit(unit).await.unwrap_err();
    assert_eq!(fault.code(), "unavailable");
}
