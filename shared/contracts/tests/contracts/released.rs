//! The last released contracts (`released.bin`) still hold: others run on them and can not be changed with us.
//! `make freeze` renews the file after a release, and only when nothing in it was broken.
use std::fs;

use prost_reflect::{DescriptorPool, DynamicMessage};

use crate::{
    compat::broken,
    contract::{self, compiled},
    files,
};

const FILE: &str = "released.bin";

#[test]
fn nothing_released_was_taken_back() {
    let path = files::path(FILE);
    let released = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(_) if files::asked("AFTERCARE_FREEZE") => Vec::new(),
        Err(e) => panic!("{}: {e}; take it back from the history, or write it with make freeze", path.display()),
    };
    let broken = broken(&DescriptorPool::decode(released.as_slice()).unwrap(), contracts::pool());
    assert!(
        broken.is_empty(),
        "released contracts may grow, never change: {broken:#?}\n\
         Put the old one back and add the new one beside it (a new field, a new message, at last a package v2)."
    );
    if files::asked("AFTERCARE_FREEZE") {
        fs::write(path, today()).unwrap();
    }
}

/// Today's descriptors without comments. Read as data, for the generated types would drop our options.
fn today() -> Vec<u8> {
    let set = contracts::pool().get_message_by_name("google.protobuf.FileDescriptorSet").unwrap();
    let mut set = DynamicMessage::decode(set, contracts::DESCRIPTOR_SET).unwrap();
    for file in set.get_field_by_name_mut("file").unwrap().as_list_mut().unwrap() {
        file.as_message_mut().unwrap().clear_field_by_name("source_code_info");
    }
    contract::bytes(&set)
}

const BASE: &str = "
    enum Team { TEAM_UNSPECIFIED = 0; TEAM_QUALITY = 1; }
    message Happened {
      option (aftercare.options.v1.subject) = \"x.v1.{team}.happened\";
      string id = 1;
      uint32 count = 2;
      Team team = 3;
      Line line = 4;
      oneof outcome { string done = 5; string failed = 6; }
    }
    message Line { string id = 1; }
    message Other { string id = 1; }
    service Desk { rpc Ask(Line) returns (Line); rpc Tell(Line) returns (Line); }
";

fn after(from: &str, to: &str) -> Vec<String> {
    assert!(BASE.contains(from), "{from}");
    broken(&compiled(BASE), &compiled(&BASE.replace(from, to)))
}

#[test]
fn what_is_released_names_the_subjects() {
    let released = DescriptorPool::decode(today().as_slice()).unwrap();
    assert_eq!(contract::events(&released).len(), contracts::EVENTS.len());
    assert!(released.files().all(|file| file.file_descriptor_proto().source_code_info.is_none()));
}

#[test]
fn additions_are_fine() {
    for (from, to) in [
        ("uint32 count = 2;", "uint32 count = 2; string more = 9;"),
        ("TEAM_QUALITY = 1;", "TEAM_QUALITY = 1; TEAM_LOGISTICS = 2;"),
        ("message Other { string id = 1; }", "message Other { string id = 1; } message New {}"),
        ("service Desk {", "service Desk { rpc Shout(Line) returns (Line);"),
        ("string failed = 6;", "string failed = 6; string given_up = 7;"),
    ] {
        assert_eq!(after(from, to), Vec::<String>::new(), "{to}");
    }
}

#[test]
fn whatever_breaks_others_is_refused_by_name() {
    for (from, to, expected) in [
        ("uint32 count = 2;", "", "Happened.count was removed"),
        ("uint32 count = 2;", "reserved 2;", "Happened.count was removed"),
        ("uint32 count = 2;", "uint32 count = 8;", "Happened.count was renumbered from 2 to 8"),
        ("uint32 count = 2;", "uint32 number = 2;", "Happened.count was renamed to number"),
        ("uint32 count = 2;", "uint64 count = 2;", "Happened.count was retyped from uint32 to uint64"),
        (
            "Line line = 4;",
            "Other line = 4;",
            "Happened.line was retyped from aftercare.sample.v1.Line to aftercare.sample.v1.Other",
        ),
        (
            "uint32 count = 2;",
            "repeated uint32 count = 2;",
            "Happened.count was relabelled from \"uint32\" to \"repeated uint32\"",
        ),
        (
            "uint32 count = 2;",
            "optional uint32 count = 2;",
            "Happened.count was relabelled from \"uint32\" to \"optional uint32\"",
        ),
        (
            "oneof outcome { string done = 5; string failed = 6; }",
            "oneof outcome { string done = 5; } string failed = 6;",
            "Happened.failed was relabelled from \"string in outcome\" to \"string\"",
        ),
        ("message Other { string id = 1; }", "", "message aftercare.sample.v1.Other was removed"),
        ("TEAM_QUALITY = 1;", "", "Team.TEAM_QUALITY was removed"),
        ("TEAM_QUALITY = 1;", "TEAM_GOODS = 1;", "Team.TEAM_QUALITY was renamed to TEAM_GOODS"),
        ("TEAM_QUALITY = 1;", "TEAM_QUALITY = 2;", "Team.TEAM_QUALITY was renumbered from 1 to 2"),
        ("rpc Tell(Line) returns (Line);", "", "rpc aftercare.sample.v1.Desk.Tell was removed"),
        ("rpc Tell(Line)", "rpc Tell(Other)", "rpc aftercare.sample.v1.Desk.Tell has another request"),
        (
            "rpc Tell(Line) returns (Line)",
            "rpc Tell(Line) returns (stream Line)",
            "rpc aftercare.sample.v1.Desk.Tell streams differently",
        ),
        (
            "service Desk { rpc Ask(Line) returns (Line); rpc Tell(Line) returns (Line); }",
            "",
            "service aftercare.sample.v1.Desk was removed",
        ),
        (
            "x.v1.{team}.happened",
            "x.v1.{team}.done",
            "aftercare.sample.v1.Happened moved from x.v1.{team}.happened to x.v1.{team}.done",
        ),
        (
            "option (aftercare.options.v1.subject) = \"x.v1.{team}.happened\";",
            "",
            "aftercare.sample.v1.Happened lost its subject",
        ),
    ] {
        let found = after(from, to);
        assert!(found.len() == 1 && found[0].contains(expected), "{to:?}: {found:#?}");
    }
}
