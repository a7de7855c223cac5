//! What the customer heard from us, or should have, as others learn of it.
use backbone::Published;
use contracts::complaint::v1 as contract;

use super::{instant, optional};
use crate::domain::{Complaint, care::Heard};

impl Complaint {
    pub(super) fn heard(&self, heard: &Heard, shard: u8) -> Published {
        let complaint_id = self.facts.complaint_id.to_string();
        let customer_id = self.facts.customer_id.to_string();
        match heard {
            Heard::Ordered { message_id } => {
                let message_id = message_id.to_string();
                Published::of(&contract::ProgressMessageOrdered { complaint_id, customer_id, message_id }, shard)
            }
            Heard::Told { at, channel } => {
                let (channel, word_by) = (channel.clone(), self.word_by().and_then(instant));
                Published::of(&contract::ProgressTold { complaint_id, channel, word_by }, shard).at(*at)
            }
            Heard::Feedback { satisfied, channel, at } => {
                let (satisfied, channel, said_at) = (*satisfied, channel.clone().unwrap_or_default(), instant(*at));
                Published::of(&contract::FeedbackGiven { complaint_id, satisfied, channel, said_at }, shard).at(*at)
            }
            Heard::TooSilent { due } => {
                Published::of(&contract::CustomerWithoutWord { complaint_id, word_by: instant(*due) }, shard).at(*due)
            }
            Heard::ResultLate { due } => {
                Published::of(&contract::ResultLate { complaint_id, tell_by: instant(*due) }, shard).at(*due)
            }
            Heard::ResultInTime { due, escalation_id } => {
                let (tell_by, escalation_id) = (instant(*due), optional(*escalation_id));
                Published::of(&contract::ResultLateCorrected { complaint_id, tell_by, escalation_id }, shard)
            }
            Heard::Unasked { message_id, .. } => {
                let (message_id, times_asked) = (message_id.to_string(), self.care.asked);
                Published::of(&contract::SatisfactionUnasked { complaint_id, message_id, times_asked }, shard)
            }
            Heard::AskedAgain { message_id, number, .. } => {
                let (message_id, number) = (message_id.to_string(), *number);
                Published::of(&contract::SatisfactionAsked { complaint_id, customer_id, message_id, number }, shard)
            }
        }
    }
}
