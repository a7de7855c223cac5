//! Turns `proto/` into Rust: messages, clients, servers, and an `impl Event` for every message that names a subject.
//! A subject that names an unknown field, or a field that may not be a token, fails the build.
use std::{
    env, fs,
    path::{Path, PathBuf},
};

use prost_reflect::DescriptorPool;

use crate::subjects::{Result, event_impls, event_index};

#[path = "build/subjects.rs"]
mod subjects;

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script its folders by environment")]
fn main() -> Result<()> {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let files = proto_files(&root)?;
    // A new package has to be named in lib.rs. The folders above the packages hold generated documents, so are not watched.
    println!("cargo:rerun-if-changed=src/lib.rs");

    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_imports(true).include_source_info(true).open_files(&files)?;
    let bytes = compiler.encode_file_descriptor_set();
    let pool = DescriptorPool::decode(bytes.as_slice())?;
    fs::write(out.join("descriptor.bin"), &bytes)?;
    fs::write(out.join("event_impls.rs"), event_impls(&pool)?)?;
    fs::write(out.join("event_index.rs"), event_index(&pool)?)?;

    tonic_prost_build::configure()
        .bytes(".aftercare.operations.v1.JournalEntry.payload")
        .include_file("all.rs")
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

fn proto_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(proto_files(&path)?);
        } else if path.extension().is_some_and(|e| e == "proto") {
            println!("cargo:rerun-if-changed={}", dir.display());
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
