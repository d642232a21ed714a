//! The doctor's round: every alert and every rule, with what is news.

use super::alarm::{Alarm, Look, Patience};
use super::alerts::{ALERTS, Bedside};
use super::chart::Chart;
use super::finding::{Diagnosis, Finding, Rule, Subject};
use super::memory::{ConstraintMemory, DoctorState};
use super::profile::ConstraintProfile;
use super::{Doctor, rules};

/// What a rule looked at.
#[derive(Clone, Copy, Debug)]
enum Place {
    Run,
    Constraint(usize),
    Family(usize),
}

impl Doctor {
    /// Everything that is found now, the most urgent first, whether it is news or not.
    pub fn examine(&self, state: &DoctorState) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (profile, memory) in self.patients(state) {
            let Some(now) = memory.now.as_ref() else { continue };
            let bedside = Bedside { config: &self.config, profile, memory, now };
            for rule in ALERTS.into_iter().filter(|rule| !self.is_silent(*rule)) {
                if bedside.look(rule) == Look::Raised {
                    let since = memory.alarms[rule.index()].since().unwrap_or(state.step);
                    findings.push(of_constraint(rule, profile, since, bedside.diagnosis(rule)));
                }
            }
        }
        for (place, rule, diagnosis) in self.evaluate(state) {
            if let Some(diagnosis) = diagnosis {
                let since = since(state, rule, place);
                findings.push(self.finding(rule, place, since, diagnosis));
            }
        }
        findings.sort_by_key(|finding| finding.severity);
        findings
    }

    pub(super) fn look_at_alerts(&self, state: &mut DoctorState, news: &mut Vec<Finding>) {
        // An alert ends after as many calm steps as lie between two evaluations.
        let calm = u32::try_from(self.config.every).unwrap_or(u32::MAX);
        let patience = Patience { repeat: self.config.repeat, calm };
        for (profile, memory) in self.profile.constraints.iter().zip(&mut state.constraints) {
            for rule in ALERTS {
                let Some(now) = memory.now.as_ref() else { break };
                let bedside = Bedside { config: &self.config, profile, memory, now };
                if self.is_silent(rule) {
                    continue;
                }
                let mut alarm = memory.alarms[rule.index()];
                if let Some(since) = alarm.look(bedside.look(rule), state.step, patience) {
                    news.push(of_constraint(rule, profile, since, bedside.diagnosis(rule)));
                }
                memory.alarms[rule.index()] = alarm;
            }
        }
    }

    pub(super) fn look_at_rules(&self, state: &mut DoctorState, news: &mut Vec<Finding>) {
        let patience = Patience { repeat: self.config.repeat, calm: self.config.calm };
        for (place, rule, diagnosis) in self.evaluate(state) {
            let look = if diagnosis.is_some() { Look::Raised } else { Look::Calm };
            let step = state.step;
            let since = alarm(state, rule, place).look(look, step, patience);
            if let (Some(since), Some(diagnosis)) = (since, diagnosis) {
                news.push(self.finding(rule, place, since, diagnosis));
            }
        }
    }

    /// Every rule about everything it can be about.
    fn evaluate(&self, state: &DoctorState) -> Vec<(Place, Rule, Option<Diagnosis>)> {
        let charts: Vec<(usize, Chart<'_>)> = self
            .patients(state)
            .enumerate()
            .filter_map(|(index, (profile, memory))| {
                Some((index, Chart::new(&self.config, &self.profile, profile, memory)?))
            })
            .collect();
        let mut all = Vec::new();
        for (index, chart) in &charts {
            for (rule, judge) in rules::OF_A_CONSTRAINT {
                all.push((Place::Constraint(*index), rule, judge(chart)));
            }
        }
        let charts: Vec<Chart<'_>> = charts.into_iter().map(|(_, chart)| chart).collect();
        for index in 0..self.profile.families.len().min(state.families.len()) {
            let diagnosis = rules::budget_bound(index, &charts);
            all.push((Place::Family(index), Rule::BudgetBound, diagnosis));
        }
        let (config, run) = (&self.config, &state.run);
        let starved = rules::starved_task(config, run, state.step, &charts);
        all.push((Place::Run, Rule::StarvedTask, starved));
        let conflict = rules::conflict(config, &self.profile, run, &charts);
        all.push((Place::Run, Rule::Conflict, conflict));
        all.retain(|(_, rule, _)| !self.is_silent(*rule));
        all
    }

    fn finding(&self, rule: Rule, place: Place, since: u64, diagnosis: Diagnosis) -> Finding {
        let subject = match place {
            Place::Constraint(index) => {
                return of_constraint(rule, &self.profile.constraints[index], since, diagnosis);
            }
            Place::Family(index) => Subject::Family(self.profile.families[index].name.clone()),
            Place::Run => Subject::Run,
        };
        Finding::new(rule, subject, rule.severity(false), since, diagnosis)
    }

    fn patients<'a>(
        &'a self,
        state: &'a DoctorState,
    ) -> impl Iterator<Item = (&'a ConstraintProfile, &'a ConstraintMemory)> {
        self.profile.constraints.iter().zip(&state.constraints)
    }

    fn is_silent(&self, rule: Rule) -> bool {
        self.config.silent.contains(&rule)
    }
}

fn of_constraint(
    rule: Rule,
    profile: &ConstraintProfile,
    since: u64,
    diagnosis: Diagnosis,
) -> Finding {
    let subject = Subject::Constraint(profile.name.clone());
    Finding::new(rule, subject, rule.severity(profile.hard), since, diagnosis)
}

fn alarm(state: &mut DoctorState, rule: Rule, place: Place) -> &mut Alarm {
    match place {
        Place::Run => &mut state.run.alarms[rule.index()],
        Place::Constraint(index) => &mut state.constraints[index].alarms[rule.index()],
        Place::Family(index) => &mut state.families[index],
    }
}

fn since(state: &DoctorState, rule: Rule, place: Place) -> u64 {
    let alarm = match place {
        Place::Run => &state.run.alarms[rule.index()],
        Place::Constraint(index) => &state.constraints[index].alarms[rule.index()],
        Place::Family(index) => &state.families[index],
    };
    alarm.since().unwrap_or(state.step)
}
