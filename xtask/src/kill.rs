//! `cargo xtask kill-test`: a run that is killed and resumed ends as if it had never been killed.
//!
//! The kill is real: the process gets no chance to clean up. The moments are random, but come from a
//! seed, and are spread over the duration of an uninterrupted run.

mod compare;
mod program;
mod random;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::options::Options;
use crate::process::ProcessError;
use crate::temporary::Temporary;
use crate::{TaskError, root};
use compare::{Numbers, differences};
use program::{EXAMPLES, End, Program};
use random::Random;

pub(crate) const HELP: &str = "\
usage: cargo xtask kill-test [--example X] [--backend B] [--runs N] [--seed S] [--epochs E]

Trains a release example without interruption, twice, to see that it gives the same numbers at all;
then N times with kills at random moments, each followed by `--resume`, and compares the numbers with
those of the first run. Prints one line for every kill. Timings are not compared.

  --example X  topoencoder_2d, vae or all; default: all
  --backend B  flex or ndarray; default: flex
  --runs N     how many runs are killed; default: 5
  --seed S     seed of the random moments; default: 1
  --epochs E   length of a run; default: 8";

/// How often one run is killed at most, so that every run ends.
const MOST_KILLS: usize = 3;
/// How many differences are named.
const SHOWN: usize = 5;

/// The promise could not be tested, or is not kept.
#[derive(Debug, Error)]
pub(crate) enum KillError {
    /// An option is outside its range.
    #[error("{option} must be {expected}, got {found}")]
    Option { option: &'static str, expected: &'static str, found: String },
    /// A program did not start or failed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// A file of a run is not what it should be.
    #[error("{}: {field} must be {expected}, got {found}", path.display())]
    Content { path: PathBuf, field: &'static str, expected: &'static str, found: String },
    /// The operating system refused.
    #[error("{} must be readable and writable, got {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    /// Without a kill the program gives other numbers, too, so nothing can be said about kills.
    #[error("two uninterrupted runs must be equal, got {different} of {values} values that differ")]
    NotReproducible { different: usize, values: usize },
    /// The differences were printed.
    #[error(
        "every killed run must equal the uninterrupted one, got {different} of {runs} that do not"
    )]
    Different { different: usize, runs: usize },
}

/// Epochs that are done, and batches of the next one.
type Place = (u64, u64);

/// One kill of a run.
struct Kill {
    after: Duration,
    last: Option<Place>,
}

/// Runs the command.
pub(crate) fn run(arguments: Vec<String>) -> Result<(), TaskError> {
    let known = ["--example", "--backend", "--runs", "--seed", "--epochs"];
    let options = Options::read(arguments, &[], &known)?;
    let runs: usize = options.value("--runs", "a count", 5)?;
    let seed: u64 = options.value("--seed", "a whole number", 1)?;
    let epochs: u64 = options.value("--epochs", "a count", 8)?;
    let backend: String = options.value("--backend", "flex or ndarray", "flex".to_owned())?;
    if !["flex", "ndarray"].contains(&backend.as_str()) {
        let (option, expected) = ("--backend", "flex or ndarray");
        return Err(KillError::Option { option, expected, found: backend }.into());
    }
    if runs == 0 || epochs == 0 {
        let (option, expected) = ("--runs and --epochs", "at least 1");
        return Err(KillError::Option { option, expected, found: "0".to_owned() }.into());
    }
    let name: String = options.value("--example", "a name", "all".to_owned())?;
    let wanted = |known: &str| name == "all" || name == known;
    if !EXAMPLES.iter().any(|example| wanted(example.name)) {
        let (option, expected) = ("--example", "topoencoder_2d, vae or all");
        return Err(KillError::Option { option, expected, found: name }.into());
    }
    for example in EXAMPLES.iter().filter(|example| wanted(example.name)) {
        println!("{}, {backend}", example.name);
        test(&Program::build(&root(), example, &backend, epochs)?, runs, seed)?;
    }
    Ok(())
}

fn test(program: &Program, runs: usize, seed: u64) -> Result<(), KillError> {
    let temporary = Temporary::new("kill")
        .map_err(|source| KillError::File { path: std::env::temp_dir(), source })?;
    let whole = temporary.path().join("whole");
    let begin = Instant::now();
    let expected = whole_run(program, &whole)?;
    let duration = begin.elapsed();
    println!(
        "uninterrupted: {:.2} s, {} values, parameter hash {}",
        duration.as_secs_f64(),
        expected.len(),
        compare::parameter_hash(&expected),
    );
    let found = differences(&expected, &whole_run(program, &temporary.path().join("again"))?);
    if !found.is_empty() {
        show(&found, &expected);
        let (different, values) = (found.len(), expected.len());
        return Err(KillError::NotReproducible { different, values });
    }

    let mut random = Random::new(seed);
    let mut different = 0;
    for run in 0..runs {
        let folder = temporary.path().join(format!("killed-{run}"));
        // One moment in every part of the run, so that few runs see the beginning and the end too.
        let share = (run as f64 + random.share()) / runs as f64;
        let kills = killed_run(program, &folder, duration, share, &mut random)?;
        let found = differences(&expected, &compare::read(&folder)?);
        report(run, &kills, &expected, &found);
        different += usize::from(!found.is_empty());
        // Checkpoints of many runs would pile up.
        fs::remove_dir_all(&folder).map_err(|source| KillError::File { path: folder, source })?;
    }
    if different > 0 {
        return Err(KillError::Different { different, runs });
    }
    println!("all {runs} killed runs equal the uninterrupted one");
    Ok(())
}

/// A run without a kill.
fn whole_run(program: &Program, folder: &Path) -> Result<Numbers, KillError> {
    program.finish(program.start(folder)?)?;
    compare::read(folder)
}

/// A run to its end, with one to three kills on the way.
fn killed_run(
    program: &Program,
    folder: &Path,
    duration: Duration,
    mut share: f64,
    random: &mut Random,
) -> Result<Vec<Kill>, KillError> {
    let mut kills = Vec::new();
    loop {
        let process = match last_place(folder)? {
            Some(_) => program.resume(folder)?,
            None => {
                // The program refuses a folder with rows of a run that cannot be resumed.
                remove(folder)?;
                program.start(folder)?
            }
        };
        let again = kills.is_empty() || (kills.len() < MOST_KILLS && random.share() < 0.5);
        if !again {
            program.finish(process)?;
            return Ok(kills);
        }
        let moment = duration.mul_f64(share);
        match program.kill_after(process, moment)? {
            End::Killed(after) => kills.push(Kill { after, last: last_place(folder)? }),
            End::Finished if kills.is_empty() => {
                // Faster than the uninterrupted run: once more, with an earlier kill.
                remove(folder)?;
                share *= 0.7;
                continue;
            }
            End::Finished => return Ok(kills),
        }
        // The next moment lies in what is left, if all goes as before.
        share = random.share() * (1.0 - share).max(0.2);
    }
}

fn report(run: usize, kills: &[Kill], expected: &Numbers, found: &[String]) {
    let verdict = if found.is_empty() { "equal" } else { "DIFFERENT" };
    for (index, Kill { after, last }) in kills.iter().enumerate() {
        let place = match last {
            None => "none".to_owned(),
            Some((epoch, 0)) => format!("epoch {epoch}"),
            Some((epoch, batch)) => format!("epoch {epoch} and {batch} batches"),
        };
        println!(
            "run {} kill {}: after {:.2} s, last checkpoint {place}; in the end {verdict}",
            run + 1,
            index + 1,
            after.as_secs_f64(),
        );
    }
    show(found, expected);
}

/// The first differences, and how many there are.
fn show(found: &[String], expected: &Numbers) {
    for difference in found.iter().take(SHOWN) {
        println!("    {difference}");
    }
    if found.len() > SHOWN {
        println!("    {} of {} values differ", found.len(), expected.len());
    }
}

fn remove(folder: &Path) -> Result<(), KillError> {
    match fs::remove_dir_all(folder) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(KillError::File { path: folder.to_owned(), source })
        }
        _ => Ok(()),
    }
}

/// The place of the newest checkpoint. The program writes one aside and renames it, so what has the
/// name of a checkpoint is whole.
fn last_place(folder: &Path) -> Result<Option<Place>, KillError> {
    let folder = folder.join("checkpoints");
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(KillError::File { path: folder, source }),
    };
    Ok(entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter_map(|name| place(&name))
        .max())
}

/// The place of `epoch_00003.checkpoint` or `epoch_00003_batch_0000006.checkpoint`.
fn place(name: &str) -> Option<Place> {
    let numbers = name.strip_prefix("epoch_")?.strip_suffix(".checkpoint")?;
    let (epoch, batch) = numbers.split_once("_batch_").unwrap_or((numbers, "0"));
    Some((epoch.parse().ok()?, batch.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::last_place;
    use crate::temporary::Temporary;

    #[test]
    fn a_checkpoint_that_is_not_renamed_yet_does_not_count() {
        let temporary = Temporary::new("epochs").unwrap();
        assert_eq!(last_place(temporary.path()).unwrap(), None);
        let folder = temporary.path().join("checkpoints");
        std::fs::create_dir(&folder).unwrap();
        for name in
            ["epoch_00002.checkpoint", "epoch_00010.checkpoint", "epoch_00011.checkpoint.part"]
        {
            std::fs::write(folder.join(name), "").unwrap();
        }
        assert_eq!(last_place(temporary.path()).unwrap(), Some((10, 0)));
        std::fs::write(folder.join("epoch_00010_batch_0000006.checkpoint"), "").unwrap();
        assert_eq!(last_place(temporary.path()).unwrap(), Some((10, 6)));
    }
}
