//! The example that is killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::KillError;
use crate::process::{ProcessError, capture, cargo, describe};

const EXAMPLE: &str = "topoencoder_2d";
/// How often a process is asked whether it is still there.
const PAUSE: Duration = Duration::from_millis(2);

/// How a process ended that was to be killed.
#[derive(Debug)]
pub(super) enum End {
    /// After so long.
    Killed(Duration),
    /// It was done before its moment came.
    Finished,
}

/// A process with its command, for messages.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    command: String,
    begin: Instant,
}

impl Process {
    fn start(command: &mut Command) -> Result<Self, KillError> {
        // Nothing but complaints goes through: the table of the kills is what a person reads.
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let words = describe(command);
        match command.spawn() {
            Ok(child) => Ok(Self { child, command: words, begin: Instant::now() }),
            Err(source) => Err(ProcessError::Start { command: words, source }.into()),
        }
    }

    fn failed(&self, source: std::io::Error) -> KillError {
        ProcessError::Start { command: self.command.clone(), source }.into()
    }
}

/// The example's executable and what all runs have in common.
#[derive(Debug)]
pub(super) struct Program {
    executable: PathBuf,
    backend: String,
    epochs: u64,
}

impl Program {
    /// Builds the release example.
    pub(super) fn build(root: &Path, backend: &str, epochs: u64) -> Result<Self, KillError> {
        let mut command = cargo(root);
        command
            .args(["build", "--release", "--package", "homeostat-examples", "--example", EXAMPLE])
            .args(["--message-format", "json-render-diagnostics"]);
        let output = capture(&mut command)?;
        let executable = String::from_utf8_lossy(&output)
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find_map(|message| executable(&message));
        match executable {
            Some(executable) => Ok(Self { executable, backend: backend.to_owned(), epochs }),
            None => Err(KillError::Content {
                path: "the output of cargo build".into(),
                field: "executable",
                expected: "the path of the example",
                found: "none".to_owned(),
            }),
        }
    }

    /// Starts a new run in this folder: small, and with a checkpoint after every epoch.
    pub(super) fn start(&self, folder: &Path) -> Result<Process, KillError> {
        let mut command = Command::new(&self.executable);
        command
            .args(["--quiet", "--n-samples", "1200", "--seed", "3", "--save-every", "1"])
            .args(["--backend", &self.backend, "--epochs", &self.epochs.to_string()])
            .arg("--output-dir")
            .arg(folder);
        Process::start(&mut command)
    }

    /// Goes on with the run in this folder.
    pub(super) fn resume(&self, folder: &Path) -> Result<Process, KillError> {
        let mut command = Command::new(&self.executable);
        command.args(["--quiet", "--resume"]).arg(folder);
        Process::start(&mut command)
    }

    /// Waits for the end.
    pub(super) fn finish(&self, mut process: Process) -> Result<(), KillError> {
        let status = process.child.wait().map_err(|source| process.failed(source))?;
        if status.success() {
            return Ok(());
        }
        let found = status.to_string();
        Err(ProcessError::Failed { command: process.command, found }.into())
    }

    /// Kills the process at this moment of its life, unless it has ended by then.
    pub(super) fn kill_after(
        &self,
        mut process: Process,
        moment: Duration,
    ) -> Result<End, KillError> {
        while process.begin.elapsed() < moment {
            let status = process.child.try_wait().map_err(|source| process.failed(source))?;
            if status.is_some() {
                return self.finish(process).map(|()| End::Finished);
            }
            thread::sleep(PAUSE);
        }
        // On Unix this is SIGKILL, which no program can catch.
        process.child.kill().map_err(|source| process.failed(source))?;
        let after = process.begin.elapsed();
        let status = process.child.wait().map_err(|source| process.failed(source))?;
        Ok(if status.success() { End::Finished } else { End::Killed(after) })
    }
}

fn executable(message: &Value) -> Option<PathBuf> {
    let target = message.get("target")?;
    let example = target.get("kind")?.as_array()?.iter().any(|kind| kind == "example");
    let wanted = example && target.get("name")?.as_str()? == EXAMPLE;
    wanted.then(|| message.get("executable")?.as_str().map(PathBuf::from)).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::executable;

    #[test]
    fn the_executable_is_that_of_the_example() {
        let library = json!({ "target": { "kind": ["lib"], "name": "topoencoder_2d" } });
        assert_eq!(executable(&library), None);
        let example = json!({
            "target": { "kind": ["example"], "name": "topoencoder_2d" }, "executable": "here",
        });
        assert_eq!(executable(&example), Some("here".into()));
    }
}
