//! Two small services to try the road with: one counts, the other repeats what it hears. They borrow contracts of real
//! ones, because every event has a contract.
#![allow(dead_code, clippy::unwrap_used, clippy::allow_attributes, reason = "each test file uses a part")]

use backbone::{Aggregate, Aggregates, Change, Context, Effects, Fault, Inbound, Parts, Published, Row, Service};
use contracts::{
    intake::v1::{CallEnded, CaseResponded, CaseResponseMissed},
    scheduling::v1::FollowUpMissed,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Counts up; refuses to go beyond 1,000; the database refuses 666.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Counter {
    pub id: Uuid,
    pub total: i64,
    pub due: Option<Timestamp>,
    pub rang: u32,
}

#[derive(Clone, Debug)]
pub enum Tell {
    Add {
        id: Uuid,
        n: i64,
    },
    /// Adds here and one to the other, in one transaction.
    AddBoth {
        id: Uuid,
        other: Uuid,
    },
    RingIn {
        id: Uuid,
        seconds: i64,
    },
    Ring,
}

#[derive(Clone, Debug)]
pub enum Told {
    Added { id: Uuid, n: i64, other: Option<Uuid> },
    Armed { id: Uuid, due: Timestamp },
    Rang,
}

impl Aggregate for Counter {
    const TABLE: &'static str = "counter";
    type Command = Tell;
    type Event = Told;
    type Rejection = Fault;

    fn decide(&self, command: Tell, now: Timestamp) -> Result<Vec<Told>, Fault> {
        match command {
            Tell::Add { n, .. } if self.total + n > 1000 => Err(Fault::rejected("counter.full", "1,000 is enough")),
            Tell::Add { id, n } => Ok(vec![Told::Added { id, n, other: None }]),
            Tell::AddBoth { id, other } => Ok(vec![Told::Added { id, n: 1, other: Some(other) }]),
            Tell::RingIn { id, seconds } => Ok(vec![Told::Armed { id, due: now + SignedDuration::from_secs(seconds) }]),
            Tell::Ring => Ok(vec![Told::Rang]),
        }
    }

    fn apply(&mut self, event: &Told) {
        match event {
            Told::Added { id, n, .. } => {
                self.id = *id;
                self.total += n;
            }
            Told::Armed { id, due } => {
                self.id = *id;
                self.due = Some(*due);
            }
            Told::Rang => {
                self.due = None;
                self.rang += 1;
            }
        }
    }

    fn publish(&self, event: &Told, shard: u8) -> Published {
        match event {
            Told::Rang => {
                let case_id = self.id.to_string();
                Published::of(&CaseResponseMissed { case_id, ..CaseResponseMissed::default() }, shard)
            }
            _ => {
                let at = contracts::Timestamp { seconds: self.total, nanos: 0 };
                let event =
                    CaseResponded { case_id: self.id.to_string(), responded_at: Some(at), ..Default::default() };
                Published::of(&event, shard)
            }
        }
    }

    fn deadlines(&self) -> Vec<(&'static str, Timestamp)> {
        self.due.map(|due| ("ring", due)).into_iter().collect()
    }

    fn on_deadline(kind: &str) -> Option<Tell> {
        (kind == "ring").then_some(Tell::Ring)
    }

    fn reactions(&self, event: &Told) -> Vec<Change> {
        match event {
            Told::Added { other: Some(other), .. } => {
                vec![Change::to::<Counter>(*other, Tell::Add { id: *other, n: 1 })]
            }
            _ => vec![],
        }
    }
}

/// Hears of a counter and keeps the totals it was told, in order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Echo {
    pub id: Uuid,
    pub heard: Vec<i64>,
}

#[derive(Clone, Debug)]
pub struct Hear(pub Uuid, pub i64);

impl Aggregate for Echo {
    const TABLE: &'static str = "echo";
    type Command = Hear;
    type Event = Hear;
    type Rejection = Fault;

    fn decide(&self, command: Hear, _: Timestamp) -> Result<Vec<Hear>, Fault> {
        if command.1 == 500 { Err(Fault::rejected("echo.unlucky", "500 is not repeated")) } else { Ok(vec![command]) }
    }

    fn apply(&mut self, event: &Hear) {
        self.id = event.0;
        self.heard.push(event.1);
    }

    fn publish(&self, _: &Hear, shard: u8) -> Published {
        Published::of(&FollowUpMissed { follow_up_id: self.id.to_string(), ..Default::default() }, shard)
    }
}

/// What the second service heard of a counter of the first.
pub async fn heard(stack: &testkit::Stack, id: Uuid) -> Vec<i64> {
    let state: Option<sqlx::types::Json<Echo>> = sqlx::query_scalar("select state from echo where id = $1")
        .bind(id)
        .fetch_optional(&stack.pool("scheduling"))
        .await
        .unwrap();
    state.map(|s| s.0.heard).unwrap_or_default()
}

static COUNTING: sqlx::migrate::Migrator = sqlx::migrate!("tests/support/counting");
static ECHOING: sqlx::migrate::Migrator = sqlx::migrate!("tests/support/echoing");

/// Named like the owner of the contracts it borrows, so that gaps can be asked for.
pub static INTAKE: Service = Service {
    name: "intake",
    defaults: "",
    migrations: Some(&COUNTING),
    aggregates: |a: &mut Aggregates| {
        a.with::<Counter>();
    },
    inbound: |_: &Context, _: &mut Inbound| Ok(()),
    assemble: |_: &Context| Ok(Parts::new()),
};

pub static SCHEDULING: Service = Service {
    name: "scheduling",
    defaults: "",
    migrations: Some(&ECHOING),
    aggregates: |a: &mut Aggregates| {
        a.with::<Echo>();
    },
    inbound: |_: &Context, i: &mut Inbound| {
        i.on::<CaseResponded>(|event, meta| {
            let total = event.responded_at.map_or(0, |t| t.seconds);
            Ok(Effects::change(Change::to::<Echo>(meta.aggregate_id, Hear(meta.aggregate_id, total)))
                .row(Row::new(HEARD, meta.event_id).with(total)))
        });
        i.on::<CallEnded>(|_, _| Ok(Effects::none()));
        Ok(())
    },
    assemble: |_: &Context| Ok(Parts::new()),
};

const HEARD: &str = "-- heard.put
heard_put as (
  insert into heard (event, total) select event, total from unnest($1::uuid[], $2::bigint[]) as r(event, total))";
