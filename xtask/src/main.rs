//! Scratch stand-in for the project's task runner.

#![expect(clippy::print_stdout, reason = "a command line tool prints")]

mod data;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let outcome = match arguments.next().as_deref() {
        Some("data") => data::run(arguments),
        _ => {
            eprintln!("usage: xtask data NAME [--dir DIR] [--force]");
            return ExitCode::FAILURE;
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
