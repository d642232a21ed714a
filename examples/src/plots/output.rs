use std::path::Path;

use super::PlotError;
use crate::files;

/// Writes a picture atomically, so that a viewer that reloads while a run goes on never sees half of
/// one.
pub(super) fn write_atomically(file: &Path, content: &[u8]) -> Result<(), PlotError> {
    files::write_atomically(file, content)
        .map_err(|source| PlotError::Write { file: file.to_owned(), source })
}
