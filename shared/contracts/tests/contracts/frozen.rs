//! What was published once can be read for ever. For every event an example is frozen in bytes and in JSON when it
//! first appears, and another one when it gains fields. Frozen files are never written again.
use std::{collections::BTreeMap, fs, sync::LazyLock};

use contracts::pool;
use prost_reflect::{DynamicMessage, MessageDescriptor};

use crate::{contract, files, sample};

const FOLDER: &str = "frozen";

struct Example {
    file: String,
    bytes: Vec<u8>,
    json: String,
}

/// All frozen examples by event type, oldest first. A file is called `<type>.v<n>.bin`, its JSON beside it.
fn examples() -> BTreeMap<String, Vec<Example>> {
    let mut found: BTreeMap<String, Vec<(u32, Example)>> = BTreeMap::new();
    for entry in fs::read_dir(files::path(FOLDER)).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let (event, number) = file.rsplit_once(".v").unwrap_or_else(|| panic!("{file}: not <type>.v<n>"));
        let number = number.parse().unwrap_or_else(|_| panic!("{file}: not <type>.v<n>"));
        if path.extension().is_some_and(|extension| extension == "bin") {
            let json = fs::read_to_string(path.with_extension("json"))
                .unwrap_or_else(|_| panic!("{file}.json is missing; take it back from the history"));
            let example = Example { bytes: fs::read(&path).unwrap(), json, file: file.clone() };
            found.entry(event.to_owned()).or_default().push((number, example));
        } else {
            assert!(path.with_extension("bin").exists(), "{file}.bin is missing; take it back from the history");
        }
    }
    let ordered = |mut list: Vec<(u32, Example)>| {
        list.sort_by_key(|(number, _)| *number);
        list.into_iter().map(|(_, example)| example).collect()
    };
    found.into_iter().map(|(event, list)| (event, ordered(list))).collect()
}

#[test]
fn every_frozen_example_reads_and_writes_as_it_did() {
    LazyLock::force(&MISSING);
    let examples = examples();
    assert!(!examples.is_empty(), "{FOLDER} is empty");
    for (event, list) in examples {
        let descriptor = pool().get_message_by_name(&event).unwrap_or_else(|| {
            panic!(
                "{event} is frozen but no longer exists; it was published, so it must stay (a new one goes beside it)"
            )
        });
        for Example { file, bytes, json } in list {
            let advice = "the contract changed for events already stored; mend the proto, never the frozen file";
            let message = DynamicMessage::decode(descriptor.clone(), bytes.as_slice())
                .unwrap_or_else(|e| panic!("{file} does not decode ({e}): {advice}"));
            assert_eq!(contract::json(&message), json, "{file} means something else now: {advice}");
            assert_eq!(contract::bytes(&message), bytes, "{file} is written differently now: {advice}");
            assert_eq!(
                contract::bytes(&parsed(&descriptor, &json)),
                bytes,
                "{file}.json reads differently now: {advice}"
            );
        }
    }
}

fn parsed(descriptor: &MessageDescriptor, json: &str) -> DynamicMessage {
    let mut reader = serde_json::Deserializer::from_str(json);
    DynamicMessage::deserialize(descriptor.clone(), &mut reader).unwrap()
}

#[test]
fn every_event_is_frozen_with_all_its_fields() {
    assert!(
        MISSING.is_empty(),
        "no frozen example shows all fields of these events: {:#?}\n\
         They are new, or gained fields. If that is meant, run AFTERCARE_UPDATE=1 cargo test -p contracts and commit \
         the new files; those that exist stay as they are.",
        *MISSING
    );
}

/// The examples that should be there and are not. With AFTERCARE_UPDATE=1 they are written, before any test reads.
static MISSING: LazyLock<Vec<String>> = LazyLock::new(|| {
    let examples = examples();
    let mut missing = Vec::new();
    for event in contract::events(pool()) {
        let name = event.message.full_name();
        let list = examples.get(name).map(Vec::as_slice).unwrap_or_default();
        let whole = |example: &Example| {
            DynamicMessage::decode(event.message.clone(), example.bytes.as_slice()).is_ok_and(|m| sample::is_whole(&m))
        };
        if !list.iter().any(whole) {
            missing.push((format!("{FOLDER}/{name}.v{}", list.len() + 1), sample::of(&event.message)));
        }
    }
    if files::asked("AFTERCARE_UPDATE") {
        missing.drain(..).for_each(|(file, message)| freeze(&file, &message));
    }
    missing.into_iter().map(|(file, _)| file).collect()
});

fn freeze(file: &str, message: &DynamicMessage) {
    assert!(sample::is_whole(message));
    for (extension, content) in [("bin", contract::bytes(message)), ("json", contract::json(message).into_bytes())] {
        let path = files::path(&format!("{file}.{extension}"));
        assert!(!path.exists(), "{} is frozen", path.display());
        fs::write(path, content).unwrap();
    }
}
