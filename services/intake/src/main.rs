//! The intake process.

fn main() -> std::process::ExitCode {
    backbone::main(&intake::SERVICE)
}
