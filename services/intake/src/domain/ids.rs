//! Ids that follow from what a thing is: told again it is the same thing.
use kernel::id;
use uuid::Uuid;

use super::vocabulary::Channel;

/// The id of the case that stands for a contact a channel knows by its own reference (idempotent on both).
pub fn id_of(channel: Channel, external_ref: &str) -> Uuid {
    id::derived("case", &[channel.word(), external_ref])
}

/// The id of the case a follow-up's answer opens.
pub fn id_of_follow_up(follow_up_id: Uuid) -> Uuid {
    id::derived("case", &[Channel::FollowUp.word(), &follow_up_id.to_string()])
}

/// The id of the complaint a case is handled as.
pub fn complaint_of(case_id: Uuid) -> Uuid {
    id::derived("complaint", &[&case_id.to_string()])
}
