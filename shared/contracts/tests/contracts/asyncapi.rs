//! asyncapi.yaml: the same events as an AsyncAPI 3 document, for tools that draw, mock or generate from it.
//! Payloads travel as protobuf; the schemas describe their JSON form, as `aftercare tail --json` prints it.
use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

use crate::{
    contract::{self, Event, doc, privacy},
    files,
};

#[test]
fn the_asyncapi_document_is_current() {
    let mut text = String::from("# Written from the protos by `make docs`; do not edit.\n");
    document().write(&mut text, 0);
    files::assert_current("../../proto/aftercare/asyncapi.yaml", &text);
}

/// As much of YAML as the document needs; maps keep their order.
enum Yaml {
    Text(String),
    Number(i64),
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
}

impl Yaml {
    fn write(&self, out: &mut String, depth: usize) {
        let indent = "  ".repeat(depth);
        match self {
            Yaml::Text(text) => *out += &format!(" {}\n", serde_json::to_string(text).unwrap()),
            Yaml::Number(number) => *out += &format!(" {number}\n"),
            Yaml::List(items) => {
                out.push('\n');
                for item in items {
                    *out += &format!("{indent}-");
                    match item {
                        // A reference fits on the line of its dash.
                        Yaml::Map(entries) if let [(key, Yaml::Text(value))] = entries.as_slice() => {
                            *out += &format!(" {key}: {}\n", serde_json::to_string(value).unwrap());
                        }
                        other => other.write(out, depth + 1),
                    }
                }
            }
            Yaml::Map(entries) => {
                if depth > 0 {
                    out.push('\n');
                }
                for (key, value) in entries {
                    *out += &format!("{indent}{key}:");
                    value.write(out, depth + 1);
                }
            }
        }
    }
}

fn text(value: impl Into<String>) -> Yaml {
    Yaml::Text(value.into())
}

/// The entries that have something in them.
fn entries<const N: usize>(entries: [(&str, Yaml); N]) -> Vec<(String, Yaml)> {
    entries.into_iter().filter(|(_, value)| !is_empty(value)).map(|(key, value)| (key.to_owned(), value)).collect()
}

fn map<const N: usize>(of: [(&str, Yaml); N]) -> Yaml {
    Yaml::Map(entries(of))
}

fn is_empty(value: &Yaml) -> bool {
    match value {
        Yaml::Text(text) => text.is_empty(),
        Yaml::Number(_) => false,
        Yaml::List(items) => items.is_empty(),
        Yaml::Map(entries) => entries.is_empty(),
    }
}

fn reference(path: String) -> Yaml {
    map([("$ref", text(path))])
}

fn document() -> Yaml {
    let events = contract::events(contracts::pool());
    let (messages, enums) = contract::shapes(&events);
    let all = |part: fn(&Event) -> Yaml| {
        Yaml::Map(events.iter().map(|event| (event.message.full_name().to_owned(), part(event))).collect())
    };
    let mut schemas = vec![("Headers".to_owned(), headers())];
    schemas.extend(events.iter().map(|e| (e.message.full_name().to_owned(), message_schema(&e.message))));
    schemas.extend(messages.iter().map(|(name, message)| (name.clone(), message_schema(message))));
    schemas.extend(enums.iter().map(|(name, kind)| (name.clone(), enum_schema(kind))));
    map([
        ("asyncapi", text("3.0.0")),
        (
            "info",
            map([
                ("title", text("Aftercare events")),
                ("version", text("1.0.0")),
                (
                    "description",
                    text(
                        "Every fact the after-sales services publish. Payloads are protobuf messages in JetStream streams; \
                     the order within one aggregate is the order of its versions.",
                    ),
                ),
                ("license", map([("name", text("Apache-2.0"))])),
            ]),
        ),
        ("defaultContentType", text("application/protobuf")),
        ("servers", map([("local", map([("host", text("127.0.0.1:7151")), ("protocol", text("nats"))]))])),
        ("channels", all(channel)),
        ("operations", all(operation)),
        ("components", map([("messages", all(message)), ("schemas", Yaml::Map(schemas))])),
    ])
}

fn channel(event: &Event) -> Yaml {
    let name = event.message.full_name();
    let parameters = event.subject.split('.').filter_map(|t| t.strip_prefix('{')?.strip_suffix('}'));
    map([
        ("address", text(format!("aftercare.{}", event.subject))),
        ("description", text(doc(&event.message.parent_file(), event.message.path()))),
        ("messages", map([(event.message.name(), reference(format!("#/components/messages/{name}")))])),
        (
            "parameters",
            Yaml::Map(parameters.map(|token| (token.to_owned(), parameter(&event.message, token))).collect()),
        ),
    ])
}

fn parameter(message: &MessageDescriptor, token: &str) -> Yaml {
    let Some(field) = message.get_field_by_name(token) else {
        return map([("description", text("The aggregate's shard, 00 to 15."))]);
    };
    let words = match field.kind() {
        Kind::Enum(kind) => {
            let prefix = kind.default_value().name().trim_end_matches("UNSPECIFIED").to_owned();
            let named = kind.values().filter(|value| value.number() != 0);
            named.map(|value| text(value.name().trim_start_matches(&prefix).to_lowercase())).collect()
        }
        _ => vec![],
    };
    map([("description", text(format!("The field {token}, in lower case."))), ("enum", Yaml::List(words))])
}

fn operation(event: &Event) -> Yaml {
    let (full, name) = (event.message.full_name(), event.message.name());
    map([
        ("action", text("send")),
        ("summary", text(format!("{} publishes {name} into stream {}.", event.publisher(), event.stream()))),
        ("channel", reference(format!("#/channels/{full}"))),
        ("messages", Yaml::List(vec![reference(format!("#/channels/{full}/messages/{name}"))])),
        ("tags", Yaml::List(vec![map([("name", text(event.publisher()))])])),
    ])
}

fn message(event: &Event) -> Yaml {
    let full = event.message.full_name();
    map([
        ("name", text(full)),
        ("title", text(event.message.name())),
        ("summary", text(doc(&event.message.parent_file(), event.message.path()))),
        ("headers", reference("#/components/schemas/Headers".to_owned())),
        ("payload", reference(format!("#/components/schemas/{full}"))),
    ])
}

fn headers() -> Yaml {
    let header =
        |name: &str, meaning: &str| (name.to_owned(), map([("type", text("string")), ("description", text(meaning))]));
    let properties = Yaml::Map(vec![
        header("Nats-Msg-Id", "The event's id, a UUIDv7; the same as ce-id."),
        header("ce-specversion", "1.0."),
        header("ce-id", "The event's id."),
        header("ce-type", "The full name of the protobuf message."),
        header("ce-source", "/aftercare/ and the service that published it."),
        header("ce-subject", "The aggregate's id."),
        header("ce-time", "When it happened, RFC 3339."),
        header("ce-dataschema", "urn:protobuf: and the full name of the message."),
        header("aftercare-version", "The aggregate's version after the event: 1, 2, 3 … without holes."),
        header("aftercare-recorded", "When it was committed, RFC 3339."),
        header("aftercare-actor", "Who did it, for example staff:ana or system."),
        header("aftercare-cause", "The request or event that led to it."),
        header("aftercare-correlation", "The same for everything that one first cause led to."),
        header("traceparent", "W3C trace context."),
    ]);
    map([("type", text("object")), ("properties", properties)])
}

fn message_schema(message: &MessageDescriptor) -> Yaml {
    let fields = message.fields().map(|field| (field.name().to_owned(), field_schema(message, &field)));
    map([
        ("type", text("object")),
        ("title", text(message.name())),
        ("description", text(doc(&message.parent_file(), message.path()))),
        ("properties", Yaml::Map(fields.collect())),
    ])
}

fn field_schema(message: &MessageDescriptor, field: &FieldDescriptor) -> Yaml {
    let class = privacy(field).to_lowercase();
    let value = value_schema(&field.kind());
    let mut entries = match (field.is_list(), value.as_slice()) {
        (true, _) => entries([("type", text("array")), ("items", Yaml::Map(value))]),
        // Siblings of a reference are ignored, so it is wrapped.
        (false, [(key, _)]) if key == "$ref" => entries([("allOf", Yaml::List(vec![Yaml::Map(value)]))]),
        (false, _) => value,
    };
    entries.extend(self::entries([
        ("description", text(doc(&message.parent_file(), field.path()))),
        ("x-field-number", Yaml::Number(field.number().into())),
        ("x-privacy", text(if class == "unspecified" { "" } else { &class })),
    ]));
    Yaml::Map(entries)
}

fn value_schema(kind: &Kind) -> Vec<(String, Yaml)> {
    let typed = |kind: &str, format: &str| entries([("type", text(kind)), ("format", text(format))]);
    let reference = |name: &str| entries([("$ref", text(format!("#/components/schemas/{name}")))]);
    match kind {
        Kind::Message(inner) if inner.full_name() == "google.protobuf.Timestamp" => typed("string", "date-time"),
        Kind::Message(inner) => reference(inner.full_name()),
        Kind::Enum(inner) => reference(inner.full_name()),
        Kind::String => typed("string", ""),
        Kind::Bytes => typed("string", "byte"),
        Kind::Bool => typed("boolean", ""),
        Kind::Double | Kind::Float => typed("number", &format!("{kind:?}").to_lowercase()),
        integer => typed("integer", &format!("{integer:?}").to_lowercase()),
    }
}

fn enum_schema(kind: &EnumDescriptor) -> Yaml {
    map([
        ("type", text("string")),
        ("description", text(doc(&kind.parent_file(), kind.path()))),
        ("enum", Yaml::List(kind.values().map(|value| text(value.name())).collect())),
    ])
}
