//! What the customer heard from us, or should have, as others learn of it.
use backbone::{Change, Published};
use contracts::complaint::v1 as contract;

use super::{instant, optional, settle};
use crate::domain::{
    Complaint,
    care::Heard,
    complaint::{Event, State},
};

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
            Heard::Unreached { channel, at, .. } => {
                let (channel, tried_at, times_asked) = (channel.clone(), instant(*at), self.care.asked);
                let unreached = contract::CustomerUnreached { complaint_id, channel, tried_at, times_asked };
                Published::of(&unreached, shard).at(*at)
            }
            Heard::Confirmed { closed_at } => Published::of(&self.close_corrected(instant(*closed_at)), shard),
            Heard::Reminded { message_id, number, answer_by } => {
                let (message_id, number, answer_by) = (message_id.to_string(), *number, instant(*answer_by));
                let told = contract::OfferReminded { complaint_id, customer_id, message_id, number, answer_by };
                Published::of(&told, shard)
            }
            Heard::Unanswered { due } => {
                Published::of(&contract::OfferUnanswered { complaint_id, answer_by: instant(*due) }, shard).at(*due)
            }
            Heard::Wrote { at } => {
                let (wrote_at, read_by) = (instant(*at), self.read_by().and_then(instant));
                Published::of(&contract::CustomerWrote { complaint_id, wrote_at, read_by }, shard).at(*at)
            }
            Heard::Unread { due } => {
                Published::of(&contract::CustomerUnread { complaint_id, read_by: instant(*due) }, shard).at(*due)
            }
            Heard::Read { at, .. } => {
                Published::of(&contract::CustomerRead { complaint_id, read_at: instant(*at) }, shard).at(*at)
            }
        }
    }

    fn close_corrected(&self, closed_at: Option<contracts::Timestamp>) -> contract::ComplaintCloseCorrected {
        let outcome = if let State::Closed { outcome, .. } = self.state { outcome.name() } else { "" };
        contract::ComplaintCloseCorrected {
            complaint_id: self.facts.complaint_id.to_string(),
            case_id: self.facts.case_id.to_string(),
            outcome: outcome.to_owned(),
            closed_at,
        }
    }

    /// What his answer settles: that he gave none, once he wrote; that nobody read what he wrote, once somebody did.
    pub(super) fn settled_by(&self, event: &Event) -> Vec<Change> {
        let unread = self.care.awaited.unread_raised.filter(|_| !matches!(event, Event::Care(Heard::Wrote { .. })));
        self.care.awaited.unanswered.into_iter().chain(unread).map(settle).collect()
    }
}
