//! What the build makes of the subject options: an `impl Event` for every message that has one, and the list of them.
//! A subject that names an unknown field, a field that may not be a token, or a place that is taken, is refused here.
//! Shared by `build.rs` and by the tests that show the refusals.
use std::{collections::BTreeMap, fmt::Write as _};

use prost_reflect::{DescriptorPool, FieldDescriptor, Kind, MessageDescriptor, Value};

pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The Rust code of `impl Event` for every message with a subject.
pub fn event_impls(pool: &DescriptorPool) -> Result<String> {
    let mut code = String::new();
    for (message, subject) in events(pool)? {
        let Form { format, arguments, filter } = form(pool, &message, &subject)?;
        let shard = if format.contains("{shard") { "shard" } else { "_shard" };
        writeln!(
            code,
            "impl crate::Event for crate::{path} {{\n    const TYPE: &'static str = {full:?};\n    \
             const SUBJECT: &'static str = {subject:?};\n    const FILTER: &'static str = {filter:?};\n    \
             fn subject(&self, {shard}: u8) -> String {{\n        format!({format:?}{arguments})\n    }}\n}}",
            path = rust_path(message.full_name()),
            full = message.full_name(),
        )?;
    }
    Ok(code)
}

/// The Rust expression of all (type, subject) pairs, sorted by type.
pub fn event_index(pool: &DescriptorPool) -> Result<String> {
    let mut code = String::from("&[\n");
    for (message, subject) in events(pool)? {
        writeln!(code, "    ({:?}, {subject:?}),", message.full_name())?;
    }
    code.push(']');
    Ok(code)
}

fn events(pool: &DescriptorPool) -> Result<Vec<(MessageDescriptor, String)>> {
    let extension =
        pool.get_extension_by_name("aftercare.options.v1.subject").ok_or("the subject option is not defined")?;
    let mut places = BTreeMap::new();
    let mut found = Vec::new();
    for message in pool.all_messages() {
        let options = message.options();
        if let Value::String(subject) = options.get_extension(&extension).as_ref()
            && !subject.is_empty()
        {
            if let Some(other) = places.insert(subject.clone(), message.full_name().to_owned()) {
                return Err(format!("{} and {other} have the same subject {subject}", message.full_name()).into());
            }
            found.push((message, subject.clone()));
        }
    }
    found.sort_by(|a, b| a.0.full_name().cmp(b.0.full_name()));
    Ok(found)
}

/// A subject taken apart: how to print it, with which values, and how to listen to all of it.
struct Form {
    format: String,
    arguments: String,
    filter: String,
}

fn form(pool: &DescriptorPool, message: &MessageDescriptor, subject: &str) -> Result<Form> {
    let (mut format, mut filter, mut arguments) = (Vec::new(), Vec::new(), String::new());
    for token in subject.split('.') {
        match token.strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
            None if is_word(token) => {
                filter.push(token);
                format.push(token);
            }
            None => return Err(format!("{}: {token:?} in {subject} is not a word", message.full_name()).into()),
            Some("shard") => {
                filter.push("*");
                format.push("{shard:02}");
            }
            Some(name) => {
                filter.push("*");
                format.push("{}");
                write!(arguments, ", {}", token_expression(pool, message, name)?)?;
            }
        }
    }
    Ok(Form { format: format.join("."), filter: filter.join("."), arguments })
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_lowercase())
        && token.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn token_expression(pool: &DescriptorPool, message: &MessageDescriptor, name: &str) -> Result<String> {
    let field = message
        .get_field_by_name(name)
        .ok_or_else(|| format!("{}: the subject names an unknown field {name}", message.full_name()))?;
    match field.kind() {
        Kind::Enum(kind) => {
            let prefix = shouting(kind.name());
            Ok(format!("crate::token(self.{name}().as_str_name(), \"{prefix}_\")"))
        }
        Kind::String if is_token(pool, &field)? => Ok(format!("self.{name}")),
        _ => Err(format!("{}: field {name} is neither an enum nor marked as token", message.full_name()).into()),
    }
}

fn is_token(pool: &DescriptorPool, field: &FieldDescriptor) -> Result<bool> {
    let extension =
        pool.get_extension_by_name("aftercare.options.v1.token").ok_or("the token option is not defined")?;
    Ok(field.options().get_extension(&extension).as_bool().unwrap_or(false))
}

fn rust_path(full_name: &str) -> String {
    full_name.trim_start_matches("aftercare.").replace('.', "::")
}

fn shouting(name: &str) -> String {
    let mut out = String::new();
    for (i, c) in name.chars().enumerate() {
        if c.is_uppercase() && i > 0 {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    out
}
