//! The scheduling process.
fn main() -> std::process::ExitCode {
    backbone::main(&scheduling::SERVICE)
}
