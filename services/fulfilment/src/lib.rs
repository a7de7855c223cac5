//! Fulfilment: what an agreed solution promises is done, what customers ask for is decided by the policy of returns, repairs
//! are done with their consent, and money goes back exactly once.
//! Reading order: `domain` (orders, accounts, refunds, technicians, ledgers, charge-backs, budgets, payments), `inbound` (what makes an order),
//! `execution` and `payments` (how money leaves), `callbacks` (what the provider tells of itself), `carrier`, `parcels` and `tracking`
//! (labels, what is told of parcels, and who asks for silent ones), `deadlines` (what time
//! does), `in_force` (the policy that decides), `api` (people), `wire` (what others learn), `webhook` (shop systems that read over HTTP), `store` (queries),
//! `config`.
pub mod api;
pub mod callbacks;
pub mod carrier;
pub mod config;
pub mod deadlines;
pub mod domain;
pub mod execution;
pub mod in_force;
pub mod inbound;
pub mod parcels;
pub mod payments;
pub mod store;
pub mod tracking;
pub mod webhook;
pub mod wire;

use std::sync::Arc;

use axum::Router;
use backbone::{Aggregates, Context, Document, Parts, Service, webhook::Webhooks};
use contracts::fulfilment::v1::{
    chargebacks_server::ChargebacksServer, compensations_server::CompensationsServer, costs_server::CostsServer,
    found_parcels_server::FoundParcelsServer, fulfilment_server::FulfilmentServer, policies_server::PoliciesServer,
    repairs_server::RepairsServer, replacements_server::ReplacementsServer,
};

use crate::{
    api::Api,
    callbacks::{Callbacks, RefusedCallbacks},
    carrier::HttpCarrier,
    config::{Config, callback_secrets},
    domain::{
        account::PurchaseAccount, budget::Budget, chargeback::Chargeback, found::FoundGoods, ledger::CostLedger,
        order::ServiceOrder, payment::Payment, policies::PolicyBook, refund::Refund, technician::Technician,
    },
    execution::Execution,
    in_force::InForce,
    parcels::{Hearing, Parcels},
    payments::HttpPayments,
    tracking::Tracking,
};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// The service.
pub static SERVICE: Service = Service {
    name: "fulfilment",
    defaults: include_str!("../default.toml"),
    migrations: Some(&MIGRATIONS),
    aggregates,
    inbound: inbound::inbound,
    assemble,
};

fn aggregates(aggregates: &mut Aggregates) {
    aggregates.with::<ServiceOrder>().with::<PurchaseAccount>().with::<Refund>().with::<Technician>();
    aggregates.with::<CostLedger>().with::<Chargeback>().with::<Budget>().with::<FoundGoods>().with::<PolicyBook>();
    aggregates.with::<Payment>();
}

fn assemble(context: &Context) -> anyhow::Result<Parts> {
    let config: Config = context.config()?;
    config.check()?;
    let policy = config.returns.policy()?;
    policy.warnings().iter().for_each(|warning| tracing::warn!("policy of returns: {warning}"));
    let in_force = InForce::new(context.pool.clone(), context.road.clone(), policy);
    let price_max = Arc::new(config.returns.price_max.clone());
    let giving = Arc::new(config.compensation.rules()?);
    let carrier = config.carrier.as_ref().map(|section| HttpCarrier::new(section, context)).transpose()?;
    let api = Api {
        pool: context.pool.clone(),
        road: context.road.clone(),
        clock: context.clock.clone(),
        policy: in_force.clone(),
        agreed: Arc::new(config::agreed()?),
        warranties: Arc::new(config.repairs.warranties()?),
        ceilings: Arc::new(config.effort.ceilings()?),
        form: config.returns.form(),
        terms: config.terms(),
        found_within: config.found_within,
        price_max: Arc::clone(&price_max),
        giving: Arc::clone(&giving),
        shops: config.webhooks.keys().cloned().collect(),
        carrier: carrier.clone(),
    };
    let webhooks = Webhooks::new(&config.webhooks, config.webhook_retry_for, context)?;
    let replacements = api::replacement::Api { pool: context.pool.clone(), road: context.road.clone(), price_max };
    let costs = api::cost::Api { pool: context.pool.clone(), road: context.road.clone() };
    let (pool, road) = (context.pool.clone(), context.road.clone());
    let chargebacks = api::chargeback::Api { pool, road, move_within: config.chargeback_within };
    let compensations = api::compensation::Api {
        pool: context.pool.clone(),
        road: context.road.clone(),
        clock: context.clock.clone(),
        rules: giving,
    };
    let (pool, road, clock) = (context.pool.clone(), context.road.clone(), context.clock.clone());
    let policies = api::policy::Api { pool, road, clock, in_force };
    let (pool, road) = (context.pool.clone(), context.road.clone());
    let found = api::found::Api { pool, road, settle_within: config.found_within };
    let payments = HttpPayments::new(&config.payments, &context.outside)?;
    let execution = Execution::new(context, payments, config.pace);
    let counting = RefusedCallbacks::default();
    let parts = Parts::new()
        .http(callbacks(context, &config, execution.clone(), &counting)?)
        .documents(documents(context, &config)?)
        .grpc(FulfilmentServer::new(api.clone()))
        .grpc(RepairsServer::new(api))
        .grpc(ReplacementsServer::new(replacements))
        .grpc(CostsServer::new(costs))
        .grpc(ChargebacksServer::new(chargebacks))
        .grpc(CompensationsServer::new(compensations))
        .grpc(FoundParcelsServer::new(found))
        .grpc(PoliciesServer::new(policies));
    let tracking = carrier.map(|carrier| Tracking::new(carrier, hearing(context)));
    Ok(webhooks.parts(working(parts, context, (execution, counting, tracking))))
}

/// What the service works by, in its version.
fn documents(context: &Context, config: &Config) -> anyhow::Result<Vec<Document>> {
    let documents = config.returns.documents()?.into_iter().chain(config.repairs.documents()?);
    let given = config::Compensation::document(&context.settings.service["compensation"]);
    Ok(documents.chain([given]).chain(config.tenders.documents()?).chain(config.effort.documents()?).collect())
}

/// What is done beside requests.
fn working(
    parts: Parts,
    context: &Context,
    (sending, counting, tracking): (Execution<HttpPayments>, RefusedCallbacks, Option<Tracking>),
) -> Parts {
    let asking = sending.clone();
    let (pool, clock) = (context.pool.clone(), context.clock.clone());
    let parts = parts
        .background("payments", move || {
            let execution = sending.clone();
            async move { execution.payments_once().await }
        })
        .background("callbacks", move || {
            let (counting, pool, clock) = (counting.clone(), pool.clone(), clock.clone());
            async move { counting.write_once(&pool, clock.now()).await }
        })
        .background("reconciliation", move || {
            let execution = asking.clone();
            async move { execution.reconcile_once().await }
        });
    match tracking {
        None => parts,
        Some(tracking) => parts.background("parcels", move || {
            let tracking = tracking.clone();
            async move { tracking.follow_once().await }
        }),
    }
}

/// Where what a carrier says is recorded.
fn hearing(context: &Context) -> Hearing {
    Hearing { pool: context.pool.clone(), road: context.road.clone(), clock: context.clock.clone() }
}

/// Where the payment provider and the carrier tell what became of money and parcels, as far as they do.
fn callbacks(
    context: &Context,
    config: &Config,
    execution: Execution<HttpPayments>,
    refused: &RefusedCallbacks,
) -> anyhow::Result<Router> {
    let (clock, refused) = (context.clock.clone(), refused.clone());
    let mut routes = Router::new();
    if let Some(secrets) = callback_secrets(&config.payments.callback_secrets, "payments")? {
        let (clock, refused) = (clock.clone(), refused.clone());
        routes = routes.merge(callbacks::routes(Callbacks { execution, secrets, clock, refused }));
    }
    let carrier = config.carrier.as_ref().map_or(&[][..], |carrier| &carrier.callback_secrets);
    if let Some(secrets) = callback_secrets(carrier, "carrier")? {
        routes = routes.merge(parcels::routes(Parcels { hearing: hearing(context), secrets, refused }));
    }
    Ok(routes)
}
