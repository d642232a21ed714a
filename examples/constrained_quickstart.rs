//! Can a small classifier be accurate, calibrated and fair at once, without a loss weight chosen by hand?
//! Trains it twice: on cross-entropy alone, and under a calibration error of at most 0.05 and a
//! demographic-parity gap of at most 0.02.
//!
//! ```text
//! cargo run --release --example constrained_quickstart
//! cargo run --release --example constrained_quickstart -- --seed 3 --config my.toml
//! cargo run --release --package homeostat-examples --features search --example constrained_quickstart -- \
//!     --tune bayesian --output-dir outputs/tuned
//! ```
//!
//! With `--tune` the bounds of the training are searched in the place of a margin by hand; `--resume` goes
//! on with a search that was interrupted. The last line says whether both constraints hold on data that no
//! training saw.

use std::process::ExitCode;

fn main() -> ExitCode {
    homeostat_examples::quickstart::program::main(std::env::args())
}
