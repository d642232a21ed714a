//! Tests of the statistics: one file per concept.

mod drift;
mod moments;
mod order_window;
mod pairs;
