//! One row of numbers per epoch, in `metrics.jsonl`.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The numbers of an epoch by name. `null` in the file stands for a number that was not measured.
pub type Row = BTreeMap<String, Option<f64>>;

/// Appends rows to a file of JSON lines, and remembers them for plots and the summary.
#[derive(Debug)]
pub struct RowLog {
    path: PathBuf,
    file: File,
    rows: Vec<Row>,
}

impl RowLog {
    /// Starts a new file, or goes on after the last row whose `epoch` is at most `last`; later rows,
    /// and one that was cut off in the middle, are dropped.
    pub fn open(path: &Path, last: Option<u64>) -> io::Result<Self> {
        let mut rows = Vec::new();
        if let Some(last) = last {
            let text = match fs::read_to_string(path) {
                Ok(text) => text,
                Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
                Err(error) => return Err(error),
            };
            for line in text.lines() {
                let Ok(row) = serde_json::from_str::<Row>(line) else { break };
                let epoch = row.get("epoch").copied().flatten().unwrap_or(f64::INFINITY);
                if epoch > last as f64 {
                    break;
                }
                rows.push(row);
            }
        }
        let mut text = String::new();
        for row in &rows {
            text.push_str(&line(row)?);
        }
        crate::files::write_atomically(path, text.as_bytes())?;
        let file = OpenOptions::new().append(true).open(path)?;
        Ok(Self { path: path.to_owned(), file, rows })
    }

    /// Adds a row.
    pub fn push(&mut self, row: Row) -> io::Result<()> {
        self.file.write_all(line(&row)?.as_bytes())?;
        self.rows.push(row);
        Ok(())
    }

    /// All rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// One number over all rows; NaN where it was not measured.
    pub fn series(&self, name: &str) -> Vec<f64> {
        self.rows.iter().map(|row| row.get(name).copied().flatten().unwrap_or(f64::NAN)).collect()
    }

    /// All numbers under a prefix such as `loss/`, over all rows, by the rest of their names.
    pub fn under(&self, prefix: &str) -> BTreeMap<String, Vec<f64>> {
        let mut names: Vec<&str> = self
            .rows
            .iter()
            .flat_map(|row| row.keys())
            .filter_map(|name| name.strip_prefix(prefix))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
            .into_iter()
            .map(|name| (name.to_owned(), self.series(&format!("{prefix}{name}"))))
            .collect()
    }
}

fn line(row: &Row) -> io::Result<String> {
    // JSON has no NaN: what is not finite is written as not measured.
    let clean: BTreeMap<&str, Option<f64>> = row
        .iter()
        .map(|(name, value)| (name.as_str(), value.filter(|value| value.is_finite())))
        .collect();
    Ok(serde_json::to_string(&clean)? + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_goes_on_after_the_epoch_of_the_checkpoint() {
        let folder = std::env::temp_dir().join(format!("homeostat-rows-{}", std::process::id()));
        let path = folder.join("metrics.jsonl");
        let row =
            |epoch: f64| Row::from([("epoch".into(), Some(epoch)), ("x".into(), Some(f64::NAN))]);
        let mut log = RowLog::open(&path, None).expect("opens");
        for epoch in 1..=4 {
            log.push(row(f64::from(epoch))).expect("writes");
        }
        // A kill in the middle of a line.
        fs::write(&path, fs::read_to_string(&path).expect("reads") + "{\"epo").expect("writes");
        let mut log = RowLog::open(&path, Some(2)).expect("opens");
        assert_eq!(log.series("epoch"), [1.0, 2.0]);
        log.push(row(3.0)).expect("writes");
        let log = RowLog::open(&path, Some(9)).expect("opens");
        assert_eq!(log.series("epoch"), [1.0, 2.0, 3.0]);
        assert!(log.series("x").iter().all(|value| value.is_nan()));
        fs::remove_dir_all(folder).expect("cleans up");
    }
}
