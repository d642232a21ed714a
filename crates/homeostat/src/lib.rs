//! Assembled below.
