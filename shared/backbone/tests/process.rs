//! A service as a process: how it stops, what it says of itself, and what it answers to what it does not know.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod support;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use axum::{Router, routing::post};
use backbone::{Change, Clock, Fault, Parts, Road, Service, Unit, boot, node::Node};
use futures::stream;
use support::{Counter, INTAKE, SCHEDULING, Tell, heard};
use testkit::Stack;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
};
use tokio_util::sync::CancellationToken;
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};
use uuid::Uuid;

static ENTERED: Notify = Notify::const_new();
static RELEASE: Notify = Notify::const_new();
const ID: Uuid = Uuid::from_u128(7);

/// A request that takes its time.
async fn slow(road: Road) -> &'static str {
    ENTERED.notify_one();
    RELEASE.notified().await;
    road.submit(Unit::of(Change::to::<Counter>(ID, Tell::Add { id: ID, n: 1 }))).await.unwrap();
    "done"
}

static SLOW: Service = Service {
    name: INTAKE.name,
    defaults: "",
    migrations: INTAKE.migrations,
    aggregates: INTAKE.aggregates,
    inbound: INTAKE.inbound,
    assemble: |context| {
        let road = context.road.clone();
        Ok(Parts::new().http(Router::new().route("/slow", post(move || slow(road)))))
    },
};

static DYING: Service = Service {
    name: INTAKE.name,
    defaults: "",
    migrations: INTAKE.migrations,
    aggregates: INTAKE.aggregates,
    inbound: INTAKE.inbound,
    assemble: |_| Ok(Parts::new().background("fragile", || async { panic!("a bug") as Result<usize, Fault> })),
};

async fn node(stack: &Stack, service: &'static Service) -> Arc<Node> {
    let settings = (*stack.node("intake").context().settings).clone();
    Arc::new(Node::build(service, settings, Clock::by_hand(stack.now())).await.unwrap())
}

#[tokio::test]
async fn a_process_that_stops_lets_nobody_in_finishes_what_runs_and_sends_what_is_left() {
    let stack = Stack::start(&[&INTAKE, &SCHEDULING]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let process = boot::run(node(&stack, &SLOW).await, listener, stop.clone().cancelled_owned());
    let request = testkit::http().post(format!("http://{address}/slow")).send();
    let rest = async {
        ENTERED.notified().await;
        stop.cancel();
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        RELEASE.notify_one();
    };
    let all = futures::future::join3(process, request, rest);
    let (ended, answer, ()) = tokio::time::timeout(Duration::from_secs(30), all).await.unwrap();
    ended.unwrap();
    assert_eq!(answer.unwrap().text().await.unwrap(), "done");

    let left: i64 =
        sqlx::query_scalar("select count(*) from outbox_pending").fetch_one(&stack.pool("intake")).await.unwrap();
    assert_eq!(left, 0, "its event was sent before the process ended");
    stack.settle().await;
    assert_eq!(heard(&stack, ID).await, [1]);
}

#[tokio::test]
async fn a_service_whose_file_of_authorities_cannot_be_read_does_not_start() {
    let stack = Stack::start(&[&INTAKE]).await;
    let mut settings = (*stack.node("intake").context().settings).clone();
    settings.outside.ca_file = Some("/nowhere/ca.pem".into());
    let refused = Node::build(&INTAKE, settings, Clock::by_hand(stack.now())).await.err().unwrap();
    let said = format!("{refused:#}");
    assert!(said.contains("outside.ca_file") && said.contains("/nowhere/ca.pem"), "{said}");
}

#[tokio::test]
async fn a_process_ends_with_an_error_when_one_of_its_parts_dies() {
    let stack = Stack::start(&[&INTAKE]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let process = boot::run(node(&stack, &DYING).await, listener, std::future::pending());
    let ended = tokio::time::timeout(Duration::from_secs(30), process).await.unwrap();
    assert!(ended.unwrap_err().to_string().starts_with("a loop ended"));
}

#[tokio::test]
async fn a_process_ends_with_an_error_when_what_it_decides_panics() {
    let stack = Stack::start(&[&INTAKE]).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let node = node(&stack, &INTAKE).await;
    let road = node.context().road.clone();
    let process = boot::run(node, listener, std::future::pending());
    let add = |n| road.submit(Unit::of(Change::to::<Counter>(ID, Tell::Add { id: ID, n })));
    let requests = async {
        add(1).await.unwrap();
        assert!(add(i64::MAX).await.is_err(), "the sum is larger than any number");
        std::future::pending::<()>().await;
    };
    let ended = tokio::time::timeout(Duration::from_secs(30), async {
        tokio::select! { ended = process => ended, () = requests => Ok(()) }
    });
    assert!(ended.await.unwrap().unwrap_err().to_string().contains("road"));
}

#[tokio::test]
async fn reflection_lists_what_is_offered_here_and_describes_it() {
    let stack = Stack::start(&[&INTAKE]).await;
    let mut client = ServerReflectionClient::new(stack.channel("intake"));
    let ask = [
        MessageRequest::ListServices(String::new()),
        MessageRequest::FileContainingSymbol("aftercare.operations.v1.Operations".into()),
    ]
    .map(|message| ServerReflectionRequest { host: String::new(), message_request: Some(message) });
    let mut answers = client.server_reflection_info(stream::iter(ask)).await.unwrap().into_inner();
    let Some(MessageResponse::ListServicesResponse(list)) = answers.message().await.unwrap().unwrap().message_response
    else {
        panic!("not a list");
    };
    let names: BTreeSet<_> = list.service.into_iter().map(|service| service.name).collect();
    let offered =
        ["aftercare.operations.v1.Operations", "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection"];
    assert_eq!(names, BTreeSet::from(offered.map(String::from)));
    let described = answers.message().await.unwrap().unwrap().message_response;
    assert!(
        matches!(described, Some(MessageResponse::FileDescriptorResponse(files)) if !files.file_descriptor_proto.is_empty())
    );
}

#[tokio::test]
async fn an_unknown_path_is_a_404_over_http_and_unimplemented_over_grpc() {
    let stack = Stack::start(&[&INTAKE]).await;
    let url = format!("{}/nowhere", stack.base_url("intake"));
    assert_eq!(testkit::http().get(&url).send().await.unwrap().status(), 404);
    let posted = testkit::http().post(&url).body("{}").send().await.unwrap();
    assert_eq!(posted.status(), 404);

    use contracts::intake::v1::{GetOverviewRequest, intake_client::IntakeClient};
    let mut stranger = IntakeClient::new(stack.channel("intake"));
    let refused = stranger.get_overview(GetOverviewRequest {}).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unimplemented);
}
