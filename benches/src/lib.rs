//! What the benches share: the settings they measure, and a board with plausible readings.

use homeostat::{Board, StepError};
use homeostat_examples::document::Document;
use homeostat_examples::trainer::TrainError;
use homeostat_examples::trainer::panel::Panel;
use homeostat_examples::trainer::settings::{DEFAULTS, Settings, SettingsError};

/// The settings of `configs/topoencoder_2d.toml`.
pub fn settings() -> Result<Settings, TrainError> {
    let mut document = Document::from_default(DEFAULTS).map_err(SettingsError::Document)?;
    Ok(Settings::resolve(&mut document)?.0)
}

/// How many steps an epoch of these settings has.
pub fn steps_per_epoch(settings: &Settings) -> u64 {
    let test = (settings.data.samples as f64 * settings.data.test_fraction).round() as usize;
    let rows = settings.data.samples - test;
    rows.div_ceil(settings.batch_size.max(1)) as u64
}

/// Puts a reading on every sensor of the panel, as they are in the middle of a run. `shift` moves
/// them a little, so that two steps differ.
pub fn observe(panel: &Panel, board: &mut Board, shift: f64) -> Result<(), StepError> {
    for (index, slots) in panel.losses.iter().enumerate() {
        board.observe(slots.value, 0.05 * (1 + index) as f64 + shift)?;
    }
    board.observe(panel.orthogonality.0, 0.4 + shift)?;
    board.observe(panel.charts_given_input, 0.9 + shift)?;
    board.observe(panel.charts, 2.1 + shift)?;
    board.observe(panel.information, 1.2 + shift)?;
    board.observe(panel.stability, 0.8 + shift)?;
    board.observe(panel.total, 1.3 + shift)?;
    board.observe(panel.gradient_norm, 0.7 + shift)?;
    board.observe(panel.parameter_norm, 30.0 + shift)?;
    board.observe(panel.update_norm, 0.02 + shift)
}
