//! A folder that goes away with its owner.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A folder of this process under the system's temporary folder.
#[derive(Debug)]
pub(crate) struct Temporary(PathBuf);

impl Temporary {
    /// Makes the folder, empty.
    pub(crate) fn new(purpose: &str) -> io::Result<Self> {
        let name = format!("homeostat-{purpose}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // A folder that stays behind is no reason to fail after the work is done.
        let _ = fs::remove_dir_all(&self.0);
    }
}
