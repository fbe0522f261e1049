//! The `bricklayer` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    bricklayer_server::cli::main()
}
