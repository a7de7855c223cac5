//! Services in this process over the real servers, each test in a database and a broker space of its own.
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use async_nats::jetstream::consumer::{Consumer, FromConsumer, pull};
use backbone::{Clock, Service, Settings, journal::Entry, node::Node};
use bytes::Bytes;
use contracts::Event;
use jiff::{SignedDuration, Timestamp};
use sqlx::{AssertSqlSafe, PgPool, Row as _, postgres::PgPoolOptions};
use tokio::sync::{Mutex, OnceCell};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::transport::{Channel, Endpoint};
use tonic_types::StatusExt;
use uuid::Uuid;

use crate::servers::Servers;

/// The instant at which every stack starts: Monday, 2 March 2026, 08:00 UTC.
const START: &str = "2026-03-02T08:00:00Z";

/// One test's system.
pub struct Stack {
    nodes: BTreeMap<&'static str, Arc<Node>>,
    addresses: BTreeMap<String, String>,
    clock: Clock,
    space: String,
    _serving: DropGuard,
}

/// An entry of a service's journal.
#[derive(Clone, Debug)]
pub struct JournalRow {
    /// Full name of the contract message.
    pub event_type: String,
    /// The aggregate it happened to.
    pub aggregate_id: Uuid,
    /// 1..n.
    pub version: u64,
    /// Where it was published.
    pub subject: String,
    /// The message.
    pub payload: Vec<u8>,
}

impl JournalRow {
    /// The message, if it is of this type.
    pub fn read<E: Event>(&self) -> Option<E> {
        (self.event_type == E::TYPE).then(|| E::decode(self.payload.as_slice()).expect("our own bytes"))
    }
}

impl Stack {
    /// Starts the services with their defaults.
    pub async fn start(services: &[&'static Service]) -> Self {
        Self::start_with(services, |_, _| {}).await
    }

    /// Starts the services; `adjust` may change each one's settings (by name) before it is built.
    pub async fn start_with(services: &[&'static Service], adjust: impl Fn(&str, &mut Settings)) -> Self {
        let servers = Servers::get();
        let space = format!("t{}", &Uuid::new_v4().simple().to_string()[..12]);
        let database = database(servers, services, &space).await;
        let mut listeners = Vec::new();
        let mut addresses = BTreeMap::new();
        for service in services {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let address = listener.local_addr().expect("it is bound");
            addresses.insert(service.name.to_owned(), format!("http://{address}"));
            listeners.push(listener);
        }
        let clock = Clock::by_hand(START.parse().expect("a good instant"));
        let stop = CancellationToken::new();
        let mut nodes = BTreeMap::new();
        for (service, listener) in services.iter().zip(listeners) {
            let mut settings = settings(service, servers, &database, &space, &addresses);
            adjust(service.name, &mut settings);
            let node = Node::build(service, settings, clock.clone()).await.expect("the service assembles");
            let node = Arc::new(node);
            let (serving, stop) = (Arc::clone(&node), stop.clone());
            #[expect(clippy::disallowed_methods, reason = "the server ends with the test's runtime")]
            tokio::spawn(async move { serving.serve(listener, stop).await });
            nodes.insert(service.name, node);
        }
        Self { nodes, addresses, clock, space, _serving: stop.drop_guard() }
    }

    /// A connection to a service.
    pub fn channel(&self, service: &str) -> Channel {
        Endpoint::from_shared(self.base_url(service)).expect("our own address").connect_lazy()
    }

    /// Where a service serves HTTP.
    pub fn base_url(&self, service: &str) -> String {
        self.addresses.get(service).unwrap_or_else(|| panic!("{service} was not started")).clone()
    }

    /// A service's node, for stepping single parts.
    pub fn node(&self, service: &str) -> &Arc<Node> {
        self.nodes.get(service).unwrap_or_else(|| panic!("{service} was not started"))
    }

    /// A service's database.
    pub fn pool(&self, service: &str) -> PgPool {
        self.node(service).context().pool.clone()
    }

    /// The space its subjects and streams live in.
    pub fn space(&self) -> &str {
        &self.space
    }

    /// The time all services have.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the time without letting anything happen.
    pub fn move_clock(&self, by: SignedDuration) {
        self.clock.advance(by);
    }

    /// Moves the time and lets everything happen that follows.
    pub async fn advance(&self, by: SignedDuration) {
        self.move_clock(by);
        self.settle().await;
    }

    /// Relays, consumes, fires deadlines and works in the background until nothing moves and nothing waits.
    pub async fn settle(&self) {
        for _ in 0..20_000 {
            let mut moved = 0;
            for node in self.nodes.values() {
                moved += node.step().await.unwrap_or_else(|fault| panic!("a step failed: {}", fault.chain()));
            }
            if moved > 0 {
                continue;
            }
            let mut waiting = 0;
            for node in self.nodes.values() {
                waiting += node.waiting().await.unwrap_or_else(|fault| panic!("waiting: {}", fault.chain()));
            }
            if waiting == 0 {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("the system does not come to rest");
    }

    /// A service's journal, in order.
    pub async fn journal(&self, service: &str) -> Vec<JournalRow> {
        let rows = sqlx::query("select type, aggregate_id, version, subject, payload from journal order by seq")
            .fetch_all(&self.pool(service))
            .await
            .expect("the journal is there");
        rows.iter()
            .map(|row| JournalRow {
                event_type: row.get("type"),
                aggregate_id: row.get("aggregate_id"),
                version: row.get::<i64, _>("version").unsigned_abs(),
                subject: row.get("subject"),
                payload: row.get("payload"),
            })
            .collect()
    }

    /// The events of one type in a service's journal, in order.
    pub async fn events<E: Event>(&self, service: &str) -> Vec<E> {
        self.journal(service).await.iter().filter_map(JournalRow::read).collect()
    }

    /// How many events a service has parked.
    pub async fn parked(&self, service: &str) -> i64 {
        sqlx::query_scalar("select count(*) from parked").fetch_one(&self.pool(service)).await.expect("it is there")
    }

    /// Publishes an event as if its owner had, for tests without the owner. Say the version: 1..n an aggregate.
    pub async fn publish<E: Event>(&self, owner: &str, event: &E, aggregate_id: Uuid, version: u64) {
        let entry = entry(event, aggregate_id, version, self.now());
        self.publish_raw(owner, &entry).await;
    }

    /// What a process took from `owner` and did not finish goes to another after so long. Call it once the service has
    /// taken something from there.
    pub async fn redeliver_after(&self, service: &str, owner: &str, wait: Duration) {
        let client = async_nats::connect(format!("127.0.0.1:{}", Servers::get().nats)).await.expect("the broker is up");
        let context = async_nats::jetstream::new(client);
        let stream = format!("{}_{}", self.space.to_uppercase(), owner.to_uppercase());
        let consumer: Consumer<pull::Config> =
            context.get_consumer_from_stream(service, &stream).await.expect("it takes from there");
        let config = consumer.cached_info().config.clone();
        let config = pull::Config::try_from_consumer_config(config).expect("it pulls");
        let config = pull::Config { ack_wait: wait, ..config };
        context.create_consumer_on_stream(config, stream).await.expect("it may be changed");
    }

    /// Publishes an entry made by hand: a repeat, a hole, a broken payload.
    pub async fn publish_raw(&self, owner: &str, entry: &Entry) {
        let stream = contracts::stream_of(&entry.subject);
        let client = async_nats::connect(format!("127.0.0.1:{}", Servers::get().nats)).await.expect("the broker is up");
        let context = async_nats::jetstream::new(client);
        let config = async_nats::jetstream::stream::Config {
            name: format!("{}_{stream}", self.space.to_uppercase()),
            subjects: vec![format!("{}.{}.>", self.space, stream.to_lowercase())],
            max_bytes: 16 << 20,
            allow_atomic_publish: true,
            allow_direct: true,
            ..async_nats::jetstream::stream::Config::default()
        };
        context.get_or_create_stream(config).await.expect("a stream");
        let mut headers = backbone::broker::headers(entry, owner);
        headers.insert("Nats-Msg-Id", Uuid::new_v4().to_string().as_str());
        let subject = format!("{}.{}", self.space, entry.subject);
        #[expect(clippy::disallowed_methods, reason = "the test plays the owner's relay")]
        let ack = context.publish_with_headers(subject, headers, Bytes::from(entry.payload.clone())).await;
        ack.expect("it is sent").await.expect("it is stored");
    }
}

/// An entry as the owner would have written it.
pub fn entry<E: Event>(event: &E, aggregate_id: Uuid, version: u64, at: Timestamp) -> Entry {
    let shard = contracts::shard_of(aggregate_id);
    let event_id = Uuid::now_v7();
    Entry {
        seq: 0,
        event_id,
        shard,
        aggregate: String::new(),
        aggregate_id,
        version,
        event_type: E::TYPE.into(),
        subject: event.subject(shard),
        payload: event.encode_to_vec(),
        actor: "system:test".into(),
        cause: None,
        correlation: event_id,
        trace: None,
        occurred_at: at,
        recorded_at: at,
        previous: Vec::new(),
        hash: Vec::new(),
    }
}

/// A gRPC request of somebody, for example `staff:ana`.
pub fn request<T>(actor: &str, message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.metadata_mut().insert("aftercare-actor", actor.parse().expect("a plain word"));
    request
}

/// The wrong fields of a request that was refused for them, in order.
pub fn wrong_fields(status: &tonic::Status) -> Vec<String> {
    assert_eq!(status.code(), tonic::Code::InvalidArgument, "{status:?}");
    let details = status.get_details_bad_request().expect("they are named");
    details.field_violations.into_iter().map(|violation| violation.field).collect()
}

fn settings(
    service: &Service,
    servers: &Servers,
    database: &str,
    space: &str,
    addresses: &BTreeMap<String, String>,
) -> Settings {
    let mut settings = Settings::load(service.defaults, None).expect("the defaults are good");
    settings.database.url = database_url(servers, database).into();
    settings.database.connections_max = 6;
    settings.nats.url = format!("nats://127.0.0.1:{}", servers.nats);
    settings.nats.space = space.to_owned();
    settings.nats.provision = true;
    settings.nats.stream_bytes_max = 16 << 20;
    settings.neighbours = addresses.clone();
    settings
}

fn database_url(servers: &Servers, database: &str) -> String {
    format!("postgres://postgres@127.0.0.1:{}/{database}", servers.postgres)
}

/// A fresh database with the services' schemas, copied from one that was migrated once for this set of services.
async fn database(servers: &Servers, services: &[&'static Service], name: &str) -> String {
    static TEMPLATES: OnceCell<Mutex<HashMap<String, String>>> = OnceCell::const_new();
    let templates = TEMPLATES.get_or_init(|| async { Mutex::new(HashMap::new()) }).await;
    let set = services.iter().map(|s| s.name).collect::<Vec<_>>().join("_");
    let admin = PgPoolOptions::new().max_connections(1).connect(&database_url(servers, "postgres")).await.expect("up");
    let run = |statement: String| {
        let admin = admin.clone();
        async move { sqlx::query(AssertSqlSafe(statement)).execute(&admin).await.expect("an administrator may") }
    };
    let mut templates = templates.lock().await;
    if !templates.contains_key(&set) {
        let template = format!("template_{}", templates.len());
        run(format!("create database {template}")).await;
        let url = database_url(servers, &template);
        for service in services {
            let mut settings = Settings::load(service.defaults, None).expect("the defaults are good");
            settings.database.url = url.clone().into();
            backbone::boot::migrate(service, &settings, &url).await.expect("the migrations run");
        }
        templates.insert(set.clone(), template);
    }
    let template = templates.get(&set).expect("it was put there").clone();
    run(format!("create database {name} template {template}")).await;
    name.to_owned()
}
