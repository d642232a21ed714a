//! Checkpoint files: one header in JSON, one record of tensors, one checksum over both.
//!
//! Layout: the magic `HOMEOST1`, the length of the header as eight little-endian bytes, the header, the
//! record, and the 64-bit FNV-1a hash of everything before as eight little-endian bytes.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::data::Fingerprint;
use crate::files::write_atomically;

const MAGIC: &[u8; 8] = b"HOMEOST1";
const ENDING: &str = "checkpoint";

/// A checkpoint cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// Reading or writing.
    #[error("checkpoint {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The content is not what was written.
    #[error("checkpoint {path} is damaged at byte {offset}: {expected}, found {found}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where.
        offset: usize,
        /// What should be there.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// The header has another form.
    #[error("checkpoint {path}: the header does not fit: {source}")]
    Header {
        /// The file.
        path: PathBuf,
        /// What the reader says.
        source: serde_json::Error,
    },
    /// A folder without any checkpoint.
    #[error("no checkpoint (*.checkpoint) in {path} or its folder 'checkpoints'")]
    None {
        /// The folder.
        path: PathBuf,
    },
}

/// 64-bit FNV-1a.
pub fn fingerprint(bytes: &[u8]) -> u64 {
    let mut hash = Fingerprint::new();
    hash.write(bytes);
    hash.finish()
}

/// The file of an epoch inside a run's folder.
pub fn path_of(run: &Path, epoch: u64) -> PathBuf {
    run.join("checkpoints").join(format!("epoch_{epoch:05}.{ENDING}"))
}

/// The file of a batch inside an epoch, after so many whole ones: newer than that of the epoch.
pub fn path_within(run: &Path, epoch: u64, batch: u64) -> PathBuf {
    run.join("checkpoints").join(format!("epoch_{epoch:05}_batch_{batch:07}.{ENDING}"))
}

/// Writes a checkpoint atomically.
pub fn write<H: Serialize>(path: &Path, header: &H, record: &[u8]) -> Result<(), CheckpointError> {
    let header = serde_json::to_vec(header)
        .map_err(|source| CheckpointError::Header { path: path.to_owned(), source })?;
    let mut bytes = Vec::with_capacity(header.len() + record.len() + 24);
    bytes.extend(MAGIC);
    bytes.extend((header.len() as u64).to_le_bytes());
    bytes.extend(header);
    bytes.extend(record);
    bytes.extend(fingerprint(&bytes).to_le_bytes());
    write_atomically(path, &bytes)
        .map_err(|source| CheckpointError::File { path: path.to_owned(), source })
}

/// Reads a checkpoint: its header and its record.
pub fn read<H: DeserializeOwned>(path: &Path) -> Result<(H, Vec<u8>), CheckpointError> {
    let bytes = std::fs::read(path)
        .map_err(|source| CheckpointError::File { path: path.to_owned(), source })?;
    let damaged = |offset, expected, found: String| CheckpointError::Damaged {
        path: path.to_owned(),
        offset,
        expected,
        found,
    };
    if bytes.len() < 24 {
        let found = format!("{} bytes", bytes.len());
        return Err(damaged(bytes.len(), "at least 24 bytes", found));
    }
    if bytes[..8] != MAGIC[..] {
        let found = String::from_utf8_lossy(&bytes[..8]).into_owned();
        return Err(damaged(0, "the magic HOMEOST1", format!("{found:?}")));
    }
    let word = |at: usize| {
        let mut word = [0; 8];
        word.copy_from_slice(&bytes[at..at + 8]);
        u64::from_le_bytes(word)
    };
    let end = bytes.len() - 8;
    let (expected, found) = (word(end), fingerprint(&bytes[..end]));
    if expected != found {
        let found = format!("{found:016x}");
        return Err(damaged(end, "the checksum of the content", found));
    }
    let length = word(8) as usize;
    if length > end - 16 {
        return Err(damaged(8, "a header that fits into the file", format!("{length} bytes")));
    }
    let header = serde_json::from_slice(&bytes[16..16 + length])
        .map_err(|source| CheckpointError::Header { path: path.to_owned(), source })?;
    Ok((header, bytes[16 + length..end].to_vec()))
}

/// The checkpoint that a `--resume` path means: the file itself, or in a folder the newest one that
/// can be read. A damaged newer one is passed over and named in the second place.
pub fn find<H: DeserializeOwned>(
    path: &Path,
) -> Result<(PathBuf, Vec<CheckpointError>), CheckpointError> {
    if !path.is_dir() {
        return Ok((path.to_owned(), Vec::new()));
    }
    let mut files: Vec<PathBuf> = [path.to_owned(), path.join("checkpoints")]
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|file| file.extension().is_some_and(|ending| ending == ENDING))
        .collect();
    // Names hold the epoch with leading zeros, so the greatest name is the newest.
    files.sort_by(|a, b| b.file_name().cmp(&a.file_name()));
    let mut damaged = Vec::new();
    for file in files {
        match read::<H>(&file) {
            Ok(_) => return Ok((file, damaged)),
            Err(error) => damaged.push(error),
        }
    }
    match damaged.into_iter().next() {
        Some(error) => Err(error),
        None => Err(CheckpointError::None { path: path.to_owned() }),
    }
}

/// Puts checkpoints of later epochs aside (`*.superseded`), when a run goes on from an earlier one.
pub fn supersede(run: &Path, epoch: u64) -> Result<(), CheckpointError> {
    supersede_after(&path_of(run, epoch))
}

/// Puts the checkpoints beside this one that are newer aside.
pub fn supersede_after(newest: &Path) -> Result<(), CheckpointError> {
    let folder = newest.parent().unwrap_or(Path::new(""));
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for file in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let is_ours = file.extension().is_some_and(|ending| ending == ENDING);
        if is_ours && file.file_name() > newest.file_name() {
            let mut name = file.clone().into_os_string();
            name.push(".superseded");
            std::fs::rename(&file, &name)
                .map_err(|source| CheckpointError::File { path: file.clone(), source })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("homeostat-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        folder
    }

    #[test]
    fn what_was_written_is_read_back() {
        let run = folder("checkpoint-round-trip");
        write(&path_of(&run, 3), &vec![0.1, 0.2], b"tensors").expect("writes");
        let (header, record) = read::<Vec<f64>>(&path_of(&run, 3)).expect("reads");
        assert_eq!((header, record.as_slice()), (vec![0.1, 0.2], b"tensors".as_slice()));
        std::fs::remove_dir_all(run).expect("cleans up");
    }

    #[test]
    fn every_damaged_byte_is_noticed_and_the_last_good_checkpoint_is_found() {
        let run = folder("checkpoint-damage");
        write(&path_of(&run, 1), &1, b"first").expect("writes");
        let newest = path_of(&run, 2);
        write(&newest, &2, b"second").expect("writes");
        let whole = std::fs::read(&newest).expect("reads");
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(&newest, bytes).expect("writes");
            let error = read::<u64>(&newest).expect_err("damaged");
            assert!(matches!(error, CheckpointError::Damaged { .. }), "byte {at}: {error}");
        }
        for length in [0, 5, 23, whole.len() - 1] {
            std::fs::write(&newest, &whole[..length]).expect("writes");
            assert!(read::<u64>(&newest).is_err());
            let (found, damaged) = find::<u64>(&run).expect("the first one is good");
            assert_eq!((found, damaged.len()), (path_of(&run, 1), 1));
        }
        std::fs::remove_dir_all(run).expect("cleans up");
    }

    #[test]
    fn going_on_from_an_earlier_epoch_puts_the_later_ones_aside() {
        let run = folder("checkpoint-supersede");
        for epoch in 1..=4 {
            write(&path_of(&run, epoch), &epoch, b"").expect("writes");
        }
        supersede(&run, 2).expect("renames");
        assert_eq!(find::<u64>(&run).expect("finds").0, path_of(&run, 2));
        assert!(run.join("checkpoints/epoch_00004.checkpoint.superseded").exists());
        std::fs::remove_dir_all(run).expect("cleans up");
    }

    #[test]
    fn a_folder_without_checkpoints_says_so() {
        let run = folder("checkpoint-none");
        std::fs::create_dir_all(&run).expect("creates");
        assert!(matches!(find::<u64>(&run), Err(CheckpointError::None { .. })));
        std::fs::remove_dir_all(run).expect("cleans up");
    }
}
