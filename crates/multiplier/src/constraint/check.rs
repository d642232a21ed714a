//! From what stands in a file to checked settings.

use std::sync::Arc;

use homeostat_core::{Clock, ConfigError};
use homeostat_normalize::NormalizerConfig;

use super::{Constraint, Use};
use crate::aim::Aim;
use crate::config::MultiplierConfig;
use crate::slope::SlopeConfig;
use crate::smoothing::Smoothing;
use crate::supply::Supply;
use crate::switch::Switch;
use crate::target::Target;
use crate::violation::{ErrorMode, Sense};

/// The part of the initial weight below which a weight does not fall by default.
const MINIMUM_SHARE: f64 = 0.01;
/// λ_max of a constraint used alone: the reference's.
const MAXIMUM: f64 = 10.0;
/// λ_max of a hard constraint over that of an ordinary one. Ours: far enough that reaching it says
/// that no price will do.
const HARD_FACTOR: f64 = 10.0;
/// Bound of a scaled error in the engine: the τ of the design note's z-score.
const SCALED_CLIP: f64 = 3.0;
/// A jump of the target by so many deadzones restarts the resume warm-up.
const JUMP_DEADZONES: f64 = 5.0;

impl Constraint {
    /// Checks every field.
    pub(crate) fn new(
        config: &MultiplierConfig,
        clock: Clock,
        place: Use,
    ) -> Result<Self, ConfigError> {
        check_place(config, place)?;
        let unit = config.time_unit.unwrap_or_default();
        let (initial, minimum, maximum) = limits(config, place)?;
        let rate =
            config.rate.ok_or_else(|| ConfigError::new("rate", "must be given", "nothing"))?;
        match place {
            Use::Alone => ConfigError::positive("rate", rate)?,
            Use::Engine => ConfigError::not_negative("rate", rate)?,
        }
        let aim = Aim::new(config, clock, unit)?;
        let mode = error_mode(config, &aim)?;
        let normalizer = config.normalizer.as_ref().map(NormalizerConfig::init).transpose();
        let normalizer = normalizer.map_err(|error: ConfigError| {
            ConfigError::new(normalizer_field(&error), error.rule, error.found)
        })?;

        let error_clip = match (config.error_clip, place, mode) {
            (Some(clip), _, _) => {
                ConfigError::positive("error_clip", clip)?;
                clip
            }
            (None, Use::Engine, ErrorMode::Scaled) => SCALED_CLIP,
            _ => f64::INFINITY,
        };
        let weight = config.weight.unwrap_or(1.0);
        ConfigError::positive("weight", weight)?;
        let smoothing_weight = config.smoothing.unwrap_or(1.0);
        let smoothing =
            Smoothing::new(smoothing_weight, config.smoothing_start.unwrap_or_default())?;
        let deadzone = config.deadzone.unwrap_or(0.0);
        ConfigError::not_negative("deadzone", deadzone)?;
        let leak = config.leak.unwrap_or(0.0);
        ConfigError::decay("leak", leak)?;
        let restart_after = restart_after(config)?;
        let spike = on(&config.spike).map(|spike| spike.init()).transpose()?;
        let pause = on(&config.pause);
        pause.map_or(Ok(()), |pause| pause.validate())?;
        config.resume.map_or(Ok(()), |resume| resume.validate())?;
        let slope = config.slope.unwrap_or(SlopeConfig::Raw);
        slope.validate()?;
        let judge = on(&config.verdict).map(|verdict| verdict.init()).transpose()?;
        let rule = config.rule.unwrap_or_default();
        let rule = match config.sense {
            Sense::Eq => rule.init_equality()?,
            _ => rule.init()?,
        };

        Ok(Self {
            sense: config.sense,
            mode,
            aim,
            strict: config.strict.is_some(),
            error_clip,
            warmup: config.warmup.unwrap_or(0),
            weight,
            unit_slope: place == Use::Alone && normalizer.is_none(),
            normalizer,
            initial,
            minimum,
            maximum,
            rate: clock.rate(unit, rate),
            smoothing,
            smoothing_weight,
            deadzone: if config.hard { 0.0 } else { deadzone },
            deadzone_mode: config.deadzone_mode.unwrap_or_default(),
            target_jump: if deadzone > 0.0 { JUMP_DEADZONES * deadzone } else { f64::INFINITY },
            leak: if config.hard { 0.0 } else { leak },
            leak_when: config.leak_when.unwrap_or_default(),
            rule: Arc::from(rule),
            every: at_least_one("every", config.every)?,
            offset: config.offset.unwrap_or(0).into(),
            measure_every: at_least_one("measure_every", config.measure_every)?,
            restart_after,
            spike,
            on_spike: config.on_spike.unwrap_or_default(),
            pause,
            resume: config.resume,
            slope,
            judge,
            hard: config.hard,
        })
    }
}

/// What belongs to the engine must not be set where the constraint is used alone, and the other way
/// round.
fn check_place(config: &MultiplierConfig, place: Use) -> Result<(), ConfigError> {
    match place {
        Use::Alone => {
            let text = |supply: &Option<Supply>| supply.as_ref().map(Supply::to_string);
            let given = [
                ("family", config.family.clone()),
                ("measured", config.measured.clone()),
                ("strict", text(&config.strict)),
                ("ease", text(&config.ease)),
            ];
            for (field, found) in given {
                let rule = "belongs to a constraint of the engine; leave it out";
                found.map_or(Ok(()), |found| Err(ConfigError::new(field, rule, found)))?;
            }
            let legal = matches!(config.sense, Sense::Le | Sense::Ge);
            let rule = "must be \"le\" or \"ge\" where the constraint is used alone, because the \
                        weight that it writes cannot be negative";
            ConfigError::unless(legal, "sense", rule, config.sense)
        }
        Use::Engine => {
            let given = |field, given: bool| {
                let rule = "must be given: every constraint of the engine has its own";
                ConfigError::unless(given, field, rule, "nothing")
            };
            given("target", config.target.is_some())?;
            given("normalizer", config.normalizer.is_some())
        }
    }
}

/// λ at the start, λ_min and λ_max.
fn limits(config: &MultiplierConfig, place: Use) -> Result<(f64, f64, f64), ConfigError> {
    let initial = match place {
        Use::Alone => ConfigError::given("initial", config.initial)?,
        Use::Engine => config.initial.unwrap_or(0.0),
    };
    let signed = config.sense.signed();
    match signed {
        true => ConfigError::finite("initial", initial)?,
        false => ConfigError::not_negative("initial", initial)?,
    }
    let ordinary = config.maximum.unwrap_or(MAXIMUM);
    ConfigError::finite("maximum", ordinary)?;
    let maximum = match config.hard {
        true => config.hard_maximum.unwrap_or(HARD_FACTOR * ordinary),
        false => ordinary,
    };
    if config.hard {
        ConfigError::positive("hard_maximum", maximum)?;
    }
    let minimum = config.minimum.unwrap_or(match (place, signed) {
        (_, true) => -maximum,
        (Use::Alone, false) => MINIMUM_SHARE * initial,
        (Use::Engine, false) => 0.0,
    });
    match signed {
        true => ConfigError::finite("minimum", minimum)?,
        false => ConfigError::not_negative("minimum", minimum)?,
    }
    ConfigError::unless(
        minimum < maximum,
        "maximum",
        "must be above minimum",
        format_args!("{maximum} with minimum {minimum}"),
    )?;
    ConfigError::unless(
        (minimum..=maximum).contains(&initial),
        "initial",
        "must lie between minimum and maximum",
        format_args!("{initial} outside {minimum} … {maximum}"),
    )?;
    let shared = config.family.is_some();
    let rule = "must not be \"eq\" in a family: a multiplier with a sign has no share of a budget";
    ConfigError::unless(!shared || !signed, "sense", rule, "eq")?;
    let rule = "must be 0 in a family, whose budget may take all";
    ConfigError::unless(!shared || minimum == 0.0, "minimum", rule, minimum)?;
    Ok((initial, minimum, maximum))
}

/// The unit of the violation as it is used.
fn error_mode(config: &MultiplierConfig, aim: &Aim) -> Result<ErrorMode, ConfigError> {
    let normalized = aim.normalized();
    let mode = config.error.unwrap_or(match (&config.target, &config.normalizer) {
        _ if normalized => ErrorMode::Normalized,
        (_, Some(_)) => ErrorMode::Scaled,
        (Some(Target::Baseline(_)), None) => ErrorMode::LogRatio,
        (_, None) => ErrorMode::Absolute,
    });
    let legal = (mode == ErrorMode::Normalized) == normalized;
    let rule = "must be \"normalized\" exactly where the target is { normalized = … }";
    ConfigError::unless(legal, "error", rule, mode)?;
    match &config.normalizer {
        None => {
            let rule = "must be given where the error is scaled, mapped or normalized";
            ConfigError::unless(!mode.normalizes(), "normalizer", rule, "nothing")?;
        }
        Some(normalizer) => {
            let legal = mode.normalizes() || *normalizer == NormalizerConfig::None;
            let rule = "must be \"none\" where the error is absolute, relative or log-ratio, which \
                        read no normalizer";
            ConfigError::unless(legal, "normalizer", rule, word(normalizer))?;
        }
    }
    Ok(mode)
}

/// The name of a normalizer as it is written.
fn word(normalizer: &NormalizerConfig) -> &'static str {
    match normalizer {
        NormalizerConfig::None => "none",
        NormalizerConfig::Rank(_) => "rank",
        NormalizerConfig::Winsor(_) => "winsor",
        NormalizerConfig::Ema(_) => "ema",
        NormalizerConfig::Auto(_) => "auto",
    }
}

fn restart_after(config: &MultiplierConfig) -> Result<Option<u32>, ConfigError> {
    let Some(steps) = config.restart_after else { return Ok(None) };
    ConfigError::unless(steps >= 1, "restart_after", "must be at least 1", steps)?;
    let legal = !config.hard && !config.sense.signed();
    let rule = "must not be set for a hard constraint or an equality";
    ConfigError::unless(legal, "restart_after", rule, steps)?;
    Ok(Some(steps))
}

fn on<T: Copy>(switch: &Option<Switch<T>>) -> Option<T> {
    switch.as_ref().and_then(Switch::on)
}

fn at_least_one(field: &'static str, steps: Option<u32>) -> Result<u64, ConfigError> {
    let steps = steps.unwrap_or(1);
    ConfigError::unless(steps >= 1, field, "must be at least 1", steps)?;
    Ok(steps.into())
}

/// The path of a normalizer's field as it stands in the table of the constraint.
fn normalizer_field(error: &ConfigError) -> &'static str {
    match error.field {
        "window" => "normalizer.window",
        "min_count" => "normalizer.min_count",
        "jitter" => "normalizer.jitter",
        "tau" => "normalizer.tau",
        "beta" => "normalizer.beta",
        other => other,
    }
}
