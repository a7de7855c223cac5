//! What all doors of intake share: the road, the vault, the rules, the service levels.
use std::{collections::BTreeSet, sync::Arc};

use backbone::{Actor, Clock, Context, Road};
use jiff::{SignedDuration, Timestamp};
use kernel::{calendar::Definitions, sla::Levels};
use opentelemetry::{global, metrics::Counter};
use sqlx::PgPool;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::{
    answers::Ways,
    attachments::Limits,
    config::{Config, Terms},
    domain::{
        base_data::Known, classify::Classifier, customer_link::Evidence, identity::Identity, minimum::Minimum,
        regulator::Packs, vocabulary::Channel,
    },
    knowledge::{Gaps, Knowledge},
    rest::Kept,
    vault::{Master, Person},
    viewers::Viewers,
};

/// Intake, ready to work.
pub struct App {
    pub road: Road,
    pub pool: PgPool,
    pub clock: Clock,
    pub master: Master,
    pub classifier: Classifier,
    /// What is promised by when.
    pub levels: Arc<Levels>,
    /// The calendars it counts in, as they were written.
    pub calendars: Definitions,
    /// How long a customer's answer to a question is waited for.
    pub info_within: SignedDuration,
    /// The terms of the work on cases.
    pub terms: Terms,
    /// Held by whoever gives a case by turns.
    pub turns: Mutex<()>,
    /// Who looks at which case.
    pub viewers: Viewers,
    /// The tags there are; any when it is empty.
    pub tags: BTreeSet<String>,
    /// The products there are; any when it is empty.
    pub products: Arc<BTreeSet<String>>,
    /// What alone links two customers as one person.
    pub link_by: BTreeSet<Evidence>,
    /// What we know and may say.
    pub knowledge: Knowledge,
    /// Where customers ask a person, if that is said.
    pub person: Option<String>,
    /// What files may be.
    pub files: Arc<Limits>,
    /// Whom harm is reported to.
    pub packs: Arc<Packs>,
    /// How long the link to a case's status page is good.
    pub status_links: SignedDuration,
    /// What was kept of the promises.
    pub kept: Kept,
    /// What of a contact is needed.
    pub minimum: Arc<Minimum>,
    /// Whether an adviser is asked about what nobody is sure of.
    pub has_adviser: bool,
    /// What was asked in vain and is not counted yet.
    pub gaps: Gaps,
    /// Over what an answer can go back.
    pub ways: Ways,
    /// Counts what was told and is not needed, by channel and field.
    pub left_out: Counter<u64>,
}

impl App {
    /// Reads the configuration and makes everything ready.
    pub fn new(ctx: &Context) -> anyhow::Result<Self> {
        let config = Config::read(ctx)?;
        let (levels, calendars) = config.levels()?;
        let packs = config.packs()?;
        packs.unconfirmed().for_each(|pack| tracing::warn!(pack, "no counsel has confirmed these terms of reports"));
        Ok(Self {
            gaps: Gaps::default(),
            ways: config.ways()?,
            has_adviser: config.advice().is_some(),
            minimum: Arc::new(config.minimum()?),
            left_out: global::meter("aftercare").u64_counter("contact_fields_left_out_total").build(),
            packs,
            kept: Kept::default(),
            status_links: config.status_links()?,
            road: ctx.road.clone(),
            pool: ctx.pool.clone(),
            clock: ctx.clock.clone(),
            master: config.master(ctx)?,
            classifier: config.classifier()?,
            levels,
            calendars,
            info_within: config.info_within()?,
            terms: config.terms()?,
            turns: Mutex::default(),
            viewers: Viewers::default(),
            tags: config.tags()?,
            products: Arc::new(config.products()),
            link_by: config.link_by()?,
            knowledge: config.knowledge()?,
            person: config.person(),
            files: Arc::new(config.files()?),
        })
    }

    /// The id that stands for a customer.
    pub fn pseudonym(&self, identity: &Identity) -> Uuid {
        self.master.pseudonym(&identity.parts())
    }

    /// What is known of a purchase's customer when this was told, and of the products there are.
    pub fn known(&self, told: &Person) -> Known {
        let contact = told.phone.is_some() || told.email.is_some();
        Known { name: told.name.is_some(), contact, products: Arc::clone(&self.products) }
    }

    /// A new id, in the order of time.
    pub fn new_id(&self, now: Timestamp) -> Uuid {
        let seconds = now.as_second().unsigned_abs();
        let nanos = now.subsec_nanosecond().unsigned_abs();
        Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos))
    }
}

/// A channel as the one who acts.
pub fn channel_actor(channel: Channel) -> Actor {
    Actor::parse(&format!("channel:{}", channel.word())).unwrap_or_else(|| Actor::service("intake"))
}
