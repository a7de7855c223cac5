//! The complaint service as a process.

fn main() -> std::process::ExitCode {
    backbone::main(&complaint::SERVICE)
}
