//! What all doors of intake share: the road, the vault, the rules, the promises.
use backbone::{Actor, Answer, Clock, Context, Fault, Road, Unit};
use jiff::Timestamp;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    config::{self, Config},
    domain::{classify::Classifier, identity::Identity, promise::Promises, vocabulary::Channel},
    vault::{CustomerKey, Keyring, Master},
};

/// Intake, ready to work.
pub struct App {
    pub road: Road,
    pub pool: PgPool,
    pub clock: Clock,
    pub master: Master,
    pub keyring: Keyring,
    pub classifier: Classifier,
    pub promises: Promises,
}

impl App {
    /// Reads the configuration and makes everything ready.
    pub fn new(ctx: &Context) -> anyhow::Result<Self> {
        let config = Config::read(ctx)?;
        Ok(Self {
            road: ctx.road.clone(),
            pool: ctx.pool.clone(),
            clock: ctx.clock.clone(),
            master: config.master(ctx)?,
            keyring: Keyring::new(ctx.pool.clone()),
            classifier: config::classifier()?,
            promises: config.promises(),
        })
    }

    /// The id that stands for a customer.
    pub fn pseudonym(&self, identity: &Identity) -> Uuid {
        self.master.pseudonym(&identity.parts())
    }

    /// The customer's key; made when there is none yet.
    pub async fn key(&self, customer: Uuid) -> Result<CustomerKey, Fault> {
        self.keyring.ensure(&self.master, customer).await
    }

    /// Submits a unit whose rows were sealed with the customer's key; a unit that could not be stored makes us look for
    /// the key again.
    pub async fn submit(&self, customer: Uuid, unit: Unit) -> Result<Answer, Fault> {
        self.heed(customer, self.road.submit(unit).await)
    }

    /// As [`App::submit`], but waits for a place on the road.
    pub async fn submit_patiently(&self, customer: Uuid, unit: Unit) -> Result<Answer, Fault> {
        self.heed(customer, self.road.submit_patiently(unit).await)
    }

    fn heed(&self, customer: Uuid, answer: Result<Answer, Fault>) -> Result<Answer, Fault> {
        if answer.is_err() {
            self.keyring.forget(customer);
        }
        answer
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
