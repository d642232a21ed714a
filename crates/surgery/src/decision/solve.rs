//! Calls the method.

use super::{Decision, advance};
use crate::method::{self, Method, Orders};
use crate::workspace::{Solvers, Workspace};

impl Decision<'_> {
    /// α of the kept rows, after their factors, into `space.fresh`.
    pub(super) fn solve(&self, space: &mut Workspace) {
        let Workspace { unit, solvers, preference, fresh, weights, draft, .. } = space;
        let count = unit.rows();
        let (preference, out) = (&preference[..count], &mut fresh[..count]);
        if self.keeps_single(count) {
            out.fill(1.0);
            return;
        }
        let Solvers { nonnegative, minimum, factor, bargain, shifted, changed, order, vectors } =
            solvers;
        let [first, second, third] = vectors.each_mut().map(|vector| &mut vector[..count]);
        let (seed, group) = self.stream;
        let orders = |order| Orders::new(order, seed, group, draft.counts.steps);
        match &self.config.method {
            Method::Sum | Method::Graddrop(_) => out.fill(1.0),
            Method::Mean => out.fill(1.0 / count as f64),
            Method::WeightedSum(_) => out.copy_from_slice(preference),
            Method::Pcgrad(config) => {
                let changed = &mut changed[..count * count];
                method::pcgrad(unit, orders(config.order), order, changed);
                config.reduce.apply(unit, changed, out);
            }
            Method::Gradvac(config) => {
                let changed = &mut changed[..count * count];
                let orders = orders(config.order);
                let (cosines, all) = (&mut draft.similarity[..], self.rows);
                let usual = method::Usual { cosines, all, rate: config.rate };
                method::gradvac(unit, orders, order, usual, first, changed);
                config.reduce.apply(unit, changed, out);
            }
            Method::Cagrad(config) => shifted.cagrad(unit, config, out),
            Method::Mgda => method::mgda(unit, minimum, out),
            Method::Upgrad(_) => {
                method::upgrad(unit, preference, nonnegative, first, second, out);
            }
            Method::Dualproj(_) => {
                method::dualproj(unit, preference, nonnegative, first, second, out);
            }
            Method::ImtlG => method::imtl_g(unit, factor, first, out),
            Method::NashMtl(config) => {
                let solved = method::nash_mtl(unit, config, bargain, first, out);
                advance(&mut draft.counts.unsolved, !solved);
            }
            Method::AlignedMtl(config) => {
                method::aligned_mtl(unit, preference, config.scale, factor, first, out);
            }
            Method::Config(_) | Method::MomentumConfig(_) => {
                method::config(unit, preference, factor, first, out);
            }
            Method::Fairgrad(config) => {
                let solved = method::fairgrad(unit, config.fairness, bargain, first, out);
                advance(&mut draft.counts.unsolved, !solved);
            }
            Method::Sdmgrad(config) => {
                let (memory, scratch) = (&mut draft.shares, [first, second, third]);
                method::sdmgrad(unit, config, preference, memory, scratch, out);
            }
            Method::Krum(config) => method::krum(unit, config, first, second, out),
            Method::Gradnorm(config) => {
                let (losses, shares) = (self.input.losses, &mut draft.shares);
                method::gradnorm(unit, config, losses, shares, &mut draft.first, first, out);
            }
            Method::Famo(config) => {
                let rows = unit.places.iter().copied().collect();
                let losses = self.input.losses;
                let after = match self.input.remeasured {
                    [] => losses,
                    remeasured => remeasured,
                };
                // All rows have a place here, because those that are gone may have left something.
                let shares = &mut vectors[0];
                method::learn(config, after, &mut draft.famo, shares);
                method::famo(rows, losses, &mut draft.famo, shares, weights);
                for (out, place) in out.iter_mut().zip(&unit.places) {
                    *out = weights[*place];
                }
                weights.fill(0.0);
            }
        }
    }

    /// One remaining row is the direction itself, unless the method has a say in its length.
    fn keeps_single(&self, count: usize) -> bool {
        let own = matches!(
            self.config.method,
            Method::WeightedSum(_)
                | Method::Upgrad(_)
                | Method::Dualproj(_)
                | Method::Gradvac(_)
                | Method::Pcgrad(_)
                | Method::AlignedMtl(_)
                | Method::Sdmgrad(_)
                | Method::Gradnorm(_)
                | Method::Famo(_)
        );
        count == 1 && !own
    }
}
