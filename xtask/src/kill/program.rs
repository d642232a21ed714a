//! The example that is killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::KillError;
use crate::process::{ProcessError, capture, cargo, describe};

/// An example that trains: its name, and what makes a small run of it with many checkpoints.
#[derive(Debug)]
pub(super) struct Example {
    pub(super) name: &'static str,
    arguments: &'static [&'static str],
}

/// Every example whose runs can be resumed.
pub(super) const EXAMPLES: [Example; 2] = [
    Example {
        name: "topoencoder_2d",
        arguments: &["--n-samples", "1200", "--seed", "3", "--save-every", "1"],
    },
    // Nine steps per epoch, with checkpoints inside it; epochs 1 to 6 calibrate, discover, hold and squeeze.
    Example {
        name: "vae",
        arguments: &[
            "--n-samples",
            "1200",
            "--n-test-samples",
            "300",
            "--seed",
            "3",
            "--save-every",
            "1",
            "--save-every-batches",
            "2",
            "lbo.ceiling.squeeze.relative.epochs=4",
        ],
    },
];

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
    arguments: &'static [&'static str],
    backend: String,
    epochs: u64,
}

impl Program {
    /// Builds the release example.
    pub(super) fn build(
        root: &Path,
        example: &Example,
        backend: &str,
        epochs: u64,
    ) -> Result<Self, KillError> {
        let Example { name, arguments } = *example;
        let mut command = cargo(root);
        command
            .args(["build", "--release", "--package", "homeostat-examples", "--example", name])
            .args(["--message-format", "json-render-diagnostics"]);
        let output = capture(&mut command)?;
        let executable = String::from_utf8_lossy(&output)
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .find_map(|message| executable(&message, name));
        match executable {
            Some(executable) => {
                Ok(Self { executable, arguments, backend: backend.to_owned(), epochs })
            }
            None => Err(KillError::Content {
                path: "the output of cargo build".into(),
                field: "executable",
                expected: "the path of the example",
                found: "none".to_owned(),
            }),
        }
    }

    /// Starts a new run in this folder.
    pub(super) fn start(&self, folder: &Path) -> Result<Process, KillError> {
        let mut command = Command::new(&self.executable);
        command
            .arg("--quiet")
            .args(self.arguments)
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

fn executable(message: &Value, name: &str) -> Option<PathBuf> {
    let target = message.get("target")?;
    let example = target.get("kind")?.as_array()?.iter().any(|kind| kind == "example");
    let wanted = example && target.get("name")?.as_str()? == name;
    wanted.then(|| message.get("executable")?.as_str().map(PathBuf::from)).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::executable;

    #[test]
    fn the_executable_is_that_of_the_example() {
        let library = json!({ "target": { "kind": ["lib"], "name": "vae" } });
        assert_eq!(executable(&library, "vae"), None);
        let example = json!({
            "target": { "kind": ["example"], "name": "vae" }, "executable": "here",
        });
        assert_eq!(executable(&example, "vae"), Some("here".into()));
        assert_eq!(executable(&example, "topoencoder_2d"), None);
    }
}
