//! Files and folders of a run.

use std::path::{Path, PathBuf};

pub use homeostat::write_atomically;

/// `base/001`, or the first number that is free.
pub fn fresh_folder(base: &Path) -> PathBuf {
    (1..)
        .map(|number| base.join(format!("{number:03}")))
        .find(|folder| !folder.exists())
        .unwrap_or_else(|| base.to_owned())
}
