//! CATALOGUE.md: every event with its subject, stream, publisher, fields and meaning, written from the protos.
use std::fmt::Write as _;

use prost_reflect::{EnumDescriptor, Kind, MessageDescriptor};

use crate::{
    contract::{self, Event, doc, is_ours, is_token, privacy, type_name},
    files,
};

#[test]
fn the_catalogue_is_current() {
    files::assert_current("../../proto/aftercare/CATALOGUE.md", &catalogue());
}

fn catalogue() -> String {
    let events = contract::events(contracts::pool());
    let (messages, enums) = contract::shapes(&events);
    let mut out = String::from(
        "# Events\n\n\
         Written from the protos by `make docs`; do not edit. Every subject is preceded by the space of the installation,\n\
         `aftercare.` unless configured otherwise. `{shard}` is the aggregate's shard, two digits; other words in braces\n\
         name a field. The payload is the bare protobuf message; its CloudEvents attributes are headers.\n\n\
         | stream | published by | events |\n|---|---|---:|\n",
    );
    for group in events.chunk_by(|a, b| a.stream() == b.stream() && a.publisher() == b.publisher()) {
        writeln!(
            out,
            "| [{0}](#{1}) | {2} | {3} |",
            group[0].stream(),
            anchor(&group[0]),
            group[0].publisher(),
            group.len()
        )
        .unwrap();
    }
    for group in events.chunk_by(|a, b| a.stream() == b.stream() && a.publisher() == b.publisher()) {
        writeln!(out, "\n## {}, published by {}", group[0].stream(), group[0].publisher()).unwrap();
        group.iter().for_each(|event| event_section(&mut out, event));
    }
    out.push_str("\n## Inside events\n");
    messages.values().for_each(|message| message_section(&mut out, message));
    out.push_str("\n## Closed lists\n");
    enums.values().for_each(|kind| enum_section(&mut out, kind));
    out
}

fn anchor(event: &Event) -> String {
    format!("{}-published-by-{}", event.stream().to_lowercase(), event.publisher())
}

fn event_section(out: &mut String, event: &Event) {
    let message = &event.message;
    writeln!(out, "\n### {}\n\n`{}` · `{}`", message.name(), event.subject, message.full_name()).unwrap();
    paragraph(out, &doc(&message.parent_file(), message.path()));
    fields(out, message);
}

fn message_section(out: &mut String, message: &MessageDescriptor) {
    writeln!(out, "\n### {}\n\n`{}`", message.name(), message.full_name()).unwrap();
    paragraph(out, &doc(&message.parent_file(), message.path()));
    fields(out, message);
}

fn enum_section(out: &mut String, kind: &EnumDescriptor) {
    writeln!(out, "\n### {}\n\n`{}`", kind.name(), kind.full_name()).unwrap();
    paragraph(out, &doc(&kind.parent_file(), kind.path()));
    out.push_str("\n| no. | value | |\n|---:|---|---|\n");
    for value in kind.values() {
        let meaning = doc(&kind.parent_file(), value.path());
        writeln!(out, "| {} | {} | {} |", value.number(), value.name(), cell(&meaning)).unwrap();
    }
}

fn paragraph(out: &mut String, text: &str) {
    if !text.is_empty() {
        writeln!(out, "\n{text}").unwrap();
    }
}

fn fields(out: &mut String, message: &MessageDescriptor) {
    if message.fields().len() == 0 {
        return;
    }
    out.push_str("\n| no. | field | type | |\n|---:|---|---|---|\n");
    for field in message.fields() {
        let mut notes = Vec::new();
        if is_token(&field) {
            notes.push("Word of the subject.".to_owned());
        }
        if privacy(&field) == "PSEUDONYM" {
            notes.push("Pseudonym.".to_owned());
        }
        let meaning = doc(&message.parent_file(), field.path());
        if !meaning.is_empty() {
            notes.push(meaning);
        }
        let linked = match field.kind() {
            Kind::Message(inner) if is_ours(inner.full_name()) => link(inner.name(), &type_name(&field)),
            Kind::Enum(kind) => link(kind.name(), &type_name(&field)),
            _ => type_name(&field),
        };
        writeln!(out, "| {} | {} | {linked} | {} |", field.number(), field.name(), cell(&notes.join(" "))).unwrap();
    }
}

fn link(name: &str, shown: &str) -> String {
    format!("[{shown}](#{})", name.to_lowercase())
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
