//! Whether a finding is news: it rises once, is repeated seldom, and ends late.

use serde::{Deserialize, Serialize};

/// How often a finding may be told, and when it ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// Steps between two reports of the same finding.
    pub(crate) repeat: u64,
    /// Looks without the condition after which the finding has ended.
    pub(crate) calm: u32,
}

/// What a look at the condition showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// It holds.
    Raised,
    /// It does not hold, but is not far from it.
    Between,
    /// It is over.
    Calm,
}

/// The memory of one rule about one subject.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Alarm {
    /// The step at which the finding rose; none while there is none.
    since: Option<u64>,
    /// The step at which it was last reported, also where it has ended since.
    reported: Option<u64>,
    calm: u32,
}

impl Alarm {
    /// Takes a look in, and answers since when there is something to report.
    pub(crate) fn look(&mut self, look: Look, step: u64, patience: Patience) -> Option<u64> {
        match look {
            Look::Raised => {
                self.calm = 0;
                let since = *self.since.get_or_insert(step);
                let told = |reported: u64| step.saturating_sub(reported) < patience.repeat;
                if self.reported.is_some_and(told) {
                    return None;
                }
                self.reported = Some(step);
                Some(since)
            }
            Look::Between => {
                self.calm = 0;
                None
            }
            Look::Calm => {
                if self.since.is_some() {
                    self.calm += 1;
                    if self.calm >= patience.calm {
                        *self = Self { reported: self.reported, ..Self::default() };
                    }
                }
                None
            }
        }
    }

    /// Since when the finding has been open.
    pub(crate) fn since(&self) -> Option<u64> {
        self.since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { repeat: 10, calm: 2 };

    #[track_caller]
    fn check(looks: &[(u64, Look, Option<u64>)]) -> Alarm {
        let mut alarm = Alarm::default();
        for (step, look, expected) in looks {
            assert_eq!(alarm.look(*look, *step, PATIENCE), *expected, "step {step}");
        }
        alarm
    }

    #[test]
    fn a_finding_is_told_when_it_rises_and_again_after_the_interval() {
        use Look::Raised;
        check(&[
            (3, Raised, Some(3)),
            (4, Raised, None),
            (12, Raised, None),
            (13, Raised, Some(3)),
        ]);
    }

    #[test]
    fn it_ends_after_enough_calm_looks_and_not_in_between() {
        use Look::{Between, Calm, Raised};
        let alarm =
            check(&[(1, Raised, Some(1)), (2, Calm, None), (3, Between, None), (4, Calm, None)]);
        assert_eq!(alarm.since(), Some(1));
        let alarm = check(&[(1, Raised, Some(1)), (2, Calm, None), (3, Calm, None)]);
        assert_eq!(alarm.since(), None);
    }

    #[test]
    fn what_rises_again_within_the_interval_is_told_later_with_its_new_start() {
        use Look::{Calm, Raised};
        check(&[
            (1, Raised, Some(1)),
            (2, Calm, None),
            (3, Calm, None),
            (5, Raised, None),
            (10, Raised, None),
            (11, Raised, Some(5)),
        ]);
    }
}
