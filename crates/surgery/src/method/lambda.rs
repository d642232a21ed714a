//! What becomes of a multiplier on a row.

use super::Method;

/// What a method does to a multiplier λ on a row: how the share of that row in d, in unit rows, grows with λ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LambdaEffect {
    /// The share grows with λ.
    Full,
    /// The share grows, but less than λ.
    Compressed,
    /// The share grows little, and not always.
    Weak,
    /// The share hardly moves.
    Ignored,
    /// The share does not depend on λ.
    Erased,
    /// The share falls where λ grows.
    Inverted,
}

impl std::fmt::Display for LambdaEffect {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Full => "multipliers are fully effective",
            Self::Compressed => "multipliers are effective, but compressed",
            Self::Weak => "multipliers have a weak effect, which is not always in their direction",
            Self::Ignored => "multipliers are almost ignored",
            Self::Erased => "multipliers have no effect",
            Self::Inverted => "multipliers work backwards",
        })
    }
}

impl Method {
    /// What becomes of a multiplier λ that scales a row (`lambda = "rows"`).
    pub fn respects_lambda(&self) -> LambdaEffect {
        match self {
            Self::Sum | Self::Mean | Self::WeightedSum(_) | Self::Graddrop(_) => LambdaEffect::Full,
            // Until the mean conflicts with a row; then compressed.
            Self::Dualproj(_) => LambdaEffect::Full,
            Self::Pcgrad(_) | Self::Gradvac(_) | Self::Upgrad(_) => LambdaEffect::Compressed,
            Self::Cagrad(_) => LambdaEffect::Weak,
            Self::AlignedMtl(_) => LambdaEffect::Ignored,
            Self::ImtlG
            | Self::NashMtl(_)
            | Self::Config(_)
            | Self::MomentumConfig(_)
            | Self::Gradnorm(_)
            | Self::Famo(_) => LambdaEffect::Erased,
            // The share goes with n^((1 − a)/(1 + a)) where rows are orthogonal.
            Self::Fairgrad(config) if config.fairness < 1.0 => LambdaEffect::Compressed,
            Self::Fairgrad(config) if config.fairness == 1.0 => LambdaEffect::Erased,
            // A longer row is nearer to being an outlier, which Krum throws out.
            Self::Fairgrad(_) | Self::Mgda | Self::Sdmgrad(_) | Self::Krum(_) => {
                LambdaEffect::Inverted
            }
        }
    }
}
