//! The contracts between the services: messages, clients, servers and events, generated from `proto/`.
//! Subjects stand in the protos and nowhere else; an event can only be published where its contract says.
use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};

pub use prost::Message;
pub use prost_types::Timestamp;

#[expect(clippy::allow_attributes, clippy::doc_markdown, reason = "generated code")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/all.rs"));
}
mod event_impls {
    include!(concat!(env!("OUT_DIR"), "/event_impls.rs"));
}

pub use generated::aftercare::{
    analytics, common, complaint, fulfilment, intake, operations, options, outreach, scheduling,
};

/// The serialised `FileDescriptorSet` of all contracts, for reflection and tools.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.bin"));

/// Every event: its type and its subject as written in the proto.
pub const EVENTS: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/event_index.rs"));

/// The number of shards a journal is sent in. An aggregate's shard never changes.
pub const SHARDS: u8 = 16;

/// A fact that is published. Implemented by the build for every message with a subject option.
pub trait Event: Message + Default + Send + Sync + 'static {
    /// The full name of the message, the CloudEvents type.
    const TYPE: &'static str;
    /// The subject as written in the proto, tokens in braces.
    const SUBJECT: &'static str;
    /// The subject with `*` for every token.
    const FILTER: &'static str;

    /// Where this event goes, without the space it lives in ("aftercare.").
    fn subject(&self, shard: u8) -> String;
}

/// The stream a subject belongs to: its first word, in capitals.
pub fn stream_of(subject: &str) -> String {
    subject.split('.').next().unwrap_or_default().to_uppercase()
}

/// All events of the aggregate a filter belongs to: its last word opened up.
pub fn aggregate_filter(filter: &str) -> String {
    match filter.rsplit_once('.') {
        Some((head, _)) => format!("{head}.>"),
        None => filter.to_owned(),
    }
}

/// Whether a filter names a subject: `*` is any word, `>` all that follow.
pub fn names(filter: &str, subject: &str) -> bool {
    let mut words = subject.split('.');
    for wanted in filter.split('.') {
        match (wanted, words.next()) {
            (">", word) => return word.is_some(),
            ("*", Some(_)) => {}
            (wanted, Some(word)) if wanted == word => {}
            _ => return false,
        }
    }
    words.next().is_none()
}

/// The shard of an aggregate.
pub fn shard_of(aggregate_id: uuid::Uuid) -> u8 {
    let bytes = aggregate_id.as_bytes();
    (bytes.iter().fold(0u8, |sum, byte| sum.rotate_left(3) ^ byte)) % SHARDS
}

/// All contracts, for reading messages whose type is only known at run time.
pub fn pool() -> &'static DescriptorPool {
    #[expect(clippy::expect_used, reason = "the build wrote these bytes from a pool it had decoded itself")]
    static POOL: LazyLock<DescriptorPool> =
        LazyLock::new(|| DescriptorPool::decode(DESCRIPTOR_SET).expect("the built descriptor set decodes"));
    &POOL
}

/// An event of any type as JSON, for people and for tools. `None` for an unknown type or bytes that do not decode.
pub fn to_json(event_type: &str, payload: &[u8]) -> Option<String> {
    let descriptor = pool().get_message_by_name(event_type)?;
    let message = DynamicMessage::decode(descriptor, payload).ok()?;
    let mut out = Vec::new();
    let mut json = serde_json::Serializer::new(&mut out);
    let options = SerializeOptions::new().use_proto_field_name(true).stringify_64_bit_integers(false);
    message.serialize_with_options(&mut json, &options).ok()?;
    String::from_utf8(out).ok()
}

/// The word an enum value is called by in a subject: without its prefix, in lower case.
fn token(value: &str, prefix: &str) -> String {
    value.trim_start_matches(prefix).to_lowercase()
}
