//! Every mistake at its place: syntax, types, rules.

mod cases;
mod places;
mod properties;
mod settings;
