//! One case turns out to be two: part of what was said makes a case of its own, as a child of this one. It is promised its
//! first answer from the split on, by the levels that hold then; harm that was known goes with both, so that neither waits
//! behind anything else. The words stay where they are, and go to the new case besides.
use std::{collections::BTreeSet, sync::Arc};

use uuid::Uuid;

use super::LinkKind;
use crate::domain::{
    arrival::Arrival,
    case::{self, Case, Contact, Facts, Rejection},
    classify::Classification,
    record::Part,
    regulator::Packs,
    vocabulary::Lane,
};

impl Case {
    /// The contact that part of the case makes; none where there is no case.
    pub fn part(&self, case_id: Uuid, mut classification: Classification, packs: &Arc<Packs>) -> Option<Contact> {
        let whole = self.facts.as_ref()?;
        let least = u8::from(whole.lane == Lane::Health);
        classification.severity = classification.severity.max(whole.health_severity).max(least);
        Some(Contact {
            case_id,
            customer_id: whole.customer_id,
            channel: whole.channel,
            purchase_id: whole.purchase_id,
            product_id: whole.product_id.clone(),
            batch: whole.batch.clone(),
            health: self.health.of_part(classification.severity),
            classification,
            emotion: whole.emotion.filter(|_| whole.parts.contains(&Part::Emotion)),
            vip_tier: whole.vip_tier,
            repeat_contact: false,
            article: None,
            occurred_at: whole.occurred_at,
            follow_up_id: None,
            store_id: whole.store_id.clone(),
            parts: [Part::Content].into_iter().chain(whole.parts.get(&Part::Emotion).copied()).collect(),
            packs: Arc::clone(packs),
            over: None,
            left_out: BTreeSet::new(),
            arrival: Arrival::default(),
        })
    }

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
