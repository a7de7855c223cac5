//! A contact of a customer, and the case it becomes: classified, in its lane, with its promise.
use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;
use kernel::sla::{self, Levels};
use uuid::Uuid;

use super::{
    answer::{self, Given},
    arrival::{Arrival, Closed},
    case::{Command, Event, Facts, Rejection, complaint_of},
    classify::Classification,
    health,
    knowledge::Article,
    minimum::Field,
    priority::{self, Priority, Weighed},
    record::Part,
    regulator::Packs,
    sending::acknowledgement_message,
    vocabulary::{Channel, Emotion, Lane},
};

/// A contact, before it is taken in.
#[derive(Clone, Debug)]
pub struct Contact {
    pub case_id: Uuid,
    pub customer_id: Uuid,
    pub channel: Channel,
    pub purchase_id: Option<Uuid>,
    pub product_id: Option<String>,
    pub batch: Option<String>,
    pub classification: Classification,
    pub emotion: Option<Emotion>,
    /// 0 (none) to 3.
    pub vip_tier: u8,
    pub repeat_contact: bool,
    pub occurred_at: Timestamp,
    pub follow_up_id: Option<Uuid>,
    pub store_id: Option<String>,
    /// What of the record a person stated.
    pub parts: BTreeSet<Part>,
    /// The article that was found for it; offered only where an article may answer.
    pub article: Option<Article>,
    /// What of the health record a person stated.
    pub health: health::Said,
    /// Whom harm is reported to.
    pub packs: Arc<Packs>,
    /// The source over which the article can be sent; none where whoever brings the contact shows it.
    pub over: Option<String>,
    /// What was told and is not needed.
    pub left_out: BTreeSet<Field>,
    pub arrival: Arrival,
}

impl Contact {
    /// The command that takes the contact in.
    pub fn register(self, levels: &Arc<Levels>) -> Command {
        Command::Register { contact: Box::new(self), levels: Arc::clone(levels) }
    }

    /// The queue it would wait in, and with how many points.
    pub(super) fn weighed(&self) -> (Lane, Priority) {
        let Classification { class, severity, heard, .. } = self.classification;
        let weighed = Weighed {
            severity,
            emotion: self.emotion,
            heard,
            vip_tier: self.vip_tier,
            channel: self.channel,
            repeat_contact: self.repeat_contact,
        };
        (priority::lane(class, severity), priority::priority(weighed))
    }

    /// The case that is on record from now on, and what was said of a person's health with it.
    pub(super) fn take_in(self, levels: &Levels, now: Timestamp) -> Result<Vec<Event>, Rejection> {
        let (lane, priority) = self.weighed();
        let health = (!self.health.is_empty()).then_some(Event::Health(health::Event::Recorded(self.health)));
        let Classification { class, source, severity, heard, reading } = self.classification;
        let asked = sla::Facts {
            channel: Some(self.channel.word()),
            class: Some(class.word()),
            priority: Some(lane.word()),
            segment: (self.vip_tier >= 1).then_some("vip"),
            store: self.store_id.as_deref(),
        };
        let urgent = priority::is_urgent(lane, &priority);
        let Given { promises, respond_by, answered_from } = answer::promised(levels, asked, urgent, now)?;
        let Arrival { told, doubt, request } = self.arrival;
        let closed = told.and_then(|told| Closed::at(levels, asked, told, (self.occurred_at, now)));
        let acknowledged =
            closed.as_ref().and_then(|closed| closed.acknowledged(acknowledgement_message(self.case_id), now));
        let facts = Box::new(Facts {
            case_id: self.case_id,
            customer_id: self.customer_id,
            channel: self.channel,
            purchase_id: self.purchase_id,
            product_id: self.product_id,
            batch: self.batch,
            class,
            class_source: source,
            emotion: self.emotion.or(heard.emotion),
            lane,
            health_severity: severity,
            priority,
            occurred_at: self.occurred_at,
            recorded_at: now,
            respond_by,
            complaint_id: class.is_complaint().then(|| complaint_of(self.case_id)),
            follow_up_id: self.follow_up_id,
            store_id: self.store_id,
            parts: self.parts,
            vip_tier: self.vip_tier,
            repeat_contact: self.repeat_contact,
            answered_from,
            left_out: self.left_out,
            closed,
            doubt,
            reading,
            request,
        });
        Ok(std::iter::once(Event::Registered { facts, promises }).chain(health).chain(acknowledged).collect())
    }
}
