//! The task runner of the workspace: `cargo xtask COMMAND`.
//!
//! | command | file | what it does |
//! | --- | --- | --- |
//! | `check` | `check.rs` | everything that must hold before a change goes in |
//! | `tidy` | `tidy.rs` | the rules of the house that no compiler knows |
//! | `graph` | `graph.rs` | who may depend on whom |
//! | `kill-test` | `kill.rs` | a killed run ends as if it had never been killed |
//! | `data` | `data.rs` | fetches a data set |

#![expect(clippy::print_stdout, reason = "a command line tool prints")]

mod check;
mod data;
mod graph;
mod kill;
mod options;
mod process;
mod temporary;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

use thiserror::Error;

/// Why a command could not be carried out, or what it found.
#[derive(Debug, Error)]
enum TaskError {
    #[error("command must be one of {legal}, got {found:?}; `cargo xtask --help` says more")]
    Unknown { legal: String, found: String },
    #[error(transparent)]
    Option(#[from] options::OptionError),
    #[error(transparent)]
    Process(#[from] process::ProcessError),
    #[error(transparent)]
    Data(#[from] data::DataTaskError),
    #[error(transparent)]
    Check(#[from] check::CheckError),
    #[error(transparent)]
    Tidy(#[from] tidy::TidyError),
    #[error(transparent)]
    Graph(#[from] graph::GraphError),
    #[error(transparent)]
    Kill(#[from] kill::KillError),
}

struct Command {
    name: &'static str,
    summary: &'static str,
    help: &'static str,
    run: fn(Vec<String>) -> Result<(), TaskError>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "check",
        summary: "Format, tidy, graph, lints, tests, documents, CUDA build, every example",
        help: check::HELP,
        run: check::run,
    },
    Command {
        name: "tidy",
        summary: "The rules of the house that no compiler knows",
        help: tidy::HELP,
        run: tidy::run,
    },
    Command {
        name: "graph",
        summary: "Who depends on whom, and whether they may",
        help: graph::HELP,
        run: graph::run,
    },
    Command {
        name: "kill-test",
        summary: "A killed and resumed run must equal an uninterrupted one, to the bit",
        help: kill::HELP,
        run: kill::run,
    },
    Command {
        name: "data",
        summary: "Fetches a data set",
        help: data::HELP,
        run: |arguments| Ok(data::run(arguments.into_iter())?),
    },
];

fn main() -> ExitCode {
    match dispatch(std::env::args().skip(1).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(mut arguments: Vec<String>) -> Result<(), TaskError> {
    let first = if arguments.is_empty() { String::new() } else { arguments.remove(0) };
    if ["--help", "-h", "help"].contains(&first.as_str()) {
        println!("usage: cargo xtask COMMAND [OPTIONS]\n");
        for command in COMMANDS {
            println!("  {:<10} {}", command.name, command.summary);
        }
        println!("\n`cargo xtask COMMAND --help` shows the options of a command.");
        return Ok(());
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == first) else {
        let names: Vec<&str> = COMMANDS.iter().map(|command| command.name).collect();
        return Err(TaskError::Unknown { legal: names.join(", "), found: first });
    };
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        println!("{}", command.help.trim());
        return Ok(());
    }
    (command.run)(arguments)
}

/// The root of the workspace, wherever the command was called.
fn root() -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    own.parent().map_or_else(|| own.clone(), PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::dispatch;

    #[test]
    fn an_unknown_command_is_answered_with_the_list() {
        for words in [vec![], vec!["chekc".to_owned()]] {
            let message = dispatch(words).unwrap_err().to_string();
            assert!(message.contains("check, tidy, graph, kill-test, data"), "{message}");
        }
    }
}
