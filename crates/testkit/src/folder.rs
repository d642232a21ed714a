//! A folder that goes away with its test.

use std::path::{Path, PathBuf};
use std::{fs, process};

/// A folder of this process under the system's temporary folder, removed when the test ends. It is not there
/// until somebody makes it.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// A place where nothing is; the name must be the test's own.
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("homeostat-{name}-{}", process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The text of a file in it. Panics where there is none.
    #[track_caller]
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
