//! The outreach process.
fn main() -> std::process::ExitCode {
    backbone::main(&outreach::SERVICE)
}
