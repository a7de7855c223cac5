//! One running service: its parts wired together, its loops, and the same loops step by step for tests. Nothing here
//! decides anything.
use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use anyhow::Context as _;
use contracts::operations::v1::operations_server::OperationsServer;
use sqlx::{
    Connection as _, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Context, Service,
    aggregate::Aggregates,
    auditor,
    broker::{self, Broker},
    clock::Clock,
    config::Settings,
    consumer::Consumer,
    deadline, document,
    fault::Fault,
    inbound::Inbound,
    neighbours::Neighbours,
    operations,
    outside::Outside,
    parts::Background,
    relay::{self, Relay},
    road::Road,
    telemetry::Meters,
    topology,
};

/// How long a process that stops goes on sending.
const DRAIN: Duration = Duration::from_secs(5);

/// A service with its connections, ready to be served and stepped.
pub struct Node {
    service: &'static Service,
    aggregates: Aggregates,
    context: Context,
    messaging: Option<Messaging>,
    background: Vec<Background>,
    router: axum::Router,
    /// Cancelled when the process is stopping.
    leaving: CancellationToken,
    tasks: TaskTracker,
}

struct Messaging {
    broker: Broker,
    relay: Arc<Relay>,
    consumers: Vec<Consumer>,
}

impl Node {
    /// Connects and assembles; neither Postgres nor the broker need be there yet. A service without migrations owns
    /// nothing and gets no broker.
    pub async fn build(service: &'static Service, settings: Settings, clock: Clock) -> anyhow::Result<Self> {
        let pool = connections(service, &settings, &READING)?;
        let tasks = TaskTracker::new();
        let (workers, waiting) = (settings.road.workers, settings.road.waiting_max);
        let road_pool = connections(service, &settings, &CHANGING)?;
        let road = Road::open(road_pool, clock.clone(), workers, waiting, &tasks, Arc::new(Meters::new()));
        let neighbours = Neighbours::connect(&settings.neighbours)?;
        let outside = Outside::new(settings.outside.ca_file.as_deref())?;
        let mut aggregates = Aggregates::default();
        (service.aggregates)(&mut aggregates);
        let context = Context { pool, road: road.clone(), clock, settings: Arc::new(settings), neighbours, outside };
        let parts = (service.assemble)(&context)?;
        document::keep(&context.pool, &parts.documents)
            .await
            .with_context(|| format!("{} does not start", service.name))?;
        let mut inbound = Inbound::new(service.name);
        (service.inbound)(&context, &mut inbound)?;
        let (parts, messaging) = match service.migrations {
            None => (parts, None),
            Some(_) => {
                let messaging = messaging(service, &context, &inbound).await?;
                let api =
                    operations::Api { service: service.name, road, inbound, consumers: messaging.consumers.clone() };
                (parts.grpc(OperationsServer::new(api)), Some(messaging))
            }
        };
        let background = parts.background.clone();
        let leaving = CancellationToken::new();
        let router = parts.into_router(service.migrations.map(|_| context.pool.clone()), leaving.clone())?;
        Ok(Self { service, aggregates, context, messaging, background, router, leaving, tasks })
    }

    /// What the service was given.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Says from now on that it is not ready.
    pub fn leave(&self) {
        self.leaving.cancel();
    }

    /// Serves until told to stop, then lets running requests finish.
    pub async fn serve(&self, listener: tokio::net::TcpListener, stop: CancellationToken) -> std::io::Result<()> {
        use axum::serve::ListenerExt;
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection keeps nagle's delay");
            }
        });
        axum::serve(listener, self.router.clone()).with_graceful_shutdown(stop.cancelled_owned()).await
    }

    /// Sends, takes, fires and works once; says how much moved. Tests call it until it says 0.
    pub async fn step(&self) -> Result<usize, Fault> {
        let mut moved = 0;
        if let Some(messaging) = &self.messaging {
            moved += messaging.relay.send_once().await?;
            for consumer in &messaging.consumers {
                moved += consumer.take_once().await?;
            }
            moved += deadline::fire_once(&self.context.road, &self.aggregates, self.service.name).await?;
        }
        for part in &self.background {
            moved += (part.once)().await?;
        }
        Ok(moved)
    }

    /// What is still on its way: events not yet sent, messages not yet taken or not yet acknowledged.
    pub async fn waiting(&self) -> Result<u64, Fault> {
        let Some(messaging) = &self.messaging else { return Ok(0) };
        let (mut waiting, _) = relay::backlog(&self.context.road).await?;
        for consumer in &messaging.consumers {
            waiting += consumer.lag().await?.0;
        }
        Ok(waiting)
    }

    /// Compares what was published with what the broker holds, once; says how many events go out again.
    pub async fn audit(&self) -> Result<usize, Fault> {
        match &self.messaging {
            Some(m) => auditor::audit_once(&self.context.road, &m.broker, &m.relay, self.service.name).await,
            None => Ok(0),
        }
    }

    /// Every loop of the service, to be spawned by the caller; each runs until told to stop.
    pub fn loops(self: &Arc<Self>, stop: &CancellationToken) -> Vec<(String, BoxedLoop)> {
        let (road, stopped) = (self.context.road.clone(), stop.clone());
        let workers = async move {
            tokio::select! {
                () = stopped.cancelled() => {}
                () = road.died() => tracing::error!("a worker of the road died"),
            }
        };
        let mut loops: Vec<(String, BoxedLoop)> = vec![("road".into(), Box::pin(workers))];
        if let Some(messaging) = &self.messaging {
            for number in 0..2 {
                loops.push((format!("relay {number}"), Box::pin(Arc::clone(self).relay_loop(stop.clone()))));
            }
            for consumer in &messaging.consumers {
                let (consumer, stop) = (consumer.clone(), stop.clone());
                loops.push((format!("consumer {}", consumer.stream), Box::pin(consume_loop(consumer, stop))));
            }
            let node = Arc::clone(self);
            let fire = move || {
                let node = Arc::clone(&node);
                async move { deadline::fire_once(&node.context.road, &node.aggregates, node.service.name).await }
            };
            loops.push((
                "deadlines".into(),
                Box::pin(again("deadlines", Idle::Time(Duration::from_millis(200)), fire, stop.clone())),
            ));
            let node = Arc::clone(self);
            let audit = move || {
                let node = Arc::clone(&node);
                async move { node.audit().await.map(|_| 0) }
            };
            loops.push((
                "auditor".into(),
                Box::pin(again("auditor", Idle::Time(Duration::from_secs(10)), audit, stop.clone())),
            ));
        }
        for part in &self.background {
            let (part, stop) = (part.clone(), stop.clone());
            let changes = self.context.road.changes();
            loops.push((
                part.name.into(),
                Box::pin(again(part.name, Idle::Change(changes), move || (part.once)(), stop)),
            ));
        }
        loops
    }

    /// Sends what is left, for at most [`DRAIN`]; what is left then waits in the outbox.
    pub async fn drain(&self) {
        self.tasks.close();
        let Some(messaging) = &self.messaging else { return };
        let send_all = async {
            loop {
                match messaging.relay.send_once().await {
                    Ok(0) => break,
                    Ok(_) => {}
                    Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
                }
            }
        };
        if tokio::time::timeout(DRAIN, send_all).await.is_err() {
            tracing::warn!("events are left for another process to send");
        }
    }

    async fn relay_loop(self: Arc<Self>, stop: CancellationToken) {
        let Some(messaging) = &self.messaging else { return };
        let (mut failures, mut usual) = (0_u32, Duration::ZERO);
        while !stop.is_cancelled() {
            let begun = tokio::time::Instant::now();
            match messaging.relay.send_once().await {
                Ok(0) => {
                    failures = 0;
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = self.context.road.committed() => {}
                        () = tokio::time::sleep(Duration::from_millis(100)) => {}
                    }
                }
                Ok(sent) => {
                    failures = 0;
                    usual = (usual * 7 + begun.elapsed()) / 8;
                    if sent < relay::SEND_MAX {
                        tokio::select! {
                            () = stop.cancelled() => {}
                            () = tokio::time::sleep((usual * GATHER_SHARE).clamp(GATHER, GATHER_MAX)) => {}
                        }
                    }
                }
                Err(fault) => {
                    tracing::warn!(fault = fault.chain(), "the relay could not send");
                    pause(&mut failures, &stop).await;
                }
            }
        }
    }
}

/// A loop that ends when it is told to stop.
pub type BoxedLoop = Pin<Box<dyn Future<Output = ()> + Send>>;

async fn consume_loop(consumer: Consumer, stop: CancellationToken) {
    let mut failures = 0;
    while !stop.is_cancelled() {
        match consumer.follow(&stop).await {
            Ok(()) => failures = 0,
            Err(fault) => {
                tracing::warn!(stream = consumer.stream, fault = fault.chain(), "a subscription broke");
                pause(&mut failures, &stop).await;
            }
        }
    }
}

/// How a loop that found nothing to do waits.
enum Idle {
    Time(Duration),
    /// Until something was committed here, a little later so that more comes together, and at most [`GATHER_MAX`].
    Change(watch::Receiver<()>),
}

impl Idle {
    async fn rest(&mut self) {
        match self {
            Self::Time(time) => tokio::time::sleep(*time).await,
            Self::Change(changes) => {
                tokio::time::sleep(GATHER).await;
                let _ = tokio::time::timeout(GATHER_MAX.saturating_sub(GATHER), changes.changed()).await;
            }
        }
    }
}

async fn again<W, F>(name: &str, mut idle: Idle, once: W, stop: CancellationToken)
where
    W: Fn() -> F + Send,
    F: Future<Output = Result<usize, Fault>> + Send,
{
    let mut failures = 0;
    while !stop.is_cancelled() {
        match once().await {
            Ok(0) => {
                failures = 0;
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = idle.rest() => {}
                }
            }
            Ok(_) => failures = 0,
            Err(fault) => {
                tracing::warn!(part = name, fault = fault.chain(), "a background part failed and tries again");
                pause(&mut failures, &stop).await;
            }
        }
    }
}

/// 200 ms, doubled with each failure in a row, at most 5 s.
async fn pause(failures: &mut u32, stop: &CancellationToken) {
    *failures = (*failures + 1).min(6);
    let wait = Duration::from_millis((100 << *failures).min(5000));
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(wait) => {}
    }
}

async fn messaging(service: &'static Service, context: &Context, inbound: &Inbound) -> anyhow::Result<Messaging> {
    let broker = Broker::connect(&context.settings.nats, service.name).await?;
    if broker.may_provision {
        broker.wait(broker::WAIT).await?;
        topology::provision(&broker, service.name, inbound).await?;
    }
    let relay = Relay::new(context.road.clone(), broker.clone(), context.settings.nats.batch_from);
    let consumers = inbound
        .streams()
        .map(|(stream, _)| Consumer {
            road: context.road.clone(),
            broker: broker.clone(),
            inbound: inbound.clone(),
            neighbours: context.neighbours.clone(),
            service: service.name,
            stream: stream.clone(),
        })
        .collect();
    Ok(Messaging { broker, relay: Arc::new(relay), consumers })
}

/// How long a relay that has just sent lets events gather: what is sent together is cheaper for the broker and for all who
/// take it. After a rest it sends at once.
const GATHER: Duration = Duration::from_millis(20);
/// Where sending usually takes long, they gather for so many times as long, up to a limit: under load the sending of small
/// batches costs what the door needs. One slow sending changes little, so a burst is not held up.
const GATHER_SHARE: u32 = 2;
const GATHER_MAX: Duration = Duration::from_millis(100);
/// After so long a connection is asked whether it is still good before it is used.
const FRESH: Duration = Duration::from_secs(1);
/// Whoever reads gets a plan for what is asked: a plan kept from the time a table was empty would read all of it later.
const READING: [(&str, &str); 1] = [("plan_cache_mode", "force_custom_plan")];
/// The road, the relay and the gate touch few rows by their keys, with the same statements all the time. Planning them
/// costs as much as running them, so they are planned once, and only as reading by key.
const CHANGING: [(&str, &str); 3] =
    [("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("enable_mergejoin", "off")];

/// Half of the connections the service may have.
fn connections(service: &Service, settings: &Settings, planning: &[(&str, &str)]) -> anyhow::Result<PgPool> {
    use secrecy::ExposeSecret;
    let options: PgConnectOptions = settings.database.url.expose_secret().parse()?;
    let options = options.application_name(&format!("aftercare-{}", service.name)).options([
        ("search_path", service.schema(settings)),
        ("statement_timeout", "15s"),
        ("lock_timeout", "2s"),
        ("idle_in_transaction_session_timeout", "15s"),
        ("tcp_keepalives_idle", "10"),
    ]);
    Ok(PgPoolOptions::new()
        .max_connections(settings.database.connections_max.div_ceil(2))
        .acquire_timeout(Duration::from_secs(5))
        .test_before_acquire(false)
        .before_acquire(|connection, used| {
            Box::pin(async move {
                // A connection that was just used is good; asking it again would cost every transaction a round trip.
                if used.idle_for > FRESH {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options.options(planning.iter().copied())))
}
