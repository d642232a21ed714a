//! Module and optimizer, kept for a rollback.

use std::marker::PhantomData;

use burn::module::AutodiffModule;
use burn::optim::Optimizer;
use burn::tensor::backend::AutodiffBackend;

/// A copy of a module and its optimizer at one moment.
///
/// Taking it copies handles, not numbers: tensors are shared until one side changes them. While it is
/// held, the next optimizer step cannot change parameters in place and allocates new ones instead, so
/// hold it no longer than needed.
#[derive(Clone, Debug)]
pub struct Saved<B, M, O> {
    module: M,
    optimizer: O,
    backend: PhantomData<fn() -> B>,
}

impl<B, M, O> Saved<B, M, O>
where
    B: AutodiffBackend,
    M: AutodiffModule<B>,
    O: Optimizer<M, B>,
{
    /// Keeps the present state.
    pub fn take(module: &M, optimizer: &O) -> Self {
        Self { module: module.clone(), optimizer: optimizer.clone(), backend: PhantomData }
    }

    /// The kept module.
    pub fn module(&self) -> &M {
        &self.module
    }

    /// Gives the kept state back; call on a clone to keep it for another time.
    pub fn restore(self) -> (M, O) {
        (self.module, self.optimizer)
    }
}
