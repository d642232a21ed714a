//! The thresholds of the doctor; `check.rs` says which values are legal.
//!
//! Where a default says "reference", it stands in the diagnosis rules of the reference (section 12) or in
//! its alerts (13.3), which call their numbers chosen; "seed" is the dual optimizer note (docs/sources.md), §11; "chosen" is ours.

use serde::{Deserialize, Serialize};

use super::finding::Rule;

/// Declares a table of thresholds together with its defaults, so that neither can be without the other.
macro_rules! thresholds {
    (
        $(#[$table:meta])*
        $name:ident { $($(#[$field:meta])* $key:ident: $type:ty = $default:expr,)* }
    ) => {
        $(#[$table])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $($(#[$field])* pub $key: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }
    };
}

thresholds! {
    /// Configuration of a [`Doctor`](crate::Doctor).
    ///
    /// The keys, where a program reads it from a table of its own; `read_dual` knows no such table:
    ///
    /// ```toml
    /// every = 200
    /// silent = ["idle"]
    /// oscillation = { autocorrelation = 0.5 }
    /// ```
    DoctorConfig {
        /// Updates that are remembered of each constraint. Default 512, reference.
        window: usize = 512,
        /// Steps between two evaluations of the rules. Default 100, reference.
        every: u64 = 100,
        /// Updates that a rule needs to see before it speaks. Default 256, chosen: half a window.
        minimum: usize = 256,
        /// Steps before the same finding is told again. Default 1000, chosen.
        repeat: u64 = 1000,
        /// Evaluations without the condition after which a finding has ended. Default 2, chosen.
        calm: u32 = 2,
        /// Rules that are never told. Default: none, chosen.
        silent: Vec<Rule> = Vec::new(),
        /// R1.
        oscillation: OscillationThresholds = OscillationThresholds::default(),
        /// R2, A1 and A3.
        satisfaction: SatisfactionThresholds = SatisfactionThresholds::default(),
        /// R3.
        starvation: StarvationThresholds = StarvationThresholds::default(),
        /// R4.
        wireheading: WireheadingThresholds = WireheadingThresholds::default(),
        /// R5.
        conflict: ConflictThresholds = ConflictThresholds::default(),
        /// R6 and A2.
        pinned: PinnedThresholds = PinnedThresholds::default(),
        /// R7.
        idle: IdleThresholds = IdleThresholds::default(),
        /// R9.
        budget: BudgetThresholds = BudgetThresholds::default(),
        /// R11, R12 and A4.
        faults: FaultThresholds = FaultThresholds::default(),
        /// R13.
        level_blind: LevelBlindThresholds = LevelBlindThresholds::default(),
        /// R14.
        over_constraint: OverConstraintThresholds = OverConstraintThresholds::default(),
    }
}

thresholds! {
    /// When a dual loop swings. All must hold.
    OscillationThresholds {
        /// Zero crossings of the smoothed error in the window, at least. Default 6, reference.
        crossings: usize = 6,
        /// Autocorrelation at the dominant period, above. Default 0.4, reference.
        autocorrelation: f64 = 0.4,
        /// Autocorrelation at half the dominant period, below minus this. Default 0.2, chosen: noise is
        /// not unlike itself half a period later.
        trough: f64 = 0.2,
        /// (P90 − P10) of the multiplier by its mean, above. Default 0.5, reference.
        spread: f64 = 0.5,
    }
}

thresholds! {
    /// When a constraint is satisfied too seldom.
    SatisfactionThresholds {
        /// R2: share of satisfied updates, below. Default 0.05, reference.
        never: f64 = 0.05,
        /// R2: the t of the error's slope, above minus this. Default 2, reference.
        trend: f64 = 2.0,
        /// R2: a loss whose correlation with the strict value is below this does not stand for it.
        /// Default 0.3, reference, section 9.4.
        decoupled: f64 = 0.3,
        /// A3: the upper bound of the share, below. Default 0.8, seed.
        alert: f64 = 0.8,
        /// A3: the share from which the alert ends. Default 0.85, reference.
        clear: f64 = 0.85,
        /// A3: updates needed. Default 200, reference.
        count: usize = 200,
    }
}

thresholds! {
    /// When constraints leave nothing to the task.
    StarvationThresholds {
        /// Σ‖a_k∇ℓ_k‖ / ‖∇ℓ_task‖, above. Default 10, reference.
        ratio: f64 = 10.0,
        /// For so many steps. Default 100, reference.
        steps: u64 = 100,
        /// Or: the t of a rising task loss, above. Default 7, chosen: of block means, by chance about once
        /// in 300 000 evaluations.
        trend: f64 = 7.0,
        /// … by this share of its mean within the window, at least. Default 0.01, chosen.
        rise: f64 = 0.01,
        /// … while the satisfaction of every constraint is at least this. Default 0.95, chosen.
        satisfaction: f64 = 0.95,
    }
}

thresholds! {
    /// When a constraint becomes easier instead of better.
    WireheadingThresholds {
        /// The t of a falling proxy, below minus this, while the strict value falls by less than a quarter
        /// of that. Default 7, chosen as in R3.
        trend: f64 = 7.0,
        /// Relative change of the denominator within the window, above. Default 0.2, reference.
        denominator: f64 = 0.2,
        /// The jitter that is proposed. Default 0.25, reference.
        jitter: f64 = 0.25,
        /// For how many steps to freeze the multiplier, as it is proposed. Default 200, reference.
        freeze: u64 = 200,
    }
}

thresholds! {
    /// When gradients pull against each other. Either is enough.
    ConflictThresholds {
        /// Mean cosine between rows, below minus this. Default 0.2, reference.
        cosine: f64 = 0.2,
        /// Share of pairs with a negative cosine, above. Default 0.5, reference.
        share: f64 = 0.5,
        /// Readings needed. Default 16, chosen: they are logged every tenth step.
        count: usize = 16,
    }
}

thresholds! {
    /// When a multiplier is at its maximum.
    PinnedThresholds {
        /// R6: multiplier by maximum, at least. Default 0.99, reference.
        share: f64 = 0.99,
        /// R6: for so many updates. Default 50, reference.
        updates: u64 = 50,
        /// A2 ends below this share of the maximum. Default 0.95, reference.
        clear: f64 = 0.95,
    }
}

thresholds! {
    /// When a constraint never acts. Both must hold.
    IdleThresholds {
        /// Share of updates with multiplier 0, at least. Default 0.95, reference.
        share: f64 = 0.95,
        /// Share of satisfied updates, above. Default 0.99, reference.
        satisfaction: f64 = 0.99,
        /// A multiplier of at most this share of its maximum counts as 0. Default 1e-6, chosen.
        level: f64 = 1e-6,
    }
}

thresholds! {
    /// When a family stays at its budget.
    BudgetThresholds {
        /// Share of updates at the budget, above. Default 0.5, reference.
        share: f64 = 0.5,
        /// By which factor to raise the budget, as it is proposed. Default 1.5, chosen.
        raise: f64 = 1.5,
    }
}

thresholds! {
    /// When measurements fail.
    FaultThresholds {
        /// R11: share of updates that are not finite, above. Default 0.01, reference.
        nonfinite: f64 = 0.01,
        /// A4: so many in a row. Default 10, reference.
        streak: u64 = 10,
        /// After how many in a row to stop, as it is proposed. Default 50, reference.
        stop: u64 = 50,
        /// R12: share of frozen updates, above. Default 0.3, reference.
        frozen: f64 = 0.3,
        /// By which factor to raise κ, as it is proposed. Default 1.5, reference.
        raise: f64 = 1.5,
    }
}

thresholds! {
    /// When a relative target does not see the level.
    LevelBlindThresholds {
        /// Distance of the mean normalized loss from its stationary mean 0, below. Default 0.25, chosen.
        mean: f64 = 0.25,
        /// The t of the raw loss's drift to the forbidden side, above. Default 7, chosen as in R3.
        trend: f64 = 7.0,
    }
}

thresholds! {
    /// When a mask leaves no valid decode.
    OverConstraintThresholds {
        /// Mean share of decodes without a valid continuation, above. Default 0.01, reference, section
        /// 11.2.
        rate: f64 = 0.01,
        /// Readings needed. Default 16, chosen.
        count: usize = 16,
    }
}
