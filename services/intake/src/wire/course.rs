//! What others learn of the course of a case, and how it is shown.
use backbone::{Published, proto};
use contracts::intake::v1 as contract;
use uuid::Uuid;

use super::{channel, fields, reply::owed};
use crate::domain::{
    case::Case,
    course::{By, Course, Event, LinkKind},
    reply::begun,
};

/// An event as others learn it.
pub fn publish(case: &Case, event: &Event, shard: u8) -> Published {
    let facts = case.facts.as_ref();
    let case_id = facts.map(|facts| facts.case_id.to_string()).unwrap_or_default();
    let complaint_id = facts.and_then(|facts| facts.complaint_id).map(|id| id.to_string()).unwrap_or_default();
    match event {
        Event::Reopened { by, promises } => {
            let by = match by {
                By::Person { .. } => contract::ReopenedBy::Person,
                By::Contact => contract::ReopenedBy::Contact,
                By::Undelivered => contract::ReopenedBy::Undelivered,
            };
            reopened(case_id, by, begun(promises).map(owed), shard)
        }
        Event::Heard { further, promises } => {
            let added = contract::CaseContactAdded {
                case_id,
                customer_id: facts.map(|facts| facts.customer_id.to_string()).unwrap_or_default(),
                complaint_id,
                message_id: further.contact_id.to_string(),
                channel: channel(further.channel).into(),
                occurred_at: Some(proto::timestamp(further.at)),
                was_asked: further.was_asked,
                reply: begun(promises).map(owed),
                fields_left_out: fields(&further.left_out),
            };
            Published::of(&added, shard).at(further.at)
        }
        Event::Linked { other, kind } => {
            Published::of(&contract::CaseLinked { case_id, link: Some(link(*other, *kind)) }, shard)
        }
        Event::Unlinked { other, kind } => {
            Published::of(&contract::CaseUnlinked { case_id, link: Some(link(*other, *kind)) }, shard)
        }
        Event::Merged { merged, .. } => {
            let merged = contract::CaseMerged {
                case_id,
                complaint_id,
                into_case_id: merged.into.to_string(),
                into_complaint_id: merged.into_complaint.map(|id| id.to_string()).unwrap_or_default(),
                registered_at: facts.map(|facts| proto::timestamp(facts.recorded_at)),
                merged_at: Some(proto::timestamp(merged.at)),
            };
            Published::of(&merged, shard)
        }
        Event::Unmerged { from, from_complaint } => {
            let unmerged = contract::CaseUnmerged {
                case_id,
                complaint_id,
                from_case_id: from.to_string(),
                from_complaint_id: from_complaint.map(|id| id.to_string()).unwrap_or_default(),
            };
            Published::of(&unmerged, shard)
        }
        Event::Absorbed { other, .. } => {
            Published::of(&contract::CaseAbsorbed { case_id, absorbed_case_id: other.to_string() }, shard)
        }
        Event::PutBack { version, .. } => {
            let assignment_version = *version;
            Published::of(&contract::CasePutBack { case_id, complaint_id, assignment_version }, shard)
        }
        Event::Released { other } => {
            Published::of(&contract::CaseReleased { case_id, released_case_id: other.to_string() }, shard)
        }
    }
}

/// A closed case goes on, with an answer that is owed from then on.
pub fn reopened(case_id: String, by: contract::ReopenedBy, reply: Option<contract::ReplyOwed>, shard: u8) -> Published {
    Published::of(&contract::CaseReopened { case_id, by: by.into(), reply }, shard)
}

/// The cases one belongs with.
pub fn links(course: &Course) -> Vec<contract::CaseLink> {
    course.all_links().into_iter().map(|(other, kind)| link(other, kind)).collect()
}

/// What a person can say another case is.
pub fn link_kind_of(kind: contract::LinkKind) -> Option<LinkKind> {
    match kind {
        contract::LinkKind::Related => Some(LinkKind::Related),
        contract::LinkKind::Parent => Some(LinkKind::Parent),
        contract::LinkKind::FollowUpOf => Some(LinkKind::FollowUpOf),
        contract::LinkKind::Unspecified | contract::LinkKind::Child | contract::LinkKind::FollowedUpBy => None,
    }
}

fn link(other: Uuid, kind: LinkKind) -> contract::CaseLink {
    let kind = match kind {
        LinkKind::Related => contract::LinkKind::Related,
        LinkKind::Parent => contract::LinkKind::Parent,
        LinkKind::Child => contract::LinkKind::Child,
        LinkKind::FollowUpOf => contract::LinkKind::FollowUpOf,
        LinkKind::FollowedUpBy => contract::LinkKind::FollowedUpBy,
    };
    contract::CaseLink { case_id: other.to_string(), kind: kind.into() }
}
