//! Back to the start of the epoch, when dropping single steps does not help.

use burn::tensor::backend::AutodiffBackend;
use homeostat::burn::Saved;

use super::TrainError;
use super::model::{Optimizer, Trainee};
use super::step::Stepper;

/// Model and optimizer at one moment.
pub type Kept<B> = Saved<B, Trainee<B>, Optimizer<B, Trainee<B>>>;

/// So many faulty steps in a row take model and optimizer back to the start of the epoch.
const FAULTS_BEFORE_ROLLBACK: u64 = 10;

/// So many rollbacks without a good step in between end the run.
const ROLLBACKS_BEFORE_END: u64 = 5;

impl<B: AutodiffBackend> Stepper<B> {
    /// Keeps model and optimizer for a rollback; done at the start of every epoch.
    pub fn keep(&mut self) {
        let models = &self.models;
        self.kept = Some(Saved::take(&models.trainee, &models.trainee_optimizer));
    }

    /// One faulty batch is dropped and forgotten. Many in a row mean that the parameters themselves are
    /// beyond help: then model and optimizer go back to the start of the epoch, while the governor, which
    /// has cut the rate, remembers. When that does not help either the run ends.
    pub(super) fn watch(&mut self, faulty: bool) -> Result<(), TrainError> {
        if !faulty {
            (self.faulty_in_a_row, self.rollbacks_in_a_row) = (0, 0);
            return Ok(());
        }
        self.faulty_in_a_row += 1;
        if self.faulty_in_a_row < FAULTS_BEFORE_ROLLBACK {
            return Ok(());
        }
        let Some(kept) = self.kept.clone() else { return Ok(()) };
        if self.rollbacks_in_a_row == ROLLBACKS_BEFORE_END {
            let rate = self.control.board().get(self.panel.learning_rate)?.get();
            return Err(TrainError::Diverged { steps: self.faulty_in_a_row, rate });
        }
        (self.models.trainee, self.models.trainee_optimizer) = kept.restore();
        self.sensor.forget();
        self.sensor.measure::<B, _>(&self.models.trainee);
        self.pending = None;
        self.faulty_in_a_row = 0;
        self.rollbacks_in_a_row += 1;
        self.rollbacks += 1;
        Ok(())
    }
}
