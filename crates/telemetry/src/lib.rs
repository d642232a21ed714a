//! What a run says about itself: the [`Doctor`] looks at the numbers of every dual update, finds out what
//! is wrong and proposes the setting that mends it.
//!
//! Sources: the diagnosis rules and alerts of the reference, sections 12 and 13.3, and the dual optimizer
//! note, §8 (`docs/sources.md`). The page `docs/diagnosis.md` has the table from symptom to remedy.
//!
//! | concept | item |
//! | --- | --- |
//! | the numbers of one update, of one step | [`Observation`], [`StepObservation`], [`Drift`] |
//! | what is observed: names, senses, present settings | [`RunProfile`], [`ConstraintProfile`], [`FamilyProfile`] |
//! | thresholds | [`DoctorConfig`] |
//! | the rules, and how urgent they are | [`Rule`], [`Severity`] |
//! | what was found, and what to change | [`Finding`], [`Subject`], [`Change`] |
//! | the doctor and its memory | [`Doctor`], [`DoctorState`], [`DoctorError`] |
//! | period of an oscillation | [`dominant_period`], [`Oscillation`] |
//!
//! ```
//! use homeostat_telemetry::{
//!     ConstraintProfile, DoctorConfig, Gate, Observation, Rule, RunProfile, StepObservation,
//! };
//!
//! let profile = RunProfile::new(vec![ConstraintProfile::new("kl")]);
//! let doctor = DoctorConfig::default().init(profile)?;
//! let mut state = doctor.init_state();
//! let mut found = Vec::new();
//! for _ in 0..300 {
//!     // The multiplier has been at its maximum from the start, and the loss is still too high.
//!     doctor.observe(&mut state, &Observation {
//!         raw: 0.4, normalized: 0.4, target: 0.1, error: 0.3, smoothed: 0.3,
//!         multiplier: 50.0, effective: 50.0, maximum: 50.0, gate: Gate::Update,
//!         ..Observation::new(0)
//!     })?;
//!     found.extend(doctor.step(&mut state, &StepObservation::default()));
//! }
//! let pinned = found.iter().find(|finding| finding.rule == Rule::Pinned).expect("it was found");
//! assert_eq!(pinned.remedy[0].to_string(), "constraints.kl.target = { raw = 0.43 } (now 0.1)");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod doctor;

pub use doctor::{
    BudgetThresholds, Change, ConflictThresholds, ConstraintProfile, Doctor, DoctorConfig,
    DoctorError, DoctorState, Drift, DriftReading, FamilyProfile, FaultThresholds, Finding, Gate,
    IdleThresholds, LevelBlindThresholds, NormalizerKind, NormalizerStatus, Observation,
    Oscillation, OscillationThresholds, OverConstraintThresholds, PinnedThresholds, Rule,
    RunProfile, SatisfactionThresholds, Sense, Severity, Space, StarvationThresholds,
    StepObservation, Subject, WireheadingThresholds, dominant_period,
};

/// The code on the page of the doctor, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/diagnosis.md")]
struct Page;
