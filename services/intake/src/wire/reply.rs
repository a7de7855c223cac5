//! What others learn of the answers after the first one, and how they are shown.
use backbone::{Published, proto};
use contracts::intake::v1 as contract;
use kernel::{
    promise::{Promise, State},
    sla::Kind,
};

use crate::domain::{case::Case, reply::Event};

/// An event as others learn it.
pub(super) fn published(case: &Case, event: &Event, (case_id, lane): (String, i32), shard: u8) -> Published {
    let promise = case.promises.last(Kind::NextResponse);
    let since = promise.map(|promise| proto::timestamp(promise.started_at));
    let due = promise.map(|promise| promise.standing.due_at);
    let reply_by = due.map(proto::timestamp);
    match event {
        Event::Given { at, in_time, was_missed, .. } => {
            let (replied_at, in_time, was_missed) = (Some(proto::timestamp(*at)), *in_time, *was_missed);
            let replied = contract::CaseReplied { case_id, since, reply_by, replied_at, in_time, was_missed };
            Published::of(&replied, shard).at(*at)
        }
        Event::DueSoon { warning, .. } => {
            let warning = warning.to_string();
            Published::of(&contract::CaseReplyDueSoon { case_id, warning, reply_by, lane }, shard)
        }
        Event::Missed { .. } => {
            let missed = Published::of(&contract::CaseReplyMissed { case_id, since, reply_by, lane }, shard);
            due.into_iter().fold(missed, Published::at)
        }
    }
}

/// An answer that is owed.
pub(super) fn owed(promise: &Promise) -> contract::ReplyOwed {
    let calendar = promise.terms.calendar.as_ref();
    contract::ReplyOwed {
        since: Some(proto::timestamp(promise.started_at)),
        reply_by: Some(proto::timestamp(promise.standing.due_at)),
        missed: promise.standing.state == State::Breached,
        calendar: calendar.map(|calendar| calendar.id.clone()).unwrap_or_default(),
        calendar_version: calendar.map_or(0, |calendar| calendar.version),
    }
}
