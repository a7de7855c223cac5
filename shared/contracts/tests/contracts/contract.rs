//! The contracts as the checks see them: events, the shapes inside them, their options and comments.
use std::collections::{BTreeMap, BTreeSet};

use contracts::Message as _;
use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, FileDescriptor, Kind,
    MessageDescriptor, Value,
};
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};

pub struct Event {
    pub message: MessageDescriptor,
    /// As written in the proto.
    pub subject: String,
}

impl Event {
    /// The service that publishes it.
    pub fn publisher(&self) -> &str {
        self.message.package_name().split('.').nth(1).unwrap()
    }

    pub fn stream(&self) -> String {
        contracts::stream_of(&self.subject)
    }
}

/// All messages with a subject, by stream, then in the order of the protos.
pub fn events(pool: &DescriptorPool) -> Vec<Event> {
    let subject = |message: &MessageDescriptor| {
        option(&message.options(), pool.get_extension_by_name("aftercare.options.v1.subject"))
            .and_then(|value| value.as_str().map(str::to_owned))
            .filter(|subject| !subject.is_empty())
    };
    let mut events: Vec<_> =
        pool.all_messages().filter_map(|message| subject(&message).map(|subject| Event { message, subject })).collect();
    events.sort_by_key(|event| (event.publisher().to_owned(), event.stream(), event.message.path().to_vec()));
    events
}

/// The messages and enums that appear inside the given messages, themselves excluded; foreign packages excluded.
pub fn shapes(roots: &[Event]) -> (BTreeMap<String, MessageDescriptor>, BTreeMap<String, EnumDescriptor>) {
    let (mut messages, mut enums) = (BTreeMap::new(), BTreeMap::new());
    let mut seen = BTreeSet::new();
    let mut open: Vec<_> = roots.iter().map(|event| event.message.clone()).collect();
    while let Some(message) = open.pop() {
        for field in message.fields() {
            match field.kind() {
                Kind::Enum(kind) => {
                    enums.insert(kind.full_name().to_owned(), kind);
                }
                Kind::Message(inner) if is_ours(inner.full_name()) && seen.insert(inner.full_name().to_owned()) => {
                    messages.insert(inner.full_name().to_owned(), inner.clone());
                    open.push(inner);
                }
                _ => {}
            }
        }
    }
    for event in roots {
        messages.remove(event.message.full_name());
    }
    (messages, enums)
}

pub fn is_ours(full_name: &str) -> bool {
    full_name.starts_with("aftercare.")
}

/// How personal a field is said to be, without the prefix; "UNSPECIFIED" where nothing is said.
pub fn privacy(field: &FieldDescriptor) -> String {
    let pool = field.parent_pool();
    let number = option(&field.options(), pool.get_extension_by_name("aftercare.options.v1.privacy"))
        .and_then(|value| value.as_enum_number())
        .unwrap_or_default();
    let class = pool.get_enum_by_name("aftercare.options.v1.Privacy").unwrap();
    class.get_value(number).unwrap().name().trim_start_matches("PRIVACY_").to_owned()
}

/// Whether the field may stand in a subject as a word of its own.
pub fn is_token(field: &FieldDescriptor) -> bool {
    let token = field.parent_pool().get_extension_by_name("aftercare.options.v1.token");
    option(&field.options(), token).and_then(|value| value.as_bool()).unwrap_or_default()
}

fn option(options: &DynamicMessage, extension: Option<prost_reflect::ExtensionDescriptor>) -> Option<Value> {
    let extension = extension?;
    options.has_extension(&extension).then(|| options.get_extension(&extension).into_owned())
}

/// The type of a field as it stands in the proto, without packages.
pub fn type_name(field: &FieldDescriptor) -> String {
    let name = match field.kind() {
        Kind::Message(message) => message.name().to_owned(),
        Kind::Enum(kind) => kind.name().to_owned(),
        scalar => format!("{scalar:?}").to_lowercase(),
    };
    let presence = field.field_descriptor_proto().proto3_optional.unwrap_or_default();
    match (field.cardinality(), presence) {
        (Cardinality::Repeated, _) => format!("repeated {name}"),
        (_, true) => format!("optional {name}"),
        _ => name,
    }
}

/// The comment above (or behind) a declaration, as one line. Empty where there is none.
pub fn doc(file: &FileDescriptor, path: &[i32]) -> String {
    let info = file.file_descriptor_proto().source_code_info.as_ref();
    let location = info.and_then(|info| info.location.iter().find(|location| location.path == path));
    let comment = location.and_then(|l| l.leading_comments.as_ref().or(l.trailing_comments.as_ref()));
    comment.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).unwrap_or_default()
}

/// Contracts compiled from text, for showing what a check refuses. The options may be imported.
pub fn compiled(source: &str) -> DescriptorPool {
    let mut files = ChainFileResolver::new();
    files.add(GoogleFileResolver::new());
    files.add(Texts(vec![
        (
            "aftercare/options/v1/options.proto",
            include_str!("../../../../proto/aftercare/options/v1/options.proto").to_owned(),
        ),
        (
            "sample.proto",
            format!(
                "syntax = \"proto3\";\npackage aftercare.sample.v1;\n\
                 import \"aftercare/options/v1/options.proto\";\n{source}"
            ),
        ),
    ]));
    let mut compiler = protox::Compiler::with_file_resolver(files);
    compiler.include_imports(true).open_file("sample.proto").unwrap();
    DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice()).unwrap()
}

struct Texts(Vec<(&'static str, String)>);

impl FileResolver for Texts {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        let (_, text) =
            self.0.iter().find(|(known, _)| *known == name).ok_or_else(|| protox::Error::file_not_found(name))?;
        File::from_source(name, text)
    }
}

/// A message as readable JSON, in the order of its field numbers.
pub fn json(message: &DynamicMessage) -> String {
    let options = prost_reflect::SerializeOptions::new().use_proto_field_name(true).stringify_64_bit_integers(false);
    let mut out = Vec::new();
    message.serialize_with_options(&mut serde_json::Serializer::pretty(&mut out), &options).unwrap();
    String::from_utf8(out).unwrap() + "\n"
}

/// The bytes of a message.
pub fn bytes(message: &DynamicMessage) -> Vec<u8> {
    message.encode_to_vec()
}
