//! Numbers with one meaning each. One table holds the rule of every scalar in words, and the same
//! words appear in every error.
//!
//! The types are thin on purpose: `new`, `get`, no arithmetic. Two quantities that must not be mixed
//! up have two types, so `Setpoint<RawLoss>` and `Setpoint<NormalizedLoss>` cannot be swapped.

use std::marker::PhantomData;

use crate::error::RangeError;

/// One number, or a block of numbers, with one meaning.
pub trait Quantity: Clone + Send + Sync + 'static {
    /// The name in words, as it appears in errors and wiring diagrams.
    const NAME: &'static str;
    /// How many numbers the quantity takes on the board. A block whose size is known only at run
    /// time declares its size at the port instead.
    const WIDTH: usize;
    /// Reads the quantity from its block; refuses NaN, infinities and values out of range.
    fn decode(block: &[f64]) -> Result<Self, RangeError>;
    /// Writes the quantity into its block without allocating.
    fn encode(&self, block: &mut [f64]);
}

/// A quantity that is a single number.
pub trait Scalar: Quantity + Copy + PartialOrd + std::fmt::Debug {
    /// The legal range in words, fit to follow the name: "must be finite".
    const RULE: &'static str;
    /// The name of a setpoint for this quantity.
    const SETPOINT: &'static str;
    /// Checks the range.
    fn new(value: f64) -> Result<Self, RangeError>;
    /// The number.
    fn get(self) -> f64;
}

macro_rules! scalars {
    ($($(#[$doc:meta])* $type:ident $name:literal, $rule:literal, |$value:ident| $legal:expr;)*) => {
        $(
            $(#[$doc])*
            #[doc = concat!("\n\nThe number ", $rule, ".")]
            #[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
            pub struct $type(f64);

            impl $type {
                #[doc = concat!("Checks that the ", $name, " ", $rule, ".")]
                pub fn new($value: f64) -> Result<Self, RangeError> {
                    if $legal { Ok(Self($value)) } else {
                        Err(RangeError { quantity: $name, rule: $rule, value: $value })
                    }
                }
                /// The number.
                pub fn get(self) -> f64 { self.0 }
            }

            impl Quantity for $type {
                const NAME: &'static str = $name;
                const WIDTH: usize = 1;
                fn decode(block: &[f64]) -> Result<Self, RangeError> {
                    Self::new(block.first().copied().unwrap_or(f64::NAN))
                }
                fn encode(&self, block: &mut [f64]) { block[0] = self.0; }
            }

            impl Scalar for $type {
                const RULE: &'static str = $rule;
                const SETPOINT: &'static str = concat!("setpoint of ", $name);
                fn new(value: f64) -> Result<Self, RangeError> { Self::new(value) }
                fn get(self) -> f64 { self.0 }
            }
        )*

        /// The name and the rule of every scalar quantity, for documentation and tests.
        pub const SCALARS: &[(&str, &str)] = &[$(($name, $rule)),*];
    };
}

scalars! {
    /// A loss term as the model produced it.
    RawLoss "raw loss", "must be finite", |value| value.is_finite();
    /// A loss term after a normalizer.
    NormalizedLoss "normalized loss", "must be finite", |value| value.is_finite();
    /// An entropy or an information in nats. Differences of entropies may fall a rounding error
    /// below zero, so the sign is not restricted.
    Entropy "entropy", "must be finite", |value| value.is_finite();
    /// The slope dN/dℓ of a normalizer N at a loss ℓ, its state held fixed.
    NormalizerSlope "normalizer slope", "must be finite and not negative",
        |value| value.is_finite() && value >= 0.0;
    /// Any other measured number.
    Metric "metric", "must be finite", |value| value.is_finite();
    /// The multiplier λ of an inequality constraint.
    Multiplier "multiplier", "must be finite and not negative",
        |value| value.is_finite() && value >= 0.0;
    /// What a loss term is multiplied by in the total.
    Weight "weight", "must be finite and not negative", |value| value.is_finite() && value >= 0.0;
    /// The learned log-variance s of a loss term.
    LogVariance "log-variance", "must be finite", |value| value.is_finite();
    /// The step size handed to the optimizer.
    LearningRate "learning rate", "must be finite and not negative",
        |value| value.is_finite() && value >= 0.0;
    /// The Euclidean norm of a gradient.
    GradientNorm "gradient norm", "must be finite and not negative",
        |value| value.is_finite() && value >= 0.0;
    /// The Euclidean norm of all parameters.
    ParameterNorm "parameter norm", "must be finite and not negative",
        |value| value.is_finite() && value >= 0.0;
    /// The Euclidean norm of the change that the last optimizer step made to the parameters.
    UpdateNorm "update norm", "must be finite and not negative",
        |value| value.is_finite() && value >= 0.0;
    /// How many readings of a step were refused because they were not finite.
    FaultCount "fault count", "must be a finite count, not negative",
        |value| value.is_finite() && value >= 0.0;
}

/// The value that a measured `Q` should reach.
#[derive(Debug)]
pub struct Setpoint<Q> {
    value: f64,
    quantity: PhantomData<fn() -> Q>,
}

impl<Q> Clone for Setpoint<Q> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Q> Copy for Setpoint<Q> {}

impl<Q: Scalar> Setpoint<Q> {
    /// A setpoint obeys the rule of the quantity that it is for.
    pub fn new(value: f64) -> Result<Self, RangeError> {
        match Q::new(value) {
            Ok(_) => Ok(Self { value, quantity: PhantomData }),
            Err(RangeError { rule, value, .. }) => {
                Err(RangeError { quantity: Q::SETPOINT, rule, value })
            }
        }
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.value
    }
}

impl<Q: Scalar> Quantity for Setpoint<Q> {
    const NAME: &'static str = Q::SETPOINT;
    const WIDTH: usize = 1;

    fn decode(block: &[f64]) -> Result<Self, RangeError> {
        Self::new(block.first().copied().unwrap_or(f64::NAN))
    }

    fn encode(&self, block: &mut [f64]) {
        block[0] = self.value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scalar_refuses_nan_and_infinities_in_words() {
        #[track_caller]
        fn check<Q: Scalar>() {
            for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let error = Q::new(value).expect_err("a non-finite number is refused");
                let text = error.to_string();
                assert!(text.starts_with(&format!("{} must be", Q::NAME)), "{text}");
                assert!(Setpoint::<Q>::new(value).is_err());
            }
            assert_eq!(Q::new(0.5).map(Q::get).expect("a half is legal everywhere"), 0.5);
        }
        check::<RawLoss>();
        check::<NormalizedLoss>();
        check::<Entropy>();
        check::<NormalizerSlope>();
        check::<Metric>();
        check::<Multiplier>();
        check::<Weight>();
        check::<LogVariance>();
        check::<LearningRate>();
        check::<GradientNorm>();
        check::<ParameterNorm>();
        check::<UpdateNorm>();
        check::<FaultCount>();
        assert_eq!(SCALARS.len(), 13);
    }

    #[test]
    fn an_error_names_the_quantity_the_rule_and_the_value() {
        let error = Multiplier::new(-1.0).expect_err("negative");
        assert_eq!(error.to_string(), "multiplier must be finite and not negative, got -1");
        let error = Setpoint::<RawLoss>::new(f64::NAN).expect_err("NaN");
        assert_eq!(error.to_string(), "setpoint of raw loss must be finite, got NaN");
    }
}
