//! Everything that a run must not forget, in and out of a checkpoint.

use std::time::Duration;

use burn::module::{AutodiffModule, Module};
use burn::optim::Optimizer as _;
use burn::prelude::*;
use burn::record::{FullPrecisionSettings, NamedMpkBytesRecorder, Recorder};
use burn::tensor::backend::AutodiffBackend;
use homeostat::OrchestratorSnapshot;
use homeostat::burn::flatten_parameters;
use serde::{Deserialize, Serialize};

use super::TrainError;
use super::model::{Baselines, Optimizer, Readouts, Trainee};
use super::operation::{Averages, Operation, SavedOperation};
use super::settings::Settings;
use super::spread::SavedSpread;
use super::step::{Pending, Stepper};
use crate::launch::RunHeader;

/// The form of the header; raised when its meaning changes.
const FORMAT: u32 = 2;

/// What a checkpoint holds beside tensors.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    format: u32,
    /// Epochs that are done.
    pub epoch: u64,
    steps: u64,
    nonfinite: u64,
    rollbacks: u64,
    /// Seconds of training so far.
    pub seconds: f64,
    /// Hash of the rows.
    pub data: u64,
    /// The settings, as TOML.
    pub settings: String,
    control: OrchestratorSnapshot,
    spread: Option<SavedSpread>,
    // ‖θ‖ and ‖Δθ‖ after the last step wait here to be read with the next one.
    parameter_norm: Option<f32>,
    update: Option<(f32, f64)>,
    // Counts, cached weights and cost of gradient surgery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    surgery: Option<SavedOperation>,
}

impl RunHeader for Header {
    fn settings(&self) -> &str {
        &self.settings
    }

    fn epoch(&self) -> u64 {
        self.epoch
    }
}

type Record<B> = (
    <Trainee<B> as Module<B>>::Record,
    <Optimizer<B, Trainee<B>> as burn::optim::Optimizer<Trainee<B>, B>>::Record,
    <Baselines<B> as Module<B>>::Record,
    <Optimizer<B, Baselines<B>> as burn::optim::Optimizer<Baselines<B>, B>>::Record,
    <Readouts<B> as Module<B>>::Record,
    <Optimizer<B, Readouts<B>> as burn::optim::Optimizer<Readouts<B>, B>>::Record,
    Averages<B>,
);

fn recorder() -> NamedMpkBytesRecorder<FullPrecisionSettings> {
    NamedMpkBytesRecorder::default()
}

fn host<B: Backend>(tensor: Tensor<B, 1>) -> Option<f32> {
    tensor.into_data().iter::<f32>().next()
}

fn tensors<B: AutodiffBackend>(stepper: &Stepper<B>) -> Result<Vec<u8>, TrainError> {
    let models = &stepper.models;
    let record: Record<B> = (
        models.trainee.clone().into_record(),
        models.trainee_optimizer.to_record(),
        models.baselines.clone().into_record(),
        models.baselines_optimizer.to_record(),
        models.readouts.clone().into_record(),
        models.readouts_optimizer.to_record(),
        stepper.operation.as_ref().map_or_else(Vec::new, |one| one.averages(&models.trainee)),
    );
    Ok(Recorder::<B>::record(&recorder(), record, ())?)
}

fn load_tensors<B: AutodiffBackend>(
    stepper: &mut Stepper<B>,
    record: Vec<u8>,
    device: &B::Device,
) -> Result<(), TrainError> {
    let record: Record<B> = Recorder::<B>::load(&recorder(), record, device)?;
    let models = &mut stepper.models;
    models.trainee = models.trainee.clone().load_record(record.0);
    models.trainee_optimizer = models.trainee_optimizer.clone().load_record(record.1);
    models.baselines = models.baselines.clone().load_record(record.2);
    models.baselines_optimizer = models.baselines_optimizer.clone().load_record(record.3);
    models.readouts = models.readouts.clone().load_record(record.4);
    models.readouts_optimizer = models.readouts_optimizer.clone().load_record(record.5);
    if let Some(operation) = &mut stepper.operation {
        operation.load_averages(&models.trainee, record.6)?;
    }
    Ok(())
}

/// Puts all tensors through their saved form, at the end of every epoch. On ndarray a tensor that was
/// computed may lie transposed in memory and adds in another order than the same numbers loaded from a
/// file; after this both lie alike, and a resumed run equals an uninterrupted one to the bit.
pub fn settle<B: AutodiffBackend>(
    stepper: &mut Stepper<B>,
    device: &B::Device,
) -> Result<(), TrainError> {
    let record = tensors(stepper)?;
    load_tensors(stepper, record, device)
}

/// The state of a run after an epoch. Numbers that wait to be read are read now, and go on waiting in
/// the same form after a resume and without one.
pub fn save<B: AutodiffBackend>(
    stepper: &mut Stepper<B>,
    settings: &Settings,
    epoch: u64,
    wall: Duration,
    data: u64,
) -> Result<(Header, Vec<u8>), TrainError> {
    let bytes = tensors(stepper)?;
    let (parameter_norm, update) = match stepper.pending.clone() {
        Some(Pending { parameter_norm, update }) => {
            (host(parameter_norm), update.and_then(|(norm, rate)| Some((host(norm)?, rate))))
        }
        None => (None, None),
    };
    let settings = toml::to_string(settings).map_err(TrainError::Settings)?;
    let header = Header {
        format: FORMAT,
        epoch,
        steps: stepper.steps,
        nonfinite: stepper.nonfinite,
        rollbacks: stepper.rollbacks,
        seconds: wall.as_secs_f64(),
        data,
        settings,
        control: stepper.control.save(),
        spread: stepper.spread.save(),
        parameter_norm,
        update,
        surgery: stepper.operation.as_ref().and_then(Operation::save),
    };
    Ok((header, bytes))
}

/// Takes a state over.
pub fn load<B: AutodiffBackend>(
    stepper: &mut Stepper<B>,
    header: Header,
    record: Vec<u8>,
    device: &B::Device,
) -> Result<(), TrainError> {
    if header.format != FORMAT {
        return Err(TrainError::Format { expected: FORMAT, found: header.format });
    }
    stepper.control.load(&header.control)?;
    load_tensors(stepper, record, device)?;
    stepper.spread.load(header.spread);
    if let (Some(operation), Some(state)) = (&mut stepper.operation, header.surgery) {
        operation.load(state);
    }
    stepper.steps = header.steps;
    stepper.nonfinite = header.nonfinite;
    stepper.rollbacks = header.rollbacks;
    stepper.reader.forget();
    // The sensor compares with the parameters as they are now.
    stepper.sensor.forget();
    stepper.sensor.measure::<B, _>(&stepper.models.trainee);
    let scalar = |value: f32| Tensor::<B::InnerBackend, 1>::from_floats([value], device);
    stepper.pending = header.parameter_norm.map(|norm| Pending {
        parameter_norm: scalar(norm),
        update: header.update.map(|(norm, rate)| (scalar(norm), rate)),
    });
    Ok(())
}

/// A hash over the bits of all trainable parameters: equal hashes mean equal models.
pub fn parameter_hash<B: AutodiffBackend, M: AutodiffModule<B>>(module: &M) -> u64 {
    let values: Vec<f32> = flatten_parameters::<B, _>(module)
        .map(|vector| vector.into_data().iter::<f32>().collect())
        .unwrap_or_default();
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_bits().to_le_bytes()).collect();
    crate::checkpoint::fingerprint(&bytes)
}
