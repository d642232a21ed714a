//! Groups of goals: geometric means, and the worst of them.

use std::collections::BTreeMap;

use super::error::GoalsConfigError;
use super::evaluation::{Evaluation, Unavailable};
use crate::rules::Rules;

/// A member of a group: a goal, or a subgroup of goals.
#[derive(Clone, Debug)]
enum Member {
    Goal(usize),
    Subgroup(usize),
}

#[derive(Clone, Debug)]
struct Group {
    name: String,
    members: Vec<Member>,
}

/// Groups, with names resolved to places.
#[derive(Clone, Debug)]
pub(super) struct Groups {
    groups: Vec<Group>,
    subgroups: Vec<Vec<usize>>,
}

impl Groups {
    pub(super) fn new(
        goals: &[String],
        groups: &BTreeMap<String, Vec<String>>,
        subgroups: &BTreeMap<String, Vec<String>>,
    ) -> Result<Self, GoalsConfigError> {
        let error = |group: &str, rule, found: &str| {
            Err(GoalsConfigError::Group { group: group.to_owned(), rule, found: found.to_owned() })
        };
        let place = |name: &String| goals.binary_search(name).ok();
        let mut built = Self { groups: Vec::new(), subgroups: Vec::new() };
        if groups.is_empty() {
            return error("*", "must be given: the loss is that of the worst group", "none");
        }
        for (name, members) in subgroups {
            let found: Option<Vec<usize>> = members.iter().map(place).collect();
            match found {
                Some(found) if !found.is_empty() => built.subgroups.push(found),
                _ => return error(name, "must name goals", &format!("{members:?}")),
            }
            if place(name).is_some() {
                return error(name, "must not have the name of a goal", name);
            }
        }
        let mut used = vec![false; subgroups.len()];
        for (name, members) in groups {
            if members.is_empty() {
                return error(name, "must have members", "none");
            }
            let mut found = Vec::with_capacity(members.len());
            for member in members {
                let subgroup = subgroups.keys().position(|known| known == member);
                found.push(match (place(member), subgroup) {
                    (Some(goal), _) => Member::Goal(goal),
                    (None, Some(index)) => {
                        used[index] = true;
                        Member::Subgroup(index)
                    }
                    (None, None) => return error(name, "must name goals or subgroups", member),
                });
            }
            built.groups.push(Group { name: name.clone(), members: found });
        }
        if let Some(index) = used.iter().position(|used| !used) {
            let name = subgroups.keys().nth(index).map_or("", String::as_str);
            return error(name, "must be the member of a group", "a subgroup of none");
        }
        Ok(built)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|group| group.name.as_str())
    }

    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }

    pub(super) fn subgroups(&self) -> usize {
        self.subgroups.len()
    }

    /// The goals of a group, each with the power with which its score enters.
    pub(super) fn members(&self, group: usize) -> impl Iterator<Item = (usize, f64)> {
        let members = &self.groups[group].members;
        let share = (members.len() as f64).recip();
        members.iter().flat_map(move |member| {
            let goals = match member {
                Member::Goal(goal) => std::slice::from_ref(goal),
                Member::Subgroup(index) => self.subgroups[*index].as_slice(),
            };
            goals.iter().map(move |goal| (*goal, share / goals.len() as f64))
        })
    }

    /// Fills groups, bottleneck, loss and slopes from the scores.
    pub(super) fn combine(
        &self,
        rules: Rules,
        evaluation: &mut Evaluation,
    ) -> Result<(), Unavailable> {
        let Evaluation { scores, subgroups, groups, bottleneck, loss, slopes } = evaluation;
        for (members, log) in self.subgroups.iter().zip(subgroups.iter_mut()) {
            *log = mean(rules, members.iter().map(|goal| scores[*goal].log));
        }
        for (group, log) in self.groups.iter().zip(groups.iter_mut()) {
            *log = mean(
                rules,
                group.members.iter().map(|member| match member {
                    Member::Goal(goal) => scores[*goal].log,
                    Member::Subgroup(index) => subgroups[*index],
                }),
            );
        }
        let mut worst: Option<(usize, f64)> = None;
        for (index, log) in groups.iter().enumerate() {
            if !log.is_finite() {
                return Err(Unavailable::Dead { group: index });
            }
            if worst.is_none_or(|(_, least)| *log < least) {
                worst = Some((index, *log));
            }
        }
        let Some((index, log)) = worst else { return Err(Unavailable::Dead { group: 0 }) };
        for (goal, exponent) in self.members(index) {
            slopes[goal] -= exponent * scores[goal].log_slope;
        }
        *bottleneck = Some(index);
        *loss = Some(-log);
        Ok(())
    }
}

/// The logarithm of the geometric mean of scores given by their logarithms.
fn mean(rules: Rules, logs: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = logs.clone().count() as f64;
    match rules {
        Rules::Mended | Rules::Late => logs.sum::<f64>() / count,
        // Multiplied in single precision, then the root: ten scores of 1e-5 are 0.
        Rules::Note => {
            let product: f32 = logs.map(|log| log.exp() as f32).product();
            f64::from(product).powf(count.recip()).ln()
        }
    }
}

/// (Π s)^(1/n): how the rules combine scores. In logarithms, but for the note's revision, which multiplies
/// in single precision. 0 where a score is 0; NaN without scores.
pub fn geometric_mean(rules: Rules, scores: &[f64]) -> f64 {
    mean(rules, scores.iter().map(|score| score.ln())).exp()
}
