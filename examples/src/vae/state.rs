//! Everything that a run must not forget, in and out of a checkpoint, at the end of an epoch or inside one.

use std::collections::BTreeMap;
use std::time::Duration;

use burn::module::Module;
use burn::optim::Optimizer as _;
use burn::record::{FullPrecisionSettings, NamedMpkBytesRecorder, Recorder};
use burn::tensor::backend::AutodiffBackend;
use homeostat::OrchestratorSnapshot;
use serde::{Deserialize, Serialize};

use super::lbo::SavedLbo;
use super::model::Vae;
use super::settings::Settings;
use super::step::{Optimizer, Stepper};
use crate::launch::RunHeader;
use crate::trainer::TrainError;

/// The form of the header; raised when its meaning changes.
const FORMAT: u32 = 1;

/// Where a run stands, beside models and controllers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Epochs that are done.
    pub epoch: u64,
    /// Batches that are done in the epoch that runs.
    pub batch: u64,
    /// Sums and counts of what the epoch's row will show.
    pub sums: BTreeMap<String, (f64, u64)>,
    /// What was said so far, with the epoch in which it was said.
    pub events: Vec<(u64, String)>,
}

/// What a checkpoint holds beside tensors.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    format: u32,
    /// Where the run stands.
    pub position: Position,
    steps: u64,
    nonfinite: u64,
    /// Seconds of training so far.
    pub seconds: f64,
    /// Hash of the images.
    pub data: u64,
    settings: String,
    control: OrchestratorSnapshot,
    lbo: Option<SavedLbo>,
}

impl RunHeader for Header {
    fn settings(&self) -> &str {
        &self.settings
    }

    fn epoch(&self) -> u64 {
        self.position.epoch
    }
}

type Record<B> =
    (<Vae<B> as Module<B>>::Record, <Optimizer<B> as burn::optim::Optimizer<Vae<B>, B>>::Record);

fn recorder() -> NamedMpkBytesRecorder<FullPrecisionSettings> {
    NamedMpkBytesRecorder::default()
}

fn tensors<B: AutodiffBackend>(stepper: &Stepper<B>) -> Result<Vec<u8>, TrainError> {
    let record: Record<B> = (stepper.model.clone().into_record(), stepper.optimizer.to_record());
    Ok(Recorder::<B>::record(&recorder(), record, ())?)
}

fn load_tensors<B: AutodiffBackend>(
    stepper: &mut Stepper<B>,
    record: Vec<u8>,
    device: &B::Device,
) -> Result<(), TrainError> {
    let (model, optimizer): Record<B> = Recorder::<B>::load(&recorder(), record, device)?;
    stepper.model = stepper.model.clone().load_record(model);
    stepper.optimizer = stepper.optimizer.clone().load_record(optimizer);
    Ok(())
}

/// The state of a run. The tensors are put through their saved form here too, see
/// [`settle`](crate::trainer::state::settle): on ndarray they may lie otherwise in memory after it.
pub fn save<B: AutodiffBackend>(
    stepper: &mut Stepper<B>,
    settings: &Settings,
    position: &Position,
    wall: Duration,
    data: u64,
    device: &B::Device,
) -> Result<(Header, Vec<u8>), TrainError> {
    let bytes = tensors(stepper)?;
    load_tensors(stepper, bytes.clone(), device)?;
    let header = Header {
        format: FORMAT,
        position: position.clone(),
        steps: stepper.steps,
        nonfinite: stepper.nonfinite,
        seconds: wall.as_secs_f64(),
        data,
        settings: toml::to_string(settings).map_err(TrainError::Settings)?,
        control: stepper.control.save(),
        lbo: stepper.lbo.as_ref().map(super::lbo::Lbo::save),
    };
    Ok((header, bytes))
}

/// Puts all tensors through their saved form, at the end of every epoch.
pub fn settle<B: AutodiffBackend>(
    stepper: &mut Stepper<B>,
    device: &B::Device,
) -> Result<(), TrainError> {
    let bytes = tensors(stepper)?;
    load_tensors(stepper, bytes, device)
}

/// Takes a state over.
pub fn load<B: AutodiffBackend>(
    stepper: &mut Stepper<B>,
    header: Header,
    record: Vec<u8>,
    device: &B::Device,
) -> Result<Position, TrainError> {
    if header.format != FORMAT {
        return Err(TrainError::Format { expected: FORMAT, found: header.format });
    }
    match (&mut stepper.lbo, header.lbo) {
        (Some(lbo), Some(saved)) => lbo.load(saved)?,
        (None, None) => {}
        _ => {
            let reason = "the checkpoint is that of another method".to_owned();
            return Err(TrainError::Ceiling { reason });
        }
    }
    stepper.control.load(&header.control)?;
    load_tensors(stepper, record, device)?;
    stepper.steps = header.steps;
    stepper.nonfinite = header.nonfinite;
    Ok(header.position)
}
