use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;

use super::DataError;

/// A file read from front to end, unpacked on the way when its name ends in `.gz`.
///
/// It counts the bytes of the unpacked content, because an error has to say where it is.
pub(super) struct InputFile {
    path: PathBuf,
    content: Content,
    offset: u64,
}

enum Content {
    Plain(BufReader<File>),
    Gzip(Box<GzDecoder<BufReader<File>>>),
}

impl InputFile {
    pub(super) fn open(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|source| DataError::Read {
            file: path.to_owned(),
            offset: 0,
            source,
        })?;
        let reader = BufReader::new(file);
        let packed = path.extension().is_some_and(|extension| extension == "gz");
        let content = if packed {
            Content::Gzip(Box::new(GzDecoder::new(reader)))
        } else {
            Content::Plain(reader)
        };
        Ok(Self { path: path.to_owned(), content, offset: 0 })
    }

    /// The next four bytes as a number, the most significant one first.
    pub(super) fn read_number(&mut self, field: &'static str) -> Result<u32, DataError> {
        let bytes = self.read_exactly(field, 4)?;
        Ok(bytes.iter().fold(0, |number, &byte| number << 8 | u32::from(byte)))
    }

    /// The next `length` bytes; what is allocated is bounded by what the file holds.
    pub(super) fn read_exactly(
        &mut self,
        field: &'static str,
        length: u64,
    ) -> Result<Vec<u8>, DataError> {
        let bytes = self.read_up_to(length)?;
        if (bytes.len() as u64) < length {
            let found = format!("the end after {} bytes", bytes.len());
            return Err(self.corrupt(self.offset, field, format!("{length} bytes long"), found));
        }
        self.offset += length;
        Ok(bytes)
    }

    /// Says that the content ends here; anything more is an error.
    pub(super) fn expect_end(&mut self) -> Result<(), DataError> {
        let mut surplus = !self.read_up_to(1)?.is_empty();
        if let Content::Gzip(decoder) = &mut self.content {
            // A decoder stops after the first gzip member and leaves the rest of the file alone.
            surplus |= match decoder.get_mut().fill_buf() {
                Ok(rest) => !rest.is_empty(),
                Err(source) => return Err(self.failed(self.offset, source)),
            };
        }
        if surplus {
            let found = "more bytes".to_owned();
            return Err(self.corrupt(self.offset, "content", "at its end".to_owned(), found));
        }
        Ok(())
    }

    /// An error about the field that begins at `offset`.
    pub(super) fn corrupt(
        &self,
        offset: u64,
        field: &'static str,
        expected: String,
        found: String,
    ) -> DataError {
        DataError::Corrupt { file: self.path.clone(), offset, field, expected, found }
    }

    fn read_up_to(&mut self, length: u64) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        let outcome = match &mut self.content {
            Content::Plain(reader) => reader.take(length).read_to_end(&mut bytes),
            Content::Gzip(decoder) => decoder.take(length).read_to_end(&mut bytes),
        };
        match outcome {
            Ok(_) => Ok(bytes),
            Err(source) => Err(self.failed(self.offset + bytes.len() as u64, source)),
        }
    }

    fn failed(&self, offset: u64, source: std::io::Error) -> DataError {
        let file = self.path.clone();
        match self.content {
            Content::Plain(_) => DataError::Read { file, offset, source },
            Content::Gzip(_) => DataError::Gzip { file, offset, source },
        }
    }
}
