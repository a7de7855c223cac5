//! The services that publish, played by one aggregate that says whatever it is told. Journal, relay, streams and
//! `Operations` are the real ones.
use std::sync::Arc;

use backbone::{Aggregate, Change, Context, Fault, Parts, Published, Service, Settings, Unit};
use contracts::Event;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use testkit::Stack;
use uuid::Uuid;

#[derive(Clone, Default, Serialize, Deserialize)]
struct Told {}

#[derive(Clone)]
struct Say(Arc<dyn Fn(u8) -> Published + Send + Sync>);

impl Aggregate for Told {
    const TABLE: &'static str = "told";
    type Command = Say;
    type Event = Say;
    type Rejection = Fault;

    fn decide(&self, say: Say, _: Timestamp) -> Result<Vec<Say>, Fault> {
        Ok(vec![say])
    }

    fn apply(&mut self, _: &Say) {}

    fn publish(&self, say: &Say, shard: u8) -> Published {
        (say.0)(shard)
    }
}

static TOLD: sqlx::migrate::Migrator = sqlx::migrate!("tests/api/owner_migrations");

const fn owner(name: &'static str) -> Service {
    Service {
        name,
        defaults: "",
        migrations: Some(&TOLD),
        aggregates: |aggregates| {
            aggregates.with::<Told>();
        },
        inbound: |_, _| Ok(()),
        assemble: |_: &Context| Ok(Parts::new()),
    }
}

pub static INTAKE: Service = owner("intake");
pub static SCHEDULING: Service = owner("scheduling");
pub static COMPLAINT: Service = owner("complaint");
pub static FULFILMENT: Service = owner("fulfilment");
pub static OUTREACH: Service = owner("outreach");

/// analytics with all services it listens to.
pub async fn start() -> Stack {
    start_with(|_, _| {}).await
}

/// The same, with settings of their own.
pub async fn start_with(adjust: impl Fn(&str, &mut Settings)) -> Stack {
    Stack::start_with(&[&INTAKE, &SCHEDULING, &COMPLAINT, &FULFILMENT, &OUTREACH, &analytics::SERVICE], adjust).await
}

/// Lets the owner of the event publish it, as the next one of the aggregate.
pub async fn tell<E: Event + Clone>(stack: &Stack, id: Uuid, event: E) {
    let owner = E::TYPE.split('.').nth(1).unwrap();
    let say = Say(Arc::new(move |shard| Published::of(&event, shard)));
    stack.node(owner).context().road.submit(Unit::of(Change::to::<Told>(id, say))).await.unwrap();
}
