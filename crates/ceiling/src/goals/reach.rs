//! Whether all goals can be met at once, asked before training.

use super::{Goals, GoalsMisfit, GoalsState};
use crate::constraint::Constraint;
use crate::score::Score;

/// What the goals would say of values that the user thinks attainable together; see [`Goals::reachable`].
#[derive(Clone, Debug, PartialEq)]
pub struct Reach<'a> {
    /// S_min at these values.
    pub minimum_score: f64,
    /// The group whose score that is.
    pub bottleneck: &'a str,
    /// The goals that keep a group below the threshold: those of every such group whose score is below 1,
    /// the one that costs its group most first.
    pub shortfalls: Vec<Shortfall<'a>>,
}

/// A goal that pulls its group down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shortfall<'a> {
    /// The goal.
    pub goal: &'a str,
    /// The value it was given.
    pub value: f64,
    /// What the value scores.
    pub score: f64,
    /// The group.
    pub group: &'a str,
    /// G, the score of the group.
    pub group_score: f64,
}

impl std::fmt::Display for Shortfall<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { goal, value, score, group, group_score } = self;
        write!(
            formatter,
            "{goal} = {value} scores {score:.3} and keeps {group} at {group_score:.3}"
        )
    }
}

impl Goals {
    /// Whether targets can be met together: S_min at the values given by name, with every goal that is not
    /// named met in full (score 1), under the constraints in force. Where it is below `threshold` (that of
    /// tightening is 0.5), no training gets above it without other bounds, and the shortfalls say which.
    ///
    /// Give the values that the model has when it is as good as it can be: the variances that a divergence at
    /// its target leaves, the error that you expect. It is a check of the goals, not a forecast.
    ///
    /// # Errors
    ///
    /// A name that is no goal or stands twice, a value or a threshold that is not finite, and a goal whose
    /// scale the calibration has yet to find.
    pub fn reachable(
        &self,
        state: &GoalsState,
        values: &[(&str, f64)],
        threshold: f64,
    ) -> Result<Reach<'_>, GoalsMisfit> {
        let rule = "must be finite";
        GoalsMisfit::unless(threshold.is_finite(), "threshold", rule, &threshold)?;
        let mut given: Vec<Option<f64>> = vec![None; self.len()];
        let met = Score::from_log(0.0, 0.0);
        let mut evaluation = self.evaluation();
        evaluation.scores.fill(met);
        for (name, value) in values {
            let place = self.index(name).filter(|goal| given[*goal].is_none());
            let Some(goal) = place else {
                let rule = "must be that of a goal, once";
                return Err(GoalsMisfit { what: "name", rule, found: format!("{name:?}") });
            };
            GoalsMisfit::unless(value.is_finite(), "value", "must be finite", &(name, value))?;
            let constraint = match state.constraints[goal] {
                Constraint::MinimizeSoft { .. } => {
                    let scale = self.scale(state, goal);
                    let rule = "must have a scale, or be left out until the calibration found it";
                    GoalsMisfit::unless(scale.is_some(), "goal", rule, name)?;
                    Constraint::MinimizeSoft { scale }
                }
                other => other,
            };
            given[goal] = Some(*value);
            evaluation.scores[goal] =
                Score::of(&constraint, self.rules, self.barrier_margin, *value);
        }
        // A dead group stops the combination, which then has filled all the same what is needed here.
        let _ = self.groups.combine(self.rules, &mut evaluation);
        let mut reach = Reach { minimum_score: f64::INFINITY, bottleneck: "", shortfalls: vec![] };
        for (group, name) in self.groups.names().enumerate() {
            let group_score = evaluation.group(group);
            if group_score < reach.minimum_score {
                (reach.minimum_score, reach.bottleneck) = (group_score, name);
            }
            if group_score >= threshold {
                continue;
            }
            let mut members: Vec<(usize, f64)> = self
                .members(group)
                .map(|(goal, power)| (goal, power * evaluation.scores[goal].log))
                .filter(|(_, cost)| *cost < 0.0)
                .collect();
            members.sort_by(|one, next| one.1.total_cmp(&next.1));
            reach.shortfalls.extend(members.into_iter().filter_map(|(goal, _)| {
                let (value, score) = (given[goal]?, evaluation.scores[goal].value);
                Some(Shortfall { goal: &self.names[goal], value, score, group: name, group_score })
            }));
        }
        Ok(reach)
    }
}
