//! Can a variational autoencoder find the limit of its own divergence? Trains one whose KL ceilings are
//! discovered in the first epoch, held, and squeezed, or one of three others: a given weight, a multiplier
//! on the reconstruction error (GECO), a PID controller of the divergence.
//!
//! ```text
//! cargo run --release --example vae
//! cargo run --release --example vae -- --dataset fashion-mnist --method pid
//! cargo run --release --example vae -- --dataset fashion-mnist --sweep all
//! ```
//!
//! The last line names the folder with results, pictures and checkpoints.

use std::process::ExitCode;

fn main() -> ExitCode {
    homeostat_examples::vae::program::main(std::env::args())
}
