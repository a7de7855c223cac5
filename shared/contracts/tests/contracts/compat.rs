//! What may change in a released contract: things may be added, nothing may be taken back or given another meaning.
use prost_reflect::{DescriptorPool, EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor, ServiceDescriptor};

use crate::contract::{self, is_ours};

/// Everything of `old` that `new` broke, one sentence each.
pub fn broken(old: &DescriptorPool, new: &DescriptorPool) -> Vec<String> {
    let mut out = Vec::new();
    for message in old.all_messages().filter(|m| is_ours(m.full_name())) {
        match new.get_message_by_name(message.full_name()) {
            Some(now) => messages(&message, &now, &mut out),
            None => out.push(format!("message {} was removed", message.full_name())),
        }
    }
    for kind in old.all_enums().filter(|e| is_ours(e.full_name())) {
        match new.get_enum_by_name(kind.full_name()) {
            Some(now) => enums(&kind, &now, &mut out),
            None => out.push(format!("enum {} was removed", kind.full_name())),
        }
    }
    for service in old.services() {
        match new.get_service_by_name(service.full_name()) {
            Some(now) => services(&service, &now, &mut out),
            None => out.push(format!("service {} was removed", service.full_name())),
        }
    }
    subjects(old, new, &mut out);
    out
}

fn messages(old: &MessageDescriptor, new: &MessageDescriptor, out: &mut Vec<String>) {
    for field in old.fields() {
        let name = field.full_name();
        match (new.get_field(field.number()), new.get_field_by_name(field.name())) {
            (Some(now), _) if now.name() == field.name() => fields(&field, &now, out),
            (_, Some(moved)) => {
                out.push(format!("{name} was renumbered from {} to {}", field.number(), moved.number()))
            }
            (Some(now), None) => out.push(format!("{name} was renamed to {}", now.name())),
            (None, None) => out.push(format!("{name} was removed")),
        }
    }
}

fn fields(old: &FieldDescriptor, new: &FieldDescriptor, out: &mut Vec<String>) {
    let name = old.full_name();
    if kind(old) != kind(new) {
        out.push(format!("{name} was retyped from {} to {}", kind(old), kind(new)));
    }
    let label = |field: &FieldDescriptor| (field.cardinality(), field.supports_presence(), choice(field));
    if label(old) != label(new) {
        let shown = |field| contract::type_name(field) + &choice(field).map(|c| format!(" in {c}")).unwrap_or_default();
        out.push(format!("{name} was relabelled from \"{}\" to \"{}\"", shown(old), shown(new)));
    }
}

fn kind(field: &FieldDescriptor) -> String {
    match field.kind() {
        Kind::Message(message) => message.full_name().to_owned(),
        Kind::Enum(kind) => kind.full_name().to_owned(),
        scalar => format!("{scalar:?}").to_lowercase(),
    }
}

fn choice(field: &FieldDescriptor) -> Option<String> {
    field.containing_oneof().filter(|choice| !choice.is_synthetic()).map(|choice| choice.name().to_owned())
}

fn enums(old: &EnumDescriptor, new: &EnumDescriptor, out: &mut Vec<String>) {
    for value in old.values() {
        let name = format!("{}.{}", old.full_name(), value.name());
        match (new.get_value(value.number()), new.get_value_by_name(value.name())) {
            (_, Some(now)) if now.number() == value.number() => {}
            (_, Some(now)) => out.push(format!("{name} was renumbered from {} to {}", value.number(), now.number())),
            (Some(now), None) => out.push(format!("{name} was renamed to {}", now.name())),
            (None, None) => out.push(format!("{name} was removed")),
        }
    }
}

fn services(old: &ServiceDescriptor, new: &ServiceDescriptor, out: &mut Vec<String>) {
    for method in old.methods() {
        let name = method.full_name();
        let Some(now) = new.methods().find(|m| m.name() == method.name()) else {
            out.push(format!("rpc {name} was removed"));
            continue;
        };
        for (what, was, is) in [("request", method.input(), now.input()), ("answer", method.output(), now.output())] {
            if was.full_name() != is.full_name() {
                out.push(format!("rpc {name} has another {what}: {} was {}", is.full_name(), was.full_name()));
            }
        }
        if (method.is_client_streaming(), method.is_server_streaming())
            != (now.is_client_streaming(), now.is_server_streaming())
        {
            out.push(format!("rpc {name} streams differently"));
        }
    }
}

fn subjects(old: &DescriptorPool, new: &DescriptorPool, out: &mut Vec<String>) {
    let now = contract::events(new);
    for event in contract::events(old) {
        let name = event.message.full_name();
        match now.iter().find(|e| e.message.full_name() == name) {
            Some(current) if current.subject == event.subject => {}
            Some(current) => out.push(format!("{name} moved from {} to {}", event.subject, current.subject)),
            None if new.get_message_by_name(name).is_none() => {}
            None => out.push(format!("{name} lost its subject {}", event.subject)),
        }
    }
}
