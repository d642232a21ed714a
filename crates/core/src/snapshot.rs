//! Saved memory of a controller.

use serde::{Deserialize, Serialize};

/// Law, version and memory of one controller, in a form that any serde format can hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// The name of the controller.
    pub controller: String,
    /// The name of its law.
    pub law: String,
    /// The version of the law's state.
    pub version: u32,
    /// The memory.
    pub state: serde_json::Value,
}
