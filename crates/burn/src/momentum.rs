//! Forgetting the momentum that led out of bounds.

use burn::module::AutodiffModule;
use burn::optim::adaptor::OptimizerAdaptor;
use burn::optim::record::{AdaptorRecord, AdaptorRecordV1};
use burn::optim::{
    Adam, AdamState, AdamW, AdamWState, Adan, AdanState, AdaptiveMomentumState,
    AdaptiveNesterovMomentumState, Muon, MuonState, RmsProp, RmsPropState, Sgd, SgdState,
    SimpleOptimizer,
};
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;

/// An optimizer with a momentum that [`forget_momentum`] can set to 0.
///
/// | optimizer | what is forgotten | what stays |
/// | --- | --- | --- |
/// | [`Adam`], [`AdamW`] | first moment | second moment, its maximum, step count |
/// | [`Adan`] | first moment, moment of the differences | second moment, last gradient, step count |
/// | [`RmsProp`] | momentum | averages of gradient and square |
/// | [`Sgd`] | velocity | – |
/// | [`Muon`] | velocity | – |
///
/// A velocity is forgotten as a whole, so that the next step begins like the first: its gradient is taken in
/// full, without the dampening of later ones. `AdaGrad` has no momentum, and `LBFGS`, whose memory is that
/// of curvature and whose step is no function of one gradient, is not of this kind.
pub trait Momentum<B: Backend>: SimpleOptimizer<B> {
    /// The state of one parameter without its momentum; `None` where nothing else was in it.
    fn forget<const D: usize>(state: Self::State<D>) -> Option<Self::State<D>>;
}

fn without_first<B: Backend, const D: usize>(
    momentum: AdaptiveMomentumState<B, D>,
) -> AdaptiveMomentumState<B, D> {
    AdaptiveMomentumState { moment_1: momentum.moment_1.zeros_like(), ..momentum }
}

impl<B: Backend> Momentum<B> for Adam {
    fn forget<const D: usize>(state: AdamState<B, D>) -> Option<AdamState<B, D>> {
        Some(AdamState::new(without_first(state.momentum)))
    }
}

impl<B: Backend> Momentum<B> for AdamW {
    fn forget<const D: usize>(state: AdamWState<B, D>) -> Option<AdamWState<B, D>> {
        Some(AdamWState::new(without_first(state.momentum)))
    }
}

impl<B: Backend> Momentum<B> for Adan {
    fn forget<const D: usize>(state: AdanState<B, D>) -> Option<AdanState<B, D>> {
        let momentum = state.momentum;
        Some(AdanState::new(AdaptiveNesterovMomentumState {
            exp_avg: momentum.exp_avg.zeros_like(),
            exp_avg_diff: momentum.exp_avg_diff.zeros_like(),
            ..momentum
        }))
    }
}

impl<B: Backend> Momentum<B> for RmsProp {
    fn forget<const D: usize>(state: RmsPropState<B, D>) -> Option<RmsPropState<B, D>> {
        Some(RmsPropState { momentum: None, ..state })
    }
}

impl<B: Backend> Momentum<B> for Sgd<B> {
    fn forget<const D: usize>(_: SgdState<B, D>) -> Option<SgdState<B, D>> {
        None
    }
}

impl<B: Backend> Momentum<B> for Muon<B> {
    fn forget<const D: usize>(_: MuonState<B, D>) -> Option<MuonState<B, D>> {
        None
    }
}

/// Sets the momentum of an optimizer to 0 and leaves the rest of its memory alone: after a rollback the
/// momentum that led out of bounds would lead there again. [`Momentum`] says which optimizers, and what
/// stays; for another, an implementation of it is what is needed.
pub fn forget_momentum<B, M, O>(optimizer: OptimizerAdaptor<O, M, B>) -> OptimizerAdaptor<O, M, B>
where
    B: AutodiffBackend,
    M: AutodiffModule<B>,
    O: Momentum<B::InnerBackend>,
{
    use AdaptorRecordV1::{Rank0, Rank1, Rank2, Rank3, Rank4, Rank5, Rank6, Rank7, Rank8};
    use burn::optim::Optimizer as _;
    let record = optimizer.to_record();
    let forgotten = record.into_iter().filter_map(|(id, AdaptorRecord::V1(state))| {
        let state = match state {
            Rank0(state) => Rank0(O::forget(state)?),
            Rank1(state) => Rank1(O::forget(state)?),
            Rank2(state) => Rank2(O::forget(state)?),
            Rank3(state) => Rank3(O::forget(state)?),
            Rank4(state) => Rank4(O::forget(state)?),
            Rank5(state) => Rank5(O::forget(state)?),
            Rank6(state) => Rank6(O::forget(state)?),
            Rank7(state) => Rank7(O::forget(state)?),
            Rank8(state) => Rank8(O::forget(state)?),
        };
        Some((id, AdaptorRecord::V1(state)))
    });
    let forgotten = forgotten.collect();
    optimizer.load_record(forgotten)
}
