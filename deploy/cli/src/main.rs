//! The `aftercare` command. Everything it does stands in the library beside it.
fn main() -> std::process::ExitCode {
    aftercare::main()
}
