//! Taking over a saved memory.

use super::state::DualState;
use super::{Dual, DualLoadError};

/// Which differences between a saved memory and an engine are accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadPolicy {
    /// Leaves out constraints that are not configured any more.
    pub allow_drop: bool,
    /// Starts constraints that the memory lacks, with the resume warm-up.
    pub allow_new: bool,
}

impl Dual {
    /// Checks a memory, for example from a file, and fits it to this engine.
    ///
    /// # Errors
    ///
    /// Another version, constraints too many or too few, or a memory that belongs to other settings.
    pub fn load(&self, saved: DualState, policy: LoadPolicy) -> Result<DualState, DualLoadError> {
        if saved.version != DualState::VERSION {
            let (expected, found) = (DualState::VERSION, saved.version);
            return Err(DualLoadError::OtherVersion { expected, found });
        }
        let names = saved.names.len();
        for found in [saved.constraints.len(), saved.coefficients.len(), saved.effective.len()] {
            if found != names {
                return Err(DualLoadError::Shape { names, found });
            }
        }
        let unknown = saved.names.iter().find(|name| self.index(name).is_none());
        if let Some(name) = unknown.filter(|_| !policy.allow_drop) {
            return Err(DualLoadError::Unknown { name: name.clone() });
        }
        let mut state = self.init_state().with_steps(saved.steps());
        let mut found = vec![false; self.len()];
        let coefficients = saved.coefficients.iter().zip(&saved.effective);
        let parts = saved.names.iter().zip(saved.constraints).zip(coefficients);
        for ((name, one), (coefficient, effective)) in parts {
            let Some(index) = self.index(name) else { continue };
            if let Some(misfit) = self.constraints[index].misfit(&one) {
                return Err(DualLoadError::Misfit { name: name.clone(), misfit });
            }
            state.constraints[index] = one;
            self.constraints[index].reserve(&mut state.constraints[index]);
            state.coefficients[index] = *coefficient;
            state.effective[index] = *effective;
            found[index] = true;
        }
        for (index, found) in found.into_iter().enumerate() {
            if !found && !policy.allow_new {
                return Err(DualLoadError::Missing { name: self.names[index].clone() });
            }
            if !found {
                self.constraints[index].resume(&mut state.constraints[index]);
            }
        }
        Ok(state)
    }
}
