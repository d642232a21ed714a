//! A target that is a percentile of what a baseline measured.

use homeostat_core::ConfigError;
use homeostat_signal::OrderWindow;
use serde::{Deserialize, Serialize};

use super::config::Bound;

/// `c = Q + slack·|Q|` for an upper bound and `Q − slack·|Q|` for a lower one, where Q is a percentile of
/// the values that a reference policy measured on the same batches (dual optimizer note §3.2: P90).
///
/// The values are either recorded while training (`until` is then the target before there are enough), or
/// stored: `values`. The percentile interpolates between order statistics (Hyndman and Fan 1996, type 7).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Percentile {
    /// Which percentile, as a share in [0, 1]. Default 0.9, the note's P90.
    #[serde(default = "default_level")]
    pub level: f64,
    /// The fixed target while fewer than `minimum_samples` values are recorded. Needed where the
    /// baseline is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<f64>,
    /// How many of the newest values count. Default 5000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<usize>,
    /// After how many recorded values the percentile is computed anew. Default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_every: Option<u64>,
    /// How many values must be recorded before the percentile is used. Default 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_samples: Option<usize>,
    /// Whether the target may only tighten. Default: no. A hard constraint needs it.
    #[serde(default)]
    pub ratchet: bool,
    /// How much looser than the percentile the target is, as a share. Default 0.
    #[serde(default)]
    pub slack: f64,
    /// Stored values of the baseline, in the place of recorded ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<f64>>,
}

fn default_level() -> f64 {
    0.9
}

impl Percentile {
    /// The 90th percentile of a recorded baseline, and the target until there is one.
    pub fn recorded(until: f64) -> Self {
        Self {
            level: default_level(),
            until: Some(until),
            window: None,
            refresh_every: None,
            minimum_samples: None,
            ratchet: false,
            slack: 0.0,
            values: None,
        }
    }

    /// The 90th percentile of stored values.
    pub fn stored(values: Vec<f64>) -> Self {
        Self { until: None, values: Some(values), ..Self::recorded(0.0) }
    }

    pub(super) fn init(&self, bound: Bound, hard: bool) -> Result<PercentileCourse, ConfigError> {
        ConfigError::unless(
            (0.0..=1.0).contains(&self.level),
            "target.percentile.level",
            "must lie between 0 and 1",
            self.level,
        )?;
        ConfigError::not_negative("target.percentile.slack", self.slack)?;
        let side = match bound {
            Bound::Upper => 1.0,
            Bound::Lower => -1.0,
            Bound::Both | Bound::Exact => {
                let rule = "must be a percentile only for an upper or a lower bound";
                return Err(ConfigError::new(
                    "target",
                    rule,
                    if bound == Bound::Both { "range" } else { "eq" },
                ));
            }
        };
        let rule = Quantile { level: self.level, slack: self.slack, side };
        match &self.values {
            Some(values) => self.init_stored(rule, values),
            None => self.init_recorded(rule, hard),
        }
    }

    fn init_stored(&self, rule: Quantile, values: &[f64]) -> Result<PercentileCourse, ConfigError> {
        const FIELD: &str = "target.percentile.values";
        let given = [
            ("until", self.until.map(|until| until.to_string())),
            ("window", self.window.map(|window| window.to_string())),
            ("refresh_every", self.refresh_every.map(|every| every.to_string())),
            ("minimum_samples", self.minimum_samples.map(|samples| samples.to_string())),
            ("ratchet", self.ratchet.then(|| "true".to_owned())),
        ];
        for (name, found) in given {
            let rule = "leave no use for until, window, refresh_every, minimum_samples and ratchet";
            found.map_or(Ok(()), |found| {
                Err(ConfigError::new(FIELD, rule, format_args!("{name} = {found}")))
            })?;
        }
        let words = "must be a list of finite numbers that is not empty";
        ConfigError::unless(!values.is_empty(), FIELD, words, "[]")?;
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            let (count, value) = (values.len(), values[place]);
            let found = format_args!("{value} as number {} of {count}", place + 1);
            return Err(ConfigError::new(FIELD, words, found));
        }
        let mut window = OrderWindow::new(values.len());
        for value in values {
            window.push(*value);
        }
        let until = rule.of(&window).expect("there is at least one value");
        Ok(PercentileCourse { rule, until, recording: None })
    }

    fn init_recorded(&self, rule: Quantile, hard: bool) -> Result<PercentileCourse, ConfigError> {
        let until = self.until.ok_or_else(|| {
            let rule = "must be given: the target before the baseline is known";
            ConfigError::new("target.percentile.until", rule, "nothing")
        })?;
        ConfigError::finite("target.percentile.until", until)?;
        let window = self.window.unwrap_or(5000);
        let rule_window = "must be at least 2 and at most 16777216";
        let legal = (2..=OrderWindow::LARGEST).contains(&window);
        ConfigError::unless(legal, "target.percentile.window", rule_window, window)?;
        let minimum_samples = self.minimum_samples.unwrap_or(200.min(window));
        ConfigError::unless(
            (1..=window).contains(&minimum_samples),
            "target.percentile.minimum_samples",
            "must be at least 1 and at most the window",
            minimum_samples,
        )?;
        let refresh_every = self.refresh_every.unwrap_or(1);
        let positive = "must be at least 1";
        ConfigError::unless(
            refresh_every > 0,
            "target.percentile.refresh_every",
            positive,
            refresh_every,
        )?;
        ConfigError::unless(
            self.ratchet || !hard,
            "target.percentile.ratchet",
            "must be true, because the constraint is hard",
            self.ratchet,
        )?;
        let recording = Recording { window, minimum_samples, refresh_every, ratchet: self.ratchet };
        Ok(PercentileCourse { rule, until, recording: Some(recording) })
    }
}

/// A checked [`Percentile`].
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PercentileCourse {
    rule: Quantile,
    /// The target without a recorded baseline: until there is one, or the one of the stored values.
    until: f64,
    recording: Option<Recording>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Quantile {
    level: f64,
    slack: f64,
    /// 1 for an upper bound, −1 for a lower one: the direction that loosens.
    side: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Recording {
    window: usize,
    minimum_samples: usize,
    refresh_every: u64,
    ratchet: bool,
}

/// What has been recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BaselineState {
    values: OrderWindow,
    /// How many values came since the percentile was computed.
    since: u64,
    /// The percentile in use, once there is one.
    target: Option<f64>,
}

impl BaselineState {
    /// For how many values there is room.
    pub(super) fn capacity(&self) -> usize {
        self.values.capacity()
    }
}

impl PercentileCourse {
    pub(super) fn records(&self) -> bool {
        self.recording.is_some()
    }

    pub(super) fn init_state(&self) -> Option<BaselineState> {
        let values = OrderWindow::new(self.recording?.window);
        Some(BaselineState { values, since: 0, target: None })
    }

    pub(super) fn target(&self, state: Option<&BaselineState>) -> f64 {
        state.and_then(|state| state.target).unwrap_or(self.until)
    }

    pub(super) fn fits(&self, state: Option<&BaselineState>) -> bool {
        match (&self.recording, state) {
            (None, None) => true,
            (Some(recording), Some(state)) => state.values.capacity() == recording.window,
            _ => false,
        }
    }

    pub(super) fn observe(&self, state: &mut BaselineState, value: f64) {
        let Some(recording) = self.recording else { return };
        state.values.push(value);
        state.since = state.since.saturating_add(1);
        let due = state.target.is_none() || state.since >= recording.refresh_every;
        if state.values.len() < recording.minimum_samples || !due {
            return;
        }
        let Some(found) = self.rule.of(&state.values) else { return };
        let before = state.target.unwrap_or(self.until);
        state.target = Some(match (recording.ratchet, self.rule.side > 0.0) {
            (false, _) => found,
            (true, true) => found.min(before),
            (true, false) => found.max(before),
        });
        state.since = 0;
    }
}

impl Quantile {
    /// The target of a baseline; `None` while it is empty.
    fn of(&self, values: &OrderWindow) -> Option<f64> {
        let quantile = values.quantile(self.level)?;
        Some(quantile + self.side * self.slack * quantile.abs())
    }
}
