//! Outer loop over targets: Bayesian optimization and population-based training.
