//! Configuration files in which every error names its place.
//!
//! Three things can be wrong with a file: the text is no TOML, the text does not fit the types, or the
//! types hold a value that a law refuses. All three come out as one [`FileError`]: file, line, column,
//! key, what is written there, what would be legal, and what was probably meant.
//!
//! | concept | item |
//! | --- | --- |
//! | a file of which every value knows its line | [`Document`] |
//! | text → tree, tree → type | [`Document::parse`], [`Document::read`] |
//! | a refused value → its line | [`Document::place`] |
//! | the error, and what kind it is | [`FileError`], [`Problem`] |
//! | "did you mean …?" | [`nearest()`] |
//!
//! A law checks its settings when it is made, without knowing of files; whoever called it knows the
//! table and asks for the line:
//!
//! ```
//! use homeostat_config::Document;
//! use homeostat_core::ConfigError;
//!
//! let text = "[constraints.kl]\ntarget = nan # a legal float, and no legal target\n";
//! let document = Document::parse("robots.toml", text)?;
//! let refused = ConfigError::finite("target", f64::NAN).expect_err("not finite");
//! assert_eq!(
//!     document.place(&["constraints", "kl"], &refused).to_string(),
//!     "robots.toml:2:10: constraints.kl.target: must be finite, got nan"
//! );
//! # Ok::<(), homeostat_config::FileError>(())
//! ```
//!
//! Types that are read should deny unknown fields and be externally tagged enums (`{ rank = { … } }`):
//! flattened and untagged types are buffered by serde and forget their places.

mod document;
mod error;
mod fault;
mod lookup;
mod nearest;
mod node;
mod path;
mod reader;
mod source;
mod syntax;
mod words;

pub use document::Document;
pub use error::{FileError, Problem};
pub use nearest::nearest;
