//! One case turns out to be two: part of what was said makes a case of its own, as a child of this one. It is promised its
//! first answer from the split on, by the levels that hold then; harm that was known goes with both, so that neither waits
//! behind anything else. The words stay where they are, and go to the new case besides.
use uuid::Uuid;

use super::LinkKind;
use crate::domain::{
    case::{self, Case, Contact, Facts, Rejection},
    classify::Classification,
    record::Part,
    vocabulary::Lane,
};

impl Facts {
    /// The contact that part of the case makes.
    pub fn part(&self, case_id: Uuid, mut classification: Classification) -> Contact {
        let least = u8::from(self.lane == Lane::Health);
        classification.severity = classification.severity.max(self.health_severity).max(least);
        Contact {
            case_id,
            customer_id: self.customer_id,
            channel: self.channel,
            purchase_id: self.purchase_id,
            product_id: self.product_id.clone(),
            batch: self.batch.clone(),
            classification,
            emotion: self.emotion.filter(|_| self.parts.contains(&Part::Emotion)),
            vip_tier: self.vip_tier,
            repeat_contact: false,
            occurred_at: self.occurred_at,
            follow_up_id: None,
            store_id: self.store_id.clone(),
            parts: [Part::Content].into_iter().chain(self.parts.get(&Part::Emotion).copied()).collect(),
        }
    }
}

impl Case {
    /// The new case, which has these words, is part of this one. Errors: this one is at its end, or merged; it never heard
    /// such words.
    pub(super) fn split(&self, facts: &Facts, into: Uuid, words: &[Uuid]) -> Result<Vec<case::Event>, Rejection> {
        if let Some(merged) = self.merged_into() {
            return Err(Rejection::Merged(merged.into));
        }
        if self.is_ended() {
            return Err(Rejection::Closed);
        }
        let known = |id: &&Uuid| self.course.further.iter().any(|further| further.contact_id == **id);
        match words.iter().find(|id| !known(id)) {
            Some(unknown) => Err(Rejection::NeverHeard(*unknown)),
            None => self.link(facts, into, LinkKind::Child),
        }
    }
}
