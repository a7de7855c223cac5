//! What a service hands to the road: aggregates that decide and apply. The road handles all of them alike, so their
//! types are hidden behind `AnyState` here and nowhere else.
use std::{any::Any, collections::BTreeMap, fmt};

use contracts::Event;
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

use crate::{fault::Fault, row::Row};

/// A thing with a state and rules. `decide` never changes anything, `apply` never refuses; `Default` is the state
/// of a thing that does not exist yet.
pub trait Aggregate: Clone + Default + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Its table in the service's schema; its name in the journal and among the deadlines.
    const TABLE: &'static str;
    /// What it can be told.
    type Command: Clone + Send + Sync + 'static;
    /// What can happen to it.
    type Event: Clone + Send + Sync + 'static;
    /// Why it says no.
    type Rejection: Into<Fault>;

    /// What follows from the command, or why nothing may. A repeated or late event decides to nothing.
    fn decide(&self, command: Self::Command, now: Timestamp) -> Result<Vec<Self::Event>, Self::Rejection>;
    /// Takes in what happened.
    fn apply(&mut self, event: &Self::Event);
    /// The event as others learn it; `self` is the state after it was applied.
    fn publish(&self, event: &Self::Event, shard: u8) -> Published;
    /// All deadlines that must be armed in this state, at most one a kind.
    fn deadlines(&self) -> Vec<(&'static str, Timestamp)> {
        Vec::new()
    }
    /// What a deadline of this kind tells the aggregate when its time has come.
    fn on_deadline(_kind: &str) -> Option<Self::Command> {
        None
    }
    /// What the event means for other aggregates of this service, in the same transaction.
    fn reactions(&self, _event: &Self::Event) -> Vec<Change> {
        Vec::new()
    }
    /// Rows of side tables that go with the event, in the same transaction; `self` is the state after it.
    fn rows(&self, _event: &Self::Event) -> Vec<Row> {
        Vec::new()
    }
}

/// An event in its published form.
#[derive(Clone, Debug)]
pub struct Published {
    pub(crate) event_type: &'static str,
    pub(crate) subject: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) occurred_at: Option<Timestamp>,
}

impl Published {
    /// The contract's form of the event, on the subject its proto names. It occurred when it is recorded, unless
    /// [`Published::at`] says otherwise.
    pub fn of<E: Event>(event: &E, shard: u8) -> Self {
        Self { event_type: E::TYPE, subject: event.subject(shard), payload: event.encode_to_vec(), occurred_at: None }
    }

    /// It occurred at another time than now.
    #[must_use]
    pub fn at(mut self, occurred_at: Timestamp) -> Self {
        self.occurred_at = Some(occurred_at);
        self
    }
}

/// One command to one aggregate.
#[derive(Clone)]
pub struct Change {
    pub(crate) kind: Kind,
    pub(crate) id: Uuid,
    pub(crate) fresh: bool,
    pub(crate) command: std::sync::Arc<dyn Any + Send + Sync>,
}

impl Change {
    /// To an aggregate that exists or may exist; it is locked and loaded.
    pub fn to<A: Aggregate>(id: Uuid, command: A::Command) -> Self {
        Self { kind: Kind::of::<A>(), id, fresh: false, command: std::sync::Arc::new(command) }
    }

    /// To a new aggregate whose id nobody else can have; it is not looked for. Where it is there after all the batch
    /// runs again with it, provided the command changes an empty aggregate, as a creating one does.
    pub fn create<A: Aggregate>(id: Uuid, command: A::Command) -> Self {
        Self { fresh: true, ..Self::to::<A>(id, command) }
    }

    pub(crate) fn key(&self) -> Key {
        (self.kind.table, self.id)
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Change({} {})", self.kind.table, self.id)
    }
}

/// Table and id: where an aggregate lives.
pub(crate) type Key = (&'static str, Uuid);

/// The aggregates of a service, by table.
#[derive(Clone, Default)]
pub struct Aggregates(pub(crate) BTreeMap<&'static str, Kind>);

impl Aggregates {
    /// Adds one.
    pub fn with<A: Aggregate>(&mut self) -> &mut Self {
        self.0.insert(A::TABLE, Kind::of::<A>());
        self
    }
}

/// What the road knows of an aggregate's type.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub table: &'static str,
    pub read: fn(&str) -> Result<Box<dyn AnyState>, serde_json::Error>,
    pub empty: fn() -> Box<dyn AnyState>,
    pub on_deadline: fn(Uuid, &str) -> Option<Change>,
}

impl Kind {
    pub fn of<A: Aggregate>() -> Self {
        Self {
            table: A::TABLE,
            read: |json| Ok(Box::new(Typed(serde_json::from_str::<A>(json)?))),
            empty: || Box::new(Typed(A::default())),
            on_deadline: |id, kind| A::on_deadline(kind).map(|command| Change::to::<A>(id, command)),
        }
    }
}

pub(crate) type AnyEvent = Box<dyn Any + Send + Sync>;

/// An aggregate of any type.
pub(crate) trait AnyState: Send + Sync {
    fn decide(&self, command: &(dyn Any + Send + Sync), now: Timestamp) -> Result<Vec<AnyEvent>, Fault>;
    fn apply(&mut self, event: &AnyEvent) -> Result<(), Fault>;
    fn publish(&self, event: &AnyEvent, shard: u8) -> Result<Published, Fault>;
    fn reactions(&self, event: &AnyEvent) -> Result<Vec<Change>, Fault>;
    fn rows(&self, event: &AnyEvent) -> Result<Vec<Row>, Fault>;
    fn deadlines(&self) -> Vec<(&'static str, Timestamp)>;
    fn json(&self) -> Result<String, Fault>;
    fn copy(&self) -> Box<dyn AnyState>;
    fn as_any(&self) -> &dyn Any;
}

struct Typed<A>(A);

fn typed<T: 'static>(value: &(dyn Any + Send + Sync)) -> Result<&T, Fault> {
    value.downcast_ref().ok_or_else(|| Fault::broken("a command or event reached an aggregate of another type"))
}

impl<A: Aggregate> AnyState for Typed<A> {
    fn decide(&self, command: &(dyn Any + Send + Sync), now: Timestamp) -> Result<Vec<AnyEvent>, Fault> {
        let events = self.0.decide(typed::<A::Command>(command)?.clone(), now).map_err(Into::into)?;
        Ok(events.into_iter().map(|event| Box::new(event) as AnyEvent).collect())
    }

    fn apply(&mut self, event: &AnyEvent) -> Result<(), Fault> {
        self.0.apply(typed(event.as_ref())?);
        Ok(())
    }

    fn publish(&self, event: &AnyEvent, shard: u8) -> Result<Published, Fault> {
        Ok(self.0.publish(typed(event.as_ref())?, shard))
    }

    fn reactions(&self, event: &AnyEvent) -> Result<Vec<Change>, Fault> {
        Ok(self.0.reactions(typed(event.as_ref())?))
    }

    fn rows(&self, event: &AnyEvent) -> Result<Vec<Row>, Fault> {
        Ok(self.0.rows(typed(event.as_ref())?))
    }

    fn deadlines(&self) -> Vec<(&'static str, Timestamp)> {
        self.0.deadlines()
    }

    fn json(&self) -> Result<String, Fault> {
        serde_json::to_string(&self.0).map_err(Fault::internal)
    }

    fn copy(&self) -> Box<dyn AnyState> {
        Box::new(Self(self.0.clone()))
    }

    fn as_any(&self) -> &dyn Any {
        &self.0
    }
}
