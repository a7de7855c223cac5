//! Intake: the front door. Purchases and contacts of customers come in here, and here alone is known who the customers
//! are.
//!
//! In reading order: what a purchase and a case are and what may happen to them ([`domain`]); how channels reach us
//! ([`rest`], and [`channels`] for those with a form of their own) and how staff tools and the other services do
//! ([`api`], [`desk`] for those who work on cases, [`health`] for harm, [`regulators`] for reports on it,
//! [`answers`] for what goes back to the customer, [`major_issues`] for what concerns many, [`customers`] for who is one person with whom); what we listen to
//! ([`inbound`], [`progress`]) and what time does ([`deadlines`]); what others learn ([`wire`]); how cases are found
//! ([`search`], [`views`]); files ([`attachments`]); what we know and may say ([`knowledge`]); what a
//! model is to learn ([`labels`]); how personal data are
//! kept ([`vault`]) and opened ([`words`]); what is read ([`store`]); what all doors share ([`app`]) and how it is
//! configured ([`config`]).
mod advice;
mod answers;
mod api;
mod app;
mod attachments;
mod channels;
mod config;
mod customers;
mod deadlines;
mod desk;
mod domain;
mod health;
mod inbound;
mod knowledge;
mod labels;
mod major_issues;
mod progress;
mod regulators;
mod rest;
mod search;
mod store;
mod vault;
mod viewers;
mod views;
mod wire;
mod words;

use std::sync::Arc;

use anyhow::Context as _;

use backbone::{Aggregates, Context, Outside, Parts, Service};
use contracts::intake::v1::{
    answers_server::AnswersServer, attachments_server::AttachmentsServer, case_search_server::CaseSearchServer,
    case_views_server::CaseViewsServer, customers_server::CustomersServer, desk_server::DeskServer,
    health_lane_server::HealthLaneServer, inbound_messages_server::InboundMessagesServer, intake_server::IntakeServer,
    knowledge_server::KnowledgeServer, major_issues_server::MajorIssuesServer, regulators_server::RegulatorsServer,
    training_server::TrainingServer,
};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// The service.
pub static SERVICE: Service = Service {
    name: "intake",
    defaults: include_str!("../default.toml"),
    migrations: Some(&MIGRATIONS),
    aggregates,
    inbound: inbound::inbound,
    assemble,
};

fn aggregates(aggregates: &mut Aggregates) {
    aggregates.with::<domain::purchase::Purchase>().with::<domain::case::Case>().with::<domain::call::Call>();
    aggregates.with::<domain::customer_link::CustomerLink>();
    aggregates.with::<domain::major_issue::MajorIssue>().with::<domain::member::Member>();
}

/// The part that asks an adviser outside, where one is configured.
fn with_adviser(
    parts: Parts,
    section: Option<&advice::Section>,
    outside: &Outside,
    app: &Arc<app::App>,
) -> anyhow::Result<Parts> {
    let Some(section) = section else { return Ok(parts) };
    let adviser = advice::Adviser::new(section, outside, Arc::clone(app)).context("section [service.advice]")?;
    let adviser = Arc::new(adviser);
    Ok(parts.background("advice", move || {
        let adviser = Arc::clone(&adviser);
        async move { adviser.advise_once().await }
    }))
}

fn assemble(ctx: &Context) -> anyhow::Result<Parts> {
    let app = Arc::new(app::App::new(ctx)?);
    let config = config::Config::read(ctx)?;
    let (documents, advice) = (config.documents()?, config.advice().cloned());
    let channels = channels::Channels::new(config.channels(), &ctx.outside, Arc::clone(&app))?;
    let channels = Arc::new(channels);
    let index = Arc::new(search::Index::new(Arc::clone(&app)));
    let uploads = Arc::new(attachments::Uploads::new(Arc::clone(&app)));
    let follower = Arc::new(customers::Follower::new(Arc::clone(&app)));
    let finder = Arc::new(major_issues::Finder::new(Arc::clone(&app)));
    let (levels, packs) = (Arc::clone(&app.levels), Arc::clone(&app.packs));
    let parts = Parts::new()
        .documents(documents)
        .grpc(IntakeServer::new(api::Api(Arc::clone(&app))))
        .grpc(CustomersServer::new(customers::Customers(Arc::clone(&app))))
        .grpc(DeskServer::new(desk::Desk(Arc::clone(&app))))
        .grpc(AnswersServer::new(answers::Answers(Arc::clone(&app))))
        .grpc(AttachmentsServer::new(attachments::Api(Arc::clone(&app))))
        .grpc(CaseSearchServer::new(search::Api(Arc::clone(&app))))
        .grpc(CaseViewsServer::new(views::Views(Arc::clone(&app))))
        .grpc(KnowledgeServer::new(knowledge::Api(Arc::clone(&app))))
        .grpc(HealthLaneServer::new(health::HealthLane(Arc::clone(&app))))
        .grpc(RegulatorsServer::new(regulators::Regulators(Arc::clone(&app))))
        .grpc(MajorIssuesServer::new(major_issues::MajorIssues(Arc::clone(&app))))
        .grpc(TrainingServer::new(labels::Training(Arc::clone(&app))))
        .grpc(InboundMessagesServer::new(channels::Api(Arc::clone(&channels))))
        .http(attachments::routes(Arc::clone(&uploads)))
        .http(knowledge::routes(Arc::clone(&app)))
        .http(rest::routes(Arc::clone(&app)))
        .http(channels::routes(Arc::clone(&channels)));
    let parts = parts.warn_daily(ctx.clock.clone(), move |now| [levels.warnings(now), packs.warnings(now)].concat());
    let parts = parts.background("search index", move || {
        let index = Arc::clone(&index);
        async move { index.follow_once().await }
    });
    let parts = parts.background("files nobody named", move || {
        let uploads = Arc::clone(&uploads);
        async move { uploads.throw_away_once().await }
    });
    let parts = with_adviser(parts, advice.as_ref(), &ctx.outside, &app)?;
    // Each mailbox by itself: one that hangs keeps nobody else from working.
    let parts = channels.mailboxes().into_iter().fold(parts, |parts, name| {
        let channels = Arc::clone(&channels);
        parts.background("mailbox", move || {
            let (channels, name) = (Arc::clone(&channels), name.clone());
            async move { channels.read_once(&name).await }
        })
    });
    let counting = Arc::clone(&app);
    let parts = parts.background("questions nobody answered", move || {
        let app = Arc::clone(&counting);
        async move { knowledge::store_gaps_once(&app).await }
    });
    let parts = parts.background("major issues", move || {
        let finder = Arc::clone(&finder);
        async move { finder.find_once().await }
    });
    let parts = parts.background("what was told of customers", move || {
        let follower = Arc::clone(&follower);
        async move { follower.follow_once().await }
    });
    Ok(parts.background("inbound messages", move || {
        let channels = Arc::clone(&channels);
        async move { channels.take_in_once().await }
    }))
}
