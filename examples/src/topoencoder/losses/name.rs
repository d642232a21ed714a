//! Names of the losses, and sets of them.

/// A loss of the TopoEncoder.
///
/// w: encoder routing, r: decoder routing, p = mean_b w, t = z_geo, h = mean_b −Σ_n w ln(w + 1e-6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LossName {
    /// Mean of (x̂ − x)².
    Recon,
    /// Codebook loss of the encoder.
    Vq,
    /// H(K|X) = h, with its gradient (the reference has none).
    Entropy,
    /// mean_b Σ_n w ln((w + 1e-6) / (r + 1e-6)), gradient into both.
    Consistency,
    /// relu(D − mean_b ‖t − t̄‖² + 1e-6).
    Variance,
    /// ln N − H(K), H(K) = −Σ_n p ln(p + 1e-6).
    Diversity,
    /// Mean over pairs of relu(margin − ‖m_i − m_j‖), m_n the usage-weighted mean of t.
    Separation,
    /// mean_n ‖mean_k Q_nk‖².
    CodebookCenter,
    /// Mean over pairs of relu(margin − ‖c_i − c_j‖).
    ChartCenterSep,
    /// mean_b ‖z_n‖².
    ResidualScale,
    /// relu(floor − I(X;K))².
    Window,
    /// Σ_n cov(w_n, ‖t‖)².
    Disentangle,
    /// ln C − entropy of the soft code usage of all charts together.
    CodeEntropy,
    /// Usage-weighted mean over charts of ln C − entropy of the chart's soft code usage.
    PerChartCodeEntropy,
    /// g(z_n) + g(z_tex), g(z) = (mean_b ‖z − z̄‖² − D)².
    KlPrior,
    /// Symmetric divergence of the routing of x and of a disturbed copy.
    Orbit,
    /// Mean squared change of the Gram matrix of t under the disturbance.
    VicregInv,
    /// Consistency of the chart coordinates under the jump operator.
    Jump,
    /// mean_b −ln((w P)_{b, y_b} + 1e-8).
    SupRoute,
    /// Σ_n p_n · entropy of row n of P.
    SupPurity,
    /// Σ_n p_n (ln(p_n + 1e-8) + ln N).
    SupBalance,
    /// Overlap w wᵀ of samples with different labels.
    SupMetric,
}

impl LossName {
    /// All losses, in the order in which they are reported.
    pub const ALL: [Self; 22] = [
        Self::Recon,
        Self::Vq,
        Self::Entropy,
        Self::Consistency,
        Self::Variance,
        Self::Diversity,
        Self::Separation,
        Self::CodebookCenter,
        Self::ChartCenterSep,
        Self::ResidualScale,
        Self::Window,
        Self::Disentangle,
        Self::CodeEntropy,
        Self::PerChartCodeEntropy,
        Self::KlPrior,
        Self::Orbit,
        Self::VicregInv,
        Self::Jump,
        Self::SupRoute,
        Self::SupPurity,
        Self::SupBalance,
        Self::SupMetric,
    ];

    /// Name in logs, configurations and goldens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Recon => "recon",
            Self::Vq => "vq",
            Self::Entropy => "entropy",
            Self::Consistency => "consistency",
            Self::Variance => "variance",
            Self::Diversity => "diversity",
            Self::Separation => "separation",
            Self::CodebookCenter => "codebook_center",
            Self::ChartCenterSep => "chart_center_sep",
            Self::ResidualScale => "residual_scale",
            Self::Window => "window",
            Self::Disentangle => "disentangle",
            Self::CodeEntropy => "code_entropy",
            Self::PerChartCodeEntropy => "per_chart_code_entropy",
            Self::KlPrior => "kl_prior",
            Self::Orbit => "orbit",
            Self::VicregInv => "vicreg_inv",
            Self::Jump => "jump",
            Self::SupRoute => "sup_route",
            Self::SupPurity => "sup_purity",
            Self::SupBalance => "sup_balance",
            Self::SupMetric => "sup_metric",
        }
    }

    /// The loss of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|loss| loss.name() == name)
    }
}

/// A set of losses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct LossSet(u32);

impl LossSet {
    /// No loss.
    pub const EMPTY: Self = Self(0);

    /// All that need nothing but the forward pass.
    pub fn unsupervised() -> Self {
        let others = [
            LossName::Orbit,
            LossName::VicregInv,
            LossName::Jump,
            LossName::SupRoute,
            LossName::SupPurity,
            LossName::SupBalance,
            LossName::SupMetric,
        ];
        others.into_iter().fold(Self::from_iter(LossName::ALL), Self::without)
    }

    /// The set with one more loss.
    pub fn with(self, name: LossName) -> Self {
        Self(self.0 | 1 << name as u32)
    }

    /// The set with the four supervised losses.
    pub fn with_supervised(self) -> Self {
        self.with(LossName::SupRoute)
            .with(LossName::SupPurity)
            .with(LossName::SupBalance)
            .with(LossName::SupMetric)
    }

    /// The set without a loss.
    pub fn without(self, name: LossName) -> Self {
        Self(self.0 & !(1 << name as u32))
    }

    /// Whether a loss is in the set.
    pub fn contains(self, name: LossName) -> bool {
        self.0 & 1 << name as u32 != 0
    }

    /// Number of losses.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether no loss is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The losses, in the order of [`LossName::ALL`].
    pub fn iter(self) -> impl Iterator<Item = LossName> {
        LossName::ALL.into_iter().filter(move |name| self.contains(*name))
    }
}

impl FromIterator<LossName> for LossSet {
    fn from_iter<I: IntoIterator<Item = LossName>>(names: I) -> Self {
        names.into_iter().fold(Self::EMPTY, Self::with)
    }
}
