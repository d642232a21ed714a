//! `cargo xtask check`: everything that must hold before a change goes in, the cheapest first.

mod examples;

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::options::Options;
use crate::process::{cargo, run as call};
use crate::{TaskError, graph, root, tidy};

pub(crate) const HELP: &str = "\
usage: cargo xtask check [--quick]

Stops at the first step that fails, and names it. The steps, cheapest first: format, tidy, graph,
clippy, tests, documents, the CUDA build, and two epochs of every example in release.

  --quick    format, tidy, graph, and clippy and tests of the crates that do not use burn";

/// What is off by default and tested all the same.
const FEATURES: &str = "--features homeostat/search,homeostat-examples/search";

/// A step did not find what it must.
#[derive(Debug, Error)]
pub(crate) enum CheckError {
    /// The step and what it said.
    #[error("step '{step}' must pass: {reason}")]
    Step { step: &'static str, reason: String },
    /// A file that a step needs or that a run must leave behind.
    #[error("{}: {field} must be {expected}, got {found}", path.display())]
    Content { path: PathBuf, field: &'static str, expected: &'static str, found: String },
    /// The operating system refused.
    #[error("{} must be readable and writable, got {source}", path.display())]
    File { path: PathBuf, source: io::Error },
}

enum Work {
    /// Arguments of cargo, and variables of its environment.
    Cargo(Vec<String>, &'static [(&'static str, &'static str)]),
    Task(fn(&Path) -> Result<(), TaskError>),
}

struct Step {
    name: &'static str,
    work: Work,
}

fn task(name: &'static str, work: fn(&Path) -> Result<(), TaskError>) -> Step {
    Step { name, work: Work::Task(work) }
}

fn words(name: &'static str, line: &str) -> Step {
    let words = line.split_whitespace().map(str::to_owned).collect();
    Step { name, work: Work::Cargo(words, &[]) }
}

/// Runs the command.
pub(crate) fn run(arguments: Vec<String>) -> Result<(), TaskError> {
    let options = Options::read(arguments, &["--quick"], &[])?;
    let root = root();
    let mut steps = vec![
        words("format", "fmt --all --check"),
        task("tidy", tidy::check),
        task("graph", graph::check),
    ];
    if options.has("--quick") {
        let packages = quick_packages(&root)?;
        let lint = format!("clippy {packages} --all-targets -- -D warnings");
        steps.push(words("clippy of the burn-free crates", &lint));
        steps.push(words("tests of the burn-free crates", "quick"));
    } else {
        let lint = format!("clippy --workspace --all-targets {FEATURES} -- -D warnings");
        steps.push(words("clippy", &lint));
        // The test command of the README, and the outer loop. Its packages are built in any case: they
        // are those of a member of the workspace. Without it the examples are built at the end.
        steps.push(words("tests", &format!("test --workspace {FEATURES}")));
        let mut documents = words("documents", &format!("doc --workspace --no-deps {FEATURES}"));
        if let Work::Cargo(_, variables) = &mut documents.work {
            *variables = &[("RUSTDOCFLAGS", "-Dwarnings")];
        }
        steps.push(documents);
        steps.push(words("CUDA build", "check --package homeostat-examples --features cuda"));
        steps.push(task("examples", examples::run));
    }
    carry_out(&root, &steps)
}

fn carry_out(root: &Path, steps: &[Step]) -> Result<(), TaskError> {
    let mut done: Vec<(&str, Duration)> = Vec::new();
    let mut failure = None;
    for step in steps {
        println!("── {}", step.name);
        let begin = Instant::now();
        let outcome = match &step.work {
            Work::Cargo(arguments, variables) => {
                let mut command = cargo(root);
                command.args(arguments).envs(variables.iter().copied());
                call(&mut command).map_err(TaskError::from)
            }
            Work::Task(task) => task(root),
        };
        done.push((step.name, begin.elapsed()));
        println!("── {}: {:.1} s", step.name, begin.elapsed().as_secs_f64());
        if let Err(error) = outcome {
            failure = Some(CheckError::Step { step: step.name, reason: error.to_string() });
            break;
        }
    }
    println!("\n{}", table(&done, failure.is_some()));
    failure.map_or(Ok(()), |failure| Err(failure.into()))
}

/// One line per step; the last one failed where `failed` says so.
fn table(done: &[(&str, Duration)], failed: bool) -> String {
    let mut text = String::new();
    for (index, (name, duration)) in done.iter().enumerate() {
        let bad = failed && index + 1 == done.len();
        let outcome = if bad { "failed" } else { "passed" };
        text += &format!("{name:<32} {outcome} {:>8.1} s\n", duration.as_secs_f64());
    }
    let total: Duration = done.iter().map(|(_, duration)| *duration).sum();
    text + &format!("{:<32}        {:>8.1} s", "all", total.as_secs_f64())
}

/// The packages of the alias `quick`, which is the one list of the crates that do not use burn.
fn quick_packages(root: &Path) -> Result<String, CheckError> {
    let path = root.join(".cargo/config.toml");
    let text = std::fs::read_to_string(&path)
        .map_err(|source| CheckError::File { path: path.clone(), source })?;
    let document: toml::Table = text.parse().unwrap_or_default();
    let alias = document.get("alias").and_then(|aliases| aliases.get("quick")?.as_str());
    match alias.and_then(|alias| alias.strip_prefix("test ")) {
        Some(packages) => Ok(packages.to_owned()),
        None => Err(CheckError::Content {
            path,
            field: "alias.quick",
            expected: "\"test\" and its packages",
            found: format!("{alias:?}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{quick_packages, table};
    use crate::root;

    #[test]
    fn the_table_says_which_step_failed() {
        let done = [("format", Duration::from_secs(1)), ("tidy", Duration::from_millis(500))];
        let text = table(&done, true);
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].contains("passed") && lines[1].contains("failed"), "{text}");
        assert!(lines[2].ends_with("1.5 s"), "{text}");
    }

    #[test]
    fn the_alias_names_the_crates_that_do_not_use_burn() {
        let packages = quick_packages(&root()).unwrap();
        assert!(packages.contains("homeostat-core") && !packages.contains("burn"), "{packages}");
    }
}
