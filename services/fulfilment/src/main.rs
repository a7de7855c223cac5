//! The fulfilment process: `fulfilment [serve|provision]`.
fn main() -> std::process::ExitCode {
    backbone::main(&fulfilment::SERVICE)
}
