//! What others learn of answers that are sent over the channel, and how they are shown.
use backbone::{Published, proto};
use contracts::intake::v1 as contract;

use super::reply::owed;
use crate::domain::{
    case::Case,
    reply::begun,
    sending::{Event, Fate, Sent, Words},
};

/// An event as others learn it.
pub fn published(case: &Case, event: &Event, (case_id, complaint_id): (String, String), shard: u8) -> Published {
    match event {
        Event::Asked { message_id, over, words, .. } => {
            let asked = contract::CaseAnswerRequested {
                case_id,
                customer_id: case.facts.as_ref().map(|facts| facts.customer_id.to_string()).unwrap_or_default(),
                message_id: message_id.to_string(),
                over: over.clone(),
                automatic: *words == Words::Article,
                acknowledgement: *words == Words::Acknowledgement,
            };
            Published::of(&asked, shard)
        }
        Event::Told { message_id, at } => {
            let (message_id, sent_at) = (message_id.to_string(), Some(proto::timestamp(*at)));
            Published::of(&contract::CaseAnswerSent { case_id, message_id, sent_at }, shard)
        }
        Event::Failed { message_id, code, promises, .. } => {
            let (message_id, code) = (message_id.to_string(), code.clone());
            let reply = begun(promises).map(owed);
            let failed = contract::CaseAnswerUndelivered { case_id, complaint_id, message_id, code, reply };
            Published::of(&failed, shard)
        }
    }
}

/// An answer as staff tools see it.
pub fn sent(one: &Sent) -> contract::SentAnswer {
    contract::SentAnswer {
        message_id: one.message_id.to_string(),
        over: one.over.clone(),
        automatic: one.article,
        acknowledgement: one.acknowledgement,
        asked_at: Some(proto::timestamp(one.at)),
        status: one.fate.name().to_owned(),
        code: if let Fate::Failed { code, .. } = &one.fate { code.clone() } else { String::new() },
    }
}
