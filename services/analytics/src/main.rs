//! The analytics process.
use std::process::ExitCode;

fn main() -> ExitCode {
    backbone::main(&analytics::SERVICE)
}
