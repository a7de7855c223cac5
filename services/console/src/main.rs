//! The console process.
use std::process::ExitCode;

fn main() -> ExitCode {
    backbone::main(&console::SERVICE)
}
