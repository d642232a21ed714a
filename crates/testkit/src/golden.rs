//! Golden tables: TOML files beside the tests, and comparison by relative tolerance.

use std::path::Path;

/// Reads a golden file; panics with the path where it is missing or malformed.
#[track_caller]
pub fn load<T: serde::de::DeserializeOwned>(path: impl AsRef<Path>) -> T {
    let path = path.as_ref();
    let text = std::fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("golden file {}: {error}", path.display()));
    toml::from_str(&text).unwrap_or_else(|error| panic!("golden file {}: {error}", path.display()))
}

/// Panics unless `|found − expected| ≤ relative·|expected| + absolute`, or both are the same
/// infinity or NaN.
#[track_caller]
pub fn close(what: &str, found: f64, expected: f64, relative: f64, absolute: f64) {
    let same = found == expected || (found.is_nan() && expected.is_nan());
    let near = (found - expected).abs() <= relative * expected.abs() + absolute;
    assert!(same || near, "{what}: found {found:e}, expected {expected:e}");
}

#[cfg(test)]
mod tests {
    use super::close;

    #[test]
    fn close_is_relative_and_treats_nan_as_itself() {
        close("relative", 1.0 + 1e-10, 1.0, 1e-9, 0.0);
        close("nan", f64::NAN, f64::NAN, 0.0, 0.0);
        assert!(std::panic::catch_unwind(|| close("off", 1.1, 1.0, 1e-9, 0.0)).is_err());
        assert!(std::panic::catch_unwind(|| close("nan", f64::NAN, 1.0, 1e-9, 0.0)).is_err());
    }
}
