//! A fact: one published event as the figures need it. Append-only, known by its event id, without any personal data;
//! `customer_id` is the pseudonym. Business times come from the event, never from when it was read.
use jiff::Timestamp;
use kernel::money::Money;
use serde::Serialize;
use uuid::Uuid;

/// One event, flattened. The names are the columns of table `fact`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The event's own id; a repeated event is the same fact.
    pub event_id: Uuid,
    /// Full name of the contract message.
    pub r#type: String,
    /// The service that published it.
    pub service: String,
    /// The stream it is published on.
    pub stream: String,
    /// The aggregate it happened to.
    pub aggregate_id: Uuid,
    /// 1..n within the aggregate.
    pub version: u64,
    /// When its owner wrote it down.
    pub recorded_at: Timestamp,
    /// What the figures read in it.
    pub measures: Measures,
    /// Its place in the stream; absent when it was read from the owner's journal.
    pub stream_seq: Option<u64>,
    /// Its place in the owner's journal; absent when it came by the stream.
    pub journal_seq: Option<u64>,
}

/// What an event says about the business.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measures {
    /// When it happened in the business: answered, closed, bought, recorded, concluded, paid out.
    pub occurred_at: Timestamp,
    /// The customer it is about.
    pub customer_id: Option<Uuid>,
    /// The end of the time that was promised for it.
    pub due_at: Option<Timestamp>,
    /// When what ended now had begun; of a case that is registered, when its customer turned to us.
    pub started_at: Option<Timestamp>,
    /// When the goods reached the customer.
    pub delivered_at: Option<Timestamp>,
    /// A customer's mark, 1 to 5.
    pub score: Option<u32>,
    /// What was paid, by the customer or back to him.
    pub amount: Option<Money>,
    /// The kind of an order, what a compensation is; the cause found, or the cause an improvement action is against; the model whose word a person replaced.
    pub code: Option<String>,
    /// The class of a complaint.
    pub class: Option<String>,
    /// The product it is about.
    pub product_id: Option<String>,
    /// The batch of the product.
    pub batch: Option<String>,
    /// The department that was found responsible, answered, or had it until it was forwarded.
    pub department: Option<String>,
    /// The store that sold.
    pub store: Option<String>,
    /// What else it is about: the purchase of a complaint; the complaint of a task, a reporter or an escalation; the
    /// finding a proposal comes from.
    pub about: Option<Uuid>,
    /// How often a customer had to do something for an order; the number of an offer, the level of an escalation, 1 of a recurrence, complaints after a release.
    pub number: Option<u64>,
    /// What the number is held against: complaints before the release. How many documents a customer was asked for.
    pub base: Option<u64>,
    /// From the hand-over to the acknowledgement, in seconds of wall time.
    pub to_acknowledge_s: Option<u64>,
    /// From the hand-over to the answer, or until it was forwarded; of a call from being offered until it ended.
    pub to_answer_s: Option<u64>,
    /// How a call or a case ended; of a case that a person classified, whether the model had said the same.
    pub outcome: Option<String>,
    /// The channel a contact came by.
    pub channel: Option<String>,
    /// More was asked of a customer than may be; nothing where no ceiling says so.
    pub exceeded: Option<bool>,
    /// Which policy a measure is held against, and its version.
    pub policy: Option<String>,
    /// How promises stand now.
    pub promised: Vec<Standing>,
    /// What was posted as a cost.
    pub costs: Vec<Cost>,
}

/// An amount on an account of costs, below nothing an income, and whom it lies with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cost {
    /// Within its entry.
    pub place: u32,
    pub account: String,
    pub minor: i64,
    /// ISO 4217.
    pub currency: String,
    pub cause: Option<String>,
    pub department: Option<String>,
    pub supplier: Option<String>,
    pub batch: Option<String>,
}

/// One promise, as an event tells of it. Which one it is, is said by its word and its start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Its kind.
    pub promise: String,
    /// When it was given.
    pub started_at: Timestamp,
    /// running, paused, met, breached, met_late, cancelled or cancelled_after_breach.
    pub status: String,
    /// The last instant in time.
    pub due_at: Timestamp,
}

impl Measures {
    /// Nothing but the time it happened.
    pub fn at(occurred_at: Timestamp) -> Self {
        Self { occurred_at, ..Self::default() }
    }
}
