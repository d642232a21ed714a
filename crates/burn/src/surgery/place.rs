//! Where rows are worked on.

use burn::prelude::*;

/// Where the dot products and the combination are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// In the host's memory where the backend keeps its tensors there, else on the device.
    #[default]
    Auto,
    /// In the host's memory: every gradient is brought there, without a copy on the CPU backends.
    Host,
    /// With the backend's own operations: K numbers per parameter and K² in all are read.
    Device,
}

impl Place {
    /// Whether rows of this backend are worked on in the host's memory.
    pub(super) fn is_host<B: Backend>(self, device: &B::Device) -> bool {
        match self {
            Self::Auto => matches!(
                B::name(device).as_str(),
                "flex" | "ndarray" | "candle<cpu>" | "libtorch<cpu>"
            ),
            Self::Host => true,
            Self::Device => false,
        }
    }
}
