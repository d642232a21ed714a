use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::GzDecoder;

use super::{DataTaskError, Source, failed};

/// One of the four files of a data set in the MNIST family.
pub(crate) struct IdxFile {
    stem: &'static str,
    /// Header as numbers of four bytes, the most significant first: magic number, then sizes.
    header: &'static [u32],
}

/// The published contents: 28 × 28 pixels, 60,000 rows to train on and 10,000 to test on.
pub(crate) const FILES: &[IdxFile] = &[
    IdxFile { stem: "train-images-idx3-ubyte", header: &[0x0803, 60_000, 28, 28] },
    IdxFile { stem: "train-labels-idx1-ubyte", header: &[0x0801, 60_000] },
    IdxFile { stem: "t10k-images-idx3-ubyte", header: &[0x0803, 10_000, 28, 28] },
    IdxFile { stem: "t10k-labels-idx1-ubyte", header: &[0x0801, 10_000] },
];

impl IdxFile {
    /// Name of the file, packed or not, as the package of `source` ships it.
    pub(super) fn name(&self, source: Source) -> String {
        format!("{}{}", self.stem, source.suffix())
    }
}

/// Checks header and length of a file, which is unpacked on the way when its name ends in `.gz`.
pub(super) fn verify(path: &Path, expected: &IdxFile) -> Result<(), DataTaskError> {
    let file = BufReader::new(File::open(path).map_err(failed(path))?);
    let mut content: Box<dyn Read> = if path.extension().is_some_and(|name| name == "gz") {
        Box::new(GzDecoder::new(file))
    } else {
        Box::new(file)
    };
    let wrong = |offset, field, expected: String, found: String| DataTaskError::Content {
        file: path.to_owned(),
        offset,
        field,
        expected,
        found,
    };
    for (index, &number) in expected.header.iter().enumerate() {
        let mut bytes = [0; 4];
        content.read_exact(&mut bytes).map_err(failed(path))?;
        let found = u32::from_be_bytes(bytes);
        if found != number {
            let offset = 4 * index as u64;
            return Err(wrong(offset, "header", format!("{number:#x}"), format!("{found:#x}")));
        }
    }
    let length: u64 = expected.header[1..].iter().map(|&size| u64::from(size)).product();
    let found = io::copy(&mut content, &mut io::sink()).map_err(failed(path))?;
    if found != length {
        let offset = 4 * expected.header.len() as u64;
        let (expected, found) = (format!("{length} bytes long"), format!("{found} bytes"));
        return Err(wrong(offset, "content", expected, found));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{IdxFile, verify};

    const SMALL: IdxFile = IdxFile { stem: "small", header: &[0x0801, 3] };

    #[track_caller]
    fn check(case: &str, bytes: &[u8], complaint: Option<&str>) {
        let name = format!("homeostat-verify-{}-{}", std::process::id(), case.replace(' ', "-"));
        let path = std::env::temp_dir().join(name);
        fs::write(&path, bytes).unwrap();
        let outcome = verify(&path, &SMALL);
        fs::remove_file(&path).unwrap();
        match (outcome, complaint) {
            (Ok(()), None) => {}
            (Err(error), Some(complaint)) => {
                assert!(error.to_string().contains(complaint), "{case}: {error}");
            }
            (outcome, _) => panic!("{case}: {outcome:?}"),
        }
    }

    #[test]
    fn only_a_whole_file_with_the_right_header_is_accepted() {
        check("whole", &[0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9], None);
        check("wrong magic", &[0, 0, 8, 3, 0, 0, 0, 3, 7, 8, 9], Some("byte 0: header"));
        check("wrong count", &[0, 0, 8, 1, 0, 0, 0, 2, 7, 8, 9], Some("byte 4: header"));
        check("short", &[0, 0, 8, 1, 0, 0, 0, 3, 7, 8], Some("3 bytes long, got 2 bytes"));
        check("long", &[0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9, 9], Some("3 bytes long, got 4 bytes"));
        check("empty", &[], Some("readable"));
    }
}
