//! The orchestrator: wiring, order, faults, refusals, saved state.

mod bad_configs;
mod engine;
mod files;
mod pages;
mod running;
mod surgery;
#[cfg(feature = "search")]
mod tuning;
mod watch;
mod wiring;

use homeostat::{Builder, Clock, ControlConfig, Entropy, FaultCount, GradientNorm, RawLoss, Slot};

pub(crate) struct Sensors {
    pub(crate) recon: Slot<RawLoss>,
    pub(crate) kl: Slot<RawLoss>,
    pub(crate) usage: Slot<Entropy>,
    pub(crate) gradient_norm: Slot<GradientNorm>,
    pub(crate) rejections: Slot<FaultCount>,
}

pub(crate) fn builder() -> (Builder, Sensors) {
    let mut builder = Builder::new(Clock::new(10).expect("legal"));
    let sensors = Sensors {
        recon: builder.sensor("recon").expect("new"),
        kl: builder.sensor("kl").expect("new"),
        usage: builder.sensor("usage").expect("new"),
        gradient_norm: builder.sensor("gradient_norm").expect("new"),
        rejections: builder.sensor("rejections").expect("new"),
    };
    builder.learning_rate("learning_rate", 1e-3).expect("legal");
    (builder, sensors)
}

pub(crate) fn read(text: &str) -> ControlConfig {
    toml::from_str(text).unwrap_or_else(|error| panic!("{error}"))
}
