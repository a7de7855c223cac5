//! The `main` of every service: reads the configuration, then serves or provisions. Shutdown goes in order: not ready,
//! stop accepting and pulling, finish what runs, send what is left, flush telemetry.
use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context as _;
use secrecy::ExposeSecret;
use sqlx::{
    AssertSqlSafe, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    Context, Service,
    broker::{self, Broker},
    clock::Clock,
    config::Settings,
    inbound::Inbound,
    node::Node,
    telemetry::Telemetry,
    topology,
};

static ROAD: sqlx::migrate::Migrator = sqlx::migrate!();

/// How long running requests may take to finish after the signal.
const GRACE: Duration = Duration::from_secs(10);

/// Runs a service as a process.
pub fn main(service: &'static Service) -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match begin(service, &arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error:#}", service.name);
            ExitCode::FAILURE
        }
    }
}

fn begin(service: &'static Service, arguments: &[String]) -> anyhow::Result<()> {
    let mut provisioning = false;
    let mut file = None;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "serve" => {}
            "provision" => provisioning = true,
            "--config" => file = Some(PathBuf::from(words.next().context("--config needs a file")?)),
            "--help" | "-h" => {
                println!("usage: {} [serve|provision] [--config FILE]", service.name);
                return Ok(());
            }
            other => {
                anyhow::bail!("unknown argument {other}; usage: {} [serve|provision] [--config FILE]", service.name)
            }
        }
    }
    let settings = Settings::load(service.defaults, file.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let telemetry = Telemetry::start(service.name, &settings.telemetry)?;
        let done = if provisioning { provision(service, &settings).await } else { serve(service, settings).await };
        telemetry.flush();
        done
    })
}

async fn serve(service: &'static Service, settings: Settings) -> anyhow::Result<()> {
    let clock = match &settings.clock.driven {
        None => Clock::system(),
        Some(file) => {
            anyhow::ensure!(
                settings.nats.provision,
                "a driven clock is for local stacks only (nats.provision = true marks one)"
            );
            tracing::warn!(file = %file.display(), "the clock is driven by hand");
            Clock::driven(file.clone()).map_err(anyhow::Error::msg)?
        }
    };
    let listener = tokio::net::TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("{} cannot be listened on", settings.listen))?;
    let node = Arc::new(Node::build(service, settings, clock).await?);
    tracing::info!(service = service.name, address = %listener.local_addr()?, "serving");
    run(node, listener, signal()).await
}

/// Serves and runs every loop until the signal, then stops in order. A part that ends by itself stops the whole and is
/// the error.
pub async fn run(
    node: Arc<Node>,
    listener: tokio::net::TcpListener,
    signal: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    let mut loops = JoinSet::new();
    for (name, work) in node.loops(&stop) {
        loops.spawn(async move {
            work.await;
            name
        });
    }
    let serving = Arc::clone(&node);
    let serving_stop = stop.clone();
    let mut server = JoinSet::new();
    server.spawn(async move { serving.serve(listener, serving_stop).await });

    let died = tokio::select! {
        () = signal => None,
        Some(ended) = loops.join_next() => Some(format!("a loop ended: {ended:?}")),
        Some(ended) = server.join_next() => Some(format!("the server ended: {ended:?}")),
    };
    tracing::info!("stopping");
    node.leave();
    stop.cancel();
    let finish = async {
        while server.join_next().await.is_some() {}
        while loops.join_next().await.is_some() {}
    };
    let finished = tokio::time::timeout(GRACE, finish).await.is_ok();
    node.drain().await;
    match died.or((!finished).then(|| "some work did not finish in time".to_owned())) {
        None => Ok(()),
        Some(reason) => anyhow::bail!(reason),
    }
}

async fn signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let interrupt = tokio::signal::ctrl_c();
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt => {}
            }
        }
        Err(error) => {
            tracing::warn!(%error, "only the interrupt signal is listened to");
            drop(interrupt.await);
        }
    }
}

async fn provision(service: &'static Service, settings: &Settings) -> anyhow::Result<()> {
    if service.migrations.is_none() {
        tracing::info!(service = service.name, "it owns nothing: nothing to provision");
        return Ok(());
    }
    let owner = settings.database.owner_url.as_ref().unwrap_or(&settings.database.url);
    migrate(service, settings, owner.expose_secret()).await?;
    let broker = Broker::connect(&settings.nats, service.name).await?;
    broker.wait(broker::WAIT).await?;
    let context = Context::unconnected(service, settings.clone(), Clock::system())?;
    let mut inbound = Inbound::new(service.name);
    (service.inbound)(&context, &mut inbound)?;
    topology::provision(&broker, service.name, &inbound).await?;
    tracing::info!(service = service.name, "provisioned");
    Ok(())
}

/// Brings the schema to this version, as its owner, and gives the service's role what it needs: everything in its own
/// schema, but only insert and select on the journal.
pub async fn migrate(service: &'static Service, settings: &Settings, owner_url: &str) -> anyhow::Result<()> {
    let Some(migrations) = service.migrations else { return Ok(()) };
    let schema = service.schema(settings);
    let owner: PgConnectOptions = owner_url.parse()?;
    let role = settings.database.url.expose_secret().parse::<PgConnectOptions>()?.get_username().to_owned();
    let place = format!("Postgres at {}:{} as {}", owner.get_host(), owner.get_port(), owner.get_username());
    let options = PgPoolOptions::new().max_connections(1).acquire_timeout(broker::WAIT);
    let pool = options.connect_with(owner.options([("search_path", schema)])).await.context(place)?;
    let named: bool =
        sqlx::query_scalar("-- provision.owner\nselect exists (select 1 from pg_roles where rolname = $1)")
            .bind(format!("{schema}_owner"))
            .fetch_one(&pool)
            .await?;
    if named {
        execute(&pool, format!("set role \"{schema}_owner\"")).await?;
    }
    let there: bool =
        sqlx::query_scalar("-- provision.schema\nselect exists (select 1 from pg_namespace where nspname = $1)")
            .bind(schema)
            .fetch_one(&pool)
            .await?;
    if !there {
        execute(&pool, format!("create schema \"{schema}\"")).await?;
    }
    let mut road = sqlx::migrate::Migrator { migrations: ROAD.migrations.clone(), ..sqlx::migrate::Migrator::DEFAULT };
    road.dangerous_set_table_name("_road_migrations");
    road.run(&pool).await.context("the road's tables")?;
    migrations.run(&pool).await.with_context(|| format!("the tables of {}", service.name))?;
    if role != pool.connect_options().get_username() {
        for grant in [
            format!("grant usage on schema \"{schema}\" to \"{role}\""),
            format!("grant select, insert, update, delete on all tables in schema \"{schema}\" to \"{role}\""),
            format!("grant usage, select on all sequences in schema \"{schema}\" to \"{role}\""),
            "do $$ declare t regclass; begin
               for t in select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace
                        where n.nspname = current_schema and c.relname like 'journal%' and c.relkind in ('r', 'p')
               loop execute format('revoke update, delete, truncate on %s from ROLE', t); end loop; end $$"
                .replace("ROLE", &format!("\"{role}\"")),
        ] {
            execute(&pool, grant).await?;
        }
    }
    pool.close().await;
    Ok(())
}

async fn execute(pool: &PgPool, statement: String) -> anyhow::Result<()> {
    sqlx::query(AssertSqlSafe(statement.clone())).execute(pool).await.with_context(|| statement)?;
    Ok(())
}

#[cfg(test)]
#[path = "boot_tests.rs"]
mod tests;
