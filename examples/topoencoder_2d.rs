//! Can one run find its own learning rate and loss weights? Trains an attentive atlas (charts, codes,
//! residuals) beside a plain autoencoder and a standard VQ model of the same size.
//!
//! ```text
//! cargo run --release --example topoencoder_2d
//! cargo run --release --example topoencoder_2d -- --dataset fashion-mnist --epochs 20
//! ```
//!
//! The last line names the folder with results, pictures and checkpoints.

use std::process::ExitCode;

fn main() -> ExitCode {
    homeostat_examples::trainer::program::main(std::env::args())
}
