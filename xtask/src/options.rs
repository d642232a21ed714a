//! Options of a command: `--flag` and `--name value`.

use std::str::FromStr;

use thiserror::Error;

/// The command line does not fit the command.
#[derive(Debug, Error)]
pub(crate) enum OptionError {
    /// No option of this command.
    #[error("option must be one of {legal}, got {found:?}")]
    Unknown { legal: String, found: String },
    /// An option without its value, or with one that it does not understand.
    #[error("{option} must be followed by {expected}, got {found:?}")]
    Value { option: &'static str, expected: &'static str, found: String },
}

/// What was given on the command line.
#[derive(Debug, Default)]
pub(crate) struct Options {
    flags: Vec<&'static str>,
    values: Vec<(&'static str, String)>,
}

impl Options {
    /// Reads the arguments of a command that knows these flags and these options with a value.
    pub(crate) fn read(
        arguments: Vec<String>,
        flags: &[&'static str],
        values: &[&'static str],
    ) -> Result<Self, OptionError> {
        let mut options = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            if let Some(flag) = flags.iter().find(|flag| **flag == argument) {
                options.flags.push(flag);
            } else if let Some(name) = values.iter().find(|name| **name == argument) {
                options.values.push((name, arguments.next().unwrap_or_default()));
            } else {
                let mut legal: Vec<&str> = flags.iter().chain(values).copied().collect();
                legal.push("--help");
                return Err(OptionError::Unknown { legal: legal.join(", "), found: argument });
            }
        }
        Ok(options)
    }

    /// Whether the flag was given.
    pub(crate) fn has(&self, flag: &str) -> bool {
        self.flags.contains(&flag)
    }

    /// The value of an option, the last where it was given more than once.
    pub(crate) fn value<T: FromStr>(
        &self,
        name: &'static str,
        expected: &'static str,
        default: T,
    ) -> Result<T, OptionError> {
        match self.values.iter().rev().find(|(known, _)| *known == name) {
            None => Ok(default),
            Some((option, text)) => text.parse().map_err(|_| OptionError::Value {
                option,
                expected,
                found: text.clone(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn flags_and_values_are_told_apart() {
        let options = Options::read(words("--dot --runs 3"), &["--dot"], &["--runs"]).unwrap();
        assert!(options.has("--dot"));
        assert_eq!(options.value("--runs", "a count", 5).unwrap(), 3);
        assert_eq!(options.value("--seed", "a number", 7).unwrap(), 7);
    }

    #[test]
    fn what_is_not_understood_is_named_with_what_is_legal() {
        let error = Options::read(words("--quik"), &["--quick"], &[]).unwrap_err().to_string();
        assert!(error.contains("--quick") && error.contains("--quik"), "{error}");
        let options = Options::read(words("--runs many"), &[], &["--runs"]).unwrap();
        let error = options.value("--runs", "a count", 5_u32).unwrap_err().to_string();
        assert_eq!(error, "--runs must be followed by a count, got \"many\"");
    }
}
