use std::fs;
use std::path::Path;

use super::PlotError;

/// Writes `content` beside `file` and renames it, so that a viewer that reloads while a run goes
/// on never sees half a picture. Missing folders are made.
pub(super) fn write_atomically(file: &Path, content: &[u8]) -> Result<(), PlotError> {
    let failed = |source| PlotError::Write { file: file.to_owned(), source };
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = file.with_file_name(name);
    let written = fs::write(&part, content).and_then(|()| fs::rename(&part, file));
    written.map_err(|source| {
        // The first error is the one worth telling; a part that stays behind does no harm.
        let _ = fs::remove_file(&part);
        failed(source)
    })
}
