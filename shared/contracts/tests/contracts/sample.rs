//! An example of any message with every field set, always the same: what is frozen when an event is first published.
//! Values differ from field to field, so that two fields that changed places are noticed.
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _, Value};
use uuid::Uuid;

/// 2026-03-02 08:00:00 UTC, the moment from which sample times count.
const MORNING: i64 = 1_772_438_400;

/// An example message. In an event every field has a value; of a oneof, the first one.
pub fn of(message: &MessageDescriptor) -> DynamicMessage {
    numbered(message, 0)
}

fn numbered(descriptor: &MessageDescriptor, salt: u32) -> DynamicMessage {
    let mut message = DynamicMessage::new(descriptor.clone());
    if descriptor.full_name() == "google.protobuf.Timestamp" {
        message.set_field_by_name("seconds", Value::I64(MORNING + i64::from(salt) * 3_600));
        message.set_field_by_name("nanos", Value::I32(123_456_000));
        return message;
    }
    for field in required(descriptor) {
        assert!(
            !field.is_map(),
            "{}: the bytes of a map have no fixed order, so no event may hold one",
            field.full_name()
        );
        let salt = salt * 8 + field.number();
        let sample = match field.is_list() {
            true => Value::List(vec![value(&field, salt), value(&field, salt + 100)]),
            false => value(&field, salt),
        };
        message.set_field(&field, sample);
    }
    message
}

/// The fields an example must set to show today's whole message.
fn required(descriptor: &MessageDescriptor) -> impl Iterator<Item = FieldDescriptor> {
    descriptor.fields().filter(|field| match field.containing_oneof() {
        Some(choice) if !choice.is_synthetic() => choice.fields().next().as_ref() == Some(field),
        _ => true,
    })
}

/// Whether a message sets everything its contract has today, at every depth.
pub fn is_whole(message: &DynamicMessage) -> bool {
    required(&message.descriptor()).all(|field| {
        let value = message.get_field(&field);
        let values = value.as_list().unwrap_or(std::slice::from_ref(value.as_ref()));
        message.has_field(&field) && values.iter().all(|value| value.as_message().is_none_or(is_whole_or_foreign))
    })
}

fn is_whole_or_foreign(message: &DynamicMessage) -> bool {
    !crate::contract::is_ours(message.descriptor().full_name()) || is_whole(message)
}

fn value(field: &FieldDescriptor, salt: u32) -> Value {
    match field.kind() {
        Kind::Message(inner) => Value::Message(numbered(&inner, salt)),
        Kind::Enum(kind) => {
            let named: Vec<_> = kind.values().filter(|value| value.number() != 0).collect();
            Value::EnumNumber(named[salt as usize % named.len()].number())
        }
        Kind::Bool => Value::Bool(true),
        Kind::String => Value::String(word(field, salt)),
        Kind::Bytes => Value::Bytes(vec![0, 0x7f, u8::try_from(salt % 256).unwrap()].into()),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(salt),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(i32::try_from(salt).unwrap()),
        // Beyond 32 bits, so that a narrower type would be noticed.
        Kind::Uint64 | Kind::Fixed64 => Value::U64((1 << 32) + u64::from(salt)),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64((1 << 32) + i64::from(salt)),
        Kind::Double => Value::F64(f64::from(salt) + 0.5),
        Kind::Float => Value::F32(0.5),
    }
}

fn word(field: &FieldDescriptor, salt: u32) -> String {
    let name = field.name();
    if crate::contract::is_token(field) {
        return "quality".to_owned();
    }
    if name == "currency" {
        return "CNY".to_owned();
    }
    if name.ends_with("_id") {
        return Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{}/{salt}", field.full_name()).as_bytes()).to_string();
    }
    format!("{name}-{salt}")
}
