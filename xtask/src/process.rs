//! Programs that the commands call.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use thiserror::Error;

/// A program could not be started, or failed.
#[derive(Debug, Error)]
pub(crate) enum ProcessError {
    /// It is not there, or may not be run.
    #[error("{command} must start, got {source}")]
    Start { command: String, source: io::Error },
    /// It said no.
    #[error("{command} must succeed, got {found}")]
    Failed { command: String, found: String },
}

/// The cargo that called this program, or the one on the path; it works at the workspace root.
pub(crate) fn cargo(root: &Path) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    // Nothing that is called here may wait for a person.
    command.current_dir(root).stdin(Stdio::null());
    command
}

/// Runs a program to its end; what it says goes straight through.
pub(crate) fn run(command: &mut Command) -> Result<(), ProcessError> {
    let status = command
        .status()
        .map_err(|source| ProcessError::Start { command: describe(command), source })?;
    if status.success() {
        return Ok(());
    }
    Err(ProcessError::Failed { command: describe(command), found: status.to_string() })
}

/// Runs a program to its end and returns what it printed; its complaints go straight through.
pub(crate) fn capture(command: &mut Command) -> Result<Vec<u8>, ProcessError> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| ProcessError::Start { command: describe(command), source })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(ProcessError::Failed { command: describe(command), found: output.status.to_string() })
}

/// The command as a person would type it.
pub(crate) fn describe(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut words = vec![program.file_name().unwrap_or_default().to_string_lossy().into_owned()];
    words.extend(command.get_args().map(|word| word.to_string_lossy().into_owned()));
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{capture, run};

    #[test]
    fn a_missing_program_and_a_failing_one_are_named() {
        let error = run(Command::new("homeostat-no-such-program").arg("now")).unwrap_err();
        assert!(error.to_string().starts_with("homeostat-no-such-program now must start"));
        let error = capture(Command::new("false").arg("now")).unwrap_err();
        assert!(error.to_string().starts_with("false now must succeed"), "{error}");
    }
}
