//! Tests of what the example trainers share.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its scene has failed")]

mod corrupt_files;
mod evaluation;
mod folder;
mod plots;
mod priced_rows;
mod real_files;
mod selection;
mod synthetic;
mod taken_back;
mod tracking_files;
mod tracking_server;
