//! Files that are either the old ones or the new ones, never half of each; folders of runs.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes a file so that a kill at any moment leaves either the old content or the new: into a
/// neighbour first, to the disk, then by renaming.
pub fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        fs::create_dir_all(folder)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let written = File::create(&part)
        .and_then(|mut file| {
            file.write_all(content)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&part, path));
    if let Err(error) = written {
        // The first error is the one worth telling; a part that stays behind does no harm.
        let _ = fs::remove_file(&part);
        return Err(error);
    }
    if let Some(folder) = folder {
        // The rename itself must reach the disk; where a folder cannot be opened the file is still
        // complete.
        if let Ok(folder) = File::open(folder) {
            folder.sync_all()?;
        }
    }
    Ok(())
}

/// `base/001`, or the first number that is free.
pub fn fresh_folder(base: &Path) -> PathBuf {
    (1..)
        .map(|number| base.join(format!("{number:03}")))
        .find(|folder| !folder.exists())
        .unwrap_or_else(|| base.to_owned())
}
